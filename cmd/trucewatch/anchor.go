// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/trucewatch/trucewatch/anchor"
	"github.com/trucewatch/trucewatch/mission"
)

type anchorCommand struct {
	Fetch   anchorFetchCommand   `cmd:"" default:"withargs" help:"Have an authority put its time to the record, and enter its token."`
	Request anchorRequestCommand `cmd:"" help:"Write a request for an authority, to be carried there by hand."`
	Enter   anchorEnterCommand   `cmd:"" help:"Enter an authority's answer that was carried here."`
}

type anchorFetchCommand struct {
	Mission string `arg:"" help:"Mission folder."`
	TSA     string `name:"tsa" required:"" help:"Address of a time-stamp authority (RFC 3161). It is shown a hash and nothing else." placeholder:"URL"`
	Roots   string `required:"" help:"Certificates of the authorities that are believed, PEM." placeholder:"FILE"`
}

func (c *anchorFetchCommand) Run(t terminal) error {
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	request, _, err := m.RequestAnchor()
	if err != nil {
		return err
	}
	token, err := anchor.Fetch(context.Background(), c.TSA, request)
	if err != nil {
		return err
	}
	return enterAnchor(t, m, token, c.Roots)
}

func enterAnchor(t terminal, m *mission.Mission, token []byte, rootsFile string) error {
	roots, err := mission.ReadRoots(rootsFile)
	if err != nil {
		return err
	}
	index, at, err := m.EnterAnchor(token, roots)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%s says that the record stood at %s, by entry %d. Anchor with a second authority in another state too: one can be made to lie.\n",
		at.Authority, at.At.Format(time.RFC3339), index)
	return nil
}

type anchorRequestCommand struct {
	Mission string `arg:"" help:"Mission folder."`
	Out     string `short:"o" required:"" help:"File for the request (application/timestamp-query)." placeholder:"FILE"`
}

func (c *anchorRequestCommand) Run(t terminal) error {
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	request, size, err := m.RequestAnchor()
	if err != nil {
		return err
	}
	if err := writeOut(c.Out, request.DER); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%s asks for the time of the first %d entries.\n", c.Out, size)
	return nil
}

type anchorEnterCommand struct {
	Mission  string `arg:"" help:"Mission folder."`
	Response string `xor:"file" required:"" help:"The authority's answer (application/timestamp-reply)." placeholder:"FILE"`
	Token    string `xor:"file" required:"" help:"Or the token alone, DER." placeholder:"FILE"`
	Roots    string `required:"" help:"Certificates of the authorities that are believed, PEM." placeholder:"FILE"`
}

func (c *anchorEnterCommand) Run(t terminal) error {
	name := c.Response + c.Token // one of them
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if c.Response != "" {
		if data, err = anchor.TokenOf(data); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	return enterAnchor(t, m, data, c.Roots)
}
