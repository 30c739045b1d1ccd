// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/exhibit"
	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/mission"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/seal"
)

type openingsCommand struct {
	Give  openingsGiveCommand  `cmd:"" default:"withargs" help:"Write what a party may be handed by now into a folder."`
	Check openingsCheckCommand `cmd:"" help:"Prove what was handed out against one's own copy of the record. Exit code 2 if it is false."`
}

type openingsGiveCommand struct {
	Mission string `arg:"" help:"Mission folder."`
	Party   string `required:"" help:"Party, by the agreement's letter."`
	Out     string `required:"" help:"Folder of what this party was handed; what is in it already is not written again." placeholder:"DIR"`
	To      string `help:"Public key of the party's role, to which each file is sealed; without it whoever has the file reads it." placeholder:"age1pq1..."`
}

func (c *openingsGiveCommand) Run(t terminal) error {
	var to *seal.Recipient
	if c.To != "" {
		var err error
		if to, err = seal.ParseRecipient(c.To); err != nil {
			return err
		}
	}
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	names, err := m.HandOut(trucewatch.PartyID(c.Party), c.Out, to, trucewatch.InstantOf(time.Now()))
	for _, name := range names {
		fmt.Fprintln(t.out, name)
	}
	if err == nil && len(names) == 0 {
		fmt.Fprintln(t.out, "Nothing more may be handed out yet.")
	}
	return err
}

type openingsCheckCommand struct {
	Dir    string `arg:"" help:"Folder with what was handed out."`
	Record string `required:"" help:"One's own copy of the record: a mirror's folder." placeholder:"DIR"`
	Log    string `required:"" help:"Verifier key of the log, or a file that holds it." placeholder:"VKEY"`
	Role   string `help:"File of the role to which the files are sealed; its passphrase is read from TRUCEWATCH_PASSPHRASE." placeholder:"FILE"`
}

// Run prints what is proven as JSON lines, one an entry.
func (c *openingsCheckCommand) Run(t terminal) error {
	log := c.Log
	if data, err := os.ReadFile(log); err == nil {
		log = firstLine(data)
	}
	held, err := mission.FindCopy(c.Record, log)
	if err != nil {
		return err
	}
	verifier, err := held.Verifier()
	if err != nil {
		return err
	}
	r, err := record.OpenReader(held.Record, verifier)
	if err != nil {
		return err
	}
	defer r.Close()
	var roles []*seal.Identity
	if c.Role != "" {
		if roles, err = seal.LoadRole(durable.OS{}, c.Role, os.Getenv(mission.PassphraseVariable)); err != nil {
			return err
		}
	}
	names, err := filepath.Glob(filepath.Join(c.Dir, "openings-*.cbor"))
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return fmt.Errorf("openings check: no openings-*.cbor in %s", c.Dir)
	}
	slices.SortFunc(names, func(a, b string) int { // by number, not by letter
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	for _, name := range names {
		if err := checkOpenings(t, name, r, roles); err != nil {
			fmt.Fprintf(t.err, "%s: %v\n", name, err)
			return errFound
		}
	}
	return nil
}

func checkOpenings(t terminal, name string, r *record.Reader, roles []*seal.Identity) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if roles != nil {
		if data, err = seal.OpenBox(roles, data); err != nil {
			return err
		}
	}
	b, err := exhibit.DecodeBatch(data)
	if err != nil {
		return err
	}
	known, err := mission.CheckOpenings(b, r)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(t.out)
	for _, k := range known {
		if err := enc.Encode(k); err != nil {
			return err
		}
	}
	return nil
}
