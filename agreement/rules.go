// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/trucewatch/trucewatch"
)

func (r *reader) act(n *yaml.Node) {
	var c Act
	r.object(
		need("id", id(r, &c.ID)),
		need("name", id(r, &c.Name)),
		need("severity", r.whole(&c.Severity, 1, 4)),
		need("when", func(n *yaml.Node) { r.when(n, &c.When) }),
		may("rule", text(r, &c.Rule)),
		may("unless", func(n *yaml.Node) { r.unless(n, &c) }),
		need("unit", word(r, &c.Unit, Units()...)),
		need("basis", text(r, &c.Basis)),
	)(n)
	r.unique(n, "act", string(c.ID), len(r.a.Acts), func(i int) string { return string(r.a.Acts[i].ID) })
	r.a.Acts, r.actNodes = append(r.a.Acts, c), append(r.actNodes, n)
	var rule *yaml.Node
	if n.Kind == yaml.MappingNode && hasKey(n, "rule") {
		rule = child(n, "rule")
		if c.When.BreachOf != "" {
			r.errorf(rule, "a rule is about something seen: an act that is a breach_of has none")
		}
	}
	r.ruleNodes = append(r.ruleNodes, rule)
}

// when reads the closed set of conditions.
func (r *reader) when(n *yaml.Node, w *When) {
	r.object(
		may("kind", words(r, &w.Kinds, trucewatch.Kinds()...)),
		may("weapon", words(r, &w.Platforms, trucewatch.Platforms()...)),
		may("weapon_class", refs(r, &w.Classes, "weapon class", r.hasClass)),
		may("zone", refs(r, &w.Zones, "zone", r.hasZone)),
		may("owner", word(r, &w.Owner, "party", "mission")),
		may("type", words(r, &w.RestrictionTypes, "denial", "delay", "conditional_access", "impediment")),
		may("minutes", r.bounds(&w.Minutes)),
		may("inside_limit_of_class", r.onlyTrue(&w.InsideLimit)),
		may("class_is", word(r, &w.ClassIs, "heavy")),
		may("precise", r.onlyTrue(&w.Precise)),
		may("civilian", r.onlyTrue(&w.Civilian)),
		may("standard", word(r, &w.Standard, "reasonable_grounds")),
		may("breach_of", word(r, &w.BreachOf, BreachesOf()...)),
	)(n)
	switch {
	case n.Kind != yaml.MappingNode:
	case hasKey(n, "breach_of") && len(n.Content) > 2:
		r.errorf(n, "breach_of stands alone: what the text asks over a time is not something seen")
	case !hasKey(n, "kind") && !hasKey(n, "weapon_class") && !hasKey(n, "breach_of"):
		r.errorf(n, "needs kind, weapon_class or breach_of: an act is something seen, or a breach of what the text asks over a time")
	}
}

// onlyTrue refuses false: an act does not say what it does not ask.
func (r *reader) onlyTrue(to *bool) take {
	return func(n *yaml.Node) {
		r.flag(to)(n)
		if n.Value == "false" && !*to {
			r.errorf(n, "false says nothing here: leave the key out")
		}
	}
}

// unless reads mission_asset and notified_<name of an exemption>.
func (r *reader) unless(n *yaml.Node, c *Act) {
	var exceptions []string
	r.some(func(n *yaml.Node) {
		s, ok := r.scalar(n)
		if !ok {
			return
		}
		exceptions = append(exceptions, s)
		name, notified := strings.CutPrefix(s, "notified_")
		if s == "mission_asset" || notified {
			r.later = append(r.later, func() { r.notified(n, name, notified) })
			return
		}
		r.errorf(n, "%q is neither mission_asset nor notified_ and the name of an exemption", clip(s))
	})(n)
	id := len(r.a.Acts)
	r.later = append(r.later, func() {
		for _, s := range exceptions {
			name, notified := strings.CutPrefix(s, "notified_")
			u := &r.a.Acts[id].Unless
			if x := r.a.exemptionNamed(name); notified && x != nil {
				u.Exemptions = append(u.Exemptions, x.ID)
			}
			u.MissionAsset = u.MissionAsset || s == "mission_asset"
		}
	})
}

func (r *reader) notified(n *yaml.Node, name string, notified bool) {
	if notified && r.a.exemptionNamed(name) == nil {
		r.errorf(n, "there is no exemption named %q", clip(name))
	}
}

