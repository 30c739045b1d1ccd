// SPDX-License-Identifier: Apache-2.0

package record

import "fmt"

// A tiling is how far the tiles of the live segment are written. Tiles are
// written behind the appends: the segment has their entries, and nothing reads
// them elsewhere until it is full. commitMu guards it.
type tiling struct {
	begun    uint64     // entries of the full tiles that are on the disk or under way
	underway chan error // gives the result of the tiles under way; nil if there are none
}

// tile begins to write tiles once enough of them are full; many at once cost
// little more than one, as their syncs overlap. It waits only if so much is held
// in memory that the disk does not keep up.
func (l *Log) tile() error {
	c := l.contents
	full := c.heldBytes >= heldMax
	if c.tree.size-max(l.tiling.begun, c.base) < l.lag*tileWidth && !full {
		return nil
	}
	if err := l.tiled(full); err != nil || l.tiling.underway != nil {
		return err
	}
	l.beginTiles()
	// With one worker all is done in turn.
	return l.tiled(l.workers == 1)
}

// tileNow writes all full tiles that are not written yet.
func (l *Log) tileNow() error {
	if err := l.tiled(true); err != nil {
		return err
	}
	l.beginTiles()
	return l.tiled(true)
}

// beginTiles begins to write the full tiles that are not written yet, while none
// are under way.
func (l *Log) beginTiles() {
	c := l.contents
	from, till := max(l.tiling.begun, c.base), c.tree.size/tileWidth*tileWidth
	if till <= from {
		return
	}
	behind := c.behind()
	l.tiling.begun, l.tiling.underway = till, make(chan error, 1)
	go func(done chan<- error) { done <- behind.writeTiles(from, l.workers) }(l.tiling.underway)
}

// tiled returns the error of the tiles under way if they are done, or if it is
// to wait for them.
func (l *Log) tiled(wait bool) error {
	if l.tiling.underway == nil || !wait && len(l.tiling.underway) == 0 {
		return nil
	}
	err := <-l.tiling.underway
	l.tiling.underway = nil
	if err != nil {
		return fmt.Errorf("write tiles up to entry %d: %w", l.tiling.begun, err)
	}
	return nil
}
