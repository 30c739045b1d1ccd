// SPDX-License-Identifier: Apache-2.0

package record

import (
	"errors"
	"fmt"
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

// from gives the entries from an index on.
func (s *testSource) from(index uint64) func() ([]byte, error) {
	return func() ([]byte, error) {
		if index == s.n {
			return nil, errors.New("asked for too much")
		}
		index++
		return testEntry(index - 1), nil
	}
}

func TestReplicaFollowsItsLog(t *testing.T) {
	source := newTestSource(t, 9000)
	signer, verifier := testKey(t)
	s := settings{disk: durabletest.New("/log"), segment: 8 * tileWidth, workers: 4}
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
