// SPDX-License-Identifier: Apache-2.0

package geo

import (
	"math"
	"math/rand"
	"testing"

	"pgregory.net/rapid"
)

// metres returns how far east and north of center p lies, in the plane.
func metres(center, p Position) (east, north float64) {
	d, azimuth := Inverse(center, p)
	a := float64(azimuth) * pi / 180_000
	return float64(d) / 1000 * math.Sin(a), float64(d) / 1000 * math.Cos(a)
}

var origin = Position{48 * E7, 37 * E7}

// shareBeyond is the share of samples further than c metres in a direction.
func shareBeyond(samples []Position, angle, c float64) float64 {
	n := 0
	for _, p := range samples {
		if x, y := metres(origin, p); x*math.Sin(angle)+y*math.Cos(angle) > c {
			n++
		}
	}
	return float64(n) / float64(len(samples))
}

func TestSamplesOfAnEllipseAreNormal(t *testing.T) {
	rng := rand.New(rand.NewSource(10))
	worst := 0.0
	for range 200 {
		major, minor, azimuth := 200+2000*rng.Float64(), 200+500*rng.Float64(), rng.Int31n(360_000)
		r := Region{Kind: Ellipse, Center: origin, SemiMajorMM: int64(major * 1000), SemiMinorMM: int64(minor * 1000), AzimuthMdeg: azimuth}
		samples := r.Samples()
		angle, z := rng.Float64()*2*pi, 4*rng.Float64()-2
		relative := angle - float64(azimuth)*pi/180_000
		sigma := math.Hypot(major*math.Cos(relative), minor*math.Sin(relative)) / math.Sqrt(-2*math.Log(0.05))
		want := math.Erfc(z/math.Sqrt2) / 2
		worst = math.Max(worst, math.Abs(shareBeyond(samples, angle, z*sigma)-want))
	}
	t.Logf("worst error %.4f", worst)
	if worst > 0.008 {
		t.Errorf("worst error of a straight edge through an ellipse is %.4f", worst)
	}
}

func TestNinetyFivePercentOfAnEllipseLieInside(t *testing.T) {
	n := 0
	for _, p := range Circle(origin, 1_000_000).Samples() {
		if DistanceMM(origin, p) <= 1_000_000 {
			n++
		}
	}
	if n != 973 {
		t.Errorf("%d of 1024 inside the contour", n)
	}
}

// shareInPlane integrates a figure given by a test of membership.
func shareInPlane(half float64, member func(x, y float64) bool, angle, c float64) float64 {
	const steps = 500
	in, beyond := 0, 0
	for i := range steps {
		for j := range steps {
			x, y := half*(2*(float64(i)+0.5)/steps-1), half*(2*(float64(j)+0.5)/steps-1)
			if !member(x, y) {
				continue
			}
			in++
			if x*math.Sin(angle)+y*math.Cos(angle) > c {
				beyond++
			}
		}
	}
	return float64(beyond) / float64(in)
}

