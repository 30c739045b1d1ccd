// SPDX-License-Identifier: Apache-2.0

package record

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/trucewatch/trucewatch/internal/durable"
)

// contents is what a log holds, as a Log and a Reader both see it: full tiles
// on disk up to base, and the live segment of the write-ahead log from there.
// Whatever it returns was held against the tree's edge, and so is what the root
// commits to. It has no lock of its own.
type contents struct {
	disk durable.Disk
	dir  string
	tree tree

	// The live segment.
	base   uint64       // its first entry; a multiple of tileWidth
	wal    durable.File // open for as long as the contents are used
	end    int64        // bytes up to and with its last whole frame
	leaves []tlog.Hash  // leaf hash of each of its entries
	starts []int64      // where each 256th of its entries begins
	// fresh are the tiles of level 1 and up that became full in the live
	// segment; those on disk may not be written yet.
	fresh map[tileID][]tlog.Hash
	// held are the bundles that a writer has filled and not yet written, by
	// number, so that he need not read and hash his own bytes again; building is
	// the one he is filling, nil if its beginning was not his.
	held      map[uint64][]byte
	building  []byte
	heldBytes int // of both
	// bundleSize is the length of the last bundle held: the next one will be about
	// as long.
	bundleSize int
}

// heldMax bounds in bytes what a writer holds for tiles before an append waits for
// them; as much again may be under way.
//
// Guess: 16 bundles of entries of 2 KiB, twice. Test: memory of an import.
const heldMax = 16 << 20

// tileID names a tile that became full.
type tileID struct {
	level int // entriesLevel for a bundle of entries
	n     uint64
}

func (id tileID) path() string { return tilePath(id.level, id.n, tileWidth) }

// openContents opens the newest segment with open and reads the log as far as
// it goes. signed must have been read before, so that a writer at work can only
// have made the log longer. It writes nothing.
func openContents(disk durable.Disk, dir string, signed Checkpoint, open func(string) (durable.File, error)) (*contents, error) {
	bases, err := segments(disk, dir)
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	if len(bases) == 0 {
		return nil, fmt.Errorf("record: %s: %w: no segment of the write-ahead log", dir, ErrCorrupt)
	}
	base := bases[len(bases)-1]
	if base%tileWidth != 0 {
		return nil, fmt.Errorf("record: %s: %w: no segment begins at this entry", segmentName(base), ErrCorrupt)
	}
	wal, err := open(filepath.Join(dir, segmentName(base)))
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	c := &contents{disk: disk, dir: dir, base: base, wal: wal, fresh: make(map[tileID][]tlog.Hash)}
	if err := c.load(signed); err != nil {
		wal.Close() // Nothing was written.
		return nil, fmt.Errorf("record: %w", err)
	}
	return c, nil
}

// load fills the contents and checks them against the last signed checkpoint.
//
// It starts from full tiles at or below the checkpoint, so that the root at
// the checkpoint proves the tiles; entries that were never signed are hashed
// again, so that nothing is signed later that the entries do not give.
func (c *contents) load(signed Checkpoint) error {
	start := min(c.base, signed.Size/tileWidth*tileWidth)
	if err := c.loadEdge(start); err != nil {
		return err
	}
	check := func() error {
		if c.tree.size == signed.Size && c.tree.root() != signed.Root {
			return fmt.Errorf("%w: the first %d entries do not give the signed root %v",
				ErrCorrupt, signed.Size, tlog.Hash(signed.Root))
		}
		return nil
	}
	if err := check(); err != nil {
		return err
	}
	for n := start / tileWidth; n < c.base/tileWidth; n++ {
		if err := c.loadBundle(n, check); err != nil {
			return err
		}
	}
	if err := c.loadSegment(check); err != nil {
		return err
	}
	if c.tree.size < signed.Size {
		return fmt.Errorf("%s: %w: entry %d is missing or damaged, of %d that were signed",
			segmentName(c.base), ErrCorrupt, c.tree.size, signed.Size)
	}
	return nil
}

