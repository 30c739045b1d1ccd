// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/mission"
)

type exerciseCommand struct {
	Play   exercisePlayCommand   `cmd:"" help:"Put what a script says into an exercise, at its times; players act meanwhile."`
	Report exerciseReportCommand `cmd:"" help:"Say from the record what came of it: findings beside those expected, clocks, false attributions."`
}

type exerciseScript struct {
	Mission string `arg:"" help:"Folder of a mission that init --exercise set up."`
	Script  string `arg:"" help:"Script, YAML; see docs/exercises.md." type:"existingfile"`
}

func (c *exerciseScript) read() (*mission.Script, error) {
	data, err := os.ReadFile(c.Script)
	if err != nil {
		return nil, err
	}
	s, err := mission.ParseScript(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.Script, err)
	}
	return s, nil
}

type exercisePlayCommand struct {
	exerciseScript
	Speed int64 `help:"So many times faster than the script says." default:"1"`
}

func (c *exercisePlayCommand) Run(t terminal) error {
	s, err := c.read()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	err = mission.PlayScript(ctx, c.Mission, s, os.DirFS(filepath.Dir(c.Script)), max(c.Speed, 1), func(in mission.Inject, due time.Time) {
		fmt.Fprintf(t.out, "%s  %s: %s\n", due.UTC().Format(time.TimeOnly), in.After, in.Name)
	})
	if err != nil {
		return err
	}
	_, err = mission.UpdateIndex(c.Mission, trucewatch.ForMission)
	return err
}

type exerciseReportCommand struct{ exerciseScript }

func (c *exerciseReportCommand) Run(t terminal) error {
	s, err := c.read()
	if err != nil {
		return err
	}
	m, err := mission.Open(c.Mission)
	if err != nil {
		return err
	}
	return m.AfterAction(t.out, s)
}
