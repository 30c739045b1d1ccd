// SPDX-License-Identifier: Apache-2.0

package record

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	formats "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch/internal/durable/durabletest"
)

// A testCosigner is a witness with a key that is the same in each run.
type testCosigner struct {
	signer   note.Signer
	verifier note.Verifier
}

// newCosigner signs as C2SP tlog-cosignature has it, so each signature carries
// its time.
func newCosigner(t testing.TB, name string) testCosigner {
	t.Helper()
	skey, vkey, err := note.GenerateKey(strings.NewReader(strings.Repeat(name, 64)), name)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := formats.NewSignerForCosignatureV1(skey)
	if err != nil {
		t.Fatal(err)
	}
	vkey, err = formats.VKeyToCosignatureV1(vkey)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := formats.NewVerifierForCosignatureV1(vkey)
	if err != nil {
		t.Fatal(err)
	}
	return testCosigner{signer, verifier}
}

// cosign is the note with one signature more.
func (c testCosigner) cosign(t testing.TB, checkpoint Checkpoint) []byte {
	t.Helper()
	signed, err := note.Sign(&note.Note{Text: checkpoint.text()}, c.signer)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// withLines is the checkpoint's text with lines as signatures.
func withLines(c Checkpoint, lines ...string) []byte {
	return []byte(c.text() + "\n" + strings.Join(lines, ""))
}

// lastLine is the last signature of a note.
func lastLine(signed []byte) string {
	lines := strings.SplitAfter(strings.TrimSuffix(string(signed), "\n"), "\n")
	return lines[len(lines)-1] + "\n"
}

// signatureNames are the names in a note's signatures, in order.
func signatureNames(t testing.TB, signed []byte) (names []string) {
	t.Helper()
	_, lines, err := splitNote(signed)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		names = append(names, l.key.name)
	}
	return names
}

// TestMergeGivesOneFileWhateverTheOrder: cosignatures come one by one, together,
// and twice; the log's own signature stands first.
func TestMergeGivesOneFileWhateverTheOrder(t *testing.T) {
	a, b, z := newCosigner(t, "a.example"), newCosigner(t, "b.example"), newCosigner(t, "z.example")
	_, verifier := testKey(t)
	var files []string
	var byA, byB, byZ []byte
	for _, order := range []string{"a,b,z", "z,b,a", "b,ab,za", "abz", "a,a,bz,abz"} {
		disk := durabletest.New("/log")
		signer, _ := testKey(t)
		l, err := create(settings{disk: disk, segment: tileWidth}, "/log", testOrigin, signer)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Append(testEntries(0, 300)...); err != nil {
			t.Fatal(err)
		}
		c, err := l.Sign()
		if err != nil {
			t.Fatal(err)
		}
		if byA == nil { // The times differ between calls; the same signatures shall meet.
			byA, byB, byZ = a.cosign(t, c), b.cosign(t, c), z.cosign(t, c)
		}
		for part := range strings.SplitSeq(order, ",") {
			var lines []string
			for _, who := range part {
				lines = append(lines, lastLine(map[rune][]byte{'a': byA, 'b': byB, 'z': byZ}[who]))
			}
			merged, err := l.Merge(withLines(c, lines...))
			if err != nil || merged.Root != c.Root {
				t.Fatalf("Merge of %q = %+v, %v", part, merged, err)
			}
		}
		got := content(t, disk, "/log/checkpoint")
		if kept := content(t, disk, "/log/checkpoints/300"); !bytes.Equal(got, kept) || !bytes.Equal(got, l.Checkpoint().Note) {
			t.Errorf("order %s: checkpoint\n%s\nkept\n%s", order, got, kept)
		}
		files = append(files, string(got))
		report, err := verify(disk, "/log", verifier, a.verifier, b.verifier)
		if err != nil || report.Cosignatures != 4 || report.Unknown != 2 { // In two files.
			t.Errorf("Verify = %+v, %v", report, err)
		}
	}
	for _, file := range files {
		if file != files[0] {
			t.Errorf("files differ:\n%s\n%s", file, files[0])
		}
	}
	want := fmt.Sprint([]string{testOrigin, "a.example", "b.example", "z.example"})
	if names := signatureNames(t, []byte(files[0])); fmt.Sprint(names) != want {
		t.Errorf("signatures of %s, want %s", names, want)
	}
}

// TestMergeKeepsTheFirstCosignatureOfAKey: a witness signs again, later.
func TestMergeKeepsTheFirstCosignatureOfAKey(t *testing.T) {
	l := memoryLog(t)
	a := newCosigner(t, "a.example")
	first := a.cosign(t, l.Checkpoint())
	merged, err := l.Merge(first)
	if err != nil {
		t.Fatal(err)
	}
	_, lines, err := splitNote(first)
	if err != nil {
		t.Fatal(err)
	}
	other := lines[0]
	other.signature[len(other.signature)-1] ^= 1
	later := withLines(l.Checkpoint(), other.line())
	if again, err := l.Merge(later); err != nil || !bytes.Equal(again.Note, merged.Note) {
		t.Errorf("second Merge = %s, %v, want\n%s", again.Note, err, merged.Note)
	}
	// Neither does a false signature in the log's own name.
	own, _ := testKey(t)
	line := signatureLine{key: noteKey{own.Name(), own.KeyHash()}, signature: make([]byte, 64)}
	if again, err := l.Merge(withLines(l.Checkpoint(), line.line())); err != nil || !bytes.Equal(again.Note, merged.Note) {
		t.Errorf("Merge of a false own signature = %s, %v", again.Note, err)
	}
}

