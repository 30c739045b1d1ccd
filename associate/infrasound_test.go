// SPDX-License-Identifier: Apache-2.0

package associate_test

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"testing"

	tw "github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate"
	"github.com/trucewatch/trucewatch/geo"
)

// A skyWorld is invented arrays of microphones, and explosions that they hear from afar.
type skyWorld struct {
	recorded []*tw.Recorded
	source   []int // of each arrival, -1 none
	places   []geo.Position
	times    []tw.Instant
}

// skies makes a day of a country 1,000 km wide with five arrays, explosions and false
// arrivals. Sound travels as the engine takes it to: half of its error is the day's. With
// truth turned, every direction and every array's clock is another.
func skies(seed uint64, sources, wrong int, turned bool) *skyWorld {
	r := rand.New(rand.NewPCG(seed, 7))
	w := &skyWorld{}
	corner := geo.Position{LatE7: 440_000_000, LonE7: -380_000_000}
	within := func() geo.Position {
		return geo.Direct(geo.Direct(corner, 90_000, r.Int64N(1_000_000_000)), 0, r.Int64N(800_000_000))
	}
	type array struct {
		at    geo.Position
		clock tw.Instant
	}
	var arrays []array
	for range 5 {
		arrays = append(arrays, array{at: within()})
		if turned {
			arrays[len(arrays)-1].clock = tw.Instant(r.Int64N(int64(20 * tw.Hour)))
		}
	}
	hear := func(k int, source int, at tw.Instant, azimuth int32) {
		if turned {
			azimuth = r.Int32N(360_000)
		}
		const wide = 6_000
		i := len(w.recorded)
		position := arrays[k].at
		at = epoch + (at+arrays[k].clock)%tw.Day
		w.recorded = append(w.recorded, &tw.Recorded{ID: tw.ObservationID{Index: uint64(i)}, Received: at, Source: &tw.Source{ID: tw.SourceID(fmt.Sprint("array ", k))},
			Observation: &tw.Observation{Key: sha256.Sum256(fmt.Append(nil, seed, i)), Kind: tw.AcousticEvent, Means: tw.Infrasound, Count: exactly(1),
				Observer: &tw.Observer{Position: &position}, Arrival: &tw.Arrival{Wave: tw.InfrasoundWave, Error: 2_000_000},
				Where: tw.Place{Region: geo.Region{Kind: geo.Sector, Center: position, RMaxMM: 1_200_000_000,
					Arcs: []geo.Arc{{FromMdeg: (azimuth - wide + 720_000) % 360_000, TillMdeg: (azimuth + wide + 720_000) % 360_000}}}},
				When: tw.Interval{From: at, Till: at}}})
		w.source = append(w.source, source)
	}
	for s := range sources {
		at, place := tw.Instant(r.Int64N(int64(20*tw.Hour))), within()
		w.places, w.times = append(w.places, place), append(w.times, epoch+at)
		day := r.NormFloat64() * 0.262
		for k := range arrays {
			if r.Float64() < 0.4 {
				continue
			}
			mm, azimuth := geo.Inverse(arrays[k].at, place)
			slowness := 3.764 + day + r.NormFloat64()*0.262 // s/km: us/mm
			hear(k, s, at+tw.Instant(float64(mm)*slowness+r.NormFloat64()*2e6), azimuth+int32(r.NormFloat64()*3_060))
		}
	}
	for range wrong {
		hear(r.IntN(len(arrays)), -1, tw.Instant(r.Int64N(int64(tw.Day))), r.Int32N(360_000))
	}
	r.Shuffle(len(w.recorded), func(i, j int) {
		w.source[i], w.source[j] = w.source[j], w.source[i]
		w.recorded[i].Observation, w.recorded[j].Observation = w.recorded[j].Observation, w.recorded[i].Observation
		w.recorded[i].Source, w.recorded[j].Source = w.recorded[j].Source, w.recorded[i].Source
	})
	return w
}

// holds says whether an ellipse holds a place.
func holds(region geo.Region, p geo.Position) bool {
	mm, azimuth := geo.Inverse(region.Center, p)
	across, along := geo.NewPlane(region.Center).Project(geo.Direct(region.Center, azimuth-region.AzimuthMdeg, mm))
	a, b := float64(along)/float64(region.SemiMajorMM), float64(across)/float64(region.SemiMinorMM)
	return a*a+b*b <= 1
}

// Arrivals of one explosion at several arrays are one incident, whose region and time hold
// the truth about 95 times of 100; false arrivals stay alone.
func TestArraysFindAnExplosionFarAway(t *testing.T) {
	var sources, pure, joined, inside, inTime int
	found := make(map[[2]int]bool) // by world and source
	for seed := range uint64(20) {
		w := skies(seed, 8, 40, false)
		heard := make(map[int]int)
		for _, s := range w.source {
			heard[s]++
		}
		for s := range w.places {
			if heard[s] >= 3 {
				sources++
			}
		}
		a := addAll(w.recorded, 5)
		checkState(t, a, w.recorded)
		for in := range a.All() {
			if len(in.Links) < 2 {
				continue
			}
			joined++
			of := make(map[int]int)
			for _, l := range in.Links {
				of[w.source[l.Observation.Index]]++
			}
			s := w.source[in.Links[0].Observation.Index]
			if s < 0 || 2*of[s] <= len(in.Links) {
				continue
			}
			pure++
			if heard[s] >= 3 {
				found[[2]int{int(seed), s}] = true
			}
			if holds(in.Best().Region, w.places[s]) {
				inside++
			}
			if in.When.From <= w.times[s] && w.times[s] <= in.When.Till {
				inTime++
			}
		}
	}
	t.Logf("of %d explosions that three arrays heard %d are found; of %d incidents %d are of one explosion; %d regions and %d times of these hold the truth", sources, len(found), joined, pure, inside, inTime)
	if len(found)*100 < 93*sources || pure*100 < 93*joined {
		t.Errorf("%d of %d found, %d of %d of one explosion", len(found), sources, pure, joined)
	}
	if inside*100 < 90*pure || inTime*100 < 90*pure {
		t.Errorf("of %d incidents %d regions and %d times hold the truth", pure, inside, inTime)
	}
}

