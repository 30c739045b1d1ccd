// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/evidence"
	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/keyring"
)

func picture(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 100, 70))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func add(t testing.TB, m *Mission, data []byte, c trucewatch.Custody) Acquired {
	t.Helper()
	got, err := m.AddEvidence(bytes.NewReader(data), c)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// officers registers two officers and returns their keys.
func officersOf(t testing.TB, m *Mission) []ed25519.PrivateKey {
	t.Helper()
	var keys []ed25519.PrivateKey
	for _, name := range []string{"data officer", "legal officer"} {
		seed := sha256.Sum256([]byte(name))
		key := ed25519.NewKeyFromSeed(seed[:])
		public := key.Public().(ed25519.PublicKey)
		keys = append(keys, key)
		if err := m.Write(func(w *Writer) error {
			_, err := w.Enter(nil, trucewatch.Payload{Key: &trucewatch.KeyRegistration{ID: keyring.ID(public), Public: public, Role: trucewatch.OfficerKey, Name: name}})
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	return keys
}

func noProblems(t testing.TB, m *Mission) {
	t.Helper()
	if problems := CheckEvidence(m); len(problems) > 0 {
		t.Errorf("problems: %q", problems)
	}
}

// TestEvidenceIsAcquiredAndDescribed: what is added is in the store and in the
// record, in an open and in a sealed mission; of a picture its pixels too; adding
// it again adds nothing; and who reads the folder anew sees the same.
func TestEvidenceIsAcquiredAndDescribed(t *testing.T) {
	for name, make := range map[string]func(testing.TB) *Mission{"open": live, "sealed": sealedMission} {
		t.Run(name, func(t *testing.T) {
			m := make(t)
			c := trucewatch.Custody{By: "patrol leader", About: "17.0", Reason: "found at the crater"}
			got := add(t, m, picture(t), c)
			if got.Known || got.Pixels == nil || got.NoPixels != nil {
				t.Fatalf("%+v", got)
			}
			if again := add(t, m, picture(t), c); !again.Known || again.Index != got.Index {
				t.Errorf("added again: %+v, first %+v", again, got)
			}
			broken := add(t, m, []byte("\x89PNG\r\n\x1a\n and no more"), c)
			if broken.NoPixels == nil {
				t.Error("what only begins like a picture is one")
			}
			var small bytes.Buffer
			if err := png.Encode(&small, image.NewGray(image.Rect(0, 0, 9, 9))); err != nil {
				t.Fatal(err)
			}
			if secret := add(t, m, small.Bytes(), trucewatch.Custody{By: "interviewer", Restricted: true}); secret.Pixels == nil {
				t.Errorf("a restricted picture: %+v", secret)
			}
			if other := add(t, m, picture(t), trucewatch.Custody{By: "other patrol"}); other.Known || other.Index == got.Index {
				t.Errorf("from other hands: %+v", other)
			}
			again := reopen(t, m)
			noProblems(t, again)
			deeds := again.Deeds()
			if len(deeds) != 9 {
				t.Errorf("%d deeds, want 3 of a picture, 1 of a file, 4 of a restricted picture, 1 of other hands: %+v", len(deeds), deeds)
			}
			if text := evidence.CustodyOf(got.Item.Hash, deeds); !strings.Contains(text, "found at the crater") || !strings.Contains(text, "working copy") || strings.Contains(text, "PROBLEM") {
				t.Error(text)
			}
			all, _ := entriesOf(t, m.dir)
			for i, e := range all {
				if name == "sealed" && e.Body.Payload.Custody != nil {
					t.Errorf("entry %d: a deed stands openly in a sealed record", i)
				}
			}
		})
	}
}

// TestReadingOfRestrictedEvidenceIsRecordedFirst: not a byte of a restricted item
// without an entry; the original is not worked on; what nobody knows is not read.
func TestReadingOfRestrictedEvidenceIsRecordedFirst(t *testing.T) {
	m := sealedMission(t)
	data := []byte("a witness's words")
	item := add(t, m, data, trucewatch.Custody{By: "interviewer", Restricted: true}).Item.Hash
	if _, err := m.ReadEvidence(item, "analyst", "case 3"); !errors.Is(err, ErrRefused) {
		t.Errorf("the original was read: %v", err)
	}
	if _, err := m.EnterDeed(nil, trucewatch.Custody{Item: item, Deed: "copied", By: "custodian"}); err != nil {
		t.Fatal(err)
	}
	before := len(m.Deeds())
	for _, who := range [][2]string{{"", "case 3"}, {"analyst", ""}} {
		if _, err := m.ReadEvidence(item, who[0], who[1]); err == nil {
			t.Errorf("read by %q because of %q", who[0], who[1])
		}
	}
	if len(m.Deeds()) != before {
		t.Error("a reading that was refused is recorded")
	}
	r, err := m.ReadEvidence(item, "analyst", "case 3")
	if err != nil {
		t.Fatal(err)
	}
	if deeds := reopen(t, m).Deeds(); deeds[len(deeds)-1].Deed != "read" || deeds[len(deeds)-1].Reason != "case 3" { // from the disk, before a byte is read
		t.Errorf("last deed %+v", deeds[len(deeds)-1])
	}
	got, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("%q, %v", got, err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if _, err := m.ReadEvidence(sha256.Sum256([]byte("other")), "analyst", "case 3"); err == nil {
		t.Error("an item that nobody acquired was read")
	}
	// A reading that cannot be recorded gives nothing out.
	if err := os.Rename(filepath.Join(m.dir, deskKeyFile), filepath.Join(m.dir, deskKeyFile+".away")); err != nil {
		t.Fatal(err)
	}
	if r, err := m.ReadEvidence(item, "analyst", "case 3"); err == nil {
		t.Errorf("read without an entry: %v", r)
	}
}

// TestDamageToEvidenceIsFound: missing and altered bytes, bytes that nobody
// acquired, and a destruction that one person ordered.
func TestDamageToEvidenceIsFound(t *testing.T) {
	place := func(m *Mission, item trucewatch.Hash) string {
		return filepath.Join(m.dir, mediaDir, item.String()[:2], item.String())
	}
	for _, test := range []struct {
		name, want string
		do         func(m *Mission, item trucewatch.Hash) error
	}{
		{"missing", "missing, and no deed destroyed it", func(m *Mission, item trucewatch.Hash) error { return os.Remove(place(m, item)) }},
		{"all missing", "missing, and no deed destroyed it", func(m *Mission, _ trucewatch.Hash) error { return os.RemoveAll(filepath.Join(m.dir, mediaDir)) }},
		{"altered", "corrupt", func(m *Mission, item trucewatch.Hash) error {
			return os.WriteFile(place(m, item), []byte("other"), 0o600)
		}},
		{"a deed that contradicts", "returned, but it was not out", func(m *Mission, item trucewatch.Hash) error {
			return m.Write(func(w *Writer) error {
				now := w.Stamp()
				return w.Append(trucewatch.Payload{Custody: &trucewatch.Custody{Item: item, Deed: "returned", By: "somebody", At: now}}, now)
			})
		}},
		{"destroyed by one", "two must sign", func(m *Mission, item trucewatch.Hash) error {
			err := m.Write(func(w *Writer) error {
				now := w.Stamp()
				return w.Append(trucewatch.Payload{Custody: &trucewatch.Custody{Item: item, Deed: "destroyed", By: "somebody", At: now}}, now)
			})
			return errors.Join(err, os.Remove(place(m, item)))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := sealedMission(t)
			item := add(t, m, []byte("fragment of a rocket, photographed"), trucewatch.Custody{By: "patrol leader"}).Item.Hash
			if err := test.do(m, item); err != nil {
				t.Fatal(err)
			}
			if problems := CheckEvidence(reopen(t, m)); len(problems) != 1 || !strings.Contains(problems[0], test.want) {
				t.Errorf("problems %q, want one with %q", problems, test.want)
			}
		})
	}
}

// TestCrashBetweenStoreAndEntryShows: bytes without an acquisition are named, are
// no problem of the record, and become evidence when the file is added again.
func TestCrashBetweenStoreAndEntryShows(t *testing.T) {
	m := live(t)
	store, err := evidence.OpenStore(durable.OS{}, filepath.Join(m.dir, mediaDir))
	if err != nil {
		t.Fatal(err)
	}
	data := []byte("the process died after this")
	item, err := store.Add(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	unknown, err := m.UnacquiredEvidence()
	if err != nil || len(unknown) != 1 || unknown[0] != item.Hash {
		t.Errorf("%v, %v", unknown, err)
	}
	noProblems(t, m)
	add(t, m, data, trucewatch.Custody{By: "patrol leader"})
	if unknown, err := m.UnacquiredEvidence(); err != nil || len(unknown) != 0 {
		t.Errorf("added again: %v, %v", unknown, err)
	}
}

// TestEvidenceIsDestroyedByTwo: one officer destroys nothing; with two the bytes
// are gone after the entry; what was destroyed does not come back; a destruction
// that died after its entry goes on.
func TestEvidenceIsDestroyedByTwo(t *testing.T) {
	m := sealedMission(t)
	keys := officersOf(t, m)
	data := []byte("to be destroyed")
	item := add(t, m, data, trucewatch.Custody{By: "custodian"}).Item.Hash
	deed := trucewatch.Custody{Item: item, Deed: "destroyed", By: "data officer", Reason: "order 5"}
	if _, err := m.EnterDeed(keys[:1], deed); !errors.Is(err, ErrRefused) {
		t.Errorf("by one officer: %v", err)
	}
	if _, err := m.EnterDeed([]ed25519.PrivateKey{keys[0], keys[0]}, deed); !errors.Is(err, ErrRefused) {
		t.Errorf("by one officer twice: %v", err)
	}
	index, err := m.EnterDeed(keys, deed)
	if err != nil {
		t.Fatal(err)
	}
	m = reopen(t, m)
	noProblems(t, m)
	if _, err := m.AddEvidence(bytes.NewReader(data), trucewatch.Custody{By: "custodian"}); !errors.Is(err, ErrRefused) {
		t.Errorf("added after its destruction: %v", err)
	}
	noProblems(t, m)
	store, err := m.media()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Add(bytes.NewReader(data)); err != nil { // as if the process had died before
		t.Fatal(err)
	}
	if problems := CheckEvidence(m); len(problems) != 1 || !strings.Contains(problems[0], "still here") {
		t.Errorf("%q", problems)
	}
	if again, err := m.EnterDeed(keys, deed); err != nil || again != index {
		t.Errorf("again: entry %d, %v; first %d", again, err, index)
	}
	noProblems(t, m)
}

// TestErasedDeedsAreStillAChain: after the boxes of a deed were erased, its
// stand-in has no words and a time to the hour, and no problem is made of that.
func TestErasedDeedsAreStillAChain(t *testing.T) {
	m := sealedMission(t)
	keys := officersOf(t, m)
	item := add(t, m, []byte("paper"), trucewatch.Custody{By: "custodian", Restricted: true}).Item.Hash
	for _, c := range []trucewatch.Custody{
		{Deed: "copied", By: "custodian"}, {Deed: "read", By: "analyst", Reason: "names a victim"}, {Deed: "transferred", By: "custodian", To: "laboratory"}, {Deed: "returned", By: "custodian"},
	} {
		c.Item = item
		index, err := m.EnterDeed(nil, c)
		if err != nil {
			t.Fatal(err)
		}
		refs, err := m.Boxes(index, "mission")
		if err != nil {
			t.Fatal(err)
		}
		if c.Deed == "copied" || c.Deed == "returned" {
			continue
		}
		if _, err := m.Erase(keys, trucewatch.Erasure{Boxes: refs, Basis: "law", Authority: "data officer"}); err != nil {
			t.Fatal(err)
		}
		m = reopen(t, m)
	}
	noProblems(t, m)
	if text := evidence.CustodyOf(item, m.Deeds()); strings.Contains(text, "victim") || !strings.Contains(text, "(erased)") {
		t.Error(text)
	}
}
