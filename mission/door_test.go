// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/internal/admission"
	"github.com/trucewatch/trucewatch/internal/operations"
	"github.com/trucewatch/trucewatch/keyring"
	"github.com/trucewatch/trucewatch/record"
)

// placed are n bodies of a device at a place, of one kind, under one signature.
func placed(m *Mission, key ed25519.PrivateKey, source trucewatch.Source, kind trucewatch.Kind, n int, at trucewatch.Instant) []Submission {
	all := detections(m, key, string(source.ID), n, at)
	id := keyring.ID(key.Public().(ed25519.PublicKey))
	sequence, previous := m.ring.Head(id)
	var bodies [][]byte
	for i := range all {
		var b trucewatch.Body
		if err := trucewatch.Decode(all[i].Body, &b); err != nil {
			panic(err)
		}
		b.Sequence, b.Previous = sequence, previous
		b.Payload.Observations.Source = source
		o := &b.Payload.Observations.Observations[0]
		o.Kind, o.Key = kind, trucewatch.ContentKey(trucewatch.Hash{byte(i), byte(i >> 8), byte(len(source.ID)), source.ID[0]})
		o.Where.Region = geo.Region{Kind: geo.Ellipse, Center: geo.Position{LatE7: 10_0000000, LonE7: 20_0000000}, SemiMajorMM: 500_000, SemiMinorMM: 500_000}
		bodies = append(bodies, trucewatch.Encode(b))
		sequence, previous = sequence+1, sha256.Sum256(bodies[i])
	}
	for i, signature := range keyring.SignBatch(key, bodies) {
		all[i] = Submission{Body: bodies[i], Signatures: []trucewatch.Signature{signature}}
	}
	return all
}

// knock posts bodies at a door.
func knock(d http.Handler, all []Submission) (int, answer, http.Header) {
	w := httptest.NewRecorder()
	d.ServeHTTP(w, httptest.NewRequest("POST", "/test/submissions", bytes.NewReader(EncodeSubmissions(all))))
	var a answer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		panic(err)
	}
	return w.Code, a, w.Header()
}

