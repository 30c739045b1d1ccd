// SPDX-License-Identifier: Apache-2.0

package index

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// epoch is the start of the invented mission.
const epoch trucewatch.Instant = 1_770_000_000 * trucewatch.Second

var places = []string{"Stari Luky", "Novyi Yar", "Дубрівка", "100%_sure\\place", ""}

var sources = []*trucewatch.Source{
	{ID: "cam-1", Kind: trucewatch.CameraSource, Name: "Camera 1", Note: "sees north"},
	{ID: "sat-1", Kind: trucewatch.SatelliteSource, Licence: "invented"},
}

// invented makes an incident of the mission's view from a few numbers.
func invented(index uint64, row uint16, n int) *trucewatch.IncidentView {
	id := trucewatch.IncidentID{Index: index, Row: row}
	kinds := trucewatch.Kinds()
	when := epoch + trucewatch.Instant(n%5000)*trucewatch.Minute
	where := geo.Circle(geo.Position{LatE7: int32(480000000 + n*7919%1000000), LonE7: int32(370000000 + n*104729%2000000)}, 375_000)
	v := &trucewatch.IncidentView{
		ID: id, Kind: kinds[n%len(kinds)], When: trucewatch.Interval{From: when, Till: when + trucewatch.Instant(n%3)*trucewatch.Minute},
		Where: where, Place: places[n%len(places)], Precision: "exact", Confidence: trucewatch.PPM(n * 1001 % 1_000_000), Word: "possible",
		Phenomena: []trucewatch.Phenomena{{Kind: kinds[n%len(kinds)], Count: trucewatch.Count{Value: int64(n % 9), Qualifier: trucewatch.Exact}}},
		Sources:   1, MeansCount: 1, State: "open", Preferred: 0,
		Estimates: []trucewatch.Estimate{{Role: "seen", Method: "single pixel", Region: where, When: trucewatch.Interval{From: when, Till: when},
			Uses: []trucewatch.ObservationID{{Index: index, Row: row}}, Mode: "automatic", Status: "preliminary"}},
		Observations: []trucewatch.ObservationView{{
			Recorded: trucewatch.Recorded{
				ID: trucewatch.ObservationID{Index: index, Row: row}, Received: when + trucewatch.Hour, Source: sources[n%len(sources)],
				Observation: &trucewatch.Observation{Key: trucewatch.Hash{byte(n), byte(n >> 8), byte(n >> 16), 1}, Kind: kinds[n%len(kinds)], Means: trucewatch.Saw,
					Count: trucewatch.Count{Value: int64(n % 9), Qualifier: trucewatch.Exact}, Where: trucewatch.Place{Region: where},
					When: trucewatch.Interval{From: when, Till: when}},
			},
			Link: trucewatch.Link{Observation: trucewatch.ObservationID{Index: index, Row: row}, Gain: 1200, Share: 900_000},
		}},
		History: []trucewatch.Revision{{Index: index, What: "opened"}},
	}
	if n%4 == 0 {
		v.Findings = []trucewatch.FindingID{trucewatch.FindingID("K2/" + id.String())}
		v.Results = []trucewatch.Result{trucewatch.Results()[n/4%len(trucewatch.Results())]}
	}
	if n%11 == 0 {
		v.Where, v.Estimates, v.Preferred = geo.Region{}, nil, -1
	}
	if n%13 == 0 {
		v.When.Till = 0
	}
	return v
}

func open(t testing.TB, path string, a trucewatch.Audience) *Index {
	t.Helper()
	x, err := Open(path, a)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	return x
}

