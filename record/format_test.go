// SPDX-License-Identifier: Apache-2.0

package record

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// TestTilePath has the examples of C2SP tlog-tiles.
func TestTilePath(t *testing.T) {
	for _, tt := range []struct {
		level int
		n     uint64
		width int
		want  string
	}{
		{0, 0, 256, "tile/0/000"},
		{0, 1234067, 256, "tile/0/x001/x234/067"},
		{1, 273, 112, "tile/1/273.p/112"},
		{2, 1, 17, "tile/2/001.p/17"},
		{entriesLevel, 1000, 256, "tile/entries/x001/000"},
		{entriesLevel, 999, 1, "tile/entries/999.p/1"},
	} {
		if got := tilePath(tt.level, tt.n, tt.width); got != tt.want {
			t.Errorf("tilePath(%d, %d, %d) = %q, want %q", tt.level, tt.n, tt.width, got, tt.want)
		}
	}
}

func TestParseCheckpoint(t *testing.T) {
	signer, verifier := testKey(t)
	root := base64.StdEncoding.EncodeToString(make([]byte, 32))
	for _, tt := range []struct {
		name, text, want string // want is part of the error; "" if it must parse
	}{
		{"as signed", testOrigin + "\n5\n" + root + "\n", ""},
		{"size 0", testOrigin + "\n0\n" + root + "\n", ""},
		{"no root", testOrigin + "\n5\n", "2 lines"},
		{"an extension line", testOrigin + "\n5\n" + root + "\nmore\n", "4 lines"},
		{"no origin", "\n5\n" + root + "\n", "origin of 0 bytes"},
		{"long origin", strings.Repeat("o", originSizeMax+1) + "\n5\n" + root + "\n", "origin of 256 bytes"},
		{"leading zero", testOrigin + "\n05\n" + root + "\n", "one encoding"},
		{"sign", testOrigin + "\n+5\n" + root + "\n", "not a number"},
		{"too large", testOrigin + "\n9223372036854775808\n" + root + "\n", "not a number"},
		{"short root", testOrigin + "\n5\nAAAA\n", "not a hash"},
		{"spare bits of the root", testOrigin + "\n5\n" + strings.Replace(root, "A=", "B=", 1) + "\n", "one encoding"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			signed, err := note.Sign(&note.Note{Text: tt.text}, signer)
			if err != nil {
				t.Fatal(err)
			}
			c, err := ParseCheckpoint(signed, verifier)
			if tt.want == "" && (err != nil || c.text() != tt.text || !bytes.Equal(c.Note, signed)) {
				t.Errorf("ParseCheckpoint = %+v, %v", c, err)
			}
			if tt.want != "" && (!errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("ParseCheckpoint = %v, want %q", err, tt.want)
			}
		})
	}
}

// TestParseCheckpoint_other_key: a note of a key with the same name is refused.
func TestParseCheckpoint_other_key(t *testing.T) {
	_, verifier := testKey(t)
	skey, _, err := note.GenerateKey(strings.NewReader(strings.Repeat("x", 64)), testOrigin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	c, err := sign(testOrigin, 0, [32]byte{}, signer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseCheckpoint(c.Note, verifier); !errors.Is(err, ErrCorrupt) {
		t.Errorf("ParseCheckpoint = %v, want ErrCorrupt", err)
	}
	if _, err := Open(t.TempDir(), verifier, signer); !errors.Is(err, ErrInvalid) {
		t.Errorf("Open with another key = %v, want ErrInvalid", err)
	}
}

// TestParseCheckpoint_spare_bits: base64 ends on bits that mean nothing and that
// no signature covers; they must be zero, or a note could be changed unseen.
func TestParseCheckpoint_spare_bits(t *testing.T) {
	signer, verifier := testKey(t)
	c, err := sign(testOrigin, 5, [32]byte{}, signer)
	if err != nil {
		t.Fatal(err)
	}
	last := len(c.Note) - len("=\n") - 1
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	changed := bytes.Clone(c.Note)
	changed[last] = alphabet[strings.IndexByte(alphabet, changed[last])+1]
	if _, err := note.Open(changed, note.VerifierList(verifier)); err != nil {
		t.Fatalf("the change is meant to pass note.Open: %v", err)
	}
	if _, err := ParseCheckpoint(changed, verifier); !errors.Is(err, ErrCorrupt) {
		t.Errorf("ParseCheckpoint = %v, want ErrCorrupt", err)
	}
}

// FuzzParseCheckpoint: what parses is what signing writes, whatever other keys
// added to it, and has no other encoding.
func FuzzParseCheckpoint(f *testing.F) {
	signer, verifier := testKey(f)
	for _, size := range []uint64{0, 1, 1 << 40} {
		c, err := sign(testOrigin, size, [32]byte{1}, signer)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(c.Note)
		cosigned := newCosigner(f, "a.example").cosign(f, c)
		f.Add(append(bytes.Clone(c.Note), lastLine(cosigned)...))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseCheckpoint(data, verifier)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Errorf("error %v is not ErrCorrupt", err)
			}
			return
		}
		text, lines, err := splitNote(data)
		again := text + "\n"
		for _, l := range lines {
			again += l.line()
		}
		if err != nil || again != string(data) {
			t.Fatalf("%q has another encoding, %q, %v", data, again, err)
		}
		own, err := sign(c.Origin, c.Size, c.Root, signer)
		if err != nil || !bytes.HasPrefix(data, []byte(c.text()+"\n")) {
			t.Fatalf("%q parsed as %+v, %v", data, c, err)
		}
		line := strings.TrimPrefix(string(own.Note), c.text()+"\n")
		if !strings.Contains(string(data), line) {
			t.Fatalf("%q parsed without our signature", data)
		}
	})
}

