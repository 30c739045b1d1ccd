// SPDX-License-Identifier: Apache-2.0

package attribution

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
)

// How clues of the place err. Guess, all of them, with what reports of crater
// analysis, of posts and of radar say of themselves in mind. Test: azimuths and
// origins of notified detonations and exercises, whose place is known; the share
// that is off by more than three of the stated errors is the share that misleads.
const (
	originWrong   = 40_000  // ppm of places of origin that are of other fire
	standsWrong   = 10_000  // ppm of things seen that stood elsewhere
	movementWrong = 150_000 // ppm of directions of flight in words that mislead
	weaponWrong   = 100_000 // ppm of weapons named as of another class

	movementError = 15_000 // thousandths of a degree, of a direction in words: the wind's own 6.5 and the reading of a flight across the sight

	cluesMax  = 6           // the sharpest azimuths that are weighed; more add cost and no name
	leastPart = 5           // guns, mortars and launchers fire no nearer than a fifth of their reach; plans lay them at a third to two thirds
	placeMM   = 100_000     // azimuths taken so near each other, by one means, are one
	farMM     = 200_000_000 // beyond it places are not exact (geo.Line.Weigh)
	reachMM   = 40_000_000  // reach of a weapon of which the text says none: most guns, mortars and light launchers fire less far
)

// A basis is what an azimuth rests on and how it errs. The least error is there
// because people who read craters and sounds state less than they make.
type basis struct {
	name      string
	wrongPPM  int64
	errorMdeg int32 // least standard deviation
	reachMM   int64 // farthest origin that can be noticed so; 0: that of the weapon
}

var bases = []basis{
	{"crater", 100_000, 6_000, 0},
	{"flash", 50_000, 2_000, 20_000_000},
	{"sound", 80_000, 4_000, 25_000_000},
	{"trajectory", 50_000, 3_000, 0},
	{"radar", 30_000, 1_000, 0},
}

// A direction is an azimuth of one observation, ready to be weighed.
type direction struct {
	from     *trucewatch.Recorded
	ray      geo.Ray
	wrongPPM int64
	means    string // by which two azimuths of one place are one
	sentence string
}

// clues are what says where the fire came from.
type clues struct {
	places []geo.Clue
	rings  []geo.Ring
	basis  []string
	moved  []string // directions that cannot be weighed, in words
}

// speaks says whether an observation may be evidence of who fired: what a party,
// or anybody who was not checked, says of others counts nothing.
func speaks(r *trucewatch.Recorded) bool {
	return !r.Observation.Means.IsClaim() && (r.Source == nil || r.Source.Party == "")
}

// clues returns the clues of an incident. The same evidence twice, or from one
// source, counts once.
func (in *Input) clues() clues {
	var c clues
	regions, used := in.origins(&c)
	if len(regions) > 0 {
		c.places = append(c.places, geo.Clue{Regions: regions, WrongPPM: originWrong})
	} else if best := in.Incident.Best(); best != nil && !best.Region.IsZero() && slices.ContainsFunc(in.Support, stands) {
		c.places = append(c.places, geo.Clue{Regions: []geo.Region{best.Region}, WrongPPM: standsWrong})
		c.basis = append(c.basis, sayStands)
		return c
	}
	for _, d := range in.directions(&c, used) {
		c.places = append(c.places, geo.Clue{Ray: &d.ray, WrongPPM: d.wrongPPM})
		c.basis = append(c.basis, d.sentence)
	}
	if len(c.places) > 0 {
		in.reach(&c)
	}
	return c
}

// origins returns where the fire may have come from by estimates of the incident
// and of those linked to it, and the sources that those rest on.
func (in *Input) origins(c *clues) (regions []geo.Region, used []trucewatch.SourceID) {
	if i := in.Incident; i.Origin >= 0 && i.Origin < len(i.Estimates) {
		e := &i.Estimates[i.Origin]
		if sources, ok := in.sourcesOf(e); ok && !e.Region.IsZero() && e.Status != "rejected" {
			regions, used = append(regions, e.Region), sources
			c.basis = append(c.basis, fmt.Sprintf(sayOrigin, e.Method))
		}
	}
	linked := slices.SortedFunc(slices.Values(in.Origins), func(a, b *trucewatch.Incident) int {
		return trucewatch.ObservationID(a.ID).Compare(trucewatch.ObservationID(b.ID))
	})
	for _, o := range linked {
		if best := o.Best(); best != nil && !o.Claims && !best.Region.IsZero() && o.ID != in.Incident.ID {
			regions = append(regions, best.Region)
			c.basis = append(c.basis, fmt.Sprintf(sayLinked, o.ID))
		}
	}
	return regions, used
}

