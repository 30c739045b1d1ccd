// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
)

// MappingVersion is the first key of every mapping file.
const MappingVersion = "trucewatch-mapping/1"

// A Mapping says how the columns of a foreign table become observations. It is
// written in YAML by whoever knows the table; package intake/table carries it
// out. Every column of the table is either used or listed under ignore, so that
// a new column cannot be lost unseen.
type Mapping struct {
	File      string
	Title     string
	Provider  string
	Licence   string
	Units     string
	Frame     string
	Limits    string
	Source    trucewatch.Source // ID empty: the caller names the source
	Separator byte              // of a CSV file; a comma unless stated
	Sheet     string            // of a workbook; empty: its first
	Ignore    []string          // columns that are knowingly not used
	Zone      Value             // of local times; a column or a constant; zero: the caller's

	Kind, Description, Means   Value
	Count, Qualifier           Value // words for ParseCount; zero: exactly 1
	NativeID, Weapon, URL      Value
	ReportedAt, Clock, Control Value
	When                       MappedTime
	Where                      MappedPlace
	Text                       []string // columns that are kept as text: "confidence=nominal frp=1.12"
}

// A Value is where a field comes from: a constant or a column, whose words may
// be translated. The zero Value is a field that the table does not have.
type Value struct {
	Const  string
	Column string
	Unit   string            // of a length: m or km
	Words  map[string]string // by the column's word; a word that is not there refuses the row
}

// Set says whether the field is mapped.
func (v Value) Set() bool { return v.Const != "" || v.Column != "" }

// A MappedTime is where the time comes from: a date with or without times, or
// instants.
type MappedTime struct {
	Date, From, Till Value // From and Till without Date are RFC 3339, or local in the zone
	Day              bool  // the date stands for its whole day
}

// A MappedPlace is where the place comes from: a position with a radius or a
// pixel, or words.
type MappedPlace struct {
	Lat, Lon        Value
	Radius          Value // of a circle that holds 95 %
	Across, Along   Value // sides of a pixel
	Words, Observer Value
	Basis           string // why the radius is what it is
}

// ParseMapping reads a mapping file. Errors begin with file, line and column.
func ParseMapping(file string, data []byte) (*Mapping, error) {
	d, err := ParseYAML(file, data)
	if err != nil {
		return nil, err
	}
	f, err := d.Fields("mapping", "title", "provider", "licence", "units", "frame", "limits", "source", "separator", "sheet",
		"ignore", "zone", "kind", "description", "means", "count", "qualifier", "native_id", "weapon", "url", "reported_at",
		"clock", "control", "when", "where", "text")
	if err != nil {
		return nil, err
	}
	if version, err := f["mapping"].Text(); err != nil || version != MappingVersion {
		return nil, d.Errorf("the key mapping must say %s", MappingVersion)
	}
	m := &Mapping{File: file, Separator: ','}
	for _, read := range []func(Doc, Fields) error{m.readTexts, m.readTable, m.readValues, m.readWhen, m.readWhere} {
		if err := read(d, f); err != nil {
			return nil, err
		}
	}
	return m, m.checkColumns(d)
}

func (m *Mapping) readTexts(_ Doc, f Fields) error {
	for _, t := range []struct {
		key string
		to  *string
	}{{"title", &m.Title}, {"provider", &m.Provider}, {"licence", &m.Licence}, {"units", &m.Units}, {"frame", &m.Frame},
		{"limits", &m.Limits}, {"sheet", &m.Sheet}} {
		var err error
		if *t.to, err = f[t.key].Text(); err != nil {
			return err
		}
	}
	return nil
}

func (m *Mapping) readTable(_ Doc, f Fields) (err error) {
	if sep, err := f["separator"].Text(); err != nil {
		return err
	} else if sep != "" {
		if len(sep) != 1 || !strings.Contains(",;\t|", sep) {
			return f["separator"].Errorf("%q is not a comma, semicolon, tab or bar", trucewatch.CutText(sep, 20))
		}
		m.Separator = sep[0]
	}
	if m.Ignore, err = f["ignore"].Texts(); err != nil {
		return err
	}
	if m.Text, err = f["text"].Texts(); err != nil {
		return err
	}
	if !f["source"].Exists() {
		return nil
	}
	m.Source, err = ReadSource(f["source"])
	return err
}

