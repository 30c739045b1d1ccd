// SPDX-License-Identifier: Apache-2.0

package keyring

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/trucewatch/trucewatch"
)

const testOrigin = "trucewatch/test/00000000"

// testKey is the same key for the same name.
func testKey(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func public(key ed25519.PrivateKey) []byte { return key.Public().(ed25519.PublicKey) }

// A writer makes a record in memory.
type writer struct {
	t      *testing.T
	ring   *Ring
	next   uint64
	heads  map[trucewatch.KeyID]trucewatch.Body
	hashes map[trucewatch.KeyID]trucewatch.Hash
	found  []Problem
}

func newWriter(t *testing.T) *writer {
	w := &writer{t: t, ring: New(testOrigin), heads: map[trucewatch.KeyID]trucewatch.Body{}, hashes: map[trucewatch.KeyID]trucewatch.Hash{}}
	desk := testKey("desk")
	w.add(desk, trucewatch.Payload{Genesis: &trucewatch.Genesis{Mission: "test"}}, nil)
	w.add(desk, registration("desk", trucewatch.DeskKey), nil)
	return w
}

func registration(name string, role trucewatch.KeyRole) trucewatch.Payload {
	p := public(testKey(name))
	return trucewatch.Payload{Key: &trucewatch.KeyRegistration{ID: ID(p), Public: p, Role: role, Name: name, Organisation: name, Source: trucewatch.SourceID(name)}}
}

// add enters p as signed by key and others, after change if there is one.
func (w *writer) add(key ed25519.PrivateKey, p trucewatch.Payload, change func(*trucewatch.Body), others ...ed25519.PrivateKey) {
	w.t.Helper()
	id := ID(public(key))
	body := trucewatch.Body{Version: 1, Log: testOrigin, Type: p.Types()[0], Key: id, Payload: p}
	if last, ok := w.heads[id]; ok {
		body.Sequence, body.Previous = last.Sequence+1, w.hashes[id]
	}
	if change != nil {
		change(&body)
	}
	raw := trucewatch.Encode(body)
	w.heads[id], w.hashes[id] = body, sha256.Sum256(raw)
	e := &trucewatch.Entry{Index: w.next, Received: trucewatch.Instant(w.next+1) * trucewatch.Second, Body: body, Raw: raw, BodyHash: sha256.Sum256(raw)}
	w.next++
	for _, k := range append([]ed25519.PrivateKey{key}, others...) {
		e.Signatures = append(e.Signatures, Sign(k, raw))
	}
	checks, problems := w.ring.Admit(e)
	w.found = append(append(w.found, problems...), Verify(checks)...)
}

func (w *writer) problems() string {
	var b strings.Builder
	for _, p := range w.found {
		fmt.Fprintln(&b, p)
	}
	return b.String()
}

func observations(source string) trucewatch.Payload {
	return trucewatch.Payload{Observations: &trucewatch.Batch{Source: trucewatch.Source{ID: trucewatch.SourceID(source)}}}
}

func erasure() trucewatch.Payload {
	return trucewatch.Payload{Erasure: &trucewatch.Erasure{Basis: "request of the person", Authority: "data officer"}}
}

func ending(name string, till uint64) trucewatch.Payload {
	p := registration(name, trucewatch.DeviceKey)
	p.Key.Till, p.Key.Reason = till, "stolen"
	return p
}

func policy(from trucewatch.Instant, two ...trucewatch.EntryType) trucewatch.Payload {
	return trucewatch.Payload{Policy: &trucewatch.Policy{Guarantors: 2, CadenceS: 10, TwoPerson: two, From: from, Organisations: []trucewatch.Organisation{
		{Name: "party-a", Party: "A"}, {Name: "party-b", Party: "B"}, {Name: "north"}, {Name: "south"}, {Name: "east"}}}}
}

func TestRing(t *testing.T) {
	desk := testKey("desk")
	late := trucewatch.Instant(1_000_000) * trucewatch.Second
	for _, test := range []struct {
		name, want string // of want, all lines must be found; "" means none at all
		do         func(w *writer)
	}{
		{"a device speaks for its source", "", func(w *writer) {
			w.add(desk, registration("mic-1", trucewatch.DeviceKey), nil)
			w.add(testKey("mic-1"), observations("mic-1"), nil)
			w.add(testKey("mic-1"), observations("mic-1"), nil)
		}},
		{"a device speaks for another source", `speaks for source "mic-2" with a key of source "mic-1"`, func(w *writer) {
			w.add(desk, registration("mic-1", trucewatch.DeviceKey), nil)
			w.add(testKey("mic-1"), observations("mic-2"), nil)
		}},
		{"a device enters a key", "of type key, which a key of role device may not enter", func(w *writer) {
			w.add(desk, registration("mic-1", trucewatch.DeviceKey), nil)
			w.add(testKey("mic-1"), registration("mic-2", trucewatch.DeviceKey), nil)
		}},
		{"an unknown key", "which the record does not know", func(w *writer) { w.add(testKey("stranger"), observations("x"), nil) }},
		{"use of an ended key", "which entry 3 ended", func(w *writer) {
			w.add(desk, registration("mic-1", trucewatch.DeviceKey), nil)
			w.add(desk, ending("mic-1", 3), nil)
			w.add(testKey("mic-1"), observations("mic-1"), nil)
		}},
		{"a key ended backwards casts doubt on what it signed since", "entry 4: is in doubt: entry 5 ends key", func(w *writer) {
			w.add(desk, registration("mic-1", trucewatch.DeviceKey), nil)
			w.add(testKey("mic-1"), observations("mic-1"), nil)
			w.add(testKey("mic-1"), observations("mic-1"), nil)
			w.add(desk, ending("mic-1", 4), nil)
		}},
		{"one officer gives a role the months of before", "of type access, which two officers must sign; 1 did", func(w *writer) {
			w.add(desk, registration("officer", trucewatch.OfficerKey), nil)
			w.add(testKey("officer"), trucewatch.Payload{Access: &trucewatch.Access{Class: "mission", Recipients: []trucewatch.Hash{{1}}, Epochs: []uint32{675}}}, nil)
		}},
		{"the desk says who opens the months to come", "", func(w *writer) {
			w.add(desk, trucewatch.Payload{Access: &trucewatch.Access{Class: "mission", Recipients: []trucewatch.Hash{{1}}}}, nil)
		}},
		{"the log's key enters something", "of type key, which a key of role log may not enter", func(w *writer) {
			w.add(desk, registration("log", trucewatch.LogKey), nil)
			w.add(testKey("log"), registration("mic-1", trucewatch.DeviceKey), nil)
		}},
		{"the log's key is ended and not handed over", "it ends when the log is handed over to the next one", func(w *writer) {
			w.add(desk, registration("log", trucewatch.LogKey), nil)
			p := ending("log", 2)
			p.Key.Role = trucewatch.LogKey
			w.add(desk, p, nil)
		}},
		{"a key that was never registered is ended", "which is not in use", func(w *writer) { w.add(desk, ending("mic-1", 2), nil) }},
		{"a key is registered twice", "a second time", func(w *writer) {
			w.add(desk, registration("mic-1", trucewatch.DeviceKey), nil)
			w.add(desk, registration("mic-1", trucewatch.OfficerKey), nil)
		}},
		{"a device equivocates", "repeats sequence 0: two bodies under one number", func(w *writer) {
			w.add(desk, registration("mic-1", trucewatch.DeviceKey), nil)
			w.add(testKey("mic-1"), observations("mic-1"), nil)
			w.add(testKey("mic-1"), observations("mic-1"), func(b *trucewatch.Body) { b.Sequence, b.Previous = 0, trucewatch.Hash{} })
		}},
		{"the operator withholds a submission", "gap: key", func(w *writer) {
			w.add(desk, registration("mic-1", trucewatch.DeviceKey), nil)
			w.add(testKey("mic-1"), observations("mic-1"), func(b *trucewatch.Body) { b.Sequence = 1 })
		}},
		{"an erasure by the desk alone", "two officers must sign; 0 did", func(w *writer) { w.add(desk, erasure(), nil) }},
		{"a coerced officer alone", "two officers must sign; 1 did", func(w *writer) {
			w.add(desk, registration("officer-1", trucewatch.OfficerKey), nil)
			w.add(testKey("officer-1"), erasure(), nil)
		}},
		{"one officer signs twice", "is signed twice by key", func(w *writer) {
			w.add(desk, registration("officer-1", trucewatch.OfficerKey), nil)
			w.add(testKey("officer-1"), erasure(), nil, testKey("officer-1"))
		}},
		{"two officers erase", "", func(w *writer) {
			w.add(desk, registration("officer-1", trucewatch.OfficerKey), nil)
			w.add(desk, registration("officer-2", trucewatch.OfficerKey), nil)
			w.add(testKey("officer-1"), erasure(), nil, testKey("officer-2"))
		}},
		{"a policy wants two persons for keys", "is of type key, which two officers must sign", func(w *writer) {
			w.add(desk, policy(0, trucewatch.KeyEntry), nil)
			w.add(desk, registration("mic-1", trucewatch.DeviceKey), nil)
		}},
		{"the operator changes the policy alone", "without an officer of party-a\nwithout an officer of party-b\nofficers of 0 guarantors, of 2", func(w *writer) {
			w.add(desk, policy(0), nil)
			w.add(desk, policy(late), nil)
		}},
		{"parties and guarantors change the policy", "", func(w *writer) {
			for _, name := range []string{"party-a", "party-b", "north", "east"} {
				w.add(desk, registration(name, trucewatch.OfficerKey), nil)
			}
			w.add(desk, policy(0), nil)
			w.add(testKey("north"), policy(late), nil, testKey("east"), testKey("party-a"), testKey("party-b"))
		}},
		{"a change of policy at once", "earlier than 72 hours", func(w *writer) {
			for _, name := range []string{"party-a", "party-b", "north", "east"} {
				w.add(desk, registration(name, trucewatch.OfficerKey), nil)
			}
			w.add(desk, policy(0), nil)
			w.add(testKey("north"), policy(trucewatch.Hour), nil, testKey("east"), testKey("party-a"), testKey("party-b"))
		}},
		{"a liaison officer answers for his party", "", func(w *writer) {
			w.add(desk, policy(0), nil)
			w.add(desk, registration("party-b", trucewatch.LiaisonKey), nil)
			w.add(testKey("party-b"), trucewatch.Payload{Answer: &trucewatch.Answer{Case: "case/1.0", Party: "B", Says: "deny"}}, nil)
		}},
		{"a liaison officer answers for the other party", `is done by A, signed by a liaison officer of "party-b", which is party "B"`, func(w *writer) {
			w.add(desk, policy(0), nil)
			w.add(desk, registration("party-b", trucewatch.LiaisonKey), nil)
			w.add(testKey("party-b"), trucewatch.Payload{Answer: &trucewatch.Answer{Case: "case/1.0", Party: "A", Says: "admit"}}, nil)
		}},
		{"a liaison officer decides", "of type decision, which a key of role liaison may not enter", func(w *writer) {
			w.add(desk, policy(0), nil)
			w.add(desk, registration("party-b", trucewatch.LiaisonKey), nil)
			w.add(testKey("party-b"), trucewatch.Payload{Decision: &trucewatch.Decision{ID: "d-1"}}, nil)
		}},
		{"a device reports another source's watch", `speaks for source "mic-2" with a key of source "mic-1"`, func(w *writer) {
			w.add(desk, registration("mic-1", trucewatch.DeviceKey), nil)
			w.add(testKey("mic-1"), trucewatch.Payload{Coverage: &trucewatch.CoverageReport{Source: trucewatch.Source{ID: "mic-2"}}}, nil)
		}},
		{"a holder signs another's receipt", `is a receipt of "north" signed by a key of "south"`, func(w *writer) {
			w.add(desk, registration("south", trucewatch.HolderKey), nil)
			w.add(testKey("south"), trucewatch.Payload{Receipt: &trucewatch.ErasureReceipt{Holder: "north"}}, nil)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWriter(t)
			test.do(w)
			got := w.problems()
			if test.want == "" && got != "" {
				t.Errorf("problems: %s", got)
			}
			for _, want := range strings.Split(test.want, "\n") {
				if !strings.Contains(got, want) {
					t.Errorf("problems %q, want %q", got, want)
				}
			}
		})
	}
}

// TestSealedSubmission holds what a sealed entry holds to its signer.
func TestSealedSubmission(t *testing.T) {
	for _, test := range []struct {
		name, want string
		signer     string // of the inner body
		sequence   uint64
	}{
		{"a device's own body", "", "mic-1", 0},
		{"a device's body out of its place", "gap: key", "mic-1", 4},
		{"a body in the device's name by somebody else", "has no valid signature", "stranger", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWriter(t)
			w.add(testKey("desk"), registration("mic-1", trucewatch.DeviceKey), nil)
			w.add(testKey("desk"), trucewatch.Payload{Sealed: &trucewatch.Sealing{}}, nil)
			outer := &trucewatch.Entry{Index: 3, Body: w.heads[ID(public(testKey("desk")))]}
			body := trucewatch.Body{Version: 1, Log: testOrigin, Type: trucewatch.ObservationsEntry, Key: ID(public(testKey("mic-1"))), Sequence: test.sequence, Payload: observations("mic-1")}
			raw := trucewatch.Encode(body)
			signature := Sign(testKey(test.signer), raw)
			signature.Key = body.Key
			inner := &trucewatch.Entry{Index: 3, Body: body, Raw: raw, BodyHash: sha256.Sum256(raw), Signatures: []trucewatch.Signature{signature}}
			checks, problems := w.ring.AdmitInner(outer, inner)
			w.found = append(append(w.found, problems...), Verify(checks)...)
			if got := w.problems(); (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
				t.Errorf("problems %q, want %q", got, test.want)
			}
		})
	}
}

