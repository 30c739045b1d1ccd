// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"syscall"
	"testing/synctest"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/internal/durable/durabletest"
	"github.com/trucewatch/trucewatch/keyring"
	"github.com/trucewatch/trucewatch/mission"
	"github.com/trucewatch/trucewatch/seal"
	"github.com/trucewatch/trucewatch/witness"
)

// secret is in everything that the public must never read: names of sources,
// their words, their identifiers.
const secret = "zqx"

// An event is what happened. Whoever reports it does so in his own way.
type event struct {
	at    trucewatch.Instant
	where geo.Position
	kind  trucewatch.Kind
	arm   trucewatch.Weapon
}

// A reporter is a source that the desk hears: a patrol, a party, a person. What
// was not acknowledged it says again.
type reporter struct {
	source trucewatch.Source
	means  trucewatch.Means
	skew   trucewatch.Instant
	queue  []trucewatch.Observation
	said   []trucewatch.Observation // acknowledged; some of it is said again
}

// A device is a source that signs what it sees, in a chain of its own.
type device struct {
	reporter
	key      ed25519.PrivateKey
	sequence uint64
	previous trucewatch.Hash
	bodies   []mission.Submission // not acknowledged
	rows     []trucewatch.Observation
	sent     []mission.Submission // acknowledged
}

// people makes the sources.
func (w *world) people() {
	w.sources, w.devices = nil, nil
	for _, s := range []struct {
		kind  trucewatch.SourceKind
		party trucewatch.PartyID
		means trucewatch.Means
	}{{trucewatch.PatrolSource, "", trucewatch.HeardSaw}, {trucewatch.PatrolSource, "", trucewatch.Saw}, {trucewatch.PostSource, "", trucewatch.Heard},
		{trucewatch.PartySource, "A", trucewatch.PartyReport}, {trucewatch.PartySource, "B", trucewatch.PartyReport}} {
		id := trucewatch.SourceID(fmt.Sprintf("src%s-%d", secret, len(w.sources)))
		skew := trucewatch.Instant(w.random.IntN(120)-60) * trucewatch.Second
		w.sources = append(w.sources, &reporter{source: trucewatch.Source{ID: id, Kind: s.kind, Party: s.party, Name: "the " + secret}, means: s.means, skew: skew})
	}
	for i, means := range []trucewatch.Means{trucewatch.RecordedCamera, trucewatch.Acoustic} {
		kind := []trucewatch.SourceKind{trucewatch.CameraSource, trucewatch.SensorSource}[i]
		id := trucewatch.SourceID(fmt.Sprintf("dev%s-%d", secret, i))
		w.devices = append(w.devices, &device{key: w.newKey(string(id)),
			reporter: reporter{source: trucewatch.Source{ID: id, Kind: kind}, means: means, skew: -trucewatch.Instant(w.random.IntN(90)) * trucewatch.Second}})
	}
}

// happen makes an event now and then, near the line of contact.
func (w *world) happen() event {
	if e, blown := w.detonate(); blown {
		w.events = append(w.events, e)
		return e
	}
	if len(w.events) == 0 || w.random.IntN(3) > 0 {
		kinds := []event{
			{kind: trucewatch.Explosion, arm: trucewatch.Weapon{Platform: "mortar", CalibreMM: 120}},
			{kind: trucewatch.Burst, arm: trucewatch.Weapon{Platform: "small_arms"}},
			{kind: trucewatch.WeaponSeen, arm: trucewatch.Weapon{Platform: "tank"}},
			{kind: trucewatch.UAVSighted, arm: trucewatch.Weapon{Platform: "uav", Role: "isr"}},
		}
		e := kinds[w.random.IntN(len(kinds))]
		e.at = trucewatch.InstantOf(time.Now().Add(-time.Duration(w.random.IntN(7200)) * time.Second))
		e.where = geo.Position{LatE7: -487_500_000 + int32(w.random.IntN(600_000)), LonE7: -1_225_000_000 + int32(w.random.IntN(600_000))}
		w.events = append(w.events, e)
		return e
	}
	return w.events[len(w.events)-1-w.random.IntN(min(3, len(w.events)))]
}

