// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/examples"
	"github.com/trucewatch/trucewatch/mission"
)

// pagesMax bounds how many pages of a mission the test follows links to.
const pagesMax = 200

var link = regexp.MustCompile(`href="([^"#]+)`)

// TestEveryLinkLeadsSomewhere walks the pages of the four missions as each
// audience sees them: no link is dead, every page of the simulated mission says
// that it is, and no public page names a source or a sensor.
func TestEveryLinkLeadsSomewhere(t *testing.T) {
	for _, a := range []trucewatch.Audience{trucewatch.ForMission, trucewatch.ForPublic} {
		t.Run(string(a), func(t *testing.T) {
			base := serveDemo(t, a)
			for _, name := range examples.Names() {
				walk(t, base, "/m/"+name, a)
			}
			walk(t, base, "/", a)
		})
	}
}

// serveDemo serves copies of the four missions to an audience until the test
// ends, and returns the address.
func serveDemo(t *testing.T, a trucewatch.Audience) (base string) {
	t.Helper()
	dir, err := demo()
	if err != nil {
		t.Fatal(err)
	}
	s := &mission.Server{Audience: a, Log: slog.New(slog.DiscardHandler), Version: version}
	for _, name := range examples.Names() {
		own := filepath.Join(t.TempDir(), name) // a server writes into the index
		if err := os.CopyFS(own, os.DirFS(filepath.Join(dir, name))); err != nil {
			t.Fatal(err)
		}
		if err := s.Add(own); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended, address := make(chan error, 1), make(chan string, 1)
	go func() { ended <- s.Run(ctx, "127.0.0.1:0", func(at net.Addr) { address <- at.String() }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	base = "http://" + <-address
	awaitReports(t, base)
	return base
}

// TestEveryPageOfACaseIsReached starts from the first page and follows links
// alone. They lead to every case and finding that the audience is shown, to the
// incident of each case, and to the pages on which bodies and calls stand; and
// everything that the record holds of a case stands on its page.
func TestEveryPageOfACaseIsReached(t *testing.T) {
	for _, a := range []trucewatch.Audience{trucewatch.ForMission, trucewatch.ForPublic} {
		t.Run(string(a), func(t *testing.T) {
			base := serveDemo(t, a)
			reached := follow(t, base)
			t.Logf("links lead to %d pages", len(reached))
			cases, findings := 0, 0
			for _, name := range examples.Names() {
				for _, c := range everyItem[trucewatch.CaseView](t, base, name, "cases") {
					cases++
					checkCase(t, reached, "/m/"+name, &c.Case, a)
				}
				for _, f := range everyItem[trucewatch.FindingView](t, base, name, "findings") {
					findings++
					if _, ok := reached["/m/"+name+"/findings/"+string(f.ID)]; !ok {
						t.Errorf("%s: no link leads to finding %s", name, f.ID)
					}
				}
			}
			if cases < 20 || findings < 20 {
				t.Errorf("%d cases with %d findings are shown: too few to test", cases, findings)
			}
		})
	}
}

// checkCase looks for the pages of one case among those that links led to, and on
// its own page for everything that the audience is given of it.
func checkCase(t *testing.T, reached map[string]string, at string, c *trucewatch.Case, a trucewatch.Audience) {
	t.Helper()
	page, ok := reached[at+"/cases/"+string(c.ID)]
	if !ok {
		t.Errorf("no link leads to %s/cases/%s", at, c.ID)
		return
	}
	var parts []string
	pages := []string{}
	for _, f := range c.Findings {
		pages = append(pages, "/findings/"+string(f))
	}
	if c.Incident != nil {
		pages = append(pages, "/incidents/"+c.Incident.String())
	}
	for _, k := range c.Answers {
		parts = append(parts, k.What.Text, strings.ReplaceAll(k.What.Says, "_", " "))
	}
	for _, s := range c.Steps {
		parts = append(parts, s.What.ID, s.What.Reason)
	}
	for _, d := range c.Decisions {
		parts = append(parts, d.Decision.Question, d.Decision.ID)
		for _, v := range d.Decision.Votes {
			parts = append(parts, v.Dissent)
		}
		pages = append(pages, "/commission")
	}
	for _, r := range c.Remedies {
		parts = append(parts, r.Remedy.ID, r.Remedy.What)
	}
	if parts = append(parts, c.Activations...); len(c.Activations) > 0 {
		pages = append(pages, "/hotline")
	}
	for _, part := range parts {
		if !strings.Contains(page, html.EscapeString(part)) {
			t.Errorf("the page of %s does not show %q", c.ID, part)
		}
	}
	for _, to := range pages {
		if _, ok := reached[at+to]; !ok {
			t.Errorf("%s: no link leads to %s of case %s", a, to, c.ID)
		}
		if !strings.Contains(page, `href="`+at+to+`"`) {
			t.Errorf("%s: the page of case %s does not lead to %s", a, c.ID, to)
		}
	}
}

// TestPublicIsToldOfADecisionAndNoMore reads everything that any publisher gives
// the public of the mission whose bodies decide: pages, JSON, reports in each format
// and the index. All say that the bodies decided. What was asked, who voted how, who
// must do what and why stands nowhere, nor does what else is in a case.
func TestPublicIsToldOfADecisionAndNoMore(t *testing.T) {
	base := serveDemo(t, trucewatch.ForPublic)
	const name = "one-bad-day"
	published := map[string]string{}
	for path, body := range follow(t, base) {
		if strings.HasPrefix(path, "/m/"+name) || strings.HasPrefix(path, "/api/") {
			published[path] = body
		}
	}
	for _, list := range []string{"cases", "findings", "incidents", "statements", "notifications"} {
		for _, item := range everyItem[json.RawMessage](t, base, name, list) {
			published["JSON of "+list] += string(item)
		}
	}
	for _, day := range []string{"2026-04-13", "2026-04-14", "2026-04-15"} {
		for _, format := range []string{"html", "json", "csv"} {
			at := "/m/" + name + "/reports/" + day + "." + format
			if code, _, body := fetch(t, base+at); code == http.StatusOK {
				published[at] = body
			}
		}
	}
	dir, err := demo()
	if err != nil {
		t.Fatal(err)
	}
	index, err := os.ReadFile(filepath.Join(dir, name, "index", "public", "index.db"))
	if err != nil {
		t.Fatal(err)
	}
	published["the index"] = string(index)
	secrets := insideOfCases(t, filepath.Join(dir, name))
	for where, text := range published {
		for _, s := range secrets {
			if strings.Contains(text, s) || strings.Contains(text, html.EscapeString(s)) {
				t.Errorf("the public finds %q in %s", s, where)
			}
		}
	}
	for where, want := range map[string]string{
		"/m/" + name + "/cases/case/40.0": "The joint commission decided on 2026-04-14 (UTC): what follows for the parties.",
		"/m/" + name + "/cases/case/12.0": "No body has decided on this case.", // what did not carry is not told
		"JSON of cases":                   `"about":"consequences","day":"2026-04-14T00:00:00Z"`,
		"the index":                       "consequences",
	} {
		if !strings.Contains(published[where], want) {
			t.Errorf("%s does not say %q", where, want)
		}
	}
}

// insideOfCases lists the words of which cases are made up, as the mission has them.
func insideOfCases(t *testing.T, dir string) []string {
	t.Helper()
	m, err := mission.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for c := range m.State().Cases() {
		for _, a := range c.Answers {
			out = append(out, a.What.Text)
		}
		for _, s := range c.Steps {
			out = append(out, s.What.Reason, s.What.Comment)
		}
		for _, d := range c.Decisions {
			out = append(out, d.Decision.Question, d.Why)
			for _, v := range d.Decision.Votes {
				out = append(out, v.Dissent)
			}
			for _, r := range d.Decision.Remedies {
				out = append(out, r.What)
			}
		}
	}
	// A single word, such as a refusal's "classified", is in other texts too.
	out = slices.DeleteFunc(out, func(s string) bool { return !strings.Contains(s, " ") })
	if len(out) < 10 {
		t.Fatalf("cases hold %q: too little to look for", out)
	}
	return out
}

// casePagesMax bounds how many pages links may lead to from the first one.
const casePagesMax = 3000

// follow opens every page that links lead to from the first one and returns what
// it says, by path. Of a list it asks for every part, but in one order and with
// no filter; it leaves out the daily reports, which lead to no other page.
func follow(t *testing.T, base string) map[string]string {
	t.Helper()
	pages, seen, queue := map[string]string{}, map[string]bool{"/": true}, []string{"/"}
	for n := 0; n < len(queue); n++ {
		if n == casePagesMax {
			t.Fatalf("links lead to more than %d pages", casePagesMax)
		}
		code, kind, body := fetch(t, base+queue[n])
		if code != http.StatusOK {
			t.Errorf("%s: %d", queue[n], code)
		}
		here, err := url.Parse(queue[n])
		if err != nil {
			t.Fatal(err)
		}
		pages[here.Path] += body
		if !strings.HasPrefix(kind, "text/html") {
			continue
		}
		for _, m := range link.FindAllStringSubmatch(body, -1) {
			to, err := here.Parse(html.UnescapeString(m[1]))
			if err != nil {
				t.Errorf("%s: link %q: %v", here, m[1], err)
				continue
			}
			asks := to.Query()
			asks.Del("offset")
			elsewhere := to.Scheme != "" || to.Host != "" || strings.HasPrefix(to.Path, "/static/") || strings.HasSuffix(to.Path, "/live") || strings.Contains(to.Path, "/reports/")
			if elsewhere || len(asks) > 0 || seen[to.RequestURI()] {
				continue
			}
			seen[to.RequestURI()] = true
			queue = append(queue, to.RequestURI())
		}
	}
	return pages
}

// everyItem returns a whole list of a mission, as programs are given it.
func everyItem[T any](t *testing.T, base, mission, list string) []T {
	t.Helper()
	var all []T
	for {
		_, _, body := fetch(t, fmt.Sprintf("%s/api/v1/m/%s/%s?offset=%d", base, mission, list, len(all)))
		var page struct {
			Total int `json:"total"`
			Items []T `json:"items"`
		}
		if err := json.Unmarshal([]byte(body), &page); err != nil {
			t.Fatalf("%s of %s: %v", list, mission, err)
		}
		if all = append(all, page.Items...); len(all) >= page.Total || len(page.Items) == 0 {
			return all
		}
	}
}

// awaitReports waits until the records are folded: until then there are no
// reports, which links lead to.
func awaitReports(t *testing.T, base string) {
	t.Helper()
	for _, report := range []string{"geneva-2026/reports/2026-02-19", "measures-2020/reports/2021-12-31", "easter-truces/reports/2026-04-13", "one-bad-day/reports/2026-04-13"} {
		awaitReport(t, base+"/m/"+report)
	}
}

func awaitReport(t *testing.T, address string) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.Now().Add(time.Minute)
	for code := 0; code != http.StatusOK; <-tick.C {
		if code, _, _ = fetch(t, address); code != http.StatusOK && time.Now().After(deadline) {
			t.Fatalf("%s: %d", address, code)
		}
	}
}

func fetch(t *testing.T, address string) (code int, kind, body string) {
	t.Helper()
	r, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, r.Header.Get("Content-Type"), string(text)
}

func walk(t *testing.T, base, start string, a trucewatch.Audience) {
	t.Helper()
	seen, queue := map[string]bool{start: true}, []string{start}
	from := map[string]string{}
	for n := 0; n < len(queue) && n < pagesMax; n++ {
		at := queue[n]
		code, kind, body := fetch(t, base+at)
		if code != http.StatusOK {
			t.Errorf("%s, linked from %s: %d", at, from[at], code)
			continue
		}
		if strings.Contains(at, "one-bad-day") && !strings.Contains(strings.ToLower(body), "simulated") {
			t.Errorf("%s does not say that it is simulated", at)
		}
		if a == trucewatch.ForPublic {
			for _, secret := range []string{"AC-17", "array-ac-17", "uav-mini-4"} {
				if strings.Contains(body, secret) {
					t.Errorf("%s: the public reads %s", at, secret)
				}
			}
		}
		if !strings.HasPrefix(kind, "text/html") {
			continue
		}
		here, err := url.Parse(at)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(body, -1) {
			to, err := here.Parse(strings.ReplaceAll(m[1], "&amp;", "&"))
			if err != nil {
				t.Errorf("%s: link %q: %v", at, m[1], err)
				continue
			}
			if !strings.HasPrefix(to.Path, start) || to.Scheme != "" || to.Host != "" || strings.HasSuffix(to.Path, "/live") || seen[to.RequestURI()] {
				continue
			}
			seen[to.RequestURI()] = true
			from[to.RequestURI()] = at
			queue = append(queue, to.RequestURI())
		}
	}
	if len(queue) < 5 {
		t.Errorf("%s: %d pages are linked", start, len(queue))
	}
}
