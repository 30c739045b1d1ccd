// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/internal/durable"
)

// chunksSuffix ends the name of the file with the hashes of an item's chunks.
const chunksSuffix = ".chunks"

// A Store keeps evidence in a directory, each item under its hash. Calls may run
// at once; one process at a time may write.
type Store struct {
	disk durable.Disk
	dir  string

	mu       sync.Mutex // held while names change
	incoming int        // items that were begun: names their temporary files
}

// OpenStore opens the store in a directory, which is made if it is missing. It
// changes nothing in one that is there, so that a reader may open it too.
func OpenStore(disk durable.Disk, dir string) (*Store, error) {
	if _, err := disk.ReadDir(dir); errors.Is(err, fs.ErrNotExist) {
		err = durable.MkdirAll(disk, dir)
		if err != nil {
			return nil, fmt.Errorf("evidence: open store: %w", err)
		}
	} else if err != nil {
		return nil, fmt.Errorf("evidence: open store: %w", err)
	}
	return &Store{disk: disk, dir: dir}, nil
}

func (s *Store) name(hash trucewatch.Hash) string {
	text := hash.String()
	return filepath.Join(s.dir, text[:2], text)
}

// Add reads r to its end and keeps its bytes. When it returns, they are on the
// disk under their hash, or there is an error and nothing is kept. Bytes that are
// there already, and sound, are left as they are; damaged ones are replaced. It
// holds one chunk in memory, and needs room for the bytes on the disk even if
// they are there already.
func (s *Store) Add(r io.Reader) (Item, error) {
	s.mu.Lock()
	temp := filepath.Join(s.dir, "incoming-"+strconv.Itoa(s.incoming)+durable.TempSuffix)
	s.incoming++
	s.mu.Unlock()

	item, err := s.receive(r, temp)
	if err == nil {
		err = s.keep(item, temp)
	}
	if err != nil {
		// What stays behind is overwritten by the first Add of another run.
		s.disk.Remove(temp)
		s.disk.Remove(temp + chunksSuffix)
		return Item{}, fmt.Errorf("evidence: add: %w", err)
	}
	return item, nil
}

// receive writes r and its chunks' hashes to temporary files, and syncs them.
func (s *Store) receive(r io.Reader, temp string) (item Item, err error) {
	media, err := s.disk.Create(temp)
	if err != nil {
		return Item{}, err
	}
	defer func() { err = closeAfter(media, err) }()
	chunks, err := s.disk.Create(temp + chunksSuffix)
	if err != nil {
		return Item{}, err
	}
	defer func() { err = closeAfter(chunks, err) }()
	item, err = describe(r, func(index int64, chunk []byte, leaf trucewatch.Hash) error {
		if _, err := media.WriteAt(chunk, index*ChunkBytes); err != nil {
			return err
		}
		_, err := chunks.WriteAt(leaf[:], index*int64(len(leaf)))
		return err
	})
	if err != nil {
		return Item{}, err
	}
	if err := media.Sync(); err != nil {
		return Item{}, err
	}
	return item, chunks.Sync()
}

// closeAfter closes f and returns the first of the two errors.
func closeAfter(f io.Closer, err error) error {
	if errClose := f.Close(); err == nil {
		return errClose
	}
	return err
}

// keep gives temporary files that are synced their names.
func (s *Store) keep(item Item, temp string) error {
	name := s.name(item.Hash)
	_, err := s.Check(item.Hash)
	sound := err == nil
	if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrCorrupt) {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := durable.MkdirAll(s.disk, filepath.Dir(name)); err != nil {
		return err
	}
	// If we die between the two, the bytes are there, and their chunks' hashes are
	// computed anew when they are needed.
	if sound {
		err = s.disk.Remove(temp)
	} else {
		err = s.disk.Rename(temp, name)
	}
	if err != nil {
		return err
	}
	if err := s.disk.Rename(temp+chunksSuffix, name+chunksSuffix); err != nil {
		return err
	}
	return s.disk.SyncDir(filepath.Dir(name))
}

// Check reads all bytes of an item and says what it is. ErrCorrupt if they do not
// have their hash, ErrNotFound if there are none. It changes nothing.
func (s *Store) Check(hash trucewatch.Hash) (Item, error) {
	f, size, err := s.openFile(hash)
	if err != nil {
		return Item{}, err
	}
	defer f.Close() // Read only: nothing can be lost.
	item, err := Describe(io.NewSectionReader(f, 0, size))
	if errors.Is(err, trucewatch.ErrInvalid) || err == nil && item.Hash != hash {
		return Item{}, fmt.Errorf("evidence: item %v: %w: its %d bytes have another hash", hash, ErrCorrupt, size)
	}
	if err != nil {
		return Item{}, fmt.Errorf("evidence: item %v: %w", hash, err)
	}
	return item, nil
}

