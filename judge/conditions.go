// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
)

// conditions answers every condition that the act sets, and those of scope. It
// stops at the first that does not hold and returns nil: then the incident is
// not this act. What is cheap to answer and often no comes first.
func (t *trial) conditions() []condition {
	w := &t.act.When
	out := make([]condition, 1, 8) // the first says what was observed
	holds := func(set bool, ask func() condition) bool {
		if !set {
			return true
		}
		c := ask()
		out = append(out, c)
		return c.scope || c.holds != no
	}
	if !(holds(w.Precise, t.precise) &&
		holds(len(w.RestrictionTypes) > 0, t.restrictionType) &&
		holds(w.Minutes != agreement.Bounds{}, t.minutes) &&
		holds(len(w.Platforms)+len(w.Classes) > 0, t.weapon) &&
		holds(w.ClassIs != "", t.heavy) &&
		holds(len(w.Zones) > 0, t.zone) &&
		holds(w.Owner != "" && t.missionAsset().holds != yes, t.owner) &&
		holds(w.Civilian, t.civilian) &&
		holds(w.Standard != "", t.standard) &&
		t.ofKinds(holds)) {
		return nil
	}
	if w.InsideLimit {
		limit := t.limit()
		if limit[0].holds == no {
			return nil
		}
		out = append(out, limit...)
	}
	if !holds(t.act.Rule != "", t.rule) {
		return nil
	}
	out[0] = t.kind()
	return append(out, t.force(), t.bound())
}

// ofKinds answers what some kinds ask beside the conditions of the act: an
// advance is one only forward of the own line, a position new only if none stood
// there.
func (t *trial) ofKinds(holds func(set bool, ask func() condition) bool) bool {
	about := func(kinds ...trucewatch.Kind) bool {
		return slices.ContainsFunc(t.act.When.Kinds, func(k trucewatch.Kind) bool { return slices.Contains(kinds, k) })
	}
	return holds(about(trucewatch.Advance, trucewatch.Raid), t.forward) &&
		holds(about(trucewatch.NewPosition, trucewatch.EngineeringWork, trucewatch.PositionSeen), t.newPosition) &&
		holds(about(trucewatch.MineNew, trucewatch.MineSeen, trucewatch.UXO), t.newMine) &&
		holds(about(trucewatch.PersonsInZone, trucewatch.VehicleSeen) && t.act.When.Owner == "", t.forces) &&
		holds(about(trucewatch.Damage), t.damage) &&
		holds(about(trucewatch.InventoryMismatch), t.missing)
}

// kind says what was observed: without it there would be no trial.
func (t *trial) kind() condition {
	var kinds []trucewatch.Kind
	training := false
	for _, r := range t.support {
		if k := r.Observation.Kind; !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
		}
		training = training || r.Observation.Has(trucewatch.AssessedTraining)
	}
	slices.Sort(kinds)
	how := t.ways()
	if how == "" {
		how = "claims alone"
	}
	c := condition{holds: yes, reason: reasonOf(yes, string(t.act.ID), t.evidence(), sayObserved, list(kinds), how, digits(len(t.support)))}
	if training {
		c.reason.Because = []trucewatch.Reason{reasonOf(yes, "", nil, sayTraining)}
	}
	return c
}

// merge answers a condition about each observation from the observations that
// speak of it: those that were checked, or, if none of them does, the claims.
// Observations that contradict each other leave it unknown.
func (t *trial) merge(of func(*trucewatch.Observation) (holds answer, speaks bool)) (holds answer, claimed bool, spoke []*trucewatch.Recorded) {
	for _, group := range [2][]*trucewatch.Recorded{t.checked, t.support} {
		some, all := no, yes
		for _, r := range group {
			if a, speaks := of(r.Observation); speaks {
				some, all = max(some, a), min(all, a)
				spoke = append(spoke, r)
			}
		}
		if len(spoke) > 0 {
			if some != all {
				some = unknown
			}
			return some, !isChecked(spoke), spoke
		}
	}
	return unknown, false, nil
}

func isChecked(members []*trucewatch.Recorded) bool {
	return slices.ContainsFunc(members, func(r *trucewatch.Recorded) bool { return !r.Observation.Means.IsClaim() })
}

