// SPDX-License-Identifier: Apache-2.0

package score

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/scenario"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "rewrite testdata")

// truthOf makes events of letters: "abcd efg".
func truthOf(words string) *scenario.Truth {
	t := &scenario.Truth{About: scenario.About{World: "letters"}}
	for i, w := range strings.Fields(words) {
		t.Events = append(t.Events, scenario.TrueEvent{ID: "E" + strconv.Itoa(i), At: trucewatch.Instant(i+1) * trucewatch.Hour, Members: strings.Split(w, "")})
	}
	return t
}

// resultOf makes results of letters without probabilities.
func resultOf(words string) *Result {
	r := &Result{Name: "letters"}
	for _, w := range strings.Fields(words) {
		var f Found
		for _, l := range strings.Split(w, "") {
			f.Members = append(f.Members, Member{l, -1})
		}
		r.Events = append(r.Events, f)
	}
	return r
}

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within) {
		t.Errorf("%s is %.6f, want %.6f", what, got, want)
	}
}

func TestCountsOfASmallExample(t *testing.T) {
	// Found: abcd by abcx (3 of 4). Not found: efg by de (1 of 3).
	s := Of(truthOf("abcd efg"), resultOf("abcx de"), Options{Rule: Overlap, MembersMin: 2})
	near(t, "precision", s.Precision, 1.0/2, 0)
	near(t, "recall", s.Recall, 1.0/2, 0)
	near(t, "link precision", s.Links.Precision, 3.0/6, 0)
	near(t, "link recall", s.Links.Recall, 3.0/7, 1e-12)
	near(t, "missing", s.Links.Missing, 1, 0)
	near(t, "extra", s.Links.Extra, 1, 0)
	near(t, "pair precision", s.Links.PairPrecision, 3.0/7, 1e-12)
	near(t, "pair recall", s.Links.PairRecall, 3.0/9, 1e-12)
	near(t, "B-cubed precision", s.Links.BCubedPrecision, (9.0/4+1.0/4+1.0/2+1.0/2+2)/8, 1e-12)
	near(t, "B-cubed recall", s.Links.BCubedRecall, (9.0/4+1.0/4+1.0/3+2.0/3+1)/8, 1e-12)
}

func TestWhatARuleCallsFound(t *testing.T) {
	for _, c := range []struct {
		name, truth, result string
		rule                Rule
		found               int
	}{
		{"all members", "abcde", "abcde", Overlap, 1},
		{"three of five", "abcde", "abc", Overlap, 1},
		{"two of five", "abcde", "ab", Overlap, 0},
		{"three with two strangers", "abc", "abcxy", Overlap, 1},
		{"three with three strangers", "abc", "abcxyz", Overlap, 0},
		{"three of five, one stranger: not by Jaccard", "abcde", "abcx", Jaccard, 0},
		{"three of five, one stranger: by overlap", "abcde", "abcx", Overlap, 1},
		{"two events in one result", "abc def", "abcdef", Overlap, 0},
		{"one event in two results", "abcdef", "abc def", Overlap, 0},
		{"a lone observation does not count", "ab c", "ab c", Overlap, 1},
		{"nothing", "abc", "", Overlap, 0},
	} {
		s := Of(truthOf(c.truth), resultOf(c.result), Options{Rule: c.rule, MembersMin: 2})
		if s.Matched != c.found {
			t.Errorf("%s: found %d, want %d", c.name, s.Matched, c.found)
		}
	}
}

func TestNothingToCountIsNoNumber(t *testing.T) {
	s := Of(truthOf("abc"), resultOf(""), Options{Rule: Overlap, MembersMin: 2})
	if !math.IsNaN(s.Precision) || s.Recall != 0 || !math.IsNaN(s.Location.RMSEM) || !math.IsNaN(s.Shares.ECE) {
		t.Errorf("precision %v, recall %v, RMSE %v, ECE %v", s.Precision, s.Recall, s.Location.RMSEM, s.Shares.ECE)
	}
	if text := Text([]*Score{s}); strings.Contains(text, "NaN") {
		t.Errorf("the report says NaN:\n%s", text)
	}
	if s.Summary().Precision != nil {
		t.Error("the summary has a precision")
	}
}

