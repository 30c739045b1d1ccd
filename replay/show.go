// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"iter"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/count"
	"github.com/trucewatch/trucewatch/disclose"
)

// A Sink takes the views of one audience, one by one. An index is one.
type Sink interface {
	Header(v trucewatch.View)
	PutIncident(v *trucewatch.IncidentView)
	DropIncident(id, into trucewatch.IncidentID)
	PutFinding(v *trucewatch.FindingView)
	DropFinding(id trucewatch.FindingID)
	PutCase(v *trucewatch.CaseView)
	DropCase(id trucewatch.CaseID)
	PutTally(v *trucewatch.TallyView)
	PutStatement(v *trucewatch.StatementView)
	PutNotice(v *trucewatch.NoticeView)
	PutSources(all []trucewatch.SourceView)
}

// A shower hands views of the state, as it is now, to a sink.
type shower struct {
	s     *State
	a     trucewatch.Audience
	rules disclose.Rules
	to    Sink
}

func (s *State) shower(a trucewatch.Audience, to Sink) (*shower, error) {
	rules, err := disclose.RulesFor(a, s.agreements, s.genesis)
	if err != nil {
		return nil, fmt.Errorf("replay: show: %w", err)
	}
	header, err := disclose.Build(disclose.Facts{Genesis: s.genesis, Index: s.next, Agreements: s.agreements, Texts: s.texts(), Standing: s.Standing, Watched: s.seenLate},
		a, s.Now(), trucewatch.Interval{}, trucewatch.Interval{})
	if err != nil {
		return nil, fmt.Errorf("replay: show: %w", err)
	}
	to.Header(header)
	return &shower{s: s, a: a, rules: rules, to: to}, nil
}

// Show hands to a sink what changes mean for an audience: the views of all they
// touch, as they are now. Changes of several entries may be shown at once.
func (s *State) Show(a trucewatch.Audience, changes []Change, to Sink) error {
	if s.genesis == nil {
		return nil
	}
	sh, err := s.shower(a, to)
	if err != nil {
		return err
	}
	incidents := map[trucewatch.IncidentID]bool{}
	var order []trucewatch.IncidentID
	touch := func(id trucewatch.IncidentID) {
		if !incidents[id] {
			incidents[id] = true
			order = append(order, id)
		}
	}
	sources := false
	for _, c := range changes {
		switch {
		case c.Incident != nil:
			touch(c.Incident.ID)
		case c.Finding != nil:
			sh.finding(c.Finding.ID)
			if id := c.Finding.Subject.Incident; id != nil {
				touch(*id)
			}
		case c.Case != nil:
			sh.caseView(c.Case)
		case c.Source != nil:
			sources = true
		case c.Gone != c.Into && c.Into == (trucewatch.IncidentID{}) && a == trucewatch.ForMission:
			to.DropIncident(c.Gone, c.Gone)
		case c.Gone != c.Into && a == trucewatch.ForMission:
			to.DropIncident(c.Gone, c.Into)
		case c.Gone != c.Into:
			touch(c.Gone)
		default:
			sh.ledger(c)
		}
	}
	for _, id := range order {
		if in := s.shown(a, id); in != nil {
			sh.incident(in)
		} else if a != trucewatch.ForMission {
			to.DropIncident(id, id)
		}
	}
	if sources {
		sh.sources()
	}
	return nil
}

// ShowAll hands the whole state to an empty sink.
func (s *State) ShowAll(a trucewatch.Audience, to Sink) error {
	if s.genesis == nil {
		return nil
	}
	sh, err := s.shower(a, to)
	if err != nil {
		return err
	}
	for in := range s.shownIncidents(a) {
		sh.incident(in)
	}
	for f := range s.Findings() {
		sh.finding(f.ID)
	}
	for c := range s.desk.All() {
		sh.caseView(c)
	}
	for _, t := range s.tallies {
		sh.ledger(Change{Tally: t})
	}
	for _, st := range s.statements {
		sh.ledger(Change{Statement: st})
	}
	for _, n := range s.noticeViews() {
		sh.ledger(Change{Notice: &n})
	}
	sh.sources()
	return nil
}

func (sh *shower) incident(in *trucewatch.Incident) {
	v, ok := sh.rules.Incident(sh.s.Now(), in, sh.s.incidents.Members(in), sh.s.facts(sh.a, in))
	if !ok {
		sh.to.DropIncident(in.ID, in.ID)
		return
	}
	if sh.a == trucewatch.ForMission {
		sh.s.account(in, &v)
	}
	sh.to.PutIncident(&v)
}

