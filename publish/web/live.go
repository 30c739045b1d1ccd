// SPDX-License-Identifier: Apache-2.0

package web

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// heartbeat is how often a quiet stream says that it is still there. Guess:
// below the 30 to 60 seconds after which common proxies cut a silent line.
const heartbeat = 20 * time.Second

// live sends how many entries the record holds, whenever it grows. The event's
// id is that number, so that a reader who was cut off goes on from there. It
// carries nothing else: what is new is on the pages, for that audience.
func (s *site) live(w http.ResponseWriter, r *http.Request) {
	m, ok := s.find(r.PathValue("mission"))
	if !ok || m.Live == nil {
		s.fail(w, r, http.StatusNotFound, "This record does not grow here.")
		return
	}
	last := r.Header.Get("Last-Event-ID")
	if last == "" {
		last = r.URL.Query().Get("after")
	}
	after, err := strconv.ParseUint(last, 10, 64)
	if err != nil && last != "" {
		s.fail(w, r, http.StatusBadRequest, "The last event is a number of entries.")
		return
	}
	sizes, cancel := m.Live.Subscribe(after)
	defer cancel()
	out := http.NewResponseController(w)
	_ = out.SetWriteDeadline(time.Time{}) // a stream outlives the server's limit for pages; a writer without deadlines needs none
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no")
	if _, err := fmt.Fprint(w, "retry: 5000\n\n"); err != nil || out.Flush() != nil {
		return
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case size, open := <-sizes:
			if !open {
				return
			}
			_, err = fmt.Fprintf(w, "id: %d\ndata: %d\n\n", size, size)
		case <-beat.C:
			_, err = fmt.Fprint(w, ": still here\n\n")
		}
		if err != nil || out.Flush() != nil {
			return
		}
	}
}
