// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/coverage"
	"github.com/trucewatch/trucewatch/judge"
)

// Acceptable returns an error if the state as it is does not allow an entry: an
// answer to a case that was not served, a vote of who is no member. The rim asks
// before it records; an entry in the record that is not acceptable makes the
// record unsound.
func (s *State) Acceptable(e *trucewatch.Entry) error {
	p := &e.Body.Payload
	if err := s.desk.Check(p, e.Received); err != nil {
		return err
	}
	switch {
	case p.Agreement != nil:
		return s.checkAdoption(p.Agreement, e.Received)
	case p.Fact != nil:
		return s.owed.CheckFact(p.Fact)
	case p.Inventory != nil:
		return s.owed.CheckInventory(p.Inventory)
	case p.Coverage != nil:
		return coverage.Check(p.Coverage, e.Received)
	case p.NoticeStep != nil:
		return s.checkNoticeStep(p.NoticeStep, e.Received)
	case p.Interpretation != nil:
		return s.checkInterpretation(p.Interpretation)
	}
	return nil
}

func (s *State) checkNoticeStep(n *trucewatch.NoticeStep, received trucewatch.Instant) error {
	if s.noticeNamed(n.Notice) == nil {
		return fmt.Errorf("%w: there is no notification %q", trucewatch.ErrInvalid, n.Notice)
	}
	if n.At > received {
		return fmt.Errorf("%w: notification %q was %s at %v, after it was received, %v", trucewatch.ErrInvalid, n.Notice, n.Deed, n.At, received)
	}
	return nil
}

// checkInterpretation wants a question and a reading that one of the versions of
// the text has: the newest may have added it, or left it to what happened before.
func (s *State) checkInterpretation(i *trucewatch.Interpretation) error {
	var refused error
	for _, a := range slices.Backward(s.agreements) {
		if a.ID != i.Agreement {
			continue
		}
		// It refuses readings that the text does not have, and those that cannot stand
		// beside what was settled before.
		before := slices.DeleteFunc(s.answers(a), func(answer agreement.Settled) bool { return !a.HasReading(answer) })
		_, err := a.Settle(append(before, agreement.Settled{Question: i.Question, Reading: i.Reading}))
		if err == nil {
			return nil
		}
		refused = cmp.Or(refused, err)
	}
	return cmp.Or(refused, fmt.Errorf("%w: no agreement %s was adopted", trucewatch.ErrInvalid, i.Agreement))
}

func (s *State) noticeNamed(id string) *judge.Notice {
	for i := range s.notices {
		if s.notices[i].Notification.ID == id {
			return &s.notices[i]
		}
	}
	return nil
}

// proceed folds what parties, bodies and the mission do about cases.
func (s *State) proceed(e *trucewatch.Entry) ([]Change, error) {
	if err := s.Acceptable(e); err != nil {
		return nil, err
	}
	p := &e.Body.Payload
	changes := []Change{{Entered: p}}
	switch {
	case p.Answer != nil:
		changes, err := s.led(changes)(s.desk.Answer(p.Answer, e.Received, e.Index))
		return append(changes, s.admitted(e, p.Answer)...), err
	case p.Step != nil:
		return s.led(changes)(s.desk.Step(p.Step, e.Received, e.Index))
	case p.Session != nil:
		return s.led(changes)(s.desk.Session(p.Session, e.Received, e.Index))
	case p.Decision != nil:
		return s.led(changes)(s.desk.Decide(p.Decision, e.Received, e.Index))
	case p.Activation != nil:
		return s.call(e, p.Activation, changes)
	case p.Interpretation != nil:
		return append(changes, s.settle(e, p.Interpretation)...), nil
	case p.NoticeStep != nil:
		return append(changes, s.noticeStep(e, p.NoticeStep)...), nil
	case p.Fact != nil:
		return s.told(e, p.Fact, changes)
	case p.Coverage != nil:
		return s.cover(e, p.Coverage, changes)
	}
	owed, err := s.owed.Inventory(p.Inventory, e.Received, e.Index)
	return append(changes, s.owing(e, owed)...), err
}