// see is what a source says of an event. No two positions are the same, so that
// each can be looked for.
func (w *world) see(r *reporter, e event) trucewatch.Observation {
	w.rows++
	key := trucewatch.ContentKey(sha256.Sum256(fmt.Appendf(nil, "%x %d", w.seed, w.rows)))
	at := max(min(e.at+r.skew, w.now()), 1)
	where := geo.Position{LatE7: e.where.LatE7 + int32(w.random.IntN(2000)), LonE7: e.where.LonE7 + int32(w.random.IntN(2000))}
	var arm *trucewatch.Weapon
	if e.arm.Platform != "" {
		arm = &e.arm
	}
	return trucewatch.Observation{Key: key, NativeID: fmt.Sprintf("%s-%d", secret, w.rows), Kind: e.kind, Means: r.means, Weapon: arm,
		Count: trucewatch.Count{Value: int64(1 + w.random.IntN(4)), Qualifier: trucewatch.Exact},
		Where: trucewatch.Place{Text: "by the " + secret, Region: geo.Circle(where, 100_000)},
		When:  trucewatch.Interval{From: at, Till: at + trucewatch.Second}, Text: "seen by " + secret,
		Observer: &trucewatch.Observer{Name: "post " + secret, Position: &where}}
}

// report has sources report: all, some or none of what they have arrives, in any
// order, and some of what they said before once more.
func (w *world) report() error {
	e := w.happen()
	for _, r := range w.sources {
		if w.random.IntN(2) == 0 {
			r.queue = append(r.queue, w.see(r, e))
		}
	}
	for _, r := range w.sources {
		if len(r.queue) == 0 {
			continue
		}
		if w.random.IntN(4) == 0 {
			happened.add("submission: lost")
			continue
		}
		rows := slices.Clone(r.queue)
		if len(r.said) > 0 && w.random.IntN(3) == 0 {
			rows = append(rows, r.said[w.random.IntN(len(r.said))])
			happened.add("submission: rows said again")
		}
		order := slices.Clone(rows)
		w.random.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		if !slices.EqualFunc(rows, order, func(a, b trucewatch.Observation) bool { return a.Key == b.Key }) {
			happened.add("submission: rows in another order")
		}
		batch := &trucewatch.Batch{Source: r.source, Observations: rows}
		err := w.write(rows, func(wr *mission.Writer) error {
			_, err := wr.Enter(nil, trucewatch.Payload{Observations: batch})
			return err
		})
		if err != nil {
			return err
		}
		r.said, r.queue = append(r.said, r.queue...), nil
	}
	return nil
}

// sign makes the device's next body.
func (w *world) sign(d *device, o trucewatch.Observation) {
	p := trucewatch.Payload{Observations: &trucewatch.Batch{Source: d.source, Observations: []trucewatch.Observation{o}}}
	salt := sha256.Sum256(fmt.Append(nil, w.seed, d.source.ID, d.sequence))
	body := trucewatch.Encode(trucewatch.Body{Version: 1, Log: w.m.Origin(), Type: trucewatch.ObservationsEntry, Key: keyring.ID(d.key.Public().(ed25519.PublicKey)),
		Sequence: d.sequence, Previous: d.previous, Payload: p, Salt: salt[:trucewatch.SaltBytes]})
	d.sequence, d.previous = d.sequence+1, sha256.Sum256(body)
	d.bodies = append(d.bodies, mission.Submission{Body: body, Signatures: []trucewatch.Signature{keyring.Sign(d.key, body)}})
	d.rows = append(d.rows, o)
}

