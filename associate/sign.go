// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate/kernel"
	"github.com/trucewatch/trucewatch/geo"
)

// A role says which of an occurrence's two places a sign is about: where it was
// fired, or where it came down. They are never mixed.
type role uint8

const (
	seen   role = iota // one or the other, the source does not say
	impact             // where it came down
	origin             // where it was fired
)

func (r role) String() string { return [...]string{"seen", "impact", "origin"}[r] }

func roleOf(o *trucewatch.Observation) role {
	switch o.Kind {
	case trucewatch.MuzzleFlash:
		return origin
	case trucewatch.Crater, trucewatch.Damage, trucewatch.CasualtySeen, trucewatch.ThermalAnomaly,
		trucewatch.ProjectileInFlight, trucewatch.FireAtMissionAsset:
		return impact
	case trucewatch.Explosion:
		switch o.Description {
		case trucewatch.Outgoing:
			return origin
		case trucewatch.Impact, trucewatch.Airburst, trucewatch.Secondary:
			return impact
		}
	}
	return seen
}

// A spot is what the gate looks at: when and where the occurrence behind an
// observation may have been, and who says so.
type spot struct {
	window trucewatch.Interval // closed, both ends set
	box    kernel.Box          // of the region and what may be near it
	source int32               // number of the source
	kind   uint8               // number of the kind
	role   role
	claim  bool // somebody's unchecked word
	named  bool // the place is a name alone, without a region
	drawn  bool // the window looks back: from when it may have been
	loose  bool // the window says when at most, not how long: longer than an engagement, or looks back
	shot   bool // located by a network from arrivals
	vague  bool // so vague in place and time that joining it to anything would say nothing
	// far is of what is compared with its like alone, and array from where it was heard.
	far   bool
	array geo.Position
	// capacity is the most signs that a count report may be explained by; 0 of all else.
	capacity int64
}

// How long before it was noticed a thing may have happened.
const (
	// Guess: fires set by shelling still show at the next overpass, four hours
	// at mid latitudes with three satellites. Test: delay between recorded
	// explosions and the pixels that fall on them.
	thermalLookback = 4 * trucewatch.Hour
	// Guess: craters and damage are found by the patrol of the next days, and
	// casualties by the visit to the hospital. Test: delay between recorded
	// explosions and the traces ascribed to them by patrols.
	harmLookback = 48 * trucewatch.Hour
	// Guess: an observation whose end is not known has ended within a day.
	// Test: share of such observations later closed after more than a day.
	openEnd = 24 * trucewatch.Hour
)

// windowOf returns the closed interval in which the occurrence was, and whether
// it is loose. A clock's error widens it. A day, [00:00, 24:00), is taken
// without its last microsecond, so that consecutive days do not touch.
func windowOf(o *trucewatch.Observation) (window trucewatch.Interval, loose, drawn bool) {
	w := made(o)
	if w.Till == 0 {
		w.Till = w.From + openEnd
	}
	span := w.Till > w.From
	var lookback trucewatch.Instant
	switch o.Kind {
	case trucewatch.ThermalAnomaly:
		lookback = thermalLookback
	case trucewatch.Crater, trucewatch.Damage, trucewatch.CasualtySeen:
		lookback = harmLookback
	}
	// A window longer than the lookback is a way of saying "some time that day"
	// and already covers it; were it drawn out, days would chain.
	drawn = w.Till-lookback < w.From
	w.From = min(w.From, w.Till-lookback)
	if span {
		w.Till--
	}
	w.From -= trucewatch.Instant(o.Clock.SyncError)
	w.Till += trucewatch.Instant(o.Clock.SyncError)
	_, far := rayOf(o, 0)
	return w, far || lookback > 0 || w.Till-w.From > EngagementCap, drawn
}

// spotOf reads an observation for the gate.
func (a *Associator) spotOf(rec *trucewatch.Recorded) spot {
	o := rec.Observation
	s := spot{kind: a.rules.number[o.Kind], role: roleOf(o), claim: o.Means.IsClaim(), source: a.sourceNumber(rec.Source.ID)}
	s.window, s.loose, s.drawn = windowOf(o)
	kind, where, ok := kindOf(o)
	if !ok {
		s.vague = true
		return s
	}
	s.box, s.named, s.far = where.box(marginMM), where.named, kind.far
	if s.far {
		s.array = o.Where.Region.Center
		s.vague = rayWeight(o)+where.peak <= leastWorth
		return s
	}
	// No agreement in place can be worth more than the density's peak, none in
	// time more than the window's density.
	if kind.sink != nil {
		s.capacity = kind.sink(o)
	}
	best := weightOf(o.Means, modelOf(o.Means).clutter, birthRate) + logCapacity(s.capacity) + where.peak - logSeconds(s.window.Till-s.window.From+EngagementGap)
	s.vague = best <= leastWorth
	return s
}

func (a *Associator) sourceNumber(id trucewatch.SourceID) int32 {
	n, ok := a.sources[id]
	if !ok {
		n = int32(len(a.sources))
		a.sources[id] = n
	}
	return n
}

// near is the gate: whether two observations are close enough in kind, time
// and place to be weighed against each other. It is symmetric.
func (a *Associator) near(m, n *node) bool {
	s, t := &m.spot, &n.spot
	switch {
	case a.rules.why[s.kind][t.kind] == "",
		s.excludes(t),
		s.named != t.named,
		s.far != t.far,
		s.far && !slices.Contains(m.crosses, n.rec),
		!timely(s, t),
		!sameAsset(m, n):
		return false
	case s.named:
		return m.rec.Observation.Where.Name == n.rec.Observation.Where.Name
	case s.box.Overlaps(t.box):
		return mayShare(s.role, t.role) || s.source == t.source
	case s.source == t.source && (s.role == origin) != (t.role == origin):
		return reachOf(m).Overlaps(t.box) || reachOf(n).Overlaps(s.box) // fired there, came down here
	}
	return false
}

// excludes says whether two signs are two events because one source tells them
// apart: two rows about the same sign. Rounds that a network located one by one
// may yet be one engagement, and arrays that one source runs may hear one sound.
func (s *spot) excludes(t *spot) bool {
	return s.source == t.source && s.kind == t.kind && s.role == t.role && !s.shot && s.array == t.array
}

// mayShare says whether signs of two roles may be about one place. A firing near
// an impact may be the other side's answer: only a source that reports both can
// say that they are one, see fit.
func mayShare(s, t role) bool { return s == t || s == seen || t == seen }

// reachOf returns the box of where the other end of n's trajectory may be, the
// empty one unless n is about where it was fired.
func reachOf(n *node) kernel.Box {
	if n.spot.role != origin {
		return n.spot.box
	}
	where, _ := locate(n.rec.Observation)
	return where.box(marginMM + weaponReachMM)
}

// sameAsset refuses interference with two different assets.
func sameAsset(m, n *node) bool {
	o, p := m.rec.Observation, n.rec.Observation
	switch o.Kind {
	case trucewatch.Jamming, trucewatch.Spoofing, trucewatch.SensorTamper:
		return o.Asset == nil || p.Asset == nil || o.Asset.ID == p.Asset.ID
	}
	return true
}

// timely says whether two windows may belong to one engagement. Timed windows
// may be EngagementGap apart; loose ones must share time, for the gap is a
// pause of an engagement, not an error of the clock.
func timely(s, t *spot) bool {
	gap := s.window.Gap(t.window)
	if s.loose || t.loose {
		return gap == 0
	}
	return gap <= EngagementGap && s.window.Join(t.window).Till-s.window.Join(t.window).From <= EngagementCap
}
