// SPDX-License-Identifier: Apache-2.0

// Package casework leads cases to their end: opened by a finding or by calls on
// the hotline, served on the parties, answered or not, visited, decided by the
// body that the agreement names, put right or not, closed or left unresolved.
//
// What people do comes in as entries of the record, and time as ticks: the desk
// never asks for the time. It does not judge again, and it knows no audience.
// Consensus binds decisions, never findings: nothing here stops a finding or its
// publication.
//
// # States
//
// A case is in one of nine states. What is not in the table leaves the state as
// it is; a deed that the state does not admit is refused and changes nothing.
//
//	state              event                                            -> state
//	-                  a finding of a violation; a call on the hotline     opened
//	opened             no such finding and no call is left                 closed
//	opened             served                                              served
//	served             every party has answered                            answered
//	served, answered   a joint visit is offered                            joint_visit
//	joint_visit        it was held, refused, impossible, or its time ran   served or answered, or on:
//	served..joint_v.   a party's time for an answer ran out                before_commission
//	answered           the joint visit was settled, or its clock ran out   before_commission
//	served..joint_v.   a session of the first body has it on its agenda    before_commission
//	served..joint_v.   the clock for deciding ran out                      before_commission, one body up
//	before_commission  the clock for deciding ran out; escalated           before_commission, one body up
//	before_commission  responsibility or no violation was decided          decided
//	decided            remedies were decided                               corrective_action
//	decided            no violation, or to close it, and nothing is open   closed
//	corrective_action  every remedy is proven                              closed
//	any but closed     the clock for closing ran out                       unresolved
//	unresolved         decided late; put right late                        decided.., closed
//	any but closed     joined to another case                              closed
//	closed, unresolved a new finding of a violation                        opened
//	unresolved         served, if it never was                             served
//	closed             a remedy that was proven turns out undone           corrective_action
//
// # Clocks
//
// Serving a case starts the clocks of the agreement under which it was opened;
// importing history starts none until somebody serves it. A call on the hotline
// happens now and starts those that the mission itself owes: flash (if it is
// urgent), initial and close. A clock that runs out is an event in the history,
// and Tick returns it as Missed. Each party has its own clock for the answer;
// requests, visits and remedies have one of whoever they are put to, by their ID;
// and a body that must meet on call has one, "meet", for an urgent case.
//
// # Deeds
//
// For each thing that people do there is a method that takes the noun, when it
// was received and the index of its entry, and returns the cases that changed, by
// ID. On error nothing has changed; the error wraps trucewatch.ErrInvalid, ErrNoCase,
// ErrServed or ErrClosed. Check says beforehand whether a deed would be refused.
// The same deed entered twice changes nothing the second time.
package casework

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
)

// Errors about a case that was asked for.
var (
	ErrNoCase = errors.New("casework: no such case")
	ErrServed = errors.New("casework: the case was served already")
	ErrClosed = errors.New("casework: the case is closed")
)

// refuse returns an error about a deed that may not enter the record.
func refuse(format string, args ...any) error {
	return fmt.Errorf("casework: %w: %s", trucewatch.ErrInvalid, fmt.Sprintf(format, args...))
}

// The states of a case.
const (
	opened     = "opened"
	served     = "served"
	answered   = "answered"
	jointVisit = "joint_visit"
	before     = "before_commission"
	decided    = "decided"
	correcting = "corrective_action"
	closed     = "closed"
	unresolved = "unresolved"
)

// A Desk holds every case of a mission. The cases it hands out are never
// changed afterwards: a change makes a new one.
type Desk struct {
	where      func(trucewatch.IncidentID) geo.Region
	agreements []*agreement.Agreement // adopted, in record order
	cases      map[trucewatch.CaseID]*docket
	order      sorted[trucewatch.CaseID]
	byFinding  map[trucewatch.FindingID]trucewatch.CaseID
	bySubject  map[trucewatch.CaseID]trucewatch.CaseID // by the ID that a case of the subject's own would have
	near       map[slot][]trucewatch.CaseID            // by act and hour of what they are about
	running    sorted[alarm]
	missed     []Missed // clocks whose deed was done late, not yet reported
	now        trucewatch.Instant

	calls     map[string]trucewatch.Hash // activations by ID, with the hash of what was entered
	codes     []code
	facts     map[string]*trucewatch.Fact
	notices   map[string]bool
	sittings  map[string]*trucewatch.SessionState
	convened  []string                      // IDs of sessions, in record order
	batches   map[string]trucewatch.Instant // when the last routine batch was before a body
	decisions map[string]*trucewatch.Ruling
	decided   []string // IDs of decisions, in record order
}

// A docket is a case and what the desk needs to lead it.
type docket struct {
	shown    *trucewatch.Case
	terms    *agreement.Agreement // under which it was opened
	standing map[trucewatch.FindingID]standing
	about    []about
	matters  []matter // requests and visits, in record order

	// Since it was opened last:
	detected  trucewatch.Instant // when it was opened
	round     int                // its clocks begin here
	rulings   int                // its decisions begin here
	replies   int                // its answers begin here
	emergency bool               // a call said that fire is going on
	answered  []trucewatch.PartyID
	extended  []trucewatch.PartyID // who was given more time
	brought   bool                 // it is for a body, not for the parties
	lapsed    bool                 // the clock for closing ran out, and nothing was decided since
	ruled     ruled
	done      bool               // closed
	shut      trucewatch.Instant // when it was closed
}

