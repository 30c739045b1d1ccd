// SPDX-License-Identifier: Apache-2.0

package svg

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/publish/wording"
)

// Disclaimer stands under every map.
const Disclaimer = "Place names and lines are those of the mission's files and express no opinion on the status of any territory. No borders are drawn. " +
	"An outline holds the place with 95 % probability; a symbol stands in its middle and is not more precise than the outline."

// A Place is a name to show for orientation.
type Place struct {
	Name     string
	Position geo.Position
	Kind     string // city, town, village or another word; decides which names win where there is no room
}

// A Shape is something to draw where it may have been.
type Shape struct {
	Region   geo.Region
	Kind     trucewatch.Kind
	Fill     Fill
	Title    string // what a pointer or a screen reader is told
	Href     string // "" for none
	Strong   bool   // drawn with a heavier outline: the preferred of several estimates
	Dotted   bool   // drawn with a dotted outline: an observation, or an estimate that is not preferred
	NoSymbol bool   // the outline alone
}

// A Cell is a count of incidents in a box.
type Cell struct {
	Box   trucewatch.Box
	Count int
	Title string
	Href  string
}

// A MapInput is what one map shows. The zero Box fits the shapes, the cells and
// the agreement's lines.
type MapInput struct {
	ID            string // of the drawing in its page; letters and digits
	Title, Desc   string // for those who do not see it
	Width, Height int    // of the drawing's own units; 0: 720 by 540
	Box           trucewatch.Box
	Shapes        []Shape
	Cells         []Cell
	Places        []Place
	Agreements    []trucewatch.AgreementText
	Note          string // said in the legend
	Table         string // address of the same as a table, "" for none
}

// A mapPen draws one map.
type mapPen struct {
	pen
	in    MapInput
	frame frame
	taken []rect // what labels must not cover
}

// Map draws the map as a figure with its legend and disclaimer.
func Map(in MapInput) template.HTML {
	if in.Width <= 0 || in.Height <= 0 {
		in.Width, in.Height = 720, 540
	}
	m := mapPen{in: in}
	box := in.Box
	if box == (trucewatch.Box{}) {
		box = Bounds(in)
	}
	deg := func(e7 int32) float64 { return float64(e7) / geo.E7 }
	m.frame = fit(deg(box.Min.LonE7), deg(box.Min.LatE7), deg(box.Max.LonE7), deg(box.Max.LatE7), float64(in.Width), float64(in.Height))
	id := esc(in.ID)
	m.f(`<figure class="map" dir="ltr"><svg viewBox="0 0 %d %d" role="group" aria-labelledby="%s-t %s-d" font-family="system-ui, 'Noto Sans', 'DejaVu Sans', sans-serif" font-size="11">`,
		in.Width, in.Height, id, id)
	m.f(`<title id="%s-t">%s</title><desc id="%s-d">%s</desc>`, id, esc(in.Title), id, esc(in.Desc))
	m.f(`<defs><clipPath id="%s-c"><rect width="%d" height="%d"/></clipPath></defs><g clip-path="url(#%s-c)"><rect width="%d" height="%d" fill="%s"/>`,
		id, in.Width, in.Height, id, in.Width, in.Height, ground)
	m.graticule()
	m.furniture()
	m.reserve()
	m.agreements()
	m.cells()
	m.outlines()
	m.names()
	m.symbols()
	m.f(`</g><rect x=".5" y=".5" width="%d" height="%d" fill="none" stroke="%s"/></svg>`, in.Width-1, in.Height-1, faint)
	m.caption()
	m.f(`</figure>`)
	return template.HTML(m.String())
}

// Bounds returns the box that holds everything the map draws, with a margin. A
// map of nothing shows the agreement, else the places, else the whole world.
func Bounds(in MapInput) trucewatch.Box {
	var b bounds
	for _, s := range in.Shapes {
		for _, ring := range s.Region.Outline() {
			b.add(ring...)
		}
	}
	for _, c := range in.Cells {
		b.add(c.Box.Min, c.Box.Max)
	}
	if b.empty() {
		for _, a := range in.Agreements {
			for _, l := range a.Lines {
				b.add(l.Points...)
			}
		}
	}
	if b.empty() {
		for _, p := range in.Places {
			b.add(p.Position)
		}
	}
	return b.box(0.06)
}

type bounds struct {
	some                     bool
	south, west, north, east int64
}

func (b *bounds) empty() bool { return !b.some }

func (b *bounds) add(points ...geo.Position) {
	for _, p := range points {
		lat, lon := int64(p.LatE7), int64(p.LonE7)
		if !b.some {
			*b = bounds{true, lat, lon, lat, lon}
		}
		b.south, b.north = min(b.south, lat), max(b.north, lat)
		b.west, b.east = min(b.west, lon), max(b.east, lon)
	}
}

