// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/scenario"
	"github.com/trucewatch/trucewatch/score"
)

type simulateCommand struct {
	Line     simulateLineCommand     `cmd:"" help:"A line of contact with acoustic sensors: times at which sound arrives."`
	Regional simulateRegionalCommand `cmd:"" help:"A network of seismic stations: arrivals of P and S waves."`
	Mixed    simulateMixedCommand    `cmd:"" help:"One sector on which observers, cameras, satellites, parties and others report."`
	Day      simulateDayCommand      `cmd:"" help:"A ceasefire day along an agreement's line of contact, with who fired."`
	Night    simulateNightCommand    `cmd:"" help:"Drones and missiles that cross a country in a night, as people see and hear them."`
}

type simulateLineCommand struct {
	Seed        uint64  `default:"1" help:"What the random numbers follow from."`
	Rate        float64 `default:"1000" help:"Rounds an hour."`
	Hours       float64 `default:"1" help:"Length of time."`
	Clutter     float64 `default:"1" help:"False arrivals for each true one."`
	Bursts      float64 `default:"0" help:"Share of rounds that come 6 to 20 together."`
	Wind        float64 `default:"4" help:"Standard deviation of the wind along each axis, m/s."`
	Sound       float64 `default:"3" help:"Standard deviation of the speed of sound, m/s."`
	Timing      float64 `default:"20" help:"Error of each time, ms."`
	Turbulence  float64 `default:"0.003" help:"Relative error of travel times."`
	Clock       float64 `default:"0" help:"Constant clock errors of sensors that nobody knows, ms."`
	WrongClocks float64 `default:"0" help:"Share of sensors whose clock is off by 0.2 to 0.5 s all the time."`
	Outliers    float64 `default:"0" help:"Share of true arrivals with a gross error."`
	Echoes      float64 `default:"0" help:"Share of true arrivals that come again as an echo."`
	Range       float64 `default:"1" help:"How far all is heard, against 6, 10 and 15 km."`
	Length      float64 `default:"1250" help:"Of the line, km."`
	Width       float64 `default:"30" help:"Of the band, km."`
	Spacing     float64 `default:"5" help:"Of the sensors, km: 1,500 of them at 5 km."`
	Truth       string  `help:"Write the truth to this file." placeholder:"FILE"`
}

func (c *simulateLineCommand) Run(t terminal) error {
	w, err := scenario.Line{Seed: c.Seed, LengthKM: c.Length, WidthKM: c.Width, SpacingKM: c.Spacing, Hours: c.Hours, Rate: c.Rate, Clutter: c.Clutter,
		Bursts: c.Bursts, Wind: c.Wind, Sound: c.Sound, TimingMS: c.Timing, Turbulence: c.Turbulence, ClockMS: c.Clock, WrongClocks: c.WrongClocks, Outliers: c.Outliers, Echoes: c.Echoes, Range: c.Range}.World()
	if err != nil {
		return err
	}
	d := scenario.NewLine(c.Seed)
	parameters := differing("rate", c.Rate, d.Rate, "hours", c.Hours, d.Hours, "clutter", c.Clutter, d.Clutter, "bursts", c.Bursts, d.Bursts,
		"wind", c.Wind, d.Wind, "sound", c.Sound, d.Sound, "timing", c.Timing, d.TimingMS, "turbulence", c.Turbulence, d.Turbulence, "clock", c.Clock, d.ClockMS, "wrong-clocks", c.WrongClocks, d.WrongClocks,
		"outliers", c.Outliers, d.Outliers, "echoes", c.Echoes, d.Echoes, "range", c.Range, d.Range, "length", c.Length, d.LengthKM, "width", c.Width, d.WidthKM, "spacing", c.Spacing, d.SpacingKM)
	return writeWorld(t, w, c.Truth, parameters)
}

type simulateRegionalCommand struct {
	Seed     uint64  `default:"1" help:"What the random numbers follow from."`
	Events   int     `default:"500" help:"How many events, in all."`
	Hours    float64 `default:"24" help:"Length of time."`
	Noise    float64 `default:"1" help:"False arrivals for each true one."`
	Grid     int     `default:"10" help:"Stations along each side."`
	Outliers float64 `default:"0" help:"Share of true arrivals with a gross error."`
	Truth    string  `help:"Write the truth to this file." placeholder:"FILE"`
}

func (c *simulateRegionalCommand) Run(t terminal) error {
	w, err := scenario.Regional{Seed: c.Seed, Events: c.Events, Hours: c.Hours, Noise: c.Noise, Grid: c.Grid, Outliers: c.Outliers}.World()
	if err != nil {
		return err
	}
	d := scenario.NewRegional(c.Seed)
	return writeWorld(t, w, c.Truth, differing("events", c.Events, d.Events, "hours", c.Hours, d.Hours, "noise", c.Noise, d.Noise, "grid", c.Grid, d.Grid, "outliers", c.Outliers, d.Outliers))
}

type simulateMixedCommand struct {
	Seed   uint64  `default:"1" help:"What the random numbers follow from."`
	Events int     `default:"100" help:"How many events, in a day."`
	False  float64 `default:"0.3" help:"False reports for each true one."`
	Truth  string  `help:"Write the truth to this file." placeholder:"FILE"`
	Oracle string  `help:"Write what one finds who knows the law of the reports, not their events: the ceiling." placeholder:"FILE"`
	Kept   string  `help:"Write what the oracle keeps of the truth if it begins there." placeholder:"FILE"`
}

