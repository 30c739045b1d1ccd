// SPDX-License-Identifier: Apache-2.0

package trucewatch

// What parties, the commission and the mission do about cases. All of it is
// entered as it happens, never inferred; package casework says what follows.

// An Answer is what a party says to a case that was served on it.
type Answer struct {
	Case         CaseID  `cbor:"1,keyasint" json:"case"`
	Party        PartyID `cbor:"2,keyasint" json:"party"`
	Says         string  `cbor:"3,keyasint" json:"says"`                             // of AnswersToCase
	Notification string  `cbor:"4,keyasint,omitempty" json:"notification,omitempty"` // ID of the notice it relies on, with claim_exemption
	Fact         string  `cbor:"5,keyasint,omitempty" json:"fact,omitempty"`         // ID of the order it relies on, with claim_return_fire
	Until        Instant `cbor:"6,keyasint,omitempty" json:"until,omitzero"`         // how long it asks for, with need_time
	Text         string  `cbor:"7,keyasint,omitempty" json:"text,omitempty"`
}

// AnswersToCase are what a party may say to a case.
func AnswersToCase() []string {
	return []string{"admit", "deny", "claim_exemption", "claim_return_fire", "need_time"}
}

// A Step is one deed on a case or issue other than serving, answering and
// deciding it.
type Step struct {
	Case    CaseID  `cbor:"1,keyasint" json:"case"`
	Deed    string  `cbor:"2,keyasint" json:"deed"`                       // of StepDeeds
	By      string  `cbor:"3,keyasint" json:"by"`                         // a PartyID, "mission" or a body of the agreement
	At      Instant `cbor:"4,keyasint" json:"at"`                         // when it was done; never after it was received
	To      string  `cbor:"5,keyasint,omitempty" json:"to,omitempty"`     // whom it concerns: who is asked, invited, must act
	Ref     string  `cbor:"6,keyasint,omitempty" json:"ref,omitempty"`    // of what it follows: the ID of the request, visit or remedy
	ID      string  `cbor:"7,keyasint,omitempty" json:"id,omitempty"`     // of a request, visit or remedy that this begins: "rfi-1"
	Due     Instant `cbor:"8,keyasint,omitempty" json:"due,omitzero"`     // by when, of a request, an offered visit, a remedy
	Reason  string  `cbor:"9,keyasint,omitempty" json:"reason,omitempty"` // of a refusal, of impossibility, or what was asked or done
	Proof   Hash    `cbor:"10,keyasint,omitzero" json:"proof,omitzero"`   // SHA-256 of the evidence that shows it
	Comment string  `cbor:"11,keyasint,omitempty" json:"comment,omitempty"`
}

// StepDeeds are the deeds on a case, in the order in which a case may see them.
func StepDeeds() []string {
	return []string{
		"acknowledged",          // a party received what was served
		"information_requested", // ID, To, Due
		"information_given",     // Ref
		"information_refused",   // Ref, Reason
		"visit_offered",         // ID, To, Due
		"visit_accepted",        // Ref
		"visit_refused",         // Ref, Reason
		"visit_impossible",      // Ref, Reason: no access, no flight safety
		"visit_held",            // Ref
		"remedy_reported",       // Ref: the party says that it did what was decided
		"remedy_proven",         // Ref, Proof: the mission saw it done
		"remedy_failed",         // Ref, Reason: the mission saw that it was not done
		"discipline_reported",   // a measure against those responsible, told to the mission
		"escalated",             // To: the next body; refused before the lower one has voted
		"feedback_given",        // to who reported it, by code
		"joined",                // Ref: another case that is the same issue
	}
}

// A Session is a sitting of a body of the agreement.
type Session struct {
	ID       string   `cbor:"1,keyasint" json:"id"`
	Body     string   `cbor:"2,keyasint" json:"body"` // of the agreement: "joint_commission"
	Deed     string   `cbor:"3,keyasint" json:"deed"` // convened, opened, adjourned, closed
	At       Instant  `cbor:"4,keyasint" json:"at"`
	Agenda   []CaseID `cbor:"5,keyasint,omitempty" json:"agenda,omitempty"` // empty on convening: every case then open before this body
	Present  []string `cbor:"6,keyasint,omitempty" json:"present,omitempty"`
	Internal string   `cbor:"7,keyasint,omitempty" json:"internal,omitempty"` // minutes, for the body and the mission
}

// SessionDeeds are what happens to a session.
func SessionDeeds() []string { return []string{"convened", "opened", "adjourned", "closed"} }

// A Vote is how a member of a body voted.
type Vote struct {
	Member  string `cbor:"1,keyasint" json:"member"`
	Cast    string `cbor:"2,keyasint" json:"cast"`                        // for, against, abstain, absent
	Dissent string `cbor:"3,keyasint,omitempty" json:"dissent,omitempty"` // its own view, kept with the decision
}

// Casts are how a member may vote.
func Casts() []string { return []string{"for", "against", "abstain", "absent"} }

