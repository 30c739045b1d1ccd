// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/mission"
	"github.com/trucewatch/trucewatch/replay"
)

// What the example agreement says of a controlled detonation, X2, which is all that
// is notified here: how long before, and how far beside it something may be in time
// and place. The checker knows the text by these words, and nothing of the judge.
const (
	detonationLead      = 24 * trucewatch.Hour
	detonationTolerance = 30 * trucewatch.Minute
	detonationReachMM   = 300_000
	noticedRadiusMM     = 50_000
)

// A noticed is a notification, and what was done about it.
type noticed struct {
	*trucewatch.Notification
	given    bool // it was acknowledged
	disputed bool // somebody may have objected to it
	objected trucewatch.Instant
	accepted bool // somebody may have taken an objection back
}

// notice has a party give notice of a detonation, or the other answer one.
func (w *world) notice() error {
	now := max(w.now(), w.m.State().Now())
	if last := w.agreed.notices[fmt.Sprint("notice-", w.noticed)]; last != nil && last.given && w.random.IntN(3) == 0 {
		return w.answerNotice(last, now)
	}
	w.noticed++
	id := fmt.Sprint("notice-", w.noticed)
	where := geo.Circle(geo.Position{LatE7: -487_000_000 + int32(w.random.IntN(500_000)), LonE7: -1_224_000_000 + int32(w.random.IntN(500_000))}, noticedRadiusMM)
	from := now + trucewatch.Instant(12+w.random.IntN(36))*trucewatch.Hour // at times too late
	n := &trucewatch.Notification{Key: sha256.Sum256(fmt.Appendf(nil, "%x %s", w.seed, id)), ID: id, Exemption: "X2", By: "A", NotifiedAt: now,
		Window: trucewatch.Interval{From: from, Till: from + 12*trucewatch.Hour}, Area: &where, Agency: "agency " + secret, MaxKG: 40, Text: "told by " + secret}
	w.agreed.notices[id] = &noticed{Notification: n}
	err := w.write(nil, func(wr *mission.Writer) error {
		for range 1 + w.random.IntN(2) { // said twice it counts once
			if _, err := wr.Enter(nil, trucewatch.Payload{Notification: n}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	w.agreed.notices[id].given = true
	happened.add("notification: given")
	if w.random.IntN(3) == 0 {
		return w.answerNotice(w.agreed.notices[id], max(w.now(), w.m.State().Now()))
	}
	return nil
}

func (w *world) answerNotice(n *noticed, now trucewatch.Instant) error {
	deed := []string{"received", "accepted", "objected"}[w.random.IntN(3)]
	n.disputed = n.disputed || deed == "objected"
	n.accepted = n.accepted || deed == "accepted"
	step := &trucewatch.NoticeStep{Notice: n.ID, Deed: deed, By: "B", At: now}
	err := w.write(nil, func(wr *mission.Writer) error {
		_, err := wr.Enter(nil, trucewatch.Payload{NoticeStep: step})
		return err
	})
	if err == nil && deed == "objected" && n.objected == 0 {
		n.objected = now
	}
	return err
}

// detonate is a blast in a notified window, near the notified place; or two
// kilometres off, or one that somebody takes for a mortar.
func (w *world) detonate() (e event, blown bool) {
	now := trucewatch.InstantOf(time.Now())
	for i := range w.noticed {
		n := w.agreed.notices[fmt.Sprint("notice-", i+1)]
		from, till := n.Window.From+10*trucewatch.Minute, min(n.Window.Till, now)
		if till <= from || now-till > 3*trucewatch.Hour || w.random.IntN(3) == 0 {
			continue
		}
		e = event{at: max(from, till-trucewatch.Instant(w.random.IntN(3600))*trucewatch.Second), where: n.Area.Center, kind: trucewatch.Explosion}
		switch w.random.IntN(6) {
		case 0:
			e.where.LatE7 += 180_000
		case 1:
			e.arm = trucewatch.Weapon{Platform: "mortar", CalibreMM: 120}
		}
		return e, true
	}
	return event{}, false
}

// checkExempt derives what is exempt anew from what was notified and seen: no
// finding is exempted that no notification covers, and none says that a party broke
// the agreement by what one covers wholly.
func (w *world) checkExempt(s *replay.State) {
	w.t.Helper()
	for f := range s.Findings() {
		// One that is withdrawn says what it said before the incident became what it is.
		if f.Subject.Incident == nil || s.Incident(*f.Subject.Incident) == nil || f.State == "withdrawn" {
			continue
		}
		in := s.Incident(*f.Subject.Incident)
		members := s.Members(in)
		switch may, must := w.mayCover(in, members), w.covers(in, members); {
		case f.Result == trucewatch.Exempted && !may:
			w.fail("I3", "finding %s is exempted, and no notification covers it", f.ID)
		case must && (f.Result == trucewatch.Violation || f.Result == trucewatch.ProbableViolation):
			w.fail("I3", "finding %s is a %s, and a notification covers it", f.ID, f.Result)
		case f.Result == trucewatch.Exempted:
			happened.add("notification: exempts what it covers")
		case !may && w.nearly(in):
			happened.add("notification: exempts nothing beside it")
		}
	}
}

// mayCover says whether a notification that may stand in the record covers an
// incident, perhaps: time and place are measured generously.
func (w *world) mayCover(in *trucewatch.Incident, members []*trucewatch.Recorded) bool {
	const beside = 1_000_000 // of regions of 100 m, and of what the engine makes of several
	for _, n := range w.agreed.notices {
		standing := n.objected == 0 || n.objected >= in.When.From || n.accepted
		if standing && n.inTime(in, 0) && n.within(in, detonationTolerance) && blasts(members) &&
			slices.ContainsFunc(members, func(o *trucewatch.Recorded) bool { return n.distanceMM(o) <= detonationReachMM+noticedRadiusMM+beside }) {
			return true
		}
	}
	return false
}

// covers says whether a notification covers an incident in any case: it stands in
// the record, undisputed and an hour before its time, and all that belongs to the
// incident lies well within its window and ground.
func (w *world) covers(in *trucewatch.Incident, members []*trucewatch.Recorded) bool {
	for _, n := range w.agreed.notices {
		if n.given && !n.disputed && n.inTime(in, trucewatch.Hour) && n.within(in, 0) && blasts(members) &&
			!slices.ContainsFunc(members, func(o *trucewatch.Recorded) bool { return n.distanceMM(o) > detonationReachMM/2 }) {
			return true
		}
	}
	return false
}

// nearly says whether an incident happened while something was notified, be it of
// another place or another thing.
func (w *world) nearly(in *trucewatch.Incident) bool {
	for _, n := range w.agreed.notices {
		if n.given && n.within(in, 0) {
			return true
		}
	}
	return false
}

// inTime says whether it was given so long before its window, with so much to spare.
func (n *noticed) inTime(in *trucewatch.Incident, spare trucewatch.Instant) bool {
	return n.NotifiedAt+detonationLead+spare <= n.Window.From && n.NotifiedAt < in.When.From
}

// within says whether an incident lies in its window, with so much at each end.
func (n *noticed) within(in *trucewatch.Incident, tolerance trucewatch.Instant) bool {
	return n.Window.From-tolerance <= in.When.From && in.When.Till <= n.Window.Till+tolerance
}

func (n *noticed) distanceMM(o *trucewatch.Recorded) int64 {
	return geo.DistanceMM(n.Area.Center, o.Observation.Where.Region.Center)
}

// blasts says whether everybody saw or heard an explosion, and nobody a weapon. What
// a party claims voids no notification, and that somebody was hurt says nothing of
// who blew it up.
func blasts(members []*trucewatch.Recorded) bool {
	return !slices.ContainsFunc(members, func(o *trucewatch.Recorded) bool {
		if o.Source.Kind == trucewatch.PartySource || o.Observation.Kind == trucewatch.CasualtySeen {
			return false
		}
		return o.Observation.Kind != trucewatch.Explosion || o.Observation.Weapon != nil
	})
}
