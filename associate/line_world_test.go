// SPDX-License-Identifier: Apache-2.0

package associate_test

import (
	"math"
	"math/rand/v2"
	"slices"

	tw "github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate"
	"github.com/trucewatch/trucewatch/geo"
)

// An arrivalWorld is invented arrivals with the truth behind them.
type arrivalWorld struct {
	hearing  associate.Hearing
	stations []associate.Station
	arrivals []associate.Arrival
	of       []int32 // event of each arrival, -1 clutter
	events   []event
}

type event struct {
	at    tw.Instant
	place geo.Position
	count int // arrivals
}

// acoustic is how a line of sound sensors hears.
func acoustic() associate.Hearing {
	return associate.Hearing{PhasesMMS: []int64{340_000}, Loudness: []associate.Loudness{{RangeMM: 6_000_000, WidthMM: 720_000, Share: 333_333}, {RangeMM: 10_000_000, WidthMM: 1_200_000, Share: 333_333}, {RangeMM: 15_000_000, WidthMM: 1_800_000, Share: 333_334}},
		Detect: 950_000, Spread: 3_300, SpeedMMS: 3_000, WindMMS: 4_500, FirstMM: 8_000_000, ReachMM: 27_000_000, TopMM: 4_000_000, LeafMM: 500_000, Births: 86_400, Salvoes: true, Least: 4, Visits: 3_000}
}

// seismic is how a regional network hears.
func seismic() associate.Hearing {
	h := associate.Hearing{PhasesMMS: []int64{6_300_000, 3_700_000}, Detect: 800_000, Together: 500_000, FloorUS: 400_000, Spread: 10_000, FirstMM: 70_000_000, ReachMM: 300_000_000, DeepMM: 30_000_000,
		TopMM: 32_000_000, LeafMM: 8_000_000, Births: 864, Least: 10, Visits: 3_000}
	share := []int64{319_000, 298_000, 205_000, 121_000, 57_000}
	for i, r := range []int64{29, 54, 88, 134, 222} {
		h.Loudness = append(h.Loudness, associate.Loudness{RangeMM: r * 1_000_000, WidthMM: max(r/10, 30) * 1_000_000, Share: share[i]})
	}
	return h
}

var epoch = tw.Instant(1_800_000_000) * tw.Second

// placeAt is a point of an invented country, kilometres east and north of its
// south-western corner, on small planes 50 km wide, so that distances are true.
type country struct{ planes []geo.Plane }

func newCountry(lengthKM float64) *country {
	c := &country{}
	p := geo.Position{LatE7: 480_000_000, LonE7: 300_000_000}
	for range int(lengthKM/50) + 2 {
		c.planes = append(c.planes, geo.NewPlane(p))
		p = geo.Direct(p, 90_000, 50_000_000)
	}
	return c
}

func (c *country) at(x, y float64) geo.Position {
	k := min(max(int(x/50), 0), len(c.planes)-1)
	return c.planes[k].Position(int64((x-50*float64(k))*1e6), int64(y*1e6))
}

// lineWorld is a line of contact 1,250 km long with sensors on a jittered lattice in a band
// of 30 km; the air differs every 100 km. Rate: rounds an hour; clutter: false arrivals for each true one; bursts:
// share of fire that comes as 6 to 20 rounds, 1 to 4 s apart, within 300 m.
func lineWorld(rate int, clutter float64, seed uint64, bursts, wind, hours float64) *arrivalWorld {
	const length, width, spacing, sigma, turbulence = 1250.0, 30.0, 5.0, 0.02, 0.003
	r := rand.New(rand.NewPCG(seed, 1))
	w := &arrivalWorld{hearing: acoustic()}
	c := newCountry(length)
	for x := spacing / 2; x < length; x += spacing {
		for y := spacing / 2; y < width; y += spacing {
			w.stations = append(w.stations, associate.Station{Position: c.at(x+r.Float64()*3-1.5, y+r.Float64()*3-1.5), Clock: tw.Instant(sigma * 1e6)})
		}
	}
	var air [14][3]float64
	for i := range air {
		air[i] = [3]float64{0.340 + r.NormFloat64()*0.003*min(wind, 1), r.NormFloat64() * wind / 1000, r.NormFloat64() * wind / 1000}
	}
	duration := hours * 3600
	for total := int(float64(rate) * hours); len(w.events) < total; {
		t, x, y, rounds := r.Float64()*duration, r.Float64()*length, r.Float64()*(width+10)-5, 1
		if r.Float64() < bursts/8 {
			rounds = 6 + r.IntN(15)
		}
		loud := []float64{6, 6, 6, 10, 10, 10, 10, 15, 15, 15}[r.IntN(10)]
		for k := 0; k < rounds && len(w.events) < total; k++ {
			ex, ey := x, y
			if rounds > 1 {
				ex, ey = x+r.NormFloat64()*0.3, y+r.NormFloat64()*0.3
			}
			if k > 0 {
				t += 1 + 3*r.Float64()
			}
			w.fire(r, c.at(ex, ey), t, loud, air[min(max(int(ex/100), 0), 12)], sigma, turbulence)
		}
	}
	w.noise(r, int(clutter*float64(len(w.arrivals))), duration, 1)
	return w
}

