// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/judge/attribution"
)

// Languages are those in which findings explain themselves, by BCP 47.
func Languages() []string { return []string{"en", "uk", "ru"} }

// Explain writes a finding as one plain paragraph in a language: what, how sure,
// why, what is open, who, and what would change it. Names, and what somebody
// wrote, stay as they are. It says all that the finding says, so it is for those
// who may see all of it. A language that is none of Languages is English.
func Explain(f *trucewatch.Finding, language string) string {
	in := tongueOf(language)
	var b strings.Builder
	isWindow := f.Subject.Window != nil
	if !isWindow {
		b.WriteString(string(f.Act) + " ")
	}
	b.WriteString(plain(f.ActName))
	if f.Basis != "" {
		b.WriteString(" (" + f.Basis + ")")
	}
	b.WriteString(": " + in.word(string(f.Result)) + ", " + in.span(f.When))
	if f.Reading != "" {
		b.WriteString(", " + fill(in.word("in the reading"), f.Reading))
		if len(f.HeldBy) > 0 {
			b.WriteString(" (" + fill(in.word("held by"), list(f.HeldBy)) + ")")
		}
	}
	b.WriteString(".")
	if !isWindow {
		b.WriteString(" " + fill(in.word("measures"), digits(f.Severity), in.word(severityWord(f.Severity)), digits(f.Quantity), plain(f.Unit), percent(f.Confidence), in.word(f.Word)))
	}
	if len(f.Aggravated) > 0 {
		b.WriteString(" " + fill(in.word("aggravated"), in.sentences(f.Aggravated)))
	}
	if f.Exemption != "" {
		b.WriteString(" " + fill(in.word("exempt by"), f.Exemption))
	}
	for _, holds := range []string{"yes", "unknown", "no"} {
		if texts := in.gather(f.Reasons, holds); len(texts) > 0 {
			b.WriteString(" " + fill(in.word("reasons "+holds), strings.Join(texts, "; ")))
		}
	}
	if !isWindow {
		b.WriteString(" " + in.responsible(&f.Attribution))
	}
	if f.Duplicate {
		b.WriteString(" " + in.word("duplicate"))
	}
	if len(f.WouldChange) > 0 {
		b.WriteString(" " + fill(in.word("would change"), in.sentences(f.WouldChange)))
	}
	return b.String()
}

func severityWord(n int) string {
	return [...]string{"not graded", "technical", "minor", "serious", "grave"}[max(0, min(n, 4))]
}

// Tree writes the reasons of a finding as lines, each under what it is a reason
// of, indented by two spaces a step: "yes: observed: explosion ... [K2] 101.3".
func Tree(f *trucewatch.Finding, language string) []string {
	return tongueOf(language).tree(nil, f.Reasons, "")
}

func (in *tongue) tree(out []string, reasons []trucewatch.Reason, indent string) []string {
	for i := range reasons {
		r := &reasons[i]
		line := indent + in.word(r.Holds) + ": " + in.sentence(r.Text)
		if r.Article != "" {
			line += " [" + r.Article + "]"
		}
		for _, id := range r.Evidence {
			line += " " + id.String()
		}
		out = in.tree(append(out, line), r.Because, indent+"  ")
	}
	return out
}

// gather lists the texts of the top reasons with an answer, each with those of
// its own reasons that have the same answer.
func (in *tongue) gather(reasons []trucewatch.Reason, holds string) []string {
	var out []string
	for i := range reasons {
		r := &reasons[i]
		if r.Holds != holds {
			continue
		}
		text := in.sentence(r.Text)
		if under := in.gather(r.Because, holds); len(under) > 0 {
			text += " (" + strings.Join(under, "; ") + ")"
		}
		out = append(out, text)
	}
	return out
}

// responsible writes an attribution as a sentence.
func (in *tongue) responsible(a *trucewatch.Attribution) string {
	var s string
	switch a.Level {
	case attribution.None, "":
		s = in.word("nobody determined")
	case trucewatch.WithheldAttribution:
		s = in.word("who is withheld")
	case attribution.Direction:
		s = in.word("only a direction")
	default:
		s = fill(in.word("party by"), string(a.Party), in.word(a.Level), percent(a.Share))
		if a.Formation != "" {
			s += ", " + a.Formation
		}
	}
	if a.BothSides {
		s += "; " + in.word("both sides")
	}
	for _, o := range a.Alternatives {
		s += ", " + fill(in.word("or party"), string(o.Party), percent(o.Share))
	}
	if a.NonSignatory > 0 {
		s += ", " + fill(in.word("or neither"), percent(a.NonSignatory))
	}
	if len(a.Basis) > 0 {
		s += " (" + in.sentences(a.Basis) + ")"
	}
	return s + "."
}
