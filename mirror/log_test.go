// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/keyring"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/seal"
	"github.com/trucewatch/trucewatch/witness"
)

const testOrigin = "trucewatch/test/00000000"

// seeded is an endless stream of bytes, the same for the same name.
type seeded struct {
	name string
	n    int
}

func (s *seeded) Read(p []byte) (int, error) {
	for i := range p {
		sum := sha256.Sum256(fmt.Append(nil, s.name, s.n))
		p[i] = sum[0]
		s.n++
	}
	return len(p), nil
}

// logKey is the one log's key.
func logKey(t testing.TB) (note.Signer, note.Verifier, string) {
	t.Helper()
	secret, public, err := note.GenerateKey(&seeded{name: "log"}, testOrigin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}
	return signer, verifier, public
}

// A testLog is a log that is written, with sound entries.
type testLog struct {
	t        testing.TB
	dir      string
	log      *record.Log
	desk     ed25519.PrivateKey
	id       trucewatch.KeyID
	sequence uint64
	previous trucewatch.Hash
	queue    [][]byte                   // appended together when the log is signed
	spoil    func(*trucewatch.Envelope) // changes the next entry before it is appended
}

// newTestLog makes a log with the first two entries, genesis and the desk's key.
func newTestLog(t testing.TB) *testLog {
	t.Helper()
	seed := sha256.Sum256([]byte("desk"))
	l := &testLog{t: t, dir: filepath.Join(t.TempDir(), "log"), desk: ed25519.NewKeyFromSeed(seed[:])}
	signer, _, _ := logKey(t)
	log, err := record.Create(l.dir, testOrigin, signer)
	if err != nil {
		t.Fatal(err)
	}
	l.log = log
	t.Cleanup(func() { _ = l.log.Close() })
	public := l.desk.Public().(ed25519.PublicKey)
	l.id = keyring.ID(public)
	l.append(trucewatch.Body{Type: trucewatch.GenesisEntry, Payload: trucewatch.Payload{Genesis: &trucewatch.Genesis{
		Mission: "test", Title: "Test", Mode: trucewatch.Exercise, Simulated: true, DisplayZone: "UTC", CutOff: "00:00", SlotS: 10}}})
	l.append(trucewatch.Body{Type: trucewatch.KeyEntry, Payload: trucewatch.Payload{Key: &trucewatch.KeyRegistration{
		ID: l.id, Public: public, Role: trucewatch.DeskKey, Name: "mission desk"}}})
	return l
}

func (l *testLog) append(b trucewatch.Body) uint64 {
	l.t.Helper()
	b.Version, b.Log, b.Key, b.Sequence, b.Previous = 1, testOrigin, l.id, l.sequence, l.previous
	raw := trucewatch.Encode(b)
	l.sequence, l.previous = l.sequence+1, sha256.Sum256(raw)
	index := l.size()
	e := trucewatch.Envelope{Received: trucewatch.Instant(index+1) * 10 * trucewatch.Second, Body: raw,
		Signatures: []trucewatch.Signature{keyring.Sign(l.desk, raw)}}
	if l.spoil != nil {
		l.spoil(&e)
		l.spoil = nil
	}
	l.queue = append(l.queue, trucewatch.Encode(e))
	return index
}

// size is how many entries the log will have.
func (l *testLog) size() uint64 { return l.log.Size() + uint64(len(l.queue)) }

// grow appends sealed entries up to size and signs. What they name depends on
// the history, so that two histories differ.
func (l *testLog) grow(size uint64, history string) record.Checkpoint {
	l.t.Helper()
	for l.size() < size {
		l.sealed(func(class string) trucewatch.Hash {
			return sha256.Sum256(fmt.Append(nil, history, class, l.size()))
		})
	}
	return l.sign()
}

func (l *testLog) sealed(hash func(class string) trucewatch.Hash) uint64 {
	l.t.Helper()
	b := trucewatch.Body{Type: trucewatch.SealedEntry, CommitmentRoot: trucewatch.Hash{1}, Payload: trucewatch.Payload{Sealed: &trucewatch.Sealing{Epoch: 24000}}}
	for _, class := range seal.Classes() {
		b.Sealed = append(b.Sealed, trucewatch.SealedBox{Class: class, Hash: hash(class)})
	}
	return l.append(b)
}

func (l *testLog) sign() record.Checkpoint {
	l.t.Helper()
	if len(l.queue) > 0 {
		if _, err := l.log.Append(l.queue...); err != nil {
			l.t.Fatal(err)
		}
	}
	l.queue = nil
	c, err := l.log.Sign()
	if err != nil {
		l.t.Fatal(err)
	}
	return c
}

// serve serves the log until the test ends, through change if there is one.
func (l *testLog) serve(change func(http.Handler) http.Handler) *WebSource {
	l.t.Helper()
	_, verifier, _ := logKey(l.t)
	h := record.Handler(l.dir, verifier, nil)
	if change != nil {
		h = change(h)
	}
	return serve(l.t, h)
}

// serve serves h until the test ends. Waiting between two tries takes no time.
func serve(t testing.TB, h http.Handler) *WebSource {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return source(t, s.URL, "")
}

func source(t testing.TB, address, token string) *WebSource {
	t.Helper()
	w, err := NewWebSource(address, token)
	if err != nil {
		t.Fatal(err)
	}
	w.wait = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	return w
}

// cosignerKey is the same key for the same name.
func cosignerKey(t testing.TB, name string) *witness.Key {
	t.Helper()
	secret, _, err := note.GenerateKey(&seeded{name: name}, name)
	if err != nil {
		t.Fatal(err)
	}
	k, err := witness.ParseKey([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

var testNow = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// openMirror opens a mirror in a new folder, or in that of s.
func openMirror(t testing.TB, s Settings) *Mirror {
	t.Helper()
	if s.Dir == "" {
		s.Dir = filepath.Join(t.TempDir(), "mirror")
	}
	_, _, s.LogKey = logKey(t)
	if s.Now == nil {
		s.Now = func() time.Time { return testNow }
	}
	m, err := Open(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

// pull pulls, which must go well.
func pull(t testing.TB, m *Mirror) Outcome {
	t.Helper()
	out, err := m.Pull(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// wantHeld wants the mirror to hold what c signs for, by an independent check.
func wantHeld(t testing.TB, m *Mirror, c record.Checkpoint) {
	t.Helper()
	if held := m.Checkpoint(); held.Size != c.Size || held.Root != c.Root {
		t.Fatalf("the mirror holds %d entries with root %x, want %d with %x", held.Size, held.Root, c.Size, c.Root)
	}
	_, verifier, _ := logKey(t)
	report, err := record.Verify(filepath.Join(m.settings.Dir, recordName), verifier)
	if err != nil || len(report.Problems) > 0 || report.Signed != c.Size {
		t.Fatalf("verify: %v, %+v", err, report)
	}
}

// wantText wants an error to be of a kind and to say something.
func wantText(t testing.TB, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Fatalf("error %v, want one with %q", err, text)
	}
}

// snapshot is every file under a folder, with its content.
func snapshot(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		files[path] = string(data)
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return files
}

var disk = durable.OS{}
