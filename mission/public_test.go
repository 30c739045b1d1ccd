// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
)

// TestPublicIsNotToldThatTheRecordGrows asks for everything that the public may
// ask for, before and after a patrol's rows come in: nothing differs, so nobody
// can tell when they came.
func TestPublicIsNotToldThatTheRecordGrows(t *testing.T) {
	m := live(t)
	began := at(t, began)
	read(t, m, file(t, "first", row(1, began)), began+25*trucewatch.Hour)
	pages := func() string {
		if done, err := UpdateIndex(m.dir, trucewatch.ForPublic); !done || err != nil {
			t.Fatal(done, err)
		}
		s := &Server{Audience: trucewatch.ForPublic, Version: "test", Log: slog.New(slog.DiscardHandler)}
		if err := s.Add(m.dir); err != nil {
			t.Fatal(err)
		}
		sv := s.served[0]
		if err := sv.keeper.fold(m.dir); err != nil {
			t.Fatal(err)
		}
		sv.folded = true
		var all strings.Builder
		for _, path := range []string{"/", "/m/test/", "/m/test/map", "/m/test/incidents", "/m/test/sources", "/m/test/about", "/m/test/live", "/m/test/reports",
			"/m/test/reports/2026-01-12?format=json", "/m/test/reports/2026-01-12", "/api/v1/missions", "/api/v1/m/test/header", "/api/v1/m/test/sources", "/api/v1/m/test/incidents"} {
			w := httptest.NewRecorder()
			gone, cancel := context.WithCancel(t.Context())
			cancel() // a stream, if there were one, ends at once
			r := httptest.NewRequestWithContext(gone, "GET", path, nil)
			r.Host = "localhost"
			s.Handler().ServeHTTP(w, r)
			all.WriteString(path + "\n")
			if err := w.Result().Header.Write(&all); err != nil {
				t.Fatal(err)
			}
			all.WriteString(w.Body.String())
		}
		if err := sv.keeper.close(); err != nil {
			t.Fatal(err)
		}
		return all.String()
	}
	before := strings.Split(pages(), "\n")
	read(t, m, file(t, "second", row(2, began+trucewatch.Hour), row(3, began+2*trucewatch.Hour)), began+25*trucewatch.Hour+17*trucewatch.Minute)
	after := strings.Split(pages(), "\n")
	if len(before) != len(after) {
		t.Fatalf("%d lines before, %d after", len(before), len(after))
	}
	for i := range before {
		if before[i] != after[i] {
			t.Errorf("before %s\nafter  %s", before[i], after[i])
		}
	}
}
