// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
)

// TestIncident holds hand-made incidents against the test agreement. What is
// wanted follows from its text; where a semantic rule of the field decides, the
// name says which. "-" wants no finding.
func TestIncident(t *testing.T) {
	a := testAgreement(t)
	far := eastM(30_000) // inside no zone but Z5 and ZB
	for _, tt := range []struct {
		name   string
		scene  *scene
		id     string
		result trucewatch.Result
		reason string // text of one reason
		change string // text of one thing that would change it
	}{
		{"heavy fire by two means", newScene(t, far, 100, a).saw(trucewatch.Explosion, trucewatch.Heard, weapon(trucewatch.Mortar, 120)).saw(trucewatch.Explosion, trucewatch.Acoustic),
			"K2/1.0", trucewatch.Violation, "weapon is class art ge100", ""},
		{"heavy fire by one means is probable", newScene(t, far, 100, a).saw(trucewatch.Explosion, trucewatch.Heard, weapon(trucewatch.Mortar, 120)),
			"K2/1.0", trucewatch.ProbableViolation, "independent means: 1 of 2", "1 means more, independent of heard"},
		{"ears and eyes are one means", newScene(t, far, 100, a).saw(trucewatch.Explosion, trucewatch.Heard).saw(trucewatch.Explosion, trucewatch.Saw),
			"K2/1.0", trucewatch.ProbableViolation, "", ""},
		{"an unknown weapon is heavy by phenomenon", newScene(t, far, 100, a).saw(trucewatch.Explosion, trucewatch.Heard).saw(trucewatch.ProjectileInFlight, trucewatch.RecordedCamera),
			"K2/1.0", trucewatch.Violation, "by phenomenon", ""},
		{"an unknown weapon is a small arm by phenomenon", newScene(t, far, 100, a).saw(trucewatch.Burst, trucewatch.Heard),
			"K1/1.0", trucewatch.Violation, "by phenomenon", ""},
		{"an unknown weapon is no drone", newScene(t, far, 100, a).saw(trucewatch.Explosion, trucewatch.Heard), "K4/1.0", "-", "", ""},
		{"an unknown weapon is no missile", newScene(t, far, 100, a).saw(trucewatch.Explosion, trucewatch.Heard), "K5/1.0", "-", "", ""},
		{"a drone's bomb is not heavy fire", newScene(t, far, 100, a).saw(trucewatch.Explosion, trucewatch.RecordedCamera, drone("fpv_attack")), "K2/1.0", "-", "", ""},
		{"a drone's bomb is an attack by drone", newScene(t, far, 100, a).saw(trucewatch.Explosion, trucewatch.RecordedCamera, drone("fpv_attack")), "K4/1.0", trucewatch.ProbableViolation, "fpv attack", ""},
		{"a drone of unknown role may be one", newScene(t, far, 100, a).saw(trucewatch.Explosion, trucewatch.RecordedCamera, drone("")), "K4/1.0", trucewatch.Indeterminate, "", "what the weapon was"},
		{"sources differ on the weapon", newScene(t, far, 100, a).saw(trucewatch.Explosion, trucewatch.Heard, weapon(trucewatch.Mortar, 82)).saw(trucewatch.Explosion, trucewatch.RecordedCamera, drone("fpv_attack")),
			"K2/1.0", trucewatch.Indeterminate, "mortar 82 mm; uav", "what the weapon was"},
		{"a missile seen in flight is an attack", newScene(t, far, 100, a).saw(trucewatch.MissileTrack, trucewatch.Radar, weapon(trucewatch.CruiseMissile, 0)), "K5/1.0", trucewatch.ProbableViolation, "", ""},
		{"a missile on its launcher is not", newScene(t, far, 100, a).saw(trucewatch.WeaponSeen, trucewatch.UAVMid, weapon(trucewatch.CruiseMissile, 0)), "K5/1.0", "-", "", ""},
		{"shots are not sniper fire unless somebody says aimed", newScene(t, far, 100, a).saw(trucewatch.Shot, trucewatch.Heard), "K3/1.0", "-", "", ""},
		{"aimed shots are", newScene(t, far, 100, a).saw(trucewatch.Shot, trucewatch.Heard, marked(trucewatch.PreciseFire)), "K3/1.0", trucewatch.ProbableViolation, "aimed", ""},

		{"a claim alone is never above possible", newScene(t, far, 100, a).saw(trucewatch.Explosion, trucewatch.PartyReport, weapon(trucewatch.Mortar, 120)),
			"K2/1.0", trucewatch.Indeterminate, "only claims that nobody has checked", "the mission's own means"},
		{"two claims are two claims", newScene(t, far, 100, a).saw(trucewatch.Explosion, trucewatch.PartyReport).saw(trucewatch.Explosion, trucewatch.OpenSourceMedia),
			"K2/1.0", trucewatch.Indeterminate, "only claims that nobody has checked", ""},
		{"heat beside a claim supports and does not suffice", newScene(t, far, 100, a).saw(trucewatch.Explosion, trucewatch.PartyReport).saw(trucewatch.ThermalAnomaly, trucewatch.SatelliteThermal),
			"K2/1.0", trucewatch.Indeterminate, "only claims that nobody has checked", ""},
		{"heat alone is no fire", newScene(t, far, 100, a).saw(trucewatch.ThermalAnomaly, trucewatch.SatelliteThermal), "K2/1.0", "-", "", ""},
		{"an explosion known by heat alone is no more than possible", newScene(t, far, 100, a).saw(trucewatch.Explosion, trucewatch.SatelliteThermal), "K2/1.0", trucewatch.Indeterminate, "only heat seen by satellite", ""},
		{"heat is a second means for what was heard", newScene(t, far, 100, a).saw(trucewatch.Explosion, trucewatch.Heard).saw(trucewatch.ThermalAnomaly, trucewatch.SatelliteThermal), "K2/1.0", trucewatch.Violation, "independent means: 2 of 2", ""},
		{"a weapon that only a claim names", newScene(t, far, 100, a).saw(trucewatch.Explosion, trucewatch.Heard).saw(trucewatch.Explosion, trucewatch.PartyReport, drone("fpv_attack")),
			"K4/1.0", trucewatch.Indeterminate, "a condition rests on claims", ""},

		{"50 m from a line surveyed to 100 m", newScene(t, eastM(50), 10, a).saw(trucewatch.Explosion, trucewatch.Heard), "F1/1.0", trucewatch.Indeterminate, "", "its middle is inside by 50 m, known to ± 10 m, from a line surveyed to 100 m; no better place would decide it alone, only a survey to less than 50 m; it would count as inside 53 m farther in"},
		{"50 m on the other side, as well", newScene(t, eastM(-20), 10, a).saw(trucewatch.Explosion, trucewatch.Heard), "F1/1.0", trucewatch.Indeterminate, "", ""},
		{"500 m from that line is inside", newScene(t, eastM(500), 10, a).saw(trucewatch.Explosion, trucewatch.Heard), "F1/1.0", trucewatch.Violation, "", ""},
		{"500 m on the other side is outside", newScene(t, eastM(-500), 10, a).saw(trucewatch.Explosion, trucewatch.Heard), "F1/1.0", "-", "", ""},

		{"a mortar inside its limit", newScene(t, eastM(10_000), 50, a).saw(trucewatch.WeaponSeen, trucewatch.UAVMid, weapon(trucewatch.Mortar, 120)), "W1/1.0", trucewatch.Violation, "at 10.0 km ± 50 m from line loc", ""},
		{"a mortar of 120 mm is a mortar by interpretation, not a gun", newScene(t, eastM(20_000), 50, a).saw(trucewatch.WeaponSeen, trucewatch.UAVMid, weapon(trucewatch.Mortar, 120)), "W1/1.0", "-", "", ""},
		{"a mortar of unknown calibre may be either", newScene(t, eastM(20_000), 50, a).saw(trucewatch.WeaponSeen, trucewatch.UAVMid, weapon(trucewatch.Mortar, 0)), "W1/1.0", trucewatch.Indeterminate, "", "what the weapon is"},
		{"a mortar at its limit", newScene(t, eastM(15_000), 400, a).saw(trucewatch.WeaponSeen, trucewatch.UAVMid, weapon(trucewatch.Mortar, 120)), "W1/1.0", trucewatch.Indeterminate, "", "it would count as inside 237 m farther in, as outside 239 m farther out"},
		{"an unknown weapon has no limit", newScene(t, eastM(1_000), 50, a).saw(trucewatch.WeaponSeen, trucewatch.UAVMid), "W1/1.0", "-", "", ""},
		{"a tank before its phase is over", newScene(t, eastM(1_000), 50, a).saw(trucewatch.WeaponSeen, trucewatch.UAVMid, weapon(trucewatch.Tank, 0)), "W1/1.0", trucewatch.OutOfScope, "phase P1 is complete at 2026-05-02T22:00:00Z", ""},
		{"a weapon without a place", unplaced(newScene(t, far, 50, a).saw(trucewatch.WeaponSeen, trucewatch.UAVMid, weapon(trucewatch.MLRS, 122))), "W1/1.0", trucewatch.Indeterminate, "", "where it was"},

		{"a party's drone in the buffer", newScene(t, eastM(3_000), 50, a).saw(trucewatch.UAVSighted, trucewatch.Saw, owner("B")), "A1/1.0", trucewatch.Violation, "taken to be of B", ""},
		{"nobody knows whose drone", newScene(t, eastM(3_000), 50, a).saw(trucewatch.UAVSighted, trucewatch.Saw), "A1/1.0", trucewatch.Indeterminate, "", "whose it is"},
		{"the mission's drone", newScene(t, eastM(3_000), 50, a).saw(trucewatch.UAVSighted, trucewatch.Saw, owner("mission")), "A1/1.0", trucewatch.Permitted, "belongs to the mission", ""},
		{"a drone of somebody who is not bound", newScene(t, eastM(3_000), 50, a).saw(trucewatch.UAVSighted, trucewatch.Saw, owner("G1")), "A1/1.0", trucewatch.OutOfScope, "whom the agreement binds: G1", ""},
		{"a party's drone outside the buffer", newScene(t, eastM(9_000), 50, a).saw(trucewatch.UAVSighted, trucewatch.Saw, owner("B")), "A1/1.0", "-", "", ""},

		{"a denial", newScene(t, far, 50, a).saw(trucewatch.RestrictionMet, trucewatch.Saw, restricted("denial", 0, "B")), "I1/1.0", trucewatch.Violation, "", ""},
		{"a delay of 95 minutes", newScene(t, far, 50, a).saw(trucewatch.RestrictionMet, trucewatch.Saw, restricted("delay", 95, "B")), "I2/1.0", trucewatch.Violation, "at least 30 min: 95 min", ""},
		{"a delay of 29 minutes", newScene(t, far, 50, a).saw(trucewatch.RestrictionMet, trucewatch.Saw, restricted("delay", 29, "B")), "I2/1.0", "-", "", ""},
		{"a delay that nobody timed", newScene(t, far, 50, a).saw(trucewatch.RestrictionMet, trucewatch.Saw, restricted("delay", 0, "B")), "I2/1.0", trucewatch.Indeterminate, "", "how long it lasted"},
		{"a denial by armed men of nobody", newScene(t, far, 50, a).saw(trucewatch.RestrictionMet, trucewatch.Saw, restricted("denial", 0, "militia")), "I1/1.0", trucewatch.OutOfScope, "", ""},

		{"a casualty that was verified", newScene(t, far, 50, a).saw(trucewatch.CasualtySeen, trucewatch.Interview, harmed("verified", "yes")).saw(trucewatch.CasualtySeen, trucewatch.OfficialRecord, harmed("verified", "yes")), "C2/1.0", trucewatch.Violation, "", ""},
		{"a casualty that was reported", newScene(t, far, 50, a).saw(trucewatch.CasualtySeen, trucewatch.Interview, harmed("reported", "yes")), "C2/1.0", trucewatch.Indeterminate, "", "verification of the harm"},
		{"a casualty told twice", newScene(t, far, 50, a).saw(trucewatch.CasualtySeen, trucewatch.Interview, harmed("duplicate", "yes")), "C2/1.0", "-", "", ""},
		{"a soldier", newScene(t, far, 50, a).saw(trucewatch.CasualtySeen, trucewatch.Interview, harmed("verified", "no")), "C2/1.0", "-", "", ""},

		{"an advance of nobody knows whom", newScene(t, far, 50, a).saw(trucewatch.Advance, trucewatch.Saw), "O1/1.0", trucewatch.Indeterminate, "nobody says whose", "whose forces"},
	} {
		t.Run(tt.name, func(t *testing.T) { checkFinding(t, tt.scene, tt.id, tt.result, tt.reason, tt.change) })
	}
}

