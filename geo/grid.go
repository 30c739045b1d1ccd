// SPDX-License-Identifier: Apache-2.0

package geo

// Sizes of the cells of GridCell; others are cut to these.
const (
	CellMinMM = 1_000
	CellMaxMM = 1_000_000_000
)

// GridCell returns the cell, as a polygon of four corners, that holds p in a
// fixed grid of the whole globe whose cells are at least sizeMM high and, but
// at the poles, wide. Rows have equal height in latitude; each row has as many
// columns as fit the shorter of its two parallels, and at least three. The same
// place and size always give the same cell, and any place of a cell the same as
// its centre. Cells of two sizes do not nest. On the rim between two cells the
// northern and eastern one is taken; longitude 180 is -180.
func GridCell(p Position, sizeMM int64) Region {
	sizeMM = max(CellMinMM, min(CellMaxMM, sizeMM))
	const degreeMinMM = 110_574_000 // of latitude, at the equator, rounded down
	const height, around = 180 * E7, 360 * E7
	rows := height / ((sizeMM*E7 + degreeMinMM - 1) / degreeMinMM)
	y := int64(p.LatE7) + 90*E7
	row := min(y*rows/height, rows-1)
	south, north := gridLine(row, rows, height)-90*E7, gridLine(row+1, rows, height)-90*E7
	columns := max(3, parallelMM(max(abs64(south), abs64(north)))/sizeMM)
	x := int64(p.LonE7) + 180*E7
	if x == around {
		x = 0
	}
	column := x * columns / around
	west, east := gridLine(column, columns, around)-180*E7, gridLine(column+1, columns, around)-180*E7
	corner := func(lat, lon int64) Position { return Position{int32(lat), int32(lon)} }
	r := Region{Kind: Polygon, Rings: [][]Position{{
		corner(south, west), corner(south, east), corner(north, east), corner(north, west),
	}}}
	r.Center = corner((south+north)/2, (west+east)/2)
	return r
}

// gridLine is the first unit of the k-th of n parts of a whole.
func gridLine(k, n, whole int64) int64 { return (k*whole + n - 1) / n }

// parallelMM is the length of a circle of latitude, cut to the millimetre.
func parallelMM(latE7 int64) int64 {
	s, c := sincosE7(latE7)
	return int64(float64(float64(2000*pi*transverseRadius(s)) * c))
}
