// SPDX-License-Identifier: Apache-2.0

// Package table reads any CSV file or XLSX workbook into observations by a
// mapping (intake.Mapping) that says which column means what.
//
// The mapping is carried out literally: a word that it does not translate, a
// cell that is empty where a value is needed, and a position without an error
// refuse the row. A CSV file and a workbook with the same rows give the same
// observations. Of a workbook one sheet is read; a formula's stored value is
// taken, dates are read by the workbook's own date system (1900 or 1904), and
// the content key is made of the cells as they would stand in a CSV file.
package table

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/intake"
)

// Format returns the format.
func Format() intake.Format {
	return intake.Format{Manifest: manifest(), Parse: Parse}
}

func manifest() intake.Manifest {
	return intake.Manifest{
		Name: "table", Title: "any table, by a mapping", Provider: "as the mapping says", Licence: "as the mapping says",
		Units: "as the mapping says", Frame: "WGS 84; times in the mapping's zone",
		Limits: "one row is one observation; what the mapping does not name is lost",
	}
}

// A rowReader gives the rows of a CSV file or a workbook.
type rowReader interface {
	Next() (*intake.Row, error)
	Offset() int64
}

// Parse reads a CSV file or a workbook, known by its first bytes, by o.Map.
func Parse(o intake.Options, r io.Reader, emit func(trucewatch.Submission) error) error {
	if o.Map == nil {
		return fmt.Errorf("%s: format table needs a mapping", o.Name())
	}
	with := manifest()
	with.Source = o.Map.Source
	o, err := o.WithSource(with)
	if err != nil {
		return err
	}
	rows, err := open(o, r)
	if err != nil {
		return fmt.Errorf("%s: %w", o.Name(), err)
	}
	if c, ok := rows.(io.Closer); ok {
		defer c.Close()
	}
	first, err := rows.Next()
	if err == nil && first == nil {
		err = errors.New("header: the file is empty")
	}
	if err == nil {
		err = first.Err
	}
	var t *reader
	if err == nil {
		t, err = newReader(o, first.Cells)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", o.Name(), err)
	}
	if b, ok := rows.(*workbook); ok {
		b.dates = t.dates()
	}
	return t.each(rows, emit)
}

func open(o intake.Options, r io.Reader) (rowReader, error) {
	buf := bufio.NewReader(r)
	head, err := buf.Peek(4)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if string(head) == "PK\x03\x04" {
		return openWorkbook(buf, o.Map.Sheet)
	}
	return intake.NewRows(buf, o.Map.Separator)
}

func (t *reader) each(rows rowReader, emit func(trucewatch.Submission) error) error {
	for {
		row, err := rows.Next()
		if err != nil {
			return fmt.Errorf("%s: %w", t.options.Name(), err)
		}
		if row == nil {
			return nil
		}
		s := trucewatch.Submission{Offset: rows.Offset(), Line: row.Line, Row: row.Raw}
		if err = t.header.Check(row); err == nil {
			s.Observation, err = t.row(row)
		}
		if err != nil {
			s.Observation, s.Rejection = nil, row.Reject(err)
		}
		if err := emit(s); err != nil {
			return err
		}
	}
}

// A field is a mapped value with its column's number, so that a row needs no
// look-up by name.
type field struct {
	intake.Value
	name string
	at   int // of the mapping's columns; -1: a constant or not mapped
}

// A reader holds a mapping that is bound to one file's header.
type reader struct {
	options intake.Options
	columns []intake.Column
	header  *intake.Header
	keys    *intake.Keyer
	zone    intake.Zone            // where it is constant
	zones   map[string]intake.Zone // where a column states it
	hash    trucewatch.Hash        // of the gazetteer
	basis   string                 // of a position

	lastDate string // of wholeDay
	lastZone intake.Zone
	lastDay  trucewatch.Interval

	kind, description, means, count, qualifier, nativeID, weapon, url, reportedAt, clock, control field
	zoneOf, date, from, till                                                                      field
	lat, lon, radius, across, along, words, observer                                              field
	text                                                                                          []field
}

