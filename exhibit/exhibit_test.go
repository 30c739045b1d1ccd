// SPDX-License-Identifier: Apache-2.0

package exhibit

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/seal"
	"github.com/trucewatch/trucewatch/witness"
)

const origin = "trucewatch.example/isk"

// A memory holds the hashes of a log's tree.
type memory []tlog.Hash

func (m memory) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		out[i] = m[index]
	}
	return out, nil
}

// sealedExhibit makes an exhibit of a sealed entry in a log of so many entries that
// two parties and four guarantors have co-signed, and their policy.
func sealedExhibit(t testing.TB, entries int) (*Exhibit, *witness.Policy) {
	t.Helper()
	inner := &trucewatch.Entry{Received: 1_800_000_000 * trucewatch.Second, Body: trucewatch.Body{Version: 1, Log: origin, Type: trucewatch.ObservationsEntry,
		Payload: trucewatch.Payload{Observations: &trucewatch.Batch{Source: trucewatch.Source{ID: "post-7", Kind: trucewatch.PostSource},
			Observations: []trucewatch.Observation{{Key: trucewatch.Hash{1}, Kind: trucewatch.Explosion, Means: "heard",
				Count: trucewatch.Count{Value: 3, Qualifier: trucewatch.Exact}, When: trucewatch.Interval{From: 1_799_999_000 * trucewatch.Second, Till: 1_799_999_009 * trucewatch.Second}}}}}}}
	fields, err := seal.FieldsOf(inner, "p")
	if err != nil {
		t.Fatal(err)
	}
	commitment := seal.Commit(seal.Seed{1, 2, 3}, fields)
	body := trucewatch.Body{Version: 1, Log: origin, Type: trucewatch.SealedEntry, Key: trucewatch.KeyID{1}, CommitmentRoot: commitment.Root(),
		Payload: trucewatch.Payload{Sealed: &trucewatch.Sealing{Epoch: 202701}}}
	for _, class := range seal.Classes() {
		body.Sealed = append(body.Sealed, trucewatch.SealedBox{Class: class, Hash: sha256.Sum256([]byte(class))})
	}
	x := &Exhibit{Leaf: trucewatch.Encode(trucewatch.Envelope{Received: 1_800_000_000 * trucewatch.Second, Body: trucewatch.Encode(body),
		Signatures: []trucewatch.Signature{{Key: trucewatch.KeyID{1}, Type: 1, Value: make([]byte, 64)}}})}
	for _, name := range []string{"rows/0/kind", "rows/0/count", "rows/0/time_hour", "rows/0/where_10km"} {
		o, err := commitment.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		x.Openings = append(x.Openings, o)
	}
	policy := include(t, x, entries)
	return x, policy
}

// include puts the exhibit's entry into a log and has it co-signed.
func include(t testing.TB, x *Exhibit, entries int) *witness.Policy {
	t.Helper()
	x.Index = uint64(entries / 2)
	var tree memory
	for i := range int64(entries) {
		leaf := fmt.Append(nil, "entry ", i)
		if uint64(i) == x.Index {
			leaf = x.Leaf
		}
		hashes, err := tlog.StoredHashes(i, leaf, tree)
		if err != nil {
			t.Fatal(err)
		}
		tree = append(tree, hashes...)
	}
	root, err := tlog.TreeHash(int64(entries), tree)
	if err != nil {
		t.Fatal(err)
	}
	path, err := tlog.ProveRecord(int64(entries), int64(x.Index), tree)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range path {
		x.Proof = append(x.Proof, h)
	}
	secret, public, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	log, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	signers := []note.Signer{log}
	var members []witness.Member
	for _, m := range []witness.Member{{Name: "party-a", Party: "A"}, {Name: "party-b", Party: "B"}, {Name: "north"}, {Name: "south"}, {Name: "east"}, {Name: "west"}} {
		key, err := witness.GenerateKey(m.Name + ".example/w")
		if err != nil {
			t.Fatal(err)
		}
		m.Witness = key.VerifierKey()
		members = append(members, m)
		signers = append(signers, key.Signer(time.Unix(1_800_000_060, 0)))
	}
	policy, err := witness.NewPolicy(public, members, 3)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := note.Sign(&note.Note{Text: fmt.Sprintf("%s\n%d\n%s\n", origin, entries, root)}, signers...)
	if err != nil {
		t.Fatal(err)
	}
	if x.Checkpoint, _, err = policy.Merge(signed, nil); err != nil {
		t.Fatal(err)
	}
	return policy
}

