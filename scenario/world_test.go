// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

var update = flag.Bool("update", false, "rewrite testdata/digests.txt")

func must(w *World, err error) *World {
	if err != nil {
		panic(err)
	}
	return w
}

// line returns a line of 300 km for tests that need not be long.
func line(seed uint64, change func(*Line)) *World {
	l := NewLine(seed)
	l.LengthKM, l.Rate = 300, 240
	if change != nil {
		change(&l)
	}
	return must(l.World())
}

// worlds are one of each kind.
func worlds() []*World {
	r := NewRegional(1)
	r.Events = 50
	return []*World{
		line(1, func(l *Line) { l.Bursts, l.Outliers, l.Echoes, l.ClockMS = 0.3, 0.1, 0.1, 50 }),
		must(r.World()),
		must(NewMixed(1).World()),
		must(NewNight(1).World()),
	}
}

func digest(t *testing.T, w *World) string {
	t.Helper()
	h := sha256.New()
	enc := json.NewEncoder(h)
	for _, r := range w.Recorded() {
		if err := enc.Encode(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Truth("").Write(h); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// TestWorldsHaveOneDigestEverywhere: one digest for each world, on every machine.
// It changes only when a world is meant to change, which makes all published
// numbers about it old.
func TestWorldsHaveOneDigestEverywhere(t *testing.T) {
	var got strings.Builder
	for _, w := range worlds() {
		got.WriteString(w.Name + " " + digest(t, w) + "\n")
	}
	_, solved, err := NewMixed(1).Oracle(FromNothing)
	if err != nil {
		t.Fatal(err)
	}
	oracle, err := json.Marshal(solved)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&got, "oracle %x\n", sha256.Sum256(oracle))
	const file = "testdata/digests.txt"
	if *update {
		if err := os.WriteFile(file, []byte(got.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("digests are\n%swant\n%s", got.String(), want)
	}
}

func TestAnotherSeedMakesAnotherWorld(t *testing.T) {
	a, b := line(1, nil), line(2, nil)
	if a.Fields[0] == b.Fields[0] || a.Events[0].Position == b.Events[0].Position || a.Sensors[0].Position == b.Sensors[0].Position {
		t.Error("seeds 1 and 2 share air, an event or a sensor")
	}
}

func TestEverythingSaysItIsSimulatedAndMayEnterARecord(t *testing.T) {
	for _, w := range worlds() {
		for i, r := range w.Recorded() {
			if err := r.Observation.Check(); err != nil {
				t.Fatalf("%s: %d: %v", w.Name, i, err)
			}
			if err := r.Source.Check(); err != nil {
				t.Fatalf("%s: %d: %v", w.Name, i, err)
			}
			if r.Source.Note != Simulated || r.Observation.Text != Simulated || !strings.HasPrefix(r.Source.Name, Simulated) {
				t.Fatalf("%s: %d does not say that it is simulated", w.Name, i)
			}
			if r.Received < r.Observation.When.From {
				t.Fatalf("%s: %d was received before it was", w.Name, i)
			}
		}
	}
}

// TestWorldsLieInTheOcean: no land is within 300 km of 40 to 52 degrees north,
// 37 to 17 degrees west, but the ocean's own middle.
func TestWorldsLieInTheOcean(t *testing.T) {
	for _, w := range worlds() {
		for _, s := range w.Sensors {
			if p := s.Position; p.LatE7 < 45*geo.E7 || p.LatE7 > 49*geo.E7 || p.LonE7 < -36*geo.E7 || p.LonE7 > -18*geo.E7 {
				t.Errorf("%s: %s stands at %v", w.Name, s.ID, p)
			}
		}
	}
}

// genuine counts arrivals that belong to an event.
func genuine(w *World) int {
	n := 0
	for _, a := range w.Arrivals {
		if a.Event >= 0 {
			n++
		}
	}
	return n
}

func TestLineHoldsWhatItsParametersSay(t *testing.T) {
	w := must(NewLine(1).World())
	if n := genuine(w); len(w.Sensors) != 1500 || len(w.Events) != 1000 || len(w.Arrivals) != 2*n {
		t.Errorf("%d sensors, %d events, %d arrivals of which %d true; want 1500, 1000 and as many false ones", len(w.Sensors), len(w.Events), len(w.Arrivals), n)
	}
	per := make([]int, len(w.Events))
	for _, a := range w.Arrivals {
		if a.Event >= 0 {
			per[a.Event]++
		}
	}
	if least := slices.Min(per); least != leastHeard {
		t.Errorf("the least heard event has %d arrivals, want %d", least, leastHeard)
	}
	if !slices.IsSortedFunc(w.Arrivals, func(a, b Arrival) int { return int(a.At - b.At) }) || !slices.IsSortedFunc(w.Events, func(a, b Event) int { return int(a.At - b.At) }) {
		t.Error("arrivals or events are not in order of time")
	}
}

func TestMoreFalseArrivalsLeaveTheTrueOnes(t *testing.T) {
	keep := func(w *World) []Arrival {
		return slices.DeleteFunc(slices.Clone(w.Arrivals), func(a Arrival) bool { return a.Event < 0 })
	}
	few, many := line(1, nil), line(1, func(l *Line) { l.Clutter = 3 })
	if !slices.Equal(keep(few), keep(many)) {
		t.Error("true arrivals changed with the clutter")
	}
	if n := genuine(many); len(many.Arrivals) != 4*n {
		t.Errorf("%d arrivals with %d true ones, want three false ones each", len(many.Arrivals), n)
	}
}

// TestSoundTakesItsTime: in still, even air, sensors hear d/c later.
func TestSoundTakesItsTime(t *testing.T) {
	w := line(1, func(l *Line) { l.Wind, l.Sound, l.Turbulence, l.TimingMS, l.Clutter = 0, 0, 0, 0.1, 0 })
	for _, a := range w.Arrivals {
		e, s := w.Events[a.Event], w.Sensors[a.Sensor]
		want := float64(geo.DistanceMM(e.Position, s.Position)) / 340_000
		if got := float64(a.At-e.At) / 1e6; math.Abs(got-want) > 0.001 {
			t.Fatalf("%v to %v took %.4f s, want %.4f", e.Position, s.Position, got, want)
		}
	}
}

// TestWindCarriesSound: with the wind blowing east, a sensor to the east hears
// earlier than one to the west at the same distance.
func TestWindCarriesSound(t *testing.T) {
	w := line(1, func(l *Line) { l.Wind, l.Sound, l.Turbulence, l.TimingMS, l.Clutter = 8, 0, 0, 0.1, 0 })
	f := w.Fields[0]
	checked := 0
	for _, a := range w.Arrivals {
		e, s := w.Events[a.Event], w.Sensors[a.Sensor]
		if e.Position.LonE7 >= f.Till.LonE7 {
			continue
		}
		mm, azimuth := geo.Inverse(e.Position, s.Position)
		sin, cos := math.Sincos(float64(azimuth) / 1000 * math.Pi / 180)
		want := float64(mm) / (340_000 + sin*float64(f.EastMMS) + cos*float64(f.NorthMMS))
		if got := float64(a.At-e.At) / 1e6; math.Abs(got-want) > 0.002 {
			t.Fatalf("took %.4f s, want %.4f", got, want)
		}
		checked++
	}
	if checked < 100 {
		t.Errorf("only %d arrivals in the first field", checked)
	}
}

func TestBurstsOutliersAndEchoesComeInTheirShares(t *testing.T) {
	near := func(what string, got, want, within float64) {
		if math.Abs(got-want) > within {
			t.Errorf("%s: %.3f, want %.3f", what, got, want)
		}
	}
	l := NewLine(3)
	l.Rate, l.Bursts, l.Outliers, l.Echoes, l.Clutter = 3000, 0.3, 0.2, 0.1, 0
	w := must(l.World())
	crowded, wrong := 0, 0
	for i, e := range w.Events {
		for j := i - 1; j >= 0 && e.At-w.Events[j].At < 4*trucewatch.Second; j-- {
			if geo.NearMM(e.Position, w.Events[j].Position) < 3_000_000 {
				crowded++
				break
			}
		}
	}
	for _, a := range w.Arrivals {
		if a.Outlier {
			wrong++
		}
	}
	n := genuine(w)
	near("rounds that follow another", float64(crowded)/3000, 0.3*12/13, 0.06)
	near("outliers", float64(wrong)/float64(n), 0.2, 0.01)
	near("echoes", float64(len(w.Arrivals)-n)/float64(n), 0.1, 0.01)
}

// TestBoundIsReachedByLeastSquares: a method that is told which arrivals belong
// together and how sound travels reaches the bound and is not better. Over all
// events whose bound is small beside the distances, where errors are normal: the
// mean square of the error over that of the bound, and the normalised squared
// error, are 1 within four standard errors.
func TestBoundIsReachedByLeastSquares(t *testing.T) {
	r := NewRegional(5)
	r.Events, r.Noise = 400, 0
	for _, c := range []struct {
		world  *World
		speed  func(w *World, a Arrival) float64 // km/s
		sigma  func(travel float64) float64
		deep   bool
		below  float64 // km, of the bound
		deeper float64 // km
	}{
		{line(5, func(l *Line) { l.Rate, l.Clutter, l.Wind, l.Sound = 800, 0, 0, 0 }), func(*World, Arrival) float64 { return 0.340 },
			func(tt float64) float64 { return math.Hypot(0.020, 0.003*tt) }, false, 0.05, -1},
		{must(r.World()), func(_ *World, a Arrival) float64 { return [2]float64{6.3, 3.7}[a.Phase] },
			func(tt float64) float64 { return max(0.01*tt, 0.4) }, true, 2, 15},
	} {
		var square, nees, n float64
		for k, e := range c.world.Events {
			b := e.Bound
			ee, en, nn := float64(b.EastMM2)/1e12, float64(b.EastNorthMM2)/1e12, float64(b.NorthMM2)/1e12
			if b == (Bound{}) || math.Sqrt(ee+nn) > c.below || float64(e.DepthMM)/1e6 < c.deeper {
				continue
			}
			east, north := descend(c.world, k, c.speed, c.sigma, c.deep)
			square += (east*east + north*north) / (ee + nn)
			nees += (east*east*nn - 2*east*north*en + north*north*ee) / (ee*nn - en*en) / 2
			n++
		}
		within := 4 / math.Sqrt(n) // the normalised error has variance 1, the other ratio at most 2
		t.Logf("%s: %.0f events, mean square of error over bound %.3f, normalised squared error %.3f", c.world.Name, n, square/n, nees/n)
		if n < 100 || math.Abs(square/n-1) > 1.5*within || math.Abs(nees/n-1) > within {
			t.Errorf("%s: the bound is not what least squares reaches", c.world.Name)
		}
	}
}

// descend finds event k by Gauss and Newton from its true place, with the true
// depth unknown if deep, and returns by how much it is off, km.
func descend(w *World, k int, speed func(*World, Arrival) float64, sigma func(float64) float64, deep bool) (east, north float64) {
	e := w.Events[k]
	plane := geo.NewPlane(e.Position)
	v := [4]float64{0, 0, float64(e.DepthMM) / 1e6, 0} // km, km, km, s
	dims := []int{0, 1, 3}
	if deep {
		dims = []int{0, 1, 2, 3}
	}
	for range 8 {
		a := make([][]float64, len(dims))
		for i := range a {
			a[i] = make([]float64, len(dims)+1)
		}
		for _, arrival := range w.Arrivals {
			if int(arrival.Event) != k {
				continue
			}
			se, sn := plane.Project(w.Sensors[arrival.Sensor].Position)
			de, dn := v[0]-float64(se)/1e6, v[1]-float64(sn)/1e6
			d := math.Sqrt(de*de + dn*dn + v[2]*v[2])
			c := speed(w, arrival)
			residual := float64(arrival.At-e.At)/1e6 - d/c - v[3]
			slope := [4]float64{de / d / c, dn / d / c, v[2] / d / c, 1}
			weight := 1 / (sigma(d/c) * sigma(d/c))
			for i, p := range dims {
				for j, q := range dims {
					a[i][j] += weight * slope[p] * slope[q]
				}
				a[i][len(dims)] += weight * slope[p] * residual
			}
		}
		for i, x := range solve(a) {
			v[dims[i]] += x
		}
	}
	return v[0], v[1]
}

// solve is Gauss's elimination on an augmented matrix, with the largest pivot.
func solve(a [][]float64) []float64 {
	n := len(a)
	for i := range n {
		best := i
		for r := i + 1; r < n; r++ {
			if math.Abs(a[r][i]) > math.Abs(a[best][i]) {
				best = r
			}
		}
		a[i], a[best] = a[best], a[i]
		for r := range n {
			if r != i && a[i][i] != 0 {
				f := a[r][i] / a[i][i]
				for c := i; c <= n; c++ {
					a[r][c] -= f * a[i][c]
				}
			}
		}
	}
	x := make([]float64, n)
	for i := range n {
		x[i] = a[i][n] / a[i][i]
	}
	return x
}

func TestRegionalEventsAreWellPicked(t *testing.T) {
	w := must(NewRegional(1).World())
	var p, all [500]int
	s := 0
	for _, a := range w.Arrivals {
		if a.Event >= 0 {
			all[a.Event]++
			if a.Phase == 0 {
				p[a.Event]++
			} else {
				s++
			}
		}
	}
	for k := range w.Events {
		if p[k] < leastP || all[k] < leastWaves {
			t.Errorf("event %d has %d P waves and %d in all", k, p[k], all[k])
		}
	}
	if n := genuine(w); math.Abs(float64(s)/float64(n)-0.5) > 0.02 || len(w.Arrivals) != 2*n {
		t.Errorf("%d S waves of %d true arrivals of %d", s, n, len(w.Arrivals))
	}
}

func TestMixedReportsComeInTheirShares(t *testing.T) {
	p := NewMixed(1)
	p.Events = 3000
	w := must(p.World())
	var genuine, all [meansCount]float64
	for _, r := range w.Reports {
		all[r.measure.mean]++
		if r.Event >= 0 {
			genuine[r.measure.mean]++
		}
	}
	for m, want := range [meansCount]float64{sound: 0.55, party: 0.6, open: 0.3} {
		if got := genuine[m] / 3000; want != 0 && math.Abs(got-want) > 0.04 {
			t.Errorf("%s: %.3f reports an event, want %.2f", meanNames[m], got, want)
		}
		if mean(m) != thermal && math.Abs(all[m]/genuine[m]-1.3) > 0.01 {
			t.Errorf("%s: %v reports for %v true ones, want 0.3 more", meanNames[m], all[m], genuine[m])
		}
	}
}

func TestImpossibleParametersAreNamed(t *testing.T) {
	for _, c := range []struct {
		name string
		make func() (*World, error)
		want string
	}{
		{"a negative rate", func() (*World, error) { l := NewLine(1); l.Rate = -1; return l.World() }, "rate -1"},
		{"not a number", func() (*World, error) { l := NewLine(1); l.Wind = math.NaN(); return l.World() }, "wind NaN"},
		{"a band narrower than the spacing", func() (*World, error) { l := NewLine(1); l.SpacingKM = 40; return l.World() }, "spacing 40 km"},
		{"bursts above one", func() (*World, error) { l := NewLine(1); l.Bursts = 1.1; return l.World() }, "bursts 1.1"},
		{"too many events", func() (*World, error) { r := NewRegional(1); r.Events = 1 << 20; return r.World() }, "events 1048576"},
		{"two stations", func() (*World, error) { r := NewRegional(1); r.Grid = 2; return r.World() }, "grid of 2"},
		{"noise below zero", func() (*World, error) { r := NewRegional(1); r.Noise = -1; return r.World() }, "noise"},
		{"hours", func() (*World, error) { r := NewRegional(1); r.Hours = 0; return r.World() }, "hours 0"},
		{"courses", func() (*World, error) { n := NewNight(1); n.Courses = 2; return n.World() }, "courses 2"},
		{"false", func() (*World, error) { m := NewMixed(1); m.False = -1; return m.World() }, "false -1"},
	} {
		w, err := c.make()
		if w != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want one with %q", c.name, err, c.want)
		}
	}
}

func TestTruthIsReadAsWritten(t *testing.T) {
	for _, w := range worlds() {
		want := w.Truth("--flags")
		var b bytes.Buffer
		if err := want.Write(&b); err != nil {
			t.Fatal(err)
		}
		got, err := ReadTruth(bytes.NewReader(b.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		var c bytes.Buffer
		if err := got.Write(&c); err != nil || !bytes.Equal(b.Bytes(), c.Bytes()) {
			t.Errorf("%s: what was read is not what was written", w.Name)
		}
		if len(got.Events) != len(w.Events) || len(got.Sensors) != len(w.Sensors) {
			t.Errorf("%s: %d events, %d sensors", w.Name, len(got.Events), len(got.Sensors))
		}
	}
}

func TestBadTruthIsNamedByItsLine(t *testing.T) {
	const about = `{"about":{"world":"line","span":{}}}` + "\n"
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", "no line says"},
		{"not JSON", about + "x", "line 2: invalid character"},
		{"an unknown field", about + `{"events":1}`, `line 2: json: unknown field "events"`},
		{"an empty line of JSON", about + `{}`, "line 2: none of"},
		{"off the globe", about + `{"event":{"id":"E1","position":{"lat_e7":950000000}}}`, "line 2: geo: invalid: latitude"},
		{"a member of two events", about + `{"event":{"id":"E1","members":["1.0"]}}` + "\n\n" + `{"event":{"id":"E2","members":["1.0"]}}`, `line 4: observation "1.0"`},
		{"a line too long", about + strings.Repeat(" ", lineMax+1), "line 2: bufio.Scanner: token too long"},
	} {
		if _, err := ReadTruth(strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want %q", c.name, err, c.want)
		}
	}
}

// FuzzReadTruth: no input panics, and what is read is written again as it reads.
func FuzzReadTruth(f *testing.F) {
	f.Add([]byte(`{"about":{"world":"line","span":{}}}` + "\n" + `{"event":{"id":"E1","at":"2026-01-01T00:00:01Z","position":{"lat_e7":1,"lon_e7":2},"members":["1.0"]}}`))
	f.Add([]byte(`{"sensor":{"id":"s"}}` + "\n" + `{"field":{}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		truth, err := ReadTruth(bytes.NewReader(b))
		if err != nil {
			return
		}
		var once, twice bytes.Buffer
		if err := truth.Write(&once); err != nil {
			t.Skip("a time beyond the years that can be written")
		}
		again, err := ReadTruth(bytes.NewReader(once.Bytes()))
		if err != nil {
			t.Fatalf("%v in %s", err, once.String())
		}
		if err := again.Write(&twice); err != nil || once.String() != twice.String() {
			t.Errorf("%s became %s", once.String(), twice.String())
		}
	})
}
