// SPDX-License-Identifier: Apache-2.0

package durabletest

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/trucewatch/trucewatch/internal/durable"
)

// TestRenamedDirectoryIsWhole: after a power cut a directory that was renamed has
// its old name or its new one, with all in it that was synced; once the names
// above it are synced it has the new one.
func TestRenamedDirectoryIsWhole(t *testing.T) {
	made := New("/d")
	for _, name := range []string{"/d/new/a", "/d/new/sub/b"} {
		if err := durable.WriteFile(made, name, []byte(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := made.Rename("/d/new", "/d/whole"); err != nil {
		t.Fatal(err)
	}
	old, renamed := []string{"/d/new/a", "/d/new/sub/b"}, []string{"/d/whole/a", "/d/whole/sub/b"}
	seen := map[string]int{}
	for seed := range uint64(64) {
		disk := made.Clone()
		disk.CutPower(rand.New(rand.NewPCG(seed, 1)))
		switch got := disk.Files(); {
		case slices.Equal(got, old):
			seen["old"]++
		case slices.Equal(got, renamed):
			seen["new"]++
		default:
			t.Fatalf("power cut %d leaves %v", seed, got)
		}
	}
	if seen["old"] == 0 || seen["new"] == 0 {
		t.Errorf("of 64 power cuts: %v", seen)
	}
	lost := made.Clone()
	if lost.Crash(Lost); !slices.Equal(lost.Files(), old) {
		t.Errorf("without a sync there is %v", lost.Files())
	}
	if err := made.SyncDir("/d"); err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(16) {
		disk := made.Clone()
		disk.CutPower(rand.New(rand.NewPCG(seed, 1)))
		if got := disk.Files(); !slices.Equal(got, renamed) {
			t.Fatalf("synced, power cut %d leaves %v", seed, got)
		}
	}
}
