// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// A Mixed is one sector, 100 km by 30 km, for a day, on which everybody reports
// in their own way:
//
//	sound     a network that solves 55 % of events to 30-300 m and 1 s
//	observer  at 24 posts; hears half of what is 7 km away; states one of 16
//	          compass points, whole kilometres and even minutes, a little late
//	camera    14 of them; see half of what is 5 km away; direction to 0.9 degrees
//	thermal   four overpasses; 15 % of events in the four hours before, to 200 m
//	party     two, each claims 30 % of events, by the nearest of 45 towns and half hour
//	open      20 writers, 30 % of events between them, by town, within 40 minutes
//
// A quarter of events follow another within minutes and 0.8 km. To the true
// reports come False times as many false ones of each kind but thermal, of the
// same form.
//
// Guess: every rate and error; the forms are those of published mission reports.
// Test: fit them to a mission's own record.
type Mixed struct {
	Seed   uint64
	Events int
	False  float64 // false reports for each true one
}

// NewMixed returns the sector that results are compared on.
func NewMixed(seed uint64) Mixed { return Mixed{Seed: seed, Events: 100, False: 0.3} }

// A mean is one of the six ways of reporting in Mixed.
type mean uint8

const (
	sound mean = iota
	observer
	camera
	thermal
	party
	open
	meansCount
)

// The sector of Mixed.
const (
	mixedEastKM  = 100.0
	mixedNorthKM = 30.0
	mixedHours   = 24.0
	townCount    = 45
	frontCount   = 12
	openCount    = 20
	windRad      = math.Pi / 8
)

// Errors, in km, radians and hours, one standard deviation.
const (
	observerAzimuth = 0.10
	observerRange   = 0.3 // of the logarithm
	cameraAzimuth   = 0.015
	observerTime    = 0.03
	sharpTime       = 0.0005
	townPlace       = 4.2
	partyTime       = 0.3
	openTime        = 0.7
	thermalPlace    = 0.25
	overpassWindow  = 4.0
	normal95        = 1.959964 // half width of 95 % of a normal number, in standard deviations
	normal975       = 2.236477 // likewise 97.5 %, for each of two
	circle95        = 2.447747 // radius of 95 % of a round normal pair
)

var overpasses = [...]float64{2, 12, 13.6, 23.5}

// Probabilities of reporting.
const (
	detectSound    = 0.55
	detectObserver = 0.65 // when near
	detectCamera   = 0.5  // when near
	detectThermal  = 0.15
	detectParty    = 0.3
	detectOpen     = 0.3
)

func hearObserver(km float64) float64 { return float64(detectObserver * logistic(km-7)) }
func seeCamera(km float64) float64    { return float64(detectCamera * logistic((km-5)/0.7)) }

// A measure is what one report says, in the sector's own units: km east and
// north of its corner, radians clockwise from the plane's north, hours.
type measure struct {
	mean        mean
	source      int
	x, y, place float64 // a point and its error; place is 0 for a direction
	azimuth     float64 // a direction and its error
	turn        float64
	far, spread float64 // a distance and the error of its logarithm; 0 for none
	t, time     float64 // when, and its error; time is 0 for a window
	from, till  float64 // a window
}

// World makes the world. The error names a parameter that is not possible.
func (p Mixed) World() (*World, error) {
	if p.Events < 0 || p.Events > 10_000 || !(p.False >= 0 && p.False <= 10) {
		return nil, fmt.Errorf("scenario: events %d is outside 0 to 10000, or false %v outside 0 to 10", p.Events, p.False)
	}
	w := &World{Name: "mixed", Seed: p.Seed, Span: trucewatch.Interval{From: Begin, Till: instant(mixedHours * 3600)}}
	m := &mixedMaker{Mixed: p, w: w, sector: newSector(p.Seed), r: newRandom(p.Seed, streamArrivals)}
	w.sector = m.sector
	w.Sensors = append(w.Sensors, m.sector.sensors()...)
	m.events()
	m.clutter()
	w.finish()
	slices.SortStableFunc(w.Reports, func(a, b Report) int {
		return cmp.Or(cmp.Compare(a.Observation.When.Till, b.Observation.When.Till), cmp.Compare(a.Source.ID, b.Source.ID),
			cmp.Compare(a.Observation.When.From, b.Observation.When.From))
	})
	return w, nil
}

