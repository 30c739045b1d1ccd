// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/judge/attribution"
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

// A hearing is one incident under one reading: what the trials of its acts share.
type hearing struct {
	in      *Input
	reading *reading
	a       *agreement.Agreement
	opened  bool
	region  geo.Region            // where it was seen or hit; zero if not known
	cloud   *geo.Cloud            // of region
	two     []trucewatch.Estimate // the two places, where it was at one of two
	clouds  []*geo.Cloud          // of two
	reach   int64                 // of the region from its middle; 0: not asked yet
	places  []place               // tested so far
	notices []*Notice             // near in time and place
	facts   []*trucewatch.Fact
}

// A trial holds one incident against one act in one reading.
type trial struct {
	*hearing
	act     *act
	support []*trucewatch.Recorded // what shows the act, by ID
	checked []*trucewatch.Recorded // of support, what is more than a claim
	shown   []trucewatch.ObservationID
}

// try opens a trial, nil if nothing shows the act.
func (h *hearing) try(c *act) *trial {
	support := supportOf(h.in.Members, c)
	if len(support) == 0 {
		return nil
	}
	if !h.opened {
		h.open()
	}
	return &trial{hearing: h, act: c, support: support, checked: checked(support)}
}

// open finds what every trial asks for.
func (h *hearing) open() {
	h.opened, h.region, h.two = true, regionOf(h.in.Incident), twoPlaces(h.in.Incident)
	h.cloud = geo.NewCloud(h.region)
	for i := range h.two {
		h.clouds = append(h.clouds, geo.NewCloud(h.two[i].Region))
	}
	for i := range h.in.Notices {
		if n := &h.in.Notices[i]; h.in.Incident.When.Gap(n.Notification.Window) <= NoticeReach && h.near(n.Notification) {
			h.notices = append(h.notices, n)
		}
	}
}

// evidence is what shows the act, as reasons point at it.
func (t *trial) evidence() []trucewatch.ObservationID {
	if t.shown == nil {
		t.shown = idsOf(t.support)
	}
	return t.shown
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
	if conditions == nil {
		return nil
	}
	state, scope := yes, yes
	for i := range conditions {
		if c := &conditions[i]; c.scope {
			scope = min(scope, c.holds)
		} else {
			state = min(state, c.holds)
		}
	}
	if scope == no && state != yes {
		return nil
	}
	f := t.finding(conditions)
	if scope == no {
		f.Result = trucewatch.OutOfScope
		return f
	}
	if mission := t.missionAsset(); mission.holds == yes {
		f.Reasons = append(f.Reasons, mission.reason)
		f.Result = trucewatch.Permitted
		return f
	}
	ex := t.exemptions()
	if ex.reason.Text != "" {
		f.Reasons = append(f.Reasons, ex.reason)
	}
	if ex.best == exempt {
		f.Result, f.Exemption = trucewatch.Exempted, ex.name
		return f
	}
	climbed := t.ladder()
	if climbed.reason.Text != "" {
		f.Reasons = append(f.Reasons, climbed.reason)
	}
	if climbed.holds == yes {
		f.Result = trucewatch.Permitted
		return f
	}
	f.WouldChange = append(f.WouldChange, climbed.change...)
	t.weigh(f, conditions, min(state, scope), ex)
	if !t.a.MissionAdjudicates() && f.Attribution.Level != attribution.None {
		f.Reasons = append(f.Reasons, reasonOf(yes, "", nil, sayNotAdjudicated))
	}
	return f
}

// finding returns a finding with everything but its result.
func (t *trial) finding(conditions []condition) *trucewatch.Finding {
	id := t.in.Incident.ID
	f := &trucewatch.Finding{
		Subject: trucewatch.Subject{Incident: &id}, Act: t.act.ID, ActName: t.act.Name, Basis: t.act.Basis,
		Agreement: t.a.Hash(), Reading: t.reading.Reading, HeldBy: t.reading.HeldBy, Severity: t.act.Severity, Confidence: t.confidence(conditions),
		Unit: t.act.Unit, Quantity: t.quantity(), Attribution: trucewatch.Attribution{Level: attribution.None},
		State: "preliminary", When: t.in.Incident.When, Index: t.in.Index, Reasons: make([]trucewatch.Reason, 0, len(conditions)+4),
	}
	f.Word = t.a.Evidence.Word(f.Confidence)
	for i := range conditions {
		if c := &conditions[i]; c.reason.Text != "" {
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
	for i := range conditions {
		if c := &conditions[i]; c.share != nil {
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
	return !slices.ContainsFunc(t.support, func(r *trucewatch.Recorded) bool { return !isWeak(r) }) || restsOnClaims(conditions)
}

func restsOnClaims(conditions []condition) bool {
	return slices.ContainsFunc(conditions, func(c condition) bool { return c.claimed })
}

// weigh sets the result of an act that is in scope, not exempt and not answered
// fire.
func (t *trial) weigh(f *trucewatch.Finding, conditions []condition, state answer, ex exempted) {
	e := &t.a.Evidence
	if ex.late != "" {
		// The breach is of the notice period, not of the rule that the exemption lifts.
		// Source: severity 1 is "technical (late notice, short delay)", docs/glossary.md.
		// What it takes to show it stays what the act takes. That another notification may
		// exempt it altogether makes it no graver.
		f.Severity = 1
		f.Reasons = append(f.Reasons, reasonOf(yes, ex.late, nil, sayLateNotice, ex.late))
	} else {
		t.aggravate(f)
	}
	f.Attribution = t.attribute()
	for i := range conditions {
		if c := &conditions[i]; c.holds == unknown && c.change != "" {
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

// attribute asks who did it.
func (t *trial) attribute() trucewatch.Attribution {
	if t.facts == nil && len(t.in.Facts) > 0 {
		for i := range t.in.Facts {
			t.facts = append(t.facts, &t.in.Facts[i].What)
		}
	}
	return attribution.Of(attribution.Input{Incident: t.in.Incident, Members: t.in.Members, Support: t.support, Origins: t.in.Origins,
		Facts: t.facts, Agreement: t.a, Severity: t.act.Severity, Digital: t.act.digital})
}

// weight is the reason about how sure it is.
func (t *trial) weight(f *trucewatch.Finding, means, need int, weak bool, conditions []condition) trucewatch.Reason {
	e := &t.a.Evidence
	r := reasonOf(answerOf(f.Confidence >= e.Confirmed && means >= need && !weak), "", nil,
		sayConfirmed, percent(f.Confidence), f.Word, percent(e.Confirmed), digits(means), digits(need))
	r.Share = f.Confidence
	r.Because = append(r.Because, reasonOf(yes, "", idsOf(t.in.Members), sayHappened, percent(t.in.Incident.Confidence), digits(len(t.in.Members))))
	r.Because[0].Share = t.in.Incident.Confidence
	switch {
	case len(t.checked) == 0:
		r.Because = append(r.Because, reasonOf(yes, "", t.evidence(), sayOnlyClaims))
	case weak && !restsOnClaims(conditions):
		r.Because = append(r.Because, reasonOf(yes, "", t.evidence(), sayOnlyHeat))
	case weak:
		r.Because = append(r.Because, reasonOf(yes, "", nil, sayConditionClaimed))
	}
	return r
}

// wouldConfirm says what would raise the confidence.
func (t *trial) wouldConfirm(f *trucewatch.Finding, means, need int, weak bool) string {
	switch {
	case weak:
		return changeChecked
	case means < need:
		return fill(changeMeans, digits(need-means), t.ways())
	}
	return fill(changeMore, percent(f.Confidence), percent(t.a.Evidence.Confirmed))
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
