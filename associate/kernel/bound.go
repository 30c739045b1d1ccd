// SPDX-License-Identifier: Apache-2.0

package kernel

import "math"

// most bounds every score, without regard to the place: nobody's silence costs
// more than in the best cell around the station of the first arrival, and each
// candidate is heard as well as at the least distance that its delay allows: a
// source d km from the first station and D from the other, the stations L km
// apart, has D >= L - d and a delay of D/v - d/w, hence D >= (L + w delay)/(1 + w/v).
func (s *Searcher) most() float64 {
	t := s.t
	e := t.g.ears
	first := t.station[s.first]
	p := &t.g.stations[first]
	room := t.noise[s.first] + s.logBirth(len(s.recent)) + e.room[0]
	for c, quiet := range t.carry.quietest(first) {
		s.sum[c] = quiet + e.share[c] + t.carry.heard[c] - t.carry.missed[c] + room
	}
	var share [phasesMax]float64
	for ph := range e.phases {
		share[ph] = 1 / (1 + t.fastest/t.slowest[ph])
	}
	slack := s.slack()
	last, near, gain := int32(-1), 0, 0.0
	s.ear = ear{station: -1, first: first}
	for i := range s.candidate {
		q := &s.candidate[i]
		delay := max(q.after-slack-q.gate, 0)
		bin := e.bin(float64((length(q.x-p.x, q.y-p.y) + float64(t.fastest*delay)) * share[q.phase]))
		g := q.noise + e.peak[int(q.errors)+t.surest][q.phase][bin]
		if q.key != last {
			if last >= 0 {
				s.add(last, near, near, gain)
			}
			last, near, gain = q.key, bin, g
		} else {
			near, gain = min(near, bin), max(gain, g)
		}
	}
	if last >= 0 {
		s.add(last, near, near, gain)
	}
	s.hear()
	return s.highest()
}

// highest is the highest bound of all classes.
func (s *Searcher) highest() float64 {
	high := s.sum[0]
	for _, v := range s.sum[1:s.t.g.ears.classes] {
		high = max(high, v)
	}
	return high
}

// A view is how a source in a cell looks from the station of the first arrival.
type view struct {
	m          *medium
	travel     float64            // from the centre, s
	gx, gy, gz float64            // gradient of the travel time at the centre, s/km
	bend       float64            // how much it may change within the cell
	slack      float64            // error of the first arrival, s
	near, far  int                // bins of the least and greatest distance from that station
	limit      [phasesMax]float64 // most by which the difference of two times can change within the cell
}

// viewOf readies cell n for its candidates.
func (s *Searcher) viewOf(n *cell) view {
	t := s.t
	e := t.g.ears
	first := &t.g.stations[t.station[s.first]]
	d := length3(n.x-first.x, n.y-first.y, n.z)
	v := view{m: &t.kinds[t.kind[int(n.iy>>n.level)*t.g.wide+int(n.ix>>n.level)]]}
	v.travel = v.m.travel(first, n.x, n.y, d, 0)
	nearest := max(d-n.half, 0)
	v.near, v.far = e.bin(nearest), e.bin(d+n.half)
	v.slack = float64(gateSigmas * e.sigma[e.table(t.clock[t.station[s.first]], v.m.spread)][0][v.far])
	slow := v.travel / (d + 1e-9)
	per := slow / (d + 1e-9)
	v.gx, v.gy, v.gz = float64((n.x-first.x)*per), float64((n.y-first.y)*per), float64(n.z*per)
	v.bend = float64(n.half/2*slow) / (nearest + 1e-3)
	for ph := range e.phases {
		v.limit[ph] = float64(n.half * (1/v.m.slowest[ph] + 1/v.m.slowest[0]))
	}
	return v
}

// silent sets the sums to what the first arrival and everybody's silence are
// worth at most in cell n.
func (s *Searcher) silent(n *cell, v *view) {
	t := s.t
	e := t.g.ears
	salvo := 0
	for _, b := range s.recent {
		if length(n.x-b.x, n.y-b.y) < followKM+n.half {
			salvo++
		}
	}
	quiet := t.carry.quiet(n)
	room := t.noise[s.first] + s.logBirth(salvo) + e.room[n.level]
	for c := range e.classes {
		s.sum[c] = quiet[c] + e.share[c] + t.carry.heard[v.near*e.classes+c] - t.carry.missed[v.far*e.classes+c] + room
	}
}

// A bounded is a candidate that may come from a cell, and the least by which it
// misses what is expected there, s, with its distance from the centre, km.
type bounded struct {
	off, d float64
	number int32
}