// FuzzSplitFrames: what is split is what scanFrames finds, as far as it is asked for.
func FuzzSplitFrames(f *testing.F) {
	f.Add(appendFrame(appendFrame(nil, []byte("one")), []byte("two")), 2)
	f.Add(make([]byte, 40), 1)
	f.Fuzz(func(t *testing.T, data []byte, width int) {
		if width < 0 || width > tileWidth {
			return
		}
		var want [][]byte
		_, err := scanFrames(bytes.NewReader(data), int64(len(data)), func(entry []byte) error {
			if len(want) < width {
				want = append(want, bytes.Clone(entry))
			}
			return nil
		})
		if got := splitFrames(data, width); err != nil || fmt.Sprintf("%x", got) != fmt.Sprintf("%x", want) {
			t.Errorf("%x split into %x, want %x, %v", data, got, want, err)
		}
	})
}

// FuzzDecodeHashesFile: what is read as a file of hashes is what encodeHashesFile writes, and its
// bundles lie in a row and are no longer than bundles can be.
func FuzzDecodeHashesFile(f *testing.F) {
	f.Add(encodeHashesFile([]int64{5000, 9000}, make([]tlog.Hash, 2)), 2)
	f.Add(make([]byte, hashesSize(tileWidth)), 1)
	f.Fuzz(func(t *testing.T, data []byte, bundles int) {
		if bundles < 0 || bundles > tileWidth {
			return
		}
		ends, hashes, err := decodeHashesFile(data, bundles)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Errorf("error %v is not ErrCorrupt", err)
			}
			return
		}
		var again []byte
		last := int64(0)
		for _, end := range ends {
			if end <= last || end-last > tileWidth*(frameHeaderSize+EntrySizeMax) {
				t.Fatalf("a bundle from byte %d to %d", last, end)
			}
			again, last = binary.BigEndian.AppendUint64(again, uint64(end)), end
		}
		if !bytes.Equal(append(again, encodeHashes(hashes)...), data) {
			t.Errorf("%x has another encoding", data)
		}
	})
}

// FuzzScanFrames: what is read as frames is what appendFrame writes.
func FuzzScanFrames(f *testing.F) {
	f.Add(appendFrame(appendFrame(nil, []byte("one")), []byte("two")))
	f.Add(make([]byte, 40))
	f.Fuzz(func(t *testing.T, data []byte) {
		var again []byte
		end, err := scanFrames(bytes.NewReader(data), int64(len(data)), func(entry []byte) error {
			again = appendFrame(again, entry)
			return nil
		})
		if err != nil || !bytes.Equal(again, data[:end]) {
			t.Errorf("%x read as %x, %v", data[:end], again, err)
		}
	})
}

