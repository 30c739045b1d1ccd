// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"math"

	"github.com/trucewatch/trucewatch/geo"
)

// A Searcher finds the source that best explains an arrival and those after
// it. It only holds memory; what it finds depends on the Tile alone.
//
// The first arrival ties the time of the source to its place, so that only the
// place is searched: a tree of cells, best first, each bounded from above by the
// best time that each other station's arrivals can have from anywhere in the
// cell, and the least cost of those who heard nothing. A cell that cannot reach
// the threshold is dropped with all it holds. From the smallest cells least
// squares find the solution.
//
// The bound is admissible for the likelihood within the cell. For the volume of
// the solution it takes the cell's area, at least 1 km2 (roomKM2).
type Searcher struct {
	t         *Tile
	candidate []candidate
	cells     []cell // a heap
	sum       [classesMax]float64
	member    []bool // of the solutions of this search, by arrival
	chosen    []choice
	recent    []birth // sources found near the time of the first arrival
	trial     *medium // the air being tried instead of that of a cell
	first     int32
	Bound     int64 // after a search: above the score of all that may still be found, thousandths of a nat
	Capped    bool  // after a search: it looked into as many cells as it may and stopped
}

// roomKM2 is the least volume in place that bounds assume. A solution whose
// ellipse is larger is spread over many cells.
const roomKM2 = 1

// NewSearcher returns a Searcher for t.
func NewSearcher(t *Tile) *Searcher { return &Searcher{t: t, member: make([]bool, len(t.at))} }

// A candidate is an arrival that may come from the same source.
type candidate struct {
	arrival int32
	station int32
	phase   uint8
	after   float64 // s after the first
}

type cell struct {
	bound      float64
	x, y, z    float64 // centre
	half       float64 // diagonal
	ix, iy, iz int32
	level      int8
	from, till int32 // candidates
}

// best orders the heap: by bound, then by place, so that ties do not depend on
// how they came.
func (s *Searcher) best(i, j int) bool {
	a, b := &s.cells[i], &s.cells[j]
	switch {
	case a.bound != b.bound:
		return a.bound > b.bound
	case a.level != b.level:
		return a.level > b.level
	case a.ix != b.ix:
		return a.ix < b.ix
	case a.iy != b.iy:
		return a.iy < b.iy
	}
	return a.iz < b.iz
}

func (s *Searcher) push(c cell) {
	s.cells = append(s.cells, c)
	for i := len(s.cells) - 1; i > 0; {
		up := (i - 1) / 2
		if !s.best(i, up) {
			return
		}
		s.cells[i], s.cells[up] = s.cells[up], s.cells[i]
		i = up
	}
}

func (s *Searcher) pop() cell {
	top := s.cells[0]
	last := len(s.cells) - 1
	s.cells[0] = s.cells[last]
	s.cells = s.cells[:last]
	for i := 0; ; {
		k := i
		if l := 2*i + 1; l < last && s.best(l, k) {
			k = l
		}
		if r := 2*i + 2; r < last && s.best(r, k) {
			k = r
		}
		if k == i {
			return top
		}
		s.cells[i], s.cells[k] = s.cells[k], s.cells[i]
		i = k
	}
}

// Find returns the best solution whose score reaches threshold (thousandths of
// a nat) and in which arrival first takes part, and whether there is one.
func (s *Searcher) Find(first int32, threshold int64) (Solution, bool) {
	s.candidate, s.cells, s.first, s.Capped = s.candidate[:0], s.cells[:0], first, false
	s.Bound = math.MinInt64
	least := float64(threshold) / 1000
	if s.gather() < s.t.g.ears.h.Least {
		return Solution{}, false
	}
	s.remember()
	if most := s.most(); most < least {
		s.Bound = int64(math.Ceil(float64(most * 1000)))
		return Solution{}, false
	}
	left := math.Inf(-1) // the highest bound of what was dropped
	all := int32(len(s.candidate))
	for _, k := range s.t.g.around[s.t.station[first]] {
		left = max(left, s.enter(k, all, least))
	}
	var best Solution
	found := false
	for pops := 0; len(s.cells) > 0; pops++ {
		if pops >= s.t.g.ears.h.Visits {
			s.Capped = true
			left = max(left, s.cells[0].bound)
			break
		}
		n := s.pop()
		if n.bound <= least {
			left = max(left, n.bound)
			break
		}
		if int(n.level) < s.t.g.ears.levels-1 {
			left = max(left, s.divide(&n, least))
			continue
		}
		if s.explained(&n, best.Arrivals) {
			continue
		}
		sol, ok := s.descend(n.x, n.y, n.z)
		if ok && float64(sol.Score)/1000 >= least && (!found || sol.Score > best.Score) {
			best, found = sol, true
			least = float64(sol.Score) / 1000
		} else if ok {
			left = max(left, float64(sol.Score)/1000)
		}
	}
	if !math.IsInf(left, -1) {
		s.Bound = int64(math.Ceil(float64(left * 1000)))
	}
	if found {
		best = s.refit(best)
	}
	return best, found
}

