// SPDX-License-Identifier: Apache-2.0

package casework

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// What may be the same thing. People on the telephone are not exact about time and
// place, and one engagement lasts up to two hours in the texts that cap it.
//
// Guess: one hour and three kilometres. To test: let two officers sort a month of
// calls into issues by hand and count where they and these limits disagree.
const (
	sameWithin   = trucewatch.Hour
	sameWithinMM = 3_000_000
)

// hoursMax is for how many of its hours a matter can be found by time.
const hoursMax = 48

// about is what a finding or call is about.
type about struct {
	act     trucewatch.ActID
	against trucewatch.PartyID // empty: not said
	when    trucewatch.Interval
	where   geo.Region // of a call; that of a finding is its incident's
	called  bool       // by a call
}

// A slot is where cases are looked up by what they are about.
type slot struct {
	act  trucewatch.ActID
	hour int64
}

func hour(at trucewatch.Instant) int64 { return int64(at / trucewatch.Hour) }

// hours returns the first and last hour that a thing touches, within hoursMax.
func (a *about) hours(margin trucewatch.Instant) (first, last int64) {
	till := max(a.when.Till, a.when.From)
	first = hour(a.when.From - margin)
	return first, min(hour(till+margin), first+hoursMax)
}

// tellOf remembers what a case is about, once for each act: what opened it counts,
// so that a row of calls, each near the one before, cannot carry a case away.
func (d *Desk) tellOf(k *docket, a about) {
	if a.act == "" || slices.ContainsFunc(k.about, func(b about) bool { return b.act == a.act && b.called == a.called }) {
		return
	}
	k.about = append(k.about, a)
	first, last := a.hours(0)
	for h := first; h <= last; h++ {
		s := slot{a.act, h}
		d.near[s] = append(d.near[s], k.shown.ID)
	}
}

// same returns the open cases that may be about the same thing, by ID: the same
// act, against the same party as far as both say, within an hour, within three
// kilometres. If either place is not known the machine does not say so; people may
// still join the cases.
func (d *Desk) same(a about, fits func(*docket) bool) []trucewatch.CaseID {
	if a.act == "" || a.where.IsZero() {
		return nil
	}
	var found []trucewatch.CaseID
	first, last := a.hours(sameWithin)
	for h := first; h <= last; h++ {
		for _, id := range d.near[slot{a.act, h}] {
			k := d.cases[id]
			if k.done || slices.Contains(found, id) || !fits(k) {
				continue
			}
			if slices.ContainsFunc(k.about, func(b about) bool { return d.alike(&a, &b, k) }) {
				found = append(found, id)
			}
		}
	}
	slices.Sort(found)
	return found
}

// alike compares what is looked for with one thing that a case is about.
func (d *Desk) alike(a, b *about, k *docket) bool {
	if a.act != b.act || a.against != "" && b.against != "" && a.against != b.against {
		return false
	}
	if bounded(a.when).Gap(bounded(b.when)) > sameWithin {
		return false
	}
	where := b.where
	if !b.called {
		if k.shown.Incident == nil {
			return false
		}
		where = d.where(*k.shown.Incident)
	}
	return !where.IsZero() && geo.DistanceMM(a.where.Mean(), where.Mean()) <= sameWithinMM+a.where.ReachMM()+where.ReachMM()
}

// bounded takes an interval with an open end for its beginning: otherwise it would
// touch everything that came later.
func bounded(v trucewatch.Interval) trucewatch.Interval {
	return trucewatch.Interval{From: v.From, Till: max(v.From, v.Till)}
}

// issuesOf returns the open issues, known from calls only, that a finding may be
// about.
func (d *Desk) issuesOf(f *trucewatch.Finding) []trucewatch.CaseID {
	a := about{act: f.Act, against: f.Attribution.Party, when: f.When, where: d.where(*f.Subject.Incident)}
	return d.same(a, func(k *docket) bool { return k.shown.Incident == nil && len(k.shown.Activations) > 0 })
}

// aboutCall returns what a call is about. A call that gives no time is about now.
func aboutCall(a *trucewatch.Activation) about {
	when := a.When
	if when.IsZero() {
		when = trucewatch.Interval{From: a.At, Till: a.At}
	}
	return about{act: a.Act, against: a.Against, when: when, where: a.Where.Region, called: true}
}

// CheckActivation says why a call may not be taken.
func (d *Desk) CheckActivation(a *trucewatch.Activation, received trucewatch.Instant) error {
	if err := timely("a call", a.At, received); err != nil {
		return err
	}
	if hash, known := d.calls[a.ID]; known {
		if hash != sha256.Sum256(trucewatch.Encode(a)) {
			return refuse("call %q was entered before, and otherwise", a.ID)
		}
		return nil
	}
	if a.Case != "" {
		_, err := d.findOpen(a.Case)
		return err
	}
	terms := d.agreementAt(aboutCall(a).when.From)
	if a.Act != "" && len(terms.Acts) > 0 && terms.Act(a.Act) == nil {
		return refuse("call %q alleges %s, which is no act of agreement %q", a.ID, a.Act, terms.ID)
	}
	if a.Against != "" && len(terms.PartyIDs) > 0 && !slices.Contains(terms.PartyIDs, a.Against) {
		return refuse("call %q is against %q, which is no party of agreement %q: leave it out if it is against somebody else", a.ID, a.Against, terms.ID)
	}
	return nil
}

