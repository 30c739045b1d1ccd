// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"github.com/trucewatch/trucewatch"
)

const (
	cellE7  = 1_000_000      // side of a cell, 0.1 degree: a few times the usual region
	cellDay = trucewatch.Day // and its length in time
)

// A grid finds nodes by family, place and day. A node stands in every cell that
// its box and window touch.
type grid struct {
	heads map[uint64]int32 // first entry of a cell
	chain []cellEntry
}

// farCell stands in place of a family for what is compared with its like alone.
const farCell = 127

type cellEntry struct {
	node, next int32
}

func newGrid() grid { return grid{heads: make(map[uint64]int32)} }

// eachCell calls f with every cell that s touches, slack longer on both sides
// in time. The number of cells is bounded because vague spots never come here.
func (a *Associator) eachCell(n int32, slack trucewatch.Instant, f func(cell uint64)) {
	s := &a.nodes[n].spot
	family, box := uint64(a.rules.family[s.kind]), reachOf(&a.nodes[n])
	for day := floor(int64(s.window.From-slack), int64(cellDay)); day <= floor(int64(s.window.Till+slack), int64(cellDay)); day++ {
		base := family<<56 | uint64(uint32(day))<<24
		if s.far {
			f(farCell<<56 | uint64(uint32(day))<<24) // they are few, and reach over thousands of cells
			continue
		}
		if s.named {
			f((base | nameCell(a.nodes[n].rec.Observation.Where.Name)) + 128<<56)
			continue
		}
		for lat := floor(int64(box.South), cellE7); lat <= floor(int64(box.North), cellE7); lat++ {
			for lon := floor(int64(box.West), cellE7); lon <= floor(int64(box.East), cellE7); lon++ {
				f(base | uint64(lat+2048)<<12 | uint64(lon+2048))
			}
		}
	}
}

// floor divides, rounding down.
func floor(x, by int64) int64 {
	q := x / by
	if x%by < 0 {
		q--
	}
	return q
}

// nameCell spreads names over 24 bits (FNV-1a, folded). Names that share a cell
// are told apart by near.
func nameCell(name string) uint64 {
	h := uint32(2166136261)
	for i := range len(name) {
		h = (h ^ uint32(name[i])) * 16777619
	}
	return uint64(h>>24 ^ h&0xffffff)
}

// connect reads node n for the gate, joins it to the group of every node near
// it and enters it in the grid.
func (a *Associator) connect(n int32) {
	a.nodes[n].spot = a.spotOf(a.nodes[n].rec)
	a.nodes[n].spot.shot = a.nodes[n].solved != nil
	s := &a.nodes[n].spot
	if s.vague {
		return
	}
	a.count(n)
	if s.dull() {
		a.nodes[n].lateness = a.latenessOf(n)
		a.nodes[n].lateness.users = append(a.nodes[n].lateness.users, n)
		a.rates.reviewed = append(a.rates.reviewed, a.nodes[n].lateness)
	}
	timed := s.dull() || s.sharp()
	var others []int32
	var slack trucewatch.Instant
	if !s.loose {
		slack = EngagementGap
	}
	a.eachCell(n, slack, func(cell uint64) {
		for e := a.grid.heads[cell]; e > 0; e = a.grid.chain[e-1].next {
			m := a.grid.chain[e-1].node
			if s.far {
				noteCrossing(&a.nodes[m], &a.nodes[n])
			}
			if a.nodes[m].dead || !a.near(&a.nodes[m], &a.nodes[n]) {
				continue
			}
			if timed {
				others = append(others, m)
			}
			if a.find(m) != a.find(n) {
				a.union(m, n)
			}
		}
	})
	a.compareTimes(n, others, 1)
	a.eachCell(n, 0, func(cell uint64) {
		a.grid.chain = append(a.grid.chain, cellEntry{node: n, next: a.grid.heads[cell]})
		a.grid.heads[cell] = int32(len(a.grid.chain))
	})
}

// beside returns the nodes near node n that are not dead. Some may come more than once.
func (a *Associator) beside(n int32) (others []int32) {
	if len(a.rates.late) == 0 {
		return nil // nobody's time is compared
	}
	a.eachCell(n, EngagementGap, func(cell uint64) {
		for e := a.grid.heads[cell]; e > 0; e = a.grid.chain[e-1].next {
			if m := a.grid.chain[e-1].node; m != n && !a.nodes[m].dead && a.near(&a.nodes[m], &a.nodes[n]) {
				others = append(others, m)
			}
		}
	})
	return others
}