// loadEdge sets the tree to its first size entries, a multiple of tileWidth,
// from the full tiles: the hash of a full tile is a hash of the level above.
func (c *contents) loadEdge(size uint64) error {
	c.tree = tree{size: size}
	for level := 1; level < levelMax; level++ {
		full := size >> (tileHeight * level) // hashes at this level
		for n := full / tileWidth * tileWidth; n < full; n++ {
			hashes, err := c.readHashes(tileID{level - 1, n})
			if err != nil {
				return err
			}
			c.tree.edge[level] = append(c.tree.edge[level], fold(hashes))
		}
	}
	return nil
}

// loadBundle adds the entries of a bundle on disk to the tree. The tiles that
// this completes must be on disk, as they were synced before base was begun.
func (c *contents) loadBundle(n uint64, check func() error) error {
	entries, err := c.readBundle(n)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		err := c.tree.add(tlog.RecordHash(entry), func(level int, n uint64, hashes []tlog.Hash) error {
			id := tileID{level, n}
			data, err := c.readTile(id, hashTileSize)
			if err == nil && !bytes.Equal(data, encodeHashes(hashes)) {
				err = fmt.Errorf("%s: %w: is not what entries up to %d give", id.path(), ErrCorrupt, c.tree.size-1)
			}
			return err
		})
		if err != nil {
			return err
		}
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// loadSegment adds the entries of the live segment.
func (c *contents) loadSegment(check func() error) error {
	// The size is asked once: what a writer adds meanwhile is not looked at.
	size, err := c.wal.Size()
	if err != nil {
		return err
	}
	_, err = scanFrames(c.wal, size, func(entry []byte) error {
		c.integrate(tlog.RecordHash(entry), frameSize(entry))
		return check()
	})
	if err != nil {
		return fmt.Errorf("%s: entry %d: %w", segmentName(c.base), c.tree.size, err)
	}
	if size-c.end > groupSizeMax {
		return fmt.Errorf("%s: %w: no whole entry %d at byte %d, and too many bytes behind it for a torn tail",
			segmentName(c.base), ErrCorrupt, c.tree.size, c.end)
	}
	return nil
}

// integrate adds an entry by its leaf hash, whose frame of size bytes stands at
// c.end of the live segment. It only changes memory; appending and recovering
// both go through here.
func (c *contents) integrate(leaf tlog.Hash, size int64) {
	if len(c.leaves)%tileWidth == 0 {
		c.starts = append(c.starts, c.end)
	}
	c.leaves = append(c.leaves, leaf)
	c.end += size
	// The function below cannot fail, so neither can add.
	_ = c.tree.add(leaf, func(level int, n uint64, hashes []tlog.Hash) error {
		if level > 0 {
			c.fresh[tileID{level, n}] = append([]tlog.Hash(nil), hashes...)
		}
		return nil
	})
}

// prepare returns the leaf hashes of entries that are about to be integrated,
// and keeps the entries for their bundles.
func (c *contents) prepare(entries [][]byte) []tlog.Hash {
	leaves := make([]tlog.Hash, len(entries))
	for i, entry := range entries {
		c.hold(c.tree.size+uint64(i), entry)
		leaves[i] = tlog.RecordHash(entry)
	}
	return leaves
}

// hold keeps the entry at an index for its bundle.
func (c *contents) hold(index uint64, entry []byte) {
	if c.building == nil && index%tileWidth != 0 {
		return // Open found the bundle's beginning: it is read from the segment.
	}
	if c.building == nil {
		c.building = make([]byte, 0, c.bundleSize+c.bundleSize/8)
	}
	c.building = appendBundle(c.building, entry)
	c.heldBytes += len(entry)
	if index%tileWidth == tileWidth-1 {
		if c.held == nil {
			c.held = make(map[uint64][]byte)
		}
		c.held[index/tileWidth], c.bundleSize, c.building = c.building, len(c.building), nil
	}
}

// behind is what writeTiles needs of the contents, for it to go on while more is
// appended here. The full bundles that were held are its own from now on.
func (c *contents) behind() *contents {
	b := *c
	// Full tiles are not in the tree's edge, which goes on.
	b.tree, b.fresh = tree{size: c.tree.size}, maps.Clone(c.fresh)
	c.held, c.heldBytes = nil, len(c.building)
	return &b
}

// fullTiles gives the tiles that become full by the entries from..till-1, in
// order: a bundle before its hashes, and a tile after all that lie under it.
func fullTiles(from, till uint64) iter.Seq[tileID] {
	return func(yield func(tileID) bool) {
		for n := from / tileWidth; n < till/tileWidth; n++ {
			if !yield(tileID{entriesLevel, n}) {
				return
			}
			for id, full := (tileID{0, n}), true; full; id = (tileID{id.level + 1, id.n / tileWidth}) {
				if !yield(id) {
					return
				}
				full = id.n%tileWidth == tileWidth-1
			}
		}
	}
}

// writeTiles makes the tiles durable that became full since the log had from
// entries, up to workers of them at once. They are files of their own, never
// changed afterwards. All of this can be repeated: if we die anywhere in it, the
// live segment still has the entries, and Open calls writeTiles again.
func (c *contents) writeTiles(from uint64, workers int) error {
	const together = 32 // files in memory
	var files []durable.Content
	for id := range fullTiles(from, c.tree.size) {
		data, err := c.tile(id, tileWidth, new(tileCache))
		if err != nil {
			return err
		}
		there, err := hasFile(c.disk, c.dir, id.path(), data)
		if err != nil {
			return err
		}
		if !there {
			files = append(files, durable.Content{Name: filepath.Join(c.dir, id.path()), Data: data})
		}
		if len(files) == together {
			if err := durable.WriteFiles(c.disk, workers, files); err != nil {
				return err
			}
			files = nil
		}
	}
	return durable.WriteFiles(c.disk, workers, files)
}

// hasFile says whether a file is there; being there with other bytes is an error.
func hasFile(disk durable.Disk, dir, path string, data []byte) (bool, error) {
	old, err := disk.ReadFile(filepath.Join(dir, path), bundleSizeMax)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case errors.Is(err, durable.ErrTooLong), err == nil && !bytes.Equal(old, data):
		return false, fmt.Errorf("%s: %w: is there with other content", path, ErrCorrupt)
	}
	return err == nil, err
}

