// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/trucewatch/trucewatch"
)

func (r *reader) monitoringRights(n *yaml.Node) {
	m := &MonitoringRights{}
	r.a.MonitoringRights = m
	r.object(
		may("access", id(r, &m.Access)),
		may("hours", text(r, &m.Hours)),
		may("mission_uav_exempt_from", refs(r, &m.UAVExemptFrom, "act", r.hasAct)),
		may("imagery_to_parties", id(r, &m.ImageryToParties)),
		may("basis", text(r, &m.Basis)),
	)(n)
}

func (r *reader) humanitarian(n *yaml.Node) {
	h := &Humanitarian{}
	r.a.Humanitarian = h
	r.object(
		may("prisoners", func(n *yaml.Node) {
			p := &Prisoners{}
			h.Prisoners = p
			r.object(may("principle", id(r, &p.Principle)), may("order", ids(r, &p.Order)), may("lists_via", id(r, &p.ListsVia)))(n)
		}),
		may("remains", func(n *yaml.Node) {
			m := &Remains{}
			h.Remains = m
			r.object(may("exchange", r.flag(&m.Exchange)), may("identification", id(r, &m.Identification)))(n)
		}),
		may("windows", func(n *yaml.Node) {
			r.entries(n, func(key, value *yaml.Node) {
				w := WindowTerm{ID: key.Value}
				r.object(
					need("duration_hours", func(n *yaml.Node) { r.durations(n, &w) }),
					need("kind", id(r, &w.Kind)),
				)(value)
				if r.identifier(key, key.Value) {
					h.Windows = append(h.Windows, w)
				}
			})
		}),
		may("basis", text(r, &h.Basis)),
	)(n)
}

func (r *reader) durations(n *yaml.Node, w *WindowTerm) {
	var pair []trucewatch.Instant
	r.list(func(n *yaml.Node) {
		var v trucewatch.Instant
		r.span(&v, trucewatch.Hour)(n)
		pair = append(pair, v)
	})(n)
	switch {
	case n.Kind != yaml.SequenceNode:
	case len(pair) != 2:
		r.errorf(n, "a duration is two lengths, [least, most]")
	case pair[0] > pair[1]:
		r.errorf(n, "duration runs from %s to %s hours: reversed", n.Content[0].Value, n.Content[1].Value)
	default:
		w.ShortMin, w.ShortMax = pair[0], pair[1]
	}
}

func (r *reader) digitalAnnex(n *yaml.Node) {
	d := &DigitalAnnex{}
	r.a.DigitalAnnex = d
	r.object(
		need("prohibited", refs(r, &d.Prohibited, "act", r.hasAct)),
		may("attribution_threshold", r.share(&d.Attribution)),
		may("basis", text(r, &d.Basis)),
	)(n)
}

// disclosureAudiences are the audiences that a text may rule. The mission's own
// operations room sees everything and is ruled by no clause.
func disclosureAudiences() []trucewatch.Audience {
	return []trucewatch.Audience{trucewatch.ForPublic, trucewatch.ForPress, trucewatch.ForResearcher, trucewatch.ForHumanitarian,
		trucewatch.ForPartyA, trucewatch.ForPartyB, trucewatch.ForCommission, trucewatch.ForGuarantor, trucewatch.ForAuditor}
}

func (r *reader) disclosure(n *yaml.Node) {
	r.entries(n, func(key, value *yaml.Node) {
		d := DisclosureRule{Audience: trucewatch.Audience(key.Value)}
		if !slices.Contains(disclosureAudiences(), d.Audience) {
			r.errorf(key, "%q is not %s", clip(key.Value), choice(key.Value, disclosureAudiences()))
			return
		}
		r.object(
			may("as", word(r, &d.As, disclosureAudiences()...)),
			may("precision_km", func(n *yaml.Node) {
				r.kilometres(&d.PrecisionMM)(n)
				d.Precise = true
			}),
			may("delay_hours", r.span(&d.Delay, trucewatch.Hour)),
			may("only", ids(r, &d.Only)),
			may("hide", ids(r, &d.Hide)),
			may("never", ids(r, &d.Never)),
			may("own_side", word(r, &d.OwnSide, "exact")),
			may("other_side", func(n *yaml.Node) {
				o := &OtherSide{}
				d.OtherSide = o
				r.object(
					need("precision", word(r, &o.Precision, "district")),
					need("delay", word(r, &o.Delay, "after_case_service")),
					need("weapons_seen", word(r, &o.WeaponsSeen, "band_and_district")),
				)(n)
			}),
			may("per_case", word(r, &d.PerCase, "exact_on_warrant")),
			may("openings", word(r, &d.Openings, "all")),
			may("reads", word(r, &d.Reads, "recorded")),
			may("basis", text(r, &d.Basis)),
		)(value)
		r.later = append(r.later, func() { r.disclosureAs(value, &d) })
		r.a.Disclosure = append(r.a.Disclosure, d)
	})
}

// disclosureAs wants "as" to stand alone and to point at a rule that has none.
func (r *reader) disclosureAs(n *yaml.Node, d *DisclosureRule) {
	if d.As == "" {
		return
	}
	other := find(r.a.Disclosure, func(o *DisclosureRule) bool { return o.Audience == d.As })
	switch {
	case len(n.Content) != 2:
		r.errorf(n, "as stands alone: %s sees what %s sees", d.Audience, d.As)
	case other == nil:
		r.errorf(child(n, "as"), "there is no rule for %s", d.As)
	case other.As != "":
		r.errorf(child(n, "as"), "the rule for %s itself says as: name the last one", d.As)
	}
}

func (r *reader) interpretation(n *yaml.Node) {
	var t Interpretation
	r.object(
		need("id", id(r, &t.ID)),
		need("about", refs(r, &t.About, "weapon class", r.hasClass)),
		need("question", text(r, &t.Question)),
		may("precedence", ref(r, &t.Precedence, "weapon class", r.hasClass)),
		may("both", r.onlyTrue(&t.Both)),
		may("basis", text(r, &t.Basis)),
	)(n)
	if n.Kind == yaml.MappingNode {
		switch {
		case hasKey(n, "precedence") == hasKey(n, "both"):
			r.errorf(n, "needs precedence or both, one of them")
		case t.Precedence != "" && !slices.Contains(t.About, t.Precedence):
			r.errorf(child(n, "precedence"), "precedence %q is not one of about", t.Precedence)
		case len(t.About) == 1:
			r.errorf(child(n, "about"), "an interpretation is about two classes or more")
		}
	}
	r.unique(n, "interpretation", t.ID, len(r.a.Interpretations), func(i int) string { return r.a.Interpretations[i].ID })
	r.a.Interpretations = append(r.a.Interpretations, t)
}

func (r *reader) amendment(n *yaml.Node) {
	m := &Amendment{}
	r.a.Amendment = m
	r.object(
		need("by", refs(r, &m.By, "party", r.hasParty)),
		need("effective", word(r, &m.Effective, "not_retroactive")),
		may("interpretation_log", word(r, &m.InterpretationLog, "required")),
		may("basis", text(r, &m.Basis)),
	)(n)
}
