// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate/kernel"
	"github.com/trucewatch/trucewatch/geo"
)

// A Listener finds the shots behind the arrivals of a Network, which come in
// any order. What it has found follows from the set of arrivals alone.
//
// Time is cut into slabs, country into districts; a window is a district for a
// slab with what belongs to it before and after. Its shots are a function of its
// free arrivals, of what was found near before, and of its conditions. The
// Listener folds over the slabs, hands on which arrivals are explained, and keeps
// with each window a hash of what went in: a late arrival costs the windows that
// it touches, and those after them only as long as something else is handed on.
//
// It goes over the arrivals twice: first for the sure shots, under conditions
// unknown; these teach the conditions; then for all shots.
type Listener struct {
	n          *Network
	arrivals   []Arrival
	lists      [][]int32 // numbers of arrivals by station and phase, by time
	sure, full *pass
	conditions map[placeAndTime]*conditions // by district and slab
	heard      map[placeAndTime]int64       // arrivals, likewise
	clocks     map[int64]clocks             // by slab
	touched    []touched                    // by district, since the last Settle
	span       touched                      // of all arrivals
	Windows    int64                        // searched so far
	Searches   int64                        // from seeds, in them
}

type placeAndTime struct {
	district int
	slab     int64
}

// A touched is a range of times in which something changed; empty if From is
// after Till.
type touched struct{ from, till trucewatch.Instant }

func untouched() touched { return touched{1 << 62, -1 << 62} }

func (t *touched) add(at trucewatch.Instant) { t.from, t.till = min(t.from, at), max(t.till, at) }

func (t *touched) join(u touched) {
	if u.from <= u.till {
		t.add(u.from)
		t.add(u.till)
	}
}

// A pass is one fold over the slabs.
type pass struct {
	rungs [][]int64
	slabs []*slab // by number
	taken []bool  // arrivals explained
	sure  bool
}

// A slab is what was found in the windows of one slab.
type slab struct {
	number  int64
	windows [][]result // by rung, by district
}

type result struct {
	input     [sha256.Size]byte // of all that the shots depend on
	shots     []Shot
	ahead     []int32 // arrivals of shots of the next slab: kept from less sure ones of this
	known     map[inputHash]sought
	residuals [][]kernel.Residual // of each of shots, if they are sure ones: what they say of clocks
	carried   carried             // by shots, if they are sure ones
}

// NewListener returns a Listener without arrivals.
func NewListener(n *Network) *Listener {
	l := &Listener{n: n, lists: make([][]int32, len(n.stations)*len(n.hearing.PhasesMMS)), full: &pass{rungs: rungs}, conditions: make(map[placeAndTime]*conditions), heard: make(map[placeAndTime]int64), clocks: make(map[int64]clocks), span: untouched()}
	l.touch(len(n.districts))
	if n.hearing.WindMMS > 0 {
		l.sure = &pass{rungs: sureRungs, sure: true}
	}
	return l
}

// Add takes arrivals. Nothing is found before Settle.
func (l *Listener) Add(arrivals ...Arrival) {
	for _, a := range arrivals {
		number := int32(len(l.arrivals))
		l.arrivals = append(l.arrivals, a)
		k := int(a.Station)*len(l.n.hearing.PhasesMMS) + int(a.Phase)
		at, _ := slices.BinarySearchFunc(l.lists[k], number, l.order)
		l.lists[k] = slices.Insert(l.lists[k], at, number)
		l.full.taken = append(l.full.taken, false)
		if l.sure != nil {
			l.sure.taken = append(l.sure.taken, false)
		}
		if a.At < l.span.from && l.span.from <= l.span.till {
			l.begin(l.span.from)
		}
		l.span.add(a.At)
		for _, place := range l.n.places[a.Station] {
			l.touched[place].add(a.At)
			l.heard[placeAndTime{place, floor(int64(a.At), int64(l.n.slab))}]++
		}
	}
}

// begin says that the record no longer begins at the given time: what was learned
// in the period after it counts on that.
func (l *Listener) begin(at trucewatch.Instant) {
	for place := range l.touched {
		l.touched[place].add(at)
	}
}

// touch makes room for so many districts.
func (l *Listener) touch(districts int) {
	for len(l.touched) < districts {
		l.touched = append(l.touched, untouched())
	}
}