// devicesSubmit has devices hand in what was not acknowledged: in order, doubled,
// or with the first body missing, which must be refused until it comes.
func (w *world) devicesSubmit() error {
	e := w.happen()
	for _, d := range w.devices {
		if w.random.IntN(3) > 0 {
			w.sign(d, w.see(&d.reporter, e))
		}
	}
	for _, d := range w.devices {
		if w.random.IntN(4) == 0 {
			continue
		}
		if len(d.bodies) > 1 && w.random.IntN(3) == 0 && w.awaits(d) {
			err := w.write(nil, func(wr *mission.Writer) error {
				_, _, err := wr.Submit(d.bodies[1], max(wr.Stamp(), w.m.State().Now()))
				return err
			})
			if err == nil {
				w.fail("I1", "a body of a device was taken before the one that it names")
			}
			if !errors.Is(err, mission.ErrRefused) {
				return err
			}
			happened.add("submission: body before the one that it names")
		}
		err := w.submitAll(d)
		if errors.Is(err, mission.ErrFlood) || errors.Is(err, mission.ErrRefused) && w.slow > 0 {
			continue // for this hour it is enough, or for the mission's clock it lies in the future: the device keeps it
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// awaits says whether the first body that the device has not had acknowledged is
// the one that the record waits for. It may stand there all the same, if the
// process died before it could say so.
func (w *world) awaits(d *device) bool {
	draft, err := w.m.Draft(d.key.Public().(ed25519.PublicKey), trucewatch.Payload{Observations: &trucewatch.Batch{}})
	w.must(err)
	var next, first trucewatch.Body
	w.must(trucewatch.Decode(draft, &next))
	w.must(trucewatch.Decode(d.bodies[0].Body, &first))
	return next.Sequence == first.Sequence
}

func (w *world) submitAll(d *device) error {
	bodies := d.bodies
	if len(d.sent) > 0 && w.random.IntN(3) == 0 {
		bodies = append([]mission.Submission{d.sent[w.random.IntN(len(d.sent))]}, bodies...)
		happened.add("submission: body handed in again")
	}
	err := w.write(d.rows, func(wr *mission.Writer) error {
		for _, s := range bodies {
			_, _, err := wr.Submit(s, max(wr.Stamp(), w.m.State().Now()))
			if err != nil && !errors.Is(err, mission.ErrErased) { // was recorded, and erased before anybody said so
				return err
			}
		}
		return nil
	})
	if err == nil {
		d.sent = append(d.sent, d.bodies...)
		d.bodies, d.rows = nil, nil
	}
	return err
}

// forge submits what no device signed.
func (w *world) forge() error {
	d := w.devices[w.random.IntN(len(w.devices))]
	sequence, previous, bodies, rows := d.sequence, d.previous, d.bodies, d.rows
	d.bodies, d.rows = nil, nil
	w.sign(d, w.see(&d.reporter, w.happen()))
	forged, row := d.bodies[0], d.rows[0]
	d.sequence, d.previous, d.bodies, d.rows = sequence, previous, bodies, rows
	how := w.random.IntN(3)
	switch how {
	case 0:
		forged.Signatures = []trucewatch.Signature{keyring.Sign(w.newKey("stranger"), forged.Body)}
	case 1:
		forged.Body = append([]byte{}, forged.Body...)
		forged.Body[w.random.IntN(len(forged.Body))] ^= 1
	case 2:
		forged.Signatures = nil
	}
	err := w.write(nil, func(wr *mission.Writer) error {
		_, _, err := wr.Submit(forged, max(wr.Stamp(), w.m.State().Now()))
		return err
	})
	if err == nil {
		w.fail("I1", "a forged body was taken")
	}
	w.account.forged[row.Key] = true
	if errors.Is(err, mission.ErrRefused) {
		happened.add("submission: forged, " + []string{"another key", "a bit changed", "no signature"}[how])
		return nil
	}
	return err
}

// beat is one beat of the cadence, of a process that begins with it.
func (w *world) beat() error {
	c, err := mission.NewCosigner(w.m, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer c.Close()
	err = w.write(nil, func(wr *mission.Writer) error {
		if err := wr.Tick(wr.Stamp()); err != nil {
			return err
		}
		return c.Prepare(wr)
	})
	if err != nil {
		return err
	}
	if err := c.Send(context.Background(), time.Now()); err != nil && !errors.Is(err, witness.ErrUnavailable) {
		return err
	}
	w.checkGrowth()
	time.Sleep(15 * time.Second) // for those that come late
	synctest.Wait()
	w.cosigned = c.Cosigned(time.Now()).Standing
	w.account.shown = max(w.account.shown, w.cosigned.Size)
	if w.cosigned.Tier == witness.Final {
		w.account.final[w.cosigned.Size] = w.cosigned.Root
		w.checkTier()
	}
	return nil
}

func (w *world) enter(p trucewatch.Payload) error {
	err := w.write(nil, func(wr *mission.Writer) error {
		_, err := wr.Enter(nil, p)
		return err
	})
	if errors.Is(err, mission.ErrRefused) {
		return nil
	}
	return err
}

// release makes public what may be.
func (w *world) release() error {
	ids := w.m.State().Publishable()
	if len(ids) == 0 {
		return nil
	}
	return w.enter(trucewatch.Payload{Release: &trucewatch.Release{Findings: ids[:1+w.random.IntN(len(ids))], By: "head of mission"}})
}

func (w *world) serve() error {
	ids := w.m.State().Unserved()
	if len(ids) == 0 {
		return nil
	}
	return w.enter(trucewatch.Payload{Review: &trucewatch.Review{Case: ids[w.random.IntN(len(ids))], Deed: "serve", By: "duty officer"}})
}

// someCase is any case, empty if there is none.
func (w *world) someCase() trucewatch.CaseID {
	var ids []trucewatch.CaseID
	for c := range w.m.State().Cases() {
		ids = append(ids, c.ID)
	}
	if len(ids) == 0 {
		return ""
	}
	return ids[w.random.IntN(len(ids))]
}

func (w *world) answer() error {
	id := w.someCase()
	if id == "" {
		return nil
	}
	party := trucewatch.PartyID("AB"[w.random.IntN(2):][:1])
	says := []string{"admit", "deny"}[w.random.IntN(2)]
	return w.enter(trucewatch.Payload{Answer: &trucewatch.Answer{Case: id, Party: party, Says: says, Text: "says the liaison " + secret}})
}

// proceed has the bodies do something about a case.
func (w *world) proceed() error {
	id, now := w.someCase(), w.now()
	if id == "" {
		return nil
	}
	now = max(now, w.m.State().Now())
	switch w.random.IntN(3) {
	case 0:
		return w.enter(trucewatch.Payload{Step: &trucewatch.Step{Case: id, Deed: "visit_offered", By: "mission", At: now, To: "A", ID: fmt.Sprint("visit-", w.rows), Due: now + trucewatch.Hour}})
	case 1:
		return w.enter(trucewatch.Payload{Step: &trucewatch.Step{Case: id, Deed: "escalated", By: "joint_commission", At: now, To: "special_commission"}})
	}
	votes := []trucewatch.Vote{{Member: "G1", Cast: "for"}, {Member: "G2", Cast: "for"}, {Member: "MISSION", Cast: "abstain"}}
	return w.enter(trucewatch.Payload{Decision: &trucewatch.Decision{ID: fmt.Sprint("d-", w.rows), Case: id, Body: "special_commission", About: "responsibility",
		Question: "who fired", Votes: votes, Party: "A", At: now}})
}

// erase has two officers erase what a source said.
func (w *world) erase() error {
	refs := w.erasable()
	if refs == nil {
		return nil
	}
	w.wantErased(refs[0].Index) // if the process dies over it, the next one goes on with it
	_, err := w.m.Erase(w.officers, trucewatch.Erasure{Boxes: refs, Basis: "article 17", Authority: "data officer"})
	if err == nil {
		w.acknowledge(nil)
		happened.add("erasure: by two officers")
	}
	w.stop() // as the mission must be opened again after that
	return errors.Join(err, w.open())
}

// wantErased notes what stands in an entry that two officers are about to erase.
func (w *world) wantErased(entry uint64) {
	for in := range w.m.State().Incidents() {
		for _, o := range w.m.State().Members(in) {
			if o.ID.Index == entry {
				w.account.asked[entry] = append(w.account.asked[entry], o.Observation.Key)
			}
		}
	}
}

// erasable are the boxes of one entry with observations.
func (w *world) erasable() []trucewatch.BoxRef {
	if !w.sealed {
		return nil
	}
	var entries []uint64
	for in := range w.m.State().Incidents() {
		for _, l := range in.Links {
			entries = append(entries, l.Observation.Index)
		}
	}
	if len(entries) == 0 {
		return nil
	}
	refs, err := w.m.Boxes(entries[w.random.IntN(len(entries))], seal.MissionClass)
	w.must(err)
	return refs
}

// eraseAlone has one officer, or a device, erase: that warrants nothing.
func (w *world) eraseAlone() error {
	refs := w.erasable()
	if refs == nil {
		return nil
	}
	keys := [][]ed25519.PrivateKey{{w.officers[0]}, {w.officers[0], w.officers[0]}, {w.officers[0], w.devices[0].key}}[w.random.IntN(3)]
	err := w.write(nil, func(wr *mission.Writer) error {
		_, err := wr.Enter(keys, trucewatch.Payload{Erasure: &trucewatch.Erasure{Boxes: refs, Basis: "none", Authority: "data officer"}})
		return err
	})
	if err == nil {
		w.fail("I1", "one officer alone erased")
	}
	if errors.Is(err, mission.ErrRefused) {
		happened.add("erasure: by one officer")
		return nil
	}
	return err
}

func (w *world) tick() error {
	until := max(w.now(), w.m.State().Now())
	err := w.write(nil, func(wr *mission.Writer) error { return wr.Tick(until) })
	if due := w.m.State().Due(); err == nil && due != 0 && due <= until {
		w.fail("I7", "what is due at %v did not happen by %v", due, until)
	}
	return err
}

// setClock sets the machine's clock back, ahead, or right again. After it was
// ahead the record's time stands still until the clock comes to it.
func (w *world) setClock() error {
	w.slow = 0
	switch w.random.IntN(4) {
	case 0, 1:
		w.slow = time.Duration(w.random.IntN(48*3600)) * time.Second
	case 2:
		w.slow = -time.Duration(w.random.IntN(48*3600)) * time.Second
	}
	return nil
}

// fill fills the disk: until somebody frees it, no write is possible.
func (w *world) fill() error {
	w.full = 1 + w.random.IntN(3)
	w.disk.FailAt(0, durabletest.NotDone, syscall.ENOSPC, true)
	return nil
}

func (w *world) restartWitness() error {
	w.net.restart(w, w.net.sites[w.random.IntN(len(w.net.sites))])
	return nil
}

func (w *world) forks() error {
	for _, s := range w.net.sites {
		w.net.offerForks(w, s)
	}
	return nil
}
