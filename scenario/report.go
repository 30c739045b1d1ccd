// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"fmt"
	"math"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// add records what q says of event k.
func (m *mixedMaker) add(k int32, q measure) {
	id := sourceID(q.mean, q.source)
	s := trucewatch.Source{ID: id, Kind: sourceKinds[q.mean], Name: Simulated + " " + string(id), Note: Simulated}
	if q.mean == party {
		s.Party = trucewatch.PartyID(rune('A' + q.source))
	}
	o := trucewatch.Observation{
		Kind:  trucewatch.Explosion,
		Means: reportMeans[q.mean],
		Count: trucewatch.Count{Value: 1, Qualifier: trucewatch.Exact},
		Clock: trucewatch.Clock{Kind: "report", Zone: "UTC"},
		Text:  Simulated,
	}
	switch q.mean {
	case thermal:
		o.Kind = trucewatch.ThermalAnomaly
		o.When = trucewatch.Interval{From: hour(q.from), Till: hour(q.till)}
	case observer: // stated to even minutes and up to some minutes late
		o.When = trucewatch.Interval{From: hour(q.t - 4.0/60), Till: hour(q.t + 2.0/60)}
	default:
		o.When = trucewatch.Interval{From: hour(q.t - float64(normal95*q.time)), Till: hour(q.t + float64(normal95*q.time))}
	}
	o.Where.Region = m.region(q)
	if q.mean == observer || q.mean == camera {
		p := m.looksFrom(q)
		o.Observer = &trucewatch.Observer{Name: string(id), Position: &p.position}
	}
	m.w.Reports = append(m.w.Reports, Report{Event: k, Source: s, Observation: o, measure: q})
}

func hour(t float64) trucewatch.Instant { return instant(float64(t * 3600)) }

var sourceKinds = [...]trucewatch.SourceKind{trucewatch.SensorSource, trucewatch.PostSource, trucewatch.CameraSource, trucewatch.SatelliteSource,
	trucewatch.PartySource, trucewatch.PressSource}

var reportMeans = [...]trucewatch.Means{trucewatch.Acoustic, trucewatch.Heard, trucewatch.RecordedCamera, trucewatch.SatelliteThermal,
	trucewatch.PartyReport, trucewatch.OpenSourceMedia}

var meanNames = [...]string{"sound", "post", "camera", "thermal", "party", "open"}

func sourceID(m mean, n int) trucewatch.SourceID {
	return trucewatch.SourceID(fmt.Sprintf("sim-%s-%02d", meanNames[m], n+1))
}

func (m *mixedMaker) looksFrom(q measure) post {
	if q.mean == observer {
		return m.sector.posts[q.source]
	}
	return m.sector.cams[q.source]
}

// cameraReachKM is as far as a camera sees anything.
const cameraReachKM = 8.0

// region is where q says it was: the region that holds 95 %.
func (m *mixedMaker) region(q measure) geo.Region {
	switch q.mean {
	case thermal:
		side := round(float64(normal95 * float64(q.place*1e6)))
		return geo.Region{Kind: geo.Pixel, Center: m.sector.position(q.x, q.y), SemiMajorMM: side, SemiMinorMM: side}
	case observer, camera:
		p := m.looksFrom(q)
		near, far, half := 0.0, cameraReachKM, float64(normal95*q.turn)
		if q.far > 0 {
			width := float64(normal975 * q.spread)
			near, far, half = float64(q.far*geo.Exp(-width)), float64(q.far*geo.Exp(width)), float64(normal975*q.turn)
		}
		return geo.Region{Kind: geo.Sector, Center: p.position, RMinMM: round(float64(near * 1e6)), RMaxMM: round(float64(far * 1e6)),
			Arcs: []geo.Arc{{FromMdeg: milliDegrees(q.azimuth + p.turn - half), TillMdeg: milliDegrees(q.azimuth + p.turn + half)}}}
	}
	return geo.Circle(m.sector.position(q.x, q.y), round(float64(circle95*float64(q.place*1e6))))
}

// milliDegrees returns an angle in radians in thousandths of a degree, [0, 360000).
func milliDegrees(a float64) int32 {
	const circle = 360_000
	v := round(float64(a * (180_000 / math.Pi)))
	return int32((v%circle + circle) % circle)
}
