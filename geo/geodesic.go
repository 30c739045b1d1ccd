// SPDX-License-Identifier: Apache-2.0

package geo

import "math"

// Geodesics after C. F. F. Karney, "Algorithms for geodesics", Journal of
// Geodesy 87 (2013) 43-55, https://doi.org/10.1007/s00190-012-0578-z, with the
// series taken to the sixth order. Names of variables follow the paper: alp is
// an azimuth, bet a reduced latitude, sig an arc on the auxiliary sphere, omg
// and lam longitudes on sphere and ellipsoid; a leading s or c is sine or
// cosine.

const (
	// The WGS 84 ellipsoid. Source: NGA.STND.0036 (2014), table 3.1.
	semiMajorM = 6378137.0
	flattening = 1 / 298.257223563

	oneMinusF   = 1 - flattening
	semiMinorM  = semiMajorM * oneMinusF
	thirdFlat   = flattening / (2 - flattening)        // n
	eccSquared  = flattening * (2 - flattening)        // e²
	ecc2Squared = eccSquared / (1 - eccSquared)        // e'²
	authalicM   = 6371007.1809                         // radius of the sphere of equal area
	radiusMaxM  = semiMajorM * semiMajorM / semiMinorM // largest radius of curvature, at the poles
	radiusMinM  = semiMinorM * semiMinorM / semiMajorM // smallest, of the meridian at the equator
	tiny        = 0x1p-511                             // its square is still a normal number
	tolerance0  = 0x1p-52                              // of one rounding
	tolerance1  = 200 * tolerance0                     // of a near-antipodal point
	tolerance2  = 0x1p-26                              // square root of tolerance0
	xThreshold  = 1000 * tolerance2                    // Source: the paper, section 5
	shortArc    = 0.1 * tolerance2 / 0.0409            // below: no iteration; 0.0409 = sqrt(f (1-f/2) / 2)
	newtonMax   = 20                                   // then bisection
	iterateMax  = newtonMax + 53 + 10                  // bisection cannot need more
	directMaxMM = 100_000_000_000                      // two and a half times round the Earth
)

// Inverse returns the length of the shortest geodesic from a to b on the WGS 84
// ellipsoid, rounded to the millimetre, and its azimuth at a in thousandths of a
// degree, from 0 to 359999. Before rounding the length is within 15 nm and the
// azimuth, for points more than 1 m apart and not nearly antipodal, within
// 0.001 millidegree; antipodal points and poles are as good. If a and b are the
// same place both results are 0. Where several geodesics are equally short, as
// between poles, one of them is taken, always the same.
func Inverse(a, b Position) (distanceMM int64, azimuthMdeg int32) {
	lon12 := wrapE7(int64(b.LonE7) - int64(a.LonE7))
	if a.LatE7 == b.LatE7 && (lon12 == 0 || a.LatE7 == 90*E7 || a.LatE7 == -90*E7) {
		return 0, 0
	}
	s, salp, calp := inverse(int64(a.LatE7), int64(b.LatE7), lon12)
	return roundInt(float64(s * 1000)), toMdeg(Atan2(salp, calp))
}

// DistanceMM is the distance of Inverse.
func DistanceMM(a, b Position) int64 {
	d, _ := Inverse(a, b)
	return d
}

// toMdeg converts an azimuth in radians to thousandths of a degree in
// [0, 360000).
func toMdeg(x float64) int32 {
	m := roundInt(float64(x * (180_000 / math.Pi)))
	return int32(((m % 360_000) + 360_000) % 360_000)
}

// wrapE7 brings a longitude or a difference of two into (-180, 180] degrees.
func wrapE7(lon int64) int64 {
	for lon > 180*E7 {
		lon -= 360 * E7
	}
	for lon <= -180*E7 {
		lon += 360 * E7
	}
	return lon
}

// A reduced point is a point of a geodesic on the auxiliary sphere.
type reduced struct {
	sbet, cbet float64 // reduced latitude
	dn         float64 // sqrt(1 + e'² sin² bet)
	ssig, csig float64 // arc from the node, set by the solution
	salp, calp float64 // azimuth, set by the solution
}

