// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/trucewatch/trucewatch"
)

// at reads a time of a test.
func at(t testing.TB, s string) trucewatch.Instant {
	t.Helper()
	i, err := instant(s)
	if err != nil || i == 0 {
		t.Fatalf("time %q: %v", s, err)
	}
	return i
}

func calendarOf(t testing.TB, zone, off string) calendar {
	t.Helper()
	c, err := newCalendar(&trucewatch.Genesis{DisplayZone: zone, CutOff: off})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNextCutOff(t *testing.T) {
	for _, test := range []struct {
		name, zone, off, after, want, day string
	}{
		{"later the same day", "Europe/Kyiv", "19:30", "2026-01-10T17:00:00Z", "2026-01-10T17:30:00Z", "2026-01-10"},
		{"at the cut-off itself: the next day's", "Europe/Kyiv", "19:30", "2026-01-10T17:30:00Z", "2026-01-11T17:30:00Z", "2026-01-11"},
		{"a microsecond before it", "Europe/Kyiv", "19:30", "2026-01-10T17:29:59.999999Z", "2026-01-10T17:30:00Z", "2026-01-10"},
		{"across a day of 23 hours", "Europe/Kyiv", "19:30", "2026-03-28T17:30:00Z", "2026-03-29T16:30:00Z", "2026-03-29"},
		{"across a day of 25 hours", "Europe/Kyiv", "19:30", "2026-10-24T16:30:00Z", "2026-10-25T17:30:00Z", "2026-10-25"},
		{"the clock jumps over the cut-off", "Europe/Kyiv", "03:30", "2026-03-28T12:00:00Z", "2026-03-29T01:30:00Z", "2026-03-29"},
		{"the hour of the cut-off comes twice: the first", "Europe/Kyiv", "03:30", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z", "2026-10-25"},
		{"after the first of the two: the next day's", "Europe/Kyiv", "03:30", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z", "2026-10-26"},
		{"a local day ahead of UTC", "Pacific/Auckland", "00:30", "2026-06-01T13:00:00Z", "2026-06-02T12:30:00Z", "2026-06-03"},
		{"a local day behind UTC", "America/Bogota", "23:30", "2026-06-01T13:00:00Z", "2026-06-02T04:30:00Z", "2026-06-01"},
		{"an offset of a quarter of an hour", "Asia/Kathmandu", "19:30", "2026-06-01T13:44:59Z", "2026-06-01T13:45:00Z", "2026-06-01"},
	} {
		t.Run(test.name, func(t *testing.T) {
			have, day := calendarOf(t, test.zone, test.off).next(at(t, test.after))
			if have != at(t, test.want) || day != test.day {
				t.Errorf("%v (%s), want %s (%s)", have, day, test.want, test.day)
			}
		})
	}
}

// TestCutOffsAreOneALocalDay: no local day is left out or comes twice, whatever
// the zone's clock does.
func TestCutOffsAreOneALocalDay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom([]string{"UTC", "Europe/Kyiv", "Australia/Lord_Howe", "America/St_Johns", "Africa/Casablanca", "Pacific/Chatham"}).Draw(t, "zone")
		off := rapid.SampledFrom([]string{"00:00", "02:30", "03:00", "03:30", "12:00", "19:30", "23:59"}).Draw(t, "cut-off")
		c, err := newCalendar(&trucewatch.Genesis{DisplayZone: zone, CutOff: off})
		if err != nil {
			t.Fatal(err)
		}
		now := trucewatch.Instant(rapid.Int64Range(1_500_000_000, 1_900_000_000).Draw(t, "start")) * trucewatch.Second
		_, before := c.next(now)
		for range 20 {
			next, day := c.next(now)
			if next <= now || next > now+26*trucewatch.Hour {
				t.Fatalf("after %v comes %v", now, next)
			}
			if day < before {
				t.Fatalf("after the cut-off of %s comes that of %s", before, day)
			}
			now, before = next, day
		}
	})
}

func TestReportPeriod(t *testing.T) {
	c := calendarOf(t, "Europe/Kyiv", "19:30")
	epoch := at(t, "2026-01-01T00:00:00Z")
	for _, test := range []struct {
		issued, from, till string
		hours              trucewatch.Instant
	}{
		{"2026-01-11", "2026-01-09T17:30:00Z", "2026-01-10T17:29:59.999999Z", 24},
		{"2026-03-30", "2026-03-28T17:30:00Z", "2026-03-29T16:29:59.999999Z", 23},
		{"2026-10-26", "2026-10-24T16:30:00Z", "2026-10-25T17:29:59.999999Z", 25},
		{"2026-01-02", "2026-01-01T00:00:00Z", "2026-01-01T17:29:59.999999Z", 0}, // begins with the mission
	} {
		this, before, err := c.period(test.issued, epoch)
		if err != nil {
			t.Fatal(err)
		}
		if this.From != at(t, test.from) || this.Till != at(t, test.till) {
			t.Errorf("%s: %v to %v, want %s to %s", test.issued, this.From, this.Till, test.from, test.till)
		}
		if test.hours != 0 && this.Till+1-this.From != test.hours*trucewatch.Hour {
			t.Errorf("%s: %v hours, want %d", test.issued, (this.Till+1-this.From)/trucewatch.Hour, test.hours)
		}
		if !before.IsZero() && before.Till+1 != this.From {
			t.Errorf("%s: the period before ends %v, this begins %v", test.issued, before.Till, this.From)
		}
	}
	if _, before, err := c.period("2026-01-02", epoch); err != nil || !before.IsZero() {
		t.Errorf("the first report compares with %v, %v", before, err)
	}
	// The first period is shorter than a day: the second is compared with nothing.
	if _, before, err := c.period("2026-01-03", epoch); err != nil || !before.IsZero() {
		t.Errorf("the second report compares with %v, %v", before, err)
	}
	// From the mission's beginning at a cut-off on, it is whole.
	if _, before, err := c.period("2026-01-03", at(t, "2025-12-31T17:30:00Z")); err != nil || before.From != at(t, "2025-12-31T17:30:00Z") {
		t.Errorf("the second report of a mission that began at a cut-off compares with %v, %v", before, err)
	}
	for _, bad := range []string{"", "today", "2026-02-30", "11.01.2026"} {
		if _, _, err := c.period(bad, epoch); err == nil || !strings.Contains(err.Error(), "is not a day such as") {
			t.Errorf("report of %q: %v", bad, err)
		}
	}
	if _, _, err := c.period("2026-01-01", epoch); err == nil || !strings.Contains(err.Error(), "begins only at 2026-01-01T00:00:00Z") {
		t.Errorf("a report before the mission began: %v", err)
	}
}

func TestCutOffIsATimeOfDay(t *testing.T) {
	for _, bad := range []string{"", "7:30", "19.30", "24:00", "19:60", "19:30:00", "noon"} {
		if _, err := parseCutOff(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
