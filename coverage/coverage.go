// SPDX-License-Identifier: Apache-2.0

// Package coverage keeps what could have been seen, by ground and time, from
// what sources report of their own watch. "Observed none", "nobody looked" and
// "nobody says" are three different things, and a number without one of them
// says nothing.
//
//	m := coverage.New()
//	m.Report(report, received, index)           // entries, in the order of the record
//	ground, err := coverage.NewArea("north", zone)
//	seen := m.Seen(ground, week, kinds)         // how much of it would have been noticed
//
// The ground is cut into the cells of the one nested grid of which public places
// are made (geo.Cell); time is not cut: a watch counts from its first instant to
// its last. In one cell at one time sources are taken to miss events
// independently, so that together they notice 1-(1-p)(1-q).. of them; p is the
// share of the cell that a source's field covers times the share of events that
// it says it notices. A report replaces what the same source said of the same
// time before, whenever it comes: an outage that is reported late lowers what
// was seen.
//
// A source that never reports its watch gives no coverage, however much it
// observes: what it could have seen is unknown, and nothing is made up for it.
//
// Coverage by cell and hour stays inside the mission (docs/harm.md): Statement
// gives weeks and regions, and Public what of it may leave, late and rounded.
package coverage

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// AheadMost is how far a watch may end after its report was received: coverage of
// time to come is a plan, and plans of patrols never enter the record.
//
// Guess: an hour, for clocks that err and for sealed records, whose open times
// are rounded down. Test: refusals per source.
const AheadMost = trucewatch.Hour

// joinGap is between watches that are one: some sources write 10:59:59 for the
// end of an hour.
const joinGap = trucewatch.Second

// A Map is everything that sources reported of their watch. Its size is that of
// the changes of watch, not of the hours: a camera that sees by day and not by
// night takes two stretches a day. It is not safe for concurrent use.
type Map struct {
	sources []*source // by ID
	fields  []*field  // every ground that a source could see, once
	byForm  map[string]int32
	shares  map[*Area]map[int32][]part // by area and field: which of its cells the field covers
}

// A source is what one source said of its watch.
type source struct {
	id        trucewatch.SourceID
	stretches []stretch // by from; overlapping only where one report said two things of one time
	reports   pace
	heeded    bool // its silence is evidence
}

// A stretch is a time in which a source watched one field in one way.
type stretch struct {
	from, till trucewatch.Instant // till is outside
	kinds      uint64             // a bit for each of trucewatch.Kinds; 0: any sign of fire
	field      int32
	share      int32 // of events in the field that it notices, ppm; 0: it was out
	cause      int8  // in trucewatch.WatchCauses; -1: none
	unsaid     bool  // it did not say which share: counted whole
}

// same says whether t is s at another time.
func (s stretch) same(t stretch) bool {
	s.from, s.till = t.from, t.till
	return s == t
}

// A field is ground that sources could see.
type field struct {
	region    geo.Region
	low, high geo.Position // the box round it
	zone      *geo.Zone
}

// New returns a map on which nobody has reported anything.
func New() *Map { return &Map{byForm: map[string]int32{}, shares: map[*Area]map[int32][]part{}} }

// A Change is a time and ground of which more or less is known now than before:
// what rests on it must be asked again.
type Change struct {
	Source    trucewatch.SourceID
	When      trucewatch.Interval
	low, high geo.Position
}

// Touches says whether the ground of the change may have part in an area.
func (c Change) Touches(a *Area) bool { return a.near(c.low, c.high) }

// Check returns an error that wraps trucewatch.ErrInvalid for a report that
// cannot be folded: of time to come, of no time, or of ground that is none.
func Check(r *trucewatch.CoverageReport, received trucewatch.Instant) error {
	for i := range r.Watches {
		w := &r.Watches[i]
		switch {
		case w.When.Till <= w.When.From:
			return fmt.Errorf("coverage: %w: watches %d: from %v till %v is no time", trucewatch.ErrInvalid, i, w.When.From, w.When.Till)
		case w.When.Till > received+AheadMost:
			return fmt.Errorf("coverage: %w: watches %d: ends %v, after it was received (%v): what somebody plans to watch is not coverage",
				trucewatch.ErrInvalid, i, w.When.Till, received)
		}
		if _, err := zoneOf(w.Where.Region); err != nil {
			return fmt.Errorf("coverage: watches %d: where: %w", i, err)
		}
	}
	return nil
}

