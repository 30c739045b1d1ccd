// SPDX-License-Identifier: Apache-2.0

package record

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	killDirEnv = "RECORD_TEST_KILL_DIR" // set: the test binary is the child of TestKill
	kills      = 25
)

// TestKill appends in another process, kills that at random moments, and checks
// that every entry it acknowledged is there.
func TestKill(t *testing.T) {
	if dir := os.Getenv(killDirEnv); dir != "" {
		appendForever(t, dir)
		return
	}
	if testing.Short() {
		t.Skip("skipped: starts 25 processes")
	}
	dir := t.TempDir()
	_, verifier := testKey(t)
	// The moments differ from run to run; whatever they are, nothing may be lost.
	random := rand.New(rand.NewPCG(uint64(os.Getpid()), 0))
	acknowledged, shown := uint64(0), uint64(0)
	for i := range kills {
		child := exec.Command(os.Args[0], "-test.run=^TestKill$")
		child.Env = append(os.Environ(), killDirEnv+"="+dir)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		begun := lines.Scan() // It has opened the log.
		timer := time.AfterFunc(time.Duration(random.IntN(150))*time.Millisecond, func() { child.Process.Kill() })
		for lines.Scan() {
			word, number, _ := strings.Cut(lines.Text(), " ")
			n, err := strconv.ParseUint(number, 10, 64)
			switch {
			case err != nil: // The kill cut the line.
			case word == "acknowledged":
				acknowledged = max(acknowledged, n)
			case word == "signed":
				shown = max(shown, n)
			}
		}
		timer.Stop()
		if err := child.Wait(); !begun || err == nil {
			t.Fatalf("child %d ended by itself: %v, %q", i, err, lines.Text())
		}
		checkKilled(t, dir, acknowledged, shown)
	}
	report, err := Verify(dir, verifier)
	if err != nil || report.Size < tileWidth {
		t.Fatalf("Verify = %+v, %v", report, err)
	}
	t.Logf("%d kills, %d entries acknowledged, %d in the log, %d signed", kills, acknowledged, report.Size, report.Signed)
}

// checkKilled checks a log after its writer was killed.
func checkKilled(t *testing.T, dir string, acknowledged, shown uint64) {
	t.Helper()
	_, verifier := testKey(t)
	report, err := Verify(dir, verifier)
	if err != nil {
		t.Fatal(err)
	}
	if report.Size < acknowledged || report.Signed < shown {
		t.Fatalf("%d entries acknowledged and %d signed, but the log has %d and %d", acknowledged, shown, report.Size, report.Signed)
	}
	r, err := OpenReader(dir, verifier)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for i, entry := range readAll(t, r.Entries(0, r.Size())) {
		if string(entry) != string(testEntry(uint64(i))) {
			t.Fatalf("entry %d is %q", i, entry)
		}
	}
}

// appendForever is the child of TestKill.
func appendForever(t *testing.T, dir string) {
	signer, verifier := testKey(t)
	s := settings{disk: production().disk, segment: 2 * tileWidth}
	l, err := open(s, dir, verifier, signer)
	if errors.Is(err, ErrNotFound) {
		l, err = create(s, dir, testOrigin, signer)
	}
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("open")
	for i := 1; ; i++ {
		first, err := l.Append(testEntries(l.Size(), l.Size()+uint64(i%40)+1)...)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("acknowledged", first+uint64(i%40)+1)
		if i%7 == 0 {
			c, err := l.Sign()
			if err != nil {
				t.Fatal(err)
			}
			fmt.Println("signed", c.Size)
		}
	}
}

// smallDisk mounts a file system of a megabyte that is gone after the test.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := exec.Command("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", dir).Run(); err != nil {
		t.Skipf("skipped: cannot mount a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := exec.Command("umount", dir).Run(); err != nil {
			t.Errorf("umount: %v", err)
		}
	})
	return dir
}

func TestLog_disk_full(t *testing.T) {
	for _, tt := range []struct {
		name      string
		entrySize int // bytes
	}{
		{"when appending", 6000},
		{"when writing a tile", 3000}, // 256 entries fit, but not once more as a bundle.
	} {
		t.Run(tt.name, func(t *testing.T) { fillDisk(t, make([]byte, tt.entrySize)) })
	}
}

