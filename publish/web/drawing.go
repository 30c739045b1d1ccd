// SPDX-License-Identifier: Apache-2.0

package web

import (
	"fmt"
	"html/template"
	"net/url"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/publish/query"
	"github.com/trucewatch/trucewatch/publish/svg"
	"github.com/trucewatch/trucewatch/publish/wording"
)

// mapShapes is how many incidents a map draws one by one.
//
// Guess: about 400 kB of markup, which a phone still pans. Test: time to draw
// on a slow machine.
const mapShapes = 600

// drawLayer draws what the index gives for a map.
func (v *visit) drawLayer(layer trucewatch.MapLayer, box trucewatch.Box, table string, width, height int) template.HTML {
	in := svg.MapInput{ID: "map", Box: box, Width: width, Height: height, Places: v.mission.Places, Agreements: v.head.Agreements,
		Table: v.link(table), Title: "Map of incidents",
		Desc: wording.Plural(layer.Total, "incident", "incidents") + ", each with the region in which it may have been."}
	for _, s := range layer.Shapes {
		in.Shapes = append(in.Shapes, svg.Shape{Region: s.Where, Kind: s.Kind, Fill: svg.FillOf(s.Word, ""),
			Href: v.link("incidents/" + s.ID.String()), Title: v.shapeTitle(s)})
	}
	for _, c := range layer.Cells {
		title := wording.Plural(c.Count, "incident", "incidents")
		for _, k := range c.Kinds {
			title += fmt.Sprintf(", %d %s", k.Count, wording.Kind(k.Kind))
		}
		values := v.r.URL.Query()
		values.Set("bbox", query.Box(c.Box))
		in.Cells = append(in.Cells, svg.Cell{Box: c.Box, Count: c.Count, Title: title, Href: v.link("map?" + values.Encode())})
	}
	return svg.Map(in)
}

func (v *visit) shapeTitle(s trucewatch.MapShape) string {
	title := fmt.Sprintf("%s, %s, %s. Incident %s", wording.Kind(s.Kind), v.clock.Interval(s.When), s.Word, s.ID)
	if s.Result != "" {
		title += ", " + wording.Result(s.Result)
	}
	return title
}

// drawIncident draws every estimate's region, and the regions that the
// observations give, or what this audience sees of it.
func (v *visit) drawIncident(in trucewatch.IncidentView) template.HTML {
	m := svg.MapInput{ID: "where", Width: 560, Height: 460, Places: v.mission.Places, Agreements: v.head.Agreements,
		Title: "Where incident " + in.ID.String() + " may have been", Desc: wording.Region(in.Where)}
	for _, o := range in.Observations {
		if o.Observation != nil && o.Observation.Where.Region.Kind != "" {
			m.Shapes = append(m.Shapes, svg.Shape{Region: o.Observation.Where.Region, Kind: o.Observation.Kind, Dotted: true, NoSymbol: true,
				Title: "observation " + o.ID.String() + ": " + wording.Region(o.Observation.Where.Region)})
		}
	}
	fill, two := svg.FillOf(in.Word, in.State), false
	for i, e := range in.Estimates {
		if i != in.Preferred {
			m.Shapes = append(m.Shapes, svg.Shape{Region: e.Region, Kind: in.Kind, Fill: svg.Ring, NoSymbol: true, Dotted: e.Weight == 0, Strong: e.Weight > 0,
				Title: "estimate, " + e.Role + ": " + e.Method})
			two = two || e.Weight > 0
		}
	}
	m.Shapes = append(m.Shapes, svg.Shape{Region: in.Where, Kind: in.Kind, Fill: fill, Strong: true, Title: "preferred: " + wording.Region(in.Where)})
	m.Note = "The heavy outline is the preferred place."
	if two {
		m.Note = "It was at one of two places, far apart: the two small heavy outlines. The large one holds both."
	}
	if len(in.Observations) > 0 {
		m.Note += " Dotted outlines are single observations and other estimates."
	}
	return svg.Map(m)
}

func (v *visit) drawFinding(f trucewatch.FindingView) template.HTML {
	if f.Where.Kind == "" {
		return ""
	}
	return svg.Map(svg.MapInput{ID: "where", Places: v.mission.Places, Agreements: v.head.Agreements, Title: "Where finding " + string(f.ID) + " lies",
		Desc:   wording.Region(f.Where),
		Shapes: []svg.Shape{{Region: f.Where, Fill: svg.FillOf(f.Word, f.State), Strong: true, Title: wording.Region(f.Where)}}})
}

// A mapBody is the map with its links.
type mapBody struct {
	Filter                                   filter
	Layer                                    trucewatch.MapLayer
	Map                                      template.HTML
	In, Out, West, East, North, South, Whole string
}

func showMap(v *visit) error {
	q, err := v.query()
	if err != nil {
		return err
	}
	q.Limit, q.Offset, q.Order = 0, 0, ""
	layer, err := v.store.Map(q, mapShapes)
	if err != nil {
		return err
	}
	box := v.shownBox(q, layer)
	values := v.r.URL.Query()
	values.Del("offset")
	values.Del("limit")
	values.Del("order")
	to := func(b trucewatch.Box) string { return withBox(values, b) }
	b := mapBody{Filter: v.filter(q, kindChoices(q), resultChoices(q)), Layer: layer, In: to(scaled(box, 0.5)), Out: to(scaled(box, 2)),
		West: to(moved(box, 0, -0.5)), East: to(moved(box, 0, 0.5)), North: to(moved(box, 0.5, 0)), South: to(moved(box, -0.5, 0))}
	table := "incidents?" + values.Encode()
	values.Del("bbox")
	b.Whole = "?" + values.Encode()
	b.Map = v.drawLayer(layer, box, table, 720, 500)
	return v.show("map", "map", "Map", b)
}

