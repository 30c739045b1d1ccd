// SPDX-License-Identifier: Apache-2.0

package record

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/internal/durable/durabletest"
)

// The small log that is tampered with: a full tile, a few signed entries behind
// it, two unsigned ones, three kept checkpoints. With segments of tileWidth the
// first one is full and has its hashes; with longer ones there is one segment and
// no hashes.
const (
	smallSigned   = tileWidth + 4
	smallUnsigned = 2
)

func smallLog(t testing.TB, segment uint64) (*durabletest.Disk, note.Signer, note.Verifier) {
	t.Helper()
	signer, verifier := testKey(t)
	disk := durabletest.New("/log")
	l, err := create(settings{disk: disk, segment: segment}, "/log", testOrigin, signer)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []uint64{3, smallSigned} {
		if _, err := l.Append(testEntries(l.Size(), size)...); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Sign(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Append(testEntries(smallSigned, smallSigned+smallUnsigned)...); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if report, err := verify(disk, "/log", verifier); err != nil || report.Checkpoints != 3 || report.Unsigned != smallUnsigned {
		t.Fatalf("Verify = %+v, %v", report, err)
	}
	return disk, signer, verifier
}

// content is a file of a disk that does not fail.
func content(t testing.TB, disk *durabletest.Disk, name string) []byte {
	t.Helper()
	data, err := disk.ReadFile(name, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// signedBytes is where the frames of signed entries end in a segment that begins at base.
func signedBytes(base uint64) int {
	n := 0
	for _, entry := range testEntries(base, smallSigned) {
		n += int(frameSize(entry))
	}
	return n
}

// readsTrue says whether a reader, if it opens, gives the signed entries as they
// were or an error.
func readsTrue(t *testing.T, disk *durabletest.Disk, verifier note.Verifier) {
	t.Helper()
	r, err := openReader(disk, "/log", verifier)
	if err != nil {
		return
	}
	for c := r.Entries(0, min(smallSigned, r.Size())); ; {
		i, entry, err := c.Next()
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, ErrCorrupt) {
				t.Errorf("Next = %v", err)
			}
			return
		}
		if !bytes.Equal(entry, testEntry(i)) {
			t.Fatalf("entry %d was read as %q", i, entry)
		}
	}
}

// TestVerify_flipped_byte flips every byte of every file of a log, one at a time.
// The only ones that Verify lets pass are those of unsigned entries in the
// write-ahead log, where a damage looks as a torn write does.
func TestVerify_flipped_byte(t *testing.T) {
	t.Parallel()
	for _, segment := range []uint64{tileWidth, segmentEntries} {
		t.Run(fmt.Sprintf("segments of %d", segment), func(t *testing.T) { flipBytes(t, segment) })
	}
}

func flipBytes(t *testing.T, segment uint64) {
	disk, _, verifier := smallLog(t, segment)
	base := smallSigned / segment * segment
	for _, name := range disk.Files() {
		data := content(t, disk, name)
		passed, caught := 0, 0
		for i := range data {
			// One bit in each byte, all eight bits in turn.
			flipped := bytes.Clone(data)
			flipped[i] ^= 1 << (i % 8)
			disk.Put(name, flipped)
			_, err := verify(disk, "/log", verifier)
			switch beyond := path.Base(name) == segmentName(base) && i >= signedBytes(base); {
			case errors.Is(err, ErrCorrupt) && !beyond:
				caught++
			case err == nil && beyond:
				passed++
			default:
				t.Errorf("%s: byte %d of %d flipped: Verify = %v", name, i, len(data), err)
			}
			if i%16 == 0 {
				readsTrue(t, disk, verifier)
			}
		}
		disk.Put(name, data)
		t.Logf("%s: %d bytes caught, %d passed (unsigned)", name, caught, passed)
	}
}

// TestVerify_truncated cuts every file at every length, and removes it.
func TestVerify_truncated(t *testing.T) {
	t.Parallel()
	for _, segment := range []uint64{tileWidth, segmentEntries} {
		t.Run(fmt.Sprintf("segments of %d", segment), func(t *testing.T) { truncate(t, segment) })
	}
}

func truncate(t *testing.T, segment uint64) {
	disk, signer, verifier := smallLog(t, segment)
	base := smallSigned / segment * segment
	for _, name := range disk.Files() {
		data := content(t, disk, name)
		for size := len(data) - 1; size >= -1; size-- {
			if strings.Contains(name, "/hashes/") && size%8 != 0 && size > 64 {
				continue // The length is all that is looked at first.
			}
			if size < 0 {
				disk.Put(name, nil)
			} else {
				disk.Put(name, data[:size])
			}
			report, err := verify(disk, "/log", verifier)
			wal, kept := path.Base(name) == segmentName(base), strings.Contains(name, "/checkpoints/")
			switch {
			case wal && size >= signedBytes(base):
				if err != nil || report.Signed != smallSigned || report.Unsigned >= smallUnsigned {
					t.Errorf("%s cut to %d bytes: Verify = %+v, %v", name, size, report, err)
				}
			case size < 0 && kept: // It is not missed.
				if err != nil {
					t.Errorf("%s removed: Verify = %v", name, err)
				}
			case !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrNotFound):
				t.Errorf("%s cut to %d bytes: Verify = %v", name, size, err)
			}
			if size%16 == 0 {
				readsTrue(t, disk, verifier)
			}
			if wal && size < signedBytes(base) && size%8 == 0 || path.Base(name) == checkpointName {
				l, err := open(settings{disk: disk, segment: segment}, "/log", verifier, signer)
				if err == nil {
					l.Close()
					t.Errorf("%s cut to %d bytes: Open succeeded", name, size)
				}
				if now, _ := disk.ReadFile(name, 1<<30); size >= 0 && !bytes.Equal(now, data[:size]) {
					t.Errorf("%s cut to %d bytes: Open changed it", name, size)
				}
			}
		}
		disk.Put(name, data)
	}
}

// TestOpen_refuses is a log that somebody changed so that it looks whole.
func TestOpen_refuses(t *testing.T) {
	old, _, _ := smallLog(t, segmentEntries)
	frames := func(entries ...[]byte) []byte {
		var data []byte
		for _, entry := range entries {
			data = appendFrame(data, entry)
		}
		return data
	}
	wal := "/log/" + segmentName(0)
	for _, tt := range []struct {
		name   string
		tamper func(disk *durabletest.Disk)
		want   string // part of the error of Open; "" if it must open
	}{
		{"nothing", func(*durabletest.Disk) {}, ""},
		{"another signed entry with a right frame", func(d *durabletest.Disk) {
			entries := testEntries(0, smallSigned)
			entries[100] = []byte("never happened")
			d.Put(wal, frames(entries...))
		}, "do not give the signed root"},
		{"a signed entry left out", func(d *durabletest.Disk) {
			d.Put(wal, frames(append(testEntries(0, 7), testEntries(8, smallSigned+1)...)...))
		}, "do not give the signed root"},
		{"two signed entries in another order", func(d *durabletest.Disk) {
			entries := testEntries(0, smallSigned)
			entries[3], entries[4] = entries[4], entries[3]
			d.Put(wal, frames(entries...))
		}, "do not give the signed root"},
		{"an older checkpoint put back", func(d *durabletest.Disk) {
			d.Put("/log/checkpoint", content(t, old, "/log/checkpoints/3"))
		}, "an older state was put back"},
		{"a torn tail as long as one group", func(d *durabletest.Disk) {
			d.Put(wal, append(content(t, old, wal), make([]byte, groupSizeMax)...))
		}, ""},
		{"a tail longer than one group", func(d *durabletest.Disk) {
			d.Put(wal, append(content(t, old, wal), make([]byte, groupSizeMax+1)...))
		}, "too many bytes behind it for a torn tail"},
		{"a kept checkpoint of another root", func(d *durabletest.Disk) {
			d.Put(fmt.Sprintf("/log/checkpoints/%d", smallSigned), []byte("example.org/mission\n260\nAAAA\n\n"))
		}, "keeps another checkpoint"},
		{"a segment that begins inside a tile", func(d *durabletest.Disk) {
			d.Put("/log/wal-0000000000000300", []byte{})
		}, "no segment begins at this entry"},
		{"a segment behind entries that are missing", func(d *durabletest.Disk) {
			d.Put("/log/wal-0000000000065536", []byte{})
		}, "wal-0000000000000000: corrupt: ends before entry 262 at byte "},
		{"no segment", func(d *durabletest.Disk) { d.Put(wal, nil) }, "no segment of the write-ahead log"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			checkRefused(t, segmentEntries, tt.tamper, tt.want)
		})
	}
}

