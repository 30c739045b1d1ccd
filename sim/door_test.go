// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing/synctest"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/internal/admission"
	"github.com/trucewatch/trucewatch/mission"
	"github.com/trucewatch/trucewatch/replay"
)

// doorWait is how long a request waits at the door, and turnBytes what the machine
// records at once: one or two bodies.
const doorWait, turnBytes = 20 * time.Second, 700

// doorLimits are small, so that five bodies are a flood: four wait, and of one
// source as many or half of that.
func (w *world) doorLimits() mission.DoorLimits {
	queue := admission.Limits{Bytes: 2800, SourceBytes: 2800, Wait: doorWait}
	if w.seed%2 == 0 {
		queue.SourceBytes = 1400
	}
	return mission.DoorLimits{Queue: queue, Write: turnBytes, Body: 1 << 20, AtOnce: 64, Settle: time.Minute}
}

// A knock is a request at the door: one body of a device.
type knock struct {
	device *device
	body   mission.Submission
	row    trucewatch.Observation
	bytes  int64
	fresh  bool // it was never handed in before
	got    *httptest.ResponseRecorder
	told   chan struct{} // closed when it is answered, or nobody waits for that any more
	seen   bool          // its answer was looked at
	answer answered
}

// An answered is what the door says, as its clients read it.
type answered struct {
	Recorded []mission.Recorded `json:"recorded"`
	Refused  string             `json:"refused"`
	Again    int64              `json:"again_s"`
}

func (k *knock) harm() bool { return k.row.Kind == trucewatch.CasualtySeen }

// waits says whether it has no answer yet.
func (k *knock) waits() bool {
	select {
	case <-k.told:
		return false
	default:
		return true
	}
}

// A flood is one deed at the door.
type flood struct {
	w      *world
	knocks []*knock // in the order in which they came
	ctx    context.Context
	limits mission.DoorLimits
}

// flood has one device hand in more than its share, or than the machine can do
// meanwhile, and the other something too, at times about harm to people.
func (w *world) flood() error {
	if w.door == nil {
		w.door, w.refused = mission.NewDoor(w.doorLimits()), nil
	}
	w.door.Learn(w.m)
	ctx, cancel := context.WithCancel(context.Background())
	defer synctest.Wait() // until nobody stands there any more
	defer cancel()
	f := &flood{w: w, ctx: ctx, limits: w.doorLimits()}
	loud := w.random.IntN(len(w.devices))
	others := f.queueUp(w.devices[loud], 2+w.random.IntN(5), false)
	few := f.queueUp(w.devices[1-loud], 1+w.random.IntN(2), w.random.IntN(2) == 0)
	var failed error
	for len(others)+len(few) > 0 && failed == nil {
		next := &others
		if len(others) == 0 || len(few) > 0 && w.random.IntN(4) == 0 {
			next = &few
		}
		f.come((*next)[0])
		*next = (*next)[1:]
		if w.random.IntN(4) == 0 {
			failed = f.turn()
		}
	}
	if w.random.IntN(6) == 0 {
		time.Sleep(doorWait + time.Second) // the machine stalls
	}
	for failed == nil && f.waiting(nil) > 0 {
		failed = f.turn()
	}
	f.end(failed)
	return failed
}

// queueUp has a device sign more bodies, and returns all that it still has.
func (f *flood) queueUp(d *device, more int, harm bool) (all []*knock) {
	w, old := f.w, len(d.bodies)
	e := w.happen()
	for range more {
		o := w.see(&d.reporter, e)
		if harm {
			o.Kind, o.Weapon = trucewatch.CasualtySeen, nil
		}
		w.sign(d, o)
	}
	for i, s := range d.bodies {
		size := int64(len(mission.EncodeSubmissions([]mission.Submission{s})))
		all = append(all, &knock{device: d, body: s, row: d.rows[i], bytes: size, fresh: i >= old})
	}
	return all
}

