// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"fmt"
	"slices"

	"github.com/trucewatch/trucewatch"
)

// kindUnjudged returns why acts about a kind are not judged, "" if they are. It
// is the one list of what is not.
func (a *Agreement) kindUnjudged(k trucewatch.Kind) string {
	switch k {
	case trucewatch.StatementHeard, trucewatch.DocumentSeen:
		return "what words mean is for a body of the agreement to say, not for a program"
	case trucewatch.ThermalAnomaly, trucewatch.SeismicEvent, trucewatch.AcousticEvent, trucewatch.RFEmission:
		return "the sign alone does not say what made it: name the explosion, shot or jamming that it supports"
	case trucewatch.PositionSeen:
		if a.StatusQuo == nil || len(a.StatusQuo.Positions) == 0 {
			return "telling a new position from an old one needs status_quo.positions, a survey that the text does not have"
		}
	case trucewatch.MineSeen:
		if a.StatusQuo == nil || len(a.StatusQuo.Minefields) == 0 {
			return "telling a new mine from an old one needs status_quo.minefields, a survey that the text does not have"
		}
	case trucewatch.InventoryMismatch:
		if a.Storage == nil {
			return "needs storage: the text declares no sites"
		}
	}
	return ""
}

// Units are those in which one breach may be counted.
func Units() []string {
	return []string{"engagement", "shot", "sortie", "salvo", "operation", "item_day", "item_visit", "site_day", "location",
		"object_event", "person", "occurrence", "asset_hour", "case", "notification", "phenomenon"}
}

// Unjudged returns why the act is not judged, "" if it is. An act is judged
// whole or not at all: half an act would be another act.
func (c Act) Unjudged() string { return c.unjudged }

func (a *Agreement) actUnjudged(c *Act) string {
	if c.When.ClassIs == "heavy" && len(a.Heavy) == 0 {
		return "class_is: heavy: the text does not say which classes are heavy; list them under heavy"
	}
	for _, k := range c.When.Kinds {
		if why := a.kindUnjudged(k); why != "" {
			return fmt.Sprintf("%s: %s", k, why)
		}
	}
	if c.When.BreachOf != "" && !a.asks(c) {
		return "nothing in the text asks for what this act would be a breach of"
	}
	return ""
}

// asks says whether a part of the text names an act as its breach.
func (a *Agreement) asks(c *Act) bool {
	switch c.When.BreachOf {
	case "ceiling":
		return slices.ContainsFunc(a.Ceilings, func(x Ceiling) bool { return x.Act == c.ID })
	case "obligation":
		return slices.ContainsFunc(a.Obligations, func(o Obligation) bool { return o.Act == c.ID })
	}
	return a.Overrides != "" // order
}

// Unjudged returns why an exemption of the agreement is not applied, "" if it
// is.
func (a *Agreement) Unjudged(x *Exemption) string {
	for _, fact := range x.Requires {
		if !slices.Contains(trucewatch.FactKinds(), fact) {
			return fmt.Sprintf("requires %s, which no entry of the record can carry", fact)
		}
	}
	if len(x.Lifts) > 0 && !slices.ContainsFunc(x.Lifts, a.isJudged) {
		return fmt.Sprintf("lifts only acts that are not judged: %s", enumerate(x.Lifts))
	}
	return ""
}

func (a *Agreement) isJudged(id trucewatch.ActID) bool {
	c := a.Act(id)
	return c != nil && c.Unjudged() == ""
}

// Covers says whether an exemption, if its notification is matched, lifts an
// act: those it names, or, with effect not_a_violation and no names, every act
// about signs of fire (explosions, shots, bursts, projectiles, flashes, flares).
func (x *Exemption) Covers(c *Act) bool {
	if len(x.Lifts) > 0 {
		return slices.Contains(x.Lifts, c.ID)
	}
	fire := func(k trucewatch.Kind) bool { return k.IsPhenomenon() || k == trucewatch.ExchangeOfFire }
	return x.Effect == "not_a_violation" && slices.ContainsFunc(c.When.Kinds, fire)
}

// unheldRights returns why the mission's rights are not judged, "" if acts hold
// them: one about restrictions, and each act that the mission's own drones are
// exempt from leaves them out.
func (a *Agreement) unheldRights(m *MonitoringRights) string {
	if !slices.ContainsFunc(a.Acts, func(c Act) bool {
		return c.Unjudged() == "" && slices.Contains(c.When.Kinds, trucewatch.RestrictionMet)
	}) {
		return "no act that is judged is about restrictions of the mission"
	}
	for _, id := range m.UAVExemptFrom {
		if c := a.Act(id); c == nil || !c.Unless.MissionAsset && c.When.Owner != "party" {
			return fmt.Sprintf("act %s does not leave out what belongs to the mission: unless: mission_asset", id)
		}
	}
	return ""
}
