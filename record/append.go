// SPDX-License-Identifier: Apache-2.0

package record

import (
	"fmt"
	"path/filepath"
	"runtime"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/trucewatch/trucewatch/internal/durable"
)

// gatherYields is how often the leader of a group yields in vain before he takes
// it.
//
// Source: measured beside Tessera at a tile's border (strangers, beside_Tessera), 8
// runs of 66,560 entries of each in turn: 333,000 entries/s with 4, 351,000 with 64.
const gatherYields = 64

// spareSizeMax is the most bytes of frames for which room is kept from one group
// to a next: a group is taken when it has groupSizeMax, and one call may exceed it
// by any number of entries.
const spareSizeMax = 2 * groupSizeMax

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
	g, at, leads := l.join(entries)
	if leads {
		l.lead(g)
	} else {
		<-g.done
	}
	if at+len(entries) > g.kept {
		return 0, g.err
	}
	return g.first + uint64(at), nil
}

// A group is the entries of all Appends that share a sync.
type group struct {
	entries [][]byte // guarded by queueMu until the leader takes the group
	frames  []byte   // of the entries, one behind the other; guarded like them
	calls   int      // Appends; guarded by queueMu

	done  chan struct{} // closed when the following is settled
	first uint64        // index of entries[0]
	kept  int           // how many of them are in the log, from the first on
	err   error         // why the others are not
}

// join adds entries to the group that gathers, behind the at entries in it. Who
// begins a group leads it: he commits for all who join until he takes it. Frames
// are made here, while the disk works for the group before.
func (l *Log) join(entries [][]byte) (g *group, at int, leads bool) {
	l.queueMu.Lock()
	defer l.queueMu.Unlock()
	if leads = l.gathering == nil; leads {
		l.gathering = &group{done: make(chan struct{}), frames: l.spare[:0]}
		l.spare = nil
	}
	g = l.gathering
	at = len(g.entries)
	g.entries = append(g.entries, entries...)
	g.calls++
	for _, entry := range entries {
		g.frames = appendFrame(g.frames, entry)
	}
	return g, at, leads
}

// lead commits a group when the one before it is done.
func (l *Log) lead(g *group) {
	l.commitMu.Lock()
	defer l.commitMu.Unlock()
	l.take(g)
	g.first = l.contents.tree.size
	g.err = l.write(g.entries, g.frames)
	// Entries that are in the tree were synced: what failed came later.
	g.kept = int(l.contents.tree.size - g.first)
	l.queueMu.Lock()
	l.expected = g.calls
	if l.gathering != nil {
		l.expected += l.gathering.calls
	}
	if cap(g.frames) <= spareSizeMax {
		l.spare = g.frames
	}
	l.queueMu.Unlock()
	close(g.done)
}

// take ends the gathering of a group. The callers of the last one were woken just
// now, and most have more to append: if they are not all here, he lets them run
// as long as some join, but waits for nobody.
func (l *Log) take(g *group) {
	for joined, idle := 0, 0; ; runtime.Gosched() {
		l.queueMu.Lock()
		if idle++; g.calls > joined {
			joined, idle = g.calls, 0
		}
		if joined >= l.expected || idle == gatherYields || len(g.frames) >= groupSizeMax {
			l.gathering = nil
			l.queueMu.Unlock()
			return
		}
		l.queueMu.Unlock()
	}
}

// write appends entries, whose frames are given, in pieces that each fit one write
// and one segment.
func (l *Log) write(entries [][]byte, frames []byte) error {
	if err := l.usable("append"); err != nil {
		return err
	}
	for len(entries) > 0 {
		if err := l.rotate(); err != nil {
			return l.stop(fmt.Errorf("append entry %d: begin a segment: %w", l.contents.tree.size, err))
		}
		c := l.contents
		room := c.base() + l.segment - c.tree.size
		n, size := 0, 0
		for n < len(entries) && uint64(n) < room && size+int(frameSize(entries[n])) <= groupSizeMax {
			size += int(frameSize(entries[n]))
			n++
		}
		if err := l.writeFrames(entries[:n], frames[:size]); err != nil {
			return l.stop(fmt.Errorf("append entry %d: %w", c.tree.size, err))
		}
		entries, frames = entries[n:], frames[size:]
	}
	return nil
}

// writeFrames makes entries durable that fit one write and the live segment, and
// then adds them to the tree. They are hashed while the disk works.
func (l *Log) writeFrames(entries [][]byte, frames []byte) error {
	c := l.contents
	ahead := make(chan hashed, 1)
	go func() {
		leaves := leafHashes(entries)
		ahead <- hashed{leaves, c.tree.foldAhead(leaves)}
	}()
	err := writeSync(c.wal, frames, c.end)
	h := <-ahead // Also after an error: the entries are the callers' again.
	if err != nil {
		return err
	}
	// If we die from here on, Open finds all of them.
	l.mu.Lock()
	defer l.mu.Unlock()
	c.tree.folded = h.tiles
	for i, entry := range entries {
		c.integrate(h.leaves[i], frameSize(entry))
	}
	return nil
}

// hashed are the hashes of entries in the tree, and those of the tiles that become
// full with them.
type hashed struct{ leaves, tiles []tlog.Hash }

// leafHashes are the hashes of entries in the tree.
func leafHashes(entries [][]byte) []tlog.Hash {
	leaves := make([]tlog.Hash, len(entries))
	for i, entry := range entries {
		leaves[i] = tlog.RecordHash(entry)
	}
	return leaves
}

// writeSync makes frames durable. If we die in it, some of their entries may be
// found by Open, from the first on; none was acknowledged.
func writeSync(wal durable.File, frames []byte, at int64) error {
	if _, err := wal.WriteAt(frames, at); err != nil {
		return err
	}
	return wal.Sync()
}

// rotate begins a new segment if the live one is full, which stays, with a file of
// the hashes of its entries.
func (l *Log) rotate() error {
	c := l.contents
	if c.tree.size < c.base()+l.segment {
		return nil
	}
	if err := durable.WriteFile(l.disk, filepath.Join(l.dir, hashesName(c.base())), c.hashesFile()); err != nil {
		return err
	}
	// If we die here, Open finds a full segment, and the next append comes here again.
	wal, err := createSegment(l.disk, l.dir, c.tree.size)
	if err != nil {
		return err
	}
	old := c.wal
	l.mu.Lock()
	c.begin(wal)
	l.mu.Unlock()
	return old.Close()
}

// usable returns an error if the log may not be written any more. commitMu is
// held.
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
