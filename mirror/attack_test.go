// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/keyring"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/witness"
)

// wantEvidence wants an error of two histories, with a file that proves them to
// whoever has the log's key.
func wantEvidence(t *testing.T, err error, dir string) {
	t.Helper()
	var split *SplitView
	if !errors.Is(err, ErrSplitView) || !errors.As(err, &split) {
		t.Fatalf("error %v, want ErrSplitView", err)
	}
	files, err := Evidence(dir)
	if err != nil || !slices.Contains(files, split.File) {
		t.Fatalf("evidence %v (%v), want %s among it", files, err, split.File)
	}
	text, err := os.ReadFile(split.File)
	if err != nil {
		t.Fatal(err)
	}
	read, err := ParseSplitView(text)
	if err == nil {
		err = read.Check()
	}
	if err != nil {
		t.Fatalf("the evidence does not prove anything: %v", err)
	}
	if bytes.Equal(read.First, read.Second) {
		t.Fatal("one note twice")
	}
}

// wantUntouched runs do and wants the copy and what was kept before to be the same.
func wantUntouched(t *testing.T, dir string, do func()) {
	t.Helper()
	before := snapshot(t, dir)
	do()
	after := snapshot(t, dir)
	for path, data := range before {
		if after[path] != data {
			t.Errorf("%s was changed", path)
		}
	}
	_, verifier, _ := logKey(t)
	held, err := record.ReadCheckpoint(filepath.Join(dir, recordName), verifier)
	if err != nil {
		t.Fatal(err)
	}
	for path := range after {
		if _, was := before[path]; !was && strings.Contains(path, "/"+recordName+"/") && !isTileOf(path, held.Size) {
			t.Errorf("%s was stored", path)
		}
	}
}

// isTileOf says whether a file is a tile or bundle over the first size entries:
// package record writes those when it likes.
func isTileOf(path string, size uint64) bool {
	n, err := strconv.ParseUint(filepath.Base(path), 10, 64)
	return err == nil && strings.Contains(path, "/tile/") && (n+1)*tileWidth <= size
}

func TestSplitViewBetweenTwoMirrorsIsDetectedAndKept(t *testing.T) {
	for name, test := range map[string]struct{ ours, theirs uint64 }{
		"of one size":         {700, 700},
		"theirs is smaller":   {700, 500},
		"theirs is no bundle": {700, 301},
		"theirs is larger":    {500, 700},
	} {
		t.Run(name, func(t *testing.T) {
			north, south := newTestLog(t), newTestLog(t)
			north.grow(300, "")
			south.grow(300, "")
			north.grow(test.ours, "north")
			south.grow(test.theirs, "south")
			other := openMirror(t, Settings{Source: south.serve(nil)})
			pull(t, other)
			m := openMirror(t, Settings{Source: north.serve(nil)})
			pull(t, m)
			m.settings.Peers = []Source{serve(t, other.Handler())}
			var err error
			wantUntouched(t, m.settings.Dir, func() {
				out, errPull := m.Pull(t.Context())
				err = errPull
				if test.theirs > test.ours && (err != nil || out.Ahead != test.theirs) {
					t.Errorf("what the peer has beyond us: ahead %d, error %v", out.Ahead, err)
				}
			})
			if test.theirs > test.ours {
				// Nothing proves it yet. It is proven before entries so far are taken.
				north.grow(900, "north")
				wantUntouched(t, m.settings.Dir, func() { _, err = m.Pull(t.Context()) })
			}
			wantEvidence(t, err, m.settings.Dir)
			// Once more: the same evidence, and nothing is written over.
			wantUntouched(t, m.settings.Dir, func() { _, err = m.Pull(t.Context()) })
			wantEvidence(t, err, m.settings.Dir)
			if files, _ := Evidence(m.settings.Dir); len(files) != 1 {
				t.Errorf("evidence %v, want one file", files)
			}
		})
	}
}

func TestForkFromTheSourceIsRefusedAndKept(t *testing.T) {
	for name, size := range map[string]uint64{"of that size": 600, "grown": 900, "smaller": 400} {
		t.Run(name, func(t *testing.T) {
			l, fork := newTestLog(t), newTestLog(t)
			l.grow(300, "")
			fork.grow(300, "")
			c := l.grow(600, "shown to us")
			fork.grow(size, "shown to others")
			m := openMirror(t, Settings{Source: l.serve(nil)})
			pull(t, m)
			m.settings.Source = fork.serve(nil)
			var err error
			wantUntouched(t, m.settings.Dir, func() { _, err = m.Pull(t.Context()) })
			wantEvidence(t, err, m.settings.Dir)
			wantHeld(t, m, c)
			if h := m.Health(); h.Evidence != 1 || h.Problem == "" {
				t.Errorf("health %+v", h)
			}
		})
	}
}

