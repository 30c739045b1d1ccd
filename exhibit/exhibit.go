// SPDX-License-Identifier: Apache-2.0

// Package exhibit is the proof of one observation or one finding in one file
// that is checked without the mission, without network, and within a
// millisecond: what is shown, the entry of the record that commits to it, and
// the co-signed checkpoint that commits to the entry.
//
// The file is a C2SP tlog-proof (https://c2sp.org/tlog-proof), which any client
// of that format can hold against the log; what is particular to trucewatch
// stands in its extra line as deterministic CBOR.
//
// # Who can do what
//
//   - Whoever changes a byte of an exhibit is found out by Check with the
//     mission's policy. Without a policy the cosignatures are let be, and only
//     the log's key vouches.
//   - Whoever makes an exhibit decides what is in it. It proves what it shows, and
//     says nothing of what it leaves out, nor whether an observation is true.
//   - Whoever is handed an exhibit can hand it on: an opened field stays open.
//   - That the desk's key was the desk's when it signed the entry is not in an
//     exhibit: that the entry stands in the co-signed record is what it proves.
package exhibit

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math"

	"github.com/transparency-dev/formats/proof"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/seal"
)

// version is of the extra data.
const version = 1

// SizeMax bounds an exhibit in bytes. Source: the tlog-proof reader takes lines
// of up to 64 KiB; the rest is a checkpoint with its cosignatures.
const SizeMax = 128 << 10

// An Exhibit is the proof of one thing. Exactly one of Openings, Row and Item
// says what it is.
type Exhibit struct {
	Index      uint64     // of the entry in the log
	Proof      [][32]byte // RFC 6962 inclusion proof of the entry
	Checkpoint []byte     // signed note
	Leaf       []byte     // bytes of the entry: trucewatch.DecodeEntry reads them

	Openings []seal.Opening // fields of a sealed entry
	Row      *uint64        // of the observations that an open entry holds
	Item     *Item          // a finding, of the publication that a digest entry commits to
}

// An Item is a leaf of the tree over a publication.
type Item struct {
	Bytes []byte // a trucewatch.FindingView in deterministic CBOR
	Index uint64 // in the publication
	Path  []trucewatch.Hash
}

// extra is the extra data of the tlog-proof.
type extra struct {
	Version  uint      `cbor:"0,keyasint"`
	Leaf     []byte    `cbor:"1,keyasint"`
	Hashes   []byte    `cbor:"2,keyasint,omitempty"` // that the paths name by their place here, 32 bytes each
	Openings []opening `cbor:"3,keyasint,omitempty"`
	Row      *uint64   `cbor:"4,keyasint,omitempty"`
	Item     *item     `cbor:"5,keyasint,omitempty"`
}

// An opening is a seal.Opening whose path names hashes: fields of one row share
// most of theirs.
type opening struct {
	_     struct{} `cbor:",toarray"`
	Name  string
	Salt  []byte
	Value []byte
	Index uint64
	Size  uint64
	Path  []uint16
}

type item struct {
	_     struct{} `cbor:",toarray"`
	Bytes []byte
	Index uint64
	Path  []uint16
}

// A table numbers hashes by their first use.
type table struct {
	hashes []byte
	place  map[trucewatch.Hash]uint16
}

func (t *table) put(path []trucewatch.Hash) []uint16 {
	refs := make([]uint16, len(path))
	for i, h := range path {
		place, ok := t.place[h]
		if !ok {
			place = uint16(len(t.place))
			t.place[h] = place
			t.hashes = append(t.hashes, h[:]...)
		}
		refs[i] = place
	}
	return refs
}

