// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate/kernel"
	"github.com/trucewatch/trucewatch/geo"
)

// An Account says term by term why an incident is as sure as it is, and why each
// observation is held to belong to it. Terms are logarithms of odds: the first is what
// holds before anything is compared, the sum is that of the probability given.
type Account struct {
	Sure  []trucewatch.Term   // that it happened: sums to its confidence; nil if one means alone says so
	Links [][]trucewatch.Term // by place in Incident.Links: each sums to the link's share; nil of a report that nothing else joins
}

const (
	// Before time and place are compared, a report is one among those of its means in
	// so much country and time. The choice moves the border between the terms, not
	// their sum. Source: kernel.Sharpness counts in the same area.
	priorKM2  = 1_000
	priorTime = trucewatch.Day
	// accountMax is up to how many links are accounted for: whoever reads more asks
	// for the gains alone. Guess. Test: length of the longest page that was read.
	accountMax = 32
	// certain is the most that odds are given as, and its opposite the least: shares
	// count in parts per million.
	certain trucewatch.PPM = 999_999
)

// odds is the logarithm of the odds of a probability.
func odds(p trucewatch.PPM) trucewatch.MilliNat {
	p = min(max(p, 1), certain)
	return trucewatch.MilliNat(kernel.LogRatio(int64(p), int64(geo.Million-p)))
}

// Account accounts for an incident as it stands; of an older revision, or one of more
// than accountMax links, only for how sure it is.
func (a *Associator) Account(in *trucewatch.Incident) Account {
	out := Account{Sure: a.sure(in)}
	if len(out.Sure) == 1 {
		out.Sure = nil // one report is as sure as its means
	}
	if len(in.Links) > accountMax || a.Incident(in.ID) == nil {
		return out
	}
	at, _ := a.search(trucewatch.ObservationID(in.ID))
	n := a.byID[at]
	members := []int32{n}
	if k := a.nodes[n].formed; k >= 0 {
		if a.formed[k].incident != in {
			return out
		}
		members = a.formed[k].members
	}
	for i := range in.Links {
		out.Links = append(out.Links, a.accountFor(&in.Links[i], members))
	}
	return out
}

// accountFor accounts for one link of an incident of some nodes.
func (a *Associator) accountFor(l *trucewatch.Link, members []int32) []trucewatch.Term {
	if a.arrivals[l.Observation] != nil {
		return balanced([]trucewatch.Term{{What: "an arrival at that time, against one by chance", Gain: l.Gain}}, l, "that the shot it belongs to is of this incident")
	}
	at, found := a.search(l.Observation)
	if !found {
		return nil
	}
	n := a.byID[at]
	var others []int32
	for _, m := range members {
		// A claim is weighed beside everything, other evidence without claims.
		if s := &a.nodes[m].spot; m != n && s.capacity == 0 && (!s.claim || a.nodes[n].spot.claim) {
			others = append(others, m)
		}
	}
	if len(others) == 0 {
		return nil // the incident is this report
	}
	others = append(others, n)
	slices.SortFunc(others, func(m, n int32) int { return contentOrder(a.nodes[m].rec.Observation, a.nodes[n].rec.Observation) })
	s, e := a.gather(others, n)
	return balanced(a.compared(s, e, l.Gain), l, "other ways to divide the reports")
}

// balanced adds what leads from the sum of terms to the share of a link.
func balanced(terms []trucewatch.Term, l *trucewatch.Link, what string) []trucewatch.Term {
	rest := odds(l.Share)
	for _, t := range terms {
		rest -= t.Gain
	}
	if rest == 0 || l.Share >= certain && rest < 0 {
		return terms // surer than shares can say
	}
	return append(terms, trucewatch.Term{What: what, Gain: rest})
}

// gather makes one set of nodes, in content order, and returns it and the exhibit of n.
func (a *Associator) gather(nodes []int32, n int32) (s *set, own *exhibit) {
	first, _ := locate(a.nodes[nodes[0]].rec.Observation)
	frame, begin := kernel.NewFrame(first.place), a.nodes[nodes[0]].spot.window.From
	for i, m := range nodes {
		e := a.exhibit(m, frame, begin)
		e.at = int32(i)
		if m == n {
			own = e
		}
		if s == nil {
			s = lonely(e)
			continue
		}
		sum, _ := s.joined(e.alone)
		s.take(e.alone, sum, 0)
	}
	a.holds(s)
	return s, own
}

