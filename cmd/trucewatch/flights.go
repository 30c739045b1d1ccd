// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"math"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/scenario"
	"github.com/trucewatch/trucewatch/score"
)

// writeFlights writes the flights among simulated observations as a result that score
// reads. Real ones are refused: what leads to a launch has no interface that could be
// fed as it happens (docs/harm.md); replay --print flights gives those of a record.
func writeFlights(t terminal, a *associate.Associator, all []*trucewatch.Recorded) error {
	for _, r := range all {
		if !strings.HasPrefix(r.Source.Name, scenario.Simulated) {
			return errors.New("associate: --flights is for SIMULATED observations alone; replay --print flights gives those of a record")
		}
	}
	return flightResult(a).Write(t.out)
}

// flightResult makes a result of which each event is a flight, at its first incident.
func flightResult(a *associate.Associator) *score.Result {
	out := &score.Result{}
	for _, f := range a.Flights(trucewatch.Interval{From: math.MinInt64, Till: math.MaxInt64}) {
		var e score.Found
		for i, p := range f.Parts {
			in := a.Incident(p.Incident)
			one := score.OfIncident(in)
			for k := range one.Members {
				one.Members[k].Share = -1 // a leg has a share, not a report
			}
			if i == 0 {
				e = one
				e.Placed, e.Region = false, geo.Region{} // where it was seen first is not where it was launched
				continue
			}
			e.Members = append(e.Members, one.Members...)
		}
		e.ID = f.ID.String()
		out.Events = append(out.Events, e)
	}
	return out
}
