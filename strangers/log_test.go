// SPDX-License-Identifier: Apache-2.0

package strangers

import (
	"crypto/sha256"
	"math/rand/v2"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch/record"
)

const origin = "log.example/strangers"

// Entries have the sizes of signed observations with attachments named by hash:
// uniform, mean 1,152 bytes.
const (
	entrySizeMin = 256
	entrySizeMax = 2048
)

// entries are n pseudo-random entries. Other seeds give other entries.
func entries(n int, seed byte) [][]byte {
	chacha := rand.NewChaCha8([32]byte{seed})
	sizes := rand.New(rand.NewPCG(uint64(seed), 0))
	all := make([][]byte, n)
	for i := range all {
		all[i] = make([]byte, entrySizeMin+sizes.IntN(entrySizeMax-entrySizeMin+1))
		chacha.Read(all[i]) // It never fails.
	}
	return all
}

// A key is a log's key; the same seed gives the same key.
type key struct {
	signer   note.Signer
	verifier note.Verifier
	vkey     string
}

func logKey(t testing.TB, name string, seed byte) key {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.NewChaCha8([32]byte{seed}), name)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	return key{signer, verifier, vkey}
}

// An ourLog is a log of our own, with its key.
type ourLog struct {
	*record.Log
	key
	dir string
}

func createLog(t testing.TB) *ourLog {
	t.Helper()
	k := logKey(t, origin, 1)
	dir := t.TempDir()
	log, err := record.Create(dir, origin, k.signer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	return &ourLog{log, k, dir}
}

// grow appends entries and signs.
func (l *ourLog) grow(t testing.TB, more [][]byte) record.Checkpoint {
	t.Helper()
	if _, err := l.Append(more...); err != nil {
		t.Fatal(err)
	}
	checkpoint, err := l.Sign()
	if err != nil {
		t.Fatal(err)
	}
	return checkpoint
}

// export writes the signed log as static files to a folder.
func (l *ourLog) export(t testing.TB) (folder string) {
	t.Helper()
	folder = t.TempDir()
	l.exportTo(t, folder)
	return folder
}

func (l *ourLog) exportTo(t testing.TB, folder string) {
	t.Helper()
	reader, err := record.OpenReader(l.dir, l.verifier)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := reader.Export(folder); err != nil {
		t.Fatal(err)
	}
}

// leafHash is the hash of an entry in the tree.
//
// Source: RFC 6962, section 2.1.
func leafHash(entry []byte) []byte {
	h := sha256.New()
	h.Write([]byte{0})
	h.Write(entry)
	return h.Sum(nil)
}

// rootOfNothing is the tree hash of no entries: SHA-256 of nothing.
//
// Source: RFC 6962, section 2.1.
var rootOfNothing = sha256.Sum256(nil)
