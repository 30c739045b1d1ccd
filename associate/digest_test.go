// SPDX-License-Identifier: Apache-2.0

package associate_test

import (
	"encoding/hex"
	"testing"

	"github.com/trucewatch/trucewatch/associate"
	"github.com/trucewatch/trucewatch/scenario"
)

// Shots are the same bits on every machine. A change of the engine changes them:
// read what differs, then write the new digest here.
func TestDigestOfShots(t *testing.T) {
	const want = "545737535b982e7513fca92cffecc000d3b8886ebe2a1a083701a0c77cd321d4"
	l := scenario.NewLine(1)
	l.Rate, l.Bursts = 60, 0.2
	w, err := l.World()
	if err != nil {
		t.Fatal(err)
	}
	var stations []associate.Station
	for _, s := range w.Sensors {
		stations = append(stations, associate.Station{Position: s.Position, Clock: 20_000})
	}
	var arrivals []associate.Arrival
	for i, r := range w.Recorded() {
		a := w.Arrivals[i]
		arrivals = append(arrivals, associate.Arrival{Station: a.Sensor, Phase: uint8(a.Phase), At: a.At, Key: r.Observation.Key})
	}
	shots := associate.NewNetwork(acoustic(), stations).Find(arrivals, serially)
	sum := digestOf(shots, func(i int32) associate.Arrival { return arrivals[i] })
	if got := hex.EncodeToString(sum[:]); got != want {
		t.Errorf("%d shots with digest %s, want %s", len(shots), got, want)
	}
}
