// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/exhibit"
	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/keyring"
	"github.com/trucewatch/trucewatch/mission"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/seal"
	"github.com/trucewatch/trucewatch/verify"
)

const agreementFile = "../examples/agreements/line-2026"

// spoil changes one byte of every file below a folder.
func (g *ground) spoil(folder string, at int) {
	g.Helper()
	n := 0
	g.must(filepath.WalkDir(filepath.Join(g.dir, folder), func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil || len(data) <= at {
			return err
		}
		data[at] ^= 1
		n++
		return os.WriteFile(name, data, 0o600)
	}))
	if n == 0 {
		g.Fatalf("nothing in %s was changed", folder)
	}
}

// officers registers two officers.
func (g *ground) officers(at trucewatch.Instant) []ed25519.PrivateKey {
	g.Helper()
	var keys []ed25519.PrivateKey
	for range 2 {
		public, key, err := ed25519.GenerateKey(nil)
		g.must(err)
		g.enter(at, trucewatch.Payload{Key: &trucewatch.KeyRegistration{ID: keyring.ID(public), Public: public, Role: trucewatch.OfficerKey}})
		keys = append(keys, key)
	}
	return keys
}

// hold keeps what lies in the boxes, and returns what puts it back.
func (g *ground) hold() (putBack func()) {
	g.Helper()
	folder := filepath.Join(g.dir, "boxes", "packs")
	kept := filepath.Join(g.TempDir(), "packs")
	g.must(os.CopyFS(kept, os.DirFS(folder)))
	return func() {
		g.Helper()
		g.must(os.RemoveAll(folder))
		g.must(os.CopyFS(folder, os.DirFS(kept)))
	}
}

// TestAlteredBoxIsFound: check 9, not only as a digest that cannot be compared.
func TestAlteredBoxIsFound(t *testing.T) {
	g := newGround(t, true)
	g.enter(began+trucewatch.Hour, seenBang(1, began))
	g.found(g.run(verify.Options{}), "")
	g.spoil("boxes/packs/mission", 600)
	r := g.run(verify.Options{})
	g.found(r, "its mission box is damaged", 9)
	if len(r.Check(10).Unchecked) == 0 {
		t.Error("check 10 does not say that the box is closed")
	}
}

// TestErasedMissingAndHiddenAreToldApart: check 9. A box that two officers had
// erased, one that is gone, and one that is erased by the record and still here.
func TestErasedMissingAndHiddenAreToldApart(t *testing.T) {
	g, at := newGround(t, true), began+trucewatch.Hour
	officers := g.officers(at)
	g.enter(at, seenBang(1, began), seenBang(2, began))
	index := uint64(g.find(trucewatch.SealedEntry))
	putBack := g.hold()

	refs, err := g.m.Boxes(index, seal.MissionClass)
	g.must(err)
	_, err = g.m.Erase(officers, trucewatch.Erasure{Boxes: refs, Basis: "request of the person", Authority: "head of mission"})
	g.must(err)
	now := verify.Options{Now: (began + 1000*trucewatch.Day).Time()}
	r := g.run(now)
	g.found(r, "")
	if facts := strings.Join(r.Check(9).Facts, "\n"); !strings.Contains(facts, "erased with warrant: 1 mission box") || strings.Contains(facts, "outstanding") {
		t.Errorf("erased: %s", facts)
	}
	putBack()
	g.found(g.run(now), "its mission box is still held although erased by entry", 9)

	g = newGround(t, true)
	g.enter(at, seenBang(1, began), seenBang(2, began))
	g.must(os.RemoveAll(filepath.Join(g.dir, "boxes", "packs", "mission")))
	g.found(g.run(verify.Options{}), "its mission box is missing without warrant", 9)
}

