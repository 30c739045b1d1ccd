// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// A planted bug that applies no more tests nothing, and the whole hunt for it
// takes minutes; this takes a second.
func TestEveryMutantAppliesToTheProgram(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("skipped: no git")
	}
	patches, err := filepath.Glob("testdata/mutants/*.patch")
	if err != nil || len(patches) == 0 {
		t.Fatalf("no mutants: %v", err)
	}
	for _, patch := range patches {
		path, err := filepath.Abs(patch)
		if err != nil {
			t.Fatal(err)
		}
		apply := exec.Command("git", "apply", "--check", "--unidiff-zero", path)
		apply.Dir = ".."
		if out, err := apply.CombinedOutput(); err != nil {
			t.Errorf("%s: write it anew: %s", filepath.Base(patch), out)
		}
	}
}
