// SPDX-License-Identifier: Apache-2.0

package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trucewatch/trucewatch/internal/durable/durabletest"
)

// A net of witnesses without a network: each answers after a delay, by the name
// of its host, in the time of a synctest bubble.
type testNet struct {
	mu    sync.Mutex
	hosts map[string]http.Handler
	delay map[string]time.Duration
}

func (n *testNet) RoundTrip(r *http.Request) (*http.Response, error) {
	n.mu.Lock()
	h, delay := n.hosts[r.URL.Host], n.delay[r.URL.Host]
	n.mu.Unlock()
	if h == nil {
		return nil, errors.New("connection refused")
	}
	select {
	case <-time.After(delay):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, r)
	return answer.Result(), nil
}

func (n *testNet) set(name string, h http.Handler, delay time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hosts[name+".example"], n.delay[name+".example"] = h, delay
}

// forever is longer than any client waits.
const forever = 1000 * time.Hour

// A stage is a cast whose witnesses run in a testNet.
type stage struct {
	*cast
	net      *testNet
	servers  map[string]*Server
	handlers map[string]http.Handler
	policy   *Policy
}

func newStage(t *testing.T) *stage {
	s := &stage{cast: newCast(t), net: &testNet{hosts: map[string]http.Handler{}, delay: map[string]time.Duration{}}, servers: map[string]*Server{},
		handlers: map[string]http.Handler{}}
	for i, m := range s.members {
		disk := durabletest.New(folder)
		if _, err := begin(t.Context(), disk, folder, s.keys[m.Name], Beginning{Log: s.log.vkey, How: BegunNew}, time.Now()); err != nil {
			t.Fatal(err)
		}
		w, err := open(Settings{Dir: folder, Key: s.keys[m.Name], Logs: []string{s.log.vkey}}, disk)
		if err != nil {
			t.Fatal(err)
		}
		w.Ask(t.Context())
		s.servers[m.Name] = w
		s.handlers[m.Name] = http.StripPrefix("/w", w)
		s.net.set(m.Name, s.handlers[m.Name], time.Millisecond)
		s.members[i].Address = "https://" + m.Name + ".example/w"
	}
	s.policy = s.cast.policy(t)
	return s
}

func (s *stage) gatherer(late func([]byte)) *Gatherer {
	g := NewGatherer(s.policy, s.log.prove, late)
	g.client.http.Transport = s.net
	return g
}

// gather gathers for what the log has now, at most for 5 s.
func (s *stage) gather(t *testing.T, g *Gatherer, tier Tier) (Standing, []byte, error) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	note, standing, err := g.Gather(ctx, s.log.signed(), tier)
	if again, errAgain := s.policy.Standing(note); errAgain != nil || fmt.Sprint(again) != fmt.Sprint(standing) {
		t.Errorf("the note's standing is %+v, %v, Gather says %+v", again, errAgain, standing)
	}
	return standing, note, err
}

func TestGatherReachesFinal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		g := s.gatherer(nil)
		defer g.Close()
		for range 5 {
			standing, _, err := s.gather(t, g, Final)
			if err != nil || standing.Tier != Final {
				t.Fatalf("Gather = %+v, %v", standing, err)
			}
			s.log.grow(13, "entry")
		}
		time.Sleep(time.Second) // The fourth guarantor is not waited for.
		synctest.Wait()
		if absent := g.Absent(time.Now().Add(time.Hour)); len(absent) > 0 {
			t.Errorf("absent %v", absent)
		}
	})
}

// TestPartysSilenceDelaysNothing: with both parties' witnesses silent, a
// checkpoint is provisional as fast as with all of them up; they are named
// after 60 s, and what they sign later is merged.
func TestPartysSilenceDelaysNothing(t *testing.T) {
	for _, silence := range []string{"no answer", "refused", "slow", "hostile"} {
		t.Run(silence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { testSilence(t, silence) })
		})
	}
}

