// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
)

type line struct{ Msg, Name, Trace, Span, Parent, Error string }

func linesOf(t *testing.T, b *bytes.Buffer) (all []line) {
	t.Helper()
	for d := json.NewDecoder(b); d.More(); {
		var l line
		if err := d.Decode(&l); err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
	}
	return all
}

// TestOneTraceThroughTwoPrograms: a request carries the trace to another program,
// whose span names the asker's as its parent.
func TestOneTraceThroughTwoPrograms(t *testing.T) {
	var asker, asked bytes.Buffer
	server := httptest.NewServer(Handler(slog.New(slog.NewJSONHandler(&asked, nil)), "add-checkpoint", http.NotFoundHandler()))
	ctx, end := Begin(With(context.Background(), slog.New(slog.NewJSONHandler(&asker, nil))), "beat")
	inner, endInner := Begin(ctx, "ask")
	r, err := http.NewRequestWithContext(inner, "GET", server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	Carry(inner, r.Header)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	endInner(errors.New("refused"))
	end(nil)
	server.Close() // waits for the other's span
	a, b := linesOf(t, &asker), linesOf(t, &asked)
	if len(a) != 2 || len(b) != 1 {
		t.Fatalf("%+v %+v", a, b)
	}
	ask, beat, other := a[0], a[1], b[0]
	if beat.Parent != "" || ask.Parent != beat.Span || other.Parent != ask.Span || ask.Trace != beat.Trace || other.Trace != ask.Trace || ask.Error != "refused" {
		t.Errorf("%+v %+v %+v", beat, ask, other)
	}
}

// TestForeignHeadersAreNoTrace: what is no header of W3C Trace Context begins a
// trace of our own, and nothing of it is written.
func TestForeignHeadersAreNoTrace(t *testing.T) {
	const trace, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	for header, taken := range map[string]bool{
		"00-" + trace + "-" + span + "-01":        true,
		"":                                        false,
		"00-" + trace + "-" + span:                false,
		"ff-" + trace + "-" + span + "-01":        false,
		"00-" + trace + "-0000000000000000-01":    false,
		"00-" + trace[:31] + "\n-" + span + "-01": false,
		"00-" + trace[:31] + "G-" + span + "-01":  false,
	} {
		var out bytes.Buffer
		_, end := Begin(From(With(context.Background(), slog.New(slog.NewJSONHandler(&out, nil))), header), "x")
		end(nil)
		l := linesOf(t, &out)[0]
		if (l.Trace == trace && l.Parent == span) != taken || !isID(l.Trace, 32) || !isID(l.Span, 16) || !taken && l.Parent != "" {
			t.Errorf("%q: %+v", header, l)
		}
	}
}

// TestWithoutALogNothingIsTraced: no header, no handler, no span.
func TestWithoutALogNothingIsTraced(t *testing.T) {
	ctx, end := Begin(From(context.Background(), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), "x")
	end(nil)
	h := http.Header{}
	if Carry(ctx, h); len(h) != 0 {
		t.Errorf("%v", h)
	}
}
