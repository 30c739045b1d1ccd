// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"crypto/sha256"

	"go.yaml.in/yaml/v4"

	"github.com/trucewatch/trucewatch"
)

// lines reads the lines by ID, and reference_for.
func (r *reader) lines(n *yaml.Node) {
	r.entries(n, func(key, value *yaml.Node) {
		if key.Value == "reference_for" {
			r.references(value)
			return
		}
		l := Line{ID: key.Value}
		var want trucewatch.Hash
		r.object(
			need("kind", word(r, &l.Kind, "line_of_contact", "reference_line")),
			need("geometry", text(r, &l.File)),
			may("sha256", r.hash(&want)),
			need("survey_error_m", r.metres(&l.SurveyErrorMM)),
			may("dated", r.instant(&l.Dated)),
			may("basis", text(r, &l.Basis)),
		)(value)
		if !r.identifier(key, key.Value) {
			return
		}
		if data, ok := r.named(value, "geometry", l.File, want); ok {
			r.geometry(l.File, data).line(&l)
			at := child(value, "geometry")
			for _, p := range []trucewatch.PartyID{l.Left, l.Right} {
				if p != "" {
					r.isParty(at, p)
				}
			}
		}
		for _, other := range r.a.Lines {
			if l.Kind == "line_of_contact" && other.Kind == l.Kind && other.Dated == l.Dated {
				r.errorf(key, "a second line of contact beside %q of the same date: give each its own dated, or one the kind reference_line", other.ID)
			}
		}
		if l.Kind == "reference_line" && l.Dated != 0 {
			r.errorf(child(value, "dated"), "dated goes with a line of contact: a reference line stands for the whole text")
		}
		r.a.Lines, r.lineNodes = append(r.a.Lines, l), append(r.lineNodes, value)
	})
}

func (r *reader) references(n *yaml.Node) {
	r.entries(n, func(key, value *yaml.Node) {
		one := Reference{Party: trucewatch.PartyID(key.Value)}
		ref(r, &one.Line, "line", r.hasLine)(value)
		r.isParty(key, one.Party)
		r.later = append(r.later, func() {
			if l := r.a.Line(one.Line); l != nil && l.Line != nil && l.Side(one.Party) == 0 {
				r.errorf(value, "line %q has party %q neither left nor right", one.Line, one.Party)
			}
		})
		r.a.References = append(r.a.References, one)
	})
}

// named returns a file that the text names, with its digest checked. key is the
// key of value that names it.
func (r *reader) named(value *yaml.Node, key, name string, want trucewatch.Hash) ([]byte, bool) {
	return r.namedBy(value, key, name, "sha256", want)
}

// namedBy is named where the digest stands under another key.
func (r *reader) namedBy(value *yaml.Node, key, name, digest string, want trucewatch.Hash) ([]byte, bool) {
	if name == "" {
		return nil, false
	}
	data, ok := r.file(name)
	if !ok {
		r.errorf(child(value, key), "file %q is not in the bundle", clip(name))
		return nil, false
	}
	if got := trucewatch.Hash(sha256.Sum256(data)); !want.IsZero() && got != want {
		r.errorf(child(value, digest), "%s has SHA-256 %s, not this", name, got)
		return nil, false
	}
	return data, true
}

// child returns the value of a key, n itself if it has none.
func child(n *yaml.Node, key string) *yaml.Node {
	if n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == key {
				return n.Content[i+1]
			}
		}
	}
	return n
}

// everywhere is the kind of the zone that is all ground.
const everywhere = "everywhere"

