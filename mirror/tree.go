// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/trucewatch/trucewatch/record"
)

const (
	tileHeight   = 8                                     // levels of the tree in a tile. Source: C2SP tlog-tiles
	tileWidth    = 1 << tileHeight                       // hashes in a full tile, entries in a full bundle
	hashTileSize = tileWidth * tlog.HashSize             // bytes
	bundleMax    = tileWidth * (2 + record.EntrySizeMax) // bytes. Source: C2SP tlog-tiles
)

// tilePath is where C2SP tlog-tiles puts a tile of a level, "entries" for a
// bundle, with that many hashes or entries.
func tilePath(level string, n uint64, width int) string {
	path := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		path = fmt.Sprintf("x%03d/%s", n%1000, path)
	}
	path = "tile/" + level + "/" + path
	if width < tileWidth {
		path += fmt.Sprintf(".p/%d", width)
	}
	return path
}

// A tree is the tree under a signed checkpoint, read from a source. Every hash
// that it gives was held against the checkpoint's root. It may be used by many
// at once.
type tree struct {
	ctx    context.Context // of the one pull that the tree is for
	source Source
	signed record.Checkpoint
	hashes tlog.HashReader

	mu    sync.Mutex
	tiles map[string][]byte // that were held against the root; guarded by mu
}

func newTree(ctx context.Context, source Source, signed record.Checkpoint) *tree {
	t := &tree{ctx: ctx, source: source, signed: signed, tiles: map[string][]byte{}}
	t.hashes = tlog.TileHashReader(tlog.Tree{N: int64(signed.Size), Hash: signed.Root}, t)
	return t
}

// Height implements tlog.TileReader.
func (t *tree) Height() int { return tileHeight }

// ReadTiles implements tlog.TileReader.
func (t *tree) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data, errs := make([][]byte, len(tiles)), make([]error, len(tiles))
	var all sync.WaitGroup
	for i, tile := range tiles {
		all.Go(func() { data[i], errs[i] = t.readTile(tile) })
	}
	all.Wait()
	return data, errors.Join(errs...)
}

func (t *tree) readTile(tile tlog.Tile) ([]byte, error) {
	path := tilePath(fmt.Sprint(tile.L), uint64(tile.N), tile.W)
	t.mu.Lock()
	known, ok := t.tiles[path]
	t.mu.Unlock()
	if ok {
		return known, nil
	}
	data, err := t.fetch(fmt.Sprint(tile.L), uint64(tile.N), tile.W, hashTileSize)
	if err != nil {
		return nil, err
	}
	size := tile.W * tlog.HashSize
	if len(data) < size || len(data) != hashTileSize && len(data) != size {
		return nil, fmt.Errorf("mirror: %s from %v: %w: %d bytes", path, t.source, ErrTampered, len(data))
	}
	return data[:size], nil
}

// fetch returns a tile or bundle, or the full one in its place: a source need not
// keep a partial one when it has grown.
//
// Source: C2SP tlog-tiles.
func (t *tree) fetch(level string, n uint64, width int, limit int64) ([]byte, error) {
	data, err := t.source.Fetch(t.ctx, tilePath(level, n, width), limit)
	if errors.Is(err, ErrNotFound) && width < tileWidth {
		if full, err := t.source.Fetch(t.ctx, tilePath(level, n, tileWidth), limit); err == nil {
			return full, nil
		}
	}
	return data, err
}

// SaveTiles implements tlog.TileReader.
func (t *tree) SaveTiles(tiles []tlog.Tile, data [][]byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, tile := range tiles {
		// Of the many tiles of the lowest level each is asked for once.
		if tile.L > 0 || tile.W < tileWidth {
			t.tiles[tilePath(fmt.Sprint(tile.L), uint64(tile.N), tile.W)] = data[i]
		}
	}
}

// proven gives an error of reading hashes its kind: what is not there, or not
// as signed, was not proven.
func (t *tree) proven(what string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, ErrUnavailable) || errors.Is(err, ErrTampered) || t.ctx.Err() != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return fmt.Errorf("mirror: %s from %v: %w: %w", what, t.source, ErrTampered, err)
}

// rootAt is the root of the first size entries.
func (t *tree) rootAt(size uint64) (tlog.Hash, error) {
	switch size {
	case 0:
		return sha256.Sum256(nil), nil // tlog has zeros there.
	case t.signed.Size:
		return t.signed.Root, nil
	}
	root, err := tlog.TreeHash(int64(size), t.hashes)
	return root, t.proven(fmt.Sprintf("tree of %d entries in %d", size, t.signed.Size), err)
}

// proof is the consistency proof of the first size entries.
func (t *tree) proof(size uint64) (tlog.TreeProof, error) {
	if size == 0 || size == t.signed.Size {
		return nil, nil
	}
	proof, err := tlog.ProveTree(int64(t.signed.Size), int64(size), t.hashes)
	return proof, t.proven(fmt.Sprintf("consistency of %d entries in %d", size, t.signed.Size), err)
}

