// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/trucewatch/trucewatch"
	counting "github.com/trucewatch/trucewatch/count"
	"github.com/trucewatch/trucewatch/judge"
	"github.com/trucewatch/trucewatch/mission"
)

type explainCommand struct {
	Mission  string `arg:"" help:"Mission folder."`
	Finding  string `arg:"" help:"Finding, such as K2/101.3."`
	With     string `help:"Another finding: say why this one and not that one." placeholder:"FINDING"`
	Language string `help:"Language of the reasons: en, uk or ru." default:"en" enum:"en,uk,ru"`
	Tree     bool   `help:"The reasons as a tree, one a line."`
	JSON     bool   `name:"json" help:"The finding as data."`
}

func (c *explainCommand) Run(t terminal) error {
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	f, err := findingOf(m, c.Finding)
	if err != nil {
		return err
	}
	switch {
	case c.With != "":
		g, err := findingOf(m, c.With)
		if err != nil {
			return err
		}
		for _, line := range judge.Contrast(f, g) {
			fmt.Fprintln(t.out, line)
		}
	case c.JSON:
		out := json.NewEncoder(t.out)
		out.SetIndent("", "  ")
		return out.Encode(f)
	case c.Tree:
		for _, line := range judge.Tree(f, c.Language) {
			fmt.Fprintln(t.out, line)
		}
	default:
		fmt.Fprintln(t.out, judge.Explain(f, c.Language))
	}
	return nil
}

// findingOf returns a finding of a mission. Where the mission does not adjudicate
// it comes without who is responsible, as on every page.
func findingOf(m *mission.Mission, id string) (*trucewatch.Finding, error) {
	f, _, ok := m.State().Finding(trucewatch.FindingID(id))
	if !ok {
		return nil, fmt.Errorf("explain: there is no finding %q; trucewatch release --list %s lists some", id, m.Dir())
	}
	shown := *f
	for _, a := range m.State().Agreements() {
		if a.Hash() == f.Agreement && !a.MissionAdjudicates() {
			shown.Attribution = trucewatch.Attribution{Level: trucewatch.WithheldAttribution}
		}
	}
	return &shown, nil
}

type recountCommand struct {
	Mission string             `arg:"" help:"Mission folder."`
	Rule    string             `help:"Counting rule; without one, all that there are." placeholder:"ID"`
	Compare string             `help:"A second rule, to see how it counts the same. Numbers that are not the same thing are refused." placeholder:"ID"`
	From    trucewatch.Instant `help:"Beginning of the period, RFC 3339." placeholder:"TIME"`
	Till    trucewatch.Instant `help:"Its end." placeholder:"TIME"`
	Trend   bool               `help:"Say instead whether there was more fire near the line than in as long a time before, on ground that was watched both times."`
	Sides   bool               `help:"Set the fire seen on each party's side of the line beside the other's, with what could have been seen of each; refused where nobody can say."`
}

// Validate wants a whole period or none, and one for a trend and for sides.
func (c *recountCommand) Validate() error {
	if (c.Trend || c.Sides) && (c.From == 0 || c.Rule != "") {
		return errors.New("--trend and --sides need --from and --till, and count under the rule in force")
	}
	if c.Trend && c.Sides {
		return errors.New("--trend and --sides are asked one by one")
	}
	if (c.From == 0) != (c.Till == 0) || c.Till < c.From {
		return errors.New("a period needs --from and a later --till; without both it is all time")
	}
	if c.Compare != "" && c.Rule == "" {
		return errors.New("--compare needs the first --rule")
	}
	return nil
}

func (c *recountCommand) Run(t terminal) error {
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	period := trucewatch.Interval{From: c.From, Till: c.Till}
	if c.Trend {
		trend, err := m.State().Trend(period)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(t.out, "%s\n", trend.Sentence())
		return err
	}
	if c.Sides {
		sides, err := m.State().Sides(period)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(t.out, "%s\n", sides.Sentence())
		return err
	}
	if c.Compare != "" {
		return c.compare(t, m, period)
	}
	for _, rule := range m.State().Rules() {
		if c.Rule != "" && rule.ID != c.Rule {
			continue
		}
		numbers, err := m.State().Recount(rule.ID, trucewatch.ForMission, period)
		if err != nil {
			return err
		}
		fmt.Fprintf(t.out, "rule %s\n", rule.ID)
		for _, n := range numbers {
			fmt.Fprintf(t.out, "  %-11s %-42s %s\n", n.Layer, n.What, counting.Statement(n))
		}
		if c.Rule != "" {
			return nil
		}
	}
	if c.Rule != "" {
		_, err := m.State().Recount(c.Rule, trucewatch.ForMission, period)
		return err
	}
	return nil
}

// compare sets the first number of each layer under two rules side by side, or
// says why that is refused.
func (c *recountCommand) compare(t terminal, m *mission.Mission, period trucewatch.Interval) error {
	a, err := m.State().Recount(c.Rule, trucewatch.ForMission, period)
	if err != nil {
		return err
	}
	b, err := m.State().Recount(c.Compare, trucewatch.ForMission, period)
	if err != nil {
		return err
	}
	var refused error
	for i := range a {
		for j := range b {
			if a[i].Layer != b[j].Layer {
				continue
			}
			d, err := counting.Compare(a[i], b[j])
			if err != nil {
				refused = err
				continue
			}
			fmt.Fprintln(t.out, d.Text)
		}
	}
	return refused
}

type feedbackCommand struct {
	Mission string `arg:"" help:"Mission folder."`
	Code    string `arg:"" help:"The code that who reported was given."`
}

// Run says what may be said to who reported something, and nothing of anybody else.
func (c *feedbackCommand) Run(t terminal) error {
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	f := m.State().FeedbackFor(c.Code)
	if f == nil {
		return errors.New("feedback: nothing was reported under this code")
	}
	fmt.Fprintf(t.out, "reported %v: %s\n", f.Received, strings.ReplaceAll(f.State, "_", " "))
	for _, step := range []struct {
		what string
		at   trucewatch.Instant
	}{{"the parties were told", f.Served}, {"a body decided", f.Decided}, {"closed", f.Closed}} {
		if step.at != 0 {
			fmt.Fprintf(t.out, "%s %v\n", step.what, step.at)
		}
	}
	return nil
}
