// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/keyring"
)

// device registers a device's key and returns it.
func device(t testing.TB, m *Mission, source string, now trucewatch.Instant) ed25519.PrivateKey {
	t.Helper()
	seed := sha256.Sum256([]byte(source))
	key := ed25519.NewKeyFromSeed(seed[:])
	public := key.Public().(ed25519.PublicKey)
	err := m.Write(func(w *Writer) error {
		return w.Append(trucewatch.Payload{Key: &trucewatch.KeyRegistration{ID: keyring.ID(public), Public: public, Role: trucewatch.DeviceKey,
			Name: source, Source: trucewatch.SourceID(source)}}, now)
	})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// detections are n bodies of a device, under one signature, from its body number
// first on.
func detections(m *Mission, key ed25519.PrivateKey, source string, n int, now trucewatch.Instant) []Submission {
	id := keyring.ID(key.Public().(ed25519.PublicKey))
	sequence, previous := m.ring.Head(id)
	var bodies [][]byte
	for i := range n {
		o := trucewatch.Observation{Key: sha256.Sum256([]byte{byte(i), byte(sequence)}), Kind: "explosion", Means: "acoustic",
			Count: trucewatch.Count{Value: 1, Qualifier: "exact"}, When: trucewatch.Interval{From: now, Till: now}}
		body := trucewatch.Encode(trucewatch.Body{Version: 1, Log: m.Origin(), Type: trucewatch.ObservationsEntry, Key: id,
			Sequence: sequence, Previous: previous, Salt: testSalt(sequence), Payload: trucewatch.Payload{Observations: &trucewatch.Batch{
				Source: trucewatch.Source{ID: trucewatch.SourceID(source), Kind: trucewatch.SensorSource}, Observations: []trucewatch.Observation{o}}}})
		bodies = append(bodies, body)
		sequence, previous = sequence+1, sha256.Sum256(body)
	}
	signatures := keyring.SignBatch(key, bodies)
	var all []Submission
	for i, body := range bodies {
		all = append(all, Submission{Body: body, Signatures: []trucewatch.Signature{signatures[i]}})
	}
	return all
}

// testSalt is the same salt for the same body.
func testSalt(sequence uint64) []byte {
	sum := sha256.Sum256(fmt.Append(nil, "salt", sequence))
	return sum[:trucewatch.SaltBytes]
}

// submit hands bodies to the mission and returns where they stand.
func submit(t testing.TB, m *Mission, all []Submission, now trucewatch.Instant) (indexes []uint64, repeated int, err error) {
	t.Helper()
	err = m.Write(func(w *Writer) error {
		for _, s := range all {
			index, again, err := w.Submit(s, now)
			if err != nil {
				return err
			}
			if again {
				repeated++
			}
			indexes = append(indexes, index)
		}
		return nil
	})
	return indexes, repeated, err
}

// TestDeviceBatchIsRecorded: detections of a device under one signature enter the
// record of an open and of a sealed mission, once, and verify finds them sound.
func TestDeviceBatchIsRecorded(t *testing.T) {
	for name, make := range map[string]func(testing.TB) *Mission{"open": live, "sealed": sealedMission} {
		t.Run(name, func(t *testing.T) {
			m, now := make(t), at(t, began)+trucewatch.Hour
			all := detections(m, device(t, m, "mic-1", now), "mic-1", 20, now)
			read, err := DecodeSubmissions(EncodeSubmissions(all))
			if err != nil {
				t.Fatal(err)
			}
			first, _, err := submit(t, m, read, now)
			if err != nil {
				t.Fatal(err)
			}
			again, repeated, err := submit(t, reopen(t, m), all, now+trucewatch.Minute)
			if err != nil || repeated != len(all) || again[3] != first[3] {
				t.Errorf("submitted again: %v, %d repeated at %v; first at %v", err, repeated, again, first)
			}
			mustBeSound(t, m.dir)
		})
	}
}

// TestSubmissionIsRefused: nothing that the keys of the record do not allow is
// recorded, and the refusal says why.
func TestSubmissionIsRefused(t *testing.T) {
	for _, test := range []struct {
		name, want string
		change     func(m *Mission, all []Submission) []Submission
	}{
		{"a changed byte", "", func(_ *Mission, all []Submission) []Submission {
			all[0].Body = bytes.Replace(all[0].Body, []byte("explosion"), []byte("explosioN"), 1)
			return all
		}},
		{"without a signature", "signature", func(_ *Mission, all []Submission) []Submission {
			all[0].Signatures = nil
			return all
		}},
		{"one left out: gap", "gap", func(_ *Mission, all []Submission) []Submission { return all[1:] }},
		{"another log's entry is replayed", "another log", func(m *Mission, all []Submission) []Submission {
			other := live(t)
			key := device(t, other, "mic-1", at(t, began)+trucewatch.Hour)
			return detections(other, key, "mic-1", 1, at(t, began)+trucewatch.Hour)
		}},
		{"the desk's own", "the desk's own", func(m *Mission, _ []Submission) []Submission {
			d, err := m.readDesk()
			if err != nil {
				t.Fatal(err)
			}
			body, err := m.Draft(d.public(), trucewatch.Payload{Tick: &trucewatch.Tick{At: 1}})
			if err != nil {
				t.Fatal(err)
			}
			return []Submission{{Body: body, Signatures: []trucewatch.Signature{keyring.Sign(d.key, body)}}}
		}},
		{"in the future", "in the future", func(m *Mission, _ []Submission) []Submission {
			seed := sha256.Sum256([]byte("mic-1"))
			return detections(m, ed25519.NewKeyFromSeed(seed[:]), "mic-1", 1, at(t, began)+trucewatch.Day)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, now := live(t), at(t, began)+trucewatch.Hour
			all := test.change(m, detections(m, device(t, m, "mic-1", now), "mic-1", 2, now))
			_, _, err := submit(t, m, all, now)
			if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want a refusal that says %q", err, test.want)
			}
			mustBeSound(t, m.dir)
		})
	}
}

