// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"slices"

	"github.com/trucewatch/trucewatch"
)

// A PartyShare is the probability that something is a party's.
type PartyShare struct {
	Party trucewatch.PartyID
	Share trucewatch.PPM
}

// Readings returns the ways to read when the agreement is in force; there is at
// least one.
func (a *Agreement) Readings() []trucewatch.Reading { return a.Spans }

// InForce says whether the agreement is in force at an instant under at least
// one reading.
func (a *Agreement) InForce(at trucewatch.Instant) bool {
	return slices.ContainsFunc(a.variants, func(v Variant) bool { return v.Span.Contains(at) })
}

// Begun reports whether the text has come into force by an instant, in at least one
// of its readings. From then on it stands in the place of the versions before it,
// also after its own end: what was terminated does not come back.
func (a *Agreement) Begun(at trucewatch.Instant) bool {
	return slices.ContainsFunc(a.variants, func(v Variant) bool { return v.Span.From <= at })
}

// Zone returns the zone with an ID, nil if there is none.
func (a *Agreement) Zone(id string) *Zone {
	return find(a.Zones, func(z *Zone) bool { return z.ID == id })
}

// Line returns the line with an ID, nil if there is none.
func (a *Agreement) Line(id string) *Line {
	return find(a.Lines, func(l *Line) bool { return l.ID == id })
}

// Class returns the weapon class with an ID, nil if there is none.
func (a *Agreement) Class(id string) *WeaponClass {
	return find(a.Weapons, func(c *WeaponClass) bool { return c.ID == id })
}

// Exemption returns the exemption with an ID, nil if there is none.
func (a *Agreement) Exemption(id string) *Exemption {
	return find(a.Exemptions, func(x *Exemption) bool { return x.ID == id })
}

// Act returns the act with an ID, nil if there is none.
func (a *Agreement) Act(id trucewatch.ActID) *Act {
	return find(a.Acts, func(c *Act) bool { return c.ID == id })
}

// Phase returns the phase with an ID, nil if there is none.
func (a *Agreement) Phase(id string) *Phase {
	return find(a.Phases, func(p *Phase) bool { return p.ID == id })
}

// Clock returns the clock with an ID, nil if there is none.
func (a *Agreement) Clock(id string) *Clock {
	return find(a.Clocks, func(c *Clock) bool { return c.ID == id })
}

func find[T any](list []T, is func(*T) bool) *T {
	for i := range list {
		if is(&list[i]) {
			return &list[i]
		}
	}
	return nil
}

// MissionAdjudicates says whether the text lets the mission name who is
// responsible. Where it does not, nothing is attributed in public.
func (a *Agreement) MissionAdjudicates() bool {
	b := find(a.Bodies, func(b *Body) bool { return b.ID == "mission" })
	return b != nil && b.Adjudicates
}

// DisclosureFor returns the rule for an audience, with "as" followed, and
// whether the text has one.
func (a *Agreement) DisclosureFor(audience trucewatch.Audience) (DisclosureRule, bool) {
	rule := find(a.Disclosure, func(d *DisclosureRule) bool { return d.Audience == audience })
	if rule != nil && rule.As != "" {
		// Parse lets "as" point only at a rule that has none itself.
		as := rule.As
		rule = find(a.Disclosure, func(d *DisclosureRule) bool { return d.Audience == as })
	}
	if rule == nil {
		return DisclosureRule{}, false
	}
	out := *rule
	out.Audience = audience
	return out, true
}

// PhaseEnd returns when a phase is complete under a reading: limits that name
// the phase bind from then on. A class without a phase binds from the start of
// force.
func (a *Agreement) PhaseEnd(id string, reading trucewatch.Reading) trucewatch.Instant {
	p := a.Phase(id)
	if p == nil {
		return reading.Span.From
	}
	start := reading.Span.From + p.StartAfter
	if p.After != "" {
		// Parse refuses circles and forward references.
		start = a.PhaseEnd(p.After, reading)
	}
	return start + p.Complete
}

// LineOfContact returns the line of contact as it was surveyed last at or before
// an instant, the first if none was surveyed by then, nil if the agreement has
// none.
func (a *Agreement) LineOfContact(at trucewatch.Instant) *Line {
	var first, last *Line
	for i := range a.Lines {
		l := &a.Lines[i]
		if l.Kind != "line_of_contact" {
			continue
		}
		if first == nil || l.Dated < first.Dated {
			first = l
		}
		if l.Dated <= at && (last == nil || l.Dated > last.Dated) {
			last = l
		}
	}
	if last == nil {
		return first
	}
	return last
}

// Attribute returns the least share by which a party may be named for an act:
// that of the digital annex for its acts, else that of the act's severity.
func (a *Agreement) Attribute(c *Act) trucewatch.PPM {
	if d := a.DigitalAnnex; d != nil && d.Attribution > 0 && slices.Contains(d.Prohibited, c.ID) {
		return d.Attribution
	}
	return a.Evidence.Attribute(c.Severity)
}

// Body returns the body with an ID, nil if there is none.
func (a *Agreement) Body(id string) *Body {
	return find(a.Bodies, func(b *Body) bool { return b.ID == id })
}

// Obligation returns the obligation with an ID, nil if there is none.
func (a *Agreement) Obligation(id string) *Obligation {
	return find(a.Obligations, func(o *Obligation) bool { return o.ID == id })
}

// IsHeavy says whether the text calls a weapon class heavy.
func (a *Agreement) IsHeavy(class string) bool { return slices.Contains(a.Heavy, class) }
