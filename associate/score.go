// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"cmp"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate/kernel"
	"github.com/trucewatch/trucewatch/geo"
)

const (
	// EngagementGap is the longest pause within one engagement.
	// Source: the example agreement, counting.engagement.gap_seconds.
	EngagementGap = 300 * trucewatch.Second
	// EngagementCap is the longest engagement; what goes on longer is several.
	// Source: the example agreement, counting.engagement.cap_minutes.
	EngagementCap = 120 * trucewatch.Minute

	// oneRound is how much less likely an incident lasts than that it was one moment
	// if nobody counted more than one sign, in thousandths of a nat. Guess: odds of
	// 1 to 20. Test: incidents that sensors located round by round.
	oneRound trucewatch.MilliNat = 3_000

	// momentGap is how far apart the windows of those who noticed one moment may
	// lie: sound travels, and clocks are read to the nearest few seconds. Guess.
	// Test: times of reports of shots that sensors located.
	momentGap = 3 * trucewatch.Second

	// birthRate is how many incidents begin per million km2 and day before any
	// evidence. Guess: 100 a day on a strip of 1,250 km by 30 km. Test: incidents
	// that two means confirm, per area covered and day.
	birthRate = 2_700
	// leastWorth is what a report must be worth at the best, in thousandths of a nat,
	// to be weighed at all. Guess: odds of seven. Test: precision and recall against
	// generated worlds.
	leastWorth trucewatch.MilliNat = 2_000
	// oneShot is how much likelier a firing and an impact that one source reports are
	// two shots than one, in thousandths of a nat. Guess: odds of seven. Test: pairs
	// that counter-battery radar tracked.
	oneShot trucewatch.MilliNat = 2_000
	// joinThreshold is the least gain for which sets of observations are joined: what
	// is likelier than not.
	joinThreshold trucewatch.MilliNat = 0

	// spreadMM is how far apart the signs of one engagement lie, one standard
	// deviation in each direction. Guess: follow-on fire falls within 0.8 km of
	// the first. Test: distance between single rounds of engagements that a
	// sensor located round by round.
	spreadMM = 500_000
	// marginMM widens boxes for the gate: three times spreadMM, beyond which the
	// gain is lost anyway.
	marginMM = 3 * spreadMM
	// weaponReachMM is the longest way from firing to impact for which a source
	// can hear or see both. Guess: 20 km, the reach of most guns and mortars and
	// of loud sound. Test: distances of pairs that counter-battery radar tracked.
	weaponReachMM = 20_000_000
	// reachKM2 is the area of the circle of weaponReachMM.
	reachKM2 = 1_257
)

// millionDays is a million km2 times the seconds of a day.
const millionDays = 1_000_000 * 86_400

// weightOf is ln(o / (clutter + birth o)), o = PD/(1 - PD), of a means: what one
// report is worth before place and time, in thousandths of a nat of km2 s. Rates
// are per million km2 and day.
func weightOf(m trucewatch.Means, clutter, birth int64) trucewatch.MilliNat {
	detect := int64(modelOf(m).detect)
	return trucewatch.MilliNat(kernel.LogRatio(detect*millionDays, clutter*(geo.Million-detect)+birth*detect))
}

// againstClutter is ln(birth o / clutter): what a report is worth alone.
func againstClutter(m trucewatch.Means) trucewatch.MilliNat {
	model := modelOf(m)
	return trucewatch.MilliNat(kernel.LogRatio(birthRate*int64(model.detect), model.clutter*int64(geo.Million-model.detect)))
}

// logSeconds is ln of a length of time in seconds, in thousandths.
func logSeconds(t trucewatch.Instant) trucewatch.MilliNat {
	return trucewatch.MilliNat(kernel.LogRatio(int64(t), int64(trucewatch.Second)))
}

// logBirth is ln of a rate per million km2 and day, per km2 and second, in
// thousandths.
func logBirth(rate int64) trucewatch.MilliNat {
	return trucewatch.MilliNat(kernel.LogRatio(rate, millionDays))
}

