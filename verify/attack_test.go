// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/keyring"
	"github.com/trucewatch/trucewatch/mission"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/verify"
)

// began is when the missions of these tests begin.
var began = trucewatch.InstantOf(time.Date(2026, 4, 12, 8, 0, 0, 0, time.UTC))

// A ground is a mission that somebody attacks.
type ground struct {
	testing.TB
	dir string
	m   *mission.Mission
	key ed25519.PrivateKey // of the desk
}

func newGround(t testing.TB, sealed bool, agreements ...string) *ground {
	t.Helper()
	g := &ground{TB: t, dir: filepath.Join(t.TempDir(), "m")}
	s := &mission.Spec{ID: "ground", Title: "Ground", Mode: trucewatch.Live, DisplayZone: "UTC", CutOff: "19:30", Agreements: agreements}
	if sealed {
		s.SlotS = mission.SlotS
	}
	g.must(mission.Create(g.dir, s, mission.DirFS(), began))
	g.open()
	var err error
	g.key, err = mission.ReadKey(filepath.Join(g.dir, "keys", "desk.key"))
	g.must(err)
	return g
}

func (g *ground) must(err error) {
	g.Helper()
	if err != nil {
		g.Fatal(err)
	}
}

func (g *ground) open() {
	g.Helper()
	var err error
	g.m, err = mission.Open(g.dir)
	g.must(err)
}

// enter records what the desk says, at an instant.
func (g *ground) enter(at trucewatch.Instant, all ...trucewatch.Payload) {
	g.Helper()
	g.must(g.m.Write(func(w *mission.Writer) error {
		w.Stamp = func() trucewatch.Instant { return at }
		for _, p := range all {
			if err := w.Append(p, at); err != nil {
				return err
			}
		}
		return nil
	}))
}

// seenBang is an observation of a post.
func seenBang(n int, at trucewatch.Instant) trucewatch.Payload {
	o := trucewatch.Observation{Key: sha256.Sum256([]byte{byte(n)}), Kind: "explosion", Means: "saw", Count: trucewatch.Count{Value: 1, Qualifier: "exact"},
		When: trucewatch.Interval{From: at, Till: at}, NativeID: fmt.Sprint(n),
		Where: trucewatch.Place{Region: geo.Region{Kind: geo.Ellipse, Center: geo.Position{LatE7: -460000000, LonE7: -1270000000}, SemiMajorMM: 100_000, SemiMinorMM: 100_000}}}
	return trucewatch.Payload{Observations: &trucewatch.Batch{Source: trucewatch.Source{ID: "post-seven", Kind: trucewatch.PostSource}, Observations: []trucewatch.Observation{o}}}
}

func (g *ground) logKey() string {
	text, err := os.ReadFile(filepath.Join(g.dir, "keys", "log.pub"))
	g.must(err)
	return strings.TrimSpace(string(text))
}

func (g *ground) verifier() note.Verifier {
	v, err := note.NewVerifier(g.logKey())
	g.must(err)
	return v
}

// run verifies, an hour after the last entry if no instant is given.
func (g *ground) run(o verify.Options) *verify.Report {
	g.Helper()
	if o.Now.IsZero() {
		o.Now = (began + 12*trucewatch.Hour).Time()
	}
	r, err := verify.Run(g.dir, o)
	g.must(err)
	return r
}

// found wants problems of these checks and of no other, and one that says want.
func (g *ground) found(r *verify.Report, want string, checks ...int) {
	g.Helper()
	all := ""
	for _, c := range r.Checks {
		all += strings.Join(c.Problems, "\n") + "\n"
		if slices.Contains(checks, c.Number) != (c.Count > 0) {
			g.Errorf("check %d %s: %s: %v", c.Number, c.Name, c.Verdict, c.Problems)
		}
	}
	if !strings.Contains(all, want) {
		g.Errorf("no problem says %q:\n%s", want, all)
	}
}

// raw are the bytes of all entries.
func (g *ground) raw() [][]byte {
	r, err := record.OpenReader(filepath.Join(g.dir, "record"), g.verifier())
	g.must(err)
	defer r.Close()
	var all [][]byte
	for cursor := r.Entries(0, r.Checkpoint().Size); ; {
		_, raw, err := cursor.Next()
		if err != nil {
			return all
		}
		all = append(all, slices.Clone(raw))
	}
}

