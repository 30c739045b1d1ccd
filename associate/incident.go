// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"cmp"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate/kernel"
	"github.com/trucewatch/trucewatch/geo"
)

const (
	automatic   = "automatic"
	preliminary = "preliminary"
	open        = "open"
	provisional = "provisional" // rests on arrivals so fresh that others may still change it

	aloneReason = "no other observation fits its kind, time and place"
	// beside says what does fit where no other evidence does.
	claimsBeside = "no other evidence fits its kind, time and place; unchecked claims do, which add no confidence"
	countsBeside = "no other evidence fits its kind, time and place; a count over a longer time does"
	claimReason  = "an unchecked claim that fits in kind, time and place; it adds no confidence"

	// claimsMax is the most that unchecked claims alone are worth: below probable.
	// Source: the example agreement, evidence.scale.probable 0.6 and
	// party_claim_alone never_above_possible.
	claimsMax trucewatch.PPM = 599_999
)

// state is that of an incident of n alone.
func (n *node) state() string {
	if n.solved != nil && n.solved.fresh {
		return provisional
	}
	return open
}

// state is that of the incident of s.
func (s *set) state() string {
	for _, e := range s.members {
		if e.state() == provisional {
			return provisional
		}
	}
	return open
}

// An alone incident in one piece of memory: most incidents are of this kind.
type lone struct {
	incident  trucewatch.Incident
	links     [1]trucewatch.Link
	estimates [1]trucewatch.Estimate
	uses      [1]trucewatch.ObservationID
	phenomena [1]trucewatch.Phenomena
	history   [1]trucewatch.Revision
}

// alone returns the incident of a node that was never in another.
func (a *Associator) alone(n int32) *trucewatch.Incident {
	node := &a.nodes[n]
	o := node.rec.Observation
	l := &lone{}
	l.links[0] = trucewatch.Link{Observation: node.rec.ID, Key: o.Key, Gain: againstClutter(o.Means), Share: geo.Million, Reason: aloneReason}
	l.history[0] = trucewatch.Revision{Index: node.cause, What: "first recorded"}
	if node.spot.far {
		l.links[0].Gain = aloneAgainstFalse(o)
	}
	in := &l.incident
	*in = trucewatch.Incident{ID: trucewatch.IncidentID(node.rec.ID), Kind: o.Kind, When: made(o), Links: l.links[:],
		Preferred: -1, Origin: -1, Sources: 1, State: node.state(), History: l.history[:]}
	l.phenomena[0] = trucewatch.Phenomena{Kind: o.Kind, Count: o.Count}
	in.Phenomena = l.phenomena[:]
	in.Confidence = modelOf(o.Means).reliable
	if o.Means.IsClaim() {
		in.Claims = true
		in.Confidence = min(in.Confidence, claimsMax)
	} else {
		in.MeansCount = 1
	}
	if node.solved != nil {
		in.Links = node.solved.spread(l.links[0])
		in.Degraded = node.solved.shot.Degraded
	}
	if o.Where.Region.Kind != "" {
		l.uses[0] = node.rec.ID
		l.estimates[0] = single(node.rec, node.spot.role)
		l.estimates[0].Uses = l.uses[:]
		if node.solved != nil {
			l.estimates[0].Uses = node.observations()
		}
		in.Estimates = l.estimates[:]
		in.Preferred = 0
		if node.spot.role == origin {
			in.Origin = 0
		}
	}
	return in
}

// single is the estimate of one observation: what its source says.
func single(rec *trucewatch.Recorded, r role) trucewatch.Estimate {
	o := rec.Observation
	region := regionOf(o)
	e := trucewatch.Estimate{Role: r.String(), Method: "one " + shape(o.Where.Region.Kind), Region: *region, When: made(o),
		Score: trucewatch.MilliNat(kernel.Sharpness(region)), Mode: automatic, Status: preliminary}
	if region.Kind != o.Where.Region.Kind {
		e.Method += " of an observer not exactly placed"
	}
	if o.Means.IsClaim() {
		e.Method += ", claimed"
		e.Score -= claimPenalty
	}
	return e
}

