// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"math/rand/v2"
	"testing"
)

// Lateness finds how late and how wide true times are among as many differences by chance.
func TestLatenessIsFoundAmongChance(t *testing.T) {
	for _, c := range []struct {
		name                  string
		right, chance         int
		late, deviation       float64 // of half a window
		wantLate, wantSpread  int64
		lateWithin, devWithin int64
	}{
		{"in time, as wide as stated", 200, 0, 0, 0.5, 0, 500, 100, 100},
		{"late and narrow", 100, 100, -0.3, 0.2, -300, 250, 100, 100},
		{"late, in much chance", 60, 200, -0.3, 0.2, -250, 300, 150, 150},
	} {
		r := rand.New(rand.NewPCG(3, 4))
		var counts [LateBins]int64
		add := func(u float64) {
			if bin := int((u*10)+11) - LateLeast - 11; u*10 >= LateLeast && bin < LateBins {
				counts[bin]++
			}
		}
		for range c.right {
			add(c.late + r.NormFloat64()*c.deviation)
		}
		for range c.chance {
			add(r.Float64()*2.2 - 1.1)
		}
		late, deviation, same := Lateness(&counts)
		t.Logf("%s: late %d, deviation %d, %d of the same", c.name, late, deviation, same)
		off := func(a, b int64) int64 { return max(a-b, b-a) }
		if off(late, c.wantLate) > c.lateWithin || off(deviation, c.wantSpread) > c.devWithin || 3*off(same, int64(c.right)) > 2*int64(c.right) {
			t.Errorf("%s: late %d, deviation %d, %d of the same", c.name, late, deviation, same)
		}
	}
	if late, _, _ := Lateness(new([LateBins]int64)); late != 0 {
		t.Errorf("of nothing %d is learned", late)
	}
}