// ensureFile writes a file durably unless it is there.
func ensureFile(disk durable.Disk, dir, path string, data []byte) error {
	there, err := hasFile(disk, dir, path, data)
	if err != nil || there {
		return err
	}
	return durable.WriteFile(disk, filepath.Join(dir, path), data)
}

// tile returns the content of a tile with the first width of its hashes or
// entries.
func (c *contents) tile(id tileID, width int, cache *tileCache) ([]byte, error) {
	if id.level != entriesLevel {
		hashes, err := c.hashes(id, cache)
		if err != nil {
			return nil, err
		}
		return encodeHashes(hashes[:width]), nil
	}
	if data := c.held[id.n]; data != nil && width == tileWidth {
		return data, nil
	}
	entries, err := c.bundle(id.n, cache)
	if err != nil {
		return nil, err
	}
	size := 0
	for _, entry := range entries[:width] {
		size += 2 + len(entry)
	}
	data := make([]byte, 0, size)
	for _, entry := range entries[:width] {
		data = appendBundle(data, entry)
	}
	return data, nil
}

// bundle returns the entries of a bundle, up to 256, each held against the tree.
func (c *contents) bundle(n uint64, cache *tileCache) ([][]byte, error) {
	hashes, err := c.hashes(tileID{0, n}, cache)
	if err != nil {
		return nil, err
	}
	place := tileID{entriesLevel, n}.path()
	var entries [][]byte
	if n*tileWidth < c.base {
		entries, err = c.readBundle(n)
	} else {
		place = segmentName(c.base)
		entries, err = c.readLive(n)
	}
	if err != nil {
		return nil, err
	}
	if len(entries) != len(hashes) {
		return nil, fmt.Errorf("%s: %w: %d entries from %d on, where %d were expected",
			place, ErrCorrupt, len(entries), n*tileWidth, len(hashes))
	}
	for i, entry := range entries {
		if tlog.RecordHash(entry) != hashes[i] {
			return nil, fmt.Errorf("%s: %w: entry %d is not the one in the tree", place, ErrCorrupt, n*tileWidth+uint64(i))
		}
	}
	return entries, nil
}