// claimPenalty puts the estimate of a claim after those of all other evidence.
const claimPenalty trucewatch.MilliNat = 100_000

func shape(k geo.RegionKind) string {
	switch k {
	case geo.Pixel:
		return "pixel"
	case geo.Sector:
		return "sector"
	case geo.Polygon:
		return "area"
	}
	return "point"
}

// links says of each observation of s how well it belongs, by ObservationID.
// The share of other evidence does not depend on claims.
func (a *Associator) links(p *partition, s *set) []trucewatch.Link {
	var links []trucewatch.Link
	for _, e := range s.members {
		gain := a.stay(s, e)
		if e.share == 0 {
			e.share = a.surety(p, s, e)
		}
		links = append(links, trucewatch.Link{Observation: e.rec.ID, Key: e.rec.Observation.Key, Gain: gain, Share: e.share, Reason: a.reason(e, s.members)})
		if link := &links[len(links)-1]; len(s.members) > 1 && e.solved == nil {
			link.Share = sober(link.Share)
		}
		if len(s.members) == 1 {
			link := &links[len(links)-1]
			if len(s.claims) > 0 && len(s.reports) == 0 && e.solved == nil {
				link.Share = sober(withClaims(s.claims))
			}
			link.Gain = againstClutter(e.rec.Observation.Means)
			if e.ray != nil {
				link.Gain = aloneAgainstFalse(e.rec.Observation)
			}
			switch {
			case len(s.reports) > 0:
				link.Reason = countsBeside
			case len(s.claims) > 0:
				link.Reason = claimsBeside
			}
		}
		if e.rest != nil {
			links[len(links)-1].Reason = e.leftOver(links[len(links)-1].Reason)
		}
	}
	for i := range s.reports {
		links = append(links, s.reports[i].link())
	}
	for _, e := range s.claims {
		links = append(links, trucewatch.Link{Observation: e.rec.ID, Key: e.rec.Observation.Key, Gain: e.gain, Share: sober(e.share), Reason: claimReason})
	}
	slices.SortFunc(links, func(l, m trucewatch.Link) int { return l.Observation.Compare(m.Observation) })
	return links
}

// beyondModel is how often a link is wrong for a reason that no likelihood knows: fire that
// follows on from other fire near by, errors that are seldom but gross.
// Guess: of 2,400 links of the mixed worlds of seeds 1 to 20 that were stated at 0.99, 0.955
// were right; of 2,500 of seeds 21 to 40 as many. Test: links that a visit confirmed, by what
// was stated.
const beyondModel trucewatch.PPM = 30_000

// sober is a share that allows for what no likelihood knows.
func sober(share trucewatch.PPM) trucewatch.PPM {
	return max(share*(geo.Million-beyondModel)/geo.Million, 1)
}

// bold is the share by the likelihood that sober was given, within 2 ppm: regions hold the
// truth as often as they say without more doubt, and follow from what links state.
func bold(share trucewatch.PPM) trucewatch.PPM {
	return min(share*geo.Million/(geo.Million-beyondModel), geo.Million)
}

// stay returns what e is worth in s; 0 alone.
func (a *Associator) stay(s *set, e *exhibit) trucewatch.MilliNat {
	if len(s.members) > 1 {
		if _, left, ok := a.left(s, s.place(e)); ok {
			return s.score - left
		}
	}
	return s.score
}

// surety returns how sure it is that e belongs to s: by what it is worth there
// and, at most, elsewhere among p, in another set or, worth 0, alone.
func (a *Associator) surety(p *partition, s *set, e *exhibit) trucewatch.PPM {
	rival := trucewatch.MilliNat(0)
	if len(s.members) == 1 {
		rival = -unrivalled
	}
	if p.edges != nil {
		for i, j := range p.edges[e.at] {
			other := p.sets[p.of[j]]
			if other == nil || other == s || p.listed(e.at, i) {
				continue
			}
			if _, with, ok := a.with(other, e); ok {
				rival = max(rival, with)
			}
		}
	}
	return max(probability(a.stay(s, e)-rival), 1)
}