func reduce(latE7 int64) reduced {
	s, c := sincosE7(latE7)
	var r reduced
	r.sbet, r.cbet = unit(float64(oneMinusF*s), c)
	r.cbet = max(tiny, r.cbet)
	r.dn = math.Sqrt(1 + float64(ecc2Squared*float64(r.sbet*r.sbet)))
	return r
}

// inverse returns the distance in metres and the azimuth at point 1. The signs
// and the order of the points are brought in integers to the case of the paper:
// longitudes rising, point 1 in the south and at least as far from the equator.
func inverse(lat1, lat2, lon12 int64) (s12, salp1, calp1 float64) {
	lonSign, latSign, swapped := 1.0, 1.0, false
	if lon12 < 0 {
		lonSign, lon12 = -1, -lon12
	}
	if abs64(lat1) < abs64(lat2) {
		swapped, lonSign = true, -lonSign
		lat1, lat2 = lat2, lat1
	}
	if lat1 >= 0 {
		latSign, lat1, lat2 = -1, -lat1, -lat2
	}
	p1, p2 := reduce(lat1), reduce(lat2)
	if lat1 == lat2 || lat1 == -lat2 { // equal but for rounding
		p2.cbet, p2.dn = p1.cbet, p1.dn
		p2.sbet = math.Copysign(p1.sbet, p2.sbet)
	}
	s12 = solve(&p1, &p2, lat1, lon12)
	if swapped {
		return s12, float64(-lonSign * p2.salp), float64(-latSign * p2.calp)
	}
	return s12, float64(lonSign * p1.salp), float64(latSign * p1.calp)
}

func abs64(x int64) int64 {
	if x < 0 {
		return -x
	}
	return x
}

// solve returns the distance in metres and sets the azimuths.
func solve(p1, p2 *reduced, lat1, lon12 int64) float64 {
	lam12 := radians(lon12)
	slam12, clam12 := sincosE7(lon12)
	if lat1 == -90*E7 || slam12 == 0 {
		if s, ok := solveMeridian(p1, p2, slam12, clam12); ok {
			return s
		}
	}
	if p1.sbet == 0 && lam12 <= float64(oneMinusF*pi) {
		p1.salp, p1.calp, p2.salp, p2.calp = 1, 0, 1, 0
		return float64(semiMajorM * lam12)
	}
	sig12, dnm := start(p1, p2, lam12, slam12, clam12)
	if sig12 >= 0 {
		return float64(float64(sig12*semiMinorM) * dnm)
	}
	return iterate(p1, p2, slam12, clam12)
}

// solveMeridian is the geodesic along a meridian, if that is the shortest.
func solveMeridian(p1, p2 *reduced, slam12, clam12 float64) (float64, bool) {
	p1.salp, p1.calp = slam12, clam12
	p2.salp, p2.calp = 0, 1
	p1.ssig, p1.csig = p1.sbet, float64(p1.calp*p1.cbet)
	p2.ssig, p2.csig = p2.sbet, float64(p2.calp*p2.cbet)
	sig12 := arc(p1, p2)
	s12, m12 := lengths(thirdFlat, sig12, p1, p2)
	if sig12 >= 1 && m12 < 0 {
		return 0, false
	}
	return float64(s12 * semiMinorM), true
}

// arc is the angle from point 1 to point 2 on the auxiliary sphere.
func arc(p1, p2 *reduced) float64 {
	return Atan2(max(0, diffProducts(p1.csig, p2.ssig, p1.ssig, p2.csig)),
		sumProducts(p1.csig, p2.csig, p1.ssig, p2.ssig))
}

