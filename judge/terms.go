// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
)

// Terms are the agreements that a record adopted, made ready to judge by: each in
// its readings, with what can be known of an act before any incident. They do not
// change once made and may be read from many goroutines.
type Terms struct {
	texts []*text // in the order of adoption
}

// A text is one version of an agreement.
type text struct {
	agreement *agreement.Agreement
	readings  []*reading // at least one
}

// A reading is a text as somebody reads it.
type reading struct {
	agreement.Variant
	a          *agreement.Agreement
	acts       []*act               // about what is observed
	procedures []*act               // about clocks and notifications: Missed, Contradicted
	standing   []sideZone           // positions of the status quo, per party; empty if the text has no survey
	limits     map[string]*geo.Zone // by weapon class: inside its limit on any side
	known      *geo.Zone            // minefields of the status quo
	silences   []*agreement.Exemption
	protects   []*agreement.Exemption
	deviates   []*agreement.Exemption
}

// A sideZone is ground that concerns one party.
type sideZone struct {
	party trucewatch.PartyID
	zone  *geo.Zone
}

// An act is one act of a reading.
type act struct {
	*agreement.Act
	name       string // that a finding's ID begins with
	fire       bool   // signs of fire, which may be answered; not harm to who or what is protected
	digital    bool   // of the digital annex
	span       trucewatch.Interval
	zones      []*agreement.Zone
	exemptions []*agreement.Exemption // that lift it
	special    int                    // how special it is: markDuplicates
}

// Read makes agreements ready to judge by, in the order in which they were
// adopted; drafts are left out. Settled are the interpretations in force: of a
// question that one settles only that reading is judged. An interpretation that
// its agreement does not know changes nothing.
func Read(adopted []*agreement.Agreement, settled []trucewatch.Dated[trucewatch.Interpretation]) *Terms {
	t := &Terms{}
	for _, a := range adopted {
		if a.Status == agreement.Draft {
			continue
		}
		x := &text{agreement: a}
		answers := a.Settled()
		for _, s := range settled {
			if s.What.Agreement == a.ID {
				answers = append(slices.Clip(answers), agreement.Settled{Question: s.What.Question, Reading: s.What.Reading})
			}
		}
		for _, v := range a.Variants(answers) {
			x.readings = append(x.readings, newReading(t, v))
		}
		t.texts = append(t.texts, x)
	}
	return t
}

func newReading(t *Terms, v agreement.Variant) *reading {
	a := v.Agreement
	r := &reading{Variant: v, a: a, limits: map[string]*geo.Zone{}}
	for i := range a.Weapons {
		c := &a.Weapons[i]
		zones := make([]*geo.Zone, 0, len(c.Limit))
		for _, side := range c.Limit {
			zones = append(zones, side.Zone)
		}
		r.limits[c.ID] = geo.Union(zones...)
	}
	for i := range a.Exemptions {
		x := &a.Exemptions[i]
		if a.Unjudged(x) != "" {
			continue
		}
		switch x.Effect {
		case "raises_severity":
			r.silences = append(r.silences, x)
		case "protects":
			r.protects = append(r.protects, x)
		case "as_stated":
			r.deviates = append(r.deviates, x)
		}
	}
	for i := range a.Acts {
		c := &a.Acts[i]
		if c.When.BreachOf != "" || c.Unjudged() != "" {
			continue
		}
		if isProcedure(c) {
			r.procedures = append(r.procedures, r.newAct(t, c))
		} else {
			r.acts = append(r.acts, r.newAct(t, c))
		}
	}
	r.readStatusQuo()
	return r
}

// readStatusQuo makes the ground of the surveyed positions and minefields.
func (r *reading) readStatusQuo() {
	q := r.a.StatusQuo
	if q == nil {
		return
	}
	for _, p := range r.a.PartyIDs {
		var disks []geo.Disk
		for _, s := range q.Positions {
			if s.Party == p {
				disks = append(disks, geo.Disk{Center: s.At, RadiusMM: s.RadiusMM})
			}
		}
		r.standing = append(r.standing, sideZone{p, geo.NewDisks(disks)})
	}
	fields := make([]*geo.Zone, 0, len(q.Minefields))
	for _, m := range q.Minefields {
		fields = append(fields, m.Zone)
	}
	r.known = geo.Union(fields...)
}

