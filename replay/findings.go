// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/casework"
	"github.com/trucewatch/trucewatch/judge"
)

// judge judges an incident again and returns what changed in its findings.
func (s *State) judge(e *trucewatch.Entry, in *trucewatch.Incident) []Change {
	if len(s.agreements) == 0 {
		return nil
	}
	fresh := judge.Incident(s.judgeInput(in, s.terms, e.Index))
	var changes []Change
	ids := make([]trucewatch.FindingID, 0, len(fresh))
	for i := range fresh {
		ids = append(ids, fresh[i].ID)
		changes = append(changes, s.revise(e, &fresh[i])...)
	}
	slices.Sort(ids)
	for _, id := range s.byIncident[in.ID] {
		if !slices.Contains(ids, id) {
			why := "what was found since no longer matches the act"
			if s.why != "" {
				why = s.why
			}
			changes = append(changes, s.drop(e, id, why)...)
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	if len(ids) > 0 {
		s.byIncident[in.ID] = ids
	}
	return changes
}

// judgeInput is what an incident is judged by under terms.
func (s *State) judgeInput(in *trucewatch.Incident, terms *judge.Terms, index uint64) judge.Input {
	return judge.Input{Incident: in, Members: s.incidents.Members(in), Terms: terms, Notices: s.notices, Facts: s.stated, Calls: s.calls,
		Origins: s.origins(in), Nearby: s.nearby(in.ID), Index: index}
}

// revise keeps a finding, or its next revision, and returns the change, if any.
func (s *State) revise(e *trucewatch.Entry, f *trucewatch.Finding) []Change {
	old := s.findings[f.ID]
	if old == nil {
		s.findings[f.ID] = &findingState{current: f}
		return []Change{{Finding: f}}
	}
	if old.withdrawnBy != "" {
		// A person took it back: what follows from later rows is kept, and stays
		// withdrawn until a person confirms it.
		f.Reasons = append([]trucewatch.Reason{{Text: withdrawnWords + old.withdrawnBy, Holds: "yes"}}, f.Reasons...)
	}
	if judge.Same(old.current, f) {
		return nil
	}
	f.Revision = old.current.Revision + 1
	f.State = "revised"
	if old.withdrawnBy != "" {
		f.State = withdrawn
	}
	old.before = append(old.before, old.current)
	old.current = f
	old.revised = append(old.revised, e.Received)
	return []Change{{Finding: f}}
}

// withdrawn is the state of a finding that was taken back, and withdrawnWords
// begin the reason that says so.
const (
	withdrawn      = "withdrawn"
	withdrawnWords = "withdrawn: "
)

// drop withdraws a finding that no longer follows. It stays readable.
func (s *State) drop(e *trucewatch.Entry, id trucewatch.FindingID, why string) []Change {
	st := s.findings[id]
	if st == nil {
		return nil
	}
	if st.current.State == withdrawn {
		st.withdrawnBy = "" // it no longer follows: nobody can confirm it any more
		return nil
	}
	f := *st.current
	f.State, f.Revision, f.Index = withdrawn, f.Revision+1, e.Index
	f.Reasons = append([]trucewatch.Reason{{Text: withdrawnWords + why, Holds: "yes"}}, f.Reasons...)
	st.before = append(st.before, st.current)
	st.current = &f
	st.revised = append(st.revised, e.Received)
	return []Change{{Finding: &f}}
}

// withdraw drops the findings of an incident that became part of another, or, if
// into is zero, of none.
func (s *State) withdraw(e *trucewatch.Entry, gone, into trucewatch.IncidentID) []Change {
	var changes []Change
	why := fmt.Sprintf("incident %v became part of %v", gone, into)
	if into == (trucewatch.IncidentID{}) {
		why = fmt.Sprintf("what incident %v was found from is explained otherwise", gone)
	}
	for _, id := range s.byIncident[gone] {
		changes = append(changes, s.drop(e, id, why)...)
	}
	return changes
}

// openCases leads the findings among changes to the desk.
func (s *State) openCases(e *trucewatch.Entry, changes []Change) []Change {
	var fresh []*trucewatch.Finding
	for _, c := range changes {
		if c.Finding != nil {
			fresh = append(fresh, c.Finding)
		}
	}
	var out []Change
	for _, c := range s.desk.Findings(fresh, e.Received, e.Index) {
		out = append(out, Change{Case: c})
	}
	return out
}

func (s *State) review(e *trucewatch.Entry, r *trucewatch.Review) ([]Change, error) {
	if r.Case != "" {
		if r.Deed != "serve" {
			return nil, fmt.Errorf("%w: %s is not a deed on a case", trucewatch.ErrInvalid, r.Deed)
		}
		served, err := s.desk.Serve(r.Case, e.Received, e.Index)
		if err != nil {
			return nil, err
		}
		var changes []Change
		for _, c := range served {
			changes = append(changes, Change{Case: c})
		}
		return changes, nil
	}
	changes, err := s.reviewFinding(e, r)
	if err != nil {
		return nil, err
	}
	return append(changes, s.openCases(e, changes)...), nil
}

// reviewFinding carries out a person's deed on a finding. What a person takes
// back stays back until a person confirms it.
func (s *State) reviewFinding(e *trucewatch.Entry, r *trucewatch.Review) ([]Change, error) {
	if err := s.Reviewable(r.Finding, r.Deed); err != nil {
		return nil, err
	}
	st := s.findings[r.Finding]
	if r.Deed == "withdraw" {
		why := "by " + r.By + ": " + r.Reason
		changes := s.drop(e, r.Finding, why)
		st.withdrawnBy = why
		st.republish(e) // a person did this: what is public is withdrawn with it
		return changes, nil
	}
	f := *st.current
	if st.withdrawnBy != "" {
		f.Reasons = f.Reasons[1:] // the words of the withdrawal
		st.withdrawnBy = ""
	}
	f.State, f.Index = "reviewed", e.Index
	if st.public == st.current {
		st.public = &f
	}
	st.current = &f
	return []Change{{Finding: &f}}, nil
}

// republish makes the current revision the public one, if any was public.
func (st *findingState) republish(e *trucewatch.Entry) {
	if st.public != nil && st.public != st.current {
		st.public = st.current
		st.again = append(st.again, e.Received)
	}
}

// publish keeps what a finding is about as it is now: like the finding, it stays
// public as it was until a person releases it again. Otherwise late observations
// would move a published place at the minute they come in, and one that lengthens
// the incident would take it off the pages.
func (s *State) publish(st *findingState) {
	id := st.current.Subject.Incident
	if id == nil {
		return
	}
	in := s.incidents.Incident(*id)
	if in == nil || in.ID != *id {
		return // it became part of another: what was public of it stays
	}
	st.as = in
	if i, found := slices.BinarySearchFunc(s.published, *id, trucewatch.IncidentID.Compare); !found {
		s.published = slices.Insert(s.published, i, *id)
	}
}

// release makes findings public, as they are now, from the end of their delay
// on. A finding that is revised later stays public as it was until a person
// releases it again: nothing reaches the public that nobody released.
func (s *State) release(e *trucewatch.Entry, r *trucewatch.Release) ([]Change, error) {
	for _, id := range r.Findings {
		if err := s.Releasable(id); err != nil && !s.partial() {
			return nil, err
		}
	}
	var changes []Change
	for _, id := range r.Findings {
		st := s.findings[id]
		if s.Releasable(id) != nil {
			continue // its evidence was erased, or is closed to this holder
		}
		if st.public == st.current {
			continue
		}
		if st.released == 0 {
			st.released, st.public = e.Received, st.current
		}
		st.republish(e)
		s.publish(st)
		changes = append(changes, Change{Released: id, Finding: st.current})
		at, err := s.visibleFrom(st)
		if err != nil {
			return nil, err
		}
		if at > s.Now() {
			s.pending = append(s.pending, reveal{at: at, finding: id})
		}
	}
	slices.SortFunc(s.pending, func(a, b reveal) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.finding, b.finding))
	})
	return changes, nil
}

