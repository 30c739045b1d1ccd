// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/internal/durable/durabletest"
	"github.com/trucewatch/trucewatch/keyring"
	"github.com/trucewatch/trucewatch/logkey"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/witness"
)

// rotate hands the log over at an instant.
func rotate(m *Mission, now trucewatch.Instant) (index uint64, err error) {
	err = m.Write(func(w *Writer) error {
		w.Stamp = func() trucewatch.Instant { return now }
		index, err = w.rotateLog(nil)
		return err
	})
	return index, err
}

// faults are what a walk finds wrong with a mission's record.
func faults(t testing.TB, dir, key string) (all []string) {
	t.Helper()
	c, err := FindCopy(dir, key)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := c.Verifier()
	if err != nil {
		t.Fatal(err)
	}
	r, err := record.OpenReader(c.Record, verifier)
	if err != nil {
		return []string{err.Error()}
	}
	defer r.Close()
	if _, err := c.Walk(r, func(Step) {}, func(f Fault) { all = append(all, f.What) }); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestLogIsHandedOverWithinOneRecord(t *testing.T) {
	m, now := live(t), at(t, began)+trucewatch.Hour
	first, err := m.logVerifier()
	if err != nil {
		t.Fatal(err)
	}
	stolen := must(m.disk.ReadFile(filepath.Join(m.dir, logKeyFile), keyFileMaxBytes))
	read(t, m, file(t, "a.jsonl", row(1, now)), now)
	before, err := m.Standing(alone(t, m))
	if err != nil {
		t.Fatal(err)
	}
	index, err := rotate(m, now+trucewatch.Minute)
	if err != nil {
		t.Fatal(err)
	}
	m = reopen(t, m)
	read(t, m, file(t, "b.jsonl", row(2, now)), now+2*trucewatch.Minute)
	key, err := m.logVerifier()
	if err != nil || !key.Continues(first) || key.Last().Index() != index || before.Size > index {
		t.Fatalf("the key is %v, %v; handed over at %d, signed before %d", key, err, index, before.Size)
	}
	if found := faults(t, m.dir, ""); len(found) > 0 {
		t.Errorf("the record is not sound: %v", found)
	}
	if found := faults(t, m.dir, first.String()); len(found) == 0 {
		t.Error("the record is sound for who knows the first key alone")
	}
	if secret := must(m.disk.ReadFile(filepath.Join(m.dir, logKeyFile), keyFileMaxBytes)); strings.Contains(string(secret), strings.TrimSpace(string(stolen))) {
		t.Error("the old secret is still here")
	}

	// Whoever stole the old key signs a later checkpoint, in the place of the last.
	last := must(os.ReadFile(filepath.Join(m.dir, "record", "checkpoint")))
	text, _, _ := strings.Cut(string(last), "\n\n")
	thief, err := note.NewSigner(strings.TrimSpace(string(stolen)))
	if err != nil {
		t.Fatal(err)
	}
	forged, err := note.Sign(&note.Note{Text: text + "\n"}, thief)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := record.ParseCheckpoint(forged, key); !errors.Is(err, record.ErrCorrupt) {
		t.Errorf("the old key signs a later checkpoint: %v, %v", c, err)
	}
	if s, err := alone(t, m).Standing(forged); !errors.Is(err, witness.ErrInvalid) {
		t.Errorf("the old key signs a later checkpoint: the policy says %v, %v", s, err)
	}
	// And a promise about an entry since; of one before, the new key may speak.
	for _, p := range []struct {
		index uint64
		by    note.Signer
		good  bool
	}{{index, thief, false}, {index - 1, thief, true}, {index - 1, newest(t, m), true}, {index, newest(t, m), true}} {
		signed, err := note.Sign(&note.Note{Text: Promise{Origin: m.Origin(), Index: p.index}.text()}, p.by)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParsePromise(signed, key); (err == nil) != p.good {
			t.Errorf("a promise of entry %d by %08x: %v", p.index, p.by.KeyHash(), err)
		}
	}
}

func newest(t testing.TB, m *Mission) note.Signer {
	t.Helper()
	key, err := m.logVerifier()
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.logSigner(logkey.NewCurrent(key))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// alone is the policy of a log that nobody co-signs.
func alone(t testing.TB, m *Mission) *witness.Policy {
	t.Helper()
	key, err := m.readLine(logPublicFile)
	if err != nil {
		t.Fatal(err)
	}
	p, err := witness.NewPolicy(key, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func must(data []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return data
}

// TestHandoverIsHeldToItsEntry: the key's words and the record must agree.
func TestHandoverIsHeldToItsEntry(t *testing.T) {
	m, now := live(t), at(t, began)+trucewatch.Hour
	first, err := m.logVerifier()
	if err != nil {
		t.Fatal(err)
	}
	old := newest(t, m)
	if _, err := rotate(m, now); err != nil {
		t.Fatal(err)
	}
	key, err := m.logVerifier()
	if err != nil {
		t.Fatal(err)
	}
	// A handover by another entry than the one in the record: signed by the old key.
	other, err := first.HandOver(key.Last().Index()-1, key.Last().Text, old)
	if err != nil {
		t.Fatal(err)
	}
	found := faults(t, m.dir, other.String())
	for _, want := range []string{"hands the log over to a key that the log's key does not name there", "the log's key is handed over there, and the entry does not say so"} {
		if !slices.ContainsFunc(found, func(f string) bool { return strings.Contains(f, want) }) {
			t.Errorf("no fault says %q: %v", want, found)
		}
	}
}

func TestHandoverThatTheRulesRefuseChangesNothing(t *testing.T) {
	m, now := live(t), at(t, began)+trucewatch.Hour
	p := &trucewatch.Policy{CadenceS: 10, TwoPerson: []trucewatch.EntryType{trucewatch.KeyEntry}}
	if err := m.Write(func(w *Writer) error { return w.Append(trucewatch.Payload{Policy: p}, now) }); err != nil {
		t.Fatal(err)
	}
	public := must(m.disk.ReadFile(filepath.Join(m.dir, logPublicFile), keyFileMaxBytes))
	secret := must(m.disk.ReadFile(filepath.Join(m.dir, logKeyFile), keyFileMaxBytes))
	if _, err := rotate(m, now+trucewatch.Minute); !errors.Is(err, ErrRefused) {
		t.Fatalf("by the desk alone, where two officers must sign: %v", err)
	}
	if string(must(m.disk.ReadFile(filepath.Join(m.dir, logPublicFile), keyFileMaxBytes))) != string(public) ||
		string(must(m.disk.ReadFile(filepath.Join(m.dir, logKeyFile), keyFileMaxBytes))) != string(secret) {
		t.Error("the keys are others")
	}
	read(t, m, file(t, "a.jsonl", row(1, now)), now+2*trucewatch.Minute)
	if found := faults(t, m.dir, ""); len(found) > 0 {
		t.Errorf("the record is not sound: %v", found)
	}
}

// TestHandoverSurvivesDeathAnywhere: the power goes at each call of the disk; what
// is there afterwards goes on, with the old key or with the new one.
func TestHandoverSurvivesDeathAnywhere(t *testing.T) {
	now := at(t, began)
	made := durabletest.New("/m")
	s := &Spec{ID: "test", Title: "Test", Mode: trucewatch.Live, DisplayZone: "UTC", CutOff: "19:30"}
	if err := CreateIn(Surroundings{Disk: made}, "/m", s, DirFS(), now); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 1))
	oldWins, newWins := 0, 0
	for n := 0; ; n++ {
		disk := made.Clone()
		calls := len(disk.Calls())
		disk.FailAt(calls+n, durabletest.HalfDone, syscall.EIO, true)
		m, err := OpenIn(Surroundings{Disk: disk}, "/m", nil)
		if err == nil {
			_, err = rotate(m, now+trucewatch.Minute)
		}
		done := err == nil
		disk.CutPower(random)
		disk.FailAt(-1, "", nil, false)
		m, err = OpenIn(Surroundings{Disk: disk}, "/m", nil)
		if err != nil {
			t.Fatalf("call %d: %v", n, err)
		}
		if err := m.Write(func(w *Writer) error {
			return w.Append(trucewatch.Payload{Absence: &trucewatch.Absence{Organisation: "after"}}, now+2*trucewatch.Minute)
		}); err != nil {
			t.Fatalf("call %d: goes on: %v", n, err)
		}
		key, err := m.logVerifier()
		if err != nil {
			t.Fatalf("call %d: %v", n, err)
		}
		handed := slices.ContainsFunc(m.Keys(), func(k trucewatch.KeyRegistration) bool {
			return k.Role == trucewatch.LogKey && k.ID == keyring.ID(key.Last().Public)
		})
		if handed != (len(key.Spans()) == 2) || done && !handed {
			t.Fatalf("call %d: done %v; the entry is there: %v; the key is %v", n, done, handed, key)
		}
		if secrets := strings.Fields(string(must(disk.ReadFile("/m/"+logKeyFile, keyFileMaxBytes)))); len(secrets) != 1 {
			t.Fatalf("call %d: %d secrets are left", n, len(secrets))
		}
		if _, err := record.VerifyOn(durable.Disk(disk), "/m/record", key); err != nil {
			t.Fatalf("call %d: %v", n, err)
		}
		if handed {
			newWins++
		} else {
			oldWins++
		}
		if done {
			break
		}
	}
	if oldWins < 5 || newWins < 5 {
		t.Errorf("%d deaths before the entry, %d after it: the test misses one side", oldWins, newWins)
	}
}

// TestCosigningGoesOnAcrossAHandover: who was told co-signs with the next beat;
// the start-up guard asks across it, and a state from before does not sign.
func TestCosigningGoesOnAcrossAHandover(t *testing.T) {
	m, now := live(t), at(t, began)+trucewatch.Hour
	all := watchers(t, m)
	adopt(t, m, all, now)
	c := cosigner(t, m)
	if s := send(t, m, c, now+10*trucewatch.Second).Standing; s.Tier != witness.Final {
		t.Fatalf("before: %+v", s)
	}
	backup := filepath.Join(t.TempDir(), "backup")
	if err := os.CopyFS(backup, os.DirFS(m.dir)); err != nil {
		t.Fatal(err)
	}
	if _, err := rotate(m, now+20*trucewatch.Second); err != nil {
		t.Fatal(err)
	}
	if !c.outdated() {
		t.Fatal("the cosigner knows the handover before it was told")
	}
	c = cosigner(t, m)
	if s := send(t, m, c, now+30*trucewatch.Second).Standing; s.Tier != witness.Integrated {
		t.Errorf("witnesses that were not told: %+v", s)
	}
	key, err := m.readLine(logPublicFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range all {
		if _, err := witness.Follow(w.dir, []string{strings.Split(key, ",")[0]}, key); err != nil {
			t.Fatal(err)
		}
	}
	if s := send(t, m, c, now+40*trucewatch.Second).Standing; s.Tier != witness.Final {
		t.Errorf("after: %+v", s)
	}
	old, err := Open(backup)
	if err != nil {
		t.Fatal(err)
	}
	if err := old.Write(func(*Writer) error { return nil }); !errors.Is(err, ErrRolledBack) {
		t.Errorf("a state from before the handover: %v", err)
	}
	m = reopen(t, m)
	read(t, m, file(t, "a.jsonl", row(1, now)), now+trucewatch.Minute)
}