// AddStations takes stations that were not known before. Each is held to have
// listened all the time.
func (l *Listener) AddStations(stations ...Station) {
	n := l.n
	changed := n.add(stations)
	l.lists = append(l.lists, make([][]int32, len(stations)*len(n.hearing.PhasesMMS))...)
	l.touch(len(n.districts))
	for _, place := range changed {
		l.touched[place] = l.span
		for _, p := range []*pass{l.sure, l.full} {
			if p != nil {
				p.forget(place)
			}
		}
		l.recount(place)
	}
}

// recount counts the arrivals of a district again.
func (l *Listener) recount(place int) {
	phases := len(l.n.hearing.PhasesMMS)
	for k := floor(int64(l.span.from), int64(l.n.slab)); k <= floor(int64(l.span.till), int64(l.n.slab)); k++ {
		delete(l.heard, placeAndTime{place, k})
	}
	for _, station := range l.n.districts[place].stations {
		for _, list := range l.lists[int(station)*phases : int(station+1)*phases] {
			for _, i := range list {
				l.heard[placeAndTime{place, floor(int64(l.arrivals[i].At), int64(l.n.slab))}]++
			}
		}
	}
}

// forget has every window of a district searched again.
func (p *pass) forget(place int) {
	for _, s := range p.slabs {
		for r := range s.windows {
			if place < len(s.windows[r]) {
				s.windows[r][place].input, s.windows[r][place].known = [sha256.Size]byte{}, nil
			}
		}
	}
}

// order is by time, then by content.
func (l *Listener) order(i, j int32) int {
	a, b := &l.arrivals[i], &l.arrivals[j]
	return cmp.Or(cmp.Compare(a.At, b.At), slices.Compare(a.Key[:], b.Key[:]), cmp.Compare(i, j))
}

// A Settled is what changed with a Settle.
type Settled struct{ Gone, New []Shot }

// Settle finds what the arrivals added since the last one change. Tasks that do
// not depend on each other are given to run.
func (l *Listener) Settle(run Run) Settled { return l.settle(run, nil) }

// settle is Settle with shards, if ask is not nil.
func (l *Listener) settle(run Run, ask Ask) Settled {
	n := l.n
	where, all := slices.Clone(l.touched), untouched()
	for place := range where {
		all.join(where[place])
		l.touched[place] = untouched()
	}
	if all.from > all.till {
		return Settled{}
	}
	if l.sure != nil {
		// Before anything is learned conditions depend on how much was heard.
		changed := l.fold(l.sure, touched{all.from, all.till + period}, run, ask)
		for _, s := range append(changed.Gone, changed.New...) {
			for _, a := range s.Arrivals {
				for _, place := range n.places[l.arrivals[a].Station] {
					where[place].add(s.At)
					where[place].add(l.arrivals[a].At)
				}
			}
		}
		l.relearn(changed, where)
		l.rerange(changed, where)
	}
	all.join(l.learn(where, run))
	return l.fold(l.full, all, run, ask)
}

// Shots returns all shots found, by time.
func (l *Listener) Shots() []Shot {
	var out []Shot
	for _, s := range l.full.slabs {
		out = append(out, s.shots()...)
	}
	sortShots(out)
	return out
}

func sortShots(shots []Shot) {
	slices.SortFunc(shots, func(s, t Shot) int {
		return cmp.Or(cmp.Compare(s.At, t.At), cmp.Compare(s.Position.LatE7, t.Position.LatE7), cmp.Compare(s.Position.LonE7, t.Position.LonE7), cmp.Compare(t.Score, s.Score))
	})
}

func (s *slab) shots() (out []Shot) {
	for _, rung := range s.windows {
		for _, w := range rung {
			out = append(out, w.shots...)
		}
	}
	return out
}

