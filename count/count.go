// SPDX-License-Identifier: Apache-2.0

// Package count counts: signs, engagements and findings, each under a rule that
// has a name, and never one for the other.
//
// Published numbers of violations were sums of unlike things: one round could be
// counted at the muzzle, in flight and at impact, and two sides counted one year
// as 860 and as 1,299. So a number carries its layer, its rule and its unit;
// numbers that differ in one of them refuse to be compared or added (Compare,
// Add), and any period can be counted again under any rule (Recount). A party's
// own totals are a layer of their own (Claims).
//
// A number also carries what could have been seen: a share of ground and time,
// and a rate per million observed hours with the interval that holds the truth in
// 95 of 100 such cases. Fewer sensors make the interval wider; they do not make
// the world more peaceful.
//
// Counts are functions of what an audience sees and of nothing else, so that
// every reader can count again.
package count

import (
	"cmp"
	"slices"

	"github.com/trucewatch/trucewatch"
)

// The layers of counting, never mixed.
const (
	PhenomenonLayer = "phenomenon"
	EngagementLayer = "engagement"
	FindingLayer    = "finding"
)

// Items are what is counted: the incidents and findings of one audience in one
// reporting period. An incident counts in the period in which it began; a
// period begins with From and ends before Till. The zero period is all time.
type Items struct {
	Period    trucewatch.Interval
	Incidents []trucewatch.IncidentView
	Findings  []trucewatch.FindingView
}

// A Sight is what could be seen of a period's ground. Its words are those of
// package coverage: watched, partly, nobody_looked, unknown.
type Sight struct {
	Word     string
	Observed trucewatch.PPM
}

// A Ground is what could be seen where and when something is counted. The zero
// Ground says nothing, and numbers on it carry no coverage.
type Ground struct {
	Hours int64                          // of the period
	Seen  func([]trucewatch.Kind) Sight  // of events of some kinds; nil kinds: of any sign of fire
	Knows func(trucewatch.SourceID) bool // says whether a source reports its watch; nil: all do
}

// noticed says whether an incident counts in a rate: what only sources noticed of
// which nobody knows how much they see has no place beside observed hours. A view
// that names no observations leaves it open, and all of it counts.
func (g *Ground) noticed(in *trucewatch.IncidentView) bool {
	if g.Knows == nil || in == nil || len(in.Observations) == 0 {
		return true
	}
	return slices.ContainsFunc(in.Observations, func(o trucewatch.ObservationView) bool { return o.Source != nil && g.Knows(o.Source.ID) })
}

// counts says whether what began at an instant counts in the period.
func counts(period trucewatch.Interval, began trucewatch.Instant) bool {
	return period.IsZero() || began >= period.From && (period.Till == 0 || began < period.Till)
}

// Within returns the items whose incidents lie on some ground, each by the middle
// of where it may have been: so it counts in one of several regions, and only in
// one. Findings about something else than an incident are left out; so are
// incidents of unknown place.
func (it Items) Within(holds func(*trucewatch.IncidentView) bool) Items {
	out := Items{Period: it.Period}
	in := map[trucewatch.IncidentID]bool{}
	for i := range it.Incidents {
		if v := &it.Incidents[i]; !v.Where.IsZero() && holds(v) {
			in[v.ID] = true
			out.Incidents = append(out.Incidents, *v)
		}
	}
	for _, f := range it.Findings {
		if id := f.Subject.Incident; id != nil && in[*id] {
			out.Findings = append(out.Findings, f)
		}
	}
	return out
}

// Recount counts a period under a rule. That there was no engagement is a number,
// too.
func Recount(r Rule, items Items, ground Ground) []trucewatch.Number {
	book := &book{rule: r, ground: ground, cells: map[key]*sum{}}
	shown := map[trucewatch.IncidentID]*trucewatch.IncidentView{}
	var counted []*trucewatch.IncidentView
	for i := range items.Incidents {
		in := &items.Incidents[i]
		shown[in.ID] = in
		if counts(items.Period, in.When.From) && in.State != "merged" && in.State != "withdrawn" {
			counted = append(counted, in)
		}
	}
	book.signs(counted)
	groups := r.engagements(counted)
	book.engagements(groups, standing(items.Findings))
	book.findings(items, shown, groups)
	return book.numbers()
}

// Numbers counts a period beside the one before it, of the same length. The zero
// period of previous means that there was none.
func Numbers(r Rule, items, previous Items, ground Ground) []trucewatch.Number {
	now := Recount(r, items, ground)
	if previous.Period.IsZero() {
		return now
	}
	before := Recount(r, previous, Ground{})
	for _, b := range before {
		if find(now, b) == nil {
			b.Value, b.AtLeast = 0, false
			now = append(now, b)
		}
	}
	for i := range now {
		var value int64
		if b := find(before, now[i]); b != nil {
			value = b.Value
		}
		now[i].Previous = &value
	}
	sortNumbers(now)
	return now
}

func find(list []trucewatch.Number, n trucewatch.Number) *trucewatch.Number {
	for i := range list {
		if list[i].Layer == n.Layer && list[i].What == n.What && list[i].Rule == n.Rule {
			return &list[i]
		}
	}
	return nil
}

// A key is what a number counts.
type key struct{ layer, what, unit string }

// A sum is a number being counted.
type sum struct {
	kinds    []trucewatch.Kind // of which coverage is asked
	value    int64
	atLeast  bool
	weighted weighted // of what counts in a rate
}

// A book holds the sums of one count.
type book struct {
	rule   Rule
	ground Ground
	keys   []key
	cells  map[key]*sum
}

func (b *book) at(k key, kinds []trucewatch.Kind) *sum {
	s := b.cells[k]
	if s == nil {
		s = &sum{kinds: kinds}
		b.cells[k] = s
		b.keys = append(b.keys, k)
	}
	return s
}

