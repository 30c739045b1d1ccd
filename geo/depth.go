// SPDX-License-Identifier: Apache-2.0

package geo

import (
	"math"
	"slices"
)

// Depths returns the share of r in the zone, as ShareSurveyed does; how far inside
// the zone each sample of r lies, in millimetres, negative outside, in ascending
// order; and the same of the middle of r. With them a test of the zone can be
// tried with the edge elsewhere, or the place known better. Edges that bands of
// one line share are none. There are no depths if r lies wholly inside or outside
// a part of the zone, six deviations of every line's survey from its edge: there
// no error decides anything.
func (z *Zone) Depths(r Region) (share int64, depths []int64, middle int64) {
	mixed, state := z.cut(r, certain)
	if state != partly {
		return int64(state) * Million, nil, 0
	}
	var buf [SampleCount]Position
	samples := r.AppendSamples(buf[:0])
	if len(samples) == 0 {
		return 0, nil, 0
	}
	d := newDepthGauge(mixed, r.Mean(), r.sampleReachMM(r.Mean()))
	depths = make([]int64, 0, len(samples))
	total := int64(0)
	for _, p := range samples {
		depth, inside := d.at(p)
		total += inside
		depths = append(depths, depth)
	}
	slices.Sort(depths)
	middle, _ = d.at(r.Mean())
	return (total + int64(len(samples))/2) / int64(len(samples)), depths, middle
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

func newDepthGauge(z *Zone, center Position, reachMM int64) *depthGauge {
	g := &depthGauge{areas: z.areas, disks: z.disks}
	for _, bands := range z.bandsByLine() {
		line := bands[0].line
		g.groups = append(g.groups, depthGroup{line: line, window: line.window(center, reachMM), bands: bands, spans: signedSpans(bands)})
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
// that p is inside, with the lines' survey errors.
func (g *depthGauge) at(p Position) (deepest, inside int64) {
	deepest = math.MinInt64
	outside := int64(Million)
	v := p.vector()
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
