// SPDX-License-Identifier: Apache-2.0

package associate_test

import (
	"crypto/sha256"
	"strconv"
	"time"

	tw "github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// An entry of a scene: one observation of one source.
type seen struct {
	source      string
	kind        tw.Kind
	description tw.Description
	means       tw.Means
	count       tw.Count
	region      geo.Region
	name        string
	from, till  string // UTC
	asset       string
}

func (s seen) recorded(index uint64) *tw.Recorded {
	o := &tw.Observation{Key: sha256.Sum256([]byte(s.source + strconv.FormatUint(index, 10))), Kind: s.kind, Description: s.description,
		Means: s.means, Count: s.count, Where: tw.Place{Region: s.region, Name: s.name}, When: tw.Interval{From: at(s.from), Till: at(s.till)}}
	if s.asset != "" {
		o.Asset = &tw.Asset{ID: s.asset}
	}
	return &tw.Recorded{ID: tw.ObservationID{Index: index}, Received: o.When.Till + tw.Hour, Source: &tw.Source{ID: tw.SourceID(s.source)}, Observation: o}
}

func at(s string) tw.Instant {
	t, err := time.Parse("2006-01-02 15:04:05", s)
	if err != nil {
		t, err = time.Parse("2006-01-02 15:04", s)
	}
	if err != nil {
		panic(err)
	}
	return tw.InstantOf(t)
}

func exactly(n int64) tw.Count { return tw.Count{Value: n, Qualifier: tw.Exact} }
func about(n int64) tw.Count   { return tw.Count{Value: n, Qualifier: tw.About} }

// east and north of an invented origin, in metres; one degree of latitude is
// 111,200 m, of longitude at 48 degrees 74,500 m.
func place(east, north int64) geo.Position {
	return geo.Position{LatE7: int32(480_000_000 + north*10_000_000/111_200), LonE7: int32(380_000_000 + east*10_000_000/74_500)}
}

func sector(east, north, fromKM10, tillKM10 int64, azimuth int32) geo.Region {
	from, till := (azimuth*1000-11_250+360_000)%360_000, (azimuth*1000+11_250)%360_000
	return geo.Region{Kind: geo.Sector, Center: place(east, north), RMinMM: fromKM10 * 100_000, RMaxMM: tillKM10 * 100_000,
		Arcs: []geo.Arc{{FromMdeg: from, TillMdeg: till}}}
}

func point(east, north, radiusM int64) geo.Region {
	return geo.Circle(place(east, north), radiusM*1000)
}

func pixel(east, north int64) geo.Region {
	return geo.Region{Kind: geo.Pixel, Center: place(east, north), SemiMajorMM: 187_500, SemiMinorMM: 187_500}
}

// The rows of the field's example, with invented positions: Novyi Yar stands at
// the origin; what came down, came down about 9 km south of it.
func engagement() map[int]seen {
	return map[int]seen{
		101: {source: "cam-stari-luky", kind: tw.ProjectileInFlight, means: tw.RecordedCamera, count: exactly(14), region: sector(60_000, 0, 20, 40, 67), from: "2026-04-11 19:04", till: "2026-04-11 19:31"},
		102: {source: "cam-stari-luky", kind: tw.Explosion, description: tw.Undetermined, means: tw.RecordedCamera, count: exactly(3), region: sector(60_000, 0, 20, 40, 67), from: "2026-04-11 19:05", till: "2026-04-11 19:29"},
		103: {source: "novyi-yar", kind: tw.Explosion, description: tw.Outgoing, means: tw.Heard, count: about(6), region: sector(0, 0, 30, 50, 135), from: "2026-04-11 20:10", till: "2026-04-11 20:14"},
		104: {source: "novyi-yar", kind: tw.Explosion, description: tw.Impact, means: tw.Heard, count: about(5), region: sector(0, 0, 80, 100, 180), from: "2026-04-11 20:11", till: "2026-04-11 20:15"},
		105: {source: "zelenyi-hai", kind: tw.Burst, means: tw.HeardSaw, count: tw.Count{Value: 22, Qualifier: tw.AtLeast}, region: sector(-30_000, 20_000, 6, 10, 0), from: "2026-04-12 03:40", till: "2026-04-12 03:58"},
		106: {source: "ac-17", kind: tw.Explosion, description: tw.Impact, means: tw.Acoustic, count: exactly(5), region: geo.Region{Kind: geo.Ellipse, Center: place(300, -9_100), SemiMajorMM: 900_000, SemiMinorMM: 600_000, AzimuthMdeg: 58_000}, from: "2026-04-11 20:11", till: "2026-04-11 20:15"},
		114: {source: "firms-viirs", kind: tw.ThermalAnomaly, means: tw.SatelliteThermal, count: exactly(1), region: pixel(150, -8_900), from: "2026-04-11 23:36", till: "2026-04-11 23:36"},
		131: {source: "party-b", kind: tw.Explosion, description: tw.Impact, means: tw.PartyReport, count: exactly(12), region: point(0, -8_800, 700), from: "2026-04-11 20:00", till: "2026-04-11 20:59"},
	}
}

// at is recorded with the time given apart.
func (s seen) at(index uint64, when tw.Interval) *tw.Recorded {
	s.from, s.till = "1970-01-01 00:00", "1970-01-01 00:00"
	r := s.recorded(index)
	r.Observation.When = when
	return r
}
