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

// A Night is seven hours in which drones and missiles cross a country 350 km wide and
// 400 km long from west to east, and people on the ground see and hear them. An Event
// is one flight, at its launch; its members are all reports of it:
//
//	launch    three of ten are seen as they leave
//	sighting  every ten minutes a drone, every four a missile, by one to three
//	          observers, to 600 m and 15 s; a share of them states the course, by 16 winds
//	arrival   six of ten are heard where they come down; half of these know what it was
//
// A drone turns at one sighting in five. To the true sightings come a share of false
// ones, of a drone anywhere at any time.
//
// Guess: every rate and error. Test: nights of which launches and arrivals were
// published.
type Night struct {
	Seed     uint64
	Drones   int
	Missiles int
	Courses  float64 // share of sightings that state a course
	False    float64 // false sightings for each true one
}

// NewNight returns the night that results are compared on: as many as have been
// launched in one night.
func NewNight(seed uint64) Night {
	return Night{Seed: seed, Drones: 126, Missiles: 4, Courses: 0.7, False: 0.1}
}

const (
	nightHours     = 7.0
	nightEastKM    = 350.0
	nightNorthKM   = 400.0
	nightObservers = 400
	nightUnseen    = 0.1 // of a sighting: nobody notices
	nightSecond    = 0.4 // that another observer notices it too, twice at most
	nightPlaceKM   = 0.6
	nightTimeH     = 15.0 / 3600
	nightTurn      = 0.2
	nightCourse    = 0.15 // radians
	nightLaunched  = 0.3
	nightArrived   = 0.6
	nightNamed     = 0.5
	nightSlope     = 0.44 // km north for each 0.9 km east, at most
)

// World makes the world. The error names a parameter that is not possible.
func (p Night) World() (*World, error) {
	if p.Drones < 0 || p.Missiles < 0 || p.Drones+p.Missiles > 2_000 || !(p.Courses >= 0 && p.Courses <= 1) || !(p.False >= 0 && p.False <= 10) {
		return nil, fmt.Errorf("scenario: drones %d and missiles %d are outside 0 to 2000, courses %v outside 0 to 1, or false %v outside 0 to 10", p.Drones, p.Missiles, p.Courses, p.False)
	}
	w := &World{Name: "night", Seed: p.Seed, Span: trucewatch.Interval{From: Begin, Till: instant(nightHours * 3600)}}
	m := &nightMaker{Night: p, w: w, r: newRandom(p.Seed, streamEvents)}
	for k := range p.Drones + p.Missiles {
		m.fly(int32(k), k >= p.Drones)
	}
	m.falsely()
	w.finish()
	slices.SortStableFunc(w.Reports, func(a, b Report) int {
		return cmp.Or(cmp.Compare(a.Observation.When.Till, b.Observation.When.Till), cmp.Compare(a.Source.ID, b.Source.ID))
	})
	return w, nil
}

// A nightMaker makes one Night.
type nightMaker struct {
	Night
	w *World
	r *random
}

// fly lets flight k cross the country.
func (m *nightMaker) fly(k int32, missile bool) {
	r := m.r
	kmh, every, kind, platform := float64(r.between(45, 55)*3.6), 10.0/60, trucewatch.UAVSighted, trucewatch.OneWayAttackUAV
	if missile {
		kmh, every, kind, platform = float64(r.between(200, 250)*3.6), 4.0/60, trucewatch.MissileTrack, trucewatch.CruiseMissile
	}
	x, y, t := float64(r.unit()*40), float64(r.unit()*nightNorthKM), float64(r.unit()*(nightHours-1))
	slope := r.between(-nightSlope, nightSlope)
	m.w.Events = append(m.w.Events, Event{At: hour(t), Position: at(x, y), Kind: kind})
	weapon := &trucewatch.Weapon{Platform: platform}
	if r.chance(nightLaunched) {
		m.noticed(k, x, y, t, trucewatch.Observation{Kind: trucewatch.Explosion, Description: trucewatch.Outgoing, Weapon: weapon})
	}
	for {
		h := float64(every * r.between(0.5, 1.5))
		if !missile && r.chance(nightTurn) {
			slope = r.between(-nightSlope, nightSlope)
		}
		x, y, t = x+float64(0.9*float64(kmh*h)), y+float64(slope*float64(kmh*h)), t+h
		if x > nightEastKM {
			break
		}
		if !r.chance(nightUnseen) {
			m.noticed(k, x, y, t, trucewatch.Observation{Kind: kind, Movement: m.course(geo.Atan2(0.9, slope))})
			for range 2 {
				if !r.chance(nightSecond) {
					break
				}
				m.noticed(k, x, y, t, trucewatch.Observation{Kind: kind, Movement: m.course(geo.Atan2(0.9, slope))})
			}
		}
	}
	if r.chance(nightArrived) {
		if !r.chance(nightNamed) {
			weapon = nil
		}
		m.noticed(k, x, y, t, trucewatch.Observation{Kind: trucewatch.Explosion, Description: trucewatch.Impact, Weapon: weapon})
	}
}

// course is what a share of observers say of where it flew, by 16 winds; nil of others.
func (m *nightMaker) course(azimuth float64) *trucewatch.Movement {
	if !m.r.chance(m.Courses) {
		return nil
	}
	return &trucewatch.Movement{To: geo.WindName(milliDegrees(azimuth + m.r.spread(nightCourse)))}
}

// noticed enters what some observer says of flight k at a place and hour.
func (m *nightMaker) noticed(k int32, x, y, t float64, o trucewatch.Observation) {
	r := m.r
	id := trucewatch.SourceID(fmt.Sprintf("sim-people-%03d", r.below(nightObservers)+1))
	o.Means, o.Count, o.Text = trucewatch.HeardSaw, exact(1), Simulated
	o.Clock = trucewatch.Clock{Kind: "report", Zone: "UTC"}
	o.Where.Region = geo.Circle(at(x+r.spread(nightPlaceKM), y+r.spread(nightPlaceKM)), round(float64(circle95*nightPlaceKM*1e6)))
	t += r.spread(nightTimeH)
	o.When = trucewatch.Interval{From: hour(t - float64(normal95*nightTimeH)), Till: hour(t + float64(normal95*nightTimeH))}
	m.w.Reports = append(m.w.Reports, Report{Event: k, Observation: o,
		Source: trucewatch.Source{ID: id, Kind: trucewatch.PostSource, Name: Simulated + " " + string(id), Note: Simulated}})
}

// falsely enters sightings of nothing.
func (m *nightMaker) falsely() {
	m.r = newRandom(m.Seed, streamClutter)
	for range int(float64(m.False * float64(len(m.w.Reports)))) {
		m.noticed(-1, float64(m.r.unit()*nightEastKM), float64(m.r.unit()*nightNorthKM), float64(m.r.unit()*nightHours),
			trucewatch.Observation{Kind: trucewatch.UAVSighted, Movement: m.course(m.r.between(-math.Pi, math.Pi))})
	}
}