// checkRefused checks that a small log, tampered with, is refused with an error
// that has want in it and left as it is; with no want, that it opens.
func checkRefused(t *testing.T, segment uint64, tamper func(*durabletest.Disk), want string) {
	t.Helper()
	disk, signer, verifier := smallLog(t, segment)
	tamper(disk)
	readsTrue(t, disk, verifier)
	_, errVerify := verify(disk, "/log", verifier)
	before := disk.Clone()
	l, err := open(settings{disk: disk, segment: segment}, "/log", verifier, signer)
	if want == "" {
		if err != nil || errVerify != nil {
			t.Fatalf("Open = %v, Verify = %v", err, errVerify)
		}
		l.Close()
		return
	}
	if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), want) {
		t.Errorf("Open = %v, want %q", err, want)
	}
	if !errors.Is(errVerify, ErrCorrupt) {
		t.Errorf("Verify = %v", errVerify)
	}
	for _, name := range disk.Files() {
		if !bytes.Equal(content(t, disk, name), content(t, before, name)) {
			t.Errorf("Open changed %s", name)
		}
	}
}

// TestVerify_problems is damage that each check of Verify has to find by itself.
func TestVerify_problems(t *testing.T) {
	signer, _ := testKey(t)
	signed := func(origin string, size uint64, root byte) []byte {
		c, err := sign(origin, size, [32]byte{root}, signer)
		if err != nil {
			t.Fatal(err)
		}
		return c.Note
	}
	wal := "/log/" + segmentName(0)
	var changed []byte
	for i, entry := range testEntries(0, smallSigned) {
		if i == 259 {
			entry = []byte("never happened")
		}
		changed = appendFrame(changed, entry)
	}
	for _, tt := range []struct {
		name   string
		tamper func(disk *durabletest.Disk)
		want   []string // the problems, each by its beginning
	}{
		{"two histories were signed", func(d *durabletest.Disk) { d.Put("/log/checkpoints/3", signed(testOrigin, 3, 1)) },
			[]string{"checkpoints/3: entry 3: signs root AQAA"}},
		{"a kept checkpoint under another size", func(d *durabletest.Disk) {
			d.Put("/log/checkpoints/3", content(t, d, "/log/checkpoints/0"))
		}, []string{"checkpoints/3: entry 3: signs 0 entries"}},
		{"a kept checkpoint of another log", func(d *durabletest.Disk) { d.Put("/log/checkpoints/3", signed("example.org/other", 3, 0)) },
			[]string{`checkpoints/3: entry 3: is of another log, "example.org/other"`}},
		{"a changed entry, and its kept checkpoint is gone", func(d *durabletest.Disk) {
			d.Put(wal, changed)
			d.Put("/log/checkpoints/260", nil)
		}, []string{"checkpoint: entry 260: signs root"}},
		{"a changed entry", func(d *durabletest.Disk) { d.Put(wal, changed) },
			[]string{"checkpoint: entry 260: signs root", "checkpoints/260: entry 260: signs root"}},
		{"no readable checkpoint", func(d *durabletest.Disk) { d.Put("/log/checkpoint", []byte("?")) },
			[]string{"checkpoint: entry 0: record: checkpoint: corrupt"}},
		{"cut before the checkpoint", func(d *durabletest.Disk) { d.Put(wal, content(t, d, wal)[:signedBytes(0)-1]) },
			[]string{"wal-0000000000000000: entry 259: is missing or damaged, of 260", "checkpoints/260: entry 259: signs 260 entries"}},
		{"hashes of entries that are gone", func(d *durabletest.Disk) {
			if err := durable.WriteFile(d, "/log/"+hashesName(0), make([]byte, 9)); err != nil {
				t.Fatal(err)
			}
		}, []string{"wal-0000000000000000: entry 262: ends here, but there is hashes/0000000000000000"}},
		{"a long damage behind the checkpoint", func(d *durabletest.Disk) {
			d.Put(wal, append(content(t, d, wal), make([]byte, groupSizeMax+1)...))
		}, []string{"wal-0000000000000000: entry 262: no whole entry"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			disk, _, verifier := smallLog(t, segmentEntries)
			tt.tamper(disk)
			report, err := verify(disk, "/log", verifier)
			if !errors.Is(err, ErrCorrupt) || len(report.Problems) != len(tt.want) {
				t.Fatalf("Verify = %v, %q, want %q", err, report.Problems, tt.want)
			}
			for i, problem := range report.Problems {
				if !strings.HasPrefix(problem.String(), tt.want[i]) {
					t.Errorf("problem %d is %q, want %q", i, problem, tt.want[i])
				}
			}
		})
	}
}

