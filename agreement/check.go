// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/trucewatch/trucewatch"
)

// Check returns what is wrong with a bundle: what Parse refuses, and, in a text
// that Parse takes, what contradicts itself or can never apply. Each says where
// it stands and what to do. A text with contradictions can be judged, and would be
// judged otherwise than its authors meant. The error is of the bundle as a whole,
// as of Parse.
func Check(files []File) ([]*Problem, error) {
	r, err := readAll(files)
	if err != nil {
		return nil, err
	}
	if len(r.problems) == 0 {
		r.contradictions()
	}
	return inOrder(r.problems), nil
}

// contradictions looks for what can only be seen in the whole text.
func (r *reader) contradictions() {
	r.checkForce()
	r.checkBodies()
	r.checkLines()
	r.checkBands()
	r.checkPlaces()
	r.checkClasses()
	r.checkActs()
	r.checkRules()
	r.checkExemptions()
	r.checkClocks()
	r.checkThresholds()
	r.checkCeilings()
	r.checkObligations()
	r.checkStreak()
	r.checkAggravation()
	r.checkDisclosure()
	r.checkFacts()
}

// at returns the value at a path of keys, the nearest above if it is not there.
func (r *reader) at(keys ...string) *yaml.Node {
	n := r.top
	for _, key := range keys {
		n = child(n, key)
	}
	return n
}

// checkForce looks at when the text is in force.
func (r *reader) checkForce() {
	a := r.a
	n := r.at("agreement", "in_force")
	for i, s := range a.Spans {
		if s.Span.Till != 0 && s.Span.Till == s.Span.From {
			r.errorf(n, "in force from %s until the same instant: it never is; say until when, or null for an open end", s.Span.From)
		}
		for _, t := range a.Spans[:i] {
			if s.Span == t.Span {
				r.errorf(n, "readings %q and %q are in force at the same time: one reading is enough", t.ID, s.ID)
			}
		}
	}
	for _, g := range a.Guarantors {
		if slices.Contains(a.PartyIDs, trucewatch.PartyID(g)) {
			r.errorf(r.at("agreement", "guarantors"), "%q is a guarantor and a party: a guarantor watches over both, name another", g)
		}
	}
	if p := a.PreStart; p != nil {
		for _, v := range a.variants {
			if p.From >= v.Span.From {
				r.errorf(r.at("pre_start", "from"), "the time before the start begins at %s, not before the start of force %s", p.From, v.Span.From)
				break
			}
		}
		if p.ExtendLead > 0 && !slices.ContainsFunc(a.variants, func(v Variant) bool { return v.Span.Till != 0 }) {
			r.errorf(r.at("pre_start", "extend_notice_hours"), "notice of an extension, but the text has no end: set in_force.until, or leave it out")
		}
	}
	for _, p := range a.Phases {
		for _, s := range a.Spans {
			if end := a.PhaseEnd(p.ID, s); s.Span.Till != 0 && end >= s.Span.Till {
				r.errorf(r.at("phases", p.ID), "phase %q is complete at %s, not before the end of force %s: its limits never bind", p.ID, end, s.Span.Till)
				break
			}
		}
	}
}

// checkBodies looks at who decides, and who comes next.
func (r *reader) checkBodies() {
	for i, b := range r.a.Bodies {
		n := r.bodyNodes[i]
		if b.DecidesBy != "" && len(b.Members) == 0 {
			r.errorf(child(n, "decides_by"), "body %q decides by %s and has no members: nobody can vote; list members", b.ID, b.DecidesBy)
		}
		if b.GoesUpTo == "" {
			continue
		}
		if r.a.Body(b.GoesUpTo) == nil {
			r.errorf(child(n, "goes_up_to"), "there is no body %q to which cases go up", b.GoesUpTo)
			continue
		}
		at := &b
		for range r.a.Bodies {
			if at = r.a.Body(at.GoesUpTo); at == nil || at.ID == b.ID {
				break
			}
		}
		if at != nil {
			r.errorf(child(n, "goes_up_to"), "cases of body %q go up in a circle and are never decided: let the last body go up to nobody", b.ID)
		}
	}
}

