// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
)

// An answer is whether a condition holds. The order makes min the "and" of
// answers and max the "or".
type answer int

const (
	no answer = iota
	unknown
	yes
)

// String returns the word that stands in a reason.
func (a answer) String() string { return [...]string{"no", "unknown", "yes"}[a] }

func answerOf(holds bool) answer {
	if holds {
		return yes
	}
	return no
}

// A condition is one condition of an act, answered.
type condition struct {
	holds   answer
	scope   bool // about when, by whom or from when on: a no is out of scope, not "no such act"
	claimed bool // only claims say so
	reason  trucewatch.Reason
	change  string          // what would settle it, if it is unknown
	share   *trucewatch.PPM // of the place, where it rests on one
}

// A trial holds one incident against one act in one reading.
type trial struct {
	in      *Input
	a       *agreement.Agreement
	act     *agreement.Act
	reading trucewatch.Reading
	support []*trucewatch.Recorded // what shows the act, by ID
	checked []*trucewatch.Recorded // of support, what is more than a claim
	region  geo.Region             // where it was seen or hit; zero if not known
}

func newTrial(in *Input, a *agreement.Agreement, act *agreement.Act, reading trucewatch.Reading, support []*trucewatch.Recorded) *trial {
	return &trial{in: in, a: a, act: act, reading: reading, support: support, checked: checked(support), region: regionOf(in.Incident)}
}

// regionOf returns where an incident was, not where its fire came from: the
// preferred estimate, or the best that is not an origin.
func regionOf(in *trucewatch.Incident) geo.Region {
	if best := in.Best(); best != nil && best.Role != "origin" {
		return best.Region
	}
	for i := range in.Estimates {
		if e := &in.Estimates[i]; e.Role != "origin" && e.Status != "rejected" {
			return e.Region
		}
	}
	return geo.Region{}
}

// judge returns the finding, nil if the incident is not this act.
func (t *trial) judge() *trucewatch.Finding {
	conditions := t.conditions()
	state, scope := yes, yes
	for _, c := range conditions {
		if c.scope {
			scope = min(scope, c.holds)
		} else {
			state = min(state, c.holds)
		}
	}
	if state == no || scope == no && state != yes {
		return nil
	}
	f := t.finding(conditions)
	mission := t.missionAsset()
	ex := exempted{best: none}
	if scope != no && mission.holds != yes {
		ex = t.exemptions()
		if ex.reason.Text != "" {
			f.Reasons = append(f.Reasons, ex.reason)
		}
	}
	if mission.reason.Text != "" {
		f.Reasons = append(f.Reasons, mission.reason)
	}
	switch {
	case scope == no:
		f.Result = trucewatch.OutOfScope
	case mission.holds == yes:
		f.Result = trucewatch.Permitted
	case ex.best == exempt:
		f.Result, f.Exemption = trucewatch.Exempted, ex.name
	default:
		t.weigh(f, conditions, min(state, scope), ex)
	}
	if !t.a.MissionAdjudicates() && f.Attribution.Level != "none" {
		f.Reasons = append(f.Reasons, trucewatch.Reason{
			Text: "the agreement does not let the mission adjudicate: who is responsible is for the commission to decide", Holds: yes.String()})
	}
	return f
}

// finding returns a finding with everything but its result.
func (t *trial) finding(conditions []condition) *trucewatch.Finding {
	id := t.in.Incident.ID
	f := &trucewatch.Finding{
		Subject: trucewatch.Subject{Incident: &id}, Act: t.act.ID, ActName: t.act.Name, Basis: t.act.Basis,
		Agreement: t.a.Hash(), Reading: t.reading.ID, Severity: t.act.Severity, Confidence: t.confidence(conditions),
		Unit: t.act.Unit, Quantity: t.quantity(), Attribution: trucewatch.Attribution{Level: "none"},
		State: "preliminary", When: t.in.Incident.When, Index: t.in.Index,
	}
	f.Word = t.a.Evidence.Word(f.Confidence)
	for _, c := range conditions {
		if c.reason.Text != "" {
			f.Reasons = append(f.Reasons, c.reason)
		}
	}
	return f
}

// confidence is that of the incident, times the shares of the places that
// conditions rest on; if only claims or heat show the act, it stays below
// probable.
func (t *trial) confidence(conditions []condition) trucewatch.PPM {
	p := t.in.Incident.Confidence
	for _, c := range conditions {
		if c.share != nil {
			p = p * *c.share / geo.Million
		}
	}
	if t.weak(conditions) {
		p = min(p, t.a.Evidence.Probable-1)
	}
	return max(p, 0)
}

