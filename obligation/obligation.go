// SPDX-License-Identifier: Apache-2.0

// Package obligation keeps what an agreement asks for over a time, and where it
// stands: storage of withdrawn weapons, ceilings of zones, days without fire,
// withdrawal in phases, other duties, windows of silence.
//
// A Ledger folds what the record brings, in its order: adopted texts (Adopt),
// inventories, facts, notifications and what happens to them, incidents with their
// findings, and ticks. It yields states, and findings whose subject is a site, a
// zone or a duty. Every state is a pure function of what was folded and of the
// last tick: what comes late revises it, and what no longer follows is withdrawn.
// Where the text is read in several ways, each reading has its findings; the
// states are those of the text as it stands.
//
// A day is a reporting period of the mission: from one recorded cut-off to the
// next, because the core knows no calendar of a place. A record without cut-offs
// has days of UTC. Nothing here asks for the time.
package obligation

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
)

// Watched says how much of some ground and time could be seen of signs of fire.
type Watched func(name string, ground *geo.Zone, when trucewatch.Interval) trucewatch.PPM

// A Ledger is what the agreements ask for and where it stands. It is not safe for
// concurrent use.
type Ledger struct {
	watched Watched
	now     trucewatch.Instant // the last tick
	index   uint64             // entry being folded
	texts   []*text            // by their first adoption

	cutOffs     []trucewatch.Instant
	inventories []dated[trucewatch.Inventory] // by the time they speak of
	facts       []dated[trucewatch.Fact]
	notices     []*trucewatch.Notification // by ID
	steps       []trucewatch.NoticeStep
	seen        []*sighting // by incident

	due      trucewatch.Instant // as Due says, while dueKnown
	dueKnown bool

	states   map[string]string // the encoding of each state as it was shown last
	findings map[trucewatch.FindingID]string
	byPart   map[string][]trucewatch.FindingID
}

// A dated is something that was entered, and by which entry.
type dated[T any] struct {
	what  T
	index uint64
}

// A Change is one thing that is other than before: exactly one field is set.
type Change struct {
	Finding   *trucewatch.Finding
	Withdrawn trucewatch.FindingID // it no longer follows
	Site      *trucewatch.SiteState
	Ceiling   *trucewatch.CeilingState
	Streak    *trucewatch.Streak
	Duty      *trucewatch.DutyState
	Silence   *trucewatch.SilenceState
}

// WithdrawnWhy is the reason to give for a finding that was withdrawn.
const WithdrawnWhy = "what was recorded since shows otherwise"

// New returns a ledger of nothing. Watched answers how well ground was watched;
// nil means that nobody says, and then no day counts for a streak that asks for a
// share.
func New(watched Watched) *Ledger {
	if watched == nil {
		watched = func(string, *geo.Zone, trucewatch.Interval) trucewatch.PPM { return 0 }
	}
	return &Ledger{watched: watched, states: map[string]string{}, findings: map[trucewatch.FindingID]string{}, byPart: map[string][]trucewatch.FindingID{}}
}

// Adopt takes an agreement in all its readings (Agreement.Variants), at least one,
// the text as it stands first. A later version, or the same after a term was
// settled, takes the place of the earlier: what was found under that stays as it
// was.
func (l *Ledger) Adopt(variants []agreement.Variant, index uint64) []Change {
	l.index = index
	t := newText(variants)
	if i := slices.IndexFunc(l.texts, func(u *text) bool { return u.id == t.id }); i >= 0 {
		if l.texts[i].hash != t.hash {
			l.forget(l.texts[i])
		}
		l.texts[i] = t
	} else {
		l.texts = append(l.texts, t)
	}
	for _, n := range l.notices {
		t.ground(n)
	}
	for _, s := range l.seen {
		t.place(s)
		t.placeSilence(s, l.notices)
	}
	return l.refreshAll(t)
}

// forget lets what was found under a text stand: it is not asked again.
func (l *Ledger) forget(t *text) {
	for _, p := range t.parts(l) {
		delete(l.byPart, p.key())
	}
}

// CheckInventory returns an error that wraps trucewatch.ErrInvalid for an
// inventory of a site or zone that no adopted text has, or of another party's.
func (l *Ledger) CheckInventory(i *trucewatch.Inventory) error {
	for _, t := range l.texts {
		a := t.books[0].a
		if i.Zone != "" && a.Zone(i.Zone) != nil {
			return nil
		}
		if a.Storage == nil || i.Site == "" {
			continue
		}
		for _, s := range a.Storage.Sites {
			switch {
			case s.ID == i.Site && s.Party == i.Party:
				return nil
			case s.ID == i.Site:
				return fmt.Errorf("obligation: inventory: %w: site %s is of party %s, not %s", trucewatch.ErrInvalid, i.Site, s.Party, i.Party)
			}
		}
	}
	return fmt.Errorf("obligation: inventory: %w: no adopted agreement has a site or zone %q", trucewatch.ErrInvalid, i.Site+i.Zone)
}

