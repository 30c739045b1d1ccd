// SPDX-License-Identifier: Apache-2.0

package record

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// get asks a handler for a path, as it stands.
func get(t testing.TB, h http.Handler, method, path string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, "/", nil)
	r.URL.Path = path
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// servedLog is a log on the real disk with checkpoints at these sizes.
func servedLog(t testing.TB, segment uint64, sizes ...uint64) (dir string, l *Log) {
	t.Helper()
	dir = t.TempDir()
	signer, _ := testKey(t)
	l, err := create(settings{disk: production().disk, segment: segment}, dir, testOrigin, signer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	for _, size := range sizes {
		if _, err := l.Append(testEntries(l.Size(), size)...); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Sign(); err != nil {
			t.Fatal(err)
		}
	}
	return dir, l
}

// A httpTiles reads a log as a stranger would: over HTTP, with tlog's reader,
// which checks each tile against the root.
type httpTiles struct {
	t testing.TB
	h http.Handler
}

func (s httpTiles) Height() int                     { return tileHeight }
func (s httpTiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (s httpTiles) ReadTiles(tiles []tlog.Tile) (data [][]byte, err error) {
	for _, tile := range tiles {
		w := get(s.t, s.h, "GET", "/tile/"+strings.TrimPrefix(tile.Path(), "tile/8/"))
		if w.Code != http.StatusOK {
			return nil, fmt.Errorf("%s: %s", tile.Path(), w.Result().Status)
		}
		data = append(data, w.Body.Bytes())
	}
	return data, nil
}

// splitBundle is the inverse of appendBundle for a bundle of exactly width entries.
func splitBundle(bundle []byte, width int) (entries [][]byte, err error) {
	for len(bundle) >= 2 && len(bundle) >= 2+int(binary.BigEndian.Uint16(bundle)) {
		n := 2 + int(binary.BigEndian.Uint16(bundle))
		entries, bundle = append(entries, bundle[2:n]), bundle[n:]
	}
	if len(entries) != width || len(bundle) > 0 {
		return nil, fmt.Errorf("%d entries and %d bytes, want %d entries", len(entries), len(bundle), width)
	}
	return entries, nil
}

// checkServed proves each entry that a handler serves.
func checkServed(t testing.TB, h http.Handler, want uint64) {
	t.Helper()
	_, verifier := testKey(t)
	c, err := ParseCheckpoint(get(t, h, "GET", "/checkpoint").Body.Bytes(), verifier)
	if err != nil || c.Size != want {
		t.Fatalf("checkpoint of %d entries, %v, want %d", c.Size, err, want)
	}
	if c.Size == 0 {
		return
	}
	hashes := tlog.TileHashReader(tlog.Tree{N: int64(c.Size), Hash: c.Root}, httpTiles{t, h})
	for n := uint64(0); n*tileWidth < c.Size; n++ {
		width := int(min(tileWidth, c.Size-n*tileWidth))
		entries, err := splitBundle(get(t, h, "GET", "/"+tilePath(entriesLevel, n, width)).Body.Bytes(), width)
		if err != nil {
			t.Fatalf("bundle %d: %v", n, err)
		}
		for i, entry := range entries {
			index := int64(n*tileWidth) + int64(i)
			if i%16 != 0 && i != width-1 {
				continue
			}
			proof, err := tlog.ProveRecord(int64(c.Size), index, hashes)
			if err == nil {
				err = tlog.CheckRecord(proof, int64(c.Size), c.Root, index, tlog.RecordHash(entry))
			}
			if err != nil || !bytes.Equal(entry, testEntry(uint64(index))) {
				t.Fatalf("entry %d of %d: %q, %v", index, c.Size, entry, err)
			}
		}
	}
}

// TestHandlerServesAProvableLog at every limit: the log ends for a client at the
// newest checkpoint that the limit allows.
func TestHandlerServesAProvableLog(t *testing.T) {
	sizes := []uint64{1, 200, 256, 300, 1024, 1100}
	for _, segment := range []uint64{tileWidth, 3 * tileWidth, segmentEntries} {
		dir, l := servedLog(t, segment, sizes...)
		_, verifier := testKey(t)
		if _, err := l.Append(testEntries(1100, 1400)...); err != nil { // Nobody signed for these.
			t.Fatal(err)
		}
		checkServed(t, Handler(dir, verifier, nil), 1100)
		for _, tt := range []struct{ limit, want uint64 }{
			{0, 0}, {1, 1}, {2, 1}, {255, 200}, {256, 256}, {299, 256}, {1023, 300}, {1099, 1024}, {1100, 1100}, {1 << 63, 1100},
		} {
			checkServed(t, Handler(dir, verifier, func() uint64 { return tt.limit }), tt.want)
		}
	}
}

// TestHandlerShowsNothingBeyondTheLimit: whatever path is asked for, what comes
// back is what a log would serve that ends at the limit's checkpoint.
func TestHandlerShowsNothingBeyondTheLimit(t *testing.T) {
	const allowed = 300
	dir, _ := servedLog(t, tileWidth, 5, 256, allowed, 900)
	end, _ := servedLog(t, segmentEntries, 5, 256, allowed)
	_, verifier := testKey(t)
	limited := Handler(dir, verifier, func() uint64 { return allowed + 50 })
	whole := Handler(end, verifier, nil)
	found := 0
	for level := entriesLevel; level <= 2; level++ {
		for n := range uint64(3) {
			for width := 1; width <= tileWidth; width++ {
				path := "/" + tilePath(level, n, width)
				got, want := get(t, limited, "GET", path), get(t, whole, "GET", path)
				if got.Code != want.Code || !bytes.Equal(got.Body.Bytes(), want.Body.Bytes()) {
					t.Fatalf("%s: %d, want %d as from a log that ends there", path, got.Code, want.Code)
				}
				if got.Code == http.StatusOK {
					found++
				}
			}
		}
	}
	if found != 2*(256+44)+1 { // Bundles and hashes, and one hash of level 1.
		t.Errorf("%d tiles are served", found)
	}
	if got, want := get(t, limited, "GET", "/checkpoint").Body.String(), get(t, whole, "GET", "/checkpoint").Body.String(); got != want {
		t.Errorf("checkpoint\n%s\nwant\n%s", got, want)
	}
}

// TestHandlerFollowsAMovingLimit: the limit goes up, as batches are released, and
// checkpoints come.
func TestHandlerFollowsAMovingLimit(t *testing.T) {
	dir, l := servedLog(t, 2*tileWidth, 10)
	_, verifier := testKey(t)
	limit := uint64(9)
	h := Handler(dir, verifier, func() uint64 { return limit })
	for _, tt := range []struct{ grow, limit, want uint64 }{
		{0, 9, 0}, {0, 10, 10}, {300, 299, 10}, {300, 300, 300}, {800, 700, 300}, {801, 800, 800}, {801, 5000, 801}, {801, 10, 10},
	} {
		if tt.grow > l.Size() {
			if _, err := l.Append(testEntries(l.Size(), tt.grow)...); err != nil {
				t.Fatal(err)
			}
			if _, err := l.Sign(); err != nil {
				t.Fatal(err)
			}
		}
		limit = tt.limit
		checkServed(t, h, tt.want)
	}
}

func TestHandlerAnswersAsTheFormatSays(t *testing.T) {
	dir, l := servedLog(t, tileWidth, 700)
	_, verifier := testKey(t)
	h := Handler(dir, verifier, nil)
	const tile, forever = "application/octet-stream", "private, max-age=31536000, immutable"
	for _, tt := range []struct {
		method, path string
		status, size int
		kind, cache  string
	}{
		{"GET", "/checkpoint", 200, len(l.Checkpoint().Note), "text/plain; charset=utf-8", "no-cache"},
		{"HEAD", "/checkpoint", 200, 0, "text/plain; charset=utf-8", "no-cache"},
		{"GET", "/tile/0/000", 200, hashTileSize, tile, forever},
		{"GET", "/tile/0/002.p/188", 200, 188 * tlog.HashSize, tile, forever},
		{"GET", "/tile/1/000.p/2", 200, 2 * tlog.HashSize, tile, forever},
		{"GET", "/tile/0/000.p/3", 200, 3 * tlog.HashSize, tile, forever}, // Older checkpoints had it.
		{"HEAD", "/tile/entries/000", 200, 0, tile, forever},
		{"GET", "/tile/entries/000.p/1", 200, 2 + len("entry 0"), tile, forever},
		{"POST", "/checkpoint", 405, -1, "", "no-store"},
		{"DELETE", "/tile/0/000", 405, -1, "", "no-store"},
		{"GET", "/tile/0/002", 404, -1, "", "no-store"},
		{"GET", "/tile/0/002.p/189", 404, -1, "", "no-store"},
		{"GET", "/tile/1/000.p/3", 404, -1, "", "no-store"},
		{"GET", "/tile/1/000", 404, -1, "", "no-store"},
		{"GET", "/tile/2/000.p/1", 404, -1, "", "no-store"},
		{"GET", "/tile/entries/003", 404, -1, "", "no-store"},
	} {
		w := get(t, h, tt.method, tt.path)
		header := w.Result().Header
		if w.Code != tt.status || tt.size >= 0 && w.Body.Len() != tt.size || tt.kind != "" && header.Get("Content-Type") != tt.kind ||
			header.Get("Cache-Control") != tt.cache || header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s %s = %d, %d bytes, %v", tt.method, tt.path, w.Code, w.Body.Len(), header)
		}
		if tt.status == 405 && header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s %s: Allow %q", tt.method, tt.path, header.Get("Allow"))
		}
	}
}

