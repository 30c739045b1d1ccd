// SPDX-License-Identifier: Apache-2.0

package trucewatch

import "github.com/trucewatch/trucewatch/geo"

// An Audience is who looks. What an audience may not see never reaches its
// index or a publisher.
type Audience string

// The audiences.
const (
	ForPublic       Audience = "public"
	ForPress        Audience = "press"
	ForResearcher   Audience = "researcher"
	ForHumanitarian Audience = "humanitarian"
	ForPartyA       Audience = "party_A"
	ForPartyB       Audience = "party_B"
	ForCommission   Audience = "commission"
	ForGuarantor    Audience = "guarantor"
	ForAuditor      Audience = "auditor"
	ForMission      Audience = "mission" // the operations room: sees everything
)

// A View is what one audience may see at one instant, of one reporting period
// or of everything. It is a pure function of the record.
type View struct {
	Audience   Audience        `json:"audience"`
	At         Instant         `json:"at"`              // the last tick
	Index      uint64          `json:"index"`           // entries folded
	Period     Interval        `json:"period,omitzero"` // what the lists below are limited to; zero: everything
	Mission    Genesis         `json:"mission"`
	Agreements []AgreementText `json:"agreements"`
	Incidents  []IncidentView  `json:"incidents"`
	Findings   []FindingView   `json:"findings"`
	Cases      []CaseView      `json:"cases"`
	Tallies    []TallyView     `json:"tallies"`
	Statements []StatementView `json:"statements"`
	Notices    []NoticeView    `json:"notifications"`
	Sources    []SourceView    `json:"sources"`
	Numbers    []Number        `json:"numbers"`
	Coverage   []string        `json:"coverage"`           // sentences: what could not be seen
	Restricted []FindingID     `json:"restrictions"`       // findings of group I in this period
	Corrected  []FindingID     `json:"corrections"`        // findings revised in this period after an earlier publication
	Hidden     []string        `json:"hidden"`             // what this audience does not see, in words
	Standing   *Standing       `json:"standing,omitempty"` // mission only
}

// A Standing is where everything stands that goes on over a time: what is owed,
// what bodies have before them, what could be seen. It is for the mission alone:
// it says where weapons are stored, who called, and where nobody looked.
type Standing struct {
	Streaks  []*Streak               `json:"streaks,omitempty"`  // by area
	Sites    []*SiteState            `json:"sites,omitempty"`    // by ID
	Ceilings []*CeilingState         `json:"ceilings,omitempty"` // by zone, party and class
	Duties   []*DutyState            `json:"duties,omitempty"`   // by ID and party
	Silences []*SilenceState         `json:"silences,omitempty"` // by notification
	Sessions []*SessionState         `json:"sessions,omitempty"` // as they were convened
	Rulings  []*Ruling               `json:"rulings,omitempty"`  // in record order
	Agendas  []Agenda                `json:"agendas,omitempty"`  // of each body
	Calls    []Dated[Activation]     `json:"calls,omitempty"`    // of the hotline, newest first, at most ListMax
	Settled  []Dated[Interpretation] `json:"settled,omitempty"`
	Facts    []Dated[Fact]           `json:"facts,omitempty"` // newest first, at most ListMax
	Coverage []CoverageLine          `json:"coverage,omitempty"`
	Silent   []string                `json:"silent,omitempty"` // sources of which nothing came within twice their usual pace, in words
}

// An Agenda is what a body has before it.
type Agenda struct {
	Body  string   `json:"body"`
	Cases []CaseID `json:"cases,omitempty"` // gravest first, then oldest
}

// A CoverageLine says what could be seen of some ground in a week.
type CoverageLine struct {
	Area     string   `json:"area"`
	Week     Interval `json:"week"`
	Word     string   `json:"word"` // watched, partly, nobody_looked, unknown
	Observed PPM      `json:"observed_ppm"`
	Text     string   `json:"text"` // one sentence, with the causes
}

