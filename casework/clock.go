// SPDX-License-Identifier: Apache-2.0

package casework

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
)

// The clocks of an agreement that the desk does something about. Any other runs,
// and running out is an event.
const (
	flashClock      = "flash"      // the mission tells both liaisons; severity 3-4, or fire going on
	answerClock     = "answer"     // each party answers; one clock for each
	initialClock    = "initial"    // a person of the mission stands behind a finding
	jointClock      = "joint"      // a joint visit was offered, and there is an answer to that
	decideClock     = "decide"     // a body has decided
	closeClock      = "close"      // the case is closed, or else unresolved
	disciplineClock = "discipline" // a measure against those responsible was reported, if the text asks for that by a time
)

// meetClock is a clock of the desk's own: a body to which the text gives a time for
// an emergency meeting has met about an urgent case.
const meetClock = "meet"

// An alarm is one running clock.
type alarm struct {
	due   trucewatch.Instant
	id    trucewatch.CaseID
	clock string
	party trucewatch.PartyID
}

func (a alarm) compare(b alarm) int {
	return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.id, b.id), cmp.Compare(a.clock, b.clock), cmp.Compare(a.party, b.party))
}

// alarmOf returns the alarm of a clock of a case.
func alarmOf(c *trucewatch.Case, k *trucewatch.CaseClock) alarm {
	return alarm{k.Due, c.ID, k.ID, k.Party}
}

// A Missed is a clock that ran out before what it waits for was done. Whose deed
// that is is its Party; empty if it is the mission's or a body's.
type Missed struct {
	Case  trucewatch.CaseID
	Clock trucewatch.CaseClock
}

func (m Missed) compare(o Missed) int {
	return cmp.Or(cmp.Compare(m.Case, o.Case), cmp.Compare(m.Clock.Due, o.Clock.Due), cmp.Compare(m.Clock.ID, o.Clock.ID),
		cmp.Compare(m.Clock.Party, o.Clock.Party))
}

// start starts a clock of a case.
func (d *Desk) start(c *trucewatch.Case, k trucewatch.CaseClock) {
	c.Clocks = append(c.Clocks, k)
	d.running.insert(alarmOf(c, &k))
}

// startClocks starts those clocks of the text that are wanted and not started
// since the case was opened last. When a case is served, a clock that the text
// counts from detection counts from the opening; its due instant may be past by
// then, and the next tick says so. Before that a call starts it, and it counts from
// the call. Daily cut-offs are of the mission, not of a case.
func (d *Desk) startClocks(k *docket, c *trucewatch.Case, at trucewatch.Instant, wanted func(id string) bool) {
	for i := range k.terms.Clocks {
		clock := &k.terms.Clocks[i]
		if clock.CutOff != "" || clock.After <= 0 || !wanted(clock.ID) || k.clock(c, clock.ID, anyParty) != nil {
			continue
		}
		from := at
		if clock.From == "detection" && c.Served != 0 {
			from = k.detected
		}
		running := trucewatch.CaseClock{ID: clock.ID, Do: clock.Do, From: from, Due: from + clock.After + k.delay(c, clock)}
		if clock.ID != answerClock || len(k.terms.PartyIDs) == 0 {
			d.start(c, running)
			continue
		}
		for _, party := range k.terms.PartyIDs {
			running.Party = party
			d.start(c, running)
		}
	}
}

// delay returns how much longer than the text's time a body has to decide a
// routine case: it comes before it with the weekly batch, so the time to decide
// begins anew with the sitting. Without this every minor case would go up a level.
//
// Source: the life cycle of a case, "routine severity 1-2: weekly batch".
func (k *docket) delay(c *trucewatch.Case, clock *agreement.Clock) trucewatch.Instant {
	if body := k.terms.Body(k.firstBody()); clock.ID == decideClock && body != nil && !k.urgent(c) {
		return routineInterval(body)
	}
	return 0
}

// hasten gives an urgent case the time of the text for a decision, if it was routine
// until now.
func (d *Desk) hasten(k *docket, c *trucewatch.Case, index uint64) {
	text := k.terms.Clock(decideClock)
	running := k.clock(c, decideClock, anyParty)
	if text == nil || running == nil || running.Ended != 0 || running.RanOut || running.Due <= running.From+text.After {
		return
	}
	d.running.remove(alarmOf(c, running))
	running.Due = running.From + text.After
	d.running.insert(alarmOf(c, running))
	note(c, index, "%s: due %v: no longer routine", decideClock, running.Due)
}

