// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"errors"
	"net/http"
	"path/filepath"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/keyring"
	"github.com/trucewatch/trucewatch/logkey"
	"github.com/trucewatch/trucewatch/record"
)

// handOver gives the log a new key, by an entry that names it unless entry says
// otherwise. It returns the log's key by now.
func (l *testLog) handOver(name string, change func(*trucewatch.KeyRegistration)) *logkey.Key {
	l.t.Helper()
	old, _, public := logKey(l.t)
	key, err := logkey.Parse(public)
	if err != nil {
		l.t.Fatal(err)
	}
	secret, next, err := note.GenerateKey(&seeded{name: name}, testOrigin)
	if err == nil {
		key, err = key.HandOver(l.size(), next, old)
	}
	if err != nil {
		l.t.Fatal(err)
	}
	last := key.Last()
	k := &trucewatch.KeyRegistration{ID: keyring.ID(last.Public), Public: last.Public, Role: trucewatch.LogKey, Name: "log", Handover: last.Signature}
	if change != nil {
		change(k)
	}
	if err := l.log.Close(); err != nil {
		l.t.Fatal(err)
	}
	current := logkey.NewCurrent(key)
	signer, err := logkey.NewSigner(current, []string{secret})
	if err == nil {
		l.log, err = record.Open(l.dir, current, signer)
	}
	if err != nil {
		l.t.Fatal(err)
	}
	l.append(trucewatch.Body{Type: trucewatch.KeyEntry, Payload: trucewatch.Payload{Key: k}})
	return key
}

// serveWith serves the log and a key of it.
func (l *testLog) serveWith(key *logkey.Key) *WebSource {
	mux := http.NewServeMux()
	mux.Handle("/", record.Handler(l.dir, key, nil))
	mux.Handle("/"+KeyName, KeyHandler(func() *logkey.Key { return key }))
	return serve(l.t, mux)
}

func TestMirrorFollowsAHandoverWhileItRuns(t *testing.T) {
	l := newTestLog(t)
	l.grow(300, "")
	m := openMirror(t, Settings{Source: l.serve(nil), Key: cosignerKey(t, "party-a.example/mirror")})
	pull(t, m)
	key := l.handOver("next", nil)
	c := l.grow(400, "")
	m.settings.Source = l.serveWith(key)
	out := pull(t, m)
	if out.Size != c.Size || out.Root != c.Root || m.verifier.Key().String() != key.String() {
		t.Fatalf("holds %d with %x, key %v", out.Size, out.Root, m.verifier.Key())
	}
	if report, err := record.Verify(filepath.Join(m.settings.Dir, recordName), key); err != nil || len(report.Problems) > 0 {
		t.Fatalf("verify: %v, %+v", err, report)
	}
	// Another mirror follows this one, and this one after a restart with the first key.
	second := openMirror(t, Settings{Source: serve(t, m.Handler())})
	if out := pull(t, second); out.Root != c.Root {
		t.Errorf("a mirror of the mirror: %+v", out)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	m = openMirror(t, m.settings)
	c = l.grow(500, "")
	if out := pull(t, m); out.Root != c.Root {
		t.Errorf("after a restart: %+v", out)
	}

	// Whoever stole the old key shows another handover.
	forged := newTestLog(t)
	forged.grow(300, "")
	thief := forged.handOver("thief", nil)
	forged.grow(600, "")
	m.settings.Source = forged.serveWith(thief)
	if out, err := m.Pull(t.Context()); !errors.Is(err, ErrOtherKey) || out.Size != 500 {
		t.Errorf("a second handover of the old key: %+v, %v", out, err)
	}
	// Or signs a later checkpoint with the old key.
	old := newTestLog(t)
	old.grow(600, "")
	m.settings.Source = old.serve(nil)
	if out, err := m.Pull(t.Context()); !errors.Is(err, ErrTampered) || out.Size != 500 {
		t.Errorf("a later checkpoint by the old key: %+v, %v", out, err)
	}
}

func TestMirrorHoldsAHandoverToItsEntry(t *testing.T) {
	for name, change := range map[string]func(*trucewatch.KeyRegistration){
		"another key": func(k *trucewatch.KeyRegistration) {
			k.Public = append([]byte{1}, k.Public[1:]...)
			k.ID = keyring.ID(k.Public)
		},
		"another signature": func(k *trucewatch.KeyRegistration) { k.Handover = make([]byte, len(k.Handover)) },
	} {
		t.Run(name, func(t *testing.T) {
			l := newTestLog(t)
			l.grow(10, "")
			m := openMirror(t, Settings{Source: l.serve(nil)})
			pull(t, m)
			first := m.verifier.Key().String()
			key := l.handOver("next", change)
			l.grow(20, "")
			m.settings.Source = l.serveWith(key)
			if _, err := m.Pull(t.Context()); !errors.Is(err, ErrBadEntry) {
				t.Fatalf("Pull = %v, want ErrBadEntry", err)
			}
			// What the record does not bear out was not followed.
			if err := m.Close(); err != nil {
				t.Fatal(err)
			}
			again := openMirror(t, Settings{Dir: m.settings.Dir, Source: m.settings.Source})
			if got := again.verifier.Key().String(); got != first || again.held().Size != 10 {
				t.Errorf("the key is %s, with %d entries", got, again.held().Size)
			}
		})
	}
}

func TestRestoredLogGoesOnAcrossAHandover(t *testing.T) {
	l := newTestLog(t)
	l.grow(10, "")
	key := l.handOver("next", nil)
	c := l.grow(300, "")
	source := l.serveWith(key)
	first := key.UpTo(0)
	if _, err := Restore(t.Context(), source, t.TempDir(), first); !errors.Is(err, ErrTampered) {
		t.Errorf("with the first key alone: %v", err)
	}
	followed, err := Follow(t.Context(), source, first)
	if err != nil {
		t.Fatal(err)
	}
	restored, err := Restore(t.Context(), source, filepath.Join(t.TempDir(), "record"), followed)
	if err != nil || restored.Root != c.Root {
		t.Errorf("%+v, %v", restored, err)
	}
}