// sourcesOf returns the sources that an estimate rests on. It is not ok if all
// that it rests on are claims or a party's own.
func (in *Input) sourcesOf(e *trucewatch.Estimate) (sources []trucewatch.SourceID, ok bool) {
	ok = true
	for _, m := range in.Members {
		if !slices.Contains(e.Uses, m.ID) {
			continue
		}
		if speaks(m) && m.Source != nil {
			sources = append(sources, m.Source.ID)
		}
		ok = false
	}
	return sources, ok || len(sources) > 0
}

// stands says whether an observation is of a thing that somebody keeps where it
// was seen.
func stands(r *trucewatch.Recorded) bool {
	if !speaks(r) {
		return false
	}
	switch r.Observation.Kind {
	case trucewatch.WeaponSeen, trucewatch.VehicleSeen, trucewatch.PositionSeen, trucewatch.EngineeringWork, trucewatch.PersonsInZone:
		return true
	}
	return false
}

// directions returns the azimuths that count, sharpest first: of one source one,
// and of one means at one place one.
func (in *Input) directions(c *clues, used []trucewatch.SourceID) []direction {
	var all []direction
	for _, m := range in.Members {
		if !speaks(m) || m.Source != nil && slices.Contains(used, m.Source.ID) {
			continue
		}
		if d, ok := in.azimuth(m); ok {
			all = append(all, d)
		}
		if d, ok := in.movement(m); ok {
			all = append(all, d)
		} else if from := m.Observation.Movement; from != nil && from.From != "" {
			c.moved = append(c.moved, fmt.Sprintf(sayMovement, from.From, m.ID))
		}
	}
	slices.SortFunc(all, func(a, b direction) int {
		return cmp.Or(cmp.Compare(a.ray.ErrorMdeg, b.ray.ErrorMdeg), cmp.Compare(a.wrongPPM, b.wrongPPM), a.from.ID.Compare(b.from.ID), cmp.Compare(a.ray.AzimuthMdeg, b.ray.AzimuthMdeg))
	})
	var out []direction
	for _, d := range all {
		if len(out) < cluesMax && !slices.ContainsFunc(out, d.repeats) {
			out = append(out, d)
		}
	}
	return out
}

// repeats says whether two azimuths are one piece of evidence.
func (d direction) repeats(other direction) bool {
	if d.from.Source != nil && other.from.Source != nil && d.from.Source.ID == other.from.Source.ID {
		return true
	}
	return d.means == other.means && geo.NearMM(d.ray.From, other.ray.From) <= placeMM
}

// azimuth returns the direction that an observation measured.
func (in *Input) azimuth(m *trucewatch.Recorded) (direction, bool) {
	a := m.Observation.Azimuth
	if a == nil {
		return direction{}, false
	}
	i := slices.IndexFunc(bases, func(b basis) bool { return b.name == a.Basis })
	if i < 0 {
		return direction{}, false
	}
	b := &bases[i]
	otherwise := in.anyReach(b.name == "crater")
	if b.reachMM > 0 {
		otherwise = []geo.Span{{TillMM: b.reachMM}}
	}
	d := direction{from: m, wrongPPM: b.wrongPPM, means: b.name + " " + string(m.Observation.Means)}
	d.ray = geo.Ray{From: a.From, AzimuthMdeg: a.Mdeg, ErrorMdeg: max(a.ErrorMdeg, b.errorMdeg), Says: between(otherwise, a.MinMM, a.MaxMM), Else: otherwise}
	d.sentence = fmt.Sprintf(sayAzimuth, b.name, geo.WindName(a.Mdeg), degrees(a.Mdeg), degrees(d.ray.ErrorMdeg), m.ID)
	return d, true
}

// between returns the spans cut to a least and a greatest distance, 0 if that is
// not known. A span that lies outside goes; if all do, the distances stand alone.
func between(spans []geo.Span, least, most int64) []geo.Span {
	if most > 0 {
		return []geo.Span{{FromMM: min(least, farMM), TillMM: min(most, farMM)}}
	}
	var out []geo.Span
	for _, s := range spans {
		if s.TillMM > least {
			out = append(out, geo.Span{FromMM: max(s.FromMM, least), TillMM: s.TillMM})
		}
	}
	if len(out) == 0 {
		return []geo.Span{{FromMM: min(least, farMM), TillMM: farMM}}
	}
	return out
}