func checkFinding(t *testing.T, s *scene, id string, result trucewatch.Result, reason, change string) *trucewatch.Finding {
	t.Helper()
	f := s.finding(id)
	switch {
	case result == "-" && f == nil:
		return nil
	case result == "-":
		t.Fatalf("%s: %s, want no finding\n%s", id, f.Result, Explain(f, "en"))
	case f == nil:
		t.Fatalf("%s: no finding, want %s", id, result)
	case f.Result != result:
		t.Errorf("%s: %s, want %s\n%s", id, f.Result, result, Explain(f, "en"))
	case reason != "" && !says(f.Reasons, reason):
		t.Errorf("%s: no reason says %q\n%s", id, reason, Explain(f, "en"))
	case change != "" && !strings.Contains(strings.Join(f.WouldChange, "\n"), change):
		t.Errorf("%s: nothing that would change it says %q\n%s", id, change, Explain(f, "en"))
	}
	return f
}

func unplaced(s *scene) *scene {
	s.input.Incident.Estimates = nil
	s.input.Incident.Preferred = -1
	return s
}

func restricted(kind string, minutes int64, by trucewatch.PartyID) func(*trucewatch.Observation) {
	return func(o *trucewatch.Observation) {
		o.Restriction = &trucewatch.Restriction{Type: kind, Minutes: minutes, By: by}
	}
}