func newReader(o intake.Options, first []string) (*reader, error) {
	m := o.Map
	t := &reader{options: o, columns: m.Columns(), keys: intake.NewKeyer(o.Source.ID), zones: map[string]intake.Zone{}, hash: o.Gazetteer.Hash()}
	var err error
	if t.header, err = intake.Bind(t.columns, first); err != nil {
		return nil, err
	}
	for _, b := range []struct {
		to   *field
		name string
		v    intake.Value
	}{
		{&t.kind, "kind", m.Kind}, {&t.description, "description", m.Description}, {&t.means, "means", m.Means}, {&t.count, "count", m.Count},
		{&t.qualifier, "qualifier", m.Qualifier}, {&t.nativeID, "native_id", m.NativeID}, {&t.weapon, "weapon", m.Weapon}, {&t.url, "url", m.URL},
		{&t.reportedAt, "reported_at", m.ReportedAt}, {&t.clock, "clock", m.Clock}, {&t.control, "control", m.Control}, {&t.zoneOf, "zone", m.Zone},
		{&t.date, "date", m.When.Date}, {&t.from, "from", m.When.From}, {&t.till, "till", m.When.Till}, {&t.lat, "lat", m.Where.Lat},
		{&t.lon, "lon", m.Where.Lon}, {&t.radius, "radius", m.Where.Radius}, {&t.across, "across", m.Where.Across},
		{&t.along, "along", m.Where.Along}, {&t.words, "words", m.Where.Words}, {&t.observer, "observer", m.Where.Observer},
	} {
		*b.to = t.bind(b.name, b.v)
	}
	for _, name := range m.Text {
		t.text = append(t.text, t.bind(name, intake.Value{Column: name}))
	}
	zone := m.Zone.Const
	if zone == "" && m.Zone.Column == "" {
		zone = o.Zone
	}
	if t.zone, err = intake.ParseZone(zone, o.Location); err != nil {
		return nil, err
	}
	t.basis = m.Where.Basis
	if t.basis == "" {
		t.basis = "the stated position, with the mapping's error"
	}
	return t, nil
}

func (t *reader) bind(name string, v intake.Value) field {
	f := field{Value: v, name: name, at: -1}
	for i, c := range t.columns {
		if v.Column != "" && c.Name == v.Column {
			f.at = i
		}
	}
	return f
}

// dates are the columns that a workbook holds as dates or times.
func (t *reader) dates() map[int]bool {
	out := map[int]bool{}
	for _, f := range []field{t.date, t.from, t.till, t.reportedAt} {
		if f.at >= 0 {
			out[t.header.Index(f.at)] = true
		}
	}
	return out
}

// cell returns the field's word for a row, translated if the mapping says so.
func (t *reader) cell(row *intake.Row, f *field) (string, error) {
	if f.at < 0 {
		return f.Const, nil
	}
	s := t.header.Cell(row, f.at)
	if f.Words == nil {
		return s, nil
	}
	ours, ok := f.Words[s]
	if !ok {
		return "", fmt.Errorf("%s: the mapping does not translate %q", f.name, trucewatch.CutText(s, 80))
	}
	return ours, nil
}

func (t *reader) row(row *intake.Row) (*trucewatch.Observation, error) {
	var cells [9]string
	for i, f := range []*field{&t.kind, &t.description, &t.means, &t.nativeID, &t.url, &t.clock, &t.weapon, &t.reportedAt, &t.control} {
		if f.at < 0 && f.Const == "" {
			continue
		}
		var err error
		if cells[i], err = t.cell(row, f); err != nil {
			return nil, err
		}
	}
	o := &trucewatch.Observation{
		Kind: trucewatch.Kind(cells[0]), Description: trucewatch.Description(cells[1]), Means: trucewatch.Means(cells[2]),
		NativeID: cells[3], URL: cells[4], Clock: trucewatch.Clock{Kind: cells[5]}, Text: t.keep(row),
		// Before anything can refuse the row: keys must not depend on what was refused.
		Key: t.keys.Of(cells[3], row.Cells),
	}
	var err error
	if o.Count, err = t.readCount(row); err != nil {
		return nil, err
	}
	if o.When, o.Clock.Zone, err = t.when(row, cells[7], &o.ReportedAt); err != nil {
		return nil, err
	}
	if err := t.where(row, o); err != nil {
		return nil, err
	}
	if cells[8] != "" {
		if o.Observer == nil {
			o.Observer = &trucewatch.Observer{}
		}
		o.Observer.Control = trucewatch.PartyID(cells[8])
	}
	if o.Weapon, err = intake.ParseWeapon(cells[6]); err != nil {
		return nil, err
	}
	return o, o.Check()
}

func (t *reader) readCount(row *intake.Row) (trucewatch.Count, error) {
	if !t.count.Set() {
		return trucewatch.Count{Value: 1, Qualifier: trucewatch.Exact}, nil
	}
	words, err := t.cell(row, &t.count)
	if err != nil {
		return trucewatch.Count{}, err
	}
	qualifier, err := t.cell(row, &t.qualifier)
	if err != nil {
		return trucewatch.Count{}, err
	}
	return intake.QualifiedCount(words, qualifier)
}