// TestPairsAndBCubedAreTheirDefinitions compares with the definitions, worked
// out observation by observation.
func TestPairsAndBCubedAreTheirDefinitions(t *testing.T) {
	const letters = "abcdefghijkl"
	rapid.Check(t, func(r *rapid.T) {
		event, group := make([]int, len(letters)), make([]int, len(letters))
		var events, groups [4]string
		for i := range letters {
			event[i], group[i] = rapid.IntRange(0, 4).Draw(r, "event"), rapid.IntRange(0, 4).Draw(r, "group")
			if event[i] < 4 {
				events[event[i]] += letters[i : i+1]
			} else {
				event[i] = 100 + i // false: an event of its own
			}
			if group[i] < 4 {
				groups[group[i]] += letters[i : i+1]
			} else {
				group[i] = 100 + i
			}
		}
		var precision, recall float64
		n, pairs, said, truth := 0, 0, 0, 0
		for i := range letters {
			if event[i] >= 100 && group[i] >= 100 {
				continue // in neither file
			}
			n++
			both, sameGroup, sameEvent := 0, 0, 0
			for j := range letters {
				if group[i] == group[j] {
					sameGroup++
				}
				if event[i] == event[j] {
					sameEvent++
				}
				if group[i] == group[j] && event[i] == event[j] {
					both++
				}
			}
			precision += float64(both) / float64(sameGroup)
			recall += float64(both) / float64(sameEvent)
			pairs, said, truth = pairs+both-1, said+sameGroup-1, truth+sameEvent-1
		}
		if n == 0 || pairs == 0 {
			return
		}
		l := Of(truthOf(strings.Join(events[:], " ")), resultOf(strings.Join(groups[:], " ")), Options{Rule: Overlap, MembersMin: 2}).Links
		if math.Abs(l.BCubedPrecision-precision/float64(n)) > 1e-9 || math.Abs(l.BCubedRecall-recall/float64(n)) > 1e-9 ||
			math.Abs(l.PairPrecision-float64(pairs)/float64(said)) > 1e-9 || math.Abs(l.PairRecall-float64(pairs)/float64(truth)) > 1e-9 {
			r.Errorf("%v by %v: B-cubed %v %v, pairs %v %v", events, groups, l.BCubedPrecision, l.BCubedRecall, l.PairPrecision, l.PairRecall)
		}
	})
}

// placed returns a result that finds every event of a line with the error that
// the bound allows, times factor, and states the bound's ellipse.
func placed(t *testing.T, seed uint64, factor float64) (*scenario.Truth, *Result) {
	t.Helper()
	l := scenario.NewLine(seed)
	l.LengthKM, l.Rate = 500, 2000
	w, err := l.World()
	if err != nil {
		t.Fatal(err)
	}
	truth, result := w.Truth(""), &Result{Name: "told"}
	r := rand.New(rand.NewPCG(seed, 0))
	for _, e := range truth.Events {
		b := e.Bound
		cov := [3]float64{float64(b.EastMM2) / 1e6, float64(b.EastNorthMM2) / 1e6, float64(b.NorthMM2) / 1e6}
		if cov[0]+cov[2] == 0 || cov[0]+cov[2] > 1e6 {
			continue // no bound, or beyond a flat kilometre
		}
		l11 := math.Sqrt(cov[0])
		l21 := cov[1] / l11
		l22 := math.Sqrt(cov[2] - l21*l21)
		u, v := r.NormFloat64()*factor, r.NormFloat64()*factor
		f := Found{Placed: true, At: e.At, Position: geo.NewPlane(e.Position).Position(int64(1000*l11*u), int64(1000*(l21*u+l22*v)))}
		f.Region, _ = EllipseOf(f.Position, cov)
		for _, m := range e.Members {
			f.Members = append(f.Members, Member{m, -1})
		}
		result.Events = append(result.Events, f)
	}
	return truth, result
}

func TestErrorsAsStatedScoreOne(t *testing.T) {
	l := Of(placedOf(placed(t, 1, 1))).Location
	near(t, "root NEES", l.RootNEES, 1, 0.04)
	near(t, "coverage", l.Covered, 0.95, 0.016)
	near(t, "RMSE over bound", l.OverBound, 1, 0.1)
	if l.NEESLow > 1 || l.NEESHigh < 1 || l.Gross != 0 || l.WithRegion < 1900 {
		t.Errorf("%+v", l)
	}
	for _, v := range l.Levels {
		near(t, "coverage of level", v.Actual, v.Nominal, 0.045)
	}
}

