// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
)

// crowd makes incidents along the line of the example agreement, in the mix of
// mission reports: 53 % bursts and shots, 30 % explosions, 16 % projectiles, and
// a few per cent of drones, weapons, restrictions and interference besides; most
// of them in annular sectors, as patrols write them. Source of the mix: a report
// of 41,274 signs (docs/glossary.md); Guess: the share of the rest.
func crowd(n int, start trucewatch.Instant) []Input {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]Input, n)
	for i := range out {
		at := geo.Position{LatE7: -467_000_000 + int32(r.IntN(14_000_000)), LonE7: -1_275_000_000 + int32(r.IntN(10_000_000))}
		region := geo.Circle(at, int64(100+r.IntN(2_000))*1000)
		if r.IntN(10) < 6 {
			from := int32(r.IntN(16)) * 22_500
			region = geo.Region{Kind: geo.Sector, Center: at, RMinMM: 2_000_000, RMaxMM: 4_000_000, Arcs: []geo.Arc{{FromMdeg: from, TillMdeg: (from + 22_500) % 360_000}}}
		}
		when := trucewatch.Interval{From: start + trucewatch.Instant(r.Int64N(int64(60*trucewatch.Day)))}
		when.Till = when.From + trucewatch.Instant(r.Int64N(int64(10*trucewatch.Minute)))
		in := &trucewatch.Incident{ID: trucewatch.IncidentID{Index: uint64(i + 1)}, When: when, Confidence: trucewatch.PPM(400_000 + r.IntN(600_000)), Origin: -1, State: "open",
			Estimates: []trucewatch.Estimate{{Role: "seen", Method: "made", Region: region, When: when}}}
		out[i] = Input{Incident: in, Index: uint64(n)}
		kind := sign(r)
		for k := range 1 + r.IntN(3) {
			out[i].Members = append(out[i].Members, &trucewatch.Recorded{ID: trucewatch.ObservationID{Index: uint64(i + 1), Row: uint16(k)},
				Observation: observed(r, kind, k, when), Source: &trucewatch.Source{ID: trucewatch.SourceID(fmt.Sprintf("s-%d", r.IntN(50)))}})
		}
	}
	return out
}

func sign(r *rand.Rand) trucewatch.Kind {
	switch n := r.IntN(100); {
	case n < 50:
		return trucewatch.Burst
	case n < 80:
		return trucewatch.Explosion
	case n < 94:
		return trucewatch.ProjectileInFlight
	case n < 96:
		return trucewatch.UAVSighted
	case n < 98:
		return trucewatch.WeaponSeen
	case n < 99:
		return trucewatch.RestrictionMet
	}
	return trucewatch.Jamming
}

func observed(r *rand.Rand, kind trucewatch.Kind, k int, when trucewatch.Interval) *trucewatch.Observation {
	means := []trucewatch.Means{trucewatch.Heard, trucewatch.RecordedCamera, trucewatch.Acoustic}[(k+r.IntN(2))%3]
	o := &trucewatch.Observation{Kind: kind, Means: means, When: when, Count: trucewatch.Count{Value: int64(1 + r.IntN(20)), Qualifier: trucewatch.Exact}}
	switch {
	case kind == trucewatch.RestrictionMet:
		o.Restriction = &trucewatch.Restriction{Type: "delay", Minutes: int64(r.IntN(120)), By: "A"}
	case kind == trucewatch.UAVSighted:
		o.Weapon = &trucewatch.Weapon{Platform: trucewatch.UAV, Role: "isr"}
	case kind == trucewatch.WeaponSeen || r.IntN(5) == 0:
		o.Weapon = &trucewatch.Weapon{Platform: trucewatch.Mortar, CalibreMM: 120}
	}
	return o
}

// cpu is the time that the process has computed, in seconds.
func cpu(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// BenchmarkHundredThousandIncidents judges 100,000 incidents against the full
// example agreement, on one core and on two, with 200 notifications in the record.
func BenchmarkHundredThousandIncidents(b *testing.B) {
	terms := Read([]*agreement.Agreement{bundle(b, "agreements/line-2026")}, nil)
	start := at(b, "2026-03-20T00:00:00Z")
	all := crowd(100_000, start)
	s := newScene(b, eastM(0), 10)
	for i := range int64(200) {
		s.input.Incident.When.From = start
		s.detonation(30, geo.Position{LatE7: -463_000_000 + int32(i)*10_000, LonE7: -1_268_000_000})
		n := s.input.Notices[i].Notification
		n.Window = trucewatch.Interval{From: start + trucewatch.Instant(i)*6*trucewatch.Hour, Till: start + trucewatch.Instant(i)*6*trucewatch.Hour + 2*trucewatch.Hour}
	}
	for i := range all {
		all[i].Terms, all[i].Notices = terms, s.input.Notices
	}
	for _, cores := range []int{1, 2} {
		b.Run(digits(cores), func(b *testing.B) {
			for b.Loop() {
				begun, used := time.Now(), cpu(b)
				var wait sync.WaitGroup
				for c := range cores {
					wait.Go(func() {
						for i := c; i < len(all); i += cores {
							Incident(all[i])
						}
					})
				}
				wait.Wait()
				b.ReportMetric(float64(len(all))/time.Since(begun).Seconds(), "incidents/s")
				b.ReportMetric(cpu(b)-used, "cpu-s")
			}
		})
	}
}
