// SPDX-License-Identifier: Apache-2.0

// Package geo holds places on the WGS 84 ellipsoid: positions, geodesics, lines,
// areas, zones, and regions of uncertainty; and it reads and writes coordinates
// as people do.
//
// Units. Positions are integers of 1e-7 degree (at most 11 mm), lengths are
// millimetres on the ellipsoid, heights are not treated, azimuths are
// thousandths of a degree clockwise from true north, probabilities are parts
// per million. Between two points lines and areas are straight in longitude and
// latitude (RFC 7946, section 3.1.1). All may cross the antimeridian; none may
// hold a pole.
//
// Errors, each tested:
//
//	Inverse, Direct        rounding (0.5 mm, 6 mm); Karney 2013, to nanometres
//	NearMM                 1 mm + 6e-7 up to 200 km
//	Line.DistanceMM        1 mm + 2e-7 up to 100 km, 1 cm + 1e-6 beyond
//	Line.Side, Area        exact on the integers
//	Region.Samples         1,024 points; a straight edge is off by at most 0.8 %
//	                       (ellipse, sector) or 1.5 % (pixel, polygon)
//	Line.Weigh             a ray's share on one side is off by at most 2 %
//	UTM, MGRS              rounding; Karney 2011, to nanometres
//	SK-42                  DatumErrorMM: the datum itself is known to metres
//
// What is the same everywhere. Every function gives the same bits on every
// machine: floats are held between calls nowhere but in Line, every product is
// rounded by an explicit conversion, and only + - * / and square root are used,
// with series of our own for sine and its kin. TestDigest holds one digest on
// amd64 (v1 and v3) and arm64.
//
// The package knows no country, no file and no projection for drawing.
package geo

import (
	"errors"
	"fmt"
)

const (
	// E7 is how many units of a Position make one degree.
	E7 = 10_000_000
	// Million is certainty, in parts per million.
	Million = 1_000_000
)

// ErrInvalid is wrapped by every error about a value that cannot be a place.
var ErrInvalid = errors.New("geo: invalid")

// A Position is a point on the WGS 84 ellipsoid, in units of 1e-7 degree (at
// most 11 mm). Latitude is in [-90, 90], longitude in [-180, 180] degrees,
// north and east positive.
type Position struct {
	LatE7 int32 `cbor:"1,keyasint" json:"lat_e7"`
	LonE7 int32 `cbor:"2,keyasint" json:"lon_e7"`
}

// Check returns an error that wraps ErrInvalid if p is off the globe.
func (p Position) Check() error {
	if p.LatE7 < -90*E7 || p.LatE7 > 90*E7 {
		return fmt.Errorf("%w: latitude %s is outside -90 to 90", ErrInvalid, degrees(p.LatE7))
	}
	if p.LonE7 < -180*E7 || p.LonE7 > 180*E7 {
		return fmt.Errorf("%w: longitude %s is outside -180 to 180", ErrInvalid, degrees(p.LonE7))
	}
	return nil
}

// String writes p as decimal degrees, latitude first: "48.1234567,37.7654321".
func (p Position) String() string {
	return degrees(p.LatE7) + "," + degrees(p.LonE7)
}

func degrees(e7 int32) string {
	v, sign := int64(e7), ""
	if v < 0 {
		v, sign = -v, "-"
	}
	return fmt.Sprintf("%s%d.%07d", sign, v/E7, v%E7)
}