func begin(t testing.TB, x *Index) *Batch {
	t.Helper()
	b, err := x.Begin()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func commit(t testing.TB, b *Batch, entries uint64) {
	t.Helper()
	if err := b.Commit(entries, trucewatch.Hash{byte(entries)}); err != nil {
		t.Fatal(err)
	}
}

// fill puts incidents 0..n-1 and commits them as n entries.
func fill(t testing.TB, x *Index, n int) {
	t.Helper()
	b := begin(t, x)
	for i := range n {
		b.PutIncident(invented(uint64(i), 0, i))
	}
	commit(t, b, uint64(n))
}

// entries returns how many entries an index holds.
func entries(x *Index) uint64 {
	n, _ := x.At()
	return n
}

// A model is what an index should hold, asked in the plainest way.
type model struct {
	incidents []*trucewatch.IncidentView
	aliases   map[trucewatch.IncidentID]trucewatch.IncidentID
}

func (m *model) drop(id trucewatch.IncidentID) {
	m.incidents = slices.DeleteFunc(m.incidents, func(v *trucewatch.IncidentView) bool { return v.ID == id })
}

func (m *model) find(id trucewatch.IncidentID) *trucewatch.IncidentView {
	for range 64 {
		for _, v := range m.incidents {
			if v.ID == id {
				return v
			}
		}
		next, ok := m.aliases[id]
		if !ok {
			return nil
		}
		id = next
	}
	return nil
}

func (m *model) ask(q trucewatch.Query) []*trucewatch.IncidentView {
	var out []*trucewatch.IncidentView
	text := strings.ToLower(strings.TrimSpace(q.Text))
	for _, v := range m.incidents {
		till := v.When.Till
		if till == 0 {
			till = 1 << 62
		}
		box := bounds(v.Where)
		switch {
		case till < q.From, q.Till != 0 && v.When.From > q.Till,
			len(q.Kinds) > 0 && !slices.Contains(q.Kinds, v.Kind),
			len(q.Results) > 0 && !slices.ContainsFunc(v.Results, func(r trucewatch.Result) bool { return slices.Contains(q.Results, r) }),
			q.Box != nil && (v.Where.Kind == "" || box.Min.LatE7 > q.Box.Max.LatE7 || box.Max.LatE7 < q.Box.Min.LatE7 ||
				box.Min.LonE7 > q.Box.Max.LonE7 || box.Max.LonE7 < q.Box.Min.LonE7),
			text != "" && !strings.Contains(strings.ToLower(v.Place), text) && v.ID.String() != text &&
				!strings.Contains(strings.ReplaceAll(string(v.Kind), "_", " "), strings.ReplaceAll(text, "_", " ")):
			continue
		}
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b *trucewatch.IncidentView) int {
		first := cmp.Compare(b.When.From, a.When.From)
		switch q.Order {
		case trucewatch.Oldest:
			first = -first
		case trucewatch.MostCertain:
			first = cmp.Compare(b.Confidence, a.Confidence)
		}
		return cmp.Or(first, a.ID.Compare(b.ID))
	})
	return out
}

func drawQuery(t *rapid.T) trucewatch.Query {
	q := trucewatch.Query{
		Limit: rapid.IntRange(0, 5).Draw(t, "limit"), Offset: rapid.IntRange(0, 3).Draw(t, "offset"),
		Order:   rapid.SampledFrom([]string{"", trucewatch.Newest, trucewatch.Oldest, trucewatch.MostCertain}).Draw(t, "order"),
		Kinds:   rapid.SliceOfN(rapid.SampledFrom(trucewatch.Kinds()), 0, 20).Draw(t, "kinds"),
		Results: rapid.SliceOfN(rapid.SampledFrom(trucewatch.Results()), 0, 2).Draw(t, "results"),
		Text:    rapid.SampledFrom([]string{"", "", " luky ", "дубр", "%_", "3.1", "seen", "thermal anomaly"}).Draw(t, "text"),
	}
	if rapid.Bool().Draw(t, "timed") {
		q.From = epoch + trucewatch.Instant(rapid.IntRange(0, 60).Draw(t, "from"))*trucewatch.Minute
		q.Till = q.From + trucewatch.Instant(rapid.IntRange(0, 60).Draw(t, "length"))*trucewatch.Minute
	}
	if rapid.Bool().Draw(t, "boxed") {
		south, west := rapid.Int32Range(479000000, 481000000).Draw(t, "south"), rapid.Int32Range(369000000, 372000000).Draw(t, "west")
		q.Box = &trucewatch.Box{Min: geo.Position{LatE7: south, LonE7: west}, Max: geo.Position{LatE7: south + 300000, LonE7: west + 900000}}
	}
	return q
}

