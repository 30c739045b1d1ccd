// SPDX-License-Identifier: Apache-2.0

package replay_test

import (
	"slices"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/replay"
)

// TestErasureEndsNoRecord: of entries that were erased only their place is left,
// and what officers, parties and bodies did on account of them is passed over. An
// entry that lacks something although nothing was erased is refused as ever.
func TestErasureEndsNoRecord(t *testing.T) {
	d := theDay(t)
	var observed []int
	for i, raw := range d.raw {
		if entry(t, uint64(i), raw).Body.Payload.Observations != nil {
			observed = append(observed, i)
		}
	}
	without := func(warranted bool, erased ...int) (*replay.State, error) {
		s := replay.New(d.blob)
		for i, raw := range d.raw {
			e := entry(t, uint64(i), raw)
			fold := s.Apply
			if slices.Contains(erased, i) {
				e.Body.Payload.Observations.Observations = nil
				if warranted {
					fold = func(e *trucewatch.Entry) ([]replay.Change, error) { return s.ApplyResidue(e, 1) }
				}
			}
			if _, err := fold(e); err != nil {
				return s, err
			}
		}
		return s, nil
	}
	for _, erased := range [][]int{observed[:3], observed[len(observed)/2:], observed} {
		s, err := without(true, erased...)
		if err != nil {
			t.Errorf("%d entries were erased: %v", len(erased), err)
		} else if s.Skipped() == 0 || len(s.Unwarranted()) != len(erased) {
			t.Errorf("%d entries were erased: %d digests passed over, %v without warrant", len(erased), s.Skipped(), s.Unwarranted())
		}
	}
	if _, err := without(false, observed...); err == nil {
		t.Error("observations are missing without an erasure, and the record is sound")
	}
}
