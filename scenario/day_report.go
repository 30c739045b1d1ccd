// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"math"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// How what is noticed on a Day is wrong. Guess, all of them. Test: a mission's own
// record beside what a commission found.
const (
	nodesLeast     = 4    // that must hear for a place to be solved
	nodesMostly    = 0.9  // of events that enough nodes could hear
	nodeFault      = 0.03 // of what the network says: a clock is wrong by up to ten minutes
	nodeFalse      = 0.02 // of what it says: nothing was there
	nodeTells      = 0.25 // outgoing from impact
	earTells       = 0.35 // likewise an observer near enough
	eyeTells       = 0.6  // which weapon
	earTurn        = 0.1  // radians
	cameraTurnMdeg = 1_000
	craterTurnMdeg = 12_000
	craterSeen     = 0.1
	claimOfHit     = 0.6
	townErrorKM    = 4.2
)

// say enters a report of event k.
func (m *dayMaker) say(k int32, s trucewatch.Source, o trucewatch.Observation, t, late float64) {
	s.Name, s.Note, o.Text = Simulated+" "+string(s.ID), Simulated, Simulated
	o.ReportedAt = m.instant(t + late)
	m.w.Reports = append(m.w.Reports, Report{Event: k, Source: s, Observation: o})
}

// window is the interval round t, half hours to each side.
func (m *dayMaker) window(t, half float64) trucewatch.Interval {
	return trucewatch.Interval{From: m.instant(t - half), Till: m.instant(t + half)}
}

func exact(n int64) trucewatch.Count {
	return trucewatch.Count{Value: n, Qualifier: trucewatch.Exact}
}

// sensed has the acoustic network hear explosions.
func (m *dayMaker) sensed(k int32, f *fire, at geo.Position, what trucewatch.Description) {
	spacing := m.spacingKM()
	hearing := float64(math.Pi*float64(f.arm.heard*f.arm.heard)) / float64(spacing*spacing)
	if m.Nodes == 0 || hearing < nodesLeast || !m.r.chance(nodesMostly) {
		return
	}
	// A place is solved the better the nearer the nodes stand and the more there are.
	sigma := max(0.02, float64(0.06*spacing)/math.Sqrt(hearing/nodesLeast))
	t := f.t
	if m.r.chance(nodeFault) {
		t += m.r.between(-1.0/6, 1.0/6)
	}
	if !m.r.chance(nodeTells) {
		what = trucewatch.Undetermined
	}
	where := geo.Direct(geo.Direct(at, 0, round(float64(m.r.spread(sigma)*1e6))), quarterMdeg, round(float64(m.r.spread(sigma)*1e6)))
	m.say(k, trucewatch.Source{ID: m.source("nodes", f.front), Kind: trucewatch.SensorSource}, trucewatch.Observation{Kind: trucewatch.Explosion, Description: what,
		Means: trucewatch.Acoustic, Count: exact(f.rounds), When: m.window(t, float64(f.rounds)/360), Clock: trucewatch.Clock{Kind: "device", Zone: "UTC"},
		Where: trucewatch.Place{Region: geo.Circle(where, round(float64(circle95*float64(sigma*1e6))))}}, t, 1.0/60)
}

// heard has posts, and by day patrols, say what they hear and see.
func (m *dayMaker) heard(k int32, f *fire, at geo.Position, what trucewatch.Description) {
	for i, p := range m.posts {
		m.ear(k, f, at, what, trucewatch.Source{ID: m.source("post", i), Kind: trucewatch.PostSource}, p)
	}
	h := f.t - float64(24*math.Floor(f.t/24))
	if h < patrolFrom || h > patrolTill {
		return
	}
	for i := range dayPatrols {
		m.ear(k, f, at, what, trucewatch.Source{ID: m.source("patrol", i), Kind: trucewatch.PatrolSource}, m.patrol(i, int(f.t/patrolSlot)))
	}
}

// patrol is where a patrol is in a slot: mostly where fire is to be expected.
func (m *dayMaker) patrol(i, slot int) geo.Position {
	r := newRandom(m.Seed, streamSensors+stream(1000*(slot+1)+i))
	along := float64(r.unit() * m.lengthKM())
	if r.chance(0.7) {
		along = m.fronts[r.below(dayFronts)] + r.spread(frontSpreadKM)
	}
	return m.at(along, r.between(-5, 5))
}