// TestOneOfficerWarrantsNothing: check 9. An erasure that breaks the rule of two
// persons is found by check 6, and what it names is missing all the same.
func TestOneOfficerWarrantsNothing(t *testing.T) {
	g, at := newGround(t, true), began+trucewatch.Hour
	officers := g.officers(at)
	g.enter(at, seenBang(1, began))
	refs, err := g.m.Boxes(uint64(g.find(trucewatch.SealedEntry)), seal.MissionClass)
	g.must(err)
	body, err := g.m.Draft(officers[0].Public().(ed25519.PublicKey), trucewatch.Payload{Erasure: &trucewatch.Erasure{Boxes: refs, Basis: "none", Authority: "nobody"}})
	g.must(err)
	all := g.raw()
	g.rewrite(append(all, trucewatch.Encode(trucewatch.Envelope{Received: at, Body: body, Signatures: []trucewatch.Signature{keyring.Sign(officers[0], body)}})))
	g.must(os.RemoveAll(filepath.Join(g.dir, "boxes", "packs", "mission")))
	r := g.run(verify.Options{})
	g.found(r, "two officers must sign; 1 did", 6, 9)
	g.found(r, "missing without warrant", 6, 9)
}

// keeps adds a file as evidence.
func (g *ground) keeps(data string) trucewatch.Hash {
	g.Helper()
	got, err := g.m.AddEvidence(strings.NewReader(data), trucewatch.Custody{By: "patrol leader"})
	g.must(err)
	return got.Item.Hash
}

// place is where an item of evidence lies.
func (g *ground) place(item trucewatch.Hash) string {
	return filepath.Join(g.dir, "media", item.String()[:2], item.String())
}

// deed records what was done with an item, whatever came before it.
func (g *ground) deed(c trucewatch.Custody) {
	g.Helper()
	g.must(g.m.Write(func(w *mission.Writer) error {
		now := w.Stamp()
		c.By, c.At = "somebody", now
		return w.Append(trucewatch.Payload{Custody: &c}, now)
	}))
}

