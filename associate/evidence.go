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

// An evidence is one kind of evidence: how its observations are read. Each kind stands
// in a file of its own that names the source of its form, and what gate, bound and
// likelihood it has.
type evidence struct {
	name string
	// where says where an observation of this kind was: for the gate a region or a name,
	// for the likelihood a density, for the bound its peak. False if it is of another kind.
	where func(*trucewatch.Observation) (location, bool)
	// sink returns the most signs that an observation may be explained by, if it is not
	// one occurrence but a number of them; nil of kinds that are.
	sink func(*trucewatch.Observation) int64
	// solved: it says nothing alone; a Listener finds what several say together.
	solved bool
	// far: it is compared with its like alone, by direction and time of arrival.
	far bool
}

// kinds is the table of the kinds of evidence: an observation is of the first that reads
// it. A new kind is one file, and one line here (TestEachKindOfEvidenceHasAFile).
//
// Tracks are no evidence of one place: sightings are, and flights lead from one to another
// (flight.go).
func kinds() [9]evidence {
	return [...]evidence{
		infrasoundArrivals(),
		arrivalTimes(),
		alerts(),
		countReports(),
		points(),
		pixels(),
		sectors(),
		areas(),
		placeNames(),
	}
}

// kindOf returns the kind of o and where it was; false if nothing says that.
func kindOf(o *trucewatch.Observation) (evidence, location, bool) {
	for _, k := range kinds() {
		if l, ok := k.where(o); ok {
			return k, l, true
		}
	}
	return evidence{}, location{}, false
}

// locate reads where o was; false if it does not say.
func locate(o *trucewatch.Observation) (location, bool) {
	_, where, ok := kindOf(o)
	return where, ok
}

// ofShape reads a region of one shape.
func ofShape(o *trucewatch.Observation, kind geo.RegionKind) (location, bool) {
	if o.Where.Region.Kind != kind {
		return location{}, false
	}
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
