// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"math"

	"github.com/trucewatch/trucewatch/geo"
)

// How far all is heard changes with weather, ground and ears by more than any list of
// ranges can say. Who heard the sure shots and who did not tells by how much.

// RangeSteps are the factors on the ranges of a Hearing that are told apart, hundredths.
//
// Source: a factor of ten in five equal steps is the series R5 of ISO 3; the least of
// them is half. Guess: half to 1.6 times, as beyond ReachMM nobody is asked. Test: ranges
// learned of a mission's network.
var RangeSteps = [...]int64{50, 63, 80, 100, 125, 160}

// AsStated is the place in RangeSteps of the ranges that the Hearing states.
const AsStated = 3

// A curve is how well sources of each class are heard, by distance.
type curve struct {
	heard      []float64 // ln of the probability of being heard, by bin and class
	missed     []float64 // less than heard by ln of how much likelier it is that one phase alone is heard than none, likewise; of one phase ln of the probability of not being heard
	none       []float64 // ln of the probability that none of the phases is heard, likewise
	pair       []float64 // ln of the probability that both phases are heard, likewise; empty if there is one
	better     []float64 // the most that heard less missed can be in a top cell of which this is the nearest place, likewise
	betterPair []float64 // the most that pair less none can be there
	chance     []float64 // the probability of being heard, likewise
}

// curveOf makes the curve of ranges changed by a factor, hundredths.
func (e *Ears) curveOf(factor int64) (c curve) {
	for b := range tableBins {
		d := float64(b) / e.bins
		for _, l := range e.h.Loudness {
			far, wide := km(l.RangeMM*factor/100), km(max(l.WidthMM*factor/100, 1))
			p := float64(e.h.Detect) / geo.Million / (1 + geo.Exp(min((d-far)/wide, 600)))
			c.heard = append(c.heard, geo.Log(max(p, leastDetect)))
			c.chance = append(c.chance, p)
			c.addPhases(p, e.phases, float64(e.h.Together)/geo.Million)
		}
	}
	// Another place of the cell is at least half its diagonal further.
	further := e.bin(float64(e.top * 0.7))
	for b := range tableBins {
		for k := range e.classes {
			at, far := b*e.classes+k, min(b+further, tableBins-1)*e.classes+k
			c.better = append(c.better, c.heard[at]-c.missed[far])
			if e.phases > 1 {
				c.betterPair = append(c.betterPair, c.pair[at]-c.none[far])
			}
		}
	}
	return c
}

// addPhases adds what is heard of one or two phases, of which each is heard with
// probability p. Of two, a station that hears one hears the other with p + t (1-p), one
// that does not with p - t p: its noise, and what lies between, are the same for both.
func (c *curve) addPhases(p float64, phases int, together float64) {
	if phases == 1 {
		c.missed = append(c.missed, geo.Log(1-p))
		c.none = append(c.none, geo.Log(1-p))
		return
	}
	other := geo.Log(1 - float64(p*(1-together)))
	c.missed = append(c.missed, other-geo.Log(1-together))
	c.none = append(c.none, geo.Log(1-p)+other)
	p = max(p, leastDetect)
	c.pair = append(c.pair, geo.Log(p)+geo.Log(p+float64(together*(1-p))))
}

// bonus is by how much both phases at a station are worth more than each alone.
func (c *curve) bonus(at int) float64 {
	return c.pair[at] - c.none[at] - float64(2*(c.heard[at]-c.missed[at]))
}

// worth is what one phase, or both, heard at a distance are worth against none, of the
// class for which that is most, with gain for what fits.
func (c *curve) worth(bin, classes int, gain float64, phases int) float64 {
	best := math.Inf(-1)
	for at := bin * classes; at < (bin+1)*classes; at++ {
		best = max(best, c.against(at, phases)+gain)
	}
	return best
}

// count adds to the sum of each class what one phase, or both, are worth; at the least
// minus 2 each, as an arrival may be there by chance.
func (c *curve) count(sum *[classesMax]float64, bin, classes int, gain float64, phases int) {
	for k := range classes {
		sum[k] += max(c.against(bin*classes+k, phases)+gain, float64(-2*phases))
	}
}

// against is ln of how much likelier one phase, or both, are heard than none.
func (c *curve) against(at, phases int) float64 {
	if phases == 2 {
		return c.pair[at] - c.none[at]
	}
	return c.heard[at] - c.missed[at]
}

// A carry is how well what happens on a Ground is heard there, with what was worked out
// from it about cells.
type carry struct {
	*curve
	g       *Ground
	silence [][]float64 // by level of cells, cell and class
	quieter [][]float64 // for each station the highest silence of the cells that it may be the first to hear, by class; nil until asked for
	base    [][]float64 // for each station, by cell of its outlook and class: what silence and the first arrival are worth at most, noise and births apart; nil until asked for
}

// carry returns that of a step.
func (g *Ground) carry(step int) *carry {
	if c := g.carries[step]; c != nil {
		return c
	}
	e := g.ears
	c := &carry{curve: &e.curves[step], g: g, quieter: make([][]float64, len(g.stations)), base: make([][]float64, len(g.stations))}
	for level := range e.levels {
		n := g.wide * g.high << (2 * level) * e.layers[level] * e.classes
		c.silence = append(c.silence, make([]float64, n))
	}
	g.carries[step] = c
	return c
}

