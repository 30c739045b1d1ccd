// SPDX-License-Identifier: Apache-2.0

package record

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLog_real_segment fills a segment of the real length and goes on in the
// next one, with a reader that opened before and a cursor that is under way.
func TestLog_real_segment(t *testing.T) {
	const size = segmentEntries + 700
	dir := t.TempDir()
	signer, verifier := testKey(t)
	l, err := Create(dir, testOrigin, signer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(testEntries(0, 1000)...); err != nil {
		t.Fatal(err)
	}
	early, err := OpenReader(dir, verifier)
	if err != nil {
		t.Fatal(err)
	}
	underway := l.Entries(0, 1000)
	if _, _, err := underway.Next(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(testEntries(1000, size)...); err != nil {
		t.Fatal(err)
	}
	if n := len(readAll(t, underway)); n != 999 {
		t.Errorf("the cursor that was under way gave %d entries more, want 999", n)
	}
	if n := len(readAll(t, early.Entries(0, early.Size()))); n != 1000 {
		t.Errorf("the reader that opened before gave %d entries, want 1000", n)
	}
	early.Close()
	if bases, err := segments(l.disk, dir); err != nil || len(bases) != 1 || bases[0] != segmentEntries {
		t.Fatalf("segments %d, %v", bases, err)
	}
	if _, err := l.Sign(); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	checkWhole(t, dir, size, size)
	if report, err := Verify(dir, verifier); err != nil || report.Root != treeHash(t, testEntries(0, size)) {
		t.Fatalf("Verify = %+v, %v", report, err)
	}

	// Damage in a tile of the second level, and in an entry below it.
	for _, tt := range []struct {
		path, verify string
	}{
		{"tile/1/000", "tile/1/000: entry 65535: is not what the entries up to this one give"},
		{"tile/entries/200", "tile/entries/200: entry 51200: "},
		{"tile/0/200", "tile/entries/200: entry 51200: is not the entry whose hash is in tile/0/200"},
	} {
		t.Run(tt.path, func(t *testing.T) { damage(t, dir, tt.path, tt.verify) })
	}
}

// damage changes the third byte of a file, holds it against Verify and Reader,
// and mends it.
func damage(t *testing.T, dir, path, want string) {
	_, verifier := testKey(t)
	name := filepath.Join(dir, path)
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	data[2]++
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
	report, err := Verify(dir, verifier)
	if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), want) {
		t.Errorf("Verify = %v, want %q", err, want)
	}
	if path == "tile/entries/200" && len(report.Problems) != 1 {
		t.Errorf("one changed entry gives problems %v", report.Problems)
	}
	r, err := OpenReader(dir, verifier)
	if err == nil { // tile/1/000 is read when opening.
		_, _, err = r.Entries(51200, r.Size()).Next()
		r.Close()
	}
	if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), path) && path != "tile/1/000" {
		t.Errorf("reading = %v, want ErrCorrupt", err)
	}
	data[2]--
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestLog_segment_never_signed: entries of full segments that no checkpoint
// signs for are hashed again when opening, so that damage in them is not signed.
func TestLog_segment_never_signed(t *testing.T) {
	dir := t.TempDir()
	signer, verifier := testKey(t)
	s := settings{disk: production().disk, segment: tileWidth}
	l, err := create(s, dir, testOrigin, signer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(testEntries(0, 5*tileWidth+3)...); err != nil {
		t.Fatal(err)
	}
	l.Close()
	if l, err = open(s, dir, verifier, signer); err != nil {
		t.Fatal(err)
	}
	if _, root := l.Root(); root != treeHash(t, testEntries(0, 5*tileWidth+3)) {
		t.Error("the root is not that of the entries")
	}
	l.Close()
	name := filepath.Join(dir, "tile/entries/002")
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	data[20]++
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := open(s, dir, verifier, signer); !errors.Is(err, ErrCorrupt) {
		t.Errorf("Open with a damaged unsigned entry = %v, want ErrCorrupt", err)
	}
}