// pass keeps the candidates of [from, till) of the list whose times are possible
// anywhere in cell n: the difference to the first arrival at the centre, less what
// it can change within the cell, by its gradient there and the curvature of both
// distances, is within the gate.
func (s *Searcher) pass(n *cell, v *view, from, till int32) {
	s.bounded = s.bounded[:0]
	furthest := s.t.g.ears.reach + n.half
	half2 := float64(n.half * n.half)
	for _, number := range s.list[from:till] {
		c := &s.candidate[number]
		dx, dy := n.x-c.x, n.y-c.y
		d := math.Sqrt(float64(dx*dx)+float64(dy*dy)+float64(n.z*n.z)) + 1e-9
		in := 1 / d
		slow := 1 / (v.m.speed[c.phase] - float64((float64(dx*v.m.east)+float64(dy*v.m.north))*in))
		off := math.Abs(c.after-(float64(d*slow)-v.travel)) - v.slack
		limit := v.limit[c.phase]
		if off-limit > c.gate || d > furthest {
			continue
		}
		if off > 0 {
			per := float64(slow * in)
			x, y, z := float64(dx*per)-v.gx, float64(dy*per)-v.gy, float64(n.z*per)-v.gz
			turn2 := float64(x*x) + float64(y*y) + float64(z*z)
			bend := float64(n.half * (float64(n.half/2*slow)/(max(d-n.half, 0)+1e-3) + v.bend + float64(2*float64(v.m.wind*float64(slow*slow)))))
			over := off - c.gate - bend
			if over > 0 && float64(over*over) > float64(half2*turn2) {
				continue
			}
			off -= min(float64(n.half*math.Sqrt(turn2))+bend, limit)
		}
		s.bounded = append(s.bounded, bounded{off, d, number})
	}
}

// sift lists the candidates that can come from cell n, bounds the score there
// and returns at how many stations and phases they are.
func (s *Searcher) sift(n *cell, from, till int32) int {
	v := s.viewOf(n)
	s.pass(n, &v, from, till)
	if len(s.bounded)+1 < s.t.g.ears.h.Least {
		return 0
	}
	s.silent(n, &v)
	e := s.t.g.ears
	distinct, last := 0, int32(-1)
	s.ear = ear{station: -1, first: s.t.station[s.first]}
	gain := 0.0
	var near, far int
	for k := range s.bounded {
		b := &s.bounded[k]
		c := &s.candidate[b.number]
		tables, bin := int(c.errors)+v.m.spread, e.bin(b.d+n.half)
		sigma := e.sigma[tables][c.phase][bin]
		if b.off > float64(gateSigmas*sigma) {
			continue
		}
		z := max(b.off, 0) / sigma
		s.list = append(s.list, b.number)
		close := e.bin(max(b.d-n.half, 0))
		g := c.noise + e.peak[tables][c.phase][close] - float64(float64(z*z)/2)
		if c.key != last {
			if last >= 0 {
				s.add(last, near, far, gain)
			}
			distinct, last, gain, near, far = distinct+1, c.key, g, close, bin
		} else {
			gain = max(gain, g)
		}
	}
	if last >= 0 {
		s.add(last, near, far, gain)
	}
	s.hear()
	n.bound = s.highest()
	return distinct
}

// An ear is a station of which candidates are being counted.
type ear struct {
	station   int32 // -1: none
	first     int32 // the station of the first arrival, which is counted already
	near, far int
	both      int // near of both phases
	gain      [phasesMax]float64
	heard     int // how many phases
}

// add counts a hearing of a station and phase instead of a silence where that is better.
// Both phases of a station are counted together, as one makes the other likelier.
func (s *Searcher) add(key int32, near, far int, gain float64) {
	phases := s.t.g.ears.phases
	if phases == 1 {
		s.heard(near, far, gain)
		return
	}
	if station := key / int32(phases); station != s.ear.station {
		s.hear()
		s.ear = ear{station: station, first: s.ear.first, near: near}
	}
	h := &s.ear
	h.gain[h.heard] = gain
	h.heard++
	h.near, h.both, h.far = min(h.near, near), max(h.both, near), far
}

// heard counts one phase.
func (s *Searcher) heard(near, far int, gain float64) {
	classes := s.t.g.ears.classes
	heard, missed := s.t.carry.heard[near*classes:], s.t.carry.missed[far*classes:]
	for c := range classes {
		if v := heard[c] + gain - missed[c]; v > 0 {
			s.sum[c] += v
		}
	}
}

// hear counts the station of which candidates were added last.
func (s *Searcher) hear() {
	h := s.ear
	if h.heard == 0 {
		return
	}
	k, classes := s.t.carry, s.t.g.ears.classes
	near, two, far := h.near*classes, h.both*classes, h.far*classes
	for c := range classes {
		single := k.heard[near+c] - k.missed[far+c]
		both := k.pair[two+c] - k.none[far+c]
		switch {
		case h.station == h.first:
			s.sum[c] += max(0, single+h.gain[0], both-single+h.gain[0])
		case h.heard == 1:
			s.sum[c] += max(0, single+h.gain[0])
		default:
			s.sum[c] += max(0, single+max(h.gain[0], h.gain[1]), both+h.gain[0]+h.gain[1])
		}
	}
}
