// SPDX-License-Identifier: Apache-2.0

package coverage

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

const (
	start = 1_772_323_200 * trucewatch.Second // 2026-03-01T00:00:00Z
	hour  = trucewatch.Hour
)

// middle is in the empty South Pacific.
var middle = geo.Position{LatE7: -460_000_000, LonE7: -1_300_000_000}

func eastM(m int64) geo.Position { return geo.NewPlane(middle).Position(m*1000, 0) }

// disk is a small area round a place.
func disk(t testing.TB, center geo.Position, radiusM int64) *Area {
	t.Helper()
	a, err := NewArea("area", geo.NewDisks([]geo.Disk{{Center: center, RadiusMM: radiusM * 1000}}))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// watch is so many hours, from the start, of a field round a place.
func watch(center geo.Position, radiusM, from, till int64, state, cause string, share trucewatch.PPM, kinds ...trucewatch.Kind) trucewatch.Watch {
	return trucewatch.Watch{When: trucewatch.Interval{From: start + trucewatch.Instant(from)*hour, Till: start + trucewatch.Instant(till)*hour},
		State: state, Cause: cause, Share: share, Kinds: kinds, Where: trucewatch.Place{Region: geo.Circle(center, radiusM*1000)}}
}

func report(t testing.TB, m *Map, source string, watches ...trucewatch.Watch) []Change {
	t.Helper()
	r := &trucewatch.CoverageReport{Source: trucewatch.Source{ID: trucewatch.SourceID(source)}, Watches: watches}
	var received trucewatch.Instant
	for _, w := range watches {
		received = max(received, w.When.Till)
	}
	c, err := m.Report(r, received, 1)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func hours(from, till int64) trucewatch.Interval {
	return trucewatch.Interval{From: start + trucewatch.Instant(from)*hour, Till: start + trucewatch.Instant(till)*hour}
}

// near says whether two shares agree to a hundred ppm.
func near(a, b trucewatch.PPM) bool { return max(a-b, b-a) <= 100 }

func TestSeen(t *testing.T) {
	const wide = 20_000 // metres: the whole area
	for _, tt := range []struct {
		name     string
		watches  map[string][]trucewatch.Watch // in the order of their names
		kinds    []trucewatch.Kind
		observed trucewatch.PPM
		unknown  trucewatch.PPM
		word     string
		causes   string
	}{
		{name: "nobody says", observed: 0, unknown: 1_000_000, word: Unknown, causes: "unknown_watch 24"},
		{name: "one source, all day", watches: map[string][]trucewatch.Watch{"a": {watch(middle, wide, 0, 24, "watching", "", 800_000)}},
			observed: 800_000, word: Partly, causes: "share 5"},
		{name: "no share said counts whole", watches: map[string][]trucewatch.Watch{"a": {watch(middle, wide, 0, 24, "watching", "", 0)}},
			observed: 1_000_000, word: Watched},
		{name: "two sources miss independently", watches: map[string][]trucewatch.Watch{"a": {watch(middle, wide, 0, 24, "watching", "", 800_000)}, "b": {watch(middle, wide, 0, 24, "watching", "", 500_000)}},
			observed: 900_000, word: Watched, causes: "share 2"},
		{name: "one source twice at one time notices once", watches: map[string][]trucewatch.Watch{"a": {
			watch(middle, wide, 0, 24, "watching", "", 500_000, trucewatch.Shot), watch(middle, wide, 0, 24, "watching", "", 500_000, trucewatch.Explosion)}},
			observed: 500_000, word: Partly, causes: "share 12"},
		{name: "by day only, and the nights are said", watches: map[string][]trucewatch.Watch{"a": {watch(middle, wide, 0, 6, "out", "night", 0), watch(middle, wide, 6, 18, "watching", "", 1_000_000), watch(middle, wide, 18, 24, "out", "night", 0)}},
			observed: 500_000, word: Partly, causes: "night 12"},
		{name: "by day only, and nothing is said of the nights", watches: map[string][]trucewatch.Watch{"a": {watch(middle, wide, 6, 18, "watching", "", 1_000_000)}},
			observed: 500_000, unknown: 500_000, word: Partly, causes: "unknown_watch 12"},
		{name: "nobody looked", watches: map[string][]trucewatch.Watch{"a": {watch(middle, wide, 0, 24, "out", "denial", 0)}, "b": {watch(middle, wide, 0, 24, "out", "jamming", 0)}},
			observed: 0, word: NobodyLooked, causes: "jamming 12, denial 12"},
		{name: "half an hour is half an hour", watches: map[string][]trucewatch.Watch{"a": {{When: trucewatch.Interval{From: start, Till: start + hour/2}, State: "watching", Share: 1_000_000,
			Where: trucewatch.Place{Region: geo.Circle(middle, wide*1000)}}}}, observed: 1_000_000 / 48, unknown: 1_000_000 - 1_000_000/48, word: Partly, causes: "unknown_watch 23"},
		{name: "elsewhere", watches: map[string][]trucewatch.Watch{"a": {watch(eastM(60_000), wide, 0, 24, "watching", "", 1_000_000)}},
			observed: 0, unknown: 1_000_000, word: Unknown, causes: "unknown_watch 24"},
		{name: "of another kind", watches: map[string][]trucewatch.Watch{"a": {watch(middle, wide, 0, 24, "watching", "", 1_000_000, trucewatch.ThermalAnomaly)}},
			observed: 0, unknown: 1_000_000, word: Unknown, causes: "unknown_watch 24"},
		{name: "of the kind asked for", watches: map[string][]trucewatch.Watch{"a": {watch(middle, wide, 0, 24, "watching", "", 1_000_000, trucewatch.WeaponSeen)}},
			kinds: []trucewatch.Kind{trucewatch.WeaponSeen}, observed: 1_000_000, word: Watched},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := New()
			for _, id := range []string{"a", "b"} {
				if w := tt.watches[id]; w != nil {
					report(t, m, id, w...)
				}
			}
			s := m.Seen(disk(t, middle, 2_000), hours(0, 24), tt.kinds)
			var causes []string
			for _, c := range s.Causes {
				causes = append(causes, fmt.Sprintf("%s %d", c.Cause, c.Hours))
			}
			if !near(s.Observed, tt.observed) || !near(s.Unknown, tt.unknown) || s.Word() != tt.word || strings.Join(causes, ", ") != tt.causes {
				t.Errorf("observed %d, unknown %d, %s, because of %v", s.Observed, s.Unknown, s.Word(), causes)
			}
		})
	}
}

