// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path/filepath"
	"slices"
	"sync"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/internal/durable"
)

// A State is what a store has of a box.
type State string

// The states.
const (
	Present   State = "present"   // and its bytes are those of its hash
	Destroyed State = "destroyed" // it was here, or was refused for good, and its bytes are zeros, or are being overwritten
	Missing   State = "missing"
	Damaged   State = "damaged" // there are bytes for it, but not its own
)

// A Store holds boxes by class in pack files under one directory. Its methods
// may be called at once.
//
// Whoever can change the files can destroy boxes, which shows, and cannot make a
// box that was not sealed: every box that is read is compared with its hash.
// Whoever can read the files learns how many boxes there are, how large, and
// which hashes are no covers.
type Store struct {
	disk     durable.Disk
	dir      string
	readOnly bool
	lock     io.Closer

	mu      sync.RWMutex
	shelves map[string]*shelf
}

// OpenStore opens the boxes under dir for reading and writing, makes dir if it is
// missing, and ends destructions that a crash broke off. One process at a time:
// a second one is durable.ErrLocked.
func OpenStore(disk durable.Disk, dir string) (*Store, error) {
	if err := durable.MkdirAll(disk, dir); err != nil {
		return nil, fmt.Errorf("open boxes: %w", err)
	}
	lock, err := disk.Lock(dir)
	if err != nil {
		return nil, fmt.Errorf("open boxes: %w", err)
	}
	s := &Store{disk: disk, dir: dir, lock: lock, shelves: make(map[string]*shelf)}
	// Directories that a crash left unsynced must not vanish under new packs.
	if err := errors.Join(disk.SyncDir(dir), s.load()); err != nil {
		s.Close() // The error of loading is the one to tell.
		return nil, err
	}
	return s, nil
}

// ReadStore opens the boxes under dir for reading, also while another process
// writes; it sees those that were there when it was opened. What would write is
// ErrInvalid.
func ReadStore(disk durable.Disk, dir string) (*Store, error) {
	s := &Store{disk: disk, dir: dir, readOnly: true, shelves: make(map[string]*shelf)}
	if err := s.load(); err != nil {
		s.Close() // The error of loading is the one to tell.
		return nil, err
	}
	return s, nil
}

func (s *Store) load() error {
	names, err := s.disk.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("boxes under %s: %w", s.dir, ErrNotFound)
	}
	if err != nil {
		return fmt.Errorf("open boxes: %w", err)
	}
	for _, class := range names {
		if checkClass(class) != nil || s.shelves[class] != nil {
			continue
		}
		sh, err := loadShelf(s.disk, filepath.Join(s.dir, class), s.readOnly)
		if err != nil {
			return fmt.Errorf("open boxes of %s: %w", class, err)
		}
		s.shelves[class] = sh
	}
	return nil
}

// Refresh takes in the boxes that another process has put since ReadStore. What
// that process has destroyed is seen without it.
func (s *Store) Refresh() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.readOnly || s.shelves == nil {
		return fmt.Errorf("refresh boxes: %w: the store is closed or open for writing", ErrInvalid)
	}
	for class, sh := range s.shelves {
		if err := sh.refresh(); err != nil {
			return fmt.Errorf("refresh boxes of %s: %w", class, err)
		}
	}
	return s.load()
}

// Close ends the use of the store.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, sh := range s.shelves {
		errs = append(errs, sh.close())
	}
	s.shelves = nil
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
		s.lock = nil
	}
	return errors.Join(errs...)
}

// Classes lists the classes that have a directory here, sorted.
func (s *Store) Classes() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	classes := make([]string, 0, len(s.shelves))
	for class := range s.shelves {
		classes = append(classes, class)
	}
	slices.Sort(classes)
	return classes
}

