// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
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
	reason trucewatch.Reason
	change []string
}

// exemptions weighs every notification under every exemption that covers the
// act. Without one near, it says so; the absence of a notification takes away no
// protection and is no breach by itself.
func (t *trial) exemptions() exempted {
	best := exempted{best: none}
	var covering []string
	var weighed []trucewatch.Reason
	for i := range t.a.Exemptions {
		x := &t.a.Exemptions[i]
		if t.a.Unjudged(x) != "" || !x.Covers(t.act) && !slices.Contains(t.act.Unless.Exemptions, x.ID) {
			continue
		}
		covering = append(covering, x.ID)
		for _, n := range t.in.Notices {
			if n.Notification.Exemption != x.ID || !t.near(n.Notification) {
				continue
			}
			m := newMatch(t, x, n)
			weighed = append(weighed, m.reason())
			if m.outcome() > best.best {
				best.best, best.name, best.change = m.outcome(), x.ID+"/"+n.Notification.ID, m.change
			}
		}
	}
	if len(covering) == 0 {
		return best
	}
	holds := [...]answer{none: no, late: no, perhaps: unknown, exempt: yes}[best.best]
	best.reason = trucewatch.Reason{Text: "exempt by a notification under " + strings.Join(covering, " or "), Holds: holds.String(), Because: weighed}
	if len(weighed) == 0 {
		best.reason.Text += ": nothing that was notified is near in time and place"
	}
	return best
}

// near says whether a notification is near enough to be weighed.
func (t *trial) near(n *trucewatch.Notification) bool {
	if t.in.Incident.When.Gap(n.Window) > NoticeReach {
		return false
	}
	if t.region.IsZero() || n.Area == nil && len(n.Route) == 0 {
		return true
	}
	within, _ := t.within(n, NoticeReachMM)
	return within > 0
}

// A match weighs one notification against one incident, term by term.
type match struct {
	t      *trial
	x      *agreement.Exemption
	notice Notice
	terms  []trucewatch.Reason
	state  answer // of all terms but the notice period
	lead   answer
	change []string
}

func newMatch(t *trial, x *agreement.Exemption, n Notice) *match {
	m := &match{t: t, x: x, notice: n, state: yes}
	m.notified()
	m.stated()
	m.window()
	m.place()
	m.outside()
	m.fits()
	m.airframe()
	m.void()
	return m
}

func (m *match) outcome() outcome {
	switch {
	case m.state == no:
		return none
	case m.lead == no && m.state == yes:
		return late
	case m.lead == no:
		return none
	case m.state == unknown || m.lead == unknown:
		return perhaps
	}
	return exempt
}

// reason is the notification with its terms.
func (m *match) reason() trucewatch.Reason {
	n := m.notice.Notification
	what := [...]string{none: "does not hold", late: "was given too late", perhaps: "may hold", exempt: "holds"}[m.outcome()]
	return trucewatch.Reason{Text: fmt.Sprintf("%s %s, notification %s by %s: %s", m.x.ID, plain(m.x.Name), n.ID, n.By, what),
		Holds: min(m.state, m.lead).String(), Article: m.x.ID, Because: m.terms}
}

func (m *match) term(holds answer, evidence []*trucewatch.Recorded, format string, args ...any) {
	m.state = min(m.state, holds)
	m.terms = append(m.terms, reasonOf(holds, m.x.ID, evidence, format, args...))
	if holds == unknown {
		m.change = append(m.change, fmt.Sprintf("notification %s: %s", m.notice.Notification.ID, fmt.Sprintf(format, args...)))
	}
}

// notified weighs the notice period: from when the notification says it was
// given to the start of its window. One that entered the record only after the
// event may have been made up for it, and the record cannot vouch for it.
func (m *match) notified() {
	n := m.notice.Notification
	if n.NotifiedAt >= m.t.in.Incident.When.From {
		m.lead = no
		m.term(no, nil, "given before the event: it was given at %v", n.NotifiedAt)
		return
	}
	ahead := n.Window.From - n.NotifiedAt
	m.lead = answerOf(ahead >= m.x.Lead)
	m.terms = append(m.terms, reasonOf(m.lead, m.x.ID, nil, "notified %s before, %s required", lasting(max(0, ahead)), lasting(m.x.Lead)))
	if m.lead == yes && n.Window.From-m.notice.Received < m.x.Lead {
		m.term(unknown, nil, "in time: it says so, but entered the record only at %v", m.notice.Received)
		return
	}
	if m.notice.Received > m.t.in.Incident.When.From {
		m.term(unknown, nil, "known before the event: it says so, but entered the record only at %v", m.notice.Received)
	}
}