// explained says whether a solution that was found holds every candidate of a
// cell: then the cell leads to the same one.
func (s *Searcher) explained(n *cell, arrivals []int32) bool {
	if arrivals == nil {
		return false
	}
	for _, i := range arrivals {
		s.member[i] = true
	}
	all := true
	for _, c := range s.candidate[n.from:n.till] {
		all = all && s.member[c.arrival]
	}
	for _, i := range arrivals {
		s.member[i] = false
	}
	return all
}

// gather lists what may come from the same source as the first arrival, and
// returns how many there are, itself included.
func (s *Searcher) gather() int {
	t := s.t
	e := t.g.ears
	from, at := t.station[s.first], t.at[s.first]
	slack := float64(gateSigmas * e.sigma[e.table(t.g.stations[from].clock, t.vaguest)][0][e.bin(e.first)])
	for _, n := range t.g.near[from] {
		for ph := range e.phases {
			k := int(n.station)*e.phases + ph
			low, high := t.begin[k], t.begin[k+1]
			if low == high || n.station == from && ph == int(t.phase[s.first]) {
				continue
			}
			travel := n.distance / t.slowest[ph]
			if ph > 0 {
				travel += float64(e.first * (1/t.slowest[ph] - 1/e.speed[0]))
			}
			latest := at + slack + float64(1.05*travel)
			for i := t.after(low, high, at-slack); i < high && t.at[i] <= latest; i++ {
				if !t.taken[i] {
					s.candidate = append(s.candidate, candidate{i, n.station, uint8(ph), t.at[i] - at})
				}
			}
		}
	}
	return len(s.candidate) + 1
}

// remember lists the sources found so near in time that what is sought may go
// with them.
func (s *Searcher) remember() {
	t := s.t
	s.recent = s.recent[:0]
	if t.g.ears.h.Salvoes {
		latest := t.at[s.first]
		earliest := latest - t.g.ears.first/t.slowest[0]
		for _, b := range t.births {
			if b.at > earliest-followS && b.at < latest+followS {
				s.recent = append(s.recent, b)
			}
		}
	}
}

// logBirth is ln of the density of births where n sources found are near.
func (s *Searcher) logBirth(n int) float64 {
	if n == 0 {
		return s.t.g.ears.logBirth
	}
	return geo.Log(geo.Exp(s.t.g.ears.logBirth) + float64(float64(n)*followBirth))
}

// most bounds every score: as if all candidates were heard as well as can be
// and no silence cost anything.
func (s *Searcher) most() float64 {
	t := s.t
	e := t.g.ears
	sum := t.noise[s.first] + s.logBirth(len(s.recent)) + e.room[0]
	for _, c := range s.candidate {
		errors := e.table(t.g.stations[c.station].clock, 0)
		sum += max(t.noise[c.arrival]+e.peak[errors][c.phase][0]-e.missed[0], 0)
	}
	return sum
}

// after returns the first arrival of [low, high) that is not before at.
func (t *Tile) after(low, high int32, at float64) int32 {
	for low < high {
		if m := (low + high) / 2; t.at[m] < at {
			low = m + 1
		} else {
			high = m
		}
	}
	return low
}

// enter bounds a top cell in all its layers and keeps those worth a look. It
// returns the highest bound of the others.
func (s *Searcher) enter(k, all int32, least float64) float64 {
	g := s.t.g
	left := math.Inf(-1)
	for iz := range g.ears.layers[0] {
		n := cell{ix: k % int32(g.wide), iy: k / int32(g.wide), iz: int32(iz)}
		left = max(left, s.look(n, 0, all, least))
	}
	return left
}

// divide looks into the cells of the next level.
func (s *Searcher) divide(n *cell, least float64) float64 {
	left := math.Inf(-1)
	deeper := s.t.g.ears.layers[n.level+1] / s.t.g.ears.layers[n.level]
	for k := range 4 {
		for d := range deeper {
			c := cell{level: n.level + 1, ix: 2*n.ix + int32(k&1), iy: 2*n.iy + int32(k>>1), iz: n.iz*int32(deeper) + int32(d)}
			left = max(left, s.look(c, n.from, n.till, least))
		}
	}
	return left
}

// look bounds a cell and keeps it if it is worth it; else it returns the bound.
func (s *Searcher) look(n cell, from, till int32, least float64) float64 {
	g := s.t.g
	side := g.ears.top / float64(int(1)<<n.level)
	depth := g.ears.deep / float64(g.ears.layers[n.level])
	n.x, n.y = g.center(int(n.level), n.ix, n.iy)
	n.z = float64((float64(n.iz) + 0.5) * depth)
	n.half = length3(side, side, depth) / 2
	n.from = int32(len(s.candidate))
	distinct := s.sift(&n, from, till)
	n.till = int32(len(s.candidate))
	if distinct+1 < g.ears.h.Least || n.bound <= least {
		s.candidate = s.candidate[:n.from]
		if distinct+1 < g.ears.h.Least {
			return math.Inf(-1)
		}
		return n.bound
	}
	s.push(n)
	return math.Inf(-1)
}

