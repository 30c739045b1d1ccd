// SPDX-License-Identifier: Apache-2.0

package geo

import "math"

// A vector is a point in metres from the centre of the Earth: x through
// longitude 0 on the equator, y through 90 degrees east, z through the north
// pole. For points of the ellipsoid no pole and no antimeridian is special.
type vector struct{ x, y, z float64 }

func (v vector) minus(w vector) vector { return vector{v.x - w.x, v.y - w.y, v.z - w.z} }

func (v vector) plus(w vector) vector { return vector{v.x + w.x, v.y + w.y, v.z + w.z} }

func (v vector) times(k float64) vector {
	return vector{float64(v.x * k), float64(v.y * k), float64(v.z * k)}
}

func (v vector) dot(w vector) float64 {
	return float64(v.x*w.x) + float64(v.y*w.y) + float64(v.z*w.z)
}

func (v vector) length() float64 { return math.Sqrt(v.dot(v)) }

// vector returns where p is in space.
func (p Position) vector() vector {
	return surface(float64(p.LatE7), float64(p.LonE7))
}

// surface returns the point of the ellipsoid at a latitude and longitude in
// units of 1e-7 degree, which need not be whole.
func surface(latE7, lonE7 float64) vector {
	sinLat, cosLat := sincos(float64(latE7 * (math.Pi / 180 / E7)))
	sinLon, cosLon := sincos(float64(lonE7 * (math.Pi / 180 / E7)))
	n := transverseRadius(sinLat)
	r := float64(n * cosLat)
	return vector{float64(r * cosLon), float64(r * sinLon), float64(float64(n*(1-eccSquared)) * sinLat)}
}

// transverseRadius is the radius of curvature across the meridian, metres.
func transverseRadius(sinLat float64) float64 {
	return semiMajorM / math.Sqrt(1-float64(eccSquared*float64(sinLat*sinLat)))
}

// place returns the position of a point on, or close to, the ellipsoid. It is
// exact on it; h metres above, the latitude is off by less than h/300 metres.
func (v vector) place() Position {
	lat := Atan2(v.z, float64((1-eccSquared)*hypot(v.x, v.y)))
	return position(toE7(lat), toE7(Atan2(v.y, v.x)))
}

// NearRelativePPB bounds the relative error of NearMM, in parts per 1e9, for
// points up to NearMaxMM apart, beside its rounding to 1 mm.
const (
	NearRelativePPB = 600
	NearMaxMM       = 200_000_000
)

// NearMM returns about the distance of Inverse, for gates over many points: it
// errs by at most 1 mm + 0.6 mm per km (NearRelativePPB) up to 200 km anywhere
// on the globe, and by 1 % at 5,000 km. It is the chord through the Earth bent
// to the mean radius.
func NearMM(a, b Position) int64 {
	sinA, cosA := sincosE7(int64(a.LatE7))
	sinB, cosB := sincosE7(int64(b.LatE7))
	sinHalf, _ := sincos(float64((float64(a.LonE7) - float64(b.LonE7)) * (math.Pi / 360 / E7)))
	nA, nB := transverseRadius(sinA), transverseRadius(sinB)
	rA, rB := float64(nA*cosA), float64(nB*cosB)
	across := float64(float64(float64(4*rA)*rB) * float64(sinHalf*sinHalf))
	dz := float64((1 - eccSquared) * diffProducts(nA, sinA, nB, sinB))
	dr := rA - rB
	return roundInt(float64(1000 * bend(math.Sqrt(across+sumProducts(dr, dr, dz, dz)))))
}

// bend returns the length along the surface of a chord, both in metres.
func bend(chord float64) float64 {
	const meanRadius = 6371008.8 // (2a+b)/3; the true one differs by 0.7 % at most
	q := float64(chord*chord) / (4 * meanRadius * meanRadius)
	return float64(chord * (1 + float64(q*(1.0/6+float64(q*(3.0/40))))))
}

// A frame is the east, north and up at a place, for offsets of local figures.
type frame struct {
	at              vector
	east, north, up vector
	meridian        float64 // radius of curvature along the meridian, metres
	transverse      float64 // and across it
}

func frameAt(p Position) frame {
	sinLat, cosLat := sincosE7(int64(p.LatE7))
	sinLon, cosLon := sincosE7(int64(p.LonE7))
	n := transverseRadius(sinLat)
	w := 1 - float64(eccSquared*float64(sinLat*sinLat))
	r := float64(n * cosLat)
	return frame{
		at:         vector{float64(r * cosLon), float64(r * sinLon), float64(float64(n*(1-eccSquared)) * sinLat)},
		east:       vector{-sinLon, cosLon, 0},
		north:      vector{float64(-sinLat * cosLon), float64(-sinLat * sinLon), cosLat},
		up:         vector{float64(cosLat * cosLon), float64(cosLat * sinLon), sinLat},
		meridian:   float64(n*(1-eccSquared)) / w,
		transverse: n,
	}
}

// point returns the place at an offset of metres east and north along the
// surface. Within 200 km of the frame's place it is within 1e-4 of the length
// of the offset of what Direct gives (tested); beyond 10,000 km it is cut.
func (f *frame) point(east, north float64) Position { return f.vector(east, north).place() }

// vector is point in space.
func (f *frame) vector(east, north float64) vector {
	d2 := sumProducts(east, east, north, north)
	if d2 == 0 {
		return f.at
	}
	const farM = 10_000_000
	if d2 > farM*farM {
		cut := farM / math.Sqrt(d2)
		east, north, d2 = float64(east*cut), float64(north*cut), farM*farM
	}
	// Euler's formula: the curvature in the direction of the offset.
	curvature := (float64(east*east)/f.transverse + float64(north*north)/f.meridian) / d2
	angle := float64(math.Sqrt(d2) * curvature)
	s, c := sincos(angle / 2)
	along := float64(2*float64(s*c)) / angle // of the offset, as seen from the tangent plane
	down := float64(2*float64(s*s)) / curvature
	return f.at.plus(f.east.times(float64(east * along))).plus(f.north.times(float64(north * along))).plus(f.up.times(-down))
}
