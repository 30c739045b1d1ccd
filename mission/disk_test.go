// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"testing"
	"testing/fstest"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/internal/durable/durabletest"
)

// TestAMissionLivesOnAnyDisk: set up, written to and opened again on a disk in
// memory, plain and sealed, it touches no file of the machine.
func TestAMissionLivesOnAnyDisk(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, slot := range []int64{0, 10} {
		disk := durabletest.New("/")
		spec := &Spec{ID: "fake", Title: "Fake", Mode: trucewatch.Exercise, Simulated: true, DisplayZone: "UTC", CutOff: "19:30", SlotS: slot}
		if err := CheckSpec(spec); err != nil {
			t.Fatal(err)
		}
		now := trucewatch.Instant(1_775_000_000) * trucewatch.Second
		if err := CreateIn(Surroundings{Disk: disk}, "/m", spec, fstest.MapFS{}, now); err != nil {
			t.Fatal(err)
		}
		m, err := OpenIn(Surroundings{Disk: disk}, "/m", nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Write(func(w *Writer) error {
			w.Stamp = func() trucewatch.Instant { return now + trucewatch.Hour }
			return w.Append(trucewatch.Payload{Tick: &trucewatch.Tick{At: now + trucewatch.Hour}}, now+trucewatch.Hour)
		}); err != nil {
			t.Fatal(err)
		}
		again, err := OpenIn(Surroundings{Disk: disk}, "/m", nil)
		if err != nil || again.State().Digest() != m.State().Digest() || again.State().Next() < 3 {
			t.Errorf("slot %d: %v, %d entries", slot, err, again.State().Next())
		}
	}
}
