// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/publish/wording"
)

// caseStates are those of trucewatch.Case, in the order of its life.
var caseStates = []string{"opened", "served", "answered", "joint_visit", "before_commission", "decided", "corrective_action", "closed", "unresolved"}

// A caseChoice is what of cases a form asks for; what is empty asks for nothing.
type caseChoice struct{ State, Body, Severity, Owes string }

func (v *visit) caseChoice() caseChoice {
	values := v.r.URL.Query()
	return caseChoice{values.Get("state"), values.Get("body"), values.Get("severity"), values.Get("owes")}
}

// selections are the lists from which a case is chosen. What is not on a list
// cannot be asked for.
func (c caseChoice) selections(head trucewatch.View) ([]selection, error) {
	list := []selection{
		{"state", "state", choices(caseStates, []string{c.State}, func(s string) string { return wording.Words(s) })},
		{"severity", "severity", choices([]string{"1", "2", "3", "4"}, []string{c.Severity}, severityName)},
		{"owes", "answer owed by", choices(parties(head), []trucewatch.PartyID{trucewatch.PartyID(c.Owes)}, func(p trucewatch.PartyID) string { return "party " + string(p) })},
		{"body", "before", choices(bodies(head), []string{c.Body}, wording.Words)},
	}
	for i, asked := range []string{c.State, c.Severity, c.Owes, c.Body} {
		if asked != "" && !slices.ContainsFunc(list[i].Choices, func(have choice) bool { return have.Chosen }) {
			return nil, refuse(http.StatusBadRequest, "The address asks for something unknown: there is no %s %.40q here.", list[i].Label, asked)
		}
	}
	return list, nil
}

func severityName(s string) string {
	n, err := strconv.Atoi(s)
	if err != nil {
		return s
	}
	return wording.Severity(n)
}

// parties are those of the agreements.
func parties(head trucewatch.View) []trucewatch.PartyID {
	var out []trucewatch.PartyID
	for _, a := range head.Agreements {
		for _, p := range a.Parties {
			if !slices.Contains(out, p.ID) {
				out = append(out, p.ID)
			}
		}
	}
	return out
}

// bodies are those that have an agenda; none are known to most audiences.
func bodies(head trucewatch.View) []string {
	var out []string
	if head.Standing != nil {
		for _, a := range head.Standing.Agendas {
			out = append(out, a.Body)
		}
	}
	return out
}

func (c caseChoice) keeps(file *trucewatch.CaseView) bool {
	return (c.State == "" || c.State == file.State) && (c.Body == "" || c.Body == file.Before) &&
		(c.Severity == "" || c.Severity == strconv.Itoa(file.Severity)) &&
		(c.Owes == "" || slices.ContainsFunc(file.Clocks, func(k trucewatch.CaseClock) bool {
			return k.ID == "answer" && string(k.Party) == c.Owes && k.Ended == 0
		}))
}

func cases(v *visit) error {
	asked := v.caseChoice()
	selections, err := asked.selections(v.head)
	if err != nil {
		return err
	}
	q, err := v.plainQuery("state", "severity", "owes", "body")
	if err != nil {
		return err
	}
	list, total, err := v.chosenCases(q, asked)
	if err != nil {
		return err
	}
	return v.show("cases", "cases", "Cases", struct {
		Filter filter
		List   []trucewatch.CaseView
		Pager  pager
	}{v.filter(q, selections...), list, v.pager(q, len(list), total)})
}

// chosenCases gives one page of the cases that a query keeps and that were asked
// for, and how many there are in all.
func (v *visit) chosenCases(q trucewatch.Query, asked caseChoice) ([]trucewatch.CaseView, int, error) {
	if asked == (caseChoice{}) {
		return v.store.Cases(q)
	}
	var kept []trucewatch.CaseView
	err := v.eachCase(q, func(c *trucewatch.CaseView) {
		if asked.keeps(c) {
			kept = append(kept, *c)
		}
	})
	if err != nil {
		return nil, 0, err
	}
	first := min(q.Offset, len(kept))
	return kept[first:min(first+q.Limit, len(kept))], len(kept), nil
}

// eachCase reads all cases that a query keeps, whatever its limit.
func (v *visit) eachCase(q trucewatch.Query, use func(*trucewatch.CaseView)) error {
	q.Offset, q.Limit = 0, trucewatch.LimitMax
	for {
		list, total, err := v.store.Cases(q)
		if err != nil {
			return err
		}
		for i := range list {
			use(&list[i])
		}
		if q.Offset += len(list); q.Offset >= total || len(list) == 0 {
			return nil
		}
	}
}

// A caseBody is a case with what of it stands elsewhere.
type caseBody struct {
	Case     trucewatch.CaseView
	Whole    bool // this audience sees all that there is
	Findings []trucewatch.FindingView
	Absent   []trucewatch.FindingID
	Readings [][]trucewatch.FindingView // of one act and subject, read in more than one way
	Answers  []answersOf
	Matters  []matter
	Steps    []trucewatch.Dated[trucewatch.Step] // that are none of the matters
	Calls    []call
	Unlisted []string // calls that are not among the newest
	Facts    []trucewatch.Dated[trucewatch.Fact]
}

