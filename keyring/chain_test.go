// SPDX-License-Identifier: Apache-2.0

package keyring

import (
	"crypto/ed25519"
	"crypto/sha256"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/trucewatch/trucewatch"
)

// A sealed is a sealed entry as a test makes it: the body of a device in it, and
// what whoever looks can know of that.
type sealed struct {
	device string // or officer; empty: a cover
	number uint64
	how    knowing
	batch  uint64 // of so many bodies under one signature; 0: a signature of its own
	fork   bool   // another body under the number
}

type knowing string

const (
	opened knowing = "opened"
	erased knowing = "erased" // the residue is left
	shut   knowing = "shut"
)

// bodyOf is a device's body with a number, which names the one before it.
func bodyOf(device string, number uint64, fork bool) []byte {
	b := trucewatch.Body{Version: 1, Log: testOrigin, Type: trucewatch.ObservationsEntry, Key: ID(public(testKey(device))), Sequence: number, Payload: observations(device)}
	if strings.HasPrefix(device, "officer") {
		b.Type, b.Payload = trucewatch.ReleaseEntry, trucewatch.Payload{Release: &trucewatch.Release{By: device}}
	}
	if number > 0 {
		b.Previous = sha256.Sum256(bodyOf(device, number-1, false))
	}
	if fork {
		b.Seen[0] = 1
	}
	return trucewatch.Encode(b)
}

// seal enters a sealed entry, and what can be known of it.
func (w *writer) seal(s sealed) {
	w.t.Helper()
	desk := testKey("desk")
	w.add(desk, trucewatch.Payload{Sealed: &trucewatch.Sealing{}}, nil)
	outer := &trucewatch.Entry{Index: w.next - 1, Body: w.heads[ID(public(desk))]}
	if s.device == "" {
		if s.how == opened {
			w.ring.AdmitCover(outer)
		}
		return
	}
	raw := bodyOf(s.device, s.number, s.fork)
	inner := &trucewatch.Entry{Index: outer.Index, Raw: raw, BodyHash: sha256.Sum256(raw), Signatures: []trucewatch.Signature{Sign(testKey(s.device), raw)}}
	if err := trucewatch.Decode(raw, &inner.Body); err != nil {
		w.t.Fatal(err)
	}
	if s.batch > 0 {
		var all [][]byte
		for n := range s.batch {
			all = append(all, bodyOf(s.device, n, false))
		}
		inner.Signatures[0] = SignBatch(testKey(s.device), all)[s.number]
	}
	switch s.how {
	case opened:
		checks, problems := w.ring.AdmitInner(outer, inner)
		w.found = append(append(w.found, problems...), Verify(checks)...)
	case erased:
		left := &trucewatch.Entry{Index: outer.Index, Body: trucewatch.Body{Log: testOrigin, Type: inner.Body.Type, Key: inner.Body.Key, Sequence: inner.Body.Sequence}}
		w.found = append(w.found, w.ring.AdmitResidue(outer, left)...)
	}
}

