// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"math"

	"github.com/trucewatch/trucewatch/geo"
)

// A Residual is by how much the time of one arrival is later than the other arrivals
// of its source say, and the error of that, one standard deviation, microseconds.
type Residual struct{ OffUS, ErrorUS int64 }

const (
	// residualRounds is how often a blast is linearised before its residuals are taken.
	residualRounds = 3
	// leastSaid is the least share of a time that the other arrivals must tell for its
	// residual to say something: below, the place follows the time whatever it is.
	leastSaid = 0.05
)

// Residuals returns what the arrivals of a blast say of each other's clocks, in the
// order of its Arrivals; an ErrorUS of 0 says nothing. Place, time and air are solved
// for together, the air with what is held before any evidence, so that none of these
// is taken for an error of a clock; each arrival is then compared with what the others
// alone would give (deleted residuals: Cook and Weisberg, Residuals and Influence in
// Regression, 1982). Those of near, which take no part, come after those of b. Nil says
// that there is no solution.
func (g *Ground) Residuals(b *Blast, near []Arrival) []Residual {
	x, y, at := km(b.EastMM), km(b.NorthMM), float64(b.At)/1e6
	before := g.ears.h.unknown()
	var now [3]float64
	for round := range residualRounds {
		sums := g.blastSums(b, x, y, at, now)
		s, ok := sums.solve(&before, now)
		if !ok {
			return nil
		}
		if round == residualRounds-1 {
			return append(g.deleted(b.Arrivals, x, y, at, now, &s, true), g.deleted(near, x, y, at, now, &s, false)...)
		}
		x, y, at = x+s.move[0], y+s.move[1], at+s.move[2]
		for k := range now {
			now[k] += s.airMove[k]
		}
	}
	return nil
}

// blastSums are the normal equations of one blast: own place and time, and air.
type blastSums struct {
	own, cross, air  [4][4]float64 // (x, y, time), air by (x, y, time), air by air
	ownPush, airPush [4]float64
}

func (g *Ground) blastSums(b *Blast, x, y, at float64, now [3]float64) (n blastSums) {
	for _, a := range b.Arrivals {
		h, k, off, w := g.blastRow(a, x, y, at, now)
		for i := range 3 {
			for j := range 3 {
				n.own[i][j] += float64(float64(w*h[i]) * h[j])
				n.cross[i][j] += float64(float64(w*k[i]) * h[j])
				n.air[i][j] += float64(float64(w*k[i]) * k[j])
			}
			n.ownPush[i] += float64(float64(w*h[i]) * off)
			n.airPush[i] += float64(float64(w*k[i]) * off)
		}
	}
	return n
}

// A blastSolution is a step of least squares, and what it leaves uncertain.
type blastSolution struct {
	move, airMove [4]float64
	place         [4][4]float64 // covariance of place and time
	air           [4][4]float64 // covariance of the air if place and time were known
	drawn         [4][4]float64 // by how much the air follows place and time
}

// solve solves for place, time and air, which is held to be before's; now is where the
// air is linearised.
func (n *blastSums) solve(before *belief, now [3]float64) (s blastSolution, ok bool) {
	air, push := n.air, n.airPush
	for i := range 3 {
		for j := range 3 {
			air[i][j] += before.inverse[i][j]
			push[i] += float64(before.inverse[i][j] * (before.mean[j] - now[j]))
		}
	}
	if s.air, _, ok = inverse3(&air); !ok {
		return s, false
	}
	own, ownPush := n.own, n.ownPush
	for i := range 3 {
		for j := range 3 {
			for k := range 3 {
				s.drawn[i][j] += float64(s.air[i][k] * n.cross[k][j])
			}
		}
	}
	for i := range 3 {
		for k := range 3 {
			ownPush[i] -= float64(s.drawn[k][i] * push[k])
			for j := range 3 {
				own[i][j] -= float64(n.cross[k][i] * s.drawn[k][j])
			}
		}
	}
	l, ok := factor(damped(&own, 3), 3)
	if !ok {
		return s, false
	}
	s.place = l.inverse(3)
	for i := range 3 {
		for j := range 3 {
			s.move[i] += float64(s.place[i][j] * ownPush[j])
		}
	}
	for i := range 3 {
		for j := range 3 {
			s.airMove[i] += float64(s.air[i][j]*push[j]) - float64(s.drawn[i][j]*s.move[j])
		}
	}
	return s, true
}

