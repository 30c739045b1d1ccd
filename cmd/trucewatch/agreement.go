// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/mission"
)

type agreementCommand struct {
	Check agreementCheckCommand `cmd:"" help:"Check an agreement: what is wrong with it, what contradicts itself, and which clauses are not judged. Exit code 2 if anything is wrong."`
	Show  agreementShowCommand  `cmd:"" help:"Show an agreement as the program understands it."`
	Diff  agreementDiffCommand  `cmd:"" help:"Say what two agreements say differently, in words and on the map."`

	Adopt  agreementAdoptCommand `cmd:"" help:"Enter an agreement, or a later version of one, into a mission. Where a policy is in force it needs officers of every party and enough guarantors."`
	WhatIf whatIfCommand         `cmd:"" name:"what-if" help:"Judge a mission's record under other terms, and list what would change. For the mission and the commission."`
}

type agreementCheckCommand struct {
	File string `arg:"" help:"A folder with agreement.yaml, or that file."`
}

func (c *agreementCheckCommand) Run(t terminal) error {
	files, err := mission.ReadBundle(mission.DirFS(), c.File)
	if err != nil {
		fmt.Fprintln(t.err, err)
		return errFound
	}
	problems, err := agreement.Check(files)
	if err != nil {
		fmt.Fprintln(t.err, err)
		return errFound
	}
	for _, p := range problems {
		fmt.Fprintln(t.err, p)
	}
	if len(problems) > 0 {
		return errFound
	}
	a, err := mission.LoadAgreement(files)
	if err != nil {
		fmt.Fprintln(t.err, err)
		return errFound
	}
	text := a.Text()
	fmt.Fprintf(t.out, "%s version %d is sound.\nbundle %v\n", text.ID, text.Version, a.Hash())
	var open []trucewatch.Clause
	for _, clause := range text.Clauses {
		if !clause.Judged {
			open = append(open, clause)
		}
	}
	fmt.Fprintf(t.out, "%d clauses, %d of them not judged yet:\n", len(text.Clauses), len(open))
	for _, clause := range open {
		fmt.Fprintf(t.out, "  %-24s %s\n", clause.ID, clause.Why)
	}
	return nil
}

type agreementShowCommand struct {
	File string `arg:"" help:"A folder with agreement.yaml, or that file."`
}

func (c *agreementShowCommand) Run(t terminal) error {
	a, err := loadAgreement(c.File)
	if err != nil {
		return err
	}
	showAgreement(t.out, a.Text())
	return nil
}

type agreementAdoptCommand struct {
	Mission string   `arg:"" help:"Mission folder."`
	File    string   `arg:"" help:"A folder with agreement.yaml, or that file."`
	Sign    []string `help:"Key file of an officer who signs this." placeholder:"FILE"`
}

func (c *agreementAdoptCommand) Run(t terminal) error {
	keys, err := readKeys(c.Sign)
	if err != nil {
		return err
	}
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	var index uint64
	err = m.Write(func(w *mission.Writer) (err error) {
		index, err = w.Adopt(mission.DirFS(), c.File, keys)
		return err
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "The agreement stands in entry %d.\n", index)
	return nil
}

type agreementDiffCommand struct {
	Before string `arg:"" help:"A folder with agreement.yaml, or that file."`
	After  string `arg:"" help:"The other, later or proposed."`
	Map    string `help:"Write the ground that changes here, as GeoJSON: its outlines before and after." placeholder:"FILE"`
}

func (c *agreementDiffCommand) Run(t terminal) error {
	before, err := loadAgreement(c.Before)
	if err != nil {
		return err
	}
	after, err := loadAgreement(c.After)
	if err != nil {
		return err
	}
	differences := agreement.Diff(before, after)
	for _, d := range differences {
		fmt.Fprintf(t.out, "%-8s %s", d.Change, d.Clause)
		if d.Area != nil && d.Area.Party != "" {
			fmt.Fprintf(t.out, ", party %s", d.Area.Party)
		}
		if d.Basis != "" {
			fmt.Fprintf(t.out, "  [%s]", d.Basis)
		}
		fmt.Fprintln(t.out)
		if d.Before != "" {
			fmt.Fprintf(t.out, "  - %s\n", d.Before)
		}
		if d.After != "" {
			fmt.Fprintf(t.out, "  + %s\n", d.After)
		}
		if a := d.Area; a != nil {
			const km2, percent = 1_000_000, 10_000
			nearest := func(v, unit int64) int64 { return (v + unit/2) / unit }
			fmt.Fprintf(t.out, "  gained %d km2 (%d %% of what was), lost %d km2 (%d %%), each within %d km2\n",
				nearest(a.GainedM2, km2), nearest(a.GainedPPM(), percent), nearest(a.LostM2, km2), nearest(a.LostPPM(), percent), a.ErrorM2/km2+1)
		}
	}
	if len(differences) == 0 {
		fmt.Fprintln(t.out, "the two say the same")
	}
	if c.Map == "" {
		return nil
	}
	return durable.WriteFile(durable.OS{}, c.Map, agreement.DifferenceMap(differences))
}

func showAgreement(out io.Writer, text trucewatch.AgreementText) {
	fmt.Fprintf(out, "%s\n%s version %d", text.Title, text.ID, text.Version)
	if text.Draft {
		fmt.Fprint(out, ", DRAFT: judged by nobody")
	}
	if text.Simulated {
		fmt.Fprint(out, ", SIMULATED")
	}
	fmt.Fprintf(out, "\nbundle %v\n\n", text.Bundle)
	for _, p := range text.Parties {
		fmt.Fprintf(out, "party %s: %s\n", p.ID, p.Name)
	}
	for _, r := range text.InForce {
		till := "until further notice"
		if r.Span.Till != 0 {
			till = "till " + r.Span.Till.String()
		}
		fmt.Fprintf(out, "in force from %v %s", r.Span.From, till)
		if r.ID != "" {
			fmt.Fprintf(out, " (reading %s: %s)", r.ID, r.Basis)
		}
		fmt.Fprintln(out)
	}
	for _, l := range text.Lines {
		fmt.Fprintf(out, "line %s: %s, %d points, survey error %d m\n", l.ID, l.Kind, len(l.Points), l.SurveyErrorMM/1000)
	}
	group := ""
	for _, clause := range text.Clauses {
		if clause.Group != group {
			group = clause.Group
			fmt.Fprintf(out, "\n%s\n", strings.ToUpper(group))
		}
		state := "judged    "
		if !clause.Judged {
			state = "not judged"
		}
		fmt.Fprintf(out, "  %s  %-24s %s", state, clause.ID, clause.Text)
		if clause.Basis != "" {
			fmt.Fprintf(out, "  [%s]", clause.Basis)
		}
		if !clause.Judged {
			fmt.Fprintf(out, "  (%s)", clause.Why)
		}
		fmt.Fprintln(out)
	}
}
