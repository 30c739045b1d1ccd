// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func ears() *Ears {
	return NewEars(Hearing{PhasesMMS: []int64{340_000}, Spread: 3_300, SpeedMMS: 3_000, WindMMS: 4_500, Detect: 950_000,
		Loudness: []Loudness{{RangeMM: 6_000_000, WidthMM: 720_000, Share: 500_000}, {RangeMM: 15_000_000, WidthMM: 1_800_000, Share: 500_000}},
		FirstMM:  8_000_000, ReachMM: 27_000_000, TopMM: 4_000_000, LeafMM: 500_000, Births: 86_400, Least: 4, Visits: 3_000})
}

// lattice is 36 stations, 5 km apart.
func lattice() []Station {
	var out []Station
	for i := range int64(36) {
		out = append(out, Station{EastMM: i % 6 * 5_000_000, NorthMM: i / 6 * 5_000_000, ClockUS: 20_000})
	}
	return out
}

// ground is how 36 stations hear P and S waves, and where they are, 25 km apart.
func ground() (*Ears, *Ground) {
	e := NewEars(Hearing{PhasesMMS: []int64{6_300_000, 3_700_000}, FloorUS: 400_000, Spread: 10_000, Detect: 800_000, Together: 500_000,
		Loudness: []Loudness{{RangeMM: 54_000_000, WidthMM: 30_000_000, Share: 600_000}, {RangeMM: 134_000_000, WidthMM: 30_000_000, Share: 400_000}},
		FirstMM:  70_000_000, ReachMM: 300_000_000, DeepMM: 30_000_000, TopMM: 32_000_000, LeafMM: 8_000_000, Births: 864, Least: 10, Visits: 3_000})
	stations := lattice()
	for i := range stations {
		stations[i] = Station{EastMM: 5 * stations[i].EastMM, NorthMM: 5 * stations[i].NorthMM, ClockUS: 1_000}
	}
	return e, NewGround(e, stations)
}

// tremor is what stations hear of a source in the ground, with errors: of most both waves.
func tremor(r *rand.Rand, e *Ears, g *Ground, x, y, z float64) (out []Arrival) {
	for j, s := range g.stations {
		d := length3(x-s.x, y-s.y, z)
		p := e.curves[AsStated].chance[e.bin(d)*e.classes+1]
		first := r.Float64() < p
		other := p - p/2
		if first {
			other = p + (1-p)/2
		}
		for phase, heard := range []bool{first, r.Float64() < other} {
			if heard {
				travel := d / e.speed[phase]
				out = append(out, Arrival{Station: int32(j), Phase: uint8(phase), At: 60_000_000 + int64((travel+0.4*r.NormFloat64())*1e6)})
			}
		}
	}
	return out
}

// Whatever the cell that holds the solution, its bound is not below the score where
// stations hear two waves, one of which makes the other likelier.
func TestBoundIsNotBelowTheScoreOfTwoWaves(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	e, g := ground()
	found := 0
	for range 25 {
		arrivals := tremor(r, e, g, 20+85*r.Float64(), 20+85*r.Float64(), 28*r.Float64())
		for range r.IntN(60) {
			arrivals = append(arrivals, Arrival{Station: int32(r.IntN(36)), Phase: uint8(r.IntN(2)), At: 75_000_000 + r.Int64N(60_000_000)})
		}
		tl := tile(g, e.h.UnknownAir(), arrivals)
		s := NewSearcher(tl)
		seed := first(tl)
		if !s.Ready(seed, 2_000) {
			continue
		}
		most := s.most()
		sol, ok := s.Find(2_000)
		if !ok {
			continue
		}
		found++
		if float64(sol.Score) > most*1000 {
			t.Errorf("a score of %.1f, and at most %.1f anywhere", float64(sol.Score)/1000, most)
		}
		for level := range e.levels {
			s.boundsHold(t, &sol, level, seed)
		}
	}
	if found < 8 {
		t.Errorf("%d of 25 were found", found)
	}
}

