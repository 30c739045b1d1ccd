// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/trucewatch/trucewatch"
)

// Key returns the content key of a row: the SHA-256 of the source's ID, the
// row's own ID or, if it has none, its bytes, and how many rows of the same file
// had the same bytes before it. Each part stands behind its length as 8 bytes,
// big endian, so that no two lists of parts share their bytes.
//
// A file that is imported twice therefore adds nothing, and two equal rows of
// one file are both kept, unless their source calls them by one ID: occurrence is
// then 0 for both, and the mission takes the second for a repetition or refuses it.
func Key(source trucewatch.SourceID, row []byte, occurrence uint64) trucewatch.ContentKey {
	return sha256.Sum256(appendKey(nil, source, row, occurrence))
}

func appendKey(buf []byte, source trucewatch.SourceID, row []byte, occurrence uint64) []byte {
	buf = append(binary.BigEndian.AppendUint64(buf, uint64(len(source))), source...)
	buf = append(binary.BigEndian.AppendUint64(buf, uint64(len(row))), row...)
	return binary.BigEndian.AppendUint64(buf, occurrence)
}

// A Keyer gives content keys to the rows of one file, in their order.
type Keyer struct {
	source trucewatch.SourceID
	seen   map[[16]byte]uint32 // occurrences so far, by half a hash: a clash would only number a row 1 instead of 0
	buf    []byte              // the row's bytes
	whole  []byte              // what is hashed
}

// NewKeyer returns the keyer of one file of source.
func NewKeyer(source trucewatch.SourceID) *Keyer {
	return &Keyer{source: source, seen: map[[16]byte]uint32{}}
}

// Cells returns the key of a row that is known by its cells. The bytes of the
// row are its cells, each behind its length, so that quoting, line ends and
// the kind of file do not matter.
func (k *Keyer) Cells(cells []string) trucewatch.ContentKey {
	k.buf = append(k.buf[:0], 'c')
	for _, c := range cells {
		k.buf = binary.BigEndian.AppendUint64(k.buf, uint64(len(c)))
		k.buf = append(k.buf, c...)
	}
	return k.number()
}

// Native returns the key of a row that its source calls id, the same for every
// row of that ID.
func (k *Keyer) Native(id string) trucewatch.ContentKey {
	k.buf = append(append(k.buf[:0], 'n'), id...)
	k.whole = appendKey(k.whole[:0], k.source, k.buf, 0)
	return sha256.Sum256(k.whole)
}

// Bytes returns the key of a row that is known by its bytes alone.
func (k *Keyer) Bytes(row []byte) trucewatch.ContentKey {
	k.buf = append(append(k.buf[:0], 'b'), row...)
	return k.number()
}

// Of returns the key by native ID if there is one, else by cells.
func (k *Keyer) Of(id string, cells []string) trucewatch.ContentKey {
	if id != "" {
		return k.Native(id)
	}
	return k.Cells(cells)
}

func (k *Keyer) number() trucewatch.ContentKey {
	k.whole = appendKey(k.whole[:0], k.source, k.buf, 0)
	first := trucewatch.ContentKey(sha256.Sum256(k.whole))
	half := [16]byte(first[:16])
	n := k.seen[half]
	k.seen[half] = n + 1
	if n == 0 {
		return first
	}
	return Key(k.source, k.buf, uint64(n))
}
