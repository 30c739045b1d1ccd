// SPDX-License-Identifier: Apache-2.0

package geo

import (
	"fmt"
	"math"
)

// An Area is a part of the ground with an outer ring and holes. Its edges are
// straight in longitude and latitude (RFC 7946 section 3.1.1). It may cross the
// antimeridian, not hold a pole. It does not change once made and may be shared.
type Area struct {
	rings [][]Position
	mesh  mesh
}

// AreaMaxM2 is the largest area: half a hemisphere. Beyond it, which side of a
// ring is inside would be a guess.
const AreaMaxM2 = 127_516_405_000_000

// NewArea makes an area of rings, the first outer, the others holes, in either
// direction of rotation, closed by repetition or not. It refuses, naming ring
// and vertex, rings that cross or touch themselves or each other, have fewer
// than three points or no area, holes outside the outer ring or in one another,
// and what is larger than AreaMaxM2 or goes round a pole.
func NewArea(rings [][]Position) (*Area, error) {
	if len(rings) == 0 {
		return nil, fmt.Errorf("%w: an area without rings", ErrInvalid)
	}
	total := 0
	paths := make([][]vertex, len(rings))
	for i, ring := range rings {
		if total += len(ring); total > VerticesMax {
			return nil, fmt.Errorf("%w: more than %d points", ErrInvalid, VerticesMax)
		}
		path, err := closedPath(ring)
		if err != nil {
			return nil, fmt.Errorf("ring %d: %w", i, err)
		}
		paths[i] = path
	}
	align(paths)
	if a, b, found := crossing(paths, true); found {
		return nil, fmt.Errorf("%w: the edge from ring %d vertex %d meets that from ring %d vertex %d",
			ErrInvalid, a.ring, a.vertex, b.ring, b.vertex)
	}
	if m2 := math.Abs(ringArea(paths[0])); m2 > AreaMaxM2 {
		return nil, fmt.Errorf("%w: ring 0 is larger than half a hemisphere", ErrInvalid)
	}
	for i := 1; i < len(paths); i++ {
		for j := range i {
			inside := inRing(paths[j], paths[i][0])
			if j == 0 && !inside {
				return nil, fmt.Errorf("%w: ring %d, a hole, lies outside ring 0 (vertex 0, %s)", ErrInvalid, i, paths[i][0].position())
			}
			if j > 0 && (inside || inRing(paths[i], paths[j][0])) {
				return nil, fmt.Errorf("%w: rings %d and %d, both holes, lie in one another", ErrInvalid, j, i)
			}
		}
	}
	area := &Area{rings: make([][]Position, len(paths)), mesh: newMesh(paths)}
	for i, path := range paths {
		for _, v := range path {
			area.rings[i] = append(area.rings[i], v.position())
		}
	}
	return area, nil
}

// closedPath unrolls a ring and refuses one that encloses nothing or a pole.
func closedPath(ring []Position) ([]vertex, error) {
	path, err := unroll(ring, "vertex")
	if err != nil {
		return nil, err
	}
	if n := len(path); n > 1 && path[0].position() == path[n-1].position() {
		if path[0] != path[n-1] {
			return nil, fmt.Errorf("%w: it goes round a pole", ErrInvalid)
		}
		path = path[:n-1]
	}
	if len(path) < 3 {
		return nil, fmt.Errorf("%w: %d distinct points, three are needed", ErrInvalid, len(path))
	}
	first, last := path[0], path[len(path)-1]
	step := wrapE7((first.lon - last.lon) % (360 * E7))
	if abs64(step) > EdgeMaxE7 {
		return nil, fmt.Errorf("%w: vertex %d is %s degrees of longitude from vertex 0, more than 90; add points between",
			ErrInvalid, len(path)-1, degrees(int32(abs64(step))))
	}
	west, east := first.lon, first.lon
	flat := true
	for i, v := range path {
		west, east = min(west, v.lon), max(east, v.lon)
		if east-west >= 180*E7 {
			return nil, fmt.Errorf("%w: vertex %d makes it 180 degrees wide or more", ErrInvalid, i)
		}
		flat = flat && turnAt(first, path[1], v) == OnLine
	}
	if flat {
		return nil, fmt.Errorf("%w: all %d points lie on one straight, so it has no area", ErrInvalid, len(path))
	}
	if last.lon+step != first.lon {
		return nil, fmt.Errorf("%w: it goes round a pole", ErrInvalid)
	}
	return path, nil
}

// align shifts the later paths by whole circles next to the first.
func align(paths [][]vertex) {
	for _, path := range paths[1:] {
		shift := paths[0][0].lon + wrapE7((path[0].lon-paths[0][0].lon)%(360*E7)) - path[0].lon
		for k := range path {
			path[k].lon += shift
		}
	}
}

// Rings returns the rings, not closed by repetition. The caller must not change
// them.
func (a *Area) Rings() [][]Position { return a.rings }

// Contains reports whether p is in the area, by exact integers. Points on an
// edge are inside.
func (a *Area) Contains(p Position) bool { return a.mesh.contains(p) }

// A mesh is the edges of rings, filed by latitude.
type mesh struct {
	edges                    []edge
	south, north, west, east int64
	height                   int64     // of a strip
	strips                   [][]int32 // indices of the edges that reach into the strip
}