// writable returns the class's shelf, and makes it if it is missing. The lock is
// held.
func (s *Store) writable(class string) (*shelf, error) {
	if s.readOnly || s.shelves == nil {
		return nil, fmt.Errorf("boxes of %s: %w: the store is closed or open for reading only", class, ErrInvalid)
	}
	if err := checkClass(class); err != nil {
		return nil, err
	}
	if sh := s.shelves[class]; sh != nil {
		return sh, sh.failed
	}
	dir := filepath.Join(s.dir, class)
	if err := durable.MkdirAll(s.disk, dir); err != nil {
		return nil, err
	}
	sh, err := loadShelf(s.disk, dir, false)
	if err == nil {
		s.shelves[class] = sh
	}
	return sh, err
}

// Put keeps boxes. When it returns nil they are on the disk; there is one sync
// for all of them. A box that is here is not written again. A box that was
// destroyed is ErrDestroyed, and none of the boxes is then kept.
func (s *Store) Put(class string, boxes [][]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh, err := s.writable(class)
	if err != nil {
		return fmt.Errorf("put boxes of %s: %w", class, err)
	}
	if err := sh.put(boxes); err != nil {
		return fmt.Errorf("put boxes of %s: %w", class, err)
	}
	return nil
}

// Get returns the box with this hash: ErrNotFound, ErrDestroyed or ErrCorrupt if
// it is not there.
func (s *Store) Get(class string, hash trucewatch.Hash) ([]byte, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	box, state := s.read(class, hash)
	var err error
	switch state {
	case Missing:
		err = ErrNotFound
	case Destroyed:
		err = ErrDestroyed
	case Damaged:
		err = ErrCorrupt
	}
	if err != nil {
		return nil, fmt.Errorf("%s box %s: %w", class, hash, err)
	}
	return box, nil
}

func (s *Store) read(class string, hash trucewatch.Hash) ([]byte, State) {
	if sh := s.shelves[class]; sh != nil {
		return sh.read(hash)
	}
	return nil, Missing
}

// Has says whether there are bytes for the box; it does not read them.
func (s *Store) Has(class string, hash trucewatch.Hash) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	sh := s.shelves[class]
	return sh != nil && sh.has(hash)
}

// State reads the box and says what there is of it.
func (s *Store) State(class string, hash trucewatch.Hash) State {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, state := s.read(class, hash)
	return state
}

// All lists the hashes of the class's boxes, the destroyed ones too, in the order
// in which they came, as they are at the time of the call.
func (s *Store) All(class string) iter.Seq[trucewatch.Hash] {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var hashes []trucewatch.Hash
	if sh := s.shelves[class]; sh != nil {
		hashes = sh.hashes()
	}
	return slices.Values(hashes)
}

// Destroy overwrites the bytes of boxes with zeros, all copies of them, and
// marks them so that they are never taken again. A box that is not here is
// marked too: this holder will refuse it. When Destroy returns nil, it is on the
// disk; if it is broken off, OpenStore ends it.
//
// BUG: a medium that writes elsewhere than where it is told (flash, copy on
// write) keeps the old bytes for some time; they are encrypted to the epoch.
// Backups are not reached. DestroyEpoch is the answer to both.
func (s *Store) Destroy(class string, hashes []trucewatch.Hash) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh, err := s.writable(class)
	if err != nil {
		return fmt.Errorf("destroy boxes of %s: %w", class, err)
	}
	if err := sh.destroy(hashes); err != nil {
		return fmt.Errorf("destroy boxes of %s: %w", class, err)
	}
	return nil
}

// A Fault is something in a pack that the store did not write, or not there.
type Fault struct {
	Pack   string // file name under the class's directory
	Offset int64  // bytes
	Hash   trucewatch.Hash
	What   string
}

// Faults reads the class's packs whole and lists what is wrong in them, in file
// order. What a power cut left of boxes that were never acknowledged is listed
// too.
func (s *Store) Faults(class string) ([]Fault, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if sh := s.shelves[class]; sh != nil {
		return sh.faults()
	}
	return nil, nil
}

// zeros says whether all bytes are zero.
func zeros(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }
