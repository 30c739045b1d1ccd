// SPDX-License-Identifier: Apache-2.0

package record

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch/internal/durable"
)

// A State is what a checkpoint signs for. The zero State stands for none: even
// the empty log has a root.
type State struct {
	Size uint64   // entries
	Root [32]byte // RFC 6962 tree hash over them
}

// A Guard remembers on a second medium, which is not restored together with the
// log, what the log signed last. It is asked before every signature, so that a
// log that was put back to an older state, or that runs twice, cannot sign a
// second history. One Guard may serve several logs; its calls may run at once.
type Guard interface {
	// Last returns the state that was swapped in last for the log of that
	// origin, and false if there never was one. A medium that cannot be read is
	// an error, and not false.
	Last(origin string) (State, bool, error)
	// Swap puts new in place of old, durably, before it returns. If the last
	// state is not old (the zero State: none), it changes nothing, and its error
	// is ErrRolledBack. After any other error nobody knows which of the two is
	// there.
	Swap(origin string, old, new State) error
}

// Options are what a log may be opened with beyond its keys.
type Options struct {
	// Disk is where the log lies; nil is the operating system's.
	Disk durable.Disk
	// Guard is asked before every signature; nil for none.
	Guard Guard
	// Adopt lets OpenWith take a log of which the Guard knows nothing: one that
	// was made without it. It is for once. Without it such a log does not open,
	// because an empty directory is how a disk looks that is not mounted.
	Adopt bool
}

// swap tells the guard what is signed next. commitMu is held, or nobody else has
// the log yet.
func (l *Log) swap(next State) error {
	if l.guard == nil || l.guarded == next {
		return nil
	}
	if err := l.guard.Swap(l.origin, l.guarded, next); err != nil {
		return fmt.Errorf("tell the guard: %w", err)
	}
	// If we die here, the guard is ahead of the checkpoint. Open finds the
	// entries, which were durable before, and signs them.
	l.guarded = next
	return nil
}

// guardCreate asks the guard whether a log of this origin was ever signed.
func (l *Log) guardCreate() error {
	if l.guard == nil {
		return nil
	}
	last, known, err := l.guard.Last(l.origin)
	if err != nil {
		return fmt.Errorf("ask the guard: %w", err)
	}
	if known && last != (State{0, new(tree).root()}) {
		return fmt.Errorf("%w: the guard knows a log %q with %d entries: restore it from a mirror, or take another origin",
			ErrRolledBack, l.origin, last.Size)
	}
	if known { // By a Create that died before its checkpoint.
		l.guarded = last
	}
	return nil
}

// guardOpen holds the log against what the guard knows. It writes nothing.
func (l *Log) guardOpen(adopt bool) error {
	if l.guard == nil {
		return nil
	}
	last, known, err := l.guard.Last(l.origin)
	size := l.contents.tree.size
	switch {
	case err != nil:
		return fmt.Errorf("ask the guard: %w", err)
	case !known && adopt:
		return nil
	case !known:
		return fmt.Errorf("%w: the guard knows nothing of %q: see that its medium is there; if the log never had this guard, adopt it",
			ErrRolledBack, l.origin)
	case last.Size > size:
		return fmt.Errorf("%w: %d entries were signed by the guard's account, but only %d are here: "+
			"an older state was put back, or another machine signs; stop the other one, and extend this log from a mirror before it signs",
			ErrRolledBack, last.Size, size)
	}
	root, err := l.contents.rootAt(last.Size)
	if err != nil {
		return err
	}
	if root != last.Root {
		return fmt.Errorf("%w: by the guard's account other entries were signed as the first %d: keep both as evidence, and restore from a mirror",
			ErrRolledBack, last.Size)
	}
	l.guarded = last
	return nil
}

// guardAgree brings guard and checkpoint together after opening. If the guard is
// ahead, we died between it and the checkpoint, and the entries, which guardOpen
// found, are signed now. If it is behind, the log was open without it.
func (l *Log) guardAgree() error {
	if l.guard == nil {
		return nil
	}
	if l.guarded.Size > l.signed.Size {
		return l.publish()
	}
	return l.swap(State{l.signed.Size, l.signed.Root})
}