// movement returns the direction from which a projectile came, by its observer's
// words. Of drones and aircraft, which turn, it says nothing.
func (in *Input) movement(m *trucewatch.Recorded) (direction, bool) {
	o := m.Observation
	if o.Movement == nil || o.Azimuth != nil || o.Kind != trucewatch.ProjectileInFlight && o.Kind != trucewatch.MissileTrack {
		return direction{}, false
	}
	region := o.Where.Region
	if best := in.Incident.Best(); region.IsZero() && best != nil && best.Role != "origin" {
		region = best.Region
	}
	wind, ok := geo.ParseWind(o.Movement.From)
	if !ok || region.IsZero() {
		return direction{}, false
	}
	reach := in.anyReach(false)
	d := direction{from: m, wrongPPM: movementWrong, means: "movement " + string(o.Means), sentence: fmt.Sprintf(sayMovement, o.Movement.From, m.ID)}
	d.ray = geo.Ray{From: region.Mean(), FromErrorMM: region.ReachMM() * 1000 / 2448, AzimuthMdeg: wind, ErrorMdeg: movementError, Says: reach, Else: reach}
	return d, true
}

// anyReach is how far a weapon of which nothing is known may fire: as far as some
// class of the text, each as probable; if it left a crater, of those that do.
func (in *Input) anyReach(crater bool) []geo.Span {
	var out []geo.Span
	for i := range in.Agreement.Weapons {
		if c := &in.Agreement.Weapons[i]; c.ReachKM > 0 && !(crater && isDirect(c)) {
			out = append(out, spanOf(c))
		}
	}
	if len(out) == 0 {
		return []geo.Span{{TillMM: reachMM}}
	}
	return out
}

// spanOf is how far a weapon of a class is fired. Guns, howitzers, mortars and
// launchers are seldom laid on what is nearer than a fraction of their reach.
func spanOf(c *agreement.WeaponClass) geo.Span {
	till := min(c.ReachKM, farMM/1_000_000) * 1_000_000
	if isDirect(c) {
		return geo.Span{TillMM: till}
	}
	return geo.Span{FromMM: till / leastPart, TillMM: till}
}

// isDirect says whether a class holds only weapons that are aimed by sight and
// leave no crater to be read.
func isDirect(c *agreement.WeaponClass) bool {
	return !slices.ContainsFunc(c.Match.Platforms, func(p trucewatch.Platform) bool { return !slices.Contains(direct, p) })
}

var direct = []trucewatch.Platform{trucewatch.SmallArms, trucewatch.HMG, trucewatch.AGL, trucewatch.RPG, trucewatch.ATGM}

// reach adds what the weapon's class says of the distance between where it was
// fired and where it fell.
func (in *Input) reach(c *clues) {
	at, slack, ok := in.impact()
	classes := in.classes()
	if !ok || len(classes) == 0 {
		return
	}
	ring := geo.Ring{Center: at, WrongPPM: weaponWrong, Else: in.anyReach(false)}
	var most int64
	var names []string
	for _, class := range classes {
		if class.ReachKM <= 0 {
			return
		}
		span := spanOf(class)
		most = max(most, span.TillMM)
		names = append(names, class.ID)
		ring.Says = append(ring.Says, geo.Span{FromMM: max(0, span.FromMM-slack), TillMM: span.TillMM + slack})
	}
	c.rings = append(c.rings, ring)
	c.basis = append(c.basis, fmt.Sprintf(sayReach, joined(names), kilometres(most)))
}

// impact returns where the fire fell, within slack millimetres: its estimate, or
// a crater that was read.
func (in *Input) impact() (at geo.Position, slack int64, ok bool) {
	for i := range in.Incident.Estimates {
		if e := &in.Incident.Estimates[i]; e.Role == "impact" && e.Status != "rejected" && !e.Region.IsZero() {
			return e.Region.Mean(), e.Region.ReachMM(), true
		}
	}
	for _, m := range in.Members {
		if a := m.Observation.Azimuth; a != nil && a.Basis == "crater" && speaks(m) {
			return a.From, 0, true
		}
	}
	return geo.Position{}, 0, false
}

// weaponBases are what a weapon's kind may rest on, the surest first.
var weaponBases = []string{"fragment", "image", "sight", "sound"}

// classes returns the classes that the weapon may be of, by the surest
// observation that names it.
func (in *Input) classes() []*agreement.WeaponClass {
	var best *trucewatch.Recorded
	rank := func(r *trucewatch.Recorded) int {
		if i := slices.Index(weaponBases, r.Observation.Weapon.Basis); i >= 0 {
			return i
		}
		return len(weaponBases)
	}
	for _, m := range in.Members {
		w := m.Observation.Weapon
		if w == nil || !speaks(m) || w.Platform == "" || w.Platform == trucewatch.UnknownPlatform {
			continue
		}
		if best == nil || cmp.Or(cmp.Compare(rank(m), rank(best)), m.ID.Compare(best.ID)) < 0 {
			best = m
		}
	}
	if best == nil {
		return nil
	}
	var out []*agreement.WeaponClass
	for _, c := range in.Agreement.Candidates(best.Observation.Weapon) {
		out = append(out, c.Class)
	}
	return out
}
