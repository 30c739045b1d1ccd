// SPDX-License-Identifier: Apache-2.0

package kernel

import "math"

// An outlook is what one station sees, if it is the first to hear, of the top
// cells from which that may be: for each other station within reach how much
// later a sound from there arrives, in still air. It does not depend on times, so
// that it is made once and most cells are dropped without a closer look.
type outlook struct {
	cells []cell
	// By neighbour, phase and cell, in units of Ground.unit: how much later, and by
	// how much more or less anywhere in the cell; less than nothing if it is out of
	// reach.
	later, either []int16
	near          []int16 // the bin of the least distance from the neighbour
}

// outlook returns that of a station.
func (g *Ground) outlook(first int32) *outlook {
	if o := g.outlooks[first]; o != nil {
		return o
	}
	e := g.ears
	o := &outlook{}
	for _, k := range g.around[first] {
		for iz := range e.layers[0] {
			o.cells = append(o.cells, g.cell(0, k%int32(g.wide), k/int32(g.wide), int32(iz)))
		}
	}
	p := &g.stations[first]
	for _, q := range g.near[first] {
		for ph := range e.phases {
			for i := range o.cells {
				later, either := g.delay(p, &g.stations[q.station], ph, &o.cells[i])
				o.later, o.either = append(o.later, later), append(o.either, either)
				d := length3(o.cells[i].x-g.stations[q.station].x, o.cells[i].y-g.stations[q.station].y, o.cells[i].z)
				o.near = append(o.near, int16(e.bin(max(d-o.cells[i].half, 0))))
			}
		}
	}
	g.outlooks[first] = o
	return o
}

// delay is by how much a sound of the given phase from cell n arrives later at q
// than the first phase at p, in still air: at the centre of the cell, and how much
// more or less that is anywhere in it, by the gradient at the centre and the
// curvature of both distances.
func (g *Ground) delay(p, q *station, ph int, n *cell) (later, either int16) {
	e := g.ears
	dp, dq := length3(n.x-p.x, n.y-p.y, n.z)+1e-9, length3(n.x-q.x, n.y-q.y, n.z)+1e-9
	if dq > e.reach+n.half {
		return 0, -1
	}
	sp, sq := 1/e.speed[0], 1/e.speed[ph]
	x := float64((n.x-q.x)/dq*sq) - float64((n.x-p.x)/dp*sp)
	y := float64((n.y-q.y)/dq*sq) - float64((n.y-p.y)/dp*sp)
	z := float64(n.z/dq*sq) - float64(n.z/dp*sp)
	bend := float64(float64(n.half*n.half) / 2 * (sq/(max(dq-n.half, 0)+1e-3) + sp/(max(dp-n.half, 0)+1e-3)))
	change := min(float64(n.half*length3(x, y, z))+bend, float64(n.half*(sp+sq)))
	return int16(round((float64(dq*sq) - float64(dp*sp)) / g.unit)), int16(math.Ceil(change/g.unit) + 1)
}

// survey bounds the top cells by which candidates may come from them at all, and
// looks into those that may hold something. It returns the highest bound of the
// others.
func (s *Searcher) survey(least float64) float64 {
	g := s.t.g
	first := s.t.station[s.first]
	o := g.outlook(first)
	base := s.t.carry.baseOf(first, o)
	left := math.Inf(-1)
	s.tally(o)
	words := (len(o.cells) + 63) / 64
	common := s.t.noise[s.first] + s.logBirth(len(s.recent))
	for i := range o.cells {
		t := &s.tallies[i]
		if t.distinct+1 < g.ears.h.Least {
			continue
		}
		if bound := common + s.highestOf(t, base[i*g.ears.classes:]); bound <= least {
			left = max(left, bound)
			continue
		}
		from := int32(len(s.list))
		for k := range s.candidate {
			if s.may[k*words+i>>6]>>(i&63)&1 == 1 {
				s.list = append(s.list, int32(k))
			}
		}
		left = max(left, s.look(o.cells[i], from, int32(len(s.list)), least))
	}
	return left
}

