// SPDX-License-Identifier: Apache-2.0

package keyring

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/trucewatch/trucewatch"
)

// batchContext stands before what a batch's signature covers.
const batchContext = "trucewatch/batch/v1\x00"

// batchSizeMax bounds the leaves of a batch. Guess: a device that was out of
// reach for a week sends less. Test: the longest batch received.
const batchSizeMax = 1 << 20

// ID names a key by the first bytes of its hash.
func ID(public []byte) trucewatch.KeyID {
	sum := sha256.Sum256(public)
	return trucewatch.KeyID(sum[:8])
}

// Sign signs one body.
func Sign(key ed25519.PrivateKey, body []byte) trucewatch.Signature {
	return trucewatch.Signature{Key: ID(key.Public().(ed25519.PublicKey)), Type: trucewatch.Ed25519Signature,
		Value: ed25519.Sign(key, trucewatch.SignedBytes(body))}
}

// SignBatch signs many bodies with one signature and returns what each of them
// carries. One body alone gets a plain signature.
func SignBatch(key ed25519.PrivateKey, bodies [][]byte) []trucewatch.Signature {
	if len(bodies) == 1 {
		return []trucewatch.Signature{Sign(key, bodies[0])}
	}
	leaves := make([]trucewatch.Hash, len(bodies))
	for i, body := range bodies {
		leaves[i] = leafOf(body)
	}
	paths := make([][]trucewatch.Hash, len(leaves))
	root := grow(leaves, 0, paths)
	id := ID(key.Public().(ed25519.PublicKey))
	signature := ed25519.Sign(key, batchMessage(uint64(len(bodies)), root))
	signatures := make([]trucewatch.Signature, len(bodies))
	for i := range signatures {
		proof := trucewatch.BatchProof{Size: uint64(len(bodies)), Index: uint64(i), Path: paths[i], Signature: signature}
		signatures[i] = trucewatch.Signature{Key: id, Type: trucewatch.BatchSignature, Value: trucewatch.Encode(proof)}
	}
	return signatures
}

func leafOf(body []byte) trucewatch.Hash {
	return trucewatch.Hash(tlog.RecordHash(trucewatch.SignedBytes(body)))
}

func batchMessage(size uint64, root trucewatch.Hash) []byte {
	message := binary.BigEndian.AppendUint64([]byte(batchContext), size)
	return append(message, root[:]...)
}

// grow returns the root over leaves, the first of which is leaf from of the
// batch, and adds to the path of each what stands beside it.
//
// Source: RFC 6962, 2.1 and 2.1.1.
func grow(leaves []trucewatch.Hash, from int, paths [][]trucewatch.Hash) trucewatch.Hash {
	if len(leaves) == 1 {
		return leaves[0]
	}
	half := 1
	for half*2 < len(leaves) {
		half *= 2
	}
	left, right := grow(leaves[:half], from, paths), grow(leaves[half:], from+half, paths)
	for i := range leaves {
		beside := right
		if i >= half {
			beside = left
		}
		paths[from+i] = append(paths[from+i], beside)
	}
	return trucewatch.Hash(tlog.NodeHash(tlog.Hash(left), tlog.Hash(right)))
}

// A climber climbs from leaves to roots. It keeps its last way: a leaf beside the
// last one, which is most of them, goes a few steps of its own and then the same,
// and where it comes to the same node with the same hashes still to come, the root
// is the same too.
type climber struct {
	size uint64            // of the last leaf's batch
	path []trucewatch.Hash // that was climbed to root, nil if none was
	way  [pathMax + 1]node // by how many hashes of the path were still to come
	root trucewatch.Hash
}

// pathMax is how long a path can be: batchSizeMax has 20 levels.
const pathMax = 20

// A node is a place in a tree, of which last is the last one of its level, and
// what is there.
type node struct {
	at, last uint64
	hash     tlog.Hash
}

// climb sets size and root to those that a leaf and its proof give.
//
// Source: RFC 9162, 2.1.3.2, which also says when a path has a wrong length.
func (c *climber) climb(leaf trucewatch.Hash, p *trucewatch.BatchProof) error {
	last := c.path
	c.path = nil
	if p.Size == 0 || p.Size > batchSizeMax || p.Index >= p.Size {
		return fmt.Errorf("it is of body %d of a batch of %d, which cannot be", p.Index, p.Size)
	}
	if p.Size != c.size {
		last = nil
	}
	n := node{p.Index, p.Size - 1, tlog.Hash(leaf)}
	for i, beside := range p.Path {
		ahead := len(p.Path) - i
		if n.last == 0 || ahead > pathMax {
			return fmt.Errorf("it has a path of %d hashes, too long for body %d of a batch of %d", len(p.Path), p.Index, p.Size)
		}
		if ahead <= len(last) && n == c.way[ahead] && slices.Equal(p.Path[i:], last[len(last)-ahead:]) {
			c.path = p.Path
			return nil
		}
		c.way[ahead] = n
		n = n.up(tlog.Hash(beside))
	}
	if n.last != 0 {
		return fmt.Errorf("it has a path of %d hashes, too short for body %d of a batch of %d", len(p.Path), p.Index, p.Size)
	}
	c.size, c.path, c.root = p.Size, p.Path, trucewatch.Hash(n.hash)
	return nil
}

// up is the node above n, which has another one beside it.
func (n node) up(beside tlog.Hash) node {
	if n.at%2 == 1 || n.at == n.last {
		n.hash = tlog.NodeHash(beside, n.hash)
		for n.at%2 == 0 && n.at != 0 {
			n.at, n.last = n.at/2, n.last/2
		}
	} else {
		n.hash = tlog.NodeHash(n.hash, beside)
	}
	n.at, n.last = n.at/2, n.last/2
	return n
}
