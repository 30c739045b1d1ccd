// SPDX-License-Identifier: Apache-2.0

package record

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"path"
	"runtime"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/trucewatch/trucewatch/internal/durable/durabletest"
)

// A mutant is a cosigned log of which one byte is changed at a time.
type mutant struct {
	disk      *durabletest.Disk
	verifier  note.Verifier
	cosigners []note.Verifier
	whole     Report
	files     []string
	contents  map[string][]byte
	starts    []int // where each file begins in the row of all bytes
	bytes     int
}

// newMutant makes a log of a full tile in files of its own, signed and unsigned
// entries behind it, and three checkpoints that two witnesses cosigned.
func newMutant(t testing.TB, segment uint64) *mutant {
	t.Helper()
	m := &mutant{contents: make(map[string][]byte)}
	var signer note.Signer
	m.disk, signer, m.verifier = smallLog(t, segment)
	l, err := open(settings{disk: m.disk, segment: segment}, "/log", m.verifier, signer)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.example", "witness.example.org"} {
		cosigner := newCosigner(t, name)
		m.cosigners = append(m.cosigners, cosigner.verifier)
		for _, size := range []uint64{0, 3, smallSigned} {
			root, err := l.contents.rootAt(size)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := l.Merge(cosigner.cosign(t, Checkpoint{Origin: testOrigin, Size: size, Root: root})); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if m.whole, err = verify(m.disk, "/log", m.verifier, m.cosigners...); err != nil || m.whole.Cosignatures != 8 {
		t.Fatalf("Verify = %+v, %v", m.whole, err)
	}
	for _, name := range m.disk.Files() {
		m.files, m.starts = append(m.files, name), append(m.starts, m.bytes)
		m.contents[name] = content(t, m.disk, name)
		m.bytes += len(m.contents[name])
	}
	return m
}

// at is the file and the place in it of a byte in the row of all.
func (m *mutant) at(n int) (name string, i int) {
	k := len(m.starts) - 1
	for m.starts[k] > n {
		k--
	}
	return m.files[k], n - m.starts[k]
}

// change puts another byte there, and says what is wrong with how the log takes it.
func (m *mutant) change(n int, mask byte, segment uint64) string {
	name, i := m.at(n)
	data := bytes.Clone(m.contents[name])
	data[i] ^= mask
	m.disk.Put(name, data)
	defer m.disk.Put(name, m.contents[name])
	report, err := verify(m.disk, "/log", m.verifier, m.cosigners...)
	base := smallSigned / segment * segment
	unsigned := path.Base(name) == segmentName(base) && i >= signedBytes(base)
	switch {
	case unsigned && err == nil:
		// The one exemption: nobody signed for these entries, and a changed byte
		// looks as a torn write does.
		return ""
	case unsigned:
		return fmt.Sprintf("byte %d of %s: Verify = %v, but nobody signed for it", i, name, err)
	case errors.Is(err, ErrCorrupt):
		return ""
	case err == nil && m.cosignatureLost(name, i, report):
		return ""
	}
	return fmt.Sprintf("byte %d of %s changed by %#02x: Verify = %v", i, name, mask, err)
}

// cosignatureLost says whether the byte is in the line of a cosigner's name and
// key, so that the line now seems to be of a key that nobody knows. That is not
// damage that a verifier can tell from a witness he does not know; but the
// cosignature counts no more, as if it had been removed.
func (m *mutant) cosignatureLost(name string, i int, report Report) bool {
	if !strings.Contains(name, checkpointName) {
		return false
	}
	data := m.contents[name]
	line := data[bytes.LastIndexByte(data[:i], '\n')+1:]
	return bytes.HasPrefix(line, []byte("— ")) && !bytes.HasPrefix(line, []byte("— "+testOrigin+" ")) &&
		report.Cosignatures == m.whole.Cosignatures-1 && report.Unknown == 1
}

// TestMutationsAreDetected changes random bytes of all files of a cosigned log,
// one at a time: Verify names each, but for those of entries that nobody signed
// for; and a reader gives no other entries than the true ones.
func TestMutationsAreDetected(t *testing.T) {
	mutations := 20_000
	if longTests() {
		mutations = 1_000_000
	}
	workers := runtime.GOMAXPROCS(0)
	var mu sync.Mutex
	tally := make(map[string]int) // guarded by mu
	var wg sync.WaitGroup
	for worker := range workers {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(uint64(worker), 0)) // The same each time.
			for _, segment := range []uint64{tileWidth, segmentEntries} {
				m := newMutant(t, segment)
				for range mutations / workers / 2 {
					n, mask := random.IntN(m.bytes), byte(1+random.IntN(255))
					if random.IntN(2) == 0 { // Tiles are most of the bytes; checkpoints shall be met, too.
						n = m.starts[random.IntN(len(m.starts))]
						name, _ := m.at(n)
						n += random.IntN(len(m.contents[name]))
					}
					if problem := m.change(n, mask, segment); problem != "" {
						t.Error(problem)
					}
					name, _ := m.at(n)
					mu.Lock()
					tally[path.Base(path.Dir(name))+"/"+path.Base(name)]++
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	t.Logf("%d mutations: %v", mutations/workers/2*2*workers, tally)
}

// TestMutatedReadsAreTrue changes random bytes, and reads: what a reader returns
// without an error are the true entries, and true proofs.
func TestMutatedReadsAreTrue(t *testing.T) {
	mutations := 2_000
	if longTests() {
		mutations = 100_000
	}
	random := rand.New(rand.NewPCG(7, 0))
	m := newMutant(t, tileWidth)
	root := tlog.Hash(treeHash(t, testEntries(0, smallSigned)))
	for range mutations {
		name, i := m.at(random.IntN(m.bytes))
		data := bytes.Clone(m.contents[name])
		data[i] ^= byte(1 + random.IntN(255))
		m.disk.Put(name, data)
		readsTrue(t, m.disk, m.verifier)
		if r, err := openReader(m.disk, "/log", m.verifier); err == nil {
			index := random.Uint64N(smallSigned)
			hash, err := r.LeafHash(index)
			if err == nil && hash != tlog.RecordHash(testEntry(index)) || err != nil && !errors.Is(err, ErrCorrupt) {
				t.Errorf("byte %d of %s changed: LeafHash(%d) = %x, %v", i, name, index, hash, err)
			}
			proof, err := r.ProveInclusion(index, smallSigned)
			if err == nil {
				err = tlog.CheckRecord(tlogProof(proof), smallSigned, root, int64(index), tlog.RecordHash(testEntry(index)))
			}
			if err != nil && !errors.Is(err, ErrCorrupt) {
				t.Errorf("byte %d of %s changed: ProveInclusion(%d): %v", i, name, index, err)
			}
		}
		m.disk.Put(name, m.contents[name])
	}
}
