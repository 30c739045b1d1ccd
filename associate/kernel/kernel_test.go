// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/trucewatch/trucewatch/geo"
)

var home = geo.Position{LatE7: 480_000_000, LonE7: 380_000_000}

func shapes() map[string]geo.Region {
	at := func(x, y float64) geo.Position { return newFrame(home).globe(x, y) }
	return map[string]geo.Region{
		"circle":             geo.Circle(home, 1_200_000),
		"ellipse":            {Kind: geo.Ellipse, Center: home, SemiMajorMM: 3_000_000, SemiMinorMM: 800_000, AzimuthMdeg: 33_000},
		"pixel":              {Kind: geo.Pixel, Center: home, SemiMajorMM: 700_000, SemiMinorMM: 200_000, AzimuthMdeg: 100_000},
		"sector":             {Kind: geo.Sector, Center: home, RMinMM: 2_000_000, RMaxMM: 4_000_000, Arcs: []geo.Arc{{FromMdeg: 56_250, TillMdeg: 78_750}}},
		"sector over north":  {Kind: geo.Sector, Center: home, RMinMM: 500_000, RMaxMM: 1_000_000, Arcs: []geo.Arc{{FromMdeg: 348_750, TillMdeg: 11_250}}},
		"three winds":        {Kind: geo.Sector, Center: home, RMinMM: 2_000_000, RMaxMM: 4_000_000, Arcs: []geo.Arc{{FromMdeg: 123_750, TillMdeg: 168_750}, {FromMdeg: 168_750, TillMdeg: 191_250}}},
		"full circle":        {Kind: geo.Sector, Center: home, RMaxMM: 2_000_000, Arcs: []geo.Arc{{}}},
		"triangle":           {Kind: geo.Polygon, Rings: [][]geo.Position{{at(0, 0), at(3, 0), at(1, 2)}}},
		"square with a hole": {Kind: geo.Polygon, Rings: [][]geo.Position{{at(0, 0), at(0, 4), at(4, 4), at(4, 0)}, {at(1, 1), at(1, 2), at(2, 2), at(2, 1)}}},
	}
}

// The closed forms agree with the samples of package geo, which have another
// origin.
func TestNormalOfAgreesWithSamples(t *testing.T) {
	for name, r := range shapes() {
		t.Run(name, func(t *testing.T) {
			n, ok := NormalOf(&r, 0)
			if !ok {
				t.Fatal("no place")
			}
			f := newFrame(n.mean)
			var x, y, w []float64
			for _, p := range r.Samples() {
				u, v := f.plane(p)
				x, y, w = append(x, u), append(y, v), append(w, 1)
			}
			got, _ := weightedNormal(f, x, y, w)
			size := math.Sqrt(n.xx + n.yy)
			u, v := f.plane(got.mean)
			if math.Hypot(u, v) > 0.02*size {
				t.Errorf("mean is %g, %g km off", u, v)
			}
			for _, d := range []float64{got.xx - n.xx, got.xy - n.xy, got.yy - n.yy} {
				if math.Abs(d) > 0.02*size*size {
					t.Errorf("covariance %+v, samples %+v", n, got)
				}
			}
		})
	}
}

func TestNowhere(t *testing.T) {
	for _, r := range []geo.Region{{}, {Kind: geo.Polygon}, {Kind: "ray"}, {Kind: geo.Polygon, Rings: [][]geo.Position{{home, home}}}} {
		if _, ok := NormalOf(&r, 100); ok {
			t.Errorf("%+v is taken as a place", r)
		}
	}
}

// The closed form of the overlap integral against a sum over a grid.
func TestLogOverlap(t *testing.T) {
	a, _ := NormalOf(&geo.Region{Kind: geo.Ellipse, Center: home, SemiMajorMM: 3_000_000, SemiMinorMM: 1_000_000, AzimuthMdeg: 60_000}, 0)
	b, _ := NormalOf(&geo.Region{Kind: geo.Ellipse, Center: newFrame(home).globe(1, 0.5), SemiMajorMM: 2_000_000, SemiMinorMM: 1_500_000, AzimuthMdeg: 10_000}, 0)
	c, _ := NormalOf(&geo.Region{Kind: geo.Ellipse, Center: newFrame(home).globe(-0.5, 0.2), SemiMajorMM: 1_800_000, SemiMinorMM: 1_800_000}, 0)
	f := NewFrame(a)
	terms := []Term{f.Term(a), f.Term(b), f.Term(c)}
	sum, step := 0.0, 0.02
	for x := -8.0; x < 8; x += step {
		for y := -8.0; y < 8; y += step {
			l := 0.0
			for _, k := range terms {
				l += k.rest + k.ex*x + k.ey*y - (k.xx*x*x+2*k.xy*x*y+k.yy*y*y)/2
			}
			sum += math.Exp(l) * step * step
		}
	}
	got := terms[0].Times(terms[1]).Times(terms[2]).LogOverlap()
	if want := 1000 * math.Log(sum); math.Abs(float64(got)-want) > 2 {
		t.Errorf("ln overlap is %d thousandths, a grid gives %.1f", got, want)
	}
	if terms[0].LogOverlap() != 0 {
		t.Error("one region alone must overlap by 1")
	}
}

