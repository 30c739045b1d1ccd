// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"encoding/binary"
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
	candidate []candidate // of the search, by station and phase
	list      []int32     // the numbers of those that may come from a cell, for each cell
	cells     []cell      // a heap
	sum       [classesMax]float64
	member    []bool // of the solutions of this search, by arrival
	chosen    []choice
	worth     []float64 // of those that take part, nats
	bounded   []bounded
	ear       ear
	tallies   []tally  // by cell of the outlook
	may       []uint64 // by candidate, the cells of the outlook that it may come from, a bit for each
	recent    []birth  // sources found near the time of the first arrival
	trial     *medium  // the air being tried instead of that of a cell
	first     int32
	pool      []span  // by station and phase, the arrivals that this search may use
	pooled    []int32 // of which there are any
	back      float64 // how long before the first arrival the pool begins, s
	Bound     int64   // after a search: above the score of all that may still be found, thousandths of a nat
	Capped    bool    // after a search: it looked into as many cells as it may and stopped
}

// roomKM2 is the least volume in place that bounds assume. A solution whose
// ellipse is larger is spread over many cells.
const roomKM2 = 1

// NewSearcher returns a Searcher for t.
func NewSearcher(t *Tile) *Searcher {
	e := t.g.ears
	return &Searcher{t: t, member: make([]bool, len(t.at)), pool: make([]span, len(t.begin)-1), back: length(e.first, e.deep) / t.slowest[0]}
}

// A span is a range of arrivals of one station and phase.
type span struct{ low, high int32 }

// A candidate is an arrival that may come from the same source.
type candidate struct {
	x, y     float64 // of its station
	after    float64 // s after the first
	gate     float64 // above every gate of its station, s
	noise    float64
	arrival  int32
	key      int32 // of its station and phase
	errors   int32 // first of the tables of errors of its station
	phase    uint8
	distance float64 // of its station from the first, km
	row      int32   // of the outlook
}

type cell struct {
	bound      float64
	x, y, z    float64 // centre
	half       float64 // diagonal
	ix, iy, iz int32
	level      int8
	from, till int32 // of the list of candidates
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

// Ready prepares a search for solutions whose score reaches threshold (thousandths
// of a nat) and in which arrival first takes part. It says whether there may be
// one; if not, Bound is set.
func (s *Searcher) Ready(first int32, threshold int64) bool {
	s.candidate, s.list, s.cells, s.first, s.Capped = s.candidate[:0], s.list[:0], s.cells[:0], first, false
	s.Bound = math.MinInt64
	if s.gather() < s.t.g.ears.h.Least {
		return false
	}
	s.remember()
	if most := s.most(); most < float64(threshold)/1000 {
		s.Bound = int64(math.Ceil(float64(most * 1000)))
		return false
	}
	return true
}

// AppendInput writes all that a search that is ready depends on, besides the
// Ground, the air and the density of sources: the free arrivals that it may use,
// with their noise, and the sources near.
func (s *Searcher) AppendInput(b []byte) []byte {
	t := s.t
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(t.at[s.first]))
	for _, k := range s.pooled {
		for i := s.pool[k].low; i < s.pool[k].high; i++ {
			if !t.taken[i] {
				b = binary.LittleEndian.AppendUint32(b, uint32(k))
				b = binary.LittleEndian.AppendUint64(b, math.Float64bits(t.at[i]))
				b = binary.LittleEndian.AppendUint64(b, math.Float64bits(t.noise[i]))
			}
		}
	}
	for _, n := range s.recent {
		for _, v := range [...]float64{n.x, n.y, n.at} {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		}
	}
	return b
}

// Find returns the best solution of a search that is ready, and whether there is
// one.
func (s *Searcher) Find(threshold int64) (Solution, bool) {
	least := float64(threshold) / 1000
	left := s.survey(least) // the highest bound of what was dropped
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
	for _, i := range s.list[n.from:n.till] {
		all = all && s.member[s.candidate[i].arrival]
	}
	for _, i := range arrivals {
		s.member[i] = false
	}
	return all
}

