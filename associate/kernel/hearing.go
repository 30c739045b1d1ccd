// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"math"

	"github.com/trucewatch/trucewatch/geo"
)

// A Hearing says how far a network of stations hears, and how well: what is
// the same for all its stations. All of it is data of the mission's record.
type Hearing struct {
	PhasesMMS []int64    // speed of each phase, mm/s, the fastest first: sound; or P and S waves
	Loudness  []Loudness // classes of sources; what class one is, nobody says
	Detect    int64      // probability of hearing what is near, ppm
	Together  int64      // of the probability of missing a phase, what share a station that hears the other one makes up for, ppm: 0 if phases are heard independently, or there is one
	FloorUS   int64      // least error of a travel time, one standard deviation
	Spread    int64      // error of a travel time as a share of it, one standard deviation, ppm, if the medium is known
	SpeedMMS  int64      // how far the speed of sound may be from that of its phase, one standard deviation, mm/s; 0: the medium is known
	WindMMS   int64      // how strong the wind may be, one standard deviation of each component, mm/s
	FirstMM   int64      // how far the first station that hears may be from the source
	ReachMM   int64      // how far the last one may be
	DeepMM    int64      // sources lie between the surface and this depth; 0: on the surface
	TopMM     int64      // side of the largest cells of the search
	LeafMM    int64      // side of the cells from which a solution is sought by descent
	Births    int64      // incidents that begin per million km2 (km3 if deep) and day, before any evidence; learned where sure ones are
	Salvoes   bool       // sources come in salvoes: near one, more are likelier
	Least     int        // fewest arrivals that make an incident
	Visits    int        // cells that the search for one arrival may look into
}

// A Loudness is one class of sources: the probability of being heard falls to
// half at RangeMM, as a logistic function with scale WidthMM.
type Loudness struct {
	RangeMM, WidthMM int64
	Share            int64 // of all sources, ppm
}

const (
	distanceBins = 256 // of Reach; tables over distance have three times as many
	tableBins    = 3 * distanceBins
	classesMax   = 8
	phasesMax    = 2

	// gateSigmas is how far a time may be from what is expected and still belong:
	// 3.5 standard deviations leave out 1 in 2,000.
	gateSigmas = 3.5
	lnRoot2Pi  = ln2Pi / 2
	// leastDetect bounds a probability of detection from below, so that a hearing
	// at an impossible distance costs much, not everything.
	leastDetect = 1e-6
)

// clockClassesUS are the errors of station clocks for which tables are made;
// a station takes the next larger one.
var clockClassesUS = [...]int64{1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000, 5_000_000}

// spreadClasses are errors of travel times, in hundredths of Hearing.Spread.
var spreadClasses = [...]int{100, 115, 135, 160, 200, 250, 320, 400, 500, 650, 800}

// spreadClass returns the class for a spread in ppm.
func (e *Ears) spreadClass(spread int64) int {
	for i, c := range spreadClasses {
		if spread*100 <= int64(c)*e.h.Spread {
			return i
		}
	}
	return len(spreadClasses) - 1
}

func clockClass(us int64) uint8 {
	for i, c := range clockClassesUS {
		if us <= c {
			return uint8(i)
		}
	}
	return uint8(len(clockClassesUS) - 1)
}

// Ears is a Hearing made ready: tables over distance.
type Ears struct {
	h       Hearing
	phases  int
	classes int
	speed   [phasesMax]float64 // km/s
	share   [classesMax]float64
	bins    float64 // per km
	curves  [len(RangeSteps)]curve
	sigma   [][phasesMax][]float64 // standard deviation of an arrival, s, by clock and spread class, phase, bin
	peak    [][phasesMax][]float64 // ln of the highest density of an arrival, per s, likewise
	first   float64                // km
	reach   float64
	deep    float64
	top     float64
	levels  int       // of cells: level levels-1 has side at most LeafMM
	layers  []int     // in depth, by level
	room    []float64 // ln of the volume in place that bounds assume, by level, and of all classes together
}

// NewEars readies h. Its fields must be sensible; Check of the mission's
// sensor description refuses others.
func NewEars(h Hearing) *Ears {
	e := &Ears{h: h, phases: len(h.PhasesMMS), classes: len(h.Loudness), first: km(h.FirstMM), reach: km(h.ReachMM), deep: km(h.DeepMM), top: km(h.TopMM)}
	for i, v := range h.PhasesMMS {
		e.speed[i] = km(v)
	}
	for i, c := range h.Loudness {
		e.share[i] = geo.Log(float64(c.Share) / geo.Million)
	}
	e.bins = distanceBins / e.reach
	for step, factor := range RangeSteps {
		e.curves[step] = e.curveOf(factor)
	}
	for _, clock := range clockClassesUS {
		for _, spread := range spreadClasses {
			sigma, peak := e.errors(clock, int64(spread)*h.Spread/100)
			e.sigma, e.peak = append(e.sigma, sigma), append(e.peak, peak)
		}
	}
	layers := 1
	for side := e.top; ; side /= 2 {
		e.levels++
		for e.deep/float64(layers) > float64(1.3*side) {
			layers *= 2
		}
		e.layers = append(e.layers, layers)
		e.room = append(e.room, geo.Log(max(float64(side*side), roomKM2))+geo.Log(float64(e.classes)))
		if side <= km(h.LeafMM) {
			return e
		}
	}
}

// errors makes the tables of one class of clocks and spread.
func (e *Ears) errors(clockUS, spread int64) (sigma, peak [phasesMax][]float64) {
	for ph := range e.phases {
		for b := range tableBins {
			s := e.deviation(float64(b)/e.bins/e.speed[ph], clockUS, spread)
			sigma[ph] = append(sigma[ph], s)
			peak[ph] = append(peak[ph], -geo.Log(s)-lnRoot2Pi)
		}
	}
	return sigma, peak
}

// deviation is the standard deviation in seconds of an arrival that travelled
// for the given seconds with an error of spread ppm, at a station whose clock
// errs by clockUS.
func (e *Ears) deviation(travel float64, clockUS, spread int64) float64 {
	s := max(float64(travel*(float64(spread)/geo.Million)), float64(e.h.FloorUS)/geo.Million)
	c := float64(clockUS) / geo.Million
	return math.Sqrt(float64(s*s) + float64(c*c))
}

func (e *Ears) bin(d float64) int { return min(int(float64(d*e.bins)), tableBins-1) }
