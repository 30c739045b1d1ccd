// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
)

// NoticeReach is how far an event may lie from a notified window for the
// notification to be weighed, and so to be named in the reasons.
//
// Guess: six hours, so that a finding says "after the notified window" and does
// not list the notifications of other days. Test: how often a reviewer asks for
// a notification that was not named.
const NoticeReach = 6 * trucewatch.Hour

// NoticeReachMM is the same for places.
//
// Guess: 5 km, the reach of most patrols' hearing. Test: as NoticeReach.
const NoticeReachMM = 5_000_000

// What a notification does for an incident.
type outcome int

const (
	none    outcome = iota // a term is not met
	late                   // every term is met but the notice period
	perhaps                // a term is unknown and none is not met
	exempt                 // every term is met
)

// exempted is the best that any notification does.
type exempted struct {
	best   outcome
	name   string // "X5/n-2"
	late   string // the one that is met but for the notice period; empty: none
	reason trucewatch.Reason
	change []string
}

// exemptions weighs every notification under every exemption that covers the
// act. Without one near, it says so; the absence of a notification takes away no
// protection and is no breach by itself.
func (t *trial) exemptions() exempted {
	best := exempted{best: none}
	var names []string
	var weighed []trucewatch.Reason
	weigh := func(x *agreement.Exemption) {
		for _, n := range t.notices {
			if n.Notification.Exemption != x.ID || x.Effect == "as_stated" && !slices.Contains(n.Notification.Lifts, t.act.ID) {
				continue
			}
			m := newMatch(t, x, n)
			weighed = append(weighed, m.reason())
			if m.outcome() == late && best.late == "" {
				best.late = x.ID + "/" + n.Notification.ID
			}
			if m.outcome() > best.best {
				best.best, best.name, best.change = m.outcome(), x.ID+"/"+n.Notification.ID, m.change
			}
		}
	}
	for _, x := range t.act.exemptions {
		names = append(names, x.ID)
		weigh(x)
	}
	for _, x := range t.reading.deviates {
		if before := len(weighed); !slices.Contains(names, x.ID) {
			if weigh(x); len(weighed) > before {
				names = append(names, x.ID)
			}
		}
	}
	if len(names) == 0 {
		return best
	}
	holds := [...]answer{none: no, late: no, perhaps: unknown, exempt: yes}[best.best]
	sentence := sayExempt
	if len(weighed) == 0 {
		sentence = sayExemptNone
	}
	best.reason = reasonOf(holds, "", nil, sentence, strings.Join(names, " or "))
	best.reason.Because = weighed
	return best
}

// near says whether a notified place is near enough for the notification to be
// weighed.
func (h *hearing) near(n *trucewatch.Notification) bool {
	if h.region.IsZero() || n.Area == nil && len(n.Route) == 0 {
		return true
	}
	middle := h.region.Mean()
	reach := NoticeReachMM + h.spread()
	if line := corridor(n); line != nil {
		return line.DistanceMM(middle) <= reach
	}
	if len(n.Route) > 0 {
		return geo.NearMM(n.Route[0], middle) <= reach
	}
	return geo.NearMM(n.Area.Mean(), middle) <= reach+spreadMM(*n.Area)
}

// protecting returns the notification under an exemption of the list that covers
// the place and time of the incident, and was known and not withdrawn by then: a
// window of silence that both sides guaranteed, a protected movement.
func (t *trial) protecting(list []*agreement.Exemption) (*agreement.Exemption, *Notice) {
	for _, x := range list {
		for _, n := range t.notices {
			if n.Notification.Exemption != x.ID || n.Received > t.in.Incident.When.From {
				continue
			}
			m := &match{t: t, x: x, notice: n, state: yes, lead: yes}
			m.standing()
			m.window()
			m.place()
			m.guarantees()
			if m.outcome() == exempt {
				return x, n
			}
		}
	}
	return nil, nil
}