// ear is what one observer says, if he notices.
func (m *dayMaker) ear(k int32, f *fire, at geo.Position, what trucewatch.Description, s trucewatch.Source, from geo.Position) {
	mm, azimuth := geo.Inverse(from, at)
	km := float64(mm) / 1e6
	if km > float64(1.5*f.arm.heard) || !m.r.chance(float64(0.8*logistic(float64(4*(km-float64(0.8*f.arm.heard)))))) {
		return
	}
	turn := float64(float64(azimuth)*math.Pi)/180_000 + m.r.spread(earTurn)
	sector := round(float64(math.Floor(turn/windRad+0.5)*22_500)) % 360_000
	half := int32(22_500)
	stated := max(0.5, math.Floor(float64(km*geo.Exp(m.r.spread(observerRange)))+0.5))
	width := float64(normal95 * observerSpread(stated))
	means, late := trucewatch.Heard, 0.3
	o := trucewatch.Observation{Kind: f.arm.kind, Count: trucewatch.Count{Value: f.rounds, Qualifier: trucewatch.About}, Clock: trucewatch.Clock{Kind: "observer", Zone: "UTC"},
		When: trucewatch.Interval{From: m.instant(f.t - 4.0/60), Till: m.instant(f.t + 4.0/60)}, Observer: &trucewatch.Observer{Name: string(s.ID), Position: &from}}
	if o.Kind == trucewatch.Explosion {
		if o.Description = trucewatch.Undetermined; m.r.chance(earTells) {
			o.Description = what
		}
	}
	if km < 3 && f.arm.weapon != nil && m.r.chance(eyeTells) {
		means, o.Weapon = trucewatch.HeardSaw, f.arm.weapon
	}
	if f.arm.kind == trucewatch.ProjectileInFlight || f.arm.kind == trucewatch.IlluminationFlare {
		means = trucewatch.Saw
	}
	o.Means = means
	o.Where.Region = geo.Region{Kind: geo.Sector, Center: from, RMinMM: round(float64(float64(stated*geo.Exp(-width)) * 1e6)), RMaxMM: round(float64(float64(stated*geo.Exp(width)) * 1e6)),
		Arcs: []geo.Arc{{FromMdeg: wrapMdeg(int32(sector) - half), TillMdeg: wrapMdeg(int32(sector) + half)}}}
	m.say(k, s, o, f.t, late)
}

func wrapMdeg(a int32) int32 { return (a%360_000 + 360_000) % 360_000 }

// filmed has cameras see a flash or a projectile: by day only what is near.
func (m *dayMaker) filmed(k int32, f *fire, at geo.Position) {
	for i, p := range m.cameras {
		mm, azimuth := geo.Inverse(p, at)
		km, reach := float64(mm)/1e6, 2.5
		if night(f.t) {
			reach = 5
		}
		if km > float64(1.6*reach) || !m.r.chance(float64(0.7*logistic(float64((km-reach)*3)))) {
			continue
		}
		seen := wrapMdeg(azimuth + int32(round(m.r.spread(cameraTurnMdeg))))
		o := trucewatch.Observation{Kind: f.arm.kind, Means: trucewatch.RecordedCamera, Count: exact(f.rounds), When: m.window(f.t, float64(f.rounds)/360),
			Clock: trucewatch.Clock{Kind: "device", Zone: "UTC"}, Observer: &trucewatch.Observer{Name: string(m.source("camera", i)), Position: &p}}
		if o.Kind == trucewatch.Explosion {
			o.Description = trucewatch.Undetermined
		}
		o.Where.Region = geo.Region{Kind: geo.Sector, Center: p, RMaxMM: round(float64(cameraReachKM * 1e6)), Arcs: []geo.Arc{{FromMdeg: wrapMdeg(seen - 2*cameraTurnMdeg), TillMdeg: wrapMdeg(seen + 2*cameraTurnMdeg)}}}
		if _, back := geo.Inverse(p, f.origin); f.arm.outgoing && night(f.t) && m.r.chance(0.3) {
			o.Azimuth = &trucewatch.Azimuth{From: p, Mdeg: wrapMdeg(back + int32(round(m.r.spread(cameraTurnMdeg)))), ErrorMdeg: cameraTurnMdeg, Basis: "flash"}
		}
		m.say(k, trucewatch.Source{ID: m.source("camera", i), Kind: trucewatch.CameraSource}, o, f.t, 0.1)
	}
}

