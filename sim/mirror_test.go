// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/trucewatch/trucewatch/internal/durable/durabletest"
	"github.com/trucewatch/trucewatch/logkey"
	"github.com/trucewatch/trucewatch/mirror"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/witness"
)

// A holder copies the log: a party, that takes what the log signed, or a guarantor,
// that takes what others vouch for. It runs the production mirror on a disk of its
// own, which fails, is killed, and loses power.
type holder struct {
	name   string
	tier   witness.Tier
	disk   *durabletest.Disk
	m      *mirror.Mirror
	held   record.Checkpoint // the last that it said it has
	policy *witness.Policy
	// old is the mission's disk as it was in the beginning, with oldSize entries.
	old     *durabletest.Disk
	oldSize uint64
	// forked are the sizes of which it was shown two histories: it goes on saying so.
	forked map[uint64]bool
	source shows
}

// shows is what a holder's source does to one pull. Which answer it spoils is known
// by its path: many are asked for at once.
type shows struct {
	w     *world
	disk  *durabletest.Disk // the mission's, or an old one
	spoil string            // beginning of the paths that are spoilt
	how   string            // cut off, garbled, or another history
	fork  []byte            // the checkpoint of another history, or the log's key of a forged handover
}

// String implements mirror.Source.
func (s *shows) String() string { return "the mission" }

// Fetch implements mirror.Source.
func (s *shows) Fetch(_ context.Context, path string, limit int64) ([]byte, error) {
	spoilt := s.spoil != "" && strings.HasPrefix(path, s.spoil)
	if spoilt {
		happened.add("mirror: source " + s.how)
	}
	switch {
	case spoilt && s.how == "cut off":
		return nil, mirror.ErrUnavailable
	case spoilt && s.fork != nil:
		return s.fork, nil
	}
	answer := httptest.NewRecorder()
	s.serve(path).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/"+path, nil))
	data := bytes.Clone(answer.Body.Bytes())
	switch {
	case answer.Code == http.StatusNotFound:
		return nil, mirror.ErrNotFound
	case answer.Code != http.StatusOK || int64(len(data)) > limit:
		return nil, mirror.ErrTampered
	case spoilt && len(data) > 0:
		data[len(data)/2] ^= 1
	}
	return data, nil
}

// serve is what the mission answers a path with: its record, and beside it the
// log's key as that record knows it.
func (s *shows) serve(path string) http.Handler {
	if path != mirror.KeyName {
		return record.HandlerOn(s.disk, "/m/record", s.w.verifier, nil)
	}
	return mirror.KeyHandler(func() *logkey.Key {
		c, err := record.ReadCheckpointOn(s.disk, "/m/record", s.w.verifier)
		if err != nil {
			return s.w.verifier.UpTo(0)
		}
		return s.w.verifier.UpTo(c.Size)
	})
}

// beginMirrors has a party and a guarantor begin to copy the log.
func (w *world) beginMirrors() {
	policy, err := w.m.WitnessPolicy()
	w.must(err)
	for _, h := range []*holder{{name: "party-a", tier: 0}, {name: "north", tier: witness.Provisional}} {
		h.disk, h.policy, h.old, h.oldSize = durabletest.New("/"), policy, w.sound(), w.account.size
		h.forked = map[uint64]bool{}
		w.openMirror(h)
		w.mirrors = append(w.mirrors, h)
	}
}

// openMirror starts the mirror's process on what its disk holds.
func (w *world) openMirror(h *holder) {
	w.t.Helper()
	var err error
	h.m, err = mirror.Open(mirror.Settings{Disk: h.disk, Dir: "/copy", LogKey: w.net.logKey, Source: &h.source, Policy: h.policy, Tier: h.tier})
	if err != nil {
		w.fail("I1", "the mirror of %s does not open: %v", h.name, err)
	}
}

