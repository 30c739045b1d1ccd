// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"fmt"
	"strings"
	"time"

	"github.com/trucewatch/trucewatch"
)

// Years of the dates that are taken: a two-digit year and a slip of the finger
// are outside.
const (
	yearMin = 1970
	yearMax = 2200
)

// ParseDate reads "2026-04-11". Other orders of day and month are refused: 4/5
// is the fourth of May to one reader and the fifth of April to another.
func ParseDate(s string) (year, month, day int, err error) {
	s = strings.TrimSpace(s)
	if len(s) == 10 && s[4] == '-' && s[7] == '-' && digits(s[:4]) == 4 && digits(s[5:7]) == 2 && digits(s[8:]) == 2 {
		year, month, day = int(decimal(s[:4])), int(decimal(s[5:7])), int(decimal(s[8:]))
		if year >= yearMin && year <= yearMax && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month) {
			return year, month, day, nil
		}
	}
	return 0, 0, 0, fmt.Errorf("date: %q is not a date such as 2026-04-11", trucewatch.CutText(s, 40))
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// ParseTimeOfDay reads "8:30", "08:30", "08:30:15", "0830", each with "hrs" or
// "h" behind it if need be. "24:00" is the end of the day.
func ParseTimeOfDay(s string) (hour, minute, second int, err error) {
	bad := fmt.Errorf("time: %q is not a time of day such as 08:30; leave both times empty for the whole day", trucewatch.CutText(s, 40))
	t := strings.ToLower(strings.TrimSpace(s))
	for _, unit := range []string{"hours", "hrs", "h"} {
		t = strings.TrimSpace(strings.TrimSuffix(t, unit))
	}
	if digits(t) == 4 && len(t) == 4 {
		t = t[:2] + ":" + t[2:]
	}
	parts := strings.Split(t, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return 0, 0, 0, bad
	}
	var v [3]int
	for i, p := range parts {
		if digits(p) != len(p) || len(p) > 2 || len(p) < 1 || i > 0 && len(p) != 2 {
			return 0, 0, 0, bad
		}
		v[i] = int(decimal(p))
	}
	if v[0] > 24 || v[1] > 59 || v[2] > 59 || v[0] == 24 && v[1]+v[2] > 0 {
		return 0, 0, 0, bad
	}
	return v[0], v[1], v[2], nil
}

// ParseTimes reads the date and times of a row in the given zone. Both times
// empty mean the whole local day; to empty means a moment; a to before from is
// on the next day. The words "between 8:30 and 13:21" in from are read as both.
//
// Times are taken as they stand: "22:31" is 22:31:00, although the writer may
// mean any second of that minute.
func ParseTimes(date, from, to string, z Zone) (trucewatch.Interval, error) {
	year, month, day, err := ParseDate(date)
	if err != nil {
		return trucewatch.Interval{}, err
	}
	from, to = strings.TrimSpace(from), strings.TrimSpace(to)
	if rest, ok := strings.CutPrefix(strings.ToLower(from), "between "); ok && to == "" {
		if from, to, ok = strings.Cut(rest, " and "); !ok {
			return trucewatch.Interval{}, fmt.Errorf("time: %q is not \"between 8:30 and 13:21\"", trucewatch.CutText(rest, 60))
		}
	}
	switch {
	case from == "" && to == "":
		return z.Day(year, month, day)
	case from == "":
		return trucewatch.Interval{}, fmt.Errorf("time: an end, %q, without a beginning", trucewatch.CutText(to, 40))
	}
	h1, m1, s1, err := ParseTimeOfDay(from)
	if err != nil {
		return trucewatch.Interval{}, err
	}
	start, err := z.At(year, month, day, h1, m1, s1)
	if err != nil || to == "" {
		return trucewatch.Interval{From: start, Till: start}, err
	}
	h2, m2, s2, err := ParseTimeOfDay(to)
	if err != nil {
		return trucewatch.Interval{}, err
	}
	end := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if h2*3600+m2*60+s2 < h1*3600+m1*60+s1 {
		end = end.AddDate(0, 0, 1)
	}
	till, err := z.At(end.Year(), int(end.Month()), end.Day(), h2, m2, s2)
	return trucewatch.Interval{From: start, Till: till}, err
}

// ParseInstants reads RFC 3339 with an offset, "2026-04-12T06:40:00Z", with a
// space for the T or without seconds if need be, as a moment; a bare date as that whole local day; and a date and time without an
// offset, "2026-04-12T06:40" or with a space, as a local time of z.
func ParseInstants(s string, z Zone) (trucewatch.Interval, error) {
	s = strings.TrimSpace(s)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04Z07:00"} {
		t, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		if t.Year() < yearMin || t.Year() > yearMax {
			return trucewatch.Interval{}, fmt.Errorf("time: %q is outside the years %d to %d", trucewatch.CutText(s, 40), yearMin, yearMax)
		}
		at := trucewatch.InstantOf(t)
		return trucewatch.Interval{From: at, Till: at}, nil
	}
	if len(s) > 11 && (s[10] == 'T' || s[10] == ' ') {
		return ParseTimes(s[:10], s[11:], "", z)
	}
	return ParseTimes(s, "", "", z)
}