// TestSharesAreThoseOfTheGround covers an area of 2 km by so much of a field.
func TestSharesAreThoseOfTheGround(t *testing.T) {
	a := disk(t, middle, 1_000)
	for _, tt := range []struct {
		name  string
		field geo.Region
		want  trucewatch.PPM
	}{
		{"all", geo.Circle(middle, 3_000_000), 1_000_000},
		{"a circle of half the radius", geo.Circle(middle, 500_000), 250_000},
		{"the eastern half", geo.NewSector(middle, 0, 5_000_000, []int32{0, 22_500, 45_000, 67_500, 90_000, 112_500, 135_000, 157_500}), 500_000},
		{"a far ring", geo.NewSector(middle, 3_000_000, 5_000_000, []int32{0, 90_000, 180_000, 270_000}), 0},
		{"a pixel of a quarter", geo.Region{Kind: geo.Pixel, Center: geo.NewPlane(middle).Position(2_000_000, 2_000_000), SemiMajorMM: 2_000_000, SemiMinorMM: 2_000_000}, 250_000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := New()
			w := watch(middle, 1, 0, 24, "watching", "", 1_000_000)
			w.Where.Region = tt.field
			report(t, m, "a", w)
			// What 256 points and more allow.
			if got := m.Seen(a, hours(0, 24), nil).Observed; max(got-tt.want, tt.want-got) > 25_000 {
				t.Errorf("observed %d, want about %d", got, tt.want)
			}
		})
	}
}

// TestLateReportReplaces says at first that a camera watched all day, then that it
// was out from noon.
func TestLateReportReplaces(t *testing.T) {
	m, a := New(), disk(t, middle, 2_000)
	for h := int64(0); h < 24; h++ {
		report(t, m, "cam", watch(middle, 9_000, h, h+1, "watching", "", 1_000_000))
	}
	if n := len(m.sources[0].stretches); n != 1 {
		t.Errorf("24 hours alike are %d stretches, want 1", n)
	}
	changes := report(t, m, "cam", watch(middle, 9_000, 12, 20, "out", "outage", 0))
	if s := m.Seen(a, hours(0, 24), nil); !near(s.Observed, 666_667) || s.Unknown != 0 {
		t.Errorf("observed %d, unknown %d; want 16 of 24 hours", s.Observed, s.Unknown)
	}
	if len(changes) != 2 || !changes[0].Touches(a) || changes[0].Touches(disk(t, eastM(50_000), 2_000)) {
		t.Errorf("changes %+v", changes)
	}
	report(t, m, "other", watch(middle, 9_000, 12, 20, "watching", "", 1_000_000))
	if s := m.Seen(a, hours(0, 24), nil); s.Observed != 1_000_000 {
		t.Errorf("another source saw what the camera did not: observed %d", s.Observed)
	}
}

