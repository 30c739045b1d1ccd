// SPDX-License-Identifier: Apache-2.0

// Package tally reads published numbers from CSV: a mission's daily totals, an
// air force's count of a night, a party's total of the other's violations.
//
// A tally is kept as its claimant worded it, with the claimant's own unit; what
// the source does not print is named in the column inferred. Times are RFC 3339
// with an offset, local in the caller's zone, or empty.
package tally

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/intake"
)

// The manifest's columns, by their place in it.
const (
	claimant = iota
	against
	from
	till
	windowText
	area
	category
	unit
	count
	qualifier
	partOf
	running
	previous
	previousSpan
	exercise
	issue
	reportedAt
	inferred
	text
	url
	id
)

func columns() []intake.Column {
	return []intake.Column{
		claimant:     {Name: "claimant", Meaning: "who says so", Required: true},
		against:      {Name: "against", Meaning: "whom it accuses; empty if nobody"},
		from:         {Name: "from", Meaning: "beginning of the window, RFC 3339; a date is its first instant in the caller's zone", Required: true},
		till:         {Name: "till", Meaning: "end of the window; a date is its last instant", Required: true},
		windowText:   {Name: "window_text", Meaning: "the window in the source's words: \"first night\""},
		area:         {Name: "area", Meaning: "where, in the source's words"},
		category:     {Name: "category", Meaning: "of what, the claimant's own word", Required: true},
		unit:         {Name: "unit", Meaning: "what one of them is, as the claimant counts: osce_smm/ceasefire_violation", Required: true},
		count:        {Name: "count", Meaning: "\"4900\", \"over 3,300\"", Required: true},
		qualifier:    {Name: "qualifier", Meaning: "exact, about, at_least, at_most or multiple; empty: as the count says"},
		partOf:       {Name: "part_of", Meaning: "category of which this is a part"},
		running:      {Name: "running", Meaning: "true: a total since a fixed date"},
		previous:     {Name: "previous", Meaning: "what the publication says of the period before"},
		previousSpan: {Name: "previous_span", Meaning: "period or 24h, as the publication words it"},
		exercise:     {Name: "exercise", Meaning: "of it, assessed as training"},
		issue:        {Name: "issue", Meaning: "number of the report"},
		reportedAt:   {Name: "reported_at", Meaning: "when it was published"},
		inferred:     {Name: "inferred", Meaning: "fields that the source does not print, parted by ;"},
		text:         {Name: "text", Meaning: "what the source says, in its words or ours"},
		url:          {Name: "url", Meaning: "where it was published"},
		id:           {Name: "id", Meaning: "in the source's own system"},
	}
}

// Format returns the format.
func Format() intake.Format { return intake.Format{Manifest: manifest(), Parse: Parse} }

func manifest() intake.Manifest {
	return intake.Manifest{
		Name: "tally", Title: "published numbers", Provider: "whoever compiled the file", Licence: "numbers are facts; texts belong to their publishers",
		Units: "as each row states", Frame: "times RFC 3339", Limits: "numbers in unlike units cannot be compared; no number is not zero",
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
	keys := intake.NewKeyer(o.Source.ID)
	return intake.EachRow(o, columns(), r, emit, func(h *intake.Header, row *intake.Row) (trucewatch.Submission, error) {
		t := &trucewatch.Tally{Key: keys.Of(h.Cell(row, id), row.Cells)}
		err := read(t, func(i int) string { return h.Cell(row, i) }, zone)
		return trucewatch.Submission{Tally: t}, err
	})
}

func read(t *trucewatch.Tally, cell func(int) string, zone intake.Zone) error {
	t.NativeID, t.Claimant, t.Against, t.WindowText = cell(id), cell(claimant), cell(against), cell(windowText)
	t.Area, t.Category, t.PartOf, t.Issue = cell(area), cell(category), cell(partOf), cell(issue)
	t.Text, t.URL = cell(text), cell(url)
	var err error
	if t.Window, err = window(cell(from), cell(till), zone); err != nil {
		return err
	}
	if t.Count, err = intake.QualifiedCount(cell(count), cell(qualifier)); err != nil {
		return err
	}
	t.Count.Unit = cell(unit)
	switch cell(running) {
	case "", "false":
	case "true":
		t.Running = true
	default:
		return fmt.Errorf("running: %q is neither true nor false", trucewatch.CutText(cell(running), 40))
	}
	if t.Previous, err = previousTally(cell(previous), cell(previousSpan)); err != nil {
		return err
	}
	if s := cell(exercise); s != "" {
		c, err := intake.ParseCount(s)
		if err != nil {
			return fmt.Errorf("exercise: %w", err)
		}
		c.Unit = t.Count.Unit
		t.Exercise = &c
	}
	for part := range strings.SplitSeq(cell(inferred), ";") {
		if part = strings.TrimSpace(part); part != "" {
			t.Inferred = append(t.Inferred, part)
		}
	}
	if s := cell(reportedAt); s != "" {
		at, err := intake.ParseInstants(s, zone)
		if err != nil {
			return fmt.Errorf("reported_at: %w", err)
		}
		t.ReportedAt = at.Till
	}
	return t.Check()
}

// window reads the two ends. Both empty is a window that the source does not
// state, and only an empty end is open.
func window(from, till string, zone intake.Zone) (trucewatch.Interval, error) {
	var w trucewatch.Interval
	if from != "" {
		at, err := intake.ParseInstants(from, zone)
		if err != nil {
			return w, fmt.Errorf("from: %w", err)
		}
		w.From = at.From
	}
	if till != "" {
		at, err := intake.ParseInstants(till, zone)
		if err != nil {
			return w, fmt.Errorf("till: %w", err)
		}
		w.Till = at.Till
	}
	if from == "" && till != "" {
		return w, errors.New("from: missing, where till is given")
	}
	return w, nil
}

func previousTally(value, span string) (*trucewatch.PreviousTally, error) {
	if value == "" && span == "" {
		return nil, nil
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < 0 || n > trucewatch.CountMax {
		return nil, fmt.Errorf("previous: %q is not a whole number", trucewatch.CutText(value, 40))
	}
	return &trucewatch.PreviousTally{Value: n, Span: span}, nil
}
