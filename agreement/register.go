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
	if r.rowLines != nil {
		r.rowLines[rowKey{file, e.id}], _ = w.place(0)
	}
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
		r.partyCell(name, w, 2, s.Party)
		out = append(out, s)
	}
	return out
}

// positions reads the register of positions that stood when they were surveyed.
func (r *reader) positions(name string, data []byte) []StandingPosition {
	seen := map[string]bool{}
	var out []StandingPosition
	for _, w := range r.rows(name, data, "id", "name", "party", "lat", "lon", "radius_m") {
		e, ok := r.entry(name, w, seen, 0)
		if !ok {
			continue
		}
		p := StandingPosition{ID: e.id, Name: e.name, Party: trucewatch.PartyID(w.cells[2]), At: e.at, RadiusMM: e.radiusMM}
		r.partyCell(name, w, 2, p.Party)
		out = append(out, p)
	}
	return out
}

// partyCell wants a party in a cell, once all is read.
func (r *reader) partyCell(name string, w row, cell int, party trucewatch.PartyID) {
	r.later = append(r.later, func() {
		if !r.hasParty(party) {
			line, column := w.place(cell)
			r.problem(name, line, column, "%q is not one of agreement.parties (%s)", clip(string(party)), enumerate(r.a.PartyIDs))
		}
	})
}

// inventories reads what each site was declared to hold: one row for each weapon
// with a number, or for several of a kind without.
func (r *reader) inventories(name string, data []byte, sites []Site) {
	for _, w := range r.rows(name, data, "site", "serial", "platform", "model", "calibre_mm", "range_km", "count", "state") {
		bad := func(cell int, format string, args ...any) {
			line, column := w.place(cell)
			r.problem(name, line, column, format, args...)
		}
		site := slices.IndexFunc(sites, func(s Site) bool { return s.ID == w.cells[0] })
		platform := trucewatch.Platform(w.cells[2])
		numbers := [3]int64{}
		whole := true
		for i, cell := range []int{4, 5, 6} {
			if w.cells[cell] != "" {
				v, err := decimal(w.cells[cell], 0)
				if whole = err == nil && v > 0 && v <= trucewatch.CountMax; !whole {
					bad(cell, "%q is not a whole number above 0", clip(w.cells[cell]))
					break
				}
				numbers[i] = v
			}
		}
		item := trucewatch.StoredItem{Serial: w.cells[1], Count: numbers[2], State: w.cells[7],
			Weapon: trucewatch.Weapon{Platform: platform, Model: w.cells[3], CalibreMM: numbers[0], RangeKM: numbers[1]}}
		switch {
		case !whole:
		case site < 0:
			bad(0, "there is no site %q in the register of sites", clip(w.cells[0]))
		case !slices.Contains(trucewatch.Platforms(), platform):
			bad(2, "%q is not %s", clip(w.cells[2]), choice(w.cells[2], trucewatch.Platforms()))
		case item.Serial == "" && item.Count == 0:
			bad(6, "neither a serial number nor a count")
		case item.Serial != "" && item.Count > 1:
			bad(6, "%d weapons with one serial number", item.Count)
		case !slices.Contains(trucewatch.ItemStates(), item.State):
			bad(7, "%q is not %s", clip(item.State), choice(item.State, trucewatch.ItemStates()))
		case item.Serial != "" && hasSerial(sites, item.Serial):
			bad(1, "serial number %q stands twice: one weapon is at one site", clip(item.Serial))
		default:
			sites[site].Items = append(sites[site].Items, item)
		}
	}
}

func hasSerial(sites []Site, serial string) bool {
	return slices.ContainsFunc(sites, func(s Site) bool {
		return slices.ContainsFunc(s.Items, func(i trucewatch.StoredItem) bool { return i.Serial == serial })
	})
}