// start finds a first azimuth for iterate. For short lines it solves the problem
// at once and returns the arc, else -1. Source: the paper, sections 4 and 5.
func start(p1, p2 *reduced, lam12, slam12, clam12 float64) (sig12, dnm float64) {
	sbet12 := diffProducts(p2.sbet, p1.cbet, p2.cbet, p1.sbet)
	cbet12 := sumProducts(p2.cbet, p1.cbet, p2.sbet, p1.sbet)
	sbet12a := sumProducts(p2.sbet, p1.cbet, p2.cbet, p1.sbet)
	short := cbet12 >= 0 && sbet12 < 0.5 && float64(p2.cbet*lam12) < 0.5
	somg12, comg12 := slam12, clam12
	if short {
		m := p1.sbet + p2.sbet
		sbetm2 := float64(m * m)
		c := p1.cbet + p2.cbet
		sbetm2 /= sbetm2 + float64(c*c)
		dnm = math.Sqrt(1 + float64(ecc2Squared*sbetm2))
		somg12, comg12 = sincos(lam12 / float64(oneMinusF*dnm))
	}
	p1.salp = float64(p2.cbet * somg12)
	turn := float64(float64(p2.cbet*p1.sbet) * float64(somg12*somg12))
	if comg12 >= 0 {
		p1.calp = sbet12 + turn/(1+comg12)
	} else {
		p1.calp = sbet12a - turn/(1-comg12)
	}
	ssig12 := hypot(p1.salp, p1.calp)
	csig12 := float64(p1.sbet*p2.sbet) + float64(float64(p1.cbet*p2.cbet)*comg12)
	sig12 = -1
	switch {
	case short && ssig12 < shortArc:
		p2.salp = float64(p1.cbet * somg12)
		versine := 1 - comg12 // in the form that keeps its digits
		if comg12 >= 0 {
			versine = float64(somg12*somg12) / (1 + comg12)
		}
		p2.calp = sbet12 - float64(float64(p1.cbet*p2.sbet)*versine)
		p2.salp, p2.calp = unit(p2.salp, p2.calp)
		sig12 = Atan2(ssig12, csig12)
	case csig12 < 0 && ssig12 < float64(6*thirdFlat*pi*float64(p1.cbet*p1.cbet)):
		startAntipodal(p1, p2, sbet12a, slam12, clam12)
	}
	if p1.salp > 0 {
		p1.salp, p1.calp = unit(p1.salp, p1.calp)
	} else {
		p1.salp, p1.calp = 1, 0
	}
	return sig12, dnm
}

// startAntipodal finds a first azimuth for nearly antipodal points by solving
// the astroid. Source: the paper, section 5.
func startAntipodal(p1, p2 *reduced, sbet12a, slam12, clam12 float64) {
	lam12x := Atan2(-slam12, -clam12)
	eps := epsilon(float64(float64(p1.sbet*p1.sbet) * ecc2Squared))
	lamScale := float64(float64(flattening*p1.cbet) * float64(scale3(eps)*pi))
	betScale := float64(lamScale * p1.cbet)
	x, y := lam12x/lamScale, sbet12a/betScale
	if y > -tolerance1 && x > -1-xThreshold {
		p1.salp = min(1, -x)
		p1.calp = -math.Sqrt(1 - float64(p1.salp*p1.salp))
		return
	}
	k := astroid(x, y)
	somg12, comg12 := sincos(float64(lamScale * (float64(-x*k) / (1 + k))))
	comg12 = -comg12
	p1.salp = float64(p2.cbet * somg12)
	p1.calp = sbet12a - float64(float64(p2.cbet*p1.sbet)*float64(somg12*somg12))/(1-comg12)
}

// astroid returns the positive root k of
// k⁴ + 2k³ - (x²+y²-1)k² - 2y²k - y² = 0. Source: the paper, equation 55.
func astroid(x, y float64) float64 {
	p, q := float64(x*x), float64(y*y)
	r := (p + q - 1) / 6
	if q == 0 && r <= 0 {
		return 0
	}
	s := float64(p*q) / 4
	r2 := float64(r * r)
	r3 := float64(r * r2)
	disc := float64(s * (s + float64(2*r3)))
	u := r
	if disc >= 0 {
		t3 := s + r3
		t3 += math.Copysign(math.Sqrt(disc), t3)
		t := cbrt(t3)
		u += t
		if t != 0 {
			u += r2 / t
		}
	} else {
		u += float64(float64(2*r) * Cos(Atan2(math.Sqrt(-disc), -(s+r3))/3))
	}
	v := math.Sqrt(float64(u*u) + q)
	uv := u + v
	if u < 0 {
		uv = q / (v - u)
	}
	w := (uv - q) / float64(2*v)
	return uv / (math.Sqrt(uv+float64(w*w)) + w)
}

