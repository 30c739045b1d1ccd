// SPDX-License-Identifier: Apache-2.0

package geo

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

func TestGridCell(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyPosition().Draw(t, "p")
		size := rapid.Int64Range(0, 2*CellMaxMM).Draw(t, "size")
		cell := GridCell(p, size)
		size = max(CellMinMM, min(CellMaxMM, size))
		ring := cell.Rings[0]
		low, high := ring[0], ring[2]
		lon := p.LonE7
		if lon == 180*E7 {
			lon = -180 * E7
		}
		if p.LatE7 < low.LatE7 || p.LatE7 > high.LatE7 || lon < low.LonE7 || lon > high.LonE7 {
			t.Fatalf("%v is not in %v to %v", p, low, high)
		}
		if !reflect.DeepEqual(GridCell(cell.Center, size), cell) {
			t.Fatalf("the cell of the centre %v is another", cell.Center)
		}
		// Any other place of the cell is published as the same cell, so the
		// place is known no finer.
		other := Position{
			rapid.Int32Range(low.LatE7, high.LatE7-1).Draw(t, "lat"),
			rapid.Int32Range(low.LonE7, high.LonE7-1).Draw(t, "lon"),
		}
		if !reflect.DeepEqual(GridCell(other, size), cell) {
			t.Fatalf("%v of the cell %v to %v has another cell", other, low, high)
		}
		if height := DistanceMM(Position{low.LatE7, 0}, Position{high.LatE7, 0}); height < size-12 {
			t.Fatalf("the cell is %d mm high, %d were asked for", height, size)
		}
		// Cells are no smaller than asked for, and but for the poles about square.
		area, square := cell.AreaM2(), size/1000*(size/1000)
		if size > 100_000 && area < square-square/20 {
			t.Fatalf("the cell has %d m², %d were asked for", area, square)
		}
		if size > 100_000 && size < 100_000_000 && low.LatE7 > -85*E7 && high.LatE7 < 85*E7 && area > square+square/4 {
			t.Fatalf("the cell has %d m², %d were asked for", area, square)
		}
	})
}
