// SPDX-License-Identifier: Apache-2.0

package casework

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
)

// The outcomes of a vote.
const (
	carried    = "carried"
	notCarried = "not_carried"
)

// How far a remedy has come.
const (
	ordered  = "ordered"
	reported = "reported"
	proven   = "proven"
	failed   = "failed"
	overdue  = "overdue"
)

func unproven(r trucewatch.RemedyState) bool { return r.State != proven }

// powerFor is what a body needs in its powers to decide about something, if the
// text limits its powers at all.
var powerFor = map[string]string{"responsibility": "attribute", "no_violation": "attribute", "remedy": "remedies"}

// CheckDecision says why a decision may not be entered.
func (d *Desk) CheckDecision(dec *trucewatch.Decision, received trucewatch.Instant) error {
	if err := timely("decision "+dec.ID, dec.At, received); err != nil {
		return err
	}
	if old := d.decisions[dec.ID]; old != nil {
		if !bytes.Equal(trucewatch.Encode(&old.Decision), trucewatch.Encode(dec)) {
			return refuse("decision %q was entered before, and otherwise", dec.ID)
		}
		return nil
	}
	body, terms := d.body(dec.Body), d.agreementAt(dec.At)
	if dec.Case != "" {
		k, err := d.findOpen(dec.Case)
		if err != nil {
			return err
		}
		body, terms = k.terms.Body(dec.Body), k.terms
	}
	if body == nil || len(body.Members) == 0 {
		return refuse("%q is no body with members of the agreement: it decides nothing", dec.Body)
	}
	if need := powerFor[dec.About]; need != "" && len(body.Powers) > 0 && !slices.Contains(body.Powers, need) {
		return refuse("%s may not decide about %s: its powers are %s", body.ID, dec.About, strings.Join(body.Powers, ", "))
	}
	for _, v := range dec.Votes {
		if !slices.Contains(body.Members, v.Member) {
			return refuse("%q is no member of %s and has no vote", v.Member, body.ID)
		}
	}
	if err := d.checkSubject(dec, body, terms); err != nil {
		return err
	}
	return d.checkSitting(dec)
}

// checkSubject says why a body may not decide about that.
func (d *Desk) checkSubject(dec *trucewatch.Decision, body *agreement.Body, terms *agreement.Agreement) error {
	switch dec.About {
	case "interpretation", "deviation":
		if dec.Ref == "" {
			return refuse("decision %q about an %s names none (ref)", dec.ID, dec.About)
		}
	case "responsibility", "remedy", "no_violation", "close":
		if dec.Case == "" {
			return refuse("decision %q about %s names no case", dec.ID, dec.About)
		}
		c := d.cases[dec.Case].shown
		if c.Before != body.ID {
			where := "with the parties"
			if c.Before != "" {
				where = "before " + c.Before
			}
			return refuse("%s is not before %s: it is %s", c.ID, body.ID, where)
		}
	}
	if dec.About == "responsibility" && dec.Party == "" {
		return refuse("decision %q about responsibility names no party", dec.ID)
	}
	if dec.Party != "" && !slices.Contains(terms.PartyIDs, dec.Party) {
		return refuse("%q is no party of agreement %q", dec.Party, terms.ID)
	}
	return d.checkRemedies(dec, body, terms)
}

// checkRemedies says why remedies may not be asked for.
func (d *Desk) checkRemedies(dec *trucewatch.Decision, body *agreement.Body, terms *agreement.Agreement) error {
	if dec.About == "remedy" && len(dec.Remedies) == 0 {
		return refuse("decision %q about a remedy asks for none", dec.ID)
	}
	if len(dec.Remedies) > 0 {
		if dec.About != "remedy" && dec.About != "responsibility" {
			return refuse("decision %q about %s asks for remedies", dec.ID, dec.About)
		}
		if len(body.Powers) > 0 && !slices.Contains(body.Powers, powerFor["remedy"]) {
			return refuse("%s may not ask for remedies: its powers are %s", body.ID, strings.Join(body.Powers, ", "))
		}
	}
	for _, r := range dec.Remedies {
		switch {
		case !slices.Contains(terms.PartyIDs, r.Party):
			return refuse("remedy %q is asked of %q, which is no party of agreement %q", r.ID, r.Party, terms.ID)
		case d.cases[dec.Case].taken(r.ID):
			return refuse("remedy: %q stands for something else in %s", r.ID, dec.Case)
		case r.Due != 0 && r.Due <= dec.At:
			return refuse("remedy %q is due %v, before it is asked for", r.ID, r.Due)
		}
	}
	return nil
}