// deleted returns the residual of each arrival against the solution of the others; member
// says whether they took part in it.
func (g *Ground) deleted(arrivals []Arrival, x, y, at float64, now [3]float64, s *blastSolution, member bool) []Residual {
	out := make([]Residual, len(arrivals))
	for n, a := range arrivals {
		h, k, off, w := g.blastRow(a, x, y, at, now)
		var row [3]float64 // how place and time move it, the air following
		for i := range 3 {
			row[i] = h[i]
			for j := range 3 {
				row[i] -= float64(s.drawn[j][i] * k[j])
			}
		}
		own := 0.0
		for i := range 3 {
			for j := range 3 {
				own += float64(float64(row[i]*s.place[i][j])*row[j]) + float64(float64(k[i]*s.air[i][j])*k[j])
			}
		}
		q := &g.stations[a.Station]
		sigma := g.ears.sigma[g.ears.table(q.clock, 0)][a.Phase][g.ears.bin(length(q.x-x, q.y-y))]
		if !member {
			out[n] = Residual{round(float64(off * 1e6)), round(float64(math.Sqrt(float64(sigma*sigma)+own) * 1e6))}
		} else if said := 1 - float64(w*own); said >= leastSaid {
			out[n] = Residual{round(float64(off / said * 1e6)), round(float64(sigma / math.Sqrt(said) * 1e6))}
		}
	}
	return out
}

const (
	// clockFar is how far off a clock is that is wrong, one standard deviation, s.
	// Guess: a receiver without satellites for a day, or one that took a network's
	// time. Test: offsets learned of a mission's sensors.
	clockFar = 0.5
	// clockOdds is the logarithm of the odds, before any evidence, that a clock is
	// wrong by more than it states. Guess: one in a hundred. Test: as clockFar.
	clockOdds = -4.6
	// strayShare is the share of residuals that say nothing of the clock, because the
	// arrival is of something else; they lie anywhere within straySpan, s. Guess.
	// Test: residuals beyond four standard deviations of stations with good clocks.
	strayShare, straySpan = 0.1, 2.0
)

// A Clock is by how much the times of a station are late all the time, the error of
// that, one standard deviation, microseconds, and how many shots say so.
type Clock struct {
	LateUS, ErrorUS int64
	Shots           int64
}

// ClockOf says what residuals of one station say of its clock; false if they are no
// reason to take it for wrong. Each is that of the offset with its own error, or a stray
// one, so that no single one decides; a clock is wrong if by its residuals that is
// likelier than not (a spike and a slab: Mitchell and Beauchamp, Journal of the American
// Statistical Association 83, 1988).
func ClockOf(residuals []Residual) (Clock, bool) {
	var best Clock
	most := 0.0
	for _, r := range residuals {
		if r.OffUS*r.OffUS <= 4*r.ErrorUS*r.ErrorUS {
			continue
		}
		if c, worth := clockNear(float64(r.OffUS)/1e6, residuals); worth > most {
			best, most = c, worth
		}
	}
	return best, most > 0
}

// clockNear returns the offset that residuals give around a start, and the logarithm of
// the odds that the clock is wrong by it.
func clockNear(start float64, residuals []Residual) (Clock, float64) {
	const stray = strayShare / straySpan
	share := func(r Residual, late float64) (good, weight float64) {
		v := square(float64(r.ErrorUS) / 1e6)
		off := float64(r.OffUS)/1e6 - late
		good = float64((1 - strayShare) * geo.Exp(max(-float64(off*off)/float64(2*v)-geo.Log(v)/2-lnRoot2Pi, -600)))
		return good, 1 / v
	}
	late, variance := start, 0.0
	for range 3 {
		info, push := 1.0/(clockFar*clockFar), 0.0
		for _, r := range residuals {
			good, weight := share(r, late)
			w := float64(good / (good + stray) * weight)
			info += w
			push += float64(w*float64(r.OffUS)) / 1e6
		}
		late, variance = push/info, 1/info
	}
	worth := clockOdds + geo.Log(variance)/2 - geo.Log(clockFar) - float64(late*late)/(2*clockFar*clockFar)
	c := Clock{LateUS: round(float64(late * 1e6)), ErrorUS: round(float64(math.Sqrt(variance) * 1e6))}
	for _, r := range residuals {
		wrong, _ := share(r, late)
		right, _ := share(r, 0)
		worth += geo.Log(wrong+stray) - geo.Log(right+stray)
		if wrong > stray {
			c.Shots++
		}
	}
	return c, worth
}
