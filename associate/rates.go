// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate/kernel"
	"github.com/trucewatch/trucewatch/geo"
)

const (
	// ratesTrust is as many reports as the numbers of modelOf count for when rates
	// are learned, in tenths. Guess. Test: rates of one day against the next.
	ratesTrust = 2
	// falseShare is how many tenths of reports are taken to have no incident behind
	// them, and unreported how many incidents there are that nobody reports for ten
	// reports. Guess. Test: share of reports that nothing supports where other means
	// should have.
	falseShare, unreported = 5, 2
	// leastRate is the smallest part of the rates of before that is learned over
	// wide country. In the smallest squares rates are never less than before: a quiet
	// one may be one that nobody watched. Guess. Test: as ratesTrust.
	leastRate = 100
	// stormRate is how many times more than before is learned at most. Guess. Test:
	// as ratesTrust.
	stormRate = 100
)

// patchSides are the sides of the squares in which rates are learned, in 1e-7
// degree. A report uses the smallest that is not much smaller than its region.
var patchSides = [...]int64{geo.E7 / 2, 5 * geo.E7, 20 * geo.E7}

type patchKey struct {
	side     uint8
	lat, lon int16
	day      int32
}

// A patch is one square of country on one day, and what was reported there: how
// many reports by means, and of all means but claims. What follows from it is
// rounded, so that one more report seldom changes it.
type patch struct {
	wide  bool // not of the smallest side
	km2   int64
	model []int64     // of patches
	means []meansRate // in the order in which they were first counted
	all   int32
	users []int32 // nodes that take their rates from here
	birth int64   // per million km2 and day
}

// A meansRate is how many reports of one means there were, and how many false
// ones that lets expect.
type meansRate struct {
	means   uint8
	reports int32
	clutter int64 // per million km2 and day
}

// of returns what was counted of a means. Most patches know one or two.
func (p *patch) of(means int) *meansRate {
	for i := range p.means {
		if int(p.means[i].means) == means {
			return &p.means[i]
		}
	}
	p.means = append(p.means, meansRate{means: uint8(means), clutter: p.rate(0, falseShare, p.model[means])})
	return &p.means[len(p.means)-1]
}

// patches are where reports are counted.
type patches struct {
	at       map[patchKey]*patch
	means    []trucewatch.Means
	model    []int64  // clutter of each before anything is learned
	dirty    []*patch // whose rates changed
	late     map[latenessKey]*lateness
	reviewed []*lateness // whose counts changed
}

func newPatches() patches {
	r := patches{at: make(map[patchKey]*patch), late: make(map[latenessKey]*lateness), means: trucewatch.AllMeans()}
	for _, m := range r.means {
		r.model = append(r.model, modelOf(m).clutter)
	}
	return r
}

// count counts node n and says where it takes its rates from.
func (a *Associator) count(n int32) {
	node := &a.nodes[n]
	s := &node.spot
	if s.named || s.vague || s.shot || s.far || s.capacity > 0 {
		return // a count over hours is no one report, an arrival from afar no report of this country; neither changes what others form
	}
	box := s.box
	day := int32(floor(int64(s.window.From+(s.window.Till-s.window.From)/2), int64(trucewatch.Day)))
	lat, lon := (int64(box.South)+int64(box.North))/2, (int64(box.West)+int64(box.East))/2
	wide := max(int64(box.North)-int64(box.South), int64(box.East)-int64(box.West))
	means := slices.Index(a.rates.means, node.rec.Observation.Means)
	if means < 0 {
		return
	}
	for i, side := range patchSides {
		key := patchKey{uint8(i), int16(floor(lat, side)), int16(floor(lon, side)), day}
		p := a.rates.at[key]
		if p == nil {
			p = a.rates.open(key)
		}
		p.of(means).reports++
		if !s.claim {
			p.all++
		}
		if node.patch == nil && (wide <= 2*side || i == len(patchSides)-1) {
			node.patch = p
			p.users = append(p.users, n)
		}
		if p.learn(means) {
			a.rates.dirty = append(a.rates.dirty, p)
		}
	}
}

func (r *patches) open(key patchKey) *patch {
	side := patchSides[key.side]
	south := int64(key.lat) * side
	p := &patch{wide: key.side > 0, model: r.model, km2: max(kernel.AreaKM2(south, south+side, side), 1)}
	p.birth = p.rate(0, unreported, birthRate)
	r.at[key] = p
	return p
}

// learn estimates the rate of false reports of a means, and of incidents that
// nobody reports, and says whether that changed them.
//
// A rate is (k + reports that are false) / (k / rate of modelOf + what was
// observed, km2 and days): the mean of a gamma distribution, the conjugate prior
// of a Poisson process.
func (p *patch) learn(means int) bool {
	m := p.of(means)
	clutter := p.rate(m.reports, falseShare, p.model[means])
	birth := p.rate(p.all, unreported, birthRate)
	changed := m.clutter != clutter || p.birth != birth
	m.clutter, p.birth = clutter, birth
	return changed
}

// rate is learned from so many reports, of which share tenths count.
func (p *patch) rate(reports int32, share, before int64) int64 {
	const million = 1_000_000
	least := before
	if p.wide {
		least = max(before/leastRate, 1)
	}
	learned := (ratesTrust + int64(reports)*share) * million / (ratesTrust*million/before + 10*p.km2)
	return stepped(min(max(learned, least), before*stormRate))
}

// ratesOf returns the rate of false reports like node n's, and of incidents that
// nobody reports where it is, per million km2 and day.
func (a *Associator) ratesOf(n *node) (clutter, birth int64) {
	if n.patch == nil {
		return modelOf(n.rec.Observation.Means).clutter, birthRate
	}
	return n.patch.of(slices.Index(a.rates.means, n.rec.Observation.Means)).clutter, n.patch.birth
}

// stale returns the nodes whose rates, or times, changed.
func (a *Associator) stale() []int32 {
	nodes := a.rates.relearn()
	for _, p := range a.rates.dirty {
		nodes = append(nodes, p.users...)
	}
	a.rates.dirty = a.rates.dirty[:0]
	slices.Sort(nodes)
	return slices.Compact(nodes)
}
