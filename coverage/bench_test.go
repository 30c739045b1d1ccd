// SPDX-License-Identifier: Apache-2.0

package coverage

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// BenchmarkYear folds a year of 200 sources along a line of 1,250 km that report
// every hour: 120 posts that see by day, 60 arrays that hear always, 20 patrols
// that are somewhere else each day. Then it asks for every week of the whole line
// and for every day of a disengagement area.
func BenchmarkYear(b *testing.B) {
	var points []geo.Position
	for i := range 26 {
		points = append(points, geo.Direct(middle, 0, int64(i)*50_000_000))
	}
	line, err := geo.NewLine(points, 100_000)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		m := New()
		watches := 0
		for h := range int64(365 * 24) {
			for s := range int64(200) {
				at := geo.Direct(middle, 0, s*6_250_000)
				w := watch(at, 5_000, h, h+1, "watching", "", 800_000)
				switch {
				case s < 120 && (h%24 < 6 || h%24 >= 18):
					w = watch(at, 5_000, h, h+1, "out", "night", 0)
				case s >= 120 && s < 180:
					w.Where.Region = geo.Circle(at, 15_000_000)
				case s >= 180:
					w.Where.Region = geo.Circle(geo.Direct(at, int32(h/24*37_000%360_000), 4_000_000), 6_000_000)
				}
				r := &trucewatch.CoverageReport{Source: trucewatch.Source{ID: trucewatch.SourceID(fmt.Sprintf("s-%03d", s))}, Watches: []trucewatch.Watch{w}}
				if _, err := m.Report(r, w.When.Till, uint64(watches)); err != nil {
					b.Fatal(err)
				}
				watches++
			}
		}
		stretches := 0
		for _, s := range m.sources {
			stretches += len(s.stretches)
		}
		b.ReportMetric(float64(watches), "watches")
		b.ReportMetric(float64(stretches), "stretches")
		b.ReportMetric(float64(len(m.fields)), "fields")
		b.StopTimer()
		var mem runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&mem)
		b.ReportMetric(float64(mem.HeapAlloc)/1e6, "MB")
		b.StartTimer()
		band, err := NewArea("line", geo.NewBand(line, geo.OnLine, 0, 15_000_000))
		if err != nil {
			b.Fatal(err)
		}
		lines := m.Statement([]*Area{band}, hours(0, 365*24), nil)
		pilot := disk(b, geo.Direct(middle, 0, 100_000_000), 2_000)
		for d := range int64(365) {
			m.Seen(pilot, hours(d*24, d*24+24), nil)
		}
		b.ReportMetric(float64(band.Cells()), "cells")
		b.ReportMetric(float64(lines[1].Seen.Observed), "observed-ppm")
	}
}
