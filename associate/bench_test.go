// SPDX-License-Identifier: Apache-2.0

package associate_test

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	tw "github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate"
	"github.com/trucewatch/trucewatch/geo"
)

// burningRows reads the load archive: one satellite's day-long rows of six
// years, in entries of 64 rows.
func burningRows(tb testing.TB) [][]*tw.Recorded {
	files, _ := filepath.Glob("../../shared/data/load/firms_*.csv.gz")
	if len(files) == 0 {
		tb.Skip("skipped: no shared data")
	}
	source := &tw.Source{ID: "satellite", Kind: tw.SatelliteSource}
	var entries [][]*tw.Recorded
	var batch []*tw.Recorded
	index, n := uint64(1), 0
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			tb.Fatal(err)
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			tb.Fatal(err)
		}
		lines := bufio.NewScanner(z)
		lines.Scan() // header
		for lines.Scan() {
			row := strings.Split(lines.Text(), ",")
			day, err := time.Parse(time.DateOnly, row[2])
			if err != nil {
				tb.Fatal(err)
			}
			from := tw.InstantOf(day)
			n++
			o := &tw.Observation{Key: sha256.Sum256([]byte(strconv.Itoa(n))), Kind: tw.ThermalAnomaly, Means: tw.SatelliteThermal,
				Count: tw.Count{Value: 1, Qualifier: tw.Exact}, When: tw.Interval{From: from, Till: from + tw.Day},
				Where: tw.Place{Region: geo.Region{Kind: geo.Pixel, Center: geo.Position{LatE7: e7(tb, row[0]), LonE7: e7(tb, row[1])},
					SemiMajorMM: 375_000, SemiMinorMM: 375_000}}}
			batch = append(batch, &tw.Recorded{ID: tw.ObservationID{Index: index, Row: uint16(len(batch))}, Source: source, Observation: o})
			if len(batch) == 64 {
				entries, batch, index = append(entries, batch), nil, index+1
			}
		}
		f.Close()
	}
	return append(entries, batch)
}

func e7(tb testing.TB, degrees string) int32 {
	x, err := strconv.ParseFloat(degrees, 64)
	if err != nil {
		tb.Fatal(err)
	}
	return int32(x * geo.E7)
}

func BenchmarkBurningSeason(b *testing.B) {
	entries := burningRows(b)
	rows := 0
	for _, e := range entries {
		rows += len(e)
	}
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		a := associate.New()
		for _, e := range entries {
			a.Add(e[0].ID.Index, e)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(a.Len()), "B/incident")
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkTwoSatellites adds to a year of the archive a second satellite that
// sees the same fires 300 m off: nearly every row has a neighbour, and on dense
// days thousands hang together.
func BenchmarkTwoSatellites(b *testing.B) {
	var entries [][]*tw.Recorded
	second := &tw.Source{ID: "other-satellite", Kind: tw.SatelliteSource}
	rows := 0
	for _, e := range burningRows(b)[:90_000/64] {
		var twin []*tw.Recorded
		for _, r := range e {
			o := *r.Observation
			o.Key[0] ^= 1
			o.Where.Region.Center.LonE7 += 40_000
			twin = append(twin, &tw.Recorded{ID: tw.ObservationID{Index: 2*r.ID.Index + 1, Row: r.ID.Row}, Source: second, Observation: &o})
			r.ID.Index *= 2
		}
		entries = append(entries, e, twin)
		rows += len(e) + len(twin)
	}
	for b.Loop() {
		a := associate.New()
		for _, e := range entries {
			a.Add(e[0].ID.Index, e)
		}
		degraded := 0
		for in := range a.All() {
			if in.Degraded {
				degraded++
			}
		}
		b.ReportMetric(float64(a.Len()), "incidents")
		b.ReportMetric(float64(degraded), "degraded")
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
