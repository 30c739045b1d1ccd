// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"math/bits"
	"strconv"

	"github.com/trucewatch/trucewatch"
)

const (
	fieldContext = "trucewatch/field/v1\x00"
	saltBytes    = 16

	// fillerMark begins the names of leaves that hold nothing.
	fillerMark = "~"

	// leavesMin is the least number of leaves of a tree. The number is always a
	// power of two, so that an opening does not say how many rows a batch has.
	leavesMin = 128

	// leavesMax bounds a tree: the most rows that an entry may have, each with
	// fewer than 32 fields.
	leavesMax = trucewatch.RowsMax * 32

	nameMaxBytes = 256
)

// A Seed is 32 random bytes, one seed per entry, from which the salts of its
// fields follow. Whoever has it can try values against the root; who has not,
// learns nothing from the root.
type Seed [32]byte

// A Field is a name and a value, deterministic CBOR if it comes from FieldsOf.
type Field struct {
	Name  string
	Value []byte
}

// A Commitment is a Merkle tree (RFC 6962, 2.1) over salted fields. The leaf of a
// field is
//
//	SHA-256(0x00 || "trucewatch/field/v1\0" || salt || uint16 length of name || name || value)
//
// with the first 16 bytes of HMAC-SHA256(seed, name) as salt and big-endian
// lengths. After the fields come fillers named "~0", "~1", ... with empty values,
// up to the next power of two and at least 128 leaves.
type Commitment struct {
	seed   Seed
	fields []Field
	index  map[string]int
	levels [][]trucewatch.Hash // the leaves first, the root last
}

// Commit commits to fields in the order given. Their names must be unique, not
// empty, at most 256 bytes and not begin with "~", and there may be at most
// 131,072; FieldsOf gives such. It panics otherwise: a name is part of a
// program, not of its input.
func Commit(seed Seed, fields []Field) *Commitment {
	if len(fields) > leavesMax {
		panic(fmt.Sprintf("seal: %d fields, more than %d", len(fields), leavesMax))
	}
	size := max(leavesMin, len(fields))
	if size&(size-1) != 0 {
		size = 1 << bits.Len(uint(size))
	}
	c := &Commitment{seed: seed, fields: fields, index: make(map[string]int, len(fields))}
	leaves := make([]trucewatch.Hash, size)
	mac := hmac.New(sha256.New, seed[:])
	for i, f := range fields {
		if _, twice := c.index[f.Name]; twice || f.Name == "" || len(f.Name) > nameMaxBytes || f.Name[:1] == fillerMark {
			panic(fmt.Sprintf("seal: field name %q is empty, too long, reserved or used twice", f.Name))
		}
		c.index[f.Name] = i
		leaves[i] = leafHash(saltOf(mac, f.Name), f.Name, f.Value)
	}
	for i := len(fields); i < size; i++ {
		name := fillerMark + strconv.Itoa(i-len(fields))
		leaves[i] = leafHash(saltOf(mac, name), name, nil)
	}
	c.levels = append(c.levels, leaves)
	for len(leaves) > 1 {
		parents := make([]trucewatch.Hash, len(leaves)/2)
		for i := range parents {
			parents[i] = nodeHash(leaves[2*i], leaves[2*i+1])
		}
		c.levels = append(c.levels, parents)
		leaves = parents
	}
	return c
}

// Root is what an entry carries as its CommitmentRoot.
func (c *Commitment) Root() trucewatch.Hash { return c.levels[len(c.levels)-1][0] }

// Open returns what proves the field's value to somebody who has the root, and
// says nothing about any other field.
func (c *Commitment) Open(name string) (Opening, error) {
	i, ok := c.index[name]
	if !ok {
		return Opening{}, fmt.Errorf("open field %q: %w", name, ErrNotFound)
	}
	o := Opening{Name: name, Salt: saltOf(hmac.New(sha256.New, c.seed[:]), name), Value: append([]byte{}, c.fields[i].Value...), Index: uint64(i), Size: uint64(len(c.levels[0]))}
	for level := 0; level < len(c.levels)-1; level++ {
		o.Path = append(o.Path, c.levels[level][(i>>level)^1])
	}
	return o, nil
}

