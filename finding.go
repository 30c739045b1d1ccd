// SPDX-License-Identifier: Apache-2.0

package trucewatch

// A Result is the outcome of applying one act of one agreement to one subject.
type Result string

// The results.
const (
	Violation         Result = "violation"
	ProbableViolation Result = "probable_violation"
	Permitted         Result = "permitted"
	Exempted          Result = "exempted"
	OutOfScope        Result = "out_of_scope"
	Indeterminate     Result = "indeterminate"
	NotAssessable     Result = "not_assessable"
)

// Results lists every Result.
func Results() []Result {
	return []Result{Violation, ProbableViolation, Permitted, Exempted, OutOfScope, Indeterminate, NotAssessable}
}

// A Subject is what a finding is about: exactly one of its fields is set.
type Subject struct {
	Incident *IncidentID `cbor:"1,keyasint,omitempty" json:"incident,omitempty"`
	Window   *Interval   `cbor:"2,keyasint,omitempty" json:"window,omitempty"`
	Tally    *ContentKey `cbor:"3,keyasint,omitempty" json:"tally,omitempty"`
	Case     CaseID      `cbor:"4,keyasint,omitempty" json:"case,omitempty"`
	Notice   string      `cbor:"5,keyasint,omitempty" json:"notice,omitempty"` // ID of a notification
	Site     string      `cbor:"6,keyasint,omitempty" json:"site,omitempty"`   // of the register of storage sites
	Zone     string      `cbor:"7,keyasint,omitempty" json:"zone,omitempty"`   // of the agreement, or an area of it: "Z0/DA-2"
	Duty     string      `cbor:"8,keyasint,omitempty" json:"duty,omitempty"`   // an obligation of the agreement
	Fact     string      `cbor:"9,keyasint,omitempty" json:"fact,omitempty"`   // ID of a recorded fact: an order
}

// A Reason is one step of a judgement. Reasons form a tree whose leaves point
// at evidence or at the text.
type Reason struct {
	Text     string          `cbor:"1,keyasint" json:"text"`
	Holds    string          `cbor:"2,keyasint" json:"holds"`                         // yes, no, unknown
	Share    PPM             `cbor:"3,keyasint,omitempty" json:"share_ppm,omitempty"` // the probability it rests on, where there is one
	Article  string          `cbor:"4,keyasint,omitempty" json:"article,omitempty"`   // of the agreement
	Evidence []ObservationID `cbor:"5,keyasint,omitempty" json:"evidence,omitempty"`
	Because  []Reason        `cbor:"6,keyasint,omitempty" json:"because,omitempty"`
}

// WithheldAttribution is the level that is shown where the agreement leaves it to
// others than the mission to say who is responsible. No finding in a record has it.
const WithheldAttribution = "withheld"

// An Attribution is who is held responsible, on a ladder: none,
// direction_only, area_of_control, party, formation, admitted. Where an impact
// lies says nothing of who fired.
type Attribution struct {
	Level        string        `cbor:"1,keyasint" json:"level"`
	Party        PartyID       `cbor:"2,keyasint,omitempty" json:"party,omitempty"`
	Share        PPM           `cbor:"3,keyasint,omitempty" json:"share_ppm,omitempty"`
	Basis        []string      `cbor:"4,keyasint,omitempty" json:"basis,omitempty"`
	Alternatives []Alternative `cbor:"5,keyasint,omitempty" json:"alternatives,omitempty"`
	Formation    string        `cbor:"6,keyasint,omitempty" json:"formation,omitempty"`         // of level formation
	BothSides    bool          `cbor:"7,keyasint,omitempty" json:"both_sides,omitempty"`        // an exchange of fire: each fired, each share stands alone
	NonSignatory PPM           `cbor:"8,keyasint,omitempty" json:"non_signatory_ppm,omitempty"` // that it was neither party
}

// An Alternative is another party that may be responsible.
type Alternative struct {
	Party PartyID `cbor:"1,keyasint" json:"party"`
	Share PPM     `cbor:"2,keyasint" json:"share_ppm"`
}

// A Finding is the result of applying one act of one agreement, in one
// reading, to one subject, with reasons, confidence and attribution.
type Finding struct {
	ID          FindingID   `cbor:"1,keyasint" json:"id"`
	Subject     Subject     `cbor:"2,keyasint" json:"subject"`
	Act         ActID       `cbor:"3,keyasint" json:"act"`
	ActName     string      `cbor:"4,keyasint" json:"act_name"`
	Basis       string      `cbor:"5,keyasint,omitempty" json:"basis,omitempty"` // where the text says so
	Agreement   Hash        `cbor:"6,keyasint" json:"agreement"`                 // of the bundle applied
	Reading     string      `cbor:"7,keyasint,omitempty" json:"reading,omitempty"`
	Result      Result      `cbor:"8,keyasint" json:"result"`
	Severity    int         `cbor:"9,keyasint" json:"severity"` // 1 technical, 2 minor, 3 serious, 4 grave
	Confidence  PPM         `cbor:"10,keyasint" json:"confidence_ppm"`
	Word        string      `cbor:"11,keyasint" json:"word"` // of the agreement's scale: possible, probable, confirmed
	Unit        string      `cbor:"12,keyasint,omitempty" json:"unit,omitempty"`
	Quantity    int64       `cbor:"13,keyasint" json:"quantity"` // in Unit
	Attribution Attribution `cbor:"14,keyasint" json:"attribution"`
	Reasons     []Reason    `cbor:"15,keyasint" json:"reasons"`
	WouldChange []string    `cbor:"16,keyasint,omitempty" json:"would_change,omitempty"`
	Exemption   string      `cbor:"17,keyasint,omitempty" json:"exemption,omitempty"`  // and the notification that was matched: "X5/n-2"
	State       string      `cbor:"18,keyasint" json:"state"`                          // preliminary, reviewed, final, disputed, revised, withdrawn
	When        Interval    `cbor:"19,keyasint" json:"when"`                           // of the event
	Revision    int         `cbor:"20,keyasint" json:"revision"`                       // 0 for the first
	Index       uint64      `cbor:"21,keyasint" json:"index"`                          // entry that caused this revision
	HeldBy      []PartyID   `cbor:"22,keyasint,omitempty" json:"held_by,omitempty"`    // who reads the text as Reading does
	Aggravated  []string    `cbor:"23,keyasint,omitempty" json:"aggravated,omitempty"` // why it weighs more, or less, than the act's severity
	Duplicate   bool        `cbor:"24,keyasint,omitempty" json:"duplicate,omitempty"`  // another act of the text says the same of the same fire; counted once
}

// A Comparison sets two tallies of one unit side by side.
type Comparison struct {
	A, B   ContentKey
	Unit   string
	Agrees bool
	Flags  []string // what a reader must know before comparing
	Text   string
}
