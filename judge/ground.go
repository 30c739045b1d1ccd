// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// within returns the share of the incident's region within a distance of what
// was notified, and whether the region is coarser than that ground, so that a
// low share shows nothing.
func (h *hearing) within(n *trucewatch.Notification, reach int64) (share trucewatch.PPM, coarse bool) {
	zone := noticeZone(n, reach)
	share = h.shareIn(zone.ShareOf)
	ground := reach
	if n.Area != nil && len(n.Route) == 0 {
		ground += spreadMM(*n.Area)
	}
	return share, h.spread() > ground
}

// noticeZone is the ground within reach of what was notified: of a corridor's
// centre line, of a circle or other figure.
func noticeZone(n *trucewatch.Notification, reach int64) *geo.Zone {
	if line := corridor(n); line != nil {
		return geo.Union(geo.NewBand(line, geo.OnLine, 0, reach+1),
			geo.NewDisks([]geo.Disk{{Center: n.Route[0], RadiusMM: reach}, {Center: n.Route[len(n.Route)-1], RadiusMM: reach}}))
	}
	if len(n.Route) > 0 {
		return geo.NewDisks([]geo.Disk{{Center: n.Route[0], RadiusMM: reach}})
	}
	if n.Area.Kind != geo.Polygon {
		return geo.NewDisks([]geo.Disk{{Center: n.Area.Mean(), RadiusMM: spreadMM(*n.Area) + reach}})
	}
	area, err := geo.NewArea(n.Area.Rings)
	if err != nil {
		// A ring that crosses itself has no inside: the circle round it is all that can be tested.
		return geo.NewDisks([]geo.Disk{{Center: n.Area.Mean(), RadiusMM: spreadMM(*n.Area) + reach}})
	}
	zones := []*geo.Zone{geo.NewAreas([]*geo.Area{area})}
	if reach > 0 {
		for _, ring := range n.Area.Rings {
			if rim, err := geo.NewLine(append(slices.Clone(ring), ring[0]), 0); err == nil {
				zones = append(zones, geo.NewBand(rim, geo.OnLine, 0, reach+1))
			}
		}
	}
	return geo.Union(zones...)
}

// corridor is the centre line of what was notified, nil if that is no line.
func corridor(n *trucewatch.Notification) *geo.Line {
	if len(n.Route) < 2 {
		return nil
	}
	line, err := geo.NewLine(n.Route, 0)
	if err != nil {
		return nil
	}
	return line
}

// offMM returns how far p is from the middle of what was notified.
func offMM(n *trucewatch.Notification, p geo.Position) (mm int64, ok bool) {
	if line := corridor(n); line != nil {
		return line.DistanceMM(p), true
	}
	if n.Area != nil && n.Area.Kind == geo.Ellipse {
		return geo.DistanceMM(n.Area.Mean(), p), true
	}
	return 0, false
}
