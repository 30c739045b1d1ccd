// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/keyring"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/seal"
)

// A boxed log has a box of the mission's class for each entry that it seals.
type boxed struct {
	*testLog
	store    *seal.Store
	released atomic.Uint64
	withheld map[uint64]bool // entries whose box is not given
	holders  Holders
	token    string
	source   *WebSource
}

func newBoxed(t *testing.T) *boxed {
	t.Helper()
	b := &boxed{testLog: newTestLog(t), withheld: map[uint64]bool{}}
	b.released.Store(sizeMax)
	var err error
	if b.store, err = seal.OpenStore(disk, filepath.Join(t.TempDir(), "store")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.store.Close() })
	token, line, err := NewToken("party-a", []string{seal.MissionClass, "party_A"})
	if err != nil {
		t.Fatal(err)
	}
	if b.holders, err = ParseHolders([]byte(line)); err != nil {
		t.Fatal(err)
	}
	_, verifier, _ := logKey(t)
	mux := http.NewServeMux()
	mux.Handle("/", record.Handler(b.dir, verifier, nil))
	for _, class := range []string{seal.MissionClass, seal.CustodyClass} {
		mux.Handle("/"+BoxesPath+class, b.holders.Guard(class, BoxesHandler(b.store, class, NamedIn(b.dir, verifier, class),
			func(index uint64) bool { return !b.withheld[index] }, func() uint64 { return min(b.released.Load(), b.log.Size()) })))
	}
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	b.token, b.source = token, source(t, s.URL, token)
	return b
}

// seal appends n entries, each with a box.
func (b *boxed) seal(n int) {
	b.t.Helper()
	for range n {
		box := fmt.Appendf(nil, "box of entry %d", b.size())
		if err := b.store.Put(seal.MissionClass, [][]byte{box}); err != nil {
			b.t.Fatal(err)
		}
		b.sealed(func(class string) trucewatch.Hash {
			if class == seal.MissionClass {
				return seal.BoxHash(box)
			}
			return trucewatch.Hash{1}
		})
	}
	b.sign()
}

func TestBoxesArePulledAndHeldToTheirHashes(t *testing.T) {
	b := newBoxed(t)
	b.seal(20)
	m := openMirror(t, Settings{Source: b.source, Boxes: Boxes{Source: b.source, Classes: []string{seal.MissionClass}}})
	for _, more := range []int{0, 5, 0} {
		if more > 0 {
			b.seal(more)
		}
		out := pull(t, m)
		if o := out.Boxes[0]; o.MissingCount+o.UnsureCount > 0 || o.Next != b.log.Size() {
			t.Fatalf("%+v", o)
		}
	}
	store, err := seal.ReadStore(disk, filepath.Join(m.settings.Dir, boxesName))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for index := uint64(2); index < 27; index++ {
		box := fmt.Appendf(nil, "box of entry %d", index)
		if got, err := store.Get(seal.MissionClass, seal.BoxHash(box)); err != nil || string(got) != string(box) {
			t.Errorf("entry %d: %q, %v", index, got, err)
		}
	}
}

func TestWithheldBoxesAreReportedAsMissing(t *testing.T) {
	b := newBoxed(t)
	b.withheld[5], b.withheld[7] = true, true
	b.seal(10)
	isCover := func(n Named) (bool, bool) { return n.Index == 7, n.Index != 9 } // says whoever has the mission's key
	m := openMirror(t, Settings{Source: b.source, Boxes: Boxes{Source: b.source, Classes: []string{seal.MissionClass}}})
	o := pull(t, m).Boxes[0]
	if o.UnsureCount != 2 || o.Unsure[0].Index != 5 || o.Unsure[1].Index != 7 || o.Taken != 8 {
		t.Fatalf("without a key: %+v", o)
	}
	m.settings.Boxes.Cover, m.settings.Boxes.Again = isCover, true
	o = pull(t, m).Boxes[0]
	if o.MissingCount != 1 || o.Missing[0].Index != 5 || o.UnsureCount != 0 {
		t.Fatalf("with a key: %+v", o)
	}
	// What is given later is taken when it is asked for again.
	b.withheld = map[uint64]bool{}
	m.settings.Boxes.Again = true
	if o = pull(t, m).Boxes[0]; o.MissingCount != 0 {
		t.Fatalf("given later: %+v", o)
	}
}

func TestBoxesAreGivenOnlyAfterRelease(t *testing.T) {
	b := newBoxed(t)
	b.seal(10)
	b.released.Store(6)
	m := openMirror(t, Settings{Source: b.source, Boxes: Boxes{Source: b.source, Classes: []string{seal.MissionClass}}})
	if o := pull(t, m).Boxes[0]; o.Taken != 4 || o.Next != 6 || o.UnsureCount != 0 {
		t.Fatalf("%+v", o)
	}
	b.released.Store(12)
	if o := pull(t, m).Boxes[0]; o.Taken != 6 || o.Next != 12 {
		t.Fatalf("%+v", o)
	}
}

func TestBoxesAreGivenToTheirHoldersOnly(t *testing.T) {
	b := newBoxed(t)
	b.seal(3)
	for _, test := range []struct {
		token, class string
		want         int
	}{
		{b.token, seal.MissionClass, 200}, {"", seal.MissionClass, 401}, {"wrong", seal.MissionClass, 401}, {b.token + "x", seal.MissionClass, 401},
		{b.token, seal.CustodyClass, 403}, {b.token, "party_A", 404}, {b.token, "mission?after=x", 400}, {b.token, "mission?after=-1", 400},
		{b.token, "mission?after=99", 200},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.source.prefix+"/"+BoxesPath+test.class, nil)
		if err != nil {
			t.Fatal(err)
		}
		if test.token != "" {
			r.Header.Set("Authorization", bearer+test.token)
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != test.want {
			t.Errorf("%.8q for %s: %d, want %d", test.token, test.class, response.StatusCode, test.want)
		}
	}
}

