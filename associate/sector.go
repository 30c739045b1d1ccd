// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate/kernel"
	"github.com/trucewatch/trucewatch/geo"
)

// negligible is which part of a sector's outer radius the error of its observer's
// place may be and still go without saying: the words "2-4 km" are no better.
// Guess. Test: errors of stated distances against sensors.
const negligible = 20

// shiftedSectors are sectors around observers whose own place is not exact.
func shiftedSectors() evidence {
	return evidence{name: "sector of an observer not exactly placed", where: bySector}
}

// bySector reads a sector around an observer whose own place is not exact: all
// of the sector may be shifted by the observer's error (95 % within RadiusMM), so
// it is taken as the ellipse with the sector's mean and covariance and that
// error added. Intake states the error apart from the sector, so that it is added
// once, here.
func bySector(o *trucewatch.Observation) (location, bool) {
	r := &o.Where.Region
	if r.Kind != geo.Sector || o.Observer == nil || o.Observer.RadiusMM*negligible <= r.RMaxMM {
		return location{}, false
	}
	wide, ok := kernel.Shifted(r, o.Observer.RadiusMM)
	if !ok {
		return location{}, false
	}
	return ofRegion(&wide)
}
