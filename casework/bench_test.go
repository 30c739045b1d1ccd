// SPDX-License-Identifier: Apache-2.0

package casework

import (
	"testing"

	"github.com/trucewatch/trucewatch"
)

// BenchmarkCases opens 100,000 cases, serves them, and lets all of their clocks
// run out on ticks an hour apart: 100,000 cases, 800,000 clocks.
func BenchmarkCases(b *testing.B) {
	const cases = 100_000
	for b.Loop() {
		d := NewDesk(nil)
		d.Adopt(commission())
		now := t0
		for i := range uint64(cases) {
			now += 10 * trucewatch.Second
			f := finding("K2", i*7919%1_000_003, trucewatch.Violation, 3, "preliminary")
			f.Act, f.When.From = "K2", now
			d.Findings([]*trucewatch.Finding{f}, now, i)
			if _, err := d.Serve(trucewatch.CaseID("case/"+f.Subject.Incident.String()), now, i); err != nil {
				b.Fatal(err)
			}
			d.Tick(now, i)
		}
		missed := 0
		for d.NextDue() != 0 {
			now += trucewatch.Hour
			_, m := d.Tick(now, cases)
			missed += len(m)
		}
		b.ReportMetric(float64(missed), "missed")
	}
}
