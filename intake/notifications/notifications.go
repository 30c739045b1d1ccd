// SPDX-License-Identifier: Apache-2.0

// Package notifications reads advance notices, of a repair window, a training
// firing, a logistics drone, from CSV or from a YAML list: a file whose first
// line begins with "-" is YAML. Both have the same names of columns and keys.
//
// Times are RFC 3339, or local in the caller's zone. A route is "lat lon; lat
// lon" in decimal degrees of WGS 84. An area is words: a place of the gazetteer, with an
// offset if need be, or a position with its error; an area that does not resolve
// refuses the notice, because it would permit nothing or everything.
package notifications

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/intake"
)

// The manifest's columns, by their place in it.
const (
	id = iota
	exemption
	by
	notifiedAt
	from
	till
	route
	area
	airframes
	weapons
	agency
	noMunition
	maxKG
	text
	object
	vehicles
	marking
	emergency
	lifts
)

func columns() []intake.Column {
	return []intake.Column{
		id:         {Name: "id", Meaning: "of the notice", Required: true},
		exemption:  {Name: "exemption", Meaning: "of the agreement that it invokes: X5", Required: true},
		by:         {Name: "by", Meaning: "a party's letter, mission or an agency", Required: true},
		notifiedAt: {Name: "notified_at", Meaning: "when it was given", Required: true},
		from:       {Name: "from", Meaning: "beginning of the window", Required: true},
		till:       {Name: "till", Meaning: "end of the window", Required: true},
		route:      {Name: "route", Meaning: "corridor's centre line: \"lat lon; lat lon\""},
		area:       {Name: "area", Meaning: "a place of the gazetteer, or a position with its error"},
		airframes:  {Name: "airframes", Meaning: "registrations, parted by ;"},
		weapons:    {Name: "weapons", Meaning: "parted by ;"},
		agency:     {Name: "agency", Meaning: "whose work it is"},
		noMunition: {Name: "no_munition", Meaning: "true: declared to carry none"},
		maxKG:      {Name: "max_kg", Meaning: "largest load, kg"},
		text:       {Name: "text", Meaning: "what the notice says"},
		object:     {Name: "object", Meaning: "what is repaired or reached"},
		vehicles:   {Name: "vehicles", Meaning: "each with its plate, parted by ;"},
		marking:    {Name: "marking", Meaning: "of the vehicles"},
		emergency:  {Name: "emergency", Meaning: "true: given under the shorter lead"},
		lifts:      {Name: "lifts", Meaning: "of an agreed deviation: acts that it permits, parted by ;"},
	}
}

// Format returns the format.
func Format() intake.Format { return intake.Format{Manifest: manifest(), Parse: Parse} }

func manifest() intake.Manifest {
	return intake.Manifest{
		Name: "notifications", Title: "advance notices by parties and agencies", Provider: "the party or agency",
		Licence: "confidential to the mission unless the agreement says otherwise", Units: "degrees, kg", Frame: "WGS 84; times RFC 3339, or local in the caller's zone",
		Limits:  "a notice is what its giver says; it permits nothing that the agreement does not, and its absence changes no protection",
		Columns: columns(),
	}
}

// Parse reads a file; see the package comment.
func Parse(o intake.Options, r io.Reader, emit func(trucewatch.Submission) error) error {
	o, err := o.WithSource(manifest())
	if err != nil {
		return err
	}
	zone, err := intake.ParseZone(o.Zone, o.Location)
	if err != nil {
		return fmt.Errorf("%s: %w", o.Name(), err)
	}
	t := reader{options: o, zone: zone, keys: intake.NewKeyer(o.Source.ID)}
	in, err := intake.NewInput(r)
	if err != nil {
		return fmt.Errorf("%s: %w", o.Name(), err)
	}
	buf := bufio.NewReader(in)
	head, err := buf.Peek(512)
	if err != nil && err != io.EOF {
		return fmt.Errorf("%s: %w", o.Name(), err)
	}
	if isYAML(head) {
		list, err := intake.ReadYAMLList(o, buf)
		if err != nil {
			return err
		}
		return list.Each(emit, t.doc)
	}
	return intake.EachRow(o, columns(), buf, emit, func(h *intake.Header, row *intake.Row) (trucewatch.Submission, error) {
		return t.notice(func(i int) string { return h.Cell(row, i) })
	})
}

// isYAML says whether the first line that is neither empty nor a comment begins
// with a dash.
func isYAML(head []byte) bool {
	head = bytes.TrimPrefix(head, []byte("\xEF\xBB\xBF"))
	for line := range bytes.Lines(head) {
		line = bytes.TrimSpace(line)
		if len(line) > 0 && line[0] != '#' {
			return line[0] == '-'
		}
	}
	return false
}

type reader struct {
	options intake.Options
	zone    intake.Zone
	keys    *intake.Keyer
}

