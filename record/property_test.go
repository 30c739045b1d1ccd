// SPDX-License-Identifier: Apache-2.0

package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"github.com/trucewatch/trucewatch/internal/durable/durabletest"
)

// TestLog_property: whatever is appended, signed, closed, killed and opened, the
// root is tlog's over the entries, and the entries come back.
func TestLog_property(t *testing.T) {
	t.Parallel()
	signer, verifier := testKey(t)
	rapid.Check(t, func(t *rapid.T) {
		segment := rapid.SampledFrom([]uint64{tileWidth, 3 * tileWidth, segmentEntries}).Draw(t, "segment")
		s := settings{disk: durabletest.New("/log"), segment: segment}
		l, err := create(s, "/log", testOrigin, signer)
		if err != nil {
			t.Fatal(err)
		}
		var want [][]byte
		signed := uint64(0)
		t.Repeat(map[string]func(*rapid.T){
			"append": func(t *rapid.T) {
				entries := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 1, 40), 1, 150).Draw(t, "entries")
				first, err := l.Append(entries...)
				if err != nil || first != uint64(len(want)) {
					t.Fatalf("Append = %d, %v", first, err)
				}
				want = append(want, entries...)
			},
			"append long": func(t *rapid.T) {
				entry := bytes.Repeat([]byte{1}, rapid.IntRange(EntrySizeMax-2, EntrySizeMax).Draw(t, "size"))
				if _, err := l.Append(entry, entry); err != nil {
					t.Fatal(err)
				}
				want = append(want, entry, entry)
			},
			"sign": func(t *rapid.T) {
				c, err := l.Sign()
				if err != nil || c.Size != uint64(len(want)) {
					t.Fatalf("Sign = %d, %v", c.Size, err)
				}
				signed = c.Size
			},
			"reopen": func(t *rapid.T) {
				crash := rapid.SampledFrom(durabletest.Crashes()).Draw(t, "crash")
				s.disk.(*durabletest.Disk).Crash(crash)
				if l, err = open(s, "/log", verifier, signer); err != nil {
					t.Fatal(err)
				}
			},
			"read": func(t *rapid.T) {
				till := rapid.Uint64Range(0, uint64(len(want))).Draw(t, "till")
				from := rapid.Uint64Range(0, till).Draw(t, "from")
				for c := l.Entries(from, till); ; from++ {
					i, entry, err := c.Next()
					if errors.Is(err, io.EOF) {
						break
					}
					if err != nil || i != from || !bytes.Equal(entry, want[i]) {
						t.Fatalf("Next = %d, %x, %v, want entry %d", i, entry, err, from)
					}
				}
				if from != till {
					t.Fatalf("the cursor ended at %d of %d", from, till)
				}
			},
			"": func(t *rapid.T) {
				if size, _ := l.Root(); size != uint64(len(want)) || l.Checkpoint().Size != signed {
					t.Fatalf("%d entries, %d signed, want %d, %d", size, l.Checkpoint().Size, len(want), signed)
				}
			},
		})
		if _, root := l.Root(); root != rapidTreeHash(t, want) {
			t.Fatal("the root is not tlog's")
		}
		if report, err := verify(s.disk, "/log", verifier); err != nil || report.Size != uint64(len(want)) || report.Signed != signed {
			t.Fatalf("Verify = %+v, %v", report, err)
		}
	})
}

