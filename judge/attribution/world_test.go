// SPDX-License-Identifier: Apache-2.0

package attribution

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
)

// A world makes shots of which it is known who fired them. All is SIMULATED and
// lies in an empty part of the South Pacific.
type world struct {
	*rand.Rand
	plane     geo.Plane
	agreement *agreement.Agreement
	shiftKM   float64 // by which the line truly lies east of where it is drawn
	lineKM    []float64
	none      float64 // share of fire by somebody who did not sign
	rates
}

// How the worlds err. They are not what the package assumes, but near it: a
// world draws its own rates.
type rates struct {
	outliers float64 // factor of the share of clues that mislead
	shift    float64 // factor of the error of the line's survey
	nearest  float64 // part of its reach at which a weapon is fired at least
}

// A shot is what is observed of one round, and who fired it: "A", "B", or "" for
// somebody who did not sign.
type shot struct {
	Input
	truth     trucewatch.PartyID
	hit       trucewatch.PartyID // who held the ground that was hit
	heavy     bool
	wasMarked bool
}

// An arm is a weapon of the simulated agreement.
type arm struct {
	id       string
	platform trucewatch.Platform
	kind     trucewatch.Kind
	reachKM  int64
	heavy    bool
}

var arms = []arm{
	{"small_arms", trucewatch.SmallArms, trucewatch.Burst, 2, false},
	{"mortar_light", trucewatch.AGL, trucewatch.Explosion, 4, false},
	{"mortar", trucewatch.Mortar, trucewatch.Explosion, 7, true},
	{"howitzer", trucewatch.HowitzerTowed, trucewatch.Explosion, 17, true},
	{"mlrs", trucewatch.MLRS, trucewatch.Explosion, 30, true},
}

const (
	lineHalfKM  = 60
	lineStepKM  = 4
	lineBendsKM = 3
)

func newWorld(seed uint64, r rates) *world {
	w := &world{Rand: rand.New(rand.NewPCG(seed, 7)), plane: geo.NewPlane(geo.Position{LatE7: -46 * geo.E7, LonE7: -130 * geo.E7}), rates: r}
	w.none = w.between(0.05, 0.10)
	var points []geo.Position
	for n := -lineHalfKM; n <= lineHalfKM; n += lineStepKM {
		east := w.between(-lineBendsKM, lineBendsKM)
		w.lineKM = append(w.lineKM, east)
		points = append(points, w.at(east, float64(n)))
	}
	survey := w.between(50, 300) // metres, 95 %
	line, err := geo.NewLine(points, int64(survey*1000))
	if err != nil {
		panic(err)
	}
	w.shiftKM = w.NormFloat64() * survey / 1.96 / 1000 * r.shift
	w.agreement = &agreement.Agreement{ID: "agr-test", PartyIDs: []trucewatch.PartyID{"A", "B"},
		Parties:  []agreement.Party{{ID: "A"}, {ID: "B"}},
		Lines:    []agreement.Line{{ID: "loc", Kind: "line_of_contact", Left: "A", Right: "B", SurveyErrorMM: int64(survey * 1000), Line: line}},
		Evidence: agreement.Evidence{AttributeLow: 800_000, AttributeHigh: 900_000}}
	for _, m := range arms {
		w.agreement.Weapons = append(w.agreement.Weapons, agreement.WeaponClass{ID: m.id, ReachKM: m.reachKM, Match: agreement.Match{Platforms: []trucewatch.Platform{m.platform}}})
		if m.heavy {
			w.agreement.Heavy = append(w.agreement.Heavy, m.id)
		}
	}
	if w.Float64() < 0.5 { // only one side is known to have launchers
		w.agreement.Weapons[4].HeldBy = []trucewatch.PartyID{w.party()}
	}
	return w
}

func (w *world) between(low, high float64) float64 { return low + w.Float64()*(high-low) }

func (w *world) often(p float64) bool { return w.Float64() < p }

func (w *world) party() trucewatch.PartyID {
	if w.often(0.5) {
		return "A"
	}
	return "B"
}

func (w *world) at(east, north float64) geo.Position {
	return w.plane.Position(int64(east*1e6), int64(north*1e6))
}

// trueLine is how far east the line truly lies at a northing.
func (w *world) trueLine(north float64) float64 {
	x := max(0, min(float64(len(w.lineKM)-2), (north+lineHalfKM)/lineStepKM))
	i := int(x)
	return w.lineKM[i] + (x-float64(i))*(w.lineKM[i+1]-w.lineKM[i]) + w.shiftKM
}

