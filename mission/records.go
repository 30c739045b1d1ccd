// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/logkey"
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
		verifier, err := onDisk(sv.dir).followKey()
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
func (s *Server) recordOf(sv *served, verifier followedKey) (http.Handler, error) {
	folder := filepath.Join(sv.dir, "record")
	mux := http.NewServeMux()
	mux.Handle("/", record.Handler(folder, verifier, sv.sent.Load))
	mux.Handle("/"+mirror.KeyName, mirror.KeyHandler(func() *logkey.Key {
		verifier.At(0) // reads it
		return verifier.Key().UpTo(sv.sent.Load())
	}))
	mux.HandleFunc("/"+mirror.ReportPath, func(w http.ResponseWriter, r *http.Request) {
		sv.listMu.Lock()
		c := sv.cosigner
		sv.listMu.Unlock()
		if c == nil {
			http.NotFound(w, r) // nobody's mirror is known
			return
		}
		mirror.ReportHandler(c.holds, verifier, c.keep).ServeHTTP(w, r)
	})
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
		mux.Handle("/"+EpochsPath+class+"/", s.Holders.Guard(class, http.HandlerFunc(sv.epochKey)))
	}
	mux.Handle("/"+BlobsPath, s.Holders.Guard(seal.MissionClass, http.HandlerFunc(sv.blob)))
	return mux, nil
}

// Where holders are given what a replay needs beside entries and boxes.
const (
	BlobsPath  = "blobs/"  // <hash>: agreements and place names
	EpochsPath = "epochs/" // <class>/<epoch>: the key of a month's boxes, encrypted to the roles that may open it; with .pub its recipient
)

// blob answers with a blob.
func (sv *served) blob(w http.ResponseWriter, r *http.Request) {
	var hash trucewatch.Hash
	if err := hash.UnmarshalText([]byte(strings.TrimPrefix(r.URL.Path, "/"+BlobsPath))); err != nil {
		http.NotFound(w, r)
		return
	}
	data, err := onDisk(sv.dir).Blob(hash)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	give(w, data)
}

// epochKey answers with the wrapped key of a month, or with its recipient, to
// which boxes are sealed.
func (sv *served) epochKey(w http.ResponseWriter, r *http.Request) {
	class, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"+EpochsPath), "/")
	number, public := strings.CutSuffix(name, ".pub")
	epoch, err := strconv.ParseUint(number, 10, 32)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	suffix := ".age"
	if public {
		suffix = ".pub"
	}
	data, err := os.ReadFile(filepath.Join(sv.dir, boxesDir, class, fmt.Sprintf("epoch-%d%s", epoch, suffix)))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	give(w, data)
}

func give(w http.ResponseWriter, data []byte) {
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Write(data) // who is gone asks again
}

// sentFile holds the size of the checkpoint that was sent out last.
const sentFile = "sent"

// keepSent remembers, before a checkpoint is sent out, that it was: after a
// restart a smaller one would look to mirrors like a rollback.
func (p place) keepSent(size uint64) error {
	if err := durable.WriteFile(p.disk, filepath.Join(p.dir, sentFile), strconv.AppendUint(nil, size, 10)); err != nil {
		return fmt.Errorf("mission: keep what was sent: %w", err)
	}
	return nil
}

// lastSent is the size of the checkpoint that was sent out last, 0 if none was.
func (p place) lastSent() (uint64, error) {
	text, err := p.disk.ReadFile(filepath.Join(p.dir, sentFile), keyFileMaxBytes)
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
