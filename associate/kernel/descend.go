// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"math"
	"slices"

	"github.com/trucewatch/trucewatch/geo"
)

// A Solution is a source found: where and when it was, on the tile's plane and
// in its time, and the arrivals that come from it.
type Solution struct {
	EastMM, NorthMM, DepthMM int64
	At                       int64         // microseconds from the beginning of the tile's time
	Score                    int64         // log-likelihood ratio against "all of it is clutter", thousandths of a nat
	Arrivals                 []int32       // by station and phase
	Gains                    []int64       // what each arrival is worth, thousandths of a nat, in the same order
	covariance               [4][4]float64 // of x, y, time and depth, km and s
	spots                    []spot        // both places, if it is two
}

// Region returns the ellipse that holds the source with 95 % if its arrivals are the
// right ones: around where the solution lies, or around both places if it is two.
func (s *Solution) Region(plane geo.Plane) geo.Region {
	if len(s.spots) == 0 {
		return ellipse(plane, km(s.EastMM), km(s.NorthMM), s.covariance)
	}
	both := mixed(s.spots)
	return ellipse(plane, both.mean[0], both.mean[1], both.cov)
}

// Places returns the two places of a solution, the likelier first; nil if it is one.
func (s *Solution) Places(plane geo.Plane) (out []Mode) {
	for _, p := range s.spots {
		out = append(out, Mode{ellipse(plane, p.mean[0], p.mean[1], p.cov), round(float64(p.share * geo.Million))})
	}
	return out
}

func ellipse(plane geo.Plane, x, y float64, cov [4][4]float64) geo.Region {
	at := plane.Position(round(float64(x*mmPerKM)), round(float64(y*mmPerKM)))
	return Normal{mean: at, xx: cov[0][0], xy: cov[0][1], yy: cov[1][1]}.Ellipse()
}

// TimeErrorUS returns the error of the solution's time, one standard deviation,
// in microseconds.
func (s *Solution) TimeErrorUS() int64 {
	return round(float64(math.Sqrt(s.covariance[2][2]) * 1e6))
}

const (
	depthSigmaKM = 15 // Guess: prior of the depth around the middle, one standard deviation. Test: depths of catalogued events.

	descents   = 10   // most steps of one descent
	anneal     = 0.35 // by which the first wide gate narrows with each step
	leastWorth = 0    // nats that an arrival must add to count as heard
)

// A choice is the arrival that a descent takes for one station and phase.
type choice struct {
	arrival int32
	phase   uint8
	s       *station
	off     float64 // s, observed less expected
	sigma   float64
	d       float64 // km
	travel  float64 // s
	bin     int
	errors  int // tables of errors
}

// descend seeks the solution near (x, y, z) by least squares: of each station
// the arrival closest to what is expected, within a gate that narrows from the
// size of the cell to the error of the times; late outliers weigh less.
func (s *Searcher) descend(x, y, z float64) (Solution, bool) {
	t := s.t
	e := t.g.ears
	first := &t.g.stations[t.station[s.first]]
	home, _ := t.g.topCell(x, y)
	at := t.at[s.first] - s.medium(home).travel(first, x, y, length3(x-first.x, y-first.y, z), 0)
	leaf := e.top / float64(int(1)<<(e.levels-1))
	wide := 0.75
	var info [4][4]float64
	for step := 0; ; step++ {
		if s.choose(x, y, z, at, float64(wide*leaf)); len(s.chosen) < e.h.Least {
			return Solution{}, false
		}
		var push [4]float64
		info, push = s.normalEquations(x, y, z, wide > 0.02)
		if step == descents {
			break
		}
		move, ok := solve(damped(&info, e.dimensions()), &push, e.dimensions())
		if !ok {
			return Solution{}, false
		}
		far := length(move[0], move[1])
		if limit := float64(2 * leaf); far > limit {
			for k := range move {
				move[k] = float64(move[k] * (limit / far))
			}
		}
		x, y, at = x+move[0], y+move[1], at+move[2]
		z = min(max(z+move[3], 0), e.deep)
		if wide <= 0.02 && far < 1e-3 {
			step = descents - 1 // once more, for the residuals at the end
		}
		wide = float64(wide * anneal)
	}
	return s.weigh(x, y, z, at, info)
}

// medium returns the air of a top cell, or the one that is being tried.
func (s *Searcher) medium(home int) *medium {
	if s.trial != nil {
		return s.trial
	}
	return &s.t.kinds[s.t.kind[home]]
}

const (
	// otherAirGain is by how much, in thousandths of a nat, it must fit better.
	// Guess: one in ten shots is near such a border.
	otherAirGain = 2_000
)

