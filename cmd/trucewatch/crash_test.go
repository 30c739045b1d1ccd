// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fileCalls are the calls by which the program changes files, or opens them.
const fileCalls = "openat,write,pwrite64,fdatasync,fsync,renameat,unlinkat,unlink,ftruncate,mkdirat"

// A crashCase is a command whose file calls fail one after the other.
type crashCase struct {
	name  string
	setUp func(t *testing.T, dir string)
	args  []string // run in the folder that setUp filled; the mission is m
	rows  int64    // in the mission after the command was done
}

// TestEveryFileCallFails lets one file call of a command after the other fail,
// or kill the program, under strace. After each the record is sound, what was
// acknowledged is there, and the same command run again does its work.
//
// strace counts calls by thread, and which thread makes a call differs from run
// to run: a run in which the call was not made tests nothing and is counted so.
func TestEveryFileCallFails(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: runs some hundred processes")
	}
	if _, err := exec.LookPath("strace"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("skipped: %v", err)
	}
	// A prime, so that every kind of call and fault has its turn.
	every := 31
	if os.Getenv("TRUCEWATCH_LONG") != "" {
		every = 1
	}
	load := []string{"import", "m", "--format", "native", "--source", "radar", "--kind", "sensor", "rows.jsonl"}
	sealed := func(t *testing.T, dir string) { crashMission(t, dir) }
	for _, c := range []crashCase{
		{"import into an open mission", func(t *testing.T, dir string) { crashMission(t, dir, "--open") }, load, 5},
		{"import into a sealed mission", sealed, load, 5},
		{"index written anew", func(t *testing.T, dir string) {
			crashMission(t, dir)
			runIn(t, dir, load...)
			if err := os.RemoveAll(filepath.Join(dir, "m", "index")); err != nil {
				t.Fatal(err)
			}
		}, load, 5},
		{"enter", sealed, []string{"enter", "m", "watches.yaml"}, 0},
		{"erase", func(t *testing.T, dir string) { erasable(t, dir, load) }, []string{"erase", "m", "4", "--class", "custody",
			"--basis", "law", "--authority", "officer", "--sign", "one.key", "--sign", "two.key"}, 5},
	} {
		t.Run(c.name, func(t *testing.T) { c.walk(t, every) })
	}
}

// walk injects every fault at every so many-th call.
func (c crashCase) walk(t *testing.T, every int) {
	template := t.TempDir()
	c.setUp(t, template)
	clean := copyOf(t, template)
	c.trace(t, clean, "")
	calls := tracedCalls(t, clean)
	step, played := 0, 0
	for _, call := range strings.Split(fileCalls, ",") {
		for _, fault := range []string{"error=EIO", "error=ENOSPC", "signal=SIGKILL"} {
			for n := 1; n <= calls[call]; n++ {
				if step++; step%every != 0 {
					continue
				}
				dir := copyOf(t, template)
				inject := fmt.Sprintf("%s:%s:when=%d", call, fault, n)
				done := c.trace(t, dir, inject)
				if log, err := os.ReadFile(filepath.Join(dir, "strace")); err != nil {
					t.Fatal(err)
				} else if bytes.Contains(log, []byte("INJECTED")) || bytes.Contains(log, []byte("killed by SIGKILL")) {
					played++
				}
				c.check(t, dir, inject, done, played%5 == 1)
				if err := os.RemoveAll(dir); err != nil {
					t.Fatal(err)
				}
				if t.Failed() {
					return
				}
			}
		}
	}
	t.Logf("%d of %d places chosen, the fault came in %d; calls by one thread: %v", step/every, step, played, calls)
	if played == 0 {
		t.Error("no fault was played: nothing was tested")
	}
}

// trace runs the command under strace, with a fault or none, and says whether
// it reported that all was done.
func (c crashCase) trace(t *testing.T, dir, inject string) bool {
	t.Helper()
	program, err := filepath.Abs(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "trucewatch")
	if err := os.Symlink(program, link); err != nil {
		t.Fatal(err)
	}
	args := []string{"-f", "-o", "strace", "-e", "trace=" + fileCalls}
	if inject != "" {
		args = append(args, "-e", "inject="+inject)
	}
	s := exec.Command("strace", append(append(args, "./trucewatch"), c.args...)...)
	s.Dir = dir
	out, err := s.CombinedOutput()
	if inject == "" && err != nil {
		t.Fatalf("without a fault: %v: %s", err, out)
	}
	// Go's runtime wakes its own threads by a write to an eventfd, and dies if that
	// fails. It is no call to a file: the run counts like a kill.
	woken := bytes.Contains(out, []byte("netpollBreak write failed"))
	if bytes.Contains(out, []byte("goroutine ")) && !woken {
		t.Errorf("%s: panics: %s", inject, out)
	}
	return err == nil
}

// check holds the mission against what was promised, and runs the command again.
func (c crashCase) check(t *testing.T, dir, inject string, done, served bool) {
	t.Helper()
	m := filepath.Join(dir, "m")
	if out, err := commandIn(dir, "verify", "m").CombinedOutput(); err != nil {
		t.Errorf("%s: verify: %v: %s", inject, err, out)
	}
	if n := rowsOf(t, m); done && n != c.rows {
		t.Errorf("%s: all was acknowledged, but %d rows are there, want %d", inject, n, c.rows)
	}
	if served {
		standsServed(t, dir, inject)
	}
	if out, err := commandIn(dir, c.args...).CombinedOutput(); err != nil {
		t.Errorf("%s: the same command again: %v: %s", inject, err, out)
	}
	if n := rowsOf(t, m); n != c.rows {
		t.Errorf("%s: %d rows after the same command again, want %d", inject, n, c.rows)
	}
	if out, err := commandIn(dir, "verify", "m").CombinedOutput(); err != nil {
		t.Errorf("%s: verify at the end: %v: %s", inject, err, out)
	}
}

