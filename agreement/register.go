// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// rowsMax bounds a register. Guess: every school, hospital and substation
// within 100 km of a line of 1,250 km. Test: a register that is refused.
const rowsMax = 20_000

// A row is one line of a register, with the place of each cell.
type row struct {
	cells []string
	place func(cell int) (line, column int)
}

// rows reads a CSV file (RFC 4180) with exactly the given header.
func (r *reader) rows(name string, data []byte, header ...string) []row {
	if !utf8.Valid(data) {
		r.problem(name, 1, 1, "not UTF-8")
		return nil
	}
	in := csv.NewReader(bytes.NewReader(data))
	in.FieldsPerRecord = -1
	lines := bytes.Split(data, []byte("\n")) // csv counts columns in bytes
	var out []row
	for first := true; ; first = false {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			if first {
				r.problem(name, 1, 1, "the file is empty; its first line is %s", strings.Join(header, ","))
			}
			return out
		}
		if bad := (*csv.ParseError)(nil); errors.As(err, &bad) {
			r.problem(name, bad.Line, bad.Column, "not CSV: %v", bad.Err)
			return out
		}
		line, _ := in.FieldPos(0)
		switch {
		case first && !slices.Equal(cells, header):
			r.problem(name, line, 1, "the first line is not %s", strings.Join(header, ","))
			return nil
		case first:
			continue
		case len(cells) != len(header):
			r.problem(name, line, 1, "%d cells, not %d", len(cells), len(header))
			continue
		case len(out) == rowsMax:
			r.problem(name, line, 1, "more than %d rows", rowsMax)
			return out
		}
		places := make([][2]int, len(cells))
		for i := range cells {
			l, c := in.FieldPos(i)
			places[i] = [2]int{l, characters(lines[l-1][:c-1])}
		}
		out = append(out, row{cells, func(i int) (int, int) { return places[i][0], places[i][1] }})
	}
}

// An entry is what every register says of a place.
type entry struct {
	id, name string
	at       geo.Position
	radiusMM int64
}

// entry reads the columns id, name, (one more), lat, lon, radius_m. An empty
// radius is fallbackMM. It says whether all were good.
func (r *reader) entry(file string, w row, seen map[string]bool, fallbackMM int64) (entry, bool) {
	e := entry{id: w.cells[0], name: w.cells[1], radiusMM: fallbackMM}
	bad := func(cell int, format string, args ...any) (entry, bool) {
		line, column := w.place(cell)
		r.problem(file, line, column, format, args...)
		return entry{}, false
	}
	for i, c := range w.cells[:3] {
		if strings.TrimSpace(c) == "" || len(c) > trucewatch.TextMaxBytes {
			return bad(i, "empty cell, or longer than %d bytes", trucewatch.TextMaxBytes)
		}
	}
	if seen[e.id] {
		return bad(0, "id %q stands twice", clip(e.id))
	}
	seen[e.id] = true
	at, err := position(w.cells[3], w.cells[4])
	if err != nil {
		return bad(3, "%s", withoutPrefix(err))
	}
	e.at = at
	if w.cells[5] != "" {
		mm, err := decimal(w.cells[5], 3)
		if err != nil {
			return bad(5, "%v", err)
		}
		e.radiusMM = mm
	}
	if e.radiusMM <= 0 || e.radiusMM > metresMax*metre {
		return bad(5, "radius is missing and the zone has no radius_m_default, or it is not above 0 and at most %d m", metresMax)
	}
	return e, true
}

// objects reads a register of protected objects.
func (r *reader) objects(name string, data []byte, fallbackMM int64) []Object {
	seen := map[string]bool{}
	var out []Object
	for _, w := range r.rows(name, data, "id", "name", "class", "lat", "lon", "radius_m") {
		if e, ok := r.entry(name, w, seen, fallbackMM); ok {
			out = append(out, Object{ID: e.id, Name: e.name, Class: w.cells[2], At: e.at, RadiusMM: e.radiusMM})
		}
	}
	return out
}

// sites reads a register of storage sites.
func (r *reader) sites(name string, data []byte) []Site {
	seen := map[string]bool{}
	var out []Site
	for _, w := range r.rows(name, data, "id", "name", "party", "lat", "lon", "radius_m") {
		e, ok := r.entry(name, w, seen, 0)
		if !ok {
			continue
		}
		s := Site{ID: e.id, Name: e.name, Party: trucewatch.PartyID(w.cells[2]), At: e.at, RadiusMM: e.radiusMM}
		r.later = append(r.later, func() {
			if !r.hasParty(s.Party) {
				line, column := w.place(2)
				r.problem(name, line, column, "%q is not one of agreement.parties (%s)", clip(string(s.Party)), enumerate(r.a.PartyIDs))
			}
		})
		out = append(out, s)
	}
	return out
}
