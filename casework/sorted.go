// SPDX-License-Identifier: Apache-2.0

package casework

import (
	"iter"
	"slices"
)

// blockMax is how many values a block holds before it is split. An insertion
// moves at most so many.
const blockMax = 512

// sorted is a set of values in order. It keeps them in blocks, so that 100,000
// values can be put in and taken out in any order: a single slice would be moved
// as a whole each time.
type sorted[T any] struct {
	compare func(a, b T) int
	blocks  [][]T // each with at least one value
}

// block returns the block that v belongs to.
func (s *sorted[T]) block(v T) int {
	i, found := slices.BinarySearchFunc(s.blocks, v, func(b []T, v T) int { return s.compare(b[0], v) })
	if !found && i > 0 {
		i--
	}
	return i
}

// insert puts v in, once.
func (s *sorted[T]) insert(v T) {
	if len(s.blocks) == 0 {
		s.blocks = [][]T{{v}}
		return
	}
	i := s.block(v)
	place, found := slices.BinarySearchFunc(s.blocks[i], v, s.compare)
	if found {
		return
	}
	b := slices.Insert(s.blocks[i], place, v)
	s.blocks[i] = b
	if len(b) > blockMax {
		s.blocks = slices.Insert(s.blocks, i+1, slices.Clone(b[blockMax/2:]))
		s.blocks[i] = b[:blockMax/2]
	}
}

// remove takes v out, if it is there.
func (s *sorted[T]) remove(v T) {
	if len(s.blocks) == 0 {
		return
	}
	i := s.block(v)
	place, found := slices.BinarySearchFunc(s.blocks[i], v, s.compare)
	if !found {
		return
	}
	s.blocks[i] = slices.Delete(s.blocks[i], place, place+1)
	if len(s.blocks[i]) == 0 {
		s.blocks = slices.Delete(s.blocks, i, i+1)
	}
}

// first returns the least value, if there is one.
func (s *sorted[T]) first() (v T, ok bool) {
	if len(s.blocks) == 0 {
		return v, false
	}
	return s.blocks[0][0], true
}

// all yields the values in order.
func (s *sorted[T]) all() iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, b := range s.blocks {
			for _, v := range b {
				if !yield(v) {
					return
				}
			}
		}
	}
}
