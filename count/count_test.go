// SPDX-License-Identifier: Apache-2.0

package count

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
)

var day = trucewatch.Interval{From: 1_772_323_200 * trucewatch.Second, Till: 1_772_323_200*trucewatch.Second + trucewatch.Day}

// place is so many metres east of a place in the empty South Pacific, known to 300 m.
func place(east int64) geo.Region {
	middle := geo.Position{LatE7: -460_000_000, LonE7: -1_300_000_000}
	return geo.Circle(geo.NewPlane(middle).Position(east*1000, 0), 300_000)
}

// incident began so many seconds into the day.
func incident(n uint64, kind trucewatch.Kind, seconds, east int64, counts ...int64) trucewatch.IncidentView {
	from := day.From + trucewatch.Instant(seconds)*trucewatch.Second
	v := trucewatch.IncidentView{ID: trucewatch.IncidentID{Index: n}, Kind: kind, When: trucewatch.Interval{From: from, Till: from}, Where: place(east), State: "open"}
	for _, c := range counts {
		v.Phenomena = append(v.Phenomena, trucewatch.Phenomena{Kind: kind, Count: trucewatch.Count{Value: c, Qualifier: trucewatch.Exact}})
	}
	return v
}

func finding(n uint64, act string, result trucewatch.Result, unit string, quantity int64) trucewatch.FindingView {
	id := trucewatch.IncidentID{Index: n}
	return trucewatch.FindingView{Finding: trucewatch.Finding{ID: trucewatch.FindingID(act + "/" + id.String()), Act: trucewatch.ActID(act), Result: result, Unit: unit, Quantity: quantity,
		Subject: trucewatch.Subject{Incident: &id}, When: trucewatch.Interval{From: day.From, Till: day.From}}}
}

// theRule is an agreement's: one kind, pauses of 300 s, 120 min at most, without
// what is exempted.
func theRule() Rule {
	return RuleOf(&agreement.Agreement{ID: "agr-test", Version: 2, Counting: agreement.Counting{NotCounted: []string{"exempted", "out_of_scope"},
		Engagement: agreement.Engagement{SameKind: true, Gap: 300 * trucewatch.Second, Radius: "union_of_uncertainty_areas", Cap: 120 * trucewatch.Minute}}})
}

func value(t *testing.T, list []trucewatch.Number, layer, what string) int64 {
	t.Helper()
	for _, n := range list {
		if n.Layer == layer && n.What == what {
			return n.Value
		}
	}
	t.Errorf("no number %s %s among %+v", layer, what, list)
	return -1
}

func moment(at trucewatch.Instant) trucewatch.Interval {
	return trucewatch.Interval{From: at, Till: at}
}

// TestOneLogTwoRules counts the same day under the agreement's rule, the plain one
// and the historical one: every total is its own, and can be had again.
func TestOneLogTwoRules(t *testing.T) {
	items := Items{Period: day, Incidents: []trucewatch.IncidentView{
		incident(1, trucewatch.Explosion, 0, 0, 14),
		incident(2, trucewatch.Explosion, 200, 100, 6),     // goes on
		incident(3, trucewatch.Explosion, 600, 0, 2),       // a pause of 400 s: a new one
		incident(4, trucewatch.Burst, 210, 0, 22),          // another kind
		incident(5, trucewatch.Explosion, 210, 20_000, 1),  // another place
		incident(6, trucewatch.IlluminationFlare, 0, 0, 3), // no fire, and a sign
		incident(7, trucewatch.Explosion, 9_000, 0, 5),     // exempted
	}, Findings: []trucewatch.FindingView{
		finding(1, "K2", trucewatch.Violation, "engagement", 1), finding(2, "K2", trucewatch.Violation, "engagement", 1), finding(3, "K2", trucewatch.Violation, "engagement", 1),
		finding(4, "K3", trucewatch.Violation, "shot", 22), finding(7, "K2", trucewatch.Exempted, "engagement", 1),
	}}
	duplicate := finding(5, "K9", trucewatch.Violation, "engagement", 1)
	duplicate.Duplicate = true
	items.Findings = append(items.Findings, duplicate)
	for _, tt := range []struct {
		rule        Rule
		layer, what string
		want        int64
	}{
		{SumOfSigns(), PhenomenonLayer, "signs", 14 + 6 + 2 + 22 + 1 + 3 + 5},
		{Plain(), PhenomenonLayer, "explosion", 28},
		{Plain(), EngagementLayer, "fire", 6},
		{Plain(), FindingLayer, "K2 violation [engagement]", 3},
		{theRule(), PhenomenonLayer, "explosion", 28},
		{theRule(), EngagementLayer, "fire", 4},
		{theRule(), FindingLayer, "K2 violation [engagement]", 2},
		{theRule(), FindingLayer, "K3 violation [shot]", 22},
	} {
		for range 2 {
			got := Recount(tt.rule, items, Ground{})
			if n := value(t, got, tt.layer, tt.what); n != tt.want {
				t.Errorf("%s: %s %s = %d, want %d", tt.rule.ID, tt.layer, tt.what, n, tt.want)
			}
			if find(got, trucewatch.Number{Layer: FindingLayer, What: "K9 violation [engagement]", Rule: tt.rule.Name(FindingLayer)}) != nil {
				t.Errorf("%s: what another act says of the same fire was counted twice", tt.rule.ID)
			}
		}
	}
	if n := len(Recount(SumOfSigns(), items, Ground{})); n != 1 {
		t.Errorf("the sum of signs gives %d numbers, want one", n)
	}
}

