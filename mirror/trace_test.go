// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"sync"
	"testing"

	"github.com/trucewatch/trucewatch/internal/trace"
)

// TestPullIsFollowedIntoTheSource: what the source writes of the requests of a pull
// stands in the trace of that pull, and so do its steps.
func TestPullIsFollowedIntoTheSource(t *testing.T) {
	l := newTestLog(t)
	l.grow(300, "")
	var asked, answered bytes.Buffer
	var mu sync.Mutex // the source answers several at once
	source := l.serve(func(h http.Handler) http.Handler {
		return trace.Handler(slog.New(slog.NewJSONHandler(locked{&mu, &answered}, nil)), "give record", h)
	})
	pull(t, openMirror(t, Settings{Source: source, Spans: slog.New(slog.NewJSONHandler(&asked, nil))}))
	type span struct{ Name, Trace string }
	traces, names := map[string]bool{}, map[string]int{}
	mu.Lock()
	defer mu.Unlock()
	for _, b := range []*bytes.Buffer{&asked, &answered} {
		for d := json.NewDecoder(b); d.More(); {
			var s span
			if err := d.Decode(&s); err != nil {
				t.Fatal(err)
			}
			traces[s.Trace] = true
			names[s.Name]++
		}
	}
	if len(traces) != 1 || names["pull"] != 1 || names["take"] != 1 || names["ask mirrors"] != 1 || names["give record"] < 2 {
		t.Errorf("%d traces, %v", len(traces), names)
	}
}

type locked struct {
	mu *sync.Mutex
	to *bytes.Buffer
}

func (l locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.to.Write(b)
}