func TestBatchOfAnySizeIsOneSignature(t *testing.T) {
	key := testKey("mic-1")
	registration := registration("mic-1", trucewatch.DeviceKey).Key
	rapid.Check(t, func(t *rapid.T) {
		bodies := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 1, 20), 1, 70).Draw(t, "bodies")
		signatures := SignBatch(key, bodies)
		var checks []Check
		for i, body := range bodies {
			checks = append(checks, Check{Index: uint64(i), key: registration, body: body, signature: signatures[i]})
		}
		if problems := Verify(checks); problems != nil {
			t.Fatalf("sound batch: %v", problems)
		}
		at := rapid.IntRange(0, len(bodies)-1).Draw(t, "at")
		value := bytes.Clone(signatures[at].Value)
		value[rapid.IntRange(0, len(value)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		checks[at].signature.Value = value
		if problems := Verify(checks); len(problems) != 1 || problems[0].Index != uint64(at) {
			t.Fatalf("one changed signature: %v", problems)
		}
		checks[at].signature, checks[at].body = signatures[at], append(bytes.Clone(bodies[at]), 0)
		if problems := Verify(checks); len(problems) != 1 || problems[0].Index != uint64(at) {
			t.Fatalf("one changed body: %v", problems)
		}
	})
}

// TestClimbersRemember holds a climber that has climbed before to one that has
// not, over proofs of several batches in any order, sound and changed.
func TestClimbersRemember(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type proven struct {
			leaf  trucewatch.Hash
			proof trucewatch.BatchProof
		}
		var all []proven
		for batch := range rapid.IntRange(1, 3).Draw(t, "batches") {
			leaves := make([]trucewatch.Hash, rapid.IntRange(1, 40).Draw(t, "size"))
			for i := range leaves {
				leaves[i] = leafOf([]byte{byte(i), byte(batch)})
			}
			paths := make([][]trucewatch.Hash, len(leaves))
			grow(leaves, 0, paths)
			for i := range leaves {
				all = append(all, proven{leaves[i], trucewatch.BatchProof{Size: uint64(len(leaves)), Index: uint64(i), Path: paths[i]}})
			}
		}
		at := 0
		var used climber
		for range 60 {
			at = (at + rapid.SampledFrom([]int{0, 1, 1, 1, 2, 17}).Draw(t, "step")) % len(all)
			leaf, p := all[at].leaf, all[at].proof
			p.Path = slices.Clone(p.Path)
			switch change := rapid.IntRange(0, 15).Draw(t, "change"); {
			case change == 0:
				leaf[0]++
			case change == 1:
				p.Index = rapid.Uint64Range(0, 41).Draw(t, "index")
			case change == 2:
				p.Size = rapid.Uint64Range(0, 41).Draw(t, "size")
			case change == 3:
				p.Path = append(p.Path, leaf)
			case change == 4 && len(p.Path) > 0:
				p.Path = p.Path[1:]
			case change == 5 && len(p.Path) > 0:
				p.Path[rapid.IntRange(0, len(p.Path)-1).Draw(t, "at")][31] ^= 1
			}
			var fresh climber
			want, got := fresh.climb(leaf, &p), used.climb(leaf, &p)
			if fmt.Sprint(got) != fmt.Sprint(want) || want == nil && (used.root != fresh.root || used.size != fresh.size) {
				t.Fatalf("body %d of %d: %v, root %v; without remembering %v, root %v", p.Index, p.Size, got, used.root, want, fresh.root)
			}
		}
	})
}

