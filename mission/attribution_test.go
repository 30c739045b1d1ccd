// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/exhibit"
	"github.com/trucewatch/trucewatch/judge"
)

// TestNobodyIsNamedWhereTheMissionDoesNotAdjudicate goes through every way out of a
// mission whose agreement leaves attribution to the commission: as the public and
// as the operations room, all pages that links lead to, live feed, map, interface,
// index, reports in each format and exhibits; findings explained in each language.
// None names a party for a finding, or says how likely it is that one fired; what
// the judge made of it is in the record's fold, for the body that may say so.
func TestNobodyIsNamedWhereTheMissionDoesNotAdjudicate(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: long, and nothing in it runs at once")
	}
	m := oneBadDay(t)
	traces, named := attributions(m)
	if named < 3 || len(traces) < 10 {
		t.Fatalf("%d findings name a party, %d traces: nothing is tested", named, len(traces))
	}
	none := func(what string, data []byte) {
		for _, trace := range traces {
			if bytes.Contains(data, []byte(trace)) {
				t.Errorf("%s holds %q", what, trace)
			}
		}
	}
	for _, a := range []trucewatch.Audience{trucewatch.ForPublic, trucewatch.ForMission} {
		var more []string
		for f := range m.state.Findings() {
			if len(more) == 90 {
				break
			}
			if f.Attribution.Party == "" {
				continue
			}
			for _, language := range judge.Languages() {
				more = append(more, "/api/v1/m/one-bad-day/explanations/"+string(f.ID)+"?lang="+language)
			}
		}
		read, explained := 0, 0
		crawlAs(t, m, a, 300, more, func(path string, code int, body []byte) {
			read++
			if code == http.StatusOK && strings.Contains(path, "/explanations/") {
				explained++
			}
			none(string(a)+" "+path, body)
		})
		if read < 250 || a == trucewatch.ForMission && explained < 30 {
			t.Errorf("%s: %d documents read, %d explanations", a, read, explained)
		}
		for _, issued := range m.ReportDates() {
			for _, format := range []string{"html", "json", "csv"} {
				var out bytes.Buffer
				if err := m.Report(&out, issued, format, a, m.state.Now()); err != nil {
					t.Fatal(err)
				}
				none(string(a)+" report "+issued+" "+format, out.Bytes())
			}
		}
	}
	public, err := m.state.View(trucewatch.ForPublic, trucewatch.Interval{}, trucewatch.Interval{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range public.Findings {
		x, err := m.ExhibitFinding(f.ID)
		if err != nil {
			t.Fatal(err)
		}
		none("exhibit "+string(f.ID), exhibit.Encode(x))
	}
}

// attributions returns what would show somebody who is responsible: the sentence of
// each language, each ground of it, as text, as markup and as JSON write it; and how
// many findings name a party.
func attributions(m *Mission) (traces []string, named int) {
	seen := map[string]bool{}
	add := func(text string) {
		for _, form := range []string{text, strings.ReplaceAll(text, "'", "&#39;")} {
			if len(form) > 12 && !seen[form] {
				seen[form] = true
				traces = append(traces, form)
			}
		}
	}
	for f := range m.state.Findings() {
		if f.Attribution.Party == "" && len(f.Attribution.Alternatives) == 0 {
			continue
		}
		if f.Attribution.Party != "" {
			named++
		}
		for _, ground := range f.Attribution.Basis {
			add(ground)
		}
		silent := *f
		silent.Attribution = trucewatch.Attribution{Level: trucewatch.WithheldAttribution}
		for _, language := range judge.Languages() {
			add(difference(judge.Explain(f, language), judge.Explain(&silent, language)))
		}
	}
	return append(traces, `"alternatives":[`, `"level":"party"`, `"level":"area_of_control"`), named
}

// difference returns the middle of a that b does not have.
func difference(a, b string) string {
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return a
}
