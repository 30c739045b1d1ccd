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

	"github.com/trucewatch/trucewatch/internal/durable/durabletest"
)

// A testSource is a log's past: its entries and a checkpoint for any size.
type testSource struct {
	t      testing.TB
	signer note.Signer
	n      uint64
	roots  map[uint64][32]byte
}

func newTestSource(t testing.TB, n uint64) *testSource {
	signer, _ := testKey(t)
	s := &testSource{t: t, signer: signer, n: n, roots: make(map[uint64][32]byte)}
	l := memoryLog(t)
	if n > 0 {
		if _, err := l.Append(testEntries(0, n)...); err != nil {
			t.Fatal(err)
		}
	}
	for size := uint64(0); size <= n; size++ {
		root, err := l.contents.rootAt(size)
		if err != nil {
			t.Fatal(err)
		}
		s.roots[size] = root
	}
	return s
}

func memoryLog(t testing.TB) *Log {
	signer, _ := testKey(t)
	l, err := create(settings{disk: durabletest.New("/log"), segment: segmentEntries}, "/log", testOrigin, signer)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (s *testSource) checkpoint(size uint64) []byte {
	c, err := sign(testOrigin, size, s.roots[size], s.signer)
	if err != nil {
		s.t.Fatal(err)
	}
	return c.Note
}

// from gives the entries from an index on, all in the same bytes, as next may.
func (s *testSource) from(index uint64) func() ([]byte, error) {
	buffer := make([]byte, 100)
	return func() ([]byte, error) {
		if index == s.n {
			return nil, errors.New("asked for too much")
		}
		index++
		return buffer[:copy(buffer, testEntry(index-1))], nil
	}
}

func TestReplicaFollowsItsLog(t *testing.T) {
	source := newTestSource(t, 9000)
	signer, verifier := testKey(t)
	s := settings{disk: durabletest.New("/log"), segment: 8 * tileWidth}
	r, err := createReplica(s, "/log", source.checkpoint(9000), verifier)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []uint64{0, 1, 255, 256, 300, 2047, 2048, 2049, 7000, 7001, 8192, 9000} {
		if err := r.Extend(source.checkpoint(size), source.from(r.Checkpoint().Size)); err != nil {
			t.Fatalf("Extend to %d: %v", size, err)
		}
		if c := r.Checkpoint(); c.Size != size || c.Root != source.roots[size] {
			t.Fatalf("checkpoint %d %x", c.Size, c.Root)
		}
		report, err := verify(s.disk, "/log", verifier)
		if err != nil || report.Size != size || report.Signed != size {
			t.Fatalf("Verify at %d = %+v, %v", size, report, err)
		}
		if size%2 == 0 {
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			if r, err = openReplica(s, "/log", verifier); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := open(s, "/log", verifier, signer)
	if err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, l.Entries(0, l.Size())); fmt.Sprintf("%s", got) != fmt.Sprintf("%s", testEntries(0, 9000)) {
		t.Fatal("the entries are others")
	}
	if first, err := l.Append([]byte("after the takeover")); err != nil || first != 9000 {
		t.Fatalf("Append = %d, %v", first, err)
	}
	if _, err := l.Sign(); err != nil {
		t.Fatal(err)
	}
}

// TestReplicaShowsNothingUnproven: a source lies, fails, or ends early, anywhere
// on the way. Nothing of it is seen after opening again, and the next source is
// taken as if nothing had been.
func TestReplicaShowsNothingUnproven(t *testing.T) {
	t.Parallel()
	source := newTestSource(t, 9000)
	errSource := errors.New("source")
	lies := func(at uint64) func(uint64, []byte) ([]byte, error) {
		return func(i uint64, entry []byte) ([]byte, error) {
			if i == at {
				return []byte("never happened"), nil
			}
			return entry, nil
		}
	}
	fails := func(at uint64, err error) func(uint64, []byte) ([]byte, error) {
		return func(i uint64, entry []byte) ([]byte, error) {
			if i == at {
				return nil, err
			}
			return entry, nil
		}
	}
	for _, start := range []uint64{0, 1, 256, 300, 2048} {
		for _, target := range []uint64{start + 1, start + 500, 6000, 8192, 9000} {
			for _, tt := range []struct {
				name   string
				change func(uint64, []byte) ([]byte, error)
				want   error
			}{
				{"lies at the first entry", lies(start), ErrCorrupt},
				{"lies at the last entry", lies(target - 1), ErrCorrupt},
				{"fails", fails((start+target)/2, errSource), errSource},
				{"ends early", fails(target-1, io.EOF), io.ErrUnexpectedEOF},
				{"gives no bytes", func(uint64, []byte) ([]byte, error) { return nil, nil }, ErrInvalid},
				{"gives too many bytes", func(uint64, []byte) ([]byte, error) { return make([]byte, EntrySizeMax+1), nil }, ErrInvalid},
			} {
				t.Run(fmt.Sprintf("%d to %d %s", start, target, tt.name), func(t *testing.T) {
					s := settings{disk: durabletest.New("/log"), segment: 8 * tileWidth}
					r := replicaAt(t, s, source, start)
					i := start
					next := source.from(start)
					err := r.Extend(source.checkpoint(target), func() ([]byte, error) {
						entry, err := next()
						if err != nil {
							return nil, err
						}
						i++
						return tt.change(i-1, entry)
					})
					if !errors.Is(err, tt.want) {
						t.Fatalf("Extend = %v, want %v", err, tt.want)
					}
					checkUnproven(t, s, r, source, start, target)
				})
			}
		}
	}
}

// replicaAt is a replica that was extended to size.
func replicaAt(t *testing.T, s settings, source *testSource, size uint64) *Replica {
	t.Helper()
	_, verifier := testKey(t)
	r, err := createReplica(s, "/log", source.checkpoint(9000), verifier)
	if err == nil && size > 0 {
		err = r.Extend(source.checkpoint(size), source.from(0))
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// checkUnproven checks a replica after an Extend that failed.
func checkUnproven(t *testing.T, s settings, r *Replica, source *testSource, start, target uint64) {
	t.Helper()
	_, verifier := testKey(t)
	if err := r.Extend(source.checkpoint(target), source.from(start)); !errors.Is(err, ErrInDoubt) {
		t.Errorf("second Extend = %v, want ErrInDoubt", err)
	}
	report, err := verify(s.disk, "/log", verifier)
	if start > 0 && (err != nil || report.Signed != start) || start == 0 && !errors.Is(err, ErrNotFound) {
		t.Errorf("Verify before opening = %+v, %v", report, err)
	}
	r.Close()
	if r, err = openReplica(s, "/log", verifier); err != nil {
		t.Fatal(err)
	}
	if size, root := r.log.Root(); size != start || root != source.roots[start] || r.Checkpoint().Size != start {
		t.Fatalf("after opening: %d entries, checkpoint %d, want %d", size, r.Checkpoint().Size, start)
	}
	report, err = verify(s.disk, "/log", verifier)
	if start > 0 && (err != nil || report.Size != start) {
		t.Errorf("Verify after opening = %+v, %v", report, err)
	}
	for _, name := range s.disk.(*durabletest.Disk).Files() {
		if path.Base(name) == extendingName && start > 0 || strings.Contains(name, "/hashes/") && start < 8*tileWidth {
			t.Errorf("%s was left", name)
		}
	}
	if err := r.Extend(source.checkpoint(target), source.from(start)); err != nil {
		t.Fatalf("Extend after opening: %v", err)
	}
	if report, err := verify(s.disk, "/log", verifier); err != nil || report.Size != target || report.Signed != target {
		t.Errorf("Verify = %+v, %v", report, err)
	}
}

// TestOpenCutsWhatNoCheckpointProves: the log's owner takes over a replica in
// which a source's lies were left. He must not sign them.
func TestOpenCutsWhatNoCheckpointProves(t *testing.T) {
	source := newTestSource(t, 9000)
	signer, verifier := testKey(t)
	s := settings{disk: durabletest.New("/log"), segment: 8 * tileWidth}
	r := replicaAt(t, s, source, 300)
	i := 0
	err := r.Extend(source.checkpoint(9000), func() ([]byte, error) {
		if i++; i == 8000 {
			return nil, errors.New("gone")
		}
		return []byte("never happened"), nil
	})
	if err == nil {
		t.Fatal("Extend succeeded")
	}
	r.Close()
	l, err := open(s, "/log", verifier, signer)
	if err != nil {
		t.Fatal(err)
	}
	if l.Size() != 300 {
		t.Fatalf("%d entries, want 300", l.Size())
	}
	if _, err := l.Append([]byte("a true one")); err != nil {
		t.Fatal(err)
	}
	if c, err := l.Sign(); err != nil || c.Size != 301 {
		t.Fatalf("Sign = %+v, %v", c, err)
	}
	l.Close()
	if report, err := verify(s.disk, "/log", verifier); err != nil || report.Signed != 301 {
		t.Errorf("Verify = %+v, %v", report, err)
	}
}

func TestReplicaRefuses(t *testing.T) {
	source := newTestSource(t, 9000)
	signer, verifier := testKey(t)
	s := settings{disk: durabletest.New("/log"), segment: 8 * tileWidth}
	r := replicaAt(t, s, source, 300)
	note := func(origin string, size uint64, root byte) []byte {
		c, err := sign(origin, size, [32]byte{root}, signer)
		if err != nil {
			t.Fatal(err)
		}
		return c.Note
	}
	for _, tt := range []struct {
		name   string
		signed []byte
		want   string
	}{
		{"no note", []byte("?"), "malformed note"},
		{"another log", note("example.org/other", 301, 0), "another log"},
		{"a smaller checkpoint", source.checkpoint(299), "but 300 are proven here"},
		{"another root of the same size", note(testOrigin, 300, 1), "two checkpoints of 300 entries with different roots"},
	} {
		err := r.Extend(tt.signed, source.from(300))
		if !errors.Is(err, ErrInvalid) || errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Extend to %s = %v, want %q", tt.name, err, tt.want)
		}
	}
	// None of that put the replica in doubt; and a cosignature is merged.
	a := newCosigner(t, "a.example")
	cosigned := withLines(r.Checkpoint(), lastLine(source.checkpoint(300)), lastLine(a.cosign(t, r.Checkpoint())))
	if err := r.Extend(cosigned, nil); err != nil || !bytes.Equal(r.Checkpoint().Note, cosigned) {
		t.Errorf("Extend that merges = %v, %s", err, r.Checkpoint().Note)
	}
	if _, err := createReplica(s, "/log", source.checkpoint(1), verifier); !errors.Is(err, ErrLocked) {
		t.Errorf("CreateReplica of one that is open = %v, want ErrLocked", err)
	}
	r.Close()
	if _, err := createReplica(s, "/log", source.checkpoint(1), verifier); !errors.Is(err, ErrExists) {
		t.Errorf("CreateReplica of one that is there = %v, want ErrExists", err)
	}
	if err := r.Extend(source.checkpoint(301), source.from(300)); !errors.Is(err, ErrClosed) {
		t.Errorf("Extend after Close = %v", err)
	}
	if _, err := openReplica(settings{disk: durabletest.New("/log")}, "/log", verifier); !errors.Is(err, ErrNotFound) {
		t.Errorf("OpenReplica of nothing = %v, want ErrNotFound", err)
	}
	// A log that is written to is no replica: its unsigned entries were acknowledged.
	disk, _, _ := smallLog(t, segmentEntries)
	if _, err := openReplica(settings{disk: disk, segment: segmentEntries}, "/log", verifier); !errors.Is(err, ErrInvalid) {
		t.Errorf("OpenReplica of a log = %v, want ErrInvalid", err)
	}
	if report, err := verify(disk, "/log", verifier); err != nil || report.Unsigned != smallUnsigned {
		t.Errorf("OpenReplica changed the log: %+v, %v", report, err)
	}
}

// TestReplicaIsReadWhileItGrows: readers see proven entries, and Verify finds no
// problem, at every moment of an Extend.
func TestReplicaIsReadWhileItGrows(t *testing.T) {
	source := newTestSource(t, 9000)
	_, verifier := testKey(t)
	s := settings{disk: durabletest.New("/log"), segment: 8 * tileWidth}
	r := replicaAt(t, s, source, 300)
	next := source.from(300)
	i := 300
	err := r.Extend(source.checkpoint(9000), func() ([]byte, error) {
		if i++; i%700 == 0 {
			if report, err := verify(s.disk, "/log", verifier); err != nil || report.Signed != 300 {
				t.Errorf("at entry %d: Verify = %+v, %v", i, report, err)
			}
			reader, err := openReader(s.disk, "/log", verifier)
			if err != nil {
				t.Fatal(err)
			}
			if n := len(readAll(t, reader.Entries(0, 300))); n != 300 {
				t.Errorf("at entry %d: read %d entries", i, n)
			}
			reader.Close()
		}
		return next()
	})
	if err != nil {
		t.Fatal(err)
	}
}
