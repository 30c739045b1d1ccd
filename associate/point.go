// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// points are places with an error: positions, and what sensors solved.
//
// Source of the form: catalogues of events and solutions of sensors, which give an error
// ellipse that holds 95 % (docs/formats/intake.md says what stands for one that is not
// given). Gate: the box of the ellipse. Bound: its highest density. Likelihood: a normal
// density.
func points() evidence { return evidence{name: "point", where: byPoint} }

func byPoint(o *trucewatch.Observation) (location, bool) { return ofShape(o, geo.Ellipse) }
