// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"fmt"

	"github.com/trucewatch/trucewatch"
)

// An Inner is the content of a mission box: the true envelope of a sealed entry
// and what it takes to recompute the commitment. Its encoding is deterministic
// CBOR, an array of these in order.
type Inner struct {
	_         struct{} `cbor:",toarray"`
	Envelope  []byte   // as trucewatch.DecodeEntry reads it
	Seed      []byte   // 32 bytes
	Pseudonym string   // of the source in this epoch; empty if there is none
}

// pseudonymMaxBytes bounds what stands for a source.
const pseudonymMaxBytes = 64

// EncodeInner writes in in its one encoding.
func EncodeInner(in Inner) []byte { return trucewatch.Encode(in) }

// DecodeInner reads what EncodeInner wrote and checks its form.
func DecodeInner(b []byte) (Inner, error) {
	var in Inner
	if err := trucewatch.Decode(b, &in); err != nil {
		return Inner{}, fmt.Errorf("inner: %w", err)
	}
	if len(in.Seed) != len(Seed{}) || len(in.Envelope) == 0 || len(in.Envelope) > trucewatch.EntryMaxBytes || len(in.Pseudonym) > pseudonymMaxBytes {
		return Inner{}, fmt.Errorf("inner: %w: an envelope of %d bytes, a seed of %d, a pseudonym of %d", ErrInvalid,
			len(in.Envelope), len(in.Seed), len(in.Pseudonym))
	}
	return in, nil
}

// Commitment commits to all fields of the inner entry, e, under its seed.
func (in *Inner) Commitment(e *trucewatch.Entry) (*Commitment, error) {
	if len(in.Seed) != len(Seed{}) {
		return nil, fmt.Errorf("inner: %w: a seed of %d bytes", ErrInvalid, len(in.Seed))
	}
	fields, err := FieldsOf(e, in.Pseudonym)
	if err != nil {
		return nil, err
	}
	return Commit(Seed(in.Seed), fields), nil
}

// CheckInner returns the true entry, with the outer one's index, if the outer
// entry commits to it: the root over its fields is the outer entry's
// CommitmentRoot, and both are of one log. If not, the error wraps
// ErrOtherContent and names entry and class. Every holder who opens a mission box
// does this; whoever finds another content shows the box's file key to prove it.
//
// It does not check signatures, nor how the two times of receipt relate.
func CheckInner(outer *trucewatch.Entry, in Inner) (*trucewatch.Entry, error) {
	fail := func(err error) error {
		return fmt.Errorf("entry %d, %s box: %w: %w", outer.Index, MissionClass, ErrOtherContent, err)
	}
	e, err := trucewatch.DecodeEntry(outer.Index, in.Envelope)
	if err != nil {
		return nil, fail(err)
	}
	c, err := in.Commitment(e)
	if err != nil {
		return nil, fail(err)
	}
	if c.Root() != outer.Body.CommitmentRoot {
		return nil, fail(fmt.Errorf("its root is %s, the entry's %s", c.Root(), outer.Body.CommitmentRoot))
	}
	if e.Body.Log != outer.Body.Log {
		return nil, fail(fmt.Errorf("it is of log %q, the entry of %q", e.Body.Log, outer.Body.Log))
	}
	return e, nil
}