func TestErrorsLargerThanStatedShow(t *testing.T) {
	l := Of(placedOf(placed(t, 1, 2))).Location
	near(t, "root NEES", l.RootNEES, 2, 0.1)
	near(t, "coverage", l.Covered, 1-math.Exp(-5.99146/8), 0.04)
	if l.CoveredHigh > 0.95 {
		t.Error("coverage of 95 % cannot be excluded")
	}
}

func placedOf(t *scenario.Truth, r *Result) (*scenario.Truth, *Result, Options) {
	return t, r, DefaultOptions(t)
}

func TestAWrongSolutionIsGross(t *testing.T) {
	truth, result := placed(t, 1, 0)
	for i := range 5 {
		p := &result.Events[i].Position
		*p = geo.Direct(*p, 30_000, 40_000_000)
	}
	if l := Of(placedOf(truth, result)).Location; l.Gross != 5 {
		t.Errorf("%d gross errors, want 5", l.Gross)
	}
}

func TestEllipseAndCovarianceAreInverse(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		region := geo.Region{Kind: geo.Ellipse, Center: geo.Position{LatE7: 460_000_000, LonE7: -300_000_000},
			SemiMinorMM: rapid.Int64Range(1_000, 1_000_000).Draw(r, "minor"), AzimuthMdeg: rapid.Int32Range(0, 179_999).Draw(r, "azimuth")}
		region.SemiMajorMM = region.SemiMinorMM + rapid.Int64Range(100_000, 9_000_000).Draw(r, "more")
		cov, ok := covarianceOf(region)
		back, ok2 := EllipseOf(region.Center, cov)
		turn := (back.AzimuthMdeg - region.AzimuthMdeg + 540_000) % 180_000 // an axis has no direction
		if !ok || !ok2 || abs(back.SemiMajorMM-region.SemiMajorMM) > 2 || abs(back.SemiMinorMM-region.SemiMinorMM) > 20 || min(turn, 180_000-turn) > 2 {
			r.Errorf("%+v became %+v", region, back)
		}
		// Every point of its edge has the squared distance of 95 %.
		for _, p := range region.Outline()[0] {
			east, north := offset(region.Center, p)
			if d := mahalanobis2(east, north, cov); math.Abs(d-chi2of95) > 0.2 {
				r.Errorf("the edge at %v is at %.3f of %+v", p, d, region)
			}
		}
	})
}

func abs(v int64) int64 { return max(v, -v) }

// TestRegionsHoldWhatTheyHold walks out of each region across its edge.
func TestRegionsHoldWhatTheyHold(t *testing.T) {
	center := geo.Position{LatE7: 460_000_000, LonE7: -300_000_000}
	square := func(halfMM int64) [][]geo.Position {
		m := geo.NewPlane(center)
		return [][]geo.Position{{m.Position(-halfMM, -halfMM), m.Position(halfMM, -halfMM), m.Position(halfMM, halfMM), m.Position(-halfMM, halfMM)}}
	}
	for _, c := range []struct {
		name    string
		region  geo.Region
		azimuth int32 // mdeg of the walk
		edges   []int64
	}{
		{"ellipse along", geo.Region{Kind: geo.Ellipse, Center: center, SemiMajorMM: 5_000_000, SemiMinorMM: 1_000_000, AzimuthMdeg: 30_000}, 30_000, []int64{0, 5_000_000}},
		{"ellipse across", geo.Region{Kind: geo.Ellipse, Center: center, SemiMajorMM: 5_000_000, SemiMinorMM: 1_000_000, AzimuthMdeg: 30_000}, 120_000, []int64{0, 1_000_000}},
		{"pixel along", geo.Region{Kind: geo.Pixel, Center: center, SemiMajorMM: 500_000, SemiMinorMM: 200_000, AzimuthMdeg: 45_000}, 45_000, []int64{0, 500_000}},
		{"sector inside its arc", geo.NewSector(center, 2_000_000, 4_000_000, []int32{0}), 355_000, []int64{2_000_000, 4_000_000}},
		{"sector beside its arc", geo.NewSector(center, 2_000_000, 4_000_000, []int32{0}), 340_000, nil},
		{"sector all round", geo.NewSector(center, 0, 4_000_000, nil), 200_000, []int64{0, 4_000_000}},
		{"polygon", geo.Region{Kind: geo.Polygon, Rings: square(3_000_000)}, 90_000, []int64{0, 3_000_000}},
	} {
		for d := int64(150_000); d < 6_000_000; d += 100_000 {
			p := geo.Direct(center, c.azimuth, d)
			want := len(c.edges) == 2 && d >= c.edges[0] && d <= c.edges[1]
			region := c.region
			if region.Kind == geo.Polygon {
				region.Center = center
			}
			if got := holds(region, p); got != want {
				t.Errorf("%s at %d m: held %v", c.name, d/1000, got)
			}
		}
	}
}