// TestMergeIntoAnOlderCheckpoint: a late cosignature finds its checkpoint.
func TestMergeIntoAnOlderCheckpoint(t *testing.T) {
	disk, signer, verifier := smallLog(t, tileWidth)
	l, err := open(settings{disk: disk, segment: tileWidth}, "/log", verifier, signer)
	if err != nil {
		t.Fatal(err)
	}
	last := l.Checkpoint()
	old, err := readCheckpoint(disk, "/log", "checkpoints/3", verifier)
	if err != nil {
		t.Fatal(err)
	}
	a := newCosigner(t, "a.example")
	merged, err := l.Merge(a.cosign(t, old))
	if err != nil || merged.Size != 3 || !bytes.Equal(merged.Note, content(t, disk, "/log/checkpoints/3")) {
		t.Errorf("Merge = %+v, %v", merged, err)
	}
	if now := l.Checkpoint(); !bytes.Equal(now.Note, last.Note) || !bytes.Equal(content(t, disk, "/log/checkpoint"), last.Note) {
		t.Errorf("the last checkpoint changed: %s", now.Note)
	}
	if report, err := verify(disk, "/log", verifier, a.verifier); err != nil || report.Cosignatures != 1 {
		t.Errorf("Verify = %+v, %v", report, err)
	}
}

func TestMergeRefuses(t *testing.T) {
	a := newCosigner(t, "a.example")
	l := memoryLog(t)
	if _, err := l.Append(testEntries(0, 5)...); err != nil {
		t.Fatal(err)
	}
	c, err := l.Sign()
	if err != nil {
		t.Fatal(err)
	}
	otherRoot, otherOrigin, otherSize := c, c, c
	otherRoot.Root[0]++
	otherOrigin.Origin = "example.org/other"
	otherSize.Size = 4
	many := make([]string, signaturesMax)
	for i := range many {
		many[i] = signatureLine{key: noteKey{fmt.Sprintf("w%d.example", i), 1}, signature: make([]byte, 72)}.line()
	}
	for _, tt := range []struct {
		name   string
		signed []byte
		want   string
	}{
		{"another root", a.cosign(t, otherRoot), "signed another root"},
		{"another origin", a.cosign(t, otherOrigin), "signed another root or origin"},
		{"a size that was not signed", a.cosign(t, otherSize), "signed no checkpoint of that size"},
		{"no note", []byte("?"), "malformed note"},
		{"no signature", []byte(c.text() + "\n"), "malformed note"},
		{"an extension line", bytes.Replace(a.cosign(t, c), []byte("\n\n"), []byte("\nmore\n\n"), 1), "4 lines"},
		{"more signatures than a note may have", withLines(c, many...), "101 signatures"},
		{"spare bits", changeSpareBits(t, a.cosign(t, c)), "illegal base64"},
		{"a note that is too long", bytes.Repeat([]byte("x"), checkpointSizeMax+1), "at most"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := l.Merge(tt.signed); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Merge = %v, want %q", err, tt.want)
			}
		})
	}
	if !bytes.Equal(l.Checkpoint().Note, c.Note) {
		t.Error("a refused Merge changed the checkpoint")
	}
	if _, err := l.Append([]byte("the log goes on")); err != nil {
		t.Error(err)
	}
}

// changeSpareBits sets a bit of the last signature's base64 that means nothing.
func changeSpareBits(t testing.TB, signed []byte) []byte {
	t.Helper()
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	changed := bytes.TrimRight(bytes.Clone(signed), "=\n")
	padding := len(signed) - len(changed) - 1
	if padding == 0 {
		t.Fatal("this signature has no spare bits")
	}
	last := len(changed) - 1
	changed[last] = alphabet[strings.IndexByte(alphabet, changed[last])+1]
	return append(changed, signed[len(changed):]...)
}

