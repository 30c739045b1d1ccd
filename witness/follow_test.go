// SPDX-License-Identifier: Apache-2.0

package witness

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/internal/durable/durabletest"
	"github.com/trucewatch/trucewatch/logkey"
)

// handOver gives the log a new key by its next entry, and returns the log as one
// who stole the old key would go on with it.
func (l *testLog) handOver() (stolen *testLog) {
	l.t.Helper()
	old, err := logkey.Parse(l.vkey)
	if err != nil {
		l.t.Fatal(err)
	}
	next := newTestLog(l.t, l.signer.Name())
	key, err := old.HandOver(l.size, next.vkey, l.signer)
	if err != nil {
		l.t.Fatal(err)
	}
	stolen = l.fork(l.size)
	stolen.hashes = slices.Clone(stolen.hashes)
	l.vkey, l.signer = key.String(), next.signer
	l.grow(1, "handover")
	return stolen
}

func mustRefuse(t *testing.T, w *testWitness, log *testLog, old uint64, why string) {
	t.Helper()
	if status, _, text := post(t, w, log.request(old)); status != http.StatusForbidden {
		t.Errorf("%s: status %d %s, want 403", why, status, text)
	}
}

func TestWitnessFollowsAHandoverWhileItRuns(t *testing.T) {
	log := newTestLog(t, "log.example/north").grow(5, "entry")
	first := log.vkey
	dir := t.TempDir()
	w := newWitness(t, "guarantor-1.example/witness", log, durable.OS{}, dir)
	mustSign(t, w, log, 0)
	stolen := log.handOver()
	mustRefuse(t, w, log, 5, "the new key, before anybody said that it is the log's")
	if _, err := Follow(dir, []string{first}, log.vkey); err != nil {
		t.Fatal(err)
	}
	thief := *stolen
	thief.hashes = slices.Clone(stolen.hashes)
	mustRefuse(t, w, thief.grow(1, "other"), 5, "the old key signs a later checkpoint, before the new one was seen")
	mustSign(t, w, log, 5)
	mustRefuse(t, w, stolen.grow(3, "handover"), 6, "the old key signs a later checkpoint")
	mustSign(t, w, log.grow(4, "entry"), 6)

	// It goes on after a restart with the key that it was begun with.
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	old := *log
	old.vkey = first
	w = restart(t, w.key, &old, durable.OS{}, dir)
	mustSign(t, w, log.grow(1, "entry"), 10)
}

// TestWitnessFollowsWhatIsDurable: whoever told it died before the name of its new
// key was on the medium. At whichever call of its disk it dies over the next
// checkpoint, of two names the power lets arrive the one or the other: it starts
// again on what is there.
func TestWitnessFollowsWhatIsDurable(t *testing.T) {
	for n := range 12 {
		log := newTestLog(t, "log.example/north").grow(5, "entry")
		first := *log
		disk := durabletest.New(folder)
		w := newWitness(t, "guarantor-1.example/witness", log, disk, folder)
		mustSign(t, w, log, 0)
		log.handOver()
		whole := disk.Clone()
		if _, err := FollowOn(whole, folder, []string{first.vkey}, log.vkey); err != nil {
			t.Fatal(err)
		}
		last := whole.Made() - 1
		if got := whole.Calls()[last]; got != "syncdir "+folder {
			t.Fatalf("the last call is %q", got)
		}
		disk.FailAt(last, durabletest.NotDone, syscall.EIO, false)
		if _, err := FollowOn(disk, folder, []string{first.vkey}, log.vkey); !errors.Is(err, syscall.EIO) {
			t.Fatalf("its name was not made durable: %v", err)
		}
		disk.FailAt(disk.Made()+n, durabletest.NotDone, syscall.EIO, true)
		post(t, w, log.request(5))
		for cut := range uint64(32) {
			left := disk.Clone()
			left.CutPower(rand.New(rand.NewPCG(cut, 1)))
			again, err := open(Settings{Dir: folder, Key: w.key, Logs: []string{first.vkey}}, left)
			if err != nil || len(again.Problems()) > 0 {
				t.Fatalf("call %d, power cut %d: %v, %v", n, cut, err, again.Problems())
			}
		}
	}
}

// TestKeyThatCannotBeReadIsNotDenied: a disk that fails hides no handover.
func TestKeyThatCannotBeReadIsNotDenied(t *testing.T) {
	log := newTestLog(t, "log.example/north").grow(5, "entry")
	disk := durabletest.New(folder)
	w := newWitness(t, "guarantor-1.example/witness", log, disk, folder)
	ask := func(id string) int {
		answer := httptest.NewRecorder()
		w.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/"+id+"/key", nil))
		return answer.Code
	}
	id := LogID("log.example/north")
	if got := ask(id); got != http.StatusOK {
		t.Errorf("status %d", got)
	}
	disk.FailAt(disk.Made(), durabletest.NotDone, syscall.EIO, false)
	if got := ask(id); got != http.StatusInternalServerError {
		t.Errorf("status %d of a key that cannot be read", got)
	}
	if got := ask(LogID("log.example/south")); got != http.StatusNotFound {
		t.Errorf("status %d of a log that nobody knows", got)
	}
}