// miss finds the breaches that clocks which ran out are. What the mission or a body
// did not do in time breaks no party's duty: it stands in the case's history.
func (s *State) miss(e *trucewatch.Entry, missed []casework.Missed) []Change {
	if s.terms == nil {
		return nil
	}
	var changes []Change
	for _, m := range missed {
		if m.Clock.Party == "" {
			continue
		}
		for _, f := range judge.Missed(s.terms, judge.Miss{Case: s.desk.Case(m.Case), Clock: m.Clock, Party: m.Clock.Party}, e.Index) {
			changes = append(changes, s.revise(e, &f)...)
		}
	}
	return append(changes, s.openCases(e, changes)...)
}

// tick lets time pass: clocks run out, delays end, a reporting period closes.
func (s *State) tick(e *trucewatch.Entry, t *trucewatch.Tick) ([]Change, error) {
	if t.At < s.now || t.At > e.Received {
		return nil, fmt.Errorf("%w: tick %v lies before the last tick (%v) or after it was received (%v)", trucewatch.ErrInvalid, t.At, s.now, e.Received)
	}
	s.now = t.At
	changes := []Change{{Tick: t.At}}
	cases, missed := s.desk.Tick(t.At, e.Index)
	for _, c := range cases {
		changes = append(changes, Change{Case: c})
	}
	changes = append(changes, s.miss(e, missed)...)
	changes = append(changes, s.owing(e, s.owed.Tick(t, e.Index))...)
	for len(s.pending) > 0 && s.pending[0].at <= t.At {
		id := s.pending[0].finding
		s.pending = s.pending[1:]
		changes = append(changes, Change{Released: id, Finding: s.findings[id].current})
	}
	if t.CutOff != "" {
		s.cutOffs = append(s.cutOffs, cutOff{day: t.CutOff, at: t.At})
		s.seenAtCutOff(t.At)
		for _, a := range s.agreements {
			changes = append(changes, s.judgeWindows(e, a)...)
		}
	}
	return changes, nil
}

