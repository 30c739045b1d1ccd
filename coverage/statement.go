// SPDX-License-Identifier: Apache-2.0

package coverage

import (
	"fmt"
	"strings"

	"github.com/trucewatch/trucewatch"
)

// PublicDelay is how long after its end coverage of a week leaves the mission,
// PublicCells how large an area must be for it, and PublicStep the step to which
// its share is rounded down.
//
// Guess: who knows where nobody looks tonight shoots there; a week later, for a
// region of 25 km by 25 km and in tenths, it says who was blind and no longer
// where to go. Test: docs/harm.md, the attack by differencing publications.
const (
	PublicDelay                = 7 * trucewatch.Day
	PublicCells                = 25
	PublicStep  trucewatch.PPM = 100_000
)

// A Line is what a statement of coverage says of one area in one week.
type Line struct {
	Area   string
	Week   trucewatch.Interval // begins with From, ends before Till
	Seen   Seen
	public bool // as it may leave the mission
	large  bool // enough cells to leave it
	hardly bool // observed, but less than PublicStep
}

// Weeks cuts a period into weeks from its beginning; the last may be shorter.
func Weeks(period trucewatch.Interval) []trucewatch.Interval {
	var out []trucewatch.Interval
	for from := period.From; from < period.Till; from += 7 * trucewatch.Day {
		out = append(out, trucewatch.Interval{From: from, Till: min(from+7*trucewatch.Day, period.Till)})
	}
	return out
}

// Statement returns the statement of coverage of areas by week, as the mission
// sees it: by area, then by week.
func (m *Map) Statement(areas []*Area, period trucewatch.Interval, kinds []trucewatch.Kind) []Line {
	var out []Line
	for _, a := range areas {
		for _, week := range Weeks(period) {
			out = append(out, Line{Area: a.Name, Week: week, Seen: m.Seen(a, week, kinds), large: len(a.cells) >= PublicCells})
		}
	}
	return out
}

// Public returns what of a statement may leave the mission at an instant: whole
// weeks that are long over, of large areas, in tenths, with causes but not their
// hours.
func Public(lines []Line, at trucewatch.Instant) []Line {
	var out []Line
	for _, l := range lines {
		if !l.large || l.Week.Till-l.Week.From < 7*trucewatch.Day || at < l.Week.Till+PublicDelay {
			continue
		}
		s := Seen{Observed: l.Seen.Observed / PublicStep * PublicStep, Unknown: l.Seen.Unknown / PublicStep * PublicStep, Hours: l.Seen.Hours}
		if l.Seen.Word() == NobodyLooked {
			s.Blind = 1_000_000
		}
		line := Line{Area: l.Area, Week: l.Week, public: true, large: true, hardly: l.Seen.Observed > 0 && s.Observed == 0}
		for _, c := range l.Seen.Causes {
			if c.Hours*10 >= l.Seen.Hours {
				s.Causes = append(s.Causes, Cause{Cause: c.Cause})
			}
		}
		line.Seen = s
		out = append(out, line)
	}
	return out
}

// Sentence says in words what was seen of an area in a week, why not more, and
// what that means for a reader.
func (l Line) Sentence() string {
	var b strings.Builder
	days := "the week"
	if l.Week.Till-l.Week.From < 7*trucewatch.Day {
		days = "the days"
	}
	fmt.Fprintf(&b, "%s, %s from %s: ", l.Area, days, l.Week.From.Time().Format("2006-01-02"))
	switch word := l.Seen.Word(); {
	case l.hardly:
		b.WriteString("hardly watched. That nothing is listed says nothing.")
	case word == Watched:
		fmt.Fprintf(&b, "watched; of 100 events at least %d would have been noticed.", l.Seen.Observed/10_000)
	case word == Partly:
		fmt.Fprintf(&b, "watched in part; of 100 events about %d would have been noticed. What was not seen may have happened.", max(1, l.Seen.Observed/10_000))
	case word == NobodyLooked:
		b.WriteString("nobody looked. That nothing is listed says nothing.")
	default:
		b.WriteString("no source says what it could see. How much was missed is not known.")
	}
	if len(l.Seen.Causes) > 0 {
		var parts []string
		for _, c := range l.Seen.Causes {
			if l.public {
				parts = append(parts, words(c.Cause))
			} else {
				parts = append(parts, fmt.Sprintf("%s %d h", words(c.Cause), c.Hours))
			}
		}
		fmt.Fprintf(&b, " Not seen because of: %s.", strings.Join(parts, ", "))
	}
	if l.Seen.Unsaid > 0 {
		b.WriteString(" Sources that do not say which share they notice are counted whole.")
	}
	return b.String()
}

// words writes a cause for a reader.
func words(cause string) string {
	switch cause {
	case causeShare:
		return "the limits of the means"
	case causeNone:
		return "no report of a watch"
	case "unknown":
		return "a cause that is not known"
	case "overload":
		return "more coming in than could be recorded"
	}
	return strings.ReplaceAll(cause, "_", " ")
}
