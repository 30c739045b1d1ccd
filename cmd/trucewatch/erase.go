// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/mission"
	"github.com/trucewatch/trucewatch/seal"
)

type eraseCommand struct {
	Mission   string   `arg:"" help:"Mission folder."`
	Entry     []uint64 `arg:"" optional:"" help:"Entries whose box is to be destroyed; none with --month."`
	Class     string   `required:"" enum:"custody,mission,residue" help:"Which box: custody (what names people), mission (all of the entry but its coarse stand-in) or residue (that too)."`
	Month     string   `help:"Every box of the class of this month at once, by destroying its key, such as 2026-04." placeholder:"YYYY-MM"`
	Basis     string   `required:"" help:"Legal basis."`
	Authority string   `required:"" help:"Role that ordered it, never a name."`
	Reason    string   `help:"Why."`
	Sign      []string `required:"" help:"Key file of an officer who signs; two are needed." placeholder:"FILE"`
}

// Validate implements kong's check of what was typed.
func (c *eraseCommand) Validate() error {
	if (len(c.Entry) == 0) == (c.Month == "") {
		return fmt.Errorf("erase names entries or a --month, not both and not neither")
	}
	if _, err := time.Parse("2006-01", c.Month); c.Month != "" && err != nil {
		return fmt.Errorf("--month %q is not a month such as 2026-04", c.Month)
	}
	return nil
}

func (c *eraseCommand) Run(t terminal) error {
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	keys, err := readKeys(c.Sign)
	if err != nil {
		return err
	}
	e := trucewatch.Erasure{Basis: c.Basis, Authority: c.Authority, Reason: c.Reason}
	for _, index := range c.Entry {
		refs, err := m.Boxes(index, c.Class)
		if err != nil {
			return err
		}
		e.Boxes = append(e.Boxes, refs...)
	}
	if c.Month != "" {
		at, err := time.Parse("2006-01", c.Month)
		if err != nil {
			return err
		}
		e.Class, e.Epoch = c.Class, seal.EpochOf(trucewatch.InstantOf(at))
	}
	index, err := m.Erase(keys, e)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "Erased by the warrant in entry %d. Other holders must erase too and sign a receipt; verify names who did not.\n", index)
	_, err = mission.UpdateIndex(c.Mission, trucewatch.ForMission)
	return err
}

type personsCommand struct {
	Mission string `arg:"" help:"Mission folder."`
	Entry   uint64 `arg:"" help:"Entry whose custody box is to be read."`
	Role    string `required:"" help:"File of the custody role; its passphrase is read from TRUCEWATCH_PASSPHRASE." placeholder:"FILE"`
	By      string `required:"" help:"Role of whoever reads, never a name. It is recorded."`
	Reason  string `required:"" help:"Why. It is recorded."`
}

func (c *personsCommand) Run(t terminal) error {
	role, err := mission.LoadRole(c.Role, os.Getenv(mission.PassphraseVariable))
	if err != nil {
		return err
	}
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	rows, err := m.ReadPersons(c.Entry, role, c.By, c.Reason)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(t.out)
	for _, row := range rows {
		if err := enc.Encode(row); err != nil {
			return err
		}
	}
	return nil
}
