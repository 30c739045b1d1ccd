// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"cmp"
	"maps"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate/kernel"
)

// A network hears further at night than by day, downwind of a hill than before it, with
// new ears than with old ones. Each sure shot was heard by some stations and not by
// others, which says how far from what the network's Hearing states.

const (
	// rangeMemory is from how many slabs, the last of them that for which it holds, how
	// far all is heard is learned: an hour. Guess: an inversion forms at dusk within
	// that. Test: ranges of one hour against the next.
	rangeMemory = 12
	// rangeSure is how much better, thousandths of a nat, another range must explain
	// who heard than the one that is stated. Guess: twenty to one. Test: share of
	// districts of a world with the ranges stated in which another is taken.
	rangeSure = 3_000
	// rangeBeside is what part of what the shots of a district say counts in those beside
	// it, which have much of its weather and none of its hills. Guess: a quarter. Test: as
	// rangeMemory, of districts.
	rangeBeside = 4
)

// rangeBefore is the logarithm of how likely each of kernel.RangeSteps is before any
// evidence, against the stated one, thousandths of a nat: that of a normal distribution
// of the logarithm of the factor, with a standard deviation of 0.3.
//
// Guess: as the excess attenuation of sound over 10 km changes by some 10 dB from day to
// night. Test: ranges learned of a mission's network.
var rangeBefore = [...]int64{-2_669, -1_186, -277, 0, -277, -1_227}

// A carried is how well each of kernel.RangeSteps explains who heard some shots,
// thousandths of a nat.
type carried [len(kernel.RangeSteps)]int64

func (c *carried) add(more carried) {
	for step, v := range more {
		c[step] += v
	}
}

// carriedBy says what a sure shot of a district says of how far it is heard there;
// nothing if too few heard it.
func (l *Listener) carriedBy(d *district, s *Shot) carried {
	if len(s.Arrivals) < airArrivals || !l.covers(d, s) {
		return carried{}
	}
	blast := l.blast(d, s, nil)
	return d.ground.Carried(&blast, airArrivals)
}

// saidIn is what the sure shots of a district say of the slabs that bear on slab k.
func (l *Listener) saidIn(place int, k int64) (said carried) {
	first, _ := slices.BinarySearchFunc(l.sure.slabs, k-rangeMemory+1, func(s *slab, k int64) int { return cmp.Compare(s.number, k) })
	for _, s := range l.sure.slabs[first:] {
		if s.number > k {
			break
		}
		for _, rung := range s.windows {
			if place < len(rung) {
				said.add(rung[place].carried)
			}
		}
	}
	return said
}

// rangesIn returns how far all is heard in a district in slab k, a place in
// kernel.RangeSteps.
func (l *Listener) rangesIn(place int, k int64) int {
	said := carried(rangeBefore)
	said.add(l.saidIn(place, k))
	for _, near := range l.n.beside(place) {
		for step, v := range l.saidIn(near, k) {
			said[step] += v / rangeBeside
		}
	}
	best := kernel.AsStated
	for step, v := range said {
		if v > said[kernel.AsStated]+rangeSure && (best == kernel.AsStated || v > said[best]) {
			best = step
		}
	}
	return best
}

// beside returns the districts that have stations which bear on a district.
func (n *Network) beside(place int) (near []int) {
	d := n.districts[place]
	for other, q := range n.districts {
		if other != place && slices.ContainsFunc(q.home, func(station int32) bool { _, bears := d.local[station]; return bears }) {
			near = append(near, other)
		}
	}
	return near
}

// rerange adds to where the slabs in which something else is now learned of how far all
// is heard, because of sure shots that changed.
func (l *Listener) rerange(changed Settled, where []touched) {
	n := l.n
	stale := make(map[placeAndTime]bool)
	for _, s := range append(changed.Gone, changed.New...) {
		for k := floor(int64(s.At), int64(n.slab)); k <= floor(int64(s.At+n.travel), int64(n.slab))+rangeMemory; k++ {
			stale[placeAndTime{s.home, k}] = true
			for _, near := range n.beside(s.home) {
				stale[placeAndTime{near, k}] = true
			}
		}
	}
	order := func(a, b placeAndTime) int {
		return cmp.Or(cmp.Compare(a.district, b.district), cmp.Compare(a.slab, b.slab))
	}
	for _, key := range slices.SortedFunc(maps.Keys(stale), order) {
		if c := l.conditions[key]; c != nil && c.ranges != l.rangesIn(key.district, key.slab) {
			where[key.district].add(trucewatch.Instant(key.slab) * n.slab)
		}
	}
}
