// SPDX-License-Identifier: Apache-2.0

package casework

import (
	"fmt"
	"slices"

	"github.com/trucewatch/trucewatch"
)

// ExtensionMax is by how much a party's time for an answer is made longer, once,
// if it asks for more.
//
// Guess: a day, so that an answer still comes before the 72 hours that the texts
// give a body for its decision. To test: how often parties ask, and for how long.
const ExtensionMax = 24 * trucewatch.Hour

const needTime = "need_time"

// timely refuses a deed that was done after it was received.
func timely(what string, at, received trucewatch.Instant) error {
	if at > received {
		return refuse("%s of %v was received before that, %v", what, at, received)
	}
	return nil
}

// CheckServe says why a case may not be served.
func (d *Desk) CheckServe(id trucewatch.CaseID) error {
	k, err := d.findOpen(id)
	switch {
	case err != nil:
		return err
	case k.shown.Served != 0:
		return fmt.Errorf("%w: %q, %v", ErrServed, id, k.shown.Served)
	}
	return nil
}

// Serve puts the case before the parties and starts its clocks. One that nobody
// served until its time was over is opened again for that.
func (d *Desk) Serve(id trucewatch.CaseID, at trucewatch.Instant, index uint64) ([]*trucewatch.Case, error) {
	if err := d.CheckServe(id); err != nil {
		return nil, err
	}
	d.now = max(d.now, at)
	k := d.cases[id]
	c := edit(k)
	if k.lapsed {
		d.reopen(k, c, at, index)
	}
	c.Served = at
	note(c, index, "served")
	d.startClocks(k, c, at, func(id string) bool { return id != flashClock || k.urgent(c) })
	d.end(k, c, flashClock, "", at, index) // serving tells both parties
	for _, f := range c.Findings {
		if s := k.standing[f]; s.confirmed() && !s.procedural {
			d.end(k, c, initialClock, "", at, index)
			break
		}
	}
	d.settle(k, c, at, index)
	return []*trucewatch.Case{c}, nil
}

// repeated says whether the same was entered before.
func repeated[T comparable](list []trucewatch.Dated[T], what *T) bool {
	return slices.ContainsFunc(list, func(old trucewatch.Dated[T]) bool { return old.What == *what })
}

// CheckAnswer says why an answer may not be taken. What it relies on must have
// been entered before it.
func (d *Desk) CheckAnswer(a *trucewatch.Answer, received trucewatch.Instant) error {
	k, err := d.find(a.Case)
	if err != nil {
		return err
	}
	c := k.shown
	if repeated(c.Answers[k.replies:], a) {
		return nil
	}
	switch {
	case k.done:
		return fmt.Errorf("%w: %q", ErrClosed, a.Case)
	case c.Served == 0:
		return refuse("%s was not served: there is nothing to answer yet", a.Case)
	case !slices.Contains(k.terms.PartyIDs, a.Party):
		return refuse("%q is no party of agreement %q", a.Party, k.terms.ID)
	case a.Says == "claim_exemption" && !d.notices[a.Notification]:
		return refuse("%s claims an exemption under notification %q, which was never entered", a.Party, a.Notification)
	case a.Says == "claim_return_fire":
		fact := d.facts[a.Fact]
		if fact == nil {
			return refuse("%s claims return fire by order %q: enter the order as a fact first", a.Party, a.Fact)
		}
		if fact.Party != a.Party {
			return refuse("%s claims return fire by %q, which is a fact of %s", a.Party, a.Fact, fact.Party)
		}
	case a.Says == needTime:
		return k.checkMoreTime(a, received)
	}
	return nil
}

// checkMoreTime says why a party is not given more time.
func (k *docket) checkMoreTime(a *trucewatch.Answer, received trucewatch.Instant) error {
	clock := k.clock(k.shown, answerClock, a.Party)
	switch {
	case clock == nil:
		return refuse("agreement %q sets no time for an answer: there is none to make longer", k.terms.ID)
	case clock.Ended != 0:
		return refuse("%s has answered already", a.Party)
	case clock.RanOut || received >= clock.Due:
		return refuse("the time of %s for an answer was over at %v: it is not made longer afterwards", a.Party, clock.Due)
	case slices.Contains(k.extended, a.Party):
		return refuse("%s was given more time already, until %v: only once", a.Party, clock.Due)
	case a.Until <= clock.Due || a.Until > clock.Due+ExtensionMax:
		return refuse("%s asks for time until %v, not after %v and at most until %v", a.Party, a.Until, clock.Due, clock.Due+ExtensionMax)
	}
	return nil
}

// Answer takes what a party says to a case. A later answer stands for the party
// from then on, and the earlier one stays readable. A late one is taken, and its
// clock says that it was late.
func (d *Desk) Answer(a *trucewatch.Answer, received trucewatch.Instant, index uint64) ([]*trucewatch.Case, error) {
	if err := d.CheckAnswer(a, received); err != nil {
		return nil, err
	}
	k := d.cases[a.Case]
	if repeated(k.shown.Answers[k.replies:], a) {
		return nil, nil
	}
	d.now = max(d.now, received)
	c := edit(k)
	c.Answers = append(c.Answers, trucewatch.Dated[trucewatch.Answer]{Index: index, Received: received, What: *a})
	clock := k.clock(c, answerClock, a.Party)
	if a.Says == needTime {
		d.running.remove(alarmOf(c, clock))
		clock.Due = a.Until
		d.running.insert(alarmOf(c, clock))
		k.extended = append(k.extended, a.Party)
		note(c, index, "%s asks for more time, until %v", a.Party, a.Until)
	} else {
		late := ""
		if clock != nil && received >= clock.Due {
			late = ", late"
		}
		note(c, index, "%s answers: %s%s", a.Party, a.Says, late)
		if !slices.Contains(k.answered, a.Party) {
			k.answered = append(k.answered, a.Party)
		}
		d.end(k, c, answerClock, a.Party, received, index)
	}
	d.settle(k, c, received, index)
	return []*trucewatch.Case{c}, nil
}
