// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/internal/admission"
	"github.com/trucewatch/trucewatch/record"
)

// doorConnections bounds the connections at the door. Guess: a source keeps one
// open; the kernel keeps the rest waiting. Test: TestStarvedProgramLosesNothing.
const doorConnections = 512

// intake answers POST /MISSION/submissions.
func (s *Server) intake() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{mission}/submissions", func(w http.ResponseWriter, r *http.Request) {
		for _, sv := range s.served {
			if sv.id != r.PathValue("mission") {
				continue
			}
			if sv.door.known.Load() == nil {
				reply(w, answer{Refused: "the mission is being opened", Again: 5, status: http.StatusServiceUnavailable})
				return
			}
			sv.door.ServeHTTP(w, r)
			return
		}
		http.NotFound(w, r)
	})
	return mux
}

// takeIn records what waits at the door, and what was refused when that is over.
func (sv *served) takeIn(ctx context.Context) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			sv.recordShedding(time.Now(), true)
			return
		case <-sv.door.came:
		case <-tick.C:
		}
		for ctx.Err() == nil {
			items := sv.door.take(time.Now())
			if len(items) == 0 {
				break
			}
			sv.enter(ctx, items)
		}
		sv.recordShedding(time.Now(), false)
	}
}

// enter records items. While another program holds the log, as an import does,
// they wait as long as anybody waits.
func (sv *served) enter(ctx context.Context, items []admission.Item[*request]) {
	until := time.Now().Add(sv.door.limits.Queue.Wait)
	ctx, end := sv.begin(ctx, "take in")
	sv.mu.Lock()
	defer sv.mu.Unlock()
	answers, err := sv.door.write(sv.keeper.m, items)
	defer func() { end(err, "requests", len(items)) }()
	for errors.Is(err, record.ErrLocked) && time.Now().Before(until) && ctx.Err() == nil {
		sv.mu.Unlock()
		sv.pause(ctx)
		sv.mu.Lock()
		answers, err = sv.door.write(sv.keeper.m, items)
	}
	sv.door.tell(items, answers, err)
	sv.trouble.write(err)
	if err != nil {
		sv.log.Error("what was submitted is not recorded: its senders keep it", "mission", sv.id, "requests", len(items), "error", err)
		return
	}
	sv.door.learn(sv.keeper.m)
}

// recordShedding enters what was refused in an overload that is over, so that its
// silence is not taken for peace.
func (sv *served) recordShedding(now time.Time, last bool) {
	d := sv.door
	d.mu.Lock()
	if !d.shed.over(now, d.limits.Settle) && !(last && !d.shed.since.IsZero()) {
		d.mu.Unlock()
		return
	}
	s := d.shed
	d.shed = newShedding()
	d.mu.Unlock()
	sv.mu.Lock()
	defer sv.mu.Unlock()
	m := sv.keeper.m
	recorded := func(body trucewatch.Hash) bool { _, ok := m.submitted[body]; return ok }
	err := m.Write(func(w *Writer) error {
		var refused error
		for _, r := range s.reports(recorded, w.Stamp()) {
			_, err := w.Enter(nil, trucewatch.Payload{Coverage: r})
			if refused = errors.Join(refused, err); err != nil && !errors.Is(err, ErrRefused) {
				return err
			}
		}
		return refused
	})
	if err == nil {
		sv.log.Warn("overload is over", "mission", sv.id, "since", s.since.UTC(), "till", s.last.UTC(), "bodies", len(s.bodies))
		return
	}
	sv.log.Error("that rows were refused is not recorded yet", "mission", sv.id, "error", err)
	d.mu.Lock()
	for body, u := range d.shed.bodies {
		s.bodies[body] = u
	}
	s.last = now
	d.shed = s
	d.mu.Unlock()
}
