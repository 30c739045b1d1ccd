// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"bytes"
	"cmp"
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
	// edgesMax bounds the pairs among them in the same way.
	edgesMax = 262_144
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
	members  []*exhibit // in content order
	bySource []*exhibit // the same, by number of source
	claims   []*exhibit // unchecked words that fit, if other evidence formed the set
	reports  []heard    // count reports that some of it explains
	anchored bool       // holds what is not to be changed
	sum      summary
	score    trucewatch.MilliNat
	version  int       // rises with each change, so that stale plans are noticed
	near     []int32   // while sets are merged: the sets that share an edge with this one, ascending
	before   []summary // of the members up to each, and from each on; nil until asked for
	after    []summary
}

// lonely returns e as a set of its own, to be changed.
func lonely(e *exhibit) *set {
	return &set{members: []*exhibit{e}, bySource: []*exhibit{e}, sum: e.summary()}
}

// take makes s one set with t, whose summary and score are given.
func (s *set) take(t *set, sum summary, score trucewatch.MilliNat) {
	s.members = inOrder(s.members, t.members, inContent)
	s.bySource = inOrder(s.bySource, t.bySource, bySource)
	s.sum, s.score, s.before, s.after = sum, score, nil, nil
	s.anchored = s.anchored || t.anchored
	s.version++
}

// drop removes the i-th member; summary and score of the others are given.
func (s *set) drop(i int, sum summary, score trucewatch.MilliNat) {
	e := s.members[i]
	s.members = slices.Delete(slices.Clone(s.members), i, i+1)
	s.bySource = slices.DeleteFunc(slices.Clone(s.bySource), func(f *exhibit) bool { return f == e })
	s.sum, s.score, s.before, s.after = sum, score, nil, nil
	s.version++
}

// place returns which member e is.
func (s *set) place(e *exhibit) int {
	i, _ := slices.BinarySearchFunc(s.members, e.at, func(f *exhibit, at int32) int { return cmp.Compare(f.at, at) })
	return i
}

// from returns the members that come from source.
func (s *set) from(source int32) []*exhibit {
	i, _ := slices.BinarySearchFunc(s.bySource, source, func(e *exhibit, source int32) int { return cmp.Compare(e.spot.source, source) })
	j := i
	for j < len(s.bySource) && s.bySource[j].spot.source == source {
		j++
	}
	return s.bySource[i:j]
}

func inContent(e, f *exhibit) int { return cmp.Compare(e.at, f.at) }

func bySource(e, f *exhibit) int {
	return cmp.Or(cmp.Compare(e.spot.source, f.spot.source), cmp.Compare(e.at, f.at))
}

// inOrder merges two sorted lists.
func inOrder(es, fs []*exhibit, order func(e, f *exhibit) int) []*exhibit {
	out := make([]*exhibit, 0, len(es)+len(fs))
	for len(es) > 0 && len(fs) > 0 {
		if order(es[0], fs[0]) <= 0 {
			out, es = append(out, es[0]), es[1:]
		} else {
			out, fs = append(out, fs[0]), fs[1:]
		}
	}
	return append(append(out, es...), fs...)
}