// A sector is the country of Mixed.
type sector struct {
	plane  geo.Plane
	posts  []post
	cams   []post
	towns  [][2]float64
	fronts [][2]float64
}

// A post is where somebody or something looks from.
type post struct {
	x, y     float64
	turn     float64 // true north minus the plane's north there, radians
	position geo.Position
}

func newSector(seed uint64) *sector {
	r := newRandom(seed, streamTowns)
	s := &sector{plane: geo.NewPlane(at(mixedEastKM/2, mixedNorthKM/2))}
	for x := 5.0; x < mixedEastKM; x += 8 {
		s.posts = append(s.posts, s.post(x, 8), s.post(x, 22))
	}
	for x := 6.0; x < mixedEastKM; x += 7 {
		s.cams = append(s.cams, s.post(x, 15))
	}
	for range townCount {
		s.towns = append(s.towns, [2]float64{float64(r.unit() * mixedEastKM), float64(r.unit() * mixedNorthKM)})
	}
	for range frontCount {
		s.fronts = append(s.fronts, [2]float64{float64(r.unit() * mixedEastKM), float64(r.unit() * mixedNorthKM)})
	}
	return s
}

// position returns the place x km east and y km north of the sector's corner.
func (s *sector) position(x, y float64) geo.Position {
	return s.plane.Position(round(float64((x-mixedEastKM/2)*1e6)), round(float64((y-mixedNorthKM/2)*1e6)))
}

func (s *sector) post(x, y float64) post {
	p := post{x: x, y: y, position: s.position(x, y)}
	east, north := geo.NewPlane(p.position).Project(s.position(x, y+1))
	p.turn = geo.Atan2(float64(east), float64(north)) // true azimuth of the plane's north
	return p
}

// nearestTown returns the town that people would name.
func (s *sector) nearestTown(x, y float64) [2]float64 {
	best, least := s.towns[0], math.Inf(1)
	for _, t := range s.towns {
		if d := distance(x-t[0], y-t[1]); d < least {
			best, least = t, d
		}
	}
	return best
}

func distance(x, y float64) float64 { return math.Sqrt(float64(x*x) + float64(y*y)) }

func (s *sector) sensors() []Sensor {
	var all []Sensor
	for i, p := range s.posts {
		all = append(all, Sensor{ID: sourceID(observer, i), Kind: trucewatch.PostSource, Position: p.position})
	}
	for i, p := range s.cams {
		all = append(all, Sensor{ID: sourceID(camera, i), Kind: trucewatch.CameraSource, Position: p.position})
	}
	return all
}

// A mixedMaker makes one Mixed.
type mixedMaker struct {
	Mixed
	w      *World
	sector *sector
	r      *random
}

func (m *mixedMaker) events() {
	r := newRandom(m.Seed, streamEvents)
	var x, y, t float64
	for k := range m.Events {
		if k > 0 && r.chance(0.25) { // follow-on fire near by
			x, y = x+r.spread(0.8), y+r.spread(0.8)
			t = min(t+r.exponential(0.15), mixedHours)
		} else {
			front := m.sector.fronts[r.below(frontCount)]
			x = min(max(front[0]+r.spread(3), 0), mixedEastKM)
			y = min(max(front[1]+r.spread(3), 0), mixedNorthKM)
			t = float64(r.unit() * mixedHours)
		}
		m.w.Events = append(m.w.Events, Event{At: instant(float64(t * 3600)), Position: m.sector.position(x, y)})
		m.reports(int32(k), x, y, t)
	}
}