// iterate finds the azimuth at point 1 by Newton's method, kept in a bracket,
// and returns the distance in metres. Source: the paper, section 4.
func iterate(p1, p2 *reduced, slam12, clam12 float64) float64 {
	lowS, lowC, highS, highC := tiny, 1.0, tiny, -1.0
	nearRoot, bisected := false, false
	var eps, sig12 float64
	for i := 0; ; i++ {
		var v, dv float64
		v, dv, sig12, eps = longitude(p1, p2, slam12, clam12)
		limit := tolerance0
		if nearRoot {
			limit = 8 * tolerance0
		}
		if bisected || math.Abs(v) < limit || i == iterateMax {
			break
		}
		cot := p1.calp / p1.salp
		if v > 0 && (i > newtonMax || cot > highC/highS) {
			highS, highC = p1.salp, p1.calp
		} else if v < 0 && (i > newtonMax || cot < lowC/lowS) {
			lowS, lowC = p1.salp, p1.calp
		}
		if i < newtonMax && dv > 0 && math.Abs(v/dv) < pi {
			sd, cd := sincos(-v / dv)
			if s := sumProducts(p1.salp, cd, p1.calp, sd); s > 0 {
				p1.salp, p1.calp = unit(s, diffProducts(p1.calp, cd, p1.salp, sd))
				nearRoot = math.Abs(v) <= 16*tolerance0
				continue
			}
		}
		p1.salp, p1.calp = unit((lowS+highS)/2, (lowC+highC)/2)
		nearRoot = false
		bisected = math.Abs(lowS-p1.salp)+(lowC-p1.calp) < tolerance0 ||
			math.Abs(p1.salp-highS)+(p1.calp-highC) < tolerance0
	}
	s12, _ := lengths(eps, sig12, p1, p2)
	return float64(s12 * semiMinorM)
}

// longitude returns by how much the geodesic that leaves point 1 with its
// azimuth overshoots the longitude of point 2 where it reaches its latitude, the
// derivative, the arc and the expansion parameter. Source: the paper,
// equations 45 and 46.
func longitude(p1, p2 *reduced, slam12, clam12 float64) (v, dv, sig12, eps float64) {
	if p1.sbet == 0 && p1.calp == 0 {
		p1.calp = -tiny // the equator is no meridian, but a limit of geodesics
	}
	salp0 := float64(p1.salp * p1.cbet)
	calp0 := hypot(p1.calp, float64(p1.salp*p1.sbet))
	somg1, comg1 := float64(salp0*p1.sbet), float64(p1.calp*p1.cbet)
	p1.ssig, p1.csig = unit(p1.sbet, comg1)
	p2.salp, p2.calp = p1.salp, math.Abs(p1.calp)
	if p2.cbet != p1.cbet {
		p2.salp = salp0 / p2.cbet
	}
	if p2.cbet != p1.cbet || math.Abs(p2.sbet) != -p1.sbet {
		more := float64((p1.sbet - p2.sbet) * (p1.sbet + p2.sbet))
		if p1.cbet < -p1.sbet {
			more = float64((p2.cbet - p1.cbet) * (p1.cbet + p2.cbet))
		}
		p2.calp = math.Sqrt(max(0, float64(comg1*comg1)+more)) / p2.cbet
	}
	somg2, comg2 := float64(salp0*p2.sbet), float64(p2.calp*p2.cbet)
	p2.ssig, p2.csig = unit(p2.sbet, comg2)
	sig12 = arc(p1, p2)
	somg12 := max(0, diffProducts(comg1, somg2, somg1, comg2))
	comg12 := sumProducts(comg1, comg2, somg1, somg2)
	eta := Atan2(diffProducts(somg12, clam12, comg12, slam12), sumProducts(comg12, clam12, somg12, slam12))
	eps = epsilon(float64(float64(calp0*calp0) * ecc2Squared))
	c := series3(eps)
	b := sinSeries(&c, p2.ssig, p2.csig) - sinSeries(&c, p1.ssig, p1.csig)
	v = eta - float64(float64(flattening*scale3(eps))*float64(salp0*(sig12+b)))
	if p2.calp == 0 {
		dv = float64(-2*oneMinusF*p1.dn) / p1.sbet
	} else {
		_, m12 := lengths(eps, sig12, p1, p2)
		dv = float64(m12*oneMinusF) / float64(p2.calp*p2.cbet)
	}
	return v, dv, sig12, eps
}

