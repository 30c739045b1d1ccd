// SPDX-License-Identifier: Apache-2.0

package trucewatch

// A Statement is what a person or body said: who, in what capacity, through
// which channel, relayed by whom, said and published when. Its text is in our
// words unless Quoted.
type Statement struct {
	Key         ContentKey `cbor:"1,keyasint" json:"key"`
	NativeID    string     `cbor:"2,keyasint,omitempty" json:"native_id,omitempty"`
	Speaker     string     `cbor:"3,keyasint" json:"speaker"`
	Capacity    string     `cbor:"4,keyasint,omitempty" json:"capacity,omitempty"` // "head of the delegation"
	For         string     `cbor:"5,keyasint,omitempty" json:"for,omitempty"`      // whom the speaker speaks for
	Channel     string     `cbor:"6,keyasint,omitempty" json:"channel,omitempty"`  // "post on social media", "briefing"
	RelayedBy   string     `cbor:"7,keyasint,omitempty" json:"relayed_by,omitempty"`
	SaidAt      Interval   `cbor:"8,keyasint,omitempty" json:"said_at,omitzero"` // zero if the source does not say
	PublishedAt Interval   `cbor:"9,keyasint,omitempty" json:"published_at,omitzero"`
	Track       string     `cbor:"10,keyasint,omitempty" json:"track,omitempty"` // military, political, humanitarian
	Meeting     string     `cbor:"11,keyasint,omitempty" json:"meeting,omitempty"`
	Topics      []string   `cbor:"12,keyasint,omitempty" json:"topics,omitempty"`
	Text        string     `cbor:"13,keyasint" json:"text"`
	Quoted      bool       `cbor:"14,keyasint,omitempty" json:"quoted,omitempty"`
	Language    string     `cbor:"15,keyasint,omitempty" json:"language,omitempty"`
	Claims      []Claim    `cbor:"16,keyasint,omitempty" json:"claims,omitempty"`
	Inferred    []string   `cbor:"17,keyasint,omitempty" json:"inferred,omitempty"` // fields that the source does not print
	ReportedAt  Instant    `cbor:"18,keyasint,omitempty" json:"reported_at,omitzero"`
	URL         string     `cbor:"19,keyasint,omitempty" json:"url,omitempty"`
}

// A Claim is one thing a statement asserts.
type Claim struct {
	Kind   string `cbor:"1,keyasint" json:"kind"` // event, position, agreement, commitment, assessment, plan
	Text   string `cbor:"2,keyasint" json:"text"`
	About  string `cbor:"3,keyasint,omitempty" json:"about,omitempty"` // party, body or topic
	Count  *Count `cbor:"4,keyasint,omitempty" json:"count,omitempty"`
	Status string `cbor:"5,keyasint,omitempty" json:"status,omitempty"` // reported, quoted, denied, corrected
}
