// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/record"
)

func TestLostLogIsRestoredFromOneMirrorAndGoesOn(t *testing.T) {
	l := newTestLog(t)
	l.grow(300, "")
	m := openMirror(t, Settings{Source: l.serve(nil), Key: cosignerKey(t, "party-a.example/mirror")})
	pull(t, m)
	c := l.grow(5000, "")
	pull(t, m)
	// The operator is gone, and so are the entries that no checkpoint had yet.
	if err := l.log.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(l.dir); err != nil {
		t.Fatal(err)
	}
	signer, verifier, _ := logKey(t)
	for name, from := range map[string]Source{"over http": serve(t, m.Handler()), "from its folder": newFolder(filepath.Join(m.settings.Dir, recordName), verifier)} {
		dir := filepath.Join(t.TempDir(), "record")
		restored, err := Restore(t.Context(), from, dir, verifier)
		if err != nil || restored.Root != c.Root || restored.Size != c.Size {
			t.Fatalf("%s: %v, %+v, want root %x", name, err, restored, c.Root)
		}
		if report, err := record.Verify(dir, verifier); err != nil || len(report.Problems) > 0 {
			t.Fatalf("%s: %v, %+v", name, err, report)
		}
		l.dir = dir
	}
	// With the log's key it goes on, and the mirror follows.
	log, err := record.Open(l.dir, verifier, signer)
	if err != nil {
		t.Fatal(err)
	}
	l.log = log
	c = l.grow(5300, "after")
	m.settings.Source = l.serve(nil)
	pull(t, m)
	wantHeld(t, m, c)
}

// A backup was put back: what it lacks comes from the mirror, before anybody
// signs another history over it.
func TestBackupIsBroughtUpToTheMirror(t *testing.T) {
	l := newTestLog(t)
	l.grow(300, "")
	_, verifier, _ := logKey(t)
	backup := filepath.Join(t.TempDir(), "backup")
	if err := os.CopyFS(backup, os.DirFS(l.dir)); err != nil {
		t.Fatal(err)
	}
	c := l.grow(900, "")
	m := openMirror(t, Settings{Source: l.serve(nil)})
	pull(t, m)
	if restored, err := Restore(t.Context(), serve(t, m.Handler()), backup, verifier); err != nil || restored.Root != c.Root {
		t.Fatal(err)
	}
	if report, err := record.Verify(backup, verifier); err != nil || report.Signed != 900 {
		t.Fatalf("%v, %+v", err, report)
	}
	if _, err := Restore(t.Context(), serve(t, m.Handler()), backup, verifier); err != nil {
		t.Errorf("once more: %v", err)
	}
}

func TestRestoreLeavesWhatIsThere(t *testing.T) {
	l, fork := newTestLog(t), newTestLog(t)
	l.grow(700, "")
	old := l.serve(func(http.Handler) http.Handler {
		_, verifier, _ := logKey(t)
		return record.Handler(l.dir, verifier, func() uint64 { return 2 })
	})
	fork.grow(900, "fork")
	_, verifier, _ := logKey(t)
	dir := filepath.Join(t.TempDir(), "record")
	if _, err := Restore(t.Context(), l.serve(nil), dir, verifier); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		from Source
		want error
	}{
		"another history":  {fork.serve(nil), ErrSplitView},
		"tampered entries": {grown(t, l, spoiled("/tile/entries/002", 9000)), ErrTampered},
		"fewer entries":    {old, ErrRolledBack},
	} {
		before := snapshot(t, dir)
		if _, err := Restore(t.Context(), test.from, dir, verifier); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
		// What a failed one left unproven is cut off by the next opening.
		replica, err := record.OpenReplica(dir, verifier)
		if err != nil {
			t.Fatal(err)
		}
		replica.Close()
		after := snapshot(t, dir)
		for path := range after {
			if data, was := before[path]; was && data != after[path] || !was && !isTileOf(path, 700) {
				t.Errorf("%s: %s was changed", name, path)
			}
		}
	}
	// A log that somebody writes to is not a place to restore to.
	l.sealed(func(string) trucewatch.Hash { return trucewatch.Hash{9} })
	if _, err := l.log.Append(l.queue...); err != nil {
		t.Fatal(err)
	}
	if err := l.log.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(t.Context(), fork.serve(nil), l.dir, verifier); !errors.Is(err, record.ErrInvalid) {
		t.Errorf("a log with unsigned entries: %v", err)
	}
}

// grown is the log with more entries, served through change.
func grown(t *testing.T, l *testLog, change func(http.Handler) http.Handler) Source {
	t.Helper()
	l.grow(1200, "")
	return l.serve(change)
}

// The order in which ranges are fetched must not matter to what comes out.
func TestStreamGivesEntriesInOrder(t *testing.T) {
	l := newTestLog(t)
	c := l.grow(5000, "")
	_, verifier, _ := logKey(t)
	var want [][]byte
	if err := eachEntry(durable.OS{}, l.dir, verifier, 300, 5000, func(_ uint64, raw []byte) error { want = append(want, slices.Clone(raw)); return nil }); err != nil {
		t.Fatal(err)
	}
	s := newTree(t.Context(), l.serve(nil), c).entries(300)
	defer s.Close()
	for i := range want {
		index, entry, err := s.Next()
		if err != nil || index != uint64(300+i) || !slices.Equal(entry, want[i]) {
			t.Fatalf("entry %d: index %d, error %v", 300+i, index, err)
		}
	}
	if _, _, err := s.Next(); !errors.Is(err, ErrNotFound) {
		t.Errorf("beyond the last: %v", err)
	}
}