// holder is who truly holds a place: A the west, B the east.
func (w *world) holder(east, north float64) trucewatch.PartyID {
	if east < w.trueLine(north) {
		return "A"
	}
	return "B"
}

// shot fires once, and lets it be observed.
func (w *world) shot() *shot {
	s := &shot{}
	m := arms[w.IntN(len(arms))]
	s.truth = w.party()
	if held := w.agreement.Class(m.id).HeldBy; len(held) > 0 && w.often(0.8) {
		s.truth = held[0]
	}
	ground := s.truth
	if w.often(0.01) {
		ground = other(ground)
	}
	if w.often(w.none) {
		s.truth, ground = "", w.party()
		if m.heavy && w.often(0.6) {
			m = arms[w.IntN(3)]
		}
	}
	s.heavy = m.heavy
	side := map[trucewatch.PartyID]float64{"A": -1, "B": 1}[ground]
	reach := float64(m.reachKM)
	north := w.between(-25, 25)
	depth := w.between(0.01, 0.7) * reach
	east := w.trueLine(north) + side*depth
	toEast, toNorth := w.target(east, north, reach, ground)
	s.hit = w.holder(toEast, toNorth)
	s.observe(w, m, east, north, toEast, toNorth)
	return s
}

func other(p trucewatch.PartyID) trucewatch.PartyID {
	if p == "A" {
		return "B"
	}
	return "A"
}

// target is where it falls: mostly on the other side's ground, as far as that is
// within reach.
func (w *world) target(east, north, reach float64, ground trucewatch.PartyID) (toEast, toNorth float64) {
	across := w.often(0.9)
	for range 200 {
		r, a := reach*math.Sqrt(w.between(w.nearest*w.nearest, 1)), w.between(0, 2*math.Pi)
		toEast, toNorth = east+r*math.Sin(a), north+r*math.Cos(a)
		if !across || w.holder(toEast, toNorth) != ground {
			break
		}
	}
	return toEast, toNorth
}

// see adds an observation of a source of its own and returns it.
func (s *shot) see(kind trucewatch.Kind, means trucewatch.Means) *trucewatch.Observation {
	n := len(s.Members)
	o := &trucewatch.Observation{Kind: kind, Means: means, Count: trucewatch.Count{Value: 1, Qualifier: trucewatch.Exact}}
	s.Members = append(s.Members, &trucewatch.Recorded{ID: trucewatch.ObservationID{Index: 10, Row: uint16(n)}, Observation: o,
		Source: &trucewatch.Source{ID: trucewatch.SourceID(fmt.Sprintf("s-%d", n))}})
	return o
}

func (s *shot) observe(w *world, m arm, east, north, toEast, toNorth float64) {
	s.Incident = &trucewatch.Incident{ID: trucewatch.IncidentID{Index: 10}, Kind: m.kind, Preferred: -1, Origin: -1, Confidence: 950_000}
	s.Agreement, s.Severity = w.agreement, 2
	if m.heavy {
		s.Severity = 3
	}
	hitM := w.between(20, 400)
	impact := w.blurred(toEast, toNorth, hitM/1000)
	s.Incident.Estimates = []trucewatch.Estimate{{Role: "impact", Method: "simulated", Region: geo.Circle(impact, int64(hitM*1000))}}
	s.Incident.Preferred = 0
	first := s.see(m.kind, trucewatch.Heard)
	if w.often(0.6) {
		told := m
		if w.often(0.1) {
			told = arms[w.IntN(len(arms))]
		}
		first.Weapon = &trucewatch.Weapon{Platform: told.platform, Basis: "sound"}
	}
	s.azimuths(w, m, east, north, toEast, toNorth)
	if w.often(0.35) {
		s.origin(w, east, north)
	}
	s.words(w)
}

// blurred is a place seen with an error that holds 95 % within a radius.
func (w *world) blurred(east, north, radiusKM float64) geo.Position {
	return w.at(east+w.NormFloat64()*radiusKM/2.448, north+w.NormFloat64()*radiusKM/2.448)
}