// shownBox is the box of the address, else the one that holds everything.
func (v *visit) shownBox(q trucewatch.Query, layer trucewatch.MapLayer) trucewatch.Box {
	if q.Box != nil {
		return *q.Box
	}
	in := svg.MapInput{Agreements: v.head.Agreements, Places: v.mission.Places}
	for _, s := range layer.Shapes {
		in.Shapes = append(in.Shapes, svg.Shape{Region: s.Where})
	}
	for _, c := range layer.Cells {
		in.Cells = append(in.Cells, svg.Cell{Box: c.Box})
	}
	return svg.Bounds(in)
}

func withBox(values url.Values, b trucewatch.Box) string {
	copied := url.Values{}
	for k, list := range values {
		copied[k] = list
	}
	copied.Set("bbox", query.Box(b))
	return "?" + copied.Encode()
}

// scaled is the box with the same middle and factor times the size.
func scaled(b trucewatch.Box, factor float64) trucewatch.Box {
	lat, lon := (int64(b.Min.LatE7)+int64(b.Max.LatE7))/2, (int64(b.Min.LonE7)+int64(b.Max.LonE7))/2
	dLat := int64(factor * float64(int64(b.Max.LatE7)-int64(b.Min.LatE7)) / 2)
	dLon := int64(factor * float64(int64(b.Max.LonE7)-int64(b.Min.LonE7)) / 2)
	return boxOf(lat-dLat, lon-dLon, lat+dLat, lon+dLon)
}

// moved is the box moved by a share of its height and width.
func moved(b trucewatch.Box, north, east float64) trucewatch.Box {
	dLat := int64(north * float64(int64(b.Max.LatE7)-int64(b.Min.LatE7)))
	dLon := int64(east * float64(int64(b.Max.LonE7)-int64(b.Min.LonE7)))
	return boxOf(int64(b.Min.LatE7)+dLat, int64(b.Min.LonE7)+dLon, int64(b.Max.LatE7)+dLat, int64(b.Max.LonE7)+dLon)
}

// boxOf keeps a box on the globe.
func boxOf(south, west, north, east int64) trucewatch.Box {
	lat := func(v int64) int32 { return int32(max(-85*geo.E7, min(85*geo.E7, v))) }
	lon := func(v int64) int32 { return int32(max(-180*geo.E7, min(180*geo.E7, v))) }
	return trucewatch.Box{Min: geo.Position{LatE7: lat(south), LonE7: lon(west)}, Max: geo.Position{LatE7: lat(north), LonE7: lon(east)}}
}

// The chart of the overview shows the last days, or all hours of a record that
// is not longer than shortRecord.
const (
	chartDays   = 28
	shortRecord = 4 * trucewatch.Day
)

// chart draws how many incidents began in each day of the last four weeks,
// beside the four weeks before; of a short record, in each of its hours.
func (v *visit) chart() (template.HTML, error) {
	width, n, unit := trucewatch.Day, trucewatch.Instant(chartDays), "incidents per day"
	if age := v.head.At - v.head.Mission.Epoch; age <= shortRecord {
		width, n, unit = trucewatch.Hour, max(age, 0)/trucewatch.Hour+1, "incidents per hour"
	}
	local := v.head.At.Time().In(v.zone)
	end := trucewatch.InstantOf(startOf(local, width)) + width // local midnight or full hour
	start := end - n*width
	before := start - n*width
	bins, err := v.store.Histogram(trucewatch.Query{From: before, Till: end - 1}, width)
	if err != nil {
		return "", err
	}
	counts := map[trucewatch.Instant]int64{}
	for _, b := range bins {
		counts[(b.Span.From-before)/width] += int64(b.Count)
	}
	in := svg.BarsInput{ID: "chart", Unit: unit, Title: fmt.Sprintf("%s, %s to %s", unit, v.clock.Day(start), v.clock.Day(end-1))}
	for i := range n {
		from := start + i*width
		if from+width <= v.head.Mission.Epoch {
			continue // before the mission
		}
		bar := svg.Bar{Value: counts[n+i], Label: v.clock.Day(from + width/2), Short: from.Time().In(v.zone).Format("2 Jan")}
		if width == trucewatch.Hour {
			bar.Label, bar.Short = v.clock.Interval(trucewatch.Interval{From: from, Till: from + width}), from.Time().In(v.zone).Format("15")
		}
		if previous := counts[i]; width == trucewatch.Day && from-n*width >= v.head.Mission.Epoch {
			bar.Previous = &previous
		}
		in.Bars = append(in.Bars, bar)
	}
	in.Desc = svg.Summary(in.Bars, "incidents")
	in.Coverage = "A span without incidents is one in which none was recorded. The record does not say who was watching."
	if len(v.head.Coverage) > 0 {
		in.Coverage = "A span without incidents is one in which none was recorded: " + v.head.Coverage[0]
	}
	return svg.Bars(in), nil
}

// startOf is the local midnight or the full hour before t.
func startOf(t time.Time, width trucewatch.Instant) time.Time {
	if width == trucewatch.Day {
		return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
	}
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), 0, 0, 0, t.Location())
}
