// SPDX-License-Identifier: Apache-2.0

package coverage

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// CellMM is the least side of a cell.
//
// Guess: 5 km. A camera sees so far and a patrol hears so far, a disengagement
// area is at least 2 km wide and would drown in a cell of 10 km, and it is the
// precision at which the public of the example agreement sees places, so that
// cells of coverage and of places are the same. Test: the same world with cells of
// 2.5 and 10 km gives the same shares to a few per cent.
const CellMM = 5_000_000

// An Area is ground of which coverage is asked: a disengagement area, a region by
// name, a party's part of a zone. It does not change once made. A Map remembers of
// each Area which fields cover it: make it once, not for each question.
type Area struct {
	Name   string
	cells  []cell // by south, then west
	points int64
}

// A cell is the part of a cell of the grid that lies in an area, as points of
// equal weight.
type cell struct {
	low, high geo.Position
	points    []geo.Position
}

// A part is how much of a cell a field covers.
type part struct {
	cell  int32
	share int32 // ppm
}

// pointsLeast is how many points stand for an area at least, and latticeMost the
// finest lattice of a cell, in points along a side.
//
// Guess: with 256 points a share is good to two per cent, more than sources know
// of their own field. Test: TestSharesAreThoseOfTheGround.
const (
	pointsLeast = 256
	latticeMost = 128
)

// cellsMost bounds the ground of one area: 1,000 km by 1,000 km.
const cellsMost = 40_000

// NewArea returns the area of a zone. It refuses a zone without bounds, of more
// than 40,000 cells, or so small that no point of the finest lattice (40 m) lies
// in it.
func NewArea(name string, zone *geo.Zone) (*Area, error) {
	boxes, err := cellsOf(name, zone)
	if err != nil {
		return nil, err
	}
	a := &Area{Name: name}
	for side := int64(8); side <= latticeMost; side *= 2 {
		a.cells, a.points = nil, 0
		for _, c := range boxes {
			c.points = lattice(c.low, c.high, side, zone)
			if len(c.points) > 0 {
				a.cells = append(a.cells, c)
				a.points += int64(len(c.points))
			}
		}
		if a.points >= pointsLeast {
			break
		}
	}
	if a.points == 0 {
		return nil, fmt.Errorf("coverage: area %q: %w: no ground", name, trucewatch.ErrInvalid)
	}
	return a, nil
}

// cellsOf returns the cells that a zone may have part in, in their order.
func cellsOf(name string, zone *geo.Zone) ([]cell, error) {
	rings := zone.Outline()
	if len(rings) == 0 {
		return nil, fmt.Errorf("coverage: area %q: %w: has no bounds; name a region", name, trucewatch.ErrInvalid)
	}
	seen := map[geo.Position]bool{}
	var out []cell
	for _, ring := range rings {
		low, high := geo.Region{Kind: geo.Polygon, Rings: [][]geo.Position{ring}}.Bounds()
		for c := cellAt(low); ; c = cellAt(geo.Position{LatE7: c.high.LatE7, LonE7: low.LonE7}) {
			for r := c; ; r = cellAt(geo.Position{LatE7: r.low.LatE7, LonE7: r.high.LonE7}) {
				if !seen[r.low] {
					seen[r.low] = true
					if zone.Share(r.region()) > 0 {
						out = append(out, r)
					}
				}
				if len(seen) > cellsMost {
					return nil, fmt.Errorf("coverage: area %q: %w: larger than %d cells", name, trucewatch.ErrInvalid, cellsMost)
				}
				if spans(r.low.LonE7, r.high.LonE7, high.LonE7) {
					break
				}
			}
			if c.high.LatE7 > high.LatE7 || c.high.LatE7 >= 90*geo.E7 {
				break
			}
		}
	}
	slices.SortFunc(out, func(a, b cell) int {
		return cmp.Or(cmp.Compare(a.low.LatE7, b.low.LatE7), cmp.Compare(a.low.LonE7, b.low.LonE7))
	})
	return out, nil
}

