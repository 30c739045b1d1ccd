// SPDX-License-Identifier: Apache-2.0

package geo

import "math"

// Mean returns the centre of mass of r: of an ellipse and a pixel their centre,
// of a sector that of the plane figure, of a polygon that of its figure in
// longitude and latitude, which for one 100 km high at latitude 50 lies 160 m
// off the one on the ground. It need not lie inside. The zero region has the
// zero position.
func (r Region) Mean() Position {
	switch r.Kind {
	case Sector:
		return r.sectorMean()
	case Polygon:
		return polygonMean(r.paths())
	}
	return r.Center
}

func (r Region) sectorMean() Position {
	low, high := float64(r.RMinMM)/1000, float64(r.RMaxMM)/1000
	if low+high <= 0 {
		return r.Center
	}
	// (R³-r³)/(R²-r²) without the difference that may vanish
	radius := float64(2.0/3*(float64(high*high)+float64(high*low)+float64(low*low))) / (high + low)
	east, north, width := 0.0, 0.0, 0.0
	for _, a := range mergeArcs(r.Arcs) {
		w := a.widthMdeg()
		s0, c0 := sincosE7(int64(a.FromMdeg) * (E7 / 1000))
		s1, c1 := sincosE7(int64(a.FromMdeg+w) * (E7 / 1000))
		east += c0 - c1
		north += s1 - s0
		width += float64(float64(w) * (math.Pi / 180_000))
	}
	f := frameAt(r.Center)
	return f.point(float64(radius*east)/width, float64(radius*north)/width)
}

// polygonMean is the centre of mass in longitude and latitude; that of the
// vertices if there is no area.
func polygonMean(paths [][]vertex) Position {
	if len(paths) == 0 {
		return Position{}
	}
	origin := paths[0][0]
	var area, lat, lon float64
	var sum vertex
	for i, path := range paths {
		var ringArea, ringLat, ringLon float64
		for k, a := range path {
			b := path[(k+1)%len(path)]
			x0, y0 := float64(a.lon-origin.lon), float64(a.lat-origin.lat)
			x1, y1 := float64(b.lon-origin.lon), float64(b.lat-origin.lat)
			w := diffProducts(x0, y1, x1, y0)
			ringArea += w
			ringLat += float64((y0 + y1) * w)
			ringLon += float64((x0 + x1) * w)
		}
		if (ringArea < 0) != (i > 0) { // outer rings count, holes count against
			ringArea, ringLat, ringLon = -ringArea, -ringLat, -ringLon
		}
		area, lat, lon = area+ringArea, lat+ringLat, lon+ringLon
	}
	for _, v := range paths[0] {
		sum.lat, sum.lon = sum.lat+v.lat-origin.lat, sum.lon+v.lon-origin.lon
	}
	n := int64(len(paths[0]))
	if area < 1 {
		return position(origin.lat+sum.lat/n, origin.lon+sum.lon/n)
	}
	middle := vertex{origin.lat + roundInt(lat/float64(3*area)), origin.lon + roundInt(lon/float64(3*area))}
	middle.lat = max(-90*E7, min(90*E7, middle.lat)) // rings that cross may have it anywhere
	middle.lon %= 360 * E7
	return middle.position()
}

const (
	// earthM2 is the surface of the ellipsoid, above which no area can be.
	earthM2 = 510_065_621_724_000
	// reachMaxMM is half a meridian, the largest distance there is.
	reachMaxMM = 20_003_931_459
)

// AreaM2 returns the area of r in square metres, of an ellipse that within its
// 95 % contour. Ellipse, sector and pixel are taken as plane, which is too large
// by 2e-5 at a radius of 100 km.
func (r Region) AreaM2() int64 {
	return roundInt(max(0, min(earthM2, r.squareMetres())))
}

func (r Region) squareMetres() float64 {
	a, b := float64(r.SemiMajorMM)/1000, float64(r.SemiMinorMM)/1000
	switch r.Kind {
	case Ellipse:
		return float64(pi * float64(a*b))
	case Pixel:
		return float64(4 * float64(a*b))
	case Sector:
		width := 0.0
		for _, arc := range mergeArcs(r.Arcs) {
			width += float64(float64(arc.widthMdeg()) * (math.Pi / 180_000))
		}
		low, high := float64(r.RMinMM)/1000, float64(r.RMaxMM)/1000
		return float64(width*diffProducts(high, high, low, low)) / 2
	case Polygon:
		total := 0.0
		for i, path := range r.paths() {
			m2 := math.Abs(ringArea(path))
			if i > 0 {
				m2 = -m2
			}
			total += m2
		}
		return total
	}
	return 0
}

