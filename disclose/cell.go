// SPDX-License-Identifier: Apache-2.0

package disclose

import (
	"fmt"
	"strconv"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// The grid. Cells are rows of a fixed height from the south pole up, cut into
// columns from the 180th meridian east. A coarser cell has twice the height and
// consists of whole finer cells, so two cells are either one in the other or
// have at most an edge in common. No cell is narrower than its side, at any
// latitude.
const (
	worldLat, worldLon = 180 * geo.E7, 360 * geo.E7

	// One unit of latitude is at least 11.057 mm long, and one of longitude at
	// least that times the cosine of the latitude.
	// Source: WGS 84, 110,574 m per degree of latitude at the equator.
	unitMicrometres = 11_057

	// coarsest is how often a cell is doubled to hold a region, at most: a cell
	// of 5 km becomes 5,120 km.
	coarsest = 10
)

// halvings are the latitudes, in 1e-7 degree, at which the cosine is 1, 1/2,
// 1/4, ... 1/128, rounded down.
var halvings = []int64{0, 60_0000000, 75_5224878, 82_8192442, 86_4166783, 88_2092153, 89_1047170, 89_5523721}

// cell returns the cell of p in the grid whose finest cells, of side sizeMM,
// were doubled so many times.
func cell(p geo.Position, sizeMM int64, doubled uint) geo.Region {
	height := min((sizeMM*1000+unitMicrometres-1)/unitMicrometres<<doubled, worldLat)
	south, north := slot(int64(p.LatE7)+worldLat/2, height, worldLat)
	// The columns are as wide as the narrowest part of the row, its polar edge,
	// needs. A row round a pole is one cell.
	polar := max(worldLat/2-south, north-worldLat/2)
	width := height
	for _, from := range halvings {
		if polar > from {
			width *= 2
		}
	}
	if polar > halvings[len(halvings)-1] {
		width = worldLon
	}
	west, east := slot(int64(p.LonE7)+worldLon/2, min(width, worldLon), worldLon)
	return box(south-worldLat/2, west-worldLon/2, north-worldLat/2, east-worldLon/2)
}

// slot returns the part of [0, whole) that holds at, of parts so long. The last
// part takes what is left over.
func slot(at, long, whole int64) (from, till int64) {
	n := min(at/long, whole/long-1)
	if n == whole/long-1 {
		return n * long, whole
	}
	return n * long, (n + 1) * long
}

func box(south, west, north, east int64) geo.Region {
	corner := func(lat, lon int64) geo.Position { return geo.Position{LatE7: int32(lat), LonE7: int32(lon)} }
	return geo.Region{
		Kind:   geo.Polygon,
		Center: corner((south+north)/2, (west+east)/2),
		Rings:  [][]geo.Position{{corner(south, west), corner(south, east), corner(north, east), corner(north, west)}},
	}
}

// where returns the place of an incident as the audience sees it, and how
// precise that is.
func (r Rules) where(in *trucewatch.Incident) (geo.Region, string) {
	best := in.Best()
	switch {
	case best == nil || best.Region.Kind == "":
		return geo.Region{}, "place not known"
	case r.mission():
		return best.Region, "exact"
	case best.Role == "origin":
		// All that is known is where it was fired from: a launch point is no place
		// for the public, at any precision.
		return geo.Region{}, "where it was fired from is not given"
	}
	least := r.PrecisionMM
	if still(in.Kind) {
		least = max(least, StillPrecisionMM)
	}
	least = max(least, extentMM(best.Region))
	doubled := uint(0)
	for r.PrecisionMM<<doubled < least && doubled < coarsest {
		doubled++
	}
	return cell(best.Region.Mean(), r.PrecisionMM, doubled), sideWords(r.PrecisionMM << doubled)
}

// still says whether a kind is of something that does not move: a position, a
// depot, or the mission's own means of observation, which is where somebody
// jams it.
func still(k trucewatch.Kind) bool {
	switch k {
	case trucewatch.WeaponSeen, trucewatch.PositionSeen, trucewatch.NewPosition, trucewatch.EngineeringWork, trucewatch.InventoryMismatch,
		trucewatch.Jamming, trucewatch.Spoofing, trucewatch.SensorTamper, trucewatch.FireAtMissionAsset:
		return true
	}
	return false
}

// extentMM returns a length that the region does not exceed in any direction.
// For a sector the reach would be that from the observer, who may be far away.
func extentMM(r geo.Region) int64 {
	if r.Kind != geo.Sector || len(r.Arcs) != 1 || r.Arcs[0].FromMdeg == r.Arcs[0].TillMdeg {
		return 2 * r.ReachMM()
	}
	const circle, radian = 360_000, 57_295 // in thousandths of a degree, the radian rounded down
	across := (int64(r.Arcs[0].TillMdeg-r.Arcs[0].FromMdeg) + circle) % circle
	return min(2*r.ReachMM(), r.RMaxMM-r.RMinMM+(r.RMaxMM/radian+1)*across)
}

// sideWords names a cell by its side: "5 km cell", "500 m cell".
func sideWords(sideMM int64) string {
	if sideMM < 1_000_000 {
		return fmt.Sprintf("%d m cell", sideMM/1000)
	}
	km, rest := sideMM/1_000_000, sideMM%1_000_000/100_000
	if rest == 0 {
		return strconv.FormatInt(km, 10) + " km cell"
	}
	return fmt.Sprintf("%d.%d km cell", km, rest)
}

// hours widens an interval to whole hours. They are counted from the start of
// the first reporting period, so that a period holds whole hours and the hour
// never says more than the period does.
func (r Rules) hours(v trucewatch.Interval) trucewatch.Interval {
	if r.mission() || v.IsZero() {
		return v
	}
	out := trucewatch.Interval{From: r.hourOf(v.From)}
	if v.Till != 0 {
		out.Till = r.hourOf(v.Till) + trucewatch.Hour
	}
	return out
}

// hourOf returns the start of the hour that holds at; unknown stays unknown.
func (r Rules) hourOf(at trucewatch.Instant) trucewatch.Instant {
	if at == 0 {
		return 0
	}
	into := (at - r.hour) % trucewatch.Hour
	if into < 0 {
		into += trucewatch.Hour
	}
	return at - into
}

// step rounds a probability down to whole steps.
func (r Rules) step(p trucewatch.PPM) trucewatch.PPM {
	if r.mission() {
		return p
	}
	return p / ConfidenceStep * ConfidenceStep
}