// An exhibit is an observation of a group, ready to be weighed.
type exhibit struct {
	*node
	number   int32               // of the node in the Associator
	at       int32               // in the partition
	anchored bool                // stays where it is: it stands in the partition only for claims to join
	share    trucewatch.PPM      // probability that it belongs to its set; 0 before it is known
	gain     trucewatch.MilliNat // of a claim, what it is worth there
	place    kernel.Normal
	term     kernel.Term
	weight   trucewatch.MilliNat
	birth    trucewatch.MilliNat // logarithm of the density of incidents that nobody reports
	length   trucewatch.MilliNat // logarithm of the window and gap, in seconds
	moment   kernel.Moment       // when it was, if it was one moment
	ray      *kernel.Ray         // of an arrival of infrasound
	alone    *set                // as a set of its own, never changed
	rest     *rest               // of a count report: what no other incident explains; nil if that is all
}

// exhibit readies node n, seen from frame. A named place has no term.
func (a *Associator) exhibit(n int32, frame kernel.Frame, begin trucewatch.Instant) *exhibit {
	e := &exhibit{node: &a.nodes[n], number: n, at: -1}
	clutter, birth := a.ratesOf(e.node)
	e.weight, e.birth = weightOf(e.rec.Observation.Means, clutter, birth), logBirth(birth)
	e.length = logSeconds(e.spot.window.Till - e.spot.window.From + EngagementGap)
	if !e.spot.drawn {
		e.moment = e.noticed(begin)
	}
	if e.spot.far {
		ray, _ := rayOf(e.rec.Observation, begin)
		e.ray, e.weight, e.birth = &ray, rayWeight(e.rec.Observation), logBirth(loudBirths)
	}
	if !e.spot.named {
		where, _ := locate(e.rec.Observation)
		e.place = where.place
		e.term = frame.Term(e.place)
	}
	e.alone = lonely(e)
	return e
}

// A summary is all that the score of a set needs; that of two sets together
// follows from both, so that a set of hundreds is weighed as quickly as a pair.
type summary struct {
	count  int
	named  bool
	kinds  uint64              // bit by number of kind
	weight trucewatch.MilliNat // sum
	birth  trucewatch.MilliNat // the highest
	timed  int
	hull   trucewatch.Interval // from the first to the last timed window
	common trucewatch.Interval // what the loose windows have in common
	length trucewatch.MilliNat // sum over loose windows
	drawn  trucewatch.MilliNat // sum over those of them that look back
	many   bool                // somebody counted more than one
	moment kernel.Moment       // product, of those that say when
	roles  [3]int              // members by role
	places [3]kernel.Term      // product by role
	linked [3]int              // pairs of one source: impact and origin, seen and origin, seen and impact
	far    []*exhibit          // with rays, in content order
}

// summary returns e as a set of its own.
func (e *exhibit) summary() summary {
	s := summary{count: 1, named: e.spot.named, kinds: 1 << e.spot.kind, weight: e.weight, birth: e.birth}
	if e.spot.loose {
		s.common, s.length = e.spot.window, e.length
		if e.spot.drawn {
			s.drawn = e.length
		}
	} else {
		s.timed, s.hull = 1, e.spot.window
	}
	s.moment = e.moment
	s.many = e.rec.Observation.Count != trucewatch.Count{Value: 1, Qualifier: trucewatch.Exact}
	s.roles[e.spot.role] = 1
	s.places[e.spot.role] = e.term
	if e.ray != nil {
		s.far = []*exhibit{e}
	}
	return s
}

// plus returns the summary of s and t together, but for what links them.
func (s summary) plus(t summary) summary {
	switch {
	case s.timed == 0:
		s.hull = t.hull
	case t.timed > 0:
		s.hull = s.hull.Join(t.hull)
	}
	s.moment = s.moment.Times(t.moment)
	switch {
	case s.timed == s.count:
		s.common = t.common
	case t.timed < t.count:
		s.common.From, s.common.Till = max(s.common.From, t.common.From), min(s.common.Till, t.common.Till)
	}
	s.count += t.count
	s.timed += t.timed
	s.kinds |= t.kinds
	s.weight += t.weight
	s.birth = max(s.birth, t.birth)
	s.length += t.length
	s.drawn += t.drawn
	s.many = s.many || t.many
	for r := range s.roles {
		s.roles[r] += t.roles[r]
		s.places[r] = s.places[r].Times(t.places[r])
		s.linked[r] += t.linked[r]
	}
	if len(t.far) > 0 {
		s.far = inOrder(s.far, t.far, inContent)
	}
	return s
}

