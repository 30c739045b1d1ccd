// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"slices"

	"github.com/trucewatch/trucewatch"
)

// DamageReach is how long before damage was seen the fire that did it may have
// been, and DamageReachMM how far.
//
// Guess: two days, in which a patrol comes to look, and 500 m, beyond which no
// fragment does damage. Test: damage whose fire a reviewer named.
const (
	DamageReach   = 2 * trucewatch.Day
	DamageReachMM = 500_000
)

// damage answers, where only damage shows the act, whether fire did it: signs of
// fire in the incident itself, or fire near it in the days before.
func (t *trial) damage() condition {
	isDamage := func(r *trucewatch.Recorded) bool { return r.Observation.Kind == trucewatch.Damage }
	if i := slices.IndexFunc(t.support, isDamage); i < 0 || slices.ContainsFunc(t.support, func(r *trucewatch.Recorded) bool { return !isDamage(r) }) {
		return condition{holds: yes} // the fire itself shows the act
	}
	var signs []*trucewatch.Recorded
	for _, r := range t.in.Members {
		if k := r.Observation.Kind; k != trucewatch.Damage && k != trucewatch.ThermalAnomaly && isSignOfFire(k) {
			signs = append(signs, r)
		}
	}
	if len(signs) > 0 {
		return condition{holds: yes, claimed: !isChecked(signs), reason: reasonOf(yes, "", idsOf(signs), sayDamageFire, "signs of it belong to the same incident")}
	}
	if t.in.Nearby != nil && !t.region.IsZero() {
		when := trucewatch.Interval{From: t.in.Incident.When.From - DamageReach, Till: t.in.Incident.When.Till}
		for _, n := range t.in.Nearby(append(signsOfFire(), trucewatch.Crater), when, t.region, DamageReachMM) {
			if !n.Incident.Claims {
				return condition{holds: yes, reason: reasonOf(yes, "", idsOf(n.Members), sayDamageFire, "incident "+n.Incident.ID.String())}
			}
		}
	}
	return condition{holds: unknown, reason: reasonOf(unknown, "", nil, sayDamageOpen, lasting(DamageReach)), change: changeDamage}
}
