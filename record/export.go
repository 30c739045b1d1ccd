// SPDX-License-Identifier: Apache-2.0

package record

import (
	"fmt"
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
	var cache tileCache
	put := func(id tileID, width int) error {
		data, err := r.contents.tile(id, width, &cache)
		if err == nil {
			err = ensureFile(disk, dst, tilePath(id.level, id.n, width), data)
		}
		if err != nil {
			return fmt.Errorf("record: export %s: %w", tilePath(id.level, id.n, width), err)
		}
		return nil
	}
	size := r.signed.Size
	for id := range fullTiles(0, size) {
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
