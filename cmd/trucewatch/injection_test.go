// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"go.yaml.in/yaml/v4"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/mission"
	"github.com/trucewatch/trucewatch/record"
)

// evil stands before every text of a mission: it begins a formula, ends an
// attribute and an element, runs a script, turns the text around and recolours a
// terminal.
const evil = plainEvil + "\u202e\x1b[31m"

// plainEvil has only characters that are seen: names of keys may have no others.
const plainEvil = `='"></a><svg onload=evil()><script>evil()</script>`

// words are fields that hold somebody's words and refer to nothing; names may
// be what other entries refer to.
var (
	words = []string{"Text", "Reason", "Comment", "Question", "What", "Dissent", "Alleges"}
	names = append([]string{"By", "To", "Member", "Serial", "Name", "Model", "Basis", "Note", "Licence", "URL", "Capacity", "Speaker", "Channel", "Meeting", "Topics"}, words...)
)

// A poisoner puts evil before the texts of entries that may hold any.
type poisoner struct {
	only   []string        // fields to poison; nil: all
	done   []string        // fields of nouns in the entry at hand, "Source.Name"
	stands map[string]bool // fields of nouns that stand in the record
}

// poison changes all texts of an entry that its own check lets pass. What names a
// finding, case, party or act by the record's own rules stays, so that what
// refers to it still does.
func (p *poisoner) poison(e *trucewatch.Entry) {
	kept := map[reflect.Type]bool{reflect.TypeFor[trucewatch.FindingID](): true, reflect.TypeFor[trucewatch.CaseID](): true,
		reflect.TypeFor[trucewatch.PartyID](): true, reflect.TypeFor[trucewatch.ActID](): true}
	var walk func(v reflect.Value, field string)
	walk = func(v reflect.Value, field string) {
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() {
				walk(v.Elem(), field)
			}
		case reflect.Struct:
			for i := range v.NumField() {
				if f := v.Type().Field(i); f.IsExported() {
					walk(v.Field(i), v.Type().Name()+"."+f.Name)
				}
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i), field)
			}
		case reflect.String:
			_, name, _ := strings.Cut(field, ".")
			if kept[v.Type()] || v.Len() == 0 && name == "ID" || p.only != nil && !slices.Contains(p.only, name) {
				return
			}
			before := v.String()
			v.SetString(evil + before)
			if field == "KeyRegistration.Name" {
				v.SetString(plainEvil + before)
			}
			if e.Check() != nil {
				v.SetString("https://example.org/" + evil)
			}
			if e.Check() != nil {
				v.SetString(before)
				return
			}
			p.done = append(p.done, field)
		}
	}
	p.done = nil
	walk(reflect.ValueOf(&e.Body.Payload), "")
}

// play records an entry with as much evil as the record takes: in all texts, or
// in names and words, in words alone, or in none.
func (p *poisoner) play(w *mission.Writer, e *trucewatch.Entry) error {
	var err error
	for _, only := range [][]string{nil, names, words, {}} {
		body, failed := trucewatch.DecodeBody(e.Raw)
		if failed != nil {
			return failed
		}
		again := *e
		again.Body, p.only = body, only
		p.poison(&again)
		if err = w.Append(again.Body.Payload, e.Received); err == nil {
			for _, field := range p.done {
				p.stands[field] = true
			}
			return nil
		}
	}
	return err
}

// rare are entries of types that the example has none of.
func rare(t *testing.T, at trucewatch.Instant) (entries []*trucewatch.Entry) {
	t.Helper()
	public := make([]byte, 32)
	for _, payload := range []trucewatch.Payload{
		{Statement: &trucewatch.StatementBatch{Source: trucewatch.Source{ID: "press", Kind: "press"}, Statements: []trucewatch.Statement{{
			Key: trucewatch.ContentKey{9}, Speaker: "speaker", Capacity: "c", For: "f", Channel: "c", RelayedBy: "r", Track: "military", Meeting: "m", Topics: []string{"t"},
			Text: "text", Language: "en", Claims: []trucewatch.Claim{{Kind: "event", Text: "t", About: "a", Status: "reported"}}, PublishedAt: trucewatch.Interval{From: at - 1, Till: at - 1}}}}},
		{Custody: &trucewatch.Custody{Item: trucewatch.Hash{1}, Deed: "acquired", By: "officer", At: at, Reason: "r", SizeBytes: 1, Chunks: trucewatch.Hash{2}, MediaType: "image/png", To: "t", About: "a"}},
		{Absence: &trucewatch.Absence{Organisation: "party-a", Since: 1}},
		{Key: &trucewatch.KeyRegistration{ID: sha256ID(public), Public: public, Role: trucewatch.LiaisonKey, Name: "liaison", Organisation: "party-a", Reason: "r"}},
		{Inventory: &trucewatch.Inventory{Site: "PS-04", Party: "A", By: "A", At: at, State: "declared", Text: "t", Items: []trucewatch.StoredItem{{
			Weapon: trucewatch.Weapon{Platform: "gun", Text: "gun", Model: "m"}, Serial: "s-1", State: "present"}}}},
		{Coverage: &trucewatch.CoverageReport{Source: trucewatch.Source{ID: "press", Kind: "press"}, Watches: []trucewatch.Watch{{When: trucewatch.Interval{From: 1, Till: at - 1}, State: "out", Cause: "outage",
			Where: trucewatch.Place{Text: "here", Name: "n", Basis: "b", Region: geo.Region{Kind: geo.Ellipse, Center: geo.Position{LatE7: 1, LonE7: 1}, SemiMajorMM: 1000, SemiMinorMM: 1000}}}}}},
	} {
		body := trucewatch.Body{Version: 1, Log: "log", Type: payload.Types()[0], Payload: payload}
		entries = append(entries, &trucewatch.Entry{Received: at, Body: body, Raw: trucewatch.Encode(body)})
	}
	return entries
}

