// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/trucewatch/trucewatch"
)

// ChunkBytes is the length of a chunk; the last one of an item may be shorter.
//
// Guess: 64 KiB, so that what a clip shows beyond its ends stays below 128 KiB,
// and the hashes of all chunks below 1/2048 of the item. Test: the sizes of clips
// that are asked for.
const ChunkBytes = 64 << 10

// ItemMaxBytes is the size of the largest item: 1 PiB, far beyond any disk, so
// that no offset overflows.
const ItemMaxBytes = 1 << 50

// chunkContext begins the content of every leaf of the chunk tree.
const chunkContext = "trucewatch/chunk/v1\x00"

// An Item is what the record says about a piece of evidence. Whoever holds it
// knows any part of the bytes again.
type Item struct {
	Hash      trucewatch.Hash // SHA-256 of the bytes
	Chunks    trucewatch.Hash // root of the tree over its chunks
	SizeBytes int64           // at least 1
}

// ItemOf is the item of a custody entry that describes one: acquired or derived.
func ItemOf(c *trucewatch.Custody) Item {
	return Item{Hash: c.Item, Chunks: c.Chunks, SizeBytes: c.SizeBytes}
}

// chunks is how many the item has.
func (i Item) chunks() int64 { return chunkCount(i.SizeBytes) }

func chunkCount(size int64) int64 { return (size-1)/ChunkBytes + 1 }

// chunkSize is the length of the chunk with the given index.
func (i Item) chunkSize(index int64) int64 { return min(ChunkBytes, i.SizeBytes-index*ChunkBytes) }

func (i Item) check() error {
	if i.SizeBytes < 1 || i.Hash.IsZero() || i.Chunks.IsZero() {
		return fmt.Errorf("item: %w: without its hash, its chunks' root or its size", trucewatch.ErrInvalid)
	}
	if i.SizeBytes > ItemMaxBytes {
		return fmt.Errorf("item: %w: %d bytes, more than %d", trucewatch.ErrInvalid, i.SizeBytes, int64(ItemMaxBytes))
	}
	return nil
}

// chunkLeaf is the hash of a chunk with its place.
func chunkLeaf(index int64, chunk []byte) trucewatch.Hash {
	var place [8]byte
	binary.BigEndian.PutUint64(place[:], uint64(index))
	return leafHash([]byte(chunkContext), place[:], chunk)
}

// Describe reads r to its end and says what it is. It holds one chunk in memory.
// An empty r is ErrInvalid: nothing is no evidence.
func Describe(r io.Reader) (Item, error) {
	return describe(r, func(int64, []byte, trucewatch.Hash) error { return nil })
}

// describe hands each chunk and its leaf hash to do, in order, while it reads.
// The chunk's bytes belong to describe and change after do returns.
func describe(r io.Reader, do func(index int64, chunk []byte, leaf trucewatch.Hash) error) (Item, error) {
	var item Item
	var tree growing
	whole := sha256.New()
	buffer := make([]byte, ChunkBytes)
	for {
		n, err := io.ReadFull(r, buffer)
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return Item{}, fmt.Errorf("read byte %d: %w", item.SizeBytes+int64(n), err)
		}
		if n > 0 {
			chunk := buffer[:n]
			whole.Write(chunk)
			leaf := chunkLeaf(tree.size, chunk)
			if err := do(tree.size, chunk, leaf); err != nil {
				return Item{}, err
			}
			tree.add(leaf)
			item.SizeBytes += int64(n)
		}
		if last {
			break
		}
	}
	if item.SizeBytes == 0 {
		return Item{}, fmt.Errorf("%w: no bytes", trucewatch.ErrInvalid)
	}
	item.Hash, item.Chunks = trucewatch.Hash(whole.Sum(nil)), tree.root()
	return item, nil
}