// rewrite puts another log in the place of the old one, as who holds its key can.
func (g *ground) rewrite(all [][]byte) {
	g.Helper()
	path := filepath.Join(g.dir, "record")
	g.must(os.RemoveAll(path))
	log, err := record.Create(path, g.verifier().Name(), g.signer())
	g.must(err)
	_, err = log.Append(all...)
	g.must(err)
	_, err = log.Sign()
	g.must(err)
	g.must(log.Close())
}

// reword changes the body of an entry; who holds the desk's key too signs it and
// all that follow, in a new chain.
func (g *ground) reword(index int, withDesk bool, change func(*trucewatch.Body)) {
	g.Helper()
	all := g.raw()
	previous := trucewatch.Hash{}
	for i := range all {
		var env trucewatch.Envelope
		var body trucewatch.Body
		g.must(trucewatch.Decode(all[i], &env))
		g.must(trucewatch.Decode(env.Body, &body))
		if i == index {
			change(&body)
		}
		if withDesk {
			body.Previous = previous
		}
		if withDesk || i == index {
			env.Body = trucewatch.Encode(body)
		}
		if withDesk {
			env.Signatures = []trucewatch.Signature{keyring.Sign(g.key, env.Body)}
		}
		previous = sha256.Sum256(env.Body)
		all[i] = trucewatch.Encode(env)
	}
	g.rewrite(all)
}

// find returns the index of the last entry of a type.
func (g *ground) find(typ trucewatch.EntryType) int {
	g.Helper()
	for i, raw := range slices.Backward(g.raw()) {
		e, err := trucewatch.DecodeEntry(uint64(i), raw)
		g.must(err)
		if e.Body.Type == typ {
			return i
		}
	}
	g.Fatalf("no entry of type %s", typ)
	return 0
}

// A cosigner signs checkpoints at instants of its choice.
type cosigner struct {
	name string
	key  ed25519.PrivateKey
}

func newCosigner(name string) cosigner {
	seed := sha256.Sum256([]byte(name))
	return cosigner{name, ed25519.NewKeyFromSeed(seed[:])}
}

// id is the key's ID. Source: C2SP signed-note, tlog-cosignature.
func (c cosigner) id() []byte {
	sum := sha256.Sum256(append([]byte(c.name+"\n\x04"), c.key.Public().(ed25519.PublicKey)...))
	return sum[:4]
}

func (c cosigner) vkey() string {
	return fmt.Sprintf("%s+%x+%s", c.name, c.id(), base64.StdEncoding.EncodeToString(append([]byte{4}, c.key.Public().(ed25519.PublicKey)...)))
}

func (c cosigner) line(text string, at time.Time) string {
	signature := ed25519.Sign(c.key, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at.Unix(), text))
	b := binary.BigEndian.AppendUint64(c.id(), uint64(at.Unix()))
	return fmt.Sprintf("— %s %s\n", c.name, base64.StdEncoding.EncodeToString(append(b, signature...)))
}

var (
	partyA, partyB = newCosigner("a.example/w"), newCosigner("b.example/w")
	north, south   = newCosigner("north.example/w"), newCosigner("south.example/w")
	east           = newCosigner("east.example/w")
)

func everybody() []cosigner { return []cosigner{partyA, partyB, north, south, east} }

func policy() *trucewatch.Policy {
	return &trucewatch.Policy{Guarantors: 2, CadenceS: 10, Organisations: []trucewatch.Organisation{
		{Name: "party-a", Party: "A", Witness: partyA.vkey()}, {Name: "party-b", Party: "B", Witness: partyB.vkey()},
		{Name: "north", Witness: north.vkey()}, {Name: "south", Witness: south.vkey()}, {Name: "east", Witness: east.vkey()}}}
}

// cosign adds cosignatures of an instant to the last checkpoint.
func (g *ground) cosign(at trucewatch.Instant, by ...cosigner) {
	g.Helper()
	signed, err := os.ReadFile(filepath.Join(g.dir, "record", "checkpoint"))
	g.must(err)
	text, _, _ := bytes.Cut(signed, []byte("\n\n"))
	for _, c := range by {
		signed = append(signed, c.line(string(text)+"\n", at.Time())...)
	}
	_, err = record.MergeInto(filepath.Join(g.dir, "record"), g.verifier(), signed)
	g.must(err)
}

