// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/trucewatch/trucewatch"
)

// A fit is how far a weapon meets a condition.
type fit int

const (
	no fit = iota
	maybe
	yes
)

// A Candidate is a class that a weapon may be of.
type Candidate struct {
	Class   *WeaponClass
	Certain bool // every condition is known to hold, and no other class has a claim
}

// ClassOf returns the class of a weapon. The first matching class wins, unless
// an interpretation gives another precedence. certain is false if a field that
// decides is not known (calibre 0, no model), or if an interpretation lets both
// readings stand. ok is false if no class can match, or nothing is known of the
// weapon: then it has no class, and unknown never makes a breach by itself.
func (a *Agreement) ClassOf(w *trucewatch.Weapon) (class WeaponClass, certain, ok bool) {
	c := a.Candidates(w)
	if len(c) == 0 {
		return WeaponClass{}, false, false
	}
	return *c[0].Class, c[0].Certain, true
}

// Candidates returns every class that a weapon may be of, the most likely first:
// those that match for certain, then those that may. It is empty for a weapon
// that matches none or of which nothing is known; a weapon that is known only to
// be artillery may be of any class of guns, howitzers, mortars or launchers.
func (a *Agreement) Candidates(w *trucewatch.Weapon) []Candidate {
	if w == nil || w.Platform == "" || w.Platform == trucewatch.UnknownPlatform {
		return nil
	}
	var sure, unsure []*WeaponClass
	for i := range a.Weapons {
		switch c := &a.Weapons[i]; c.Match.fits(w) {
		case yes:
			sure = append(sure, c)
		case maybe:
			unsure = append(unsure, c)
		}
	}
	if both := a.settle(&sure); len(sure) == 1 && !both {
		// A class that matches for certain rules out those that may match: Parse
		// has refused classes that overlap without an interpretation, and with
		// one the precedence is what is asked.
		rivals := a.rivals(sure[0], unsure)
		return append([]Candidate{{sure[0], len(rivals) == 0}}, candidates(rivals)...)
	}
	return append(candidates(sure), candidates(unsure)...)
}

// settle orders classes that all match and drops those that an interpretation
// sets behind another. It says whether an interpretation lets both stand.
func (a *Agreement) settle(sure *[]*WeaponClass) (both bool) {
	has := func(id string) bool {
		return slices.ContainsFunc(*sure, func(c *WeaponClass) bool { return c.ID == id })
	}
	for _, t := range a.Interpretations {
		met := 0
		for _, id := range t.About {
			if has(id) {
				met++
			}
		}
		if met < 2 {
			continue
		}
		if t.Both {
			both = true
		} else if has(t.Precedence) {
			*sure = slices.DeleteFunc(*sure, func(c *WeaponClass) bool {
				return c.ID != t.Precedence && slices.Contains(t.About, c.ID)
			})
		}
	}
	return both
}

// rivals returns those of the unsure classes that would take precedence over c
// if they matched, or stand beside it.
func (a *Agreement) rivals(c *WeaponClass, unsure []*WeaponClass) []*WeaponClass {
	var out []*WeaponClass
	for _, u := range unsure {
		t := find(a.Interpretations, func(t *Interpretation) bool {
			return slices.Contains(t.About, c.ID) && slices.Contains(t.About, u.ID)
		})
		if t != nil && t.Precedence != c.ID {
			out = append(out, u)
		}
	}
	return out
}

func candidates(classes []*WeaponClass) []Candidate {
	var out []Candidate
	for _, c := range classes {
		out = append(out, Candidate{Class: c})
	}
	return out
}

// fits says whether w meets every condition of m; a field that w leaves open
// may meet any.
func (m *Match) fits(w *trucewatch.Weapon) fit {
	f := m.platform(w.Platform)
	f = min(f, within(m.CalibreMM, w.CalibreMM), within(m.RangeKM, w.RangeKM))
	f = min(f, oneOf(m.Roles, w.Role), oneOf(m.Munitions, w.Munition))
	if len(m.Models) > 0 || len(m.NotModels) > 0 {
		switch {
		case w.Model == "":
			f = min(f, maybe)
		case len(m.Models) > 0 && !hasModel(m.Models, w.Model), hasModel(m.NotModels, w.Model):
			f = no
		}
	}
	return f
}

func (m *Match) platform(p trucewatch.Platform) fit {
	switch {
	case slices.Contains(m.Platforms, p):
		return yes
	case p == trucewatch.ArtilleryUnknown && slices.ContainsFunc(m.Platforms, isArtillery):
		return maybe
	}
	return no
}

// isArtillery says whether a piece of unknown kind, "artillery", may be a p.
func isArtillery(p trucewatch.Platform) bool {
	switch p {
	case trucewatch.Gun, trucewatch.ATGun, trucewatch.HowitzerTowed, trucewatch.HowitzerSP, trucewatch.Mortar, trucewatch.MLRS:
		return true
	}
	return false
}

func within(b Bounds, v int64) fit {
	switch {
	case b == Bounds{}:
		return yes
	case v == 0:
		return maybe
	case v < b.Min || b.Max != 0 && v > b.Max:
		return no
	}
	return yes
}

func oneOf(list []string, s string) fit {
	switch {
	case len(list) == 0 || slices.Contains(list, s):
		return yes
	case s == "":
		return maybe
	}
	return no
}

func hasModel(list []string, model string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, model) })
}

// meets says whether some weapon can match both m and o.
func (m *Match) meets(o *Match) bool {
	return slices.ContainsFunc(m.Platforms, func(p trucewatch.Platform) bool { return slices.Contains(o.Platforms, p) }) &&
		m.CalibreMM.meets(o.CalibreMM) && m.RangeKM.meets(o.RangeKM) &&
		listsMeet(m.Roles, o.Roles) && listsMeet(m.Munitions, o.Munitions) && m.modelsMeet(o)
}

func (b Bounds) meets(c Bounds) bool {
	return (b.Max == 0 || c.Min <= b.Max) && (c.Max == 0 || b.Min <= c.Max)
}

func listsMeet(a, b []string) bool {
	return len(a) == 0 || len(b) == 0 || slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

// modelsMeet says whether some model is allowed by both. Without a list of
// models there is always one that neither excludes.
func (m *Match) modelsMeet(o *Match) bool {
	list, other := m, o
	if len(list.Models) == 0 {
		list, other = o, m
	}
	if len(list.Models) == 0 {
		return true
	}
	return slices.ContainsFunc(list.Models, func(s string) bool {
		return !hasModel(list.NotModels, s) && !hasModel(other.NotModels, s) && (len(other.Models) == 0 || hasModel(other.Models, s))
	})
}

// overlaps refuses a weapon that two classes claim, unless the text says which
// wins or that both stand. It reports at the later class.
func (r *reader) overlaps(n *yaml.Node, id string) {
	i := slices.IndexFunc(r.a.Weapons, func(c WeaponClass) bool { return c.ID == id })
	if i < 0 {
		return
	}
	for j := range i {
		first, second := &r.a.Weapons[j], &r.a.Weapons[i]
		settled := 0
		for _, t := range r.a.Interpretations {
			if slices.Contains(t.About, first.ID) && slices.Contains(t.About, second.ID) {
				settled++
			}
		}
		switch {
		case settled > 1:
			r.errorf(n, "%q and %q are settled twice under interpretations", first.ID, second.ID)
		case settled == 0 && first.Match.meets(&second.Match):
			r.errorf(n, "some weapon is both %q and %q: settle it under interpretations, with precedence or both", first.ID, second.ID)
		}
	}
}
