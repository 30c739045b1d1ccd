// SPDX-License-Identifier: Apache-2.0

package associate_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	tw "github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate"
	"github.com/trucewatch/trucewatch/geo"
)

// groups associates scenes given by entry index and writes who belongs to whom:
// "101 102 | 105".
func groups(scene map[int]seen, order ...int) (string, *associate.Associator) {
	a := associate.New()
	for _, i := range order {
		a.Add(uint64(i), []*tw.Recorded{scene[i].recorded(uint64(i))})
	}
	return written(a), a
}

func written(a *associate.Associator) string {
	var all []string
	for in := range a.All() {
		var ids []string
		for _, l := range in.Links {
			ids = append(ids, fmt.Sprint(l.Observation.Index))
		}
		all = append(all, strings.Join(ids, " "))
	}
	return strings.Join(all, " | ")
}

func TestFieldExample(t *testing.T) {
	got, a := groups(engagement(), 101, 102, 103, 104, 105, 106, 114, 131)
	if want := "101 102 | 103 104 106 114 131 | 105"; got != want {
		t.Fatalf("incidents are %s, want %s", got, want)
	}
	in := a.Incident(tw.IncidentID{Index: 103})
	if in.Kind != tw.Explosion || in.MeansCount != 3 || in.Sources != 4 || in.Claims || in.Degraded {
		t.Errorf("incident 103 is %+v", in)
	}
	if want := (tw.Count{Value: 6, Qualifier: tw.AtLeast}); in.Phenomena[0].Count != want {
		t.Errorf("explosions counted %+v, want %+v: the party's 12 must not enter, nor 6 outgoing and 5 impacts be added", in.Phenomena[0].Count, want)
	}
	if got := in.When; got.From != at("2026-04-11 20:10") || got.Till != at("2026-04-11 20:15") {
		t.Errorf("time %v to %v", got.From, got.Till)
	}
	impact, origin := in.Best(), in.Estimates[in.Origin]
	if impact.Role != "impact" || len(impact.Uses) != 3 || geo.DistanceMM(impact.Region.Center, place(150, -8_900)) > 300_000 {
		t.Errorf("impact estimate %+v", impact)
	}
	// 3-5 km south-east of the patrol: 2,828 m east and south of it is 4 km.
	if origin.Role != "origin" || geo.DistanceMM(origin.Region.Mean(), place(2_828, -2_828)) > 300_000 {
		t.Errorf("origin estimate %+v", origin)
	}
	if in.Confidence < 900_000 || in.Confidence > 990_000 {
		t.Errorf("confidence %d with people, array and satellite", in.Confidence)
	}
	if reason := in.Links[2].Reason; !strings.Contains(reason, "times overlap; places agree on 4.") {
		t.Errorf("link of the array: %q", reason)
	}
}

