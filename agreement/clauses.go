// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
)

// Clauses returns everything that the text says, in its order, each with
// whether the software applies it and, if not, why.
func (a *Agreement) Clauses() []trucewatch.Clause {
	w := &writer{}
	for i := range a.Acts {
		w.act(a, &a.Acts[i])
	}
	for _, d := range a.Duties {
		w.add("other", d.ID, d.Basis, "a duty of the parties' own organs: no observation can show it broken", "%s", d.Text)
	}
	if f := a.ReturnFire; f != nil {
		w.returnFire(f)
	}
	for i := range a.Exemptions {
		w.exemption(a, &a.Exemptions[i])
	}
	if k := a.Acknowledgement; k != nil {
		w.add("other", "acknowledgement", k.Basis, "",
			"a notification is acknowledged by %s within %s; no answer means %s", plain(k.By), span(k.Within), plain(k.NoAnswerMeans))
	}
	for i := range a.Weapons {
		w.weapon(a, &a.Weapons[i])
	}
	w.ground(a)
	w.owed(a)
	w.counting(&a.Counting)
	w.evidence(&a.Evidence)
	for _, c := range a.Clocks {
		w.clock(c)
	}
	w.terms(a)
	var public *DisclosureRule
	if d, ok := a.DisclosureFor(trucewatch.ForPublic); ok {
		public = &d
	}
	for _, d := range a.Disclosure {
		w.disclosure(d, public)
	}
	for _, t := range a.Interpretations {
		how := t.Precedence + " takes precedence"
		if t.Both {
			how = "both readings stand, so the class is never certain"
		}
		w.add("other", "interpretation/"+t.ID, t.Basis, "", "%s, which is of %s: %s", t.Question, strings.Join(t.About, " and of "), how)
	}
	return w.clauses
}

// A writer collects clauses.
type writer struct{ clauses []trucewatch.Clause }

// add appends a clause; an empty why means that the software applies it.
func (w *writer) add(group, id, basis, why, format string, args ...any) {
	w.clauses = append(w.clauses, trucewatch.Clause{ID: id, Group: group, Text: fmt.Sprintf(format, args...), Basis: basis,
		Judged: why == "", Why: why})
}

func (w *writer) act(a *Agreement, c *Act) {
	severity := [...]string{"", "technical", "minor", "serious", "grave"}
	text := fmt.Sprintf("%s: %s; severity %d (%s), counted by %s", plain(c.Name), conditions(&c.When), c.Severity, severity[c.Severity], plain(c.Unit))
	if c.Rule != "" {
		text += "; if " + c.Rule
	}
	if u := a.exceptions(c); u != "" {
		text += "; unless " + u
	}
	w.add("act", string(c.ID), c.Basis, c.Unjudged(), "%s", text)
}

func (a *Agreement) exceptions(c *Act) string {
	var parts []string
	for _, id := range c.Unless.Exemptions {
		parts = append(parts, "notified under "+id)
	}
	if c.Unless.MissionAsset {
		parts = append(parts, "it belongs to the mission")
	}
	return strings.Join(parts, ", or ")
}