// Inventory folds what a party declares or a visit saw. On an error, which is that
// of CheckInventory, nothing has changed.
func (l *Ledger) Inventory(i *trucewatch.Inventory, _ trucewatch.Instant, index uint64) ([]Change, error) {
	if err := l.CheckInventory(i); err != nil {
		return nil, err
	}
	l.index = index
	for _, t := range l.texts {
		for _, b := range t.books {
			delete(b.registers, i.Site)
		}
	}
	l.inventories = insertDated(l.inventories, dated[trucewatch.Inventory]{*i, index}, func(d *dated[trucewatch.Inventory]) trucewatch.Instant { return d.what.At })
	return l.refresh(func(p part) bool {
		return p.kind == "site" && p.id == i.Site || p.kind == "ceiling" && p.party == i.Party && i.Zone != "" || p.kind == "duties"
	}), nil
}

// CheckFact returns an error that wraps trucewatch.ErrInvalid for the fulfilment
// of an obligation, or the consent to more than a ceiling, that no adopted text
// has. Other facts are no matter of this ledger.
func (l *Ledger) CheckFact(f *trucewatch.Fact) error {
	known := func(t *text) bool { return t.knows(f) }
	switch f.Kind {
	case "obligation_fulfilled":
		if !slices.ContainsFunc(l.texts, known) {
			return fmt.Errorf("obligation: fact %s: %w: no adopted agreement has an obligation or area %q of party %s", f.ID, trucewatch.ErrInvalid, f.Ref, f.Party)
		}
	case "consent_of_other_party", "commission_entry":
		if f.Limit > 0 && !slices.ContainsFunc(l.texts, known) {
			return fmt.Errorf("obligation: fact %s: %w: no adopted agreement has a ceiling %q", f.ID, trucewatch.ErrInvalid, f.Ref)
		}
	}
	return nil
}

// Fact folds a fact. On an error, which is that of CheckFact, nothing has changed.
func (l *Ledger) Fact(f *trucewatch.Fact, _ trucewatch.Instant, index uint64) ([]Change, error) {
	if err := l.CheckFact(f); err != nil {
		return nil, err
	}
	l.index = index
	l.facts = insertDated(l.facts, dated[trucewatch.Fact]{*f, index}, func(d *dated[trucewatch.Fact]) trucewatch.Instant { return d.what.At })
	switch f.Kind {
	case "obligation_fulfilled":
		return l.refresh(func(p part) bool { return p.kind == "duties" || p.kind == "streak" }), nil
	case "consent_of_other_party", "commission_entry":
		return l.refresh(func(p part) bool { return p.kind == "ceiling" || p.kind == "duties" }), nil
	case "guarantee":
		return l.refresh(func(p part) bool { return p.kind == "silence" }), nil
	}
	return nil, nil
}

// Notice folds a notification: those of windows of silence have a state here.
func (l *Ledger) Notice(n *trucewatch.Notification, _ trucewatch.Instant, index uint64) []Change {
	l.index = index
	i, found := slices.BinarySearchFunc(l.notices, n.ID, func(m *trucewatch.Notification, id string) int { return cmp.Compare(m.ID, id) })
	if found {
		l.notices[i] = n
	} else {
		l.notices = slices.Insert(l.notices, i, n)
	}
	for _, t := range l.texts {
		t.ground(n)
		for _, s := range l.seen {
			t.placeSilence(s, []*trucewatch.Notification{n})
		}
	}
	return l.refresh(func(p part) bool { return p.kind == "silence" && p.id == n.ID })
}

// NoticeStep folds what happens to a notification.
func (l *Ledger) NoticeStep(n *trucewatch.NoticeStep, _ trucewatch.Instant, index uint64) []Change {
	l.index = index
	l.steps = append(l.steps, *n)
	return l.refresh(func(p part) bool { return p.kind == "silence" && p.id == n.Notice })
}

// Incident folds an incident as it is now, with the observations it links and the
// findings that stand about it; one that was withdrawn or merged is taken out.
func (l *Ledger) Incident(in *trucewatch.Incident, members []*trucewatch.Recorded, findings []*trucewatch.Finding, index uint64) []Change {
	l.index = index
	s := newSighting(in, members, findings)
	was := l.drop(in.ID)
	for _, t := range l.texts {
		t.place(s)
		t.placeSilence(s, l.notices)
	}
	if len(s.bears) > 0 || s.kept {
		l.seen = keep(l.seen, s)
	}
	parts := touched(was, s)
	if len(parts) == 0 {
		return nil
	}
	return l.refresh(func(p part) bool { return slices.Contains(parts, p) })
}

