// SPDX-License-Identifier: Apache-2.0

package api

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// A fake is a Store over one View that cuts lists by limit and offset. It keeps
// the last query, so that tests see what was asked.
type fake struct {
	v     trucewatch.View
	asked *trucewatch.Query
}

func cut[T any](f fake, list []T, q trucewatch.Query) ([]T, int, error) {
	*f.asked = q
	total := len(list)
	list = list[min(q.Offset, total):]
	if q.Limit > 0 {
		list = list[:min(q.Limit, len(list))]
	}
	return list, total, nil
}

func first[T any](list []T, is func(T) bool) (T, bool, error) {
	for _, x := range list {
		if is(x) {
			return x, true, nil
		}
	}
	var none T
	return none, false, nil
}

func (f fake) Header() (trucewatch.View, error) { return f.v, nil }
func (f fake) Incidents(q trucewatch.Query) ([]trucewatch.IncidentView, int, error) {
	return cut(f, f.v.Incidents, q)
}
func (f fake) Incident(id trucewatch.IncidentID) (trucewatch.IncidentView, bool, error) {
	return first(f.v.Incidents, func(v trucewatch.IncidentView) bool { return v.ID == id })
}
func (f fake) Findings(q trucewatch.Query) ([]trucewatch.FindingView, int, error) {
	return cut(f, f.v.Findings, q)
}
func (f fake) Finding(id trucewatch.FindingID) (trucewatch.FindingView, bool, error) {
	return first(f.v.Findings, func(v trucewatch.FindingView) bool { return v.ID == id })
}
func (f fake) Cases(q trucewatch.Query) ([]trucewatch.CaseView, int, error) {
	return cut(f, f.v.Cases, q)
}
func (f fake) Case(id trucewatch.CaseID) (trucewatch.CaseView, bool, error) {
	return first(f.v.Cases, func(v trucewatch.CaseView) bool { return v.ID == id })
}
func (f fake) Tallies(q trucewatch.Query) ([]trucewatch.TallyView, int, error) {
	return cut(f, f.v.Tallies, q)
}
func (f fake) Statements(q trucewatch.Query) ([]trucewatch.StatementView, int, error) {
	return cut(f, f.v.Statements, q)
}
func (f fake) Notices(q trucewatch.Query) ([]trucewatch.NoticeView, int, error) {
	return cut(f, f.v.Notices, q)
}
func (f fake) Sources() ([]trucewatch.SourceView, error) { return f.v.Sources, nil }
func (f fake) Map(q trucewatch.Query, most int) (trucewatch.MapLayer, error) {
	*f.asked = q
	return trucewatch.MapLayer{Total: most}, nil
}

func service1(t *testing.T, audience trucewatch.Audience) (http.Handler, *trucewatch.Query) {
	t.Helper()
	raw, err := os.ReadFile("../testdata/invented.json")
	if err != nil {
		t.Fatal(err)
	}
	f := fake{asked: &trucewatch.Query{}}
	if err := json.Unmarshal(raw, &f.v); err != nil {
		t.Fatal(err)
	}
	return New([]Mission{{ID: "isk-valley", Store: func() (Store, bool) { return f, true }},
		{ID: "loading", Store: func() (Store, bool) { return nil, false }}}, Options{Audience: audience, Languages: []string{"en", "uk"},
		Explain: func(f *trucewatch.Finding, language string) (string, []string) {
			return language + " of " + string(f.ID), []string{"yes"}
		},
		Contrast: func(f, g *trucewatch.Finding) []string { return []string{string(f.ID) + " not " + string(g.ID)} }}), f.asked
}

