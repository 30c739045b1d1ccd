// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
)

// inside is the agreement's test of a share of a region in a zone.
func (t *trial) inside(share trucewatch.PPM) answer {
	switch {
	case share >= t.a.Evidence.InIfGE:
		return yes
	case share <= t.a.Evidence.OutIfLE:
		return no
	}
	return unknown
}

// zoneTest returns the probability that the incident lies in a zone, and the
// answer. The answer must stand wherever the line lies within the error of its
// survey: at 50 m from a line that was surveyed to 100 m nobody knows the side.
// The reasons then say what both ends of that error give.
func (t *trial) zoneTest(z *geo.Zone, surveyMM int64) (share trucewatch.PPM, holds answer, ends []trucewatch.Reason) {
	share = trucewatch.PPM(z.ShareSurveyed(t.region))
	holds = t.inside(share)
	if surveyMM == 0 || share == 0 || share == geo.Million {
		return share, holds, nil
	}
	low, high := share, share
	const directions = 16 // a line runs any way: the nearest of 16 is off by 11 degrees, 2 % of the error
	for i := range int32(directions) {
		p := trucewatch.PPM(z.Share(shiftedBy(t.region, i*360_000/directions, surveyMM)))
		low, high = min(low, p), max(high, p)
	}
	if t.inside(low) != holds || t.inside(high) != holds {
		holds = unknown
		ends = []trucewatch.Reason{{Text: fmt.Sprintf("the line was surveyed to %s; at one end of that error %s would be inside", kilometres(surveyMM), percent(high)), Holds: t.inside(high).String(), Share: high},
			{Text: fmt.Sprintf("at the other end %s would be inside", percent(low)), Holds: t.inside(low).String(), Share: low}}
	}
	return share, holds, ends
}

// spreadMM is how far a region reaches from its middle: what stands after "±".
// A sector reaches less far from its middle than from its observer.
func spreadMM(r geo.Region) int64 {
	if r.Kind == geo.Ellipse || r.Kind == geo.Pixel {
		return r.ReachMM()
	}
	middle, most := r.Mean(), int64(0)
	for _, ring := range r.Outline() {
		for _, p := range ring {
			most = max(most, geo.DistanceMM(middle, p))
		}
	}
	return most
}

// shiftedBy returns a region moved, which is the same as the line moved the
// other way.
func shiftedBy(r geo.Region, azimuthMdeg int32, mm int64) geo.Region {
	r.Center = geo.Direct(r.Center, azimuthMdeg, mm)
	rings := make([][]geo.Position, len(r.Rings))
	for i, ring := range r.Rings {
		for _, p := range ring {
			rings[i] = append(rings[i], geo.Direct(p, azimuthMdeg, mm))
		}
	}
	r.Rings = rings
	return r
}

// surveyError is the largest survey error of the lines from which the parties'
// distances count.
func (t *trial) surveyError(parties []trucewatch.PartyID) int64 {
	var mm int64
	for _, p := range parties {
		if l := t.referenceLine(p); l != nil {
			mm = max(mm, l.SurveyErrorMM)
		}
	}
	return mm
}

func (t *trial) zoneError(z *agreement.Zone) int64 {
	var parties []trucewatch.PartyID
	for _, b := range z.Bands {
		parties = append(parties, b.Party)
	}
	return t.surveyError(parties)
}

func (t *trial) limitError(c *agreement.WeaponClass) int64 {
	var parties []trucewatch.PartyID
	for _, side := range c.Limit {
		parties = append(parties, side.Party)
	}
	return t.surveyError(parties)
}

// zone answers "zone": in any of the zones named.
func (t *trial) zone() condition {
	names := list(t.act.When.Zones)
	if t.region.IsZero() {
		return t.noPlace("in zone " + names)
	}
	var best condition
	var share trucewatch.PPM
	in := ""
	for _, id := range t.act.When.Zones {
		z := t.a.Zone(id)
		p, holds, ends := t.zoneTest(z.All, t.zoneError(z))
		if in == "" || holds > best.holds || holds == best.holds && p > share {
			share, in = p, id
			best = condition{holds: holds, reason: trucewatch.Reason{Because: ends}}
		}
	}
	ends := best.reason.Because
	best.share = &share
	best.reason = reasonOf(best.holds, in, t.support, "in zone %s: %s of where it may have been is inside", names, percent(share))
	best.reason.Share, best.reason.Because = share, ends
	if best.holds == unknown {
		best.change = fmt.Sprintf("a closer place: %s of where it may have been is in zone %s; it counts as inside from %s and as outside up to %s",
			percent(share), in, percent(t.a.Evidence.InIfGE), percent(t.a.Evidence.OutIfLE)) + t.fromLine()
	}
	return best
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
				kilometres(l.Line.DistanceMM(t.region.Mean())), kilometres(spreadMM(t.region)), l.ID, kilometres(l.SurveyErrorMM))
		}
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
	var because []trucewatch.Reason
	candidates := t.a.Candidates(r.Observation.Weapon)
	for _, cand := range candidates {
		share, is, ends := t.zoneTest(t.limitZone(cand.Class, r.Observation), t.limitError(cand.Class))
		if decides == nil || is > some {
			decides, because = cand.Class, ends
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
	inside.reason.Share, inside.reason.Because = *least, because
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
	return fmt.Sprintf(", at %s ± %s from line %s", kilometres(mm), kilometres(spreadMM(t.region)), line.ID)
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
	err := spreadMM(t.region) + line.SurveyErrorMM
	return fmt.Sprintf("the distance to line %s: at %s ± %s the zone test gives %s; nearer than %s it is inside, farther than %s outside",
		line.ID, kilometres(mm), kilometres(spreadMM(t.region)), percent(share), kilometres(max(0, class.WithdrawMM-err)), kilometres(class.WithdrawMM+err))
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
