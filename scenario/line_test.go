// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"testing"
)

func line(t *testing.T, change func(*Line)) *World {
	t.Helper()
	l := NewLine(1)
	if change != nil {
		change(&l)
	}
	w, err := l.World()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestLineHoldsWhatItsParametersSay(t *testing.T) {
	w := line(t, nil)
	genuine := 0
	for _, a := range w.Arrivals {
		if a.Event >= 0 {
			genuine++
		}
	}
	t.Log(len(w.Sensors), len(w.Events), len(w.Arrivals), genuine)
	if len(w.Sensors) != 1500 || len(w.Events) != 1000 || len(w.Arrivals) != 2*genuine {
		t.Errorf("%d sensors, %d events, %d arrivals of which %d true; want 1500, 1000, twice the true ones", len(w.Sensors), len(w.Events), len(w.Arrivals), genuine)
	}
	var sum int64
	for _, e := range w.Events {
		sum += (e.Bound.EastMM2 + e.Bound.NorthMM2) / 1000
	}
	t.Log(sum / 1000 * 1000 / 1000)
}