func sha256ID(public []byte) (id trucewatch.KeyID) {
	sum := sha256.Sum256(public)
	copy(id[:], sum[:])
	return id
}

// poisonedMission plays an example's record anew with poisoned texts into a live,
// open mission in dir, and returns which fields were poisoned.
func poisonedMission(t *testing.T, dir string) *poisoner {
	t.Helper()
	from, err := demo()
	if err != nil {
		t.Fatal(err)
	}
	from = filepath.Join(from, "one-bad-day")
	found, err := mission.FindCopy(from, "")
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := found.Verifier()
	if err != nil {
		t.Fatal(err)
	}
	r, err := record.OpenReader(found.Record, verifier)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var entries []*trucewatch.Entry
	if err := mission.EachEntry(r, 0, r.Checkpoint().Size, func(_ uint64, e *trucewatch.Entry, err error) {
		if err != nil {
			t.Error(err)
		}
		entries = append(entries, e)
	}); err != nil {
		t.Fatal(err)
	}
	genesis := entries[0].Body.Payload.Genesis
	p := &poisoner{stands: map[string]bool{}}
	if err := mission.Create(dir, &mission.Spec{ID: "evil", Title: evil + genesis.Title, Summary: evil + genesis.Summary, Mode: trucewatch.Live,
		DisplayZone: genesis.DisplayZone, CutOff: genesis.CutOff, Agreements: []string{"agreement"}}, poisonedAgreement(t), entries[0].Received); err != nil {
		t.Fatal(err)
	}
	m, err := mission.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	entries = append(entries, rare(t, entries[len(entries)-1].Received)...)
	if err := m.Write(func(w *mission.Writer) error {
		for _, e := range entries {
			switch e.Body.Type {
			case trucewatch.GenesisEntry, trucewatch.AgreementEntry, trucewatch.TickEntry, trucewatch.DigestEntry:
				continue // made anew
			}
			if e.Body.Payload.Key != nil && e.Body.Payload.Key.Role == trucewatch.DeskKey {
				continue
			}
			// The indexes of this record are others, and so are some cases' names.
			if err := p.play(w, e); err != nil && e.Body.Type != trucewatch.ReviewEntry {
				t.Errorf("entry %d, %s: %v", e.Index, e.Body.Type, err)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return p
}

// poisonedAgreement is the example's agreement with evil before the values of
// every key at which the agreement stays one.
func poisonedAgreement(t *testing.T) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	dir := os.DirFS("../../examples/agreements/line-2026")
	if err := fs.WalkDir(dir, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(dir, name)
		files["agreement/"+name] = &fstest.MapFile{Data: data}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	text := files["agreement/agreement.yaml"]
	var root yaml.Node
	if err := yaml.Unmarshal(text.Data, &root); err != nil {
		t.Fatal(err)
	}
	byKey := map[string][]*yaml.Node{}
	var collect func(n *yaml.Node, key string)
	collect = func(n *yaml.Node, key string) {
		if n.Kind == yaml.ScalarNode {
			byKey[key] = append(byKey[key], n)
		}
		for i, c := range n.Content {
			if n.Kind == yaml.MappingNode && i%2 == 0 {
				continue
			} else if n.Kind == yaml.MappingNode {
				key = n.Content[i-1].Value
			}
			collect(c, key)
		}
	}
	collect(&root, "")
	var poisoned []string
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		before := text.Data
		for _, n := range byKey[key] {
			n.Value, n.Style, n.Tag = evil+n.Value, yaml.DoubleQuotedStyle, "!!str"
		}
		data, err := yaml.Marshal(&root)
		if err != nil {
			t.Fatal(err)
		}
		text.Data = data
		bundle, err := mission.ReadBundle(files, "agreement")
		if err == nil {
			_, err = mission.LoadAgreement(bundle)
		}
		if err == nil {
			poisoned = append(poisoned, fmt.Sprintf("%s ×%d", key, len(byKey[key])))
			continue
		}
		text.Data = before
		for _, n := range byKey[key] {
			n.Value = strings.TrimPrefix(n.Value, evil)
		}
		root = yaml.Node{}
		if err := yaml.Unmarshal(before, &root); err != nil {
			t.Fatal(err)
		}
		byKey = map[string][]*yaml.Node{}
		collect(&root, "")
	}
	t.Logf("the agreement is evil at %v", poisoned)
	return files
}

// textFields lists the text fields of every noun that an entry may carry.
func textFields(typ reflect.Type, field string, seen map[reflect.Type]bool, out map[string]bool) {
	switch typ.Kind() {
	case reflect.Pointer, reflect.Slice:
		textFields(typ.Elem(), field, seen, out)
	case reflect.Struct:
		if seen[typ] {
			return
		}
		seen[typ] = true
		for i := range typ.NumField() {
			if f := typ.Field(i); f.IsExported() {
				textFields(f.Type, typ.Name()+"."+f.Name, seen, out)
			}
		}
	case reflect.String:
		out[field] = true
	}
}

// TestInjection: whatever the texts of entries and of an agreement hold, no byte
// of a page, of the interface, of a report or of what a command prints is more
// than text: a browser runs nothing and reports nothing, a spreadsheet computes
// nothing, a terminal obeys nothing.
func TestInjection(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: plays and crawls a whole mission")
	}
	dir := filepath.Join(t.TempDir(), "evil")
	p := poisonedMission(t, dir)
	all := map[string]bool{}
	textFields(reflect.TypeFor[trucewatch.Payload](), "", map[reflect.Type]bool{}, all)
	// Of sealed missions, of a text that asks nothing, of a file, of the program's own.
	notHere := []string{"Access.Reason", "Erasure.Reason", "Interpretation.Reason", "Interpretation.Question", "Rejection.Reason", "Digest.What"}
	for _, f := range slices.Sorted(maps.Keys(all)) {
		if _, name, _ := strings.Cut(f, "."); slices.Contains(words, name) && !p.stands[f] && !slices.Contains(notHere, f) {
			t.Errorf("no entry has an evil %s: nothing is tested of it", f)
		}
	}
	if len(p.stands) < 95 {
		t.Errorf("%d fields are evil: %v", len(p.stands), slices.Sorted(maps.Keys(p.stands)))
	}
	for _, a := range []trucewatch.Audience{trucewatch.ForMission, trucewatch.ForPublic} {
		t.Run(string(a), func(t *testing.T) { servedHarmlessly(t, dir, a) })
	}
	t.Run("printed", func(t *testing.T) {
		for _, args := range [][]string{{"case", dir}, {"verify", dir}, {"key", "list", dir}} {
			var out, errs bytes.Buffer
			code := run(args, terminal{strings.NewReader(""), &out, &errs})
			if code != exitOK && code != exitFound { // the picture of the chain of custody is not there
				t.Errorf("%v: %d: %s%s", args, code, out.String(), errs.String())
			}
			for _, text := range []string{out.String(), errs.String()} {
				if i := strings.IndexAny(text, "\x1b\u202e"); i >= 0 {
					t.Errorf("%v prints %q", args, text[max(0, i-80):i+8])
				}
			}
		}
	})
}

// servedHarmlessly follows every link of a mission that somebody poisoned, and
// looks at some of its pages with a browser.
func servedHarmlessly(t *testing.T, dir string, a trucewatch.Audience) {
	own := filepath.Join(t.TempDir(), "evil") // a server writes into the index
	copied(t, dir, own)
	s := &mission.Server{Audience: a, Log: slog.New(slog.DiscardHandler), Version: version}
	if err := s.Add(own); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended, address := make(chan error, 1), make(chan string, 1)
	go func() { ended <- s.Run(ctx, "127.0.0.1:0", func(at net.Addr) { address <- at.String() }) }()
	base := "http://" + <-address
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	awaitReport(t, base+"/m/evil/reports/2026-04-13")
	queue := []string{"/m/evil/", "/api/", "/api/v1/missions"}
	for _, name := range []string{"header", "incidents", "findings", "cases", "tallies", "statements", "notifications", "sources", "map", "standing"} {
		queue = append(queue, "/api/v1/m/evil/"+name)
	}
	for _, format := range []string{"", ".html", ".json", ".csv"} {
		queue = append(queue, "/m/evil/reports/2026-04-13"+format)
	}
	seen, evils, kinds := map[string]bool{}, 0, map[string][]string{}
	pages := map[string]int{} // by kind of page
	for n := 0; n < len(queue) && n < pagesMax; n++ {
		if what := strings.FieldsFunc(queue[n], func(r rune) bool { return r == '/' || r == '?' }); len(what) > 3 && what[0] == "m" {
			if pages[what[2]]++; pages[what[2]] > 5 {
				continue
			}
		}
		answer, err := http.Get(base + queue[n])
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if answer.StatusCode != http.StatusOK {
			continue // the public has no such page
		}
		kind, _, _ := strings.Cut(answer.Header.Get("Content-Type"), ";")
		kinds[kind] = append(kinds[kind], queue[n])
		if harmlessBytes(t, queue[n], kind, string(text), answer.Header) {
			evils++
		}
		here, err := url.Parse(queue[n])
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			to, err := here.Parse(html.UnescapeString(m[1]))
			if err != nil {
				t.Errorf("%s: link %q: %v", queue[n], m[1], err)
				continue
			}
			if to.Host != "" || to.Scheme != "" || !strings.HasPrefix(to.Path, "/m/evil") || strings.HasSuffix(to.Path, "/live") || seen[to.RequestURI()] {
				continue
			}
			seen[to.RequestURI()] = true
			queue = append(queue, to.RequestURI())
		}
	}
	t.Logf("%d answers have evil: %d pages, %d of JSON, %d of CSV", evils, len(kinds["text/html"]), len(kinds["application/json"]), len(kinds["text/csv"]))
	if evils < 20 || len(kinds["text/html"]) < 15 || len(kinds["text/csv"]) == 0 {
		t.Error("evil is not seen: nothing was tested")
	}
	browseHarmlessly(t, base, kinds["text/html"])
}

// harmlessBytes holds an answer to what its kind may hold, and says whether evil
// is in it at all.
func harmlessBytes(t *testing.T, path, kind, text string, h http.Header) bool {
	t.Helper()
	bad := []string{"\x1b", "\u202e"}
	switch kind {
	case "text/html":
		bad = append(bad, "<svg onload", "<script>evil", "'\"></a>", `href="javascript`)
		for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if csp := h.Get("Content-Security-Policy"); !strings.Contains(csp, want) || strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") {
				t.Errorf("%s: Content-Security-Policy is %q, without %s", path, csp, want)
			}
		}
	case "application/json", "application/geo+json":
		bad = append(bad, "<", ">")
		if !json.Valid([]byte(text)) {
			t.Errorf("%s: not JSON", path)
		}
	case "text/csv":
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		for _, row := range rows {
			for _, cell := range row {
				if _, err := strconv.ParseFloat(cell, 64); err != nil && strings.ContainsAny(cell[:min(1, len(cell))], "=+-@\t\r") {
					t.Errorf("%s: a cell begins a formula: %q", path, cell)
				}
			}
		}
	default:
		t.Errorf("%s: served as %s", path, kind)
	}
	for _, b := range bad {
		if i := strings.Index(text, b); i >= 0 {
			t.Errorf("%s: %q stands in it: …%.200s", path, b, text[max(0, i-120):])
		}
	}
	if h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%s: a browser may guess what it is", path)
	}
	return strings.Contains(text, "evil()")
}

