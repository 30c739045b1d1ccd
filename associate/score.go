// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate/kernel"
)

const (
	// EngagementGap is the longest pause within one engagement.
	// Source: the example agreement, counting.engagement.gap_seconds.
	EngagementGap = 300 * trucewatch.Second
	// EngagementCap is the longest engagement; what goes on longer is several.
	// Source: the example agreement, counting.engagement.cap_minutes.
	EngagementCap = 120 * trucewatch.Minute

	// birthRate is how many incidents begin per million km2 and day before any
	// evidence. Guess: 100 a day on a strip of 1,250 km by 30 km. Test: incidents
	// that two means confirm, per area covered and day.
	birthRate = 2_700
	// joinThreshold is the least gain, in thousandths of a nat, for which sets of
	// observations are joined. Source: the prototype of docs/decisions used 2 nats.
	// Test: precision and recall against generated worlds.
	joinThreshold trucewatch.MilliNat = 2_000

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
	// namedPlaceKM2 is the area that a place name without a region stands for.
	// Guess: a village and its fields. Test: areas of the gazetteer's places.
	namedPlaceKM2 = 10
)

// weightOf is ln(PD / (clutter + birth PD)) of a means: what one report is worth
// before place and time, in thousandths of a nat of km2 s.
func weightOf(m trucewatch.Means) trucewatch.MilliNat {
	model := modelOf(m)
	const millionDays = 86_400 * 1_000_000 // seconds of a day times million km2
	return trucewatch.MilliNat(kernel.LogRatio(int64(model.detect)*millionDays,
		model.clutter*1_000_000+birthRate*int64(model.detect)))
}

// againstClutter is ln(birth PD / clutter): what a report is worth alone.
func againstClutter(m trucewatch.Means) trucewatch.MilliNat {
	model := modelOf(m)
	return trucewatch.MilliNat(kernel.LogRatio(birthRate*int64(model.detect), model.clutter*1_000_000))
}

// logSeconds is ln of a length of time in seconds, in thousandths.
func logSeconds(t trucewatch.Instant) int64 {
	return kernel.LogRatio(int64(t), int64(trucewatch.Second))
}

// An exhibit is an observation of a group, ready to be weighed.
type exhibit struct {
	*node
	number int32 // of the node in the Associator
	at     int32 // in the partition; claims have none
	place  kernel.Normal
	term   kernel.Term
	weight trucewatch.MilliNat
}

// exhibit readies node n, seen from frame. A named place has no term.
func (a *Associator) exhibit(n int32, frame kernel.Frame) *exhibit {
	e := &exhibit{node: &a.nodes[n], number: n, at: -1, weight: weightOf(a.nodes[n].rec.Observation.Means)}
	if !e.spot.named {
		e.place, _ = kernel.NormalOf(&e.rec.Observation.Where.Region, spreadMM)
		e.term = frame.Term(e.place)
	}
	return e
}

// score returns the log-likelihood ratio of "these come from one incident"
// against "each stands alone, an incident or clutter", and false if they cannot
// be one. The set is in content order. One exhibit scores 0.
//
//	ln birth + sum ln(PD/(clutter + birth PD)) + ln time + ln place
func (a *Associator) score(set []*exhibit) (trucewatch.MilliNat, bool) {
	if len(set) < 2 {
		return 0, len(set) == 1
	}
	if !a.allowed(set) {
		return 0, false
	}
	time, ok := timeTerm(set)
	if !ok {
		return 0, false
	}
	place, _, ok := fit(set)
	if !ok {
		return 0, false
	}
	const millionDays = 86_400 * 1_000_000
	sum := trucewatch.MilliNat(kernel.LogRatio(birthRate, millionDays)) + time + place
	for _, e := range set {
		sum += e.weight
	}
	return sum, true
}

// allowed says whether no two of set exclude each other (two rows of one source
// about the same sign are two events) and each may join at least one other.
func (a *Associator) allowed(set []*exhibit) bool {
	for i, e := range set {
		joins := false
		for j, f := range set {
			if i == j {
				continue
			}
			s, t := &e.spot, &f.spot
			if s.source == t.source && s.kind == t.kind && s.role == t.role || s.named != t.named {
				return false
			}
			joins = joins || a.rules.why[s.kind][t.kind] != ""
		}
		if !joins {
			return false
		}
	}
	return true
}