// come has one request come to the door; whoever has to give way is told.
func (f *flood) come(k *knock) {
	k.got, k.told = httptest.NewRecorder(), make(chan struct{})
	body := bytes.NewReader(mission.EncodeSubmissions([]mission.Submission{k.body}))
	request := httptest.NewRequestWithContext(f.ctx, http.MethodPost, "/sim/submissions", body)
	go func() {
		defer close(k.told)
		f.w.door.ServeHTTP(k.got, request)
	}()
	f.knocks = append(f.knocks, k)
	synctest.Wait()
	f.hear()
	for _, d := range f.w.devices {
		if n := f.waiting(d); n > f.limits.Queue.SourceBytes {
			f.w.fail("I7", "%d bytes of one device wait, and %d are its share", n, f.limits.Queue.SourceBytes)
		}
	}
	if n := f.waiting(nil); n > f.limits.Queue.Bytes {
		f.w.fail("I7", "%d bytes wait, and there is room for %d", n, f.limits.Queue.Bytes)
	}
}

// waiting is how many bytes of a device wait; nil: of all.
func (f *flood) waiting(d *device) (bytes int64) {
	for _, k := range f.knocks {
		if k.waits() && (d == nil || k.device == d) {
			bytes += k.bytes
		}
	}
	return bytes
}

// turn has the mission record what the door gives it, as serve does.
func (f *flood) turn() error {
	w := f.w
	turn := w.door.Take(time.Now())
	synctest.Wait()
	f.hear() // those who waited too long
	if turn.Requests() == 0 {
		return nil
	}
	err := w.door.Write(w.m, turn)
	w.door.Tell(turn, err)
	synctest.Wait()
	f.hear()
	if err != nil {
		return err
	}
	w.door.Learn(w.m)
	return nil
}

// hear looks at the new answers.
func (f *flood) hear() {
	f.w.t.Helper()
	var taken []trucewatch.Observation
	defer func() {
		if len(taken) > 0 {
			f.w.acknowledge(taken)
		}
	}()
	for _, k := range f.knocks {
		if k.seen || k.waits() {
			continue
		}
		k.seen = true
		f.w.must(json.Unmarshal(k.got.Body.Bytes(), &k.answer))
		switch k.got.Code {
		case http.StatusOK:
			f.promised(k)
			taken = append(taken, k.row)
		case http.StatusTooManyRequests:
			f.sentAway(k)
		case http.StatusUnprocessableEntity:
			if f.inOrder(k) {
				f.w.fail("I7", "a sound body was refused: %s", k.answer.Refused)
			}
			happened.add("door: body after one that was refused")
		case http.StatusServiceUnavailable:
			happened.add("door: record could not be written")
		case http.StatusGone: // it was recorded, and erased before anybody said so
			taken = append(taken, k.row)
		default:
			f.w.fail("I7", "the door answers %d: %s", k.got.Code, k.answer.Refused)
		}
	}
}

// inOrder says whether the record has all that the device signed before.
func (f *flood) inOrder(k *knock) bool {
	for _, before := range f.knocks {
		if before == k {
			return true
		}
		if before.device == k.device && before.got.Code != http.StatusOK && before.got.Code != http.StatusGone {
			return false
		}
	}
	return true
}

// promised: who is told that it is recorded has the log's word for the place.
func (f *flood) promised(k *knock) {
	w := f.w
	w.t.Helper()
	if len(k.answer.Recorded) != 1 || k.answer.Refused != "" {
		w.fail("I1", "one body was recorded as %+v", k.answer)
	}
	got := k.answer.Recorded[0]
	p, err := mission.ParsePromise([]byte(got.Promise), w.verifier.Key)
	if err != nil || p.Index != got.Index || p.Body != trucewatch.Hash(sha256.Sum256(k.body.Body)) {
		w.fail("I1", "the promise of entry %d is %+v: %v", got.Index, p, err)
	}
	w.account.durable = max(w.account.durable, got.Index+1)
	happened.add("door: body recorded in a flood")
}

