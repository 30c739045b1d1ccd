// SPDX-License-Identifier: Apache-2.0

package casework

import (
	"fmt"
	"slices"

	"github.com/trucewatch/trucewatch"
)

// missionActs is who acts for the mission in a step.
const missionActs = "mission"

// How a matter stands.
const (
	asked      = "asked"
	given      = "given"
	offered    = "offered"
	accepted   = "accepted"
	refused    = "refused"
	impossible = "impossible"
	held       = "held"
)

// A matter is a request for information or a joint visit, and how it stands.
type matter struct {
	id, to  string
	visit   bool
	state   string
	reason  string
	expired bool // its time ran out
	settled bool // it belongs to the time before the case was opened again
}

// open says whether something is still waited for. Nothing is once its time is
// over: silence blocks nothing.
func (m matter) open() bool {
	return !m.settled && !m.expired && (m.state == asked || m.state == offered || m.state == accepted)
}

// visitAhead says whether a joint visit may still be held in its time.
func (m matter) visitAhead() bool { return m.visit && m.open() }

// waits says in words what is waited for, empty if nothing is.
func (m matter) waits() string {
	switch {
	case m.settled:
		return ""
	case m.state == asked:
		return fmt.Sprintf("information %s of %s", m.id, m.to)
	case m.state == offered:
		return fmt.Sprintf("word of %s on visit %s", m.to, m.id)
	case m.state == accepted:
		return "visit " + m.id
	case m.state == impossible:
		return fmt.Sprintf("visit %s: %s", m.id, m.reason)
	}
	return ""
}

// A move is what a deed does to the matter that it refers to.
type move struct {
	visit bool
	from  []string // states that it follows on
	to    string
	by    string // who may: "to", whom it was put to; missionActs; empty: anybody who acts on cases
}

// moves are the deeds on requests and visits. A refusal may be taken back, and a
// visit that was impossible may become possible.
var moves = map[string]move{
	"information_given":   {false, []string{asked, refused}, given, "to"},
	"information_refused": {false, []string{asked}, refused, "to"},
	"visit_accepted":      {true, []string{offered, refused, impossible}, accepted, "to"},
	"visit_refused":       {true, []string{offered, accepted}, refused, "to"},
	"visit_impossible":    {true, []string{offered, accepted}, impossible, ""},
	"visit_held":          {true, []string{accepted, impossible}, held, missionActs},
}

// matter returns the request or visit with an ID, nil if there is none.
func (k *docket) matter(id string) *matter {
	for i := range k.matters {
		if m := &k.matters[i]; m.id == id && !m.settled {
			return m
		}
	}
	return nil
}

// remedy returns the remedy with an ID, nil if there is none.
func remedy(c *trucewatch.Case, id string) *trucewatch.RemedyState {
	i := slices.IndexFunc(c.Remedies, func(r trucewatch.RemedyState) bool { return r.Remedy.ID == id })
	if i < 0 {
		return nil
	}
	return &c.Remedies[i]
}

// taken says whether an ID of a case stands for something already: it names a
// clock too.
func (k *docket) taken(id string) bool {
	inText := id == meetClock || k.terms.Clock(id) != nil
	known := slices.ContainsFunc(k.matters, func(m matter) bool { return m.id == id })
	return inText || known || remedy(k.shown, id) != nil
}

// CheckStep says why a deed may not be entered.
func (d *Desk) CheckStep(s *trucewatch.Step, received trucewatch.Instant) error {
	if err := timely(s.Deed, s.At, received); err != nil {
		return err
	}
	k, err := d.caseFor(s)
	if err != nil || repeated(k.shown.Steps, s) {
		return err
	}
	if err := k.checkActor(s); err != nil {
		return err
	}
	c := k.shown
	switch s.Deed {
	case "acknowledged":
		if c.Served == 0 {
			return refuse("%s was not served: there is nothing to acknowledge yet", s.Case)
		}
		if slices.ContainsFunc(c.Steps, func(o trucewatch.Dated[trucewatch.Step]) bool {
			return o.What.Deed == s.Deed && o.What.By == s.By && o.What.At >= c.Served
		}) {
			return refuse("%s acknowledged %s already", s.By, s.Case)
		}
	case "information_requested", "visit_offered":
		return k.checkBegin(s)
	case "remedy_reported", "remedy_proven", "remedy_failed":
		return checkRemedyStep(c, s)
	case "escalated":
		return d.checkEscalate(k, s)
	case "feedback_given":
		if !slices.ContainsFunc(d.codes, func(code code) bool { return d.goesOn(code.id) == s.Case }) {
			return refuse("nobody who called about %s left a code", s.Case)
		}
	case "joined":
		return d.checkJoin(k, trucewatch.CaseID(s.Ref))
	}
	if m, isMove := moves[s.Deed]; isMove {
		return k.checkMove(s, m)
	}
	return nil
}

// caseFor returns the docket that a deed is about. A closed case admits one deed:
// the mission may show that a remedy was undone.
func (d *Desk) caseFor(s *trucewatch.Step) (*docket, error) {
	if k := d.cases[s.Case]; k != nil && repeated(k.shown.Steps, s) {
		return k, nil
	}
	k, err := d.find(s.Case)
	if err != nil {
		return nil, err
	}
	if k.done && (s.Deed != "remedy_failed" || s.Proof.IsZero()) {
		return nil, fmt.Errorf("%w: %q: only evidence that a remedy was undone opens it again", ErrClosed, s.Case)
	}
	return k, nil
}