// TestErasureExcusesItsOwnPlaceOnly goes through the ways in which an erasure, or
// an entry that cannot be opened, could be made to cover what is missing.
func TestErasureExcusesItsOwnPlaceOnly(t *testing.T) {
	const gap, repeat = "gap: key", "repeats sequence"
	mic := func(number uint64, how knowing) sealed { return sealed{device: "mic-1", number: number, how: how} }
	other := func(number uint64, how knowing) sealed { return sealed{device: "mic-2", number: number, how: how} }
	batch := func(number uint64, how knowing) sealed {
		return sealed{device: "mic-1", number: number, how: how, batch: 4}
	}
	fork := sealed{device: "mic-1", number: 1, how: opened, fork: true}
	for _, test := range []struct {
		name, want string
		all        []sealed
	}{
		{"a whole chain", "", []sealed{mic(0, opened), mic(1, opened), mic(2, opened)}},
		{"an erased entry in its place", "", []sealed{mic(0, opened), mic(1, erased), mic(2, opened)}},
		{"the first entry erased", "", []sealed{mic(0, erased), mic(1, opened)}},
		{"the whole chain erased, and it goes on", "", []sealed{mic(0, erased), mic(1, erased), mic(2, opened), mic(3, opened)}},
		{"a gap covered by an erasure of another signer", gap, []sealed{mic(0, opened), other(0, erased), mic(2, opened)}},
		{"a gap covered by an earlier erasure of the same signer", gap, []sealed{mic(0, erased), mic(1, opened), mic(3, opened)}},
		{"a gap covered by a later erasure of the same signer", gap, []sealed{mic(0, opened), mic(2, opened), mic(3, erased)}},
		{"two gaps and one erasure", gap, []sealed{mic(0, opened), mic(1, erased), mic(2, opened), mic(4, opened)}},
		{"two places missing and one erasure", gap, []sealed{mic(0, opened), mic(2, erased), mic(3, opened)}},
		{"an erased entry that leaves a gap itself", gap, []sealed{mic(0, opened), mic(2, erased)}},
		{"an erased entry that repeats a number", repeat, []sealed{mic(0, opened), mic(1, opened), mic(1, erased)}},
		{"the last entry erased, and it goes on", "", []sealed{mic(0, opened), mic(1, erased), mic(2, opened)}},
		{"the last entry erased, and its number is given away again", repeat, []sealed{mic(0, opened), mic(1, erased), mic(1, opened)}},
		{"the last entry erased, and the next one is left out", gap, []sealed{mic(0, opened), mic(1, erased), mic(3, opened)}},
		{"another body under the number, after which the chain does not hold", "does not name the body before it", []sealed{mic(0, opened), fork, mic(2, opened)}},
		{"a body erased out of a batch", "", []sealed{batch(0, opened), batch(1, erased), batch(2, opened), batch(3, opened)}},
		{"a body left out of a batch beside an erased one", gap, []sealed{batch(0, opened), batch(1, erased), batch(3, opened)}},
		{"a body left out of a batch beside an erased one of another signer", gap, []sealed{batch(0, opened), other(0, erased), batch(2, opened)}},
		{"a residue of a key that nobody knows", "which the record does not know", []sealed{{device: "stranger", how: erased}}},
		{"a cover excuses nothing", gap, []sealed{mic(0, opened), {how: opened}, mic(2, opened)}},

		// Who cannot open an entry: any that is shut may hold the missing body, once,
		// and only if it stands where the body would.
		{"shut entries where the missing ones would stand", "", []sealed{mic(0, opened), mic(1, shut), mic(2, shut), mic(3, opened)}},
		{"one shut entry for two that are missing", gap, []sealed{mic(0, opened), mic(1, shut), mic(3, opened)}},
		{"a shut entry before the gap", gap, []sealed{other(0, shut), mic(0, opened), mic(2, opened)}},
		{"one shut entry for two signers", gap, []sealed{mic(0, opened), other(0, opened), mic(1, shut), mic(2, opened), other(2, opened)}},
		{"two shut entries for two signers", "", []sealed{mic(0, opened), other(0, opened), mic(1, shut), other(1, shut), mic(2, opened), other(2, opened)}},
		{"an open entry beside a shut one excuses nothing", gap, []sealed{mic(0, opened), other(0, opened), mic(2, opened)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWriter(t)
			for _, name := range []string{"mic-1", "mic-2"} {
				w.add(testKey("desk"), registration(name, trucewatch.DeviceKey), nil)
			}
			for _, s := range test.all {
				w.seal(s)
			}
			if got := w.problems(); (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
				t.Errorf("problems %q, want %q", got, test.want)
			}
		})
	}
}