// TestEvidenceIsHeldToItsCustody: check 9, in an open and in a sealed mission.
func TestEvidenceIsHeldToItsCustody(t *testing.T) {
	const missing = "missing, and no deed destroyed it"
	for _, test := range []struct {
		name, want, fact string
		checks           []int
		do               func(g *ground, officers []ed25519.PrivateKey, item trucewatch.Hash)
	}{
		{"sound", "", "2 chains of custody; every byte of 2 is here, 0 destroyed", nil, func(*ground, []ed25519.PrivateKey, trucewatch.Hash) {}},
		{"read and sealed", "", "every byte of 2 is here", nil, func(g *ground, _ []ed25519.PrivateKey, item trucewatch.Hash) {
			for _, deed := range []string{"copied", "read", "sealed"} {
				_, err := g.m.EnterDeed(nil, trucewatch.Custody{Item: item, Deed: deed, By: "custodian", Reason: "case 3"})
				g.must(err)
			}
		}},
		{"one byte changed", "its 8 bytes have another hash", "every byte of 1 is here", []int{9}, func(g *ground, _ []ed25519.PrivateKey, item trucewatch.Hash) {
			g.must(os.WriteFile(g.place(item), []byte("fragmenu"), 0o600))
		}},
		{"one byte more", "its 9 bytes have another hash", "", []int{9}, func(g *ground, _ []ed25519.PrivateKey, item trucewatch.Hash) {
			g.must(os.WriteFile(g.place(item), []byte("fragment."), 0o600))
		}},
		{"missing", missing, "every byte of 1 is here", []int{9}, func(g *ground, _ []ed25519.PrivateKey, item trucewatch.Hash) { g.must(os.Remove(g.place(item))) }},
		{"all missing", missing, "every byte of 0 is here", []int{9}, func(g *ground, _ []ed25519.PrivateKey, _ trucewatch.Hash) {
			g.must(os.RemoveAll(filepath.Join(g.dir, "media")))
		}},
		{"destroyed with warrant", "", "every byte of 1 is here, 1 destroyed by two officers", nil, func(g *ground, officers []ed25519.PrivateKey, item trucewatch.Hash) {
			_, err := g.m.EnterDeed(officers, trucewatch.Custody{Item: item, Deed: "destroyed", By: "data officer", Reason: "order 5"})
			g.must(err)
			if _, err := os.Stat(g.place(item)); err == nil {
				g.Error("it is still there")
			}
		}},
		{"destroyed, and still here", "its destruction is recorded, and bytes are still here", "", []int{9}, func(g *ground, officers []ed25519.PrivateKey, item trucewatch.Hash) {
			_, err := g.m.EnterDeed(officers, trucewatch.Custody{Item: item, Deed: "destroyed", By: "data officer", Reason: "order 5"})
			g.must(err)
			g.must(os.WriteFile(g.place(item), []byte("fragment"), 0o600))
		}},
		{"destroyed by nobody", "destroyed by order of 0 officers, and two must sign", "", []int{9}, func(g *ground, _ []ed25519.PrivateKey, item trucewatch.Hash) {
			g.deed(trucewatch.Custody{Item: item, Deed: "destroyed"})
			g.must(os.Remove(g.place(item)))
		}},
		{"broken chain", "returned, but it was not out", "", []int{9}, func(g *ground, _ []ed25519.PrivateKey, item trucewatch.Hash) {
			g.deed(trucewatch.Custody{Item: item, Deed: "returned"})
		}},
		{"of nobody's", "never acquired", "", []int{9}, func(g *ground, _ []ed25519.PrivateKey, _ trucewatch.Hash) {
			g.deed(trucewatch.Custody{Item: trucewatch.Hash{1}, Deed: "sealed"})
		}},
	} {
		for kind, sealed := range map[string]bool{"open": false, "sealed": true} {
			t.Run(kind+", "+test.name, func(t *testing.T) {
				g := newGround(t, sealed)
				officers := g.officers(began + trucewatch.Hour)
				g.keeps("photograph")
				test.do(g, officers, g.keeps("fragment"))
				r := g.run(verify.Options{Now: (began + 1000*trucewatch.Day).Time()})
				g.found(r, test.want, test.checks...)
				if facts := strings.Join(r.Check(9).Facts, "\n"); !strings.Contains(facts, test.fact) {
					t.Errorf("check 9: %s; want %q", facts, test.fact)
				}
			})
		}
	}
}

// TestReadingACustodyBoxIsNoEvidence: check 9. Its deed is about a box of the
// record, which nobody acquired.
func TestReadingACustodyBoxIsNoEvidence(t *testing.T) {
	g := newGround(t, true)
	g.enter(began+trucewatch.Hour, seenBang(1, began))
	refs, err := g.m.Boxes(uint64(g.find(trucewatch.SealedEntry)), seal.CustodyClass)
	g.must(err)
	g.deed(trucewatch.Custody{Item: refs[0].Hash, Deed: "read", Reason: "call back", Restricted: true})
	r := g.run(verify.Options{Now: (began + 1000*trucewatch.Day).Time()})
	g.found(r, "")
	if facts := strings.Join(r.Check(9).Facts, "\n"); strings.Contains(facts, "custody;") {
		t.Errorf("check 9: %s", facts)
	}
}

// TestFalselySignedDestructionWarrantsNothing: check 9. The desk enters a
// destruction with two officers' names under it and no signature of theirs.
func TestFalselySignedDestructionWarrantsNothing(t *testing.T) {
	g := newGround(t, false)
	officers := g.officers(began + trucewatch.Hour)
	item := g.keeps("fragment")
	g.must(os.Remove(g.place(item)))
	at := began + 999*trucewatch.Day
	body, err := g.m.Draft(g.key.Public().(ed25519.PublicKey), trucewatch.Payload{Custody: &trucewatch.Custody{Item: item, Deed: "destroyed", By: "somebody", At: at}})
	g.must(err)
	env := trucewatch.Envelope{Received: at, Body: body, Signatures: []trucewatch.Signature{keyring.Sign(g.key, body)}}
	for _, key := range officers {
		env.Signatures = append(env.Signatures, keyring.Sign(key, []byte("another body")))
	}
	g.rewrite(append(g.raw(), trucewatch.Encode(env)))
	r := g.run(verify.Options{Now: (began + 1000*trucewatch.Day).Time()})
	g.found(r, "has no valid signature", 6, 9)
	g.found(r, "destroyed by order of 0 officers", 6, 9)
}

