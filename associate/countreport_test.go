// SPDX-License-Identifier: Apache-2.0

package associate_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	tw "github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate"
	"github.com/trucewatch/trucewatch/geo"
	"pgregory.net/rapid"
)

// isCountReport says whether r is a number over a time too long for one engagement.
func isCountReport(r *tw.Recorded) bool {
	o := r.Observation
	return o.When.Till-o.When.From > associate.EngagementCap && o.Kind.IsPhenomenon() && !o.Means.IsClaim() &&
		(o.Count.Value > 1 || o.Count.Qualifier == tw.Multiple || o.Count.Qualifier == tw.AtLeast)
}

// founder returns the first member of in, which is no count report if another is there.
func founder(a *associate.Associator, in *tw.Incident) tw.ObservationID {
	for _, r := range a.Members(in) {
		if !isCountReport(r) {
			return r.ID
		}
	}
	return in.Links[0].Observation
}

// evening is a post that heard many explosions from 19:35 to 22:35 some km south-east
// to south, where arrays located n of them one by one.
func evening(count tw.Count, n int) map[int]seen {
	heard := geo.Region{Kind: geo.Sector, Center: place(0, 0), RMinMM: 2_000_000, RMaxMM: 4_000_000,
		Arcs: []geo.Arc{{FromMdeg: 123_750, TillMdeg: 191_250}}}
	scene := map[int]seen{1: {source: "post", kind: tw.Explosion, means: tw.Heard, count: count, region: heard, from: "2026-04-11 19:35", till: "2026-04-11 22:35"}}
	for i := range n {
		when := fmt.Sprintf("2026-04-11 %02d:%02d", 20+i/5, i%5*12)
		scene[2+i] = seen{source: "array", kind: tw.Explosion, means: tw.Acoustic, count: exactly(1), region: point(1_000+int64(i%3)*250, -2_600-int64(i%2)*200, 150), from: when, till: when}
	}
	return scene
}

// explosions adds the explosions of all incidents.
func explosions(a *associate.Associator) (total int64) {
	for in := range a.All() {
		for _, p := range in.Phenomena {
			if p.Kind == tw.Explosion {
				total += p.Count.Value
			}
		}
	}
	return total
}

func TestACountReportIsExplainedUpToItsNumber(t *testing.T) {
	for _, test := range []struct {
		name    string
		count   tw.Count
		located int
		want    string // incidents
		total   int64  // explosions
	}{
		{"nobody else heard any", about(80), 0, "1", 80},
		{"what is left over is an incident of its own", about(80), 3, "1 | 1 2 | 1 3 | 1 4", 80},
		{"the number is used up", exactly(3), 3, "1 2 | 1 3 | 1 4", 3},
		{"more were located than were heard", exactly(2), 3, "1 2 | 1 3 | 4", 3},
		{"about ten leaves one unaccounted for", about(10), 9, "1 2 | 1 3 | 1 4 | 1 5 | 1 6 | 1 7 | 1 8 | 1 9 | 1 10", 9},
		{"at least so many explains any number", tw.Count{Value: 2, Qualifier: tw.AtLeast}, 3, "1 2 | 1 3 | 1 4", 3},
		{"several, of which one was located", tw.Count{Qualifier: tw.Multiple}, 1, "1 | 1 2", 2},
		{"several, of which two were located", tw.Count{Qualifier: tw.Multiple}, 2, "1 2 | 1 3", 2},
		{"five to seven, of which two were located", tw.Count{Value: 5, High: 7, Qualifier: tw.Exact}, 2, "1 | 1 2 | 1 3", 5},
		{"one explosion some time that evening is one occurrence", exactly(1), 1, "1 2", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			scene := evening(test.count, test.located)
			for _, last := range []bool{false, true} {
				var order []int
				for i := range test.located {
					order = append(order, 2+i)
				}
				if last {
					order = append(order, 1)
				} else {
					order = append([]int{1}, order...)
				}
				got, a := groups(scene, order...)
				if test.located == 3 && test.total == 3 && test.count == exactly(2) {
					if got = fmt.Sprint(strings.Count(got, "1 "), " ", a.Len()); got != "2 3" {
						t.Errorf("links to the report, incidents: %s", got)
					}
				} else if got != test.want {
					t.Errorf("incidents are %s, want %s", got, test.want)
				}
				if total := explosions(a); total != test.total {
					t.Errorf("%d explosions are counted, want %d", total, test.total)
				}
			}
		})
	}
}

