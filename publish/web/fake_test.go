// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"encoding/json"
	"io"
	"os"
	"slices"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/publish/api"
	"github.com/trucewatch/trucewatch/publish/report"
	"github.com/trucewatch/trucewatch/publish/web"
)

// A fake is a Store over one View. It obeys the contract of web.Store for the
// filters by kind, result and time, limit and offset.
type fake struct{ v trucewatch.View }

var _ web.Store = fake{}
var _ api.Store = fake{}

func invented(t testing.TB) trucewatch.View {
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

func inventedPlaces() []web.Place {
	at := func(lat, lon int32) geo.Position { return geo.Position{LatE7: lat * 100_000, LonE7: lon * 100_000} }
	return []web.Place{
		{Name: "Ostrel", Position: at(1231, -4142), Kind: "city"}, {Name: "Karvo", Position: at(1218, -4120), Kind: "town"},
		{Name: "Mirsk Dol", Position: at(1240, -4105), Kind: "village"}, {Name: "Talven", Position: at(1205, -4133), Kind: "town"},
		{Name: "Upper Isk", Position: at(1225, -4102), Kind: "village"}, {Name: "Lower Isk", Position: at(1221, -4100), Kind: "village"},
		{Name: "Brana Bridge", Position: at(1228, -4116), Kind: "crossing"},
	}
}

// page cuts a list as a query says.
func page[T any](list []T, q trucewatch.Query) ([]T, int, error) {
	total := len(list)
	list = list[min(q.Offset, total):]
	if q.Limit > 0 {
		list = list[:min(q.Limit, len(list))]
	}
	return list, total, nil
}

func keep[T any](list []T, keeps func(T) bool) []T {
	var out []T
	for _, x := range list {
		if keeps(x) {
			out = append(out, x)
		}
	}
	return out
}

func (f fake) Header() (trucewatch.View, error) {
	v := f.v
	v.Incidents, v.Findings, v.Cases, v.Tallies, v.Statements, v.Notices, v.Sources = nil, nil, nil, nil, nil, nil, nil
	return v, nil
}

func (f fake) matching(q trucewatch.Query) []trucewatch.IncidentView {
	return keep(f.v.Incidents, func(in trucewatch.IncidentView) bool {
		return (len(q.Kinds) == 0 || slices.Contains(q.Kinds, in.Kind)) && (q.Till == 0 || in.When.From <= q.Till) && in.When.Till >= q.From &&
			(len(q.Results) == 0 || slices.ContainsFunc(in.Results, func(r trucewatch.Result) bool { return slices.Contains(q.Results, r) }))
	})
}

func (f fake) Incidents(q trucewatch.Query) ([]trucewatch.IncidentView, int, error) {
	return page(f.matching(q), q)
}

func (f fake) Incident(id trucewatch.IncidentID) (trucewatch.IncidentView, bool, error) {
	i := slices.IndexFunc(f.v.Incidents, func(in trucewatch.IncidentView) bool {
		return in.ID == id || slices.Contains(in.Aliases, id)
	})
	if i < 0 {
		return trucewatch.IncidentView{}, false, nil
	}
	return f.v.Incidents[i], true, nil
}

func (f fake) Findings(q trucewatch.Query) ([]trucewatch.FindingView, int, error) {
	return page(keep(f.v.Findings, func(v trucewatch.FindingView) bool {
		return len(q.Results) == 0 || slices.Contains(q.Results, v.Result)
	}), q)
}

func (f fake) Finding(id trucewatch.FindingID) (trucewatch.FindingView, bool, error) {
	for _, v := range f.v.Findings {
		if v.ID == id {
			return v, true, nil
		}
	}
	return trucewatch.FindingView{}, false, nil
}

func (f fake) Cases(q trucewatch.Query) ([]trucewatch.CaseView, int, error) {
	return page(f.v.Cases, q)
}

func (f fake) Case(id trucewatch.CaseID) (trucewatch.CaseView, bool, error) {
	for _, v := range f.v.Cases {
		if v.ID == id {
			return v, true, nil
		}
	}
	return trucewatch.CaseView{}, false, nil
}

func (f fake) Tallies(q trucewatch.Query) ([]trucewatch.TallyView, int, error) {
	return page(f.v.Tallies, q)
}

func (f fake) Statements(q trucewatch.Query) ([]trucewatch.StatementView, int, error) {
	return page(f.v.Statements, q)
}

func (f fake) Notices(q trucewatch.Query) ([]trucewatch.NoticeView, int, error) {
	return page(f.v.Notices, q)
}

func (f fake) Sources() ([]trucewatch.SourceView, error) { return f.v.Sources, nil }

func (f fake) Map(q trucewatch.Query, shapesMax int) (trucewatch.MapLayer, error) {
	list := f.matching(q)
	layer := trucewatch.MapLayer{Total: len(list)}
	if len(list) > shapesMax {
		layer.CellE7 = geo.E7
		layer.Cells = []trucewatch.MapCell{{Count: len(list), Box: trucewatch.Box{Min: geo.Position{LatE7: 12 * geo.E7, LonE7: -42 * geo.E7},
			Max: geo.Position{LatE7: 13 * geo.E7, LonE7: -41 * geo.E7}}, Kinds: []trucewatch.KindCount{{Kind: trucewatch.Explosion, Count: len(list)}}}}
		return layer, nil
	}
	for _, in := range list {
		layer.Shapes = append(layer.Shapes, trucewatch.MapShape{ID: in.ID, Kind: in.Kind, When: in.When, Where: in.Where, Word: in.Word})
	}
	return layer, nil
}

func (f fake) Histogram(q trucewatch.Query, width trucewatch.Instant) ([]trucewatch.Bin, error) {
	var bins []trucewatch.Bin
	for from := q.From; from <= q.Till; from += width {
		i := len(bins)
		bins = append(bins, trucewatch.Bin{Span: trucewatch.Interval{From: from, Till: from + width - 1},
			Count: (i*7 + 3) % 5 * ((i + 2) % 4)}) // so that the chart has a shape
	}
	return bins, nil
}

// A fakeFeed gives its sizes at once and then ends.
type fakeFeed []uint64

func (f fakeFeed) Subscribe(after uint64) (<-chan uint64, func()) {
	ch := make(chan uint64, len(f))
	for _, size := range f {
		if size > after {
			ch <- size
		}
	}
	close(ch)
	return ch, func() {}
}

// missions are one with everything, one without an agreement, and one that is
// still loading.
func missions(v trucewatch.View) []web.Mission {
	bare := v
	bare.Mission.Mission, bare.Mission.Title, bare.Mission.Simulated, bare.Mission.Mode = "talks", "Talks without terms", false, trucewatch.Reenacted
	bare.Agreements, bare.Findings, bare.Cases, bare.Numbers, bare.Incidents, bare.Coverage, bare.Standing = nil, nil, nil, nil, nil, nil, nil
	store := func(v trucewatch.View) func() (web.Store, bool) {
		return func() (web.Store, bool) { return fake{v}, true }
	}
	return []web.Mission{
		{ID: "isk-valley", Store: store(v), Places: inventedPlaces(), Live: fakeFeed{150, 181, 190}, Dates: func() []string { return []string{"2031-05-12"} },
			Report: func(w io.Writer, date, format string) error {
				if date != "2031-05-12" {
					return web.ErrNoReport
				}
				o := report.Options{Date: date, Places: inventedPlaces()}
				switch format {
				case "json":
					return report.JSON(w, v, o)
				case "csv":
					return report.CSV(w, v, o)
				}
				return report.HTML(w, v, o)
			}},
		{ID: "talks", Store: store(bare)},
		{ID: "loading", Store: func() (web.Store, bool) { return nil, false }},
	}
}

func apiMissions(list []web.Mission) []api.Mission {
	var out []api.Mission
	for _, m := range list {
		out = append(out, api.Mission{ID: m.ID, Store: func() (api.Store, bool) {
			s, ok := m.Store()
			return s, ok
		}})
	}
	return out
}