func TestRefused(t *testing.T) {
	for name, w := range map[string]trucewatch.Watch{
		"time to come": watch(middle, 9_000, 0, 26, "watching", "", 1_000_000),
		"no time":      watch(middle, 9_000, 4, 4, "watching", "", 1_000_000),
		"no place":     {When: hours(0, 1), State: "watching"},
		"a field that crosses itself": {When: hours(0, 1), State: "watching", Where: trucewatch.Place{Region: geo.Region{Kind: geo.Polygon, Rings: [][]geo.Position{{
			middle, {LatE7: -450_000_000, LonE7: -1_290_000_000}, {LatE7: -450_000_000, LonE7: -1_300_000_000}, {LatE7: -460_000_000, LonE7: -1_290_000_000}}}}}},
	} {
		m := New()
		r := &trucewatch.CoverageReport{Source: trucewatch.Source{ID: "a"}, Watches: []trucewatch.Watch{watch(middle, 9_000, 0, 1, "watching", "", 0), w}}
		_, err := m.Report(r, start+24*hour, 7)
		if !errors.Is(err, trucewatch.ErrInvalid) || !strings.Contains(err.Error(), "watches 1") {
			t.Errorf("%s: error %v, want one about watch 1 that wraps ErrInvalid", name, err)
		}
		if len(m.sources)+len(m.fields) != 0 {
			t.Errorf("%s: something was kept", name)
		}
	}
}

func TestSilent(t *testing.T) {
	m := New()
	for h := int64(0); h < 6; h++ {
		report(t, m, "cam", watch(middle, 9_000, h, h+1, "watching", "", 1_000_000))
		report(t, m, "out", watch(middle, 9_000, h, h+1, "out", "night", 0))
	}
	report(t, m, "once", watch(middle, 9_000, 0, 1, "watching", "", 1_000_000))
	at := func(h int64) trucewatch.Instant { return start + trucewatch.Instant(h)*hour }
	if s := m.Silent(at(8)); len(s) != 0 {
		t.Errorf("after two hours %+v", s)
	}
	m.Heard("out", at(8))
	m.Heard("nobody", at(8))
	s := m.Silent(at(9))
	if len(s) != 1 || s[0].Source != "cam" || s[0].Since != at(6) || s[0].Every != hour {
		t.Errorf("after three hours %+v; want the camera, silent since hour 6", s)
	}
	// It speaks again: what it was silent about stays unknown.
	report(t, m, "cam", watch(middle, 9_000, 9, 10, "watching", "", 1_000_000))
	if s := m.Silent(at(10)); len(s) != 0 {
		t.Errorf("it speaks again: %+v", s)
	}
}

func TestStatement(t *testing.T) {
	m := New()
	large := disk(t, middle, 20_000)
	large.Name = "north"
	for d := int64(0); d < 14; d++ {
		report(t, m, "cam", watch(middle, 60_000, d*24, d*24+12, "watching", "", 1_000_000), watch(middle, 60_000, d*24+12, d*24+24, "out", "night", 0))
	}
	report(t, m, "array", watch(middle, 60_000, 7*24, 8*24, "out", "jamming", 0))
	lines := m.Statement([]*Area{large, disk(t, middle, 2_000)}, hours(0, 21*24), nil)
	if len(lines) != 6 {
		t.Fatalf("%d lines, want 3 weeks of 2 areas", len(lines))
	}
	for i, want := range []string{
		"north, the week from 2026-03-01: watched in part; of 100 events about 50 would have been noticed. What was not seen may have happened. Not seen because of: night 84 h.",
		"north, the week from 2026-03-08: watched in part; of 100 events about 50 would have been noticed. What was not seen may have happened. Not seen because of: night 78 h, jamming 6 h.",
		"north, the week from 2026-03-15: no source says what it could see. How much was missed is not known. Not seen because of: no report of a watch 168 h.",
	} {
		if got := lines[i].Sentence(); got != want {
			t.Errorf("week %d: %s\nwant %s", i, got, want)
		}
	}
	public := Public(lines, lines[1].Week.Till+PublicDelay)
	if len(public) != 2 || public[1].Area != "north" {
		t.Fatalf("%d lines are public, want 2: large areas, late", len(public))
	}
	if got, want := public[1].Sentence(), "north, the week from 2026-03-08: watched in part; of 100 events about 50 would have been noticed. What was not seen may have happened. Not seen because of: night."; got != want {
		t.Errorf("public: %s\nwant %s", got, want)
	}
	if len(Public(lines, lines[0].Week.Till+PublicDelay-1)) != 0 {
		t.Error("a week is public before its delay is over")
	}
}

