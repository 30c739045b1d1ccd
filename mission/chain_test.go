// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"errors"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/seal"
)

// eraseEntry has two officers erase the mission's box of an entry, and opens the
// mission again.
func eraseEntry(t *testing.T, m *Mission, index uint64) *Mission {
	t.Helper()
	keys := officers(t, m, m.state.Now()+trucewatch.Second)
	refs, err := m.Boxes(index, seal.MissionClass)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Erase(keys, trucewatch.Erasure{Boxes: refs, Basis: "article 17", Authority: "data officer"}); err != nil {
		t.Fatal(err)
	}
	return reopen(t, m)
}

// TestErasureOpensNoGapInADevicesChain: after an erasure a device, or a thief with
// its key, can neither leave out a body nor give a number away again, and what
// was erased does not come back.
func TestErasureOpensNoGapInADevicesChain(t *testing.T) {
	type try struct {
		body int
		want error
	}
	for erased, tries := range [][]try{
		{{3, ErrRefused}, {0, ErrErased}, {2, nil}}, // the body before it missing; the erased one again; the next
		{{3, ErrRefused}, {1, ErrErased}, {2, nil}}, // the last one was erased
	} {
		m := sealedMission(t)
		now := at(t, began) + trucewatch.Hour
		key := device(t, m, "mic-1", now)
		bodies := detections(m, key, "mic-1", 4, now) // under one signature
		at, _, err := submit(t, m, bodies[:2], now)
		if err != nil {
			t.Fatal(err)
		}
		m = eraseEntry(t, m, at[erased])
		for _, try := range tries {
			_, _, err = submit(t, m, bodies[try.body:try.body+1], m.state.Now())
			if !errors.Is(err, try.want) || err != nil && !errors.Is(err, ErrRefused) {
				t.Errorf("%d erased, body %d: %v, want %v", erased, try.body, err, try.want)
			}
		}
		mustBeSound(t, m.dir)
	}
}

// TestGapBehindAnErasureIsFound: a record whose desk takes in a body after a gap,
// with an erased one of another device beside it, is found out by who reads it.
func TestGapBehindAnErasureIsFound(t *testing.T) {
	m := sealedMission(t)
	now := at(t, began) + trucewatch.Hour
	first, other := device(t, m, "mic-1", now), device(t, m, "mic-2", now)
	bodies := detections(m, first, "mic-1", 3, now)
	at, _, err := submit(t, m, append(bodies[:1:1], detections(m, other, "mic-2", 1, now+trucewatch.Second)...), now)
	if err != nil {
		t.Fatal(err)
	}
	m = eraseEntry(t, m, at[1])
	mustBeSound(t, m.dir)
	err = m.Write(func(w *Writer) error { // as Submit, without what holds it to its chain
		e, err := trucewatch.EntryOf(m.state.Next(), &trucewatch.Envelope{Received: m.state.Now(), Body: bodies[2].Body, Signatures: bodies[2].Signatures})
		if err != nil {
			return err
		}
		return w.enter(e, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	if v := walkOver(t, m.dir); len(v.problems) != 1 || !strings.Contains(v.problems[0], "gap: key") {
		t.Errorf("problems %v, want a gap", v.problems)
	}
}
