// SPDX-License-Identifier: Apache-2.0

package trucewatch

import (
	"bytes"
	"crypto/sha256"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// signatureContext stands before the body's bytes in what is signed, so that a
// signature made for another purpose can never pass for one over an entry.
const signatureContext = "trucewatch/entry/v1\x00"

var encMode, decMode = mustModes()

func mustModes() (cbor.EncMode, cbor.DecMode) {
	enc, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		panic(err)
	}
	dec, err := cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		MaxNestedLevels:   16,
		MaxArrayElements:  1 << 16,
		MaxMapPairs:       1 << 10,
	}.DecMode()
	if err != nil {
		panic(err)
	}
	return enc, dec
}

// Encode writes v, a noun of this package, in its one encoding: deterministic
// CBOR (RFC 8949, 4.2.1).
func Encode(v any) []byte {
	b, err := encMode.Marshal(v)
	if err != nil {
		// Only a type that cannot be encoded fails, and those are found by any test.
		panic(fmt.Sprintf("trucewatch: encode %T: %v", v, err))
	}
	return b
}

// Decode reads what Encode wrote, and refuses any other encoding of the same
// value: unknown fields, duplicate keys, indefinite lengths, tags, longer
// integers than needed.
func Decode(b []byte, v any) error {
	if err := decMode.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%w: %v", ErrInvalid, err)
	}
	if again, err := encMode.Marshal(v); err != nil || !bytes.Equal(again, b) {
		return fmt.Errorf("%w: not in the one encoding that is allowed (deterministic CBOR)", ErrInvalid)
	}
	return nil
}

// SignedBytes returns what a signature over body covers.
func SignedBytes(body []byte) []byte {
	return append([]byte(signatureContext), body...)
}

// EntryOf reads and checks the entry with the given index from its envelope.
func EntryOf(index uint64, env *Envelope) (*Entry, error) {
	body, err := DecodeBody(env.Body)
	if err != nil {
		return nil, fmt.Errorf("entry %d: body: %w", index, err)
	}
	e := &Entry{Index: index, Received: env.Received, Body: body, Raw: env.Body, BodyHash: sha256.Sum256(env.Body), Signatures: env.Signatures}
	if err := e.Check(); err != nil {
		return nil, fmt.Errorf("entry %d: %w", index, err)
	}
	return e, nil
}

// DecodeEntry reads the entry with the given index from its bytes and checks
// its form, its limits and every field of its payload. It does not check
// signatures: that takes the keys that the record holds.
func DecodeEntry(index uint64, raw []byte) (*Entry, error) {
	if len(raw) > EntryMaxBytes {
		return nil, fmt.Errorf("entry %d: %w: %d bytes, more than %d", index, ErrInvalid, len(raw), EntryMaxBytes)
	}
	env, err := DecodeEnvelope(raw)
	if err != nil {
		return nil, fmt.Errorf("entry %d: %w", index, err)
	}
	return EntryOf(index, &env)
}
