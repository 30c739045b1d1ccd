// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/examples"
	"github.com/trucewatch/trucewatch/geo"
)

// table reads a CSV of an example as rows by column name.
func table(t *testing.T, name string) []map[string]string {
	t.Helper()
	f, err := examples.Files.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]string
	for _, row := range rows[1:] {
		m := map[string]string{}
		for i, column := range rows[0] {
			m[column] = row[i]
		}
		all = append(all, m)
	}
	return all
}

func TestGenevaJudgesNothing(t *testing.T) {
	s := load(t, "geneva-2026").State()
	if len(s.Agreements()) != 0 {
		t.Errorf("%d agreements; none was made", len(s.Agreements()))
	}
	for f := range s.Findings() {
		t.Errorf("finding %s without an agreement", f.ID)
	}
	for c := range s.Cases() {
		t.Errorf("case %s without an agreement", c.ID)
	}
}

// TestGenevaStatements: who said what, through which channel and relay, and what
// the report does not print.
func TestGenevaStatements(t *testing.T) {
	v := view(t, load(t, "geneva-2026"), trucewatch.ForMission)
	if len(v.Statements) != 12 {
		t.Fatalf("%d statements, want 12", len(v.Statements))
	}
	said := map[string]trucewatch.Statement{}
	for _, st := range v.Statements {
		said[st.Statement.NativeID] = st.Statement
		if st.Statement.Channel == "" || st.Statement.Speaker == "" || st.Statement.URL == "" || len(st.Statement.Inferred) == 0 {
			t.Errorf("%s: speaker %q, channel %q, address %q, inferred %q", st.Statement.NativeID, st.Statement.Speaker, st.Statement.Channel, st.Statement.URL, st.Statement.Inferred)
		}
	}
	for _, want := range []struct {
		id, channel, relay string
		inferred           []string
	}{
		{"g-01", "remarks after a telephone call with the delegation", "news agency", []string{"said_at", "published_at"}},
		{"g-02", "voice message to journalists", "news agency", []string{"said_at", "published_at"}},
		{"g-03", "post on social media", "news agency", []string{"said_at"}},
		{"g-08", "as reported", "news agency", []string{"said_at", "speaker"}},
		{"g-09", "report", "", []string{"published_at"}},
	} {
		st := said[want.id]
		if st.Channel != want.channel || st.RelayedBy != want.relay || !slices.Equal(st.Inferred, want.inferred) {
			t.Errorf("%s: channel %q, relayed by %q, inferred %q; want %+v", want.id, st.Channel, st.RelayedBy, st.Inferred, want)
		}
	}
}

func TestGenevaNumbersAreTheirPublishers(t *testing.T) {
	have := map[string]int64{}
	for v := range load(t, "geneva-2026").State().Tallies() {
		have[v.Tally.Claimant+": "+v.Tally.Category] = v.Tally.Count.Value
		if v.Tally.WindowText != "overnight" || !slices.Equal(v.Tally.Inferred, []string{"from", "till", "reported_at"}) {
			t.Errorf("%s: window %q, inferred %q: the report says overnight and nothing more", v.Tally.Category, v.Tally.WindowText, v.Tally.Inferred)
		}
	}
	want := map[string]int64{"Ukrainian air force: long-range drones launched": 126, "Ukrainian air force: ballistic missiles launched": 1}
	if fmt.Sprint(have) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", have, want)
	}
}

// TestGenevaCasualtiesStayReported: an agency relays what an official said: that
// is possible, never more.
func TestGenevaCasualtiesStayReported(t *testing.T) {
	m := load(t, "geneva-2026")
	const probable = 600_000 // of the scale that every example agreement uses
	n := 0
	for in := range m.State().Incidents() {
		n++
		for _, r := range m.State().Members(in) {
			o := r.Observation
			if o.Kind != "casualty" || o.Casualty == nil || o.Casualty.Status != "reported" || !o.Has(trucewatch.InferredTime) {
				t.Errorf("%s: %s, %+v, marks %q", o.NativeID, o.Kind, o.Casualty, o.Marks)
			}
		}
		if in.Confidence >= probable {
			t.Errorf("incident %v: confidence %d ppm, above possible", in.ID, in.Confidence)
		}
	}
	if n != 2 {
		t.Errorf("%d incidents, want one killed and two injured apart", n)
	}
}

