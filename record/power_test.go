// SPDX-License-Identifier: Apache-2.0

package record

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch/internal/durable/durabletest"
)

// longTests says that tests run as often as the project promises, and not the
// sample that each change is tested with.
func longTests() bool { return os.Getenv("TRUCEWATCH_LONG") == "1" }

// A powerRun is a log with its guard and a replica, on a disk whose power is cut,
// and what was promised about them.
type powerRun struct {
	t          *testing.T
	seed       uint64
	random     *rand.Rand
	disk       *durabletest.Disk
	signer     note.Signer
	verifier   note.Verifier
	cosigner   testCosigner
	life       int
	doing      string          // what the fault met
	fault      int             // the call that fails
	promised   [][]byte        // entries that were acknowledged or shown
	tried      [][]byte        // entries of the failed append, behind them
	notes      map[uint64]bool // sizes of the checkpoints that were shown
	cosigned   map[uint64]bool // sizes whose cosignature was acknowledged
	replicated uint64          // entries whose Extend was acknowledged
	log        *Log
	replica    *Replica
}

func newPowerRun(t *testing.T, seed uint64, cosigner testCosigner) *powerRun {
	r := &powerRun{t: t, seed: seed, random: rand.New(rand.NewPCG(seed, 0)), disk: durabletest.New("/guard"), cosigner: cosigner,
		notes: make(map[uint64]bool), cosigned: make(map[uint64]bool)}
	r.signer, r.verifier = testKey(t)
	return r
}

// settings let a workload of some hundred entries begin segments, of one bundle or
// of two.
func (r *powerRun) settings() settings {
	return settings{disk: r.disk, segment: (1 + r.seed%2) * tileWidth, Options: Options{Guard: fileGuard{r.disk, "/guard"}}}
}

func (r *powerRun) fatalf(format string, args ...any) {
	r.t.Helper()
	r.t.Fatalf("seed %d, life %d, fault while it would %s: %s", r.seed, r.life, r.doing, fmt.Sprintf(format, args...))
}

// live is one life of the process: a fault is laid somewhere ahead, before or after
// opening, and steps are done until it is met, or until the power goes anyway.
func (r *powerRun) live() {
	r.life++
	early := r.random.IntN(4) == 0
	if early {
		r.layFault(1 << r.random.IntN(8))
	}
	r.doing = "open"
	err := r.open()
	if !early {
		r.layFault(1 << (2 + r.random.IntN(8)))
	}
	for step := 0; err == nil && step < 14; step++ {
		err = r.step()
	}
	if err == nil {
		r.doing = "wait"
	}
	if err != nil && !errors.Is(err, syscall.EIO) {
		r.fatalf("error %v, want one that wraps EIO", err)
	}
}

// layFault makes one of the next calls fail, and often all after it.
func (r *powerRun) layFault(ahead int) {
	failures := []durabletest.Failure{durabletest.NotDone, durabletest.HalfDone, durabletest.Done}
	r.fault = len(r.disk.Calls()) + r.random.IntN(ahead)
	r.disk.FailAt(r.fault, failures[r.random.IntN(3)], syscall.EIO, r.random.IntN(3) > 0)
}

func (r *powerRun) open() (err error) {
	r.log, err = open(r.settings(), "/log", r.verifier, r.signer)
	if errors.Is(err, ErrNotFound) && len(r.notes) == 0 {
		r.log, err = create(r.settings(), "/log", testOrigin, r.signer)
	}
	if err != nil {
		return err
	}
	r.replica, err = openReplica(r.settings(), "/replica", r.verifier)
	if errors.Is(err, ErrNotFound) && r.replicated == 0 {
		r.replica, err = createReplica(r.settings(), "/replica", r.log.Checkpoint().Note, r.verifier)
	}
	return err
}

// step does one thing.
func (r *powerRun) step() error {
	switch n := r.random.IntN(10); {
	case n < 4:
		r.doing = "append"
		count := 1 + r.random.IntN(60)
		if n == 0 {
			count += tileWidth // Across a segment.
		}
		var entries [][]byte
		for i := range count {
			entry := fmt.Appendf(nil, "life %d, entry %d ", r.life, len(r.promised)+i)
			entries = append(entries, append(entry, make([]byte, r.random.IntN(100))...))
		}
		r.tried = entries
		if _, err := r.log.Append(entries...); err != nil {
			return err
		}
		r.promised, r.tried = append(r.promised, entries...), nil
	case n < 6:
		r.doing = "sign"
		c, err := r.log.Sign()
		if err != nil {
			return err
		}
		r.notes[c.Size] = true
	case n < 8 && len(r.notes) > 0:
		r.doing = "merge"
		size := r.anyNote()
		root, err := r.log.contents.rootAt(size)
		if err != nil {
			return err
		}
		c := Checkpoint{Origin: testOrigin, Size: size, Root: root}
		if _, err := r.log.Merge(r.cosigner.cosign(r.t, c)); err != nil {
			return err
		}
		r.cosigned[size] = true
	case n < 10 && len(r.notes) > 0:
		r.doing = "extend"
		size := r.anyNote()
		at := r.replica.Checkpoint().Size
		if size < at {
			return nil
		}
		root, err := r.log.contents.rootAt(size)
		if err != nil {
			return err
		}
		signed, err := sign(testOrigin, size, root, r.signer)
		if err != nil {
			return err
		}
		err = r.replica.Extend(signed.Note, func() ([]byte, error) { at++; return r.promised[at-1], nil })
		if err != nil {
			return err
		}
		r.replicated = size
	}
	return nil
}

