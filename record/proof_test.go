// SPDX-License-Identifier: Apache-2.0

package record

import (
	"errors"
	"math/rand/v2"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/trucewatch/trucewatch/internal/durable/durabletest"
)

// A prover is what proofs are asked of.
type prover interface {
	ProveInclusion(index, size uint64) ([][32]byte, error)
	ProveConsistency(old, new uint64) ([][32]byte, error)
	LeafHash(index uint64) ([32]byte, error)
	RootAt(size uint64) ([32]byte, error)
}

func tlogProof(hashes [][32]byte) []tlog.Hash {
	proof := make([]tlog.Hash, len(hashes))
	for i, h := range hashes {
		proof[i] = h
	}
	return proof
}

// TestProofsHoldInEveryTree: any entry in any tree, and any tree within any
// other, by golang.org/x/mod/sumdb/tlog, which shares no code with the tree here;
// from a writer and a reader, in tiles, in the live segment, and across both.
func TestProofsHoldInEveryTree(t *testing.T) {
	const size = 5*tileWidth + 77
	_, verifier := testKey(t)
	source := newTestSource(t, size)
	for _, segment := range []uint64{tileWidth, 2 * tileWidth, segmentEntries} {
		disk := durabletest.New("/log")
		signer, _ := testKey(t)
		l, err := create(settings{disk: disk, segment: segment}, "/log", testOrigin, signer)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Append(testEntries(0, size)...); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Sign(); err != nil {
			t.Fatal(err)
		}
		r, err := openReader(disk, "/log", verifier)
		if err != nil {
			t.Fatal(err)
		}
		random := rand.New(rand.NewPCG(segment, 1))
		borders := []uint64{1, 2, 255, 256, 257, 511, 512, 513, 1024, 1279, 1280, 1281, size - 1, size}
		for i := range 400 {
			a, b := 1+random.Uint64N(size), 1+random.Uint64N(size)
			if i < len(borders)*len(borders) {
				a, b = borders[i/len(borders)], borders[i%len(borders)]
			}
			for _, p := range []prover{l, r} {
				checkProofs(t, p, source, min(a, b), max(a, b))
			}
		}
	}
}

// checkProofs proves entry old-1 in the tree of new entries, and old within new.
func checkProofs(t *testing.T, p prover, source *testSource, old, new uint64) {
	t.Helper()
	leaf, err := p.LeafHash(old - 1)
	if err != nil || leaf != tlog.RecordHash(testEntry(old-1)) {
		t.Fatalf("LeafHash(%d) = %x, %v", old-1, leaf, err)
	}
	if root, err := p.RootAt(old); err != nil || root != source.roots[old] {
		t.Fatalf("RootAt(%d) = %x, %v", old, root, err)
	}
	proof, err := p.ProveInclusion(old-1, new)
	if err == nil {
		err = tlog.CheckRecord(tlogProof(proof), int64(new), source.roots[new], int64(old-1), leaf)
	}
	if err != nil {
		t.Fatalf("ProveInclusion(%d, %d): %v", old-1, new, err)
	}
	proof, err = p.ProveConsistency(old, new)
	if err == nil {
		err = tlog.CheckTree(tlogProof(proof), int64(new), source.roots[new], int64(old), source.roots[old])
	}
	if err != nil {
		t.Fatalf("ProveConsistency(%d, %d): %v", old, new, err)
	}
}

func TestProofsRefuse(t *testing.T) {
	l := memoryLog(t)
	if _, err := l.Append(testEntries(0, 300)...); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		do   func() (any, error)
		want error
	}{
		{"an entry behind the tree", func() (any, error) { return l.ProveInclusion(5, 5) }, ErrInvalid},
		{"an entry of no tree", func() (any, error) { return l.ProveInclusion(0, 0) }, ErrInvalid},
		{"a tree that is too large", func() (any, error) { return l.ProveInclusion(5, 301) }, ErrNotFound},
		{"a tree in a smaller one", func() (any, error) { return l.ProveConsistency(6, 5) }, ErrInvalid},
		{"a tree in one that is too large", func() (any, error) { return l.ProveConsistency(6, 301) }, ErrNotFound},
		{"the hash of an absent entry", func() (any, error) { return l.LeafHash(300) }, ErrNotFound},
		{"the root of a tree that is too large", func() (any, error) { return l.RootAt(301) }, ErrNotFound},
		{"sizes beyond any log", func() (any, error) { return l.ProveConsistency(1<<63, 1<<64-1) }, ErrNotFound},
	} {
		if _, err := tt.do(); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	for _, sizes := range [][2]uint64{{0, 0}, {0, 300}, {300, 300}, {7, 7}} {
		if proof, err := l.ProveConsistency(sizes[0], sizes[1]); err != nil || len(proof) != 0 {
			t.Errorf("ProveConsistency(%d, %d) = %x, %v, want nothing", sizes[0], sizes[1], proof, err)
		}
	}
	if proof, err := l.ProveInclusion(0, 1); err != nil || len(proof) != 0 {
		t.Errorf("ProveInclusion(0, 1) = %x, %v, want nothing", proof, err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.ProveInclusion(0, 1); !errors.Is(err, ErrClosed) {
		t.Errorf("ProveInclusion after Close = %v", err)
	}
}

// TestProofsDoNotTrustHashes: an entry that was changed, with a right frame, gives an
// error and no proof.
func TestProofsDoNotTrustHashes(t *testing.T) {
	disk, _, verifier := smallLog(t, tileWidth)
	r, err := openReader(disk, "/log", verifier)
	if err != nil {
		t.Fatal(err)
	}
	change(t, disk, fullSegment, func(data []byte) { copy(data, appendFrame(nil, []byte("entry X"))) })
	if _, err := r.ProveInclusion(7, smallSigned); !errors.Is(err, ErrCorrupt) {
		t.Errorf("ProveInclusion = %v, want ErrCorrupt", err)
	}
	if _, err := r.ProveConsistency(7, smallSigned); !errors.Is(err, ErrCorrupt) {
		t.Errorf("ProveConsistency = %v, want ErrCorrupt", err)
	}
	if _, err := r.LeafHash(7); !errors.Is(err, ErrCorrupt) {
		t.Errorf("LeafHash = %v, want ErrCorrupt", err)
	}
}
