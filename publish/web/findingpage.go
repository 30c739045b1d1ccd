// SPDX-License-Identifier: Apache-2.0

package web

import (
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
)

// sameFindingsMax is how many findings of one event are searched for other
// readings and for others to compare with. Guess: one event is judged under some
// ten acts in two readings. Test: the most findings of an incident.
const sameFindingsMax = 50

// A findingBody is a finding, why it is so, and what stands beside it.
type findingBody struct {
	Finding   trucewatch.FindingView
	Map       template.HTML
	Sure      []trucewatch.Term // why it is as sure that it happened, for those who may see it
	Language  string
	Languages []choice // to choose from; empty: nothing is explained here
	Paragraph string
	Tree      []branch
	Readings  []trucewatch.FindingView // of the same question, this one included; empty if there is one reading
	Others    []trucewatch.FindingView // of the same event, to compare with
	With      trucewatch.FindingID     // to compare with; "": none was asked for
	Contrast  []string
	Compares  bool
	Data      string // address of the same as JSON, "" if this server gives none
	Why       string // likewise, of the explanation
}

func finding(v *visit) error {
	f, err := v.findingByID(trucewatch.FindingID(v.r.PathValue("id")))
	if err != nil {
		return err
	}
	b := findingBody{Finding: f, Map: v.drawFinding(f), Compares: v.site.options.Contrast != nil}
	if id := f.Subject.Incident; id != nil {
		in, _, err := v.store.Incident(*id)
		if err != nil {
			return err
		}
		b.Sure = in.Sure
	}
	if err := v.explain(&b); err != nil {
		return err
	}
	if err := v.beside(&b); err != nil {
		return err
	}
	if v.site.options.API != nil {
		id := url.PathEscape(v.mission.ID) + "/"
		b.Data = "/api/v1/m/" + id + "findings/" + pathOf(f.ID)
		b.Why = "/api/v1/m/" + id + "explanations/" + pathOf(f.ID) + "?lang=" + url.QueryEscape(b.Language)
	}
	return v.show("finding", "findings", "Finding "+string(f.ID), b)
}

func (v *visit) findingByID(id trucewatch.FindingID) (trucewatch.FindingView, error) {
	f, ok, err := v.store.Finding(id)
	if err == nil && !ok {
		err = refuse(http.StatusNotFound, "No such finding is shown to this audience.")
	}
	return f, err
}

// explain writes why the finding is so, in the language of the address.
func (v *visit) explain(b *findingBody) error {
	o := v.site.options
	if o.Explain == nil || len(o.Languages) == 0 {
		return nil
	}
	b.Language = v.r.URL.Query().Get("lang")
	if b.Language == "" {
		b.Language = o.Languages[0]
	}
	if !slices.Contains(o.Languages, b.Language) {
		return refuse(http.StatusBadRequest, "The address asks for something unknown: the language %.20q is not one of %s.", b.Language, strings.Join(o.Languages, ", "))
	}
	b.Languages = choices(o.Languages, []string{b.Language}, languageName)
	var tree []string
	b.Paragraph, tree = o.Explain(&b.Finding.Finding, b.Language)
	b.Tree = branches(tree)
	return nil
}

// languageName names a language in itself.
func languageName(tag string) string {
	switch tag {
	case "en":
		return "English"
	case "uk":
		return "Українська"
	case "ru":
		return "Русский"
	}
	return tag
}

// A branch is one line of a tree and those under it.
type branch struct {
	Text  string
	Under []branch
}

// branches reads lines of which each stands under the last that is indented less,
// by two spaces a step.
func branches(lines []string) []branch {
	var out []branch
	for i := 0; i < len(lines); {
		next := i + 1
		for next < len(lines) && strings.HasPrefix(lines[next], "  ") {
			next++
		}
		under := make([]string, 0, next-i-1)
		for _, line := range lines[i+1 : next] {
			under = append(under, strings.TrimPrefix(line, "  "))
		}
		out = append(out, branch{Text: strings.TrimSpace(lines[i]), Under: branches(under)})
		i = next
	}
	return out
}

// beside finds the other readings, and what the finding is compared with.
func (v *visit) beside(b *findingBody) error {
	around, _, err := v.store.Findings(trucewatch.Query{From: b.Finding.When.From, Till: b.Finding.When.Till, Limit: sameFindingsMax})
	if err != nil {
		return err
	}
	if b.Finding.Subject.Incident != nil {
		if around, err = v.ofIncident(*b.Finding.Subject.Incident); err != nil {
			return err
		}
	}
	for _, f := range around {
		switch {
		case f.ID == b.Finding.ID:
		case sameQuestion(&f.Finding, &b.Finding.Finding):
			b.Readings = append(b.Readings, f)
		}
		if f.ID != b.Finding.ID {
			b.Others = append(b.Others, f)
		}
	}
	if len(b.Readings) > 0 {
		b.Readings = slices.Insert(b.Readings, 0, b.Finding)
	}
	b.With = trucewatch.FindingID(strings.TrimSpace(v.r.URL.Query().Get("with")))
	if b.With == "" || !b.Compares {
		return nil
	}
	with, err := v.findingByID(b.With)
	if err != nil {
		return err
	}
	b.Contrast = v.site.options.Contrast(&b.Finding.Finding, &with.Finding)
	return nil
}

// ofIncident returns the findings about an incident that this audience sees.
func (v *visit) ofIncident(id trucewatch.IncidentID) ([]trucewatch.FindingView, error) {
	in, ok, err := v.store.Incident(id)
	if err != nil || !ok {
		return nil, err
	}
	var out []trucewatch.FindingView
	for _, id := range in.Findings[:min(len(in.Findings), sameFindingsMax)] {
		f, ok, err := v.store.Finding(id)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, f)
		}
	}
	return out, nil
}
