// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate/kernel"
)

// Conditions are what times and noise depend on besides the sources, in one
// district for one period: the air over it, the clutter of each station and how
// frequent sources are. They
// follow from the arrivals and the sure shots of the period, so that a replay
// needs nothing else. They are rounded, so that one more arrival seldom changes
// them.
type conditions struct {
	air     []kernel.Air   // by square of the district
	clutter []int64        // false arrivals in 1,000,000 s, by station of the district and phase
	clocks  []kernel.Clock // by station of the district; zero if good
	births  int64          // as Hearing.Births
	ranges  int            // how far all is heard, a place in kernel.RangeSteps
	sky     *kernel.Sky
	aired   [sha256.Size]byte // hash of air, births, ranges and clocks
	hash    [sha256.Size]byte // of all
}

const (
	// memory is from how many slabs, the last of them that for which they hold,
	// conditions are learned: half an hour. Only what is before a slab's end bears
	// on it, so that what comes in order changes nothing of what was found.
	// Guess: in half an hour the mean wind of the lowest kilometre changes by about
	// the error left after learning it. Test: residuals of shots by memory.
	memory = 6
	// period is the length of that.
	period = memory * slabLength

	// airCellMM is the side of the squares of one air.
	airCellMM = 24_000_000
	// airShots is how many shots of one square, the surest, bear on its air.
	airShots = 25
	// airArrivals is how many arrivals a shot needs to say something of the air:
	// three are used up by its own place and time.
	airArrivals = 6
	// aloneGap is how far from all others in its district a shot stands alone.
	aloneGap = 20 * trucewatch.Second

	// clutterTrust is as many false arrivals as the mean of all stations counts
	// for when the clutter of one is estimated. Guess. Test: clutter of one
	// period against the next.
	clutterTrust = 4
	// sureTenths is how many tenths of the sources found give sure shots. Guess. Test:
	// scores of the shots of the generated line of contact.
	sureTenths = 6
	// birthTrust is as many sure shots as the rate expected before any evidence
	// counts for when that of a district is learned. Guess: it is wrong by ten times
	// either way. Test: shots of one period against the next.
	birthTrust = 1
	// falseTenths is how many tenths of arrivals are taken as false before any
	// shot is known. Guess. Test: share of arrivals in shots.
	falseTenths = 7
	// leastClutter is the least rate of false arrivals that is taken, in 1,000,000
	// s: one in three hours.
	leastClutter = 100
)

// conditionsOf returns what holds in slab k of a district: what was learned of
// it, or, in the pass for the sure shots, what is known before that.
func (l *Listener) conditionsOf(p *pass, place int, k int64) *conditions {
	if c := l.conditions[placeAndTime{place, k}]; c != nil && !p.sure {
		return c
	}
	var heard int64
	for i := range int64(memory) {
		heard += l.heard[placeAndTime{place, k - i}]
	}
	return l.n.before(place, heard)
}

// before returns conditions of which only the number of arrivals in the district
// is known. Each is made once; tasks of one district never run at the same time.
func (n *Network) before(place int, heard int64) *conditions {
	d := n.districts[place]
	h := &n.hearing
	mean := stepped(max(heard*1_000_000*falseTenths/10/int64(len(d.stations)*len(h.PhasesMMS))/int64(period/trucewatch.Second), leastClutter))
	if c := d.before[mean]; c != nil {
		return c
	}
	c := &conditions{air: make([]kernel.Air, d.squares), clutter: make([]int64, len(d.stations)*len(h.PhasesMMS)), clocks: clocks(nil).local(d), births: h.Births, ranges: kernel.AsStated}
	for i := range c.air {
		c.air[i] = h.UnknownAir()
	}
	for i := range c.clutter {
		c.clutter[i] = mean
	}
	d.ready(c)
	d.before[mean] = c
	return c
}