// TestHandlerServesNoOtherFile: no path leads out of the tiles, nor to a tile by
// another name than its own.
func TestHandlerServesNoOtherFile(t *testing.T) {
	dir, _ := servedLog(t, tileWidth, 700)
	if err := os.WriteFile(filepath.Join(filepath.Dir(dir), "secret"), []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, verifier := testKey(t)
	h := Handler(dir, verifier, nil)
	for _, path := range []string{
		"", "/", "checkpoint", "/checkpoint/", "//checkpoint", "/./checkpoint", "/Checkpoint", "/checkpoint\x00", "/checkpoints/700", "/checkpoints",
		"/wal-0000000000000512", "/secret", "/../secret", "/tile/../../secret", "/tile/0/../../secret", "/tile/entries/../../checkpoint",
		"/tile", "/tile/", "/tile/0", "/tile/0/", "/tile/0/0", "/tile/0/00", "/tile/0/0000", "/tile/0/000/", "/tile/00/000", "/tile/+0/000",
		"/tile/-1/000", "/tile/8/000", "/tile/64/000", "/tile/256/000", "/tile/0/x000/000", "/tile/0/x000", "/tile/0/000/000", "/tile/0/x001/x000",
		"/tile/0/000.p", "/tile/0/000.p/", "/tile/0/000.p/0", "/tile/0/000.p/01", "/tile/0/000.p/256", "/tile/0/000.p/+1", "/tile/0/000.p/1/",
		"/tile/0/000.p/1.p/1", "/tile/entries/000.p/000", "/tile/0/%30%30%30", "/tile/0/000.tmp", "/tile/0/-01", "/tile/0/0x0",
		"/tile/0/x999/x999/x999/x999/x999/x999/x999/999", "/tile/0/x72/057/594/037/927/936", "/tile/0/x072/x057/x594/x037/x927/935",
		"/tile/0/" + strings.Repeat("x000/", 100_000) + "000",
	} {
		if w := get(t, h, "GET", path); w.Code != http.StatusNotFound {
			t.Errorf("GET %.60q = %d, want 404", path, w.Code)
		}
	}
}

// TestHandlerHidesWhyItCannotServe: a damaged log is an error of the server, and
// the answer names no file of it.
func TestHandlerHidesWhyItCannotServe(t *testing.T) {
	dir, _ := servedLog(t, tileWidth, 700)
	_, verifier := testKey(t)
	h := Handler(dir, verifier, nil)
	for name, path := range map[string]string{"checkpoint": "/checkpoint", hashesName(0): "/tile/0/000.p/5", segmentName(0): "/tile/entries/000.p/5"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data[:len(data)-1], 0o600); err != nil {
			t.Fatal(err)
		}
		if w := get(t, h, "GET", path); w.Code != 500 || strings.Contains(w.Body.String(), dir) || w.Body.Len() > 30 {
			t.Errorf("GET %s = %d %q, want 500", path, w.Code, w.Body)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if w := get(t, Handler(t.TempDir(), verifier, nil), "GET", "/checkpoint"); w.Code != http.StatusNotFound {
		t.Errorf("GET /checkpoint of no log = %d, want 404", w.Code)
	}
}

// TestHandler_at_once serves many clients while the log grows.
func TestHandler_at_once(t *testing.T) {
	dir, l := servedLog(t, 2*tileWidth, 10)
	_, verifier := testKey(t)
	server := httptest.NewServer(Handler(dir, verifier, nil))
	defer server.Close()
	fetch := func(path string) ([]byte, error) {
		resp, err := http.Get(server.URL + path)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		data, err := io.ReadAll(resp.Body)
		if err == nil && resp.StatusCode != 200 {
			err = errors.New(resp.Status)
		}
		return data, err
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				note, err := fetch("/checkpoint")
				if err != nil {
					t.Error(err)
					return
				}
				c, err := ParseCheckpoint(note, verifier)
				if err != nil {
					t.Error(err)
					return
				}
				n, width := (c.Size-1)/tileWidth, int((c.Size-1)%tileWidth)+1
				data, err := fetch("/" + tilePath(entriesLevel, n, width))
				if err != nil {
					t.Error(err)
					return
				}
				if entries, err := splitBundle(data, width); err != nil || !bytes.Equal(entries[width-1], testEntry(c.Size-1)) {
					t.Errorf("the last of %d entries: %v", c.Size, err)
				}
			}
		})
	}
	for range 40 {
		if _, err := l.Append(testEntries(l.Size(), l.Size()+37)...); err != nil {
			t.Error(err)
		}
		if _, err := l.Sign(); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
}

// FuzzParseTilePath: a path that parses is the one that tilePath writes.
func FuzzParseTilePath(f *testing.F) {
	for _, path := range []string{"/tile/0/000", "/tile/entries/x001/067.p/5", "/tile/7/x001/x234/067", "/tile/0/x00/1"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		id, width, ok := parseTilePath(path)
		if ok && ("/"+tilePath(id.level, id.n, width) != path || width < 1 || width > tileWidth || id.level < entriesLevel || id.level >= levelMax) {
			t.Errorf("%q parsed as %v, %d", path, id, width)
		}
	})
}
