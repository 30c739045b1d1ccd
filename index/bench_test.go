// SPDX-License-Identifier: Apache-2.0

package index

import (
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

var rows = flag.Int("rows", 20_000, "incidents of a benchmark; the largest real mission has 634,749")

// BenchmarkBuild fills an index; BenchmarkPlainTable puts the same bytes into a
// table of SQLite without an index of any kind. The ratio is what the index
// costs.
func BenchmarkBuild(b *testing.B) {
	for b.Loop() {
		x := open(b, filepath.Join(b.TempDir(), "x.db"), trucewatch.ForMission)
		fill(b, x, *rows)
	}
	b.ReportMetric(float64(b.N)*float64(*rows)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkPlainTable(b *testing.B) {
	var bodies [][]byte
	for i := range *rows {
		bodies = append(bodies, seal(storedIncident{View: *invented(uint64(i), 0, i)}))
	}
	b.ResetTimer()
	for b.Loop() {
		db, err := connect(filepath.Join(b.TempDir(), "x.db"), "rwc", 1, "journal_mode(OFF)", "synchronous(OFF)")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := db.Exec("CREATE TABLE plain (row INTEGER PRIMARY KEY, body BLOB)"); err != nil {
			b.Fatal(err)
		}
		tx, err := db.Begin()
		if err != nil {
			b.Fatal(err)
		}
		put, err := tx.Prepare("INSERT INTO plain VALUES (?, ?)")
		if err != nil {
			b.Fatal(err)
		}
		for i, body := range bodies {
			if _, err := put.Exec(i, body); err != nil {
				b.Fatal(err)
			}
		}
		if err := tx.Commit(); err != nil {
			b.Fatal(err)
		}
		db.Close()
	}
	b.ReportMetric(float64(b.N)*float64(*rows)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkQuery asks one full index as pages and maps do.
func BenchmarkQuery(b *testing.B) {
	path := filepath.Join(b.TempDir(), "x.db")
	fill(b, open(b, path, trucewatch.ForMission), *rows)
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			x, err := OpenReadOnly(path, trucewatch.ForMission)
			if err != nil {
				b.Fatal(err)
			}
			if _, _, err := x.Incidents(trucewatch.Query{Limit: 1}); err != nil {
				b.Fatal(err)
			}
			x.Close()
		}
	})
	x := open(b, path, trucewatch.ForMission)
	small := &trucewatch.Box{Min: geo.Position{LatE7: 480100000, LonE7: 370100000}, Max: geo.Position{LatE7: 480400000, LonE7: 370500000}}
	for _, tt := range []struct {
		name   string
		q      trucewatch.Query
		shapes int
	}{
		{"map of all", trucewatch.Query{}, 2000},
		{"map of a day", trucewatch.Query{From: epoch, Till: epoch + trucewatch.Day}, 2000},
		{"map of a small box", trucewatch.Query{Box: small}, 2000},
		{"map of two kinds", trucewatch.Query{Kinds: trucewatch.Kinds()[:2]}, 2000},
		{"2000 shapes", trucewatch.Query{Box: small, Kinds: trucewatch.Kinds()[:10]}, 10_000},
	} {
		b.Run(tt.name, func(b *testing.B) {
			var took []time.Duration
			shown := 0
			for b.Loop() {
				start := time.Now()
				layer, err := x.Map(tt.q, tt.shapes)
				if err != nil {
					b.Fatal(err)
				}
				took, shown = append(took, time.Since(start)), len(layer.Shapes)+len(layer.Cells)
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
			b.ReportMetric(float64(shown), "drawn")
		})
	}
	for _, offset := range []int{0, *rows / 2} {
		b.Run(fmt.Sprintf("page at %d", offset), func(b *testing.B) {
			for b.Loop() {
				if _, _, err := x.Incidents(trucewatch.Query{Offset: offset}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("text", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := x.Incidents(trucewatch.Query{Text: "luky"}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
