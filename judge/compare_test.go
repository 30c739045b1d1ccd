// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"encoding/csv"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/trucewatch/trucewatch"
)

func at(t testing.TB, s string) trucewatch.Instant {
	t.Helper()
	var i trucewatch.Instant
	if err := i.UnmarshalText([]byte(s)); err != nil {
		t.Fatal(err)
	}
	return i
}

func TestCompare(t *testing.T) {
	window := trucewatch.Interval{From: at(t, "2026-04-11T13:00:00Z"), Till: at(t, "2026-04-12T21:00:00Z")}
	base := func(edit func(*trucewatch.Tally)) *trucewatch.Tally {
		tally := &trucewatch.Tally{Claimant: "Party A", Against: "B", Window: window, Area: "north", Category: "shelling",
			Count: trucewatch.Count{Value: 100, Qualifier: trucewatch.Exact, Unit: "a/shelling"}}
		edit(tally)
		return tally
	}
	same := func(*trucewatch.Tally) {}
	for _, tt := range []struct {
		name   string
		edit   func(*trucewatch.Tally)
		refuse string // text of the error
		agrees bool
		flag   string // text of one flag
	}{
		{name: "equal numbers agree", edit: same, agrees: true},
		{name: "unequal numbers do not", edit: func(t *trucewatch.Tally) { t.Count.Value = 101 }},
		{name: "about a tenth off agrees, flagged", agrees: true, flag: "no exact number: about 110",
			edit: func(t *trucewatch.Tally) { t.Count.Value, t.Count.Qualifier = 110, trucewatch.About }},
		{name: "about more than a tenth off does not", flag: "about 112",
			edit: func(t *trucewatch.Tally) { t.Count.Value, t.Count.Qualifier = 112, trucewatch.About }},
		{name: "at least fewer agrees", agrees: true, flag: "at least 90",
			edit: func(t *trucewatch.Tally) { t.Count.Value, t.Count.Qualifier = 90, trucewatch.AtLeast }},
		{name: "at most fewer does not", flag: "at most 90",
			edit: func(t *trucewatch.Tally) { t.Count.Value, t.Count.Qualifier = 90, trucewatch.AtMost }},
		{name: "other units are refused", refuse: `the units differ: Party A counts "a/shelling" and Party A counts "b/round"`,
			edit: func(t *trucewatch.Tally) { t.Count.Unit = "b/round" }},
		{name: "a running total is refused against a window", refuse: "running total",
			edit: func(t *trucewatch.Tally) { t.Running = true }},
		{name: "other categories are refused", refuse: "the categories differ",
			edit: func(t *trucewatch.Tally) { t.Category = "fpv_drone" }},
		{name: "a part is refused against a whole", refuse: "one is part of",
			edit: func(t *trucewatch.Tally) { t.PartOf = "total" }},
		{name: "the same number of another window does not agree", flag: "the windows differ",
			edit: func(t *trucewatch.Tally) { t.Window.Till -= trucewatch.Hour }},
		{name: "an unstated window does not agree", flag: "a window is not stated",
			edit: func(t *trucewatch.Tally) { t.Window = trucewatch.Interval{} }},
		{name: "another area does not agree", flag: "the areas differ", edit: func(t *trucewatch.Tally) { t.Area = "south" }},
		{name: "mutual accusation is not agreement", flag: "accuse different parties",
			edit: func(t *trucewatch.Tally) { t.Claimant, t.Against = "Party B", "A" }},
		{name: "what was inferred is said", agrees: true, flag: "inferred: window",
			edit: func(t *trucewatch.Tally) { t.Inferred = []string{"window"} }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Compare(base(same), base(tt.edit))
			if tt.refuse != "" {
				if !errors.Is(err, ErrUnlike) || !strings.Contains(err.Error(), tt.refuse) {
					t.Fatalf("Compare: error %v, want ErrUnlike with %q", err, tt.refuse)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if c.Agrees != tt.agrees || c.Text == "" {
				t.Errorf("Compare agrees %v, text %q, want %v", c.Agrees, c.Text, tt.agrees)
			}
			if tt.flag != "" && !slices.ContainsFunc(c.Flags, func(f string) bool { return strings.Contains(f, tt.flag) }) {
				t.Errorf("flags %q lack %q", c.Flags, tt.flag)
			}
		})
	}
}

func TestCheckPrevious(t *testing.T) {
	// Two days, then one: the shape of the trap in real consecutive reports.
	two := trucewatch.Interval{From: at(t, "2026-04-10T16:30:00Z"), Till: at(t, "2026-04-12T16:30:00Z")}
	one := trucewatch.Interval{From: two.Till, Till: two.Till + trucewatch.Day}
	for _, tt := range []struct {
		name   string
		window trucewatch.Interval // of the earlier report
		count  int64
		said   *trucewatch.PreviousTally
		ok     bool
		flag   string
	}{
		{"the same period, the same number", two, 354, &trucewatch.PreviousTally{Value: 354, Span: "period"}, true, ""},
		{"the same period, another number", two, 354, &trucewatch.PreviousTally{Value: 350, Span: "period"}, false, "says 350 of the period before (period), but report 7/2026 gave 354"},
		{"24 hours of a two-day period", two, 354, &trucewatch.PreviousTally{Value: 11, Span: "24h"}, false, "says 24 hours (11) of a period of 48 hours"},
		{"24 hours of a day", trucewatch.Interval{From: two.Till - trucewatch.Day, Till: two.Till}, 11, &trucewatch.PreviousTally{Value: 11, Span: "24h"}, true, ""},
		{"24 hours of a day of 25", trucewatch.Interval{From: two.Till - 25*trucewatch.Hour, Till: two.Till}, 11, &trucewatch.PreviousTally{Value: 11, Span: "24h"}, true, ""},
		{"24 hours of a day and another number", trucewatch.Interval{From: two.Till - trucewatch.Day, Till: two.Till}, 12, &trucewatch.PreviousTally{Value: 11, Span: "24h"}, false, "says 11"},
		{"nothing is said", two, 354, nil, false, ""},
		{"the earlier report is not of the period just before", trucewatch.Interval{From: two.From - trucewatch.Day, Till: two.Till - trucewatch.Day}, 354, &trucewatch.PreviousTally{Value: 1, Span: "period"}, false, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			count := trucewatch.Count{Value: tt.count, Qualifier: trucewatch.Exact, Unit: "m/violation"}
			earlier := &trucewatch.Tally{Claimant: "MM", Area: "north", Category: "v", Window: tt.window, Count: count, Issue: "7/2026"}
			later := &trucewatch.Tally{Claimant: "MM", Area: "north", Category: "v", Window: one, Count: count, Previous: tt.said, Issue: "8/2026"}
			ok, flags := CheckPrevious(later, earlier)
			if ok != tt.ok || (len(flags) > 0) != (tt.flag != "") || tt.flag != "" && !strings.Contains(flags[0], tt.flag) {
				t.Errorf("CheckPrevious = %v, %q, want %v, %q", ok, flags, tt.ok, tt.flag)
			}
		})
	}
}

