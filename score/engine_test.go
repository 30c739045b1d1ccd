// SPDX-License-Identifier: Apache-2.0

package score_test

import (
	"encoding/json"
	"flag"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	tw "github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate"
	"github.com/trucewatch/trucewatch/scenario"
	"github.com/trucewatch/trucewatch/score"
)

var (
	seeds  = flag.Int("seeds", 1, "worlds of each kind")
	first  = flag.Int("first", 1, "the first seed of worlds of mixed reports; others begin at 1")
	kinds  = flag.String("worlds", "", "worlds of arrivals to measure, such as line-1000,regional-500; by default those that are quick")
	scores = flag.String("scores", "", "append a line of JSON for each world to this file, for trucewatch score table")
)

// An arrivalWorld is one kind of simulated arrivals, and what must be reached
// in it.
type arrivalWorld struct {
	name              string
	quick             bool
	make              func(seed uint64) (*scenario.World, error)
	precision, recall float64
}

func line(change func(*scenario.Line)) func(uint64) (*scenario.World, error) {
	return func(seed uint64) (*scenario.World, error) {
		l := scenario.NewLine(seed)
		change(&l)
		return l.World()
	}
}

func regional(events int) func(uint64) (*scenario.World, error) {
	return func(seed uint64) (*scenario.World, error) {
		r := scenario.NewRegional(seed)
		r.Events = events
		return r.World()
	}
}

func arrivalWorlds() []arrivalWorld {
	return []arrivalWorld{
		{"line-20", true, line(func(l *scenario.Line) { l.Rate, l.Clutter = 20, 10 }), 0.95, 0.95},
		{"line-100", true, line(func(l *scenario.Line) { l.Rate = 100 }), 0.98, 0.98},
		{"line-1000", false, line(func(*scenario.Line) {}), 0.995, 0.97},
		{"line-1000-calm", false, line(func(l *scenario.Line) { l.Wind, l.Sound = 0, 0 }), 0.99, 0.95},
		{"line-1000-clocks", false, line(func(l *scenario.Line) { l.WrongClocks = 0.075 }), 0.99, 0.96},
		{"line-1000-near", false, line(func(l *scenario.Line) { l.Range = 0.63 }), 0.99, 0.96},
		{"line-1000-far", false, line(func(l *scenario.Line) { l.Range = 1.6 }), 0.99, 0.98},
		{"line-100-clocks", false, line(func(l *scenario.Line) { l.Rate, l.WrongClocks = 100, 0.075 }), 0.98, 0.97},
		{"line-1000-clutter", false, line(func(l *scenario.Line) { l.Clutter = 3 }), 0.99, 0.92},
		{"line-1000-bursts", false, line(func(l *scenario.Line) { l.Bursts = 0.3 }), 0.95, 0.92},
		{"line-1000-outliers", false, line(func(l *scenario.Line) { l.Outliers = 0.3 }), 0.9, 0.6},
		{"line-5000", false, line(func(l *scenario.Line) { l.Rate = 5000 }), 0.98, 0.8},
		{"regional-100", true, func(seed uint64) (*scenario.World, error) {
			r := scenario.NewRegional(seed)
			r.Events, r.Hours = 25, 6
			return r.World()
		}, 0.97, 0.97},
		{"regional-500", false, regional(500), 0.99, 0.99},
		{"regional-2000", false, regional(2000), 0.99, 0.90},
	}
}

