// SPDX-License-Identifier: Apache-2.0

package associate_test

import (
	"flag"
	"math"
	"math/rand/v2"
	"testing"

	tw "github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate"
	"github.com/trucewatch/trucewatch/geo"
)

var trials = flag.Int("trials", 100, "rounds of TestGrossErrorsDoNotMislead; worlds of TestUnknownWindCostsLittle are a tenth")

// square is a network of side by side stations, spacing km apart, each moved by up to
// 30 % of that, and the plane on which its south-west corner is 0, 0.
func square(r *rand.Rand, side, high int, spacing float64) (stations []associate.Station, c *country) {
	c = newCountry(100)
	for i := range side {
		for j := range high {
			x, y := (float64(i)+0.6*(r.Float64()-0.5))*spacing, (float64(j)+0.6*(r.Float64()-0.5))*spacing
			stations = append(stations, associate.Station{Position: c.at(x+10, y), Clock: 20_000})
		}
	}
	return stations, c
}

// Of twelve stations that hear a round 30 % give a time that is wrong by up to 20 s
// either way: the place is right all the same.
func TestGrossErrorsDoNotMislead(t *testing.T) {
	for _, stations := range []int{12, 8} {
		failed, few, squares, bounds := 0, 0, 0.0, 0.0
		for seed := range *trials {
			error, bound, good := grossTrial(uint64(seed), stations)
			if math.IsInf(error, 1) || error > 10*bound {
				failed++
				if good < 5 {
					few++ // three are used up by place and time
				}
				continue
			}
			squares, bounds = squares+error*error, bounds+bound*bound
		}
		t.Logf("%d stations, 30 %% gross errors: %d of %d rounds missed or off by more than 10 bounds, %d of them with fewer than 5 true times; RMSE %.3f of the bound",
			stations, failed, *trials, few, math.Sqrt(squares/bounds))
		if limit := map[int]float64{12: 0.03, 8: 0.2}[stations]; float64(failed) > limit*float64(*trials) {
			t.Errorf("%d stations: %d of %d rounds failed", stations, failed, *trials)
		}
	}
}

// grossTrial fires one round amid stations of which 30 % err grossly. It returns the
// error of the place, infinite if there is none, the Cramér-Rao bound, both km, and
// how many times are true.
func grossTrial(seed uint64, n int) (error, bound float64, good int) {
	r := rand.New(rand.NewPCG(seed, 12))
	stations, c := square(r, 4, n/4, 3)
	h := acoustic()
	h.SpeedMMS, h.WindMMS = 0, 0
	x, y := 10+9*r.Float64(), float64(3*(n/4-1))*r.Float64()
	place := c.at(x, y)
	var arrivals []associate.Arrival
	var info [3][3]float64
	for k, s := range stations {
		mm, azimuth := geo.Inverse(place, s.Position)
		travel := float64(mm) / 1e6 / 0.340
		wrong, by := r.Float64() < 0.3, 40*(r.Float64()-0.5)
		sigma := math.Hypot(0.02, 0.003*travel)
		at := travel + r.NormFloat64()*sigma
		if wrong {
			at += by
		} else {
			good++
			a := float64(azimuth) * math.Pi / 180_000
			row := [3]float64{-math.Sin(a) / 0.340, -math.Cos(a) / 0.340, 1}
			for i := range row {
				for j := range row {
					info[i][j] += row[i] * row[j] / (sigma * sigma)
				}
			}
		}
		arrivals = append(arrivals, associate.Arrival{Station: int32(k), At: epoch + tw.Instant(1e6*(600+at))})
	}
	error = math.Inf(1)
	for _, s := range associate.NewNetwork(h, stations).Find(arrivals, serially) {
		error = min(error, float64(geo.DistanceMM(s.Position, place))/1e6)
	}
	return error, boundOf(info), good
}

// boundOf is the root of the variances of x and y together, by the inverse of info
// on (x, y, time).
func boundOf(info [3][3]float64) float64 {
	xx := info[0][0] - info[0][2]*info[0][2]/info[2][2]
	xy := info[0][1] - info[0][2]*info[1][2]/info[2][2]
	yy := info[1][1] - info[1][2]*info[1][2]/info[2][2]
	return math.Sqrt((xx + yy) / (xx*yy - xy*xy))
}

// After 25 shots in wind that nobody told, places are nearly as good as in still
// air that is known.
func TestUnknownWindCostsLittle(t *testing.T) {
	var told, learned []float64
	for seed := range max(*trials/10, 4) {
		known := windTrial(uint64(seed), 0)
		told = append(told, known...)
		learned = append(learned, windTrial(uint64(seed), 4)...)
	}
	a, gross := rootMean(told)
	b, others := rootMean(learned)
	t.Logf("RMSE %.1f m in known air (%d shots and %d gross errors), %.1f m in wind of 4 m/s and sound of 3 m/s learned from the shots (%d and %d): %.3f times",
		1000*a, len(told)-gross, gross, 1000*b, len(learned)-others, others, b/a)
	if b > 2*a {
		t.Errorf("unknown wind costs %.2f times", b/a)
	}
}

// rootMean is the root of the mean square of v without gross errors, of more than
// 500 m, and how many those are.
func rootMean(v []float64) (root float64, gross int) {
	sum := 0.0
	for _, x := range v {
		if x > 0.5 {
			gross++
			continue
		}
		sum += x * x
	}
	return math.Sqrt(sum / float64(len(v)-gross)), gross
}

// windTrial fires 50 rounds within 25 minutes over 36 stations 5 km apart, and
// returns the errors of the places of the last 25, km.
func windTrial(seed uint64, wind float64) []float64 {
	r := rand.New(rand.NewPCG(seed, 13))
	w := &arrivalWorld{hearing: acoustic()}
	var c *country
	w.stations, c = square(r, 6, 6, 5)
	air := [3]float64{0.340 + r.NormFloat64()*0.003*min(wind, 1), r.NormFloat64() * wind / 1000, r.NormFloat64() * wind / 1000}
	if wind == 0 {
		w.hearing.SpeedMMS, w.hearing.WindMMS = 0, 0
	}
	shots := rand.New(rand.NewPCG(seed, 14)) // the same places and errors in any wind
	for t := 0.0; len(w.events) < 50; t += 30 {
		w.fire(shots, c.at(10+25*shots.Float64(), 25*shots.Float64()), t, 10, air, 0.02, 0.003)
	}
	var late []associate.Shot
	for _, s := range associate.NewNetwork(w.hearing, w.stations).Find(w.arrivals, serially) {
		if s.At > w.events[24].at+tw.Second {
			late = append(late, s)
		}
	}
	return w.mark(late).errors
}
