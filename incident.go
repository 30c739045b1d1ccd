// SPDX-License-Identifier: Apache-2.0

package trucewatch

import "github.com/trucewatch/trucewatch/geo"

// MilliNat is a log-likelihood in thousandths of a nat.
type MilliNat int64

// A Link says why an observation belongs to an incident.
type Link struct {
	Observation ObservationID `cbor:"1,keyasint" json:"observation"`
	Key         ContentKey    `cbor:"2,keyasint" json:"key"`
	Gain        MilliNat      `cbor:"3,keyasint" json:"gain_mnat"` // log-likelihood ratio of belonging against clutter
	Share       PPM           `cbor:"4,keyasint" json:"share_ppm"` // probability of belonging here
	Reason      string        `cbor:"5,keyasint,omitempty" json:"reason,omitempty"`
}

// An Estimate is one solution for where and when. Every estimate is kept; the
// incident points at the preferred one.
type Estimate struct {
	Role   string          `cbor:"1,keyasint" json:"role"`   // impact, origin or seen
	Method string          `cbor:"2,keyasint" json:"method"` // "intersection of 3 regions", "single pixel"
	Region geo.Region      `cbor:"3,keyasint" json:"region"` // holds 95 %
	When   Interval        `cbor:"4,keyasint" json:"when"`
	Score  MilliNat        `cbor:"5,keyasint" json:"score_mnat"` // by which estimates are ranked, best first
	Uses   []ObservationID `cbor:"6,keyasint,omitempty" json:"uses,omitempty"`
	Mode   string          `cbor:"7,keyasint" json:"mode"`                           // automatic, manual
	Status string          `cbor:"8,keyasint" json:"status"`                         // preliminary, confirmed, reviewed, final, rejected
	Weight PPM             `cbor:"9,keyasint,omitempty" json:"weight_ppm,omitempty"` // that it was here and not at the other of two places; 0 of all else
}

// Phenomena counts signs of one kind, as their sources count them: the largest
// count of one source, because one round may be heard twice.
type Phenomena struct {
	Kind  Kind  `cbor:"1,keyasint" json:"kind"`
	Count Count `cbor:"2,keyasint" json:"count"`
}

// A Term is one reason in an account: what it says, and what that adds to the
// logarithm of the odds.
type Term struct {
	What string   `cbor:"1,keyasint" json:"what"`
	Gain MilliNat `cbor:"2,keyasint" json:"gain_mnat"`
}

// A Silent is a source that recorded that it was on duty where and when something
// was, and nothing that might be of it.
type Silent struct {
	Source SourceID `cbor:"1,keyasint" json:"source"`
	Share  PPM      `cbor:"2,keyasint" json:"share_ppm"` // of events there and then that it notices, by its duty log
	Gain   MilliNat `cbor:"3,keyasint" json:"gain_mnat"` // what its silence is worth: below 0
}

// A Revision is one change of an incident and the entry that caused it.
type Revision struct {
	Index uint64 `cbor:"1,keyasint" json:"index"`
	What  string `cbor:"2,keyasint" json:"what"`
}

// An Incident is a set of observations held to come from one physical
// occurrence. It is not a judgement.
type Incident struct {
	ID         IncidentID   `cbor:"1,keyasint" json:"id"`
	Aliases    []IncidentID `cbor:"2,keyasint,omitempty" json:"aliases,omitempty"`
	Kind       Kind         `cbor:"3,keyasint" json:"kind"` // of the preferred reading of what it was
	When       Interval     `cbor:"4,keyasint" json:"when"`
	Links      []Link       `cbor:"5,keyasint" json:"links"`     // by ObservationID
	Estimates  []Estimate   `cbor:"6,keyasint" json:"estimates"` // ranked, best first
	Preferred  int          `cbor:"7,keyasint" json:"preferred"` // index in Estimates; -1 if there is none
	Origin     int          `cbor:"8,keyasint" json:"origin"`    // index in Estimates of where it was fired; -1 if not known
	Phenomena  []Phenomena  `cbor:"9,keyasint,omitempty" json:"phenomena,omitempty"`
	Confidence PPM          `cbor:"10,keyasint" json:"confidence_ppm"`               // that it happened
	Sources    int          `cbor:"11,keyasint" json:"sources"`                      // distinct sources
	MeansCount int          `cbor:"12,keyasint" json:"means_count"`                  // independent means; claims count none
	Claims     bool         `cbor:"13,keyasint,omitempty" json:"claims,omitempty"`   // rests on unchecked claims alone
	Degraded   bool         `cbor:"14,keyasint,omitempty" json:"degraded,omitempty"` // search was capped: docs/formats
	State      string       `cbor:"15,keyasint" json:"state"`                        // provisional, open, settled, split, merged, withdrawn
	History    []Revision   `cbor:"16,keyasint,omitempty" json:"history,omitempty"`
	Silent     []Silent     `cbor:"17,keyasint,omitempty" json:"silent,omitempty"`        // who was on duty and recorded nothing; never leaves the mission
	Unopposed  PPM          `cbor:"18,keyasint,omitempty" json:"unopposed_ppm,omitempty"` // that it happened, before Silent was weighed; 0 if nobody was silent
}

// Best returns the preferred estimate, nil if there is none.
func (in *Incident) Best() *Estimate {
	if in.Preferred < 0 || in.Preferred >= len(in.Estimates) {
		return nil
	}
	return &in.Estimates[in.Preferred]
}

// A Dossier is an incident with the observations it links, what was stated about
// it and what was found of it: what a stage that runs alone reads and hands on.
type Dossier struct {
	Incident     *Incident           `json:"incident"`
	Observations []*Recorded         `json:"observations"`
	Findings     []*Finding          `json:"findings,omitempty"`
	Notices      []NoticeView        `json:"notifications,omitempty"` // that may exempt what happened
	NoticeSteps  []Dated[NoticeStep] `json:"notice_steps,omitempty"`  // of those notifications
	Facts        []Dated[Fact]       `json:"facts,omitempty"`         // that bear on what happened or on those notifications
	Calls        []Dated[Activation] `json:"calls,omitempty"`         // of the hotline, not long before
	Received     Instant             `json:"received,omitzero"`       // of the newest observation
}
