// SPDX-License-Identifier: Apache-2.0

package attribution

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/trucewatch/trucewatch"
)

// A sign is something that names who acted.
type sign struct {
	party     trucewatch.PartyID // empty: somebody who did not sign
	own       bool               // the party says so itself
	formation string             // of the forces that the agreement binds
	sentence  string
}

// signs returns what names somebody: markings and persons seen by observers on
// the spot, and what parties say of themselves; one per candidate and kind. What
// one says of another is none.
func (in *Input) signs() []sign {
	out := in.marks()
	for _, r := range in.Support {
		who := trucewatch.PartyID(actorOrOwner(r.Observation))
		if who != "" && r.Source != nil && r.Source.Party == who && r.Observation.Means.IsClaim() && slices.Contains(in.Agreement.PartyIDs, who) {
			out = append(out, sign{party: who, own: true, sentence: fmt.Sprintf(sayOwnWord, who, r.ID)})
		}
	}
	for _, f := range in.Facts {
		if (f.Kind == "self_report" || f.Kind == "order_by" || f.Kind == trucewatch.Admission) && in.isAbout(f.Ref) && slices.Contains(in.Agreement.PartyIDs, f.Party) {
			g := sign{party: f.Party, own: true, sentence: fmt.Sprintf(sayOwnFact, f.Party, f.ID)}
			if party, forces := in.boundTo(f.Level); forces == 1 && party == f.Party {
				g.formation = f.Level
			}
			out = append(out, g)
		}
	}
	// By what they say, so that their order in the input does not matter.
	slices.SortFunc(out, func(a, b sign) int {
		return cmp.Or(cmp.Compare(a.party, b.party), cmp.Compare(a.formation, b.formation), cmp.Compare(a.sentence, b.sentence))
	})
	return out
}

// isAbout says whether a reference names the incident.
func (in *Input) isAbout(ref string) bool {
	return ref == in.Incident.ID.String() || slices.ContainsFunc(in.Incident.Aliases, func(id trucewatch.IncidentID) bool { return ref == id.String() })
}

// marks returns whom observers on the spot name, each once, with the first who
// does: whose people stopped them, whose aircraft or weapon it was.
func (in *Input) marks() []sign {
	type group struct {
		who   string
		spoke []*trucewatch.Recorded
	}
	var groups []group
	for _, r := range in.Support {
		who := Actor(r.Observation)
		if who == "" || who == "mission" || !speaks(r) {
			continue
		}
		i := slices.IndexFunc(groups, func(g group) bool { return g.who == who })
		if i < 0 {
			i = len(groups)
			groups = append(groups, group{who: who})
		}
		groups[i].spoke = append(groups[i].spoke, r)
	}
	var out []sign
	for _, g := range groups {
		first := slices.MinFunc(g.spoke, func(a, b *trucewatch.Recorded) int { return a.ID.Compare(b.ID) })
		bound, forces := in.boundTo(g.who)
		switch {
		case slices.Contains(in.Agreement.PartyIDs, trucewatch.PartyID(g.who)):
			out = append(out, sign{party: trucewatch.PartyID(g.who), sentence: fmt.Sprintf(sayNamed, g.who, observations(len(g.spoke)), first.ID)})
		case forces == 1:
			out = append(out, sign{party: bound, formation: g.who, sentence: fmt.Sprintf(sayForce, g.who, bound, first.ID)})
		case forces == 0:
			out = append(out, sign{sentence: fmt.Sprintf(sayGroup, g.who, first.ID)})
		}
	}
	return out
}

// observations writes how many.
func observations(n int) string {
	if n == 1 {
		return "1 observation"
	}
	return fmt.Sprintf("%d observations", n)
}

// boundTo returns the last party whose forces the agreement names so, and how
// many parties that are: "regular" may be of both, and says nothing then.
func (in *Input) boundTo(force string) (party trucewatch.PartyID, parties int) {
	for i := range in.Agreement.Parties {
		if p := &in.Agreement.Parties[i]; force != "" && slices.Contains(p.ForcesBound, force) {
			party = p.ID
			parties++
		}
	}
	return party, parties
}

// Actor returns whom an observation says to have acted: a PartyID, "mission", a
// force or group by its name, or empty if it does not say. The owner of what was
// hit has not acted.
func Actor(o *trucewatch.Observation) string {
	if o.Restriction != nil {
		return string(o.Restriction.By)
	}
	switch o.Kind {
	case trucewatch.WeaponSeen, trucewatch.VehicleSeen, trucewatch.UAVSighted, trucewatch.AircraftSighted, trucewatch.MissileTrack,
		trucewatch.ProjectileInFlight, trucewatch.PersonsInZone, trucewatch.PositionSeen, trucewatch.NewPosition, trucewatch.EngineeringWork,
		trucewatch.Advance, trucewatch.Raid, trucewatch.MovementSeen, trucewatch.MineNew, trucewatch.InventoryMismatch:
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