// agree holds an index against the model in one query, and one identifier.
func agree(t *rapid.T, x *Index, m *model, q trucewatch.Query, id trucewatch.IncidentID) {
	got, total, err := x.Incidents(q)
	if err != nil {
		t.Fatal(err)
	}
	want := m.ask(q)
	if total != len(want) {
		t.Fatalf("%+v: total is %d, want %d", q, total, len(want))
	}
	page := want[min(q.Offset, len(want)):]
	page = page[:min(limit(q), len(page))]
	if len(got) != len(page) {
		t.Fatalf("%+v: %d on the page, want %d", q, len(got), len(page))
	}
	for i := range page {
		if !reflect.DeepEqual(&got[i], page[i]) {
			t.Fatalf("%+v: incident %d is\n%+v\nwant\n%+v", q, i, got[i], *page[i])
		}
	}
	one, found, err := x.Incident(id)
	if err != nil {
		t.Fatal(err)
	}
	if v := m.find(id); found != (v != nil) || found && !reflect.DeepEqual(&one, v) {
		t.Fatalf("incident %v is %+v %v, want %+v", id, one, found, v)
	}
	layer, err := x.Map(q, rapid.IntRange(0, 20).Draw(t, "shapes"))
	if err != nil {
		t.Fatal(err)
	}
	placed := 0
	for _, v := range want {
		if v.Where.Kind != "" {
			placed++
		}
	}
	sum := len(layer.Shapes)
	for _, c := range layer.Cells {
		sum += c.Count
	}
	if layer.Total != placed || sum != placed {
		t.Fatalf("%+v: the map has %d and shows %d, want %d", q, layer.Total, sum, placed)
	}
	for _, s := range layer.Shapes {
		if v := m.find(s.ID); v == nil || !reflect.DeepEqual(s.Where, v.Where) || s.When != v.When || s.Kind != v.Kind || s.Word != v.Word {
			t.Fatalf("shape %+v is not incident %+v", s, v)
		}
	}
}

func TestIndexAnswersLikeAPlainList(t *testing.T) {
	dir := t.TempDir()
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		path := filepath.Join(dir, fmt.Sprintf("%d.db", run))
		x, err := Open(path, trucewatch.ForMission)
		if err != nil {
			t.Fatal(err)
		}
		defer x.Close()
		m := &model{aliases: map[trucewatch.IncidentID]trucewatch.IncidentID{}}
		var reader *Index
		for step := range rapid.IntRange(1, 4).Draw(t, "commits") {
			start := x.Begin
			if rapid.IntRange(0, 5).Draw(t, "anew") == 0 {
				start, *m = x.BeginAnew, model{aliases: map[trucewatch.IncidentID]trucewatch.IncidentID{}}
			}
			b, err := start()
			if err != nil {
				t.Fatal(err)
			}
			for range rapid.IntRange(0, 30).Draw(t, "changes") {
				id := trucewatch.IncidentID{Index: uint64(rapid.IntRange(1, 9).Draw(t, "index")), Row: uint16(rapid.IntRange(0, 2).Draw(t, "row"))}
				if rapid.IntRange(0, 3).Draw(t, "deed") > 0 {
					v := invented(id.Index, id.Row, rapid.IntRange(0, 200).Draw(t, "n"))
					m.drop(id)
					m.incidents = append(m.incidents, v)
					b.PutIncident(v)
					continue
				}
				into := trucewatch.IncidentID{Index: uint64(rapid.IntRange(1, 9).Draw(t, "into"))}
				m.drop(id)
				if into != id {
					m.aliases[id] = into
				}
				b.DropIncident(id, into)
			}
			if err := b.Commit(uint64(step+1), trucewatch.Hash{1, byte(step)}); err != nil {
				t.Fatal(err)
			}
			if n, state := x.At(); n != uint64(step+1) || state != (trucewatch.Hash{1, byte(step)}) {
				t.Fatalf("At is %d %v after commit %d", n, state, step)
			}
			if reader == nil {
				if reader, err = OpenReadOnly(path, trucewatch.ForMission); err != nil {
					t.Fatal(err)
				}
				defer reader.Close()
			}
			q, id := drawQuery(t), trucewatch.IncidentID{Index: uint64(rapid.IntRange(1, 9).Draw(t, "asked"))}
			agree(t, x, m, q, id)
			agree(t, reader, m, q, id)
		}
	})
}

func TestBatchThatIsRolledBackChangesNothing(t *testing.T) {
	x := open(t, filepath.Join(t.TempDir(), "x.db"), trucewatch.ForMission)
	fill(t, x, 20)
	b := begin(t, x)
	b.PutIncident(invented(500, 0, 1))
	b.DropIncident(trucewatch.IncidentID{Index: 3}, trucewatch.IncidentID{Index: 3})
	if err := b.Rollback(); err != nil {
		t.Fatal(err)
	}
	_, total, err := x.Incidents(trucewatch.Query{})
	if err != nil || total != 20 || entries(x) != 20 {
		t.Errorf("after a rollback there are %d incidents at entry %d, %v; want 20 at 20", total, entries(x), err)
	}
}

