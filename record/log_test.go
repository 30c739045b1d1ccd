// SPDX-License-Identifier: Apache-2.0

package record

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const testOrigin = "example.org/mission"

// The key of all tests: made once by note.GenerateKey, and good for nothing else.
func testKey(t testing.TB) (note.Signer, note.Verifier) {
	t.Helper()
	skey, vkey, err := note.GenerateKey(zeroReader{}, testOrigin)
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

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// testEntry is the entry that tests append at an index.
func testEntry(index uint64) []byte { return fmt.Appendf(nil, "entry %d", index) }

func testEntries(from, till uint64) [][]byte {
	var entries [][]byte
	for i := from; i < till; i++ {
		entries = append(entries, testEntry(i))
	}
	return entries
}

// readAll reads what a cursor has.
func readAll(t testing.TB, c *Cursor) [][]byte {
	t.Helper()
	var entries [][]byte
	for {
		_, entry, err := c.Next()
		if errors.Is(err, io.EOF) {
			return entries
		}
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, entry)
	}
}

// treeHash is the root by golang.org/x/mod/sumdb/tlog, which shares no code with tree.
func treeHash(t testing.TB, entries [][]byte) [32]byte {
	t.Helper()
	root, err := tlogTreeHash(entries)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func tlogTreeHash(entries [][]byte) ([32]byte, error) {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var hashes []tlog.Hash
		for _, i := range indexes {
			hashes = append(hashes, stored[i])
		}
		return hashes, nil
	})
	for i, entry := range entries {
		hashes, err := tlog.StoredHashes(int64(i), entry, reader)
		if err != nil {
			return [32]byte{}, err
		}
		stored = append(stored, hashes...)
	}
	return tlog.TreeHash(int64(len(entries)), reader)
}

func TestLog_append_sign_reopen(t *testing.T) {
	dir := t.TempDir()
	signer, verifier := testKey(t)
	l, err := create(settings{disk: production().disk, segment: 512}, dir, testOrigin, signer)
	if err != nil {
		t.Fatal(err)
	}
	want := uint64(0)
	for _, n := range []uint64{1, 2, 252, 1, 1, 300, 700, 3} {
		first, err := l.Append(testEntries(want, want+n)...)
		if err != nil || first != want {
			t.Fatalf("Append = %d, %v, want %d", first, err, want)
		}
		want += n
		if n == 300 {
			continue
		}
		if _, err := l.Sign(); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if l, err = open(settings{disk: production().disk, segment: 512}, dir, verifier, signer); err != nil {
			t.Fatal(err)
		}
		size, root := l.Root()
		if size != want || root != treeHash(t, testEntries(0, want)) {
			t.Fatalf("size %d, root %x", size, root)
		}
		if got := readAll(t, l.Entries(0, want)); fmt.Sprintf("%s", got) != fmt.Sprintf("%s", testEntries(0, want)) {
			t.Fatalf("entries = %q", got)
		}
	}
	r, err := OpenReader(dir, verifier)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(readAll(t, r.Entries(5, want-2))); n != int(want-7) {
		t.Fatalf("read %d entries", n)
	}
}

func TestReadCheckpointGivesTheLastSigned(t *testing.T) {
	dir := t.TempDir()
	signer, verifier := testKey(t)
	l, err := Create(dir, testOrigin, signer)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.Append(testEntries(0, 3)...); err != nil {
		t.Fatal(err)
	}
	signed, err := l.Sign()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(testEntries(3, 5)...); err != nil {
		t.Fatal(err)
	}
	got, err := ReadCheckpoint(dir, verifier)
	if err != nil || got.Size != 3 || got.Root != signed.Root {
		t.Errorf("got size %d, %v; want the checkpoint of 3 entries beside a log of 5", got.Size, err)
	}
	if _, err := ReadCheckpoint(t.TempDir(), verifier); !errors.Is(err, ErrNotFound) {
		t.Errorf("in an empty folder: %v, want %v", err, ErrNotFound)
	}
}