func TestSamplesOfFiguresAreUniform(t *testing.T) {
	rng := rand.New(rand.NewSource(11))
	at := func(x, y float64) Position { f := frameAt(origin); return f.point(x, y) }
	for _, tt := range []struct {
		name   string
		region Region
		half   float64 // metres, holds the figure
		member func(x, y float64) bool
		limit  float64
	}{
		{"sector of two winds", NewSector(origin, 2_000_000, 4_000_000, []int32{67_500, 90_000}), 4000, func(x, y float64) bool {
			r, a := math.Hypot(x, y), math.Atan2(x, y)*180/pi
			return r > 2000 && r < 4000 && a > 56.25 && a < 101.25
		}, 0.008},
		{"ring all round", Region{Kind: Sector, Center: origin, RMinMM: 1_000_000, RMaxMM: 3_000_000}, 3000, func(x, y float64) bool {
			r := math.Hypot(x, y)
			return r > 1000 && r < 3000
		}, 0.008},
		{"two arcs apart", NewSector(origin, 0, 3_000_000, []int32{0, 180_000}), 3000, func(x, y float64) bool {
			return math.Hypot(x, y) < 3000 && math.Abs(math.Atan(x/y)) < 11.25*pi/180
		}, 0.008},
		{"pixel", Region{Kind: Pixel, Center: origin, SemiMajorMM: 500_000, SemiMinorMM: 200_000, AzimuthMdeg: 90_000}, 500, func(x, y float64) bool {
			return math.Abs(x) < 500 && math.Abs(y) < 200
		}, 0.015},
		{"triangle", Region{Kind: Polygon, Rings: [][]Position{{at(-1000, -1000), at(1000, -500), at(0, 1000)}}}, 1000, func(x, y float64) bool {
			left := func(x0, y0, x1, y1 float64) bool { return (x1-x0)*(y-y0)-(y1-y0)*(x-x0) > 0 }
			return left(-1000, -1000, 1000, -500) && left(1000, -500, 0, 1000) && left(0, 1000, -1000, -1000)
		}, 0.015},
		{"square with a hole", Region{Kind: Polygon, Rings: [][]Position{
			{at(-1000, -1000), at(1000, -1000), at(1000, 1000), at(-1000, 1000)},
			{at(-500, -500), at(500, -500), at(500, 500), at(-500, 500)},
		}}, 1000, func(x, y float64) bool { return math.Abs(x) > 500 || math.Abs(y) > 500 }, 0.015},
	} {
		t.Run(tt.name, func(t *testing.T) {
			samples := tt.region.Samples()
			if len(samples) != SampleCount {
				t.Fatalf("%d samples", len(samples))
			}
			worst := 0.0
			for range 40 {
				angle, c := rng.Float64()*2*pi, tt.half*(1.6*rng.Float64()-0.8)
				worst = math.Max(worst, math.Abs(shareBeyond(samples, angle, c)-shareInPlane(tt.half, tt.member, angle, c)))
			}
			t.Logf("worst error %.4f", worst)
			if worst > tt.limit {
				t.Errorf("worst error of a straight edge is %.4f", worst)
			}
		})
	}
}

func TestSamplesOfOddRegions(t *testing.T) {
	if n := len(Region{}.Samples()); n != 0 {
		t.Errorf("the zero region has %d samples", n)
	}
	if n := len(Region{Kind: Polygon}.Samples()); n != 0 {
		t.Errorf("a polygon without points has %d samples", n)
	}
	for _, r := range []Region{
		Circle(origin, 0), {Kind: Sector, Center: origin}, {Kind: Pixel, Center: origin},
		{Kind: Polygon, Rings: [][]Position{{origin}}},
		{Kind: Polygon, Rings: [][]Position{{origin, {origin.LatE7, origin.LonE7 + 5}}}},
	} {
		samples := r.Samples()
		if len(samples) != SampleCount {
			t.Fatalf("%s: %d samples", r.Kind, len(samples))
		}
		for _, p := range samples {
			if DistanceMM(p, origin) > 60 {
				t.Fatalf("%s: %v is not where the region is", r.Kind, p)
			}
		}
	}
}

// anyRegion draws regions of every kind, also odd ones.
func anyRegion() *rapid.Generator[Region] {
	return rapid.Custom(func(t *rapid.T) Region {
		length := rapid.OneOf(rapid.Int64Range(0, 100_000_000), rapid.Int64Range(0, math.MaxInt64/4))
		r := Region{
			Kind:        rapid.SampledFrom([]RegionKind{Ellipse, Sector, Polygon, Pixel}).Draw(t, "kind"),
			Center:      anyPosition().Draw(t, "center"),
			SemiMajorMM: length.Draw(t, "major"), SemiMinorMM: length.Draw(t, "minor"),
			AzimuthMdeg: rapid.Int32Range(0, circleMdeg-1).Draw(t, "azimuth"),
			RMinMM:      length.Draw(t, "inner"),
		}
		r.RMaxMM = r.RMinMM + length.Draw(t, "width")
		for range rapid.IntRange(0, 4).Draw(t, "arcs") {
			mdeg := rapid.Int32Range(0, circleMdeg-1)
			r.Arcs = append(r.Arcs, Arc{mdeg.Draw(t, "from"), mdeg.Draw(t, "till")})
		}
		r.Rings = rapid.SliceOfN(rapid.SliceOfN(anyPosition(), 0, 6), 0, 3).Draw(t, "rings")
		return r
	})
}

