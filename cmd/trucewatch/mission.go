// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/mission"
)

type initCommand struct {
	Mission   string `arg:"" help:"Folder to make. Its last part, in lower case, becomes the mission's identifier: letters, digits and hyphens."`
	Agreement string `help:"Agreement to adopt: a folder with agreement.yaml, or that file." placeholder:"FILE"`
	Gazetteer string `help:"Place names, CSV with name,lat,lon,kind,party,aliases." placeholder:"FILE"`
	Title     string `help:"Title for people; the identifier if left out."`
	Zone      string `help:"Zone of the zone database in which local times are shown and days end." default:"UTC"`
	CutOff    string `help:"Local time at which a reporting period ends." default:"19:30"`
	Exercise  bool   `help:"An exercise: invented data, SIMULATED on everything. Cannot be undone."`
	Guard     string `help:"Folder on another disk, which no backup restores: it remembers what was signed, so that a restored backup cannot sign again." type:"existingdir" placeholder:"DIR"`
	Open      bool   `help:"Seal nothing: whoever holds the record reads all of it. For published data only. Cannot be undone."`
}

func (c *initCommand) Run(t terminal) error {
	whole, err := filepath.Abs(c.Mission) // "." has a name too
	if err != nil {
		return err
	}
	s := &mission.Spec{ID: strings.ToLower(filepath.Base(whole)), Title: c.Title, Mode: trucewatch.Live,
		DisplayZone: c.Zone, CutOff: c.CutOff, Simulated: c.Exercise, Gazetteer: c.Gazetteer, Guard: c.Guard}
	if c.Exercise {
		s.Mode = trucewatch.Exercise
	}
	if !c.Open {
		s.SlotS = mission.SlotS
	}
	if c.Agreement != "" {
		s.Agreements = []string{c.Agreement}
	}
	if s.Title == "" {
		s.Title = s.ID
	}
	if err := mission.CheckSpec(s); errors.Is(err, mission.ErrName) {
		return fmt.Errorf("init: the last part of the folder becomes the mission's identifier: %w", err)
	} else if err != nil {
		return err
	}
	if err := mission.Create(c.Mission, s, mission.DirFS(), trucewatch.InstantOf(time.Now())); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "Mission %s is set up in %s.\n", s.ID, c.Mission)
	fmt.Fprintf(t.out, "Keep %s secret: whoever holds it can write in the mission's name.\n", filepath.Join(c.Mission, "keys"))
	fmt.Fprintf(t.out, "Next: trucewatch import %s --format ... FILE    then: trucewatch serve %s\n", c.Mission, c.Mission)
	return nil
}

type replayCommand struct {
	Mission string `arg:"" help:"Mission folder."`
	Digest  bool   `help:"Print the digest of the state: equal on every machine that replays the same record."`
	Print   string `help:"Print what the record gives as JSON lines: observations, dossiers, flights, findings or cases." enum:",observations,dossiers,flights,findings,cases" default:""`
}

func (c *replayCommand) Run(t terminal) error {
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	s := m.State()
	if c.Print != "" {
		return printState(t.out, s, c.Print)
	}
	fmt.Fprintf(t.out, "%s: %d entries\n", s.Genesis().Mission, s.Next())
	fmt.Fprintf(t.out, "state      %v\n", s.Digest())
	if c.Digest {
		fmt.Fprintf(t.out, "order-free %v\n", s.OrderFreeDigest())
		public, err := s.ViewDigest(trucewatch.ForPublic)
		if err != nil {
			return err
		}
		fmt.Fprintf(t.out, "public     %v\n", public)
	}
	return nil
}

type releaseCommand struct {
	Mission string   `arg:"" help:"Mission folder."`
	Finding []string `arg:"" optional:"" help:"Findings to release; none with --list."`
	List    bool     `help:"List what could be released."`
	By      string   `help:"Role of the person who releases, never a name." default:"head of mission"`
	Reason  string   `help:"Why."`
}

func (c *releaseCommand) Run(t terminal) error {
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	if c.List {
		for _, id := range m.State().Publishable() {
			f, _, _ := m.State().Finding(id)
			fmt.Fprintf(t.out, "%s\t%s\t%s\t%v\n", id, f.Result, f.ActName, f.When.From)
		}
		return nil
	}
	if len(c.Finding) == 0 {
		return errors.New("release: name the findings, or see them with --list")
	}
	ids := make([]trucewatch.FindingID, len(c.Finding))
	for i, id := range c.Finding {
		ids[i] = trucewatch.FindingID(id)
	}
	return m.Write(func(w *mission.Writer) error { return w.Release(ids, c.By, c.Reason, w.Stamp()) })
}

type reviewCommand struct {
	Mission string `arg:"" help:"Mission folder."`
	Deed    string `arg:"" enum:"confirm,withdraw" help:"confirm or withdraw."`
	Finding string `arg:"" help:"Finding."`
	By      string `help:"Role of the person, never a name." default:"duty officer"`
	Reason  string `help:"Why. Needed for withdraw."`
}

func (c *reviewCommand) Run(terminal) error {
	if c.Deed == "withdraw" && c.Reason == "" {
		return errors.New("review: withdrawing a finding needs a --reason")
	}
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	r := trucewatch.Review{Finding: trucewatch.FindingID(c.Finding), Deed: c.Deed, By: c.By, Reason: c.Reason}
	return m.Write(func(w *mission.Writer) error { return w.Review(r, w.Stamp()) })
}

