// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
)

// A match weighs one notification against one incident, term by term.
type match struct {
	t       *trial
	x       *agreement.Exemption
	notice  *Notice
	terms   []trucewatch.Reason
	state   answer // of all terms but the notice period
	lead    answer
	content answer // of the terms about what was observed: a no contradicts the notification
	change  []string
}

func newMatch(t *trial, x *agreement.Exemption, n *Notice) *match {
	m := &match{t: t, x: x, notice: n, state: yes, content: yes, terms: make([]trucewatch.Reason, 0, 6)}
	m.notified()
	m.standing()
	m.stated()
	m.guarantees()
	m.required()
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
	r := reasonOf(min(m.state, m.lead), m.x.ID, nil, sayNotice, m.x.ID, plain(m.x.Name), n.ID, n.By, what)
	r.Because = m.terms
	return r
}

func (m *match) term(holds answer, evidence []trucewatch.ObservationID, sentence string, blanks ...string) {
	m.state = min(m.state, holds)
	m.terms = append(m.terms, reasonOf(holds, m.x.ID, evidence, sentence, blanks...))
	if holds == unknown {
		m.change = append(m.change, fill(changeTerm, m.notice.Notification.ID, m.terms[len(m.terms)-1].Text))
	}
}

// contentTerm is a term about what was observed.
func (m *match) contentTerm(holds answer, r *trucewatch.Recorded, sentence string, blanks ...string) {
	m.content = min(m.content, holds)
	m.term(holds, []trucewatch.ObservationID{r.ID}, sentence, blanks...)
}

// notified weighs the notice period: from when the notification says it was
// given to the start of its window; a shorter one if it is an emergency and the
// text has one. One that entered the record only after the event may have been
// made up for it, and the record cannot vouch for it.
func (m *match) notified() {
	n := m.notice.Notification
	if n.NotifiedAt >= m.t.in.Incident.When.From {
		m.lead = no
		m.term(no, nil, sayGivenBefore, n.NotifiedAt.String())
		return
	}
	need, sentence := m.x.Lead, sayLead
	if n.Emergency && m.x.EmergencyLead > 0 {
		need, sentence = m.x.EmergencyLead, sayLeadUrgent
	}
	ahead := n.Window.From - n.NotifiedAt
	m.lead = answerOf(ahead >= need)
	m.terms = append(m.terms, reasonOf(m.lead, m.x.ID, nil, sentence, lasting(max(0, ahead)), lasting(need)))
	if m.lead == yes && n.Window.From-m.notice.Received < need {
		m.term(unknown, nil, sayLeadWord, m.notice.Received.String())
		return
	}
	if m.notice.Received > m.t.in.Incident.When.From {
		m.term(unknown, nil, sayKnownWord, m.notice.Received.String())
	}
}

// standing weighs what was done about the notification before the event: one that
// was objected to exempts nothing until that is settled, one that was withdrawn or
// closed exempts nothing any more. No answer is no objection.
func (m *match) standing() {
	s := m.notice.answered(m.t.a, m.t.in.Facts, m.t.in.Incident.When.From)
	switch s.State {
	case NoticeObjected, NoticeClosed:
		m.term(no, nil, sayStanding, s.State+" "+s.Why)
	case NoticeAccepted:
		m.term(yes, nil, sayStanding, s.State+" "+s.Why)
	}
}

// stated weighs whether the notification states what the exemption asks for.
func (m *match) stated() {
	n := m.notice.Notification
	var missing []string
	for _, f := range m.x.Fields {
		if !states(n, f) {
			missing = append(missing, plain(f))
		}
	}
	if len(missing) > 0 {
		m.term(no, nil, sayStates, strings.Join(missing, ", "))
	}
}

// states says whether a notification states a field of the text.
func states(n *trucewatch.Notification, field string) bool {
	switch field {
	case "point", "polygon", "range_polygon":
		return n.Area != nil
	case "corridor", "route":
		return len(n.Route) >= 2
	case "window":
		return !n.Window.IsZero()
	case "agency":
		return n.Agency != ""
	case "max_kg":
		return n.MaxKG > 0
	case "weapons":
		return len(n.Weapons) > 0
	case "airframe_ids":
		return len(n.Airframes) > 0
	case "no_munition_declared":
		return n.NoMunition
	case "object":
		return n.Object != ""
	case "vehicles", "plates":
		return len(n.Vehicles) > 0
	case "marking":
		return n.Marking != ""
	}
	return false
}

// guarantees weighs whether each party that must has given its guarantee by the
// time of the event.
func (m *match) guarantees() {
	at := m.t.in.Incident.When.From
	for _, p := range m.x.GuaranteesFrom {
		given := slices.ContainsFunc(m.notice.Steps, func(s trucewatch.Dated[trucewatch.NoticeStep]) bool {
			return s.What.Deed == "guaranteed" && s.What.By == string(p) && s.Received <= at
		}) || slices.ContainsFunc(m.t.in.Facts, func(f trucewatch.Dated[trucewatch.Fact]) bool {
			return f.What.Kind == "guarantee" && f.What.Party == p && f.What.Ref == m.notice.Notification.ID && f.Received <= at
		})
		word := "given"
		if !given {
			word = "not given before the event"
		}
		m.term(answerOf(given), nil, sayGuaranteed, string(p), word)
	}
}

