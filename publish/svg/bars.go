// SPDX-License-Identifier: Apache-2.0

package svg

import (
	"fmt"
	"html/template"
	"math"

	"github.com/trucewatch/trucewatch/publish/wording"
)

// A Bar is one count in a chart.
type Bar struct {
	Label     string // "2026-04-12", as the table says it
	Short     string // under the bar, "12"; empty for none
	Value     int64
	Previous  *int64 // of the same span a period before; nil if there was none or it does not compare
	AtLeast   bool   // some source gave a lower bound
	Unwatched bool   // nobody could have seen: a zero here says nothing
}

// A BarsInput is what one chart shows.
type BarsInput struct {
	ID          string // of the drawing in its page; letters and digits
	Title, Desc string
	Unit        string // of the values: "incidents"
	Bars        []Bar
	Coverage    string // a sentence about who was watching, always shown
}

// Bars draws the chart as a figure with a table of its values, so that nothing
// is told by the drawing alone.
func Bars(in BarsInput) template.HTML {
	const width, height, left, bottom, top = 720.0, 180.0, 44.0, 22.0, 10.0
	var p pen
	id := esc(in.ID)
	most := int64(1)
	for _, b := range in.Bars {
		most = max(most, b.Value)
		if b.Previous != nil {
			most = max(most, *b.Previous)
		}
	}
	limit := niceCeiling(most)
	y := func(v int64) float64 { return top + (height-top-bottom)*(1-float64(v)/float64(limit)) }
	p.f(`<figure class="chart" dir="ltr"><svg viewBox="0 0 %g %g" role="img" aria-labelledby="%s-t %s-d" font-family="system-ui, 'Noto Sans', 'DejaVu Sans', sans-serif" font-size="11"><title id="%s-t">%s</title><desc id="%s-d">%s</desc>`,
		width, height, id, id, id, esc(in.Title), id, esc(in.Desc))
	p.f(`<defs><pattern id="%s-h" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0 0V6" stroke="%s" stroke-opacity=".35" stroke-width="1.6"/></pattern></defs>`, id, ink)
	for _, v := range axis(limit) {
		p.f(`<path d="M%g %sH%g" stroke="%s" stroke-width=".8"/><text x="%g" y="%s" text-anchor="end" fill="%s">%s</text>`,
			left, px(y(v)), width, hair, left-6, px(y(v)+4), faint, wording.Number(v))
	}
	slot := (width - left) / math.Max(1, float64(len(in.Bars)))
	every := int(math.Ceil(34 / slot)) // labels 34 units apart do not touch, also when the page enlarges them
	for i, b := range in.Bars {
		p.bar(in, b, left+slot*float64(i), slot, y)
		if i%every == 0 && b.Short != "" {
			p.f(`<text x="%s" y="%g" text-anchor="middle" fill="%s">%s</text>`, px(left+slot*(float64(i)+0.5)), height-6, faint, esc(b.Short))
		}
	}
	p.f(`<path d="M%g %sH%g" stroke="%s"/></svg>`, left, px(y(0)), width, ink)
	p.barsCaption(in)
	p.f(`</figure>`)
	return template.HTML(p.String())
}

// bar draws one bar; its previous value is a line across the slot, so that it
// can be told from the bar without colour.
func (p *pen) bar(in BarsInput, b Bar, x, slot float64, y func(int64) float64) {
	p.f(`<g><title>%s</title>`, esc(b.Label+": "+barValue(b)))
	if b.Unwatched {
		p.f(`<rect x="%s" y="%s" width="%s" height="%s" fill="url(#%s-h)"/>`, px(x), px(10), px(slot), px(y(0)-10), esc(in.ID))
	}
	const widest = 36.0 // a few bars must not look like a wall
	w := math.Min(slot*0.72, widest)
	p.f(`<rect x="%s" y="%s" width="%s" height="%s" fill="%s"/>`, px(x+(slot-w)/2), px(y(b.Value)), px(w), px(y(0)-y(b.Value)), accent)
	if b.Previous != nil && *b.Previous != 0 { // on the axis a line would say nothing; the table has the zero
		p.f(`<path d="M%s %sh%s" stroke="%s" stroke-width="3.4"/><path d="M%s %sh%s" stroke="%s" stroke-width="1.6"/>`,
			px(x+(slot-w)/2-2), px(y(*b.Previous)), px(w+4), paper, px(x+(slot-w)/2-2), px(y(*b.Previous)), px(w+4), ink)
	}
	p.f(`</g>`)
}

