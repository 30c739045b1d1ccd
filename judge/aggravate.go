// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
)

// Bounds of severity: technical and grave.
const (
	leastSeverity = 1
	mostSeverity  = 4
)

// CallReach is how long before fire a call on the hotline may lie to have been
// about it, and CallReachMM how far, where the text does not say.
//
// Guess: six hours and 2 km, the field's own distance for a repeat. Test: calls
// that a desk linked to a case.
const (
	CallReach   = 6 * trucewatch.Hour
	CallReachMM = 2_000_000
)

// aggravate sets what makes a breach weigh more or less than its act: what the
// text lists, a window of silence that both sides guaranteed, a movement that was
// notified and hit. The severity stays within 1 to 4, and each step says why.
func (t *trial) aggravate(f *trucewatch.Finding) {
	severity := t.act.Severity
	for i := range t.a.Aggravation {
		g := &t.a.Aggravation[i]
		if why := t.weighsMore(g); why != "" {
			severity = min(mostSeverity, max(leastSeverity, severity+g.By))
			f.Aggravated = append(f.Aggravated, strings.TrimSuffix(fill(aggravatedBy, plain(g.If), why, signed(g.By), g.Basis), ", "))
		}
	}
	if x, n := t.silence(); x != nil && x.RaisesTo > severity {
		severity = x.RaisesTo
		f.Aggravated = append(f.Aggravated, fill(aggravatedSilence, x.ID, n.Notification.ID, digits(x.RaisesTo)))
	}
	if x, n := t.protected(); x != nil && severity < mostSeverity {
		severity++
		f.Aggravated = append(f.Aggravated, fill(aggravatedProtected, x.ID, n.Notification.ID))
	}
	f.Severity = severity
}

// What Finding.Aggravated says.
const (
	aggravatedBy        = "%s: %s, %s, %s"
	aggravatedSilence   = "in a window of silence under %s, notification %s, that both sides guaranteed: severity %s"
	aggravatedProtected = "a movement protected under %s, notification %s, was hit (+1)"
)

// silence returns the window of silence in which fire or harm fell.
func (t *trial) silence() (*agreement.Exemption, *Notice) {
	if len(t.reading.silences) == 0 || len(t.notices) == 0 || !t.isHarmful() {
		return nil, nil
	}
	return t.protecting(t.reading.silences)
}

// protected returns the notified movement that fire or harm fell on.
func (t *trial) protected() (*agreement.Exemption, *Notice) {
	if len(t.reading.protects) == 0 || len(t.notices) == 0 || !t.isHarmful() {
		return nil, nil
	}
	return t.protecting(t.reading.protects)
}

// isHarmful says whether the act is shown by fire, damage or harm to persons.
func (t *trial) isHarmful() bool {
	return slices.ContainsFunc(t.support, func(r *trucewatch.Recorded) bool { return isAttack(r.Observation) })
}

// weighsMore says why an aggravation applies, empty if it does not.
func (t *trial) weighsMore(g *agreement.Aggravation) string {
	when := t.in.Incident.When
	switch g.If {
	case "casualty":
		return t.harmNear(g)
	case "repeat":
		return t.repeats(g)
	case "in_window_of_silence":
		if x, n := t.silence(); x != nil {
			return x.ID + "/" + n.Notification.ID
		}
	case "after_hotline_call":
		return t.called(g)
	case "self_reported":
		return t.fact("self_report", func(f *trucewatch.Fact) bool { return true })
	case "discipline_reported":
		return t.fact("discipline_reported", func(f *trucewatch.Fact) bool { return true })
	case "stopped":
		return t.fact("ceased_fire", func(f *trucewatch.Fact) bool { return f.Confirmed != "" && f.At <= when.From+g.Within })
	}
	return ""
}

// harmNear says which harm to persons the incident did, or lies near it.
func (t *trial) harmNear(g *agreement.Aggravation) string {
	if slices.ContainsFunc(t.support, func(r *trucewatch.Recorded) bool { return r.Observation.Kind == trucewatch.CasualtySeen }) {
		return "" // the act is the harm itself
	}
	for _, r := range t.in.Members {
		if isHarm(r) {
			return "observation " + r.ID.String()
		}
	}
	within := trucewatch.Interval{From: t.in.Incident.When.From, Till: t.in.Incident.When.Till + g.Within}
	for _, n := range t.neighbours(g, within, trucewatch.CasualtySeen) {
		if slices.ContainsFunc(n.Members, isHarm) {
			return "incident " + n.Incident.ID.String()
		}
	}
	return ""
}

// isHarm says whether an observation is of harm to persons that more than a
// claim says and nobody rejected.
func isHarm(r *trucewatch.Recorded) bool {
	o := r.Observation
	return o.Kind == trucewatch.CasualtySeen && !o.Means.IsClaim() && (o.Casualty == nil || o.Casualty.Status != "rejected" && o.Casualty.Status != "duplicate")
}

// repeats says which earlier breach of the same act lies near.
func (t *trial) repeats(g *agreement.Aggravation) string {
	from := t.in.Incident.When.From
	for _, n := range t.neighbours(g, trucewatch.Interval{From: from - g.Within, Till: from - 1}, t.act.When.Kinds...) {
		for _, f := range n.Findings {
			if f.Act == t.act.ID && f.Agreement == t.a.Hash() && (f.Result == trucewatch.Violation || f.Result == trucewatch.ProbableViolation) && f.State != "withdrawn" {
				return "finding " + string(f.ID)
			}
		}
	}
	return ""
}

// neighbours returns the neighbours within the time and distance of an aggravation.
func (t *trial) neighbours(g *agreement.Aggravation, when trucewatch.Interval, kinds ...trucewatch.Kind) []Neighbour {
	if t.in.Nearby == nil || g.Within == 0 || t.region.IsZero() || len(kinds) == 0 {
		return nil
	}
	return t.in.Nearby(kinds, when, t.region, g.WithinMM)
}

// called says which call on the hotline about this came before the fire and did
// not stop it.
func (t *trial) called(g *agreement.Aggravation) string {
	from, reach, reachMM := t.in.Incident.When.From, g.Within, g.WithinMM
	if reach == 0 {
		reach = CallReach
	}
	if reachMM == 0 {
		reachMM = CallReachMM
	}
	for i := range t.in.Calls {
		c := &t.in.Calls[i].What
		if c.At >= from || c.At < from-reach {
			continue
		}
		if c.Case != "" && refers(string(c.Case), t.in.Incident) {
			return "call " + c.ID
		}
		if t.region.IsZero() || c.Where.Region.IsZero() {
			continue
		}
		if geo.NearMM(c.Where.Region.Mean(), t.region.Mean()) <= reachMM+spreadMM(c.Where.Region)+t.spread() {
			return "call " + c.ID
		}
	}
	return ""
}

// fact says which fact of a kind refers to the incident.
func (t *trial) fact(kind string, fits func(*trucewatch.Fact) bool) string {
	for i := range t.in.Facts {
		if f := &t.in.Facts[i].What; f.Kind == kind && refers(f.Ref, t.in.Incident) && fits(f) {
			return "fact " + f.ID
		}
	}
	return ""
}
