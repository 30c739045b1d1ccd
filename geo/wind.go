// SPDX-License-Identifier: Apache-2.0

package geo

import (
	"sort"
	"strings"
)

// windWidthMdeg is the width of one of the 16 winds of the compass.
const windWidthMdeg = 22_500

const circleMdeg = 360_000

// winds are the 16 compass points clockwise from north.
var winds = [16]struct{ short, long string }{
	{"N", "north"}, {"NNE", "north-north-east"}, {"NE", "north-east"}, {"ENE", "east-north-east"},
	{"E", "east"}, {"ESE", "east-south-east"}, {"SE", "south-east"}, {"SSE", "south-south-east"},
	{"S", "south"}, {"SSW", "south-south-west"}, {"SW", "south-west"}, {"WSW", "west-south-west"},
	{"W", "west"}, {"WNW", "west-north-west"}, {"NW", "north-west"}, {"NNW", "north-north-west"},
}

// ParseWind reads one of the 16 compass points, in short ("ENE") or long form
// ("east-north-east", "east north east", "eastnortheast"), in any case, and
// returns its azimuth in thousandths of a degree.
func ParseWind(s string) (mdeg int32, ok bool) {
	const longest = 32 // of any wind, with some spaces around it
	if len(s) > longest {
		return 0, false
	}
	plain := strings.NewReplacer("-", "", " ", "")
	s = plain.Replace(strings.ToLower(s))
	for i, w := range winds {
		if s == strings.ToLower(w.short) || s == plain.Replace(w.long) {
			return int32(i) * windWidthMdeg, true
		}
	}
	return 0, false
}

// WindName returns the short name of the compass point nearest to an azimuth in
// thousandths of a degree; halfway it is the next one clockwise.
func WindName(mdeg int32) string {
	m := (normalMdeg(mdeg) + windWidthMdeg/2) % circleMdeg
	return winds[m/windWidthMdeg].short
}

// WindArc returns the azimuths that the nearest compass point stands for:
// 11.25 degrees to either side of an azimuth in thousandths of a degree. The
// azimuth itself is not rounded to a compass point.
func WindArc(mdeg int32) Arc {
	m := normalMdeg(mdeg)
	return Arc{FromMdeg: normalMdeg(m - windWidthMdeg/2), TillMdeg: normalMdeg(m + windWidthMdeg/2)}
}

// normalMdeg brings an azimuth into [0, 360000).
func normalMdeg(mdeg int32) int32 {
	return (mdeg%circleMdeg + circleMdeg) % circleMdeg
}

// NewSector returns what an observer at center means by "from rMin to rMax in
// these winds": the azimuths are those of WindArc, joined where they touch,
// sorted and without overlap. No winds mean every direction.
func NewSector(center Position, rMinMM, rMaxMM int64, winds []int32) Region {
	arcs := make([]Arc, len(winds))
	for i, w := range winds {
		arcs[i] = WindArc(w)
	}
	return Region{Kind: Sector, Center: center, RMinMM: rMinMM, RMaxMM: rMaxMM, Arcs: mergeArcs(arcs)}
}

// widthMdeg is the width of an arc, from 1 to 360000.
func (a Arc) widthMdeg() int32 {
	w := normalMdeg(a.TillMdeg - a.FromMdeg)
	if w == 0 {
		return circleMdeg
	}
	return w
}

// mergeArcs returns the union of arcs, sorted by where they begin. No arcs, and
// arcs that together go all round, give one full circle.
func mergeArcs(arcs []Arc) []Arc {
	type span struct{ from, till int32 } // till > from, till may pass 360000
	spans := make([]span, len(arcs))
	for i, a := range arcs {
		from := normalMdeg(a.FromMdeg)
		spans[i] = span{from, from + a.widthMdeg()}
	}
	sort.Slice(spans, func(i, j int) bool {
		a, b := spans[i], spans[j]
		return a.from < b.from || a.from == b.from && a.till < b.till
	})
	var merged []span
	for _, s := range spans {
		if n := len(merged); n > 0 && s.from <= merged[n-1].till {
			merged[n-1].till = max(merged[n-1].till, s.till)
			continue
		}
		merged = append(merged, s)
	}
	// The last span may reach past north over the first ones.
	for len(merged) > 1 && merged[len(merged)-1].till-circleMdeg >= merged[0].from {
		last := &merged[len(merged)-1]
		last.till = max(last.till, merged[0].till+circleMdeg)
		merged = merged[1:]
	}
	if len(merged) == 0 || merged[0].till-merged[0].from >= circleMdeg {
		return []Arc{{}}
	}
	out := make([]Arc, len(merged))
	for i, s := range merged {
		out[i] = Arc{FromMdeg: s.from, TillMdeg: normalMdeg(s.till)}
	}
	return out
}