// TestEvidenceElsewhere: check 9. Another holder need not have what the mission
// must; what it has is held to the record all the same.
func TestEvidenceElsewhere(t *testing.T) {
	g := newGround(t, false)
	item := g.keeps("fragment")
	log := g.logKey()
	now := (began + 1000*trucewatch.Day).Time()
	g.must(os.RemoveAll(filepath.Join(g.dir, "keys")))
	g.found(g.run(verify.Options{Log: log, Now: now}), "")
	g.spoil("media", 0)
	g.found(g.run(verify.Options{Log: log, Now: now}), "have another hash", 9)
	g.must(os.Remove(g.place(item)))
	r := g.run(verify.Options{Log: log, Now: now})
	g.found(r, "")
	if text := strings.Join(r.Check(9).Unchecked, "\n"); !strings.Contains(text, "missing, and no deed") {
		t.Errorf("check 9: %q", text)
	}
}

// TestOtherContentInABoxIsFound: check 10. The desk sealed something else than
// its entry commits to.
func TestOtherContentInABoxIsFound(t *testing.T) {
	g := newGround(t, true)
	g.enter(began+trucewatch.Hour, seenBang(1, began))
	g.reword(g.find(trucewatch.SealedEntry), true, func(b *trucewatch.Body) { b.CommitmentRoot[0] ^= 1 })
	g.found(g.run(verify.Options{}), "other content than the entry commits to", 10)
}

// TestFalseOpeningIsFound: check 10. What a party was given of an entry does not
// lead to the entry's root.
func TestFalseOpeningIsFound(t *testing.T) {
	for name, change := range map[string]func(o *seal.Opening){"true": func(*seal.Opening) {}, "false": func(o *seal.Opening) { o.Salt[0] ^= 1 }} {
		t.Run(name, func(t *testing.T) {
			g := newGround(t, true)
			g.enter(began+trucewatch.Hour, seenBang(1, began))
			class, epoch := seal.PartyClass("A"), seal.EpochOf(began)
			secret, public, err := seal.GenerateRole()
			g.must(err)
			role, err := seal.ParseIdentity(secret)
			g.must(err)
			to, err := seal.ParseRecipient(public)
			g.must(err)
			keys := seal.OpenKeys(durable.OS{}, filepath.Join(g.dir, "boxes"))
			g.must(keys.SetRecipients(class, []*seal.Recipient{to}))
			key, err := keys.NewEpoch(class, epoch)
			g.must(err)
			commitment := seal.Commit(seal.Seed{1}, []seal.Field{{Name: "type", Value: trucewatch.Encode("observations")}})
			opening, err := commitment.Open("type")
			g.must(err)
			change(&opening)
			box, err := seal.SealBox(key.Recipient(), trucewatch.Encode([]seal.Opening{opening}))
			g.must(err)
			store, err := seal.OpenStore(durable.OS{}, filepath.Join(g.dir, "boxes", "packs"))
			g.must(err)
			g.must(store.Put(class, [][]byte{box}))
			g.must(store.Close())

			g.reword(g.find(trucewatch.SealedEntry), true, func(b *trucewatch.Body) {
				b.CommitmentRoot = commitment.Root()
				b.Sealed = append(b.Sealed, trucewatch.SealedBox{Class: class, Hash: seal.BoxHash(box)})
			})

			// As the party has it: neither the mission's role nor its boxes.
			log := g.logKey()
			g.must(os.RemoveAll(filepath.Join(g.dir, "keys")))
			for _, other := range []string{"mission", "residue", "custody"} {
				g.must(os.RemoveAll(filepath.Join(g.dir, "boxes", "packs", other)))
			}
			r := g.run(verify.Options{Log: log, Roles: []*seal.Identity{role}})
			if name == "true" {
				g.found(r, "")
				if facts := strings.Join(r.Check(10).Facts, "\n"); !strings.Contains(facts, "1 opening of the party_A box prove") {
					t.Errorf("check 10: %s %v", facts, r.Check(10).Unchecked)
				}
			} else {
				g.found(r, "party_A box: opening of type: false opening", 10)
			}
		})
	}
}