func TestScenes(t *testing.T) {
	shot := seen{source: "p1", kind: tw.Explosion, description: tw.Impact, means: tw.Heard, count: exactly(1), region: point(0, 0, 300), from: "2026-04-11 10:00", till: "2026-04-11 10:01"}
	with := func(f func(s *seen)) seen { s := shot; s.source = "p2"; f(&s); return s }
	for _, c := range []struct {
		name  string
		other seen
		one   bool
	}{
		{"another patrol hears the same", with(func(s *seen) {}), true},
		{"two shots far apart never join", with(func(s *seen) { s.region = point(6_000, 0, 300) }), false},
		{"a pause of four minutes is one engagement", with(func(s *seen) { s.from, s.till = "2026-04-11 10:05", "2026-04-11 10:06" }), true},
		{"a pause of six minutes is two", with(func(s *seen) { s.from, s.till = "2026-04-11 10:07", "2026-04-11 10:08" }), false},
		{"one source reports two rows: two events", with(func(s *seen) { s.source = "p1" }), false},
		{"one source reports two signs: one engagement", with(func(s *seen) { s.source, s.kind, s.description = "p1", tw.ProjectileInFlight, "" }), true},
		{"a firing heard by another near the impact may be the answer", with(func(s *seen) { s.description = tw.Outgoing }), false},
		{"a firing heard by the same source belongs to it", with(func(s *seen) { s.source, s.description = "p1", tw.Outgoing }), true},
		{"a firing 8 km off heard by the same source belongs to it", with(func(s *seen) { s.source, s.description, s.region = "p1", tw.Outgoing, point(8_000, 0, 500) }), true},
		{"a firing 40 km off does not", with(func(s *seen) { s.source, s.description, s.region = "p1", tw.Outgoing, point(40_000, 0, 500) }), false},
		{"a weapon seen at the impact is something else", with(func(s *seen) { s.kind, s.description = tw.WeaponSeen, "" }), false},
		{"a crater found next day", with(func(s *seen) {
			s.kind, s.description, s.means, s.from, s.till = tw.Crater, "", tw.PhysicalTrace, "2026-04-12 09:00", "2026-04-12 09:30"
			s.region = point(100, 0, 20)
		}), true},
		{"a crater found before cannot be of it", with(func(s *seen) {
			s.kind, s.description, s.means, s.from, s.till = tw.Crater, "", tw.PhysicalTrace, "2026-04-11 09:00", "2026-04-11 09:30"
			s.region = point(100, 0, 20)
		}), false},
		{"a pixel three hours later", with(func(s *seen) {
			s.kind, s.description, s.means, s.from, s.till = tw.ThermalAnomaly, "", tw.SatelliteThermal, "2026-04-11 13:00", "2026-04-11 13:00"
			s.region = pixel(200, 0)
		}), true},
		{"a district and a whole month say nothing", with(func(s *seen) {
			s.means, s.region, s.from, s.till = tw.OfficialRecord, point(0, 0, 50_000), "2026-04-01 00:00", "2026-05-01 00:00"
		}), false},
		{"a UAV seen where it strikes", with(func(s *seen) { s.kind, s.description, s.means = tw.UAVSighted, "", tw.Saw }), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			scene := map[int]seen{1: shot, 2: c.other}
			want := map[bool]string{true: "1 2", false: "1 | 2"}[c.one]
			if got, _ := groups(scene, 1, 2); got != want {
				t.Errorf("incidents are %s, want %s", got, want)
			}
		})
	}
}

// What one observation and a claim have to do with each other is as likely for the one as
// for the other, and no link is wholly sure; how sure the incident is does not change.
func TestEvidenceIsLinkedAsSurelyAsItsClaims(t *testing.T) {
	scene := map[int]seen{
		1: {source: "post", kind: tw.Explosion, means: tw.Heard, count: exactly(1), region: point(0, 0, 300), from: "2026-04-11 10:00", till: "2026-04-11 10:01"},
		2: {source: "party", kind: tw.Explosion, means: tw.PartyReport, count: exactly(1), region: point(500, 0, 1_000), from: "2026-04-11 10:00", till: "2026-04-11 10:02"},
		3: {source: "press", kind: tw.Explosion, means: tw.OpenSourceMedia, count: exactly(1), region: point(0, 800, 3_000), from: "2026-04-11 10:00", till: "2026-04-11 10:10"},
	}
	_, alone := groups(scene, 1)
	one, a := groups(scene, 1, 2)
	in := a.Incident(tw.IncidentID{Index: 1})
	if one != "1 2" || in.Links[0].Share != in.Links[1].Share || in.Links[0].Share > 970_000 || in.Links[0].Share < 500_000 {
		t.Errorf("incidents are %s, links %+v", one, in.Links)
	}
	if was := alone.Incident(tw.IncidentID{Index: 1}); was.Links[0].Share != geo.Million || was.Confidence != in.Confidence {
		t.Errorf("alone it is linked at %d and sure to %d, with a claim to %d", was.Links[0].Share, was.Confidence, in.Confidence)
	}
	two, a := groups(scene, 1, 2, 3)
	in = a.Incident(tw.IncidentID{Index: 1})
	if two != "1 2 3" || in.Links[0].Share < max(in.Links[1].Share, in.Links[2].Share) {
		t.Errorf("incidents are %s; with either of two claims it is as sure as with the surer: %+v", two, in.Links)
	}
}