func TestEngagementsEndAtTheirCap(t *testing.T) {
	var items Items
	for i := range uint64(60) { // every 240 s for four hours
		items.Incidents = append(items.Incidents, incident(i, trucewatch.Shot, int64(i)*240, 0, 1))
	}
	if n := value(t, Recount(theRule(), items, Ground{}), EngagementLayer, "fire"); n != 2 {
		t.Errorf("four hours of fire are %d engagements of at most two hours, want 2", n)
	}
}

// TestUnlikeNumbersRefuse compares and adds numbers that are not the same thing.
func TestUnlikeNumbersRefuse(t *testing.T) {
	items := Items{Incidents: []trucewatch.IncidentView{incident(1, trucewatch.Explosion, 0, 0, 40)}}
	signs := Recount(SumOfSigns(), items, Ground{})[0]
	plain := Recount(Plain(), items, Ground{})
	ours := Recount(theRule(), items, Ground{})
	for _, tt := range []struct {
		a, b trucewatch.Number
		says string
	}{
		{ours[1], signs, "1 engagement (fire) by rule agr-test/2 and 40 phenomena (signs) by rule sum_of_signs are not the same thing"},
		{plain[0], signs, "40 phenomena (explosion) by rule phenomena/1 and 40 phenomena (signs) by rule sum_of_signs are not the same thing"},
		{plain[1], ours[1], "1 engagement (fire) by rule engagement/1 and 1 engagement (fire) by rule agr-test/2 are not the same thing"},
	} {
		if _, err := Compare(tt.a, tt.b); !errors.Is(err, ErrUnlike) || err.Error() != "count: refuse to compare: "+tt.says {
			t.Errorf("Compare: %v\nwant %s", err, tt.says)
		}
		if _, err := Add(tt.a, tt.b); !errors.Is(err, ErrUnlike) || err.Error() != "count: refuse to add: "+tt.says {
			t.Errorf("Add: %v\nwant %s", err, tt.says)
		}
	}
	if sum, err := Add(signs, signs); err != nil || sum.Value != 80 {
		t.Errorf("two regions under one rule: %d, %v", sum.Value, err)
	}
}

// poisson is P(X <= n) for a mean, in floats: a second way to the table.
func poisson(n int, mean float64) float64 {
	p, sum := math.Exp(-mean), 0.0
	for k := range n + 1 {
		sum += p
		p *= mean / float64(k+1)
	}
	return sum
}

// TestIntervalIsGarwoods holds every count up to 400 against the definition: with
// the lower end as mean the count or more has 2.5 %, with the upper end the count
// or less.
func TestIntervalIsGarwoods(t *testing.T) {
	for n := range 401 {
		var w weighted
		for range n {
			w.add(1)
		}
		low, high := interval(w)
		if above := 1 - poisson(n-1, float64(low)/unit); n > 0 && math.Abs(above-0.025) > 2e-4 {
			t.Errorf("%d: lower end %d, %.5f above", n, low, above)
		}
		if below := poisson(n, float64(high)/unit); math.Abs(below-0.025) > 2e-4 {
			t.Errorf("%d: upper end %d, %.5f below", n, high, below)
		}
	}
	// Source: Garwood 1936, table: 0 gives 0 to 3.69, 10 gives 4.80 to 18.39.
	var none, ten weighted
	for range 10 {
		ten.add(1)
	}
	if low, high := interval(none); low != 0 || high != 3_688_879 {
		t.Errorf("none: %d to %d", low, high)
	}
	if low, high := interval(ten); low != 4_795_389 || high != 18_390_356 {
		t.Errorf("ten: %d to %d", low, high)
	}
}