// learn sets the conditions of each district in the slabs that its touched time
// bears on, and returns the times of those that changed.
func (l *Listener) learn(where []touched, run Run) touched {
	n := l.n
	first := func(t touched) int64 { return floor(int64(t.from-n.slab), int64(n.slab)) }
	if l.sure != nil {
		for i := range where {
			for k := first(where[i]); where[i].from <= where[i].till && k <= floor(int64(where[i].till+period), int64(n.slab)); k++ {
				if _, known := l.clocks[k]; !known {
					l.clocks[k] = l.clocksIn(k)
				}
			}
		}
	}
	now := make([][]*conditions, len(n.districts))
	run(len(now), func(i int) {
		for k := first(where[i]); where[i].from <= where[i].till && k <= floor(int64(where[i].till+period), int64(n.slab)); k++ {
			now[i] = append(now[i], l.learned(i, k))
		}
	})
	changed := untouched()
	for i := range now {
		for j, c := range now[i] {
			k := first(where[i]) + int64(j)
			key := placeAndTime{i, k}
			if old := l.conditions[key]; c == nil && old == nil || old != nil && c != nil && old.hash == c.hash {
				continue
			}
			l.conditions[key] = c
			changed.add(trucewatch.Instant(k) * n.slab)
			changed.add(trucewatch.Instant(k+1)*n.slab - 1)
		}
	}
	return changed
}

// learned returns the conditions of a district in a slab; nil if nothing was
// heard.
func (l *Listener) learned(place int, number int64) *conditions {
	n := l.n
	d := n.districts[place]
	till := trucewatch.Instant(number+1) * n.slab
	from := till - period
	phases := len(n.hearing.PhasesMMS)
	count := make([]int64, len(d.stations)*phases)
	heard := false
	for local, station := range d.stations {
		for ph := range phases {
			list := l.lists[int(station)*phases+ph]
			at, _ := slices.BinarySearchFunc(list, from, func(i int32, t trucewatch.Instant) int { return cmp.Compare(l.arrivals[i].At, t) })
			for ; at < len(list) && l.arrivals[list[at]].At < till; at++ {
				heard = true
				if l.sure == nil || !l.sure.taken[list[at]] {
					count[local*phases+ph]++
				}
			}
		}
	}
	if !heard {
		return nil
	}
	lasted := min(period, max(till-l.span.from, n.slab))
	c := &conditions{air: n.before(place, 0).air, clutter: n.clutter(count, lasted, l.sure == nil), clocks: l.clocks[number].local(d), births: n.hearing.Births, ranges: kernel.AsStated}
	if l.sure != nil {
		shots := l.sureShots(d, from)
		c.ranges = l.rangesIn(place, number)
		c.births = d.birthsOf(len(shots), lasted, n.hearing.Births)
		c.air = l.learnAir(d, c.air, shots, l.clocks[number])
	}
	d.ready(c)
	return c
}

// birthsOf estimates how frequent sources are, in the unit of Hearing.Births, from
// the sure shots of a time: as if before it birthTrust sources had been found at
// the rate that is expected before any evidence.
func (d *district) birthsOf(shots int, lasted trucewatch.Instant, before int64) int64 {
	const perDay = 1_000_000 * 86_400 // million km2 and day, in km2 and s
	seen := d.ground.AreaKM2() * int64(lasted/trucewatch.Second)
	return stepped(max((int64(shots)*10/sureTenths+birthTrust)*perDay/(seen+birthTrust*perDay/before), 1))
}

// clutter estimates false arrivals in 1,000,000 s from the arrivals of a time
// that no sure shot explains; all says that none was looked for.
func (n *Network) clutter(count []int64, lasted trucewatch.Instant, all bool) []int64 {
	const million = 1_000_000
	seconds := int64(lasted / trucewatch.Second)
	var total int64
	for _, v := range count {
		total += v
	}
	tenths := int64(10)
	if all {
		tenths = falseTenths
	}
	mean := stepped(max(total*million*tenths/10/int64(len(count))/seconds, leastClutter))
	out := make([]int64, len(count))
	for k, v := range count {
		// As if the mean rate had been seen for as long as clutterTrust arrivals take.
		longer := clutterTrust * million / mean
		out[k] = stepped(max((v*tenths/10+clutterTrust)*million/(seconds+longer), 1))
	}
	return out
}

// cleared returns c for a window in which surer shots explain some arrivals: what they
// leave is clutter, and not the share of all that is taken for it before any is known.
func (d *district) cleared(c *conditions, free, explained int) *conditions {
	less := *c
	less.clutter = make([]int64, len(c.clutter))
	for k, v := range c.clutter {
		less.clutter[k] = stepped(max(v*10*int64(free)/(falseTenths*int64(free+explained)), 1))
	}
	d.ready(&less)
	return &less
}

