// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/exhibit"
	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/mission"
	"github.com/trucewatch/trucewatch/witness"
)

type exhibitCommand struct {
	Make  exhibitMakeCommand  `cmd:"" help:"Write the proof of one observation or finding into one file."`
	Check exhibitCheckCommand `cmd:"" help:"Check such a file, without any mission. Exit code 2 if it proves nothing."`
	Code  exhibitCodeCommand  `cmd:"" help:"Look up the verification code of a report. Exit code 2 if it is false."`
}

type exhibitMakeCommand struct {
	Mission     string   `arg:"" help:"Mission folder."`
	Finding     string   `xor:"what" required:"" help:"Finding that was public at the last cut-off." placeholder:"ID"`
	Observation string   `xor:"what" required:"" help:"Observation, such as 101.3." placeholder:"ID"`
	Fields      []string `help:"Fields to open of a sealed observation; without it kind, count, time_hour and where_10km." placeholder:"NAME"`
	Exact       bool     `help:"Allow fields that say exactly where, when or who. It is recorded first, with --by and --reason."`
	By          string   `help:"Role of whoever opens exact fields, never a name."`
	Reason      string   `help:"Why exact fields are opened."`
	Out         string   `short:"o" required:"" help:"File to write." placeholder:"FILE"`
}

func (c *exhibitMakeCommand) Run(t terminal) error {
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	var x *exhibit.Exhibit
	if c.Finding != "" {
		x, err = m.ExhibitFinding(trucewatch.FindingID(c.Finding))
	} else {
		var id trucewatch.ObservationID
		if id, err = trucewatch.ParseObservationID(c.Observation); err == nil {
			x, err = m.ExhibitObservation(id, mission.Opened{Fields: c.Fields, Exact: c.Exact, By: c.By, Reason: c.Reason})
		}
	}
	if err != nil {
		return err
	}
	data := exhibit.Encode(x)
	if err := durable.WriteFile(durable.OS{}, c.Out, data); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%s: %d bytes, of entry %d. Whoever has the log's key checks it with trucewatch exhibit check.\n", c.Out, len(data), x.Index)
	return nil
}

type exhibitCheckCommand struct {
	File   string `arg:"" help:"Exhibit."`
	Log    string `required:"" help:"Verifier key of the log, or a file that holds it." placeholder:"VKEY"`
	Policy string `help:"Policy file (C2SP tlog-policy) that says who must have co-signed; without it the log's key alone vouches." placeholder:"FILE"`
	JSON   bool   `help:"Print what it proves as JSON."`
}

func (c *exhibitCheckCommand) Run(t terminal) error {
	policy, err := readPolicy(c.Log, c.Policy)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	x, err := exhibit.DecodeExhibit(data)
	var p *exhibit.Proved
	if err == nil {
		p, err = exhibit.Check(x, policy)
	}
	if err != nil {
		fmt.Fprintf(t.out, "%s proves nothing: %v\n", c.File, err)
		return errFound
	}
	if c.JSON {
		return printProvedJSON(t.out, p)
	}
	return printProved(t.out, p)
}

// readPolicy reads the policy that checkpoints are held to. Its log must be the one
// that the reader trusts.
func readPolicy(log, file string) (*witness.Policy, error) {
	if data, err := os.ReadFile(log); err == nil {
		log = firstLine(data)
	}
	if file == "" {
		return witness.NewPolicy(log, nil, 0)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	policy, err := witness.ParsePolicy(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if policy, err = policy.WithLog(log); err != nil {
		return nil, err
	}
	if logs := policy.Logs(); len(logs) != 1 || logs[0] != log {
		return nil, fmt.Errorf("%s: it is for the logs %q, not for %q alone", file, logs, log)
	}
	return policy, nil
}

func firstLine(data []byte) string {
	for i, c := range data {
		if c == '\n' || c == '\r' {
			return string(data[:i])
		}
	}
	return string(data)
}

func printProved(w io.Writer, p *exhibit.Proved) error {
	s := p.Standing
	fmt.Fprintf(w, "It is true that the record of %s holds this, as entry %d of %d.\n", s.Origin, p.Entry.Index, s.Size)
	fmt.Fprintf(w, "received    %v\nvouched for %s", p.Entry.Received, s.Tier)
	for _, signed := range s.Signed {
		fmt.Fprintf(w, "; %s at %s", signed.Organisation, signed.At.Format(time.RFC3339))
	}
	fmt.Fprintln(w)
	if p.Unchecked {
		fmt.Fprintln(w, "            only the log's own key was checked: with --policy, who co-signed is checked too")
	}
	for _, f := range p.Fields {
		value, err := json.Marshal(f.Value)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%-11s %s\n", f.Name, value)
	}
	if p.Digest != nil {
		fmt.Fprintf(w, "published   %s, with %d findings\n", p.Digest.What, p.Digest.Count)
	}
	for _, v := range []any{p.Observation, p.Finding} {
		text, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			return err
		}
		if string(text) != "null" {
			fmt.Fprintf(w, "%s\n", text)
		}
	}
	return nil
}

func printProvedJSON(w io.Writer, p *exhibit.Proved) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(map[string]any{"log": p.Standing.Origin, "size": p.Standing.Size, "tier": p.Standing.Tier, "cosigned": p.Standing.Signed,
		"entry": p.Entry.Index, "type": p.Entry.Body.Type, "received": p.Entry.Received, "fields": p.Fields, "observation": p.Observation,
		"finding": p.Finding, "digest": p.Digest})
}

type exhibitCodeCommand struct {
	Mission string `arg:"" help:"Mission folder."`
	Code    string `arg:"" help:"Code that stands on the report, TW-...."`
	Report  string `help:"The report, to be compared byte by byte with what the record gives." placeholder:"FILE"`
	JSON    bool   `help:"Print the result as JSON."`
}

func (c *exhibitCodeCommand) Run(t terminal) error {
	var have []byte
	if c.Report != "" {
		var err error
		if have, err = os.ReadFile(c.Report); err != nil {
			return err
		}
	}
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	r, err := m.CheckCode(c.Code, have)
	if errors.Is(err, mission.ErrNoSuchCode) {
		fmt.Fprintf(t.out, "%v\n", err)
		return errFound
	}
	if err != nil {
		return err
	}
	if c.JSON {
		enc := json.NewEncoder(t.out)
		enc.SetIndent("", "  ")
		if err := enc.Encode(r); err != nil {
			return err
		}
	} else {
		printCode(t.out, r)
	}
	if !r.Recomputed || r.Compared && !r.Same {
		return errFound
	}
	return nil
}

func printCode(w io.Writer, r *mission.CodeCheck) {
	fmt.Fprintf(w, "%s is the report issued on %s as the %s sees it.\n", r.Code, r.Issued, r.Audience)
	fmt.Fprintf(w, "Entry %d (%s) commits to it; the checkpoint of size %d covers that entry.\n", r.Entry, r.What, r.Checkpoint)
	if r.Recomputed {
		fmt.Fprintln(w, "Recomputed from the record: what the entry commits to is what the record gives.")
	} else {
		fmt.Fprintln(w, "NOT SOUND: the record does not give what the entry commits to.")
	}
	switch {
	case !r.Compared:
		fmt.Fprintln(w, "The report itself was not compared: give it with --report.")
	case r.Same:
		fmt.Fprintln(w, "The report is, byte for byte, the one that the record gives.")
	default:
		fmt.Fprintln(w, "FALSE: the report is another one than the record gives.")
	}
}
