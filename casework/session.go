// SPDX-License-Identifier: Apache-2.0

package casework

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
)

// weekly is how often routine cases come before a body whose text does not say how
// often it meets.
//
// Source: the life cycle of a case, "routine severity 1-2: weekly batch".
const weekly = 7 * trucewatch.Day

// batchSlack is by how much a routine sitting may come before its interval is over.
//
// Guess: half a day, so that a body that meets on Mondays may meet an hour earlier
// than last Monday. To test: the times of a year of real sittings.
const batchSlack = 12 * trucewatch.Hour

// routineInterval returns how often routine cases come before a body.
func routineInterval(b *agreement.Body) trucewatch.Instant {
	if b.MeetsEvery > 0 {
		return b.MeetsEvery
	}
	return weekly
}

// Agenda returns what a session of a body has on its agenda if it is convened now,
// that is at the last instant the desk knows: every case that lies before it,
// gravest first, then oldest. Routine cases are among them once in the body's
// interval.
func (d *Desk) Agenda(body string) []trucewatch.CaseID { return d.agenda(body, d.now) }

func (d *Desk) agenda(body string, at trucewatch.Instant) []trucewatch.CaseID {
	b := d.body(body)
	if b == nil {
		return nil
	}
	last, before := d.batches[body]
	routine := !before || at-last >= routineInterval(b)-batchSlack
	var list []*trucewatch.Case
	for c := range d.All() {
		if c.Before == body && (routine || d.cases[c.ID].urgent(c)) {
			list = append(list, c)
		}
	}
	slices.SortStableFunc(list, func(a, b *trucewatch.Case) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(a.Opened, b.Opened))
	})
	var out []trucewatch.CaseID
	for _, c := range list {
		out = append(out, c.ID)
	}
	return out
}

// sessionFollows says which deed a session's deed may follow on.
var sessionFollows = map[string][]string{
	"opened":    {"convened", "adjourned"},
	"adjourned": {"opened"},
	"closed":    {"convened", "opened", "adjourned"},
}

// CheckSession says why a session may not be convened or carried on.
func (d *Desk) CheckSession(s *trucewatch.Session, received trucewatch.Instant) error {
	if s.Deed != "convened" { // a session is convened for a time to come
		if err := timely("session "+s.ID+": "+s.Deed, s.At, received); err != nil {
			return err
		}
	}
	now := d.sittings[s.ID]
	if now != nil && repeatedSession(now, s) {
		return nil
	}
	if now == nil && s.Deed != "convened" {
		return refuse("session %q was not convened", s.ID)
	}
	if s.Deed == "convened" {
		if now != nil {
			return refuse("session %q was convened already", s.ID)
		}
		return d.checkConvened(s)
	}
	switch {
	case now.Body != s.Body:
		return refuse("session %q is one of %s, not of %s", s.ID, now.Body, s.Body)
	case len(s.Agenda) > 0:
		return refuse("session %q: the agenda is set when it is convened", s.ID)
	case !slices.Contains(sessionFollows[s.Deed], now.State):
		return refuse("session %q is %s: it cannot be %s", s.ID, now.State, s.Deed)
	case s.Deed == "opened" && len(s.Present) == 0:
		return refuse("session %q is opened and nobody is present", s.ID)
	}
	return nil
}

func repeatedSession(now *trucewatch.SessionState, s *trucewatch.Session) bool {
	return slices.ContainsFunc(now.Deeds, func(old trucewatch.Dated[trucewatch.Session]) bool {
		return bytes.Equal(trucewatch.Encode(&old.What), trucewatch.Encode(s))
	})
}

func (d *Desk) checkConvened(s *trucewatch.Session) error {
	b := d.body(s.Body)
	if b == nil || len(b.Members) == 0 {
		return refuse("%q is no body with members of the agreement: it holds no sessions", s.Body)
	}
	for _, id := range s.Agenda {
		k, err := d.findOpen(id)
		switch {
		case err != nil:
			return err
		case k.shown.Served == 0:
			return refuse("%s was not served: it cannot be on the agenda yet", id)
		case k.brought && k.shown.Before != s.Body:
			return refuse("%s is before %q, not before %s", id, k.shown.Before, s.Body)
		case !k.brought && k.firstBody() != s.Body:
			return refuse("%s goes before %s first, not before %s", id, k.firstBody(), s.Body)
		}
	}
	return nil
}

