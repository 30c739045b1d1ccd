// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/trucewatch/trucewatch"
)

// ErrUnlike is wrapped by every error about two numbers that must not be set
// side by side.
var ErrUnlike = errors.New("judge: these numbers cannot be compared")

// AboutShare is how far from "about n" the number meant may lie, as a share of
// n in parts per million.
//
// Guess: a tenth. Test: pairs of "about" by one observer and an exact count by
// another of the same episode.
const AboutShare = 100_000

// DayLongest is the longest period that a publication may call "24 hours".
//
// Source: the local day on which summer time ends has 25 hours, and reporting
// periods run from one local cut-off to the next.
const DayLongest = 25 * trucewatch.Hour

// Compare sets two tallies of one unit side by side. Tallies in different
// units, under different counting rules or in different categories are an
// error that wraps ErrUnlike and says which and why: a sum of unlike things is
// the commonest false number of the field. That two like tallies differ in
// window, area, claimant or whom they accuse is a flag, and then they do not
// agree, but nor do they contradict each other.
func Compare(a, b *trucewatch.Tally) (trucewatch.Comparison, error) {
	if err := like(a, b); err != nil {
		return trucewatch.Comparison{}, err
	}
	c := trucewatch.Comparison{A: a.Key, B: b.Key, Unit: a.Count.Unit}
	apart := differences(a, b)
	c.Flags = append(apart, cautions(a, b)...)
	overlap := rangeOf(a.Count).overlaps(rangeOf(b.Count))
	c.Agrees = overlap && len(apart) == 0
	numbers := fmt.Sprintf("%s says %s, %s says %s, in %s", a.Claimant, words(a.Count), b.Claimant, words(b.Count), c.Unit)
	switch {
	case len(apart) > 0:
		c.Text = numbers + ": not the same thing counted: " + strings.Join(apart, "; ")
	case c.Agrees:
		c.Text = numbers + ": they agree"
	default:
		c.Text = numbers + ": they disagree"
	}
	return c, nil
}

// like returns an error that wraps ErrUnlike and says why a and b are unlike.
func like(a, b *trucewatch.Tally) error {
	switch {
	case a.Count.Unit != b.Count.Unit:
		return fmt.Errorf("%w: the units differ: %s counts %q and %s counts %q", ErrUnlike, a.Claimant, a.Count.Unit, b.Claimant, b.Count.Unit)
	case a.Running != b.Running:
		return fmt.Errorf("%w: the rules differ: one is a running total since a fixed date, the other is of its window alone", ErrUnlike)
	case a.Category != b.Category:
		return fmt.Errorf("%w: the categories differ: %s counts %q and %s counts %q", ErrUnlike, a.Claimant, a.Category, b.Claimant, b.Category)
	case a.PartOf != b.PartOf:
		return fmt.Errorf("%w: the rules differ: one is part of %q, the other of %q", ErrUnlike, a.PartOf, b.PartOf)
	}
	return nil
}

// differences says in what the things counted differ.
func differences(a, b *trucewatch.Tally) []string {
	var flags []string
	switch {
	case a.Window.IsZero() || b.Window.IsZero():
		flags = append(flags, "a window is not stated")
	case a.Window != b.Window:
		flags = append(flags, fmt.Sprintf("the windows differ: %s and %s", span(a.Window), span(b.Window)))
	}
	if a.Area != b.Area {
		flags = append(flags, fmt.Sprintf("the areas differ: %q and %q", a.Area, b.Area))
	}
	if a.Against != b.Against {
		flags = append(flags, fmt.Sprintf("they accuse different parties: %q and %q", a.Against, b.Against))
	}
	return flags
}

// cautions says what a reader must know though the same thing was counted.
func cautions(a, b *trucewatch.Tally) []string {
	var flags []string
	if a.Claimant != b.Claimant {
		flags = append(flags, "two claimants: whether they count by one rule is their word")
	}
	for _, t := range []*trucewatch.Tally{a, b} {
		if t.Count.Qualifier != trucewatch.Exact {
			flags = append(flags, fmt.Sprintf("%s gives no exact number: %s", t.Claimant, words(t.Count)))
		}
		if len(t.Inferred) > 0 {
			flags = append(flags, fmt.Sprintf("not printed by %s but inferred: %s", t.Claimant, strings.Join(t.Inferred, ", ")))
		}
	}
	return flags
}