// FileGuard keeps states in a directory, which must be there: on another disk
// than the log, or on one that no backup restores.
//
// Whoever can change its files can stop the log from opening, or let a log that
// was put back sign again; he cannot make it sign a false entry.
func FileGuard(dir string) Guard { return FileGuardOn(durable.OS{}, dir) }

// FileGuardOn is FileGuard on a disk.
func FileGuardOn(disk durable.Disk, dir string) Guard { return fileGuard{disk, dir} }

// fileGuard is a directory with one directory per log, as that can be locked
// alone, and in it a file that looks like a checkpoint without signature.
type fileGuard struct {
	disk durable.Disk
	dir  string
}

const guardName = "state"

// place is the log's directory. An origin may hold what no file name can.
func (g fileGuard) place(origin string) string {
	sum := sha256.Sum256([]byte(origin))
	return filepath.Join(g.dir, hex.EncodeToString(sum[:]))
}

// Last implements Guard.
func (g fileGuard) Last(origin string) (State, bool, error) {
	if _, err := g.disk.ReadDir(g.dir); err != nil {
		return State{}, false, fmt.Errorf("record: guard: %w", err)
	}
	name := filepath.Join(g.place(origin), guardName)
	data, err := g.disk.ReadFile(name, checkpointSizeMax)
	if errors.Is(err, fs.ErrNotExist) {
		return State{}, false, nil
	}
	if err != nil {
		return State{}, false, fmt.Errorf("record: guard: %w", err)
	}
	c, err := parseText(string(data))
	if err != nil {
		return State{}, false, fmt.Errorf("record: guard: %s: %w: state%w", name, ErrCorrupt, err)
	}
	if c.Origin != origin {
		return State{}, false, fmt.Errorf("record: guard: %s: %w: is of another log, %q", name, ErrCorrupt, c.Origin)
	}
	return State{c.Size, c.Root}, true, nil
}

// Swap implements Guard.
func (g fileGuard) Swap(origin string, old, new State) error {
	if _, err := g.disk.ReadDir(g.dir); err != nil {
		return fmt.Errorf("record: guard: %w", err) // Not made here: the disk may not be mounted.
	}
	place := g.place(origin)
	if err := durable.MkdirAll(g.disk, place); err != nil {
		return fmt.Errorf("record: guard: %w", err)
	}
	lock, err := g.disk.Lock(place)
	if errors.Is(err, durable.ErrLocked) {
		return fmt.Errorf("record: guard: %s: %w", place, ErrLocked)
	}
	if err != nil {
		return fmt.Errorf("record: guard: %w", err)
	}
	defer lock.Close() // Nothing is written through it.
	last, _, err := g.Last(origin)
	if err != nil {
		return err
	}
	if last != old {
		return fmt.Errorf("record: guard: %w: expected %d entries signed, but %d are: another writer signs this log", ErrRolledBack, old.Size, last.Size)
	}
	text := Checkpoint{Origin: origin, Size: new.Size, Root: new.Root}.text()
	if err := durable.WriteFile(g.disk, filepath.Join(place, guardName), []byte(text)); err != nil {
		return fmt.Errorf("record: guard: %w", err)
	}
	return nil
}

// HeldTo says what a writer would be told who opens the log in dir now: an error,
// ErrRolledBack among others, if the guard knows more entries than are here, or
// others, or nothing. It writes nothing and takes no lock, and does not read the
// entries unless the guard is ahead of the last checkpoint.
func HeldTo(disk durable.Disk, dir string, verifier note.Verifier, guard Guard) error {
	signed, err := readCheckpoint(disk, dir, checkpointName, verifier)
	if err != nil {
		return err
	}
	last, known, err := guard.Last(signed.Origin)
	switch {
	case err != nil:
		return fmt.Errorf("record: ask the guard: %w", err)
	case known && last == (State{signed.Size, signed.Root}):
		return nil
	}
	r, err := openReader(disk, dir, verifier)
	if err != nil {
		return err
	}
	l := &Log{dir: dir, origin: signed.Origin, guard: guard, contents: r.contents}
	if err := l.guardOpen(false); err != nil {
		return errors.Join(fmt.Errorf("record: %s: %w", dir, err), r.Close())
	}
	return r.Close()
}