func TestPlaceWithoutRegion(t *testing.T) {
	base := seen{source: "post-a", kind: tw.RestrictionMet, means: tw.Saw, count: exactly(1), name: "Vyshneve checkpoint", from: "2026-04-12 05:20", till: "2026-04-12 06:55"}
	other, elsewhere, later, nowhere := base, base, base, base
	other.source, other.from = "post-b", "2026-04-12 06:00"
	elsewhere.source, elsewhere.name = "post-b", "Osykove bridge"
	later.source, later.from, later.till = "post-b", "2026-04-12 12:00", "2026-04-12 12:30"
	nowhere.source, nowhere.name = "post-b", ""
	scene := map[int]seen{1: base, 2: other, 3: elsewhere, 4: later, 5: nowhere}
	if got, _ := groups(scene, 1, 2, 3, 4, 5); got != "1 2 | 3 | 4 | 5" {
		t.Errorf("incidents are %s", got)
	}
}

func TestInterferenceIsPerAsset(t *testing.T) {
	one := seen{source: "uav-1", kind: tw.Jamming, means: tw.RF, count: exactly(1), region: point(0, 0, 500), from: "2026-04-12 11:02", till: "2026-04-12 11:09", asset: "uav-1"}
	same, other := one, one
	same.source, same.kind = "pilot", tw.Spoofing
	other.source, other.asset = "uav-2", "uav-2"
	if got, _ := groups(map[int]seen{1: one, 2: same, 3: other}, 1, 2, 3); got != "1 2 | 3" {
		t.Errorf("incidents are %s", got)
	}
}

// Day-long windows of consecutive days touch at midnight; they do not overlap.
func TestConsecutiveDaysDoNotChain(t *testing.T) {
	day := func(source, from, till string) seen {
		return seen{source: source, kind: tw.Explosion, means: tw.SatelliteOptical, count: exactly(1), region: point(0, 0, 50), from: from, till: till}
	}
	scene := map[int]seen{1: day("s1", "2026-04-11 00:00", "2026-04-12 00:00"), 2: day("s2", "2026-04-12 00:00", "2026-04-13 00:00"),
		3: day("s3", "2026-04-11 00:00", "2026-04-12 00:00")}
	if got, _ := groups(scene, 1, 2, 3); got != "1 3 | 2" {
		t.Errorf("incidents are %s", got)
	}
}