// crater has a patrol look at where a heavy round fell, within a day.
func (m *dayMaker) crater(k int32, f *fire) {
	if !m.r.chance(craterSeen) {
		return
	}
	_, back := geo.Inverse(f.impact, f.origin)
	weapon := *f.arm.weapon
	weapon.Basis = "fragment"
	m.say(k, trucewatch.Source{ID: m.source("visit", 0), Kind: trucewatch.PatrolSource}, trucewatch.Observation{Kind: trucewatch.Explosion, Description: trucewatch.Impact, Means: trucewatch.Saw,
		Count: exact(f.rounds), When: m.window(f.t, 0.25), Clock: trucewatch.Clock{Kind: "report", Zone: "UTC"}, Weapon: &weapon, Where: trucewatch.Place{Region: geo.Circle(f.impact, 100_000)},
		Azimuth: &trucewatch.Azimuth{From: f.impact, Mdeg: wrapMdeg(back + int32(round(m.r.spread(craterTurnMdeg)))), ErrorMdeg: craterTurnMdeg, Basis: "crater"}}, f.t, m.r.between(3, 20))
}

// thermal has a satellite see a fire, where no cloud lies.
func (m *dayMaker) thermal(k int32, f *fire) {
	over, number := overpassAfter(f.t)
	if m.cloudy[[2]int{number, f.front}] || over-f.t > overpassWindow || !m.r.chance(detectThermal) {
		return
	}
	m.say(k, trucewatch.Source{ID: m.source("satellite", 0), Kind: trucewatch.SatelliteSource}, trucewatch.Observation{Kind: trucewatch.ThermalAnomaly, Means: trucewatch.SatelliteThermal, Count: exact(1),
		When: trucewatch.Interval{From: m.instant(over - overpassWindow), Till: m.instant(over)}, Clock: trucewatch.Clock{Kind: "device", Zone: "UTC"},
		Where: trucewatch.Place{Region: geo.Region{Kind: geo.Pixel, Center: f.impact, SemiMajorMM: 500_000, SemiMinorMM: 500_000}}}, over, 3)
}

// claimed has who was hit say so: at times of more rounds than there were.
func (m *dayMaker) claimed(k int32, f *fire) {
	if m.r.chance(claimOfHit) {
		m.claim(k, 1-f.side, f.arm, f.t+m.r.spread(partyTime), f.along, float64(f.rounds*int64(1+m.r.below(3))))
	}
}

// claim enters what a party says: by town and half hour.
func (m *dayMaker) claim(k int32, side int, a *arm, t, along, rounds float64) {
	m.claims[side]++
	sign := [...]float64{1, -1}[side]
	town := m.at(float64(math.Floor(along/townEveryKM+0.5)*townEveryKM), float64(sign*1.5))
	half := math.Floor(float64(t*2)+0.5) / 2
	o := trucewatch.Observation{Kind: a.kind, Means: trucewatch.PartyReport, Count: trucewatch.Count{Value: max(round(rounds), 1), Qualifier: trucewatch.AtLeast}, When: m.window(half, 0.75),
		Clock: trucewatch.Clock{Kind: "report", Zone: "UTC"}, Weapon: a.weapon, Where: trucewatch.Place{Region: geo.Circle(town, round(float64(townErrorKM*1e6)))}}
	m.say(k, trucewatch.Source{ID: m.source("party", side), Kind: trucewatch.PartySource, Party: m.Parties[side]}, o, t, m.r.between(1, 6))
}

// falseDetections has the network hear what was not there: thunder, blasting.
func (m *dayMaker) falseDetections() {
	if m.Nodes == 0 {
		return
	}
	for range round(float64(nodeFalse * float64(len(m.w.Events)))) {
		f := fire{arm: &arms[1], t: float64(m.r.unit() * m.Hours), front: m.r.below(dayFronts), rounds: 1}
		m.sensed(-1, &f, m.at(float64(m.r.unit()*m.lengthKM()), m.r.between(-10, 10)), trucewatch.Undetermined)
	}
}

// falseClaims has the parties say what never was, until they have said enough:
// close attack drones more than heavy fire, and that more than light.
func (m *dayMaker) falseClaims() {
	r := newRandom(m.Seed, streamClutter)
	for side, share := range [...]float64{0.375, 0.625} {
		for float64(m.claims[side]) < float64(share*float64(m.Claims)) {
			a := []*arm{&arms[3], &arms[3], &arms[3], &arms[1], &arms[2], &arms[0]}[r.below(6)]
			along := m.fronts[r.below(dayFronts)] + r.spread(frontSpreadKM)
			if !r.chance(atFronts) {
				along = float64(r.unit() * m.lengthKM())
			}
			m.claim(-1, side, a, float64(r.unit()*m.Hours), along, 1+r.exponential(4))
		}
	}
}
