// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/internal/durable"
)

// indexed returns how many incidents the index of the mission's own view shows,
// and where it stands.
func indexed(t *testing.T, dir string) (incidents int, entries uint64, state trucewatch.Hash) {
	t.Helper()
	k, err := openKeeper(dir, trucewatch.ForMission)
	if err != nil {
		t.Fatal(err)
	}
	defer k.close()
	_, n, err := k.index.Incidents(trucewatch.Query{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	entries, state = k.index.At()
	return n, entries, state
}

func update(t *testing.T, dir string) {
	t.Helper()
	if done, err := UpdateIndex(dir, trucewatch.ForMission); err != nil || !done {
		t.Fatalf("index: %v, %v", done, err)
	}
}

// TestIndexComesToWhereTheRecordStands: from behind, from ahead, from another
// state and from nothing.
func TestIndexComesToWhereTheRecordStands(t *testing.T) {
	start := at(t, began)
	check := func(t *testing.T, m *Mission, want int) {
		t.Helper()
		if n, entries, state := indexed(t, m.dir); n != want || entries != m.state.Next() || state != m.state.Digest() {
			t.Errorf("%d incidents at entry %d; want %d at %d (same state: %v)", n, entries, want, m.state.Next(), state == m.state.Digest())
		}
	}
	t.Run("from nothing, and again", func(t *testing.T) {
		m := live(t)
		read(t, m, file(t, "a.jsonl", row(1, start), row(2, start)), start+trucewatch.Hour)
		update(t, m.dir)
		check(t, m, 2)
		update(t, m.dir)
		check(t, m, 2)
	})
	t.Run("from behind", func(t *testing.T) {
		m := live(t)
		read(t, m, file(t, "a.jsonl", row(1, start)), start+trucewatch.Hour)
		update(t, m.dir)
		read(t, m, file(t, "b.jsonl", row(2, start)), start+trucewatch.Hour)
		update(t, m.dir)
		check(t, m, 2)
	})
	// An index of another record: its folder was copied in, or the record was
	// put back from a backup.
	other := live(t)
	read(t, other, file(t, "o.jsonl", row(7, start), row(8, start), row(9, start)), start+trucewatch.Hour)
	for _, test := range []struct {
		name string
		more int // entries that the other record has beyond
	}{{"from ahead", 3}, {"from another state of the same length", 0}} {
		t.Run(test.name, func(t *testing.T) {
			for i := range test.more {
				read(t, other, file(t, "p.jsonl", row(20+i, start)), start+2*trucewatch.Hour)
			}
			update(t, other.dir)
			m := live(t)
			read(t, m, file(t, "a.jsonl", row(1, start)), start+trucewatch.Hour)
			for m.state.Next() < other.state.Next()-uint64(test.more) {
				read(t, m, file(t, "b.jsonl", row(int(m.state.Next())+100, start)), start+2*trucewatch.Hour)
			}
			if err := os.CopyFS(filepath.Join(m.dir, "index"), os.DirFS(filepath.Join(other.dir, "index"))); err != nil {
				t.Fatal(err)
			}
			update(t, m.dir)
			want := 0
			for range m.state.Incidents() {
				want++
			}
			check(t, m, want)
		})
	}
	t.Run("from rubbish", func(t *testing.T) {
		m := live(t)
		read(t, m, file(t, "a.jsonl", row(1, start)), start+trucewatch.Hour)
		update(t, m.dir)
		if err := os.WriteFile(filepath.Join(m.dir, "index", "mission", "index.db"), []byte("no database"), 0o600); err != nil {
			t.Fatal(err)
		}
		update(t, m.dir)
		check(t, m, 1)
	})
}

// TestIndexIsLeftToItsKeeper: a command does not touch an index that a server
// keeps.
func TestIndexIsLeftToItsKeeper(t *testing.T) {
	m := live(t)
	k, err := openKeeper(m.dir, trucewatch.ForMission)
	if err != nil {
		t.Fatal(err)
	}
	if done, err := UpdateIndex(m.dir, trucewatch.ForMission); done || err != nil {
		t.Errorf("updated beside its keeper: %v, %v", done, err)
	}
	if _, err := openKeeper(m.dir, trucewatch.ForMission); !errors.Is(err, durable.ErrLocked) {
		t.Errorf("a second keeper: %v", err)
	}
	if err := k.close(); err != nil {
		t.Fatal(err)
	}
	update(t, m.dir)
}

func TestFeed(t *testing.T) {
	f := newFeed()
	f.publish(3)
	behind, cancelBehind := f.Subscribe(1)
	if n := <-behind; n != 3 {
		t.Errorf("behind: %d, want the current size 3", n)
	}
	level, cancel := f.Subscribe(3)
	select {
	case n := <-level:
		t.Errorf("a subscriber that has all is told %d", n)
	default:
	}
	f.publish(4)
	f.publish(5) // nobody took 4: it may be skipped, 5 must come
	if n := <-level; n != 5 {
		t.Errorf("a slow subscriber: %d, want the last size 5", n)
	}
	if n := <-behind; n != 5 {
		t.Errorf("another one: %d", n)
	}
	cancelBehind()
	cancelBehind() // may be called twice
	f.publish(6)
	select {
	case n := <-behind:
		t.Errorf("who cancelled is told %d", n)
	default:
	}
	f.close()
	if n, open := <-level; !open || n != 6 {
		t.Errorf("the last size is lost at the end: %d, %v", n, open)
	}
	if _, open := <-level; open {
		t.Error("the channel stays open after the end")
	}
	cancel() // after the end
	if _, open := <-first(f.Subscribe(0)); open {
		t.Error("subscribed after the end, and the channel is open")
	}
}

func first(ch <-chan uint64, _ func()) <-chan uint64 { return ch }

// TestServerEndsCleanly: while it serves, pages are answered; when its context
// ends, live streams end with it, and another server may begin.
func TestServerEndsCleanly(t *testing.T) {
	m := live(t)
	for range 2 {
		s := &Server{Audience: trucewatch.ForMission, Log: slog.New(slog.DiscardHandler)}
		if err := s.Add(m.dir); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended, address := make(chan error, 1), make(chan string, 1)
		go func() { ended <- s.Run(ctx, "127.0.0.1:0", func(a net.Addr) { address <- a.String() }) }()
		base := "http://" + <-address
		page, err := http.Get(base + "/")
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(page.Body)
		page.Body.Close()
		if err != nil || page.StatusCode != http.StatusOK || !strings.Contains(string(text), "<html") {
			t.Errorf("first page: %v, %v", page.Status, err)
		}
		stream, err := http.Get(base + "/m/test/live")
		if err != nil || stream.StatusCode != http.StatusOK {
			t.Fatalf("live stream: %v, %v", stream, err)
		}
		cancel()
		if _, err := io.Copy(io.Discard, stream.Body); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("the live stream ended with %v", err)
		}
		stream.Body.Close()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with %v", err)
		}
	}
	mustBeSound(t, m.dir)
}

