// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"cmp"
	"math"
	"slices"

	"github.com/trucewatch/trucewatch/geo"
)

const (
	// settleRounds is the most steps of least squares for place, time and air together.
	settleRounds = 10
	// settledKM is a step that moves nothing any more.
	settledKM = 1e-3
	// settleSigmas is how far a time may be from what is expected before it weighs
	// less.
	settleSigmas = 3
	// otherAirKM is how far away the air may be in which a source was: where one air
	// ends and the next begins is not known.
	otherAirKM = 24
	// otherAir is the logarithm of how likely the air of a square near by is that of
	// the source, against that of its own. Guess: one in ten shots is near such a
	// border. Test: share of shots within their regions of 95 %.
	otherAir = -2
	// basinsMost is how many arrivals may fit two places: each beyond three leaves one
	// way less. Guess. Test: gross errors of the generated line of contact, by arrivals.
	basinsMost = 8
	// basinStepKM is how finely other places are looked for.
	basinStepKM = 1
)

// Settle places a solution anew, from the same arrivals. Its search takes the error of
// the air for one of each arrival's own; but all of them share it, so that here the
// air is solved for together with place and time, with what was known of it as prior
// and the errors of times in known air: generalised least squares. Of many arrivals
// that shared error moves the place little, and the region says how much. The air may
// be that of a square near by, and few arrivals may fit two places: all these are
// weighed by their likelihood, and the solution is the mean of those near the best.
func (t *Tile) Settle(sol *Solution) {
	first := state{x: km(sol.EastMM), y: km(sol.NorthMM), z: km(sol.DepthMM), at: float64(sol.At) / 1e6}
	home, ok := t.g.topCell(first.x, first.y)
	if !ok {
		return
	}
	starts := []state{first}
	if len(sol.Arrivals) <= basinsMost {
		starts = t.basins(starts, sol.Arrivals, &t.kinds[t.kind[home]])
	} else if !t.kinds[t.kind[home]].shared {
		return
	}
	spots := t.spots(starts, sol.Arrivals)
	if len(spots) == 0 {
		return
	}
	if t.reconsider(sol, &spots[0]) {
		if spots = t.spots(append(starts[:1:1], spots[0].top), sol.Arrivals); len(spots) == 0 {
			return
		}
	}
	best := &spots[0]
	sol.EastMM, sol.NorthMM, sol.DepthMM = round(float64(best.mean[0]*mmPerKM)), round(float64(best.mean[1]*mmPerKM)), round(float64(best.mean[3]*mmPerKM))
	sol.At, sol.covariance, sol.spots = round(float64(best.mean[2]*1e6)), best.cov, nil
	if len(spots) == 1 {
		return
	}
	other := &spots[1]
	share := 1 / (1 + geo.Exp(max(other.weight-best.weight, -600)))
	if 1-share < modeLeast {
		return
	}
	best.share, other.share = share, 1-share
	sol.spots = []spot{*best, *other}
}

// spots returns the places that least squares lead to from starts, the likeliest first.
func (t *Tile) spots(starts []state, arrivals []int32) (out []spot) {
	for _, start := range starts {
		if p, ok := t.spotFrom(start, arrivals); ok && !slices.ContainsFunc(out, p.same) {
			out = append(out, p)
		}
	}
	slices.SortStableFunc(out, func(a, b spot) int { return cmp.Compare(b.weight, a.weight) })
	return out
}

// A spot is one place of a solution.
type spot struct {
	mean   [4]float64 // x, y, time, depth
	cov    [4][4]float64
	weight float64 // logarithm of its likelihood
	share  float64 // of all places
	top    state   // in the air in which it is likeliest
	m      *medium // that air
}

// same says whether q is the same place as p.
func (p spot) same(q spot) bool {
	near := math.Sqrt((p.cov[0][0] + p.cov[1][1] + q.cov[0][0] + q.cov[1][1]) / 2)
	return length(p.mean[0]-q.mean[0], p.mean[1]-q.mean[1]) < float64(modesApart/2*near)
}

