// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// areas are settlements, districts and whatever else has an outline.
//
// Source of the form: gazetteers, and tables and reports that name a district and an
// interval. Gate: the box of the outline. Bound: the highest density, so that a region of
// thousands of square kilometres and a day is worth nothing beside others. Likelihood: even
// over the area, in the search the normal density of the same mean and covariance.
func areas() evidence { return evidence{name: "area", where: byArea} }

func byArea(o *trucewatch.Observation) (location, bool) { return ofShape(o, geo.Polygon) }
