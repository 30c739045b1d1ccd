// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"math"

	"github.com/trucewatch/trucewatch/geo"
)

// Air is how sound travels from one piece of country for a while: what is to be
// added to its speed, the wind towards east and north, mm/s, and how well that
// is known: the error of a travel time as a share of it, ppm. Earth is still.
type Air struct {
	Speed, East, North int64
	Spread             int64
	Errors             [3]int64 // of Speed, East and North, one standard deviation, mm/s: what all arrivals of a source share
	Together           [3]int64 // correlations of these, percent: of Speed and East, Speed and North, East and North
}

// UnknownAir is the Air of which only the Hearing is known.
func (h *Hearing) UnknownAir() Air { return h.air(h.unknown()) }

// unknown is what is held of the air before any evidence.
func (h *Hearing) unknown() belief {
	var cov [4][4]float64
	for k, err := range [...]int64{h.SpeedMMS, h.WindMMS, h.WindMMS} {
		cov[k][k] = square(km(err)) + airLeast*airLeast
	}
	b, _ := with([4]float64{}, cov)
	return b
}

const (
	// airLeast is the least error of the air, one standard deviation, km/s: so small
	// that it moves nothing, it keeps divisions finite.
	airLeast = 1e-6
	// airRoundMMS is to what the air and its errors are rounded: 0.1 m/s move a sound
	// of 20 s by 6 ms.
	airRoundMMS = 100
	// togetherStep is to what correlations are rounded, percent.
	togetherStep = 25
)

// air writes a belief down, rounded so that one more arrival seldom changes it.
func (h *Hearing) air(b belief) Air {
	var a Air
	if h.SpeedMMS == 0 && h.WindMMS == 0 {
		a.Spread = h.Spread
		return a
	}
	rounded := func(v float64) int64 { return round(float64(v*mmPerKM)/airRoundMMS) * airRoundMMS }
	a.Speed, a.East, a.North = rounded(b.mean[0]), rounded(b.mean[1]), rounded(b.mean[2])
	for k := range a.Errors {
		a.Errors[k] = max(rounded(math.Sqrt(b.cov[k][k])), airRoundMMS)
	}
	for k, pair := range [...][2]int{{0, 1}, {0, 2}, {1, 2}} {
		i, j := pair[0], pair[1]
		r := b.cov[i][j] / math.Sqrt(float64(b.cov[i][i]*b.cov[j][j]))
		a.Together[k] = int64(float64(r*100)/togetherStep) * togetherStep // towards none
	}
	all := (square(float64(a.Errors[1])) + square(float64(a.Errors[2]))) / 2
	unknown := float64(math.Sqrt(square(float64(a.Errors[0]))+all) / float64(h.PhasesMMS[0]) * geo.Million)
	a.Spread = round(math.Sqrt(square(float64(h.Spread)) + float64(unknown*unknown)))
	return a
}

// certainty returns the inverse of the covariance of a's errors, s2/km2, the
// logarithm of its determinant, and whether they are errors at all.
func (a *Air) certainty() (out [4][4]float64, logDet float64, ok bool) {
	if a.Errors == [3]int64{} {
		return out, 0, false
	}
	var cov [4][4]float64
	for k, err := range a.Errors {
		cov[k][k] = square(km(err)) + airLeast*airLeast
	}
	alone := cov
	for k, pair := range [...][2]int{{0, 1}, {0, 2}, {1, 2}} {
		i, j := pair[0], pair[1]
		cov[i][j] = float64(float64(km(a.Errors[i])*km(a.Errors[j])) * (float64(a.Together[k]) / 100))
		cov[j][i] = cov[i][j]
	}
	if out, logDet, ok = inverse3(&cov); !ok { // rounding may have made correlations that cannot be
		out, logDet, ok = inverse3(&alone)
	}
	return out, -logDet, ok
}

// A medium is how sound leaves one top cell.
type medium struct {
	speed             [phasesMax]float64 // km/s
	east, north, wind float64            // wind, km/s
	slowest           [phasesMax]float64
	spread            int
	certainty         [4][4]float64 // inverse of the covariance of its speed and wind, s2/km2
	logDet            float64       // the logarithm of its determinant
	shared            bool          // that covariance is not 0
}

func (e *Ears) medium(a Air) medium {
	m := medium{east: km(a.East), north: km(a.North), spread: e.spreadClass(a.Spread)}
	m.wind = length(m.east, m.north)
	m.certainty, m.logDet, m.shared = a.certainty()
	for ph := range e.phases {
		m.speed[ph] = e.speed[ph] + km(a.Speed)
		m.slowest[ph] = m.speed[ph] - m.wind
	}
	return m
}

// travel returns the time from (x, y, z), d km away, to s: d over the speed of
// the air and the wind along the way.
func (m *medium) travel(s *station, x, y, d float64, ph int) float64 {
	v := m.speed[ph]
	if m.wind != 0 && d > 1e-9 {
		v += (float64((s.x-x)*m.east) + float64((s.y-y)*m.north)) / d
	}
	return d / v
}