// A state is where and when a source was, and how the air over it differs from what
// was known: its speed and its wind towards east and north.
type state struct {
	x, y, z, at float64    // km, s
	air         [3]float64 // km/s
}

// spotFrom returns the place that least squares lead to from a start, in the airs
// around; false if there is none.
func (t *Tile) spotFrom(start state, arrivals []int32) (spot, bool) {
	var fits []spot
	var tried []int32
	for k := range 9 {
		x, y := start.x, start.y
		if k > 0 {
			far := float64(otherAirKM / 2 * (1 + (k-1)/4))
			x, y = x+float64(far*[4]float64{1, -1, 0, 0}[k%4]), y+float64(far*[4]float64{0, 0, 1, -1}[k%4])
		}
		cell, ok := t.g.topCell(x, y)
		if !ok || slices.Contains(tried, t.kind[cell]) {
			continue
		}
		tried = append(tried, t.kind[cell])
		p, ok := t.fit(start, arrivals, &t.kinds[t.kind[cell]])
		if k > 0 {
			p.weight += otherAir
		}
		if ok {
			fits = append(fits, p)
		} else if k == 0 {
			return p, false
		}
	}
	p := mixed(fits)
	heard, ok := t.heard(&p, arrivals)
	p.weight += heard
	return p, ok
}

// mixed returns the mean and covariance of spots by their likelihoods.
func mixed(spots []spot) (p spot) {
	top := spots[0].weight
	p.top, p.m = spots[0].top, spots[0].m
	for i := range spots {
		if spots[i].weight > top {
			top, p.top, p.m = spots[i].weight, spots[i].top, spots[i].m
		}
	}
	sum := 0.0
	for i := range spots {
		w := geo.Exp(max(spots[i].weight-top, -600))
		sum += w
		for a, v := range spots[i].mean {
			p.mean[a] += float64(w * v)
		}
	}
	for a := range p.mean {
		p.mean[a] /= sum
	}
	for i := range spots {
		q := &spots[i]
		w := geo.Exp(max(q.weight-top, -600)) / sum
		for a := range p.cov {
			for b := range p.cov {
				apart := float64((q.mean[a] - p.mean[a]) * (q.mean[b] - p.mean[b]))
				p.cov[a][b] += float64(w * (q.cov[a][b] + apart))
			}
		}
	}
	p.weight = top + geo.Log(sum)
	return p
}

// fit solves for place, time and air in one air, from a start; its weight is the
// logarithm of the likelihood of the times, over all places, times and airs near by.
func (t *Tile) fit(start state, arrivals []int32, m *medium) (spot, bool) {
	e := t.g.ears
	n := e.dimensions()
	v := start
	var info [4][4]float64
	for step := 0; ; step++ {
		var move float64
		var ok bool
		var logDet float64
		if info, logDet, move, ok = t.adjust(&v, arrivals, m); !ok {
			return spot{}, false
		}
		if move > settledKM && step < settleRounds {
			continue
		}
		if move > float64(100*settledKM) {
			return spot{}, false // it leads nowhere
		}
		p := spot{mean: [4]float64{v.x, v.y, v.at, v.z}, top: v, m: m, weight: t.likelihood(&v, arrivals, m) - logDet/2}
		l, ok := factor(&info, n)
		if !ok {
			return p, false
		}
		p.weight += l.logVolume(n)
		p.cov = l.inverse(n)
		return p, true
	}
}

// likelihood is the logarithm of that of the times of arrivals, and of the air of v,
// but for what is the same for all v.
func (t *Tile) likelihood(v *state, arrivals []int32, m *medium) float64 {
	e := t.g.ears
	sum := 0.0
	for _, i := range arrivals {
		_, _, off, _ := t.row(v, i, m)
		q, phase := &t.g.stations[t.station[i]], t.phase[i]
		errors, bin := e.table(t.clock[t.station[i]], 0), e.bin(length3(v.x-q.x, v.y-q.y, v.z))
		z := math.Abs(off) / e.sigma[errors][phase][bin]
		if sum += e.peak[errors][phase][bin]; z > settleSigmas {
			sum -= float64(settleSigmas * (z - settleSigmas/2.0))
		} else {
			sum -= float64(z*z) / 2
		}
	}
	if m.shared {
		for a, x := range v.air {
			for b, y := range v.air {
				sum -= float64(float64(x*m.certainty[a][b])*y) / 2
			}
		}
		sum += m.logDet / 2
	}
	return sum
}

