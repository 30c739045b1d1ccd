// SPDX-License-Identifier: Apache-2.0

package trucewatch

// A CaseClock runs from an instant to a due instant on recorded ticks.
type CaseClock struct {
	ID     string  `cbor:"1,keyasint" json:"id"` // flash, answer, initial, joint, decide, close; or of a request, visit or remedy
	Do     string  `cbor:"2,keyasint,omitempty" json:"do,omitempty"`
	From   Instant `cbor:"3,keyasint" json:"from"`
	Due    Instant `cbor:"4,keyasint" json:"due"`
	Ended  Instant `cbor:"5,keyasint,omitempty" json:"ended,omitzero"` // when what it waited for was done
	RanOut bool    `cbor:"6,keyasint,omitempty" json:"ran_out,omitempty"`
	Party  PartyID `cbor:"7,keyasint,omitempty" json:"party,omitempty"` // whose deed it waits for; empty: the mission's or a body's
}

// A Case leads findings from opening to decision.
type Case struct {
	ID       CaseID      `cbor:"1,keyasint" json:"id"`
	Findings []FindingID `cbor:"2,keyasint" json:"findings"`
	Severity int         `cbor:"3,keyasint" json:"severity"`
	State    string      `cbor:"4,keyasint" json:"state"` // opened, served, answered, joint_visit, before_commission, decided, corrective_action, closed, unresolved
	Opened   Instant     `cbor:"5,keyasint" json:"opened"`
	Served   Instant     `cbor:"6,keyasint,omitempty" json:"served,omitzero"`
	Clocks   []CaseClock `cbor:"7,keyasint,omitempty" json:"clocks,omitempty"`
	History  []Revision  `cbor:"8,keyasint,omitempty" json:"history,omitempty"`

	Answers     []Dated[Answer] `cbor:"9,keyasint,omitempty" json:"answers,omitempty"`
	Steps       []Dated[Step]   `cbor:"10,keyasint,omitempty" json:"steps,omitempty"`
	Decisions   []Ruling        `cbor:"11,keyasint,omitempty" json:"decisions,omitempty"`
	Remedies    []RemedyState   `cbor:"12,keyasint,omitempty" json:"remedies,omitempty"`
	Activations []string        `cbor:"13,keyasint,omitempty" json:"activations,omitempty"` // hotline calls about this issue, by ID
	Before      string          `cbor:"14,keyasint,omitempty" json:"before,omitempty"`      // body before which it lies
	Waits       []string        `cbor:"15,keyasint,omitempty" json:"waits,omitempty"`       // for what, in words: "party B's answer", "access"
	Agreement   Hash            `cbor:"16,keyasint,omitzero" json:"agreement,omitzero"`     // under which it was opened
	Incident    *IncidentID     `cbor:"17,keyasint,omitempty" json:"incident,omitempty"`    // nil: opened by calls, an obligation or a notice
	JoinedTo    CaseID          `cbor:"18,keyasint,omitempty" json:"joined_to,omitempty"`   // the case that goes on for both
}

// A Dated is something that was entered, and when and where in the record.
type Dated[T any] struct {
	Index    uint64  `cbor:"1,keyasint" json:"index"`
	Received Instant `cbor:"2,keyasint" json:"received"`
	What     T       `cbor:"3,keyasint" json:"what"`
}

// A Ruling is a decision and what became of the vote.
type Ruling struct {
	Decision Decision `cbor:"1,keyasint" json:"decision"`
	Index    uint64   `cbor:"2,keyasint" json:"index"`
	Received Instant  `cbor:"3,keyasint" json:"received"`
	Outcome  string   `cbor:"4,keyasint" json:"outcome"` // carried, not_carried
	Why      string   `cbor:"5,keyasint" json:"why"`     // by the agreement's rule for the body: "consensus: B voted against"
}

// A SessionState is a session of a body and how far it has come.
type SessionState struct {
	ID      string           `cbor:"1,keyasint" json:"id"`
	Body    string           `cbor:"2,keyasint" json:"body"`
	State   string           `cbor:"3,keyasint" json:"state"` // of SessionDeeds: the last
	Agenda  []CaseID         `cbor:"4,keyasint,omitempty" json:"agenda,omitempty"`
	Present []string         `cbor:"5,keyasint,omitempty" json:"present,omitempty"` // since it was opened last
	Deeds   []Dated[Session] `cbor:"6,keyasint" json:"deeds"`
	Rulings []string         `cbor:"7,keyasint,omitempty" json:"rulings,omitempty"` // of decisions put to the vote in it, by ID
}

// A RemedyState is a remedy and how far it has come.
type RemedyState struct {
	Remedy   Remedy  `cbor:"1,keyasint" json:"remedy"`
	State    string  `cbor:"2,keyasint" json:"state"` // ordered, reported, proven, failed, overdue
	Decision string  `cbor:"3,keyasint" json:"decision"`
	Since    Instant `cbor:"4,keyasint" json:"since"`
	Proof    Hash    `cbor:"5,keyasint,omitzero" json:"proof,omitzero"`
}

// AnswerOf returns the answer of a party that stands: its last, other than a wish
// for more time. Nil if it gave none.
func (c *Case) AnswerOf(party PartyID) *Dated[Answer] {
	for i := len(c.Answers) - 1; i >= 0; i-- {
		if a := &c.Answers[i]; a.What.Party == party && a.What.Says != "need_time" {
			return a
		}
	}
	return nil
}