// box returns the bounds, widened by the given share of their size.
func (b *bounds) box(margin float64) trucewatch.Box {
	if !b.some {
		return trucewatch.Box{Min: geo.Position{LatE7: -60 * geo.E7, LonE7: -170 * geo.E7}, Max: geo.Position{LatE7: 75 * geo.E7, LonE7: 170 * geo.E7}}
	}
	dLat, dLon := int64(margin*float64(b.north-b.south))+2000, int64(margin*float64(b.east-b.west))+2000
	at := func(lat, lon int64) geo.Position {
		return geo.Position{LatE7: int32(max(-90*geo.E7, min(90*geo.E7, lat))), LonE7: int32(max(-180*geo.E7, min(180*geo.E7, lon)))}
	}
	return trucewatch.Box{Min: at(b.south-dLat, b.west-dLon), Max: at(b.north+dLat, b.east+dLon)}
}

// graticule draws parallels and meridians with their degrees.
func (m *mapPen) graticule() {
	f := m.frame
	s := step(f.east-f.west, 6)
	m.f(`<g stroke="%s" stroke-width=".7" fill="none">`, hair)
	for lon := math.Ceil(f.west/s) * s; lon <= f.east; lon += s {
		x, _ := f.at(0, lon)
		m.f(`<path d="M%s 0V%d"/>`, px(x), m.in.Height)
	}
	for lat := math.Ceil(f.south/s) * s; lat <= f.north; lat += s {
		_, y := f.at(lat, 0)
		m.f(`<path d="M0 %sH%d"/>`, px(y), m.in.Width)
	}
	m.f(`</g><g class="degrees" font-size="9.5" fill="%s">`, faint)
	for lon := math.Ceil(f.west/s) * s; lon <= f.east; lon += s {
		if x, _ := f.at(0, lon); x > 40 && x < f.width-40 {
			m.f(`<text x="%s" y="3" text-anchor="middle" dominant-baseline="hanging">%s</text>`, px(x), degreeLabel(lon, s, "E", "W"))
			m.taken = append(m.taken, rect{x - 24, 0, x + 24, 16})
		}
	}
	for lat := math.Ceil(f.south/s) * s; lat <= f.north; lat += s {
		if _, y := f.at(lat, 0); y > 24 && y < f.height-48 {
			m.f(`<text x="4" y="%s">%s</text>`, px(y-3), degreeLabel(lat, s, "N", "S"))
			m.taken = append(m.taken, rect{0, y - 14, 46, y + 2})
		}
	}
	m.f(`</g>`)
}

// degreeLabel writes a multiple of step with as many digits as step has.
func degreeLabel(v, step float64, plus, minus string) string {
	digits := 0
	for s := step; s < 0.9999 && digits < 3; s *= 10 {
		digits++
	}
	if math.Abs(v) < step/2 {
		return "0°"
	}
	if v < 0 {
		plus = minus
	}
	return fmt.Sprintf("%.*f° %s", digits, math.Abs(v), plus)
}

// agreements draws zones, and lines with their survey error as a band.
func (m *mapPen) agreements() {
	for _, a := range m.in.Agreements {
		for _, z := range a.Zones {
			m.f(`<path d="%s" fill="%s" fill-opacity=".035" fill-rule="evenodd" stroke="%s" stroke-width=".9" stroke-dasharray="5 3"><title>zone %s, %s</title></path>`,
				m.path(z.Rings, true), ink, faint, esc(z.ID), esc(wording.Words(z.Kind)))
		}
		for _, l := range a.Lines {
			d := m.path([][]geo.Position{l.Points}, false)
			if band := 2 * float64(l.SurveyErrorMM) / 1000 / m.frame.metres(); band > 3 {
				m.f(`<path class="survey-error" d="%s" fill="none" stroke="%s" stroke-opacity=".13" stroke-width="%s" stroke-linejoin="round"/>`, d, ink, px(math.Min(band, 200)))
			}
			m.f(`<path d="%s" fill="none" stroke="%s" stroke-width="1.8" stroke-linejoin="round"><title>line %s, %s, survey error %s</title></path>`,
				d, ink, esc(l.ID), esc(wording.Words(l.Kind)), wording.Length(l.SurveyErrorMM))
			m.pathLabel(l.Points, l.ID)
		}
	}
	for _, a := range m.in.Agreements {
		for _, z := range a.Zones {
			if len(z.Rings) > 0 {
				m.zoneLabel(z)
			}
		}
	}
}

// path turns rings into path data.
func (m *mapPen) path(rings [][]geo.Position, closed bool) string {
	var b strings.Builder
	const near = 0.7 // pixels; points closer than that to the last one cannot be seen
	for _, ring := range rings {
		var lastX, lastY float64
		for i, p := range ring {
			x, y := m.frame.position(p)
			switch {
			case i == 0:
				b.WriteString("M")
			case i < len(ring)-1 && math.Abs(x-lastX) < near && math.Abs(y-lastY) < near:
				continue
			default:
				b.WriteString("L")
			}
			lastX, lastY = x, y
			b.WriteString(px(x) + " " + px(y))
		}
		if closed && len(ring) > 0 {
			b.WriteString("Z")
		}
	}
	return b.String()
}