func testSilence(t *testing.T, silence string) {
	s := newStage(t)
	switch silence {
	case "no answer":
		s.net.set("party-b", s.handlers["party-b"], forever)
	case "refused":
		s.net.set("party-b", nil, 0)
	case "slow":
		s.net.set("party-b", s.handlers["party-b"], 9*time.Second)
	case "hostile":
		s.net.set("party-b", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(w, bytes.NewReader(make([]byte, 1<<20)))
		}), time.Millisecond)
	}
	var late [][]byte
	g := s.gatherer(func(note []byte) { late = append(late, note) })
	defer g.Close()
	for range 7 { // beats of ten seconds
		began := time.Now()
		standing, _, err := s.gather(t, g, Provisional)
		if err != nil || standing.Tier != Provisional {
			t.Fatalf("Gather = %+v, %v", standing, err)
		}
		if took := time.Since(began); took > 5*time.Millisecond {
			t.Errorf("provisional after %v", took)
		}
		time.Sleep(10 * time.Second)
		s.log.grow(3, "entry")
	}
	synctest.Wait()
	absent := g.Absent(time.Now())
	if silence == "slow" {
		if standing, err := s.policy.Standing(late[len(late)-1]); err != nil || standing.Tier != Final || len(absent) > 0 {
			t.Errorf("the last late note is %+v, %v; absent %v", standing, err, absent)
		}
		return
	}
	if len(absent) != 1 || absent[0].Organisation != "party-b" || absent[0].SinceSize != 0 || absent[0].Why == nil {
		t.Fatalf("absent %v, want party-b since size 0", absent)
	}
	if text := absent[0].String(); !strings.HasPrefix(text, "party-b has not co-signed since size 0 (") {
		t.Errorf("absence reads %q", text)
	}
	if standing, _, err := s.gather(t, g, Final); !errors.Is(err, ErrUnavailable) || standing.Tier != Provisional || !slices.Equal(standing.Missing, []string{"party-b"}) {
		t.Errorf("Gather for final = %+v, %v", standing, err)
	}

	// It comes back, and nothing newer is posted.
	s.net.set("party-b", s.handlers["party-b"], time.Millisecond)
	time.Sleep(2 * retryMax)
	synctest.Wait()
	standing, err := s.policy.Standing(late[len(late)-1])
	if err != nil || standing.Tier != Final || standing.Size != s.log.size {
		t.Errorf("the last late note is %+v, %v", standing, err)
	}
	if absent := g.Absent(time.Now()); len(absent) > 0 {
		t.Errorf("absent %v", absent)
	}
}

// TestLateCosignaturesAreMergedOneByOne: each late note has all that came before.
func TestLateCosignaturesAreMergedOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		for i, name := range []string{"g-4", "party-b", "party-a"} {
			s.net.set(name, s.handlers[name], time.Duration(i+1)*time.Second)
		}
		var signed []int
		g := s.gatherer(func(note []byte) {
			standing, err := s.policy.Standing(note)
			if err != nil {
				t.Error(err)
			}
			signed = append(signed, len(standing.Signed))
		})
		defer g.Close()
		if _, _, err := s.gather(t, g, Provisional); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if !slices.Equal(signed, []int{4, 5, 6}) {
			t.Errorf("late notes have %v signatures, want 4, 5 and 6", signed)
		}
	})
}

// TestGathererUsesTheSizeThatTheWitnessKnows: after a restart of the log's
// process, which forgot it; and with a witness that names sizes forever.
func TestGathererUsesTheSizeThatTheWitnessKnows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		var late []byte
		first := s.gatherer(func(note []byte) { late = note })
		_, note, err := s.gather(t, first, Final)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second) // One guarantor is not waited for.
		first.Close()
		if late != nil {
			note = late
		}
		s.log.grow(5, "entry")
		g := s.gatherer(nil)
		defer g.Close()
		if err := g.Learn(note); err != nil {
			t.Fatal(err)
		}
		var asked atomic.Int64
		count := func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked.Add(1); h.ServeHTTP(w, r) })
		}
		s.net.set("g-1", count(s.handlers["g-1"]), time.Millisecond)
		if _, _, err := s.gather(t, g, Final); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond) // This one may be the guarantor that is not waited for.
		if asked.Swap(0) != 1 {
			t.Error("a witness whose size was learnt is asked more than once")
		}
		s.log.grow(5, "entry")
		liar := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(409)
			fmt.Fprintln(w, 1+asked.Load()%7)
		})
		s.net.set("g-1", count(liar), time.Millisecond)
		if _, _, err := s.gather(t, g, Provisional); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
		if n := asked.Load(); n != postsMax {
			t.Errorf("a witness that names sizes forever is asked %d times, want %d", n, postsMax)
		}
	})
}

