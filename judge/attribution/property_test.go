// SPDX-License-Identifier: Apache-2.0

package attribution

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
)

// anyShot draws a simulated shot.
func anyShot(t *rapid.T) *shot {
	w := newWorld(rapid.Uint64().Draw(t, "seed"), rates{1, 1, 0.2})
	return w.shot()
}

// swapped is the shot with the names of the parties exchanged, everywhere but in
// the order in which the text lists them.
func swapped(s *shot) Input {
	swap := func(p trucewatch.PartyID) trucewatch.PartyID {
		if p == "A" || p == "B" {
			return other(p)
		}
		return p
	}
	in, a := s.Input, *s.Agreement
	a.Lines, a.Weapons = slices.Clone(a.Lines), slices.Clone(a.Weapons)
	for i := range a.Lines {
		a.Lines[i].Left, a.Lines[i].Right = swap(a.Lines[i].Left), swap(a.Lines[i].Right)
	}
	for i := range a.Weapons {
		a.Weapons[i].HeldBy = slices.Clone(a.Weapons[i].HeldBy)
		for k, p := range a.Weapons[i].HeldBy {
			a.Weapons[i].HeldBy[k] = swap(p)
		}
	}
	in.Agreement, in.Members, in.Facts = &a, nil, nil
	for _, m := range s.Members {
		r, o, source := *m, *m.Observation, *m.Source
		r.Observation, r.Source = &o, &source
		source.Party = swap(source.Party)
		if o.Asset != nil {
			o.Asset = &trucewatch.Asset{Owner: string(swap(trucewatch.PartyID(o.Asset.Owner)))}
		}
		in.Members = append(in.Members, &r)
	}
	in.Support = in.Members
	for _, f := range s.Facts {
		g := *f
		g.Party = swap(g.Party)
		in.Facts = append(in.Facts, &g)
	}
	return in
}

func sharesOf(a trucewatch.Attribution) map[trucewatch.PartyID]trucewatch.PPM {
	out := map[trucewatch.PartyID]trucewatch.PPM{"": a.NonSignatory}
	for _, o := range a.Alternatives {
		out[o.Party] = o.Share
	}
	if a.Party != "" {
		out[a.Party] = a.Share
	}
	return out
}

func TestNamesOfPartiesDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyShot(t)
		got, back := Of(s.Input), Of(swapped(s))
		here, there := sharesOf(got), sharesOf(back)
		if got.Level != back.Level || got.BothSides != back.BothSides || here["A"] != there["B"] || here["B"] != there["A"] || here[""] != there[""] || got.Party != "" && got.Party != other(back.Party) {
			t.Fatalf("%+v\nand with the names exchanged\n%+v", got, back)
		}
	})
}

func TestAnAccusationChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &scene{anyShot(t).Input}
		before := Of(s.Input)
		line := rapid.SampledFrom([]string{"azimuth radar 3 4 90 1 by A", "azimuth radar -3 4 270 1 by B", "names B by A", "names A by B",
			"names band-of-the-hills by A", "fact discipline_reported A", "fact ceased_fire B"}).Draw(t, "accusation")
		if err := s.do(line); err != nil {
			t.Fatal(err)
		}
		if after := Of(s.Input); !reflect.DeepEqual(before, after) {
			t.Fatalf("%s:\n%+v\nbefore\n%+v", line, after, before)
		}
	})
}

func TestOrderOfEvidenceDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyShot(t)
		before := Of(s.Input)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "shuffle"), 1))
		s.Members, s.Support = slices.Clone(s.Members), slices.Clone(s.Support)
		r.Shuffle(len(s.Members), func(i, j int) { s.Members[i], s.Members[j] = s.Members[j], s.Members[i] })
		r.Shuffle(len(s.Support), func(i, j int) { s.Support[i], s.Support[j] = s.Support[j], s.Support[i] })
		slices.Reverse(s.Facts)
		if after := Of(s.Input); !reflect.DeepEqual(before, after) {
			t.Fatalf("%+v\nin another order\n%+v", before, after)
		}
	})
}

