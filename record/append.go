// SPDX-License-Identifier: Apache-2.0

package record

import (
	"fmt"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"
)

// Append adds entries, one after the other, and returns the index of the first
// after all of them are on the disk. Callers at once share a sync: whatever
// queued during the last one goes into the next group.
//
// If the process dies before Append returns, a part of the entries, from the
// first on, may be in the log after all: appending is at least once, and its
// user must know an entry again.
//
// An empty entry, or one longer than EntrySizeMax, is ErrInvalid, and nothing
// is appended. An error of the disk leaves the entry that it names, and those
// behind it, in doubt; then the log takes no more entries (ErrInDoubt) until it
// is closed and opened again. What was acknowledged is not affected.
func (l *Log) Append(entries ...[]byte) (first uint64, err error) {
	if len(entries) == 0 {
		return 0, fmt.Errorf("record: append: %w: no entries", ErrInvalid)
	}
	for i, entry := range entries {
		if len(entry) == 0 || len(entry) > EntrySizeMax {
			return 0, fmt.Errorf("record: append: %w: entry %d of the call has %d bytes, must be 1 to %d",
				ErrInvalid, i, len(entry), EntrySizeMax)
		}
	}
	r := &request{entries: entries}
	l.queueMu.Lock()
	l.queue = append(l.queue, r)
	l.queueMu.Unlock()

	// Whoever comes first commits for all who wait behind him.
	l.commitMu.Lock()
	defer l.commitMu.Unlock()
	if !r.done {
		l.queueMu.Lock()
		group := l.queue
		l.queue = nil
		l.queueMu.Unlock()
		l.commit(group)
	}
	return r.first, r.err
}

// commit appends the entries of a group of requests. commitMu is held.
func (l *Log) commit(group []*request) {
	var entries [][]byte
	next := l.contents.tree.size
	for _, r := range group {
		r.first, r.done = next, true
		next += uint64(len(r.entries))
		entries = append(entries, r.entries...)
	}
	err := l.write(entries)
	if err == nil {
		return
	}
	for _, r := range group {
		// Entries that are in the tree were synced: what failed came later.
		if r.first+uint64(len(r.entries)) > l.contents.tree.size {
			r.first, r.err = 0, err
		}
	}
}

// write appends entries in pieces that each fit one write and one segment.
func (l *Log) write(entries [][]byte) error {
	if err := l.usable("append"); err != nil {
		return err
	}
	for len(entries) > 0 {
		if err := l.rotate(); err != nil {
			return l.stop(fmt.Errorf("append entry %d: begin a segment: %w", l.contents.tree.size, err))
		}
		c := l.contents
		room := c.base + l.segment - c.tree.size
		n, size := 0, 0
		for n < len(entries) && uint64(n) < room && size+int(frameSize(entries[n])) <= groupSizeMax {
			size += int(frameSize(entries[n]))
			n++
		}
		if err := l.writeGroup(entries[:n]); err != nil {
			return l.stop(err)
		}
		entries = entries[n:]
	}
	return nil
}

// writeGroup appends entries that fit one write and the live segment. If its
// error comes after they are in the tree, they are in the log all the same.
func (l *Log) writeGroup(entries [][]byte) error {
	c := l.contents
	size := 0
	for _, entry := range entries {
		size += int(frameSize(entry))
	}
	frames := make([]byte, 0, size)
	for _, entry := range entries {
		frames = appendFrame(frames, entry)
	}
	first := c.tree.size
	if err := l.writeFrames(entries, frames); err != nil {
		return fmt.Errorf("append entry %d: %w", first, err)
	}
	// The entries are acknowledged from here on, whatever follows.
	if err := l.tile(); err != nil {
		return fmt.Errorf("write tiles up to entry %d: %w", c.tree.size, err)
	}
	return nil
}

// tile writes tiles once enough of them are full. Until then the live segment has
// their entries, and nothing reads them elsewhere; many at once cost little more
// than one, as their syncs overlap.
func (l *Log) tile() error {
	c := l.contents
	if c.tree.size-max(l.tiled, c.base) < l.lag*tileWidth && c.tree.size < c.base+l.segment && c.heldBytes < heldMax {
		return nil
	}
	return l.tileNow()
}

// tileNow writes all full tiles that are not written yet.
func (l *Log) tileNow() error {
	c := l.contents
	from, full := max(l.tiled, c.base), c.tree.size/tileWidth*tileWidth
	if full <= from {
		return nil
	}
	if err := c.writeTiles(from, l.workers); err != nil {
		return err
	}
	l.tiled = full
	l.mu.Lock()
	defer l.mu.Unlock()
	c.drop()
	return nil
}

// writeFrames makes frames durable and then adds their entries to the tree.
func (l *Log) writeFrames(entries [][]byte, frames []byte) error {
	c := l.contents
	if _, err := c.wal.WriteAt(frames, c.end); err != nil {
		return err
	}
	// If we die here, some of the entries may be found by Open, from the first
	// on; none was acknowledged.
	if err := c.wal.Sync(); err != nil {
		return err
	}
	// If we die from here on, Open finds all of them.
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, entry := range entries {
		c.hold(entry)
		c.integrate(entry)
	}
	return nil
}

// rotate begins a new segment if the live one is full. All its tiles are
// durable by now, so it is not needed any more.
func (l *Log) rotate() error {
	old := l.contents
	if old.tree.size < old.base+l.segment {
		return nil
	}
	wal, err := createSegment(l.disk, l.dir, old.tree.size)
	if err != nil {
		return err
	}
	// If we die here, there are two segments; Open takes the newer one, which is
	// empty, with the tiles before it, and removes the older one.
	fresh := &contents{disk: old.disk, dir: old.dir, tree: old.tree, base: old.tree.size, wal: wal,
		fresh: make(map[tileID][]tlog.Hash)}
	l.mu.Lock()
	l.contents = fresh
	l.mu.Unlock()
	// Cursors look at the new contents from here on; none is in the old ones.
	if err := old.wal.Close(); err != nil {
		return err
	}
	// No sync of the directory: an old segment that comes back is removed again.
	return l.disk.Remove(filepath.Join(l.dir, segmentName(old.base)))
}

// usable returns an error if the log may not be written any more.
func (l *Log) usable(deed string) error {
	if l.closed {
		return fmt.Errorf("record: %s: %w", deed, ErrClosed)
	}
	if l.doubt != nil {
		return fmt.Errorf("record: %s entry %d: %w", deed, l.contents.tree.size, l.doubt)
	}
	return nil
}

// stop puts the log in doubt because of err, and returns that. commitMu is held.
func (l *Log) stop(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.doubt = fmt.Errorf("%w since an earlier error (%w): close and open the log again", ErrInDoubt, err)
	return fmt.Errorf("record: %w", err)
}