// A fork whose tiles are withheld cannot be proven, but it is not forgotten: when
// the true history reaches its size, both notes are there.
func TestForkWithoutTilesIsRemembered(t *testing.T) {
	l, fork := newTestLog(t), newTestLog(t)
	c := l.grow(300, "")
	m := openMirror(t, Settings{Source: l.serve(nil)})
	pull(t, m)
	fork.grow(500, "fork")
	m.settings.Source = fork.serve(func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/checkpoint" {
				http.NotFound(w, r)
				return
			}
			h.ServeHTTP(w, r)
		})
	})
	out, err := m.Pull(t.Context())
	if !errors.Is(err, ErrTampered) || out.Ahead != 500 {
		t.Fatalf("growth that is not proven: %v, ahead %d", err, out.Ahead)
	}
	wantHeld(t, m, c)
	m.settings.Source = l.serve(nil)
	pull(t, m) // the true history has not come so far
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	m = openMirror(t, m.settings)
	l.grow(500, "")
	_, err = m.Pull(t.Context())
	wantEvidence(t, err, m.settings.Dir)
	wantHeld(t, m, c)
}

func TestRollbackOfTheServedLogIsRefused(t *testing.T) {
	l := newTestLog(t)
	l.grow(300, "")
	old := filepath.Join(t.TempDir(), "old")
	if err := os.CopyFS(old, os.DirFS(l.dir)); err != nil {
		t.Fatal(err)
	}
	c := l.grow(700, "")
	m := openMirror(t, Settings{Source: l.serve(nil)})
	pull(t, m)
	_, verifier, _ := logKey(t)
	m.settings.Source = serve(t, record.Handler(old, verifier, nil))
	wantUntouched(t, m.settings.Dir, func() {
		_, err := m.Pull(t.Context())
		if !errors.Is(err, ErrRolledBack) {
			t.Fatalf("error %v, want ErrRolledBack", err)
		}
		wantText(t, err, "shows 300 entries, 700 are held here")
	})
	wantHeld(t, m, c)
	if files, _ := Evidence(m.settings.Dir); len(files) > 0 {
		t.Errorf("evidence of a second history: %v", files)
	}
}

// spoiled serves the log with one byte of one file changed.
func spoiled(path string, at int) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != path {
				h.ServeHTTP(w, r)
				return
			}
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, r)
			data := rec.Body.Bytes()
			data[at%len(data)] ^= 1
			_, _ = w.Write(data)
		})
	}
}

func TestTamperedTileOrEntryIsRefusedAndNamed(t *testing.T) {
	l := newTestLog(t)
	c := l.grow(300, "")
	for name, test := range map[string]struct {
		path string
		at   int
		want string
	}{
		"an entry of a full bundle":    {"/tile/entries/001", 7000, "entry 2"},
		"an entry of a partial bundle": {"/tile/entries/002.p/188", 5000, "entry 5"},
		"the length of an entry":       {"/tile/entries/001", 0, "tile/entries/001"},
		"a partial tile of hashes":     {"/tile/0/002.p/188", 40, "tile"},
		"a tile of the next level":     {"/tile/1/000.p/2", 33, "tile"},
		"the checkpoint's root":        {"/checkpoint", len(testOrigin) + 10, "checkpoint"},
	} {
		t.Run(name, func(t *testing.T) {
			m := openMirror(t, Settings{Source: l.serve(nil)})
			if l.log.Size() == 300 {
				pull(t, m)
				l.grow(700, "")
			} else {
				m.settings.Source = serve(t, record.Handler(l.dir, m.verifier, func() uint64 { return 300 }))
				pull(t, m)
			}
			m.settings.Source = l.serve(spoiled(test.path, test.at))
			wantUntouched(t, m.settings.Dir, func() {
				_, err := m.Pull(t.Context())
				if !errors.Is(err, ErrTampered) {
					t.Fatalf("error %v, want ErrTampered", err)
				}
				wantText(t, err, test.want)
			})
			wantHeld(t, m, c)
			// The true bytes are taken afterwards.
			m.settings.Source = l.serve(nil)
			if out := pull(t, m); out.Size != 700 {
				t.Errorf("%d entries after the tampering ended", out.Size)
			}
		})
	}
}

