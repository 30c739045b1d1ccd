// SPDX-License-Identifier: Apache-2.0

package record

import (
	"crypto/sha256"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// A tree is the right edge of an RFC 6962 Merkle tree: all that is needed to
// add leaves and to know the root. Everything left of the edge is in full tiles.
type tree struct {
	size uint64 // leaves
	// edge[level] holds the hashes of the one partial tile at that tile level,
	// fewer than tileWidth; level 0 are leaf hashes, level 1 the roots of full
	// tiles of level 0, and so on.
	edge [levelMax][]tlog.Hash
	// folded are hashes of tiles of level 0 that foldAhead worked out and that are
	// not full yet, in their order.
	folded []tlog.Hash
}

// addTile appends a full tile of the level below by its hash, or, at level 0, a
// leaf; at level 1 and up the tree must end on a border of such tiles. For each
// tile that becomes full it calls full, from the lowest level up; hashes is only
// valid during the call.
func (t *tree) addTile(level int, h tlog.Hash, full func(id tileID, hashes []tlog.Hash)) {
	n := t.size >> (tileHeight * (level + 1))
	t.size += 1 << (tileHeight * level)
	for ; level < levelMax; level++ {
		t.edge[level] = append(t.edge[level], h)
		if len(t.edge[level]) < tileWidth {
			break
		}
		full(tileID{level, n}, t.edge[level])
		h, n = t.foldEdge(level), n/tileWidth
		t.edge[level] = t.edge[level][:0]
	}
}

// foldEdge is the hash of the full tile at the edge of a level.
func (t *tree) foldEdge(level int) tlog.Hash {
	if level > 0 || len(t.folded) == 0 {
		return fold(t.edge[level])
	}
	h := t.folded[0]
	t.folded = t.folded[1:]
	return h
}

// foldAhead returns the hashes of the tiles of level 0 that become full with these
// leaves. It changes nothing.
func (t *tree) foldAhead(leaves []tlog.Hash) (folded []tlog.Hash) {
	row := slices.Concat(t.edge[0], leaves)
	for len(row) >= tileWidth {
		folded = append(folded, fold(row[:tileWidth]))
		row = row[tileWidth:]
	}
	return folded
}

// root is the Merkle tree hash of all leaves; of none it is SHA-256 of nothing.
//
// Source: RFC 6962, section 2.1.
func (t *tree) root() tlog.Hash {
	if t.size == 0 {
		return sha256.Sum256(nil)
	}
	// From right to left: the partial tile of each level is a row of perfect
	// subtrees, one per bit of its width, and everything to their right is
	// already in root.
	var root tlog.Hash
	started := false
	for _, hashes := range t.edge {
		for size := 1; len(hashes) > 0; size <<= 1 {
			if len(hashes)&size == 0 {
				continue
			}
			h := fold(hashes[len(hashes)-size:])
			hashes = hashes[:len(hashes)-size]
			if started {
				h = tlog.NodeHash(h, root)
			}
			root, started = h, true
		}
	}
	return root
}

// fold is the root of a perfect tree over 2^k hashes.
func fold(hashes []tlog.Hash) tlog.Hash {
	row := append(make([]tlog.Hash, 0, tileWidth), hashes...)
	for len(row) > 1 {
		for i := range len(row) / 2 {
			row[i] = tlog.NodeHash(row[2*i], row[2*i+1])
		}
		row = row[:len(row)/2]
	}
	return row[0]
}