// fold goes over the slabs that changes in the given time touch, and on for as
// long as what is handed on changes.
func (l *Listener) fold(p *pass, where touched, run Run, ask Ask) Settled {
	n := l.n
	first := floor(int64(where.from-n.travel-n.ahead-n.slab), int64(n.slab)) + 1
	last := floor(int64(where.till+n.travel), int64(n.slab))
	at, _ := slices.BinarySearchFunc(p.slabs, first, func(s *slab, k int64) int { return cmp.Compare(s.number, k) })
	later := p.slabs[at:]
	for _, s := range later {
		p.mark(s, false)
	}
	kept := p.slabs[:at:at]
	var out Settled
	for k := first; ; k++ {
		var before *slab
		if len(later) > 0 && later[0].number == k {
			before, later = later[0], later[1:]
		}
		if before == nil && k > last {
			break // nothing is handed on to a slab without arrivals
		}
		after := l.search(p, k, kept, before, run, ask)
		same := compared(before, after, &out)
		if after != nil {
			kept = append(kept, after)
		}
		if same && k >= last {
			break
		}
	}
	for _, s := range later {
		p.mark(s, true)
	}
	p.slabs = append(kept, later...)
	p.tidy()
	return out
}

// knownSlabs is for how many slabs, the latest, the answers of searches are kept:
// six hours. Later than that a late arrival costs whole windows again. Guess: one
// arrival in a hundred is so late. Test: delays of a mission's sensors.
const knownSlabs = 72

// tidy forgets the answers of old slabs.
func (p *pass) tidy() {
	for _, s := range p.slabs[:max(0, len(p.slabs)-knownSlabs)] {
		for _, rung := range s.windows {
			for i := range rung {
				rung[i].known = nil
			}
		}
	}
}

// mark says whether the arrivals of the shots of s are explained.
func (p *pass) mark(s *slab, taken bool) {
	for _, shot := range s.shots() {
		p.take(shot.Arrivals, taken)
	}
}

// compared adds what distinguishes two searches of one slab, and says whether
// nothing does.
func compared(before, after *slab, out *Settled) bool {
	var old, now []Shot
	if before != nil {
		old = before.shots()
	}
	if after != nil {
		now = after.shots()
	}
	same := true
	for _, s := range old {
		if !slices.ContainsFunc(now, s.equal) {
			out.Gone, same = append(out.Gone, s), false
		}
	}
	for _, s := range now {
		if !slices.ContainsFunc(old, s.equal) {
			out.New, same = append(out.New, s), false
		}
	}
	return same
}

func (s Shot) equal(t Shot) bool {
	return s.home == t.home && slices.Equal(s.Clocks, t.Clocks) && s.At == t.At && s.Position == t.Position && s.DepthMM == t.DepthMM && s.Score == t.Score && slices.Equal(s.Arrivals, t.Arrivals) && slices.Equal(s.Near, t.Near)
}

// search finds the shots of slab k, nil if it has no arrivals. Kept are the slabs
// before it; before is what it was, whose windows are taken over where nothing
// that they depend on has changed.
func (l *Listener) search(p *pass, k int64, kept []*slab, before *slab, run Run, ask Ask) *slab {
	n := l.n
	s := &slab{number: k, windows: make([][]result, len(p.rungs))}
	var recent []birth
	for _, old := range kept[max(0, len(kept)-2):] {
		if old.number >= k-2 {
			recent = appendBirths(recent, old.shots())
		}
	}
	empty := true
	var ahead []int32
	for r, rung := range p.rungs {
		windows := make([]result, len(n.districts))
		s.windows[r] = windows
		for colour := range colours {
			var at []int
			for i, d := range n.districts {
				if d.colour == colour {
					at = append(at, i)
				}
			}
			anew := make([]*window, len(at))
			run(len(at), func(i int) {
				place := at[i]
				w, input := l.window(p, place, k, rung, recent)
				switch {
				case w == nil:
				case before != nil && place < len(before.windows[r]) && before.windows[r][place].input == input:
					windows[place] = before.windows[r][place]
				default:
					anew[i], windows[place].input = w, input
					if before != nil && place < len(before.windows[r]) {
						w.known = before.windows[r][place].known
					}
				}
			})
			l.explore(anew, rung, run, ask)
			for i, district := range at {
				w := &windows[district]
				if anew[i] != nil {
					*w = anew[i].result(w.input)
					for j := range w.shots {
						w.shots[j].home = district
						if p.sure {
							w.residuals = append(w.residuals, l.residuals(n.districts[district], &w.shots[j], nil))
							w.carried.add(l.carriedBy(n.districts[district], &w.shots[j]))
						}
					}
					l.Windows++
					l.Searches += anew[i].searched
				}
				empty = empty && w.input == [sha256.Size]byte{}
				recent = appendBirths(recent, w.shots)
				for j := range w.shots {
					p.take(w.shots[j].Arrivals, true)
				}
				p.take(w.ahead, true)
				ahead = append(ahead, w.ahead...)
			}
		}
	}
	p.take(ahead, false)
	if empty {
		return nil
	}
	return s
}

