// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"cmp"
	"container/heap"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate/kernel"
)

// A window is the arrivals of one district for a while, being searched.
type window struct {
	d        *district
	from     trucewatch.Instant // its time 0: when its slab begins
	till     trucewatch.Instant // when its slab ends
	c        *conditions
	births   [][3]int64       // shots found before: east, north, time
	arrivals []kernel.Arrival // by station, phase, time
	number   []int32          // in the network's list
	tile     *kernel.Tile
	searcher *kernel.Searcher
	seeds    []int32 // arrivals from which sources are sought, by time
	bound    []int64 // by place in seeds: above the score of what it may still give
	found    []found // accepted
	degraded bool
	sure     bool // it is the sure shots that are sought, to learn from
	input    []byte
	known    map[inputHash]sought // answers of the last search of the same window
	kept     map[inputHash]sought // those of this one
	place    map[int32]int32      // of each arrival, by number; nil until asked for
	searched int64                // seeds that were searched from
	shots    []Shot               // what comes of it: shots whose first arrival is in the slab, with arrivals by place
	ahead    []int32              // and the arrivals of those that belong to the next one
}

// A found is a solution that a seed gave.
type found struct {
	kernel.Solution
	seed int32 // place in seeds
}

// byScore is a heap, best first; ties go by seed, hence by time.
type byScore []found

func (h byScore) Len() int { return len(h) }
func (h byScore) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(h[j].Score, h[i].Score), cmp.Compare(h[i].seed, h[j].seed)) < 0
}
func (h byScore) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *byScore) Push(f any)   { *h = append(*h, f.(found)) }
func (h *byScore) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

const unbounded = 1 << 60

// search finds the shots.
func (w *window) search(rung []int64) {
	slices.SortFunc(w.seeds, func(i, j int32) int {
		return cmp.Or(cmp.Compare(w.arrivals[i].At, w.arrivals[j].At), cmp.Compare(i, j))
	})
	w.bound = make([]int64, len(w.seeds))
	for i := range w.bound {
		w.bound[i] = unbounded
	}
	w.tile = kernel.NewTile(w.d.ground, w.c.sky, w.arrivals)
	for _, b := range w.births {
		w.tile.Remember(b[0], b[1], b[2])
	}
	w.searcher = kernel.NewSearcher(w.tile)
	w.kept = make(map[inputHash]sought)
	w.climb(rung)
	for i := range w.found {
		s := w.shot(&w.found[i])
		if w.sure {
			s.Near = w.tile.Near(&w.found[i].Solution)
		}
		if w.first(&s) < w.till {
			w.shots = append(w.shots, s)
		} else {
			w.ahead = append(w.ahead, s.Arrivals...)
		}
	}
}

// first is the time of the first arrival of s.
func (w *window) first(s *Shot) trucewatch.Instant {
	at := w.arrivals[s.Arrivals[0]].At
	for _, i := range s.Arrivals[1:] {
		at = min(at, w.arrivals[i].At)
	}
	return w.from + trucewatch.Instant(at)
}

// result is what comes of the window, with arrivals by their numbers in the
// network's list.
func (w *window) result(input [sha256.Size]byte) result {
	for i := range w.shots {
		s := &w.shots[i]
		s.Clocks = w.clocks(s.Arrivals)
		s.Arrivals, s.Near = w.numbers(s.Arrivals), w.numbers(s.Near)
	}
	return result{input: input, shots: w.shots, ahead: w.numbers(w.ahead), known: w.kept}
}

// clocks returns how wrong the clock of each arrival's station was taken to be; nil if
// none was.
func (w *window) clocks(places []int32) []kernel.Clock {
	out := make([]kernel.Clock, len(places))
	for k, at := range places {
		out[k] = w.c.clocks[w.arrivals[at].Station]
	}
	if !slices.ContainsFunc(out, func(c kernel.Clock) bool { return c != kernel.Clock{} }) {
		return nil
	}
	return out
}

// climb accepts solutions down the ladder from one rung to another. What those of
// one rung explain no longer stands against the next one's.
func (w *window) climb(rungs []int64) {
	for i, threshold := range rungs {
		if i > 0 && len(w.found) > 0 {
			w.tile.Crowd()
			for k := range w.bound {
				w.bound[k] = unbounded
			}
		}
		for before := -1; before != len(w.found); {
			before = len(w.found)
			w.round(threshold)
		}
	}
}