// A Decision is what a body put to the vote. Whether it carries follows from the
// votes and the agreement's rule for that body. It binds what parties must do;
// it never changes a finding.
type Decision struct {
	ID       string   `cbor:"1,keyasint" json:"id"` // "d-7"
	Case     CaseID   `cbor:"2,keyasint,omitempty" json:"case,omitempty"`
	Body     string   `cbor:"3,keyasint" json:"body"`
	Session  string   `cbor:"4,keyasint,omitempty" json:"session,omitempty"`
	About    string   `cbor:"5,keyasint" json:"about"` // of DecisionSubjects
	Question string   `cbor:"6,keyasint" json:"question"`
	Votes    []Vote   `cbor:"7,keyasint" json:"votes"`
	Party    PartyID  `cbor:"8,keyasint,omitempty" json:"party,omitempty"` // held responsible, or who must act
	Remedies []Remedy `cbor:"9,keyasint,omitempty" json:"remedies,omitempty"`
	Ref      string   `cbor:"10,keyasint,omitempty" json:"ref,omitempty"` // interpretation or notification that it is about
	At       Instant  `cbor:"11,keyasint" json:"at"`
}

// DecisionSubjects are what a body decides.
func DecisionSubjects() []string {
	return []string{"responsibility", "remedy", "no_violation", "close", "interpretation", "deviation", "procedure"}
}

// A Remedy is what a decision asks of a party.
type Remedy struct {
	ID    string  `cbor:"1,keyasint" json:"id"`
	Party PartyID `cbor:"2,keyasint" json:"party"`
	What  string  `cbor:"3,keyasint" json:"what"`
	Due   Instant `cbor:"4,keyasint,omitempty" json:"due,omitzero"` // 0: the agreement's clock for closing
}

// An Interpretation says which reading of a term stands from now on. It revises
// what was judged; what was found before stays readable.
type Interpretation struct {
	ID        string `cbor:"1,keyasint" json:"id"`
	Agreement string `cbor:"2,keyasint" json:"agreement"` // its ID
	Question  string `cbor:"3,keyasint" json:"question"`  // ID of the question in the text
	Reading   string `cbor:"4,keyasint" json:"reading"`   // ID of the reading that stands
	Decision  string `cbor:"5,keyasint" json:"decision"`  // ID of the decision that settled it; it must have carried
	Reason    string `cbor:"6,keyasint,omitempty" json:"reason,omitempty"`
}

// An Activation is one use of the hotline, or one complaint by another way: many
// may be about one issue. Who reported is kept apart (Contact is sealed).
type Activation struct {
	ID        string   `cbor:"1,keyasint" json:"id"`
	From      string   `cbor:"2,keyasint" json:"from"` // a PartyID, "mission", an agency, "person"
	At        Instant  `cbor:"3,keyasint" json:"at"`
	Alleges   string   `cbor:"4,keyasint" json:"alleges"`                        // in the words of who reports
	Act       ActID    `cbor:"5,keyasint,omitempty" json:"act,omitempty"`        // that it would be, if it is said
	Against   PartyID  `cbor:"6,keyasint,omitempty" json:"against,omitempty"`    // whom it accuses
	When      Interval `cbor:"7,keyasint,omitempty" json:"when,omitzero"`        // of what it is about
	Where     Place    `cbor:"8,keyasint,omitempty" json:"where,omitzero"`       // likewise
	Case      CaseID   `cbor:"9,keyasint,omitempty" json:"case,omitempty"`       // the issue it belongs to, if the desk linked it
	Feedback  Hash     `cbor:"10,keyasint,omitzero" json:"feedback,omitzero"`    // SHA-256 of the code by which who reported may ask what came of it; no contact is kept
	Emergency bool     `cbor:"11,keyasint,omitempty" json:"emergency,omitempty"` // fire is going on
}

// A NoticeStep is a change in the life of a notification.
type NoticeStep struct {
	Notice string  `cbor:"1,keyasint" json:"notice"` // ID of the notification
	Deed   string  `cbor:"2,keyasint" json:"deed"`   // of NoticeDeeds
	By     string  `cbor:"3,keyasint" json:"by"`     // a PartyID, "mission" or an agency
	At     Instant `cbor:"4,keyasint" json:"at"`
	To     string  `cbor:"5,keyasint,omitempty" json:"to,omitempty"` // to whom it was relayed
	Reason string  `cbor:"6,keyasint,omitempty" json:"reason,omitempty"`
}

// NoticeDeeds are what happens to a notification besides being given.
func NoticeDeeds() []string {
	return []string{"relayed", "received", "accepted", "objected", "guaranteed", "withdrawn", "closed"}
}

