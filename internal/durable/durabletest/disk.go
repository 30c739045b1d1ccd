// SPDX-License-Identifier: Apache-2.0

// Package durabletest is a disk in memory that fails where it is told to, and
// that forgets, after a power cut, what was not synced.
//
// What it may do is what a disk may do: a call fails having done nothing, half
// or all of its work; after a power cut each file has what was synced and none,
// half, or all of what came later, or zeros in its place; and each name that
// was not synced is there or not. CutPower lets chance decide, for each sector
// and each name by itself, so that writes arrive in any order. What was synced,
// it keeps. It never tears a sector or a rename, never changes bytes that nobody
// wrote, and never loses what was synced: those are damage, which a log has to
// detect and cannot survive.
package durabletest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/trucewatch/trucewatch/internal/durable"
)

// A Failure is how much a call that fails has done.
type Failure string

// The ways in which a call fails.
const (
	NotDone  Failure = "not done"
	HalfDone Failure = "half done" // of a write, truncation or sync; any other call is as NotDone
	Done     Failure = "done, but error"
)

// A Crash is what becomes of work that was not synced.
type Crash string

// The ways in which it ends.
const (
	Kill      Crash = "kill"       // the process died: everything written is there
	Lost      Crash = "lost"       // the power failed: only what was synced is there
	NamesOnly Crash = "names only" // names are there, their unsynced bytes are not
	Torn      Crash = "torn"       // names, and half of the unsynced bytes
	Zeros     Crash = "zeros"      // names and lengths, with zeros for unsynced bytes
)

// Crashes are all of them.
func Crashes() []Crash { return []Crash{Kill, Lost, NamesOnly, Torn, Zeros} }

// node is a file or a directory.
type node struct {
	dir    bool
	data   []byte // as a reader sees it
	synced []byte // as it is on the medium
	// dirty says, per byte of data, that the next sync will write it. After a
	// failed sync nothing is dirty, as on Linux: the next sync says yes, and
	// writes nothing, until the bytes are written again.
	dirty []bool
	clean int // bytes from the start of which none is dirty and all are synced
	// shared says that a clone's node may have the same bytes: see own.
	shared bool
}

// own gives a node bytes of its own, before any of them is changed in place.
func (n *node) own() {
	if !n.shared {
		return
	}
	n.data, n.synced, n.dirty, n.shared = slices.Clone(n.data), slices.Clone(n.synced), slices.Clone(n.dirty), false
}

// A call is one call of a Disk, such as "sync a/b".
type call struct{ op, name string }

// A Disk is a durable.Disk in memory. The zero value is not usable; see New.
type Disk struct {
	mu      sync.Mutex
	names   map[string]*node  // as a process sees them
	synced  map[string]*node  // as they are on the medium
	moved   map[string]string // directories whose new name, the key, is not on the medium, and the old one
	locks   map[string]int    // epoch of the holder
	epoch   int               // crashes so far; files of an earlier epoch are dead
	calls   []call
	failAt  int // index into calls, or -1
	failure Failure
	failErr error
	sticky  bool // every call that writes fails from failAt on
	failed  int  // calls that failed so far because of failAt
}

var _ durable.Disk = (*Disk)(nil)

// New returns an empty disk that has the directory root, durably.
func New(root string) *Disk {
	d := &Disk{names: make(map[string]*node), synced: make(map[string]*node), moved: make(map[string]string), locks: make(map[string]int), failAt: -1}
	for dir := filepath.Clean(root); ; dir = filepath.Dir(dir) {
		n := &node{dir: true}
		d.names[dir], d.synced[dir] = n, n
		if filepath.Dir(dir) == dir {
			return d
		}
	}
}

// Clone is a copy of the disk on which no file is open and no lock is held. It
// fails as the original does.
func (d *Disk) Clone() *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := New("/")
	nodes := make(map[*node]*node) // A name and its synced name are often one file.
	clone := func(names map[string]*node) map[string]*node {
		copied := make(map[string]*node, len(names))
		for name, n := range names {
			if nodes[n] == nil {
				n.shared = true
				copied := *n
				nodes[n] = &copied
			}
			copied[name] = nodes[n]
		}
		return copied
	}
	c.names, c.synced, c.moved = clone(d.names), clone(d.synced), maps.Clone(d.moved)
	c.calls, c.failAt, c.failure, c.failErr, c.sticky = slices.Clone(d.calls), d.failAt, d.failure, d.failErr, d.sticky
	return c
}

