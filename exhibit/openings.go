// SPDX-License-Identifier: Apache-2.0

package exhibit

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/seal"
)

// BatchMax is how many entries a batch of openings covers. Guess: 256 entries are
// 43 minutes of a quiet record at one entry in ten seconds, so that whoever asks
// often learns by the hour. Test: TestClassifierLearnsNothingFromPartyCopies.
const BatchMax = 256

// Opened fields are all that a party is handed, of the entry and of each row. The
// pseudonym is not among them: who fires one shot near a post would know its
// pseudonym, and so all that it heard that month.
var (
	entryFields = []string{"type", "received_hour"}
	rowFields   = []string{"kind", "count", "means", "time_hour", "where_100km"}
)

// A Batch is what a party is handed of a range of entries after the agreement's
// delay: openings of the coarse fields of sealed observations. Of other entries,
// covers among them, there is nothing.
type Batch struct {
	Version uint               `cbor:"0,keyasint"` // 1
	Log     string             `cbor:"1,keyasint"` // origin
	Party   trucewatch.PartyID `cbor:"2,keyasint"`
	From    uint64             `cbor:"3,keyasint"` // first entry
	Till    uint64             `cbor:"4,keyasint"` // the one after the last
	Entries []EntryOpenings    `cbor:"5,keyasint,omitempty"`
}

// EntryOpenings are the openings of one entry.
type EntryOpenings struct {
	_        struct{} `cbor:",toarray"`
	Index    uint64
	Openings []seal.Opening
}

// EncodeBatch writes b in its one encoding.
func EncodeBatch(b *Batch) []byte {
	b.Version = version
	return trucewatch.Encode(b)
}

// DecodeBatch reads what EncodeBatch wrote and checks its form. Whether it is true,
// Check says.
func DecodeBatch(data []byte) (*Batch, error) {
	var b Batch
	if err := trucewatch.Decode(data, &b); err != nil {
		return nil, fmt.Errorf("openings: %w", err)
	}
	if b.Version != version || b.From >= b.Till || b.Till-b.From > BatchMax {
		return nil, fmt.Errorf("openings: %w: version %d, entries %d to %d", trucewatch.ErrInvalid, b.Version, b.From, b.Till)
	}
	next := b.From
	for _, e := range b.Entries {
		if e.Index < next || e.Index >= b.Till || len(e.Openings) == 0 {
			return nil, fmt.Errorf("openings: %w: entry %d is out of order or has none", trucewatch.ErrInvalid, e.Index)
		}
		next = e.Index + 1
	}
	return &b, nil
}

// Handed returns the names of the fields that a party is handed of an entry with
// so many rows.
func Handed(rows int) []string {
	names := slices.Clone(entryFields)
	for row := range rows {
		for _, f := range rowFields {
			names = append(names, "rows/"+strconv.Itoa(row)+"/"+f)
		}
	}
	return names
}

// handed says whether a party may be handed the field.
func handed(name string) bool {
	if slices.Contains(entryFields, name) {
		return true
	}
	rest, ok := strings.CutPrefix(name, "rows/")
	row, field, cut := strings.Cut(rest, "/")
	n, err := strconv.ParseUint(row, 10, 16)
	return ok && cut && err == nil && strconv.FormatUint(n, 10) == row && slices.Contains(rowFields, field)
}

// Known is what openings say of an entry.
type Known struct {
	Entry  uint64  `json:"entry"`
	Fields []Field `json:"fields"`
}

// CheckEntry proves the openings of an entry against the entry as it stands in
// the party's own copy of the record. A field that no party is handed is an error
// too: whoever handed it out has broken the agreement. The error wraps ErrFalse.
func (o *EntryOpenings) CheckEntry(e *trucewatch.Entry) (Known, error) {
	if e.Index != o.Index {
		return Known{}, fmt.Errorf("%w: openings of entry %d held against entry %d", ErrFalse, o.Index, e.Index)
	}
	p := Proved{Entry: e}
	if err := p.checkOpenings(o.Openings); err != nil {
		return Known{}, fmt.Errorf("entry %d: %w", e.Index, err)
	}
	for _, opening := range o.Openings {
		if !handed(opening.Name) {
			return Known{}, fmt.Errorf("entry %d: %w: field %q is not to be opened for a party", e.Index, ErrFalse, opening.Name)
		}
	}
	return Known{e.Index, p.Fields}, nil
}