// fire adds an event if at least four stations hear it.
func (w *arrivalWorld) fire(r *rand.Rand, p geo.Position, t, loud float64, air [3]float64, sigma, turbulence float64) {
	var heard []associate.Arrival
	box := int32(25 * 150_000)
	for j, s := range w.stations {
		if d := s.Position.LonE7 - p.LonE7; d > 2*box || d < -2*box {
			continue
		}
		mm, azimuth := geo.Inverse(p, s.Position)
		d := float64(mm) / 1e6
		if d > 2*loud || r.Float64() >= 0.95/(1+math.Exp((d-loud)/(0.12*loud))) {
			continue
		}
		a := float64(azimuth) / 1000 * math.Pi / 180
		travel := d / (air[0] + air[1]*math.Sin(a) + air[2]*math.Cos(a))
		travel = travel*(1+r.NormFloat64()*turbulence) + r.NormFloat64()*sigma
		heard = append(heard, associate.Arrival{Station: int32(j), At: epoch + tw.Instant((t+travel)*1e6)})
	}
	if len(heard) < 4 {
		return
	}
	for range heard {
		w.of = append(w.of, int32(len(w.events)))
	}
	w.arrivals = append(w.arrivals, heard...)
	w.events = append(w.events, event{epoch + tw.Instant(t*1e6), p, len(heard)})
}

func (w *arrivalWorld) noise(r *rand.Rand, n int, duration float64, phases int) {
	for range n {
		w.arrivals = append(w.arrivals, associate.Arrival{Station: int32(r.IntN(len(w.stations))), Phase: uint8(r.IntN(phases)), At: epoch + tw.Instant(r.Float64()*duration*1e6)})
		w.of = append(w.of, -1)
	}
}

// regionWorld is the shallow scenario of the benchmark of PyOcto (yetinam/pyocto, benchmark/synthetics.py) in a homogeneous earth.
func regionWorld(events int, noise float64, seed uint64) *arrivalWorld {
	r := rand.New(rand.NewPCG(seed, 2))
	w := &arrivalWorld{hearing: seismic()}
	plane := geo.NewPlane(geo.Position{LatE7: -220_000_000, LonE7: -690_000_000})
	const wide, high = 222.4, 208.2
	type spot struct{ x, y float64 }
	var spots []spot
	for i := range 10 {
		for j := range 10 {
			x, y := float64(i)*wide/9, float64(j)*high/9
			spots = append(spots, spot{x, y})
			w.stations = append(w.stations, associate.Station{Position: plane.Position(int64((x-wide/2)*1e6), int64((y-high/2)*1e6)), Clock: 1_000})
		}
	}
	for len(w.events) < events {
		x, y, z, t := r.Float64()*wide, r.Float64()*high, r.Float64()*30, r.Float64()*86_400
		reach := 120*(-0.5+r.ExpFloat64()/math.Ln10) + 80
		var heard []associate.Arrival
		both := 0
		for j, s := range spots {
			d := math.Sqrt((x-s.x)*(x-s.x) + (y-s.y)*(y-s.y) + z*z)
			p := (1 - 1/(1+math.Exp(-(d-reach)/max(0.1*reach, 30)))) * 0.8
			first := r.Float64() < p
			u := r.Float64()
			second := first && u < 0.5*(1-p)+p || !first && u < p-0.5*p
			for ph, has := range []bool{first, second} {
				if has {
					travel := d / []float64{6.3, 3.7}[ph]
					travel += r.NormFloat64() * max(0.01*travel, 0.4)
					heard = append(heard, associate.Arrival{Station: int32(j), Phase: uint8(ph), At: epoch + tw.Instant((t+travel)*1e6)})
				}
			}
			if first && second {
				both++
			}
		}
		if both < 4 || len(heard) < 10 {
			continue
		}
		for range heard {
			w.of = append(w.of, int32(len(w.events)))
		}
		w.arrivals = append(w.arrivals, heard...)
		w.events = append(w.events, event{epoch + tw.Instant(t*1e6), plane.Position(int64((x-wide/2)*1e6), int64((y-high/2)*1e6)), len(heard)})
	}
	w.noise(r, int(noise*float64(len(w.arrivals))), 86_400, 2)
	return w
}

// A mark is how well shots fit the truth: matched if arrivals in common are at
// least 0.6 of the larger of both (the rule of PyOcto's benchmark).
type mark struct {
	precision, recall, f1 float64
	covered               float64   // share of matched events within the region of 95 %
	errors                []float64 // km, of matched events, ascending

}

func (w *arrivalWorld) mark(shots []associate.Shot) mark {
	m := mark{}
	hit := make([]bool, len(w.events))
	right := 0
	for _, s := range shots {
		counts := map[int32]int{}
		for _, i := range s.Arrivals {
			counts[w.of[i]]++
		}
		for e, n := range counts {
			if e >= 0 && float64(n) >= 0.6*float64(max(len(s.Arrivals), w.events[e].count)) {
				right++
				hit[e] = true
				if within(s.Region, w.events[e].place) {
					m.covered++
				}
				m.errors = append(m.errors, float64(geo.DistanceMM(s.Position, w.events[e].place))/1e6)
				break
			}
		}
	}
	found := 0
	for _, ok := range hit {
		if ok {
			found++
		}
	}
	m.precision, m.recall = float64(right)/float64(max(len(shots), 1)), float64(found)/float64(len(w.events))
	m.f1 = 2 * m.precision * m.recall / max(m.precision+m.recall, 1e-9)
	m.covered /= float64(max(right, 1))
	slices.Sort(m.errors)
	return m
}

// within says whether p is in the ellipse r.
func within(r geo.Region, p geo.Position) bool {
	mm, azimuth := geo.Inverse(r.Center, p)
	turn := float64(azimuth-r.AzimuthMdeg) * math.Pi / 180_000
	u, v := float64(mm)*math.Cos(turn)/float64(r.SemiMajorMM), float64(mm)*math.Sin(turn)/float64(r.SemiMinorMM)
	return u*u+v*v <= 1
}
