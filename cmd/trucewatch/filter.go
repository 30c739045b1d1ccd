// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/associate"
	"github.com/trucewatch/trucewatch/casework"
	"github.com/trucewatch/trucewatch/disclose"
	"github.com/trucewatch/trucewatch/judge"
	"github.com/trucewatch/trucewatch/mission"
	"github.com/trucewatch/trucewatch/replay"
)

// lineMax bounds one JSON line of a filter's input: a dossier of thousands of
// observations.
const lineMax = 64 << 20

// eachLine decodes each line of in, strictly, and hands it on.
func eachLine[T any](in io.Reader, each func(*T) error) error {
	scanner := bufio.NewScanner(in)
	scanner.Buffer(make([]byte, 1<<20), lineMax)
	for n := 1; scanner.Scan(); n++ {
		if len(bytes.TrimSpace(scanner.Bytes())) == 0 {
			continue
		}
		v := new(T)
		dec := json.NewDecoder(bytes.NewReader(scanner.Bytes()))
		dec.DisallowUnknownFields()
		if err := dec.Decode(v); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		if err := each(v); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := scanner.Err(); err != nil {
		return fmt.Errorf("read input: %w", err)
	}
	return nil
}

type associateCommand struct {
	Flights bool     `help:"Write the flights of drones and missiles instead, as a result for score; of SIMULATED observations alone."`
	Shard   []string `help:"A command that starts a shard, which works on its share of the country, such as \"ssh host trucewatch associate --work\"; once for each. What comes out is the same." placeholder:"COMMAND" sep:"none"`
	Work    bool     `help:"Be a shard: pieces of work in, answers out."`
}

func (c *associateCommand) Run(t terminal) error {
	if c.Work {
		return workForOthers(t)
	}
	var all []*trucewatch.Recorded
	err := eachLine(t.in, func(r *trucewatch.Recorded) error {
		if r.Source == nil || r.Observation == nil {
			return errors.New("a recorded observation needs id, source and observation, as replay --print observations writes them")
		}
		if err := r.Observation.Check(); err != nil {
			return err
		}
		all = append(all, r)
		return nil
	})
	if err != nil {
		return fmt.Errorf("associate: %w", err)
	}
	a := associate.New()
	a.Workers(onAllCores)
	if len(c.Shard) > 0 && len(all) > 0 {
		shards := startShards(c.Shard, t)
		a.Shards(shards.ask)
		defer shards.stop()
	}
	a.Add(0, all)
	if c.Flights {
		return writeFlights(t, a, all)
	}
	enc := json.NewEncoder(t.out)
	for in := range a.All() {
		d := trucewatch.Dossier{Incident: in, Observations: a.Members(in)}
		for _, r := range d.Observations {
			d.Received = max(d.Received, r.Received)
		}
		if err := enc.Encode(d); err != nil {
			return err
		}
	}
	return nil
}

// loadAgreement reads an agreement from a folder or file.
func loadAgreement(name string) (*agreement.Agreement, error) {
	files, err := mission.ReadBundle(mission.DirFS(), name)
	if err != nil {
		return nil, err
	}
	return mission.LoadAgreement(files)
}

// eachDossier reads dossiers that are whole.
func eachDossier(in io.Reader, each func(*trucewatch.Dossier) error) error {
	return eachLine(in, func(d *trucewatch.Dossier) error {
		if d.Incident == nil || slices.ContainsFunc(d.Observations, func(r *trucewatch.Recorded) bool { return r.Source == nil || r.Observation == nil }) {
			return errors.New("a dossier needs an incident and whole observations, as associate writes them")
		}
		return each(d)
	})
}

type judgeCommand struct {
	Agreement string `required:"" help:"Agreement to judge by: a folder with agreement.yaml, or that file." placeholder:"FILE"`
}

func (c *judgeCommand) Run(t terminal) error {
	a, err := loadAgreement(c.Agreement)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(t.out)
	terms := judge.Read([]*agreement.Agreement{a}, nil)
	return eachDossier(t.in, func(d *trucewatch.Dossier) error {
		found := judge.Incident(judgeInput(d, terms))
		d.Findings = nil
		for i := range found {
			d.Findings = append(d.Findings, &found[i])
		}
		return enc.Encode(d)
	})
}

// judgeInput is what a dossier gives the judge. What happened near is not in it:
// a filter sees one incident at a time.
func judgeInput(d *trucewatch.Dossier, terms *judge.Terms) judge.Input {
	in := judge.Input{Incident: d.Incident, Members: d.Observations, Terms: terms, Facts: d.Facts, Calls: d.Calls}
	for i := range d.Notices {
		n := judge.Notice{Notification: &d.Notices[i].Notification, Received: d.Notices[i].Received, Index: d.Notices[i].Index}
		for _, step := range d.NoticeSteps {
			if step.What.Notice == n.Notification.ID {
				n.Steps = append(n.Steps, step)
			}
		}
		in.Notices = append(in.Notices, n)
	}
	return in
}

type caseworkCommand struct {
	Agreement string `required:"" help:"Agreement whose clocks run: a folder with agreement.yaml, or that file." placeholder:"FILE"`
	ServeAt   string `help:"Serve every case at this time, such as 2026-04-12T06:40:00Z."`
	Until     string `help:"Let the clocks run until this time."`
}

func (c *caseworkCommand) Run(t terminal) error {
	a, err := loadAgreement(c.Agreement)
	if err != nil {
		return err
	}
	var serveAt, until trucewatch.Instant
	if err := errors.Join(serveAt.UnmarshalText([]byte(c.ServeAt)), until.UnmarshalText([]byte(c.Until))); err != nil {
		return err
	}
	desk := casework.NewDesk(nil)
	desk.Adopt(a)
	err = eachDossier(t.in, func(d *trucewatch.Dossier) error {
		desk.Findings(d.Findings, max(d.Received, d.Incident.When.From), 0)
		return nil
	})
	if err != nil {
		return err
	}
	if serveAt != 0 {
		for _, cs := range slices.Collect(desk.All()) {
			if _, err := desk.Serve(cs.ID, serveAt, 0); err != nil {
				return err
			}
		}
	}
	if until != 0 {
		desk.Tick(until, 0)
	}
	enc := json.NewEncoder(t.out)
	for cs := range desk.All() {
		if err := enc.Encode(cs); err != nil {
			return err
		}
	}
	return nil
}

type discloseCommand struct {
	Agreement string `help:"Agreement whose disclosure rules hold; the rules of a mission without one if left out." placeholder:"FILE"`
	Audience  string `help:"mission or public." default:"public"`
	At        string `required:"" help:"The time at which they look, such as 2026-04-14T00:00:00Z."`
	Released  string `help:"Take every finding as released at this time; none is if left out."`
}

func (c *discloseCommand) Run(t terminal) error {
	var agreements []*agreement.Agreement
	if c.Agreement != "" {
		a, err := loadAgreement(c.Agreement)
		if err != nil {
			return err
		}
		agreements = append(agreements, a)
	}
	var at, released trucewatch.Instant
	if err := errors.Join(at.UnmarshalText([]byte(c.At)), released.UnmarshalText([]byte(c.Released))); err != nil {
		return err
	}
	rules, err := disclose.RulesFor(trucewatch.Audience(c.Audience), agreements, &trucewatch.Genesis{})
	if err != nil {
		return err
	}
	enc := json.NewEncoder(t.out)
	return eachDossier(t.in, func(d *trucewatch.Dossier) error {
		var facts []disclose.FindingFact
		for _, f := range d.Findings {
			facts = append(facts, disclose.FindingFact{Finding: f, Released: released})
		}
		if v, ok := rules.Incident(at, d.Incident, d.Observations, facts); ok {
			if err := enc.Encode(v); err != nil {
				return err
			}
		}
		for _, fact := range facts {
			if v, ok := rules.Finding(at, fact, d.Incident); ok {
				if err := enc.Encode(v); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// printState writes what a record gives as JSON lines.
func printState(out io.Writer, s *replay.State, what string) error {
	enc := json.NewEncoder(out)
	switch what {
	case "findings":
		for f := range s.Findings() {
			if err := enc.Encode(f); err != nil {
				return err
			}
		}
		return nil
	case "flights":
		for _, f := range s.Flights() {
			if err := enc.Encode(f); err != nil {
				return err
			}
		}
		return nil
	case "cases":
		for c := range s.Cases() {
			if err := enc.Encode(c); err != nil {
				return err
			}
		}
		return nil
	}
	for in := range s.Incidents() {
		if what == "dossiers" {
			if err := enc.Encode(s.Dossier(in)); err != nil {
				return err
			}
			continue
		}
		for _, r := range s.Members(in) {
			if err := enc.Encode(r); err != nil {
				return err
			}
		}
	}
	return nil
}