// TestFewBigIncidentsTellLess has 100 shots in 2 incidents, and in 100.
func TestFewBigIncidentsTellLess(t *testing.T) {
	var two, hundred weighted
	two.add(60)
	two.add(40)
	for range 100 {
		hundred.add(1)
	}
	lowTwo, highTwo := interval(two)
	low, high := interval(hundred)
	if lowTwo >= low || highTwo <= high {
		t.Errorf("two incidents: %d to %d; a hundred: %d to %d", lowTwo, highTwo, low, high)
	}
}

func TestStatements(t *testing.T) {
	seen := func(word string, observed trucewatch.PPM) Ground {
		return Ground{Hours: 168, Seen: func([]trucewatch.Kind) Sight { return Sight{word, observed} }}
	}
	some := Items{Incidents: []trucewatch.IncidentView{incident(1, trucewatch.Explosion, 0, 0, 40)}}
	for _, tt := range []struct {
		items  Items
		ground Ground
		want   string
	}{
		{Items{}, Ground{}, "0; what could have been seen is not said"},
		{Items{}, seen("watched", 950_000), "observed none: the ground was watched"},
		{Items{}, seen("partly", 250_000), "observed none, of 100 events about 25 would have been noticed"},
		{Items{}, seen("nobody_looked", 0), "nobody looked"},
		{Items{}, seen("unknown", 0), "nothing was reported; no source says what it could see"},
		{some, seen("partly", 250_000), "1 observed; of 100 events about 25 would have been noticed"},
		{some, seen("unknown", 0), "1 reported; no source says what it could see"},
	} {
		for _, n := range Recount(Plain(), tt.items, tt.ground) {
			if n.Layer != EngagementLayer {
				continue
			}
			if got := Statement(n); got != tt.want {
				t.Errorf("%s\nwant %s", got, tt.want)
			}
			if hasRate := n.Rate != nil; hasRate != (n.Observed > 0) {
				t.Errorf("%q: a rate is given: %v", tt.want, hasRate)
			}
		}
	}
}

// TestPerSide sets sides beside each other that were watched alike, unlike, and
// not at all.
func TestPerSide(t *testing.T) {
	side := func(party trucewatch.PartyID, word string, observed trucewatch.PPM) Side {
		g := Ground{Hours: 168, Seen: func([]trucewatch.Kind) Sight { return Sight{word, observed} }}
		return Side{party, Recount(Plain(), Items{}, g)[0]}
	}
	if s, err := PerSide(side("A", "partly", 600_000), side("B", "partly", 550_000)); err != nil || s.Caveat != "" {
		t.Errorf("watched alike: %q, %v", s.Caveat, err)
	}
	if s, err := PerSide(side("A", "partly", 6_000), side("B", "partly", 14_000)); err != nil || s.Caveat == "" {
		t.Errorf("both hardly watched, B twice as much as A, and nothing is said of it: %v", err)
	}
	s, err := PerSide(side("A", "partly", 300_000), side("B", "watched", 900_000))
	if want := "side B was watched more than side A: of 100 events about 90 against about 30 would have been noticed; the counts do not show who did more"; err != nil || s.Caveat != want {
		t.Errorf("%q, %v\nwant %s", s.Caveat, err, want)
	}
	if _, err := PerSide(side("A", "unknown", 0), side("B", "watched", 900_000)); !errors.Is(err, ErrUnlike) || !strings.Contains(err.Error(), "of side A nobody can say") {
		t.Errorf("nobody says what could be seen of A: %v", err)
	}
}

// TestLessCoverageNeverLowersARate lowers what was seen of the same counts, as a
// late report of an outage does: the rate never falls, and its interval widens.
func TestLessCoverageNeverLowersARate(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var w weighted
		for range rapid.IntRange(0, 80).Draw(rt, "events") {
			w.add(rapid.Int64Range(1, 40).Draw(rt, "size"))
		}
		observed := trucewatch.PPM(rapid.Int64Range(2, 1_000_000).Draw(rt, "observed"))
		fewer := trucewatch.PPM(rapid.Int64Range(1, int64(observed)-1).Draw(rt, "fewer"))
		one, two := rate(w, 168, observed), rate(w, 168, fewer)
		if two.Best < one.Best || two.Low < one.Low || two.High-two.Low < one.High-one.Low {
			rt.Fatalf("%+v, then with less coverage %+v", *one, *two)
		}
		if one.Low > one.Best || one.Best > one.High {
			rt.Fatalf("%+v: out of order", *one)
		}
	})
}