// account adds to what the mission sees of an incident why it is as sure as it is, and
// why each observation is linked. The terms name sources: nobody else gets them.
func (s *State) account(in *trucewatch.Incident, v *trucewatch.IncidentView) {
	account := s.incidents.Account(in)
	v.Sure = account.Sure
	for i, terms := range account.Links {
		for k := range v.Observations {
			if v.Observations[k].ID == in.Links[i].Observation {
				v.Observations[k].Terms = terms
			}
		}
	}
}

func (sh *shower) finding(id trucewatch.FindingID) {
	about, ok := sh.s.about(sh.a, id)
	if !ok {
		return
	}
	v, visible := sh.rules.Finding(sh.s.Now(), about.FindingFact, about.Incident)
	if !visible {
		sh.to.DropFinding(id)
		return
	}
	sh.to.PutFinding(&v)
	if c := sh.s.desk.ByFinding(id); c != nil {
		sh.caseView(c)
	}
}

func (sh *shower) caseView(c *trucewatch.Case) {
	var visible []trucewatch.FindingView
	for _, id := range c.Findings {
		if about, ok := sh.s.about(sh.a, id); ok {
			if v, shown := sh.rules.Finding(sh.s.Now(), about.FindingFact, about.Incident); shown {
				visible = append(visible, v)
			}
		}
	}
	v, ok := sh.rules.Case(sh.s.Now(), c, visible...)
	if !ok {
		sh.to.DropCase(c.ID)
		return
	}
	sh.to.PutCase(&v)
}

func (sh *shower) ledger(c Change) {
	switch {
	case c.Tally != nil:
		if v, ok := sh.rules.Tally(*c.Tally); ok {
			sh.to.PutTally(&v)
		}
	case c.Statement != nil:
		if v, ok := sh.rules.Statement(*c.Statement); ok {
			sh.to.PutStatement(&v)
		}
	case c.Notice != nil:
		if v, ok := sh.rules.Notice(*c.Notice); ok {
			sh.to.PutNotice(&v)
		}
	case c.Tick != 0: // a notification may have become active, or closed
		for _, n := range sh.s.noticeViews() {
			if v, ok := sh.rules.Notice(n); ok {
				sh.to.PutNotice(&v)
			}
		}
	}
}

func (sh *shower) sources() { sh.to.PutSources(sh.rules.Sources(sh.s.sourceViews())) }

// fact is a finding as an audience may come to see it: the mission the current
// revision, all others the one that a person released last.
func (s *State) fact(a trucewatch.Audience, st *findingState, in *trucewatch.Incident) disclose.FindingFact {
	f := disclose.FindingFact{Finding: st.current, Released: st.released}
	changed := st.revised
	if a != trucewatch.ForMission && st.public != nil {
		f.Finding, changed = st.public, st.again
	}
	if len(changed) > 0 {
		f.Revised = changed[len(changed)-1]
	}
	if a == trucewatch.ForMission && in != nil {
		f.Place = disclose.Place(in, s.incidents.Members(in))
	}
	return f
}

// facts returns the findings about an incident.
func (s *State) facts(a trucewatch.Audience, in *trucewatch.Incident) []disclose.FindingFact {
	var out []disclose.FindingFact
	for _, id := range s.byIncident[in.ID] {
		out = append(out, s.fact(a, s.findings[id], in))
	}
	return out
}

func (s *State) about(a trucewatch.Audience, id trucewatch.FindingID) (disclose.About, bool) {
	st := s.findings[id]
	if st == nil {
		return disclose.About{}, false
	}
	var in *trucewatch.Incident
	if of := st.current.Subject.Incident; of != nil && a == trucewatch.ForMission {
		in = s.incidents.Incident(*of)
	} else if of != nil {
		in = st.as
	}
	return disclose.About{FindingFact: s.fact(a, st, in), Incident: in}, true
}

// shown returns an incident as it is for the mission, and for all others as it was
// when a finding about it was released last; nil if there is none.
func (s *State) shown(a trucewatch.Audience, id trucewatch.IncidentID) *trucewatch.Incident {
	if a == trucewatch.ForMission {
		if in := s.incidents.Incident(id); in != nil && in.ID == id {
			return in
		}
		return nil
	}
	var last *trucewatch.Incident
	var at trucewatch.Instant
	for _, f := range s.byIncident[id] {
		st := s.findings[f]
		released := st.released
		if n := len(st.again); n > 0 {
			released = st.again[n-1]
		}
		if st.as != nil && released >= at {
			last, at = st.as, released
		}
	}
	return last
}

// shownIncidents returns the incidents of which an audience may see something.
func (s *State) shownIncidents(a trucewatch.Audience) iter.Seq[*trucewatch.Incident] {
	if a == trucewatch.ForMission {
		return s.incidents.All()
	}
	return func(yield func(*trucewatch.Incident) bool) {
		for _, id := range s.published {
			if !yield(s.shown(a, id)) {
				return
			}
		}
	}
}

