// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/mission"
)

type agreementCommand struct {
	Check agreementCheckCommand `cmd:"" help:"Check an agreement: what is wrong with it, what contradicts itself, and which clauses are not judged. Exit code 2 if anything is wrong."`
	Show  agreementShowCommand  `cmd:"" help:"Show an agreement as the program understands it."`

	WhatIf whatIfCommand `cmd:"" name:"what-if" help:"Judge a mission's record under other terms, and list what would change. For the mission and the commission."`
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
