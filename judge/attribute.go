// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
)

// The rungs of the ladder that are reached here. A formation needs more than the
// record carries.
const (
	levelNone      = "none"
	levelDirection = "direction_only"
	levelArea      = "area_of_control"
	levelParty     = "party"
	levelAdmitted  = "admitted"
)

// attribute says who may be held responsible, and on what grounds. Only where
// fire came from counts: where it fell says nothing of who fired. That nobody
// can be named is a common and respectable answer.
func (t *trial) attribute() trucewatch.Attribution {
	if a, ok := t.admitted(); ok {
		return a
	}
	if a, ok := t.named(); ok {
		return a
	}
	region, basis := t.originRegion()
	if region.IsZero() {
		return t.direction()
	}
	shares := t.a.ControlShare(region)
	slices.SortStableFunc(shares, func(a, b agreement.PartyShare) int { return cmp.Compare(b.Share, a.Share) })
	if len(shares) == 0 {
		return trucewatch.Attribution{Level: levelDirection, Basis: []string{basis, "the agreement has no line of contact: nobody holds the place by the text"}}
	}
	out := trucewatch.Attribution{Level: levelDirection, Basis: []string{basis}}
	need := t.a.Evidence.Attribute(t.act.Severity)
	switch {
	case shares[0].Share < need:
		out.Basis = append(out.Basis, fmt.Sprintf("neither side holds enough of where it may have been: %s at most, %s needed", percent(shares[0].Share), percent(need)))
	case t.a.SideOf(region.Mean()) != shares[0].Party:
		out.Basis = append(out.Basis, "it lies within the survey error of the line of contact")
	default:
		out.Level, out.Party, out.Share = levelArea, shares[0].Party, shares[0].Share
		shares = shares[1:]
	}
	for _, s := range shares {
		if s.Share > 0 {
			out.Alternatives = append(out.Alternatives, trucewatch.Alternative{Party: s.Party, Share: s.Share})
		}
	}
	return out
}

// admitted returns the attribution if a party says of itself that it did it.
func (t *trial) admitted() (trucewatch.Attribution, bool) {
	for _, r := range t.support {
		who := trucewatch.PartyID(actorOrOwner(r.Observation))
		if who != "" && r.Source != nil && r.Source.Party == who && slices.Contains(t.a.PartyIDs, who) && r.Observation.Means.IsClaim() {
			return trucewatch.Attribution{Level: levelAdmitted, Party: who, Share: t.in.Incident.Confidence,
				Basis: []string{fmt.Sprintf("admitted by party %s (observation %v)", who, r.ID)}}, true
		}
	}
	return trucewatch.Attribution{}, false
}

// named returns the attribution if observers who were there say which party it
// was: whose people stopped them, whose aircraft or weapon it was.
func (t *trial) named() (trucewatch.Attribution, bool) {
	who, claimed, spoke := t.whoActed()
	if who == "" || claimed {
		return trucewatch.Attribution{}, false
	}
	return trucewatch.Attribution{Level: levelParty, Party: who, Share: t.in.Incident.Confidence,
		Basis: []string{fmt.Sprintf("named by %s on the spot, the first %v", plural(len(spoke), "observation"), spoke[0].ID)}}, true
}

// whoActed returns the one party that is said to have acted.
func (t *trial) whoActed() (who trucewatch.PartyID, claimed bool, spoke []*trucewatch.Recorded) {
	for _, group := range [2][]*trucewatch.Recorded{t.checked, t.support} {
		for _, r := range group {
			p := trucewatch.PartyID(actorOf(r.Observation))
			if !slices.Contains(t.a.PartyIDs, p) {
				continue
			}
			if who != "" && who != p {
				return "", false, nil // they contradict each other
			}
			who = p
			spoke = append(spoke, r)
		}
		if who != "" {
			return who, !isChecked(spoke), spoke
		}
	}
	return "", false, nil
}

// actorOrOwner is who acted, by whatever field an admission uses.
func actorOrOwner(o *trucewatch.Observation) string {
	if who := actorOf(o); who != "" {
		return who
	}
	if o.Kind == trucewatch.DeliveryByUAV {
		return ownerOf(o)
	}
	return "" // the asset is what was hit: a party that complains of it admits nothing
}

// originRegion returns where the fire came from, or where a thing stands that
// somebody keeps there.
func (t *trial) originRegion() (geo.Region, string) {
	in := t.in.Incident
	if in.Origin >= 0 && in.Origin < len(in.Estimates) {
		e := &in.Estimates[in.Origin]
		return e.Region, "origin: " + e.Method
	}
	stands := func(r *trucewatch.Recorded) bool {
		switch r.Observation.Kind {
		case trucewatch.WeaponSeen, trucewatch.VehicleSeen, trucewatch.PositionSeen, trucewatch.EngineeringWork, trucewatch.PersonsInZone:
			return true
		}
		return false
	}
	if slices.ContainsFunc(t.checked, stands) && !t.region.IsZero() {
		return t.region, "it stands there: the side that holds the ground"
	}
	return geo.Region{}, ""
}

// direction returns the attribution of something seen or heard in flight without
// a place of origin.
func (t *trial) direction() trucewatch.Attribution {
	for _, r := range t.checked {
		if m := r.Observation.Movement; m != nil && m.From != "" {
			return trucewatch.Attribution{Level: levelDirection, Basis: []string{fmt.Sprintf("came from %s (observation %v)", m.From, r.ID)}}
		}
	}
	return trucewatch.Attribution{Level: levelNone}
}
