// SPDX-License-Identifier: Apache-2.0

package geo

import (
	"fmt"
	"math"
)

// A Datum is the frame that coordinates were read in. It is stated by who gives
// the coordinates, never guessed: SK-42 read as WGS 84 errs by 100 m and more.
type Datum string

// The datums that are read.
const (
	WGS84 Datum = "WGS84"
	SK42  Datum = "SK42" // Pulkovo 1942, ellipsoid of Krasovsky; Soviet and later maps
)

// SK-42 to WGS 84 in one step. Source: GOST R 51794-2008 by way of PZ-90.02,
// kept in essence by GOST 32453-2017; EPSG 5044, coordinate frame rotation,
// 3 m in Russia.
const (
	sk42DXM     = 23.57
	sk42DYM     = -140.95
	sk42DZM     = -79.8
	sk42TurnYas = -0.35 // arc seconds; about x there is none
	sk42TurnZas = -0.79
	sk42ScalePM = -0.22 // parts per million
)

const krasovskyEcc2 = krasovskyFlattening * (2 - krasovskyFlattening)

// DatumErrorMM returns the 95 % error in mm that reading a datum adds: none for
// WGS 84, 8 m for SK-42.
//
// Guess: for SK-42, EPSG 5044 gives 3 m in Russia as one sigma or nearly; the
// net of 1942 is strained by several metres elsewhere. Test: points with known
// coordinates in both, where a mission has some. An unknown datum has the error
// of its absence, 1 km.
func DatumErrorMM(d Datum) int64 {
	switch d {
	case WGS84:
		return 0
	case SK42:
		return 8_000
	}
	return 1_000_000
}

// geocentric returns a point of an ellipsoid in space, metres.
func geocentric(lat, lon, axis, ecc2 float64) vector {
	sinLat, cosLat := sincos(lat)
	sinLon, cosLon := sincos(lon)
	n := axis / math.Sqrt(1-float64(ecc2*float64(sinLat*sinLat)))
	r := float64(n * cosLat)
	return vector{float64(r * cosLon), float64(r * sinLon), float64(float64(n*(1-ecc2)) * sinLat)}
}

// geodetic returns the latitude and longitude of a point within a few hundred
// metres of an ellipsoid, by Bowring's formula (Survey Review 23 (1976) 323),
// which there errs by less than 1e-9 mm.
func (v vector) geodetic(axis, ecc2 float64) (lat, lon float64) {
	ratio := math.Sqrt(1 - ecc2) // of the axes
	p := hypot(v.x, v.y)
	s, c := unit(v.z, float64(p*ratio))
	second := ecc2 / (1 - ecc2)
	b := float64(axis * ratio)
	lat = Atan2(v.z+float64(float64(second*b)*float64(s*float64(s*s))), p-float64(float64(ecc2*axis)*float64(c*float64(c*c))))
	return lat, Atan2(v.y, v.x)
}

// fromSK42 converts SK-42 latitude and longitude in radians.
func fromSK42(lat, lon float64) Position {
	const arcSecond = math.Pi / 180 / 3600
	v := geocentric(lat, lon, krasovskyAxisM, krasovskyEcc2)
	v = v.plus(turned(v, sk42TurnYas*arcSecond, sk42TurnZas*arcSecond, sk42ScalePM*1e-6))
	v = v.plus(vector{sk42DXM, sk42DYM, sk42DZM})
	lat, lon = v.geodetic(semiMajorM, eccSquared)
	return position(toE7(lat), toE7(lon))
}

// toSK42 is the inverse of fromSK42, in radians. The small turn is undone by
// its opposite twice refined, which leaves less than 1e-9 m.
func toSK42(p Position) (lat, lon float64) {
	const arcSecond = math.Pi / 180 / 3600
	goal := p.vector().minus(vector{sk42DXM, sk42DYM, sk42DZM})
	v := goal
	const steps = 3
	for range steps {
		v = goal.minus(turned(v, sk42TurnYas*arcSecond, sk42TurnZas*arcSecond, sk42ScalePM*1e-6))
	}
	return v.geodetic(krasovskyAxisM, krasovskyEcc2)
}

// turned is by how much a small turn of the frame about y and z, and a change of
// scale, move v.
func turned(v vector, aboutY, aboutZ, scale float64) vector {
	turn := vector{
		diffProducts(aboutZ, v.y, aboutY, v.z),
		float64(-aboutZ * v.x),
		float64(aboutY * v.x),
	}
	return turn.plus(v.plus(turn).times(scale))
}

// Zones of Gauss and Krüger of 6 degrees: zone 1 from 0 to 6 degrees east.
const (
	gaussFalseEastM = 500_000
	gaussZoneM      = 1_000_000 // the zone's number is put before the easting
	gaussReachM     = 10_002_137
)

// fromGaussKrueger converts SK-42 plane coordinates in metres, north and east
// with the zone's number before it.
func fromGaussKrueger(north, east float64) (Position, error) {
	zone := int64(east / gaussZoneM)
	if east < gaussZoneM || zone > normalZones {
		return Position{}, fmt.Errorf("easting %.0f does not begin with a zone of 1 to %d (7 405 123 is zone 7)", east, normalZones)
	}
	if math.Abs(north) > gaussReachM {
		return Position{}, fmt.Errorf("northing %.0f is beyond the pole", north)
	}
	lat, lon := mercatorKrasovsky.unproject(east-float64(zone*gaussZoneM+gaussFalseEastM), north)
	return fromSK42(lat, lon+radians((6*zone-3)*E7)), nil
}

// FormatSK42 writes p in SK-42 plane coordinates of Gauss and Krüger in whole
// metres, northing X first, easting Y with the number of the 6-degree zone
// before it: "X=5345678 Y=7405123". Datum and error: see DatumErrorMM.
func FormatSK42(p Position) string {
	lat, lon := toSK42(p)
	e7 := toE7(lon)
	if e7 < 0 {
		e7 += 360 * E7
	}
	zone := min(normalZones, e7/zoneWidthE7+1)
	east, north := mercatorKrasovsky.project(lat, radians(wrapE7(e7-(6*zone-3)*E7)))
	return fmt.Sprintf("X=%d Y=%d", roundInt(north), zone*gaussZoneM+gaussFalseEastM+roundInt(east))
}
