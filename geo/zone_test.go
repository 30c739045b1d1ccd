// SPDX-License-Identifier: Apache-2.0

package geo

import (
	"math"
	"math/rand"
	"testing"
)

func TestZoneContains(t *testing.T) {
	line := mustLine(t, []Position{{40 * E7, 0}, {50 * E7, 0}}, 100_000) // northwards
	at := func(metres int64) Position { return Direct(Position{45 * E7, 0}, 90_000, metres*1000) }
	band := NewBand(line, Right, 2_000_000, 5_000_000)
	for _, tt := range []struct {
		name string
		zone *Zone
		p    Position
		want bool
	}{
		{"no zone", nil, at(0), false},
		{"an empty zone", &Zone{}, at(0), false},
		{"everywhere", Everywhere(), at(0), true},
		{"in the band", band, at(3_000), true},
		{"nearer", band, at(1_999), false},
		{"further", band, at(5_001), false},
		{"on the other side", band, at(-3_000), false},
		{"on the line, band of the right", NewBand(line, Right, 0, 5_000_000), at(0), true},
		{"on the line, band of the left", NewBand(line, Left, 0, 5_000_000), at(0), true},
		{"both sides", NewBand(line, OnLine, 0, 5_000_000), at(-3_000), true},
		{"in a disk", NewDisks([]Disk{{at(0), 1_000_000}}), at(999), true},
		{"on its rim", NewDisks([]Disk{{at(0), DistanceMM(at(0), at(1_000))}}), at(1_000), true},
		{"off it", NewDisks([]Disk{{at(0), 1_000_000}}), at(1_001), false},
		{"in an area", NewAreas([]*Area{mustArea(t, square(44*E7, -E7, 2*E7))}), at(0), true},
		{"in a union", Union(band, nil, NewDisks([]Disk{{at(0), 1_000_000}})), at(-999), true},
		{"in a union with everywhere", Union(band, Everywhere()), at(-9_999), true},
	} {
		if got := tt.zone.Contains(tt.p); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

func TestShareIsThatOfTheSamples(t *testing.T) {
	line := mustLine(t, wiggly(origin, 60, E7/100, 3), 50_000)
	area := mustArea(t, append(wiggly(origin, 60, E7/100, 3), Position{49 * E7, 37*E7 + 59*E7/100}, Position{49 * E7, 37 * E7}))
	zones := []*Zone{
		NewBand(line, Left, 0, 5_000_000), NewBand(line, Right, 2_000_000, 6_000_000), NewBand(line, OnLine, 0, 1_000_000),
		NewAreas([]*Area{area}), NewDisks([]Disk{{origin, 5_000_000}, {Position{48*E7 + E7/20, 37*E7 + E7/20}, 2_000_000}}),
	}
	zones = append(zones, Union(zones[0], zones[4]))
	rng := rand.New(rand.NewSource(12))
	counts := map[bool]int{}
	for range 300 {
		near := line.Points()[rng.Intn(60)]
		center := position(int64(near.LatE7)+rng.Int63n(E7/7)-E7/14, int64(near.LonE7)+rng.Int63n(E7/50))
		r := []Region{
			Circle(center, 50_000+rng.Int63n(2_000_000)),
			{Kind: Ellipse, Center: center, SemiMajorMM: 3_000_000, SemiMinorMM: 200_000, AzimuthMdeg: rng.Int31n(circleMdeg)},
			NewSector(center, 1_000_000, 2_000_000, []int32{rng.Int31n(circleMdeg)}),
			GridCell(center, 1_000_000),
			{Kind: Pixel, Center: center, SemiMajorMM: 200_000, SemiMinorMM: 180_000},
		}[rng.Intn(5)]
		for i, z := range zones {
			inside := int64(0)
			for _, p := range r.Samples() {
				if z.Contains(p) {
					inside++
				}
			}
			if got := z.Share(r); got != inside*Million/SampleCount {
				t.Fatalf("zone %d, %+v: share %d, of the samples %d", i, r, got, inside*Million/SampleCount)
			}
			counts[inside > 0 && inside < SampleCount]++
		}
	}
	if counts[true] < 200 || counts[false] < 200 {
		t.Errorf("cases are one-sided: %v", counts)
	}
}

func TestShareOfACircleOnAStraightLine(t *testing.T) {
	line := mustLine(t, []Position{{40 * E7, 0}, {50 * E7, 0}}, 100_000)
	left := NewBand(line, Left, 0, 50_000_000)
	const radius = 400_000.0 // mm, 95 %
	sigma := radius / math.Sqrt(-2*math.Log(0.05))
	survey := 100_000 / 1.959964
	for offset := -800_000.0; offset <= 800_000; offset += 50_000 {
		p := Direct(Position{45 * E7, 0}, 270_000, int64(offset))
		below := func(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }
		if got, want := float64(left.Share(Circle(p, radius)))/Million, below(offset/sigma); math.Abs(got-want) > 0.008 {
			t.Errorf("%v mm left: share %.4f, want %.4f", offset, got, want)
		}
		got, want := float64(left.ShareSurveyed(Circle(p, radius)))/Million, below(offset/math.Hypot(sigma, survey))
		if math.Abs(got-want) > 0.008 {
			t.Errorf("%v mm left: surveyed share %.4f, want %.4f", offset, got, want)
		}
	}
}

func TestSurveyErrorOfAPlaceFiftyMetresFromALine(t *testing.T) {
	line := mustLine(t, []Position{{40 * E7, 0}, {50 * E7, 0}}, 100_000)
	p := Circle(Direct(Position{45 * E7, 0}, 270_000, 50_000), 0)
	want := 836_439.0 // the normal distribution at 50 * 1.96 / 100
	left := NewBand(line, Left, 0, 9_000_000)
	right := NewBand(line, Right, 0, 9_000_000)
	if got := float64(left.ShareSurveyed(p)); math.Abs(got-want) > 100 {
		t.Errorf("left share %v, want %v", got, want)
	}
	if sum := left.ShareSurveyed(p) + right.ShareSurveyed(p); sum < Million-2 || sum > Million+2 {
		t.Errorf("left and right add up to %d", sum)
	}
	if got := Union(left, right).ShareSurveyed(p); got < Million-2 {
		t.Errorf("bands of one line share its error, but together hold %d", got)
	}
	if left.Share(p) != Million {
		t.Errorf("without the error the share is %d", left.Share(p))
	}
}

func TestWiderErrorNeverMakesSurer(t *testing.T) {
	points := []Position{{40 * E7, 0}, {50 * E7, 0}}
	last := int64(-1)
	for _, mm := range []int64{0, 10_000, 50_000, 100_000, 500_000} {
		zone := NewBand(mustLine(t, points, mm), Left, 0, 90_000_000)
		got := zone.ShareSurveyed(Circle(Direct(Position{45 * E7, 0}, 270_000, 60_000), 20_000))
		if last >= 0 && got > last {
			t.Errorf("survey error %d mm: share %d, more than %d", mm, got, last)
		}
		last = got
	}
}

func TestNormalDistribution(t *testing.T) {
	for x := -6.5; x < 6.5; x += 0.01 {
		if got, want := normalBelow(x), math.Erfc(-x/math.Sqrt2)/2; math.Abs(got-want) > 1e-7 {
			t.Fatalf("at %v: %v, want %v", x, got, want)
		}
	}
}

func TestZoneOutlineLiesOnTheRims(t *testing.T) {
	line := mustLine(t, []Position{{48 * E7, 37 * E7}, {48*E7 + E7/5, 37 * E7}, {48*E7 + E7/5, 37*E7 + E7/2}}, 0)
	for _, side := range []Side{Left, Right} {
		rings := NewBand(line, side, 2_000_000, 5_000_000).Outline()
		if len(rings) != 1 {
			t.Fatalf("%d rings", len(rings))
		}
		for _, p := range rings[0] {
			got := line.SignedDistanceMM(p) * int64(side)
			// Inside a bend the point across the mean direction is nearer.
			if got > 5_005_000 || got < 1_300_000 {
				t.Errorf("side %d: %v of the outline is %d mm away", side, p, got)
			}
		}
	}
	all := Union(NewDisks([]Disk{{origin, 1_000_000}}), NewAreas([]*Area{mustArea(t, square(0, 0, E7))}), NewBand(line, OnLine, 0, 5_000_000))
	if n := len(all.Outline()); n != 4 {
		t.Errorf("%d rings, want 4", n)
	}
	if Everywhere().Outline() != nil {
		t.Errorf("everywhere has an outline")
	}
}

func TestShareSurveyedIsThatOfTheSamples(t *testing.T) {
	line, other := mustLine(t, wiggly(origin, 60, E7/100, 3), 150_000), mustLine(t, wiggly(origin, 60, E7/100, 4), 80_000)
	disks := []Disk{{line.Points()[20], 1_000_000}}
	zone := Union(NewBand(line, Left, 0, 1_500_000), NewBand(line, Right, 500_000, 2_500_000), NewBand(other, Left, 0, 3_000_000), NewDisks(disks))
	rng := rand.New(rand.NewSource(16))
	for range 200 {
		near := line.Points()[rng.Intn(60)]
		r := Circle(position(int64(near.LatE7)+rng.Int63n(E7/10)-E7/20, int64(near.LonE7)), rng.Int63n(500_000))
		sum := 0.0
		for _, p := range r.Samples() {
			if disks[0].contains(p) {
				sum++
				continue
			}
			first := surveyedShare(zone.bands[:2], p, line.nearest(p.vector()))
			second := surveyedShare(zone.bands[2:], p, other.nearest(p.vector()))
			sum += 1 - (1-float64(first)/Million)*(1-float64(second)/Million)
		}
		if got, want := float64(zone.ShareSurveyed(r)), sum*Million/SampleCount; math.Abs(got-want) > 2 {
			t.Fatalf("%+v: %v ppm, of the samples %v", r, got, want)
		}
	}
}
