// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate/kernel"
	"github.com/trucewatch/trucewatch/geo"
)

// alerts are air-raid alerts.
//
// Source of the form: the public records of alerts in Ukraine, one official and one
// of volunteers, which name a region, a start and an end. Gate: the name and the time.
// Bound and likelihood: those of a name (byName).
func alerts() evidence { return evidence{name: "alert", where: byAlert} }

// byAlert reads the region of an air-raid alert. The alert is about the region and
// about no place in it: two collectors mean one alert if they name one region, and
// a small region within a large one is another.
func byAlert(o *trucewatch.Observation) (location, bool) {
	if o.Kind != trucewatch.AirAlert || o.Where.Name == "" {
		return location{}, false
	}
	return location{named: true, peak: -trucewatch.MilliNat(kernel.LogRatio(namedPlaceKM2, 1))}, true
}

// An alert is the incident of an alert, and its region.
type alert struct {
	in    *trucewatch.Incident
	where trucewatch.Place
}

// holds says whether s was in the region. A region known by name alone holds what
// was seen in a place of that name.
func (a alert) holds(s *sighting) bool {
	if r := a.where.Region; !r.IsZero() {
		return geo.DistanceMM(r.Mean(), s.place) <= r.ReachMM()
	}
	return slices.Contains(s.names, a.where.Name)
}