func harmed(status, civilian string) func(*trucewatch.Observation) {
	return func(o *trucewatch.Observation) {
		o.Casualty = &trucewatch.Casualty{Killed: 1, Injured: 2, Civilian: civilian, Status: status}
	}
}

// TestExemptions plays the two scenes of the field that decide between permitted
// and not: a controlled detonation, and a supply drone. The terms are those of
// X2 (24 h, 300 m, 30 min) and X5 (12 h, corridor of 500 m, no munition).
func TestExemptions(t *testing.T) {
	a := testAgreement(t)
	site := eastM(30_000)
	blast := func() *scene {
		return newScene(t, site, 50, a).saw(trucewatch.Explosion, trucewatch.Heard).saw(trucewatch.Explosion, trucewatch.Acoustic)
	}
	supply := func(offM int64, edit ...func(*trucewatch.Observation)) *scene {
		place := geo.Direct(eastM(5_000), 0, offM*1000)
		return newScene(t, place, 50, a).saw(trucewatch.UAVSighted, trucewatch.Saw, append(edit, owner("B"))...)
	}
	for _, tt := range []struct {
		name     string
		scene    *scene
		id       string
		result   trucewatch.Result
		severity int
		reason   string
	}{
		{"a detonation without a notification", blast(), "K2/1.0", trucewatch.Violation, 3, "nothing that was notified is near"},
		{"notified in time", blast().detonation(30, site), "K2/1.0", trucewatch.Exempted, 3, "notified 30 h before, 24 h required"},
		{"notified just in time", blast().detonation(24, site), "K2/1.0", trucewatch.Exempted, 3, ""},
		{"notified late: a breach of the notice period", blast().detonation(5, site), "K2/1.0", trucewatch.Violation, 1, "notified 5 h before, 24 h required"},
		{"600 m off", blast().detonation(30, geo.Direct(site, 0, 600_000)), "K2/1.0", trucewatch.Violation, 3, "its middle is 600 m off"},
		{"200 m off is within the tolerance", blast().detonation(30, geo.Direct(site, 0, 200_000)), "K2/1.0", trucewatch.Exempted, 3, ""},
		{"late and 600 m off is no mere lateness", blast().detonation(5, geo.Direct(site, 0, 600_000)), "K2/1.0", trucewatch.Violation, 3, ""},
		{"20 min after the window", shifted(blast().detonation(30, site), 80*trucewatch.Minute), "K2/1.0", trucewatch.Exempted, 3, "20 min outside"},
		{"40 min after the window", shifted(blast().detonation(30, site), 102*trucewatch.Minute), "K2/1.0", trucewatch.Violation, 3, "outside"},
		{"heard in a sector that holds the site", sector(blast().detonation(30, site), site), "K2/1.0", trucewatch.Indeterminate, 3, "may hold"},
		{"heard somewhere within 4 km", coarse(blast().detonation(30, site), 4_000), "K2/1.0", trucewatch.Indeterminate, 3, "may hold"},
		{"a mortar is no detonation", newScene(t, site, 50, a).saw(trucewatch.Explosion, trucewatch.Heard, weapon(trucewatch.Mortar, 120)).saw(trucewatch.Explosion, trucewatch.Acoustic).detonation(30, site),
			"K2/1.0", trucewatch.Violation, 3, "taken to be mortar 120 mm"},
		{"an outgoing round is no detonation", newScene(t, site, 50, a).saw(trucewatch.Explosion, trucewatch.Heard, outgoing).saw(trucewatch.Explosion, trucewatch.Acoustic).detonation(30, site),
			"K2/1.0", trucewatch.Violation, 3, "assessed as outgoing"},
		{"notified after the event", blast().detonation(-2, site), "K2/1.0", trucewatch.Violation, 3, "given before the event"},
		{"entered the record after the event", belated(blast().detonation(30, site)), "K2/1.0", trucewatch.Indeterminate, 3, "entered the record only at"},
		{"dated a day before, entered the record an hour before", backdated(blast().detonation(30, site)), "K2/1.0", trucewatch.Indeterminate, 3, "in time: it says so, but entered the record only at"},
		{"a notification that leaves out the agency", blast().notice("X2", "n-1", 30, func(n *trucewatch.Notification) {
			area := geo.Circle(site, 0)
			n.Area, n.MaxKG = &area, 20
		}), "K2/1.0", trucewatch.Violation, 3, "it does not state agency"},
		{"a detonation does not excuse a casualty", newScene(t, site, 50, a).saw(trucewatch.CasualtySeen, trucewatch.Interview, harmed("verified", "yes")).saw(trucewatch.CasualtySeen, trucewatch.OfficialRecord).detonation(30, site),
			"C2/1.0", trucewatch.Violation, 4, ""},
		{"training inside the zone where none may be", blast().training(site), "K2/1.0", trucewatch.Violation, 3, "outside zone Z5: 100 %"},
		{"training outside that zone", moved(blast().training(eastM(90_000)), eastM(90_000)), "K2/1.0", trucewatch.Exempted, 3, "outside zone Z5: 0 %"},

		{"a supply drone on its corridor", supply(100).flight(24), "A1/1.0", trucewatch.Exempted, 2, ""},
		{"a supply drone 2 km off its corridor", supply(2_000).flight(24), "A1/1.0", trucewatch.Violation, 2, "within 500 m of the notified corridor: 0 %"},
		{"a supply drone at the rim of its corridor", supply(500).flight(24), "A1/1.0", trucewatch.Indeterminate, 2, "may hold"},
		{"a supply drone that drops a munition", supply(100, marked(trucewatch.MunitionDropped)).flight(24), "A1/1.0", trucewatch.Violation, 2, "a munition was dropped, which voids it"},
		{"a claim that it dropped one", supply(100).saw(trucewatch.UAVSighted, trucewatch.PartyReport, marked(trucewatch.MunitionDropped)).flight(24), "A1/1.0", trucewatch.Indeterminate, 2, "only a claim says"},
		{"a supply drone notified 5 h before", supply(100).flight(5), "A1/1.0", trucewatch.Violation, 1, "notified 5 h before, 12 h required"},
		{"an attack drone on a supply corridor", supply(100, drone("fpv_attack")).flight(24), "A1/1.0", trucewatch.Violation, 2, "a transport"},
		{"another airframe than notified", supply(100, func(o *trucewatch.Observation) { o.Asset = &trucewatch.Asset{ID: "F-2"} }).flight(24), "A1/1.0", trucewatch.Violation, 2, "a notified airframe: F-2"},
		{"a supply drone of a day with another flight", shifted(supply(100).flight(24), 30*trucewatch.Hour), "A1/1.0", trucewatch.Violation, 2, "nothing that was notified is near"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := checkFinding(t, tt.scene, tt.id, tt.result, tt.reason, "")
			if f.Severity != tt.severity {
				t.Errorf("severity %d, want %d", f.Severity, tt.severity)
			}
			if (f.Exemption != "") != (tt.result == trucewatch.Exempted) {
				t.Errorf("exemption %q of %s", f.Exemption, f.Result)
			}
		})
	}
}

