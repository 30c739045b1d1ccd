// SPDX-License-Identifier: Apache-2.0

package associate_test

import (
	"maps"
	"math/rand/v2"
	"testing"

	tw "github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate"
)

// rangeWorld is 48 sensors 5 km apart, on which an hour and a half of fire is heard
// further or less far, by a factor, than their network states.
func rangeWorld(seed uint64, factor float64, rounds int) *arrivalWorld {
	r := rand.New(rand.NewPCG(seed, 6))
	w := &arrivalWorld{hearing: acoustic()}
	c := newCountry(40)
	for i := range 48 {
		w.stations = append(w.stations, associate.Station{Position: c.at(float64(i%8)*5+r.Float64()*3, float64(i/8)*5+r.Float64()*3), Clock: 20_000})
	}
	air := [3]float64{0.342, 0.003, -0.004}
	for range rounds {
		w.fire(r, c.at(r.Float64()*40, r.Float64()*30), r.Float64()*5400, factor*[]float64{6, 10, 15}[r.IntN(3)], air, 0.02, 0.003)
	}
	w.noise(r, len(w.arrivals)/2, 5400, 1)
	return w
}

// From half an hour on all is taken to be heard as far as it is, nearly everywhere; and
// where that is as stated, nowhere otherwise.
func TestRangesAreLearnedFromShots(t *testing.T) {
	for _, tt := range []struct {
		factor int64 // hundredths
		least  int   // of 100 districts and slabs, in how many it must be found
	}{{63, 30}, {80, 80}, {100, 100}, {125, 90}, {160, 80}} {
		found, all := 0, 0
		for seed := range uint64(3) {
			w := rangeWorld(seed, float64(tt.factor)/100, 90)
			l := associate.NewListener(associate.NewNetwork(w.hearing, w.stations))
			l.Add(w.arrivals...)
			l.Settle(serially)
			for factor, n := range associate.RangesLearned(l, epoch+tw.Hour/2) {
				all += n
				switch {
				case factor == tt.factor:
					found += n
				case factor != 100 && (factor > 100) != (tt.factor > 100):
					t.Errorf("seed %d: heard at %d %% of the ranges, and taken for %d %%", seed, tt.factor, factor)
				}
			}
		}
		t.Logf("heard at %d %% of the ranges: found in %d of %d districts and slabs", tt.factor, found, all)
		if found*100 < all*tt.least {
			t.Errorf("heard at %d %% of the ranges: found in %d of %d districts and slabs; want %d of 100", tt.factor, found, all, tt.least)
		}
	}
}

// With ranges that are learned too, neither the order in which arrivals come nor the
// number of machines changes what is found.
func TestLearnedRangesInAnyOrderMakeTheSameIncidents(t *testing.T) {
	all := rangeWorld(1, 1.6, 90).recorded(1)
	once := associate.New()
	once.Add(1, all)
	want := once.OrderFreeDigest()
	r := rand.New(rand.NewPCG(1, 2))
	for range 3 {
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		a := associate.New()
		a.Shards(newMachines(t, 2).ask)
		for i := 0; i < len(all); i += 300 {
			a.Add(uint64(i), all[i:min(i+300, len(all))])
		}
		if a.OrderFreeDigest() != want {
			t.Error("another order makes other incidents")
		}
	}
}

// Fire of the first minutes that is heard of only at the end changes how far all was
// heard for an hour, and with it what is found, as if it had come in time.
func TestLateShotsTeachRangesOfTheHourAfter(t *testing.T) {
	for seed := range uint64(6) {
		w := rangeWorld(seed, 1.6, 25)
		late := epoch + 25*tw.Minute
		l := associate.NewListener(associate.NewNetwork(w.hearing, w.stations))
		for _, before := range []bool{false, true} {
			for _, a := range w.arrivals {
				if (a.At < late) == before {
					l.Add(a)
				}
			}
			l.Settle(serially)
		}
		once := associate.NewListener(associate.NewNetwork(w.hearing, w.stations))
		once.Add(w.arrivals...)
		once.Settle(serially)
		if got, want := associate.RangesLearned(l, epoch), associate.RangesLearned(once, epoch); !maps.Equal(got, want) {
			t.Errorf("seed %d: ranges by districts and slabs %v; in time %v", seed, got, want)
		}
	}
}
