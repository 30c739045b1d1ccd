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
	corner   geo.Position // south-west, of the cell: its name
	home     []int32      // stations in the cell
	reach    kernel.Box   // holds all that is within halo of the cell
	centre   geo.Position
	span     int64 // from the centre to the furthest that bears on it, mm
	plane    geo.Plane
	ground   *kernel.Ground
	stations []int32         // of the network: of the district and all within reach of it, by place
	local    map[int32]int32 // the place of each in stations
	core     []bool          // by place in stations: in the district itself
	colour   int
	square   []int32    // of each cell of the ground, the square of one air
	corners  [][2]int64 // columns and rows of squares, ascending
	squares  int
	before   map[int64]*conditions // before anything is learned, by clutter
}

const colours = 4

// settle adds a station, the last of n.stations, and returns the districts whose
// stations this changes. The grid does not depend on the stations, so that a new
// one moves no border.
func (n *Network) settle() (changed []int) {
	number := int32(len(n.stations) - 1)
	p := n.stations[number].Position
	halo := n.hearing.FirstMM + n.hearing.ReachMM
	cell := geo.GridCell(p, 2*halo)
	low, high := cell.Rings[0][0], cell.Rings[0][2]
	if !slices.ContainsFunc(n.districts, func(d *district) bool { return d.corner == low }) {
		tall, wide := int64(high.LatE7)-int64(low.LatE7), int64(high.LonE7)-int64(low.LonE7)
		row, column := (int64(low.LatE7)+90*geo.E7+tall/2)/tall, (int64(low.LonE7)+180*geo.E7+wide/2)/wide
		n.districts = append(n.districts, &district{corner: low, centre: cell.Center, span: 4 * halo, plane: geo.NewPlane(cell.Center), reach: kernel.BoxOf(&cell, halo), colour: int(row%2*2 + column%2)})
	}
	for place, d := range n.districts {
		home := d.corner == low
		switch {
		case home:
			d.home = append(d.home, number)
		case !d.reach.Overlaps(kernel.Box{South: p.LatE7, West: p.LonE7, North: p.LatE7, East: p.LonE7}):
			continue
		case !slices.ContainsFunc(d.home, func(m int32) bool { return geo.NearMM(p, n.stations[m].Position) <= halo }):
			continue
		}
		changed = append(changed, place)
	}
	return changed
}

// gather finds the stations of a district and those within halo of one of them,
// and readies its ground.
func (n *Network) gather(place int) {
	d := n.districts[place]
	halo := n.hearing.FirstMM + n.hearing.ReachMM
	var core []geo.Position
	for _, i := range d.home {
		core = append(core, n.stations[i].Position)
	}
	south, north := core[0], core[0]
	for _, p := range core {
		south = geo.Position{LatE7: min(south.LatE7, p.LatE7), LonE7: min(south.LonE7, p.LonE7)}
		north = geo.Position{LatE7: max(north.LatE7, p.LatE7), LonE7: max(north.LonE7, p.LonE7)}
	}
	box := kernel.BoxOf(&geo.Region{Kind: geo.Polygon, Rings: [][]geo.Position{{south, north}}}, halo)
	d.stations = d.stations[:0]
	for i, s := range n.stations {
		p := s.Position
		if p.LatE7 >= box.South && p.LatE7 <= box.North && p.LonE7 >= box.West && p.LonE7 <= box.East &&
			slices.ContainsFunc(core, func(q geo.Position) bool { return geo.NearMM(p, q) <= halo }) {
			d.stations = append(d.stations, int32(i))
		}
	}
	// In the order of their places, so that sums do not depend on which station was
	// known first.
	slices.SortFunc(d.stations, func(i, j int32) int {
		p, q := n.stations[i], n.stations[j]
		return cmp.Or(cmp.Compare(p.Position.LatE7, q.Position.LatE7), cmp.Compare(p.Position.LonE7, q.Position.LonE7), cmp.Compare(p.Clock, q.Clock), cmp.Compare(i, j))
	})
	d.core, d.local = d.core[:0], make(map[int32]int32, len(d.stations))
	var local []Station
	for k, i := range d.stations {
		local = append(local, n.stations[i])
		d.core = append(d.core, slices.Contains(d.home, i))
		d.local[i] = int32(k)
		if !slices.Contains(n.places[i], place) {
			n.places[i] = append(n.places[i], place)
		}
	}
	d.before = make(map[int64]*conditions)
	d.lay(n.ears, local)
}

// lay readies the ground for stations, and the squares over it.
func (d *district) lay(ears *kernel.Ears, stations []Station) {
	var local []kernel.Station
	for _, s := range stations {
		east, north := d.plane.Project(s.Position)
		local = append(local, kernel.Station{EastMM: east, NorthMM: north, ClockUS: int64(s.Clock)})
	}
	d.ground = kernel.NewGround(ears, local)
	d.corners, d.square = nil, nil
	d.divide()
}

// divide lays squares of one air over the cells of the ground.
func (d *district) divide() {
	cells := d.ground.Cells()
	for _, c := range cells {
		d.corners = append(d.corners, [2]int64{floor(c[0], airCellMM), floor(c[1], airCellMM)})
	}
	slices.SortFunc(d.corners, func(a, b [2]int64) int { return slices.Compare(a[:], b[:]) })
	d.corners = slices.Compact(d.corners)
	d.squares = len(d.corners)
	for _, c := range cells {
		k, _ := d.squareOf(c[0], c[1])
		d.square = append(d.square, int32(k))
	}
}

// squareOf returns the square that holds a place of the plane.
func (d *district) squareOf(east, north int64) (int, bool) {
	at := [2]int64{floor(east, airCellMM), floor(north, airCellMM)}
	return slices.BinarySearchFunc(d.corners, at, func(a, b [2]int64) int { return slices.Compare(a[:], b[:]) })
}
