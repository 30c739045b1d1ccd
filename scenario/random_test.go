// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"math"
	"testing"
)

// TestRandomIsSplitMix64 holds the generator to its published sequence for seed
// 1234567 (Vigna, splitmix64.c).
func TestRandomIsSplitMix64(t *testing.T) {
	r := &random{state: 1234567}
	for i, want := range []uint64{6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821} {
		if got := r.next(); got != want {
			t.Errorf("number %d is %d, want %d", i, got, want)
		}
	}
}

// TestRandomNumbersFollowTheirLaws compares the first moments of a million
// numbers with those of the distribution, within six standard errors.
func TestRandomNumbersFollowTheirLaws(t *testing.T) {
	const n = 1_000_000
	for _, law := range []struct {
		name           string
		draw           func(*random) float64
		mean, variance float64
		fourth         float64 // central moment over variance squared
	}{
		{"unit", (*random).unit, 0.5, 1.0 / 12, 1.8},
		{"normal", (*random).normal, 0, 1, 3},
		{"exponential", func(r *random) float64 { return r.exponential(2) }, 2, 4, 9},
	} {
		r := newRandom(7, streamEvents)
		var sum, sum2 float64
		for range n {
			d := law.draw(r) - law.mean
			sum, sum2 = sum+d, sum2+d*d
		}
		if off := math.Abs(sum/n) / math.Sqrt(law.variance/n); off > 6 {
			t.Errorf("%s: mean is off by %.1f standard errors", law.name, off)
		}
		if off := math.Abs(sum2/n-law.variance) / (law.variance * math.Sqrt((law.fourth-1)/n)); off > 6 {
			t.Errorf("%s: variance is off by %.1f standard errors", law.name, off)
		}
	}
}
