// SPDX-License-Identifier: Apache-2.0

package strangers

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"testing"
	"time"

	"filippo.io/torchwood"
	formats "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/tessera"
	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch/witness"
)

// TestOneKeyUnderTwoNames_fills_their_quorum_but_not_ours gives the key of one
// organisation two names. An Ed25519 cosignature does not say its signer's name,
// so that key alone fills a quorum of two for torchwood and Tessera, though the
// format forbids it. Ours refuses the policy.
//
// Source: C2SP tlog-policy, duplicate witnesses.
func TestOneKeyUnderTwoNames_fills_their_quorum_but_not_ours(t *testing.T) {
	log := createLog(t)
	checkpoint := log.grow(t, entries(3, 0))
	secret := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	signed := checkpoint.Note
	var vkeys []string
	for _, name := range []string{"one.example/witness", "two.example/witness"} {
		signer, err := torchwood.NewCosignatureSigner(name, secret)
		if err != nil {
			t.Fatal(err)
		}
		vkeys = append(vkeys, signer.Verifier().String())
		signed = addSignature(t, signed, log.verifier, signer)
	}
	policy := fmt.Appendf(nil, "log %s\nwitness one %s http://127.0.0.1:1\nwitness two %s http://127.0.0.1:2\ngroup both all one two\nquorum both\n",
		log.vkey, vkeys[0], vkeys[1])

	theirs, err := torchwood.ParsePolicy(policy)
	if err != nil {
		t.Fatalf("torchwood refuses it now: %v", err)
	}
	if _, _, err := torchwood.VerifyCheckpoint(signed, theirs); err != nil {
		t.Errorf("torchwood does not count one key twice any more: %v", err)
	}
	group, err := tessera.NewWitnessGroupFromPolicy(policy)
	if err != nil {
		t.Fatalf("tessera refuses it now: %v", err)
	}
	if !group.Satisfied(signed) {
		t.Error("tessera does not count one key twice any more")
	}

	if _, err := witness.ParsePolicy(policy); !errors.Is(err, witness.ErrInvalid) {
		t.Errorf("ParsePolicy = %v, want ErrInvalid", err)
	}
	members := []witness.Member{{Name: "one", Witness: vkeys[0]}, {Name: "two", Witness: vkeys[1]}}
	if _, err := witness.NewPolicy(log.vkey, members, 2); !errors.Is(err, witness.ErrInvalid) {
		t.Errorf("NewPolicy = %v, want ErrInvalid", err)
	}
	members = []witness.Member{{Name: "one", Witness: vkeys[0], Mirror: vkeys[1]}}
	if _, err := witness.NewPolicy(log.vkey, members, 1); !errors.Is(err, witness.ErrInvalid) {
		t.Errorf("NewPolicy with the witness's key as a mirror's = %v, want ErrInvalid", err)
	}
}

// addSignature adds a signature to a note.
func addSignature(t *testing.T, signed []byte, verifier note.Verifier, signer note.Signer) []byte {
	t.Helper()
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		t.Fatal(err)
	}
	if signed, err = note.Sign(opened, signer); err != nil {
		t.Fatal(err)
	}
	return signed
}

// TestLogSignature_has_a_time_for_torchwood_but_not_for_us takes the time of a
// log's own signature. It has none: torchwood returns a part of the signature as
// if it were one, which may lie in the far future, so that a frozen log never
// looks old. Ours takes times of cosigners alone.
func TestLogSignature_has_a_time_for_torchwood_but_not_for_us(t *testing.T) {
	log := createLog(t)
	checkpoint := log.grow(t, entries(3, 0))
	opened, err := note.Open(checkpoint.Note, note.VerifierList(log.verifier))
	if err != nil {
		t.Fatal(err)
	}
	// A part of a random number is a time of torchwood's unless its first bit is
	// set; the signature is made so that it is not.
	raw, err := base64.StdEncoding.DecodeString(opened.Sigs[0].Base64)
	if err != nil {
		t.Fatal(err)
	}
	const hashSize = 4
	raw[hashSize] &= 0x7f
	opened.Sigs[0].Base64 = base64.StdEncoding.EncodeToString(raw)
	at, err := torchwood.CosignatureTimestamp(opened.Sigs[0])
	if err != nil {
		t.Errorf("torchwood takes no time from a log's signature any more: %v", err)
	}
	if in := time.Unix(at, 0); !in.After(time.Now().AddDate(1000, 0, 0)) {
		t.Errorf("torchwood took %v", in)
	}
	if in, err := formats.CoSigV1Timestamp(opened.Sigs[0]); err == nil {
		t.Errorf("transparency-dev takes a time from a log's signature now: %v", in)
	}

	k, err := witness.GenerateKey("one.example/witness")
	if err != nil {
		t.Fatal(err)
	}
	policy, err := witness.NewPolicy(log.vkey, []witness.Member{{Name: "one", Witness: k.VerifierKey()}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	standing, err := policy.Standing(checkpoint.Note)
	if err != nil {
		t.Fatal(err)
	}
	if standing.Tier != witness.Integrated || !standing.AsOf.IsZero() || len(standing.Signed) > 0 {
		t.Errorf("with the log's signature alone: %v as of %v, signed by %v", standing.Tier, standing.AsOf, standing.Signed)
	}
	if !standing.Stale(time.Now(), 24*time.Hour) {
		t.Error("a log's signature makes a checkpoint fresh")
	}
}

// TestOneSilentParty_stops_Tessera_but_not_us is why nothing waits for everybody:
// Tessera publishes what satisfies its whole policy, which nothing does while
// one of the parties is silent. Ours publishes, and the silence is shown.
func TestOneSilentParty_stops_Tessera_but_not_us(t *testing.T) {
	log := createLog(t)
	var cosigners []cosigner
	for _, name := range organisations {
		cosigners = append(cosigners, startOurs(t, name+".example/witness", log.key))
	}
	p := newPanel(t, log.key, cosigners)
	checkpoint := log.grow(t, entries(3, 0))
	for i, c := range cosigners {
		if organisations[i] == "party-b" {
			continue // is silent
		}
		checkpoint = cosigned(t, c.url, log, 0, checkpoint)
	}
	if p.tessera.Satisfied(checkpoint.Note) {
		t.Error("tessera would publish it")
	}
	standing, err := p.ours.Standing(checkpoint.Note)
	if err != nil {
		t.Fatal(err)
	}
	if standing.Tier != witness.Provisional || len(standing.Missing) != 1 || standing.Missing[0] != "party-b" {
		t.Errorf("%v, missing %v; want provisional without party-b", standing.Tier, standing.Missing)
	}
	checkpoint = cosigned(t, cosigners[1].url, log, 0, checkpoint) // it comes back
	if standing, err = p.ours.Standing(checkpoint.Note); err != nil || standing.Tier != witness.Final {
		t.Errorf("after it came back: %v, %v", standing.Tier, err)
	}
}
