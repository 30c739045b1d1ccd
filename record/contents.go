// SPDX-License-Identifier: Apache-2.0

package record

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/trucewatch/trucewatch/internal/durable"
)

// contents is what a log holds, as a Log and a Reader both see it: the entries in
// segments, of which all but the last are full and have a file of hashes. Whatever
// it returns was held against the tree's edge, and so is what the root commits to.
// It has no lock of its own.
type contents struct {
	disk durable.Disk
	dir  string
	tree tree

	bases []uint64 // the first entry of each segment, ascending; all multiples of tileWidth
	ends  []int64  // of each full bundle: where its last frame ends in its segment
	// above are the full tiles of level 1 and up: 32 bytes for 256 entries, 1.3 MB
	// for ten million.
	above map[tileID][]tlog.Hash

	// The live segment, which is the last one.
	wal    durable.File // open for as long as the contents are used
	end    int64        // bytes up to and with its last whole frame
	leaves []tlog.Hash  // leaf hash of each of its entries
}

// tileID names a tile.
type tileID struct {
	level int // entriesLevel for a bundle of entries
	n     uint64
}

// newContents holds nothing yet, and has no segment.
func newContents(disk durable.Disk, dir string) *contents {
	return &contents{disk: disk, dir: dir, above: make(map[tileID][]tlog.Hash)}
}

// base is the first entry of the live segment.
func (c *contents) base() uint64 { return c.bases[len(c.bases)-1] }

// begin makes an empty segment the live one, behind full ones.
func (c *contents) begin(wal durable.File) {
	c.bases = append(c.bases, c.tree.size)
	c.wal, c.end, c.leaves = wal, 0, nil
}

// openContents reads the log as far as it goes, and opens its live segment with
// open. signed must have been read before, so that a writer at work can only have
// made the log longer. It writes nothing.
func openContents(disk durable.Disk, dir string, signed Checkpoint, open func(string) (durable.File, error)) (*contents, error) {
	bases, err := segments(disk, dir)
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	if err := checkBases(disk, dir, bases); err != nil {
		return nil, fmt.Errorf("record: %s: %w", dir, err)
	}
	c := newContents(disk, dir)
	if err := c.load(bases, signed, open); err != nil {
		if c.wal != nil {
			c.wal.Close() // Nothing was written.
		}
		return nil, fmt.Errorf("record: %w", err)
	}
	return c, nil
}

// checkBases returns an error if no log begins with these segments.
func checkBases(disk durable.Disk, dir string, bases []uint64) error {
	if len(bases) == 0 {
		return fmt.Errorf("%w: no segment of the write-ahead log", ErrCorrupt)
	}
	if bases[0] != 0 {
		if _, err := disk.ReadDir(filepath.Join(dir, outdatedName)); err == nil {
			return errOutdated
		}
		return fmt.Errorf("%s: %w: the segment is missing", segmentName(0), ErrCorrupt)
	}
	last := uint64(0)
	for _, base := range bases {
		if base%tileWidth != 0 || base-last > segmentEntries {
			return fmt.Errorf("%s: %w: no segment begins at this entry, behind %s", segmentName(base), ErrCorrupt, segmentName(last))
		}
		last = base
	}
	return nil
}

// load fills the contents and checks them against the last signed checkpoint.
//
// Of a full segment at or below the checkpoint it reads the hashes of its bundles,
// as the root at the checkpoint proves them; entries that were never signed are
// hashed again, so that nothing is signed later that the entries do not give.
func (c *contents) load(bases []uint64, signed Checkpoint, open func(string) (durable.File, error)) error {
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
	full := len(bases) - 1
	for i, base := range bases[:full] {
		var err error
		if till := bases[i+1]; till <= signed.Size {
			err = c.loadSigned(base, till, check)
		} else {
			err = c.loadUnsigned(base, till, check)
		}
		if err != nil {
			return err
		}
	}
	wal, err := open(filepath.Join(c.dir, segmentName(bases[full])))
	if err != nil {
		return err
	}
	c.begin(wal)
	size, err := c.scan(check)
	if err != nil {
		return err
	}
	if size-c.end > groupSizeMax {
		return fmt.Errorf("%s: %w: no whole entry %d at byte %d, and too many bytes behind it for a torn tail",
			segmentName(c.base()), ErrCorrupt, c.tree.size, c.end)
	}
	if c.tree.size < signed.Size {
		return fmt.Errorf("%s: %w: entry %d is missing or damaged, of %d that were signed",
			segmentName(c.base()), ErrCorrupt, c.tree.size, signed.Size)
	}
	return nil
}

