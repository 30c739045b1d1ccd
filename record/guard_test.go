// SPDX-License-Identifier: Apache-2.0

package record

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch/internal/durable/durabletest"
)

// A guarded is a log on one disk and its guard on another.
type guarded struct {
	t        *testing.T
	disk     *durabletest.Disk
	medium   *durabletest.Disk
	signer   note.Signer
	verifier note.Verifier
	s        settings
}

func newGuarded(t *testing.T) *guarded {
	g := &guarded{t: t, disk: durabletest.New("/log"), medium: durabletest.New("/guard")}
	g.signer, g.verifier = testKey(t)
	g.s = settings{disk: g.disk, segment: 2 * tileWidth, Options: Options{Guard: fileGuard{g.medium, "/guard"}}}
	return g
}

func (g *guarded) create() *Log {
	g.t.Helper()
	l, err := create(g.s, "/log", testOrigin, g.signer)
	if err != nil {
		g.t.Fatal(err)
	}
	return l
}

func (g *guarded) open() (*Log, error) { return open(g.s, "/log", g.verifier, g.signer) }

// grow appends n entries and signs.
func (g *guarded) grow(l *Log, n uint64) {
	g.t.Helper()
	_, err := l.Append(testEntries(l.Size(), l.Size()+n)...)
	if err == nil {
		_, err = l.Sign()
	}
	if err != nil {
		g.t.Fatal(err)
	}
}

// knows is what the guard's medium holds.
func (g *guarded) knows() uint64 {
	g.t.Helper()
	state, _, err := g.s.Guard.Last(testOrigin)
	if err != nil {
		g.t.Fatal(err)
	}
	return state.Size
}

// putBack gives the log's disk the files of an older one, and takes away the others.
func putBack(disk, old *durabletest.Disk) {
	for _, name := range disk.Files() {
		disk.Put(name, nil)
	}
	for _, name := range old.Files() {
		data, err := old.ReadFile(name, 1<<30)
		if err != nil {
			panic(err) // A disk in memory that was told not to fail.
		}
		disk.Put(name, data)
	}
}

// TestGuardRefusesARestoredBackup: all files of the log are from last night.
func TestGuardRefusesARestoredBackup(t *testing.T) {
	g := newGuarded(t)
	l := g.create()
	g.grow(l, 300)
	backup := g.disk.Clone()
	g.grow(l, 5)
	l.Close()
	putBack(g.disk, backup)
	if _, err := verify(g.disk, "/log", g.verifier); err != nil {
		t.Fatalf("the backup is meant to be whole by itself: %v", err)
	}
	_, err := g.open()
	if !errors.Is(err, ErrRolledBack) || !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "305 entries were signed") ||
		!strings.Contains(err.Error(), "from a mirror before it signs") {
		t.Errorf("Open = %v, want ErrRolledBack", err)
	}
	for _, name := range backup.Files() {
		if string(content(t, g.disk, name)) != string(content(t, backup, name)) {
			t.Errorf("Open changed %s", name)
		}
	}
}

