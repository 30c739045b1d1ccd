// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
)

// grade orders results by how far they accuse.
func grade(r trucewatch.Result) int {
	switch r {
	case trucewatch.Violation:
		return 2
	case trucewatch.ProbableViolation:
		return 1
	}
	return 0
}

// accuses says whether a result is one of a violation.
func accuses(r trucewatch.Result) bool { return grade(r) > 0 }

// anyScene draws an incident of one to four observations at some distance from
// the line.
func anyScene(t *rapid.T, tb testing.TB, radiusM int64, a *agreement.Agreement) *scene {
	s := newScene(tb, eastM(rapid.Int64Range(-40_000, 40_000).Draw(t, "east")), radiusM, a)
	s.input.Incident.Confidence = trucewatch.PPM(rapid.Int64Range(0, 1_000_000).Draw(t, "confidence"))
	kinds := []trucewatch.Kind{trucewatch.Explosion, trucewatch.Shot, trucewatch.ProjectileInFlight, trucewatch.UAVSighted,
		trucewatch.WeaponSeen, trucewatch.ThermalAnomaly, trucewatch.CasualtySeen, trucewatch.RestrictionMet, trucewatch.Jamming}
	for range rapid.IntRange(1, 4).Draw(t, "observations") {
		s.saw(rapid.SampledFrom(kinds).Draw(t, "kind"), rapid.SampledFrom(trucewatch.AllMeans()).Draw(t, "means"), func(o *trucewatch.Observation) {
			if rapid.Bool().Draw(t, "weapon") {
				o.Weapon = &trucewatch.Weapon{Platform: rapid.SampledFrom(trucewatch.Platforms()).Draw(t, "platform"),
					CalibreMM: rapid.SampledFrom([]int64{0, 82, 120, 152}).Draw(t, "calibre"), Role: rapid.SampledFrom([]string{"", "fpv_attack", "delivery"}).Draw(t, "role")}
			}
			if rapid.Bool().Draw(t, "asset") {
				o.Asset = &trucewatch.Asset{Owner: rapid.SampledFrom([]string{"A", "B", "mission", "unknown", "G1"}).Draw(t, "owner")}
			}
			if o.Kind == trucewatch.CasualtySeen {
				harmed(rapid.SampledFrom([]string{"reported", "verified"}).Draw(t, "status"), "yes")(o)
			}
			if rapid.Bool().Draw(t, "dropped") {
				o.Marks = []trucewatch.Mark{trucewatch.MunitionDropped}
			}
		})
	}
	return s
}

// TestWideningNeverMakesSurer holds for places inside a zone: with more
// uncertainty the confidence never rises and what was open is never decided
// against anybody. (Outside a zone a wider region may reach into it.)
func TestWideningNeverMakesSurer(t *testing.T) {
	a := testAgreement(t)
	rapid.Check(t, func(r *rapid.T) {
		narrow := anyScene(r, t, rapid.Int64Range(1, 3_000).Draw(r, "radius"), a)
		wide := &scene{t: t, input: narrow.input}
		in := *narrow.input.Incident
		in.Estimates = slices.Clone(in.Estimates)
		in.Estimates[0].Region = geo.Circle(in.Estimates[0].Region.Center, in.Estimates[0].Region.SemiMajorMM*rapid.Int64Range(1, 20).Draw(r, "times"))
		wide.input.Incident = &in
		for _, before := range Incident(narrow.input) {
			after := wide.finding(string(before.ID))
			if after == nil {
				continue
			}
			// Samples differ from the true share by 0.8 %: see geo.Region.Samples.
			if after.Confidence > before.Confidence+8_000 && accuses(after.Result) {
				r.Fatalf("%s: confidence %d became %d", before.ID, before.Confidence, after.Confidence)
			}
			if grade(after.Result) > grade(before.Result) {
				r.Fatalf("%s: %s became %s", before.ID, before.Result, after.Result)
			}
		}
	})
}