// Report folds a report and returns what changed, in the order of its watches. On
// an error, which is that of Check, nothing has changed.
func (m *Map) Report(r *trucewatch.CoverageReport, received trucewatch.Instant, index uint64) ([]Change, error) {
	if err := m.check(r, received); err != nil {
		return nil, err
	}
	s := m.source(r.Source.ID)
	s.heeded = heeded(&r.Source)
	fresh := make([]stretch, 0, len(r.Watches))
	var changes []Change
	for i := range r.Watches {
		st := m.stretch(s, &r.Watches[i])
		fresh = append(fresh, st)
		f := m.fields[st.field]
		changes = append(changes, Change{Source: s.id, When: r.Watches[i].When, low: f.low, high: f.high})
	}
	slices.SortStableFunc(fresh, func(a, b stretch) int { return cmp.Compare(a.from, b.from) })
	changes = append(changes, m.replace(s, fresh)...)
	s.reports.heard(fresh[0].from, furthest(fresh), index)
	return changes, nil
}

// check is Check, but for ground that is known already.
func (m *Map) check(r *trucewatch.CoverageReport, received trucewatch.Instant) error {
	if i, found := m.find(r.Source.ID); found {
		s := m.sources[i]
		if n := len(s.stretches); n > 0 && len(r.Watches) == 1 && sameGround(&m.fields[s.stretches[n-1].field].region, &r.Watches[0].Where.Region) {
			if w := r.Watches[0].When; w.From < w.Till && w.Till <= received+AheadMost {
				return nil
			}
		}
	}
	return Check(r, received)
}

func furthest(list []stretch) trucewatch.Instant {
	var till trucewatch.Instant
	for _, s := range list {
		till = max(till, s.till)
	}
	return till
}

func (m *Map) find(id trucewatch.SourceID) (int, bool) {
	return slices.BinarySearchFunc(m.sources, id, func(s *source, id trucewatch.SourceID) int { return cmp.Compare(s.id, id) })
}

func (m *Map) source(id trucewatch.SourceID) *source {
	i, found := m.find(id)
	if !found {
		m.sources = slices.Insert(m.sources, i, &source{id: id})
	}
	return m.sources[i]
}

// Reports says whether a source ever reported its watch. Of one that did not, what
// it could have seen is not known.
func (m *Map) Reports(id trucewatch.SourceID) bool {
	i, found := m.find(id)
	return found && len(m.sources[i].stretches) > 0
}

// stretch turns a watch into a stretch. Its ground is one that Check has passed.
func (m *Map) stretch(s *source, w *trucewatch.Watch) stretch {
	out := stretch{from: w.When.From, till: w.When.Till, kinds: bitsOf(w.Kinds), field: m.field(s, &w.Where.Region), cause: -1}
	switch w.State {
	case "watching":
		out.share, out.unsaid = int32(w.Share), w.Share == 0
		if out.unsaid {
			out.share = geo.Million
		}
	case "reduced":
		out.share = int32(w.Share)
	}
	if i := slices.Index(trucewatch.WatchCauses(), w.Cause); i >= 0 {
		out.cause = int8(i)
	}
	return out
}

// field returns the number of a ground. A source mostly says the same as before.
func (m *Map) field(s *source, r *geo.Region) int32 {
	if n := len(s.stretches); n > 0 {
		if last := s.stretches[n-1].field; sameGround(&m.fields[last].region, r) {
			return last
		}
	}
	form := string(trucewatch.Encode(*r))
	if i, known := m.byForm[form]; known {
		return i
	}
	zone, err := zoneOf(*r)
	if err != nil {
		zone = geo.NewDisks(nil) // Check has refused it
	}
	f := &field{region: *r, zone: zone}
	f.low, f.high = r.Bounds()
	m.fields = append(m.fields, f)
	m.byForm[form] = int32(len(m.fields) - 1)
	return m.byForm[form]
}