// browseHarmlessly opens pages in a browser, in which nothing may run, fail or be
// blocked.
func browseHarmlessly(t *testing.T, base string, paths []string) {
	t.Helper()
	const chromium, pages = "/usr/bin/chromium", 16
	if _, err := os.Stat(chromium); err != nil {
		t.Skip("skipped: no chromium")
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium), chromedp.NoSandbox)...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Run(ctx, func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, target, log.Enable, cdp.Empty{})
		return chromedp.Void{}, err
	}); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var wrong []string
	if err := chromedp.Listen(ctx, func(event any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := event.(type) {
		case *log.EventEntryAdded:
			wrong = append(wrong, e.Entry.Text+" "+e.Entry.URL)
		case *runtime.EventExceptionThrown:
			wrong = append(wrong, e.ExceptionDetails.Text)
		}
	}); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(paths); i += max(1, len(paths)/pages) {
		page, cancel := context.WithTimeout(ctx, time.Minute)
		_, err := chromedp.Run(page, chromedp.Navigate(base+paths[i]))
		var foreign int
		if err == nil {
			foreign, err = chromedp.Run(page, chromedp.Evaluate[int](`document.querySelectorAll("[onload], script:not([src])").length`))
		}
		cancel()
		if err != nil {
			t.Fatalf("%s: %v", paths[i], err)
		}
		mu.Lock()
		if foreign > 0 || len(wrong) > 0 {
			t.Errorf("%s: %d elements that are not ours, %v", paths[i], foreign, wrong)
		}
		wrong = nil
		mu.Unlock()
	}
}
