// SPDX-License-Identifier: Apache-2.0

package record

import (
	"math/rand/v2"
	"path/filepath"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// mixedEntries are n entries of 256 bytes to 2 KiB.
func mixedEntries(n int) [][]byte {
	random := rand.New(rand.NewPCG(1, 2))
	entries := make([][]byte, n)
	var source [2048]byte
	for i := range entries {
		for k := range 8 {
			source[k] = byte(random.Uint32())
		}
		entries[i] = append([]byte(nil), source[:256+random.IntN(1793)]...)
	}
	return entries
}

// bigLog is a signed log of size entries.
func bigLog(b *testing.B, size uint64) (dir string) {
	b.Helper()
	dir = filepath.Join(b.TempDir(), "log")
	_, verifier := testKey(b)
	entries := mixedEntries(4096)
	source := memorySource(b, size, func(i uint64) []byte { return entries[i%4096] })
	r, err := CreateReplica(dir, source.Note, verifier)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	i := uint64(0)
	if err := r.Extend(source.Note, func() ([]byte, error) { i++; return entries[(i-1)%4096], nil }); err != nil {
		b.Fatal(err)
	}
	return dir
}

// memorySource is the checkpoint of a log whose entries are given by a function.
func memorySource(b *testing.B, size uint64, entry func(uint64) []byte) Checkpoint {
	signer, _ := testKey(b)
	var t tree
	for i := range size {
		t.addTile(0, tlog.RecordHash(entry(i)), func(tileID, []tlog.Hash) {})
	}
	c, err := sign(testOrigin, t.size, t.root(), signer)
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// BenchmarkRestore copies a log of a million entries, or ten, from a local mirror.
func BenchmarkRestore(b *testing.B) {
	size := uint64(1_000_000)
	if longTests() {
		size = 10_000_000
	}
	from := bigLog(b, size)
	_, verifier := testKey(b)
	for b.Loop() {
		r, err := OpenReader(from, verifier)
		if err != nil {
			b.Fatal(err)
		}
		dir := filepath.Join(b.TempDir(), "copy")
		replica, err := CreateReplica(dir, r.Checkpoint().Note, verifier)
		if err != nil {
			b.Fatal(err)
		}
		cursor := r.Entries(0, size)
		err = replica.Extend(r.Checkpoint().Note, func() ([]byte, error) {
			_, entry, err := cursor.Next()
			return entry, err
		})
		if errClose := replica.Close(); err == nil {
			err = errClose
		}
		if err != nil {
			b.Fatal(err)
		}
		r.Close()
	}
	b.ReportMetric(float64(b.N)*float64(size)/b.Elapsed().Seconds(), "entries/s")
}

// BenchmarkVerify_million verifies a log of a million entries.
func BenchmarkVerify_million(b *testing.B) {
	const size = 1_000_000
	dir := bigLog(b, size)
	_, verifier := testKey(b)
	for b.Loop() {
		if _, err := Verify(dir, verifier); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "entries/s")
}