// Encode writes x in its one encoding.
func Encode(x *Exhibit) []byte {
	t := table{place: map[trucewatch.Hash]uint16{}}
	e := extra{Version: version, Leaf: x.Leaf, Row: x.Row}
	for _, o := range x.Openings {
		e.Openings = append(e.Openings, opening{Name: o.Name, Salt: o.Salt, Value: o.Value, Index: o.Index, Size: o.Size, Path: t.put(o.Path)})
	}
	if x.Item != nil {
		e.Item = &item{Bytes: x.Item.Bytes, Index: x.Item.Index, Path: t.put(x.Item.Path)}
	}
	e.Hashes = t.hashes
	return proof.TLogProof{Index: x.Index, Hashes: x.Proof, Checkpoint: x.Checkpoint, ExtraData: trucewatch.Encode(e)}.Marshal()
}

// DecodeExhibit reads what Encode wrote and refuses any other encoding of it. It
// checks the form; whether the exhibit proves what it shows, Check says.
func DecodeExhibit(b []byte) (*Exhibit, error) {
	if len(b) > SizeMax {
		return nil, fmt.Errorf("exhibit: %w: %d bytes, at most %d", trucewatch.ErrInvalid, len(b), SizeMax)
	}
	var p proof.TLogProof
	if err := p.Unmarshal(b); err != nil {
		return nil, fmt.Errorf("exhibit: %w: %w", trucewatch.ErrInvalid, err)
	}
	var e extra
	if err := trucewatch.Decode(p.ExtraData, &e); err != nil {
		return nil, fmt.Errorf("exhibit: extra line: %w", err)
	}
	if e.Version != version || p.Index > math.MaxInt64 || len(e.Hashes)%sha256.Size != 0 {
		return nil, fmt.Errorf("exhibit: %w: version %d, entry %d, %d bytes of hashes", trucewatch.ErrInvalid, e.Version, p.Index, len(e.Hashes))
	}
	x := &Exhibit{Index: p.Index, Proof: p.Hashes, Checkpoint: p.Checkpoint, Leaf: e.Leaf, Row: e.Row}
	for _, o := range e.Openings {
		path, err := e.path(o.Path)
		if err != nil {
			return nil, fmt.Errorf("exhibit: field %q: %w", trucewatch.CutText(o.Name, 40), err)
		}
		x.Openings = append(x.Openings, seal.Opening{Name: o.Name, Salt: o.Salt, Value: o.Value, Index: o.Index, Size: o.Size, Path: path})
	}
	if e.Item != nil {
		path, err := e.path(e.Item.Path)
		if err != nil {
			return nil, fmt.Errorf("exhibit: item: %w", err)
		}
		x.Item = &Item{Bytes: e.Item.Bytes, Index: e.Item.Index, Path: path}
	}
	if err := x.checkForm(); err != nil {
		return nil, err
	}
	if !bytes.Equal(Encode(x), b) {
		return nil, fmt.Errorf("exhibit: %w: not in the one encoding that is allowed", trucewatch.ErrInvalid)
	}
	return x, nil
}

// path returns the hashes that a path names.
func (e *extra) path(refs []uint16) ([]trucewatch.Hash, error) {
	path := make([]trucewatch.Hash, len(refs))
	for i, ref := range refs {
		at := int(ref) * sha256.Size
		if at >= len(e.Hashes) {
			return nil, fmt.Errorf("%w: hash %d of %d", trucewatch.ErrInvalid, ref, len(e.Hashes)/sha256.Size)
		}
		path[i] = trucewatch.Hash(e.Hashes[at : at+sha256.Size])
	}
	return path, nil
}

// checkForm holds x to having one subject.
func (x *Exhibit) checkForm() error {
	subjects := 0
	for _, has := range []bool{len(x.Openings) > 0, x.Row != nil, x.Item != nil} {
		if has {
			subjects++
		}
	}
	if subjects != 1 {
		return fmt.Errorf("exhibit: %w: it shows %d things, not one: opened fields, a row, or a finding", trucewatch.ErrInvalid, subjects)
	}
	if len(x.Leaf) == 0 || len(x.Leaf) > trucewatch.EntryMaxBytes || len(x.Checkpoint) == 0 {
		return fmt.Errorf("exhibit: %w: an entry of %d bytes, a checkpoint of %d", trucewatch.ErrInvalid, len(x.Leaf), len(x.Checkpoint))
	}
	return nil
}
