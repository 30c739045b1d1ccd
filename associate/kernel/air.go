// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"math"

	"github.com/trucewatch/trucewatch/geo"
)

// A Blast is a source whose arrivals are known, to learn the air from.
type Blast struct {
	EastMM, NorthMM int64
	At              int64     // microseconds
	Arrivals        []Arrival // with times on the same clock
}

const (
	airRounds   = 3 // linearisations; a fourth changes nothing measurable
	blastRounds = 2 // of a blast's own place within each
	airSigmas   = 3 // residuals beyond weigh less
)

// LearnAir finds the speed of sound and the wind that make blasts agree best:
// a joint least squares over the air and each blast's place and time, which are
// eliminated (Schur complement). Before is what was known: values and errors of
// speed and wind, one standard deviation, mm/s. It returns the air and the errors
// that remain.
//
// Source of the method: joint inversion of hypocentres and velocity (Kissling
// and others, Journal of Geophysical Research 99, 1994), here for moving air.
func (g *Ground) LearnAir(blasts []Blast, before Air, speedErr, windErr int64) (after Air, speedLeft, windLeft int64) {
	prior := [3]float64{km(before.Speed), km(before.East), km(before.North)}
	weight := [3]float64{1 / square(km(speedErr)), 1 / square(km(windErr)), 1 / square(km(windErr))}
	now := prior
	var info [4][4]float64
	for range airRounds {
		var push [4]float64
		info = [4][4]float64{}
		for k := range prior {
			info[k][k], push[k] = weight[k], float64(weight[k]*(prior[k]-now[k]))
		}
		for i := range blasts {
			g.blastTerms(&blasts[i], now, &info, &push)
		}
		move, ok := solve(info, push, 3)
		if !ok {
			return before, speedErr, windErr
		}
		for k := range now {
			now[k] += move[k]
		}
	}
	after = Air{Speed: round(float64(now[0] * mmPerKM)), East: round(float64(now[1] * mmPerKM)), North: round(float64(now[2] * mmPerKM))}
	var left [3]float64
	for k := range left {
		unit := [4]float64{}
		unit[k] = 1
		column, _ := solve(info, unit, 3)
		left[k] = max(column[k], 0)
	}
	speedLeft = round(float64(math.Sqrt(left[0]) * mmPerKM))
	windLeft = round(float64(math.Sqrt((left[1]+left[2])/2) * mmPerKM))
	after.SpeedErr, after.WindErr = speedLeft, windLeft
	after.Spread = g.ears.h.spread(float64(speedLeft), float64(windLeft))
	return after, speedLeft, windLeft
}

func square(x float64) float64 { return float64(x * x) }

// blastTerms adds what one blast says of the air, its own place eliminated.
func (g *Ground) blastTerms(b *Blast, now [3]float64, info *[4][4]float64, push *[4]float64) {
	x, y, at := km(b.EastMM), km(b.NorthMM), float64(b.At)/1e6
	for round := range blastRounds {
		var own, cross, air [4][4]float64 // (x, y, time), air by (x, y, time), air by air
		var ownPush, airPush [4]float64
		for _, a := range b.Arrivals {
			h, k, off, w := g.blastRow(a, x, y, at, now)
			for i := range 3 {
				for j := range 3 {
					own[i][j] += float64(float64(w*h[i]) * h[j])
					cross[i][j] += float64(float64(w*k[i]) * h[j])
					air[i][j] += float64(float64(w*k[i]) * k[j])
				}
				ownPush[i] += float64(float64(w*h[i]) * off)
				airPush[i] += float64(float64(w*k[i]) * off)
			}
		}
		move, ok := solve(own, ownPush, 3)
		if !ok {
			return
		}
		if round < blastRounds-1 {
			x, y, at = x+move[0], y+move[1], at+move[2]
			continue
		}
		for i := range 3 {
			q, ok := solve(own, cross[i], 3)
			if !ok {
				return
			}
			for j := range 3 {
				info[i][j] += air[i][j] - (float64(q[0]*cross[j][0]) + float64(q[1]*cross[j][1]) + float64(q[2]*cross[j][2]))
			}
			push[i] += airPush[i] - (float64(q[0]*ownPush[0]) + float64(q[1]*ownPush[1]) + float64(q[2]*ownPush[2]))
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

// WithChance returns the error, one standard deviation, of what has the error
// small, but with a chance, in parts per million, the error large.
func WithChance(small, large, chance int64) int64 {
	s, l := float64(small), float64(large)
	return round(math.Sqrt(float64(s*s) + float64(float64(l*l)*(float64(chance)/geo.Million))))
}