// With every direction and clock turned nothing true is left, and next to nothing is joined.
func TestTurnedArraysFindNothing(t *testing.T) {
	incidents, arrivals := 0, 0
	for seed := range uint64(20) {
		w := skies(seed, 8, 40, true)
		arrivals += len(w.recorded)
		for in := range addAll(w.recorded, len(w.recorded)).All() {
			if len(in.Links) > 1 {
				incidents++
			}
		}
	}
	t.Logf("%d incidents of %d arrivals", incidents, arrivals)
	if incidents > arrivals/50 {
		t.Errorf("%d incidents of %d arrivals that have nothing in common", incidents, arrivals)
	}
}

// Arrivals of infrasound become the same incidents in whatever order they come, and on
// however many machines.
func TestArraysInAnyOrderOnAnyMachines(t *testing.T) {
	w := skies(3, 8, 40, false)
	digest := addAll(w.recorded, len(w.recorded)).OrderFreeDigest()
	r := rand.New(rand.NewPCG(1, 2))
	for range 5 {
		if addAll(renumbered(w.recorded, r.Perm(len(w.recorded))), 3).OrderFreeDigest() != digest {
			t.Error("another order gives other incidents")
		}
	}
	all := entries(w.recorded, 7)
	want := told(associate.New(), all)
	m := newMachines(t, 2)
	sharded := associate.New()
	sharded.Shards(m.ask)
	if told(sharded, all) != want {
		t.Error("two machines tell other changes")
	}
	if m.pieces[0]+m.pieces[1] == 0 {
		t.Error("no machine was asked")
	}
}

// Two rows of one array are two arrivals; arrays that one source runs may hear one
// sound; and reports of a front do not join what arrays hear from afar. The terms of
// each link sum to its share.
func TestWhatArraysAreComparedWith(t *testing.T) {
	array := func(east, north int64, azimuth int32, at string) *tw.Recorded {
		s := seen{source: "network", kind: tw.AcousticEvent, means: tw.Infrasound, count: exactly(1), from: at, till: at}
		s.region = geo.Region{Kind: geo.Sector, Center: place(east, north), RMaxMM: 800_000_000, Arcs: []geo.Arc{{FromMdeg: azimuth - 6_000, TillMdeg: azimuth + 6_000}}}
		r := s.recorded(0)
		r.Observation.Arrival = &tw.Arrival{Wave: tw.InfrasoundWave}
		r.Observation.Observer = &tw.Observer{Position: &r.Observation.Where.Region.Center}
		return r
	}
	// The source is 200 km north of the middle: 250 km from each array, about 940 s.
	west, east := array(-150_000, 0, 36_870, "2026-04-11 10:15:40"), array(150_000, 0, 323_130, "2026-04-11 10:15:40")
	north, again := array(0, 450_000, 180_000, "2026-04-11 10:15:40"), array(-150_000, 0, 36_870, "2026-04-11 10:15:50")
	post := seen{source: "post", kind: tw.Explosion, means: tw.Heard, count: exactly(1), region: point(0, 200_000, 2_000), from: "2026-04-11 10:00", till: "2026-04-11 10:01"}.recorded(0)
	for _, c := range []struct {
		name string
		all  []*tw.Recorded
		want string
	}{
		{"three arrays of one network", []*tw.Recorded{west, east, north}, "1 2 3"},
		{"one array twice", []*tw.Recorded{west, again}, "1 | 2"},
		{"a report at the very place", []*tw.Recorded{west, east, north, post}, "1 2 3 | 4"},
	} {
		a := associate.New()
		for i, r := range c.all {
			next, o := *r, *r.Observation
			next.ID = tw.ObservationID{Index: uint64(i + 1)}
			o.Key = sha256.Sum256(fmt.Append(nil, i))
			next.Observation = &o
			a.Add(uint64(i+1), []*tw.Recorded{&next})
		}
		if got := written(a); got != c.want {
			t.Errorf("%s: incidents are %s, want %s", c.name, got, c.want)
		}
		for in := range a.All() {
			for i, terms := range a.Account(in).Links {
				if off := shareOf(total(terms)) - in.Links[i].Share; len(terms) > 0 && (off < -300 || off > 300) || len(terms) == 0 && len(in.Links) > 1 {
					t.Errorf("%s: a link has share %d, its terms say %v", c.name, in.Links[i].Share, terms)
				}
			}
		}
	}
}
