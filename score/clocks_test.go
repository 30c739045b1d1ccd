// SPDX-License-Identifier: Apache-2.0

package score_test

import (
	"testing"

	tw "github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/scenario"
	"github.com/trucewatch/trucewatch/score"
)

// Of 40 sensors some have clocks that are wrong by 0.2 to 0.5 s, and nobody knows
// which. From the shots of three hours nearly all are found and no good one is taken for
// wrong; what is found is then as good as if all were right, but for the first shots.
func TestWrongClocksAreFound(t *testing.T) {
	wrong, found := 0, 0
	for seed := range uint64(3) {
		var scores [2]*score.Score
		for i, share := range []float64{0, 0.075} {
			l := scenario.NewLine(seed + 1)
			l.LengthKM, l.WidthKM, l.Rate, l.Hours, l.WrongClocks = 40, 25, 40, 3, share
			w, err := l.World()
			if err != nil {
				t.Fatal(err)
			}
			stations, arrivals := heardIn(w)
			shots, _ := find(stations, arrivals, hearing(w))
			taken := map[int32]int64{}
			for _, s := range shots {
				for k, a := range s.Arrivals {
					if s.At > scenario.Begin+2*tw.Hour && s.Clocks != nil && s.Clocks[k].LateUS != 0 {
						taken[w.Arrivals[a].Sensor] = s.Clocks[k].LateUS
					}
				}
			}
			for sensor := range w.Sensors {
				late, was := taken[int32(sensor)], w.Sensors[sensor].OffsetUS
				switch {
				case was == 0 && late != 0:
					t.Errorf("seed %d: a good clock is taken to be late by %d us", seed+1, late)
				case was != 0:
					wrong++
					if off := late - was; off > -60_000 && off < 60_000 {
						found++
					}
				}
			}
			result, _ := engine(w)
			truth := w.Truth("clocks")
			scores[i] = score.Of(truth, result, score.DefaultOptions(truth))
		}
		good, bad := scores[0], scores[1]
		t.Logf("seed %d: precision %.3f and %.3f, recall %.3f and %.3f, RMSE/bound %.2f and %.2f, covered %.3f and %.3f", seed+1, good.Precision, bad.Precision,
			good.Recall, bad.Recall, good.Location.OverBound, bad.Location.OverBound, good.Location.Covered, bad.Location.Covered)
		if bad.Precision < good.Precision-0.01 || bad.Recall < good.Recall-0.01 || bad.Location.Covered < good.Location.Covered-0.15 {
			t.Errorf("seed %d: wrong clocks cost more than what is found before they are known", seed+1)
		}
	}
	t.Logf("%d of %d wrong clocks found", found, wrong)
	if found*10 < wrong*8 {
		t.Errorf("%d of %d wrong clocks found", found, wrong)
	}
}
