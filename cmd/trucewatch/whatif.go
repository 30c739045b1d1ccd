// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/mission"
	"github.com/trucewatch/trucewatch/replay"
)

type whatIfCommand struct {
	Mission string `arg:"" help:"Mission folder: its record is judged again, and not changed."`
	File    string `arg:"" help:"The other text: a folder with agreement.yaml, or that file. A draft will do."`
	JSON    bool   `name:"json" help:"All that shifts, as JSON lines, with both findings and their reasons."`
	Limit   int    `help:"Print at most so many shifts." default:"50"`
}

// Run prints what would be found under other terms. It is for the mission and the
// commission: on a real record it shows what the mission knows.
func (c *whatIfCommand) Run(t terminal) error {
	other, err := loadAgreement(c.File)
	if err != nil {
		return err
	}
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	w := m.State().WhatIf(other, onAllCores)
	if c.JSON {
		out := json.NewEncoder(t.out)
		for i := range w.Shifts {
			if err := out.Encode(&w.Shifts[i]); err != nil {
				return err
			}
		}
		return nil
	}
	fmt.Fprintf(t.out, "%s version %d instead of the terms in force: %d incidents judged again, %d findings stand, %d shift.\n",
		w.Agreement, w.Version, w.Incidents, w.Same, len(w.Shifts))
	fmt.Fprintf(t.out, "WHAT IF: nothing of this enters the record, and nothing of it may be published.\n\n")
	fmt.Fprintf(t.out, "%-8s %-20s %10s %10s\n", "act", "result", "in force", "what if")
	for _, total := range w.Totals {
		fmt.Fprintf(t.out, "%-8s %-20s %10d %10d\n", total.Act, total.Result, total.Now, total.Then)
	}
	printShifts(t.out, w.Shifts, c.Limit)
	return nil
}

func printShifts(out io.Writer, shifts []replay.Shift, limit int) {
	if len(shifts) > 0 {
		fmt.Fprintln(out)
	}
	for i, sh := range shifts {
		if i == limit {
			fmt.Fprintf(out, "and %d more: --limit or --json show them\n", len(shifts)-limit)
			return
		}
		reading := ""
		if sh.Reading != "" {
			reading = ", reading " + sh.Reading
		}
		fmt.Fprintf(out, "incident %v, %s%s: %s, would be %s\n", sh.Incident, sh.Act, reading, verdict(sh.Now), verdict(sh.Then))
	}
}

func verdict(f *trucewatch.Finding) string {
	if f == nil {
		return "not found"
	}
	text := fmt.Sprintf("%s, severity %d", f.Result, f.Severity)
	if f.Exemption != "" {
		text += ", exempt by " + f.Exemption
	}
	return text
}

// onAllCores runs tasks that do not depend on each other.
func onAllCores(n int, f func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				f(int(i))
			}
		})
	}
	wg.Wait()
}
