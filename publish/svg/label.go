// SPDX-License-Identifier: Apache-2.0

package svg

import (
	"cmp"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// A rect is a box of the drawing in pixels.
type rect struct{ x1, y1, x2, y2 float64 }

func (r rect) meets(o rect) bool { return r.x1 < o.x2 && o.x1 < r.x2 && r.y1 < o.y2 && o.y1 < r.y2 }

// free says whether a box is in the drawing and covers nothing that is taken.
func (m *mapPen) free(r rect) bool {
	if r.x1 < 2 || r.y1 < 2 || r.x2 > m.frame.width-2 || r.y2 > m.frame.height-2 {
		return false
	}
	return !slices.ContainsFunc(m.taken, r.meets)
}

// textWidth estimates how wide a text is drawn. Guess: 0.58 of the size per
// letter, the mean of common sans-serif faces. Test: look at labels in two fonts.
func textWidth(s string, size float64) float64 {
	return 0.58 * size * float64(utf8.RuneCountInString(s))
}

// halo is written round letters so that they can be read over lines.
const halo = `stroke="` + ground + `" stroke-width="2.6" paint-order="stroke" stroke-linejoin="round"`

// Sizes of labels in units of the drawing. On a narrow screen the page enlarges
// the major labels to narrowSize and hides the others, so the major ones are
// placed with that much room.
const (
	majorSize  = 12.0
	minorSize  = 10.5
	narrowSize = 19.0
	majorNames = 7 // Guess: as many as a screen 360 pixels wide can hold. Test: look at it.
)

// names writes the places that fit: large ones first, then those that have
// room.
func (m *mapPen) names() {
	places := slices.Clone(m.in.Places)
	slices.SortStableFunc(places, func(a, b Place) int { return cmp.Compare(placeRank(a.Kind), placeRank(b.Kind)) })
	m.f(`<g class="names" fill="%s">`, ink)
	majors := 0
	for _, p := range places {
		x, y := m.frame.position(p.Position)
		if !m.frame.inside(x, y, 0) {
			continue
		}
		class, size, room := "major", majorSize, narrowSize
		if majors >= majorNames || placeRank(p.Kind) > 1 {
			class, size, room = "minor", minorSize, minorSize
		}
		w, h := textWidth(p.Name, room), room
		for _, c := range []struct {
			box    rect
			dx, dy float64
			anchor string
		}{
			{rect{x + 3, y - h/2, x + 7 + w, y + h/2}, 6, size * 0.36, "start"},
			{rect{x - 7 - w, y - h/2, x - 3, y + h/2}, -6, size * 0.36, "end"},
			{rect{x - w/2, y - 4 - h, x + w/2, y - 3}, 0, -6, "middle"},
			{rect{x - w/2, y + 3, x + w/2, y + 5 + h}, 0, 4 + size, "middle"},
		} {
			if !m.free(c.box) {
				continue
			}
			m.taken = append(m.taken, c.box)
			if class == "major" {
				majors++
			}
			m.f(`<g class="%s"><circle cx="%s" cy="%s" r="1.7"/><text x="%s" y="%s" text-anchor="%s" font-size="%s" %s>%s</text></g>`,
				class, px(x), px(y), px(x+c.dx), px(y+c.dy), c.anchor, px(size), halo, esc(p.Name))
			break
		}
	}
	m.f(`</g>`)
}

// placeRank orders places: the words of the common gazetteers, largest first.
func placeRank(kind string) int {
	switch kind {
	case "capital", "city":
		return 0
	case "town":
		return 1
	case "village", "":
		return 2
	}
	return 3
}

// pathLabel writes a line's identifier beside its middle.
func (m *mapPen) pathLabel(points []geo.Position, text string) {
	for _, at := range []int{len(points) / 2, len(points) / 4, 3 * len(points) / 4} {
		if at >= len(points) {
			continue
		}
		x, y := m.frame.position(points[at])
		w := textWidth(text, minorSize)
		box := rect{x + 5, y - 16, x + 5 + w, y - 3}
		if m.free(box) {
			m.taken = append(m.taken, box)
			m.f(`<text class="minor" x="%s" y="%s" font-size="%s" font-style="italic" fill="%s" %s>%s</text>`, px(x+5), px(y-6), px(minorSize), ink, halo, esc(text))
			return
		}
	}
}

// zoneLabel writes a zone's identifier and side in the middle of what is seen
// of it.
func (m *mapPen) zoneLabel(z trucewatch.ZoneShape) {
	x1, y1, x2, y2 := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, p := range z.Rings[0] {
		x, y := m.frame.position(p)
		x1, x2 = math.Min(x1, x), math.Max(x2, x)
		y1, y2 = math.Min(y1, y), math.Max(y2, y)
	}
	x1, x2 = math.Max(x1, 0), math.Min(x2, m.frame.width)
	y1, y2 = math.Max(y1, 0), math.Min(y2, m.frame.height)
	text := z.ID
	if z.Side != "" {
		text += ", side " + string(z.Side)
	}
	w := textWidth(text, minorSize)
	box := rect{(x1 + x2 - w) / 2, (y1+y2)/2 - 8, (x1 + x2 + w) / 2, (y1+y2)/2 + 6}
	if x2-x1 < w || !m.free(box) {
		return
	}
	m.taken = append(m.taken, box)
	m.f(`<text class="minor" x="%s" y="%s" text-anchor="middle" font-size="%s" font-style="italic" fill="%s" %s>%s</text>`,
		px((x1+x2)/2), px((y1+y2)/2+3), px(minorSize), faint, halo, esc(text))
}
