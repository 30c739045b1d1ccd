// SPDX-License-Identifier: Apache-2.0

package witness

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/trucewatch/trucewatch/internal/durable"
)

// A testLog is a log in memory, with its own key.
type testLog struct {
	t      testing.TB
	vkey   string
	signer note.Signer
	hashes []tlog.Hash // as package tlog stores them
	size   uint64
}

func newTestLog(t testing.TB, name string) *testLog {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	return &testLog{t: t, vkey: vkey, signer: signer}
}

func (l *testLog) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		if x >= int64(len(l.hashes)) {
			return nil, fmt.Errorf("hash %d is not there", x)
		}
		hashes[i] = l.hashes[x]
	}
	return hashes, nil
}

// grow appends n entries; with another text, another history.
func (l *testLog) grow(n int, text string) *testLog {
	l.t.Helper()
	for range n {
		hashes, err := tlog.StoredHashes(int64(l.size), fmt.Appendf(nil, "%s %d", text, l.size), l)
		if err != nil {
			l.t.Fatal(err)
		}
		l.hashes = append(l.hashes, hashes...)
		l.size++
	}
	return l
}

// fork is a copy with the same key and its first n entries.
func (l *testLog) fork(n uint64) *testLog {
	return &testLog{t: l.t, vkey: l.vkey, signer: l.signer, hashes: l.hashes[:tlog.StoredHashCount(int64(n)):tlog.StoredHashCount(int64(n))], size: n}
}

func (l *testLog) root(n uint64) ([32]byte, error) {
	if n == 0 {
		return emptyRoot, nil
	}
	return tlog.TreeHash(int64(n), l)
}

// text is the checkpoint of the first n entries, not signed.
func (l *testLog) text(n uint64) string {
	l.t.Helper()
	root, err := l.root(n)
	if err != nil {
		l.t.Fatal(err)
	}
	return fmt.Sprintf("%s\n%d\n%s\n", l.signer.Name(), n, tlog.Hash(root))
}

// signed is the checkpoint of all entries, with further signatures.
func (l *testLog) signed(more ...note.Signer) []byte { return l.signedAt(l.size, more...) }

func (l *testLog) signedAt(n uint64, more ...note.Signer) []byte {
	l.t.Helper()
	return sign(l.t, l.text(n), append([]note.Signer{l.signer}, more...)...)
}

func sign(t testing.TB, text string, signers ...note.Signer) []byte {
	t.Helper()
	signed, err := note.Sign(&note.Note{Text: text}, signers...)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func (l *testLog) prove(old, size uint64) ([][32]byte, error) {
	proof, err := tlog.ProveTree(int64(size), int64(old), l)
	hashes := make([][32]byte, len(proof))
	for i, h := range proof {
		hashes[i] = h
	}
	return hashes, err
}

// request is add-checkpoint for all entries, from an old size.
func (l *testLog) request(old uint64) []byte {
	l.t.Helper()
	r := request{old: old, note: l.signed()}
	if old > 0 && old < l.size {
		proof, err := l.prove(old, l.size)
		if err != nil {
			l.t.Fatal(err)
		}
		for _, h := range proof {
			r.proof = append(r.proof, h)
		}
	}
	return r.encode()
}

var noon = time.Date(2026, 4, 11, 12, 0, 0, 0, time.UTC)

func newKey(t testing.TB, name string) *Key {
	t.Helper()
	k, err := GenerateKey(name)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// A testWitness is a witness behind a real connection.
type testWitness struct {
	*Server
	key  *Key
	disk durable.Disk
	http *httptest.Server
}

// newWitness begins a new log and starts a witness; peers are asked first.
func newWitness(t testing.TB, name string, log *testLog, disk durable.Disk, dir string, peers ...Member) *testWitness {
	t.Helper()
	key := newKey(t, name)
	if _, err := begin(t.Context(), disk, dir, key, Beginning{Log: log.vkey, How: BegunNew, Peers: peers}, noon); err != nil {
		t.Fatal(err)
	}
	return restart(t, key, log, disk, dir, peers...)
}

// restart starts a witness on what is in its folder.
func restart(t testing.TB, key *Key, log *testLog, disk durable.Disk, dir string, peers ...Member) *testWitness {
	t.Helper()
	s, err := open(Settings{Dir: dir, Key: key, Logs: []string{log.vkey}, Peers: peers, Now: func() time.Time { return noon }}, disk)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	s.Ask(ctx)
	w := &testWitness{Server: s, key: key, disk: disk, http: httptest.NewServer(s)}
	t.Cleanup(w.http.Close)
	return w
}

func (w *testWitness) member() Member {
	return Member{Name: w.key.Name(), Witness: w.key.VerifierKey(), Address: w.http.URL}
}

// post sends a body to add-checkpoint.
func post(t testing.TB, h http.Handler, body []byte) (status int, kind, text string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/add-checkpoint", bytes.NewReader(body))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	answer, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Code, w.Header().Get("Content-Type"), string(answer)
}

// mustSign posts all entries of a log, which must be signed, and returns the line.
func mustSign(t testing.TB, w *testWitness, log *testLog, old uint64) string {
	t.Helper()
	status, _, line := post(t, w, log.request(old))
	if status != http.StatusOK {
		t.Fatalf("size %d from %d: status %d %s, want 200", log.size, old, status, line)
	}
	k, err := parseCosignerKey(w.key.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := cosignatureOf(k, log.text(log.size), []byte(line)); !ok {
		t.Fatalf("answer %q is no cosignature of size %d", line, log.size)
	}
	return line
}
