// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"cmp"
	"slices"

	"github.com/trucewatch/trucewatch/associate/kernel"
	"github.com/trucewatch/trucewatch/geo"
)

// A district is a cell of a fixed grid, so wide that two districts with one
// between them share no arrivals. Districts of one colour are therefore searched
// at the same time, each knowing what those of earlier colours explained.
type district struct {
	south, west int32 // corner of the cell: its name
	centre      geo.Position
	span        int64 // from the centre to the furthest that bears on it, mm
	plane       geo.Plane
	ground      *kernel.Ground
	stations    []int32 // of the network, of the district and all within reach of it; ascending
	core        []bool  // by place in stations: in the district itself
	colour      int
}

const colours = 4

// districts divides a network. The grid does not depend on the stations, so
// that a new station moves no border.
func districts(ears *kernel.Ears, h *Hearing, stations []Station) []*district {
	halo := h.FirstMM + h.ReachMM
	home := make([]*district, len(stations)) // of each station
	var all []*district
	for i, s := range stations {
		cell := geo.GridCell(s.Position, 2*halo)
		low, high := cell.Rings[0][0], cell.Rings[0][2]
		at, found := slices.BinarySearchFunc(all, low, func(d *district, p geo.Position) int {
			return cmp.Or(cmp.Compare(d.south, p.LatE7), cmp.Compare(d.west, p.LonE7))
		})
		if !found {
			tall, wide := int64(high.LatE7)-int64(low.LatE7), int64(high.LonE7)-int64(low.LonE7)
			row, column := (int64(low.LatE7)+90*geo.E7+tall/2)/tall, (int64(low.LonE7)+180*geo.E7+wide/2)/wide
			d := &district{span: 4 * halo, south: low.LatE7, west: low.LonE7, centre: cell.Center, plane: geo.NewPlane(cell.Center), colour: int(row%2*2 + column%2)}
			all = slices.Insert(all, at, d)
		}
		home[i] = all[at]
	}
	for _, d := range all {
		d.gather(ears, stations, home, halo)
	}
	return all
}

// gather finds the stations of d and those within halo of one of them.
func (d *district) gather(ears *kernel.Ears, stations []Station, home []*district, halo int64) {
	var core []geo.Position
	var south, north geo.Position
	for i, s := range stations {
		if home[i] != d {
			continue
		}
		if core == nil {
			south, north = s.Position, s.Position
		}
		core = append(core, s.Position)
		south = geo.Position{LatE7: min(south.LatE7, s.Position.LatE7), LonE7: min(south.LonE7, s.Position.LonE7)}
		north = geo.Position{LatE7: max(north.LatE7, s.Position.LatE7), LonE7: max(north.LonE7, s.Position.LonE7)}
	}
	box := kernel.BoxOf(&geo.Region{Kind: geo.Polygon, Rings: [][]geo.Position{{south, north}}}, halo)
	var local []kernel.Station
	for i, s := range stations {
		p := s.Position
		if p.LatE7 < box.South || p.LatE7 > box.North || p.LonE7 < box.West || p.LonE7 > box.East {
			continue
		}
		if home[i] != d && !slices.ContainsFunc(core, func(q geo.Position) bool { return geo.NearMM(p, q) <= halo }) {
			continue
		}
		east, north := d.plane.Project(p)
		local = append(local, kernel.Station{EastMM: east, NorthMM: north, ClockUS: int64(s.Clock)})
		d.stations = append(d.stations, int32(i))
		d.core = append(d.core, home[i] == d)
	}
	d.ground = kernel.NewGround(ears, local)
}