// TestANotificationNeverAccuses: one notification more, of whatever kind, never
// makes a violation of what was none, and never a graver one.
func TestANotificationNeverAccuses(t *testing.T) {
	a := testAgreement(t)
	rapid.Check(t, func(r *rapid.T) {
		s := anyScene(r, t, rapid.Int64Range(1, 3_000).Draw(r, "radius"), a)
		before := Incident(s.input)
		hours := rapid.Int64Range(-5, 80).Draw(r, "hours")
		place := eastM(rapid.Int64Range(-40_000, 40_000).Draw(r, "notified place"))
		switch rapid.IntRange(0, 2).Draw(r, "exemption") {
		case 0:
			s.detonation(hours, place)
		case 1:
			s.flight(hours)
		default:
			s.training(place)
		}
		for _, after := range Incident(s.input) {
			i := slices.IndexFunc(before, func(f trucewatch.Finding) bool { return f.ID == after.ID })
			if i < 0 {
				r.Fatalf("%s is new", after.ID)
			}
			if grade(after.Result) > grade(before[i].Result) || after.Severity > before[i].Severity {
				r.Fatalf("%s: %s of severity %d became %s of %d", after.ID, before[i].Result, before[i].Severity, after.Result, after.Severity)
			}
		}
	})
}

// TestAnExemptionMoreNeverAccuses: the same for an exemption added to the text.
func TestAnExemptionMoreNeverAccuses(t *testing.T) {
	const x2 = `  - {id: X2, name: controlled_detonation, lead_hours: 24, fields: [point, window, agency, max_kg], effect: not_a_violation, tolerance_m: 300, tolerance_minutes: 30}
`
	with, without := testAgreement(t), testAgreement(t, x2, "")
	rapid.Check(t, func(r *rapid.T) {
		s := anyScene(r, t, rapid.Int64Range(1, 3_000).Draw(r, "radius"), without)
		s.detonation(rapid.Int64Range(0, 80).Draw(r, "hours"), geo.Direct(s.input.Incident.Estimates[0].Region.Center, 0, rapid.Int64Range(0, 700_000).Draw(r, "off")))
		before := Incident(s.input)
		s.input.Terms = Read([]*agreement.Agreement{with}, nil)
		for _, after := range Incident(s.input) {
			i := slices.IndexFunc(before, func(f trucewatch.Finding) bool { return f.ID == after.ID })
			if i < 0 || grade(after.Result) > grade(before[i].Result) {
				r.Fatalf("%s became %s by an exemption", after.ID, after.Result)
			}
		}
	})
}

// TestClaimsNeverAccuse: claims alone, however many and however sure, never make
// a violation, nor raise anything above possible.
func TestClaimsNeverAccuse(t *testing.T) {
	a := testAgreement(t)
	rapid.Check(t, func(r *rapid.T) {
		s := anyScene(r, t, 100, a)
		for _, m := range s.input.Members {
			m.Observation.Means = rapid.SampledFrom([]trucewatch.Means{trucewatch.PartyReport, trucewatch.PublicReport, trucewatch.OpenSourceMedia, trucewatch.ThirdPartyReport}).Draw(r, "claim")
		}
		for _, f := range Incident(s.input) {
			if accuses(f.Result) || f.Confidence >= a.Evidence.Probable {
				r.Fatalf("%s: %s at %d on claims alone", f.ID, f.Result, f.Confidence)
			}
		}
	})
}

// TestOneInputOneOutput: the order of the observations does not matter, findings
// come by ID, can be encoded, and every finding that is open says what would
// change it.
func TestOneInputOneOutput(t *testing.T) {
	a := testAgreement(t)
	rapid.Check(t, func(r *rapid.T) {
		s := anyScene(r, t, rapid.Int64Range(1, 3_000).Draw(r, "radius"), a)
		s.detonation(30, eastM(10_000)).flight(5)
		first := Incident(s.input)
		s.input.Members = rapid.Permutation(s.input.Members).Draw(r, "order")
		again := Incident(s.input)
		if !slices.IsSortedFunc(first, func(f, g trucewatch.Finding) int { return bytes.Compare([]byte(f.ID), []byte(g.ID)) }) {
			r.Fatal("findings are not by ID")
		}
		if len(first) != len(again) {
			r.Fatalf("%d findings became %d in another order", len(first), len(again))
		}
		for i := range first {
			if !Same(&first[i], &again[i]) {
				r.Fatalf("%s differs in another order:\n%s\n%s", first[i].ID, Explain(&first[i], "en"), Explain(&again[i], "en"))
			}
			if first[i].Result == trucewatch.Indeterminate && len(first[i].WouldChange) == 0 {
				r.Fatalf("%s is open and nothing would change it\n%s", first[i].ID, Explain(&first[i], "en"))
			}
		}
	})
}
