// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"cmp"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate/kernel"
	"github.com/trucewatch/trucewatch/geo"
)

// A Hearing says how far a network of stations hears, and how well.
type Hearing = kernel.Hearing

// A Loudness is one class of sources, by how far they are heard.
type Loudness = kernel.Loudness

// A Station is where arrivals are timed.
type Station struct {
	Position geo.Position
	Clock    trucewatch.Instant // error of its times, one standard deviation
}

// An Arrival is one time at one station: when a sound, or a P or S wave, came.
type Arrival struct {
	Station int32
	Phase   uint8
	At      trucewatch.Instant
}

// A Shot is a source found from arrivals: an explosion, a firing, a tremor.
type Shot struct {
	Position geo.Position
	DepthMM  int64
	At       trucewatch.Instant
	Score    trucewatch.MilliNat   // log-likelihood ratio against "all of it is clutter"
	Arrivals []int32               // by number in the list given
	Gains    []trucewatch.MilliNat // what each of them is worth
	Degraded bool                  // the search was cut short
	solution kernel.Solution
}

// Solutions are accepted down a ladder of scores, the sure ones first, so that a
// chance agreement cannot take their arrivals. All districts climb down the first
// part before any goes on to the second.
var (
	rungs     = [][]int64{{25_000}, {10_000, leastScore}}
	sureRungs = [][]int64{{25_000}, {10_000}} // to learn conditions from
)

// leastScore is the score, in thousandths of a nat, from which a solution is
// taken for a shot. Guess: two nats, odds of seven. Test: precision against the
// generated line of contact.
const leastScore = 2_000

// A Network times arrivals in one medium.
type Network struct {
	hearing   Hearing
	stations  []Station
	ears      *kernel.Ears
	districts []*district
	slab      trucewatch.Instant
	ahead     trucewatch.Instant // how far beyond a slab seeds are tried
	travel    trucewatch.Instant // the longest time from the first arrival to the last
}

// NewNetwork readies a network of stations.
func NewNetwork(h Hearing, stations []Station) *Network {
	n := &Network{hearing: h, stations: stations, ears: kernel.NewEars(h), slab: 5 * trucewatch.Minute}
	n.districts = districts(n.ears, &n.hearing, stations)
	slowest := h.PhasesMMS[len(h.PhasesMMS)-1]
	n.travel = trucewatch.Instant((h.FirstMM + h.ReachMM) * 1_100_000 / slowest)
	n.ahead = n.travel / 2
	return n
}

// Find returns the shots that explain arrivals, sorted by time: once under
// conditions unknown, and, where these can be learned, once more under what the
// first shots tell of them.
func (n *Network) Find(arrivals []Arrival, run Run) []Shot {
	b := n.book(arrivals)
	if n.hearing.WindMMS == 0 {
		return b.fold(rungs, run)
	}
	b.learn(b.fold(sureRungs, run))
	return b.fold(rungs, run)
}

// A Run carries out tasks that do not depend on each other, at the same time or
// one after the other.
type Run func(tasks int, task func(i int))

// fold searches slab by slab.
func (b *book) fold(rungs [][]int64, run Run) []Shot {
	n := b.n
	clear(b.taken)
	b.recent = nil
	var out []Shot
	for from := b.first; from <= b.last; from += n.slab {
		for _, rung := range rungs {
			for colour := range colours {
				var at []int
				for k, d := range n.districts {
					if d.colour == colour {
						at = append(at, k)
					}
				}
				results := make([][]Shot, len(at))
				run(len(at), func(i int) { results[i] = b.search(at[i], from, rung) })
				for _, shots := range results {
					for _, s := range shots {
						for _, i := range s.Arrivals {
							b.taken[i] = true
						}
						out = append(out, s)
						b.recent = append(b.recent, birth{s.Position, s.At})
					}
				}
			}
		}
	}
	slices.SortFunc(out, func(s, t Shot) int { return cmp.Or(cmp.Compare(s.At, t.At), slices.Compare(s.Arrivals, t.Arrivals)) })
	return out
}

