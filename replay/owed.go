// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/judge"
	"github.com/trucewatch/trucewatch/obligation"
)

// An owed is where what the agreements ask for over a time stands now: each list by
// its subject.
type owed struct {
	sites    []*trucewatch.SiteState
	ceilings []*trucewatch.CeilingState
	streaks  []*trucewatch.Streak
	duties   []*trucewatch.DutyState
	silences []*trucewatch.SilenceState
}

// keep puts a state in the place of the one with the same name.
func keep[T any](list []*T, now *T, name func(*T) string) []*T {
	i, found := slices.BinarySearchFunc(list, name(now), func(have *T, key string) int {
		switch was := name(have); {
		case was < key:
			return -1
		case was > key:
			return 1
		}
		return 0
	})
	if found {
		list[i] = now
		return list
	}
	return slices.Insert(list, i, now)
}

// owing folds what the ledger says into the state: findings are kept as any other,
// and lead to cases.
func (s *State) owing(e *trucewatch.Entry, changed []obligation.Change) []Change {
	var changes, found []Change
	for _, c := range changed {
		switch {
		case c.Finding != nil:
			found = append(found, s.revise(e, c.Finding)...)
		case c.Withdrawn != "":
			found = append(found, s.drop(e, c.Withdrawn, obligation.WithdrawnWhy)...)
		case c.Site != nil:
			s.stands.sites = keep(s.stands.sites, c.Site, func(x *trucewatch.SiteState) string { return x.Site })
			changes = append(changes, Change{Site: c.Site})
		case c.Ceiling != nil:
			s.stands.ceilings = keep(s.stands.ceilings, c.Ceiling, func(x *trucewatch.CeilingState) string {
				return x.Zone + "/" + string(x.Party) + "/" + x.Class
			})
			changes = append(changes, Change{Ceiling: c.Ceiling})
		case c.Streak != nil:
			s.stands.streaks = keep(s.stands.streaks, c.Streak, func(x *trucewatch.Streak) string { return x.Area })
			changes = append(changes, Change{Streak: c.Streak})
		case c.Duty != nil:
			s.stands.duties = keep(s.stands.duties, c.Duty, func(x *trucewatch.DutyState) string { return x.Duty + "/" + string(x.Party) })
			changes = append(changes, Change{Duty: c.Duty})
		case c.Silence != nil:
			s.stands.silences = keep(s.stands.silences, c.Silence, func(x *trucewatch.SilenceState) string { return x.Notice })
			changes = append(changes, Change{Silence: c.Silence})
		}
	}
	changes = append(changes, found...)
	return append(changes, s.openCases(e, found)...)
}

// owedOf tells the ledger how an incident stands.
func (s *State) owedOf(e *trucewatch.Entry, in *trucewatch.Incident) []Change {
	if s.terms == nil {
		return nil
	}
	return s.owing(e, s.owed.Incident(in, s.incidents.Members(in), s.standing(in.ID), e.Index))
}

// standing returns the findings about an incident that were not withdrawn.
func (s *State) standing(id trucewatch.IncidentID) []*trucewatch.Finding {
	var out []*trucewatch.Finding
	for _, f := range s.byIncident[id] {
		if current := s.findings[f].current; current.State != withdrawn {
			out = append(out, current)
		}
	}
	return out
}

// cover folds what a source says of its own watch. What nobody noticed who was on
// duty is less sure: incidents there and then are weighed again, and judged.
func (s *State) cover(e *trucewatch.Entry, r *trucewatch.CoverageReport, changes []Change) ([]Change, error) {
	changed, err := s.watch.Report(r, e.Received, e.Index)
	if err != nil {
		return nil, err
	}
	s.covered = true
	src := s.source(r.Source)
	src.seen(e.Received, 0)
	changes = append(changes, Change{Source: src.view})
	var doubted []associate.Change
	for _, c := range changed {
		changes = append(changes, s.owing(e, s.owed.Coverage(c.When, e.Index))...)
		if s.watch.Heeded(c.Source) {
			low, high := c.Ground()
			for _, d := range s.incidents.Reconsider(e.Index, c.When, low, high) {
				same := func(o associate.Change) bool { return o.Incident.ID == d.Incident.ID }
				doubted = append(slices.DeleteFunc(doubted, same), d)
			}
		}
	}
	if len(doubted) == 0 {
		return changes, nil
	}
	return append(changes, s.follow(e, doubted)...), nil
}