func (g *ground) checkpoint() []byte {
	g.Helper()
	signed, err := os.ReadFile(filepath.Join(g.dir, "record", "checkpoint"))
	g.must(err)
	return signed
}

// TestSoundRecordIsSound: with everybody's cosignature, every check that can say
// something says ok.
func TestSoundRecordIsSound(t *testing.T) {
	for name, sealed := range map[string]bool{"open": false, "sealed": true} {
		t.Run(name, func(t *testing.T) {
			g := newGround(t, sealed)
			g.enter(began+trucewatch.Hour, trucewatch.Payload{Policy: policy()})
			g.cosign(began+trucewatch.Hour, everybody()...)
			g.enter(began+2*trucewatch.Hour, seenBang(1, began), seenBang(2, began))
			g.cosign(began+2*trucewatch.Hour+trucewatch.Minute, everybody()...)
			r := g.run(verify.Options{Now: (began + 3*trucewatch.Hour).Time()})
			g.found(r, "")
			for _, number := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12} {
				if r.Check(number).Verdict != verify.OK {
					t.Errorf("check %d: %s %v", number, r.Check(number).Verdict, r.Check(number).Unchecked)
				}
			}
			if facts := strings.Join(r.Check(2).Facts, "\n"); !strings.Contains(facts, "final; co-signed by party-a, party-b, north, south, east") {
				t.Errorf("check 2: %s", facts)
			}
		})
	}
}

// TestOneKeyUnderTwoNamesIsFound: check 1.
func TestOneKeyUnderTwoNamesIsFound(t *testing.T) {
	g, p := newGround(t, false), policy()
	p.Organisations[3].Witness = north.vkey()
	g.enter(began+trucewatch.Hour, trucewatch.Payload{Policy: p})
	g.found(g.run(verify.Options{}), "entry 2: ", 1)
}

// TestFrozenCheckpointIsFound: check 2. Nothing but the time of cosigners tells
// that what is shown is old.
func TestFrozenCheckpointIsFound(t *testing.T) {
	g, at := newGround(t, false), began+trucewatch.Hour
	g.enter(at, trucewatch.Payload{Policy: policy()})
	g.cosign(at, everybody()...)
	g.found(g.run(verify.Options{Now: (at + trucewatch.Minute).Time(), FreshFor: time.Hour}), "")
	g.found(g.run(verify.Options{Now: (at + 2*trucewatch.Hour).Time(), FreshFor: time.Hour}), "a frozen view", 2)
}

// TestLogAloneIsNotEnough: check 2. The log's key and one guarantor of two do not
// vouch for a record that three must.
func TestLogAloneIsNotEnough(t *testing.T) {
	g, at := newGround(t, false), began+trucewatch.Hour
	g.enter(at, trucewatch.Payload{Policy: policy()})
	g.cosign(at, partyA, partyB, north)
	g.found(g.run(verify.Options{Now: at.Time()}), "too few of those who must co-sign did", 2)
}

// TestTwoHistoriesAreEvidence: check 3. Two co-signed notes of one log prove two
// histories to everybody.
func TestTwoHistoriesAreEvidence(t *testing.T) {
	g, at := newGround(t, false), began+trucewatch.Hour
	g.enter(at, trucewatch.Payload{Policy: policy()}, seenBang(1, began))
	g.cosign(at, everybody()...)
	kept := verify.File{Name: "kept", Data: g.checkpoint()}
	for name, change := range map[string]func(all [][]byte) [][]byte{
		"of one size":   func(all [][]byte) [][]byte { return append(all[:3], g.changed(all[3])) },
		"of other size": func(all [][]byte) [][]byte { return append(all[:3], g.changed(all[3]), g.changed(all[3])) },
	} {
		t.Run(name, func(t *testing.T) {
			fork := &ground{TB: t, dir: filepath.Join(t.TempDir(), "fork"), key: g.key}
			fork.must(os.CopyFS(fork.dir, os.DirFS(g.dir)))
			fork.rewrite(change(fork.raw()))
			fork.cosign(at, everybody()...)
			if r := fork.run(verify.Options{Now: at.Time()}); len(r.Splits) != 0 {
				t.Errorf("without the kept note: %v", r.Evidence)
			}
			r := fork.run(verify.Options{Now: at.Time(), Kept: []verify.File{kept}})
			if len(r.Splits) != 1 || r.Splits[0].Check() != nil {
				t.Fatalf("%d proofs of two histories; check 3: %v %v", len(r.Splits), r.Check(3).Problems, r.Check(3).Unchecked)
			}
			if text := r.Check(3).Problems[0]; !strings.Contains(text, "co-signed by party-a, party-b") {
				t.Error(text)
			}
		})
	}
}