func (s *Store) openFile(hash trucewatch.Hash) (durable.File, int64, error) {
	f, err := s.disk.Open(s.name(hash))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, fmt.Errorf("evidence: item %v: %w", hash, ErrNotFound)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("evidence: item %v: %w", hash, err)
	}
	size, err := f.Size()
	if err != nil {
		f.Close()
		return nil, 0, fmt.Errorf("evidence: item %v: %w", hash, err)
	}
	return f, size, nil
}

// List returns the hashes of all items, sorted.
func (s *Store) List() ([]trucewatch.Hash, error) {
	var all []trucewatch.Hash
	dirs, err := s.disk.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("evidence: list: %w", err)
	}
	for _, dir := range dirs {
		if len(dir) != 2 {
			continue
		}
		names, err := s.disk.ReadDir(filepath.Join(s.dir, dir))
		if err != nil {
			return nil, fmt.Errorf("evidence: list: %w", err)
		}
		for _, name := range names {
			var hash trucewatch.Hash
			if raw, err := hex.DecodeString(name); err == nil && copy(hash[:], raw) == len(raw) && hash.String() == name && strings.HasPrefix(name, dir) {
				all = append(all, hash)
			}
		}
	}
	return all, nil
}

// Destroy removes an item and what was kept beside it; ErrNotFound if it is not
// there. It takes away the names: what the medium still holds can be read until it
// is written over, so the disk itself must be encrypted, and its key destroyed at
// the end. A failed Destroy may be repeated.
func (s *Store) Destroy(hash trucewatch.Hash) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := s.name(hash)
	// The hashes first: if we die in between, List still names the item.
	if err := s.disk.Remove(name + chunksSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("evidence: destroy item %v: %w", hash, err)
	}
	err := s.disk.Remove(name)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("evidence: destroy item %v: %w", hash, ErrNotFound)
	}
	if err == nil {
		err = s.disk.SyncDir(filepath.Dir(name))
	}
	if err != nil {
		return fmt.Errorf("evidence: destroy item %v: %w", hash, err)
	}
	return nil
}

// ProveClip is as the function ProveClip, for an item in the store. Only the
// chunks of the passage are read.
func (s *Store) ProveClip(item Item, from, till int64) (Clip, error) {
	if err := clipRange(from, till, item.SizeBytes); err != nil {
		return Clip{}, err
	}
	r, err := s.Open(item)
	if err != nil {
		return Clip{}, err
	}
	defer r.Close() // Read only: nothing can be lost.
	first, behind := chunkRange(from, till)
	var shown []byte
	for index := first; index < behind; index++ {
		chunk, err := r.chunk(index)
		if err != nil {
			return Clip{}, err
		}
		shown = append(shown, chunk...)
	}
	return newClip(item, from, till, shown, r.leaves), nil
}

