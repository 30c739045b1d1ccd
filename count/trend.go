// SPDX-License-Identifier: Apache-2.0

package count

import (
	"fmt"
	"math/big"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// A Stratum is what was counted on one piece of ground, a cell, in two periods.
type Stratum struct {
	Before, Now Tallied
}

// Tallied is what was counted on one piece of ground in one period.
type Tallied struct {
	Sizes    []int64        // of the events: 1 for each engagement; the shots of each incident
	Hours    int64          // of the period
	Observed trucewatch.PPM // of the piece and the period
}

// A Trend is how much more or less there is than before, on ground that was
// watched in both periods.
type Trend struct {
	Ratio *trucewatch.Range // of the rates, in thousandths: 1,000 is as before; High 0: no upper bound; nil: no common ground
	Word  string            // more, fewer, cannot_tell, no_common_ground
	Both  trucewatch.PPM    // of the pieces of ground, those watched in both periods
}

// The words of a trend.
const (
	More       = "more"
	Fewer      = "fewer"
	CannotTell = "cannot_tell"
	NoGround   = "no_common_ground"
)

// TrendOf compares the rates of two periods, piece by piece. Ground that was
// watched in one of them only has no part in it: where sensors drop out, what
// happened there drops out of both periods, so that the trend gets wider and not
// lower. Pieces are weighted by the observed hours that both periods have.
//
// Source: N. Mantel and W. Haenszel, Journal of the National Cancer Institute 22
// (1959) 719-748, the weights, as used for rates by K. J. Rothman and S. Greenland,
// Modern Epidemiology, ch. 15; A. Donner and G. Y. Zou, Statistical Methods in
// Medical Research 21 (2012) 347-359, the interval of a ratio from those of its
// parts; the parts as in interval.
func TrendOf(strata []Stratum) Trend {
	var before, now weighted
	common := int64(0)
	for i := range strata {
		b, n := &strata[i].Before, &strata[i].Now
		exposed, exposedNow := b.exposure(), n.exposure()
		if exposed == 0 || exposedNow == 0 {
			continue
		}
		common++
		before.join(b.Sizes, mulDiv(exposedNow, unit, exposed+exposedNow))
		now.join(n.Sizes, mulDiv(exposed, unit, exposed+exposedNow))
	}
	if common == 0 {
		return Trend{Word: NoGround}
	}
	t := Trend{Both: trucewatch.PPM(common * geo.Million / int64(len(strata))), Word: CannotTell}
	if before.total == 0 && now.total == 0 {
		return t
	}
	t.Ratio = ratio(before, now)
	switch {
	case t.Ratio.Low > 1000:
		t.Word = More
	case t.Ratio.High != 0 && t.Ratio.High < 1000:
		t.Word = Fewer
	}
	return t
}

// EngagementsOn counts the engagements of a period, under a rule, on each of so many
// pieces of ground; at numbers the piece of an incident, -1 for none. An engagement
// counts where it began. What only sources noticed of which nobody knows how much
// they see is left out: see Ground.
func EngagementsOn(r Rule, items Items, ground Ground, pieces int, at func(*trucewatch.IncidentView) int) []Tallied {
	out := make([]Tallied, pieces)
	for i := range out {
		out[i].Hours = ground.Hours
	}
	var counted []*trucewatch.IncidentView
	for i := range items.Incidents {
		in := &items.Incidents[i]
		if counts(items.Period, in.When.From) && in.State != "merged" && in.State != "withdrawn" {
			counted = append(counted, in)
		}
	}
	results := standing(items.Findings)
	for _, g := range r.engagements(counted) {
		piece := at(g[0])
		excused := !slices.ContainsFunc(g, func(in *trucewatch.IncidentView) bool { return !r.excused(results[in.ID]) })
		if piece >= 0 && !excused && slices.ContainsFunc(g, ground.noticed) {
			out[piece].Sizes = append(out[piece].Sizes, 1)
		}
	}
	return out
}

// Sentence says a trend of engagements in words.
func (t Trend) Sentence() string {
	ground := fmt.Sprintf("on the %d %% of the ground that was watched both times", max(1, t.Both/10_000))
	times := func(thousandths int64) string { return fmt.Sprintf("%d.%02d", thousandths/1000, thousandths%1000/10) }
	switch {
	case t.Word == NoGround:
		return "no ground was watched both times: nobody can say whether there is more fire or less"
	case t.Ratio == nil:
		return "no engagement in either, " + ground
	}
	if t.Ratio.Best < t.Ratio.Low {
		said := "engagements now and none before, " + ground
		if t.Word == CannotTell {
			return said + ": whether there is more cannot be told"
		}
		return said + ": " + t.Word
	}
	upper := "any number of"
	if t.Ratio.High != 0 {
		upper = times(t.Ratio.High)
	}
	said := fmt.Sprintf("%s times as many engagements as before (95 %%: %s to %s times), ", times(t.Ratio.Best), times(t.Ratio.Low), upper) + ground
	if t.Word == CannotTell {
		return said + ": whether there is more or less cannot be told"
	}
	return said + ": " + t.Word
}

// exposure is in millionths of an observed hour.
func (t *Tallied) exposure() int64 { return t.Hours * int64(t.Observed) }

// join adds events that weigh so many millionths.
func (w *weighted) join(sizes []int64, weight int64) {
	for _, size := range sizes {
		x := min(size, sizeMost) * weight
		w.total += x
		w.squares = min(w.squares+mulDiv(x, x, unit), 1<<62)
		w.largest = max(w.largest, x)
	}
	if len(sizes) == 0 {
		w.largest = max(w.largest, weight)
	}
}

// ratio returns now/before with its interval.
func ratio(before, now weighted) *trucewatch.Range {
	const thousand = 1000
	lowB, highB := interval(before)
	lowN, highN := interval(now)
	out := &trucewatch.Range{}
	if before.total > 0 {
		out.Best = mulDiv(now.total, thousand, before.total)
	}
	out.Low = bound(now.total, before.total, lowN, highB, -1)
	if lowB > 0 {
		out.High = max(bound(now.total, before.total, highN, lowB, 1), 1)
	}
	return out
}

// bound is one end of the interval of a ratio a/b, in thousandths, of which end is
// that of a and opposite the other one of b:
//
//	(ab -+ sqrt((ab)^2 - end(2a-end) * opposite(2b-opposite))) / (opposite(2b-opposite))
func bound(a, b, end, opposite int64, sign int64) int64 {
	n := func(x int64) *big.Int { return big.NewInt(x) }
	mul := func(x, y *big.Int) *big.Int { return new(big.Int).Mul(x, y) }
	p := mul(n(a), n(b))
	e := mul(n(end), n(2*a-end))
	d := mul(n(opposite), n(2*b-opposite))
	if d.Sign() == 0 {
		// The end where the divisor vanishes: e / 2ab.
		if p.Sign() == 0 {
			return 0
		}
		return new(big.Int).Quo(mul(e, n(1000)), mul(p, n(2))).Int64()
	}
	inner := new(big.Int).Sub(mul(p, p), mul(e, d))
	if inner.Sign() < 0 {
		inner = n(0) // the parts are at least their own ends: only rounding makes it negative
	}
	root := inner.Sqrt(inner)
	if sign < 0 {
		root.Neg(root)
	}
	top := mul(new(big.Int).Add(p, root), n(1000))
	out := new(big.Int).Quo(top, d)
	if !out.IsInt64() {
		return 1<<63 - 1
	}
	return max(0, out.Int64())
}