// TestHalfTheSensors drops half of the sensors in the second of two periods. Each
// watches a cell of its own; some cells are busier than others, and what no sensor
// sees is not counted. In every world the interval of the trend gets wider. Over
// many worlds its middle does not fall: what drops out of the second period drops
// out of the first, too. A count without coverage falls by half.
func TestHalfTheSensors(t *testing.T) {
	const worlds, cells, hours = 400, 40, 168
	random := rand.New(rand.NewPCG(1, 2))
	draw := func(mean float64) int { // Knuth's way to a Poisson number
		n, p, limit := 0, 1.0, math.Exp(-mean)
		for p *= random.Float64(); p > limit; p *= random.Float64() {
			n++
		}
		return n
	}
	ones := func(n int) []int64 {
		out := make([]int64, n)
		for i := range out {
			out[i] = 1
		}
		return out
	}
	var logAll, logHalf, naive float64
	fewer := 0
	for range worlds {
		all, half := make([]Stratum, cells), make([]Stratum, cells)
		dropped := random.Perm(cells)[:cells/2]
		var before, now int
		for i := range cells {
			mean := 1 + 8*random.Float64()*random.Float64()
			all[i].Before = Tallied{Sizes: ones(draw(mean)), Hours: hours, Observed: 700_000}
			all[i].Now = Tallied{Sizes: ones(draw(mean)), Hours: hours, Observed: 700_000}
			half[i] = all[i]
			for _, d := range dropped {
				if d == i {
					half[i].Now = Tallied{Hours: hours}
				}
			}
			before, now = before+len(half[i].Before.Sizes), now+len(half[i].Now.Sizes)
		}
		one, two := TrendOf(all), TrendOf(half)
		if width(two) <= width(one) {
			t.Errorf("the interval does not widen: %+v, then %+v", *one.Ratio, *two.Ratio)
		}
		if two.Both != 500_000 || one.Both != 1_000_000 {
			t.Errorf("watched in both periods: %d and %d", one.Both, two.Both)
		}
		if two.Word == Fewer {
			fewer++
		}
		logAll += math.Log(float64(one.Ratio.Best)/1000) / worlds
		logHalf += math.Log(float64(two.Ratio.Best)/1000) / worlds
		naive += math.Log(float64(now)/float64(before)) / worlds
	}
	t.Logf("mean log ratio: all sensors %.4f, half %.4f, counts alone %.4f; %d of %d worlds said to have fewer", logAll, logHalf, naive, fewer, worlds)
	// The error of the mean of 400 worlds is 0.007: 0.02 is three times that.
	if logHalf < logAll-0.02 || math.Abs(logAll) > 0.02 {
		t.Errorf("mean log ratio falls from %.4f to %.4f", logAll, logHalf)
	}
	if naive > -0.6 {
		t.Errorf("counts alone fall by %.2f only: the world does not test what it should", naive)
	}
	// 95 % intervals are wrong in one direction in 2.5 of 100 worlds.
	if fewer > worlds*5/100 {
		t.Errorf("%d of %d worlds are said to have fewer events", fewer, worlds)
	}
}

// width is the logarithm of high to low.
func width(t Trend) float64 { return math.Log(float64(t.Ratio.High) / float64(max(1, t.Ratio.Low))) }

// TestTrendFromThinnedWorlds thins events and observed hours of the second period
// alike: the middle stays exactly, and the interval widens.
func TestTrendFromThinnedWorlds(t *testing.T) {
	strata := func(by int, observed trucewatch.PPM) []Stratum {
		var out []Stratum
		for i := range 10 {
			s := Stratum{Before: Tallied{Hours: 168, Observed: 800_000}, Now: Tallied{Hours: 168, Observed: observed}}
			for range 4 + 2*i {
				s.Before.Sizes = append(s.Before.Sizes, 1)
			}
			for range (8 + 4*i) / by {
				s.Now.Sizes = append(s.Now.Sizes, 1)
			}
			out = append(out, s)
		}
		return out
	}
	one, two := TrendOf(strata(1, 800_000)), TrendOf(strata(2, 400_000))
	if one.Ratio.Best != 2000 || two.Ratio.Best != 2000 || one.Word != More || width(two) <= width(one) {
		t.Errorf("%+v %s, thinned %+v", *one.Ratio, one.Word, *two.Ratio)
	}
}

