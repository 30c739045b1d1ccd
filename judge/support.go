// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"slices"

	"github.com/trucewatch/trucewatch"
)

// evidenceMax is how many observations one reason points at; the incident has
// them all. Guess: a reader follows no more. Test: none needed, it cuts no rule.
const evidenceMax = 32

// supportOf returns the observations that show an act: those of its kinds, or,
// for an act that is any attack with some weapon, those that show an attack.
// A casualty that was rejected, or told twice, shows nothing.
func supportOf(members []*trucewatch.Recorded, c *act) []*trucewatch.Recorded {
	n := 0
	for _, m := range members {
		if shows(m.Observation, c) {
			n++
		}
	}
	switch n {
	case 0:
		return nil
	case len(members):
		return members
	}
	out := make([]*trucewatch.Recorded, 0, n)
	for _, m := range members {
		if shows(m.Observation, c) {
			out = append(out, m)
		}
	}
	return out
}

// shows says whether an observation shows an act. A munition that was dropped
// explodes: it shows acts about explosions, whatever else the observer wrote.
func shows(o *trucewatch.Observation, c *act) bool {
	if h := o.Casualty; h != nil && (h.Status == "rejected" || h.Status == "duplicate") {
		return false
	}
	kinds := c.When.Kinds
	if len(kinds) == 0 {
		return isAttack(o)
	}
	return slices.Contains(kinds, o.Kind) || len(o.Marks) > 0 && slices.Contains(kinds, trucewatch.Explosion) && o.Has(trucewatch.MunitionDropped)
}

// isAttack says whether an observation shows a weapon used, not only seen: a
// drone that flies by is no attack.
func isAttack(o *trucewatch.Observation) bool {
	switch o.Kind {
	case trucewatch.IlluminationFlare:
		return false
	case trucewatch.ExchangeOfFire, trucewatch.MissileTrack, trucewatch.FireAtMissionAsset,
		trucewatch.Crater, trucewatch.Damage, trucewatch.CasualtySeen:
		return true
	}
	return o.Kind.IsPhenomenon() || o.Has(trucewatch.MunitionDropped)
}

// isSignOfFire says whether a kind corroborates fire, whatever its own kind:
// heat, ground and sound waves support an explosion that somebody heard.
func isSignOfFire(k trucewatch.Kind) bool {
	switch k {
	case trucewatch.IlluminationFlare:
		return false
	case trucewatch.ExchangeOfFire, trucewatch.MissileTrack, trucewatch.Crater, trucewatch.Damage,
		trucewatch.ThermalAnomaly, trucewatch.SeismicEvent, trucewatch.AcousticEvent:
		return true
	}
	return k.IsPhenomenon()
}

// isWeak says whether an observation alone shows no act: somebody's unchecked
// word, or heat seen from orbit, which a field fire gives too.
// Source: docs on the use of FIRMS in war: "rarely sufficient on its own".
func isWeak(r *trucewatch.Recorded) bool {
	m := r.Observation.Means
	return m.IsClaim() || m == trucewatch.SatelliteThermal
}

// checked returns those of the observations that are more than claims.
func checked(members []*trucewatch.Recorded) []*trucewatch.Recorded {
	if !slices.ContainsFunc(members, func(r *trucewatch.Recorded) bool { return r.Observation.Means.IsClaim() }) {
		return members
	}
	var out []*trucewatch.Recorded
	for _, m := range members {
		if !m.Observation.Means.IsClaim() {
			out = append(out, m)
		}
	}
	return out
}

// independentMeans counts the unlike ways in which the act became known: by the
// observations that show it, and by those that corroborate it. Ears and eyes of
// one patrol are one way, whichever drone flew is one way, claims are none; and
// there are never more ways than sources: a patrol that hears and then asks is
// one witness.
func independentMeans(members, support []*trucewatch.Recorded) int {
	fire := slices.ContainsFunc(support, func(r *trucewatch.Recorded) bool { return isSignOfFire(r.Observation.Kind) })
	var seen []trucewatch.Means
	var sources []trucewatch.SourceID
	add := func(r *trucewatch.Recorded) {
		way := r.Observation.Means
		switch way {
		case trucewatch.Saw, trucewatch.HeardSaw:
			way = trucewatch.Heard
		case trucewatch.UAVMid, trucewatch.UAVLong:
			way = trucewatch.UAVMini
		}
		if way.IsClaim() {
			return
		}
		if !slices.Contains(seen, way) {
			seen = append(seen, way)
		}
		if !slices.Contains(sources, r.Source.ID) {
			sources = append(sources, r.Source.ID)
		}
	}
	for _, r := range support {
		add(r)
	}
	for _, r := range members {
		if fire && isSignOfFire(r.Observation.Kind) {
			add(r)
		}
	}
	return min(len(seen), len(sources))
}

// idsOf returns the places of observations in the record, at most evidenceMax.
func idsOf(members []*trucewatch.Recorded) []trucewatch.ObservationID {
	if len(members) == 0 {
		return nil
	}
	out := make([]trucewatch.ObservationID, 0, min(len(members), evidenceMax))
	for _, m := range members[:min(len(members), evidenceMax)] {
		out = append(out, m.ID)
	}
	return out
}