// gather lists what may come from the same source as the first arrival, by
// station and phase, and returns how many there are, itself included.
func (s *Searcher) gather() int {
	t := s.t
	e := t.g.ears
	from, at := t.station[s.first], t.at[s.first]
	slack := s.slack()
	for _, k := range s.pooled {
		s.pool[k] = span{}
	}
	s.pooled = s.pooled[:0]
	for row, n := range t.g.near[from] {
		for ph := range e.phases {
			k := int(n.station)*e.phases + ph
			low, high := t.begin[k], t.begin[k+1]
			if low == high {
				continue
			}
			travel := n.distance / t.slowest[ph]
			if ph > 0 {
				travel += float64(e.first * (1/t.slowest[ph] - 1/e.speed[0]))
			}
			latest := at + slack + float64(1.05*travel)
			q := &t.g.stations[n.station]
			low = t.after(low, high, at-slack-s.back)
			i := low
			for ; i < high && t.at[i] <= latest; i++ {
				if t.taken[i] || t.at[i] < at-slack || n.station == from && ph == int(t.phase[s.first]) {
					continue
				}
				errors := e.table(t.clock[n.station], 0)
				gate := float64(gateSigmas * e.sigma[errors+t.vaguest][ph][tableBins-1])
				s.candidate = append(s.candidate, candidate{x: q.x, y: q.y, after: t.at[i] - at, gate: gate, noise: t.noise[i], arrival: i, key: int32(k), errors: int32(errors), phase: uint8(ph),
					distance: n.distance, row: int32(row*e.phases + ph)})
			}
			if i > low {
				s.pool[k], s.pooled = span{low, i}, append(s.pooled, int32(k))
			}
		}
	}
	return len(s.candidate) + 1
}

// slack bounds the error of the first arrival, in seconds.
func (s *Searcher) slack() float64 {
	e := s.t.g.ears
	clock := s.t.clock[s.t.station[s.first]]
	return float64(gateSigmas * e.sigma[e.table(clock, s.t.vaguest)][0][e.bin(e.first)])
}

// remember lists the sources found so near in place and time that what is sought may go
// with them.
func (s *Searcher) remember() {
	t := s.t
	s.recent = s.recent[:0]
	if t.g.ears.h.Salvoes {
		latest := t.at[s.first]
		earliest := latest - s.back
		p := &t.g.stations[t.station[s.first]]
		near := t.g.ears.first + float64(2*t.g.ears.top) + followKM
		for _, b := range t.births {
			if b.at > earliest-followS && b.at < latest+followS && length(b.x-p.x, b.y-p.y) < near {
				s.recent = append(s.recent, b)
			}
		}
	}
}

// understated is by how much the score of a solution is too low, nats: it counts one
// arrival of each station, and one division of the arrivals among the sources, where
// others fit as well. Source: simulated lines of contact with 1,000 and 5,000 rounds an
// hour (docs/performance.md, "Association"): without it half of the solutions between
// -3 and -2 are right and 100 of 136 between -2 and 0; with 2 the precision asked at
// 5,000 an hour is missed. Test: the share that is right, by score.
const understated = 1.5

// logBirth is ln of the density of births where n sources found are near, and what
// scores are too low by.
func (s *Searcher) logBirth(n int) float64 {
	if n == 0 {
		return understated + s.t.birth
	}
	return understated + geo.Log(geo.Exp(s.t.birth)+float64(float64(n)*followBirth))
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

// divide looks into the cells of the next level.
func (s *Searcher) divide(n *cell, least float64) float64 {
	left := math.Inf(-1)
	deeper := s.t.g.ears.layers[n.level+1] / s.t.g.ears.layers[n.level]
	for k := range 4 {
		for d := range deeper {
			c := s.t.g.cell(n.level+1, 2*n.ix+int32(k&1), 2*n.iy+int32(k>>1), n.iz*int32(deeper)+int32(d))
			left = max(left, s.look(c, n.from, n.till, least))
		}
	}
	return left
}

// look bounds a cell and keeps it if it is worth it; else it returns the bound.
func (s *Searcher) look(n cell, from, till int32, least float64) float64 {
	g := s.t.g
	n.from = int32(len(s.list))
	distinct := s.sift(&n, from, till)
	n.till = int32(len(s.list))
	if distinct+1 < g.ears.h.Least || n.bound <= least {
		s.list = s.list[:n.from]
		if distinct+1 < g.ears.h.Least {
			return math.Inf(-1)
		}
		return n.bound
	}
	s.push(n)
	return math.Inf(-1)
}