func (a *Agreement) exemptionNamed(name string) *Exemption {
	return find(a.Exemptions, func(x *Exemption) bool { return x.Name == name })
}

func (r *reader) duty(n *yaml.Node) {
	var d Duty
	r.object(
		need("id", id(r, &d.ID)),
		need("text", text(r, &d.Text)),
		need("basis", text(r, &d.Basis)),
	)(n)
	r.unique(n, "duty", d.ID, len(r.a.Duties), func(i int) string { return r.a.Duties[i].ID })
	r.a.Duties = append(r.a.Duties, d)
}

func (r *reader) returnFire(n *yaml.Node) {
	f := &ReturnFire{}
	r.a.ReturnFire = f
	r.object(
		need("allowed_only_if", r.list(func(n *yaml.Node) {
			var fact Fact
			var before trucewatch.Instant
			r.object(
				need("fact", id(r, &fact.Fact)),
				may("via", id(r, &fact.Via)),
				may("logged", r.flag(&fact.Logged)),
				may("before_minutes", func(n *yaml.Node) {
					r.span(&before, trucewatch.Minute)(n)
					fact.Before = &before
				}),
				may("level", id(r, &fact.Level)),
				may("to", ids(r, &fact.To)),
				may("within_minutes", r.span(&fact.Within, trucewatch.Minute)),
			)(n)
			f.AllowedOnlyIf = append(f.AllowedOnlyIf, fact)
		})),
		need("otherwise", word(r, &f.Otherwise, "violation")),
		may("basis", text(r, &f.Basis)),
	)(n)
}

func (r *reader) exemption(n *yaml.Node) {
	var x Exemption
	r.object(
		need("id", id(r, &x.ID)),
		need("name", id(r, &x.Name)),
		may("outside", refs(r, &x.Outside, "zone", r.hasZone)),
		may("lead_hours", r.span(&x.Lead, trucewatch.Hour)),
		may("emergency_lead_hours", r.span(&x.EmergencyLead, trucewatch.Hour)),
		may("fields", r.list(func(n *yaml.Node) { r.notificationField(n, &x) })),
		may("effect", word(r, &x.Effect, "not_a_violation", "raises_severity", "protects", "as_stated")),
		may("severity", r.whole(&x.RaisesTo, 1, 4)),
		may("lifts", refs(r, &x.Lifts, "act", r.hasAct)),
		may("tolerance_m", r.metres(&x.ToleranceMM)),
		may("tolerance_minutes", r.span(&x.Tolerance, trucewatch.Minute)),
		may("void_if", r.list(func(n *yaml.Node) { r.voidIf(n, &x) })),
		may("requires", ids(r, &x.Requires)),
		may("basis", text(r, &x.Basis)),
	)(n)
	if n.Kind == yaml.MappingNode {
		switch {
		case x.Effect == "" && len(x.Lifts) == 0 && !hasKey(n, "effect") && !hasKey(n, "lifts"):
			r.errorf(n, "needs effect or lifts")
		case hasKey(n, "severity") != (x.Effect == "raises_severity"):
			r.errorf(n, "severity goes with effect raises_severity, and only with it")
		}
	}
	r.unique(n, "exemption", x.ID, len(r.a.Exemptions), func(i int) string { return r.a.Exemptions[i].ID })
	r.unique(n, "exemption named", x.Name, len(r.a.Exemptions), func(i int) string { return r.a.Exemptions[i].Name })
	r.a.Exemptions, r.exemptionNodes = append(r.a.Exemptions, x), append(r.exemptionNodes, n)
}

// notificationField reads one thing a notification must state: a word, or
// {guarantees_from: [A, B]}.
func (r *reader) notificationField(n *yaml.Node, x *Exemption) {
	if n.Kind == yaml.MappingNode {
		r.object(need("guarantees_from", refs(r, &x.GuaranteesFrom, "party", r.hasParty)))(n)
		return
	}
	ids(r, &x.Fields)(n)
}

// voidIf reads munition_dropped or {off_corridor_m: {gt: 500}}.
func (r *reader) voidIf(n *yaml.Node, x *Exemption) {
	var v VoidIf
	if n.Kind == yaml.MappingNode {
		v.Fact = "off_corridor"
		r.object(need("off_corridor_m", r.object(need("gt", r.metres(&v.OverMM)))))(n)
	} else {
		word(r, &v.Fact, "munition_dropped")(n)
	}
	x.VoidIf = append(x.VoidIf, v)
}