func TestTrendsThatCannotBe(t *testing.T) {
	watched := Tallied{Hours: 168, Observed: 500_000}
	one := Tallied{Hours: 168, Observed: 500_000, Sizes: []int64{1}}
	for _, tt := range []struct {
		name   string
		strata []Stratum
		word   string
	}{
		{"no ground in common", []Stratum{{Before: one}, {Now: one}}, NoGround},
		{"nothing in either", []Stratum{{Before: watched, Now: watched}}, CannotTell},
		{"one, then none", []Stratum{{Before: one, Now: watched}}, CannotTell},
		{"none, then one", []Stratum{{Before: watched, Now: one}}, CannotTell},
	} {
		got := TrendOf(tt.strata)
		if got.Word != tt.word {
			t.Errorf("%s: %s %+v", tt.name, got.Word, got.Ratio)
		}
	}
	// Nothing before leaves no upper bound.
	if r := TrendOf([]Stratum{{Before: watched, Now: one}}).Ratio; r == nil || r.High != 0 {
		t.Errorf("none, then one: %+v", r)
	}
}

// TestTrendCovers draws worlds with a known ratio: the interval holds it about 95
// times in 100.
func TestTrendCovers(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	draw := func(mean float64) []int64 {
		var out []int64
		for at := random.ExpFloat64(); at < mean; at += random.ExpFloat64() {
			out = append(out, 1)
		}
		return out
	}
	for _, truth := range []float64{0.5, 1, 3} {
		held := 0
		const worlds = 600
		for range worlds {
			var strata []Stratum
			for range 8 {
				mean, observed, observedNow := 1+4*random.Float64(), 0.2+0.8*random.Float64(), 0.2+0.8*random.Float64()
				strata = append(strata, Stratum{Before: Tallied{Sizes: draw(mean * observed), Hours: 168, Observed: trucewatch.PPM(observed * 1e6)},
					Now: Tallied{Sizes: draw(mean * truth * observedNow), Hours: 168, Observed: trucewatch.PPM(observedNow * 1e6)}})
			}
			r := TrendOf(strata).Ratio
			if r != nil && float64(r.Low) <= truth*1000 && (r.High == 0 || float64(r.High) >= truth*1000) {
				held++
			}
		}
		t.Logf("ratio %.1f: held in %d of %d", truth, held, worlds)
		if held < worlds*93/100 {
			t.Errorf("ratio %.1f: held in %d of %d worlds only", truth, held, worlds)
		}
	}
}

// number returns a number of a list, -1 if it is not there.
func number(list []trucewatch.Number, what string) (value, previous int64) {
	for _, n := range list {
		if n.Layer+" "+n.What == what {
			if n.Previous == nil {
				return n.Value, -1
			}
			return n.Value, *n.Previous
		}
	}
	return -1, -1
}