// judgeWindows judges the windows of an agreement that are over, and withdraws
// what late observations have made untrue.
func (s *State) judgeWindows(e *trucewatch.Entry, a *agreement.Agreement) []Change {
	var changes []Change
	windows := judge.Window(a, s.windowFacts(a), e.Index)
	for i := range windows {
		changes = append(changes, s.revise(e, &windows[i])...)
	}
	for f := range s.Findings() {
		stands := slices.ContainsFunc(windows, func(w trucewatch.Finding) bool { return w.ID == f.ID })
		if f.Subject.Window != nil && f.Agreement == a.Hash() && !stands {
			changes = append(changes, s.drop(e, f.ID, "what was observed since can be judged")...)
		}
	}
	return changes
}

// windowFacts counts what was observed in each reading of an agreement's
// window. Windows that are not over are left empty: they are not judged yet.
func (s *State) windowFacts(a *agreement.Agreement) judge.WindowFacts {
	readings := a.Readings()
	facts := judge.WindowFacts{Now: s.now, Readings: make([]judge.ReadingFacts, len(readings))}
	over := func(r trucewatch.Reading) bool { return r.Span.Till != 0 && r.Span.Till <= s.now }
	if !slices.ContainsFunc(readings, over) {
		return facts
	}
	for in := range s.incidents.All() {
		for _, member := range s.incidents.Members(in) {
			for i, r := range readings {
				if over(r) && r.Span.Gap(member.Observation.When) == 0 {
					facts.Readings[i].Count(member.Observation)
				}
			}
		}
	}
	return facts
}