// learn sets the conditions of each period by its shots.
func (b *book) learn(shots []Shot) {
	for k := range b.conditions {
		from := b.first/period*period + trucewatch.Instant(k)*period
		var heard []Arrival
		number := make(map[int32]int32)
		for i, a := range b.arrivals {
			if a.At >= from && a.At < from+period+b.n.travel {
				number[int32(i)] = int32(len(heard))
				heard = append(heard, a)
			}
		}
		var own []Shot
		for _, s := range shots {
			if s.At < from || s.At >= from+period {
				continue
			}
			t := s
			t.Arrivals = nil
			for _, i := range s.Arrivals {
				t.Arrivals = append(t.Arrivals, number[i])
			}
			own = append(own, t)
		}
		b.conditions[k] = b.n.learn(b.conditions[k], heard, own, min(b.last-from, period+b.n.travel))
	}
}

// A birth is where and when a shot was found: more are likelier near it.
type birth struct {
	position geo.Position
	at       trucewatch.Instant
}

// A book holds arrivals by station, phase and time.
type book struct {
	n           *Network
	arrivals    []Arrival
	lists       [][]int32     // by station and phase
	conditions  []*Conditions // by period
	taken       []bool
	recent      []birth // shots found
	first, last trucewatch.Instant
}

func (n *Network) book(arrivals []Arrival) *book {
	phases := len(n.hearing.PhasesMMS)
	b := &book{n: n, arrivals: arrivals, lists: make([][]int32, len(n.stations)*phases), taken: make([]bool, len(arrivals))}
	for i, a := range arrivals {
		k := int(a.Station)*phases + int(a.Phase)
		b.lists[k] = append(b.lists[k], int32(i))
		if i == 0 {
			b.first, b.last = a.At, a.At
		}
		b.first, b.last = min(b.first, a.At), max(b.last, a.At)
	}
	for _, list := range b.lists {
		slices.SortFunc(list, func(i, j int32) int { return cmp.Or(cmp.Compare(arrivals[i].At, arrivals[j].At), cmp.Compare(i, j)) })
	}
	unknown := n.unknown(arrivals, b.last-b.first)
	b.first = b.first / n.slab * n.slab
	for at := b.first / period; at <= b.last/period; at++ {
		b.conditions = append(b.conditions, unknown)
	}
	return b
}

// search finds the shots of one district and slab.
func (b *book) search(place int, from trucewatch.Instant, rung []int64) []Shot {
	n := b.n
	d := n.districts[place]
	conditions := b.conditions[from/period-b.first/period]
	w := &window{d: d, from: from}
	phases := len(n.hearing.PhasesMMS)
	begin, end := from-n.travel, from+n.slab+n.ahead+n.travel
	for local, station := range d.stations {
		for ph := range phases {
			k := int(station)*phases + ph
			list := b.lists[k]
			at, _ := slices.BinarySearchFunc(list, begin, func(i int32, t trucewatch.Instant) int { return cmp.Compare(b.arrivals[i].At, t) })
			for ; at < len(list) && b.arrivals[list[at]].At < end; at++ {
				a := b.arrivals[list[at]]
				if b.taken[list[at]] {
					continue
				}
				if ph == 0 && d.core[local] && a.At >= from && a.At < from+n.slab+n.ahead {
					w.seeds = append(w.seeds, int32(len(w.arrivals)))
				}
				w.arrivals = append(w.arrivals, kernel.Arrival{Station: int32(local), Phase: uint8(ph), At: int64(a.At - from)})
				w.number = append(w.number, list[at])
			}
		}
	}
	if len(w.seeds) == 0 {
		return nil
	}
	slices.SortFunc(w.seeds, func(i, j int32) int {
		return cmp.Or(cmp.Compare(w.arrivals[i].At, w.arrivals[j].At), cmp.Compare(i, j))
	})
	w.bound = make([]int64, len(w.seeds))
	for i := range w.bound {
		w.bound[i] = unbounded
	}
	w.tile = kernel.NewTile(d.ground, conditions.skies[place], w.arrivals)
	for _, r := range b.recent {
		if r.at > begin && r.at < end && geo.NearMM(r.position, d.centre) < 150_000_000 {
			east, north := d.plane.Project(r.position)
			w.tile.Remember(east, north, int64(r.at-from))
		}
	}
	w.searcher = kernel.NewSearcher(w.tile)
	w.climb(rung)
	var out []Shot
	for i := range w.found {
		if s := w.shot(&w.found[i]); b.firstOf(&s) < from+n.slab {
			out = append(out, s)
		}
	}
	return out
}

// firstOf is the time of the first arrival of s.
func (b *book) firstOf(s *Shot) trucewatch.Instant {
	at := b.arrivals[s.Arrivals[0]].At
	for _, i := range s.Arrivals[1:] {
		at = min(at, b.arrivals[i].At)
	}
	return at
}
