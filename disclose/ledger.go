// SPDX-License-Identifier: Apache-2.0

package disclose

import (
	"slices"

	"github.com/trucewatch/trucewatch"
)

// publicClocks are the clocks that every case has by the text of the agreement.
var publicClocks = []string{"flash", "answer", "initial", "joint", "decide", "meet", "close"}

// Case returns a case as the audience sees it at an instant, and whether it
// sees it at all. Visible are those of its findings that the audience sees, as it
// sees them. The public sees the case as far as they go: what was found, revised
// or withdrawn since they were released does not show in severity, state or list.
// That a body decided shows as soon as it is entered, as does its clock.
func (r Rules) Case(at trucewatch.Instant, c *trucewatch.Case, visible ...trucewatch.FindingView) (trucewatch.CaseView, bool) {
	if r.mission() {
		return trucewatch.CaseView{Case: *c}, true
	}
	if !r.public() || len(visible) == 0 {
		return trucewatch.CaseView{}, false
	}
	// A case opens when evidence comes in: to the hour, as the event's own time.
	out := trucewatch.Case{ID: c.ID, State: "opened", Opened: r.hourOf(c.Opened), Served: r.hourOf(c.Served)}
	if c.Served != 0 {
		out.State = "served"
	}
	for _, f := range visible {
		out.Findings = append(out.Findings, f.ID)
		out.Severity = max(out.Severity, f.Severity)
	}
	slices.Sort(out.Findings)
	// Clocks of requests, visits and remedies say what they are about.
	out.Clocks = slices.DeleteFunc(slices.Clone(c.Clocks), func(k trucewatch.CaseClock) bool { return !slices.Contains(publicClocks, k.ID) })
	for i := range out.Clocks {
		k := &out.Clocks[i]
		k.From, k.Due, k.Ended = r.hourOf(k.From), r.hourOf(k.Due), r.hourOf(k.Ended)
	}
	v := trucewatch.CaseView{Case: out, Decided: r.decided(c)}
	if slices.ContainsFunc(c.Decisions, func(d trucewatch.Ruling) bool {
		return d.Outcome == "carried" && slices.Contains(decisive, d.Decision.About)
	}) {
		v.State = "decided"
	}
	return v, true
}

// decisive are the subjects of decisions that end the clock "decide", whose end is
// public.
var decisive = []string{"responsibility", "no_violation", "remedy", "close"}

// publicSubjects are what the public is told instead of what a decision was about.
// To hold a party responsible and to ask something of one read the same where the
// mission may not say who is responsible. A deviation that was agreed tells of
// forces to come, wherever.
var publicSubjects = map[string]string{"responsibility": "consequences", "remedy": "consequences", "deviation": "procedure"}

// decided says that bodies decided, about what and on which day: not how a member
// voted, what the question was, who is named, or why. What did not carry is not told:
// in a body of two that needs consensus it would say who was against. Decisions of one
// body on one day that read the same are one.
func (r Rules) decided(c *trucewatch.Case) []trucewatch.DecidedView {
	var out []trucewatch.DecidedView
	for i := range c.Decisions {
		if c.Decisions[i].Outcome != "carried" {
			continue
		}
		d := &c.Decisions[i].Decision
		v := trucewatch.DecidedView{Body: d.Body, About: d.About, Day: d.At - d.At%trucewatch.Day}
		if told, withheld := publicSubjects[d.About]; withheld && (!r.Adjudicates || d.About == "deviation") {
			v.About = told
		}
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// published says whether a kind of source speaks in public, so that what it
// says is no secret.
func published(k trucewatch.SourceKind) bool {
	switch k {
	case trucewatch.AgencySource, trucewatch.MissionSource, trucewatch.PressSource:
		return true
	}
	return false
}

// Tally returns a tally as the audience sees it, and whether it sees it at all.
// The public sees what a body or a party published, not what a person, a patrol
// or a device counted.
func (r Rules) Tally(t trucewatch.TallyView) (trucewatch.TallyView, bool) {
	t.Index, t.Received = r.recorded(t.Index, t.Received)
	return t, r.mission() || r.public() && (published(t.Source.Kind) || t.Source.Kind == trucewatch.PartySource)
}

// Statement returns a statement as the audience sees it, and whether it sees it
// at all. The public sees statements as it sees tallies.
func (r Rules) Statement(s trucewatch.StatementView) (trucewatch.StatementView, bool) {
	s.Index, s.Received = r.recorded(s.Index, s.Received)
	return s, r.mission() || r.public() && (published(s.Source.Kind) || s.Source.Kind == trucewatch.PartySource)
}

// recorded returns where in the record something stands, and when it came, as the
// audience sees it. Pairs of both would be a clock for the numbers of
// incidents, which are places in the record, too.
func (r Rules) recorded(index uint64, at trucewatch.Instant) (uint64, trucewatch.Instant) {
	if r.mission() {
		return index, at
	}
	return 0, r.hourOf(at)
}

// Notice returns a notification as the audience sees it, and whether it sees it
// at all. It tells where people and vehicles will be, so the public never sees
// it.
func (r Rules) Notice(n trucewatch.NoticeView) (trucewatch.NoticeView, bool) {
	return n, r.mission()
}

// Sources returns the sources as the audience sees them. The public sees one
// line for each kind, and how many rows were taken only of kinds that speak in
// public: how many observations come in tells what happens at this hour.
func (r Rules) Sources(all []trucewatch.SourceView) []trucewatch.SourceView {
	if r.mission() {
		return all
	}
	var out []trucewatch.SourceView
	if !r.public() {
		return nil
	}
	for _, kind := range trucewatch.SourceKinds() {
		line := trucewatch.SourceView{Source: trucewatch.Source{Kind: kind}}
		found := false
		for _, s := range all {
			if s.Source.Kind != kind {
				continue
			}
			found = true
			if published(kind) {
				line.Accepted += s.Accepted
				line.Rejected += s.Rejected
			}
		}
		if found {
			out = append(out, line)
		}
	}
	return out
}

// AgreementTexts returns the agreements as the audience reads them. The public
// sees no drafts, and no outlines of what could be hit.
func (r Rules) AgreementTexts(all []trucewatch.AgreementText) []trucewatch.AgreementText {
	if r.mission() {
		return all
	}
	var out []trucewatch.AgreementText
	if !r.public() {
		return nil
	}
	for _, a := range all {
		if a.Draft {
			continue
		}
		a.Zones = slices.DeleteFunc(slices.Clone(a.Zones), func(z trucewatch.ZoneShape) bool {
			return z.Kind == "protected_objects" || z.Kind == "storage_site"
		})
		out = append(out, a)
	}
	return out
}
