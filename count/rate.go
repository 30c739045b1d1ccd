// SPDX-License-Identifier: Apache-2.0

package count

import (
	"math/bits"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// A weighted number of events: of 14 shots in one incident and 3 in another, two
// events of size 14 and 3. All in millionths.
type weighted struct {
	total   int64 // sum of sizes
	squares int64 // sum of their squares
	largest int64
}

// unit is one, in the millionths in which this file counts.
const unit = geo.Million

// sizeMost bounds the size of one event: its square, summed, must fit.
const sizeMost = 1_000_000

func (w *weighted) add(size int64) {
	if size <= 0 {
		return
	}
	size = min(size, sizeMost)
	w.total += size * unit
	w.squares = min(w.squares+size*size*unit, 1<<62) // beyond, the interval is wide enough to say nothing
	if w.squares < 0 {
		w.squares = 1 << 62
	}
	w.largest = max(w.largest, size*unit)
}

// rate returns events per million observed hours, nil if nothing was observed.
func rate(w weighted, hours int64, observed trucewatch.PPM) *trucewatch.Range {
	if hours <= 0 || observed <= 0 {
		return nil
	}
	low, high := interval(w)
	per := func(millionths int64) int64 { return mulDiv(millionths, geo.Million, hours*int64(observed)) }
	return &trucewatch.Range{Best: per(w.total), Low: per(low), High: per(high)}
}

// interval returns the number of events, in millionths, between which the
// expected number lies with 95 % confidence. For events of size one it is the
// exact interval for a Poisson count; sizes that differ make it wider, as if the
// number of independent events were smaller.
//
// Source: F. Garwood, Fiducial limits for the Poisson distribution, Biometrika 28
// (1936) 437-442, for counts; M. P. Fay and E. J. Feuer, Confidence intervals for
// directly standardized rates: a method based on the gamma distribution,
// Statistics in Medicine 16 (1997) 791-801, for weighted ones.
func interval(w weighted) (low, high int64) {
	if w.total > 0 {
		low = mulDiv(quantile(&lowQuantiles, mulDiv(w.total, w.total, w.squares), -1), w.squares, w.total)
	}
	largest := max(w.largest, unit)
	total, squares := w.total+largest, w.squares+mulDiv(largest, largest, unit)
	return low, mulDiv(quantile(&highQuantiles, mulDiv(total, total, squares), 1), squares, total)
}

// quantile returns the 2.5 % (side -1) or 97.5 % (side 1) quantile of the gamma
// distribution with a shape and scale 1, all in millionths: between whole shapes
// up to 50 on the straight between two entries of the table, beyond by Wilson and
// Hilferty's cube, which is within 0.01 % there.
//
// Source: E. B. Wilson and M. M. Hilferty, The distribution of chi-square, PNAS 17
// (1931) 684-688.
func quantile(table *[51]int64, shape int64, side int64) int64 {
	whole := shape / unit
	if whole < 50 {
		a, b := table[whole], table[whole+1]
		return a + mulDiv(b-a, shape%unit, unit)
	}
	const z = 1_959_964 // of the normal distribution, 97.5 %
	root := squareRoot(shape)
	t := unit - mulDiv(unit, unit, 9*shape) + side*mulDiv(z, unit, 3*root)
	return mulDiv(mulDiv(mulDiv(shape, t, unit), t, unit), t, unit)
}

// squareRoot returns the square root of a number of millionths, in millionths,
// rounded down.
func squareRoot(x int64) int64 {
	high, low := bits.Mul64(uint64(x), unit)
	root := uint64(0)
	for bit := uint64(1) << 62; bit > 0; bit >>= 1 {
		next := root | bit
		if h, l := bits.Mul64(next, next); h < high || h == high && l <= low {
			root = next
		}
	}
	return int64(root)
}

// mulDiv returns a*b/c rounded down, for a and b not negative and c positive; what
// does not fit is the largest number.
func mulDiv(a, b, c int64) int64 {
	high, low := bits.Mul64(uint64(a), uint64(b))
	if high >= uint64(c) {
		return 1<<63 - 1
	}
	q, _ := bits.Div64(high, low, uint64(c))
	return int64(min(q, 1<<63-1))
}

// Quantiles of the gamma distribution of scale 1, in millionths, by whole shape.
//
// Source: computed by bisection on the sum of the Poisson distribution; the test
// does so again.
var (
	lowQuantiles = [51]int64{0,
		25_318, 242_209, 618_672, 1_089_865, 1_623_486, 2_201_894, 2_814_363, 3_453_832, 4_115_373, 4_795_389,
		5_491_160, 6_200_575, 6_921_952, 7_653_930, 8_395_386, 9_145_382, 9_903_126, 10_667_941, 11_439_241, 12_216_520,
		12_999_331, 13_787_283, 14_580_027, 15_377_253, 16_178_682, 16_984_063, 17_793_170, 18_605_797, 19_421_755, 20_240_874,
		21_062_996, 21_887_976, 22_715_682, 23_545_988, 24_378_782, 25_213_957, 26_051_415, 26_891_062, 27_732_812, 28_576_586,
		29_422_308, 30_269_906, 31_119_313, 31_970_467, 32_823_309, 33_677_781, 34_533_832, 35_391_411, 36_250_470, 37_110_964}
	highQuantiles = [51]int64{0,
		3_688_879, 5_571_643, 7_224_688, 8_767_273, 10_241_589, 11_668_332, 13_059_474, 14_422_675, 15_763_189, 17_084_803,
		18_390_356, 19_682_039, 20_961_585, 22_230_396, 23_489_621, 24_740_219, 25_982_998, 27_218_647, 28_447_760, 29_670_854,
		30_888_378, 32_100_731, 33_308_264, 34_511_293, 35_710_098, 36_904_932, 38_096_024, 39_283_582, 40_467_796, 41_648_837,
		42_826_865, 44_002_026, 45_174_452, 46_344_269, 47_511_592, 48_676_527, 49_839_174, 50_999_626, 52_157_969, 53_314_284,
		54_468_647, 55_621_130, 56_771_799, 57_920_718, 59_067_946, 60_213_540, 61_357_554, 62_500_036, 63_641_036, 64_780_599}
)
