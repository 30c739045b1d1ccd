// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate/kernel"
	"github.com/trucewatch/trucewatch/geo"
)

const (
	// arrayFalse is how many arrivals an array records in a day that no source stands
	// behind which others hear. Guess. Test: arrivals of each array that join none.
	arrayFalse = 30
	// loudBirths is how many sources that are heard hundreds of kilometres away there
	// are, per million km2 and day. Guess: one in ten of the 1,200 explosions that
	// seismographs found in three provinces, 90,000 km2, from February to November 2022
	// (Dando and others, Nature 621, 2023). Test: sources that two arrays hear, by area.
	loudBirths = 5
	// infrasoundFastest and infrasoundSlowest bound the way of the sound, metres a
	// second, for the gate. Source: as of kernel.Ray.
	infrasoundFastest, infrasoundSlowest = 360, 220
)

// infrasoundArrivals are directions and times at arrays far away: an array of microphones
// hears a loud explosion hundreds of kilometres away. Its sector is long, and the time at
// which the sound was made unknown by an hour; but the two depend on each other, for sound
// takes about 3.8 s a kilometre (kernel.Ray). So arrays are compared by direction and time
// of arrival together.
//
// Source of the form and of the score: Bayesian infrasonic source localization
// (Modrak, Arrowsmith, Anderson, Geophysical Journal International 181, 2010), with
// birth and clutter as of all other evidence. Gate: two arrivals are worth crossingLeast.
// Bound: the highest density of direction and time. Likelihood: kernel.Cross. Arrivals of
// infrasound are weighed beside each other alone: each of the many reports of a front fits
// some arrival of the hour.
func infrasoundArrivals() evidence {
	return evidence{name: "infrasound arrival", where: byRay, far: true}
}

// byRay reads the sector from which an array heard infrasound.
func byRay(o *trucewatch.Observation) (location, bool) {
	ray, ok := rayOf(o, 0)
	if !ok {
		return location{}, false
	}
	where, ok := ofRegion(&o.Where.Region)
	where.peak = trucewatch.MilliNat(ray.LogPeak())
	return where, ok
}

// rayOf reads an arrival of infrasound; false if o is none. Its time counts from begin.
func rayOf(o *trucewatch.Observation, begin trucewatch.Instant) (kernel.Ray, bool) {
	if o.Arrival == nil || o.Arrival.Wave != trucewatch.InfrasoundWave {
		return kernel.Ray{}, false
	}
	ray, ok := kernel.NewRay(&o.Where.Region)
	ray.HeardUS = int64(o.When.From - begin)
	ray.ErrorUS = int64(o.Arrival.Error) + int64(o.Clock.SyncError)
	return ray, ok
}

// made is between when and when what o tells of was: of an arrival of infrasound, when
// the sound may have been made.
func made(o *trucewatch.Observation) trucewatch.Interval {
	if _, far := rayOf(o, 0); !far {
		return o.When
	}
	const mmPerMS = 1000 // to metres a second: mm / (m/s) is ms, and 1000 us
	r := &o.Where.Region
	return trucewatch.Interval{From: o.When.From - trucewatch.Instant(r.RMaxMM/infrasoundSlowest*mmPerMS), Till: o.When.From - trucewatch.Instant(r.RMinMM/infrasoundFastest*mmPerMS)}
}

// rayWeight is ln(o / rate of arrivals that only this array hears), per radian and
// second, in thousandths of a nat: rays are compared in these units. What no other
// hears is false, or a source within reach that the others missed.
func rayWeight(o *trucewatch.Observation) trucewatch.MilliNat {
	detect := int64(modelOf(o.Means).detect)
	lone := arrayFalse*(geo.Million-detect) + detect*heardOf(o)
	const milliTurn = 6_283 // radians in a turn, thousandths
	return trucewatch.MilliNat(kernel.LogRatio(detect*milliTurn*86_400/1000, lone))
}

