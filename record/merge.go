// SPDX-License-Identifier: Apache-2.0

package record

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"

	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch/internal/durable"
)

// Merge adds to a checkpoint that was signed, the last one or one kept, the
// further signatures of a note with the same text, and returns it after they
// are durable. Of each key the first signature that came stays. The log's own
// stands first, and the others follow by name, so that the same signatures give
// the same file. If there is nothing new, nothing is written.
//
// Merge does not judge signatures, as it has no keys but the log's: whoever may
// call it can fill the note up. The caller verifies cosignatures first.
//
// The error is ErrInvalid if the log did not sign that text, or if the note
// becomes too large. After an error of the disk the log is in doubt.
func (l *Log) Merge(signed []byte) (Checkpoint, error) {
	l.commitMu.Lock()
	defer l.commitMu.Unlock()
	if err := l.usable("merge into a checkpoint, next is"); err != nil {
		return Checkpoint{}, err
	}
	return l.merge(signed)
}

// merge is Merge. commitMu is held.
func (l *Log) merge(signed []byte) (Checkpoint, error) {
	text, lines, err := splitNote(signed)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("record: merge: %w: %w", ErrInvalid, err)
	}
	named, err := parseText(text)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("record: merge: %w: checkpoint%w", ErrInvalid, err)
	}
	have, err := l.keptNote(named.Size)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("record: merge into checkpoint %d: %w", named.Size, err)
	}
	if !bytes.HasPrefix(have, []byte(text+"\n")) {
		return Checkpoint{}, fmt.Errorf("record: merge into checkpoint %d: %w: this log signed another root or origin", named.Size, ErrInvalid)
	}
	_, old, err := splitNote(have)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("record: merge into checkpoint %d: %w: %w", named.Size, ErrCorrupt, err)
	}
	if named.Note, err = joinNote(text, l.key(named.Size), append(old, lines...)); err != nil {
		return Checkpoint{}, fmt.Errorf("record: merge into checkpoint %d: %w: %w", named.Size, ErrInvalid, err)
	}
	if bytes.Equal(named.Note, have) {
		return named, nil
	}
	if err := l.writeNote(named); err != nil {
		return Checkpoint{}, l.stop(fmt.Errorf("merge into checkpoint %d: %w", named.Size, err))
	}
	return named.clone(), nil
}

// keptNote is the note of a checkpoint that was signed.
func (l *Log) keptNote(size uint64) ([]byte, error) {
	if size == l.signed.Size && l.signed.Note != nil {
		return l.signed.Note, nil
	}
	data, err := l.disk.ReadFile(filepath.Join(l.dir, keptName(size)), checkpointSizeMax)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: this log signed no checkpoint of that size", ErrInvalid)
	case errors.Is(err, durable.ErrTooLong):
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return data, err
}

// keptName is where a checkpoint is kept under the log's directory.
func keptName(size uint64) string {
	return filepath.Join(checkpointsName, strconv.FormatUint(size, 10))
}

// writeNote writes a checkpoint's note where it stands already. Dying between
// the two files: Open brings their signatures together.
func (l *Log) writeNote(c Checkpoint) error {
	if c.Size == l.signed.Size {
		if err := durable.WriteFile(l.disk, filepath.Join(l.dir, checkpointName), c.Note); err != nil {
			return err
		}
		l.mu.Lock()
		l.signed = c
		l.mu.Unlock()
	}
	return durable.WriteFile(l.disk, filepath.Join(l.dir, keptName(c.Size)), c.Note)
}

// keep makes sure that the last signed checkpoint is kept under its size, and
// that both files have the signatures of each.
func (l *Log) keep() error {
	if l.signed.Note == nil {
		return nil // A replica that reached no checkpoint yet.
	}
	name := filepath.Join(l.dir, keptName(l.signed.Size))
	old, err := l.disk.ReadFile(name, checkpointSizeMax)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return durable.WriteFile(l.disk, name, l.signed.Note)
	case err != nil:
		return err
	case !bytes.HasPrefix(old, []byte(l.signed.text()+"\n")):
		return fmt.Errorf("%s: %w: keeps another checkpoint than was signed last", keptName(l.signed.Size), ErrCorrupt)
	}
	_, lines, err := splitNote(l.signed.Note)
	if err != nil {
		return err
	}
	_, more, err := splitNote(old)
	if err != nil {
		return fmt.Errorf("%s: %w: %w", keptName(l.signed.Size), ErrCorrupt, err)
	}
	both := l.signed.clone()
	if both.Note, err = joinNote(both.text(), l.key(both.Size), append(lines, more...)); err != nil {
		return fmt.Errorf("%s: %w: %w", keptName(l.signed.Size), ErrCorrupt, err)
	}
	if !bytes.Equal(both.Note, l.signed.Note) || !bytes.Equal(both.Note, old) {
		return l.writeNote(both)
	}
	// The name may be there without being durable.
	return l.disk.SyncDir(filepath.Dir(name))
}

// MergeInto is Log.Merge for the log, or replica, in dir while no writer has it
// open. It does not look at the entries, so that it costs a few small files. The
// errors are those of Merge, ErrNotFound, ErrLocked and ErrCorrupt.
func MergeInto(dir string, verifier note.Verifier, signed []byte) (Checkpoint, error) {
	return MergeIntoOn(durable.OS{}, dir, verifier, signed)
}

// MergeIntoOn is MergeInto on a disk.
func MergeIntoOn(disk durable.Disk, dir string, verifier note.Verifier, signed []byte) (Checkpoint, error) {
	l, err := lockLog(production().with(Options{Disk: disk}), dir, namesOf(verifier))
	if err != nil {
		return Checkpoint{}, err
	}
	c, err := l.mergeInto(verifier, signed)
	if errClose := l.lock.Close(); err == nil {
		err = errClose
	}
	return c, err
}

func (l *Log) mergeInto(verifier note.Verifier, signed []byte) (Checkpoint, error) {
	last, err := readCheckpoint(l.disk, l.dir, checkpointName, verifier)
	if err != nil {
		return Checkpoint{}, err
	}
	l.signed = last
	// A Merge that died may have left signatures in one of the two files only.
	if err := l.keep(); err != nil {
		return Checkpoint{}, fmt.Errorf("record: merge: %w", err)
	}
	return l.merge(signed)
}
