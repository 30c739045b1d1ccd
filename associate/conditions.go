// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"cmp"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate/kernel"
)

// Conditions are what a network's times and noise depend on besides the
// sources, for one period: the air over each district and the clutter of each
// station. Shots teach them (Learn); they are recorded, so that a replay uses
// the same.
type Conditions struct {
	Air     [][]kernel.Air // by district, by cell of its ground
	Clutter []int64        // false arrivals in 1,000,000 s, by station and phase
	skies   []*kernel.Sky  // the same, ready, by district
}

const (
	// period is how long conditions hold. Source: half an hour, in which the mean
	// wind of the lowest kilometre changes by about the error left after learning
	// it. Guess: test: residuals of shots by age of the conditions.
	period = 30 * trucewatch.Minute

	// airCellMM is the side of the squares of one air.
	airCellMM = 24_000_000
	// airStepMMS is how far the air of one square may be from that of the
	// district, one standard deviation. Guess. Test: airs of neighbouring squares
	// with many shots.
	airStepMMS = 2_500
	// airShots is from how many shots, the surest, one air is learned. More do
	// not help: 25 leave 0.3 m/s.
	airShots = 30
	// airArrivals is how many arrivals a shot needs to say something of the air:
	// three are used up by its own place and time.
	airArrivals = 6

	// clutterTrust is as many false arrivals as the mean of all stations counts
	// for when the clutter of one is estimated. Guess. Test: clutter of one
	// period against the next.
	clutterTrust = 4
)

// unknown returns the conditions before anything is learned. Of the arrivals
// of each station seven in ten are taken as clutter.
func (n *Network) unknown(arrivals []Arrival, length trucewatch.Instant) *Conditions {
	c := &Conditions{}
	for _, d := range n.districts {
		air := make([]kernel.Air, len(d.ground.Cells()))
		for i := range air {
			air[i] = n.hearing.UnknownAir()
		}
		c.Air = append(c.Air, air)
	}
	c.Clutter = n.clutter(arrivals, nil, length, 7)
	n.ready(c)
	return c
}

// ready makes the skies of c.
func (n *Network) ready(c *Conditions) {
	phases := len(n.hearing.PhasesMMS)
	for k, d := range n.districts {
		var clutter []int64
		for _, station := range d.stations {
			clutter = append(clutter, c.Clutter[int(station)*phases:int(station+1)*phases]...)
		}
		c.skies = append(c.skies, d.ground.NewSky(c.Air[k], clutter))
	}
}

// clutter estimates false arrivals from those that nothing explains, of which
// tenths in ten are taken as false.
func (n *Network) clutter(arrivals []Arrival, explained []bool, length trucewatch.Instant, tenths int64) []int64 {
	phases := len(n.hearing.PhasesMMS)
	count := make([]int64, len(n.stations)*phases)
	var total int64
	for i, a := range arrivals {
		if explained == nil || !explained[i] {
			count[int(a.Station)*phases+int(a.Phase)]++
			total++
		}
	}
	const million = 1_000_000
	seconds := max(int64(length/trucewatch.Second), 1)
	mean := max(total*million/int64(len(count)), 1) // millionths of an arrival
	out := make([]int64, len(count))
	for k, v := range count {
		// As if the mean rate had been seen long enough for clutterTrust arrivals.
		out[k] = max((v+clutterTrust)*million*tenths/10*million/(seconds*million+clutterTrust*million*seconds/mean*million), 1)
	}
	return out
}

// learn returns the conditions that shots, found in arrivals under before, tell.
func (n *Network) learn(before *Conditions, arrivals []Arrival, shots []Shot, length trucewatch.Instant) *Conditions {
	explained := make([]bool, len(arrivals))
	c := &Conditions{}
	byDistrict := make([][]*Shot, len(n.districts))
	for i := range shots {
		s := &shots[i]
		for _, a := range s.Arrivals {
			explained[a] = true
		}
		if len(s.Arrivals) < airArrivals {
			continue
		}
		for k, d := range n.districts {
			if d.covers(s, arrivals) {
				byDistrict[k] = append(byDistrict[k], s)
			}
		}
	}
	for k, d := range n.districts {
		c.Air = append(c.Air, n.learnAir(d, before.Air[k], arrivals, byDistrict[k]))
	}
	c.Clutter = n.clutter(arrivals, explained, length, 10)
	n.ready(c)
	return c
}

// covers says whether all stations of s are among those of d.
func (d *district) covers(s *Shot, arrivals []Arrival) bool {
	for _, a := range s.Arrivals {
		if _, found := slices.BinarySearch(d.stations, arrivals[a].Station); !found {
			return false
		}
	}
	return true
}

// surest sorts shots: those that stand alone first, for in a burst the arrivals
// of several rounds may be mixed; then by score.
func surest(shots []*Shot) []*Shot {
	shots = slices.Clone(shots)
	slices.SortFunc(shots, func(s, t *Shot) int { return cmp.Or(cmp.Compare(s.At, t.At), slices.Compare(s.Arrivals, t.Arrivals)) })
	crowded := make(map[*Shot]int, len(shots))
	for i, s := range shots {
		if i > 0 && s.At-shots[i-1].At < aloneGap || i+1 < len(shots) && shots[i+1].At-s.At < aloneGap {
			crowded[s] = 1
		}
	}
	slices.SortStableFunc(shots, func(s, t *Shot) int {
		return cmp.Or(cmp.Compare(crowded[s], crowded[t]), cmp.Compare(t.Score, s.Score))
	})
	return shots
}

// aloneGap is how far from all others in its district a shot stands alone.
const aloneGap = 20 * trucewatch.Second

// learnAir finds the air of each square of a district: first that of the whole
// district, then each square's around it.
func (n *Network) learnAir(d *district, before []kernel.Air, arrivals []Arrival, shots []*Shot) []kernel.Air {
	if n.hearing.WindMMS == 0 || len(shots) == 0 {
		return before
	}
	shots = surest(shots)
	type square struct{ column, row int64 }
	squareOf := func(east, north int64) square { return square{floor(east, airCellMM), floor(north, airCellMM)} }
	blasts := make([]kernel.Blast, len(shots))
	at := make([]square, len(shots))
	for i, s := range shots {
		east, north := d.plane.Project(s.Position)
		blasts[i] = kernel.Blast{EastMM: east, NorthMM: north}
		for _, a := range s.Arrivals {
			local, _ := slices.BinarySearch(d.stations, arrivals[a].Station)
			blasts[i].Arrivals = append(blasts[i].Arrivals, kernel.Arrival{Station: int32(local), Phase: arrivals[a].Phase, At: int64(arrivals[a].At - s.At)})
		}
		at[i] = squareOf(east, north)
	}
	whole, speedLeft, windLeft := d.ground.LearnAir(blasts[:min(len(blasts), airShots)], kernel.Air{}, n.hearing.SpeedMMS, n.hearing.WindMMS)
	learned := make(map[square]kernel.Air)
	out := make([]kernel.Air, len(before))
	for i, centre := range d.ground.Cells() {
		k := squareOf(centre[0], centre[1])
		air, done := learned[k]
		if !done {
			var own []kernel.Blast
			for j := range blasts {
				if at[j] == k && len(own) < airShots {
					own = append(own, blasts[j])
				}
			}
			air, _, _ = d.ground.LearnAir(own, whole, min(n.hearing.SpeedMMS, speedLeft+airStepMMS), min(n.hearing.WindMMS, windLeft+airStepMMS))
			learned[k] = air
		}
		out[i] = air
	}
	return out
}
