// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate"
	"github.com/trucewatch/trucewatch/casework"
	"github.com/trucewatch/trucewatch/judge"
)

// Finding returns the current revision of a finding and when it was released (0
// if it was not).
func (s *State) Finding(id trucewatch.FindingID) (f *trucewatch.Finding, released trucewatch.Instant, ok bool) {
	st := s.findings[id]
	if st == nil {
		return nil, 0, false
	}
	return st.current, st.released, true
}

// Findings returns the current revision of every finding, by identifier.
func (s *State) Findings() iter.Seq[*trucewatch.Finding] {
	return func(yield func(*trucewatch.Finding) bool) {
		for _, id := range slices.Sorted(maps.Keys(s.findings)) {
			if !yield(s.findings[id].current) {
				return
			}
		}
	}
}

// Publishable returns the findings that could be released now: violations and
// probable violations that are not public, and whatever was revised or withdrawn
// since it was released.
func (s *State) Publishable() []trucewatch.FindingID {
	var ids []trucewatch.FindingID
	for f := range s.Findings() {
		public := s.findings[f.ID].public
		counts := f.Result == trucewatch.Violation || f.Result == trucewatch.ProbableViolation
		if public == nil && counts && f.State != "withdrawn" && s.publishes(f) || public != nil && public != f {
			ids = append(ids, f.ID)
		}
	}
	return ids
}

// Releasable returns why a finding cannot be released, nil if it can. A
// withdrawal can be released if the finding was public.
func (s *State) Releasable(id trucewatch.FindingID) error {
	switch st := s.findings[id]; {
	case st == nil:
		return fmt.Errorf("%w: there is no finding %s", trucewatch.ErrInvalid, id)
	case st.public == nil && st.current.State == withdrawn:
		return fmt.Errorf("%w: finding %s was withdrawn, and nothing of it is public", trucewatch.ErrInvalid, id)
	case st.public == nil && !s.publishes(st.current):
		return fmt.Errorf("%w: finding %s is %s: the agreement publishes nothing less sure than its evidence.to_publish", trucewatch.ErrInvalid, id, st.current.Word)
	}
	return nil
}

// publishes says whether a finding is as sure as its agreement asks of what is
// made public. What corrects a finding that is public already needs no certainty.
func (s *State) publishes(f *trucewatch.Finding) bool {
	for _, a := range s.agreements {
		if a.Hash() == f.Agreement {
			return a.Publishes(f)
		}
	}
	return true
}

// Reviewable returns why a person's deed on a finding is not possible, nil if it
// is.
func (s *State) Reviewable(id trucewatch.FindingID, deed string) error {
	st := s.findings[id]
	switch {
	case st == nil:
		return fmt.Errorf("%w: there is no finding %s", trucewatch.ErrInvalid, id)
	case deed != "confirm" && deed != "withdraw":
		return fmt.Errorf("%w: %s is not a deed on a finding", trucewatch.ErrInvalid, deed)
	case deed == "withdraw" && st.current.State == withdrawn:
		return fmt.Errorf("%w: finding %s is withdrawn already", trucewatch.ErrInvalid, id)
	case deed == "confirm" && st.current.State == withdrawn && st.withdrawnBy == "":
		return fmt.Errorf("%w: finding %s no longer follows from what is recorded: it cannot be confirmed", trucewatch.ErrInvalid, id)
	}
	return nil
}