// stepped rounds up to the next of 1, 1.25, 1.6, 2, 2.5, 3.2, 4, 5, 6.3, 8, 10
// and so on, in millionths.
func stepped(v int64) int64 {
	for decade := int64(1); ; decade *= 10 {
		for _, step := range [...]int64{100, 125, 160, 200, 250, 320, 400, 500, 630, 800} {
			if step*decade >= v*100 {
				return max(step*decade/100, 1)
			}
		}
	}
}

// sureShots returns the sure shots of a period whose stations are all among
// those of d.
func (l *Listener) sureShots(d *district, from trucewatch.Instant) []*Shot {
	var out []*Shot
	first, _ := slices.BinarySearchFunc(l.sure.slabs, floor(int64(from), int64(l.n.slab)), func(s *slab, k int64) int { return cmp.Compare(s.number, k) })
	for _, s := range l.sure.slabs[first:] {
		if trucewatch.Instant(s.number)*l.n.slab >= from+period {
			break
		}
		for _, shot := range s.shots() {
			if l.covers(d, &shot) {
				out = append(out, &shot)
			}
		}
	}
	return out
}

// covers says whether all stations of s are among those of d.
func (l *Listener) covers(d *district, s *Shot) bool {
	for _, a := range s.Arrivals {
		if _, found := d.local[l.arrivals[a].Station]; !found {
			return false
		}
	}
	return true
}

// surest sorts shots: those that stand alone first, for in a burst the arrivals
// of several rounds may be mixed; then by score.
func surest(shots []*Shot) []*Shot {
	shots = slices.Clone(shots)
	slices.SortFunc(shots, func(s, t *Shot) int {
		return cmp.Or(cmp.Compare(s.At, t.At), cmp.Compare(s.Position.LatE7, t.Position.LatE7), cmp.Compare(s.Position.LonE7, t.Position.LonE7))
	})
	crowded := make(map[*Shot]int, len(shots))
	for i, s := range shots {
		if i > 0 && s.At-shots[i-1].At < aloneGap || i+1 < len(shots) && shots[i+1].At-s.At < aloneGap {
			crowded[s] = 1
		}
	}
	slices.SortStableFunc(shots, func(s, t *Shot) int {
		return cmp.Or(cmp.Compare(crowded[s], crowded[t]), cmp.Compare(t.Score, s.Score))
	})
	return shots
}

// learnAir finds the air of each square of a district.
func (l *Listener) learnAir(d *district, before []kernel.Air, shots []*Shot, known clocks) []kernel.Air {
	var blasts []kernel.Blast
	own := make([]int, d.squares) // how many were taken of each
	for _, s := range surest(shots) {
		if len(s.Arrivals) < airArrivals {
			continue
		}
		east, north := d.plane.Project(s.Position)
		k, ok := d.squareOf(east, north)
		if !ok || own[k] == airShots {
			continue
		}
		own[k]++
		blasts = append(blasts, l.blast(d, s, known))
	}
	if len(blasts) == 0 {
		return before
	}
	var centres [][2]int64
	for _, c := range d.corners {
		centres = append(centres, [2]int64{c[0]*airCellMM + airCellMM/2, c[1]*airCellMM + airCellMM/2})
	}
	return d.ground.LearnAir(blasts, centres)
}

// ready makes the sky and hashes of c.
func (d *district) ready(c *conditions) {
	errors := make([]int64, len(c.clocks))
	for k := range errors {
		errors[k] = c.clocks[k].ErrorUS
	}
	c.sky = d.ground.NewSky(c.air, d.square, c.clutter, c.births, errors, c.ranges)
	var buf []byte
	for _, a := range c.air {
		for _, v := range [...]int64{a.Speed, a.East, a.North, a.Spread, a.Errors[0], a.Errors[1], a.Errors[2], a.Together[0], a.Together[1], a.Together[2]} {
			buf = binary.LittleEndian.AppendUint64(buf, uint64(v))
		}
	}
	buf = binary.LittleEndian.AppendUint64(buf, uint64(c.births))
	buf = binary.LittleEndian.AppendUint64(buf, uint64(c.ranges))
	for k, clock := range c.clocks {
		if clock != (kernel.Clock{}) {
			for _, v := range [...]int64{int64(k), clock.LateUS, clock.ErrorUS, clock.Shots} {
				buf = binary.LittleEndian.AppendUint64(buf, uint64(v))
			}
		}
	}
	c.aired = sha256.Sum256(buf)
	for _, v := range c.clutter {
		buf = binary.LittleEndian.AppendUint64(buf, uint64(v))
	}
	c.hash = sha256.Sum256(buf)
}