// sentAway: who is told to come again was sent away by worth, not by chance.
func (f *flood) sentAway(k *knock) {
	w := f.w
	w.t.Helper()
	if k.got.Header().Get("Retry-After") == "" || k.answer.Again <= 0 || len(k.answer.Recorded) > 0 {
		w.fail("I7", "a body that was not taken is answered %+v", k.answer)
	}
	if strings.Contains(k.answer.Refused, mission.ErrFlood.Error()) {
		if w.quota == 0 {
			w.fail("I7", "a device may hand in what it likes, and is told %s", k.answer.Refused)
		}
		happened.add("door: device over its quota of the hour")
		return
	}
	if since, _ := w.door.Overload(); since.IsZero() {
		w.fail("I7", "a body was sent away, and nobody is told of an overload")
	}
	w.refused = append(w.refused, k.row)
	reason := k.answer.Refused[strings.Index(k.answer.Refused, "(")+1:]
	reason, _, _ = strings.Cut(reason, ")")
	happened.add("door: sent away, " + reason)
	if reason != string(admission.Full) && reason != string(admission.Displaced) {
		return
	}
	other := w.devices[0]
	if other == k.device {
		other = w.devices[1]
	}
	n := f.waiting(other)
	if n == 0 || f.harmWaits(other) {
		return
	}
	if k.harm() || f.harmWaits(k.device) {
		w.fail("I7", "harm to people was sent away (%s) while %d bytes wait that tell of none", reason, n)
	}
	// Another gives way only as long as more of it waits, and whole bodies at a time.
	var most int64
	for _, o := range f.knocks {
		if o.device == other && o.waits() {
			most = max(most, o.bytes)
		}
	}
	// Near a case something is worth more, and only the door knows what is near.
	if own := f.waiting(k.device) + k.bytes; reason == string(admission.Full) && n > own+k.bytes+most && w.quiet() {
		w.fail("I7", "a device of which %d bytes wait was sent away while %d of another do", own, n)
	}
}

// quiet says whether there are no cases.
func (w *world) quiet() bool {
	for range w.m.State().Cases() {
		return false
	}
	return true
}

// harmWaits says whether anything about harm to people waits of a device.
func (f *flood) harmWaits(d *device) bool {
	return slices.ContainsFunc(f.knocks, func(k *knock) bool { return k.device == d && k.harm() && k.waits() })
}

// end has those who wait be told that the record could not be written, if it could
// not, and the devices forget what was acknowledged.
func (f *flood) end(failed error) {
	w := f.w
	w.t.Helper()
	for failed != nil && f.waiting(nil) > 0 {
		w.door.Tell(w.door.Take(time.Now()), failed)
		synctest.Wait()
		f.hear()
	}
	var known map[trucewatch.ContentKey]bool
	if failed == nil {
		known = membersOf(w.m.State())
	}
	for _, k := range f.knocks {
		d := k.device
		switch code := k.got.Code; {
		case code == http.StatusOK || code == http.StatusGone:
			i := slices.IndexFunc(d.rows, func(o trucewatch.Observation) bool { return o.Key == k.row.Key })
			d.bodies, d.rows = slices.Delete(d.bodies, i, i+1), slices.Delete(d.rows, i, i+1)
			d.sent = append(d.sent, k.body)
		case failed == nil && k.fresh && known[k.row.Key]:
			w.fail("I1", "a body was recorded, and its sender was told %d: %s", code, k.answer.Refused)
		}
	}
}

// membersOf are the observations that are in incidents.
func membersOf(s *replay.State) map[trucewatch.ContentKey]bool {
	known := map[trucewatch.ContentKey]bool{}
	for in := range s.Incidents() {
		for _, o := range s.Members(in) {
			known[o.Observation.Key] = true
		}
	}
	return known
}

