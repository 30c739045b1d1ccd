// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/publish/api"
	"github.com/trucewatch/trucewatch/publish/web"
)

func handler(v trucewatch.View) http.Handler {
	list := missions(v)
	return web.New(list, web.Options{Audience: trucewatch.ForMission, Hosts: []string{"truce.example"}, Version: "test",
		API: api.New(apiMissions(list), api.Options{Audience: trucewatch.ForMission}),
		Now: func() time.Time { return v.At.Time().Add(time.Minute) }, Explain: explained, Contrast: contrasted, Languages: []string{"en", "xx"}})
}

// explained and contrasted stand for package judge: their texts hold what of a
// finding is somebody's words.
func explained(f *trucewatch.Finding, language string) (string, []string) {
	if language == "xx" {
		return "у мові xx: " + f.ActName, []string{"так: " + f.Reasons[0].Text, "  ні: " + f.Word, "так: " + f.ActName}
	}
	return f.ActName + " because of " + f.Reasons[0].Text, []string{"yes: " + f.Reasons[0].Text, "  no: " + f.Word}
}

func contrasted(f, g *trucewatch.Finding) []string {
	return []string{"only of " + string(f.ID) + ": " + f.ActName, "only of " + string(g.ID) + ": " + g.ActName}
}

func ask(h http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://localhost"+path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// pages are all routes that give a page, with words that must be on it.
var pages = map[string]string{
	"/":                 "Isk Valley ceasefire",
	"/m/isk-valley/":    "Camera 3 was dark",
	"/m/isk-valley/map": "The same as a table",
	"/m/isk-valley/map?bbox=-41.3,12.1,-41,12.4&kind=burst": "1 incident may lie",
	"/m/isk-valley/incidents":                               "3 km SE of Brana Bridge",
	"/m/isk-valley/incidents?limit=5&offset=5":              "6 to 10 of 12",
	"/m/isk-valley/incidents/104.0":                         "intersection of 3 regions",
	"/m/isk-valley/incidents/109.2":                         "Incident 104.0",
	"/m/isk-valley/findings":                                "probable violation",
	"/m/isk-valley/findings?result=exempted":                "K5/127.2",
	"/m/isk-valley/findings/K2/104.0":                       "What would change this finding",
	"/m/isk-valley/findings/S1/window":                      "camera 3 was dark",
	"/m/isk-valley/cases":                                   "case/K2/104.0",
	"/m/isk-valley/cases/case/K2/104.0":                     "answer of both parties",
	"/m/isk-valley/cases/case/H1/126.0":                     "H1/99.0</span> is not shown",
	"/m/isk-valley/cases?state=served&severity=3&owes=A":    "1 to 1 of 1",
	"/m/isk-valley/cases?body=special_panel":                "proof of remedy r-1",
	"/m/isk-valley/cases/case/A1/121.4":                     "A day is too long for the wounded.",
	"/m/isk-valley/cases/case/call-9":                       "which goes on for both",
	"/m/isk-valley/findings/A1/121.4":                       "none is preferred until the commission settles it",
	"/m/isk-valley/findings/A1/121.4?lang=xx":               "у мові xx",
	"/m/isk-valley/findings/A1/B/121.4?with=A1/121.4":       "only of A1/B/121.4",
	"/m/isk-valley/commission":                              "The survey of March is the only one",
	"/m/isk-valley/obligations":                             "missing again",
	"/m/isk-valley/coverage":                                "it used to report within 15 minutes",
	"/m/isk-valley/hotline":                                 "A drone came over the mill",
	"/m/isk-valley/reports":                                 "Report of 2031-05-12",
	"/m/isk-valley/reports/2031-05-12":                      "Three counts",
	"/m/isk-valley/statements":                              "a news agency",
	"/m/isk-valley/tallies":                                 "They are never added up",
	"/m/isk-valley/agreement":                               "the text gives no test",
	"/m/isk-valley/notifications":                           "destruction of ordnance",
	"/m/isk-valley/sources":                                 "complaints.csv",
	"/m/isk-valley/about":                                   "Silence is not peace",
	"/m/talks/":                                             "Nothing is agreed, so nothing is judged",
	"/m/talks/incidents":                                    "Zero here means",
	"/m/talks/findings":                                     "nothing is agreed, so nothing is judged",
	"/m/talks/cases":                                        "Nothing is agreed, so nothing is judged",
	"/m/talks/agreement":                                    "Nothing is agreed, so nothing is judged",
	"/api/":                                                 "Reading only",
}

func TestPages(t *testing.T) {
	h := handler(invented(t))
	for path, want := range pages {
		t.Run(path, func(t *testing.T) {
			w := ask(h, "GET", path)
			body := w.Body.String()
			if w.Code != 200 || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
				t.Fatalf("GET %s = %d %s\n%.400s", path, w.Code, w.Header().Get("Content-Type"), body)
			}
			if !strings.Contains(body, want) {
				t.Errorf("GET %s does not say %q", path, want)
			}
			if strings.Contains(path, "isk-valley") && !strings.Contains(body, "SIMULATED") {
				t.Errorf("GET %s does not say SIMULATED", path)
			}
			if strings.HasPrefix(path, "/m/") && !strings.Contains(path, "reports/") && !strings.Contains(body, "mission operations room") {
				t.Errorf("GET %s does not say for whom it is", path)
			}
			checkPolicy(t, w)
			checkPage(t, body, strings.Contains(path, "/reports/"))
		})
	}
}

