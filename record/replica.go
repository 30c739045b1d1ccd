// SPDX-License-Identifier: Apache-2.0

package record

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/trucewatch/trucewatch/internal/durable"
)

// extendingName is the file that is there while entries are in the directory
// that no published checkpoint proves. It holds the note that they lead to.
const extendingName = "extending"

// A Replica is a copy of a log that others write and sign. It takes entries only
// together with the checkpoint that proves them. Its directory is that of a log:
// Readers and Verify read it, and Open with the log's key goes on writing where
// the replica ends, which is how a lost log is restored.
//
// Its methods may be called at once.
type Replica struct {
	log      *Log
	verifier note.Verifier
}

// CreateReplica makes a replica without entries in dir, which must be absent or
// empty. signed is any checkpoint of the log; it settles the log's origin. A
// replica has no checkpoint of its own until Extend reached one, and readers
// find no log there; only a checkpoint of no entries is published at once.
//
// The errors are ErrInvalid (the note), ErrExists, ErrLocked, and those of the disk.
func CreateReplica(dir string, signed []byte, verifier note.Verifier) (*Replica, error) {
	return createReplica(production(), dir, signed, verifier)
}

// CreateReplicaOn is CreateReplica on a disk.
func CreateReplicaOn(disk durable.Disk, dir string, signed []byte, verifier note.Verifier) (*Replica, error) {
	return createReplica(production().with(Options{Disk: disk}), dir, signed, verifier)
}

func createReplica(s settings, dir string, signed []byte, verifier note.Verifier) (*Replica, error) {
	c, err := foreignCheckpoint(signed, verifier)
	if err != nil {
		return nil, fmt.Errorf("record: create replica %s: %w", dir, err)
	}
	if err := durable.MkdirAll(s.disk, dir); err != nil {
		return nil, fmt.Errorf("record: create replica: %w", err)
	}
	l, err := lockLog(s, dir, namesOf(verifier))
	if err != nil {
		return nil, err
	}
	l.origin, l.signed = c.Origin, unproven(c.Origin)
	err = l.beginContents()
	// If we die here, the directory holds an empty segment and no replica.
	if err == nil && c.Size > 0 {
		err = durable.WriteFile(l.disk, filepath.Join(dir, extendingName), c.Note)
	}
	if err == nil && c.Size == 0 {
		err = l.show(c)
	}
	if err != nil {
		l.abandon()
		return nil, fmt.Errorf("record: create replica %s: %w", dir, err)
	}
	return &Replica{l, verifier}, nil
}

// foreignCheckpoint reads a note that somebody handed in, and puts its
// signatures in order.
func foreignCheckpoint(signed []byte, verifier note.Verifier) (Checkpoint, error) {
	c, err := ParseCheckpoint(signed, verifier)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: %v", ErrInvalid, err) // It is not our log that is corrupt.
	}
	if c.Size == 0 && c.Root != new(tree).root() {
		return Checkpoint{}, fmt.Errorf("%w: checkpoint: no entries, but a root", ErrInvalid)
	}
	_, lines, err := splitNote(signed)
	if err == nil {
		c.Note, err = joinNote(c.text(), namesOf(verifier)(c.Size), lines)
	}
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: checkpoint: %w", ErrInvalid, err)
	}
	return c, nil
}

// unproven is where a replica stands that has no checkpoint yet.
func unproven(origin string) Checkpoint {
	return Checkpoint{Origin: origin, Root: new(tree).root()}
}

// OpenReplica opens a replica to extend it. Entries beyond its checkpoint, which
// an Extend left that did not end well, are cut off.
//
// The errors are ErrNotFound, ErrInvalid (the directory is a log that somebody
// wrote to: it has entries that were acknowledged and not signed), ErrLocked,
// ErrCorrupt, and those of the disk.
func OpenReplica(dir string, verifier note.Verifier) (*Replica, error) {
	return openReplica(production(), dir, verifier)
}

// OpenReplicaOn is OpenReplica on a disk.
func OpenReplicaOn(disk durable.Disk, dir string, verifier note.Verifier) (*Replica, error) {
	return openReplica(production().with(Options{Disk: disk}), dir, verifier)
}

func openReplica(s settings, dir string, verifier note.Verifier) (*Replica, error) {
	l, err := lockLog(s, dir, namesOf(verifier))
	if err != nil {
		return nil, err
	}
	if err := l.recoverReplica(verifier); err != nil {
		l.abandon()
		return nil, err
	}
	return &Replica{l, verifier}, nil
}

