// SPDX-License-Identifier: Apache-2.0

// Package judge holds incidents against agreements: which acts they are, how
// sure that is, who may be held responsible, and what would change it.
//
// Judge is a pure function of an incident, its observations, the agreements
// adopted and the notifications received. The same input gives the same
// findings, byte for byte, on every machine; it counts in integers and knows no
// clock. The text in force at the time of the event is applied, never the one
// in force when somebody asks. Where the text is read in several ways, each
// reading is judged.
//
// An act is a list of conditions. Each is answered yes, no or unknown, with a
// reason that points at the evidence, and the result follows from this table,
// the first row that fits:
//
//	a condition does not hold                       no finding
//	all hold but the time, the party or the phase   out_of_scope
//	what was seen belongs to the mission            permitted
//	a notification meets every term of an exemption exempted
//	a condition or an exemption is unknown          indeterminate
//	only claims, or only a satellite's heat, say so indeterminate
//	confirmed, and enough independent means         violation
//	probable                                        probable_violation
//	less                                            indeterminate
//
// A notification that meets every term but the notice period exempts nothing;
// the breach is then of the notice period, and its severity is technical.
//
// Judge changes no incident, and it knows no audience: attribution is computed
// here and left to package disclose to hide.
package judge

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
)

// An Input is one incident and everything it is judged by.
type Input struct {
	Incident   *trucewatch.Incident
	Members    []*trucewatch.Recorded // the observations that the incident links
	Agreements []*agreement.Agreement // adopted, in the order of the record; drafts judge nothing
	Notices    []Notice               // received, in the order of the record
	Index      uint64                 // entry that causes these findings
}

// A Notice is a notification and when the record received it.
type Notice struct {
	Notification *trucewatch.Notification
	Received     trucewatch.Instant
	Index        uint64
}

// Incident returns what an incident is under the agreements: a finding for each
// act that it may be, per reading where the readings differ, by ID. Without an
// agreement there are none, and none for an incident that was withdrawn or has
// become part of another.
func Incident(in Input) []trucewatch.Finding {
	if in.Incident.State == "withdrawn" || in.Incident.State == "merged" {
		return nil
	}
	in.Members = slices.SortedFunc(slices.Values(in.Members), func(a, b *trucewatch.Recorded) int { return a.ID.Compare(b.ID) })
	var out []trucewatch.Finding
	for _, a := range applicable(in.Agreements, in.Incident.When) {
		for i := range a.Acts {
			if act := &a.Acts[i]; act.Unjudged() == "" {
				out = append(out, judgeAct(&in, a, act)...)
			}
		}
	}
	slices.SortFunc(out, func(f, g trucewatch.Finding) int { return cmp.Compare(f.ID, g.ID) })
	return out
}

// applicable returns, of each agreement, the version in force at the time of the
// event: of several the one adopted last. If none was in force it returns the
// one nearest in time, under which the event is out of scope.
func applicable(adopted []*agreement.Agreement, when trucewatch.Interval) []*agreement.Agreement {
	var out []*agreement.Agreement
	var nearest *agreement.Agreement
	var least trucewatch.Instant
	for _, a := range adopted {
		if a.Status == agreement.Draft {
			continue
		}
		if gap := gapTo(a, when); gap > 0 {
			if nearest == nil || gap <= least {
				nearest, least = a, gap
			}
			continue
		}
		if i := slices.IndexFunc(out, func(b *agreement.Agreement) bool { return b.ID == a.ID }); i >= 0 {
			// An event that straddles the change is judged by the text it began under.
			if a.InForce(when.From) {
				out[i] = a
			}
			continue
		}
		out = append(out, a)
	}
	if len(out) == 0 && nearest != nil {
		out = append(out, nearest)
	}
	return out
}

// gapTo returns how far an event lies from every reading of when a is in force,
// 0 if it touches one.
func gapTo(a *agreement.Agreement, when trucewatch.Interval) trucewatch.Instant {
	var least trucewatch.Instant
	for i, r := range a.Readings() {
		if gap := when.Gap(r.Span); i == 0 || gap < least {
			least = gap
		}
	}
	return least
}

// judgeAct judges one act in every reading. One finding stands for all readings
// if they have the same result and severity, and says so.
func judgeAct(in *Input, a *agreement.Agreement, act *agreement.Act) []trucewatch.Finding {
	support := supportOf(in.Members, act)
	if len(support) == 0 {
		return nil
	}
	readings := a.Readings()
	var found []trucewatch.Finding
	for _, r := range readings {
		if f := newTrial(in, a, act, r, support).judge(); f != nil {
			found = append(found, *f)
		}
	}
	switch {
	case len(found) == 0:
		return nil
	case len(readings) == 1:
		found[0].ID = findingID(in, a, act, "")
		return found
	case len(found) == len(readings) && alike(found):
		f := found[0]
		f.ID, f.Reading = findingID(in, a, act, ""), ""
		f.Reasons = append(f.Reasons, trucewatch.Reason{Text: "when the text is in force is read in several ways, and the result is the same in each",
			Holds: yes.String(), Because: readingReasons(readings)})
		return []trucewatch.Finding{f}
	}
	for i := range found {
		found[i].ID = findingID(in, a, act, found[i].Reading)
		found[i].Reasons = append(found[i].Reasons, trucewatch.Reason{Text: "the text is read in several ways, and the result differs; this is reading " + found[i].Reading,
			Holds: yes.String(), Because: readingReasons(readings)})
	}
	return found
}

// alike says whether all findings have one result and severity.
func alike(found []trucewatch.Finding) bool {
	return !slices.ContainsFunc(found, func(f trucewatch.Finding) bool {
		return f.Result != found[0].Result || f.Severity != found[0].Severity
	})
}

func readingReasons(readings []trucewatch.Reading) []trucewatch.Reason {
	var out []trucewatch.Reason
	for _, r := range readings {
		text := "reading " + r.ID + ": " + span(r.Span)
		if r.Basis != "" {
			text += " (" + r.Basis + ")"
		}
		out = append(out, trucewatch.Reason{Text: text, Holds: yes.String()})
	}
	return out
}

// findingID names a finding: "K2/101.3", "K2/kyiv/101.3". An act whose ID an
// agreement adopted earlier has too is named with its agreement.
func findingID(in *Input, a *agreement.Agreement, act *agreement.Act, reading string) trucewatch.FindingID {
	if shared(in.Agreements, a, act.ID) {
		reading = strings.TrimSuffix(a.ID+"."+reading, ".")
	}
	id := string(act.ID) + "/"
	if reading != "" {
		id += reading + "/"
	}
	return trucewatch.FindingID(id + in.Incident.ID.String())
}

func shared(adopted []*agreement.Agreement, a *agreement.Agreement, act trucewatch.ActID) bool {
	for _, b := range adopted {
		if b.ID == a.ID {
			return false
		}
		if b.Status != agreement.Draft && b.Act(act) != nil {
			return true
		}
	}
	return false
}

// Same says whether two findings say the same: equal but for Revision, Index
// and State.
func Same(a, b *trucewatch.Finding) bool {
	f, g := *a, *b
	f.Revision, f.Index, f.State = 0, 0, ""
	g.Revision, g.Index, g.State = 0, 0, ""
	return bytes.Equal(trucewatch.Encode(f), trucewatch.Encode(g))
}
