// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/intake"
	"github.com/trucewatch/trucewatch/publish/wording"
)

// ErrNoExercise says that a script was to be played into a mission that is none.
var ErrNoExercise = errors.New("mission: this is no exercise: set one up with init --exercise; what is invented never enters another mission")

// ErrApart says that an exercise was to become part of another mission.
var ErrApart = errors.New("mission: exercise and live mission are kept apart")

// heldApart refuses a record whose log is an exercise's by its name, and whose first
// entry says otherwise: somebody who has an exercise's keys made it.
func heldApart(origin string, mode trucewatch.Mode) error {
	if strings.HasPrefix(origin, exerciseLog) && mode != trucewatch.Exercise {
		return fmt.Errorf("%w: the log %s is that of an exercise, and its first entry says %s", ErrApart, origin, mode)
	}
	return nil
}

// invented refuses what says that it is simulated in a mission that is not: an
// exercise's rows, or those of a simulated world, that were written into a file.
func (m *Mission) invented(source trucewatch.Source, text string) error {
	if m.state.Genesis().Simulated {
		return nil
	}
	for _, says := range []string{source.Name, source.Note, text} {
		if strings.HasPrefix(says, wording.Simulated) {
			return fmt.Errorf("%w: it says %s, and this mission is none", ErrApart, wording.Simulated)
		}
	}
	return nil
}

// A Script is an exercise: what is put in, and when. The players act in their own
// roles through the same commands as in a live mission.
type Script struct {
	Schema  string   `yaml:"schema"`
	Title   string   `yaml:"title"`
	Injects []Inject `yaml:"injects"`
	Expects []Expect `yaml:"expects"`
}

// An Inject is one file that is put in at a time after the beginning.
type Inject struct {
	After       string     `yaml:"after"` // a Go duration: 90s, 1h30m
	Name        string     `yaml:"name"`
	Import      SpecImport `yaml:"import"`
	Proceedings string     `yaml:"proceedings"` // file, entered by the desk

	after time.Duration
}

// An Expect is a finding that players should come to.
type Expect struct {
	Act    string `yaml:"act"`
	Result string `yaml:"result"`
	Party  string `yaml:"party"` // to which it is attributed; empty: to none
}

// scriptSchema is the first line of a script.
const scriptSchema = "trucewatch/exercise/v1"

// ParseScript reads a script. Unknown keys and injects out of order are errors.
func ParseScript(data []byte) (*Script, error) {
	if _, err := intake.ParseYAML("exercise", data); err != nil {
		return nil, fmt.Errorf("mission: %w", err)
	}
	var s Script
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&s); err != nil {
		return nil, fmt.Errorf("mission: exercise: %w", err)
	}
	if s.Schema != scriptSchema || len(s.Injects) == 0 {
		return nil, fmt.Errorf("mission: exercise: schema %q with %d injects, want %s and one at least", s.Schema, len(s.Injects), scriptSchema)
	}
	var last time.Duration
	for i := range s.Injects {
		in := &s.Injects[i]
		after, err := time.ParseDuration(in.After)
		if err != nil || after < last {
			return nil, fmt.Errorf("mission: exercise: inject %d: after %q is no duration such as 90s, or before the one above", i+1, in.After)
		}
		if (in.Import.File == "") == (in.Proceedings == "") || in.Name == "" {
			return nil, fmt.Errorf("mission: exercise: inject %d: needs a name, and an import or proceedings, one of them", i+1)
		}
		in.after, last = after, after
	}
	return &s, nil
}

// moment stands in a file of a script for a time: @+90s is 90 seconds after the
// beginning, @-10m ten minutes before it.
var moment = regexp.MustCompile(`@[+-][0-9]+(\.[0-9]+)?(h|m|s)`)

// at puts the times of an exercise that began at the given instant into a file.
func (s *Script) at(data []byte, began time.Time, speed int64) []byte {
	return moment.ReplaceAllFunc(data, func(word []byte) []byte {
		d, err := time.ParseDuration(string(word[1:]))
		if err != nil {
			return word
		}
		return began.Add(d/time.Duration(speed)).UTC().AppendFormat(nil, time.RFC3339)
	})
}

