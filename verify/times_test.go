// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/trucewatch/trucewatch/witness"
)

// TestFirstFinalCheckpointCovers holds covers to a search from each place on.
func TestFirstFinalCheckpointCovers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tiers := rapid.SliceOfN(rapid.SampledFrom([]witness.Tier{0, witness.Integrated, witness.Provisional, witness.Final}), 0, 12).Draw(t, "tiers")
		var all []bound
		for _, tier := range tiers {
			all = append(all, bound{tier: tier})
		}
		got := covers(all)
		for from := range len(all) + 1 {
			want := -1
			for i := from; i < len(all); i++ {
				if all[i].tier == witness.Final {
					want = i
					break
				}
				if want < 0 && all[i].tier == witness.Provisional {
					want = i
				}
			}
			if got[from] != want {
				t.Fatalf("%v: from %d on it is %d, want %d", tiers, from, got[from], want)
			}
		}
	})
}
