// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"errors"
	"fmt"
	"math"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// A Regional is a network of seismic stations over sources at 0 to 30 km depth:
// the "shallow" scenario of Münchmeyer, PyOcto: a high-throughput seismic phase
// associator, Seismica 3(1), 2024 (yetinam/pyocto, benchmark/synthetics.py),
// with one difference: waves run straight through rock of one speed (P 6.3, S 3.7
// km/s), not through layers.
//
// Ten by ten stations cover 222 by 208 km. Magnitudes M are -0.5 plus an
// exponential number with mean 1/ln 10. A station at d km picks a wave with
// probability p = 0.8/(1+exp((d-r)/max(r/10, 30))), r = 120 M + 80; P and S
// correlate by 0.5. An event enters with at least 4 P waves and 10 waves in all.
// Times err by the larger of 1 % of the travel time and 0.4 s.
type Regional struct {
	Seed     uint64
	Events   int     // in all
	Hours    float64 //
	Noise    float64 // false arrivals for each true one, evenly over time, stations and waves
	Grid     int     // stations along each side
	Outliers float64 // share of true arrivals whose time is wrong by up to 20 s either way
}

// NewRegional returns the network that results are compared on: 500 events in a day.
func NewRegional(seed uint64) Regional {
	return Regional{Seed: seed, Events: 500, Hours: 24, Noise: 1, Grid: 10}
}

// The rock and the network of Regional.
const (
	speedPKMS   = 6.3
	speedSKMS   = 3.7
	eastKM      = 222.4
	northKM     = 208.2
	deepestKM   = 30.0
	correlation = 0.5
	leastP      = 4
	leastWaves  = 10
)

// World makes the world. The error names a parameter that is not possible.
func (g Regional) World() (*World, error) {
	switch {
	case g.Events < 0 || g.Events > 100_000:
		return nil, fmt.Errorf("scenario: events %d is outside 0 to 100000", g.Events)
	case !(g.Hours >= 0.01 && g.Hours <= 240):
		return nil, fmt.Errorf("scenario: hours %v is outside 0.01 to 240", g.Hours)
	case !(g.Noise >= 0 && g.Noise <= 100) || !(g.Outliers >= 0 && g.Outliers <= 1):
		return nil, errors.New("scenario: noise is outside 0 to 100, or outliers outside 0 to 1")
	case g.Grid < 3 || g.Grid > 100:
		return nil, fmt.Errorf("scenario: a grid of %d stations along each side is outside 3 to 100", g.Grid)
	}
	w := &World{Name: "regional", Seed: g.Seed, Span: trucewatch.Interval{From: Begin, Till: instant(float64(g.Hours * 3600))}}
	for i := range g.Grid {
		for j := range g.Grid {
			last := float64(g.Grid - 1)
			place := at(float64(float64(j)*eastKM)/last, float64(float64(i)*northKM)/last)
			w.Sensors = append(w.Sensors, Sensor{ID: sensorID(len(w.Sensors)), Kind: trucewatch.SensorSource, Position: place})
		}
	}
	m := &waveMaker{Regional: g, w: w, events: newRandom(g.Seed, streamEvents), arrivals: newRandom(g.Seed, streamArrivals), outliers: newRandom(g.Seed, streamOutliers)}
	for tries := 0; len(w.Events) < g.Events && tries < 1000*g.Events; tries++ {
		m.event()
	}
	m.noise()
	w.finish()
	return w, nil
}

// A waveMaker makes the events of one Regional.
type waveMaker struct {
	Regional
	w                          *World
	events, arrivals, outliers *random
}

// event makes one event, if enough stations pick it.
func (m *waveMaker) event() {
	r := m.events
	place, depth := at(float64(r.unit()*eastKM), float64(r.unit()*northKM)), float64(r.unit()*deepestKM)
	magnitude := min(r.exponential(1/math.Ln10)-0.5, 9)
	t := float64(r.unit() * float64(m.Hours*3600))
	plane := geo.NewPlane(place)
	far := float64(120*magnitude) + 80
	var heard []Arrival
	var rays []ray
	counts := [2]int{}
	for i := range m.w.Sensors {
		surface := float64(geo.DistanceMM(place, m.w.Sensors[i].Position)) / 1e6
		d := math.Sqrt(float64(surface*surface) + float64(depth*depth))
		east, north := plane.Project(m.w.Sensors[i].Position)
		picked := m.picked(float64(0.8 * logistic((d-far)/max(far/10, 30))))
		for phase, speed := range [2]float64{speedPKMS, speedSKMS} {
			if !picked[phase] {
				continue
			}
			counts[phase]++
			travel := d / speed
			sigma := max(float64(0.01*travel), 0.4)
			a := Arrival{Sensor: int32(i), Phase: int8(phase), Event: int32(len(m.w.Events)), At: instant(t + travel + m.arrivals.spread(sigma))}
			if wrong, by := m.outliers.chance(m.Outliers), m.outliers.between(-outlierMaxS, outlierMaxS); wrong {
				a.Outlier = true
				a.At += trucewatch.Instant(round(float64(by * 1e6)))
			} else {
				rays = append(rays, rayOf(float64(east)/1e6, float64(north)/1e6, depth, speed, sigma))
			}
			heard = append(heard, a)
		}
	}
	if counts[0] < leastP || counts[0]+counts[1] < leastWaves {
		return
	}
	m.w.Events = append(m.w.Events, Event{At: instant(t), Position: place, DepthMM: round(float64(depth * 1e6)), Class: int(round(float64(magnitude * 1000))), Bound: boundOf(rays, true)})
	m.w.Arrivals = append(m.w.Arrivals, heard...)
}

// picked draws whether P and S are picked, each with probability p, correlated.
func (m *waveMaker) picked(p float64) [2]bool {
	first, u := m.arrivals.chance(p), m.arrivals.unit()
	if first {
		return [2]bool{true, u < float64(correlation*(1-p))+p}
	}
	return [2]bool{false, u < p-float64(correlation*p)}
}

func (m *waveMaker) noise() {
	r := newRandom(m.Seed, streamClutter)
	for range round(float64(m.Noise * float64(len(m.w.Arrivals)))) {
		m.w.Arrivals = append(m.w.Arrivals, Arrival{Sensor: int32(r.below(len(m.w.Sensors))), Phase: int8(r.below(2)), Event: -1,
			At: instant(float64(r.unit() * float64(m.Hours*3600)))})
	}
}