func (c *simulateMixedCommand) Run(t terminal) error {
	mixed := scenario.Mixed{Seed: c.Seed, Events: c.Events, False: c.False}
	w, err := mixed.World()
	if err != nil {
		return err
	}
	for _, o := range []struct {
		file  string
		start scenario.OracleStart
	}{{c.Oracle, scenario.FromNothing}, {c.Kept, scenario.FromTruth}} {
		if o.file == "" {
			continue
		}
		_, solved, err := mixed.Oracle(o.start)
		if err != nil {
			return err
		}
		if err := writeFile(o.file, oracleResult(solved).Write); err != nil {
			return err
		}
	}
	d := scenario.NewMixed(c.Seed)
	return writeWorld(t, w, c.Truth, differing("events", c.Events, d.Events, "false", c.False, d.False))
}

type simulateNightCommand struct {
	Seed     uint64  `default:"1" help:"What the random numbers follow from."`
	Drones   int     `default:"126" help:"How many drones."`
	Missiles int     `default:"4" help:"How many missiles."`
	Courses  float64 `default:"0.7" help:"Share of sightings that state a course."`
	False    float64 `default:"0.1" help:"False sightings for each true one."`
	Truth    string  `help:"Write the truth to this file: each flight with all that belongs to it." placeholder:"FILE"`
}

func (c *simulateNightCommand) Run(t terminal) error {
	w, err := scenario.Night{Seed: c.Seed, Drones: c.Drones, Missiles: c.Missiles, Courses: c.Courses, False: c.False}.World()
	if err != nil {
		return err
	}
	d := scenario.NewNight(c.Seed)
	return writeWorld(t, w, c.Truth, differing("drones", c.Drones, d.Drones, "missiles", c.Missiles, d.Missiles, "courses", c.Courses, d.Courses, "false", c.False, d.False))
}

type simulateDayCommand struct {
	Agreement   string  `required:"" help:"Agreement along whose line of contact it happens, in whose force: a folder with agreement.yaml, or that file." placeholder:"FILE"`
	Begin       string  `required:"" help:"When it begins, while the agreement is in force, such as 2026-04-11T00:00:00Z." placeholder:"TIME"`
	Seed        uint64  `default:"1" help:"What the random numbers follow from."`
	Hours       float64 `default:"24" help:"Length of time: 168 is a week."`
	Engagements int     `default:"60" help:"How many, in all."`
	Claims      int     `default:"120" help:"Claims of both parties, at least: 7,800 in 30 hours have been seen."`
	Nodes       int     `default:"3000" help:"Acoustic nodes along the line."`
	Truth       string  `help:"Write the truth to this file." placeholder:"FILE"`
}

func (c *simulateDayCommand) Run(t terminal) error {
	a, err := loadAgreement(c.Agreement)
	if err != nil {
		return err
	}
	day := scenario.Day{Seed: c.Seed, Hours: c.Hours, Engagements: c.Engagements, Claims: c.Claims, Nodes: c.Nodes}
	for _, l := range a.Lines {
		if l.Kind == "line_of_contact" {
			day.Line, day.Parties = l.Points, [2]trucewatch.PartyID{l.Left, l.Right}
		}
	}
	if err := day.Begin.UnmarshalText([]byte(c.Begin)); err != nil {
		return fmt.Errorf("--begin: %w", err)
	}
	w, err := day.World()
	if err != nil {
		return err
	}
	d := scenario.NewDay(c.Seed, nil)
	return writeWorld(t, w, c.Truth, differing("hours", c.Hours, d.Hours, "engagements", c.Engagements, d.Engagements, "claims", c.Claims, d.Claims, "nodes", c.Nodes, d.Nodes))
}

// differing lists flags, given as name, value and usual value, that are not as
// usual.
func differing(flags ...any) string {
	var words []string
	for i := 0; i < len(flags); i += 3 {
		if flags[i+1] != flags[i+2] {
			words = append(words, fmt.Sprintf("--%s %v", flags[i], flags[i+1]))
		}
	}
	return strings.Join(words, " ")
}

// oracleResult is what the oracle solved, as a result.
func oracleResult(solved []scenario.Solved) *score.Result {
	r := &score.Result{}
	for i, s := range solved {
		f := score.Found{ID: strconv.Itoa(i + 1), At: s.At, Placed: true, Position: s.Position}
		f.Region, _ = score.EllipseOf(s.Position, s.Covariance)
		for k, m := range s.Members {
			f.Members = append(f.Members, score.Member{Observation: scenario.ObservationID(int(m)).String(), Share: s.Shares[k]})
		}
		r.Events = append(r.Events, f)
	}
	return r
}

// writeWorld writes what the sources say to standard output and, if asked, what
// is true to a file.
func writeWorld(t terminal, w *scenario.World, truth, parameters string) error {
	if truth != "" {
		if err := writeFile(truth, w.Truth(parameters).Write); err != nil {
			return err
		}
	}
	out := bufio.NewWriter(t.out)
	enc := json.NewEncoder(out)
	for _, r := range w.Recorded() {
		if err := enc.Encode(r); err != nil {
			return err
		}
	}
	return out.Flush()
}

// writeFile writes a file anew.
func writeFile(name string, write func(out io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
