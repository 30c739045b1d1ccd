// SPDX-License-Identifier: Apache-2.0

package obligation

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// A streak is what is kept of one area: the days follow from it.
type streak struct {
	area, name string
	zone       *geo.Zone
	breaks     []fire                         // by time, then finding
	watched    map[trucewatch.Instant]seenDay // by beginning of a day that is over
}

// A seenDay is how much of a day somebody watched.
type seenDay struct {
	till  trucewatch.Instant
	share trucewatch.PPM
}

// A fire is an incident in an area that breaks a streak, or may.
type fire struct {
	at       trucewatch.Instant
	finding  trucewatch.FindingID
	incident trucewatch.IncidentID
	doubtful bool // whether it was in the area is not certain
}

func (f fire) compare(g fire) int {
	return cmp.Or(cmp.Compare(f.at, g.at), cmp.Compare(f.finding, g.finding))
}

func (b *book) openStreaks() {
	rule := b.a.Streak
	if rule == nil {
		return
	}
	zone := b.a.Zone(rule.Zone)
	if zone == nil {
		return
	}
	for _, area := range zone.Areas {
		b.streaks = append(b.streaks, streak{area: zone.ID + "/" + area.ID, name: area.Name, zone: area.Zone, watched: map[trucewatch.Instant]seenDay{}})
	}
	if len(zone.Areas) == 0 && zone.All != nil {
		b.streaks = append(b.streaks, streak{area: zone.ID, zone: zone.All, watched: map[trucewatch.Instant]seenDay{}})
	}
}

// forget drops what is known of how days in a time were watched, and says whether
// something was.
func (s *streak) forget(when trucewatch.Interval) bool {
	var gone []trucewatch.Instant
	for _, from := range slices.Sorted(maps.Keys(s.watched)) {
		if from < when.Till && s.watched[from].till > when.From {
			gone = append(gone, from)
		}
	}
	for _, from := range gone {
		delete(s.watched, from)
	}
	return len(gone) > 0
}

// breaksBy returns how an incident breaks the streak of an area. An act that
// breaks it must be found a violation, or probably one; in the area by the
// agreement's own test of zones. What may be in it leaves the day open.
func (b *book) breaksBy(s *sighting, st *streak) (fire, bool) {
	rule := b.a.Streak
	for _, f := range s.findings {
		if !slices.Contains(rule.Breaks, f.act) || f.hash != b.a.Hash() {
			continue
		}
		share := trucewatch.PPM(st.zone.Share(s.region))
		if share <= b.a.Evidence.OutIfLE {
			return fire{}, false
		}
		return fire{at: s.when.From, finding: f.id, incident: s.id, doubtful: share < b.a.Evidence.InIfGE}, true
	}
	return fire{}, false
}

// streak works out the days of an area. A day that somebody broke resets the
// count; one that was not watched enough, or on which fire may have been in the
// area, neither counts nor resets.
func (b *book) streak(l *Ledger, area string) product {
	i := slices.IndexFunc(b.streaks, func(s streak) bool { return s.area == area })
	st, rule := &b.streaks[i], b.a.Streak
	out := trucewatch.Streak{Area: st.area, Name: st.name, Needed: rule.Days}
	next := 0
	for _, day := range l.days(b.reading.Span.From) {
		if !b.reading.Span.Contains(day.Till - 1) {
			break
		}
		doubtful := false
		broken := trucewatch.FindingID("")
		for ; next < len(st.breaks) && st.breaks[next].at < day.Till; next++ {
			switch f := st.breaks[next]; {
			case f.at < day.From: // before the first whole day
			case f.doubtful:
				doubtful = true
			default:
				broken = f.finding
			}
		}
		switch {
		case broken != "":
			reset(&out, broken)
		case doubtful || st.seen(l, day) < rule.MinObserved:
			if out.Days > 0 {
				out.Unseen++
			}
		default:
			if out.Days == 0 {
				out.Since = day.From
			}
			out.Days++
			if out.Days == out.Needed && out.Reached == 0 {
				out.Reached = day.Till
			}
		}
	}
	for ; next < len(st.breaks); next++ { // of the day that is not over
		if f := st.breaks[next]; !f.doubtful && b.reading.Span.Contains(f.at) {
			reset(&out, f.finding)
		}
	}
	out.Notices = b.notices(l, area)
	return product{states: []Change{{Streak: &out}}}
}

// reset begins the count again. A second break of a count that has not begun
// changes only the last reason.
func reset(s *trucewatch.Streak, by trucewatch.FindingID) {
	if s.Days > 0 {
		s.Resets++
	}
	s.Days, s.Since, s.Unseen, s.LastWhy = 0, 0, 0, string(by)
}

// seen returns how much of a day's hours somebody watched.
func (s *streak) seen(l *Ledger, day trucewatch.Interval) trucewatch.PPM {
	known, asked := s.watched[day.From]
	if !asked {
		known = seenDay{till: day.Till, share: l.watched(s.area, s.zone, day)}
		s.watched[day.From] = known
	}
	return known.share
}

// notices returns what parties notified of an area: reported as notified, not as
// found.
func (b *book) notices(l *Ledger, area string) []string {
	var out []string
	for _, f := range l.facts {
		if f.what.Kind == "obligation_fulfilled" && f.what.Ref == area {
			text := fmt.Sprintf("party %s notified on %s that it has disengaged", f.what.Party, f.what.At.Time().Format("2006-01-02"))
			if f.what.Text != "" {
				text += ": " + f.what.Text
			}
			out = append(out, text)
		}
	}
	return out
}
