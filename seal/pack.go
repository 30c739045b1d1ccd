// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/internal/durable"
)

// A pack is a file of frames, each at a multiple of 64 bytes:
//
//	0   4  "tWb1"
//	4   4  length of the box, big endian
//	8  32  SHA-256 of the box
//	40  4  CRC-32C of the 40 bytes before, big endian
//	44 20  zeros, or "destroyed by erasure"
//	64     the box, then zeros up to the next multiple of 64
//
// A destroyed box has the mark and zeros for its bytes. A frame of length 0 with
// the mark is a box that was destroyed without ever having been here.
//
// Nothing is ever cut off. What cannot be read is passed over, and what comes
// next is appended behind it.
const (
	packMagic    = "tWb1"
	packMaxBytes = 256 << 20 // of one file, so that copies of old ones need not be made anew
	frameAlign   = 64
	headBytes    = 64
	markOffset   = 44
	mark         = "destroyed by erasure"
	scanBytes    = 64 << 10 // read at once when looking for the next frame
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A frame is one box in a pack.
type frame struct {
	hash   trucewatch.Hash
	pack   int32
	older  int32 // frame of the same hash before this one, or -1
	length uint32
	offset int64
	marked bool // destroyed
	broken bool // its head is not what was written
	found  bool // it was there when the store was opened: perhaps not on the disk
}

func (f *frame) end() int64 { return align(f.offset + headBytes + int64(f.length)) }

func align(n int64) int64 { return (n + frameAlign - 1) / frameAlign * frameAlign }

func appendFrame(b []byte, hash trucewatch.Hash, box []byte) []byte {
	b = append(appendHead(b, hash, uint32(len(box)), false), box...)
	return append(b, make([]byte, align(int64(len(box)))-int64(len(box)))...)
}

func appendHead(b []byte, hash trucewatch.Hash, length uint32, marked bool) []byte {
	start := len(b)
	b = append(b, packMagic...)
	b = binary.BigEndian.AppendUint32(b, length)
	b = append(b, hash[:]...)
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(b[start:], castagnoli))
	if marked {
		return append(b, mark...)
	}
	return append(b, make([]byte, len(mark))...)
}

// parseHead reads the 64 bytes of a frame's head. A mark that is neither whole nor
// absent was torn while it was written, or is damage: the box is not destroyed.
func parseHead(b []byte) (f frame, ok bool) {
	f.length = binary.BigEndian.Uint32(b[4:])
	f.hash = trucewatch.Hash(b[8:40])
	f.marked = string(b[markOffset:headBytes]) == mark
	ok = string(b[:4]) == packMagic && f.length <= BoxMaxBytes && crc32.Checksum(b[:40], castagnoli) == binary.BigEndian.Uint32(b[40:])
	return f, ok
}

// A pack is one file of a shelf.
type pack struct {
	name string
	file durable.File
	end  int64 // where the next frame goes
}

// A shelf is the packs of one class.
type shelf struct {
	disk   durable.Disk
	dir    string
	packs  []*pack
	frames []frame
	newest map[trucewatch.Hash]int32 // index in frames
	failed error                     // a write failed: nothing more is written
}

func loadShelf(disk durable.Disk, dir string, readOnly bool) (*shelf, error) {
	sh := &shelf{disk: disk, dir: dir, newest: make(map[trucewatch.Hash]int32)}
	err := sh.openPacks(readOnly)
	if err == nil && !readOnly && len(sh.packs) > 0 {
		// Names that a crash left unsynced must not vanish under new frames.
		err = errors.Join(disk.SyncDir(dir), sh.finish())
	}
	if err != nil {
		return nil, errors.Join(err, sh.close())
	}
	return sh, nil
}