func checkPolicy(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	csp := w.Header().Get("Content-Security-Policy")
	for _, banned := range []string{"unsafe", "*", "http:", "https:"} {
		if strings.Contains(csp, banned) {
			t.Errorf("policy %q has %q", csp, banned)
		}
	}
	if !strings.HasPrefix(csp, "default-src 'none'; style-src 'sha256-") && !strings.HasPrefix(csp, "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'") {
		t.Errorf("policy %q", csp)
	}
	if w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("headers %v", w.Header())
	}
}

// checkPage walks the page: no inline style or script, no foreign address
// loaded, unique ids, every table with a caption and scoped headers, landmarks,
// labelled fields.
func checkPage(t *testing.T, body string, ownStyle bool) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	ids, seen := map[string]bool{}, map[string]int{}
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.ElementNode {
			seen[n.Data]++
			checkElement(t, n, ids, ownStyle)
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(doc)
	for _, once := range []string{"main", "h1", "title", "header"} {
		if seen[once] != 1 && !(once == "title" && seen[once] > 1) { // drawings have titles of their own
			t.Errorf("%d <%s>, want 1", seen[once], once)
		}
	}
	if seen["table"] != seen["caption"] {
		t.Errorf("%d tables, %d captions", seen["table"], seen["caption"])
	}
	if !strings.Contains(body, `href="#main"`) {
		t.Error("no skip link")
	}
}

func checkElement(t *testing.T, n *html.Node, ids map[string]bool, ownStyle bool) {
	t.Helper()
	attr := map[string]string{}
	for _, a := range n.Attr {
		attr[a.Key] = a.Val
		if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
			t.Errorf("<%s %s=%q> is inline style or script", n.Data, a.Key, a.Val)
		}
	}
	if id := attr["id"]; id != "" {
		if ids[id] {
			t.Errorf("id %q twice", id)
		}
		ids[id] = true
	}
	switch n.Data {
	case "style":
		if !ownStyle {
			t.Error("inline style")
		}
	case "script":
		if !strings.HasPrefix(attr["src"], "/static/") || n.FirstChild != nil {
			t.Errorf("script %v", attr)
		}
	case "link":
		if !strings.HasPrefix(attr["href"], "/static/") && attr["href"] != "data:," {
			t.Errorf("link %v", attr)
		}
	case "img", "iframe", "object", "embed":
		t.Errorf("<%s>", n.Data)
	case "th":
		if attr["scope"] == "" {
			t.Errorf("th without scope")
		}
	case "input", "select":
		if attr["type"] != "hidden" && n.Parent.Data != "label" {
			t.Errorf("<%s name=%q> has no label", n.Data, attr["name"])
		}
	}
}

