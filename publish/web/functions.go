// SPDX-License-Identifier: Apache-2.0

package web

import (
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/publish/svg"
	"github.com/trucewatch/trucewatch/publish/wording"
)

// A section is one entry of the navigation.
type section struct{ Path, Name string }

// sections are the pages of a mission; those about what goes on over a time are for
// whoever is told of it.
func sections(standing bool) []section {
	list := []section{{"", "Overview"}, {"map", "Map"}, {"incidents", "Incidents"}, {"findings", "Findings"}, {"cases", "Cases"},
		{"reports", "Reports"}, {"tallies", "Tallies"}, {"statements", "Statements"}, {"notifications", "Notifications"},
		{"agreement", "Agreement"}, {"sources", "Sources"}}
	if !standing {
		return list
	}
	return slices.Insert(list, 5, section{"commission", "Commission"}, section{"obligations", "Obligations"}, section{"hotline", "Hotline"}, section{"coverage", "Coverage"})
}

// functions are what the templates call.
func functions() template.FuncMap {
	return template.FuncMap{
		"decided":  wording.Decided,
		"kind":     wording.Kind,
		"means":    wording.Means,
		"result":   wording.Result,
		"severity": wording.Severity,
		"held":     wording.Held,
		"seen":     wording.Seen,
		"sight":    wording.Coverage,
		"rate":     func(r *trucewatch.Range) string { return wording.Rate(*r) },
		"percent":  wording.Percent,
		"weapon":   weapon,
		"region":   wording.Region,
		"share":    wording.Share,
		"words":    func(s any) string { return wording.Words(fmt.Sprint(s)) },
		"what":     wording.What,
		"place":    wording.Place,
		"unbroken": wording.Unbroken,
		"count":    count,
		"number":   number,
		"plural":   wording.Plural,
		"join":     func(list []string) string { return strings.Join(list, ", ") },
		"symbol": func(k trucewatch.Kind, word, state string) template.HTML {
			return svg.Symbol(k, svg.FillOf(word, state))
		},
		"nats":    func(n trucewatch.MilliNat) string { return fmt.Sprintf("%.1f", float64(n)/1000) },
		"steps":   svg.Waterfall,
		"path":    pathOf,
		"web":     isWebAddress,
		"reasons": func(list []trucewatch.Reason) map[string]any { return map[string]any{"List": list} },
		"told": func(c wording.Clock, s trucewatch.StatementView) map[string]any {
			return map[string]any{"Clock": c, "S": s}
		},
		"on":       func(p page, what any) map[string]any { return map[string]any{"Page": p, "What": what} },
		"branches": func(list []branch) map[string]any { return map[string]any{"List": list} },
		"hidden":   func(f trucewatch.FindingView, field string) bool { return slices.Contains(f.Withheld, field) },
		"judged":   func(p page, f trucewatch.FindingView) map[string]any { return map[string]any{"Page": p, "Finding": f} },
		"clock":    nextClock,
		"standing": standing,
		"groups":   clauseGroups,
		"drawing":  drawAgreement,
	}
}

// count takes a Count or a pointer to one.
func count(c any) (string, error) {
	switch c := c.(type) {
	case trucewatch.Count:
		return wording.Count(c), nil
	case *trucewatch.Count:
		return wording.Count(*c), nil
	}
	return "", fmt.Errorf("count of a %T", c)
}

// number takes the whole numbers that Views hold.
func number(n any) (string, error) {
	switch n := n.(type) {
	case int:
		return wording.Number(int64(n)), nil
	case int64:
		return wording.Number(n), nil
	case *int64:
		return wording.Number(*n), nil
	case uint64:
		return wording.Number(int64(min(n, 1<<63-1))), nil
	}
	return "", fmt.Errorf("number of a %T", n)
}

// pathOf escapes an identifier as part of a path, and keeps its slashes.
func pathOf(id any) string {
	parts := strings.Split(fmt.Sprint(id), "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return strings.Join(parts, "/")
}

// isWebAddress says whether a source's address may be a link.
func isWebAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

// nextClock says which running clock of a case ends first.
func nextClock(clocks []trucewatch.CaseClock, p page) string {
	var next *trucewatch.CaseClock
	for i, c := range clocks {
		if c.Ended == 0 && !c.RanOut && (next == nil || c.Due < next.Due) {
			next = &clocks[i]
		}
	}
	if next == nil {
		return "none runs"
	}
	return wording.Words(next.ID) + ", due " + p.Clock.Instant(next.Due)
}

// standing says how a clock stands at an instant.
func standing(c trucewatch.CaseClock, at trucewatch.Instant) string {
	switch {
	case c.RanOut && c.Ended != 0:
		return "ran out, done " + wording.Span(c.Ended-c.Due) + " late"
	case c.RanOut:
		return "ran out"
	case c.Ended != 0:
		return "done, " + wording.Span(c.Due-c.Ended) + " before it was due"
	case at > c.Due:
		return "due " + wording.Span(at-c.Due) + " ago"
	}
	return "runs, " + wording.Span(c.Due-at) + " left of " + wording.Span(c.Due-c.From)
}

// A clauseGroup is the clauses of one group, in the order of the agreement.
type clauseGroup struct {
	Name string
	List []trucewatch.Clause
}

// Title names the group for a heading.
func (g clauseGroup) Title() string {
	switch g.Name {
	case "act", "exemption", "clock":
		return strings.ToUpper(g.Name[:1]) + g.Name[1:] + "s"
	case "":
		return "Other clauses"
	}
	r, size := utf8.DecodeRuneInString(g.Name)
	return string(unicode.ToUpper(r)) + wording.Words(g.Name[size:])
}

func clauseGroups(clauses []trucewatch.Clause) []clauseGroup {
	var out []clauseGroup
	at := map[string]int{}
	for _, c := range clauses {
		i, ok := at[c.Group]
		if !ok {
			i = len(out)
			at[c.Group] = i
			out = append(out, clauseGroup{Name: c.Group})
		}
		out[i].List = append(out[i].List, c)
	}
	return out
}

// drawAgreement draws lines and zones, nothing if there are none.
func drawAgreement(i int, a trucewatch.AgreementText, p page) template.HTML {
	if len(a.Lines)+len(a.Zones) == 0 {
		return ""
	}
	return svg.Map(svg.MapInput{ID: fmt.Sprintf("agreement%d", i), Title: "Lines and zones of the agreement",
		Desc:   fmt.Sprintf("%d lines and %d zones.", len(a.Lines), len(a.Zones)),
		Places: p.places, Agreements: []trucewatch.AgreementText{a}})
}
