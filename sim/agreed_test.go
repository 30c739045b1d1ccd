// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/keyring"
	"github.com/trucewatch/trucewatch/mission"
	"github.com/trucewatch/trucewatch/replay"
)

// later is the agreement's later version: in force from laterFrom, with a question
// that the parties read differently. Its figures are in terms.
const later, laterVersion = bundle + "-later", 4

// laterFrom is when it comes into force: some days after the worlds begin.
var laterFrom = begins.Add(60 * time.Hour)

// An agreed is what parties and bodies did about the text itself, as it was
// acknowledged. None of it may be lost.
type agreed struct {
	later   bool                // the later version was adopted
	settled bool                // its question was settled
	notices map[string]*noticed // notifications by ID
}

// officersOf registers an officer of each organisation: a text is adopted by them.
func (w *world) officersOf(wr *mission.Writer) error {
	for _, s := range w.net.sites {
		key := w.newKey("officer of " + s.organisation.Name)
		w.consenting = append(w.consenting, key)
		public := key.Public().(ed25519.PublicKey)
		k := &trucewatch.KeyRegistration{ID: keyring.ID(public), Public: public, Role: trucewatch.OfficerKey, Name: "officer", Organisation: s.organisation.Name}
		if _, err := wr.Enter(nil, trucewatch.Payload{Key: k}); err != nil {
			return err
		}
	}
	return nil
}

// adopt enters the later version, with officers of all, or of all but one party.
// It is refused then, twice, and once it would bind somebody for what is past.
func (w *world) adopt() error {
	officers, alone := w.consenting, w.random.IntN(3) == 0
	if alone {
		officers = w.consenting[1:]
	}
	past := max(w.now(), w.m.State().Now()) >= trucewatch.InstantOf(laterFrom)
	known := w.adopted(w.m.State())
	err := w.write(nil, func(wr *mission.Writer) error {
		_, err := wr.Adopt(w.terms, later, officers)
		return err
	})
	switch {
	case err == nil && (alone || past || known):
		w.fail("I6", "a text was adopted: without a party %v, for the past %v, again %v", alone, past, known)
	case err == nil:
		w.agreed.later = true
		happened.add("agreement: later version adopted")
	case !errors.Is(err, mission.ErrRefused):
		return err
	case known:
	case past:
		happened.add("agreement: later version for the past, refused")
	case alone:
		happened.add("agreement: later version without a party, refused")
	default:
		w.fail("I7", "a text that all agreed to was refused: %v", err)
	}
	return nil
}

// adopted says whether the later version stands in the record.
func (w *world) adopted(s *replay.State) bool {
	for _, a := range s.Agreements() {
		if a.Version == laterVersion {
			return true
		}
	}
	return false
}

// interpret settles the question of the later version: by a decision that carried,
// or by one that did not, which settles nothing.
func (w *world) interpret() error {
	if !w.adopted(w.m.State()) {
		return nil
	}
	carries := w.random.IntN(2) == 0
	second := map[bool]string{true: "for", false: "against"}[carries]
	now := max(w.now(), w.m.State().Now())
	w.readings++
	id := fmt.Sprint("reading-", w.readings)
	decision := &trucewatch.Decision{ID: id, Body: "joint_commission", About: "interpretation", Question: "how far back", Ref: "q-mlrs/thirty_five", At: now,
		Votes: []trucewatch.Vote{{Member: "A", Cast: "for"}, {Member: "B", Cast: second}}}
	if err := w.enter(trucewatch.Payload{Decision: decision}); err != nil {
		return err
	}
	reading := &trucewatch.Interpretation{ID: id, Agreement: "agr-line-2026", Question: "q-mlrs", Reading: "thirty_five", Decision: id}
	err := w.write(nil, func(wr *mission.Writer) error {
		_, err := wr.Enter(nil, trucewatch.Payload{Interpretation: reading})
		return err
	})
	switch {
	case err == nil && !carries:
		w.fail("I6", "a question was settled by a decision that did not carry")
	case err == nil:
		w.agreed.settled = true
		happened.add("interpretation: settled by both parties")
	case errors.Is(err, mission.ErrRefused) && !carries:
		happened.add("interpretation: by a decision that did not carry, refused")
	case !errors.Is(err, mission.ErrRefused):
		return err
	}
	return nil
}

// checkAgreed: what parties and bodies said about the text is there, once.
func (w *world) checkAgreed(s *replay.State) {
	w.t.Helper()
	if w.agreed.later && !w.adopted(s) {
		w.fail("I1", "the later version of the agreement is gone")
	}
	if !w.agreed.settled && w.noticed == 0 {
		return
	}
	v, err := s.View(trucewatch.ForMission, trucewatch.Interval{}, trucewatch.Interval{})
	w.must(err)
	if w.agreed.settled && (v.Standing == nil || len(v.Standing.Settled) == 0) {
		w.fail("I1", "a question that was settled is open again")
	}
	times := map[string]int{}
	for _, n := range v.Notices {
		times[n.Notification.ID]++
	}
	for id, n := range w.agreed.notices {
		if n.given && times[id] != 1 {
			w.fail("I1", "notification %s stands %d times", id, times[id])
		}
	}
}