// boundsHold holds the bounds of the cell of a level that holds sol against its score.
func (s *Searcher) boundsHold(t *testing.T, sol *Solution, level int, seed int32) {
	t.Helper()
	g, e := s.t.g, s.t.g.ears
	s.candidate, s.first = s.candidate[:0], seed
	s.gather()
	s.remember()
	s.list = s.list[:0]
	for i := range s.candidate {
		s.list = append(s.list, int32(i))
	}
	side, depth := e.top/float64(int(1)<<level), e.deep/float64(e.layers[level])
	iz := int32(0)
	if depth > 0 {
		iz = min(int32(km(sol.DepthMM)/depth), int32(e.layers[level])-1)
	}
	n := g.cell(int8(level), int32((km(sol.EastMM)-g.west)/side), int32((km(sol.NorthMM)-g.south)/side), iz)
	s.sift(&n, 0, int32(len(s.candidate)))
	if n.bound*1000 < float64(sol.Score) {
		t.Errorf("level %d: bound %.1f below the score %.1f", level, n.bound, float64(sol.Score)/1000)
	}
	if level > 0 {
		return
	}
	o := g.outlook(s.t.station[seed])
	s.tally(o)
	i := slices.IndexFunc(o.cells, func(c cell) bool { return c.ix == n.ix && c.iy == n.iy && c.iz == n.iz })
	if i < 0 {
		t.Error("the cell is not one that the first arrival may come from")
		return
	}
	bound := s.t.noise[seed] + s.logBirth(len(s.recent)) + s.highestOf(&s.tallies[i], s.t.carry.baseOf(s.t.station[seed], o)[i*e.classes:])
	if bound < n.bound || s.tallies[i].distinct+1 < len(sol.Arrivals) {
		t.Errorf("at first sight the bound is %.1f with %d arrivals, at a closer look %.1f with %d", bound, s.tallies[i].distinct+1, n.bound, len(sol.Arrivals))
	}
}

// blast is what stations hear of a source in the given air, with errors.
func blast(r *rand.Rand, g *Ground, x, y float64, air [3]float64) []Arrival {
	var out []Arrival
	for j, s := range g.stations {
		d := length(x-s.x, y-s.y)
		if d > 14 {
			continue
		}
		v := 0.340 + air[0] + ((s.x-x)*air[1]+(s.y-y)*air[2])/d
		t := d / v * (1 + 0.0033*r.NormFloat64())
		out = append(out, Arrival{Station: int32(j), At: int64((t + 0.02*r.NormFloat64()) * 1e6)})
	}
	return out
}

// tile is a Tile of arrivals under unknown air, even clutter and ranges as stated.
func tile(g *Ground, air Air, arrivals []Arrival) *Tile { return tileOf(g, air, arrivals, AsStated) }

func tileOf(g *Ground, air Air, arrivals []Arrival, ranges int) *Tile {
	slices.SortFunc(arrivals, func(a, b Arrival) int {
		return cmp.Or(cmp.Compare(a.Station, b.Station), cmp.Compare(a.Phase, b.Phase), cmp.Compare(a.At, b.At))
	})
	clutter := make([]int64, len(g.stations)*g.ears.phases)
	for i := range clutter {
		clutter[i] = 1_000
	}
	return NewTile(g, g.NewSky([]Air{air}, make([]int32, len(g.Cells())), clutter, g.ears.h.Births, make([]int64, len(g.stations)), ranges), arrivals)
}

// first is the earliest arrival of a tile.
func first(t *Tile) int32 {
	best := int32(0)
	for i := range t.at {
		if t.at[i] < t.at[best] {
			best = int32(i)
		}
	}
	return best
}

// Whatever the cell that holds the solution, its bound is not below the score:
// the search cannot drop it.
func TestBoundIsNotBelowTheScore(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	e := ears()
	g := NewGround(e, lattice())
	for trial := range 60 {
		arrivals := blast(r, g, 2+21*r.Float64(), 2+21*r.Float64(), [3]float64{})
		for range r.IntN(20) {
			arrivals = append(arrivals, Arrival{Station: int32(r.IntN(36)), At: r.Int64N(60_000_000)})
		}
		air := e.h.UnknownAir()
		if trial%2 == 1 { // known, and far from still
			air = Air{Speed: r.Int64N(12_000) - 6_000, East: r.Int64N(20_000) - 10_000, North: r.Int64N(20_000) - 10_000, Spread: 3_300}
		}
		tl := tileOf(g, air, arrivals, trial%len(RangeSteps))
		s := NewSearcher(tl)
		seed := first(tl)
		if !s.Ready(seed, 2_000) {
			continue
		}
		sol, ok := s.Find(2_000)
		if !ok {
			continue // the first one was clutter
		}
		for level := range e.levels {
			s.boundsHold(t, &sol, level, seed)
		}
	}
}

