// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/internal/operations"
	"github.com/trucewatch/trucewatch/mirror"
	"github.com/trucewatch/trucewatch/mission"
)

type serveCommand struct {
	Mission  []string `arg:"" help:"Mission folders."`
	Listen   string   `help:"Address. Other machines reach only the public view." default:"127.0.0.1:8080"`
	Audience string   `help:"mission (the operations room, this machine only) or public." enum:"mission,public" default:"mission"`
	Records  string   `help:"Address at which mirrors are given the record, /MISSION/checkpoint and tiles, up to the checkpoint sent out last. Sealed missions only." placeholder:"ADDRESS"`
	Holders  string   `help:"File of who may be given boxes with the record; mirror token makes its lines." type:"existingfile" placeholder:"FILE"`
	Intake   string   `help:"Address at which signed bodies are taken in, POST /MISSION/submissions. Plain http: put a proxy with TLS before it." placeholder:"ADDRESS"`
	Metrics  string   `help:"Address of /metrics and /healthz, on this machine only." placeholder:"ADDRESS"`
	Log      string   `help:"Form of the log: text or json." enum:"text,json" default:"text"`
	Spans    bool     `help:"Log how long each step of a beat and of what is taken in took, by traces that go on in witnesses and mirrors."`
	Host     []string `help:"Names, besides localhost, under which requests are answered. The public view is answered under any address in figures."`
}

func (c *serveCommand) Run(t terminal) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	listener, err := mission.Listen(c.Listen, trucewatch.Audience(c.Audience))
	if err != nil {
		return err
	}
	defer listener.Close()
	s := &mission.Server{Audience: trucewatch.Audience(c.Audience), Hosts: c.Host}
	if c.Records != "" {
		if s.Sent, err = net.Listen("tcp", c.Records); err != nil {
			return fmt.Errorf("--records: %w", err)
		}
		defer s.Sent.Close()
	}
	if c.Intake != "" {
		if s.Door, err = net.Listen("tcp", c.Intake); err != nil {
			return fmt.Errorf("--intake: %w", err)
		}
		defer s.Door.Close()
		s.DoorLimits = mission.DefaultDoorLimits()
	}
	if c.Metrics != "" {
		if s.Operations, err = operations.Listen(c.Metrics); err != nil {
			return fmt.Errorf("--metrics: %w", err)
		}
		defer s.Operations.Close()
	}
	s.Log = logger(t, c.Log)
	if c.Spans {
		s.Spans = s.Log
	}
	if c.Holders != "" {
		text, err := os.ReadFile(c.Holders)
		if err != nil {
			return err
		}
		if s.Holders, err = mirror.ParseHolders(text); err != nil {
			return fmt.Errorf("%s: %w", c.Holders, err)
		}
	}
	return serve(ctx, t, c.Mission, listener, s)
}

// Validate implements kong's check of what was typed.
func (c *serveCommand) Validate() error {
	if c.Records != "" && c.Audience != string(trucewatch.ForMission) {
		return errors.New("--records goes with the mission's own view: who serves that has the checkpoints co-signed")
	}
	if c.Intake != "" && c.Audience != string(trucewatch.ForMission) {
		return errors.New("--intake goes with the mission's own view: who serves that writes the record")
	}
	return nil
}

// logger writes the log of a service for people or for programs.
func logger(t terminal, form string) *slog.Logger {
	if form == "json" {
		return slog.New(slog.NewJSONHandler(t.err, nil))
	}
	return slog.New(slog.NewTextHandler(t.err, nil))
}