// TestCheckPreviousOfRealReports holds the check against a mission's real
// consecutive reports: where they say "period" all agree, and where they say
// "24 hours" of a longer period the trap is flagged.
func TestCheckPreviousOfRealReports(t *testing.T) {
	f, err := os.Open("../../shared/data/osce_smm/daily_totals.csv")
	if err != nil {
		t.Skip("skipped: no shared data")
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	last := map[string]*trucewatch.Tally{}
	agreed, trapped := 0, 0
	for _, row := range rows[1:] {
		tally := tallyOf(t, row)
		if tally == nil {
			continue
		}
		if earlier := last[tally.Area]; earlier != nil && follows(tally, earlier) && tally.Previous != nil {
			ok, flags := CheckPrevious(tally, earlier)
			switch {
			case tally.Previous.Span == "period" && ok:
				agreed++
			case tally.Previous.Span == "24h" && !ok && strings.Contains(flags[0], "48 hours"):
				trapped++
			default:
				t.Errorf("report %s %s: %v %q", tally.Issue, tally.Area, ok, flags)
			}
		}
		last[tally.Area] = tally
	}
	// Counted in the file: 21 pairs of reports of one region follow each other and give both
	// numbers. Report 203/2021 says "24 hours" in both regions, after one of two days.
	if agreed != 19 || trapped != 2 {
		t.Errorf("%d agree and %d are trapped, want 19 and 2", agreed, trapped)
	}
}

// tallyOf reads one row. Where the date of the cut-off is given the window runs
// from the cut-off before: a report of a Sunday covers two days, because none
// is issued on Sundays.
func tallyOf(t *testing.T, row []string) *trucewatch.Tally {
	value, err := strconv.ParseInt(row[4], 10, 64)
	if err != nil {
		return nil
	}
	tally := &trucewatch.Tally{Issue: row[0], Claimant: "mission", Area: row[3], Category: "ceasefire_violation",
		Count: trucewatch.Count{Value: value, Qualifier: trucewatch.Exact, Unit: "osce_smm/ceasefire_violation"}}
	if day, err := time.Parse(time.DateOnly, row[2]); err == nil {
		till := trucewatch.InstantOf(day) + 16*trucewatch.Hour + 30*trucewatch.Minute
		days := trucewatch.Instant(1)
		if day.Weekday() == time.Sunday {
			days = 2
		}
		tally.Window = trucewatch.Interval{From: till - days*trucewatch.Day, Till: till}
	}
	if said, err := strconv.ParseInt(row[6], 10, 64); err == nil {
		tally.Previous = &trucewatch.PreviousTally{Value: said, Span: row[7]}
	}
	return tally
}
