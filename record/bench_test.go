// SPDX-License-Identifier: Apache-2.0

package record

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
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