// cells draws counts with a square whose shade and number say the same.
func (m *mapPen) cells() {
	most := 1
	for _, c := range m.in.Cells {
		most = max(most, c.Count)
	}
	m.f(`<g class="cells">`)
	for _, c := range m.in.Cells {
		x1, y2 := m.frame.position(c.Box.Min)
		x2, y1 := m.frame.position(c.Box.Max)
		if !m.frame.inside((x1+x2)/2, (y1+y2)/2, math.Max(x2-x1, y2-y1)) {
			continue
		}
		m.open(c.Href)
		shade := 0.10 + 0.55*math.Sqrt(float64(c.Count)/float64(most))
		m.f(`<rect x="%s" y="%s" width="%s" height="%s" fill="%s" fill-opacity="%.2f" stroke="%s" stroke-width=".6"><title>%s</title></rect>`,
			px(x1), px(y1), px(x2-x1), px(y2-y1), accent, shade, accent, esc(c.Title))
		if x2-x1 >= 18 {
			m.f(`<text x="%s" y="%s" text-anchor="middle" fill="%s" stroke="%s" stroke-width="2.4" paint-order="stroke" stroke-linejoin="round">%s</text>`,
				px((x1+x2)/2), px((y1+y2)/2+4), ink, paper, wording.Number(int64(c.Count)))
		}
		m.close(c.Href)
	}
	m.f(`</g>`)
}

func (m *mapPen) open(href string) {
	if href != "" {
		m.f(`<a href="%s">`, esc(href))
	}
}

func (m *mapPen) close(href string) {
	if href != "" {
		m.f(`</a>`)
	}
}

// outlines draws the regions, large ones first so that small ones stay on top.
func (m *mapPen) outlines() {
	slices.SortStableFunc(m.in.Shapes, func(a, b Shape) int { return cmp.Compare(b.Region.ReachMM(), a.Region.ReachMM()) })
	m.f(`<g class="regions">`)
	drawn := map[string]bool{} // one on top of the other, outlines of one region would hide all below
	for _, s := range m.in.Shapes {
		rings := s.Region.Outline()
		if len(rings) == 0 {
			continue
		}
		color, width, dash, opacity := FamilyOf(s.Kind).color, "1", "", "0.12"
		if color == "#ffffff" || color == "#F0E442" {
			color = faint
		}
		if s.Strong {
			color, width, opacity = ink, "2.2", "0.10"
		}
		if s.Dotted {
			dash, opacity = ` stroke-dasharray="2 2.5"`, "0.06"
		}
		outline := fmt.Sprintf(`<path d="%s" fill="%s" fill-opacity="%s" fill-rule="evenodd" stroke="%s" stroke-width="%s"%s>`,
			m.path(rings, true), color, opacity, color, width, dash)
		if !drawn[outline] {
			drawn[outline] = true
			m.f(`%s<title>%s</title></path>`, outline, esc(s.Title))
		}
	}
	m.f(`</g>`)
}

// centre is where the symbol of a region stands.
func (m *mapPen) centre(r geo.Region) (x, y float64, ok bool) {
	if r.IsZero() {
		return 0, 0, false
	}
	x, y = m.frame.position(r.Mean())
	return x, y, true
}

// reserve keeps labels off symbols and lines.
func (m *mapPen) reserve() {
	for _, s := range m.in.Shapes {
		if x, y, ok := m.centre(s.Region); ok && !s.NoSymbol {
			m.taken = append(m.taken, rect{x - 6, y - 6, x + 6, y + 6})
		}
	}
	for _, a := range m.in.Agreements {
		for _, l := range a.Lines {
			for i := 1; i < len(l.Points); i++ {
				m.reserveLine(l.Points[i-1], l.Points[i])
			}
		}
	}
}

// reserveLine takes small squares along what is seen of a straight piece.
func (m *mapPen) reserveLine(a, b geo.Position) {
	const every = 8.0   // pixels
	const squares = 400 // enough to cross the drawing; more would be outside
	x1, y1 := m.frame.position(a)
	x2, y2 := m.frame.position(b)
	n := math.Min(squares, math.Ceil(math.Hypot(x2-x1, y2-y1)/every))
	for i := 0.0; i <= n; i++ {
		x, y := x1+(x2-x1)*i/math.Max(n, 1), y1+(y2-y1)*i/math.Max(n, 1)
		if m.frame.inside(x, y, 4) {
			m.taken = append(m.taken, rect{x - 2, y - 2, x + 2, y + 2})
		}
	}
}

func (m *mapPen) symbols() {
	m.f(`<g class="symbols">`)
	for _, s := range m.in.Shapes {
		x, y, ok := m.centre(s.Region)
		if !ok || s.NoSymbol || !m.frame.inside(x, y, 8) {
			continue
		}
		m.open(s.Href)
		// The unseen circle gives a finger or a pointer 24 units to hit.
		m.f(`<g transform="translate(%s %s)"><circle r="12" fill="%s" fill-opacity="0"/><g class="mark">`, px(x), px(y), paper)
		m.symbol(FamilyOf(s.Kind), s.Fill)
		m.f(`</g><title>%s</title></g>`, esc(s.Title))
		m.close(s.Href)
	}
	m.f(`</g>`)
}
