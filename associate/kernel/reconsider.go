// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"math"
	"slices"
)

const (
	// reconsiderMost is how many arrivals a solution may gain and lose.
	reconsiderMost = 8
	// doubtSigmas is how far off an arrival must be for its place in a solution to be
	// asked about.
	doubtSigmas = 1.5
)

// An account is arrivals that one source explains: where it was, and the logarithm of
// how much better it explains them, and the silence of others, than clutter does.
type account struct {
	arrivals []int32
	top      state
	worth    float64
}

// reconsider takes arrivals into a solution, and out of it, as long as that makes it
// likelier. The gate of the search is as wide as the error of the air, and chance
// arrivals lie within it; now that all arrivals share that error fewer do. It says
// whether any changed.
func (t *Tile) reconsider(sol *Solution, p *spot) bool {
	if !p.m.shared {
		return false
	}
	first, ok := t.account(p.top, sol.Arrivals, p.m)
	if !ok {
		return false
	}
	best := first
	for range reconsiderMost {
		next, ok := t.better(&best, p.m)
		if !ok {
			break
		}
		best = next
	}
	if best.worth == first.worth {
		return false
	}
	sol.Score += round(float64((best.worth - first.worth) * 1000))
	sol.Arrivals, sol.Gains, p.top = best.arrivals, t.gains(&best, p.m), best.top
	return true
}

// account fits a source near at to arrivals.
func (t *Tile) account(at state, arrivals []int32, m *medium) (account, bool) {
	p, ok := t.fit(at, arrivals, m)
	if !ok {
		return account{}, false
	}
	worth, ok := t.heard(&p, arrivals)
	for _, i := range arrivals {
		worth += t.noise[i]
	}
	return account{arrivals, p.top, worth + p.weight}, ok
}

// better returns an account that is worth more: without the arrival furthest off, or
// with one more.
func (t *Tile) better(a *account, m *medium) (account, bool) {
	worst, off := -1, doubtSigmas
	for k, i := range a.arrivals {
		if z := t.sigmas(&a.top, i, 0, m); z > off {
			worst, off = k, z
		}
	}
	if worst >= 0 && len(a.arrivals) > t.g.ears.h.Least {
		if b, ok := t.account(a.top, slices.Delete(slices.Clone(a.arrivals), worst, worst+1), m); ok && b.worth > a.worth {
			return b, true
		}
	}
	for _, i := range t.others(&a.top, a.arrivals, m, 0) {
		more := append(slices.Clone(a.arrivals), i)
		slices.Sort(more)
		if b, ok := t.account(a.top, more, m); ok && b.worth > a.worth {
			return b, true
		}
	}
	return account{}, false
}

// sigmas is how far arrival i is from what v expects, in standard deviations of its
// error in air of the given class of spread.
func (t *Tile) sigmas(v *state, i int32, spread int, m *medium) float64 {
	e := t.g.ears
	q, phase := &t.g.stations[t.station[i]], t.phase[i]
	_, _, off, _ := t.row(v, i, m)
	return math.Abs(off) / e.sigma[e.table(t.clock[t.station[i]], spread)][phase][e.bin(length3(v.x-q.x, v.y-q.y, v.z))]
}

// nearWiderS is how far beyond its gate an arrival is still told of by Near: the most
// by which a clock can be found to be wrong.
const nearWiderS = 0.5

// Near returns the free arrivals that would belong to a solution if the clocks of their
// stations, which have none in it, were wrong.
func (t *Tile) Near(sol *Solution) []int32 {
	v := state{x: km(sol.EastMM), y: km(sol.NorthMM), z: km(sol.DepthMM), at: float64(sol.At) / 1e6}
	home, ok := t.g.topCell(v.x, v.y)
	if !ok {
		return nil
	}
	return t.others(&v, sol.Arrivals, &t.kinds[t.kind[home]], nearWiderS)
}

// others returns the free arrivals, of each station and phase that has none in arrivals
// the one closest to what v expects, that lie within the gate and so many seconds more.
func (t *Tile) others(v *state, arrivals []int32, m *medium, wider float64) (out []int32) {
	g := t.g
	e := g.ears
	home, ok := g.topCell(v.x, v.y)
	if !ok {
		return nil
	}
	for _, j := range g.within[home] {
		q := &g.stations[j]
		d := length3(v.x-q.x, v.y-q.y, v.z)
		if d > e.reach {
			continue
		}
		for ph := range e.phases {
			k := int(j)*e.phases + ph
			low, high := t.begin[k], t.begin[k+1]
			if low == high || slices.ContainsFunc(arrivals, func(i int32) bool { return i >= low && i < high }) {
				continue
			}
			expected := v.at + m.travel(q, v.x, v.y, d, ph)
			gate := float64(gateSigmas*e.sigma[e.table(t.clock[j], m.spread)][ph][e.bin(d)]) + wider
			closest := int32(-1)
			for i := t.after(low, high, expected-gate); i < high && t.at[i] <= expected+gate; i++ {
				if off := math.Abs(t.at[i] - expected); !t.taken[i] && off <= gate {
					closest, gate = i, off
				}
			}
			if closest >= 0 {
				out = append(out, closest)
			}
		}
	}
	return out
}

// gains returns what each arrival of a is worth, thousandths of a nat.
func (t *Tile) gains(a *account, m *medium) (out []int64) {
	e := t.g.ears
	for k, i := range a.arrivals {
		q, phase := &t.g.stations[t.station[i]], t.phase[i]
		bin := e.bin(length3(a.top.x-q.x, a.top.y-q.y, a.top.z))
		best := t.carry.worth(bin, e.classes, 0, 1)
		if k > 0 && t.station[a.arrivals[k-1]] == t.station[i] || k+1 < len(a.arrivals) && t.station[a.arrivals[k+1]] == t.station[i] {
			best = t.carry.worth(bin, e.classes, 0, 2) / 2
		}
		z := t.sigmas(&a.top, i, 0, m)
		out = append(out, round(float64((best+t.noise[i]+e.peak[e.table(t.clock[t.station[i]], 0)][phase][bin]-float64(z*z)/2)*1000)))
	}
	return out
}
