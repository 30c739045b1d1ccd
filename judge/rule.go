// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/judge/attribution"
)

// rule answers the act's condition in CEL from what was observed. What no source
// says is unknown, and so is what sources contradict each other on.
func (t *trial) rule() condition {
	facts := t.ruleFacts()
	is, unknowns, err := t.act.Evaluate(facts, nil)
	switch {
	case err != nil:
		return condition{holds: unknown, reason: reasonOf(unknown, string(t.act.ID), nil, sayRuleFails, t.act.Rule, err.Error()), change: fill(changeRule, t.act.Rule)}
	case is == agreement.No:
		return condition{holds: no}
	case is == agreement.Unknown:
		names := strings.Join(unknowns, ", ")
		return condition{holds: unknown, reason: reasonOf(unknown, string(t.act.ID), nil, sayRuleOpen, t.act.Rule, names), change: fill(changeRule, names)}
	}
	return condition{holds: yes, claimed: !isChecked(t.support), reason: reasonOf(yes, string(t.act.ID), t.evidence(), sayRule, t.act.Rule)}
}

// ruleFacts are the variables of a rule that are known, by agreement.RuleVariables.
func (t *trial) ruleFacts() map[string]any {
	when := t.in.Incident.When
	v := map[string]any{
		"kinds":            t.words(func(o *trucewatch.Observation) []string { return []string{string(o.Kind)} }),
		"means":            t.words(func(o *trucewatch.Observation) []string { return []string{string(o.Means)} }),
		"marks":            t.words(func(o *trucewatch.Observation) []string { return texts(o.Marks) }),
		"duration_minutes": max(0, int64((when.Till-when.From+trucewatch.Minute-1)/trucewatch.Minute)),
		"hour_utc":         int64(when.From/trucewatch.Hour) % 24,
		"notified":         t.notified(),
	}
	count := func(of func(*trucewatch.Observation) int64) int64 { return largest(t.counted(), of) }
	v["count"] = count(func(o *trucewatch.Observation) int64 { return o.Count.Value })
	t.put(v, "owner", ownerOrActor)
	t.put(v, "description", func(o *trucewatch.Observation) string { return string(o.Description) })
	t.put(v, "restriction", func(o *trucewatch.Observation) string {
		if o.Restriction == nil {
			return ""
		}
		return o.Restriction.Type
	})
	t.putObject(v)
	t.putWeapon(v)
	t.putHarm(v)
	if !t.region.IsZero() {
		t.putPlace(v)
	}
	return v
}

func ownerOrActor(o *trucewatch.Observation) string {
	if who := attribution.Actor(o); who != "" {
		return who
	}
	return ownerOf(o)
}

// counted are the observations that count: those that were checked, else claims.
func (t *trial) counted() []*trucewatch.Recorded {
	if len(t.checked) > 0 {
		return t.checked
	}
	return t.support
}

// words lists distinct words of the observations that show the act.
func (t *trial) words(of func(*trucewatch.Observation) []string) []string {
	out := []string{}
	for _, r := range t.support {
		for _, w := range of(r.Observation) {
			if !slices.Contains(out, w) {
				out = append(out, w)
			}
		}
	}
	slices.Sort(out)
	return out
}

func texts[T ~string](words []T) []string {
	out := make([]string, 0, len(words))
	for _, w := range words {
		out = append(out, string(w))
	}
	return out
}

// put sets a variable that all sources who speak of it agree on.
func (t *trial) put(v map[string]any, name string, of func(*trucewatch.Observation) string) {
	said := ""
	for _, r := range t.counted() {
		switch s := of(r.Observation); {
		case s == "" || s == said:
		case said != "":
			return
		default:
			said = s
		}
	}
	if said != "" {
		v[name] = said
	}
}

// putNumber sets a variable of a number that all sources who give one agree on.
func (t *trial) putNumber(v map[string]any, name string, of func(*trucewatch.Observation) int64) {
	said := int64(0)
	for _, r := range t.counted() {
		switch n := of(r.Observation); {
		case n == 0 || n == said:
		case said != 0:
			return
		default:
			said = n
		}
	}
	if said != 0 {
		v[name] = said
	}
}

