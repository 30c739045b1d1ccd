// SPDX-License-Identifier: Apache-2.0

package associate

import (
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
	Key     trucewatch.ContentKey // of the observation: orders arrivals of one instant
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
	Region   geo.Region            // holds the source with 95 %, if its arrivals are the right ones
	Places   []kernel.Mode         // both places, the likelier first, if it may be one of two: then Region holds both
	Error    trucewatch.Instant    // of At, one standard deviation
	Clocks   []kernel.Clock        // how wrong the clock of each arrival's station was taken to be; nil if none was
	Near     []int32               // of sure shots, arrivals that would belong to it if the clocks of their stations were wrong
	home     int                   // district in which it was found
}

// Solutions are accepted down a ladder of scores, the sure ones first, so that a
// chance agreement cannot take their arrivals. All districts climb down the first
// part before any goes on to the second.
var (
	rungs     = [][]int64{{25_000}, {10_000}, {leastScore}}
	sureRungs = [][]int64{{25_000}} // to learn conditions from
)

// leastScore is the score, in thousandths of a nat, from which a solution is
// taken for a shot: as likely as not. Source: the score is a logarithm of odds.
// Test: precision against the generated line of contact, whose frequency of fire
// is learned.
const leastScore = 0

// A Run carries out tasks that do not depend on each other, at the same time or
// one after the other.
type Run func(tasks int, task func(i int))

// A Network times arrivals in one medium.
type Network struct {
	hearing   Hearing
	stations  []Station
	ears      *kernel.Ears
	districts []*district
	places    [][]int // of each station the districts that hear it
	slab      trucewatch.Instant
	ahead     trucewatch.Instant // how far beyond a slab seeds are tried
	travel    trucewatch.Instant // the longest time from the first arrival to the last
}

// slabLength is the length of a slab. Guess: what is late beyond it is rare, and
// the overlap of two windows small beside it. Test: BenchmarkListen.
const slabLength = 5 * trucewatch.Minute

// NewNetwork readies a network of stations.
func NewNetwork(h Hearing, stations []Station) *Network {
	n := &Network{hearing: h, ears: kernel.NewEars(h), slab: slabLength}
	slowest := h.PhasesMMS[len(h.PhasesMMS)-1]
	n.travel = trucewatch.Instant((h.FirstMM + h.ReachMM) * 1_100_000 / slowest)
	n.ahead = n.travel / 2
	n.add(stations)
	return n
}

// add takes more stations and returns the districts that they change.
func (n *Network) add(stations []Station) []int {
	var changed []int
	for _, s := range stations {
		n.stations, n.places = append(n.stations, s), append(n.places, nil)
		changed = append(changed, n.settle()...)
	}
	slices.Sort(changed)
	changed = slices.Compact(changed)
	for _, place := range changed {
		n.gather(place)
	}
	return changed
}

// Find returns the shots that explain arrivals, by time.
func (n *Network) Find(arrivals []Arrival, run Run) []Shot {
	l := NewListener(n)
	l.Add(arrivals...)
	l.Settle(run)
	return l.Shots()
}
