// SPDX-License-Identifier: Apache-2.0

package trucewatch

import "github.com/trucewatch/trucewatch/geo"

// A Tally is a number that somebody published: a mission's daily total, an air
// force's count of a night, a party's total of the other's violations. Tallies
// are never associated, and tallies in unlike units are never compared.
type Tally struct {
	Key        ContentKey     `cbor:"1,keyasint" json:"key"`
	NativeID   string         `cbor:"2,keyasint,omitempty" json:"native_id,omitempty"`
	Claimant   string         `cbor:"3,keyasint" json:"claimant"`                    // who says so
	Against    string         `cbor:"4,keyasint,omitempty" json:"against,omitempty"` // whom it accuses; empty if nobody
	Window     Interval       `cbor:"5,keyasint" json:"window"`                      // zero if the source does not say
	WindowText string         `cbor:"6,keyasint,omitempty" json:"window_text,omitempty"`
	Area       string         `cbor:"7,keyasint,omitempty" json:"area,omitempty"`
	Category   string         `cbor:"8,keyasint" json:"category"`                     // the claimant's own word
	Count      Count          `cbor:"9,keyasint" json:"count"`                        // Count.Unit is the claimant's unit, such as "osce_smm/ceasefire_violation"
	PartOf     string         `cbor:"10,keyasint,omitempty" json:"part_of,omitempty"` // category of which this is a part
	Running    bool           `cbor:"11,keyasint,omitempty" json:"running,omitempty"` // a total since a fixed date, not of the window alone
	Previous   *PreviousTally `cbor:"12,keyasint,omitempty" json:"previous,omitempty"`
	Exercise   *Count         `cbor:"13,keyasint,omitempty" json:"exercise,omitempty"` // of it, assessed as training
	Issue      string         `cbor:"14,keyasint,omitempty" json:"issue,omitempty"`    // report number
	Inferred   []string       `cbor:"15,keyasint,omitempty" json:"inferred,omitempty"` // fields that the source does not print
	ReportedAt Instant        `cbor:"16,keyasint,omitempty" json:"reported_at,omitzero"`
	Text       string         `cbor:"17,keyasint,omitempty" json:"text,omitempty"`
	URL        string         `cbor:"18,keyasint,omitempty" json:"url,omitempty"`
}

// A PreviousTally is what a publication says of the period before its own.
type PreviousTally struct {
	Value int64  `cbor:"1,keyasint" json:"value"`
	Span  string `cbor:"2,keyasint" json:"span"` // "period" or "24h", as the publication words it
}

// A Notification is advance notice by a party or agency of something that the
// agreement permits under conditions.
type Notification struct {
	Key        ContentKey     `cbor:"1,keyasint" json:"key"`
	ID         string         `cbor:"2,keyasint" json:"id"`
	Exemption  string         `cbor:"3,keyasint" json:"exemption"` // of the agreement: "X5"
	By         string         `cbor:"4,keyasint" json:"by"`        // a PartyID, "mission" or an agency
	NotifiedAt Instant        `cbor:"5,keyasint" json:"notified_at"`
	Window     Interval       `cbor:"6,keyasint" json:"window"`
	Route      []geo.Position `cbor:"7,keyasint,omitempty" json:"route,omitempty"` // corridor's centre line
	Area       *geo.Region    `cbor:"8,keyasint,omitempty" json:"area,omitempty"`  // polygon, point or range
	Airframes  []string       `cbor:"9,keyasint,omitempty" json:"airframes,omitempty"`
	Weapons    []string       `cbor:"10,keyasint,omitempty" json:"weapons,omitempty"`
	Agency     string         `cbor:"11,keyasint,omitempty" json:"agency,omitempty"`
	NoMunition bool           `cbor:"12,keyasint,omitempty" json:"no_munition,omitempty"` // declared to carry none
	MaxKG      int64          `cbor:"13,keyasint,omitempty" json:"max_kg,omitempty"`
	Text       string         `cbor:"14,keyasint,omitempty" json:"text,omitempty"`
	Object     string         `cbor:"15,keyasint,omitempty" json:"object,omitempty"`    // what is repaired or reached in a window of silence
	Vehicles   []string       `cbor:"16,keyasint,omitempty" json:"vehicles,omitempty"`  // of a movement, each with its plate
	Marking    string         `cbor:"17,keyasint,omitempty" json:"marking,omitempty"`   // by which they are known from afar
	Emergency  bool           `cbor:"18,keyasint,omitempty" json:"emergency,omitempty"` // given under the shorter lead
	Lifts      []ActID        `cbor:"19,keyasint,omitempty" json:"lifts,omitempty"`     // of an agreed deviation: the acts that it permits, as stated
}
