// SPDX-License-Identifier: Apache-2.0

// Package admission decides what waits and what is sent away while more comes in
// than can be recorded. A queue is bounded in bytes and in time. What is worse to
// lose goes first; among equals, the source of which least was taken lately. What
// a source hands in keeps its order, as its bodies are a chain.
//
// Nothing here acknowledges: who is let in waits for the record, and who is sent
// away is told, keeps what he has, and comes again.
package admission

import (
	"cmp"
	"slices"
	"time"
)

// A Class says how bad it would be to lose an item; the lowest goes first.
type Class int

// The classes.
const (
	Urgent  Class = iota // harm to people, fire at the mission, and what officers and parties do
	Cases                // what may bear on an incident whose case has a clock running
	Routine              // detections
)

// Classes is how many there are.
const Classes = 3

// String returns the word of the class, for logs and figures.
func (c Class) String() string { return []string{"urgent", "cases", "routine"}[c] }

// A Reason is why an item was sent away.
type Reason string

// The reasons.
const (
	TooMuchOfOne Reason = "source_full" // its source has its share of the queue waiting already
	Full         Reason = "queue_full"  // there is no room, and nothing waits that is less worth
	Displaced    Reason = "displaced"   // it made room for something that is worse to lose
	TooOld       Reason = "waited_long" // it waited as long as anybody waits for an answer
)

// Reasons lists them.
func Reasons() []Reason { return []Reason{TooMuchOfOne, Full, Displaced, TooOld} }

// Limits bound a queue.
type Limits struct {
	Bytes       int64         // of all that waits
	SourceBytes int64         // of what waits of one source
	Wait        time.Duration // for which an item waits at most
}

// forget is how fast what was taken of a source is forgotten: halved each time
// this much went by.
//
// Guess: a minute; a source that flooded and stopped is one like others soon.
// Test: TestQuietSourceGetsThrough, with the load of a real service.
const forget = time.Minute

// An Item waits. Value is whatever the owner wants back.
type Item[T any] struct {
	Source string
	Class  Class
	Bytes  int64
	Value  T

	since time.Time
}

// A Shed item was sent away.
type Shed[T any] struct {
	Item[T]
	Reason Reason
}

// A Queue is for one goroutine at a time. It never reads a clock.
type Queue[T any] struct {
	limits  Limits
	sources []*source[T] // with something waiting or taken lately, in the order of arrival
	bytes   int64
	halved  time.Time // when taken was halved last
}

type source[T any] struct {
	name  string
	items []Item[T]
	bytes int64
	taken int64 // bytes, halved as time goes by
}

// best is the class of the best item that waits: the whole of a chain is worth
// as much as its best, since that cannot enter without what came before it.
func (s *source[T]) best() Class {
	best := Class(Classes)
	for _, it := range s.items {
		best = min(best, it.Class)
	}
	return best
}

// New returns an empty queue.
func New[T any](limits Limits) *Queue[T] { return &Queue[T]{limits: limits} }

// Bytes is how much waits, Items how many.
func (q *Queue[T]) Bytes() int64 { return q.bytes }

// Items is how many items wait, by class.
func (q *Queue[T]) Items() (n [Classes]int) {
	for _, s := range q.sources {
		for _, it := range s.items {
			n[it.Class]++
		}
	}
	return n
}

// Offer lets an item wait, or says why not. Others may have to make room for it.
func (q *Queue[T]) Offer(now time.Time, it Item[T]) (shed []Shed[T]) {
	q.pass(now)
	it.since = now
	s := q.of(it.Source)
	if s.bytes+it.Bytes > q.limits.SourceBytes {
		return []Shed[T]{{it, TooMuchOfOne}}
	}
	victims, enough := q.victims(s, it)
	if !enough {
		return []Shed[T]{{it, Full}}
	}
	for _, v := range victims {
		shed = append(shed, Shed[T]{v.pop(), Displaced})
		q.bytes -= shed[len(shed)-1].Bytes
	}
	s.items = append(s.items, it)
	s.bytes += it.Bytes
	q.bytes += it.Bytes
	return shed
}