// round seeks a solution from every seed that may still give one, but for seeds
// that one of this round already explains, and accepts the best ones first.
// Scores only fall as arrivals are taken, so a solution whose arrivals are all
// free when it stands first is the best there is.
func (w *window) round(threshold int64) {
	var plans byScore
	covered := make([]bool, len(w.arrivals))
	for k, seed := range w.seeds {
		if w.tile.Taken(seed) || covered[seed] || w.bound[k] < threshold {
			continue
		}
		if f, ok := w.seek(int32(k), threshold); ok {
			plans = append(plans, f)
			for _, i := range f.Arrivals {
				covered[i] = true
			}
		}
	}
	heap.Init(&plans)
	for len(plans) > 0 {
		f := heap.Pop(&plans).(found)
		if w.tile.Taken(w.seeds[f.seed]) {
			continue
		}
		if slices.ContainsFunc(f.Arrivals, w.tile.Taken) {
			if again, ok := w.seek(f.seed, threshold); ok {
				heap.Push(&plans, again)
			}
			continue
		}
		w.tile.Settle(&f.Solution)
		w.tile.Accept(&f.Solution)
		for k, seed := range w.seeds {
			if w.bound[k] < unbounded && w.tile.MayFollow(&f.Solution, seed) {
				w.bound[k] = unbounded
			}
		}
		w.found = append(w.found, f)
	}
}

// An inputHash is of all that the search from a seed depends on.
type inputHash [sha256.Size]byte

// A sought is what the search from a seed gave.
type sought struct {
	solution *kernel.Solution // with arrivals by number; nil: none
	bound    int64
	capped   bool
}

// seek searches from one seed, unless the last search of the window knows the
// answer.
func (w *window) seek(k int32, threshold int64) (found, bool) {
	s := w.searcher
	if !s.Ready(w.seeds[k], threshold) {
		w.bound[k] = s.Bound
		return found{}, false
	}
	w.input = binary.LittleEndian.AppendUint64(append(w.input[:0], w.c.aired[:]...), uint64(threshold))
	w.input = s.AppendInput(w.input)
	key := inputHash(sha256.Sum256(w.input))
	answer, known := w.kept[key]
	if !known {
		answer, known = w.known[key]
	}
	if !known {
		w.searched++
		solution, ok := s.Find(threshold)
		answer = sought{bound: s.Bound, capped: s.Capped}
		if ok {
			solution.Arrivals = w.numbers(solution.Arrivals)
			answer.solution = &solution
		}
	}
	w.kept[key] = answer
	w.degraded = w.degraded || answer.capped
	if answer.solution == nil {
		w.bound[k] = answer.bound
		return found{}, false
	}
	f := found{*answer.solution, k}
	f.Arrivals = w.places(f.Arrivals)
	return f, true
}

// numbers returns the numbers of arrivals in the network's list; places is the way
// back. A window of a Worker has places only.
func (w *window) numbers(places []int32) []int32 {
	out := slices.Clone(places)
	if w.number != nil {
		for k, at := range places {
			out[k] = w.number[at]
		}
	}
	return out
}

func (w *window) places(numbers []int32) []int32 {
	out := slices.Clone(numbers)
	if w.number == nil {
		return out
	}
	if w.place == nil {
		w.place = make(map[int32]int32, len(w.number))
		for at, number := range w.number {
			w.place[number] = int32(at)
		}
	}
	for k, number := range numbers {
		out[k] = w.place[number]
	}
	return out
}

// shot says where and when a solution was, on the globe.
func (w *window) shot(f *found) Shot {
	s := Shot{Position: w.d.plane.Position(f.EastMM, f.NorthMM), DepthMM: f.DepthMM, At: w.from + trucewatch.Instant(f.At),
		Score: trucewatch.MilliNat(f.Score), Degraded: w.degraded, Error: trucewatch.Instant(f.TimeErrorUS())}
	s.Region, s.Places = f.Region(w.d.plane), f.Places(w.d.plane)
	for i, at := range f.Arrivals {
		s.Arrivals = append(s.Arrivals, at)
		s.Gains = append(s.Gains, trucewatch.MilliNat(f.Gains[i]))
	}
	return s
}
