// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// A Day is a ceasefire day along a line of contact, with who fired: engagements
// near a few places, as on most days, and what everybody says of them.
//
//	sensors   acoustic nodes along the line: where four or more hear, their network
//	          solves the place, the better the denser they stand; 3 % of what it
//	          says has a wrong time, and 2 % is about nothing
//	patrols   by day, in pairs of ears and eyes; posts at all hours: one of 16
//	          compass points, whole kilometres, minutes late; weapon and outgoing or
//	          impact if they are near enough to tell
//	cameras   flashes and projectiles within 5 km, direction to a degree, by night
//	          and by day
//	satellites  four overpasses; 15 % of explosions in the hours before, where no
//	          cloud lies
//	craters   of one heavy impact in ten: the weapon, and from where it came
//	parties   say what hit them, of three fifths of it, by the nearest town and
//	          half hour, and up to three times as many rounds; of their own fire
//	          nothing; and things that never were, until the claims are as many as
//	          Claims
//
// An outgoing round and its impact are two events: they lie apart, and who hears
// one need not hear the other. Bursts, flashes and flares are one.
//
// Source of mix and rates: published daily reports (bursts and shots 41 to 53 %,
// explosions 30 to 42 %, projectiles 12 to 16 %, flares under 1 %; four fifths of
// explosions undetermined; most of a day at two or three places), and the claims of
// a truce of 30 hours (2,935 and 4,900). Guess: every probability of being noticed.
// Test: fit them to a mission's own record.
type Day struct {
	Seed        uint64
	Begin       trucewatch.Instant    // 0: Begin
	Line        []geo.Position        // of contact
	Parties     [2]trucewatch.PartyID // on the left of it and on the right
	Hours       float64
	Engagements int
	Claims      int // of both parties, at least; the first has three for the other's five
	Nodes       int // acoustic
}

// NewDay is a small day, on which results are held to floors. The line is the
// caller's.
func NewDay(seed uint64, line []geo.Position) Day {
	return Day{Seed: seed, Line: line, Parties: [2]trucewatch.PartyID{"A", "B"}, Hours: 24, Engagements: 60, Claims: 120, Nodes: 3_000}
}

// An arm is a way of firing: how often, from how far behind the line to how far
// behind the other side of it, and how far off it is heard. Distances in km.
type arm struct {
	share      float64 // summed
	kind       trucewatch.Kind
	weapon     *trucewatch.Weapon
	from, into [2]float64
	heard      float64
	outgoing   bool // the firing is a sound of its own
}

// arms of Day. Guess: ranges of use; classes of the example agreement.
var arms = []arm{
	{0.45, trucewatch.Burst, &trucewatch.Weapon{Platform: "small_arms"}, [2]float64{0.1, 0.8}, [2]float64{0.1, 0.8}, 2.5, false},
	{0.65, trucewatch.Explosion, &trucewatch.Weapon{Platform: "mortar", CalibreMM: 120}, [2]float64{2, 5}, [2]float64{0.2, 2}, 8, true},
	{0.75, trucewatch.Explosion, &trucewatch.Weapon{Platform: "howitzer_towed", CalibreMM: 152}, [2]float64{6, 14}, [2]float64{0.5, 6}, 14, true},
	{0.86, trucewatch.Explosion, &trucewatch.Weapon{Platform: "uav", Role: "fpv_attack"}, [2]float64{3, 8}, [2]float64{0.2, 6}, 3, false},
	{0.99, trucewatch.ProjectileInFlight, nil, [2]float64{0.3, 2}, [2]float64{0.2, 1}, 2, false},
	{1.00, trucewatch.IlluminationFlare, nil, [2]float64{0.1, 0.5}, [2]float64{0.1, 0.5}, 1, false},
}

// The country of Day.
const (
	dayFronts     = 8   // places round which fire concentrates
	frontSpreadKM = 3.0 // along the line, one standard deviation
	atFronts      = 0.85
	dayPatrols    = 60
	patrolFrom    = 8.0 // hours of the day in which they are out
	patrolTill    = 17.0
	patrolSlot    = 2.0 // hours at one place
	bandKM        = 30.0
	townEveryKM   = 5.0
)