// probability is that of what is so much likelier than its opposite.
func probability(gap trucewatch.MilliNat) trucewatch.PPM {
	return trucewatch.PPM(kernel.Probability(int64(gap)))
}

// unrivalled is a gap at which the probability rounds to certainty.
const unrivalled trucewatch.MilliNat = 20_000

// reasonMax is among how many of the first members a reason is sought. Guess:
// nobody compares more.
const reasonMax = 16

// reason says in words why e belongs to members: which other it fits best.
func (a *Associator) reason(e *exhibit, members []*exhibit) string {
	if best := a.fitsBest(e, members); best != nil {
		return a.words(e, best)
	}
	if len(members) > 1 {
		return "fits the others together, though none of them alone"
	}
	return aloneReason
}

// fitsBest returns the member that e fits best; nil if it fits none alone.
func (a *Associator) fitsBest(e *exhibit, members []*exhibit) (best *exhibit) {
	var most trucewatch.MilliNat
	for _, f := range members[:min(len(members), reasonMax)] {
		if f == e {
			continue
		}
		if _, gain, ok := a.with(f.alone, e); ok && (best == nil || gain > most) {
			best, most = f, gain
		}
	}
	return best
}

// draft makes the incident of s, but for its name, aliases and history.
func (a *Associator) draft(p *partition, s *set, links []trucewatch.Link) *trucewatch.Incident {
	in := &trucewatch.Incident{Links: links, Degraded: p.degraded, State: s.state(), Preferred: -1, Origin: -1}
	all := append(s.unclaimed(), s.claims...)
	in.Kind = s.members[0].rec.Observation.Kind
	for _, e := range s.unclaimed() {
		if heavier(e.rec.Observation.Kind, in.Kind) {
			in.Kind = e.rec.Observation.Kind
		}
	}
	in.When = whenOf(s.members)
	in.Claims = s.members[0].spot.claim
	in.Phenomena = phenomena(s)
	in.Confidence, in.MeansCount = confidence(s.unclaimed(), links)
	var sources []int32
	for _, e := range all {
		sources = append(sources, e.spot.source)
	}
	slices.Sort(sources)
	in.Sources = len(slices.Compact(sources))
	in.Estimates = estimates(s, in.When, links)
	in.Preferred, in.Origin = preferred(in.Estimates)
	if len(s.sum.far) > 1 {
		s.placeFar(in, p.begin)
	}
	return in
}

// whenOf returns the time of an incident: the hull of its timed observations;
// without any, what the loose ones have in common as stated, else as drawn out
// to when it may have been.
func whenOf(members []*exhibit) trucewatch.Interval {
	if len(members) == 1 {
		return made(members[0].rec.Observation)
	}
	var hull trucewatch.Interval
	timed := false
	for _, e := range members {
		if e.spot.loose {
			continue
		}
		if !timed {
			hull, timed = e.rec.Observation.When, true
		}
		hull = hull.Join(e.rec.Observation.When)
	}
	if timed {
		return hull
	}
	stated := members[0].rec.Observation.When
	for _, e := range members[1:] {
		w := e.rec.Observation.When
		stated.From, stated.Till = max(stated.From, w.From), min(stated.Till, w.Till)
	}
	if stated.From <= stated.Till {
		return stated
	}
	drawn := trucewatch.Interval{From: members[0].spot.window.From, Till: members[0].rec.Observation.When.Till}
	for _, e := range members[1:] {
		drawn.From, drawn.Till = max(drawn.From, e.spot.window.From), min(drawn.Till, e.rec.Observation.When.Till)
	}
	if drawn.Till < drawn.From {
		drawn.Till = 0 // one of them has no end
	}
	return drawn
}