func (r *reader) zone(n *yaml.Node) {
	var z Zone
	var polygons, register string
	var want trucewatch.Hash
	var radiusMM int64
	r.object(
		need("id", id(r, &z.ID)),
		need("kind", id(r, &z.Kind)),
		may("from_line_km", func(n *yaml.Node) { r.bands(n, &z) }),
		may("polygons", text(r, &polygons)),
		may("register", text(r, &register)),
		may("sha256", r.hash(&want)),
		may("radius_m_default", r.metres(&radiusMM)),
		may("min_size_km", func(n *yaml.Node) { r.minSize(n, &z) }),
		may("rules", ids(r, &z.Rules)),
		may("basis", text(r, &z.Basis)),
	)(n)
	r.unique(n, "zone", z.ID, len(r.a.Zones), func(i int) string { return r.a.Zones[i].ID })
	if n.Kind == yaml.MappingNode {
		r.oneGround(n, z.Kind)
	}
	if data, ok := r.named(n, "polygons", polygons, want); ok {
		z.Areas = r.geometry(polygons, data).areas()
		r.areaSizes(n, &z)
	}
	if data, ok := r.named(n, "register", register, want); ok {
		z.Objects = r.objects(register, data, radiusMM)
	}
	z.IsGlobal = z.Kind == everywhere
	r.a.Zones, r.zoneNodes = append(r.a.Zones, z), append(r.zoneNodes, n)
}

// oneGround wants a zone to say once where it is.
func (r *reader) oneGround(n *yaml.Node, kind string) {
	count := 0
	for _, key := range []string{"from_line_km", "polygons", "register"} {
		if hasKey(n, key) {
			count++
		}
	}
	switch {
	case kind == everywhere && count > 0:
		r.errorf(n, "a zone of kind everywhere has no ground of its own")
	case kind != everywhere && count != 1:
		r.errorf(n, "needs one of from_line_km, polygons and register, or kind everywhere")
	case hasKey(n, "sha256") && !hasKey(n, "polygons") && !hasKey(n, "register"):
		r.errorf(child(n, "sha256"), "sha256 of no file")
	case hasKey(n, "radius_m_default") && !hasKey(n, "register"):
		r.errorf(child(n, "radius_m_default"), "radius_m_default without register")
	}
}

// bands reads {A: [0, 7.5], B: [0, 7.5]}.
func (r *reader) bands(n *yaml.Node, z *Zone) {
	r.entries(n, func(key, value *yaml.Node) {
		b := Band{Party: trucewatch.PartyID(key.Value)}
		r.isParty(key, b.Party)
		var pair []int64
		r.list(func(n *yaml.Node) {
			var v int64
			r.kilometres(&v)(n)
			pair = append(pair, v)
		})(value)
		switch {
		case value.Kind != yaml.SequenceNode:
			return
		case len(pair) != 2:
			r.errorf(value, "a band is two distances, [from, till]")
			return
		case pair[0] >= pair[1]:
			r.errorf(value, "band runs from %s to %s: reversed or empty", value.Content[0].Value, value.Content[1].Value)
			return
		}
		b.FromMM, b.TillMM = pair[0], pair[1]
		z.Bands = append(z.Bands, b)
		r.needsReference(key, b.Party)
	})
	if n.Kind == yaml.MappingNode && len(n.Content) == 0 {
		r.errorf(n, "no bands")
	}
}

// needsReference wants a line from which a party's distances count.
func (r *reader) needsReference(n *yaml.Node, party trucewatch.PartyID) {
	r.later = append(r.later, func() {
		if r.a.reference(party) == nil {
			r.errorf(n, "distances of party %q count from no line: lines.reference_for does not name it", clip(string(party)))
		}
	})
}

// reference returns the line from which a party's distances count, nil if none.
func (a *Agreement) reference(party trucewatch.PartyID) *Line {
	f := find(a.References, func(f *Reference) bool { return f.Party == party })
	if f == nil {
		return nil
	}
	return a.Line(f.Line)
}

func (r *reader) minSize(n *yaml.Node, z *Zone) {
	var pair []int64
	r.list(func(n *yaml.Node) {
		var v int64
		r.kilometres(&v)(n)
		pair = append(pair, v)
	})(n)
	if len(pair) == 2 {
		z.MinSize = [2]int64(pair)
	} else if n.Kind == yaml.SequenceNode {
		r.errorf(n, "a size is two lengths, [2, 2]")
	}
}