func TestBadEntryStopsTheMirrorAndIsKept(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(l *testLog) func(*trucewatch.Envelope)
		want  string
	}{
		"signature of nobody": {func(*testLog) func(*trucewatch.Envelope) {
			return func(e *trucewatch.Envelope) { e.Signatures[0].Value[5] ^= 1 }
		}, "entry 400"},
		"another log's origin": {func(l *testLog) func(*trucewatch.Envelope) {
			return func(e *trucewatch.Envelope) {
				e.Body = bytes.Replace(e.Body, []byte(testOrigin), []byte("trucewatch/tset/00000000"), 1)
				e.Signatures[0] = keyring.Sign(l.desk, e.Body)
			}
		}, "entry 400"},
		"a gap in the chain": {func(l *testLog) func(*trucewatch.Envelope) { l.sequence++; return nil }, "entry 400"},
		"not an entry": {func(*testLog) func(*trucewatch.Envelope) {
			return func(e *trucewatch.Envelope) { e.Body = []byte("nonsense") }
		}, "entry 400"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newTestLog(t)
			c := l.grow(300, "")
			m := openMirror(t, Settings{Source: l.serve(nil)})
			pull(t, m)
			l.grow(400, "")
			l.spoil = test.spoil(l)
			l.grow(450, "")
			for range 2 {
				_, err := m.Pull(t.Context())
				if !errors.Is(err, ErrBadEntry) {
					t.Fatalf("error %v, want ErrBadEntry", err)
				}
				wantText(t, err, test.want)
				wantHeld(t, m, c)
			}
			files, err := Evidence(m.settings.Dir)
			if err != nil || len(files) != 1 || filepath.Base(files[0]) != "entry-450.txt" {
				t.Fatalf("evidence %v, %v", files, err)
			}
			if text, _ := os.ReadFile(files[0]); !strings.Contains(string(text), test.want) || !strings.Contains(string(text), "> "+testOrigin) {
				t.Errorf("evidence:\n%s", text)
			}
		})
	}
}

// A policy of one party and two guarantors, and their witnesses.
func testPolicy(t *testing.T) (*witness.Policy, []*witness.Key) {
	t.Helper()
	_, _, public := logKey(t)
	keys := []*witness.Key{cosignerKey(t, "party-a.example/witness"), cosignerKey(t, "g1.example/witness"), cosignerKey(t, "g2.example/witness")}
	p, err := witness.NewPolicy(public, []witness.Member{
		{Name: "party-a", Party: "A", Witness: keys[0].VerifierKey(), Mirror: cosignerKey(t, "party-a.example/mirror").VerifierKey()},
		{Name: "g1", Witness: keys[1].VerifierKey()}, {Name: "g2", Witness: keys[2].VerifierKey()}}, 2)
	if err != nil {
		t.Fatal(err)
	}
	return p, keys
}

// cosign has the log's last checkpoint co-signed at an instant.
func (l *testLog) cosign(at time.Time, keys ...*witness.Key) {
	l.t.Helper()
	_, verifier, _ := logKey(l.t)
	n, err := note.Open(l.log.Checkpoint().Note, note.VerifierList(verifier))
	if err != nil {
		l.t.Fatal(err)
	}
	for _, k := range keys {
		signed, err := note.Sign(&note.Note{Text: n.Text, Sigs: n.Sigs}, k.Signer(at))
		if err != nil {
			l.t.Fatal(err)
		}
		if _, err := l.log.Merge(signed); err != nil {
			l.t.Fatal(err)
		}
	}
}