func (r *reader) acknowledgement(n *yaml.Node) {
	k := &Acknowledgement{}
	r.a.Acknowledgement = k
	r.object(
		need("by", id(r, &k.By)),
		need("within_hours", r.span(&k.Within, trucewatch.Hour)),
		may("states", ids(r, &k.States)),
		may("no_answer_means", id(r, &k.NoAnswerMeans)),
		may("basis", text(r, &k.Basis)),
	)(n)
}

func (r *reader) counting(n *yaml.Node) {
	c := &r.a.Counting
	r.object(
		need("layers", words(r, &c.Layers, "phenomenon", "engagement", "finding")),
		may("engagement", r.object(
			may("same_kind", r.flag(&c.Engagement.SameKind)),
			may("gap_seconds", r.span(&c.Engagement.Gap, trucewatch.Second)),
			may("radius", word(r, &c.Engagement.Radius, "union_of_uncertainty_areas")),
			may("cap_minutes", r.span(&c.Engagement.Cap, trucewatch.Minute)),
		)),
		may("dedupe", r.object(
			need("across_sensors", r.flag(&c.AcrossSensors)),
			may("rule", text(r, &c.DedupeRule)),
		)),
		may("not_counted", ids(r, &c.NotCounted)),
		may("basis", text(r, &c.Basis)),
	)(n)
}

func (r *reader) evidence(n *yaml.Node) {
	e := &r.a.Evidence
	var method, otherwise string
	r.object(
		need("scale", r.object(
			need("possible", r.share(&e.Possible)), need("probable", r.share(&e.Probable)), need("confirmed", r.share(&e.Confirmed)))),
		need("to_publish", word(r, &e.ToPublish, "possible", "probable", "confirmed")),
		need("to_attribute", r.object(
			need("severity_1_2", r.share(&e.AttributeLow)), need("severity_3_4", r.share(&e.AttributeHigh)))),
		need("min_independent_means", r.object(
			need("severity_1_2", r.whole(&e.MeansLow, 0, 9)), need("severity_3_4", r.whole(&e.MeansHigh, 0, 9)))),
		need("zone_test", func(n *yaml.Node) {
			r.object(
				need("method", word(r, &method, "probability_inside")),
				need("in_if_ge", r.share(&e.InIfGE)),
				need("out_if_le", r.share(&e.OutIfLE)),
				need("else", word(r, &otherwise, "indeterminate")),
			)(n)
			if e.InIfGE <= e.OutIfLE {
				r.errorf(n, "in_if_ge is not above out_if_le: a place would be inside and outside")
			}
		}),
		need("party_claim_alone", word(r, &e.ClaimAlone, "never_above_possible")),
		may("basis", text(r, &e.Basis)),
	)(n)
	if e.Possible > e.Probable || e.Probable > e.Confirmed {
		r.errorf(n, "scale does not rise from possible to confirmed")
	}
}

func (r *reader) clock(n *yaml.Node) {
	var c Clock
	c.From = "detection"
	r.object(
		need("id", id(r, &c.ID)),
		may("h", r.span(&c.After, trucewatch.Hour)),
		may("from", word(r, &c.From, "detection", "service")),
		may("do", text(r, &c.Do)),
		may("cutoff_local", func(n *yaml.Node) { r.timeOfDay(n, &c.CutOff) }),
		may("publish_next_day", r.flag(&c.PublishNextDay)),
		may("basis", text(r, &c.Basis)),
	)(n)
	if n.Kind == yaml.MappingNode && hasKey(n, "h") == hasKey(n, "cutoff_local") {
		r.errorf(n, "needs h or cutoff_local, one of them")
	}
	if c.CutOff != "" {
		c.From = ""
	}
	r.unique(n, "clock", c.ID, len(r.a.Clocks), func(i int) string { return r.a.Clocks[i].ID })
	r.a.Clocks, r.clockNodes = append(r.a.Clocks, c), append(r.clockNodes, n)
}

func (r *reader) timeOfDay(n *yaml.Node, to *string) {
	s, ok := r.scalar(n)
	if !ok {
		return
	}
	if len(s) != 5 || s[2] != ':' || !allDigits(s[:2]+s[3:]) || s[:2] > "23" || s[3:] > "59" {
		r.errorf(n, "%q is not a time of day such as 19:30", clip(s))
		return
	}
	*to = s
}
