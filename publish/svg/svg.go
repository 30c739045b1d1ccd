// SPDX-License-Identifier: Apache-2.0

// Package svg draws maps and charts as SVG that can stand in any page: without
// script, without inline style, without a request to anybody.
//
// Maps are in Mercator's projection, cut to a box. They draw the real shapes of
// uncertainty, the lines and zones of an agreement, a graticule and place
// names, and no borders: where a border runs is not for this software to say.
// Coordinates are floats here and are rounded to a tenth of a pixel; nothing is
// ever read back from a drawing.
//
// Class names are styled by the page; presentation attributes keep a drawing
// readable without a style sheet. All text is escaped by this package, so the
// results are template.HTML.
package svg

import (
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"

	"github.com/trucewatch/trucewatch/publish/wording"
)

// ink and paper are the text and ground colours; accent is the one accent.
const (
	ink    = "#1b1b1b"
	paper  = "#ffffff"
	ground = "#fbfaf7"
	accent = "#0b5cad"
	faint  = "#5c5c5c"
	hair   = "#d9d6cf"
)

// A pen builds one drawing.
type pen struct {
	strings.Builder
}

// f writes markup; its arguments must be numbers, constants or the result of
// esc.
func (p *pen) f(format string, args ...any) { fmt.Fprintf(&p.Builder, format, args...) }

// esc makes text safe in markup and attributes.
func esc(s string) string { return html.EscapeString(wording.Visible(s)) }

// px writes a coordinate to a tenth of a pixel. What is not a number is drawn
// far outside rather than breaking the markup.
func px(v float64) string {
	if math.IsNaN(v) || math.Abs(v) > 1e6 {
		v = math.Copysign(1e6, v)
	}
	return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
}
