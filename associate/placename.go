// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate/kernel"
)

// namedPlaceKM2 is the area that a place name without a region stands for.
// Guess: a village and its fields. Test: areas of the gazetteer's places.
const namedPlaceKM2 = 10

// placeNames are names of places without a region.
//
// Source of the form: tables and the press, where no gazetteer knows the place. Gate: the
// same name. Bound and likelihood: even over namedPlaceKM2.
func placeNames() evidence { return evidence{name: "place name", where: byName} }

// byName reads the name of a place whose region is not known.
func byName(o *trucewatch.Observation) (location, bool) {
	if o.Where.Name == "" {
		return location{}, false
	}
	return location{named: true, peak: -trucewatch.MilliNat(kernel.LogRatio(namedPlaceKM2, 1))}, true
}