// FailAt makes the call with the given number (counted from 0, see Calls) fail
// with err. If sticky, all calls that change the disk fail from then on.
func (d *Disk) FailAt(call int, failure Failure, err error, sticky bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failAt, d.failure, d.failErr, d.sticky = call, failure, err, sticky
}

// Same says whether a process sees the same files on both disks.
func (d *Disk) Same(other *Disk) bool {
	names := d.Files()
	if !slices.Equal(names, other.Files()) {
		return false
	}
	for _, name := range names {
		if !bytes.Equal(d.content(name), other.content(name)) {
			return false
		}
	}
	return true
}

// content is what a process sees in a file: not to be changed.
func (d *Disk) content(name string) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.names[name].data
}

// Files lists the files, sorted.
func (d *Disk) Files() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var names []string
	for name, n := range d.names {
		if !n.dir {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Put sets a file's content, durably and past all failures: this is what
// somebody does who has the disk in his hands. A nil content removes the file.
func (d *Disk) Put(name string, content []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if content == nil {
		delete(d.names, name)
		delete(d.synced, name)
		return
	}
	n := &node{data: slices.Clone(content), synced: slices.Clone(content), dirty: make([]bool, len(content)), clean: len(content)}
	d.names[name], d.synced[name] = n, n
}

// Calls names the calls so far, such as "sync a/b".
func (d *Disk) Calls() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	names := make([]string, 0, len(d.calls))
	for _, c := range d.calls {
		names = append(names, c.op+" "+c.name)
	}
	return names
}

// Failed is how many calls failed so far as FailAt said.
func (d *Disk) Failed() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.failed
}

// Made is how many calls there were so far.
func (d *Disk) Made() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.calls)
}

// Crash ends all locks and open files, and does to unsynced work what crash
// says. The disk does not fail any more.
func (d *Disk) Crash(crash Crash) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.epoch++
	d.locks = make(map[string]int)
	d.failAt, d.sticky = -1, false
	if crash == Kill {
		return
	}
	if crash == Lost {
		d.names = make(map[string]*node)
		for name, n := range d.synced {
			if d.reachable(name) {
				d.names[name] = n
			}
		}
	}
	d.synced, d.moved = make(map[string]*node), make(map[string]string)
	for name, n := range d.names {
		d.synced[name] = n
		n.cut(crash)
	}
}

// sectorSize is what a drive writes whole or not at all, in bytes.
//
// Source: the smallest sector of drives in use; theirs of 4,096 bytes tear less.
const sectorSize = 512

// CutPower ends all locks and open files, and lets chance decide what arrived of
// unsynced work: of each file its length and every sector, and every name, each
// by itself. The same numbers give the same disk. It does not fail any more.
func (d *Disk) CutPower(random *rand.Rand) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.epoch++
	d.locks = make(map[string]int)
	d.failAt, d.sticky = -1, false
	likely := random.Float64() // how much arrives, this time
	for _, to := range slices.Sorted(maps.Keys(d.moved)) {
		if random.Float64() < likely {
			d.arrive(to)
		} else {
			d.goBack(to)
		}
	}
	names := slices.Sorted(maps.Keys(d.names))
	for name := range d.synced {
		if d.names[name] == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	current := make(map[*node]bool) // files that have a name, as a process sees it
	arrived := make(map[*node]bool) // those that have it on the medium
	after := make(map[string]*node)
	for _, name := range names {
		n := d.names[name]
		current[n] = true
		if n != nil && (n == d.synced[name] || random.Float64() < likely) {
			after[name], arrived[n] = n, true
		}
	}
	for _, name := range names {
		old := d.synced[name]
		if after[name] != nil || old == nil || arrived[old] {
			continue
		}
		// A rename is whole: a file that has not its new name has the old one.
		if d.names[name] != nil || current[old] || random.Float64() >= likely {
			after[name] = old
		}
	}
	d.synced = after
	d.names = make(map[string]*node)
	for _, name := range names {
		if n := after[name]; n != nil && d.reachable(name) {
			d.names[name] = n
			n.tear(random, likely)
		}
	}
	d.synced = maps.Clone(d.names)
}

