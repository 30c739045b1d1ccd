// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/mission"
	"github.com/trucewatch/trucewatch/verify"
)

// program returns the program as a command of its own: the test binary is
// trucewatch if it is called so.
func program(args ...string) *exec.Cmd {
	c := exec.Command(os.Args[0], args...)
	c.Args[0] = "trucewatch"
	return c
}

// mustRun runs the program and returns what it wrote.
func mustRun(t *testing.T, args ...string) string {
	t.Helper()
	c := program(args...)
	var errs bytes.Buffer
	c.Stderr = &errs
	out, err := c.Output()
	if err != nil {
		t.Fatalf("trucewatch %s: %v: %s", strings.Join(args, " "), err, errs.String())
	}
	return string(out)
}

// nativeRows writes n explosions, each with a time and place of its own and a
// text of so many bytes.
func nativeRows(t *testing.T, name string, from, n, text int) string {
	t.Helper()
	var b bytes.Buffer
	for i := from; i < from+n; i++ {
		at := time.Date(2025, 4, 11, 0, 0, i*7, 0, time.UTC).Format(time.RFC3339)
		fmt.Fprintf(&b, `{"native_id":"r-%d","kind":"explosion","means":"heard","count":{"value":1,"qualifier":"exact"},`+
			`"where":{"region":{"kind":"ellipse","center":{"lat_e7":%d,"lon_e7":%d},"semi_major_mm":100000,"semi_minor_mm":100000}},`+
			`"when":{"from":"%s","till":"%s"},"text":"%s"}`+"\n", i, -460000000+i%500*300000, -1270000000+i/500*300000, at, at, strings.Repeat("x", text))
	}
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestKilledImports kills imports at random moments. After each kill every row
// that was acknowledged is in the record, which is sound; running the same
// import again goes on, and in the end gives what an import that nobody killed
// gives.
func TestKilledImports(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: kills 20 processes")
	}
	const rows, kills = 20_000, 20
	dir := t.TempDir()
	killed, whole := filepath.Join(dir, "killed"), filepath.Join(dir, "whole")
	// Long texts make many entries, and so many syncs.
	name := nativeRows(t, "rows.jsonl", 0, rows, 500)
	args := func(m string) []string {
		return []string{"import", m, "--format", "native", "--source", "radar", "--kind", "sensor", "--progress", "json", name}
	}
	mustRun(t, "init", killed)
	mustRun(t, "init", whole)
	started := time.Now()
	mustRun(t, args(whole)...)
	took := time.Since(started)

	// The moments differ from run to run; whatever they are, nothing may be lost.
	random := rand.New(rand.NewPCG(uint64(os.Getpid()), 1))
	died, before := 0, int64(0)
	var resumed []int64 // with how many rows each import began
	for i := range kills {
		resumed = append(resumed, before)
		acked, ended := killWhile(t, args(killed), time.Duration(random.Int64N(int64(took)*3/4)))
		if !ended {
			died++
		}
		v, err := verify.Run(killed, verify.Options{Now: time.Now()})
		if err != nil || !v.Sound() {
			t.Fatalf("kill %d: %v, %v", i, v, err)
		}
		have := signedRows(t, killed)
		if have < before+acked {
			t.Fatalf("kill %d: %d rows are there; %d were there before, and %d more were acknowledged", i, have, before, acked)
		}
		before = have
	}
	mustRun(t, args(killed)...)
	if n := rowsOf(t, killed); n != rows {
		t.Errorf("%d rows in the end, want %d", n, rows)
	}
	// A live mission stamps times and the kills cut batches elsewhere, so that
	// identifiers differ; what belongs together must not.
	if a, b := contentOf(t, killed), contentOf(t, whole); a != b {
		t.Errorf("the killed import gives other incidents than one that nobody killed")
	}
	mustRun(t, "verify", killed)
	t.Logf("%d of %d imports were killed while running, within %v; they began with %v rows", died, kills, took*3/4, resumed)
	if died == 0 || before == 0 {
		t.Error("no kill came in time, or none left rows behind: nothing was tested")
	}
}

// killWhile starts the program and kills it after a while. It returns how many
// rows it acknowledged, and whether it ended by itself.
func killWhile(t *testing.T, args []string, after time.Duration) (acked int64, ended bool) {
	t.Helper()
	c := program(args...)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { c.Process.Kill() })
	defer timer.Stop()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var progress struct{ Acked, Recorded int64 }         // while it goes on, and at its end
		if json.Unmarshal(lines.Bytes(), &progress) == nil { // the kill may cut the last line
			acked = max(acked, progress.Acked, progress.Recorded)
		}
	}
	return acked, c.Wait() == nil
}

// signedRows lets a next writer sign what is durable, and counts the rows.
func signedRows(t *testing.T, dir string) int64 {
	t.Helper()
	m, err := mission.Open(dir)
	if err == nil {
		err = m.Write(func(*mission.Writer) error { return nil })
	}
	if err != nil {
		t.Fatalf("the next writer: %v", err)
	}
	return rowsIn(m)
}

func rowsOf(t *testing.T, dir string) int64 {
	t.Helper()
	m, err := mission.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return rowsIn(m)
}

func rowsIn(m *mission.Mission) (n int64) {
	for in := range m.State().Incidents() {
		n += int64(len(in.Links))
	}
	return n
}

func contentOf(t *testing.T, dir string) trucewatch.Hash {
	t.Helper()
	m, err := mission.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return m.State().OrderFreeDigest()
}