func (t *trial) putWeapon(v map[string]any) {
	word := func(name string, of func(*trucewatch.Weapon) string) {
		t.put(v, name, func(o *trucewatch.Observation) string {
			if w := weaponUsed(o); isKnown(w) {
				return of(w)
			}
			return ""
		})
	}
	word("platform", func(w *trucewatch.Weapon) string { return string(w.Platform) })
	word("model", func(w *trucewatch.Weapon) string { return w.Model })
	word("role", func(w *trucewatch.Weapon) string { return w.Role })
	word("munition", func(w *trucewatch.Weapon) string { return w.Munition })
	word("weapon_class", func(w *trucewatch.Weapon) string {
		if class, certain, ok := t.a.ClassOf(w); ok && certain {
			return class.ID
		}
		return ""
	})
	number := func(name string, of func(*trucewatch.Weapon) int64) {
		t.putNumber(v, name, func(o *trucewatch.Observation) int64 {
			if o.Weapon == nil {
				return 0
			}
			return of(o.Weapon)
		})
	}
	number("calibre_mm", func(w *trucewatch.Weapon) int64 { return w.CalibreMM })
	number("range_km", func(w *trucewatch.Weapon) int64 { return w.RangeKM })
	t.putNumber(v, "minutes", func(o *trucewatch.Observation) int64 {
		if o.Restriction == nil {
			return 0
		}
		return o.Restriction.Minutes
	})
}

func (t *trial) putHarm(v map[string]any) {
	harmed := slices.ContainsFunc(t.counted(), func(r *trucewatch.Recorded) bool { return r.Observation.Casualty != nil })
	if !harmed {
		return
	}
	number := func(of func(*trucewatch.Casualty) int64) int64 {
		most := int64(0)
		for _, r := range t.counted() {
			if c := r.Observation.Casualty; c != nil {
				most = max(most, of(c))
			}
		}
		return most
	}
	v["killed"] = number(func(c *trucewatch.Casualty) int64 { return c.Killed })
	v["injured"] = number(func(c *trucewatch.Casualty) int64 { return c.Injured })
	t.put(v, "cause", func(o *trucewatch.Observation) string {
		if o.Casualty == nil {
			return ""
		}
		return o.Casualty.Cause
	})
	civilian := map[string]any{}
	t.put(civilian, "", func(o *trucewatch.Observation) string {
		if o.Casualty == nil || o.Casualty.Civilian == "unknown" {
			return ""
		}
		return o.Casualty.Civilian
	})
	if is, known := civilian[""]; known {
		v["civilian"] = is == "yes"
	}
}

func (t *trial) putObject(v map[string]any) {
	t.put(v, "object", func(o *trucewatch.Observation) string {
		if o.Asset == nil {
			return ""
		}
		return o.Asset.Object
	})
	for i := range t.a.Zones {
		for _, o := range t.a.Zones[i].Objects {
			if v["object"] == o.ID {
				v["object_class"] = o.Class
			}
		}
	}
}

// putPlace sets what follows from where it was.
func (t *trial) putPlace(v map[string]any) {
	if strings.Contains(t.act.Rule, "share_in_zone") {
		shares := map[string]int64{}
		for i := range t.a.Zones {
			z := &t.a.Zones[i]
			shares[z.ID] = int64(t.test(z.All, t.zoneError(z)).share)
		}
		v["share_in_zone"] = shares
	}
	if l := t.contact(); l != nil {
		v["distance_to_line_mm"] = l.Line.DistanceMM(t.region.Mean())
		for _, s := range t.a.ControlShareAt(t.region, t.in.Incident.When.From) {
			if t.inside(s.Share) == yes {
				v["side"] = string(s.Party)
			}
		}
	}
}

// notified lists the exemptions under which a notification covers the place and
// time.
func (t *trial) notified() []string {
	out := []string{}
	for i := range t.a.Exemptions {
		x := &t.a.Exemptions[i]
		for _, n := range t.notices {
			if n.Notification.Exemption != x.ID || slices.Contains(out, x.ID) {
				continue
			}
			m := &match{t: t, x: x, notice: n, state: yes, lead: yes}
			m.standing()
			m.window()
			m.place()
			if m.outcome() == exempt {
				out = append(out, x.ID)
			}
		}
	}
	return out
}
