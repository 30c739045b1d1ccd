// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/judge/attribution"
)

// WindowFacts is what was observed while an agreement was in force.
type WindowFacts struct {
	Now      trucewatch.Instant // the last tick
	Readings []ReadingFacts     // one for each of the agreement's readings, in their order
}

// ReadingFacts is what was observed in the window of one reading.
type ReadingFacts struct {
	Seen   []Seen // observations that are not claims, by kind and means, in a fixed order
	Claims int64  // observations that are claims
}

// Seen counts observations of one kind by one means.
type Seen struct {
	Kind  trucewatch.Kind
	Means trucewatch.Means
	Count int64
}

// Count adds one observation to the facts, in the order of the words.
func (r *ReadingFacts) Count(o *trucewatch.Observation) {
	if o.Means.IsClaim() {
		r.Claims++
		return
	}
	i, found := slices.BinarySearchFunc(r.Seen, o, func(s Seen, o *trucewatch.Observation) int {
		if c := strings.Compare(string(s.Kind), string(o.Kind)); c != 0 {
			return c
		}
		return strings.Compare(string(s.Means), string(o.Means))
	})
	if !found {
		r.Seen = slices.Insert(r.Seen, i, Seen{Kind: o.Kind, Means: o.Means})
	}
	r.Seen[i].Count++
}

// windowAct stands where findings about incidents name an act.
const windowAct = "window"

// Window returns, for each reading whose window is over, a finding that the
// window cannot be assessed, if what was observed cannot show whether the truce
// held: nothing was observed, or nothing but claims, or nothing that an act is
// about, such as heat seen from orbit alone. That no violation was observed then
// says nothing. A window without an end is not judged as a whole, and where
// observations can show acts the findings about incidents speak.
func Window(a *agreement.Agreement, facts WindowFacts, index uint64) []trucewatch.Finding {
	if a.Status == agreement.Draft {
		return nil
	}
	var out []trucewatch.Finding
	for i, r := range a.Readings() {
		if i >= len(facts.Readings) || r.Span.Till == 0 || facts.Now < r.Span.Till {
			continue
		}
		if reasons := unassessable(a, &facts.Readings[i]); len(reasons) > 0 {
			out = append(out, windowFinding(a, r, reasons, index))
		}
	}
	return out
}

// unassessable returns why what was observed can show no act, nothing if it can.
func unassessable(a *agreement.Agreement, facts *ReadingFacts) []trucewatch.Reason {
	var reasons []trucewatch.Reason
	say := func(sentence string, blanks ...string) {
		reasons = append(reasons, reasonOf(yes, "", nil, sentence, blanks...))
	}
	total := int64(0)
	for _, s := range facts.Seen {
		total += s.Count
		if s.Means != trucewatch.SatelliteThermal && canShow(a, s.Kind) {
			return nil
		}
	}
	switch {
	case total == 0:
		say(sayNothing)
	default:
		for _, s := range facts.Seen {
			say(sayShowsNoAct, digits(s.Count), plain(string(s.Kind)), plain(string(s.Means)))
		}
	}
	if facts.Claims > 0 {
		say(sayUnchecked, digits(facts.Claims))
	}
	return reasons
}

// canShow says whether an observation of a kind can show an act.
func canShow(a *agreement.Agreement, k trucewatch.Kind) bool {
	return slices.ContainsFunc(a.Acts, func(c agreement.Act) bool {
		if len(c.When.Kinds) == 0 {
			return c.When.BreachOf == "" && isAttack(&trucewatch.Observation{Kind: k})
		}
		return slices.Contains(c.When.Kinds, k)
	})
}

func windowFinding(a *agreement.Agreement, r trucewatch.Reading, reasons []trucewatch.Reason, index uint64) trucewatch.Finding {
	window, name := r.Span, r.ID
	if name == "" {
		name = a.ID
	}
	f := trucewatch.Finding{
		ID: trucewatch.FindingID(fmt.Sprintf("%s/%s/%v", windowAct, name, window.From)), Subject: trucewatch.Subject{Window: &window},
		Act: windowAct, ActName: "truce_window", Agreement: a.Hash(), Reading: r.ID, Result: trucewatch.NotAssessable, Severity: 1,
		Word: a.Evidence.Word(0), Attribution: trucewatch.Attribution{Level: attribution.None}, Reasons: reasons, State: "preliminary", When: window, Index: index,
		WouldChange: []string{"observations of what the agreement forbids, by patrols, cameras or sensors that could have seen it in this window"},
	}
	if readings := a.Readings(); len(readings) > 1 {
		reason := reasonOf(yes, "", nil, sayWindowRead, r.ID)
		for _, other := range readings {
			reason.Because = append(reason.Because, reasonOf(yes, "", nil, sayReading, other.ID, span(other.Span)))
		}
		f.Reasons = append(f.Reasons, reason)
	}
	return f
}