func TestCreate_refuses(t *testing.T) {
	signer, verifier := testKey(t)
	for _, tt := range []struct {
		name, file, origin string
		want               error
	}{
		{"absent directory", "", testOrigin, nil},
		{"empty directory", "sub/", testOrigin, nil},
		{"what an unfinished Create left", "sub/wal-0000000000000000", testOrigin, nil},
		{"another file", "sub/notes.txt", testOrigin, ErrExists},
		{"a directory", "sub/tile/", testOrigin, ErrExists},
		{"empty origin", "", "", ErrInvalid},
		{"origin of two lines", "", "a\nb", ErrInvalid},
		{"origin that is no text", "", "a\xff", ErrInvalid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := t.TempDir()
			if err := os.MkdirAll(filepath.Join(root, filepath.Dir(tt.file+"x")), 0o755); err != nil {
				t.Fatal(err)
			}
			if tt.file != "" && !strings.HasSuffix(tt.file, "/") {
				if err := os.WriteFile(filepath.Join(root, tt.file), nil, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			dir := filepath.Join(root, "sub")
			l, err := Create(dir, tt.origin, signer)
			if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
				t.Fatalf("Create = %v, want %v", err, tt.want)
			}
			if err != nil {
				return
			}
			if c := l.Checkpoint(); c.Size != 0 || c.Origin != tt.origin || l.Origin() != tt.origin {
				t.Errorf("checkpoint %+v", c)
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
			if _, err := Create(dir, tt.origin, signer); !errors.Is(err, ErrExists) {
				t.Errorf("second Create = %v, want ErrExists", err)
			}
			if _, err := Verify(dir, verifier); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestOpen_not_found(t *testing.T) {
	signer, verifier := testKey(t)
	for _, dir := range []string{t.TempDir(), filepath.Join(t.TempDir(), "absent")} {
		if _, err := Open(dir, verifier, signer); !errors.Is(err, ErrNotFound) {
			t.Errorf("Open = %v, want ErrNotFound", err)
		}
		if _, err := OpenReader(dir, verifier); !errors.Is(err, ErrNotFound) {
			t.Errorf("OpenReader = %v, want ErrNotFound", err)
		}
		if _, err := Verify(dir, verifier); !errors.Is(err, ErrNotFound) {
			t.Errorf("Verify = %v, want ErrNotFound", err)
		}
	}
}

func TestLog_refuses(t *testing.T) {
	signer, _ := testKey(t)
	l, err := Create(t.TempDir(), testOrigin, signer)
	if err != nil {
		t.Fatal(err)
	}
	for name, entries := range map[string][][]byte{
		"no entries":           nil,
		"an empty entry":       {[]byte("one"), {}},
		"an entry that's long": {[]byte("one"), make([]byte, EntrySizeMax+1)},
	} {
		if _, err := l.Append(entries...); !errors.Is(err, ErrInvalid) {
			t.Errorf("Append of %s = %v, want ErrInvalid", name, err)
		}
	}
	if l.Size() != 0 {
		t.Errorf("size %d after refused appends", l.Size())
	}
	if first, err := l.Append(make([]byte, EntrySizeMax), []byte("x")); first != 0 || err != nil {
		t.Errorf("Append of the longest entry = %d, %v", first, err)
	}
	for _, tt := range []struct {
		from, till uint64
		want       error
	}{{0, 3, ErrNotFound}, {2, 1, ErrInvalid}, {5, 6, ErrNotFound}, {2, 2, io.EOF}} {
		c := l.Entries(tt.from, tt.till)
		for range 2 { // And again.
			if _, _, err := c.Next(); !errors.Is(err, tt.want) {
				t.Errorf("Entries(%d, %d).Next = %v, want %v", tt.from, tt.till, err, tt.want)
			}
		}
	}
	first, err := l.Sign()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := l.Sign(); err != nil || !bytes.Equal(again.Note, first.Note) {
		t.Errorf("second Sign = %+v, %v, want the same", again, err)
	}
	cursor := l.Entries(0, 2)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append([]byte("x")); !errors.Is(err, ErrClosed) {
		t.Errorf("Append after Close = %v", err)
	}
	if _, err := l.Sign(); !errors.Is(err, ErrClosed) {
		t.Errorf("Sign after Close = %v", err)
	}
	if _, _, err := cursor.Next(); !errors.Is(err, ErrClosed) {
		t.Errorf("Next after Close = %v", err)
	}
	if err := l.Close(); !errors.Is(err, ErrClosed) {
		t.Errorf("second Close = %v", err)
	}
}
