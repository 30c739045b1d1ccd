// SPDX-License-Identifier: Apache-2.0

package replay_test

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/replay"
)

// busyYear returns a state of a year in which events happened along the line, each
// told by four sources of different means, and n observations in all.
func busyYear(b *testing.B, d day, n int) *replay.State {
	b.Helper()
	head, _, _ := d.opening(b)
	s := begin(b, d, head)
	random := rand.New(rand.NewPCG(1, 2))
	line := s.Agreements()[0].Lines[0].Points
	kinds := []trucewatch.Kind{trucewatch.Explosion, trucewatch.Burst, trucewatch.UAVSighted, trucewatch.WeaponSeen, trucewatch.Explosion, trucewatch.Explosion}
	means := []trucewatch.Means{trucewatch.Heard, trucewatch.Acoustic, trucewatch.RecordedCamera, trucewatch.Saw}
	start := head[len(head)-1].Received
	var rows [4][]trucewatch.Observation
	for i := 0; i < n/4; i++ {
		at := start + trucewatch.Instant(int64(i)*int64(365*trucewatch.Day)/int64(n/4))
		p := line[random.IntN(len(line))]
		where := geo.Circle(geo.Direct(p, int32(random.IntN(360_000)), int64(random.IntN(20_000_000))), 150_000)
		kind := kinds[random.IntN(len(kinds))]
		for j := range rows {
			var seed [16]byte
			binary.BigEndian.PutUint64(seed[:], uint64(i*4+j))
			o := trucewatch.Observation{Key: sha256.Sum256(seed[:]), Kind: kind, Means: means[j], Count: trucewatch.Count{Value: 1, Qualifier: trucewatch.Exact},
				When: trucewatch.Interval{From: at, Till: at + trucewatch.Minute}, Where: trucewatch.Place{Region: where}}
			if kind == trucewatch.WeaponSeen {
				o.Weapon = &trucewatch.Weapon{Platform: trucewatch.Tank}
			}
			rows[j] = append(rows[j], o)
		}
		if len(rows[0]) < 32 && i+1 < n/4 {
			continue
		}
		for j := range rows {
			src := trucewatch.Source{ID: trucewatch.SourceID("s-" + strconv.Itoa(j)), Kind: trucewatch.SensorSource}
			if _, err := s.Apply(batch(s.Next(), max(at+trucewatch.Hour, s.Now()), src, rows[j]...)); err != nil {
				b.Fatal(err)
			}
			rows[j] = nil
		}
	}
	return s
}

// BenchmarkWhatIf judges a busy year under other terms: 400,000 observations, or
// TRUCEWATCH_BENCH_ENTRIES of them. One operation is one what-if.
//
//	go test ./replay -run xxx -bench WhatIf -benchtime 1x
func BenchmarkWhatIf(b *testing.B) {
	n := 400_000
	if text := os.Getenv("TRUCEWATCH_BENCH_ENTRIES"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	d := theDay(b)
	began := time.Now()
	s := busyYear(b, d, n)
	folded := time.Since(began)
	for b.Loop() {
		w := s.WhatIf(s.Agreements()[0], atOnce)
		b.ReportMetric(float64(w.Incidents), "incidents")
		b.ReportMetric(float64(w.Same), "findings")
		b.ReportMetric(float64(len(w.Shifts)), "shifts")
	}
	b.ReportMetric(folded.Seconds(), "fold-s")
}