// quiet returns, for each class, the highest ln of the probability that nobody
// hears a source anywhere in a cell.
func (c *carry) quiet(n *cell) []float64 {
	g, e := c.g, c.g.ears
	level := int(n.level)
	at := ((int(n.iy)*g.wide<<level+int(n.ix))*e.layers[level] + int(n.iz)) * e.classes
	out := c.silence[level][at : at+e.classes]
	if out[0] != 0 {
		return out
	}
	for _, j := range g.within[int(n.iy>>level)*g.wide+int(n.ix>>level)] {
		s := &g.stations[j]
		d := length3(n.x-s.x, n.y-s.y, n.z)
		row := c.none[e.bin(d+n.half)*e.classes:]
		for k := range out {
			out[k] += row[k]
		}
	}
	if out[0] == 0 {
		out[0] = -1e-300
	}
	return out
}

// quietest returns, for each class, the highest quiet of the cells from which a
// station may be the first to hear.
func (c *carry) quietest(station int32) []float64 {
	if out := c.quieter[station]; out != nil {
		return out
	}
	g, e := c.g, c.g.ears
	out := make([]float64, e.classes)
	for k := range out {
		out[k] = math.Inf(-1)
	}
	for _, at := range g.around[station] {
		for iz := range e.layers[0] {
			n := g.cell(0, at%int32(g.wide), at/int32(g.wide), int32(iz))
			for k, v := range c.quiet(&n) {
				out[k] = max(out[k], v)
			}
		}
	}
	c.quieter[station] = out
	return out
}

// baseOf returns base of a station, whose outlook is o.
func (c *carry) baseOf(first int32, o *outlook) []float64 {
	if c.base[first] != nil {
		return c.base[first]
	}
	e, p := c.g.ears, &c.g.stations[first]
	var base []float64
	for i := range o.cells {
		n := &o.cells[i]
		d := length3(n.x-p.x, n.y-p.y, n.z)
		near, far := e.bin(max(d-n.half, 0)), e.bin(d+n.half)
		for k, quiet := range c.quiet(n) {
			base = append(base, quiet+e.share[k]+c.heard[near*e.classes+k]-c.missed[far*e.classes+k]+e.room[0])
		}
	}
	c.base[first] = base
	return base
}

const (
	// strayHeard is the probability that a station which did not hear a source has an
	// arrival that fits all the same. Guess: 0.01 false arrivals a second, a second
	// wide. Test: arrivals of sure shots beyond twice the range of the loudest class.
	strayHeard = 0.01
	// mostSaid bounds what one source says against a range, nats: it may be two, or in
	// another place. Guess. Test: ranges learned in a world with bursts.
	mostSaid = 3
)

// Carried says how well each of RangeSteps explains who heard a blast and who did not,
// thousandths of a nat less than the best of them, given that at least so many heard it:
// for others are not known.
func (g *Ground) Carried(b *Blast, least int) (worth [len(RangeSteps)]int64) {
	x, y := km(b.EastMM), km(b.NorthMM)
	home, ok := g.topCell(x, y)
	if !ok {
		return worth
	}
	e := g.ears
	took := make(map[[2]int32]bool, len(b.Arrivals))
	for _, a := range b.Arrivals {
		took[[2]int32{a.Station, int32(a.Phase)}] = true
	}
	var bins []int
	var heard []bool
	for _, j := range g.within[home] {
		d := length(g.stations[j].x-x, g.stations[j].y-y)
		for ph := range e.phases {
			bins, heard = append(bins, e.bin(d)*e.classes), append(heard, took[[2]int32{j, int32(ph)}])
		}
	}
	var likely [len(RangeSteps)]float64
	best := math.Inf(-1)
	for step := range likely {
		likely[step] = e.chanceOf(&e.curves[step], bins, heard, least)
		best = max(best, likely[step])
	}
	for step, v := range likely {
		worth[step] = round(float64(1000 * max(v-best, -mostSaid)))
	}
	return worth
}

// chanceOf is the logarithm of the probability that of the ears at given distances,
// bins of a curve, those hear that did, if at least so many do.
func (e *Ears) chanceOf(c *curve, bins []int, heard []bool, least int) float64 {
	var these, enough [classesMax]float64
	count := make([]float64, least) // the probability that so many of those before hear
	for k := range e.classes {
		clear(count)
		count[0] = 1
		for i, bin := range bins {
			p := c.chance[bin+k]
			p += float64(strayHeard * (1 - p))
			if heard[i] {
				these[k] += geo.Log(p)
			} else {
				these[k] += geo.Log(1 - p)
			}
			for n := least - 1; n > 0; n-- {
				count[n] = float64(count[n]*(1-p)) + float64(count[n-1]*p)
			}
			count[0] = float64(count[0] * (1 - p))
		}
		few := 0.0
		for _, p := range count {
			few += p
		}
		these[k] += e.share[k]
		enough[k] = e.share[k] + geo.Log(max(1-few, 1e-9))
	}
	return logSum(these[:e.classes]) - logSum(enough[:e.classes])
}
