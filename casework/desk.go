// SPDX-License-Identifier: Apache-2.0

// Package casework leads cases: opened by a finding, served on the parties,
// answered or not, decided or not, closed or left unresolved.
//
// A case is about one incident and holds all its findings. It opens with the
// first violation or probable violation; later revisions change it and are kept
// in its history. Serving a case starts its clocks; importing history starts
// none until somebody serves it. Clocks run on instants that are handed in,
// from ticks of the record: the desk never asks for the time. A clock that runs
// out is an event of the case, and no silence of a party holds a case up.
//
// The desk does not judge again, and it knows no audience.
//
// Entries that carry a party's answer, a visit or a decision are not defined in
// engine 0. What the desk knows to be done is: the flash, by serving; and the
// initial finding, by a person's confirming it. Every other clock runs out.
package casework

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
)

// Errors about a case that was asked for.
var (
	ErrNoCase = errors.New("casework: no such case")
	ErrServed = errors.New("casework: the case was served already")
	ErrClosed = errors.New("casework: the case is closed")
)

// The states of a case that the desk sets.
const (
	opened     = "opened"
	served     = "served"
	before     = "before_commission" // the time for an answer is over: the case goes on without it
	closed     = "closed"            // before it was served, no finding of a violation was left
	unresolved = "unresolved"        // the time for closing it is over
)

// A Desk holds every case of a mission. The cases it hands out are never
// changed afterwards: a change makes a new one.
type Desk struct {
	cases     map[trucewatch.CaseID]*docket
	order     []trucewatch.CaseID // sorted as strings
	byFinding map[trucewatch.FindingID]trucewatch.CaseID
	running   []alarm // sorted by due instant, then case, then clock
}

// A docket is a case and what the desk needs to lead it.
type docket struct {
	shown    *trucewatch.Case
	clocks   []agreement.Clock // of the agreement under which it was opened
	standing map[trucewatch.FindingID]standing
}

// standing is how a finding stands in its case.
type standing struct {
	result   trucewatch.Result
	severity int
	state    string
}

// accuses says whether the finding is still one of a violation.
func (s standing) accuses() bool {
	return s.state != "withdrawn" && (s.result == trucewatch.Violation || s.result == trucewatch.ProbableViolation)
}

// confirmed says whether a person stands behind the finding.
func (s standing) confirmed() bool { return s.state == "reviewed" || s.state == "final" }

// An alarm is one running clock.
type alarm struct {
	due   trucewatch.Instant
	id    trucewatch.CaseID
	clock string
}

func (a alarm) compare(b alarm) int {
	return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.id, b.id), cmp.Compare(a.clock, b.clock))
}

// NewDesk returns a desk without cases.
func NewDesk() *Desk {
	return &Desk{cases: map[trucewatch.CaseID]*docket{}, byFinding: map[trucewatch.FindingID]trucewatch.CaseID{}}
}

// CaseOf returns the ID of the case about an incident.
func CaseOf(incident trucewatch.IncidentID) trucewatch.CaseID {
	return trucewatch.CaseID("case/" + incident.String())
}

// Case returns the case, nil if there is none.
func (d *Desk) Case(id trucewatch.CaseID) *trucewatch.Case {
	if k := d.cases[id]; k != nil {
		return k.shown
	}
	return nil
}

// ByFinding returns the case that holds the finding, nil if none does.
func (d *Desk) ByFinding(id trucewatch.FindingID) *trucewatch.Case {
	return d.Case(d.byFinding[id])
}

// All yields every case, by ID.
func (d *Desk) All() iter.Seq[*trucewatch.Case] {
	return func(yield func(*trucewatch.Case) bool) {
		for _, id := range d.order {
			if !yield(d.cases[id].shown) {
				return
			}
		}
	}
}

// NextDue returns the earliest instant at which a running clock is due, 0 if
// none runs.
func (d *Desk) NextDue() trucewatch.Instant {
	if len(d.running) == 0 {
		return 0
	}
	return d.running[0].due
}

