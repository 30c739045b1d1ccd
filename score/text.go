// SPDX-License-Identifier: Apache-2.0

package score

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// A row of the report is one number of each score.
type row struct {
	label string
	value func(*Score) string
}

func number(format string, v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "-"
	}
	return fmt.Sprintf(format, v)
}

// span writes a share and its interval.
func span(format string, v, low, high float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	return fmt.Sprintf(format+" ("+format+"-"+format+")", v, low, high)
}

// rows are the lines of the report, in its order. What each number is stands at
// its field.
var rows = []row{
	{"events that count", func(s *Score) string { return fmt.Sprint(s.Events) }},
	{"results that count", func(s *Score) string { return fmt.Sprint(s.Results) }},
	{"found", func(s *Score) string { return fmt.Sprint(s.Matched) }},
	{"precision", func(s *Score) string { return number("%.4f", s.Precision) }},
	{"recall", func(s *Score) string { return number("%.4f", s.Recall) }},
	{"F1", func(s *Score) string { return number("%.4f", s.F1) }},
	{"", nil},
	{"link precision", func(s *Score) string { return number("%.4f", s.Links.Precision) }},
	{"link recall", func(s *Score) string { return number("%.4f", s.Links.Recall) }},
	{"members missing, a match", func(s *Score) string { return number("%.2f", s.Links.Missing) }},
	{"members too many, a match", func(s *Score) string { return number("%.2f", s.Links.Extra) }},
	{"pair F1", func(s *Score) string { return number("%.4f", s.Links.PairF1) }},
	{"B-cubed F1", func(s *Score) string { return number("%.4f", s.Links.BCubedF1) }},
	{"", nil},
	{"distance, median, m", func(s *Score) string { return number("%.1f", s.Location.MedianM) }},
	{"distance, 95 %, m", func(s *Score) string { return number("%.1f", s.Location.P95M) }},
	{"RMSE, m", func(s *Score) string { return number("%.1f", s.Location.RMSEM) }},
	{"Cramér-Rao bound, m", func(s *Score) string { return number("%.1f", s.Location.BoundM) }},
	{"RMSE / bound", func(s *Score) string { return number("%.3f", s.Location.OverBound) }},
	{"without gross errors", func(s *Score) string { return number("%.3f", s.Location.FineOverBound) }},
	{"gross errors", func(s *Score) string { return fmt.Sprint(s.Location.Gross) }},
	{"time RMSE, s", func(s *Score) string { return number("%.3f", s.Location.TimeRMSE) }},
	{"root NEES (if right)", func(s *Score) string {
		return span("%.3f", s.Location.RootNEES, s.Location.NEESLow, s.Location.NEESHigh)
	}},
	{"95 % region holds truth", func(s *Score) string {
		return span("%.3f", s.Location.Covered, s.Location.CoveredLow, s.Location.CoveredHigh)
	}},
	{"", nil},
	{"links with a probability", func(s *Score) string { return fmt.Sprint(s.Shares.Links) }},
	{"calibration error (ECE)", func(s *Score) string { return number("%.4f", s.Shares.ECE) }},
	{"Brier score", func(s *Score) string { return number("%.4f", s.Shares.Brier) }},
}

// verdictRows are further lines, of results with findings.
var verdictRows = []row{
	{"", nil},
	{"findings of violations", func(s *Score) string { return fmt.Sprint(s.Verdicts.Findings) }},
	{"of nothing that happened", func(s *Score) string { return fmt.Sprint(s.Verdicts.Baseless) }},
	{"events with a finding", func(s *Score) string { return fmt.Sprint(s.Verdicts.Judged) }},
	{"nobody named", func(s *Score) string { return number("%.3f", s.Verdicts.Refusal) }},
	{"a party named", func(s *Score) string { return fmt.Sprint(s.Verdicts.Named) }},
	{"the wrong one", func(s *Score) string { return number("%.4f", s.Verdicts.False) }},
	{"right of those at 0.9", func(s *Score) string {
		return fmt.Sprintf("%s of %d", number("%.4f", s.Verdicts.NineRight), s.Verdicts.Nine)
	}},
	{"calibration error (ECE)", func(s *Score) string { return number("%.4f", s.Verdicts.ECE) }},
	{"to a finding, median, s", func(s *Score) string { return number("%.0f", s.Verdicts.MedianDelayS) }},
	{"to a finding, 95 %, s", func(s *Score) string { return number("%.0f", s.Verdicts.P95DelayS) }},
}

// Text writes the scores of one truth beside each other, a column each.
func Text(scores []*Score) string {
	if len(scores) == 0 {
		return ""
	}
	var b strings.Builder
	first := scores[0]
	fmt.Fprintf(&b, "world %s", first.About.World)
	if first.About.Seed != 0 {
		fmt.Fprintf(&b, ", seed %d", first.About.Seed)
	}
	if first.About.Parameters != "" {
		fmt.Fprintf(&b, ", %s", first.About.Parameters)
	}
	if first.About.Simulated != "" {
		fmt.Fprintf(&b, " - %s", first.About.Simulated)
	}
	fmt.Fprintf(&b, "\nfound means: %s\n\n", ruleWords[first.Rule])
	const label, column = 26, 22
	fmt.Fprintf(&b, "%-*s", label, "")
	for _, s := range scores {
		fmt.Fprintf(&b, "%*s", column, last(s.Name, column-2))
	}
	b.WriteByte('\n')
	shown := rows
	if slices.ContainsFunc(scores, func(s *Score) bool { return s.Verdicts.Findings > 0 }) {
		shown = slices.Concat(rows, verdictRows)
	}
	for _, r := range shown {
		line := fmt.Sprintf("%-*s", label, r.label)
		if r.value != nil {
			for _, s := range scores {
				line += fmt.Sprintf("%*s", column, r.value(s))
			}
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	sizes(&b, scores, label, column)
	return b.String()
}

var ruleWords = map[Rule]string{
	Overlap: "3 of 5 members of the larger of result and event are shared",
	Jaccard: "3 of 5 members of either result or event are shared",
	Near:    "near enough in time and place, one to one",
}

// last returns the end of a name that is too long.
func last(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[len(r)-n:])
}

// sizes writes recall by number of true members.
func sizes(b *strings.Builder, scores []*Score, label, column int) {
	if len(scores[0].BySize) == 0 {
		return
	}
	b.WriteString("\nrecall of events with\n")
	for i, r := range scores[0].BySize {
		name := fmt.Sprintf("%5d members (%d)", r.Members, r.Events)
		if r.Members == SizeMost {
			name = fmt.Sprintf("%5d or more (%d)", r.Members, r.Events)
		}
		fmt.Fprintf(b, "%-*s", label, name)
		for _, s := range scores {
			fmt.Fprintf(b, "%*s", column, number("%.3f", ratio(s.BySize[i].Matched, s.BySize[i].Events)))
		}
		b.WriteByte('\n')
	}
}