// links makes n results of three true links each and one more link with
// probability p that is right when right says so.
func links(n int, p int64, right func(i int) bool) (*scenario.Truth, *Result) {
	t, r := &scenario.Truth{}, &Result{}
	for i := range n {
		k := strconv.Itoa(i)
		e := scenario.TrueEvent{ID: k, Members: []string{k + "a", k + "b"}}
		if right(i) {
			e.Members = append(e.Members, k+"c")
		}
		t.Events = append(t.Events, e)
		r.Events = append(r.Events, Found{Members: []Member{{k + "a", -1}, {k + "b", -1}, {k + "c", p}}})
	}
	return t, r
}

func TestProbabilitiesThatAreRightHaveNoCalibrationError(t *testing.T) {
	truth, result := links(1000, 700_000, func(i int) bool { return i%10 < 7 })
	c := Of(truth, result, Options{Rule: Overlap, MembersMin: 2}).Shares
	near(t, "ECE", c.ECE, 0, 1e-12)
	near(t, "Brier", c.Brier, 0.7*0.3, 1e-12)
	if c.Links != 1000 || c.Bins[7].Links != 1000 || c.Bins[7].Right != 700 {
		t.Errorf("%+v", c)
	}
}

func TestTooSureShowsAsCalibrationError(t *testing.T) {
	truth, result := links(1000, 950_000, func(i int) bool { return i%10 < 7 })
	near(t, "ECE", Of(truth, result, Options{Rule: Overlap, MembersMin: 2}).Shares.ECE, 0.25, 1e-12)
}

func TestALinkIsRightByTheOtherMembers(t *testing.T) {
	for _, c := range []struct {
		truth, result string
		right         int
	}{
		{"ab", "ab", 2},
		{"ab cd", "ac", 0},     // two that do not belong together: both wrong
		{"abc d", "abcd", 3},   // the stranger is wrong, the others right
		{"ab cd", "abcd", 0},   // two and two: the others of each are mostly not its own
		{"abc de", "abcde", 3}, // the minority is wrong
		{"ab", "xy", 0},        // all false
		{"ab", "a", 0},         // alone: not counted
	} {
		r := resultOf(c.result)
		for i := range r.Events[0].Members {
			r.Events[0].Members[i].Share = 999_999
		}
		if got := Of(truthOf(c.truth), r, Options{Rule: Overlap}).Shares.Bins[9].Right; got != c.right {
			t.Errorf("%s of %s: %d right, want %d", c.result, c.truth, got, c.right)
		}
	}
}

func TestNearMatchesOneToOneNearestFirst(t *testing.T) {
	at := func(lonE7 int32, s int64) Found {
		return Found{Placed: true, Position: geo.Position{LatE7: 1, LonE7: lonE7}, At: trucewatch.Instant(s) * trucewatch.Second}
	}
	truth := &scenario.Truth{Events: []scenario.TrueEvent{
		{ID: "1", At: 100 * trucewatch.Second, Position: geo.Position{LatE7: 1}},
		{ID: "2", At: 101 * trucewatch.Second, Position: geo.Position{LatE7: 1}},
	}}
	o := DefaultOptions(truth)
	if o.Rule != Near {
		t.Fatalf("a catalogue is scored by %s", o.Rule)
	}
	for _, c := range []struct {
		name  string
		found []Found
		want  int
	}{
		{"each its own", []Found{at(0, 100), at(0, 101)}, 2},
		{"two for one", []Found{at(0, 99), at(0, 98)}, 2},
		{"a third is too many", []Found{at(0, 99), at(0, 100), at(0, 101)}, 2},
		{"too late", []Found{at(0, 105)}, 0},
		{"16 km off", []Found{at(1_440_000, 100)}, 0},
		{"no time", []Found{at(0, 0)}, 0},
	} {
		if s := Of(truth, &Result{Events: c.found}, o); s.Matched != c.want {
			t.Errorf("%s: %d, want %d", c.name, s.Matched, c.want)
		}
	}
}