// recoverReplica is recover for a replica. Each step may be repeated.
func (l *Log) recoverReplica(verifier note.Verifier) error {
	signed, err := readCheckpoint(l.disk, l.dir, checkpointName, verifier)
	if errors.Is(err, ErrNotFound) {
		signed, err = unproven(verifier.Name()), l.readExtending(verifier)
	}
	if err != nil {
		return err
	}
	l.origin, l.signed = signed.Origin, signed
	if err := l.openSigned(verifier); err != nil {
		return err
	}
	if size := l.contents.tree.size; size > signed.Size {
		return fmt.Errorf("record: open replica %s: %w: %d entries are not signed for and were not being copied: this is a log that is written to",
			l.dir, ErrInvalid, size-signed.Size)
	}
	return l.settle()
}

// cutSurplus removes the entries beyond l.signed if they came by an Extend that
// did not end well. Dying in it does no harm: as long as the file "extending" is
// there, it is repeated.
func (l *Log) cutSurplus(verifier note.Verifier) error {
	err := l.readExtending(verifier)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := l.cutSegments(); err != nil {
		return err
	}
	if l.signed.Note == nil {
		return nil // The file says that this is a replica.
	}
	return l.endExtending()
}

// readExtending is ErrNotFound if the file "extending" is not there. As long as
// nothing is proven, its note proves nothing either: the key that signed it may have
// come to nothing with the entries, so that who opens the replica does not know it.
func (l *Log) readExtending(verifier note.Verifier) error {
	_, err := readCheckpoint(l.disk, l.dir, extendingName, verifier)
	if errors.Is(err, ErrCorrupt) && l.signed.Note == nil {
		return nil
	}
	return err
}

// cutSegments leaves the segment that has the last signed entry as the newest
// one, and no entry after that in it.
func (l *Log) cutSegments() error {
	bases, err := segments(l.disk, l.dir)
	if err != nil {
		return err
	}
	// From the end, so that a reader finds no gap.
	for len(bases) > 0 && bases[len(bases)-1] > l.signed.Size {
		if err := l.disk.Remove(filepath.Join(l.dir, segmentName(bases[len(bases)-1]))); err != nil {
			return err
		}
		bases = bases[:len(bases)-1]
	}
	if err := l.disk.SyncDir(l.dir); err != nil {
		return err
	}
	if len(bases) == 0 {
		return nil // openContents says so.
	}
	base := bases[len(bases)-1]
	if err := l.cutHashes(base); err != nil {
		return err
	}
	wal, err := l.disk.OpenWrite(filepath.Join(l.dir, segmentName(base)))
	if err != nil {
		return err
	}
	defer wal.Close() // It was synced.
	return cutFrames(wal, l.signed.Size-base)
}

