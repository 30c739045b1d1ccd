// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// attach divides claims among the sets that other evidence has formed, and
// themselves. What a claim joins stays what it is: the set keeps its claims
// apart. It returns the divisions of claims that joined none.
func (a *Associator) attach(members []int32, parts []*partition) []*partition {
	holder := make(map[int32]*set) // of evidence
	for _, p := range parts {
		for _, s := range p.sets {
			if s == nil {
				continue
			}
			for _, e := range s.members {
				holder[e.number] = s
			}
		}
	}
	// A count report that is used up stands in no partition.
	members = slices.DeleteFunc(slices.Clone(members), func(n int32) bool { return !a.nodes[n].spot.claim && holder[n] == nil })
	var loose []*partition
	for _, connected := range a.claimed(members, holder) {
		p := a.anchor(connected, holder)
		if p == nil {
			continue
		}
		if p.edges != nil {
			a.agglomerate(p)
			a.improve(p)
			a.weigh(p)
		} else {
			p.degraded = true
			a.placeEach(p)
		}
		a.hand(p, holder)
		loose = append(loose, p)
	}
	return loose
}

// claimed divides members, in content order, into those that hang together by
// claims; sets of evidence are never parted.
func (a *Associator) claimed(members []int32, holder map[int32]*set) [][]int32 {
	at := make(map[*set]int) // of the first member of a set
	parent := make([]int, len(members))
	find := func(i int) int {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	tie := func(i, j int) {
		if i, j = find(i), find(j); i != j {
			parent[max(i, j)] = min(i, j)
		}
	}
	for i, n := range members {
		parent[i] = i
		if s := holder[n]; s != nil {
			if first, known := at[s]; known {
				tie(first, i)
			} else {
				at[s] = i
			}
		}
	}
	a.sweep(members, func(i, j int) {
		if a.nodes[members[i]].spot.claim || a.nodes[members[j]].spot.claim {
			tie(i, j)
		}
	})
	return listed(members, find)
}

// listed gathers members by the place that stands for each, in their order.
func listed(members []int32, find func(int) int) [][]int32 {
	place := make([]int, len(members)) // of a root's part in parts, from 1
	var parts [][]int32
	for i, n := range members {
		root := find(i)
		if place[root] == 0 {
			parts = append(parts, nil)
			place[root] = len(parts)
		}
		parts[place[root]-1] = append(parts[place[root]-1], n)
	}
	return parts
}

// anchor readies claims and the sets of evidence that they touch; nil if there is
// no claim.
func (a *Associator) anchor(members []int32, holder map[int32]*set) *partition {
	if !slices.ContainsFunc(members, func(n int32) bool { return a.nodes[n].spot.claim }) {
		return nil
	}
	p := a.apart(members)
	p.anchors = make([]*set, len(members))
	first := make(map[*set]*set)
	for i, e := range p.exhibits {
		s := holder[e.number]
		if s == nil {
			continue
		}
		e.anchored, p.sets[i].anchored = true, true
		if first[s] == nil {
			first[s] = p.sets[i]
			continue
		}
		anchor := first[s]
		sum, _ := anchor.joined(p.sets[i])
		anchor.take(p.sets[i], sum, 0)
		p.of[i], p.sets[i] = p.of[anchor.members[0].at], nil
	}
	for i, e := range p.exhibits {
		if !e.anchored {
			continue
		}
		s := first[holder[e.number]]
		if p.of[i] == int32(i) {
			s.score, _ = a.score(&s.sum)
			original := *s
			p.anchors[i] = &original
		} else {
			p.anchors[i] = p.anchors[s.members[0].at]
		}
	}
	if p.edges != nil {
		for i, e := range p.exhibits {
			if e.anchored {
				p.edges[i] = slices.DeleteFunc(p.edges[i], func(j int32) bool { return p.exhibits[j].anchored })
			}
		}
	}
	return p
}

// hand gives the claims that joined sets of evidence to these, and leaves in p
// what claims formed alone.
func (a *Associator) hand(p *partition, holder map[int32]*set) {
	for _, s := range p.sets {
		if s == nil || !s.anchored {
			continue
		}
		i := slices.IndexFunc(s.members, func(e *exhibit) bool { return e.anchored })
		evidence := holder[s.members[i].number]
		for _, e := range s.members {
			if e.anchored {
				continue
			}
			e.gain = a.stay(s, e)
			if e.share == 0 {
				e.share = max(probability(e.gain), 1)
			}
			evidence.claims = append(evidence.claims, e)
		}
	}
	for k, s := range p.sets {
		if s != nil && s.anchored {
			p.sets[k] = nil
		}
	}
}

// withClaims is how likely it is that one observation and at least half of the claims that
// joined it are of one incident, if each claim is so by its own share whatever the others
// are. The observation founds the incident and is as sure as it was; this says only whether
// the claims are about the same.
func withClaims(claims []*exhibit) trucewatch.PPM {
	right := []int64{geo.Million} // by number of claims: that so many are
	for _, e := range claims {
		next := make([]int64, len(right)+1)
		for n, share := range right {
			next[n+1] += share * int64(e.share) / geo.Million
			next[n] += share * (geo.Million - int64(e.share)) / geo.Million
		}
		right = next
	}
	var sum int64
	for n := (len(claims) + 1) / 2; n < len(right); n++ {
		sum += right[n]
	}
	return trucewatch.PPM(max(sum, 1))
}
