// SPDX-License-Identifier: Apache-2.0

package trucewatch

// An EntryType says what an entry carries. Types are stored and only grow.
type EntryType string

// The entry types. Those for which Payload has no field yet are reserved: an
// entry of such a type is refused.
const (
	GenesisEntry        EntryType = "genesis"
	KeyEntry            EntryType = "key"
	PolicyEntry         EntryType = "policy" // reserved
	AgreementEntry      EntryType = "agreement"
	InterpretationEntry EntryType = "interpretation" // reserved
	ObservationsEntry   EntryType = "observations"
	StatementEntry      EntryType = "statement"
	TallyEntry          EntryType = "tally"
	NotificationEntry   EntryType = "notification"
	AnswerEntry         EntryType = "answer" // reserved
	ReviewEntry         EntryType = "review"
	DecisionEntry       EntryType = "decision" // reserved
	ReleaseEntry        EntryType = "release"
	TickEntry           EntryType = "tick"
	DigestEntry         EntryType = "digest"
	CustodyEntry        EntryType = "custody" // reserved
	ErasureEntry        EntryType = "erasure" // reserved
	AnchorEntry         EntryType = "anchor"  // reserved
)

// A KeyID is the first 8 bytes of the SHA-256 of a raw public key.
type KeyID [8]byte

// A SignatureType says how a signature was made.
type SignatureType uint8

// Ed25519Signature signs "trucewatch/entry/v1\x00" and the body's exact bytes.
const Ed25519Signature SignatureType = 1

// A Signature is one signature over a body.
type Signature struct {
	_     struct{} `cbor:",toarray"`
	Key   KeyID
	Type  SignatureType
	Value []byte
}

// A SealedBox names a box of content kept beside the record, readable by one
// class of holders.
type SealedBox struct {
	_     struct{} `cbor:",toarray"`
	Class string
	Hash  Hash
}

// A Body is what a source signs: these exact bytes, never a re-encoding.
type Body struct {
	Version         uint        `cbor:"0,keyasint"`           // 1
	Log             string      `cbor:"1,keyasint"`           // origin of the one log this body belongs to
	Type            EntryType   `cbor:"2,keyasint"`           //
	Key             KeyID       `cbor:"3,keyasint"`           // of the signer
	Sequence        uint64      `cbor:"4,keyasint"`           // of this signer's bodies, from 0
	Previous        Hash        `cbor:"5,keyasint"`           // of this signer's previous body, zero for the first
	Seen            Hash        `cbor:"6,keyasint"`           // newest checkpoint the signer knew, zero if none: the body is not older
	Payload         Payload     `cbor:"7,keyasint"`           //
	CommitmentRoot  Hash        `cbor:"8,keyasint"`           // of salted field commitments, zero if none
	CommitmentCount uint32      `cbor:"9,keyasint,omitempty"` //
	Sealed          []SealedBox `cbor:"10,keyasint,omitempty"`
}

// An Envelope is the content of one entry of the record, [received, body,
// signatures]. Received is the rim's time and is vouched for by the log's
// signature on the checkpoint, not by the source's.
type Envelope struct {
	_          struct{} `cbor:",toarray"`
	Received   Instant
	Body       []byte
	Signatures []Signature
}

// An Entry is one entry of the record, decoded and numbered.
type Entry struct {
	Index      uint64
	Received   Instant
	Body       Body
	BodyHash   Hash
	Signatures []Signature
}

// A Payload carries what the entry is about: exactly the one field that the
// entry's type names.
type Payload struct {
	Genesis      *Genesis         `cbor:"1,keyasint,omitempty" json:"genesis,omitempty"`
	Key          *KeyRegistration `cbor:"2,keyasint,omitempty" json:"key,omitempty"`
	Agreement    *Adoption        `cbor:"3,keyasint,omitempty" json:"agreement,omitempty"`
	Observations *Batch           `cbor:"4,keyasint,omitempty" json:"observations,omitempty"`
	Statement    *StatementBatch  `cbor:"5,keyasint,omitempty" json:"statement,omitempty"`
	Tally        *TallyBatch      `cbor:"6,keyasint,omitempty" json:"tally,omitempty"`
	Notification *Notification    `cbor:"7,keyasint,omitempty" json:"notification,omitempty"`
	Review       *Review          `cbor:"8,keyasint,omitempty" json:"review,omitempty"`
	Release      *Release         `cbor:"9,keyasint,omitempty" json:"release,omitempty"`
	Tick         *Tick            `cbor:"10,keyasint,omitempty" json:"tick,omitempty"`
	Digest       *Digest          `cbor:"11,keyasint,omitempty" json:"digest,omitempty"`
}

// A Mode says what kind of mission a record belongs to. It never changes.
type Mode string

// The modes.
const (
	Live      Mode = "live"
	Reenacted Mode = "reenacted" // Received comes from the input's reported_at, else a stated fixture time
	Exercise  Mode = "exercise"
)

