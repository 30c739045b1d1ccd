// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate/kernel"
	"github.com/trucewatch/trucewatch/geo"
)

const (
	// doubtMax is how much worse another division may be and still count: odds of
	// 1 to 20. Guess: over 20 mixed worlds odds of 1 to 1,100 find no more and no
	// more surely. Test: calibration of links with twice as much.
	doubtMax trucewatch.MilliNat = 3_000
	// exactMax is up to how many units all divisions are weighed: 3^10 terms.
	exactMax = 10
	// settling and draws are how often every unit is drawn anew before and while
	// divisions are counted, drawsMax how many draws there are at most. Guess: 100
	// tell a probability to 0.05 at worst. Test: calibration with four times as many.
	settling, draws, drawsMax = 10, 100, 40_000
	// drawMax is up to how many units divisions are drawn; above, single moves
	// tell how sure a link is, and the incidents say Degraded. Guess. Test:
	// BenchmarkTwoSatellites.
	drawMax = 400
	// knownMax is how many answers are kept, as long as nothing they depend on
	// changes.
	knownMax = 8_192
)

// A unit is what divisions are made of: an exhibit, or a set that is not to be
// changed.
type unit struct{ set *set }

// A block is a set that units may form, with its probability.
type block struct {
	units []int32 // ascending
	share trucewatch.PPM
}

// weigh replaces what is doubtful of a division by what most divisions agree on,
// and notes how sure each link is.
//
// A division as a whole may be the best there is and yet unlikely. So all
// divisions of what is in doubt are weighed by their likelihood: one by one if
// they are few, else by drawing from them (Gibbs sampling: Geman and Geman, IEEE
// PAMI 6, 1984; the draws follow from the content). Two units stand together if
// they do in more than half of them, as far as that can be had for all pairs
// (Binder, Biometrika 65, 1978, with equal losses).
func (a *Associator) weigh(p *partition) {
	for _, places := range a.doubtful(p) {
		units := p.units(places)
		if len(units) > drawMax {
			p.degraded = true
			continue
		}
		key := p.hash(units)
		answer, known := a.answers[key]
		if !known {
			answer, known = a.found[key]
		}
		if !known {
			var blocks []block
			if len(units) <= exactMax {
				blocks = a.enumerate(units)
			} else {
				blocks = a.sample(p, units, key)
			}
			answer = a.agree(units, blocks)
			a.found[key] = answer
		}
		p.rearrange(a, units, places, answer)
	}
	for _, s := range p.sets {
		if s == nil {
			continue
		}
		for _, e := range s.members {
			if e.share == 0 && !e.anchored {
				e.share = a.surety(p, s, e)
			}
		}
	}
}

