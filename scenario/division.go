// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"cmp"
	"math"
	"slices"

	"github.com/trucewatch/trucewatch/geo"
)

// A division is the reports of a world in sets; a set whose worth is not
// positive is false reports.
type division struct {
	law   *law
	near  [][]int32 // by report, those that could come from the same event
	sets  [][]int32 // ascending; nil if given up
	owner []int32   // by report
}

func newDivision(l *law) *division {
	d := &division{law: l, near: make([][]int32, len(l.reports)), owner: make([]int32, len(l.reports))}
	for i := range l.reports {
		d.sets = append(d.sets, []int32{int32(i)})
		d.owner[i] = int32(i)
		for j := range i {
			if d.couldMeet(&l.reports[i].measure, &l.reports[j].measure) {
				d.near[i] = append(d.near[i], int32(j))
				d.near[j] = append(d.near[j], int32(i))
			}
		}
	}
	return d
}

// couldMeet is the gate: generous bounds of place, km, and time, hours.
func (d *division) couldMeet(q, r *measure) bool {
	reach := [meansCount]float64{sound: 1, thermal: 1, camera: 7, observer: 7, party: 12, open: 12}
	while := func(m *measure) (float64, float64) {
		if m.till > 0 {
			return (m.from + m.till) / 2, (m.till - m.from) / 2
		}
		deviation, delay := m.timeError()
		return m.t - delay, float64(4 * deviation)
	}
	t1, h1 := while(q)
	t2, h2 := while(r)
	if math.Abs(t1-t2) > h1+h2 {
		return false
	}
	a, b := d.law.begin(q, 0), d.law.begin(r, 0)
	return distance(a[0]-b[0], a[1]-b[1]) <= reach[q.mean]+reach[r.mean]
}

// value is what a set is worth, 0 if it is better taken as false.
func (d *division) value(set []int32) float64 {
	if len(set) == 0 {
		return 0
	}
	return max(d.law.worth(set).worth, 0)
}

// truth takes the true sets.
func (d *division) truth() {
	by := make(map[int32]int32)
	for i := range d.law.reports {
		e := d.law.reports[i].Event
		if e < 0 {
			continue
		}
		first, ok := by[e]
		if !ok {
			by[e] = int32(i)
			continue
		}
		d.put(int32(i), first)
	}
}

// put moves report i into set k.
func (d *division) put(i, k int32) {
	old := d.owner[i]
	d.sets[old] = without(d.sets[old], i)
	d.sets[k] = with(d.sets[k], i)
	d.owner[i] = k
}

func without(set []int32, i int32) []int32 {
	return slices.DeleteFunc(slices.Clone(set), func(j int32) bool { return j == i })
}

func with(set []int32, i int32) []int32 {
	at, _ := slices.BinarySearch(set, i)
	return slices.Insert(slices.Clone(set), at, i)
}

// A union is two sets and what joining them gains.
type union struct {
	a, b int32
	gain float64
}

// join joins the two sets that gain most until none gains. Sets are few
// enough to look at all pairs that changed.
func (d *division) join() {
	var pairs []union
	add := func(a, b int32) {
		a, b = min(a, b), max(a, b)
		both := slices.Concat(d.sets[a], d.sets[b])
		slices.Sort(both)
		if gain := d.law.worth(both).worth - d.value(d.sets[a]) - d.value(d.sets[b]); gain > 0 {
			pairs = append(pairs, union{a, b, gain})
		}
	}
	for i := range d.near {
		for _, j := range d.near[i] {
			if int(j) > i {
				add(int32(i), j)
			}
		}
	}
	for len(pairs) > 0 {
		best := slices.MaxFunc(pairs, func(p, q union) int {
			return cmp.Or(cmp.Compare(p.gain, q.gain), cmp.Compare(q.a, p.a), cmp.Compare(q.b, p.b))
		})
		for _, i := range d.sets[best.b] {
			d.put(i, best.a)
		}
		pairs = slices.DeleteFunc(pairs, func(p union) bool { return p.a == best.a || p.b == best.a || p.a == best.b || p.b == best.b })
		for _, k := range d.around(best.a) {
			add(best.a, k)
		}
	}
}