// TestForgedCosignaturesAreNotMerged: a witness answers with another's
// signature, with one over another checkpoint, and with nonsense.
func TestForgedCosignaturesAreNotMerged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		line := func(text, key string) string {
			_, line, _ := strings.Cut(string(sign(t, text, s.keys[key].Signer(time.Now()))), "\n\n")
			return line
		}
		whole := s.log.text(10)
		answers := map[string]string{
			"g-1":     line(whole, "g-2"),
			"g-2":     line(s.log.text(9), "g-2"),
			"g-3":     "— g-3.example/witness AAAA\n",
			"g-4":     strings.TrimSuffix(line(whole, "g-4"), "\n"), // not ended
			"party-a": "\n\n\n",
			"party-b": "x\n" + line(whole, "party-a") + line(whole, "party-b"), // its own is in it
		}
		for name, answer := range answers {
			s.net.set(name, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, answer) }), time.Millisecond)
		}
		g := s.gatherer(nil)
		defer g.Close()
		standing, _, err := s.gather(t, g, Provisional)
		if !errors.Is(err, ErrUnavailable) || len(standing.Signed) != 1 || standing.Signed[0].Organisation != "party-b" {
			t.Errorf("Gather = %+v, %v", standing, err)
		}
	})
}

// TestGathererStopsALogThatOthersKnowMoreOf: one witness shows a checkpoint that
// the log's key signed and this log does not have. Its word alone stops nothing.
func TestGathererStopsALogThatOthersKnowMoreOf(t *testing.T) {
	for _, tt := range []struct {
		name string
		grow func(log *testLog) (theirs, ours *testLog)
		want error
	}{
		{"restored from a backup", func(l *testLog) (_, _ *testLog) { return l.fork(10).grow(20, "entry"), l }, ErrBehind},
		{"another root at the same size", func(l *testLog) (_, _ *testLog) { return l.fork(4).grow(6, "fork"), l }, ErrConflict},
		{"two writers", func(l *testLog) (_, _ *testLog) { return l.fork(4).grow(8, "fork"), l.grow(20, "entry") }, ErrConflict},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t)
				theirs, ours := tt.grow(s.log)
				s.log = ours
				if status, _, text := post(t, s.servers["g-1"], theirs.request(0)); status != 200 {
					t.Fatal(text)
				}
				for _, name := range []string{"g-2", "g-3", "g-4"} {
					s.net.set(name, s.handlers[name], time.Second)
				}
				g := s.gatherer(nil)
				defer g.Close()
				if _, _, err := s.gather(t, g, Final); !errors.Is(err, tt.want) {
					t.Errorf("Gather = %v, want %v", err, tt.want)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.net.set("party-a", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(409)
			io.WriteString(w, "1000000\n")
		}), time.Microsecond)
		g := s.gatherer(nil)
		defer g.Close()
		if standing, _, err := s.gather(t, g, Provisional); err != nil || standing.Tier != Provisional {
			t.Errorf("a witness's word alone stops the log: %+v, %v", standing, err)
		}
	})
}

// TestOlderCheckpointIsNoRollback: somebody still gathers for it while witnesses
// have signed a newer one.
func TestOlderCheckpointIsNoRollback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		older := s.log.signed()
		s.log.grow(2, "entry")
		g := s.gatherer(nil)
		defer g.Close()
		if _, _, err := s.gather(t, g, Final); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, _, err := g.Gather(ctx, older, Provisional); !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrBehind) {
			t.Errorf("Gather = %v, want ErrUnavailable", err)
		}
	})
}

func TestGatherRefusesWhatIsNotThePolicys(t *testing.T) {
	c := newCast(t)
	g := NewGatherer(c.policy(t), c.log.prove, nil)
	defer g.Close()
	other := newTestLog(t, "log.example/south").grow(3, "entry")
	if _, _, err := g.Gather(t.Context(), other.signed(), Final); !errors.Is(err, ErrInvalid) {
		t.Errorf("Gather of another log = %v", err)
	}
	p, err := NewPolicy(c.log.vkey, c.members[2:], 3)
	if err != nil {
		t.Fatal(err)
	}
	partyless := NewGatherer(p, c.log.prove, nil)
	defer partyless.Close()
	if _, _, err := partyless.Gather(t.Context(), c.log.signed(), Final); !errors.Is(err, ErrInvalid) {
		t.Errorf("Gather of a tier that the policy cannot give = %v", err)
	}
	if err := g.Learn(other.signed()); !errors.Is(err, ErrInvalid) {
		t.Errorf("Learn of another log = %v", err)
	}
}

