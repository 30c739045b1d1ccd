// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/seal"
)

// setRecipients names who opens a class, at an instant.
func setRecipients(m *Mission, class string, now trucewatch.Instant, recipients ...string) error {
	return m.Write(func(w *Writer) error {
		w.Stamp = func() trucewatch.Instant { return max(now, m.state.Now()) }
		_, err := w.setRecipients(class, recipients, nil, "agreed")
		return err
	})
}

// TestGuarantorWhoComesLateReplaysEverything: by the warrant of two officers, and
// not by one; a third who is not named opens nothing.
func TestGuarantorWhoComesLateReplaysEverything(t *testing.T) {
	m, now := sealedMission(t), at(t, began)+trucewatch.Hour
	readFrom(t, m, "post-seven", trucewatch.PostSource, now, row(1, now))
	keys := officers(t, m, now+trucewatch.Minute)
	role, stranger := filepath.Join(t.TempDir(), "guarantor.age"), filepath.Join(t.TempDir(), "stranger.age")
	theirs, err := NewRole(role, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewRole(stranger, ""); err != nil {
		t.Fatal(err)
	}
	classes := []string{seal.MissionClass, seal.ResidueClass}
	for _, class := range classes {
		own, err := Recipients(m.dir, class)
		if err != nil {
			t.Fatal(err)
		}
		if err := setRecipients(m, class, now+2*trucewatch.Minute, append(own, theirs)...); err != nil {
			t.Fatal(err)
		}
	}
	opens := func(role string) bool {
		t.Helper()
		roles, err := LoadRole(role, "")
		if err != nil {
			t.Fatal(err)
		}
		store := seal.OpenKeys(m.disk, filepath.Join(m.dir, boxesDir))
		for _, class := range classes {
			if _, err := store.OpenEpoch(class, seal.EpochOf(now), roles); err != nil {
				return false
			}
		}
		return true
	}
	rewrap := func(n int) error {
		var failed error
		for _, class := range classes {
			err := m.Write(func(w *Writer) error {
				w.Stamp = func() trucewatch.Instant { return m.state.Now() }
				_, err := w.rewrap(class, []uint32{seal.EpochOf(now)}, nil, keys[:n], "a guarantor joined")
				return err
			})
			failed = errors.Join(failed, err)
		}
		return failed
	}
	if opens(role) {
		t.Fatal("who comes late opens a month of before: the test tests nothing")
	}
	if err := rewrap(1); !errors.Is(err, ErrRefused) || opens(role) {
		t.Fatalf("one officer: %v, and it opens: %v", err, opens(role))
	}
	if err := rewrap(2); err != nil {
		t.Fatal(err)
	}
	if !opens(role) || opens(stranger) || !opens(filepath.Join(m.dir, rolesDir, seal.MissionClass+".age")) {
		t.Errorf("opens: who came late %v, a stranger %v", opens(role), opens(stranger))
	}
	mustBeSound(t, m.dir)

	// He replays all of it.
	dir := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(dir, os.DirFS(m.dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(role, filepath.Join(dir, rolesDir, seal.MissionClass+".age")); err != nil {
		t.Fatal(err)
	}
	theirCopy, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if theirCopy.State().Digest() != reopen(t, m).State().Digest() || theirCopy.State().Closed() > 0 {
		t.Error("who came late does not replay everything")
	}
}

// TestRecipientsThatNoEntryNamesAreFound: once the record says who may open a
// class, a role that somebody adds to the file is found, and gets no month.
func TestRecipientsThatNoEntryNamesAreFound(t *testing.T) {
	m, now := sealedMission(t), at(t, began)+trucewatch.Hour
	own, err := Recipients(m.dir, seal.MissionClass)
	if err != nil {
		t.Fatal(err)
	}
	if err := setRecipients(m, seal.MissionClass, now, own...); err != nil {
		t.Fatal(err)
	}
	mustBeSound(t, m.dir)
	theirs, err := NewRole(filepath.Join(t.TempDir(), "thief.age"), "")
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(m.dir, boxesDir, seal.MissionClass, "recipients.txt")
	if err := os.WriteFile(name, []byte(strings.Join(append(own, theirs), "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if found := faults(t, m.dir, ""); len(found) != 1 || !strings.Contains(found[0], "recipients.txt is not what the record says") {
		t.Errorf("faults: %v", found)
	}
	m = reopen(t, m)
	// The next month begins.
	im := nativeImport(t, file(t, "a.jsonl", row(1, now)), "post-seven")
	im.Options.Source.Kind = trucewatch.PostSource
	err = m.Write(func(w *Writer) error {
		w.Stamp = func() trucewatch.Instant { return now + 32*trucewatch.Day }
		_, err := w.Import(im)
		return err
	})
	if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "recipients.txt") {
		t.Errorf("a month is sealed to a stranger: %v", err)
	}
	m = reopen(t, m)
	if err := setRecipients(m, seal.MissionClass, now+32*trucewatch.Day, own...); err != nil {
		t.Fatal(err)
	}
	readFrom(t, m, "post-seven", trucewatch.PostSource, now+33*trucewatch.Day, row(1, now))
	mustBeSound(t, m.dir)
}