// arrive has the new name of a directory be on the medium, and not the old one. One
// name changes there, and all below it go along.
func (d *Disk) arrive(to string) {
	from := d.moved[to]
	delete(d.moved, to)
	rename(d.synced, from, to)
}

// goBack has a process see a directory by its old name again.
func (d *Disk) goBack(to string) {
	from := d.moved[to]
	delete(d.moved, to)
	rename(d.names, to, from)
}

// rename gives a directory, if it is there, and all below it another name.
func rename(names map[string]*node, from, to string) {
	for _, name := range slices.Collect(maps.Keys(names)) {
		if inner, below := strings.CutPrefix(name, from+"/"); below || name == from {
			n := names[name]
			delete(names, name)
			if below {
				names[to+"/"+inner] = n
			} else {
				names[to] = n
			}
		}
	}
}

// tear makes data what a power cut leaves of it, sector by sector.
func (n *node) tear(random *rand.Rand, likely float64) {
	least, most := min(len(n.synced), len(n.data)), max(len(n.synced), len(n.data))
	size := len(n.synced)
	switch {
	case random.Float64() < likely:
		size = len(n.data)
	case most > least && random.IntN(4) == 0:
		size = least + random.IntN(most-least)
	}
	after := make([]byte, size) // Where nothing was written are zeros.
	for from := 0; from < size; from += sectorSize {
		till := min(from+sectorSize, size)
		copy(after[from:till], n.synced[min(from, len(n.synced)):])
		if random.Float64() < likely {
			copy(after[from:till], n.data[min(from, len(n.data)):])
		}
	}
	n.data, n.synced, n.dirty, n.clean = after, slices.Clone(after), make([]bool, size), size
}

// reachable says whether all directories above name are on the medium.
func (d *Disk) reachable(name string) bool {
	for ; d.synced[name] != nil; name = filepath.Dir(name) {
		if filepath.Dir(name) == name {
			return true
		}
	}
	return false
}

// cut makes data what a power cut leaves of it.
func (n *node) cut(crash Crash) {
	after := slices.Clone(n.synced)
	switch half := len(n.data) - (len(n.data)-len(n.synced))/2; {
	case crash == Torn && len(n.data) > len(n.synced):
		after = append(after, n.data[len(n.synced):half]...)
	case crash == Zeros && len(n.data) > len(n.synced):
		after = append(after, make([]byte, len(n.data)-len(n.synced))...)
	}
	n.data, n.synced, n.dirty, n.clean = after, slices.Clone(after), make([]bool, len(after)), len(after)
}

// sync writes what is dirty to the medium; only the first half of it if half.
func (n *node) sync(half bool) {
	n.own()
	end := len(n.data)
	if half {
		end = min(end, (len(n.data)+len(n.synced))/2)
	}
	if len(n.synced) > end {
		n.synced = n.synced[:end]
	}
	for i := n.clean; i < end; i++ {
		if i >= len(n.synced) {
			n.synced = append(n.synced, 0)
		}
		if n.dirty[i] {
			n.synced[i] = n.data[i]
		}
	}
	clear(n.dirty[min(n.clean, len(n.dirty)):])
	n.clean = end
}

// write puts p at off; the bytes, and zeros in a gap before them, are dirty.
func (n *node) write(p []byte, off int) {
	n.own()
	for len(n.data) < off {
		n.data, n.dirty = append(n.data, 0), append(n.dirty, true)
	}
	n.clean = min(n.clean, off)
	k := copy(n.data[off:], p)
	n.data = append(n.data, p[k:]...)
	n.dirty = append(n.dirty, make([]bool, len(p)-k)...)
	for i := off; i < off+len(p); i++ {
		n.dirty[i] = true
	}
}

// call counts a call and says whether it fails. d.mu is held.
func (d *Disk) call(op, name string, changes bool) (Failure, error) {
	i := len(d.calls)
	d.calls = append(d.calls, call{op, name})
	if i == d.failAt || d.sticky && d.failAt >= 0 && i > d.failAt && changes {
		d.failed++
		return d.failure, &fs.PathError{Op: op, Path: name, Err: d.failErr}
	}
	return "", nil
}