// explore searches windows, here or on shards; some may be nil.
func (l *Listener) explore(windows []*window, rung []int64, run Run, ask Ask) {
	windows = slices.DeleteFunc(slices.Clone(windows), func(w *window) bool { return w == nil })
	if ask != nil {
		var pieces []Piece
		for _, w := range windows {
			pieces = append(pieces, w.piece(l.n, rung))
		}
		left := windows[:0:0]
		for i, answer := range ask.answers(pieces) {
			if !windows[i].take(answer) {
				left = append(left, windows[i])
			}
		}
		windows = left
	}
	run(len(windows), func(i int) { windows[i].search(rung) })
}

// take says whether arrivals are explained.
func (p *pass) take(arrivals []int32, taken bool) {
	for _, a := range arrivals {
		p.taken[a] = taken
	}
}

// A birth is where and when a shot was found: more are likelier near it.
type birth struct {
	position geo.Position
	at       trucewatch.Instant
}

func appendBirths(births []birth, shots []Shot) []birth {
	for i := range shots {
		births = append(births, birth{shots[i].Position, shots[i].At})
	}
	return births
}

// window readies the window of one district for slab k, and hashes all that its
// shots depend on; nil if it has no seed.
func (l *Listener) window(p *pass, place int, k int64, rung []int64, recent []birth) (*window, [sha256.Size]byte) {
	n := l.n
	d := n.districts[place]
	from := trucewatch.Instant(k) * n.slab
	w := &window{d: d, from: from, till: from + n.slab, sure: p.sure}
	begin, end := from-n.travel, w.till+n.ahead+n.travel
	c := l.conditionsOf(p, place, k)
	w.c = c
	phases := len(n.hearing.PhasesMMS)
	explained := 0
	h := sha256.New()
	var buf [8]byte
	put := func(v int64) { binary.LittleEndian.PutUint64(buf[:], uint64(v)); h.Write(buf[:]) }
	for local, station := range d.stations {
		for ph := range phases {
			list := l.lists[int(station)*phases+ph]
			if len(list) == 0 {
				continue
			}
			first, _ := slices.BinarySearchFunc(list, begin, func(i int32, t trucewatch.Instant) int { return cmp.Compare(l.arrivals[i].At, t) })
			for _, number := range list[first:] {
				a := &l.arrivals[number]
				if a.At >= end {
					break
				}
				if p.taken[number] {
					explained++
					continue
				}
				at := a.At - trucewatch.Instant(c.clocks[local].LateUS)
				if ph == 0 && d.core[local] && at >= from && at < w.till+n.ahead {
					w.seeds = append(w.seeds, int32(len(w.arrivals)))
				}
				w.arrivals = append(w.arrivals, kernel.Arrival{Station: int32(local), Phase: uint8(ph), At: int64(at - from)})
				w.number = append(w.number, number)
				put(int64(number))
			}
		}
	}
	if len(w.seeds) < 1 || len(w.arrivals) < n.hearing.Least {
		return nil, [sha256.Size]byte{}
	}
	for _, r := range recent {
		if r.at > begin && r.at < end && geo.NearMM(r.position, d.centre) < d.span {
			east, north := d.plane.Project(r.position)
			w.births = append(w.births, [3]int64{east, north, int64(r.at - from)})
			put(east)
			put(north)
			put(int64(r.at))
		}
	}
	if l.sure == nil && explained > 0 {
		w.c = d.cleared(c, len(w.arrivals), explained)
	}
	h.Write(w.c.hash[:])
	return w, [sha256.Size]byte(h.Sum(nil))
}

// Fresh says whether arrivals that come in order may still change a shot: it is
// not older than the newest arrival by all that bears on its slab.
func (l *Listener) Fresh(s *Shot) bool {
	return s.At+l.n.slab+l.n.ahead+2*l.n.travel > l.span.till
}

// Arrival returns an arrival by its number.
func (l *Listener) Arrival(number int32) Arrival { return l.arrivals[number] }