// cutHashes removes the hashes of the newest segment, and of those that were
// removed. If it is full all the same, the next append writes them again.
func (l *Log) cutHashes(newest uint64) error {
	bases, err := hashedSegments(l.disk, l.dir)
	if err != nil {
		return err
	}
	for _, base := range bases {
		if base < newest {
			continue
		}
		if err := l.disk.Remove(filepath.Join(l.dir, hashesName(base))); err != nil {
			return err
		}
	}
	// Also if nothing was removed: the last try may have died before this.
	err = l.disk.SyncDir(filepath.Join(l.dir, hashesDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// errCut ends a scan.
var errCut = errors.New("cut")

// cutFrames leaves the first n entries of a segment.
func cutFrames(wal durable.File, n uint64) error {
	size, err := wal.Size()
	if err != nil {
		return err
	}
	end, err := scanFrames(wal, size, func([]byte) error {
		if n == 0 {
			return errCut
		}
		n--
		return nil
	})
	if err != nil && !errors.Is(err, errCut) {
		return err
	}
	if n > 0 {
		return nil // Signed entries are missing: openContents says so, and nothing is changed.
	}
	if err := wal.Truncate(end); err != nil {
		return err
	}
	return wal.Sync()
}

// endExtending says that every entry is proven.
func (l *Log) endExtending() error {
	err := l.disk.Remove(filepath.Join(l.dir, extendingName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return l.disk.SyncDir(l.dir)
}

// Extend appends the entries up to the size that signed signs for, and publishes
// signed if they give its root. next returns the entry at Checkpoint().Size, then
// the one after it, and so on; it is called from one goroutine, and its bytes are
// only used until the next call. If nothing is missing, next is not called, and
// the note's further signatures are merged.
//
// The errors are ErrInvalid (the note: of another key or origin, smaller than the
// replica's, or with another root for its size, which is evidence of two
// histories), ErrCorrupt (the entries do not give the root), what next returns,
// and those of the disk. After any but the first, the entries that came are not
// shown, the replica is in doubt (ErrInDoubt), and OpenReplica cuts them off.
func (r *Replica) Extend(signed []byte, next func() (entry []byte, err error)) error {
	l := r.log
	l.commitMu.Lock()
	defer l.commitMu.Unlock()
	if err := l.usable("extend from"); err != nil {
		return err
	}
	c, err := foreignCheckpoint(signed, r.verifier)
	if err != nil {
		return fmt.Errorf("record: extend: %w", err)
	}
	last := l.signed
	switch {
	case c.Origin != l.origin:
		return fmt.Errorf("record: extend: %w: checkpoint of another log, %q", ErrInvalid, c.Origin)
	case c.Size < last.Size:
		return fmt.Errorf("record: extend: %w: checkpoint of %d entries, but %d are proven here", ErrInvalid, c.Size, last.Size)
	case c.Size == last.Size && c.Root != last.Root:
		return fmt.Errorf("record: extend: %w: two checkpoints of %d entries with different roots: keep both as evidence", ErrInvalid, c.Size)
	case c.Size == last.Size && last.Note != nil:
		_, err := l.merge(c.Note)
		return err
	}
	if err := l.extend(c, next); err != nil {
		return l.stop(fmt.Errorf("extend to %d entries: %w", c.Size, err))
	}
	return nil
}

func (l *Log) extend(c Checkpoint, next func() ([]byte, error)) error {
	if err := durable.WriteFile(l.disk, filepath.Join(l.dir, extendingName), c.Note); err != nil {
		return err
	}
	// If we die from here on, what came is cut off when opening.
	if err := l.copyEntries(c.Size, entriesFrom(next)); err != nil {
		return err
	}
	if root := l.contents.tree.root(); root != c.Root {
		return fmt.Errorf("%w: the entries give root %v, but %v was signed: the source lies or is damaged",
			ErrCorrupt, root, tlog.Hash(c.Root))
	}
	if err := l.show(c); err != nil {
		return err
	}
	// If we die here, the checkpoint counts, and there is nothing to cut off.
	return l.endExtending()
}

// copyEntries appends entries from next up to size, as Append does, and begins
// segments as it does.
func (l *Log) copyEntries(size uint64, next func() ([]byte, error)) error {
	for l.contents.tree.size < size {
		if err := l.rotate(); err != nil {
			return err
		}
		c := l.contents
		till := min(size, c.base()+l.segment)
		var group [][]byte
		var frames []byte
		for c.tree.size+uint64(len(group)) < till && len(frames) < groupSizeMax-EntrySizeMax-frameHeaderSize {
			entry, err := next()
			if err != nil {
				return fmt.Errorf("entry %d: %w", c.tree.size+uint64(len(group)), err)
			}
			group = append(group, append([]byte(nil), entry...))
			frames = appendFrame(frames, entry)
		}
		if err := l.writeFrames(group, frames); err != nil {
			return err
		}
	}
	return nil
}

// entriesFrom is next with its entries checked.
func entriesFrom(next func() ([]byte, error)) func() ([]byte, error) {
	return func() ([]byte, error) {
		entry, err := next()
		if errors.Is(err, io.EOF) {
			err = fmt.Errorf("%w: the source ends early", io.ErrUnexpectedEOF)
		}
		if err == nil && (len(entry) == 0 || len(entry) > EntrySizeMax) {
			err = fmt.Errorf("%w: %d bytes, must be 1 to %d", ErrInvalid, len(entry), EntrySizeMax)
		}
		return entry, err
	}
}

// Merge is as Log.Merge: it adds signatures to a checkpoint that the replica has.
func (r *Replica) Merge(signed []byte) (Checkpoint, error) { return r.log.Merge(signed) }

// Checkpoint is the last one that was reached. Its Note is nil as long as the
// replica never reached one.
func (r *Replica) Checkpoint() Checkpoint { return r.log.Checkpoint() }

// Origin is the log's name.
func (r *Replica) Origin() string { return r.log.Origin() }

// Close waits for an Extend that is under way and releases the replica. Closing
// twice is ErrClosed.
func (r *Replica) Close() error { return r.log.Close() }
