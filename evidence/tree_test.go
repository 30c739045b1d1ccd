// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"fmt"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"github.com/trucewatch/trucewatch"
)

// oracle is a tree of another author's.
type oracle []tlog.Hash

func (o oracle) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var out []tlog.Hash
	for _, i := range indexes {
		out = append(out, o[i])
	}
	return out, nil
}

func grown(t *testing.T, n int) (oracle, []trucewatch.Hash) {
	var o oracle
	var leaves []trucewatch.Hash
	for i := range n {
		content := fmt.Appendf(nil, "leaf %d", i)
		hashes, err := tlog.StoredHashes(int64(i), content, o)
		if err != nil {
			t.Fatal(err)
		}
		o = append(o, hashes...)
		leaves = append(leaves, leafHash(content))
	}
	return o, leaves
}

func TestTreeIsThatOfRFC6962(t *testing.T) {
	for n := 1; n <= 70; n++ {
		o, leaves := grown(t, n)
		want, err := tlog.TreeHash(int64(n), o)
		if err != nil {
			t.Fatal(err)
		}
		if got := rootOf(leaves); got != trucewatch.Hash(want) {
			t.Fatalf("root of %d leaves = %v, want %v", n, got, want)
		}
		for i := range n {
			proof, err := tlog.ProveRecord(int64(n), int64(i), o)
			if err != nil {
				t.Fatal(err)
			}
			path := hiddenRoots(leaves, between(int64(i), int64(i)+1))
			if len(path) != len(proof) {
				t.Fatalf("leaf %d of %d: %d hashes, want %d", i, n, len(path), len(proof))
			}
			for _, h := range proof {
				if !slices.Contains(path, trucewatch.Hash(h)) {
					t.Fatalf("leaf %d of %d: %v is missing", i, n, h)
				}
			}
		}
	}
}

func TestAnySetOfLeavesProvesItself(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 80).Draw(rt, "leaves")
		_, leaves := grown(t, n)
		shownLeaves := rapid.SliceOfN(rapid.Bool(), n, n).Draw(rt, "shown")
		shown := func(lo, hi int64) bool { return slices.Contains(shownLeaves[lo:hi], true) }
		path := hiddenRoots(leaves, shown)
		get := func(i int64) trucewatch.Hash { return leaves[i] }
		root, err := rootFrom(int64(n), shown, get, path)
		if err != nil || root != rootOf(leaves) {
			rt.Fatalf("root = %v, %v, want %v", root, err, rootOf(leaves))
		}
		if _, err := rootFrom(int64(n), shown, get, append(slices.Clone(path), root)); err == nil {
			rt.Fatal("a hash too many passed")
		}
		if len(path) > 0 {
			if _, err := rootFrom(int64(n), shown, get, path[1:]); err == nil {
				rt.Fatal("a hash too few passed")
			}
			path[rapid.IntRange(0, len(path)-1).Draw(rt, "altered")][0] ^= 1
			if other, err := rootFrom(int64(n), shown, get, path); err != nil || other == root {
				rt.Fatalf("an altered hash gave root %v, %v", other, err)
			}
		}
	})
}
