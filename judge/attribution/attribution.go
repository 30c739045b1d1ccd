// SPDX-License-Identifier: Apache-2.0

// Package attribution says who fired, how sure that is, and who else it may have
// been.
package attribution

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
)

// The levels of trucewatch.Attribution, lowest first.
const (
	None      = "none"
	Direction = "direction_only"
	Area      = "area_of_control"
	Party     = "party"
	Formation = "formation"
	Admitted  = "admitted"
)

// An Input is one act of an incident and what may say who did it.
type Input struct {
	Incident  *trucewatch.Incident
	Members   []*trucewatch.Recorded // observations that the incident links
	Support   []*trucewatch.Recorded // of Members, those that show the act
	Origins   []*trucewatch.Incident // that the time of flight links to this one as where it was fired
	Facts     []*trucewatch.Fact     // recorded so far; those about other incidents are passed over
	Agreement *agreement.Agreement   // in one reading
	Severity  int                    // of the act: sets how sure a party's name must be
	Digital   bool                   // the act is of the digital annex, which has its own threshold
}

// Of says who may be held responsible, and on what grounds. Only where fire came
// from counts: where it fell says nothing of who fired. That nobody can be named
// is a common and respectable answer.
func Of(in Input) trucewatch.Attribution {
	if a, ok := in.admitted(); ok {
		return a
	}
	if a, ok := in.named(); ok {
		return a
	}
	region, basis := in.originRegion()
	if region.IsZero() {
		return in.direction()
	}
	shares := in.Agreement.ControlShare(region)
	slices.SortStableFunc(shares, func(a, b agreement.PartyShare) int { return cmp.Compare(b.Share, a.Share) })
	if len(shares) == 0 {
		return trucewatch.Attribution{Level: Direction, Basis: []string{basis, "the agreement has no line of contact: nobody holds the place by the text"}}
	}
	out := trucewatch.Attribution{Level: Direction, Basis: []string{basis}}
	need := in.Agreement.Evidence.Attribute(in.Severity)
	switch {
	case shares[0].Share < need:
		out.Basis = append(out.Basis, fmt.Sprintf("neither side holds enough of where it may have been: %s at most, %s needed", percent(shares[0].Share), percent(need)))
	case in.Agreement.SideOf(region.Mean()) != shares[0].Party:
		out.Basis = append(out.Basis, "it lies within the survey error of the line of contact")
	default:
		out.Level, out.Party, out.Share = Area, shares[0].Party, shares[0].Share
		shares = shares[1:]
	}
	for _, s := range shares {
		if s.Share > 0 {
			out.Alternatives = append(out.Alternatives, trucewatch.Alternative{Party: s.Party, Share: s.Share})
		}
	}
	return out
}

// percent writes a share in whole per cent, rounded down: 89.9 % is not 90 %.
func percent(p trucewatch.PPM) string { return fmt.Sprintf("%d %%", int64(p)/10_000) }

// checked returns those of the observations that are more than claims.
func checked(members []*trucewatch.Recorded) []*trucewatch.Recorded {
	var out []*trucewatch.Recorded
	for _, m := range members {
		if !m.Observation.Means.IsClaim() {
			out = append(out, m)
		}
	}
	return out
}

// admitted returns the attribution if a party says of itself that it did it.
func (in *Input) admitted() (trucewatch.Attribution, bool) {
	for _, r := range in.Support {
		who := trucewatch.PartyID(actorOrOwner(r.Observation))
		if who != "" && r.Source != nil && r.Source.Party == who && slices.Contains(in.Agreement.PartyIDs, who) && r.Observation.Means.IsClaim() {
			return trucewatch.Attribution{Level: Admitted, Party: who, Share: in.Incident.Confidence,
				Basis: []string{fmt.Sprintf("admitted by party %s (observation %v)", who, r.ID)}}, true
		}
	}
	return trucewatch.Attribution{}, false
}

// named returns the attribution if observers who were there say which party it
// was: whose people stopped them, whose aircraft or weapon it was.
func (in *Input) named() (trucewatch.Attribution, bool) {
	who, spoke := in.whoActed()
	if who == "" {
		return trucewatch.Attribution{}, false
	}
	return trucewatch.Attribution{Level: Party, Party: who, Share: in.Incident.Confidence,
		Basis: []string{fmt.Sprintf("named by observers on the spot, %d in all, the first %v", len(spoke), spoke[0].ID)}}, true
}

// whoActed returns the one party that is said to have acted by more than claims.
func (in *Input) whoActed() (who trucewatch.PartyID, spoke []*trucewatch.Recorded) {
	for _, r := range checked(in.Support) {
		p := trucewatch.PartyID(Actor(r.Observation))
		if !slices.Contains(in.Agreement.PartyIDs, p) {
			continue
		}
		if who != "" && who != p {
			return "", nil // they contradict each other
		}
		who = p
		spoke = append(spoke, r)
	}
	return who, spoke
}

// Actor returns whom an observation says to have acted: a PartyID, "mission", or
// empty if it does not say. The owner of what was hit has not acted.
func Actor(o *trucewatch.Observation) string {
	if o.Restriction != nil {
		return string(o.Restriction.By)
	}
	switch o.Kind {
	case trucewatch.WeaponSeen, trucewatch.VehicleSeen, trucewatch.UAVSighted, trucewatch.AircraftSighted, trucewatch.MissileTrack,
		trucewatch.ProjectileInFlight, trucewatch.PersonsInZone, trucewatch.PositionSeen:
		return owner(o)
	}
	return ""
}

// owner returns whose the thing concerned is: a PartyID, "mission", or empty.
func owner(o *trucewatch.Observation) string {
	switch {
	case o.Has(trucewatch.MissionOwned):
		return "mission"
	case o.Asset == nil || o.Asset.Owner == "unknown":
		return ""
	}
	return o.Asset.Owner
}

// actorOrOwner is who acted, by whatever field an admission uses.
func actorOrOwner(o *trucewatch.Observation) string {
	if who := Actor(o); who != "" {
		return who
	}
	if o.Kind == trucewatch.DeliveryByUAV {
		return owner(o)
	}
	return "" // the asset is what was hit: a party that complains of it admits nothing
}

// originRegion returns where the fire came from, or where a thing stands that
// somebody keeps there.
func (in *Input) originRegion() (geo.Region, string) {
	i := in.Incident
	if i.Origin >= 0 && i.Origin < len(i.Estimates) {
		e := &i.Estimates[i.Origin]
		return e.Region, "origin: " + e.Method
	}
	if best := i.Best(); best != nil && slices.ContainsFunc(checked(in.Support), stands) {
		return best.Region, "it stands there: the side that holds the ground"
	}
	return geo.Region{}, ""
}

// stands says whether an observation is of a thing that somebody keeps where it
// was seen.
func stands(r *trucewatch.Recorded) bool {
	switch r.Observation.Kind {
	case trucewatch.WeaponSeen, trucewatch.VehicleSeen, trucewatch.PositionSeen, trucewatch.EngineeringWork, trucewatch.PersonsInZone:
		return true
	}
	return false
}

// direction returns the attribution of something seen or heard in flight without
// a place of origin.
func (in *Input) direction() trucewatch.Attribution {
	for _, r := range checked(in.Support) {
		if m := r.Observation.Movement; m != nil && m.From != "" {
			return trucewatch.Attribution{Level: Direction, Basis: []string{fmt.Sprintf("came from %s (observation %v)", m.From, r.ID)}}
		}
	}
	return trucewatch.Attribution{Level: None}
}
