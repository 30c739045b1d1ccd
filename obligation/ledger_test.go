// SPDX-License-Identifier: Apache-2.0

package obligation

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// A world is what a ledger showed last of each thing.
type world map[string]string

func (w world) take(changes []Change) {
	for _, c := range changes {
		switch {
		case c.Finding != nil:
			f := *c.Finding
			f.Index = 0
			w["finding "+string(f.ID)] = string(trucewatch.Encode(f))
		case c.Withdrawn != "":
			delete(w, "finding "+string(c.Withdrawn))
		default:
			name, form := c.form()
			w[name] = form
		}
	}
}

func (w world) String() string {
	var lines []string
	for name := range w {
		lines = append(lines, fmt.Sprintf("%q", name))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// TestOrderDoesNotMatter folds the same facts, visits, fires and sightings in the
// order of time between the cut-offs of the days, and in any other order after
// them: what stands at the end is the same. An entry's index is part of the name
// of a visit's findings, so each keeps its own.
func TestOrderDoesNotMatter(t *testing.T) {
	a := testAgreement(t)
	start := a.Spans[0].Span.From
	rapid.Check(t, func(rt *rapid.T) {
		deeds := rapid.SliceOfN(rapid.Custom(drawDeed), 1, 12).Draw(rt, "deeds")
		for i := range deeds {
			deeds[i].index = uint64(i + 1)
		}
		days := rapid.IntRange(3, 20).Draw(rt, "days")
		fold := func(inTurn bool, order []deed) world {
			l := New(func(_ string, _ *geo.Zone, day trucewatch.Interval) trucewatch.PPM {
				return trucewatch.PPM(int64(day.From/trucewatch.Day) % 4 * 250_000)
			})
			w := world{}
			w.take(l.Adopt(a.Variants(nil), 0))
			rest := order
			for d := range days {
				at := start + trucewatch.Instant(d)*trucewatch.Day
				for inTurn && len(rest) > 0 && rest[0].at(start) < at {
					w.take(rest[0].fold(t, l, start))
					rest = rest[1:]
				}
				w.take(l.Tick(&trucewatch.Tick{At: at, CutOff: at.Time().Format("2006-01-02")}, 1000))
			}
			for _, d := range rest {
				w.take(d.fold(t, l, start))
			}
			return w
		}
		inTurn := slices.Clone(deeds)
		slices.SortStableFunc(inTurn, func(a, b deed) int { return int(a.hour - b.hour) })
		one, two := fold(true, inTurn), fold(false, rapid.Permutation(deeds).Draw(rt, "order"))
		for name, form := range one {
			if two[name] != form {
				rt.Fatalf("%q differs", name)
			}
		}
		if len(one) != len(two) {
			rt.Fatalf("%d things and %d:\n%v\n\n%v", len(one), len(two), one, two)
		}
	})
}

// A deed is one thing that a record may bring.
type deed struct {
	kind  string
	hour  int64 // after the start of force; no two inventories of one hour
	index uint64
	east  int64
	count int64
	party trucewatch.PartyID
	state string
}

func drawDeed(rt *rapid.T) deed {
	return deed{
		kind: rapid.SampledFrom([]string{"fire", "tanks", "visit", "fulfilled"}).Draw(rt, "kind"), hour: rapid.Int64Range(1, 24*20).Draw(rt, "hour"),
		east: rapid.SampledFrom([]int64{-8000, -500, 300, 1500, 9000}).Draw(rt, "east"), count: rapid.Int64Range(1, 9).Draw(rt, "count"),
		party: rapid.SampledFrom([]trucewatch.PartyID{"A", "B"}).Draw(rt, "party"),
		state: rapid.SampledFrom([]string{"declared", "visited", "numbers_refused", "access_denied", "abandoned"}).Draw(rt, "state"),
	}
}

func (d deed) at(start trucewatch.Instant) trucewatch.Instant {
	// A minute of its own for each entry: inventories of one instant keep the order of the record.
	return start + trucewatch.Instant(d.hour)*trucewatch.Hour + trucewatch.Instant(d.index)*trucewatch.Minute
}

func (d deed) fold(t testing.TB, l *Ledger, start trucewatch.Instant) []Change {
	at := d.at(start)
	place := geo.NewPlane(middle).Position(d.east*1000, 0)
	when := trucewatch.Interval{From: at, Till: at}
	in := &trucewatch.Incident{ID: trucewatch.IncidentID{Index: d.index}, When: when, Confidence: 950_000, MeansCount: 1, Origin: -1,
		Estimates: []trucewatch.Estimate{{Role: "seen", Region: geo.Circle(place, 100_000), When: when}}}
	var changes []Change
	var err error
	switch d.kind {
	case "fire":
		in.Kind = trucewatch.Explosion
		f := &trucewatch.Finding{ID: trucewatch.FindingID(fmt.Sprintf("K1/%d", d.index)), Act: "K1", Result: trucewatch.Violation, Agreement: l.texts[0].hash}
		changes = l.Incident(in, nil, []*trucewatch.Finding{f}, d.index)
	case "tanks":
		in.Kind = trucewatch.WeaponSeen
		o := &trucewatch.Observation{Kind: in.Kind, Means: trucewatch.Saw, When: when, Weapon: &trucewatch.Weapon{Platform: trucewatch.Tank}, Count: trucewatch.Count{Value: d.count}}
		changes = l.Incident(in, []*trucewatch.Recorded{{ID: trucewatch.ObservationID{Index: d.index}, Observation: o}}, nil, d.index)
	case "visit":
		i := &trucewatch.Inventory{Site: map[trucewatch.PartyID]string{"A": "PS-1", "B": "PS-2"}[d.party], Party: d.party, By: "mission", At: at, State: d.state,
			Items: []trucewatch.StoredItem{{Weapon: trucewatch.Weapon{Platform: trucewatch.Tank}, Count: d.count, State: "present"}}}
		if d.state == "declared" {
			i.By = string(d.party)
		}
		changes, err = l.Inventory(i, at, d.index)
	case "fulfilled":
		changes, err = l.Fact(&trucewatch.Fact{ID: fmt.Sprint("f-", d.index), Kind: "obligation_fulfilled", Party: d.party, At: at, Ref: "W-tank", Confirmed: "mission"}, at, d.index)
	}
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

// TestRefusedChangesNothing hands in what cannot be: the ledger shows afterwards
// what it showed before.
func TestRefusedChangesNothing(t *testing.T) {
	a := testAgreement(t)
	l := New(nil)
	l.Adopt(a.Variants(nil), 0)
	for name, try := range map[string]func() error{
		"unknown site": func() error {
			_, err := l.Inventory(&trucewatch.Inventory{Site: "PS-9", Party: "A", By: "A", At: 1, State: "declared"}, 1, 1)
			return err
		},
		"other party's site": func() error {
			_, err := l.Inventory(&trucewatch.Inventory{Site: "PS-1", Party: "B", By: "B", At: 1, State: "declared"}, 1, 1)
			return err
		},
		"unknown duty": func() error {
			_, err := l.Fact(&trucewatch.Fact{ID: "f", Kind: "obligation_fulfilled", Party: "A", At: 1, Ref: "W-9"}, 1, 1)
			return err
		},
		"unknown ceiling": func() error {
			_, err := l.Fact(&trucewatch.Fact{ID: "f", Kind: "consent_of_other_party", Party: "A", At: 1, Ref: "C9", Limit: 3}, 1, 1)
			return err
		},
	} {
		if err := try(); !errors.Is(err, trucewatch.ErrInvalid) {
			t.Errorf("%s: error %v, want one that wraps ErrInvalid", name, err)
		}
	}
	if len(l.inventories)+len(l.facts) != 0 {
		t.Errorf("%d inventories and %d facts were kept", len(l.inventories), len(l.facts))
	}
}

// TestDueIsWhenSomethingChanges ticks only when the ledger says, and compares with
// ticks every six hours: the same states stand at the same times.
func TestDueIsWhenSomethingChanges(t *testing.T) {
	a := testAgreement(t)
	end := a.Spans[0].Span.Till
	sparse, dense := New(nil), New(nil)
	one, two := world{}, world{}
	one.take(sparse.Adopt(a.Variants(nil), 0))
	two.take(dense.Adopt(a.Variants(nil), 0))
	at := a.Spans[0].Span.From
	ticks := 0
	for ; at < end+trucewatch.Day; at += 6 * trucewatch.Hour {
		two.take(dense.Tick(&trucewatch.Tick{At: at}, 1))
		for due := sparse.Due(); due != 0 && due <= at; due = sparse.Due() {
			one.take(sparse.Tick(&trucewatch.Tick{At: due}, 1))
			ticks++
		}
		for name, form := range two {
			if one[name] != form {
				t.Fatalf("%v: %q differs", at, name)
			}
		}
	}
	if days := int((at - a.Spans[0].Span.From) / trucewatch.Day); ticks > days+20 {
		t.Errorf("%d ticks in %d days", ticks, days)
	}
}

// TestReadings judges a duty under two starts of force: late under one reading
// first, then under both.
func TestReadings(t *testing.T) {
	a := testAgreement(t, `in_force: {from: "2026-03-01T00:00:00Z", until: "2026-09-01T00:00:00Z", display_tz: "Etc/GMT-3"}`,
		`in_force: {display_tz: "Etc/GMT-3", readings: [{id: early, from: "2026-03-01T00:00:00Z", until: "2026-09-01T00:00:00Z", basis: "A's copy"}, {id: late, from: "2026-03-08T00:00:00Z", until: "2026-09-01T00:00:00Z", basis: "B's copy"}]}`)
	l := New(nil)
	w := world{}
	w.take(l.Adopt(a.Variants(nil), 0))
	has := func(id string) bool { _, ok := w["finding "+id]; return ok }
	w.take(l.Tick(&trucewatch.Tick{At: a.Spans[0].Span.From + 17*trucewatch.Day}, 1))
	if !has("W5/early/W-tank/A") || has("W5/W-tank/A") || has("W5/late/W-tank/A") {
		t.Errorf("on day 17 under the early start:\n%v", w)
	}
	w.take(l.Tick(&trucewatch.Tick{At: a.Spans[0].Span.From + 24*trucewatch.Day}, 2))
	if has("W5/early/W-tank/A") || !has("W5/W-tank/A") {
		t.Errorf("on day 24 under both:\n%v", w)
	}
}

// TestLongListsNameTheLast: of more weapons outside any site than a page holds,
// those seen last are listed, in the order of time, and the others are counted.
func TestLongListsNameTheLast(t *testing.T) {
	a := testAgreement(t)
	l := New(nil)
	w := world{}
	w.take(l.Adopt(a.Variants(nil), 0))
	start := a.Spans[0].Span.From + 30*trucewatch.Day
	w.take(l.Tick(&trucewatch.Tick{At: start, CutOff: "2026-04-01"}, 1))
	var last *trucewatch.SiteState
	for n := range 60 {
		at := start + trucewatch.Instant(59-n)*trucewatch.Minute // the newest first
		in, members, _ := benchIncident(1, at, a.Hash())
		in.ID.Index = uint64(n + 2)
		members[0].Observation.When = in.When
		for _, c := range l.Incident(in, members, nil, uint64(n+2)) {
			if c.Site != nil && len(c.Site.Items) > 0 {
				last = c.Site
			}
		}
	}
	if last == nil {
		t.Fatal("nothing stands outside a site")
	}
	if n := len(last.Items); n != outsideListed || last.Earlier != 60-outsideListed {
		t.Errorf("%d are listed and %d counted, want %d and %d", n, last.Earlier, outsideListed, 60-outsideListed)
	}
	for i, item := range last.Items {
		if want := start + trucewatch.Instant(60-outsideListed+i)*trucewatch.Minute; item.Since != want {
			t.Fatalf("item %d is of %v, want %v", i, item.Since, want)
		}
	}
}
