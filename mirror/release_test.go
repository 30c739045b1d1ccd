// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/trucewatch/trucewatch"
)

func TestPlanFillsUpToTheLadder(t *testing.T) {
	for _, test := range []struct{ previous, size, quantum, cover uint64 }{
		{100, 100, 16, 16}, {100, 101, 16, 15}, {100, 116, 16, 0}, {100, 117, 16, 15}, {100, 132, 16, 0}, {100, 133, 16, 31},
		{0, 0, 1, 1}, {0, 5, 1, 3}, {0, 8, 1, 0}, {0, 9, 3, 3}, {0, 12, 3, 0}, {0, 13, 3, 11},
		{100, 90, 16, 16}, {0, 100, 0, 0},
		{0, 1<<63 - 1, 16, 0}, {1<<63 - 20, 1<<63 - 10, 16, 6}, {1<<63 - 20, 1<<63 - 2, 16, 0}, {0, 1, 1 << 63, 0}, {0, 1, 1<<64 - 1, 0},
	} {
		if got := Plan(test.previous, test.size, test.quantum); got != test.cover {
			t.Errorf("Plan(%d, %d, %d) = %d, want %d", test.previous, test.size, test.quantum, got, test.cover)
		}
	}
}

func TestPlanReachesTheSmallestRung(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		quantum := rapid.Uint64Range(1, 1<<20).Draw(t, "quantum")
		previous := rapid.Uint64Range(0, 1<<40).Draw(t, "previous")
		growth := rapid.Uint64Range(0, 1<<35).Draw(t, "growth")
		batch := growth + Plan(previous, previous+growth, quantum)
		rung := quantum
		for rung < growth {
			rung *= 2
		}
		if batch != rung {
			t.Fatalf("growth %d is filled to %d, want %d", growth, batch, rung)
		}
	})
}

// A release plays arrivals through the writer's and the server's sides, and
// returns what a party sees at each second.
func playRelease(arrivals []trucewatch.Instant, cadence, delay, quantum, till trucewatch.Instant) (seen []uint64) {
	var batches []Batch
	var size, previous uint64
	next := 0
	for at := trucewatch.Instant(0); at <= till; at += trucewatch.Second {
		for ; next < len(arrivals) && arrivals[next] <= at; next++ {
			size++
		}
		if at%cadence == 0 {
			size += Plan(previous, size, uint64(quantum))
			previous = size
			batches = append(batches, Batch{size, at})
		}
		seen = append(seen, Released(batches, at, cadence, delay))
	}
	return seen
}

// Two days of arrivals that need the same steps of the ladder cannot be told
// apart by when how much is released.
func TestReleasedSizesTellOnlyTheStepOfTheLadder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const beats, quantum = 12, 8
		cadence := trucewatch.Instant(rapid.IntRange(2, 30).Draw(t, "cadence")) * trucewatch.Second
		delay := trucewatch.Instant(rapid.IntRange(0, 90).Draw(t, "delay")) * trucewatch.Second
		var one, other []trucewatch.Instant
		for beat := range trucewatch.Instant(beats) {
			step := rapid.IntRange(0, 3).Draw(t, "step")
			low, high := quantum<<step/2+1, quantum<<step
			if step == 0 {
				low = 0
			}
			for _, day := range []*[]trucewatch.Instant{&one, &other} {
				var some []trucewatch.Instant
				for range rapid.IntRange(low, high).Draw(t, "arrivals") {
					some = append(some, beat*cadence+1+trucewatch.Instant(rapid.Int64Range(0, int64(cadence)-1).Draw(t, "at")))
				}
				slices.Sort(some)
				*day = append(*day, some...)
			}
		}
		till := (beats+2)*cadence + delay
		a, b := playRelease(one, cadence, delay, quantum, till), playRelease(other, cadence, delay, quantum, till)
		if fmt.Sprint(a) != fmt.Sprint(b) {
			t.Fatalf("told apart:\n%v\n%v", a, b)
		}
	})
}

func TestReleasedChangesAtBeatsOnly(t *testing.T) {
	const s = trucewatch.Second
	batches := []Batch{{30, 25 * s}, {10, 5 * s}, {20, 20 * s}}
	for _, test := range []struct {
		at, cadence, delay trucewatch.Instant
		want               uint64
	}{
		{9 * s, 10 * s, 0, 0}, {10 * s, 10 * s, 0, 10}, {19 * s, 10 * s, 0, 10}, {20 * s, 10 * s, 0, 20}, {29 * s, 10 * s, 0, 20}, {30 * s, 10 * s, 0, 30},
		{30 * s, 10 * s, 5 * s, 30}, {30 * s, 10 * s, 6 * s, 20}, {39 * s, 10 * s, 6 * s, 20}, {40 * s, 10 * s, 6 * s, 30},
		{26 * s, 0, s, 30}, {25 * s, 0, s, 20}, {-5 * s, 10 * s, 0, 0},
	} {
		if got := Released(batches, test.at, test.cadence, test.delay); got != test.want {
			t.Errorf("at %v, cadence %v, delay %v: %d, want %d", test.at, test.cadence, test.delay, got, test.want)
		}
	}
}

func TestScheduleNeverTakesBackWhatWasReleased(t *testing.T) {
	const s = trucewatch.Second
	now := 40 * s
	sc := NewSchedule([]Batch{{20, 15 * s}, {10, 5 * s}}, 10*s, 0, func() trucewatch.Instant { return now })
	if sc.Limit() != 20 {
		t.Fatalf("limit %d", sc.Limit())
	}
	sc.Add(Batch{30, 45 * s})
	for _, test := range []struct {
		now  trucewatch.Instant
		want uint64
	}{{49 * s, 20}, {50 * s, 30}, {10 * s, 30}, {60 * s, 30}} {
		now = test.now
		if got := sc.Limit(); got != test.want {
			t.Errorf("at %v: %d, want %d", test.now, got, test.want)
		}
	}
	sc.Add(Batch{25, 46 * s})
	if sc.Limit() != 30 {
		t.Error("a smaller batch took back a larger one")
	}
}
