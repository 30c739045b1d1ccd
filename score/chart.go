// SPDX-License-Identifier: Apache-2.0

package score

import (
	"cmp"
	"fmt"
	"html"
	"math"
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch/geo"
)

// A chart draws points in a square or oblong frame as SVG.
type chart struct {
	strings.Builder
	width, height float64
	xLow, xHigh   float64
	yLow, yHigh   float64
}

// Margins and colours of charts. The colours are told apart by the colour-blind,
// too (Okabe and Ito, 2008), and each series has a mark of its own.
const (
	chartLeft, chartRight, chartTop, chartBottom = 56.0, 20.0, 34.0, 46.0
	chartInk, chartFaint, chartHair              = "#1c2430", "#5a6675", "#d9dee5"
)

var seriesColours = [...]string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00"}

func (c *chart) f(format string, args ...any) { fmt.Fprintf(&c.Builder, format, args...) }

func (c *chart) x(v float64) float64 {
	return chartLeft + float64((v-c.xLow)/(c.xHigh-c.xLow)*(c.width-chartLeft-chartRight))
}

func (c *chart) y(v float64) float64 {
	return c.height - chartBottom - float64((v-c.yLow)/(c.yHigh-c.yLow)*(c.height-chartTop-chartBottom))
}

// newChart begins a chart with its frame, title and names of axes.
func newChart(title, desc, xName, yName string, c *chart) *chart {
	c.f(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" width="%g" height="%g" role="img" font-family="system-ui, 'Noto Sans', 'DejaVu Sans', sans-serif" font-size="12">`,
		c.width, c.height, c.width, c.height)
	c.f(`<title>%s</title><desc>%s</desc><rect width="100%%" height="100%%" fill="#fff"/>`, html.EscapeString(title), html.EscapeString(desc))
	c.f(`<text x="%g" y="20" font-size="14" fill="%s">%s</text>`, chartLeft, chartInk, html.EscapeString(title))
	c.f(`<text x="%.1f" y="%.1f" text-anchor="middle" fill="%s">%s</text>`, (c.x(c.xLow)+c.x(c.xHigh))/2, c.height-10, chartFaint, html.EscapeString(xName))
	c.f(`<text transform="translate(15 %.1f) rotate(-90)" text-anchor="middle" fill="%s">%s</text>`, (c.y(c.yLow)+c.y(c.yHigh))/2, chartFaint, html.EscapeString(yName))
	return c
}

// grid draws a line and a label at each y, and a label at each x.
func (c *chart) grid(xs, ys []float64, xLabel func(float64) string) {
	for _, v := range ys {
		c.f(`<path d="M%g %.1fH%g" stroke="%s"/><text x="%g" y="%.1f" text-anchor="end" fill="%s">%.2g</text>`,
			chartLeft, c.y(v), c.width-chartRight, chartHair, chartLeft-6, c.y(v)+4, chartFaint, v)
	}
	for _, v := range xs {
		c.f(`<path d="M%.1f %.1fv5" stroke="%s"/><text x="%.1f" y="%.1f" text-anchor="middle" fill="%s">%s</text>`,
			c.x(v), c.height-chartBottom, chartFaint, c.x(v), c.height-chartBottom+18, chartFaint, xLabel(v))
	}
	c.f(`<path d="M%g %.1fH%g" stroke="%s"/>`, chartLeft, c.y(c.yLow), c.width-chartRight, chartInk)
}

// points draws a series as a line with marks; each mark says its words.
func (c *chart) points(series int, xs, ys []float64, words []string) {
	colour := seriesColours[series%len(seriesColours)]
	var path strings.Builder
	for i := range xs {
		fmt.Fprintf(&path, "%s%.1f %.1f", map[bool]string{true: "M", false: "L"}[i == 0], c.x(xs[i]), c.y(ys[i]))
	}
	c.f(`<path d="%s" fill="none" stroke="%s" stroke-width="1.8"/>`, path.String(), colour)
	for i := range xs {
		c.mark(series, c.x(xs[i]), c.y(ys[i]), words[i])
	}
}

// mark draws one mark of a series, which says its words.
func (c *chart) mark(series int, x, y float64, words string) {
	c.f(`<g fill="%s"><title>%s</title>`, seriesColours[series%len(seriesColours)], html.EscapeString(words))
	switch series % 3 {
	case 0:
		c.f(`<circle cx="%.1f" cy="%.1f" r="4"/>`, x, y)
	case 1:
		c.f(`<rect x="%.1f" y="%.1f" width="8" height="8"/>`, x-4, y-4)
	default:
		c.f(`<path d="M%.1f %.1fl5 9h-10z"/>`, x, y-5)
	}
	c.f(`</g>`)
}

// key names the series, one under another.
func (c *chart) key(names []string, x, y float64) {
	for i, n := range names {
		down := y + float64(float64(i)*17)
		c.mark(i, x+5, down+5, n)
		c.f(`<text x="%g" y="%g" fill="%s">%s</text>`, x+15, down+9, chartInk, html.EscapeString(last(n, 30)))
	}
}

func (c *chart) end() string {
	c.f("</svg>\n")
	return c.String()
}

var fifths = []float64{0, 0.2, 0.4, 0.6, 0.8, 1}

func decimal(v float64) string { return fmt.Sprintf("%.1f", v) }

// subtitle says of what world a chart is.
func subtitle(s *Score) string {
	text := s.About.World
	if s.About.Seed != 0 {
		text += fmt.Sprintf(", seed %d", s.About.Seed)
	}
	if s.About.Simulated != "" {
		text += ", " + s.About.Simulated
	}
	return text
}

