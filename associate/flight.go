// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"cmp"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/associate/kernel"
	"github.com/trucewatch/trucewatch/geo"
)

// A Flight is one drone, missile or aircraft through several incidents: where it was
// launched, where it was seen on its way, where it came down. It ends with the last
// evidence: nothing says where it will be, for this is no means of aiming or of
// interception.
//
// Source of the model: multiple hypothesis tracking in the form of a cover by paths
// (Castañón, "Efficient algorithms for finding the K best paths through a trellis",
// IEEE Transactions on Aerospace and Electronic Systems 26, 1990): each leg from one
// incident to the next is worth its log-likelihood ratio against a new flight,
//
//	ln( go on x rate exp(-rate dt) x density of the next place ) - ln birth
//
// and the flights are the paths of the greatest sum in which each incident follows
// at most one other and is followed by at most one. A whole region under alert for
// hours is one piece of evidence for every flight that passes it, and joins none.
type Flight struct {
	ID       trucewatch.IncidentID   `json:"id"` // of its incident recorded earliest
	Craft    string                  `json:"craft"`
	Parts    []FlightPart            `json:"parts"`            // by time
	Alerts   []trucewatch.IncidentID `json:"alerts,omitempty"` // alerts of regions that it passed meanwhile
	Corridor []trucewatch.Estimate   `json:"corridor"`         // where it was, by time: at each part, and halfway to the next
}

// A FlightPart is one incident of a flight.
type FlightPart struct {
	Incident trucewatch.IncidentID `json:"incident"`
	Stage    string                `json:"stage"`              // launch, under_way or arrival
	Gain     trucewatch.MilliNat   `json:"gain_mnat,omitzero"` // of the leg to it, against a new flight
	Share    trucewatch.PPM        `json:"share_ppm,omitzero"` // that it is this flight's: against the next best leg to it
	Reason   string                `json:"reason,omitempty"`
}

// A craft is a class of what flies, by how fast.
type craft struct {
	name           string
	slow, fast     int64 // m/s, over the ground, while it flies straight
	top            int64 // m/s
	platforms      []trucewatch.Platform
	kind           trucewatch.Kind // as which it is sighted when nobody names it
	sightingMean   trucewatch.Instant
	longestUnheard trucewatch.Instant
}

// crafts are the classes. Guess: the speeds are those that makers and air forces
// give in public, rounded outwards; how often a flight is sighted was not measured.
// Test: flights of which launch and arrival are known.
func crafts() []craft {
	return []craft{
		{"drone", 30, 60, 70, []trucewatch.Platform{trucewatch.OneWayAttackUAV, trucewatch.UAV}, trucewatch.UAVSighted, 10 * trucewatch.Minute, 45 * trucewatch.Minute},
		{"cruise missile", 180, 270, 320, []trucewatch.Platform{trucewatch.CruiseMissile}, trucewatch.MissileTrack, 5 * trucewatch.Minute, 30 * trucewatch.Minute},
		{"ballistic missile", 500, 2_500, 3_000, []trucewatch.Platform{trucewatch.BallisticMissile}, "", 2 * trucewatch.Minute, 15 * trucewatch.Minute},
		{"aircraft", 60, 350, 700, []trucewatch.Platform{trucewatch.Aircraft}, trucewatch.AircraftSighted, 5 * trucewatch.Minute, 30 * trucewatch.Minute},
	}
}

const (
	// goesOn is the probability that what was seen once is seen again. Guess. Test:
	// share of sightings that are not the last of their flight.
	goesOn = 800_000
	// flightBirth is how many flights begin per million km2 and day. Guess: 130 in a
	// night of seven hours over 600,000 km2. Test: flights of which a launch is known.
	flightBirth = 700
	// flightLeast is the least gain of a leg. Guess: as joinThreshold. Test: the
	// generated night.
	flightLeast = joinThreshold
	// flightEdges bounds the legs that are weighed to and from one incident. Guess: in
	// a night of 130 drones the right one is among the best twelve. Test: the generated
	// night with 40.
	flightEdges = 12
	// flightPasses is how often legs are weighed anew with the headings of the pass
	// before. Guess: the generated night does not change after three. Test: there.
	flightPasses = 3

	// turnMdeg is the mean turn between two sightings: turns are exponential, but for a
	// tenth that go anywhere. Guess: drones follow way points with long straight legs.
	// Test: turns between sightings of flights that one network followed.
	turnMdeg     = 25_000
	straightGain = 1_970  // ln(180 / 25): against any direction
	turnedGain   = -2_300 // ln of the tenth
	// cruiseGain is for a leg as long as the craft goes straight at its usual speed,
	// falling to loiterGain for one as long as at its slowest or fastest, or shorter.
	// Guess. Test: as turnMdeg.
	cruiseGain = 1_386 // ln 4
	loiterGain = -693  // -ln 2
	circleMdeg = 360_000
)