// loadSigned adds a full segment by its file of hashes.
func (c *contents) loadSigned(base, till uint64, check func() error) error {
	ends, hashes, err := readHashesFile(c.disk, c.dir, base, till)
	if err != nil {
		return err
	}
	c.bases, c.ends = append(c.bases, base), append(c.ends, ends...)
	for _, h := range hashes {
		c.tree.addTile(1, h, c.keep)
	}
	return check()
}

// loadUnsigned adds a full segment by its entries, which must be what its file of
// hashes says.
func (c *contents) loadUnsigned(base, till uint64, check func() error) error {
	wal, err := c.disk.Open(filepath.Join(c.dir, segmentName(base)))
	if err != nil {
		return err
	}
	c.begin(wal)
	size, err := c.scan(check)
	if err != nil {
		return err
	}
	if c.tree.size != till || c.end != size {
		return fmt.Errorf("%s: %w: ends before entry %d at byte %d of %d, but there is %s",
			segmentName(base), ErrCorrupt, c.tree.size, c.end, size, segmentName(till))
	}
	if err := c.checkHashes(); err != nil {
		return err
	}
	c.wal = nil
	return wal.Close()
}

// scan adds the entries of the live segment, and returns its length in bytes.
func (c *contents) scan(check func() error) (size int64, err error) {
	// The size is asked once: what a writer adds meanwhile is not looked at.
	if size, err = c.wal.Size(); err != nil {
		return 0, err
	}
	_, err = scanFrames(c.wal, size, func(entry []byte) error {
		c.integrate(tlog.RecordHash(entry), frameSize(entry))
		return check()
	})
	if err != nil {
		err = fmt.Errorf("%s: entry %d: %w", segmentName(c.base()), c.tree.size, err)
	}
	return size, err
}

// integrate adds an entry by its leaf hash, whose frame of size bytes stands at
// c.end of the live segment. It only changes memory; appending and recovering
// both go through here.
func (c *contents) integrate(leaf tlog.Hash, size int64) {
	c.leaves = append(c.leaves, leaf)
	c.end += size
	if len(c.leaves)%tileWidth == 0 {
		c.ends = append(c.ends, c.end)
	}
	c.tree.addTile(0, leaf, c.keep)
}

// keep takes a tile that became full. Leaf hashes are kept of the live segment alone.
func (c *contents) keep(id tileID, hashes []tlog.Hash) {
	if id.level > 0 {
		c.above[id] = slices.Clone(hashes)
	}
}

// hashesFile is the content of the live segment's file of hashes, when it is full.
func (c *contents) hashesFile() []byte {
	first := int(c.base() / tileWidth)
	var hashes []tlog.Hash
	for n := first; n < len(c.ends); n++ {
		hashes = append(hashes, c.aboveLeaves(tileID{1, uint64(n / tileWidth)})[n%tileWidth])
	}
	return encodeHashesFile(c.ends[first:], hashes)
}

// checkHashes returns an error if the live segment is full and its file of hashes
// is missing, or is not what its entries give.
func (c *contents) checkHashes() error {
	name := hashesName(c.base())
	data, err := c.disk.ReadFile(filepath.Join(c.dir, name), hashesSize(uint64(len(c.leaves))))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: %w: the file is missing", name, ErrCorrupt)
	case errors.Is(err, durable.ErrTooLong), err == nil && !bytes.Equal(data, c.hashesFile()):
		return fmt.Errorf("%s: %w: is not what the entries of %s give", name, ErrCorrupt, segmentName(c.base()))
	}
	return err
}

// checkReach returns an error if there are hashes of entries that the live segment
// does not have: they are written after the sync of their entries, so entries that
// were durable are gone. If they are there and the next segment is not, we died
// between the two, and the next append writes them again.
func (c *contents) checkReach() error {
	bases, err := hashedSegments(c.disk, c.dir)
	if err != nil || len(bases) == 0 {
		return err
	}
	newest := bases[len(bases)-1]
	if newest == c.base() && len(c.leaves) > 0 && len(c.leaves)%tileWidth == 0 {
		return c.checkHashes()
	}
	if newest >= c.base() {
		return fmt.Errorf("%s: %w: ends before entry %d, but there is %s",
			segmentName(c.base()), ErrCorrupt, c.tree.size, hashesName(newest))
	}
	return nil
}