// around lists the other sets that hold a neighbour of set k.
func (d *division) around(k int32) []int32 {
	var list []int32
	for _, i := range d.sets[k] {
		for _, j := range d.near[i] {
			if o := d.owner[j]; o != k {
				list = append(list, o)
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// sweeps is the most rounds of moves; four were enough in every world tried.
const sweeps = 8

// move moves single reports to where they gain most, until none gains.
func (d *division) move() {
	for range sweeps {
		moved := false
		for i := range d.owner {
			to, gain := d.best(int32(i))
			if gain > 1e-9 {
				d.put(int32(i), to)
				moved = true
			}
		}
		if !moved {
			return
		}
	}
}

// best returns where report i would gain most by moving: another set, or an
// empty one to stand alone.
func (d *division) best(i int32) (to int32, gain float64) {
	own := d.owner[i]
	rest := without(d.sets[own], i)
	stay := d.value(d.sets[own]) - d.value(rest)
	gain = math.Inf(-1)
	for _, k := range d.others(i) {
		if g := d.value(with(d.sets[k], i)) - d.value(d.sets[k]) - stay; g > gain {
			to, gain = k, g
		}
	}
	if len(rest) > 0 {
		if g := d.value([]int32{i}) - stay; g > gain {
			to, gain = int32(slices.IndexFunc(d.sets, func(s []int32) bool { return len(s) == 0 })), g
		}
	}
	return to, gain
}

// others lists the sets but its own that hold a neighbour of report i.
func (d *division) others(i int32) []int32 {
	var list []int32
	for _, j := range d.near[i] {
		if o := d.owner[j]; o != d.owner[i] {
			list = append(list, o)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// settle and samples are how often every report is drawn anew before and while
// divisions are counted. Guess: 200 samples tell a probability to 0.04 at worst.
// Test: the calibration error with four times as many.
const settle, samples = 20, 200

// sample draws divisions from their probability by the law, beginning with d (Gibbs
// sampling: Geman and Geman, IEEE PAMI 6, 1984), and counts by report in how many
// it is with most of those it is with now. It leaves d changed.
func (d *division) sample(seed uint64) []int64 {
	r := newRandom(seed, streamOracle)
	mates := make([][]int32, len(d.owner)) // by report, the others of its set
	for i := range d.owner {
		mates[i] = without(d.sets[d.owner[i]], int32(i))
	}
	count := make([]int64, len(d.owner))
	for n := range settle + samples {
		for i := range d.owner {
			d.draw(r, int32(i))
		}
		if n < settle {
			continue
		}
		for i := range d.owner {
			both := 0
			for _, j := range mates[i] {
				if d.owner[j] == d.owner[i] {
					both++
				}
			}
			if len(mates[i]) > 0 && 2*both >= len(mates[i]) {
				count[i]++
			}
		}
	}
	return count
}

// mass is ln of the weight of a set: one event, or for a lone report also a
// false one.
func (d *division) mass(set []int32) float64 {
	switch len(set) {
	case 0:
		return 0
	case 1:
		return geo.Log(1 + geo.Exp(min(d.law.worth(set).worth, 600)))
	}
	return d.law.worth(set).worth
}

// draw moves report i to a set by the probability of each.
func (d *division) draw(r *random, i int32) {
	rest := without(d.sets[d.owner[i]], i)
	places, logs := []int32{d.owner[i]}, []float64{d.mass(with(rest, i)) - d.mass(rest)}
	for _, k := range d.others(i) {
		places, logs = append(places, k), append(logs, d.mass(with(d.sets[k], i))-d.mass(d.sets[k]))
	}
	if len(rest) > 0 {
		empty := slices.IndexFunc(d.sets, func(s []int32) bool { return len(s) == 0 })
		places, logs = append(places, int32(empty)), append(logs, d.mass([]int32{i}))
	}
	most, sum := slices.Max(logs), 0.0
	for k := range logs {
		logs[k] = geo.Exp(logs[k] - most)
		sum += logs[k]
	}
	u := float64(r.unit() * sum)
	for k := range logs {
		if u -= logs[k]; u < 0 || k == len(logs)-1 {
			if places[k] != d.owner[i] {
				d.put(i, places[k])
			}
			return
		}
	}
}

// solved returns the sets of some worth, by time.
func (d *division) solved(seed uint64) []Solved {
	var all []Solved
	kept := slices.Clone(d.sets)
	together := d.sample(seed)
	for _, set := range kept {
		if len(set) == 0 || d.value(set) <= 0 {
			continue
		}
		f := d.law.worth(set)
		s := Solved{At: hour(f.t), Position: d.law.sector.position(f.x, f.y), Members: set}
		for k := range 3 { // the covariance is the inverse of the information, a column at a time
			var unit [3]float64
			unit[k] = 1
			column, _ := solve3(f.a, unit)
			switch k {
			case 0:
				s.Covariance[0], s.Covariance[1] = float64(column[0]*1e6), float64(column[1]*1e6)
			case 1:
				s.Covariance[2] = float64(column[1] * 1e6)
			}
		}
		for _, i := range set {
			s.Shares = append(s.Shares, geo.Million*together[i]/samples)
		}
		all = append(all, s)
	}
	slices.SortStableFunc(all, func(a, b Solved) int { return cmp.Compare(a.At, b.At) })
	return all
}
