// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/trucewatch/trucewatch/mission"
	"github.com/trucewatch/trucewatch/verify"
)

// A storm is a mission that is served, imported into and entered into at once,
// and what was acknowledged of it.
type storm struct {
	dir    string
	random *rand.Rand
	server *exec.Cmd
	errs   *bytes.Buffer // of the server
	base   string        // address of the server
	rows   int64         // acknowledged by imports
	calls  []string      // acknowledged by enter, by identifier
	died   [3]int        // servers, imports and enters that a kill ended
}

// TestKilledStorm kills a server, an import and a list that is entered, all at
// work on one mission, at random moments. After each round the record is sound
// and holds all that was acknowledged, and a service that is started again shows
// what the record holds, without any repair.
func TestKilledStorm(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: kills some dozen processes")
	}
	rounds := 6
	if os.Getenv("TRUCEWATCH_LONG") != "" {
		rounds = 300
	}
	const rows = 150 // in each round
	agreed, err := filepath.Abs("../../examples/agreements/line-2026")
	if err != nil {
		t.Fatal(err)
	}
	seed := uint64(time.Now().UnixNano())
	if given, err := strconv.ParseUint(os.Getenv("TRUCEWATCH_SEED"), 10, 64); err == nil {
		seed = given
	}
	t.Logf("TRUCEWATCH_SEED=%d; the moments depend on the machine too", seed)
	s := &storm{dir: t.TempDir(), random: rand.New(rand.NewPCG(seed, 2))}
	runIn(t, s.dir, "init", "m", "--agreement", agreed)
	t.Cleanup(func() {
		if s.server != nil {
			s.server.Process.Kill()
			s.server.Wait()
		}
	})
	var files []string
	for round := range rounds {
		// Long texts make many entries, and so many syncs.
		files = append(files, nativeRows(t, fmt.Sprintf("%d.jsonl", round), round*rows, rows, 500))
		s.play(t, round, files[round])
		s.check(t, round)
		if t.Failed() {
			return
		}
	}
	// The same imports again do what is left of them.
	for _, name := range files {
		runIn(t, s.dir, s.load(name)...)
	}
	s.check(t, rounds)
	if s.rows != int64(rounds*rows) {
		t.Errorf("%d rows in the end, want %d", s.rows, rounds*rows)
	}
	t.Logf("in %d rounds kills ended %d servers, %d imports and %d lists; %d calls were acknowledged", rounds, s.died[0], s.died[1], s.died[2], len(s.calls))
	if s.died[0] == 0 || s.died[1]+s.died[2] == 0 || len(s.calls) == 0 {
		t.Error("no kill came in time, or nothing was acknowledged: nothing was tested")
	}
}

func (s *storm) load(name string) []string {
	return []string{"import", "m", "--format", "native", "--source", "radar", "--kind", "sensor", "--progress", "json", name}
}

