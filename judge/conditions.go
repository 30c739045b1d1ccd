// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
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
			"weapon is %s: by phenomenon, for no source that was checked knows the weapon", wanted)}
	}
	switch {
	case len(spoke) == 0 && len(w.Kinds) == 0:
		return condition{holds: no} // an attack with any weapon at all is not yet this act
	case len(spoke) == 0:
		return condition{holds: unknown, reason: reasonOf(unknown, string(t.act.ID), nil, "weapon is %s: no source knows the weapon", wanted),
			change: "what the weapon was: whether it is " + wanted}
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

// zone answers "zone": the largest share of any of the zones named.
func (t *trial) zone() condition {
	names := list(t.act.When.Zones)
	if t.region.IsZero() {
		return t.noPlace("in zone " + names)
	}
	var share trucewatch.PPM
	in := ""
	for _, id := range t.act.When.Zones {
		if p := t.a.Zone(id).Share(t.region); in == "" || p > share {
			share, in = p, id
		}
	}
	holds := t.inside(share)
	c := condition{holds: holds, share: &share, reason: reasonOf(holds, in, t.support, "in zone %s: %s of where it may have been is inside", names, percent(share))}
	c.reason.Share = share
	if holds == unknown {
		c.change = fmt.Sprintf("a closer place: %s of where it may have been is in zone %s; it counts as inside from %s and as outside up to %s",
			percent(share), in, percent(t.a.Evidence.InIfGE), percent(t.a.Evidence.OutIfLE)) + t.fromLine()
	}
	return c
}

// inside is the agreement's zone test.
func (t *trial) inside(share trucewatch.PPM) answer {
	switch {
	case share >= t.a.Evidence.InIfGE:
		return yes
	case share <= t.a.Evidence.OutIfLE:
		return no
	}
	return unknown
}

func (t *trial) noPlace(what string) condition {
	var zero trucewatch.PPM
	return condition{holds: unknown, share: &zero, reason: reasonOf(unknown, "", nil, "%s: the place is not known", what), change: "where it was"}
}

// fromLine says how far from the line of contact the place is, with both errors.
func (t *trial) fromLine() string {
	for i := range t.a.Lines {
		if l := &t.a.Lines[i]; l.Kind == "line_of_contact" {
			return fmt.Sprintf(" (it is %s ± %s from line %s, which was surveyed to %s)",
				kilometres(l.Line.DistanceMM(t.region.Mean())), kilometres(t.region.ReachMM()), l.ID, kilometres(l.SurveyErrorMM))
		}
	}
	return ""
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
	return condition{holds: holds, scope: true, reason: reasonOf(holds, "", spoke, "done by who is bound"), change: "who did it: sources differ on whether it was a party"}
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

// referenceLine returns the line from which a party's distances count, nil if it
// has none.
func (t *trial) referenceLine(party trucewatch.PartyID) *agreement.Line {
	for _, r := range t.a.References {
		if r.Party == party {
			return t.a.Line(r.Line)
		}
	}
	return nil
}

// limit answers "inside_limit_of_class", and whether the limit binds yet.
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
	if best == nil {
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
	var least, most *trucewatch.PPM
	var decides *agreement.WeaponClass
	candidates := t.a.Candidates(r.Observation.Weapon)
	for _, cand := range candidates {
		share := trucewatch.PPM(t.limitZone(cand.Class, r.Observation).ShareSurveyed(t.region))
		is := t.inside(share)
		if decides == nil || is > some {
			decides = cand.Class
		}
		some, all = max(some, is), min(all, is)
		if least == nil || share < *least {
			least = &share
		}
		if most == nil || share > *most {
			most = &share
		}
	}
	if len(candidates) == 0 {
		return condition{holds: no}, condition{}
	}
	holds := some
	classless := len(candidates) == 1 && !candidates[0].Certain
	if some != all || classless && holds == yes {
		holds = unknown
	}
	inside = condition{holds: holds, share: least, reason: reasonOf(holds, decides.ID, []*trucewatch.Recorded{r},
		"inside the limit of its class, %s from the line: %s of where it may have been is inside%s", kilometres(decides.WithdrawMM), percent(*least), t.distance(decides, r.Observation))}
	inside.reason.Share = *least
	if holds == unknown {
		inside.change = t.limitChange(decides, r.Observation, *least, t.inside(*least) != t.inside(*most) || classless)
	}
	return inside, t.binds(decides)
}

// limitZone is the ground inside the limit of a class: of the party whose weapon
// it is, or, if nobody says whose, of either.
func (t *trial) limitZone(class *agreement.WeaponClass, o *trucewatch.Observation) *geo.Zone {
	var zones []*geo.Zone
	for _, side := range class.Limit {
		if who := ownerOf(o); who == string(side.Party) {
			return side.Zone
		}
		zones = append(zones, side.Zone)
	}
	return geo.Union(zones...)
}

// nearestLine returns the reference line that the place is nearest to, among
// those of the parties whose weapon it may be, and how far.
func (t *trial) nearestLine(class *agreement.WeaponClass, o *trucewatch.Observation) (line *agreement.Line, mm int64) {
	for _, side := range class.Limit {
		l := t.referenceLine(side.Party)
		if who := ownerOf(o); l == nil || slices.Contains(t.a.PartyIDs, trucewatch.PartyID(who)) && who != string(side.Party) {
			continue
		}
		if d := l.Line.DistanceMM(t.region.Mean()); line == nil || d < mm {
			line, mm = l, d
		}
	}
	return line, mm
}

// distance writes how far from its reference line the place is.
func (t *trial) distance(class *agreement.WeaponClass, o *trucewatch.Observation) string {
	line, mm := t.nearestLine(class, o)
	if line == nil {
		return ""
	}
	return fmt.Sprintf(", at %s ± %s from line %s", kilometres(mm), kilometres(t.region.ReachMM()), line.ID)
}

// limitChange says what would settle a limit: the class, or a closer place.
func (t *trial) limitChange(class *agreement.WeaponClass, o *trucewatch.Observation, share trucewatch.PPM, byClass bool) string {
	if byClass {
		return "what the weapon is: whether it is of class " + class.ID + ", for other weapons have another limit or none"
	}
	line, mm := t.nearestLine(class, o)
	if line == nil {
		return "a closer place"
	}
	// Beyond the reach of its error and of the survey's, the place is surely on one side.
	err := t.region.ReachMM() + line.SurveyErrorMM
	return fmt.Sprintf("the distance to line %s: at %s ± %s the zone test gives %s; nearer than %s it is inside, farther than %s outside",
		line.ID, kilometres(mm), kilometres(t.region.ReachMM()), percent(share), kilometres(max(0, class.WithdrawMM-err)), kilometres(class.WithdrawMM+err))
}

// binds answers whether the limit of a class binds already: its phase is over.
func (t *trial) binds(class *agreement.WeaponClass) condition {
	if class.Phase == "" {
		return condition{}
	}
	from := t.a.PhaseEnd(class.Phase, t.reading)
	holds := covers(trucewatch.Interval{From: from}, t.in.Incident.When)
	return condition{holds: holds, scope: true, reason: reasonOf(holds, class.Phase, nil, "the limit binds: phase %s is complete at %v", class.Phase, from),
		change: "when exactly it was: the limit began to bind in between"}
}