// cellAt returns the cell of a place, whose eastern edge at the 180th meridian is
// taken to be the western one of the next.
func cellAt(p geo.Position) cell {
	if p.LonE7 == 180*geo.E7 {
		p.LonE7 = -180 * geo.E7
	}
	ring := geo.Cell(p, CellMM, 0).Rings[0]
	return cell{low: ring[0], high: ring[2]}
}

func (c cell) region() geo.Region {
	return geo.Region{Kind: geo.Polygon, Rings: [][]geo.Position{{
		c.low, {LatE7: c.low.LatE7, LonE7: c.high.LonE7}, c.high, {LatE7: c.high.LatE7, LonE7: c.low.LonE7},
	}}}
}

// spans says whether a longitude lies from west to east.
func spans(west, east, lon int32) bool {
	return west <= lon && lon < east || lon == 180*geo.E7 && east == lon
}

// lattice returns the points of a square lattice of a cell that lie in a zone.
func lattice(low, high geo.Position, side int64, zone *geo.Zone) []geo.Position {
	var out []geo.Position
	dLat, dLon := int64(high.LatE7)-int64(low.LatE7), int64(high.LonE7)-int64(low.LonE7)
	for y := range side {
		for x := range side {
			p := geo.Position{LatE7: low.LatE7 + int32(dLat*(2*y+1)/(2*side)), LonE7: low.LonE7 + int32(dLon*(2*x+1)/(2*side))}
			if zone.Contains(p) {
				out = append(out, p)
			}
		}
	}
	return out
}

// Cells returns how many cells of the grid the area has part in.
func (a *Area) Cells() int { return len(a.cells) }

// Cell returns the number of the cell that holds a place, -1 if none of the area
// does.
func (a *Area) Cell(p geo.Position) int {
	at := cellAt(p).low
	i, found := slices.BinarySearchFunc(a.cells, at, func(c cell, p geo.Position) int {
		return cmp.Or(cmp.Compare(c.low.LatE7, p.LatE7), cmp.Compare(c.low.LonE7, p.LonE7))
	})
	if !found {
		return -1
	}
	return i
}

// near says whether some cell of the area meets a box.
func (a *Area) near(low, high geo.Position) bool {
	return slices.ContainsFunc(a.cells, func(c cell) bool { return c.meets(low, high) })
}

// meets says whether a cell and a box have ground in common; a box whose west is
// east of its east crosses the antimeridian.
func (c cell) meets(low, high geo.Position) bool {
	if c.high.LatE7 < low.LatE7 || c.low.LatE7 > high.LatE7 {
		return false
	}
	if low.LonE7 <= high.LonE7 {
		return c.high.LonE7 >= low.LonE7 && c.low.LonE7 <= high.LonE7
	}
	return c.high.LonE7 >= low.LonE7 || c.low.LonE7 <= high.LonE7
}

// covered returns the cells that a field has part in.
func (m *Map) covered(a *Area, number int32) []part {
	shares := m.shares[a]
	if shares == nil {
		shares = map[int32][]part{}
		m.shares[a] = shares
	}
	if known, ok := shares[number]; ok {
		return known
	}
	f := m.fields[number]
	first, _ := slices.BinarySearchFunc(a.cells, f.low.LatE7, func(c cell, lat int32) int { return cmp.Compare(c.high.LatE7, lat) })
	var out []part
	for i := first; i < len(a.cells) && a.cells[i].low.LatE7 <= f.high.LatE7; i++ {
		c := &a.cells[i]
		if !c.meets(f.low, f.high) {
			continue
		}
		inside := int64(0)
		for _, p := range c.points {
			if f.zone.Contains(p) {
				inside++
			}
		}
		if inside > 0 {
			out = append(out, part{cell: int32(i), share: int32(inside * geo.Million / int64(len(c.points)))})
		}
	}
	shares[number] = out
	return out
}
