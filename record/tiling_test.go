// SPDX-License-Identifier: Apache-2.0

package record

import (
	"errors"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/internal/durable/durabletest"
)

// A heldDisk lets no tile come into being until it is told what is to become of
// it: so a test stands between the sync of entries and their tiles.
type heldDisk struct {
	*durabletest.Disk
	begun  func()     // called when a tile is begun
	result chan error // what becomes of each tile; nil lets it pass; closed: all pass
}

func (d heldDisk) Create(name string) (durable.File, error) {
	if strings.Contains(name, "/tile/") {
		d.begun()
		if err := <-d.result; err != nil {
			return nil, err
		}
	}
	return d.Disk.Create(name)
}

// A tilingRun is a log whose tiles of the first bundles are under way and held,
// while more entries were acknowledged behind them.
type tilingRun struct {
	disk         heldDisk
	log          *Log
	signer       note.Signer
	verifier     note.Verifier
	acknowledged uint64
}

// tilingSettings write tiles behind the appends.
func tilingSettings(disk durable.Disk) settings {
	return settings{disk: disk, segment: 4 * tileWidth, workers: 2}
}

func newTilingRun(t *testing.T) *tilingRun {
	t.Helper()
	begun := make(chan struct{})
	var once sync.Once
	r := &tilingRun{disk: heldDisk{durabletest.New("/"), func() { once.Do(func() { close(begun) }) }, make(chan error)}}
	r.signer, r.verifier = testKey(t)
	var err error
	if r.log, err = create(tilingSettings(r.disk), "/log", testOrigin, r.signer); err != nil {
		t.Fatal(err)
	}
	r.append(t, tileWidth+3)
	<-begun
	// They are acknowledged although no tile can be written.
	r.append(t, tileWidth)
	r.append(t, 5)
	return r
}

func (r *tilingRun) append(t *testing.T, n uint64) {
	t.Helper()
	if _, err := r.log.Append(testEntries(r.acknowledged, r.acknowledged+n)...); err != nil {
		t.Fatal(err)
	}
	r.acknowledged += n
}

// check opens what is on a disk and holds it against what was acknowledged.
func (r *tilingRun) check(t *testing.T, disk *durabletest.Disk) {
	t.Helper()
	l, err := open(tilingSettings(disk), "/log", r.verifier, r.signer)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	size, root := l.Root()
	if size != r.acknowledged || root != treeHash(t, testEntries(0, size)) {
		t.Fatalf("%d entries, want the %d that were acknowledged", size, r.acknowledged)
	}
	for id := range fullTiles(0, size) {
		content(t, disk, "/log/"+id.path())
	}
	if report, err := verify(disk, "/log", r.verifier); err != nil || report.Root != root {
		t.Fatalf("Verify = %+v, %v", report, err)
	}
}

// TestTiling_crash: a crash of any kind between the sync of entries and their
// tiles loses nothing, and the next Open writes the tiles.
func TestTiling_crash(t *testing.T) {
	for _, crash := range durabletest.Crashes() {
		t.Run(string(crash), func(t *testing.T) {
			r := newTilingRun(t)
			if _, err := r.log.Sign(); err != nil {
				t.Fatal(err)
			}
			crashNow := func() {
				disk := r.disk.Clone()
				disk.Crash(crash)
				r.check(t, disk)
			}
			crashNow()
			r.disk.result <- nil // One of the two tiles goes on.
			crashNow()
			close(r.disk.result)
			if err := r.log.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestTiling_disk_full: tiles that cannot be written put the log in doubt, but
// take nothing that was acknowledged; and whoever closes it is told.
func TestTiling_disk_full(t *testing.T) {
	for name, then := range map[string]func(r *tilingRun) error{
		"append": func(r *tilingRun) error {
			// The tiles fail some time after they were told; at the latest the next
			// segment waits for them.
			for {
				if _, err := r.log.Append(testEntry(r.acknowledged)); err != nil {
					return err
				}
				r.acknowledged++
			}
		},
		"close": func(r *tilingRun) error { return r.log.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			r := newTilingRun(t)
			r.disk.result <- syscall.ENOSPC
			close(r.disk.result)
			if err := then(r); !errors.Is(err, syscall.ENOSPC) {
				t.Fatalf("%s = %v, want ENOSPC", name, err)
			}
			if name == "append" {
				if _, err := r.log.Append(testEntry(r.acknowledged)); !errors.Is(err, ErrInDoubt) {
					t.Errorf("Append = %v, want ErrInDoubt", err)
				}
				if _, err := r.log.Sign(); !errors.Is(err, ErrInDoubt) {
					t.Errorf("Sign = %v, want ErrInDoubt", err)
				}
				if err := r.log.Close(); err != nil {
					t.Errorf("Close = %v: the error was told", err)
				}
			}
			r.check(t, r.disk.Clone())
		})
	}
}

// TestTiling_waits: Close waits for the tiles under way, and so does the next
// segment.
func TestTiling_waits(t *testing.T) {
	t.Run("close", func(t *testing.T) {
		r := newTilingRun(t)
		go close(r.disk.result)
		if err := r.log.Close(); err != nil {
			t.Fatal(err)
		}
		content(t, r.disk.Disk, "/log/tile/entries/000")
		content(t, r.disk.Disk, "/log/tile/0/000")
		r.check(t, r.disk.Clone())
	})
	t.Run("segment", func(t *testing.T) {
		r := newTilingRun(t)
		r.append(t, 4*tileWidth-r.acknowledged)
		go close(r.disk.result)
		r.append(t, 1)
		for id := range fullTiles(0, 4*tileWidth) {
			content(t, r.disk.Disk, "/log/"+id.path())
		}
		disk := r.disk.Clone()
		disk.Crash(durabletest.Lost)
		r.check(t, disk)
		if err := r.log.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
