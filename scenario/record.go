// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/trucewatch/trucewatch"
)

// Simulated is what every simulated observation and source says of itself.
const Simulated = "SIMULATED"

// latency is how long after its time an arrival is received.
const latency = 2 * trucewatch.Second

// ObservationID returns the ID of arrival or report i of the world.
func ObservationID(i int) trucewatch.ObservationID {
	return trucewatch.ObservationID{Index: uint64(i) + 1}
}

// syncError is what sensors state of their clocks, which satellites set. That
// one is off by more, as Line.ClockMS makes it, none of them knows.
const syncError = trucewatch.Second / 1000

// Recorded returns what the world's sensors and sources say, as it would stand
// in a record: arrival or report i has ObservationID(i). Of the truth it holds
// nothing.
func (w *World) Recorded() []*trucewatch.Recorded {
	sources := make([]*trucewatch.Source, len(w.Sensors))
	for i := range w.Sensors {
		s := &w.Sensors[i]
		sources[i] = &trucewatch.Source{ID: s.ID, Kind: s.Kind, Name: Simulated + " " + string(s.ID), Note: Simulated}
	}
	out := make([]*trucewatch.Recorded, 0, len(w.Arrivals)+len(w.Reports))
	for i, a := range w.Arrivals {
		out = append(out, &trucewatch.Recorded{ID: ObservationID(i), Received: a.At + latency, Source: sources[a.Sensor], Observation: w.observation(i)})
	}
	for i := range w.Reports {
		r := &w.Reports[i]
		r.Observation.Key = w.key(i)
		out = append(out, &trucewatch.Recorded{ID: ObservationID(i), Received: max(r.Observation.When.Till, r.Observation.ReportedAt) + latency, Source: &r.Source, Observation: &r.Observation})
	}
	return out
}

// observation is arrival i as its sensor reports it.
func (w *World) observation(i int) *trucewatch.Observation {
	a := w.Arrivals[i]
	s := &w.Sensors[a.Sensor]
	kind, means, wave := trucewatch.AcousticEvent, trucewatch.Acoustic, "sound"
	if w.Name == "regional" {
		kind, means, wave = trucewatch.SeismicEvent, trucewatch.Seismic, [...]string{"P", "S"}[a.Phase]
	}
	return &trucewatch.Observation{
		Key:      w.key(i),
		Kind:     kind,
		Means:    means,
		Count:    trucewatch.Count{Value: 1, Qualifier: trucewatch.Exact},
		When:     trucewatch.Interval{From: a.At, Till: a.At},
		Clock:    trucewatch.Clock{Kind: "device", Zone: "UTC", SyncError: trucewatch.Microseconds(syncError)},
		Observer: &trucewatch.Observer{Name: string(s.ID), Position: &s.Position},
		Text:     Simulated,
		Arrival:  &trucewatch.Arrival{Wave: wave, Error: trucewatch.Microseconds(s.ErrorUS)},
	}
}

// key is the content key of observation i.
func (w *World) key(i int) trucewatch.ContentKey {
	b := []byte(Simulated + " " + w.Name + " ")
	b = binary.BigEndian.AppendUint64(b, w.Seed)
	return sha256.Sum256(binary.BigEndian.AppendUint64(b, uint64(i)))
}