// azimuths adds what craters, posts, cameras and radar say of the direction.
func (s *shot) azimuths(w *world, m arm, east, north, toEast, toNorth float64) {
	for range []int{0, 1} {
		if m.kind == trucewatch.Explosion && w.often(0.3) {
			x, y := toEast+w.NormFloat64()*0.15, toNorth+w.NormFloat64()*0.15
			s.azimuth(w, "crater", trucewatch.PhysicalTrace, x, y, east, north, w.between(5, 10), 0.08)
		}
	}
	for _, basis := range []string{"flash", "sound"} {
		if w.often(0.2) {
			x, y := east+w.between(-8, 8), north+w.between(-8, 8)
			s.azimuth(w, basis, trucewatch.HeardSaw, x, y, east, north, w.between(2, 8), 0.07)
		}
	}
	if m.heavy && w.often(0.12) {
		a := s.azimuth(w, "radar", trucewatch.Radar, toEast, toNorth, east, north, w.between(0.5, 3), 0.03)
		far := math.Hypot(east-toEast, north-toNorth)
		a.MinMM, a.MaxMM = int64(far*0.85e6), int64(far*1.15e6)
	}
	if w.often(0.12) {
		o := s.see(trucewatch.ProjectileInFlight, trucewatch.RecordedCamera)
		x, y := toEast+w.NormFloat64(), toNorth+w.NormFloat64()
		o.Where.Region = geo.Circle(w.at(toEast, toNorth), 2_500_000)
		o.Movement = &trucewatch.Movement{From: geo.WindName(w.turned(x, y, east, north, 8, 0.12))}
	}
}

// turned is a direction as measured, in thousandths of a degree.
func (w *world) turned(x, y, east, north, errorDeg, wrong float64) int32 {
	deg := math.Atan2(east-x, north-y)*180/math.Pi + w.NormFloat64()*errorDeg
	if w.often(wrong * w.outliers) {
		deg = w.between(0, 360)
	}
	return int32(math.Mod(deg+3600, 360)*1000) % 360_000
}

func (s *shot) azimuth(w *world, basis string, means trucewatch.Means, x, y, east, north, errorDeg, wrong float64) *trucewatch.Azimuth {
	o := s.see(trucewatch.Explosion, means)
	stated := errorDeg * w.between(0.8, 1.3)
	o.Azimuth = &trucewatch.Azimuth{From: w.at(x, y), Mdeg: w.turned(x, y, east, north, errorDeg, wrong), ErrorMdeg: int32(stated * 1000), Basis: basis}
	return o.Azimuth
}

// origin adds an estimate of where it was fired.
func (s *shot) origin(w *world, east, north float64) {
	if w.often(0.03 * w.outliers) {
		east, north = east+w.between(-20, 20), north+w.between(-20, 20)
	}
	var region geo.Region
	if radiusKM := w.between(0.3, 4); w.often(0.6) {
		region = geo.Circle(w.blurred(east, north, radiusKM), int64(radiusKM*1e6))
	} else { // "3-5 km ENE" of a post
		a, r := w.between(0, 2*math.Pi), w.between(1, 8)
		low := max(0, r-w.between(0.2, 2))
		region = geo.NewSector(w.at(east-r*math.Sin(a), north-r*math.Cos(a)), int64(low*1e6), int64((low+2.2)*1e6), []int32{int32(math.Mod(a*180/math.Pi+360, 360)*1000) % 360_000})
	}
	o := s.see(trucewatch.Explosion, trucewatch.Heard)
	o.Description = trucewatch.Outgoing
	s.Incident.Estimates = append(s.Incident.Estimates, trucewatch.Estimate{Role: "origin", Method: "simulated", Region: region, Uses: []trucewatch.ObservationID{s.Members[len(s.Members)-1].ID}})
	s.Incident.Origin = 1
}

// words adds markings, admissions, and what the parties say of each other.
func (s *shot) words(w *world) {
	if w.often(0.05) {
		who := string(s.truth)
		if w.often(0.05 * w.outliers) {
			who = string(other(s.truth))
		} else if who == "" {
			who = "a band of the hills"
		}
		s.see(trucewatch.VehicleSeen, trucewatch.UAVMini).Asset = &trucewatch.Asset{Owner: who}
		s.Members[len(s.Members)-1].Observation.Kind = trucewatch.MissileTrack // what flew, not what stands
		s.wasMarked = true
	}
	if s.truth != "" && w.often(0.01) {
		s.Facts = append(s.Facts, &trucewatch.Fact{ID: "f-1", Kind: "self_report", Party: s.truth, Ref: s.Incident.ID.String()})
	}
	for _, p := range []trucewatch.PartyID{"A", "B"} {
		if w.often(0.4) {
			o := s.see(trucewatch.ProjectileInFlight, trucewatch.PartyReport)
			o.Asset = &trucewatch.Asset{Owner: string(other(p))}
			o.Azimuth = &trucewatch.Azimuth{From: s.Incident.Estimates[0].Region.Center, Mdeg: map[trucewatch.PartyID]int32{"A": 90_000, "B": 270_000}[p], ErrorMdeg: 1_000, Basis: "radar"}
			s.Members[len(s.Members)-1].Source.Party = p
		}
	}
	s.Support = slices.Clone(s.Members)
}