func TestNumbersBesideThePeriodBefore(t *testing.T) {
	dayOf := func(n trucewatch.Instant) trucewatch.Interval {
		return trucewatch.Interval{From: day.From + n*trucewatch.Day, Till: day.From + (n+1)*trucewatch.Day}
	}
	incident := func(kind trucewatch.Kind, at trucewatch.Instant, count trucewatch.Count) trucewatch.IncidentView {
		return trucewatch.IncidentView{Kind: kind, When: moment(day.From + at), Phenomena: []trucewatch.Phenomena{{Kind: kind, Count: count}}}
	}
	exact := func(n int64) trucewatch.Count { return trucewatch.Count{Value: n, Qualifier: trucewatch.Exact} }
	finding := func(act trucewatch.ActID, result trucewatch.Result, state string, quantity int64) trucewatch.FindingView {
		return trucewatch.FindingView{Finding: trucewatch.Finding{Act: act, Result: result, State: state, Unit: "engagement", Quantity: quantity, When: moment(day.From + trucewatch.Day)}}
	}
	before := Items{Period: dayOf(0), Incidents: []trucewatch.IncidentView{incident(trucewatch.Shot, 0, exact(9))}}
	now := Items{Period: dayOf(1), Incidents: []trucewatch.IncidentView{
		incident(trucewatch.Explosion, trucewatch.Day, exact(5)),
		incident(trucewatch.Explosion, 2*trucewatch.Day-1, trucewatch.Count{Value: 3, Qualifier: trucewatch.AtLeast}),
		incident(trucewatch.Explosion, 2*trucewatch.Day, exact(100)), // the period's end belongs to the next
		incident(trucewatch.Explosion, trucewatch.Day-1, exact(100)), // began before
		incident(trucewatch.IlluminationFlare, trucewatch.Day, exact(2)),
	}, Findings: []trucewatch.FindingView{
		finding("K2", trucewatch.Violation, "preliminary", 1), finding("K2", trucewatch.Violation, "reviewed", 1), finding("K2", trucewatch.Violation, "withdrawn", 1),
		finding("K2", trucewatch.ProbableViolation, "preliminary", 4), finding("K2", trucewatch.Exempted, "preliminary", 1),
	}}
	got := Numbers(Plain(), now, before, Ground{})
	for _, tt := range []struct {
		what            string
		value, previous int64
	}{
		{"phenomenon explosion", 8, 0}, {"phenomenon illumination_flare", 2, 0}, {"phenomenon shot", 0, 9},
		{"engagement fire", 2, 1}, // a flare is not fire
		{"finding K2 violation [engagement]", 2, 0}, {"finding K2 probable_violation [engagement]", 4, 0}, {"finding K2 exempted [engagement]", -1, -1},
	} {
		if value, previous := number(got, tt.what); value != tt.value || previous != tt.previous {
			t.Errorf("%s is %d after %d, want %d after %d", tt.what, value, previous, tt.value, tt.previous)
		}
	}
	for _, n := range got {
		if n.AtLeast != (n.What == "explosion") || n.Rule == "" {
			t.Errorf("%+v", n)
		}
	}
	for _, n := range Numbers(Plain(), now, Items{}, Ground{}) {
		if n.Previous != nil {
			t.Errorf("%s has a previous number without a previous period", n.What)
		}
	}
}

func ExampleNumbers() {
	items := Items{Incidents: []trucewatch.IncidentView{
		{Kind: trucewatch.Explosion, Phenomena: []trucewatch.Phenomena{{Kind: trucewatch.Explosion, Count: trucewatch.Count{Value: 5, Qualifier: trucewatch.Exact}}}},
		{Kind: trucewatch.Shot, Phenomena: []trucewatch.Phenomena{{Kind: trucewatch.Shot, Count: trucewatch.Count{Qualifier: trucewatch.Multiple}}}},
	}}
	for _, n := range Numbers(Plain(), items, Items{}, Ground{}) {
		fmt.Println(n.Layer, n.What, n.Value, n.AtLeast)
	}
	// Output:
	// phenomenon explosion 5 false
	// phenomenon shot 0 true
	// engagement fire 2 false
}

// TestTrendIsSaidWithItsGround says each word of a trend, and on how much ground.
func TestTrendIsSaidWithItsGround(t *testing.T) {
	ones := func(n int) []int64 { return slices.Repeat([]int64{1}, n) }
	watched := func(before, now int) []Stratum {
		return []Stratum{
			{Before: Tallied{Sizes: ones(before), Hours: 168, Observed: 500_000}, Now: Tallied{Sizes: ones(now), Hours: 168, Observed: 500_000}},
			{Before: Tallied{Sizes: ones(99), Hours: 168, Observed: 500_000}, Now: Tallied{Hours: 168}}, // nobody looked any more
		}
	}
	for _, tt := range []struct {
		before, now int
		want        string
	}{
		{10, 60, "6.00 times as many engagements as before (95 %: 2.78 to 13.03 times)"},
		{10, 60, "on the 50 % of the ground that was watched both times: more"},
		{60, 10, "both times: fewer"},
		{10, 11, "whether there is more or less cannot be told"},
		{0, 2, "engagements now and none before, on the 50 %"},
		{0, 0, "no engagement in either, on the 50 %"},
	} {
		if got := TrendOf(watched(tt.before, tt.now)).Sentence(); !strings.Contains(got, tt.want) {
			t.Errorf("%d, then %d: %q does not say %q", tt.before, tt.now, got, tt.want)
		}
	}
	if got := TrendOf(watched(1, 1)[1:]).Sentence(); !strings.HasPrefix(got, "no ground was watched both times") {
		t.Errorf("no common ground: %q", got)
	}
}
