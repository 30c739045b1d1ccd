// SPDX-License-Identifier: Apache-2.0

// Package intake turns foreign bytes into submissions: one package a format,
// each with a pure Parse that reads a file and hands out one submission a row.
//
// This package holds what the formats share: the reading of rows within limits,
// the words of mission reports (counts, distances, bearings, weapons, times),
// the gazetteer by which places become regions, and content keys. Positions are
// WGS 84 in 1e-7 degree, lengths are millimetres, times are microseconds UTC.
//
// A row that cannot be taken becomes a Rejection with its line and the reason,
// and reading goes on; only an unreadable file or a wrong header is an error.
// Nothing is guessed silently: an assumption is a named constant, and it is
// written into the observation's Place.Basis. A time without a zone is refused.
// The numbered rules are in docs/formats/intake.md.
//
// The package knows no clock and no network, and it judges nothing. Whether a
// time lies in the future is for the caller, who has a clock.
//
// Trust: whoever can change the gazetteer can move what was reported; its hash
// is therefore recorded with each place.
package intake

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/trucewatch/trucewatch"
)

// A Column is one column or key of a format.
type Column struct {
	Name     string
	Meaning  string
	Required bool // the file's header must have it
}

// A Manifest says what a format is, where its files come from and what they
// cannot say. A preview of an import shows its title.
type Manifest struct {
	Name     string // of the format, lower case: "firms"
	Title    string
	Provider string // who writes such files
	Licence  string // of the data, as the provider states it
	Units    string
	Frame    string            // datum and axis order, and whose clock
	Limits   string            // what the data cannot say
	Columns  []Column          // in the order of the format's documentation
	Source   trucewatch.Source // who says so, where the caller names nobody; zero if the caller must
}

// Options is what a Parse needs to know besides the file.
type Options struct {
	Source    trucewatch.Source                         // who says so; ID empty: the manifest's
	File      string                                    // name for errors
	Zone      string                                    // IANA name, or one of Abbreviations; empty: each row must state its own
	Gazetteer *Gazetteer                                // nil: places stay words
	Map       *Mapping                                  // for format "table", which refuses to work without
	Location  func(name string) (*time.Location, error) // zone database; nil: time.LoadLocation
}

// A Format is one foreign format. Parse reads r to its end and calls emit for
// each row in order; an error of emit ends the reading and is returned as it is.
type Format struct {
	Manifest
	Parse func(o Options, r io.Reader, emit func(trucewatch.Submission) error) error
}

// WithSource returns o with the mapping's or the manifest's source where o names
// none, or an error if none of them does.
func (o Options) WithSource(m Manifest) (Options, error) {
	if o.Source.ID == "" && o.Map != nil {
		o.Source = o.Map.Source
	}
	if o.Source.ID == "" {
		o.Source = m.Source
	}
	if o.Source.ID == "" {
		return o, fmt.Errorf("%s: no source given, and format %s has none of its own", o.Name(), m.Name)
	}
	return o, nil
}

// Name returns the file's name for errors.
func (o Options) Name() string {
	if o.File == "" {
		return "input"
	}
	return o.File
}

// errEnough ends a preview.
var errEnough = errors.New("enough rows")

// Preview returns what Parse makes of the first n rows of r.
func Preview(f Format, o Options, r io.Reader, n int) ([]trucewatch.Submission, error) {
	if n <= 0 {
		return nil, nil
	}
	var rows []trucewatch.Submission
	err := f.Parse(o, r, func(s trucewatch.Submission) error {
		rows = append(rows, s)
		if len(rows) == n {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return rows, err
}
