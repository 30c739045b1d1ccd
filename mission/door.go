// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/internal/admission"
	"github.com/trucewatch/trucewatch/keyring"
)

// DoorLimits bound what waits at the door of a served mission.
//
// Guess: a machine that records 20,000 rows in a second clears 32 MB in less than
// the half minute that a sender waits; a source may hold an eighth. Test: the
// flood of TestFloodIsShedByWorth, and the wait of a real service.
type DoorLimits struct {
	Queue  admission.Limits
	Write  int64         // bytes recorded under one sync at most
	Body   int64         // bytes of one request
	AtOnce int           // requests that are read at once
	Settle time.Duration // without a refusal, after which overload is over and is recorded
}

// DefaultDoorLimits are those of serve.
func DefaultDoorLimits() DoorLimits {
	return DoorLimits{Queue: admission.Limits{Bytes: 32 << 20, SourceBytes: 4 << 20, Wait: 20 * time.Second},
		Write: 1 << 20, Body: 2 << 20, AtOnce: 64, Settle: time.Minute}
}

// A Door takes in what devices and officers signed while a mission is served. It
// holds each body to its signature before it counts for its source, so that
// nobody uses up the share of another; then admission decides. Whoever owns the
// mission has it Learn, Takes what is next, Writes it and Tells what came of it,
// and records now and then what was refused. What it remembers of refusals is lost
// if the process is killed. Its methods may be called at once.
type Door struct {
	limits DoorLimits
	known  atomic.Pointer[knowledge]
	slots  chan struct{}
	came   chan struct{} // something waits

	mu    sync.Mutex // guards what follows
	queue *admission.Queue[*request]
	shed  shedding
	count [2][admission.Classes]uint64 // bodies let in and sent away, by class
	why   map[admission.Reason]uint64
	bad   uint64 // requests that are none, or not signed by a key of the record
}

// What the door knows of the mission, as of the last write.
type knowledge struct {
	keys  map[trucewatch.KeyID]trucewatch.KeyRegistration
	cases []caseGround
}

// A caseGround is when and where the incident of a case lies whose clock runs.
type caseGround struct {
	when      trucewatch.Interval
	low, high geo.Position
}

// A request waits for its answer.
type request struct {
	all    []Submission
	rows   []*trucewatch.Batch // of each body, nil if it holds no observations
	answer chan answer         // has room for one
}

// An answer is what came of a request.
type answer struct {
	Recorded []Recorded `json:"recorded,omitempty"`
	Refused  string     `json:"refused,omitempty"` // why the rest was not taken
	Again    int64      `json:"again_s,omitempty"` // after so many seconds; 0: never as it is
	status   int
}

// Recorded is what came of a body.
type Recorded struct {
	Body    trucewatch.Hash `json:"body"`
	Index   uint64          `json:"index"`
	Promise string          `json:"promise"` // the operator's signed word
}

// NewDoor returns a door at which nobody waits. Nobody may come before Learn.
func NewDoor(limits DoorLimits) *Door {
	return &Door{limits: limits, slots: make(chan struct{}, limits.AtOnce), came: make(chan struct{}, 1),
		queue: admission.New[*request](limits.Queue), shed: newShedding(), why: map[admission.Reason]uint64{}}
}

// caseNear and caseNearE7 are how near a row must be to the incident of an
// open case to be put before others: six hours, a tenth of a degree.
//
// Guess: what is farther decides no case. Test: links of late rows in real cases.
const (
	caseNear   = 6 * trucewatch.Hour
	caseNearE7 = 1_000_000
)

// Learn takes over who may sign and which cases are open.
func (d *Door) Learn(m *Mission) {
	k := &knowledge{keys: map[trucewatch.KeyID]trucewatch.KeyRegistration{}}
	for _, key := range m.Keys() {
		if good, ok := m.ring.Key(key.ID); ok {
			k.keys[key.ID] = good
		}
	}
	for c := range m.state.Cases() {
		if c.Incident == nil || !clockRuns(c) {
			continue
		}
		if in := m.state.Incident(*c.Incident); in != nil && len(in.Estimates) > 0 {
			low, high := in.Estimates[0].Region.Bounds()
			k.cases = append(k.cases, caseGround{in.When, low, high})
		}
	}
	d.known.Store(k)
}

func clockRuns(c *trucewatch.Case) bool {
	for _, clock := range c.Clocks {
		if clock.Ended == 0 && !clock.RanOut {
			return true
		}
	}
	return false
}

