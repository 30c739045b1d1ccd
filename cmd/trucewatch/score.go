// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/scenario"
	"github.com/trucewatch/trucewatch/score"
)

type scoreCommand struct {
	Result scoreResultCommand `cmd:"" default:"withargs" help:"Hold results against a truth."`
	Table  scoreTableCommand  `cmd:"" help:"Take scores of several seeds together: a table from lines that score --json wrote."`
	Chart  scoreChartCommand  `cmd:"" help:"Draw recall and precision by rate from lines that score --json wrote."`
}

type scoreResultCommand struct {
	Truth   string        `arg:"" help:"The truth: a file that simulate --truth wrote, or of that format (docs/formats/score.md)."`
	Results []string      `arg:"" help:"Results of associators, a column each: JSON lines of dossiers as associate writes them, or of events (docs/formats/score.md). - is standard input."`
	Rule    string        `help:"When a result has found an event: overlap or jaccard of members, or near in time and place. Else as the truth calls for." enum:",overlap,jaccard,near" default:""`
	Members int           `help:"Count only results and events with at least this many members. Else as the truth calls for." default:"-1" placeholder:"N"`
	Within  time.Duration `help:"Rule near: most that times differ." default:"3s"`
	Reach   int64         `help:"Rule near: most that places differ, km." default:"15" placeholder:"KM"`
	JSON    bool          `name:"json" help:"Write one line of JSON for each result in place of the report."`
	Charts  string        `help:"Write charts (SVG) into this folder." placeholder:"DIR"`
}

func (c *scoreResultCommand) Run(t terminal) error {
	truth, err := readFile(c.Truth, t.in, scenario.ReadTruth)
	if err != nil {
		return err
	}
	o := score.DefaultOptions(truth)
	if c.Rule != "" {
		o.Rule = score.Rule(c.Rule)
	}
	if c.Members >= 0 {
		o.MembersMin = c.Members
	}
	o.NearTime, o.NearKM = trucewatch.Instant(c.Within.Microseconds()), c.Reach
	var scores []*score.Score
	for _, name := range c.Results {
		r, err := readFile(name, t.in, func(in io.Reader) (*score.Result, error) { return score.ReadResult(resultName(name), in) })
		if err != nil {
			return err
		}
		scores = append(scores, score.Of(truth, r, o))
	}
	if c.Charts != "" {
		if err := writeCharts(c.Charts, scores); err != nil {
			return err
		}
	}
	if !c.JSON {
		_, err := fmt.Fprint(t.out, score.Text(scores))
		return err
	}
	enc := json.NewEncoder(t.out)
	for _, s := range scores {
		if err := enc.Encode(s.Summary()); err != nil {
			return err
		}
	}
	return nil
}

// resultName is a file's name without folder and ending.
func resultName(file string) string {
	base := filepath.Base(file)
	if base == "-" {
		return "standard input"
	}
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// readFile reads a file, or standard input if its name is -.
func readFile[T any](name string, in io.Reader, read func(io.Reader) (T, error)) (T, error) {
	if name == "-" {
		return read(in)
	}
	var none T
	f, err := os.Open(name)
	if err != nil {
		return none, err
	}
	defer f.Close() // only read
	v, err := read(f)
	if err != nil {
		return none, fmt.Errorf("%s: %w", name, err)
	}
	return v, nil
}

func writeCharts(dir string, scores []*score.Score) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "reliability.svg"), []byte(score.Reliability(scores)), 0o666),
		os.WriteFile(filepath.Join(dir, "coverage.svg"), []byte(score.Coverage(scores)), 0o666))
}

type scoreChartCommand struct {
	Scores string `arg:"" help:"Lines that score --json wrote. - is standard input."`
}

func (c *scoreChartCommand) Run(t terminal) error {
	all, err := readFile(c.Scores, t.in, score.ReadSummaries)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(t.out, score.ByRate(all))
	return err
}

type scoreTableCommand struct {
	Scores string `arg:"" help:"Lines that score --json wrote. - is standard input."`
}

func (c *scoreTableCommand) Run(t terminal) error {
	all, err := readFile(c.Scores, t.in, score.ReadSummaries)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(t.out, score.Table(score.Pools(all)))
	return err
}
