// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate/kernel"
	"github.com/trucewatch/trucewatch/geo"
)

// A location is what one kind of evidence says of where something was: a
// density over the plane.
type location struct {
	region *geo.Region // what limits it, for the gate; nil for a name alone
	place  kernel.Normal
	peak   trucewatch.MilliNat // ln of the highest density, per km2
	named  bool                // places agree if their names do
}

// box returns a box that holds the location and marginMM around it.
func (l location) box(marginMM int64) kernel.Box {
	if l.region == nil {
		return kernel.Box{}
	}
	return kernel.BoxOf(l.region, marginMM)
}

// locators lists the kinds of evidence of place, the stronger first. A new kind
// is one file with such a function, and one line here.
func locators() [4]func(*trucewatch.Observation) (location, bool) {
	return [...]func(*trucewatch.Observation) (location, bool){
		byAlert,
		bySector,
		byRegion,
		byName,
	}
}

// locate reads where o was by the first kind of evidence that it has; false if
// it has none.
func locate(o *trucewatch.Observation) (location, bool) {
	for _, by := range locators() {
		if l, ok := by(o); ok {
			return l, true
		}
	}
	return location{}, false
}

// byRegion reads a region of any shape.
func byRegion(o *trucewatch.Observation) (location, bool) {
	return ofRegion(&o.Where.Region)
}

// ofRegion is the location that a region says, widened by the extent of an
// engagement.
func ofRegion(r *geo.Region) (location, bool) {
	place, ok := kernel.NormalOf(r, spreadMM)
	if !ok {
		return location{}, false
	}
	return location{region: r, place: place, peak: trucewatch.MilliNat(place.LogPeak())}, true
}

// regionOf is where o says that it was, as far as its source can know it.
func regionOf(o *trucewatch.Observation) *geo.Region {
	if where, ok := locate(o); ok && where.region != nil {
		return where.region
	}
	return &o.Where.Region
}
