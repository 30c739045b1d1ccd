// SPDX-License-Identifier: Apache-2.0

package trucewatch

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// Identifiers are distinct types and derive from the record: no random
// numbers, so that every replay gives the same names.
type (
	// A SourceID names who observes or says: "cam-07", "firms-viirs".
	SourceID string
	// A PartyID is a party by the agreement's letter: "A".
	PartyID string
	// An ActID names an act of the agreement: "K2".
	ActID string
	// A FindingID is act, reading and subject: "K2/101.3".
	FindingID string
	// A CaseID is "case/" and what opened it: the incident ("case/101.3"), another
	// subject of findings ("case/site/PS-09"), or the entry of a call
	// ("case/call-102").
	CaseID string
)

// An ObservationID is the place of an observation in the record: entry index
// and row in that entry. It is written "101.3".
type ObservationID struct {
	Index uint64 `cbor:"1,keyasint"`
	Row   uint16 `cbor:"2,keyasint"`
}

// An IncidentID is the ObservationID of the incident's earliest-recorded
// founder. On a merge the lower survives; a split keeps it with the founder.
type IncidentID ObservationID

// Less orders by place in the record.
func (id ObservationID) Less(other ObservationID) bool { return id.Compare(other) < 0 }

// Compare returns -1, 0 or +1 by place in the record.
func (id ObservationID) Compare(other ObservationID) int {
	switch {
	case id.Index < other.Index || id.Index == other.Index && id.Row < other.Row:
		return -1
	case id == other:
		return 0
	}
	return 1
}

// String writes "101.3".
func (id ObservationID) String() string {
	return strconv.FormatUint(id.Index, 10) + "." + strconv.FormatUint(uint64(id.Row), 10)
}

// MarshalText writes "101.3".
func (id ObservationID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads "101.3".
func (id *ObservationID) UnmarshalText(b []byte) error {
	parsed, err := ParseObservationID(string(b))
	if err == nil {
		*id = parsed
	}
	return err
}

// ParseObservationID reads "101.3", and nothing that String would not write.
func ParseObservationID(s string) (ObservationID, error) {
	index, row, ok := strings.Cut(s, ".")
	i, err1 := strconv.ParseUint(index, 10, 64)
	r, err2 := strconv.ParseUint(row, 10, 16)
	id := ObservationID{Index: i, Row: uint16(r)}
	if !ok || err1 != nil || err2 != nil || id.String() != s {
		return ObservationID{}, fmt.Errorf("%w: %q is not an observation or incident ID, such as 101.3", ErrInvalid, s)
	}
	return id, nil
}

// Compare returns -1, 0 or +1 by place in the record.
func (id IncidentID) Compare(other IncidentID) int {
	return ObservationID(id).Compare(ObservationID(other))
}

// String writes "101.3".
func (id IncidentID) String() string { return ObservationID(id).String() }

// MarshalText writes "101.3".
func (id IncidentID) MarshalText() ([]byte, error) { return ObservationID(id).MarshalText() }

// UnmarshalText reads "101.3".
func (id *IncidentID) UnmarshalText(b []byte) error { return (*ObservationID)(id).UnmarshalText(b) }

// A Hash is a SHA-256 digest; its text form is 64 hexadecimal digits.
type Hash [32]byte

// IsZero says whether h is unset.
func (h Hash) IsZero() bool { return h == Hash{} }

// String writes 64 hexadecimal digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText writes 64 hexadecimal digits, or nothing for the zero hash.
func (h Hash) MarshalText() ([]byte, error) {
	if h.IsZero() {
		return nil, nil
	}
	return []byte(h.String()), nil
}

// UnmarshalText reads 64 hexadecimal digits, or nothing.
func (h *Hash) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*h = Hash{}
		return nil
	}
	raw, err := hex.DecodeString(string(b))
	if err != nil || len(raw) != len(h) {
		return fmt.Errorf("%w: %q is not a SHA-256 digest in hexadecimal", ErrInvalid, b)
	}
	copy(h[:], raw)
	return nil
}

// A ContentKey is the hash of (source, native ID or row bytes, occurrence in
// the file). A repeated key adds nothing to the record.
type ContentKey = Hash