// checkClocks looks at the order of the clocks of a case.
func (r *reader) checkClocks() {
	a := r.a
	order := []string{"flash", "answer", "initial", "joint", "decide", "close"}
	var last *Clock
	for _, id := range order {
		c := a.Clock(id)
		if c == nil || c.CutOff != "" {
			continue
		}
		if last != nil && c.After < last.After {
			i := slices.IndexFunc(a.Clocks, func(k Clock) bool { return k.ID == id })
			r.errorf(child(r.clockNodes[i], "h"), "clock %q runs out after %s, before clock %q (%s), which belongs before it", id, span(c.After), last.ID, span(last.After))
			continue
		}
		last = c
	}
	for i, c := range a.Clocks {
		if c.From == "service" && c.Do == "" {
			r.errorf(r.clockNodes[i], "clock %q runs from service and does not say what the served party owes: add do", c.ID)
		}
		if c.CutOff == "" && c.After == 0 {
			r.errorf(child(r.clockNodes[i], "h"), "clock %q runs out when it starts", c.ID)
		}
	}
}

// checkThresholds looks at evidence.
func (r *reader) checkThresholds() {
	e := &r.a.Evidence
	n := r.at("evidence")
	if e.Possible == 0 {
		r.errorf(child(child(n, "scale"), "possible"), "possible from 0: whatever nobody saw is possible; set it above 0")
	}
	for _, share := range []trucewatch.PPM{e.AttributeLow, e.AttributeHigh} {
		if share < e.Probable {
			r.errorf(child(n, "to_attribute"), "a party would be named at %s %%, below probable (%s %%): raise it", percent(share), percent(e.Probable))
			break
		}
	}
	if e.AttributeHigh < e.AttributeLow || e.MeansHigh < e.MeansLow {
		r.errorf(n, "graver acts (severity 3-4) would need less evidence than lighter ones: exchange the values")
	}
	if d := r.a.DigitalAnnex; d != nil && d.Attribution > 0 && d.Attribution < e.Probable {
		r.errorf(r.at("digital_annex", "attribution_threshold"), "a party would be named at %s %%, below probable (%s %%): raise it", percent(d.Attribution), percent(e.Probable))
	}
}

// checkFacts looks at facts that rules ask for and no entry can carry.
func (r *reader) checkFacts() {
	kinds := trucewatch.FactKinds()
	if f := r.a.ReturnFire; f != nil {
		n := r.at("return_fire", "allowed_only_if")
		for i, fact := range f.AllowedOnlyIf {
			if !slices.Contains(kinds, fact.Fact) {
				r.errorf(child(n.Content[i], "fact"), "no entry of the record can carry the fact %q%s, so return fire is never allowed: use one of the known facts", fact.Fact, nearest(fact.Fact, kinds))
			}
		}
	}
	for i := range r.a.Exemptions {
		for _, fact := range r.a.Exemptions[i].Requires {
			if !slices.Contains(kinds, fact) {
				r.errorf(child(r.exemptionNodes[i], "requires"), "no entry of the record can carry the fact %q%s, so exemption %q never holds", fact, nearest(fact, kinds), r.a.Exemptions[i].ID)
			}
		}
	}
}

// districtMM is how coarse a district is at least. Guess: no district is smaller
// than a kilometre across. Test: the districts of a mission's own map.
const districtMM = kilometre

// checkDisclosure looks at who would see more than those who may see more.
func (r *reader) checkDisclosure() {
	public, has := r.a.DisclosureFor(trucewatch.ForPublic)
	for _, d := range r.a.Disclosure {
		n := r.at("disclosure", string(d.Audience))
		party := d.Audience == trucewatch.ForPartyA || d.Audience == trucewatch.ForPartyB
		if party && d.Precise && d.PrecisionMM < districtMM && d.Delay == 0 {
			r.errorf(n, "%s would see places to %s m at once: fresh and precise places help to aim; add delay_hours or a coarser precision_km", d.Audience, thousandths(d.PrecisionMM))
		}
		if !has || !public.Precise || d.Audience == trucewatch.ForPublic {
			continue
		}
		switch {
		case d.OtherSide != nil && public.PrecisionMM < districtMM:
			r.errorf(r.at("disclosure", "public", "precision_km"), "the public would see places to %s m, finer than the district that %s sees of the other side: every party reads what is public", thousandths(public.PrecisionMM), d.Audience)
		case d.Precise && (party || d.Audience == trucewatch.ForCommission || d.Audience == trucewatch.ForGuarantor) && public.PrecisionMM < d.PrecisionMM:
			r.errorf(r.at("disclosure", "public", "precision_km"), "the public would see places to %s km, finer than %s (%s km), who may see more", kilometres(public.PrecisionMM), d.Audience, kilometres(d.PrecisionMM))
		}
	}
}