// do runs a call: work gets whether to do half of it.
func (d *Disk) do(op, name string, changes bool, work func(half bool) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	failure, err := d.call(op, name, changes)
	if err == nil {
		return work(false)
	}
	halves := op == "write" || op == "sync" || op == "truncate"
	if failure == Done && op != "lock" || failure == HalfDone && halves {
		// What the work itself says is hidden behind the failure. A lock of which nobody
		// has a handle is not held: the system closes it.
		_ = work(failure == HalfDone)
	} else if op == "sync" && d.names[name] != nil {
		d.names[name].own()
		clear(d.names[name].dirty) // Linux: failed pages count as clean.
	}
	return err
}

func absent(op, name string) error { return &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist} }

// ReadFile implements durable.Disk.
func (d *Disk) ReadFile(name string, limit int64) (data []byte, err error) {
	err = d.do("read", name, false, func(bool) error {
		n := d.names[name]
		if n == nil || n.dir {
			return absent("read", name)
		}
		if int64(len(n.data)) > limit {
			return fmt.Errorf("read %s: %w", name, durable.ErrTooLong)
		}
		data = append([]byte{}, n.data...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return data, nil
}

// ReadDir implements durable.Disk.
func (d *Disk) ReadDir(name string) (names []string, err error) {
	name = filepath.Clean(name)
	err = d.do("readdir", name, false, func(bool) error {
		if n := d.names[name]; n == nil || !n.dir {
			return absent("readdir", name)
		}
		for path := range d.names {
			if filepath.Dir(path) == name && path != name {
				names = append(names, filepath.Base(path))
			}
		}
		slices.Sort(names)
		return nil
	})
	return names, err
}

// Open implements durable.Disk.
func (d *Disk) Open(name string) (durable.File, error) { return d.open("open", name, false) }

// OpenWrite implements durable.Disk.
func (d *Disk) OpenWrite(name string) (durable.File, error) { return d.open("open", name, true) }

func (d *Disk) open(op, name string, writable bool) (f durable.File, err error) {
	err = d.do(op, name, false, func(bool) error {
		n := d.names[name]
		if n == nil || n.dir {
			return absent(op, name)
		}
		f = &file{disk: d, name: name, node: n, epoch: d.epoch, writable: writable}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Create implements durable.Disk.
func (d *Disk) Create(name string) (f durable.File, err error) {
	err = d.do("create", name, true, func(bool) error {
		if parent := d.names[filepath.Dir(name)]; parent == nil {
			return absent("create", name)
		}
		n := d.names[name]
		if n == nil {
			n = &node{}
			d.names[name] = n
		}
		n.data, n.dirty, n.clean = nil, nil, 0
		f = &file{disk: d, name: name, node: n, epoch: d.epoch, writable: true}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Rename implements durable.Disk.
func (d *Disk) Rename(from, to string) error {
	return d.do("rename", to, true, func(bool) error {
		n := d.names[from]
		if n == nil {
			return absent("rename", from)
		}
		if !n.dir {
			delete(d.names, from)
			d.names[to] = n
			return nil
		}
		if filepath.Dir(from) != filepath.Dir(to) {
			return &fs.PathError{Op: "rename", Path: to, Err: errors.ErrUnsupported} // two directories to sync
		}
		if d.moved[from] != "" {
			return &fs.PathError{Op: "rename", Path: to, Err: errors.ErrUnsupported} // twice without a sync
		}
		rename(d.names, from, to)
		d.moved[to] = from
		return nil
	})
}

// Remove implements durable.Disk.
func (d *Disk) Remove(name string) error {
	return d.do("remove", name, true, func(bool) error {
		if d.names[name] == nil {
			return absent("remove", name)
		}
		for inner := range d.names {
			if filepath.Dir(inner) == name && inner != name {
				return &fs.PathError{Op: "remove", Path: name, Err: syscall.ENOTEMPTY}
			}
		}
		delete(d.names, name)
		return nil
	})
}

// Mkdir implements durable.Disk.
func (d *Disk) Mkdir(name string) error {
	name = filepath.Clean(name)
	return d.do("mkdir", name, true, func(bool) error {
		if d.names[filepath.Dir(name)] == nil {
			return absent("mkdir", name)
		}
		if d.names[name] != nil {
			return &fs.PathError{Op: "mkdir", Path: name, Err: fs.ErrExist}
		}
		d.names[name] = &node{dir: true}
		return nil
	})
}

// SyncDir implements durable.Disk.
func (d *Disk) SyncDir(name string) error {
	name = filepath.Clean(name)
	return d.do("syncdir", name, true, func(bool) error {
		if d.names[name] == nil {
			return absent("syncdir", name)
		}
		for to := range d.moved {
			if filepath.Dir(to) == name {
				d.arrive(to)
			}
		}
		for path := range d.synced {
			if filepath.Dir(path) == name && path != name {
				delete(d.synced, path)
			}
		}
		for path, n := range d.names {
			if filepath.Dir(path) == name {
				d.synced[path] = n
			}
		}
		return nil
	})
}

// Lock implements durable.Disk.
func (d *Disk) Lock(dir string) (io.Closer, error) {
	dir = filepath.Clean(dir)
	err := d.do("lock", dir, false, func(bool) error {
		if d.names[dir] == nil {
			return absent("lock", dir)
		}
		if _, held := d.locks[dir]; held {
			return fmt.Errorf("lock %s: %w", dir, durable.ErrLocked)
		}
		d.locks[dir] = d.epoch
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &lock{d, dir, d.epoch}, nil
}

type lock struct {
	disk  *Disk
	dir   string
	epoch int
}

func (l *lock) Close() error {
	l.disk.mu.Lock()
	defer l.disk.mu.Unlock()
	if held, ok := l.disk.locks[l.dir]; ok && held == l.epoch {
		delete(l.disk.locks, l.dir)
	}
	return nil
}

// file is an open file.
type file struct {
	disk     *Disk
	name     string
	node     *node
	epoch    int
	writable bool
	closed   bool
}

// alive returns an error if the file was closed, or its process died.
func (f *file) alive() error {
	if f.closed || f.epoch != f.disk.epoch {
		return &fs.PathError{Op: "use", Path: f.name, Err: fs.ErrClosed}
	}
	return nil
}

// do runs a call on the file.
func (f *file) do(op string, changes bool, work func(half bool) error) error {
	return f.disk.do(op, f.name, changes, func(half bool) error {
		if err := f.alive(); err != nil {
			return err
		}
		if changes && !f.writable {
			return &fs.PathError{Op: op, Path: f.name, Err: fs.ErrPermission}
		}
		return work(half)
	})
}

func (f *file) ReadAt(p []byte, off int64) (n int, err error) {
	err = f.do("readat", false, func(bool) error {
		if off >= int64(len(f.node.data)) {
			return io.EOF
		}
		if n = copy(p, f.node.data[off:]); n < len(p) {
			return io.EOF
		}
		return nil
	})
	return n, err
}

func (f *file) WriteAt(p []byte, off int64) (n int, err error) {
	err = f.do("write", true, func(half bool) error {
		n = len(p)
		if half {
			n /= 2
		}
		f.node.write(p[:n], int(off))
		return nil
	})
	return n, err
}

func (f *file) Size() (size int64, err error) {
	err = f.do("size", false, func(bool) error {
		size = int64(len(f.node.data))
		return nil
	})
	return size, err
}

func (f *file) Truncate(size int64) error {
	return f.do("truncate", true, func(half bool) error {
		if half {
			size = (size + int64(len(f.node.data))) / 2
		}
		f.node.write(nil, int(size)) // Zeros, if it grows.
		f.node.data, f.node.dirty = f.node.data[:size], f.node.dirty[:size]
		return nil
	})
}

func (f *file) Sync() error {
	return f.do("sync", true, func(half bool) error {
		f.node.sync(half)
		return nil
	})
}

func (f *file) Close() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.closed {
		return &fs.PathError{Op: "close", Path: f.name, Err: fs.ErrClosed}
	}
	f.closed = true
	return nil
}