// classOf says how bad it would be to lose a body.
func (k *knowledge) classOf(key trucewatch.KeyRegistration, b *trucewatch.Batch) admission.Class {
	if key.Role != trucewatch.DeviceKey {
		return admission.Urgent // few, and each by a person about a case, a key or an order
	}
	class := admission.Routine
	if b == nil {
		return class
	}
	for i := range b.Observations {
		switch o := &b.Observations[i]; {
		case o.Kind == trucewatch.CasualtySeen || o.Kind == trucewatch.FireAtMissionAsset || o.Kind == trucewatch.Damage:
			return admission.Urgent
		case b.Source.Kind == trucewatch.PatrolSource || k.near(o):
			class = admission.Cases
		}
	}
	return class
}

func (k *knowledge) near(o *trucewatch.Observation) bool {
	if o.Where.Region.Kind == "" || o.When.IsZero() {
		return false
	}
	low, high := o.Where.Region.Bounds()
	for _, c := range k.cases {
		if o.When.From <= c.when.Till+caseNear && o.When.Till >= c.when.From-caseNear &&
			low.LatE7 <= c.high.LatE7+caseNearE7 && high.LatE7 >= c.low.LatE7-caseNearE7 && low.LonE7 <= c.high.LonE7+caseNearE7 && high.LonE7 >= c.low.LonE7-caseNearE7 {
			return true
		}
	}
	return false
}

// ServeHTTP takes a file of bodies, as sign makes it, and answers when they are
// durable, or why they are not taken and when to come again.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case d.slots <- struct{}{}:
	default:
		reply(w, answer{Refused: "too many requests at once", Again: 1, status: http.StatusServiceUnavailable})
		return
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, d.limits.Body))
	<-d.slots // what waits is bounded by the queue
	if err != nil {
		reply(w, answer{Refused: fmt.Sprintf("read request: %v; at most %d bytes at once", err, d.limits.Body), status: http.StatusRequestEntityTooLarge})
		return
	}
	item, err := d.item(data)
	if err != nil {
		d.mu.Lock()
		d.bad++
		d.mu.Unlock()
		reply(w, answer{Refused: err.Error(), status: http.StatusUnprocessableEntity})
		return
	}
	d.offer(item, time.Now())
	select {
	case a := <-item.Value.answer:
		reply(w, a)
	case <-r.Context().Done(): // it may be recorded all the same; whoever asks again learns where
	}
}

// reply writes an answer, with when to come again in the header that clients know.
func reply(w http.ResponseWriter, a answer) {
	w.Header().Set("Content-Type", "application/json")
	if a.Again > 0 {
		w.Header().Set("Retry-After", strconv.FormatInt(a.Again, 10))
	}
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(a) // who hung up asks again
}

// item reads a request and holds it to the keys of the record.
func (d *Door) item(data []byte) (admission.Item[*request], error) {
	it := admission.Item[*request]{Bytes: int64(len(data)), Class: admission.Routine, Value: &request{answer: make(chan answer, 1)}}
	all, err := DecodeSubmissions(data)
	if err != nil {
		return it, err
	}
	known := d.known.Load()
	var checks []keyring.Check
	for i, s := range all {
		var body trucewatch.Body
		if err := trucewatch.Decode(s.Body, &body); err != nil {
			return it, fmt.Errorf("%w: body %d: %w", ErrRefused, i, err)
		}
		key, ok := known.keys[body.Key]
		if name := fmt.Sprintf("%x", body.Key); !ok || it.Source != "" && it.Source != name {
			return it, fmt.Errorf("%w: body %d: signed by a key that the record does not know, or by another than the one before", ErrRefused, i)
		} else {
			it.Source = name
		}
		signed := false
		for _, signature := range s.Signatures {
			if signature.Key == body.Key {
				checks, signed = append(checks, keyring.CheckOf(key, s.Body, signature)), true
			}
		}
		if !signed {
			return it, fmt.Errorf("%w: body %d has no signature of its own key", ErrRefused, i)
		}
		it.Class = min(it.Class, known.classOf(key, body.Payload.Observations))
		it.Value.rows = append(it.Value.rows, body.Payload.Observations)
	}
	if problems := keyring.Verify(checks); len(problems) > 0 {
		return it, fmt.Errorf("%w: %s", ErrRefused, problems[0].What)
	}
	it.Value.all = all
	return it, nil
}

// offer queues a request, and answers those that have to make room for it.
func (d *Door) offer(it admission.Item[*request], now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refuse(d.queue.Offer(now, it), now)
	select {
	case d.came <- struct{}{}:
	default:
	}
}

