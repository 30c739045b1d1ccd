// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/trucewatch/trucewatch/mission"
)

// TestIntakeUnderFlood: the real program takes in what devices signed while one
// floods it. What it acknowledged is in the record after a kill, a patrol that
// says little gets through, the figures count what was sent away, spans say how
// long each step took, and the record opens again.
func TestIntakeUnderFlood(t *testing.T) {
	dir := t.TempDir()
	m := filepath.Join(dir, "live")
	mustRun(t, "init", m)
	sign := func(source string, from, n, text int) []byte {
		t.Helper()
		key := filepath.Join(dir, source+".key")
		if _, err := os.Stat(key); err != nil {
			public := strings.TrimSpace(mustRun(t, "key", "new", key))
			mustRun(t, "key", "register", m, public, "--role", "device", "--source", source, "--name", source)
		}
		out := filepath.Join(dir, source+".cbor")
		mustRun(t, "sign", m, "--key", key, "--rows", nativeRows(t, source, from, n, text), "-o", out)
		data, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	flood, patrol := sign("mic", 0, 300, 1500), sign("patrol", 5000, 1, 10)
	all, err := mission.DecodeSubmissions(flood)
	if err != nil {
		t.Fatal(err)
	}
	server := program("serve", m, "--listen", "127.0.0.1:0", "--intake", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--log", "json", "--spans")
	var log bytes.Buffer
	server.Stderr = &log
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer server.Process.Kill()
	said := make([]byte, 0, 1000)
	for piece := make([]byte, 500); !bytes.Contains(said, []byte("Serving the")); {
		n, err := out.Read(piece)
		if said = append(said, piece[:n]...); err != nil {
			t.Fatalf("%v: %s", err, said)
		}
	}
	door := regexp.MustCompile(`bodies on (http://[^/]*)/`).FindSubmatch(said)[1]
	figures := regexp.MustCompile(`health on (http://[^/]*)/`).FindSubmatch(said)[1]
	post := func(data []byte) (int, int) {
		response, err := http.Post(string(door)+"/live/submissions", "application/cbor", bytes.NewReader(data))
		if err != nil {
			t.Error(err)
			return 0, 0
		}
		defer response.Body.Close()
		var a struct{ Recorded []mission.Recorded }
		if err := json.NewDecoder(response.Body).Decode(&a); err != nil {
			t.Error(err)
		}
		return response.StatusCode, len(a.Recorded)
	}
	for code, _ := post(patrol[:10]); code == http.StatusServiceUnavailable; code, _ = post(patrol[:10]) {
		time.Sleep(20 * time.Millisecond) // the mission is being opened
	}
	// Thirty requests of 300 bodies each: 18 MB beside a share of 4 MB.
	var mu sync.Mutex
	codes := map[int]int{}
	var senders sync.WaitGroup
	for range 30 {
		senders.Go(func() {
			code, _ := post(mission.EncodeSubmissions(all))
			mu.Lock()
			codes[code]++
			mu.Unlock()
		})
	}
	code, recorded := post(patrol)
	senders.Wait()
	if code != http.StatusOK || recorded != 1 {
		t.Errorf("the patrol: %d, %d recorded", code, recorded)
	}
	if codes[http.StatusOK] == 0 || codes[http.StatusTooManyRequests]+codes[http.StatusServiceUnavailable] == 0 {
		t.Errorf("the flood was answered %v, want some taken and some sent away", codes)
	}
	page := func(path string) string {
		response, err := http.Get(string(figures) + path)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if text := page("/healthz"); codes[http.StatusTooManyRequests] > 0 && !strings.Contains(text, "overloaded since") {
		t.Errorf("health: %s", text)
	}
	if text := page("/metrics"); !strings.Contains(text, `trucewatch_bodies_taken_total{class="routine",mission="live"}`) {
		t.Error("no figures")
	}
	if err := server.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = server.Wait() // killed
	for _, span := range []string{`"name":"submission"`, `"name":"take in"`} {
		if !strings.Contains(log.String(), span) {
			t.Errorf("no span says %s", span)
		}
	}
	if n := signedRows(t, m); n != 301 {
		t.Errorf("%d rows, want 301: each acknowledged one, once", n)
	}
	mustRun(t, "verify", m)
	fmt.Fprintln(t.Output(), "answers of the flood:", codes)
}
