// SPDX-License-Identifier: Apache-2.0

package geo

import "math"

// The elementary functions here use only + - * /, square root and the bits of a
// float64, with every product rounded by its own conversion, so that they give
// the same bits on every machine; package math may not (assembly, fused
// multiply-add). Method and coefficients: fdlibm (Sun Microsystems, 1993), which
// proves an error below 1 unit in the last place for each; the tests hold them
// within 2 units of package math.

const (
	pi     = math.Pi
	piHalf = math.Pi / 2

	// AngleMax is the largest angle, in radians, that Sin and Cos take. Beyond
	// it the three-part value of pi/2 no longer reduces exactly.
	AngleMax = 1 << 20
)

// Sin returns the sine of x radians within 2 units in the last place, and NaN
// if x is beyond AngleMax or not a number.
func Sin(x float64) float64 {
	s, _ := sincos(x)
	return s
}

// Cos returns the cosine of x radians within 2 units in the last place, and NaN
// if x is beyond AngleMax or not a number.
func Cos(x float64) float64 {
	_, c := sincos(x)
	return c
}

// sincos returns the sine and cosine of x radians.
func sincos(x float64) (s, c float64) {
	if !(math.Abs(x) <= AngleMax) {
		return math.NaN(), math.NaN()
	}
	if math.Abs(x) <= pi/4 {
		return kernelSin(x, 0), kernelCos(x, 0)
	}
	// Cody and Waite: pi/2 in parts of 33 bits, whose products with n are exact.
	const (
		twoOverPi = 2 / math.Pi
		part1     = 1.57079632673412561417e+00
		part2     = 6.07710050630396597660e-11
		part3     = 2.02226624879595063154e-21
	)
	n := math.Floor(float64(x*twoOverPi) + 0.5)
	t := x - float64(n*part1)
	w := float64(n * part2)
	r := t - w
	w = float64(n*part3) - ((t - r) - w)
	y := r - w
	tail := (r - y) - w
	s, c = kernelSin(y, tail), kernelCos(y, tail)
	return quadrant(int64(n), s, c)
}

// quadrant turns sine and cosine by n quarter circles.
func quadrant(n int64, s, c float64) (float64, float64) {
	switch n & 3 {
	case 1:
		return c, -s
	case 2:
		return -s, -c
	case 3:
		return -c, s
	}
	return s, c
}

// kernelSin is the sine of x + tail for |x| <= pi/4.
func kernelSin(x, tail float64) float64 {
	const (
		s1 = -1.66666666666666324348e-01
		s2 = 8.33333333332248946124e-03
		s3 = -1.98412698298579493134e-04
		s4 = 2.75573137070700676789e-06
		s5 = -2.50507602534068634195e-08
		s6 = 1.58969099521155010221e-10
	)
	z := float64(x * x)
	w := float64(z * z)
	r := s2 + float64(z*(s3+float64(z*s4))) + float64(float64(z*w)*(s5+float64(z*s6)))
	v := float64(z * x)
	return x - ((float64(z*(float64(0.5*tail)-float64(v*r))) - tail) - float64(v*s1))
}

// kernelCos is the cosine of x + tail for |x| <= pi/4.
func kernelCos(x, tail float64) float64 {
	const (
		c1 = 4.16666666666666019037e-02
		c2 = -1.38888888888741095749e-03
		c3 = 2.48015872894767294178e-05
		c4 = -2.75573143513906633035e-07
		c5 = 2.08757232129817482790e-09
		c6 = -1.13596475577881948265e-11
	)
	z := float64(x * x)
	w := float64(z * z)
	r := float64(z*(c1+float64(z*(c2+float64(z*c3))))) +
		float64(float64(w*w)*(c4+float64(z*(c5+float64(z*c6)))))
	half := float64(0.5 * z)
	w = 1 - half
	return w + (((1 - w) - half) + (float64(z*r) - float64(x*tail)))
}

// sincosE7 returns the sine and cosine of an angle in units of 1e-7 degree. The
// quarter circle is taken out in integers, so that the cardinal angles are
// exact.
func sincosE7(angle int64) (s, c float64) {
	const quarter = 90 * E7
	n := (angle + quarter/2) / quarter
	if angle < -quarter/2 {
		n = (angle - quarter/2) / quarter
	}
	x := radians(angle - n*quarter)
	return quadrant(n, kernelSin(x, 0), kernelCos(x, 0))
}

// radians converts units of 1e-7 degree.
func radians(e7 int64) float64 {
	return float64(float64(e7) * (math.Pi / 180 / E7))
}

// toE7 converts radians to the nearest unit of 1e-7 degree.
func toE7(x float64) int64 {
	return roundInt(float64(x * (180 * E7 / math.Pi)))
}

// roundInt rounds to the nearest integer, halves up.
func roundInt(x float64) int64 {
	return int64(math.Floor(x + 0.5))
}

// atan is the arc tangent, from -pi/2 to pi/2.
func atan(x float64) float64 {
	if x < 0 {
		return -atan(-x)
	}
	switch {
	case x != x:
		return x
	case x >= 1<<60:
		return piHalf
	case x < 0.4375:
		return x - atanTail(x)
	case x < 0.6875:
		return atanAround(4.63647609000806093515e-01, 2.26987774529616870924e-17, (float64(2*x)-1)/(2+x))
	case x < 1.1875:
		return atanAround(7.85398163397448278999e-01, 3.06161699786838301793e-17, (x-1)/(x+1))
	case x < 2.4375:
		return atanAround(9.82793723247329054082e-01, 1.39033110312309984516e-17, (x-1.5)/(1+float64(1.5*x)))
	}
	return atanAround(1.57079632679489655800e+00, 6.12323399573676603587e-17, -1/x)
}