// Genesis is entry 0: which mission this is.
type Genesis struct {
	Mission     string  `cbor:"1,keyasint" json:"mission"` // lower-case identifier, also in the log's origin
	Title       string  `cbor:"2,keyasint" json:"title"`
	Mode        Mode    `cbor:"3,keyasint" json:"mode"`
	Simulated   bool    `cbor:"4,keyasint,omitempty" json:"simulated,omitempty"` // invented data: SIMULATED stands on everything that leaves
	DisplayZone string  `cbor:"5,keyasint" json:"display_zone"`                  // IANA name, for people
	CutOff      string  `cbor:"6,keyasint" json:"cut_off"`                       // local time of day at which a reporting period ends, "19:30"
	Summary     string  `cbor:"7,keyasint,omitempty" json:"summary,omitempty"`   // what the mission is about, for the first page
	Gazetteer   Hash    `cbor:"8,keyasint" json:"gazetteer,omitzero"`            // of the mission's place names, zero if it has none
	Engine      int     `cbor:"9,keyasint" json:"engine"`
	Epoch       Instant `cbor:"10,keyasint" json:"epoch"` // start of the first reporting period
}

// A KeyRegistration makes a key valid from this entry on.
type KeyRegistration struct {
	ID     KeyID  `cbor:"1,keyasint" json:"id"`
	Public []byte `cbor:"2,keyasint" json:"public"` // 32 raw bytes, Ed25519
	Role   string `cbor:"3,keyasint" json:"role"`   // desk
	Name   string `cbor:"4,keyasint,omitempty" json:"name,omitempty"`
}

// An Adoption puts a version of an agreement into the record; the bundle is a
// blob beside it. Findings use the text in force at the event's time.
type Adoption struct {
	Bundle  Hash   `cbor:"1,keyasint" json:"bundle"`
	ID      string `cbor:"2,keyasint" json:"id"`
	Version int    `cbor:"3,keyasint" json:"version"`
	Draft   bool   `cbor:"4,keyasint,omitempty" json:"draft,omitempty"` // for what-if only: judged by nobody, never public
}

// A Batch carries 1..RowsMax observations of one source and the rows of its
// file that were refused.
type Batch struct {
	Source       Source        `cbor:"1,keyasint" json:"source"`
	File         string        `cbor:"2,keyasint,omitempty" json:"file,omitempty"`
	FileHash     Hash          `cbor:"3,keyasint" json:"file_hash,omitzero"`
	Observations []Observation `cbor:"4,keyasint,omitempty" json:"observations,omitempty"`
	Rejected     []Rejection   `cbor:"5,keyasint,omitempty" json:"rejected,omitempty"`
}

// A TallyBatch carries tallies of one source.
type TallyBatch struct {
	Source   Source  `cbor:"1,keyasint" json:"source"`
	File     string  `cbor:"2,keyasint,omitempty" json:"file,omitempty"`
	FileHash Hash    `cbor:"3,keyasint" json:"file_hash,omitzero"`
	Tallies  []Tally `cbor:"4,keyasint" json:"tallies"`
}

// A StatementBatch carries statements of one source.
type StatementBatch struct {
	Source     Source      `cbor:"1,keyasint" json:"source"`
	File       string      `cbor:"2,keyasint,omitempty" json:"file,omitempty"`
	FileHash   Hash        `cbor:"3,keyasint" json:"file_hash,omitzero"`
	Statements []Statement `cbor:"4,keyasint" json:"statements"`
}

// A Review is a person's deed on a finding or a case.
type Review struct {
	Finding FindingID `cbor:"1,keyasint,omitempty" json:"finding,omitempty"`
	Case    CaseID    `cbor:"2,keyasint,omitempty" json:"case,omitempty"`
	Deed    string    `cbor:"3,keyasint" json:"deed"` // confirm or withdraw (a finding); serve (a case)
	By      string    `cbor:"4,keyasint" json:"by"`   // role, never a name
	Reason  string    `cbor:"5,keyasint,omitempty" json:"reason,omitempty"`
}

// A Release makes findings public, after the delay that the agreement sets.
type Release struct {
	Findings []FindingID `cbor:"1,keyasint" json:"findings"`
	By       string      `cbor:"2,keyasint" json:"by"` // role, never a name
	Reason   string      `cbor:"3,keyasint,omitempty" json:"reason,omitempty"`
}

// A Tick says that time has come to At. The core knows no other clock.
type Tick struct {
	At     Instant `cbor:"1,keyasint" json:"at"`
	CutOff string  `cbor:"2,keyasint,omitempty" json:"cut_off,omitempty"` // local date whose reporting period ends here, "2026-04-11"
}

// A Digest commits to the state after all entries before this one.
type Digest struct {
	Index uint64 `cbor:"1,keyasint" json:"index"` // entries folded
	State Hash   `cbor:"2,keyasint" json:"state"`
	What  string `cbor:"3,keyasint,omitempty" json:"what,omitempty"` // "daily report 2026-04-12 public"
	Bytes Hash   `cbor:"4,keyasint" json:"bytes,omitzero"`           // of the publication, zero if none
}
