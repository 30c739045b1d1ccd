// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
)

// Contrast answers "why this one and not that one?": the steps in which two
// findings differ, in words, the decisive ones first: what they are, then each
// reason that one has and the other has not, or that is answered differently,
// with what led to it. Reasons are the same step if they are the same sentence,
// whatever fills its blanks. It is empty if the findings say the same.
func Contrast(f, g *trucewatch.Finding) []string {
	var out []string
	say := func(what, a, b string) {
		if a != b {
			out = append(out, fill(sayContrast, what, string(f.ID), orNothing(a), string(g.ID), orNothing(b)))
		}
	}
	say("act", string(f.Act), string(g.Act))
	say("reading", f.Reading, g.Reading)
	say("result", plain(string(f.Result)), plain(string(g.Result)))
	say("severity", digits(f.Severity), digits(g.Severity))
	for _, s := range f.Aggravated {
		if !slices.Contains(g.Aggravated, s) {
			out = append(out, fill(sayOnly, string(f.ID), "weight: "+s))
		}
	}
	for _, s := range g.Aggravated {
		if !slices.Contains(f.Aggravated, s) {
			out = append(out, fill(sayOnly, string(g.ID), "weight: "+s))
		}
	}
	out = contrastReasons(out, f, g, f.Reasons, g.Reasons)
	say("exemption", f.Exemption, g.Exemption)
	say("who is responsible", attributed(&f.Attribution), attributed(&g.Attribution))
	return out
}

// What a contrast says.
const (
	sayContrast = "%s: of %s %s, of %s %s"
	sayOnly     = "only of %s: %s"
)

func orNothing(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func attributed(a *trucewatch.Attribution) string {
	if a.Party == "" {
		return plain(a.Level)
	}
	return "party " + string(a.Party) + ", " + plain(a.Level)
}

// contrastReasons walks two trees of reasons side by side.
func contrastReasons(out []string, f, g *trucewatch.Finding, a, b []trucewatch.Reason) []string {
	used := make([]bool, len(b))
	for i := range a {
		j := -1
		for k := range b {
			if !used[k] && step(a[i].Text) == step(b[k].Text) {
				j = k
				break
			}
		}
		if j < 0 {
			out = append(out, fill(sayOnly, string(f.ID), answered(&a[i])))
			continue
		}
		used[j] = true
		if a[i].Holds != b[j].Holds {
			out = append(out, fill(sayContrast, "answered differently", string(f.ID), answered(&a[i]), string(g.ID), answered(&b[j])))
		}
		out = contrastReasons(out, f, g, a[i].Because, b[j].Because)
	}
	for k := range b {
		if !used[k] {
			out = append(out, fill(sayOnly, string(g.ID), answered(&b[k])))
		}
	}
	return out
}

func answered(r *trucewatch.Reason) string { return r.Text + " (" + r.Holds + ")" }

// step names the step that a sentence is: its template, or the sentence itself.
// Sentences that answer one question in several ways are one step.
func step(s string) string {
	best, letters := s, 0
	for _, t := range sentences() {
		own := len(t) - 2*strings.Count(t, "%s")
		if own <= letters {
			continue
		}
		if _, fits := takeApart(t, s); fits {
			best, letters = t, own
		}
	}
	if question, _, found := strings.Cut(best, "%s"); found && len(question) >= leastLetters {
		return question
	}
	return best
}
