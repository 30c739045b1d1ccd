// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"fmt"
	"math"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// A Line is a line of contact with acoustic sensors on both sides of it.
//
// Sensors stand on a lattice, each moved at random by up to 30 % of the spacing.
// Rounds fall anywhere on the band and up to 5 km beside it. A round belongs to
// one of three loudness classes, heard by half the sensors at 6, 10 or 15 km
// (30, 40 and 30 % of rounds); the probability of being heard at d km is
// 0.95/(1+exp((d-R)/(0.12 R))). Rounds that fewer than four sensors hear are
// not part of the world. Guess: no primary source was found for the ranges.
// Test: count what sensors beside known firing hear.
//
// Sound travels d/(c + w.u) seconds, u from source to sensor, with c and the
// wind w constant for each 100 km of the line; each travel time has a further
// relative error (turbulence), and each time an error of the sensor.
type Line struct {
	Seed        uint64
	LengthKM    float64
	WidthKM     float64
	SpacingKM   float64
	Hours       float64
	Rate        float64 // rounds an hour
	Clutter     float64 // false arrivals for each true one, evenly over time and sensors
	Bursts      float64 // share of rounds that come 6 to 20 together, 1 to 4 s apart, within 300 m
	Wind        float64 // standard deviation of the wind along each axis, m/s
	Sound       float64 // standard deviation of the speed of sound round 340 m/s, m/s
	TimingMS    float64 // error of each time, one standard deviation
	Turbulence  float64 // relative error of travel times
	ClockMS     float64 // standard deviation of the sensors' constant clock errors, which nobody knows
	WrongClocks float64 // share of sensors whose clock is off by 0.2 to 0.5 s either way, all the time; nobody knows which
	Outliers    float64 // share of true arrivals whose time is wrong by up to 20 s either way
	Echoes      float64 // share of true arrivals that come again, as an echo, 0.2 to 2 s later
	Range       float64 // how far all is heard, against the ranges above: weather, ground and ears; nobody knows it
}

// NewLine returns the line that results are compared on: 1,500 sensors and one
// hour of 1,000 rounds.
func NewLine(seed uint64) Line {
	return Line{Seed: seed, LengthKM: 1250, WidthKM: 30, SpacingKM: 5, Hours: 1, Rate: 1000, Clutter: 1,
		Wind: 4, Sound: 3, TimingMS: 20, Turbulence: 0.003, Range: 1}
}

const (
	besideKM    = 5.0 // how far beside the band rounds may fall
	fieldKM     = 100.0
	leastHeard  = 4
	outlierMaxS = 20.0
	// leastWrongUS and mostWrongUS are by how much a wrong clock is off.
	leastWrongUS, mostWrongUS = 200_000.0, 500_000.0
)

// loudness classes of Line.
var (
	rangesKM    = [...]float64{6, 10, 15}
	rangeShares = [...]float64{0.3, 0.7, 1} // summed
)

// World makes the world. The error names a parameter that is not possible.
func (l Line) World() (*World, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	w := &World{Name: "line", Seed: l.Seed, Span: trucewatch.Interval{From: Begin, Till: instant(float64(l.Hours * 3600))}}
	g := &lineMaker{Line: l, w: w, arrivals: newRandom(l.Seed, streamArrivals), outliers: newRandom(l.Seed, streamOutliers)}
	g.sensors()
	g.air()
	g.rounds()
	g.clutter()
	w.finish()
	return w, nil
}

func (l Line) check() error {
	for _, p := range []struct {
		name      string
		v         float64
		low, high float64
	}{
		{"length", l.LengthKM, 10, 1500}, {"width", l.WidthKM, 1, 200}, {"spacing", l.SpacingKM, 0.5, 50}, {"hours", l.Hours, 0.01, 24},
		{"rate", l.Rate, 0, 100_000}, {"clutter", l.Clutter, 0, 100}, {"bursts", l.Bursts, 0, 1}, {"wind", l.Wind, 0, 40}, {"sound", l.Sound, 0, 30},
		{"timing", l.TimingMS, 0.1, 10_000}, {"turbulence", l.Turbulence, 0, 0.1}, {"clock", l.ClockMS, 0, 10_000}, {"wrong clocks", l.WrongClocks, 0, 1}, {"outliers", l.Outliers, 0, 1}, {"echoes", l.Echoes, 0, 1}, {"range", l.Range, 0.3, 2},
	} {
		if !(p.v >= p.low && p.v <= p.high) {
			return fmt.Errorf("scenario: %s %v is outside %v to %v", p.name, p.v, p.low, p.high)
		}
	}
	if l.LengthKM < l.SpacingKM || l.WidthKM < l.SpacingKM {
		return fmt.Errorf("scenario: spacing %v km is wider than the band", l.SpacingKM)
	}
	return nil
}

// A lineMaker makes one line.
type lineMaker struct {
	Line
	w        *World
	place    [][2]float64 // of sensors, km
	arrivals *random
	outliers *random
}

func (g *lineMaker) sensors() {
	r, clocks := newRandom(g.Seed, streamSensors), newRandom(g.Seed, streamClocks)
	for i := 0; ; i++ {
		y := float64((float64(i) + 0.5) * g.SpacingKM)
		if y >= g.WidthKM {
			break
		}
		for j := 0; ; j++ {
			x := float64((float64(j) + 0.5) * g.SpacingKM)
			if x >= g.LengthKM {
				break
			}
			px, py := x+float64(g.SpacingKM*r.between(-0.3, 0.3)), y+float64(g.SpacingKM*r.between(-0.3, 0.3))
			g.place = append(g.place, [2]float64{px, py})
			g.w.Sensors = append(g.w.Sensors, Sensor{ID: sensorID(len(g.w.Sensors)), Kind: trucewatch.SensorSource, Position: at(px, py),
				ErrorUS: round(float64(g.TimingMS * 1000)), OffsetUS: round(float64(1000*r.spread(g.ClockMS))) + g.wrong(clocks)})
		}
	}
}