// tallyOf finds a number of the measures' mission.
func tallyOf(t *testing.T, issue, area string, running bool) *trucewatch.TallyView {
	t.Helper()
	for v := range load(t, "measures-2020").State().Tallies() {
		if v.Tally.Issue == issue && v.Tally.Area == area && v.Tally.Running == running && v.Tally.Category == "ceasefire violations" {
			return v
		}
	}
	t.Fatalf("no number of report %s for %s", issue, area)
	return nil
}

// TestMeasuresRunningTotals: 111 on the first day; the totals since then stand as
// published and are no numbers of their days.
func TestMeasuresRunningTotals(t *testing.T) {
	if n := tallyOf(t, "178/2020", "Donetsk region", false).Tally.Count.Value; n != 111 {
		t.Errorf("first day: %d, want 111", n)
	}
	var have []int64
	for v := range load(t, "measures-2020").State().Tallies() {
		if v.Tally.Running && v.Tally.Issue < "188/2020" && strings.HasSuffix(v.Tally.Issue, "/2020") {
			have = append(have, v.Tally.Count.Value)
		}
	}
	if want := []int64{111, 121, 123, 251, 256}; !slices.Equal(have, want) {
		t.Errorf("running totals %v, want %v", have, want)
	}
	s := load(t, "measures-2020").State()
	day, total := tallyOf(t, "178/2020", "Donetsk region", false), tallyOf(t, "178/2020", "both regions", true)
	if _, err := s.Compare(day.Tally.Key, total.Tally.Key); err == nil || !strings.Contains(err.Error(), "running total") {
		t.Errorf("a running total is compared with a day's: %v", err)
	}
}

// TestMeasuresPreviousPeriods: every statement about the period before is held
// to the report of that period, where the example has it; only report 203/2021,
// which speaks of 24 hours of a period of two days, does not speak of the same.
func TestMeasuresPreviousPeriods(t *testing.T) {
	rows := table(t, "measures-2020/tallies.csv")
	type series struct{ area, till string }
	days := map[series]map[string]string{}
	for _, row := range rows {
		if row["running"] == "" && row["category"] == "ceasefire violations" {
			days[series{row["area"], row["till"]}] = row
		}
	}
	agree := 0
	for _, row := range rows {
		if row["previous"] == "" {
			continue
		}
		v := tallyOf(t, row["issue"], row["area"], false)
		before := days[series{row["area"], row["from"]}]
		switch {
		case row["issue"] == "203/2021":
			if len(v.Flags) != 1 || len(v.Agrees) != 0 {
				t.Errorf("203/2021, %s: flags %q, agrees %q: it tells of 24 hours of two days", row["area"], v.Flags, v.Agrees)
			}
		case before == nil || row["previous_span"] != "period":
			if len(v.Flags)+len(v.Agrees) != 0 {
				t.Errorf("%s, %s: flags %q, agrees %q, and there is nothing to hold it against", row["issue"], row["area"], v.Flags, v.Agrees)
			}
		default:
			if row["previous"] != before["count"] {
				t.Fatalf("%s, %s: the test's own data do not agree", row["issue"], row["area"])
			}
			agree++
			if len(v.Flags) != 0 || len(v.Agrees) != 1 {
				t.Errorf("%s, %s: flags %q, agrees %q: it says %s, as report %s does", row["issue"], row["area"], v.Flags, v.Agrees, row["previous"], before["issue"])
			}
		}
	}
	if agree != 19 { // counted in the reports: 1 in July 2020, 18 in 2021
		t.Errorf("%d statements about the period before agree, want 19", agree)
	}
}

func TestMeasuresExerciseDays(t *testing.T) {
	for area, want := range map[string][2]int64{"Donetsk region": {257, 154}, "Luhansk region": {81, 40}} {
		v := tallyOf(t, "295/2021", area, false)
		if v.Tally.Exercise == nil || v.Tally.Count.Value != want[0] || v.Tally.Exercise.Value != want[1] {
			t.Errorf("%s: %d, of it exercise %+v; want %v", area, v.Tally.Count.Value, v.Tally.Exercise, want)
		}
	}
}

