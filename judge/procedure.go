// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"cmp"
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/judge/attribution"
)

// Breaches of procedure: a clock that ran out, a notification that was false, an
// order against the text. The record itself shows them.

// A Miss is a clock of a case that ran out before what it waited for was done.
type Miss struct {
	Case  *trucewatch.Case
	Clock trucewatch.CaseClock
	Party trucewatch.PartyID // who owed it; empty: nobody alone
}

// Missed returns the findings about a clock that ran out: one for each act about
// missed deadlines of the text under which the case was opened. That no measure
// of discipline was reported in time is one, where the text has a clock for it.
func Missed(t *Terms, m Miss, index uint64) []trucewatch.Finding {
	x := t.of(m.Case.Agreement)
	if x == nil {
		return nil
	}
	subject := string(m.Case.ID) + "/" + m.Clock.ID
	if m.Party != "" {
		subject += "/" + string(m.Party)
	}
	return x.procedural(trucewatch.DeadlineMissed, func(r *reading, c *act) *trucewatch.Finding {
		f := r.procedure(c, trucewatch.Interval{From: m.Clock.Due, Till: m.Clock.Due}, index)
		f.ID, f.Subject = c.findingID("", subject), trucewatch.Subject{Case: m.Case.ID}
		do := m.Clock.Do
		if do == "" {
			do = m.Clock.ID
		}
		f.Reasons = append(f.Reasons, reasonOf(yes, string(c.ID), nil, sayClock, plain(m.Clock.ID), do, m.Clock.From.String(), m.Clock.Due.String()))
		if m.Party != "" {
			f.Attribution = trucewatch.Attribution{Level: attribution.Party, Party: m.Party, Share: geo.Million, Basis: []string{fill(sayOwed, string(m.Party))}}
		}
		return f
	})
}

// procedural makes a finding of each act about a kind, in the text's first
// reading: what breaks procedure is read in one way.
func (x *text) procedural(kind trucewatch.Kind, of func(*reading, *act) *trucewatch.Finding) []trucewatch.Finding {
	var out []trucewatch.Finding
	r := x.readings[0]
	for _, c := range r.procedures {
		if !slices.Contains(c.When.Kinds, kind) {
			continue
		}
		if f := of(r, c); f != nil {
			out = append(out, *f)
		}
	}
	return out
}

// procedure returns a finding of a breach that the record itself shows.
func (r *reading) procedure(c *act, when trucewatch.Interval, index uint64) *trucewatch.Finding {
	return &trucewatch.Finding{Act: c.ID, ActName: c.Name, Basis: c.Basis, Agreement: r.a.Hash(), Result: trucewatch.Violation, Severity: c.Severity,
		Confidence: geo.Million, Word: r.a.Evidence.Word(geo.Million), Unit: c.Unit, Quantity: 1, Attribution: trucewatch.Attribution{Level: attribution.None},
		State: "preliminary", When: when, Index: index}
}

// A NoticeInput is one notification and the incidents near it.
type NoticeInput struct {
	Terms  *Terms
	Notice *Notice
	Seen   []Neighbour // in its window or at its place
	Facts  []trucewatch.Dated[trucewatch.Fact]
	Index  uint64
}

// Contradicted returns the finding, if any, that what was observed at the
// notified time and place contradicts a notification: a transport that attacked,
// a declared empty drone that dropped a munition, weapons or airframes other than
// those notified, a blast that was a shell; or that a patrol found it false. Its
// subject is the notification, and it is one, however many incidents say so.
func Contradicted(in NoticeInput) []trucewatch.Finding {
	var out []trucewatch.Finding
	when := in.Notice.Notification.Window
	for _, x := range in.Terms.applicable(when) {
		if x.agreement.Exemption(in.Notice.Notification.Exemption) == nil {
			continue
		}
		out = append(out, x.procedural(trucewatch.NotificationFalse, func(r *reading, c *act) *trucewatch.Finding { return r.contradicted(c, &in) })...)
	}
	slices.SortFunc(out, func(f, g trucewatch.Finding) int { return cmp.Compare(f.ID, g.ID) })
	return out
}

func (r *reading) contradicted(c *act, in *NoticeInput) *trucewatch.Finding {
	n := in.Notice.Notification
	x := r.a.Exemption(n.Exemption)
	var reasons []trucewatch.Reason
	var most trucewatch.PPM
	var members, speak []*trucewatch.Recorded
	for i := range in.Seen {
		t := r.hear(c, in, &in.Seen[i])
		if t == nil {
			continue
		}
		if because := t.contradicts(x, in.Notice); because != nil {
			reasons = append(reasons, *because)
			most = max(most, t.in.Incident.Confidence)
			members, speak = append(members, t.in.Members...), append(speak, t.checked...)
		}
	}
	if len(reasons) == 0 {
		return nil
	}
	f := r.procedure(c, n.Window, in.Index)
	f.ID, f.Subject = c.findingID("", n.ID), trucewatch.Subject{Notice: n.ID}
	f.Confidence, f.Word, f.Reasons = most, r.a.Evidence.Word(most), reasons
	if slices.Contains(r.a.PartyIDs, trucewatch.PartyID(n.By)) {
		f.Attribution = trucewatch.Attribution{Level: attribution.Party, Party: trucewatch.PartyID(n.By), Share: most, Basis: []string{fill(sayGaveIt, n.By)}}
	}
	means, need := independentMeans(members, speak), r.a.Evidence.Means(c.Severity)
	switch {
	case most < r.a.Evidence.Probable:
		f.Result = trucewatch.Indeterminate
	case most < r.a.Evidence.Confirmed || means < need:
		f.Result = trucewatch.ProbableViolation
	}
	if f.Result != trucewatch.Violation {
		f.WouldChange = []string{fill(changeMore, percent(most), percent(r.a.Evidence.Confirmed))}
	}
	return f
}

