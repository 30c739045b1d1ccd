// SPDX-License-Identifier: Apache-2.0

package svg

import (
	"math"

	"github.com/trucewatch/trucewatch/geo"
)

// outline returns the rings of a region, none for the region that is nowhere.
func outline(r geo.Region) [][]geo.Position {
	at := func(e, n float64) geo.Position {
		lat := float64(r.Center.LatE7)/1e7 + n/111320
		lon := float64(r.Center.LonE7)/1e7 + e/(111320*math.Cos(float64(r.Center.LatE7)/1e7*math.Pi/180))
		return geo.Position{LatE7: int32(lat * 1e7), LonE7: int32(lon * 1e7)}
	}
	az := float64(r.AzimuthMdeg) / 1000 * math.Pi / 180
	a, b := float64(r.SemiMajorMM)/1000, float64(r.SemiMinorMM)/1000
	var out [][]geo.Position
	switch r.Kind {
	case geo.Ellipse:
		var ring []geo.Position
		for i := range 64 {
			t := float64(i) / 64 * 2 * math.Pi
			u, v := a*math.Cos(t), b*math.Sin(t)
			ring = append(ring, at(u*math.Sin(az)+v*math.Cos(az), u*math.Cos(az)-v*math.Sin(az)))
		}
		out = append(out, ring)
	case geo.Pixel:
		var ring []geo.Position
		for _, c := range [][2]float64{{1, 1}, {1, -1}, {-1, -1}, {-1, 1}} {
			u, v := a*c[0], b*c[1]
			ring = append(ring, at(u*math.Sin(az)+v*math.Cos(az), u*math.Cos(az)-v*math.Sin(az)))
		}
		out = append(out, ring)
	case geo.Sector:
		for _, arc := range r.Arcs {
			from, till := float64(arc.FromMdeg), float64(arc.TillMdeg)
			if till <= from {
				till += 360000
			}
			var ring []geo.Position
			for i := range 33 {
				t := (from + (till-from)*float64(i)/32) / 1000 * math.Pi / 180
				ring = append(ring, at(float64(r.RMaxMM)/1000*math.Sin(t), float64(r.RMaxMM)/1000*math.Cos(t)))
			}
			for i := range 33 {
				t := (till - (till-from)*float64(i)/32) / 1000 * math.Pi / 180
				ring = append(ring, at(float64(r.RMinMM)/1000*math.Sin(t), float64(r.RMinMM)/1000*math.Cos(t)))
			}
			out = append(out, ring)
		}
	case geo.Polygon:
		out = r.Rings
	}
	return out
}
