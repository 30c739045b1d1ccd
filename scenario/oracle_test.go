// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"math"
	"slices"
	"testing"
)

func TestSolve3Solves(t *testing.T) {
	x, det := solve3([3][3]float64{{4, 1, 0}, {1, 3, 1}, {0, 1, 2}}, [3]float64{6, 10, 8})
	for i, want := range [3]float64{1, 2, 3} {
		if math.Abs(x[i]-want) > 1e-12 {
			t.Errorf("x[%d] is %v, want %v", i, x[i], want)
		}
	}
	if math.Abs(det-18) > 1e-12 {
		t.Errorf("determinant %v, want 18", det)
	}
}

// TestDescentUsesTrueSlopes compares each slope with a small step.
func TestDescentUsesTrueSlopes(t *testing.T) {
	p := NewMixed(1)
	w := must(p.World())
	l := newLaw(w, p)
	const h = 1e-6
	for i := range w.Reports {
		q := &w.Reports[i].measure
		v := l.begin(q, beginTime([]*measure{q}))
		v[0], v[1], v[2] = v[0]+0.4, v[1]-0.3, v[2]+5 // off, beyond a window's edge too
		at := l.residuals(nil, q, v)
		for axis := range 3 {
			step := v
			step[axis] += h
			for k, r := range l.residuals(nil, q, step) {
				if slope := (r.off - at[k].off) / h; math.Abs(slope-at[k].slope[axis]) > 1e-3*(1+math.Abs(slope)) {
					t.Fatalf("%s: residual %d along %d: slope %v, want %v", meanNames[q.mean], k, axis, at[k].slope[axis], slope)
				}
			}
		}
	}
}

// TestGateKeepsTrueCompanions: of all pairs of reports of one event, the gate
// loses at most one in fifty.
func TestGateKeepsTrueCompanions(t *testing.T) {
	p := NewMixed(1)
	p.Events = 400
	w := must(p.World())
	d := newDivision(newLaw(w, p))
	kept, all := 0, 0
	for i := range w.Reports {
		for j := range i {
			if e := w.Reports[i].Event; e >= 0 && e == w.Reports[j].Event {
				all++
				if slices.Contains(d.near[i], int32(j)) {
					kept++
				}
			}
		}
	}
	t.Logf("%d of %d", kept, all)
	if 50*(all-kept) > all {
		t.Errorf("the gate keeps %d of %d", kept, all)
	}
}

// TestMovesNeverLose: moving single reports never lowers the worth of the whole,
// and what is joined is worth more than lone reports.
func TestMovesNeverLose(t *testing.T) {
	p := NewMixed(4)
	p.Events = 40
	w := must(p.World())
	d := newDivision(newLaw(w, p))
	total := func() float64 {
		sum := 0.0
		for _, s := range d.sets {
			sum += d.value(s)
		}
		return sum
	}
	alone := total()
	d.join()
	joined := total()
	d.move()
	moved := total()
	if joined <= alone || moved < joined {
		t.Errorf("worth %v alone, %v joined, %v moved", alone, joined, moved)
	}
	for i := range d.owner {
		if _, gain := d.best(int32(i)); gain > 1e-9 {
			t.Errorf("report %d would still gain %v", i, gain)
		}
		if !slices.Contains(d.sets[d.owner[i]], int32(i)) {
			t.Errorf("report %d is not in its set", i)
		}
	}
}

// TestASourceReportsAnEventOnce: no set holds two reports of one source.
func TestASourceReportsAnEventOnce(t *testing.T) {
	w, solved, err := NewMixed(1).Oracle(FromNothing)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range solved {
		for k, i := range s.Members {
			for _, j := range s.Members[:k] {
				if w.Reports[i].Source.ID == w.Reports[j].Source.ID {
					t.Errorf("%s reports twice", w.Reports[i].Source.ID)
				}
			}
		}
	}
}
