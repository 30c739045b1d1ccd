// SPDX-License-Identifier: Apache-2.0

package witness

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trucewatch/trucewatch/internal/trace"
)

type span struct{ Name, Trace, Span, Parent, Organisation string }

func spansOf(t *testing.T, b *bytes.Buffer) (all []span) {
	t.Helper()
	for d := json.NewDecoder(b); d.More(); {
		var s span
		if err := d.Decode(&s); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

// TestBeatIsFollowedIntoTheWitness: what a witness writes of a request stands in
// the trace of the beat that asked, below the asking of its organisation.
func TestBeatIsFollowedIntoTheWitness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		var asked, answered bytes.Buffer
		s.net.set("g-1", trace.Handler(slog.New(slog.NewJSONHandler(&answered, nil)), "witness", s.handlers["g-1"]), time.Millisecond)
		g := s.gatherer(nil)
		ctx, end := trace.Begin(trace.With(t.Context(), slog.New(slog.NewJSONHandler(&asked, nil))), "beat")
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		if _, _, err := g.Gather(ctx, s.log.signed(), Final); err != nil {
			t.Fatal(err)
		}
		end(nil)
		time.Sleep(time.Second) // The last guarantor is not waited for.
		synctest.Wait()
		g.Close()
		spans := spansOf(t, &asked)
		other := spansOf(t, &answered)
		if len(spans) != 1+len(s.policy.organisations) || len(other) == 0 {
			t.Fatalf("%+v %+v", spans, other)
		}
		for _, one := range spans {
			if one.Trace != other[0].Trace {
				t.Errorf("%+v is of another trace than %+v", one, other[0])
			}
			if one.Organisation == "g-1" && other[0].Parent != one.Span {
				t.Errorf("%+v is not below %+v", other[0], one)
			}
		}
	})
}