// stated weighs whether the notification states what the exemption asks for.
func (m *match) stated() {
	n := m.notice.Notification
	has := map[string]bool{
		"point": n.Area != nil, "polygon": n.Area != nil, "range_polygon": n.Area != nil, "corridor": len(n.Route) >= 2,
		"route": len(n.Route) >= 2, "window": !n.Window.IsZero(), "agency": n.Agency != "", "max_kg": n.MaxKG > 0,
		"weapons": len(n.Weapons) > 0, "airframe_ids": len(n.Airframes) > 0, "no_munition_declared": n.NoMunition,
	}
	var missing []string
	for _, f := range m.x.Fields {
		if known := has[f]; !known {
			missing = append(missing, plain(f))
		}
	}
	if len(missing) > 0 {
		m.term(no, nil, "states what is asked: it does not state %s", strings.Join(missing, ", "))
	}
}

// window weighs the time, with the exemption's tolerance at each end.
func (m *match) window() {
	w, tol := m.notice.Notification.Window, m.x.Tolerance
	when := m.t.in.Incident.When
	holds := covers(trucewatch.Interval{From: w.From - tol, Till: w.Till + tol}, when)
	text := "in the notified window, " + span(w)
	if tol > 0 {
		text += " ± " + lasting(tol)
	}
	if gap := when.Gap(w); gap > 0 {
		text += fmt.Sprintf(": %s outside", lasting(gap))
	}
	m.term(holds, nil, "%s", text)
}

// place weighs the distance from the notified place or corridor.
func (m *match) place() {
	n := m.notice.Notification
	if n.Area == nil && len(n.Route) == 0 {
		return // stated() has said so if the exemption asks for one
	}
	what, reach := "notified place", m.x.ToleranceMM
	if len(n.Route) > 0 {
		what, reach = "notified corridor", m.corridorMM()
	}
	if m.t.region.IsZero() {
		m.term(unknown, nil, "within %s of the %s: where it was is not known", kilometres(reach), what)
		return
	}
	within, coarse := m.t.within(n, reach)
	holds := m.t.inside(within)
	if holds == no && coarse {
		// A place this coarse cannot show that it was there, nor that it was not. Samples
		// of a region lie up to a sixteenth of its reach apart and may all miss the ground.
		if touches, _ := m.t.within(n, reach+spreadMM(m.t.region)/16); touches > 0 {
			holds = unknown
		}
	}
	text := fmt.Sprintf("within %s of the %s: %s of where it may have been is", kilometres(reach), what, percent(within))
	if off, ok := offMM(n, m.t.region.Mean()); ok {
		text += fmt.Sprintf(", and its middle is %s off, ± %s", kilometres(off), kilometres(spreadMM(m.t.region)))
	}
	m.term(holds, nil, "%s", text)
	m.terms[len(m.terms)-1].Share = within
}

// corridorMM is how far from the middle of a corridor an aircraft may be.
func (m *match) corridorMM() int64 {
	for _, v := range m.x.VoidIf {
		if v.Fact == "off_corridor" {
			return v.OverMM
		}
	}
	return m.x.ToleranceMM
}

// within returns the share of the incident's region within a distance of what
// was notified, and whether the region is coarser than that ground, so that a
// low share shows nothing.
func (t *trial) within(n *trucewatch.Notification, reach int64) (share trucewatch.PPM, coarse bool) {
	zone := noticeZone(n, reach)
	share = trucewatch.PPM(zone.Share(t.region))
	ground := reach
	if n.Area != nil && len(n.Route) == 0 {
		ground += spreadMM(*n.Area)
	}
	return share, spreadMM(t.region) > ground
}

// noticeZone is the ground within reach of what was notified: of a corridor's
// centre line, of a circle or other figure.
func noticeZone(n *trucewatch.Notification, reach int64) *geo.Zone {
	if line := corridor(n); line != nil {
		return geo.Union(geo.NewBand(line, geo.OnLine, 0, reach+1),
			geo.NewDisks([]geo.Disk{{Center: n.Route[0], RadiusMM: reach}, {Center: n.Route[len(n.Route)-1], RadiusMM: reach}}))
	}
	if len(n.Route) > 0 {
		return geo.NewDisks([]geo.Disk{{Center: n.Route[0], RadiusMM: reach}})
	}
	if n.Area.Kind != geo.Polygon {
		return geo.NewDisks([]geo.Disk{{Center: n.Area.Mean(), RadiusMM: spreadMM(*n.Area) + reach}})
	}
	area, err := geo.NewArea(n.Area.Rings)
	if err != nil {
		// A ring that crosses itself has no inside: the circle round it is all that can be tested.
		return geo.NewDisks([]geo.Disk{{Center: n.Area.Mean(), RadiusMM: spreadMM(*n.Area) + reach}})
	}
	zones := []*geo.Zone{geo.NewAreas([]*geo.Area{area})}
	if reach > 0 {
		for _, ring := range n.Area.Rings {
			if rim, err := geo.NewLine(append(slices.Clone(ring), ring[0]), 0); err == nil {
				zones = append(zones, geo.NewBand(rim, geo.OnLine, 0, reach+1))
			}
		}
	}
	return geo.Union(zones...)
}