// Findings takes findings that are new or changed, by the entry at index, and
// returns the cases that opened or changed, by ID. The clocks are those of the
// agreement that was applied; a case keeps the ones it was opened with. Only
// findings about incidents lead to cases: a window or a tally accuses nobody.
func (d *Desk) Findings(changed []*trucewatch.Finding, at trucewatch.Instant, index uint64, clocks []agreement.Clock) []*trucewatch.Case {
	touched := map[trucewatch.CaseID]bool{}
	var ids []trucewatch.CaseID
	for _, f := range changed {
		if f.Subject.Incident == nil {
			continue
		}
		id := CaseOf(*f.Subject.Incident)
		now := standing{f.Result, f.Severity, f.State}
		k := d.cases[id]
		if k == nil && !now.accuses() {
			continue
		}
		if k == nil {
			k = d.open(id, at, index, clocks)
		}
		if d.take(k, f.ID, now, at, index) && !touched[id] {
			touched[id] = true
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	out := make([]*trucewatch.Case, len(ids))
	for i, id := range ids {
		out[i] = d.cases[id].shown
	}
	return out
}

func (d *Desk) open(id trucewatch.CaseID, at trucewatch.Instant, index uint64, clocks []agreement.Clock) *docket {
	k := &docket{clocks: slices.Clone(clocks), standing: map[trucewatch.FindingID]standing{}}
	k.shown = &trucewatch.Case{ID: id, State: opened, Opened: at, History: []trucewatch.Revision{{Index: index, What: "opened"}}}
	d.cases[id] = k
	at0, _ := slices.BinarySearch(d.order, id)
	d.order = slices.Insert(d.order, at0, id)
	return k
}

// take records how a finding stands now, and says whether the case changed.
func (d *Desk) take(k *docket, id trucewatch.FindingID, now standing, at trucewatch.Instant, index uint64) bool {
	was, known := k.standing[id]
	if known && was == now {
		return false
	}
	if !known && !now.accuses() {
		return false // it never was part of what the case is about
	}
	k.standing[id] = now
	c := edit(k)
	if !known {
		d.byFinding[id] = c.ID
		place, _ := slices.BinarySearch(c.Findings, id)
		c.Findings = slices.Insert(c.Findings, place, id)
	}
	c.History = append(c.History, trucewatch.Revision{Index: index, What: fmt.Sprintf("%s: %s, %s", id, now.result, now.state)})
	if now.confirmed() {
		d.end(c, "initial", at, index)
	}
	d.settle(k, c, index)
	return true
}

// settle sets what follows from the findings together: the severity, and
// whether there is still something to serve.
func (d *Desk) settle(k *docket, c *trucewatch.Case, index uint64) {
	severity := 0
	for _, id := range c.Findings {
		if s := k.standing[id]; s.accuses() {
			severity = max(severity, s.severity)
		}
	}
	switch {
	case severity > 0:
		c.Severity = severity
		if c.State == closed {
			c.State = opened
			c.History = append(c.History, trucewatch.Revision{Index: index, What: "opened again"})
		}
	case c.State == opened:
		c.State = closed
		c.History = append(c.History, trucewatch.Revision{Index: index, What: "closed: no finding of a violation is left"})
	}
}

// edit replaces the case by a copy that may be changed.
func edit(k *docket) *trucewatch.Case {
	c := *k.shown
	c.Findings = slices.Clone(c.Findings)
	c.Clocks = slices.Clone(c.Clocks)
	c.History = slices.Clone(c.History)
	k.shown = &c
	return &c
}

// Serve puts the case before the parties and starts its clocks. The error
// wraps ErrNoCase, ErrServed or ErrClosed.
func (d *Desk) Serve(id trucewatch.CaseID, at trucewatch.Instant, index uint64) ([]*trucewatch.Case, error) {
	k := d.cases[id]
	switch {
	case k == nil:
		return nil, fmt.Errorf("%w: %q", ErrNoCase, id)
	case k.shown.State == closed:
		return nil, fmt.Errorf("%w: %q: no finding of a violation is left", ErrClosed, id)
	case k.shown.Served != 0:
		return nil, fmt.Errorf("%w: %q, %v", ErrServed, id, k.shown.Served)
	}
	c := edit(k)
	c.State, c.Served = served, at
	c.History = append(c.History, trucewatch.Revision{Index: index, What: "served"})
	for _, clock := range k.clocks {
		d.start(c, clock, at)
	}
	d.end(c, "flash", at, index) // serving tells both parties
	for _, f := range c.Findings {
		if k.standing[f].confirmed() {
			d.end(c, "initial", at, index)
		}
	}
	return []*trucewatch.Case{c}, nil
}