// square begins a chart of shares against shares with its diagonal: what lies
// on it is as stated.
func square(title, desc, xName, yName string) *chart {
	c := newChart(title, desc, xName, yName, &chart{width: 460, height: 460, xHigh: 1, yHigh: 1})
	c.grid(fifths, fifths, decimal)
	c.f(`<path d="M%.1f %.1fL%.1f %.1f" stroke="%s" stroke-dasharray="4 4"/>`, c.x(0), c.y(0), c.x(1), c.y(1), chartFaint)
	return c
}

// Reliability draws the share of right links against their stated probability.
func Reliability(scores []*Score) string {
	if len(scores) == 0 {
		return ""
	}
	c := square("Link probabilities: "+subtitle(scores[0]), "On the dashed line a link that is called 70 % sure is right 7 times of 10.", "stated probability", "share that is right")
	var names []string
	for i, s := range scores {
		var xs, ys []float64
		var words []string
		for _, b := range s.Shares.Bins {
			if b.Links > 0 {
				xs, ys = append(xs, b.Stated), append(ys, ratio(b.Right, b.Links))
				words = append(words, fmt.Sprintf("%d links stated %.2f, right %.2f", b.Links, b.Stated, ratio(b.Right, b.Links)))
			}
		}
		c.points(i, xs, ys, words)
		names = append(names, fmt.Sprintf("%s, ECE %s", last(s.Name, 18), number("%.3f", s.Shares.ECE)))
	}
	c.key(names, chartLeft+12, chartTop+10)
	return c.end()
}

// Coverage draws how often ellipses of each nominal level hold the truth.
func Coverage(scores []*Score) string {
	if len(scores) == 0 {
		return ""
	}
	c := square("Coverage of regions: "+subtitle(scores[0]), "On the dashed line an ellipse that is drawn for 95 % holds the truth 95 times of 100; below it stated errors are too small.", "nominal level", "share that holds the truth")
	var names []string
	for i, s := range scores {
		var xs, ys []float64
		var words []string
		for _, l := range s.Location.Levels {
			xs, ys = append(xs, l.Nominal), append(ys, l.Actual)
			words = append(words, fmt.Sprintf("nominal %.2f, actual %.3f of %d", l.Nominal, l.Actual, s.Location.WithCovariance))
		}
		c.points(i, xs, ys, words)
		names = append(names, fmt.Sprintf("%s, 95 %%: %s", last(s.Name, 18), number("%.3f", s.Location.Covered)))
	}
	c.key(names, chartLeft+12, chartTop+10)
	return c.end()
}

// ByRate draws recall and precision of many worlds against their events per
// hour, a pair of series for each name. Worlds of one rate are averaged.
func ByRate(all []Summary) string {
	var names []string
	for _, s := range all {
		if !slices.Contains(names, s.Name) && s.PerHour > 0 {
			names = append(names, s.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	low, high, least := math.Inf(1), 0.0, 1.0
	for _, s := range all {
		if s.PerHour > 0 {
			low, high = min(low, s.PerHour), max(high, s.PerHour)
		}
		for _, v := range []*float64{s.Recall, s.Precision} {
			if v != nil {
				least = min(least, *v)
			}
		}
	}
	floor := math.Floor(float64(least*10)) / 10
	c := newChart("Recall and precision by rate", "Each mark is the mean over the worlds of one rate.", "events per hour", "share",
		&chart{width: 640, height: 400, xLow: log10(low) - 0.1, xHigh: log10(high) + 0.1, yLow: min(floor, 0.9), yHigh: 1})
	var ys, xs []float64
	for v := c.yLow; v < 1.01; v += (1 - c.yLow) / 5 {
		ys = append(ys, v)
	}
	for _, v := range []float64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000} {
		if log10(v) >= c.xLow && log10(v) <= c.xHigh {
			xs = append(xs, log10(v))
		}
	}
	c.grid(xs, ys, func(v float64) string { return fmt.Sprintf("%.0f", geo.Exp(float64(v*math.Ln10))) })
	var keys []string
	for _, name := range names {
		for _, what := range []string{"recall", "precision"} {
			c.series(len(keys), all, name, what)
			keys = append(keys, what+", "+name)
		}
	}
	c.key(keys, chartLeft+12, c.height-chartBottom-12-float64(17*float64(len(keys))))
	return c.end()
}

func log10(v float64) float64 { return geo.Log(v) / math.Ln10 }

// series draws one quantity of one name by rate.
func (c *chart) series(n int, all []Summary, name, what string) {
	type mean struct {
		rate, sum float64
		n         int
	}
	var means []mean
	for _, s := range all {
		v := s.Recall
		if what == "precision" {
			v = s.Precision
		}
		if s.Name != name || v == nil || s.PerHour <= 0 {
			continue
		}
		at := slices.IndexFunc(means, func(m mean) bool { return math.Abs(m.rate-s.PerHour) < float64(0.02*s.PerHour) })
		if at < 0 {
			means = append(means, mean{rate: s.PerHour})
			at = len(means) - 1
		}
		means[at].sum += *v
		means[at].n++
	}
	slices.SortFunc(means, func(a, b mean) int { return cmp.Compare(a.rate, b.rate) })
	var xs, ys []float64
	var words []string
	for _, m := range means {
		xs, ys = append(xs, log10(m.rate)), append(ys, m.sum/float64(m.n))
		words = append(words, fmt.Sprintf("%s %.4f at %.0f an hour, %d worlds", what, m.sum/float64(m.n), m.rate, m.n))
	}
	c.points(n, xs, ys, words)
}
