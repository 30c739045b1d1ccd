// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"math"
	"slices"

	"github.com/trucewatch/trucewatch/geo"
)

// Impossible is the score of what cannot be.
const Impossible = math.MinInt64

// Blocks returns how likely each subset of n things is to be a block of their
// division, in parts per million, by the bits of the subset. The likelihood of a
// division is the product of those of its blocks, whose logarithms are scores, in
// thousandths.
//
// The sum over all divisions of a set is, over all blocks that its first thing
// may be in, likelihood times the sum over all divisions of the rest: 3^n terms.
func Blocks(n int, scores []int64) []int64 {
	weight := make([]float64, 1<<n)
	for mask, s := range scores {
		if mask > 0 && s != Impossible {
			weight[mask] = geo.Exp(min(max(float64(s)/1000, -600), 600))
		}
	}
	sum := make([]float64, 1<<n)
	sum[0] = 1
	for mask := 1; mask < 1<<n; mask++ {
		first := mask & -mask
		rest := mask &^ first
		for part := rest; ; part = (part - 1) & rest {
			sum[mask] += float64(weight[part|first] * sum[rest&^part])
			if part == 0 {
				break
			}
		}
	}
	all := 1<<n - 1
	out := make([]int64, 1<<n)
	for mask := 1; mask <= all; mask++ {
		if sum[all] > 0 {
			out[mask] = round(float64(float64(float64(weight[mask]*sum[all&^mask])/sum[all]) * geo.Million))
		}
	}
	return out
}

// negligible is how many thousandths less likely a thing is that Choose never
// picks: odds of 1 to 500 million, which no number of draws would show.
const negligible = 20_000

// Choose picks one of several things whose likelihoods have the given logarithms,
// in thousandths, by 64 random bits.
func Choose(scores []int64, random uint64) int {
	most := slices.Max(scores)
	weights, sum := make([]float64, 0, 32), 0.0
	for _, s := range scores {
		weight := 0.0
		if s-most > -negligible {
			weight = geo.Exp(float64(s-most) / 1000)
		}
		weights = append(weights, weight)
		sum += weight
	}
	u := float64(float64(random>>11) / (1 << 53) * sum)
	for i, w := range weights {
		if u -= w; u < 0 {
			return i
		}
	}
	return 0
}

// Next returns the random bits after state: SplitMix64 (Steele, Lea and Flood,
// OOPSLA 2014).
func Next(state uint64) uint64 { return state + 0x9e3779b97f4a7c15 }

// Mix spreads a state of Next over 64 bits.
func Mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