// TestCellsMeetAcrossTheWorld makes areas at odd places: their cells hold all of
// their points.
func TestCellsMeetAcrossTheWorld(t *testing.T) {
	for name, center := range map[string]geo.Position{"antimeridian": {LatE7: 100_000_000, LonE7: 1_800_000_000 - 1}, "equator": {}, "north": {LatE7: 700_000_000, LonE7: 250_000_000}} {
		a := disk(t, center, 12_000)
		for i := range 36 {
			p := geo.Direct(center, int32(i)*10_000, 11_000_000)
			if a.Cell(p) < 0 {
				t.Errorf("%s: no cell holds %v", name, p)
			}
		}
		if a.Cell(geo.Direct(center, 0, 40_000_000)) >= 0 {
			t.Errorf("%s: a cell of the area lies 40 km off", name)
		}
		m := New()
		report(t, m, "a", watch(center, 15_000, 0, 24, "watching", "", 1_000_000))
		if s := m.Seen(a, hours(0, 24), nil); s.Observed < 999_000 {
			t.Errorf("%s: observed %d of what the field covers", name, s.Observed)
		}
	}
	if _, err := NewArea("world", geo.Everywhere()); !errors.Is(err, trucewatch.ErrInvalid) {
		t.Errorf("everywhere: error %v", err)
	}
}

// TestFewerSourcesNeverSeeMore draws watches, and leaves out one source.
func TestFewerSourcesNeverSeeMore(t *testing.T) {
	a := disk(t, middle, 6_000)
	rapid.Check(t, func(rt *rapid.T) {
		all, fewer := New(), New()
		n := rapid.IntRange(1, 8).Draw(rt, "sources")
		for s := range n {
			for range rapid.IntRange(1, 3).Draw(rt, "watches") {
				from := rapid.Int64Range(0, 22).Draw(rt, "from")
				w := watch(eastM(rapid.Int64Range(-12_000, 12_000).Draw(rt, "east")), rapid.Int64Range(500, 9_000).Draw(rt, "radius"), from, from+rapid.Int64Range(1, 24-from).Draw(rt, "hours"),
					"reduced", "weather", trucewatch.PPM(rapid.Int64Range(1, 1_000_000).Draw(rt, "share")))
				report(t, all, fmt.Sprint("s", s), w)
				if s > 0 {
					report(t, fewer, fmt.Sprint("s", s), w)
				}
			}
		}
		one, two := all.Seen(a, hours(0, 24), nil), fewer.Seen(a, hours(0, 24), nil)
		if two.Observed > one.Observed+int64ppm || two.Unknown < one.Unknown-int64ppm || one.Observed > 1_000_000 {
			rt.Fatalf("with all %+v, with fewer %+v", one, two)
		}
	})
}

// int64ppm is what rounding may make of a share.
const int64ppm = 20

