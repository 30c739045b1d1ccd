// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/witness"
)

// A watcher is an organisation's witness on this machine.
type watcher struct {
	organisation trucewatch.Organisation
	server       *httptest.Server
	dir          string
}

// watchers starts a witness for each organisation, which knows the log of m.
func watchers(t testing.TB, m *Mission) []*watcher {
	t.Helper()
	logKey, err := m.readLine(logPublicFile)
	if err != nil {
		t.Fatal(err)
	}
	var all []*watcher
	for _, o := range []trucewatch.Organisation{{Name: "party-a", Party: "A"}, {Name: "party-b", Party: "B"}, {Name: "north"}, {Name: "south"}, {Name: "east"}} {
		key, err := witness.GenerateKey(o.Name + ".example/w")
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if _, err := witness.Begin(t.Context(), dir, key, witness.Beginning{Log: logKey, How: witness.BegunNew}, time.Now()); err != nil {
			t.Fatal(err)
		}
		s, err := witness.Open(witness.Settings{Dir: dir, Key: key, Logs: []string{logKey}, Now: time.Now, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
		if err != nil {
			t.Fatal(err)
		}
		s.Ask(t.Context())
		server := httptest.NewServer(s)
		t.Cleanup(server.Close)
		o.Witness, o.Address = key.VerifierKey(), server.URL
		all = append(all, &watcher{o, server, dir})
	}
	return all
}

// adopt puts a policy with these witnesses into the record: both parties and two
// of three guarantors.
func adopt(t testing.TB, m *Mission, all []*watcher, now trucewatch.Instant) {
	t.Helper()
	p := &trucewatch.Policy{Guarantors: 2, CadenceS: 10}
	for _, w := range all {
		p.Organisations = append(p.Organisations, w.organisation)
	}
	if err := m.Write(func(w *Writer) error { return w.Append(trucewatch.Payload{Policy: p}, now) }); err != nil {
		t.Fatal(err)
	}
}

// send is one beat.
func send(t testing.TB, m *Mission, c *Cosigner, now trucewatch.Instant) Cosigned {
	t.Helper()
	err := m.Write(func(w *Writer) error {
		w.Stamp = func() trucewatch.Instant { return now }
		return c.Prepare(w)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Send(t.Context(), now.Time()); err != nil {
		t.Fatal(err)
	}
	return c.Cosigned(now.Time())
}

func cosigner(t testing.TB, m *Mission) *Cosigner {
	t.Helper()
	c, err := NewCosigner(m, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil || c == nil {
		t.Fatalf("%v, %v", c, err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// published is how the last checkpoint on the disk stands.
func published(t testing.TB, m *Mission) witness.Standing {
	t.Helper()
	policy, err := m.WitnessPolicy()
	if err != nil {
		t.Fatal(err)
	}
	signed, err := os.ReadFile(filepath.Join(m.dir, "record", "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := policy.Standing(signed)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestCheckpointIsFinal: with everybody there, a checkpoint is co-signed by all
// within its beat, and in a sealed mission its growth is a step of the ladder.
func TestCheckpointIsFinal(t *testing.T) {
	m, now := sealedMission(t), at(t, began)+trucewatch.Hour
	all := watchers(t, m)
	adopt(t, m, all, now)
	c := cosigner(t, m)
	last := uint64(0)
	for i := range 4 {
		now += 10 * trucewatch.Second
		for j := range i {
			readFrom(t, m, "post-seven", trucewatch.PostSource, now, row(10*i+j, now))
		}
		s := send(t, m, c, now)
		if s.Standing.Tier != witness.Final || len(s.Absent) != 0 {
			t.Fatalf("beat %d: %v, absent %v", i, s.Standing.Tier, s.Absent)
		}
		if growth := s.Standing.Size - last; i > 0 && growth&(growth-1) != 0 {
			t.Errorf("beat %d: the record grew by %d, which is no step of the ladder", i, growth)
		}
		last = s.Standing.Size
	}
	if s := published(t, m); s.Tier != witness.Final {
		t.Errorf("the published checkpoint is %v", s.Tier)
	}
	mustBeSound(t, m.dir)
}

// TestAbsentPartyIsShownAndVetoesNothing: one party's witness is off; the
// checkpoint is provisional at once, the absence is shown within a minute and
// recorded once after a day.
func TestAbsentPartyIsShownAndVetoesNothing(t *testing.T) {
	m, now := live(t), time.Now().Truncate(time.Second)
	all := watchers(t, m)
	adopt(t, m, all, trucewatch.InstantOf(now))
	all[1].server.Close()
	c := cosigner(t, m)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := m.Write(func(w *Writer) error { return c.Prepare(w) }); err != nil {
		t.Fatal(err)
	}
	if err := c.Send(ctx, now); err != nil {
		t.Fatal(err)
	}
	if s := published(t, m); s.Tier != witness.Provisional || !slices.Equal(s.Missing, []string{"party-b"}) {
		t.Fatalf("published: %v, missing %v", s.Tier, s.Missing)
	}
	ctx, cancel = context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := c.Send(ctx, now.Add(witness.AbsentAfter+5*time.Second)); err != nil {
		t.Fatal(err)
	}
	absent := c.Cosigned(now.Add(witness.AbsentAfter + 5*time.Second)).Absent
	if len(absent) != 1 || absent[0].Organisation != "party-b" {
		t.Fatalf("absent: %v", absent)
	}
	tomorrow := trucewatch.InstantOf(absent[0].Since) + 25*trucewatch.Hour
	err := m.Write(func(w *Writer) error {
		w.Stamp = func() trucewatch.Instant { return tomorrow }
		return errors.Join(c.Prepare(w), c.Prepare(w))
	})
	if err != nil {
		t.Fatal(err)
	}
	entries, _ := entriesOf(t, m.dir)
	recorded := 0
	for _, e := range entries {
		if a := e.Body.Payload.Absence; a != nil && a.Organisation == "party-b" {
			recorded++
		}
	}
	if recorded != 1 {
		t.Errorf("the absence is recorded %d times, want once", recorded)
	}
}

// TestRestoredBackupDoesNotSign: yesterday's backup of a mission refuses to write
// once a witness says that it knows more.
func TestRestoredBackupDoesNotSign(t *testing.T) {
	m, now := live(t), at(t, began)+trucewatch.Hour
	all := watchers(t, m)
	adopt(t, m, all, now)
	send(t, m, cosigner(t, m), now+10*trucewatch.Second)
	backup := filepath.Join(t.TempDir(), "backup")
	if err := os.CopyFS(backup, os.DirFS(m.dir)); err != nil {
		t.Fatal(err)
	}
	read(t, m, file(t, "a.jsonl", row(1, now)), now+trucewatch.Minute)
	send(t, m, cosigner(t, m), now+2*trucewatch.Minute)
	old, err := Open(backup)
	if err != nil {
		t.Fatal(err)
	}
	err = old.Write(func(*Writer) error { return nil })
	if !errors.Is(err, ErrRolledBack) || !strings.Contains(err.Error(), "restore the rest from a mirror") {
		t.Errorf("a restored backup: %v", err)
	}
}

// TestGuardRemembers: the second medium alone, with all witnesses silent, keeps a
// restored backup from signing.
func TestGuardRemembers(t *testing.T) {
	dir, guard, now := filepath.Join(t.TempDir(), "m"), t.TempDir(), at(t, began)
	s := &Spec{ID: "test", Title: "Test", Mode: trucewatch.Live, DisplayZone: "UTC", CutOff: "19:30", Guard: guard}
	if err := Create(dir, s, DirFS(), now); err != nil {
		t.Fatal(err)
	}
	backup := filepath.Join(t.TempDir(), "backup")
	if err := os.CopyFS(backup, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	m, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	read(t, m, file(t, "a.jsonl", row(1, now)), now+trucewatch.Minute)
	old, err := Open(backup)
	if err != nil {
		t.Fatal(err)
	}
	if err := old.Write(func(*Writer) error { return nil }); !errors.Is(err, record.ErrRolledBack) {
		t.Errorf("a restored backup: %v", err)
	}
}

// TestOnlyAPreparedSizeIsSent: what an import signs between two beats is not sent
// out, as its size would tell how much came.
func TestOnlyAPreparedSizeIsSent(t *testing.T) {
	m, now := sealedMission(t), at(t, began)+trucewatch.Hour
	all := watchers(t, m)
	adopt(t, m, all, now)
	c := cosigner(t, m)
	first := send(t, m, c, now+10*trucewatch.Second).Standing.Size
	readFrom(t, m, "post-seven", trucewatch.PostSource, now+15*trucewatch.Second, row(1, now), row(2, now))
	if err := c.Send(t.Context(), (now + 20*trucewatch.Second).Time()); err != nil {
		t.Fatal(err)
	}
	if s := c.Cosigned(now.Time()).Standing; s.Size != first {
		t.Errorf("sent as far as %d, prepared as far as %d", s.Size, first)
	}
}
