// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"context"
	"errors"
	"net/http"
	"time"

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
			turn := sv.door.Take(time.Now())
			if turn.Requests() == 0 {
				break
			}
			sv.enter(ctx, turn)
		}
		sv.recordShedding(time.Now(), false)
	}
}

// enter records a turn. While another program holds the log, as an import does,
// it waits as long as anybody waits.
func (sv *served) enter(ctx context.Context, turn *Turn) {
	until := time.Now().Add(sv.door.limits.Queue.Wait)
	ctx, end := sv.begin(ctx, "take in")
	sv.mu.Lock()
	defer sv.mu.Unlock()
	err := sv.door.Write(sv.keeper.m, turn)
	defer func() { end(err, "requests", turn.Requests()) }()
	for errors.Is(err, record.ErrLocked) && time.Now().Before(until) && ctx.Err() == nil {
		sv.mu.Unlock()
		sv.pause(ctx)
		sv.mu.Lock()
		err = sv.door.Write(sv.keeper.m, turn)
	}
	sv.door.Tell(turn, err)
	sv.trouble.write(err)
	if err != nil {
		sv.log.Error("what was submitted is not recorded: its senders keep it", "mission", sv.id, "requests", turn.Requests(), "error", err)
		return
	}
	sv.door.Learn(sv.keeper.m)
}

// recordShedding enters what was refused in an overload that is over, or that the
// end of the service cuts off.
func (sv *served) recordShedding(now time.Time, last bool) {
	since, till := sv.door.Overload()
	if since.IsZero() || !last && !sv.door.Over(now) {
		return
	}
	sv.mu.Lock()
	defer sv.mu.Unlock()
	bodies, err := sv.door.RecordShedding(sv.keeper.m, now)
	if err != nil {
		sv.log.Error("that rows were refused is not recorded yet", "mission", sv.id, "error", err)
		return
	}
	sv.log.Warn("overload is over", "mission", sv.id, "since", since.UTC(), "till", till.UTC(), "bodies", bodies)
}
