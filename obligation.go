// SPDX-License-Identifier: Apache-2.0

package trucewatch

// What the agreement asks for over a time, and where it stands.

// A Streak counts consecutive days without fire in an area, as the agreement asks
// before forces disengage. A day counts if nothing was found and enough of the
// area was watched; a day that nobody watched neither counts nor resets.
type Streak struct {
	Area    string   `cbor:"1,keyasint" json:"area"` // of the agreement: "Z0/DA-2"
	Name    string   `cbor:"2,keyasint,omitempty" json:"name,omitempty"`
	Days    int      `cbor:"3,keyasint" json:"days"`
	Needed  int      `cbor:"4,keyasint" json:"needed"`
	Since   Instant  `cbor:"5,keyasint,omitempty" json:"since,omitzero"`     // first day that counts
	Resets  int      `cbor:"6,keyasint,omitempty" json:"resets,omitempty"`   // so far
	LastWhy string   `cbor:"7,keyasint,omitempty" json:"last_why,omitempty"` // of the last reset: a finding's ID
	Unseen  int      `cbor:"8,keyasint,omitempty" json:"unseen,omitempty"`   // days since Since that nobody watched enough
	Reached Instant  `cbor:"9,keyasint,omitempty" json:"reached,omitzero"`   // when Needed was first reached
	Notices []string `cbor:"10,keyasint,omitempty" json:"notices,omitempty"` // what the parties notified of it
}

// A SiteState is what is known of a storage site.
type SiteState struct {
	Site      string     `cbor:"1,keyasint" json:"site"`
	Name      string     `cbor:"2,keyasint,omitempty" json:"name,omitempty"`
	Party     PartyID    `cbor:"3,keyasint" json:"party"`
	Declared  Instant    `cbor:"4,keyasint,omitempty" json:"declared,omitzero"`
	Visited   Instant    `cbor:"5,keyasint,omitempty" json:"visited,omitzero"`
	NextVisit Instant    `cbor:"6,keyasint,omitempty" json:"next_visit,omitzero"` // due by the agreement's interval
	Items     []ItemView `cbor:"7,keyasint,omitempty" json:"items,omitempty"`
	Earlier   int64      `cbor:"8,keyasint,omitempty" json:"earlier,omitempty"` // how many more were seen before those of a long list
}

// An ItemView is a declared weapon and its status by the agreement's words:
// in_site_verified, in_site_unverifiable, missing, missing_again, abandoned,
// beyond_line_outside_site, in_violation_of_line, declared.
type ItemView struct {
	Item   StoredItem `cbor:"1,keyasint" json:"item"`
	Class  string     `cbor:"2,keyasint,omitempty" json:"class,omitempty"`
	Status string     `cbor:"3,keyasint" json:"status"`
	Since  Instant    `cbor:"4,keyasint" json:"since"`
}

// A CeilingState is how many weapons or persons a zone holds, beside what it may.
type CeilingState struct {
	Zone     string  `cbor:"1,keyasint" json:"zone"`
	Party    PartyID `cbor:"2,keyasint" json:"party"`
	Class    string  `cbor:"3,keyasint" json:"class"`
	Limit    int64   `cbor:"4,keyasint" json:"limit"`
	Deviated int64   `cbor:"5,keyasint,omitempty" json:"deviated,omitempty"` // limit while an agreed deviation holds
	Declared int64   `cbor:"6,keyasint,omitempty" json:"declared,omitempty"`
	Seen     int64   `cbor:"7,keyasint,omitempty" json:"seen,omitempty"` // at least so many at one time
	At       Instant `cbor:"8,keyasint,omitempty" json:"at,omitzero"`
}

// A DutyState is an obligation of the agreement and how it stands.
type DutyState struct {
	Duty   string  `cbor:"1,keyasint" json:"duty"`
	Party  PartyID `cbor:"2,keyasint,omitempty" json:"party,omitempty"`
	State  string  `cbor:"3,keyasint" json:"state"` // waiting, due, fulfilled, late, failed, released
	Due    Instant `cbor:"4,keyasint,omitempty" json:"due,omitzero"`
	Since  Instant `cbor:"5,keyasint,omitempty" json:"since,omitzero"`
	Reason string  `cbor:"6,keyasint,omitempty" json:"reason,omitempty"` // "waits for B's W-withdraw-P1"
}

// A SilenceState is a window of silence and how it was kept.
type SilenceState struct {
	Notice     string      `cbor:"1,keyasint" json:"notice"` // ID of its notification
	Window     Interval    `cbor:"2,keyasint" json:"window"`
	Guarantees []PartyID   `cbor:"3,keyasint,omitempty" json:"guarantees,omitempty"` // who gave one before it began
	State      string      `cbor:"4,keyasint" json:"state"`                          // waiting, agreed, open, held, unwatched, breached, lapsed
	Breaches   []FindingID `cbor:"5,keyasint,omitempty" json:"breaches,omitempty"`
	Observed   PPM         `cbor:"6,keyasint,omitempty" json:"observed_ppm,omitempty"` // of its hours and ground
}
