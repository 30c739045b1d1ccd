// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate"
	"github.com/trucewatch/trucewatch/exhibit"
	"github.com/trucewatch/trucewatch/geo"
)

// A salvo is a firing and where it came down, and a drone from its launch over two
// sightings to its end. Only of what came down may the public learn where, and that
// by the cell.
const salvoIncidents = 6

var (
	firing  = geo.Position{LatE7: -467312347, LonE7: -1267318761} // of the mortar
	launch  = geo.Position{LatE7: -467423581, LonE7: -1266123457} // of the drone
	onWay   = geo.Position{LatE7: -468137753, LonE7: -1267512391}
	onWay2  = geo.Position{LatE7: -468719937, LonE7: -1269123767}
	struck  = geo.Position{LatE7: -469331519, LonE7: -1270427119}
	struck2 = geo.Position{LatE7: -467811413, LonE7: -1267123919}
)

func salvo(t testing.TB) []string {
	t.Helper()
	began := at(t, "2026-04-11T21:00:00Z")
	line := func(id, kind, description, means string, p geo.Position, after trucewatch.Instant, platform string) string {
		if description != "" {
			description = fmt.Sprintf(`"description":%q,`, description)
		}
		return fmt.Sprintf(`{"native_id":%q,"kind":%q,%s"means":%q,"count":{"value":1,"qualifier":"exact"},`+
			`"where":{"region":{"kind":"ellipse","center":{"lat_e7":%d,"lon_e7":%d},"semi_major_mm":200000,"semi_minor_mm":200000}},`+
			`"when":{"from":"%v","till":"%v"},"weapon":{"platform":%q}}`, id, kind, description, means, p.LatE7, p.LonE7, began+after, began+after, platform) + "\n"
	}
	return []string{
		line("flash", "muzzle_flash", "", "recorded_camera", firing, 0, "mortar"),
		line("fell", "explosion", "impact", "heard", struck2, 35*trucewatch.Second, "mortar"),
		line("fell, located", "explosion", "impact", "acoustic", struck2, 35*trucewatch.Second, "mortar"),
		line("launched", "explosion", "outgoing", "recorded_camera", launch, 30*trucewatch.Minute, "one_way_attack_uav"),
		line("under way", "uav_sighted", "", "heard_saw", onWay, 36*trucewatch.Minute, "one_way_attack_uav"),
		line("on", "uav_sighted", "", "heard_saw", onWay2, 41*trucewatch.Minute, "one_way_attack_uav"),
		line("end", "explosion", "impact", "recorded_camera", struck, 46*trucewatch.Minute, "one_way_attack_uav"),
	}
}

// apart is how many bytes may lie between the two numbers of one position.
const apart = 60

// written finds a number of a position to a hundred metres, as degrees or as ten
// millionths of them: where it begins.
func written(data []byte, v int32) (at []int) {
	digits := fmt.Sprint(max(v, -v))
	whole := len(digits) - 7
	for _, form := range []string{digits[:whole] + "." + digits[whole:whole+3], digits[:whole+3]} {
		for from := 0; ; {
			i := bytes.Index(data[from:], []byte(form))
			if i < 0 {
				break
			}
			from += i + 1
			if before := from - 2; before < 0 || data[before] < '0' || data[before] > '9' {
				at = append(at, from-1)
			}
		}
	}
	return at
}

// holdsNone fails if data holds a place of the salvo: both numbers of it near each
// other, or as CBOR writes it. One number of four bytes stands by chance in one of
// some thousand sealed packs.
func holdsNone(t *testing.T, where string, data []byte) {
	t.Helper()
	for name, p := range map[string]geo.Position{"firing": firing, "launch": launch, "track": onWay, "second track": onWay2, "impact": struck, "second impact": struck2} {
		lats, lons := written(data, p.LatE7), written(data, p.LonE7)
		for _, i := range lats {
			if slices.ContainsFunc(lons, func(j int) bool { return max(i-j, j-i) <= apart }) {
				t.Errorf("%s holds the %s: %q", where, name, data[max(0, i-apart):min(len(data), i+apart)])
			}
		}
		if bytes.Contains(data, trucewatch.Encode(p)) {
			t.Errorf("%s holds the %s in CBOR", where, name)
		}
	}
}