// lengths returns the distance and the reduced length between two points of one
// geodesic, in units of the semi-minor axis. Source: the paper, equations 7
// and 38 to 40.
func lengths(eps, sig12 float64, p1, p2 *reduced) (s12, m12 float64) {
	k1, k2 := scale1(eps), scale2(eps)
	c1, c2 := series1(eps), series2(eps)
	b1 := sinSeries(&c1, p2.ssig, p2.csig) - sinSeries(&c1, p1.ssig, p1.csig)
	b2 := sinSeries(&c2, p2.ssig, p2.csig) - sinSeries(&c2, p1.ssig, p1.csig)
	j12 := float64((k1-k2)*sig12) + diffProducts(k1, b1, k2, b2)
	m12 = float64(p2.dn*float64(p1.csig*p2.ssig)) - float64(p1.dn*float64(p1.ssig*p2.csig)) -
		float64(float64(p1.csig*p2.csig)*j12)
	return float64(k1 * (sig12 + b1)), m12
}

// Direct returns the point at distanceMM along the geodesic that leaves p with
// the azimuth, in thousandths of a degree. A negative distance goes backwards;
// one beyond 100,000 km is cut to that. Before it is rounded to a Position
// (6 mm) the result is within 15 nm for up to 20,000 km.
func Direct(p Position, azimuthMdeg int32, distanceMM int64) Position {
	distanceMM = max(-directMaxMM, min(directMaxMM, distanceMM))
	if distanceMM == 0 {
		return p
	}
	salp1, calp1 := sincosE7(int64(azimuthMdeg) * (E7 / 1000))
	p1 := reduce(int64(p.LatE7))
	salp0 := float64(salp1 * p1.cbet)
	calp0 := hypot(calp1, float64(salp1*p1.sbet))
	somg1, comg1 := float64(salp0*p1.sbet), float64(p1.cbet*calp1)
	if p1.sbet == 0 && calp1 == 0 {
		comg1 = 1
	}
	ssig1, csig1 := unit(p1.sbet, comg1)
	eps := epsilon(float64(float64(calp0*calp0) * ecc2Squared))
	c1, c1p, c3 := series1(eps), series1Inverse(eps), series3(eps)
	b11 := sinSeries(&c1, ssig1, csig1)
	stau1, ctau1 := rotate(ssig1, csig1, b11)
	tau12 := float64(distanceMM) / (1000 * semiMinorM) / scale1(eps)
	stau2, ctau2 := rotate(stau1, ctau1, tau12)
	sig12 := tau12 + sinSeries(&c1p, stau2, ctau2) + b11
	ssig2, csig2 := rotate(ssig1, csig1, sig12)
	sbet2, cbet2 := float64(calp0*ssig2), hypot(salp0, float64(calp0*csig2))
	if cbet2 == 0 {
		cbet2, csig2 = tiny, tiny
	}
	somg2, comg2 := float64(salp0*ssig2), csig2
	omg12 := Atan2(diffProducts(somg2, comg1, comg2, somg1), sumProducts(comg2, comg1, somg2, somg1))
	b3 := sinSeries(&c3, ssig2, csig2) - sinSeries(&c3, ssig1, csig1)
	lam12 := omg12 - float64(float64(flattening*scale3(eps))*float64(salp0*(sig12+b3)))
	return position(toE7(Atan2(sbet2, float64(oneMinusF*cbet2))), int64(p.LonE7)+toE7(lam12))
}

// position makes a Position of a latitude on the globe and any longitude.
func position(latE7, lonE7 int64) Position {
	return Position{LatE7: int32(latE7), LonE7: int32(wrapE7(lonE7))}
}

// rotate turns (sine, cosine) by x radians.
func rotate(s, c, x float64) (float64, float64) {
	sx, cx := sincos(x)
	return sumProducts(s, cx, c, sx), diffProducts(c, cx, s, sx)
}

