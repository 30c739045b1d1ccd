// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"path/filepath"
	"slices"
	"sync"
)

// A Content is what WriteFiles puts under a name.
type Content struct {
	Name string
	Data []byte
}

// WriteFiles is WriteFile for many files, with up to workers of them under way
// at once and one sync per directory. When it returns without error, all of
// them are durable; otherwise each name holds all of its data or what it held
// before. No name may stand twice, and no other caller writes the same names.
func WriteFiles(disk Disk, workers int, files []Content) error {
	dirs := make(map[string]bool)
	var order []string
	for _, f := range files {
		if dir := filepath.Dir(f.Name); !dirs[dir] {
			dirs[dir] = true
			order = append(order, dir)
		}
	}
	slices.Sort(order)
	for _, dir := range order {
		if err := MkdirAll(disk, dir); err != nil {
			return err
		}
	}
	err := each(workers, len(files), func(i int) error {
		if err := writeTemp(disk, files[i].Name+TempSuffix, files[i].Data); err != nil {
			return err
		}
		// If we die here, the name still holds what it held before.
		return disk.Rename(files[i].Name+TempSuffix, files[i].Name)
	})
	if err != nil {
		return err
	}
	// If we die here, each name holds either, each of them whole.
	return each(workers, len(order), func(i int) error { return disk.SyncDir(order[i]) })
}

// writeTemp makes a file's bytes durable, but not its name.
func writeTemp(disk Disk, temp string, data []byte) error {
	f, err := disk.Create(temp)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(data, 0)
	if err == nil {
		err = f.Sync()
	}
	if errClose := f.Close(); err == nil {
		err = errClose
	}
	return err
}

// each calls do for 0 to n-1, on up to workers goroutines, and returns the error
// of the lowest number that failed. After an error it begins no more.
func each(workers, n int, do func(i int) error) error {
	if workers <= 1 {
		for i := range n {
			if err := do(i); err != nil {
				return err
			}
		}
		return nil
	}
	var mu sync.Mutex
	next, failed, first := 0, n, error(nil) // guarded by mu
	var wg sync.WaitGroup
	for range min(workers, n) {
		wg.Go(func() {
			for {
				mu.Lock()
				i := next
				next++
				stop := first != nil
				mu.Unlock()
				if stop || i >= n {
					return
				}
				if err := do(i); err != nil {
					mu.Lock()
					if i < failed {
						failed, first = i, err
					}
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return first
}