func TestEllipseIsTheInverseOfNormalOf(t *testing.T) {
	for _, azimuth := range []int32{0, 1_000, 45_000, 89_000, 90_000, 135_000, 179_000} {
		r := geo.Region{Kind: geo.Ellipse, Center: home, SemiMajorMM: 3_000_000, SemiMinorMM: 1_000_000, AzimuthMdeg: azimuth}
		n, _ := NormalOf(&r, 0)
		got := n.Ellipse()
		turn := math.Abs(float64(got.AzimuthMdeg - azimuth))
		if got.Center != home || math.Abs(float64(got.SemiMajorMM-r.SemiMajorMM)) > 2 || math.Abs(float64(got.SemiMinorMM-r.SemiMinorMM)) > 2 || min(turn, 180_000-turn) > 1 {
			t.Errorf("azimuth %d: %+v", azimuth, got)
		}
	}
}

// Of a world where the truth lies in every part as its region says, the fused
// ellipse holds the truth about 95 times in 100, and is smaller than each part.
func TestFuseCoversTheTruth(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	f := newFrame(home)
	const trials = 400
	held := 0
	for range trials {
		// A listener hears it in a 16-wind sector with two radii, a sensor puts a point.
		x, y := 4*r.Float64()-2, 4*r.Float64()-2
		wind, distance := float64(r.IntN(16))*22.5, 2+2*r.Float64()
		azimuth := (wind + 22.5*(r.Float64()-0.5)) * math.Pi / 180
		observer := f.globe(x-distance*math.Sin(azimuth), y-distance*math.Cos(azimuth))
		heard := geo.NewSector(observer, 2_000_000, 4_000_000, []int32{int32(wind * 1000)})
		sensed := geo.Region{Kind: geo.Ellipse, Center: f.globe(x+r.NormFloat64()*0.6, y+r.NormFloat64()*0.6), SemiMajorMM: 1_468_600, SemiMinorMM: 1_468_600}
		fused := Fuse([]Part{{Region: &heard, Share: geo.Million}, {Region: &sensed, SpreadMM: 1, Share: geo.Million}})
		n, _ := NormalOf(&fused, 0)
		u, v := newFrame(n.mean).plane(f.globe(x, y))
		d := n.det()
		if (n.yy*u*u-2*n.xy*u*v+n.xx*v*v)/d <= sigmasAt95*sigmasAt95 {
			held++
		}
		if Sharpness(&fused) < Sharpness(&heard) || Sharpness(&fused) < Sharpness(&sensed)-100 {
			t.Errorf("fused %+v is wider than a part", fused)
		}
	}
	if share := float64(held) / trials; share < 0.92 || share > 0.99 {
		t.Errorf("the 95 %% ellipse holds the truth in %.1f %%", 100*share)
	}
}

func TestFuseOfDoubtfulPart(t *testing.T) {
	sure, doubtful := geo.Circle(home, 1_000_000), geo.Circle(newFrame(home).globe(0.5, 0), 300_000)
	moved := func(share int64) int64 {
		fused := Fuse([]Part{{Region: &sure, Share: geo.Million}, {Region: &doubtful, SpreadMM: 1, Share: share}})
		return geo.DistanceMM(fused.Center, home)
	}
	if none, half, full := moved(0), moved(500_000), moved(1_000_000); none > 20_000 || half < none || full < half || full < 300_000 {
		t.Errorf("moved by %d, %d, %d mm at shares 0, 1/2, 1", none, half, full)
	}
}

// Two circles that share nothing: the product of the normals lies between them.
func TestFuseOfDistantParts(t *testing.T) {
	a, b := geo.Circle(home, 500_000), geo.Circle(newFrame(home).globe(4, 0), 500_000)
	fused := Fuse([]Part{{Region: &a, SpreadMM: 0, Share: geo.Million}, {Region: &b, SpreadMM: 0, Share: geo.Million}})
	if x, _ := newFrame(home).plane(fused.Center); math.Abs(x-2) > 0.1 {
		t.Errorf("centre is %g km east, not 2", x)
	}
}

func TestBoxHoldsTheSamples(t *testing.T) {
	for name, r := range shapes() {
		b := BoxOf(&r, 1_000_000)
		for _, p := range r.Samples() {
			if p.LatE7 < b.South || p.LatE7 > b.North || p.LonE7 < b.West || p.LonE7 > b.East {
				t.Errorf("%s: %v is outside %+v", name, p, b)
				break
			}
		}
	}
}