// TestFloodIsShedByWorth: five times what the queue holds comes in. What was
// answered 200 is in the record and nothing else, harm and the patrol are among
// it, the rest is told when to come again, coverage says who was not heard, and
// afterwards all goes on.
func TestFloodIsShedByWorth(t *testing.T) {
	m, now := live(t), trucewatch.InstantOf(time.Now())
	began := now - trucewatch.Minute
	names := []string{"mic-1", "mic-2", "patrol-1", "clinic"}
	keys := map[string]ed25519.PrivateKey{}
	for _, name := range names {
		keys[name] = device(t, m, name, began)
	}
	mic := func(name string) trucewatch.Source {
		return trucewatch.Source{ID: trucewatch.SourceID(name), Kind: trucewatch.SensorSource}
	}
	one := int64(len(EncodeSubmissions(placed(m, keys["mic-1"], mic("mic-1"), "explosion", 8, began))))
	limits := DoorLimits{Queue: admission.Limits{Bytes: 3 * one, SourceBytes: 3 * one, Wait: time.Hour}, Write: one, Body: 10 * one, AtOnce: 100, Settle: time.Minute}
	d := NewDoor(limits)
	d.Learn(m)
	// Nothing is recorded yet: each knock waits in a goroutine of its own until its turn.
	type came struct {
		name string
		code int
		all  []Submission
		h    http.Header
	}
	done := make(chan came, 64)
	send := func(name string, all []Submission) {
		before := waiting(d)
		go func() {
			code, _, h := knock(d, all)
			done <- came{name, code, all, h}
		}()
		for waiting(d) == before { // each is in, or refused, before the next: the test is the same each time
			time.Sleep(time.Millisecond)
		}
	}
	chain := placed(m, keys["mic-1"], mic("mic-1"), "explosion", 8*10, began)
	for i := range 10 {
		send("mic-1", chain[8*i:8*i+8])
	}
	send("patrol-1", placed(m, keys["patrol-1"], trucewatch.Source{ID: "patrol-1", Kind: trucewatch.PatrolSource}, "explosion", 1, began))
	send("clinic", placed(m, keys["clinic"], mic("clinic"), trucewatch.CasualtySeen, 1, began))
	send("mic-2", placed(m, keys["mic-2"], mic("mic-2"), "explosion", 1, began))
	d.mu.Lock()
	first := d.queue.Take(time.Now(), 1)[0]
	d.mu.Unlock()
	if first.Class != admission.Urgent || first.Source != keyName(keys["clinic"]) {
		t.Errorf("first comes %v of %s, not the casualty", first.Class, first.Source)
	}
	for turn := (&Turn{items: []admission.Item[*request]{first}}); turn.Requests() > 0; turn = d.Take(time.Now()) {
		err := d.Write(m, turn)
		if d.Tell(turn, err); err != nil {
			t.Fatal(err)
		}
	}
	m = reopen(t, m)
	taken := map[string]int{}
	for range 13 {
		c := <-done
		for _, s := range c.all {
			if _, recorded := m.submitted[sha256.Sum256(s.Body)]; recorded != (c.code == http.StatusOK) {
				t.Errorf("%s: answered %d, recorded %v", c.name, c.code, recorded)
			}
		}
		if c.code == http.StatusOK {
			taken[c.name]++
		} else if c.code != http.StatusTooManyRequests || c.h.Get("Retry-After") == "" {
			t.Errorf("%s: %d %v, want 429 and when to come again", c.name, c.code, c.h)
		}
	}
	if taken["patrol-1"] != 1 || taken["clinic"] != 1 || taken["mic-2"] != 1 || taken["mic-1"] == 0 || taken["mic-1"] > 3 {
		t.Errorf("taken: %v", taken)
	}
	sv := &served{id: "test", door: d, keeper: &keeper{m: m}, log: slog.New(slog.DiscardHandler)}
	sv.recordShedding(time.Now(), false)
	if d.shed.since.IsZero() {
		t.Error("overload is said to be over at once")
	}
	sv.recordShedding(time.Now().Add(limits.Settle), false)
	if got := overloads(t, m); len(got) != 1 || got[0] != "mic-1" {
		t.Errorf("coverage names %v, want mic-1", got)
	}
	// By itself it is over: health says nothing of it, and what was sent away is taken.
	if why := sv.degraded(time.Now()); slices.ContainsFunc(why, func(s string) bool { return strings.Contains(s, "overloaded") }) {
		t.Errorf("after the flood health says %v", why)
	}
	again := placed(m, keys["mic-1"], mic("mic-1"), "explosion", 8, began)
	send("mic-1", again)
	turn := d.Take(time.Now())
	err := d.Write(m, turn)
	if d.Tell(turn, err); err != nil {
		t.Fatal(err)
	}
	if c := <-done; c.code != http.StatusOK {
		t.Errorf("after the flood: %d", c.code)
	}
	mustBeSound(t, m.dir)
}

func keyName(key ed25519.PrivateKey) string {
	id := keyring.ID(key.Public().(ed25519.PublicKey))
	return fmt.Sprintf("%x", id)
}

func waiting(d *Door) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for _, c := range d.queue.Items() {
		n += c
	}
	for _, c := range d.why {
		n += 1000 * int(c)
	}
	return n
}

// overloads are the sources of which the record says that they were not heard.
func overloads(t *testing.T, m *Mission) (out []string) {
	t.Helper()
	verifier, err := m.logVerifier()
	if err != nil {
		t.Fatal(err)
	}
	r, err := record.OpenReaderOn(m.disk, filepath.Join(m.dir, "record"), verifier)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cursor := r.Entries(0, r.Checkpoint().Size)
	for {
		index, raw, err := cursor.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		e, err := trucewatch.DecodeEntry(index, raw)
		if err != nil {
			t.Fatal(err)
		}
		if c := e.Body.Payload.Coverage; c != nil && c.Watches[0].Cause == "overload" {
			out = append(out, string(c.Source.ID))
		}
	}
	return out
}