// A Fact is something that a rule asks for and that no sensor shows: a call on
// the hotline, an order, a consent. It is claimed until somebody else than who
// relies on it has confirmed it.
type Fact struct {
	ID        string   `cbor:"1,keyasint" json:"id"`
	Kind      string   `cbor:"2,keyasint" json:"kind"` // of FactKinds
	Party     PartyID  `cbor:"3,keyasint" json:"party"`
	At        Instant  `cbor:"4,keyasint" json:"at"`
	Via       string   `cbor:"5,keyasint,omitempty" json:"via,omitempty"`       // "hotline"
	Level     string   `cbor:"6,keyasint,omitempty" json:"level,omitempty"`     // "high_command"
	To        []string `cbor:"7,keyasint,omitempty" json:"to,omitempty"`        // who was notified
	Ref       string   `cbor:"8,keyasint,omitempty" json:"ref,omitempty"`       // case, notification, order or duty that it is about
	Confirmed string   `cbor:"9,keyasint,omitempty" json:"confirmed,omitempty"` // by whom, other than the party; empty: its own word
	Window    Interval `cbor:"10,keyasint,omitempty" json:"window,omitzero"`    // for which it holds, of a consent or an order
	Text      string   `cbor:"11,keyasint,omitempty" json:"text,omitempty"`
	Limit     int64    `cbor:"12,keyasint,omitempty" json:"limit,omitempty"` // how many, of a consent to more than a ceiling and of its commission entry
}

// Admission is the kind of the fact that an answer which admits is. It is none of
// FactKinds: it enters the record as an answer.
const Admission = "admission"

// FactKinds are the facts that rules ask for.
func FactKinds() []string {
	return []string{"coordination_attempted", "order_by", "order_notified", "offensive_action_by_other_side", "order_contrary",
		"consent_of_other_party", "commission_entry", "discipline_reported", "self_report", "ceased_fire", "obligation_fulfilled", "guarantee"}
}

// A CoverageReport says what a source could see in a while, or that it could
// not: observed nothing and nobody looked are different.
type CoverageReport struct {
	Source  Source  `cbor:"1,keyasint" json:"source"`
	Watches []Watch `cbor:"2,keyasint" json:"watches"`
}

// A Watch is one stretch of one source's duty. Where is the ground that it could
// see or hear in the state given.
type Watch struct {
	When  Interval `cbor:"1,keyasint" json:"when"`
	Kinds []Kind   `cbor:"2,keyasint,omitempty" json:"kinds,omitempty"`     // what it would have noticed; empty: any phenomenon
	State string   `cbor:"3,keyasint" json:"state"`                         // of WatchStates
	Cause string   `cbor:"4,keyasint,omitempty" json:"cause,omitempty"`     // of WatchCauses; why it was not watching, or less
	Share PPM      `cbor:"5,keyasint,omitempty" json:"share_ppm,omitempty"` // of events in the field that it would notice; 0 in state watching: not said
	Where Place    `cbor:"6,keyasint" json:"where"`
}

// WatchStates are how a source was on duty.
func WatchStates() []string { return []string{"watching", "reduced", "out"} }

// WatchCauses are why a source saw less or nothing.
func WatchCauses() []string {
	return []string{"night", "weather", "cloud", "no_overpass", "outage", "jamming", "denial", "maintenance", "withdrawn", "hospital_gagged", "unknown", "overload"}
}

// An Inventory is what stands at a place: declared by a party, or seen by a
// visit of the mission.
type Inventory struct {
	Site  string       `cbor:"1,keyasint,omitempty" json:"site,omitempty"` // of the agreement's register of storage sites; empty: of a zone
	Zone  string       `cbor:"2,keyasint,omitempty" json:"zone,omitempty"` // of the agreement, for a declaration of what is in it
	Party PartyID      `cbor:"3,keyasint" json:"party"`
	By    string       `cbor:"4,keyasint" json:"by"` // a PartyID: declared; "mission": visited
	At    Instant      `cbor:"5,keyasint" json:"at"`
	State string       `cbor:"6,keyasint" json:"state"` // of InventoryStates
	Items []StoredItem `cbor:"7,keyasint,omitempty" json:"items,omitempty"`
	Text  string       `cbor:"8,keyasint,omitempty" json:"text,omitempty"`
}

// InventoryStates are how a declaration or visit went.
func InventoryStates() []string {
	return []string{"declared", "visited", "access_denied", "numbers_refused", "abandoned"}
}

// A StoredItem is a weapon, or some without numbers, at a site.
type StoredItem struct {
	Weapon Weapon `cbor:"1,keyasint" json:"weapon"`
	Serial string `cbor:"2,keyasint,omitempty" json:"serial,omitempty"` // one weapon; empty: Count of them without numbers
	Count  int64  `cbor:"3,keyasint,omitempty" json:"count,omitempty"`
	State  string `cbor:"4,keyasint" json:"state"` // of ItemStates
}

// ItemStates are what a visit says of a declared weapon.
func ItemStates() []string { return []string{"present", "missing", "unverifiable", "undeclared"} }

// DoneBy says who did what the payload enters: a PartyID, a body, "mission" or an
// agency; empty if that is not part of it.
func (p *Payload) DoneBy() string {
	switch {
	case p.Answer != nil:
		return string(p.Answer.Party)
	case p.Step != nil:
		return p.Step.By
	case p.Activation != nil:
		return p.Activation.From
	case p.Notification != nil:
		return p.Notification.By
	case p.NoticeStep != nil:
		return p.NoticeStep.By
	case p.Fact != nil:
		return string(p.Fact.Party)
	case p.Inventory != nil:
		return p.Inventory.By
	}
	return ""
}