func (r *reader) weapon(n *yaml.Node) {
	var c WeaponClass
	r.object(
		need("id", id(r, &c.ID)),
		need("match", r.object(
			need("platform", words(r, &c.Match.Platforms, trucewatch.Platforms()...)),
			may("model", texts(r, &c.Match.Models)),
			may("not_model", texts(r, &c.Match.NotModels)),
			may("calibre_mm", r.bounds(&c.Match.CalibreMM)),
			may("range_km", r.bounds(&c.Match.RangeKM)),
			may("role", words(r, &c.Match.Roles, "fpv_attack", "bomber", "isr", "delivery")),
			may("munition", words(r, &c.Match.Munitions, "bomb", "glide_bomb", "rocket", "missile")),
		)),
		may("withdraw_km", orNull(r.kilometres(&c.WithdrawMM))),
		may("phase", ref(r, &c.Phase, "phase", r.hasPhase)),
		may("zone_ban", refs(r, &c.ZoneBan, "zone", r.hasZone)),
		may("reach_km", r.wholeKM(&c.ReachKM)),
		may("held_by", refs(r, &c.HeldBy, "party", r.hasParty)),
		may("use", word(r, &c.Use, "prohibited", "prohibited_in_zone", "notified_only", "no_effect_on_mission_assets")),
		may("basis", text(r, &c.Basis)),
	)(n)
	r.unique(n, "weapon class", c.ID, len(r.a.Weapons), func(i int) string { return r.a.Weapons[i].ID })
	if c.WithdrawMM > 0 {
		r.later = append(r.later, func() {
			for _, p := range r.a.PartyIDs {
				if r.a.reference(p) == nil {
					r.errorf(child(n, "withdraw_km"), "distances of party %q count from no line: lines.reference_for does not name it", p)
				}
			}
		})
	}
	r.later = append(r.later, func() { r.overlaps(n, c.ID) })
	r.a.Weapons, r.weaponNodes = append(r.a.Weapons, c), append(r.weaponNodes, n)
}

func (r *reader) phases(n *yaml.Node) {
	r.entries(n, func(key, value *yaml.Node) {
		p := Phase{ID: key.Value}
		r.object(
			may("start_after_hours", r.span(&p.StartAfter, trucewatch.Hour)),
			may("start_after", id(r, &p.After)),
			need("complete_days", r.span(&p.Complete, trucewatch.Day)),
			may("basis", text(r, &p.Basis)),
		)(value)
		if value.Kind == yaml.MappingNode && hasKey(value, "start_after_hours") == hasKey(value, "start_after") {
			r.errorf(value, "needs start_after_hours or start_after, one of them")
		}
		// Only earlier phases may be named: that leaves no room for circles.
		if p.After != "" && r.a.Phase(p.After) == nil {
			r.errorf(child(value, "start_after"), "there is no phase %q before this one", p.After)
		}
		if r.identifier(key, key.Value) {
			r.a.Phases = append(r.a.Phases, p)
		}
	})
}

func (r *reader) storage(n *yaml.Node) {
	s := &Storage{}
	r.a.Storage = s
	var register, inventories string
	var want, wantInventories trucewatch.Hash
	r.object(
		need("declared_sites", text(r, &register)),
		may("sha256", r.hash(&want)),
		may("inventories", text(r, &inventories)),
		may("inventories_sha256", r.hash(&wantInventories)),
		may("inspection", r.object(
			may("notice_hours", r.span(&s.Notice, trucewatch.Hour)),
			may("max_interval_days", r.span(&s.MaxInterval, trucewatch.Day)),
		)),
		may("statuses", ids(r, &s.Statuses)),
		may("basis", text(r, &s.Basis)),
	)(n)
	if data, ok := r.named(n, "declared_sites", register, want); ok {
		s.Sites = r.sites(register, data)
	}
	if data, ok := r.namedBy(n, "inventories", inventories, "inventories_sha256", wantInventories); ok {
		r.inventories(inventories, data, s.Sites)
	}
}
