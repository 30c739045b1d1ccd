// SPDX-License-Identifier: Apache-2.0

// Package trace follows one piece of work through the programs that take part in
// it: a beat from the mission to each witness, a pull from the mirror to the
// mission. Each program writes its spans into its own log, one line a span, with
// the trace's number; nobody collects them elsewhere. The number goes from one
// program to the next in the header traceparent of W3C Trace Context, level 1.
//
// A span says what kind of work it was, how long it took and whether it failed. It
// never names a source, a place or a person.
package trace

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// Header carries a trace from one program to another.
const Header = "traceparent"

// A place is where a context stands in a trace.
type place struct {
	log   *slog.Logger // nil: nothing is written
	trace string       // 32 digits
	span  string       // 16 digits; empty before the first
}

type key struct{}

// With returns a context whose spans are written to a log. Without it Begin does
// nothing, and costs next to nothing.
func With(ctx context.Context, log *slog.Logger) context.Context {
	return context.WithValue(ctx, key{}, place{log: log})
}

// From returns ctx within the trace that a header names. Of a header that is none,
// ctx is returned as it is: whoever asks may write what he likes there.
func From(ctx context.Context, header string) context.Context {
	here, on := ctx.Value(key{}).(place)
	parts := strings.Split(header, "-")
	if !on || len(parts) != 4 || parts[0] != "00" || !isID(parts[1], 32) || !isID(parts[2], 16) || len(parts[3]) != 2 {
		return ctx
	}
	return context.WithValue(ctx, key{}, place{here.log, parts[1], parts[2]})
}

// Join returns ctx within the trace and the log of another context, and with ctx's
// own end.
func Join(ctx, other context.Context) context.Context {
	if there, on := other.Value(key{}).(place); on {
		return context.WithValue(ctx, key{}, there)
	}
	return ctx
}

// isID says whether s has n lower-case hexadecimal digits, not all of them zero.
func isID(s string, n int) bool {
	return len(s) == n && strings.Trim(s, "0123456789abcdef") == "" && strings.Trim(s, "0") != ""
}

// Carry puts the trace of a context into a header.
func Carry(ctx context.Context, h http.Header) {
	if here, on := ctx.Value(key{}).(place); on && here.span != "" {
		h.Set(Header, "00-"+here.trace+"-"+here.span+"-01")
	}
}

// Begin begins a span below the one of ctx, or a trace if there is none. The
// caller calls end when the work is done, with what came of it and attributes as
// slog takes them.
func Begin(ctx context.Context, name string) (within context.Context, end func(err error, attributes ...any)) {
	here, on := ctx.Value(key{}).(place)
	if !on {
		return ctx, func(error, ...any) {}
	}
	parent := here.span
	if here.trace == "" {
		here.trace = number(16)
	}
	here.span = number(8)
	began := time.Now()
	return context.WithValue(ctx, key{}, here), func(err error, attributes ...any) {
		line := []any{"name", name, "trace", here.trace, "span", here.span}
		if parent != "" {
			line = append(line, "parent", parent)
		}
		line = append(line, "took", time.Since(began).Round(time.Microsecond))
		if err != nil {
			line = append(line, "error", err)
		}
		here.log.Info("span", append(line, attributes...)...)
	}
}

func number(bytes int) string {
	b := make([]byte, bytes)
	rand.Read(b) // It never fails.
	return hex.EncodeToString(b)
}

// Handler writes a span of each request that an http.Handler answers, within the
// trace that its header names. Without a log it is the handler itself.
func Handler(log *slog.Logger, name string, h http.Handler) http.Handler {
	if log == nil {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, end := Begin(From(With(r.Context(), log), r.Header.Get(Header)), name)
		answer := &answered{ResponseWriter: w, code: http.StatusOK}
		h.ServeHTTP(answer, r.WithContext(ctx))
		end(nil, "code", answer.code)
	})
}

// An answered remembers the status.
type answered struct {
	http.ResponseWriter
	code int
}

// WriteHeader implements http.ResponseWriter.
func (a *answered) WriteHeader(code int) {
	a.code = code
	a.ResponseWriter.WriteHeader(code)
}

// Unwrap lets http.ResponseController reach what the server gave.
func (a *answered) Unwrap() http.ResponseWriter { return a.ResponseWriter }
