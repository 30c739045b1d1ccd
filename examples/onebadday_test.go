// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"encoding/csv"
	"slices"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/examples"
)

// An expectation is a row of one-bad-day/expected.csv, which was written by
// hand from the agreement's text and the observations.
type expectation struct{ ref, act, result, attribution string }

const (
	rule    = "r-*" // what holds for each radar track that no row names
	nothing = "-"   // no finding at all
)

func expectations(t *testing.T) []expectation {
	t.Helper()
	f, err := examples.Files.Open("one-bad-day/expected.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var all []expectation
	for _, row := range rows[1:] {
		if row[4] == "" {
			t.Errorf("%s %s: no reason is given", row[0], row[1])
		}
		all = append(all, expectation{row[0], row[1], row[2], row[3]})
	}
	return all
}

func attribution(a trucewatch.Attribution) string {
	return strings.TrimSpace(string(a.Level) + " " + string(a.Party))
}

// TestOneBadDay holds each finding to the expected one, and each expectation to
// a finding.
func TestOneBadDay(t *testing.T) {
	s := load(t, "one-bad-day").State()
	want := map[string][]expectation{} // by ref
	for _, e := range expectations(t) {
		want[e.ref] = append(want[e.ref], e)
	}
	var refs []string
	for in := range s.Incidents() {
		refs = append(refs, members(load(t, "one-bad-day"), in)...)
	}
	for _, ref := range refs {
		if want[ref] == nil && strings.HasPrefix(ref, "SIM-r-") {
			for _, e := range want[rule] {
				e.ref = ref
				want[ref] = append(want[ref], e)
			}
		}
		if want[ref] == nil {
			t.Errorf("%s: nothing says what is to come of it", ref)
		}
	}
	met := map[expectation]bool{}
	for f := range s.Findings() {
		if f.State == "withdrawn" || f.Subject.Incident == nil {
			continue
		}
		for _, ref := range members(load(t, "one-bad-day"), s.Incident(*f.Subject.Incident)) {
			have := expectation{ref, string(f.Act), string(f.Result), attribution(f.Attribution)}
			if !slices.Contains(want[ref], have) {
				t.Errorf("%s: have %s %s (%s), want one of %v", ref, have.act, have.result, have.attribution, want[ref])
			}
			met[have] = true
		}
	}
	for ref, all := range want {
		for _, e := range all {
			switch {
			case ref == rule:
			case !slices.Contains(refs, ref):
				t.Errorf("%s: expected, and there is no such observation", ref)
			case e.act != nothing && !met[e]:
				t.Errorf("%s: expected %s %s (%s), and there is no such finding", ref, e.act, e.result, e.attribution)
			}
		}
	}
}

// TestOneBadDayBelongsTogether: what is one event to whoever reads the rows is
// one incident, and nothing else is joined.
func TestOneBadDayBelongsTogether(t *testing.T) {
	m := load(t, "one-bad-day")
	together := []string{
		"SIM-b-602 SIM-p-101 SIM-p-102 SIM-s-401 SIM-t-501", // one shelling from south-east of Novyi Yar
		"SIM-c-201 SIM-c-202",                               // one exchange before one camera
		"SIM-h-701 SIM-p-106 SIM-p-107 SIM-u-305",           // one drone, its crater and the child it injured
		"SIM-n-missile SIM-r-missile",                       // one missile
		"SIM-f-005 SIM-n-005", "SIM-f-014 SIM-n-014", "SIM-f-023 SIM-n-023", "SIM-f-032 SIM-n-032", "SIM-f-041 SIM-n-041", "SIM-f-050 SIM-n-050",
	}
	var have []string
	for in := range m.State().Incidents() {
		if refs := members(m, in); len(refs) > 1 {
			have = append(have, strings.Join(refs, " "))
		}
	}
	slices.Sort(have)
	slices.Sort(together)
	if !slices.Equal(have, together) {
		t.Errorf("joined: %q\nwant:   %q", have, together)
	}
}

// TestOneBadDayTalliesStayApart: 126 drones launched is what one side says; it
// is neither added to nor compared with what the sensors saw, or with the other
// side's shellings.
func TestOneBadDayTalliesStayApart(t *testing.T) {
	s := load(t, "one-bad-day").State()
	tallies := map[string]trucewatch.Tally{}
	for v := range s.Tallies() {
		tallies[v.Tally.NativeID] = v.Tally
	}
	if tallies["ta-1"].Count.Value != 126 || tallies["ta-2"].Count.Value != 1 || tallies["tb-1"].Count.Value != 41 {
		t.Errorf("tallies: %+v", tallies)
	}
	for _, pair := range [][2]string{{"ta-1", "tb-1"}, {"ta-1", "ta-2"}} {
		_, err := s.Compare(tallies[pair[0]].Key, tallies[pair[1]].Key)
		if err == nil || !strings.Contains(err.Error(), "the units differ") {
			t.Errorf("%v are compared: %v", pair, err)
		}
	}
}

func TestOneBadDaySaysSimulated(t *testing.T) {
	m := load(t, "one-bad-day")
	for in := range m.State().Incidents() {
		for _, ref := range members(m, in) {
			if !strings.HasPrefix(ref, "SIM-") {
				t.Errorf("row %s does not say that it is simulated", ref)
			}
		}
	}
	for _, a := range []trucewatch.Audience{trucewatch.ForMission, trucewatch.ForPublic} {
		for _, format := range []string{"html", "json", "csv"} {
			var out strings.Builder
			if err := m.Report(&out, "2026-04-13", format, a, 0); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(strings.ToLower(out.String()), "simulated") {
				t.Errorf("the %s report for the %s does not say that it is simulated", format, a)
			}
		}
	}
}

// TestOneBadDaySeverities: those that do not follow from the act alone.
func TestOneBadDaySeverities(t *testing.T) {
	m := load(t, "one-bad-day")
	want := map[string]int{
		"K2 SIM-p-109":     1, // only the notice was late
		"K2 SIM-c-201":     3,
		"A1 SIM-c-205":     2,
		"K5 SIM-r-missile": 4,
	}
	for f := range m.State().Findings() {
		if f.Subject.Incident == nil {
			continue
		}
		for _, ref := range members(m, m.State().Incident(*f.Subject.Incident)) {
			if severity, ok := want[string(f.Act)+" "+ref]; ok && f.State != "withdrawn" && int(f.Severity) != severity {
				t.Errorf("%s %s: severity %d, want %d", f.Act, ref, f.Severity, severity)
			}
		}
	}
}