// ruled is what was decided of a case.
type ruled struct{ responsibility, innocent, remedies, closing bool }

func (r ruled) any() bool { return r.responsibility || r.innocent || r.remedies || r.closing }

// NewDesk returns a desk without cases. Where returns the place of an incident as
// far as it is known, the zero region if it is not: by it calls and findings about
// the same thing are brought together. Without it (nil) only people do that.
func NewDesk(where func(trucewatch.IncidentID) geo.Region) *Desk {
	if where == nil {
		where = func(trucewatch.IncidentID) geo.Region { return geo.Region{} }
	}
	return &Desk{
		where: where,
		cases: map[trucewatch.CaseID]*docket{}, order: sorted[trucewatch.CaseID]{compare: cmp.Compare[trucewatch.CaseID]},
		byFinding: map[trucewatch.FindingID]trucewatch.CaseID{}, bySubject: map[trucewatch.CaseID]trucewatch.CaseID{},
		near: map[slot][]trucewatch.CaseID{}, running: sorted[alarm]{compare: alarm.compare},
		calls: map[string]trucewatch.Hash{}, facts: map[string]*trucewatch.Fact{}, notices: map[string]bool{},
		sittings: map[string]*trucewatch.SessionState{}, batches: map[string]trucewatch.Instant{}, decisions: map[string]*trucewatch.Ruling{},
	}
}

// Adopt makes an agreement known: its parties, bodies, clocks and acts. A finding
// is led under the agreement that it names, a call under the newest that is in
// force at the time it is about.
func (d *Desk) Adopt(a *agreement.Agreement) { d.agreements = append(d.agreements, a) }

// agreementOf returns the agreement with a hash; an empty one if it was not
// adopted, under which no clock runs.
func (d *Desk) agreementOf(hash trucewatch.Hash) *agreement.Agreement {
	for _, a := range d.agreements {
		if a.Hash() == hash {
			return a
		}
	}
	return &agreement.Agreement{}
}

// agreementAt returns the newest agreement in force at an instant, of each the
// version that had come into force last; the newest of all if none is, an empty one
// if none was adopted.
func (d *Desk) agreementAt(at trucewatch.Instant) *agreement.Agreement {
	for i, a := range slices.Backward(d.agreements) {
		replaced := slices.ContainsFunc(d.agreements[i+1:], func(b *agreement.Agreement) bool { return b.ID == a.ID && b.Begun(at) })
		if a.InForce(at) && !replaced {
			return a
		}
	}
	if n := len(d.agreements); n > 0 {
		return d.agreements[n-1]
	}
	return &agreement.Agreement{}
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
		for id := range d.order.all() {
			if !yield(d.cases[id].shown) {
				return
			}
		}
	}
}

// touched are the cases that a deed changed.
type touched []trucewatch.CaseID

func (t *touched) add(id trucewatch.CaseID) { *t = append(*t, id) }

// list returns the cases touched, by ID.
func (d *Desk) list(t touched) []*trucewatch.Case {
	slices.Sort(t)
	var out []*trucewatch.Case
	for _, id := range slices.Compact(t) {
		out = append(out, d.cases[id].shown)
	}
	return out
}

// open makes a new case.
func (d *Desk) open(id trucewatch.CaseID, terms *agreement.Agreement, at trucewatch.Instant, index uint64, why string) *docket {
	k := &docket{terms: terms, standing: map[trucewatch.FindingID]standing{}, detected: at}
	k.shown = &trucewatch.Case{ID: id, State: opened, Opened: at, Agreement: terms.Hash(),
		History: []trucewatch.Revision{{Index: index, What: why}}}
	d.cases[id] = k
	d.order.insert(id)
	return k
}

// edit replaces the case by a copy that may be changed. What only grows at its
// end shares its memory with the case before: that one ends where it ended.
func edit(k *docket) *trucewatch.Case {
	c := *k.shown
	c.Findings = slices.Clone(c.Findings)
	c.Clocks = slices.Clone(c.Clocks)
	c.Remedies = slices.Clone(c.Remedies)
	k.shown = &c
	return &c
}

// note adds a line to the history of a case.
func note(c *trucewatch.Case, index uint64, format string, args ...any) {
	c.History = append(c.History, trucewatch.Revision{Index: index, What: fmt.Sprintf(format, args...)})
}

// find returns the docket of a case that people may still act on. A case that was
// joined to another is closed, and the error names the other.
func (d *Desk) find(id trucewatch.CaseID) (*docket, error) {
	k := d.cases[id]
	switch {
	case k == nil:
		return nil, fmt.Errorf("%w: %q", ErrNoCase, id)
	case k.shown.JoinedTo != "":
		return nil, fmt.Errorf("%w: %q: it goes on as %q", ErrClosed, id, k.shown.JoinedTo)
	}
	return k, nil
}

// findOpen is find for what may not be done to a closed case.
func (d *Desk) findOpen(id trucewatch.CaseID) (*docket, error) {
	k, err := d.find(id)
	if err == nil && k.done {
		return nil, fmt.Errorf("%w: %q", ErrClosed, id)
	}
	return k, err
}

// body returns the body with an ID, of the newest agreement that has it, nil if
// none does.
func (d *Desk) body(id string) *agreement.Body {
	for _, a := range slices.Backward(d.agreements) {
		if b := a.Body(id); b != nil {
			return b
		}
	}
	return nil
}