func TestFirstErrorSticks(t *testing.T) {
	x := open(t, filepath.Join(t.TempDir(), "x.db"), trucewatch.ForMission)
	b := begin(t, x)
	bad := invented(1, 0, 1)
	bad.Kind = "dragon"
	b.PutIncident(bad)
	b.PutIncident(invented(2, 0, 2))
	err := b.Commit(2, trucewatch.Hash{})
	if !errors.Is(err, trucewatch.ErrInvalid) || !strings.Contains(err.Error(), `incident 1.0 is of the unknown kind "dragon"`) {
		t.Errorf("commit gives %v", err)
	}
	if entries(x) != 0 {
		t.Errorf("the index is at %d", entries(x))
	}
	fill(t, x, 5) // the next batch works
}

func TestHeaderOfAnotherAudienceIsRefused(t *testing.T) {
	x := open(t, filepath.Join(t.TempDir(), "x.db"), trucewatch.ForPublic)
	b := begin(t, x)
	b.Header(trucewatch.View{Audience: trucewatch.ForMission})
	if err := b.Commit(1, trucewatch.Hash{}); !errors.Is(err, trucewatch.ErrInvalid) {
		t.Errorf("a View for the mission goes into the index for the public: %v", err)
	}
}

func TestListsComeBackAsTheyWerePut(t *testing.T) {
	x := open(t, filepath.Join(t.TempDir(), "x.db"), trucewatch.ForMission)
	header := trucewatch.View{Audience: trucewatch.ForMission, At: epoch, Index: 7, Mission: trucewatch.Genesis{Mission: "invented", Title: "An invented mission"},
		Agreements: []trucewatch.AgreementText{{ID: "a", Bundle: trucewatch.Hash{9}}}, Coverage: []string{"Nobody sees all."}}
	in := trucewatch.IncidentID{Index: 4}
	finding := trucewatch.FindingView{Finding: trucewatch.Finding{ID: "K2/4.0", ActName: "fire_heavy", Subject: trucewatch.Subject{Incident: &in}, Result: trucewatch.Violation,
		Confidence: 700_000, When: trucewatch.Interval{From: epoch, Till: epoch + trucewatch.Hour}}, Where: invented(4, 0, 4).Where}
	window := trucewatch.FindingView{Finding: trucewatch.Finding{ID: "W9/w", Result: trucewatch.NotAssessable, Subject: trucewatch.Subject{Window: &trucewatch.Interval{From: epoch}}, When: trucewatch.Interval{From: epoch}}}
	kase := trucewatch.CaseView{Case: trucewatch.Case{ID: "case/K2/4.0", Findings: []trucewatch.FindingID{"K2/4.0"}, State: "opened", Opened: epoch}}
	tally := trucewatch.TallyView{Index: 5, Received: epoch, Source: *sources[0], Tally: trucewatch.Tally{Key: trucewatch.Hash{1}, Claimant: "A 100% body", Category: "violations"}}
	said := trucewatch.StatementView{Index: 6, Received: epoch, Statement: trucewatch.Statement{Key: trucewatch.Hash{2}, Speaker: "Рада", Text: "We hold."}}
	notice := trucewatch.NoticeView{Index: 7, Notification: trucewatch.Notification{Key: trucewatch.Hash{3}, ID: "n-1", Window: trucewatch.Interval{From: epoch, Till: epoch + 1}}}
	b := begin(t, x)
	b.Header(header)
	b.PutIncident(invented(4, 0, 4))
	b.PutFinding(&finding)
	b.PutFinding(&window)
	b.PutCase(&kase)
	b.PutTally(&tally)
	b.PutStatement(&said)
	b.PutNotice(&notice)
	b.PutSources([]trucewatch.SourceView{{Source: *sources[1]}, {Source: *sources[0], Accepted: 3}})
	commit(t, b, 8)
	for _, tt := range []struct {
		name string
		got  func() (any, any, error)
		want any
		n    any
	}{
		{"header", func() (any, any, error) { v, err := x.Header(); return v, nil, err }, header, nil},
		{"findings, newest first, then by name", func() (any, any, error) { v, n, err := x.Findings(trucewatch.Query{}); return v, n, err }, []trucewatch.FindingView{finding, window}, 2},
		{"findings by result", func() (any, any, error) {
			v, n, err := x.Findings(trucewatch.Query{Results: []trucewatch.Result{trucewatch.NotAssessable}})
			return v, n, err
		}, []trucewatch.FindingView{window}, 1},
		{"findings by kind of their incident", func() (any, any, error) {
			v, n, err := x.Findings(trucewatch.Query{Kinds: []trucewatch.Kind{invented(4, 0, 4).Kind}})
			return v, n, err
		}, []trucewatch.FindingView{finding}, 1},
		{"findings in a box", func() (any, any, error) {
			v, n, err := x.Findings(trucewatch.Query{Box: &trucewatch.Box{Max: geo.Position{LatE7: 1, LonE7: 1}}})
			return v, n, err
		}, []trucewatch.FindingView(nil), 0},
		{"findings by text and time", func() (any, any, error) {
			v, n, err := x.Findings(trucewatch.Query{Text: "FIRE_h", From: epoch + trucewatch.Hour, Till: epoch + trucewatch.Hour})
			return v, n, err
		}, []trucewatch.FindingView{finding}, 1},
		{"one finding", func() (any, any, error) { v, found, err := x.Finding("W9/w"); return v, found, err }, window, true},
		{"no finding", func() (any, any, error) { v, found, err := x.Finding("W9"); return v, found, err }, trucewatch.FindingView{}, false},
		{"cases", func() (any, any, error) { v, n, err := x.Cases(trucewatch.Query{}); return v, n, err }, []trucewatch.CaseView{kase}, 1},
		{"one case", func() (any, any, error) { v, found, err := x.Case(kase.ID); return v, found, err }, kase, true},
		{"tallies", func() (any, any, error) { v, n, err := x.Tallies(trucewatch.Query{Text: "0% B"}); return v, n, err }, []trucewatch.TallyView{tally}, 1},
		{"a sign of LIKE is text", func() (any, any, error) { v, n, err := x.Tallies(trucewatch.Query{Text: "1%body"}); return v, n, err }, []trucewatch.TallyView(nil), 0},
		{"an underscore is text", func() (any, any, error) { v, n, err := x.Tallies(trucewatch.Query{Text: "a_100"}); return v, n, err }, []trucewatch.TallyView(nil), 0},
		{"statements, in any case of letters", func() (any, any, error) {
			v, n, err := x.Statements(trucewatch.Query{Text: "рАДА"})
			return v, n, err
		}, []trucewatch.StatementView{said}, 1},
		{"a quote is text", func() (any, any, error) {
			v, n, err := x.Statements(trucewatch.Query{Text: "' OR 1=1 --"})
			return v, n, err
		}, []trucewatch.StatementView(nil), 0},
		{"notices", func() (any, any, error) { v, n, err := x.Notices(trucewatch.Query{}); return v, n, err }, []trucewatch.NoticeView{notice}, 1},
		{"sources by kind", func() (any, any, error) { v, err := x.Sources(); return v, nil, err }, []trucewatch.SourceView{{Source: *sources[0], Accepted: 3}, {Source: *sources[1]}}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, n, err := tt.got()
			if err != nil || !reflect.DeepEqual(got, tt.want) || n != tt.n {
				t.Errorf("got %+v %v %v\nwant %+v %v", got, n, err, tt.want, tt.n)
			}
		})
	}
	b = begin(t, x)
	b.DropFinding(finding.ID)
	b.DropCase(kase.ID)
	b.PutSources(nil)
	commit(t, b, 9)
	_, n, _ := x.Findings(trucewatch.Query{})
	_, c, _ := x.Cases(trucewatch.Query{})
	list, _ := x.Sources()
	if n != 1 || c != 0 || len(list) != 0 {
		t.Errorf("after dropping: %d findings, %d cases, %d sources; want 1, 0, 0", n, c, len(list))
	}
}

