// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/judge/attribution"
)

// LadderReach is how long before or after fire a fact may lie and still be a rung
// of its return-fire ladder, unless it says itself of what it is or for how long.
//
// Guess: six hours; an answer that comes later is no answer to that attack. Test:
// the facts on which parties rely in a record.
const LadderReach = 6 * trucewatch.Hour

// A climb is the return-fire ladder held against one fire.
type climb struct {
	holds  answer
	reason trucewatch.Reason
	change []string
}

// ladder answers, for fire on which a party relies as return fire, whether every
// rung of the text's ladder is shown by recorded facts. A rung that only the
// party itself claims is unknown until somebody else confirms it. Unless all are
// shown the breach stands: a party cannot suspend a finding by claiming.
func (t *trial) ladder() climb {
	l := t.a.ReturnFire
	if l == nil || !t.act.fire || len(t.in.Facts) == 0 {
		return climb{holds: no}
	}
	party := t.relies(l)
	if party == "" {
		return climb{holds: no}
	}
	c := climb{holds: yes, reason: reasonOf(yes, "", nil, sayLadder, string(party))}
	order := t.in.Incident.When.From
	for i := range l.AllowedOnlyIf {
		rung := &l.AllowedOnlyIf[i]
		r := t.rung(rung, party, &order)
		r.Article = l.Basis
		c.reason.Because = append(c.reason.Because, r)
		if r.Holds != yes.String() {
			c.holds = min(c.holds, unknown)
			c.change = append(c.change, fill(changeRung, digits(i+1), plain(rung.Fact), lacking(r)))
		}
		if r.Holds == no.String() {
			c.holds = no
		}
	}
	c.reason.Holds = c.holds.String()
	return c
}

// lacking says what a rung lacks.
func lacking(r trucewatch.Reason) string {
	if r.Holds == unknown.String() {
		return "confirmed by somebody other than the party"
	}
	return "a recorded fact that shows it"
}

// relies returns the party that relies on return fire for this incident: of a
// fact that is a rung and near, or that names the incident. Nobody accused by
// observers on the spot is excused by the other's facts.
func (t *trial) relies(l *agreement.ReturnFire) trucewatch.PartyID {
	accused := t.accused()
	for i := range t.in.Facts {
		f := &t.in.Facts[i].What
		isRung := slices.ContainsFunc(l.AllowedOnlyIf, func(r agreement.Fact) bool { return r.Fact == f.Kind })
		if isRung && (accused == "" || accused == string(f.Party)) && Concerns(f, t.in.Incident) {
			return f.Party
		}
	}
	return ""
}

// accused returns the one party that checked observations say acted.
func (t *trial) accused() string {
	who := ""
	for _, r := range t.checked {
		p := attribution.Actor(r.Observation)
		if !t.isParty(p) {
			continue
		}
		if who != "" && who != p {
			return ""
		}
		who = p
	}
	return who
}

// Concerns says whether a fact is about an incident: it refers to the incident or
// its case, or it lies not long before or after it, or its window holds its
// beginning. Judgements of the incident rest on no other fact, but for those that
// refer to a notification near it.
func Concerns(f *trucewatch.Fact, in *trucewatch.Incident) bool {
	if f.Ref != "" && refers(f.Ref, in) {
		return true
	}
	when := in.When
	if !f.Window.IsZero() {
		return f.Window.Contains(when.From)
	}
	return f.At <= when.Till+LadderReach && f.At >= when.From-LadderReach
}

// refers says whether a reference names an incident, a finding about it or its
// case.
func refers(ref string, in *trucewatch.Incident) bool {
	is := func(id trucewatch.IncidentID) bool {
		return ref == id.String() || strings.HasSuffix(ref, "/"+id.String())
	}
	return is(in.ID) || slices.ContainsFunc(in.Aliases, is)
}

// rung answers one rung from the facts. order is when the order to fire was
// given, the fire itself until a fact says so: what must be notified within a
// time counts from it.
func (t *trial) rung(rung *agreement.Fact, party trucewatch.PartyID, order *trucewatch.Instant) trucewatch.Reason {
	best := reasonOf(no, "", nil, sayRung, rungText(rung), "no such fact is in the record")
	for i := range t.in.Facts {
		d := &t.in.Facts[i]
		f := &d.What
		if f.Kind != rung.Fact || f.Party != party || !Concerns(f, t.in.Incident) {
			continue
		}
		lacks := t.lacks(rung, f, *order)
		switch {
		case lacks != "":
			if best.Holds == no.String() {
				best = reasonOf(no, "", nil, sayRungLacks, rungText(rung), lacks, f.ID, digits(d.Index))
			}
			continue
		case f.Confirmed == "" || f.Confirmed == string(party):
			best = reasonOf(unknown, "", nil, sayRungClaim, rungText(rung), "claimed", string(party), f.ID, digits(d.Index))
		default:
			best = reasonOf(yes, "", nil, sayRungLacks, rungText(rung), "confirmed by "+f.Confirmed, f.ID, digits(d.Index))
		}
		if rung.Fact == "order_by" {
			*order = f.At
		}
		if best.Holds == yes.String() {
			return best
		}
	}
	return best
}

// lacks says what a fact lacks to be the rung, empty if nothing.
func (t *trial) lacks(rung *agreement.Fact, f *trucewatch.Fact, order trucewatch.Instant) string {
	fire := t.in.Incident.When.From
	var absent []string
	for _, to := range rung.To {
		if !slices.Contains(f.To, to) {
			absent = append(absent, plain(to))
		}
	}
	switch {
	case rung.Via != "" && f.Via != rung.Via:
		return "it was not by " + plain(rung.Via)
	case rung.Level != "" && f.Level != rung.Level:
		return "it was not by the " + plain(rung.Level)
	case rung.Before != nil && f.At > fire-*rung.Before:
		return "it was " + lasting(f.At-fire+*rung.Before) + " too late"
	case rung.Fact != "order_notified" && rung.Before == nil && f.At > fire:
		return "it was after the fire"
	case len(absent) > 0:
		return "it was not told to " + strings.Join(absent, " and ")
	case rung.Within > 0 && f.At > order+rung.Within:
		return "it was told " + lasting(f.At-order) + " after, " + lasting(rung.Within) + " are allowed"
	}
	return ""
}

// rungText writes what a rung asks for.
func rungText(r *agreement.Fact) string {
	s := plain(r.Fact)
	if r.Via != "" {
		s += " by " + plain(r.Via)
	}
	if r.Level != "" {
		s += " the " + plain(r.Level)
	}
	if len(r.To) > 0 {
		var to []string
		for _, w := range r.To {
			to = append(to, plain(w))
		}
		s += " to " + strings.Join(to, " and ")
	}
	if r.Within > 0 {
		s += " within " + lasting(r.Within)
	}
	return s
}