// hearing is how the network of a world hears, by the words of its
// description: what a mission would write down of its sensors.
func hearing(w *scenario.World) associate.Hearing {
	if w.Name == "regional" {
		h := associate.Hearing{PhasesMMS: []int64{6_300_000, 3_700_000}, Detect: 800_000, Together: 500_000, FloorUS: 400_000, Spread: 10_000, FirstMM: 70_000_000, ReachMM: 300_000_000, DeepMM: 30_000_000,
			TopMM: 32_000_000, LeafMM: 8_000_000, Births: 864, Least: 10, Visits: 3_000}
		for i, km := range []int64{29, 54, 88, 134, 222} {
			h.Loudness = append(h.Loudness, associate.Loudness{RangeMM: km * 1_000_000, WidthMM: max(km/10, 30) * 1_000_000, Share: [...]int64{319_000, 298_000, 205_000, 121_000, 57_000}[i]})
		}
		return h
	}
	h := associate.Hearing{PhasesMMS: []int64{340_000}, Detect: 950_000, Spread: 3_300, SpeedMMS: 3_000, WindMMS: 4_500, FirstMM: 8_000_000, ReachMM: 27_000_000,
		TopMM: 4_000_000, LeafMM: 500_000, Births: 86_400, Salvoes: true, Least: 4, Visits: 3_000}
	for i, km := range []int64{6, 10, 15} {
		h.Loudness = append(h.Loudness, associate.Loudness{RangeMM: km * 1_000_000, WidthMM: km * 120_000, Share: [...]int64{300_000, 400_000, 300_000}[i]})
	}
	return h
}

// heardIn returns the sensors of a world as stations, and its arrivals.
func heardIn(w *scenario.World) (stations []associate.Station, arrivals []associate.Arrival) {
	for _, s := range w.Sensors {
		stations = append(stations, associate.Station{Position: s.Position, Clock: tw.Instant(max(s.ErrorUS, 1000))})
	}
	for i, r := range w.Recorded() {
		a := w.Arrivals[i]
		arrivals = append(arrivals, associate.Arrival{Station: a.Sensor, Phase: uint8(a.Phase), At: a.At, Key: r.Observation.Key})
	}
	return stations, arrivals
}

// engine is what the engine makes of a world's arrivals, and its CPU seconds.
func engine(w *scenario.World) (*score.Result, float64) {
	stations, arrivals := heardIn(w)
	began := cpuSeconds()
	shots, _ := find(stations, arrivals, hearing(w))
	took := cpuSeconds() - began
	r := &score.Result{Name: "trucewatch"}
	for i, s := range shots {
		f := score.Found{ID: strconv.Itoa(i), At: s.At, Placed: true, Position: s.Position, Region: s.Region}
		for _, m := range s.Arrivals {
			f.Members = append(f.Members, score.Member{Observation: scenario.ObservationID(int(m)).String(), Share: -1})
		}
		r.Events = append(r.Events, f)
	}
	return r, took
}

// cpuSeconds is how long this process has computed.
func cpuSeconds() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return float64(u.Utime.Nano()) / 1e9
}

// TestSimulatedArrivalsAreFound measures the engine on simulated arrivals, and
// holds it to what it has reached.
func TestSimulatedArrivalsAreFound(t *testing.T) {
	var all []score.Summary
	for _, c := range arrivalWorlds() {
		if *kinds == "" && !c.quick || *kinds != "" && !strings.Contains(","+*kinds+",", ","+c.name+",") {
			continue
		}
		for seed := range *seeds {
			w, err := c.make(uint64(seed) + 1)
			if err != nil {
				t.Fatal(err)
			}
			result, took := engine(w)
			truth := w.Truth(c.name)
			s := score.Of(truth, result, score.DefaultOptions(truth))
			all = append(all, s.Summary())
			t.Logf("%s seed %d: precision %.4f, recall %.4f, RMSE/bound %.3f, NEES %.3f, covered %.3f, %d arrivals in %.2f CPU s: %.0f/s",
				c.name, seed+1, s.Precision, s.Recall, s.Location.OverBound, s.Location.RootNEES, s.Location.Covered, len(w.Arrivals), took, float64(len(w.Arrivals))/took)
			if s.Precision < c.precision || s.Recall < c.recall {
				t.Errorf("%s seed %d: precision %.4f, recall %.4f; it has reached %.2f, %.2f\n%s", c.name, seed+1, s.Precision, s.Recall, c.precision, c.recall, score.Text([]*score.Score{s}))
			}
		}
	}
	t.Log("\n" + score.Table(score.Pools(all)))
	if *scores == "" {
		return
	}
	f, err := os.OpenFile(*scores, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	enc := json.NewEncoder(f)
	for _, s := range all {
		if err := enc.Encode(s); err != nil {
			t.Fatal(err)
		}
	}
}
