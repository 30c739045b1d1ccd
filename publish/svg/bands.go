// SPDX-License-Identifier: Apache-2.0

package svg

import (
	"html/template"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/publish/wording"
)

// A Band says how well one area was watched in one span.
type Band struct {
	Row, Column int
	Word        string // watched, partly, nobody_looked, unknown
	Text        string // in the cell, short
	Title       string // one sentence
}

// A BandsInput is what one chart of coverage shows.
type BandsInput struct {
	ID            string // of the drawing in its page; letters and digits
	Title, Desc   string
	Rows, Columns []string
	Cells         []Band // those that are missing are drawn as unknown
}

// Coverage draws a statement of coverage, an area to a row and a week to a column.
func Coverage(id string, lines []trucewatch.CoverageLine, clock wording.Clock) template.HTML {
	in := BandsInput{ID: id, Title: "What could be seen, by area and week", Desc: "Each row is an area, each column a week; the table says the same."}
	for _, l := range lines {
		if !slices.Contains(in.Rows, l.Area) {
			in.Rows = append(in.Rows, l.Area)
		}
		if week := clock.Day(l.Week.From); !slices.Contains(in.Columns, week) {
			in.Columns = append(in.Columns, week)
		}
	}
	slices.Sort(in.Columns)
	for _, l := range lines {
		cell := Band{Row: slices.Index(in.Rows, l.Area), Column: slices.Index(in.Columns, clock.Day(l.Week.From)), Word: l.Word, Title: l.Text}
		if l.Observed > 0 {
			cell.Text = wording.Percent(l.Observed)
		}
		in.Cells = append(in.Cells, cell)
	}
	return Bands(in)
}

// bandWords are what a cell may say, in the order of the legend.
var bandWords = []string{"watched", "partly", "nobody_looked", "unknown"}

// Bands draws how well each area was watched in each span. The four words differ
// in pattern and in outline, so that they are told apart without colour. The
// caller shows the same as a table. It is empty if there is nothing to draw.
func Bands(in BandsInput) template.HTML {
	if len(in.Rows) == 0 || len(in.Columns) == 0 {
		return ""
	}
	const width, left, top, row = 720.0, 190.0, 22.0, 34.0
	var p pen
	id := esc(in.ID)
	height := top + row*float64(len(in.Rows)) + 4
	wide := (width - left) / float64(len(in.Columns))
	p.f(`<figure class="chart bands" dir="ltr"><svg viewBox="0 0 %g %s" role="img" aria-labelledby="%s-t %s-d" font-family="system-ui, 'Noto Sans', 'DejaVu Sans', sans-serif" font-size="12"><title id="%s-t">%s</title><desc id="%s-d">%s</desc>`,
		width, px(height), id, id, id, esc(in.Title), id, esc(in.Desc))
	p.f(`<defs><pattern id="%s-h" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0 0V7" stroke="%s" stroke-width="2.4"/></pattern></defs>`, id, accent)
	words := map[[2]int]Band{}
	for _, c := range in.Cells {
		words[[2]int{c.Row, c.Column}] = c
	}
	for j, name := range in.Columns {
		p.f(`<text x="%s" y="14" text-anchor="middle" fill="%s">%s</text>`, px(left+wide*(float64(j)+0.5)), faint, esc(name))
	}
	for i, name := range in.Rows {
		y := top + row*float64(i)
		p.f(`<text x="%g" y="%s" text-anchor="end" fill="%s">%s</text>`, left-8, px(y+row/2+3), ink, esc(name))
		for j := range in.Columns {
			cell, said := words[[2]int{i, j}]
			if !said {
				cell.Word, cell.Title = "unknown", name+": nothing is said"
			}
			p.f(`<g><title>%s</title>`, esc(cell.Title))
			p.band(id, cell, left+wide*float64(j)+1, y+1, wide-2, row-2)
			p.f(`</g>`)
		}
	}
	p.f(`</svg><figcaption><ul class="legend">`)
	for _, word := range bandWords {
		p.f(`<li><svg class="symbol" width="24" height="15" viewBox="0 0 24 15" aria-hidden="true" focusable="false">`)
		p.band(id, Band{Word: word}, 1, 1, 22, 13)
		p.f(`</svg> %s</li>`, esc(wording.Seen(word)))
	}
	p.f(`</ul></figcaption></figure>`)
	return template.HTML(p.String())
}

// band draws one cell.
func (p *pen) band(id string, b Band, x, y, w, h float64) {
	at := `x="` + px(x) + `" y="` + px(y) + `" width="` + px(w) + `" height="` + px(h) + `"`
	colour := ink
	switch b.Word {
	case "watched":
		p.f(`<rect %s fill="%s"/>`, at, accent)
		colour = paper
	case "partly":
		p.f(`<rect %s fill="url(#%s-h)" stroke="%s"/>`, at, id, accent)
	case "nobody_looked":
		p.f(`<rect %s fill="%s" stroke="%s" stroke-width="1.6"/><path d="M%s %sL%s %sM%s %sL%s %s" stroke="%s" stroke-width="1.2"/>`,
			at, paper, ink, px(x), px(y), px(x+w), px(y+h), px(x), px(y+h), px(x+w), px(y), ink)
	default:
		p.f(`<rect %s fill="%s" stroke="%s" stroke-dasharray="2 3"/>`, at, paper, faint)
		b.Text = "?"
	}
	if b.Text == "" {
		return
	}
	if b.Word == "partly" { // on the hatching a text needs a ground
		p.f(`<rect x="%s" y="%s" width="44" height="17" fill="%s"/>`, px(x+w/2-22), px(y+h/2-9), paper)
	}
	p.f(`<text x="%s" y="%s" text-anchor="middle" fill="%s">%s</text>`, px(x+w/2), px(y+h/2+4), colour, esc(b.Text))
}