// backdated lets the last notification enter the record just before its event.
func backdated(s *scene) *scene {
	s.input.Notices[len(s.input.Notices)-1].Received = s.input.Incident.When.From - trucewatch.Hour
	return s
}

func outgoing(o *trucewatch.Observation) { o.Description = trucewatch.Outgoing }

func (s *scene) training(place geo.Position) *scene {
	return s.notice("X1", "n-3", 72, func(n *trucewatch.Notification) {
		area := geo.Circle(place, 2_000_000)
		n.Area, n.Weapons = &area, []string{"mortar"}
	})
}

// shifted moves the event in time, not the notifications.
func shifted(s *scene, by trucewatch.Instant) *scene {
	s.input.Incident.When.From += by
	s.input.Incident.When.Till += by
	return s
}

func moved(s *scene, place geo.Position) *scene {
	s.input.Incident.Estimates[0].Region.Center = place
	return s
}

func coarse(s *scene, radiusM int64) *scene {
	s.input.Incident.Estimates[0].Region = geo.Circle(s.input.Incident.Estimates[0].Region.Center, radiusM*1000)
	return s
}

// sector makes the place what a patrol hears: 2 to 4 km east-north-east of where
// it stands, which is 3 km short of the site.
func sector(s *scene, site geo.Position) *scene {
	s.input.Incident.Estimates[0].Region = geo.NewSector(geo.Direct(site, 247_500, 3_000_000), 2_000_000, 4_000_000, []int32{67_500})
	return s
}

