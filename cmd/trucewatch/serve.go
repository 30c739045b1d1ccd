// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os/signal"
	"syscall"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/mission"
)

type serveCommand struct {
	Mission  []string `arg:"" help:"Mission folders."`
	Listen   string   `help:"Address. Other machines reach only the public view." default:"127.0.0.1:8080"`
	Audience string   `help:"mission (the operations room, this machine only) or public." enum:"mission,public" default:"mission"`
	Host     []string `help:"Names, besides this machine's own, under which requests are answered."`
}

func (c *serveCommand) Run(t terminal) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	return serve(ctx, t, c.Mission, c.Listen, trucewatch.Audience(c.Audience), c.Host)
}

func serve(ctx context.Context, t terminal, dirs []string, listen string, a trucewatch.Audience, hosts []string) error {
	s := &mission.Server{Audience: a, Hosts: hosts, Version: version, Log: slog.New(slog.NewTextHandler(t.err, nil))}
	for _, dir := range dirs {
		if err := s.Add(dir); err != nil {
			return err
		}
	}
	return s.Run(ctx, listen, func(at net.Addr) {
		fmt.Fprintf(t.out, "Serving the %s view on http://%s/   (Ctrl-C ends)\n", a, at)
	})
}

type reportCommand struct {
	Mission  string `arg:"" help:"Mission folder."`
	Date     string `required:"" help:"Day of issue, such as 2026-04-12. The period ends at the cut-off of the day before."`
	Format   string `help:"html, json or csv." enum:"html,json,csv" default:"html"`
	Audience string `help:"Who will read it: mission or public." default:"public"`
	Out      string `short:"o" help:"File to write; standard output if left out." placeholder:"FILE"`
}

func (c *reportCommand) Run(t terminal) error {
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	out, done, err := openOut(c.Out, t)
	if err != nil {
		return err
	}
	if err := m.Report(out, c.Date, c.Format, trucewatch.Audience(c.Audience)); err != nil {
		done()
		return err
	}
	return done()
}