// tile returns the content of a tile with the first width of its hashes or
// entries. There are no files of tiles: whoever shows one has it from here.
func (c *contents) tile(id tileID, width int) ([]byte, error) {
	if id.level != entriesLevel {
		hashes, err := c.hashes(id)
		if err != nil {
			return nil, err
		}
		return encodeHashes(hashes[:width]), nil
	}
	entries, err := c.bundle(id.n)
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

// bundle returns the entries of a bundle, up to 256, held against the tree.
func (c *contents) bundle(n uint64) ([][]byte, error) {
	entries, _, err := c.readBundle(n)
	return entries, err
}

// readBundle returns the entries of a bundle, and their leaf hashes.
func (c *contents) readBundle(n uint64) (entries [][]byte, leaves []tlog.Hash, err error) {
	first := n * tileWidth
	base, till := c.segmentOf(n)
	frames, err := c.readFrames(base, n)
	if err != nil {
		return nil, nil, err
	}
	want := int(min(tileWidth, till-first))
	if entries = splitFrames(frames, want); len(entries) != want {
		return nil, nil, fmt.Errorf("%s: %w: %d entries from %d on, where %d were expected",
			segmentName(base), ErrCorrupt, len(entries), first, want)
	}
	leaves = leafHashes(entries)
	same := false
	if base == c.base() {
		same = slices.Equal(leaves, c.leaves[first-base:][:want])
	} else {
		same = fold(leaves) == c.aboveLeaves(tileID{1, n / tileWidth})[n%tileWidth]
	}
	if !same {
		return nil, nil, fmt.Errorf("%s: %w: entries from %d on are not those in the tree", segmentName(base), ErrCorrupt, first)
	}
	return entries, leaves, nil
}

// segmentOf returns the first entry of the segment that has a bundle, and that of
// the one behind it, which for the live segment is the end of the log.
func (c *contents) segmentOf(n uint64) (base, till uint64) {
	i, found := slices.BinarySearch(c.bases, n*tileWidth)
	if !found {
		i--
	}
	if i+1 < len(c.bases) {
		return c.bases[i], c.bases[i+1]
	}
	return c.bases[i], c.tree.size
}

// readFrames reads the frames of a bundle from its segment, unchecked.
func (c *contents) readFrames(base, n uint64) ([]byte, error) {
	from, till := int64(0), c.end
	if n*tileWidth > base {
		from = c.ends[n-1]
	}
	if n < uint64(len(c.ends)) {
		till = c.ends[n]
	}
	if base == c.base() {
		return readPart(c.wal, segmentName(base), from, till)
	}
	return openPart(c.disk, c.dir, segmentName(base), from, till)
}

// openPart reads bytes of a file that must be there.
func openPart(disk durable.Disk, dir, name string, from, till int64) ([]byte, error) {
	f, err := disk.Open(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w: the file is missing", name, ErrCorrupt)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close() // Read only: nothing can be lost.
	return readPart(f, name, from, till)
}

// readPart reads bytes that a file must have.
func readPart(f durable.File, name string, from, till int64) ([]byte, error) {
	data := make([]byte, till-from)
	n, err := f.ReadAt(data, from)
	if n == len(data) {
		return data, nil
	}
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w: ends before byte %d", name, ErrCorrupt, till)
	}
	return nil, err
}

// hashes returns the hashes of a tile, full or as far as it goes, held against
// the tree's edge.
func (c *contents) hashes(id tileID) ([]tlog.Hash, error) {
	if id.level == 0 && id.n >= c.base()/tileWidth {
		i := (id.n - c.base()/tileWidth) * tileWidth
		return c.leaves[i:min(i+tileWidth, uint64(len(c.leaves)))], nil
	}
	if id.level > 0 {
		return c.aboveLeaves(id), nil
	}
	_, leaves, err := c.readBundle(id.n)
	return leaves, err
}

// aboveLeaves returns the hashes of a tile of level 1 or up.
func (c *contents) aboveLeaves(id tileID) []tlog.Hash {
	if hashes, full := c.above[id]; full {
		return hashes
	}
	return c.tree.edge[id.level]
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
