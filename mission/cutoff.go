// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"fmt"
	"time"

	"github.com/trucewatch/trucewatch"
)

// A cutOff is a local time of day.
type cutOff struct{ hour, minute int }

func parseCutOff(s string) (cutOff, error) {
	t, err := time.Parse("15:04", s)
	if err != nil || len(s) != 5 {
		return cutOff{}, fmt.Errorf("cut_off %q is not a time of day such as 19:30", s)
	}
	return cutOff{t.Hour(), t.Minute()}, nil
}

// on returns the instant of the cut-off on a local day. Where the clock jumps
// over the cut-off, it is the instant of the jump's length later, as package
// time has it; where the hour comes twice, it is the first.
func (c cutOff) on(day time.Time, zone *time.Location) trucewatch.Instant {
	t := time.Date(day.Year(), day.Month(), day.Day(), c.hour, c.minute, 0, 0, zone)
	// Package time does not promise which of the two it takes.
	if start, _ := t.ZoneBounds(); !start.IsZero() {
		_, after := t.Zone()
		_, before := start.Add(-1).Zone()
		if first := t.Add(time.Duration(after-before) * time.Second); first.Before(start) {
			t = first
		}
	}
	return trucewatch.InstantOf(t)
}

// A calendar resolves the mission's cut-offs with the zone database. The core
// sees only the instants it finds, in ticks.
type calendar struct {
	zone *time.Location
	off  cutOff
}

func newCalendar(g *trucewatch.Genesis) (calendar, error) {
	zone, err := time.LoadLocation(g.DisplayZone)
	if err != nil {
		return calendar{}, fmt.Errorf("mission: display zone: %w", err)
	}
	off, err := parseCutOff(g.CutOff)
	return calendar{zone: zone, off: off}, err
}

// next returns the first cut-off after an instant, and its local day.
func (c calendar) next(after trucewatch.Instant) (trucewatch.Instant, string) {
	day := after.Time().In(c.zone)
	for i := 0; ; i++ {
		d := time.Date(day.Year(), day.Month(), day.Day()+i, 12, 0, 0, 0, c.zone)
		if at := c.off.on(d, c.zone); at > after {
			return at, d.Format(time.DateOnly)
		}
	}
}

// last returns the last cut-off until an instant, itself included, and its local day.
func (c calendar) last(until trucewatch.Instant) (trucewatch.Instant, string) {
	day := until.Time().In(c.zone)
	for i := 1; ; i-- { // from the next day on: a clock may jump over midnight
		d := time.Date(day.Year(), day.Month(), day.Day()+i, 12, 0, 0, 0, c.zone)
		if at := c.off.on(d, c.zone); at <= until {
			return at, d.Format(time.DateOnly)
		}
	}
}

// issue returns the day on which the report of the period is issued that ends
// at a local day's cut-off: the next.
func issue(day string) string {
	d, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return "" // the record checks the days of its ticks
	}
	return d.AddDate(0, 0, 1).Format(time.DateOnly)
}

// period returns the reporting period of a report issued on a local day: it
// ends at the cut-off of the day before and begins at the one before that, or
// at the mission's epoch. Second is the period before it, zero if there is none:
// the mission's first, if it is shorter than a day, is compared with nothing.
func (c calendar) period(issued string, epoch trucewatch.Instant) (this, before trucewatch.Interval, err error) {
	d, err := time.ParseInLocation(time.DateOnly, issued, c.zone)
	if err != nil {
		return this, before, fmt.Errorf("mission: report date %q is not a day such as 2026-04-12", issued)
	}
	edge := func(days int) trucewatch.Instant {
		return c.off.on(time.Date(d.Year(), d.Month(), d.Day()+days, 12, 0, 0, 0, c.zone), c.zone)
	}
	// Till is the last microsecond before the cut-off: an interval holds both ends.
	this = trucewatch.Interval{From: max(edge(-2), epoch), Till: edge(-1) - 1}
	if this.Till < epoch {
		return this, before, fmt.Errorf("mission: report of %s: the mission's first period begins only at %v", issued, epoch)
	}
	if edge(-3) >= epoch {
		before = trucewatch.Interval{From: edge(-3), Till: edge(-2) - 1}
	}
	return this, before, nil
}
