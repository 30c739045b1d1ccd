// SPDX-License-Identifier: Apache-2.0

package strangers

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"

	"github.com/trucewatch/trucewatch/record"
)

const (
	benchCallers = 256
	// benchEntries are appended to a new log in each run.
	benchEntries = 64 * 256
	// benchBatch is Tessera's own default for the most entries it takes at once.
	benchBatch = 256
)

// BenchmarkAppend_beside_Tessera lets 256 callers append the same entries to a
// log of ours and to one of Tessera's on files, in turn, each entry durable
// before its caller goes on. One operation is one pair of runs; which comes
// first alternates. It reports the medians and the median ratio of a pair.
//
// A log whose groups end where tiles do is Tessera's best case: there are never
// more callers than its batch takes, so that no tile is written twice. Any other
// log begins off a border, as one does after its first odd group.
//
//	go test -run '^$' -bench beside_Tessera -benchtime 8x
func BenchmarkAppend_beside_Tessera(b *testing.B) {
	b.Run("off_border", func(b *testing.B) { beside(b, entries(benchBatch/2, 1)) })
	b.Run("at_border", func(b *testing.B) { beside(b, nil) })
}

// beside runs the pairs, with logs that have the entries of before.
func beside(b *testing.B, before [][]byte) {
	all := entries(benchEntries, 0)
	runs := []func(*testing.B, [][]byte, [][]byte) float64{appendOurs, appendTessera}
	var rates [2][]float64 // entries a second
	var ratios []float64
	for b.Loop() {
		var pair [2]float64
		first := len(ratios) % 2
		for _, which := range []int{first, 1 - first} {
			pair[which] = runs[which](b, before, all)
			rates[which] = append(rates[which], pair[which])
		}
		ratios = append(ratios, pair[0]/pair[1])
		b.Logf("pair %d: ours %6.0f/s, Tessera %6.0f/s, ratio %.1f", len(ratios), pair[0], pair[1], pair[0]/pair[1])
	}
	b.ReportMetric(0, "ns/op") // says nothing here
	b.ReportMetric(median(rates[0]), "ours/s")
	b.ReportMetric(median(rates[1]), "tessera/s")
	b.ReportMetric(median(ratios), "ratio")
	b.ReportMetric(slices.Min(ratios), "least-ratio")
}

// appendOurs is the rate at which a log of ours with the entries of before takes
// all, entries a second.
func appendOurs(b *testing.B, before, all [][]byte) float64 {
	log, err := record.Create(b.TempDir(), origin, logKey(b, origin, 1).signer)
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	add := func(entry []byte) error {
		_, err := log.Append(entry)
		return err
	}
	appendAll(b, before, add)
	rate := appendAll(b, all, add)
	if want := uint64(len(before) + len(all)); log.Size() != want {
		b.Fatalf("%d entries in our log, want %d", log.Size(), want)
	}
	return rate
}

// appendTessera is the same for Tessera. Its add returns when the entry is
// durable, and its driver for files has it in the tree by then, as ours has.
func appendTessera(b *testing.B, before, all [][]byte) float64 {
	ctx := b.Context()
	driver, err := posix.New(ctx, posix.Config{Path: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	options := tessera.NewAppendOptions().
		WithCheckpointSigner(logKey(b, origin, 1).signer).
		WithBatching(benchBatch, tessera.DefaultBatchMaxAge).
		WithCheckpointInterval(time.Second) // Its shutdown waits for one; its default is 10 s.
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, options)
	if err != nil {
		b.Fatal(err)
	}
	add := func(entry []byte) error {
		_, err := appender.Add(ctx, tessera.NewEntry(entry))()
		return err
	}
	appendAll(b, before, add)
	rate := appendAll(b, all, add)
	size, err := reader.IntegratedSize(ctx)
	if want := uint64(len(before) + len(all)); err != nil || size != want {
		b.Fatalf("%d entries in Tessera's log, %v, want %d", size, err, want)
	}
	if err := shutdown(context.WithoutCancel(ctx)); err != nil {
		b.Fatal(err)
	}
	return rate
}

// appendAll has the callers append all, and returns entries a second.
func appendAll(b *testing.B, all [][]byte, add func([]byte) error) float64 {
	var next atomic.Int64
	var wg sync.WaitGroup
	began := time.Now()
	for range benchCallers {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(all)); i = next.Add(1) - 1 {
				if err := add(all[i]); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return float64(len(all)) / time.Since(began).Seconds()
}

// BenchmarkAcknowledge is how long a source waits until its entry is durable, if
// 1,000 entries a second come whether or not the last ones are done, and a
// checkpoint is signed each second. An operation is one second of that.
//
//	go test -run '^$' -bench Acknowledge -benchtime 10x
func BenchmarkAcknowledge(b *testing.B) {
	const arrivals = 1000 // a second
	log, err := record.Create(b.TempDir(), origin, logKey(b, origin, 1).signer)
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	all := entries(arrivals, 0)
	var mu sync.Mutex
	var waits []time.Duration // guarded by mu
	var wg sync.WaitGroup
	due := time.Now()
	for b.Loop() {
		for _, entry := range all {
			due = due.Add(time.Second / arrivals)
			time.Sleep(time.Until(due))
			came := due
			wg.Go(func() {
				if _, err := log.Append(entry); err != nil {
					b.Error(err)
				}
				wait := time.Since(came) // from when it was due: a late sender is our delay too
				mu.Lock()
				defer mu.Unlock()
				waits = append(waits, wait)
			})
		}
		wg.Go(func() {
			if _, err := log.Sign(); err != nil {
				b.Error(err)
			}
		})
	}
	wg.Wait()
	slices.Sort(waits)
	b.ReportMetric(0, "ns/op") // says nothing here
	for _, share := range []int{50, 99} {
		wait := waits[min(len(waits)-1, len(waits)*share/100)]
		b.ReportMetric(wait.Seconds()*1000, fmt.Sprintf("p%d-ms", share))
	}
	b.ReportMetric(waits[len(waits)-1].Seconds()*1000, "max-ms")
}

// median is the middle of values, or the mean of the two middle ones.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