// TestWhereItFellNamesNobody moves impacts about, with weapons known and
// unknown: without evidence of the origin nobody is ever named.
func TestWhereItFellNamesNobody(t *testing.T) {
	a := testAgreement(t)
	km := rapid.Float64Range(-150, 150)
	rapid.Check(t, func(t *rapid.T) {
		s := newScene(a)
		s.Severity = rapid.IntRange(1, 4).Draw(t, "severity")
		s.see(trucewatch.Explosion, trucewatch.Heard, "patrol").Weapon = &trucewatch.Weapon{
			Platform: rapid.SampledFrom(trucewatch.Platforms()).Draw(t, "platform"), Basis: "fragment"}
		s.estimate(rapid.SampledFrom([]string{"impact", "seen"}).Draw(t, "role"), circle(km.Draw(t, "east"), km.Draw(t, "north")/3, rapid.Float64Range(0.01, 5).Draw(t, "radius")))
		if got := Of(s.Input); got.Level != None || got.Party != "" || got.NonSignatory != 0 || len(got.Alternatives) > 0 {
			t.Fatalf("%+v", got)
		}
	})
}

// TestWhereItFellMovesNoShare moves the impact of fire whose origin was heard:
// the shares stay, and nobody is named who would not be without an impact.
func TestWhereItFellMovesNoShare(t *testing.T) {
	a := testAgreement(t)
	km := rapid.Float64Range(-30, 30)
	rapid.Check(t, func(t *rapid.T) {
		from, radius, north := km.Draw(t, "from"), rapid.Float64Range(0.1, 4).Draw(t, "radius"), km.Draw(t, "north")
		fired := func(impacts ...float64) trucewatch.Attribution {
			s := newScene(a)
			s.see(trucewatch.Explosion, trucewatch.Heard, "post")
			for _, east := range impacts {
				s.estimate("impact", circle(east, north, 0.2))
			}
			s.estimate("origin", circle(from, 0, radius))
			return Of(s.Input)
		}
		without, with := fired(), fired(km.Draw(t, "impact"))
		if !reflect.DeepEqual(sharesOf(without), sharesOf(with)) || with.Party != "" && with.Party != without.Party {
			t.Fatalf("without an impact %+v\nwith %+v", without, with)
		}
	})
}

// TestWiderUncertaintyNamesNobodySooner draws an origin or a ray, and the same
// wider: a name is never gained, and its share never rises by more than what
// 1,024 points cannot tell.
func TestWiderUncertaintyNamesNobodySooner(t *testing.T) {
	a := testAgreement(t)
	const points = 4_000 // ppm
	rapid.Check(t, func(t *rapid.T) {
		east, widen := rapid.Float64Range(-12, 12).Draw(t, "east"), rapid.Float64Range(1, 6).Draw(t, "widen")
		answers := [2]trucewatch.Attribution{}
		ray := rapid.Bool().Draw(t, "ray")
		radius, azimuth, err := rapid.Float64Range(0.05, 3).Draw(t, "radius"), float64(rapid.IntRange(0, 359).Draw(t, "azimuth")), rapid.Float64Range(6, 20).Draw(t, "error")
		weapon := rapid.Bool().Draw(t, "weapon")
		severity := rapid.IntRange(1, 4).Draw(t, "severity")
		for i, factor := range []float64{1, widen} {
			s := newScene(a)
			s.Severity = severity
			s.see(trucewatch.Explosion, trucewatch.Heard, "patrol-1")
			s.estimate("impact", circle(east, 0, 0.1))
			if weapon {
				s.see(trucewatch.Explosion, trucewatch.Heard, "patrol-2").Weapon = &trucewatch.Weapon{Platform: trucewatch.HowitzerTowed, Basis: "fragment"}
			}
			if ray {
				s.see(trucewatch.Explosion, trucewatch.PhysicalTrace, "patrol-3").Azimuth = &trucewatch.Azimuth{
					From: at(east, 0), Mdeg: int32(azimuth * 1000), ErrorMdeg: int32(err * factor * 1000), Basis: "crater"}
			} else {
				s.estimate("origin", circle(east+2, 3, radius*factor))
			}
			answers[i] = Of(s.Input)
		}
		if n, w := answers[0], answers[1]; w.Party != "" && (n.Party != w.Party || w.Share > n.Share+points) && w.Share > trucewatch.PPM(a.Evidence.Attribute(severity))+points {
			t.Fatalf("%+v\nand wider\n%+v", n, w)
		}
	})
}

