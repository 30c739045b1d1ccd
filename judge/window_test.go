// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"testing"

	"github.com/trucewatch/trucewatch"
)

// TestWindow is D12: what was observed of a truce window may be unable to judge
// it, and then that is the finding, for each reading of the window.
func TestWindow(t *testing.T) {
	const open = `in_force: {from: "2026-03-01T22:00:00Z", until: null, display_tz: "Etc/GMT-3"}`
	a := testAgreement(t, open, `in_force: {readings: [{id: local, from: "2026-04-11T13:00:00Z", until: "2026-04-12T21:00:00Z", basis: "at UTC+3"}, {id: utc, from: "2026-04-11T16:00:00Z", until: "2026-04-13T00:00:00Z", basis: "at UTC"}]}`)
	facts := func(now string, observations ...trucewatch.Observation) WindowFacts {
		f := WindowFacts{Now: at(t, now), Readings: make([]ReadingFacts, 2)}
		for i := range f.Readings {
			for j := range observations {
				f.Readings[i].Count(&observations[j])
			}
		}
		return f
	}
	heat := trucewatch.Observation{Kind: trucewatch.ThermalAnomaly, Means: trucewatch.SatelliteThermal}
	claim := trucewatch.Observation{Kind: trucewatch.Explosion, Means: trucewatch.PartyReport}
	heard := trucewatch.Observation{Kind: trucewatch.Explosion, Means: trucewatch.Heard}
	after, during := "2026-04-13T16:30:00Z", "2026-04-12T22:00:00Z"
	for _, tt := range []struct {
		name  string
		facts WindowFacts
		ids   []string
		says  string
	}{
		{"only heat", facts(after, heat, heat), []string{"window/local/2026-04-11T13:00:00Z", "window/utc/2026-04-11T16:00:00Z"}, "2 of thermal anomaly by satellite thermal"},
		{"only claims", facts(after, claim), []string{"window/local/2026-04-11T13:00:00Z", "window/utc/2026-04-11T16:00:00Z"}, "claims that nobody has checked: 1"},
		{"nothing at all", facts(after), []string{"window/local/2026-04-11T13:00:00Z", "window/utc/2026-04-11T16:00:00Z"}, "silence of the record is not peace"},
		{"while one reading still runs", facts(during, heat), []string{"window/local/2026-04-11T13:00:00Z"}, "this is reading local"},
		{"what can show an act", facts(after, heat, heard), nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Window(a, tt.facts, 9)
			if len(got) != len(tt.ids) {
				t.Fatalf("%d findings, want %d", len(got), len(tt.ids))
			}
			for i, f := range got {
				if string(f.ID) != tt.ids[i] || f.Result != trucewatch.NotAssessable || f.Subject.Window == nil || !says(f.Reasons, tt.says) {
					t.Errorf("finding %s: %s, want %s not assessable, saying %q\n%s", f.ID, f.Result, tt.ids[i], tt.says, Explain(&f, "en"))
				}
			}
		})
	}
	endless := WindowFacts{Now: at(t, after), Readings: make([]ReadingFacts, 1)}
	if got := Window(testAgreement(t), endless, 9); len(got) != 0 {
		t.Error("a window without an end was judged as a whole")
	}
	drafted := testAgreement(t, open, `in_force: {from: "2026-04-11T13:00:00Z", until: "2026-04-12T21:00:00Z"}`, "simulated: true", "simulated: true\nstatus: draft")
	if got := Window(drafted, endless, 9); len(got) != 0 {
		t.Error("a draft was judged")
	}
}