// TestMixedRegionsHoldTheTruth: simulated sources state regions that hold 95 %,
// and windows in which the event was.
func TestMixedRegionsHoldTheTruth(t *testing.T) {
	p := scenario.NewMixed(2)
	p.Events = 3000
	w, err := p.World()
	if err != nil {
		t.Fatal(err)
	}
	held, timely, all := map[trucewatch.Means]float64{}, map[trucewatch.Means]float64{}, map[trucewatch.Means]float64{}
	for _, r := range w.Reports {
		if r.Event < 0 {
			continue
		}
		e, m := w.Events[r.Event], r.Observation.Means
		all[m]++
		if holds(r.Observation.Where.Region, e.Position) {
			held[m]++
		}
		if e.At >= r.Observation.When.From && e.At <= r.Observation.When.Till {
			timely[m]++
		}
	}
	for m, n := range all {
		t.Logf("%s: %.0f reports, place held by %.3f, time by %.3f", m, n, held[m]/n, timely[m]/n)
		if held[m]/n < 0.92 || timely[m]/n < 0.94 {
			t.Errorf("%s: regions hold the truth %.3f of the time, windows %.3f", m, held[m]/n, timely[m]/n)
		}
	}
}

func TestResultsAreReadInBothForms(t *testing.T) {
	r, err := ReadResult("peer", strings.NewReader(`{"id":"7","time":"2026-01-01T00:00:01.5Z","lat":46.1,"lon":-34.9,"covariance_m2":[100,0,25],"members":["1.0",{"observation":"2.0","share_ppm":900000}]}
{"incident":{"id":"3.0","kind":"explosion","when":{"from":"2026-01-01T00:00:00Z","till":"2026-01-01T00:00:10Z"},"links":[{"observation":"3.0","key":"","gain_mnat":1,"share_ppm":800000}],"estimates":[{"role":"seen","method":"m","region":{"kind":"ellipse","center":{"lat_e7":5,"lon_e7":6},"semi_major_mm":1000,"semi_minor_mm":1000},"when":{},"score_mnat":1,"mode":"automatic","status":"preliminary"}],"preferred":0,"origin":-1,"confidence_ppm":1,"sources":1,"means_count":1,"state":"open"},"observations":[]}
{"id":"8","members":[]}
`))
	if err != nil {
		t.Fatal(err)
	}
	a, b, c := r.Events[0], r.Events[1], r.Events[2]
	if a.Position != (geo.Position{LatE7: 461_000_000, LonE7: -349_000_000}) || a.Region.SemiMajorMM != 24477 || a.Region.SemiMinorMM != 12239 || a.Region.AzimuthMdeg != 90_000 ||
		a.Members[0].Share != -1 || a.Members[1].Share != 900_000 {
		t.Errorf("%+v", a)
	}
	if b.ID != "3.0" || b.Position != (geo.Position{LatE7: 5, LonE7: 6}) || !b.Placed || b.Members[0] != (Member{"3.0", 800_000}) || b.At.String() != "2026-01-01T00:00:05Z" {
		t.Errorf("%+v", b)
	}
	if c.Placed || c.At != 0 {
		t.Errorf("%+v", c)
	}
}

