// SPDX-License-Identifier: Apache-2.0

package geo

import "math"

// A mercator is the transverse Mercator projection of one ellipsoid, by the
// series of Krüger to the sixth order. Source: C. F. F. Karney, "Transverse
// Mercator with an accuracy of a few nanometers", Journal of Geodesy 85 (2011)
// 475-485, equations 7 to 12, 14, 19 to 21, 35 and 36. Within 4,000 km of the
// central meridian it errs by 5 nm.
type mercator struct {
	eccSquared float64
	radius     float64    // of the rectifying sphere, metres
	forward    [6]float64 // alpha of the paper
	backward   [6]float64 // beta
}

// krasovsky is the ellipsoid of SK-42. Source: GOST 32453-2017, table 1.
const (
	krasovskyAxisM      = 6378245.0
	krasovskyFlattening = 1 / 298.3
)

var (
	mercatorWGS84     = newMercator(semiMajorM, flattening)
	mercatorKrasovsky = newMercator(krasovskyAxisM, krasovskyFlattening)
)

func newMercator(axis, f float64) mercator {
	n := f / (2 - f)
	n2 := float64(n * n)
	return mercator{
		eccSquared: float64(f * (2 - f)),
		radius:     float64(axis / (1 + n) * (1 + float64(n2*(1.0/4+float64(n2*(1.0/64+n2/256)))))),
		forward: powers(n, [6]float64{
			polynomial(n, 1.0/2, -2.0/3, 5.0/16, 41.0/180, -127.0/288, 7891.0/37800),
			polynomial(n, 13.0/48, -3.0/5, 557.0/1440, 281.0/630, -1983433.0/1935360),
			polynomial(n, 61.0/240, -103.0/140, 15061.0/26880, 167603.0/181440),
			polynomial(n, 49561.0/161280, -179.0/168, 6601661.0/7257600),
			polynomial(n, 34729.0/80640, -3418889.0/1995840),
			212378941.0 / 319334400,
		}),
		backward: powers(n, [6]float64{
			polynomial(n, 1.0/2, -2.0/3, 37.0/96, -1.0/360, -81.0/512, 96199.0/604800),
			polynomial(n, 1.0/48, 1.0/15, -437.0/1440, 46.0/105, -1118711.0/3870720),
			polynomial(n, 17.0/480, -37.0/840, -209.0/4480, 5569.0/90720),
			polynomial(n, 4397.0/161280, -11.0/504, -830251.0/7257600),
			polynomial(n, 4583.0/161280, -108847.0/3991680),
			20648693.0 / 638668800,
		}),
	}
}

// polynomial is c[0] + c[1] x + c[2] x² + ...
func polynomial(x float64, c ...float64) float64 {
	sum := 0.0
	for i := len(c) - 1; i >= 0; i-- {
		sum = float64(sum*x) + c[i]
	}
	return sum
}

// project returns metres east and north of the central meridian and equator, at
// scale 1, of a latitude and a longitude from the central meridian in radians.
func (m *mercator) project(lat, lon float64) (east, north float64) {
	sinLon, cosLon := sincos(lon)
	sinLat, cosLat := sincos(lat)
	t := m.conformal(sinLat / max(cosLat, 1e-20))
	xi := Atan2(t, cosLon)
	eta := asinh(sinLon / hypot(t, cosLon))
	dEta, dXi := series(&m.forward, xi, eta)
	return float64(m.radius * (eta + dEta)), float64(m.radius * (xi + dXi))
}

// unproject is the inverse of project.
func (m *mercator) unproject(east, north float64) (lat, lon float64) {
	eta, xi := east/m.radius, north/m.radius
	dEta, dXi := series(&m.backward, xi, eta)
	eta, xi = eta-dEta, xi-dXi
	sinhEta := sinh(eta)
	sinXi, cosXi := sincos(xi)
	t := sinXi / hypot(sinhEta, cosXi)
	// Newton's method for the tangent of latitude whose conformal one is t.
	scale := 1 - m.eccSquared
	tau := t / scale
	const steps = 5
	for range steps {
		ta := m.conformal(tau)
		tau += float64((t-ta)*(1+float64(scale*float64(tau*tau)))) /
			float64(float64(scale*hypot(1, tau))*hypot(1, ta))
	}
	return atan(tau), Atan2(sinhEta, cosXi)
}

// series sums the terms of Krüger.
func series(c *[6]float64, xi, eta float64) (dEta, dXi float64) {
	for j := 5; j >= 0; j-- {
		k := float64(2 * (j + 1))
		s, cos := sincos(float64(k * xi))
		e := Exp(float64(k * eta))
		dXi += float64(c[j] * float64(s*((e+1/e)/2)))
		dEta += float64(c[j] * float64(cos*((e-1/e)/2)))
	}
	return dEta, dXi
}

// conformal turns the tangent of a latitude into that of the conformal latitude.
func (m *mercator) conformal(tau float64) float64 {
	h := hypot(1, tau)
	e := math.Sqrt(m.eccSquared)
	x := float64(e * (tau / h))
	x2 := float64(x * x)
	atanh := float64(x * polynomial(x2, 1, 1.0/3, 1.0/5, 1.0/7, 1.0/9, 1.0/11, 1.0/13, 1.0/15))
	s := sinh(float64(e * atanh))
	return float64(tau*hypot(1, s)) - float64(s*h)
}

// sinh is the hyperbolic sine, within 1e-16 of itself for |x| < 0.1.
func sinh(x float64) float64 {
	if math.Abs(x) < 0.1 {
		x2 := float64(x * x)
		return float64(x * polynomial(x2, 1, 1.0/6, 1.0/120, 1.0/5040, 1.0/362880))
	}
	e := Exp(x)
	return (e - 1/e) / 2
}

// asinh is the inverse of sinh, within 1e-16.
func asinh(x float64) float64 {
	a := math.Abs(x)
	return math.Copysign(Log(a+hypot(1, a)), x)
}
