// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"cmp"
	"maps"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate/kernel"
)

// A station's clock may be wrong all the time by more than it states. Every sure shot
// says by how much each of its stations is late if the others are right; what several
// say together is taken off the station's times. Of a network that is late as a whole
// nothing can be said, nor need it: only differences place a shot.

const (
	// clockMemory is from how many slabs, the last of them that for which they hold,
	// clocks are learned: three hours. Guess: a crystal drifts by 10 millionths, 0.1 s
	// in that time. Test: offsets of one hour against the next.
	clockMemory = 36
	// clockStep is to what an offset is rounded, so that one more shot seldom changes
	// it.
	clockStep = 10 * trucewatch.Second / 1000
	// clockRounds is how often clocks are learned anew with the times of the wrong ones
	// put right, as a wrong clock makes those around it look wrong.
	clockRounds = 4
)

// clocks are those found wrong, by station.
type clocks map[int32]kernel.Clock

// local returns the clocks of the stations of a district; zero if they are good.
func (c clocks) local(d *district) []kernel.Clock {
	out := make([]kernel.Clock, len(d.stations))
	for k, station := range d.stations {
		out[k] = c[station]
	}
	return out
}

// A witness is a sure shot that says something of clocks.
type witness struct {
	d    *district
	shot *Shot
	said []kernel.Residual // by arrival, then of those near
}

// A saying is one residual: which witness says it, and its place there.
type saying struct{ witness, place int }

// clocksIn returns the clocks that hold in slab k.
func (l *Listener) clocksIn(k int64) clocks {
	witnesses := l.witnesses(k)
	with := make(map[int32][]saying) // about each station
	for i, w := range witnesses {
		for k, a := range w.shot.heard() {
			station := l.arrivals[a].Station
			with[station] = append(with[station], saying{i, k})
		}
	}
	wrong := make(clocks)
	again := slices.Sorted(maps.Keys(with))
	for range clockRounds {
		before := maps.Clone(wrong)
		for _, station := range again {
			delete(wrong, station)
			if c, ok := clockOf(witnesses, with[station]); ok {
				wrong[station] = c
			}
		}
		again = l.cleared(witnesses, with, before, wrong)
		if len(again) == 0 {
			break
		}
	}
	return wrong
}

// witnesses returns the sure shots that clocks of slab k are learned from.
func (l *Listener) witnesses(k int64) (out []*witness) {
	first, _ := slices.BinarySearchFunc(l.sure.slabs, k-clockMemory+1, func(s *slab, k int64) int { return cmp.Compare(s.number, k) })
	for _, s := range l.sure.slabs[first:] {
		if s.number > k {
			break
		}
		for _, rung := range s.windows {
			for place := range rung {
				for i := range rung[place].shots {
					if said := rung[place].residuals[i]; said != nil {
						out = append(out, &witness{l.n.districts[place], &rung[place].shots[i], said})
					}
				}
			}
		}
	}
	return out
}

// clockOf says what is known of the clock of a station from what is said about it.
func clockOf(witnesses []*witness, with []saying) (kernel.Clock, bool) {
	var said []kernel.Residual
	for _, s := range with {
		if w := witnesses[s.witness]; w.said != nil && w.said[s.place].ErrorUS > 0 {
			said = append(said, w.said[s.place])
		}
	}
	// So that sums do not depend on which district was known first.
	slices.SortFunc(said, func(a, b kernel.Residual) int {
		return cmp.Or(cmp.Compare(a.OffUS, b.OffUS), cmp.Compare(a.ErrorUS, b.ErrorUS))
	})
	c, ok := kernel.ClockOf(said)
	c.LateUS = floor(c.LateUS+int64(clockStep)/2, int64(clockStep)) * int64(clockStep)
	c.ErrorUS = (floor(c.ErrorUS, int64(clockStep)) + 1) * int64(clockStep)
	return c, ok && c.LateUS != 0
}

// cleared has the witnesses of clocks that changed say again what they know, with what
// is now known of these, and returns the stations that they speak of.
func (l *Listener) cleared(witnesses []*witness, with map[int32][]saying, before, now clocks) []int32 {
	hear := make(map[int]bool)
	for _, station := range differing(before, now) {
		for _, s := range with[station] {
			hear[s.witness] = true
		}
	}
	var stations []int32
	for _, i := range slices.Sorted(maps.Keys(hear)) {
		w := witnesses[i]
		w.said = l.residuals(w.d, w.shot, now)
		for k, a := range w.shot.heard() {
			station := l.arrivals[a].Station
			stations = append(stations, station)
			if w.said != nil {
				w.said[k].OffUS += now[station].LateUS
			}
		}
	}
	slices.Sort(stations)
	return slices.Compact(stations)
}

// residuals returns what a shot of a district says of the clocks of its stations; nil if
// nothing.
func (l *Listener) residuals(d *district, s *Shot, known clocks) []kernel.Residual {
	if len(s.Arrivals) < airArrivals || !l.covers(d, s) {
		return nil
	}
	blast := l.blast(d, s, known)
	return d.ground.Residuals(&blast, l.seen(d, s, s.Near, known))
}

// heard returns the arrivals of s and those that may be.
func (s *Shot) heard() []int32 { return append(slices.Clip(s.Arrivals), s.Near...) }

// blast is a shot seen from a district, its times put right.
func (l *Listener) blast(d *district, s *Shot, known clocks) kernel.Blast {
	east, north := d.plane.Project(s.Position)
	return kernel.Blast{EastMM: east, NorthMM: north, Arrivals: l.seen(d, s, s.Arrivals, known)}
}

// seen are arrivals as seen from a district, in the time of s.
func (l *Listener) seen(d *district, s *Shot, numbers []int32, known clocks) (out []kernel.Arrival) {
	for _, number := range numbers {
		a := &l.arrivals[number]
		at := int64(a.At-s.At) - known[a.Station].LateUS
		out = append(out, kernel.Arrival{Station: d.local[a.Station], Phase: a.Phase, At: at})
	}
	return out
}

// differing returns the stations whose clocks are not the same in both.
func differing(a, b clocks) []int32 {
	stations := append(slices.Sorted(maps.Keys(a)), slices.Sorted(maps.Keys(b))...)
	stations = slices.DeleteFunc(stations, func(station int32) bool { return a[station] == b[station] })
	slices.Sort(stations)
	return slices.Compact(stations)
}

// relearn finds anew the clocks of the slabs that changed sure shots bear on, and adds
// to where what is to be learned again because of them.
func (l *Listener) relearn(changed Settled, where []touched) {
	n := l.n
	stale := make(map[int64]bool)
	for _, s := range append(changed.Gone, changed.New...) {
		for k := floor(int64(s.At), int64(n.slab)); k <= floor(int64(s.At+n.travel), int64(n.slab))+clockMemory; k++ {
			if _, known := l.clocks[k]; known {
				stale[k] = true
			}
		}
	}
	for _, k := range slices.Sorted(maps.Keys(stale)) {
		before, now := l.clocks[k], l.clocksIn(k)
		l.clocks[k] = now
		for _, station := range differing(before, now) {
			for _, place := range n.places[station] {
				where[place].add(trucewatch.Instant(k) * n.slab)
			}
		}
	}
}
