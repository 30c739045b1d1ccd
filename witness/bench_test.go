// SPDX-License-Identifier: Apache-2.0

package witness

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/trucewatch/trucewatch/internal/durable"
)

// BenchmarkGather gathers the cosignatures of two parties and four guarantors
// over loopback, each of which syncs its state to the disk first. It reports the
// time until all have signed, and until three guarantors have.
func BenchmarkGather(b *testing.B) {
	for _, tier := range []Tier{Provisional, Final} {
		b.Run(tier.String(), func(b *testing.B) {
			log := newTestLog(b, "log.example/north").grow(1000, "entry")
			var members []Member
			for i, name := range []string{"party-a", "party-b", "g-1", "g-2", "g-3", "g-4"} {
				w := newWitness(b, name+".example/witness", log, durable.OS{}, b.TempDir())
				m := Member{Name: name, Witness: w.key.VerifierKey(), Address: w.http.URL}
				if i < 2 {
					m.Party = name
				}
				members = append(members, m)
			}
			policy, err := NewPolicy(log.vkey, members, 3)
			if err != nil {
				b.Fatal(err)
			}
			g := NewGatherer(policy, log.prove, nil)
			defer g.Close()
			if _, _, err := g.Gather(b.Context(), log.signed(), Final); err != nil {
				b.Fatal(err)
			}
			var took []time.Duration
			for b.Loop() {
				b.StopTimer()
				log.grow(10, "entry")
				signed := log.signed()
				b.StartTimer()
				began := time.Now()
				if _, _, err := g.Gather(b.Context(), signed, tier); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			for _, p := range []int{50, 99} {
				b.ReportMetric(float64(took[len(took)*p/100].Microseconds())/1000, fmt.Sprintf("ms-p%d", p))
			}
		})
	}
}