// TestAnEngagementIsReadAsItsRounds: an incident of two rounds that arrivals
// located, and the estimate that combines them with somebody's report.
func TestAnEngagementIsReadAsItsRounds(t *testing.T) {
	const engagement = `{"incident":{"id":"1.0","kind":"acoustic_event","when":{"from":"2026-01-01T00:00:00Z","till":"2026-01-01T00:03:00Z"},
"links":[{"observation":"1.0","key":"","gain_mnat":1,"share_ppm":900000},{"observation":"2.0","key":"","gain_mnat":1,"share_ppm":800000},{"observation":"3.0","key":"","gain_mnat":1,"share_ppm":700000},{"observation":"4.0","key":"","gain_mnat":1,"share_ppm":600000},{"observation":"9.0","key":"","gain_mnat":1,"share_ppm":500000}],
"estimates":[{"region":{"kind":"ellipse","center":{"lat_e7":1,"lon_e7":1},"semi_major_mm":9,"semi_minor_mm":9},"when":{},"uses":["1.0","2.0","9.0"]},
{"region":{"kind":"ellipse","center":{"lat_e7":5,"lon_e7":6},"semi_major_mm":9,"semi_minor_mm":9},"when":{"from":"2026-01-01T00:00:00Z","till":"2026-01-01T00:00:00Z"},"uses":["1.0","2.0"]},
{"region":{"kind":"ellipse","center":{"lat_e7":7,"lon_e7":8},"semi_major_mm":9,"semi_minor_mm":9},"when":{"from":"2026-01-01T00:03:00Z","till":"2026-01-01T00:03:00Z"},"uses":["3.0","4.0"]},
{"region":{"kind":"sector","r_max_mm":9},"when":{},"uses":["9.0"]}],"preferred":0,"origin":-1,"state":"open"},
"observations":[{"id":"1.0","observation":{"arrival":{"wave":"sound"}}},{"id":"2.0","observation":{"arrival":{"wave":"sound"}}},{"id":"3.0","observation":{"arrival":{"wave":"sound"}}},{"id":"4.0","observation":{"arrival":{"wave":"sound"}}},{"id":"9.0","observation":{}}]}`
	r, err := ReadResult("ours", strings.NewReader(strings.ReplaceAll(engagement, "\n", "")))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Events) != 2 || r.Events[0].ID != "1.0/1" || r.Events[0].Position.LatE7 != 5 || r.Events[1].Members[1] != (Member{"4.0", 600_000}) || r.Events[1].At.String() != "2026-01-01T00:03:00Z" {
		t.Errorf("%+v", r.Events)
	}
}

func TestBadResultsAreNamedByTheirLine(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{`x`, "peer: line 2: invalid character"},
		{`{"id":"1","frob":1}`, `line 2: json: unknown field "frob"`},
		{`{"id":"1","lat":1}`, "one without the other"},
		{`{"id":"1","lat":91,"lon":0}`, "off the globe"},
		{`{"id":"1","lat":1,"lon":1,"covariance_m2":[1,2]}`, "three numbers"},
		{`{"id":"1","lat":1,"lon":1,"covariance_m2":[1,2,1]}`, "not the covariance"},
		{`{"id":"1","lat":1,"lon":1,"covariance_m2":[1,0,1],"region":{}}`, "only one"},
		{`{"id":"1","members":["a","a"]}`, `"a" is named twice`},
		{`{"id":"1","members":[{"observation":"a","share_ppm":1000001}]}`, "share 1000001"},
		{`{"incident":3}`, "line 2: json"},
	} {
		if _, err := ReadResult("peer", strings.NewReader("\n"+c.line)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want %q", c.line, err, c.want)
		}
	}
}

func FuzzReadResult(f *testing.F) {
	f.Add([]byte(`{"id":"7","time":"2026-01-01T00:00:01.5Z","lat":46.1,"lon":-34.9,"covariance_m2":[100,0,25],"members":["1.0",{"observation":"2.0","share_ppm":900000}]}`))
	f.Add([]byte(`{"incident":{"id":"3.0","when":{"from":"2026-01-01T00:00:00Z"},"preferred":0,"estimates":[{"region":{"kind":"sector","r_max_mm":5}}]}}`))
	truth := truthOf("abc")
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ReadResult("fuzz", strings.NewReader(string(b)))
		if err != nil {
			return
		}
		for _, rule := range Rules() {
			s := Of(truth, r, Options{Rule: rule, NearTime: trucewatch.Day, NearKM: 20_000})
			if s.Matched > s.Events || s.Matched > s.Results {
				t.Errorf("%d found of %d events by %d results", s.Matched, s.Events, s.Results)
			}
		}
	})
}

