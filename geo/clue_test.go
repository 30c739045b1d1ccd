// SPDX-License-Identifier: Apache-2.0

package geo

import (
	"crypto/sha256"
	"fmt"
	"math"
	"math/rand"
	"testing"

	"pgregory.net/rapid"
)

// northLine runs north through origin: left of it is west.
func northLine(t testing.TB, surveyErrorMM int64) *Line {
	return mustLine(t, []Position{Direct(origin, 180_000, 300_000_000), origin, Direct(origin, 0, 300_000_000)}, surveyErrorMM)
}

func within(t *testing.T, what string, got int64, want, err float64) {
	t.Helper()
	if math.Abs(float64(got)-want*Million) > err*Million {
		t.Errorf("%s: %d ppm, want %.0f within %.0f", what, got, want*Million, err*Million)
	}
}

// TestWeighARegionIsItsShare holds a lone region to the normal distribution, with
// the error of the survey added to its own.
func TestWeighARegionIsItsShare(t *testing.T) {
	for _, surveyM := range []float64{0, 1_000} {
		line := northLine(t, int64(surveyM*1000))
		for _, eastM := range []float64{-3_000, -500, 0, 400, 1_500} {
			left, right, open := line.Weigh([]Clue{{Regions: []Region{Circle(Direct(origin, 90_000, int64(eastM*1000)), 2_000_000)}, WrongPPM: 40_000}}, nil)
			sigma := math.Hypot(2_000/discDeviation, surveyM/1.959964)
			want := 0.5 * math.Erfc(eastM/sigma/math.Sqrt2)
			within(t, fmt.Sprint("left at ", eastM), left, 0.96*want, 0.006)
			within(t, fmt.Sprint("right at ", eastM), right, 0.96*(1-want), 0.006)
			within(t, "open", open, 0.04, 1e-6)
		}
	}
}

// TestWeighARayIsItsPart holds a lone ray to sums over a fine grid in the plane.
func TestWeighARayIsItsPart(t *testing.T) {
	line := northLine(t, 0)
	for _, tt := range []struct{ eastKM, azimuth, sigma, tillKM float64 }{
		{-3, 90, 6, 15}, {-3, 45, 10, 15}, {-3, 270, 6, 15}, {-14, 90, 3, 15}, {2, 300, 15, 7}, {-3, 0, 40, 20},
	} {
		spans := []Span{{0, int64(tt.tillKM * 1e6)}, {0, 2_000_000}}
		ray := &Ray{From: Direct(origin, 90_000, int64(tt.eastKM*1e6)), AzimuthMdeg: int32(tt.azimuth * 1000), ErrorMdeg: int32(tt.sigma * 1000), Says: spans, Else: spans}
		left, _, _ := line.Weigh([]Clue{{Ray: ray}}, nil)
		const n = 600
		var seen, around float64 // shares west of the line: of the ray, and of all directions
		for i := range n {
			for k := range 2 * n {
				r := (float64(k/2) + 0.5) / n * []float64{tt.tillKM, 2}[k%2]
				a := tt.azimuth + tt.sigma*math.Sqrt2*math.Erfinv(2*(float64(i)+0.5)/n-1)
				if tt.eastKM+r*math.Sin(a*math.Pi/180) < 0 {
					seen += 1.0 / (2 * n * n)
				}
				if tt.eastKM+r*math.Sin((float64(i)+0.5)/n*2*math.Pi) < 0 {
					around += 1.0 / (2 * n * n)
				}
			}
		}
		around = max(0.05, min(0.95, around))
		bySide := seen / around / (seen/around + (1-seen)/(1-around))
		within(t, fmt.Sprintf("%+v", tt), left, (seen+bySide)/2, 0.02)
	}
}

// TestWeighTakesTheFirstThatIsRight: two clues that agree leave little open, two
// that contradict each other leave the sides even.
func TestWeighTakesTheFirstThatIsRight(t *testing.T) {
	line := northLine(t, 100_000)
	spans := []Span{{0, 15_000_000}}
	ray := func(north, azimuth int64) Clue {
		return Clue{Ray: &Ray{From: Direct(Direct(origin, 90_000, -1_000_000), 0, north), AzimuthMdeg: int32(azimuth), ErrorMdeg: 5_000, Says: spans, Else: spans}, WrongPPM: 100_000}
	}
	left, right, open := line.Weigh([]Clue{ray(0, 80_000), ray(1_000_000, 100_000)}, nil)
	if right < 900_000 || open > 10_000 {
		t.Errorf("two that agree: left %d, right %d, open %d", left, right, open)
	}
	left, right, open = line.Weigh([]Clue{ray(0, 80_000), ray(1_000_000, 260_000)}, nil)
	if left < 350_000 || right < 350_000 {
		t.Errorf("two that contradict: left %d, right %d, open %d", left, right, open)
	}
	if left, right, open = line.Weigh(nil, nil); left != 0 || right != 0 || open != Million {
		t.Errorf("no clue: left %d, right %d, open %d", left, right, open)
	}
	// A region astride the line, and a weapon that reaches only its western part.
	astride := Clue{Regions: []Region{Circle(origin, 4_000_000)}}
	reach := Ring{Center: Direct(origin, 90_000, -6_000_000), Says: []Span{{0, 6_000_000}}, Else: []Span{{0, 40_000_000}}, WrongPPM: 10_000}
	if left, right, _ = line.Weigh([]Clue{astride}, []Ring{reach}); left < 990_000 {
		t.Errorf("a weapon that does not reach across: left %d, right %d", left, right)
	}
}

