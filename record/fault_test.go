// SPDX-License-Identifier: Apache-2.0

package record

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch/internal/durable/durabletest"
)

// faultSegment is short, so that the workload begins segments.
const faultSegment = 2 * tileWidth

// A faultRun drives a log over a disk that fails, and knows what was promised.
type faultRun struct {
	t        *testing.T
	disk     *durabletest.Disk
	signer   note.Signer
	verifier note.Verifier
	life     int      // lives of the process so far; part of each entry
	promised [][]byte // entries that were acknowledged or shown
	tried    [][]byte // entries of the failed append, behind them
	signed   uint64   // size of the last checkpoint that was shown
	kept     []uint64 // sizes of all checkpoints that were shown
}

func (r *faultRun) settings() settings {
	return settings{disk: r.disk, segment: faultSegment}
}

// workload is one life of a process: make or open the log, append across a tile
// border (every second life: a segment border), sign now and then, close. It
// returns the first error.
func (r *faultRun) workload() error {
	r.life++
	l, err := open(r.settings(), "/log", r.verifier, r.signer)
	if errors.Is(err, ErrNotFound) {
		l, err = create(r.settings(), "/log", testOrigin, r.signer)
	}
	if err != nil {
		return err
	}
	for _, step := range []int{1, 0, 3, 250, 4, 0, 2} { // 0 is Sign
		if step == 0 {
			err = r.sign(l)
		} else {
			err = r.append(l, step)
		}
		if err != nil {
			r.mustRefuse(l)
			return err
		}
	}
	return l.Close()
}

func (r *faultRun) append(l *Log, n int) error {
	var entries [][]byte
	for i := range n {
		entries = append(entries, fmt.Appendf(nil, "life %d, entry %d", r.life, len(r.promised)+i))
	}
	first, err := l.Append(entries...)
	if err != nil {
		r.tried = entries
		return err
	}
	if first != uint64(len(r.promised)) {
		r.t.Fatalf("Append = %d, want %d", first, len(r.promised))
	}
	r.promised = append(r.promised, entries...)
	return nil
}

func (r *faultRun) sign(l *Log) error {
	c, err := l.Sign()
	if err == nil {
		r.signed = c.Size
		r.kept = append(r.kept, c.Size)
	}
	return err
}

// mustRefuse checks that after an error the log takes nothing more.
func (r *faultRun) mustRefuse(l *Log) {
	if _, err := l.Append([]byte("after the error")); !errors.Is(err, ErrInDoubt) {
		r.t.Errorf("Append after an error = %v, want ErrInDoubt", err)
	}
	if _, err := l.Sign(); !errors.Is(err, ErrInDoubt) {
		r.t.Errorf("Sign after an error = %v, want ErrInDoubt", err)
	}
}

// check opens the log after a crash and checks all of it: nothing promised is
// missing, nothing is there that was not appended, the root is right, and
// Verify finds no problem. What is shown counts as promised from then on.
func (r *faultRun) check() {
	r.t.Helper()
	l, err := open(r.settings(), "/log", r.verifier, r.signer)
	if errors.Is(err, ErrNotFound) && len(r.promised) == 0 && r.signed == 0 {
		return // Create was not acknowledged; workload begins it again.
	}
	if err != nil {
		r.t.Fatalf("open after the crash: %v", err)
	}
	size, root := l.Root()
	entries := readAll(r.t, l.Entries(0, size))
	if signed := l.Checkpoint().Size; signed < r.signed {
		r.t.Fatalf("checkpoint of %d entries, but one of %d was shown", signed, r.signed)
	}
	want := append(r.promised[:len(r.promised):len(r.promised)], r.tried...)
	if len(entries) < len(r.promised) || len(entries) > len(want) {
		r.t.Fatalf("%d entries, where %d to %d were expected", len(entries), len(r.promised), len(want))
	}
	for i, entry := range entries {
		if !bytes.Equal(entry, want[i]) {
			r.t.Fatalf("entry %d is %q, want %q", i, entry, want[i])
		}
	}
	if root != treeHash(r.t, entries) {
		r.t.Fatal("the root is not that of the entries")
	}
	if report, err := verify(r.disk, "/log", r.verifier); err != nil || report.Size != size || report.Root != root {
		r.t.Fatalf("Verify = %+v, %v", report, err)
	}
	if bases, err := segments(r.disk, "/log"); err != nil || len(bases) < len(entries)/faultSegment {
		r.t.Fatalf("segments %d, %v, of %d entries", bases, err, len(entries))
	}
	r.promised, r.tried, r.signed = entries, nil, l.Checkpoint().Size
	r.kept = append(r.kept, r.signed)
}

