// SPDX-License-Identifier: Apache-2.0

package attribution

import (
	"flag"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
)

var shots = flag.Int("shots", 20_000, "simulated shots of each world of TestCalibration")

// A tally counts how often what was given a probability was true.
type tally struct {
	bins           [10]struct{ n, right, sum float64 } // of every candidate's share
	named, correct [2]int                              // of names given at 0.8 and at 0.9
	refused, blank int                                 // with evidence and without
	ownGround      [2]int                              // names of who holds the ground that was hit, and how many are right
	shots          int
}

func (t *tally) add(s *shot, a trucewatch.Attribution) {
	t.shots++
	if a.Level == None && len(a.Alternatives) == 0 && a.NonSignatory == 0 {
		t.blank++
		return
	}
	share := map[trucewatch.PartyID]trucewatch.PPM{"": a.NonSignatory, a.Party: a.Share}
	share[""] = a.NonSignatory
	for _, o := range a.Alternatives {
		share[o.Party] = o.Share
	}
	if len(share) == 1 {
		t.refused++ // a direction in words
		return
	}
	for _, who := range []trucewatch.PartyID{"A", "B", ""} {
		b := &t.bins[min(9, share[who]/100_000)]
		b.n++
		b.sum += float64(share[who]) / 1e6
		if who == s.truth {
			b.right++
		}
	}
	if a.Share == 0 && a.Level != Party {
		t.refused++
		return
	}
	right := a.Party == s.truth
	at := 0
	if max(a.Share, a.NonSignatory) >= 900_000 {
		at = 1
	}
	t.named[at]++
	if right {
		t.correct[at]++
	}
	if a.Party == s.hit {
		t.ownGround[0]++
		if right {
			t.ownGround[1]++
		}
	}
}

func (t *tally) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "shots %d: no evidence %d, refused %d, named at 0.8 to 0.9 %d (right %.3f), at 0.9 and more %d (right %.3f); names of who held the ground hit %d (right %.3f)\n",
		t.shots, t.blank, t.refused, t.named[0], part(t.correct[0], t.named[0]), t.named[1], part(t.correct[1], t.named[1]), t.ownGround[0], part(t.ownGround[1], t.ownGround[0]))
	for _, bin := range t.bins {
		fmt.Fprintf(&b, "stated %.3f true %.3f of %.0f\n", bin.sum/bin.n, bin.right/bin.n, bin.n)
	}
	return b.String()
}

func part(a, b int) float64 { return float64(a) / math.Max(1, float64(b)) }

func run(seed uint64, r rates, n int) *tally {
	t := &tally{}
	const each = 500 // shots of one world
	for i := range n / each {
		w := newWorld(seed+uint64(i), r)
		for range each {
			s := w.shot()
			t.add(s, Of(s.Input))
		}
	}
	return t
}

// TestCalibration holds the shares to a truth that is known. Of names given at
// 0.9 and more, at least 0.9 must be right, so surely that chance alone would
// show it in one run of twenty; and what is given a share must be true about so
// often.
func TestCalibration(t *testing.T) {
	for _, tt := range []struct {
		name  string
		rates rates
		part  int // of -shots
	}{
		{"as assumed", rates{1, 1, 0.2}, 1},
		{"clues mislead twice as often", rates{2, 1, 0.2}, 4},
		{"the line lies off by its survey error", rates{1, 1.96, 0.2}, 4},
		{"weapons are fired at any distance", rates{1, 1, 0.01}, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			n := *shots / tt.part
			if testing.Short() {
				n /= 10
			}
			got := run(1, tt.rates, n)
			t.Log("\n" + got.String())
			named, right := float64(got.named[1]), part(got.correct[1], got.named[1])
			if low := right - 1.645*math.Sqrt(right*(1-right)/named); low < 0.9 && !testing.Short() {
				t.Errorf("of %.0f names given at 0.9 and more %.4f are right, surely no more than %.4f", named, right, low)
			}
			for i, bin := range got.bins {
				const most = 0.05
				chance := 2 * math.Sqrt(0.25/bin.n)
				if off := math.Abs(bin.sum-bin.right) / bin.n; off > most+chance {
					t.Errorf("shares from %.1f: stated %.3f, true %.3f", float64(i)/10, bin.sum/bin.n, bin.right/bin.n)
				}
			}
		})
	}
}
