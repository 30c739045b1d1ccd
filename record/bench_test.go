// SPDX-License-Identifier: Apache-2.0

package record

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const benchEntrySize = 520 // bytes: a signed observation, see the record's format

func benchEntries(n int) [][]byte {
	random := rand.NewChaCha8([32]byte{})
	entries := make([][]byte, n)
	for i := range entries {
		entries[i] = make([]byte, benchEntrySize)
		random.Read(entries[i]) // It never fails.
	}
	return entries
}

func benchLog(b *testing.B, entries int) (dir string, l *Log) {
	b.Helper()
	dir = b.TempDir()
	signer, _ := testKey(b)
	l, err := Create(dir, testOrigin, signer)
	if err == nil && entries > 0 {
		_, err = l.Append(benchEntries(entries)...)
	}
	if err == nil {
		_, err = l.Sign()
	}
	if err != nil {
		b.Fatal(err)
	}
	return dir, l
}

// BenchmarkAppend is one caller that appends batches, each durable.
func BenchmarkAppend(b *testing.B) {
	for _, batch := range []int{1, 256} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) {
			_, l := benchLog(b, 0)
			defer l.Close()
			entries := benchEntries(batch)
			for b.Loop() {
				if _, err := l.Append(entries...); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}

// BenchmarkAppend_callers is 256 callers at once with one entry each.
func BenchmarkAppend_callers(b *testing.B) {
	_, l := benchLog(b, 0)
	defer l.Close()
	entries := benchEntries(256)
	for b.Loop() {
		var wg sync.WaitGroup
		for _, entry := range entries {
			wg.Go(func() {
				if _, err := l.Append(entry); err != nil {
					b.Error(err)
				}
			})
		}
		wg.Wait()
	}
	b.ReportMetric(float64(b.N*len(entries))/b.Elapsed().Seconds(), "entries/s")
}

// BenchmarkSign is one entry and its checkpoint.
func BenchmarkSign(b *testing.B) {
	_, l := benchLog(b, 0)
	defer l.Close()
	for b.Loop() {
		if _, err := l.Append([]byte("entry")); err != nil {
			b.Fatal(err)
		}
		if _, err := l.Sign(); err != nil {
			b.Fatal(err)
		}
	}
}

// benchSizes: the end of a segment is where opening takes longest.
var benchSizes = []int{10_000, 65_535, 200_000}

func BenchmarkOpen(b *testing.B) {
	for _, size := range benchSizes {
		b.Run(fmt.Sprintf("entries=%d", size), func(b *testing.B) {
			dir, l := benchLog(b, size)
			signer, verifier := testKey(b)
			for b.Loop() {
				if err := l.Close(); err != nil {
					b.Fatal(err)
				}
				var err error
				if l, err = Open(dir, verifier, signer); err != nil {
					b.Fatal(err)
				}
			}
			l.Close()
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	const size = 200_000
	dir, l := benchLog(b, size)
	l.Close()
	_, verifier := testKey(b)
	for b.Loop() {
		if _, err := Verify(dir, verifier); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "entries/s")
}

// BenchmarkEntries reads a log, each entry held against the tree.
func BenchmarkEntries(b *testing.B) {
	const size = 200_000
	_, l := benchLog(b, size)
	defer l.Close()
	for b.Loop() {
		if n := len(readAll(b, l.Entries(0, size))); n != size {
			b.Fatal(n)
		}
	}
	b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "entries/s")
}

// BenchmarkAppend_workers is 256 callers who append without a pause, entries of
// 256 bytes to 2 KiB.
func BenchmarkAppend_workers(b *testing.B) {
	const workers = 256
	_, l := benchLog(b, 0)
	defer l.Close()
	entries := mixedEntries(4096)
	var next atomic.Int64
	b.ResetTimer()
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				if _, err := l.Append(entries[i%4096]); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

// BenchmarkAcknowledge is 1,000 entries a second, of 256 bytes to 2 KiB, that come
// whether or not those before were acknowledged, and a checkpoint every second;
// b.N is the number of entries. It tells how long they waited.
func BenchmarkAcknowledge(b *testing.B) {
	const every = time.Millisecond
	_, l := benchLog(b, 0)
	defer l.Close()
	entries := mixedEntries(4096)
	waited := make([]time.Duration, b.N)
	var wg sync.WaitGroup
	b.ResetTimer()
	begin := time.Now()
	for i := range b.N {
		due := begin.Add(time.Duration(i) * every)
		time.Sleep(time.Until(due))
		wg.Go(func() {
			_, err := l.Append(entries[i%4096])
			waited[i] = time.Since(due)
			if err == nil && i%1000 == 999 {
				_, err = l.Sign()
			}
			if err != nil {
				b.Error(err)
			}
		})
	}
	wg.Wait()
	slices.Sort(waited)
	for _, per := range []int{50, 99} {
		b.ReportMetric(waited[len(waited)*per/100].Seconds()*1000, fmt.Sprintf("p%d-ms", per))
	}
}

// BenchmarkProve is one inclusion proof in a log of 200,000 entries.
func BenchmarkProve(b *testing.B) {
	const size = 200_000
	_, l := benchLog(b, size)
	defer l.Close()
	random := rand.New(rand.NewPCG(1, 2))
	for b.Loop() {
		if _, err := l.ProveInclusion(random.Uint64N(size), size); err != nil {
			b.Fatal(err)
		}
	}
}