// World makes the world. The error names a parameter that is not possible.
func (d Day) World() (*World, error) {
	switch {
	case len(d.Line) < 2:
		return nil, errors.New("scenario: a line of contact needs two points")
	case !(d.Hours >= 1 && d.Hours <= 240):
		return nil, fmt.Errorf("scenario: hours %v is outside 1 to 240", d.Hours)
	case d.Engagements < 0 || d.Engagements > 20_000 || d.Claims < 0 || d.Claims > 100_000 || d.Nodes < 0 || d.Nodes > 100_000:
		return nil, fmt.Errorf("scenario: engagements %d is outside 0 to 20000, claims %d or nodes %d outside 0 to 100000", d.Engagements, d.Claims, d.Nodes)
	}
	if d.Begin == 0 {
		d.Begin = Begin
	}
	m := &dayMaker{Day: d, r: newRandom(d.Seed, streamArrivals), w: &World{Name: "day", Seed: d.Seed}}
	m.w.Span = trucewatch.Interval{From: d.Begin, Till: m.instant(d.Hours)}
	m.measureLine()
	m.people()
	m.engagements()
	m.falseDetections()
	m.falseClaims()
	m.w.finish()
	slices.SortStableFunc(m.w.Reports, func(a, b Report) int {
		return cmp.Or(cmp.Compare(a.Observation.When.Till, b.Observation.When.Till), cmp.Compare(a.Source.ID, b.Source.ID),
			cmp.Compare(a.Observation.When.From, b.Observation.When.From))
	})
	return m.w, nil
}

// A dayMaker makes one Day.
type dayMaker struct {
	Day
	w       *World
	r       *random
	ends    []float64 // of the line's pieces, km from its beginning
	fronts  []float64 // km along the line
	posts   []geo.Position
	cameras []geo.Position
	clouds  *random
	cloudy  map[[2]int]bool // by overpass and front
	claims  [2]int
}

func (m *dayMaker) instant(hours float64) trucewatch.Instant {
	return m.Begin + trucewatch.Instant(round(float64(hours*3.6e9)))
}

// measureLine adds up the lengths of the line's pieces.
func (m *dayMaker) measureLine() {
	length := 0.0
	for i := 1; i < len(m.Line); i++ {
		mm, _ := geo.Inverse(m.Line[i-1], m.Line[i])
		length += float64(mm) / 1e6
		m.ends = append(m.ends, length)
	}
}

// lengthKM is that of the line.
func (m *dayMaker) lengthKM() float64 { return m.ends[len(m.ends)-1] }

// at returns the place s km along the line and depth km to its left, to its right
// if depth is negative.
func (m *dayMaker) at(s, depth float64) geo.Position {
	s = min(max(s, 0), m.lengthKM())
	i, begins := 0, 0.0
	for ; i < len(m.ends)-1 && m.ends[i] < s; i++ {
		begins = m.ends[i]
	}
	_, azimuth := geo.Inverse(m.Line[i], m.Line[i+1])
	on := geo.Direct(m.Line[i], azimuth, round(float64((s-begins)*1e6)))
	return geo.Direct(on, azimuth-quarterMdeg, round(float64(depth*1e6)))
}

const quarterMdeg = 90_000

// people places fronts, posts and cameras.
func (m *dayMaker) people() {
	r := newRandom(m.Seed, streamTowns)
	m.clouds, m.cloudy = newRandom(m.Seed, streamAir), map[[2]int]bool{}
	for range dayFronts {
		m.fronts = append(m.fronts, float64(r.unit()*m.lengthKM()))
	}
	for i, f := range m.fronts {
		for range 2 {
			m.posts = append(m.posts, m.at(f+r.spread(2), r.between(-3, 3)))
			m.cameras = append(m.cameras, m.at(f+r.spread(2), r.between(-1, 1)))
		}
		for k := range len(overpasses) * (int(m.Hours/24) + 1) {
			m.cloudy[[2]int{k, i}] = m.clouds.chance(0.6)
		}
	}
	for i, p := range m.posts {
		m.w.Sensors = append(m.w.Sensors, Sensor{ID: m.source("post", i), Kind: trucewatch.PostSource, Position: p})
	}
	for i, p := range m.cameras {
		m.w.Sensors = append(m.w.Sensors, Sensor{ID: m.source("camera", i), Kind: trucewatch.CameraSource, Position: p})
	}
}

