// SPDX-License-Identifier: Apache-2.0

package geo

import (
	"math/rand/v2"
	"testing"
)

// The map keeps distances between neighbours, and finds back.
func TestPlaneKeepsDistances(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, at := range []Position{{480_000_000, 380_000_000}, {-10_000_000, 1_799_000_000}, {700_000_000, 0}} {
		m := NewPlane(at)
		worst, back := [2]float64{}, int64(0)
		for range 4_000 {
			for k, reach := range []int64{60_000_000, 100_000_000} {
				p := Direct(at, int32(r.IntN(360_000)), r.Int64N(reach))
				q := Direct(p, int32(r.IntN(360_000)), 1_000_000+r.Int64N(10_000_000))
				px, py := m.Project(p)
				qx, qy := m.Project(q)
				flat := hypot(float64(qx-px), float64(qy-py))
				true := float64(DistanceMM(p, q))
				worst[k] = max(worst[k], abs(flat-true)/true)
				back = max(back, DistanceMM(p, m.Position(px, py)))
			}
		}
		if worst[0] > 2e-5 || worst[1] > 5e-5 {
			t.Errorf("%v: distances are wrong by %.1e within 60 km and %.1e within 100 km", at, worst[0], worst[1])
		}
		if back > 20 {
			t.Errorf("%v: a place comes back %d mm off", at, back)
		}
	}
}

func abs(x float64) float64 { return max(x, -x) }