// cutPower checks that a power cut takes nothing that was promised.
func (r *faultRun) cutPower() {
	r.t.Helper()
	r.disk.Crash(durabletest.Lost)
	report, err := verify(r.disk, "/log", r.verifier)
	if errors.Is(err, ErrNotFound) && len(r.kept) == 0 {
		return
	}
	if err != nil || report.Size != uint64(len(r.promised)) || report.Signed != r.signed || report.TornBytes != 0 {
		r.t.Fatalf("after a power cut: Verify = %+v, %v, want %d entries, %d signed", report, err, len(r.promised), r.signed)
	}
	sizes, err := keptSizes(r.disk, "/log")
	for _, size := range r.kept {
		if err != nil || !slices.Contains(sizes, size) {
			r.t.Fatalf("checkpoints kept %d, %v, but %d was shown", sizes, err, size)
		}
	}
}

// TestFaults fails each call of two lives of a log in each way, then crashes in
// each way, opens and checks, and lives on.
func TestFaults(t *testing.T) {
	t.Parallel()
	signer, verifier := testKey(t)
	begin := func(t *testing.T) *faultRun {
		return &faultRun{t: t, disk: durabletest.New("/log"), signer: signer, verifier: verifier}
	}
	clean := begin(t)
	for range 2 {
		if err := clean.workload(); err != nil {
			t.Fatal(err)
		}
	}
	calls := clean.disk.Calls()
	runs := 0
	for i, call := range calls {
		for _, fault := range []struct {
			failure durabletest.Failure
			sticky  bool
		}{{durabletest.NotDone, false}, {durabletest.HalfDone, false}, {durabletest.Done, false}, {durabletest.NotDone, true}} {
			if reads(call) && fault.failure != durabletest.NotDone {
				continue // A call that changes nothing fails in one way.
			}
			r := begin(t)
			r.disk.FailAt(i, fault.failure, syscall.EIO, fault.sticky)
			for len(r.disk.Calls()) <= i {
				if err := r.workload(); err != nil && !errors.Is(err, syscall.EIO) {
					t.Fatalf("call %d (%s): error %v, want one that wraps EIO", i, call, err)
				}
			}
			for _, crash := range durabletest.Crashes() {
				if reads(call) && crash != durabletest.Kill && crash != durabletest.Lost {
					continue
				}
				runs++
				name := fmt.Sprintf("call %d (%s) %s, sticky %v, %s", i, call, fault.failure, fault.sticky, crash)
				if !t.Run(name, r.clone().crashAndLiveOn(crash)) {
					t.FailNow()
				}
			}
		}
	}
	t.Logf("%d calls, %d crashes", len(calls), runs)
}

// clone is the run with a disk of its own.
func (r *faultRun) clone() *faultRun {
	c := *r
	c.disk, c.kept = r.disk.Clone(), slices.Clone(r.kept)
	return &c
}

// crashAndLiveOn crashes and checks. After a kill it also lives on, for a
// segment and a checkpoint.
func (r *faultRun) crashAndLiveOn(crash durabletest.Crash) func(t *testing.T) {
	return func(t *testing.T) {
		r.t = t
		r.disk.Crash(crash)
		r.check()
		r.clone().cutPower()
		if crash != durabletest.Kill {
			return
		}
		// The process dies again and again, the power holds, and a segment is left:
		// then the hashes that the fault met are read.
		r.disk.Crash(durabletest.Kill)
		if len(r.promised) == 0 {
			if err := r.workload(); err != nil {
				t.Fatalf("next life: %v", err)
			}
		}
		l, err := open(r.settings(), "/log", r.verifier, r.signer)
		if err == nil {
			r.life++
			n := faultSegment - len(r.promised)%faultSegment + 2
			if err = r.append(l, n); err == nil {
				err = r.sign(l)
			}
		}
		if err != nil {
			t.Fatalf("next life: %v", err)
		}
		r.cutPower()
	}
}

// reads says whether a call leaves the disk as it is.
func reads(call string) bool {
	op, _, _ := strings.Cut(call, " ")
	switch op {
	case "read", "readat", "readdir", "open", "size", "lock":
		return true
	}
	return false
}