// drop takes out what is kept of an incident and returns it, nil if nothing is.
func (l *Ledger) drop(id trucewatch.IncidentID) *sighting {
	i, found := find(l.seen, id)
	if !found {
		return nil
	}
	s := l.seen[i]
	l.seen = slices.Delete(l.seen, i, i+1)
	for _, t := range l.texts {
		t.remove(s)
	}
	return s
}

func find(list []*sighting, id trucewatch.IncidentID) (int, bool) {
	return slices.BinarySearchFunc(list, id, func(s *sighting, id trucewatch.IncidentID) int { return s.id.Compare(id) })
}

func keep(list []*sighting, s *sighting) []*sighting {
	i, _ := find(list, s.id)
	return slices.Insert(list, i, s)
}

// insert puts x into a list that compare orders.
func insert[T any](list []T, x T, compare func(a, b T) int) []T {
	i, _ := slices.BinarySearchFunc(list, x, compare)
	return slices.Insert(list, i, x)
}

// remove takes what compares equal to x out of a list that compare orders.
func remove[T any](list []T, x T, compare func(a, b T) int) []T {
	if i, found := slices.BinarySearchFunc(list, x, compare); found {
		return slices.Delete(list, i, i+1)
	}
	return list
}

// Gone takes out an incident that became part of another, or of none.
func (l *Ledger) Gone(id trucewatch.IncidentID, index uint64) []Change {
	return l.Incident(&trucewatch.Incident{ID: id, State: "merged"}, nil, nil, index)
}

// Coverage says that more or less is known of what could be seen in a time than
// before: days and windows in it are asked again.
func (l *Ledger) Coverage(when trucewatch.Interval, index uint64) []Change {
	l.index = index
	dirty := map[string]bool{}
	for _, t := range l.texts {
		for _, b := range t.books {
			for i := range b.streaks {
				if b.streaks[i].forget(when) {
					dirty[b.streaks[i].area] = true
				}
			}
		}
	}
	return l.refresh(func(p part) bool {
		return p.kind == "streak" && dirty[p.id] || p.kind == "silence" && l.noticeIn(p.id, when)
	})
}

// Tick moves time on, to an instant at which a reporting period may end.
func (l *Ledger) Tick(t *trucewatch.Tick, index uint64) []Change {
	l.index = index
	before, due := l.now, l.Due()
	l.now = max(l.now, t.At)
	if t.CutOff != "" {
		l.cutOffs = append(l.cutOffs, t.At)
	}
	newDay := t.CutOff != "" || len(l.cutOffs) == 0 && before/trucewatch.Day != l.now/trucewatch.Day
	if !newDay && (due == 0 || due > l.now) {
		return nil // nothing changes by this much time alone
	}
	return l.refresh(func(p part) bool {
		switch p.kind {
		case "streak", "outside", "ceiling":
			return newDay
		}
		return newDay || l.dueIn(p, before)
	})
}

// Due returns the earliest instant after the last tick at which something changes
// without an entry, 0 if there is none: the rim records a tick then. Ends of
// reporting periods are for the rim to know.
func (l *Ledger) Due() trucewatch.Instant {
	if !l.dueKnown {
		l.due, l.dueKnown = l.dueAfter(l.now), true
	}
	return l.due
}

// dueAfter is Due after another instant than the last tick.
func (l *Ledger) dueAfter(after trucewatch.Instant) trucewatch.Instant {
	var due trucewatch.Instant
	note := func(at trucewatch.Instant) {
		if at > after && (due == 0 || at < due) {
			due = at
		}
	}
	for _, t := range l.texts {
		for _, p := range t.parts(l) {
			for _, at := range t.dues(l, p) {
				note(at)
			}
		}
	}
	for _, t := range l.texts {
		if len(l.cutOffs) == 0 && t.books[0].a.Streak != nil {
			note((max(after, t.books[0].reading.Span.From)/trucewatch.Day + 1) * trucewatch.Day)
		}
	}
	return due
}

// dueIn says whether a part changes by time alone between an instant and now.
func (l *Ledger) dueIn(p part, after trucewatch.Instant) bool {
	return slices.ContainsFunc(l.texts, func(t *text) bool {
		return t.id == p.text && slices.ContainsFunc(t.dues(l, p), func(at trucewatch.Instant) bool { return at > after && at <= l.now })
	})
}

// insertDated keeps a list in the order of the times it speaks of, then of the
// record.
func insertDated[T any](list []dated[T], d dated[T], at func(*dated[T]) trucewatch.Instant) []dated[T] {
	i := len(list)
	for i > 0 && at(&list[i-1]) > at(&d) {
		i--
	}
	return slices.Insert(list, i, d)
}
