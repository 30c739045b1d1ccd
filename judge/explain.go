// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"strings"

	"github.com/trucewatch/trucewatch"
)

// Explain writes a finding as one plain paragraph: what, how sure, why, what is
// open, who, and what would change it. It says all that the finding says, so it
// is for those who may see all of it.
func Explain(f *trucewatch.Finding) string {
	var b strings.Builder
	if f.Subject.Window == nil {
		fmt.Fprintf(&b, "%s ", f.Act)
	}
	b.WriteString(plain(f.ActName))
	if f.Basis != "" {
		fmt.Fprintf(&b, " (%s)", f.Basis)
	}
	fmt.Fprintf(&b, ": %s, %s", plain(string(f.Result)), span(f.When))
	if f.Reading != "" {
		fmt.Fprintf(&b, ", in the reading %s", f.Reading)
	}
	b.WriteString(".")
	if f.Subject.Window == nil {
		severity := [...]string{"not graded", "technical", "minor", "serious", "grave"}
		fmt.Fprintf(&b, " Severity %d (%s); counted as %d in the unit %s; confidence %s (%s).",
			f.Severity, severity[max(0, min(f.Severity, 4))], f.Quantity, plain(f.Unit), percent(f.Confidence), f.Word)
	}
	if f.Exemption != "" {
		fmt.Fprintf(&b, " Exempt by %s.", f.Exemption)
	}
	for _, part := range []struct{ holds, lead string }{{"yes", "Holds"}, {"unknown", "Open"}, {"no", "Does not hold"}} {
		if texts := gather(f.Reasons, part.holds); len(texts) > 0 {
			fmt.Fprintf(&b, " %s: %s.", part.lead, strings.Join(texts, "; "))
		}
	}
	if f.Subject.Window == nil {
		b.WriteString(" " + responsible(&f.Attribution))
	}
	if len(f.WouldChange) > 0 {
		fmt.Fprintf(&b, " What would change it: %s.", strings.Join(f.WouldChange, "; "))
	}
	return b.String()
}

// gather lists the texts of the top reasons with an answer, each with those of
// its own reasons that have the same answer.
func gather(reasons []trucewatch.Reason, holds string) []string {
	var out []string
	for _, r := range reasons {
		if r.Holds != holds {
			continue
		}
		text := r.Text
		if under := gather(r.Because, holds); len(under) > 0 {
			text += " (" + strings.Join(under, "; ") + ")"
		}
		out = append(out, text)
	}
	return out
}

// responsible writes an attribution as a sentence.
func responsible(a *trucewatch.Attribution) string {
	var s string
	switch a.Level {
	case levelNone, "":
		s = "Who is responsible was not determined"
	case levelDirection:
		s = "Who is responsible was not determined; only a direction is known"
	default:
		s = fmt.Sprintf("Party %s, by %s, %s", a.Party, plain(a.Level), percent(a.Share))
	}
	if len(a.Alternatives) > 0 {
		var others []string
		for _, o := range a.Alternatives {
			others = append(others, fmt.Sprintf("party %s %s", o.Party, percent(o.Share)))
		}
		s += ", or " + strings.Join(others, ", ")
	}
	if len(a.Basis) > 0 {
		s += " (" + strings.Join(a.Basis, "; ") + ")"
	}
	return s + "."
}