// Activate takes a call on the hotline or another complaint. Many calls may be
// about one issue: a call that names a case belongs to it; else it belongs to the
// one open case that is about the same thing, as same says; else it opens an
// issue. If several may be meant it opens one too, and its history names them. A
// claim alone is no finding, yet it starts the clocks that the mission owes.
func (d *Desk) Activate(a *trucewatch.Activation, received trucewatch.Instant, index uint64) ([]*trucewatch.Case, error) {
	if err := d.CheckActivation(a, received); err != nil {
		return nil, err
	}
	if _, known := d.calls[a.ID]; known {
		return nil, nil
	}
	d.now = max(d.now, received)
	d.calls[a.ID] = sha256.Sum256(trucewatch.Encode(a))
	what := aboutCall(a)
	id := a.Case
	var maybe []trucewatch.CaseID
	if id == "" {
		if maybe = d.same(what, func(*docket) bool { return true }); len(maybe) == 1 {
			id = maybe[0]
		}
	}
	k := d.cases[id]
	var c *trucewatch.Case
	if k == nil {
		k = d.open(trucewatch.CaseID(fmt.Sprintf("case/call-%d", index)), d.agreementAt(what.when.From), received, index, "opened by call "+a.ID)
		c = edit(k)
		if len(maybe) > 0 {
			note(c, index, "call %s may also belong to %s", a.ID, join(maybe))
		}
	} else {
		c = edit(k)
		note(c, index, "call %s", a.ID)
	}
	c.Activations = append(c.Activations, a.ID)
	if !a.Feedback.IsZero() {
		d.codes = append(d.codes, code{a.Feedback, c.ID})
	}
	k.emergency = k.emergency || a.Emergency
	d.tellOf(k, what)
	d.weigh(k, c, index)
	if c.State == opened {
		d.startClocks(k, c, received, func(id string) bool {
			return id == initialClock || id == closeClock || id == flashClock && k.urgent(c)
		})
	}
	d.settle(k, c, received, index)
	return []*trucewatch.Case{c}, nil
}

func join(ids []trucewatch.CaseID) string {
	var words []string
	for _, id := range ids {
		words = append(words, string(id))
	}
	return strings.Join(words, ", ")
}

// checkJoin says why a case may not be joined to another.
func (d *Desk) checkJoin(k *docket, to trucewatch.CaseID) error {
	other, err := d.findOpen(to)
	c := k.shown
	switch {
	case err != nil:
		return err
	case other == k:
		return refuse("%s: a case cannot be joined to itself", c.ID)
	case c.Served != 0 && other.shown.Served == 0:
		return refuse("%s was served and %s was not: join that one to this", c.ID, to)
	case len(c.Decisions) > 0 || len(c.Remedies) > 0:
		return refuse("%s: a body has voted on it: it goes on by itself", c.ID)
	}
	return nil
}

// join lets another case go on for both: it takes over findings and calls.
// Answers and deeds stay readable where they were given.
func (d *Desk) join(k *docket, to trucewatch.CaseID, at trucewatch.Instant, index uint64) *trucewatch.Case {
	c := edit(k)
	other := d.cases[to]
	o := edit(other)
	note(c, index, "joined to %s", to)
	note(o, index, "%s was joined to it", c.ID)
	for _, id := range c.Findings {
		other.standing[id] = k.standing[id]
		d.byFinding[id] = to
		place, held := slices.BinarySearch(o.Findings, id)
		if !held {
			o.Findings = slices.Insert(o.Findings, place, id)
		}
	}
	for _, a := range k.about {
		if o.Incident == nil || a.called {
			d.tellOf(other, a)
		}
	}
	o.Activations = append(o.Activations, c.Activations...)
	if o.Incident == nil {
		o.Incident = c.Incident
	}
	other.emergency = other.emergency || k.emergency
	c.JoinedTo = to
	d.shut(k, c, at)
	d.settle(other, o, at, index)
	return o
}

// A code is the hash of a code by which somebody who called may ask what came of
// it, and the case that the call belongs to.
type code struct {
	hash trucewatch.Hash
	id   trucewatch.CaseID
}

// Feedback is what whoever reported something may be told: how it stands, in the
// words that are public, to the day. It names no case, so that nobody who holds a
// code can look the case up and be tied to it.
type Feedback struct {
	State    string             // opened, served, answered, ... as of a Case
	Received trucewatch.Instant // the day on which the case was opened
	Served   trucewatch.Instant // the day on which the parties were told, 0 if not yet
	Decided  trucewatch.Instant // the day of the first decision that carried, 0 if there is none
	Closed   trucewatch.Instant // the day on which it was closed, 0 if it is not
}

// FeedbackFor says what may be said to who holds a code, nil if the code is
// nobody's. All codes are compared, each in constant time: how long it takes says
// nothing of the codes. How often somebody may ask is for the rim to limit.
func (d *Desk) FeedbackFor(secret string) *Feedback {
	hash := sha256.Sum256([]byte(secret))
	found := -1
	for i := range d.codes {
		found = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(d.codes[i].hash[:], hash[:]), i, found)
	}
	if found < 0 {
		return nil
	}
	k := d.cases[d.goesOn(d.codes[found].id)]
	c := k.shown
	f := &Feedback{State: c.State, Received: day(c.Opened), Served: day(c.Served)}
	for _, r := range c.Decisions {
		if r.Outcome == carried && f.Decided == 0 {
			f.Decided = day(r.Received)
		}
	}
	if k.done {
		f.Closed = day(k.shut)
	}
	return f
}

// day rounds down to the day, UTC.
func day(at trucewatch.Instant) trucewatch.Instant { return at - at%trucewatch.Day }
