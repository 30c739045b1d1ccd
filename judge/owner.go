// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
)

// owner answers "owner".
func (t *trial) owner() condition {
	want := t.act.When.Owner
	holds, claimed, spoke := t.merge(func(o *trucewatch.Observation) (answer, bool) {
		who := ownerOf(o)
		return answerOf(want == "mission" && who == "mission" || want == "party" && who != "mission"), who != ""
	})
	named := map[string]string{"mission": "the mission"}[want]
	if named == "" {
		named = "a party"
	}
	switch {
	case len(spoke) == 0:
		return condition{holds: unknown, reason: reasonOf(unknown, "", nil, sayOwnerOpen, named), change: changeOwner}
	case holds == no:
		return condition{holds: no}
	}
	c := condition{holds: holds, claimed: claimed, reason: reasonOf(holds, "", idsOf(spoke), sayOwner, named, said(spoke, ownerOf))}
	if holds == unknown {
		c.change = fill(changeOwners, said(spoke, ownerOf))
	}
	return c
}

// forces answers, for persons and vehicles, whether they are of the forces of a
// party: shepherds and farmers break no agreement.
func (t *trial) forces() condition {
	holds, claimed, spoke := t.merge(func(o *trucewatch.Observation) (answer, bool) {
		who := ownerOf(o)
		return answerOf(t.isParty(who)), who != ""
	})
	switch {
	case len(spoke) == 0:
		return condition{holds: unknown, reason: reasonOf(unknown, "", nil, sayForcesOpen), change: changeForceOf}
	case holds == no:
		return condition{holds: no}
	}
	return condition{holds: holds, claimed: claimed, reason: reasonOf(holds, "", idsOf(spoke), sayForces, said(spoke, ownerOf)), change: changeForceOf}
}

func (h *hearing) isParty(who string) bool {
	return slices.Contains(h.a.PartyIDs, trucewatch.PartyID(who))
}

// ownerOf returns whose the thing observed is, empty if the source does not say
// or does not know.
func ownerOf(o *trucewatch.Observation) string {
	switch {
	case o.Has(trucewatch.MissionOwned):
		return "mission"
	case o.Asset == nil || o.Asset.Owner == "unknown":
		return ""
	}
	return o.Asset.Owner
}

// said lists who observations say it was.
func said(members []*trucewatch.Recorded, of func(*trucewatch.Observation) string) string {
	var out []string
	for _, r := range members {
		if who := of(r.Observation); who != "" && !slices.Contains(out, who) {
			out = append(out, who)
		}
	}
	return strings.Join(out, " or ")
}

// missionAsset answers whether the act spares what belongs to the mission, and
// it does. The reason is empty where the act spares nothing or nobody says so.
func (t *trial) missionAsset() condition {
	rights := t.a.MonitoringRights
	if !t.act.Unless.MissionAsset && (rights == nil || !slices.Contains(rights.UAVExemptFrom, t.act.ID)) {
		return condition{holds: no}
	}
	holds, claimed, spoke := t.merge(func(o *trucewatch.Observation) (answer, bool) {
		return answerOf(ownerOf(o) == "mission"), ownerOf(o) != ""
	})
	if holds != yes || claimed {
		return condition{holds: no}
	}
	return condition{holds: yes, reason: reasonOf(yes, string(t.act.ID), idsOf(spoke), sayMissionAsset)}
}
