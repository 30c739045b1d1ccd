// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
)

// TestPartyIsNoWitness: what a party says its cameras recorded is its word. Taken
// for the mission's own, two such rows would confirm a violation by two means.
func TestPartyIsNoWitness(t *testing.T) {
	m := live(t)
	now := at(t, began) + trucewatch.Hour
	for _, kind := range []trucewatch.SourceKind{trucewatch.PartySource, trucewatch.PersonSource, trucewatch.PressSource} {
		for means, recorded := range map[string]int64{"heard": 0, "recorded_camera": 0, "uav_mini": 0, "physical_trace": 0, "party_report": 1} {
			var result ImportResult
			name := file(t, string(kind)+means, strings.Replace(row(1, now-trucewatch.Hour), "heard", means, 1))
			err := m.Write(func(w *Writer) (err error) {
				w.Stamp = func() trucewatch.Instant { return now }
				im := nativeImport(t, name, string(kind))
				im.Options.Source.Kind = kind
				result, err = w.Import(im)
				return err
			})
			if err != nil || int64(result.Recorded) != recorded {
				t.Errorf("%s by %s: recorded %d, want %d (%v)", kind, means, result.Recorded, recorded, err)
			}
		}
	}
	mustBeSound(t, m.dir)
}