// checkSitting holds a decision to the session in which it was taken.
func (d *Desk) checkSitting(dec *trucewatch.Decision) error {
	if dec.Session == "" {
		return nil // by correspondence
	}
	s := d.sittings[dec.Session]
	switch {
	case s == nil:
		return refuse("decision %q was taken in session %q, which was not convened", dec.ID, dec.Session)
	case s.Body != dec.Body:
		return refuse("session %q is one of %s, not of %s", s.ID, s.Body, dec.Body)
	case s.State != "opened":
		return refuse("session %q is %s, not opened", s.ID, s.State)
	case dec.Case != "" && !slices.Contains(s.Agenda, dec.Case):
		return refuse("%s is not on the agenda of session %q", dec.Case, s.ID)
	}
	for _, v := range dec.Votes {
		if v.Cast != "absent" && !slices.Contains(s.Present, v.Member) {
			return refuse("%s is not present in session %q and cannot vote there", v.Member, s.ID)
		}
	}
	return nil
}

// Decide enters what a body put to the vote. Whether it carried follows from the
// votes by the rule of the text; Ruling says so. Dissent stays with each vote. A
// decision binds what parties must do; it changes no finding.
func (d *Desk) Decide(dec *trucewatch.Decision, received trucewatch.Instant, index uint64) ([]*trucewatch.Case, error) {
	if err := d.CheckDecision(dec, received); err != nil {
		return nil, err
	}
	if d.decisions[dec.ID] != nil {
		return nil, nil
	}
	d.now = max(d.now, received)
	body := d.body(dec.Body)
	var k *docket
	if dec.Case != "" {
		k = d.cases[dec.Case]
		body = k.terms.Body(dec.Body)
	}
	outcome, why := count(body, dec.Votes)
	r := &trucewatch.Ruling{Decision: *dec, Index: index, Received: received, Outcome: outcome, Why: why}
	d.decisions[dec.ID] = r
	d.decided = append(d.decided, dec.ID)
	if s := d.sittings[dec.Session]; s != nil {
		next := *s
		next.Rulings = append(next.Rulings, dec.ID)
		d.sittings[dec.Session] = &next
	}
	if k == nil {
		return nil, nil
	}
	c := edit(k)
	c.Decisions = append(c.Decisions, *r)
	note(c, index, "%s decides on %s (%s): %s, %s", dec.Body, dec.About, dec.ID, outcome, why)
	if outcome == carried {
		d.bind(k, c, dec, received, index)
	}
	d.settle(k, c, received, index)
	return []*trucewatch.Case{c}, nil
}

// bind draws the consequences of a decision that carried.
func (d *Desk) bind(k *docket, c *trucewatch.Case, dec *trucewatch.Decision, at trucewatch.Instant, index uint64) {
	switch dec.About {
	case "responsibility":
		k.ruled.responsibility, k.ruled.innocent = true, false
	case "no_violation":
		k.ruled.innocent, k.ruled.responsibility = true, false
	case "remedy":
	case "close":
		k.ruled.closing = true
	default:
		return
	}
	k.lapsed = false
	d.end(k, c, decideClock, "", at, index)
	for _, r := range dec.Remedies {
		k.ruled.remedies = true
		due := r.Due
		if closing := k.clock(c, closeClock, ""); due == 0 && closing != nil {
			due = closing.Due
		}
		c.Remedies = append(c.Remedies, trucewatch.RemedyState{Remedy: r, State: ordered, Decision: dec.ID, Since: at})
		if due != 0 {
			d.start(c, trucewatch.CaseClock{ID: r.ID, Do: r.What, From: at, Due: due, Party: r.Party})
		}
	}
}