// ReadSource reads a source from a mapping with the noun's keys.
func ReadSource(d Doc) (trucewatch.Source, error) {
	var s trucewatch.Source
	f, err := d.Fields("id", "kind", "name", "party", "licence", "url", "note")
	if err != nil {
		return s, err
	}
	for _, t := range []struct {
		key string
		to  *string
	}{{"id", (*string)(&s.ID)}, {"kind", (*string)(&s.Kind)}, {"name", &s.Name}, {"party", (*string)(&s.Party)},
		{"licence", &s.Licence}, {"url", &s.URL}, {"note", &s.Note}} {
		if *t.to, err = f[t.key].Text(); err != nil {
			return s, err
		}
	}
	if err := s.Check(); err != nil {
		return s, d.Errorf("%w", err)
	}
	return s, nil
}

func (m *Mapping) readValues(d Doc, f Fields) error {
	for _, t := range []struct {
		key     string
		to      *Value
		allowed []string
	}{
		{"zone", &m.Zone, nil}, {"kind", &m.Kind, Words(trucewatch.Kinds())}, {"means", &m.Means, Words(trucewatch.AllMeans())},
		{"description", &m.Description, Words(trucewatch.Descriptions())}, {"qualifier", &m.Qualifier, Words(trucewatch.Qualifiers())},
		{"count", &m.Count, nil}, {"native_id", &m.NativeID, nil}, {"weapon", &m.Weapon, nil}, {"url", &m.URL, nil},
		{"reported_at", &m.ReportedAt, nil}, {"clock", &m.Clock, []string{"device", "observer", "report"}}, {"control", &m.Control, nil},
	} {
		var err error
		if *t.to, err = readValue(f[t.key], t.allowed); err != nil {
			return err
		}
	}
	if !m.Kind.Set() || !m.Means.Set() {
		return d.Errorf("the keys kind and means are needed")
	}
	return nil
}

// Words returns a vocabulary as plain words.
func Words[T ~string](vocabulary []T) []string {
	out := make([]string, len(vocabulary))
	for i, w := range vocabulary {
		out[i] = string(w)
	}
	return out
}