func rapidTreeHash(t *rapid.T, entries [][]byte) [32]byte {
	root, err := tlogTreeHash(entries)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// A staticTiles reads an exported log as a stranger would: with tlog's reader,
// which knows nothing of this package, checks each tile against the root, and
// only has other path names.
type staticTiles struct {
	t   *testing.T
	dir string
}

func (s staticTiles) Height() int                     { return tileHeight }
func (s staticTiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (s staticTiles) ReadTiles(tiles []tlog.Tile) (data [][]byte, err error) {
	for _, tile := range tiles {
		// "tile/8/0/x001/067.p/5" in Go's sumdb, "tile/0/x001/067.p/5" in C2SP.
		path := "tile/" + strings.TrimPrefix(tile.Path(), "tile/8/")
		if tile.L < 0 {
			s.t.Fatalf("tile %v", tile)
		}
		b, err := os.ReadFile(filepath.Join(s.dir, path))
		if err != nil {
			return nil, err
		}
		data = append(data, b)
	}
	return data, nil
}

// TestReader_export exports twice, while the log grows, and proves every entry
// with golang.org/x/mod/sumdb/tlog from the copy's files alone.
func TestReader_export(t *testing.T) {
	dir, dst := t.TempDir(), filepath.Join(t.TempDir(), "copy")
	signer, verifier := testKey(t)
	l, err := create(settings{disk: production().disk, segment: 2 * tileWidth}, dir, testOrigin, signer)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for i, size := range []uint64{0, 1, 255, 256, 700, 1024, 1030} {
		if size > l.Size() {
			if _, err := l.Append(testEntries(l.Size(), size)...); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := l.Sign(); err != nil {
			t.Fatal(err)
		}
		if i == 3 { // Unsigned entries are not exported.
			if _, err := l.Append(testEntries(size, size+300)...); err != nil {
				t.Fatal(err)
			}
		}
		r, err := OpenReader(dir, verifier)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Export(dst); err != nil {
			t.Fatal(err)
		}
		r.Close()
		checkExport(t, dst, l.Checkpoint())
	}
}

// checkExport proves each entry of a static copy.
func checkExport(t *testing.T, dir string, want Checkpoint) {
	t.Helper()
	_, verifier := testKey(t)
	data, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := ParseCheckpoint(data, verifier)
	if err != nil || c.Size != want.Size || c.Root != want.Root {
		t.Fatalf("checkpoint %+v, %v, want %+v", c, err, want)
	}
	if c.Size == 0 {
		return
	}
	hashes := tlog.TileHashReader(tlog.Tree{N: int64(c.Size), Hash: c.Root}, staticTiles{t, dir})
	for n := uint64(0); n*tileWidth < c.Size; n++ {
		width := int(min(tileWidth, c.Size-n*tileWidth))
		data, err := os.ReadFile(filepath.Join(dir, tilePath(entriesLevel, n, width)))
		if err != nil {
			t.Fatal(err)
		}
		entries, err := splitBundle(data, width)
		if err != nil {
			t.Fatal(err)
		}
		for i, entry := range entries {
			index := int64(n*tileWidth) + int64(i)
			proof, err := tlog.ProveRecord(int64(c.Size), index, hashes)
			if err == nil {
				err = tlog.CheckRecord(proof, int64(c.Size), c.Root, index, tlog.RecordHash(entry))
			}
			if err != nil {
				t.Fatalf("entry %d of %d: %v", index, c.Size, err)
			}
		}
	}
}

// TestReader_export_is_stable: what a log exports is what versions exported that
// kept tiles in files, to the byte.
func TestReader_export_is_stable(t *testing.T) {
	const (
		size = 257*tileWidth + 9 // tiles of levels 0 and 1, full and partial
		// Source: computed by the last version that kept tiles in files.
		want = "994e24ffa283bf8e62b4f9ff13a1f4b089cec3004a5cb57cced3322f8bccea6e"
	)
	dir, dst := t.TempDir(), filepath.Join(t.TempDir(), "copy")
	signer, verifier := testKey(t)
	l, err := Create(dir, testOrigin, signer)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.Append(testEntries(0, size)...); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Sign(); err != nil {
		t.Fatal(err)
	}
	r, err := OpenReader(dir, verifier)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Export(dst); err != nil {
		t.Fatal(err)
	}
	all := sha256.New()
	err = filepath.WalkDir(dst, func(path string, entry fs.DirEntry, err error) error { // In the order of names.
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		fmt.Fprintf(all, "%s %d\n%s", strings.TrimPrefix(path, dst), len(data), data)
		return err
	})
	if got := hex.EncodeToString(all.Sum(nil)); err != nil || got != want {
		t.Errorf("the files have digest %s, %v, want %s", got, err, want)
	}
}
