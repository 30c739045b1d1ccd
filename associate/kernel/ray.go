// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"math"

	"github.com/trucewatch/trucewatch/geo"
)

// A Ray is a sound that an array of microphones heard from far away: from which
// direction, and when. The source lies along the direction, and the earlier the
// farther it is: the sound took distance times slowness. Both errors are normal.
//
// Points lie on a sphere, with geographic latitudes: distances and directions are
// wrong by less than 0.5 % and 0.3 degrees, a tenth of the errors of celerity and
// direction.
type Ray struct {
	HeardUS       int64 // microseconds from a common time
	ErrorUS       int64 // of that time, one standard deviation
	MinKM, MaxKM  float64
	azimuth, turn float64 // direction and its error, radians
	array         tangent
}

// slownessSKM and its deviations are how long infrasound takes for a kilometre along
// the ground, by whichever way through the air: 266 m/s, from 222 to 331 m/s within two
// deviations of both together.
// Source: the canonical celerity model of InfraPy (Los Alamos National Laboratory,
// propagation.py): normal densities of 1/0.327, 1/0.293 and 1/0.26 s/km with
// deviations of 0.066, 0.08 and 0.33 and weights of 0.054, 0.090 and 0.856; mean and
// variance are those of the mixture. Guess: half of the variance is the day's, the same
// for all arrays, half each array's own. Test: times of sources that are known.
const (
	slownessSKM    = 3.764
	slownessDaySKM = 0.262
	slownessOwnSKM = 0.262
)

const (
	// rayLeastKM is the least distance of a source: nearer, it is no far sound. Guess.
	// Test: arrivals of located explosions by distance.
	rayLeastKM = 10
	// rayStep is the ratio of one distance to the next at which a source is tried, and
	// rayTurns how many directions are tried to each side, rayTurn deviations apart: to
	// three deviations. What is summed is a product of normal densities that are wider
	// than these steps.
	rayStep  = 1.06
	rayTurns = 4
	rayTurn  = 0.75
	// rayFar is how many deviations from its direction a ray says nothing of a place.
	// Source: beyond 6 less than 1e-8 of a normal density lies.
	rayFar = 6
)

// NewRay returns the ray of a sector of one arc around an array, which holds the
// direction 95 times of 100; false if the region is none.
func NewRay(r *geo.Region) (Ray, bool) {
	if r.Kind != geo.Sector || len(r.Arcs) != 1 || r.RMaxMM <= rayLeastKM*mmPerKM {
		return Ray{}, false
	}
	width := r.Arcs[0].TillMdeg - r.Arcs[0].FromMdeg
	if width <= 0 {
		width += 360_000
	}
	const sigmas = 1.96 // to each side: 95 %
	middle := float64(r.Arcs[0].FromMdeg) + float64(width)/2
	return Ray{MinKM: max(km(r.RMinMM), rayLeastKM), MaxKM: km(r.RMaxMM), azimuth: float64(middle * radPerMdeg),
		turn: float64(float64(width)*radPerMdeg) / (2 * sigmas), array: tangentAt(r.Center)}, true
}

// LogPeak bounds what a ray may say of a place and moment: the logarithm of its
// highest density per radian and second, in thousandths.
func (r *Ray) LogPeak() int64 {
	return round(float64(-1000 * (ln2Pi + geo.Log(r.turn) + geo.Log(r.lateness(r.MinKM))/2)))
}

// lateness is the variance of the time at which the ray says that a source at so
// many kilometres made its sound, in square seconds, but for what the day shares.
func (r *Ray) lateness(distance float64) float64 {
	travel, read := float64(distance*slownessOwnSKM), float64(r.ErrorUS)/1e6
	return float64(travel*travel) + float64(read*read)
}

// off is how many deviations a direction differs from the ray's.
func (r *Ray) off(azimuth float64) float64 {
	turn := azimuth - r.azimuth
	if turn > math.Pi {
		turn -= 2 * math.Pi
	} else if turn < -math.Pi {
		turn += 2 * math.Pi
	}
	return turn / r.turn
}

// A departure is what rays say of when a source at one point made its sound: normal
// equations of that time and of how much slower the day is than others.
type departure struct {
	tt, td, dd, t, d float64
	rest             float64 // of the logarithm of the density
}

