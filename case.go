// SPDX-License-Identifier: Apache-2.0

package trucewatch

// A CaseClock runs from an instant to a due instant on recorded ticks.
type CaseClock struct {
	ID     string  `cbor:"1,keyasint" json:"id"` // flash, answer, initial, joint, decide, close
	Do     string  `cbor:"2,keyasint,omitempty" json:"do,omitempty"`
	From   Instant `cbor:"3,keyasint" json:"from"`
	Due    Instant `cbor:"4,keyasint" json:"due"`
	Ended  Instant `cbor:"5,keyasint,omitempty" json:"ended,omitzero"` // when what it waited for was done
	RanOut bool    `cbor:"6,keyasint,omitempty" json:"ran_out,omitempty"`
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
}
