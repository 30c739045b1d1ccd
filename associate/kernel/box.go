// SPDX-License-Identifier: Apache-2.0

package kernel

import "github.com/trucewatch/trucewatch/geo"

// A Box is a range of latitudes and longitudes in units of 1e-7 degree, both
// ends inside. Longitudes may go beyond 180 degrees: boxes over the
// antimeridian are not treated, places there are never neighbours.
type Box struct{ South, West, North, East int32 }

// Overlaps says whether two boxes share a point.
func (b Box) Overlaps(c Box) bool {
	return b.South <= c.North && c.South <= b.North && b.West <= c.East && c.West <= b.East
}

// BoxOf returns a box that holds r and marginMM around it; the zero Box if r is
// nowhere.
func BoxOf(r *geo.Region, marginMM int64) Box {
	switch r.Kind {
	case geo.Ellipse:
		return around(r.Center, r.SemiMajorMM+marginMM)
	case geo.Pixel:
		return around(r.Center, r.SemiMajorMM+r.SemiMinorMM+marginMM) // more than the half diagonal
	case geo.Sector:
		return around(r.Center, r.RMaxMM+marginMM)
	case geo.Polygon:
		if len(r.Rings) > 0 && len(r.Rings[0]) > 0 {
			return ringBox(r.Rings[0], marginMM)
		}
	}
	return Box{}
}

func around(p geo.Position, radiusMM int64) Box {
	f := newFrame(p)
	dx, dy := km(radiusMM)/f.kx, km(radiusMM)/f.ky
	return Box{South: clip(float64(p.LatE7) - dy), West: clip(float64(p.LonE7) - dx),
		North: clip(float64(p.LatE7) + dy), East: clip(float64(p.LonE7) + dx)}
}

func ringBox(ring []geo.Position, marginMM int64) Box {
	b := around(ring[0], marginMM)
	for _, p := range ring[1:] {
		c := around(p, marginMM)
		b = Box{South: min(b.South, c.South), West: min(b.West, c.West), North: max(b.North, c.North), East: max(b.East, c.East)}
	}
	return b
}

// clip rounds to an int32 within 200 degrees.
func clip(e7 float64) int32 {
	return int32(round(min(max(e7, -200*geo.E7), 200*geo.E7)))
}

// AreaKM2 returns the area between two latitudes over a range of longitudes, all
// in 1e-7 degree, as that of a trapezium: right to 2 % up to 20 degrees of
// latitude, which is enough for rates.
func AreaKM2(south, north, wide int64) int64 {
	low := newFrame(geo.Position{LatE7: int32(min(max(south, -90*geo.E7), 90*geo.E7))})
	high := newFrame(geo.Position{LatE7: int32(min(max(north, -90*geo.E7), 90*geo.E7))})
	across, along := float64(float64(wide)*(low.kx+high.kx))/2, float64(float64(north-south)*low.ky)
	return round(float64(across * along))
}