// atanAround is an arc tangent known in two parts plus that of a small x.
func atanAround(high, low, x float64) float64 {
	return high - ((atanTail(x) - low) - x)
}

// atanTail is x - atan(x) for |x| < 0.4375.
func atanTail(x float64) float64 {
	const (
		a0  = 3.33333333333329318027e-01
		a1  = -1.99999999998764832476e-01
		a2  = 1.42857142725034663711e-01
		a3  = -1.11111104054623557880e-01
		a4  = 9.09088713343650656196e-02
		a5  = -7.69187620504482999495e-02
		a6  = 6.66107313738753120669e-02
		a7  = -5.83357013379057348645e-02
		a8  = 4.97687799461593236017e-02
		a9  = -3.65315727442169155270e-02
		a10 = 1.62858201153657823623e-02
	)
	z := float64(x * x)
	w := float64(z * z)
	odd := float64(z * (a0 + float64(w*(a2+float64(w*(a4+float64(w*(a6+float64(w*(a8+float64(w*a10)))))))))))
	even := float64(w * (a1 + float64(w*(a3+float64(w*(a5+float64(w*(a7+float64(w*a9)))))))))
	return float64(x * (odd + even))
}

// Atan2 returns the angle of the point (x, y) in radians from -pi to pi, within
// 2 units in the last place. Atan2(0, 0) is 0 or pi, by the sign of x, as in
// package math; infinities are not treated.
func Atan2(y, x float64) float64 {
	if y != y || x != x {
		return math.NaN()
	}
	var a float64
	switch {
	case y == 0:
		a = 0
	case x == 0:
		a = piHalf
	default:
		a = atan(math.Abs(y / x))
	}
	if math.Signbit(x) && x != 0 || x == 0 && y == 0 && math.Signbit(x) {
		a = pi - (a - 1.2246467991473531772e-16) // the second part of pi
	}
	return math.Copysign(a, y)
}

const (
	ln2High = 6.93147180369123816490e-01
	ln2Low  = 1.90821492927058770002e-10
)

// Exp returns e to the power x within 2 units in the last place; 0 below -708
// (where package math still has subnormal numbers) and infinity above 709.
func Exp(x float64) float64 {
	const (
		p1 = 1.66666666666666019037e-01
		p2 = -2.77777777770155933842e-03
		p3 = 6.61375632143793436117e-05
		p4 = -1.65339022054652515390e-06
		p5 = 4.13813679705723846039e-08
	)
	switch {
	case x != x:
		return x
	case x > 709:
		return math.Inf(1)
	case x < -708:
		return 0
	}
	k := math.Floor(float64(x*(1/math.Ln2)) + 0.5)
	high := x - float64(k*ln2High)
	low := float64(k * ln2Low)
	r := high - low
	t := float64(r * r)
	c := r - float64(t*(p1+float64(t*(p2+float64(t*(p3+float64(t*(p4+float64(t*p5)))))))))
	y := 1 - ((low - float64(r*c)/(2-c)) - high)
	return math.Float64frombits(math.Float64bits(y) + uint64(int64(k))<<52)
}

// Log returns the natural logarithm of x within 2 units in the last place:
// minus infinity for 0, NaN for a negative x. Subnormal numbers count as 0.
func Log(x float64) float64 {
	const (
		l1 = 6.666666666666735130e-01
		l2 = 3.999999999940941908e-01
		l3 = 2.857142874366239149e-01
		l4 = 2.222219843214978396e-01
		l5 = 1.818357216161805012e-01
		l6 = 1.531383769920937332e-01
		l7 = 1.479819860511658591e-01
	)
	bits := math.Float64bits(x)
	switch {
	case x != x || x < 0:
		return math.NaN()
	case bits < 1<<52:
		return math.Inf(-1)
	case x > math.MaxFloat64:
		return x
	}
	// x = 2^k (1+f), with 1+f from sqrt(1/2) to sqrt(2).
	k := int64(bits>>52) - 1023
	m := math.Float64frombits(bits&(1<<52-1) | 1023<<52)
	if m > math.Sqrt2 {
		m, k = m/2, k+1
	}
	f := m - 1
	s := f / (2 + f)
	s2 := float64(s * s)
	s4 := float64(s2 * s2)
	r := float64(s2*(l1+float64(s4*(l3+float64(s4*(l5+float64(s4*l7))))))) +
		float64(s4*(l2+float64(s4*(l4+float64(s4*l6)))))
	half := float64(float64(0.5*f) * f)
	n := float64(k)
	return float64(n*ln2High) - ((half - (float64(s*(half+r)) + float64(n*ln2Low))) - f)
}

// cbrt returns the cube root of x.
func cbrt(x float64) float64 {
	if x == 0 {
		return 0
	}
	y := Exp(Log(math.Abs(x)) / 3)
	y -= (y - math.Abs(x)/float64(y*y)) / 3 // one Newton step mends the last digits
	return math.Copysign(y, x)
}

// sumProducts is a*b + c*d, each product rounded.
func sumProducts(a, b, c, d float64) float64 { return float64(a*b) + float64(c*d) }

// diffProducts is a*b - c*d, each product rounded.
func diffProducts(a, b, c, d float64) float64 { return float64(a*b) - float64(c*d) }

// hypot is the length of (x, y), for lengths far from overflow.
func hypot(x, y float64) float64 { return math.Sqrt(sumProducts(x, x, y, y)) }

// unit scales (x, y) to length 1.
func unit(x, y float64) (float64, float64) {
	h := hypot(x, y)
	return x / h, y / h
}