// refit returns the solution in the air around that fits it best.
func (s *Searcher) refit(best Solution) Solution {
	t := s.t
	x, y, z := km(best.EastMM), km(best.NorthMM), km(best.DepthMM)
	home, ok := t.g.topCell(x, y)
	if !ok || len(t.kinds) == 1 || len(best.Arrivals) < refitArrivals {
		return best
	}
	tried := [9]int32{t.kind[home]}
	n := 1
	for k := range 8 {
		far := float64(otherAirKM / 2 * (1 + k/4))
		cell, ok := t.g.topCell(x+float64(far*[4]float64{1, -1, 0, 0}[k%4]), y+float64(far*[4]float64{0, 0, 1, -1}[k%4]))
		if !ok || slices.Contains(tried[:n], t.kind[cell]) {
			continue
		}
		tried[n] = t.kind[cell]
		n++
		s.trial = &t.kinds[t.kind[cell]]
		if sol, ok := s.descend(x, y, z); ok && sol.Score > best.Score+otherAirGain {
			best = sol
		}
	}
	s.trial = nil
	return best
}

// refitArrivals is how many arrivals a shot needs to choose its air by them: its
// place and time use up three.
const refitArrivals = 6

func (e *Ears) dimensions() int {
	if e.deep > 0 {
		return 4
	}
	return 3
}

// choose lists for each station and phase the free arrival of the pool closest to what is
// expected of a source at (x, y, z), widerKM beyond the gate of its error.
func (s *Searcher) choose(x, y, z, at, widerKM float64) {
	t := s.t
	g := t.g
	e := g.ears
	s.chosen = s.chosen[:0]
	home, ok := g.topCell(x, y)
	if !ok {
		return
	}
	m := s.medium(home)
	for _, j := range g.within[home] {
		q := &g.stations[j]
		if k := int(j) * e.phases; s.pool[k] == (span{}) && s.pool[k+e.phases-1] == (span{}) {
			continue
		}
		d := length3(x-q.x, y-q.y, z)
		if d > e.reach {
			continue
		}
		bin := e.bin(d)
		for ph := range e.phases {
			low, high := s.pool[int(j)*e.phases+ph].low, s.pool[int(j)*e.phases+ph].high
			if low == high {
				continue
			}
			travel := m.travel(q, x, y, d, ph)
			errors := e.table(t.clock[j], m.spread)
			sigma := e.sigma[errors][ph][bin]
			gate := float64(gateSigmas*sigma) + widerKM/e.speed[ph]
			closest := int32(-1)
			for i := t.after(low, high, at+travel-gate); i < high && t.at[i] <= at+travel+gate; i++ {
				if off := math.Abs(t.at[i] - at - travel); !t.taken[i] && off <= gate {
					closest, gate = i, off
				}
			}
			if closest >= 0 {
				s.chosen = append(s.chosen, choice{closest, uint8(ph), q, t.at[closest] - at - travel, sigma, d, travel, bin, errors})
			}
		}
	}
}

// normalEquations returns the information of the chosen arrivals on (x, y,
// time, depth), and the push of their residuals. Wide says that the gate is
// still wide: then residuals beyond two standard deviations weigh less.
func (s *Searcher) normalEquations(x, y, z float64, wide bool) (info [4][4]float64, push [4]float64) {
	e := s.t.g.ears
	for i := range s.chosen {
		c := &s.chosen[i]
		slow := c.travel / (c.d + 1e-9)
		h := [4]float64{float64((x - c.s.x) / (c.d + 1e-9) * slow), float64((y - c.s.y) / (c.d + 1e-9) * slow), 1, float64(z / (c.d + 1e-9) * slow)}
		w := 1 / float64(c.sigma*c.sigma)
		if a := math.Abs(c.off) / c.sigma; wide && a > 2 {
			w = float64(w * (2 / a))
		}
		for a := range h {
			wa := float64(w * h[a])
			for b := 0; b <= a; b++ {
				info[a][b] += float64(wa * h[b])
			}
			push[a] += float64(wa * c.off)
		}
	}
	for a := range info {
		for b := range a {
			info[b][a] = info[a][b]
		}
	}
	if e.deep > 0 {
		info[3][3] += 1.0 / (depthSigmaKM * depthSigmaKM)
		push[3] += (e.deep/2 - z) / (depthSigmaKM * depthSigmaKM)
	}
	return info, push
}

// damped returns info with a touch more on its diagonal, so that a descent
// does not leap where stations lie in one line.
func damped(info *[4][4]float64, n int) *[4][4]float64 {
	out := *info
	for a := range n {
		out[a][a] += float64(out[a][a]*1e-6) + 1e-9
	}
	return &out
}