func TestRegionsOfAnyKindStayOnTheGlobe(t *testing.T) {
	line := mustLine(t, wiggly(origin, 20, E7/20, 1), 100_000)
	zone := Union(NewBand(line, Left, 0, 5_000_000), NewDisks([]Disk{{origin, 3_000_000}}), NewAreas([]*Area{mustArea(t, square(48*E7, 37*E7, E7))}))
	rapid.Check(t, func(t *rapid.T) {
		r := anyRegion().Draw(t, "region")
		samples := r.Samples()
		if len(samples) != SampleCount && (r.Kind != Polygon || len(samples) != 0) {
			t.Fatalf("%d samples", len(samples))
		}
		low, high := r.Bounds()
		places := append(samples, r.Mean(), low, high)
		for _, ring := range r.Outline() {
			places = append(places, ring...)
		}
		for _, p := range places {
			if err := p.Check(); err != nil {
				t.Fatal(err)
			}
		}
		if r.AreaM2() < 0 || r.ReachMM() < 0 {
			t.Fatalf("area %d, reach %d", r.AreaM2(), r.ReachMM())
		}
		if s, v := zone.Share(r), zone.ShareSurveyed(r); s < 0 || s > Million || v < 0 || v > Million {
			t.Fatalf("shares %d and %d", s, v)
		}
	})
}

func TestAreaMeanReachAndBounds(t *testing.T) {
	for _, tt := range []struct {
		name    string
		region  Region
		m2      int64
		reachMM int64
	}{
		{"circle of 1 km", Circle(origin, 1_000_000), 3_141_593, 1_000_000},
		{"pixel of 375 m", Region{Kind: Pixel, Center: origin, SemiMajorMM: 187_500, SemiMinorMM: 187_500}, 140_625, 265_165},
		{"2 to 4 km ENE", NewSector(origin, 2_000_000, 4_000_000, []int32{67_500}), 2_356_194, 4_000_000},
		{"3 to 5 km SE", NewSector(origin, 3_000_000, 5_000_000, []int32{135_000}), 3_141_593, 5_000_000},
		{"the zero region", Region{}, 0, 0},
		// The area of the cell of one degree at the equator, by Planimeter of
		// GeographicLib with each parallel cut in 20,000: 12,308,463,894.0 m².
		{"one degree at the equator", Region{Kind: Polygon, Rings: [][]Position{square(0, 0, E7)}}, 12_308_463_894, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.region.AreaM2(); math.Abs(float64(got-tt.m2)) > 1+1e-6*float64(tt.m2) {
				t.Errorf("AreaM2() = %d, want %d", got, tt.m2)
			}
			if got := tt.region.ReachMM(); tt.reachMM > 0 && got != tt.reachMM && got != tt.reachMM+1 {
				t.Errorf("ReachMM() = %d, want %d", got, tt.reachMM)
			}
			if tt.region.IsZero() {
				return
			}
			// The mean is that of the samples.
			var lat, lon int64
			for _, p := range tt.region.Samples() {
				lat, lon = lat+int64(p.LatE7), lon+int64(p.LonE7)
			}
			mean := tt.region.Mean()
			if off := DistanceMM(mean, position(lat/SampleCount, lon/SampleCount)); off > 1000+tt.region.ReachMM()/100 {
				t.Errorf("Mean() = %v is %d mm off that of the samples", mean, off)
			}
			low, high := tt.region.Bounds()
			for _, ring := range tt.region.Outline() {
				for _, p := range ring {
					if p.LatE7 < low.LatE7 || p.LatE7 > high.LatE7 || p.LonE7 < low.LonE7 || p.LonE7 > high.LonE7 {
						t.Errorf("%v of the outline is outside %v to %v", p, low, high)
					}
				}
			}
		})
	}
}