// heardOf is how many sources a day are in the reach of an array, all around.
func heardOf(o *trucewatch.Observation) int64 {
	reachKM := o.Where.Region.RMaxMM / 1_000_000
	return 355 * reachKM * reachKM / 113 * loudBirths / 1_000_000 // 355/113: pi
}

// aloneAgainstFalse is ln(sources that only this array hears / false arrivals).
func aloneAgainstFalse(o *trucewatch.Observation) trucewatch.MilliNat {
	detect := int64(modelOf(o.Means).detect)
	return trucewatch.MilliNat(kernel.LogRatio(max(heardOf(o), 1)*detect, arrayFalse*int64(geo.Million-detect)))
}

// crossingLeast is what two arrivals must be worth together, in thousandths of a nat, to be
// compared: a third may raise it. Guess. Test: arrivals of one source that are joined.
const crossingLeast trucewatch.MilliNat = -3_000

// noteCrossing notes of two arrivals whether they may be of one source: this is the gate.
func noteCrossing(m, n *node) {
	s, t := &m.spot, &n.spot
	if !s.far || !t.far || s.array == t.array || s.window.Gap(t.window) > 0 || !s.box.Overlaps(t.box) || slices.Contains(m.crosses, n.rec) {
		return
	}
	o, p := m.rec.Observation, n.rec.Observation
	first, _ := rayOf(o, s.window.From)
	second, _ := rayOf(p, s.window.From)
	overlap := kernel.Cross([]kernel.Ray{first, second}).LogOverlap
	if overlap != kernel.Impossible && rayWeight(o)+rayWeight(p)+logBirth(loudBirths)+trucewatch.MilliNat(overlap) > crossingLeast {
		m.crosses, n.crosses = append(m.crosses, n.rec), append(n.crosses, m.rec)
	}
}

// crossing is where and when the rays of s agree.
func (s *summary) crossing() kernel.Crossing {
	var rays []kernel.Ray
	for _, e := range s.far {
		rays = append(rays, *e.ray)
	}
	return kernel.Cross(rays)
}

// agree scores how rays agree on a place and a time, in thousandths of a nat; false if
// they cannot.
func (s *summary) agree() (trucewatch.MilliNat, bool) {
	if s.common.From > s.common.Till {
		return 0, false
	}
	c := s.crossing()
	return trucewatch.MilliNat(c.LogOverlap), c.LogOverlap != kernel.Impossible
}

// placeFar sets time and estimates of an incident that rests on infrasound of more
// than one array, whose times count from begin.
func (s *set) placeFar(in *trucewatch.Incident, begin trucewatch.Instant) {
	c := s.sum.crossing()
	region, mean, deviation := c.Locate()
	at, sure := begin+trucewatch.Instant(mean), trucewatch.Instant(2*deviation) // 95 %
	in.When = trucewatch.Interval{From: at - sure, Till: at + sure}
	joint := trucewatch.Estimate{Role: seen.String(), Method: "crossing of " + number(len(s.members)) + " directions of infrasound, and when it came", Region: region,
		When: in.When, Score: trucewatch.MilliNat(kernel.Sharpness(&region)), Mode: automatic, Status: preliminary}
	for _, e := range s.members {
		joint.Uses = append(joint.Uses, e.rec.ID)
	}
	slices.SortFunc(joint.Uses, trucewatch.ObservationID.Compare)
	joint.Uses = joint.Uses[:min(len(joint.Uses), trucewatch.ListMax)]
	in.Estimates = append([]trucewatch.Estimate{joint}, in.Estimates...)
	if s.members[0].spot.claim {
		in.Estimates[0].Method += ", claimed"
		in.Estimates[0].Score -= claimPenalty
	}
	in.Estimates = in.Estimates[:min(len(in.Estimates), trucewatch.ListMax)]
	in.Preferred = 0
}

// farReason says why arrivals of infrasound belong together. It names no distance: that
// would say where an array stands.
const farReason = "directions cross, and the times agree with sound that travels 0.22 to 0.36 km/s"