// link counts n pairs of one source with two roles.
func (s *summary) link(r, q role, n int) {
	switch low, high := min(r, q), max(r, q); {
	case low == impact && high == origin:
		s.linked[0] += n
	case low == seen && high == origin:
		s.linked[1] += n
	case low == seen && high == impact:
		s.linked[2] += n
	}
}

// together returns the summary of two sets as one, and whether they may be one:
// no two members exclude each other (two rows of one source about the same sign
// are two events), each has another that it may join, and the pauses between
// them are short.
func (a *Associator) together(s, t *set) (summary, bool) {
	if s.sum.named != t.sum.named || !a.mayJoin(&s.sum, &t.sum) ||
		s.sum.timed > 0 && t.sum.timed > 0 && s.sum.hull.Gap(t.sum.hull) > EngagementGap {
		return summary{}, false
	}
	return s.joined(t)
}

// joined returns the summary of two sets as one; false if two members exclude
// each other.
func (s *set) joined(t *set) (summary, bool) {
	if len(s.members) < len(t.members) {
		s, t = t, s
	}
	shared := false // a source
	for _, e := range t.members {
		for _, f := range s.from(e.spot.source) {
			if e.spot.excludes(&f.spot) {
				return summary{}, false
			}
			shared = true
		}
	}
	sum := s.sum.plus(t.sum)
	if shared {
		for _, e := range t.members {
			for _, f := range s.from(e.spot.source) {
				sum.link(e.spot.role, f.spot.role, 1)
			}
		}
	}
	return sum, true
}

// mayJoin says whether one member, where a set has but one, has a kind that
// joins a kind of the other set.
func (a *Associator) mayJoin(s, t *summary) bool {
	return (s.count > 1 || a.rules.joins(s.kinds)&t.kinds != 0) && (t.count > 1 || a.rules.joins(t.kinds)&s.kinds != 0)
}

// left returns the summary of s without its i-th member, its score, and whether
// the others hold together. That they exclude nobody is known.
func (a *Associator) left(s *set, i int) (sum summary, score trucewatch.MilliNat, ok bool) {
	before, after := s.partial()
	switch {
	case len(s.members) == 1:
		return sum, 0, true
	case i == 0:
		sum = after[1]
	case i == len(s.members)-1:
		sum = before[i-1]
	default:
		sum = before[i-1].plus(after[i+1])
	}
	e := s.members[i]
	sum.linked = s.sum.linked
	for _, f := range s.from(e.spot.source) {
		sum.link(e.spot.role, f.spot.role, -1)
	}
	if !a.eachJoins(s.members, e) || !chained(s.members, e) {
		return sum, 0, false
	}
	score, ok = a.score(&sum)
	return sum, score, ok
}

// partial returns the summaries of the members up to each, and from each on,
// without links.
func (s *set) partial() (before, after []summary) {
	if s.before == nil {
		n := len(s.members)
		s.before, s.after = make([]summary, n), make([]summary, n)
		s.before[0], s.after[n-1] = s.members[0].summary(), s.members[n-1].summary()
		for i := 1; i < n; i++ {
			s.before[i] = s.before[i-1].plus(s.members[i].summary())
			s.after[n-1-i] = s.members[n-1-i].summary().plus(s.after[n-i])
		}
	}
	return s.before, s.after
}

// eachJoins says whether each member but one has another that it may join.
func (a *Associator) eachJoins(members []*exhibit, but *exhibit) bool {
	var once, more uint64 // kinds that at least one and at least two members have
	for _, e := range members {
		if e != but {
			more |= once & (1 << e.spot.kind)
			once |= 1 << e.spot.kind
		}
	}
	for _, e := range members {
		others := once&^(1<<e.spot.kind) | more
		if e != but && (len(members) > 2 || but == nil) && a.rules.with[e.spot.kind]&others == 0 {
			return false
		}
	}
	return true
}

