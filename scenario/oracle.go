// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// A Solved is one event as the oracle sees it.
type Solved struct {
	At         trucewatch.Instant
	Position   geo.Position
	Covariance [3]float64 // east-east, east-north, north-north, m2
	Members    []int32    // reports
	Shares     []int64    // probability that each belongs here, ppm
}

// An OracleStart says from where the oracle searches.
type OracleStart int

// The starts.
const (
	FromNothing OracleStart = iota // every report alone: what a search with the true law finds
	FromTruth                      // the true sets: what the true law keeps of them
)

// Oracle divides the reports of a Mixed as one who knows the law by which they
// were made, but not from which event each came: the ceiling for every method
// that must learn or guess that law. It climbs to a local maximum of the
// likelihood by joining sets and moving single reports; from the truth it shows
// how much of it the likelihood itself gives away. What both have in common is
// information, not search.
func (p Mixed) Oracle(start OracleStart) (*World, []Solved, error) {
	w, err := p.World()
	if err != nil {
		return nil, nil, err
	}
	d := newDivision(newLaw(w, p))
	if start == FromTruth {
		d.truth()
	} else {
		d.join()
	}
	d.move()
	return w, d.solved(p.Seed), nil
}

// descents is the most steps of one descent; from each set it starts at its two
// sharpest reports.
const descents = 12

// worth returns the fit of a set of reports, in ascending order.
func (l *law) worth(set []int32) fit {
	key := make([]byte, 0, 4*len(set))
	for _, i := range set {
		key = binary.LittleEndian.AppendUint32(key, uint32(i))
	}
	if f, ok := l.known[string(key)]; ok {
		return f
	}
	f := l.fit(set)
	l.known[string(key)] = f
	return f
}

func (l *law) fit(set []int32) fit {
	measures := make([]*measure, len(set))
	for k, i := range set {
		measures[k] = &l.reports[i].measure
		for _, q := range measures[:k] {
			if q.mean == measures[k].mean && q.source == measures[k].source {
				return fit{worth: never} // a source reports an event once
			}
		}
	}
	sharp := slices.Clone(measures)
	slices.SortStableFunc(sharp, func(a, b *measure) int { return cmp.Compare(sharpness(a), sharpness(b)) })
	t := beginTime(sharp)
	best := fit{worth: math.Inf(-1)}
	for _, q := range sharp[:min(2, len(sharp))] {
		if f := l.descend(measures, l.begin(q, t)); f.worth > best.worth {
			best = f
		}
	}
	return best
}

// sharpness orders means by how well they tell the place.
func sharpness(q *measure) int {
	return [meansCount]int{sound: 0, thermal: 1, camera: 2, observer: 3, party: 4, open: 5}[q.mean]
}

// beginTime is the time of the surest clock.
func beginTime(all []*measure) float64 {
	t, least := (all[0].from+all[0].till)/2, math.Inf(1)
	for _, q := range all {
		if q.till == 0 {
			if deviation, delay := q.timeError(); deviation < least {
				t, least = q.t-delay, deviation
			}
		}
	}
	return t
}

// begin is where a descent begins by q.
func (l *law) begin(q *measure, t float64) [3]float64 {
	if q.place > 0 {
		return [3]float64{q.x, q.y, t}
	}
	p, r := l.from(q), q.far
	if r == 0 {
		r = seenKM
	}
	return [3]float64{p.x + float64(r*geo.Sin(q.azimuth)), p.y + float64(r*geo.Cos(q.azimuth)), t}
}

// descend is Gauss's and Newton's method with Huber's weights, and the worth
// where it ends.
func (l *law) descend(set []*measure, v [3]float64) fit {
	var a [3][3]float64
	var buf []residual
	for range descents {
		a = [3][3]float64{{1e-4}, {0, 1e-4}, {0, 0, 1e-3}}
		var b [3]float64
		for _, q := range set {
			buf = l.residuals(buf[:0], q, v)
			for _, r := range buf {
				weight := 1.0
				if math.Abs(r.off) > 3 {
					weight = 3 / math.Abs(r.off)
				}
				for i := range 3 {
					for j := range 3 {
						a[i][j] += float64(weight * float64(r.slope[i]*r.slope[j]))
					}
					b[i] -= float64(weight * float64(r.off*r.slope[i]))
				}
			}
		}
		step, _ := solve3(a, b)
		length := distance(step[0], step[1])
		scale := 1.0
		if length > 3 {
			scale = 3 / length
		}
		for i := range v {
			v[i] += float64(scale * step[i])
		}
		if length < 1e-3 && math.Abs(step[2]) < 1e-5 {
			break
		}
	}
	_, det := solve3(a, [3]float64{})
	f := fit{x: v[0], y: v[1], t: v[2], a: a}
	f.worth = l.births(v[0], v[1]) + 3*lnRoot2Pi - geo.Log(max(det, 1e-12))/2
	for _, q := range set {
		f.worth += geo.Log(max(l.detect(q, v), 1e-6)) + l.density(q, v) - l.clutter[q.mean]
	}
	f.worth += l.silence(v, func(m mean, n int) bool {
		return slices.ContainsFunc(set, func(q *measure) bool { return q.mean == m && q.source == n })
	})
	return f
}

// solve3 solves a x = b for a positive definite a, and returns its determinant.
func solve3(a [3][3]float64, b [3]float64) (x [3]float64, det float64) {
	det = 1
	for i := range 3 {
		det = float64(det * a[i][i])
		for r := i + 1; r < 3; r++ {
			f := a[r][i] / a[i][i]
			for c := i; c < 3; c++ {
				a[r][c] -= float64(f * a[i][c])
			}
			b[r] -= float64(f * b[i])
		}
	}
	for i := 2; i >= 0; i-- {
		for c := i + 1; c < 3; c++ {
			b[i] -= float64(a[i][c] * x[c])
		}
		x[i] = b[i] / a[i][i]
	}
	return x, det
}
