// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// together checks what only the whole text can show.
func (r *reader) together(n *yaml.Node) {
	a := r.a
	if len(a.Acts) == 0 && hasKey(n, "acts") {
		r.errorf(child(n, "acts"), "no acts: an agreement that forbids nothing cannot be judged")
	}
	measured := slices.ContainsFunc(a.Zones, func(z Zone) bool { return len(z.Bands) > 0 }) ||
		slices.ContainsFunc(a.Weapons, func(c WeaponClass) bool { return c.WithdrawMM > 0 })
	if measured && a.Distances == "" {
		r.errorf(n, "key %q is missing: are distances per_side or zone_width?", "distance_semantics")
	}
	if measured && a.Distances == "zone_width" {
		r.halves(n)
	}
	r.circles()
	// Clauses are named by these three; what has one name must be one thing.
	seen := map[string]string{}
	name := func(what, id string) {
		if other, ok := seen[id]; ok && other != what && id != "" {
			r.errorf(n, "%q names both %s and %s", id, other, what)
		}
		seen[id] = what
	}
	for _, c := range a.Acts {
		name("an act", string(c.ID))
	}
	for _, d := range a.Duties {
		name("a duty", d.ID)
	}
	for _, x := range a.Exemptions {
		name("an exemption", x.ID)
	}
}

// halves turns widths of zones into distances per side.
func (r *reader) halves(n *yaml.Node) {
	half := func(mm *int64) {
		if *mm%2 != 0 {
			r.errorf(child(n, "distance_semantics"), "half of %s km is finer than a millimetre", kilometres(*mm))
		}
		*mm /= 2
	}
	for i := range r.a.Zones {
		for j := range r.a.Zones[i].Bands {
			b := &r.a.Zones[i].Bands[j]
			half(&b.FromMM)
			half(&b.TillMM)
		}
	}
	for i := range r.a.Weapons {
		half(&r.a.Weapons[i].WithdrawMM)
	}
}

// derive builds the ground of zones and limits from a text without errors; from
// one with errors it builds nothing.
func (r *reader) derive() {
	if len(r.problems) > 0 {
		return
	}
	a := r.a
	for i := range a.Zones {
		z := &a.Zones[i]
		switch {
		case z.IsGlobal:
			z.All = geo.Everywhere()
		case len(z.Bands) > 0:
			for _, b := range z.Bands {
				z.PerSide = append(z.PerSide, a.band(b))
			}
			z.All = union(z.PerSide)
		case len(z.Areas) > 0:
			parts := make([]*geo.Zone, 0, len(z.Areas))
			for _, area := range z.Areas {
				parts = append(parts, area.Zone)
			}
			z.All = geo.Union(parts...)
		default:
			disks := make([]geo.Disk, 0, len(z.Objects))
			for _, o := range z.Objects {
				disks = append(disks, geo.Disk{Center: o.At, RadiusMM: o.RadiusMM})
			}
			z.All = geo.NewDisks(disks)
		}
	}
	for i := range a.Acts {
		a.Acts[i].unjudged = a.actUnjudged(&a.Acts[i])
	}
	for i := range a.Weapons {
		c := &a.Weapons[i]
		if c.WithdrawMM == 0 {
			continue
		}
		for _, p := range a.PartyIDs {
			c.Limit = append(c.Limit, a.band(Band{Party: p, TillMM: c.WithdrawMM}))
		}
	}
}

// band makes a party's part of a zone; Parse has checked that its line exists.
func (a *Agreement) band(b Band) SideZone {
	l := a.reference(b.Party)
	return SideZone{Party: b.Party, Zone: geo.NewBand(l.Line, l.Side(b.Party), b.FromMM, b.TillMM)}
}

func union(parts []SideZone) *geo.Zone {
	zones := make([]*geo.Zone, 0, len(parts))
	for _, p := range parts {
		zones = append(zones, p.Zone)
	}
	return geo.Union(zones...)
}

// areaSizes refuses an area that cannot hold a rectangle of the least size
// because its surface is smaller. A long thin area may pass: the text's least
// width is not measured.
func (r *reader) areaSizes(n *yaml.Node, z *Zone) {
	least := (z.MinSize[0] / metre) * (z.MinSize[1] / metre)
	for _, area := range z.Areas {
		var m2 int64
		for _, rings := range area.Polygons {
			m2 += geo.Region{Kind: geo.Polygon, Rings: rings}.AreaM2()
		}
		if m2 < least {
			r.errorf(child(n, "min_size_km"), "area %q has %d m2, less than %d m2", clip(area.ID), m2, least)
		}
	}
}

// Text returns the agreement as readers see it.
func (a *Agreement) Text() trucewatch.AgreementText {
	t := trucewatch.AgreementText{ID: a.ID, Version: a.Version, Bundle: a.hash, Title: a.title(), Draft: a.Status == Draft,
		Simulated: a.Simulated, InForce: a.Readings(), Clauses: a.Clauses()}
	for i := range a.Parties {
		t.Parties = append(t.Parties, trucewatch.PartyText{ID: a.Parties[i].ID, Name: a.Parties[i].Neutral()})
	}
	for _, l := range a.Lines {
		t.Lines = append(t.Lines, trucewatch.LineShape{ID: l.ID, Kind: l.Kind, SurveyErrorMM: l.SurveyErrorMM, Points: l.Points})
	}
	for i := range a.Zones {
		t.Zones = append(t.Zones, a.Zones[i].shapes()...)
	}
	return t
}

// title returns the English title, else the first.
func (a *Agreement) title() string {
	for _, w := range a.Titles {
		if w.Language == "en" {
			return w.Text
		}
	}
	return a.Titles[0].Text
}

// shapes returns outlines to draw. A zone given by a register has none: where
// hospitals, schools and depots stand is not for every reader.
func (z *Zone) shapes() []trucewatch.ZoneShape {
	var out []trucewatch.ZoneShape
	for _, s := range z.PerSide {
		out = append(out, trucewatch.ZoneShape{ID: z.ID, Kind: z.Kind, Side: s.Party, Rings: s.Zone.Outline()})
	}
	if len(z.Areas) > 0 {
		out = append(out, trucewatch.ZoneShape{ID: z.ID, Kind: z.Kind, Rings: z.All.Outline()})
	}
	return out
}
