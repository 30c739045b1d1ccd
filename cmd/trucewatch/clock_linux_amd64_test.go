// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// wrongClock starts the program with a clock that is wrong by so much, and lets
// it go. The program asks the kernel's shared page (vDSO) for the time, not the C
// library, so that what stands there is overwritten before its first instruction.
func wrongClock(t *testing.T, c *exec.Cmd, by time.Duration) {
	t.Helper()
	runtime.LockOSThread() // a process is traced by a thread
	defer runtime.UnlockOSThread()
	c.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var status syscall.WaitStatus
	_, err := syscall.Wait4(c.Process.Pid, &status, 0, nil)
	if err == nil {
		err = shiftClock(c.Process.Pid, int64(by/time.Second))
	}
	if err == nil {
		err = syscall.PtraceDetach(c.Process.Pid)
	}
	if err != nil {
		c.Process.Kill()
		t.Fatalf("the clock of the program: %v", err)
	}
}

// shiftClock makes a stopped process read a clock that is wrong by so many seconds.
func shiftClock(pid int, seconds int64) error {
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return err
	}
	place := regexp.MustCompile(`(?m)^([0-9a-f]+)-([0-9a-f]+) .*\[vdso\]$`).FindStringSubmatch(string(maps))
	if place == nil {
		return fmt.Errorf("no vDSO in %s", maps)
	}
	var from, till int64
	if _, err := fmt.Sscanf(place[1]+" "+place[2], "%x %x", &from, &till); err != nil {
		return err
	}
	memory, err := os.OpenFile(fmt.Sprintf("/proc/%d/mem", pid), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer memory.Close()
	image := make([]byte, till-from)
	if _, err := memory.ReadAt(image, from); err != nil {
		return err
	}
	vdso, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		return err
	}
	symbols, err := vdso.DynamicSymbols()
	if err != nil {
		return err
	}
	code := []byte{0xb8, 228, 0, 0, 0, 0x0f, 0x05} // mov eax, SYS_clock_gettime; syscall
	code = append(code, 0x85, 0xff, 0x75, 13)      // test edi, edi (CLOCK_REALTIME); jnz past the sum
	code = append(code, 0x48, 0xb9)                // mov rcx, seconds
	code = binary.LittleEndian.AppendUint64(code, uint64(seconds))
	code = append(code, 0x48, 0x01, 0x0e, 0xc3) // add [rsi], rcx; ret
	for _, s := range symbols {
		if s.Name == "__vdso_clock_gettime" && s.Size >= uint64(len(code)) {
			_, err := memory.WriteAt(code, from+int64(s.Value))
			return err
		}
	}
	return fmt.Errorf("no room at __vdso_clock_gettime among %v", symbols)
}

// at runs the program with a clock that is wrong by so much.
func at(t *testing.T, dir string, by time.Duration, args ...string) (string, error) {
	t.Helper()
	c := commandIn(dir, args...)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	wrongClock(t, c, by)
	err := c.Wait()
	return out.String(), err
}

// TestWrongClock: a clock that was set back, or is right again after it was
// ahead, loses nothing, changes no order, and is said; what it refuses is taken
// when it is right again.
func TestWrongClock(t *testing.T) {
	const day = 24 * time.Hour
	for _, tt := range []struct {
		name          string
		before, after time.Duration // by how much the clock was wrong, and then is
	}{
		{"set back by a month", 0, -30 * day},
		{"set back to 1970", 0, -time.Since(time.Unix(0, 0)) + time.Hour},
		{"right again after a year ahead", 365 * day, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			load := func(name string) []string {
				return []string{"import", "m", "--format", "native", "--source", "radar", "--kind", "sensor", name}
			}
			for _, step := range []struct {
				by   time.Duration
				args []string
			}{
				{tt.before, []string{"init", "m"}},
				{tt.before, load(nativeRows(t, "before.jsonl", 0, 5, 0))},
				{tt.after, load(nativeRows(t, "after.jsonl", 5, 5, 0))},
				{tt.after, []string{"verify", "m"}},
			} {
				if out, err := at(t, dir, step.by, step.args...); err != nil {
					t.Fatalf("%v: %v: %s", step.args, err, out)
				}
			}
			m := filepath.Join(dir, "m")
			if n := rowsOf(t, m); n != 10 {
				t.Errorf("%d rows, want 10", n)
			}
			healthSays(t, dir, tt.after, "the clock of this machine was set back")
			if out, err := at(t, dir, max(tt.before, 0), "verify", "m"); err != nil || !strings.Contains(out, "The record is sound") {
				t.Errorf("by a clock that is right again: %v: %s", err, out)
			}
		})
	}
}

// healthSays waits until a service with a wrong clock says so of its health: it
// knows once it has folded the record.
func healthSays(t *testing.T, dir string, by time.Duration, want string) {
	t.Helper()
	server := commandIn(dir, "serve", "m", "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0")
	var errs bytes.Buffer
	server.Stderr = &errs
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	wrongClock(t, server, by)
	defer server.Wait()
	defer server.Process.Kill()
	line, err := bufio.NewReader(out).ReadString('\n')
	address := regexp.MustCompile(`http://[0-9.:]+/`).FindString(line)
	if address == "" {
		t.Fatalf("serve says %q, %v: %s", line, err, errs.String())
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	says := ""
	for end := time.Now().Add(time.Minute); !strings.Contains(says, want); <-tick.C {
		if time.Now().After(end) {
			t.Errorf("health says %q, want %q", says, want)
			return
		}
		_, _, says = fetch(t, address+"healthz")
	}
}