// TestWhatWasShedIsRecordedOnce: what the record does not take of one source is tried
// again, and what it took of another is not entered with it once more.
func TestWhatWasShedIsRecordedOnce(t *testing.T) {
	m, now := live(t), time.Now()
	d := NewDoor(DefaultDoorLimits())
	ground := geo.Position{LatE7: 10_0000000, LonE7: 20_0000000}
	before := trucewatch.InstantOf(now) - trucewatch.Minute
	d.shed.since, d.shed.last = now, now
	for i, source := range []trucewatch.Source{{ID: "mic-1", Kind: trucewatch.SensorSource}, {ID: "mic-2", Kind: "no such kind"}, {ID: "mic-3", Kind: trucewatch.SensorSource}} {
		d.shed.bodies[trucewatch.Hash{byte(i)}] = unheard{source, trucewatch.Interval{From: before, Till: before + trucewatch.Second}, ground, ground, 1}
	}
	for range 2 {
		if _, err := d.RecordShedding(m, now); err == nil || !strings.Contains(err.Error(), "coverage of mic-2") {
			t.Fatalf("error %v", err)
		}
		if got := overloads(t, m); !slices.Equal(got, []string{"mic-1", "mic-3"}) {
			t.Fatalf("the record has %v", got)
		}
		if since, _ := d.Overload(); since.IsZero() || len(d.shed.bodies) != 1 {
			t.Fatalf("since %v, %d bodies wait", since, len(d.shed.bodies))
		}
	}
}

// TestForgedBodiesUseNobodysShare: what is not signed by the key that it names is
// sent away at the door, before it counts for anybody.
func TestForgedBodiesUseNobodysShare(t *testing.T) {
	m, now := live(t), trucewatch.InstantOf(time.Now())-trucewatch.Minute
	key := device(t, m, "mic-1", now)
	d := NewDoor(DefaultDoorLimits())
	d.Learn(m)
	all := detections(m, key, "mic-1", 2, now)
	all[1].Signatures[0].Value[3] ^= 1
	if code, a, _ := knock(d, all); code != http.StatusUnprocessableEntity || a.Refused == "" || waiting(d) != 0 {
		t.Errorf("%d %+v, %d wait", code, a, waiting(d))
	}
}

// TestFiguresNameNobody: with a door, an index and organisations, no label of any
// figure is outside the closed list, and no figure holds the name of a source.
func TestFiguresNameNobody(t *testing.T) {
	m, now := live(t), trucewatch.InstantOf(time.Now())-trucewatch.Minute
	device(t, m, "secret-mic", now)
	s := &Server{Audience: trucewatch.ForMission, Log: slog.New(slog.DiscardHandler), DoorLimits: DefaultDoorLimits()}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	s.Door = listener
	if err := s.Add(m.dir); err != nil {
		t.Fatal(err)
	}
	defer s.served[0].keeper.close()
	if err := s.served[0].keeper.fold(m.dir); err != nil {
		t.Fatal(err)
	}
	s.served[0].folded = true
	registry := prometheus.NewRegistry()
	registry.MustRegister(s.collectors()...)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	if len(families) < 8 {
		t.Errorf("only %d figures", len(families))
	}
	for _, f := range families {
		for _, metric := range f.Metric {
			for _, label := range metric.Label {
				if !slices.Contains(operations.Labels(), label.GetName()) || strings.Contains(label.GetValue(), "secret") {
					t.Errorf("%s has the label %s=%q", f.GetName(), label.GetName(), label.GetValue())
				}
			}
		}
	}
	if h := s.health(); h.Status() == "failing" {
		t.Errorf("%+v", h)
	}
	handler, err := operations.Handler("test", s.health, s.collectors()...)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	body, _ := io.ReadAll(w.Body)
	if strings.Contains(string(body), "secret") || !regexp.MustCompile(`trucewatch_entries\{mission="test"\} [1-9]`).Match(body) {
		t.Errorf("%s", body)
	}
}

// TestClockSetBackIsSaid: health says that this machine's clock lies behind what
// the record received.
func TestClockSetBackIsSaid(t *testing.T) {
	m := live(t)
	sv := &served{dir: m.dir, keeper: &keeper{m: m}, folded: true}
	for name, test := range map[string]struct {
		at   time.Time
		want bool
	}{"right": {m.state.Now().Time(), false}, "an hour back": {m.state.Now().Time().Add(-time.Hour), true}} {
		t.Run(name, func(t *testing.T) {
			if got := strings.Contains(strings.Join(sv.degraded(test.at), " "), "clock of this machine was set back"); got != test.want {
				t.Errorf("%v", sv.degraded(test.at))
			}
		})
	}
}
