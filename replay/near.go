// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"cmp"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// A near is every incident by where and when, for judgements that depend on what
// else happened near: harm after fire, repeats, fire in support of an advance.
type near struct {
	cells map[cell][]spot // each by time, then ID
	wide  []spot          // of no known place, or of a wide one: by time, then ID
	of    map[trucewatch.IncidentID]spot
	// longest is the longest interval of an incident, so that a look backwards finds
	// what began long before and still goes on.
	longest trucewatch.Instant
	fired   []spot // where fire came from: by time, then ID
	firedOf map[trucewatch.IncidentID]spot
	moved   []spot // firings that came, went or changed since the impacts near them were judged
}

// A cell is a tenth of a degree of latitude and longitude.
type cell struct{ lat, lon int32 }

const cellE7 = 1_000_000

// wideMM is the reach from which an incident is kept apart from the cells.
const wideMM = 20_000_000

// A spot is what is asked of an incident before it is fetched.
type spot struct {
	id     trucewatch.IncidentID
	kind   trucewatch.Kind
	when   trucewatch.Interval
	at     geo.Position
	reach  int64 // of its region, millimetres
	cell   cell
	placed bool // it lies in its cell; else among the wide
}

func (a spot) compare(b spot) int {
	return cmp.Or(cmp.Compare(a.when.From, b.when.From), trucewatch.ObservationID(a.id).Compare(trucewatch.ObservationID(b.id)))
}

func newNear() *near {
	return &near{cells: map[cell][]spot{}, of: map[trucewatch.IncidentID]spot{}, firedOf: map[trucewatch.IncidentID]spot{}}
}

func cellOf(p geo.Position) cell { return cell{floorDiv(p.LatE7, cellE7), floorDiv(p.LonE7, cellE7)} }

func floorDiv(a, b int32) int32 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// put takes in an incident as it is now.
func (n *near) put(in *trucewatch.Incident) {
	n.drop(in.ID)
	if in.State == "withdrawn" || in.State == "merged" {
		return
	}
	s := spot{id: in.ID, kind: in.Kind, when: in.When}
	if region := placeOf(in); !region.IsZero() {
		s.at, s.reach = region.Mean(), region.ReachMM()
		s.cell, s.placed = cellOf(s.at), s.reach <= wideMM
	}
	n.of[in.ID] = s
	n.firing(in)
	n.longest = max(n.longest, in.When.Till-in.When.From)
	if s.placed {
		n.cells[s.cell] = insertSpot(n.cells[s.cell], s)
	} else {
		n.wide = insertSpot(n.wide, s)
	}
}

// drop takes an incident out.
func (n *near) drop(id trucewatch.IncidentID) {
	n.unfire(id)
	s, ok := n.of[id]
	if !ok {
		return
	}
	delete(n.of, id)
	if s.placed {
		n.cells[s.cell] = removeSpot(n.cells[s.cell], s)
	} else {
		n.wide = removeSpot(n.wide, s)
	}
}

func insertSpot(list []spot, s spot) []spot {
	i, _ := slices.BinarySearchFunc(list, s, spot.compare)
	return slices.Insert(list, i, s)
}

func removeSpot(list []spot, s spot) []spot {
	i, found := slices.BinarySearchFunc(list, s, spot.compare)
	if !found {
		return list
	}
	return slices.Delete(list, i, i+1)
}

// find returns the incidents of some kinds (all, if none is given) whose time
// touches when and whose place may lie within a distance of a region, by ID.
func (n *near) find(kinds []trucewatch.Kind, when trucewatch.Interval, around geo.Region, withinMM int64) []trucewatch.IncidentID {
	if around.IsZero() {
		return nil
	}
	at, reach := around.Mean(), around.ReachMM()+withinMM
	var out []trucewatch.IncidentID
	look := func(list []spot) {
		first, _ := slices.BinarySearchFunc(list, when.From-n.longest, func(s spot, t trucewatch.Instant) int { return cmp.Compare(s.when.From, t) })
		for _, s := range list[first:] {
			if when.Till != 0 && s.when.From > when.Till {
				return
			}
			if len(kinds) > 0 && !slices.Contains(kinds, s.kind) || when.Gap(s.when) > 0 {
				continue
			}
			// A place that is not known may be anywhere, which shows nothing.
			if s.at != (geo.Position{}) && geo.DistanceMM(at, s.at) <= reach+s.reach {
				out = append(out, s.id)
			}
		}
	}
	for _, c := range cellsWithin(at, reach+wideMM) {
		look(n.cells[c])
	}
	look(n.wide)
	slices.SortFunc(out, func(a, b trucewatch.IncidentID) int {
		return trucewatch.ObservationID(a).Compare(trucewatch.ObservationID(b))
	})
	return out
}

// cellsWithin returns cells that hold all that lies within a distance of a
// place. A tenth of a degree is 11 km from south to north; from west to east it is
// taken as a third of that, which holds up to 70 degrees of latitude.
func cellsWithin(at geo.Position, reachMM int64) []cell {
	const tenthMM = 11_100_000
	middle := cellOf(at)
	lat := int32(reachMM/tenthMM) + 1
	lon := min(3*int32(reachMM/tenthMM)+3, 1800)
	var out []cell
	for i := -lat; i <= lat; i++ {
		for j := -lon; j <= lon; j++ {
			c := cell{middle.lat + i, middle.lon + j}
			if c.lon < -1800 {
				c.lon += 3600
			} else if c.lon >= 1800 {
				c.lon -= 3600
			}
			out = append(out, c)
		}
	}
	return out
}

// placeOf is where an incident was, not where its fire came from; zero if that is
// not known.
func placeOf(in *trucewatch.Incident) geo.Region {
	if best := in.Best(); best != nil && best.Role != "origin" {
		return best.Region
	}
	for i := range in.Estimates {
		if e := &in.Estimates[i]; e.Role != "origin" && e.Status != "rejected" {
			return e.Region
		}
	}
	return geo.Region{}
}
