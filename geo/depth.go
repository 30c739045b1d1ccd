// SPDX-License-Identifier: Apache-2.0

package geo

import (
	"math"
	"slices"
)

// Depths returns the share of c's region in the zone, as ShareSurveyed does; how far
// inside the zone each of its samples lies, in millimetres, negative outside, in ascending
// order; and the same of its middle. With them a test of the zone can be
// tried with the edge elsewhere, or the place known better. Edges that bands of
// one line share are none. There are no depths if it lies wholly inside or outside
// a part of the zone, six deviations of every line's survey from its edge: there
// no error decides anything.
func (z *Zone) Depths(c *Cloud) (share int64, depths []int64, middle int64) {
	mixed, state := z.cut(c.region, certain)
	if state != partly {
		return int64(state) * Million, nil, 0
	}
	if !c.draw() {
		return 0, nil, 0
	}
	d := newDepthGauge(mixed, c)
	depths = make([]int64, 0, len(c.points))
	total := int64(0)
	for i, p := range c.points {
		depth, inside := d.at(p, c.vectors[i])
		total += inside
		depths = append(depths, depth)
	}
	slices.Sort(depths)
	middle, _ = d.at(c.mean, c.mean.vector())
	return (total + int64(len(c.points))/2) / int64(len(c.points)), depths, middle
}

// A depthGauge tells depths near one place.
type depthGauge struct {
	groups []depthGroup
	areas  []*Area
	rims   []*Line // of the areas
	disks  []Disk
}

// A depthGroup is the bands of one line as spans of the signed distance, left
// positive, joined where they meet.
type depthGroup struct {
	line   *Line
	window window
	bands  []band
	spans  [][2]int64
}

func newDepthGauge(z *Zone, c *Cloud) *depthGauge {
	g := &depthGauge{areas: z.areas, disks: z.disks}
	for _, bands := range z.bandsByLine() {
		line := bands[0].line
		g.groups = append(g.groups, depthGroup{line: line, window: c.window(line), bands: bands, spans: signedSpans(bands)})
	}
	for _, a := range z.areas {
		for _, ring := range a.rings {
			if rim, err := newRim(ring); err == nil {
				g.rims = append(g.rims, rim)
			}
		}
	}
	return g
}

// newRim makes a line of a ring. NewLine refuses one that meets itself, and the
// rim of an area meets itself where it began: nothing else does, or NewArea
// would have refused it.
func newRim(ring []Position) (*Line, error) {
	path, err := unroll(append(slices.Clone(ring), ring[0]), "point")
	if err != nil {
		return nil, err
	}
	l := &Line{path: path}
	l.index()
	return l, nil
}

// signedSpans joins the bands of one line.
func signedSpans(bands []band) [][2]int64 {
	var spans [][2]int64
	for _, b := range bands {
		if b.side != Right {
			spans = append(spans, [2]int64{b.fromMM, b.till})
		}
		if b.side != Left {
			spans = append(spans, [2]int64{-b.till, -b.fromMM})
		}
	}
	slices.SortFunc(spans, func(a, b [2]int64) int { return int(min(1, max(-1, a[0]-b[0]))) })
	out := spans[:1]
	for _, s := range spans[1:] {
		if last := &out[len(out)-1]; s[0] <= last[1] {
			last[1] = max(last[1], s[1])
		} else {
			out = append(out, s)
		}
	}
	return out
}

// at is the greatest depth in any part of the zone, and the probability in ppm
// that p is inside, with the lines' survey errors; v is p's vector.
func (g *depthGauge) at(p Position, v vector) (deepest, inside int64) {
	deepest = math.MinInt64
	outside := int64(Million)
	for i := range g.groups {
		group := &g.groups[i]
		f := group.window.nearest(v)
		distance, side := group.line.footDistance(p, f), group.line.footSide(p, f)
		x := int64(side) * distance
		for _, s := range group.spans {
			deepest = max(deepest, min(x-s[0], s[1]-x))
		}
		outside = outside * (Million - bandsShare(group.bands, distance, side)) / Million
	}
	if depth, some := g.sureDepth(p); some {
		deepest = max(deepest, depth)
		if depth >= 0 {
			outside = 0
		}
	}
	return deepest, Million - outside
}

// sureDepth is the depth in areas and disks, whose edges have no error.
func (g *depthGauge) sureDepth(p Position) (deepest int64, some bool) {
	deepest = math.MinInt64
	for _, d := range g.disks {
		deepest = max(deepest, d.RadiusMM-DistanceMM(d.Center, p))
	}
	if len(g.areas) > 0 {
		off := int64(math.MaxInt64)
		for _, rim := range g.rims {
			off = min(off, rim.DistanceMM(p))
		}
		if !slices.ContainsFunc(g.areas, func(a *Area) bool { return a.Contains(p) }) {
			off = -off
		}
		deepest = max(deepest, off)
	}
	return deepest, len(g.disks)+len(g.areas) > 0
}