// readLive returns the entries of a bundle that lies in the live segment.
func (c *contents) readLive(n uint64) ([][]byte, error) {
	i := int(n - c.base/tileWidth)
	from, till := c.starts[i], c.end
	if i+1 < len(c.starts) {
		till = c.starts[i+1]
	}
	entries := make([][]byte, 0, tileWidth)
	_, err := scanFrames(io.NewSectionReader(c.wal, from, till-from), till-from, func(entry []byte) error {
		entries = append(entries, entry)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s: entry %d: %w", segmentName(c.base), n*tileWidth+uint64(len(entries)), err)
	}
	return entries, nil
}

// tileCache remembers the last hash tile of each level, as neighbouring tiles
// have the same ones above them. The zero value is empty.
type tileCache [levelMax]struct {
	n      uint64
	hashes []tlog.Hash
}

// hashes returns the hashes of a tile, full or as far as it goes, held against
// the tree's edge through the tiles above it.
func (c *contents) hashes(id tileID, cache *tileCache) ([]tlog.Hash, error) {
	if id.level == 0 && id.n >= c.base/tileWidth {
		i := (id.n - c.base/tileWidth) * tileWidth
		return c.leaves[i:min(i+tileWidth, uint64(len(c.leaves)))], nil
	}
	if hashes, ok := c.fresh[id]; ok {
		return hashes, nil
	}
	if id.n == c.tree.size>>(tileHeight*(id.level+1)) {
		return c.tree.edge[id.level], nil
	}
	if kept := cache[id.level]; kept.n == id.n && kept.hashes != nil {
		return kept.hashes, nil
	}
	hashes, err := c.readHashes(id)
	if err != nil {
		return nil, err
	}
	above, err := c.hashes(tileID{id.level + 1, id.n / tileWidth}, cache)
	if err != nil {
		return nil, err
	}
	if fold(hashes) != above[id.n%tileWidth] {
		return nil, fmt.Errorf("%s: %w: is not the tile in the tree", id.path(), ErrCorrupt)
	}
	cache[id.level].n, cache[id.level].hashes = id.n, hashes
	return hashes, nil
}

// readHashes reads a full hash tile, unchecked.
func (c *contents) readHashes(id tileID) ([]tlog.Hash, error) {
	data, err := c.readTile(id, hashTileSize)
	if err != nil {
		return nil, err
	}
	hashes, err := decodeHashes(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", id.path(), err)
	}
	return hashes, nil
}

// readBundle reads a full bundle of entries, unchecked.
func (c *contents) readBundle(n uint64) ([][]byte, error) {
	id := tileID{entriesLevel, n}
	data, err := c.readTile(id, bundleSizeMax)
	if err != nil {
		return nil, err
	}
	entries, err := splitBundle(data, tileWidth)
	if err != nil {
		return nil, fmt.Errorf("%s: entry %d: %w", id.path(), n*tileWidth+uint64(len(entries)), err)
	}
	return entries, nil
}

// readTile reads a full tile that must be there.
func (c *contents) readTile(id tileID, limit int64) ([]byte, error) {
	data, err := c.disk.ReadFile(filepath.Join(c.dir, id.path()), limit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w: the tile is missing", id.path(), ErrCorrupt)
	}
	if errors.Is(err, durable.ErrTooLong) {
		return nil, fmt.Errorf("%s: %w: %w", id.path(), ErrCorrupt, err)
	}
	return data, err
}

// readCheckpoint reads and opens a checkpoint of the log.
func readCheckpoint(disk durable.Disk, dir, path string, verifier note.Verifier) (Checkpoint, error) {
	data, err := disk.ReadFile(filepath.Join(dir, path), checkpointSizeMax)
	if errors.Is(err, fs.ErrNotExist) {
		return Checkpoint{}, fmt.Errorf("record: %s: %w: no %s", dir, ErrNotFound, path)
	}
	if errors.Is(err, durable.ErrTooLong) {
		return Checkpoint{}, fmt.Errorf("record: %s: %w: %w", path, ErrCorrupt, err)
	}
	if err != nil {
		return Checkpoint{}, fmt.Errorf("record: %w", err)
	}
	c, err := ParseCheckpoint(data, verifier)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("record: %s: %w", path, err)
	}
	return c, nil
}
