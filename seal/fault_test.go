// SPDX-License-Identifier: Apache-2.0

package seal_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/internal/durable/durabletest"
	"github.com/trucewatch/trucewatch/seal"
)

// blob is some bytes that stand for a box; the store does not open boxes.
func blob(n, size int) []byte {
	b := bytes.Repeat([]byte(fmt.Sprintf("box %d.", n)), size/6+1)[:size]
	return b
}

// faultScript is what the power cut tests do: two puts, one with a box that is
// there, a destruction, a put, a destruction of two.
type faultScript struct {
	acknowledged map[trucewatch.Hash]seal.State // what a nil error promised
	asked        map[trucewatch.Hash]bool       // for which Destroy was called
}

func (s *faultScript) run(disk durable.Disk) error {
	store, err := seal.OpenStore(disk, "/m/boxes")
	if err != nil {
		return err
	}
	defer store.Close() // The disk may be dead.
	boxes := [][]byte{blob(0, 10), blob(1, 700), blob(2, 64), blob(3, 1), blob(4, 300)}
	put := func(some ...[]byte) error {
		err := store.Put("mission", some)
		if err == nil {
			for _, b := range some {
				s.acknowledged[seal.BoxHash(b)] = seal.Present
			}
		}
		return err
	}
	destroy := func(some ...[]byte) error {
		var hashes []trucewatch.Hash
		for _, b := range some {
			hashes = append(hashes, seal.BoxHash(b))
			s.asked[seal.BoxHash(b)] = true
		}
		err := store.Destroy("mission", hashes)
		if err == nil {
			for _, h := range hashes {
				s.acknowledged[h] = seal.Destroyed
			}
		}
		return err
	}
	for _, step := range []func() error{
		func() error { return put(boxes[0], boxes[1]) },
		func() error { return put(boxes[1], boxes[2]) },
		func() error { return destroy(boxes[1]) },
		func() error { return put(boxes[3], boxes[4]) },
		func() error { return destroy(boxes[0], boxes[4], blob(9, 9)) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// check says what was broken after a restart.
func (s *faultScript) check(store *seal.Store) error {
	for hash, want := range s.acknowledged {
		got := store.State("mission", hash)
		if s.asked[hash] && want == seal.Present && (got == seal.Destroyed || got == seal.Present) {
			continue // its destruction was not acknowledged, and may be done or not
		}
		if got != want {
			return fmt.Errorf("box %.8s is %s, %s was acknowledged", hash.String(), got, want)
		}
	}
	for hash := range store.All("mission") {
		if got := store.State("mission", hash); got == seal.Destroyed && !s.asked[hash] {
			return fmt.Errorf("box %.8s is destroyed and nobody asked for it", hash.String())
		}
	}
	return nil
}

// TestPowerCuts lets each call of the disk fail in each way, and then the power
// in each way. What was acknowledged holds, nothing is destroyed unasked, and
// doing everything again works.
func TestPowerCuts(t *testing.T) {
	newScript := func() *faultScript {
		return &faultScript{map[trucewatch.Hash]seal.State{}, map[trucewatch.Hash]bool{}}
	}
	clean := durabletest.New("/m")
	if err := newScript().run(clean); err != nil {
		t.Fatal(err)
	}
	cases := 0
	for call, name := range clean.Calls() {
		for _, failure := range []durabletest.Failure{durabletest.NotDone, durabletest.HalfDone, durabletest.Done} {
			for _, crash := range durabletest.Crashes() {
				cases++
				disk := durabletest.New("/m")
				disk.FailAt(call, failure, syscall.EIO, false)
				script := newScript()
				_ = script.run(disk) // The failure; what it acknowledged is in the script.
				disk.Crash(crash)
				place := fmt.Sprintf("call %d (%s) %s, %s", call, name, failure, crash)
				if crash == durabletest.Kill {
					// What the next process reads may be in memory only, and no sync will write it.
					again(t, disk.Clone(), place+", at once")
				}
				// Twice, with another crash between: what a restart reads may not be on the disk.
				for range 2 {
					store, err := seal.OpenStore(disk, "/m/boxes")
					if err != nil {
						t.Fatalf("%s: open: %v", place, err)
					}
					if err := script.check(store); err != nil {
						t.Fatalf("%s: %v", place, err)
					}
					if err := store.Close(); err != nil {
						t.Fatal(err)
					}
					disk.Crash(durabletest.Lost)
				}
				again(t, disk, place)
			}
		}
	}
	t.Logf("%d cases", cases)
}

// TestPowerCutsInAnyOrder lets chance decide where the disk fails, and which
// sectors and names arrive.
func TestPowerCutsInAnyOrder(t *testing.T) {
	clean := durabletest.New("/m")
	script := &faultScript{map[trucewatch.Hash]seal.State{}, map[trucewatch.Hash]bool{}}
	if err := script.run(clean); err != nil {
		t.Fatal(err)
	}
	seeds := uint64(2_000)
	if long() {
		seeds = 100_000
	}
	for seed := range seeds {
		random := rand.New(rand.NewPCG(seed, 1))
		disk := durabletest.New("/m")
		failure := []durabletest.Failure{durabletest.NotDone, durabletest.HalfDone, durabletest.Done}[random.IntN(3)]
		disk.FailAt(random.IntN(len(clean.Calls())+1), failure, syscall.EIO, random.IntN(2) == 0)
		script := &faultScript{map[trucewatch.Hash]seal.State{}, map[trucewatch.Hash]bool{}}
		_ = script.run(disk) // The failure; what it acknowledged is in the script.
		for range 2 {
			disk.CutPower(random)
			store, err := seal.OpenStore(disk, "/m/boxes")
			if err != nil {
				t.Fatalf("seed %d: open: %v", seed, err)
			}
			if err := script.check(store); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
		}
		disk.CutPower(random)
		again(t, disk, fmt.Sprint("seed ", seed))
	}
}

// TestPowerCutsOfKeys: an epoch that was acknowledged opens, unless its
// destruction was asked for; one whose destruction was acknowledged never does.
func TestPowerCutsOfKeys(t *testing.T) {
	role := newRole(t)
	var box []byte
	run := func(disk *durabletest.Disk) (made, asked, destroyed bool) {
		keys := seal.OpenKeys(disk, "/m/boxes")
		if keys.SetRecipients("mission", []*seal.Recipient{role.Recipient()}) != nil {
			return
		}
		e, err := keys.NewEpoch("mission", month)
		if err != nil {
			return
		}
		made = true
		if box, err = seal.SealBox(e.Recipient(), []byte("x")); err != nil {
			t.Fatal(err)
		}
		asked = true
		destroyed = keys.DestroyEpoch("mission", month) == nil
		return
	}
	clean := durabletest.New("/m")
	run(clean)
	for seed := range uint64(600) {
		random := rand.New(rand.NewPCG(seed, 2))
		disk := durabletest.New("/m")
		failure := []durabletest.Failure{durabletest.NotDone, durabletest.HalfDone, durabletest.Done}[random.IntN(3)]
		disk.FailAt(random.IntN(len(clean.Calls())+1), failure, syscall.EIO, random.IntN(2) == 0)
		made, asked, destroyed := run(disk)
		disk.CutPower(random)
		keys := seal.OpenKeys(disk, "/m/boxes")
		e, err := keys.OpenEpoch("mission", month, []*seal.Identity{role})
		if destroyed && !errors.Is(err, seal.ErrDestroyed) || made && !asked && err != nil {
			t.Fatalf("seed %d: made %v, destroyed %v: %v", seed, made, destroyed, err)
		}
		if made && err == nil {
			if _, err := seal.OpenBox([]*seal.Identity{e.Identity()}, box); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
		if made {
			if err := keys.DestroyEpoch("mission", month); err != nil {
				t.Fatalf("seed %d: destroy again: %v", seed, err)
			}
			disk.Crash(durabletest.Lost)
			if !keys.EpochDestroyed("mission", month) {
				t.Fatalf("seed %d: destroyed again, it is there", seed)
			}
		}
	}
}

// TestKeyDestroyedAgainAfterAFailedSyncIsGone: what looks destroyed may be so in
// memory only.
func TestKeyDestroyedAgainAfterAFailedSyncIsGone(t *testing.T) {
	disk := durabletest.New("/m")
	d := newDesk(t, disk)
	disk.FailAt(len(disk.Calls())+3, durabletest.NotDone, syscall.EIO, false) // the sync, after read, open and write
	wantError(t, d.keys.DestroyEpoch("mission", month), seal.ErrInDoubt, "sync")
	if err := d.keys.DestroyEpoch("mission", month); err != nil {
		t.Fatal(err)
	}
	disk.Crash(durabletest.Lost)
	_, err := d.keys.OpenEpoch("mission", month, []*seal.Identity{d.roles["mission"]})
	wantError(t, err, seal.ErrDestroyed)
}

// TestReaderFollowsAWriter in another process.
func TestReaderFollowsAWriter(t *testing.T) {
	dir := t.TempDir()
	writer, err := seal.OpenStore(durable.OS{}, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	reader, err := seal.ReadStore(durable.OS{}, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for n := range 30 {
		for _, class := range []string{"mission", "custody"} {
			if err := writer.Put(class, [][]byte{blob(n, 50*n+1)}); err != nil {
				t.Fatal(err)
			}
		}
		if n%3 == 0 {
			if err := reader.Refresh(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := writer.Destroy("mission", []trucewatch.Hash{seal.BoxHash(blob(4, 201))}); err != nil {
		t.Fatal(err)
	}
	if got := reader.State("mission", seal.BoxHash(blob(4, 201))); got != seal.Destroyed {
		t.Errorf("before it is refreshed the reader sees %s", got)
	}
	if err := reader.Refresh(); err != nil {
		t.Fatal(err)
	}
	for n := range 30 {
		want := seal.Present
		if n == 4 {
			want = seal.Destroyed
		}
		if got := reader.State("mission", seal.BoxHash(blob(n, 50*n+1))); got != want {
			t.Errorf("box %d is %s", n, got)
		}
	}
	if n := len(slices.Collect(reader.All("custody"))); n != 30 {
		t.Errorf("%d boxes of custody", n)
	}
	wantError(t, writer.Refresh(), seal.ErrInvalid)
}

// TestReaderFollowsAHalfWrittenFrame: it looked while the head was being written.
func TestReaderFollowsAHalfWrittenFrame(t *testing.T) {
	disk := durabletest.New("/m")
	writer, err := seal.OpenStore(disk, "/m")
	if err != nil {
		t.Fatal(err)
	}
	if err := writer.Put("mission", [][]byte{blob(1, 100), blob(2, 100)}); err != nil {
		t.Fatal(err)
	}
	whole, err := disk.ReadFile("/m/mission/pack-000000", 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for length := range whole {
		disk.Put("/m/mission/pack-000000", whole[:length])
		reader, err := seal.ReadStore(disk, "/m")
		if err != nil {
			t.Fatal(err)
		}
		f, err := disk.OpenWrite("/m/mission/pack-000000")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt(whole, 0); err != nil {
			t.Fatal(err)
		}
		if err := reader.Refresh(); err != nil {
			t.Fatal(err)
		}
		for n := 1; n <= 2; n++ {
			if got := reader.State("mission", seal.BoxHash(blob(n, 100))); got != seal.Present {
				t.Fatalf("seen at %d bytes: box %d is %s", length, n, got)
			}
		}
		if faults, err := reader.Faults("mission"); err != nil || len(faults) != 0 {
			t.Fatalf("seen at %d bytes: %v, %v", length, faults, err)
		}
		reader.Close()
	}
}

// again does everything once more on what the crash left, as a mission does that
// got no answer, and then loses the power.
func again(t *testing.T, disk *durabletest.Disk, place string) {
	t.Helper()
	store, err := seal.OpenStore(disk, "/m/boxes")
	if err != nil {
		t.Fatalf("%s: open: %v", place, err)
	}
	var destroyed []trucewatch.Hash
	for n, size := range []int{10, 700, 64, 1, 300} {
		box := blob(n, size)
		if err := store.Put("mission", [][]byte{box}); err != nil && !errors.Is(err, seal.ErrDestroyed) {
			t.Fatalf("%s: put again: %v", place, err)
		}
		if n != 2 && n != 3 {
			destroyed = append(destroyed, seal.BoxHash(box))
		}
	}
	if err := store.Destroy("mission", destroyed); err != nil {
		t.Fatalf("%s: destroy again: %v", place, err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	disk.Crash(durabletest.Lost)
	if store, err = seal.OpenStore(disk, "/m/boxes"); err != nil {
		t.Fatalf("%s: open: %v", place, err)
	}
	defer store.Close()
	for n, size := range []int{10, 700, 64, 1, 300} {
		want := seal.Destroyed
		if n == 2 || n == 3 {
			want = seal.Present
		}
		if got := store.State("mission", seal.BoxHash(blob(n, size))); got != want {
			t.Fatalf("%s: done again, box %d is %s", place, n, got)
		}
	}
}

// TestNothingOfADestroyedBoxIsLeft looks at the bytes on the disk.
func TestNothingOfADestroyedBoxIsLeft(t *testing.T) {
	disk := durabletest.New("/m")
	store, err := seal.OpenStore(disk, "/m/boxes")
	if err != nil {
		t.Fatal(err)
	}
	secret := []byte("what must go, every byte of it")
	if err := errors.Join(store.Put("mission", [][]byte{blob(1, 500), secret, blob(2, 500)}),
		store.Destroy("mission", []trucewatch.Hash{seal.BoxHash(secret)}), store.Close()); err != nil {
		t.Fatal(err)
	}
	disk.Crash(durabletest.Lost)
	for _, name := range disk.Files() {
		b, err := disk.ReadFile(name, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; n+4 <= len(secret); n++ {
			if bytes.Contains(b, secret[n:n+4]) {
				t.Errorf("%s still has %q", name, secret[n:n+4])
			}
		}
	}
}

// TestHalfOverwrittenBoxIsDestroyed: a process that dies while it overwrites a box
// leaves a part of its bytes under the mark. Whoever reads has no box there, and no
// damage; the next writer ends what was begun.
func TestHalfOverwrittenBoxIsDestroyed(t *testing.T) {
	disk := durabletest.New("/m")
	store, err := seal.OpenStore(disk, "/m/boxes")
	if err != nil {
		t.Fatal(err)
	}
	box := blob(1, 500)
	if err := store.Put("mission", [][]byte{box}); err != nil {
		t.Fatal(err)
	}
	disk.FailAt(len(disk.Calls())+2, durabletest.HalfDone, syscall.EIO, false) // mark, sync, and now the zeros
	wantError(t, store.Destroy("mission", []trucewatch.Hash{seal.BoxHash(box)}), syscall.EIO)
	disk.Crash(durabletest.Kill)
	for _, open := range []func(durable.Disk, string) (*seal.Store, error){seal.ReadStore, seal.OpenStore} {
		faults := 1 // until a writer was here
		if store, err = open(disk, "/m/boxes"); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Get("mission", seal.BoxHash(box)); !errors.Is(err, seal.ErrDestroyed) {
			t.Errorf("what is half overwritten: %v", err)
		}
		if b, err := disk.ReadFile("/m/boxes/mission/pack-000000", 1<<20); err != nil || !bytes.Contains(b, box[400:]) {
			faults = 0
		}
		if found, err := store.Faults("mission"); err != nil || len(found) != faults {
			t.Errorf("faults: %v %v, want %d", found, err, faults)
		}
		store.Close()
	}
	if b, err := disk.ReadFile("/m/boxes/mission/pack-000000", 1<<20); err != nil || bytes.Contains(b, box[400:]) {
		t.Errorf("a part of the box is left: %v", err)
	}
}

// TestNoWriteAfterAFailedSync: nobody knows what is on the disk, so the store
// says so until it is opened again.
func TestNoWriteAfterAFailedSync(t *testing.T) {
	disk := durabletest.New("/m")
	store, err := seal.OpenStore(disk, "/m/boxes")
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Put("mission", [][]byte{blob(1, 9)}); err != nil {
		t.Fatal(err)
	}
	disk.FailAt(len(disk.Calls())+1, durabletest.NotDone, syscall.EIO, false) // the sync after the write
	wantError(t, store.Put("mission", [][]byte{blob(2, 9)}), seal.ErrInDoubt)
	wantError(t, store.Put("mission", [][]byte{blob(3, 9)}), seal.ErrInDoubt)
	wantError(t, store.Destroy("mission", []trucewatch.Hash{seal.BoxHash(blob(1, 9))}), seal.ErrInDoubt)
	if err := store.Put("custody", [][]byte{blob(3, 9)}); err != nil {
		t.Errorf("another class: %v", err)
	}
	if store.State("mission", seal.BoxHash(blob(1, 9))) != seal.Present {
		t.Error("what was there cannot be read")
	}
	store.Close()
}

// TestPutHasOneSync, however many boxes there are.
func TestPutHasOneSync(t *testing.T) {
	disk := durabletest.New("/m")
	store, err := seal.OpenStore(disk, "/m/boxes")
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := store.Put("mission", [][]byte{blob(0, 9)}); err != nil {
		t.Fatal(err)
	}
	before := len(disk.Calls())
	if err := store.Put("mission", [][]byte{blob(1, 9), blob(2, 5000), blob(3, 1)}); err != nil {
		t.Fatal(err)
	}
	if got := disk.Calls()[before:]; len(got) != 2 || !strings.HasPrefix(got[1], "sync") {
		t.Errorf("calls %q", got)
	}
}

// TestEveryMutationOfAPackIsDetected changes every byte of a pack: the box is
// then damaged or missing, or the change is no part of a box and Faults names it.
// What is left is right, nothing else is lost, and a box is never taken for
// destroyed.
func TestEveryMutationOfAPackIsDetected(t *testing.T) {
	disk := durabletest.New("/m")
	store, err := seal.OpenStore(disk, "/m")
	if err != nil {
		t.Fatal(err)
	}
	boxes := [][]byte{blob(0, 100), blob(1, 64), blob(2, 1), blob(3, 30), blob(4, 200)}
	var hashes []trucewatch.Hash
	for _, b := range boxes {
		hashes = append(hashes, seal.BoxHash(b))
	}
	if err := errors.Join(store.Put("mission", boxes), store.Destroy("mission", hashes[3:4]), store.Close()); err != nil {
		t.Fatal(err)
	}
	pack, err := disk.ReadFile("/m/mission/pack-000000", 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for i := range pack {
		for _, flip := range flips() {
			mutant := slices.Clone(pack)
			mutant[i] ^= flip
			checkMutant(t, mutant, boxes, hashes, fmt.Sprintf("byte %d with %#x flipped", i, flip))
		}
	}
	for length := range pack {
		checkMutant(t, pack[:length], boxes, hashes, fmt.Sprintf("cut to %d bytes", length))
	}
}

func checkMutant(t *testing.T, mutant []byte, boxes [][]byte, hashes []trucewatch.Hash, what string) {
	t.Helper()
	disk := durabletest.New("/m")
	if err := disk.Mkdir("/m/mission"); err != nil {
		t.Fatal(err)
	}
	disk.Put("/m/mission/pack-000000", mutant)
	store, err := seal.ReadStore(disk, "/m")
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	defer store.Close()
	faults, err := store.Faults("mission")
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	wrong := 0
	for n, h := range hashes {
		got, err := store.Get("mission", h)
		state := store.State("mission", h)
		if err == nil && !bytes.Equal(got, boxes[n]) {
			t.Fatalf("%s: box %d is read as %q", what, n, got)
		}
		if state == seal.Destroyed && n != 3 {
			t.Fatalf("%s: box %d is taken for destroyed", what, n)
		}
		if state != seal.Present && n != 3 || state != seal.Destroyed && n == 3 {
			wrong++
		}
	}
	if wrong == 0 && len(faults) == 0 {
		t.Fatalf("%s is not detected", what)
	}
	if strings.HasPrefix(what, "byte") && wrong > 1 {
		t.Fatalf("%s: %d boxes are lost with it", what, wrong)
	}
}

// TestBoxThatLooksLikeAPackMovesNothing: a box comes from somebody else, holds a
// frame that says it is longer than it is and marked as destroyed, and the head
// before it is damaged.
func TestBoxThatLooksLikeAPackMovesNothing(t *testing.T) {
	source := durabletest.New("/m")
	store, err := seal.OpenStore(source, "/m")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(store.Put("mission", [][]byte{blob(0, 10_000)}), store.Close()); err != nil {
		t.Fatal(err)
	}
	evil, err := source.ReadFile("/m/mission/pack-000000", 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	copy(evil[44:], "destroyed by erasure")

	disk := durabletest.New("/m")
	if store, err = seal.OpenStore(disk, "/m"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(store.Put("mission", [][]byte{evil[:200], blob(1, 300), blob(2, 300)}), store.Close()); err != nil {
		t.Fatal(err)
	}
	pack, err := disk.ReadFile("/m/mission/pack-000000", 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	pack[0] ^= 1
	disk.Put("/m/mission/pack-000000", pack)
	if store, err = seal.OpenStore(disk, "/m"); err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for n := 1; n <= 2; n++ {
		if got := store.State("mission", seal.BoxHash(blob(n, 300))); got != seal.Present {
			t.Errorf("box %d is %s", n, got)
		}
	}
	if got := store.State("mission", seal.BoxHash(evil[:200])); got != seal.Damaged {
		t.Errorf("the box itself is %s", got)
	}
	// Put again, it is there again; destroyed, its damaged copy is gone too.
	if err := store.Put("mission", [][]byte{evil[:200]}); err != nil || store.State("mission", seal.BoxHash(evil[:200])) != seal.Present {
		t.Errorf("put again: %v", err)
	}
	if err := store.Destroy("mission", []trucewatch.Hash{seal.BoxHash(evil[:200])}); err != nil || store.State("mission", seal.BoxHash(evil[:200])) != seal.Destroyed {
		t.Errorf("destroy: %v", err)
	}
	if b, err := disk.ReadFile("/m/mission/pack-000000", 1<<20); err != nil || bytes.Contains(b, evil[64:164]) {
		t.Errorf("a copy of the destroyed box is left, %v", err)
	}
}

// TestPacksAreClosedToOthersOnTheMachine and one process writes at a time.
func TestPacksAreClosedToOthersOnTheMachine(t *testing.T) {
	dir := t.TempDir() + "/boxes"
	store, err := seal.OpenStore(durable.OS{}, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := store.Put("mission", [][]byte{blob(1, 9)}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{"": fs.ModeDir | 0o700, "mission": fs.ModeDir | 0o700, "mission/pack-000000": 0o600} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode() != want {
			t.Errorf("%s has mode %v, %v", name, info.Mode(), err)
		}
	}
	_, err = seal.OpenStore(durable.OS{}, dir)
	wantError(t, err, durable.ErrLocked)
	reader, err := seal.ReadStore(durable.OS{}, dir)
	if err != nil || reader.State("mission", seal.BoxHash(blob(1, 9))) != seal.Present || !slices.Equal(reader.Classes(), []string{"mission"}) {
		t.Errorf("ReadStore: %v", err)
	}
	wantError(t, reader.Put("mission", [][]byte{blob(2, 9)}), seal.ErrInvalid)
	wantError(t, store.Put("../mission", [][]byte{blob(2, 9)}), seal.ErrInvalid, "class")
	wantError(t, store.Put("mission", [][]byte{nil}), seal.ErrInvalid)
	if err := reader.Close(); err != nil {
		t.Error(err)
	}
	_, err = seal.ReadStore(durable.OS{}, dir+"-absent")
	wantError(t, err, seal.ErrNotFound)
	if err := os.WriteFile(dir+"/mission/pack-000002", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = seal.ReadStore(durable.OS{}, dir)
	wantError(t, err, seal.ErrCorrupt, "pack-000002 comes after 1 packs")
}

// TestStoreServesManyAtOnce is for the race detector.
func TestStoreServesManyAtOnce(t *testing.T) {
	store, err := seal.OpenStore(durabletest.New("/m"), "/m")
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			for k := range 20 {
				box := blob(n*100+k, 50)
				if err := store.Put("mission", [][]byte{box}); err != nil {
					t.Error(err)
				}
				if got, err := store.Get("mission", seal.BoxHash(box)); err != nil || !bytes.Equal(got, box) {
					t.Error(err)
				}
				if err := store.Destroy("mission", []trucewatch.Hash{seal.BoxHash(box)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if n := len(slices.Collect(store.All("mission"))); n != 160 {
		t.Errorf("%d boxes", n)
	}
}

// TestStoreOpensManyBoxes: a store that many writes made is opened whole; how long
// that takes is logged.
func TestStoreOpensManyBoxes(t *testing.T) {
	many := 5_000
	if long() {
		many = 200_000
	}
	dir := t.TempDir()
	store, err := seal.OpenStore(durable.OS{}, dir)
	if err != nil {
		t.Fatal(err)
	}
	const each = 2_000
	for n := 0; n < many; n += 1000 {
		var boxes [][]byte
		for k := range 1000 {
			boxes = append(boxes, blob(n+k, each))
		}
		if err := store.Put("mission", boxes); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if store, err = seal.OpenStore(durable.OS{}, dir); err != nil {
		t.Fatal(err)
	}
	t.Logf("opened %d boxes in %v", many, time.Since(start))
	defer store.Close()
	if n := len(slices.Collect(store.All("mission"))); n != many || store.State("mission", seal.BoxHash(blob(many-1, each))) != seal.Present {
		t.Errorf("%d boxes", n)
	}
}
