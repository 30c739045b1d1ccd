// SPDX-License-Identifier: Apache-2.0

// Package report writes the daily report of a mission: one self-contained HTML
// file with its style in it and no script, the same as JSON, and a table as
// CSV.
//
// The HTML is the artefact whose hash enters the record, so that it is a pure
// function of the View and the Options: the same input gives the same bytes.
// The order of its parts follows the daily reports of earlier missions
// (docs/glossary.md); what it adds are three counts kept apart, each with its
// rule, the statement of coverage, corrections, what is not judged, and how to
// verify it. Zero is stated. What was observed or recorded never stands in one
// table with what was only claimed.
package report

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/publish/svg"
	"github.com/trucewatch/trucewatch/publish/wording"
)

// A Place is a name shown on the map, and an area of the table by area if it is
// a town or a city.
type Place = svg.Place

// Options are what a report needs besides the View.
type Options struct {
	Date       string          // day of issue, "2026-04-12"
	Zone       *time.Location  // in which times are written; nil: UTC
	Checkpoint string          // signed note of the record at the View's index; "": not given
	State      trucewatch.Hash // digest of the state that the View was made from; zero: not given
	// Code leads to the entry of the record which commits to what the report shows,
	// and Commits says what that is, "cut-off 2026-04-11"; "": none does yet.
	Code, Commits string
	Places        []Place
	Days          []trucewatch.Bin // incidents of the last days, for the long chart; nil: no such chart
}

//go:embed report.html
var layout string

//go:embed report.css
var style string

// HTML writes the report as one file.
func HTML(w io.Writer, v trucewatch.View, o Options) error {
	t, err := template.New("report").Funcs(functions()).Parse(layout)
	if err != nil {
		return fmt.Errorf("report: layout: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, compose(v, o)); err != nil {
		return fmt.Errorf("report: write %s: %w", o.Date, err)
	}
	if _, err := io.WriteString(w, wording.Visible(b.String())); err != nil {
		return fmt.Errorf("report: write %s: %w", o.Date, err)
	}
	return nil
}

// A Head says of what a report in JSON is.
type Head struct {
	Title      string              `json:"title"`
	Date       string              `json:"date"`
	Number     int64               `json:"number"` // of the reporting period, from 1
	Audience   trucewatch.Audience `json:"audience"`
	Simulated  bool                `json:"simulated,omitempty"`
	Mode       trucewatch.Mode     `json:"mode"`
	Code       string              `json:"code,omitempty"` // "": the record does not commit to this report yet
	Commits    string              `json:"commits,omitempty"`
	Checkpoint string              `json:"checkpoint,omitempty"`
	State      trucewatch.Hash     `json:"state,omitzero"`
}

// JSON writes the report's View with its head.
func JSON(w io.Writer, v trucewatch.View, o Options) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", " ")
	head := Head{title(v), o.Date, number(v), v.Audience, v.Mission.Simulated, v.Mission.Mode, o.Code, o.Commits, o.Checkpoint, o.State}
	if err := e.Encode(struct {
		Report Head            `json:"report"`
		View   trucewatch.View `json:"view"`
	}{head, v}); err != nil {
		return fmt.Errorf("report: json of %s: %w", o.Date, err)
	}
	if _, err := w.Write(wording.Escape(b.Bytes())); err != nil {
		return fmt.Errorf("report: json of %s: %w", o.Date, err)
	}
	return nil
}

func title(v trucewatch.View) string { return "Daily report, " + v.Mission.Title }

// number counts reporting periods from the mission's first. Periods follow the
// local clock, so that one may have 23 or 25 hours.
func number(v trucewatch.View) int64 {
	if v.Period.IsZero() || v.Period.From < v.Mission.Epoch {
		return 1
	}
	return int64((v.Period.From-v.Mission.Epoch+trucewatch.Day/2)/trucewatch.Day) + 1
}

func functions() template.FuncMap {
	return template.FuncMap{
		"kind": wording.Kind, "result": wording.Result, "severity": wording.Severity, "count": wording.Count, "share": wording.Share, "held": wording.Held,
		"audience": wording.Audience, "decided": wording.Decided, "plural": wording.Plural, "unbroken": wording.Unbroken, "what": wording.What, "place": wording.Place,
		"words": func(s any) string { return wording.Words(fmt.Sprint(s)) },
		"join":  func(list []string) string { return strings.Join(list, ", ") },
		"n":     func(n int64) string { return wording.Number(n) },
		"index": func(n uint64) string { return wording.Number(int64(min(n, 1<<63-1))) },
		"symbol": func(k trucewatch.Kind, word, state string) template.HTML {
			return svg.Symbol(k, svg.FillOf(word, state))
		},
		"list": func(list []trucewatch.IncidentView, p paper) map[string]any {
			return map[string]any{"List": list, "Paper": p}
		},
		"seen": wording.Seen, "sight": wording.Coverage, "statuses": statuses,
		"rate":   func(r *trucewatch.Range) string { return wording.Rate(*r) },
		"hidden": func(f trucewatch.FindingView, field string) bool { return slices.Contains(f.Withheld, field) },
		"on": func(p paper, s *trucewatch.Standing) map[string]any {
			return map[string]any{"Paper": p, "Standing": s}
		},
		"reasons": func(list []trucewatch.Reason) map[string]any { return map[string]any{"List": list} },
	}
}