func FuzzUnmarshalJSON(f *testing.F) {
	f.Add([]byte(`"12.0"`))
	f.Add([]byte(`{"observation":"12.0","share_ppm":990000}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var first, second Member
		if json.Unmarshal(b, &first) != nil {
			return
		}
		text, err := json.Marshal(first)
		if err == nil {
			err = json.Unmarshal(text, &second)
		}
		if err != nil || first != second {
			t.Errorf("%s is read as %v, written as %s and read as %v: %v", b, first, text, second, err)
		}
	})
}

func FuzzReadSummaries(f *testing.F) {
	f.Add([]byte(`{"name":"a","world":"line","events_per_hour":100,"events":1,"results":1,"matched":1,"recall":1,"precision":1,"gross":0,"covered_of":0,"links_with_probability":0}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		all, err := ReadSummaries(strings.NewReader(string(b)))
		if err != nil {
			return
		}
		wellFormed(t, ByRate(all))
	})
}

// wellFormed parses a drawing.
func wellFormed(t *testing.T, text string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("not XML: %v\n%s", err, text)
		}
	}
}

func TestChartsShowEveryScore(t *testing.T) {
	truth, result := placed(t, 1, 1)
	result.Name = `<ours> & "theirs"`
	truth2, sure := links(100, 700_000, func(i int) bool { return i%10 < 7 })
	scores := []*Score{Of(placedOf(truth, result)), Of(truth2, sure, Options{Rule: Overlap, MembersMin: 2})}
	for name, text := range map[string]string{"reliability": Reliability(scores), "coverage": Coverage(scores)} {
		wellFormed(t, text)
		if !strings.Contains(text, "SIMULATED") || !strings.Contains(text, "&lt;ours&gt;") {
			t.Errorf("%s does not name its world and series", name)
		}
	}
	if !strings.Contains(Reliability(scores), "100 links stated 0.70, right 0.70") || !strings.Contains(Coverage(scores), "nominal 0.95, actual 0.9") {
		t.Error("a mark does not say its numbers")
	}
	var all []Summary
	for _, rate := range []float64{100, 1000, 1001} {
		s := scores[0].Summary()
		s.PerHour = rate
		all = append(all, s)
	}
	chart := ByRate(all)
	wellFormed(t, chart)
	if !strings.Contains(chart, "at 1000 an hour, 2 worlds") {
		t.Errorf("worlds of one rate are not averaged:\n%s", chart)
	}
}

func TestReportReads(t *testing.T) {
	truth, result := placed(t, 1, 1)
	result.Events = result.Events[:1000]
	truth2 := *truth
	truth2.About.Parameters = "--rate 2000 --length 500"
	peer := &Result{Name: "a peer with a name that is too long"}
	for _, f := range result.Events[:500] {
		peer.Events = append(peer.Events, Found{Members: f.Members})
	}
	o := DefaultOptions(truth)
	got := Text([]*Score{Of(&truth2, result, o), Of(&truth2, peer, o)})
	const file = "testdata/report.txt"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || got != string(want) {
		t.Errorf("%v; the report is\n%s", err, got)
	}
}

// TestScoreDigestIsTheSameEverywhere: every digit of a score is the same on
// every machine.
func TestScoreDigestIsTheSameEverywhere(t *testing.T) {
	l := scenario.NewLine(1)
	l.LengthKM, l.Rate = 300, 240
	w, err := l.World()
	if err != nil {
		t.Fatal(err)
	}
	truth, result := w.Truth(""), &Result{Name: "moved"}
	for i, e := range truth.Events {
		p := e.Position
		p.LatE7 += int32(i%21-10) * 150
		p.LonE7 += int32(i%17-8) * 170
		f := Found{Placed: true, At: e.At + trucewatch.Instant(i), Position: p, Region: geo.Region{Kind: geo.Ellipse, Center: p, SemiMajorMM: 30_000 + int64(i)*100, SemiMinorMM: 20_000, AzimuthMdeg: int32(i) * 700}}
		for k, m := range e.Members[:len(e.Members)-i%2] {
			f.Members = append(f.Members, Member{m, int64(k+1) * 90_000 % geo.Million})
		}
		result.Events = append(result.Events, f)
	}
	s := Of(truth, result, DefaultOptions(truth))
	b, err := json.MarshalIndent(s.Summary(), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	const file = "testdata/summary.json"
	if *update {
		if err := os.WriteFile(file, b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(file); err != nil || string(b) != string(want) {
		t.Errorf("%v; the summary is\n%s", err, b)
	}
}