// place is what the call that failed was for.
func (r *powerRun) place() (places []string) {
	calls := r.disk.Calls()
	if r.fault >= len(calls) {
		return nil
	}
	for part, place := range map[string]string{
		"/guard/": "swap the guard's state", "/log/hashes/": "keep hashes", "create /log/wal-": "begin a segment", "/replica/hashes/": "copy",
		"/replica/extending": "mark the replica", "/checkpoints/": "keep a checkpoint",
	} {
		if strings.Contains(calls[r.fault], part) {
			places = append(places, place)
		}
	}
	return places
}

// anyNote is the size of some checkpoint that was shown.
func (r *powerRun) anyNote() uint64 {
	sizes := slices.Sorted(maps.Keys(r.notes))
	return sizes[len(sizes)-1-r.random.IntN(min(3, len(sizes)))]
}

// check opens all of it after a power cut, and holds it against the promises.
// What it shows counts as promised from then on.
func (r *powerRun) check() {
	r.t.Helper()
	l, err := open(r.settings(), "/log", r.verifier, r.signer)
	switch {
	case errors.Is(err, ErrNotFound) && len(r.notes) == 0 && len(r.promised) == 0:
		return // Create was not acknowledged.
	case err != nil:
		r.fatalf("open: %v", err)
	}
	defer l.Close()
	size, root := l.Root()
	entries := readAll(r.t, l.Entries(0, size))
	want := append(r.promised[:len(r.promised):len(r.promised)], r.tried...)
	if len(entries) < len(r.promised) || len(entries) > len(want) {
		r.fatalf("%d entries, where %d to %d were expected", len(entries), len(r.promised), len(want))
	}
	for i, entry := range entries {
		if !bytes.Equal(entry, want[i]) {
			r.fatalf("entry %d is %q, want %q", i, entry, want[i])
		}
	}
	if root != treeHash(r.t, entries) {
		r.fatalf("the root is not that of the entries")
	}
	r.promised, r.tried = entries, nil
	r.checkNotes(l)
	if report, err := verify(r.disk, "/log", r.verifier, r.cosigner.verifier); err != nil || report.Root != root || report.Unknown != 0 {
		r.fatalf("Verify = %+v, %v", report, err)
	}
	r.checkReplica()
}

// checkNotes checks that no checkpoint and no cosignature is gone.
func (r *powerRun) checkNotes(l *Log) {
	r.t.Helper()
	r.notes[l.Checkpoint().Size] = true
	for size := range r.notes {
		c, err := readCheckpoint(r.disk, "/log", keptName(size), r.verifier)
		if err != nil {
			r.fatalf("checkpoint %d was shown: %v", size, err)
		}
		if r.cosigned[size] && !slices.Contains(signatureNames(r.t, c.Note), r.cosigner.signer.Name()) {
			r.fatalf("checkpoint %d lost its cosignature", size)
		}
	}
	state, known, err := r.settings().Guard.Last(testOrigin)
	if err != nil || !known || state.Size != l.Checkpoint().Size || state.Root != l.Checkpoint().Root {
		r.fatalf("the guard knows %d entries, %v, the checkpoint signs %d", state.Size, err, l.Checkpoint().Size)
	}
}

// checkReplica checks that it stands at a checkpoint and nothing beyond it is there.
func (r *powerRun) checkReplica() {
	r.t.Helper()
	replica, err := openReplica(r.settings(), "/replica", r.verifier)
	if errors.Is(err, ErrNotFound) && r.replicated == 0 {
		return
	}
	if err != nil {
		r.fatalf("open the replica: %v", err)
	}
	defer replica.Close()
	size := replica.Checkpoint().Size
	if size < r.replicated || size > uint64(len(r.promised)) {
		r.fatalf("the replica has %d entries, %d were acknowledged", size, r.replicated)
	}
	r.replicated = size
	if size == 0 {
		return
	}
	reader, err := openReader(r.disk, "/replica", r.verifier)
	if err != nil {
		r.fatalf("read the replica: %v", err)
	}
	defer reader.Close()
	for i, entry := range readAll(r.t, reader.Entries(0, reader.Size())) {
		if !bytes.Equal(entry, r.promised[i]) {
			r.fatalf("the replica's entry %d is %q", i, entry)
		}
	}
	if report, err := verify(r.disk, "/replica", r.verifier); err != nil || report.Size != size || report.Signed != size {
		r.fatalf("Verify of the replica = %+v, %v", report, err)
	}
}

// TestPowerCutsLoseNothing cuts the power of a log, its guard and its replica at
// a random call: unsynced sectors, lengths and names arrive or not, in any order,
// and the call before may have failed having done nothing, half, or all. After
// each cut everything acknowledged is there, and all of it verifies.
func TestPowerCutsLoseNothing(t *testing.T) {
	t.Parallel()
	const livesPerSeed = 5
	seeds := uint64(250) // 1,250 cuts
	if longTests() {
		seeds = 4_000 // 20,000 cuts
	}
	cosigner := newCosigner(t, "a.example")
	met := make(map[string]int)
	for seed := range seeds {
		r := newPowerRun(t, seed, cosigner)
		for range livesPerSeed {
			r.live()
			met[r.doing]++
			for _, place := range r.place() {
				met[place]++
			}
			// A copy of the disk: tiles that are still under way go to the old one, as
			// their process is dead.
			r.disk = r.disk.Clone()
			r.disk.CutPower(r.random)
			r.check()
		}
	}
	t.Logf("%d power cuts, met: %v", seeds*livesPerSeed, met)
	for _, doing := range []string{"open", "append", "sign", "merge", "extend", "swap the guard's state", "begin a segment",
		"keep hashes", "copy", "mark the replica", "keep a checkpoint"} {
		if met[doing] == 0 {
			t.Errorf("no power cut came while it would %s", doing)
		}
	}
}