// when reads the time of a row, the zone it is in, and when it was reported.
func (t *reader) when(row *intake.Row, reported string, reportedAt *trucewatch.Instant) (trucewatch.Interval, string, error) {
	zone := t.zone
	if t.zoneOf.at >= 0 {
		name, err := t.cell(row, &t.zoneOf)
		if err != nil {
			return trucewatch.Interval{}, "", err
		}
		if zone, err = t.zoneNamed(name); err != nil {
			return trucewatch.Interval{}, "", err
		}
	}
	if reported != "" {
		at, err := intake.ParseInstants(reported, zone)
		if err != nil {
			return trucewatch.Interval{}, "", fmt.Errorf("reported_at: %w", err)
		}
		*reportedAt = at.Till
	}
	date, err1 := t.cell(row, &t.date)
	from, err2 := t.cell(row, &t.from)
	till, err3 := t.cell(row, &t.till)
	if err := errors.Join(err1, err2, err3); err != nil {
		return trucewatch.Interval{}, "", err
	}
	switch {
	case t.options.Map.When.Day:
		when, err := t.wholeDay(date, zone)
		return when, zone.String(), err
	case t.date.Set():
		if from == "" {
			return trucewatch.Interval{}, "", errors.New("time: empty, and the mapping does not say that a date stands for its day")
		}
		when, err := intake.ParseTimes(date, from, till, zone)
		return when, zone.String(), err
	}
	when, err := intake.ParseInstants(from, zone)
	if err == nil && till != "" {
		var end trucewatch.Interval
		end, err = intake.ParseInstants(till, zone)
		when.Till = end.Till
	}
	return when, zone.String(), err
}

// wholeDay returns a local day. Files stand in the order of their days, so the
// last one is kept.
func (t *reader) wholeDay(date string, zone intake.Zone) (trucewatch.Interval, error) {
	if date == t.lastDate && zone == t.lastZone {
		return t.lastDay, nil
	}
	year, month, day, err := intake.ParseDate(date)
	if err != nil {
		return trucewatch.Interval{}, err
	}
	when, err := zone.Day(year, month, day)
	if err == nil {
		t.lastDate, t.lastZone, t.lastDay = date, zone, when
	}
	return when, err
}

// zoneNamed returns the zone of a column's word.
func (t *reader) zoneNamed(name string) (intake.Zone, error) {
	if z, ok := t.zones[name]; ok {
		return z, nil
	}
	z, err := intake.ParseZone(name, t.options.Location)
	if err == nil && len(t.zones) < zonesMax {
		t.zones[strings.Clone(name)] = z
	}
	return z, err
}

// zonesMax bounds the zones that are remembered of one file.
const zonesMax = 1000

// where sets the place of o from a position or from words.
func (t *reader) where(row *intake.Row, o *trucewatch.Observation) error {
	if t.lat.at < 0 {
		return t.whereWords(row, o)
	}
	lat, lon := t.header.Cell(row, t.lat.at), t.header.Cell(row, t.lon.at)
	centre, err := intake.ParsePosition(lat, lon)
	if err != nil {
		return err
	}
	r := &o.Where.Region
	if t.radius.Set() {
		radius, err := t.length(row, &t.radius)
		if err != nil {
			return err
		}
		*r = geo.Circle(centre, radius)
	} else {
		across, err := t.length(row, &t.across)
		if err != nil {
			return err
		}
		along, err := t.length(row, &t.along)
		if err != nil {
			return err
		}
		// The across-track side lies east and west, as in package firms.
		*r = geo.Region{Kind: geo.Pixel, Center: centre, SemiMajorMM: across / 2, SemiMinorMM: along / 2, AzimuthMdeg: 90_000}
	}
	o.Where.Text = lat + "," + lon
	o.Where.Basis = t.basis
	o.Where.Gazetteer = t.hash
	o.Where.Name = t.options.Gazetteer.Label(*r)
	return nil
}

func (t *reader) whereWords(row *intake.Row, o *trucewatch.Observation) error {
	words, err := t.cell(row, &t.words)
	if err != nil {
		return err
	}
	observer, err := t.cell(row, &t.observer)
	if err != nil {
		return err
	}
	return intake.SetPlace(o, observer, words, t.options.Gazetteer)
}

func (t *reader) length(row *intake.Row, f *field) (int64, error) {
	s, err := t.cell(row, f)
	if err != nil {
		return 0, err
	}
	mm, err := f.Length(s)
	if err == nil && mm == 0 {
		err = errors.New("0 is not an error of a position")
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %w", f.name, err)
	}
	return mm, nil
}

// keep writes the columns that are kept as text.
func (t *reader) keep(row *intake.Row) string {
	if t.text == nil {
		return ""
	}
	var b strings.Builder
	for i := range t.text {
		if v := t.header.Cell(row, t.text[i].at); v != "" {
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(t.text[i].name)
			b.WriteByte('=')
			b.WriteString(v)
		}
	}
	return b.String()
}