func TestACountReportSaysNothingOfOtherGroundTimeOrSigns(t *testing.T) {
	for name, other := range map[string]seen{
		"elsewhere": {source: "array", kind: tw.Explosion, means: tw.Acoustic, count: exactly(1), region: point(0, 9_000, 150), from: "2026-04-11 20:00", till: "2026-04-11 20:00"},
		"later":     {source: "array", kind: tw.Explosion, means: tw.Acoustic, count: exactly(1), region: point(1_000, -2_800, 150), from: "2026-04-11 23:00", till: "2026-04-11 23:00"},
		"bursts":    {source: "camera", kind: tw.Burst, means: tw.RecordedCamera, count: exactly(5), region: point(1_000, -2_800, 150), from: "2026-04-11 20:00", till: "2026-04-11 20:00"},
		"its own":   {source: "post", kind: tw.Explosion, means: tw.Heard, count: exactly(1), region: point(1_000, -2_800, 150), from: "2026-04-11 20:00", till: "2026-04-11 20:00"},
	} {
		t.Run(name, func(t *testing.T) {
			scene := evening(about(80), 0)
			scene[2] = other
			if got, _ := groups(scene, 1, 2); got != "1 | 2" {
				t.Errorf("incidents are %s", got)
			}
		})
	}
}

// What sensors located without knowing what it was is named by those who heard it.
func TestACountReportSaysWhatSensorsLocated(t *testing.T) {
	scene := evening(exactly(2), 2)
	for i := 2; i <= 3; i++ {
		s := scene[i]
		s.kind = tw.AcousticEvent
		scene[i] = s
	}
	_, a := groups(scene, 2, 3, 1)
	for in := range a.All() {
		if in.Kind != tw.Explosion || in.MeansCount != 2 || in.Sources != 2 {
			t.Errorf("incident %v is a %s by %d means of %d sources", in.ID, in.Kind, in.MeansCount, in.Sources)
		}
	}
	if got := explosions(a); got != 2 {
		t.Errorf("%d explosions", got)
	}
}

// Two posts that heard one evening are not two evenings: what neither can
// account for is one incident of at least the greater number.
func TestTwoCountReportsOfOneEvening(t *testing.T) {
	scene := evening(about(80), 3)
	other := scene[1]
	other.source, other.count = "other post", about(60)
	scene[9] = other
	got, a := groups(scene, 9, 1, 2, 3, 4)
	if want := "1 9 | 1 2 9 | 1 3 9 | 1 4 9"; got != want {
		t.Errorf("incidents are %s, want %s", got, want)
	}
	if got := explosions(a); got != 80 {
		t.Errorf("%d explosions, want 77 and 3", got)
	}
}

// TestRowsOfOnePostAreUsedUpTogether: two rows of one post about one evening are two
// sets of signs. Whichever incident the wider row would take, the narrower one has the
// only one that it can be; nothing is left over, and nothing counted twice.
func TestRowsOfOnePostAreUsedUpTogether(t *testing.T) {
	for name, narrow := range map[string]int64{"the western of two": -1_500, "the eastern of two": 1_500} {
		scene := evening(exactly(2), 0)
		wide := scene[1]
		wide.region = point(0, -3_000, 4_000)
		row := wide
		row.region, row.from = point(narrow, -3_000, 900), "2026-04-11 19:36"
		scene[1], scene[2] = wide, row
		for i, east := range []int64{-1_500, 1_500} {
			scene[3+i] = seen{source: "array", kind: tw.Explosion, means: tw.Acoustic, count: exactly(2), region: point(east, -3_000, 150), from: fmt.Sprintf("2026-04-11 20:%02d", 10+30*i), till: fmt.Sprintf("2026-04-11 20:%02d", 10+30*i)}
		}
		got, a := groups(scene, 1, 2, 3, 4)
		if total := explosions(a); total != 4 || a.Len() != 2 {
			t.Errorf("%s: %d explosions in %s", name, total, got)
		}
	}
}

