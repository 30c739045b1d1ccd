// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"cmp"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate/kernel"
	"github.com/trucewatch/trucewatch/geo"
)

// A leg leads a flight from one sighting to a later one.
type leg struct {
	from, to int
	gain     trucewatch.MilliNat
	far      int64 // mm
	dt       trucewatch.Instant
}

// cover returns for each of n sightings the one that follows it, -1 for none, so that
// the gains of the legs have the greatest sum and none follows two. Each sighting in
// turn is given a follower by the best alternating path, which keeps the sum the
// greatest there is (Kuhn, "The Hungarian method for the assignment problem", Naval
// Research Logistics Quarterly 2, 1955). Of equal sums the first found stands, and
// sightings and legs stand in content order.
func cover(n int, legs []leg) []int {
	next, prev := make([]int, n), make([]int, n)
	first := make([]int, n+1) // of each sighting its first leg
	for i := range n {
		next[i], prev[i] = -1, -1
	}
	for _, l := range legs {
		first[l.from+1]++
	}
	for i := range n {
		first[i+1] += first[i]
	}
	for i := range n {
		extend(i, legs, first, next, prev)
	}
	return next
}

// extend finds the best alternating path from i, which ends at a sighting that
// follows none, or at one that gives its follower up, and follows it.
func extend(i int, legs []leg, first, next, prev []int) {
	worth := map[int]trucewatch.MilliNat{i: 0} // of the best path to a sighting without a follower
	via := map[int]int{}                       // its last leg, by the sighting that it ends at
	queue := []int{i}
	best, end, free := trucewatch.MilliNat(0), -1, false
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		if s != i && worth[s] > best {
			best, end, free = worth[s], s, false
		}
		for k := first[s]; k < first[s+1]; k++ {
			l := &legs[k]
			if next[s] == l.to {
				continue
			}
			gain := worth[s] + l.gain
			holder := prev[l.to]
			if holder < 0 {
				if gain > best {
					best, end, free = gain, l.to, true
					via[-1] = k
				}
				continue
			}
			gain -= held(legs, first, holder, l.to)
			if known, seen := worth[holder]; !seen || gain > known {
				worth[holder], via[holder] = gain, k
				queue = append(queue, holder)
			}
		}
	}
	if end < 0 {
		return
	}
	turn(i, end, free, legs, via, next, prev)
}

// turn follows the path back from its end: each leg of it is taken, and each that it
// crosses given up.
func turn(i, end int, free bool, legs []leg, via map[int]int, next, prev []int) {
	at := end
	if free {
		at = -1
	} else {
		next[end] = -1
	}
	for {
		l := &legs[via[at]]
		next[l.from], prev[l.to] = l.to, l.from
		if l.from == i {
			return
		}
		at = l.from
	}
}

// held is the gain of the leg between two sightings.
func held(legs []leg, first []int, from, to int) trucewatch.MilliNat {
	k, _ := slices.BinarySearchFunc(legs[first[from]:first[from+1]], to, func(l leg, to int) int { return cmp.Compare(l.to, to) })
	return legs[first[from]+k].gain
}

// flightsOf follows the legs from each sighting that follows none.
func flightsOf(all []*sighting, legs []leg, next []int, alerts []alert) []Flight {
	follows := make([]bool, len(all))
	for _, j := range next {
		if j >= 0 {
			follows[j] = true
		}
	}
	var out []Flight
	for i := range all {
		if follows[i] || next[i] < 0 {
			continue
		}
		f := Flight{ID: all[i].in.ID, Craft: crafts()[all[i].craft].name}
		var last *sighting
		for at := i; at >= 0; at = next[at] {
			s := all[at]
			part := FlightPart{Incident: s.in.ID, Stage: stages[s.stage]}
			if last != nil {
				part.Gain, part.Share, part.Reason = confirm(all, legs, last, at)
				f.Corridor = append(f.Corridor, between(last, s))
			}
			f.Parts, f.Corridor = append(f.Parts, part), append(f.Corridor, s.estimate())
			f.pass(s, alerts)
			if s.in.ID.Compare(f.ID) < 0 {
				f.ID = s.in.ID
			}
			last = s
		}
		out = append(out, f)
	}
	return out
}

// confirm says what the leg from a sighting to the one at a place is worth, and how
// sure that is: against the next best leg to it, or a new flight.
func confirm(all []*sighting, legs []leg, from *sighting, to int) (gain trucewatch.MilliNat, share trucewatch.PPM, why string) {
	var rival trucewatch.MilliNat
	var taken leg
	for _, l := range legs {
		switch {
		case l.to != to:
		case all[l.from] == from:
			taken = l
		default:
			rival = max(rival, l.gain)
		}
	}
	why = number(int(taken.far/1_000_000)) + " km from incident " + from.in.ID.String() + " in " + length(taken.dt) + ", as a " + crafts()[from.craft].name + " flies"
	return taken.gain, trucewatch.PPM(kernel.Probability(int64(taken.gain - rival))), why
}

// pass adds the alerts of regions in which s was meanwhile.
func (f *Flight) pass(s *sighting, alerts []alert) {
	for _, a := range alerts {
		if a.in.When.Gap(s.in.When) == 0 && a.holds(s) && !slices.Contains(f.Alerts, a.in.ID) {
			f.Alerts = append(f.Alerts, a.in.ID)
		}
	}
}

const (
	corridorRole = "track"
	// UnderWay is the method of the estimates of a corridor.
	UnderWay = "position under way"
)

// estimate is where the flight was when it was noticed.
func (s *sighting) estimate() trucewatch.Estimate {
	return trucewatch.Estimate{Role: corridorRole, Method: UnderWay, Region: geo.Circle(s.place, max(s.reach, 1)), When: s.in.When, Mode: automatic, Status: preliminary}
}

// between is where it may have been halfway in time from s to t: the circle that
// holds every place from which both can be reached at the craft's top speed.
func between(s, t *sighting) trucewatch.Estimate {
	far, azimuth := geo.Inverse(s.place, t.place)
	c := &crafts()[s.craft]
	at := s.at/2 + t.at/2
	reach := metres(c.top, (t.at-s.at)/2+s.half+t.half) + max(s.reach, t.reach)
	// Of what is within reach of both ends, the points furthest from the middle lie
	// straight across the leg.
	wide := max(kernel.Cathetus(reach, far/2), 1)
	return trucewatch.Estimate{Role: corridorRole, Method: UnderWay + ", between two sightings",
		Region: geo.Circle(geo.Direct(s.place, azimuth, far/2), wide),
		When:   trucewatch.Interval{From: at, Till: at}, Mode: automatic, Status: preliminary}
}
