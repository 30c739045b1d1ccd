// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"crypto/sha256"
	"fmt"
	"math/bits"

	"github.com/trucewatch/trucewatch"
)

// leafHash is the hash of a leaf whose content is the given parts, joined.
//
// Source: RFC 6962, section 2.1.
func leafHash(parts ...[]byte) trucewatch.Hash {
	h := sha256.New()
	h.Write([]byte{0})
	for _, p := range parts {
		h.Write(p)
	}
	return trucewatch.Hash(h.Sum(nil))
}

// nodeHash is the hash of two neighbours in the tree.
//
// Source: RFC 6962, section 2.1.
func nodeHash(left, right trucewatch.Hash) trucewatch.Hash {
	var b [1 + 2*sha256.Size]byte
	b[0] = 1
	copy(b[1:], left[:])
	copy(b[1+sha256.Size:], right[:])
	return sha256.Sum256(b[:])
}

// A growing tree holds the roots of the full subtrees of the leaves so far, the
// largest first: one for each set bit of size. It takes 2 KiB however many
// leaves there are.
type growing struct {
	size  int64
	roots []trucewatch.Hash
}

// add appends a leaf.
func (g *growing) add(leaf trucewatch.Hash) {
	for n := g.size; n&1 == 1; n >>= 1 {
		last := len(g.roots) - 1
		leaf = nodeHash(g.roots[last], leaf)
		g.roots = g.roots[:last]
	}
	g.roots = append(g.roots, leaf)
	g.size++
}

// root is that of the leaves so far, of which there is at least one.
func (g *growing) root() trucewatch.Hash {
	last := len(g.roots) - 1
	root := g.roots[last]
	for i := last - 1; i >= 0; i-- {
		root = nodeHash(g.roots[i], root)
	}
	return root
}

// rootOf is the root of a tree over leaves, of which there is at least one.
func rootOf(leaves []trucewatch.Hash) trucewatch.Hash {
	var g growing
	for _, l := range leaves {
		g.add(l)
	}
	return g.root()
}

// split is where the tree over n leaves, n at least 2, has its left subtree
// end: the largest power of two below n.
func split(n int64) int64 { return 1 << (bits.Len64(uint64(n-1)) - 1) }

// A shownSet says whether any leaf from lo up to, but not with, hi is shown.
type shownSet func(lo, hi int64) bool

// hiddenRoots lists the roots of the largest subtrees that hold no shown leaf,
// from left to right: with the shown leaves, they give the root. It is RFC 6962's
// inclusion proof, for many leaves at once.
func hiddenRoots(leaves []trucewatch.Hash, shown shownSet) []trucewatch.Hash {
	var path []trucewatch.Hash
	var walk func(lo, hi int64)
	walk = func(lo, hi int64) {
		switch {
		case !shown(lo, hi):
			path = append(path, rootOf(leaves[lo:hi]))
		case hi-lo > 1:
			mid := lo + split(hi-lo)
			walk(lo, mid)
			walk(mid, hi)
		}
	}
	walk(0, int64(len(leaves)))
	return path
}

// rootFrom computes the root of a tree of n leaves from those that are shown,
// in order, and from what hiddenRoots lists. Too few or too many hashes are an
// error. The depth is that of the tree, the work that of the shown leaves.
func rootFrom(n int64, shown shownSet, leaf func(index int64) trucewatch.Hash, path []trucewatch.Hash) (trucewatch.Hash, error) {
	short := false
	var walk func(lo, hi int64) trucewatch.Hash
	walk = func(lo, hi int64) trucewatch.Hash {
		switch {
		case !shown(lo, hi):
			if len(path) == 0 {
				short = true
				return trucewatch.Hash{}
			}
			root := path[0]
			path = path[1:]
			return root
		case hi-lo == 1:
			return leaf(lo)
		}
		mid := lo + split(hi-lo)
		left := walk(lo, mid)
		return nodeHash(left, walk(mid, hi))
	}
	root := walk(0, n)
	if short || len(path) > 0 {
		return root, fmt.Errorf("%w: the proof has too few or too many hashes", trucewatch.ErrInvalid)
	}
	return root, nil
}