func (r *reading) newAct(t *Terms, c *agreement.Act) *act {
	out := &act{Act: c, name: string(c.ID), fire: isFireAct(r.a, c), span: r.Span, special: specialty(c)}
	for _, x := range t.texts {
		if x.agreement.ID != r.a.ID && x.agreement.Act(c.ID) != nil {
			// An act of the same ID stands in an agreement adopted earlier.
			out.name = string(c.ID) + "/" + r.a.ID
			break
		}
	}
	if d := r.a.DigitalAnnex; d != nil {
		out.digital = slices.Contains(d.Prohibited, c.ID)
	}
	if p := r.a.PreStart; p != nil && slices.Contains(p.Acts, c.ID) && p.From < out.span.From {
		out.span.From = p.From
	}
	for _, id := range c.When.Zones {
		out.zones = append(out.zones, r.a.Zone(id))
	}
	for i := range r.a.Exemptions {
		x := &r.a.Exemptions[i]
		if r.a.Unjudged(x) == "" && (x.Covers(c) || slices.Contains(c.Unless.Exemptions, x.ID)) {
			out.exemptions = append(out.exemptions, x)
		}
	}
	return out
}

// isProcedure says whether an act is about a clock or a notification, and not
// about an incident.
func isProcedure(c *agreement.Act) bool {
	return slices.Contains(c.When.Kinds, trucewatch.DeadlineMissed) || slices.Contains(c.When.Kinds, trucewatch.NotificationFalse)
}

// isFireAct says whether an act is fire that may be answered with fire: signs of
// it, without harm to civilians or to a protected object.
func isFireAct(a *agreement.Agreement, c *agreement.Act) bool {
	if c.When.Civilian || slices.ContainsFunc(c.When.Zones, func(id string) bool { return len(a.Zone(id).Objects) > 0 }) {
		return false
	}
	return slices.ContainsFunc(c.When.Kinds, isFire)
}

// isFire says whether a kind is a sign of fire that somebody opened.
func isFire(k trucewatch.Kind) bool {
	return k.IsPhenomenon() || k == trucewatch.ExchangeOfFire || k == trucewatch.MissileTrack
}

// applicable returns, of each agreement, the version in force at the time of the
// event: of several the one adopted last; none that a later one had taken the place
// of. If none was in force it returns the one nearest in time, under which the event
// is out of scope.
func (t *Terms) applicable(when trucewatch.Interval) []*text {
	if len(t.texts) == 1 {
		return t.texts
	}
	var out []*text
	var nearest *text
	var least trucewatch.Instant
	for i, x := range t.texts {
		if slices.ContainsFunc(t.texts[i+1:], func(y *text) bool { return y.agreement.ID == x.agreement.ID && y.agreement.Begun(when.From) }) {
			continue
		}
		if gap := x.gapTo(when); gap > 0 {
			if nearest == nil || gap <= least {
				nearest, least = x, gap
			}
			continue
		}
		if i := slices.IndexFunc(out, func(y *text) bool { return y.agreement.ID == x.agreement.ID }); i >= 0 {
			// An event that straddles the change is judged by the text it began under; what
			// binds before its start gives way to what is in force.
			if x.inForce(when.From) && (x.started(when.From) || !out[i].started(when.From)) {
				out[i] = x
			}
			continue
		}
		out = append(out, x)
	}
	if len(out) == 0 && nearest != nil {
		out = append(out, nearest)
	}
	return out
}

// gapTo returns how far an event lies from every reading of when the text is in
// force, 0 if it touches one.
func (x *text) gapTo(when trucewatch.Interval) trucewatch.Instant {
	var least trucewatch.Instant
	for i, r := range x.readings {
		if gap := when.Gap(r.binds()); i == 0 || gap < least {
			least = gap
		}
	}
	return least
}

func (x *text) inForce(at trucewatch.Instant) bool {
	return slices.ContainsFunc(x.readings, func(r *reading) bool { return r.binds().Contains(at) })
}

// started says whether the text is in force at an instant in some reading, not only
// binding before it is.
func (x *text) started(at trucewatch.Instant) bool {
	return slices.ContainsFunc(x.readings, func(r *reading) bool { return r.Span.Contains(at) })
}

// binds is when some act of the reading binds: from before the start of force, if
// the text says so of any.
func (r *reading) binds() trucewatch.Interval {
	span := r.Span
	if p := r.a.PreStart; p != nil && len(p.Acts) > 0 {
		span.From = min(span.From, p.From)
	}
	return span
}

// of returns the text with a hash, nil if it is not among the terms.
func (t *Terms) of(hash trucewatch.Hash) *text {
	if i := slices.IndexFunc(t.texts, func(x *text) bool { return x.agreement.Hash() == hash }); i >= 0 {
		return t.texts[i]
	}
	return nil
}

// findingID names a finding: "K2/101.3", "K2/kyiv/101.3". An act whose ID an
// agreement adopted earlier has too is named with its agreement.
func (c *act) findingID(reading, subject string) trucewatch.FindingID {
	id := c.name
	if reading != "" {
		if strings.Contains(id, "/") {
			id += "." + reading
		} else {
			id += "/" + reading
		}
	}
	return trucewatch.FindingID(id + "/" + subject)
}