// changed is an entry with another time of receipt.
func (g *ground) changed(raw []byte) []byte {
	var env trucewatch.Envelope
	g.must(trucewatch.Decode(raw, &env))
	env.Received++
	return trucewatch.Encode(env)
}

// TestRollbackIsFound: check 3. An older state of the same history.
func TestRollbackIsFound(t *testing.T) {
	g := newGround(t, false)
	old := filepath.Join(t.TempDir(), "old")
	g.must(os.CopyFS(old, os.DirFS(g.dir)))
	g.enter(began+trucewatch.Hour, seenBang(1, began))
	kept := verify.File{Name: "kept", Data: g.checkpoint()}
	g.dir = old
	g.found(g.run(verify.Options{}), "")
	g.found(g.run(verify.Options{Kept: []verify.File{kept}}), "rolled back: kept signs for 3 entries, and here are 2", 3)
}

// TestPromises: check 3. A promise that is kept, one that is not, one about
// another body, one that is forged.
func TestPromises(t *testing.T) {
	g, at := newGround(t, false), began+trucewatch.Hour
	_, device, err := ed25519.GenerateKey(nil)
	g.must(err)
	public := device.Public().(ed25519.PublicKey)
	g.enter(at, trucewatch.Payload{Key: &trucewatch.KeyRegistration{ID: keyring.ID(public), Public: public, Role: trucewatch.DeviceKey, Source: "mic-1"}})
	p := seenBang(1, began)
	p.Observations.Source = trucewatch.Source{ID: "mic-1", Kind: trucewatch.SensorSource}
	p.Observations.Observations[0].Means = "acoustic"
	body, err := g.m.Draft(public, p)
	g.must(err)
	s := mission.Submission{Body: body, Signatures: []trucewatch.Signature{keyring.Sign(device, body)}}
	var promise, other []byte
	g.must(g.m.Write(func(w *mission.Writer) error {
		w.Stamp = func() trucewatch.Instant { return at }
		index, _, err := w.Submit(s, at)
		if err == nil {
			promise, err = w.Promise(s, index, at)
		}
		if err == nil {
			other, err = w.Promise(mission.Submission{Body: []byte("x")}, index, at)
		}
		return err
	}))
	promised := func(data []byte) verify.Options {
		return verify.Options{Promises: []verify.File{{Name: "p", Data: data}}}
	}
	r := g.run(promised(promise))
	g.found(r, "")
	if !slices.Contains(r.Check(3).Facts, "a promise is kept: entry 3") {
		t.Error(r.Check(3).Facts)
	}
	g.found(g.run(promised(other)), "entry 3 holds another body", 3)
	g.found(g.run(promised(bytes.Replace(promise, []byte("\n3\n"), []byte("\n2\n"), 1))), "forged", 3)
	all := g.raw()
	g.rewrite(all[:3])
	g.found(g.run(promised(promise)), "entry 3 was promised at", 3)
}

// TestFlippedByteIsFound: check 4.
func TestFlippedByteIsFound(t *testing.T) {
	g := newGround(t, false)
	g.enter(began+trucewatch.Hour, seenBang(1, began))
	name := filepath.Join(g.dir, "record", "wal-0000000000000000")
	data, err := os.ReadFile(name)
	g.must(err)
	data[200] ^= 1
	g.must(os.WriteFile(name, data, 0o600))
	g.found(g.run(verify.Options{}), "record/wal-0000000000000000: entry", 4)
}

// TestEntryThatIsNoneIsFound: check 5, under a root that the log's key signed.
func TestEntryThatIsNoneIsFound(t *testing.T) {
	g := newGround(t, false)
	g.rewrite(append(g.raw(), []byte("no entry")))
	g.found(g.run(verify.Options{}), "entry 2: envelope", 5)
	g = newGround(t, false)
	all := g.raw()
	var env trucewatch.Envelope
	g.must(trucewatch.Decode(all[1], &env))
	env.Body = append([]byte{0xb8}, env.Body[1:]...) // a longer head than needed
	g.rewrite(append(all[:1], trucewatch.Encode(env)))
	if r := g.run(verify.Options{}); r.Check(5).Count == 0 {
		t.Error("another encoding passes")
	}
}

