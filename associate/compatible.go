// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"math/bits"
	"slices"

	tw "github.com/trucewatch/trucewatch"
)

// A pairing says that signs of the kinds in one list may come from the same
// occurrence as signs of the kinds in the other.
type pairing struct {
	some, others []tw.Kind
	why          string
}

// pairings is the whole table of what may join what. A kind always may join
// its like; what is not listed joins only its like.
func pairings() []pairing {
	fire := []tw.Kind{tw.Explosion, tw.Shot, tw.Burst, tw.ExchangeOfFire, tw.ProjectileInFlight, tw.MuzzleFlash,
		tw.IlluminationFlare, tw.FireAtMissionAsset, tw.SeismicEvent, tw.AcousticEvent}
	blast := []tw.Kind{tw.Explosion, tw.ExchangeOfFire, tw.FireAtMissionAsset, tw.SeismicEvent, tw.AcousticEvent, tw.MissileTrack, tw.DeliveryByUAV}
	harm := []tw.Kind{tw.Crater, tw.Damage, tw.CasualtySeen}
	air := []tw.Kind{tw.UAVSighted, tw.AircraftSighted, tw.MissileTrack, tw.DeliveryByUAV}
	return []pairing{
		{fire, fire, "rounds flash, fly, sound and shake the ground in one engagement"},
		{blast, []tw.Kind{tw.ThermalAnomaly}, "what an explosion sets on fire burns on"},
		{append(blast, tw.Shot, tw.Burst), harm, "fire leaves craters, damage and casualties"},
		{harm, harm, "one impact leaves several traces"},
		{air, []tw.Kind{tw.Explosion, tw.FireAtMissionAsset, tw.CasualtySeen, tw.Damage}, "what flies may strike or drop"},
		{[]tw.Kind{tw.UAVSighted}, []tw.Kind{tw.DeliveryByUAV, tw.RFEmission}, "one vehicle seen, heard by radio, or seen delivering"},
		{[]tw.Kind{tw.DetonationControlled}, []tw.Kind{tw.Explosion, tw.SeismicEvent, tw.AcousticEvent, tw.ThermalAnomaly}, "a controlled detonation is heard as an explosion"},
		{[]tw.Kind{tw.Jamming}, []tw.Kind{tw.Spoofing}, "interference with one asset"},
	}
}

const maxKinds = 64

// rules is the table of pairings in a form that is quick to ask. Kinds are
// numbered by the order of the vocabulary.
type rules struct {
	number map[tw.Kind]uint8
	why    [maxKinds][maxKinds]string // empty: may not join
	family [maxKinds]uint8            // kinds of two families never join, even over others
	with   [maxKinds]uint64           // the kinds that a kind may join, as bits
}

// joins returns the kinds that any of the given kinds may join, as bits.
func (r *rules) joins(kinds uint64) (with uint64) {
	for ; kinds != 0; kinds &= kinds - 1 {
		with |= r.with[bits.TrailingZeros64(kinds)]
	}
	return with
}

func newRules() *rules {
	kinds := tw.Kinds()
	if len(kinds) >= maxKinds {
		panic("associate: more kinds than maxKinds")
	}
	r := &rules{number: make(map[tw.Kind]uint8, len(kinds))}
	for i, k := range kinds {
		r.number[k] = uint8(i + 1) // 0 is a kind this engine does not know
		r.family[i+1] = uint8(i + 1)
		r.why[i+1][i+1] = "the same sign"
		r.with[i+1] = 1 << (i + 1)
	}
	for _, p := range pairings() {
		for _, a := range p.some {
			for _, b := range p.others {
				i, j := r.number[a], r.number[b]
				if r.why[i][j] == "" {
					r.why[i][j], r.why[j][i] = p.why, p.why
				}
				r.with[i] |= 1 << j
				r.with[j] |= 1 << i
				low, high := min(r.family[i], r.family[j]), max(r.family[i], r.family[j])
				for k, f := range r.family {
					if f == high {
						r.family[k] = low
					}
				}
			}
		}
	}
	return r
}

// kindsByWeight is the order in which a kind names an incident: what was done
// before its signs, signs before traces, and last what has other causes most
// often. Kinds not listed come between traces and those last ones.
func kindsByWeight() (first, last []tw.Kind) {
	return []tw.Kind{tw.FireAtMissionAsset, tw.DetonationControlled, tw.ExchangeOfFire, tw.Explosion, tw.DeliveryByUAV,
			tw.Burst, tw.Shot, tw.MissileTrack, tw.ProjectileInFlight, tw.MuzzleFlash, tw.AircraftSighted, tw.UAVSighted,
			tw.IlluminationFlare, tw.Crater, tw.CasualtySeen, tw.Damage},
		[]tw.Kind{tw.AcousticEvent, tw.SeismicEvent, tw.RFEmission, tw.ThermalAnomaly}
}

// heavier says whether kind a names an incident rather than b.
func heavier(a, b tw.Kind) bool { return weight(a) < weight(b) }

func weight(k tw.Kind) int {
	first, last := kindsByWeight()
	if i := slices.Index(first, k); i >= 0 {
		return i
	}
	return len(first) + 1 + slices.Index(last, k)
}
