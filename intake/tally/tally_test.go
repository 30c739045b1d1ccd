// SPDX-License-Identifier: Apache-2.0

package tally

import (
	"bytes"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/intake"
)

const header = "claimant,against,from,till,window_text,area,category,unit,count,qualifier,part_of,running,previous,previous_span,exercise,issue,reported_at,inferred,text,url,id"

var source = trucewatch.Source{ID: "press", Kind: trucewatch.PressSource}

func parse(t testing.TB, o intake.Options, rows string) []trucewatch.Submission {
	t.Helper()
	o.Source = source
	var all []trucewatch.Submission
	if err := Parse(o, strings.NewReader(header+"\n"+rows+"\n"), func(s trucewatch.Submission) error {
		all = append(all, s)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestColumnsAreNamed(t *testing.T) {
	if got := strings.NewReplacer("[", "", "]", "").Replace(intake.Names(columns())); got != header {
		t.Errorf("%s\nwant %s", got, header)
	}
}

func TestTally(t *testing.T) {
	s := parse(t, intake.Options{}, `Ministry of Party A,B,2026-04-11T16:00:00+03:00,2026-04-13T00:00:00+03:00,whole truce,sector north,short_range_drone,ministry_a/strike,"over 3,300",,total,false,2900,period,about 12,12/2026,2026-04-13T05:19:00Z,till; area,"over 3,300 strikes",https://example.org/12,t-1`)[0]
	if s.Tally == nil {
		t.Fatal(s.Rejection.Reason)
	}
	v := s.Tally
	if v.Count != (trucewatch.Count{Value: 3300, Qualifier: trucewatch.AtLeast, Unit: "ministry_a/strike"}) {
		t.Errorf("count %+v", v.Count)
	}
	if v.Window.From.String() != "2026-04-11T13:00:00Z" || v.Window.Till.String() != "2026-04-12T21:00:00Z" || v.ReportedAt.String() != "2026-04-13T05:19:00Z" {
		t.Errorf("window %v, reported %v", v.Window, v.ReportedAt)
	}
	if *v.Previous != (trucewatch.PreviousTally{Value: 2900, Span: "period"}) || v.Exercise.Value != 12 || v.Exercise.Unit != v.Count.Unit {
		t.Errorf("previous %+v exercise %+v", v.Previous, v.Exercise)
	}
	if v.PartOf != "total" || v.Issue != "12/2026" || strings.Join(v.Inferred, "|") != "till|area" || v.NativeID != "t-1" {
		t.Errorf("%+v", v)
	}
}

func TestWindow(t *testing.T) {
	row := func(from, till string) string { return "A,," + from + "," + till + ",,,total,u,1,,,,,,,,,,,," }
	for _, tt := range []struct{ from, till, zone, want string }{
		{"", "", "", "none"},
		{"2026-04-11", "2026-04-12", "Europe/Kyiv", "2026-04-10T21:00:00Z/2026-04-12T20:59:59.999999Z"},
		{"2026-04-11T00:00:00Z", "", "", "2026-04-11T00:00:00Z/open"},
		{"2026-04-11", "", "", "error: no zone"},
		{"", "2026-04-11T00:00:00Z", "", "error: from: missing"},
		{"2026-04-12T00:00:00Z", "2026-04-11T00:00:00Z", "", "error: ends"},
	} {
		s := parse(t, intake.Options{Zone: tt.zone}, row(tt.from, tt.till))[0]
		got := ""
		switch {
		case s.Rejection != nil:
			got = "error: " + s.Rejection.Reason
		case s.Tally.Window.IsZero():
			got = "none"
		case s.Tally.Window.Till == 0:
			got = s.Tally.Window.From.String() + "/open"
		default:
			got = s.Tally.Window.From.String() + "/" + s.Tally.Window.Till.String()
		}
		part, isError := strings.CutPrefix(tt.want, "error: ")
		if !isError && got != tt.want || isError && (s.Rejection == nil || !strings.Contains(got, part)) {
			t.Errorf("%q to %q: %s, want %s", tt.from, tt.till, got, tt.want)
		}
	}
}

func TestRefusedRows(t *testing.T) {
	for _, tt := range []struct{ row, want string }{
		{",,,,,,total,u,1,,,,,,,,,,,,", "claimant: invalid: missing"},
		{"A,,,,,,,u,1,,,,,,,,,,,,", "category: invalid: missing"},
		{"A,,,,,,total,,1,,,,,,,,,,,,", "a number without a unit cannot be compared"},
		{"A,,,,,,total,u,,,,,,,,,,,,,", "count: missing"},
		{"A,,,,,,total,u,about 5,exact,,,,,,,,,,,x,", "22 cells"},
		{"A,,,,,,total,u,about 5,at_least,,,,,,,,,,,", "says about and the qualifier at_least"},
		{"A,,,,,,total,u,1,,,yes,,,,,,,,,", "running"},
		{"A,,,,,,total,u,1,,,,5,week,,,,,,,", "previous.span"},
		{"A,,,,,,total,u,1,,,,x,period,,,,,,,", "previous"},
		{"A,,,,,,total,u,1,,,,,,some,,,,,,", "exercise"},
	} {
		if r := parse(t, intake.Options{}, tt.row)[0].Rejection; r == nil || !strings.Contains(r.Reason, tt.want) {
			t.Errorf("%q: %+v, want %q", tt.row, r, tt.want)
		}
	}
}

func TestSourceIsNeeded(t *testing.T) {
	if err := Parse(intake.Options{File: "t.csv"}, strings.NewReader(header), nil); err == nil || !strings.Contains(err.Error(), "t.csv: no source given") {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(header + "\nA,B,2026-04-11,,,,total,u,\"over 3,300\",,,,1,24h,,,,,,,\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		_ = Parse(intake.Options{Source: source, Zone: "UTC"}, bytes.NewReader(data), func(s trucewatch.Submission) error {
			if s.Tally != nil && s.Tally.Check() != nil || (s.Tally == nil) == (s.Rejection == nil) {
				t.Errorf("%+v", s)
			}
			return nil
		})
	})
}
