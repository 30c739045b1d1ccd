// SPDX-License-Identifier: Apache-2.0

package geo

import (
	"math"
	"math/rand"
	"testing"
)

// ulps is how many units in the last place of want separate got from it.
func ulps(got, want float64) float64 {
	if got == want || got != got && want != want {
		return 0
	}
	a := math.Abs(want)
	return math.Abs(got-want) / math.Max(math.Nextafter(a, math.Inf(1))-a, 0x1p-1074)
}

func TestElementaryFunctionsAreWithinTwoUnitsOfPackageMath(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	wide := func() float64 { return math.Ldexp(2*rng.Float64()-1, rng.Intn(60)-40) }
	for _, tt := range []struct {
		name      string
		got, want func(float64) float64
		x         func() float64
	}{
		{"sine", Sin, math.Sin, wide},
		{"cosine", Cos, math.Cos, wide},
		{"sine of an angle", Sin, math.Sin, func() float64 { return 8 * (rng.Float64() - 0.5) }},
		{"exponential", Exp, math.Exp, func() float64 { return 1400 * (rng.Float64() - 0.5) }},
		{"exponential of little", Exp, math.Exp, func() float64 { return wide() / 1e6 }},
		{"logarithm", Log, math.Log, func() float64 { return math.Abs(wide()) }},
		{"logarithm near 1", Log, math.Log, func() float64 { return 0.5 + rng.Float64() }},
		{"arc tangent", func(x float64) float64 { return Atan2(x, 1) }, math.Atan, wide},
		{"arc tangent behind", func(x float64) float64 { return Atan2(x, -1) }, func(x float64) float64 { return math.Atan2(x, -1) }, wide},
		{"cube root", cbrt, math.Cbrt, wide},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for range 200_000 {
				x := tt.x()
				got, want := tt.got(x), tt.want(x)
				if math.Abs(x) > AngleMax {
					continue
				}
				if u := ulps(got, want); u > 2 && math.Abs(got-want) > 1e-300 {
					t.Fatalf("at %v: got %v, want %v, %v units off", x, got, want, u)
				}
			}
		})
	}
}

func TestElementaryFunctionsAtTheirLimits(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, tt := range []struct {
		name      string
		got, want float64
	}{
		{"sine of 0", Sin(0), 0},
		{"sine beyond AngleMax", Sin(AngleMax * 1.01), nan},
		{"sine of infinity", Sin(inf), nan},
		{"cosine of no number", Cos(nan), nan},
		{"exponential beyond", Exp(710), inf},
		{"exponential far below", Exp(-1000), 0},
		{"exponential of infinity", Exp(inf), inf},
		{"logarithm of 0", Log(0), -inf},
		{"logarithm of a negative", Log(-1), nan},
		{"logarithm of infinity", Log(inf), inf},
		{"origin", Atan2(0, 0), 0},
		{"origin from the west", Atan2(0, math.Copysign(0, -1)), pi},
		{"west", Atan2(0, -1), pi},
		{"west from below", Atan2(math.Copysign(0, -1), -1), -pi},
		{"north", Atan2(1, 0), piHalf},
		{"south", Atan2(-1, 0), -piHalf},
		{"no number", Atan2(nan, 1), nan},
	} {
		if tt.got != tt.want && !(tt.got != tt.got && tt.want != tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, tt.got, tt.want)
		}
	}
}
