// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"

	"github.com/trucewatch/trucewatch"
)

// checkActs looks at acts that say the same, and at conditions that no
// observation of their kinds can meet.
func (r *reader) checkActs() {
	for i := range r.a.Acts {
		c := &r.a.Acts[i]
		w := &c.When
		for j := range i {
			if d := &r.a.Acts[j]; w.BreachOf == "" && conditions(w) == conditions(&d.When) && c.Rule == d.Rule {
				r.errorf(r.actNodes[i], "act %q has the conditions of act %q: each breach would be found twice; join them, or say in what they differ", c.ID, d.ID)
			}
		}
		about := func(kinds ...trucewatch.Kind) bool {
			return len(w.Kinds) == 0 || slices.ContainsFunc(w.Kinds, func(k trucewatch.Kind) bool { return slices.Contains(kinds, k) })
		}
		never := func(key string, set bool, kinds ...trucewatch.Kind) {
			if set && !about(kinds...) {
				r.errorf(child(child(r.actNodes[i], "when"), key), "act %q can never apply: %s is only known of %s", c.ID, key, list(kinds))
			}
		}
		never("type", len(w.RestrictionTypes) > 0, trucewatch.RestrictionMet)
		never("minutes", w.Minutes != Bounds{}, trucewatch.RestrictionMet)
		never("civilian", w.Civilian, trucewatch.CasualtySeen)
		never("standard", w.Standard != "", trucewatch.CasualtySeen)
		never("precise", w.Precise, trucewatch.Shot, trucewatch.Burst)
		if len(w.RestrictionTypes) > 0 && w.Minutes != (Bounds{}) && !slices.Contains(w.RestrictionTypes, "delay") {
			r.errorf(child(child(r.actNodes[i], "when"), "minutes"), "act %q can hardly apply: only a delay is measured in minutes; add delay to type", c.ID)
		}
	}
}

// checkRules looks for rules that say nothing: always true or always false.
func (r *reader) checkRules() {
	for i := range r.a.Acts {
		c := &r.a.Acts[i]
		if c.rule == nil {
			continue
		}
		if always, tried := r.a.alike(c); always != Unknown {
			r.errorf(r.ruleNodes[i], "rule of act %q is %s for every one of %d combinations of values at and beside those it names: %s", c.ID, truth(always), tried,
				map[Answer]string{Yes: "leave it out", No: "the act can never apply"}[always])
		}
	}
}

func truth(a Answer) string {
	if a == Yes {
		return "true"
	}
	return "false"
}

// trialsMax bounds how many combinations of values one rule is tried with.
// Guess: rules of mission texts have up to four variables with six values each.
// Test: a rule that is always true and is not told.
const trialsMax = 4_096

// alike tries a rule with every combination of values at which its comparisons
// can turn: the numbers and texts that it names, their neighbours, and some that
// it does not name. It returns Yes or No if the answer is always that, else
// Unknown, also if there are more than trialsMax combinations.
func (a *Agreement) alike(c *Act) (always Answer, tried int) {
	numbers, texts := c.turns()
	values := make([][]any, len(c.rule.uses))
	total := 1
	for i, name := range c.rule.uses {
		values[i] = a.trialValues(name, numbers, texts)
		if total *= len(values[i]); total > trialsMax {
			return Unknown, 0
		}
	}
	for k := range total {
		vars := map[string]any{}
		for i, name := range c.rule.uses {
			vars[name] = values[i][k%len(values[i])]
			k /= len(values[i])
		}
		got, _, err := c.Evaluate(vars, nil)
		switch {
		case err != nil || got == Unknown || always != "" && got != always:
			return Unknown, tried
		}
		always = got
		tried++
	}
	return always, tried
}

// turns returns the literals of a rule: numbers with both neighbours, and texts
// with one that it does not name.
func (c *Act) turns() (numbers []int64, texts []string) {
	numbers, texts = []int64{0, 1}, []string{"", "none of these"}
	for _, lit := range c.rule.literals {
		switch v := lit.(type) {
		case int64:
			numbers = append(numbers, v-1, v, v+1)
		case string:
			texts = append(texts, v)
		}
	}
	slices.Sort(numbers)
	slices.Sort(texts)
	numbers = slices.DeleteFunc(slices.Compact(numbers), func(v int64) bool { return v < 0 })
	return append(numbers, trucewatch.CountMax), slices.Compact(texts)
}