func TestLateObservationsMergeAndSplit(t *testing.T) {
	heard := func(source string, east int64) seen {
		return seen{source: source, kind: tw.Explosion, description: tw.Impact, means: tw.Heard, count: exactly(1), region: point(east, 0, 300), from: "2026-04-11 10:00", till: "2026-04-11 10:01"}
	}
	t.Run("merge", func(t *testing.T) {
		// 1 and 2 are too far apart to be one; 3 shows that they are.
		scene := map[int]seen{1: heard("p1", 0), 2: heard("p2", 3_700), 3: heard("p3", 1_850)}
		got, a := groups(scene, 1, 2)
		if got != "1 | 2" {
			t.Fatalf("before: %s", got)
		}
		changes := a.Add(3, []*tw.Recorded{scene[3].recorded(3)})
		if got := written(a); got != "1 2 3" {
			t.Fatalf("after: %s", got)
		}
		gone := changes[len(changes)-1]
		if gone.Gone != (tw.IncidentID{Index: 2}) || gone.Into != (tw.IncidentID{Index: 1}) || len(changes) != 2 {
			t.Errorf("changes %+v", changes)
		}
		in := a.Incident(tw.IncidentID{Index: 2})
		if in == nil || in.ID.Index != 1 || !slices.Equal(in.Aliases, []tw.IncidentID{{Index: 2}}) {
			t.Errorf("alias 2 leads to %+v", in)
		}
		if what := in.History[len(in.History)-1].What; !strings.Contains(what, "merged with incident 2.0") {
			t.Errorf("history says %q", what)
		}
		if a.Incident(tw.IncidentID{Index: 3}) != nil {
			t.Error("3 never was an incident")
		}
		if a.Len() != 1 {
			t.Errorf("Len is %d", a.Len())
		}
	})
	t.Run("split", func(t *testing.T) {
		// 1 and 2 fit so-so; 3 and 4 fit 2 far better, and 3 excludes 1 (one source).
		scene := map[int]seen{1: heard("p1", 0), 2: heard("p2", 1_500), 3: heard("p1", 1_550), 4: heard("p4", 1_500)}
		got, a := groups(scene, 1, 2)
		if got != "1 2" {
			t.Fatalf("before: %s", got)
		}
		a.Add(3, []*tw.Recorded{scene[3].recorded(3)})
		a.Add(4, []*tw.Recorded{scene[4].recorded(4)})
		if got := written(a); got != "1 | 2 3 4" {
			t.Fatalf("after: %s", got)
		}
		in := a.Incident(tw.IncidentID{Index: 2})
		if in.ID.Index != 2 || !strings.HasPrefix(in.History[0].What, "split off from incident 1.0") || in.History[0].Index != 3 {
			t.Errorf("the split-off part is %v: %+v", in.ID, in.History)
		}
		if in := a.Incident(tw.IncidentID{Index: 1}); !slices.ContainsFunc(in.History, func(r tw.Revision) bool { return strings.Contains(r.What, "no longer here: 2.0") }) {
			t.Errorf("the founder's history is %+v", in.History)
		}
	})
}

func TestHistoryIsCapped(t *testing.T) {
	a := associate.New()
	for i := range 300 {
		s := seen{source: fmt.Sprint("p", i), kind: tw.Explosion, description: tw.Impact, means: tw.PublicReport, count: exactly(1), region: point(0, 0, 300), from: "2026-04-11 10:00", till: "2026-04-11 10:01"}
		if i == 0 {
			s.means = tw.Heard
		}
		a.Add(uint64(i), []*tw.Recorded{s.recorded(uint64(i))})
	}
	in := a.Incident(tw.IncidentID{})
	last := in.History[len(in.History)-1]
	if len(in.Links) != 300 || len(in.History) != tw.ListMax || last.Index != 299 || !strings.Contains(last.What, "left out") {
		t.Errorf("%d links, %d revisions, last %+v", len(in.Links), len(in.History), last)
	}
	if in.Confidence != 700_000 || in.Claims {
		t.Errorf("299 claims raised confidence to %d", in.Confidence)
	}
}

func TestClaims(t *testing.T) {
	patrol := seen{source: "p1", kind: tw.Explosion, description: tw.Impact, means: tw.Heard, count: exactly(3), region: point(0, 0, 500), from: "2026-04-11 10:00", till: "2026-04-11 10:05"}
	claim := patrol
	claim.source, claim.means, claim.count = "party-a", tw.PartyReport, exactly(30)
	again := claim
	again.source = "party-b"
	t.Run("alone is never above possible", func(t *testing.T) {
		_, a := groups(map[int]seen{1: claim, 2: again}, 1, 2)
		in := a.Incident(tw.IncidentID{Index: 1})
		if !in.Claims || in.MeansCount != 0 || in.Confidence > 599_999 || len(in.Links) != 2 {
			t.Errorf("%+v", in)
		}
	})
	t.Run("beside evidence adds neither confidence nor count", func(t *testing.T) {
		_, a := groups(map[int]seen{1: claim, 2: patrol}, 1, 2)
		in := a.Incident(tw.IncidentID{Index: 1})
		if len(in.Links) != 2 || in.Claims || in.Confidence != 700_000 || in.MeansCount != 1 || in.Phenomena[0].Count != exactly(3) {
			t.Errorf("%+v", in)
		}
		if best := in.Best(); best.Uses[0].Index != 2 {
			t.Errorf("the claim's point is preferred: %+v", best)
		}
	})
}