// restrictionType answers "type".
func (t *trial) restrictionType() condition {
	types := t.act.When.RestrictionTypes
	holds, claimed, spoke := t.merge(func(o *trucewatch.Observation) (answer, bool) {
		return answerOf(o.Restriction != nil && slices.Contains(types, o.Restriction.Type)), o.Restriction != nil
	})
	if holds == no {
		return condition{holds: no}
	}
	return condition{holds: holds, claimed: claimed, reason: reasonOf(holds, "", idsOf(spoke), sayRestriction, list(types)), change: changeType}
}

// minutes answers "minutes". Zero minutes is a length that the source does not
// give.
func (t *trial) minutes() condition {
	b := t.act.When.Minutes
	longest := int64(0)
	holds, claimed, spoke := t.merge(func(o *trucewatch.Observation) (answer, bool) {
		if o.Restriction == nil || o.Restriction.Minutes == 0 {
			return unknown, false
		}
		n := o.Restriction.Minutes
		longest = max(longest, n)
		return answerOf(n >= b.Min && (b.Max == 0 || n <= b.Max)), true
	})
	limit := "at least " + digits(b.Min) + " min"
	if b.Max > 0 {
		limit = digits(b.Min) + " to " + digits(b.Max) + " min"
	}
	switch {
	case len(spoke) == 0:
		return condition{holds: unknown, reason: reasonOf(unknown, "", nil, sayLastedOpen, limit), change: fill(changeLasted, limit)}
	case holds == no:
		return condition{holds: no}
	}
	return condition{holds: holds, claimed: claimed, reason: reasonOf(holds, "", idsOf(spoke), sayLasted, limit, digits(longest)),
		change: fill(changeLastedDiffer, digits(b.Min))}
}

// precise answers "precise". Shots that no source calls aimed are not aimed.
func (t *trial) precise() condition {
	var aimed []*trucewatch.Recorded
	for _, r := range t.support {
		if r.Observation.Has(trucewatch.PreciseFire) {
			aimed = append(aimed, r)
		}
	}
	if len(aimed) == 0 {
		return condition{holds: no}
	}
	return condition{holds: yes, claimed: !isChecked(aimed), reason: reasonOf(yes, "", idsOf(aimed), sayAimed)}
}

// civilian answers "civilian".
func (t *trial) civilian() condition {
	holds, claimed, spoke := t.merge(func(o *trucewatch.Observation) (answer, bool) {
		c := o.Casualty
		if c == nil || c.Civilian != "yes" && c.Civilian != "no" {
			return unknown, false
		}
		return answerOf(c.Civilian == "yes"), true
	})
	switch {
	case len(spoke) == 0:
		return condition{holds: unknown, reason: reasonOf(unknown, "", nil, sayCivilianOpen), change: changeCivilian}
	case holds == no:
		return condition{holds: no}
	}
	return condition{holds: holds, claimed: claimed, reason: reasonOf(holds, "", idsOf(spoke), sayCivilian), change: changeCivilianDiffer}
}

// standard answers "standard: reasonable_grounds": a casualty that was verified;
// or corroborated and confirmed by a hospital; or corroborated by two independent
// means where the hospital refused to say, because hospitals of one side may be
// ordered to be silent and its dead would never count.
// Source: incident by incident, verified once checks show that it happened (OHCHR).
func (t *trial) standard() condition {
	holds := unknown
	var spoke []*trucewatch.Recorded
	status := "reported"
	twoMeans := independentMeans(t.support, t.support) >= 2
	for _, r := range t.checked {
		c := r.Observation.Casualty
		if c == nil {
			continue
		}
		if c.Status == "verified" || c.Status == "corroborated" && status != "verified" {
			status = c.Status
		}
		if c.Status == "verified" || c.Status == "corroborated" && (c.Hospital == "yes" || c.Hospital == "refused" && twoMeans) {
			holds, spoke = yes, append(spoke, r)
		}
	}
	return condition{holds: holds, reason: reasonOf(holds, "", idsOf(spoke), sayStandard, plain(t.act.When.Standard), status), change: changeVerified}
}
