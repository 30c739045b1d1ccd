// SPDX-License-Identifier: Apache-2.0

package geo

// The nested grid. Cells are rows of a fixed height from the south pole up, cut
// into columns from the 180th meridian east. A coarser cell has twice the height
// and consists of whole finer cells, so two cells are either one in the other or
// have at most an edge in common. No cell is narrower than its side, at any
// latitude.
const (
	worldLat, worldLon = 180 * E7, 360 * E7

	// One unit of latitude is at least 11.057 mm long, and one of longitude at
	// least that times the cosine of the latitude.
	// Source: WGS 84, 110,574 m per degree of latitude at the equator.
	unitMicrometres = 11_057

	// doubledMax is more doublings than it takes from a cell of CellMinMM to the
	// globe, and fewer than overflow.
	doubledMax = 30
)

// halvings are the latitudes, in 1e-7 degree, at which the cosine is 1, 1/2,
// 1/4, ... 1/128, rounded down.
var halvings = []int64{0, 60_0000000, 75_5224878, 82_8192442, 86_4166783, 88_2092153, 89_1047170, 89_5523721}

// Cell returns the cell of p, as a polygon of four corners, in the nested grid
// whose finest cells, of side sizeMM (cut to CellMinMM and CellMaxMM), were
// doubled so many times. Doubled often enough, a cell is the globe. Cells of one
// size nest, whatever the doublings; those of two sizes do not.
func Cell(p Position, sizeMM int64, doubled uint) Region {
	sizeMM = max(CellMinMM, min(CellMaxMM, sizeMM))
	height := min((sizeMM*1000+unitMicrometres-1)/unitMicrometres<<min(doubled, doubledMax), worldLat)
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
	return cellBox(south-worldLat/2, west-worldLon/2, north-worldLat/2, east-worldLon/2)
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

func cellBox(south, west, north, east int64) Region {
	corner := func(lat, lon int64) Position { return Position{LatE7: int32(lat), LonE7: int32(lon)} }
	return Region{
		Kind:   Polygon,
		Center: corner((south+north)/2, (west+east)/2),
		Rings:  [][]Position{{corner(south, west), corner(south, east), corner(north, east), corner(north, west)}},
	}
}

// ExtentMM returns a length that the region does not exceed in any direction.
// For a sector of one arc the reach would be that from the observer, who may be
// far away.
func (r Region) ExtentMM() int64 {
	if r.Kind != Sector || len(r.Arcs) != 1 || r.Arcs[0].FromMdeg == r.Arcs[0].TillMdeg {
		return 2 * r.ReachMM()
	}
	const circle, radian = 360_000, 57_295 // in thousandths of a degree, the radian rounded down
	across := (int64(r.Arcs[0].TillMdeg-r.Arcs[0].FromMdeg) + circle) % circle
	return min(2*r.ReachMM(), r.RMaxMM-r.RMinMM+(r.RMaxMM/radian+1)*across)
}
