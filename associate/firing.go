// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate/kernel"
	"github.com/trucewatch/trucewatch/geo"
)

// A shell is how weapons of some platforms throw what they fire: the mean speed over
// the ground from muzzle to impact, and how far.
type shell struct {
	platforms  []trucewatch.Platform
	slow, fast int64 // m/s
	reachKM    int64 // where the agreement does not say
}

// shells are the weapons whose firing is linked with an impact by the time of
// flight; the first is for those not known. Guess: bounds over low and high
// trajectories, rounded outwards from public firing tables; a mortar bomb takes 15
// to 55 s for 1 to 8 km, a shell of a howitzer 15 to 120 s for 5 to 40 km, a rocket
// 20 to 130 s for 5 to 90 km. Test: pairs that counter-battery radar tracked.
func shells() []shell {
	return []shell{
		{[]trucewatch.Platform{trucewatch.ArtilleryUnknown, trucewatch.UnknownPlatform}, 60, 900, 40},
		{[]trucewatch.Platform{trucewatch.Mortar}, 60, 250, 8},
		{[]trucewatch.Platform{trucewatch.Gun, trucewatch.ATGun, trucewatch.Tank}, 150, 900, 30},
		{[]trucewatch.Platform{trucewatch.HowitzerTowed, trucewatch.HowitzerSP}, 80, 700, 40},
		{[]trucewatch.Platform{trucewatch.MLRS}, 150, 900, 90},
	}
}

const (
	// FiringReachMM and FiringSpan bound how far from an impact, and how long before
	// it, a firing is sought: the longest reach above, and a slow bomb's flight.
	FiringReachMM = 90_000_000
	FiringSpan    = 15 * trucewatch.Minute
	// soundSlack is how late both ends may be noticed. Guess: sound from 10 km takes
	// 30 s. Test: as shells.
	soundSlack = 30 * trucewatch.Second
	// firingHeard is the probability that the firing of what came down is noticed.
	// Guess. Test: as shells.
	firingHeard = 500_000
	// firingLeast is the least log-likelihood ratio by which a firing is linked: odds of
	// twenty. Guess. Test: firings shifted by an hour, of which none belongs.
	firingLeast trucewatch.MilliNat = 3_000
	// firingRivals is the ratio from which another firing is linked beside it, so that
	// who fired is not concluded from the better of two that both fit. Guess. Test: as
	// firingLeast.
	firingRivals trucewatch.MilliNat = 1_000
)

// FiredFrom returns those of some firings from which the fire of an impact may have
// come, by the time of flight and the reach of the weapon: in the order given, none
// unless one is twenty times likelier linked than not, then all that may be. Reach
// returns how far a weapon fires in mm, by what was agreed; 0 if that does not say.
//
// A firing is linked with density 1/(span of possible times) x 1/(area within reach)
// against the birth of incidents that have nothing to do with it.
func (a *Associator) FiredFrom(impact *trucewatch.Incident, firings []*trucewatch.Incident, reach func(*trucewatch.Weapon) int64) []*trucewatch.Incident {
	best := impact.Best()
	if best == nil || best.Role == origin.String() || best.Region.IsZero() || len(firings) == 0 || !struck(impact.Kind) {
		return nil
	}
	weapon := a.weaponOf(impact)
	var gains []trucewatch.MilliNat
	most := -unrivalled
	for _, f := range firings {
		gain := trucewatch.MilliNat(-unrivalled)
		w := weapon
		if w == nil {
			w = a.weaponOf(f)
		}
		if s, ok := shellOf(w); ok && !f.Claims && f.ID != impact.ID {
			if w != nil {
				if agreed := reach(w) / 1_000_000; agreed > 0 {
					s.reachKM = agreed
				}
			}
			gain = s.links(f, impact)
		}
		gains = append(gains, gain)
		most = max(most, gain)
	}
	if most < firingLeast {
		return nil
	}
	var out []*trucewatch.Incident
	for i, f := range firings {
		if gains[i] >= firingRivals {
			out = append(out, f)
		}
	}
	return out
}

// IsFiring says whether an incident holds where something was fired.
func IsFiring(in *trucewatch.Incident) bool { return in.Origin >= 0 && in.Origin < len(in.Estimates) }

// struck says whether incidents of a kind may be where fire came down.
func struck(k trucewatch.Kind) bool {
	switch k {
	case trucewatch.Explosion, trucewatch.ExchangeOfFire, trucewatch.FireAtMissionAsset, trucewatch.AcousticEvent, trucewatch.SeismicEvent,
		trucewatch.ProjectileInFlight, trucewatch.Damage, trucewatch.Crater, trucewatch.CasualtySeen:
		return true
	}
	return false
}

// weaponOf returns the weapon that an incident's observations name, the first in
// content order; nil if none does.
func (a *Associator) weaponOf(in *trucewatch.Incident) *trucewatch.Weapon {
	for _, o := range a.byContent(in) {
		if o.Weapon != nil && o.Weapon.Platform != trucewatch.UnknownPlatform && !o.Means.IsClaim() {
			return o.Weapon
		}
	}
	return nil
}

// shellOf returns how a weapon throws; false if it throws nothing that is linked so.
func shellOf(w *trucewatch.Weapon) (shell, bool) {
	if w == nil {
		return shells()[0], true
	}
	i := slices.IndexFunc(shells(), func(s shell) bool { return slices.Contains(s.platforms, w.Platform) })
	if i < 0 {
		return shell{}, false
	}
	return shells()[i], true
}

// links returns the log-likelihood ratio of what a firing and an impact being one.
func (s shell) links(firing, impact *trucewatch.Incident) trucewatch.MilliNat {
	from, to := &firing.Estimates[firing.Origin].Region, &impact.Best().Region
	far, slack := geo.DistanceMM(from.Mean(), to.Mean()), from.ReachMM()+to.ReachMM()
	reach := s.reachKM * 1_000_000
	if from.IsZero() || far-slack > reach {
		return -unrivalled
	}
	// mm / (m/s) is ms.
	earliest := trucewatch.Instant(max(0, far-slack)/s.fast)*1000 - soundSlack
	latest := trucewatch.Instant(min(far+slack, reach)/s.slow)*1000 + soundSlack
	if impact.When.Till-firing.When.From < earliest || impact.When.From-firing.When.Till > latest {
		return -unrivalled
	}
	span := latest - earliest + impact.When.Till - impact.When.From + firing.When.Till - firing.When.From
	within := s.reachKM + slack/1_000_000
	return trucewatch.MilliNat(kernel.LogRatio(firingHeard, geo.Million)-kernel.LogRatio(within*within*31_416, 10_000)-
		kernel.LogRatio(birthRate, millionDays)) - logSeconds(span)
}