func TestQueryThatMakesNoSense(t *testing.T) {
	x := open(t, filepath.Join(t.TempDir(), "x.db"), trucewatch.ForMission)
	for name, q := range map[string]trucewatch.Query{
		"ends before it begins": {From: 2, Till: 1},
		"limit too high":        {Limit: trucewatch.LimitMax + 1},
		"negative offset":       {Offset: -1},
		"unknown order":         {Order: "random(); DROP TABLE item"},
		"unknown kind":          {Kinds: []trucewatch.Kind{"dragon"}},
		"unknown result":        {Results: []trucewatch.Result{"guilty"}},
		"box upside down":       {Box: &trucewatch.Box{Min: geo.Position{LatE7: 1}}},
		"box off the globe":     {Box: &trucewatch.Box{Max: geo.Position{LatE7: 91 * geo.E7}}},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, incidents := x.Incidents(q)
			_, _, findings := x.Findings(q)
			_, _, tallies := x.Tallies(q)
			for _, err := range []error{incidents, findings, tallies} {
				if !errors.Is(err, ErrQuery) {
					t.Errorf("got %v, want %v", err, ErrQuery)
				}
			}
		})
	}
	if _, _, err := x.Statements(trucewatch.Query{Kinds: []trucewatch.Kind{trucewatch.Shot}}); !errors.Is(err, ErrQuery) {
		t.Errorf("statements by kind: got %v", err)
	}
	if _, err := x.Histogram(trucewatch.Query{From: epoch, Till: epoch + 366*trucewatch.Day}, trucewatch.Second); !errors.Is(err, ErrQuery) {
		t.Errorf("a histogram of 31,622,400 spans: got %v", err)
	}
	if _, err := x.Histogram(trucewatch.Query{}, 0); !errors.Is(err, ErrQuery) {
		t.Errorf("a histogram of empty spans: got %v", err)
	}
}