// TestOddInput wants an answer, and no panic, of anything.
func TestOddInput(t *testing.T) {
	whole := testAgreement(t)
	region := rapid.Custom(func(t *rapid.T) geo.Region {
		p := geo.Position{LatE7: rapid.Int32Range(-90*geo.E7, 90*geo.E7).Draw(t, "lat"), LonE7: rapid.Int32Range(-180*geo.E7, 180*geo.E7).Draw(t, "lon")}
		return rapid.SampledFrom([]geo.Region{{}, {Kind: geo.Polygon}, {Kind: geo.Sector, Center: p}, geo.Circle(p, 0), geo.Circle(p, 1<<40), circle(0, 0, 0), circle(0, 0, 5),
			{Kind: geo.Pixel, Center: onLine}, {Kind: geo.Polygon, Rings: [][]geo.Position{{onLine, onLine}}}}).Draw(t, "region")
	})
	rapid.Check(t, func(t *rapid.T) {
		a := *whole
		if rapid.Bool().Draw(t, "no line") {
			a.Lines = nil
		}
		if rapid.Bool().Draw(t, "no parties") {
			a.PartyIDs, a.Weapons, a.Evidence = nil, nil, agreement.Evidence{}
		}
		s := newScene(&a)
		for range rapid.IntRange(0, 4).Draw(t, "observations") {
			o := s.see(rapid.SampledFrom(trucewatch.Kinds()).Draw(t, "kind"), rapid.SampledFrom(trucewatch.AllMeans()).Draw(t, "means"), rapid.SampledFrom([]string{"A", "p"}).Draw(t, "source"))
			o.Where.Region = region.Draw(t, "where")
			o.Azimuth = &trucewatch.Azimuth{From: at(0, 0), Mdeg: rapid.Int32Range(-1, 360_000).Draw(t, "mdeg"), ErrorMdeg: rapid.SampledFrom([]int32{0, 1, 180_000}).Draw(t, "error"),
				Basis: rapid.SampledFrom(append(trucewatch.AzimuthBases(), "")).Draw(t, "basis"), MinMM: rapid.SampledFrom([]int64{0, 1, 1 << 50}).Draw(t, "min"), MaxMM: rapid.SampledFrom([]int64{0, 1, 1 << 50}).Draw(t, "max")}
			o.Movement = &trucewatch.Movement{From: rapid.SampledFrom([]string{"", "N", "behind"}).Draw(t, "from")}
			o.Asset = &trucewatch.Asset{Owner: rapid.SampledFrom([]string{"", "A", "mission", "unknown", "else"}).Draw(t, "owner")}
			o.Weapon = &trucewatch.Weapon{Platform: rapid.SampledFrom(trucewatch.Platforms()).Draw(t, "platform")}
			if rapid.Bool().Draw(t, "no azimuth") {
				o.Azimuth = nil
			}
			if rapid.Bool().Draw(t, "no source") {
				s.Members[len(s.Members)-1].Source = nil
			}
		}
		for range rapid.IntRange(0, 3).Draw(t, "estimates") {
			s.estimate(rapid.SampledFrom([]string{"origin", "impact", "seen"}).Draw(t, "role"), region.Draw(t, "region"))
		}
		if rapid.Bool().Draw(t, "linked") {
			s.Origins = []*trucewatch.Incident{{Preferred: 7}, {Estimates: []trucewatch.Estimate{{Region: region.Draw(t, "linked region")}}}}
		}
		got := Of(s.Input)
		check(t, &got)
	})
}