func TestWitnessFollowsNoOtherHandover(t *testing.T) {
	log := newTestLog(t, "log.example/north").grow(5, "entry")
	first := log.vkey
	dir := t.TempDir()
	w := newWitness(t, "guarantor-1.example/witness", log, durable.OS{}, dir)
	stolen := log.handOver()
	mustFollow := func(text string) {
		t.Helper()
		if _, err := Follow(dir, []string{first}, text); err != nil {
			t.Fatal(err)
		}
	}
	mustFollow(log.vkey)
	mustFollow(log.vkey + "\n") // Again is the same.
	mustSign(t, w, log.grow(2, "entry"), 0)
	// Who has the old key hands the log over to himself.
	stolen.handOver()
	if _, err := Follow(dir, []string{first}, stolen.vkey); !errors.Is(err, ErrInvalid) {
		t.Errorf("a second handover of one key: %v, want ErrInvalid", err)
	}
	// A handover that lies behind what was co-signed contradicts the witness's own word.
	late := newTestLog(t, "log.example/south").grow(5, "entry")
	lateFirst := late.vkey
	lateDir := t.TempDir()
	w = newWitness(t, "guarantor-1.example/witness", late, durable.OS{}, lateDir)
	ahead := late.fork(5)
	late.handOver()
	ahead.hashes = slices.Clone(ahead.hashes)
	mustSign(t, w, ahead.grow(9, "thief"), 0)
	if _, err := Follow(lateDir, []string{lateFirst}, late.vkey); !errors.Is(err, ErrConflict) {
		t.Errorf("a handover before what was co-signed: %v, want ErrConflict", err)
	}
}

func TestOldKeySignsALaterCheckpointForNobody(t *testing.T) {
	c := newCast(t)
	stolen := c.log.handOver()
	p, err := NewPolicy(c.log.vkey, c.members, 3)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := p.Standing(c.log.signed()); err != nil || s.Tier != Integrated {
		t.Errorf("the new key: %v, %v", s, err)
	}
	before := c.log.size - 1
	if s, err := p.Standing(stolen.signedAt(before)); err != nil || s.Tier != Integrated {
		t.Errorf("the old key before the handover: %v, %v", s, err)
	}
	if s, err := p.Standing(stolen.grow(1, "handover").signed()); !errors.Is(err, ErrInvalid) {
		t.Errorf("the old key signs a later checkpoint: %v, %v, want ErrInvalid", s, err)
	}
	again, err := ParsePolicy(p.Text())
	if err != nil || !slices.Equal(again.Logs(), []string{c.log.vkey}) {
		t.Errorf("the policy as a file has the logs %v, %v", again.Logs(), err)
	}
	if !strings.Contains(string(p.Text()), "For programs that do not know that: log "+c.log.vkey[strings.LastIndex(c.log.vkey, "log.example"):strings.LastIndex(c.log.vkey, ",")]) {
		t.Errorf("the file does not say which key other programs need:\n%s", p.Text())
	}
}

func TestWitnessesAreAskedAcrossAHandover(t *testing.T) {
	log := newTestLog(t, "log.example/north").grow(5, "entry")
	first := log.vkey
	dir := t.TempDir()
	w := newWitness(t, "guarantor-1.example/witness", log, durable.OS{}, dir)
	mustSign(t, w, log, 0)
	log.handOver()
	// One that signed before it.
	known, err := Ask(t.Context(), "log.example/north", log.vkey, []Member{w.member()})
	if err != nil || known.Latest.Size != 5 {
		t.Errorf("before: %+v, %v", known, err)
	}
	if _, err := Follow(dir, []string{first}, log.vkey); err != nil {
		t.Fatal(err)
	}
	mustSign(t, w, log, 5)
	known, err = Ask(t.Context(), "log.example/north", log.vkey, []Member{w.member()})
	if err != nil || known.Latest.Size != 6 {
		t.Errorf("after: %+v, %v", known, err)
	}
	// A state from before the handover, put back, asks with the key that it knows.
	known, err = Ask(t.Context(), "log.example/north", first, []Member{w.member()})
	if err != nil || known.Latest.Size != 6 {
		t.Errorf("with the key of before: %+v, %v", known, err)
	}
}
