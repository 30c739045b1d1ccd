// SPDX-License-Identifier: Apache-2.0

package keyring

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

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

// climb returns the root that a leaf and its path give.
//
// Source: RFC 9162, 2.1.3.2, which also says when a path has a wrong length.
func climb(leaf trucewatch.Hash, p *trucewatch.BatchProof) (trucewatch.Hash, error) {
	if p.Size == 0 || p.Size > batchSizeMax || p.Index >= p.Size {
		return leaf, fmt.Errorf("it is of body %d of a batch of %d, which cannot be", p.Index, p.Size)
	}
	at, last, root := p.Index, p.Size-1, tlog.Hash(leaf)
	for _, beside := range p.Path {
		if last == 0 {
			return leaf, fmt.Errorf("it has a path of %d hashes, too long for body %d of a batch of %d", len(p.Path), p.Index, p.Size)
		}
		if at%2 == 1 || at == last {
			root = tlog.NodeHash(tlog.Hash(beside), root)
			for at%2 == 0 && at != 0 {
				at, last = at/2, last/2
			}
		} else {
			root = tlog.NodeHash(root, tlog.Hash(beside))
		}
		at, last = at/2, last/2
	}
	if last != 0 {
		return leaf, fmt.Errorf("it has a path of %d hashes, too short for body %d of a batch of %d", len(p.Path), p.Index, p.Size)
	}
	return trucewatch.Hash(root), nil
}
