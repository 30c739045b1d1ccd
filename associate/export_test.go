// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate/kernel"
	"github.com/trucewatch/trucewatch/geo"
)

// FarthestMM is how far the stations of a window's piece stand from the corner of
// its cell.
func FarthestMM(p Piece) (far int64) {
	var b body
	if err := trucewatch.Decode(p.Body, &b); err != nil {
		panic(err)
	}
	if b.Window != nil {
		for _, s := range b.Window.Stations {
			far = max(far, geo.NearMM(s.Position, p.Cell))
		}
	}
	return far
}

// RangesLearned counts, by factor in hundredths, the districts and slabs of l, from a
// time on, in which all is taken to be heard so much further than stated.
func RangesLearned(l *Listener, from trucewatch.Instant) map[int64]int {
	out := make(map[int64]int)
	for key, c := range l.conditions {
		if c != nil && trucewatch.Instant(key.slab)*l.n.slab >= from {
			out[kernel.RangeSteps[c.ranges]]++
		}
	}
	return out
}

// LatenessOf is how late reports of a means are learned to be, over all country and days,
// in thousandths of half their windows.
func LatenessOf(a *Associator, means trucewatch.Means) (late int64) {
	for key, l := range a.rates.late {
		if key.means == means {
			late += l.learned.Late
		}
	}
	return late
}