// serve starts the server unless it runs.
func (s *storm) serve(t *testing.T) {
	t.Helper()
	if s.server != nil {
		return
	}
	s.server, s.errs = commandIn(s.dir, "serve", "m", "--listen", "127.0.0.1:0"), &bytes.Buffer{}
	s.server.Stderr = s.errs
	out, err := s.server.StdoutPipe()
	if err == nil {
		err = s.server.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	address := regexp.MustCompile(`http://[0-9.:]+/`).FindString(line)
	if address == "" {
		t.Fatalf("serve says %q, %v: %s", line, err, s.errs)
	}
	s.base = address
}

// play lets all three work and kills some of them.
func (s *storm) play(t *testing.T, round int, rows string) {
	t.Helper()
	s.serve(t)
	list, ids := filepath.Join(s.dir, "calls.yaml"), []string(nil)
	var calls strings.Builder
	for i := range 20 {
		ids = append(ids, fmt.Sprintf("h-%d-%d", round, i))
		fmt.Fprintf(&calls, "- activation: {id: %s, from: person, at: 2025-04-12T07:00:00Z, alleges: shells near the mill %d}\n", ids[i], i)
	}
	if err := os.WriteFile(list, []byte(calls.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	enter, load := commandIn(s.dir, "enter", "m", list), commandIn(s.dir, s.load(rows)...)
	var entered bytes.Buffer
	enter.Stdout = &entered
	acks, err := load.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*exec.Cmd{load, enter} {
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
	}
	kills := 1 + s.random.IntN(7) // which of the three, as bits
	for i, c := range []*exec.Cmd{s.server, load, enter} {
		if kills>>i&1 == 1 {
			// Guess: an import takes 0.3 s; test: how many were ended, below.
			timer := time.AfterFunc(time.Duration(s.random.Int64N(int64(400*time.Millisecond))), func() { c.Process.Kill() })
			defer timer.Stop()
		}
	}
	acked := int64(0)
	for lines := bufio.NewScanner(acks); lines.Scan(); {
		var progress struct{ Acked, Recorded int64 }
		if json.Unmarshal(lines.Bytes(), &progress) == nil { // the kill may cut the last line
			acked = max(acked, progress.Acked, progress.Recorded)
		}
	}
	s.rows += acked
	for i, c := range []*exec.Cmd{load, enter} {
		if err := c.Wait(); err != nil && kills>>(i+1)&1 == 1 && c.ProcessState.ExitCode() < 0 {
			s.died[i+1]++
		}
	}
	// One line stands for each call that stands, and calls stand in their order.
	s.calls = append(s.calls, ids[:bytes.Count(entered.Bytes(), []byte("\n"))]...)
	if kills&1 == 1 {
		s.server.Process.Kill() // its moment may still lie ahead
		if s.server.Wait(); s.server.ProcessState.ExitCode() < 0 {
			s.died[0]++
		}
		s.server = nil
	}
}

// check holds the mission against what was acknowledged, and wants to see it served.
func (s *storm) check(t *testing.T, round int) {
	t.Helper()
	dir := filepath.Join(s.dir, "m")
	s.serve(t)
	if v, err := verify.Run(dir, verify.Options{Now: time.Now()}); err != nil || !v.Sound() {
		t.Fatalf("round %d: %v, %v", round, v, err)
	}
	m, err := mission.Open(dir)
	if err == nil {
		err = m.Write(func(*mission.Writer) error { return nil }) // signs what is durable
	}
	if err != nil {
		t.Fatalf("round %d: the next writer: %v", round, err)
	}
	have := rowsIn(m)
	if have < s.rows {
		t.Errorf("round %d: %d rows are there, %d were acknowledged", round, have, s.rows)
	}
	s.rows = have
	called := make(map[string]bool)
	for c := range m.State().Cases() {
		for _, id := range c.Activations {
			called[id] = true
		}
	}
	for _, id := range s.calls {
		if !called[id] {
			t.Errorf("round %d: call %s was acknowledged and is not there", round, id)
		}
	}
	s.shows(t, m)
}

// shows waits until the server shows as many incidents as the record holds.
func (s *storm) shows(t *testing.T, m *mission.Mission) {
	t.Helper()
	want := 0
	for range m.State().Incidents() {
		want++
	}
	got := struct{ Total int }{-1}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(time.Minute); got.Total != want && time.Now().Before(end); <-tick.C {
		answer, err := http.Get(s.base + "api/v1/m/m/incidents?limit=1")
		if err != nil {
			t.Fatalf("the server: %v: %s", err, s.errs)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if answer.StatusCode == http.StatusOK {
			if err := json.Unmarshal(body, &got); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got.Total != want {
		t.Errorf("the server shows %d incidents, the record holds %d: %s", got.Total, want, s.errs)
	}
}

// TestIndexThatDoesNotFitIsMadeToFit: an index that is older than its record,
// newer, or another mission's is no reason not to serve, and never decides what
// is shown.
func TestIndexThatDoesNotFitIsMadeToFit(t *testing.T) {
	dir := t.TempDir()
	load := func(m string, from, n int) {
		runIn(t, dir, "import", m, "--format", "native", "--source", "radar", "--kind", "sensor", nativeRows(t, "rows.jsonl", from, n, 0))
	}
	for _, name := range []string{"new", "other"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		runIn(t, dir, "init", name+"/m")
	}
	load("new/m", 0, 2)
	copied(t, filepath.Join(dir, "new/m"), filepath.Join(dir, "old/m"))
	load("new/m", 2, 3)
	load("other/m", 0, 7)
	for _, tt := range []struct{ name, record, index string }{
		{"older", "new", "old"}, {"newer", "old", "new"}, {"of another mission", "new", "other"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &storm{dir: t.TempDir()}
			m := filepath.Join(s.dir, "m")
			copied(t, filepath.Join(dir, tt.record, "m"), m)
			if err := os.RemoveAll(filepath.Join(m, "index")); err != nil {
				t.Fatal(err)
			}
			copied(t, filepath.Join(dir, tt.index, "m", "index"), filepath.Join(m, "index"))
			s.serve(t)
			defer s.server.Wait()
			defer s.server.Process.Kill()
			opened, err := mission.Open(m)
			if err != nil {
				t.Fatal(err)
			}
			s.shows(t, opened)
		})
	}
}

func copied(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}
