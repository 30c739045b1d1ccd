// SPDX-License-Identifier: Apache-2.0

package record

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"sync"

	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch/internal/durable"
)

const (
	checkpointName  = "checkpoint"
	checkpointsName = "checkpoints"
)

// A Log is a log open for writing. Its methods may be called at once.
type Log struct {
	disk    durable.Disk
	dir     string
	origin  string
	key     keyNames    // the log's own, by size
	signer  note.Signer // nil in a replica
	guard   Guard       // nil for none
	segment uint64      // entries per segment: segmentEntries, fewer in tests
	lock    io.Closer

	queueMu   sync.Mutex
	gathering *group // takes more entries; nil if nobody leads one; guarded by queueMu
	expected  int    // calls that may be there soon: who waited and who was woken; guarded by queueMu
	spare     []byte // for the frames of a next group, to be overwritten; guarded by queueMu

	// commitMu is held by the one who writes to the disk. Only he changes what
	// mu guards, so he may read it without mu.
	commitMu sync.Mutex
	guarded  State // what the guard knows; guarded by commitMu

	mu       sync.RWMutex
	contents *contents  // guarded by mu
	signed   Checkpoint // last signed; guarded by mu
	doubt    error      // first failed write or sync; guarded by mu
	closed   bool       // guarded by mu
}

// settings are the options, and what tests set otherwise.
type settings struct {
	disk    durable.Disk
	segment uint64
	Options
}

func production() settings {
	return settings{disk: durable.OS{}, segment: segmentEntries}
}

// with returns the settings with a caller's options.
func (s settings) with(options Options) settings {
	if options.Disk != nil {
		s.disk = options.Disk
	}
	s.Options = options
	return s
}

// Create makes a log without entries in dir, which must be absent or empty, or
// hold what a Create left that did not finish. The checkpoint of size 0 is
// published before it returns. origin names the log in its checkpoints, as
// "example.org/mission", and should be unique in the world and equal to the
// signer's name.
//
// The errors are ErrInvalid, ErrExists, ErrLocked, and those of the disk.
func Create(dir, origin string, signer note.Signer) (*Log, error) {
	return create(production(), dir, origin, signer)
}

// CreateWith is Create with options. The guard must not know a log of that
// origin with entries; otherwise the error is ErrRolledBack.
func CreateWith(dir, origin string, signer note.Signer, options Options) (*Log, error) {
	return create(production().with(options), dir, origin, signer)
}

func create(s settings, dir, origin string, signer note.Signer) (*Log, error) {
	if err := checkOrigin(origin); err != nil {
		return nil, fmt.Errorf("record: create %s: %w: %w", dir, ErrInvalid, err)
	}
	if err := durable.MkdirAll(s.disk, dir); err != nil {
		return nil, fmt.Errorf("record: create: %w", err)
	}
	l, err := lockLog(s, dir, func(size uint64) noteKey {
		at := signerAt(signer, size)
		return noteKey{at.Name(), at.KeyHash()}
	})
	if err != nil {
		return nil, err
	}
	l.origin, l.signer = origin, signer
	if err := l.begin(); err != nil {
		l.abandon()
		return nil, fmt.Errorf("record: create %s: %w", dir, err)
	}
	return l, nil
}

// begin writes the files of an empty log. The checkpoint comes last: without
// it there is no log, and Create may begin again.
func (l *Log) begin() error {
	if err := l.beginContents(); err != nil {
		return err
	}
	// If we die here, the directory holds an empty segment and no log.
	if err := l.guardCreate(); err != nil {
		return err
	}
	return l.publish()
}

// beginContents makes the first segment in a directory that holds nothing yet.
func (l *Log) beginContents() error {
	if err := checkUnused(l.disk, l.dir); err != nil {
		return err
	}
	wal, err := createSegment(l.disk, l.dir, 0)
	if err != nil {
		return err
	}
	l.contents = newContents(l.disk, l.dir)
	l.contents.begin(wal)
	return nil
}

// checkUnused returns an error if dir holds anything but what an unfinished
// Create leaves.
func checkUnused(disk durable.Disk, dir string) error {
	names, err := disk.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		switch name {
		case checkpointName + durable.TempSuffix, extendingName + durable.TempSuffix:
		case segmentName(0):
			_, err := disk.ReadFile(filepath.Join(dir, name), 0)
			if errors.Is(err, durable.ErrTooLong) {
				return fmt.Errorf("%w: %s is not empty", ErrExists, name)
			}
			if err != nil {
				return err
			}
		default:
			return fmt.Errorf("%w: the directory holds %s", ErrExists, name)
		}
	}
	return nil
}

// Open opens the log in dir for writing. It checks what it finds against the
// last signed checkpoint, cuts a torn tail that lies beyond it, and returns
// after all entries that it shows are durable.
//
// The errors are ErrInvalid (the signer's key is not the verifier's),
// ErrNotFound, ErrLocked, ErrCorrupt, and those of the disk.
func Open(dir string, verifier note.Verifier, signer note.Signer) (*Log, error) {
	return open(production(), dir, verifier, signer)
}

// OpenWith is Open with options. The guard must know the log, and no larger one
// and no other one; otherwise the error is ErrRolledBack, and nothing is written.
func OpenWith(dir string, verifier note.Verifier, signer note.Signer, options Options) (*Log, error) {
	return open(production().with(options), dir, verifier, signer)
}

