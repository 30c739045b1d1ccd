// SPDX-License-Identifier: Apache-2.0

package associate

import "slices"

// A sink is a count report with the incidents that may use it up.
type sink struct {
	number int32
	rivals []*sink // other rows of its source about the same sign: no incident is in both
	fits   []fit   // best first
	took   []int64 // of its number, for each of fits; 0: none
	used   int64
	least  int64 // below it something is left over
	most   int64
}

// newSink readies count report n.
func (a *Associator) newSink(parts []*partition, n int32) *sink {
	s := &sink{number: n, fits: a.fits(parts, n)}
	s.took = make([]int64, len(s.fits))
	s.least, s.most = bounds(a.nodes[n].rec.Observation.Count)
	s.least = max(s.least, 1) // a report that nothing explains is left over
	return s
}

// take lets fit i use up the sink as far as it goes, and says whether it did.
func (s *sink) take(i int) bool {
	amount := min(s.fits[i].rounds.Value, s.most-s.used)
	if s.took[i] > 0 || amount <= 0 {
		return false
	}
	s.took[i] = amount
	s.used += amount
	return true
}

// leave takes fit i away from the sink.
func (s *sink) leave(i int) {
	s.used -= s.took[i]
	s.took[i] = 0
}

// at returns which of the fits of s is with a set, -1 if none is.
func (s *sink) at(with *set) int {
	return slices.IndexFunc(s.fits, func(f fit) bool { return f.set == with })
}

// holder returns the rival of s that holds a set, and by which of its fits; nil if none
// does. There is one at most, for they are rivals of each other.
func (s *sink) holder(with *set) (*sink, int) {
	for _, t := range s.rivals {
		if i := t.at(with); i >= 0 && t.took[i] > 0 {
			return t, i
		}
	}
	return nil, 0
}

// shareOut uses up the sinks. Each takes what fits it best, in content order; then one
// of which something is left over may have an incident that another row of its source
// holds, if that one can do without it or finds another for it, and so on (augmenting
// paths: Kuhn, Naval Research Logistics Quarterly 2, 1955). So as few signs as can be
// are left over, and thus counted beside the incidents that they are.
func shareOut(all []*sink) {
	for _, s := range all {
		for _, t := range all {
			if s != t && len(s.fits) > 0 && len(t.fits) > 0 && s.fits[0].e.spot.excludes(&t.fits[0].e.spot) {
				s.rivals = append(s.rivals, t)
			}
		}
	}
	for _, s := range all {
		for i, f := range s.fits {
			if t, _ := s.holder(f.set); t == nil {
				s.take(i)
			}
		}
	}
	for _, s := range all {
		for s.used < s.least && s.free(map[*sink]bool{s: true}) {
			continue
		}
	}
}

// free finds one more incident for s, which those asked have not given one for, and
// says whether there was one.
func (s *sink) free(asked map[*sink]bool) bool {
	for i, f := range s.fits {
		if s.took[i] > 0 {
			continue
		}
		t, k := s.holder(f.set)
		if t == nil {
			if s.take(i) {
				return true
			}
			continue
		}
		if asked[t] {
			continue
		}
		asked[t] = true
		t.leave(k)
		if (t.used >= t.least || t.free(asked)) && s.take(i) {
			return true
		}
		t.take(k)
	}
	return false
}
