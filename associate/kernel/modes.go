// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"math"

	"github.com/trucewatch/trucewatch/geo"
)

// A Mode is one of two places where something may have been, with the region that
// holds it with 95 % if it was there, and the probability that it was.
type Mode struct {
	Region geo.Region
	Weight int64 // ppm
}

const (
	// modesApart is from how many standard deviations between two halves of a cloud of
	// points they are two places: Ashman's D. Source: Ashman, Bird, Zepf, "Detecting
	// bimodality in astronomical datasets", The Astronomical Journal 108, 1994, who
	// find that D > 2 is needed for a clean separation; twice that leaves a gap between
	// two ellipses of 95 %.
	modesApart = 5
	// modeLeast is the least weight of a place that is given apart: below it the
	// region of 95 % need not hold it.
	modeLeast = 0.05
	// modePasses bounds the division into halves, which only gets better. Guess. Test:
	// two discs are told apart in four.
	modePasses = 12
)

// modesOf divides weighted points into two halves, along the axis on which they lie
// furthest apart, and returns their modes, the heavier first; nil if they are one.
func modesOf(f frame, x, y, weights []float64) []Mode {
	all, _ := weightedNormal(f, x, y, weights)
	mx, my := f.plane(all.mean)
	half, diff := (all.xx+all.yy)/2, (all.xx-all.yy)/2
	longest := half + math.Sqrt(float64(diff*diff)+float64(all.xy*all.xy))
	ux, uy := all.xy, longest-all.xx // an eigenvector
	if math.Abs(all.xy) < 1e-12 {
		ux, uy = 0, 1
		if all.xx >= all.yy {
			ux, uy = 1, 0
		}
	}
	length := math.Sqrt(float64(ux*ux) + float64(uy*uy))
	if length == 0 {
		return nil
	}
	along := make([]float64, len(x))
	for i := range x {
		along[i] = (float64((x[i]-mx)*ux) + float64((y[i]-my)*uy)) / length
	}
	at, low, high, ok := halves(along, weights)
	if !ok || high.mean-low.mean < float64(modesApart*math.Sqrt((low.variance+high.variance)/2)) {
		return nil
	}
	mode := func(upper bool, share float64) Mode {
		part := make([]float64, len(weights))
		for i, w := range weights {
			if along[i] > at == upper {
				part[i] = w
			}
		}
		n, _ := weightedNormal(f, x, y, part)
		return Mode{n.Ellipse(), round(float64(share * geo.Million))}
	}
	first, second := mode(false, low.share), mode(true, high.share)
	if second.Weight > first.Weight {
		first, second = second, first
	}
	return []Mode{first, second}
}

// A side is the points of a line on one side of a border.
type side struct{ share, mean, variance float64 }

// halves parts points on a line where the two sides are each nearest to their own mean
// (Lloyd, "Least squares quantization in PCM", IEEE Transactions on Information Theory
// 28, 1982), beginning at their mean; false if one side is hardly anything.
func halves(along, weights []float64) (at float64, low, high side, ok bool) {
	for range modePasses {
		var sums [2][3]float64
		for i, w := range weights {
			k := 0
			if along[i] > at {
				k = 1
			}
			sums[k][0] += w
			sums[k][1] += float64(w * along[i])
			sums[k][2] += float64(float64(w*along[i]) * along[i])
		}
		total := sums[0][0] + sums[1][0]
		var sides [2]side
		for k, s := range sums {
			if s[0] < float64(modeLeast*total) {
				return 0, low, high, false
			}
			mean := s[1] / s[0]
			sides[k] = side{s[0] / total, mean, max(s[2]/s[0]-float64(mean*mean), 0)}
		}
		low, high = sides[0], sides[1]
		next := (low.mean + high.mean) / 2
		if next == at {
			break
		}
		at = next
	}
	return at, low, high, true
}