// count says whether a vote carried, by the rule of the text for the body.
//
// Consensus: every member takes part, nobody is against, and somebody is for it;
// who abstains does not stand in the way. Majority: more than half of the members
// take part, and more are for it than against. A text that gives no rule is read
// as consensus, the stricter. Who gives no vote is absent.
func count(b *agreement.Body, votes []trucewatch.Vote) (outcome, why string) {
	var pro, against, abstain, absent []string
	for _, m := range b.Members {
		i := slices.IndexFunc(votes, func(v trucewatch.Vote) bool { return v.Member == m })
		switch {
		case i < 0 || votes[i].Cast == "absent":
			absent = append(absent, m)
		case votes[i].Cast == "for":
			pro = append(pro, m)
		case votes[i].Cast == "against":
			against = append(against, m)
		default:
			abstain = append(abstain, m)
		}
	}
	if b.DecidesBy == "majority" {
		why = fmt.Sprintf("majority: %d for, %d against, %d abstain, %d absent", len(pro), len(against), len(abstain), len(absent))
		if 2*(len(b.Members)-len(absent)) > len(b.Members) && len(pro) > len(against) {
			return carried, why
		}
		return notCarried, why
	}
	switch {
	case len(against) > 0:
		return notCarried, fmt.Sprintf("consensus: %s voted against", strings.Join(against, ", "))
	case len(absent) > 0:
		return notCarried, fmt.Sprintf("consensus: %s was absent", strings.Join(absent, ", "))
	case len(pro) == 0:
		return notCarried, "consensus: nobody voted for it"
	}
	return carried, "consensus: nobody voted against"
}

// Ruling returns a decision and what became of the vote, nil if there is none.
func (d *Desk) Ruling(id string) *trucewatch.Ruling { return d.decisions[id] }

// Rulings returns every decision in record order, those about no case too.
func (d *Desk) Rulings() []*trucewatch.Ruling {
	out := make([]*trucewatch.Ruling, len(d.decided))
	for i, id := range d.decided {
		out[i] = d.decisions[id]
	}
	return out
}

// CheckInterpretation says why a reading may not be entered as settled: the
// decision that it names must have carried, and must have been about that question
// and reading, written "question/reading" in its ref. Replay applies it.
func (d *Desk) CheckInterpretation(in *trucewatch.Interpretation) error {
	r := d.decisions[in.Decision]
	ref := in.Question + "/" + in.Reading
	switch {
	case r == nil:
		return refuse("interpretation %q rests on decision %q, which was not entered", in.ID, in.Decision)
	case r.Outcome != carried:
		return refuse("interpretation %q rests on decision %q, which did not carry: %s", in.ID, in.Decision, r.Why)
	case r.Decision.About != "interpretation" || r.Decision.Ref != ref:
		return refuse("interpretation %q rests on decision %q, which is about %s %q, not about interpretation %q",
			in.ID, in.Decision, r.Decision.About, r.Decision.Ref, ref)
	}
	return nil
}

// checkRemedyStep says why a step on a remedy may not be entered.
func checkRemedyStep(c *trucewatch.Case, s *trucewatch.Step) error {
	r := remedy(c, s.Ref)
	switch {
	case r == nil:
		return refuse("%s refers to %q, which is no remedy of %s", s.Deed, s.Ref, s.Case)
	case s.Deed == "remedy_reported" && s.By != string(r.Remedy.Party):
		return refuse("remedy %q is asked of %s, not of %s", s.Ref, r.Remedy.Party, s.By)
	case s.Deed == "remedy_failed" && r.State == proven && s.Proof.IsZero():
		return refuse("remedy %q was proven: that it is undone needs evidence (proof)", s.Ref)
	case s.Deed != "remedy_failed" && r.State == proven:
		return refuse("remedy %q was proven already", s.Ref)
	case s.Deed == "remedy_failed" && r.State == failed:
		return refuse("remedy %q failed already", s.Ref)
	}
	return nil
}

// remedyStep carries a remedy on: the party reports, the mission looks.
func (d *Desk) remedyStep(k *docket, c *trucewatch.Case, s *trucewatch.Step, at trucewatch.Instant, index uint64) {
	r := remedy(c, s.Ref)
	switch s.Deed {
	case "remedy_reported":
		r.State = reported
	case "remedy_proven":
		r.State, r.Proof = proven, s.Proof
	case "remedy_failed":
		r.State, r.Proof = failed, s.Proof
		if k.done {
			d.undo(k, c, r.Decision, at, index)
		}
	}
	r.Since = at
	if s.Deed != "remedy_failed" {
		d.end(k, c, r.Remedy.ID, r.Remedy.Party, at, index)
	}
}

// undo opens a case again of which a remedy turned out undone. It stays served and
// decided, by the decision that asked for the remedy; the time for closing it begins
// anew.
func (d *Desk) undo(k *docket, c *trucewatch.Case, by string, at trucewatch.Instant, index uint64) {
	k.done, k.lapsed, k.ruled.remedies, k.ruled.closing = false, false, true, false
	k.round = len(c.Clocks)
	k.detected = at
	c.Before = d.decisions[by].Decision.Body
	note(c, index, "opened again")
	d.startClocks(k, c, at, func(id string) bool { return id == closeClock })
}