// TestForeignSignatureIsFound: check 6, of who holds the log's key but not the
// desk's.
func TestForeignSignatureIsFound(t *testing.T) {
	g := newGround(t, false)
	g.enter(began+trucewatch.Hour, seenBang(1, began))
	g.reword(2, false, func(b *trucewatch.Body) { b.Payload.Observations.Observations[0].Count.Value = 9 })
	g.found(g.run(verify.Options{}), "entry 2: has no valid signature", 6)
}

// TestRemovedEntryIsFound: check 7.
func TestRemovedEntryIsFound(t *testing.T) {
	g := newGround(t, false)
	g.enter(began+trucewatch.Hour, seenBang(1, began), seenBang(2, began))
	all := g.raw()
	g.rewrite(append(all[:2], all[3:]...))
	g.found(g.run(verify.Options{}), "gap: key", 7)
}

// TestBackdatedEntryIsFound: check 8. It names a checkpoint that was co-signed
// after the time that it claims.
func TestBackdatedEntryIsFound(t *testing.T) {
	for name, claimed := range map[string]trucewatch.Instant{"true": 3 * trucewatch.Hour, "backdated": trucewatch.Hour + trucewatch.Minute} {
		t.Run(name, func(t *testing.T) {
			g := newGround(t, false)
			g.enter(began+trucewatch.Hour, trucewatch.Payload{Policy: policy()})
			g.cosign(began+2*trucewatch.Hour, everybody()...)
			g.enter(began+claimed, seenBang(1, began))
			g.cosign(began+3*trucewatch.Hour+trucewatch.Minute, everybody()...)
			r := g.run(verify.Options{Now: (began + 4*trucewatch.Hour).Time()})
			if name == "true" {
				g.found(r, "")
			} else {
				g.found(r, "entry 3: backdated", 8)
			}
		})
	}
}

// TestEntryDatedAheadIsFound: check 8. Witnesses vouched for it before the time
// that it claims.
func TestEntryDatedAheadIsFound(t *testing.T) {
	g := newGround(t, false)
	g.enter(began+trucewatch.Hour, trucewatch.Payload{Policy: policy()})
	g.enter(began+5*trucewatch.Hour, seenBang(1, began))
	g.cosign(began+2*trucewatch.Hour, everybody()...)
	g.found(g.run(verify.Options{Now: (began + 3*trucewatch.Hour).Time()}), "entry 3: dated ahead", 8)
}

// TestFalseCosignatureOfAKeptCheckpointIsFound: check 8. One in the name of a
// cosigner of the policy that it did not make.
func TestFalseCosignatureOfAKeptCheckpointIsFound(t *testing.T) {
	g := newGround(t, false)
	g.enter(began+trucewatch.Hour, trucewatch.Payload{Policy: policy()})
	for i := range 4 {
		at := began + trucewatch.Instant(i+2)*trucewatch.Hour
		g.cosign(at-trucewatch.Minute, everybody()...)
		g.enter(at, seenBang(i, began))
	}
	g.cosign(began+6*trucewatch.Hour, everybody()...)
	now := verify.Options{Now: (began + 7*trucewatch.Hour).Time()}
	g.found(g.run(now), "")
	name := filepath.Join(g.dir, "record", "checkpoints", "5")
	signed, err := os.ReadFile(name)
	g.must(err)
	text, _, _ := strings.Cut(string(signed), "\n\n")
	of := began + 4*trucewatch.Hour - trucewatch.Minute
	good := east.line(text+"\n", of.Time())
	if !strings.Contains(string(signed), good) {
		t.Fatalf("no cosignature of %s in\n%s", east.name, signed)
	}
	g.must(os.WriteFile(name, []byte(strings.Replace(string(signed), good, east.line(text+"x\n", of.Time()), 1)), 0o600))
	r := g.run(now)
	g.found(r, "record/checkpoints/5: invalid: checkpoint: invalid signature", 8)
	if r.Check(8).Count != 1 {
		t.Errorf("told %d times: %q", r.Check(8).Count, r.Check(8).Problems)
	}
}
