// SPDX-License-Identifier: Apache-2.0

package seal_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"

	"filippo.io/age"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/internal/durable/durabletest"
	"github.com/trucewatch/trucewatch/seal"
)

const (
	testLog = "trucewatch.example/river-line"
	noon    = 1_775_995_200 * trucewatch.Second // 2026-04-12T12:00:00Z
)

var crossing = geo.Position{LatE7: 12_3456789, LonE7: 45_6789012}

// long says whether the slow forms of tests run.
func long() bool { return os.Getenv("TRUCEWATCH_LONG") != "" }

// observation is one with every optional field, at an invented place.
func observation(n int) trucewatch.Observation {
	post := geo.Direct(crossing, 90_000, 3_000_000)
	return trucewatch.Observation{
		Key: trucewatch.Hash{1, byte(n)}, NativeID: fmt.Sprint("row-", n), Kind: trucewatch.Explosion, Description: trucewatch.Impact,
		Means: trucewatch.Heard, Count: trucewatch.Count{Value: 3, Qualifier: trucewatch.Exact},
		Where:       trucewatch.Place{Text: "by the mill", Name: "Lower Mill", Region: geo.Circle(crossing, 200_000), Basis: "named"},
		When:        trucewatch.Interval{From: noon + 7*trucewatch.Minute, Till: noon + 9*trucewatch.Minute},
		Clock:       trucewatch.Clock{Kind: "observer", Zone: "UTC", SyncError: trucewatch.Microseconds(2 * trucewatch.Second)},
		Weapon:      &trucewatch.Weapon{Platform: trucewatch.Mortar, Model: "model X", CalibreMM: 120, Role: "bomber", Basis: "sound", Text: "a mortar"},
		Movement:    &trucewatch.Movement{From: "NE", To: "towards the bakery", HeadingMdeg: 225_123},
		Observer:    &trucewatch.Observer{Name: "post 4", Position: &post, RadiusMM: 10_000, Control: "A"},
		Restriction: &trucewatch.Restriction{Type: "delay", Minutes: 20, By: "B", Reason: "said the officer on duty"},
		Casualty:    &trucewatch.Casualty{Injured: 1, Category: "woman", Civilian: "yes", Cause: "shelling", Status: "reported"},
		Azimuth:     &trucewatch.Azimuth{From: post, Mdeg: 45_321, ErrorMdeg: 2_000, Basis: "flash"},
		Asset:       &trucewatch.Asset{ID: "drone 7", Owner: "A", Object: "water works"},
		Marks:       []trucewatch.Mark{trucewatch.PreciseFire}, ReportedAt: noon + 30*trucewatch.Minute,
		Text: "Her name was said on the radio.", URL: "https://example.org/7",
	}
}

// bare has only what must be there.
func bare(n int) trucewatch.Observation {
	return trucewatch.Observation{Key: trucewatch.Hash{2, byte(n)}, Kind: trucewatch.Shot, Means: trucewatch.Saw,
		Count: trucewatch.Count{Qualifier: trucewatch.Multiple}, When: trucewatch.Interval{From: noon, Till: noon}}
}

func batch(rows ...trucewatch.Observation) trucewatch.Payload {
	return trucewatch.Payload{Observations: &trucewatch.Batch{
		Source: trucewatch.Source{ID: "post-4", Kind: trucewatch.PostSource, Name: "Post 4 at the mill", Note: "sees the valley"},
		File:   "april.csv", FileHash: trucewatch.Hash{9}, Observations: rows,
	}}
}

// envelope returns the bytes of an entry received shortly after noon.
func envelope(t testing.TB, payload trucewatch.Payload) []byte {
	t.Helper()
	body := trucewatch.Encode(&trucewatch.Body{Version: 1, Log: testLog, Type: payload.Types()[0], Key: trucewatch.KeyID{5}, Sequence: 41, Payload: payload})
	raw := trucewatch.Encode(&trucewatch.Envelope{Received: noon + 31*trucewatch.Minute + 123_456, Body: body,
		Signatures: []trucewatch.Signature{{Key: trucewatch.KeyID{5}, Type: trucewatch.Ed25519Signature, Value: bytes.Repeat([]byte{7}, 64)}}})
	if _, err := trucewatch.DecodeEntry(3, raw); err != nil {
		t.Fatal(err)
	}
	return raw
}

