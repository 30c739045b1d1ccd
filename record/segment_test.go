// SPDX-License-Identifier: Apache-2.0

package record

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/internal/durable/durabletest"
)

// Where the files of a small log lie whose segments are of one bundle.
var (
	fullSegment = "/log/" + segmentName(0)
	liveSegment = "/log/" + segmentName(tileWidth)
	fullHashes  = "/log/" + hashesName(0)
)

// change changes the bytes of a file in place.
func change(t *testing.T, d *durabletest.Disk, name string, do func(data []byte)) {
	t.Helper()
	data := bytes.Clone(content(t, d, name))
	do(data)
	d.Put(name, data)
}

// backToThree puts a small log back to its checkpoint of three entries.
func backToThree(t *testing.T, d *durabletest.Disk) {
	d.Put("/log/checkpoint", content(t, d, "/log/checkpoints/3"))
	d.Put(fmt.Sprintf("/log/checkpoints/%d", smallSigned), nil)
}

// TestOpen_refuses_segments is a full segment, or its hashes, that somebody changed
// so that they look whole.
func TestOpen_refuses_segments(t *testing.T) {
	for _, tt := range []struct {
		name   string
		tamper func(t *testing.T, d *durabletest.Disk)
		want   string // part of the error of Open; "" if it must open
	}{
		{"nothing", func(*testing.T, *durabletest.Disk) {}, ""},
		{"the process died before the next segment", func(t *testing.T, d *durabletest.Disk) {
			backToThree(t, d)
			d.Put(liveSegment, nil)
		}, ""},
		{"the process died before the hashes", func(t *testing.T, d *durabletest.Disk) {
			backToThree(t, d)
			d.Put(liveSegment, nil)
			d.Put(fullHashes, nil)
		}, ""},
		{"all but the hashes put back", func(t *testing.T, d *durabletest.Disk) {
			backToThree(t, d)
			d.Put(liveSegment, nil)
			d.Put(fullSegment, content(t, d, fullSegment)[:200])
		}, "but there is hashes/0000000000000000"},
		{"other hashes where the process died", func(t *testing.T, d *durabletest.Disk) {
			backToThree(t, d)
			d.Put(liveSegment, nil)
			d.Put(fullHashes, make([]byte, hashesSize(tileWidth)))
		}, "hashes/0000000000000000: corrupt: is not what the entries of wal-0000000000000000 give"},
		{"other hashes of unsigned entries", func(t *testing.T, d *durabletest.Disk) {
			backToThree(t, d)
			change(t, d, fullHashes, func(data []byte) { data[8]++ })
		}, "hashes/0000000000000000: corrupt: is not what the entries of wal-0000000000000000 give"},
		{"no hashes of unsigned entries", func(t *testing.T, d *durabletest.Disk) {
			backToThree(t, d)
			d.Put(fullHashes, nil)
		}, "hashes/0000000000000000: corrupt: the file is missing"},
		{"no hashes", func(t *testing.T, d *durabletest.Disk) { d.Put(fullHashes, nil) },
			"hashes/0000000000000000: corrupt: the file is missing"},
		{"hashes behind the last segment", func(t *testing.T, d *durabletest.Disk) {
			d.Put("/log/"+hashesName(2*tileWidth), content(t, d, fullHashes))
		}, "but there is hashes/0000000000000512"},
		{"the first segment is missing", func(t *testing.T, d *durabletest.Disk) { d.Put(fullSegment, nil) },
			"wal-0000000000000000: corrupt: the segment is missing"},
		{"a segment too far behind the one before", func(t *testing.T, d *durabletest.Disk) {
			d.Put("/log/"+segmentName(1<<62), []byte{})
		}, "wal-4611686018427387904: corrupt: no segment begins at this entry"},
		{"a segment is missing in the middle", func(t *testing.T, d *durabletest.Disk) {
			d.Put(liveSegment, nil)
			d.Put("/log/"+segmentName(2*tileWidth), []byte{})
		}, "wal-0000000000000000: corrupt: ends before entry 256 at byte "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			checkRefused(t, tileWidth, func(d *durabletest.Disk) { tt.tamper(t, d) }, tt.want)
		})
	}
}

