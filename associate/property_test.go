// SPDX-License-Identifier: Apache-2.0

package associate_test

import (
	"fmt"
	"slices"
	"testing"

	tw "github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate"
	"github.com/trucewatch/trucewatch/geo"
	"pgregory.net/rapid"
)

// evidence writes an incident's members other than claims, by content key.
func evidence(a *associate.Associator, in *tw.Incident) string {
	var keys []string
	for _, r := range a.Members(in) {
		if !r.Observation.Means.IsClaim() {
			keys = append(keys, r.Observation.Key.String())
		}
	}
	slices.Sort(keys)
	return fmt.Sprint(keys)
}

// Whatever parties and the public claim, what other evidence says stays as it
// is: the same incidents, the same confidence, the same preferred estimate.
func TestClaimsChangeNothingOfOtherEvidence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := world(rapid.Uint64().Draw(t, "seed"), rapid.IntRange(2, 60).Draw(t, "observations"))
		without := associate.New()
		for i, r := range all {
			if !r.Observation.Means.IsClaim() {
				without.Add(uint64(i), []*tw.Recorded{r})
			}
		}
		before := make(map[string]*tw.Incident)
		for in := range without.All() {
			before[evidence(without, in)] = in
		}
		with := addAll(all, rapid.IntRange(1, 10).Draw(t, "batch"))
		for in := range with.All() {
			if in.Claims {
				continue
			}
			was := before[evidence(with, in)]
			switch {
			case was == nil:
				t.Fatalf("claims made a new incident of other evidence: %v", in.ID)
			case was.Confidence != in.Confidence || was.MeansCount != in.MeansCount:
				t.Fatalf("%v: claims changed confidence from %d to %d", in.ID, was.Confidence, in.Confidence)
			case in.Best() != nil && was.Best() != nil && fmt.Sprint(was.Best().Region) != fmt.Sprint(in.Best().Region):
				t.Fatalf("%v: claims moved the preferred place", in.ID)
			case fmt.Sprint(was.Phenomena) != fmt.Sprint(in.Phenomena):
				t.Fatalf("%v: claims changed counts from %v to %v", in.ID, was.Phenomena, in.Phenomena)
			}
		}
	})
}

// Observers who agree on a place are worth less, never more, when one of them
// is less exact. (Of observers who disagree this does not hold: a wider region
// may reach what a narrow one excluded, and then it supports it.)
func TestWideningAnAgreeingRegionNeverRaisesConfidence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		means := []tw.Means{tw.Heard, tw.RecordedCamera, tw.Acoustic, tw.PhysicalTrace}
		n := rapid.IntRange(2, 4).Draw(t, "observers")
		widened := rapid.IntRange(0, n-1).Draw(t, "widened")
		factor := rapid.Int64Range(2, 30).Draw(t, "factor")
		var confidence [2]tw.PPM
		for k := range confidence {
			a := associate.New()
			for i := range n {
				radius := 100 + 300*int64(i)
				if k == 1 && i == widened {
					radius *= factor
				}
				s := seen{source: fmt.Sprint("p", i), kind: tw.Explosion, description: tw.Impact, means: means[i], count: exactly(1), region: point(0, 0, radius), from: "2026-04-11 10:00", till: "2026-04-11 10:01"}
				a.Add(uint64(i), []*tw.Recorded{s.recorded(uint64(i))})
			}
			for in := range a.All() {
				confidence[k] = max(confidence[k], in.Confidence)
			}
		}
		if confidence[1] > confidence[0] {
			t.Fatalf("confidence rose from %d to %d", confidence[0], confidence[1])
		}
	})
}

// Any split of the observations into batches gives the incidents of one batch,
// and each observation is in exactly one of them.
func TestBatchesDoNotMatter(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		all := world(rapid.Uint64().Draw(rt, "seed"), rapid.IntRange(1, 50).Draw(rt, "observations"))
		one := associate.New()
		one.Add(0, all)
		a := addAll(all, rapid.IntRange(1, 20).Draw(rt, "batch"))
		if a.OrderFreeDigest() != one.OrderFreeDigest() {
			rt.Fatal("batches matter")
		}
		checkState(t, a, all)
	})
}

