// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

const chromium = "/usr/bin/chromium"

// TestBrowser opens the pages in a real browser, wide and narrow, and prints
// them. It looks for what only a browser finds: errors on its console, requests
// to anybody else, pages wider than the screen, what the policy blocks. Pictures
// go to $TRUCEWATCH_SHOTS if it is set.
func TestBrowser(t *testing.T) {
	if _, err := os.Stat(chromium); err != nil {
		t.Skip("skipped: no chromium")
	}
	server := httptest.NewServer(handler(invented(t)))
	defer server.Close()
	shots := os.Getenv("TRUCEWATCH_SHOTS")
	b := openBrowser(t)
	for _, size := range []struct {
		name          string
		width, height int64
	}{{"wide", 1280, 900}, {"narrow", 390, 844}} {
		for _, path := range []string{"/", "/m/isk-valley/", "/m/isk-valley/map", "/m/isk-valley/incidents", "/m/isk-valley/incidents/104.0", "/m/isk-valley/findings",
			"/m/isk-valley/findings/K2/104.0", "/m/isk-valley/cases", "/m/isk-valley/cases/case/K2/104.0", "/m/isk-valley/cases/case/A1/121.4",
			"/m/isk-valley/findings/A1/B/121.4?lang=xx&with=A1/121.4", "/m/isk-valley/commission", "/m/isk-valley/obligations", "/m/isk-valley/hotline", "/m/isk-valley/coverage",
			"/m/isk-valley/tallies", "/m/isk-valley/statements",
			"/m/isk-valley/agreement", "/m/isk-valley/sources", "/m/isk-valley/about", "/m/isk-valley/reports/2031-05-12", "/m/talks/", "/api/"} {
			t.Run(size.name+path, func(t *testing.T) {
				b.do(t, chromedp.EmulateViewport(size.width, size.height))
				b.do(t, chromedp.Navigate(server.URL+path))
				wide := browse(t, b, chromedp.Evaluate[int]("document.documentElement.scrollWidth"))
				if wide > int(size.width) {
					culprit := browse(t, b, chromedp.Evaluate[string](`Array.from(document.body.querySelectorAll("*")).filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".scroll,table,.sections")).slice(0, 3).map(e => e.outerHTML.slice(0, 120)).join("\n")`))
					t.Errorf("%d pixels wide on a screen of %d: %s", wide, size.width, culprit)
				}
				small := browse(t, b, chromedp.Evaluate[string](`Array.from(document.querySelectorAll("button, input:not([type=hidden]), select, summary, nav a")).filter(e => e.offsetParent && e.getBoundingClientRect().height < 23.5).map(e => e.outerHTML.slice(0, 80)).join("\n")`))
				if small != "" {
					t.Errorf("targets below 24 pixels: %s", small)
				}
				b.check(t, server.URL)
				if shots != "" { // a picture takes longer than all checks
					save(t, shots, size.name+strings.Map(inFileName, path)+".png", browse(t, b, chromedp.FullScreenshot(100)))
				}
			})
		}
	}
	t.Run("paper", func(t *testing.T) {
		for _, path := range []string{"/m/isk-valley/reports/2031-05-12", "/m/isk-valley/incidents/104.0"} {
			b.do(t, chromedp.Navigate(server.URL+path))
			pdf := browse(t, b, func(ctx context.Context, target *chromedp.Target) ([]byte, error) {
				yes := true
				r, err := cdp.Call(ctx, target, cdppage.PrintToPDF, cdppage.PrintToPDFParams{PrintBackground: &yes, PreferCSSPageSize: &yes})
				return r.Data, err
			})
			if !strings.HasPrefix(string(pdf), "%PDF") || len(pdf) < 20_000 {
				t.Errorf("%s printed to %d bytes", path, len(pdf))
			}
			if shots != "" {
				save(t, shots, "paper"+strings.ReplaceAll(path, "/", "-")+".pdf", pdf)
			}
		}
	})
	t.Run("keys", func(t *testing.T) {
		b.do(t, chromedp.Navigate(server.URL+"/m/isk-valley/incidents"))
		b.do(t, chromedp.KeyEvent("jj"))
		if got := browse(t, b, chromedp.Evaluate[int](`Array.from(document.querySelectorAll("[data-row]")).findIndex(r => r.contains(document.activeElement))`)); got != 1 {
			t.Errorf("after j j the focus is in row %d, want 1", got)
		}
		b.do(t, chromedp.KeyEvent("/"))
		if got := browse(t, b, chromedp.Evaluate[string]("document.activeElement.id")); got != "search" {
			t.Errorf("after / the focus is in %q", got)
		}
		b.check(t, server.URL)
	})
	t.Run("case by keyboard alone", func(t *testing.T) {
		b.do(t, chromedp.Navigate(server.URL+"/"))
		for _, step := range []struct{ link, heading string }{
			{"Isk Valley ceasefire", "Overview"}, {"Cases", "Cases"}, {"case/A1/121.4", "Case case/A1/121.4"}, {"special panel", "Commission"},
			{"case/A1/121.4", "Case case/A1/121.4"}, {"A1/B/121.4", "Finding A1/B/121.4"}, {"xx", "Finding A1/B/121.4"}, {"121.4", "Incident 121.4"},
			{"Obligations", "Obligations"}, {"K1/118.0", "Finding K1/118.0"}, {"Hotline", "Hotline"}, {"Coverage", "Coverage"},
		} {
			follow(t, b, step.link)
			if got := browse(t, b, chromedp.Evaluate[string]("document.title")); !strings.HasPrefix(got, step.heading) {
				t.Fatalf("the link %q led to %q, want %q", step.link, got, step.heading)
			}
			b.check(t, server.URL)
		}
	})
	t.Run("live", func(t *testing.T) {
		b.do(t, chromedp.Navigate(server.URL+"/m/isk-valley/"))
		news := browse(t, b, chromedp.Evaluate[string](`new Promise(done => { const at = document.getElementById("news"); const look = () => at.textContent ? done(at.textContent) : requestAnimationFrame(look); look(); })`,
			chromedp.EvalAwaitPromise))
		if news != "9 new entries. Show the page as of entry 190." {
			t.Errorf("news = %q", news)
		}
	})
}