// TestWeighOfOddClues wants three shares that make a million of anything.
func TestWeighOfOddClues(t *testing.T) {
	line := northLine(t, 100_000)
	anyMM := rapid.OneOf(rapid.Int64Range(0, 50_000_000), rapid.SampledFrom([]int64{-1, 0, 1, 1 << 40}))
	spans := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Span { return Span{anyMM.Draw(t, "from"), anyMM.Draw(t, "till")} }), 0, 3)
	place := rapid.Custom(func(t *rapid.T) Position {
		return Position{rapid.Int32Range(-90*E7, 90*E7).Draw(t, "lat"), rapid.Int32Range(-180*E7, 180*E7).Draw(t, "lon")}
	})
	clue := rapid.Custom(func(t *rapid.T) Clue {
		c := Clue{WrongPPM: rapid.Int64Range(-1, Million+1).Draw(t, "wrong")}
		if rapid.Bool().Draw(t, "ray") {
			c.Ray = &Ray{place.Draw(t, "from"), anyMM.Draw(t, "blur"), rapid.Int32().Draw(t, "azimuth"), rapid.Int32Range(-1, 180_000).Draw(t, "error"), spans.Draw(t, "says"), spans.Draw(t, "else")}
		} else {
			c.Regions = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Region {
				return rapid.SampledFrom([]Region{{}, {Kind: Polygon}, {Kind: Sector, Center: place.Draw(t, "at")}, Circle(place.Draw(t, "at"), anyMM.Draw(t, "r"))}).Draw(t, "region")
			}), 0, 2).Draw(t, "regions")
		}
		return c
	})
	ring := rapid.Custom(func(t *rapid.T) Ring {
		return Ring{place.Draw(t, "center"), spans.Draw(t, "says"), spans.Draw(t, "else"), rapid.Int64Range(0, Million).Draw(t, "wrong")}
	})
	rapid.Check(t, func(t *rapid.T) {
		left, right, open := line.Weigh(rapid.SliceOfN(clue, 0, 3).Draw(t, "clues"), rapid.SliceOfN(ring, 0, 2).Draw(t, "rings"))
		if left < 0 || right < 0 || open < 0 || left+right+open != Million {
			t.Fatalf("left %d, right %d, open %d", left, right, open)
		}
	})
}

// weighedEverywhere is the digest of TestWeighDigest, on every machine.
const weighedEverywhere = "8b0d2ba076d84d4061b8fc5cab9993b624aa326ceb457e5f360e709f5a69cfa1"

func TestWeighDigest(t *testing.T) {
	h := sha256.New()
	line := mustLine(t, wiggly(origin, 50, E7/50, 1), 100_000)
	rng := rand.New(rand.NewSource(5))
	for range 100 {
		at := func() Position { return position(48*E7+rng.Int63n(E7)-E7/2, 37*E7+rng.Int63n(E7)) }
		spans := []Span{{0, 20_000_000}, {1_000_000, 7_000_000}}
		ray := func() *Ray {
			return &Ray{at(), rng.Int63n(500_000), rng.Int31n(circleMdeg), rng.Int31n(20_000), spans[:1+rng.Intn(2)], spans}
		}
		fmt.Fprintln(h, fmt.Sprint(line.Weigh([]Clue{{Regions: []Region{Circle(at(), rng.Int63n(5_000_000))}, WrongPPM: 40_000}, {Ray: ray(), WrongPPM: 80_000}, {Ray: ray(), WrongPPM: 50_000}},
			[]Ring{{at(), spans[1:], spans, 100_000}})))
		fmt.Fprintln(h, fmt.Sprint(line.Weigh([]Clue{{Ray: ray(), WrongPPM: 80_000}, {Ray: ray(), WrongPPM: 50_000}}, nil)))
	}
	if got := fmt.Sprintf("%x", h.Sum(nil)); got != weighedEverywhere {
		t.Errorf("digest %s, want %s", got, weighedEverywhere)
	}
}