func TestFrozenViewIsReportedByTheAgeOfItsCosignatures(t *testing.T) {
	policy, keys := testPolicy(t)
	l := newTestLog(t)
	l.grow(300, "")
	l.cosign(testNow, keys...)
	now := testNow
	m := openMirror(t, Settings{Source: l.serve(nil), Policy: policy, Fresh: time.Minute, Now: func() time.Time { return now }})
	out := pull(t, m)
	if out.Frozen || out.Standing.Tier != witness.Final {
		t.Fatalf("a fresh view: %+v", out)
	}
	now = now.Add(50 * time.Second)
	if pull(t, m).Frozen {
		t.Error("50 s are not too old")
	}
	now = now.Add(20 * time.Second)
	if out := pull(t, m); !out.Frozen || !m.Health().Frozen {
		t.Errorf("70 s are too old: %+v", out)
	}
	l.grow(400, "")
	l.cosign(now, keys[1]) // one of two guarantors: too few to say what time it is
	if out := pull(t, m); !out.Frozen || out.Standing.Tier != witness.Integrated {
		t.Errorf("too few have co-signed: %+v", out)
	}
	l.cosign(now, keys[2])
	if out := pull(t, m); out.Frozen || out.Standing.Tier != witness.Provisional {
		t.Errorf("enough have co-signed: %+v", out)
	}
}

func TestCheckpointOfALowerTierIsNotTaken(t *testing.T) {
	policy, keys := testPolicy(t)
	l := newTestLog(t)
	l.grow(300, "")
	m := openMirror(t, Settings{Source: l.serve(nil), Policy: policy, Tier: witness.Final})
	l.cosign(testNow, keys[1:]...)
	_, err := m.Pull(t.Context())
	if !errors.Is(err, ErrTier) {
		t.Fatalf("error %v, want ErrTier", err)
	}
	wantText(t, err, "it is provisional, final is asked for; missing: party-a")
	l.cosign(testNow, keys[0])
	if out := pull(t, m); out.Size != 300 {
		t.Errorf("%d entries", out.Size)
	}
	// A late cosignature reaches the copy too, and nobody else's lines do.
	l.grow(310, "")
	l.cosign(testNow, keys...)
	l.cosign(testNow, cosignerKey(t, "stranger.example"))
	pull(t, m)
	if text := string(m.Checkpoint().Note); strings.Contains(text, "stranger") || !strings.Contains(text, "g2.example") {
		t.Errorf("kept note:\n%s", text)
	}
}

func TestKeptCheckpointIsNeverOverwritten(t *testing.T) {
	l := newTestLog(t)
	m := openMirror(t, Settings{Source: l.serve(nil), Key: cosignerKey(t, "party-a.example/mirror")})
	for size := uint64(10); size < 60; size += 10 {
		l.grow(size, "")
		before := snapshot(t, filepath.Join(m.settings.Dir, keptDir))
		pull(t, m)
		l.cosign(testNow, cosignerKey(t, "late.example"))
		pull(t, m)
		after := snapshot(t, filepath.Join(m.settings.Dir, keptDir))
		for path, data := range before {
			if after[path] != data {
				t.Errorf("%s was changed", path)
			}
		}
		if len(after) != len(before)+1 {
			t.Errorf("%d kept checkpoints after %d", len(after), len(before))
		}
	}
	// One that somebody changed is found when it counts, and not used.
	files := slices.Sorted(maps.Keys(snapshot(t, filepath.Join(m.settings.Dir, keptDir))))
	if err := os.WriteFile(files[0], []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := m.kept.of(10); !errors.Is(err, ErrInvalid) {
		t.Errorf("a changed checkpoint: %v", err)
	}
}

func TestEvidenceIsNeverOverwritten(t *testing.T) {
	dir := t.TempDir()
	for i, text := range []string{"a", "b", "a", "c"} {
		if _, err := keepEvidence(disk, dir, "split-5", []byte(text)); err != nil {
			t.Fatal(i, err)
		}
	}
	want := map[string]string{"split-5.txt": "a", "split-5-2.txt": "b", "split-5-3.txt": "c"}
	for name, text := range want {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != text {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestFalseEvidenceProvesNothing(t *testing.T) {
	_, _, public := logKey(t)
	l, fork := newTestLog(t), newTestLog(t)
	small := l.grow(300, "")
	large := l.grow(700, "")
	other := fork.grow(700, "fork")
	tree := newTree(t.Context(), fork.serve(nil), other)
	good, err := newSplitView(public, small, tree)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(s *SplitView){
		"the same history":      func(s *SplitView) { s.Second = large.Note },
		"one note twice":        func(s *SplitView) { s.Second = s.First; s.Proof = nil },
		"the notes swapped":     func(s *SplitView) { s.First, s.Second = s.Second, s.First },
		"another root":          func(s *SplitView) { s.Root[0] ^= 1 },
		"no proof":              func(s *SplitView) { s.Proof = nil },
		"a proof that is wrong": func(s *SplitView) { s.Proof = slices.Clone(s.Proof); s.Proof[1][1] ^= 1 },
		"a changed note":        func(s *SplitView) { s.First = bytes.Replace(s.First, []byte("\n300\n"), []byte("\n301\n"), 1) },
		"an equal size, and another root": func(s *SplitView) {
			s.First, s.Second, s.Proof = other.Note, large.Note, nil
			s.Root = [32]byte{1}
		},
		"another key": func(s *SplitView) { s.Log = cosignerKey(t, testOrigin).VerifierKey() },
	} {
		t.Run(name, func(t *testing.T) {
			bad := *good
			change(&bad)
			if err := bad.Check(); !errors.Is(err, ErrInvalid) {
				t.Errorf("error %v, want ErrInvalid", err)
			}
		})
	}
	for _, text := range []string{"", "x\n", strings.Replace(string(good.Text()), "first", "First", 1), string(good.Text()) + "\n", strings.Replace(string(good.Text()), "proof ", "proof x", 1)} {
		if _, err := ParseSplitView([]byte(text)); !errors.Is(err, ErrInvalid) {
			t.Errorf("parse %.40q: %v", text, err)
		}
	}
}

func TestSilentOrHostilePeerStopsNothing(t *testing.T) {
	l := newTestLog(t)
	c := l.grow(300, "")
	down := serve(t, http.NotFoundHandler())
	liar := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "nonsense") }))
	flood := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, noteSizeMax+10)) }))
	m := openMirror(t, Settings{Source: l.serve(nil), Peers: []Source{down, liar, flood}})
	out := pull(t, m)
	wantHeld(t, m, c)
	for i, want := range []error{ErrNotFound, ErrTampered, ErrTampered} {
		if !errors.Is(out.Peers[i].Err, want) {
			t.Errorf("peer %d: %v, want %v", i, out.Peers[i].Err, want)
		}
	}
}

