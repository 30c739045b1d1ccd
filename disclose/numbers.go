// SPDX-License-Identifier: Apache-2.0

package disclose

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

// The counting rules. A rule that changes gets a new number, because numbers
// under different rules are never compared.
const (
	PhenomenaRule  = "phenomena/1: largest count of one source per incident and kind, added over incidents"
	EngagementRule = "engagement/1: incidents whose kind is fire (explosion, shot, burst, exchange of fire, projectile in flight, muzzle flash, fire at a mission asset)"
	FindingRule    = "finding/1: violation and probable violation, one per incident, act and reading, not withdrawn; in the act's unit"
)

// Items are what is counted: the incidents and findings of one audience in one
// reporting period. An incident counts in the period in which it began; a
// period begins with From and ends before Till. The zero period is all time.
type Items struct {
	Period    trucewatch.Interval
	Incidents []trucewatch.IncidentView
	Findings  []trucewatch.FindingView
}

// counts says whether what began at an instant counts in the period.
func counts(period trucewatch.Interval, began trucewatch.Instant) bool {
	return period.IsZero() || began >= period.From && (period.Till == 0 || began < period.Till)
}

// Numbers counts items. It is a function of what the audience sees and of
// nothing else, so that every reader can count again. Previous are the items of
// the period before, of the same length; its zero period means that there was
// none.
func Numbers(items, previous Items) []trucewatch.Number {
	now := tally(items)
	if previous.Period.IsZero() {
		return now
	}
	before := tally(previous)
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

// tally counts one period, in the order of sortNumbers. Engagements are always
// counted: that there was none is a number, too.
func tally(items Items) []trucewatch.Number {
	out := []trucewatch.Number{{Layer: EngagementLayer, What: "fire", Rule: EngagementRule}}
	add := func(n trucewatch.Number) {
		if have := find(out, n); have != nil {
			have.Value += n.Value
			have.AtLeast = have.AtLeast || n.AtLeast
			return
		}
		out = append(out, n)
	}
	for i := range items.Incidents {
		in := &items.Incidents[i]
		if !counts(items.Period, in.When.From) || in.State == "merged" || in.State == "withdrawn" {
			continue
		}
		if isFire(in.Kind) {
			add(trucewatch.Number{Layer: EngagementLayer, What: "fire", Rule: EngagementRule, Value: 1})
		}
		for _, p := range in.Phenomena {
			add(phenomenon(p))
		}
	}
	for i := range items.Findings {
		f := &items.Findings[i]
		if counts(items.Period, f.When.From) && f.State != "withdrawn" && holds(f.Result) == "yes" {
			add(trucewatch.Number{Layer: FindingLayer, What: findingWhat(&f.Finding), Rule: FindingRule, Value: f.Quantity})
		}
	}
	sortNumbers(out)
	return out
}

func phenomenon(p trucewatch.Phenomena) trucewatch.Number {
	what := string(p.Kind)
	if p.Count.Unit != "" && p.Count.Unit != what {
		what += " (" + p.Count.Unit + ")" // unlike units are never added
	}
	bound := p.Count.Qualifier == trucewatch.AtLeast || p.Count.Qualifier == trucewatch.Multiple || p.Count.High > p.Count.Value
	return trucewatch.Number{Layer: PhenomenonLayer, What: what, Rule: PhenomenaRule, Value: p.Count.Value, AtLeast: bound}
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

// isFire says whether a kind is of somebody firing. A flare or a thermal
// anomaly is not.
func isFire(k trucewatch.Kind) bool {
	switch k {
	case trucewatch.Explosion, trucewatch.Shot, trucewatch.Burst, trucewatch.ExchangeOfFire, trucewatch.ProjectileInFlight,
		trucewatch.MuzzleFlash, trucewatch.FireAtMissionAsset:
		return true
	}
	return false
}

func find(list []trucewatch.Number, n trucewatch.Number) *trucewatch.Number {
	for i := range list {
		if list[i].Layer == n.Layer && list[i].What == n.What && list[i].Rule == n.Rule {
			return &list[i]
		}
	}
	return nil
}

// sortNumbers orders by layer, phenomena by the vocabulary, then by name.
func sortNumbers(list []trucewatch.Number) {
	layers := []string{PhenomenonLayer, EngagementLayer, FindingLayer}
	kinds := trucewatch.Kinds()
	slices.SortFunc(list, func(a, b trucewatch.Number) int {
		return cmp.Or(cmp.Compare(slices.Index(layers, a.Layer), slices.Index(layers, b.Layer)),
			cmp.Compare(slices.Index(kinds, trucewatch.Kind(a.What)), slices.Index(kinds, trucewatch.Kind(b.What))),
			cmp.Compare(a.What, b.What))
	})
}