func TestRefuses(t *testing.T) {
	h := handler(invented(t))
	for _, tt := range []struct {
		method, path string
		status       int
		says         string
		header       []string
	}{
		{"GET", "/nowhere", 404, "no such page", nil},
		{"GET", "/m/unknown/", 404, "no such mission", nil},
		{"GET", "/m/isk-valley/nowhere", 404, "no such page", nil},
		{"GET", "/m/isk-valley/incidents/9999.0", 404, "No incident 9999.0", nil},
		{"GET", "/m/isk-valley/incidents/abc", 404, "a number such as", nil},
		{"GET", "/m/isk-valley/findings/K9/1.0", 404, "No such finding", nil},
		{"GET", "/m/isk-valley/cases/nothing", 404, "No such case", nil},
		{"GET", "/m/isk-valley/reports/2031-05-13", 404, "no report of", nil},
		{"GET", "/m/isk-valley/reports/2031-05-12.exe", 404, "no such report", nil},
		{"GET", "/m/isk-valley/reports/..%2f..%2fetc", 404, "no such report", nil},
		{"GET", "/m/isk-valley/incidents?colour=red", 400, "colour", nil},
		{"GET", "/m/isk-valley/incidents?limit=501", 400, "limit", nil},
		{"GET", "/m/isk-valley/cases?state=lost", 400, "no state", nil},
		{"GET", "/m/isk-valley/cases?owes=Q", 400, "no answer owed by", nil},
		{"GET", "/m/isk-valley/findings/A1/121.4?lang=la", 400, "is not one of en, xx", nil},
		{"GET", "/m/isk-valley/findings/A1/121.4?with=K9/1.0", 404, "No such finding", nil},
		{"GET", "/m/talks/commission", 404, "no such page", nil},
		{"GET", "/m/isk-valley/tallies?kind=burst", 400, "no kinds", nil},
		{"GET", "/m/isk-valley/incidents?q=" + strings.Repeat("a", 3000), 414, "too long", nil},
		{"GET", "/m/loading/", 503, "still being read", nil},
		{"GET", "/m/talks/live", 404, "does not grow", nil},
		{"GET", "/m/isk-valley/live", 400, "number of entries", []string{"Last-Event-ID", "x"}},
		{"POST", "/m/isk-valley/incidents", 405, "for reading only", nil},
		{"DELETE", "/", 405, "for reading only", nil},
		{"GET", "/static/secret", 404, "no such file", nil},
		{"GET", "/", 421, "does not answer under the name", []string{"Host", "evil.example"}},
		{"GET", "/", 421, "does not answer under the name", []string{"Host", "localhost.evil.example:80"}},
	} {
		t.Run(tt.method+" "+tt.path[:min(len(tt.path), 60)], func(t *testing.T) {
			w := ask(h, tt.method, tt.path, tt.header...)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.says) {
				t.Errorf("%s %.60s = %d, want %d saying %q\n%.600s", tt.method, tt.path, w.Code, tt.status, tt.says, w.Body)
			}
			checkPolicy(t, w)
			if w.Code == 405 && w.Header().Get("Allow") != "GET, HEAD" {
				t.Errorf("Allow = %q", w.Header().Get("Allow"))
			}
			if w.Header().Get("ETag") != "" {
				t.Errorf("a refusal has an ETag")
			}
		})
	}
}

func TestHosts(t *testing.T) {
	h := handler(invented(t))
	for _, host := range []string{"localhost:8080", "127.0.0.1", "[::1]:80", "Truce.Example", "truce.example.:443"} {
		if w := ask(h, "GET", "/", "Host", host); w.Code != 200 {
			t.Errorf("Host %s = %d", host, w.Code)
		}
	}
}