// refuse answers what was shed, and remembers it. The lock is held.
func (d *Door) refuse(shed []admission.Shed[*request], now time.Time) {
	for _, s := range shed {
		d.why[s.Reason]++
		d.count[1][s.Class] += uint64(len(s.Value.all))
		d.shed.add(s.Value, now)
		again := int64(math.Ceil(d.limits.Queue.Wait.Seconds()))
		s.Value.answer <- answer{Refused: "more comes in than can be recorded (" + string(s.Reason) + "): nothing of it was taken; keep it and submit it again",
			Again: again, status: http.StatusTooManyRequests}
	}
}

// A Turn is what is recorded under one sync.
type Turn struct {
	items   []admission.Item[*request]
	answers []answer // of the last Write
}

// Requests is how many there are; 0 if nobody waits.
func (t *Turn) Requests() int { return len(t.items) }

// Take returns what to record next. Each Turn must be told what came of it.
func (d *Door) Take(now time.Time) *Turn {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refuse(d.queue.Expire(now), now)
	return &Turn{items: d.queue.Take(now, d.limits.Write)}
}

// Write records a turn under one sync. It may be called again if it fails.
func (d *Door) Write(m *Mission, t *Turn) error {
	t.answers = make([]answer, len(t.items))
	return m.Write(func(w *Writer) error {
		for i, it := range t.items {
			a, err := w.enterRequest(it.Value)
			if err != nil {
				return err
			}
			t.answers[i] = a
		}
		return w.flush()
	})
}

// Tell answers requests, with the error of their Write: only when all is durable is
// any of it acknowledged.
func (d *Door) Tell(t *Turn, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, it := range t.items {
		a := answer{Refused: "the record could not be written; what of it was recorded is not known: submit it again", Again: 5, status: http.StatusServiceUnavailable}
		if err == nil {
			a = t.answers[i]
		}
		d.count[0][it.Class] += uint64(len(a.Recorded))
		it.Value.answer <- a
	}
}

// Overload is since when some were refused, and when the last was; zero if nobody
// was since the last overload was recorded.
func (d *Door) Overload() (since, last time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.shed.since, d.shed.last
}

// Over says whether there was an overload and it is to be recorded: it has settled,
// or has filled what can be remembered.
func (d *Door) Over(now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.shed.over(now, d.limits.Settle)
}

// RecordShedding enters what was refused in an overload, so that its silence is not
// taken for peace, and returns how many bodies that were. If it fails the overload
// goes on, as of now, with what is not durable yet.
func (d *Door) RecordShedding(m *Mission, now time.Time) (bodies int, err error) {
	d.mu.Lock()
	s := d.shed
	d.shed = newShedding()
	d.mu.Unlock()
	recorded := func(body trucewatch.Hash) bool { _, ok := m.submitted[body]; return ok }
	entered := map[trucewatch.SourceID]bool{}
	err = m.Write(func(w *Writer) error {
		var refused error
		for _, r := range s.reports(recorded, w.Stamp()) {
			_, err := w.Enter(nil, trucewatch.Payload{Coverage: r})
			if err != nil && !errors.Is(err, ErrRefused) && !errors.Is(err, trucewatch.ErrInvalid) {
				return err
			}
			if err != nil {
				refused = errors.Join(refused, fmt.Errorf("coverage of %s: %w", r.Source.ID, err))
				continue
			}
			entered[r.Source.ID] = true
		}
		return refused
	})
	if err == nil {
		return len(s.bodies), nil
	}
	if !m.ahead {
		maps.DeleteFunc(s.bodies, func(_ trucewatch.Hash, u unheard) bool { return entered[u.source.ID] })
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	maps.Copy(s.bodies, d.shed.bodies)
	s.last = now
	d.shed = s
	return 0, err
}

// enterRequest records the bodies of a request up to the first that is refused.
// The answer may be given when the writer has flushed.
func (w *Writer) enterRequest(r *request) (answer, error) {
	a := answer{status: http.StatusOK}
	for _, s := range r.all {
		received := max(w.Stamp(), w.m.state.Now())
		index, _, err := w.Submit(s, received)
		switch {
		case errors.Is(err, ErrFlood):
			a.Refused, a.status = err.Error(), http.StatusTooManyRequests
			a.Again = int64((hourOf(received)+trucewatch.Hour-received)/trucewatch.Second) + 1
			return a, nil
		case errors.Is(err, ErrErased):
			a.Refused, a.status = err.Error(), http.StatusGone
			return a, nil
		case errors.Is(err, ErrRefused):
			a.Refused, a.status = err.Error(), http.StatusUnprocessableEntity
			return a, nil
		case err != nil:
			return a, err
		}
		promise, err := w.Promise(s, index, received)
		if err != nil {
			return a, err
		}
		a.Recorded = append(a.Recorded, Recorded{Body: sha256.Sum256(s.Body), Index: index, Promise: string(promise)})
	}
	return a, nil
}
