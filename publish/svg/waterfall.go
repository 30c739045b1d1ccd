// SPDX-License-Identifier: Apache-2.0

package svg

import (
	"fmt"
	"html/template"
	"math"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/publish/wording"
)

// A Step is one row of a waterfall: a term, and what holds after it.
type Step struct {
	What     string
	Decibans string        // that the term adds, with its sign: "+12.4"
	Odds     string        // that hold after it: "17 to 1"
	Share    string        // the same as a probability: "0.94"
	Bar      template.HTML // from what held before it to what holds after it
}

// Waterfall lays terms of log-odds out one below the other, so that each begins where
// the one before ends. Nothing is told by the bars alone.
func Waterfall(terms []trucewatch.Term) []Step {
	const width, height = 160.0, 12.0
	var sum, low, high trucewatch.MilliNat
	for _, t := range terms {
		sum += t.Gain
		low, high = min(low, sum), max(high, sum)
	}
	span := max(float64(high-low), 1)
	x := func(n trucewatch.MilliNat) float64 { return 1 + (width-2)*float64(n-low)/span }
	out := make([]Step, 0, len(terms))
	sum = 0
	for _, t := range terms {
		before := sum
		sum += t.Gain
		fill := accent
		if t.Gain < 0 {
			fill = paper
		}
		var p pen
		from, till := x(min(before, sum)), x(max(before, sum))
		p.f(`<svg class="step" viewBox="0 0 %g %g" width="%g" height="%g" aria-hidden="true"><path d="M%s 0V%g" stroke="%s"/><rect x="%s" y="2" width="%s" height="%g" fill="%s" stroke="%s"/></svg>`,
			width, height, width, height, px(x(0)), height, faint, px(from), px(max(till-from, 1)), height-4, fill, accent)
		bar := template.HTML(p.String()) // numbers and constants alone
		out = append(out, Step{What: t.What, Decibans: decibans(t.Gain), Odds: wording.Odds(sum), Share: chance(sum), Bar: bar})
	}
	return out
}

// chance writes a logarithm of odds, known to a thousandth, as a probability: the
// half of what it may be off is added, so that 0.70 is not cut to 0.69, and certainty
// is never said.
func chance(n trucewatch.MilliNat) string {
	return wording.Share(min(trucewatch.PPM(1e6/(1+math.Exp(-float64(n)/1000)))+250, 999_999))
}

// decibans writes a logarithm of odds in tenths of a power of ten: +10.0 is ten times
// likelier.
func decibans(n trucewatch.MilliNat) string {
	v := math.Round(float64(n)*10/(1000*math.Ln10)*10) / 10
	return fmt.Sprintf("%+.1f", v+0) // no minus zero
}