// TestVerify_problems_of_segments is damage to a full segment and its hashes: each
// is named once, and what lies behind it is checked all the same.
func TestVerify_problems_of_segments(t *testing.T) {
	third := 2 * int(frameSize(testEntry(0))) // where the frame of entry 2 begins
	const skipped = "checkpoints/3: entry 256: could not be checked: entries before it are damaged"
	for _, tt := range []struct {
		name   string
		tamper func(t *testing.T, d *durabletest.Disk)
		want   []string // the problems, each by its beginning
	}{
		{"an entry with a right frame", func(t *testing.T, d *durabletest.Disk) {
			change(t, d, fullSegment, func(data []byte) { copy(data[third:], appendFrame(nil, []byte("entry X"))) })
		}, []string{"wal-0000000000000000: entry 0: the 256 entries from this one on do not give the hash in hashes/0000000000000000",
			"checkpoints/3: entry 3: signs root", "checkpoint: entry 260: signs root", "checkpoints/260: entry 260: signs root"}},
		{"a CRC", func(t *testing.T, d *durabletest.Disk) {
			change(t, d, fullSegment, func(data []byte) { data[third+4]++ })
		}, []string{fmt.Sprintf("wal-0000000000000000: entry 2: no whole entry at byte %d", third), skipped}},
		{"a length", func(t *testing.T, d *durabletest.Disk) {
			change(t, d, fullSegment, func(data []byte) { data[third]++ })
		}, []string{fmt.Sprintf("wal-0000000000000000: entry 2: no whole entry at byte %d", third), skipped}},
		{"a byte behind the last entry", func(t *testing.T, d *durabletest.Disk) {
			d.Put(fullSegment, append(content(t, d, fullSegment), 0))
		}, []string{"wal-0000000000000000: entry 256: 1 bytes behind the last entry"}},
		{"the end cut off", func(t *testing.T, d *durabletest.Disk) {
			data := content(t, d, fullSegment)
			d.Put(fullSegment, data[:len(data)-1])
		}, []string{"wal-0000000000000000: entry 255: no whole entry at byte ", skipped}},
		{"where a bundle ends", func(t *testing.T, d *durabletest.Disk) {
			change(t, d, fullHashes, func(data []byte) { data[7]++ })
		}, []string{"hashes/0000000000000000: entry 0: says that 256 entries end at byte "}},
		{"where no bundle can end", func(t *testing.T, d *durabletest.Disk) {
			change(t, d, fullHashes, func(data []byte) { data[0]++ })
		}, []string{"hashes/0000000000000000: entry 0: corrupt: no bundle goes from byte 0 to "}},
		{"the hash of a bundle", func(t *testing.T, d *durabletest.Disk) {
			change(t, d, fullHashes, func(data []byte) { data[8]++ })
		}, []string{"wal-0000000000000000: entry 0: the 256 entries from this one on do not give the hash in hashes/0000000000000000"}},
		{"a CRC and where no bundle can end", func(t *testing.T, d *durabletest.Disk) {
			change(t, d, fullSegment, func(data []byte) { data[third+4]++ })
			change(t, d, fullHashes, func(data []byte) { data[0]++ })
		}, []string{"hashes/0000000000000000: entry 0: corrupt", fmt.Sprintf("wal-0000000000000000: entry 2: no whole entry at byte %d", third), skipped}},
		{"no hashes", func(t *testing.T, d *durabletest.Disk) { d.Put(fullHashes, nil) },
			[]string{"hashes/0000000000000000: entry 0: "}},
		{"short hashes", func(t *testing.T, d *durabletest.Disk) { d.Put(fullHashes, make([]byte, 30)) },
			[]string{"hashes/0000000000000000: entry 0: unexpected EOF"}},
		{"no hashes and a damaged entry", func(t *testing.T, d *durabletest.Disk) {
			d.Put(fullHashes, nil)
			change(t, d, fullSegment, func(data []byte) { data[third+4]++ })
		}, []string{"hashes/0000000000000000: entry 0: ", "wal-0000000000000000: entry 2: no whole entry",
			"wal-0000000000000000: entry 0: neither entries nor hashes are whole: what follows was not checked"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			disk, _, verifier := smallLog(t, tileWidth)
			tt.tamper(t, disk)
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

// TestHashesFileIsAsDocumented computes the file of hashes of a segment of two
// bundles from its entries, by another implementation of the tree.
func TestHashesFileIsAsDocumented(t *testing.T) {
	signer, _ := testKey(t)
	disk := durabletest.New("/log")
	l, err := create(settings{disk: disk, segment: 2 * tileWidth}, "/log", testOrigin, signer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(testEntries(0, 2*tileWidth+1)...); err != nil {
		t.Fatal(err)
	}
	var ends, hashes []byte
	end := uint64(0)
	for n := range uint64(2) {
		entries := testEntries(n*tileWidth, (n+1)*tileWidth)
		for _, entry := range entries {
			end += 8 + uint64(len(entry))
		}
		root := treeHash(t, entries)
		ends, hashes = binary.BigEndian.AppendUint64(ends, end), append(hashes, root[:]...)
	}
	want := append(ends, hashes...)
	if got := content(t, disk, fullHashes); !bytes.Equal(got, want) {
		t.Errorf("%d bytes\n%x\nwant %d\n%x", len(got), got, len(want), want)
	}
}

// TestOpen_outdated: a log of a version that removed its segments is not taken for
// a damaged one, and whoever has it is told what to do.
func TestOpen_outdated(t *testing.T) {
	disk, signer, verifier := smallLog(t, tileWidth)
	for _, name := range []string{fullSegment, fullHashes} {
		disk.Put(name, nil)
	}
	if err := durable.WriteFile(disk, "/log/tile/entries/000", []byte("as it was")); err != nil {
		t.Fatal(err)
	}
	_, errOpen := open(settings{disk: disk, segment: tileWidth}, "/log", verifier, signer)
	_, errRead := openReader(disk, "/log", verifier)
	_, errVerify := verify(disk, "/log", verifier)
	for _, err := range []error{errOpen, errRead, errVerify} {
		if !errors.Is(err, ErrInvalid) || errors.Is(err, ErrCorrupt) ||
			!strings.Contains(err.Error(), "serve it with the version that wrote it, and restore it from there") {
			t.Errorf("error %v, want advice", err)
		}
	}
}

const (
	replicaFirst = 300             // entries that the replica is first extended to
	replicaLast  = 5*tileWidth + 7 // and then, at the second try
)

// liveReplica is a life of a replica with segments of two bundles: in its first one
// the source leaves it alone in the middle of the third segment; in its second one
// that is cut back, and it is extended. It returns what was reached for sure.
func liveReplica(t *testing.T, disk *durabletest.Disk, source *testSource) (reached uint64, err error) {
	_, verifier := testKey(t)
	s := settings{disk: disk, segment: 2 * tileWidth}
	r, err := openReplica(s, "/log", verifier)
	if errors.Is(err, ErrNotFound) {
		r, err = createReplica(s, "/log", source.checkpoint(replicaFirst), verifier)
	}
	if err != nil {
		return 0, err
	}
	defer r.Close()
	reached = r.Checkpoint().Size
	if reached >= replicaFirst {
		return replicaLast, r.Extend(source.checkpoint(replicaLast), source.from(reached))
	}
	if err := r.Extend(source.checkpoint(replicaFirst), source.from(reached)); err != nil {
		return reached, err
	}
	next, i := source.from(replicaFirst), replicaFirst
	_ = r.Extend(source.checkpoint(replicaLast), func() ([]byte, error) {
		if i++; i == replicaLast-tileWidth {
			return nil, io.ErrUnexpectedEOF
		}
		return next()
	})
	return replicaFirst, nil
}

// TestFaults_replica fails each call of two lives of a replica in each way, then
// crashes in each way: it stands at a checkpoint that it had, and goes on.
func TestFaults_replica(t *testing.T) {
	t.Parallel()
	source := newTestSource(t, replicaLast)
	clean := durabletest.New("/log")
	for range 2 {
		if _, err := liveReplica(t, clean, source); err != nil {
			t.Fatal(err)
		}
	}
	runs := 0
	for i, call := range clean.Calls() {
		for _, failure := range []durabletest.Failure{durabletest.NotDone, durabletest.HalfDone, durabletest.Done} {
			if reads(call) && failure != durabletest.NotDone {
				continue // A call that changes nothing fails in one way.
			}
			disk := durabletest.New("/log")
			disk.FailAt(i, failure, syscall.EIO, false)
			reached := uint64(0)
			for len(disk.Calls()) <= i {
				got, err := liveReplica(t, disk, source)
				if err != nil && !errors.Is(err, syscall.EIO) {
					t.Fatalf("call %d (%s) %s: %v", i, call, failure, err)
				}
				if err == nil {
					reached = got
				}
			}
			for _, crash := range durabletest.Crashes() {
				crashed := disk.Clone()
				crashed.Crash(crash)
				runs++
				checkReplicaLives(t, crashed, source, reached, fmt.Sprintf("call %d (%s) %s, %s", i, call, failure, crash))
			}
		}
	}
	t.Logf("%d calls, %d crashes", len(clean.Calls()), runs)
}

// checkReplicaLives opens a replica after a crash, extends it and cuts the power.
func checkReplicaLives(t *testing.T, disk *durabletest.Disk, source *testSource, reached uint64, name string) {
	t.Helper()
	_, verifier := testKey(t)
	r, err := openReplica(settings{disk: disk, segment: 2 * tileWidth}, "/log", verifier)
	if errors.Is(err, ErrNotFound) && reached == 0 {
		return
	}
	if err != nil {
		t.Fatalf("%s: open: %v", name, err)
	}
	size, root := r.log.Root()
	if size < reached || size != r.Checkpoint().Size || root != source.roots[size] {
		t.Fatalf("%s: %d entries, checkpoint %d, want %d or more", name, size, r.Checkpoint().Size, reached)
	}
	if err := r.Extend(source.checkpoint(replicaLast), source.from(size)); err != nil {
		t.Fatalf("%s: extend: %v", name, err)
	}
	disk.Crash(durabletest.Lost)
	report, err := verify(disk, "/log", verifier)
	if err != nil || report.Size != replicaLast || report.Root != source.roots[replicaLast] {
		t.Fatalf("%s: Verify = %+v, %v", name, report, err)
	}
}

// TestVerify_goes_on_behind_damage: of a full segment of three bundles the second
// one is damaged. What is whole around it is checked, with or without its hashes.
func TestVerify_goes_on_behind_damage(t *testing.T) {
	signer, verifier := testKey(t)
	disk := durabletest.New("/log")
	l, err := create(settings{disk: disk, segment: 3 * tileWidth}, "/log", testOrigin, signer)
	if err == nil {
		_, err = l.Append(testEntries(0, 3*tileWidth+1)...)
	}
	if err == nil {
		_, err = l.Sign()
	}
	if err != nil {
		t.Fatal(err)
	}
	at := func(index uint64) (n int) { // byte of an entry's CRC
		for _, entry := range testEntries(0, index) {
			n += int(frameSize(entry))
		}
		return n + 4
	}
	change(t, disk, fullSegment, func(data []byte) { data[at(300)]++; data[at(700)]++ })
	whole := content(t, disk, fullHashes)
	for _, tt := range []struct {
		name   string
		hashes func(data []byte)
		want   []string
	}{
		{"sound hashes", func([]byte) {}, []string{
			"wal-0000000000000000: entry 300: no whole entry", "wal-0000000000000000: entry 700: no whole entry"}},
		{"the end of the first bundle", func(data []byte) { data[7]++ }, []string{
			"hashes/0000000000000000: entry 0: says that 256 entries end",
			"wal-0000000000000000: entry 300: no whole entry", "wal-0000000000000000: entry 700: no whole entry"}},
		{"no head", func(data []byte) { data[0]++ }, []string{
			"hashes/0000000000000000: entry 0: corrupt",
			"wal-0000000000000000: entry 300: no whole entry", "wal-0000000000000000: entry 512: no whole entry"}},
	} {
		disk.Put(fullHashes, whole)
		change(t, disk, fullHashes, tt.hashes)
		report, err := verify(disk, "/log", verifier)
		if !errors.Is(err, ErrCorrupt) || len(report.Problems) != len(tt.want) || report.Size != 3*tileWidth+1 {
			t.Fatalf("%s: Verify = %+v, %v, want %q", tt.name, report, err, tt.want)
		}
		for i, problem := range report.Problems {
			if !strings.HasPrefix(problem.String(), tt.want[i]) {
				t.Errorf("%s: problem %d is %q, want %q", tt.name, i, problem, tt.want[i])
			}
		}
	}
}
