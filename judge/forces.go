// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
)

// SupportReach is how far in time fire may lie from movement to count as its
// support, and SupportReachMM how far in place.
//
// Guess: an hour and 5 km, the length and depth of a small attack with what
// prepares it. Test: attacks and unrelated shelling on the same days of a record
// whose reviewers said which was which.
const (
	SupportReach   = trucewatch.Hour
	SupportReachMM = 5_000_000
)

// farther is more than any distance on the ellipsoid, millimetres.
const farther = 30_000_000_000

// forward answers, for advances and raids, whether forces or fire were projected
// forward of the own line: own forces beyond the line of contact, or fire beyond
// it in support of movement. Massing and marching behind the own line is none.
// Source: Dayton Agreement, annex 1-A, article II: "projecting forces or fire
// forward of a Party's own lines".
func (t *trial) forward() condition {
	kind := string(t.support[0].Observation.Kind)
	if t.contact() == nil {
		return condition{holds: yes, reason: reasonOf(yes, string(t.act.ID), t.evidence(), sayNoLine, kind)}
	}
	crossed := t.crossed()
	if crossed.holds == yes {
		return crossed
	}
	support := t.supportingFire()
	switch {
	case support.holds == yes:
		support.reason.Because = append(support.reason.Because, crossed.reason)
		return support
	case crossed.holds == no && support.holds == unknown:
		return support
	}
	return crossed
}

// crossed answers whether the forces seen stand beyond the line of contact.
func (t *trial) crossed() condition {
	line := t.contact()
	if t.region.IsZero() {
		return t.noPlace("own forces forward of line " + line.ID)
	}
	who, claimed, spoke := t.whose()
	if who == "" {
		return condition{holds: unknown, reason: reasonOf(unknown, line.ID, nil, sayForwardOpen, line.ID), change: changeForces}
	}
	p := t.test(t.beyond(trucewatch.PartyID(who)), line.SurveyErrorMM)
	c := condition{holds: p.holds, claimed: claimed, share: &p.share, reason: reasonOf(p.holds, line.ID, idsOf(spoke), sayForward, line.ID, who, percent(p.share))}
	c.reason.Share, c.reason.Because = p.share, t.ends(p)
	if p.holds == unknown {
		c.change = t.decides(p)
	}
	return c
}

// whose returns the one party whose forces were seen, empty if nobody says or
// sources differ.
func (t *trial) whose() (who string, claimed bool, spoke []*trucewatch.Recorded) {
	for _, group := range [2][]*trucewatch.Recorded{t.checked, t.support} {
		for _, r := range group {
			p := ownerOf(r.Observation)
			if !t.isParty(p) {
				continue
			}
			if who != "" && who != p {
				return "", false, nil
			}
			who, spoke = p, append(spoke, r)
		}
		if who != "" {
			return who, !isChecked(spoke), spoke
		}
	}
	return "", false, nil
}

// contact is the line of contact as it was at the time of the event, nil if the
// text has none.
func (t *trial) contact() *agreement.Line { return t.a.LineOfContact(t.in.Incident.When.From) }

// beyond is the ground on the other side of the line of contact from a party.
func (t *trial) beyond(party trucewatch.PartyID) *geo.Zone {
	line := t.contact()
	switch line.Side(party) {
	case geo.Left:
		return geo.NewBand(line.Line, geo.Right, 0, farther)
	case geo.Right:
		return geo.NewBand(line.Line, geo.Left, 0, farther)
	}
	return geo.Union()
}

// supportingFire answers whether fire fell forward of the line of whose movement
// was seen, near it in time and place. Fire that nobody placed on the mover's
// side at its origin may be the other's own.
func (t *trial) supportingFire() condition {
	who, _, _ := t.whose()
	if t.in.Nearby == nil || who == "" || t.region.IsZero() {
		return condition{holds: no}
	}
	when := trucewatch.Interval{From: t.in.Incident.When.From - SupportReach, Till: t.in.Incident.When.Till + SupportReach}
	best := condition{holds: no}
	party := trucewatch.PartyID(who)
	for _, n := range t.in.Nearby(signsOfFire(), when, t.region, SupportReachMM) {
		fell := regionOf(n.Incident)
		if n.Incident.Claims || fell.IsZero() || t.inside(trucewatch.PPM(t.beyond(party).ShareSurveyed(fell))) != yes {
			continue
		}
		if origin := originOf(n.Incident); !origin.IsZero() && t.inside(t.sideShare(origin, party)) == yes {
			return condition{holds: yes, reason: reasonOf(yes, t.contact().ID, idsOf(n.Members), saySupport, n.Incident.ID.String(), lasting(t.in.Incident.When.Gap(n.Incident.When)))}
		}
		if best.holds == no {
			best = condition{holds: unknown, reason: reasonOf(unknown, t.contact().ID, idsOf(n.Members), saySupportOpen, n.Incident.ID.String()),
				change: fill(changeSupport, n.Incident.ID.String())}
		}
	}
	return best
}

// signsOfFire are the kinds by which fire is known.
func signsOfFire() []trucewatch.Kind {
	return []trucewatch.Kind{trucewatch.Explosion, trucewatch.Shot, trucewatch.Burst, trucewatch.ExchangeOfFire, trucewatch.ProjectileInFlight, trucewatch.MuzzleFlash}
}

// originOf returns where an incident's fire came from, zero if it is not known.
func originOf(in *trucewatch.Incident) geo.Region {
	if in.Origin >= 0 && in.Origin < len(in.Estimates) {
		return in.Estimates[in.Origin].Region
	}
	return geo.Region{}
}

// sideShare is the probability that a region lay on a party's side at the time of
// the event.
func (t *trial) sideShare(r geo.Region, party trucewatch.PartyID) trucewatch.PPM {
	shares := t.a.ControlShareAt(r, t.in.Incident.When.From)
	if i := slices.IndexFunc(shares, func(s agreement.PartyShare) bool { return s.Party == party }); i >= 0 {
		return shares[i].Share
	}
	return 0
}