// TestScanFrames_disk_error fails the read at every byte: a log must not cut
// off what it merely could not read.
func TestScanFrames_disk_error(t *testing.T) {
	var data []byte
	for _, entry := range testEntries(0, 3) {
		data = appendFrame(data, entry)
	}
	for i := range data {
		_, err := scanFrames(failingReader{data, int64(i)}, int64(len(data)), func([]byte) error { return nil })
		if !errors.Is(err, errBadSector) {
			t.Errorf("bad sector at byte %d: %v", i, err)
		}
	}
}

var errBadSector = errors.New("bad sector")

// failingReader fails where it would read byte bad.
type failingReader struct {
	data []byte
	bad  int64
}

func (r failingReader) ReadAt(p []byte, off int64) (int, error) {
	if off >= r.bad {
		return 0, errBadSector
	}
	return copy(p, r.data[off:r.bad]), errBadSector
}

// TestVerifyGivesOneReport: segments are read and hashed on all cores, and what is
// wrong with them is told in the order of the log, the same each time.
func TestVerifyGivesOneReport(t *testing.T) {
	const bundles = 40
	signer, verifier := testKey(t)
	disk := durabletest.New("/log")
	l, err := create(settings{disk: disk, segment: tileWidth}, "/log", testOrigin, signer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(testEntries(0, bundles*tileWidth+1)...); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Sign(); err != nil {
		t.Fatal(err)
	}
	for n := range uint64(bundles) {
		name := "/log/" + segmentName(n*tileWidth) // Of entries and hashes in turn.
		if n%2 == 1 {
			name = "/log/" + hashesName(n*tileWidth)
		}
		data := content(t, disk, name)
		data[n*7%uint64(len(data))] ^= 1
		disk.Put(name, data)
	}
	first, err := verify(disk, "/log", verifier)
	if !errors.Is(err, ErrCorrupt) || len(first.Problems) < bundles {
		t.Fatalf("Verify = %v, %d problems, want %d or more", err, len(first.Problems), bundles)
	}
	for range 20 {
		again, err := verify(disk, "/log", verifier)
		if fmt.Sprint(again) != fmt.Sprint(first) || !errors.Is(err, ErrCorrupt) {
			t.Fatalf("Verify = %+v, %v, want\n%+v", again, err, first)
		}
	}
	bundle := uint64(0)
	for _, p := range first.Problems[:bundles] {
		if p.Index/tileWidth < bundle {
			t.Errorf("%v stands behind a problem of bundle %d", p, bundle)
		}
		bundle = p.Index / tileWidth
	}
}