// Most solutions lie in their regions, and none far off.
func TestSolutionsLieInTheirRegions(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	e := ears()
	g := NewGround(e, lattice())
	in, n := 0, 0
	for range 300 {
		x, y := 4+17*r.Float64(), 4+17*r.Float64()
		tl := tile(g, Air{Spread: 3_300}, blast(r, g, x, y, [3]float64{}))
		s := NewSearcher(tl)
		if !s.Ready(first(tl), 2_000) {
			continue
		}
		sol, ok := s.Find(2_000)
		if !ok {
			t.Errorf("nothing at %.1f, %.1f", x, y)
			continue
		}
		n++
		det := sol.covariance[0][0]*sol.covariance[1][1] - sol.covariance[0][1]*sol.covariance[0][1]
		dx, dy := km(sol.EastMM)-x, km(sol.NorthMM)-y
		if (sol.covariance[1][1]*dx*dx-2*sol.covariance[0][1]*dx*dy+sol.covariance[0][0]*dy*dy)/det < sigmasAt95*sigmasAt95 {
			in++
		}
		if length(dx, dy) > 0.3 {
			t.Errorf("%.0f m off", 1000*length(dx, dy))
		}
	}
	if share := float64(in) / float64(n); share < 0.92 || share > 0.98 {
		t.Errorf("%.3f of %d within the region of 95 %%", share, n)
	}
}

// 25 shots tell the wind within a metre a second, and the error that is left.
func TestShotsTellTheWind(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	e := ears()
	g := NewGround(e, lattice())
	air := [3]float64{0.004, -0.006, 0.003}
	var blasts []Blast
	for range 25 {
		x, y := 4+17*r.Float64(), 4+17*r.Float64()
		blasts = append(blasts, Blast{EastMM: round(x*1e6) + 80_000, NorthMM: round(y*1e6) - 60_000, Arrivals: blast(r, g, x, y, air)})
	}
	got := g.LearnAir(blasts, [][2]int64{{12_000_000, 12_000_000}})[0]
	for i, off := range []float64{float64(got.Speed) - 4_000, float64(got.East) + 6_000, float64(got.North) - 3_000} {
		if math.Abs(off) > 1_000 || math.Abs(off) > 3.5*float64(got.Errors[i]) {
			t.Errorf("%d: off by %.0f mm/s, said to be within %d", i, off, got.Errors[i])
		}
	}
	if none := g.LearnAir(nil, [][2]int64{{0, 0}})[0]; none != e.h.UnknownAir() {
		t.Errorf("nothing heard, yet %+v", none)
	}
}

// Who heard and who did not tells how far all is heard; a source that nobody can place
// on the ground says nothing.
func TestCarriedTellsTheRange(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	e := ears()
	g := NewGround(e, lattice())
	const least = 6
	for at, factor := range RangeSteps {
		var said [len(RangeSteps)]int64
		for n := 0; n < 60; {
			x, y, class := 25*r.Float64(), 25*r.Float64(), r.IntN(2)
			b := Blast{EastMM: int64(x * mmPerKM), NorthMM: int64(y * mmPerKM)}
			for j, s := range g.stations {
				if r.Float64() < e.curves[at].chance[e.bin(length(s.x-x, s.y-y))*e.classes+class] {
					b.Arrivals = append(b.Arrivals, Arrival{Station: int32(j)})
				}
			}
			if len(b.Arrivals) < least {
				continue
			}
			n++
			for step, v := range g.Carried(&b, least) {
				said[step] += v
			}
		}
		best := 0
		for step, v := range said {
			if v > said[best] {
				best = step
			}
		}
		if best != at {
			t.Errorf("heard at %d %% of the ranges, and %d %% explains it best: %v", factor, RangeSteps[best], said)
		}
	}
	if said := g.Carried(&Blast{EastMM: 1_000_000_000}, least); said != [len(RangeSteps)]int64{} {
		t.Errorf("a source beyond the ground says %v", said)
	}
}
