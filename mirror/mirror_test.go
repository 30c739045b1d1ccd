// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/witness"
)

func TestMirrorHoldsWhatTheLogSignsAndCosigns(t *testing.T) {
	l := newTestLog(t)
	recomputed := 0
	m := openMirror(t, Settings{Source: l.serve(nil), Key: cosignerKey(t, "party-a.example/mirror"),
		Recompute: func(dir string) error { recomputed++; return nil }})
	for _, size := range []uint64{2, 3, 256, 700, 700, 6000} {
		c := l.grow(size, "")
		pull(t, m)
		wantHeld(t, m, c)
		if !m.cosigned(m.Checkpoint()) {
			t.Fatalf("the checkpoint of %d entries is not co-signed", size)
		}
	}
	if recomputed != 5 {
		t.Errorf("recomputed %d times, want 5: once for each pull that brought entries", recomputed)
	}
	// What it serves, another mirror takes, with its cosignature.
	served := serve(t, m.Handler())
	second := openMirror(t, Settings{Source: served})
	pull(t, second)
	wantHeld(t, second, m.Checkpoint())
	signed, err := served.Fetch(t.Context(), "checkpoint", noteSizeMax)
	if err != nil || !m.cosigned(record.Checkpoint{Note: signed}) {
		t.Errorf("the checkpoint that is served is not co-signed: %v", err)
	}
	health, err := served.Fetch(t.Context(), "health", 1<<10)
	if err != nil || !strings.Contains(string(health), `"size":6000`) {
		t.Errorf("health: %s, %v", health, err)
	}
}

func TestMirrorReadsFolders(t *testing.T) {
	l := newTestLog(t)
	c := l.grow(1000, "")
	_, verifier, _ := logKey(t)
	export := filepath.Join(t.TempDir(), "export")
	r, err := record.OpenReader(l.dir, verifier)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Export(export); err != nil {
		t.Fatal(err)
	}
	first := openMirror(t, Settings{Source: newFolder(l.dir, verifier)})
	pull(t, first)
	for name, dir := range map[string]string{"of a log": l.dir, "of static files": export, "of a mirror": first.settings.Dir} {
		t.Run(name, func(t *testing.T) {
			from, err := OpenSource(dir, verifier, "")
			if err != nil {
				t.Fatal(err)
			}
			m := openMirror(t, Settings{Source: from})
			pull(t, m)
			wantHeld(t, m, c)
		})
	}
	if _, err := OpenSource(filepath.Join(t.TempDir(), "none"), verifier, ""); !errors.Is(err, ErrNotFound) {
		t.Errorf("a folder that is not there: %v", err)
	}
}

// A source need not keep partial tiles: C2SP tlog-tiles lets it serve the full
// one only.
func TestMirrorTakesFullTilesInPlaceOfPartialOnes(t *testing.T) {
	l := newTestLog(t)
	c := l.grow(300, "")
	old, err := os.ReadFile(filepath.Join(l.dir, "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	l.grow(600, "")
	m := openMirror(t, Settings{Source: l.serve(func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path == "/checkpoint":
				_, _ = w.Write(old)
			case strings.HasSuffix(r.URL.Path, "/001.p/44"):
				http.NotFound(w, r)
			default:
				h.ServeHTTP(w, r)
			}
		})
	})})
	pull(t, m)
	wantHeld(t, m, c)
}

func TestTwoProcessesCannotHaveOneMirror(t *testing.T) {
	l := newTestLog(t)
	m := openMirror(t, Settings{Source: l.serve(nil)})
	if second, err := Open(m.settings); err == nil {
		second.Close()
		t.Fatal("opened twice")
	}
}

func TestMirrorKeyMustNotBeThatOfAWitnessOrTheLog(t *testing.T) {
	_, _, public := logKey(t)
	w, guard := cosignerKey(t, "party-a.example/witness"), cosignerKey(t, "g.example/witness")
	policy, err := witness.NewPolicy(public, []witness.Member{
		{Name: "party-a", Party: "A", Witness: w.VerifierKey(), Mirror: cosignerKey(t, "party-a.example/mirror").VerifierKey()},
		{Name: "g", Witness: guard.VerifierKey()}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		key  *witness.Key
		want string
	}{
		"its own witness":          {w, "need different keys"},
		"another's witness":        {guard, "need different keys"},
		"a witness, renamed":       {renamed(t, guard, "party-a.example/other"), "need different keys"},
		"another key for its name": {renamed(t, cosignerKey(t, "x"), "party-a.example/mirror"), "the policy has another key"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Open(Settings{Dir: t.TempDir(), LogKey: public, Policy: policy, Key: test.key})
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("error %v, want ErrInvalid", err)
			}
			wantText(t, err, test.want)
		})
	}
	openMirror(t, Settings{Policy: policy, Key: cosignerKey(t, "party-a.example/mirror")})
}

// renamed is the same key under another name, as an operator might do it.
func renamed(t *testing.T, k *witness.Key, name string) *witness.Key {
	t.Helper()
	dir := t.TempDir()
	if err := witness.WriteKey(filepath.Join(dir, "k"), k); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "k"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := witness.ParseKey(rewrite(t, text, name))
	if err != nil {
		t.Fatal(err)
	}
	return again
}

// rewrite gives a key file another name, and the hash that belongs to it.
func rewrite(t *testing.T, text []byte, name string) []byte {
	t.Helper()
	parts := strings.Split(strings.TrimSpace(string(text)), "+")
	seed, err := base64.StdEncoding.DecodeString(strings.Join(parts[4:], "+"))
	if err != nil {
		t.Fatal(err)
	}
	public := ed25519.NewKeyFromSeed(seed[1:]).Public().(ed25519.PublicKey)
	sum := sha256.Sum256(append([]byte(name+"\n"), append([]byte{seed[0]}, public...)...))
	return fmt.Appendf(nil, "PRIVATE+KEY+%s+%x+%s\n", name, sum[:4], base64.StdEncoding.EncodeToString(seed))
}