// world draws observations of incidents with several sources each, dense enough
// for hard choices.
func world(seed uint64, n int) []*tw.Recorded {
	r := rand.New(rand.NewPCG(seed, 1))
	kinds := []tw.Kind{tw.Explosion, tw.Explosion, tw.Shot, tw.ThermalAnomaly, tw.ProjectileInFlight, tw.Crater, tw.UAVSighted}
	descriptions := []tw.Description{tw.Undetermined, tw.Impact, tw.Outgoing}
	means := []tw.Means{tw.Heard, tw.RecordedCamera, tw.Acoustic, tw.SatelliteThermal, tw.PartyReport, tw.PublicReport, tw.PhysicalTrace}
	start := at("2026-04-11 10:00")
	var out []*tw.Recorded
	for i := range n {
		east, north := int64(r.IntN(12_000)), int64(r.IntN(12_000))
		region := point(east, north, int64(200+r.IntN(1_500)))
		switch r.IntN(4) {
		case 0:
			region = sector(east, north, 10, int64(20+r.IntN(30)), int64AsAzimuth(r.IntN(16)))
		case 1:
			region = pixel(east, north)
		case 2:
			region = geo.Region{Kind: geo.Polygon, Rings: [][]geo.Position{{place(east, north), place(east+1_500, north), place(east+800, north+1_900)}}}
		}
		s := seen{source: fmt.Sprint("s", r.IntN(9)), kind: kinds[r.IntN(len(kinds))], means: means[r.IntN(len(means))], count: exactly(int64(1 + r.IntN(9))), region: region}
		if s.kind == tw.Explosion {
			s.description = descriptions[r.IntN(3)]
		}
		from := start + tw.Instant(r.IntN(90))*tw.Minute
		rec := s.at(uint64(i), tw.Interval{From: from, Till: from + tw.Instant(r.IntN(20))*tw.Minute})
		out = append(out, rec)
	}
	return out
}

func int64AsAzimuth(wind int) int32 { return int32(wind) * 22 }

// renumbered returns the observations as they would stand in the record in
// another order.
func renumbered(recorded []*tw.Recorded, order []int) []*tw.Recorded {
	var out []*tw.Recorded
	for i, k := range order {
		r := *recorded[k]
		r.ID = tw.ObservationID{Index: uint64(i)}
		out = append(out, &r)
	}
	return out
}

func addAll(recorded []*tw.Recorded, batch int) *associate.Associator {
	a := associate.New()
	for i := 0; i < len(recorded); i += batch {
		a.Add(uint64(i), recorded[i:min(i+batch, len(recorded))])
	}
	return a
}

func TestOrderOfArrivalDoesNotMatter(t *testing.T) {
	for seed := range uint64(8) {
		recorded := world(seed, 120)
		want := addAll(recorded, len(recorded)).OrderFreeDigest()
		r := rand.New(rand.NewPCG(seed, 2))
		for trial := range 3 {
			a := addAll(renumbered(recorded, r.Perm(len(recorded))), 1+trial*trial*5)
			if got := a.OrderFreeDigest(); got != want {
				t.Fatalf("seed %d, trial %d: another order gives other incidents", seed, trial)
			}
			checkState(t, a, recorded)
		}
	}
}