// corridor is the centre line of what was notified, nil if that is no line.
func corridor(n *trucewatch.Notification) *geo.Line {
	if len(n.Route) < 2 {
		return nil
	}
	line, err := geo.NewLine(n.Route, 0)
	if err != nil {
		return nil
	}
	return line
}

// offMM returns how far p is from the middle of what was notified.
func offMM(n *trucewatch.Notification, p geo.Position) (mm int64, ok bool) {
	if line := corridor(n); line != nil {
		return line.DistanceMM(p), true
	}
	if n.Area != nil && n.Area.Kind == geo.Ellipse {
		return geo.DistanceMM(n.Area.Mean(), p), true
	}
	return 0, false
}

// outside weighs the zones in which the exemption never holds.
func (m *match) outside() {
	for _, id := range m.x.Outside {
		if m.t.region.IsZero() {
			m.term(unknown, nil, "outside zone %s: where it was is not known", id)
			continue
		}
		share := m.t.a.Zone(id).Share(m.t.region)
		m.term(yes-m.t.inside(share), nil, "outside zone %s: %s of where it may have been is inside", id, percent(share))
	}
}

// fits weighs whether what was observed can be what was notified: of a corridor
// an aircraft that does not attack; of a notification with weapons, one of
// those; of any other only explosions by no known weapon.
func (m *match) fits() {
	n := m.notice.Notification
	for _, r := range m.t.checked {
		o := r.Observation
		w := o.Weapon
		one := []*trucewatch.Recorded{r}
		switch {
		case len(n.Route) > 0:
			if w != nil && (w.Role == "fpv_attack" || w.Role == "bomber" || w.Platform == trucewatch.OneWayAttackUAV) {
				m.term(no, one, "a transport: it was taken to be %s", weaponsOf(one))
			}
		case slices.Contains(m.x.Fields, "weapons"):
			if isKnown(w) && !m.names(w) {
				m.term(no, one, "of the notified weapons (%s): it was taken to be %s", strings.Join(n.Weapons, ", "), weaponsOf(one))
			}
		case o.Kind != trucewatch.Explosion && o.Kind != trucewatch.DetonationControlled:
			m.term(no, one, "a detonation: there was also %s", plain(string(o.Kind)))
		case o.Description == trucewatch.Outgoing || o.Description == trucewatch.Airburst:
			m.term(no, one, "a detonation on the ground: it was assessed as %s", o.Description)
		case isKnown(w):
			m.term(no, one, "a detonation without a weapon: it was taken to be %s", weaponsOf(one))
		}
	}
}

// names says whether the notification names the weapon, by platform, model or
// class.
func (m *match) names(w *trucewatch.Weapon) bool {
	is := func(name string) bool {
		return strings.EqualFold(name, string(w.Platform)) || strings.EqualFold(name, w.Model)
	}
	for _, c := range m.t.a.Candidates(w) {
		if slices.Contains(m.notice.Notification.Weapons, c.Class.ID) {
			return true
		}
	}
	return slices.ContainsFunc(m.notice.Notification.Weapons, is)
}

// airframe weighs the number of an aircraft, where somebody read it.
func (m *match) airframe() {
	n := m.notice.Notification
	if len(n.Airframes) == 0 {
		return
	}
	for _, r := range m.t.checked {
		if a := r.Observation.Asset; a != nil && a.ID != "" {
			m.term(answerOf(slices.Contains(n.Airframes, a.ID)), []*trucewatch.Recorded{r}, "a notified airframe: %s", a.ID)
		}
	}
}

// void weighs the facts that void the exemption; leaving the corridor is weighed
// with the place.
func (m *match) void() {
	for _, v := range m.x.VoidIf {
		if v.Fact != "munition_dropped" {
			continue
		}
		var dropped []*trucewatch.Recorded
		for _, r := range m.t.in.Members {
			if r.Observation.Has(trucewatch.MunitionDropped) {
				dropped = append(dropped, r)
			}
		}
		switch {
		case len(dropped) == 0:
			m.term(yes, nil, "not void: nobody saw a munition dropped")
		case isChecked(dropped):
			m.term(no, dropped, "not void: a munition was dropped, which voids it")
		default:
			m.term(unknown, dropped, "not void: only a claim says that a munition was dropped")
		}
	}
}
