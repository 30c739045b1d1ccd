// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
)

// weapon answers "weapon" and "weapon_class". Where no source knows the weapon,
// the sign itself may show that the act's weapons were used: a shot those of
// small arms, an explosion those of heavy weapons, if the act names them all.
// Otherwise an unknown weapon makes no finding.
func (t *trial) weapon() condition {
	w := &t.act.When
	holds, claimed, spoke := t.merge(func(o *trucewatch.Observation) (answer, bool) {
		used := weaponUsed(o)
		if !isKnown(used) {
			return unknown, false
		}
		return t.ofAct(used), true
	})
	wanted := func() string {
		if len(w.Classes) > 0 {
			return "class " + list(w.Classes)
		}
		return list(w.Platforms)
	}
	if (len(spoke) == 0 || claimed) && t.shownByKind() {
		return condition{holds: yes, reason: reasonOf(yes, string(t.act.ID), t.evidence(), sayByPhenomenon, wanted())}
	}
	if len(spoke) == 0 || holds == no {
		// Most explosions are of unknown weapons: each would else be every act there is.
		return condition{holds: no}
	}
	c := condition{holds: holds, claimed: claimed, reason: reasonOf(holds, string(t.act.ID), idsOf(spoke), sayWeapon, wanted(), weaponsOf(spoke))}
	if holds == unknown {
		c.change = fill(changeWeapon, weaponsOf(spoke), wanted())
	}
	return c
}

// heavy answers "class_is: heavy": of a class that the text calls heavy. An
// unknown weapon is none.
func (t *trial) heavy() condition {
	holds, claimed, spoke := t.merge(func(o *trucewatch.Observation) (answer, bool) {
		candidates := t.a.Candidates(o.Weapon)
		if len(candidates) == 0 {
			return no, isKnown(o.Weapon)
		}
		some, all := no, yes
		for _, c := range candidates {
			is := answerOf(slices.Contains(t.a.Heavy, c.Class.ID))
			some, all = max(some, is), min(all, is)
		}
		if some != all || some == yes && len(candidates) == 1 && !candidates[0].Certain {
			return unknown, true
		}
		return some, true
	})
	if len(spoke) == 0 || holds == no {
		return condition{holds: no}
	}
	c := condition{holds: holds, claimed: claimed, reason: reasonOf(holds, string(t.act.ID), idsOf(spoke), sayHeavy, list(t.a.Heavy), weaponsOf(spoke))}
	if holds == unknown {
		c.change = fill(changeWeapon, weaponsOf(spoke), "class "+list(t.a.Heavy))
	}
	return c
}

// isKnown says whether anything is known of a weapon.
func isKnown(w *trucewatch.Weapon) bool {
	return w != nil && w.Platform != "" && w.Platform != trucewatch.UnknownPlatform
}

// weaponUsed returns the weapon of an observation by what it did: a drone that
// dropped a munition was a bomber, whatever it was declared or taken to be.
func weaponUsed(o *trucewatch.Observation) *trucewatch.Weapon {
	if o.Weapon == nil || o.Weapon.Platform != trucewatch.UAV || o.Weapon.Role == "fpv_attack" || !o.Has(trucewatch.MunitionDropped) {
		return o.Weapon
	}
	w := *o.Weapon
	w.Role = "bomber"
	return &w
}

// ofAct says whether a known weapon is one of the act's.
func (t *trial) ofAct(w *trucewatch.Weapon) answer {
	if slices.Contains(t.act.When.Platforms, w.Platform) {
		return yes
	}
	if len(t.act.When.Classes) == 0 {
		return no
	}
	some, all := no, yes
	candidates := t.a.Candidates(w)
	for _, c := range candidates {
		is := answerOf(slices.Contains(t.act.When.Classes, c.Class.ID))
		some, all = max(some, is), min(all, is)
	}
	covered := len(candidates) > 1 || w.Platform == trucewatch.ArtilleryUnknown && t.names(artillery()...)
	switch {
	case some == no:
		return no
	case all == yes && (candidates[0].Certain || covered):
		return yes
	}
	return unknown // it may be of the act's class, or of none
}

// artillery are the platforms whose fire makes explosions and whose shells are
// seen in flight. An act that names all of them takes in any such fire.
func artillery() []trucewatch.Platform {
	return []trucewatch.Platform{trucewatch.Mortar, trucewatch.Gun, trucewatch.HowitzerTowed, trucewatch.MLRS}
}

// shownByKind says whether what was observed shows that a weapon of the act was
// used, whichever: the act must name every platform that is typical of the sign.
// Source: of 986 explosions in mission reports 81 % are undetermined; a rule that
// needs the weapon would judge almost nothing.
func (t *trial) shownByKind() bool {
	small, heavy := true, true
	for _, r := range t.support {
		switch r.Observation.Kind {
		case trucewatch.Shot, trucewatch.Burst:
			heavy = false
		case trucewatch.Explosion, trucewatch.ProjectileInFlight:
			small = false
		default:
			small, heavy = false, false
		}
	}
	switch {
	case len(t.act.When.Kinds) == 0:
		return false
	case small:
		return t.names(trucewatch.SmallArms, trucewatch.HMG)
	case heavy:
		return t.names(artillery()...)
	}
	return false
}

// names says whether the act names weapons of every one of the platforms.
func (t *trial) names(platforms ...trucewatch.Platform) bool {
	for _, p := range platforms {
		named := slices.Contains(t.act.When.Platforms, p)
		for _, id := range t.act.When.Classes {
			named = named || slices.Contains(t.a.Class(id).Match.Platforms, p)
		}
		if !named {
			return false
		}
	}
	return true
}

// weaponsOf lists what sources take the weapon to be.
func weaponsOf(members []*trucewatch.Recorded) string {
	var out []string
	for _, r := range members {
		if s := weaponText(r.Observation.Weapon); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return strings.Join(out, "; ")
}

// weaponText writes a weapon: "mortar 120 mm", "uav (delivery)".
func weaponText(w *trucewatch.Weapon) string {
	if w == nil {
		return "a weapon"
	}
	s := plain(string(w.Platform))
	if w.Model != "" {
		s += " " + w.Model
	}
	if w.CalibreMM > 0 {
		s += " " + digits(w.CalibreMM) + " mm"
	}
	if w.Role != "" {
		s += " (" + plain(w.Role) + ")"
	}
	return s
}