func belated(s *scene) *scene {
	s.input.Notices[0].Received = s.input.Incident.When.Till + trucewatch.Day
	return s
}

// TestTextInForce holds events against the start of force, several readings of
// it, versions, and agreements that are not there.
func TestTextInForce(t *testing.T) {
	one := testAgreement(t)
	two := testAgreement(t, `in_force: {from: "2026-03-01T22:00:00Z", until: null, display_tz: "Etc/GMT-3"}`,
		`in_force: {readings: [{id: early, from: "2026-04-12T09:00:00Z", basis: "as A reads it"}, {id: late, from: "2026-04-12T15:00:00Z", basis: "as B reads it"}]}`)
	next := testAgreement(t, "version: 1", "version: 2", `from: "2026-03-01T22:00:00Z"`, `from: "2026-04-12T11:00:00Z"`, "name: fire_heavy", "name: fire_heavy_of_version_2")
	ended := testAgreement(t, "version: 1", "version: 2", `from: "2026-03-01T22:00:00Z", until: null`, `from: "2026-04-12T10:00:00Z", until: "2026-04-12T10:30:00Z"`)
	draft := testAgreement(t, "simulated: true", "simulated: true\nstatus: draft")
	other := testAgreement(t, "id: agr-test", "id: agr-other")
	fire := func(agreements ...*agreement.Agreement) *scene {
		return newScene(t, eastM(30_000), 50, agreements...).saw(trucewatch.Explosion, trucewatch.Heard).saw(trucewatch.Explosion, trucewatch.Acoustic)
	}
	for _, tt := range []struct {
		name   string
		scene  *scene
		id     string
		result trucewatch.Result
		reason string
	}{
		{"no agreement", fire(), "K2/1.0", "-", ""},
		{"a draft judges nothing", fire(draft), "K2/1.0", "-", ""},
		{"in force", fire(one), "K2/1.0", trucewatch.Violation, "in force at the time of the event"},
		{"before the start of force", shifted(fire(one), -60*trucewatch.Day), "K2/1.0", trucewatch.OutOfScope, ""},
		{"a probable claim before the start of force is out of scope too", shifted(newScene(t, eastM(9_000), 50, one).saw(trucewatch.Burst, trucewatch.PartyReport), -60*trucewatch.Day), "K1/1.0", trucewatch.OutOfScope, ""},
		{"what is open before the start of force is nothing", shifted(newScene(t, eastM(3_000), 50, one).saw(trucewatch.UAVSighted, trucewatch.Saw), -60*trucewatch.Day), "A1/1.0", "-", ""},
		{"straddling the start of force", straddling(fire(one), at(t, "2026-03-01T22:00:00Z")), "K2/1.0", trucewatch.Indeterminate, ""},
		{"in the early reading only", fire(two), "K2/early/1.0", trucewatch.Violation, "the result differs"},
		{"and not in the late", fire(two), "K2/late/1.0", trucewatch.OutOfScope, "as B reads it"},
		{"and no finding without a reading", fire(two), "K2/1.0", "-", ""},
		{"in both readings", shifted(fire(two), 5*trucewatch.Hour), "K2/1.0", trucewatch.Violation, "the result is the same in each"},
		{"before both readings", shifted(fire(two), -5*trucewatch.Hour), "K2/1.0", trucewatch.OutOfScope, "the result is the same in each"},
		{"the later version after its start", fire(one, next), "K2/1.0", trucewatch.Violation, "1 hour"},
		{"what a later version ended does not come back", fire(one, ended), "K2/1.0", trucewatch.OutOfScope, ""},
		{"and stands until that version began", shifted(fire(one, ended), -10*trucewatch.Hour), "K2/1.0", trucewatch.Violation, ""},
		{"two agreements at once are told apart", fire(one, other), "K2/agr-other/1.0", trucewatch.Violation, ""},
		{"and the first keeps its name", fire(one, other), "K2/1.0", trucewatch.Violation, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.reason == "1 hour" {
				tt.reason = ""
				if f := tt.scene.finding(tt.id); f.ActName != "fire_heavy_of_version_2" || f.Agreement != next.Hash() {
					t.Errorf("judged as %s, want the version in force at the event", f.ActName)
				}
			}
			checkFinding(t, tt.scene, tt.id, tt.result, tt.reason, "")
		})
	}
	if f := shifted(fire(one, next), -2*trucewatch.Hour).finding("K2/1.0"); f.Agreement != one.Hash() {
		t.Error("an event before the later version's start was judged by the later version")
	}
}

