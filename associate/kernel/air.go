// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"cmp"
	"math"
	"slices"

	"github.com/trucewatch/trucewatch/geo"
)

// A Blast is a source whose arrivals are known, to learn the air from.
type Blast struct {
	EastMM, NorthMM int64
	At              int64     // microseconds
	Arrivals        []Arrival // with times on the same clock
}

const (
	airRounds   = 2 // linearisations for each blast; a third changes nothing measurable
	blastRounds = 2 // of a blast's own place within each
	airSigmas   = 3 // residuals beyond weigh less
	// frontKM is how far apart fronts are, on average, at which one air ends and
	// another begins: that none lies between two places d apart has the probability
	// exp(-d/frontKM). Guess. Test: airs of neighbouring squares with many shots.
	frontKM = 100
	// blastsMax is of how many blasts of the same air, the nearest, one is learned: 25
	// leave 0.3 m/s, more do not help.
	blastsMax = 25
)

// LearnAir finds the speed of sound and the wind at each of places (east and north on
// the plane, mm) from blasts.
//
// Each blast says something of the air at its place, its own place and time taken out
// (joint inversion of hypocentres and velocity: Kissling and others, Journal of
// Geophysical Research 99, 1994; here for moving air). It tells of the air elsewhere
// if no front is between. From the nearest on each is taken in with the probability
// that it does, given what the nearer ones said: probabilistic data association
// (Bar-Shalom, Li, Kirubarajan, Estimation with applications to tracking and
// navigation, 2001).
func (g *Ground) LearnAir(blasts []Blast, places [][2]int64) []Air {
	before := g.ears.h.unknown()
	clues := make([]clue, len(blasts))
	for i := range blasts {
		clues[i] = g.clueOf(&blasts[i], before)
	}
	out := make([]Air, len(places))
	for i, p := range places {
		out[i] = g.ears.h.air(learnt(clues, before, km(p[0]), km(p[1])))
	}
	return out
}

// A belief is what is held of the air: the mean of speed and wind (km/s, beside that
// of the phase), their covariance and its inverse, and the logarithm of the
// determinant of that.
type belief struct {
	mean    [4]float64
	cov     [4][4]float64
	inverse [4][4]float64
	logDet  float64
}

// with returns the belief with a mean and covariance; false if that is not positive.
func with(mean [4]float64, cov [4][4]float64) (b belief, ok bool) {
	b = belief{mean: mean, cov: cov}
	if b.inverse, b.logDet, ok = inverse3(&cov); !ok {
		return b, false
	}
	b.logDet = -b.logDet
	return b, true
}

// inverse3 returns the inverse of the first three rows and columns of a, and the
// logarithm of the determinant of a.
func inverse3(a *[4][4]float64) (out [4][4]float64, logDet float64, ok bool) {
	l, ok := factor(a, 3)
	if !ok {
		return out, 0, false
	}
	for k := range 3 {
		logDet += float64(2 * geo.Log(l[k][k]))
	}
	return l.inverse(3), logDet, true
}

// A clue is what one blast says of the air at its place: the logarithm of its
// likelihood is push.a - a.info.a/2 and a constant.
type clue struct {
	x, y float64
	info [4][4]float64
	push [4]float64
	rest float64 // the logarithm of what it is worth if nothing is known of the air
}

func (g *Ground) clueOf(b *Blast, before belief) clue {
	c := clue{x: km(b.EastMM), y: km(b.NorthMM)}
	var now [3]float64
	for range airRounds {
		c.info, c.push = [4][4]float64{}, [4]float64{}
		g.blastTerms(b, now, &c.info, &c.push)
		for i := range 3 {
			for j := range 3 {
				c.push[i] += float64(c.info[i][j] * now[j])
			}
		}
		if after, _, ok := before.and(&c); ok {
			now = [3]float64(after.mean[:3])
		}
	}
	_, c.rest, _ = before.and(&c)
	return c
}