// ReachMM returns the largest distance of the outline of r, of an ellipse that
// of its 95 % contour, from its centre; of a polygon, that of its vertices from
// Mean.
func (r Region) ReachMM() int64 {
	switch r.Kind {
	case Ellipse:
		return min(reachMaxMM, max(r.SemiMajorMM, r.SemiMinorMM))
	case Pixel:
		return roundInt(min(reachMaxMM, hypot(float64(r.SemiMajorMM), float64(r.SemiMinorMM))+0.5))
	case Sector:
		return min(reachMaxMM, r.RMaxMM)
	case Polygon:
		mean, reach := r.Mean(), int64(0)
		for _, ring := range r.Rings {
			for _, p := range ring {
				reach = max(reach, DistanceMM(mean, p))
			}
		}
		return reach
	}
	return 0
}

// Bounds returns the south-west and north-east corners of the box round the
// outline of r. If r crosses the antimeridian, min has the larger longitude; if
// it holds a pole, the box goes all round. Curved outlines are taken by the
// circle round the centre, so the box may be larger than need be, never smaller.
func (r Region) Bounds() (low, high Position) {
	if r.Kind != Polygon {
		a, b := circleBox(r.Center, r.ReachMM())
		return boxPosition(a, b)
	}
	paths := r.paths()
	if len(paths) == 0 {
		return Position{}, Position{}
	}
	m := newMesh(paths)
	return boxPosition(vertex{m.south, m.west}, vertex{m.north, m.east})
}

// boxPosition makes positions of a box with unrolled longitudes.
func boxPosition(a, b vertex) (low, high Position) {
	if b.lon-a.lon >= 360*E7 {
		return Position{int32(a.lat), -180 * E7}, Position{int32(b.lat), 180 * E7}
	}
	a.lon, b.lon = a.lon%(360*E7), b.lon%(360*E7)
	return a.position(), b.position()
}

// circleBox is the box round all places within a distance, never too small, and
// all round if it holds a pole.
func circleBox(center Position, radiusMM int64) (low, high vertex) {
	const degreeMinMM = 110_574_000 // of latitude, at the equator, rounded down
	radiusMM = min(radiusMM, 25_000_000_000)
	dLat := radiusMM*E7/degreeMinMM + 2
	lat, lon := int64(center.LatE7), int64(center.LonE7)
	low, high = vertex{lat - dLat, lon - 180*E7}, vertex{lat + dLat, lon + 180*E7}
	if low.lat > -90*E7 && high.lat < 90*E7 {
		// On a sphere the widest place of a circle has sin(dLon) = sin(d)/cos(lat).
		s, _ := sincosE7(min(90*E7, dLat+dLat/100))
		_, c := sincosE7(lat)
		if s < c {
			q := s / c
			dLon := toE7(Atan2(q, math.Sqrt(1-float64(q*q)))) + 2
			low.lon, high.lon = lon-dLon, lon+dLon
		}
	}
	low.lat, high.lat = max(low.lat, -90*E7), min(high.lat, 90*E7)
	return low, high
}

// Outline returns rings to draw r by, the first outer, the others holes or
// further parts: 48 points round an ellipse, arcs of points at most 5 degrees
// apart for each arc of a sector, four for a pixel, the rings of a polygon. Of
// a sector all the way round with an inner radius the second ring is the hole;
// of several arcs each ring is a part.
func (r Region) Outline() [][]Position {
	const ellipsePoints = 48
	f := frameAt(r.Center)
	s, c := sincosE7(int64(r.AzimuthMdeg) * (E7 / 1000))
	major, minor := float64(r.SemiMajorMM)/1000, float64(r.SemiMinorMM)/1000
	switch r.Kind {
	case Ellipse:
		ring := make([]Position, ellipsePoints)
		for i := range ring {
			x, y := sincosE7(int64(i) * 360 * E7 / ellipsePoints)
			ring[i] = f.turned(float64(y*major), float64(x*minor), s, c)
		}
		return [][]Position{ring}
	case Pixel:
		return [][]Position{{
			f.turned(major, minor, s, c), f.turned(-major, minor, s, c),
			f.turned(-major, -minor, s, c), f.turned(major, -minor, s, c),
		}}
	case Sector:
		return r.sectorOutline()
	case Polygon:
		return r.Rings
	}
	return nil
}

func (r Region) sectorOutline() [][]Position {
	const stepMdeg = 5_000
	var rings [][]Position
	for _, a := range mergeArcs(r.Arcs) {
		width := a.widthMdeg()
		steps := (width + stepMdeg - 1) / stepMdeg
		var outer, inner []Position
		for k := range steps + 1 {
			azimuth := normalMdeg(a.FromMdeg + int32(int64(width)*int64(k)/int64(steps)))
			outer = append(outer, Direct(r.Center, azimuth, r.RMaxMM))
			inner = append(inner, Direct(r.Center, azimuth, r.RMinMM))
		}
		switch {
		case width == circleMdeg && r.RMinMM > 0:
			return [][]Position{outer[:steps], inner[:steps]}
		case width == circleMdeg:
			return [][]Position{outer[:steps]}
		case r.RMinMM == 0:
			outer = append(outer, r.Center)
		default:
			for k := len(inner) - 1; k >= 0; k-- {
				outer = append(outer, inner[k])
			}
		}
		rings = append(rings, outer)
	}
	return rings
}