// confidence combines independent means: 1 - product(1 - reliability x share),
// over the best voice of each class, one voice a source, and at least what the
// best says alone. Claims
// count only where there is nothing else, and then at most claimsMax.
func confidence(members []*exhibit, links []trucewatch.Link) (trucewatch.PPM, int) {
	var best trucewatch.PPM
	var voices []voice
	for _, e := range members {
		model := modelOf(e.rec.Observation.Means)
		best = max(best, model.reliable)
		voices = speak(voices, voice{e.rec.Source.ID, model.class, model.reliable * linkOf(links, e).Share / geo.Million})
	}
	var classes []string
	var worth []trucewatch.PPM
	for _, v := range voices {
		if k := slices.Index(classes, v.class); k >= 0 {
			worth[k] = max(worth[k], v.worth)
			continue
		}
		classes, worth = append(classes, v.class), append(worth, v.worth)
	}
	slices.Sort(worth) // so that rounding does not depend on order
	doubt := trucewatch.PPM(geo.Million)
	for _, w := range worth {
		doubt = doubt * (geo.Million - w) / geo.Million
	}
	total := max(best, geo.Million-doubt)
	if members[0].spot.claim {
		return min(total, claimsMax), 0
	}
	return total, len(classes)
}

// A voice is what one source adds to the certainty of an incident: its most
// reliable means, once. A patrol that hears and then asks is one witness.
type voice struct {
	source trucewatch.SourceID
	class  string
	worth  trucewatch.PPM
}

// speak adds a voice, or makes the one of its source the better of the two; equal
// ones go by the word, so that order does not matter.
func speak(voices []voice, v voice) []voice {
	i := slices.IndexFunc(voices, func(have voice) bool { return have.source == v.source })
	if i < 0 {
		return append(voices, v)
	}
	if v.worth > voices[i].worth || v.worth == voices[i].worth && v.class < voices[i].class {
		voices[i] = v
	}
	return voices
}

// phenomena counts signs per kind in the order of the vocabulary: of each source
// the largest row of that kind, for a round may be heard as it leaves and as it
// lands, but of a network all that it located; of all sources the largest. Claims count only where there is nothing
// else: a party's number is not added to what was seen.
func phenomena(s *set) []trucewatch.Phenomena {
	var out []trucewatch.Phenomena
	for _, kind := range trucewatch.Kinds() {
		var counts []trucewatch.Count
		var shots int64
		for _, e := range s.members {
			if e.rec.Observation.Kind != kind {
				continue
			}
			if e.solved != nil {
				shots++
			} else {
				counts = append(counts, e.stated())
			}
		}
		if shots > 0 {
			counts = append(counts, trucewatch.Count{Value: shots, Qualifier: trucewatch.Exact})
		}
		if len(counts) == 0 {
			counts = s.explainedAs(kind)
		}
		if len(counts) > 0 {
			out = append(out, trucewatch.Phenomena{Kind: kind, Count: largest(counts)})
		}
	}
	return out
}

// largest returns the count with the largest value. If the counts differ in
// value or meaning, at least that many were observed by somebody.
func largest(counts []trucewatch.Count) trucewatch.Count {
	best := counts[0]
	mixed := false
	for _, c := range counts[1:] {
		mixed = mixed || c.Value != best.Value || c.Qualifier != best.Qualifier || c.High != best.High
		if c.Value > best.Value || c.Value == best.Value && c.High > best.High {
			best = c
		}
	}
	if mixed && best.Value > 0 {
		best.Qualifier, best.High = trucewatch.AtLeast, 0
	}
	return best
}

// estimates lists every estimate, ranked: of each role the regions taken
// together, and each alone; claims last.
func estimates(s *set, when trucewatch.Interval, links []trucewatch.Link) []trucewatch.Estimate {
	var out []trucewatch.Estimate
	_, fired, _ := s.sum.fit()
	if !s.members[0].spot.named {
		for _, k := range []role{impact, origin} {
			var group []*exhibit
			for _, e := range s.unclaimed() {
				if placeOf(e, fired) == k {
					group = append(group, e)
				}
			}
			out = append(out, together(group, when, links)...)
		}
	}
	for _, e := range s.claims {
		if !e.spot.named {
			claim := single(e.rec, e.spot.role)
			claim.Uses = e.observations()
			out = append(out, claim)
		}
	}
	slices.SortStableFunc(out, func(e, f trucewatch.Estimate) int { return -cmp.Compare(e.Score, f.Score) })
	return out[:min(len(out), trucewatch.ListMax)]
}