// TestGuardRefusesAnotherHistory: the backup went on with other entries, on a
// machine that knew no guard, as far as the log and beyond.
func TestGuardRefusesAnotherHistory(t *testing.T) {
	for _, extra := range []int{5, 6, 300} {
		g := newGuarded(t)
		l := g.create()
		g.grow(l, 10)
		backup := g.disk.Clone()
		g.grow(l, 5)
		l.Close()
		fork, err := open(settings{disk: backup, segment: 2 * tileWidth}, "/log", g.verifier, g.signer)
		if err != nil {
			t.Fatal(err)
		}
		for i := range extra {
			if _, err := fork.Append(fmt.Appendf(nil, "never happened %d", i)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := fork.Sign(); err != nil {
			t.Fatal(err)
		}
		fork.Close()
		putBack(g.disk, backup)
		if _, err := g.open(); !errors.Is(err, ErrRolledBack) || !strings.Contains(err.Error(), "other entries were signed as the first 15") {
			t.Errorf("%d more: Open = %v, want ErrRolledBack", extra, err)
		}
	}
}

// TestGuardStopsASecondWriter: a copy of the log runs on another machine, with
// the same guard. Whoever signs second is refused, and signs nothing.
func TestGuardStopsASecondWriter(t *testing.T) {
	g := newGuarded(t)
	l := g.create()
	g.grow(l, 10)
	twin := *g
	twin.disk = g.disk.Clone()
	twin.s.disk = twin.disk
	second, err := twin.open()
	if err != nil {
		t.Fatal(err)
	}
	g.grow(l, 1)
	if _, err := second.Append([]byte("never happened")); err != nil {
		t.Fatal(err)
	}
	if _, err := second.Sign(); !errors.Is(err, ErrRolledBack) || !strings.Contains(err.Error(), "another writer signs this log") {
		t.Errorf("Sign = %v, want ErrRolledBack", err)
	}
	if _, err := second.Append([]byte("x")); !errors.Is(err, ErrInDoubt) {
		t.Errorf("Append after that = %v, want ErrInDoubt", err)
	}
	if c, err := readCheckpoint(twin.disk, "/log", checkpointName, g.verifier); err != nil || c.Size != 10 {
		t.Errorf("the second writer published %d entries, %v", c.Size, err)
	}
	second.Close()
	if _, err := twin.open(); !errors.Is(err, ErrRolledBack) {
		t.Errorf("Open of the second = %v, want ErrRolledBack", err)
	}
}

// TestGuardAheadIsSignedAgain: the process dies between the guard and the
// checkpoint, at each call of the disk.
func TestGuardAheadIsSignedAgain(t *testing.T) {
	clean := newGuarded(t)
	l := clean.create()
	clean.grow(l, 10)
	before := len(clean.disk.Calls())
	clean.grow(l, 3)
	ahead := 0
	for call := before; call < len(clean.disk.Calls()); call++ {
		g := newGuarded(t)
		l := g.create()
		g.grow(l, 10)
		g.disk.FailAt(call, durabletest.NotDone, syscall.EIO, true)
		_, err := l.Append(testEntries(10, 13)...)
		if err == nil {
			_, err = l.Sign()
		}
		if err == nil {
			t.Fatalf("call %d did not fail", call)
		}
		g.disk.Crash(durabletest.Lost)
		g.medium.Crash(durabletest.Lost)
		signed, err := readCheckpoint(g.disk, "/log", checkpointName, g.verifier)
		if err != nil {
			t.Fatal(err)
		}
		knew := g.knows()
		if knew > signed.Size {
			ahead++
		}
		l, err = g.open()
		if err != nil {
			t.Fatalf("call %d: Open = %v", call, err)
		}
		if c := l.Checkpoint(); c.Size != max(knew, signed.Size) || c.Root != treeHash(t, testEntries(0, c.Size)) || g.knows() != c.Size {
			t.Fatalf("call %d: checkpoint %d, the guard knows %d", call, c.Size, g.knows())
		}
		g.grow(l, 1)
	}
	if ahead == 0 {
		t.Error("no crash came between the guard and the checkpoint")
	}
}

// TestGuardDoubtIsSettledByOpening: the guard's medium fails, having stored the
// state or not.
func TestGuardDoubtIsSettledByOpening(t *testing.T) {
	clean := newGuarded(t)
	l := clean.create()
	before := len(clean.medium.Calls())
	clean.grow(l, 3)
	for call := before; call < len(clean.medium.Calls()); call++ {
		for _, failure := range []durabletest.Failure{durabletest.NotDone, durabletest.HalfDone, durabletest.Done} {
			g := newGuarded(t)
			l := g.create()
			g.medium.FailAt(call, failure, syscall.EIO, false)
			if _, err := l.Append(testEntries(0, 3)...); err != nil {
				t.Fatal(err)
			}
			if _, err := l.Sign(); !errors.Is(err, syscall.EIO) {
				t.Fatalf("call %d %s: Sign = %v, want EIO", call, failure, err)
			}
			if _, err := l.Sign(); !errors.Is(err, ErrInDoubt) {
				t.Errorf("call %d %s: second Sign = %v, want ErrInDoubt", call, failure, err)
			}
			l.Close()
			g.medium.Crash(durabletest.Lost)
			l, err := g.open()
			if err != nil {
				t.Fatalf("call %d %s: Open = %v", call, failure, err)
			}
			g.grow(l, 1)
		}
	}
}

// TestGuardThatKnowsNothingIsNotBelieved: its disk may not be mounted.
func TestGuardThatKnowsNothingIsNotBelieved(t *testing.T) {
	g := newGuarded(t)
	l := g.create()
	g.grow(l, 10)
	l.Close()
	g.s.Guard = fileGuard{durabletest.New("/guard"), "/guard"}
	if _, err := g.open(); !errors.Is(err, ErrRolledBack) || !strings.Contains(err.Error(), "see that its medium is there") {
		t.Errorf("Open = %v, want ErrRolledBack", err)
	}
	g.s.Guard = fileGuard{durabletest.New("/"), "/guard"}
	if _, err := g.open(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Open without the guard's directory = %v, want fs.ErrNotExist", err)
	}
	g.s.Guard = fileGuard{durabletest.New("/guard"), "/guard"}
	g.s.Adopt = true
	l, err := g.open()
	if err != nil {
		t.Fatalf("Open that adopts = %v", err)
	}
	if g.knows() != 10 {
		t.Errorf("the guard knows %d entries, want 10", g.knows())
	}
	l.Close()
	backup := newGuarded(t)
	backup.create().Close()
	putBack(g.disk, backup.disk)
	if _, err := g.open(); !errors.Is(err, ErrRolledBack) {
		t.Errorf("Open of an older log that adopts = %v, want ErrRolledBack", err)
	}
}

// TestGuardBehindCatchesUp: the log was open without its guard for a time.
func TestGuardBehindCatchesUp(t *testing.T) {
	g := newGuarded(t)
	l := g.create()
	g.grow(l, 10)
	l.Close()
	without := *g
	without.s.Guard = nil
	l, err := without.open()
	if err != nil {
		t.Fatal(err)
	}
	g.grow(l, 700)
	l.Close()
	if l, err = g.open(); err != nil || g.knows() != 710 {
		t.Fatalf("Open = %v, the guard knows %d entries, want 710", err, g.knows())
	}
	l.Close()
}

// TestGuardRefusesToBeginALogAnew: its directory is lost, and somebody creates it.
func TestGuardRefusesToBeginALogAnew(t *testing.T) {
	g := newGuarded(t)
	l := g.create()
	g.grow(l, 10)
	l.Close()
	g.s.disk = durabletest.New("/log")
	if _, err := create(g.s, "/log", testOrigin, g.signer); !errors.Is(err, ErrRolledBack) || !strings.Contains(err.Error(), "with 10 entries") {
		t.Errorf("Create = %v, want ErrRolledBack", err)
	}
	// A Create that died after telling the guard is no reason.
	g = newGuarded(t)
	g.create().Close()
	g.s.disk = durabletest.New("/log")
	if _, err := create(g.s, "/log", testOrigin, g.signer); err != nil {
		t.Errorf("Create again = %v", err)
	}
}

func TestFileGuardSwaps(t *testing.T) {
	dir := t.TempDir()
	guard := FileGuard(dir)
	one, two := State{1, [32]byte{1}}, State{2, [32]byte{2}}
	origins := []string{"example.org/mission", "../../escape", "a/b\\c:d"}
	for _, origin := range origins {
		if state, known, err := guard.Last(origin); known || err != nil || state != (State{}) {
			t.Errorf("Last before any = %v, %v, %v", state, known, err)
		}
		for _, tt := range []struct {
			old, new State
			want     error
		}{{one, two, ErrRolledBack}, {State{}, one, nil}, {State{}, two, ErrRolledBack}, {two, one, ErrRolledBack}, {one, two, nil}} {
			if err := guard.Swap(origin, tt.old, tt.new); !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
				t.Errorf("Swap(%d, %d) = %v, want %v", tt.old.Size, tt.new.Size, err, tt.want)
			}
		}
		if state, known, err := FileGuard(dir).Last(origin); !known || err != nil || state != two {
			t.Errorf("Last = %v, %v, %v", state, known, err)
		}
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) != len(origins) {
		t.Errorf("the guard's directory holds %v, %v", names, err)
	}
}

// TestFileGuardRefusesADamagedState: each byte of the file, changed.
func TestFileGuardRefusesADamagedState(t *testing.T) {
	g := newGuarded(t)
	l := g.create()
	g.grow(l, 260)
	l.Close()
	name := g.medium.Files()[0]
	data := content(t, g.medium, name)
	for i := range data {
		for bit := range 8 {
			changed := append([]byte(nil), data...)
			changed[i] ^= 1 << bit
			g.medium.Put(name, changed)
			if _, err := g.open(); !errors.Is(err, ErrCorrupt) {
				t.Errorf("byte %d, bit %d changed: Open = %v, want ErrCorrupt", i, bit, err)
			}
		}
	}
}

// TestGuardLocksOneLogOnly: two logs share a guard's directory.
func TestGuardLocksOneLogOnly(t *testing.T) {
	dir := t.TempDir()
	guard := fileGuard{production().disk, dir}
	if err := os.MkdirAll(guard.place("one"), 0o700); err != nil {
		t.Fatal(err)
	}
	lock, err := guard.disk.Lock(guard.place("one"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := guard.Swap("one", State{}, State{1, [32]byte{}}); !errors.Is(err, ErrLocked) {
		t.Errorf("Swap of a log that is locked = %v, want ErrLocked", err)
	}
	if err := guard.Swap("two", State{}, State{1, [32]byte{}}); err != nil {
		t.Errorf("Swap of another log = %v", err)
	}
}

// TestRestoreFromAMirrorWithGuard: the log's disk is lost, its guard is not. A
// mirror that has all that was signed may go on; one that lags may not.
func TestRestoreFromAMirrorWithGuard(t *testing.T) {
	signer, verifier := testKey(t)
	guard := t.TempDir()
	dir := filepath.Join(t.TempDir(), "log")
	l, err := CreateWith(dir, testOrigin, signer, Options{Guard: FileGuard(guard)})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	mirrors := make(map[string]*Replica)
	for _, size := range []uint64{300, 700} {
		if _, err := l.Append(testEntries(l.Size(), size)...); err != nil {
			t.Fatal(err)
		}
		c, err := l.Sign()
		if err != nil {
			t.Fatal(err)
		}
		at := filepath.Join(t.TempDir(), "mirror")
		r, err := CreateReplica(at, c.Note, verifier)
		if err != nil {
			t.Fatal(err)
		}
		i := uint64(0)
		if err := r.Extend(c.Note, func() ([]byte, error) { i++; return testEntry(i - 1), nil }); err != nil {
			t.Fatal(err)
		}
		r.Close()
		mirrors[at] = r
		restored, err := OpenWith(at, verifier, signer, Options{Guard: FileGuard(guard)})
		if err != nil {
			t.Fatalf("Open of a mirror with all that was signed: %v", err)
		}
		restored.Close()
	}
	for at, r := range mirrors {
		restored, err := OpenWith(at, verifier, signer, Options{Guard: FileGuard(guard)})
		switch {
		case r.Checkpoint().Size == 300 && !errors.Is(err, ErrRolledBack):
			t.Errorf("Open of a mirror that lags = %v, want ErrRolledBack", err)
		case r.Checkpoint().Size == 700 && err != nil:
			t.Error(err)
		case err == nil:
			restored.Close()
		}
	}
}
