// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/seal"
)

// restoreBatch is how many boxes are put with one sync: a box has 1 MiB at most,
// and few have more than some KiB. Guess; test: make bench, restore.
const restoreBatch = 256

// RestoreBoxes brings boxes that the packs under from hold to those under to, and
// returns how many were missing there. What was destroyed at either place stays
// so; a damaged box is passed over and reported as seal.ErrCorrupt at the end.
//
// Whoever can change from can keep boxes back, and cannot make one: each is held
// to its hash, which the record names.
func RestoreBoxes(disk durable.Disk, from, to string) (n int, err error) {
	source, err := seal.ReadStore(disk, from)
	if err != nil {
		return 0, fmt.Errorf("mirror: restore: %w", err)
	}
	defer source.Close() // Read only: nothing can be lost.
	if err := durable.MkdirAll(disk, filepath.Dir(to)); err != nil {
		return 0, fmt.Errorf("mirror: restore: %w", err)
	}
	store, err := seal.OpenStore(disk, to)
	if err != nil {
		return 0, fmt.Errorf("mirror: restore: %w", err)
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	var damaged error
	for _, class := range source.Classes() {
		var batch [][]byte
		flush := func() error {
			err := store.Put(class, batch)
			if err == nil {
				n += len(batch)
			}
			batch = nil
			return err
		}
		for hash := range source.All(class) {
			if state := store.State(class, hash); state == seal.Present || state == seal.Destroyed {
				continue
			}
			box, err := source.Get(class, hash)
			if errors.Is(err, seal.ErrDestroyed) {
				continue
			} else if err != nil {
				damaged = err
				continue
			}
			if batch = append(batch, box); len(batch) == restoreBatch {
				if err := flush(); err != nil {
					return n, fmt.Errorf("mirror: restore: %w", err)
				}
			}
		}
		if err := flush(); err != nil {
			return n, fmt.Errorf("mirror: restore: %w", err)
		}
	}
	if damaged != nil {
		return n, fmt.Errorf("mirror: restore: %w", damaged)
	}
	return n, nil
}
