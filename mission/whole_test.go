// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/trucewatch/trucewatch"
)

func played(t *testing.T, dir, deeds string) (*Mission, error) {
	t.Helper()
	s, err := ParseSpec([]byte(goodSpec + deeds))
	if err != nil {
		t.Fatal(err)
	}
	return Reenact(dir, s, fstest.MapFS{})
}

// TestReenactedFoldersAreWhole: a folder appears only when everything was played
// into it, whatever an earlier try left beside it.
func TestReenactedFoldersAreWhole(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "deep", "north")
	if _, err := played(t, dir, "deeds: [{at: \"2026-04-12T17:00:00Z\", deed: burn}]\n"); err == nil {
		t.Fatal("an unknown deed was played")
	}
	if names, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(names) != 0 {
		t.Errorf("a failed try left %v, %v", names, err)
	}
	// What a killed process leaves: a record that is signed, and not whole.
	s, err := ParseSpec([]byte(goodSpec))
	if err != nil {
		t.Fatal(err)
	}
	partial := filepath.Join(filepath.Dir(dir), ".north.partial")
	if err := Create(partial, s, fstest.MapFS{}, 0); err != nil {
		t.Fatal(err)
	}
	m, err := played(t, dir, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(partial); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder of the killed try is still there: %v", err)
	}
	if m.Dir() != dir || len(m.state.CutOffs()) != 4 {
		t.Errorf("%s with %d cut-offs", m.Dir(), len(m.state.CutOffs()))
	}
	mustBeSound(t, dir)
	if _, err := played(t, dir, ""); err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("played twice into one folder: %v", err)
	}
	if err := m.Write(func(*Writer) error { t.Error("it may be written to"); return nil }); !errors.Is(err, ErrPlayed) {
		t.Errorf("a re-enacted mission is written to: %v", err)
	}
}

// TestReportOfAPeriodThatIsNotOver is refused: by the last tick of a re-enacted
// mission, by the clock of a live one.
func TestReportOfAPeriodThatIsNotOver(t *testing.T) {
	re, err := played(t, filepath.Join(t.TempDir(), "north"), "")
	if err != nil {
		t.Fatal(err)
	}
	now := at(t, "2026-01-12T18:30:00Z")
	for _, test := range []struct {
		name, date string
		m          *Mission
		now        trucewatch.Instant
		want       string
	}{
		{"the last of a re-enactment", "2026-04-15", re, now, ""},
		{"the one after, whatever the clock says", "2026-04-16", re, at(t, "2030-01-01T00:00:00Z"),
			"ends at 2026-04-15T17:30:00Z, the record reaches 2026-04-14T17:30:00Z; the first report is that of 2026-04-12, the newest that of 2026-04-15"},
		{"a live mission at its cut-off", "2026-01-13", live(t), now, ""},
		{"a microsecond before it", "2026-01-13", live(t), now - 1, "the newest that of 2026-01-12"},
		{"before its first period is over", "2026-01-12", live(t), at(t, began) + trucewatch.Hour, "no period is over yet; the first report will be that of 2026-01-12"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.m.Report(io.Discard, test.date, "json", trucewatch.ForMission, test.now)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

// TestListedReports: the newest, and those of days on which something is shown;
// the list is there while a report is made.
func TestListedReports(t *testing.T) {
	m := live(t)
	start := at(t, began)
	day := 24 * trucewatch.Hour
	read(t, m, file(t, "a.jsonl", row(1, start+3*trucewatch.Hour), row(2, start+4*day)), start+9*day)
	s := &Server{Audience: trucewatch.ForMission, Log: slog.New(slog.DiscardHandler)}
	if err := s.Add(m.dir + "/."); err != nil {
		t.Fatal(err)
	}
	sv := s.served[0]
	if sv.id != "test" {
		t.Errorf("served as %q, not by its identifier", sv.id)
	}
	if err := sv.keeper.fold(m.dir); err != nil {
		t.Fatal(err)
	}
	sv.folded = true
	sv.listReports()
	sv.mu.Lock() // as while a report is made
	if have := sv.dates(); !slices.Equal(have, []string{"2026-01-20", "2026-01-16", "2026-01-12"}) {
		t.Errorf("listed: %q", have)
	}
	sv.mu.Unlock()
	if err := sv.report(io.Discard, "2026-01-14", "html"); err != nil {
		t.Errorf("a quiet day that is not listed: %v", err)
	}
	if err := sv.keeper.close(); err != nil {
		t.Fatal(err)
	}
}

// TestFoldersAreClosedToOthers: the record names sources.
func TestFoldersAreClosedToOthers(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "test")
	if err := os.Mkdir(dir, 0o755); err != nil { // an empty folder that was there
		t.Fatal(err)
	}
	s := &Spec{ID: "test", Title: "Test", Mode: trucewatch.Live, DisplayZone: "UTC", CutOff: "19:30"}
	if err := Create(dir, s, fstest.MapFS{}, at(t, began)); err != nil {
		t.Fatal(err)
	}
	m, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	read(t, m, file(t, "a.jsonl", row(1, at(t, began)), "no JSON\n"), at(t, began)+trucewatch.Hour)
	k, err := openKeeper(dir, trucewatch.ForMission)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.fold(dir); err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v", name, info.Mode())
		}
		return err
	})
	if err := errors.Join(err, k.close()); err != nil {
		t.Fatal(err)
	}
}
