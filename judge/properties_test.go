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

// wholeScene draws an incident of any kind under the whole text, with what may be
// near it: notifications of every exemption, steps, facts.
func wholeScene(r *rapid.T, tb testing.TB, terms *Terms) *play {
	p := &play{scene: newScene(tb, eastM(rapid.Int64Range(-40_000, 80_000).Draw(r, "east")), rapid.Int64Range(1, 3_000).Draw(r, "radius"))}
	p.input.Terms, p.noon = terms, at(tb, noon)
	p.input.Incident.Confidence = trucewatch.PPM(rapid.Int64Range(0, 1_000_000).Draw(r, "confidence"))
	for range rapid.IntRange(1, 3).Draw(r, "observations") {
		p.saw(rapid.SampledFrom(trucewatch.Kinds()).Draw(r, "kind"), rapid.SampledFrom(trucewatch.AllMeans()).Draw(r, "means"), func(o *trucewatch.Observation) {
			if rapid.Bool().Draw(r, "weapon") {
				o.Weapon = &trucewatch.Weapon{Platform: rapid.SampledFrom(trucewatch.Platforms()).Draw(r, "platform"), CalibreMM: rapid.SampledFrom([]int64{0, 82, 152}).Draw(r, "calibre"),
					Role: rapid.SampledFrom([]string{"", "fpv_attack", "delivery"}).Draw(r, "role")}
			}
			if rapid.Bool().Draw(r, "asset") {
				o.Asset = &trucewatch.Asset{Owner: rapid.SampledFrom([]string{"A", "B", "mission", "unknown", "G1"}).Draw(r, "owner")}
			}
			if o.Kind == trucewatch.CasualtySeen {
				harmed(rapid.SampledFrom([]string{"reported", "corroborated", "verified"}).Draw(r, "status"), "yes")(o)
			}
			if o.Kind == trucewatch.RestrictionMet {
				restricted(rapid.SampledFrom([]string{"denial", "delay"}).Draw(r, "type"), rapid.Int64Range(0, 90).Draw(r, "minutes"), "A")(o)
			}
			if rapid.Bool().Draw(r, "marked") {
				o.Marks = []trucewatch.Mark{rapid.SampledFrom(trucewatch.Marks()).Draw(r, "mark")}
			}
		})
	}
	return p
}

// anyNotice draws a notification near the incident, and its steps.
func (p *play) anyNotice(r *rapid.T) {
	x := rapid.SampledFrom([]string{"X1", "X2", "X3", "X4", "X5", "X6", "X7"}).Draw(r, "exemption")
	id := "n-" + digits(len(p.input.Notices)+1)
	at := p.noon - trucewatch.Instant(rapid.Int64Range(0, 80).Draw(r, "hours before"))*trucewatch.Hour
	middle := p.input.Incident.Estimates[0].Region.Center
	area := geo.Circle(geo.Direct(middle, 0, rapid.Int64Range(0, 2_000_000).Draw(r, "off")), rapid.Int64Range(0, 2_000_000).Draw(r, "area"))
	n := &trucewatch.Notification{ID: id, Exemption: x, By: rapid.SampledFrom([]string{"A", "B", "agency"}).Draw(r, "by"), NotifiedAt: at,
		Window: trucewatch.Interval{From: p.noon - trucewatch.Hour, Till: p.noon + trucewatch.Hour}, Agency: "agency", MaxKG: 20, Weapons: []string{"mortar"}, Airframes: []string{"F-1"},
		NoMunition: true, Object: "main", Vehicles: []string{"truck"}, Marking: "white", Text: "as said", Lifts: []trucewatch.ActID{"O2", "W1"}}
	if x == "X5" || x == "X6" {
		n.Route = []geo.Position{geo.Direct(area.Center, 270_000, 3_000_000), geo.Direct(area.Center, 90_000, 3_000_000)}
	} else {
		n.Area = &area
	}
	notice := Notice{Notification: n, Received: at, Index: 2}
	for range rapid.IntRange(0, 3).Draw(r, "steps") {
		s := trucewatch.NoticeStep{Notice: id, Deed: rapid.SampledFrom(trucewatch.NoticeDeeds()).Draw(r, "deed"), By: rapid.SampledFrom([]string{"A", "B", "mission"}).Draw(r, "step by"),
			At: at + trucewatch.Instant(rapid.Int64Range(0, 40).Draw(r, "step"))*trucewatch.Hour}
		notice.Steps = append(notice.Steps, trucewatch.Dated[trucewatch.NoticeStep]{Index: 3, Received: s.At, What: s})
	}
	p.input.Notices = append(p.input.Notices, notice)
}