// PlayScript puts a script into an exercise, so many times faster than it says.
// Each is told of each inject with when it was due.
func PlayScript(ctx context.Context, dir string, s *Script, files fs.FS, speed int64, each func(in Inject, due time.Time)) error {
	m, err := Open(dir)
	if err != nil {
		return err
	}
	if m.state.Genesis().Mode != trucewatch.Exercise {
		return fmt.Errorf("%w (%s)", ErrNoExercise, dir)
	}
	began := time.Now()
	for _, in := range s.Injects {
		due := began.Add(in.after / time.Duration(speed))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Until(due)):
		}
		// Players wrote in the meantime.
		if m, err = Open(dir); err == nil {
			err = m.inject(in, s, files, began, speed)
		}
		if err != nil {
			return fmt.Errorf("mission: exercise: inject %q: %w", in.Name, err)
		}
		each(in, due)
	}
	return nil
}

func (m *Mission) inject(in Inject, s *Script, files fs.FS, began time.Time, speed int64) error {
	places, err := m.Gazetteer()
	if err != nil {
		return err
	}
	name := in.Import.File
	if in.Proceedings != "" {
		name = in.Proceedings
	}
	data, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	data = s.at(data, began, speed)
	if in.Proceedings != "" {
		list, err := ParseProceedings(name, data, places)
		if err != nil {
			return err
		}
		return m.Write(func(w *Writer) error {
			for i := range list {
				if _, err := w.Enter(nil, list[i].Payload); err != nil {
					return err
				}
			}
			return nil
		})
	}
	format, err := FormatNamed(in.Import.Format)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "inject")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder) // a copy of what now stands in the record
	path := filepath.Join(folder, filepath.Base(name))
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return err
	}
	options := intake.Options{Source: in.Import.Source.source(), File: name, Zone: in.Import.Zone, Gazetteer: places}
	return m.Write(func(w *Writer) error {
		result, err := w.Import(Import{Format: format, Options: options, Path: path})
		if err == nil && result.Rejected > 0 {
			err = fmt.Errorf("%d rows were rejected; the script is wrong: see rejected/", result.Rejected)
		}
		return err
	})
}

// AfterAction writes what came of an exercise, from its record: findings beside
// what the script expects, clocks that were met or ran out, what of it was
// attributed to a party that the script does not name, and a timeline of what was
// put in, what each role did, and what became of clocks.
func (m *Mission) AfterAction(out io.Writer, s *Script) error {
	if m.state.Genesis().Mode != trucewatch.Exercise {
		return fmt.Errorf("%w (%s)", ErrNoExercise, m.dir)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "EXERCISE. SIMULATED. %s\n\nFindings\n", s.Title)
	open := slices.Clone(s.Expects)
	var beside, falsely int
	for f := range m.state.Findings() {
		if f.Subject.Incident == nil {
			continue // of what is owed over a time, not of what the script put in
		}
		party := string(f.Attribution.Party)
		i := slices.Index(open, Expect{string(f.Act), string(f.Result), party})
		word := "as expected"
		if i >= 0 {
			open = slices.Delete(open, i, i+1)
		} else {
			word, beside = "not in the script", beside+1
			if party != "" && !slices.ContainsFunc(s.Expects, func(e Expect) bool { return e.Act == string(f.Act) && e.Party == party }) {
				word, falsely = "FALSE ATTRIBUTION", falsely+1
			}
		}
		fmt.Fprintf(&b, "  %s  %s %s %s: %s\n", f.ID, f.Act, f.Result, party, word)
	}
	for _, e := range open {
		fmt.Fprintf(&b, "  MISSED  %s %s %s\n", e.Act, e.Result, e.Party)
	}
	fmt.Fprintf(&b, "%d expected, %d of them missed, %d besides, %d attributed falsely\n\nCases\n", len(s.Expects), len(open), beside, falsely)
	for c := range m.state.Cases() {
		fmt.Fprintf(&b, "  %s %s, opened %v\n", c.ID, c.State, c.Opened)
		for _, clock := range c.Clocks {
			word := "runs"
			switch {
			case clock.RanOut:
				word = "RAN OUT"
			case clock.Ended != 0:
				word = "met at " + clock.Ended.String()
			}
			fmt.Fprintf(&b, "    %v %s %s, due %v: %s\n", clock.From, clock.ID, clock.Party, clock.Due, word)
		}
	}
	all, err := m.timeline(s)
	if err != nil {
		return fmt.Errorf("mission: exercise: %w", err)
	}
	writeTimeline(&b, all)
	_, err = out.Write(b.Bytes())
	return err
}
