// SPDX-License-Identifier: Apache-2.0

package count

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
)

// A Rule says how to count. Its ID stands on every number; a rule that changes
// gets another ID.
type Rule struct {
	ID         string
	sumOfSigns bool
	terms      *agreement.Counting  // nil: each incident of fire is an engagement
	text       *agreement.Agreement // for the kinds that an act is about; nil if there is none
}

// Plain is the rule of a mission whose agreement says nothing of counting.
func Plain() Rule { return Rule{ID: "plain"} }

// SumOfSigns is the historical rule of missions: one number, the sum of
// explosions, projectiles in flight, muzzle flashes, illumination flares, bursts
// and shots. One round may stand in it three times.
//
// Source: the published totals of daily reports are exactly this sum, in four of
// four that were added up (docs/glossary.md, phenomenon).
func SumOfSigns() Rule { return Rule{ID: "sum_of_signs", sumOfSigns: true} }

// RuleOf is the rule of an agreement's own text.
func RuleOf(a *agreement.Agreement) Rule {
	r := Rule{ID: fmt.Sprintf("%s/%d", a.ID, a.Version), text: a}
	if a.Counting.Engagement.Gap > 0 || len(a.Counting.NotCounted) > 0 {
		r.terms = &a.Counting
	}
	return r
}

// The names of the plain rule's layers. A rule that changes gets a new number,
// because numbers under different rules are never compared.
const (
	PhenomenaRule  = "phenomena/1: largest count of one source per incident and kind, added over incidents"
	EngagementRule = "engagement/1: incidents whose kind is fire (explosion, shot, burst, exchange of fire, projectile in flight, muzzle flash, fire at a mission asset)"
	FindingRule    = "finding/1: violation and probable violation, one per incident, act and reading, not withdrawn; in the act's unit"
)

// Name returns the name of the rule in one layer, with what it does.
func (r Rule) Name(layer string) string {
	if r.sumOfSigns {
		return r.ID + ": explosions, projectiles in flight, muzzle flashes, illumination flares, bursts and shots, added; one round may count more than once"
	}
	if layer == PhenomenonLayer {
		return PhenomenaRule
	}
	if r.terms == nil {
		return map[string]string{EngagementLayer: EngagementRule, FindingLayer: FindingRule}[layer]
	}
	if layer == FindingLayer {
		return r.ID + ": violation and probable violation in the act's unit, not withdrawn; what another act says of the same fire once; in engagements once for each"
	}
	return r.ID + ": " + r.engagementWords()
}

func (r Rule) engagementWords() string {
	e := &r.terms.Engagement
	parts := []string{"incidents of fire"}
	if e.SameKind {
		parts = append(parts, "of one kind")
	}
	if e.Gap > 0 {
		parts = append(parts, fmt.Sprintf("with pauses of at most %d s", e.Gap/trucewatch.Second), "whose places may be the same")
	}
	if e.Cap > 0 {
		parts = append(parts, fmt.Sprintf("together at most %d min", e.Cap/trucewatch.Minute))
	}
	if n := r.terms.NotCounted; len(n) > 0 {
		parts = append(parts, "without what is only "+strings.ReplaceAll(strings.Join(n, " or "), "_", " "))
	}
	return strings.Join(parts, ", ")
}

// groups says whether several incidents may be one engagement.
func (r Rule) groups() bool { return r.terms != nil && r.terms.Engagement.Gap > 0 }

// excused says whether the rule leaves an incident out: all that was found of it
// is a result that the text does not count.
func (r Rule) excused(results []trucewatch.Result) bool {
	if r.terms == nil || len(results) == 0 {
		return false
	}
	return !slices.ContainsFunc(results, func(x trucewatch.Result) bool { return !slices.Contains(r.terms.NotCounted, string(x)) })
}

// kindsOf returns what an act is about, nothing if that is not known.
func (r Rule) kindsOf(id trucewatch.ActID) []trucewatch.Kind {
	if r.text == nil {
		return nil
	}
	if act := r.text.Act(id); act != nil {
		return act.When.Kinds
	}
	return nil
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

// An engagement is being put together.
type engagement struct {
	when    trucewatch.Interval
	members []*trucewatch.IncidentView
	places  []disk
}

// A disk holds where an incident may have been.
type disk struct {
	center  geo.Position
	reachMM int64
	known   bool
}

// engagements groups incidents of fire as the rule says. Incidents are taken in
// the order of their beginning, and each joins the engagement that began first of
// those that it may belong to; two that it would bridge stay two. Where it may
// have been is taken as a disk, which is a little more than the figure.
func (r Rule) engagements(counted []*trucewatch.IncidentView) [][]*trucewatch.IncidentView {
	var fire []*trucewatch.IncidentView
	for _, in := range counted {
		if isFire(in.Kind) {
			fire = append(fire, in)
		}
	}
	slices.SortStableFunc(fire, func(a, b *trucewatch.IncidentView) int {
		return cmp.Or(cmp.Compare(a.When.From, b.When.From), a.ID.Compare(b.ID))
	})
	var all []*engagement
	var open []*engagement // to which something may still be added
	for _, in := range fire {
		when := in.When
		if when.Till == 0 {
			when.Till = when.From
		}
		d := diskOf(in)
		var home *engagement
		if r.groups() {
			e := &r.terms.Engagement
			open = slices.DeleteFunc(open, func(o *engagement) bool { return when.From > o.when.Till+e.Gap })
			if i := slices.IndexFunc(open, func(o *engagement) bool { return o.takes(in, when, d, e) }); i >= 0 {
				home = open[i]
			}
		}
		if home == nil {
			home = &engagement{when: when}
			all = append(all, home)
			open = append(open, home)
		}
		home.when = home.when.Join(when)
		home.members, home.places = append(home.members, in), append(home.places, d)
	}
	out := make([][]*trucewatch.IncidentView, len(all))
	for i, e := range all {
		out[i] = e.members
	}
	return out
}

// takes says whether an incident belongs to the engagement.
func (o *engagement) takes(in *trucewatch.IncidentView, when trucewatch.Interval, d disk, e *agreement.Engagement) bool {
	if e.SameKind && o.members[0].Kind != in.Kind || !d.known {
		return false
	}
	if joined := o.when.Join(when); e.Cap > 0 && joined.Till-joined.From > e.Cap {
		return false
	}
	return slices.ContainsFunc(o.places, func(p disk) bool {
		return p.known && geo.NearMM(p.center, d.center) <= p.reachMM+d.reachMM
	})
}

func diskOf(in *trucewatch.IncidentView) disk {
	r := in.Where
	if r.IsZero() {
		return disk{}
	}
	d := disk{center: r.Mean(), reachMM: r.ReachMM(), known: true}
	if r.Kind == geo.Sector {
		// Its reach is that from the observer, who may be far away.
		d.reachMM = min(d.reachMM, r.ExtentMM()/2)
	}
	return d
}
