// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// pixels are what a satellite saw in one element of its picture, at its overpass.
//
// Source of the form: NASA FIRMS, whose rows give both sides of a pixel. What burns began
// up to thermalLookback before. Gate: the box of the pixel, and the time since then. Bound:
// the highest density. Likelihood: even over the pixel, in the search the normal density of
// the same mean and covariance.
func pixels() evidence { return evidence{name: "pixel", where: byPixel} }

func byPixel(o *trucewatch.Observation) (location, bool) { return ofShape(o, geo.Pixel) }