// A server that sends what no entry names, or claims to be further on than it
// is, does not fill the disk and hides nothing.
func TestForeignBoxesAreNotTaken(t *testing.T) {
	b := newBoxed(t)
	b.seal(5)
	foreign, err := seal.OpenStore(disk, filepath.Join(t.TempDir(), "foreign"))
	if err != nil {
		t.Fatal(err)
	}
	defer foreign.Close()
	box := []byte("nobody named it")
	if err := foreign.Put(seal.MissionClass, [][]byte{box}); err != nil {
		t.Fatal(err)
	}
	next := "7"
	hostile := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(nextHeader, next)
		_ = foreign.Export(seal.MissionClass, []trucewatch.Hash{seal.BoxHash(box)}, w)
	}))
	m := openMirror(t, Settings{Source: b.source, Boxes: Boxes{Source: hostile, Classes: []string{seal.MissionClass}}})
	if o := pull(t, m).Boxes[0]; o.Taken != 0 || o.UnsureCount != 5 {
		t.Fatalf("%+v", o)
	}
	for _, next = range []string{"99", "", "x", "-1"} {
		m.settings.Boxes.Again = true
		if _, err := m.Pull(t.Context()); !errors.Is(err, ErrTampered) {
			t.Errorf("next %q: %v", next, err)
		}
	}
}

func TestErasedBoxesAreNotAskedForAndAreDestroyedOnlyWhereTheHolderSaysSo(t *testing.T) {
	b := newBoxed(t)
	b.seal(5)
	m := openMirror(t, Settings{Source: b.source, Boxes: Boxes{Source: b.source, Classes: []string{seal.MissionClass}}})
	pull(t, m)
	var officers []ed25519.PrivateKey
	for _, name := range []string{"officer-1", "officer-2"} {
		seed := sha256.Sum256([]byte(name))
		key := ed25519.NewKeyFromSeed(seed[:])
		public := key.Public().(ed25519.PublicKey)
		officers = append(officers, key)
		b.append(trucewatch.Body{Type: trucewatch.KeyEntry, Payload: trucewatch.Payload{Key: &trucewatch.KeyRegistration{
			ID: keyring.ID(public), Public: public, Role: trucewatch.OfficerKey, Name: name}}})
	}
	b.spoil = func(e *trucewatch.Envelope) {
		for _, key := range officers {
			e.Signatures = append(e.Signatures, keyring.Sign(key, e.Body))
		}
	}
	hash := seal.BoxHash([]byte("box of entry 3"))
	b.append(trucewatch.Body{Type: trucewatch.ErasureEntry, Payload: trucewatch.Payload{Erasure: &trucewatch.Erasure{
		Boxes: []trucewatch.BoxRef{{Index: 3, Class: seal.MissionClass, Hash: hash}}, Basis: "request", Authority: "head of mission"}}})
	b.sign()
	out, err := m.Pull(t.Context())
	if err != nil || out.Boxes[0].StillHeld != 1 {
		t.Fatalf("%+v, %v", out.Boxes, err)
	}
	m.settings.Boxes.Erase = true
	if o := pull(t, m).Boxes[0]; o.StillHeld != 0 {
		t.Fatalf("%+v", o)
	}
	store, err := seal.ReadStore(disk, filepath.Join(m.settings.Dir, boxesName))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if state := store.State(seal.MissionClass, hash); state != seal.Destroyed {
		t.Fatalf("the erased box is %s", state)
	}
	m.settings.Boxes.Again = true
	if o := pull(t, m).Boxes[0]; o.UnsureCount != 0 {
		t.Fatalf("an erased box is no missing one: %+v", o)
	}
}

func TestHoldersAreRefused(t *testing.T) {
	_, line, err := NewToken("a", []string{"party_A"})
	if err != nil {
		t.Fatal(err)
	}
	hash := strings.Fields(line)[1]
	for name, test := range map[string]struct{ text, want string }{
		"two words":      {"a " + hash, "line 1: invalid: 2 words"},
		"short hash":     {"\na " + hash[2:] + " x", "line 2: invalid: hash"},
		"bad name":       {"A " + hash + " x", "name"},
		"bad class":      {"a " + hash + " x,../y", "class \"../y\""},
		"class twice":    {"a " + hash + " x,x", "stands twice"},
		"no class":       {"a " + hash + " ,", "class"},
		"name twice":     {line + line, "line 2: invalid: its name stands in line 1 too"},
		"token twice":    {line + "b " + hash + " x", "its token stands in line 1 too"},
		"too long":       {strings.Repeat("#\n", holdersSizeMax), "bytes, at most"},
		"trailing words": {"a " + hash + " x y", "4 words"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseHolders([]byte(test.text))
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("error %v", err)
			}
			wantText(t, err, test.want)
		})
	}
	if hs, err := ParseHolders([]byte("# comment\n\n" + line)); err != nil || len(hs) != 1 {
		t.Errorf("%v, %v", hs, err)
	}
	if _, _, err := NewToken("no name", nil); !errors.Is(err, ErrInvalid) {
		t.Errorf("%v", err)
	}
}
