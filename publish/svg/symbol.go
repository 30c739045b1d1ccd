// SPDX-License-Identifier: Apache-2.0

package svg

import (
	"html/template"
	"slices"

	"github.com/trucewatch/trucewatch"
)

// A Family is a group of kinds that share a symbol. Colour repeats what the
// shape says and never means a party.
type Family struct {
	Name  string          // "drones"
	Kind  trucewatch.Kind // one of its kinds; empty for what has no family
	color string          // Source: Okabe and Ito, Color Universal Design, 2008
	whole string          // path of the symbol, about 10 units wide, centred on 0,0
	left  string          // its left half
}

var familyList = [...]Family{
	{"explosions and shelling", trucewatch.Explosion, "#0072B2", "M5 0A5 5 0 1 1 -5 0A5 5 0 1 1 5 0Z", "M0 -5A5 5 0 0 0 0 5Z"},
	{"small arms", trucewatch.Burst, "#009E73", "M0 -5.8L5.8 0L0 5.8L-5.8 0Z", "M0 -5.8L0 5.8L-5.8 0Z"},
	{"drones", trucewatch.UAVSighted, "#E69F00", "M-4.6 -4.6H4.6V4.6H-4.6Z", "M-4.6 -4.6H0V4.6H-4.6Z"},
	{"missiles and aircraft", trucewatch.MissileTrack, "#D55E00", "M0 -5.6L5.6 4.6H-5.6Z", "M0 -5.6V4.6H-5.6Z"},
	{"movement and presence", trucewatch.MovementSeen, "#CC79A7", "M-5 -2.9L-2.9 -5L0 -2.1L2.9 -5L5 -2.9L2.1 0L5 2.9L2.9 5L0 2.1L-2.9 5L-5 2.9L-2.1 0Z", "M-5 -2.9L-2.9 -5L0 -2.1V2.1L-2.9 5L-5 2.9L-2.1 0Z"},
	{"weapons, works and mines", trucewatch.WeaponSeen, "#56B4E9", "M-2.7 -5H2.7L5.4 0L2.7 5H-2.7L-5.4 0Z", "M-2.7 -5H0V5H-2.7L-5.4 0Z"},
	{"heat seen by satellite", trucewatch.ThermalAnomaly, "#F0E442", "M0 -6.2L1.7 -1.9L6.2 -1.9L2.6 1L3.9 5.6L0 2.9L-3.9 5.6L-2.6 1L-6.2 -1.9L-1.7 -1.9Z", "M0 -6.2V2.9L-3.9 5.6L-2.6 1L-6.2 -1.9L-1.7 -1.9Z"},
	{"harm and damage", trucewatch.Damage, "#4d4d4d", "M-1.8 -5.2H1.8V-1.8H5.2V1.8H1.8V5.2H-1.8V1.8H-5.2V-1.8H-1.8Z", "M-1.8 -5.2H0V5.2H-1.8V1.8H-5.2V-1.8H-1.8Z"},
	{"interference and restrictions", trucewatch.Jamming, "#ffffff", "M-6 -2.2H6V2.2H-6Z", "M-6 -2.2H0V2.2H-6Z"},
	{"other", "", "#a9a9a9", "M-3 -5.4H3L5 0L3 5.4H-3L-5 0Z", "M-3 -5.4H0V5.4H-3L-5 0Z"},
}

// Families lists every family, in the order of legends.
func Families() []Family { return slices.Clone(familyList[:]) }

// FamilyOf returns the family of a kind.
func FamilyOf(k trucewatch.Kind) Family { return familyList[familyIndex(k)] }

func familyIndex(k trucewatch.Kind) int {
	switch k {
	case trucewatch.Explosion, trucewatch.ProjectileInFlight, trucewatch.MuzzleFlash, trucewatch.IlluminationFlare,
		trucewatch.DetonationControlled, trucewatch.Crater, trucewatch.SeismicEvent, trucewatch.AcousticEvent:
		return 0
	case trucewatch.Shot, trucewatch.Burst, trucewatch.ExchangeOfFire:
		return 1
	case trucewatch.UAVSighted, trucewatch.DeliveryByUAV:
		return 2
	case trucewatch.MissileTrack, trucewatch.AircraftSighted, trucewatch.AirAlert:
		return 3
	case trucewatch.MovementSeen, trucewatch.VehicleSeen, trucewatch.PersonsInZone, trucewatch.Advance, trucewatch.Raid, trucewatch.NewPosition:
		return 4
	case trucewatch.WeaponSeen, trucewatch.PositionSeen, trucewatch.EngineeringWork, trucewatch.MineSeen, trucewatch.MineNew, trucewatch.UXO, trucewatch.InventoryMismatch:
		return 5
	case trucewatch.ThermalAnomaly:
		return 6
	case trucewatch.CasualtySeen, trucewatch.Damage:
		return 7
	case trucewatch.Jamming, trucewatch.Spoofing, trucewatch.RFEmission, trucewatch.SensorTamper, trucewatch.RestrictionMet, trucewatch.FireAtMissionAsset, trucewatch.CyberEvent:
		return 8
	}
	return 9
}

// A Fill says how sure a thing is, by how its symbol is filled.
type Fill string

// The fills.
const (
	Solid  Fill = "confirmed"      // filled
	Half   Fill = "probable"       // left half filled
	Ring   Fill = "possible"       // outline
	Dashed Fill = "below possible" // broken outline
	Struck Fill = "withdrawn"      // outline, struck through
)

// FillOf turns an incident's word and state into a fill.
func FillOf(word, state string) Fill {
	if state == "withdrawn" {
		return Struck
	}
	switch f := Fill(word); f {
	case Solid, Half, Ring:
		return f
	}
	return Dashed
}

// symbol draws the family's symbol at the origin.
func (p *pen) symbol(fam Family, fill Fill) {
	switch fill {
	case Solid:
		p.f(`<path d="%s" fill="%s" stroke="%s" stroke-width="1"/>`, fam.whole, fam.color, ink)
	case Half:
		p.f(`<path d="%s" fill="%s"/><path d="%s" fill="%s"/><path d="%s" fill="none" stroke="%s" stroke-width="1"/>`,
			fam.whole, paper, fam.left, fam.color, fam.whole, ink)
	case Dashed:
		p.f(`<path d="%s" fill="%s" stroke="%s" stroke-width="1.2" stroke-dasharray="1.6 1.4"/>`, fam.whole, paper, ink)
	default:
		color := fam.color
		if color == "#ffffff" || color == "#F0E442" {
			color = ink
		}
		p.f(`<path d="%s" fill="%s" stroke="%s" stroke-width="1.6"/>`, fam.whole, paper, color)
		if fill == Struck {
			p.f(`<path d="M-7 7L7 -7" stroke="%s" stroke-width="1.6"/>`, ink)
		}
	}
}

// Symbol draws the symbol of a kind for a line of text. It is decoration: the
// words stand beside it.
func Symbol(k trucewatch.Kind, fill Fill) template.HTML {
	var p pen
	p.icon(FamilyOf(k), fill)
	return template.HTML(p.String())
}

func (p *pen) icon(fam Family, fill Fill) {
	p.f(`<svg class="symbol" width="15" height="15" viewBox="-7.5 -7.5 15 15" aria-hidden="true" focusable="false">`)
	p.symbol(fam, fill)
	p.f(`</svg>`)
}