// TestPromise: a submitter holds the operator's word, for this body at this
// index and no other.
func TestPromise(t *testing.T) {
	m, now := live(t), at(t, began)+trucewatch.Hour
	all := detections(m, device(t, m, "mic-1", now), "mic-1", 1, now)
	indexes, _, err := submit(t, m, all, now)
	if err != nil {
		t.Fatal(err)
	}
	var signed []byte
	if err := m.Write(func(w *Writer) (err error) { signed, err = w.Promise(all[0], indexes[0], now); return err }); err != nil {
		t.Fatal(err)
	}
	verifier, err := m.logVerifier()
	if err != nil {
		t.Fatal(err)
	}
	p, err := ParsePromise(signed, verifier)
	if err != nil || p.Index != indexes[0] || p.Body != sha256.Sum256(all[0].Body) || p.Origin != m.Origin() {
		t.Errorf("%+v, %v", p, err)
	}
	for i := range signed {
		bad := bytes.Clone(signed)
		bad[i] ^= 1
		if got, err := ParsePromise(bad, verifier); err == nil && got != p {
			t.Fatalf("byte %d changed: %+v", i, got)
		}
	}
}

func FuzzDecodeSubmissions(f *testing.F) {
	f.Add(EncodeSubmissions([]Submission{{Body: []byte{1}, Signatures: []trucewatch.Signature{{Type: 1, Value: []byte{2}}}}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := DecodeSubmissions(data)
		if err == nil && !bytes.Equal(EncodeSubmissions(all), data) {
			t.Error("a second encoding of the same submissions was taken")
		}
	})
}

func FuzzParsePromise(f *testing.F) {
	m := live(f)
	verifier, err := m.logVerifier()
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("trucewatch/promise/v1\no\n1\n00\n2026-01-01T00:00:00Z\n\n— o AAAA\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if p, err := ParsePromise(data, verifier); err == nil {
			t.Errorf("a promise without the key: %+v", p)
		}
	})
}

func FuzzParsePolicy(f *testing.F) {
	f.Add([]byte("guarantors: 1\norganisations:\n  - {name: north, witness: w, address: https://w.example}\n"))
	f.Add([]byte("cadence_s: -1\ntwo_person: [key]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ParsePolicy(data)
		if err == nil && p.CadenceS == 0 {
			t.Error("a policy without a cadence")
		}
	})
}