// conditions writes an act's conditions in words.
func conditions(c *When) string {
	var parts []string
	say := func(set bool, format string, args ...any) {
		if set {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	say(len(c.Kinds) > 0, "%s", either(c.Kinds))
	say(len(c.RestrictionTypes) > 0, "of type %s", either(c.RestrictionTypes))
	say(c.Minutes != Bounds{}, "minutes %s", bounds(c.Minutes))
	say(len(c.Platforms) > 0, "weapon %s", either(c.Platforms))
	say(len(c.Classes) > 0, "weapon class %s", strings.Join(c.Classes, " or "))
	say(c.ClassIs != "", "class is %s", c.ClassIs)
	say(c.InsideLimit, "inside the limit of the weapon's class")
	say(len(c.Zones) > 0, "in zone %s", strings.Join(c.Zones, " or "))
	say(c.BreachOf != "", "a breach of %s", map[string]string{"ceiling": "a ceiling", "obligation": "an obligation", "order": "the rule that no order disapplies the text"}[c.BreachOf])
	say(c.Owner == "party", "belonging to a party")
	say(c.Owner == "mission", "belonging to the mission")
	say(c.Precise, "aimed single shots")
	say(c.Civilian, "a civilian")
	say(c.Standard != "", "by the standard of %s", plain(c.Standard))
	return strings.Join(parts, ", ")
}

func (w *writer) returnFire(f *ReturnFire) {
	var facts []string
	for _, fact := range f.AllowedOnlyIf {
		text := plain(fact.Fact)
		if fact.Via != "" {
			text += " via " + plain(fact.Via)
		}
		if fact.Logged {
			text += ", logged"
		}
		if fact.Level != "" {
			text += " " + plain(fact.Level)
		}
		if len(fact.To) > 0 {
			text += " to " + list(fact.To)
		}
		if fact.Within > 0 {
			text += " within " + span(fact.Within)
		}
		facts = append(facts, text)
	}
	w.add("other", "return_fire", f.Basis, "",
		"return fire is allowed only if: %s; otherwise a %s", strings.Join(facts, "; "), f.Otherwise)
}

func (w *writer) exemption(a *Agreement, x *Exemption) {
	text := plain(x.Name)
	if x.Lead > 0 {
		text += fmt.Sprintf(", notified %s ahead", span(x.Lead))
	}
	if x.EmergencyLead > 0 {
		text += fmt.Sprintf(" (%s in an emergency)", span(x.EmergencyLead))
	}
	if len(x.Fields) > 0 {
		text += ", stating " + list(x.Fields)
	}
	if len(x.GuaranteesFrom) > 0 {
		text += ", with guarantees of " + list(x.GuaranteesFrom)
	}
	if len(x.Requires) > 0 {
		text += ", with " + strings.ReplaceAll(list(x.Requires), ", ", " and ")
	}
	if len(x.Outside) > 0 {
		text += ", outside " + strings.Join(x.Outside, " and ")
	}
	switch {
	case x.Effect == "raises_severity":
		text += fmt.Sprintf(": raises severity to %d", x.RaisesTo)
	case x.Effect != "":
		text += ": " + plain(x.Effect)
	}
	if len(x.Lifts) > 0 {
		text += ": lifts " + enumerate(x.Lifts)
	}
	if x.ToleranceMM > 0 || x.Tolerance > 0 {
		text += fmt.Sprintf("; tolerance %s m and %s", thousandths(x.ToleranceMM), span(x.Tolerance))
	}
	for _, v := range x.VoidIf {
		text += "; void if " + plain(v.Fact)
		if v.Fact == "off_corridor" {
			text += fmt.Sprintf(" by more than %s m", thousandths(v.OverMM))
		}
	}
	w.add("exemption", x.ID, x.Basis, a.Unjudged(x), "%s", text)
}

func (w *writer) weapon(a *Agreement, c *WeaponClass) {
	text := c.Match.words()
	if c.WithdrawMM > 0 {
		text += fmt.Sprintf("; each side keeps %s km from its line", kilometres(c.WithdrawMM))
	}
	if c.Phase != "" {
		text += ", binding from the end of phase " + c.Phase
	}
	if len(c.ZoneBan) > 0 {
		text += "; banned in " + enumerate(c.ZoneBan)
	}
	if c.Use != "" {
		text += "; use: " + plain(c.Use)
	}
	if c.ReachKM > 0 {
		text += fmt.Sprintf("; reaches %d km", c.ReachKM)
	}
	if len(c.HeldBy) > 0 {
		text += "; held by " + enumerate(c.HeldBy)
	}
	why := ""
	if !a.applies(c) {
		why = "no act that is judged names this class"
	}
	w.add("other", "weapon/"+c.ID, c.Basis, why, "%s", text)
}

// applies says whether an act that is judged, or a ceiling, is about a weapon
// class: by name, as heavy, by its limit, or as something that flies in a zone
// from which the class is banned.
func (a *Agreement) applies(c *WeaponClass) bool {
	return slices.ContainsFunc(a.Ceilings, func(x Ceiling) bool { return slices.Contains(x.Classes, c.ID) }) ||
		slices.ContainsFunc(a.Acts, func(act Act) bool {
			w := &act.When
			flies := slices.Contains(w.Kinds, trucewatch.UAVSighted) && slices.Equal(c.Match.Platforms, []trucewatch.Platform{trucewatch.UAV}) &&
				len(c.ZoneBan) > 0 && !slices.ContainsFunc(c.ZoneBan, func(z string) bool { return !slices.Contains(w.Zones, z) })
			return act.Unjudged() == "" && (slices.Contains(w.Classes, c.ID) || w.InsideLimit && c.WithdrawMM > 0 || w.ClassIs == "heavy" && a.IsHeavy(c.ID) || flies)
		})
}

// words writes a match.
func (m *Match) words() string {
	parts := []string{either(m.Platforms)}
	say := func(set bool, format string, args ...any) {
		if set {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	say(m.CalibreMM != Bounds{}, "calibre %s mm", bounds(m.CalibreMM))
	say(m.RangeKM != Bounds{}, "range %s km", bounds(m.RangeKM))
	say(len(m.Models) > 0, "model %s", strings.Join(m.Models, " or "))
	say(len(m.NotModels) > 0, "not model %s", strings.Join(m.NotModels, " or "))
	say(len(m.Roles) > 0, "role %s", either(m.Roles))
	say(len(m.Munitions) > 0, "munition %s", either(m.Munitions))
	return strings.Join(parts, ", ")
}

func (w *writer) ground(a *Agreement) {
	for _, z := range a.Zones {
		if len(z.Rules) > 0 {
			w.add("other", "zone/"+z.ID, z.Basis, a.unheldRules(&z), "in %s %s: %s", plain(z.Kind), z.ID, list(z.Rules))
		}
	}
	for _, p := range a.Phases {
		begins := span(p.StartAfter) + " after the start"
		if p.After != "" {
			begins = "after " + p.After
		}
		w.add("other", "phase/"+p.ID, p.Basis, "",
			"phase %s starts %s and is complete in %s", p.ID, begins, span(p.Complete))
	}
	if s := a.Storage; s != nil {
		items := 0
		for _, site := range s.Sites {
			items += len(site.Items)
		}
		w.add("other", "storage", s.Basis, "", "weapons are kept at %s with %s declared, inspected with notice of %s, at least every %s",
			plural(int64(len(s.Sites)), "declared site"), plural(int64(items), "row"), span(s.Notice), span(s.MaxInterval))
	}
	if len(a.Heavy) > 0 {
		w.add("other", "heavy", "", "", "heavy means %s", enumerate(a.Heavy))
	}
	if q := a.StatusQuo; q != nil {
		w.add("other", "status_quo", q.Basis, "", "change is judged against %s and %s, surveyed at %s",
			plural(int64(len(q.Positions)), "position"), plural(int64(len(q.Minefields)), "minefield"), q.SurveyedAt)
	}
}

// zoneRules are the rules of zones whose breach acts can say, and what shows it.
var zoneRules = map[string][]trucewatch.Kind{
	"no_forces":          {trucewatch.PersonsInZone, trucewatch.PositionSeen, trucewatch.VehicleSeen},
	"no_weapons":         {trucewatch.WeaponSeen},
	"no_fire":            {trucewatch.Shot, trucewatch.Explosion},
	"no_aerial_vehicles": {trucewatch.UAVSighted},
}

// unheldRules says which rules of a zone no act holds, and why; empty if all are held.
// An act holds a rule if it is about each kind that shows its breach, or several acts
// are about them, in this zone or everywhere.
func (a *Agreement) unheldRules(z *Zone) string {
	var why []string
	for _, rule := range z.Rules {
		kinds, known := zoneRules[rule]
		if !known {
			why = append(why, plain(rule)+" is a rule that this software does not know")
		}
		for _, k := range kinds {
			if !slices.ContainsFunc(a.Acts, func(c Act) bool { return c.forbids(k, z.ID) }) {
				why = append(why, fmt.Sprintf("%s: no act is about %s in %s", plain(rule), plain(string(k)), z.ID))
			}
		}
	}
	return strings.Join(why, "; ")
}

// forbids says whether an act that is judged is about a kind in a zone: by naming the
// zone, or as fire that is forbidden wherever it falls.
func (c *Act) forbids(k trucewatch.Kind, zone string) bool {
	w := &c.When
	anywhere := len(w.Zones) == 0 && !w.InsideLimit && len(w.Classes) == 0 || len(w.Zones) == 0 && k == trucewatch.Explosion
	return c.Unjudged() == "" && slices.Contains(w.Kinds, k) && (anywhere || slices.Contains(w.Zones, zone))
}

// owed writes what the text asks for over a time.
func (w *writer) owed(a *Agreement) {
	for i := range a.Obligations {
		w.obligation(&a.Obligations[i])
	}
	for _, c := range a.Ceilings {
		what, whose := "persons", "each party"
		if !c.Persons {
			what = "weapons of class " + strings.Join(c.Classes, " and ")
		}
		if c.Party != "" {
			whose = "party " + string(c.Party)
		}
		w.add("other", "ceiling/"+c.ID, c.Basis, "", "in zone %s at most %d %s of %s; more is %s", c.Zone, c.Max, what, whose, c.Act)
	}
	if s := a.Streak; s != nil {
		w.add("other", "disengagement_streak", s.Basis, "", "in each area of %s %s without %s, of whose hours %s %% were watched",
			s.Zone, plural(int64(s.Days), "day"), strings.ReplaceAll(enumerate(s.Breaks), ", ", " or "), percent(s.MinObserved))
	}
	for _, g := range a.Aggravation {
		way, steps := "raises", int64(g.By)
		if g.By < 0 {
			way, steps = "lowers", -steps
		}
		text := fmt.Sprintf("%s %s the severity by %s", plain(g.If), way, plural(steps, "step"))
		if g.Within > 0 {
			text += ", within " + span(g.Within)
		}
		if g.WithinMM > 0 {
			text += " and " + kilometres(g.WithinMM) + " km"
		}
		w.add("other", "aggravation/"+g.If, g.Basis, "", "%s", text)
	}
	if p := a.PreStart; p != nil {
		text := fmt.Sprintf("from %s on, before the start, these bind already: %s", p.From, enumerate(p.Acts))
		if p.ExtendLead > 0 {
			text += "; an extension is notified " + span(p.ExtendLead) + " before the end"
		}
		w.add("other", "pre_start", p.Basis, "", "%s", text)
	}
	for _, q := range a.Questions {
		var ways []string
		for _, t := range q.Readings {
			way := t.ID
			if len(t.HeldBy) > 0 {
				way += " (held by " + enumerate(t.HeldBy) + ")"
			}
			if settled := answer(a.settled, q.ID); settled == t.ID {
				way += ", which stands"
			}
			ways = append(ways, way)
		}
		w.add("other", "question/"+q.ID, q.Basis, "", "%s It is read in several ways, and each is judged: %s", q.Text, strings.Join(ways, "; "))
	}
}

func (w *writer) obligation(o *Obligation) {
	text := o.Text
	if len(o.Parties) > 0 {
		text += " Owed by " + enumerate(o.Parties) + "."
	}
	if o.Phase != "" {
		text += " Due with the end of phase " + o.Phase + "."
	}
	if o.Within > 0 {
		text += " Due within " + span(o.Within) + "."
	}
	if len(o.After) > 0 {
		text += " After " + enumerate(o.After) + "."
	}
	if len(o.ConcurrentWith) > 0 {
		text += " Together with " + enumerate(o.ConcurrentWith) + "."
	}
	if o.Streak {
		text += " Once an area's streak is reached."
	}
	w.add("other", "obligation/"+o.ID, o.Basis, "", "%s Verified by the %s.", text, plain(o.VerifiedBy))
}

func (w *writer) counting(c *Counting) {
	w.add("counting", "counting/layers", c.Basis, "", "counted in the layers %s, which are never mixed", list(c.Layers))
	if e := c.Engagement; e != (Engagement{}) {
		w.add("counting", "counting/engagement", c.Basis, "",
			"fire is one engagement until a pause of %s, at most %s long", span(e.Gap), span(e.Cap))
	}
	if c.AcrossSensors {
		w.add("counting", "counting/dedupe", c.Basis, "", "one physical event counts once, however many means saw it")
	}
	if len(c.NotCounted) > 0 {
		w.add("counting", "counting/not_counted", c.Basis, "",
			"not counted: %s", list(c.NotCounted))
	}
}

func (w *writer) evidence(e *Evidence) {
	w.add("evidence", "evidence/scale", e.Basis, "", "possible from %s %%, probable from %s %%, confirmed from %s %%",
		percent(e.Possible), percent(e.Probable), percent(e.Confirmed))
	w.add("evidence", "evidence/to_publish", e.Basis, "", "published from %s", e.ToPublish)
	w.add("evidence", "evidence/to_attribute", e.Basis, "", "a party is named from %s %% (severity 1-2) or %s %% (severity 3-4)",
		percent(e.AttributeLow), percent(e.AttributeHigh))
	w.add("evidence", "evidence/means", e.Basis, "", "independent means needed: %d (severity 1-2), %d (severity 3-4)", e.MeansLow, e.MeansHigh)
	w.add("evidence", "evidence/zone_test", e.Basis, "", "inside a zone if the probability is at least %s %%, outside if at most %s %%, else indeterminate",
		percent(e.InIfGE), percent(e.OutIfLE))
	w.add("evidence", "evidence/party_claim_alone", e.Basis, "", "the claim of a party alone is never above possible")
}

func (w *writer) clock(c Clock) {
	if c.CutOff != "" {
		w.add("clock", "clock/"+c.ID, c.Basis, "", "the day ends at %s local time", c.CutOff)
		return
	}
	w.add("clock", "clock/"+c.ID, c.Basis, "", "%s after %s: %s", span(c.After), c.From, c.Do)
}

// terms writes what the parties owe each other and the mission.
func (w *writer) terms(a *Agreement) {
	if m := a.MonitoringRights; m != nil {
		w.add("other", "monitoring_rights", m.Basis, a.unheldRights(m),
			"access %s, hours %s; mission drones are exempt from %s; imagery to the parties %s",
			plain(m.Access), m.Hours, enumerate(m.UAVExemptFrom), plain(m.ImageryToParties))
	}
	const people = "names of prisoners and of the dead are never in the record, so that nobody can be found by them; what is owed about lists and releases can be an obligation"
	if h := a.Humanitarian; h != nil {
		if p := h.Prisoners; p != nil {
			w.add("other", "humanitarian/prisoners", h.Basis, people, "prisoners: %s, in the order %s, lists through a %s", plain(p.Principle), list(p.Order), plain(p.ListsVia))
		}
		if m := h.Remains; m != nil {
			w.add("other", "humanitarian/remains", h.Basis, people, "remains of the dead: exchange %t, identification %s", m.Exchange, plain(m.Identification))
		}
		for _, v := range h.Windows {
			w.add("other", "humanitarian/"+v.ID, h.Basis, "", "%s: a %s of %s to %s", plain(v.ID), plain(v.Kind), span(v.ShortMin), span(v.ShortMax))
		}
	}
	if d := a.DigitalAnnex; d != nil {
		w.add("other", "digital_annex", d.Basis, "", "acts in the information space: %s; attributed from %s %%", enumerate(d.Prohibited), percent(d.Attribution))
	}
	if a.Overrides != "" {
		why := "no act is a breach_of: order"
		if slices.ContainsFunc(a.Acts, func(c Act) bool { return c.When.BreachOf == "order" }) {
			why = ""
		}
		w.add("other", "overrides", "", why, "%s", a.Overrides)
	}
	if t := a.Termination; t != nil {
		release := "a breach by one side does not free the other"
		if t.UnilateralOnBreach {
			release = "a breach by one side frees the other"
		}
		w.add("other", "termination", t.Basis, "", "%s; notice of %s to %s", release, span(t.Notice), list(t.NoticeTo))
	}
	if m := a.Amendment; m != nil {
		w.add("other", "amendment", m.Basis, "", "amended by %s, %s", enumerate(m.By), plain(m.Effective))
	}
}

func (w *writer) disclosure(d DisclosureRule, public *DisclosureRule) {
	id, why := "disclosure/"+string(d.Audience), unserved(&d, public)
	if d.As != "" {
		w.add("disclosure", id, d.Basis, why, "%s sees what %s sees", plain(string(d.Audience)), plain(string(d.As)))
		return
	}
	parts := []string{}
	say := func(set bool, format string, args ...any) {
		if set {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	say(d.Precise, "places to %s km", kilometres(d.PrecisionMM))
	say(d.Delay > 0, "after %s", span(d.Delay))
	say(len(d.Only) > 0, "only %s", list(d.Only))
	say(len(d.Hide) > 0, "without %s", list(d.Hide))
	say(d.OwnSide != "", "own side %s", d.OwnSide)
	say(d.OtherSide != nil, "the other side by district, after the case was served, weapons seen by band and district")
	say(len(d.Never) > 0, "never %s", list(d.Never))
	if len(parts) > 0 {
		w.add("disclosure", id, d.Basis, why, "%s sees %s", plain(string(d.Audience)), strings.Join(parts, ", "))
	}
	if d.PerCase != "" {
		w.add("disclosure", id+"/per_case", d.Basis, "the record holds no warrant to open a case: a person of the mission opens exact fields by hand (trucewatch exhibit make --exact), and that is recorded first", "%s: %s", plain(string(d.Audience)), plain(d.PerCase))
	}
	if d.Openings != "" || d.Reads != "" {
		why := ""
		if d.Openings != "" {
			why = "whoever holds the role's key opens what is sealed to that role, whatever the text says; who reads it with other programs leaves no entry (docs/keys-and-stores.md)"
		}
		w.add("disclosure", id+"/openings", d.Basis, why, "%s: openings %s, reads %s", plain(string(d.Audience)), d.Openings, d.Reads)
	}
}

// unserved returns what of a disclosure rule is not kept, "" if all of it is.
// Who has no view of his own sees what the public sees, when the public does.
// Public is the rule for the public, nil if the text has none.
func unserved(d, public *DisclosureRule) string {
	const same = "there is no view of its own: this audience sees what the public sees"
	switch {
	case d.Audience == trucewatch.ForPublic || d.As == trucewatch.ForPublic:
		return ""
	case d.OwnSide != "" || d.OtherSide != nil:
		return same + ", and is handed the coarse fields of sealed observations after the public's delay (trucewatch openings); " +
			"exact places of its own side, and what was seen of the other before the public sees it, it is not given"
	case public == nil || !public.Precise:
		return same
	case d.Delay > public.Delay && d.PrecisionMM >= public.PrecisionMM:
		return same + fmt.Sprintf(", after %s already, so that %s withholds nothing", span(public.Delay), span(d.Delay))
	}
	return same + fmt.Sprintf(": places to %s km after %s, and nothing finer or sooner", kilometres(public.PrecisionMM), span(public.Delay))
}

// plain writes a word of the text as words: "fire_heavy" as "fire heavy".
func plain(s string) string { return strings.ReplaceAll(s, "_", " ") }

// list writes plain words joined by commas.
func list[T ~string](of []T) string { return plain(enumerate(of)) }

// either writes "explosion or projectile in flight".
func either[T ~string](of []T) string { return strings.ReplaceAll(list(of), ", ", " or ") }

func bounds(b Bounds) string {
	switch {
	case b.Max == 0:
		return fmt.Sprintf("at least %d", b.Min)
	case b.Min == 0:
		return fmt.Sprintf("at most %d", b.Max)
	}
	return fmt.Sprintf("%d to %d", b.Min, b.Max)
}

// span writes a length of time in the largest unit that is exact.
func span(v trucewatch.Instant) string {
	for _, u := range []struct {
		size trucewatch.Instant
		name string
	}{{trucewatch.Day, "day"}, {trucewatch.Hour, "hour"}, {trucewatch.Minute, "minute"}, {trucewatch.Second, "second"}} {
		if v != 0 && v%u.size == 0 && (u.size != trucewatch.Day || v > 3*trucewatch.Day) {
			return plural(int64(v/u.size), u.name)
		}
	}
	if v == 0 {
		return "0 hours"
	}
	return fmt.Sprintf("%s milliseconds", thousandths(int64(v)))
}

func plural(n int64, name string) string {
	if n == 1 {
		return "1 " + name
	}
	return fmt.Sprintf("%d %ss", n, name)
}

// thousandths writes 7500 as "7.5".
func thousandths(v int64) string { return decimals(v, 3) }

// kilometres writes millimetres as kilometres.
func kilometres(mm int64) string { return decimals(mm, 6) }

// percent writes parts per million as per cent.
func percent(p trucewatch.PPM) string { return decimals(int64(p), 4) }

// decimals writes v x 10^-digits without trailing zeros; v is not negative.
func decimals(v int64, digits int) string {
	s := fmt.Sprintf("%0*d", digits+1, v)
	whole, fraction := s[:len(s)-digits], strings.TrimRight(s[len(s)-digits:], "0")
	if fraction == "" {
		return whole
	}
	return whole + "." + fraction
}