// weigh scores a solution: of each class of sources the likelihood ratio of what
// was and was not heard, and together, by their shares, times the volume of the
// solution (Laplace).
func (s *Searcher) weigh(x, y, z, at float64, info [4][4]float64) (Solution, bool) {
	t := s.t
	g := t.g
	e := g.ears
	sum := [classesMax]float64{}
	home, _ := g.topCell(x, y)
	for _, j := range g.within[home] {
		q := &g.stations[j]
		if d := length3(x-q.x, y-q.y, z); d <= e.reach {
			row := t.carry.none[e.bin(d)*e.classes:]
			for c := range e.classes {
				sum[c] += row[c]
			}
		}
	}
	sol, takesPart := s.attend(&sum)
	if len(sol.Arrivals) < e.h.Least || !takesPart {
		return sol, false
	}
	for c := range e.classes {
		sum[c] += e.share[c]
	}
	l, ok := factor(&info, e.dimensions())
	if !ok {
		return sol, false
	}
	salvo := 0
	for _, b := range s.recent {
		if length(x-b.x, y-b.y) < followKM && math.Abs(at-b.at) < followS {
			salvo++
		}
	}
	total := logSum(sum[:e.classes]) + s.logBirth(salvo) + l.logVolume(e.dimensions())
	if e.deep > 0 {
		total -= geo.Log(e.deep) // any depth is as likely
	}
	sol.Score = round(float64(total * 1000))
	sol.EastMM, sol.NorthMM, sol.DepthMM = round(float64(x*mmPerKM)), round(float64(y*mmPerKM)), round(float64(z*mmPerKM))
	sol.At = round(float64(at * 1e6))
	sol.covariance = l.inverse(e.dimensions())
	for _, w := range s.worth {
		sol.Gains = append(sol.Gains, round(float64(w*1000)))
	}
	return sol, true
}

// attend takes the chosen arrivals that add something, adds to sum, by class, what they
// are worth, and says whether the first one is among them.
func (s *Searcher) attend(sum *[classesMax]float64) (sol Solution, takesPart bool) {
	t := s.t
	classes := t.g.ears.classes
	worth := s.worth[:0]
	for i := 0; i < len(s.chosen); i++ {
		c := &s.chosen[i]
		gain := s.surprise(c)
		best := t.carry.worth(c.bin, classes, gain, 1)
		if i+1 < len(s.chosen) && s.chosen[i+1].s == c.s {
			i++
			other := &s.chosen[i]
			more := s.surprise(other)
			least := max(best, t.carry.worth(c.bin, classes, more, 1))
			if both := t.carry.worth(c.bin, classes, gain+more, 2); both > max(least, leastWorth) {
				t.carry.count(sum, c.bin, classes, gain+more, 2)
				sol.Arrivals = append(sol.Arrivals, c.arrival, other.arrival)
				half := (gain - more) / 2 // so that together they are worth what both are
				worth = append(worth, both/2+half, both/2-half)
				takesPart = takesPart || c.arrival == s.first || other.arrival == s.first
				continue
			}
			if more > gain {
				c, gain, best = other, more, least
			}
		}
		if best <= leastWorth {
			continue
		}
		t.carry.count(sum, c.bin, classes, gain, 1)
		sol.Arrivals = append(sol.Arrivals, c.arrival)
		worth = append(worth, best)
		takesPart = takesPart || c.arrival == s.first
	}
	s.worth = worth
	return sol, takesPart
}

// surprise is ln of how much better an arrival is explained by the source than
// by clutter.
func (s *Searcher) surprise(c *choice) float64 {
	t := s.t
	z := c.off / c.sigma
	return t.noise[c.arrival] + t.g.ears.peak[c.errors][c.phase][c.bin] - float64(float64(z*z)/2)
}

func logSum(v []float64) float64 {
	top := v[0]
	for _, x := range v[1:] {
		top = max(top, x)
	}
	sum := 0.0
	for _, x := range v {
		sum += geo.Exp(x - top)
	}
	return top + geo.Log(sum)
}

// A lower is the lower triangle L of a symmetric, positive a = L L' (Cholesky). It is
// worked out once for all that is asked of a.
type lower [4][4]float64

// factor returns that of the first n rows and columns of a, and whether a is positive.
func factor(a *[4][4]float64, n int) (l lower, ok bool) {
	for i := range n {
		for j := 0; j <= i; j++ {
			v := a[i][j]
			for k := range j {
				v -= float64(l[i][k] * l[j][k])
			}
			if i != j {
				l[i][j] = v / l[j][j]
				continue
			}
			if v <= 1e-12 {
				return l, false
			}
			l[i][i] = math.Sqrt(v)
		}
	}
	return l, true
}

// logVolume is ln of sqrt(|2 pi Sigma|), Sigma the inverse of a.
func (l *lower) logVolume(n int) float64 {
	v := float64(float64(n) * lnRoot2Pi)
	for i := range n {
		v -= geo.Log(l[i][i])
	}
	return v
}

// inverse is that of a.
func (l *lower) inverse(n int) (out [4][4]float64) {
	for k := range n {
		var unit [4]float64
		unit[k] = 1
		out[k] = l.solve(&unit, n)
	}
	return out
}

// solve returns the x of a x = b.
func (l *lower) solve(b *[4]float64, n int) (x [4]float64) {
	for i := range n {
		v := b[i]
		for k := range i {
			v -= float64(l[i][k] * x[k])
		}
		x[i] = v / l[i][i]
	}
	for i := n - 1; i >= 0; i-- {
		v := x[i]
		for k := i + 1; k < n; k++ {
			v -= float64(l[k][i] * x[k])
		}
		x[i] = v / l[i][i]
	}
	return x
}

// solve returns the x of a x = b, a symmetric and positive.
func solve(a *[4][4]float64, b *[4]float64, n int) (x [4]float64, ok bool) {
	l, ok := factor(a, n)
	if !ok {
		return x, false
	}
	return l.solve(b, n), true
}