// texts returns the agreements as readers see them. The outlines of zones cost
// more than all else in a view, and change only when an agreement is adopted.
func (s *State) texts() []trucewatch.AgreementText {
	if s.asShown == nil {
		for _, a := range s.Agreements() {
			s.asShown = append(s.asShown, a.Text())
		}
	}
	return slices.Clone(s.asShown)
}

func (s *State) sourceViews() []trucewatch.SourceView {
	var out []trucewatch.SourceView
	for _, src := range s.sources {
		out = append(out, *src.view)
	}
	return out
}

func (s *State) noticeViews() []trucewatch.NoticeView {
	var out []trucewatch.NoticeView
	for i := range s.notices {
		out = append(out, *s.noticeView(&s.notices[i]))
	}
	return out
}

// View returns what an audience may see now of one reporting period, compared
// with the one before it.
func (s *State) View(a trucewatch.Audience, period, before trucewatch.Interval) (trucewatch.View, error) {
	return disclose.Build(s.disclosable(a), a, s.Now(), period, before)
}

// ViewDigest is the hash of all that an audience may see now.
func (s *State) ViewDigest(a trucewatch.Audience) (trucewatch.Hash, error) {
	v, err := s.View(a, trucewatch.Interval{}, trucewatch.Interval{})
	if err != nil {
		return trucewatch.Hash{}, err
	}
	b, err := json.Marshal(v)
	if err != nil {
		return trucewatch.Hash{}, fmt.Errorf("replay: view digest: %w", err)
	}
	return sha256.Sum256(b), nil
}

// disclosable is the state as package disclose wants it for an audience.
func (s *State) disclosable(a trucewatch.Audience) disclose.Facts {
	f := disclose.Facts{
		Genesis: s.genesis, Index: s.next, Agreements: s.agreements, Texts: s.texts(),
		Sources: s.sourceViews(), Notices: s.noticeViews(), Cases: slices.Collect(s.desk.All()), Standing: s.Standing,
		Watched: s.seenLate,
		Numbers: func(now, before disclose.Items) []trucewatch.Number {
			return count.Numbers(s.rule(), count.Items(now), count.Items(before), s.ground(a, now.Period))
		},
		Incidents: func(period trucewatch.Interval) iter.Seq[disclose.IncidentFact] { return s.incidentFacts(a, period) },
		Others:    func(period trucewatch.Interval) iter.Seq[disclose.FindingFact] { return s.otherFacts(a, period) },
		Revised:   func(period trucewatch.Interval) iter.Seq[disclose.About] { return s.revised(a, period) },
		Finding:   func(id trucewatch.FindingID) (disclose.About, bool) { return s.about(a, id) },
	}
	for _, t := range s.tallies {
		f.Tallies = append(f.Tallies, *t)
	}
	for _, st := range s.statements {
		f.Statements = append(f.Statements, *st)
	}
	return f
}

func touches(period, when trucewatch.Interval) bool { return period.IsZero() || period.Gap(when) == 0 }

func (s *State) incidentFacts(a trucewatch.Audience, period trucewatch.Interval) iter.Seq[disclose.IncidentFact] {
	return func(yield func(disclose.IncidentFact) bool) {
		for in := range s.shownIncidents(a) {
			if touches(period, in.When) && !yield(disclose.IncidentFact{Incident: in, Members: s.incidents.Members(in), Findings: s.facts(a, in)}) {
				return
			}
		}
	}
}

func (s *State) otherFacts(a trucewatch.Audience, period trucewatch.Interval) iter.Seq[disclose.FindingFact] {
	return func(yield func(disclose.FindingFact) bool) {
		for f := range s.Findings() {
			if f.Subject.Incident != nil || !f.When.IsZero() && !touches(period, f.When) {
				continue
			}
			if !yield(s.fact(a, s.findings[f.ID], nil)) {
				return
			}
		}
	}
}

func (s *State) revised(a trucewatch.Audience, period trucewatch.Interval) iter.Seq[disclose.About] {
	return func(yield func(disclose.About) bool) {
		for f := range s.Findings() {
			about, ok := s.about(a, f.ID)
			in := about.Revised != 0 && (period.IsZero() || period.Contains(about.Revised))
			if ok && in && !yield(about) {
				return
			}
		}
	}
}

// visibleFrom returns when the public will see a finding that was released.
func (s *State) visibleFrom(st *findingState) (trucewatch.Instant, error) {
	rules, err := disclose.RulesFor(trucewatch.ForPublic, s.agreements, s.genesis)
	if err != nil {
		return 0, err
	}
	about, _ := s.about(trucewatch.ForPublic, st.current.ID)
	return rules.VisibleFrom(about.FindingFact, about.Incident), nil
}
