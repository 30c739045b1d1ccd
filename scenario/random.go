// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"math"

	"github.com/trucewatch/trucewatch/geo"
)

// A random is a generator of random numbers: SplitMix64 (Steele, Lea, Flood,
// Fast splittable pseudorandom number generators, OOPSLA 2014), which passes
// the statistical tests its authors name and is the same everywhere.
type random struct {
	state  uint64
	spare  float64 // a normal number that is left over
	spared bool
}

// gamma is the odd integer next to 2^64 divided by the golden ratio.
const gamma = 0x9e3779b97f4a7c15

// A stream is one matter that draws numbers of its own.
type stream uint64

const (
	streamSensors stream = iota + 1
	streamAir
	streamEvents
	streamArrivals
	streamOutliers
	streamClutter
	streamTowns
	streamOracle
	streamClocks
)

func newRandom(seed uint64, s stream) *random {
	return &random{state: mix(mix(seed) + uint64(s)*gamma)}
}

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (r *random) next() uint64 {
	r.state += gamma
	return mix(r.state)
}

// unit returns a number in [0, 1), a multiple of 2^-53.
func (r *random) unit() float64 { return float64(r.next()>>11) / (1 << 53) }

// between returns a number in [low, high).
func (r *random) between(low, high float64) float64 { return low + float64((high-low)*r.unit()) }

// below returns an integer from 0 to n-1. Its bias is below n/2^64.
func (r *random) below(n int) int { return int(r.next() % uint64(n)) }

// chance says yes with probability p.
func (r *random) chance(p float64) bool { return r.unit() < p }

// normal returns a number of the standard normal distribution, by the polar
// method (Marsaglia and Bray, SIAM Review 6, 1964).
func (r *random) normal() float64 {
	if r.spared {
		r.spared = false
		return r.spare
	}
	for {
		u, v := r.between(-1, 1), r.between(-1, 1)
		s := float64(u*u) + float64(v*v)
		if s == 0 || s >= 1 {
			continue
		}
		f := math.Sqrt(float64(-2*geo.Log(s)) / s)
		r.spare, r.spared = float64(v*f), true
		return float64(u * f)
	}
}

// spread returns a normal number with the given standard deviation.
func (r *random) spread(deviation float64) float64 { return float64(deviation * r.normal()) }

// exponential returns a number of the exponential distribution with the given
// mean.
func (r *random) exponential(mean float64) float64 {
	return float64(-mean * geo.Log(1-r.unit()))
}

// logistic is 1/(1+e^x), falling from 1 to 0.
func logistic(x float64) float64 { return 1 / (1 + geo.Exp(min(x, 700))) }
