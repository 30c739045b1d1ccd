// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
)

// kindUnjudged returns why acts about a kind are not judged, "" if the generic
// matcher of package judge handles it. It is the one list of what is handled.
func kindUnjudged(k trucewatch.Kind) string {
	switch k {
	case trucewatch.Explosion, trucewatch.Shot, trucewatch.Burst, trucewatch.ExchangeOfFire, trucewatch.ProjectileInFlight,
		trucewatch.MuzzleFlash, trucewatch.IlluminationFlare, trucewatch.UAVSighted, trucewatch.AircraftSighted,
		trucewatch.MissileTrack, trucewatch.WeaponSeen, trucewatch.CasualtySeen, trucewatch.RestrictionMet,
		trucewatch.FireAtMissionAsset, trucewatch.Jamming, trucewatch.Spoofing, trucewatch.SensorTamper,
		trucewatch.Crater: // a trace of an impact; whose fire it was, and of what, is another question
		return ""
	case trucewatch.Advance, trucewatch.Raid, trucewatch.MovementSeen:
		return "telling an offensive from other movement needs positions of forces followed over time"
	case trucewatch.NewPosition, trucewatch.EngineeringWork, trucewatch.PositionSeen:
		return "needs a survey of the positions that stood when the agreement began"
	case trucewatch.MineNew, trucewatch.MineSeen, trucewatch.UXO:
		return "telling a new mine from an old one needs a survey of known minefields"
	case trucewatch.InventoryMismatch:
		return "needs the inventories of storage sites and their earlier visits"
	case trucewatch.Damage:
		return "needs damage assessed and linked to the fire that did it"
	case trucewatch.PersonsInZone, trucewatch.VehicleSeen:
		return "needs to know who the persons are or whose the vehicle is"
	case trucewatch.DeadlineMissed:
		return "is about a case, not about an incident"
	case trucewatch.NotificationFalse:
		return "is about a notification, not about an incident"
	}
	return fmt.Sprintf("acts about %s are not matched", k)
}

// unitsJudged are the units in which package judge counts.
func unitsJudged() []string {
	return []string{"engagement", "shot", "sortie", "salvo", "item_day", "person", "occurrence", "asset_hour"}
}

// Unjudged returns why the act is not judged, "" if it is. An act is judged
// whole or not at all: half an act would be another act.
func (c Act) Unjudged() string {
	if c.When.ClassIs != "" {
		return fmt.Sprintf("class_is: %s: the text does not say which classes are %s", c.When.ClassIs, c.When.ClassIs)
	}
	for _, k := range c.When.Kinds {
		if why := kindUnjudged(k); why != "" {
			return fmt.Sprintf("%s: %s", k, why)
		}
	}
	if !slices.Contains(unitsJudged(), c.Unit) {
		return fmt.Sprintf("counting by %s needs a register that observations are matched with", c.Unit)
	}
	return ""
}

// Unjudged returns why an exemption of the agreement is not applied, "" if it
// is.
func (a *Agreement) Unjudged(x *Exemption) string {
	switch {
	case len(x.Requires) > 0:
		return fmt.Sprintf("requires %s, which the record does not carry", strings.Join(x.Requires, " and "))
	case x.Effect == "raises_severity":
		return "needs the guarantees of both parties, which the record does not carry"
	case x.Effect == "protects":
		return "protects a movement; what it forbids is no act of the text"
	case x.Effect == "as_stated":
		return "its effect is stated case by case"
	case len(x.Lifts) > 0 && !slices.ContainsFunc(x.Lifts, a.isJudged):
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
