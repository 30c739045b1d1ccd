// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate/kernel"
)

// People say when something was with a window, wider or narrower than they need, and often
// late: they look at the clock afterwards, and round. How late and how sure they are is
// learned from what a clock in the same country timed to the second, by means, and of
// claims by source, so that nobody's claims change what others say. It changes the moment
// at which one is taken to have noticed something, never what passes the gate.

const (
	// sharpWindow is the longest window of a time that is taken as known. Guess: clocks of
	// sensors and cameras. Test: none needed, longer ones would only blur what is learned.
	sharpWindow = 20 * trucewatch.Second
	// dullLeast and dullMost are the windows whose lateness is learned: shorter, and it is
	// known anyway; longer, and the gate cuts off what is needed to tell chance from truth.
	dullLeast, dullMost = trucewatch.Minute, 100 * trucewatch.Minute
	// latenessLeast is from how many differences on anything is learned. Guess. Test: F1 of
	// the mixed worlds with half and twice as many.
	latenessLeast = 20
	// latenessPart is one of how many reports must be of what a clock timed: where hardly any
	// is, a peak of the differences is chance. Guess. Test: precision of the worlds that drown
	// in claims.
	latenessPart = 2
	// latenessSide is the side of the squares of country in which it is learned, a day each:
	// as wide as a sector, so that there is enough to learn from.
	latenessSide = 1 // of patchSides
)

// A latenessKey is whose lateness is learned, where and when.
type latenessKey struct {
	patch  patchKey
	means  trucewatch.Means
	source int32 // of claims; 0 of all else
}

// A lateness is how reports of one means are timed in a square of country on one day.
type lateness struct {
	counts  [kernel.LateBins]int64
	total   int64
	users   []int32
	learned trueTime
}

// A trueTime is when something was, beside the window that is stated: mean and deviation
// in thousandths of half of it. Zero: as stated.
type trueTime struct{ Late, Deviation int64 }

// noticed is when n's occurrence was by its window, if it was one moment, as learned.
func (n *node) noticed(begin trucewatch.Instant) kernel.Moment {
	from, till := int64(n.spot.window.From-begin), int64(n.spot.window.Till-begin)
	if t := n.timing(); t != (trueTime{}) {
		half := (till - from) / 2
		middle := from + half + half*t.Late/1000
		wide := half * t.Deviation / 1000 * 1732 / 1000 // of an even window with that deviation
		from, till = middle-wide, middle+wide
	}
	return kernel.NewMoment(from, till, int64(momentGap))
}

// timing is what is known of n's time beside its window.
func (n *node) timing() trueTime {
	if n.lateness == nil {
		return trueTime{}
	}
	return n.lateness.learned
}

// dull says whether the lateness of such a window is learned, sharp whether such times are
// learned from.
func (s *spot) dull() bool {
	width := s.window.Till - s.window.From
	return !s.loose && !s.drawn && !s.far && !s.named && width >= dullLeast && width <= dullMost
}

// sharp: see dull.
func (s *spot) sharp() bool {
	return !s.loose && !s.drawn && !s.far && !s.named && !s.claim && s.window.Till-s.window.From <= sharpWindow
}

// latenessOf opens where the lateness of node n is learned.
func (a *Associator) latenessOf(n int32) *lateness {
	node := &a.nodes[n]
	s := &node.spot
	side := patchSides[latenessSide]
	middle := int64(s.window.From + (s.window.Till-s.window.From)/2)
	lat, lon := (int64(s.box.South)+int64(s.box.North))/2, (int64(s.box.West)+int64(s.box.East))/2
	key := latenessKey{patch: patchKey{latenessSide, int16(floor(lat, side)), int16(floor(lon, side)), int32(floor(middle, int64(trucewatch.Day)))}, means: node.rec.Observation.Means}
	if s.claim {
		key.source = s.source + 1
	}
	l := a.rates.late[key]
	if l == nil {
		l = &lateness{}
		a.rates.late[key] = l
	}
	return l
}

// compareTimes counts, or with sign -1 takes back, how node n's time differs from those of
// others near it, if one of them says it to the second and the other does not.
func (a *Associator) compareTimes(n int32, others []int32, sign int64) {
	slices.Sort(others)
	for _, m := range slices.Compact(others) {
		s, t := &a.nodes[m], &a.nodes[n]
		if t.lateness != nil {
			s, t = t, s
		}
		if s.lateness == nil || !t.spot.sharp() {
			continue
		}
		half := int64(s.spot.window.Till-s.spot.window.From) / 2
		off := int64(t.spot.window.From+t.spot.window.Till)/2 - int64(s.spot.window.From) - half
		bin := floor(off*10, half) - kernel.LateLeast
		if bin < 0 || bin >= kernel.LateBins {
			continue
		}
		l := s.lateness
		l.counts[bin] += sign
		l.total += sign
		a.rates.reviewed = append(a.rates.reviewed, l)
	}
}

// relearn learns anew what compareTimes counted, and returns the nodes whose times
// that changes.
func (r *patches) relearn() (nodes []int32) {
	seen := make(map[*lateness]bool, len(r.reviewed))
	for _, l := range r.reviewed {
		if seen[l] {
			continue
		}
		seen[l] = true
		var learned trueTime
		if l.total >= latenessLeast {
			late, deviation, same := kernel.Lateness(&l.counts)
			if same*latenessPart >= int64(len(l.users)) {
				learned = trueTime{late, deviation}
			}
		}
		if learned != l.learned {
			l.learned = learned
			nodes = append(nodes, l.users...)
		}
	}
	r.reviewed = r.reviewed[:0]
	return nodes
}