// hash is of all that an answer about units depends on: what they are, how they
// stand now, and from where places and times are seen.
func (p *partition) hash(units []unit) [sha256.Size]byte {
	h := sha256.New()
	h.Write(p.exhibits[0].rec.Observation.Key[:])
	number := make(map[int32]uint16, len(units))
	for _, u := range units {
		for _, e := range u.set.members {
			h.Write(e.rec.Observation.Key[:])
			h.Write(binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, uint64(e.weight)), uint64(e.birth)))
			if t := e.timing(); t != (trueTime{}) {
				h.Write(binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, uint64(t.Late)), uint64(t.Deviation)))
			}
		}
		k := p.of[u.set.members[0].at]
		if _, known := number[k]; !known {
			number[k] = uint16(len(number))
		}
		h.Write(binary.LittleEndian.AppendUint16([]byte{byte(len(u.set.members))}, number[k]))
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// doubtful returns the sets, by place in p, that other divisions put together or
// apart at odds of at least doubtMax, those that hang together by this in one
// list. Of what is in no doubt it notes how sure it is.
func (a *Associator) doubtful(p *partition) [][]int32 {
	parent := make([]int32, len(p.sets))
	doubt := make([]bool, len(p.sets))
	for i := range parent {
		parent[i] = int32(i)
	}
	find := func(i int32) int32 {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	tied := func(i, j int32) {
		doubt[i], doubt[j] = true, true
		if i, j = find(i), find(j); i != j {
			parent[max(i, j)] = min(i, j)
		}
	}
	for _, e := range p.exhibits {
		home := p.of[e.at]
		stay, rival := trucewatch.MilliNat(0), -unrivalled
		if len(p.sets[home].members) > 1 {
			_, left, ok := a.left(p.sets[home], p.sets[home].place(e))
			if !ok {
				continue
			}
			stay, rival = p.sets[home].score-left, 0
			if stay < doubtMax && !e.anchored {
				tied(home, home)
			}
		}
		whole := !e.anchored
		for i, j := range p.edges[e.at] {
			k := p.of[j]
			if k == home || e.anchored || p.listed(e.at, i) {
				continue
			}
			if doubt[home] && find(k) == find(home) {
				whole = false
				continue
			}
			_, gain, ok := a.with(p.sets[k], e)
			if ok {
				rival = max(rival, gain)
			}
			if ok && gain > stay-doubtMax || k > home && len(p.sets[k].members) > 1 && len(p.sets[home].members) > 1 && a.joint(p.sets[home], p.sets[k]) > -doubtMax {
				tied(home, k)
			}
		}
		if whole {
			e.share = max(probability(stay-rival), 1)
		}
	}
	return p.lists(doubt, find)
}

// lists gathers the sets in doubt by the place that find says stands for each.
func (p *partition) lists(doubt []bool, find func(int32) int32) [][]int32 {
	var lists [][]int32
	at := make(map[int32]int)
	for i, s := range p.sets {
		if s == nil || !doubt[i] {
			continue
		}
		root := find(int32(i))
		k, known := at[root]
		if !known {
			k = len(lists)
			at[root] = k
			lists = append(lists, nil)
		}
		lists[k] = append(lists[k], int32(i))
	}
	return lists
}

// joint is what two sets gain as one.
func (a *Associator) joint(s, t *set) trucewatch.MilliNat {
	if s.anchored && t.anchored {
		return -unrivalled
	}
	sum, ok := a.together(s, t)
	if !ok {
		return -unrivalled
	}
	score, ok := a.score(&sum)
	if !ok {
		return -unrivalled
	}
	return score - s.score - t.score
}

// units takes the sets at places apart.
func (p *partition) units(places []int32) []unit {
	var units []unit
	for _, k := range places {
		s := p.sets[k]
		anchored := false
		for _, e := range s.members {
			switch {
			case !e.anchored:
				units = append(units, unit{e.alone})
			case !anchored:
				anchored = true
				units = append(units, unit{p.anchors[e.at]})
			}
		}
	}
	slices.SortFunc(units, func(u, v unit) int { return cmp.Compare(u.set.members[0].at, v.set.members[0].at) })
	return units
}

// enumerate returns every block that the units may form.
func (a *Associator) enumerate(units []unit) []block {
	n := len(units)
	sets := make([]*set, 1<<n)
	scores := make([]int64, 1<<n) // less what the units are worth apart
	apart := make([]int64, 1<<n)
	for i := range units {
		sets[1<<i], apart[1<<i] = units[i].set, int64(units[i].set.score)
	}
	for mask := 1; mask < 1<<n; mask++ {
		low := mask & -mask
		if low == mask {
			continue
		}
		scores[mask], apart[mask] = kernel.Impossible, apart[low]+apart[mask&^low]
		if sets[low] == nil || sets[mask&^low] == nil {
			continue
		}
		both, ok := a.meet(sets[low], sets[mask&^low])
		if !ok {
			continue
		}
		sets[mask] = both
		if a.holds(both) {
			scores[mask] = int64(both.score) - apart[mask]
		}
	}
	var blocks []block
	for mask, share := range kernel.Blocks(n, scores) {
		if share == 0 {
			continue
		}
		b := block{share: trucewatch.PPM(share)}
		for i := range n {
			if mask>>i&1 == 1 {
				b.units = append(b.units, int32(i))
			}
		}
		blocks = append(blocks, b)
	}
	return blocks
}

// meet returns two sets as one, whatever the pauses between them and the kinds
// of their members, for a third may lie between; false if two members exclude
// each other.
func (a *Associator) meet(s, t *set) (*set, bool) {
	if s.anchored && t.anchored || s.sum.named != t.sum.named {
		return nil, false
	}
	sum, ok := s.joined(t)
	if !ok {
		return nil, false
	}
	both := *s
	both.take(t, sum, 0)
	return &both, true
}

// holds says whether the members of s may be one incident, and scores it.
func (a *Associator) holds(s *set) (ok bool) {
	if !a.eachJoins(s.members, nil) || !chained(s.members, nil) {
		return false
	}
	s.score, ok = a.score(&s.sum)
	return ok
}

// An answer says how units that were in doubt stand: in clusters, and for each
// unit of these how sure it is.
type answer struct {
	clusters [][]int32 // units, ascending
	sure     [][]trucewatch.PPM
}

// agree puts units together that stand together in most divisions, and says how
// sure each is.
func (a *Associator) agree(units []unit, blocks []block) *answer {
	n := len(units)
	gains := make([][]trucewatch.PPM, n) // of joining two clusters: over their pairs, how often together, less a half
	for i := range gains {
		gains[i] = make([]trucewatch.PPM, n)
		for j := range gains[i] {
			gains[i][j] = -geo.Million / 2
		}
	}
	for _, b := range blocks {
		for _, i := range b.units {
			for _, j := range b.units {
				gains[i][j] += b.share
			}
		}
	}
	clusters := make([][]int32, n)
	sets := make([]*set, n)
	for i := range units {
		clusters[i], sets[i] = []int32{int32(i)}, units[i].set
	}
	for {
		i, j := most(gains, clusters)
		if i < 0 {
			break
		}
		both, ok := a.meet(sets[i], sets[j])
		if !ok || !a.holds(both) {
			gains[i][j], gains[j][i] = -geo.Million, -geo.Million
			continue
		}
		sets[i], clusters[i], clusters[j] = both, append(clusters[i], clusters[j]...), nil
		for k := range n {
			gains[i][k] += gains[j][k]
			gains[k][i] = gains[i][k]
		}
	}
	out := &answer{}
	for _, c := range clusters {
		if c != nil {
			slices.Sort(c)
			out.clusters, out.sure = append(out.clusters, c), append(out.sure, certainty(units, c, blocks))
		}
	}
	return out
}

// rearrange puts units of the sets at places as the answer says.
func (p *partition) rearrange(a *Associator, units []unit, places []int32, answer *answer) {
	for _, k := range places {
		p.sets[k] = nil
	}
	for c, cluster := range answer.clusters {
		s := units[cluster[0]].set
		for i, u := range cluster {
			if i > 0 {
				s, _ = a.meet(s, units[u].set)
			}
			for _, e := range units[u].set.members {
				e.share = min(max(answer.sure[c][i], 1), geo.Million)
			}
		}
		if len(cluster) > 1 {
			a.holds(s)
		}
		k := p.vacant()
		p.sets[k] = s
		for _, e := range s.members {
			p.of[e.at] = k
		}
	}
}

// most returns the two clusters that agree most, -1 if none do.
func most(gains [][]trucewatch.PPM, clusters [][]int32) (i, j int) {
	best := trucewatch.PPM(0)
	i, j = -1, -1
	for k := range clusters {
		for l := k + 1; clusters[k] != nil && l < len(clusters); l++ {
			if clusters[l] != nil && gains[k][l] > best {
				best, i, j = gains[k][l], k, l
			}
		}
	}
	return i, j
}

// certainty says for each unit of a cluster in how many divisions it stands with
// at least half of the others.
func certainty(units []unit, cluster []int32, blocks []block) []trucewatch.PPM {
	size := 0
	place := make([]int, len(units)) // in the cluster, from 1
	for k, i := range cluster {
		size += len(units[i].set.members)
		place[i] = k + 1
	}
	sure := make([]trucewatch.PPM, len(cluster))
	for _, b := range blocks {
		inside := 0
		for _, i := range b.units {
			if place[i] > 0 {
				inside += len(units[i].set.members)
			}
		}
		for _, i := range b.units {
			if own := len(units[i].set.members); place[i] > 0 && 2*(inside-own) >= size-own {
				sure[place[i]-1] += b.share
			}
		}
	}
	return sure
}
