// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"sync"

	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/record"
)

// noteSizeMax bounds a signed note in bytes. Source: what package record writes
// at most, 100 cosignatures of ML-DSA-44.
const noteSizeMax = 512 << 10

// kept is every checkpoint that this mirror ever saw, from whomever, also those
// that it could not prove, under checkpoints/<size>/<root>. A file in it is
// never changed: of the notes with one text the first stays.
type kept struct {
	disk     durable.Disk
	dir      string
	verifier note.Verifier

	mu sync.Mutex
	// waiting are the sizes beyond the entries that are held here; guarded by mu.
	waiting []uint64
}

// openKept finds the kept checkpoints of more than held entries. The others
// were compared when they came.
func openKept(disk durable.Disk, dir string, verifier note.Verifier, held uint64) (*kept, error) {
	k := &kept{disk: disk, dir: dir, verifier: verifier}
	names, err := disk.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	if err != nil {
		return nil, fmt.Errorf("mirror: %w", err)
	}
	for _, name := range names {
		size, err := strconv.ParseUint(name, 10, 63)
		if err != nil || strconv.FormatUint(size, 10) != name {
			return nil, fmt.Errorf("mirror: %s: %w: a foreign file among the checkpoints", filepath.Join(dir, name), ErrInvalid)
		}
		if size <= held {
			continue
		}
		// There is none if somebody died while the first of that size was written.
		if found, err := k.of(size); err != nil {
			return nil, err
		} else if len(found) > 0 {
			k.waiting = append(k.waiting, size)
		}
	}
	slices.Sort(k.waiting)
	return k, nil
}

func (k *kept) folder(size uint64) string {
	return filepath.Join(k.dir, strconv.FormatUint(size, 10))
}

// keep stores a checkpoint that the log's key signed, and returns after it is
// durable.
func (k *kept) keep(c record.Checkpoint) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	// Also if it is there: whoever made it may have died before its name was durable.
	folder := k.folder(c.Size)
	name := filepath.Join(folder, fmt.Sprintf("%x", c.Root))
	err := durable.MkdirAll(k.disk, k.dir)
	if err == nil {
		err = durable.MkdirAll(k.disk, folder)
	}
	if err != nil {
		return fmt.Errorf("mirror: keep checkpoint: %w", err)
	}
	if _, err = k.disk.ReadFile(name, noteSizeMax); err == nil {
		err = k.disk.SyncDir(folder)
	} else if errors.Is(err, fs.ErrNotExist) {
		err = durable.WriteFile(k.disk, name, c.Note)
	}
	if err != nil {
		return fmt.Errorf("mirror: keep checkpoint: %w", err)
	}
	if at, found := slices.BinarySearch(k.waiting, c.Size); !found {
		k.waiting = slices.Insert(k.waiting, at, c.Size)
	}
	return nil
}

// of returns the checkpoints of a size that were seen: more than one if the log
// has signed two histories.
func (k *kept) of(size uint64) ([]record.Checkpoint, error) {
	names, err := k.disk.ReadDir(k.folder(size))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("mirror: kept checkpoints: %w", err)
	}
	var found []record.Checkpoint
	for _, name := range names {
		if filepath.Ext(name) == durable.TempSuffix {
			continue // Somebody died while it was written: nothing was promised.
		}
		path := filepath.Join(k.folder(size), name)
		signed, err := k.disk.ReadFile(path, noteSizeMax)
		if err != nil {
			return nil, fmt.Errorf("mirror: kept checkpoints: %w", err)
		}
		c, err := openCheckpoint(signed, k.verifier)
		var unknown *note.UnverifiedNoteError
		if errors.As(err, &unknown) {
			continue // of a handover that the entries did not bear out: it says nothing
		}
		if err != nil || c.Size != size {
			return nil, fmt.Errorf("mirror: %s: %w: it was changed since it was kept", path, errors.Join(ErrInvalid, err))
		}
		found = append(found, c)
	}
	return found, nil
}

// between returns the checkpoints with held < size <= till, which are to be
// compared before entries up to till are taken.
func (k *kept) between(held, till uint64) ([]record.Checkpoint, error) {
	k.mu.Lock()
	sizes := slices.Clone(k.waiting)
	k.mu.Unlock()
	var found []record.Checkpoint
	for _, size := range sizes {
		if size <= held || size > till {
			continue
		}
		some, err := k.of(size)
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	return found, nil
}

// compared says that the entries up to held were taken.
func (k *kept) compared(held uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.waiting = slices.DeleteFunc(k.waiting, func(size uint64) bool { return size <= held })
}

// largest is the largest size that anybody showed.
func (k *kept) largest(held uint64) uint64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.waiting) == 0 {
		return held
	}
	return max(held, k.waiting[len(k.waiting)-1])
}

// openCheckpoint reads a checkpoint of the one log whose key is given.
func openCheckpoint(signed []byte, verifier note.Verifier) (record.Checkpoint, error) {
	c, err := record.ParseCheckpoint(signed, verifier)
	if err != nil {
		return record.Checkpoint{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if c.Origin != verifier.Name() {
		return record.Checkpoint{}, fmt.Errorf("%w: checkpoint of %q, signed with the key of %q", ErrInvalid, c.Origin, verifier.Name())
	}
	return c, nil
}

// without is the note with the log's signature alone, and the lines of the others.
func without(c record.Checkpoint, verifier note.Verifier) (own, lines []byte, err error) {
	opened, err := note.Open(c.Note, note.VerifierList(record.VerifierAt(verifier, c.Size)))
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	own, err = note.Sign(&note.Note{Text: opened.Text, Sigs: opened.Sigs})
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return own, bytes.TrimPrefix(c.Note, []byte(opened.Text+"\n")), nil
}