// Session enters a sitting of a body, convened, opened, adjourned or closed. If it
// is convened without an agenda, that is every case then before the body; if one
// is given, the cases on it come before the body.
func (d *Desk) Session(s *trucewatch.Session, received trucewatch.Instant, index uint64) ([]*trucewatch.Case, error) {
	if err := d.CheckSession(s, received); err != nil {
		return nil, err
	}
	old := d.sittings[s.ID]
	if old != nil && repeatedSession(old, s) {
		return nil, nil
	}
	d.now = max(d.now, received)
	next := trucewatch.SessionState{ID: s.ID, Body: s.Body}
	if old != nil {
		next = *old
	}
	next.State = s.Deed
	next.Deeds = append(next.Deeds, trucewatch.Dated[trucewatch.Session]{Index: index, Received: received, What: *s})
	if s.Deed == "opened" {
		next.Present = slices.Clone(s.Present)
	}
	d.sittings[s.ID] = &next
	if s.Deed == "opened" {
		return d.met(&next, received, index), nil
	}
	if s.Deed != "convened" {
		return nil, nil
	}
	d.convened = append(d.convened, s.ID)
	sits := max(s.At, received)
	next.Agenda = slices.Clone(s.Agenda)
	if len(next.Agenda) == 0 {
		next.Agenda = d.agenda(s.Body, sits)
	}
	var touched touched
	for _, id := range next.Agenda {
		k := d.cases[id]
		c := edit(k)
		d.bring(k, c, s.Body, received, index)
		note(c, index, "on the agenda of session %s of %s", s.ID, s.Body)
		if len(s.Agenda) == 0 && !k.urgent(c) {
			d.batches[s.Body] = sits
		}
		d.settle(k, c, received, index)
		touched.add(id)
	}
	return d.list(touched), nil
}

// met ends the time that a body has for meeting, for the cases on its agenda that
// still lie before it.
func (d *Desk) met(s *trucewatch.SessionState, at trucewatch.Instant, index uint64) []*trucewatch.Case {
	var touched touched
	for _, id := range s.Agenda {
		k := d.cases[id]
		if clock := k.clock(k.shown, meetClock, ""); clock != nil && clock.Ended == 0 && k.shown.Before == s.Body {
			d.end(k, edit(k), meetClock, "", at, index)
			touched.add(id)
		}
	}
	return d.list(touched)
}

// Sessions returns every session in the order in which they were convened.
func (d *Desk) Sessions() []*trucewatch.SessionState {
	out := make([]*trucewatch.SessionState, len(d.convened))
	for i, id := range d.convened {
		out[i] = d.sittings[id]
	}
	return out
}

// checkEscalate says why a case may not go up a level: only to the body above,
// and only when the lower one has voted on it, or its time is over and a session
// had it on its agenda with a member absent.
//
// Source: Sudan CPA 2005, four levels: a deadlock goes up only after the lower
// ones are exhausted.
func (d *Desk) checkEscalate(k *docket, s *trucewatch.Step) error {
	c := k.shown
	switch up := k.above(c.Before); {
	case c.Before == "":
		return refuse("%s is before no body: it cannot go up from there", c.ID)
	case up == "":
		return refuse("%s is before %s, above which the text has no body", c.ID, c.Before)
	case s.To != up:
		return refuse("%s goes up from %s to %s, not to %s", c.ID, c.Before, up, s.To)
	case k.ruled.any():
		return refuse("%s was decided: it does not go up", c.ID)
	}
	for _, r := range c.Decisions[k.rulings:] {
		if r.Decision.Body == c.Before {
			return nil
		}
	}
	if clock := k.clock(c, decideClock, ""); clock != nil && !clock.RanOut {
		return refuse("%s has not voted on %s and its time is not over", c.Before, c.ID)
	}
	if !d.satWithAbsent(k.terms.Body(c.Before), c.ID) {
		return refuse("%s has not voted on %s, and no session had it on the agenda with a member absent", c.Before, c.ID)
	}
	return nil
}

// satWithAbsent says whether a session of a body was opened with a case on its
// agenda and a member absent.
func (d *Desk) satWithAbsent(b *agreement.Body, id trucewatch.CaseID) bool {
	for _, s := range d.Sessions() {
		if s.Body == b.ID && len(s.Present) > 0 && slices.Contains(s.Agenda, id) &&
			slices.ContainsFunc(b.Members, func(m string) bool { return !slices.Contains(s.Present, m) }) {
			return true
		}
	}
	return false
}
