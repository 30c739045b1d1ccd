// SPDX-License-Identifier: Apache-2.0

package record

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// checkWhole checks that a log has at least so many entries, all of them right.
func checkWhole(t *testing.T, dir string, size, signed uint64) {
	t.Helper()
	_, verifier := testKey(t)
	report, err := Verify(dir, verifier)
	if err != nil {
		t.Fatal(err)
	}
	if report.Size < size || report.Signed < signed {
		t.Fatalf("the log has %d entries, %d signed, want %d and %d", report.Size, report.Signed, size, signed)
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
		{"when writing hashes", 4030}, // 256 entries fit, but not their hashes.
	} {
		t.Run(tt.name, func(t *testing.T) { fillDisk(t, make([]byte, tt.entrySize)) })
	}
}

func fillDisk(t *testing.T, entry []byte) {
	disk := smallDisk(t)
	signer, verifier := testKey(t)
	dir := filepath.Join(disk, "log")
	s := settings{disk: production().disk, segment: tileWidth}
	l, err := create(s, dir, testOrigin, signer)
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
	if l, err = open(s, dir, verifier, signer); err != nil {
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
	checkWhole(t, dir, 300, 300) // Reading and verifying work.
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