// TestServerRecordsTicksThatAreDue: a server of a live mission keeps its clock,
// and shows what comes of it.
func TestServerRecordsTicksThatAreDue(t *testing.T) {
	m := live(t) // began long ago: cut-offs are due
	s := &Server{Audience: trucewatch.ForMission, Log: slog.New(slog.DiscardHandler)}
	if err := s.Add(m.dir); err != nil {
		t.Fatal(err)
	}
	sv := s.served[0]
	if err := sv.keeper.fold(m.dir); err != nil {
		t.Fatal(err)
	}
	sv.folded = true
	if err := sv.follow(); err != nil {
		t.Fatal(err)
	}
	if len(sv.keeper.m.state.CutOffs()) == 0 || len(sv.dates()) == 0 {
		t.Errorf("%d cut-offs, %d reports: the clock stands still", len(sv.keeper.m.state.CutOffs()), len(sv.dates()))
	}
	if entries, _ := sv.keeper.index.At(); entries != sv.keeper.m.state.Next() {
		t.Errorf("the index stands at %d of %d entries", entries, sv.keeper.m.state.Next())
	}
	// A writer at work is no error: whoever writes records the ticks.
	err := sv.keeper.m.Write(func(*Writer) error {
		other, err := Open(m.dir)
		if err != nil {
			return err
		}
		sv.keeper.m = other
		sv.keeper.m.cut = at(t, began)
		return sv.follow()
	})
	if err != nil {
		t.Errorf("beside a writer: %v", err)
	}
	if err := sv.keeper.close(); err != nil {
		t.Fatal(err)
	}
}

func TestOnlyThisMachineSeesTheMissionView(t *testing.T) {
	m := live(t)
	s := &Server{Audience: trucewatch.ForMission, Log: slog.New(slog.DiscardHandler)}
	if err := s.Add(m.dir); err != nil {
		t.Fatal(err)
	}
	err := s.Run(t.Context(), "0.0.0.0:0", func(net.Addr) { t.Error("it serves") })
	if !errors.Is(err, ErrNotAlone) {
		t.Errorf("%v", err)
	}
}
