// SPDX-License-Identifier: Apache-2.0

package casework

import (
	"fmt"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
)

// settle sets what follows for a case from everything that was entered: its
// severity, whether it is for a body, whether it is over, its state, and what it
// waits for. Every deed ends here, so the table of states is this function.
func (d *Desk) settle(k *docket, c *trucewatch.Case, at trucewatch.Instant, index uint64) {
	if k.done {
		return
	}
	d.weigh(k, c, index)
	if c.Served == 0 && k.gravest(c) == 0 && len(c.Activations) == 0 {
		note(c, index, "closed: no finding of a violation is left")
		d.shut(k, c, at)
		return
	}
	if c.Served != 0 && !k.brought && k.ripe(c) {
		d.bring(k, c, k.firstBody(), at, index)
	}
	if why := k.finished(c); why != "" {
		d.end(k, c, closeClock, "", at, index)
		note(c, index, "closed: %s", why)
		d.shut(k, c, at)
		return
	}
	c.State = k.state(c)
	c.Waits = k.waits(c)
}

// state is the state that follows for a case that is not closed.
func (k *docket) state(c *trucewatch.Case) string {
	switch {
	case k.lapsed:
		return unresolved
	case slices.ContainsFunc(c.Remedies, unproven):
		return correcting
	case k.ruled.any():
		return decided
	case k.brought:
		return before
	case c.Served == 0:
		return opened
	case slices.ContainsFunc(k.matters, matter.visitAhead):
		return jointVisit
	case len(k.answered) == max(1, len(k.terms.PartyIDs)):
		return answered
	}
	return served
}

// ripe says whether a case is for a body: a party was silent until its time was
// over, or everybody has answered and the joint visit is settled.
func (k *docket) ripe(c *trucewatch.Case) bool {
	for i := k.round; i < len(c.Clocks); i++ {
		if clock := &c.Clocks[i]; clock.ID == answerClock && clock.RanOut && clock.Ended == 0 {
			return true
		}
	}
	if len(k.answered) < max(1, len(k.terms.PartyIDs)) || slices.ContainsFunc(k.matters, matter.visitAhead) {
		return false
	}
	joint := k.clock(c, jointClock, "")
	return joint == nil || joint.Ended != 0 || joint.RanOut
}

// bring takes a case from the parties to a body.
func (d *Desk) bring(k *docket, c *trucewatch.Case, body string, at trucewatch.Instant, index uint64) {
	if k.brought {
		return
	}
	k.brought = true
	if body != "" {
		note(c, index, "before %s", body)
		d.putBefore(k, c, body, at)
	}
}

// putBefore puts a case before a body. An urgent one starts the time in which the
// text has the body meet on call.
func (d *Desk) putBefore(k *docket, c *trucewatch.Case, body string, at trucewatch.Instant) {
	c.Before = body
	if last := k.clock(c, meetClock, ""); last != nil && last.Ended == 0 && !last.RanOut {
		last.Ended = at // of the body below: nobody waits for it any more
		d.running.remove(alarmOf(c, last))
	}
	if b := k.terms.Body(body); b != nil && b.MeetsOnCallIn > 0 && k.urgent(c) {
		d.start(c, trucewatch.CaseClock{ID: meetClock, Do: body + " meets", From: at, Due: at + b.MeetsOnCallIn})
	}
}

// finished says why a case is over, empty if it is not. It closes when the
// remedies are proven, and it was decided to close it or nothing else is open.
func (k *docket) finished(c *trucewatch.Case) string {
	switch {
	case slices.ContainsFunc(c.Remedies, unproven):
		return ""
	case k.ruled.closing:
		return "decided by " + c.Before
	case slices.ContainsFunc(k.matters, matter.open):
		return ""
	case k.ruled.remedies:
		return "every remedy is proven"
	case k.ruled.innocent:
		return "decided that there was no violation"
	}
	return ""
}

// shut closes a case and stops its clocks.
func (d *Desk) shut(k *docket, c *trucewatch.Case, at trucewatch.Instant) {
	d.stop(k, c, at)
	k.done, k.shut = true, at
	c.State, c.Before, c.Waits = closed, "", nil
}

// waits lists what a case waits for.
func (k *docket) waits(c *trucewatch.Case) []string {
	var out []string
	for i := k.round; i < len(c.Clocks); i++ {
		if clock := &c.Clocks[i]; clock.ID == answerClock && clock.Ended == 0 && !clock.RanOut {
			out = append(out, wait("answer", clock.Party))
		}
	}
	for i := range k.matters {
		if w := k.matters[i].waits(); w != "" {
			out = append(out, w)
		}
	}
	for i := range c.Remedies {
		switch r := &c.Remedies[i]; r.State {
		case ordered, overdue, failed:
			out = append(out, wait("remedy "+r.Remedy.ID, r.Remedy.Party))
		case reported:
			out = append(out, "proof of remedy "+r.Remedy.ID)
		}
	}
	if k.brought && !k.ruled.any() && c.Before != "" {
		out = append(out, "decision of "+c.Before)
	}
	return out
}

func wait(what string, by trucewatch.PartyID) string {
	if by == "" {
		return what
	}
	return fmt.Sprintf("%s of %s", what, by)
}

// firstBody returns the body to which cases go first: the first of the text that
// has members and that is not the one to which another goes up. Empty if the text
// has none: then a case that nobody settles is unresolved when its time is over.
func (k *docket) firstBody() string {
	for i := range k.terms.Bodies {
		b := &k.terms.Bodies[i]
		above := slices.ContainsFunc(k.terms.Bodies, func(o agreement.Body) bool { return o.GoesUpTo == b.ID })
		if len(b.Members) > 0 && !above {
			return b.ID
		}
	}
	return ""
}

// above returns the body to which a body's undecided cases go, empty if there is
// none.
func (k *docket) above(body string) string {
	if b := k.terms.Body(body); b != nil {
		return b.GoesUpTo
	}
	return ""
}
