// SPDX-License-Identifier: Apache-2.0

package record

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path/filepath"

	"github.com/trucewatch/trucewatch/internal/durable"
)

// Export writes the signed part of the log to dst as static files, partial
// tiles included, so that any C2SP tlog-tiles client can read the copy from a
// folder or a web server. Exporting again to the same folder adds what is new;
// files that are there already must have the same bytes, or it is ErrCorrupt.
// The checkpoint is written last, so that it never promises a tile that is not
// there. Partial tiles of earlier exports stay.
//
// Source: C2SP tlog-tiles.
func (r *Reader) Export(dst string) error {
	return r.export(durable.OS{}, dst)
}

func (r *Reader) export(disk durable.Disk, dst string) error {
	put := func(id tileID, width int) error {
		data, err := r.contents.tile(id, width)
		if err == nil {
			err = ensureFile(disk, dst, tilePath(id.level, id.n, width), data)
		}
		if err != nil {
			return fmt.Errorf("record: export %s: %w", tilePath(id.level, id.n, width), err)
		}
		return nil
	}
	size := r.signed.Size
	for id := range fullTiles(size) {
		if err := put(id, tileWidth); err != nil {
			return err
		}
	}
	for level := range levelMax {
		hashes := size >> (tileHeight * level) // hashes at this level
		n, width := hashes/tileWidth, int(hashes%tileWidth)
		if width == 0 {
			continue
		}
		if err := put(tileID{level, n}, width); err != nil {
			return err
		}
		if level > 0 {
			continue
		}
		if err := put(tileID{entriesLevel, n}, width); err != nil {
			return err
		}
	}
	if err := durable.WriteFile(disk, filepath.Join(dst, checkpointName), r.signed.Note); err != nil {
		return fmt.Errorf("record: export checkpoint: %w", err)
	}
	return nil
}

// fullTiles gives the full tiles of a log of size entries, in order: a bundle before its hashes, and a tile after all that lie under it.
func fullTiles(size uint64) iter.Seq[tileID] {
	return func(yield func(tileID) bool) {
		for n := range size / tileWidth {
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

// ensureFile writes a file durably unless it is there; being there with other
// bytes is an error.
func ensureFile(disk durable.Disk, dir, path string, data []byte) error {
	name := filepath.Join(dir, path)
	old, err := disk.ReadFile(name, bundleSizeMax)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return durable.WriteFile(disk, name, data)
	case errors.Is(err, durable.ErrTooLong), err == nil && !bytes.Equal(old, data):
		return fmt.Errorf("%s: %w: is there with other content", path, ErrCorrupt)
	}
	return err
}