// A Number is one count with its rule. Numbers under different rules are never
// compared or added.
type Number struct {
	Layer    string `json:"layer"` // phenomenon, engagement or finding
	What     string `json:"what"`  // kind, or act and result
	Rule     string `json:"rule"`  // identifier of the counting rule
	Value    int64  `json:"value"`
	Previous *int64 `json:"previous,omitempty"` // of the period before, same length, same rule; nil if there was none
	AtLeast  bool   `json:"at_least,omitempty"` // some source gave a lower bound or "multiple"
	Unit     string `json:"unit,omitempty"`     // what one is: the layer's name, or the unit of the act; unlike units are never added

	// What could have been seen. A number without Coverage says nothing of it.
	Coverage string `json:"coverage,omitempty"`     // watched, partly, nobody_looked, unknown
	Observed PPM    `json:"observed_ppm,omitempty"` // of the hours and the ground, as far as reported
	Rate     *Range `json:"rate,omitempty"`         // per million observed hours; nil if nobody looked or nobody says
}

// A Range is an estimate and the interval that holds the truth in 95 of 100 such
// cases. High is 0 where there is no upper bound.
type Range struct {
	Best int64 `json:"best"`
	Low  int64 `json:"low"`
	High int64 `json:"high"`
}

// An IncidentView is an incident as one audience may see it. Where is coarsened
// to the audience's precision and never finer.
type IncidentView struct {
	ID           IncidentID        `cbor:"1,keyasint" json:"id"`
	Aliases      []IncidentID      `cbor:"2,keyasint,omitempty" json:"aliases,omitempty"`
	Kind         Kind              `cbor:"3,keyasint" json:"kind"`
	When         Interval          `cbor:"4,keyasint" json:"when"`
	Where        geo.Region        `cbor:"5,keyasint" json:"where"`
	Place        string            `cbor:"6,keyasint,omitempty" json:"place,omitempty"` // nearest gazetteer name or the source's words, as precise as Where
	Precision    string            `cbor:"7,keyasint" json:"precision"`                 // "exact", "5 km cell"
	Confidence   PPM               `cbor:"8,keyasint" json:"confidence_ppm"`
	Word         string            `cbor:"9,keyasint" json:"word"` // possible, probable, confirmed, or "below possible"
	Phenomena    []Phenomena       `cbor:"10,keyasint,omitempty" json:"phenomena,omitempty"`
	Sources      int               `cbor:"11,keyasint" json:"sources"`
	MeansCount   int               `cbor:"12,keyasint" json:"means_count"`
	Claims       bool              `cbor:"13,keyasint,omitempty" json:"claims,omitempty"`
	Degraded     bool              `cbor:"14,keyasint,omitempty" json:"degraded,omitempty"`
	State        string            `cbor:"15,keyasint" json:"state"`
	Findings     []FindingID       `cbor:"16,keyasint,omitempty" json:"findings,omitempty"`
	Results      []Result          `cbor:"17,keyasint,omitempty" json:"results,omitempty"`      // of Findings, same order
	Estimates    []Estimate        `cbor:"18,keyasint,omitempty" json:"estimates,omitempty"`    // mission only
	Preferred    int               `cbor:"19,keyasint" json:"preferred"`                        // in Estimates, -1 if none is shown
	Observations []ObservationView `cbor:"20,keyasint,omitempty" json:"observations,omitempty"` // mission only
	History      []Revision        `cbor:"21,keyasint,omitempty" json:"history,omitempty"`
	Silent       []Silent          `cbor:"22,keyasint,omitempty" json:"silent,omitempty"`        // mission only: it shows where nobody watched
	Unopposed    PPM               `cbor:"23,keyasint,omitempty" json:"unopposed_ppm,omitempty"` // mission only
	Sure         []Term            `cbor:"24,keyasint,omitempty" json:"sure,omitempty"`          // mission only: why Confidence is what it is
}

// An ObservationView is an observation with the reason for its link.
type ObservationView struct {
	Recorded
	Link  Link   `cbor:"5,keyasint" json:"link"`
	Terms []Term `cbor:"6,keyasint,omitempty" json:"terms,omitempty"` // they sum to the odds of Link.Share
}

