// SPDX-License-Identifier: Apache-2.0

package trucewatch_test

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/trucewatch/trucewatch"
)

var envelopes = []trucewatch.Envelope{
	{},
	{Received: 1, Body: []byte("body")},
	{Received: -1 << 63, Body: []byte{}, Signatures: []trucewatch.Signature{}},
	{Received: 1<<63 - 1, Body: bytes.Repeat([]byte{7}, 300), Signatures: []trucewatch.Signature{{Key: trucewatch.KeyID{1}, Type: 3, Value: make([]byte, 70_000)}, {Type: 255}}},
}

var proofs = []trucewatch.BatchProof{
	{},
	{Size: 24, Index: 23, Path: []trucewatch.Hash{{1}, {2}}, Signature: make([]byte, 64)},
	{Size: 1<<64 - 1, Index: 1 << 32, Path: []trucewatch.Hash{}, Signature: []byte{}},
}

// sameAs holds a reader by hand to the library: both take b and give the same, or
// both refuse it.
func sameAs[T any](t *testing.T, b []byte, byHand func([]byte) (T, error)) {
	t.Helper()
	var want T
	wantErr := trucewatch.Decode(b, &want)
	got, err := byHand(b)
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("%x: by hand %v, by the library %v", b, err, wantErr)
	}
	if err == nil && !reflect.DeepEqual(got, want) {
		t.Fatalf("%x: by hand %+v, by the library %+v", b, got, want)
	}
}

// TestReadByHandAsByTheLibrary changes, cuts and lengthens encodings at every byte.
func TestReadByHandAsByTheLibrary(t *testing.T) {
	check := func(b []byte) {
		sameAs(t, b, trucewatch.DecodeEnvelope)
		sameAs(t, b, trucewatch.DecodeBatchProof)
	}
	var all [][]byte
	for _, env := range envelopes {
		all = append(all, trucewatch.Encode(env))
	}
	for _, p := range proofs {
		all = append(all, trucewatch.Encode(p))
	}
	for _, b := range all {
		check(b)
		check(append(bytes.Clone(b), 0))
		for i := range min(len(b), 120) {
			check(b[:i])
			for _, x := range []byte{1, 2, 4, 8, 16, 32, 64, 128, 0xff} {
				bad := bytes.Clone(b)
				bad[i] ^= x
				check(bad)
			}
		}
	}
}

func FuzzDecodeEnvelope(f *testing.F) {
	for _, env := range envelopes[:3] {
		f.Add(trucewatch.Encode(env))
	}
	f.Fuzz(func(t *testing.T, b []byte) { sameAs(t, b, trucewatch.DecodeEnvelope) })
}

func FuzzDecodeBatchProof(f *testing.F) {
	for _, p := range proofs {
		f.Add(trucewatch.Encode(p))
	}
	f.Fuzz(func(t *testing.T, b []byte) { sameAs(t, b, trucewatch.DecodeBatchProof) })
}