// TestPublicHosts: the public view is answered under any address in figures, and
// under no name but its own.
func TestPublicHosts(t *testing.T) {
	h := web.New(nil, web.Options{Audience: trucewatch.ForPublic, Hosts: []string{"truce.example"}})
	for host, want := range map[string]int{"192.0.2.7:8080": 200, "[2001:db8::7]:8080": 200, "2001:db8::7": 200, "truce.example": 200, "localhost": 200,
		"rebind.example": 421, "192.0.2.7.rebind.example": 421, "": 421} {
		if w := ask(h, "GET", "/", "Host", host); w.Code != want {
			t.Errorf("Host %q = %d, want %d", host, w.Code, want)
		}
	}
	if w := ask(handler(invented(t)), "GET", "/", "Host", "192.0.2.7:8080"); w.Code != 421 {
		t.Errorf("the mission's own view under an address of another machine = %d", w.Code)
	}
}

func TestWrongAudienceIsNeverShown(t *testing.T) {
	v := invented(t)
	h := web.New(missions(v), web.Options{Audience: trucewatch.ForPublic})
	if w := ask(h, "GET", "/m/isk-valley/incidents/104.0"); w.Code != 500 || strings.Contains(w.Body.String(), "Brana") {
		t.Errorf("an index for the mission was served to the public: %d", w.Code)
	}
	if w := ask(h, "GET", "/"); w.Code != 500 || strings.Contains(w.Body.String(), "Isk Valley") {
		t.Errorf("the first page served an index for the mission to the public: %d", w.Code)
	}
}

func TestETag(t *testing.T) {
	v := invented(t)
	first := ask(handler(v), "GET", "/m/isk-valley/incidents").Header().Get("ETag")
	if w := ask(handler(v), "GET", "/m/isk-valley/incidents", "If-None-Match", first); w.Code != 304 || w.Body.Len() != 0 {
		t.Errorf("the same page again = %d, %d bytes", w.Code, w.Body.Len())
	}
	if w := ask(handler(v), "GET", "/m/isk-valley/incidents?limit=5", "If-None-Match", first); w.Code != 200 {
		t.Errorf("another query = %d", w.Code)
	}
	v.Index++
	if w := ask(handler(v), "GET", "/m/isk-valley/incidents", "If-None-Match", first); w.Code != 200 {
		t.Errorf("a longer record = %d", w.Code)
	}
}

func TestHead(t *testing.T) {
	w := ask(handler(invented(t)), "HEAD", "/m/isk-valley/")
	if w.Code != 200 || w.Body.Len() != 0 {
		t.Errorf("HEAD = %d, %d bytes", w.Code, w.Body.Len())
	}
}

func TestReportFiles(t *testing.T) {
	h := handler(invented(t))
	for name, mime := range map[string]string{"2031-05-12.csv": "text/csv; charset=utf-8", "2031-05-12.json": "application/json"} {
		w := ask(h, "GET", "/m/isk-valley/reports/"+name)
		if w.Code != 200 || w.Header().Get("Content-Type") != mime || w.Header().Get("Content-Disposition") != `attachment; filename="isk-valley-`+name+`"` {
			t.Errorf("%s = %d %v", name, w.Code, w.Header())
		}
	}
}

func TestLiveResumes(t *testing.T) {
	server := httptest.NewServer(handler(invented(t)))
	defer server.Close()
	r, err := http.NewRequest("GET", server.URL+"/m/isk-valley/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Last-Event-ID", "150")
	resp, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body) // the fake feed ends
	if err != nil {
		t.Fatal(err)
	}
	if want := "retry: 5000\n\nid: 181\ndata: 181\n\nid: 190\ndata: 190\n\n"; string(body) != want || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("after entry 150: %q, want %q", body, want)
	}
}

