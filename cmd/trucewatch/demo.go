// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/examples"
	"github.com/trucewatch/trucewatch/mission"
)

type demoCommand struct {
	Dir     string `help:"Folder for the mission folders. If left out, a temporary one, which is removed after serving." placeholder:"DIR"`
	NoServe bool   `name:"no-serve" help:"Load and summarise, do not serve; the folder stays."`
	Listen  string `help:"Address to serve on." default:"127.0.0.1:8080"`
}

func (c *demoCommand) Run(t terminal) error {
	dir := c.Dir
	if dir == "" {
		temp, err := os.MkdirTemp("", "trucewatch-demo-")
		if err != nil {
			return err
		}
		if !c.NoServe {
			defer os.RemoveAll(temp)
		}
		dir = temp
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	var listener net.Listener
	if !c.NoServe { // a port in use is said before the work, not after it
		var err error
		if listener, err = mission.Listen(c.Listen, trucewatch.ForMission); err != nil {
			return err
		}
		defer listener.Close()
	}
	fmt.Fprintf(t.out, "Loading four example missions into %s\n", dir)
	var dirs []string
	for _, name := range examples.Names() {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		target := filepath.Join(dir, name)
		if err := loadExample(t.out, name, target); err != nil {
			return fmt.Errorf("demo: %s: %w", name, err)
		}
		dirs = append(dirs, target)
	}
	if c.NoServe {
		fmt.Fprintf(t.out, "\nEach is a mission folder, and stays: try  %s verify %s\n", self(), dirs[len(dirs)-1])
		return nil
	}
	fmt.Fprintln(t.out)
	return serve(ctx, t, dirs, listener, &mission.Server{Audience: trucewatch.ForMission})
}

// self is how the reader calls this program again: "go run" builds it into a
// temporary folder that is gone afterwards.
func self() string {
	if name, err := os.Executable(); err == nil && strings.Contains(name, string(filepath.Separator)+"go-build") {
		return "go run ./cmd/trucewatch"
	}
	return "trucewatch"
}

// loadExample re-enacts an example, or opens the one that an earlier demo left
// in the folder, and says what it shows.
func loadExample(out io.Writer, name, dir string) error {
	spec, err := mission.LoadSpec(examples.Files, name)
	if err != nil {
		return err
	}
	var m *mission.Mission
	if _, err := os.Stat(filepath.Join(dir, "record")); err == nil {
		m, err = mission.Open(dir)
		if err != nil {
			return err
		}
	} else if m, err = mission.Reenact(dir, spec, examples.Files); err != nil {
		return err
	}
	for _, a := range []trucewatch.Audience{trucewatch.ForMission, trucewatch.ForPublic} {
		if _, err := mission.UpdateIndex(dir, a); err != nil {
			return err
		}
	}
	summarise(out, m, spec)
	return nil
}

// summarise says in words what a mission holds.
func summarise(out io.Writer, m *mission.Mission, spec *mission.Spec) {
	s := m.State()
	g := s.Genesis()
	fmt.Fprintf(out, "\n%s: %s\n", g.Mission, g.Title)
	t := tallyState(m)
	fmt.Fprintf(out, "  %s in %d entries\n", t.recorded(), s.Next())
	switch {
	case len(s.Agreements()) == 0:
		fmt.Fprintln(out, "  nothing is agreed yet, so nothing is judged")
	case len(t.results) == 0:
		fmt.Fprintln(out, "  no finding")
	default:
		fmt.Fprintf(out, "  findings: %s\n", strings.Join(t.results, ", "))
	}
	if t.cases > 0 {
		fmt.Fprintf(out, "  %s opened\n", count(t.cases, "case", "cases"))
	}
	if t.flagged > 0 {
		fmt.Fprintf(out, "  %s not match the report of the period before (why: tallies page)\n", count(t.flagged, "published number does", "published numbers do"))
	}
	for _, day := range spec.Reports {
		fmt.Fprintf(out, "  report: %s report %s --date %s --audience mission -o report.html\n", self(), m.Dir(), day)
	}
}

// A census counts what a mission holds.
type census struct {
	observations, incidents, tallies, statements, rejected, cases, flagged int
	results                                                                []string
}

func tallyState(m *mission.Mission) census {
	s := m.State()
	var c census
	for in := range s.Incidents() {
		c.incidents++
		c.observations += len(in.Links)
	}
	for v := range s.Tallies() {
		c.tallies++
		if len(v.Flags) > 0 {
			c.flagged++
		}
	}
	c.statements, c.rejected = s.StatementCount(), s.RejectedCount()
	for range s.Cases() {
		c.cases++
	}
	byResult := map[trucewatch.Result]int{}
	for f := range s.Findings() {
		if f.State != "withdrawn" {
			byResult[f.Result]++
		}
	}
	for _, r := range trucewatch.Results() {
		if n := byResult[r]; n > 0 {
			c.results = append(c.results, fmt.Sprintf("%d %s", n, strings.ReplaceAll(string(r), "_", " ")))
		}
	}
	return c
}

func (c census) recorded() string {
	var parts []string
	for _, p := range []struct {
		n         int
		one, many string
	}{
		{c.observations, "observation", "observations"}, {c.incidents, "incident", "incidents"}, {c.tallies, "published number", "published numbers"},
		{c.statements, "statement", "statements"}, {c.rejected, "rejected row", "rejected rows"},
	} {
		if p.n > 0 {
			parts = append(parts, count(p.n, p.one, p.many))
		}
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