// TestParseCheckpointIsStrictWithCosignatures: what no key of ours covers has one
// encoding all the same.
func TestParseCheckpointIsStrictWithCosignatures(t *testing.T) {
	_, verifier := testKey(t)
	l := memoryLog(t)
	a := newCosigner(t, "a.example.org")
	c, err := l.Merge(a.cosign(t, l.Checkpoint()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseCheckpoint(c.Note, verifier); err != nil {
		t.Fatal(err)
	}
	own := strings.SplitAfter(string(c.Note), "\n")[4]
	for name, signed := range map[string][]byte{
		"spare bits of a cosignature":    changeSpareBits(t, c.Note),
		"a cosignature twice":            append(bytes.Clone(c.Note), lastLine(c.Note)...),
		"the log's own signature twice":  append(bytes.Clone(c.Note), own...),
		"bytes behind the last line":     append(bytes.Clone(c.Note), 'x'),
		"an empty line":                  append(bytes.Clone(c.Note), '\n'),
		"a line without base64":          append(bytes.Clone(c.Note), "— name\n"...),
		"a signature shorter than a key": append(bytes.Clone(c.Note), "— name AAAA\n"...),
	} {
		if _, err := ParseCheckpoint(signed, verifier); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: ParseCheckpoint = %v, want ErrCorrupt", name, err)
		}
	}
}

// TestVerifyNamesAFalseCosignature, if it is given the key.
func TestVerifyNamesAFalseCosignature(t *testing.T) {
	_, verifier := testKey(t)
	disk, signer, _ := smallLog(t, tileWidth)
	l, err := open(settings{disk: disk, segment: tileWidth}, "/log", verifier, signer)
	if err != nil {
		t.Fatal(err)
	}
	a := newCosigner(t, "a.example")
	line := signatureLine{key: noteKey{a.verifier.Name(), a.verifier.KeyHash()}, signature: make([]byte, 72)}
	if _, err := l.Merge(withLines(l.Checkpoint(), line.line())); err != nil {
		t.Fatal(err)
	}
	if report, err := verify(disk, "/log", verifier); err != nil || report.Unknown != 2 {
		t.Errorf("Verify without the key = %+v, %v", report, err)
	}
	report, err := verify(disk, "/log", verifier, a.verifier)
	if !errors.Is(err, ErrCorrupt) || len(report.Problems) != 2 || !strings.Contains(report.Problems[1].What, "is false") {
		t.Errorf("Verify = %v, %q", err, report.Problems)
	}
}

// TestOpenBringsSignaturesTogether: we died between the two files of a Merge.
func TestOpenBringsSignaturesTogether(t *testing.T) {
	_, verifier := testKey(t)
	a, b := newCosigner(t, "a.example"), newCosigner(t, "b.example")
	disk, signer, _ := smallLog(t, tileWidth)
	s := settings{disk: disk, segment: tileWidth}
	kept := fmt.Sprintf("/log/checkpoints/%d", smallSigned)
	c, err := readCheckpoint(disk, "/log", "checkpoint", verifier)
	if err != nil {
		t.Fatal(err)
	}
	own := lastLine(c.Note)
	disk.Put("/log/checkpoint", withLines(c, own, lastLine(a.cosign(t, c))))
	disk.Put(kept, withLines(c, own, lastLine(b.cosign(t, c))))
	l, err := open(s, "/log", verifier, signer)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprint([]string{testOrigin, "a.example", "b.example"})
	for _, note := range [][]byte{l.Checkpoint().Note, content(t, disk, kept), content(t, disk, "/log/checkpoint")} {
		if names := signatureNames(t, note); fmt.Sprint(names) != want {
			t.Errorf("signatures of %s, want %s", names, want)
		}
	}
}

// TestMergeIntoAClosedLog: whoever collects cosignatures need not open the log.
func TestMergeIntoAClosedLog(t *testing.T) {
	dir, l := servedLog(t, tileWidth, 300, 301)
	_, verifier := testKey(t)
	a, b := newCosigner(t, "a.example"), newCosigner(t, "b.example")
	last := l.Checkpoint()
	if _, err := MergeInto(dir, verifier, a.cosign(t, last)); !errors.Is(err, ErrLocked) {
		t.Errorf("MergeInto while it is open = %v, want ErrLocked", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	// A Merge died between its two files.
	kept := withLines(last, lastLine(last.Note), lastLine(b.cosign(t, last)))
	if err := os.WriteFile(filepath.Join(dir, keptName(301)), kept, 0o600); err != nil {
		t.Fatal(err)
	}
	merged, err := MergeInto(dir, verifier, a.cosign(t, last))
	if names := fmt.Sprint(signatureNames(t, merged.Note)); err != nil || names != fmt.Sprint([]string{testOrigin, "a.example", "b.example"}) {
		t.Fatalf("MergeInto = %s, %v", names, err)
	}
	report, err := Verify(dir, verifier, a.verifier, b.verifier)
	if err != nil || report.Cosignatures != 4 || report.Size != 301 {
		t.Errorf("Verify = %+v, %v", report, err)
	}
	other := last
	other.Root[0]++
	if _, err := MergeInto(dir, verifier, a.cosign(t, other)); !errors.Is(err, ErrInvalid) {
		t.Errorf("MergeInto of another root = %v, want ErrInvalid", err)
	}
	if _, err := MergeInto(t.TempDir(), verifier, a.cosign(t, last)); !errors.Is(err, ErrNotFound) {
		t.Errorf("MergeInto of no log = %v, want ErrNotFound", err)
	}
}
