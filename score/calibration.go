// SPDX-License-Identifier: Apache-2.0

package score

import (
	"math"

	"github.com/trucewatch/trucewatch/geo"
)

// A Calibration says whether link probabilities are what they claim to be. A
// link counts if its result has another member. It is right if the observation
// belongs to the event to which most of the other members belong, whichever of
// several if they tie; to nothing if they are all false.
//
// ECE is the expected calibration error: over ten bins of equal width, the mean
// difference of a bin's share of right links and its mean stated probability,
// weighted by links. Brier is the mean square of the difference of the stated
// probability and 1 or 0. Sources: Guo and others, On calibration of modern
// neural networks, ICML 2017, equation 3; Brier, Monthly Weather Review 78, 1950.
type Calibration struct {
	Links int
	ECE   float64
	Brier float64
	Bins  [binCount]Bin
}

const binCount = 10

// A Bin is the links whose probability lies in one tenth of 0 to 1.
type Bin struct {
	Links  int     `json:"links"`
	Right  int     `json:"right"`
	Stated float64 `json:"stated"` // mean stated probability; 0 if there are no links
}

func sharesOf(found []Found, owner map[string]int) Calibration {
	var c Calibration
	var brier float64
	var stated [binCount]int64
	for i := range found {
		members := found[i].Members
		counts, order := countOwners(members, owner)
		for _, m := range members {
			if m.Share < 0 || len(members) < 2 {
				continue
			}
			right := rightByOthers(m, owner, counts, order)
			b := min(int(m.Share*binCount/geo.Million), binCount-1)
			c.Links++
			c.Bins[b].Links++
			stated[b] += m.Share
			off := float64(m.Share) / geo.Million
			if right {
				c.Bins[b].Right++
				off = 1 - off
			}
			brier += float64(off * off)
		}
	}
	c.Brier = brier / float64(c.Links)
	for b := range c.Bins {
		if bin := &c.Bins[b]; bin.Links > 0 {
			bin.Stated = float64(stated[b]) / float64(bin.Links) / geo.Million
		}
	}
	c.ECE = calibrationError(c.Bins[:])
	return c
}

// calibrationError is the ECE of bins, NaN if they are empty.
func calibrationError(bins []Bin) float64 {
	sum, links := 0.0, 0
	for _, b := range bins {
		if b.Links > 0 {
			links += b.Links
			sum += math.Abs(float64(b.Right) - float64(b.Stated*float64(b.Links)))
		}
	}
	return sum / float64(links)
}

// countOwners counts members by event, and lists the events.
func countOwners(members []Member, owner map[string]int) (map[int]int, []int) {
	counts := make(map[int]int)
	var order []int
	for _, m := range members {
		if k, ok := owner[m.Observation]; ok {
			if counts[k] == 0 {
				order = append(order, k)
			}
			counts[k]++
		}
	}
	return counts, order
}

// rightByOthers says whether m belongs to an event that as many of the other
// members belong to as to any. Counts include m itself.
func rightByOthers(m Member, owner map[string]int, counts map[int]int, order []int) bool {
	own, ok := owner[m.Observation]
	if !ok || counts[own] < 2 {
		return false
	}
	for _, k := range order {
		if k != own && counts[k] > counts[own]-1 {
			return false
		}
	}
	return true
}