// A view is how a source in a cell looks from the station of the first arrival.
type view struct {
	m          *medium
	travel     float64            // from the centre, s
	gx, gy, gz float64            // gradient of the travel time at the centre, s/km
	bend       float64            // how much it may change within the cell
	slack      float64            // error of the first arrival, s
	limit      [phasesMax]float64 // most by which the difference of two times can change within the cell
}

// viewOf readies cell n for its candidates, and sets the sums to what the first
// arrival and everybody's silence are worth at most.
func (s *Searcher) viewOf(n *cell) view {
	t := s.t
	e := t.g.ears
	first := &t.g.stations[t.station[s.first]]
	d := length3(n.x-first.x, n.y-first.y, n.z)
	v := view{m: &t.kinds[t.kind[int(n.iy>>n.level)*t.g.wide+int(n.ix>>n.level)]]}
	v.travel = v.m.travel(first, n.x, n.y, d, 0)
	nearest := max(d-n.half, 0)
	near, far := e.bin(nearest), e.bin(d+n.half)
	v.slack = float64(gateSigmas * e.sigma[e.table(first.clock, v.m.spread)][0][far])
	slow := v.travel / (d + 1e-9)
	per := slow / (d + 1e-9)
	v.gx, v.gy, v.gz = float64((n.x-first.x)*per), float64((n.y-first.y)*per), float64(n.z*per)
	v.bend = float64(n.half/2*slow) / (nearest + 1e-3)
	for ph := range e.phases {
		v.limit[ph] = float64(n.half * (1/v.m.slowest[ph] + 1/v.m.slowest[0]))
	}
	salvo := 0
	for _, b := range s.recent {
		if length(n.x-b.x, n.y-b.y) < followKM+n.half {
			salvo++
		}
	}
	quiet := t.g.quiet(n)
	room := t.noise[s.first] + s.logBirth(salvo) + e.room[n.level]
	for c := range e.classes {
		s.sum[c] = quiet[c] + e.share[c] + e.heard[near*e.classes+c] - e.missed[far*e.classes+c] + room
	}
	return v
}

// sift keeps the candidates that can come from cell n, bounds the score there
// and returns at how many stations and phases they are.
func (s *Searcher) sift(n *cell, from, till int32) int {
	t := s.t
	e := t.g.ears
	v := s.viewOf(n)
	distinct, last := 0, int32(-1)
	gain := 0.0
	var near, far int
	for k := from; k < till; k++ {
		c := s.candidate[k]
		q := &t.g.stations[c.station]
		ph := int(c.phase)
		dx, dy := n.x-q.x, n.y-q.y
		d := length3(dx, dy, n.z)
		nearest := max(d-n.half, 0)
		if nearest > e.reach {
			continue
		}
		errors, bin := e.table(q.clock, v.m.spread), e.bin(d+n.half)
		sigma := e.sigma[errors][ph][bin]
		off := v.off(n, dx, dy, d, nearest, c.after, ph, float64(gateSigmas*sigma))
		if off > float64(gateSigmas*sigma) {
			continue
		}
		z := max(off, 0) / sigma
		s.candidate = append(s.candidate, c)
		close := e.bin(nearest)
		g := t.noise[c.arrival] + e.peak[errors][ph][close] - float64(float64(z*z)/2)
		if key := c.station*phasesMax + int32(ph); key != last {
			if last >= 0 {
				s.add(near, far, gain)
			}
			distinct, last, gain, near, far = distinct+1, key, g, close, bin
		} else {
			gain = max(gain, g)
		}
	}
	if last >= 0 {
		s.add(near, far, gain)
	}
	n.bound = s.sum[0]
	for c := 1; c < e.classes; c++ {
		n.bound = max(n.bound, s.sum[c])
	}
	return distinct
}

// off returns by how many seconds at least an arrival misses what is expected of
// any source in cell n: the difference to the first arrival at the centre, less
// what it can change within the cell, by its gradient there and the curvature
// of both distances. Beyond gate it may return more.
func (v *view) off(n *cell, dx, dy, d, nearest, after float64, ph int, gate float64) float64 {
	in := 1 / (d + 1e-9)
	speed := v.m.speed[ph]
	if v.m.wind != 0 {
		speed -= float64((float64(dx*v.m.east) + float64(dy*v.m.north)) * in)
	}
	slow := 1 / speed
	off := math.Abs(after-(float64(d*slow)-v.travel)) - v.slack
	if off <= 0 || off-v.limit[ph] > gate {
		return off - v.limit[ph]
	}
	per := float64(slow * in)
	turn := length3(float64(dx*per)-v.gx, float64(dy*per)-v.gy, float64(n.z*per)-v.gz) +
		float64(n.half/2*slow)/(nearest+1e-3) + v.bend + float64(2*float64(v.m.wind*float64(slow*slow)))
	return off - min(float64(n.half*turn), v.limit[ph])
}

// add counts a hearing instead of a silence where that is better.
func (s *Searcher) add(near, far int, gain float64) {
	e := s.t.g.ears
	heard, missed := e.heard[near*e.classes:], e.missed[far*e.classes:]
	for c := range e.classes {
		if v := heard[c] + gain - missed[c]; v > 0 {
			s.sum[c] += v
		}
	}
}