// A tally is what candidates are worth in a top cell at most, by class: the best of
// each station and phase.
type tally struct {
	sum      [classesMax]float64
	distinct int
	key      int32   // of the station and phase that is being counted
	near     int16   // its least distance
	gain     float64 // its best candidate
	other    float64 // that of the other phase of its station, if two is set
	two      bool
}

// A teller counts in tallies.
type teller struct {
	*carry
	classes, phases int
	first           int32 // the station of the first arrival, which is counted already
}

// next counts a station and phase, and begins another.
func (t *tally) next(w *teller, key int32, near int16, gain float64) {
	t.close(w)
	t.two = t.distinct > 0 && w.phases > 1 && t.key/int32(w.phases) == key/int32(w.phases)
	t.other = t.gain
	t.key, t.near, t.gain = key, near, gain
	t.distinct++
}

// close counts the last station and phase, with the other phase if that is counted.
func (t *tally) close(w *teller) {
	if t.distinct == 0 {
		return
	}
	at := int(t.near) * w.classes
	better := w.better[at : at+w.classes]
	if w.phases == 1 {
		for c, b := range better {
			t.sum[c] += max(b+t.gain, 0)
		}
		return
	}
	pair := w.betterPair[at : at+w.classes]
	for c, b := range better {
		switch {
		case t.key/int32(w.phases) == w.first:
			t.sum[c] += max(b+t.gain, pair[c]-b+t.gain, 0)
		case t.two:
			t.sum[c] += max(b+t.gain, b+t.other, pair[c]+t.gain+t.other, 0) - max(b+t.other, 0)
		default:
			t.sum[c] += max(b+t.gain, 0)
		}
	}
}

// highestOf is the highest bound of all classes.
func (s *Searcher) highestOf(t *tally, base []float64) float64 {
	high := math.Inf(-1)
	for c := range s.t.g.ears.classes {
		high = max(high, base[c]+t.sum[c])
	}
	return high
}

// tally counts the candidates of each cell of o, and notes for each candidate the
// cells that it may come from.
func (s *Searcher) tally(o *outlook) {
	t := s.t
	e := t.g.ears
	unit, slack := t.g.unit, s.slack()
	w := &teller{t.carry, e.classes, e.phases, t.station[s.first]}
	s.tallies = append(s.tallies[:0], make([]tally, len(o.cells))...)
	words := (len(o.cells) + 63) / 64
	s.may = append(s.may[:0], make([]uint64, words*len(s.candidate))...)
	edge := e.first + float64(2*o.cells[0].half) // no place in a cell is further from the first station
	for k := range s.candidate {
		c := &s.candidate[k]
		may := s.may[k*words : (k+1)*words]
		// The air moves times by so much against still air.
		moved := float64((edge+c.distance)*t.unstill[c.phase]) + float64(edge*t.unstill[0])
		after, more := int32(round(c.after/unit)), int32(math.Ceil((c.gate+slack+moved)/unit)+1)
		row := int(c.row) * len(o.cells)
		later, either, nearest := o.later[row:row+len(o.cells)], o.either[row:row+len(o.cells)], o.near[row:row+len(o.cells)]
		peak := e.peak[int(c.errors)+t.surest][c.phase]
		for i, l := range later {
			off := after - int32(l)
			if reach := int32(either[i]); off > reach+more || -off > reach+more || reach < 0 {
				continue
			}
			may[i>>6] |= 1 << (i & 63)
			near := nearest[i]
			gain := c.noise + peak[near]
			if a := &s.tallies[i]; a.distinct == 0 || a.key != c.key {
				a.next(w, c.key, near, gain)
			} else {
				a.gain = max(a.gain, gain)
			}
		}
	}
	for i := range s.tallies {
		s.tallies[i].close(w)
	}
}