// authenticator signs as a passkey does.
func authenticator(t *testing.T, key *ecdsa.PrivateKey, rpID string, flags byte, client map[string]any) []byte {
	t.Helper()
	data, err := json.Marshal(client)
	if err != nil {
		t.Fatal(err)
	}
	relying, sum := sha256.Sum256([]byte(rpID)), sha256.Sum256(data)
	auth := append(relying[:], flags, 0, 0, 0, 1)
	signed := sha256.Sum256(append(bytes.Clone(auth), sum[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, key, signed[:])
	if err != nil {
		t.Fatal(err)
	}
	return trucewatch.Encode(trucewatch.Assertion{AuthenticatorData: auth, ClientDataJSON: data, Signature: signature})
}

func TestPasskey(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	body := []byte("a body")
	client := func(changes ...any) map[string]any {
		m := map[string]any{"type": "webauthn.get", "challenge": Challenge(body), "origin": "https://desk.example"}
		for i := 0; i < len(changes); i += 2 {
			m[changes[i].(string)] = changes[i+1]
		}
		return m
	}
	registration := &trucewatch.KeyRegistration{ID: ID(point), Public: point, Algorithm: trucewatch.PasskeyKey, RPID: "desk.example", Role: trucewatch.OfficerKey}
	for _, test := range []struct {
		name, want string
		value      []byte
	}{
		{"present and verified", "", authenticator(t, key, "desk.example", userPresent|userVerified, client())},
		{"touched, not verified", "without verifying the person", authenticator(t, key, "desk.example", userPresent, client())},
		{"of another site", "another relying party", authenticator(t, key, "bank.example", userPresent|userVerified, client())},
		{"over another body", "another body", authenticator(t, key, "desk.example", userPresent|userVerified, client("challenge", base64.RawURLEncoding.EncodeToString([]byte("x"))))},
		{"of a registration", "of type", authenticator(t, key, "desk.example", userPresent|userVerified, client("type", "webauthn.create"))},
		{"in another page", "another origin", authenticator(t, key, "desk.example", userPresent|userVerified, client("crossOrigin", true))},
		{"garbage", "invalid", []byte("no assertion")},
	} {
		t.Run(test.name, func(t *testing.T) {
			problems := Verify([]Check{{key: registration, body: body, signature: trucewatch.Signature{Type: trucewatch.PasskeySignature, Value: test.value}}})
			if text := fmt.Sprint(problems); (len(problems) == 0) != (test.want == "") || !strings.Contains(text, test.want) {
				t.Errorf("problems %s, want %q", text, test.want)
			}
		})
	}
	good := authenticator(t, key, "desk.example", userPresent|userVerified, client())
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		if Verify([]Check{{key: registration, body: body, signature: trucewatch.Signature{Type: trucewatch.PasskeySignature, Value: bad}}}) == nil {
			// ClientDataJSON and AuthenticatorData are signed, the CBOR is in one
			// encoding, and so is the ASN.1.
			t.Errorf("byte %d of the assertion was changed and nothing was found", i)
		}
	}
}

// BenchmarkVerify checks signatures of 1,000 bodies of 500 bytes: single ones,
// and batches of 64.
func BenchmarkVerify(b *testing.B) {
	key := testKey("mic-1")
	registration := registration("mic-1", trucewatch.DeviceKey).Key
	bodies := make([][]byte, 1024)
	for i := range bodies {
		bodies[i] = bytes.Repeat([]byte{byte(i), byte(i >> 8)}, 250)
	}
	for _, size := range []int{1, 64} {
		var checks []Check
		for from := 0; from < len(bodies); from += size {
			for i, s := range SignBatch(key, bodies[from:from+size]) {
				checks = append(checks, Check{Index: uint64(from + i), key: registration, body: bodies[from+i], signature: s})
			}
		}
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			for b.Loop() {
				if Verify(checks) != nil {
					b.Fatal("not sound")
				}
			}
			b.ReportMetric(float64(len(checks)*b.N)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}
