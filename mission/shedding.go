// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// shedMax is how many refused bodies are remembered one by one until overload is
// over; then what stands is recorded and a new list begins. Guess: 5 MB. Test: the
// memory of a flood that lasts an hour.
const shedMax = 1 << 16

// A shedding is an overload: what was refused since, until it is in the record
// that it was. Without this a quiet stretch would look like peace.
type shedding struct {
	since, last time.Time
	bodies      map[trucewatch.Hash]unheard
}

// Unheard are the rows of a refused body, and when and where they were.
type unheard struct {
	source    trucewatch.Source
	when      trucewatch.Interval
	low, high geo.Position
	rows      int
}

func newShedding() shedding { return shedding{bodies: map[trucewatch.Hash]unheard{}} }

// add remembers a request that was sent away.
func (s *shedding) add(r *request, now time.Time) {
	if s.since.IsZero() {
		s.since = now
	}
	s.last = now
	for i, b := range r.rows {
		if b == nil || len(s.bodies) >= shedMax {
			continue
		}
		if u, placed := unheardOf(b); placed {
			s.bodies[sha256.Sum256(r.all[i].Body)] = u
		}
	}
}

// over says whether overload is over, or has filled what can be remembered.
func (s *shedding) over(now time.Time, settle time.Duration) bool {
	return !s.since.IsZero() && (now.Sub(s.last) >= settle || len(s.bodies) >= shedMax)
}

// unheardOf returns what rows of a batch say of time and ground; false if none
// says where it was.
func unheardOf(b *trucewatch.Batch) (u unheard, placed bool) {
	u.source = b.Source
	for i := range b.Observations {
		o := &b.Observations[i]
		if o.Where.Region.Kind == "" || o.When.IsZero() {
			continue
		}
		low, high := o.Where.Region.Bounds()
		one := unheard{b.Source, trucewatch.Interval{From: o.When.From, Till: max(o.When.Till, o.When.From)}, low, high, 1}
		if !placed {
			u, placed = one, true
			continue
		}
		u = u.with(one)
	}
	return u, placed
}

func (u unheard) with(o unheard) unheard {
	u.when.From, u.when.Till = min(u.when.From, o.when.From), max(u.when.Till, o.when.Till)
	u.low = geo.Position{LatE7: min(u.low.LatE7, o.low.LatE7), LonE7: min(u.low.LonE7, o.low.LonE7)}
	u.high = geo.Position{LatE7: max(u.high.LatE7, o.high.LatE7), LonE7: max(u.high.LonE7, o.high.LonE7)}
	u.rows += o.rows
	return u
}

// reports says of each source in which time and ground rows of it were refused
// that are not in the record by now, as a watch that was out.
func (s *shedding) reports(recorded func(trucewatch.Hash) bool, now trucewatch.Instant) []*trucewatch.CoverageReport {
	missing := map[trucewatch.SourceID]unheard{}
	for body, u := range s.bodies {
		if recorded(body) {
			continue
		}
		if before, ok := missing[u.source.ID]; ok {
			u = before.with(u)
		}
		missing[u.source.ID] = u
	}
	var out []*trucewatch.CoverageReport
	for _, id := range slices.SortedFunc(maps.Keys(missing), cmp.Compare) {
		u := missing[id]
		till := min(max(u.when.Till, u.when.From+trucewatch.Second), now)
		if till <= u.when.From {
			continue // of time to come: it would have been refused in any case
		}
		center := geo.Position{LatE7: u.low.LatE7 + (u.high.LatE7-u.low.LatE7)/2, LonE7: u.low.LonE7 + (u.high.LonE7-u.low.LonE7)/2}
		ground := geo.Disk{Center: center, RadiusMM: max(geo.DistanceMM(center, u.high), geo.DistanceMM(center, u.low), 1000)}
		out = append(out, &trucewatch.CoverageReport{Source: u.source, Watches: []trucewatch.Watch{{
			When: trucewatch.Interval{From: u.when.From, Till: till}, State: "out", Cause: "overload",
			Where: trucewatch.Place{Text: fmt.Sprintf("ground of %d rows that were refused between %s and %s and not submitted again",
				u.rows, s.since.UTC().Format(time.RFC3339), s.last.UTC().Format(time.RFC3339)),
				Region: geo.Region{Kind: geo.Ellipse, Center: ground.Center, SemiMajorMM: ground.RadiusMM, SemiMinorMM: ground.RadiusMM}},
		}}})
	}
	return out
}
