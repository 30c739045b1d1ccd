// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// A Truth is what a truth file holds: of a simulated world, or of a catalogue
// that somebody else made. Its format is in docs/formats/score.md.
type Truth struct {
	About   About
	Sensors []Sensor
	Fields  []Field
	Events  []TrueEvent
}

// About says what a truth file is about. It is the file's first line.
type About struct {
	World      string              `json:"world"` // line, regional, mixed, day, night, or another word for a catalogue
	Seed       uint64              `json:"seed,omitempty"`
	Parameters string              `json:"parameters,omitempty"` // as on the command line
	Simulated  string              `json:"simulated,omitempty"`  // SIMULATED, unless it is a catalogue
	Span       trucewatch.Interval `json:"span"`
}

// A TrueEvent is one thing that happened, and what truly belongs to it.
type TrueEvent struct {
	ID       string             `json:"id"`
	At       trucewatch.Instant `json:"at"`
	Position geo.Position       `json:"position"`
	DepthMM  int64              `json:"depth_mm,omitempty"`
	Class    int                `json:"class,omitempty"`
	By       trucewatch.PartyID `json:"by,omitempty"`   // who did it
	Kind     trucewatch.Kind    `json:"kind,omitempty"` // what it was
	Members  []string           `json:"members"`        // observation IDs; a catalogue may not know them
	Bound    Bound              `json:"bound,omitzero"`
}

// A truthLine is one line of a truth file; one of its fields is set.
type truthLine struct {
	About  *About     `json:"about,omitempty"`
	Sensor *Sensor    `json:"sensor,omitempty"`
	Field  *Field     `json:"field,omitempty"`
	Event  *TrueEvent `json:"event,omitempty"`
}

// Truth returns what is true of the world. Parameters says how it was made. An
// arrival whose time is grossly wrong says nothing of its event: it counts as
// false.
func (w *World) Truth(parameters string) *Truth {
	t := &Truth{About: About{World: w.Name, Seed: w.Seed, Parameters: parameters, Simulated: Simulated, Span: w.Span},
		Sensors: w.Sensors, Fields: w.Fields}
	for i, e := range w.Events {
		t.Events = append(t.Events, TrueEvent{ID: "E" + strconv.Itoa(i+1), At: e.At, Position: e.Position, DepthMM: e.DepthMM, Class: e.Class, By: e.By, Kind: e.Kind, Bound: e.Bound})
	}
	for i, a := range w.Arrivals {
		if a.Event >= 0 && !a.Outlier {
			e := &t.Events[a.Event]
			e.Members = append(e.Members, ObservationID(i).String())
		}
	}
	for i := range w.Reports {
		if k := w.Reports[i].Event; k >= 0 {
			t.Events[k].Members = append(t.Events[k].Members, ObservationID(i).String())
		}
	}
	return t
}

// Write writes t as JSON lines.
func (t *Truth) Write(out io.Writer) error {
	buffered := bufio.NewWriter(out)
	enc := json.NewEncoder(buffered)
	err := enc.Encode(truthLine{About: &t.About})
	for i := range t.Sensors {
		err = errors.Join(err, enc.Encode(truthLine{Sensor: &t.Sensors[i]}))
	}
	for i := range t.Fields {
		err = errors.Join(err, enc.Encode(truthLine{Field: &t.Fields[i]}))
	}
	for i := range t.Events {
		err = errors.Join(err, enc.Encode(truthLine{Event: &t.Events[i]}))
	}
	return errors.Join(err, buffered.Flush())
}

// lineMax bounds one line of a truth file: an event with ten thousand members.
const lineMax = 1 << 20

// ReadTruth reads a truth file. Errors name the line.
func ReadTruth(in io.Reader) (*Truth, error) {
	t := &Truth{}
	scanner := bufio.NewScanner(in)
	scanner.Buffer(make([]byte, 64<<10), lineMax)
	n, seen := 0, make(map[string]bool)
	for scanner.Scan() {
		n++
		if len(bytes.TrimSpace(scanner.Bytes())) == 0 {
			continue
		}
		if err := t.line(scanner.Bytes(), seen); err != nil {
			return nil, fmt.Errorf("truth: line %d: %w", n, err)
		}
	}
	if err := scanner.Err(); err != nil {
		return nil, fmt.Errorf("truth: line %d: %w", n+1, err)
	}
	if t.About.World == "" {
		return nil, errors.New("truth: no line says what it is about, as simulate writes it first")
	}
	return t, nil
}

// line takes one line. seen holds what belongs to some event.
func (t *Truth) line(b []byte, seen map[string]bool) error {
	var l truthLine
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&l); err != nil {
		return err
	}
	switch {
	case l.About != nil:
		t.About = *l.About
	case l.Sensor != nil:
		t.Sensors = append(t.Sensors, *l.Sensor)
	case l.Field != nil:
		t.Fields = append(t.Fields, *l.Field)
	case l.Event != nil:
		if err := l.Event.Position.Check(); err != nil {
			return err
		}
		for _, m := range l.Event.Members {
			if seen[m] {
				return fmt.Errorf("observation %q belongs to two events, or twice to one", trucewatch.CutText(m, 40))
			}
			seen[m] = true
		}
		t.Events = append(t.Events, *l.Event)
	default:
		return errors.New("none of about, sensor, field and event is there")
	}
	return nil
}