// TestMeasuresObservationsLieBeforeTheMeasures: all fifteen come out as out of
// scope, each by itself, and open no case.
func TestMeasuresObservationsLieBeforeTheMeasures(t *testing.T) {
	m := load(t, "measures-2020")
	judged := map[string]trucewatch.Result{}
	for f := range m.State().Findings() {
		refs := members(m, m.State().Incident(*f.Subject.Incident))
		if len(refs) != 1 {
			t.Errorf("%s: joined from %q", f.ID, refs)
		}
		judged[refs[0]] = f.Result
	}
	for i := 1; i <= 15; i++ {
		if ref := fmt.Sprintf("d%02d", i); judged[ref] != trucewatch.OutOfScope {
			t.Errorf("%s: %q, want out_of_scope", ref, judged[ref])
		}
	}
	for c := range m.State().Cases() {
		if refs := members(m, m.State().Incident(*c.Incident)); strings.HasPrefix(refs[0], "d") {
			t.Errorf("case %s about %s, which lies before the measures", c.ID, refs[0])
		}
	}
}

// TestMeasuresAreJudged: each count of explosions of a region and period under the
// measures is probably a breach of measure 2, "a ban on any fire": the mission's own
// published report is one means, and a breach of severity 3 is confirmed by two. As
// the text lets the mission adjudicate nothing, and the reports tell no place,
// nobody is named.
func TestMeasuresAreJudged(t *testing.T) {
	m := load(t, "measures-2020")
	want := map[string]int64{} // explosions by report and region, as the tallies have them
	for _, row := range table(t, "measures-2020/tallies.csv") {
		if n, err := strconv.ParseInt(row["count"], 10, 64); row["category"] == "explosions" && err == nil && n > 0 {
			region, _, _ := strings.Cut(row["area"], " ")
			want[row["issue"]+" "+region] = n
		}
	}
	if len(want) != 48 {
		t.Fatalf("%d counts of explosions, want 48", len(want))
	}
	for f := range m.State().Findings() {
		in := m.State().Incident(*f.Subject.Incident)
		ref := members(m, in)[0]
		if strings.HasPrefix(ref, "d") {
			continue
		}
		if f.Act != "M2-heavy" || f.Result != trucewatch.ProbableViolation || f.Severity != 3 || f.Confidence != 600_000 ||
			f.Attribution.Party != "" || f.Basis != "measure 2" {
			t.Errorf("%s, %s: %s %s, severity %d, confidence %d, of %q", ref, f.ID, f.Act, f.Result, f.Severity, f.Confidence, f.Attribution.Party)
		}
		if len(in.Phenomena) != 1 || in.Phenomena[0].Kind != trucewatch.Explosion || in.Phenomena[0].Count.Value != want[ref] {
			t.Errorf("%s: %+v, want %d explosions", ref, in.Phenomena, want[ref])
		}
		delete(want, ref)
	}
	for ref := range want {
		t.Errorf("%s was not judged", ref)
	}
}

// TestMeasuresPlaces: distances and directions of several rows, read by hand. A
// direction of the 16-point rose is 22.5 degrees wide.
func TestMeasuresPlaces(t *testing.T) {
	const km = 1_000_000
	station := geo.Position{LatE7: 480420000, LonE7: 377450000}
	horlivka := geo.Position{LatE7: 483042000, LonE7: 380264000}
	arc := func(middle float64) geo.Arc {
		from, till := middle-11.25, middle+11.25
		if from < 0 {
			from += 360
		}
		return geo.Arc{FromMdeg: int32(from * 1000), TillMdeg: int32(till * 1000)}
	}
	for _, want := range []struct {
		ref          string
		center       geo.Position
		rMin, rMax   int64
		arcs         []geo.Arc
		kind         geo.RegionKind
		count, up    int64
		qualifier    trucewatch.Qualifier
		from, before string
	}{
		{"d01", station, 3 * km, 8 * km, []geo.Arc{arc(0), arc(45), arc(270), arc(315)}, geo.Sector, 140, 0, "exact", "2015-07-31T21:00:00Z", "2015-08-01T20:59:59.999999Z"},
		{"d08", station, 3 * km, 8 * km, []geo.Arc{arc(22.5), arc(247.5), arc(292.5), arc(337.5)}, geo.Sector, 32, 0, "exact", "2015-08-24T05:15:00Z", "2015-08-24T14:30:00Z"},
		{"d10", station, 3 * km, 4 * km, []geo.Arc{arc(270)}, geo.Sector, 4, 0, "exact", "2015-10-06T06:34:00Z", "2015-10-06T09:02:00Z"},
		{"d11", station, 4 * km, 5 * km, []geo.Arc{arc(45)}, geo.Sector, 1, 0, "exact", "2015-10-06T14:51:00Z", "2015-10-06T14:51:00Z"},
		{"d12", horlivka, 2 * km, 3 * km, []geo.Arc{arc(45)}, geo.Sector, 15, 20, "about", "2016-08-30T16:11:00Z", "2016-08-30T17:00:00Z"},
		{"d15", station, 2 * km, 5 * km, []geo.Arc{{}}, geo.Sector, 3, 0, "exact", "2016-08-23T05:30:00Z", "2016-08-23T10:20:00Z"},
	} {
		o := observation(t, load(t, "measures-2020"), want.ref)
		r := o.Where.Region
		if r.Kind != want.kind || r.Center != want.center || r.RMinMM != want.rMin || r.RMaxMM != want.rMax || !slices.Equal(r.Arcs, want.arcs) {
			t.Errorf("%s: region %+v", want.ref, r)
		}
		if o.Count.Value != want.count || o.Count.High != want.up || o.Count.Qualifier != want.qualifier {
			t.Errorf("%s: count %+v", want.ref, o.Count)
		}
		if o.When.From.String() != want.from || o.When.Till.String() != want.before {
			t.Errorf("%s: %v to %v, want %s to %s", want.ref, o.When.From, o.When.Till, want.from, want.before)
		}
	}
	crater := observation(t, load(t, "measures-2020"), "d07").Where.Region
	if crater.Kind != geo.Ellipse || crater.SemiMajorMM != 1*km || crater.SemiMinorMM != 1*km {
		t.Errorf("d07: craters at the observer's own place: %+v", crater)
	}
}

