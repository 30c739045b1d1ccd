// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/mirror"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/seal"
)

// ErrNotSealed says that a record must not be given to others: what stands in it
// stands there readable.
var ErrNotSealed = errors.New("mission: the record is not sealed: whoever is given it reads sources, places and texts; only sealed missions, and re-enacted ones of published data, give theirs out")

// Records answers the mirrors of parties and guarantors: /<mission>/checkpoint and
// the tiles of C2SP tlog-tiles, of each mission added, up to the checkpoint that
// was sent out last. What was recorded since then does not exist for them, so that
// they see growth only at the cadence and by the steps of its ladder.
func (s *Server) Records() (http.Handler, error) {
	mux := http.NewServeMux()
	for _, sv := range s.served {
		m := beginning(sv.dir)
		if m == nil {
			return nil, fmt.Errorf("mission: serve record: %w: %s cannot be read", ErrNoMission, sv.dir)
		}
		if g := m.state.Genesis(); g.SlotS == 0 && g.Mode != trucewatch.Reenacted {
			return nil, fmt.Errorf("%s: %w", sv.dir, ErrNotSealed)
		}
		verifier, err := logVerifier(sv.dir)
		if err != nil {
			return nil, err
		}
		one, err := s.recordOf(sv, verifier)
		if err != nil {
			return nil, err
		}
		mux.Handle("/"+sv.id+"/", http.StripPrefix("/"+sv.id, one))
	}
	return mux, nil
}

// recordOf answers for one mission. The tiles are for everybody who can reach
// the address; boxes are for holders with a token, of the classes that their line
// names.
func (s *Server) recordOf(sv *served, verifier note.Verifier) (http.Handler, error) {
	folder := filepath.Join(sv.dir, "record")
	mux := http.NewServeMux()
	mux.Handle("/", record.Handler(folder, verifier, sv.sent.Load))
	if len(s.Holders) == 0 {
		return mux, nil
	}
	store, err := seal.ReadStore(durable.OS{}, filepath.Join(sv.dir, boxesDir, "packs"))
	if err != nil {
		return nil, fmt.Errorf("mission: serve boxes: %w", err)
	}
	for _, class := range seal.Classes() {
		boxes := mirror.BoxesHandler(store, class, mirror.NamedIn(folder, verifier, class), nil, sv.sent.Load)
		fresh := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := store.Refresh(); err != nil {
				sv.log.Error("boxes cannot be given out", "mission", sv.id, "error", err)
				http.Error(w, "boxes cannot be read", http.StatusInternalServerError)
				return
			}
			boxes.ServeHTTP(w, r)
		})
		mux.Handle("/"+mirror.BoxesPath+class, s.Holders.Guard(class, fresh))
	}
	return mux, nil
}

// sentFile holds the size of the checkpoint that was sent out last.
const sentFile = "sent"

// keepSent remembers, before a checkpoint is sent out, that it was: after a
// restart a smaller one would look to mirrors like a rollback.
func keepSent(dir string, size uint64) error {
	if err := durable.WriteFile(durable.OS{}, filepath.Join(dir, sentFile), strconv.AppendUint(nil, size, 10)); err != nil {
		return fmt.Errorf("mission: keep what was sent: %w", err)
	}
	return nil
}

// lastSent is the size of the checkpoint that was sent out last, 0 if none was.
func lastSent(dir string) (uint64, error) {
	text, err := os.ReadFile(filepath.Join(dir, sentFile))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("mission: read what was sent: %w", err)
	}
	size, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("mission: %s: %w", sentFile, err)
	}
	return size, nil
}
