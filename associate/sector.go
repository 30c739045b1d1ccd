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

// sectors are directions and distances from an observer: of the 16 winds, bearings, rays
// of cameras, rings. One without distances reaches as far as one hears or sees there, which
// intake states.
//
// Source of the form: daily and spot reports of the OSCE Special Monitoring Mission to
// Ukraine, 2014-2022. Gate: the box of the sector. Bound: its highest density. Likelihood:
// even over the sector, in the search the normal density of the same mean and covariance.
func sectors() evidence { return evidence{name: "sector", where: bySector} }

// bySector reads a sector. Around an observer whose own place is not exact all of it may
// be shifted by the observer's error (95 % within RadiusMM), so it is taken as the ellipse
// with the sector's mean and covariance and that error added. Intake states the error
// apart from the sector, so that it is added once, here.
func bySector(o *trucewatch.Observation) (location, bool) {
	r := &o.Where.Region
	if r.Kind != geo.Sector || o.Observer == nil || o.Observer.RadiusMM*negligible <= r.RMaxMM {
		return ofShape(o, geo.Sector)
	}
	wide, ok := kernel.Shifted(r, o.Observer.RadiusMM)
	if !ok {
		return ofShape(o, geo.Sector)
	}
	return ofRegion(&wide)
}
