// SPDX-License-Identifier: Apache-2.0

package strangers

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"

	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/witness"
)

const (
	benchCallers = 256
	// benchEntries are appended in each run: a whole segment of our write-ahead
	// log and a bit more, so that what the next segment costs is in the figure.
	benchEntries = 65536 + 1024
	// benchBatch is Tessera's own default for the most entries it takes at once.
	benchBatch = 256
)

// BenchmarkAppend_beside_Tessera lets 256 callers append the same entries to a
// log of ours and to one of Tessera's on files, in turn, each entry durable
// before its caller goes on. One operation is one pair of runs; which comes
// first alternates. It reports the medians and the median ratio of a pair; and,
// as the bound of ours, how fast the disk alone takes the same bytes.
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
	runs := []func(*testing.B, [][]byte, [][]byte) float64{appendOurs, appendTessera, writeBare}
	var rates [3][]float64 // entries a second
	var ratios []float64
	for b.Loop() {
		var pair [3]float64
		first := len(ratios) % 2
		for _, which := range []int{first, 1 - first, 2} {
			pair[which] = runs[which](b, before, all)
			rates[which] = append(rates[which], pair[which])
		}
		ratios = append(ratios, pair[0]/pair[1])
		b.Logf("pair %d: ours %6.0f/s, Tessera %6.0f/s, ratio %.1f; the disk alone %6.0f/s",
			len(ratios), pair[0], pair[1], pair[0]/pair[1], pair[2])
	}
	b.ReportMetric(0, "ns/op") // says nothing here
	b.ReportMetric(median(rates[0]), "ours/s")
	b.ReportMetric(median(rates[1]), "tessera/s")
	b.ReportMetric(median(rates[2]), "disk/s")
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

// writeBare is the rate at which the disk takes what a log of ours writes for all,
// with nothing else to do: each batch behind the last and synced, and the hashes of
// a full segment.
func writeBare(b *testing.B, _, all [][]byte) float64 {
	const full = 65536 // entries
	disk, dir := durable.OS{}, b.TempDir()
	segment, err := disk.Create(filepath.Join(dir, "segment"))
	if err != nil {
		b.Fatal(err)
	}
	defer segment.Close()
	end := int64(0)
	began := time.Now()
	for batch := range slices.Chunk(all, benchBatch) {
		data := slices.Concat(batch...)
		_, errWrite := segment.WriteAt(data, end)
		if err := errors.Join(errWrite, segment.Sync()); err != nil {
			b.Fatal(err)
		}
		end += int64(len(data))
	}
	for range len(all) / full {
		if err := durable.WriteFile(disk, filepath.Join(dir, "hashes"), make([]byte, full/256*40)); err != nil {
			b.Fatal(err)
		}
	}
	return float64(len(all)) / time.Since(began).Seconds()
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

// arrivals is how many entries a second come, whether or not the last ones are
// done.
const arrivals = 1000

// BenchmarkAcknowledge is how long a source waits until its entry is durable, in
// a log that signs a checkpoint each second. An operation is one second of that.
//
//	go test -run '^$' -bench Acknowledge -benchtime 10x
func BenchmarkAcknowledge(b *testing.B) {
	log := createLog(b)
	var durable waits
	arrive(b, log, func(_ uint64, due time.Time) { durable.add(due) }, func() {
		if _, err := log.Sign(); err != nil {
			b.Error(err)
		}
	})
	durable.report(b, "")
}

// BenchmarkCosign is how long it takes from the arrival of an entry until it is
// durable, and until both parties and two of three guarantors have cosigned it,
// if the log signs as often as they can: all witnesses are ours and store what
// they sign, or two of the five are strangers'.
//
//	go test -run '^$' -bench Cosign -benchtime 10x
func BenchmarkCosign(b *testing.B) {
	b.Run("ours", func(b *testing.B) {
		log := createLog(b)
		var cosigners []cosigner
		for _, name := range organisations {
			cosigners = append(cosigners, startOurs(b, name+".example/witness", log.key))
		}
		cosign(b, log, cosigners)
	})
	b.Run("mixed", func(b *testing.B) {
		log := createLog(b)
		cosign(b, log, mixed(b, log.key))
	})
}

func cosign(b *testing.B, log *ourLog, cosigners []cosigner) {
	g := witness.NewGatherer(newPanel(b, log.key, cosigners).ours, log.ProveConsistency, nil)
	defer g.Close()
	var mu sync.Mutex
	pending := map[uint64]time.Time{} // when the entry of an index was due; guarded by mu
	var durable, final waits
	publish := func() {
		checkpoint, err := log.Sign()
		if err != nil {
			b.Error(err)
			return
		}
		signed, _, err := g.Gather(b.Context(), checkpoint.Note, witness.Final)
		if err != nil {
			b.Error(err)
			return
		}
		if _, err := log.Merge(signed); err != nil {
			b.Error(err)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		for index, due := range pending {
			if index < checkpoint.Size {
				final.add(due)
				delete(pending, index)
			}
		}
	}
	checkpoints := 0
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for last := false; !last; checkpoints++ {
			select {
			case <-over:
				last = true // One more, with the last entries.
			default:
			}
			publish()
		}
	}()
	arrive(b, log, func(index uint64, due time.Time) {
		durable.add(due)
		mu.Lock()
		defer mu.Unlock()
		pending[index] = due
	}, nil)
	close(over)
	<-done
	durable.report(b, "durable-")
	final.report(b, "final-")
	b.ReportMetric(float64(checkpoints)/b.Elapsed().Seconds(), "checkpoints/s")
}

// arrive has entries come for as many seconds as the benchmark asks for. done is
// told of each one that is durable; second, if it is not nil, is called after
// each second.
func arrive(b *testing.B, log *ourLog, done func(index uint64, due time.Time), second func()) {
	all := entries(arrivals, 0)
	var wg sync.WaitGroup
	next := time.Now()
	for b.Loop() {
		for _, entry := range all {
			next = next.Add(time.Second / arrivals)
			time.Sleep(time.Until(next))
			due := next // A late sender is a wait too.
			wg.Go(func() {
				index, err := log.Append(entry)
				if err != nil {
					b.Error(err)
					return
				}
				done(index, due)
			})
		}
		if second != nil {
			wg.Go(second)
		}
	}
	wg.Wait()
}

// waits are how long entries waited. Its methods may be called at once.
type waits struct {
	mu  sync.Mutex
	all []time.Duration // guarded by mu
}

// add adds a wait that ends now.
func (w *waits) add(since time.Time) {
	wait := time.Since(since)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, wait)
}

// report reports quantiles in milliseconds.
func (w *waits) report(b *testing.B, prefix string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.all) == 0 {
		b.Fatalf("nothing became %s", prefix)
	}
	slices.Sort(w.all)
	b.ReportMetric(0, "ns/op") // says nothing here
	for _, share := range []int{50, 99} {
		b.ReportMetric(milliseconds(w.all[len(w.all)*share/100]), fmt.Sprintf("%sp%d-ms", prefix, share))
	}
	b.ReportMetric(milliseconds(w.all[len(w.all)-1]), prefix+"max-ms")
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }

// median is the middle of values, or the mean of the two middle ones.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