func ask(h http.Handler, method, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

func TestRoutes(t *testing.T) {
	h, _ := service1(t, trucewatch.ForMission)
	const m = "/api/v1/m/isk-valley/"
	for path, want := range map[string]string{
		"/api/v1/missions":           `"id":"loading","loading":true`,
		m + "header":                 `"at":"2031-05-12T22:30:00Z"`,
		m + "incidents?limit=2":      `"total":12,"offset":0,"count":2,"items":[`,
		m + "incidents?offset=99":    `"count":0,"items":[]`,
		m + "incidents/104.0":        `"item":{"id":"104.0"`,
		m + "findings":               `"total":11`,
		m + "findings/K2/104.0":      `"would_change"`,
		m + "cases":                  `case/K2/104.0`,
		m + "cases/case/K2/104.0":    `"state":"served"`,
		m + "tallies":                `a_command/violation`,
		m + "statements":             `a news agency`,
		m + "notifications":          `"state":"closed"`,
		m + "sources":                `complaints.csv`,
		m + "map?bbox=-42,12,-41,13": `"total":2000`,
		m + "standing":               `"item":{"streaks":[{"area":"valley-terms/DA-1"`,
		m + "explanations/A1/121.4":  `"language":"en","paragraph":"en of A1/121.4","tree":["yes"]`,
		m + "explanations/A1/121.4?lang=uk&with=A1/B/121.4": `"language":"uk","paragraph":"uk of A1/121.4","tree":["yes"],"with":"A1/B/121.4","contrast":["A1/121.4 not A1/B/121.4"]`,
	} {
		t.Run(path, func(t *testing.T) {
			w := ask(h, "GET", path)
			body := w.Body.String()
			if w.Code != 200 || w.Header().Get("Content-Type") != "application/json" || !strings.Contains(body, want) || !json.Valid(w.Body.Bytes()) {
				t.Fatalf("GET %s = %d %s, want %s in %.300s", path, w.Code, w.Header().Get("Content-Type"), want, body)
			}
			if strings.HasPrefix(path, m) && !strings.Contains(body, `"simulated":true`) {
				t.Error("invented data is not marked")
			}
			again := httptest.NewRequest("GET", path, nil)
			again.Header.Set("If-None-Match", w.Header().Get("ETag"))
			second := httptest.NewRecorder()
			if h.ServeHTTP(second, again); second.Code != 304 {
				t.Errorf("asked again with the ETag: %d", second.Code)
			}
		})
	}
}

func TestRefuses(t *testing.T) {
	h, _ := service1(t, trucewatch.ForMission)
	const m = "/api/v1/m/isk-valley/"
	for _, tt := range []struct {
		method, path string
		status       int
		says         string
	}{
		{"GET", m + "incidents?colour=red", 400, "colour"},
		{"GET", m + "incidents?limit=501", 400, "limit"},
		{"GET", m + "incidents?format=shapefile", 400, "json or geojson"},
		{"GET", m + "findings?format=geojson", 400, "format"},
		{"GET", m + "tallies?bbox=1,1,2,2", 400, "bbox"},
		{"GET", m + "cases?kind=burst", 400, "kind"},
		{"GET", m + "header?x=1", 400, "no parameters"},
		{"GET", m + "explanations/A1/121.4?lang=la", 400, "is not one of en, uk"},
		{"GET", m + "explanations/A1/121.4?languages=uk", 400, "lang and with alone"},
		{"GET", m + "explanations/A1/121.4?with=K9/1.0", 404, "nothing of that name"},
		{"GET", m + "incidents/9.9", 404, "nothing of that name"},
		{"GET", m + "incidents/x", 404, "a number such as"},
		{"GET", m + "nothing", 404, "no such address"},
		{"GET", "/api/v1/m/unknown/header", 404, "no such mission"},
		{"GET", "/api/v2/", 404, "no such address"},
		{"GET", "/api/v1/m/loading/header", 503, "still being read"},
		{"POST", m + "incidents", 405, "reading only"},
		{"PUT", "/api/", 405, "reading only"},
		{"GET", m + "incidents?q=" + strings.Repeat("a", 3000), 414, "longer than"},
	} {
		t.Run(tt.method+" "+tt.path[:min(len(tt.path), 60)], func(t *testing.T) {
			w := ask(h, tt.method, tt.path)
			var body struct {
				Error string `json:"error"`
			}
			if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || w.Code != tt.status || !strings.Contains(body.Error, tt.says) {
				t.Errorf("= %d %q (%v), want %d saying %q", w.Code, w.Body, err, tt.status, tt.says)
			}
		})
	}
}

func TestWrongAudienceIsNeverShown(t *testing.T) {
	h, _ := service1(t, trucewatch.ForPublic)
	for _, path := range []string{"/api/v1/missions", "/api/v1/m/isk-valley/header", "/api/v1/m/isk-valley/incidents?format=geojson", "/api/v1/m/isk-valley/map"} {
		if w := ask(h, "GET", path); w.Code != 500 || strings.Contains(w.Body.String(), "Isk") {
			t.Errorf("GET %s = %d %.100s", path, w.Code, w.Body)
		}
	}
}

func TestQueryReachesTheStore(t *testing.T) {
	h, asked := service1(t, trucewatch.ForMission)
	ask(h, "GET", "/api/v1/m/isk-valley/incidents?kind=burst&limit=7&order=oldest&q=Karvo")
	if len(asked.Kinds) != 1 || asked.Limit != 7 || asked.Order != trucewatch.Oldest || asked.Text != "Karvo" {
		t.Errorf("the store was asked %+v", *asked)
	}
	ask(h, "GET", "/api/v1/m/isk-valley/incidents")
	if asked.Limit != trucewatch.QueryLimit {
		t.Errorf("without a limit the store was asked for %d", asked.Limit)
	}
}

func TestGeoJSON(t *testing.T) {
	h, _ := service1(t, trucewatch.ForMission)
	w := ask(h, "GET", "/api/v1/m/isk-valley/incidents?format=geojson")
	var c struct {
		Type     string
		Features []struct {
			ID       string
			Geometry *struct {
				Type        string
				Coordinates [][][][2]float64
			}
			Properties map[string]any
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &c); err != nil || w.Header().Get("Content-Type") != "application/geo+json" {
		t.Fatalf("%v, %s", err, w.Header().Get("Content-Type"))
	}
	if c.Type != "FeatureCollection" || len(c.Features) != 12 {
		t.Fatalf("%s of %d", c.Type, len(c.Features))
	}
	for _, f := range c.Features {
		if f.Geometry == nil || f.Geometry.Type != "MultiPolygon" {
			t.Fatalf("%s: geometry %v", f.ID, f.Geometry)
		}
		for _, polygon := range f.Geometry.Coordinates {
			for i, ring := range polygon {
				if ring[0] != ring[len(ring)-1] {
					t.Errorf("%s: a ring is open", f.ID)
				}
				if area := signed(ring); (area > 0) != (i == 0) {
					t.Errorf("%s ring %d: area %g, want outer rings counterclockwise (RFC 7946, 3.1.6)", f.ID, i, area)
				}
				if p := ring[0]; p[0] > -40 || p[0] < -42 || p[1] < 11 || p[1] > 13 {
					t.Errorf("%s: %v is not longitude, latitude of the valley", f.ID, p)
				}
			}
		}
		if f.Properties["simulated"] != true {
			t.Errorf("%s is not marked", f.ID)
		}
	}
}

// signed is twice the area of a ring, positive if it is counterclockwise.
func signed(ring [][2]float64) float64 {
	sum := 0.0
	for i := 1; i < len(ring); i++ {
		a, b := ring[i-1], ring[i]
		sum += (a[0]-ring[0][0])*(b[1]-ring[0][1]) - (b[0]-ring[0][0])*(a[1]-ring[0][1])
	}
	return sum
}

func TestHolesAreHoles(t *testing.T) {
	ring := geo.Region{Kind: geo.Sector, Center: geo.Position{LatE7: 120_000_000, LonE7: -410_000_000}, RMinMM: 1_000_000, RMaxMM: 2_000_000, Arcs: []geo.Arc{{}}}
	g := shape(ring)
	if g == nil || len(g.Coordinates) != 1 || len(g.Coordinates[0]) != 2 {
		t.Fatalf("a full ring gives %+v, want one polygon with one hole", g)
	}
	arcs := geo.Region{Kind: geo.Sector, Center: ring.Center, RMaxMM: 2_000_000, Arcs: []geo.Arc{{FromMdeg: 0, TillMdeg: 20_000}, {FromMdeg: 90_000, TillMdeg: 110_000}}}
	if g := shape(arcs); g == nil || len(g.Coordinates) != 2 {
		t.Errorf("two arcs give %+v, want two polygons", g)
	}
	if shape(geo.Region{}) != nil {
		t.Error("the region that is nowhere has a geometry")
	}
}

func TestDocuments(t *testing.T) {
	h, _ := service1(t, trucewatch.ForMission)
	w := ask(h, "GET", "/api/")
	for _, want := range []string{"incidents", "findings", "cases", "tallies", "statements", "notifications", "sources", "header", "bbox", "format=geojson", "offset"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the documents do not name %s", want)
		}
	}
}
