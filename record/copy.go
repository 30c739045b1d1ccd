// SPDX-License-Identifier: Apache-2.0

package record

import (
	"fmt"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/trucewatch/trucewatch/internal/durable"
)

const (
	// bulkBundles is from how many whole bundles on Extend writes them as tiles
	// at once, past the write-ahead log.
	//
	// Source: measured, steps of 16 bundles went at 58k entries/s either way, and
	// at 128k with 32 as tiles.
	bulkBundles = 16

	// chunkSizeMax and chunkBundles bound what is in memory between two writes,
	// in bytes of entries and in bundles; three chunks are under way at once.
	//
	// Guess: a second's work. Test: BenchmarkRestore with others.
	chunkSizeMax = 32 << 20
	chunkBundles = 128
)

// copyEntries appends entries from next up to size. Few go the way of Append, in
// the live segment, which is not left. Of many, the whole bundles are written as
// tiles without passing through the write-ahead log: until the checkpoint is
// published, the old segment is there, and the log can be cut back to it.
func (l *Log) copyEntries(size uint64, next func() ([]byte, error)) error {
	from := l.contents.tree.size
	border := (from + tileWidth - 1) / tileWidth * tileWidth // from where bundles are whole
	last := size / tileWidth * tileWidth                     // till where they are
	if size <= l.contents.base+l.segment && size < border+l.bulk*tileWidth {
		return l.copyFew(size, next)
	}
	if err := l.copyFew(border, next); err != nil {
		return err
	}
	// The segment is left behind: what it has must be in tiles.
	if err := l.tileNow(); err != nil {
		return err
	}
	edge := l.contents.tree.clone()
	if err := l.copyBundles(&edge, last, next); err != nil {
		return err
	}
	if err := l.beginSegment(edge); err != nil {
		return err
	}
	return l.copyFew(size, next)
}

// copyFew appends entries to the live segment, which has room for them.
func (l *Log) copyFew(till uint64, next func() ([]byte, error)) error {
	for l.contents.tree.size < till {
		var group [][]byte
		bytes := int64(0)
		for first := l.contents.tree.size; first+uint64(len(group)) < till && bytes < groupSizeMax-EntrySizeMax-frameHeaderSize; {
			entry, err := next()
			if err != nil {
				return fmt.Errorf("entry %d: %w", first+uint64(len(group)), err)
			}
			group = append(group, append([]byte(nil), entry...))
			bytes += frameSize(entry)
		}
		if err := l.writeGroup(group); err != nil {
			return err
		}
	}
	return nil
}

// beginSegment begins a segment behind the entries of edge, all of which are in
// tiles. The old segment stays on the disk until the checkpoint is published.
func (l *Log) beginSegment(edge tree) error {
	wal, err := createSegment(l.disk, l.dir, edge.size)
	if err != nil {
		return err
	}
	old := l.contents
	l.mu.Lock()
	l.contents = &contents{disk: l.disk, dir: l.dir, tree: edge, base: edge.size, wal: wal, fresh: make(map[tileID][]tlog.Hash)}
	l.mu.Unlock()
	return old.wal.Close()
}

// A chunk is some whole bundles on their way to the disk.
type chunk struct {
	first   uint64   // bundle
	bundles [][]byte // as in their files
	err     error    // of the source, behind these bundles
}

// copyBundles writes the bundles up to entry last, and all tiles over them, and
// adds their entries to edge. Reading, hashing and writing overlap.
func (l *Log) copyBundles(edge *tree, last uint64, next func() ([]byte, error)) error {
	chunks := make(chan chunk, 1)
	done := make(chan error, 1)
	go func() {
		var failed error
		for c := range chunks {
			if failed == nil {
				failed = l.writeChunk(edge, c)
			}
			if failed != nil {
				select {
				case done <- failed: // At once, so that no more is read.
				default:
				}
			}
		}
		close(done)
	}()
	var err error
	for n := edge.size / tileWidth; err == nil && n < last/tileWidth; {
		c := readChunk(n, last/tileWidth, next)
		n += uint64(len(c.bundles))
		err = c.err
		select {
		case chunks <- c:
		case errWrite := <-done:
			err = errWrite
		}
	}
	close(chunks)
	for errWrite := range done { // Waits for the writer.
		if err == nil {
			err = errWrite
		}
	}
	return err
}

// readChunk reads whole bundles from n, before till.
func readChunk(n, till uint64, next func() ([]byte, error)) chunk {
	c := chunk{first: n}
	for size := 0; n < till && len(c.bundles) < chunkBundles && size < chunkSizeMax; n++ {
		var bundle []byte
		for i := range tileWidth {
			entry, err := next()
			if err != nil {
				c.err = fmt.Errorf("entry %d: %w", n*tileWidth+uint64(i), err)
				return c
			}
			bundle = appendBundle(bundle, entry)
		}
		c.bundles = append(c.bundles, bundle)
		size += len(bundle)
	}
	return c
}

// writeChunk makes bundles durable and adds their entries to edge.
func (l *Log) writeChunk(edge *tree, c chunk) error {
	var files []durable.Content
	put := func(id tileID, data []byte) {
		files = append(files, durable.Content{Name: filepath.Join(l.dir, id.path()), Data: data})
	}
	for i, bundle := range c.bundles {
		put(tileID{entriesLevel, c.first + uint64(i)}, bundle)
		entries, err := splitBundle(bundle, tileWidth)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			// The function below cannot fail, so neither can add.
			_ = edge.add(tlog.RecordHash(entry), func(level int, n uint64, hashes []tlog.Hash) error {
				put(tileID{level, n}, encodeHashes(hashes))
				return nil
			})
		}
	}
	return durable.WriteFiles(l.disk, l.workers, files)
}