func TestHistogramCountsWhatBegan(t *testing.T) {
	x := open(t, filepath.Join(t.TempDir(), "x.db"), trucewatch.ForMission)
	b := begin(t, x)
	for i, minute := range []trucewatch.Instant{-1, 0, 59, 60, 185} {
		v := invented(uint64(i+1), 0, 3)
		v.When = trucewatch.Interval{From: epoch + minute*trucewatch.Minute, Till: epoch + minute*trucewatch.Minute + 5*trucewatch.Minute}
		b.PutIncident(v)
	}
	commit(t, b, 1)
	for _, tt := range []struct {
		name string
		q    trucewatch.Query
		want []int
	}{
		{"from and till", trucewatch.Query{From: epoch, Till: epoch + 4*trucewatch.Hour - 1}, []int{2, 1, 0, 1}}, // not the one that began before
		{"from the first beginning", trucewatch.Query{}, []int{2, 2, 0, 1}},
		{"an empty time", trucewatch.Query{From: epoch + trucewatch.Day, Till: epoch + trucewatch.Day + trucewatch.Hour - 1}, []int{0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bins, err := x.Histogram(tt.q, trucewatch.Hour)
			var got []int
			for _, b := range bins {
				got = append(got, b.Count)
			}
			if err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("got %v %v, want %v", got, err, tt.want)
			}
		})
	}
}

func TestBounds(t *testing.T) {
	x := open(t, filepath.Join(t.TempDir(), "x.db"), trucewatch.ForMission)
	if _, _, found, err := x.Bounds(); found || err != nil {
		t.Errorf("an empty index has bounds: %v %v", found, err)
	}
	fill(t, x, 3)
	box, span, found, err := x.Bounds()
	if err != nil || !found || span.From != epoch || span.Till != 0 { // the first has no end
		t.Errorf("bounds are %v %v %v %v", box, span, found, err)
	}
	for i := 1; i < 3; i++ {
		b := bounds(invented(uint64(i), 0, i).Where)
		if b.Min.LatE7 < box.Min.LatE7 || b.Max.LonE7 > box.Max.LonE7 || b.Min.LonE7 < box.Min.LonE7 || b.Max.LatE7 > box.Max.LatE7 {
			t.Errorf("%v is not inside %v", b, box)
		}
	}
}

func TestCellsStayWhereTheyAreWhileTheMapMoves(t *testing.T) {
	x := open(t, filepath.Join(t.TempDir(), "x.db"), trucewatch.ForMission)
	fill(t, x, 3000)
	layer, err := x.Map(trucewatch.Query{}, 100)
	if err != nil || len(layer.Cells) == 0 || len(layer.Cells) > cellsMax {
		t.Fatalf("%d cells, %v", len(layer.Cells), err)
	}
	for _, c := range layer.Cells {
		if int64(c.Box.Min.LatE7)%layer.CellE7 != 0 || int64(c.Box.Min.LonE7)%layer.CellE7 != 0 {
			t.Fatalf("cell %v does not begin at a multiple of %d", c.Box, layer.CellE7)
		}
	}
}

