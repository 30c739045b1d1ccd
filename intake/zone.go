// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // a mission's laptop may have no zone database

	"github.com/trucewatch/trucewatch"
)

// Abbreviations of zones that are taken as fixed offsets from UTC, in seconds.
// The same letters mean other zones elsewhere; these are the meanings of the
// region whose mission reports state them.
func Abbreviations() []struct {
	Name   string
	Offset int
} {
	return []struct {
		Name   string
		Offset int
	}{{"UTC", 0}, {"GMT", 0}, {"Z", 0}, {"CET", 3600}, {"CEST", 7200}, {"EET", 7200}, {"EEST", 10800}, {"MSK", 10800}}
}

// A Zone turns local times into UTC. The zero Zone refuses every time.
type Zone struct {
	name string
	loc  *time.Location
}

// ParseZone returns the zone of an abbreviation, or of an IANA name by the zone
// database: Options.Location, or time.LoadLocation where that is nil.
// The empty name gives the zero Zone.
func ParseZone(name string, location func(string) (*time.Location, error)) (Zone, error) {
	name = strings.TrimSpace(name)
	if name == "" {
		return Zone{}, nil
	}
	for _, a := range Abbreviations() {
		if a.Name == name {
			return Zone{name: name, loc: time.FixedZone(name, a.Offset)}, nil
		}
	}
	if location == nil {
		location = time.LoadLocation
	}
	// "Local" is the machine's own zone: the same file would then mean other times elsewhere.
	if name == "Local" || !strings.Contains(name, "/") {
		return Zone{}, fmt.Errorf("zone: %q is neither an IANA name such as Europe/Kyiv nor one of UTC, GMT, CET, CEST, EET, EEST, MSK", trucewatch.CutText(name, 60))
	}
	loc, err := location(name)
	if err != nil {
		return Zone{}, fmt.Errorf("zone: %q: %w", trucewatch.CutText(name, 60), err)
	}
	return Zone{name: name, loc: loc}, nil
}

// String returns the zone's name as it was stated.
func (z Zone) String() string { return z.name }

// Known says whether z is a zone and not the zero Zone.
func (z Zone) Known() bool { return z.loc != nil }

// At returns the instant of a local time. It refuses a local time that does not
// exist because clocks went forward, and one that exists twice because they
// went back: an abbreviation such as EET or EEST then says which is meant.
// Hour 24 minute 0 is the end of the day.
func (z Zone) At(year, month, day, hour, minute, second int) (trucewatch.Instant, error) {
	if z.loc == nil {
		return 0, fmt.Errorf("time: no zone is stated, and none is guessed")
	}
	if hour == 24 && minute == 0 && second == 0 {
		next := time.Date(year, time.Month(month), day+1, 0, 0, 0, 0, time.UTC)
		return z.At(next.Year(), int(next.Month()), next.Day(), 0, 0, 0)
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, 0, z.loc)
	local := func() string {
		return fmt.Sprintf("%04d-%02d-%02d %02d:%02d:%02d in %s", year, month, day, hour, minute, second, z.name)
	}
	if !same(t, year, month, day, hour, minute, second) {
		return 0, fmt.Errorf("time: %s does not exist: clocks go forward over it", local())
	}
	// Changes of zone are at most 3 hours in the zone database since 1970.
	for _, shift := range []time.Duration{30 * time.Minute, time.Hour, 2 * time.Hour, 3 * time.Hour} {
		for _, other := range []time.Time{t.Add(shift), t.Add(-shift)} {
			if same(other, year, month, day, hour, minute, second) {
				return 0, fmt.Errorf("time: %s exists twice, as clocks go back: state it as UTC or by the zone's abbreviation", local())
			}
		}
	}
	return trucewatch.InstantOf(t), nil
}

func same(t time.Time, year, month, day, hour, minute, second int) bool {
	y, m, d := t.Date()
	h, n, s := t.Clock()
	return y == year && int(m) == month && d == day && h == hour && n == minute && s == second
}

// Day returns the whole local day, which has 23, 24 or 25 hours. Both ends lie
// inside it, so it ends a microsecond before the next one begins.
func (z Zone) Day(year, month, day int) (trucewatch.Interval, error) {
	from, err := z.dayStart(year, month, day)
	if err != nil {
		return trucewatch.Interval{}, err
	}
	next := time.Date(year, time.Month(month), day+1, 0, 0, 0, 0, time.UTC)
	till, err := z.dayStart(next.Year(), int(next.Month()), next.Day())
	return trucewatch.Interval{From: from, Till: till - 1}, err
}

// dayStart returns the first instant of a local day. Where clocks change at
// midnight the day begins later, or at the first of two midnights.
func (z Zone) dayStart(year, month, day int) (trucewatch.Instant, error) {
	if z.loc == nil {
		return 0, fmt.Errorf("time: no zone is stated, and none is guessed")
	}
	t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, z.loc)
	for _, shift := range []time.Duration{3 * time.Hour, 2 * time.Hour, time.Hour, 30 * time.Minute} {
		earlier := t.Add(-shift)
		if y, m, d := earlier.Date(); y == year && int(m) == month && d == day {
			return trucewatch.InstantOf(earlier), nil
		}
	}
	return trucewatch.InstantOf(t), nil
}