// chained says whether no pause between the timed windows of members but one is
// longer than EngagementGap. Content order is by time, save for clock errors,
// which can only make it say no.
func chained(members []*exhibit, but *exhibit) bool {
	var hull trucewatch.Interval
	for _, e := range members {
		switch {
		case e == but || e.spot.loose:
		case hull.IsZero():
			hull = e.spot.window
		case e.spot.window.Gap(hull) > EngagementGap:
			return false
		default:
			hull = hull.Join(e.spot.window)
		}
	}
	return true
}

// score returns the log-likelihood ratio of "these come from one incident"
// against "each stands alone, an incident or clutter", and false if they cannot
// be one. One observation scores 0.
//
//	ln birth + sum ln(PD/(clutter + birth PD)) + ln time + ln place
func (a *Associator) score(s *summary) (trucewatch.MilliNat, bool) {
	if s.count < 2 {
		return 0, true
	}
	if len(s.far) > 0 {
		agreed, ok := s.agree()
		return s.birth + s.weight + agreed, ok
	}
	time, ok := s.time()
	if !ok {
		return 0, false
	}
	place, _, ok := s.fit()
	return s.birth + s.weight + time + place, ok
}

// time weighs whether windows fit one engagement. Timed windows form a chain
// with no gap over EngagementGap and a hull of at most EngagementCap; each lies
// anywhere in the hull: density 1/(hull + gap). Loose windows must meet the hull,
// or, without timed ones, have time in common: density 1/(window + gap).
func (s *summary) time() (trucewatch.MilliNat, bool) {
	if s.timed < s.count && s.common.From > s.common.Till {
		return 0, false
	}
	if s.timed == 0 {
		if s.drawn == s.length {
			return logSeconds(s.common.Till-s.common.From+EngagementGap) - s.length, true
		}
		return trucewatch.MilliNat(s.moment.LogOverlap()) - s.drawn, true
	}
	if s.hull.Till-s.hull.From > EngagementCap || s.timed < s.count && (s.common.From > s.hull.Till || s.common.Till < s.hull.From) {
		return 0, false
	}
	lasting := -trucewatch.MilliNat(s.timed-1)*logSeconds(s.hull.Till-s.hull.From+EngagementGap) - s.length
	if !s.many {
		lasting -= oneRound
	}
	return max(trucewatch.MilliNat(s.moment.LogOverlap())-s.drawn, lasting), true
}

// fit weighs whether the places agree. Signs about the impact share one place,
// signs about the firing another; signs of unknown role go where they fit
// better (fired says: with the firing). Both places in one incident need a
// source that reports both, for a firing near an impact may be the answer of
// the other side; then the firing lies anywhere within reach of the impact.
func (s *summary) fit() (place trucewatch.MilliNat, fired, ok bool) {
	if s.named {
		return trucewatch.MilliNat(-int64(s.count-1) * kernel.LogRatio(namedPlaceKM2, 1)), false, true
	}
	down, ok := s.fitAs(impact)
	if s.roles[seen] == 0 {
		return down, false, ok
	}
	up, also := s.fitAs(origin)
	if also && (!ok || up > down) {
		return up, true, true
	}
	return down, false, ok
}

// fitAs is fit with signs of unknown role taken as with.
func (s *summary) fitAs(with role) (trucewatch.MilliNat, bool) {
	places, members := s.places, s.roles
	places[with] = places[with].Times(places[seen])
	members[with] += members[seen]
	sum := places[impact].LogOverlap() + places[origin].LogOverlap()
	if members[impact] > 0 && members[origin] > 0 {
		linked := s.linked[0] > 0 || with == impact && s.linked[1] > 0 || with == origin && s.linked[2] > 0
		if !linked {
			return 0, false
		}
		sum -= kernel.LogRatio(reachKM2, 1) + int64(oneShot)
	}
	return trucewatch.MilliNat(sum), true
}

func compare(a, b trucewatch.Instant) int { return cmp.Compare(a, b) }

// placeOf returns impact or origin: which of the two places e is about; fired
// says which of them signs of unknown role are about.
func placeOf(e *exhibit, fired bool) role {
	switch {
	case e.spot.role != seen:
		return e.spot.role
	case fired:
		return origin
	}
	return impact
}
