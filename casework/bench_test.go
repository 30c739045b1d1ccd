// SPDX-License-Identifier: Apache-2.0

package casework

import (
	"fmt"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// BenchmarkCases opens cases, serves them, and lets all of their clocks run out.
// The time for each case must not grow with their number.
func BenchmarkCases(b *testing.B) {
	for _, cases := range []uint64{10_000, 100_000} {
		b.Run(fmt.Sprint(cases), func(b *testing.B) {
			for b.Loop() {
				lead(b, cases)
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(uint64(b.N)*cases), "µs/case")
		})
	}
}

func lead(b *testing.B, cases uint64) {
	d := NewDesk(nil)
	d.Adopt(commission())
	now := t0
	for i := range cases {
		now += 10 * trucewatch.Second
		f := finding("K2", i*7919%1_000_003, trucewatch.Violation, 3, "preliminary") // in no order of IDs
		f.Act, f.When.From = "K2", now
		d.Findings([]*trucewatch.Finding{f}, now, i)
		if _, err := d.Serve(trucewatch.CaseID("case/"+f.Subject.Incident.String()), now, i); err != nil {
			b.Fatal(err)
		}
		d.Tick(now, i)
	}
	for d.NextDue() != 0 {
		now += trucewatch.Hour
		d.Tick(now, cases)
	}
}

// BenchmarkCalls takes 8,000 calls of 30 hours about places all along a line, as on
// the worst day on record.
//
// Source: 7,800 claims in 30 hours, Easter 2025.
func BenchmarkCalls(b *testing.B) {
	const calls = 8_000
	for b.Loop() {
		d := NewDesk(nil)
		d.Adopt(commission())
		for i := range uint64(calls) {
			now := t0 + trucewatch.Instant(i)*30*trucewatch.Hour/calls
			a := &trucewatch.Activation{ID: fmt.Sprint(i), At: now, Act: "K2", Alleges: "fire"}
			a.Where.Region = geo.Circle(geo.Position{LatE7: -400_000_000 + int32(i*7919%1000)*100_000, LonE7: -1200_000_000}, 500_000)
			if _, err := d.Activate(a, now, i); err != nil {
				b.Fatal(err)
			}
		}
	}
}