// required weighs the facts that the exemption asks for: the consent of another
// party than the one that deviates, the commission's entry. One that entered the
// record after the event is its party's word.
func (m *match) required() {
	at, n := m.t.in.Incident.When.From, m.notice.Notification
	for _, kind := range m.x.Requires {
		holds, word := no, "the record has none"
		for _, f := range m.t.in.Facts {
			if f.What.Kind != kind || f.What.Ref != n.ID || kind == "consent_of_other_party" && string(f.What.Party) == n.By ||
				f.What.At > at || !f.What.Window.IsZero() && !f.What.Window.Contains(at) {
				continue
			}
			if f.Received <= at {
				holds, word = yes, "fact "+f.What.ID+", entry "+digits(f.Index)
				break
			}
			holds, word = unknown, "fact "+f.What.ID+" says so, but entered the record only at "+f.Received.String()
		}
		m.term(holds, nil, sayRequired, plain(kind), word)
	}
	if m.x.Effect == "as_stated" {
		m.term(yes, nil, sayDeviation, string(m.t.act.ID), n.Text)
	}
}

// window weighs the time, with the exemption's tolerance at each end.
func (m *match) window() {
	w, tol := m.notice.Notification.Window, m.x.Tolerance
	when := m.t.in.Incident.When
	holds := covers(trucewatch.Interval{From: w.From - tol, Till: w.Till + tol}, when)
	gap := when.Gap(w)
	switch {
	case tol > 0 && gap > 0:
		m.term(holds, nil, sayWindowTolOff, span(w), lasting(tol), lasting(gap))
	case tol > 0:
		m.term(holds, nil, sayWindowTol, span(w), lasting(tol))
	case gap > 0:
		m.term(holds, nil, sayWindowOff, span(w), lasting(gap))
	default:
		m.term(holds, nil, sayWindow, span(w))
	}
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
		m.term(unknown, nil, sayWithinOpen, kilometres(reach), what)
		return
	}
	within, coarse := m.t.within(n, reach)
	holds := m.t.inside(within)
	if holds == no && coarse {
		// A place this coarse cannot show that it was there, nor that it was not. Samples
		// of a region lie up to a sixteenth of its reach apart and may all miss the ground.
		if touches, _ := m.t.within(n, reach+m.t.spread()/16); touches > 0 {
			holds = unknown
		}
	}
	if off, ok := offMM(n, m.t.region.Mean()); ok {
		m.term(holds, nil, sayWithinAt, kilometres(reach), what, percent(within), kilometres(off), kilometres(m.t.spread()))
	} else {
		m.term(holds, nil, sayWithin, kilometres(reach), what, percent(within))
	}
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

// outside weighs the zones in which the exemption never holds.
func (m *match) outside() {
	for _, id := range m.x.Outside {
		if m.t.region.IsZero() {
			m.term(unknown, nil, sayOutsideOpen, id)
			continue
		}
		share := m.t.shareIn(m.t.a.Zone(id).All.ShareSurveyedOf)
		m.term(yes-m.t.inside(share), nil, sayOutside, id, percent(share))
	}
}

// fits weighs whether what was observed can be what was notified: of a corridor
// an aircraft that does not attack; of a notification with weapons, one of
// those; of a detonation only explosions by no known weapon.
func (m *match) fits() {
	n := m.notice.Notification
	for _, r := range m.t.checked {
		o := r.Observation
		w := o.Weapon
		switch {
		case len(n.Route) > 0:
			if w != nil && (w.Role == "fpv_attack" || w.Role == "bomber" || w.Platform == trucewatch.OneWayAttackUAV) {
				m.contentTerm(no, r, sayTransport, weaponText(w))
			}
		case len(n.Weapons) > 0:
			if isKnown(w) && !m.names(w) {
				m.contentTerm(no, r, sayNotified, strings.Join(n.Weapons, ", "), weaponText(w))
			}
		case m.x.Effect != "not_a_violation":
			// What it lifts is named: demining lifts works and mines, and is neither weapon nor blast.
		case o.Kind != trucewatch.Explosion && o.Kind != trucewatch.DetonationControlled:
			m.contentTerm(no, r, sayDetonation, plain(string(o.Kind)))
		case o.Description == trucewatch.Outgoing || o.Description == trucewatch.Airburst:
			m.contentTerm(no, r, sayOnGround, string(o.Description))
		case isKnown(w):
			m.contentTerm(no, r, sayNoWeapon, weaponText(w))
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
			m.contentTerm(answerOf(slices.Contains(n.Airframes, a.ID)), r, sayAirframe, a.ID)
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
		dropped, checked := dropped(m.t.in.Members)
		switch {
		case len(dropped) == 0:
			m.term(yes, nil, sayNotVoid)
		case checked:
			m.content = no
			m.term(no, dropped, sayVoid)
		default:
			m.term(unknown, dropped, sayVoidClaimed)
		}
	}
}

// dropped returns the observations of a munition dropped, and whether some is
// more than a claim.
func dropped(members []*trucewatch.Recorded) (ids []trucewatch.ObservationID, checked bool) {
	var of []*trucewatch.Recorded
	for _, r := range members {
		if r.Observation.Has(trucewatch.MunitionDropped) {
			of = append(of, r)
		}
	}
	return idsOf(of), isChecked(of)
}