func straddling(s *scene, middle trucewatch.Instant) *scene {
	s.input.Incident.When = trucewatch.Interval{From: middle - trucewatch.Hour, Till: middle + trucewatch.Hour}
	return s
}

// from adds an origin to an incident.
func from(s *scene, place geo.Position, radiusM int64) *scene {
	in := s.input.Incident
	in.Estimates = append(in.Estimates, trucewatch.Estimate{Role: "origin", Method: "bearings of two posts", Region: geo.Circle(place, radiusM*1000), When: in.When})
	in.Origin = len(in.Estimates) - 1
	return s
}

func TestQuantity(t *testing.T) {
	a := testAgreement(t)
	place := eastM(3_000)
	for _, tt := range []struct {
		name  string
		scene *scene
		id    string
		want  int64
	}{
		{"an engagement of 20 explosions is one", newScene(t, place, 50, a).saw(trucewatch.Explosion, trucewatch.Heard, count(20)), "K2/1.0", 1},
		{"shots: the largest count of one source", newScene(t, place, 50, a).saw(trucewatch.Shot, trucewatch.Heard, marked(trucewatch.PreciseFire), count(5)).saw(trucewatch.Shot, trucewatch.Acoustic, marked(trucewatch.PreciseFire), count(7)), "K3/1.0", 7},
		{"shots: a claim does not add", newScene(t, place, 50, a).saw(trucewatch.Shot, trucewatch.Heard, marked(trucewatch.PreciseFire), count(5)).saw(trucewatch.Shot, trucewatch.PartyReport, count(40)), "K3/1.0", 5},
		{"multiple shots are at least one", newScene(t, place, 50, a).saw(trucewatch.Shot, trucewatch.Heard, marked(trucewatch.PreciseFire), count(0)), "K3/1.0", 1},
		{"persons: killed and injured", newScene(t, place, 50, a).saw(trucewatch.CasualtySeen, trucewatch.Interview, harmed("verified", "yes")), "C2/1.0", 3},
		{"items and days", lasts(newScene(t, place, 50, a).saw(trucewatch.WeaponSeen, trucewatch.UAVMid, weapon(trucewatch.MLRS, 122), count(2)), 25*trucewatch.Hour), "W1/1.0", 4},
		{"started hours", lasts(newScene(t, place, 50, a).saw(trucewatch.Jamming, trucewatch.RecordedCamera), 61*trucewatch.Minute), "I4/1.0", 2},
		{"a moment is a started hour", lasts(newScene(t, place, 50, a).saw(trucewatch.Jamming, trucewatch.RecordedCamera), 0), "I4/1.0", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := tt.scene.finding(tt.id)
			if f == nil || f.Quantity != tt.want {
				t.Fatalf("%s: %+v, want quantity %d", tt.id, f, tt.want)
			}
		})
	}
}

