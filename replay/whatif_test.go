// SPDX-License-Identifier: Apache-2.0

package replay_test

import (
	"bytes"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/replay"
)

func inTurn(n int, f func(i int)) {
	for i := range n {
		f(i)
	}
}

// atOnce runs the tasks in goroutines, the last first.
func atOnce(n int, f func(i int)) {
	var wg sync.WaitGroup
	for i := n - 1; i >= 0; i-- {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}

// otherTerms returns the agreement of the day with one text in place of another.
func otherTerms(t *testing.T, s *replay.State, d day, old, fresh string) *agreement.Agreement {
	t.Helper()
	raw, err := d.blob(s.Agreements()[0].Hash())
	if err != nil {
		t.Fatal(err)
	}
	files, err := agreement.Unpack(raw)
	if err != nil {
		t.Fatal(err)
	}
	for i := range files {
		if files[i].Name == "agreement.yaml" {
			if !bytes.Contains(files[i].Data, []byte(old)) {
				t.Fatalf("the agreement does not say %q", old)
			}
			files[i].Data = bytes.Replace(files[i].Data, []byte(old), []byte(fresh), 1)
		}
	}
	a, err := agreement.Parse(files)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestTheSameTermsWouldFindTheSame(t *testing.T) {
	d := theDay(t)
	s := replay.New(d.blob)
	d.fold(t, s, len(d.raw))
	before := s.Digest()
	w := s.WhatIf(s.Agreements()[0], inTurn)
	if len(w.Shifts) != 0 || w.Same == 0 || w.Incidents == 0 {
		t.Errorf("under its own terms %d findings stand and %d shift", w.Same, len(w.Shifts))
	}
	for _, total := range w.Totals {
		if total.Now != total.Then {
			t.Errorf("%s %s: %d now, %d then", total.Act, total.Result, total.Now, total.Then)
		}
	}
	if s.Digest() != before {
		t.Error("asking what if changed the state")
	}
}

func TestOtherTermsShiftWhatTheyTouchAndNothingElse(t *testing.T) {
	d := theDay(t)
	s := replay.New(d.blob)
	d.fold(t, s, len(d.raw))
	other := otherTerms(t, s, d, "confirmed: 0.9", "confirmed: 0.9999")
	w := s.WhatIf(other, inTurn)
	if len(w.Shifts) == 0 {
		t.Fatal("nothing is confirmed at 0.9 that is not at 0.9999")
	}
	for _, sh := range w.Shifts {
		if sh.Now == nil || sh.Then == nil || sh.Now.Result != trucewatch.Violation || sh.Then.Result != trucewatch.ProbableViolation || sh.Now.Confidence != sh.Then.Confidence {
			t.Errorf("incident %v: %s shifts: now %v, then %v", sh.Incident, sh.Act, sh.Now, sh.Then)
		}
	}
	if again := s.WhatIf(other, atOnce); !reflect.DeepEqual(w, again) {
		t.Error("tasks at once give another answer than in turn")
	}
	if !slices.IsSortedFunc(w.Shifts, func(a, b replay.Shift) int {
		return trucewatch.ObservationID(a.Incident).Compare(trucewatch.ObservationID(b.Incident))
	}) {
		t.Error("shifts are not in the order of incidents")
	}
}
