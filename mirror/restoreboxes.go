// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

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

// RestoreKeys brings the months' keys that lie under from, wrapped to the roles
// that open them, to those under to, and returns how many were missing there. One
// that is there, or was destroyed there, stays as it is.
func RestoreKeys(disk durable.Disk, from, to string) (n int, err error) {
	for _, class := range seal.Classes() {
		names, err := disk.ReadDir(filepath.Join(from, class))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return n, fmt.Errorf("mirror: restore keys: %w", err)
		}
		// The key before its recipient, as seal makes them: see NewEpoch there.
		for _, name := range names {
			if suffix := filepath.Ext(name); !strings.HasPrefix(name, "epoch-") || suffix != ".age" && suffix != ".pub" {
				continue
			}
			if _, err := disk.ReadFile(filepath.Join(to, class, name), keySizeMax); !errors.Is(err, fs.ErrNotExist) {
				if err != nil {
					return n, fmt.Errorf("mirror: restore keys: %w", err)
				}
				continue
			}
			data, err := disk.ReadFile(filepath.Join(from, class, name), keySizeMax)
			if err == nil {
				err = durable.WriteFile(disk, filepath.Join(to, class, name), data)
			}
			if err != nil {
				return n, fmt.Errorf("mirror: restore keys: %w", err)
			}
			if filepath.Ext(name) == ".age" {
				n++
			}
		}
	}
	return n, nil
}

// keySizeMax bounds the file of a month's key in bytes. Source: that of package seal.
const keySizeMax = 1 << 20