// TestReportsInAnyOrder hands in reports of different sources in any order: the
// same is seen.
func TestReportsInAnyOrder(t *testing.T) {
	a := disk(t, middle, 6_000)
	rapid.Check(t, func(rt *rapid.T) {
		type said struct {
			source string
			watch  trucewatch.Watch
		}
		var all []said
		for s := range 4 {
			for d := range 6 { // hours apart: one source says one thing of one time
				if rapid.Bool().Draw(rt, "speaks") {
					state, cause := "watching", ""
					if rapid.Bool().Draw(rt, "out") {
						state, cause = "out", "outage"
					}
					all = append(all, said{fmt.Sprint("s", s), watch(eastM(int64(s)*2_000), 5_000, int64(d*4), int64(d*4+4), state, cause, 0)})
				}
			}
		}
		one, two := New(), New()
		for _, r := range all {
			report(t, one, r.source, r.watch)
		}
		for _, r := range rapid.Permutation(all).Draw(rt, "order") {
			report(t, two, r.source, r.watch)
		}
		x, y := one.Seen(a, hours(0, 24), nil), two.Seen(a, hours(0, 24), nil)
		if x.Observed != y.Observed || x.Unknown != y.Unknown || !slices.Equal(x.Causes, y.Causes) {
			rt.Fatalf("%+v and %+v", x, y)
		}
	})
}

func TestOnDuty(t *testing.T) {
	at := geo.Circle(middle, 300_000)
	for _, tt := range []struct {
		name  string
		from  trucewatch.Source
		watch []trucewatch.Watch
		kind  trucewatch.Kind
		want  trucewatch.PPM // 0: not on duty
	}{
		{"a post that says its share", trucewatch.Source{Kind: trucewatch.PostSource}, []trucewatch.Watch{watch(middle, 5_000, 0, 24, "watching", "", 800_000)}, trucewatch.Explosion, 800_000},
		{"a post that does not", trucewatch.Source{Kind: trucewatch.PostSource}, []trucewatch.Watch{watch(middle, 5_000, 0, 24, "watching", "", 0)}, trucewatch.Explosion, UnsaidShare},
		{"a post that was out", trucewatch.Source{Kind: trucewatch.PostSource}, []trucewatch.Watch{watch(middle, 5_000, 0, 24, "out", "night", 0)}, trucewatch.Explosion, 0},
		{"a post relieved in the middle", trucewatch.Source{Kind: trucewatch.PostSource}, []trucewatch.Watch{watch(middle, 5_000, 0, 10, "watching", "", 800_000)}, trucewatch.Explosion, 0},
		{"a post that came too late", trucewatch.Source{Kind: trucewatch.PostSource}, []trucewatch.Watch{watch(middle, 5_000, 11, 24, "watching", "", 800_000)}, trucewatch.Explosion, 0},
		{"a post out of earshot", trucewatch.Source{Kind: trucewatch.PostSource}, []trucewatch.Watch{watch(eastM(40_000), 5_000, 0, 24, "watching", "", 800_000)}, trucewatch.Explosion, 0},
		{"a post that watches for something else", trucewatch.Source{Kind: trucewatch.PostSource}, []trucewatch.Watch{watch(middle, 5_000, 0, 24, "watching", "", 800_000, trucewatch.UAVSighted)}, trucewatch.Explosion, 0},
		{"the better of two fields", trucewatch.Source{Kind: trucewatch.CameraSource}, []trucewatch.Watch{watch(middle, 5_000, 0, 24, "watching", "", 900_000), watch(eastM(40_000), 5_000, 0, 24, "watching", "", 800_000)}, trucewatch.Explosion, 900_000},
		{"a post of a party", trucewatch.Source{Kind: trucewatch.PostSource, Party: "A"}, []trucewatch.Watch{watch(middle, 5_000, 0, 24, "watching", "", 800_000)}, trucewatch.Explosion, 0},
		{"a party", trucewatch.Source{Kind: trucewatch.PartySource, Party: "A"}, []trucewatch.Watch{watch(middle, 5_000, 0, 24, "watching", "", 800_000)}, trucewatch.Explosion, 0},
		{"a sensor, weighed with its arrivals", trucewatch.Source{Kind: trucewatch.SensorSource}, []trucewatch.Watch{watch(middle, 5_000, 0, 24, "watching", "", 800_000)}, trucewatch.Explosion, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := New()
			tt.from.ID = "post"
			if _, err := m.Report(&trucewatch.CoverageReport{Source: tt.from, Watches: tt.watch}, hours(0, 24).Till, 1); err != nil {
				t.Fatal(err)
			}
			got := m.OnDuty(trucewatch.Interval{From: hours(10, 10).From, Till: hours(10, 10).From + trucewatch.Minute}, at, tt.kind)
			if tt.want == 0 && len(got) == 0 {
				return
			}
			if len(got) != 1 || got[0].Source != "post" || !near(got[0].Share, tt.want) {
				t.Errorf("on duty: %v, want a share of %d", got, tt.want)
			}
		})
	}
}