// TestASearchForPlacesFindsThem: what the tests below rest on.
func TestASearchForPlacesFindsThem(t *testing.T) {
	for _, text := range []string{
		`{"lat_e7":-467423581,"lon_e7":-1266123457}`, `[-126.6123457,-46.7423581]`, "46.742 S 126.612 W", `"-46.742358 -126.612346 +-200m"`,
	} {
		if lats, lons := written([]byte(text), launch.LatE7), written([]byte(text), launch.LonE7); len(lats) == 0 || len(lons) == 0 {
			t.Errorf("%s is not found", text)
		}
	}
	if got := written([]byte("1467423581"), launch.LatE7); got != nil {
		t.Errorf("found within another number: %v", got)
	}
}

// withSalvo is the example with a salvo, all of it released and past its delay.
func withSalvo(t *testing.T) *Mission {
	t.Helper()
	m := oneBadDay(t)
	lines := salvo(t)
	for i, l := range lines { // each of its own source
		name := file(t, fmt.Sprint("salvo", i), l)
		im := nativeImport(t, name, fmt.Sprint("salvo-", i))
		im.Options.Source.Kind = trucewatch.PostSource
		err := m.write(func(w *Writer) error {
			now := m.state.Now()
			w.Stamp = func() trucewatch.Instant { return now }
			r, err := w.Import(im)
			if err == nil && r.Rejected > 0 {
				err = fmt.Errorf("%+v", r)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	releaseAll(t, m)
	return m
}

var reference = regexp.MustCompile(`(?:href|src|action)="([^"#]+)`)

// TestNoPublisherShowsALaunchOrATrack goes through every way out of a mission with a
// firing, a drone's launch and its way on record, all findings released and every
// delay past: pages, interface, reports, exhibits and index. None holds where
// something was fired or flew, nor where it fell to better than the cell; nothing is
// live; and no publisher can ask for flights.
func TestNoPublisherShowsALaunchOrATrack(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: long, and nothing in it runs at once")
	}
	m := withSalvo(t)
	a := associate.Once(salvoOf(m))
	if n := len(a); n < salvoIncidents {
		t.Fatalf("%d incidents: the salvo is not on record", n)
	}
	public, err := m.state.View(trucewatch.ForPublic, trucewatch.Interval{}, trucewatch.Interval{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range public.Incidents {
		if in := &public.Incidents[i]; len(in.Estimates) > 0 || len(in.Observations) > 0 || len(in.History) > 0 {
			t.Errorf("incident %v shows the public its estimates", in.ID)
		}
	}
	if !slices.ContainsFunc(public.Incidents, func(in trucewatch.IncidentView) bool {
		low, high := in.Where.Bounds()
		return low.LatE7 <= struck2.LatE7 && struck2.LatE7 <= high.LatE7 && low.LonE7 <= struck2.LonE7 && struck2.LonE7 <= high.LonE7
	}) {
		t.Error("the public does not see the impact at all: nothing is tested")
	}
	pages, live := 0, 0
	crawl(t, m, func(path string, code int, body []byte) {
		pages++
		holdsNone(t, path, body)
		for _, word := range []string{`"role":"origin"`, `"role":"track"`, associate.UnderWay} {
			if bytes.Contains(body, []byte(word)) {
				t.Errorf("%s holds %s", path, word)
			}
		}
		if strings.HasSuffix(path, "/live") && code == http.StatusOK {
			live++
		}
	})
	if pages < 20 || live > 0 {
		t.Errorf("%d pages read, %d of them live", pages, live)
	}
	for _, issued := range m.ReportDates() {
		for _, format := range []string{"html", "json", "csv"} {
			var out bytes.Buffer
			if err := m.Report(&out, issued, format, trucewatch.ForPublic, m.state.Now()); err != nil {
				t.Fatal(err)
			}
			holdsNone(t, "report "+issued+" "+format, out.Bytes())
		}
	}
	for _, f := range public.Findings {
		x, err := m.ExhibitFinding(f.ID)
		if err != nil {
			t.Fatal(err)
		}
		holdsNone(t, "exhibit "+string(f.ID), exhibit.Encode(x))
	}
}

// salvoOf returns everything that the mission's incidents link.
func salvoOf(m *Mission) (all []*trucewatch.Recorded) {
	seen := map[trucewatch.ObservationID]bool{}
	view, err := m.state.View(trucewatch.ForMission, trucewatch.Interval{}, trucewatch.Interval{})
	if err != nil {
		return nil
	}
	for i := range view.Incidents {
		for j := range view.Incidents[i].Observations {
			if r := &view.Incidents[i].Observations[j].Recorded; strings.HasPrefix(string(r.Source.ID), "salvo-") && !seen[r.ID] {
				seen[r.ID] = true
				all = append(all, r)
			}
		}
	}
	return all
}

// crawl reads every page and document that the public can reach by links, and those
// of the interface.
func crawl(t *testing.T, m *Mission, read func(path string, code int, body []byte)) {
	t.Helper()
	crawlAs(t, m, trucewatch.ForPublic, 400, nil, read)
}

// crawlAs is crawl for an audience, over most paths at most, of which some are
// named beside those that links lead to.
func crawlAs(t *testing.T, m *Mission, a trucewatch.Audience, most int, more []string, read func(path string, code int, body []byte)) {
	t.Helper()
	if done, err := UpdateIndex(m.dir, a); !done || err != nil {
		t.Fatal(done, err)
	}
	err := filepath.WalkDir(filepath.Join(m.dir, "index"), func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(filepath.Base(name), string(a)) {
			return err
		}
		data, err := os.ReadFile(name)
		read(name, 0, data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Audience: a, Version: "test", Log: slog.New(slog.DiscardHandler)}
	if err := s.Add(m.dir); err != nil {
		t.Fatal(err)
	}
	sv := s.served[0]
	if err := sv.keeper.fold(m.dir); err != nil {
		t.Fatal(err)
	}
	sv.folded = true
	defer func() {
		if err := sv.keeper.close(); err != nil {
			t.Error(err)
		}
	}()
	own := "/m/" + sv.id
	api := "/api/v1" + own
	queue := []string{"/", own + "/", own + "/live", "/api/", "/api/v1/missions", api + "/header", api + "/incidents?limit=200", api + "/findings?limit=200", api + "/cases", api + "/tallies",
		api + "/statements", api + "/notifications", api + "/sources", api + "/map", api + "/map?format=geojson", api + "/standing", api + "/incidents.geojson", api + "/flights"}
	queue = append(more, queue...)
	seen := map[string]bool{}
	for len(queue) > 0 && len(seen) < most {
		path := strings.ReplaceAll(queue[0], "&amp;", "&")
		queue = queue[1:]
		if seen[path] || !strings.HasPrefix(path, "/") {
			continue
		}
		seen[path] = true
		ctx, cancel := t.Context(), func() {}
		if strings.HasSuffix(path, "/live") { // it never ends
			ctx, cancel = context.WithTimeout(ctx, time.Second)
		}
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(ctx, "GET", path, nil)
		r.Host = "localhost"
		s.Handler().ServeHTTP(w, r)
		cancel()
		body := w.Body.Bytes()
		read(path, w.Code, body)
		for _, found := range reference.FindAllSubmatch(body, -1) {
			queue = append(queue, string(found[1]))
		}
	}
}

// TestMirrorsHoldNoLaunchInClear: what mirrors are handed of a sealed mission, and
// the boxes beside it, hold no place at all that can be read.
func TestMirrorsHoldNoLaunchInClear(t *testing.T) {
	m := sealedMission(t)
	now := at(t, "2026-04-11T22:00:00Z")
	readFrom(t, m, "post", trucewatch.PostSource, now, salvo(t)...)
	for _, folder := range []string{"record", "boxes"} {
		files := 0
		err := filepath.WalkDir(filepath.Join(m.dir, folder), func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			files++
			data, err := os.ReadFile(name)
			holdsNone(t, name, data)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if files == 0 {
			t.Errorf("%s holds no file: nothing is tested", folder)
		}
	}
}
