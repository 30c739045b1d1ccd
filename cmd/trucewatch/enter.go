// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/mission"
)

type enterCommand struct {
	Mission string   `arg:"" help:"Mission folder."`
	File    string   `arg:"" help:"YAML or JSON list of proceedings; - reads standard input. See docs/formats/proceedings.md."`
	Sign    []string `help:"Key file of who signs, such as a party's liaison officer; without one the desk signs." placeholder:"FILE"`
}

// Run enters the list up to the first that is refused: those before it stand, and
// it names the line.
func (c *enterCommand) Run(t terminal) error {
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	keys, err := readKeys(c.Sign)
	if err != nil {
		return err
	}
	data, err := readInput(t, c.File)
	if err != nil {
		return err
	}
	places, err := m.Gazetteer()
	if err != nil {
		return err
	}
	list, err := mission.ParseProceedings(c.File, data, places)
	if err != nil {
		return err
	}
	return m.Write(func(w *mission.Writer) error {
		var entered bytes.Buffer
		err := c.enter(w, keys, list, &entered)
		if failed := w.Flush(); failed != nil {
			return errors.Join(err, failed)
		}
		// A line says that an entry stands, so it waits for the disk.
		_, failed := entered.WriteTo(t.out)
		return errors.Join(err, failed)
	})
}

// enter says of each of the list where it will stand.
func (c *enterCommand) enter(w *mission.Writer, keys []ed25519.PrivateKey, list []mission.Proceeding, entered *bytes.Buffer) error {
	for i := range list {
		p := &list[i]
		if p.At != 0 {
			return fmt.Errorf("enter: %s:%d: at is for re-enactments: what is entered is received now", c.File, p.Line)
		}
		index, err := w.Enter(keys, p.Payload)
		if err != nil {
			return fmt.Errorf("enter: %s:%d: %w", c.File, p.Line, err)
		}
		fmt.Fprintf(entered, "entry %d: %s\n", index, p.Payload.Types()[0])
	}
	return nil
}

// inputMaxBytes bounds a file of proceedings.
const inputMaxBytes = trucewatch.RowsMax * trucewatch.EntryMaxBytes

func readInput(t terminal, name string) ([]byte, error) {
	if name != "-" {
		return os.ReadFile(name)
	}
	data, err := io.ReadAll(io.LimitReader(t.in, inputMaxBytes+1))
	if err == nil && len(data) > inputMaxBytes {
		err = fmt.Errorf("standard input: more than %d bytes", inputMaxBytes)
	}
	return data, err
}