// reportsWorld draws shots located within some ground, and reports of those who
// counted them over the evening.
func reportsWorld(seed uint64, shots, posts, rowsEach int) []*tw.Recorded {
	r := rand.New(rand.NewPCG(seed, 7))
	start := at("2026-04-11 19:30")
	var out []*tw.Recorded
	for i := range shots {
		s := seen{source: fmt.Sprint("array ", r.IntN(3)), kind: tw.Explosion, means: tw.Acoustic, count: exactly(int64(1 + r.IntN(3))),
			region: point(int64(r.IntN(6_000)), int64(r.IntN(6_000)), 150)}
		when := start + tw.Instant(r.IntN(180))*tw.Minute
		out = append(out, s.at(uint64(i), tw.Interval{From: when, Till: when}))
	}
	qualifiers := []tw.Qualifier{tw.Exact, tw.About, tw.AtLeast, tw.AtMost}
	for i := range posts {
		s := seen{source: fmt.Sprint("post ", i/rowsEach), kind: tw.Explosion, means: tw.Heard, count: tw.Count{Value: int64(2 + r.IntN(30)), Qualifier: qualifiers[r.IntN(4)]},
			region: sector(int64(r.IntN(6_000)), int64(r.IntN(6_000)), 10, 50, int64AsAzimuth(r.IntN(16)))}
		from := start + tw.Instant(r.IntN(30))*tw.Minute
		out = append(out, s.at(uint64(shots+i), tw.Interval{From: from, Till: from + 130*tw.Minute}))
	}
	return out
}

// Whatever the order, the incidents are the same; no report gives more than its
// number; and the reports change nothing of what others formed.
func TestCountReportsInAnyOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		all := reportsWorld(rapid.Uint64().Draw(rt, "seed"), rapid.IntRange(0, 40).Draw(rt, "shots"), rapid.IntRange(1, 6).Draw(rt, "reports"), rapid.IntRange(1, 3).Draw(rt, "rows each"))
		order := rapid.Permutation(indices(len(all))).Draw(rt, "order")
		whole := addAll(all, len(all))
		a := addAll(renumbered(all, order), rapid.IntRange(1, 9).Draw(rt, "batch"))
		if a.OrderFreeDigest() != whole.OrderFreeDigest() {
			rt.Fatal("another order gives other incidents")
		}
		checkState(t, a, renumbered(all, order))
		var shots, reported int64
		without := associate.New()
		for i, r := range all {
			if isCountReport(r) || r.Observation.Means == tw.Heard {
				reported += r.Observation.Count.Value
				continue
			}
			without.Add(uint64(i), []*tw.Recorded{r})
		}
		shots = explosions(without)
		if total := explosions(whole); total < shots || total > shots+reported {
			rt.Fatalf("%d explosions of %d located and %d reported", total, shots, reported)
		}
		before := make(map[string]bool)
		for in := range without.All() {
			before[written(without)] = true
			before[shotsOf(without, in)] = true
		}
		for in := range whole.All() {
			if s := shotsOf(whole, in); s != "" && !before[s] {
				rt.Fatalf("reports made an incident of others' observations: %s", s)
			}
		}
	})
}

// shotsOf writes the members of in that are no count reports, by key.
func shotsOf(a *associate.Associator, in *tw.Incident) string {
	var keys []string
	for _, r := range a.Members(in) {
		if r.Observation.Means != tw.Heard {
			keys = append(keys, r.Observation.Key.String())
		}
	}
	return strings.Join(keys, " ")
}

func indices(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}
