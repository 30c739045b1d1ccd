// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch/logkey"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/witness"
)

// Health is how a mirror is.
type Health struct {
	Origin   string    `json:"origin"`
	Size     uint64    `json:"size"`               // entries held, and co-signed if the mirror does that
	Pulled   time.Time `json:"pulled,omitzero"`    // when a pull went well last
	Frozen   bool      `json:"frozen,omitempty"`   // the source's cosignatures are too old
	Ahead    uint64    `json:"ahead,omitempty"`    // somebody showed so many entries, and they are not here
	Problem  string    `json:"problem,omitempty"`  // why the last pull did not go well
	Evidence int       `json:"evidence,omitempty"` // files that somebody has to look at
}

// note remembers what came of a pull.
func (m *Mirror) note(out Outcome, err error) {
	files, _ := Evidence(m.settings.Dir) // an error of the disk shows at the next pull
	signed := m.own == nil || m.cosigned(m.held())
	m.mu.Lock()
	defer m.mu.Unlock()
	if signed {
		m.health.Size = out.Size
	}
	m.health.Frozen, m.health.Ahead, m.health.Problem, m.health.Evidence = out.Frozen, out.Ahead, "", len(files)
	if err != nil {
		m.health.Problem = err.Error()
		return
	}
	m.health.Pulled = m.settings.Now().UTC()
}

// Health says how the mirror is.
func (m *Mirror) Health() Health {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.health
}

// served is how many entries are shown to others: those that are co-signed.
func (m *Mirror) served() uint64 { return m.Health().Size }

// Handler serves the copy, read only, to any C2SP tlog-tiles client, and
// /health as JSON, with status 503 if somebody has to look. It needs no more of
// the mirror than its folder, so it goes on when pulling has stopped.
func (m *Mirror) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", record.HandlerOn(m.disk, filepath.Join(m.settings.Dir, recordName), m.verifier, m.served))
	mux.Handle("/"+KeyName, KeyHandler(func() *logkey.Key { return m.verifier.Key().UpTo(m.served()) }))
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		h := m.Health()
		body, err := json.Marshal(h)
		if err != nil {
			refuse(w, http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if h.Problem != "" || h.Frozen || h.Evidence > 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = w.Write(append(body, '\n')) // If it fails, the client is gone.
	})
	return mux
}

// KeyHandler serves the key of a log, as Follow reads it.
func KeyHandler(key func() *logkey.Key) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = io.WriteString(w, key().String()+"\n") // If it fails, the client is gone.
	})
}

// ReportPath is where a mirror posts the checkpoint that it co-signed, below the
// address it reports to.
const ReportPath = "mirrored"

// report posts the co-signed checkpoint.
func (m *Mirror) report(ctx context.Context) error {
	held := m.held()
	if m.settings.Report == nil || m.own == nil || held.Note == nil {
		return nil
	}
	opened, err := note.Open(held.Note, note.VerifierList(m.verifier.At(held.Size), m.own))
	if err != nil {
		return fmt.Errorf("mirror: report: %w", err)
	}
	signed, err := note.Sign(&note.Note{Text: opened.Text, Sigs: opened.Sigs})
	if err != nil {
		return fmt.Errorf("mirror: report: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	return m.settings.Report.Post(ctx, ReportPath, signed)
}

// ReportHandler takes what mirrors report. take gets the log's checkpoint with
// the cosignatures of the policy's keys alone, all verified, as record.Log.Merge
// takes it. What nobody of the policy's mirrors signed is refused.
func ReportHandler(policy *witness.Policy, verifier note.Verifier, take func(signed []byte) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			refuse(w, http.StatusMethodNotAllowed)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, noteSizeMax))
		if err != nil {
			refuse(w, http.StatusBadRequest)
			return
		}
		signed, err := mirrored(policy, verifier, body)
		if err != nil {
			refuse(w, http.StatusForbidden)
			return
		}
		if err := take(signed); err != nil {
			refuse(w, http.StatusConflict)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
}

// mirrored returns the note with its verified signatures, if a mirror's is among
// them.
func mirrored(policy *witness.Policy, verifier note.Verifier, body []byte) ([]byte, error) {
	c, err := openCheckpoint(body, verifier)
	if err != nil {
		return nil, err
	}
	own, lines, err := without(c, verifier)
	if err != nil {
		return nil, err
	}
	signed, _, err := policy.Merge(own, lines)
	if err != nil {
		return nil, err
	}
	standing, err := policy.Standing(signed)
	if err == nil && len(standing.Mirrored) == 0 {
		err = fmt.Errorf("mirror: report: %w: no mirror of the policy signed it", ErrInvalid)
	}
	return signed, err
}