func lasts(s *scene, d trucewatch.Instant) *scene {
	s.input.Incident.When.Till = s.input.Incident.When.From + d
	return s
}

func TestWithdrawnAndMergedIncidentsHaveNoFindings(t *testing.T) {
	s := newScene(t, eastM(30_000), 50, testAgreement(t)).saw(trucewatch.Explosion, trucewatch.Heard)
	for _, state := range []string{"withdrawn", "merged"} {
		s.input.Incident.State = state
		if got := Incident(s.input); len(got) != 0 {
			t.Errorf("%s: %d findings", state, len(got))
		}
	}
}

func TestSame(t *testing.T) {
	s := newScene(t, eastM(30_000), 50, testAgreement(t)).saw(trucewatch.Explosion, trucewatch.Heard)
	f, g := *s.finding("K2/1.0"), *s.finding("K2/1.0")
	g.Revision, g.Index, g.State = 3, 99, "reviewed"
	if !Same(&f, &g) {
		t.Error("findings that differ in revision, index and state are not the same")
	}
	g.Confidence--
	if Same(&f, &g) {
		t.Error("findings that differ in confidence are the same")
	}
}

// TestTwoPlacesAreWeighedEach: what was at one of two places is in a zone by the share
// of each, however much of the zone lies between them.
func TestTwoPlacesAreWeighedEach(t *testing.T) {
	a := testAgreement(t)
	for _, tt := range []struct {
		name   string
		places [2]int64 // metres east
		weight trucewatch.PPM
		result trucewatch.Result
		share  string
	}{
		{"both outside, the buffer between them", [2]int64{-9_000, 9_000}, 500_000, "-", ""},
		{"both inside", [2]int64{-3_000, 3_000}, 600_000, trucewatch.Violation, "100 %"},
		{"one of them inside", [2]int64{3_000, 9_000}, 500_000, trucewatch.Indeterminate, "50 %"},
		{"the likely one inside", [2]int64{3_000, 9_000}, 990_000, trucewatch.Violation, "99 %"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene(t, eastM((tt.places[0]+tt.places[1])/2), 500, a).saw(trucewatch.UAVSighted, trucewatch.Saw, owner("B"))
			in := s.input.Incident
			for i, east := range tt.places {
				one := in.Estimates[0]
				one.Region, one.Weight = geo.Circle(eastM(east), 50_000), tt.weight
				if i == 1 {
					one.Weight = geo.Million - tt.weight
				}
				in.Estimates = append(in.Estimates, one)
			}
			f := s.finding("A1/1.0")
			switch {
			case f == nil && tt.result != "-":
				t.Error("there is no finding")
			case f != nil && (f.Result != tt.result || !says(f.Reasons, tt.share)):
				t.Errorf("it is %s for %+v, want %s with a share of %s", f.Result, f.Reasons, tt.result, tt.share)
			}
		})
	}
}
