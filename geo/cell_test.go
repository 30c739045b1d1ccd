// SPDX-License-Identifier: Apache-2.0

package geo_test

import (
	"testing"

	"github.com/trucewatch/trucewatch/geo"
	"pgregory.net/rapid"
)

func TestCellsOfOneSizeNest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := geo.Position{LatE7: rapid.Int32Range(-90*geo.E7, 90*geo.E7).Draw(t, "lat"), LonE7: rapid.Int32Range(-180*geo.E7, 180*geo.E7).Draw(t, "lon")}
		size := rapid.Int64Range(0, 2_000_000_000).Draw(t, "size")
		fine := rapid.UintRange(0, 12).Draw(t, "fine")
		low, high := corners(geo.Cell(p, size, fine))
		if p.LatE7 < low.LatE7 || p.LatE7 > high.LatE7 || p.LonE7 < low.LonE7 || p.LonE7 > high.LonE7 {
			t.Fatalf("cell %v to %v does not hold %v", low, high, p)
		}
		low2, high2 := corners(geo.Cell(p, size, fine+rapid.UintRange(0, 80).Draw(t, "coarser")))
		if low2.LatE7 > low.LatE7 || low2.LonE7 > low.LonE7 || high2.LatE7 < high.LatE7 || high2.LonE7 < high.LonE7 {
			t.Fatalf("the coarser cell %v to %v does not hold %v to %v", low2, high2, low, high)
		}
	})
}

func TestCellDoubledOftenIsTheGlobe(t *testing.T) {
	for _, doubled := range []uint{30, 31, 64, 1 << 40} {
		low, high := corners(geo.Cell(geo.Position{LatE7: 12, LonE7: -34}, 1_000_000, doubled))
		if low != (geo.Position{LatE7: -90 * geo.E7, LonE7: -180 * geo.E7}) || high != (geo.Position{LatE7: 90 * geo.E7, LonE7: 180 * geo.E7}) {
			t.Errorf("doubled %d times it is %v to %v", doubled, low, high)
		}
	}
}

// corners are the south-west and north-east ones.
func corners(r geo.Region) (low, high geo.Position) {
	return r.Rings[0][0], r.Rings[0][2]
}

func TestExtentHoldsARegion(t *testing.T) {
	center := geo.Position{LatE7: 48_0000000, LonE7: 37_0000000}
	for _, r := range []geo.Region{
		geo.Circle(center, 250_000),
		{Kind: geo.Sector, Center: center, RMinMM: 2_000_000, RMaxMM: 4_000_000, Arcs: []geo.Arc{{FromMdeg: 56_250, TillMdeg: 78_750}}},
		{Kind: geo.Sector, Center: center, RMinMM: 2_000_000, RMaxMM: 4_000_000, Arcs: []geo.Arc{{FromMdeg: 350_000, TillMdeg: 20_000}}},
		{Kind: geo.Pixel, Center: center, SemiMajorMM: 190_000, SemiMinorMM: 200_000},
	} {
		var all []geo.Position
		for _, ring := range r.Outline() {
			all = append(all, ring...)
		}
		for i, p := range all {
			for _, q := range all[i:] {
				if d := geo.DistanceMM(p, q); d > r.ExtentMM()+1000 {
					t.Errorf("%s: two points of the outline are %d mm apart, more than %d", r.Kind, d, r.ExtentMM())
				}
			}
		}
	}
}