// saltOf takes the HMAC under the seed, which it begins anew.
func saltOf(mac hash.Hash, name string) []byte {
	mac.Reset()
	mac.Write([]byte(name))
	return mac.Sum(nil)[:saltBytes]
}

func leafHash(salt []byte, name string, value []byte) (h trucewatch.Hash) {
	b := make([]byte, 0, 1+len(fieldContext)+saltBytes+2+len(name)+len(value))
	b = append(b, 0)
	b = append(b, fieldContext...)
	b = append(b, salt...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(name)))
	b = append(b, name...)
	return sha256.Sum256(append(b, value...))
}

func nodeHash(left, right trucewatch.Hash) trucewatch.Hash {
	var b [65]byte
	b[0] = 1
	copy(b[1:], left[:])
	copy(b[33:], right[:])
	return sha256.Sum256(b[:])
}

// An Opening is the value of one field, with what proves that the entry commits
// to it. Its encoding is deterministic CBOR, an array of these in order.
type Opening struct {
	_     struct{} `cbor:",toarray"`
	Name  string
	Salt  []byte // 16 bytes
	Value []byte // of FieldsOf: deterministic CBOR, null if the field is absent
	Index uint64 // of its leaf, from 0
	Size  uint64 // leaves of the tree, a power of two
	Path  []trucewatch.Hash
}

// EncodeOpening writes o in its one encoding.
func EncodeOpening(o Opening) []byte { return trucewatch.Encode(o) }

// DecodeOpening reads what EncodeOpening wrote and checks its form. Whether it is
// true, CheckOpening says.
func DecodeOpening(b []byte) (Opening, error) {
	var o Opening
	if err := trucewatch.Decode(b, &o); err != nil {
		return Opening{}, fmt.Errorf("opening: %w", err)
	}
	if err := o.check(); err != nil {
		return Opening{}, err
	}
	return o, nil
}

func (o *Opening) check() error {
	switch {
	case o.Name == "" || len(o.Name) > nameMaxBytes || o.Name[:1] == fillerMark:
		return fmt.Errorf("opening: %w: %q is not the name of a field", ErrInvalid, trucewatch.CutText(o.Name, 40))
	case len(o.Salt) != saltBytes:
		return fmt.Errorf("opening of %s: %w: salt of %d bytes, not %d", o.Name, ErrInvalid, len(o.Salt), saltBytes)
	case o.Value == nil:
		return fmt.Errorf("opening of %s: %w: no value", o.Name, ErrInvalid)
	case o.Size < leavesMin || o.Size > leavesMax || o.Size&(o.Size-1) != 0 || o.Index >= o.Size:
		return fmt.Errorf("opening of %s: %w: leaf %d of %d", o.Name, ErrInvalid, o.Index, o.Size)
	case len(o.Path) != bits.Len64(o.Size)-1:
		return fmt.Errorf("opening of %s: %w: a path of %d hashes in a tree of %d leaves", o.Name, ErrInvalid, len(o.Path), o.Size)
	}
	return nil
}

// CheckOpening returns nil if the tree with this root has this field with this
// value, and an error that wraps ErrInvalid or ErrFalseOpening if not.
func CheckOpening(root trucewatch.Hash, o Opening) error {
	if err := o.check(); err != nil {
		return err
	}
	h := leafHash(o.Salt, o.Name, o.Value)
	for level, sibling := range o.Path {
		if o.Index>>level&1 == 0 {
			h = nodeHash(h, sibling)
		} else {
			h = nodeHash(sibling, h)
		}
	}
	if !bytes.Equal(h[:], root[:]) {
		return fmt.Errorf("opening of %s: %w", o.Name, ErrFalseOpening)
	}
	return nil
}
