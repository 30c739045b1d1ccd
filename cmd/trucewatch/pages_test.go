// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
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
// that it is, no public page names a source or a sensor, and links lead to every
// case that the audience sees.
func TestEveryLinkLeadsSomewhere(t *testing.T) {
	dir, err := demo()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []trucewatch.Audience{trucewatch.ForMission, trucewatch.ForPublic} {
		t.Run(string(a), func(t *testing.T) {
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
			ctx, cancel := context.WithCancel(t.Context())
			ended, address := make(chan error, 1), make(chan string, 1)
			go func() { ended <- s.Run(ctx, "127.0.0.1:0", func(at net.Addr) { address <- at.String() }) }()
			base := "http://" + <-address
			awaitReports(t, base)
			for _, name := range examples.Names() {
				checkCasesAreLinked(t, base, name, walk(t, base, "/m/"+name, a))
			}
			walk(t, base, "/", a)
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
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

// checkCasesAreLinked holds the pages to which links lead against the cases that the
// interface lists.
func checkCasesAreLinked(t *testing.T, base, name string, reached map[string]bool) {
	t.Helper()
	code, _, body := fetch(t, base+"/api/v1/m/"+name+"/cases?limit=500")
	if code != http.StatusOK {
		t.Fatalf("cases of %s: %d: %s", name, code, body)
	}
	var list struct {
		Total int
		Items []trucewatch.CaseView
	}
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Items) != list.Total {
		t.Errorf("%s: %d cases of %d are listed", name, len(list.Items), list.Total)
	}
	if name == "one-bad-day" && list.Total == 0 {
		t.Errorf("%s shows no case", name)
	}
	for _, c := range list.Items {
		page := "/m/" + name + "/cases/" + string(c.ID)
		if !reached[page] {
			t.Errorf("no link leads to %s", page)
		}
		if code, _, _ := fetch(t, base+page); code != http.StatusOK {
			t.Errorf("%s: %d", page, code)
		}
	}
}

// walk follows links from a page to others below it, and returns those reached, by
// address.
func walk(t *testing.T, base, start string, a trucewatch.Audience) map[string]bool {
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
	return seen
}
