// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func invented(t *testing.T) trucewatch.View {
	t.Helper()
	raw, err := os.ReadFile("../testdata/invented.json")
	if err != nil {
		t.Fatal(err)
	}
	var v trucewatch.View
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func options() Options {
	return Options{Date: "2031-05-13", Zone: time.FixedZone("IVT", -2*60*60), State: trucewatch.Hash{1, 2, 3},
		Checkpoint: "trucewatch.example/isk-valley\n181\nqqk6fS1p9Jw=\n\n— trucewatch.example/isk-valley AAAA\n",
		Places: []Place{{Name: "Karvo", Position: geo.Position{LatE7: 121_800_000, LonE7: -412_000_000}, Kind: "town"},
			{Name: "Ostrel", Position: geo.Position{LatE7: 123_100_000, LonE7: -414_200_000}, Kind: "city"}}}
}

func render(t *testing.T, v trucewatch.View, o Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := HTML(&b, v, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestGolden holds the words of the report. The golden file is its text, block
// by block, so that review reads what people read.
func TestGolden(t *testing.T) {
	got := words(t, render(t, invented(t), options()))
	golden := filepath.Join("testdata", "report.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		a, b := strings.Split(got, "\n"), strings.Split(string(want), "\n")
		for i := range min(len(a), len(b)) {
			if a[i] != b[i] {
				t.Fatalf("line %d: %q, golden %q (-update rewrites)", i+1, a[i], b[i])
			}
		}
		t.Fatalf("%d lines, golden %d (-update rewrites)", len(a), len(b))
	}
}

// words writes the text of a page, a line for each block and cells with bars.
func words(t *testing.T, page string) string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		switch {
		case n.Type == html.TextNode:
			b.WriteString(n.Data)
			return
		case n.Data == "svg" || n.Data == "style" || n.Data == "details":
			return
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
		switch n.Data {
		case "td", "th", "dt":
			b.WriteString(" | ")
		case "p", "li", "tr", "h1", "h2", "h3", "caption", "dd", "pre", "title":
			b.WriteString("\n")
		}
	}
	walk(doc)
	var out []string
	for line := range strings.SplitSeq(b.String(), "\n") {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n") + "\n"
}

func TestSameInputSameBytes(t *testing.T) {
	first := render(t, invented(t), options())
	if again := render(t, invented(t), options()); again != first {
		t.Error("two reports of the same View differ")
	}
}

func TestSaysWhatItMust(t *testing.T) {
	v := invented(t)
	page := words(t, render(t, v, options()))
	for _, want := range []string{
		"SIMULATED", "Daily report 42, issued on 2031-05-13", "drone sighted 1 (not comparable)", "explosion at least 18 (31)", "verified: 1",
		"Observed none” and “nobody looked” are different", "The numbers are not added", "trucewatch verify", "phenomena/largest-of-a-source@1",
		"Claimed by a party or reported by others, and not checked", "the text gives no test that observations could meet",
		"qqk6fS1p9Jw=", "Finding K2/104.0: now violation",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the report does not say %q", want)
		}
	}
	v.Mission.Simulated, v.Mission.Mode = false, trucewatch.Reenacted
	if page := render(t, v, options()); strings.Contains(strings.ReplaceAll(page, `<strong class="tag">SIMULATED`, ""), "SIMULATED") || !strings.Contains(page, "Re-enacted") {
		t.Error("a re-enacted mission's report is marked wrongly")
	}
}

func TestWithoutAgreementNothingIsJudged(t *testing.T) {
	v := invented(t)
	v.Agreements, v.Findings, v.Cases, v.Numbers, v.Corrected, v.Restricted = nil, nil, nil, nil, nil, nil
	for i := range v.Incidents {
		v.Incidents[i].Findings, v.Incidents[i].Results = nil, nil
	}
	page := words(t, render(t, v, options()))
	if !strings.Contains(page, "Nothing is agreed, so nothing is judged.") {
		t.Error("the report does not say that nothing is agreed")
	}
	for _, bad := range []string{"violation of", "Finding counts"} {
		if strings.Contains(page, bad) {
			t.Errorf("the report of a mission without agreement says %q", bad)
		}
	}
}

// TestEmpty holds that zero is stated.
func TestEmpty(t *testing.T) {
	v := invented(t)
	page := words(t, render(t, trucewatch.View{Mission: v.Mission, Audience: v.Audience, At: v.At, Agreements: v.Agreements, Period: v.Period}, Options{Date: "2031-05-13"}))
	for _, want := range []string{"No incident was observed or recorded", "No harm to persons is in the record", "No weapon sighting", "No tally", "No statement",
		"No case.", "No notification", "Weapons: 0 sightings", "not given: this copy cannot be tied to a record"} {
		if !strings.Contains(page, want) {
			t.Errorf("an empty report does not say %q", want)
		}
	}
}

func TestCSV(t *testing.T) {
	v := invented(t)
	v.Incidents[0].Place = "=cmd|'/c calc'!A1\u202e"
	v.Incidents[1].Place = " @SUM(1)"
	v.Incidents[2].Place = "a \"quoted\", place\nin two lines"
	var b bytes.Buffer
	if err := CSV(&b, v, options()); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 1+len(v.Incidents)+len(v.Findings) || rows[0][0] != "simulated" {
		t.Fatalf("%d rows, first %v", len(rows), rows[0])
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	place := column["place"]
	for i, want := range []string{"'=cmd|'/c calc'!A1[U+202E]", "' @SUM(1)", "a \"quoted\", place\nin two lines"} {
		if got := rows[1+i][place]; got != want {
			t.Errorf("place %d = %q, want %q", i, got, want)
		}
	}
	for i, row := range rows[1:] {
		if row[0] != "SIMULATED" {
			t.Errorf("row %d is not marked SIMULATED", i)
		}
		for c, cell := range row {
			numeric := c == column["latitude"] || c == column["longitude"]
			if !numeric && strings.ContainsRune("=+-@\t\r", (append([]rune(cell), ' '))[0]) {
				t.Errorf("row %d, %s: %q begins a formula", i, rows[0][c], cell)
			}
		}
	}
	v.Mission.Simulated = false
	b.Reset()
	if err := CSV(&b, v, options()); err != nil || strings.Contains(b.String(), "SIMULATED") || !strings.HasPrefix(b.String(), "mission,row,id") {
		t.Errorf("a real mission's table: %v, %.60q", err, b.String())
	}
}

func TestJSON(t *testing.T) {
	var b bytes.Buffer
	if err := JSON(&b, invented(t), options()); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Report Head            `json:"report"`
		View   trucewatch.View `json:"view"`
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Report.Number != 42 || !got.Report.Simulated || got.Report.State != (trucewatch.Hash{1, 2, 3}) || len(got.View.Incidents) != 12 {
		t.Errorf("report %+v with %d incidents", got.Report, len(got.View.Incidents))
	}
}

// TestHarmIsCountedWhateverTheIncidentIs: a child hurt by an explosion belongs
// to an incident that is an explosion.
func TestHarmIsCountedWhateverTheIncidentIs(t *testing.T) {
	in := trucewatch.IncidentView{ID: trucewatch.IncidentID{Index: 7}, Kind: trucewatch.Explosion,
		Phenomena: []trucewatch.Phenomena{{Kind: trucewatch.Explosion}, {Kind: trucewatch.CasualtySeen}},
		Observations: []trucewatch.ObservationView{
			{Recorded: trucewatch.Recorded{Observation: &trucewatch.Observation{Kind: trucewatch.Explosion, Weapon: &trucewatch.Weapon{Platform: trucewatch.Mortar}}}},
			{Recorded: trucewatch.Recorded{Observation: &trucewatch.Observation{Kind: trucewatch.CasualtySeen, Casualty: &trucewatch.Casualty{Injured: 1, Status: "verified"}}}},
		}}
	p := paper{View: trucewatch.View{Incidents: []trucewatch.IncidentView{in}}}
	p.split()
	if len(p.Harm) != 1 || p.HarmByWord[0] != "verified: 1" {
		t.Errorf("harm %v, in words %v; want one, verified", p.Harm, p.HarmByWord)
	}
	if len(p.Weapons) != 0 {
		t.Errorf("a weapon that was heard is listed among weapons seen: %v", p.Weapons)
	}
}

// TestPublicReportSaysNothingOfTheInsideOfCases: the public sees neither where
// weapons are stored nor what the parties answered, and is not told that there is
// no answer.
func TestPublicReportSaysNothingOfTheInsideOfCases(t *testing.T) {
	v := invented(t)
	v.Audience, v.Standing = trucewatch.ForPublic, nil
	for i, c := range v.Cases {
		v.Cases[i] = trucewatch.CaseView{Case: trucewatch.Case{ID: c.ID, State: "served", Opened: c.Opened, Findings: c.Findings}}
	}
	got := words(t, render(t, v, options()))
	for _, hidden := range []string{"answer came", "due and late", "Disengagement", "Windows of silence", "Statement of coverage", "Karvo depot"} {
		if strings.Contains(got, hidden) {
			t.Errorf("the public report says %q", hidden)
		}
	}
	if !strings.Contains(got, "3 cases were opened in the period.") {
		t.Error("the public report does not say how many cases were opened")
	}
}