func TestExhibitProvesAndIsSmall(t *testing.T) {
	x, policy := sealedExhibit(t, 1<<12)
	data := Encode(x)
	got, err := DecodeExhibit(data)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Check(got, policy)
	if err != nil || p.Standing.Tier != witness.Final || p.Unchecked || len(p.Fields) != 4 {
		t.Fatalf("%+v, %v", p, err)
	}
	// A log of a million entries has 8 hashes more, of 45 bytes each.
	if size := len(data) + 8*45; size > 4096 {
		t.Errorf("%d bytes in a log of a million entries, more than 4096", size)
	} else {
		t.Logf("%d bytes with seven signatures in a log of a million entries", size)
	}
}

// TestExhibitWithoutPolicySaysWhatWasNotChecked: who knows only the log's key is told
// that nobody else's was checked.
func TestExhibitWithoutPolicySaysWhatWasNotChecked(t *testing.T) {
	x, policy := sealedExhibit(t, 9)
	alone, err := witness.NewPolicy(policy.Logs()[0], nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Check(x, alone)
	if err != nil || !p.Unchecked || p.Standing.Tier != witness.Integrated {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestFalseExhibitsAreRefused(t *testing.T) {
	for name, change := range map[string]func(x *Exhibit){
		"another place in the log":            func(x *Exhibit) { x.Index++ },
		"beyond the checkpoint":               func(x *Exhibit) { x.Index += 1 << 40 },
		"a path of another entry":             func(x *Exhibit) { x.Proof[0][0]++ },
		"another value":                       func(x *Exhibit) { x.Openings[1].Value = trucewatch.Encode(trucewatch.Count{Value: 4}) },
		"a value of the wrong kind":           func(x *Exhibit) { x.Openings[0].Value = trucewatch.Encode(7) },
		"a field under another name":          func(x *Exhibit) { x.Openings[0].Name = "rows/1/kind" },
		"a cosignature of a stranger":         func(x *Exhibit) { x.Checkpoint = append(x.Checkpoint, stranger(t, x.Checkpoint)...) },
		"a row of an entry that is no batch":  func(x *Exhibit) { x.Openings, x.Row = nil, new(uint64) },
		"a finding of an entry that has none": func(x *Exhibit) { x.Openings, x.Item = nil, &Item{Bytes: []byte{0xa0}} },
		"nothing to show":                     func(x *Exhibit) { x.Openings = nil },
	} {
		t.Run(name, func(t *testing.T) {
			x, policy := sealedExhibit(t, 9)
			change(x)
			if p, err := Check(x, policy); !errors.Is(err, ErrFalse) && !errors.Is(err, trucewatch.ErrInvalid) {
				t.Errorf("%+v, %v", p, err)
			}
		})
	}
}

// stranger is the cosignature line of a key that no policy names.
func stranger(t *testing.T, checkpoint []byte) string {
	t.Helper()
	key, err := witness.GenerateKey("stranger.example/w")
	if err != nil {
		t.Fatal(err)
	}
	text, _, _ := strings.Cut(string(checkpoint), "\n\n")
	signed, err := note.Sign(&note.Note{Text: text + "\n"}, key.Signer(time.Unix(1_800_000_061, 0)))
	if err != nil {
		t.Fatal(err)
	}
	return string(signed[len(text)+2:])
}

func FuzzDecodeExhibit(f *testing.F) {
	x, policy := sealedExhibit(f, 5)
	f.Add(Encode(x))
	x.Openings, x.Item = nil, &Item{Bytes: []byte{0xa0}, Path: []trucewatch.Hash{{1}, {2}, {1}}}
	f.Add(Encode(x))
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := DecodeExhibit(data)
		if err != nil {
			return
		}
		if string(Encode(x)) != string(data) {
			t.Error("two encodings of one exhibit")
		}
		if _, err := Check(x, policy); err != nil && !errors.Is(err, ErrFalse) && !errors.Is(err, trucewatch.ErrInvalid) {
			t.Errorf("an error of no kind: %v", err)
		}
	})
}

func FuzzDecodeBatch(f *testing.F) {
	x, _ := sealedExhibit(f, 2)
	f.Add(EncodeBatch(&Batch{Log: origin, Party: "A", Till: 4, Entries: []EntryOpenings{{Index: 1, Openings: x.Openings}}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		if b, err := DecodeBatch(data); err == nil && string(EncodeBatch(b)) != string(data) {
			t.Error("two encodings of one batch")
		}
	})
}

func FuzzParseCode(f *testing.F) {
	f.Add(Code(origin, trucewatch.ForPublic, "2026-04-12", trucewatch.Hash{1}))
	f.Fuzz(func(t *testing.T, typed string) {
		code, err := ParseCode(typed)
		if err != nil {
			return
		}
		if again, err := ParseCode(code); err != nil || again != code {
			t.Errorf("%q is read as %q, %v", code, again, err)
		}
	})
}

// TestCodeFindsEveryTypo: one character that is wrong, and two neighbours that were
// swapped, are always found; how it is written does not matter.
func TestCodeFindsEveryTypo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hash := trucewatch.Hash(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "hash"))
		code := Code(origin, trucewatch.ForPublic, "2026-04-12", hash)
		for _, typed := range []string{code, strings.ToLower(code), strings.ReplaceAll(code, "-", ""), strings.ReplaceAll(strings.ReplaceAll(code, "0", "o"), "1", "l")} {
			if got, err := ParseCode(typed); err != nil || got != code {
				t.Fatalf("%q is read as %q, %v", typed, got, err)
			}
		}
		plain := []byte(strings.ReplaceAll(code, "-", ""))
		for i := len(codePrefix); i < len(plain); i++ {
			for _, d := range []byte(digits) {
				bad := append([]byte{}, plain...)
				if bad[i] = d; d == plain[i] {
					continue
				}
				if _, err := ParseCode(string(bad)); !errors.Is(err, trucewatch.ErrInvalid) {
					t.Fatalf("%s for %s: %v", bad, plain, err)
				}
			}
			bad := append([]byte{}, plain...)
			if i+1 < len(plain) && bad[i] != bad[i+1] {
				bad[i], bad[i+1] = bad[i+1], bad[i]
				if _, err := ParseCode(string(bad)); !errors.Is(err, trucewatch.ErrInvalid) {
					t.Fatalf("%s for %s: %v", bad, plain, err)
				}
			}
		}
	})
}

// TestCodesDiffer: another log, audience, day or publication gives another code.
func TestCodesDiffer(t *testing.T) {
	codes := map[string]bool{}
	for _, log := range []string{origin, origin + "2"} {
		for _, a := range []trucewatch.Audience{trucewatch.ForPublic, trucewatch.ForMission} {
			for _, day := range []string{"2026-04-12", "2026-04-13"} {
				for _, hash := range []trucewatch.Hash{{1}, {2}} {
					codes[Code(log, a, day, hash)] = true
				}
			}
		}
	}
	if len(codes) != 16 {
		t.Errorf("%d codes of 16", len(codes))
	}
}

func BenchmarkCheck(b *testing.B) {
	x, policy := sealedExhibit(b, 1<<12)
	data := Encode(x)
	b.ReportMetric(float64(len(data)), "bytes")
	for b.Loop() {
		x, err := DecodeExhibit(data)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := Check(x, policy); err != nil {
			b.Fatal(err)
		}
	}
}