func serve(ctx context.Context, t terminal, dirs []string, listener net.Listener, s *mission.Server) error {
	s.Version = version
	if s.Log == nil {
		s.Log = logger(t, "text")
	}
	a, hosts := s.Audience, s.Hosts
	for _, dir := range dirs {
		if err := s.Add(dir); err != nil {
			return err
		}
	}
	return s.Serve(ctx, listener, func(at net.Addr) {
		if s.Sent != nil {
			fmt.Fprintf(t.out, "Giving the record to mirrors on http://%s/\n", s.Sent.Addr())
		}
		if s.Door != nil {
			fmt.Fprintf(t.out, "Taking in signed bodies on http://%s/\n", s.Door.Addr())
		}
		if s.Operations != nil {
			fmt.Fprintf(t.out, "Figures and health on http://%s/metrics and /healthz\n", s.Operations.Addr())
		}
		fmt.Fprintf(t.out, "Serving the %s view on http://%s/   (Ctrl-C ends)\n", a, at)
		if tcp, ok := at.(*net.TCPAddr); ok && !tcp.IP.IsLoopback() {
			fmt.Fprintf(t.out, "Answered under any address in figures and under %s; add names with --host.\n", strings.Join(append([]string{"localhost"}, hosts...), ", "))
		}
	})
}

type reportCommand struct {
	Mission    string `arg:"" help:"Mission folder."`
	Date       string `required:"" xor:"which" help:"Day of issue, such as 2026-04-12. The period ends at the cut-off of the day before, and must be over."`
	Code       string `required:"" xor:"which" help:"Verification code of a report: it is written again as it was issued, byte for byte, although the record has grown. What was revised since is said on standard error." placeholder:"TW-...."`
	AsIssued   bool   `help:"With --date: as with the code that the report had when the cut-off that ended its period was entered."`
	Checkpoint string `help:"With --code: the checkpoint that the report quoted. Those on the public pages quote none." type:"existingfile" placeholder:"FILE"`
	Format     string `help:"html, json or csv." enum:"html,json,csv" default:"html"`
	Audience   string `help:"Who will read it: mission or public. With --code the code says who." default:"public"`
	Out        string `short:"o" help:"File to write; standard output if left out." placeholder:"FILE"`
}

// Validate implements kong's check of what was typed.
func (c *reportCommand) Validate() error {
	switch {
	case c.AsIssued && c.Date == "":
		return errors.New("--as-issued goes with --date: a code says which report it is")
	case c.Checkpoint != "" && c.Code == "":
		return errors.New("--checkpoint goes with --code: other reports quote the newest one")
	}
	return nil
}

func (c *reportCommand) Run(t terminal) error {
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	var again *mission.Reissue
	if c.Code != "" || c.AsIssued {
		again, err = c.again(m, &b)
	} else {
		err = m.Report(&b, c.Date, c.Format, trucewatch.Audience(c.Audience), trucewatch.InstantOf(time.Now()))
	}
	if err != nil {
		return err
	}
	if c.Out == "" || c.Out == "-" {
		_, err = t.out.Write(b.Bytes())
	} else {
		err = writeOut(c.Out, b.Bytes())
	}
	if err == nil && again != nil {
		printSince(t.err, again)
	}
	return err
}

// again writes a report as it was issued.
func (c *reportCommand) again(m *mission.Mission, w io.Writer) (*mission.Reissue, error) {
	code := c.Code
	var note []byte
	var err error
	if c.AsIssued {
		code, err = m.CodeAsIssued(c.Date, trucewatch.Audience(c.Audience))
	} else if c.Checkpoint != "" {
		note, err = os.ReadFile(c.Checkpoint)
	}
	if err != nil {
		return nil, err
	}
	return m.Reissue(w, code, c.Format, note)
}

// printSince says which report was written, and what was revised since.
func printSince(w io.Writer, r *mission.Reissue) {
	fmt.Fprintf(w, "Report of %s as issued, for the %s: entry %d (%s) commits to it.\n", r.Issued, r.Audience, r.Entry, r.What)
	if len(r.Since) == 0 {
		fmt.Fprintln(w, "Since then no finding in it was revised.")
	}
	for _, s := range r.Since {
		fmt.Fprintf(w, "Since then: %s.\n", s)
	}
}

// writeOut puts data into a file, whole or not at all: a full disk leaves the
// report of yesterday as it was. What is no file, such as /dev/null, is written to.
func writeOut(name string, data []byte) error {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return os.WriteFile(name, data, 0o600)
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}
