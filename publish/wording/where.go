// SPDX-License-Identifier: Apache-2.0

package wording

import (
	"fmt"
	"math"
	"strings"

	"github.com/trucewatch/trucewatch/geo"
)

// Length writes millimetres as "900 m" or "4.2 km".
func Length(mm int64) string {
	m := float64(mm) / 1000
	switch {
	case m < 10:
		return fmt.Sprintf("%.1f m", m)
	case m < 1000:
		return fmt.Sprintf("%.0f m", m)
	case m < 10_000:
		return fmt.Sprintf("%.1f km", m/1000)
	}
	return fmt.Sprintf("%.0f km", m/1000)
}

// Position writes degrees to four places (11 m), latitude first: "48.1235 N,
// 37.7654 E".
func Position(p geo.Position) string {
	return degrees(p.LatE7, "N", "S") + ", " + degrees(p.LonE7, "E", "W")
}

func degrees(e7 int32, plus, minus string) string {
	d, side := float64(e7)/geo.E7, plus
	if d < 0 {
		d, side = -d, minus
	}
	return fmt.Sprintf("%.4f %s", d, side)
}

// Region writes where something was with its uncertainty: "48.1235 N, 37.7654 E
// ± 900 m (95 %)".
func Region(r geo.Region) string {
	switch r.Kind {
	case geo.Ellipse:
		if r.SemiMajorMM == r.SemiMinorMM {
			return Position(r.Center) + " ± " + Length(r.SemiMajorMM) + " (95 %)"
		}
		return fmt.Sprintf("%s ± %s × %s, long axis %s (95 %%)", Position(r.Center), Length(r.SemiMajorMM), Length(r.SemiMinorMM), azimuth(r.AzimuthMdeg))
	case geo.Sector:
		return sector(r)
	case geo.Pixel:
		return fmt.Sprintf("pixel of %s × %s at %s", Length(2*r.SemiMajorMM), Length(2*r.SemiMinorMM), Position(r.Center))
	case geo.Polygon:
		if box, ok := bounds(r.Rings); ok {
			return "area " + box
		}
	}
	return "place not known"
}

// Place writes a name, or the region where there is none.
func Place(name string, r geo.Region) string {
	if name != "" {
		return name
	}
	return Region(r)
}

func sector(r geo.Region) string {
	var arcs []string
	for _, a := range r.Arcs {
		if a.FromMdeg == a.TillMdeg {
			arcs = append(arcs, "all round")
		} else {
			arcs = append(arcs, azimuth(a.FromMdeg)+"–"+azimuth(a.TillMdeg))
		}
	}
	reach := Length(r.RMinMM) + "–" + Length(r.RMaxMM)
	if r.RMinMM == 0 {
		reach = "up to " + Length(r.RMaxMM)
	}
	return strings.TrimSpace(reach + " from the observer, " + strings.Join(arcs, ", "))
}

func azimuth(mdeg int32) string { return fmt.Sprintf("%.0f°", float64(mdeg)/1000) }

func bounds(rings [][]geo.Position) (string, bool) {
	latMin, lonMin, latMax, lonMax := int32(math.MaxInt32), int32(math.MaxInt32), int32(math.MinInt32), int32(math.MinInt32)
	for _, ring := range rings {
		for _, p := range ring {
			latMin, latMax = min(latMin, p.LatE7), max(latMax, p.LatE7)
			lonMin, lonMax = min(lonMin, p.LonE7), max(lonMax, p.LonE7)
		}
	}
	if latMin > latMax {
		return "", false
	}
	return fmt.Sprintf("%s to %s, %s to %s", degrees(latMin, "N", "S"), degrees(latMax, "N", "S"),
		degrees(lonMin, "E", "W"), degrees(lonMax, "E", "W")), true
}
