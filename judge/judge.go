// SPDX-License-Identifier: Apache-2.0

// Package judge holds incidents against agreements: which acts they are, how
// sure that is, who may be held responsible, and what would change it.
//
// Judge is a pure function of an incident, its observations and neighbours, the
// agreements adopted, the notifications and the facts received. The same input
// gives the same findings, byte for byte, on every machine; it counts in integers
// and knows no clock. The text in force at the time of the event is applied,
// never the one in force when somebody asks. Where the parties read the text in
// several ways, each reading is judged, until a body has settled which stands.
//
// An act is a list of conditions. Each is answered yes, no or unknown, with a
// reason that points at the evidence, and the result follows from this table,
// the first row that fits:
//
//	a condition does not hold                       no finding
//	all hold but the time, the party or the phase   out_of_scope
//	what was seen belongs to the mission            permitted
//	a notification meets every term of an exemption exempted
//	every rung of the return-fire ladder is shown   permitted
//	a condition or an exemption is unknown          indeterminate
//	only claims, or only a satellite's heat, say so indeterminate
//	confirmed, and enough independent means         violation
//	probable                                        probable_violation
//	less                                            indeterminate
//
// A notification that meets every term but the notice period exempts nothing;
// the breach is then of the notice period, and its severity is technical. What
// makes a breach graver or lighter changes its severity, never its result.
//
// Several acts of one text may match the same fire; each stands, and all but the
// most special are marked as duplicates, so that counts can be honest. See
// markDuplicates.
//
// Judge changes no incident, and it knows no audience: attribution is computed
// in package judge/attribution and left to package disclose to hide.
package judge

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// An Input is one incident and everything it is judged by.
type Input struct {
	Incident *trucewatch.Incident
	Members  []*trucewatch.Recorded // the observations that the incident links
	Terms    *Terms                 // the texts adopted
	Notices  []Notice               // received, in the order of the record
	Facts    []trucewatch.Dated[trucewatch.Fact]
	Calls    []trucewatch.Dated[trucewatch.Activation] // of the hotline
	Origins  []*trucewatch.Incident                    // that the time of flight links to this one as where it was fired
	Nearby   Nearby                                    // nil: nothing is known of other incidents
	Index    uint64                                    // entry that causes these findings
}

// A Nearby returns the other incidents of some kinds whose time touches an
// interval and whose place may lie within a distance of a region, by ID. The
// incident that is judged is not among them.
type Nearby func(kinds []trucewatch.Kind, when trucewatch.Interval, around geo.Region, withinMM int64) []Neighbour

// A Neighbour is an incident near the one judged, as far as the record knows it.
type Neighbour struct {
	Incident *trucewatch.Incident
	Members  []*trucewatch.Recorded
	Findings []*trucewatch.Finding // so far
}

// A Notice is a notification, when the record received it, and what became of it.
type Notice struct {
	Notification *trucewatch.Notification
	Received     trucewatch.Instant
	Index        uint64
	Steps        []trucewatch.Dated[trucewatch.NoticeStep] // in the order of the record
}

// Incident returns what an incident is under the agreements: a finding for each
// act that it may be, per reading where the readings differ, by ID. Without an
// agreement there are none, and none for an incident that was withdrawn or has
// become part of another.
func Incident(in Input) []trucewatch.Finding {
	if in.Incident.State == "withdrawn" || in.Incident.State == "merged" || in.Terms == nil {
		return nil
	}
	if !slices.IsSortedFunc(in.Members, byID) {
		in.Members = slices.SortedFunc(slices.Values(in.Members), byID)
	}
	var out []trucewatch.Finding
	for _, x := range in.Terms.applicable(in.Incident.When) {
		out = append(out, x.judge(&in)...)
	}
	slices.SortFunc(out, func(f, g trucewatch.Finding) int { return cmp.Compare(f.ID, g.ID) })
	return out
}

func byID(a, b *trucewatch.Recorded) int { return a.ID.Compare(b.ID) }

// Same says whether two findings say the same: equal but for Revision, Index
// and State.
func Same(a, b *trucewatch.Finding) bool {
	f, g := *a, *b
	f.Revision, f.Index, f.State = 0, 0, ""
	g.Revision, g.Index, g.State = 0, 0, ""
	return bytes.Equal(trucewatch.Encode(f), trucewatch.Encode(g))
}
