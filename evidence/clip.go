// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"fmt"
	"io"

	"github.com/trucewatch/trucewatch"
)

// ClipMaxBytes is the length of the longest clip; what is longer is handed over
// as a copy of the whole.
//
// Guess: a minute and a half of video at 10 Mbit/s, held in memory while it is
// proven. Test: the lengths of clips that are asked for.
const ClipMaxBytes = 128 << 20

// clipFormat names the format of an encoded clip.
const clipFormat = "trucewatch/clip/v1"

// pathMax is more hashes than a proof of any clip has: two a level.
const pathMax = 2 * 64

// A Clip is a passage of an item with the proof that it stands there in the
// item, byte for byte. It shows whole chunks: up to 65,535 bytes before and
// behind the passage are in it too. Beyond those and the passage itself it takes
// at most 64 bytes a level of the tree and 150 bytes: for an item of 100 GB, 1.5 KB.
//
// It proves bytes, not pictures. A passage of a video stream seldom plays by
// itself: prove it from one key frame to another, and the container's header as
// a clip of its own. A cut that was encoded anew has other bytes: it is a working
// copy, recorded as derived, and shown to be true to the original only by making
// it again.
//
// The hashes of neighbours that are not shown confirm a guess of a neighbour's
// whole chunk. For camera and sound that is no guess that anybody can make; for a
// form or a table it is, so give those whole or not at all.
type Clip struct {
	Format string            `cbor:"0,keyasint"` // clipFormat
	Item   trucewatch.Hash   `cbor:"1,keyasint"` // SHA-256 of the whole
	Size   int64             `cbor:"2,keyasint"` // of the whole, bytes
	From   int64             `cbor:"3,keyasint"` // first byte of the passage, from 0
	Till   int64             `cbor:"4,keyasint"` // byte behind its last
	Shown  []byte            `cbor:"5,keyasint"` // the chunks that hold the passage
	Path   []trucewatch.Hash `cbor:"6,keyasint"` // roots of the hidden subtrees, from left to right
}

// clipRange refuses a passage that is empty, too long or outside the item.
func clipRange(from, till, size int64) error {
	switch {
	case from < 0 || till <= from || till > size:
		return fmt.Errorf("clip: %w: bytes %d to %d of an item of %d bytes", trucewatch.ErrInvalid, from, till, size)
	case size > ItemMaxBytes:
		return fmt.Errorf("clip: %w: of an item of %d bytes, more than %d", trucewatch.ErrInvalid, size, int64(ItemMaxBytes))
	case till-from > ClipMaxBytes:
		return fmt.Errorf("clip: %w: %d bytes, more than %d", trucewatch.ErrInvalid, till-from, ClipMaxBytes)
	}
	return nil
}

// chunkRange is the first chunk that holds a part of the passage, and the one
// behind the last.
func chunkRange(from, till int64) (first, behind int64) { return from / ChunkBytes, chunkCount(till) }

func between(first, behind int64) shownSet {
	return func(lo, hi int64) bool { return lo < behind && first < hi }
}

// ProveClip reads r to its end and returns the passage of the bytes from from
// up to, but not with, till, with its proof, and what r is as a whole. A passage
// that is not in r is ErrInvalid. It holds the clip and a hash for each chunk of r
// in memory.
func ProveClip(r io.Reader, from, till int64) (Clip, Item, error) {
	if err := clipRange(from, till, till); err != nil {
		return Clip{}, Item{}, err
	}
	first, behind := chunkRange(from, till)
	var shown []byte
	var leaves []trucewatch.Hash
	item, err := describe(r, func(index int64, chunk []byte, leaf trucewatch.Hash) error {
		leaves = append(leaves, leaf)
		if index >= first && index < behind {
			shown = append(shown, chunk...)
		}
		return nil
	})
	if err == nil {
		err = clipRange(from, till, item.SizeBytes)
	}
	if err != nil {
		return Clip{}, Item{}, err
	}
	return newClip(item, from, till, shown, leaves), item, nil
}

func newClip(item Item, from, till int64, shown []byte, leaves []trucewatch.Hash) Clip {
	path := hiddenRoots(leaves, between(chunkRange(from, till)))
	return Clip{Format: clipFormat, Item: item.Hash, Size: item.SizeBytes, From: from, Till: till, Shown: shown, Path: path}
}

// Bytes is the passage. It means nothing before Check.
func (c *Clip) Bytes() []byte {
	first, _ := chunkRange(c.From, c.Till)
	return c.Shown[c.From-first*ChunkBytes : c.Till-first*ChunkBytes]
}

// Check returns an error unless the clip is what it says of the item, which is
// taken from the record: from a custody entry (ItemOf). A clip of other bytes, of
// another place or of another item is ErrCorrupt; one that is no clip, ErrInvalid.
func (c *Clip) Check(item Item) error {
	if err := item.check(); err != nil {
		return err
	}
	if err := c.wellFormed(); err != nil {
		return err
	}
	if c.Item != item.Hash || c.Size != item.SizeBytes {
		return fmt.Errorf("clip: %w: it is of item %v of %d bytes, not of %v of %d bytes", ErrCorrupt, c.Item, c.Size, item.Hash, item.SizeBytes)
	}
	first, behind := chunkRange(c.From, c.Till)
	root, err := rootFrom(item.chunks(), between(first, behind), func(index int64) trucewatch.Hash {
		at := (index - first) * ChunkBytes
		return chunkLeaf(index, c.Shown[at:at+item.chunkSize(index)])
	}, c.Path)
	if err != nil {
		return fmt.Errorf("clip: %w", err)
	}
	if root != item.Chunks {
		return fmt.Errorf("clip: %w: bytes %d to %d are not those of item %v", ErrCorrupt, c.From, c.Till, item.Hash)
	}
	return nil
}

// wellFormed refuses a clip whose parts do not fit each other, so that Bytes and
// Check cannot reach outside of Shown.
func (c *Clip) wellFormed() error {
	if c.Format != clipFormat {
		return fmt.Errorf("clip: %w: its format is not %s", trucewatch.ErrInvalid, clipFormat)
	}
	if err := clipRange(c.From, c.Till, c.Size); err != nil {
		return err
	}
	first, behind := chunkRange(c.From, c.Till)
	if want := min(behind*ChunkBytes, c.Size) - first*ChunkBytes; int64(len(c.Shown)) != want || len(c.Path) > pathMax {
		return fmt.Errorf("clip: %w: it shows %d bytes with %d hashes; bytes %d to %d are in %d bytes of chunks",
			trucewatch.ErrInvalid, len(c.Shown), len(c.Path), c.From, c.Till, want)
	}
	return nil
}

// Encode writes the clip as deterministic CBOR.
func (c *Clip) Encode() []byte { return trucewatch.Encode(c) }

// DecodeClip reads what Encode wrote and nothing else (ErrInvalid). It does not
// prove anything: that is for Check.
func DecodeClip(b []byte) (*Clip, error) {
	c := new(Clip)
	if len(b) > clipEncodedMax {
		return nil, fmt.Errorf("clip: %w: %d bytes, more than %d", trucewatch.ErrInvalid, len(b), clipEncodedMax)
	}
	if err := trucewatch.Decode(b, c); err != nil {
		return nil, fmt.Errorf("clip: %w", err)
	}
	if err := c.wellFormed(); err != nil {
		return nil, err
	}
	return c, nil
}

// clipEncodedMax is more than the encoding of any clip takes.
const clipEncodedMax = ClipMaxBytes + 2*ChunkBytes + pathMax*40 + 200
