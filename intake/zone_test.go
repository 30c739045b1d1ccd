// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"strings"
	"testing"
	"time"

	"github.com/trucewatch/trucewatch"
)

func zone(t testing.TB, name string) Zone {
	t.Helper()
	z, err := ParseZone(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestParseTimes(t *testing.T) {
	for _, tt := range []struct {
		name, date, from, to, zone string
		want                       string // from/till, or "error: " and a part of it
	}{
		{"interval", "2026-04-11", "22:04", "22:31", "EEST", "2026-04-11T19:04:00Z/2026-04-11T19:31:00Z"},
		{"moment", "2026-04-11", "22:04", "", "UTC", "2026-04-11T22:04:00Z/2026-04-11T22:04:00Z"},
		{"words", "2026-01-11", "between 8:30 and 13:21hrs", "", "EET", "2026-01-11T06:30:00Z/2026-01-11T11:21:00Z"},
		{"over midnight", "2026-04-11", "23:50", "00:10", "UTC", "2026-04-11T23:50:00Z/2026-04-12T00:10:00Z"},
		{"over the year's end", "2026-12-31", "23:50", "00:10", "MSK", "2026-12-31T20:50:00Z/2026-12-31T21:10:00Z"},
		{"to the end of the day", "2026-04-11", "20:00", "24:00", "UTC", "2026-04-11T20:00:00Z/2026-04-12T00:00:00Z"},
		{"seconds", "2026-04-11", "8:30:15", "0831", "UTC", "2026-04-11T08:30:15Z/2026-04-11T08:31:00Z"},
		{"whole day", "2026-04-11", "", "", "Europe/Kyiv", "2026-04-10T21:00:00Z/2026-04-11T20:59:59.999999Z"},
		{"day of 23 hours", "2025-03-30", "", "", "Europe/Kyiv", "2025-03-29T22:00:00Z/2025-03-30T20:59:59.999999Z"},
		{"day of 25 hours", "2025-10-26", "", "", "Europe/Kyiv", "2025-10-25T21:00:00Z/2025-10-26T21:59:59.999999Z"},
		{"before clocks go forward", "2025-03-30", "02:59", "04:00", "Europe/Kyiv", "2025-03-30T00:59:00Z/2025-03-30T01:00:00Z"},
		{"a time that does not exist", "2025-03-30", "03:30", "", "Europe/Kyiv", "error: does not exist"},
		{"an end that does not exist", "2025-03-30", "02:30", "03:30", "Europe/Kyiv", "error: does not exist"},
		{"a time that exists twice", "2025-10-26", "03:30", "", "Europe/Kyiv", "error: exists twice"},
		{"first instant that exists twice", "2025-10-26", "03:00", "", "Europe/Kyiv", "error: exists twice"},
		{"first instant after", "2025-10-26", "04:00", "", "Europe/Kyiv", "2025-10-26T02:00:00Z/2025-10-26T02:00:00Z"},
		{"last minute before", "2025-10-26", "02:59", "", "Europe/Kyiv", "2025-10-25T23:59:00Z/2025-10-25T23:59:00Z"},
		{"the abbreviation decides, first", "2025-10-26", "03:30", "", "EEST", "2025-10-26T00:30:00Z/2025-10-26T00:30:00Z"},
		{"the abbreviation decides, second", "2025-10-26", "03:30", "", "EET", "2025-10-26T01:30:00Z/2025-10-26T01:30:00Z"},
		{"a night over the change", "2025-10-25", "23:00", "05:00", "Europe/Kyiv", "2025-10-25T20:00:00Z/2025-10-26T03:00:00Z"},
		{"half an hour's change", "2025-04-06", "01:45", "", "Australia/Lord_Howe", "error: exists twice"},
		{"no zone", "2026-04-11", "22:04", "", "", "error: no zone is stated"},
		{"words for a part of the day", "2026-04-11", "night", "", "UTC", "error: is not a time of day"},
		{"end without beginning", "2026-04-11", "", "22:04", "UTC", "error: without a beginning"},
		{"no such hour", "2026-04-11", "24:01", "", "UTC", "error: is not a time of day"},
		{"no such day", "2026-02-29", "22:04", "", "UTC", "error: is not a date"},
		{"day first", "11.04.2026", "22:04", "", "UTC", "error: is not a date"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v, err := ParseTimes(tt.date, tt.from, tt.to, zone(t, tt.zone))
			got := v.From.String() + "/" + v.Till.String()
			if part, ok := strings.CutPrefix(tt.want, "error: "); ok {
				if err == nil || !strings.Contains(err.Error(), part) {
					t.Errorf("%s, %v, want an error with %q", got, err, part)
				}
			} else if err != nil || got != tt.want {
				t.Errorf("%s, %v, want %s", got, err, tt.want)
			}
		})
	}
}

func TestDayLengths(t *testing.T) {
	kyiv := zone(t, "Europe/Kyiv")
	for _, tt := range []struct {
		month, day int
		hours      trucewatch.Instant
	}{{3, 29, 24}, {3, 30, 23}, {3, 31, 24}, {10, 25, 24}, {10, 26, 25}, {10, 27, 24}} {
		v, err := kyiv.Day(2025, tt.month, tt.day)
		if err != nil || v.Till-v.From != tt.hours*trucewatch.Hour-1 {
			t.Errorf("2025-%02d-%02d has %v (%v), not %d hours", tt.month, tt.day, v.Till-v.From, err, tt.hours)
		}
	}
}

// Days tile time in every zone: each ends just before the next begins.
func TestDaysTile(t *testing.T) {
	for _, name := range []string{"Europe/Kyiv", "Europe/London", "America/Sao_Paulo", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Beirut", "EET"} {
		z := zone(t, name)
		var end trucewatch.Instant
		for d := time.Date(2013, 1, 1, 0, 0, 0, 0, time.UTC); d.Year() < 2027; d = d.AddDate(0, 0, 1) {
			v, err := z.Day(d.Year(), int(d.Month()), d.Day())
			if err != nil || end != 0 && v.From != end+1 || v.Till <= v.From {
				t.Fatalf("%s %v: %v, %v after %v", name, d, v, err, end)
			}
			end = v.Till
		}
	}
}

// A time is refused exactly if it does not stand in the zone's list of local
// times once.
func TestLocalTimesExistOnce(t *testing.T) {
	z := zone(t, "Europe/Kyiv")
	seen := map[string]int{}
	for _, day := range []time.Time{time.Date(2025, 3, 29, 12, 0, 0, 0, time.UTC), time.Date(2025, 10, 25, 12, 0, 0, 0, time.UTC)} {
		for m := range 24 * 60 {
			seen[day.Add(time.Duration(m)*time.Minute).In(z.loc).Format("2006-01-02 15:04")]++
		}
	}
	for _, date := range []string{"2025-03-30", "2025-10-26"} {
		for m := range 12 * 60 {
			clock := time.Date(2000, 1, 1, 0, m, 0, 0, time.UTC).Format("15:04")
			_, err := ParseTimes(date, clock, "", z)
			if (err == nil) != (seen[date+" "+clock] == 1) {
				t.Errorf("%s %s: %v, but it exists %d times", date, clock, err, seen[date+" "+clock])
			}
		}
	}
}

func TestParseInstants(t *testing.T) {
	for _, tt := range []struct{ words, zone, want string }{
		{"2026-04-12T06:40:00Z", "", "2026-04-12T06:40:00Z/2026-04-12T06:40:00Z"},
		{"2026-04-12T06:40Z", "", "2026-04-12T06:40:00Z/2026-04-12T06:40:00Z"},
		{"2026-04-12 06:40:00+03:00", "", "2026-04-12T03:40:00Z/2026-04-12T03:40:00Z"},
		{"2026-02-17", "Europe/Kyiv", "2026-02-16T22:00:00Z/2026-02-17T21:59:59.999999Z"},
		{"2026-02-17T10:00", "Europe/Kyiv", "2026-02-17T08:00:00Z/2026-02-17T08:00:00Z"},
		{"2026-02-17", "", "error"}, {"2026-02-17T10:00", "", "error"}, {"1066-10-14T09:00:00Z", "", "error"}, {"yesterday", "UTC", "error"}, {"", "UTC", "error"},
	} {
		v, err := ParseInstants(tt.words, zone(t, tt.zone))
		got := v.From.String() + "/" + v.Till.String()
		if err != nil {
			got = "error"
		}
		if got != tt.want {
			t.Errorf("ParseInstants(%q, %q) = %s (%v), want %s", tt.words, tt.zone, got, err, tt.want)
		}
	}
}

func TestParseZoneRefusals(t *testing.T) {
	for _, name := range []string{"Local", "EST", "Kyiv time", "Europe/Nowhere", "utc", "../etc/passwd"} {
		if z, err := ParseZone(name, nil); err == nil {
			t.Errorf("ParseZone(%q) = %v", name, z)
		}
	}
}
