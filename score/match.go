// SPDX-License-Identifier: Apache-2.0

package score

import (
	"cmp"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/scenario"
)

// A Rule says when a result has found an event.
type Rule string

// The rules.
const (
	// Overlap: they share at least 60 % of the members of the larger of them.
	// Source: yetinam/pyocto, benchmark/benchmark/eval.py.
	Overlap Rule = "overlap"
	// Jaccard: they share at least 60 % of the members of either.
	Jaccard Rule = "jaccard"
	// Near: no members are known; they lie within NearTime and NearKM of each
	// other, and are matched one to one, the nearest first.
	Near Rule = "near"
)

// Rules lists every Rule.
func Rules() []Rule { return []Rule{Overlap, Jaccard, Near} }

// shareLeast is the least share of Overlap and Jaccard, in parts of five: 3/5.
// More than a half makes the match one to one.
const shareLeast, shareParts = 3, 5

// Options say how a result is held against the truth.
type Options struct {
	Rule       Rule
	MembersMin int                // events and results with fewer members do not count
	NearTime   trucewatch.Instant // of rule Near
	NearKM     int64
}

// DefaultOptions returns how a world is scored: Mixed and Day by Jaccard with at least
// two members, so that an event that one source alone reported does not count; a
// catalogue without members by place; all others by Overlap.
//
// Guess: near is 3 s and 15 km, twice the usual errors of regional catalogues.
// Test: the residuals of two catalogues of one network.
func DefaultOptions(t *scenario.Truth) Options {
	o := Options{Rule: Overlap, MembersMin: 2, NearTime: 3 * trucewatch.Second, NearKM: 15}
	switch {
	case !slices.ContainsFunc(t.Events, func(e scenario.TrueEvent) bool { return len(e.Members) > 0 }):
		o.Rule, o.MembersMin = Near, 0
	case t.About.World == "mixed", t.About.World == "day":
		o.Rule = Jaccard
	}
	return o
}

// A pairing is which result found which event. It is one to one.
type pairing struct {
	of    []int // by result, the event that it found; -1 if none
	found []int // by event, the result that found it; -1 if none
}

func noPairing(events, results int) pairing {
	p := pairing{of: make([]int, results), found: make([]int, events)}
	for i := range p.of {
		p.of[i] = -1
	}
	for i := range p.found {
		p.found[i] = -1
	}
	return p
}

// owners returns by observation the event to which it truly belongs.
func owners(events []scenario.TrueEvent) map[string]int {
	m := make(map[string]int)
	for k, e := range events {
		for _, o := range e.Members {
			m[o] = k
		}
	}
	return m
}

// A candidate is a result that may have found an event.
type candidate struct {
	result, event int
	worse         int64 // lower is better
}

// pair returns who found what.
func pair(events []scenario.TrueEvent, results []Found, o Options) pairing {
	var all []candidate
	if o.Rule == Near {
		all = nearPairs(events, results, o)
	} else {
		all = memberPairs(events, results, o.Rule)
	}
	slices.SortFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.worse, b.worse), cmp.Compare(a.event, b.event), cmp.Compare(a.result, b.result))
	})
	p := noPairing(len(events), len(results))
	for _, c := range all {
		if p.of[c.result] < 0 && p.found[c.event] < 0 {
			p.of[c.result], p.found[c.event] = c.event, c.result
		}
	}
	return p
}

// memberPairs returns the pairs that share enough members.
func memberPairs(events []scenario.TrueEvent, results []Found, rule Rule) []candidate {
	owner := owners(events)
	var all []candidate
	for i := range results {
		shared := make(map[int]int64)
		var order []int
		for _, m := range results[i].Members {
			if k, ok := owner[m.Observation]; ok {
				if shared[k] == 0 {
					order = append(order, k)
				}
				shared[k]++
			}
		}
		for _, k := range order {
			whole := max(int64(len(results[i].Members)), int64(len(events[k].Members)))
			if rule == Jaccard {
				whole = int64(len(results[i].Members)+len(events[k].Members)) - shared[k]
			}
			if shareParts*shared[k] >= shareLeast*whole {
				all = append(all, candidate{i, k, -geo.Million * shared[k] / whole})
			}
		}
	}
	return all
}

// nearPairs returns the pairs near enough in time and place, the sum of both in
// parts of what is allowed.
func nearPairs(events []scenario.TrueEvent, results []Found, o Options) []candidate {
	order := make([]int, len(events))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(events[a].At, events[b].At) })
	var all []candidate
	for i := range results {
		f := &results[i]
		if !f.Placed || f.At == 0 {
			continue
		}
		from, _ := slices.BinarySearchFunc(order, f.At-o.NearTime, func(k int, t trucewatch.Instant) int { return cmp.Compare(events[k].At, t) })
		for _, k := range order[from:] {
			apart := events[k].At - f.At
			if apart > o.NearTime {
				break
			}
			if mm := geo.DistanceMM(events[k].Position, f.Position); mm <= o.NearKM*1_000_000 {
				time := geo.Million * int64(max(apart, -apart)) / int64(max(o.NearTime, 1))
				all = append(all, candidate{i, k, time + mm/max(o.NearKM, 1)})
			}
		}
	}
	return all
}