func TestFileThatCannotBeUsedIsMovedAway(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(t *testing.T, path string)
		as    trucewatch.Audience
	}{
		{"of another audience", func(*testing.T, string) {}, trucewatch.ForPublic},
		{"not a database", func(t *testing.T, path string) {
			write(t, path, 0, []byte("this was never a database file, whatever its name"))
		}, trucewatch.ForMission},
		{"overwritten in the middle", func(t *testing.T, path string) { write(t, path, 8192, slices.Repeat([]byte{0xa5}, 20000)) }, trucewatch.ForMission},
		{"cut short", func(t *testing.T, path string) {
			if err := os.Truncate(path, 20000); err != nil {
				t.Fatal(err)
			}
		}, trucewatch.ForMission},
		{"empty", func(t *testing.T, path string) {
			if err := os.Truncate(path, 0); err != nil {
				t.Fatal(err)
			}
		}, trucewatch.ForMission},
		{"of another version", func(t *testing.T, path string) { change(t, path, "UPDATE meta SET fingerprint = 'older'") }, trucewatch.ForMission},
		{"filled halfway", func(t *testing.T, path string) { change(t, path, "UPDATE meta SET building = 1") }, trucewatch.ForMission},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.db")
			x := open(t, path, trucewatch.ForMission)
			fill(t, x, 200)
			if err := x.Close(); err != nil {
				t.Fatal(err)
			}
			tt.spoil(t, path)
			x = open(t, path, tt.as)
			if entries(x) != 0 {
				t.Errorf("the index is at %d, want 0", entries(x))
			}
			fill(t, x, 3)
			if _, total, err := x.Incidents(trucewatch.Query{}); err != nil || total != 3 {
				t.Errorf("after filling again: %d %v, want 3", total, err)
			}
		})
	}
}

func write(t *testing.T, path string, at int64, b []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(b, at); err != nil {
		t.Fatal(err)
	}
}

func change(t *testing.T, path, statement string) {
	t.Helper()
	db, err := connect(path, "rw", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

func TestChangedBitsInABodyAreFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	x := open(t, path, trucewatch.ForMission)
	fill(t, x, 5)
	// One byte, as a disk would change it: SQLite's own check does not see it.
	if _, err := x.write.Exec("UPDATE incident SET body = CAST(substr(body, 1, 100) || x'ff' || substr(body, 102) AS BLOB) WHERE id = ?", 3<<16); err != nil {
		t.Fatal(err)
	}
	if _, _, err := x.Incidents(trucewatch.Query{}); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), path) {
		t.Fatalf("got %v, want %v with the path", err, ErrDamaged)
	}
	x.Close()
	if x = open(t, path, trucewatch.ForMission); entries(x) != 0 {
		t.Errorf("the damaged index is opened again, at %d", entries(x))
	}
}

func TestKilledInTheMiddleOfACommit(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.db")
	x := open(t, path, trucewatch.ForMission)
	fill(t, x, 100)
	b := begin(t, x)
	if _, err := b.tx.Exec("PRAGMA cache_size = 10"); err != nil { // so that the log holds pages of the open transaction
		t.Fatal(err)
	}
	for i := range 2000 {
		b.PutIncident(invented(uint64(1000+i), 0, i))
	}
	elsewhere := t.TempDir()
	for _, name := range []string{"x.db", "x.db-wal"} {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if name == "x.db-wal" && len(raw) < 500_000 {
			t.Fatalf("the log has only %d bytes: nothing was written before the commit", len(raw))
		}
		if err := os.WriteFile(filepath.Join(elsewhere, name), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Rollback(); err != nil {
		t.Fatal(err)
	}
	x = open(t, filepath.Join(elsewhere, "x.db"), trucewatch.ForMission)
	_, total, err := x.Incidents(trucewatch.Query{})
	if err != nil || entries(x) != 100 || total != 100 {
		t.Errorf("after the kill: at %d, %d incidents, %v; want 100, 100", entries(x), total, err)
	}
}

func TestKilledWhileFilling(t *testing.T) {
	dir := t.TempDir()
	x := open(t, filepath.Join(dir, "x.db"), trucewatch.ForMission)
	b := begin(t, x)
	for i := range buildChunk + 10 {
		b.PutIncident(invented(uint64(i), 0, i))
	}
	elsewhere := t.TempDir()
	if err := os.CopyFS(elsewhere, os.DirFS(dir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if _, total, err := x.Incidents(trucewatch.Query{}); err != nil || total != 0 || entries(x) != 0 {
		t.Errorf("while filling: %d incidents at %d, %v; want none", total, entries(x), err)
	}
	if err := b.Rollback(); err != nil {
		t.Fatal(err)
	}
	fill(t, x, 7)
	y := open(t, filepath.Join(elsewhere, "x.db"), trucewatch.ForMission)
	fill(t, y, 7)
	for _, x := range []*Index{x, y} {
		if _, total, err := x.Incidents(trucewatch.Query{}); err != nil || total != 7 {
			t.Errorf("filled again: %d %v, want 7", total, err)
		}
	}
}

func TestFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	x := open(t, path, trucewatch.ForMission)
	fill(t, x, 10)
	if _, err := x.write.Exec("PRAGMA max_page_count = 60"); err != nil {
		t.Fatal(err)
	}
	b := begin(t, x)
	for i := range 1000 {
		b.PutIncident(invented(uint64(100+i), 0, i))
	}
	err := b.Commit(1100, trucewatch.Hash{})
	if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("a full disk gives %v", err)
	}
	if _, total, err := x.Incidents(trucewatch.Query{}); err != nil || total != 10 || entries(x) != 10 {
		t.Errorf("after it: %d incidents at %d, %v; want 10 at 10", total, entries(x), err)
	}
}

func TestOpenReadOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a folder 100% odd?")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "x.db")
	if _, err := OpenReadOnly(path, trucewatch.ForMission); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file gives %v", err)
	}
	x := open(t, path, trucewatch.ForMission)
	fill(t, x, 10)
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := OpenReadOnly(path, trucewatch.ForMission) // without the process that writes
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, total, err := r.Incidents(trucewatch.Query{}); err != nil || total != 10 {
		t.Errorf("got %d %v, want 10", total, err)
	}
	if _, err := r.Begin(); !errors.Is(err, ErrReadOnly) {
		t.Errorf("begin gives %v", err)
	}
	if _, err := OpenReadOnly(path, trucewatch.ForPublic); !errors.Is(err, ErrOther) {
		t.Errorf("the index of the mission is opened for the public: %v", err)
	}
}

