// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/keyring"
)

// officerSigns appends an open entry of an officer, as number of his chain.
func (l *testLog) officerSigns(key ed25519.PrivateKey, number uint64) {
	l.t.Helper()
	public := sha256.Sum256(fmt.Append(nil, "device", number))
	var previous trucewatch.Hash
	if number > 0 {
		previous[0] = 7 // of a sealed body
	}
	body := trucewatch.Encode(trucewatch.Body{Version: 1, Log: testOrigin, Type: trucewatch.KeyEntry, Key: keyring.ID(key.Public().(ed25519.PublicKey)),
		Sequence: number, Previous: previous, Payload: trucewatch.Payload{Key: &trucewatch.KeyRegistration{
			ID: keyring.ID(public[:]), Public: public[:], Role: trucewatch.DeviceKey, Name: "microphone", Source: "mic-1"}}})
	e := trucewatch.Envelope{Received: trucewatch.Instant(l.size()+1) * 10 * trucewatch.Second, Body: body, Signatures: []trucewatch.Signature{keyring.Sign(key, body)}}
	l.queue = append(l.queue, trucewatch.Encode(e))
}

// TestOfficersChainThroughSealedEntries: what an officer signs is sealed or open
// by its type. A mirror opens nothing, and still tells a chain that may go on
// through sealed entries from one that cannot.
func TestOfficersChainThroughSealedEntries(t *testing.T) {
	for _, test := range []struct {
		name   string
		sealed uint64 // entries between the officer's registration and his open deed
		number uint64 // of that deed
		sound  bool
	}{
		{"his first deed", 0, 0, true},
		{"two sealed before it", 2, 2, true},
		{"one sealed before it, two needed", 1, 2, false},
		{"none sealed before it", 0, 1, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newTestLog(t)
			seed := sha256.Sum256([]byte("officer"))
			officer := ed25519.NewKeyFromSeed(seed[:])
			l.grow(10, "") // what is sealed before he has a key is none of his
			public := officer.Public().(ed25519.PublicKey)
			l.append(trucewatch.Body{Type: trucewatch.KeyEntry, Payload: trucewatch.Payload{Key: &trucewatch.KeyRegistration{
				ID: keyring.ID(public), Public: public, Role: trucewatch.OfficerKey, Name: "officer"}}})
			l.grow(l.size()+test.sealed, "")
			l.officerSigns(officer, test.number)
			c := l.sign()
			m := openMirror(t, Settings{Source: l.serve(nil)})
			_, err := m.Pull(t.Context())
			if test.sound {
				if err != nil {
					t.Fatal(err)
				}
				wantHeld(t, m, c)
				return
			}
			if !errors.Is(err, ErrBadEntry) {
				t.Fatalf("error %v, want ErrBadEntry", err)
			}
			wantText(t, err, "gap: key")
		})
	}
}
