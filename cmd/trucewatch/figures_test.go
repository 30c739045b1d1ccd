// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trucewatch/trucewatch/internal/operations"
	"github.com/trucewatch/trucewatch/witness"
)

// operatedService starts a service with --metrics and returns the addresses of
// what it prints that it listens at, by the words before.
func operatedService(t *testing.T, last string, args ...string) map[string]string {
	t.Helper()
	c := program(append(args, "--metrics", "127.0.0.1:0", "--listen", "127.0.0.1:0")...)
	var errs bytes.Buffer
	c.Stderr = &errs
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Process.Kill()
		c.Wait() // The kill is its error.
	})
	at := map[string]string{}
	for lines := bufio.NewScanner(out); at[last] == "" && lines.Scan(); {
		if word, rest, ok := strings.Cut(lines.Text(), " "); ok {
			_, address, _ := strings.Cut(rest, "http://")
			address, _, _ = strings.Cut(address, "/")
			at[word] = "http://" + address
		}
	}
	if at[last] == "" || at["Figures"] == "" {
		t.Fatalf("%v: %s", at, errs.String())
	}
	return at
}

func ask(t *testing.T, address string) (int, string) {
	t.Helper()
	answer, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// figuresOf returns the figures of this program among those of an address, each
// "name{labels} value", and holds their labels to the closed list.
func figuresOf(t *testing.T, address string) string {
	t.Helper()
	_, text := ask(t, address+"/metrics")
	var ours []string
	label := regexp.MustCompile(`([a-z]+)="`)
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "trucewatch_") {
			continue
		}
		ours = append(ours, line)
		for _, m := range label.FindAllStringSubmatch(line, -1) {
			if !slices.Contains(operations.Labels(), m[1]) {
				t.Errorf("a figure has the label %s: %s", m[1], line)
			}
		}
	}
	return strings.Join(ours, "")
}

// TestWitnessSaysHowItDoes: what a witness signed and refused stands in its
// figures; two histories make its health fail.
func TestWitnessSaysHowItDoes(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: runs processes")
	}
	log := newGrowingLog(t)
	log.grow(t)
	dir := filepath.Join(t.TempDir(), "w")
	mustRun(t, "witness", "key", "--dir", dir, "--name", "g-1.example/witness")
	mustRun(t, "witness", "init", "--dir", dir, "--log", log.vkey, "--new")
	at := operatedService(t, "Witness", "witness", "run", "--dir", dir, "--log", log.vkey)
	for _, old := range []int64{0, 0} { // the second time it knows size 1
		postCheckpoint(at["Witness"], log.request(t, old))
	}
	want := []string{`trucewatch_witness_size{log="log.example/north"} 1`, `trucewatch_witness_signs{log="log.example/north"} 1`,
		`trucewatch_witness_answers_total{code="200"} 1`, `trucewatch_witness_answers_total{code="409"} 1`, `trucewatch_witness_signed_timestamp_seconds{`, "trucewatch_health 2"}
	figures := figuresOf(t, at["Figures"])
	for _, w := range want {
		if !strings.Contains(figures, w) {
			t.Errorf("no %s in %s", w, figures)
		}
	}
	other := &growingLog{vkey: log.vkey, signer: log.signer}
	other.hashes = append(other.hashes, log.hashes...)
	other.hashes[0][0]++
	other.size = 1
	postCheckpoint(at["Witness"], other.request(t, 1))
	if code, text := ask(t, at["Figures"]+"/healthz"); code != http.StatusServiceUnavailable || !strings.Contains(text, "two histories") {
		t.Errorf("after two histories health is %d: %s", code, text)
	}
}

// TestIdleWitnessSaysSo: a witness to whom nobody brings anything says since when,
// and one that waits for its peers that it waits.
func TestIdleWitnessSaysSo(t *testing.T) {
	log := newGrowingLog(t)
	dir := t.TempDir()
	mustRun(t, "witness", "key", "--dir", dir, "--name", "g-1.example/witness")
	mustRun(t, "witness", "init", "--dir", dir, "--log", log.vkey, "--new")
	key, err := witness.ReadKey(filepath.Join(dir, keyFile))
	if err != nil {
		t.Fatal(err)
	}
	s, err := witness.Open(witness.Settings{Dir: dir, Key: key, Logs: []string{log.vkey}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	began := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	w := witnessWatch{s, began}
	if h := w.health(began.Add(signsNothing)); h.Status() != "ok" {
		t.Errorf("%+v", h)
	}
	if h := w.health(began.Add(signsNothing + time.Second)); len(h.Degraded) != 1 || !strings.Contains(h.Degraded[0], "since 2026-05-01T00:00:00Z") {
		t.Errorf("%+v", h)
	}
}

// TestMirrorSaysHowItDoes: what a mirror holds stands in its figures; a source that
// is gone makes its health worse.
func TestMirrorSaysHowItDoes(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: runs processes")
	}
	dir := t.TempDir()
	runIn(t, dir, "init", "m")
	log, err := os.ReadFile(filepath.Join(dir, "m", "keys", "log.pub"))
	if err != nil {
		t.Fatal(err)
	}
	mustRun(t, "mirror", "init", "--dir", filepath.Join(dir, "a"), "--name", "a.example/mirror", "--log", strings.TrimSpace(string(log)))
	at := operatedService(t, "Mirror", "mirror", "run", "--dir", filepath.Join(dir, "a"), "--from", filepath.Join(dir, "m", "record"), "--every", "1s")
	until := func(what string, done func() bool) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); !done(); {
			if time.Now().After(deadline) {
				t.Fatalf("%s: %s", what, figuresOf(t, at["Figures"]))
			}
		}
	}
	until("it holds nothing", func() bool {
		f := figuresOf(t, at["Figures"])
		return strings.Contains(f, "trucewatch_mirror_pulled_timestamp_seconds{") && !strings.Contains(f, "trucewatch_mirror_size{log=\""+strings.SplitN(string(log), "+", 2)[0]+"\"} 0")
	})
	f := figuresOf(t, at["Figures"])
	for _, name := range []string{"mirror_ahead", "mirror_frozen", "mirror_evidence_files", "health"} {
		if !strings.Contains(f, "trucewatch_"+name) {
			t.Errorf("no %s in %s", name, f)
		}
	}
	if err := os.Rename(filepath.Join(dir, "m", "record"), filepath.Join(dir, "m", "gone")); err != nil {
		t.Fatal(err)
	}
	until("a source that is gone is not noticed", func() bool {
		_, text := ask(t, at["Figures"]+"/healthz")
		return strings.HasPrefix(text, "degraded\n") && strings.Contains(text, "the last pull did not go well")
	})
}