// led appends the cases that a deed changed.
func (s *State) led(changes []Change) func([]*trucewatch.Case, error) ([]Change, error) {
	return func(cases []*trucewatch.Case, err error) ([]Change, error) {
		for _, c := range cases {
			changes = append(changes, Change{Case: c})
		}
		return changes, err
	}
}

// admitted judges an incident again of which a party says, to the case about it,
// that it was it.
func (s *State) admitted(e *trucewatch.Entry, a *trucewatch.Answer) []Change {
	c := s.desk.Case(a.Case)
	if a.Says != "admit" || c == nil || c.Incident == nil {
		return nil
	}
	s.stated = append(s.stated, trucewatch.Dated[trucewatch.Fact]{Index: e.Index, Received: e.Received, What: trucewatch.Fact{
		ID: fmt.Sprintf("answer-%d", e.Index), Kind: trucewatch.Admission, Party: a.Party, At: e.Received, Ref: c.Incident.String(), Text: a.Text}})
	in := s.incidents.Incident(*c.Incident)
	if in == nil {
		return nil
	}
	changes := s.judge(e, in)
	return append(changes, s.openCases(e, changes)...)
}

// call folds a call on the hotline. One that was made before fire may show an
// attempt at coordination, or aggravate what went on after it.
func (s *State) call(e *trucewatch.Entry, a *trucewatch.Activation, changes []Change) ([]Change, error) {
	s.calls = append(s.calls, trucewatch.Dated[trucewatch.Activation]{Index: e.Index, Received: e.Received, What: *a})
	changes, err := s.led(changes)(s.desk.Activate(a, e.Received, e.Index))
	if err != nil {
		return nil, err
	}
	return append(changes, s.judgeSince(e, a.At)...), nil
}

// told folds a fact: an order, a consent, a measure.
func (s *State) told(e *trucewatch.Entry, f *trucewatch.Fact, changes []Change) ([]Change, error) {
	s.stated = append(s.stated, trucewatch.Dated[trucewatch.Fact]{Index: e.Index, Received: e.Received, What: *f})
	changes, err := s.led(changes)(s.desk.Fact(f, e.Received, e.Index))
	if err != nil {
		return nil, err
	}
	owed, err := s.owed.Fact(f, e.Received, e.Index)
	if err != nil {
		return nil, err
	}
	changes = append(changes, s.owing(e, owed)...)
	var found []Change
	if s.terms != nil && f.Kind == "order_contrary" {
		for _, f := range judge.Orders(s.terms, s.stated, e.Index) {
			found = append(found, s.revise(e, &f)...)
		}
	}
	changes = append(append(changes, found...), s.openCases(e, found)...)
	from := f.At
	if f.Window.From != 0 {
		from = min(from, f.Window.From)
	}
	return append(changes, s.judgeSince(e, from)...), nil
}

// factReach is how long before a fact an event may lie that the fact bears on: an
// order may be told to the mission after the fire, a breach reported by the party.
//
// Guess: three days, as long as a case takes to its decision. Test: facts that
// changed no finding, by how late they came.
const factReach = 3 * trucewatch.Day

// judgeSince judges again what happened since a while before an instant.
func (s *State) judgeSince(e *trucewatch.Entry, at trucewatch.Instant) []Change {
	if s.terms == nil {
		return nil
	}
	var changes []Change
	for in := range s.incidents.All() {
		if in.When.Till == 0 || in.When.Till >= at-factReach {
			changes = append(changes, s.judge(e, in)...)
		}
	}
	return append(changes, s.openCases(e, changes)...)
}

// settle puts a reading of a term in force: what it touches is judged again, and
// what was found in the other readings is withdrawn and stays readable.
func (s *State) settle(e *trucewatch.Entry, i *trucewatch.Interpretation) []Change {
	s.settled = append(s.settled, trucewatch.Dated[trucewatch.Interpretation]{Index: e.Index, Received: e.Received, What: *i})
	s.why = "settled by " + i.Decision + ": " + i.Question + " is read as " + i.Reading
	defer func() { s.why = "" }()
	s.readTerms()
	var changes []Change
	for _, a := range s.agreements {
		if a.ID == i.Agreement {
			changes = append(changes, s.owing(e, s.owed.Adopt(a.Variants(s.answers(a)), e.Index))...)
		}
	}
	for in := range s.incidents.All() {
		changes = append(changes, s.judge(e, in)...)
	}
	return append(changes, s.openCases(e, changes)...)
}

