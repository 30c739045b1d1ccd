// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
)

// conditions answers every condition that the act sets, and those of scope.
func (t *trial) conditions() []condition {
	w := &t.act.When
	out := []condition{t.kind()}
	add := func(set bool, answer func() condition) {
		if set {
			out = append(out, answer())
		}
	}
	add(len(w.Platforms)+len(w.Classes) > 0, t.weapon)
	if w.InsideLimit {
		out = append(out, t.limit()...)
	}
	add(len(w.Zones) > 0, t.zone)
	add(w.Owner != "" && t.missionAsset().holds != yes, t.owner)
	add(len(w.RestrictionTypes) > 0, t.restrictionType)
	add(w.Minutes != agreement.Bounds{}, t.minutes)
	add(w.Precise, t.precise)
	add(w.Civilian, t.civilian)
	add(w.Standard != "", t.standard)
	return append(out, t.force(), t.bound())
}

// reasonOf makes a reason whose evidence is what was observed.
func reasonOf(holds answer, article string, evidence []*trucewatch.Recorded, format string, args ...any) trucewatch.Reason {
	return trucewatch.Reason{Text: fmt.Sprintf(format, args...), Holds: holds.String(), Article: article, Evidence: idsOf(evidence)}
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
	c := condition{holds: yes, reason: reasonOf(yes, string(t.act.ID), t.support, "observed: %s, %s, by %s", list(kinds), plural(len(t.support), "observation"), how)}
	if training {
		c.reason.Because = []trucewatch.Reason{{Text: "a source assessed it as training; only a notification under the agreement exempts training", Holds: yes.String()}}
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

func isChecked(members []*trucewatch.Recorded) bool { return len(checked(members)) > 0 }

// weapon answers "weapon" and "weapon_class". Where no source knows the weapon,
// the sign itself may show that the act's weapons were used: a shot those of
// small arms, an explosion those of heavy weapons, if the act names them all.
// Otherwise an unknown weapon makes no finding.
func (t *trial) weapon() condition {
	w := &t.act.When
	wanted := list(w.Platforms)
	if len(w.Classes) > 0 {
		wanted = "class " + list(w.Classes)
	}
	holds, claimed, spoke := t.merge(func(o *trucewatch.Observation) (answer, bool) {
		if !isKnown(o.Weapon) {
			return unknown, false
		}
		return t.ofAct(o.Weapon), true
	})
	if (len(spoke) == 0 || claimed) && t.shownByKind() {
		return condition{holds: yes, reason: reasonOf(yes, string(t.act.ID), t.support,
			"weapon is %s: by phenomenon, because no checked source knows the weapon", wanted)}
	}
	if len(spoke) == 0 {
		// Most explosions are of unknown weapons: each would else be every act there is.
		return condition{holds: no}
	}
	c := condition{holds: holds, claimed: claimed, reason: reasonOf(holds, string(t.act.ID), spoke, "weapon is %s: taken to be %s", wanted, weaponsOf(spoke))}
	if holds == unknown {
		c.change = fmt.Sprintf("what the weapon was: sources take it to be %s, and the act is about %s", weaponsOf(spoke), wanted)
	}
	return c
}

// isKnown says whether anything is known of a weapon.
func isKnown(w *trucewatch.Weapon) bool {
	return w != nil && w.Platform != "" && w.Platform != trucewatch.UnknownPlatform
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
		w := r.Observation.Weapon
		s := plain(string(w.Platform))
		if w.Model != "" {
			s += " " + w.Model
		}
		if w.CalibreMM > 0 {
			s += fmt.Sprintf(" %d mm", w.CalibreMM)
		}
		if w.Role != "" {
			s += " (" + plain(w.Role) + ")"
		}
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return strings.Join(out, "; ")
}

// owner answers "owner".
func (t *trial) owner() condition {
	want := t.act.When.Owner
	holds, claimed, spoke := t.merge(func(o *trucewatch.Observation) (answer, bool) {
		who := ownerOf(o)
		return answerOf(want == "mission" && who == "mission" || want == "party" && who != "mission"), who != ""
	})
	if len(spoke) == 0 {
		return condition{holds: unknown, reason: reasonOf(unknown, "", nil, "belongs to a %s: nobody knows whose it is", want), change: "whose it is"}
	}
	c := condition{holds: holds, claimed: claimed, reason: reasonOf(holds, "", spoke, "belongs to a %s: it is taken to be of %s", want, owners(spoke))}
	if holds == unknown {
		c.change = "whose it is: sources say " + owners(spoke)
	}
	return c
}

// ownerOf returns whose the thing observed is, empty if the source does not say
// or does not know.
func ownerOf(o *trucewatch.Observation) string {
	switch {
	case o.Has(trucewatch.MissionOwned):
		return "mission"
	case o.Asset == nil || o.Asset.Owner == "unknown":
		return ""
	}
	return o.Asset.Owner
}

func owners(members []*trucewatch.Recorded) string {
	var out []string
	for _, r := range members {
		if who := ownerOf(r.Observation); who != "" && !slices.Contains(out, who) {
			out = append(out, who)
		}
	}
	return strings.Join(out, " or ")
}

// missionAsset answers whether the act spares what belongs to the mission, and
// it does. The reason is empty where the act spares nothing or nobody says so.
func (t *trial) missionAsset() condition {
	rights := t.a.MonitoringRights
	if !t.act.Unless.MissionAsset && (rights == nil || !slices.Contains(rights.UAVExemptFrom, t.act.ID)) {
		return condition{holds: no}
	}
	holds, claimed, spoke := t.merge(func(o *trucewatch.Observation) (answer, bool) {
		return answerOf(ownerOf(o) == "mission"), ownerOf(o) != ""
	})
	if holds != yes || claimed {
		return condition{holds: no}
	}
	return condition{holds: yes, reason: reasonOf(yes, string(t.act.ID), spoke, "it belongs to the mission, which the act spares")}
}

// restrictionType answers "type".
func (t *trial) restrictionType() condition {
	types := t.act.When.RestrictionTypes
	holds, claimed, spoke := t.merge(func(o *trucewatch.Observation) (answer, bool) {
		return answerOf(o.Restriction != nil && slices.Contains(types, o.Restriction.Type)), o.Restriction != nil
	})
	return condition{holds: holds, claimed: claimed, reason: reasonOf(holds, "", spoke, "restriction of type %s", list(types)), change: "of what type the restriction was"}
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
	limit := fmt.Sprintf("at least %d min", b.Min)
	if b.Max > 0 {
		limit = fmt.Sprintf("%d to %d min", b.Min, b.Max)
	}
	if len(spoke) == 0 {
		return condition{holds: unknown, reason: reasonOf(unknown, "", nil, "lasted %s: no source says how long", limit), change: "how long it lasted: " + limit}
	}
	return condition{holds: holds, claimed: claimed, reason: reasonOf(holds, "", spoke, "lasted %s: %d min", limit, longest),
		change: fmt.Sprintf("how long it lasted: sources differ, and the act begins at %d min", b.Min)}
}

// precise answers "precise". Shots that no source calls aimed are not aimed.
func (t *trial) precise() condition {
	var aimed []*trucewatch.Recorded
	for _, r := range t.support {
		if r.Observation.Has(trucewatch.PreciseFire) {
			aimed = append(aimed, r)
		}
	}
	return condition{holds: answerOf(len(aimed) > 0), claimed: !isChecked(aimed), reason: reasonOf(yes, "", aimed, "aimed single shots")}
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
	if len(spoke) == 0 {
		return condition{holds: unknown, reason: reasonOf(unknown, "", nil, "a civilian: no source says"), change: "whether the person was a civilian"}
	}
	return condition{holds: holds, claimed: claimed, reason: reasonOf(holds, "", spoke, "a civilian"), change: "whether the person was a civilian: sources differ"}
}

// standard answers "standard: reasonable_grounds": a casualty that was verified,
// or corroborated and confirmed by a hospital.
// Source: incident by incident, verified once checks show that it happened (OHCHR).
func (t *trial) standard() condition {
	holds, claimed, spoke := unknown, false, []*trucewatch.Recorded(nil)
	for _, r := range t.checked {
		if c := r.Observation.Casualty; c != nil && (c.Status == "verified" || c.Status == "corroborated" && c.Hospital == "yes") {
			holds, spoke = yes, append(spoke, r)
		}
	}
	return condition{holds: holds, claimed: claimed, reason: reasonOf(holds, "", spoke, "by the standard of %s: verified, or corroborated and confirmed by a hospital", plain(t.act.When.Standard)),
		change: "verification of the harm, or corroboration and a hospital's confirmation"}
}

// force answers whether the agreement was in force, in this reading.
func (t *trial) force() condition {
	when, in := t.in.Incident.When, t.reading.Span
	holds := covers(in, when)
	c := condition{holds: holds, scope: true, reason: reasonOf(holds, "", nil, "in force at the time of the event, %s: in force %s", span(when), span(in))}
	if holds == unknown {
		c.change = "when exactly it was: the agreement came into force, or ended, in between"
	}
	return c
}

// covers answers whether an event of which the time is known as an interval was
// within a span.
func covers(in, when trucewatch.Interval) answer {
	switch {
	case when.Gap(in) > 0:
		return no
	case in.Contains(when.From) && (in.Till == 0 || when.Till != 0 && when.Till <= in.Till):
		return yes
	}
	return unknown
}

// bound answers whether who did it is bound: a body that the agreement does not
// bind is out of scope. Where nobody says who did it, the forces of the parties
// are meant.
func (t *trial) bound() condition {
	holds, claimed, spoke := t.merge(func(o *trucewatch.Observation) (answer, bool) {
		who := actorOf(o)
		return answerOf(who == "mission" || slices.Contains(t.a.PartyIDs, trucewatch.PartyID(who))), who != ""
	})
	if len(spoke) == 0 || claimed {
		return condition{holds: yes, scope: true}
	}
	return condition{holds: holds, scope: true, reason: reasonOf(holds, "", spoke, "done by one whom the agreement binds: %s", actors(spoke)), change: "who did it: sources differ on whether it was a party"}
}

func actors(members []*trucewatch.Recorded) string {
	var out []string
	for _, r := range members {
		if who := actorOf(r.Observation); who != "" && !slices.Contains(out, who) {
			out = append(out, who)
		}
	}
	return strings.Join(out, " or ")
}

// actorOf returns who did what was observed, as far as the observation is of the
// actor: who restricted, whose weapon or aircraft it was. The asset of fire or
// of interference is its victim.
func actorOf(o *trucewatch.Observation) string {
	if o.Restriction != nil {
		return string(o.Restriction.By)
	}
	switch o.Kind {
	case trucewatch.WeaponSeen, trucewatch.VehicleSeen, trucewatch.UAVSighted, trucewatch.AircraftSighted, trucewatch.MissileTrack,
		trucewatch.ProjectileInFlight, trucewatch.PersonsInZone, trucewatch.PositionSeen:
		return ownerOf(o)
	}
	return ""
}
