// SPDX-License-Identifier: Apache-2.0

package geo

import "testing"

func BenchmarkInverse(b *testing.B) {
	places := pairs(1, 1_024)
	for i := 0; b.Loop(); i++ {
		Inverse(places[i%1024][0], places[i%1024][1])
	}
}

func BenchmarkNearMM(b *testing.B) {
	places := pairs(1, 1_024)
	for i := 0; b.Loop(); i++ {
		NearMM(places[i%1024][0], places[i%1024][1])
	}
}

func BenchmarkLineDistance(b *testing.B) {
	line := mustLine(b, wiggly(origin, 5_000, 20_000, 1), 0)
	places := wiggly(Position{48*E7 + E7/20, 37 * E7}, 1_024, 90_000, 2)
	for i := 0; b.Loop(); i++ {
		line.SignedDistanceMM(places[i%1024])
	}
}

func BenchmarkShare(b *testing.B) {
	line := mustLine(b, wiggly(origin, 200, 100_000, 1), 100_000)
	zone := NewBand(line, Left, 0, 5_000_000)
	for _, bb := range []struct {
		name   string
		region Region
	}{
		{"outside", Circle(Position{49 * E7, 38 * E7}, 300_000)},
		{"inside", Circle(Direct(line.Points()[100], 0, 2_500_000), 300_000)},
		{"across", Circle(line.Points()[100], 300_000)},
	} {
		b.Run(bb.name, func(b *testing.B) {
			for b.Loop() {
				zone.Share(bb.region)
			}
		})
	}
}

func BenchmarkSamples(b *testing.B) {
	buf := make([]Position, 0, SampleCount)
	for b.Loop() {
		Circle(origin, 300_000).AppendSamples(buf)
	}
}