// A FindingView is a finding as one audience may see it.
type FindingView struct {
	Finding
	Where     geo.Region `json:"where"`
	Place     string     `json:"place,omitempty"`
	Precision string     `json:"precision"`
	Released  Instant    `json:"released,omitzero"`  // 0: not public
	Withheld  []string   `json:"withheld,omitempty"` // fields this audience does not see
}

// A CaseView is a case as one audience may see it.
type CaseView struct {
	Case
	Decided []DecidedView `json:"decided,omitempty"` // what others than the mission are told instead of Decisions
}

// A DecidedView says that a decision of a body carried, and no more.
type DecidedView struct {
	Body  string  `json:"body"`
	About string  `json:"about"` // of DecisionSubjects, or "consequences": responsibility or remedies
	Day   Instant `json:"day"`   // its start, in UTC
}

// A TallyView is a tally with its source and how it compares.
type TallyView struct {
	Index    uint64   `json:"index"`
	Received Instant  `json:"received"`
	Source   Source   `json:"source"`
	Tally    Tally    `json:"tally"`
	Flags    []string `json:"flags,omitempty"`  // "says 24 hours of a two-day period"
	Agrees   []string `json:"agrees,omitempty"` // what was checked and holds
}

// A StatementView is a statement with its source.
type StatementView struct {
	Index     uint64    `json:"index"`
	Received  Instant   `json:"received"`
	Source    Source    `json:"source"`
	Statement Statement `json:"statement"`
}

// A NoticeView is a notification and its state.
type NoticeView struct {
	Index        uint64       `json:"index"`
	Received     Instant      `json:"received"`
	Notification Notification `json:"notification"`
	State        string       `json:"state"` // received, active, closed, breached, expired
}

// A SourceView is a source and what came of its rows.
type SourceView struct {
	Source    Source          `json:"source"`
	LastSeen  Instant         `json:"last_seen"`
	Accepted  int64           `json:"accepted"` // observations, tallies and statements
	Rejected  int64           `json:"rejected"`
	Rejection []RejectionView `json:"rejections,omitempty"` // the newest, at most ListMax
}

// A RejectionView is a refused row and where it stood.
type RejectionView struct {
	Index  uint64 `json:"index"`
	File   string `json:"file"`
	Line   int64  `json:"line"`
	Reason string `json:"reason"`
}

// An AgreementText is an agreement as readers see it, with its geometry.
type AgreementText struct {
	ID        string      `json:"id"`
	Version   int         `json:"version"`
	Bundle    Hash        `json:"bundle"`
	Title     string      `json:"title"`
	Draft     bool        `json:"draft,omitempty"`
	Simulated bool        `json:"simulated,omitempty"`
	Parties   []PartyText `json:"parties"`
	InForce   []Reading   `json:"in_force"`
	Clauses   []Clause    `json:"clauses"`
	Lines     []LineShape `json:"lines,omitempty"`
	Zones     []ZoneShape `json:"zones,omitempty"`
}

// A PartyText is a party with its neutral name.
type PartyText struct {
	ID   PartyID `json:"id"`
	Name string  `json:"name"`
}

// A Reading is one way to read when the agreement is in force.
type Reading struct {
	ID    string   `json:"id,omitempty"` // empty if there is only one
	Span  Interval `json:"span"`
	Basis string   `json:"basis,omitempty"`
}

// A Clause is one thing the agreement says, and whether it is judged.
type Clause struct {
	ID     string `json:"id"`    // "K2", "X4", "clock/answer"
	Group  string `json:"group"` // act, exemption, clock, counting, evidence, disclosure, other
	Text   string `json:"text"`
	Basis  string `json:"basis,omitempty"`
	Judged bool   `json:"judged"`
	Why    string `json:"why,omitempty"` // it is not judged
}

// A LineShape is a line to draw.
type LineShape struct {
	ID            string         `json:"id"`
	Kind          string         `json:"kind"`
	SurveyErrorMM int64          `json:"survey_error_mm"`
	Points        []geo.Position `json:"points"`
}

// A ZoneShape is a zone to draw, as outlines.
type ZoneShape struct {
	ID    string           `json:"id"`
	Kind  string           `json:"kind"`
	Side  PartyID          `json:"side,omitempty"`
	Rings [][]geo.Position `json:"rings"`
}