// Unserved returns the cases that nobody has served yet.
func (s *State) Unserved() []trucewatch.CaseID {
	var ids []trucewatch.CaseID
	for c := range s.desk.All() {
		if s.Servable(c.ID) {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// Servable says whether there is such a case and it was not served yet.
func (s *State) Servable(id trucewatch.CaseID) bool {
	c := s.desk.Case(id)
	return c != nil && c.Served == 0 && c.State == "opened"
}

// Incidents returns every incident, by identifier.
func (s *State) Incidents() iter.Seq[*trucewatch.Incident] { return s.incidents.All() }

// Flights returns the drones and missiles that were sighted, launched or came down
// in several incidents, by time. It is for whoever has the record itself: launches
// and tracks are in no view, whoever asks.
func (s *State) Flights() []associate.Flight {
	var all trucewatch.Interval
	for in := range s.incidents.All() {
		if all.IsZero() {
			all = in.When
		}
		all.From, all.Till = min(all.From, in.When.From), max(all.Till, in.When.Till)
	}
	return s.incidents.Flights(all)
}

// Incident returns an incident by its identifier or an alias, nil if there is
// none.
func (s *State) Incident(id trucewatch.IncidentID) *trucewatch.Incident {
	return s.incidents.Incident(id)
}

// Members returns the observations of an incident.
func (s *State) Members(in *trucewatch.Incident) []*trucewatch.Recorded {
	return s.incidents.Members(in)
}

// OrderFreeDigest is a digest of what belongs together that does not depend on
// the order of recording.
func (s *State) OrderFreeDigest() trucewatch.Hash { return s.incidents.OrderFreeDigest() }

// Compare compares two tallies by their keys, as judge.Compare does.
func (s *State) Compare(a, b trucewatch.ContentKey) (trucewatch.Comparison, error) {
	var x, y *trucewatch.Tally
	for _, t := range s.tallies {
		if t.Tally.Key == a {
			x = &t.Tally
		}
		if t.Tally.Key == b {
			y = &t.Tally
		}
	}
	if x == nil || y == nil {
		return trucewatch.Comparison{}, fmt.Errorf("replay: compare: %w: there is no tally %v or %v", trucewatch.ErrInvalid, a, b)
	}
	return judge.Compare(x, y)
}

// Cases returns every case, by identifier.
func (s *State) Cases() iter.Seq[*trucewatch.Case] { return s.desk.All() }

// Tallies returns every tally, in record order.
func (s *State) Tallies() iter.Seq[*trucewatch.TallyView] { return slices.Values(s.tallies) }

// Covered says whether any source has said what it could see.
func (s *State) Covered() bool { return s.covered }

// CutOffs returns the local days whose reporting periods have ended, oldest
// first.
func (s *State) CutOffs() []string {
	days := make([]string, len(s.cutOffs))
	for i, c := range s.cutOffs {
		days[i] = c.day
	}
	return days
}

// StatementCount returns how many statements were recorded.
func (s *State) StatementCount() int { return len(s.statements) }

// Source returns a source as it described itself last, and false if the record
// has nothing of it.
func (s *State) Source(id trucewatch.SourceID) (trucewatch.Source, bool) {
	i, found := s.findSource(id)
	if !found {
		return trucewatch.Source{}, false
	}
	return s.sources[i].view.Source, true
}

// RejectedCount returns how many rows were refused.
func (s *State) RejectedCount() int {
	n := 0
	for _, src := range s.sources {
		n += int(src.view.Rejected)
	}
	return n
}

// Dossier returns an incident with all that a stage that runs alone needs.
func (s *State) Dossier(in *trucewatch.Incident) trucewatch.Dossier {
	d := trucewatch.Dossier{Incident: in, Observations: s.incidents.Members(in)}
	for _, r := range d.Observations {
		d.Received = max(d.Received, r.Received)
	}
	for _, n := range s.noticeViews() {
		if in.When.Gap(n.Notification.Window) <= judge.NoticeReach {
			d.Notices = append(d.Notices, n)
		}
	}
	near := func(notice string) bool {
		return notice != "" && slices.ContainsFunc(d.Notices, func(n trucewatch.NoticeView) bool { return n.Notification.ID == notice })
	}
	for i := range s.notices {
		if near(s.notices[i].Notification.ID) {
			d.NoticeSteps = append(d.NoticeSteps, s.notices[i].Steps...)
		}
	}
	for i := range s.stated {
		if f := &s.stated[i]; judge.Concerns(&f.What, in) || near(f.What.Ref) {
			d.Facts = append(d.Facts, *f)
		}
	}
	within, _ := s.reaches()
	for i := range s.calls {
		if c := &s.calls[i]; c.What.At < in.When.From && c.What.At >= in.When.From-max(within, judge.CallReach) {
			d.Calls = append(d.Calls, *c)
		}
	}
	return d
}

// FeedbackFor returns what may be said to who holds the code of a report, nil if
// the code is nobody's.
func (s *State) FeedbackFor(code string) *casework.Feedback { return s.desk.FeedbackFor(code) }
