// SPDX-License-Identifier: Apache-2.0

package record

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
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
	if bases, err := segments(l.disk, dir); err != nil || len(bases) != 2 || bases[1] != segmentEntries {
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

	// Damage in the full segment and in its hashes.
	inEntry := int64(frameHeaderSize + 2)
	for _, entry := range testEntries(0, 51200) {
		inEntry += frameSize(entry)
	}
	hashes := hashesName(0)
	for _, tt := range []struct {
		name, path    string
		at            int64
		verify, reads string
	}{
		{"an entry", segmentName(0), inEntry, "wal-0000000000000000: entry 51200: no whole entry at byte ", segmentName(0)},
		{"the hash of a bundle", hashes, 256*8 + 200*tlog.HashSize,
			"wal-0000000000000000: entry 51200: the 256 entries from this one on do not give the hash in " + hashes, "do not give the signed root"},
		{"the end of a bundle", hashes, 199*8 + 7, "hashes/0000000000000000: entry 50944: says that 256 entries end at byte ", segmentName(0)},
		{"the end of a bundle, which none can have", hashes, 199 * 8, "hashes/0000000000000000: entry 0: corrupt: no bundle goes from byte ", hashes},
	} {
		t.Run(tt.name, func(t *testing.T) { damage(t, dir, tt.path, tt.at, tt.verify, tt.reads) })
	}
}

// damage changes a byte of a file, holds it against Verify and Reader, and mends it.
func damage(t *testing.T, dir, path string, at int64, verify, reads string) {
	_, verifier := testKey(t)
	name := filepath.Join(dir, path)
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	data[at]++
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
	report, err := Verify(dir, verifier)
	if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), verify) || len(report.Problems) != 1 {
		t.Errorf("Verify = %v, %v, want %q alone", err, report.Problems, verify)
	}
	r, err := OpenReader(dir, verifier)
	if err == nil {
		_, _, err = r.Entries(51200, r.Size()).Next()
		r.Close()
	}
	if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), reads) {
		t.Errorf("reading = %v, want ErrCorrupt and %q", err, reads)
	}
	data[at]--
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
	for _, path := range []string{segmentName(2 * tileWidth), hashesName(2 * tileWidth)} {
		name := filepath.Join(dir, path)
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		data[20]++
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := open(s, dir, verifier, signer); !errors.Is(err, ErrCorrupt) {
			t.Errorf("Open with a damaged byte of %s = %v, want ErrCorrupt", path, err)
		}
		data[20]--
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