func barValue(b Bar) string {
	s := wording.Number(b.Value)
	if b.AtLeast {
		s = "at least " + s
	}
	if b.Unwatched {
		s += ", and nobody could have seen all of it"
	}
	return s
}

func (p *pen) barsCaption(in BarsInput) {
	previous, unwatched := false, false
	for _, b := range in.Bars {
		previous, unwatched = previous || b.Previous != nil, unwatched || b.Unwatched
	}
	p.f(`<figcaption><ul class="legend"><li><svg class="symbol" width="15" height="15" viewBox="0 0 15 15" aria-hidden="true" focusable="false"><rect x="3" y="1" width="9" height="13" fill="%s"/></svg> %s</li>`, accent, esc(in.Unit))
	if previous {
		p.f(`<li><svg class="symbol" width="15" height="15" viewBox="0 0 15 15" aria-hidden="true" focusable="false"><path d="M1 8h13" stroke="%s" stroke-width="1.6"/></svg> the period before</li>`, ink)
	}
	if unwatched {
		p.f(`<li><svg class="symbol" width="15" height="15" viewBox="0 0 15 15" aria-hidden="true" focusable="false"><path d="M-1 9L9 -1M2 16L16 2" stroke="%s" stroke-opacity=".5" stroke-width="1.6"/></svg> nobody could have seen all of it</li>`, ink)
	}
	p.f(`</ul><p class="coverage">%s</p><details><summary>Values as a table</summary><table><caption>%s</caption><thead><tr><th scope="col">span</th><th scope="col" class="number">%s</th>`,
		esc(in.Coverage), esc(in.Title), esc(in.Unit))
	if previous {
		p.f(`<th scope="col" class="number">period before</th>`)
	}
	p.f(`</tr></thead><tbody>`)
	for _, b := range in.Bars {
		p.f(`<tr><th scope="row">%s</th><td class="number">%s</td>`, esc(b.Label), esc(barValue(b)))
		if previous {
			cell := "not comparable"
			if b.Previous != nil {
				cell = wording.Number(*b.Previous)
			}
			p.f(`<td class="number">%s</td>`, cell)
		}
		p.f(`</tr>`)
	}
	p.f(`</tbody></table></details></figcaption>`)
}

// niceCeiling is the smallest of 2, 4, 6, 8, 12 and 16 times a power of ten
// that is not below v: half of it is a whole number too.
func niceCeiling(v int64) int64 {
	const reach = 1_000_000_000_000_000 // far above any count; beyond it the powers would overflow
	if v >= reach {
		return v
	}
	for power := int64(1); ; power *= 10 {
		for _, f := range []int64{2, 4, 6, 8, 12, 16} {
			if f*power >= v {
				return f * power
			}
		}
	}
}

func axis(limit int64) []int64 { return []int64{0, limit / 2, limit} }

// Summary says in one sentence what a chart shows, for its description.
func Summary(bars []Bar, unit string) string {
	if len(bars) == 0 {
		return "There is nothing to show."
	}
	most, total := bars[0], int64(0)
	for _, b := range bars {
		total += b.Value
		if b.Value > most.Value {
			most = b
		}
	}
	if total == 0 {
		return fmt.Sprintf("%s to %s: no %s in any span.", bars[0].Label, bars[len(bars)-1].Label, unit)
	}
	return fmt.Sprintf("%s to %s: %s %s; most in %s, %s.", bars[0].Label, bars[len(bars)-1].Label,
		wording.Number(total), unit, most.Label, wording.Number(most.Value))
}