// and returns the belief after a clue of the same air, and the logarithm of how likely
// the clue was.
func (b *belief) and(c *clue) (after belief, rest float64, ok bool) {
	sum, push := b.inverse, c.push
	before := 0.0 // mean.inverse.mean
	for i := range 3 {
		drawn := 0.0
		for j := range 3 {
			sum[i][j] += c.info[i][j]
			drawn += float64(b.inverse[i][j] * b.mean[j])
		}
		push[i] += drawn
		before += float64(drawn * b.mean[i])
	}
	after.inverse = sum
	if after.cov, after.logDet, ok = inverse3(&sum); !ok {
		return *b, 0, false
	}
	drawn := 0.0
	for i := range 3 {
		for j := range 3 {
			after.mean[i] += float64(after.cov[i][j] * push[j])
		}
		drawn += float64(after.mean[i] * push[i])
	}
	return after, (drawn - before + b.logDet - after.logDet) / 2, true
}

// learnt returns what is held of the air at (x, y) after all clues.
func learnt(clues []clue, before belief, x, y float64) belief {
	order := make([]int, len(clues))
	far := make([]float64, len(clues))
	for i := range clues {
		order[i], far[i] = i, length(clues[i].x-x, clues[i].y-y)
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Or(cmp.Compare(far[i], far[j]), cmp.Compare(i, j)) })
	b, taken := before, 0.0
	for _, i := range order {
		same := geo.Exp(-far[i] / frontKM)
		after, rest, ok := b.and(&clues[i])
		if !ok {
			continue
		}
		w := 1 / (1 + float64((1-same)/same*geo.Exp(min(clues[i].rest-rest, 600))))
		if next, ok := b.mixed(&after, w); ok {
			b = next
		}
		if taken += w; taken >= blastsMax {
			break
		}
	}
	return b
}

// mixed returns the belief of mean and covariance of both, with weight w of after.
func (b *belief) mixed(after *belief, w float64) (belief, bool) {
	var mean [4]float64
	var cov [4][4]float64
	for i := range 3 {
		mean[i] = b.mean[i] + float64(w*(after.mean[i]-b.mean[i]))
		for j := range 3 {
			apart := float64((after.mean[i] - b.mean[i]) * (after.mean[j] - b.mean[j]))
			cov[i][j] = b.cov[i][j] + float64(w*(after.cov[i][j]-b.cov[i][j])) + float64(float64(w*(1-w))*apart)
		}
	}
	return with(mean, cov)
}

func square(x float64) float64 { return float64(x * x) }

// blastTerms adds what one blast says of the air, its own place eliminated.
func (g *Ground) blastTerms(b *Blast, now [3]float64, info *[4][4]float64, push *[4]float64) {
	x, y, at := km(b.EastMM), km(b.NorthMM), float64(b.At)/1e6
	for round := range blastRounds {
		n := g.blastSums(b, x, y, at, now)
		l, ok := factor(&n.own, 3)
		if !ok {
			return
		}
		move := l.solve(&n.ownPush, 3)
		if round < blastRounds-1 {
			x, y, at = x+move[0], y+move[1], at+move[2]
			continue
		}
		for i := range 3 {
			q := l.solve(&n.cross[i], 3)
			for j := range 3 {
				info[i][j] += n.air[i][j] - (float64(q[0]*n.cross[j][0]) + float64(q[1]*n.cross[j][1]) + float64(q[2]*n.cross[j][2]))
			}
			push[i] += n.airPush[i] - (float64(q[0]*n.ownPush[0]) + float64(q[1]*n.ownPush[1]) + float64(q[2]*n.ownPush[2]))
		}
	}
}

// blastRow returns the derivatives of one arrival's time by (x, y, time) and by
// (speed, east, north), its residual and its weight.
func (g *Ground) blastRow(a Arrival, x, y, at float64, now [3]float64) (h, k [4]float64, off, w float64) {
	e := g.ears
	q := &g.stations[a.Station]
	d := length(q.x-x, q.y-y) + 1e-9
	ux, uy := (q.x-x)/d, (q.y-y)/d
	v := e.speed[a.Phase] + now[0] + float64(ux*now[1]) + float64(uy*now[2])
	off = float64(a.At)/1e6 - at - d/v
	sigma := e.sigma[e.table(q.clock, 0)][a.Phase][e.bin(d)]
	w = 1 / float64(sigma*sigma)
	if z := math.Abs(off) / sigma; z > airSigmas {
		w = float64(w * (airSigmas / z))
	}
	slower := -d / float64(v*v)
	return [4]float64{-ux / v, -uy / v, 1}, [4]float64{slower, float64(slower * ux), float64(slower * uy)}, off, w
}