func entry(t testing.TB, payload trucewatch.Payload) *trucewatch.Entry {
	t.Helper()
	e, err := trucewatch.DecodeEntry(3, envelope(t, payload))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func fields(t testing.TB, payload trucewatch.Payload) []seal.Field {
	t.Helper()
	f, err := seal.FieldsOf(entry(t, payload), "source-00000000")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func open(t testing.TB, c *seal.Commitment, name string) seal.Opening {
	t.Helper()
	o, err := c.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// wantError fails unless err wraps kind and says every word.
func wantError(t testing.TB, err, kind error, words ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("error %v, want %v", err, kind)
		return
	}
	for _, w := range words {
		if !bytes.Contains([]byte(err.Error()), []byte(w)) {
			t.Errorf("error %q does not say %q", err, w)
		}
	}
}

func TestCommitmentOpensEveryField(t *testing.T) {
	for _, rows := range []int{1, 2, 3, 40} {
		var all []trucewatch.Observation
		for n := range rows {
			all = append(all, observation(n))
		}
		f := fields(t, batch(all...))
		c := seal.Commit(seal.Seed{1}, f)
		for _, field := range f {
			o := open(t, c, field.Name)
			if err := seal.CheckOpening(c.Root(), o); err != nil {
				t.Error(err)
			}
			again, err := seal.DecodeOpening(seal.EncodeOpening(o))
			if err != nil || !bytes.Equal(seal.EncodeOpening(again), seal.EncodeOpening(o)) || !bytes.Equal(o.Value, field.Value) {
				t.Errorf("%s: %v", field.Name, err)
			}
		}
	}
	_, err := seal.Commit(seal.Seed{}, nil).Open("where")
	wantError(t, err, seal.ErrNotFound, "where")
}

// TestRootIsThatOfTheSpecification computes the root a second time, as the
// documentation of Commitment and RFC 6962, 2.1, have it.
func TestRootIsThatOfTheSpecification(t *testing.T) {
	seed := seal.Seed{3, 1, 4}
	f := fields(t, batch(observation(1), observation(2), observation(3)))
	leaf := func(name string, value []byte) []byte {
		mac := hmac.New(sha256.New, seed[:])
		mac.Write([]byte(name))
		h := sha256.New()
		h.Write([]byte("\x00trucewatch/field/v1\x00"))
		h.Write(mac.Sum(nil)[:16])
		h.Write([]byte{byte(len(name) >> 8), byte(len(name))})
		h.Write([]byte(name))
		h.Write(value)
		return h.Sum(nil)
	}
	var leaves [][]byte
	for _, field := range f {
		leaves = append(leaves, leaf(field.Name, field.Value))
	}
	for n := 0; len(leaves) < 128; n++ {
		leaves = append(leaves, leaf(fmt.Sprint("~", n), nil))
	}
	var tree func(leaves [][]byte) []byte
	tree = func(leaves [][]byte) []byte {
		if len(leaves) == 1 {
			return leaves[0]
		}
		k := len(leaves) / 2
		h := sha256.Sum256(slices.Concat([]byte{1}, tree(leaves[:k]), tree(leaves[k:])))
		return h[:]
	}
	if got := seal.Commit(seed, f).Root(); !bytes.Equal(got[:], tree(leaves)) {
		t.Errorf("root %s, want %x", got, tree(leaves))
	}
}

// TestBoxWithBytesInItsPaddingIsRefused: nothing travels unseen, and a content has
// one form.
func TestBoxWithBytesInItsPaddingIsRefused(t *testing.T) {
	role := newRole(t)
	to, err := age.ParseHybridRecipient(role.Recipient().String())
	if err != nil {
		t.Fatal(err)
	}
	for name, padded := range map[string][]byte{
		"bytes in the padding":  append(make([]byte, 255), 1),
		"no whole step":         make([]byte, 255),
		"nothing":               nil,
		"more than there is":    append([]byte{0, 0, 1, 0}, make([]byte, 252)...),
		"a length beyond limit": append([]byte{0xff, 0xff, 0xff, 0xff}, make([]byte, 252)...),
	} {
		var box bytes.Buffer
		w, err := age.Encrypt(&box, to)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(padded); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		_, err = seal.OpenBox([]*seal.Identity{role}, box.Bytes())
		if !errors.Is(err, seal.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBoxOpensWithItsKeyOnly(t *testing.T) {
	disk := durabletest.New("/m")
	keys := seal.OpenKeys(disk, "/m/boxes")
	role := newRole(t)
	if err := keys.SetRecipients("mission", []*seal.Recipient{role.Recipient()}); err != nil {
		t.Fatal(err)
	}
	epoch, err := keys.NewEpoch("mission", 675)
	if err != nil {
		t.Fatal(err)
	}
	to, err := keys.Recipient("mission", 675)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{0, 1, 2044, 2045, 70_000} {
		plain := bytes.Repeat([]byte{0, 1}, size)[:size]
		box, err := seal.SealBox(to, plain)
		if err != nil {
			t.Fatal(err)
		}
		got, err := seal.OpenBox([]*seal.Identity{newRole(t), epoch.Identity()}, box)
		if err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%d bytes: %d back, %v", size, len(got), err)
		}
		_, err = seal.OpenBox([]*seal.Identity{role}, box)
		wantError(t, err, seal.ErrDenied)
	}
	again, err := keys.OpenEpoch("mission", 675, []*seal.Identity{role})
	if err != nil || again.Secret("x") != epoch.Secret("x") || again.Secret("x") == again.Secret("y") {
		t.Errorf("OpenEpoch: %v", err)
	}
}

func newRole(t testing.TB) *seal.Identity {
	t.Helper()
	secret, public, err := seal.GenerateRole()
	if err != nil {
		t.Fatal(err)
	}
	id, err := seal.ParseIdentity(secret)
	if err != nil || id.Recipient().String() != public {
		t.Fatal(err)
	}
	return id
}

func TestStoreKeepsBoxes(t *testing.T) {
	disk := durabletest.New("/m")
	s, err := seal.OpenStore(disk, "/m/boxes")
	if err != nil {
		t.Fatal(err)
	}
	var boxes [][]byte
	var hashes []trucewatch.Hash
	for n := range 100 {
		box := bytes.Repeat([]byte{byte(n + 1)}, 1+n*37)
		boxes, hashes = append(boxes, box), append(hashes, seal.BoxHash(box))
	}
	for range 2 {
		if err := s.Put("mission", boxes); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Destroy("mission", hashes[10:12]); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for n, h := range hashes {
			got, err := s.Get("mission", h)
			want := seal.Present
			if n == 10 || n == 11 {
				want = seal.Destroyed
				wantError(t, err, seal.ErrDestroyed)
			} else if err != nil || !bytes.Equal(got, boxes[n]) {
				t.Errorf("box %d: %v", n, err)
			}
			if state := s.State("mission", h); state != want || s.Has("mission", h) != (want == seal.Present) {
				t.Errorf("box %d is %s", n, state)
			}
		}
		wantError(t, s.Put("mission", boxes[10:11]), seal.ErrDestroyed)
		if faults, err := s.Faults("mission"); err != nil || len(faults) != 0 {
			t.Errorf("faults %v, %v", faults, err)
		}
		n := 0
		for h := range s.All("mission") {
			if h != hashes[n] {
				t.Errorf("All: box %d is %s", n, h)
			}
			n++
		}
		if n != len(hashes) || s.State("custody", hashes[0]) != seal.Missing {
			t.Errorf("All gives %d, other class has %s", n, s.State("custody", hashes[0]))
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if s, err = seal.OpenStore(disk, "/m/boxes"); err != nil {
			t.Fatal(err)
		}
	}
	defer s.Close()
	var out bytes.Buffer
	if err := s.Export("mission", hashes[20:40], &out); err != nil {
		t.Fatal(err)
	}
	other, err := seal.OpenStore(durabletest.New("/o"), "/o/boxes")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	n, err := other.Import("mission", bytes.NewReader(out.Bytes()), func(h trucewatch.Hash) bool { return h != hashes[25] })
	if err != nil || n != 19 || other.State("mission", hashes[20]) != seal.Present || other.State("mission", hashes[25]) != seal.Missing {
		t.Errorf("imported %d, %v", n, err)
	}
}
