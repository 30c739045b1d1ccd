// SPDX-License-Identifier: Apache-2.0

package associate_test

import (
	"fmt"
	"testing"

	tw "github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate"
)

func unsaid(*tw.Weapon) int64 { return 0 }

// fire records one impact and firings some km north of it, some seconds before, and
// returns which of them it is linked to.
func fire(weapon tw.Platform, reachKM int64, firings ...[2]int64) string {
	a := associate.New()
	start := at("2026-04-11 20:00")
	record := func(index uint64, source string, kind tw.Kind, north int64, when tw.Instant) *tw.Incident {
		r := seen{source: source, kind: kind, means: tw.Acoustic, count: exactly(1), region: point(0, north, 200)}.at(index, tw.Interval{From: when, Till: when})
		if kind == tw.Explosion {
			r.Observation.Description = tw.Impact
			if weapon != "" {
				r.Observation.Weapon = &tw.Weapon{Platform: weapon}
			}
		}
		a.Add(index, []*tw.Recorded{r})
		return a.Incident(tw.IncidentID{Index: index})
	}
	impact := record(0, "array", tw.Explosion, 0, start)
	var all []*tw.Incident
	for i, f := range firings {
		all = append(all, record(uint64(1+i), fmt.Sprint("camera ", i), tw.MuzzleFlash, f[0]*1_000, start-tw.Instant(f[1])*tw.Second))
	}
	var out []uint64
	for _, f := range a.FiredFrom(impact, all, func(*tw.Weapon) int64 { return reachKM * 1_000_000 }) {
		out = append(out, f.ID.Index)
	}
	return fmt.Sprint(out)
}

func TestFiredFrom(t *testing.T) {
	for _, test := range []struct {
		name    string
		weapon  tw.Platform
		reachKM int64 // as agreed
		firings [][2]int64
		want    string
	}{
		{"a mortar 5 km away, 30 s before", tw.Mortar, 0, [][2]int64{{5, 30}}, "[1]"},
		{"beyond its reach", tw.Mortar, 0, [][2]int64{{11, 60}}, "[]"},
		{"within the reach that the text gives", tw.Mortar, 13, [][2]int64{{11, 60}}, "[1]"},
		{"a gun does not take four minutes", tw.Gun, 0, [][2]int64{{15, 240}}, "[]"},
		{"fired after it fell", tw.Mortar, 0, [][2]int64{{5, -60}}, "[]"},
		{"of two that fit both are given", tw.Mortar, 0, [][2]int64{{5, 30}, {-6, 35}}, "[1 2]"},
		{"what does not fit is left out", tw.Mortar, 0, [][2]int64{{5, 30}, {-6, 900}}, "[1]"},
		{"a drone is fired by none of these", tw.OneWayAttackUAV, 0, [][2]int64{{5, 30}}, "[]"},
		{"a weapon not known says too little", "", 0, [][2]int64{{12, 40}}, "[]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := fire(test.weapon, test.reachKM, test.firings...); got != test.want {
				t.Errorf("fired from %s, want %s", got, test.want)
			}
		})
	}
}

// What only somebody claims links nothing, and neither does what was no impact.
func TestOnlyEvidenceIsLinked(t *testing.T) {
	a := associate.New()
	flash := seen{source: "party", kind: tw.MuzzleFlash, means: tw.PartyReport, count: exactly(1), region: point(0, 5_000, 200), from: "2026-04-11 19:59:30", till: "2026-04-11 19:59:30"}
	fell := seen{source: "array", kind: tw.Explosion, description: tw.Impact, means: tw.Acoustic, count: exactly(1), region: point(0, 0, 200), from: "2026-04-11 20:00", till: "2026-04-11 20:00"}
	a.Add(0, []*tw.Recorded{flash.recorded(0)})
	a.Add(1, []*tw.Recorded{fell.recorded(1)})
	claimed, impact := a.Incident(tw.IncidentID{Index: 0}), a.Incident(tw.IncidentID{Index: 1})
	if got := a.FiredFrom(impact, []*tw.Incident{claimed}, unsaid); got != nil {
		t.Errorf("a claim is linked: %v", got)
	}
	if got := a.FiredFrom(claimed, []*tw.Incident{impact}, unsaid); got != nil {
		t.Errorf("a firing is taken for an impact: %v", got)
	}
}