// anyParty stands for the clock of any party or none.
const anyParty trucewatch.PartyID = "*"

// clock returns the newest clock of a case with an ID since the case was opened
// last, nil if there is none.
func (k *docket) clock(c *trucewatch.Case, id string, party trucewatch.PartyID) *trucewatch.CaseClock {
	for i := len(c.Clocks) - 1; i >= k.round; i-- {
		if c.Clocks[i].ID == id && (party == anyParty || c.Clocks[i].Party == party) {
			return &c.Clocks[i]
		}
	}
	return nil
}

// end stops a clock whose deed is done. Done after the due instant is late, and
// the clock ran out.
func (d *Desk) end(k *docket, c *trucewatch.Case, id string, party trucewatch.PartyID, at trucewatch.Instant, index uint64) {
	clock := k.clock(c, id, party)
	if clock == nil || clock.Ended != 0 {
		return
	}
	clock.Ended = at
	late := ""
	if at >= clock.Due {
		late = " late"
		if !clock.RanOut {
			clock.RanOut = true
			d.missed = append(d.missed, Missed{c.ID, *clock})
		}
	}
	note(c, index, "%s: done%s", named(clock), late)
	d.running.remove(alarmOf(c, clock))
}

// stop stops every clock that runs: nothing is waited for any more. It was not
// late, unless it was due.
func (d *Desk) stop(k *docket, c *trucewatch.Case, at trucewatch.Instant) {
	for i := k.round; i < len(c.Clocks); i++ {
		clock := &c.Clocks[i]
		if clock.Ended != 0 || clock.RanOut {
			continue
		}
		clock.Ended = at
		if at >= clock.Due {
			clock.RanOut = true
			d.missed = append(d.missed, Missed{c.ID, *clock})
		}
		d.running.remove(alarmOf(c, clock))
	}
}

// named writes which clock it is: "answer of B".
func named(k *trucewatch.CaseClock) string {
	if k.Party == "" {
		return k.ID
	}
	return fmt.Sprintf("%s of %s", k.ID, k.Party)
}

// NextDue returns the earliest instant at which a running clock is due, 0 if
// none runs.
func (d *Desk) NextDue() trucewatch.Instant {
	a, _ := d.running.first()
	return a.due
}

// Tick moves time on to an instant, by the entry at index. It returns the cases
// of which a clock ran out, by ID, and which clocks those were. A clock runs out
// at its due instant itself: what is due by noon is not done at noon. Clocks whose
// deed was done late before any tick said so are missed with the next tick.
func (d *Desk) Tick(at trucewatch.Instant, index uint64) ([]*trucewatch.Case, []Missed) {
	d.now = max(d.now, at)
	missed := d.missed
	d.missed = nil
	var touched touched
	for {
		a, running := d.running.first()
		if !running || a.due > at {
			break
		}
		d.running.remove(a)
		k := d.cases[a.id]
		c := edit(k)
		clock := k.clock(c, a.clock, a.party)
		clock.RanOut = true
		note(c, index, "%s: ran out", named(clock))
		missed = append(missed, Missed{a.id, *clock})
		d.ranOut(k, c, clock.ID, at, index)
		touched.add(a.id)
	}
	slices.SortFunc(missed, Missed.compare)
	return d.list(touched), missed
}

// ranOut moves a case on of which a clock ran out. Silence blocks nothing: without
// an answer the case goes before the commission, without a decision it goes up,
// and if it is not closed in time it is unresolved.
func (d *Desk) ranOut(k *docket, c *trucewatch.Case, clock string, at trucewatch.Instant, index uint64) {
	switch clock {
	case decideClock:
		if !k.ruled.any() {
			d.bring(k, c, k.firstBody(), at, index)
			// The time was that of the first body: one further up has had none of it.
			if up := k.above(c.Before); up != "" && c.Before == k.firstBody() {
				note(c, index, "escalated to %s: it was not decided in time", up)
				d.putBefore(k, c, up, at)
			}
		}
	case closeClock:
		k.lapsed = true
	}
	if r := remedy(c, clock); r != nil && r.State == ordered {
		r.State, r.Since = overdue, at
	}
	if m := k.matter(clock); m != nil {
		m.expired = true
	}
	d.settle(k, c, at, index)
}
