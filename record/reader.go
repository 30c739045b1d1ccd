// SPDX-License-Identifier: Apache-2.0

package record

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch/internal/durable"
)

// A Reader is a log as it stood when it was opened. It may be used from several
// goroutines at once.
type Reader struct {
	contents *contents
	signed   Checkpoint
}

// ReadCheckpoint returns the last signed checkpoint of the log in dir and reads
// nothing else, so that asking whether the log grew costs little. The errors are
// those of OpenReader.
func ReadCheckpoint(dir string, verifier note.Verifier) (Checkpoint, error) {
	return ReadCheckpointOn(durable.OS{}, dir, verifier)
}

// ReadCheckpointOn is ReadCheckpoint on a disk.
func ReadCheckpointOn(disk durable.Disk, dir string, verifier note.Verifier) (Checkpoint, error) {
	return readCheckpoint(disk, dir, checkpointName, verifier)
}

// ReadKept returns the checkpoint of a size that the log in dir signed, with what
// cosignatures were merged since. The errors are those of OpenReader.
func ReadKept(dir string, size uint64, verifier note.Verifier) (Checkpoint, error) {
	return ReadKeptOn(durable.OS{}, dir, size, verifier)
}

// ReadKeptOn is ReadKept on a disk.
func ReadKeptOn(disk durable.Disk, dir string, size uint64, verifier note.Verifier) (Checkpoint, error) {
	return readCheckpoint(disk, dir, keptName(size), verifier)
}

// OpenReader opens the log in dir for reading. It takes no lock and writes
// nothing, so it works on read-only media and beside a writer. It sees all
// entries up to the last whole one in the write-ahead log; the newest of them
// may not be acknowledged yet.
//
// The errors are ErrNotFound, ErrCorrupt, and those of the disk.
func OpenReader(dir string, verifier note.Verifier) (*Reader, error) {
	return OpenReaderOn(durable.OS{}, dir, verifier)
}

// OpenReaderOn is OpenReader on a disk.
func OpenReaderOn(disk durable.Disk, dir string, verifier note.Verifier) (*Reader, error) {
	return openReader(disk, dir, verifier)
}

func openReader(disk durable.Disk, dir string, verifier note.Verifier) (*Reader, error) {
	// Whoever opens a replica removes the segments that no checkpoint proves, maybe
	// the one we are about to open. That happens once, so one more try is enough; a
	// third covers a very slow reader.
	const tries = 3
	for try := 1; ; try++ {
		// The checkpoint first: the entries that we find then reach it.
		signed, err := readCheckpoint(disk, dir, checkpointName, verifier)
		if err != nil {
			return nil, err
		}
		c, err := openContents(disk, dir, signed, disk.Open)
		if errors.Is(err, fs.ErrNotExist) && try < tries {
			continue
		}
		if err != nil {
			return nil, err
		}
		return &Reader{contents: c, signed: signed}, nil
	}
}

// Size is how many entries the reader sees, signed or not.
func (r *Reader) Size() uint64 { return r.contents.tree.size }

// Root is the tree hash of all entries that the reader sees.
func (r *Reader) Root() (size uint64, root [32]byte) {
	return r.contents.tree.size, r.contents.tree.root()
}

// Checkpoint is the last one that was signed. Entries from its size on are not
// signed for yet.
func (r *Reader) Checkpoint() Checkpoint { return r.signed.clone() }

// Origin is the log's name.
func (r *Reader) Origin() string { return r.signed.Origin }

// Entries reads the entries with from <= index < till.
func (r *Reader) Entries(from, till uint64) *Cursor {
	return newCursor(from, till, r.Size(), r.contents.bundle)
}

// Close releases the reader's file.
func (r *Reader) Close() error {
	if err := r.contents.wal.Close(); err != nil {
		return fmt.Errorf("record: close: %w", err)
	}
	return nil
}

// A Cursor walks over entries. It holds nothing that must be closed. It is for
// one goroutine.
//
//	for c := log.Entries(0, log.Size()); ; {
//		index, entry, err := c.Next()
//		if err == io.EOF {
//			break
//		}
//		if err != nil {
//			return err
//		}
//		...
//	}
type Cursor struct {
	next, till uint64
	load       func(n uint64) ([][]byte, error)
	bundle     [][]byte // entries of the bundle in which next lies, or nil
	err        error    // what Next returns from now on
}

func newCursor(from, till, size uint64, load func(uint64) ([][]byte, error)) *Cursor {
	c := &Cursor{next: from, till: till, load: load}
	switch {
	case from > till:
		c.err = fmt.Errorf("record: %w: entries from %d till %d", ErrInvalid, from, till)
	case till > size:
		c.err = fmt.Errorf("record: entry %d: %w: the log has %d entries", max(from, size), ErrNotFound, size)
	}
	return c
}

// Next returns the next entry and its index, or io.EOF after the last one.
// Every entry is held against the tree before it is returned; one that is not
// what the root commits to is ErrCorrupt. After an error Next returns that
// error again. The caller may keep and change the bytes.
func (c *Cursor) Next() (index uint64, entry []byte, err error) {
	if c.err == nil && c.next == c.till {
		c.err = io.EOF
	}
	if c.err == nil && c.bundle == nil {
		if c.bundle, err = c.load(c.next / tileWidth); err != nil {
			c.err = fmt.Errorf("record: read entry %d: %w", c.next, err)
		}
	}
	if c.err != nil {
		return 0, nil, c.err
	}
	index, entry = c.next, c.bundle[c.next%tileWidth]
	if c.next++; c.next%tileWidth == 0 {
		c.bundle = nil
	}
	return index, entry, nil
}
