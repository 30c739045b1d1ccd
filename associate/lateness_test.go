// SPDX-License-Identifier: Apache-2.0

package associate_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	tw "github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/scenario"
)

// watched is a day of rounds 5 km apart, each located by an array to the second and heard
// by a post beside it that states a window of ten minutes, whose middle is so long after
// the round; the first post's is early by as much as first says.
func watched(rounds int, late, first tw.Instant) (all []*tw.Recorded) {
	for k := range rounds {
		at, where := at("2026-04-11 02:00")+tw.Instant(k)*17*tw.Minute, point(int64(k%10)*5_000, int64(k/10)*5_000, 500)
		located := seen{source: "array", kind: tw.Explosion, means: tw.Acoustic, count: exactly(1), region: where}
		heard := seen{source: fmt.Sprint("post ", k), kind: tw.Explosion, means: tw.Heard, count: exactly(1), region: where}
		middle := at + late
		if k == 0 {
			middle = at + first
		}
		all = append(all, located.at(uint64(2*k), tw.Interval{From: at, Till: at}),
			heard.at(uint64(2*k+1), tw.Interval{From: middle - 5*tw.Minute, Till: middle + 5*tw.Minute}))
	}
	return all
}

// Posts that are late, always by as much, are learned to be late: a report that is as late
// fits better than one that is in time. Where too few are known to be, it fits less well.
func TestLatenessIsLearnedFromClocks(t *testing.T) {
	const late = 4 * tw.Minute
	gain := func(rounds int, first tw.Instant) tw.MilliNat {
		all := watched(rounds, late, first)
		a := addAll(all, 10)
		in := a.Incident(tw.IncidentID(all[0].ID))
		if len(in.Links) != 2 {
			t.Fatalf("the first round and its report are not one incident: %+v", in.Links)
		}
		return in.Links[1].Gain
	}
	for _, c := range []struct {
		rounds  int
		learned bool
	}{{15, false}, {60, true}} {
		asLate, inTime := gain(c.rounds, late), gain(c.rounds, 0)
		if c.learned != (asLate > inTime+500) || c.learned == (inTime > asLate+500) {
			t.Errorf("of %d rounds: as late as others a report is worth %d, in time %d", c.rounds, asLate, inTime)
		}
	}
}

// What is learned of times follows from the set of reports, whatever their order and on
// however many machines.
func TestLatenessFollowsFromTheSet(t *testing.T) {
	p := scenario.NewMixed(5)
	w, err := p.World()
	if err != nil {
		t.Fatal(err)
	}
	all := w.Recorded()
	digest := addAll(all, len(all)).OrderFreeDigest()
	r := rand.New(rand.NewPCG(1, 9))
	for range 2 {
		if addAll(renumbered(all, r.Perm(len(all))), 40).OrderFreeDigest() != digest {
			t.Error("another order gives other incidents")
		}
	}
	cut := entries(all, 60)
	want := told(associate.New(), cut)
	m := newMachines(t, 2)
	a := associate.New()
	a.Shards(m.ask)
	if told(a, cut) != want {
		t.Error("two machines tell other changes")
	}
}

// Shots that sensors located, and that later arrivals took back, leave nothing behind of
// what was learned from them.
func TestLatenessForgetsShotsThatAreNoMore(t *testing.T) {
	w := lineWorld(120, 1, 12, 0, 4, 0.5)
	all := w.recorded(1_000)
	for i, e := range w.events {
		heard := seen{source: fmt.Sprint("post ", i), kind: tw.AcousticEvent, means: tw.Heard, count: exactly(1), region: geo.Circle(e.place, 1_000_000)}
		all = append(all, heard.at(uint64(100_000+i), tw.Interval{From: e.at, Till: e.at + 6*tw.Minute}))
	}
	one := addAll(renumbered(all, rand.New(rand.NewPCG(2, 2)).Perm(len(all))), len(all))
	shuffled := renumbered(all, rand.New(rand.NewPCG(3, 3)).Perm(len(all)))
	many := addAll(shuffled, len(all)/12)
	if one.OrderFreeDigest() != many.OrderFreeDigest() {
		t.Error("what comes in parts and disorder gives other incidents than all at once")
	}
	if l := associate.LatenessOf(one, tw.Heard); l == 0 || l != associate.LatenessOf(many, tw.Heard) {
		t.Errorf("posts are learned to be %d thousandths off, in disorder %d", l, associate.LatenessOf(many, tw.Heard))
	}
}