// newDeparture knows but that days differ.
func newDeparture() departure {
	const precision = 1 / (slownessDaySKM * slownessDaySKM)
	return departure{dd: precision, rest: (geo.Log(precision) - ln2Pi) / 2}
}

// hears adds a ray whose array is so many kilometres away.
func (m *departure) hears(r *Ray, distance float64) {
	variance := r.lateness(distance)
	w, made := 1/variance, float64(r.HeardUS)/1e6-float64(distance*slownessSKM)
	wd, wm := float64(w*distance), float64(w*made)
	m.tt += w
	m.td += wd
	m.dd += float64(wd * distance)
	m.t += wm
	m.d += float64(wm * distance)
	m.rest -= (ln2Pi + geo.Log(variance) + float64(wm*made)) / 2
}

// solve returns the logarithm of the integral of the density over time and day, and
// mean and variance of the time.
func (m *departure) solve() (logOverlap, mean, variance float64) {
	det := float64(m.tt*m.dd) - float64(m.td*m.td)
	mean = (float64(m.dd*m.t) - float64(m.td*m.d)) / det
	day := (float64(m.tt*m.d) - float64(m.td*m.t)) / det
	return m.rest + ln2Pi - geo.Log(det)/2 + (float64(mean*m.t)+float64(day*m.d))/2, mean, m.dd / det
}

// A Crossing is where and when several rays agree.
type Crossing struct {
	LogOverlap int64 // logarithm of the overlap integral over km2 and seconds of the densities of all directions and times, in thousandths
	points     []crossPoint
	highest    float64 // logarithm of the weight of the best point
	sum        float64 // of all weights, by that of the best
}

// A crossPoint is a point that a source is tried at, and what rays say of it.
type crossPoint struct {
	v              [3]float64
	logWeight      float64
	mean, variance float64 // of when it made its sound, seconds
}

// Cross weighs where rays agree: the sum, over points along the ray whose array is
// nearest to where they do, of the product of their densities. LogOverlap is
// Impossible where no point is within reach of all.
func Cross(rays []Ray) Crossing {
	base, nearest := 0, math.MaxFloat64
	for i := range rays {
		var line Crossing
		line.along(rays, i, rays[i].steps(), 0)
		if best := line.best(); best != nil {
			if distance, _ := rays[i].array.polar(best.v); distance < nearest {
				base, nearest = i, distance
			}
		}
	}
	var c Crossing
	steps := rays[base].steps()
	for turn := -rayTurns; turn <= rayTurns; turn++ {
		c.along(rays, base, steps, float64(float64(turn)*rayTurn))
	}
	best := c.best()
	if best == nil {
		return Crossing{LogOverlap: Impossible}
	}
	c.highest = best.logWeight
	for i := range c.points {
		c.sum += geo.Exp(c.points[i].logWeight - c.highest)
	}
	c.LogOverlap = round(float64(1000 * (c.highest + geo.Log(c.sum))))
	return c
}

// best is the point of the highest weight, nil if there is none.
func (c *Crossing) best() (best *crossPoint) {
	for i := range c.points {
		if best == nil || c.points[i].logWeight > best.logWeight {
			best = &c.points[i]
		}
	}
	return best
}

// A rayPace is a distance at which a source is tried: sine and cosine of the angle at the
// centre of the earth, and the logarithm of the area that the point stands for, km2.
type rayPace struct{ distance, sin, cos, logArea float64 }

// steps lists the distances of r.
func (r *Ray) steps() (out []rayPace) {
	each := geo.Log(float64(float64(geo.Log(rayStep)*r.turn) * rayTurn)) // ln(step) d long, so many deviations wide
	for d := r.MinKM; d < r.MaxKM; d = float64(d * rayStep) {
		out = append(out, rayPace{d, geo.Sin(d / earthKM), geo.Cos(d / earthKM), each + float64(2*geo.Log(d))})
	}
	return out
}

// along weighs the points along ray base, so many deviations beside it.
func (c *Crossing) along(rays []Ray, base int, steps []rayPace, off float64) {
	b := &rays[base]
	azimuth := b.azimuth + float64(off*b.turn)
	s, co := geo.Sin(azimuth), geo.Cos(azimuth)
	unknown, lead := newDeparture(), -float64(off*off)/2
	for i := range rays {
		lead -= ln2Pi/2 + geo.Log(rays[i].turn)
	}
	for _, step := range steps {
		p := crossPoint{v: b.array.to(step.sin, step.cos, s, co), logWeight: step.logArea + lead}
		m := unknown
		m.hears(b, step.distance)
		within := true
		for i := range rays {
			if i != base && within {
				within = p.heard(&rays[i], &m)
			}
		}
		if !within {
			continue
		}
		overlap, mean, variance := m.solve()
		p.logWeight += overlap
		p.mean, p.variance = mean, variance
		c.points = append(c.points, p)
	}
}