func fillDisk(t *testing.T, entry []byte) {
	disk := smallDisk(t)
	signer, verifier := testKey(t)
	dir := filepath.Join(disk, "log")
	l, err := Create(dir, testOrigin, signer)
	if err != nil {
		t.Fatal(err)
	}
	acknowledged := uint64(0)
	for err == nil {
		if _, err = l.Append(entry); err == nil {
			acknowledged++
		}
	}
	want := fmt.Sprintf("record: append entry %d: ", acknowledged)
	if !errors.Is(err, syscall.ENOSPC) || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("Append on a full disk = %v, want %q and ENOSPC", err, want)
	}
	t.Log(err)
	if _, err := l.Append(entry); !errors.Is(err, ErrInDoubt) || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("next Append = %v, want ErrInDoubt because of ENOSPC", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if report, err := Verify(dir, verifier); err != nil || report.Size != acknowledged {
		t.Errorf("Verify = %+v, %v, want %d entries", report, err, acknowledged)
	}
	if err := exec.Command("mount", "-o", "remount,size=8m", disk).Run(); err != nil {
		t.Skipf("skipped: cannot make room: %v", err)
	}
	if l, err = Open(dir, verifier, signer); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if first, err := l.Append(entry); err != nil || first != acknowledged {
		t.Errorf("Append after room was made = %d, %v, want %d", first, err, acknowledged)
	}
	if c, err := l.Sign(); err != nil || c.Size != acknowledged+1 {
		t.Errorf("Sign after room was made = %d, %v", c.Size, err)
	}
}

func TestLog_read_only_disk(t *testing.T) {
	disk := smallDisk(t)
	signer, verifier := testKey(t)
	dir := filepath.Join(disk, "log")
	l, err := Create(dir, testOrigin, signer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(testEntries(0, 300)...); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Sign(); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := exec.Command("mount", "-o", "remount,ro", disk).Run(); err != nil {
		t.Skipf("skipped: cannot remount: %v", err)
	}
	if _, err := Open(dir, verifier, signer); !errors.Is(err, syscall.EROFS) {
		t.Errorf("Open = %v, want EROFS", err)
	} else {
		t.Log(err)
	}
	if _, err := Create(filepath.Join(disk, "other"), testOrigin, signer); !errors.Is(err, syscall.EROFS) {
		t.Errorf("Create = %v, want EROFS", err)
	}
	checkKilled(t, dir, 300, 300) // Reading and verifying work.
}

func TestLog_locked(t *testing.T) {
	dir := t.TempDir()
	signer, verifier := testKey(t)
	l, err := Create(dir, testOrigin, signer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, verifier, signer); !errors.Is(err, ErrLocked) {
		t.Errorf("second Open = %v, want ErrLocked", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if l, err = Open(dir, verifier, signer); err != nil {
		t.Fatalf("Open after Close = %v", err)
	}
	l.Close()
}

// TestLog_at_once appends, signs and reads from many goroutines, across segments.
func TestLog_at_once(t *testing.T) {
	const writers, each, per = 16, 30, 3
	dir := t.TempDir()
	signer, verifier := testKey(t)
	l, err := create(settings{disk: production().disk, segment: tileWidth}, dir, testOrigin, signer)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var mu sync.Mutex
	got := make(map[uint64]string) // by index, as acknowledged
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				var entries [][]byte
				for k := range per {
					entries = append(entries, fmt.Appendf(nil, "writer %d, entry %d.%d", w, i, k))
				}
				first, err := l.Append(entries...)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				for k, entry := range entries {
					got[first+uint64(k)] = string(entry)
				}
				mu.Unlock()
				if w == 0 {
					if _, err := l.Sign(); err != nil {
						t.Error(err)
					}
				}
				if w == 1 { // While others append, and segments go.
					readAll(t, l.Entries(0, l.Size()))
				}
				if w == 2 {
					r, err := OpenReader(dir, verifier)
					if err != nil {
						t.Error(err)
						return
					}
					readAll(t, r.Entries(0, r.Size()))
					r.Close()
				}
			}
		})
	}
	wg.Wait()
	if len(got) != writers*each*per || l.Size() != uint64(len(got)) {
		t.Fatalf("%d indices given, %d entries", len(got), l.Size())
	}
	for i, entry := range readAll(t, l.Entries(0, l.Size())) {
		if got[uint64(i)] != string(entry) {
			t.Fatalf("entry %d is %q, but %q was acknowledged there", i, entry, got[uint64(i)])
		}
	}
	if _, err := Verify(dir, verifier); err != nil {
		t.Error(err)
	}
}
