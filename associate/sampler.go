// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate/kernel"
	"github.com/trucewatch/trucewatch/geo"
)

// A sampler draws divisions.
type sampler struct {
	a       *Associator
	q       *partition
	unitOf  []int32                        // by exhibit, from 1; 0: not to be drawn
	marks   []uint64                       // by unit
	keys    []uint64                       // by place of a set in q: of its units' marks, each bit how many have it is odd
	worth   map[uint64]trucewatch.MilliNat // score of a set by its key; impossible: they cannot be one
	made    map[uint64]*set                // sets that q had or has, by key
	drawn   map[uint64]int                 // place in blocks, by key
	blocks  []block
	targets []int32
	gains   []int64
}

// impossible is the score of what cannot be one incident.
const impossible = trucewatch.MilliNat(kernel.Impossible)

// sample draws divisions of units, which stand in p; what is random follows from
// key. The same sets come up again and again: each is scored once.
func (a *Associator) sample(p *partition, units []unit, key [sha256.Size]byte) []block {
	q := &partition{edges: p.edges, of: slices.Clone(p.of), sets: slices.Clone(p.sets)}
	d := &sampler{a: a, q: q, unitOf: make([]int32, len(p.exhibits)), marks: make([]uint64, len(units)), keys: make([]uint64, len(p.sets)),
		worth: make(map[uint64]trucewatch.MilliNat), made: make(map[uint64]*set), drawn: make(map[uint64]int)}
	state := uint64(0)
	for u := range units {
		state = kernel.Next(state)
		d.marks[u] = kernel.Mix(state)
		for _, e := range units[u].set.members {
			d.unitOf[e.at] = int32(u + 1)
		}
	}
	// Sums anew, in one order, whatever the way by which p came to them.
	for u := range units {
		k := q.of[units[u].set.members[0].at]
		s := units[u].set
		if d.keys[k] != 0 {
			s, _ = a.meet(q.sets[k], s)
			a.holds(s)
		} else {
			fresh := *s
			s = &fresh
		}
		q.sets[k] = s
		d.keys[k] ^= d.marks[u]
	}
	state = binary.LittleEndian.Uint64(key[:])
	rounds := min(draws, max(drawsMax/len(units), settling))
	for round := range settling + rounds {
		for u := range units {
			if !units[u].set.anchored {
				state = kernel.Next(state)
				d.draw(int32(u), units[u].set, kernel.Mix(state))
			}
		}
		if round >= settling {
			d.note(units, trucewatch.PPM(geo.Million/rounds))
		}
	}
	return d.blocks
}

// draw moves unit u, a lone exhibit, to a set of q, or to none, by the likelihood
// of each.
func (d *sampler) draw(u int32, alone *set, random uint64) {
	q, e := d.q, alone.members[0]
	own := q.of[e.at]
	home := q.sets[own]
	left := d.without(own, u, e)
	if left == impossible {
		return
	}
	d.targets, d.gains = append(d.targets[:0], own), append(d.gains[:0], int64(home.score-left))
	if len(home.members) > 1 {
		d.targets, d.gains = append(d.targets, -1), append(d.gains, 0)
	}
	for _, j := range q.edges[e.at] {
		k := q.of[j]
		if d.unitOf[j] == 0 || slices.Contains(d.targets, k) {
			continue
		}
		if score := d.with(k, u, alone); score != impossible {
			d.targets, d.gains = append(d.targets, k), append(d.gains, int64(score-q.sets[k].score))
		}
	}
	if pick := kernel.Choose(d.gains, random); pick > 0 {
		d.move(u, alone, d.targets[pick])
	}
}

// without is the score of set k of q without its unit u, the exhibit e.
func (d *sampler) without(k, u int32, e *exhibit) trucewatch.MilliNat {
	s, key := d.q.sets[k], d.keys[k]^d.marks[u]
	if len(s.members) == 1 {
		return 0
	}
	score, known := d.worth[key]
	if !known {
		var ok bool
		if _, score, ok = d.a.left(s, s.place(e)); !ok {
			score = impossible
		}
		d.worth[key] = score
	}
	return score
}

// with is the score of set k of q with unit u.
func (d *sampler) with(k, u int32, alone *set) trucewatch.MilliNat {
	s, key := d.q.sets[k], d.keys[k]^d.marks[u]
	score, known := d.worth[key]
	if !known {
		score = impossible
		if _, gain, ok := d.a.unite(s, alone); ok {
			score = s.score + gain
		}
		d.worth[key] = score
	}
	return score
}

// move takes unit u out of its set to set target of q; -1 is a set of its own.
func (d *sampler) move(u int32, alone *set, target int32) {
	q, e := d.q, alone.members[0]
	own := q.of[e.at]
	if target < 0 {
		target = q.vacant()
		d.keys[target] = 0
	}
	home, to := q.sets[own], q.sets[target]
	d.keys[own] ^= d.marks[u]
	d.keys[target] ^= d.marks[u]
	q.sets[own], q.sets[target] = d.rest(d.keys[own], home, e), d.both(d.keys[target], to, alone)
	q.of[e.at] = target
}

// rest returns the set s without e, whose key is given; nil if there is none.
func (d *sampler) rest(key uint64, s *set, e *exhibit) *set {
	if len(s.members) == 1 {
		return nil
	}
	made := d.made[key]
	if made == nil {
		here := s.place(e)
		sum, score, _ := d.a.left(s, here)
		rest := *s
		rest.drop(here, sum, score)
		made = &rest
		d.made[key] = made
	}
	return made
}

// both returns s and t as one set, whose key is given; s may be nil.
func (d *sampler) both(key uint64, s, t *set) *set {
	made := d.made[key]
	if made != nil {
		return made
	}
	both := *t
	if s != nil {
		both = *s
		sum, gain, _ := d.a.unite(s, t)
		both.take(t, sum, s.score+gain)
	}
	d.made[key] = &both
	return &both
}

// note counts the sets of q that hold units, each with the given share.
func (d *sampler) note(units []unit, share trucewatch.PPM) {
	for u := range units {
		k := d.q.of[units[u].set.members[0].at]
		s := d.q.sets[k]
		if s.members[0] != units[u].set.members[0] {
			continue
		}
		at, known := d.drawn[d.keys[k]]
		if !known {
			at = len(d.blocks)
			d.drawn[d.keys[k]] = at
			d.blocks = append(d.blocks, block{units: d.unitsOf(s)})
		}
		d.blocks[at].share += share
	}
}

// unitsOf returns the units that s holds.
func (d *sampler) unitsOf(s *set) []int32 {
	var units []int32
	for _, e := range s.members {
		if k := d.unitOf[e.at] - 1; !e.anchored || !slices.Contains(units, k) {
			units = append(units, k)
		}
	}
	slices.Sort(units)
	return units
}
