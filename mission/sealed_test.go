// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/keyring"
	"github.com/trucewatch/trucewatch/seal"
)

// sealedMission is live(t) with boxes.
func sealedMission(t testing.TB) *Mission {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "sealed")
	s := &Spec{ID: "sealed", Title: "Sealed", Mode: trucewatch.Live, DisplayZone: "UTC", CutOff: "19:30", SlotS: SlotS}
	if err := Create(dir, s, DirFS(), at(t, began)); err != nil {
		t.Fatal(err)
	}
	m, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// reopen opens the mission anew: what it then knows comes from the disk alone.
func reopen(t testing.TB, m *Mission) *Mission {
	t.Helper()
	again, err := Open(m.dir)
	if err != nil {
		t.Fatal(err)
	}
	return again
}

const secretWords = "Oak Street 12, the neighbour of the mill"

// readFrom imports lines of a native file as a source of a kind.
func readFrom(t testing.TB, m *Mission, source string, kind trucewatch.SourceKind, now trucewatch.Instant, lines ...string) {
	t.Helper()
	im := nativeImport(t, file(t, source+".jsonl", lines...), source)
	im.Options.Source.Kind = kind
	err := m.Write(func(w *Writer) error {
		w.Stamp = func() trucewatch.Instant { return now }
		r, err := w.Import(im)
		if err == nil && r.Rejected > 0 {
			err = fmt.Errorf("%+v", r)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func personLine(id string, now trucewatch.Instant) string {
	return fmt.Sprintf(`{"native_id":%q,"kind":"damage","means":"public_report","count":{"value":1,"qualifier":"exact"},`+
		`"where":{"region":{"kind":"ellipse","center":{"lat_e7":-460000000,"lon_e7":-1270000000},"semi_major_mm":100000,"semi_minor_mm":100000}},`+
		`"when":{"from":%q,"till":%q},"text":%q,"observer":{"name":%q}}`, id, now, now, secretWords, secretWords)
}

// TestSealedRecordShowsNothing: of what a sealed mission enters, nothing stands
// readable in the record or in the boxes, neither source nor place nor time, and
// all leaves have one size.
func TestSealedRecordShowsNothing(t *testing.T) {
	m := sealedMission(t)
	now := at(t, began) + trucewatch.Hour + 3*trucewatch.Second
	readFrom(t, m, "post-seven", trucewatch.PostSource, now, row(1, now), row(2, now), row(3, now))
	readFrom(t, m, "resident", trucewatch.PersonSource, now+trucewatch.Second, personLine("x-1", now))
	if err := m.Write(func(w *Writer) error { return w.Cover(3, now+2*trucewatch.Second) }); err != nil {
		t.Fatal(err)
	}
	all, sizes := entriesOf(t, m.dir)
	leaf := 0
	for i, e := range all {
		if e.Body.Type != trucewatch.SealedEntry {
			continue
		}
		if e.Received%(SlotS*trucewatch.Second) != 0 {
			t.Errorf("entry %d says openly that it was received at %v", i, e.Received)
		}
		if leaf == 0 {
			leaf = sizes[i]
		}
		if diff := sizes[i] - leaf; diff < -2 || diff > 2 { // the sequence number grows
			t.Errorf("entry %d has %d bytes, others %d: its size tells what it is", i, sizes[i], leaf)
		}
	}
	if leaf == 0 {
		t.Fatal("nothing is sealed")
	}
	err := filepath.WalkDir(m.dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.Contains(name, "/index/") {
			return err
		}
		data, err := os.ReadFile(name)
		for _, secret := range []string{"post-seven", "resident", "Oak Street", "explosion"} {
			if bytes.Contains(data, []byte(secret)) {
				t.Errorf("%s holds %q in clear", name, secret)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	mustBeSound(t, m.dir)
}

// TestSealedMissionFoldsWhatItWrites: the time of an entry that stands openly is
// rounded down there, and whoever writes it goes on from that time too. A notice
// whose window begins in the seconds between is as active for him as in a replay.
func TestSealedMissionFoldsWhatItWrites(t *testing.T) {
	m := sealedMission(t)
	now := at(t, began) + 30*trucewatch.Minute + 7*trucewatch.Second // no tick comes between, whose time is sealed whole
	notice := &trucewatch.Notification{Key: trucewatch.ContentKey{1}, ID: "n-1", Exemption: "X2", By: "A", NotifiedAt: now,
		Window: trucewatch.Interval{From: now, Till: now + trucewatch.Hour}}
	for _, p := range []trucewatch.Payload{{Absence: &trucewatch.Absence{Organisation: "party-b"}}, {Notification: notice}} {
		if err := m.Write(func(w *Writer) error { return w.Append(p, now) }); err != nil {
			t.Fatal(err)
		}
	}
	if again := reopen(t, m); again.state.Digest() != m.state.Digest() {
		t.Errorf("read again the state is %v, written as %v", again.state.Digest(), m.state.Digest())
	}
	mustBeSound(t, m.dir)
}

// TestSealedMissionReplays: what is sealed gives the same incidents, observations
// and view as what is not, and every later reading gives the same digest.
func TestSealedMissionReplays(t *testing.T) {
	now := at(t, began) + trucewatch.Hour
	sealed, open := sealedMission(t), live(t)
	for _, m := range []*Mission{sealed, open} {
		readFrom(t, m, "post-seven", trucewatch.PostSource, now, row(1, now), row(2, now), row(3, now))
		readFrom(t, m, "post-eight", trucewatch.PostSource, now+trucewatch.Minute, row(4, now))
	}
	if a, b := sealed.state.OrderFreeDigest(), open.state.OrderFreeDigest(); a != b {
		t.Errorf("order-free digest %v sealed, %v open", a, b)
	}
	if again := reopen(t, sealed); again.state.Digest() != sealed.state.Digest() || again.state.Closed() != 0 {
		t.Errorf("read again: %v, %d closed; written as %v", again.state.Digest(), again.state.Closed(), sealed.state.Digest())
	}
	again := reopen(t, sealed)
	readFrom(t, again, "post-eight", trucewatch.PostSource, now+trucewatch.Minute, row(4, now))
	if again.state.Digest() != sealed.state.Digest() {
		t.Error("a file imported twice adds something")
	}
}

// TestWithoutTheRoleAllStaysClosed: who has the folder and not the role's key
// folds what is open, and can add nothing.
func TestWithoutTheRoleAllStaysClosed(t *testing.T) {
	m := sealedMission(t)
	now := at(t, began) + trucewatch.Hour
	readFrom(t, m, "post-seven", trucewatch.PostSource, now, row(1, now))
	if err := os.RemoveAll(filepath.Join(m.dir, rolesDir)); err != nil {
		t.Fatal(err)
	}
	closed := reopen(t, m)
	if closed.state.Closed() == 0 || incidents(closed) != 0 {
		t.Errorf("%d closed, %d incidents", closed.state.Closed(), incidents(closed))
	}
	if err := closed.Write(func(*Writer) error { return nil }); err == nil {
		t.Error("somebody who cannot read the record may write it")
	}
}

// TestCapturedLaptop: with a passphrase the folder opens nothing.
func TestCapturedLaptop(t *testing.T) {
	t.Setenv(PassphraseVariable, "correct horse battery staple")
	m := sealedMission(t)
	now := at(t, began) + trucewatch.Hour
	readFrom(t, m, "post-seven", trucewatch.PostSource, now, row(1, now))
	t.Setenv(PassphraseVariable, "wrong")
	if _, err := Open(m.dir); err == nil {
		t.Fatal("opened with a wrong passphrase")
	}
	t.Setenv(PassphraseVariable, "")
	if _, err := Open(m.dir); err == nil || !strings.Contains(err.Error(), PassphraseVariable) {
		t.Fatalf("opened without the passphrase: %v", err)
	}
}

// officers registers two officers and returns their keys.
func officers(t testing.TB, m *Mission, now trucewatch.Instant) []ed25519.PrivateKey {
	t.Helper()
	var keys []ed25519.PrivateKey
	for _, name := range []string{"data officer", "legal officer"} {
		seed := sha256.Sum256([]byte(name))
		keys = append(keys, ed25519.NewKeyFromSeed(seed[:]))
	}
	err := m.Write(func(w *Writer) error {
		for i, key := range keys {
			public := key.Public().(ed25519.PublicKey)
			p := trucewatch.Payload{Key: &trucewatch.KeyRegistration{ID: keyring.ID(public), Public: public, Role: trucewatch.OfficerKey, Name: fmt.Sprint("officer ", i)}}
			if err := w.Append(p, now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// lastSealed is the index of the last entry that holds observations.
func lastSealed(t testing.TB, m *Mission) uint64 {
	t.Helper()
	last := slices.Max(slices.Collect(func(yield func(uint64) bool) {
		for index := range m.known {
			if !yield(index) {
				return
			}
		}
	}))
	return last
}

// TestErasureLeavesResidue: a box is destroyed by warrant, and the mission goes
// on from the coarse stand-in: the incident stays, its exact place is gone, every
// digest that can be compared is, and verify tells it from hiding.
func TestErasureLeavesResidue(t *testing.T) {
	m := sealedMission(t)
	now := at(t, began) + trucewatch.Hour
	readFrom(t, m, "post-seven", trucewatch.PostSource, now, row(1, now))
	index := lastSealed(t, m)
	keys := officers(t, m, now+trucewatch.Second)
	refs, err := m.Boxes(index, seal.MissionClass)
	if err != nil {
		t.Fatal(err)
	}
	// Over a cut-off, so that a digest commits to the state before the erasure.
	if err := m.Write(func(w *Writer) error { return w.Tick(now + 2*trucewatch.Day) }); err != nil {
		t.Fatal(err)
	}
	warrant, err := m.Erase(keys, trucewatch.Erasure{Boxes: refs, Basis: "article 17", Authority: "data officer"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.CatchUp(); err == nil {
		t.Error("the state that knows what was erased goes on")
	}
	after := reopen(t, m)
	if n := incidents(after); n != 1 {
		t.Errorf("%d incidents after the erasure, want 1", n)
	}
	if after.state.Digest() == m.state.Digest() {
		t.Error("the state still knows what was erased")
	}
	before := 0 // digests between the entry and the warrant: one for every day
	all, _ := entriesOf(t, m.dir)
	for _, e := range all[index:warrant] {
		if cutOffOf(e) != "" {
			before++
		}
	}
	if before == 0 || after.state.Skipped() != before || len(after.state.Unwarranted()) != 0 {
		t.Errorf("%d digests skipped, %v unwarranted", after.state.Skipped(), after.state.Unwarranted())
	}
	// Digests from here on are of the state with the residue, and are compared.
	if err := after.Write(func(w *Writer) error { return w.Tick(now + 4*trucewatch.Day) }); err != nil {
		t.Fatal(err)
	}
	again := reopen(t, after)
	if again.state.Digest() != after.state.Digest() || again.state.Skipped() != before {
		t.Errorf("read again: digest %v, %d skipped; want %v, %d", again.state.Digest(), again.state.Skipped(), after.state.Digest(), before)
	}
	if len(again.warrants) != 1 || !again.warrants[0].receipted || again.warrants[0].index != warrant {
		t.Errorf("warrants %+v", again.warrants)
	}
	mustBeSound(t, m.dir)
}

// TestErasureIsFinished: a death between warrant and destruction leaves a record
// that erases and a box that is still here. Nobody reads it, and the next writer
// destroys it.
func TestErasureIsFinished(t *testing.T) {
	m := sealedMission(t)
	now := at(t, began) + trucewatch.Hour
	readFrom(t, m, "post-seven", trucewatch.PostSource, now, row(1, now))
	index := lastSealed(t, m)
	keys := officers(t, m, now+trucewatch.Second)
	refs, err := m.Boxes(index, seal.MissionClass)
	if err != nil {
		t.Fatal(err)
	}
	err = m.Write(func(w *Writer) error { // as Erase, up to where it dies
		_, err := w.AppendAs(keys, trucewatch.Payload{Erasure: &trucewatch.Erasure{Boxes: refs, Basis: "article 17", Authority: "data officer"}}, now+trucewatch.Minute)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	after := reopen(t, m)
	if after.vault.store.State(seal.MissionClass, refs[0].Hash) != seal.Present {
		t.Fatal("the test is wrong: the box is gone already")
	}
	if after.known[index] != 0 {
		t.Error("what the record erases is still read")
	}
	if err := after.Write(func(*Writer) error { return nil }); err != nil {
		t.Fatal(err)
	}
	again := reopen(t, m)
	if state := again.vault.store.State(seal.MissionClass, refs[0].Hash); state != seal.Destroyed {
		t.Errorf("the box is %s", state)
	}
	if !again.warrants[0].receipted {
		t.Error("no receipt")
	}
}

func custodyRole(t testing.TB, dir string) []*seal.Identity {
	t.Helper()
	roles, err := LoadRole(filepath.Join(dir, rolesDir, seal.CustodyClass+".age"), "")
	if err != nil {
		t.Fatal(err)
	}
	return roles
}

// TestPersonsNameIsErased: erasing the custody box takes the name away and
// changes nothing that follows from the record.
func TestPersonsNameIsErased(t *testing.T) {
	m := sealedMission(t)
	now := at(t, began) + trucewatch.Hour
	readFrom(t, m, "resident", trucewatch.PersonSource, now, personLine("x-1", now))
	index := lastSealed(t, m)
	keys := officers(t, m, now+trucewatch.Second)
	rows, err := m.ReadPersons(index, custodyRole(t, m.dir), "protection officer", "call back")
	if err != nil || len(rows) != 1 || rows[0].Text != secretWords {
		t.Fatalf("custody box: %+v, %v", rows, err)
	}
	refs, err := m.Boxes(index, seal.CustodyClass)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Erase(keys, trucewatch.Erasure{Boxes: refs, Basis: "request of the person", Authority: "data officer"}); err != nil {
		t.Fatal(err)
	}
	after := reopen(t, m)
	if after.state.Skipped() != 0 || after.known[index] == 0 {
		t.Errorf("%d digests skipped, the mission's box known: %v", after.state.Skipped(), after.known[index] != 0)
	}
	if rows, err := after.ReadPersons(index, custodyRole(t, m.dir), "protection officer", "again"); err == nil {
		t.Errorf("still there: %+v", rows)
	}
	mustBeSound(t, m.dir)
}

func incidents(m *Mission) (n int) {
	for range m.state.Incidents() {
		n++
	}
	return n
}

// TestGuarantorReplaysEverything: a second role, named among the recipients, gives
// a copy of the folder the mission's own state; a set without the mission's role is
// refused.
func TestGuarantorReplaysEverything(t *testing.T) {
	m := sealedMission(t)
	own, err := Recipients(m.dir, seal.MissionClass)
	if err != nil {
		t.Fatal(err)
	}
	role := filepath.Join(t.TempDir(), "guarantor.age")
	theirs, err := NewRole(role, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, class := range []string{seal.MissionClass, seal.ResidueClass} {
		if err := setRecipients(m, class, at(t, began), theirs); !errors.Is(err, ErrRefused) {
			t.Errorf("the mission shuts itself out: %v", err)
		}
		if err := setRecipients(m, class, at(t, began), append(slices.Clone(own), theirs)...); err != nil {
			t.Fatal(err)
		}
	}
	now := at(t, began) + trucewatch.Hour
	readFrom(t, m, "post-seven", trucewatch.PostSource, now, row(1, now))
	dir := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(dir, os.DirFS(m.dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(role, filepath.Join(dir, rolesDir, seal.MissionClass+".age")); err != nil {
		t.Fatal(err)
	}
	theirCopy, err := Open(dir)
	if err != nil || theirCopy.state.Digest() != m.state.Digest() || theirCopy.state.Closed() != 0 {
		t.Errorf("%v, digest %v, want %v", err, theirCopy.state.Digest(), m.state.Digest())
	}
}

// TestSealedArrivalIsErasedToo: an arrival, which has no region and needs its
// station's place, leaves a residue that says neither.
func TestSealedArrivalIsErasedToo(t *testing.T) {
	m := sealedMission(t)
	now := at(t, began) + trucewatch.Hour
	line := fmt.Sprintf(`{"native_id":"a-1","kind":"explosion","means":"acoustic","count":{"value":1,"qualifier":"exact"},"arrival":{"wave":"sound","error_us":2000},`+
		`"observer":{"position":{"lat_e7":-460000000,"lon_e7":-1270000000}},"when":{"from":%q,"till":%q}}`, now, now)
	readFrom(t, m, "mic-1", trucewatch.SensorSource, now, line)
	index := lastSealed(t, m)
	keys := officers(t, m, now+trucewatch.Second)
	refs, err := m.Boxes(index, seal.MissionClass)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Erase(keys, trucewatch.Erasure{Boxes: refs, Basis: "article 17", Authority: "data officer"}); err != nil {
		t.Fatal(err)
	}
	if after := reopen(t, m); len(after.state.Unwarranted()) != 0 || after.known[index] != 0 {
		t.Errorf("unwarranted %v, known %v", after.state.Unwarranted(), after.known[index] != 0)
	}
	mustBeSound(t, m.dir)
}

// TestOneOfficersErasureDestroysNothing: whoever holds the desk's key can put an
// erasure into the record; without two officers nobody acts on it.
func TestOneOfficersErasureDestroysNothing(t *testing.T) {
	m := sealedMission(t)
	now := at(t, began) + trucewatch.Hour
	readFrom(t, m, "post-seven", trucewatch.PostSource, now, row(1, now))
	index := lastSealed(t, m)
	refs, err := m.Boxes(index, seal.MissionClass)
	if err != nil {
		t.Fatal(err)
	}
	err = m.Write(func(w *Writer) error { // as a hostile desk would: Enter refuses it
		return w.Append(trucewatch.Payload{Erasure: &trucewatch.Erasure{Boxes: refs, Basis: "none", Authority: "the desk"}}, now+trucewatch.Minute)
	})
	if err != nil {
		t.Fatal(err)
	}
	after := reopen(t, m)
	if err := after.Write(func(*Writer) error { return nil }); err != nil {
		t.Fatal(err)
	}
	again := reopen(t, m)
	if state := again.vault.store.State(seal.MissionClass, refs[0].Hash); state != seal.Present || again.known[index] == 0 {
		t.Errorf("the box is %s, known %v", state, again.known[index] != 0)
	}
}
