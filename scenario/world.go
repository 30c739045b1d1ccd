// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"cmp"
	"math"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// Begin is when every simulated world begins.
const Begin trucewatch.Instant = 1_767_225_600 * trucewatch.Second // 2026-01-01T00:00:00Z

// A World is what was simulated, with its truth.
type World struct {
	Name     string              // line, regional, mixed, day or night
	Seed     uint64              //
	Span     trucewatch.Interval //
	Sensors  []Sensor            // all of them, whether or not they sensed anything
	Fields   []Field             // the air, by piece of country; empty without sound
	Events   []Event             // what happened, by time
	Arrivals []Arrival           // of line and regional, by time, then sensor
	Reports  []Report            // of mixed, day and night, by time, then source
	sector   *sector             // of mixed
}

// A Sensor is one station or observer, in service throughout.
type Sensor struct {
	ID       trucewatch.SourceID   `json:"id"`
	Kind     trucewatch.SourceKind `json:"kind"`
	Position geo.Position          `json:"position"`
	ErrorUS  int64                 `json:"error_us,omitempty"`  // of each of its times, as it states it, one standard deviation
	OffsetUS int64                 `json:"offset_us,omitempty"` // by how much its clock is wrong all the time; nobody knows
}

// A Field is the air over one piece of country for one while.
type Field struct {
	From     geo.Position `json:"from"` // south-west corner
	Till     geo.Position `json:"till"` // north-east corner
	SpeedMMS int64        `json:"speed_mm_s"`
	EastMMS  int64        `json:"wind_east_mm_s"` // towards where the wind blows
	NorthMMS int64        `json:"wind_north_mm_s"`
}

// An Event is one thing that happened. Its ID is its place in time order, from 1.
type Event struct {
	At       trucewatch.Instant
	Position geo.Position
	DepthMM  int64
	Class    int                // loudness class, from 0; of Regional thousandths of magnitude
	Bound    Bound              // how well it could be located at best; zero if not worked out
	By       trucewatch.PartyID // of day: who did it
	Kind     trucewatch.Kind    // of day
}

// An Arrival is one time at one station.
type Arrival struct {
	Sensor  int32
	Phase   int8  // 0 sound or P wave, 1 S wave
	Event   int32 // place in Events; -1 if it is false
	Outlier bool  // true, but its time is grossly wrong
	At      trucewatch.Instant
}

// A Report is one recorded observation and where it truly comes from.
type Report struct {
	Event       int32 // place in Events; -1 if it is false
	Source      trucewatch.Source
	Observation trucewatch.Observation
	measure     measure
}

// finish orders events and arrivals by time.
func (w *World) finish() {
	order := make([]int32, len(w.Events))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(w.Events[a].At, w.Events[b].At) })
	place := make([]int32, len(order))
	events := make([]Event, len(order))
	for to, from := range order {
		place[from], events[to] = int32(to), w.Events[from]
	}
	w.Events = events
	for i := range w.Arrivals {
		if e := w.Arrivals[i].Event; e >= 0 {
			w.Arrivals[i].Event = place[e]
		}
	}
	for i := range w.Reports {
		if e := w.Reports[i].Event; e >= 0 {
			w.Reports[i].Event = place[e]
		}
	}
	slices.SortStableFunc(w.Arrivals, func(a, b Arrival) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Sensor, b.Sensor), cmp.Compare(a.Phase, b.Phase))
	})
}

// origin is the south-west corner of every world: open ocean.
var origin = geo.Position{LatE7: 46 * geo.E7, LonE7: -35 * geo.E7}

// Lengths of a degree at the origin. They only lay out the world; what is
// measured is measured on the ellipsoid.
const (
	kmPerLat = 111.2
	kmPerLon = 77.4
)

// at returns the place x km east and y km north of the origin along the graticule.
func at(x, y float64) geo.Position {
	return geo.Position{
		LatE7: origin.LatE7 + int32(round(float64(y*geo.E7)/kmPerLat)),
		LonE7: origin.LonE7 + int32(round(float64(x*geo.E7)/kmPerLon)),
	}
}

func round(x float64) int64 { return int64(math.Floor(x + 0.5)) }

// instant returns Begin and s seconds.
func instant(s float64) trucewatch.Instant {
	return Begin + trucewatch.Instant(round(float64(s*1e6)))
}