// TestFalseHandoutIsFound: check 10. What a party was handed after the delay
// proves against its copy of the record, and nothing else does.
func TestFalseHandoutIsFound(t *testing.T) {
	g := newGround(t, true, agreementFile)
	g.enter(began+trucewatch.Hour, seenBang(1, began))
	b, err := g.m.OpeningsFor("A", 0, uint64(len(g.raw())), began+100*trucewatch.Day)
	g.must(err)
	if len(b.Entries) == 0 {
		t.Fatal("nothing was handed out")
	}
	given := func() verify.Options {
		return verify.Options{Openings: []verify.File{{Name: "openings", Data: exhibit.EncodeBatch(b)}}}
	}
	r := g.run(given())
	g.found(r, "")
	if facts := strings.Join(r.Check(10).Facts, "\n"); !strings.Contains(facts, "openings: what was handed to party A of 1 entry proves") {
		t.Error(facts)
	}
	b.Entries[0].Openings[1].Salt[0] ^= 1
	g.found(g.run(given()), "false opening", 10)
}

// TestAlteredAgreementIsFound: check 11.
func TestAlteredAgreementIsFound(t *testing.T) {
	g := newGround(t, false, agreementFile)
	g.found(g.run(verify.Options{}), "")
	g.spoil("blobs", 300)
	r := g.run(verify.Options{})
	g.found(r, "was changed: its content has another hash", 11)
	if r.Check(12).Verdict != verify.NotChecked {
		t.Errorf("check 12: %s", r.Check(12).Verdict)
	}
}

// TestOlderVersionAdoptedAgainIsFound: check 11. The desk puts an earlier text in
// the place of a later one.
func TestOlderVersionAdoptedAgainIsFound(t *testing.T) {
	g := newGround(t, false, agreementFile)
	all := g.raw()
	e, err := trucewatch.DecodeEntry(2, all[2])
	g.must(err)
	g.enter(began+trucewatch.Hour, seenBang(1, began))
	// The mission's own program refuses to enter it; whoever holds its keys does not need that.
	g.reword(g.find(trucewatch.ObservationsEntry), true, func(b *trucewatch.Body) {
		b.Type, b.Payload = trucewatch.AgreementEntry, trucewatch.Payload{Agreement: e.Body.Payload.Agreement}
	})
	g.found(g.run(verify.Options{}), "entry 4: adopts version 3 of agreement agr-line-2026 after version 3", 11)
}

// withDigest is a mission with a digest at a cut-off.
func withDigest(t *testing.T) *ground {
	g := newGround(t, false, agreementFile)
	g.enter(began+trucewatch.Hour, seenBang(1, began))
	g.enter(began+24*trucewatch.Hour, seenBang(2, began))
	return g
}

// TestAlteredDigestIsFound: check 12. Who holds both keys of the mission still
// cannot commit to a state that the entries do not give.
func TestAlteredDigestIsFound(t *testing.T) {
	g := withDigest(t)
	g.found(g.run(verify.Options{}), "")
	g.reword(g.find(trucewatch.DigestEntry), true, func(b *trucewatch.Body) { b.Payload.Digest.State[0] ^= 1 })
	g.found(g.run(verify.Options{}), "the record commits to state", 12)
}

