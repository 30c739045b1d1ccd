// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/count"
	"github.com/trucewatch/trucewatch/coverage"
	"github.com/trucewatch/trucewatch/geo"
)

// rule is the counting rule in force: that of the newest agreement.
func (s *State) rule() count.Rule {
	if n := len(s.agreements); n > 0 {
		return count.RuleOf(s.agreements[n-1])
	}
	return count.Plain()
}

// Rules returns the counting rules that a period can be counted under: the one in
// force first.
func (s *State) Rules() []count.Rule {
	rules := []count.Rule{s.rule()}
	for _, r := range []count.Rule{count.Plain(), count.SumOfSigns()} {
		if !slices.ContainsFunc(rules, func(have count.Rule) bool { return have.ID == r.ID }) {
			rules = append(rules, r)
		}
	}
	return rules
}

// Recount counts a period again under the rule with an ID, as an audience may
// see it. Numbers of two rules are not the same thing; package count refuses to
// compare them.
func (s *State) Recount(id string, a trucewatch.Audience, period trucewatch.Interval) ([]trucewatch.Number, error) {
	rules := s.Rules()
	i := slices.IndexFunc(rules, func(r count.Rule) bool { return r.ID == id })
	if i < 0 {
		var names []string
		for _, r := range rules {
			names = append(names, r.ID)
		}
		return nil, fmt.Errorf("replay: recount: %w: there is no counting rule %q; there are %s", trucewatch.ErrInvalid, id, strings.Join(names, ", "))
	}
	v, err := s.View(a, period, trucewatch.Interval{})
	if err != nil {
		return nil, err
	}
	return count.Recount(rules[i], count.Items{Period: period, Incidents: v.Incidents, Findings: v.Findings}, s.ground(a, period)), nil
}

// ground is what could be seen of a period near the line. It is for the mission
// alone, as coverage is, and says nothing if no source says what it sees.
func (s *State) ground(a trucewatch.Audience, period trucewatch.Interval) count.Ground {
	area := s.lineArea()
	if a != trucewatch.ForMission || area == nil || period.IsZero() || period.Till == 0 {
		return count.Ground{}
	}
	return count.Ground{
		Hours: int64((period.Till - period.From) / trucewatch.Hour),
		Seen: func(kinds []trucewatch.Kind) count.Sight {
			seen := s.watch.Seen(area, period, kinds)
			return count.Sight{Word: seen.Word(), Observed: seen.Observed}
		},
		Knows: s.watch.Reports,
	}
}

// Trend says whether there was more fire near the line in a period than in the one
// of the same length before it, on ground that was watched in both. It is for the
// mission alone, as coverage is. The error wraps trucewatch.ErrInvalid if nobody says
// what he could see, or the period has no end.
func (s *State) Trend(period trucewatch.Interval) (count.Trend, error) {
	if period.From == 0 || period.Till <= period.From {
		return count.Trend{}, fmt.Errorf("replay: trend: %w: a trend needs a period with a beginning and an end", trucewatch.ErrInvalid)
	}
	area := s.lineArea()
	if area == nil {
		return count.Trend{}, fmt.Errorf("replay: trend: %w: no source says what it could see near the line", trucewatch.ErrInvalid)
	}
	before, err := s.tallied(area, trucewatch.Interval{From: 2*period.From - period.Till, Till: period.From})
	if err != nil {
		return count.Trend{}, err
	}
	now, err := s.tallied(area, period)
	if err != nil {
		return count.Trend{}, err
	}
	strata := make([]count.Stratum, area.Cells())
	for i := range strata {
		strata[i] = count.Stratum{Before: before[i], Now: now[i]}
	}
	return count.TrendOf(strata), nil
}

// tallied counts the engagements of a period on each cell of an area, with what could
// be seen of it.
func (s *State) tallied(area *coverage.Area, period trucewatch.Interval) ([]count.Tallied, error) {
	v, err := s.View(trucewatch.ForMission, period, trucewatch.Interval{})
	if err != nil {
		return nil, err
	}
	items := count.Items{Period: period, Incidents: v.Incidents, Findings: v.Findings}
	out := count.EngagementsOn(s.rule(), items, s.ground(trucewatch.ForMission, period), area.Cells(), func(in *trucewatch.IncidentView) int {
		if in.Where.IsZero() {
			return -1
		}
		return area.Cell(in.Where.Mean())
	})
	for _, c := range s.watch.Strata(area, period, nil) {
		out[c.Cell].Observed = c.Observed
	}
	return out, nil
}

// lineArea is all ground near the line of the newest agreement, nil if it has none
// or nobody reports coverage.
func (s *State) lineArea() *coverage.Area {
	if n := len(s.agreements); n > 0 && s.covered {
		a := s.agreements[n-1]
		var zones []*geo.Zone
		for i := range a.Zones {
			if nearLine(&a.Zones[i]) && len(a.Zones[i].Bands) > 0 {
				zones = append(zones, a.Zones[i].All)
			}
		}
		if len(zones) > 0 {
			return s.area(a.ID+"/line", geo.Union(zones...))
		}
	}
	return nil
}