// CheckPrevious compares what a publication says of the period before its own
// with the publication of that period. It is ok if that was checked and holds.
// If it does not hold, or cannot be checked though both speak, a flag says why.
// Without a word about the period before, or if earlier is not the report of
// the period just before, there is nothing to check: not ok and no flags.
//
// The trap: a report that says "24 hours" after a report of two days gives a
// part of the earlier number, and the two must not be subtracted.
func CheckPrevious(later, earlier *trucewatch.Tally) (ok bool, flags []string) {
	said := later.Previous
	if said == nil || earlier.Count.Qualifier == trucewatch.Multiple || !follows(later, earlier) {
		return false, nil
	}
	if err := like(later, earlier); err != nil {
		return false, []string{err.Error()}
	}
	if later.Claimant != earlier.Claimant || later.Area != earlier.Area {
		return false, []string{fmt.Sprintf("the report before is by %s of %q, this one by %s of %q", earlier.Claimant, earlier.Area, later.Claimant, later.Area)}
	}
	length := earlier.Window.Till - earlier.Window.From
	bounded := earlier.Window.From != 0 && earlier.Window.Till != 0
	if said.Span == "24h" && bounded && length > DayLongest {
		return false, []string{fmt.Sprintf("says 24 hours (%d) of a period of %d hours, for which %s gave %s: not the same window",
			said.Value, length/trucewatch.Hour, report(earlier), words(earlier.Count))}
	}
	if !rangeOf(earlier.Count).overlaps(countRange{said.Value, said.Value}) {
		return false, []string{fmt.Sprintf("says %d of the period before (%s), but %s gave %s", said.Value, said.Span, report(earlier), words(earlier.Count))}
	}
	return true, nil
}

// follows says whether earlier is of the period just before later's: by their
// windows, or, where a window is not stated, by their numbers in one year.
func follows(later, earlier *trucewatch.Tally) bool {
	if later.Window.From != 0 && earlier.Window.Till != 0 {
		gap := later.Window.From - earlier.Window.Till
		return gap >= -trucewatch.Minute && gap <= trucewatch.Minute // one may end at 19:29:59, the next begin at 19:30
	}
	n, year, ok1 := issue(later.Issue)
	before, yearBefore, ok2 := issue(earlier.Issue)
	return ok1 && ok2 && year == yearBefore && n == before+1
}

// issue reads a report number such as "203/2021".
func issue(s string) (number, year int, ok bool) {
	n, y, found := strings.Cut(s, "/")
	number, err1 := strconv.Atoi(n)
	year, err2 := strconv.Atoi(y)
	return number, year, found && err1 == nil && err2 == nil
}

func report(t *trucewatch.Tally) string {
	if t.Issue == "" {
		return "the report before"
	}
	return "report " + t.Issue
}

// A countRange is every number that a count may mean, both ends inside.
type countRange struct{ low, high int64 }

func rangeOf(c trucewatch.Count) countRange {
	low, high := c.Value, max(c.Value, c.High)
	switch c.Qualifier {
	case trucewatch.About:
		return countRange{low - low*AboutShare/1_000_000, high + high*AboutShare/1_000_000}
	case trucewatch.AtLeast:
		return countRange{low, math.MaxInt64}
	case trucewatch.AtMost:
		return countRange{0, high}
	case trucewatch.Multiple:
		return countRange{2, math.MaxInt64}
	}
	return countRange{low, high}
}

func (r countRange) overlaps(s countRange) bool { return r.low <= s.high && s.low <= r.high }

// words writes a count as a person would say it.
func words(c trucewatch.Count) string {
	n := strconv.FormatInt(c.Value, 10)
	if c.High > c.Value {
		n += " to " + strconv.FormatInt(c.High, 10)
	}
	switch c.Qualifier {
	case trucewatch.About:
		return "about " + n
	case trucewatch.AtLeast:
		return "at least " + n
	case trucewatch.AtMost:
		return "at most " + n
	case trucewatch.Multiple:
		return "more than one, not counted"
	}
	return n
}

// span writes an interval in UTC.
func span(v trucewatch.Interval) string {
	switch {
	case v.From == v.Till:
		return v.From.String()
	case v.Till == 0:
		return "from " + v.From.String()
	case v.From == 0:
		return "until " + v.Till.String()
	}
	return v.From.String() + " to " + v.Till.String()
}