// TestAlteredPublicationIsFound: check 13. What was said to be public is not what
// the record gives.
func TestAlteredPublicationIsFound(t *testing.T) {
	for name, change := range map[string]func(d *trucewatch.Digest){
		"view":  func(d *trucewatch.Digest) { d.Bytes[0] ^= 1 },
		"items": func(d *trucewatch.Digest) { d.Items[0] ^= 1 },
		"count": func(d *trucewatch.Digest) { d.Count++ },
	} {
		t.Run(name, func(t *testing.T) {
			g := withDigest(t)
			g.reword(g.find(trucewatch.DigestEntry), true, func(b *trucewatch.Body) { change(b.Payload.Digest) })
			g.found(g.run(verify.Options{}), "were public", 13)
		})
	}
}

// TestAnchorOfAnotherHistoryIsFound: check 14, with and without roots.
func TestAnchorOfAnotherHistoryIsFound(t *testing.T) {
	g := newGround(t, false)
	r, err := record.OpenReader(filepath.Join(g.dir, "record"), g.verifier())
	g.must(err)
	root, err := r.RootAt(2)
	g.must(err)
	g.must(r.Close())
	text := []byte(g.verifier().Name() + "\n2\n" + tlog.Hash(root).String() + "\n")
	a := &trucewatch.Anchor{Checkpoint: hashOf(text), Size: 2, Authority: "CN=invented", Token: []byte("none")}
	g.enter(began+trucewatch.Hour, trucewatch.Payload{Anchor: a})
	sound := g.run(verify.Options{})
	g.found(sound, "")
	if len(sound.Check(14).Unchecked) == 0 {
		t.Error("it does not say that tokens were not judged")
	}
	g.found(g.run(verify.Options{Roots: x509.NewCertPool()}), "entry 2: anchor: invalid", 14)
	g.reword(2, true, func(b *trucewatch.Body) { b.Payload.Anchor.Checkpoint[0] ^= 1 })
	g.found(g.run(verify.Options{}), "an anchor of another history", 14)
}

// TestReportIsTheSameTwice: two runs, and another folder, give the same bytes.
func TestReportIsTheSameTwice(t *testing.T) {
	g := newGround(t, true)
	g.enter(began+trucewatch.Hour, seenBang(1, began), seenBang(2, began))
	g.spoil("boxes/packs/mission", 600)
	var first []byte
	for i := range 3 {
		if i == 2 {
			moved := filepath.Join(t.TempDir(), "moved")
			g.must(os.Rename(g.dir, moved))
			g.dir = moved
		}
		var text bytes.Buffer
		r := g.run(verify.Options{})
		g.must(r.Text(&text))
		g.must(r.JSON(&text))
		if first != nil && !bytes.Equal(first, text.Bytes()) {
			t.Errorf("run %d:\n%s\nfirst:\n%s", i, text.Bytes(), first)
		}
		first = text.Bytes()
	}
}

// TestCapturedFolderSaysWhatItCannotCheck: a sealed record without role, texts
// and rows is checked as far as it goes, and every check says how far.
func TestCapturedFolderSaysWhatItCannotCheck(t *testing.T) {
	g := newGround(t, true, agreementFile)
	g.enter(began+trucewatch.Hour, seenBang(1, began))
	g.enter(began+24*trucewatch.Hour, seenBang(2, began))
	log := g.logKey()
	captured := filepath.Join(t.TempDir(), "captured")
	g.must(os.CopyFS(filepath.Join(captured, "record"), os.DirFS(filepath.Join(g.dir, "record"))))
	g.dir = captured
	r := g.run(verify.Options{Log: log})
	g.found(r, "")
	for number, want := range map[int]string{1: "no policy", 2: "freshness", 3: "none were given", 5: "sealed", 6: "sealed", 7: "closed", 8: "bounds",
		9: "does not keep", 10: "closed", 11: "its text is not here", 12: "not compared", 13: "replay ended", 14: "no anchor"} {
		if text := strings.Join(r.Check(number).Unchecked, "\n"); !strings.Contains(text, want) {
			t.Errorf("check %d says %q, not %q", number, text, want)
		}
	}
}

func hashOf(text []byte) trucewatch.Hash { return sha256.Sum256(text) }
