// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/trucewatch/trucewatch"
)

// question reads one term that is read in several ways.
func (r *reader) question(n *yaml.Node) {
	var q Question
	var edits [][]edit
	r.object(
		need("id", id(r, &q.ID)),
		need("text", text(r, &q.Text)),
		need("readings", r.list(func(n *yaml.Node) {
			t, e := r.termReading(n)
			r.unique(n, "reading", t.ID, len(q.Readings), func(i int) string { return q.Readings[i].ID })
			q.Readings, edits = append(q.Readings, t), append(edits, e)
		})),
		may("basis", text(r, &q.Basis)),
	)(n)
	r.unique(n, "question", q.ID, len(r.a.Questions), func(i int) string { return r.a.Questions[i].ID })
	if len(q.Readings) == 1 {
		r.errorf(child(n, "readings"), "one reading is no question: state it in the text")
	}
	r.holdsOnce(n, &q)
	r.setsOnce(edits)
	r.a.Questions, r.edits, r.questionNodes = append(r.a.Questions, q), append(r.edits, edits), append(r.questionNodes, n)
}

func (r *reader) termReading(n *yaml.Node) (t TermReading, edits []edit) {
	r.object(
		need("id", id(r, &t.ID)),
		may("held_by", refs(r, &t.HeldBy, "party", r.hasParty)),
		may("set", func(n *yaml.Node) {
			r.entries(n, func(key, value *yaml.Node) {
				edits = append(edits, edit{key.Value, key, value})
				t.Sets = append(t.Sets, key.Value)
			})
		}),
		may("basis", text(r, &t.Basis)),
	)(n)
	return t, edits
}

// holdsOnce refuses a party that reads one term in two ways.
func (r *reader) holdsOnce(n *yaml.Node, q *Question) {
	for i, t := range q.Readings {
		for _, p := range t.HeldBy {
			if slices.ContainsFunc(q.Readings[:i], func(o TermReading) bool { return slices.Contains(o.HeldBy, p) }) {
				r.errorf(child(n, "readings"), "party %q holds two readings of question %q: it holds one", p, q.ID)
			}
		}
	}
}

// setsOnce refuses that two questions, or one reading twice, set the same part of
// the text: which would win would depend on their order.
func (r *reader) setsOnce(readings [][]edit) {
	overlap := func(e, f edit) bool {
		return e.path == f.path || strings.HasPrefix(e.path, f.path+".") || strings.HasPrefix(f.path, e.path+".")
	}
	for _, edits := range readings {
		for i, e := range edits {
			for _, f := range edits[:i] {
				if overlap(e, f) {
					r.errorf(e.key, "%s is set twice in one reading", clip(e.path))
				}
			}
			for _, other := range slices.Concat(r.edits...) {
				for _, f := range other {
					if overlap(e, f) {
						r.errorf(e.key, "%s is set by another question too (line %d): ask one question about it", clip(e.path), f.key.Line)
					}
				}
			}
		}
	}
}

func (r *reader) hasObligation(id string) bool {
	return find(r.a.Obligations, func(o *Obligation) bool { return o.ID == id }) != nil
}

func (r *reader) obligation(n *yaml.Node) {
	var o Obligation
	r.object(
		need("id", id(r, &o.ID)),
		need("text", text(r, &o.Text)),
		may("parties", refs(r, &o.Parties, "party", r.hasParty)),
		may("weapon_class", ref(r, &o.Class, "weapon class", r.hasClass)),
		may("phase", ref(r, &o.Phase, "phase", r.hasPhase)),
		may("within_hours", r.span(&o.Within, trucewatch.Hour)),
		may("within_days", r.span(&o.Within, trucewatch.Day)),
		may("after", refs(r, &o.After, "obligation", r.hasObligation)),
		may("concurrent_with", refs(r, &o.ConcurrentWith, "obligation", r.hasObligation)),
		may("after_streak", r.onlyTrue(&o.Streak)),
		need("verified_by", word(r, &o.VerifiedBy, "mission", "other_party", "intermediary")),
		may("act", ref(r, &o.Act, "act", r.hasAct)),
		may("basis", text(r, &o.Basis)),
	)(n)
	if n.Kind == yaml.MappingNode {
		limits := 0
		for _, key := range []string{"phase", "within_hours", "within_days"} {
			if hasKey(n, key) {
				limits++
			}
		}
		if limits > 1 {
			r.errorf(n, "more than one of phase, within_hours and within_days: it is due at one time")
		}
		if o.Streak {
			r.later = append(r.later, func() {
				if r.a.Streak == nil {
					r.errorf(child(n, "after_streak"), "after_streak without disengagement_streak: say which streak")
				}
			})
		}
	}
	r.unique(n, "obligation", o.ID, len(r.a.Obligations), func(i int) string { return r.a.Obligations[i].ID })
	r.breach(child(n, "act"), &o.Act, "obligation")
	r.a.Obligations, r.obligationNodes = append(r.a.Obligations, o), append(r.obligationNodes, n)
}

// breach wants an act named by a part of the text to be a breach of such a part.
func (r *reader) breach(n *yaml.Node, act *trucewatch.ActID, of string) {
	name := *act
	r.later = append(r.later, func() {
		if c := r.a.Act(name); name != "" && c != nil && c.When.BreachOf != of {
			r.errorf(n, "act %q is about something seen: give it when: {breach_of: %s}", name, of)
		}
	})
}

// circles refuses obligations that wait for themselves.
func (r *reader) circles() {
	for i := range r.a.Obligations {
		if r.waitsFor(i, i, make([]bool, len(r.a.Obligations))) {
			n := child(r.obligationNodes[i], "after")
			r.errorf(n, "obligation %q waits for itself, directly or through others: none of them can ever be due", r.a.Obligations[i].ID)
		}
	}
}

