// SPDX-License-Identifier: Apache-2.0

package casework

import (
	"bytes"

	"github.com/trucewatch/trucewatch"
)

// Check says why the desk would refuse what a payload enters, nil if it would not
// or if the payload is none of its business. It changes nothing: whoever writes to
// the record asks it first.
func (d *Desk) Check(p *trucewatch.Payload, received trucewatch.Instant) error {
	switch {
	case p.Review != nil && p.Review.Case != "":
		return d.CheckServe(p.Review.Case)
	case p.Answer != nil:
		return d.CheckAnswer(p.Answer, received)
	case p.Step != nil:
		return d.CheckStep(p.Step, received)
	case p.Session != nil:
		return d.CheckSession(p.Session, received)
	case p.Decision != nil:
		return d.CheckDecision(p.Decision, received)
	case p.Activation != nil:
		return d.CheckActivation(p.Activation, received)
	case p.Interpretation != nil:
		return d.CheckInterpretation(p.Interpretation)
	case p.Fact != nil:
		return d.CheckFact(p.Fact, received)
	}
	return nil
}

// Notified makes the ID of a notification known, which answers may rely on.
func (d *Desk) Notified(n *trucewatch.Notification) { d.notices[n.ID] = true }

// CheckFact says why a fact may not be entered.
func (d *Desk) CheckFact(f *trucewatch.Fact, received trucewatch.Instant) error {
	if old := d.facts[f.ID]; old != nil && old.Party != f.Party {
		return refuse("fact %q is one of %s", f.ID, old.Party)
	}
	return timely("fact "+f.ID, f.At, received)
}

// mitigates are the facts that speak for a party, in words.
var mitigates = map[string]string{
	"discipline_reported": "reports a measure against those responsible",
	"self_report":         "reported it itself",
	"ceased_fire":         "ceased fire",
}

// Fact takes a recorded fact: answers may rely on it, and one that speaks for a
// party and refers to a case is noted there. The same fact may be entered again
// when somebody confirms it.
func (d *Desk) Fact(f *trucewatch.Fact, received trucewatch.Instant, index uint64) ([]*trucewatch.Case, error) {
	if err := d.CheckFact(f, received); err != nil {
		return nil, err
	}
	old := d.facts[f.ID]
	if old != nil && bytes.Equal(trucewatch.Encode(old), trucewatch.Encode(f)) {
		return nil, nil
	}
	d.now = max(d.now, received)
	d.facts[f.ID] = f
	words := mitigates[f.Kind]
	k := d.cases[d.goesOn(trucewatch.CaseID(f.Ref))]
	if words == "" || k == nil {
		return nil, nil
	}
	c := edit(k)
	confirmed := ""
	if f.Confirmed != "" {
		confirmed = ", confirmed by " + f.Confirmed
	}
	note(c, index, "%s %s (%s)%s", f.Party, words, f.ID, confirmed)
	if f.Kind == "discipline_reported" {
		d.end(k, c, disciplineClock, "", received, index)
	}
	d.settle(k, c, received, index)
	return []*trucewatch.Case{c}, nil
}