// victims returns whose last items make room for an item of s, in order, and
// whether that is enough. Those of less worth give way, the one of which most
// waits first; among equals one gives way of which more waits than of s.
func (q *Queue[T]) victims(s *source[T], it Item[T]) (victims []*source[T], enough bool) {
	need := q.bytes + it.Bytes - q.limits.Bytes
	rank := min(s.best(), it.Class)
	left, gone := map[*source[T]]int64{}, map[*source[T]]int{}
	for _, o := range q.sources {
		left[o] = o.bytes
	}
	for need > 0 {
		var worst *source[T]
		for _, o := range q.sources {
			if o == s || gone[o] == len(o.items) || o.best() < rank || o.best() == rank && left[o] <= s.bytes+it.Bytes {
				continue
			}
			if worst == nil || cmp.Or(-cmp.Compare(o.best(), worst.best()), -cmp.Compare(left[o], left[worst])) < 0 {
				worst = o
			}
		}
		if worst == nil {
			return nil, false
		}
		n := worst.items[len(worst.items)-1-gone[worst]].Bytes
		gone[worst]++
		left[worst] -= n
		need -= n
		victims = append(victims, worst)
	}
	return victims, true
}

// pop takes the last item: what came before it in the chain can still enter.
func (s *source[T]) pop() Item[T] {
	it := s.items[len(s.items)-1]
	s.items = s.items[:len(s.items)-1]
	s.bytes -= it.Bytes
	return it
}

// Take returns what to record next, about so many bytes of it and one item at least.
func (q *Queue[T]) Take(now time.Time, bytes int64) (taken []Item[T]) {
	q.pass(now)
	for bytes > 0 {
		var next *source[T]
		for _, s := range q.sources {
			if len(s.items) == 0 {
				continue
			}
			if next == nil || cmp.Or(cmp.Compare(s.best(), next.best()), cmp.Compare(s.taken, next.taken)) < 0 {
				next = s
			}
		}
		if next == nil {
			return taken
		}
		it := next.items[0]
		next.items = next.items[1:]
		next.bytes -= it.Bytes
		next.taken += it.Bytes
		q.bytes -= it.Bytes
		bytes -= it.Bytes
		taken = append(taken, it)
	}
	return taken
}

// Expire sends away what waited too long: whoever handed it in gave up by then.
func (q *Queue[T]) Expire(now time.Time) (shed []Shed[T]) {
	for _, s := range q.sources {
		for len(s.items) > 0 && now.Sub(s.items[0].since) >= q.limits.Wait {
			// What follows in the chain cannot enter without this, but its owner will
			// send both again, in order.
			it := s.items[0]
			s.items = s.items[1:]
			s.bytes -= it.Bytes
			q.bytes -= it.Bytes
			shed = append(shed, Shed[T]{it, TooOld})
		}
	}
	return shed
}

func (q *Queue[T]) of(name string) *source[T] {
	for _, s := range q.sources {
		if s.name == name {
			return s
		}
	}
	s := &source[T]{name: name}
	q.sources = append(q.sources, s)
	return s
}

// pass forgets what was taken as time goes by, and sources of which nothing is left.
func (q *Queue[T]) pass(now time.Time) {
	if q.halved.IsZero() {
		q.halved = now
	}
	for ; now.Sub(q.halved) >= forget && len(q.sources) > 0; q.halved = q.halved.Add(forget) {
		for _, s := range q.sources {
			s.taken /= 2
		}
		q.sources = slices.DeleteFunc(q.sources, func(s *source[T]) bool { return len(s.items) == 0 && s.taken == 0 })
	}
	if len(q.sources) == 0 {
		q.halved = now
	}
}