// checkActor says why somebody may not do a deed.
func (k *docket) checkActor(s *trucewatch.Step) error {
	party := slices.Contains(k.terms.PartyIDs, trucewatch.PartyID(s.By))
	body := k.terms.Body(s.By) != nil
	switch s.Deed {
	case "acknowledged", "discipline_reported", "remedy_reported":
		if !party {
			return refuse("%s is done by a party of agreement %q, not by %q", s.Deed, k.terms.ID, s.By)
		}
	case "remedy_proven", "remedy_failed", "feedback_given", "joined", "visit_held":
		if s.By != missionActs {
			return refuse("%s is done by the mission, not by %q", s.Deed, s.By)
		}
	case "escalated":
		if s.By != missionActs && s.By != k.shown.Before {
			return refuse("%s is done by the mission or the body that had the case, not by %q", s.Deed, s.By)
		}
	case "information_requested", "visit_offered", "visit_impossible":
		if !party && !body && s.By != missionActs {
			return refuse("%s is done by the mission, a party or a body of agreement %q, not by %q", s.Deed, k.terms.ID, s.By)
		}
	}
	return nil
}

// checkBegin says why a request or visit may not begin.
func (k *docket) checkBegin(s *trucewatch.Step) error {
	due := k.dueOf(s)
	switch {
	case k.taken(s.ID):
		return refuse("%s: %q stands for something else in %s", s.Deed, s.ID, s.Case)
	case s.To == s.By:
		return refuse("%s: %q puts it to itself", s.Deed, s.By)
	case due == 0:
		return refuse("%s %q needs a time by when: the text gives none", s.Deed, s.ID)
	case due <= s.At:
		return refuse("%s %q is due %v, before it begins", s.Deed, s.ID, due)
	}
	return nil
}

// dueOf returns by when something that a step begins is due: the time it gives,
// for a visit else that of the clock for joint visits.
func (k *docket) dueOf(s *trucewatch.Step) trucewatch.Instant {
	if s.Due != 0 || s.Deed != "visit_offered" {
		return s.Due
	}
	if joint := k.clock(k.shown, jointClock, ""); joint != nil {
		return joint.Due
	}
	return 0
}

// checkMove says why a deed does not follow on what it refers to.
func (k *docket) checkMove(s *trucewatch.Step, m move) error {
	matter := k.matter(s.Ref)
	switch {
	case matter == nil || matter.visit != m.visit:
		return refuse("%s refers to %q, which was not begun in %s", s.Deed, s.Ref, s.Case)
	case !slices.Contains(m.from, matter.state):
		return refuse("%s does not follow: %q is %s", s.Deed, s.Ref, matter.state)
	case m.by == "to" && s.By != matter.to:
		return refuse("%s is for %s to say, not for %q", s.Deed, matter.to, s.By)
	}
	return nil
}

// Step enters a deed on a case other than serving, answering and deciding it.
func (d *Desk) Step(s *trucewatch.Step, received trucewatch.Instant, index uint64) ([]*trucewatch.Case, error) {
	if err := d.CheckStep(s, received); err != nil {
		return nil, err
	}
	k := d.cases[s.Case]
	if repeated(k.shown.Steps, s) {
		return nil, nil
	}
	d.now = max(d.now, received)
	c := edit(k)
	c.Steps = append(c.Steps, trucewatch.Dated[trucewatch.Step]{Index: index, Received: received, What: *s})
	note(c, index, "%s", stepWords(s))
	touched := touched{c.ID}
	switch s.Deed {
	case "information_requested":
		d.begin(k, c, s, "gives information", asked)
	case "visit_offered":
		d.begin(k, c, s, "joint visit", offered)
	case "remedy_reported", "remedy_proven", "remedy_failed":
		d.remedyStep(k, c, s, received, index)
	case "discipline_reported":
		d.end(k, c, disciplineClock, "", received, index)
	case "escalated":
		d.putBefore(k, c, s.To, received)
	case "joined":
		touched.add(d.join(k, trucewatch.CaseID(s.Ref), received, index).ID)
	}
	if m, isMove := moves[s.Deed]; isMove {
		matter := k.matter(s.Ref)
		matter.state, matter.reason = m.to, s.Reason
		if m.to != accepted {
			d.end(k, c, matter.id, k.party(matter.to), received, index)
		}
		if m.visit {
			d.end(k, c, jointClock, "", received, index)
		}
	}
	d.settle(k, k.shown, received, index)
	return d.list(touched), nil
}

// begin begins a request or visit and the clock of whom it is put to.
func (d *Desk) begin(k *docket, c *trucewatch.Case, s *trucewatch.Step, do, state string) {
	k.matters = append(k.matters, matter{id: s.ID, to: s.To, visit: state == offered, state: state})
	d.start(c, trucewatch.CaseClock{ID: s.ID, Do: do, From: s.At, Due: k.dueOf(s), Party: k.party(s.To)})
}

// party returns the party that a word names, none if it names somebody else: an
// agency that is asked breaks no agreement.
func (k *docket) party(name string) trucewatch.PartyID {
	if id := trucewatch.PartyID(name); slices.Contains(k.terms.PartyIDs, id) {
		return id
	}
	return ""
}

// stepWords writes a deed for the history: "B: visit_refused v-1: no escort".
func stepWords(s *trucewatch.Step) string {
	words := s.By + ": " + s.Deed
	for _, part := range []string{s.ID, s.Ref} {
		if part != "" {
			words += " " + part
		}
	}
	if s.To != "" {
		words += " to " + s.To
	}
	if s.Reason != "" {
		words += ": " + s.Reason
	}
	return words
}
