// SPDX-License-Identifier: Apache-2.0

package disclose

import (
	"fmt"
	"strconv"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// coarsest is how often a cell is doubled to hold a region, at most: a cell of
// 5 km becomes 5,120 km.
const coarsest = 10

// where returns the place of an incident as the audience sees it, and how
// precise that is.
func (r Rules) where(in *trucewatch.Incident) (geo.Region, string) {
	best := in.Best()
	switch {
	case best == nil || best.Region.Kind == "":
		return geo.Region{}, "place not known"
	case r.mission():
		return best.Region, "exact"
	case best.Role == "origin":
		// All that is known is where it was fired from: a launch point is no place
		// for the public, at any precision.
		return geo.Region{}, "where it was fired from is not given"
	}
	least := r.PrecisionMM
	if Still(in.Kind) {
		least = max(least, StillPrecisionMM)
	}
	least = max(least, best.Region.ExtentMM())
	doubled := uint(0)
	for r.PrecisionMM<<doubled < least && doubled < coarsest {
		doubled++
	}
	return geo.Cell(best.Region.Mean(), r.PrecisionMM, doubled), sideWords(r.PrecisionMM << doubled)
}

// Still says whether a kind is of something that does not move: a position, a
// depot, or the mission's own means of observation, which is where somebody
// jams it.
func Still(k trucewatch.Kind) bool {
	switch k {
	case trucewatch.WeaponSeen, trucewatch.PositionSeen, trucewatch.NewPosition, trucewatch.EngineeringWork, trucewatch.InventoryMismatch,
		trucewatch.Jamming, trucewatch.Spoofing, trucewatch.SensorTamper, trucewatch.FireAtMissionAsset:
		return true
	}
	return false
}

// sideWords names a cell by its side: "5 km cell", "500 m cell".
func sideWords(sideMM int64) string {
	if sideMM < 1_000_000 {
		return fmt.Sprintf("%d m cell", sideMM/1000)
	}
	km, rest := sideMM/1_000_000, sideMM%1_000_000/100_000
	if rest == 0 {
		return strconv.FormatInt(km, 10) + " km cell"
	}
	return fmt.Sprintf("%d.%d km cell", km, rest)
}

// hours widens an interval to whole hours. They are counted from the start of
// the first reporting period, so that a period holds whole hours and the hour
// never says more than the period does.
func (r Rules) hours(v trucewatch.Interval) trucewatch.Interval {
	if r.mission() || v.IsZero() {
		return v
	}
	out := trucewatch.Interval{From: r.hourOf(v.From)}
	if v.Till != 0 {
		out.Till = r.hourOf(v.Till) + trucewatch.Hour
	}
	return out
}

// hourOf returns the start of the hour that holds at; unknown stays unknown.
func (r Rules) hourOf(at trucewatch.Instant) trucewatch.Instant {
	if at == 0 {
		return 0
	}
	into := (at - r.hour) % trucewatch.Hour
	if into < 0 {
		into += trucewatch.Hour
	}
	return at - into
}

// sure rounds how sure it is that something happened. Where one class of means, or
// claims alone, say so, the public gets the least that the word for it means: silence
// of those on duty lowers just these, and a finer number would show where nobody was.
func (r Rules) sure(p trucewatch.PPM, in *trucewatch.Incident) trucewatch.PPM {
	if !r.mission() && in != nil && in.MeansCount < 2 {
		p = r.scale.Least(p)
	}
	return r.step(p)
}

// step rounds a probability down to whole steps.
func (r Rules) step(p trucewatch.PPM) trucewatch.PPM {
	if r.mission() {
		return p
	}
	return p / ConfidenceStep * ConfidenceStep
}