// heard is the logarithm of how likely these stations and no others hear what was at
// p; false if p is beyond what is searched.
func (t *Tile) heard(p *spot, arrivals []int32) (float64, bool) {
	g := t.g
	e := g.ears
	x, y, z := p.mean[0], p.mean[1], p.mean[3]
	home, ok := g.topCell(x, y)
	if !ok {
		return 0, false
	}
	sum := [classesMax]float64{}
	for _, j := range g.within[home] {
		q := &g.stations[j]
		if d := length3(x-q.x, y-q.y, z); d <= e.reach {
			row := t.carry.none[e.bin(d)*e.classes:]
			for c := range e.classes {
				sum[c] += row[c]
			}
		}
	}
	for k, i := range arrivals {
		q := &g.stations[t.station[i]]
		bin := e.bin(length3(x-q.x, y-q.y, z))
		both := k > 0 && t.station[arrivals[k-1]] == t.station[i]
		for c := range e.classes {
			sum[c] += t.carry.heard[bin*e.classes+c] - t.carry.missed[bin*e.classes+c]
			if both {
				sum[c] += t.carry.bonus(bin*e.classes + c)
			}
		}
	}
	for c := range e.classes {
		sum[c] += e.share[c]
	}
	return logSum(sum[:e.classes]), true
}

// basins adds to starts the places, on a coarse grid around the station that heard
// first, that fit arrivals better than those around them.
func (t *Tile) basins(starts []state, arrivals []int32, m *medium) []state {
	e := t.g.ears
	first := arrivals[0]
	for _, i := range arrivals {
		if t.at[i] < t.at[first] {
			first = i
		}
	}
	p := &t.g.stations[t.station[first]]
	half := int(e.first/basinStepKM) + 2
	side := 2*half + 1
	cost, at := make([]float64, side*side), make([]float64, side*side)
	place := func(k int) (x, y float64) {
		return p.x + float64(float64(k%side-half)*basinStepKM), p.y + float64(float64(k/side-half)*basinStepKM)
	}
	for k := range cost {
		x, y := place(k)
		cost[k], at[k] = t.misfit(x, y, starts[0].z, arrivals, m)
	}
	for k := range cost {
		x, y := k%side, k/side
		if x == 0 || y == 0 || x == side-1 || y == side-1 {
			continue
		}
		least := true
		for _, by := range [...]int{-side - 1, -side, -side + 1, -1, 1, side - 1, side, side + 1} {
			least = least && cost[k] <= cost[k+by]
		}
		if least {
			east, north := place(k)
			starts = append(starts, state{x: east, y: north, z: starts[0].z, at: at[k]})
		}
	}
	return starts
}

// misfit is half the sum of squares of residuals of a source at (x, y, z) at the time
// that fits best, which it returns too. The error of the air counts as each arrival's
// own.
func (t *Tile) misfit(x, y, z float64, arrivals []int32, m *medium) (cost, at float64) {
	e := t.g.ears
	var weight, mean, square float64
	origin := t.at[arrivals[0]]
	for _, i := range arrivals {
		q, phase := &t.g.stations[t.station[i]], t.phase[i]
		d := length3(x-q.x, y-q.y, z)
		sigma := e.sigma[e.table(t.clock[t.station[i]], m.spread)][phase][e.bin(d)]
		w := 1 / float64(sigma*sigma)
		begun := t.at[i] - origin - m.travel(q, x, y, d, int(phase))
		weight += w
		mean += float64(w * begun)
		square += float64(float64(w*begun) * begun)
	}
	mean /= weight
	return (square - float64(float64(weight*mean)*mean)) / 2, origin + mean
}