type caseCommand struct {
	Mission string `arg:"" help:"Mission folder."`
	Case    string `arg:"" optional:"" help:"Show this case whole; without one, list all."`
	Serve   string `help:"Serve this case on the parties: its clocks start now." placeholder:"CASE"`
	By      string `help:"Role of the person who serves, never a name." default:"duty officer"`
	JSON    bool   `name:"json" help:"As data."`
}

func (c *caseCommand) Run(t terminal) error {
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	if c.Serve != "" {
		r := trucewatch.Review{Case: trucewatch.CaseID(c.Serve), Deed: "serve", By: c.By}
		return m.Write(func(w *mission.Writer) error { return w.Review(r, w.Stamp()) })
	}
	found := false
	for cs := range m.State().Cases() {
		switch {
		case c.Case != "" && string(cs.ID) != c.Case:
			continue
		case c.JSON:
			if err := json.NewEncoder(t.out).Encode(cs); err != nil {
				return err
			}
		case c.Case != "":
			showCase(t.out, cs)
		default:
			fmt.Fprintf(t.out, "%s\t%s\tseverity %d\topened %v\t%d findings\n", cs.ID, cs.State, cs.Severity, cs.Opened, len(cs.Findings))
		}
		found = true
	}
	if c.Case != "" && !found {
		return fmt.Errorf("case: there is no case %q", c.Case)
	}
	return nil
}

// showCase prints a case and its life.
func showCase(out io.Writer, c *trucewatch.Case) {
	fmt.Fprintf(out, "%s\t%s\tseverity %d\topened %v\n", c.ID, c.State, c.Severity, c.Opened)
	if c.Before != "" {
		fmt.Fprintf(out, "before     %s\n", c.Before)
	}
	for _, w := range c.Waits {
		fmt.Fprintf(out, "waits for  %s\n", w)
	}
	for _, id := range c.Findings {
		fmt.Fprintf(out, "finding    %s\n", id)
	}
	for _, k := range c.Clocks {
		state := "runs"
		switch {
		case k.RanOut:
			state = "ran out"
		case k.Ended != 0:
			state = "done " + k.Ended.String()
		}
		name := k.ID
		if k.Party != "" {
			name += ", party " + string(k.Party)
		}
		fmt.Fprintf(out, "clock      %s: due %v, %s\n", name, k.Due, state)
	}
	for _, d := range c.Decisions {
		fmt.Fprintf(out, "decision   %s by %s: %s (%s): %s\n", d.Decision.ID, d.Decision.Body, d.Outcome, d.Why, d.Decision.Question)
		for _, v := range d.Decision.Votes {
			if v.Dissent != "" {
				fmt.Fprintf(out, "           %s voted %s: %s\n", v.Member, v.Cast, v.Dissent)
			}
		}
	}
	for _, r := range c.Remedies {
		fmt.Fprintf(out, "remedy     %s, party %s: %s: %s\n", r.Remedy.ID, r.Remedy.Party, r.State, r.Remedy.What)
	}
	for _, h := range c.History {
		fmt.Fprintf(out, "entry %-5d%s\n", h.Index, h.What)
	}
}

type compareCommand struct {
	Mission string `arg:"" help:"Mission folder."`
	A       string `arg:"" optional:"" help:"Key of a tally, or the beginning of it; without keys all tallies are listed."`
	B       string `arg:"" optional:"" help:"Key of another."`
}

// Validate refuses a single key: there is nothing to compare it with.
func (c *compareCommand) Validate() error {
	if c.A != "" && c.B == "" {
		return fmt.Errorf("one key, %q: give two, or none for the list of tallies", c.A)
	}
	return nil
}

func (c *compareCommand) Run(t terminal) error {
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	if c.B == "" {
		for v := range m.State().Tallies() {
			fmt.Fprintf(t.out, "%.12s\t%s\t%s\t%d %s\t%s\n", v.Tally.Key, v.Tally.Claimant, v.Tally.Category, v.Tally.Count.Value, v.Tally.Count.Unit, v.Tally.WindowText)
		}
		return nil
	}
	a, err := tallyKey(m, c.A)
	if err != nil {
		return err
	}
	b, err := tallyKey(m, c.B)
	if err != nil {
		return err
	}
	result, err := m.State().Compare(a, b)
	if err != nil {
		return err
	}
	fmt.Fprintln(t.out, result.Text)
	for _, flag := range result.Flags {
		fmt.Fprintf(t.out, "note: %s\n", flag)
	}
	return nil
}

func tallyKey(m *mission.Mission, prefix string) (trucewatch.ContentKey, error) {
	var found []trucewatch.ContentKey
	for v := range m.State().Tallies() {
		if strings.HasPrefix(v.Tally.Key.String(), strings.ToLower(prefix)) {
			found = append(found, v.Tally.Key)
		}
	}
	if len(found) != 1 {
		return trucewatch.ContentKey{}, fmt.Errorf("compare: %q names %d tallies, not one: list them with trucewatch compare %s", prefix, len(found), m.Dir())
	}
	return found[0], nil
}

type versionCommand struct{}

func (c *versionCommand) Run(t terminal) error {
	fmt.Fprintln(t.out, versionText())
	return nil
}

// versionText says which program this is, and with which engine.
func versionText() string {
	return fmt.Sprintf("trucewatch %s, engine %d", version, trucewatch.EngineVersion)
}

// version is the release; engine versions are in the record.
const version = "0.1.0"