func open(s settings, dir string, verifier note.Verifier, signer note.Signer) (*Log, error) {
	keys, own := namesOf(verifier), signerAt(signer, newest)
	if key := (noteKey{own.Name(), own.KeyHash()}); key != keys(newest) {
		return nil, fmt.Errorf("record: open %s: %w: the signer's key is %v, the verifier's %v", dir, ErrInvalid, key, keys(newest))
	}
	l, err := lockLog(s, dir, keys)
	if err != nil {
		return nil, err
	}
	l.signer = signer
	if err := l.recover(verifier, s.Adopt); err != nil {
		l.abandon()
		return nil, err
	}
	return l, nil
}

// lockLog takes the directory's lock. Until it is closed nobody else writes.
func lockLog(s settings, dir string, key keyNames) (*Log, error) {
	lock, err := s.disk.Lock(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("record: %s: %w: no such directory", dir, ErrNotFound)
	case errors.Is(err, durable.ErrLocked):
		return nil, fmt.Errorf("record: %s: %w", dir, ErrLocked)
	case err != nil:
		return nil, fmt.Errorf("record: %w", err)
	}
	return &Log{disk: s.disk, dir: dir, key: key, guard: s.Guard, segment: s.segment, lock: lock}, nil
}

// recover reads the log and brings the disk to where a writer goes on. Each
// step may be repeated, so dying anywhere in it does no harm.
func (l *Log) recover(verifier note.Verifier, adopt bool) error {
	signed, err := readCheckpoint(l.disk, l.dir, checkpointName, verifier)
	if err != nil {
		return err
	}
	l.origin, l.signed = signed.Origin, signed
	if err := l.openSigned(verifier); err != nil {
		return err
	}
	// Up to here nothing was written but what a replica left unproven was cut; an
	// error left the directory as it was.
	if err := l.guardOpen(adopt); err != nil {
		return fmt.Errorf("record: open %s: %w", l.dir, err)
	}
	if err := l.settle(); err != nil {
		return err
	}
	if err := l.guardAgree(); err != nil {
		return fmt.Errorf("record: open %s: %w", l.dir, err)
	}
	return nil
}

// openSigned reads the log and holds it against the last checkpoint, l.signed.
func (l *Log) openSigned(verifier note.Verifier) error {
	if err := checkNewest(l.disk, l.dir, l.signed.Size); err != nil {
		return err
	}
	if err := l.cutSurplus(verifier); err != nil {
		return fmt.Errorf("record: open: cut what was not proven: %w", err)
	}
	var err error
	if l.contents, err = openContents(l.disk, l.dir, l.signed, l.disk.OpenWrite); err != nil {
		return err
	}
	if err := l.contents.checkReach(); err != nil {
		return fmt.Errorf("record: open: %w", err)
	}
	return nil
}

// settle brings the disk to where a writer goes on.
func (l *Log) settle() error {
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"cut the torn tail and sync", l.contents.settle},
		{"keep checkpoint " + strconv.FormatUint(l.signed.Size, 10), l.keep},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("record: open: %s: %w", step.name, err)
		}
	}
	return nil
}

// checkNewest returns an error if a checkpoint larger than size was kept: then
// somebody put back an older state, and what was promised since is missing.
func checkNewest(disk durable.Disk, dir string, size uint64) error {
	sizes, err := keptSizes(disk, dir)
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	if len(sizes) > 0 && sizes[len(sizes)-1] > size {
		newest := sizes[len(sizes)-1]
		return fmt.Errorf("record: %s: %w: signs %d entries, but %s/%d was signed before: an older state was put back",
			checkpointName, ErrCorrupt, size, checkpointsName, newest)
	}
	return nil
}

// keptSizes lists the sizes of the checkpoints kept, ascending.
func keptSizes(disk durable.Disk, dir string) ([]uint64, error) {
	names, err := disk.ReadDir(filepath.Join(dir, checkpointsName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var sizes []uint64
	for _, name := range names {
		size, err := strconv.ParseUint(name, 10, 63)
		if err == nil && strconv.FormatUint(size, 10) == name {
			sizes = append(sizes, size)
		}
	}
	slices.Sort(sizes)
	return sizes, nil
}

// settle cuts the torn tail, which was never acknowledged, and makes sure that
// the rest is on the disk before anybody is shown it.
func (c *contents) settle() error {
	size, err := c.wal.Size()
	if err != nil {
		return err
	}
	if size > c.end {
		if err := c.wal.Truncate(c.end); err != nil {
			return err
		}
	}
	// The last group may have failed to sync, and then a second sync says yes
	// without writing. So it is written again, with the bytes it has, which
	// changes nothing if we die half way.
	from := max(0, c.end-groupSizeMax)
	group := make([]byte, c.end-from)
	if _, err := c.wal.ReadAt(group, from); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if _, err := c.wal.WriteAt(group, from); err != nil {
		return err
	}
	if err := c.wal.Sync(); err != nil {
		return err
	}
	// The names of the segment and of the checkpoint.
	return c.disk.SyncDir(c.dir)
}

// Close waits for appends that are under way and releases the log. It
// signs nothing: entries since the last checkpoint stay in the log, unsigned.
// Closing twice is ErrClosed.
func (l *Log) Close() error {
	l.commitMu.Lock()
	defer l.commitMu.Unlock()
	if l.closed {
		return fmt.Errorf("record: close: %w", ErrClosed)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	err := l.contents.wal.Close() // All of it was synced.
	if errLock := l.lock.Close(); err == nil {
		err = errLock
	}
	if err != nil {
		return fmt.Errorf("record: close: %w", err)
	}
	return nil
}

// abandon releases what a log holds that could not be opened; the reason for
// that is the error to tell.
func (l *Log) abandon() {
	if l.contents != nil {
		l.contents.wal.Close()
	}
	l.lock.Close()
}