// Open opens an item as the record describes it. Whatever is read from it was
// checked against item.Chunks, so that damage is found where it lies and not one
// wrong byte is given out. ErrNotFound if it is not in the store, ErrCorrupt if
// what is there is of another size. A missing or damaged file of chunk hashes only
// makes it slow: then all bytes are read first.
//
// A Reader holds 32 bytes in memory for each chunk: 50 MB for 100 GB.
func (s *Store) Open(item Item) (*Reader, error) {
	if err := item.check(); err != nil {
		return nil, fmt.Errorf("evidence: %w", err)
	}
	f, size, err := s.openFile(item.Hash)
	if err != nil {
		return nil, err
	}
	r := &Reader{file: f, item: item}
	if size != item.SizeBytes {
		err = fmt.Errorf("evidence: item %v: %w: it has %d bytes, not %d", item.Hash, ErrCorrupt, size, item.SizeBytes)
	} else if r.leaves = s.keptLeaves(item); r.leaves == nil {
		r.leaves, err = computedLeaves(f, item)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return r, nil
}

// keptLeaves reads the hashes of an item's chunks from beside it; nil if they
// are missing or are not those of the item.
func (s *Store) keptLeaves(item Item) []trucewatch.Hash {
	const size = int64(len(trucewatch.Hash{}))
	raw, err := s.disk.ReadFile(s.name(item.Hash)+chunksSuffix, item.chunks()*size)
	if err != nil || int64(len(raw)) != item.chunks()*size {
		return nil
	}
	leaves := make([]trucewatch.Hash, item.chunks())
	for i := range leaves {
		copy(leaves[i][:], raw[int64(i)*size:])
	}
	if rootOf(leaves) != item.Chunks {
		return nil
	}
	return leaves
}

func computedLeaves(f durable.File, item Item) ([]trucewatch.Hash, error) {
	var leaves []trucewatch.Hash
	got, err := describe(io.NewSectionReader(f, 0, item.SizeBytes), func(_ int64, _ []byte, leaf trucewatch.Hash) error {
		leaves = append(leaves, leaf)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("evidence: item %v: %w", item.Hash, err)
	}
	if got != item {
		return nil, fmt.Errorf("evidence: item %v: %w: its bytes have another hash, or other chunks than the record says", item.Hash, ErrCorrupt)
	}
	return leaves, nil
}

// A Reader reads an item of a store and checks every byte it gives out. It may
// be used by one goroutine at a time.
type Reader struct {
	file   durable.File
	item   Item
	leaves []trucewatch.Hash
	at     int64 // of the next Read
	held   int64 // index of the chunk in buffer, plus 1
	buffer []byte
}

var _ io.ReadSeekCloser = (*Reader)(nil)

// chunk returns a chunk after checking it; it belongs to the Reader.
func (r *Reader) chunk(index int64) ([]byte, error) {
	if r.held == index+1 {
		return r.buffer, nil
	}
	r.held = 0
	if r.buffer == nil {
		r.buffer = make([]byte, ChunkBytes)
	}
	r.buffer = r.buffer[:r.item.chunkSize(index)]
	if n, err := r.file.ReadAt(r.buffer, index*ChunkBytes); n < len(r.buffer) {
		return nil, fmt.Errorf("evidence: item %v: byte %d: %w", r.item.Hash, index*ChunkBytes+int64(n), err)
	}
	if chunkLeaf(index, r.buffer) != r.leaves[index] {
		return nil, fmt.Errorf("evidence: item %v: %w: in bytes %d to %d", r.item.Hash, ErrCorrupt, index*ChunkBytes, index*ChunkBytes+int64(len(r.buffer)))
	}
	r.held = index + 1
	return r.buffer, nil
}

// Read implements io.Reader. Damage is ErrCorrupt, and names the chunk.
func (r *Reader) Read(p []byte) (int, error) {
	if r.at >= r.item.SizeBytes {
		return 0, io.EOF
	}
	chunk, err := r.chunk(r.at / ChunkBytes)
	if err != nil {
		return 0, err
	}
	n := copy(p, chunk[r.at%ChunkBytes:])
	r.at += int64(n)
	return n, nil
}

// Seek implements io.Seeker.
func (r *Reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.item.SizeBytes
	default:
		return 0, fmt.Errorf("evidence: seek: %w: whence %d", trucewatch.ErrInvalid, whence)
	}
	if offset < 0 {
		return 0, fmt.Errorf("evidence: seek: %w: byte %d", trucewatch.ErrInvalid, offset)
	}
	r.at = offset
	return offset, nil
}

// Close implements io.Closer.
func (r *Reader) Close() error { return r.file.Close() }

// ReadRestricted opens an item whose every reading is recorded. The deed says by
// whom, when and why; the rest of it is set here. Before a byte is given out,
// record must have put the deed durably into the record: if it fails, nothing is
// given out. That the bytes are there and of the right size is checked first, so
// that a reading that could not happen is not recorded.
//
// Whoever can read the store's directory past this program leaves no trace.
func ReadRestricted(s *Store, item Item, deed trucewatch.Custody, record func(trucewatch.Custody) error) (*Reader, error) {
	if deed.By == "" || deed.At <= 0 || strings.TrimSpace(deed.Reason) == "" {
		return nil, fmt.Errorf("evidence: read item %v: %w: who reads a restricted item says by whom, when and why", item.Hash, trucewatch.ErrInvalid)
	}
	r, err := s.Open(item)
	if err != nil {
		return nil, err
	}
	deed.Item, deed.Deed, deed.Restricted = item.Hash, "read", true
	if err := record(deed); err != nil {
		r.Close()
		return nil, fmt.Errorf("evidence: read item %v: not recorded, so not given out: %w", item.Hash, err)
	}
	return r, nil
}