// heard adds what a ray says of the point; false if it says that there was nothing.
func (p *crossPoint) heard(r *Ray, m *departure) bool {
	up, east, north := r.array.seen(p.v)
	off := r.off(geo.Atan2(east, north))
	if off > rayFar || off < -rayFar {
		return false
	}
	distance := distanceOf(up, east, north)
	if distance < r.MinKM || distance > r.MaxKM {
		return false
	}
	p.logWeight -= float64(off*off) / 2
	m.hears(r, distance)
	return true
}

// Locate returns the region that holds the source of a Crossing 95 times of 100, and
// mean and deviation of when it made its sound. LogOverlap must not be Impossible.
func (c *Crossing) Locate() (region geo.Region, meanUS, deviationUS int64) {
	at := tangentOf(c.best().v)
	x, y, weights := make([]float64, len(c.points)), make([]float64, len(c.points)), make([]float64, len(c.points))
	var mean, square float64
	for i, p := range c.points {
		weights[i] = geo.Exp(p.logWeight-c.highest) / c.sum
		distance, azimuth := at.polar(p.v)
		x[i], y[i] = float64(distance*geo.Sin(azimuth)), float64(distance*geo.Cos(azimuth))
		mean += float64(weights[i] * p.mean)
	}
	for i, p := range c.points {
		late := p.mean - mean
		square += float64(weights[i] * (p.variance + float64(late*late)))
	}
	n, _ := weightedNormal(newFrame(at.at), x, y, weights)
	return n.Ellipse(), round(float64(mean * 1e6)), round(float64(math.Sqrt(square) * 1e6))
}

// A tangent is a place on the sphere with its directions up, east and north.
type tangent struct {
	at              geo.Position
	up, east, north [3]float64
}

func tangentAt(p geo.Position) tangent {
	lat, lon := float64(float64(p.LatE7)*radPerE7), float64(float64(p.LonE7)*radPerE7)
	sf, cf, sl, cl := geo.Sin(lat), geo.Cos(lat), geo.Sin(lon), geo.Cos(lon)
	return tangent{at: p, up: [3]float64{float64(cf * cl), float64(cf * sl), sf}, east: [3]float64{-sl, cl, 0}, north: [3]float64{-float64(sf * cl), -float64(sf * sl), cf}}
}

// tangentOf is the tangent at a point of the sphere.
func tangentOf(v [3]float64) tangent {
	level := math.Sqrt(float64(v[0]*v[0]) + float64(v[1]*v[1]))
	return tangentAt(geo.Position{LatE7: int32(round(geo.Atan2(v[2], level) / radPerE7)), LonE7: int32(round(geo.Atan2(v[1], v[0]) / radPerE7))})
}

// earthKM is the mean radius of the earth. Source: WGS 84, (2a + b)/3.
const earthKM = 6371.0088

// to is the point at an angle at the centre of the earth, in a direction, each by its
// sine and cosine.
func (t *tangent) to(s, c, east, north float64) (v [3]float64) {
	east, north = float64(s*east), float64(s*north)
	for i := range v {
		v[i] = float64(c*t.up[i]) + float64(east*t.east[i]) + float64(north*t.north[i])
	}
	return v
}

// seen is a point by the place's own directions.
func (t *tangent) seen(v [3]float64) (up, east, north float64) {
	return dot(t.up, v), dot(t.east, v), dot(t.north, v)
}

// polar returns how many kilometres away a point is, and in which direction: from
// -pi to pi.
func (t *tangent) polar(v [3]float64) (distance, azimuth float64) {
	up, east, north := t.seen(v)
	return distanceOf(up, east, north), geo.Atan2(east, north)
}

func distanceOf(up, east, north float64) float64 {
	return float64(earthKM * geo.Atan2(math.Sqrt(float64(east*east)+float64(north*north)), up))
}

func dot(v, w [3]float64) float64 {
	return float64(v[0]*w[0]) + float64(v[1]*w[1]) + float64(v[2]*w[2])
}
