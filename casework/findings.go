// SPDX-License-Identifier: Apache-2.0

package casework

import (
	"slices"

	"github.com/trucewatch/trucewatch"
)

// standing is how a finding stands in its case.
type standing struct {
	result     trucewatch.Result
	severity   int
	state      string
	procedural bool // about the case itself, such as that nobody answered
}

// accuses says whether the finding is still one of a violation.
func (s standing) accuses() bool {
	return s.state != "withdrawn" && (s.result == trucewatch.Violation || s.result == trucewatch.ProbableViolation)
}

// confirmed says whether a person stands behind the finding.
func (s standing) confirmed() bool { return s.state == "reviewed" || s.state == "final" }

// caseOf returns the ID of the case that a subject has of its own, empty if it
// leads to none: a window or a tally accuses nobody.
func caseOf(s *trucewatch.Subject) trucewatch.CaseID {
	id := ""
	switch {
	case s.Incident != nil:
		id = s.Incident.String()
	case s.Case != "":
		return s.Case
	case s.Site != "":
		id = "site/" + s.Site
	case s.Zone != "":
		id = "zone/" + s.Zone
	case s.Duty != "":
		id = "duty/" + s.Duty
	case s.Notice != "":
		id = "notice/" + s.Notice
	case s.Fact != "":
		id = "fact/" + s.Fact
	default:
		return ""
	}
	return trucewatch.CaseID("case/" + id)
}

// Findings takes findings that are new or changed, by the entry at index, and
// returns the cases that opened or changed, by ID. A case opens with the first
// finding of a violation about its subject, and holds all the others; later
// revisions change it and are kept in its history. A finding about an incident
// that an open issue is about, as sameIssue says, joins that issue.
func (d *Desk) Findings(changed []*trucewatch.Finding, at trucewatch.Instant, index uint64) []*trucewatch.Case {
	d.now = max(d.now, at)
	var touched touched
	for _, f := range changed {
		own := caseOf(&f.Subject)
		if own == "" {
			continue
		}
		now := standing{f.Result, f.Severity, f.State, f.Subject.Case != ""}
		k := d.docketOf(f, own, at, index, now.accuses())
		if k != nil && d.take(k, f, now, at, index) {
			touched.add(k.shown.ID)
		}
	}
	return d.list(touched)
}

// docketOf returns the docket that a finding belongs to: the one that holds it or
// another about the same subject, else the issue that it turns out to be about, else
// a new one. It is nil for a finding that leads to no case.
func (d *Desk) docketOf(f *trucewatch.Finding, own trucewatch.CaseID, at trucewatch.Instant, index uint64, accuses bool) *docket {
	if id, held := d.byFinding[f.ID]; held {
		return d.cases[d.goesOn(id)]
	}
	if id, known := d.bySubject[own]; known {
		return d.cases[d.goesOn(id)]
	}
	if f.Subject.Case != "" {
		return d.cases[d.goesOn(f.Subject.Case)] // about a case, such as one that nobody answered: it is part of it
	}
	if !accuses {
		return nil
	}
	if in := f.Subject.Incident; in != nil {
		if same := d.issuesOf(f); len(same) == 1 {
			k := d.cases[same[0]]
			c := edit(k)
			incident := *in
			c.Incident = &incident
			d.bySubject[own] = c.ID
			note(c, index, "incident %v was found", incident)
			return k
		}
	}
	k := d.open(own, d.agreementOf(f.Agreement), at, index, "opened")
	if f.Subject.Incident != nil {
		incident := *f.Subject.Incident
		k.shown.Incident = &incident
	}
	d.bySubject[own] = own
	return k
}

// goesOn returns the case that a case was joined to, and so on; itself if it was
// not.
func (d *Desk) goesOn(id trucewatch.CaseID) trucewatch.CaseID {
	for k := d.cases[id]; k != nil && k.shown.JoinedTo != ""; k = d.cases[id] {
		id = k.shown.JoinedTo
	}
	return id
}

// take records how a finding stands now, and says whether the case changed.
func (d *Desk) take(k *docket, f *trucewatch.Finding, now standing, at trucewatch.Instant, index uint64) bool {
	was, known := k.standing[f.ID]
	if known && was == now {
		return false
	}
	if !known && !now.accuses() {
		return false // it never was part of what the case is about
	}
	k.standing[f.ID] = now
	c := edit(k)
	if !known {
		d.byFinding[f.ID] = c.ID
		place, _ := slices.BinarySearch(c.Findings, f.ID)
		c.Findings = slices.Insert(c.Findings, place, f.ID)
		d.tellOf(k, about{act: f.Act, against: f.Attribution.Party, when: f.When})
	}
	note(c, index, "%s: %s, %s", f.ID, now.result, now.state)
	if now.accuses() && (!known || !was.accuses()) && !now.procedural && (k.done || c.State == unresolved) {
		d.reopen(k, c, at, index)
	}
	if now.confirmed() && !now.procedural {
		d.end(k, c, initialClock, "", at, index)
	}
	d.settle(k, c, at, index)
	return true
}

// weigh sets the severity that follows from the findings that still accuse; if
// there is none, from what is alleged. It stays as it was when nothing is left.
func (d *Desk) weigh(k *docket, c *trucewatch.Case, index uint64) {
	severity := k.gravest(c)
	if severity == 0 {
		severity = k.alleged()
	}
	if severity > 0 {
		c.Severity = severity
	}
	if k.urgent(c) {
		d.hasten(k, c, index)
	}
}

// gravest returns the greatest severity of the findings that still accuse, 0 if
// none does. How the case itself was dealt with makes it no graver and no lighter.
func (k *docket) gravest(c *trucewatch.Case) int {
	severity := 0
	for _, id := range c.Findings {
		if s := k.standing[id]; s.accuses() && !s.procedural {
			severity = max(severity, s.severity)
		}
	}
	return severity
}

// alleged returns the greatest severity of the acts that calls allege, 0 if the
// text grades none of them.
func (k *docket) alleged() int {
	severity := 0
	for _, a := range k.about {
		if act := k.terms.Act(a.act); a.called && act != nil {
			severity = max(severity, act.Severity)
		}
	}
	return severity
}

// urgentFrom is the severity from which a case is led by the hour. What is less
// is routine and comes before a body with its weekly batch.
//
// Source: the life cycle of a case, "flash to both liaisons (severity 3-4)",
// "routine severity 1-2: weekly batch".
const urgentFrom = 3

// urgent says whether the case is led by the hour: it is serious or grave, or a
// call said that fire is going on.
func (k *docket) urgent(c *trucewatch.Case) bool { return c.Severity >= urgentFrom || k.emergency }

// reopen begins a case anew that was closed or left unresolved. It must be served
// again; what was decided, answered and proven before stays readable.
func (d *Desk) reopen(k *docket, c *trucewatch.Case, at trucewatch.Instant, index uint64) {
	d.stop(k, c, at)
	k.detected, k.round, k.rulings, k.replies = at, len(c.Clocks), len(c.Decisions), len(c.Answers)
	k.emergency, k.answered, k.extended, k.brought, k.lapsed, k.done = false, nil, nil, false, false, false
	k.ruled = ruled{}
	for i := range k.matters {
		k.matters[i].settled = true
	}
	c.State, c.Served, c.Before = opened, 0, ""
	note(c, index, "opened again")
}
