// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
)

// limit answers "inside_limit_of_class", and whether the limit binds yet: each
// side withdraws from its own reference line, in phases. There is at least one
// condition.
func (t *trial) limit() []condition {
	if t.region.IsZero() {
		return []condition{t.noPlace("inside the limit of its class")}
	}
	var best *condition
	binding := condition{scope: true, holds: yes}
	for _, group := range [2][]*trucewatch.Recorded{t.checked, t.support} {
		for _, r := range group {
			if !isKnown(r.Observation.Weapon) {
				continue
			}
			c, b := t.limitOf(r)
			if best == nil || c.holds > best.holds {
				best, binding = &c, b
			}
		}
		if best != nil {
			best.claimed = !isChecked(group)
			break
		}
	}
	if best == nil || best.holds == no {
		return []condition{{holds: no}} // an unknown weapon has no limit
	}
	if binding.reason.Text == "" {
		return []condition{*best}
	}
	return []condition{*best, binding}
}

// limitOf answers for the weapon of one observation: for each class that it may
// be of, the share of where it may be that lies inside the limit.
func (t *trial) limitOf(r *trucewatch.Recorded) (inside, binding condition) {
	some, all := no, yes
	var least, most trucewatch.PPM
	var decides *agreement.WeaponClass
	var decisive *place
	candidates := t.a.Candidates(r.Observation.Weapon)
	for i, cand := range candidates {
		p := t.test(t.limitZone(cand.Class, r.Observation), t.limitError(cand.Class))
		if decides == nil || p.holds > some {
			decides, decisive = cand.Class, p
		}
		some, all = max(some, p.holds), min(all, p.holds)
		if i == 0 {
			least, most = p.share, p.share
		}
		least, most = min(least, p.share), max(most, p.share)
	}
	holds := some
	classless := len(candidates) == 1 && !candidates[0].Certain
	if some != all || classless && holds == yes {
		holds = unknown
	}
	if len(candidates) == 0 || holds == no {
		return condition{holds: no}, condition{}
	}
	evidence := []trucewatch.ObservationID{r.ID}
	limit := kilometres(decides.WithdrawMM)
	inside = condition{holds: holds, share: &least, reason: reasonOf(holds, decides.ID, evidence, sayInLimit, limit, percent(least))}
	if line, mm := t.nearestLine(decides, r.Observation); line != nil {
		inside.reason = reasonOf(holds, decides.ID, evidence, sayInLimitAt, limit, percent(least), kilometres(mm), kilometres(t.spread()), line.ID)
	}
	inside.reason.Share, inside.reason.Because = least, t.ends(decisive)
	switch {
	case holds == unknown && (t.inside(least) != t.inside(most) || classless):
		inside.change = fill(changeClass, decides.ID)
	case holds == unknown:
		inside.change = t.decides(decisive)
	}
	return inside, t.limitBinds(decides)
}

// limitZone is the ground inside the limit of a class: of the party whose weapon
// it is, or, if nobody says whose, of either.
func (t *trial) limitZone(class *agreement.WeaponClass, o *trucewatch.Observation) *geo.Zone {
	who := ownerOf(o)
	for i := range class.Limit {
		if side := &class.Limit[i]; who == string(side.Party) {
			return side.Zone
		}
	}
	return t.reading.limits[class.ID]
}

func (t *trial) limitError(c *agreement.WeaponClass) int64 {
	var mm int64
	for _, side := range c.Limit {
		if l := t.referenceLine(side.Party); l != nil {
			mm = max(mm, l.SurveyErrorMM)
		}
	}
	return mm
}

// nearestLine returns the reference line that the place is nearest to, among
// those of the parties whose weapon it may be, and how far.
func (t *trial) nearestLine(class *agreement.WeaponClass, o *trucewatch.Observation) (line *agreement.Line, mm int64) {
	who := ownerOf(o)
	for _, side := range class.Limit {
		l := t.referenceLine(side.Party)
		if l == nil || slices.Contains(t.a.PartyIDs, trucewatch.PartyID(who)) && who != string(side.Party) {
			continue
		}
		if d := l.Line.DistanceMM(t.region.Mean()); line == nil || d < mm {
			line, mm = l, d
		}
	}
	return line, mm
}

// limitBinds answers whether the limit of a class binds already: its phase is
// over. Before that the weapon is not yet owed, and its sight is out of scope.
func (t *trial) limitBinds(class *agreement.WeaponClass) condition {
	if class.Phase == "" {
		return condition{}
	}
	from := t.a.PhaseEnd(class.Phase, trucewatch.Reading{ID: t.reading.Reading, Span: t.reading.Span, Basis: t.reading.Basis})
	holds := covers(trucewatch.Interval{From: from}, t.in.Incident.When)
	sentence := sayBinds
	if holds == no {
		sentence = sayNotOwed
	}
	return condition{holds: holds, scope: true, reason: reasonOf(holds, class.Phase, nil, sentence, class.Phase, from.String()), change: changePhase}
}
