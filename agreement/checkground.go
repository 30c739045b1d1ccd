// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// checkLines looks at how lines lie to the line of contact.
func (r *reader) checkLines() {
	contact := r.a.LineOfContact(latest)
	for i := range r.a.Lines {
		l := &r.a.Lines[i]
		if contact == nil || l == contact {
			continue
		}
		n := child(r.lineNodes[i], "geometry")
		if l.Left == contact.Right && l.Right == contact.Left && l.sameWay(contact) || l.Left == contact.Left && !l.sameWay(contact) {
			r.errorf(n, "line %q has left and right the other way round than line %q: looking along it, %s is on the right", l.ID, contact.ID, l.Left)
			continue
		}
		if l.Kind != "reference_line" {
			continue
		}
		for _, f := range r.a.References {
			if f.Line == l.ID {
				r.checkReference(f, l, contact)
			}
		}
	}
}

// sameWay says whether two lines run the same way: the start of each is nearer to
// the other's start than to its end.
func (l *Line) sameWay(o *Line) bool {
	start, end := l.Points[0], l.Points[len(l.Points)-1]
	straight := geo.DistanceMM(start, o.Points[0]) + geo.DistanceMM(end, o.Points[len(o.Points)-1])
	return straight <= geo.DistanceMM(start, o.Points[len(o.Points)-1])+geo.DistanceMM(end, o.Points[0])
}

// checkReference looks whether a party's reference line lies on its own side. A
// vertex within the survey errors is on neither.
func (r *reader) checkReference(f Reference, l, contact *Line) {
	own, other := 0, 0
	for _, p := range l.Points {
		d := contact.Line.SignedDistanceMM(p)
		if contact.Side(f.Party) == geo.Right {
			d = -d
		}
		switch err := l.SurveyErrorMM + contact.SurveyErrorMM; {
		case d > err:
			own++
		case d < -err:
			other++
		}
	}
	n := r.at("lines", "reference_for", string(f.Party))
	switch {
	case own > 0 && other > 0:
		r.errorf(n, "line %q crosses line %q (%d of its points lie on the side of %s, %d beyond): where it lies beyond, distances of %s begin on the other's ground; check the survey", l.ID, contact.ID, own, f.Party, other, f.Party)
	case other > 0:
		r.errorf(n, "line %q lies on the wrong side of line %q: distances of party %s would begin on the other's ground", l.ID, contact.ID, f.Party)
	}
}

// checkBands looks at bands beside the lines they are measured from.
func (r *reader) checkBands() {
	for i, z := range r.a.Zones {
		for _, b := range z.Bands {
			l := r.a.reference(b.Party)
			if b.TillMM > l.Line.LengthMM() {
				r.errorf(child(child(r.zoneNodes[i], "from_line_km"), string(b.Party)), "zone %q reaches %s km, and line %q is only %s km long: are these metres?",
					z.ID, kilometres(b.TillMM), l.ID, kilometres(l.Line.LengthMM()/metre*metre))
			}
		}
	}
	for i := range r.a.Lines {
		l := &r.a.Lines[i]
		var narrow *Band
		var zone string
		for _, z := range r.a.Zones {
			for _, b := range z.Bands {
				if r.a.reference(b.Party) == l && (narrow == nil || b.TillMM-b.FromMM < narrow.TillMM-narrow.FromMM) {
					narrow, zone = &b, z.ID
				}
			}
		}
		if narrow != nil && l.SurveyErrorMM >= narrow.TillMM-narrow.FromMM {
			r.errorf(child(r.lineNodes[i], "survey_error_m"), "the survey error is not below the width of zone %q (%s km): nothing could be shown to be inside it", zone, kilometres(narrow.TillMM-narrow.FromMM))
		}
	}
}

// checkPlaces looks at objects and sites beside each other and beside limits.
func (r *reader) checkPlaces() {
	if r.a.Storage == nil {
		return
	}
	for i, z := range r.a.Zones {
		file := child(r.zoneNodes[i], "register").Value
		for _, o := range z.Objects {
			for _, s := range r.a.Storage.Sites {
				if geo.DistanceMM(o.At, s.At) <= s.RadiusMM {
					r.problem(file, r.rowLines[rowKey{file, o.ID}], 1, "protected object %q lies inside storage site %q: weapons would be kept at what is protected; move the site or its radius", o.ID, s.ID)
				}
			}
		}
	}
	file := r.at("storage", "declared_sites").Value
	for _, s := range r.a.Storage.Sites {
		for _, c := range r.a.keptAt(&s) {
			for _, side := range c.Limit {
				if side.Party == s.Party && side.Zone.Contains(s.At) {
					r.problem(file, r.rowLines[rowKey{file, s.ID}], 1, "site %q lies inside the limit of class %q (%s km): what is stored there would be in breach; move the site back", s.ID, c.ID, kilometres(c.WithdrawMM))
				}
			}
		}
	}
}

