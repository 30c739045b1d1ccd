// SPDX-License-Identifier: Apache-2.0

package score_test

import (
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate"
	"github.com/trucewatch/trucewatch/scenario"
)

// A nightCount says how reports were joined into sightings, and these into flights.
type nightCount struct {
	mixed, joined     int // incidents of several reports that hold two flights; all of them
	right, legs, true int // legs between reports of one flight; all; those there are
	stated            float64
}

// count holds flights against a night. A leg is right if both its ends hold a report of
// one flight; those there are lead from each sighting of a flight to its next.
func (c *nightCount) count(w *scenario.World) {
	of := make(map[trucewatch.ObservationID]int32)
	a := associate.New()
	all := w.Recorded()
	for i, r := range all {
		of[r.ID] = w.Reports[i].Event
	}
	a.Add(0, all)
	flights := func(in *trucewatch.Incident) []int32 {
		var out []int32
		for _, l := range in.Links {
			out = append(out, of[l.Observation])
		}
		return out
	}
	sightings := make(map[int32]int)
	for in := range a.All() {
		held := flights(in)
		if len(held) > 1 {
			c.joined++
		}
		seen := make(map[int32]bool)
		for _, f := range held {
			seen[f] = true
		}
		if len(seen) > 1 {
			c.mixed++
		}
		for f := range seen {
			sightings[f]++
		}
	}
	for f, n := range sightings {
		if f >= 0 {
			c.true += n - 1
		}
	}
	for _, f := range a.Flights(w.Span) {
		for i := 1; i < len(f.Parts); i++ {
			c.legs++
			c.stated += float64(f.Parts[i].Share) / 1_000_000
			from, to := flights(a.Incident(f.Parts[i-1].Incident)), flights(a.Incident(f.Parts[i].Incident))
			if ofOneFlight(from, to) {
				c.right++
			}
		}
	}
}

func ofOneFlight(a, b []int32) bool {
	for _, x := range a {
		for _, y := range b {
			if x == y && x >= 0 {
				return true
			}
		}
	}
	return false
}

// TestFlightsOfANight holds the engine to what it has reached with the nights of
// package scenario.
func TestFlightsOfANight(t *testing.T) {
	for _, test := range []struct {
		courses           float64
		precision, recall float64
	}{{0, 0.73, 0.75}, {0.7, 0.86, 0.87}} {
		var c nightCount
		for seed := range max(*seeds, 2) {
			p := scenario.NewNight(uint64(seed + 1))
			p.Courses = test.courses
			w, err := p.World()
			if err != nil {
				t.Fatal(err)
			}
			c.count(w)
		}
		precision, recall := float64(c.right)/float64(c.legs), float64(c.right)/float64(c.true)
		t.Logf("%.0f %% with a course: %d of %d joined sightings hold two flights; of %d legs %d are right, of %d there are: precision %.3f (stated %.3f), recall %.3f",
			100*test.courses, c.mixed, c.joined, c.legs, c.right, c.true, precision, c.stated/float64(c.legs), recall)
		if c.mixed*50 > c.joined {
			t.Errorf("%d of %d joined sightings hold two flights", c.mixed, c.joined)
		}
		if precision < test.precision || recall < test.recall {
			t.Errorf("precision %.3f, recall %.3f, want %.2f and %.2f", precision, recall, test.precision, test.recall)
		}
	}
}
