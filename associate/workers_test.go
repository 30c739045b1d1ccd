// SPDX-License-Identifier: Apache-2.0

package associate_test

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	tw "github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate"
)

// told writes all that an Associator says while it takes entries, whatever
// carries its work out: each change with its history, and the incidents at the
// end.
func told(a *associate.Associator, entries [][]*tw.Recorded) [32]byte {
	h := sha256.New()
	for _, e := range entries {
		for _, c := range a.Add(e[0].ID.Index, e) {
			h.Write(tw.Encode(c.Incident))
			fmt.Fprint(h, c.Gone, c.Into)
		}
	}
	for in := range a.All() {
		h.Write(tw.Encode(in))
	}
	return [32]byte(h.Sum(nil))
}

// entries cuts observations into entries of so many.
func entries(recorded []*tw.Recorded, rows int) (out [][]*tw.Recorded) {
	for i := 0; i < len(recorded); i += rows {
		out = append(out, recorded[i:min(i+rows, len(recorded))])
	}
	return out
}

// everything is reports of all kinds and arrivals of a line, mixed.
func everything() []*tw.Recorded {
	all := append(world(3, 150), lineWorld(40, 1, 12, 0, 4, 0.2).recorded(1_000)...)
	return renumbered(all, rand.New(rand.NewPCG(5, 5)).Perm(len(all)))
}

// Whatever the number of workers, each entry changes the same incidents in the
// same words.
func TestWorkersTellTheSame(t *testing.T) {
	all := entries(everything(), 50)
	want := told(associate.New(), all)
	for workers := 1; workers <= 8; workers++ {
		a := associate.New()
		a.Workers(by(workers))
		if told(a, all) != want {
			t.Errorf("%d workers tell other changes", workers)
		}
	}
}

// season is so many engagements along a line of 1,000 km in ten weeks, one in
// eight of them noticed by two or three of five sources.
func season(engagements int) []*tw.Recorded {
	r := rand.New(rand.NewPCG(21, 21))
	means := []tw.Means{tw.Heard, tw.Acoustic, tw.RecordedCamera, tw.SatelliteThermal, tw.PartyReport}
	var out []*tw.Recorded
	for range engagements {
		east, north := int64(r.IntN(1_000_000)), int64(r.IntN(30_000))
		from := at("2026-04-01 00:00") + tw.Instant(r.Int64N(int64(70*tw.Day)))
		for k := range 1 + max(0, r.IntN(16)-13) {
			k = (k + r.IntN(3)) % len(means)
			s := seen{source: fmt.Sprint("s", k), kind: tw.Explosion, description: tw.Impact, means: means[k], count: exactly(int64(1 + r.IntN(5))), region: point(east+int64(r.IntN(800)), north+int64(r.IntN(800)), 300+int64(r.IntN(700)))}
			if means[k] == tw.SatelliteThermal {
				s.kind, s.description, s.region = tw.ThermalAnomaly, "", pixel(east, north)
			}
			out = append(out, s.at(uint64(len(out)), tw.Interval{From: from, Till: from + tw.Instant(1+r.IntN(8))*tw.Minute}))
		}
	}
	return out
}

// Incidents are the same in any order, from any number of workers and of shards:
// with TRUCEWATCH_LONG a hundred thousand of them in a hundred orders, otherwise
// twenty thousand in two.
func TestHundredThousandIncidentsLong(t *testing.T) {
	events, orders := 21_000, 2
	if os.Getenv("TRUCEWATCH_LONG") != "" {
		events, orders = 105_000, 100
	}
	all := season(events)
	r := rand.New(rand.NewPCG(22, 22))
	var want tw.Hash
	began := processor()
	for order := range orders {
		a := associate.New()
		workers, shards := 1+order*7%8, order/2%4+1
		if a.Workers(by(workers)); order%2 == 1 {
			a.Shards(newMachines(t, shards).ask)
		} else {
			shards = 0
		}
		recorded := all
		if order > 0 {
			recorded = renumbered(all, r.Perm(len(all)))
		}
		for i, e := range entries(recorded, 5_000+order*order*997%20_000) {
			a.Add(uint64(i), e)
		}
		got := a.OrderFreeDigest()
		t.Logf("order %d, %d workers, %d shards: %d incidents of %d observations, digest %.8x, %.1f CPU s so far", order, workers, shards, a.Len(), len(all), got[:], (processor() - began).Seconds())
		if order == 0 {
			want = got
			if a.Len() < events*20/21 {
				t.Fatalf("only %d incidents", a.Len())
			}
		}
		if got != want {
			t.Fatalf("order %d, %d workers, %d shards: other incidents", order, workers, shards)
		}
	}
}