func (m *dayMaker) source(what string, n int) trucewatch.SourceID {
	return trucewatch.SourceID(fmt.Sprintf("sim-%s-%02d", what, n+1))
}

// A fire is one engagement.
type fire struct {
	arm    *arm
	side   int // of Parties
	t      float64
	along  float64
	front  int
	rounds int64
	origin geo.Position
	impact geo.Position
}

// engagements makes all of them: a third follow another within the hour near by.
func (m *dayMaker) engagements() {
	r := newRandom(m.Seed, streamEvents)
	var last fire
	for i := range m.Engagements {
		f := fire{t: float64(r.unit() * m.Hours), side: r.below(2), front: r.below(3), rounds: 1 + int64(r.exponential(4))}
		if !r.chance(atFronts) {
			f.front = r.below(dayFronts)
		}
		f.along = m.fronts[f.front] + r.spread(frontSpreadKM)
		if i > 0 && r.chance(0.33) {
			f.t, f.along, f.front, f.side = min(last.t+r.exponential(0.4), m.Hours), last.along+r.spread(0.7), last.front, 1-last.side
		}
		u := r.unit()
		for k := range arms {
			if f.arm = &arms[k]; u < f.arm.share {
				break
			}
		}
		sign := [...]float64{1, -1}[f.side]
		f.origin = m.at(f.along, float64(sign*r.between(f.arm.from[0], f.arm.from[1])))
		f.impact = m.at(f.along+r.spread(0.5), float64(-sign*r.between(f.arm.into[0], f.arm.into[1])))
		last = f
		m.report(&f)
	}
}

// event enters one event of a fire and returns its place in Events.
func (m *dayMaker) event(f *fire, at geo.Position) int32 {
	m.w.Events = append(m.w.Events, Event{At: m.instant(f.t), Position: at, By: m.Parties[f.side], Kind: f.arm.kind})
	return int32(len(m.w.Events) - 1)
}

// report lets everybody report a fire.
func (m *dayMaker) report(f *fire) {
	switch {
	case f.arm.outgoing:
		out := m.event(f, f.origin)
		m.sensed(out, f, f.origin, trucewatch.Outgoing)
		m.heard(out, f, f.origin, trucewatch.Outgoing)
		fallen := m.event(f, f.impact)
		m.sensed(fallen, f, f.impact, trucewatch.Impact)
		m.heard(fallen, f, f.impact, trucewatch.Impact)
		m.crater(fallen, f)
		m.filmed(fallen, f, f.impact)
		m.thermal(fallen, f)
		m.claimed(fallen, f)
	case f.arm.kind == trucewatch.Explosion:
		fallen := m.event(f, f.impact)
		m.sensed(fallen, f, f.impact, trucewatch.Impact)
		m.heard(fallen, f, f.impact, trucewatch.Impact)
		m.filmed(fallen, f, f.impact)
		m.thermal(fallen, f)
		m.claimed(fallen, f)
	default:
		k := m.event(f, f.origin)
		m.heard(k, f, f.origin, "")
		m.filmed(k, f, f.origin)
		m.claimed(k, f)
	}
}

// spacingKM is how far apart the nodes stand in a band along the line.
func (m *dayMaker) spacingKM() float64 {
	return math.Sqrt(float64(m.lengthKM()*bandKM) / max(float64(m.Nodes), 1))
}

// night says whether it is dark t hours from the beginning.
func night(t float64) bool {
	h := t - float64(24*math.Floor(t/24))
	return h < 6 || h > 19
}

// overpassAfter returns the first overpass after t, and its number.
func overpassAfter(t float64) (at float64, number int) {
	for day := math.Floor(t / 24); ; day++ {
		for i, o := range overpasses {
			if at := o + float64(24*day); at > t {
				return at, int(day)*len(overpasses) + i
			}
		}
	}
}
