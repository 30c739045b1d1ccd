// SPDX-License-Identifier: Apache-2.0

package score

import "github.com/trucewatch/trucewatch/scenario"

// Links say how well observations were divided, whether or not a whole event was
// found.
type Links struct {
	// A link of an observation to a result is right if the result has found the
	// event to which the observation belongs. Precision is right links over links
	// of all results that count, recall right links over members of all events that
	// count.
	Right, Said, True     int
	Precision, Recall, F1 float64
	// Missing and Extra are members of matched events that the result lacks, and
	// members of matched results that belong elsewhere, per match.
	Missing, Extra float64
	// Pairs of observations that stand together in a result and in an event.
	// Source: Hubert and Arabie, Journal of Classification 2, 1985.
	PairPrecision, PairRecall, PairF1 float64
	// B-cubed: over all observations that belong to any event or result, the mean
	// share of an observation's result that belongs to its event, and the mean
	// share of its event that is in its result. A false or unlinked observation is
	// a set of its own. Source: Bagga and Baldwin, COLING 1998; Amigó and others,
	// Information Retrieval 12, 2009.
	BCubedPrecision, BCubedRecall, BCubedF1 float64
}

func linksOf(events []scenario.TrueEvent, found []Found, p pairing) Links {
	var l Links
	for k := range events {
		l.True += len(events[k].Members)
	}
	owner := owners(events)
	extra, missing, matched := 0, 0, 0
	for i := range found {
		l.Said += len(found[i].Members)
		if p.of[i] < 0 {
			continue
		}
		right := 0
		for _, m := range found[i].Members {
			if k, ok := owner[m.Observation]; ok && k == p.of[i] {
				right++
			}
		}
		l.Right += right
		matched++
		extra += len(found[i].Members) - right
		missing += len(events[p.of[i]].Members) - right
	}
	l.Precision, l.Recall, l.F1 = ratios(l.Right, l.Said, l.True)
	l.Missing, l.Extra = ratio(missing, matched), ratio(extra, matched)
	return l
}

// divide works out pairs and B-cubed over all events and results. An observation
// that stands in several results counts in the first.
func (l *Links) divide(events []scenario.TrueEvent, found []Found) {
	owner := owners(events)
	inResult := make(map[string]bool)
	var pairs, pairsSaid, pairsTrue int
	var precision, recall float64
	observations := 0
	for i := range found {
		size, loose := 0, 0
		shared := make(map[int]int)
		var order []int
		for _, m := range found[i].Members {
			if inResult[m.Observation] {
				continue
			}
			inResult[m.Observation] = true
			size++
			k, ok := owner[m.Observation]
			switch {
			case !ok:
				loose++
			case shared[k] == 0:
				order = append(order, k)
				fallthrough
			default:
				shared[k]++
			}
		}
		pairsSaid += size * (size - 1) / 2
		observations += loose
		recall += float64(loose)
		if size > 0 {
			precision += float64(loose) / float64(size)
		}
		for _, k := range order {
			c := shared[k]
			pairs += c * (c - 1) / 2
			precision += float64(c*c) / float64(size)
			recall += float64(c*c) / float64(len(events[k].Members))
		}
	}
	for k := range events {
		n := len(events[k].Members)
		pairsTrue += n * (n - 1) / 2
		observations += n
		for _, m := range events[k].Members {
			if !inResult[m] {
				precision++
				recall += 1 / float64(n)
			}
		}
	}
	l.PairPrecision, l.PairRecall, l.PairF1 = ratios(pairs, pairsSaid, pairsTrue)
	l.BCubedPrecision, l.BCubedRecall = precision/float64(observations), recall/float64(observations)
	l.BCubedF1 = float64(2*float64(l.BCubedPrecision*l.BCubedRecall)) / (l.BCubedPrecision + l.BCubedRecall)
}