// A partition is how a group of observations falls into incidents.
type partition struct {
	frame    kernel.Frame
	begin    trucewatch.Instant // from which moments count
	exhibits []*exhibit         // content order
	edges    [][]int32          // for each exhibit the exhibits that pass the gate, ascending; nil if too many to search
	of       []int32            // for each exhibit its set
	sets     []*set             // nil where a set was merged into another
	anchors  []*set             // for each anchored exhibit its set as it was; nil if there are none
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

// split divides a group, given in content order, into incidents; whole says that
// nothing was taken out of it. The result is a
// function of the set of observations. Count reports come after what is timed (see
// explain). Claims come last and join what other
// evidence has formed, so that no claim can join, part or strengthen incidents.
func (a *Associator) split(members []int32, whole bool) []*partition {
	var evidence, reports, claims []int32
	for _, n := range members {
		switch spot := &a.nodes[n].spot; {
		case spot.claim:
			claims = append(claims, n)
		case spot.capacity > 0:
			reports = append(reports, n)
		default:
			evidence = append(evidence, n)
		}
	}
	var parts []*partition
	for _, connected := range a.connected(evidence, whole && len(evidence) == len(members)) {
		parts = append(parts, a.divide(connected))
	}
	parts = append(parts, a.explain(parts, reports)...)
	if len(claims) == 0 {
		return parts
	}
	return append(parts, a.attach(members, parts)...)
}

// divide searches the best partition of members that hang together.
func (a *Associator) divide(members []int32) *partition {
	p := a.apart(members)
	if p.edges == nil {
		p.degraded = true
		a.placeEach(p)
		return p
	}
	a.agglomerate(p)
	a.improve(p)
	a.weigh(p)
	return p
}

// apart readies members, each a set of its own.
func (a *Associator) apart(members []int32) *partition {
	p := &partition{of: make([]int32, len(members)), sets: make([]*set, len(members))}
	first, _ := locate(a.nodes[members[0]].rec.Observation)
	p.frame, p.begin = kernel.NewFrame(first.place), a.nodes[members[0]].spot.window.From
	for i, n := range members {
		e := a.exhibit(n, p.frame, p.begin)
		e.at = int32(i)
		p.exhibits = append(p.exhibits, e)
		p.of[i] = int32(i)
		p.sets[i] = lonely(e)
	}
	if len(members) <= searchMax {
		p.edges = a.edges(members)
	}
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
	return listed(members, find)
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

// edges lists for each member the members that pass the gate with it; nil if
// there are more than edgesMax.
func (a *Associator) edges(members []int32) [][]int32 {
	edges := make([][]int32, len(members))
	count := 0
	a.sweep(members, func(i, j int) {
		if count++; count <= edgesMax {
			edges[i] = append(edges[i], int32(j))
			edges[j] = append(edges[j], int32(i))
		}
	})
	if count > edgesMax {
		return nil
	}
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

// Swap, Push and Pop are for container/heap.
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
	for i, s := range p.sets {
		if s == nil {
			continue
		}
		for _, e := range s.members {
			for _, j := range p.edges[e.at] {
				if k := p.of[j]; int(k) != i {
					s.near = append(s.near, k)
				}
			}
		}
		slices.Sort(s.near)
		s.near = slices.Compact(s.near)
		for _, k := range s.near {
			if int(k) > i {
				a.propose(p, &h, int32(i), k)
			}
		}
	}
	for h.Len() > 0 {
		best := heap.Pop(&h).(plan)
		low, high := p.sets[best.low], p.sets[best.high]
		if low == nil || high == nil || best.versions != [2]int{low.version, high.version} {
			continue
		}
		sum, _ := a.together(low, high)
		low.take(high, sum, low.score+high.score+best.gain)
		for _, e := range high.members {
			p.of[e.at] = best.low
		}
		p.inherit(best.low, best.high)
		p.sets[best.high] = nil
		for _, k := range low.near {
			a.propose(p, &h, min(best.low, k), max(best.low, k))
		}
	}
}

// inherit gives set low the neighbours of set high, which is no more.
func (p *partition) inherit(low, high int32) {
	for _, k := range p.sets[high].near {
		other := p.sets[k]
		if at, found := slices.BinarySearch(other.near, high); found {
			other.near = slices.Delete(other.near, at, at+1)
		}
		if k == low {
			continue
		}
		if at, found := slices.BinarySearch(other.near, low); !found {
			other.near = slices.Insert(other.near, at, low)
		}
		if at, found := slices.BinarySearch(p.sets[low].near, k); !found {
			p.sets[low].near = slices.Insert(p.sets[low].near, at, k)
		}
	}
}

// propose enters the plan to merge two sets if it is worth it.
func (a *Associator) propose(p *partition, h *plans, low, high int32) {
	s, t := p.sets[low], p.sets[high]
	if s.anchored && t.anchored {
		return
	}
	sum, ok := a.together(s, t)
	if !ok {
		return
	}
	score, ok := a.score(&sum)
	if gain := score - s.score - t.score; ok && gain > joinThreshold {
		heap.Push(h, plan{gain: gain, low: low, high: high, versions: [2]int{s.version, t.version}})
	}
}

// with returns what s would be with e, and the gain.
func (a *Associator) with(s *set, e *exhibit) (sum summary, gain trucewatch.MilliNat, ok bool) {
	return a.unite(s, e.alone)
}

// unite returns what s would be with t, which is worth nothing alone, and the gain.
func (a *Associator) unite(s, t *set) (sum summary, gain trucewatch.MilliNat, ok bool) {
	sum, ok = a.together(s, t)
	if !ok {
		return sum, 0, false
	}
	score, ok := a.score(&sum)
	return sum, score - s.score, ok
}

// improve moves single exhibits to where they are worth more, until none gains.
func (a *Associator) improve(p *partition) {
	for range movePasses {
		moved := false
		for _, e := range p.exhibits {
			moved = !e.anchored && a.move(p, e) || moved
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
	here := home.place(e)
	rest, left, ok := a.left(home, here)
	if !ok {
		return false // the others do not hold together without e
	}
	best, target, sum := home.score-left, int32(-1), summary{}
	for i, j := range p.edges[e.at] {
		k := p.of[j]
		if p.sets[k] == home || p.listed(e.at, i) {
			continue
		}
		if s, gain, ok := a.with(p.sets[k], e); ok && gain > max(best, joinThreshold) {
			best, target, sum = gain, k, s
		}
	}
	switch {
	case target >= 0:
		to := p.sets[target]
		to.take(lonely(e), sum, to.score+best)
	case len(home.members) > 1 && best < 0:
		target = p.vacant()
		p.sets[target] = lonely(e)
	default:
		return false
	}
	if len(home.members) == 1 {
		p.sets[p.of[e.at]] = nil
	} else {
		home.drop(here, rest, left)
	}
	p.of[e.at] = target
	return true
}

// listed says whether an edge before the i-th of exhibit at leads to the same
// set as the i-th.
func (p *partition) listed(at int32, i int) bool {
	edges := p.edges[at]
	return i > 0 && p.of[edges[i-1]] == p.of[edges[i]]
}

// vacant returns the first place in sets without a set. There is one: a set has
// two members.
func (p *partition) vacant() int32 { return int32(slices.Index(p.sets, nil)) }

// placeEach puts each exhibit, in content order, into the best of the latest
// sets, or alone: the bounded search for groups that are too large.
func (a *Associator) placeEach(p *partition) {
	var latest []int32
	for i, e := range p.exhibits {
		if e.anchored {
			if p.of[i] == int32(i) {
				latest = append(latest, int32(i))
			}
			continue
		}
		best, target := joinThreshold, int32(-1)
		var sum summary
		for _, k := range latest[max(0, len(latest)-greedyMax):] {
			if s, gain, ok := a.with(p.sets[k], e); ok && gain > best {
				best, target, sum = gain, k, s
			}
		}
		if target < 0 {
			latest = append(latest, int32(i))
			continue
		}
		to := p.sets[target]
		to.take(lonely(e), sum, to.score+best)
		p.sets[i], p.of[i] = nil, target
	}
}