// TestANoticeMoreRaisesNoResult: under the whole text, one notification more, of
// whatever exemption and with whatever life, never makes a finding accuse more,
// and raises the severity only inside a window of silence or of a movement that it
// protects.
func TestANoticeMoreRaisesNoResult(t *testing.T) {
	terms := Read([]*agreement.Agreement{wholeAgreement(t)}, nil)
	rapid.Check(t, func(r *rapid.T) {
		p := wholeScene(r, t, terms)
		for range rapid.IntRange(0, 2).Draw(r, "notices before") {
			p.anyNotice(r)
		}
		before := Incident(p.input)
		p.anyNotice(r)
		x := p.input.Notices[len(p.input.Notices)-1].Notification.Exemption
		for _, after := range Incident(p.input) {
			i := slices.IndexFunc(before, func(f trucewatch.Finding) bool { return f.ID == after.ID })
			switch {
			case i < 0:
				r.Fatalf("%s is new", after.ID)
			case grade(after.Result) > grade(before[i].Result):
				r.Fatalf("%s: %s became %s by a notification of %s", after.ID, before[i].Result, after.Result, x)
			case after.Result == trucewatch.Exempted:
				// It accuses nobody: its severity is the act's own.
			case after.Severity > before[i].Severity && x != "X4" && x != "X6":
				r.Fatalf("%s: severity %d became %d by a notification of %s", after.ID, before[i].Severity, after.Severity, x)
			}
		}
	})
}

// TestTwoBatchesAreOne: incidents judged in two batches, in another order and with
// terms read again, are found to be the same.
func TestTwoBatchesAreOne(t *testing.T) {
	a := wholeAgreement(t)
	terms := Read([]*agreement.Agreement{a}, nil)
	rapid.Check(t, func(r *rapid.T) {
		var all []Input
		var once []trucewatch.Finding
		for i := range rapid.IntRange(2, 6).Draw(r, "incidents") {
			p := wholeScene(r, t, terms)
			p.input.Incident.ID.Index = uint64(i + 1)
			p.anyNotice(r)
			all = append(all, p.input)
			once = append(once, Incident(p.input)...)
		}
		cut := rapid.IntRange(0, len(all)).Draw(r, "cut")
		var twice []trucewatch.Finding
		for _, in := range append(slices.Clone(all[cut:]), all[:cut]...) {
			in.Terms = Read([]*agreement.Agreement{a}, nil)
			twice = append(twice, Incident(in)...)
		}
		slices.SortFunc(once, func(f, g trucewatch.Finding) int { return bytes.Compare([]byte(f.ID), []byte(g.ID)) })
		slices.SortFunc(twice, func(f, g trucewatch.Finding) int { return bytes.Compare([]byte(f.ID), []byte(g.ID)) })
		if len(once) != len(twice) {
			r.Fatalf("%d findings, then %d", len(once), len(twice))
		}
		for i := range once {
			if !bytes.Equal(trucewatch.Encode(once[i]), trucewatch.Encode(twice[i])) {
				r.Fatalf("%s and %s differ", once[i].ID, twice[i].ID)
			}
		}
	})
}

// TestEveryFindingIsCountedOnce: of the findings of one incident in one reading
// that accuse and share an observation, one alone is not a duplicate.
func TestEveryFindingIsCountedOnce(t *testing.T) {
	terms := Read([]*agreement.Agreement{testAgreement(t)}, nil)
	rapid.Check(t, func(r *rapid.T) {
		p := wholeScene(r, t, terms)
		if len(p.input.Members) > 1 {
			p.input.Members = p.input.Members[:1] // so that all findings share it
		}
		counted, accusing := 0, 0
		for _, f := range Incident(p.input) {
			if accuses(f.Result) {
				accusing++
				if !f.Duplicate {
					counted++
				}
			} else if f.Duplicate {
				r.Fatalf("%s accuses nobody and is a duplicate", f.ID)
			}
		}
		if accusing > 0 && counted != 1 {
			r.Fatalf("%d findings, %d counted", accusing, counted)
		}
	})
}