// compared says what e is worth in s, term by term: what the others leave is counted
// off, so that the terms sum to its gain.
func (a *Associator) compared(s *set, e *exhibit, gain trucewatch.MilliNat) []trucewatch.Term {
	model := modelOf(e.rec.Observation.Means)
	if e.ray != nil {
		return []trucewatch.Term{{What: model.class + ", before anything is compared: that this arrival is of a source that others heard", Gain: e.weight + s.sum.birth}, {What: farReason, Gain: gain - e.weight - s.sum.birth}}
	}
	area, day := trucewatch.MilliNat(kernel.LogRatio(priorKM2, 1)), logSeconds(priorTime)
	prior := trucewatch.Term{What: model.class + ", before anything is compared: of such reports on a day in 1,000 km2, that this one is of this incident", Gain: e.weight - area - day}
	if e.spot.capacity > 0 {
		prior.Gain += logCapacity(e.spot.capacity)
	}
	time, _ := s.sum.time()
	birth := s.sum.birth
	if len(s.members) > 2 {
		left, _, ok := a.left(s, s.place(e))
		if !ok {
			return []trucewatch.Term{{What: "the others do not hold together without it", Gain: gain}}
		}
		before, _ := left.time()
		time, birth = time-before, birth-left.birth
	} else {
		birth += s.sum.weight - e.weight
	}
	f := a.fitsBest(e, s.members)
	if f == nil {
		f = s.members[0]
		if f == e {
			f = s.members[1]
		}
	}
	terms := []trucewatch.Term{prior, {What: timeWords(e, f), Gain: time + day}}
	if birth != 0 {
		what := "how frequent incidents are here"
		if len(s.members) == 2 {
			what = "that the other report is of an incident at all"
		}
		terms = append(terms, trucewatch.Term{What: what, Gain: birth})
	}
	place := gain
	for _, t := range terms {
		place -= t.Gain
	}
	return append(terms, trucewatch.Term{What: placeWords(e, f), Gain: place})
}

// sure says why an incident is as sure as it is: each class of means once, the surest
// first, each adding what the ones before leave in doubt; then who was silent.
func (a *Associator) sure(in *trucewatch.Incident) []trucewatch.Term {
	var voices []voice
	for _, l := range in.Links {
		rec := a.recorded(l.Observation)
		if rec == nil || rec.Observation.Means.IsClaim() && !in.Claims || a.arrivals[l.Observation] != nil {
			continue
		}
		model := modelOf(rec.Observation.Means)
		voices = speak(voices, voice{rec.Source.ID, model.class, model.reliable * l.Share / geo.Million})
	}
	slices.SortStableFunc(voices, func(v, w voice) int { return int(w.worth - v.worth) })
	sure := in.Confidence
	if len(in.Silent) > 0 {
		sure = in.Unopposed
	}
	var terms []trucewatch.Term
	var classes []string
	var have trucewatch.PPM
	for _, v := range voices {
		if slices.Contains(classes, v.class) {
			continue
		}
		classes = append(classes, v.class)
		next := geo.Million - (geo.Million-have)*(geo.Million-v.worth)/geo.Million
		term := trucewatch.Term{What: "also: " + v.class, Gain: odds(next) - odds(have)}
		if have == 0 {
			term = trucewatch.Term{What: v.class + ": how often such a report alone is right, as surely as it belongs here", Gain: odds(next)}
		}
		terms, have = append(terms, term), next
	}
	if rest := odds(sure) - odds(have); have > 0 && rest != 0 {
		what := "never less than what the best of them says alone"
		if sure < have {
			what = "claims alone never make it probable"
		} else if in.MeansCount > len(classes) {
			what = "located by sensors from their arrivals"
		}
		terms = append(terms, trucewatch.Term{What: what, Gain: rest})
	} else if have == 0 {
		terms = append(terms, trucewatch.Term{What: "located by sensors from their arrivals", Gain: odds(sure)})
	}
	if len(in.Silent) == 0 {
		return terms
	}
	last := odds(in.Confidence) - odds(sure) // the last of them takes what rounding leaves
	for i, w := range in.Silent {
		gain := w.Gain
		if i == len(in.Silent)-1 {
			gain = last
		}
		last -= gain
		terms = append(terms, trucewatch.Term{What: string(w.Source) + " was on duty, notices " + number(int(w.Share/10_000)) + " of 100, and recorded nothing near", Gain: gain})
	}
	return terms
}

// recorded returns the observation with the given ID; nil if there is none.
func (a *Associator) recorded(id trucewatch.ObservationID) *trucewatch.Recorded {
	if rec := a.arrivals[id]; rec != nil {
		return rec
	}
	if at, found := a.search(id); found {
		return a.nodes[a.byID[at]].rec
	}
	return nil
}
