// SPDX-License-Identifier: Apache-2.0

package score

import (
	"math"

	"github.com/trucewatch/trucewatch/geo"
)

// chi2of95 is the 95 % quantile of chi-squared with two degrees of freedom,
// -2 ln 0.05: the squared Mahalanobis distance of the edge of a 95 % ellipse.
const chi2of95 = 5.991464547107982

// covarianceOf returns the covariance (east-east, east-north, north-north) in m2
// of which an ellipse holds 95 %; false if r is no ellipse or has no width.
func covarianceOf(r geo.Region) ([3]float64, bool) {
	if r.Kind != geo.Ellipse || r.SemiMajorMM <= 0 || r.SemiMinorMM <= 0 {
		return [3]float64{}, false
	}
	a, b := float64(r.SemiMajorMM)/1000, float64(r.SemiMinorMM)/1000
	major, minor := float64(a*a)/chi2of95, float64(b*b)/chi2of95
	angle := float64(float64(r.AzimuthMdeg) * (math.Pi / 180_000))
	s, c := geo.Sin(angle), geo.Cos(angle)
	s2, c2 := float64(s*s), float64(c*c)
	return [3]float64{
		float64(major*s2) + float64(minor*c2),
		float64(float64(major-minor) * float64(s*c)),
		float64(major*c2) + float64(minor*s2),
	}, true
}

// EllipseOf returns the ellipse that holds 95 % of a normal density with the
// covariance cov (east-east, east-north, north-north) in m2; false if that is not
// positive definite.
func EllipseOf(center geo.Position, cov [3]float64) (geo.Region, bool) {
	det := float64(cov[0]*cov[2]) - float64(cov[1]*cov[1])
	if !(det > 0) || !(cov[0] > 0) || cov[0] > 1e15 || cov[2] > 1e15 {
		return geo.Region{}, false
	}
	half, diff := (cov[0]+cov[2])/2, (cov[2]-cov[0])/2
	root := math.Sqrt(float64(diff*diff) + float64(cov[1]*cov[1]))
	mdeg := int32(math.Floor(float64(geo.Atan2(cov[1], diff)*(90_000/math.Pi)) + 0.5)) // half the angle, from north to east
	mm := func(variance float64) int64 {
		return int64(math.Floor(float64(1000*math.Sqrt(float64(chi2of95*variance))) + 0.5))
	}
	return geo.Region{Kind: geo.Ellipse, Center: center, SemiMajorMM: mm(half + root), SemiMinorMM: mm(max(half-root, 0)), AzimuthMdeg: (mdeg + 360_000) % 360_000}, true
}

// mahalanobis2 returns the squared distance of (east, north) in m, in standard
// deviations of cov.
func mahalanobis2(east, north float64, cov [3]float64) float64 {
	det := float64(cov[0]*cov[2]) - float64(cov[1]*cov[1])
	sum := float64(float64(east*east)*cov[2]) - float64(float64(2*float64(east*north))*cov[1]) + float64(float64(north*north)*cov[0])
	return sum / det
}

// offset returns how far to lies from from, m east and north on the ground.
func offset(from, to geo.Position) (east, north float64) {
	if geo.NearMM(from, to) > 200_000_000 { // beyond the flat map
		mm, azimuth := geo.Inverse(from, to)
		angle := float64(float64(azimuth) * (math.Pi / 180_000))
		return float64(float64(mm) / 1000 * geo.Sin(angle)), float64(float64(mm) / 1000 * geo.Cos(angle))
	}
	e, n := geo.NewPlane(from).Project(to)
	return float64(e) / 1000, float64(n) / 1000
}

// holds says whether r holds p.
func holds(r geo.Region, p geo.Position) bool {
	east, north := offset(r.Center, p)
	switch r.Kind {
	case geo.Ellipse, geo.Pixel:
		angle := float64(float64(r.AzimuthMdeg) * (math.Pi / 180_000))
		s, c := geo.Sin(angle), geo.Cos(angle)
		along, across := float64(east*s)+float64(north*c), float64(east*c)-float64(north*s)
		a, b := float64(r.SemiMajorMM)/1000, float64(r.SemiMinorMM)/1000
		if r.Kind == geo.Pixel {
			return math.Abs(along) <= a && math.Abs(across) <= b
		}
		u, v := along/a, across/b
		return a > 0 && b > 0 && float64(u*u)+float64(v*v) <= 1
	case geo.Sector:
		return inSector(r, east, north)
	case geo.Polygon:
		area, err := geo.NewArea(r.Rings)
		return err == nil && area.Contains(p)
	}
	return false
}

func inSector(r geo.Region, east, north float64) bool {
	d := math.Sqrt(float64(east*east) + float64(north*north))
	if d < float64(r.RMinMM)/1000 || d > float64(r.RMaxMM)/1000 {
		return false
	}
	const circle = 360_000
	azimuth := (int32(math.Floor(float64(geo.Atan2(east, north)*(180_000/math.Pi)))) + circle) % circle
	for _, a := range r.Arcs {
		width := (a.TillMdeg - a.FromMdeg + circle) % circle
		if width == 0 || (azimuth-a.FromMdeg+circle)%circle <= width {
			return true
		}
	}
	return false
}
