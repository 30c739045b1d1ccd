// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"cmp"
	"container/heap"
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
	shots    []Shot  // what comes of it: shots whose first arrival is in the slab, with arrivals by place
	ahead    []int32 // and the arrivals of those that belong to the next one
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
	w.climb(rung)
	for i := range w.found {
		if s := w.shot(&w.found[i]); w.first(&s) < w.till {
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

// results returns what comes of the window, with arrivals by their numbers in the
// network's list.
func (w *window) results() ([]Shot, []int32) {
	for _, s := range w.shots {
		w.renumber(s.Arrivals)
	}
	w.renumber(w.ahead)
	return w.shots, w.ahead
}

func (w *window) renumber(places []int32) {
	for k, at := range places {
		places[k] = w.number[at]
	}
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
		w.tile.Accept(&f.Solution)
		for k, seed := range w.seeds {
			if w.bound[k] < unbounded && w.tile.MayFollow(&f.Solution, seed) {
				w.bound[k] = unbounded
			}
		}
		w.found = append(w.found, f)
	}
}

// seek searches from one seed.
func (w *window) seek(k int32, threshold int64) (found, bool) {
	solution, ok := w.searcher.Find(w.seeds[k], threshold)
	w.degraded = w.degraded || w.searcher.Capped
	if !ok {
		w.bound[k] = w.searcher.Bound
	}
	return found{solution, k}, ok
}

// shot says where and when a solution was, on the globe.
func (w *window) shot(f *found) Shot {
	s := Shot{Position: w.d.plane.Position(f.EastMM, f.NorthMM), DepthMM: f.DepthMM, At: w.from + trucewatch.Instant(f.At),
		Score: trucewatch.MilliNat(f.Score), Degraded: w.degraded, Error: trucewatch.Instant(f.TimeErrorUS())}
	s.Region = f.Region(s.Position)
	for i, at := range f.Arrivals {
		s.Arrivals = append(s.Arrivals, at)
		s.Gains = append(s.Gains, trucewatch.MilliNat(f.Gains[i]))
	}
	return s
}