// openPacks opens and scans the packs that are not open yet.
func (sh *shelf) openPacks(readOnly bool) error {
	names, err := sh.disk.ReadDir(sh.dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		var number int
		if n, err := fmt.Sscanf(name, "pack-%d", &number); n != 1 || err != nil || name != packName(number) || number < len(sh.packs) {
			continue // keys, or a pack that is open already
		}
		if number != len(sh.packs) {
			return fmt.Errorf("%w: %s comes after %d packs", ErrCorrupt, name, len(sh.packs))
		}
		open := sh.disk.OpenWrite
		if readOnly {
			open = sh.disk.Open
		}
		file, err := open(filepath.Join(sh.dir, name))
		if err != nil {
			return err
		}
		sh.packs = append(sh.packs, &pack{name: name, file: file})
		if err := sh.scan(int32(number), 0); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// refresh takes in what another process has appended since. The last pack is
// read on from its last sound frame: what comes after it may have been seen
// while it was being written.
func (sh *shelf) refresh() error {
	if len(sh.packs) > 0 {
		number := int32(len(sh.packs) - 1)
		from := int64(0)
		for n := len(sh.frames) - 1; n >= 0 && sh.frames[n].pack == number; n-- {
			f := &sh.frames[n]
			if !f.broken {
				from = f.end()
				break
			}
			if f.older >= 0 {
				sh.newest[f.hash] = f.older
			} else {
				delete(sh.newest, f.hash)
			}
			sh.frames = sh.frames[:n]
		}
		if err := sh.scan(number, from); err != nil {
			return fmt.Errorf("%s: %w", packName(int(number)), err)
		}
	}
	return sh.openPacks(true)
}

func packName(number int) string { return fmt.Sprintf("pack-%06d", number) }

func (sh *shelf) close() error {
	var errs []error
	for _, p := range sh.packs {
		errs = append(errs, p.file.Close())
	}
	sh.packs = nil
	return errors.Join(errs...)
}

// scan reads the heads of a pack's frames from a place on.
func (sh *shelf) scan(number int32, from int64) error {
	p := sh.packs[number]
	size, err := p.file.Size()
	if err != nil {
		return err
	}
	head := make([]byte, headBytes)
	for at := from; at < size; {
		if err := readFull(p.file, head, at); err != nil {
			return err
		}
		f, ok := parseHead(head)
		f.pack, f.offset, f.found, f.broken = number, at, true, !ok
		if ok {
			sh.add(f)
			// A frame may say that it is longer than the file: the power went before it
			// was all there. The next one must not begin inside it.
			at = f.end()
			continue
		}
		if !zeros(head) {
			f.length, f.marked = 0, false
			sh.add(f)
		}
		if at, err = sh.next(p, number, at+frameAlign, size); err != nil {
			return err
		}
	}
	p.end = align(size)
	if n := len(sh.frames); n > 0 && sh.frames[n-1].pack == number {
		p.end = max(p.end, sh.frames[n-1].end())
	}
	return nil
}

// readFull reads at off, with zeros for what lies behind the end of the file.
func readFull(file durable.File, b []byte, off int64) error {
	n, err := file.ReadAt(b, off)
	if err == io.EOF {
		clear(b[n:])
		return nil
	}
	return err
}

// next returns where, from at on, a frame lies whose box has its hash, or which is
// destroyed; size if there is none. Only such a one is believed after bytes that
// are no frame, because boxes come from others and may contain anything.
func (sh *shelf) next(p *pack, number int32, at, size int64) (int64, error) {
	window := make([]byte, scanBytes)
	for ; at < size; at += scanBytes {
		if err := readFull(p.file, window, at); err != nil {
			return 0, err
		}
		for i := 0; i < scanBytes; i += frameAlign {
			f, ok := parseHead(window[i : i+headBytes])
			if !ok {
				continue
			}
			f.pack, f.offset = number, at+int64(i)
			if _, state := sh.readFrame(&f); state == Present || state == Destroyed {
				return f.offset, nil
			}
		}
	}
	return size, nil
}

func (sh *shelf) add(f frame) {
	f.older = -1
	if i, ok := sh.newest[f.hash]; ok {
		f.older = i
	}
	sh.newest[f.hash] = int32(len(sh.frames))
	sh.frames = append(sh.frames, f)
}

// readFrame reads a frame's box. A box that is marked and has all its bytes is
// still present; one of which some are left was being overwritten when the process
// died, and the next writer ends that.
func (sh *shelf) readFrame(f *frame) ([]byte, State) {
	if f.broken {
		return nil, Damaged
	}
	box := make([]byte, f.length)
	if _, err := sh.packs[f.pack].file.ReadAt(box, f.offset+headBytes); err != nil && f.length > 0 {
		return nil, Damaged
	}
	switch {
	case BoxHash(box) == f.hash:
		return box, Present
	case f.marked || sh.markedSince(f):
		return nil, Destroyed
	}
	return nil, Damaged
}

// markedSince says whether another process has marked the frame since it was
// scanned.
func (sh *shelf) markedSince(f *frame) bool {
	head := make([]byte, headBytes)
	if err := readFull(sh.packs[f.pack].file, head, f.offset); err != nil {
		return false
	}
	now, ok := parseHead(head)
	return ok && now.marked && now.hash == f.hash
}

// read returns the best of the copies of a box: one that is there, else the sign
// that it was destroyed.
func (sh *shelf) read(hash trucewatch.Hash) ([]byte, State) {
	best := Missing
	for i := sh.first(hash); i >= 0; i = sh.frames[i].older {
		switch box, state := sh.readFrame(&sh.frames[i]); {
		case state == Present:
			return box, Present
		case state == Damaged && best == Missing, state == Destroyed:
			best = state
		}
	}
	return nil, best
}

// first returns the newest frame of a hash, or -1.
func (sh *shelf) first(hash trucewatch.Hash) int32 {
	if i, ok := sh.newest[hash]; ok {
		return i
	}
	return -1
}

func (sh *shelf) has(hash trucewatch.Hash) bool {
	for i := sh.first(hash); i >= 0; i = sh.frames[i].older {
		if f := &sh.frames[i]; !f.marked && !f.broken {
			return true
		}
	}
	return false
}

func (sh *shelf) hashes() []trucewatch.Hash {
	hashes := make([]trucewatch.Hash, 0, len(sh.newest))
	for i := range sh.frames {
		if f := &sh.frames[i]; f.older < 0 && !f.broken {
			hashes = append(hashes, f.hash)
		}
	}
	return hashes
}

// fail keeps the shelf from being written again: after a failed write or sync
// nobody knows what is on the disk.
func (sh *shelf) fail(err error) error {
	sh.failed = fmt.Errorf("%w: %w", ErrInDoubt, err)
	return sh.failed
}

func (sh *shelf) put(boxes [][]byte) error {
	var fresh []frame
	var data []byte
	asked := make(map[trucewatch.Hash]bool, len(boxes))
	var rewrite []int32
	for _, box := range boxes {
		if len(box) == 0 || len(box) > BoxMaxBytes {
			return fmt.Errorf("%w: a box of %d bytes, not 1 to %d", ErrInvalid, len(box), BoxMaxBytes)
		}
		hash := BoxHash(box)
		if asked[hash] {
			continue
		}
		asked[hash] = true
		i, destroyed := sh.copyOf(hash)
		switch {
		case destroyed:
			return fmt.Errorf("box %s: %w", hash, ErrDestroyed)
		case i >= 0:
			rewrite = append(rewrite, i)
		default:
			fresh = append(fresh, frame{hash: hash, length: uint32(len(box)), offset: int64(len(data))})
			data = appendFrame(data, hash, box)
		}
	}
	if err := sh.rewrite(rewrite); err != nil {
		return err
	}
	return sh.append(fresh, data)
}

// copyOf returns a frame of the hash whose box is there, or -1; and whether the
// hash was destroyed.
func (sh *shelf) copyOf(hash trucewatch.Hash) (index int32, destroyed bool) {
	index = -1
	for i := sh.first(hash); i >= 0; i = sh.frames[i].older {
		f := &sh.frames[i]
		if f.marked {
			return -1, true
		}
		if _, state := sh.readFrame(f); state == Present && index < 0 {
			index = i
		}
	}
	return index, false
}

// rewrite writes frames again where they are. They were found when the store was
// opened, and a process that died, or whose sync failed, may have left them in
// the machine's memory only: to sync them without writing would say yes and mean
// nothing.
func (sh *shelf) rewrite(indices []int32) error {
	touched := make(map[int32]bool)
	for _, i := range indices {
		f := &sh.frames[i]
		if !f.found {
			continue
		}
		box, state := sh.readFrame(f)
		if state != Present {
			return fmt.Errorf("box %s: %w", f.hash, ErrCorrupt)
		}
		if _, err := sh.packs[f.pack].file.WriteAt(appendFrame(nil, f.hash, box), f.offset); err != nil {
			return sh.fail(err)
		}
		touched[f.pack] = true
	}
	if err := sh.sync(touched); err != nil {
		return err
	}
	for _, i := range indices {
		sh.frames[i].found = false
	}
	return nil
}

// sync syncs packs, in their order.
func (sh *shelf) sync(touched map[int32]bool) error {
	for i, p := range sh.packs {
		if touched[int32(i)] {
			if err := p.file.Sync(); err != nil {
				return sh.fail(err)
			}
		}
	}
	return nil
}

// append writes new frames, given with offsets within data, behind the last.
func (sh *shelf) append(fresh []frame, data []byte) error {
	if len(fresh) == 0 {
		return nil
	}
	if n := len(sh.packs); n == 0 || sh.packs[n-1].end+int64(len(data)) > packMaxBytes && sh.packs[n-1].end > 0 {
		if err := sh.newPack(); err != nil {
			return err
		}
	}
	p := sh.packs[len(sh.packs)-1]
	if _, err := p.file.WriteAt(data, p.end); err != nil {
		return sh.fail(err)
	}
	if err := p.file.Sync(); err != nil {
		return sh.fail(err)
	}
	for _, f := range fresh {
		f.pack, f.offset = int32(len(sh.packs)-1), p.end+f.offset
		sh.add(f)
	}
	p.end += int64(len(data))
	return nil
}

func (sh *shelf) newPack() error {
	name := packName(len(sh.packs))
	file, err := sh.disk.Create(filepath.Join(sh.dir, name))
	if err != nil {
		return sh.fail(err)
	}
	sh.packs = append(sh.packs, &pack{name: name, file: file})
	// If we die before this, a frame could be on the disk and its file's name not.
	if err := sh.disk.SyncDir(sh.dir); err != nil {
		return sh.fail(err)
	}
	return nil
}

// destroy marks all copies of boxes, then overwrites them. In this order a crash
// leaves a marked box, and finish overwrites it, never a box of zeros that
// nobody marked.
func (sh *shelf) destroy(hashes []trucewatch.Hash) error {
	touched := make(map[int32]bool)
	var marked []int32
	var absent []frame
	var data []byte
	for _, hash := range hashes {
		whole := false
		for i := sh.first(hash); i >= 0; i = sh.frames[i].older {
			f := &sh.frames[i]
			at, content := f.offset+markOffset, []byte(mark)
			if f.broken {
				// Its head cannot say that it is destroyed: a frame of its own does.
				at, content = f.offset, make([]byte, sh.reach(i)-f.offset)
			} else {
				whole = true
				marked = append(marked, i)
			}
			if _, err := sh.packs[f.pack].file.WriteAt(content, at); err != nil {
				return sh.fail(err)
			}
			touched[f.pack] = true
		}
		if !whole {
			absent = append(absent, frame{hash: hash, offset: int64(len(data)), marked: true})
			data = appendHead(data, hash, 0, true)
		}
	}
	if err := sh.sync(touched); err != nil {
		return err
	}
	for _, i := range marked {
		sh.frames[i].marked = true
	}
	if err := sh.overwrite(marked); err != nil {
		return err
	}
	return sh.append(absent, data)
}

// reach returns where the bytes of a broken frame end at the latest.
func (sh *shelf) reach(i int32) int64 {
	f := &sh.frames[i]
	if n := int(i) + 1; n < len(sh.frames) && sh.frames[n].pack == f.pack {
		return sh.frames[n].offset
	}
	return sh.packs[f.pack].end
}

// overwrite puts zeros in place of the boxes of marked frames.
func (sh *shelf) overwrite(marked []int32) error {
	touched := make(map[int32]bool)
	for _, i := range marked {
		f := &sh.frames[i]
		if _, err := sh.packs[f.pack].file.WriteAt(make([]byte, f.length), f.offset+headBytes); err != nil {
			return sh.fail(err)
		}
		touched[f.pack] = true
	}
	return sh.sync(touched)
}

// finish does anew every destruction that was found when the store was opened.
// What can be read of it may be in the machine's memory only, if a sync failed:
// then zeros could reach the disk and the mark never.
func (sh *shelf) finish() error {
	var marked []int32
	touched := make(map[int32]bool)
	for i := range sh.frames {
		f := &sh.frames[i]
		if !f.marked || f.broken {
			continue
		}
		if _, err := sh.packs[f.pack].file.WriteAt(appendHead(nil, f.hash, f.length, true), f.offset); err != nil {
			return sh.fail(err)
		}
		touched[f.pack] = true
		marked = append(marked, int32(i))
	}
	if err := sh.sync(touched); err != nil {
		return err
	}
	return sh.overwrite(marked)
}

// faults reads everything. A frame that stands where the one before it ends is
// as it was written; what lies between must be zeros.
func (sh *shelf) faults() ([]Fault, error) {
	var out []Fault
	ends := make([]int64, len(sh.packs)) // of what has been read of each pack
	for i := range sh.frames {
		f := &sh.frames[i]
		p := sh.packs[f.pack]
		gap, err := sh.gap(p, ends[f.pack], f.offset)
		if err != nil {
			return nil, err
		}
		if gap {
			out = append(out, Fault{p.name, ends[f.pack], trucewatch.Hash{}, "bytes that are no frame"})
		}
		ends[f.pack] = f.end()
		what, err := sh.frameFault(p, f)
		if err != nil {
			return nil, err
		}
		if what != "" {
			out = append(out, Fault{p.name, f.offset, f.hash, what})
		}
	}
	for i, p := range sh.packs {
		gap, err := sh.gap(p, ends[i], p.end)
		if err != nil {
			return nil, err
		}
		size, err := p.file.Size()
		if err != nil {
			return nil, err
		}
		if gap {
			out = append(out, Fault{p.name, ends[i], trucewatch.Hash{}, "bytes that are no frame"})
		}
		if size < ends[i] {
			out = append(out, Fault{p.name, size, trucewatch.Hash{}, "the end of a frame is cut off"})
		}
	}
	slices.SortStableFunc(out, func(a, b Fault) int {
		return cmp.Or(strings.Compare(a.Pack, b.Pack), cmp.Compare(a.Offset, b.Offset))
	})
	return out, nil
}

// gap says whether there is anything but zeros between two places.
func (sh *shelf) gap(p *pack, from, till int64) (bool, error) {
	for ; from < till; from += scanBytes {
		b := make([]byte, min(scanBytes, till-from))
		if err := readFull(p.file, b, from); err != nil {
			return false, err
		}
		if !zeros(b) {
			return true, nil
		}
	}
	return false, nil
}

// frameFault says what is wrong with a frame, or nothing.
func (sh *shelf) frameFault(p *pack, f *frame) (string, error) {
	raw := make([]byte, f.end()-f.offset)
	if err := readFull(p.file, raw, f.offset); err != nil {
		return "", err
	}
	_, state := sh.readFrame(f)
	marks := raw[markOffset:headBytes]
	switch {
	case f.broken:
		return "a head that is not what was written", nil
	case state == Damaged:
		return "a box that does not have its hash", nil
	case f.marked && !zeros(raw[headBytes:headBytes+int64(f.length)]):
		return "a box that is marked as destroyed and still there", nil
	case !f.marked && !zeros(marks):
		return "a mark that is neither whole nor absent", nil
	case !zeros(raw[headBytes+int64(f.length):]):
		return "bytes behind a box", nil
	}
	return "", nil
}