// add counts size of something that one event gave.
func (s *sum) add(size int64, atLeast, noticed bool) {
	s.value += size
	s.atLeast = s.atLeast || atLeast
	if noticed {
		s.weighted.add(size)
	}
}

// signs counts phenomena as the rule does.
func (b *book) signs(counted []*trucewatch.IncidentView) {
	if b.rule.sumOfSigns {
		b.at(key{PhenomenonLayer, "signs", "sign"}, nil)
	}
	for _, in := range counted {
		noticed := b.ground.noticed(in)
		var total int64
		var bound bool
		for _, p := range in.Phenomena {
			atLeast := p.Count.Qualifier == trucewatch.AtLeast || p.Count.Qualifier == trucewatch.Multiple || p.Count.High > p.Count.Value
			switch {
			case !b.rule.sumOfSigns:
				what := string(p.Kind)
				if p.Count.Unit != "" && p.Count.Unit != what {
					what += " (" + p.Count.Unit + ")" // unlike units are never added
				}
				b.at(key{PhenomenonLayer, what, "sign"}, []trucewatch.Kind{p.Kind}).add(p.Count.Value, atLeast, noticed)
			case p.Kind.IsPhenomenon():
				total += p.Count.Value
				bound = bound || atLeast
			}
		}
		if total > 0 || bound {
			b.at(key{PhenomenonLayer, "signs", "sign"}, nil).add(total, bound, noticed)
		}
	}
}

// engagements counts episodes of fire.
func (b *book) engagements(groups [][]*trucewatch.IncidentView, results map[trucewatch.IncidentID][]trucewatch.Result) {
	if b.rule.sumOfSigns {
		return
	}
	s := b.at(key{EngagementLayer, "fire", "engagement"}, nil)
	for _, g := range groups {
		if !slices.ContainsFunc(g, func(in *trucewatch.IncidentView) bool { return !b.rule.excused(results[in.ID]) }) {
			continue
		}
		s.add(1, false, slices.ContainsFunc(g, b.ground.noticed))
	}
}

// standing returns the results that stand about each incident.
func standing(findings []trucewatch.FindingView) map[trucewatch.IncidentID][]trucewatch.Result {
	out := map[trucewatch.IncidentID][]trucewatch.Result{}
	for i := range findings {
		if f := &findings[i]; f.Subject.Incident != nil && f.State != "withdrawn" {
			out[*f.Subject.Incident] = append(out[*f.Subject.Incident], f.Result)
		}
	}
	return out
}

// findings counts breaches in the unit of the act: in engagements one for each
// episode, however many incidents of it break the same act.
func (b *book) findings(items Items, shown map[trucewatch.IncidentID]*trucewatch.IncidentView, groups [][]*trucewatch.IncidentView) {
	if b.rule.sumOfSigns {
		return
	}
	episode := map[trucewatch.IncidentID]int{}
	for n, g := range groups {
		for _, in := range g {
			episode[in.ID] = n
		}
	}
	type once struct {
		key     key
		episode int
	}
	seen := map[once]bool{}
	for i := range items.Findings {
		f := &items.Findings[i]
		if !counts(items.Period, f.When.From) || f.State == "withdrawn" || f.Duplicate ||
			f.Result != trucewatch.Violation && f.Result != trucewatch.ProbableViolation {
			continue
		}
		k := key{FindingLayer, findingWhat(&f.Finding), f.Unit}
		var in *trucewatch.IncidentView
		if f.Subject.Incident != nil {
			in = shown[*f.Subject.Incident]
			n, fire := episode[*f.Subject.Incident]
			if b.rule.groups() && f.Unit == "engagement" && fire {
				if seen[once{k, n}] {
					continue
				}
				seen[once{k, n}] = true
			}
		}
		b.at(k, b.rule.kindsOf(f.Act)).add(f.Quantity, false, b.ground.noticed(in))
	}
}

// findingWhat names what a finding counts: "K2 violation [engagement]".
func findingWhat(f *trucewatch.Finding) string {
	what := string(f.Act) + " " + string(f.Result)
	if f.Reading != "" {
		what += ", reading " + f.Reading
	}
	if f.Unit != "" {
		what += " [" + f.Unit + "]"
	}
	return what
}

// numbers writes the sums out, each with what could have been seen.
func (b *book) numbers() []trucewatch.Number {
	out := make([]trucewatch.Number, 0, len(b.keys))
	for _, k := range b.keys {
		s := b.cells[k]
		n := trucewatch.Number{Layer: k.layer, What: k.what, Unit: k.unit, Rule: b.rule.Name(k.layer), Value: s.value, AtLeast: s.atLeast}
		if b.ground.Seen != nil {
			sight := b.ground.Seen(s.kinds)
			n.Coverage, n.Observed = sight.Word, sight.Observed
			n.Rate = rate(s.weighted, b.ground.Hours, sight.Observed)
		}
		out = append(out, n)
	}
	sortNumbers(out)
	return out
}

// sortNumbers orders by layer, phenomena by the vocabulary, then by name.
func sortNumbers(list []trucewatch.Number) {
	layers := []string{PhenomenonLayer, EngagementLayer, FindingLayer}
	kinds := trucewatch.Kinds()
	slices.SortFunc(list, func(a, b trucewatch.Number) int {
		return cmp.Or(cmp.Compare(slices.Index(layers, a.Layer), slices.Index(layers, b.Layer)),
			cmp.Compare(slices.Index(kinds, trucewatch.Kind(a.What)), slices.Index(kinds, trucewatch.Kind(b.What))),
			cmp.Compare(a.What, b.What), cmp.Compare(a.Rule, b.Rule))
	})
}
