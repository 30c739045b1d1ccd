// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"math"

	"github.com/trucewatch/trucewatch/geo"
)

// LateBins is in how many bins differences of time are counted, each a tenth of half a
// window wide: from LateLeast tenths before its middle on.
const (
	LateBins  = 22
	LateLeast = -11
)

const (
	// lateTrust is as many differences as the window as stated counts for. Guess. Test:
	// F1 of the mixed worlds with half and twice as many.
	lateTrust = 10
	// lateRounds is how often the estimate is improved. Guess: it moves less than the step
	// to which it is rounded from then on. Test: estimates with twice as many.
	lateRounds = 40
	// lateStep is to which thousandths of half a window the result is rounded, so that one
	// more difference seldom changes it.
	lateStep = 50
)

// Lateness learns from counted differences between the middle of a window and a time that
// is known how late such windows are and how wide: mean and deviation, in thousandths of
// half a window, and how many differences it takes to be between reports of the same. The
// others, of different things, are of any size: a normal density and an even one, by expectation
// maximization (Dempster, Laird, Rubin, Journal of the Royal Statistical Society B 39,
// 1977), with the even density of the window as stated as prior.
func Lateness(counts *[LateBins]int64) (late, deviation, same int64) {
	const width = 0.1
	var total, most float64
	mean, variance, part := 0.0, 0.1, 0.5
	at := func(i int) float64 { return float64((float64(i+LateLeast) + 0.5) * width) }
	for i := range counts {
		total += float64(counts[i])
		near := float64(counts[i])
		if i > 0 {
			near += float64(counts[i-1])
		}
		if i < LateBins-1 {
			near += float64(counts[i+1])
		}
		if near > most {
			most, mean = near, at(i)
		}
	}
	for range lateRounds {
		var sum, first, second float64
		peak := float64(part*width) / math.Sqrt(float64(2*math.Pi*variance))
		for i, c := range counts {
			off := at(i) - mean
			same := float64(peak * geo.Exp(-float64(off*off)/float64(2*variance)))
			weight := float64(float64(c)*same) / (same + (1-part)/LateBins)
			sum += weight
			first += float64(weight * at(i))
			second += float64(float64(weight*at(i)) * at(i))
		}
		mean = first / (sum + lateTrust)
		// Around the mean: of the differences, and of the prior, whose mean is 0.
		variance = (second+lateTrust/3.0)/(sum+lateTrust) - float64(mean*mean)
		part = (sum + 1) / (total + 2)
	}
	rounded := func(v float64) int64 { return round(float64(v*(1000/lateStep))) * lateStep }
	return rounded(mean), max(rounded(math.Sqrt(max(variance, 0))), lateStep), round(float64(part * total))
}
