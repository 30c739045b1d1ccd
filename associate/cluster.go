// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"bytes"
	"container/heap"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate/kernel"
)

const (
	// searchMax is how many observations that may touch each other are searched
	// as a whole; beyond it each is placed once, in order of time, and the
	// incidents are marked Degraded. Guess: bounds one change to about a second.
	// Test: BenchmarkAdd.
	searchMax = 2_048
	// greedyMax is how many of the latest sets the bounded search tries for each
	// observation. Guess. Test: share of links lost against the full search.
	greedyMax = 64
	// movePasses bounds the improvement by single moves; each pass only gains.
	// Guess: worlds of 1,000 reports settle within 4. Test: Degraded incidents of
	// small groups, which only this can cause.
	movePasses = 16
)

// A set is a hypothesis: these exhibits come from one incident.
type set struct {
	members []*exhibit // in content order
	claims  []*exhibit // unchecked words that fit, if other evidence formed the set
	score   trucewatch.MilliNat
	version int // rises with each change, so that stale plans are noticed
}

// A partition is how a group of observations falls into incidents.
type partition struct {
	frame    kernel.Frame
	exhibits []*exhibit // content order
	edges    [][]int32  // for each exhibit the exhibits that pass the gate, ascending; nil if too many to search
	of       []int32    // for each exhibit its set
	sets     []*set     // nil where a set was merged into another
	degraded bool
}

// contentOrder sorts by what observations say, never by where they stand in the
// record: first by time, last by content key.
func contentOrder(o, p *trucewatch.Observation) int {
	if c := compare(o.When.From, p.When.From); c != 0 {
		return c
	}
	if c := compare(o.When.Till, p.When.Till); c != 0 {
		return c
	}
	return bytes.Compare(o.Key[:], p.Key[:])
}

// split divides a group, given in content order, into incidents. The result is a
// function of the set of observations. Claims come last and join what other
// evidence has formed, so that no claim can join, part or strengthen incidents.
func (a *Associator) split(members []int32) []*partition {
	var evidence, claims []int32
	for _, n := range members {
		if a.nodes[n].spot.claim {
			claims = append(claims, n)
		} else {
			evidence = append(evidence, n)
		}
	}
	var parts []*partition
	for _, connected := range a.connected(evidence, len(claims) == 0) {
		parts = append(parts, a.divide(connected))
	}
	loose := a.attach(parts, claims)
	for _, connected := range a.connected(loose, len(evidence) == 0) {
		parts = append(parts, a.divide(connected))
	}
	return parts
}

// divide searches the best partition of members that hang together.
func (a *Associator) divide(members []int32) *partition {
	p := &partition{of: make([]int32, len(members)), sets: make([]*set, len(members))}
	first, _ := kernel.NormalOf(&a.nodes[members[0]].rec.Observation.Where.Region, spreadMM)
	p.frame = kernel.NewFrame(first)
	for i, n := range members {
		e := a.exhibit(n, p.frame)
		e.at = int32(i)
		p.exhibits = append(p.exhibits, e)
		p.of[i] = int32(i)
		p.sets[i] = &set{members: []*exhibit{e}}
	}
	if len(members) > searchMax {
		p.degraded = true
		a.placeEach(p)
		return p
	}
	p.edges = a.edges(members)
	a.agglomerate(p)
	a.improve(p)
	return p
}