func TestOpenNamesTheFile(t *testing.T) {
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(blocked, "x.db"), filepath.Join(t.TempDir(), "missing", "x.db")} {
		if _, err := Open(path, trucewatch.ForMission); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("Open(%s) = %v", path, err)
		}
	}
}

// TestPlans holds every question to SQLite's plan: no walk through a table
// but where a whole list is asked for, and no sorting of one.
func TestPlans(t *testing.T) {
	x := open(t, filepath.Join(t.TempDir(), "x.db"), trucewatch.ForMission)
	fill(t, x, 100)
	for _, tt := range []struct{ name, statement, want string }{
		{"rows of a page and of a map", "SELECT j.key, i.region, i.body FROM json_each('[1,2]') j JOIN incident i ON i.row = j.value", "SEARCH i USING INTEGER PRIMARY KEY"},
		{"one incident", "SELECT row FROM incident WHERE id = 5", "USING COVERING INDEX incident_id"},
		{"new spots", "SELECT row, packed FROM spot WHERE row > 5 ORDER BY row", "SEARCH spot USING INTEGER PRIMARY KEY"},
		{"what is gone", "SELECT row FROM gone WHERE number > 5", "SEARCH gone USING INTEGER PRIMARY KEY"},
		{"newest findings", "SELECT body FROM finding ORDER BY began DESC, id LIMIT 10", "USING INDEX finding_began"},
		{"newest statements", "SELECT body FROM item WHERE list = 'statement' ORDER BY began DESC, id LIMIT 10", "USING INDEX item_began"},
		{"one case", "SELECT body FROM item WHERE list = 'case' AND id = 'x'", "SEARCH item USING INDEX"},
		{"highest incident", "SELECT max(id) FROM incident", "SEARCH incident USING COVERING INDEX incident_id"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rows, err := x.read.Query("EXPLAIN QUERY PLAN " + tt.statement)
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			var plan []string
			for rows.Next() {
				var id, parent, unused int
				var detail string
				if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
					t.Fatal(err)
				}
				plan = append(plan, detail)
			}
			if !strings.Contains(strings.Join(plan, "\n"), tt.want) {
				t.Errorf("plan is\n%s\nwant %s", strings.Join(plan, "\n"), tt.want)
			}
		})
	}
}

// TestReadersSeeWholeCommits asks from several goroutines, here and through a
// second opening of the file, while batches replace what was asked for.
func TestReadersSeeWholeCommits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	x := open(t, path, trucewatch.ForMission)
	fill(t, x, 10)
	other, err := OpenReadOnly(path, trucewatch.ForMission)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	done := make(chan struct{})
	var all sync.WaitGroup
	for _, reader := range []*Index{x, x, other} {
		all.Go(func() {
			for last := 0; ; {
				views, total, err := reader.Incidents(trucewatch.Query{Limit: 1000})
				if err != nil || total%10 != 0 || total < last || len(views) != total {
					t.Errorf("a reader sees %d of %d incidents after %d, %v", len(views), total, last, err)
					return
				}
				last = total
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for i := range 40 {
		b := begin(t, x)
		for k := range 10 {
			b.PutIncident(invented(uint64(100+i*10+k), 0, i))
			b.PutIncident(invented(uint64(k), 0, i)) // one that is there already
		}
		commit(t, b, uint64(100+i))
	}
	close(done)
	all.Wait()
}