func sameGround(a, b *geo.Region) bool {
	return a.Kind == b.Kind && a.Center == b.Center && a.SemiMajorMM == b.SemiMajorMM && a.SemiMinorMM == b.SemiMinorMM &&
		a.AzimuthMdeg == b.AzimuthMdeg && a.RMinMM == b.RMinMM && a.RMaxMM == b.RMaxMM && slices.Equal(a.Arcs, b.Arcs) &&
		slices.EqualFunc(a.Rings, b.Rings, func(x, y []geo.Position) bool { return slices.Equal(x, y) })
}

// zoneOf returns the figure of a region as ground: of an ellipse what lies within
// its contour.
func zoneOf(r geo.Region) (*geo.Zone, error) {
	if r.Kind == geo.Ellipse && r.SemiMajorMM == r.SemiMinorMM && r.SemiMajorMM > 0 {
		return geo.NewDisks([]geo.Disk{{Center: r.Center, RadiusMM: r.SemiMajorMM}}), nil
	}
	rings := r.Outline()
	if len(rings) == 0 {
		return nil, fmt.Errorf("%w: ground without a place", trucewatch.ErrInvalid)
	}
	whole, err := geo.NewArea(rings)
	if err == nil {
		return geo.NewAreas([]*geo.Area{whole}), nil
	}
	if r.Kind != geo.Sector {
		return nil, fmt.Errorf("%w: %v", trucewatch.ErrInvalid, err)
	}
	var parts []*geo.Area // of a sector of several arcs each ring is a part
	for _, ring := range rings {
		part, err := geo.NewArea([][]geo.Position{ring})
		if err != nil {
			return nil, fmt.Errorf("%w: %v", trucewatch.ErrInvalid, err)
		}
		parts = append(parts, part)
	}
	return geo.NewAreas(parts), nil
}

// replace puts the stretches of one report in place of what its source said of
// the same time before, and returns what was there.
func (m *Map) replace(s *source, fresh []stretch) []Change {
	if n := len(s.stretches); n > 0 && furthest(s.stretches[max(0, n-trucewatch.ListMax):]) <= fresh[0].from {
		s.add(fresh)
		return nil
	} else if n == 0 {
		s.add(fresh)
		return nil
	}
	var changes []Change
	old := s.stretches
	s.stretches = make([]stretch, 0, len(old)+len(fresh))
	var kept []stretch
	for _, st := range old {
		parts := []stretch{st}
		for _, f := range fresh {
			parts = cut(parts, f.from, f.till)
		}
		if len(parts) != 1 || parts[0] != st {
			f := m.fields[st.field]
			changes = append(changes, Change{Source: s.id, When: trucewatch.Interval{From: st.from, Till: st.till}, low: f.low, high: f.high})
		}
		kept = append(kept, parts...)
	}
	kept = append(kept, fresh...)
	slices.SortStableFunc(kept, func(a, b stretch) int { return cmp.Compare(a.from, b.from) })
	s.add(kept)
	return changes
}

// cut takes a span of time out of stretches.
func cut(list []stretch, from, till trucewatch.Instant) []stretch {
	var out []stretch
	for _, s := range list {
		if till <= s.from || from >= s.till {
			out = append(out, s)
			continue
		}
		if before := s; before.from < from {
			before.till = from
			out = append(out, before)
		}
		if after := s; after.till > till {
			after.from = till
			out = append(out, after)
		}
	}
	return out
}

// add appends stretches, joining those that go on as before.
func (s *source) add(list []stretch) {
	for _, st := range list {
		if n := len(s.stretches); n > 0 {
			if last := &s.stretches[n-1]; last.same(st) && st.from >= last.from && st.from <= last.till+joinGap {
				last.till = max(last.till, st.till)
				continue
			}
		}
		s.stretches = append(s.stretches, st)
	}
}

// bitsOf makes a set of kinds.
func bitsOf(kinds []trucewatch.Kind) uint64 {
	var out uint64
	if len(kinds) == 0 {
		return 0
	}
	all := trucewatch.Kinds()
	for _, k := range kinds {
		if i := slices.Index(all, k); i >= 0 {
			out |= 1 << i
		}
	}
	return out
}

// signs are the kinds that a watch without kinds notices: the signs that missions
// count.
func signs() uint64 {
	var out uint64
	for i, k := range trucewatch.Kinds() {
		if k.IsPhenomenon() || k == trucewatch.ExchangeOfFire {
			out |= 1 << i
		}
	}
	return out
}
