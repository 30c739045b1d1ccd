// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"encoding/binary"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/trucewatch/trucewatch/record"
)

// opaqueLog is a log of entries of 256 bytes to 2 KiB, whose content only
// package record looks at.
func opaqueLog(b *testing.B, size int) (dir string) {
	b.Helper()
	signer, _, _ := logKey(b)
	dir = filepath.Join(b.TempDir(), "log")
	log, err := record.Create(dir, testOrigin, signer)
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	random := rand.New(rand.NewPCG(1, 2))
	const group = 4096
	for from := 0; from < size; from += group {
		var entries [][]byte
		for i := from; i < min(from+group, size); i++ {
			entry := make([]byte, 256+random.IntN(1793))
			binary.BigEndian.PutUint64(entry, uint64(i))
			entries = append(entries, entry)
		}
		if _, err := log.Append(entries...); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := log.Sign(); err != nil {
		b.Fatal(err)
	}
	return dir
}

// BenchmarkRestore rebuilds a log of a million entries from one mirror.
func BenchmarkRestore(b *testing.B) {
	const size = 1_000_000
	_, verifier, _ := logKey(b)
	dir := opaqueLog(b, size)
	for _, from := range []struct {
		name   string
		source Source
	}{{"from a folder", newFolder(dir, verifier)}, {"over http", serve(b, record.Handler(dir, verifier, nil))}} {
		b.Run(from.name, func(b *testing.B) {
			for b.Loop() {
				c, err := Restore(b.Context(), from.source, filepath.Join(b.TempDir(), "record"), verifier)
				if err != nil || c.Size != size {
					b.Fatal(c.Size, err)
				}
			}
			b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}

// BenchmarkPull pulls and checks entries each of which has a signature of its own.
func BenchmarkPull(b *testing.B) {
	const size = 50_000
	l := newTestLog(b)
	l.grow(size, "")
	source := l.serve(nil)
	for b.Loop() {
		m := openMirror(b, Settings{Dir: filepath.Join(b.TempDir(), "mirror"), Source: source})
		if out := pull(b, m); out.Size != size {
			b.Fatal(out.Size)
		}
	}
	b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "entries/s")
}

// BenchmarkOpen reads a copy to know its keys, as each start of a mirror does.
func BenchmarkOpen(b *testing.B) {
	const size = 50_000
	l := newTestLog(b)
	l.grow(size, "")
	m := openMirror(b, Settings{Source: l.serve(nil)})
	pull(b, m)
	if err := m.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		again := openMirror(b, m.settings)
		if err := again.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "entries/s")
}