// wrong is by how much a clock is off that is wrong; 0 of most.
func (g *lineMaker) wrong(r *random) int64 {
	wrong, by, late := r.chance(g.WrongClocks), r.between(leastWrongUS, mostWrongUS), r.chance(0.5)
	switch {
	case !wrong:
		return 0
	case late:
		return round(by)
	}
	return -round(by)
}

func sensorID(n int) trucewatch.SourceID {
	return trucewatch.SourceID(fmt.Sprintf("sim-%05d", n+1))
}

func (g *lineMaker) air() {
	r := newRandom(g.Seed, streamAir)
	for x := 0.0; x < g.LengthKM; x += fieldKM {
		g.w.Fields = append(g.w.Fields, Field{From: at(x, -besideKM), Till: at(x+fieldKM, g.WidthKM+besideKM),
			SpeedMMS: 340_000 + round(float64(1000*r.spread(g.Sound))),
			EastMMS:  round(float64(1000 * r.spread(g.Wind))), NorthMMS: round(float64(1000 * r.spread(g.Wind)))})
	}
}

// rounds makes the events until there are as many as the rate says.
func (g *lineMaker) rounds() {
	r := newRandom(g.Seed, streamEvents)
	n := int(round(float64(g.Rate * g.Hours)))
	burst := g.Bursts / (13 - float64(12*g.Bursts)) // of beginnings, as a burst has 13 rounds on average
	for tries := 0; len(g.w.Events) < n && tries < 100*n+100; tries++ {
		t := float64(r.unit() * float64(g.Hours*3600))
		x, y := float64(r.unit()*g.LengthKM), r.between(-besideKM, g.WidthKM+besideKM)
		count, scatter := 1, 0.0
		if r.chance(burst) {
			count, scatter = 6+r.below(15), 0.3
		}
		class, u := 0, r.unit()
		for u >= rangeShares[class] {
			class++
		}
		for i := 0; i < count && len(g.w.Events) < n; i++ {
			if i > 0 {
				t += r.between(1, 4)
			}
			g.round(t, x+r.spread(scatter), y+r.spread(scatter), class)
		}
	}
}

// round makes one event and its arrivals, if enough sensors hear it.
func (g *lineMaker) round(t, x, y float64, class int) {
	place, far := at(x, y), float64(rangesKM[class]*g.Range)
	plane := geo.NewPlane(place)
	f := g.w.Fields[min(max(int(x/fieldKM), 0), len(g.w.Fields)-1)]
	var heard []Arrival
	var rays []ray
	for i, p := range g.place {
		if math.Abs(p[0]-x) > float64(2.1*far) || math.Abs(p[1]-y) > float64(2.1*far) {
			continue
		}
		s := &g.w.Sensors[i]
		d := float64(geo.NearMM(place, s.Position)) / 1e6
		if d >= float64(2*far) || !g.arrivals.chance(float64(0.95*logistic((d-far)/float64(0.12*far)))) {
			continue
		}
		east, north := plane.Project(s.Position)
		e, n := float64(east)/1e6, float64(north)/1e6
		wind := (float64(e*float64(f.EastMMS)) + float64(n*float64(f.NorthMMS))) / max(d, 1e-6)
		speed := (float64(f.SpeedMMS) + wind) / 1e6
		travel := d / speed
		dev := float64(travel * g.Turbulence)
		err := g.TimingMS / 1000
		a := Arrival{Sensor: int32(i), Event: int32(len(g.w.Events))}
		a.At = instant(t+travel+g.arrivals.spread(dev)+g.arrivals.spread(err)) + trucewatch.Instant(s.OffsetUS)
		if a = g.spoil(a); !a.Outlier {
			rays = append(rays, rayOf(e, n, 0, speed, math.Sqrt(float64(dev*dev)+float64(err*err))))
		}
		heard = append(heard, a)
	}
	if len(heard) < leastHeard {
		return
	}
	g.w.Events = append(g.w.Events, Event{At: instant(t), Position: place, Class: class, Bound: boundOf(rays, false)})
	g.record(heard)
}

// spoil gives some arrivals a gross error.
func (g *lineMaker) spoil(a Arrival) Arrival {
	wrong, by := g.outliers.chance(g.Outliers), g.outliers.between(-outlierMaxS, outlierMaxS)
	if wrong {
		a.Outlier = true
		a.At += trucewatch.Instant(round(float64(by * 1e6)))
	}
	return a
}

// record adds arrivals, some with an echo.
func (g *lineMaker) record(heard []Arrival) {
	for _, a := range heard {
		if echo, later := g.outliers.chance(g.Echoes), g.outliers.between(0.2, 2); echo {
			g.w.Arrivals = append(g.w.Arrivals, Arrival{Sensor: a.Sensor, Event: -1, At: a.At + trucewatch.Instant(round(float64(later*1e6)))})
		}
		g.w.Arrivals = append(g.w.Arrivals, a)
	}
}

func (g *lineMaker) clutter() {
	r := newRandom(g.Seed, streamClutter)
	genuine := 0
	for _, a := range g.w.Arrivals {
		if a.Event >= 0 {
			genuine++
		}
	}
	for range round(float64(g.Clutter * float64(genuine))) {
		g.w.Arrivals = append(g.w.Arrivals, Arrival{Sensor: int32(r.below(len(g.w.Sensors))), Event: -1, At: instant(float64(r.unit() * float64(g.Hours*3600)))})
	}
}