// doc reads an element of a YAML list. A list stands where CSV has semicolons.
func (t *reader) doc(d intake.Doc) (trucewatch.Submission, error) {
	all := columns()
	var names []string
	for _, c := range all {
		names = append(names, c.Name)
	}
	f, err := d.Fields(names...)
	if err != nil {
		return trucewatch.Submission{}, err
	}
	cells := make([]string, len(all))
	for i, c := range all {
		v := f[c.Name]
		if v.IsList() {
			parts, err := v.Texts()
			if err != nil {
				return trucewatch.Submission{}, err
			}
			cells[i] = strings.Join(parts, ";")
		} else if cells[i], err = v.Text(); err != nil {
			return trucewatch.Submission{}, err
		}
	}
	s, err := t.notice(func(i int) string { return strings.TrimSpace(cells[i]) })
	if err != nil {
		return s, d.Errorf("%w", err)
	}
	return s, nil
}

func (t *reader) notice(cell func(int) string) (trucewatch.Submission, error) {
	n := &trucewatch.Notification{
		ID: cell(id), Exemption: cell(exemption), By: cell(by), Airframes: list(cell(airframes)), Weapons: list(cell(weapons)),
		Agency: cell(agency), Text: cell(text), Object: cell(object), Vehicles: list(cell(vehicles)), Marking: cell(marking),
	}
	for _, act := range list(cell(lifts)) {
		n.Lifts = append(n.Lifts, trucewatch.ActID(act))
	}
	if n.ID == "" {
		return trucewatch.Submission{}, errors.New("id: missing")
	}
	n.Key = t.keys.Native(n.ID)
	var err error
	if n.NotifiedAt, err = t.instant("notified_at", cell(notifiedAt)); err != nil {
		return trucewatch.Submission{}, err
	}
	if n.Window.From, err = t.instant("from", cell(from)); err != nil {
		return trucewatch.Submission{}, err
	}
	if n.Window.Till, err = t.instant("till", cell(till)); err != nil {
		return trucewatch.Submission{}, err
	}
	if n.Route, err = routeOf(cell(route)); err != nil {
		return trucewatch.Submission{}, err
	}
	if n.Area, err = t.areaOf(cell(area)); err != nil {
		return trucewatch.Submission{}, err
	}
	if n.NoMunition, err = truth("no_munition", cell(noMunition)); err != nil {
		return trucewatch.Submission{}, err
	}
	if n.Emergency, err = truth("emergency", cell(emergency)); err != nil {
		return trucewatch.Submission{}, err
	}
	if s := cell(maxKG); s != "" {
		if n.MaxKG, err = strconv.ParseInt(s, 10, 64); err != nil || n.MaxKG < 0 || n.MaxKG > 1_000_000 {
			return trucewatch.Submission{}, fmt.Errorf("max_kg: %q is not a whole number of kilograms", trucewatch.CutText(s, 40))
		}
	}
	return trucewatch.Submission{Notification: n}, n.Check()
}

// truth reads true, false, or nothing for false.
func truth(field, s string) (bool, error) {
	if s != "" && s != "true" && s != "false" {
		return false, fmt.Errorf("%s: %q is neither true nor false", field, trucewatch.CutText(s, 40))
	}
	return s == "true", nil
}

// instant reads a moment. A bare date is refused: whether its beginning or its
// end is meant decides what is permitted.
func (t *reader) instant(field, s string) (trucewatch.Instant, error) {
	v, err := intake.ParseInstants(s, t.zone)
	if err == nil && v.From != v.Till {
		err = errors.New("a date without a time of day")
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %w", field, err)
	}
	return v.From, nil
}

func list(cell string) []string {
	var out []string
	for part := range strings.SplitSeq(cell, ";") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

func routeOf(cell string) ([]geo.Position, error) {
	var out []geo.Position
	for _, part := range list(cell) {
		numbers := strings.Fields(part)
		if len(numbers) != 2 {
			return nil, fmt.Errorf("route: %q is not \"lat lon\"", trucewatch.CutText(part, 60))
		}
		p, err := intake.ParsePosition(numbers[0], numbers[1])
		if err != nil {
			return nil, fmt.Errorf("route: %w", err)
		}
		out = append(out, p)
	}
	if len(out) == 1 {
		return nil, errors.New("route: one point is no line")
	}
	return out, nil
}

// areaOf resolves the words for an area.
func (t *reader) areaOf(cell string) (*geo.Region, error) {
	if cell == "" {
		return nil, nil
	}
	place, err := intake.ParseWhere(cell, trucewatch.Observer{}, t.options.Gazetteer)
	if err != nil {
		return nil, fmt.Errorf("area: %w", err)
	}
	if place.Region.Kind == "" {
		return nil, fmt.Errorf("area: %q: %s", trucewatch.CutText(cell, 120), place.Basis)
	}
	return &place.Region, nil
}
