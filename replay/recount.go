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
	if a != trucewatch.ForMission {
		return count.Ground{}
	}
	return s.seenOf(s.lineArea(""), period)
}

// seenOf is what could be seen of an area in a period.
func (s *State) seenOf(area *coverage.Area, period trucewatch.Interval) count.Ground {
	if area == nil || period.IsZero() || period.Till == 0 {
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
	area := s.lineArea("")
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

// lineArea is all ground near the line of the newest agreement, of one party's side
// if one is named, nil if it has none or nobody reports coverage.
func (s *State) lineArea(party trucewatch.PartyID) *coverage.Area {
	if len(s.agreements) == 0 || !s.covered {
		return nil
	}
	a := s.agreements[len(s.agreements)-1]
	var zones []*geo.Zone
	for i := range a.Zones {
		z := &a.Zones[i]
		if !nearLine(z) || len(z.Bands) == 0 {
			continue
		}
		if party == "" {
			zones = append(zones, z.All)
		}
		for _, side := range z.PerSide {
			if party != "" && side.Party == party {
				zones = append(zones, side.Zone)
			}
		}
	}
	if len(zones) == 0 {
		return nil
	}
	return s.area(a.ID+"/line/"+string(party), geo.Union(zones...))
}

// Sides counts the fire of a period on the ground of each of two parties near the
// line, under the rule in force, and sets the numbers side by side. Where fire was
// seen says nothing of who fired. It is for the mission alone, as coverage is. The
// error wraps trucewatch.ErrInvalid if there are no two sides or no period, and
// count.ErrUnlike if of one side nobody can say what could have been seen.
func (s *State) Sides(period trucewatch.Interval) (count.Sides, error) {
	if period.From == 0 || period.Till <= period.From {
		return count.Sides{}, fmt.Errorf("replay: sides: %w: sides need a period with a beginning and an end", trucewatch.ErrInvalid)
	}
	if len(s.agreements) == 0 || len(s.agreements[len(s.agreements)-1].PartyIDs) != 2 {
		return count.Sides{}, fmt.Errorf("replay: sides: %w: no agreement of two parties", trucewatch.ErrInvalid)
	}
	parties := s.agreements[len(s.agreements)-1].PartyIDs
	v, err := s.View(trucewatch.ForMission, period, trucewatch.Interval{})
	if err != nil {
		return count.Sides{}, err
	}
	var both [2]count.Side
	for i, p := range parties {
		area := s.lineArea(p)
		if area == nil {
			return count.Sides{}, fmt.Errorf("replay: sides: %w: no source says what it could see near the line on the side of %s", trucewatch.ErrInvalid, p)
		}
		items := count.Items{Period: period, Incidents: s.onSide(v.Incidents, p, area), Findings: v.Findings}
		// The first number of a rule is the one of all fire.
		both[i] = count.Side{Party: p, Number: count.Recount(s.rule(), items, s.seenOf(area, period))[0]}
	}
	return count.PerSide(both[0], both[1])
}

// onSide returns the incidents in an area of which the middle lay on a party's side
// of the line of contact when they began.
func (s *State) onSide(all []trucewatch.IncidentView, party trucewatch.PartyID, area *coverage.Area) []trucewatch.IncidentView {
	a := s.agreements[len(s.agreements)-1]
	var out []trucewatch.IncidentView
	for i := range all {
		in := &all[i]
		if in.Where.IsZero() || area.Cell(in.Where.Mean()) < 0 || a.SideOfAt(in.Where.Mean(), in.When.From) != party {
			continue
		}
		out = append(out, *in)
	}
	return out
}