// together returns the estimates of observations about one place.
func together(group []*exhibit, when trucewatch.Interval, links []trucewatch.Link) []trucewatch.Estimate {
	var out []trucewatch.Estimate
	common := seen
	for _, e := range group {
		if e.spot.role != seen {
			common = e.spot.role
		}
	}
	for _, e := range group {
		one := single(e.rec, common)
		one.Uses = e.observations()
		out = append(out, one)
	}
	independent := sharpest(group)
	if len(independent) < 2 || group[0].ray != nil {
		return out // rays are taken together by placeFar
	}
	region, places := fuse(independent, links)
	joint := trucewatch.Estimate{Role: common.String(), Method: "intersection of " + number(len(independent)) + " regions", Region: region,
		When: when, Score: trucewatch.MilliNat(kernel.Sharpness(&region)), Mode: automatic, Status: preliminary}
	for _, e := range independent {
		joint.Uses = append(joint.Uses, e.observations()...)
	}
	if group[0].spot.claim {
		joint.Method += ", claimed"
	}
	slices.SortFunc(joint.Uses, trucewatch.ObservationID.Compare)
	joint.Uses = joint.Uses[:min(len(joint.Uses), trucewatch.ListMax)]
	for _, p := range places {
		one := joint
		one.Method, one.Region, one.Weight = "one of two places: "+joint.Method, p.Region, trucewatch.PPM(p.Weight)
		one.Score = trucewatch.MilliNat(kernel.Sharpness(&p.Region))
		if group[0].spot.claim {
			one.Score -= claimPenalty
		}
		out = append(out, one)
	}
	for _, one := range out {
		joint.Score = max(joint.Score, one.Score+1) // all evidence before any part of it
	}
	return append(out, joint)
}

// sharpest returns the smallest region of each source, the smallest of all
// first: two rows of one source are not two opinions on the place.
func sharpest(group []*exhibit) []*exhibit {
	sorted := slices.Clone(group)
	slices.SortStableFunc(sorted, func(e, f *exhibit) int {
		return -cmp.Compare(kernel.Sharpness(regionOf(e.rec.Observation)), kernel.Sharpness(regionOf(f.rec.Observation)))
	})
	var out []*exhibit
	for _, e := range sorted {
		if !slices.ContainsFunc(out, func(f *exhibit) bool { return f.spot.source == e.spot.source }) {
			out = append(out, e)
		}
	}
	return out
}

// fuse returns where the regions of group agree, starting from the first; and where
// that is two places, each of them.
func fuse(group []*exhibit, links []trucewatch.Link) (geo.Region, []kernel.Mode) {
	var parts []kernel.Part
	for _, e := range group {
		share := linkOf(links, e).Share
		if e.share != 0 && e.solved == nil {
			share = bold(share)
		}
		parts = append(parts, kernel.Part{Region: regionOf(e.rec.Observation), SpreadMM: spreadMM, Share: int64(share)})
	}
	return kernel.Places(parts)
}

// linkOf returns the link of e, which there is.
func linkOf(links []trucewatch.Link, e *exhibit) *trucewatch.Link {
	i, _ := slices.BinarySearchFunc(links, e.rec.ID, func(l trucewatch.Link, id trucewatch.ObservationID) int { return l.Observation.Compare(id) })
	return &links[i]
}

// preferred returns the places in the ranked list of the best estimate of where
// it came down (or, if none, of any) and of the best of where it was fired; -1
// if there is none.
func preferred(ranked []trucewatch.Estimate) (best, fired int) {
	best = slices.IndexFunc(ranked, func(e trucewatch.Estimate) bool { return e.Role != origin.String() })
	fired = slices.IndexFunc(ranked, func(e trucewatch.Estimate) bool { return e.Role == origin.String() })
	if best < 0 || fired >= 0 && ranked[best].Score < -claimPenalty/2 && ranked[fired].Score > -claimPenalty/2 {
		best = fired
	}
	return best, fired
}