// trialValues returns values to try for a variable.
func (a *Agreement) trialValues(name string, numbers []int64, texts []string) []any {
	var out []any
	v := find(RuleVariables(), func(v *RuleVariable) bool { return v.Name == name })
	switch v.Type {
	case "bool":
		return []any{false, true}
	case "int":
		for _, n := range numbers {
			out = append(out, n)
		}
	case "string":
		for _, s := range texts {
			out = append(out, s)
		}
	case "list(string)":
		out = append(out, []string{})
		for _, s := range texts {
			out = append(out, []string{s})
		}
		out = append(out, texts)
	default: // share_in_zone: all zones alike is enough to turn one comparison
		for _, n := range numbers {
			shares := map[string]int64{}
			for _, z := range a.Zones {
				shares[z.ID] = n
			}
			out = append(out, shares)
		}
	}
	return out
}

// literalsOf returns the numbers and texts that a checked rule states.
func literalsOf(checked *cel.Ast) []any {
	var out []any
	ast.PreOrderVisit(checked.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.LiteralKind {
			return
		}
		switch v := e.AsLiteral().(type) {
		case types.Int:
			out = append(out, int64(v))
		case types.String:
			out = append(out, string(v))
		}
	}))
	return out
}

// placeFields are the fields of a notification that say where.
func placeFields() []string {
	return []string{"polygon", "range_polygon", "point", "corridor", "route"}
}

// checkExemptions looks at exemptions that no notification can meet, or that
// contradict themselves or a clock.
func (r *reader) checkExemptions() {
	longest := trucewatch.Instant(0)
	for _, c := range r.a.Clocks {
		longest = max(longest, c.After)
	}
	for i := range r.a.Exemptions {
		x, n := &r.a.Exemptions[i], r.exemptionNodes[i]
		if x.Effect != "as_stated" {
			var lacks []string
			if !slices.ContainsFunc(x.Fields, func(f string) bool { return slices.Contains(placeFields(), f) }) {
				lacks = append(lacks, "where (one of "+strings.Join(placeFields(), ", ")+")")
			}
			if !slices.Contains(x.Fields, "window") {
				lacks = append(lacks, "when (window)")
			}
			if len(lacks) > 0 {
				r.errorf(child(n, "fields"), "a notification under exemption %q need not say %s: nothing could be matched with it", x.ID, strings.Join(lacks, " nor "))
			}
		}
		if len(x.Lifts) > 0 && (x.Effect == "raises_severity" || x.Effect == "protects") {
			r.errorf(child(n, "lifts"), "exemption %q lifts acts and %s: what it forbids more strictly it also permits; make two exemptions", x.ID, plain(x.Effect))
		}
		for _, id := range x.Outside {
			if r.a.Zone(id).IsGlobal {
				r.errorf(child(n, "outside"), "exemption %q holds only outside zone %q, which is everywhere: it never holds", x.ID, id)
			}
		}
		r.checkLead(x, i, longest)
	}
	r.checkAcknowledgement()
}

// checkLead looks at notice periods.
func (r *reader) checkLead(x *Exemption, i int, longest trucewatch.Instant) {
	n := child(r.exemptionNodes[i], "lead_hours")
	if x.EmergencyLead > 0 && x.EmergencyLead >= x.Lead {
		r.errorf(child(r.exemptionNodes[i], "emergency_lead_hours"), "in an emergency exemption %q needs notice of %s, not less than otherwise (%s)", x.ID, span(x.EmergencyLead), span(x.Lead))
	}
	if longest > 0 && x.Lead > longest {
		r.errorf(n, "exemption %q needs notice of %s, longer than every clock of a case (%s): are these days?", x.ID, span(x.Lead), span(longest))
	}
	for _, v := range r.a.variants {
		if v.Span.Till != 0 && x.Lead >= v.Span.Till-v.Span.From {
			r.errorf(n, "exemption %q needs notice of %s, and the text is in force for %s: it could never be used", x.ID, span(x.Lead), span(v.Span.Till-v.Span.From))
			break
		}
	}
}