// weak says whether the act, or a condition of it, rests on claims or heat alone.
func (t *trial) weak(conditions []condition) bool {
	return !slices.ContainsFunc(t.support, func(r *trucewatch.Recorded) bool { return !isWeak(r) }) ||
		slices.ContainsFunc(conditions, func(c condition) bool { return c.claimed })
}

// weigh sets the result of an act that is in scope and not exempt.
func (t *trial) weigh(f *trucewatch.Finding, conditions []condition, state answer, ex exempted) {
	e := &t.a.Evidence
	if ex.best == late {
		// The breach is of the notice period, not of the rule that the exemption lifts.
		// Source: severity 1 is "technical (late notice, short delay)", docs/glossary.md.
		// What it takes to show it stays what the act takes.
		f.Severity = 1
		f.Reasons = append(f.Reasons, trucewatch.Reason{Holds: yes.String(), Article: ex.name,
			Text: "late notice: every other term of " + ex.name + " is met, so the breach is of the notice period, severity 1"})
	}
	f.Attribution = t.attribute()
	for _, c := range conditions {
		if c.holds == unknown && c.change != "" {
			f.WouldChange = append(f.WouldChange, c.change)
		}
	}
	f.WouldChange = append(f.WouldChange, ex.change...)
	means, need := independentMeans(t.in.Members, t.support), e.Means(t.act.Severity)
	weak := t.weak(conditions)
	f.Reasons = append(f.Reasons, t.weight(f, means, need, weak, conditions))
	if f.Confidence < e.Confirmed || means < need || weak {
		f.WouldChange = append(f.WouldChange, t.wouldConfirm(f, means, need, weak))
	}
	switch {
	case state == unknown || ex.best == perhaps || weak || f.Confidence < e.Probable:
		f.Result = trucewatch.Indeterminate
	case f.Confidence >= e.Confirmed && means >= need:
		f.Result = trucewatch.Violation
	default:
		f.Result = trucewatch.ProbableViolation
	}
}

// weight is the reason about how sure it is.
func (t *trial) weight(f *trucewatch.Finding, means, need int, weak bool, conditions []condition) trucewatch.Reason {
	e := &t.a.Evidence
	r := trucewatch.Reason{Share: f.Confidence, Holds: answerOf(f.Confidence >= e.Confirmed && means >= need && !weak).String(),
		Text: fmt.Sprintf("confirmed: confidence %s (%s), %s needed; %s, %d needed", percent(f.Confidence), f.Word, percent(e.Confirmed), plural(means, "independent means"), need)}
	r.Because = append(r.Because, trucewatch.Reason{Text: fmt.Sprintf("that it happened: %s, from %s", percent(t.in.Incident.Confidence), plural(len(t.in.Members), "observation")),
		Holds: yes.String(), Share: t.in.Incident.Confidence, Evidence: idsOf(t.in.Members)})
	switch {
	case len(t.checked) == 0:
		r.Because = append(r.Because, trucewatch.Reason{Text: "only claims that nobody has checked show the act: never above possible", Holds: yes.String(), Evidence: idsOf(t.support)})
	case weak && !slices.ContainsFunc(conditions, func(c condition) bool { return c.claimed }):
		r.Because = append(r.Because, trucewatch.Reason{Text: "only heat seen by satellite shows the act, which other fires give too: never above possible", Holds: yes.String(), Evidence: idsOf(t.support)})
	case weak:
		r.Because = append(r.Because, trucewatch.Reason{Text: "a condition rests on claims that nobody has checked: never above possible", Holds: yes.String()})
	}
	return r
}

// wouldConfirm says what would raise the confidence.
func (t *trial) wouldConfirm(f *trucewatch.Finding, means, need int, weak bool) string {
	switch {
	case weak:
		return "an observation by the mission's own means, or one that it has checked, of the same act"
	case means < need:
		return fmt.Sprintf("%s more, independent of %s", plural(need-means, "means"), t.ways())
	}
	return fmt.Sprintf("more or closer observations: confidence is %s, and a violation is confirmed from %s", percent(f.Confidence), percent(t.a.Evidence.Confirmed))
}

// ways lists the means by which the act is known.
func (t *trial) ways() string {
	var words []string
	for _, m := range t.checked {
		if w := plain(string(m.Observation.Means)); !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	return strings.Join(words, " and ")
}
