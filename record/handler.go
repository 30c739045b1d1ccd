// SPDX-License-Identifier: Apache-2.0

package record

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch/internal/durable"
)

// Handler serves the log in dir, read only, to any C2SP tlog-tiles client:
// /checkpoint, /tile/<L>/<N>[.p/<W>] and /tile/entries/<N>[.p/<W>].
//
// limit, if it is not nil, is asked at each request how many entries may be
// shown. Then the checkpoint is the newest one kept that is not larger, and
// nothing beyond it is served: for a client the log ends there. If no checkpoint
// is small enough, nothing is. A nil limit serves the last checkpoint. Entries
// that no checkpoint signs for are never served.
//
// Handler asks nobody who he is. It may stand behind something that does, so it
// lets no shared cache keep what it serves; it does not compress.
//
// Source: C2SP tlog-tiles.
func Handler(dir string, verifier note.Verifier, limit func() uint64) http.Handler {
	return HandlerOn(durable.OS{}, dir, verifier, limit)
}

// HandlerOn is Handler on a disk.
func HandlerOn(disk durable.Disk, dir string, verifier note.Verifier, limit func() uint64) http.Handler {
	return &handler{disk: disk, dir: dir, verifier: verifier, limit: limit}
}

type handler struct {
	disk     durable.Disk
	dir      string
	verifier note.Verifier
	limit    func() uint64

	mu sync.RWMutex
	// reader is as old as the checkpoints allow, since opening one hashes the live
	// segment; guarded by mu.
	reader *Reader
	// found is the newest checkpoint kept that is not larger than foundLimit,
	// which does not change once a larger one was signed; guarded by mu.
	found, foundLimit uint64
	searched          bool
}

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		h.refuse(w, http.StatusMethodNotAllowed)
		return
	}
	data, err := h.content(r.URL.Path)
	switch {
	case errors.Is(err, ErrNotFound), errors.Is(err, ErrInvalid):
		h.refuse(w, http.StatusNotFound)
		return
	case err != nil:
		// The error names files; whoever runs the log sees it with Verify.
		h.refuse(w, http.StatusInternalServerError)
		return
	}
	kind, cache := "application/octet-stream", "private, max-age=31536000, immutable"
	if r.URL.Path == "/"+checkpointName {
		kind, cache = "text/plain; charset=utf-8", "no-cache"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", cache)
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	if r.Method == http.MethodGet {
		// If it fails, the client is gone, and sees that the length is wrong.
		_, _ = w.Write(data)
	}
}

// refuse answers with a status that must not be remembered: what is not there
// may come.
func (h *handler) refuse(w http.ResponseWriter, status int) {
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, strings.ToLower(http.StatusText(status)), status)
}

// content is what a path leads to. No part of a path becomes a file name.
func (h *handler) content(path string) ([]byte, error) {
	id, width, isTile := parseTilePath(path)
	if path != "/"+checkpointName && !isTile {
		return nil, ErrNotFound
	}
	c, err := h.checkpoint()
	if err != nil {
		return nil, err
	}
	if !isTile {
		return c.Note, nil
	}
	// How many hashes, or entries, the tile's level has at this checkpoint.
	level := max(id.level, 0)
	if have := c.Size >> (tileHeight * level); have < id.n*tileWidth+uint64(width) {
		return nil, ErrNotFound
	}
	return h.tile(id, width, c.Size)
}

// parseTilePath is the inverse of tilePath, with a slash before it. A path that
// is not in its one form is none.
func parseTilePath(path string) (id tileID, width int, ok bool) {
	rest, ok := strings.CutPrefix(path, "/tile/")
	if !ok {
		return tileID{}, 0, false
	}
	word, rest, _ := strings.Cut(rest, "/")
	id.level = entriesLevel
	if word != "entries" {
		level, err := strconv.ParseUint(word, 10, 8)
		if err != nil || level >= levelMax {
			return tileID{}, 0, false
		}
		id.level = int(level)
	}
	digits, word, partial := strings.Cut(rest, ".p/")
	width = tileWidth
	if partial {
		w, err := strconv.ParseUint(word, 10, 8)
		if err != nil || w == 0 {
			return tileID{}, 0, false
		}
		width = int(w)
	}
	// 54 bits: no log reaches more tiles, and the index of an entry does not overflow.
	n, err := strconv.ParseUint(strings.NewReplacer("x", "", "/", "").Replace(digits), 10, 54)
	id.n = n
	// The test that counts: whatever the lines above let pass, there is one form.
	return id, width, err == nil && "/"+tilePath(id.level, id.n, width) == path
}

// checkpoint is the one that is served.
func (h *handler) checkpoint() (Checkpoint, error) {
	last, err := readCheckpoint(h.disk, h.dir, checkpointName, h.verifier)
	if err != nil || h.limit == nil {
		return last, err
	}
	limit := h.limit()
	if last.Size <= limit {
		return last, nil
	}
	size, err := h.newestKept(limit)
	if err != nil {
		return Checkpoint{}, err
	}
	c, err := readCheckpoint(h.disk, h.dir, keptName(size), h.verifier)
	if err == nil && (c.Size != size || c.Origin != last.Origin) {
		return Checkpoint{}, fmt.Errorf("record: %s: %w: is another checkpoint", keptName(size), ErrCorrupt)
	}
	return c, err
}

// newestKept is the size of the newest checkpoint kept that is not larger than
// limit, where a larger one was signed.
func (h *handler) newestKept(limit uint64) (uint64, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.searched && h.foundLimit == limit {
		return h.found, nil
	}
	sizes, err := keptSizes(h.disk, h.dir)
	if err != nil {
		return 0, fmt.Errorf("record: %w", err)
	}
	for i := len(sizes) - 1; i >= 0; i-- {
		if sizes[i] <= limit {
			h.found, h.foundLimit, h.searched = sizes[i], limit, true
			return sizes[i], nil
		}
	}
	return 0, fmt.Errorf("record: %w: no checkpoint of at most %d entries", ErrNotFound, limit)
}

// tile is the content of a tile that a log of that size has.
func (h *handler) tile(id tileID, width int, size uint64) ([]byte, error) {
	h.mu.RLock()
	if h.reader != nil && h.reader.Size() >= size {
		defer h.mu.RUnlock()
		return h.reader.contents.tile(id, width)
	}
	h.mu.RUnlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.reader == nil || h.reader.Size() < size { // Nobody else was faster.
		r, err := openReader(h.disk, h.dir, h.verifier)
		if err != nil {
			return nil, err
		}
		if h.reader != nil {
			h.reader.Close() // Read only: nothing can be lost.
		}
		h.reader = r
	}
	return h.reader.contents.tile(id, width)
}