// Stages of a flight.
const (
	launched = iota
	underWay
	arrived
)

var stages = [...]string{"launch", "under_way", "arrival"}

// A sighting is an incident as a part of a flight.
type sighting struct {
	in      *trucewatch.Incident
	craft   int // in crafts; -1 of what came down and nobody named
	stage   int
	at      trucewatch.Instant // middle of when it was
	half    trucewatch.Instant // half of how long that is
	place   geo.Position
	reach   int64 // of its region, mm
	heading int32 // as stated, thousandths of a degree; -1 not known
	course  int32 // of the leg to it; -1 not known
	key     trucewatch.ContentKey
	names   []string // of the places that its observations name
}

// Flights returns the flights with two parts or more whose incidents lie in a time,
// by time of the first part. They are a function of the set of observations.
func (a *Associator) Flights(when trucewatch.Interval) []Flight {
	var all []*sighting
	var alerts []alert
	for in := range a.All() {
		if in.When.Till < when.From || in.When.From > when.Till || in.Claims {
			continue
		}
		if in.Kind == trucewatch.AirAlert {
			alerts = append(alerts, alert{in, a.byContent(in)[0].Where})
		} else if s, ok := a.sighting(in); ok {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(s, t *sighting) int {
		return cmp.Or(cmp.Compare(s.at, t.at), cmp.Compare(s.stage, t.stage), slices.Compare(s.key[:], t.key[:]))
	})
	var legs []leg
	var next []int
	for range flightPasses {
		legs = legsOf(all)
		next = cover(len(all), legs)
		steer(all, next)
	}
	return flightsOf(all, legs, next, alerts)
}

// sighting reads an incident as a part of a flight; false if it is none.
func (a *Associator) sighting(in *trucewatch.Incident) (*sighting, bool) {
	best := in.Best()
	if best == nil {
		return nil, false
	}
	region := best.Region
	s := &sighting{in: in, craft: -1, stage: underWay, heading: -1, course: -1, at: in.When.From/2 + in.When.Till/2, half: (in.When.Till - in.When.From) / 2}
	s.key = a.byContent(in)[0].Key
	known := false // a weapon that does not fly
	for _, o := range a.byContent(in) {
		if o.Where.Name != "" {
			s.names = append(s.names, o.Where.Name)
		}
		if o.Weapon != nil && o.Weapon.Platform != trucewatch.UnknownPlatform && s.craft < 0 {
			s.craft = slices.IndexFunc(crafts(), func(c craft) bool { return slices.Contains(c.platforms, o.Weapon.Platform) })
			known = known || s.craft < 0
		}
		if h, ok := headingOf(o.Movement); ok && s.heading < 0 {
			s.heading = h
		}
	}
	moving := slices.IndexFunc(crafts(), func(c craft) bool { return c.kind == in.Kind && c.kind != "" })
	switch {
	case moving >= 0:
		if s.craft < 0 {
			s.craft = moving
		}
	case s.craft >= 0 && in.Origin >= 0:
		s.stage, region = launched, in.Estimates[in.Origin].Region
	case in.Kind == trucewatch.Explosion && !known, s.craft >= 0:
		s.stage = arrived
	default:
		return nil, false
	}
	if region.IsZero() {
		return nil, false
	}
	s.place, s.reach = region.Mean(), region.ReachMM()
	return s, true
}

// byContent returns the observations of an incident in content order.
func (a *Associator) byContent(in *trucewatch.Incident) []*trucewatch.Observation {
	var out []*trucewatch.Observation
	for _, r := range a.Members(in) {
		out = append(out, r.Observation)
	}
	slices.SortFunc(out, contentOrder)
	return out
}

// headingOf returns where something moved, from degrees or one of 16 winds.
func headingOf(m *trucewatch.Movement) (int32, bool) {
	switch {
	case m == nil:
		return 0, false
	case m.HeadingMdeg != 0:
		return m.HeadingMdeg, true
	case m.To != "":
		azimuth, ok := geo.ParseWind(m.To)
		return azimuth, ok
	}
	azimuth, ok := geo.ParseWind(m.From)
	return (azimuth + circleMdeg/2) % circleMdeg, ok
}

// weigh returns what the leg from s to t is worth against a new flight, and in words
// why; false if it cannot be.
func (s *sighting) weigh(t *sighting) (leg, bool) {
	if s.stage == arrived || t.stage == launched || s.craft < 0 || t.craft >= 0 && t.craft != s.craft || t.at < s.at {
		return leg{}, false
	}
	c := &crafts()[s.craft]
	dt := t.at - s.at
	if dt > c.longestUnheard {
		return leg{}, false
	}
	slack := s.reach + t.reach
	far, azimuth := geo.Inverse(s.place, t.place)
	longest := dt + s.half + t.half
	if far-slack > metres(c.top, longest) {
		return leg{}, false
	}
	spread := metres(c.top, longest)/1000 + slack/1000 + 1 // metres
	birth := kernel.LogRatio(flightBirth, millionDays)
	if t.craft < 0 {
		birth = kernel.LogRatio(birthRate, millionDays)
	}
	gain := kernel.LogRatio(goesOn, geo.Million) - kernel.LogRatio(int64(c.sightingMean), int64(trucewatch.Second)) -
		int64(dt)*1000/int64(c.sightingMean) - kernel.LogRatio(spread*spread/1000*31_416, 10_000_000) - birth
	usual, give := metres((c.slow+c.fast)/2, dt), metres((c.fast-c.slow)/2, longest)+slack+1
	off := min(max(far-usual, usual-far), give)
	gain += cruiseGain + (loiterGain-cruiseGain)*(off/1000)/(give/1000+1)
	from := s.heading
	if from < 0 {
		from = s.course
	}
	gain += along(from, azimuth, far, slack) + along(t.heading, azimuth, far, slack)
	return leg{gain: trucewatch.MilliNat(gain), far: far, dt: dt}, gain > int64(flightLeast)
}

// along is what it says for a leg that it keeps a heading, or turns. Places nearer
// than they are known give no direction.
func along(heading, azimuth int32, far, slack int64) int64 {
	if heading < 0 || far <= slack {
		return 0
	}
	turn := (azimuth - heading + circleMdeg) % circleMdeg
	turn = min(turn, circleMdeg-turn)
	return max(straightGain-1000*int64(turn)/turnMdeg, turnedGain)
}

// metres returns how far, in mm, something goes at a speed in m/s.
func metres(speed int64, t trucewatch.Instant) int64 { return speed * int64(t) / 1000 }

// legsOf weighs every leg and keeps the best to and from each sighting, by from and to.
func legsOf(all []*sighting) []leg {
	var longest trucewatch.Instant
	for _, c := range crafts() {
		longest = max(longest, c.longestUnheard)
	}
	into := make([][]leg, len(all))
	for i, s := range all {
		var out []leg
		for j := i + 1; j < len(all) && all[j].at-s.at <= longest; j++ {
			if l, ok := s.weigh(all[j]); ok {
				l.from, l.to = i, j
				out = append(out, l)
			}
		}
		for _, l := range bestLegs(out) {
			into[l.to] = append(into[l.to], l)
		}
	}
	var kept []leg
	for _, legs := range into {
		kept = append(kept, bestLegs(legs)...)
	}
	slices.SortFunc(kept, func(l, m leg) int { return cmp.Or(cmp.Compare(l.from, m.from), cmp.Compare(l.to, m.to)) })
	return kept
}

func bestLegs(legs []leg) []leg {
	slices.SortStableFunc(legs, func(l, m leg) int { return -cmp.Compare(l.gain, m.gain) })
	return legs[:min(len(legs), flightEdges)]
}

// steer gives each sighting the course of the leg to it.
func steer(all []*sighting, next []int) {
	for _, s := range all {
		s.course = -1
	}
	for i, j := range next {
		if j < 0 {
			continue
		}
		if far, azimuth := geo.Inverse(all[i].place, all[j].place); far > all[i].reach+all[j].reach {
			all[j].course = azimuth
		}
	}
}