// pull has the mirrors pull, from a source and on a disk that may fail.
func (w *world) pull() error {
	for _, h := range w.mirrors {
		h.source = shows{w: w, disk: w.sound()}
		switch w.random.IntN(10) {
		case 0, 1:
			h.source.spoil = []string{"checkpoint", "tile/0", "tile/entries", mirror.KeyName}[w.random.IntN(4)]
			h.source.how = []string{"cut off", "garbled"}[w.random.IntN(2)]
		case 2:
			if h.oldSize < h.held.Size {
				h.source.disk, h.source.how = h.old, "shows an old state"
			}
		case 3:
			if h.held.Size > 1 {
				h.source.spoil, h.source.how, h.source.fork = "checkpoint", "shows another history", w.otherRoot(h.held.Size)
				h.forked[h.held.Size] = true
			}
		case 4:
			h.source.spoil, h.source.how, h.source.fork = mirror.KeyName, "shows a forged handover", []byte(w.forgedKey()+"\n")
		case 5, 6, 7:
			if other := w.otherHandover(h.held.Size); other != "" {
				h.source.spoil, h.source.how, h.source.fork = mirror.KeyName, "shows another handover", []byte(other+"\n")
			}
		}
		if w.random.IntN(3) == 0 {
			failure := []durabletest.Failure{durabletest.NotDone, durabletest.HalfDone, durabletest.Done}[w.random.IntN(3)]
			h.disk.FailAt(h.disk.Made()+w.random.IntN(60), failure, syscall.EIO, w.random.IntN(2) == 0)
		}
		w.pullOne(h)
	}
	return nil
}

// otherRoot is a checkpoint of that size and of another history, signed by the log.
func (w *world) otherRoot(size uint64) []byte {
	signed, err := note.Sign(&note.Note{Text: fmt.Sprintf("%s\n%d\n%s\n", w.verifier.Name(), size, tlog.Hash{3})}, w.secretOf(size))
	w.must(err)
	return signed
}

func (w *world) pullOne(h *holder) {
	w.t.Helper()
	failures := h.disk.Failed()
	out, err := h.m.Pull(context.Background())
	failed := h.disk.Failed() > failures
	switch {
	case failed:
		happened.add("mirror: its disk failed")
	case h.source.how == "shows another history" && !errors.Is(err, mirror.ErrSplitView):
		w.fail("I6", "the mirror of %s was shown two histories of %d entries: %v", h.name, h.held.Size, err)
	case h.source.how == "shows an old state":
		// It may have noted a forged one of that size just before its disk failed.
		forged := errors.Is(err, mirror.ErrSplitView) && h.forked[out.Shown]
		if !errors.Is(err, mirror.ErrRolledBack) && !errors.Is(err, mirror.ErrTier) && !forged {
			w.fail("I2", "the mirror of %s was shown an old state: %v", h.name, err)
		}
		happened.add("mirror: source shows an old state")
	case h.source.how == "shows a forged handover" && !errors.Is(err, mirror.ErrTampered):
		w.fail("I6", "the mirror of %s was shown a handover that the log's key did not sign: %v", h.name, err)
	case h.source.how == "shows another handover" && !errors.Is(err, mirror.ErrOtherKey):
		w.fail("I6", "the mirror of %s was shown two handovers of one key: %v", h.name, err)
	case errors.Is(err, mirror.ErrSplitView) && h.forked[out.Shown]:
	case h.source.how == "" && err != nil && !errors.Is(err, mirror.ErrTier):
		w.fail("I7", "the mirror of %s cannot pull: %v", h.name, err)
	}
	h.disk.FailAt(-1, "", nil, false)
	if !failed { // else it may have nothing open any more
		w.checkMirror(h)
	}
	if failed || w.random.IntN(8) == 0 {
		if w.random.IntN(2) == 0 {
			h.disk.Crash(durabletest.Kill)
			happened.add("mirror: kill")
		} else {
			h.disk.CutPower(w.random)
			happened.add("mirror: power cut")
		}
		w.openMirror(h)
		w.checkMirror(h)
	}
	w.note("mirror %s %d", h.name, h.held.Size)
}

// checkMirror: what a mirror holds is the log, and no less than before.
func (w *world) checkMirror(h *holder) {
	w.t.Helper()
	now := h.m.Checkpoint()
	if now.Size < h.held.Size {
		w.fail("I1", "the mirror of %s had %d entries, and has %d", h.name, h.held.Size, now.Size)
	}
	h.held = now
	r, err := record.OpenReaderOn(w.sound(), "/m/record", w.verifier)
	w.must(err)
	defer r.Close()
	if root, err := r.RootAt(now.Size); err != nil || now.Size > 0 && root != now.Root {
		w.fail("I6", "the mirror of %s took another history of %d entries: %v", h.name, now.Size, err)
	}
}

// landMirrors: without faults the copies are whole.
func (w *world) landMirrors() {
	w.t.Helper()
	for _, h := range w.mirrors {
		h.source = shows{w: w, disk: w.sound()}
		w.pullOne(h)
		if h.held.Size != w.account.size {
			w.fail("I7", "the mirror of %s has %d of %d entries", h.name, h.held.Size, w.account.size)
		}
	}
}