// bundle returns the entries of bundle n, as far as the tree has them, all of
// which are what the root commits to.
func (t *tree) bundle(n uint64) ([][]byte, error) {
	width := int(min(t.signed.Size-n*tileWidth, tileWidth))
	data, err := t.fetch("entries", n, width, bundleMax)
	if err != nil {
		return nil, err
	}
	path := tilePath("entries", n, width)
	entries, err := splitBundle(data)
	if err != nil {
		return nil, fmt.Errorf("mirror: %s from %v: %w: %w", path, t.source, ErrTampered, err)
	}
	if len(entries) < width {
		return nil, fmt.Errorf("mirror: %s from %v: %w: %d entries where %d are signed for", path, t.source, ErrTampered, len(entries), width)
	}
	entries = entries[:width]
	leaves := make([]tlog.Hash, width)
	for i, entry := range entries {
		leaves[i] = tlog.RecordHash(entry)
	}
	if width == tileWidth {
		// One hash of the level above stands for the bundle.
		want, err := t.hashes.ReadHashes([]int64{tlog.StoredHashIndex(tileHeight, int64(n))})
		if err != nil {
			return nil, t.proven(path, err)
		}
		if fold(slices.Clone(leaves)) == want[0] {
			return entries, nil
		}
	}
	return entries, t.compare(n, leaves)
}

// fold is the hash over a full bundle's leaves, which it overwrites.
//
// Source: RFC 6962, section 2.1.
func fold(leaves []tlog.Hash) tlog.Hash {
	for ; len(leaves) > 1; leaves = leaves[:len(leaves)/2] {
		for i := range len(leaves) / 2 {
			leaves[i] = tlog.NodeHash(leaves[2*i], leaves[2*i+1])
		}
	}
	return leaves[0]
}

// compare holds the leaves of a bundle one by one to the tree, and names the
// first that is another.
func (t *tree) compare(n uint64, leaves []tlog.Hash) error {
	indexes := make([]int64, len(leaves))
	for i := range leaves {
		indexes[i] = tlog.StoredHashIndex(0, int64(n)*tileWidth+int64(i))
	}
	want, err := t.hashes.ReadHashes(indexes)
	if err != nil {
		return t.proven(tilePath("0", n, len(leaves)), err)
	}
	for i := range leaves {
		if leaves[i] != want[i] {
			return fmt.Errorf("mirror: entry %d from %v: %w: it has another hash than the tree of the checkpoint of %d entries",
				n*tileWidth+uint64(i), t.source, ErrTampered, t.signed.Size)
		}
	}
	return nil
}

// splitBundle takes an entry bundle apart: each entry has its length before it,
// in 16 bits, big endian. Source: C2SP tlog-tiles.
func splitBundle(data []byte) ([][]byte, error) {
	var entries [][]byte
	for len(data) > 0 {
		if len(data) < 2 {
			return nil, fmt.Errorf("bundle ends in the length of entry %d", len(entries))
		}
		size := int(binary.BigEndian.Uint16(data))
		if data = data[2:]; size == 0 || size > len(data) {
			return nil, fmt.Errorf("bundle: entry %d has %d bytes, and %d are left", len(entries), size, len(data))
		}
		if len(entries) == tileWidth {
			return nil, fmt.Errorf("bundle has more than %d entries", tileWidth)
		}
		entries, data = append(entries, data[:size:size]), data[size:]
	}
	return entries, nil
}

// ahead is how many bundles are fetched at once. Guess: enough to fill a link of
// 100 ms and 10 MB/s with bundles of 100 KiB; test: BenchmarkRestoreOverHTTP with
// a delay. With the largest entries there are, they take 130 MiB.
const ahead = 8

// A stream gives the entries of a tree in order, and fetches ahead.
type stream struct {
	cancel context.CancelFunc
	queue  chan chan fetched // in order; each gets one result
	next   uint64            // index of the entry to give next
	till   uint64            // behind the last one
	bundle [][]byte          // the one in which next lies; nil before the first
	err    error             // for good
}

type fetched struct {
	entries [][]byte
	err     error
}

// entries gives the entries from an index on.
func (t *tree) entries(from uint64) *stream {
	ctx, cancel := context.WithCancel(t.ctx)
	s := &stream{cancel: cancel, queue: make(chan chan fetched, ahead), next: from, till: t.signed.Size}
	go func() {
		defer close(s.queue)
		for n := from / tileWidth; n*tileWidth < t.signed.Size; n++ {
			result := make(chan fetched, 1)
			select {
			case s.queue <- result: // Waits while enough are under way.
			case <-ctx.Done():
				return
			}
			go func() {
				entries, err := t.bundle(n)
				result <- fetched{entries, err}
			}()
		}
	}()
	return s
}

// Next returns the next entry and its index, or ErrNotFound behind the last one.
func (s *stream) Next() (uint64, []byte, error) {
	if s.err == nil && s.next >= s.till {
		s.err = fmt.Errorf("mirror: entry %d: %w", s.next, ErrNotFound)
	}
	if s.err == nil && s.bundle == nil {
		result, ok := <-s.queue
		if !ok {
			s.err = context.Canceled
			return 0, nil, s.err
		}
		f := <-result
		s.bundle, s.err = f.entries, f.err
	}
	if s.err != nil {
		return 0, nil, s.err
	}
	index := s.next
	entry := s.bundle[index%tileWidth]
	if s.next++; s.next%tileWidth == 0 {
		s.bundle = nil
	}
	return index, entry, nil
}

// Close ends fetching.
func (s *stream) Close() { s.cancel() }
