// SPDX-License-Identifier: Apache-2.0

package svg

import (
	"math"

	"github.com/trucewatch/trucewatch/publish/wording"
)

// furniture draws the scale bar and the north arrow, and keeps labels off them.
func (m *mapPen) furniture() {
	metres := m.frame.metres()
	length := niceMetres(metres * m.frame.width / 4)
	w, y := length/metres, m.frame.height-14
	m.f(`<g class="scale"><rect x="8" y="%s" width="%s" height="26" fill="%s" fill-opacity=".85"/>`, px(y-15), px(w+16), ground)
	m.f(`<path d="M16 %sv5h%sv-5" fill="none" stroke="%s" stroke-width="1.2"/><text x="%s" y="%s" text-anchor="middle" fill="%s">%s</text></g>`,
		px(y), px(w), ink, px(16+w/2), px(y), ink, wording.Length(int64(length*1000)))
	m.taken = append(m.taken, rect{0, y - 24, w + 40, m.frame.height})
	x := m.frame.width - 20
	m.f(`<g class="north" transform="translate(%s 32)"><path d="M0 -14L5 2L0 -1.5L-5 2Z" fill="%s"/><text y="14" text-anchor="middle" fill="%s">N</text></g>`, px(x), ink, ink)
	m.taken = append(m.taken, rect{x - 14, 12, x + 14, 56})
}

// niceMetres is the largest of 1, 2 and 5 times a power of ten that is not
// longer than most.
func niceMetres(most float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(math.Max(most, 1))))
	for _, f := range []float64{5, 2} {
		if f*power <= most {
			return f * power
		}
	}
	return power
}

// caption writes the legend of what the map draws, and the disclaimer.
func (m *mapPen) caption() {
	m.f(`<figcaption><ul class="legend">`)
	var present [len(familyList)]bool
	fills := map[Fill]bool{}
	symbols := false
	for _, s := range m.in.Shapes {
		present[familyIndex(s.Kind)] = true
		if !s.NoSymbol {
			fills[s.Fill], symbols = true, true
		}
	}
	for i, fam := range familyList {
		if present[i] {
			m.entry(fam, Solid, fam.Name)
		}
	}
	if symbols {
		for _, fill := range []Fill{Solid, Half, Ring, Dashed, Struck} {
			if fills[fill] {
				m.entry(familyList[len(familyList)-1], fill, string(fill))
			}
		}
	}
	if len(m.in.Cells) > 0 {
		m.f(`<li><svg class="symbol" width="15" height="15" viewBox="0 0 15 15" aria-hidden="true" focusable="false"><rect x="1" y="1" width="13" height="13" fill="%s" fill-opacity=".4" stroke="%s"/></svg> number of incidents in a cell</li>`, accent, accent)
	}
	m.legendOfAgreements()
	m.f(`</ul>`)
	if m.in.Note != "" {
		m.f(`<p class="note">%s</p>`, esc(m.in.Note))
	}
	m.f(`<p class="disclaimer">%s`, esc(Disclaimer))
	if m.in.Table != "" {
		m.f(` <a href="%s">The same as a table.</a>`, esc(m.in.Table))
	}
	m.f(`</p></figcaption>`)
}

func (m *mapPen) entry(fam Family, fill Fill, text string) {
	m.f(`<li>`)
	m.icon(fam, fill)
	m.f(` %s</li>`, esc(text))
}

func (m *mapPen) legendOfAgreements() {
	lines, zones := false, false
	for _, a := range m.in.Agreements {
		lines, zones = lines || len(a.Lines) > 0, zones || len(a.Zones) > 0
	}
	if lines {
		m.f(`<li><svg class="symbol" width="22" height="15" viewBox="0 0 22 15" aria-hidden="true" focusable="false"><path d="M0 7.5H22" stroke="%s" stroke-opacity=".15" stroke-width="9"/><path d="M0 7.5H22" stroke="%s" stroke-width="1.8"/></svg> line, with its survey error</li>`, ink, ink)
	}
	if zones {
		m.f(`<li><svg class="symbol" width="22" height="15" viewBox="0 0 22 15" aria-hidden="true" focusable="false"><rect x="1" y="2" width="20" height="11" fill="%s" fill-opacity=".05" stroke="%s" stroke-dasharray="4 2.5"/></svg> zone</li>`, ink, faint)
	}
}
