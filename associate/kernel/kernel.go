// SPDX-License-Identifier: Apache-2.0

// Package kernel is the numeric heart of association: how well regions agree
// on one place, and what place that is.
//
// A region is a density over the plane: f(x), per square kilometre, of what was
// seen being at x. Whether regions R1..Rn speak of one place is measured by the
// overlap integral
//
//	V = integral of f1(x) f2(x) ... fn(x) dx     in km^-2(n-1),
//
// the evidence for a common place in a Bayesian comparison of models. The
// search takes each density by its mean and covariance, for which V has a
// closed form; the final region is found from sample points of the true shapes
// (see Fuse).
//
// The package computes in float64 within one call only. What goes in and comes
// out are integers, or values whose fields nobody else can see. Every product
// is rounded by its own conversion and only + - * / and square root are used,
// with the elementary functions of package geo, so that the results are the
// same bits on every machine.
//
// Frames are local planes: east and north in kilometres from a point, with the
// radii of curvature of WGS 84 there. Within 100 km of the point at latitudes
// below 70 degrees distances are wrong by less than 5 %, in differences of
// neighbouring points too; that is small beside the regions compared.
package kernel

import (
	"math"

	"github.com/trucewatch/trucewatch/geo"
)

const (
	semiMajorKM = 6378.137              // Source: WGS 84, NIMA TR8350.2
	ecc2        = 0.0066943799901413165 // first eccentricity squared, same source
	mmPerKM     = 1_000_000
	radPerE7    = math.Pi / 180 / geo.E7
	radPerMdeg  = math.Pi / 180_000

	// sigmasAt95 is how many standard deviations reach 95 % of a two-dimensional
	// normal distribution: sqrt(-2 ln 0.05).
	sigmasAt95 = 2.4477468306808161

	ln2Pi = 1.8378770664093453
)

// A frame is a local plane.
type frame struct {
	at     geo.Position
	kx, ky float64 // kilometres per unit of 1e-7 degree, east and north
}

func newFrame(at geo.Position) frame {
	lat := float64(float64(at.LatE7) * radPerE7)
	s, c := geo.Sin(lat), geo.Cos(lat)
	w := math.Sqrt(1 - float64(ecc2*float64(s*s)))
	n := semiMajorKM / w
	m := float64(n*(1-ecc2)) / float64(w*w)
	// At a pole a degree of longitude has no length; 1e-9 keeps divisions finite.
	return frame{at: at, kx: float64(float64(n*max(c, 1e-9)) * radPerE7), ky: float64(m * radPerE7)}
}

// plane returns kilometres east and north of the frame's point.
func (f frame) plane(p geo.Position) (x, y float64) {
	return float64(float64(wrap(int64(p.LonE7)-int64(f.at.LonE7))) * f.kx), float64(float64(int64(p.LatE7)-int64(f.at.LatE7)) * f.ky)
}

// globe is the inverse of plane.
func (f frame) globe(x, y float64) geo.Position {
	lat := min(max(int64(f.at.LatE7)+round(y/f.ky), -90*geo.E7), 90*geo.E7)
	return geo.Position{LatE7: int32(lat), LonE7: int32(wrap(int64(f.at.LonE7) + round(x/f.kx)))}
}

// wrap brings a difference of longitudes into [-180, 180] degrees.
func wrap(e7 int64) int64 {
	const turn = 360 * geo.E7
	switch {
	case e7 > turn/2:
		return e7 - turn
	case e7 < -turn/2:
		return e7 + turn
	}
	return e7
}

// round rounds to the nearest integer, halves up.
func round(x float64) int64 { return int64(math.Floor(x + 0.5)) }

func km(mm int64) float64 { return float64(mm) / mmPerKM }

// LogRatio returns ln(a/b) in thousandths, rounded. Both must be positive.
func LogRatio(a, b int64) int64 {
	return round(float64(1000 * (geo.Log(float64(a)) - geo.Log(float64(b)))))
}

// Probability returns 1/(1+exp(-milliNat/1000)) in parts per million.
func Probability(milliNat int64) int64 {
	if milliNat < -700_000 {
		return 0
	}
	return round(geo.Million / (1 + geo.Exp(-float64(milliNat)/1000)))
}
