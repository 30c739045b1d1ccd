// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/internal/operations"
	"github.com/trucewatch/trucewatch/witness"
)

// healthOf serves a mission until the record is folded and looked at, or until
// health is as wanted.
func healthOf(t *testing.T, dir, want string) operations.Health {
	t.Helper()
	s := &Server{Audience: trucewatch.ForMission, Log: slog.New(slog.DiscardHandler)}
	if err := s.Add(dir); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended, listens := make(chan error, 1), make(chan bool, 1)
	go func() { ended <- s.Run(ctx, "127.0.0.1:0", func(net.Addr) { listens <- true }) }()
	select {
	case <-listens:
	case err := <-ended:
		t.Fatal(err)
	}
	var h operations.Health
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if h = s.health(); h.Status() == want {
			break
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	return h
}

// TestHealthFailsOnARecordThatWasPutBack: before anything is to be written.
func TestHealthFailsOnARecordThatWasPutBack(t *testing.T) {
	dir, guard, now := filepath.Join(t.TempDir(), "m"), t.TempDir(), at(t, began)
	s := &Spec{ID: "test", Title: "Test", Mode: trucewatch.Live, DisplayZone: "UTC", CutOff: "19:30", Guard: guard}
	if err := Create(dir, s, DirFS(), now); err != nil {
		t.Fatal(err)
	}
	backup := filepath.Join(t.TempDir(), "m")
	if err := os.CopyFS(backup, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	m, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	read(t, m, file(t, "a.jsonl", row(1, now)), trucewatch.InstantOf(time.Now())-trucewatch.Second)
	if h := healthOf(t, dir, "ok"); h.Status() != "ok" {
		t.Errorf("the record as it is: %+v", h)
	}
	h := healthOf(t, backup, "failing")
	if h.Status() != "failing" || !strings.Contains(strings.Join(h.Failing, "\n"), "rolled back: ") || !strings.Contains(h.Failing[0], "nothing can be signed") {
		t.Errorf("the backup: %+v", h)
	}
	if err := os.RemoveAll(guard); err != nil {
		t.Fatal(err)
	}
	if h := healthOf(t, dir, "failing"); h.Status() != "failing" {
		t.Errorf("without its second medium: %+v", h)
	}
}

// TestClockThatRunsAheadIsSaid: by the times of those who co-sign.
func TestClockThatRunsAheadIsSaid(t *testing.T) {
	began := time.Date(2026, 4, 11, 12, 0, 0, 500, time.UTC)
	signed := func(ago ...time.Duration) (all []witness.Signed) {
		for i, d := range ago {
			all = append(all, witness.Signed{Organisation: string(rune('a' + i)), At: began.Add(-d).Truncate(time.Second)})
		}
		return all
	}
	for name, tt := range map[string]struct {
		before, after []witness.Signed
		away          time.Duration // at least, in either direction
		known         bool
	}{
		"all agree":                  {nil, signed(0, 0, 0), 0, true},
		"an hour ahead":              {nil, signed(time.Hour, time.Hour, time.Hour), time.Hour - time.Second, true},
		"an hour behind":             {nil, signed(-time.Hour, -time.Hour, -time.Hour), -time.Hour + 2*time.Second, true},
		"one of three is wrong":      {nil, signed(0, 0, time.Hour), 0, true},
		"nobody signs":               {nil, nil, 0, false},
		"nobody signed anew":         {signed(time.Hour), signed(time.Hour), 0, false},
		"one was of an earlier beat": {signed(time.Hour), signed(time.Hour, 0), 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			away, known := clockFrom(tt.before, tt.after, began, began.Add(time.Second))
			if known != tt.known || tt.away > 0 && away < tt.away || tt.away < 0 && away > tt.away || tt.away == 0 && away != 0 {
				t.Errorf("%v, %v, want %v, %v", away, known, tt.away, tt.known)
			}
		})
	}
	m := live(t)
	all := watchers(t, m)
	adopt(t, m, all, m.state.Now()+trucewatch.Second)
	c := cosigner(t, m)
	sv := &served{dir: m.dir, keeper: &keeper{m: m}, folded: true, cosigner: c}
	for away, want := range map[time.Duration]string{time.Minute: "is about 1m0s ahead of those who co-sign", -time.Minute: "is about 1m0s behind those who co-sign", 0: ""} {
		c.away = away
		got := strings.Join(sv.degraded(m.state.Now().Time()), "\n")
		if want == "" == strings.Contains(got, "those who co-sign") || !strings.Contains(got, want) {
			t.Errorf("%v away: %q", away, got)
		}
	}
}