// checkState derives again what must always hold.
func checkState(t *testing.T, a *associate.Associator, recorded []*tw.Recorded) {
	t.Helper()
	members := make(map[tw.ContentKey]int)
	n := 0
	var last *tw.Incident
	for in := range a.All() {
		n++
		if last != nil && last.ID.Compare(in.ID) >= 0 {
			t.Errorf("%v does not come after %v", in.ID, last.ID)
		}
		last = in
		if first := founder(a, in); in.ID != tw.IncidentID(first) || a.Incident(in.ID).ID != in.ID {
			t.Errorf("%v is not named after its earliest member %v", in.ID, first)
		}
		for i, l := range in.Links {
			members[l.Key]++
			if i > 0 && !in.Links[i-1].Observation.Less(l.Observation) {
				t.Errorf("%v: links out of order", in.ID)
			}
		}
		for _, alias := range in.Aliases {
			if got := a.Incident(alias); got == nil || got.ID != in.ID {
				t.Errorf("alias %v of %v leads to %v", alias, in.ID, got)
			}
		}
		for i, e := range in.Estimates {
			if i > 0 && in.Estimates[i-1].Score < e.Score {
				t.Errorf("%v: estimates are not ranked", in.ID)
			}
			if err := e.Region.Center.Check(); err != nil {
				t.Errorf("%v: %v", in.ID, err)
			}
		}
		if in.Confidence < 0 || in.Confidence > geo.Million || in.Claims && in.Confidence > 599_999 {
			t.Errorf("%v: confidence %d", in.ID, in.Confidence)
		}
		if len(a.Members(in)) != len(in.Links) {
			t.Errorf("%v: %d members for %d links", in.ID, len(a.Members(in)), len(in.Links))
		}
	}
	if n != a.Len() {
		t.Errorf("Len is %d, there are %d", a.Len(), n)
	}
	for _, r := range recorded {
		if n := members[r.Observation.Key]; n == 0 || n > 1 && !isCountReport(r) {
			t.Errorf("observation %v is in %d incidents", r.ID, members[r.Observation.Key])
		}
	}
}

// Replaying the Changes gives the incidents.
func TestChangesAreComplete(t *testing.T) {
	for seed := range uint64(4) {
		recorded := world(seed, 100)
		a := associate.New()
		shown := make(map[tw.IncidentID]*tw.Incident)
		for i, r := range recorded {
			var last tw.IncidentID
			for k, c := range a.Add(uint64(i), []*tw.Recorded{r}) {
				id := c.Gone
				if c.Incident != nil {
					id = c.Incident.ID
					shown[id] = c.Incident
				} else {
					delete(shown, id)
				}
				if k > 0 && last.Compare(id) >= 0 {
					t.Fatalf("changes out of order: %v before %v", last, id)
				}
				last = id
			}
		}
		for in := range a.All() {
			if got := shown[in.ID]; got == nil || string(tw.Encode(got)) != string(tw.Encode(in)) {
				t.Fatalf("seed %d: what was shown of %v is not what is there", seed, in.ID)
			}
			delete(shown, in.ID)
		}
		if len(shown) != 0 {
			t.Fatalf("seed %d: %d incidents were shown and are no more", seed, len(shown))
		}
	}
}

// The same bits on every machine: run on GOAMD64=v1 and v3 and on arm64.
func TestSameDigestEverywhere(t *testing.T) {
	const want = "ad64c0abb62f09e120c9832397d245f49ba7f40c8fc60d30191c2b9707325820"
	if got := addAll(world(42, 400), 20).OrderFreeDigest().String(); got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
}

func TestRepeatedObservationIsPassedOver(t *testing.T) {
	_, a := groups(engagement(), 103, 104)
	if changes := a.Add(104, []*tw.Recorded{engagement()[104].recorded(104)}); len(changes) != 0 || a.Len() != 1 {
		t.Errorf("changes %+v, %d incidents", changes, a.Len())
	}
}

func TestOnce(t *testing.T) {
	recorded := world(7, 60)
	a := addAll(recorded, 1)
	slices.Reverse(recorded)
	for i, in := range associate.Once(recorded) {
		if got := slices.Collect(a.All())[i]; string(tw.Encode(got)) != string(tw.Encode(in)) {
			t.Fatalf("incident %v differs", in.ID)
		}
	}
}

