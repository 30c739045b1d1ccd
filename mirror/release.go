// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"cmp"
	"math/bits"
	"slices"
	"sync"

	"github.com/trucewatch/trucewatch"
)

// A party's copy of the log grows in batches: at the beats of a fixed cadence, by
// sizes of a short ladder. How many entries came, and when, it does not tell.

// Plan says how many cover entries must be appended to a log of size entries so
// that its growth since the last batch, at previous, has a size of the ladder
//
//	quantum, 2·quantum, 4·quantum, 8·quantum, ...
//
// Nothing new is a batch of quantum, too: a beat without one would tell. With a
// quantum of 0, or if the log would overflow, there is no cover. A size below
// previous counts as no growth.
//
// The ladder is all that a party learns: b bits of growth in quanta become
// log2(b) bits. Covers at most double what is stored.
func Plan(previous, size, quantum uint64) (cover uint64) {
	growth := uint64(0)
	if size > previous {
		growth = size - previous
	}
	rung := Rung(growth, quantum)
	if rung == 0 || rung-growth > sizeMax-min(size, sizeMax) {
		return 0
	}
	return rung - growth
}

// sizeMax is how many entries a log can have. Source: package record, sizes
// have 63 bits.
const sizeMax = 1<<63 - 1

// Rung is the smallest step of the ladder that is not below growth; 0 if there is
// none.
func Rung(growth, quantum uint64) uint64 {
	if quantum == 0 {
		return 0
	}
	quanta := (max(growth, 1)-1)/quantum + 1 // rounded up
	step := bits.Len64(quanta - 1)
	if step+bits.Len64(quantum) > 63 {
		return 0
	}
	return quantum << step
}

// A Batch is a size of the log at which a batch ends, and when it was complete.
type Batch struct {
	Size uint64
	At   trucewatch.Instant
}

// Released is how many entries may be shown at an instant: those of the largest
// batch that was complete at the last beat of the cadence, delay before. Beats
// are the multiples of cadence since 1970. Nothing in it depends on when, between
// two beats, a batch was complete. A cadence of 0 shows batches as soon as the
// delay is over. Batches may be in any order.
func Released(batches []Batch, at, cadence, delay trucewatch.Instant) uint64 {
	till := at - delay
	if cadence > 0 {
		beat := at - (at%cadence+cadence)%cadence
		till = beat - delay
	}
	shown := uint64(0)
	for _, b := range batches {
		if b.At <= till {
			shown = max(shown, b.Size)
		}
	}
	return shown
}

// A Schedule is the batches of one log as they are released to parties. Its Limit
// is what record.Handler asks. It may be used by many at once.
type Schedule struct {
	cadence, delay trucewatch.Instant
	now            func() trucewatch.Instant

	mu      sync.Mutex
	batches []Batch // by time; guarded by mu
	shown   uint64  // the largest size that Limit gave: it never goes back; guarded by mu
}

// NewSchedule returns the schedule of a log whose batches, as far as they matter,
// are given: after a restart, those of the record, by the times in it.
func NewSchedule(batches []Batch, cadence, delay trucewatch.Instant, now func() trucewatch.Instant) *Schedule {
	s := &Schedule{cadence: cadence, delay: delay, now: now}
	for _, b := range batches {
		s.Add(b)
	}
	return s
}

// Add says that a batch is complete: covered, signed, co-signed.
func (s *Schedule) Add(b Batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, _ := slices.BinarySearchFunc(s.batches, b, func(a, b Batch) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Size, b.Size)) })
	s.batches = slices.Insert(s.batches, at, b)
}

// Limit is how many entries may be shown now. It never shrinks, also if the clock
// goes back.
func (s *Schedule) Limit() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.shown = max(s.shown, Released(s.batches, now, s.cadence, s.delay))
	// Smaller batches cannot be released any more.
	s.batches = slices.DeleteFunc(s.batches, func(b Batch) bool { return b.Size < s.shown })
	return s.shown
}