// hear opens a trial of an incident beside a notification: every observation may
// contradict it.
func (r *reading) hear(c *act, in *NoticeInput, n *Neighbour) *trial {
	if n.Incident.Claims || n.Incident.State == "withdrawn" || n.Incident.State == "merged" {
		return nil
	}
	members := slices.SortedFunc(slices.Values(n.Members), byID)
	h := &hearing{in: &Input{Incident: n.Incident, Members: members, Terms: in.Terms, Facts: in.Facts, Index: in.Index}, reading: r, a: r.a}
	h.open()
	return &trial{hearing: h, act: c, support: members, checked: checked(members)}
}

// contradicts says by what an incident contradicts a notification that covers its
// place and time, nil if it does not.
func (t *trial) contradicts(x *agreement.Exemption, n *Notice) *trucewatch.Reason {
	at := &match{t: t, x: x, notice: n, state: yes, lead: yes}
	at.window()
	at.place()
	if at.outcome() != exempt {
		return nil
	}
	m := &match{t: t, x: x, notice: n, state: yes, lead: yes, content: yes}
	m.fits()
	m.airframe()
	m.void()
	for _, r := range t.checked {
		if r.Observation.Kind == trucewatch.NotificationFalse {
			m.contentTerm(no, r, sayFoundFalse)
		}
	}
	if m.content != no {
		return nil
	}
	out := reasonOf(yes, x.ID, t.evidence(), sayContradicts, t.in.Incident.ID.String(), n.Notification.ID)
	out.Because = slices.DeleteFunc(m.terms, func(r trucewatch.Reason) bool { return r.Holds != no.String() })
	return &out
}

// orderSeverity is that of an order against the text where the text has no act
// about it.
//
// Guess: serious, as a change of position is: it prepares breaches and is none by
// itself. Test: how commissions treated such orders.
const orderSeverity = 3

// Orders returns a finding for each recorded order that would set the text aside,
// under every text that says that no order may: it cannot disapply it, and what
// is done by it is judged as if it had not been given. An order that nobody but
// its accuser confirms is open. Its subject is the fact.
func Orders(t *Terms, facts []trucewatch.Dated[trucewatch.Fact], index uint64) []trucewatch.Finding {
	var out []trucewatch.Finding
	for i := range facts {
		f := &facts[i]
		if f.What.Kind != "order_contrary" {
			continue
		}
		when := f.What.Window
		if when.IsZero() {
			when = trucewatch.Interval{From: f.What.At, Till: f.What.At}
		}
		for _, x := range t.applicable(when) {
			if r := x.readings[0]; r.a.Overrides != "" && when.Gap(r.binds()) == 0 {
				out = append(out, r.order(f, when, index))
			}
		}
	}
	slices.SortFunc(out, func(f, g trucewatch.Finding) int { return cmp.Compare(f.ID, g.ID) })
	return out
}

func (r *reading) order(d *trucewatch.Dated[trucewatch.Fact], when trucewatch.Interval, index uint64) trucewatch.Finding {
	c := &act{name: "order", Act: &agreement.Act{ID: "order", Name: "order_contrary", Severity: orderSeverity, Unit: "order", Basis: r.a.Overrides}}
	for i := range r.a.Acts {
		if a := &r.a.Acts[i]; a.When.BreachOf == "order" {
			c = &act{Act: a, name: string(a.ID)}
		}
	}
	fact := &d.What
	f := r.procedure(c, when, index)
	f.ID, f.Subject = c.findingID("", fact.ID), trucewatch.Subject{Fact: fact.ID}
	f.Attribution = trucewatch.Attribution{Level: attribution.Party, Party: fact.Party, Share: geo.Million, Basis: []string{fill(sayOrderOf, string(fact.Party), fact.ID)}}
	f.Reasons = append(f.Reasons, reasonOf(yes, "", nil, sayDisapply, fact.ID, strings.TrimSpace(fact.Text), r.a.Overrides))
	if fact.Confirmed == "" {
		f.Result, f.Confidence = trucewatch.Indeterminate, min(f.Confidence, r.a.Evidence.Probable-1)
		f.Word = r.a.Evidence.Word(f.Confidence)
		f.Reasons = append(f.Reasons, reasonOf(unknown, "", nil, sayOrderClaimed, fact.ID))
		f.WouldChange = []string{changeOrder}
	}
	return *f
}