// reports lets everybody report event k.
func (m *mixedMaker) reports(k int32, x, y, t float64) {
	r := m.r
	if r.chance(detectSound) {
		s := r.between(0.03, 0.3)
		m.add(k, measure{mean: sound, x: x + r.spread(s), y: y + r.spread(s), place: s, t: t + r.spread(0.0003), time: sharpTime})
	}
	for i, p := range m.sector.posts {
		if d := distance(x-p.x, y-p.y); r.chance(hearObserver(d)) {
			m.add(k, m.hears(i, geo.Atan2(x-p.x, y-p.y)+r.spread(observerAzimuth), float64(d*geo.Exp(r.spread(observerRange))), t+math.Abs(r.spread(0.02))))
		}
	}
	for i, p := range m.sector.cams {
		if d := distance(x-p.x, y-p.y); r.chance(seeCamera(d)) {
			m.add(k, measure{mean: camera, source: i, azimuth: geo.Atan2(x-p.x, y-p.y) + r.spread(cameraAzimuth), turn: cameraAzimuth, t: t + r.spread(sharpTime), time: 2 * sharpTime})
		}
	}
	if r.chance(detectThermal) {
		for _, o := range overpasses {
			if o > t && o-t < overpassWindow {
				m.add(k, measure{mean: thermal, x: x + r.spread(0.2), y: y + r.spread(0.2), place: thermalPlace, from: o - overpassWindow, till: o})
				break
			}
		}
	}
	town := m.sector.nearestTown(x, y)
	for i := range 2 {
		if r.chance(detectParty) {
			m.add(k, measure{mean: party, source: i, x: town[0], y: town[1], place: townPlace, t: math.Floor(float64(t*2)+0.5)/2 + r.spread(0.1), time: partyTime})
		}
	}
	if r.chance(detectOpen) {
		m.add(k, measure{mean: open, source: r.below(openCount), x: town[0], y: town[1], place: townPlace, t: t + r.spread(openTime), time: openTime})
	}
}

// hears returns what post i states: one of 16 compass points from true north,
// whole kilometres, even minutes.
func (m *mixedMaker) hears(i int, azimuth, km, t float64) measure {
	p := m.sector.posts[i]
	azimuth = float64(math.Floor((azimuth+p.turn)/windRad+0.5)*windRad) - p.turn
	km = max(0.5, math.Floor(km+0.5))
	return measure{mean: observer, source: i, azimuth: azimuth, turn: observerTurn, far: km, spread: observerSpread(km),
		t: math.Floor(float64(t*30)+0.5) / 30, time: observerTime}
}

// observerTurn is the error of an observer's direction: the observer's own, and
// the width of a compass point, 22.5 degrees over the square root of 12.
const observerTurn = 0.1512

// observerSpread is the error of the logarithm of a distance stated in whole km.
func observerSpread(km float64) float64 { return distance(observerRange, 0.29/km) }

// clutter adds false reports: of the form of a true one, at another time and place.
func (m *mixedMaker) clutter() {
	r := newRandom(m.Seed, streamClutter)
	var pools [meansCount][]measure
	for i := range m.w.Reports {
		q := m.w.Reports[i].measure
		pools[q.mean] = append(pools[q.mean], q)
	}
	for mean, pool := range pools {
		if mean == int(thermal) {
			continue
		}
		for range int(float64(m.False * float64(len(pool)))) {
			q := pool[r.below(len(pool))]
			t := float64(r.unit() * mixedHours)
			switch q.mean {
			case sound:
				q.x, q.y = float64(r.unit()*mixedEastKM), float64(r.unit()*mixedNorthKM)
			case observer:
				q = m.hears(r.below(len(m.sector.posts)), r.between(-math.Pi, math.Pi), float64(1+r.below(8)), t)
			case camera:
				q.source, q.azimuth = r.below(len(m.sector.cams)), r.between(-math.Pi, math.Pi)
			case party, open:
				town := m.sector.towns[r.below(townCount)]
				q.x, q.y = town[0], town[1]
			}
			q.t = t
			m.add(-1, q)
		}
	}
}
