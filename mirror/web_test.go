// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestRedirectIsNotFollowed(t *testing.T) {
	var reached atomic.Bool
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	t.Cleanup(target.Close)
	w := serve(t, http.RedirectHandler(target.URL, http.StatusMovedPermanently))
	if _, err := w.Fetch(t.Context(), "checkpoint", 100); !errors.Is(err, ErrUnavailable) || reached.Load() {
		t.Errorf("error %v, followed %v", err, reached.Load())
	}
}

func TestSourceIsAskedAgain(t *testing.T) {
	for name, test := range map[string]struct {
		fail func(w http.ResponseWriter)
		want int // requests until it gives up
	}{
		"busy":         {func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) }, triesMax},
		"too many":     {func(w http.ResponseWriter) { w.Header().Set("Retry-After", "7"); w.WriteHeader(429) }, triesMax},
		"cut off":      {func(w http.ResponseWriter) { w.Header().Set("Content-Length", "100"); _, _ = w.Write([]byte("x")) }, triesMax},
		"broken":       {func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, triesMax},
		"not there":    {func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotFound) }, 1},
		"not allowed":  {func(w http.ResponseWriter) { w.WriteHeader(http.StatusForbidden) }, 1},
		"endless":      {func(w http.ResponseWriter) { _, _ = w.Write(make([]byte, 4000)) }, 1},
		"server error": {func(w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int64
			w := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { asked.Add(1); test.fail(w) }))
			if _, err := w.Fetch(t.Context(), "checkpoint", 100); err == nil || int(asked.Load()) != test.want {
				t.Errorf("asked %d times, want %d; error %v", asked.Load(), test.want, err)
			}
		})
	}
	t.Run("well at last", func(t *testing.T) {
		asked := 0
		w := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if asked++; asked < triesMax {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			_, _ = w.Write([]byte("here"))
		}))
		var waits []time.Duration
		w.wait = func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
		if data, err := w.Fetch(t.Context(), "checkpoint", 100); err != nil || string(data) != "here" {
			t.Fatalf("%q, %v", data, err)
		}
		if len(waits) != 3 || waits[0] != firstWait || waits[2] != 4*firstWait {
			t.Errorf("waits %v, want them to double", waits)
		}
	})
}

func TestProxyOfTheEnvironmentIsNotUsed(t *testing.T) {
	w := source(t, "http://log.example", "")
	if transport, ok := w.client.Transport.(*http.Transport); !ok || transport.Proxy != nil {
		t.Error("a proxy may be asked")
	}
}

func TestTokenIsNotSentOverPlainHTTP(t *testing.T) {
	if _, err := NewWebSource("http://log.example", "secret"); !errors.Is(err, ErrInvalid) {
		t.Errorf("error %v", err)
	}
	for _, address := range []string{"https://log.example", "http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost"} {
		if _, err := NewWebSource(address, "secret"); err != nil {
			t.Error(err)
		}
	}
}

func TestAddressIsRefused(t *testing.T) {
	for _, address := range []string{"", "log.example", "ftp://log.example", "http://", "https://user:pass@log.example", "https://log.example/?q=1", "https://log.example/#x", "http://%zz"} {
		if _, err := NewWebSource(address, ""); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestRefusalOfAServerIsShownInPlainLetters(t *testing.T) {
	w := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no\x1b[31m entry\nsecond line", http.StatusTeapot)
	}))
	_, err := w.Fetch(t.Context(), "checkpoint", 100)
	wantText(t, err, "418: no[31m entry")
	if strings.Contains(err.Error(), "second") {
		t.Errorf("%v", err)
	}
}