// answersOf is what one party says to a case.
type answersOf struct {
	Party   trucewatch.PartyID
	Stands  *trucewatch.Dated[trucewatch.Answer] // nil: it gave none
	Earlier []trucewatch.Dated[trucewatch.Answer]
	Clock   *trucewatch.CaseClock // nil: none runs for it
}

// A matter is a request for information or a joint visit, and what came of it.
type matter struct {
	What  string // "request for information", "joint visit"
	Begun trucewatch.Dated[trucewatch.Step]
	Then  []trucewatch.Dated[trucewatch.Step]
}

func caseFile(v *visit) error {
	c, ok, err := v.store.Case(trucewatch.CaseID(v.r.PathValue("id")))
	if err != nil {
		return err
	}
	if !ok {
		return refuse(http.StatusNotFound, "No such case is shown to this audience.")
	}
	b := caseBody{Case: c, Whole: v.head.Audience == trucewatch.ForMission, Answers: v.answers(&c.Case)}
	for _, id := range c.Findings {
		f, ok, err := v.store.Finding(id)
		switch {
		case err != nil:
			return err
		case ok:
			b.Findings = append(b.Findings, f)
		default:
			b.Absent = append(b.Absent, id)
		}
	}
	b.Readings = inReadings(b.Findings)
	b.Matters, b.Steps = matters(c.Steps)
	if s := v.head.Standing; s != nil {
		b.calls(s.Calls)
		for _, f := range s.Facts {
			if trucewatch.CaseID(f.What.Ref) == c.ID {
				b.Facts = append(b.Facts, f)
			}
		}
	}
	return v.show("case", "cases", "Case "+string(c.ID), b)
}

// answers sorts the answers to a case by party, those that owe one included.
func (v *visit) answers(c *trucewatch.Case) []answersOf {
	var out []answersOf
	of := func(p trucewatch.PartyID) *answersOf {
		i := slices.IndexFunc(out, func(a answersOf) bool { return a.Party == p })
		if i < 0 {
			i = len(out)
			out = append(out, answersOf{Party: p, Stands: c.AnswerOf(p)})
		}
		return &out[i]
	}
	for i := range c.Clocks {
		if k := &c.Clocks[i]; k.ID == "answer" && k.Party != "" {
			of(k.Party).Clock = k
		}
	}
	for i := range c.Answers {
		answer := c.Answers[i]
		a := of(answer.What.Party)
		if a.Stands == nil || a.Stands.Index != answer.Index {
			a.Earlier = append(a.Earlier, answer)
		}
	}
	slices.SortFunc(out, func(a, b answersOf) int { return strings.Compare(string(a.Party), string(b.Party)) })
	return out
}

// matters gathers requests and visits with what followed, and returns the other
// steps beside them.
func matters(steps []trucewatch.Dated[trucewatch.Step]) ([]matter, []trucewatch.Dated[trucewatch.Step]) {
	begins := map[string]string{"information_requested": "request for information", "visit_offered": "joint visit"}
	var list []matter
	var others []trucewatch.Dated[trucewatch.Step]
	for _, s := range steps {
		i := slices.IndexFunc(list, func(m matter) bool { return m.Begun.What.ID == s.What.Ref })
		switch what := begins[s.What.Deed]; {
		case what != "":
			list = append(list, matter{What: what, Begun: s})
		case i >= 0 && s.What.Ref != "":
			list[i].Then = append(list[i].Then, s)
		default:
			others = append(others, s)
		}
	}
	return list, others
}

// calls lists the calls about the case, and names those that are not listed any
// more.
func (b *caseBody) calls(newest []trucewatch.Dated[trucewatch.Activation]) {
	for _, id := range b.Case.Activations {
		i := slices.IndexFunc(newest, func(c trucewatch.Dated[trucewatch.Activation]) bool { return c.What.ID == id })
		if i < 0 {
			b.Unlisted = append(b.Unlisted, id)
			continue
		}
		b.Calls = append(b.Calls, call{newest[i], b.Case.ID})
	}
}

// inReadings groups findings that apply one act to one subject in more than one
// reading of the text.
func inReadings(list []trucewatch.FindingView) [][]trucewatch.FindingView {
	var groups [][]trucewatch.FindingView
	for _, f := range list {
		i := slices.IndexFunc(groups, func(g []trucewatch.FindingView) bool { return sameQuestion(&g[0].Finding, &f.Finding) })
		if i < 0 {
			groups = append(groups, []trucewatch.FindingView{f})
			continue
		}
		groups[i] = append(groups[i], f)
	}
	return slices.DeleteFunc(groups, func(g []trucewatch.FindingView) bool { return len(g) < 2 })
}

// sameQuestion says whether two findings apply one act to one subject.
func sameQuestion(f, g *trucewatch.Finding) bool {
	return f.Act == g.Act && f.Agreement == g.Agreement && slices.Equal(subject(f), subject(g))
}

// subject writes what a finding is about, so that two can be compared.
func subject(f *trucewatch.Finding) []string {
	s := f.Subject
	out := []string{string(s.Case), s.Notice, s.Site, s.Zone, s.Duty, s.Fact}
	if s.Incident != nil {
		out = append(out, "incident", s.Incident.String())
	}
	if s.Window != nil {
		out = append(out, "window", s.Window.From.String(), s.Window.Till.String())
	}
	if s.Tally != nil {
		out = append(out, "tally", s.Tally.String())
	}
	return out
}
