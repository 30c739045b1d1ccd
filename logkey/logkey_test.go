// SPDX-License-Identifier: Apache-2.0

package logkey

import (
	"crypto/rand"
	"errors"
	"math"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
)

type pair struct {
	secret, public string
	signer         note.Signer
}

func newPair(t testing.TB, name string) pair {
	t.Helper()
	secret, public, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	return pair{secret, public, signer}
}

// handedOver is a key of three, with handovers by entries 4 and 9.
func handedOver(t testing.TB) (k *Key, pairs []pair) {
	t.Helper()
	for range 3 {
		pairs = append(pairs, newPair(t, "example/log"))
	}
	k, err := Parse(pairs[0].public)
	for i, index := range []uint64{4, 9} {
		if err == nil {
			k, err = k.HandOver(index, pairs[i+1].public, pairs[i].signer)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return k, pairs
}

func TestEachSizeHasOneKey(t *testing.T) {
	k, pairs := handedOver(t)
	for size, want := range map[uint64]int{0: 0, 4: 0, 5: 1, 9: 1, 10: 2, math.MaxUint64: 2} {
		if got := k.At(size).KeyHash(); got != pairs[want].signer.KeyHash() {
			t.Errorf("size %d: key %08x, want that of pair %d", size, got, want)
		}
	}
	if k.KeyHash() != pairs[0].signer.KeyHash() {
		t.Error("as a verifier it is not its first key")
	}
}

func TestKeyIsReadAsItWasWritten(t *testing.T) {
	k, pairs := handedOver(t)
	again, err := Parse(k.String())
	if err != nil || again.String() != k.String() || strings.ContainsAny(k.String(), " \n") {
		t.Fatalf("Parse(%q) = %v, %v", k, again, err)
	}
	plain, err := Parse(pairs[0].public)
	if err != nil || plain.String() != pairs[0].public {
		t.Errorf("a plain key is %v, %v", plain, err)
	}
}

func TestHandoverThatTheKeyBeforeDidNotSignIsRefused(t *testing.T) {
	k, pairs := handedOver(t)
	first, err := Parse(pairs[0].public)
	if err != nil {
		t.Fatal(err)
	}
	thief := newPair(t, "example/log")
	other := newPair(t, "example/other")
	for name, try := range map[string]func() (*Key, error){
		"by a stranger":                 func() (*Key, error) { return first.HandOver(4, thief.public, thief.signer) },
		"by a key that was handed over": func() (*Key, error) { return k.HandOver(20, thief.public, pairs[0].signer) },
		"to another log":                func() (*Key, error) { return k.HandOver(20, other.public, pairs[2].signer) },
		"back to an old key":            func() (*Key, error) { return k.HandOver(20, pairs[0].public, pairs[2].signer) },
		"at an entry before the last":   func() (*Key, error) { return k.HandOver(9, thief.public, pairs[2].signer) },
		"with another index":            func() (*Key, error) { return Parse(strings.Replace(k.String(), ",9,", ",8,", 1)) },
		"without its signature":         func() (*Key, error) { return Parse(k.String()[:strings.LastIndexByte(k.String(), ',')]) },
		"with a leading zero":           func() (*Key, error) { return Parse(strings.Replace(k.String(), ",9,", ",09,", 1)) },
		"nothing":                       func() (*Key, error) { return Parse("") },
	} {
		if got, err := try(); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v, %v, want ErrInvalid", name, got, err)
		}
	}
}

func TestTwoHandoversOfOneKeyContradictEachOther(t *testing.T) {
	k, pairs := handedOver(t)
	thief := newPair(t, "example/log")
	stolen, err := k.UpTo(9).HandOver(9, thief.public, pairs[1].signer)
	if err != nil {
		t.Fatal(err)
	}
	if stolen.Continues(k) || k.Continues(stolen) {
		t.Error("a second handover of the same key goes on from the first")
	}
	if !k.Continues(k.UpTo(9)) || !k.Continues(k) || k.UpTo(9).Continues(k) {
		t.Error("a key does not go on from what it was")
	}
	if len(k.UpTo(4).Spans()) != 1 || len(k.UpTo(5).Spans()) != 2 || len(k.UpTo(10).Spans()) != 3 {
		t.Error("a log does not know the handovers of its own entries alone")
	}
	last := k.Last()
	if err := k.Entered(9, last.Public, last.Signature); err != nil {
		t.Error(err)
	}
	if err := k.Entered(9, stolen.Last().Public, stolen.Last().Signature); !errors.Is(err, ErrInvalid) {
		t.Errorf("an entry that hands over to somebody else: %v", err)
	}
}

func TestSignerTakesTheKeyOfTheSize(t *testing.T) {
	k, pairs := handedOver(t)
	if _, err := NewSigner(NewCurrent(k), []string{pairs[0].secret}); !errors.Is(err, ErrInvalid) {
		t.Errorf("without the newest secret: %v", err)
	}
	s, err := NewSigner(NewCurrent(k), []string{pairs[1].secret, pairs[2].secret})
	if err != nil {
		t.Fatal(err)
	}
	for size, signs := range map[uint64]bool{4: false, 5: true, 10: true} {
		sig, err := s.At(size).Sign([]byte("text"))
		if good := err == nil && k.At(size).Verify([]byte("text"), sig); good != signs {
			t.Errorf("size %d: signed %v, want %v (%v)", size, good, signs, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	k, _ := handedOver(f)
	f.Add(k.String())
	f.Add(k.UpTo(4).String())
	f.Add("a,b+1+2,3")
	f.Fuzz(func(t *testing.T, text string) {
		k, err := Parse(text)
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("%v is not ErrInvalid", err)
			}
			return
		}
		if k.String() != text {
			t.Fatalf("%q is read as %q", text, k)
		}
	})
}