func TestSourceThatHidesGrowthIsShownByPeers(t *testing.T) {
	l := newTestLog(t)
	l.grow(300, "")
	var limit atomic.Uint64
	limit.Store(300)
	_, verifier, _ := logKey(t)
	frozen := serve(t, record.Handler(l.dir, verifier, limit.Load))
	l.grow(500, "")
	m := openMirror(t, Settings{Source: frozen, Peers: []Source{l.serve(nil)}})
	if out := pull(t, m); out.Size != 300 || out.Ahead != 500 {
		t.Fatalf("size %d, ahead %d", out.Size, out.Ahead)
	}
	limit.Store(600)
	l.grow(600, "")
	if out := pull(t, m); out.Size != 600 || out.Ahead != 0 {
		t.Fatalf("size %d, ahead %d", out.Size, out.Ahead)
	}
}

func TestRunStopsAtASplitView(t *testing.T) {
	l, fork := newTestLog(t), newTestLog(t)
	l.grow(10, "")
	m := openMirror(t, Settings{Source: l.serve(nil)})
	pull(t, m)
	fork.grow(20, "fork")
	m.settings.Source = fork.serve(nil)
	wantEvidence(t, m.Run(t.Context(), time.Hour), m.settings.Dir)
}

func TestRunEndsWithItsContext(t *testing.T) {
	l := newTestLog(t)
	c := l.grow(10, "")
	ctx, cancel := context.WithCancel(t.Context())
	m := openMirror(t, Settings{Source: l.serve(nil), Recompute: func(string) error { cancel(); return nil }})
	if err := m.Run(ctx, time.Hour); err != nil {
		t.Fatal(err)
	}
	wantHeld(t, m, c)
}

// What somebody left half written, and what is no checkpoint at all.
func TestForeignFilesAmongTheCheckpoints(t *testing.T) {
	l := newTestLog(t)
	l.grow(10, "")
	m := openMirror(t, Settings{Source: l.serve(nil)})
	pull(t, m)
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(m.settings.Dir, keptDir, "99"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(m.settings.Dir, keptDir, "99", "x.tmp"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	m = openMirror(t, m.settings)
	if out := pull(t, m); out.Ahead != 0 {
		t.Errorf("ahead %d, by a file that means nothing", out.Ahead)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(m.settings.Dir, keptDir, "nonsense"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(m.settings); !errors.Is(err, ErrInvalid) {
		t.Errorf("error %v", err)
	}
}