// TestAbsenceCountsFromTheOldestUnsigned: a slow witness signs the checkpoint
// before the newest, and then goes silent.
func TestAbsenceCountsFromTheOldestUnsigned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.net.set("party-a", s.handlers["party-a"], 8*time.Second)
		g := s.gatherer(nil)
		defer g.Close()
		size := s.log.size
		for _, pause := range []time.Duration{5 * time.Second, time.Second} {
			if _, _, err := s.gather(t, g, Provisional); err != nil {
				t.Fatal(err)
			}
			time.Sleep(pause)
			s.log.grow(1, "entry")
		}
		// 6 s: the first is under way until 8 s, the second waits since 5 s.
		s.net.set("party-a", nil, 0)
		time.Sleep(AbsentAfter - 2*time.Second)
		if absent := g.Absent(time.Now()); len(absent) > 0 {
			t.Errorf("absent a second too early: %v", absent)
		}
		time.Sleep(2 * time.Second)
		if absent := g.Absent(time.Now()); len(absent) != 1 || absent[0].Organisation != "party-a" || absent[0].SinceSize != size {
			t.Errorf("absent a second too late: %v, want party-a since size %d", absent, size)
		}
	})
}

func TestIdleLogMissesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		g := s.gatherer(nil)
		defer g.Close()
		if _, _, err := s.gather(t, g, Final); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second) // The fourth guarantor is not waited for.
		synctest.Wait()
		if absent := g.Absent(time.Now().Add(24 * time.Hour)); len(absent) > 0 {
			t.Errorf("absent %v, though nothing was to be signed", absent)
		}
	})
}

func TestCadenceKeepsItsBeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const every = 10 * time.Second
		start := time.Now()
		time.Sleep(3 * time.Second) // It does not begin on a beat.
		ctx, cancel := context.WithCancel(t.Context())
		var beats, late []time.Duration
		loads := []time.Duration{0, 9 * time.Second, 25 * time.Second, 10 * time.Second, 0}
		Cadence(ctx, every, func(at time.Time) {
			beats, late = append(beats, at.Sub(start)), append(late, time.Since(at))
			time.Sleep(loads[len(beats)-1])
			if len(beats) == len(loads) {
				cancel()
			}
		})
		// The third runs from 30 to 55 s: 40 and 50 are left out. The fourth, from
		// 60, ends on the beat of 70, which is not late enough to count as new.
		if want := []time.Duration{10 * time.Second, 20 * time.Second, 30 * time.Second, 60 * time.Second, 80 * time.Second}; !slices.Equal(beats, want) {
			t.Errorf("beats %v, want %v", beats, want)
		}
		for i, l := range late {
			if l < 0 || l > time.Millisecond {
				t.Errorf("beat %d came %v after its time", i, l)
			}
		}
	})
}

func TestCadenceFollowsAClockThatIsSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var offset atomic.Int64
		now := func() time.Time { return time.Now().Add(time.Duration(offset.Load())).Round(0) }
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Second)
		defer cancel()
		went := time.AfterFunc(15*time.Second, func() { offset.Store(int64(-24*time.Hour - 3*time.Second)) })
		defer went.Stop()
		var gaps []time.Duration
		last := time.Now()
		cadence(ctx, 10*time.Second, now, func(at time.Time) {
			if early := at.Sub(now()); early > 0 {
				t.Errorf("%v early", early)
			}
			gaps, last = append(gaps, time.Since(last)), time.Now()
		})
		if want := []time.Duration{10 * time.Second, 13 * time.Second, 10 * time.Second}; !slices.Equal(gaps[:3], want) {
			t.Errorf("beats after %v, want %v", gaps[:3], want)
		}
	})
}

func TestCadenceEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 12*time.Second)
		defer cancel()
		n, began := 0, time.Now()
		Cadence(ctx, 10*time.Second, func(time.Time) { n++ })
		if n != 1 || time.Since(began) != 12*time.Second {
			t.Errorf("%d beats, ended after %v", n, time.Since(began))
		}
	})
}