// TestStale holds that a live mission whose last tick is old says so.
func TestStale(t *testing.T) {
	v := invented(t)
	v.Mission.Mode = trucewatch.Live
	list := missions(v)[:1]
	h := web.New(list, web.Options{Audience: trucewatch.ForMission, Now: func() time.Time { return v.At.Time().Add(3 * time.Hour) }})
	if body := ask(h, "GET", "/m/isk-valley/").Body.String(); !strings.Contains(body, "stale: nothing recorded for 3 h") {
		t.Error("a page three hours old does not say so")
	}
}

// hostile is put into every text of the View. None of it may come out as
// markup, as a script address, or as a control of the direction of text.
const hostile = `=1+1"'><script>alert(1)</script><img src=x onerror=alert(2)>` + "\u202e\u2066\u0007" + `javascript:alert(3)//{{.}}`

func TestHostileTextIsOnlyText(t *testing.T) {
	v := poison(t, invented(t), hostile)
	h := handler(v)
	for path := range pages {
		w := ask(h, "GET", path)
		if choosesCases := strings.Contains(path, "/cases?"); w.Code != 200 && !choosesCases { // by words that are poisoned now
			t.Errorf("GET %s = %d with hostile text", path, w.Code)
		}
		checkHarmless(t, path, w.Body.String())
	}
	for _, name := range []string{"incidents", "findings", "cases", "tallies", "statements", "sources"} {
		body := ask(h, "GET", "/api/v1/m/isk-valley/"+name).Body.Bytes()
		if bytes.ContainsAny(body, "<>\u202e\u2066\a") {
			t.Errorf("api %s: hostile characters stand in the JSON", name)
		}
	}
}

func checkHarmless(t *testing.T, path, body string) {
	t.Helper()
	for _, bad := range []string{"<script>alert", "<img", "\u202e", "\u2066", "\a", `href="javascript`, `href=javascript`} {
		if i := strings.Index(body, bad); i >= 0 {
			t.Errorf("%s: %q stands in the page: …%.160s", path, bad, body[max(0, i-80):])
		}
	}
	if !strings.HasPrefix(path, "/api") {
		checkPage(t, body, strings.Contains(path, "/reports/"))
	}
}