// connected divides members, in content order, into those that hang together by
// the gate; whole says that it is known that all do.
func (a *Associator) connected(members []int32, whole bool) [][]int32 {
	if len(members) == 0 {
		return nil
	}
	if whole {
		return [][]int32{members}
	}
	parent := make([]int, len(members))
	for i := range parent {
		parent[i] = i
	}
	find := func(i int) int {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	a.sweep(members, func(i, j int) {
		if i, j = find(i), find(j); i != j {
			parent[max(i, j)] = min(i, j)
		}
	})
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

// sweep calls f with the places of every two members that pass the gate.
func (a *Associator) sweep(members []int32, f func(i, j int)) {
	order := make([]int, len(members))
	for i := range order {
		order[i] = i
	}
	from := func(i int) trucewatch.Instant { return a.nodes[members[i]].spot.window.From }
	slices.SortStableFunc(order, func(i, j int) int { return compare(from(i), from(j)) })
	for k, i := range order {
		m := &a.nodes[members[i]]
		for _, j := range order[k+1:] {
			if from(j) > m.spot.window.Till+EngagementGap {
				break
			}
			if a.near(m, &a.nodes[members[j]]) {
				f(i, j)
			}
		}
	}
}

// edges lists for each member the members that pass the gate with it.
func (a *Associator) edges(members []int32) [][]int32 {
	edges := make([][]int32, len(members))
	a.sweep(members, func(i, j int) {
		edges[i] = append(edges[i], int32(j))
		edges[j] = append(edges[j], int32(i))
	})
	for _, e := range edges {
		slices.Sort(e)
	}
	return edges
}

// A plan is to merge two sets.
type plan struct {
	gain     trucewatch.MilliNat
	low      int32 // set numbers, low < high
	high     int32
	versions [2]int
}

// plans is a heap: the greatest gain first, ties by content order.
type plans []plan

func (h plans) Len() int { return len(h) }
func (h plans) Less(i, j int) bool {
	p, q := &h[i], &h[j]
	switch {
	case p.gain != q.gain:
		return p.gain > q.gain
	case p.low != q.low:
		return p.low < q.low
	case p.high != q.high:
		return p.high < q.high
	}
	return p.versions[0]+p.versions[1] > q.versions[0]+q.versions[1]
}
func (h plans) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *plans) Push(x any)   { *h = append(*h, x.(plan)) }
func (h *plans) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// agglomerate merges sets, the best gain first, while any gain exceeds
// joinThreshold.
func (a *Associator) agglomerate(p *partition) {
	var h plans
	for i, neighbours := range p.edges {
		for _, j := range neighbours {
			if int(j) > i {
				a.propose(p, &h, int32(i), j)
			}
		}
	}
	for h.Len() > 0 {
		best := heap.Pop(&h).(plan)
		low, high := p.sets[best.low], p.sets[best.high]
		if low == nil || high == nil || best.versions != [2]int{low.version, high.version} {
			continue
		}
		low.score += high.score + best.gain
		low.members = merged(low.members, high.members...)
		low.version++
		p.sets[best.high] = nil
		for _, e := range high.members {
			p.of[e.at] = best.low
		}
		for _, k := range p.neighbours(low) {
			a.propose(p, &h, min(best.low, k), max(best.low, k))
		}
	}
}

// propose enters the plan to merge two sets if it is worth it.
func (a *Associator) propose(p *partition, h *plans, low, high int32) {
	s, t := p.sets[low], p.sets[high]
	score, ok := a.score(merged(s.members, t.members...))
	if gain := score - s.score - t.score; ok && gain > joinThreshold {
		heap.Push(h, plan{gain: gain, low: low, high: high, versions: [2]int{s.version, t.version}})
	}
}

// neighbours lists the other sets that share an edge with s, ascending.
func (p *partition) neighbours(s *set) []int32 {
	var out []int32
	for _, e := range s.members {
		for _, j := range p.edges[e.at] {
			if k := p.of[j]; p.sets[k] != s {
				out = append(out, k)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// merged returns the members and more in content order.
func merged(members []*exhibit, more ...*exhibit) []*exhibit {
	out := make([]*exhibit, 0, len(members)+len(more))
	out = append(append(out, members...), more...)
	slices.SortFunc(out, func(e, f *exhibit) int { return contentOrder(e.rec.Observation, f.rec.Observation) })
	return out
}

// without returns the members but e.
func without(members []*exhibit, e *exhibit) []*exhibit {
	out := make([]*exhibit, 0, len(members))
	for _, f := range members {
		if f != e {
			out = append(out, f)
		}
	}
	return out
}

// improve moves single exhibits to where they are worth more, until none gains.
func (a *Associator) improve(p *partition) {
	for range movePasses {
		moved := false
		for _, e := range p.exhibits {
			moved = a.move(p, e) || moved
		}
		if !moved {
			return
		}
	}
	p.degraded = true
}

// move puts e where it is worth most: where it is, in a neighbouring set, or
// alone. It says whether e moved.
func (a *Associator) move(p *partition, e *exhibit) bool {
	home := p.sets[p.of[e.at]]
	rest := without(home.members, e)
	left, ok := trucewatch.MilliNat(0), true
	if len(rest) > 0 {
		left, ok = a.score(rest)
	}
	if !ok {
		return false // the others do not hold together without e
	}
	best, target, score := home.score-left, int32(-1), trucewatch.MilliNat(0)
	for _, j := range p.edges[e.at] {
		k := p.of[j]
		if p.sets[k] == home {
			continue
		}
		s, ok := a.score(merged(p.sets[k].members, e))
		if gain := s - p.sets[k].score; ok && gain > max(best, joinThreshold) {
			best, target, score = gain, k, s
		}
	}
	switch {
	case target >= 0:
		p.sets[target].members = merged(p.sets[target].members, e)
		p.sets[target].score = score
	case len(rest) > 0 && best < 0:
		target = p.vacant()
		p.sets[target] = &set{members: []*exhibit{e}}
	default:
		return false
	}
	home.members, home.score = rest, left
	if len(rest) == 0 {
		p.sets[p.of[e.at]] = nil
	}
	p.of[e.at] = target
	return true
}

// vacant returns the first place in sets without a set. There is one: a set has
// two members.
func (p *partition) vacant() int32 { return int32(slices.Index(p.sets, nil)) }

// placeEach puts each exhibit, in content order, into the best of the latest
// sets, or alone: the bounded search for groups that are too large.
func (a *Associator) placeEach(p *partition) {
	var latest []int32
	for i, e := range p.exhibits {
		best, target := joinThreshold, int32(-1)
		for _, k := range latest[max(0, len(latest)-greedyMax):] {
			s, ok := a.score(append(slices.Clone(p.sets[k].members), e))
			if gain := s - p.sets[k].score; ok && gain > best {
				best, target = gain, k
			}
		}
		if target < 0 {
			latest = append(latest, int32(i))
			continue
		}
		p.sets[target].members = append(p.sets[target].members, e)
		p.sets[target].score += best
		p.sets[i], p.of[i] = nil, target
	}
}

// attach joins each claim to the set of other evidence that it fits best, if it
// fits any, and returns the others.
func (a *Associator) attach(parts []*partition, claims []int32) []int32 {
	var left []int32
	for _, n := range claims {
		var target *set
		var fitting *exhibit
		best := joinThreshold
		for _, p := range parts {
			e := a.exhibit(n, p.frame)
			for _, s := range p.sets {
				if s == nil || !a.touches(e, s) {
					continue
				}
				score, ok := a.score(merged(s.members, e))
				if gain := score - s.score; ok && gain > best {
					target, fitting, best = s, e, gain
				}
			}
		}
		if target == nil {
			left = append(left, n)
			continue
		}
		target.claims = append(target.claims, fitting)
	}
	return left
}

// touches says whether e passes the gate with a member of s and no claim in s
// excludes it.
func (a *Associator) touches(e *exhibit, s *set) bool {
	for _, f := range s.claims {
		if f.spot.source == e.spot.source && f.spot.kind == e.spot.kind && f.spot.role == e.spot.role {
			return false
		}
	}
	return slices.ContainsFunc(s.members, func(f *exhibit) bool { return a.near(e.node, f.node) })
}