func TestTooManyToSearchIsBoundedAndMarked(t *testing.T) {
	recorded := make([]*tw.Recorded, 0, 2_600)
	for i := range 2_600 {
		s := seen{source: fmt.Sprint("s", i%700), kind: tw.Explosion, description: tw.Impact, means: tw.Acoustic, count: exactly(1), region: point(int64(i)*20, 0, 400)}
		from := at("2026-04-11 10:00") + tw.Instant(i)*2*tw.Second
		recorded = append(recorded, s.at(uint64(i), tw.Interval{From: from, Till: from}))
	}
	a := addAll(recorded, len(recorded))
	for in := range a.All() {
		if !in.Degraded {
			t.Fatalf("%v is not marked", in.ID)
		}
	}
	checkState(t, a, recorded)
	if got := addAll(renumbered(recorded, rand.New(rand.NewPCG(1, 1)).Perm(len(recorded))), 500).OrderFreeDigest(); got != a.OrderFreeDigest() {
		t.Error("another order gives other incidents")
	}
}

// A sector seen from a place known within 4 km says little more than that: its
// estimate holds where the source was although the observer stood 3 km off.
func TestSectorWidensByItsObserversError(t *testing.T) {
	one := seen{source: "patrol", kind: tw.Explosion, means: tw.Heard, count: exactly(1), region: sector(0, 0, 20, 40, 0), from: "2026-04-11 10:00", till: "2026-04-11 10:01"}
	exact, vague := one.recorded(1), one.recorded(2)
	stood := place(0, 0)
	exact.Observation.Observer = &tw.Observer{Position: &stood, RadiusMM: 100_000}
	vague.Observation.Observer = &tw.Observer{Position: &stood, RadiusMM: 4_000_000}
	area := func(r *tw.Recorded) int64 { return associate.Once([]*tw.Recorded{r})[0].Best().Region.AreaM2() }
	if a, b := area(exact), area(vague); b < 40_000_000 || a > 5_000_000 {
		t.Errorf("the sector is %d m2 from an exact place and %d m2 from a vague one", a, b)
	}
	witness := seen{source: "camera", kind: tw.Explosion, means: tw.RecordedCamera, count: exactly(1), region: point(4_000, 3_000, 200), from: "2026-04-11 10:00", till: "2026-04-11 10:01"}.recorded(3)
	if n := len(associate.Once([]*tw.Recorded{exact, witness})); n != 2 {
		t.Errorf("%d incidents: what was seen 4 km beside an exact sector is another thing", n)
	}
	if n := len(associate.Once([]*tw.Recorded{vague, witness})); n != 1 {
		t.Errorf("%d incidents: it fits the sector of an observer known within 4 km", n)
	}
}

// Two who name the same second speak of one moment; a third who only names the
// hour adds to them, and a second moment within the hour stays another incident.
func TestAMomentIsToldFromAnother(t *testing.T) {
	exact := func(source string, from string) seen {
		return seen{source: source, kind: tw.Explosion, means: tw.Acoustic, count: exactly(1), region: point(0, 0, 700), from: from, till: from}
	}
	scene := map[int]seen{1: exact("a1", "2026-04-11 10:00:05"), 2: exact("a2", "2026-04-11 10:00:08"), 3: exact("a1", "2026-04-11 10:40:00"), 4: exact("a2", "2026-04-11 10:40:02"),
		5: {source: "patrol", kind: tw.Explosion, means: tw.Heard, count: exactly(1), region: point(0, 0, 1_500), from: "2026-04-11 09:55", till: "2026-04-11 10:05"}}
	if got, _ := groups(scene, 1, 2, 3, 4, 5); got != "1 2 5 | 3 4" {
		t.Errorf("incidents are %s", got)
	}
}