// endOverload records what was refused, if an overload is over.
func (w *world) endOverload() error {
	if w.door == nil || !w.door.Over(time.Now()) {
		return nil
	}
	if _, err := w.door.RecordShedding(w.m, time.Now()); err != nil {
		return err
	}
	w.acknowledge(nil)
	if since, _ := w.door.Overload(); !since.IsZero() {
		w.fail("I7", "the overload since %v was recorded, and goes on", since)
	}
	happened.add("door: overload recorded")
	w.checkUnheard()
	return nil
}

// checkUnheard: of what was refused and did not come again, the record says that
// its source was not heard then. In a sealed one that is sealed.
func (w *world) checkUnheard() {
	w.t.Helper()
	w.readEntries(w.sound())
	known := membersOf(w.m.State())
	for _, o := range w.refused {
		if w.sealed || known[o.Key] || o.When.From >= w.m.State().Now() {
			continue
		}
		covered := slices.ContainsFunc(w.account.unheard, func(out trucewatch.Watch) bool {
			return out.When.From <= o.When.From && o.When.From < out.When.Till
		})
		if !covered {
			w.fail("I7", "what was refused of %v is not in the record, and no statement of coverage says so", o.When.From)
		}
	}
	w.refused = nil
}

// readUnheard notes when the record says that somebody was not heard.
func (w *world) readUnheard(e *trucewatch.Entry) {
	if c := e.Body.Payload.Coverage; c != nil {
		for _, watch := range c.Watches {
			if watch.State == "out" && watch.Cause == "overload" {
				w.account.unheard = append(w.account.unheard, watch)
			}
		}
	}
}

// checkQuota: of no device are there more bodies in an hour than the policy lets in.
func (w *world) checkQuota(s *replay.State) {
	w.t.Helper()
	if w.quota == 0 {
		return
	}
	type hour struct {
		source trucewatch.SourceID
		at     trucewatch.Instant
	}
	bodies := map[hour]int64{}
	for in := range s.Incidents() {
		for _, o := range s.Members(in) {
			if o.Source.Kind == trucewatch.CameraSource || o.Source.Kind == trucewatch.SensorSource {
				bodies[hour{o.Source.ID, o.Received / trucewatch.Hour}]++
			}
		}
	}
	for of, n := range bodies {
		if n > w.quota {
			w.fail("I7", "%d bodies of %s were taken in hour %v, and the policy lets %d in", n, of.source, of.at*trucewatch.Hour, w.quota)
		}
	}
}

// landAtOnce is how many bodies of a device fit in its share of the queue.
const landAtOnce = 2

// landAtDoor: when nobody floods any more, all that devices keep is taken at the
// door at once, hour by hour if they have said enough for one, and health is well.
func (w *world) landAtDoor() {
	w.t.Helper()
	w.pass(time.Hour)
	w.must(w.endOverload())
	if w.door == nil {
		w.door = mission.NewDoor(w.doorLimits())
	}
	w.door.Learn(w.m)
	if since, _ := w.door.Overload(); !since.IsZero() {
		w.fail("I7", "an hour after the last refusal there is an overload since %v", since)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, d := range w.devices {
		for len(d.bodies) > 0 {
			f := &flood{w: w, ctx: ctx, limits: w.doorLimits()}
			all := f.queueUp(d, 0, false)
			for _, k := range all[:min(len(all), landAtOnce)] {
				f.come(k)
			}
			var err error
			for err == nil && f.waiting(nil) > 0 {
				err = f.turn()
			}
			f.end(err)
			w.must(err)
			switch k := f.knocks[0]; {
			case k.got.Code == http.StatusOK || k.got.Code == http.StatusGone:
			case k.got.Code == http.StatusTooManyRequests && w.quota > 0:
				w.pass(time.Hour)
			default:
				w.fail("I7", "without a flood the door answers %d: %s", k.got.Code, k.answer.Refused)
			}
		}
	}
}