// TestEasterTalliesCannotBeCompared: each pair of numbers of the two sides is
// refused, with the reason.
func TestEasterTalliesCannotBeCompared(t *testing.T) {
	s := load(t, "easter-truces").State()
	sides := map[string][]trucewatch.Tally{}
	for v := range s.Tallies() {
		sides[v.Tally.Claimant] = append(sides[v.Tally.Claimant], v.Tally)
	}
	one, other := sides["Ministry of Defence of the Russian Federation"], sides["President of Ukraine"]
	if len(one) != 10 || len(other) != 5 {
		t.Fatalf("%d and %d numbers, want 10 and 5", len(one), len(other))
	}
	for _, a := range one {
		for _, b := range other {
			_, err := s.Compare(a.Key, b.Key)
			if err == nil || !strings.Contains(err.Error(), "the units differ") || !strings.Contains(err.Error(), a.Count.Unit) || !strings.Contains(err.Error(), b.Count.Unit) {
				t.Errorf("%s and %s: %v", a.Count.Unit, b.Count.Unit, err)
			}
		}
	}
}

// TestEasterWindowsAreNotAssessable: one window of 2025, two readings of 2026;
// none of them can be judged from what was recorded, and each says why.
func TestEasterWindowsAreNotAssessable(t *testing.T) {
	fires := table(t, "easter-truces/fires-2026.csv")
	between := func(from, till string) (n int) {
		for _, f := range fires {
			if f["seen_at_utc"] >= from && f["seen_at_utc"] <= till {
				n++
			}
		}
		return n
	}
	want := map[string]string{
		"":      "nothing was observed: silence of the record is not peace on the ground",
		"local": strconv.Itoa(between("2026-04-11T13:00:00Z", "2026-04-12T21:00:00Z")) + " of thermal anomaly by satellite thermal: no act of the agreement is shown by it alone",
		"utc":   strconv.Itoa(between("2026-04-11T16:00:00Z", "2026-04-13T00:00:00Z")) + " of thermal anomaly by satellite thermal: no act of the agreement is shown by it alone",
	}
	n := 0
	for f := range load(t, "easter-truces").State().Findings() {
		n++
		if f.Result != trucewatch.NotAssessable || f.Attribution.Party != "" || len(f.WouldChange) == 0 {
			t.Errorf("%s: %s, attribution %+v, would change %q", f.ID, f.Result, f.Attribution, f.WouldChange)
		}
		if !slices.ContainsFunc(f.Reasons, func(r trucewatch.Reason) bool { return r.Text == want[f.Reading] }) {
			t.Errorf("%s: reasons %+v, want %q", f.ID, f.Reasons, want[f.Reading])
		}
		if f.Reading != "" && !slices.ContainsFunc(f.Reasons, func(r trucewatch.Reason) bool { return len(r.Because) == 2 }) {
			t.Errorf("%s: does not name both readings", f.ID)
		}
	}
	if n != 3 {
		t.Errorf("%d windows, want 3", n)
	}
}