// follow presses Tab until the link with these words has the focus, as somebody
// without a mouse does, and then Enter.
func follow(t *testing.T, b *browser, words string) {
	t.Helper()
	const tabsMax = 200 // a page with more stops would be a burden by keyboard
	for range tabsMax {
		b.do(t, chromedp.KeyEvent("\t"))
		if browse(t, b, chromedp.Evaluate[string](`document.activeElement.tagName === "A" ? document.activeElement.textContent : ""`)) == words {
			ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
			defer cancel()
			if _, err := chromedp.RunResponse(ctx, chromedp.KeyEvent("\r")); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("no link %q is reached by Tab on %s", words, browse(t, b, chromedp.Evaluate[string]("location.href")))
}

// inFileName replaces what a name of a file does not hold.
func inFileName(r rune) rune {
	if strings.ContainsRune("/?&=", r) {
		return '-'
	}
	return r
}

// A browser collects what goes wrong in its one tab.
type browser struct {
	ctx   context.Context
	mu    sync.Mutex
	wrong []string
	asked []string
}

func openBrowser(t *testing.T) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium), chromedp.NoSandbox,
		chromedp.Flag("disable-quic", true), chromedp.Flag("enable-unsafe-swiftshader", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	// The first call starts the browser, which lives as long as its context.
	if _, err := chromedp.Run(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	b := &browser{ctx: ctx}
	b.do(t, func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, target, log.Enable, cdp.Empty{})
		return chromedp.Void{}, err
	})
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *browser) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		b.wrong = append(b.wrong, fmt.Sprint(e.Entry.Text, " ", e.Entry.URL))
	case *runtime.EventExceptionThrown:
		b.wrong = append(b.wrong, fmt.Sprint(e.ExceptionDetails.Text))
	case *runtime.EventConsoleAPICalled:
		b.wrong = append(b.wrong, fmt.Sprint("console ", e.Type))
	case *network.EventRequestWillBeSent:
		b.asked = append(b.asked, e.Request.URL)
	}
}

// check reports what went wrong since the last check.
func (b *browser) check(t *testing.T, server string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, w := range b.wrong {
		t.Errorf("console: %s", w)
	}
	if len(b.asked) == 0 {
		t.Error("no request was seen: the test sees nothing")
	}
	for _, a := range b.asked {
		u, err := url.Parse(a)
		if err != nil || u.Scheme != "data" && !strings.HasPrefix(a, server+"/") {
			t.Errorf("request to %s", a)
		}
	}
	b.wrong, b.asked = nil, nil
}

func (b *browser) do(t *testing.T, a chromedp.Action[chromedp.Void]) { t.Helper(); browse(t, b, a) }

func browse[T any](t *testing.T, b *browser, a chromedp.Action[T]) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func save(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
		t.Fatal(err)
	}
}