// readValue reads {const: x} or {column: x, words: {theirs: ours}}. Our words
// must be allowed ones, if any are given.
func readValue(d Doc, allowed []string) (Value, error) {
	var v Value
	if !d.Exists() {
		return v, nil
	}
	f, err := d.Fields("const", "column", "words")
	if err != nil {
		return v, err
	}
	if v.Const, err = f["const"].Text(); err != nil {
		return v, err
	}
	if v.Column, err = f["column"].Text(); err != nil {
		return v, err
	}
	if (v.Const == "") == (v.Column == "") {
		return v, d.Errorf("needs const or column, exactly one")
	}
	if v.Const != "" && allowed != nil && !slices.Contains(allowed, v.Const) {
		return v, f["const"].Errorf("%q is not one of %s", trucewatch.CutText(v.Const, 40), strings.Join(allowed, ", "))
	}
	if !f["words"].Exists() {
		return v, nil
	}
	pairs, err := f["words"].Pairs()
	if err != nil || v.Const != "" {
		return v, first(err, f["words"].Errorf("words translate a column, not a constant"))
	}
	v.Words = make(map[string]string, len(pairs))
	for _, p := range pairs {
		if allowed != nil && !slices.Contains(allowed, p[1]) {
			return v, f["words"].Errorf("%q is not one of %s", trucewatch.CutText(p[1], 40), strings.Join(allowed, ", "))
		}
		v.Words[p[0]] = p[1]
	}
	return v, nil
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// readLength reads {const: 375, unit: m} or {column: scan, unit: km}.
func readLength(d Doc) (Value, error) {
	var v Value
	if !d.Exists() {
		return v, nil
	}
	f, err := d.Fields("const", "column", "unit")
	if err != nil {
		return v, err
	}
	var err1, err2, err3 error
	v.Const, err1 = f["const"].Text()
	v.Column, err2 = f["column"].Text()
	v.Unit, err3 = f["unit"].Text()
	switch {
	case first(err1, err2, err3) != nil:
		return v, first(err1, err2, err3)
	case (v.Const == "") == (v.Column == ""):
		return v, d.Errorf("needs const or column, exactly one")
	case v.Unit != "m" && v.Unit != "km":
		return v, d.Errorf("unit %q is neither m nor km, and none is guessed", trucewatch.CutText(v.Unit, 20))
	}
	if v.Const != "" {
		if mm, err := v.Length(v.Const); err != nil || mm == 0 {
			return v, f["const"].Errorf("%q is not a length above 0", trucewatch.CutText(v.Const, 20))
		}
	}
	return v, nil
}

// Length reads a number of v's unit in millimetres, 2,000 km at most.
func (v Value) Length(number string) (int64, error) {
	places := 3
	if v.Unit == "km" {
		places = 6
	}
	mm, ok := ParseDecimal(number, places)
	if !ok || mm < 0 || mm > distanceMaxMM {
		return 0, fmt.Errorf("%q is not a length in %s", trucewatch.CutText(number, 20), v.Unit)
	}
	return mm, nil
}

func (m *Mapping) readWhen(d Doc, f Fields) error {
	if !f["when"].Exists() {
		return d.Errorf("the key when is needed")
	}
	w, err := f["when"].Fields("date", "from", "till", "interval")
	if err != nil {
		return err
	}
	for _, t := range []struct {
		key string
		to  *Value
	}{{"date", &m.When.Date}, {"from", &m.When.From}, {"till", &m.When.Till}} {
		if *t.to, err = readValue(w[t.key], nil); err != nil {
			return err
		}
	}
	interval, err := w["interval"].Text()
	if err != nil {
		return err
	}
	m.When.Day = interval == "day"
	switch {
	case interval != "" && interval != "day":
		return w["interval"].Errorf("%q is not day", trucewatch.CutText(interval, 40))
	case m.When.Day && (!m.When.Date.Set() || m.When.From.Set() || m.When.Till.Set()):
		return f["when"].Errorf("interval day needs date, without from and till")
	case !m.When.Day && !m.When.From.Set():
		return f["when"].Errorf("needs from, or date with interval: day")
	}
	return nil
}

func (m *Mapping) readWhere(d Doc, f Fields) error {
	if !f["where"].Exists() {
		return d.Errorf("the key where is needed")
	}
	w, err := f["where"].Fields("lat", "lon", "radius", "across", "along", "words", "observer", "basis")
	if err != nil {
		return err
	}
	p := &m.Where
	for _, t := range []struct {
		key  string
		to   *Value
		read func(Doc) (Value, error)
	}{
		{"lat", &p.Lat, plainValue}, {"lon", &p.Lon, plainValue}, {"words", &p.Words, plainValue}, {"observer", &p.Observer, plainValue},
		{"radius", &p.Radius, readLength}, {"across", &p.Across, readLength}, {"along", &p.Along, readLength},
	} {
		if *t.to, err = t.read(w[t.key]); err != nil {
			return err
		}
	}
	if p.Basis, err = w["basis"].Text(); err != nil {
		return err
	}
	position := p.Lat.Column != "" && p.Lon.Column != ""
	pixel := p.Across.Set() && p.Along.Set()
	switch {
	case (p.Lat.Set() || p.Lon.Set()) && !position:
		return f["where"].Errorf("lat and lon are columns and come together")
	case position == (p.Words.Set() || p.Observer.Set()):
		return f["where"].Errorf("needs lat and lon, or words, and not both")
	case position && p.Radius.Set() == pixel:
		return f["where"].Errorf("a position needs a radius, or across and along, exactly one: a bare point is more than anybody knows")
	case !position && (p.Radius.Set() || p.Across.Set() || p.Along.Set()):
		return f["where"].Errorf("radius, across and along belong to lat and lon")
	case p.Across.Set() != p.Along.Set():
		return f["where"].Errorf("across and along come together")
	}
	return nil
}

func plainValue(d Doc) (Value, error) { return readValue(d, nil) }

// Values returns all values of m.
func (m *Mapping) Values() []*Value {
	return []*Value{&m.Zone, &m.Kind, &m.Description, &m.Means, &m.Count, &m.Qualifier, &m.NativeID, &m.Weapon, &m.URL,
		&m.ReportedAt, &m.Clock, &m.Control, &m.When.Date, &m.When.From, &m.When.Till, &m.Where.Lat, &m.Where.Lon,
		&m.Where.Radius, &m.Where.Across, &m.Where.Along, &m.Where.Words, &m.Where.Observer}
}

// Columns returns the table's columns: those that are used, which it must have,
// and those that are ignored, which it may have.
func (m *Mapping) Columns() []Column {
	var out []Column
	add := func(name, meaning string, required bool) {
		if name != "" && indexOf(out, name) < 0 {
			out = append(out, Column{name, meaning, required})
		}
	}
	for _, v := range m.Values() {
		add(v.Column, "used", true)
	}
	for _, name := range m.Text {
		add(name, "kept as text", true)
	}
	for _, name := range m.Ignore {
		add(name, "ignored", false)
	}
	return out
}

// checkColumns refuses a column that is both used and ignored.
func (m *Mapping) checkColumns(d Doc) error {
	for _, c := range m.Columns() {
		if c.Required && slices.Contains(m.Ignore, c.Name) {
			return d.Errorf("column %q is both used and ignored", trucewatch.CutText(c.Name, 80))
		}
	}
	return nil
}
