// SPDX-License-Identifier: Apache-2.0

package associate_test

import (
	"strings"
	"testing"

	tw "github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate"
	"github.com/trucewatch/trucewatch/geo"
)

// ring is what a listener knows who can tell how far it was and not where.
func ring(east, north, fromM, tillM int64) geo.Region {
	return geo.Region{Kind: geo.Sector, Center: place(east, north), RMinMM: fromM * 1000, RMaxMM: tillM * 1000, Arcs: []geo.Arc{{}}}
}

// TestTwoPlacesAreTwoRegions: two listeners 4 km apart who each heard a shot 4 km away
// leave two places, north and south of the line between them. Both are published with
// their weights; the preferred region holds both, and what a third says leaves one.
func TestTwoPlacesAreTwoRegions(t *testing.T) {
	one := seen{source: "west", kind: tw.Explosion, means: tw.Heard, count: exactly(1), region: ring(-2_000, 0, 3_800, 4_200), from: "2026-04-11 10:00", till: "2026-04-11 10:00"}
	other := one
	other.source, other.means, other.region = "east", tw.RecordedCamera, ring(2_000, 0, 3_800, 4_200)
	third := one
	third.source, third.means, third.region = "north", tw.Acoustic, point(0, 3_464, 800)
	a := associate.New()
	a.Add(1, []*tw.Recorded{one.recorded(1)})
	a.Add(2, []*tw.Recorded{other.recorded(2)})
	in := a.Incident(tw.IncidentID{Index: 1})
	if len(in.Links) != 2 {
		t.Fatalf("they are not one incident: %+v", in.Links)
	}
	two := weighted(in)
	if len(two) != 2 || in.Best().Weight != 0 || in.Preferred != 0 {
		t.Fatalf("estimates %+v", in.Estimates)
	}
	for _, truth := range []geo.Position{place(0, 3_464), place(0, -3_464)} {
		near := 0
		for _, e := range two {
			if geo.DistanceMM(e.Region.Center, truth) < 600_000 && e.Region.SemiMajorMM < 3_000_000 && e.Weight > 400_000 && e.Weight < 600_000 && strings.HasPrefix(e.Method, "one of two places") {
				near++
			}
		}
		if near != 1 || geo.DistanceMM(in.Best().Region.Center, truth) > in.Best().Region.SemiMajorMM {
			t.Errorf("%d regions lie at %v, the preferred one is %+v", near, truth, in.Best().Region)
		}
	}
	a.Add(3, []*tw.Recorded{third.recorded(3)})
	if in = a.Incident(tw.IncidentID{Index: 1}); len(in.Links) != 3 || len(weighted(in)) != 0 || geo.DistanceMM(in.Best().Region.Center, place(0, 3_464)) > 300_000 {
		t.Errorf("with a third there is one place: %+v", in.Estimates)
	}
}

func weighted(in *tw.Incident) []tw.Estimate {
	var out []tw.Estimate
	for _, e := range in.Estimates {
		if e.Weight > 0 {
			out = append(out, e)
		}
	}
	return out
}