// standsServed fails the test unless the mission is served without any repair.
func standsServed(t *testing.T, dir, inject string) {
	t.Helper()
	server := commandIn(dir, "serve", "m", "--listen", "127.0.0.1:0")
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	server.Stderr = &errs
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer server.Wait()
	defer server.Process.Kill()
	line := make([]byte, 512)
	n, err := out.Read(line)
	address := regexp.MustCompile(`http://[0-9.:]+/`).Find(line[:n])
	if address == nil {
		t.Errorf("%s: serve says %q, %v: %s", inject, line[:n], err, errs.String())
		return
	}
	// Until the index is there again, the server says that it is not.
	client := http.Client{Timeout: time.Minute}
	status := http.StatusServiceUnavailable
	for end := time.Now().Add(time.Minute); status == http.StatusServiceUnavailable && time.Now().Before(end); {
		page, err := client.Get(string(address) + "m/m/incidents")
		if err != nil {
			t.Errorf("%s: the page of a served mission: %v", inject, err)
			return
		}
		page.Body.Close()
		status = page.StatusCode
	}
	if status != http.StatusOK {
		t.Errorf("%s: the page of a served mission: status %d", inject, status)
	}
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}

// tracedCalls counts the calls of the thread that made the most of each.
func tracedCalls(t *testing.T, dir string) map[string]int {
	t.Helper()
	log, err := os.ReadFile(filepath.Join(dir, "strace"))
	if err != nil {
		t.Fatal(err)
	}
	byThread := make(map[string]int)
	most := make(map[string]int)
	for _, m := range regexp.MustCompile(`(?m)^(\d+) +(\w+)\(`).FindAllStringSubmatch(string(log), -1) {
		byThread[m[1]+m[2]]++
		most[m[2]] = max(most[m[2]], byThread[m[1]+m[2]])
	}
	return most
}

// crashMission fills a folder with a mission m, rows to import and watches to enter.
func crashMission(t *testing.T, dir string, flags ...string) {
	t.Helper()
	runIn(t, dir, append([]string{"init", "m"}, flags...)...)
	if err := os.Rename(nativeRows(t, "rows.jsonl", 0, 5, 0), filepath.Join(dir, "rows.jsonl")); err != nil {
		t.Fatal(err)
	}
	const watches = `- coverage: {source: {id: radar, kind: sensor}, watches: [{when: {from: "2025-04-11T00:00:00Z", till: "2025-04-11T01:00:00Z"}, state: out, cause: outage,
    where: {region: {kind: ellipse, center: {lat_e7: -460000000, lon_e7: -1270000000}, semi_major_mm: 9000000, semi_minor_mm: 9000000}}}]}
`
	if err := os.WriteFile(filepath.Join(dir, "watches.yaml"), []byte(watches), 0o600); err != nil {
		t.Fatal(err)
	}
}

// erasable makes a sealed mission with two officers, and rows in entry 4.
func erasable(t *testing.T, dir string, load []string) {
	t.Helper()
	crashMission(t, dir)
	for _, name := range []string{"one.key", "two.key"} {
		key := strings.TrimSpace(runIn(t, dir, "key", "new", name))
		runIn(t, dir, "key", "register", "m", key, "--role", "officer")
	}
	runIn(t, dir, load...)
}

func commandIn(dir string, args ...string) *exec.Cmd {
	c := program(args...)
	c.Dir = dir
	return c
}

func runIn(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := commandIn(dir, args...).Output()
	if err != nil {
		t.Fatalf("trucewatch %s: %v", strings.Join(args, " "), err)
	}
	return string(out)
}

// copyOf copies a folder of files and folders.
func copyOf(t *testing.T, from string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

// TestStarvedProgramLosesNothing runs an import with too few file descriptors or
// too little memory. It fails with a message or succeeds, and with enough of both
// the same import does the rest.
func TestStarvedProgramLosesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: runs some dozen processes")
	}
	load := []string{"import", "m", "--format", "native", "--source", "radar", "--kind", "sensor", "rows.jsonl"}
	for _, tt := range []struct {
		name, limit string // of the shell's ulimit
		values      []int
	}{
		{"file descriptors", "-n", []int{4, 5, 6, 7, 8, 9, 10, 12, 14, 16}},
		{"size of a file in blocks of 512 or 1,024 bytes", "-f", []int{0, 1, 2, 8}},
		{"address space in KiB", "-v", []int{100_000, 400_000, 1_000_000, 1_300_000}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			failed := 0
			for _, value := range tt.values {
				dir := t.TempDir()
				crashMission(t, dir)
				program, err := filepath.Abs(os.Args[0])
				if err != nil {
					t.Fatal(err)
				}
				if err := os.Symlink(program, filepath.Join(dir, "trucewatch")); err != nil {
					t.Fatal(err)
				}
				c := exec.Command("sh", "-c", "ulimit "+tt.limit+" "+strconv.Itoa(value)+" && exec ./trucewatch "+strings.Join(load, " "))
				c.Dir = dir
				var exit *exec.ExitError
				if out, err := c.CombinedOutput(); errors.As(err, &exit) {
					failed++
					t.Logf("%d: %v: %.120s", value, err, out)
				} else if err != nil {
					t.Fatal(err)
				}
				crashCase{args: load, rows: 5}.check(t, dir, fmt.Sprintf("%s %d", tt.limit, value), err == nil && exit == nil, false)
			}
			if failed == 0 {
				t.Error("no limit was felt: nothing was tested")
			}
		})
	}
}
