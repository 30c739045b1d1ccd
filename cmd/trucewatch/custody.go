// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/evidence"
	"github.com/trucewatch/trucewatch/mission"
)

type evidenceAddCommand struct {
	Mission    string `arg:"" help:"Mission folder."`
	File       string `arg:"" help:"File to keep, as it was received. Of a picture its pixels are described too."`
	By         string `required:"" help:"Role of whoever acquired it, never a name."`
	About      string `help:"Observation, incident, finding or case that it belongs to." placeholder:"ID"`
	Restricted bool   `help:"Record each reading of it."`
	Reason     string `help:"How it came here."`
}

func (c *evidenceAddCommand) Run(t terminal) error {
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close() // Read only: nothing can be lost.
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	got, err := m.AddEvidence(f, trucewatch.Custody{By: c.By, About: c.About, Restricted: c.Restricted, Reason: c.Reason})
	if err != nil {
		return err
	}
	tellAcquired(t, got)
	return nil
}

func tellAcquired(t terminal, got mission.Acquired) {
	fmt.Fprintf(t.out, "item    %v\nentry   %d\n", got.Item.Hash, got.Index)
	if got.Known {
		fmt.Fprintln(t.out, "The record said so before: nothing was added.")
	}
	if got.Pixels != nil {
		fmt.Fprintf(t.out, "pixels  %v\n", got.Pixels.Item().Hash)
	}
	if got.NoPixels != nil {
		fmt.Fprintf(t.err, "trucewatch: no rectangle of it can be proven: %v\n", got.NoPixels)
	}
}

type evidenceCopyCommand struct {
	Mission    string          `arg:"" help:"Mission folder."`
	Item       trucewatch.Hash `arg:"" help:"Item of which a working copy is made."`
	File       string          `arg:"" optional:"" help:"A file made from it, such as a picture with faces made unreadable: it becomes an item of its own. Without one, the working copy has the same bytes."`
	By         string          `required:"" help:"Role of whoever does it, never a name."`
	Restricted bool            `help:"Record each reading of the file."`
	Reason     string          `help:"Why."`
}

func (c *evidenceCopyCommand) Run(t terminal) error {
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	if c.File == "" {
		index, err := m.EnterDeed(nil, trucewatch.Custody{Item: c.Item, Deed: "copied", By: c.By, Reason: c.Reason})
		if err != nil {
			return err
		}
		fmt.Fprintf(t.out, "The working copy of %v stands in entry %d.\n", c.Item, index)
		return nil
	}
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close() // Read only: nothing can be lost.
	got, err := m.DeriveEvidence(c.Item, f, trucewatch.Custody{By: c.By, Restricted: c.Restricted, Reason: c.Reason})
	if err != nil {
		return err
	}
	tellAcquired(t, got)
	return nil
}

type evidenceReadCommand struct {
	Mission string          `arg:"" help:"Mission folder."`
	Item    trucewatch.Hash `arg:"" help:"Item to read, of which there is a working copy."`
	By      string          `help:"Role of whoever reads, never a name; recorded if the item is restricted."`
	Reason  string          `help:"Why; recorded if the item is restricted."`
	Out     string          `short:"o" required:"" help:"File for its bytes; must not exist." placeholder:"FILE"`
}

func (c *evidenceReadCommand) Run(t terminal) error {
	out, err := os.OpenFile(c.Out, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err // before a reading is recorded that could not happen
	}
	err = c.read(out)
	if err = errors.Join(err, out.Close()); err != nil {
		return errors.Join(err, os.Remove(c.Out))
	}
	fmt.Fprintf(t.out, "%s has the bytes of item %v. It is a copy outside the mission's custody: destroy it after use.\n", c.Out, c.Item)
	return nil
}

func (c *evidenceReadCommand) read(out io.Writer) error {
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	r, err := m.ReadEvidence(c.Item, c.By, c.Reason)
	if err != nil {
		return err
	}
	defer r.Close() // Read only: nothing can be lost.
	_, err = io.Copy(out, r)
	return err
}

type evidenceDeedCommand struct {
	Mission string          `arg:"" help:"Mission folder."`
	Deed    string          `arg:"" enum:"transferred,returned,sealed,destroyed" help:"What was done: transferred, returned, sealed or destroyed. What is destroyed is destroyed here by this command."`
	Item    trucewatch.Hash `arg:"" help:"Item."`
	By      string          `required:"" help:"Role of whoever did it, never a name."`
	To      string          `help:"Who received it." placeholder:"ROLE"`
	At      string          `help:"When, such as 2026-04-15T10:00:00Z; now if left out." placeholder:"TIME"`
	Reason  string          `help:"Why."`
	Sign    []string        `help:"Key file of an officer who signs this; two to destroy. The desk signs if there is none." placeholder:"FILE"`
}

func (c *evidenceDeedCommand) Run(t terminal) error {
	d := trucewatch.Custody{Item: c.Item, Deed: c.Deed, By: c.By, To: c.To, Reason: c.Reason}
	if c.At != "" {
		if err := d.At.UnmarshalText([]byte(c.At)); err != nil {
			return fmt.Errorf("--at: %w", err)
		}
	}
	officers, err := readKeys(c.Sign)
	if err != nil {
		return err
	}
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	index, err := m.EnterDeed(officers, d)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "Item %v is %s by entry %d.\n", c.Item, c.Deed, index)
	return nil
}

type evidenceChainCommand struct {
	Mission string            `arg:"" help:"Mission folder."`
	Item    []trucewatch.Hash `arg:"" optional:"" help:"Items whose chain of custody is printed; all if left out."`
}

func (c *evidenceChainCommand) Run(t terminal) error {
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	deeds := m.Deeds()
	items := c.Item
	if len(items) == 0 {
		seen := map[trucewatch.Hash]bool{}
		for _, d := range deeds {
			if !seen[d.Item] {
				items = append(items, d.Item)
			}
			seen[d.Item] = true
		}
	}
	for _, item := range items {
		fmt.Fprint(t.out, evidence.CustodyOf(item, deeds))
	}
	unknown, err := m.UnacquiredEvidence()
	if err != nil {
		return err
	}
	for _, h := range unknown {
		fmt.Fprintf(t.out, "Item %v\n  no entry speaks of it: adding it was cut short, or somebody put it there; add the file again, or remove it\n", h)
	}
	problems := mission.CheckEvidence(m)
	for _, p := range problems {
		fmt.Fprintf(t.err, "trucewatch: %s\n", p)
	}
	if len(problems) > 0 {
		return errFound
	}
	return nil
}