// keptAt returns the classes of what a site holds; without an inventory, the
// class with the shortest limit, which every site must keep.
func (a *Agreement) keptAt(s *Site) []*WeaponClass {
	var out []*WeaponClass
	for _, item := range s.Items {
		class, _, ok := a.ClassOf(&item.Weapon)
		if ok && !slices.ContainsFunc(out, func(c *WeaponClass) bool { return c.ID == class.ID }) {
			out = append(out, a.Class(class.ID))
		}
	}
	if len(s.Items) > 0 {
		return out
	}
	var least *WeaponClass
	for i := range a.Weapons {
		if c := &a.Weapons[i]; c.WithdrawMM > 0 && (least == nil || c.WithdrawMM < least.WithdrawMM) {
			least = c
		}
	}
	if least == nil {
		return nil
	}
	return []*WeaponClass{least}
}

// checkClasses looks at weapon classes that no weapon can be of, and limits that
// no zone reaches.
func (r *reader) checkClasses() {
	farthest := int64(0)
	for _, z := range r.a.Zones {
		for _, b := range z.Bands {
			farthest = max(farthest, b.TillMM)
		}
	}
	for i := range r.a.Weapons {
		c := &r.a.Weapons[i]
		if farthest > 0 && c.WithdrawMM > farthest {
			r.errorf(child(r.weaponNodes[i], "withdraw_km"), "class %q withdraws %s km, beyond every zone of the text (%s km): add a zone, or check the figure", c.ID, kilometres(c.WithdrawMM), kilometres(farthest))
		}
		for j := range r.a.Weapons {
			if first := &r.a.Weapons[j]; i != j && r.a.precedes(first, c) && c.Match.partOf(&first.Match) {
				r.errorf(r.weaponNodes[i], "class %q can never apply: every weapon of it is of class %q, which takes precedence", c.ID, first.ID)
			}
		}
	}
}

// precedes says whether the text sets one class before another.
func (a *Agreement) precedes(first, second *WeaponClass) bool {
	return slices.ContainsFunc(a.Interpretations, func(t Interpretation) bool {
		return !t.Both && t.Precedence == first.ID && slices.Contains(t.About, second.ID)
	})
}

// partOf says whether every weapon that matches m matches o.
func (m *Match) partOf(o *Match) bool {
	for _, p := range m.Platforms {
		if !slices.Contains(o.Platforms, p) {
			return false
		}
	}
	within := func(in, out []string) bool {
		return len(out) == 0 || len(in) > 0 && !slices.ContainsFunc(in, func(s string) bool { return !slices.Contains(out, s) })
	}
	models := len(o.Models) == 0 || len(m.Models) > 0 && !slices.ContainsFunc(m.Models, func(s string) bool { return !hasModel(o.Models, s) })
	for _, s := range o.NotModels {
		excluded := hasModel(m.NotModels, s) || len(m.Models) > 0 && !hasModel(m.Models, s)
		models = models && excluded
	}
	return models && m.CalibreMM.partOf(o.CalibreMM) && m.RangeKM.partOf(o.RangeKM) && within(m.Roles, o.Roles) && within(m.Munitions, o.Munitions)
}

func (b Bounds) partOf(c Bounds) bool {
	return b.Min >= c.Min && (c.Max == 0 || b.Max != 0 && b.Max <= c.Max)
}

// checkCeilings looks at ceilings of what may not be there at all.
func (r *reader) checkCeilings() {
	for i, c := range r.a.Ceilings {
		n := r.ceilingNodes[i]
		z := r.a.Zone(c.Zone)
		if c.Max == 0 {
			continue
		}
		for _, rule := range []string{"no_forces", "no_weapons"} {
			if slices.Contains(z.Rules, rule) && (rule == "no_forces" || !c.Persons) {
				r.errorf(child(n, "zone"), "a ceiling of %d in zone %q, which nobody may enter (%s): set max to 0, or take the rule from the zone", c.Max, z.ID, rule)
				break
			}
		}
		for _, id := range c.Classes {
			if class := r.a.Class(id); slices.Contains(class.ZoneBan, z.ID) || class.keepsOut(z, c.Party) {
				r.errorf(child(n, "weapon_class"), "a ceiling of %d for class %q, which is banned from the whole of zone %q: set max to 0, or choose a deeper zone", c.Max, id, z.ID)
			}
		}
	}
}

// keepsOut says whether a class withdraws beyond the whole of a zone, on the sides
// of a party, or of every party.
func (c *WeaponClass) keepsOut(z *Zone, party trucewatch.PartyID) bool {
	if len(z.Bands) == 0 {
		return false
	}
	return !slices.ContainsFunc(z.Bands, func(b Band) bool {
		return (party == "" || b.Party == party) && b.TillMM > c.WithdrawMM
	})
}