// TestFullDiskAndReadOnlyFolder: the message names the cause, nothing that was
// acknowledged is lost, and the next import needs no repair.
func TestFullDiskAndReadOnlyFolder(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=2m"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("cannot mount: %v", err)
		}
		t.Skipf("skipped: cannot mount: %v", err)
	}
	// Detached: what this process still reads of the record must not keep the
	// disk mounted, and the folder under it from being removed.
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	m := filepath.Join(disk, "m")
	mustRun(t, "init", m)
	small, large := nativeRows(t, "small.jsonl", 0, 10, 0), nativeRows(t, "large.jsonl", 10, 20_000, 0)
	load := func(name string) []string {
		return []string{"import", m, "--format", "native", "--source", "radar", "--kind", "sensor", name}
	}
	refused := func(name, cause string) {
		t.Helper()
		var errs bytes.Buffer
		c := program(load(name)...)
		c.Stderr = &errs
		var exit *exec.ExitError
		if err := c.Run(); !errors.As(err, &exit) || exit.ExitCode() != exitFailed || !strings.Contains(errs.String(), cause) {
			t.Errorf("%v, %q, want exit code 1 and %q", err, errs.String(), cause)
		}
		if strings.Contains(errs.String(), "panic") || strings.Count(errs.String(), "\n") != 1 {
			t.Errorf("not a message for people: %s", errs.String())
		}
	}
	sound := func() {
		t.Helper()
		if out := mustRun(t, "verify", m); !strings.Contains(out, "The record is sound") {
			t.Error(out)
		}
	}
	mustRun(t, load(small)...)

	refused(large, "no space left on device")
	sound()
	left := rowsOf(t, m)

	if err := syscall.Mount("", disk, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, "size=64m"); err != nil {
		t.Fatal(err)
	}
	refused(large, "read-only file system")
	sound()
	if err := syscall.Mount("", disk, "", syscall.MS_REMOUNT, "size=64m"); err != nil {
		t.Fatal(err)
	}
	if n := rowsOf(t, m); n < 10 || n != left {
		t.Errorf("%d rows after a read-only disk, %d before it", n, left)
	}
	mustRun(t, load(large)...)
	if n := rowsOf(t, m); n != 20_010 {
		t.Errorf("%d rows after there was room again, want 20010", n)
	}
	sound()
}

// TestServe: the first page stands at once, what another process imports is
// announced and shown, the same folder is not served twice, and a signal ends it.
func TestServe(t *testing.T) {
	m := filepath.Join(t.TempDir(), "live")
	mustRun(t, "init", m)
	server := program("serve", m, "--listen", "127.0.0.1:0")
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	server.Stderr = &errs
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("%v: %s", err, errs.String())
	}
	_, address, ok := strings.Cut(strings.TrimSuffix(strings.Fields(line)[5], "/"), "http://")
	if !ok {
		t.Fatalf("says %q, not where it serves", line)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	get := func(path string) (*http.Response, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
		if err != nil {
			return nil, err
		}
		return http.DefaultClient.Do(request)
	}
	page, err := get("/")
	if err != nil || page.StatusCode != http.StatusOK {
		t.Fatalf("first page: %v, %v", page, err)
	}
	page.Body.Close()

	var exit *exec.ExitError
	second := program("serve", m, "--listen", "127.0.0.1:0")
	if text, err := second.CombinedOutput(); !errors.As(err, &exit) || !strings.Contains(string(text), "it is being served already") {
		t.Errorf("a second server: %v, %s", err, text)
	}

	stream, err := get("/m/live/live")
	if err != nil || stream.StatusCode != http.StatusOK || !strings.HasPrefix(stream.Header.Get("Content-Type"), "text/event-stream") {
		t.Fatalf("live stream: %v, %v", stream, err)
	}
	defer stream.Body.Close()
	mustRun(t, "import", m, "--format", "native", "--source", "radar", "--kind", "sensor", nativeRows(t, "rows.jsonl", 0, 5, 0))
	entries := mustRun(t, "replay", m)
	want := strings.Fields(entries)[1]
	events := bufio.NewScanner(stream.Body)
	for found := false; !found; {
		if !events.Scan() {
			t.Fatalf("the stream ended before it told of %s entries: %v: %s", want, events.Err(), errs.String())
		}
		found = strings.HasPrefix(events.Text(), "data:") && strings.Contains(events.Text(), want)
	}
	list, err := get("/m/live/incidents")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(list.Body)
	list.Body.Close()
	if err != nil || !bytes.Contains(text, []byte("explosion")) {
		t.Errorf("what was imported is not shown: %v", err)
	}

	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := server.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v: %s", err, errs.String())
	}
	mustRun(t, "verify", m)
}

// TestHugeRowsTakeLittleMemory: a row of 128 MiB is refused by its line without
// being held in memory, and its neighbours are taken.
func TestHugeRowsTakeLittleMemory(t *testing.T) {
	m := filepath.Join(t.TempDir(), "m")
	mustRun(t, "init", m)
	peak := func(name string) (out string, bytes int64) {
		c := program("import", m, "--format", "native", "--source", "radar", "--kind", "sensor", name)
		text, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		return string(text), c.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10
	}
	_, small := peak(nativeRows(t, "small.jsonl", 0, 2, 0))

	good, err := os.ReadFile(nativeRows(t, "good.jsonl", 2, 2, 0))
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "huge.jsonl")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(good, []byte("\n"))
	f.Write(lines[0])
	fmt.Fprint(f, `{"text":"`)
	for range 128 {
		f.Write(bytes.Repeat([]byte("x"), 1<<20))
	}
	fmt.Fprint(f, "\"}\n")
	f.Write(lines[1])
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	out, large := peak(name)
	if !strings.Contains(out, "2 recorded, 0 known already, 1 rejected") {
		t.Errorf("%s", out)
	}
	if more := large - small; more > 32<<20 {
		t.Errorf("a row of 128 MiB takes %d MiB more memory than none", more>>20)
	}
}