// readTerms makes the adopted texts ready to judge by, as they are read now.
func (s *State) readTerms() { s.terms = judge.Read(s.agreements, s.settled) }

// answers are the questions of an agreement that are settled.
func (s *State) answers(a *agreement.Agreement) []agreement.Settled {
	out := slices.Clone(a.Settled())
	for _, i := range s.settled {
		if i.What.Agreement == a.ID {
			out = append(out, agreement.Settled{Question: i.What.Question, Reading: i.What.Reading})
		}
	}
	return out
}

// noticeStep folds what happened to a notification and judges again what it may
// exempt.
func (s *State) noticeStep(e *trucewatch.Entry, n *trucewatch.NoticeStep) []Change {
	notice := s.noticeNamed(n.Notice)
	notice.Steps = append(notice.Steps, trucewatch.Dated[trucewatch.NoticeStep]{Index: e.Index, Received: e.Received, What: *n})
	changes := []Change{{Notice: s.noticeView(notice)}}
	changes = append(changes, s.owing(e, s.owed.NoticeStep(n, e.Received, e.Index))...)
	return append(changes, s.judgeNotice(e, notice)...)
}

// judgeNotice judges again what a notification may exempt, and whether what was
// observed contradicts it.
func (s *State) judgeNotice(e *trucewatch.Entry, n *judge.Notice) []Change {
	var changes []Change
	for in := range s.incidents.All() {
		if in.When.Gap(n.Notification.Window) <= judge.NoticeReach {
			changes = append(changes, s.judge(e, in)...)
		}
	}
	changes = append(changes, s.contradict(e, n)...)
	return append(changes, s.openCases(e, changes)...)
}

// contradict finds whether a notification is contradicted by what was observed.
func (s *State) contradict(e *trucewatch.Entry, n *judge.Notice) []Change {
	if s.terms == nil {
		return nil
	}
	var seen []judge.Neighbour
	for in := range s.incidents.All() {
		if in.When.Gap(n.Notification.Window) <= judge.NoticeReach {
			seen = append(seen, s.neighbour(in))
		}
	}
	found := judge.Contradicted(judge.NoticeInput{Terms: s.terms, Notice: n, Seen: seen, Facts: s.stated, Index: e.Index})
	var changes []Change
	var ids []trucewatch.FindingID
	for i := range found {
		ids = append(ids, found[i].ID)
		changes = append(changes, s.revise(e, &found[i])...)
	}
	id := n.Notification.ID
	for _, old := range s.byNotice[id] {
		if !slices.Contains(ids, old) {
			changes = append(changes, s.drop(e, old, "what was found since no longer contradicts the notification")...)
			ids = append(ids, old)
		}
	}
	if len(ids) > 0 {
		s.byNotice[id] = ids
	}
	if _, known := s.breached[id]; !known && len(found) > 0 && found[0].Result == trucewatch.Violation {
		s.breached[id] = e.Received
		changes = append(changes, Change{Notice: s.noticeView(n)})
	}
	return changes
}

// noticeView is a notification as it stands now.
func (s *State) noticeView(n *judge.Notice) *trucewatch.NoticeView {
	v := &trucewatch.NoticeView{Index: n.Index, Received: n.Received, Notification: *n.Notification, State: judge.NoticeSubmitted}
	switch now := s.Now(); {
	case now > n.Notification.Window.Till:
		v.State = judge.NoticeExpired
	case now >= n.Notification.Window.From:
		v.State = judge.NoticeActive
	}
	for _, a := range s.agreements {
		if a.Exemption(n.Notification.Exemption) != nil {
			v.State = judge.NoticeState(a, n, s.stated, s.breached[n.Notification.ID], s.Now()).State
		}
	}
	return v
}
