// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"io/fs"
	"os"
	"slices"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
)

// bundle reads an agreement of the examples.
func bundle(t testing.TB, dir string) *agreement.Agreement {
	t.Helper()
	fsys := os.DirFS("../examples/" + dir)
	var files []agreement.File
	err := fs.WalkDir(fsys, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(fsys, path)
		files = append(files, agreement.File{Name: path, Data: data})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	a, err := agreement.Parse(files)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestExampleAgreements holds something heard against each agreement that
// ships, at a time when it was in force.
func TestExampleAgreements(t *testing.T) {
	for _, tt := range []struct {
		dir, when string
		kind      trucewatch.Kind
		findings  []trucewatch.FindingID
	}{
		// Without the weapon an explosion is heavy fire by phenomenon, and no drone or missile.
		{"agreements/line-2026", noon, trucewatch.Explosion, []trucewatch.FindingID{"K2/1.0"}},
		{"measures-2020/agreement", "2020-07-28T12:00:00Z", trucewatch.Burst, []trucewatch.FindingID{"M2-light/1.0"}},
		{"easter-truces/agreements/easter-2025", "2025-04-20T12:00:00Z", trucewatch.Explosion, []trucewatch.FindingID{"K2/1.0"}},
		{"easter-truces/agreements/easter-2026", noon, trucewatch.Explosion, []trucewatch.FindingID{"K2/1.0"}},
		// 14:00 UTC on 11 April 2026 lies after 16:00 at UTC+3 and before 16:00 UTC.
		{"easter-truces/agreements/easter-2026", "2026-04-11T14:00:00Z", trucewatch.Explosion, []trucewatch.FindingID{"K2/local/1.0", "K2/utc/1.0"}},
	} {
		s := newScene(t, geo.Position{LatE7: -463_000_000, LonE7: -1_268_000_000}, 300, bundle(t, tt.dir)).saw(tt.kind, trucewatch.Heard)
		s.input.Incident.When = trucewatch.Interval{From: at(t, tt.when), Till: at(t, tt.when)}
		var got []trucewatch.FindingID
		for _, f := range Incident(s.input) {
			got = append(got, f.ID)
		}
		if !slices.Equal(got, tt.findings) {
			t.Errorf("%s at %s: findings %v, want %v", tt.dir, tt.when, got, tt.findings)
		}
	}
}

// TestTwoTrucesApart: where a mission adopted two truces, an event is judged by
// the one in force, and outside both by the nearest alone.
func TestTwoTrucesApart(t *testing.T) {
	first, second := bundle(t, "easter-truces/agreements/easter-2025"), bundle(t, "easter-truces/agreements/easter-2026")
	for _, tt := range []struct {
		when   string
		id     trucewatch.FindingID
		result trucewatch.Result
	}{
		{"2025-04-20T12:00:00Z", "K2/1.0", trucewatch.ProbableViolation},
		{noon, "K2/easter-2026/1.0", trucewatch.ProbableViolation},
		{"2025-05-20T12:00:00Z", "K2/1.0", trucewatch.OutOfScope},
		{"2026-04-01T12:00:00Z", "K2/easter-2026/1.0", trucewatch.OutOfScope},
	} {
		s := newScene(t, eastM(0), 300, first, second).saw(trucewatch.Explosion, trucewatch.Heard)
		s.input.Incident.When = trucewatch.Interval{From: at(t, tt.when), Till: at(t, tt.when)}
		got := Incident(s.input)
		if len(got) != 1 || got[0].ID != tt.id || got[0].Result != tt.result {
			t.Errorf("%s: %d findings, want only %s %s", tt.when, len(got), tt.id, tt.result)
		}
	}
}

// BenchmarkIncident judges a heard and recorded explosion near the line, with
// two notifications, under the example agreement.
func BenchmarkIncident(b *testing.B) {
	s := newScene(b, geo.Position{LatE7: -463_000_000, LonE7: -1_268_000_000}, 300, bundle(b, "agreements/line-2026")).
		saw(trucewatch.Explosion, trucewatch.Heard).saw(trucewatch.Explosion, trucewatch.Acoustic).detonation(30, eastM(0)).flight(30)
	for b.Loop() {
		if len(Incident(s.input)) != 1 {
			b.Fatal("no finding")
		}
	}
}