// timeTerm weighs whether windows fit one engagement. Timed windows form a
// chain with no gap over EngagementGap and a hull of at most EngagementCap; each
// lies anywhere in the hull: density 1/(hull + gap). Loose windows must meet the
// hull, or, without timed ones, have time in common: density 1/(window + gap).
func timeTerm(set []*exhibit) (trucewatch.MilliNat, bool) {
	hull, timed, ok := hullOf(set)
	if !ok {
		return 0, false
	}
	common := logSeconds(hull.Till - hull.From + EngagementGap)
	sum := common
	for _, e := range set {
		w := e.spot.window
		switch {
		case !e.spot.loose:
			sum -= common
		case timed && w.Gap(hull) > 0:
			return 0, false
		default:
			sum -= logSeconds(w.Till - w.From + EngagementGap)
		}
	}
	return trucewatch.MilliNat(sum), true
}

// hullOf returns the interval from the first to the last timed window and true;
// without timed windows, what the loose ones have in common and false. It is
// not ok if the windows do not fit together.
func hullOf(set []*exhibit) (hull trucewatch.Interval, timed, ok bool) {
	var windows []trucewatch.Interval
	for _, e := range set {
		if !e.spot.loose {
			windows = append(windows, e.spot.window)
		}
	}
	if len(windows) == 0 {
		hull = set[0].spot.window
		for _, e := range set[1:] {
			hull.From, hull.Till = max(hull.From, e.spot.window.From), min(hull.Till, e.spot.window.Till)
		}
		return hull, false, hull.From <= hull.Till
	}
	slices.SortFunc(windows, func(v, w trucewatch.Interval) int {
		return compare(v.From, w.From)
	})
	hull = windows[0]
	for _, w := range windows[1:] {
		if w.Gap(hull) > EngagementGap {
			return hull, true, false
		}
		hull = hull.Join(w)
	}
	return hull, true, hull.Till-hull.From <= EngagementCap
}

func compare(a, b trucewatch.Instant) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// fit weighs whether the places agree. Signs about the impact share one place,
// signs about the firing another; signs of unknown role go where they fit
// better (fired says: with the firing). Both places in one incident need a
// source that reports both, for a firing near an impact may be the answer of
// the other side; then the firing lies anywhere within reach of the impact.
func fit(set []*exhibit) (place trucewatch.MilliNat, fired, ok bool) {
	if set[0].spot.named {
		return trucewatch.MilliNat(-int64(len(set)-1) * kernel.LogRatio(namedPlaceKM2, 1)), false, true
	}
	down, ok := fitAs(set, impact)
	up, also := fitAs(set, origin)
	switch {
	case also && (!ok || up > down):
		return up, true, true
	case ok:
		return down, false, true
	}
	return 0, false, false
}

// fitAs is fit with signs of unknown role taken as with.
func fitAs(set []*exhibit, with role) (trucewatch.MilliNat, bool) {
	var places [2]kernel.Term
	var members [2]int
	linked := false
	for i, e := range set {
		k := placeOf(e, with == origin)
		places[k] = places[k].Times(e.term)
		members[k]++
		for _, f := range set[:i] {
			linked = linked || f.spot.source == e.spot.source && placeOf(f, with == origin) != k
		}
	}
	sum := places[0].LogOverlap() + places[1].LogOverlap()
	if members[0] > 0 && members[1] > 0 {
		if !linked {
			return 0, false
		}
		sum -= kernel.LogRatio(reachKM2, 1)
	}
	return trucewatch.MilliNat(sum), true
}

// placeOf returns 1 if e is about where it was fired, 0 if about where it came
// down; fired says which of the two signs of unknown role are.
func placeOf(e *exhibit, fired bool) int {
	if e.spot.role == origin || e.spot.role == seen && fired {
		return 1
	}
	return 0
}
