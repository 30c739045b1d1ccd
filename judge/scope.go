// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/judge/attribution"
)

// force answers whether the agreement was in force, in this reading; acts that
// the text binds to the time before its start are from then on.
func (t *trial) force() condition {
	when, in := t.in.Incident.When, t.act.span
	holds := covers(in, when)
	c := condition{holds: holds, scope: true, reason: reasonOf(holds, "", nil, sayInForce, span(when), span(in))}
	if holds == unknown {
		c.change = changeForce
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
		who := attribution.Actor(o)
		return answerOf(who == "mission" || t.isParty(who)), who != ""
	})
	if len(spoke) == 0 || claimed {
		return condition{holds: yes, scope: true}
	}
	return condition{holds: holds, scope: true, reason: reasonOf(holds, "", idsOf(spoke), sayBound, said(spoke, attribution.Actor)), change: changeBound}
}