// TestGuard: what a log is told before it writes.
func TestGuard(t *testing.T) {
	log := newTestLog(t, logName).grow(20, "entry")
	fork := log.fork(5).grow(10, "fork")
	silent := httptest.NewServer(http.NotFoundHandler())
	silent.Close()
	witnessOf := func(name string, l *testLog, size uint64) Member {
		w := newWitness(t, name, log, durabletest.New(folder), folder)
		if size > 0 {
			mustSign(t, w, l.fork(size), 0)
		}
		return w.member()
	}
	a, b, c := witnessOf("g-1", log, 12), witnessOf("g-2", log, 20), witnessOf("g-3", log, 0)
	forked := witnessOf("g-4", fork, 12)
	down := Member{Name: "party-a", Address: silent.URL}
	nowhere := Member{Name: "party-b"}
	for _, tt := range []struct {
		name    string
		members []Member
		size    uint64 // of our log
		want    error
		silent  int
		latest  uint64
	}{
		{"all know less", []Member{a, b, c}, 20, nil, 0, 20},
		{"we have more", []Member{a}, 20, nil, 0, 12},
		{"nobody answers", []Member{down, nowhere}, 20, nil, 2, 0},
		{"somebody knows more", []Member{a, b, down}, 19, ErrBehind, 1, 20},
		{"we lost all", []Member{a}, 0, ErrBehind, 0, 12},
		{"somebody has another root", []Member{forked, down}, 20, ErrConflict, 1, 12},
		{"two witnesses contradict each other", []Member{a, forked}, 20, ErrConflict, 0, 12},
	} {
		t.Run(tt.name, func(t *testing.T) {
			known, err := Ask(t.Context(), logName, log.vkey, tt.members)
			if err != nil {
				t.Fatal(err)
			}
			if len(known.Silent) != tt.silent || known.Latest.Size != tt.latest {
				t.Errorf("latest %v by %s, silent %v", known.Latest, known.By, known.Silent)
			}
			err = known.Guard(tt.size, log.root)
			if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
				t.Errorf("Guard = %v, want %v", err, tt.want)
			}
		})
	}
	if _, err := Ask(t.Context(), "log.example/south", log.vkey, nil); !errors.Is(err, ErrInvalid) {
		t.Errorf("Ask for another origin = %v", err)
	}
	if _, err := Ask(t.Context(), logName, log.vkey, []Member{{Name: "x", Address: "gopher://x"}}); !errors.Is(err, ErrInvalid) {
		t.Errorf("Ask at an address of another kind = %v", err)
	}
	broken := errors.New("disk")
	known, err := Ask(t.Context(), logName, log.vkey, []Member{a})
	if err != nil {
		t.Fatal(err)
	}
	if err := known.Guard(20, func(uint64) ([32]byte, error) { return [32]byte{}, broken }); !errors.Is(err, broken) || errors.Is(err, ErrConflict) {
		t.Errorf("Guard with a broken disk = %v", err)
	}
}

// TestSplitViewIsProvenByTwoNotes: the notes alone, and the log's key, prove it.
func TestSplitViewIsProvenByTwoNotes(t *testing.T) {
	log := newTestLog(t, logName).grow(12, "entry")
	fork := log.fork(5).grow(7, "fork")
	var members []Member
	for name, l := range map[string]*testLog{"g-1": log, "g-2": fork} {
		w := newWitness(t, name, l, durabletest.New(folder), folder)
		mustSign(t, w, l, 0)
		members = append(members, w.member())
	}
	known, err := Ask(t.Context(), logName, log.vkey, members)
	if err != nil || len(known.Conflicts) != 1 {
		t.Fatalf("Ask = %+v, %v", known, err)
	}
	k, err := parseLogKey(log.vkey)
	if err != nil {
		t.Fatal(err)
	}
	a, errA := openCheckpoint(known.Conflicts[0].First.Note, k...)
	b, errB := openCheckpoint(known.Conflicts[0].Second.Note, k...)
	if errA != nil || errB != nil || a.Size != 12 || b.Size != 12 || a.Root == b.Root {
		t.Errorf("the notes are %v, %v and %v, %v", a, errA, b, errB)
	}
}

// TestClientFollowsNothing: redirects, endless answers and host names that lead
// to this machine.
func TestClientFollowsNothing(t *testing.T) {
	reached := false
	inner := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer inner.Close()
	outer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/add-checkpoint"):
			http.Redirect(w, r, inner.URL, http.StatusTemporaryRedirect)
		default:
			for range noteSizeMax {
				if _, err := io.WriteString(w, "xx"); err != nil {
					return
				}
			}
		}
	}))
	defer outer.Close()
	c := newClient(nil)
	var refused *refusal
	if _, err := c.add(t.Context(), outer.URL, request{}); !errors.As(err, &refused) || refused.status != http.StatusTemporaryRedirect || reached {
		t.Errorf("redirect: %v, followed %v", err, reached)
	}
	if _, err := c.latest(t.Context(), outer.URL, logName); !errors.Is(err, ErrInvalid) {
		t.Errorf("endless answer: %v", err)
	}
}
