// SPDX-License-Identifier: Apache-2.0

package obligation

import (
	"fmt"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// BenchmarkYear folds a year of a busy mission: 400,000 observations as 100,000
// incidents, each told twice, one in forty of tanks and one in a hundred in the
// pilot area; a visit to each site every two weeks; a cut-off a day, and a tick an
// hour.
func BenchmarkYear(b *testing.B) {
	a := testAgreement(b, `until: "2026-09-01T00:00:00Z"`, `until: "2027-09-01T00:00:00Z"`)
	start := a.Spans[0].Span.From
	const incidents = 100_000
	for b.Loop() {
		l := New(func(string, *geo.Zone, trucewatch.Interval) trucewatch.PPM { return geo.Million })
		changes := len(l.Adopt(a.Variants(nil), 0))
		next := 0
		for h := range int64(365 * 24) {
			at := start + trucewatch.Instant(h)*trucewatch.Hour
			t := &trucewatch.Tick{At: at}
			if h%24 == 16 {
				t.CutOff = at.Time().Format("2006-01-02")
			}
			changes += len(l.Tick(t, uint64(h)))
			for ; next < incidents && int64(next) <= h*incidents/(365*24); next++ {
				in, members, findings := benchIncident(next, at, a.Hash())
				changes += len(l.Incident(in, members, nil, uint64(next)))
				changes += len(l.Incident(in, members, findings, uint64(next)))
			}
			if h%(14*24) == 12 {
				i := &trucewatch.Inventory{Site: "PS-1", Party: "A", By: "mission", At: at, State: "visited",
					Items: []trucewatch.StoredItem{{Weapon: trucewatch.Weapon{Platform: trucewatch.Tank}, Count: h % 7, State: "present"}}}
				c, err := l.Inventory(i, at, uint64(h))
				if err != nil {
					b.Fatal(err)
				}
				changes += len(c)
			}
			l.Due()
		}
		b.ReportMetric(float64(changes), "changes")
		b.ReportMetric(float64(len(l.seen)), "kept")
	}
}

func benchIncident(n int, at trucewatch.Instant, hash trucewatch.Hash) (*trucewatch.Incident, []*trucewatch.Recorded, []*trucewatch.Finding) {
	when := trucewatch.Interval{From: at, Till: at}
	east, north := int64(n*7919%40_000)-20_000, int64(n*104_729%200_000)-100_000
	if n%100 == 0 {
		east, north = int64(n%1000), int64(n%900)
	}
	in := &trucewatch.Incident{ID: trucewatch.IncidentID{Index: uint64(n)}, Kind: trucewatch.Explosion, When: when, Confidence: 950_000, MeansCount: 1, Origin: -1,
		Estimates: []trucewatch.Estimate{{Role: "seen", Region: geo.Circle(geo.NewPlane(middle).Position(east*1000, north*1000), 300_000), When: when}}}
	var members []*trucewatch.Recorded
	if n%40 == 1 {
		in.Kind = trucewatch.WeaponSeen
		o := &trucewatch.Observation{Kind: in.Kind, Means: trucewatch.UAVMid, When: when, Weapon: &trucewatch.Weapon{Platform: trucewatch.Tank}, Count: trucewatch.Count{Value: int64(n % 5)}}
		members = append(members, &trucewatch.Recorded{ID: trucewatch.ObservationID{Index: uint64(n)}, Observation: o})
	}
	return in, members, []*trucewatch.Finding{{ID: trucewatch.FindingID(fmt.Sprint("K1/", n)), Act: "K1", Result: trucewatch.Violation, Agreement: hash}}
}