// No incident is larger than what the model allows of one.
func TestIncidentsKeepTheirBounds(t *testing.T) {
	for seed := range uint64(6) {
		a := addAll(world(seed, 150), 7)
		for in := range a.All() {
			said := make(map[string]bool)
			timed := false
			for _, r := range a.Members(in) {
				o := r.Observation
				role := "impact"
				if o.Description == tw.Outgoing {
					role = "origin"
				} else if o.Description == tw.Undetermined || o.Kind == tw.Shot || o.Kind == tw.UAVSighted {
					role = "seen"
				}
				k := fmt.Sprint(r.Source.ID, o.Kind, role, o.Means.IsClaim())
				if said[k] {
					t.Errorf("seed %d, %v: %s says the same twice", seed, in.ID, k)
				}
				said[k] = true
				timed = timed || o.Kind != tw.ThermalAnomaly && o.Kind != tw.Crater && (in.Claims || !o.Means.IsClaim())
			}
			if timed && in.When.Till-in.When.From > associate.EngagementCap {
				t.Errorf("seed %d, %v lasts from %v to %v", seed, in.ID, in.When.From, in.When.Till)
			}
			for _, e := range in.Estimates {
				for _, id := range e.Uses {
					if m := a.Members(in); !slices.ContainsFunc(m, func(r *tw.Recorded) bool { return r.ID == id }) {
						t.Errorf("%v: an estimate uses %v, which is not a member", in.ID, id)
					}
				}
			}
		}
	}
}

// Time for twice the observations is about twice the time for one, at the same
// density: the work is local.
func TestWorkIsLocal(t *testing.T) {
	cost := func(n int) float64 {
		return testing.AllocsPerRun(1, func() {
			a := associate.New()
			for i := range n {
				s := seen{source: fmt.Sprint("s", i%3), kind: tw.Explosion, description: tw.Impact, means: tw.Acoustic, count: exactly(1), region: point(int64(i/3%40)*7_000, int64(i/120)*7_000, 300), from: "2026-04-11 10:00", till: "2026-04-11 10:00"}
				a.Add(uint64(i), []*tw.Recorded{s.recorded(uint64(i))})
			}
		})
	}
	if one, two := cost(1_200), cost(2_400); two > 2.3*one {
		t.Errorf("%.0f allocations for 1,200 observations, %.0f for 2,400", one, two)
	}
}

func FuzzAdd(f *testing.F) {
	f.Add(int32(480_000_000), int32(380_000_000), int64(1000), int64(500), int32(0), int64(0), int64(0), uint8(0), uint8(0))
	f.Add(int32(900_000_000), int32(-1_800_000_000), int64(0), int64(0), int32(359_999), int64(-1), int64(1<<40), uint8(1), uint8(3))
	kinds, means, shapes := tw.Kinds(), tw.AllMeans(), []geo.RegionKind{geo.Ellipse, geo.Sector, geo.Polygon, geo.Pixel, ""}
	f.Fuzz(func(t *testing.T, lat, lon int32, major, minor int64, azimuth int32, from, length int64, kind, shape uint8) {
		center := geo.Position{LatE7: lat, LonE7: lon}
		r := geo.Region{Kind: shapes[int(shape)%len(shapes)], Center: center, SemiMajorMM: major, SemiMinorMM: minor, AzimuthMdeg: azimuth, RMinMM: minor, RMaxMM: major,
			Arcs: []geo.Arc{{FromMdeg: azimuth}}, Rings: [][]geo.Position{{center, {LatE7: lat / 2, LonE7: lon}, {LatE7: lat, LonE7: lon / 2}}}}
		var all []*tw.Recorded
		for i := range 3 {
			s := seen{source: fmt.Sprint("s", i), kind: kinds[int(kind)%len(kinds)], means: means[(int(kind)+i)%len(means)], count: exactly(1), region: r}
			rec := s.at(uint64(i), tw.Interval{From: tw.Instant(from), Till: tw.Instant(from) + tw.Instant(length)})
			if err := rec.Observation.Check(); err != nil {
				return // not an observation that may enter the record
			}
			all = append(all, rec)
		}
		checkState(t, addAll(all, 1), all)
	})
}