func TestProbability(t *testing.T) {
	for x, want := range map[int64]int64{0: 500_000, -800_000: 0, 800_000: 1_000_000, 1_000: 731_059, -1_000: 268_941} {
		if got := Probability(x); got != want {
			t.Errorf("Probability(%d) = %d, want %d", x, got, want)
		}
	}
	if got := LogRatio(20, 2); got != 2_303 {
		t.Errorf("LogRatio(20, 2) = %d", got)
	}
}

func TestFrameGoesThereAndBack(t *testing.T) {
	for _, p := range []geo.Position{{}, home, {LatE7: -899_000_000, LonE7: 1_799_999_999}, {LatE7: 600_000_000, LonE7: -1_799_999_999}} {
		f := newFrame(p)
		q := f.globe(3, -2)
		if x, y := f.plane(q); math.Abs(x-3) > 1e-4 || math.Abs(y+2) > 1e-4 {
			t.Errorf("%v: %g, %g", p, x, y)
		}
		if math.Abs(float64(geo.DistanceMM(p, q))-math.Sqrt(13)*1e6) > 2_000 && p.LatE7 > -890_000_000 {
			t.Errorf("%v: %d mm", p, geo.DistanceMM(p, q))
		}
	}
}

// Two listeners who know how far it was and not where: two circles cut each other in
// two places. Where that is so both are given, and one of their regions holds the truth
// about 95 times in 100, over less than half the ground of the one region of both.
func TestTwoPlaces(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	f := newFrame(home)
	const trials = 600
	two, held, heavier := 0, 0, 0
	var stated, narrow, wide float64
	for range trials {
		x, y := 8*r.Float64()-4, 8*r.Float64()-4
		var parts []Part
		for k := range 2 {
			ox, oy := 3*float64(2*k-1)+r.Float64()-0.5, r.Float64()-0.5
			// A band of 600 m, whose standard deviation is that of the distances stated.
			low := math.Hypot(x-ox, y-oy) + 0.6/math.Sqrt(12)*r.NormFloat64() - 0.3
			ring := geo.Region{Kind: geo.Sector, Center: f.globe(ox, oy), RMinMM: max(int64(low*1e6), 0), RMaxMM: int64((low + 0.6) * 1e6), Arcs: []geo.Arc{{}}}
			parts = append(parts, Part{Region: &ring, SpreadMM: 1, Share: geo.Million})
		}
		region, places := Places(parts)
		if len(places) == 0 {
			continue
		}
		two++
		wide += area(region)
		for k, p := range places {
			n, _ := NormalOf(&p.Region, 0)
			u, v := newFrame(n.mean).plane(f.globe(x, y))
			narrow += area(p.Region)
			if (n.yy*u*u-2*n.xy*u*v+n.xx*v*v)/n.det() <= sigmasAt95*sigmasAt95 {
				held++
				stated += float64(places[0].Weight) / geo.Million
				if k == 0 {
					heavier++
				}
			}
		}
		if sum := places[0].Weight + places[1].Weight; sum < geo.Million-1 || sum > geo.Million+1 || places[0].Weight < places[1].Weight {
			t.Errorf("weights %d and %d", places[0].Weight, places[1].Weight)
		}
	}
	t.Logf("two places in %d of %d; one holds the truth in %.3f, the heavier in %.3f of these, stated %.3f; %.2f of the ground of one region", two, trials,
		float64(held)/float64(two), float64(heavier)/float64(held), stated/float64(held), narrow/wide)
	if share := float64(held) / float64(two); two < trials/3 || share < 0.93 || share > 0.98 || narrow > wide/2 {
		t.Errorf("of %d with two places %.3f hold the truth, on %.2f of the ground", two, share, narrow/wide)
	}
	if off := float64(heavier)/float64(held) - stated/float64(held); math.Abs(off) > 0.06 {
		t.Errorf("the heavier is right %.3f more often than stated", off)
	}
}

func area(r geo.Region) float64 { return float64(r.SemiMajorMM) * float64(r.SemiMinorMM) }

// What may not belong leaves room for where it was if it does not: no region is
// narrower than that of what is left, by more than the case is unlikely.
func TestADoubtfulSharpPartLeavesTheOthersTheirPlace(t *testing.T) {
	wide, sharp := geo.Circle(home, 1_000_000), geo.Circle(newFrame(home).globe(6, 0), 100_000)
	far := geo.Circle(home, 6_500_000)
	region, places := Places([]Part{{Region: &sharp, SpreadMM: 1, Share: 600_000}, {Region: &wide, SpreadMM: 1, Share: 900_000}, {Region: &far, SpreadMM: 1, Share: geo.Million}})
	if len(places) != 2 || places[0].Weight < 500_000 || places[0].Weight > 700_000 || geo.DistanceMM(places[0].Region.Center, sharp.Center) > 200_000 {
		t.Fatalf("places %+v", places)
	}
	if geo.DistanceMM(places[1].Region.Center, home) > 1_000_000 || region.SemiMajorMM < 5_000_000 {
		t.Errorf("the other is %+v, both are %+v", places[1], region)
	}
}