// adjust moves v by one step of least squares. It returns the information on (x, y,
// time, depth) once the air is taken out (Schur complement), the logarithm of the
// determinant of that on the air, and how far it moved, km.
func (t *Tile) adjust(v *state, arrivals []int32, m *medium) (info [4][4]float64, logDet, far float64, ok bool) {
	n := t.g.ears.dimensions()
	air := m.certainty
	var cross [4][4]float64 // air by (x, y, time, depth)
	var push, airPush [4]float64
	for a := range v.air {
		for b, shift := range v.air {
			airPush[a] -= float64(air[a][b] * shift)
		}
	}
	for _, i := range arrivals {
		h, k, off, w := t.row(v, i, m)
		for a := range n {
			wa := float64(w * h[a])
			for b := range n {
				info[a][b] += float64(wa * h[b])
			}
			push[a] += float64(wa * off)
		}
		for a := range k {
			wa := float64(w * k[a])
			for b := range n {
				cross[a][b] += float64(wa * h[b])
			}
			for b := range k {
				air[a][b] += float64(wa * k[b])
			}
			airPush[a] += float64(wa * off)
		}
	}
	if deep := t.g.ears.deep; deep > 0 {
		info[3][3] += 1.0 / (depthSigmaKM * depthSigmaKM)
		push[3] += (deep/2 - v.z) / (depthSigmaKM * depthSigmaKM)
	}
	var left [4][4]float64 // the covariance of the air if the place were known
	if m.shared {
		if left, logDet, ok = inverse3(&air); !ok {
			return info, 0, 0, false
		}
	}
	for a := range n {
		var drawn [3]float64
		for k := range 3 {
			for j := range 3 {
				drawn[k] += float64(left[k][j] * cross[j][a])
			}
			push[a] -= float64(drawn[k] * airPush[k])
		}
		for b := range n {
			info[a][b] -= float64(drawn[0]*cross[0][b]) + float64(drawn[1]*cross[1][b]) + float64(drawn[2]*cross[2][b])
		}
	}
	move, ok := solve(damped(&info, n), &push, n)
	if !ok {
		return info, 0, 0, false
	}
	if far = length(move[0], move[1]); far > 2*basinStepKM {
		for k := range move {
			move[k] = float64(move[k] * (2 * basinStepKM / far))
		}
	}
	for k := range 3 {
		for a := range n {
			airPush[k] -= float64(cross[k][a] * move[a])
		}
	}
	v.move(move, left, airPush)
	v.z = min(v.z, t.g.ears.deep)
	return info, logDet, far, true
}

// move moves the place, and the air by what pushes it.
func (v *state) move(by [4]float64, left [4][4]float64, push [4]float64) {
	v.x, v.y, v.at, v.z = v.x+by[0], v.y+by[1], v.at+by[2], max(v.z+by[3], 0)
	for k := range v.air {
		v.air[k] += float64(left[k][0]*push[0]) + float64(left[k][1]*push[1]) + float64(left[k][2]*push[2])
	}
}

// row returns the derivatives of the time of arrival i by (x, y, time, depth) and by
// (speed, east, north), its residual and its weight.
func (t *Tile) row(v *state, i int32, m *medium) (h [4]float64, k [3]float64, off, w float64) {
	e := t.g.ears
	q, phase := &t.g.stations[t.station[i]], t.phase[i]
	d := length3(v.x-q.x, v.y-q.y, v.z) + 1e-9
	ux, uy, uz := (q.x-v.x)/d, (q.y-v.y)/d, v.z/d
	speed := m.speed[phase] + v.air[0] + float64(ux*(m.east+v.air[1])) + float64(uy*(m.north+v.air[2]))
	off = t.at[i] - v.at - d/speed
	sigma := e.sigma[e.table(t.clock[t.station[i]], 0)][phase][e.bin(d)]
	w = 1 / float64(sigma*sigma)
	if z := math.Abs(off) / sigma; z > settleSigmas {
		w = float64(w * (settleSigmas / z))
	}
	slower := -d / float64(speed*speed)
	return [4]float64{-ux / speed, -uy / speed, 1, uz / speed}, [3]float64{slower, float64(slower * ux), float64(slower * uy)}, off, w
}
