// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"crypto/sha256"
	"errors"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/keyring"
)

// guessed is what of an erased body can be tried by who has the bodies beside it:
// the hash that the next one names, and the leaf in the path of their batch.
func guessed(t *testing.T, next Submission, guess []byte) bool {
	t.Helper()
	body, err := trucewatch.DecodeBody(next.Body)
	if err != nil {
		t.Fatal(err)
	}
	proof, err := trucewatch.DecodeBatchProof(next.Signatures[0].Value)
	if err != nil {
		t.Fatal(err)
	}
	leaf := trucewatch.Hash(tlog.RecordHash(trucewatch.SignedBytes(guess)))
	return body.Previous == sha256.Sum256(guess) || slices.Contains(proof.Path, leaf)
}

// TestErasedBodyCannotBeGuessedFromTheNext plays who may open all of a sealed
// mission after an erasure, and knows everything of the erased body but one
// position out of a thousand: without a salt he finds it at once.
func TestErasedBodyCannotBeGuessedFromTheNext(t *testing.T) {
	m, now := sealedMission(t), at(t, began)+trucewatch.Hour
	key := device(t, m, "mic-1", now)
	for name, tt := range map[string]struct {
		salted, found bool
	}{"without a salt": {false, true}, "with one": {true, false}} {
		t.Run(name, func(t *testing.T) {
			first, second := secretBodies(t, m, key, now, tt.salted)
			body, err := trucewatch.DecodeBody(first)
			if err != nil {
				t.Fatal(err)
			}
			// He knows the row and tries its minute: the salt was erased with the body.
			found := false
			for minute := range 1000 {
				guess := body
				o := body.Payload.Observations.Observations[0]
				o.When.From = now + trucewatch.Instant(minute)*trucewatch.Minute
				o.When.Till = o.When.From
				guess.Payload.Observations = &trucewatch.Batch{Source: body.Payload.Observations.Source, Observations: []trucewatch.Observation{o}}
				for _, salt := range [][]byte{nil, make([]byte, trucewatch.SaltBytes)} {
					guess.Salt = salt
					found = found || guessed(t, second, trucewatch.Encode(guess))
				}
			}
			if found != tt.found {
				t.Errorf("the erased body was found: %v, want %v", found, tt.found)
			}
		})
	}
}

// secretBodies are two bodies of a device under one signature, with salts or
// without; the first happened at a minute that nobody else knows.
func secretBodies(t *testing.T, m *Mission, key []byte, now trucewatch.Instant, salted bool) (first []byte, second Submission) {
	t.Helper()
	all := detections(m, key, "mic-1", 2, now+617*trucewatch.Minute)
	var bodies [][]byte
	var previous trucewatch.Hash
	for i, s := range all {
		b, err := trucewatch.DecodeBody(s.Body)
		if err != nil {
			t.Fatal(err)
		}
		if !salted {
			b.Salt = nil
		}
		if i > 0 {
			b.Previous = previous
		}
		raw := trucewatch.Encode(b)
		bodies, previous = append(bodies, raw), sha256.Sum256(raw)
	}
	signatures := keyring.SignBatch(key, bodies)
	return bodies[0], Submission{Body: bodies[1], Signatures: []trucewatch.Signature{signatures[1]}}
}

func TestSealedMissionWantsASaltInEachBody(t *testing.T) {
	for name, tt := range map[string]struct {
		mission func(testing.TB) *Mission
		want    error
	}{"sealed": {sealedMission, ErrRefused}, "open": {live, nil}} {
		t.Run(name, func(t *testing.T) {
			m, now := tt.mission(t), at(t, began)+trucewatch.Hour
			key := device(t, m, "mic-1", now)
			first, _ := secretBodies(t, m, key, now-617*trucewatch.Minute, false)
			s := Submission{Body: first, Signatures: []trucewatch.Signature{keyring.Sign(key, first)}}
			if _, _, err := submit(t, m, []Submission{s}, now); !errors.Is(err, tt.want) || tt.want == nil && err != nil {
				t.Errorf("a body without a salt: %v, want %v", err, tt.want)
			}
		})
	}
}