// checkAcknowledgement wants a notification acknowledged before what it notifies.
func (r *reader) checkAcknowledgement() {
	k := r.a.Acknowledgement
	if k == nil {
		return
	}
	for _, x := range r.a.Exemptions {
		least := x.Lead
		if x.EmergencyLead > 0 {
			least = x.EmergencyLead
		}
		if least > 0 && k.Within > least {
			r.errorf(r.at("acknowledgement", "within_hours"), "a notification is acknowledged within %s, and exemption %q needs notice of only %s: it may begin before anybody has received it", span(k.Within), x.ID, span(least))
			return
		}
	}
}

// checkObligations looks at promises that can never fall due.
func (r *reader) checkObligations() {
	a := r.a
	for i := range a.Obligations {
		o, n := &a.Obligations[i], r.obligationNodes[i]
		for _, id := range o.ConcurrentWith {
			other := a.Obligation(id)
			switch {
			case id == o.ID:
				r.errorf(child(n, "concurrent_with"), "obligation %q is concurrent with itself", o.ID)
			case !slices.Contains(other.ConcurrentWith, o.ID):
				r.errorf(child(n, "concurrent_with"), "obligation %q waits for %q, and not the other way round: write %q under concurrent_with of %q too, or use after", o.ID, id, o.ID, id)
			case slices.Contains(o.After, id) || slices.Contains(other.After, o.ID):
				r.errorf(child(n, "concurrent_with"), "obligations %q and %q are to be done together, and one after the other", o.ID, id)
			}
		}
		if class := a.Class(o.Class); class != nil && o.Phase != "" && class.Phase != o.Phase {
			r.errorf(child(n, "phase"), "obligation %q is due with phase %q, and the limit of class %q binds from phase %q", o.ID, o.Phase, class.ID, class.Phase)
		}
		if o.Phase == "" && o.Within == 0 {
			r.errorf(n, "obligation %q is due at no time: add phase, within_hours or within_days", o.ID)
		}
	}
}

// checkStreak looks at what breaks a streak.
func (r *reader) checkStreak() {
	s := r.a.Streak
	if s == nil {
		return
	}
	if len(r.a.Zone(s.Zone).Areas) == 0 {
		r.errorf(r.at("disengagement_streak", "zone"), "zone %q has no areas: a streak is counted for each area of a zone given by polygons", s.Zone)
	}
	for _, id := range s.Breaks {
		c := r.a.Act(id)
		if why := c.Unjudged(); why != "" {
			r.errorf(r.at("disengagement_streak", "breaks"), "act %q breaks the streak and is never judged (%s)", id, why)
		} else if c.When.BreachOf != "" {
			r.errorf(r.at("disengagement_streak", "breaks"), "act %q breaks the streak and has no place: it is a breach of the text's %s", id, c.When.BreachOf)
		}
	}
}

// checkAggravation looks at circumstances that can never weigh.
func (r *reader) checkAggravation() {
	lightest, gravest := 4, 1
	for _, c := range r.a.Acts {
		lightest, gravest = min(lightest, c.Severity), max(gravest, c.Severity)
	}
	for i, g := range r.a.Aggravation {
		n := r.aggravationNodes[i]
		why := ""
		switch {
		case g.By > 0 && lightest == 4:
			why = "every act is grave already"
		case g.By < 0 && gravest == 1:
			why = "every act is technical already"
		case g.If == "in_window_of_silence" && !r.a.hasWindows():
			why = "no exemption raises the severity in a window; add one named window_of_silence with effect raises_severity"
		case g.If == "casualty" && !r.a.judges(trucewatch.CasualtySeen):
			why = "no act is about casualties"
		}
		if why != "" {
			r.errorf(n, "%s can never weigh: %s", plain(g.If), why)
		}
	}
}

func (a *Agreement) hasWindows() bool {
	return slices.ContainsFunc(a.Exemptions, func(x Exemption) bool { return x.Effect == "raises_severity" })
}

func (a *Agreement) judges(k trucewatch.Kind) bool {
	return slices.ContainsFunc(a.Acts, func(c Act) bool { return slices.Contains(c.When.Kinds, k) })
}
