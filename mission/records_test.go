// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
)

// TestRecordIsGivenOutAsFarAsItWasSent: mirrors see the checkpoint that was sent
// out last and nothing behind it; an unsealed record is given to nobody.
func TestRecordIsGivenOutAsFarAsItWasSent(t *testing.T) {
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	open := live(t)
	s := &Server{Audience: trucewatch.ForMission, Log: quiet}
	if err := s.Add(open.dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.served[0].keeper.close() })
	if _, err := s.Records(); !errors.Is(err, ErrNotSealed) {
		t.Errorf("an unsealed record: %v", err)
	}

	m := sealedMission(t)
	now := at(t, began) + trucewatch.Hour
	readFrom(t, m, "post-seven", trucewatch.PostSource, now, row(1, now))
	s = &Server{Audience: trucewatch.ForMission, Log: quiet}
	if err := s.Add(m.dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.served[0].keeper.close() })
	h, err := s.Records()
	if err != nil {
		t.Fatal(err)
	}
	get := func() string {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/sealed/checkpoint", nil))
		_, rest, _ := strings.Cut(w.Body.String(), "\n")
		size, _, _ := strings.Cut(rest, "\n")
		return size
	}
	s.served[0].sent.Store(2)
	if size := get(); size != "2" {
		t.Errorf("sent as far as 2, given out as far as %s", size)
	}
	s.served[0].sendAlone()
	if size := get(); size == "2" {
		t.Error("nothing more is given out after more was sent")
	}
}
