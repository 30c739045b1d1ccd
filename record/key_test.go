// SPDX-License-Identifier: Apache-2.0

package record

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
)

// changed is a log's key that became another one for checkpoints of from entries
// and more.
type changed struct {
	note.Verifier
	next note.Verifier
	from uint64
}

func (c changed) At(size uint64) note.Verifier {
	if size >= c.from {
		return c.next
	}
	return c.Verifier
}

type changedSigner struct {
	note.Signer
	next note.Signer
	from uint64
}

func (c changedSigner) At(size uint64) note.Signer {
	if size >= c.from {
		return c.next
	}
	return c.Signer
}

func TestLogChangesItsKey(t *testing.T) {
	dir := t.TempDir()
	oldSigner, oldVerifier := testKey(t)
	newSigner, newVerifier := secondKey(t)
	log, err := Create(dir, testOrigin, oldSigner)
	if err != nil {
		t.Fatal(err)
	}
	grow := func(n int) Checkpoint {
		t.Helper()
		for range n {
			if _, err := log.Append([]byte("entry")); err != nil {
				t.Fatal(err)
			}
		}
		c, err := log.Sign()
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	before := grow(3)
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	verifier := changed{oldVerifier, newVerifier, 4}
	if _, err := Open(dir, verifier, oldSigner); !errors.Is(err, ErrInvalid) {
		t.Errorf("opened with the old key: %v, want ErrInvalid", err)
	}
	if log, err = Open(dir, verifier, changedSigner{oldSigner, newSigner, 4}); err != nil {
		t.Fatal(err)
	}
	after := grow(2)
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if r, err := Verify(dir, verifier); err != nil || len(r.Problems) > 0 || r.Checkpoints != 3 {
		t.Errorf("Verify = %+v, %v", r, err)
	}
	stolen, err := sign(testOrigin, 9, [32]byte{1}, oldSigner)
	if err != nil {
		t.Fatal(err)
	}
	early, err := sign(testOrigin, 3, before.Root, newSigner)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		note []byte
		good bool
	}{
		"of before, by the old key":                      {before.Note, true},
		"of after, by the new key":                       {after.Note, true},
		"of after, by the old key, which somebody stole": {stolen.Note, false},
		"of before, by the new key":                      {early.Note, false},
	} {
		if _, err := ParseCheckpoint(tt.note, verifier); (err == nil) != tt.good {
			t.Errorf("a checkpoint %s: %v", name, err)
		}
	}
}

// secondKey is another key of the test's log.
func secondKey(t testing.TB) (note.Signer, note.Verifier) {
	t.Helper()
	skey, vkey, err := note.GenerateKey(strings.NewReader(strings.Repeat("2", 64)), testOrigin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	return signer, verifier
}

// TestReplicaOpensWithoutTheKeyThatProvedNothing: the first checkpoint was by a key
// that was followed with the entries it covers; they did not come, so that neither
// is known when the replica is opened again.
func TestReplicaOpensWithoutTheKeyThatProvedNothing(t *testing.T) {
	dir := t.TempDir()
	oldSigner, oldVerifier := testKey(t)
	newSigner, newVerifier := secondKey(t)
	source := newTestSource(t, 5)
	signed := func(size uint64, by note.Signer) []byte {
		t.Helper()
		c, err := sign(testOrigin, size, source.roots[size], by)
		if err != nil {
			t.Fatal(err)
		}
		return c.Note
	}
	r, err := CreateReplica(dir, signed(5, newSigner), changed{oldVerifier, newVerifier, 4})
	if err != nil {
		t.Fatal(err)
	}
	missing := errors.New("the source is cut off")
	next, came := source.from(0), 0
	err = r.Extend(signed(5, newSigner), func() ([]byte, error) {
		if came++; came > 2 {
			return nil, missing
		}
		return next()
	})
	if !errors.Is(err, missing) {
		t.Fatalf("extend: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if r, err = OpenReplica(dir, oldVerifier); err != nil {
		t.Fatalf("with the key that is left: %v", err)
	}
	if err := r.Extend(signed(3, oldSigner), source.from(0)); err != nil || r.Checkpoint().Size != 3 {
		t.Errorf("goes on: %d entries, %v", r.Checkpoint().Size, err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}