// TestAboutSaysWhoCosigns: the page names the tier, who co-signed, and who is
// absent.
func TestAboutSaysWhoCosigns(t *testing.T) {
	list := missions(invented(t))
	list[0].Vouch = func() (web.Vouching, bool) {
		return web.Vouching{Tier: "provisional", Size: 12345, Signed: []string{"party-a at 2026-04-12 10:00:00 UTC"}, Absent: []string{"party-b has not co-signed since size 900"}}, true
	}
	body := ask(web.New(list, web.Options{Audience: trucewatch.ForMission}), "GET", "/m/isk-valley/about").Body.String()
	for _, want := range []string{"covers 12", "<strong>provisional</strong>", "party-a at", "party-b has not co-signed since size 900"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

// TestPublicHasNoPagesOfStanding: whoever is not told where weapons are stored,
// who called and where nobody looked finds neither the pages nor links to them, and
// a case says that its inside is not shown.
func TestPublicHasNoPagesOfStanding(t *testing.T) {
	v := invented(t)
	v.Audience, v.Standing = trucewatch.ForPublic, nil
	for i, c := range v.Cases {
		v.Cases[i] = trucewatch.CaseView{Case: trucewatch.Case{ID: c.ID, State: "served", Severity: c.Severity, Findings: c.Findings, Clocks: c.Clocks}}
	}
	list := missions(v)
	h := web.New(list, web.Options{Audience: trucewatch.ForPublic, API: api.New(apiMissions(list), api.Options{Audience: trucewatch.ForPublic})})
	for _, path := range []string{"commission", "obligations", "hotline", "coverage"} {
		if w := ask(h, "GET", "/m/isk-valley/"+path); w.Code != 404 || strings.Contains(w.Body.String(), "Karvo depot") {
			t.Errorf("the public is answered %s with %d", path, w.Code)
		}
		if body := ask(h, "GET", "/m/isk-valley/").Body.String(); strings.Contains(body, "/m/isk-valley/"+path) {
			t.Errorf("the public is shown a link to %s", path)
		}
	}
	if w := ask(h, "GET", "/api/v1/m/isk-valley/standing"); w.Code != 404 {
		t.Errorf("the public is answered standing with %d", w.Code)
	}
	body := ask(h, "GET", "/m/isk-valley/cases/case/A1/121.4").Body.String()
	if !strings.Contains(body, "are not shown to this audience") || strings.Contains(body, "Nobody called about it") {
		t.Error("a case says that there is nothing where nothing is shown")
	}
}

// TestTheMissionIsToldTermByTerm: an incident and a finding about it say why they are
// as sure as they are, who was silent and why each observation is linked; a view that
// holds none of it, as the public's, has no place for it.
func TestTheMissionIsToldTermByTerm(t *testing.T) {
	v := invented(t)
	incident := ask(handler(v), "GET", "/m/isk-valley/incidents/104.0").Body.String()
	for _, want := range []string{"also: people on the spot", "&#43;10.3", "post-brana</bdi> (would notice 0.50)", "Before this was weighed it was 0.97", "term by term", "places agree on 2.1 km2", "90 to 1", "here rather than there 0.62", "one of two places, far apart"} {
		if !strings.Contains(incident, want) {
			t.Errorf("the page of the incident does not say %q", want)
		}
	}
	if body := ask(handler(v), "GET", "/m/isk-valley/findings/K2/104.0").Body.String(); !strings.Contains(body, "also: people on the spot") {
		t.Error("the page of the finding does not say why it is as sure")
	}
	if body := ask(handler(v), "GET", "/api/v1/m/isk-valley/incidents").Body.String(); !strings.Contains(body, `"terms":[{"what":`) || !strings.Contains(body, `"sure":[{"what":`) {
		t.Error("the interface does not say why")
	}
	for i := range v.Incidents {
		in := &v.Incidents[i]
		in.Estimates, in.Observations, in.Silent, in.Unopposed, in.Sure = nil, nil, nil, 0, nil
	}
	for _, path := range []string{"/m/isk-valley/incidents/104.0", "/m/isk-valley/findings/K2/104.0"} {
		body := ask(handler(v), "GET", path).Body.String()
		for _, secret := range []string{"post-brana", "Decibans", "Who heard nothing"} {
			if strings.Contains(body, secret) {
				t.Errorf("%s says %q to those who are not told", path, secret)
			}
		}
	}
}

// TestNoPageAttributes: where the mission does not adjudicate, who is responsible
// was taken out of the findings, and no page has a place where it would stand.
func TestNoPageAttributes(t *testing.T) {
	v := invented(t)
	for i := range v.Findings {
		v.Findings[i].Attribution = trucewatch.Attribution{Level: "none"}
		v.Findings[i].Withheld = []string{"attribution"}
	}
	h := handler(v)
	attributes := regexp.MustCompile(`<dt>Attribution</dt>|data-label="Attribution">[^<]|area of control|direction only|admitted`)
	shown := handler(invented(t))
	seen := 0
	for path := range pages {
		if strings.Contains(path, "/about") || strings.Contains(path, "/reports/") || strings.HasPrefix(path, "/api") {
			continue // the method page explains the words
		}
		if at := attributes.FindString(ask(h, "GET", path).Body.String()); at != "" {
			t.Errorf("%s shows %q", path, at)
		}
		seen += len(attributes.FindAllString(ask(shown, "GET", path).Body.String(), -1))
	}
	if seen < 5 {
		t.Errorf("where it may be shown, attribution stands on the pages %d times: the test sees nothing", seen)
	}
}
