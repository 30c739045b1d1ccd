// SPDX-License-Identifier: Apache-2.0

package associate_test

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	tw "github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate"
	"github.com/trucewatch/trucewatch/associate/kernel"
)

// offset is by how much the clocks of two sensors of clockWorld are late.
var offset = map[int32]tw.Instant{11: 320_000, 22: -410_000}

// clockWorld is 40 sensors 5 km apart, on which an hour of fire is heard; the clocks of
// two are wrong.
func clockWorld(seed uint64) *arrivalWorld {
	r := rand.New(rand.NewPCG(seed, 5))
	w := &arrivalWorld{hearing: acoustic()}
	c := newCountry(40)
	for i := range 40 {
		w.stations = append(w.stations, associate.Station{Position: c.at(float64(i%8)*5+r.Float64()*3, float64(i/8)*5+r.Float64()*3), Clock: 20_000})
	}
	air := [3]float64{0.342, 0.003, -0.004}
	for range 60 {
		w.fire(r, c.at(r.Float64()*40, r.Float64()*25), r.Float64()*3600, []float64{6, 10, 15}[r.IntN(3)], air, 0.02, 0.003)
	}
	for i := range w.arrivals {
		w.arrivals[i].At += offset[w.arrivals[i].Station]
	}
	w.noise(r, len(w.arrivals)/2, 3600, 1)
	return w
}

// In the second half hour both wrong clocks are known to some hundredths of a second,
// and no other is taken for wrong.
func TestClocksAreLearnedFromShots(t *testing.T) {
	w := clockWorld(1)
	taken := map[int32]int64{}
	for _, s := range associate.NewNetwork(w.hearing, w.stations).Find(w.arrivals, serially) {
		for i, a := range s.Arrivals {
			if station := w.arrivals[a].Station; s.At > epoch+tw.Hour/2 && s.Clocks != nil {
				if late := s.Clocks[i].LateUS; late != 0 {
					taken[station] = late
				}
			}
		}
	}
	if len(taken) != len(offset) {
		t.Errorf("clocks taken to be wrong: %v; that are: %v", taken, offset)
	}
	for station, late := range offset {
		if off := math.Abs(float64(taken[station] - int64(late))); off > 60_000 {
			t.Errorf("the clock of %d is late by %d us and taken for %d", station, late, taken[station])
		}
	}
}

// With wrong clocks too, neither the order in which arrivals come nor the number of
// machines changes what is found; and links say what was taken off a time.
func TestWrongClocksInAnyOrderMakeTheSameIncidents(t *testing.T) {
	all := clockWorld(2).recorded(1)
	once := associate.New()
	once.Add(1, all)
	want := once.OrderFreeDigest()
	r := rand.New(rand.NewPCG(1, 2))
	for range 3 {
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		a := associate.New()
		a.Shards(newMachines(t, 2).ask)
		for i := 0; i < len(all); i += 120 {
			a.Add(uint64(i), all[i:min(i+120, len(all))])
		}
		if a.OrderFreeDigest() != want {
			t.Error("another order makes other incidents")
		}
	}
	said := 0
	for in := range once.All() {
		for _, l := range in.Links {
			if strings.Contains(l.Reason, "; its clock taken to be ") {
				said++
			}
		}
	}
	if said < 10 {
		t.Errorf("%d links say that a clock was wrong", said)
	}
}

// Several residuals that agree make a clock wrong; one, strays, and small ones do not.
func TestClockOf(t *testing.T) {
	const ms = 1_000
	said := func(off ...int64) (out []kernel.Residual) {
		for _, v := range off {
			out = append(out, kernel.Residual{OffUS: v * ms, ErrorUS: 80 * ms})
		}
		return out
	}
	for _, tt := range []struct {
		name  string
		said  []kernel.Residual
		wrong bool
		late  int64 // ms
	}{
		{"nothing is said", nil, false, 0},
		{"one says late", said(400), false, 0},
		{"four agree", said(380, 420, 400, 410), true, 400},
		{"four agree that it is early", said(-380, -420, -400, -410), true, -400},
		{"a stray one among those that agree", said(380, 420, -600, 400, 410), true, 400},
		{"strays of a good clock", said(20, -50, 400, -700, 10, 90, -30), false, 0},
		{"within their errors", said(60, 90, 20, 70), false, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, wrong := kernel.ClockOf(tt.said)
			if wrong != tt.wrong || math.Abs(float64(c.LateUS-tt.late*ms)) > 30*ms {
				t.Errorf("%+v, %v; want %v, %d ms", c, wrong, tt.wrong, tt.late)
			}
		})
	}
}

// A clock that ran late for hours and is put right is taken for right again once what
// is remembered says so.
func TestAClockPutRightIsRightAgain(t *testing.T) {
	w := clockWorld(3)
	later := clockWorld(4)
	for i, a := range later.arrivals {
		a.At += 4*tw.Hour - offset[a.Station]
		if later.of[i] >= 0 {
			w.arrivals = append(w.arrivals, a)
		}
	}
	wrong := map[int32]bool{}
	for _, s := range associate.NewNetwork(w.hearing, w.stations).Find(w.arrivals, serially) {
		for i, a := range s.Arrivals {
			if s.At > epoch+9*tw.Hour/2 && s.Clocks != nil && s.Clocks[i].LateUS != 0 {
				wrong[w.arrivals[a].Station] = true
			}
		}
	}
	if len(wrong) > 0 {
		t.Errorf("clocks still taken for wrong: %v", slices.Sorted(maps.Keys(wrong)))
	}
}