type edge struct{ a, b vertex }

// stripsMax bounds the memory of a mesh of many long edges.
const stripsMax = 1024

func newMesh(paths [][]vertex) mesh {
	m := mesh{south: math.MaxInt64, north: math.MinInt64, west: math.MaxInt64, east: math.MinInt64}
	for _, path := range paths {
		for i, v := range path {
			m.south, m.north = min(m.south, v.lat), max(m.north, v.lat)
			m.west, m.east = min(m.west, v.lon), max(m.east, v.lon)
			m.edges = append(m.edges, edge{v, path[(i+1)%len(path)]})
		}
	}
	count := int64(min(stripsMax, len(m.edges)/2+1))
	m.height = max(1, (m.north-m.south)/count+1)
	m.strips = make([][]int32, (m.north-m.south)/m.height+1)
	for i, e := range m.edges {
		for s := m.strip(min(e.a.lat, e.b.lat)); s <= m.strip(max(e.a.lat, e.b.lat)); s++ {
			m.strips[s] = append(m.strips[s], int32(i))
		}
	}
	return m
}

func (m *mesh) strip(lat int64) int64 { return (lat - m.south) / m.height }

// local returns p with its longitude next to the mesh.
func (m *mesh) local(p Position) vertex {
	middle := (m.west + m.east) / 2
	return vertex{int64(p.LatE7), middle + wrapE7((int64(p.LonE7)-middle)%(360*E7))}
}

func (m *mesh) contains(p Position) bool {
	v := m.local(p)
	if v.lat < m.south || v.lat > m.north || v.lon < m.west || v.lon > m.east {
		return false
	}
	inside := false
	for _, i := range m.strips[m.strip(v.lat)] {
		crosses, on := crossesEast(m.edges[i].a, m.edges[i].b, v)
		if on {
			return true
		}
		inside = inside != crosses
	}
	return inside
}

// crossesEast reports whether the way east from v crosses the edge, and whether
// v is on it. An end of an edge counts with the part north of it.
func crossesEast(a, b, v vertex) (crosses, on bool) {
	if a.lat > b.lat {
		a, b = b, a
	}
	if v.lat < a.lat || v.lat > b.lat {
		return false, false
	}
	if v.lon > max(a.lon, b.lon) {
		return false, false
	}
	side := turnAt(a, b, v)
	if side == OnLine && v.lon >= min(a.lon, b.lon) {
		return false, true
	}
	return v.lat < b.lat && side == Left, false // left of a way north is west of it
}

// inRing reports whether v is in a ring or on its edge.
func inRing(path []vertex, v vertex) bool {
	inside := false
	for i, a := range path {
		crosses, on := crossesEast(a, path[(i+1)%len(path)], v)
		if on {
			return true
		}
		inside = inside != crosses
	}
	return inside
}

// near reports whether an edge may reach into a box of latitudes and longitudes.
func (m *mesh) near(low, high vertex) bool {
	if high.lat < m.south || low.lat > m.north || high.lon < m.west || low.lon > m.east {
		return false
	}
	for s := m.strip(max(low.lat, m.south)); s <= m.strip(min(high.lat, m.north)); s++ {
		for _, i := range m.strips[s] {
			e := m.edges[i]
			if max(e.a.lat, e.b.lat) >= low.lat && min(e.a.lat, e.b.lat) <= high.lat &&
				max(e.a.lon, e.b.lon) >= low.lon && min(e.a.lon, e.b.lon) <= high.lon {
				return true
			}
		}
	}
	return false
}

// ringArea is the area of a ring on the ellipsoid in square metres, positive if
// it runs anticlockwise, by Simpson's rule over pieces of at most half a
// degree.
func ringArea(path []vertex) float64 {
	base := zoneArea(path[0].lat)
	total := 0.0
	for i, a := range path {
		b := path[(i+1)%len(path)]
		dLon := b.lon - a.lon
		pieces := max(abs64(dLon), abs64(b.lat-a.lat))/(E7/2) + 1
		sum := 0.0
		for k := range pieces {
			lat0 := a.lat + (b.lat-a.lat)*k/pieces
			lat1 := a.lat + (b.lat-a.lat)*(k+1)/pieces
			sum += (zoneArea(lat0) + float64(4*zoneArea((lat0+lat1)/2)) + zoneArea(lat1)) / 6
		}
		total -= float64(radians(dLon) * (sum/float64(pieces) - base))
	}
	return total
}

// zoneArea is the area of the ellipsoid between the equator and a latitude, per
// radian of longitude, in square metres: b²/2 (sin/(1-e² sin²) + atanh(e sin)/e).
func zoneArea(latE7 int64) float64 {
	s, _ := sincosE7(latE7)
	s2 := float64(s * s)
	x2 := float64(eccSquared * s2)
	series := 1 + float64(x2*(1.0/3+float64(x2*(1.0/5+float64(x2*(1.0/7+float64(x2*(1.0/9+float64(x2*(1.0/11))))))))))
	return float64(semiMinorM * semiMinorM / 2 * float64(s*(1/(1-x2)+series)))
}
