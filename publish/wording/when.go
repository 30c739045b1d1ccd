// SPDX-License-Identifier: Apache-2.0

package wording

import (
	"html"
	"html/template"
	"strings"
	"time"

	"github.com/trucewatch/trucewatch"
)

// A Clock writes instants in one zone. The zero Clock writes UTC.
type Clock struct {
	Zone *time.Location
}

func (c Clock) in(i trucewatch.Instant) time.Time {
	if c.Zone == nil {
		return i.Time()
	}
	return i.Time().In(c.Zone)
}

// Instant writes "2026-04-12 09:40 EEST", with seconds if there are any, and
// "not stated" for zero.
func (c Clock) Instant(i trucewatch.Instant) string {
	if i == 0 {
		return "not stated"
	}
	t := c.in(i)
	return t.Format("2006-01-02 "+clockLayout(t)) + " " + zoneName(t)
}

// UTC writes "06:40 UTC".
func (c Clock) UTC(i trucewatch.Instant) string {
	return i.Time().Format("15:04 UTC")
}

// Machine writes RFC 3339 in UTC for a datetime attribute.
func (c Clock) Machine(i trucewatch.Instant) string { return i.String() }

// Day writes the local date: "2026-04-12".
func (c Clock) Day(i trucewatch.Instant) string { return c.in(i).Format("2006-01-02") }

// LongDay writes the local date in words: "Sunday 12 April 2026".
func (c Clock) LongDay(i trucewatch.Instant) string { return c.in(i).Format("Monday 2 January 2006") }

// Interval writes "2026-04-12 09:40–09:58 EEST", "2026-04-11 23:10 – 2026-04-12
// 01:00 EEST", "2026-04-12 00–24 h EEST" for a whole day, "from …", or "not
// stated".
func (c Clock) Interval(v trucewatch.Interval) string {
	switch {
	case v.IsZero():
		return "not stated"
	case v.Till == 0:
		return "from " + c.Instant(v.From)
	case v.From == 0:
		return "until " + c.Instant(v.Till)
	}
	from, till := c.in(v.From), c.in(v.Till)
	if wholeDays(from, till) {
		if from.Format(time.DateOnly) == till.Format(time.DateOnly) {
			return from.Format(time.DateOnly) + " 00–24 h " + zoneName(from)
		}
		return from.Format(time.DateOnly) + " 00 h – " + till.Format(time.DateOnly) + " 24 h " + zoneName(till)
	}
	// Periods and days end a microsecond before the next begins; people write
	// that as the next one's beginning.
	if v.Till > v.From && (v.Till+1)%trucewatch.Minute == 0 {
		till = c.in(v.Till + 1)
	}
	layout := clockLayout(from)
	if l := clockLayout(till); len(l) > len(layout) {
		layout = l
	}
	start, end := from.Format(layout), till.Format(layout)
	switch {
	case from.Format(time.DateOnly) != till.Format(time.DateOnly):
		return from.Format("2006-01-02 ") + start + " – " + till.Format("2006-01-02 ") + end + " " + zoneName(till)
	case start == end:
		return from.Format("2006-01-02 ") + start + " " + zoneName(from)
	}
	return from.Format("2006-01-02 ") + start + "–" + end + " " + zoneName(from)
}

// wholeDays says whether an interval is local days from their first to their
// last second, which is how a date without a time is recorded.
func wholeDays(from, till time.Time) bool {
	return from.Format(time.TimeOnly) == "00:00:00" && till.Format(time.TimeOnly) == "23:59:59"
}

// Name names the zone.
func (c Clock) Name() string {
	if c.Zone == nil {
		return "UTC"
	}
	return c.Zone.String()
}

// Unbroken writes text in which no line may break inside a word, so that dates
// stay whole.
func Unbroken(s string) template.HTML {
	words := strings.Split(s, " ")
	for i, w := range words {
		words[i] = `<span class="nb">` + html.EscapeString(Visible(w)) + `</span>`
	}
	return template.HTML(strings.Join(words, " "))
}

// Span writes a length of time in its two largest units: "2 d 4 h", "35 min".
func Span(d trucewatch.Instant) string {
	if d < 0 {
		d = -d
	}
	days, hours, minutes := d/trucewatch.Day, d%trucewatch.Day/trucewatch.Hour, d%trucewatch.Hour/trucewatch.Minute
	unit := func(n trucewatch.Instant, name string) string { return Number(int64(n)) + " " + name }
	switch {
	case days > 0 && hours > 0:
		return unit(days, "d") + " " + unit(hours, "h")
	case days > 0:
		return unit(days, "d")
	case hours > 0 && minutes > 0:
		return unit(hours, "h") + " " + unit(minutes, "min")
	case hours > 0:
		return unit(hours, "h")
	case minutes > 0:
		return unit(minutes, "min")
	}
	return unit(d/trucewatch.Second, "s")
}

// clockLayout shows seconds only where there are any.
func clockLayout(t time.Time) string {
	if t.Second() != 0 {
		return "15:04:05"
	}
	return "15:04"
}

// zoneName is the zone's abbreviation, or its offset where it has none.
func zoneName(t time.Time) string {
	name, _ := t.Zone()
	if name == "" || name[0] == '+' || name[0] == '-' {
		return "UTC" + t.Format("-07:00")
	}
	return name
}

// Hour writes the local hour: "09".
func (c Clock) Hour(i trucewatch.Instant) string { return c.in(i).Format("15") }