// epsilon is the expansion parameter for k². Source: the paper, equation 16.
func epsilon(k2 float64) float64 {
	return k2 / (float64(2*(1+math.Sqrt(1+k2))) + k2)
}

// sinSeries sums c[0] sin 2x + c[1] sin 4x + ... by Clenshaw's rule.
func sinSeries(c *[6]float64, s, cos float64) float64 {
	ar := float64(2 * float64((cos-s)*(cos+s)))
	var y0, y1 float64
	for k := 5; k >= 0; k-- {
		y0, y1 = float64(ar*y0)-y1+c[k], y0
	}
	return float64(float64(float64(2*s)*cos) * y0)
}

// The series in eps, to the sixth order. Source: the paper, equations 17, 18,
// 21, 24, 25, 42 and 43; those in n are constants of the ellipsoid.

func scale1(e float64) float64 {
	e2 := float64(e * e)
	return (1 + float64(e2*(1.0/4+float64(e2*(1.0/64+float64(e2*(1.0/256))))))) / (1 - e)
}

func scale2(e float64) float64 {
	e2 := float64(e * e)
	return (1 - float64(e2*(3.0/4+float64(e2*(7.0/64+float64(e2*(11.0/256))))))) / (1 + e)
}

func series1(e float64) [6]float64 {
	e2 := float64(e * e)
	return powers(e, [6]float64{
		-1.0/2 + float64(e2*(3.0/16-float64(e2*(1.0/32)))),
		-1.0/16 + float64(e2*(1.0/32-float64(e2*(9.0/2048)))),
		-1.0/48 + float64(e2*(3.0/256)),
		-5.0/512 + float64(e2*(3.0/512)),
		-7.0 / 1280,
		-7.0 / 2048,
	})
}

func series1Inverse(e float64) [6]float64 {
	e2 := float64(e * e)
	return powers(e, [6]float64{
		1.0/2 - float64(e2*(9.0/32-float64(e2*(205.0/1536)))),
		5.0/16 - float64(e2*(37.0/96-float64(e2*(1335.0/4096)))),
		29.0/96 - float64(e2*(75.0/128)),
		539.0/1536 - float64(e2*(2391.0/2560)),
		3467.0 / 7680,
		38081.0 / 61440,
	})
}

func series2(e float64) [6]float64 {
	e2 := float64(e * e)
	return powers(e, [6]float64{
		1.0/2 + float64(e2*(1.0/16+float64(e2*(1.0/32)))),
		3.0/16 + float64(e2*(1.0/32+float64(e2*(35.0/2048)))),
		5.0/48 + float64(e2*(5.0/256)),
		35.0/512 + float64(e2*(7.0/512)),
		63.0 / 1280,
		77.0 / 2048,
	})
}

func scale3(e float64) float64 {
	const n = thirdFlat
	return 1 - float64(e*((1.0/2-n/2)+float64(e*((1.0/4+n/8-3*n*n/8)+
		float64(e*((1.0/16+3*n/16+n*n/16)+float64(e*((3.0/64+n/32)+float64(e*(3.0/128))))))))))
}

func series3(e float64) [6]float64 {
	const n = thirdFlat
	return powers(e, [6]float64{
		(1.0/4 - n/4) + float64(e*((1.0/8-n*n/8)+float64(e*((3.0/64+3*n/64-n*n/64)+
			float64(e*((5.0/128+n/64)+float64(e*(3.0/128)))))))),
		(1.0/16 - 3*n/32 + n*n/32) + float64(e*((3.0/64-n/32-3*n*n/64)+
			float64(e*((3.0/128+n/128)+float64(e*(5.0/256)))))),
		(5.0/192 - 3*n/64 + 5*n*n/192) + float64(e*((3.0/128-5*n/192)+float64(e*(7.0/512)))),
		(7.0/512 - 7*n/256) + float64(e*(7.0/512)),
		21.0 / 2560,
		0,
	})
}

// powers multiplies c[k] by e to the power k+1.
func powers(e float64, c [6]float64) [6]float64 {
	p := e
	for k := range c {
		c[k] = float64(c[k] * p)
		p = float64(p * e)
	}
	return c
}
