// SPDX-License-Identifier: Apache-2.0

package coverage

import (
	"cmp"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// Words for what could be seen of ground and time.
const (
	Watched      = "watched"       // nearly all of it: nothing observed means that there was hardly anything
	Partly       = "partly"        // some of it: a rate per observed hour, never a total
	NobodyLooked = "nobody_looked" // sources say that they did not see
	Unknown      = "unknown"       // no source says what it could see
)

// WatchedLeast is from which share of ground and time it counts as watched.
//
// Guess: nine tenths, the word "confirmed" of the example agreement. Test: readers
// of the statement of coverage.
const WatchedLeast trucewatch.PPM = 900_000

// Seen is how much of an area and time could be seen. Observed, Blind and Unknown
// need not add up to the whole: what is watched in part is only partly observed.
type Seen struct {
	Observed trucewatch.PPM // probability that an event, anywhere and any time in it, was noticed
	Blind    trucewatch.PPM // of ground and time of which every source that says anything says that it saw nothing
	Unknown  trucewatch.PPM // of ground and time of which no source says anything
	Unsaid   trucewatch.PPM // of Observed, at most: from sources that do not say which share they notice, counted whole
	Hours    int64          // of the time asked for, rounded down
	Causes   []Cause        // why not, most first
}

// A Cause is why ground was not observed, and for how long, in hours of the whole
// area: ten hours of a tenth of it are one.
type Cause struct {
	Cause string // of trucewatch.WatchCauses; "share": a source watches and notices only a part; "unknown_watch": nobody says
	Hours int64  // rounded
}

// Word returns how well it was seen.
func (s Seen) Word() string {
	switch {
	case s.Observed >= WatchedLeast:
		return Watched
	case s.Observed > 0:
		return Partly
	case s.Unknown == 0:
		return NobodyLooked
	}
	return Unknown
}

// The causes that no source states.
const (
	causeShare = "share"
	causeNone  = "unknown_watch"
)

// A Stratum is how much of one cell of an area was observed.
type Stratum struct {
	Cell     int // as Area.Cell numbers it
	Observed trucewatch.PPM
	Weight   trucewatch.PPM // the cell's part of the area
}

// Seen returns how much of an area in a time could be seen of events of some
// kinds; no kinds are all signs of fire. A period begins with From and ends
// before Till.
func (m *Map) Seen(a *Area, when trucewatch.Interval, kinds []trucewatch.Kind) Seen {
	out, _ := m.sweep(a, when, kinds)
	return out
}

// Strata returns how much of each cell of an area could be seen. It is for the
// mission alone, and for counting like ground with like.
func (m *Map) Strata(a *Area, when trucewatch.Interval, kinds []trucewatch.Kind) []Stratum {
	_, strata := m.sweep(a, when, kinds)
	return strata
}

// A turn is a stretch of a source as it bears on one cell.
type turn struct {
	from, till int64 // milliseconds from the start of what is asked
	source     int32
	share      int32 // of events in the cell that it notices, ppm
	cause      int8
	unsaid     bool
}

func (m *Map) sweep(a *Area, when trucewatch.Interval, kinds []trucewatch.Kind) (Seen, []Stratum) {
	const millisecond = 1000
	length := int64(when.Till-when.From) / millisecond
	if length <= 0 {
		return Seen{Unknown: geo.Million}, nil
	}
	turns := m.turns(a, when, kinds)
	total := newSums()
	strata := make([]Stratum, len(a.cells))
	for i := range a.cells {
		one := newSums()
		one.cell(turns[i], length)
		weight := int64(len(a.cells[i].points))
		strata[i] = Stratum{Cell: i, Observed: trucewatch.PPM(one.observed / length), Weight: trucewatch.PPM(weight * geo.Million / a.points)}
		total.add(one, weight, length)
	}
	return total.seen(a.points, length), strata
}

// turns files by cell what sources said of a time.
func (m *Map) turns(a *Area, when trucewatch.Interval, kinds []trucewatch.Kind) [][]turn {
	const millisecond = 1000
	asked := bitsOf(kinds)
	if asked == 0 {
		asked = signs()
	}
	out := make([][]turn, len(a.cells))
	for n, s := range m.sources {
		for _, st := range s.stretches {
			if st.from >= when.Till {
				break
			}
			notices := st.kinds
			if notices == 0 {
				notices = signs()
			}
			if st.till <= when.From || notices&asked == 0 {
				continue
			}
			t := turn{from: max(0, int64(st.from-when.From)/millisecond), till: int64(min(st.till, when.Till)-when.From) / millisecond,
				source: int32(n), cause: st.cause, unsaid: st.unsaid}
			for _, p := range m.covered(a, st.field) {
				t.share = int32(int64(p.share) * int64(st.share) / geo.Million)
				out[p.cell] = append(out[p.cell], t)
			}
		}
	}
	return out
}

// Sums of milliseconds; those with a share are in ppm of a millisecond, so that
// 200 years fit.
type sums struct {
	observed, unsaid int64 // ppm
	blind, unknown   int64
	causes           []int64 // ppm, by number of the cause; then share and nobody
}

func newSums() *sums { return &sums{causes: make([]int64, len(trucewatch.WatchCauses())+2)} }

// cell sums one cell: between two instants at which some turn begins or ends all
// is the same.
func (s *sums) cell(turns []turn, length int64) {
	bounds := make([]int64, 0, 2*len(turns)+2)
	bounds = append(bounds, 0, length)
	for _, t := range turns {
		bounds = append(bounds, t.from, t.till)
	}
	slices.Sort(bounds)
	bounds = slices.Compact(bounds)
	slices.SortStableFunc(turns, func(a, b turn) int { return cmp.Compare(a.from, b.from) })
	var active []turn // by source
	next := 0
	for i := 1; i < len(bounds); i++ {
		from, till := bounds[i-1], bounds[i]
		active = slices.DeleteFunc(active, func(t turn) bool { return t.till <= from })
		for ; next < len(turns) && turns[next].from <= from; next++ {
			if turns[next].till > from {
				at, _ := slices.BinarySearchFunc(active, turns[next].source, func(t turn, n int32) int { return cmp.Compare(t.source, n) })
				active = slices.Insert(active, at, turns[next])
			}
		}
		s.span(active, till-from)
	}
}

// span sums a time in which the same sources were on duty in the same way.
func (s *sums) span(active []turn, length int64) {
	nobody := len(s.causes) - 1
	if len(active) == 0 {
		s.unknown += length
		s.causes[nobody] += length * geo.Million
		return
	}
	missed, missedSaid := int64(geo.Million), int64(geo.Million)
	var causes uint32
	for i := 0; i < len(active); {
		best, said := int64(0), int64(0) // one source notices an event once
		for j := active[i].source; i < len(active) && active[i].source == j; i++ {
			best = max(best, int64(active[i].share))
			if !active[i].unsaid {
				said = max(said, int64(active[i].share))
			}
			if c := active[i].cause; c >= 0 {
				causes |= 1 << c
			}
		}
		missed = missed * (geo.Million - best) / geo.Million
		missedSaid = missedSaid * (geo.Million - said) / geo.Million
	}
	s.observed += (geo.Million - missed) * length
	s.unsaid += (missedSaid - missed) * length
	if missed == geo.Million {
		s.blind += length
	}
	s.blame(causes, missed*length)
}

// blame divides what was missed among the causes that sources state at the time.
func (s *sums) blame(causes uint32, missed int64) {
	named := int64(0)
	for i := range s.causes {
		if causes&(1<<i) != 0 {
			named++
		}
	}
	if named == 0 {
		s.causes[len(s.causes)-2] += missed
		return
	}
	for i := range s.causes {
		if causes&(1<<i) != 0 {
			s.causes[i] += missed / named
		}
	}
}

// add adds a cell by its weight, as shares of the time: whole milliseconds of
// many cells would not fit.
func (s *sums) add(one *sums, weight, length int64) {
	s.observed += one.observed / length * weight
	s.unsaid += one.unsaid / length * weight
	s.blind += one.blind * weight
	s.unknown += one.unknown * weight
	for i, c := range one.causes {
		s.causes[i] += c / length * weight
	}
}

func (s *sums) seen(points, length int64) Seen {
	const hour = 3_600_000
	out := Seen{Observed: trucewatch.PPM(s.observed / points), Unsaid: trucewatch.PPM(s.unsaid / points),
		Blind: share(s.blind/points, length), Unknown: share(s.unknown/points, length), Hours: length / hour}
	words := append(trucewatch.WatchCauses(), causeShare, causeNone)
	for i, ppm := range s.causes {
		// Of a share of the time to hours: thousandths are enough.
		if hours := (ppm/points*(length/1000)/1000 + hour/2) / hour; hours > 0 {
			out.Causes = append(out.Causes, Cause{Cause: words[i], Hours: hours})
		}
	}
	slices.SortStableFunc(out.Causes, func(a, b Cause) int { return cmp.Compare(b.Hours, a.Hours) })
	return out
}

func share(part, whole int64) trucewatch.PPM {
	return trucewatch.PPM(part * geo.Million / whole)
}