// waitsFor says whether obligation i waits for obligation j.
func (r *reader) waitsFor(i, j int, seen []bool) bool {
	for _, id := range r.a.Obligations[i].After {
		k := slices.IndexFunc(r.a.Obligations, func(o Obligation) bool { return o.ID == id })
		if k < 0 || seen[k] {
			continue
		}
		seen[k] = true
		if k == j || r.waitsFor(k, j, seen) {
			return true
		}
	}
	return false
}

func (r *reader) ceiling(n *yaml.Node) {
	var c Ceiling
	most := -1
	r.object(
		need("id", id(r, &c.ID)),
		need("zone", ref(r, &c.Zone, "zone", r.hasZone)),
		may("party", ref(r, &c.Party, "party", r.hasParty)),
		may("weapon_class", refs(r, &c.Classes, "weapon class", r.hasClass)),
		may("persons", r.onlyTrue(&c.Persons)),
		need("max", r.whole(&most, 0, 10_000_000)),
		need("act", ref(r, &c.Act, "act", r.hasAct)),
		may("basis", text(r, &c.Basis)),
	)(n)
	c.Max = int64(max(most, 0))
	if n.Kind == yaml.MappingNode && hasKey(n, "weapon_class") == hasKey(n, "persons") {
		r.errorf(n, "needs weapon_class or persons, one of them: a ceiling is of weapons counted together, or of persons")
	}
	r.unique(n, "ceiling", c.ID, len(r.a.Ceilings), func(i int) string { return r.a.Ceilings[i].ID })
	r.breach(child(n, "act"), &c.Act, "ceiling")
	r.a.Ceilings, r.ceilingNodes = append(r.a.Ceilings, c), append(r.ceilingNodes, n)
}

func (r *reader) streak(n *yaml.Node) {
	s := &StreakRule{}
	r.a.Streak = s
	r.object(
		need("zone", ref(r, &s.Zone, "zone", r.hasZone)),
		need("days", r.whole(&s.Days, 1, 366)),
		need("min_observed", r.share(&s.MinObserved)),
		need("breaks", refs(r, &s.Breaks, "act", r.hasAct)),
		may("basis", text(r, &s.Basis)),
	)(n)
}

// Aggravations are the circumstances that weigh.
func Aggravations() []string {
	return []string{"casualty", "repeat", "in_window_of_silence", "after_hotline_call", "self_reported", "stopped", "discipline_reported"}
}

func (r *reader) aggravation(n *yaml.Node) {
	var g Aggravation
	var raise, lower int
	r.object(
		need("if", word(r, &g.If, Aggravations()...)),
		may("raise", r.whole(&raise, 1, 3)),
		may("lower", r.whole(&lower, 1, 3)),
		may("within_days", r.span(&g.Within, trucewatch.Day)),
		may("within_minutes", r.span(&g.Within, trucewatch.Minute)),
		may("within_km", r.kilometres(&g.WithinMM)),
		may("basis", text(r, &g.Basis)),
	)(n)
	g.By = raise - lower
	if n.Kind == yaml.MappingNode {
		switch {
		case hasKey(n, "raise") == hasKey(n, "lower"):
			r.errorf(n, "needs raise or lower, one of them: by how many steps of severity")
		case hasKey(n, "within_days") && hasKey(n, "within_minutes"):
			r.errorf(n, "both within_days and within_minutes")
		case g.If == "repeat" && (g.Within == 0 || g.WithinMM == 0):
			r.errorf(n, "repeat needs within_days and within_km: within what it is the same again")
		case g.If == "stopped" && g.Within == 0:
			r.errorf(n, "stopped needs within_minutes: how soon")
		case g.If != "repeat" && hasKey(n, "within_km"):
			r.errorf(child(n, "within_km"), "within_km goes with repeat, and only with it")
		}
	}
	r.unique(n, "aggravation by", g.If, len(r.a.Aggravation), func(i int) string { return r.a.Aggravation[i].If })
	r.a.Aggravation, r.aggravationNodes = append(r.a.Aggravation, g), append(r.aggravationNodes, n)
}

func (r *reader) preStart(n *yaml.Node) {
	p := &PreStart{}
	r.a.PreStart = p
	r.object(
		need("from", r.instant(&p.From)),
		need("acts", refs(r, &p.Acts, "act", r.hasAct)),
		may("extend_notice_hours", r.span(&p.ExtendLead, trucewatch.Hour)),
		may("basis", text(r, &p.Basis)),
	)(n)
}

func (r *reader) statusQuo(n *yaml.Node) {
	s := &StatusQuo{}
	r.a.StatusQuo = s
	var positions, minefields string
	var wantPositions, wantMinefields trucewatch.Hash
	r.object(
		need("surveyed_at", r.instant(&s.SurveyedAt)),
		may("positions", text(r, &positions)),
		may("positions_sha256", r.hash(&wantPositions)),
		may("minefields", text(r, &minefields)),
		may("minefields_sha256", r.hash(&wantMinefields)),
		may("basis", text(r, &s.Basis)),
	)(n)
	if n.Kind == yaml.MappingNode && !hasKey(n, "positions") && !hasKey(n, "minefields") {
		r.errorf(n, "needs positions or minefields: what was surveyed")
	}
	if data, ok := r.namedBy(n, "positions", positions, "positions_sha256", wantPositions); ok {
		s.Positions = r.positions(positions, data)
	}
	if data, ok := r.namedBy(n, "minefields", minefields, "minefields_sha256", wantMinefields); ok {
		s.Minefields = r.geometry(minefields, data).areas()
	}
}