// TestWhoOpensNothingStillHoldsChains: a party or the public sees the desk's
// chain whole, and of officers what stands openly, with as many entries shut
// between as are missing.
func TestWhoOpensNothingStillHoldsChains(t *testing.T) {
	desk, officer := testKey("desk"), testKey("officer-1")
	key := func(name string) trucewatch.Payload { return registration(name, trucewatch.DeviceKey) }
	at := func(number uint64) func(*trucewatch.Body) {
		return func(b *trucewatch.Body) {
			b.Sequence, b.Previous = number, trucewatch.Hash{}
			if number > 0 {
				b.Previous = sha256.Sum256(bodyOf("officer-1", number-1, false))
			}
		}
	}
	for _, test := range []struct {
		name, want string
		do         func(w *writer)
	}{
		{"an officer's deed that is shut, then an open one", "", func(w *writer) {
			w.seal(sealed{device: "officer-1", number: 0, how: shut})
			w.add(officer, key("mic-1"), at(1))
		}},
		{"an officer's open deed after one that stands nowhere", "gap: key", func(w *writer) { w.add(officer, key("mic-1"), at(1)) }},
		{"two that stand nowhere, and one that is shut", "gap: key", func(w *writer) {
			w.seal(sealed{device: "officer-1", number: 0, how: shut})
			w.add(officer, key("mic-1"), at(2))
		}},
		{"an entry of the desk left out among shut ones", "gap: key", func(w *writer) {
			w.seal(sealed{how: shut})
			w.add(desk, trucewatch.Payload{Sealed: &trucewatch.Sealing{}}, func(b *trucewatch.Body) { b.Sequence++ })
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWriter(t)
			w.add(desk, registration("officer-1", trucewatch.OfficerKey), nil)
			test.do(w)
			if got := w.problems(); (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
				t.Errorf("problems %q, want %q", got, test.want)
			}
		})
	}
}

// TestHeadAfterAnErasure: the number goes on behind what was erased, and what
// stood there is known by its entry.
func TestHeadAfterAnErasure(t *testing.T) {
	w := newWriter(t)
	w.add(testKey("desk"), registration("mic-1", trucewatch.DeviceKey), nil)
	w.seal(sealed{device: "mic-1", number: 0, how: opened})
	w.seal(sealed{device: "mic-1", number: 1, how: erased})
	id := ID(testKey("mic-1").Public().(ed25519.PublicKey))
	if sequence, previous := w.ring.Head(id); sequence != 2 || !previous.IsZero() {
		t.Errorf("head %d, %v", sequence, previous)
	}
	if index, gone := w.ring.Erased(id, 1); !gone || index != 4 {
		t.Errorf("number 1: %d, %v", index, gone)
	}
	if _, gone := w.ring.Erased(id, 0); gone {
		t.Error("number 0 is said to be erased")
	}
}

// TestClosedEntriesCoverAllGapsTheyCan: gaps that come in the order of their ends
// get the entries they need whenever there is a way to give every one its own.
func TestClosedEntriesCoverAllGapsTheyCan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c closed
		const size = 12
		isShut := rapid.SliceOfN(rapid.Bool(), size, size).Draw(t, "shut")
		type gap struct{ after, till int } // one missing body in between
		var gaps []gap
		for till := range size {
			for range rapid.IntRange(0, 2).Draw(t, "gaps") {
				if till > 0 {
					gaps = append(gaps, gap{rapid.IntRange(0, till-1).Draw(t, "after"), till})
				}
			}
		}
		greedy, next := 0, 0
		for i, g := range gaps {
			for ; next < g.till; next++ {
				if isShut[next] {
					c.add(uint64(next))
				}
			}
			if c.between(uint64(g.after), uint64(g.till)) >= 1 {
				c.use(uint64(g.after), 1)
				greedy = i + 1
				continue
			}
			break
		}
		// By trying: how many of the first gaps can have an entry each.
		best := 0
		var try func(i int, used [size]bool)
		try = func(i int, used [size]bool) {
			best = max(best, i)
			if i == len(gaps) || best == len(gaps) {
				return
			}
			for at := gaps[i].after + 1; at < gaps[i].till; at++ {
				if isShut[at] && !used[at] {
					used[at] = true
					try(i+1, used)
					used[at] = false
				}
			}
		}
		try(0, [size]bool{})
		if greedy != best {
			t.Fatalf("%d gaps covered, %d can be", greedy, best)
		}
	})
}