// watched says how much of some ground and time could be seen of signs of fire.
func (s *State) watched(name string, ground *geo.Zone, when trucewatch.Interval) trucewatch.PPM {
	area := s.area(name, ground)
	if area == nil {
		return 0
	}
	return s.watch.Seen(area, when, nil).Observed
}

// nearby returns the incidents near another, with what was found of them so far.
func (s *State) nearby(of trucewatch.IncidentID) judge.Nearby {
	return func(kinds []trucewatch.Kind, when trucewatch.Interval, around geo.Region, withinMM int64) []judge.Neighbour {
		var out []judge.Neighbour
		for _, id := range s.near.find(kinds, when, around, withinMM) {
			if id == of {
				continue
			}
			if in := s.incidents.Incident(id); in != nil && in.ID == id {
				out = append(out, s.neighbour(in))
			}
		}
		return out
	}
}

func (s *State) neighbour(in *trucewatch.Incident) judge.Neighbour {
	return judge.Neighbour{Incident: in, Members: s.incidents.Members(in), Findings: s.standing(in.ID)}
}

// reaches says how far judgements look for what happened near: the farthest that a
// text in force asks for, and what package judge asks for by itself.
func (s *State) reaches() (within trucewatch.Instant, withinMM int64) {
	within, withinMM = judge.DamageReach, max(judge.DamageReachMM, judge.SupportReachMM)
	for _, a := range s.agreements {
		for _, g := range a.Aggravation {
			within, withinMM = max(within, g.Within), max(withinMM, g.WithinMM)
		}
	}
	return within, withinMM
}

// judgeNear judges again what lies near incidents that changed and depends on
// them: a repeat, harm, fire in support. It goes no further than one step, so that
// a change never runs along the whole line.
func (s *State) judgeNear(e *trucewatch.Entry, changed []trucewatch.IncidentID) []Change {
	if s.terms == nil {
		return nil
	}
	within, withinMM := s.reaches()
	ids := s.near.struck()
	for _, id := range changed {
		in := s.incidents.Incident(id)
		if in == nil || in.ID != id || !s.matters(in) {
			continue
		}
		when := trucewatch.Interval{From: in.When.From - within, Till: max(in.When.From, in.When.Till) + within}
		ids = append(ids, s.near.find(nil, when, placeOf(in), withinMM)...)
	}
	slices.SortFunc(ids, func(a, b trucewatch.IncidentID) int {
		return trucewatch.ObservationID(a).Compare(trucewatch.ObservationID(b))
	})
	var changes []Change
	for _, id := range slices.Compact(ids) {
		if slices.Contains(changed, id) {
			continue
		}
		if in := s.incidents.Incident(id); in != nil && in.ID == id && len(s.byIncident[id]) > 0 {
			changes = append(changes, s.judge(e, in)...)
		}
	}
	return changes
}

// matters says whether other judgements may rest on an incident: one in which
// somebody was harmed or something damaged, or forces moved, or a breach was found.
func (s *State) matters(in *trucewatch.Incident) bool {
	switch in.Kind {
	case trucewatch.CasualtySeen, trucewatch.Damage, trucewatch.Advance, trucewatch.Raid, trucewatch.Crater, trucewatch.InventoryMismatch:
		return true
	}
	return slices.ContainsFunc(s.standing(in.ID), func(f *trucewatch.Finding) bool {
		return f.Result == trucewatch.Violation || f.Result == trucewatch.ProbableViolation
	})
}
