// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"errors"
	"testing"

	"github.com/trucewatch/trucewatch"
)

// TestFailedWriteMustBeReopened: what was folded before a sync that failed may
// never be in the record, so the mission goes on only from what the record has.
func TestFailedWriteMustBeReopened(t *testing.T) {
	m := live(t)
	before := m.State().Digest()
	err := m.Write(func(w *Writer) error {
		if err := w.Tick(w.Stamp() + 2*trucewatch.Day); err != nil {
			return err
		}
		return w.log.Close() // the sync that follows fails
	})
	if err == nil {
		t.Fatal("a write to a closed log succeeded")
	}
	if m.State().Digest() == before {
		t.Fatal("nothing was folded: the test tests nothing")
	}
	if _, err := m.CatchUp(); !errors.Is(err, ErrAhead) {
		t.Errorf("catching up after a failed write: %v, want ErrAhead", err)
	}
	if err := m.Write(func(*Writer) error { return nil }); !errors.Is(err, ErrAhead) {
		t.Errorf("writing after a failed write: %v, want ErrAhead", err)
	}
	again, err := Open(m.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if again.State().Digest() != before {
		t.Error("the record holds what was never acknowledged")
	}
	if err := again.Write(func(w *Writer) error { return w.Tick(w.Stamp() + 2*trucewatch.Day) }); err != nil {
		t.Errorf("the opened mission does not take a write: %v", err)
	}
}
