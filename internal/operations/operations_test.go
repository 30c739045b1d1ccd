// SPDX-License-Identifier: Apache-2.0

package operations

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestFiguresStayOnThisMachine: an address that others reach is refused.
func TestFiguresStayOnThisMachine(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0"} {
		if _, err := Listen(address); !errors.Is(err, ErrNotAlone) {
			t.Errorf("%s: %v", address, err)
		}
	}
	listener, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
}

// TestHealthSaysWhy: the first line is one word, each other a reason; what is of
// no use answers 503.
func TestHealthSaysWhy(t *testing.T) {
	for _, test := range []struct {
		health Health
		code   int
		want   string
	}{
		{Health{}, 200, "ok\n"},
		{Health{Degraded: []string{"m: absent"}}, 200, "degraded\nm: absent\n"},
		{Health{Failing: []string{"m: disk full"}, Degraded: []string{"m: absent"}}, 503, "failing\nm: disk full\nm: absent\n"},
	} {
		h, err := Handler("test", func() Health { return test.health })
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/healthz", nil))
		if w.Code != test.code || w.Body.String() != test.want {
			t.Errorf("%d %q, want %d %q", w.Code, w.Body, test.code, test.want)
		}
		w = httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
		if !strings.Contains(w.Body.String(), "trucewatch_build_info{") {
			t.Errorf("no figures: %s", w.Body)
		}
	}
}
