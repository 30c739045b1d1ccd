// SPDX-License-Identifier: Apache-2.0

package trucewatch

// An EntryType says what an entry carries. Types are stored and only grow.
type EntryType string

// The entry types.
const (
	GenesisEntry        EntryType = "genesis"
	KeyEntry            EntryType = "key"
	PolicyEntry         EntryType = "policy"
	AgreementEntry      EntryType = "agreement"
	InterpretationEntry EntryType = "interpretation"
	ObservationsEntry   EntryType = "observations"
	StatementEntry      EntryType = "statement"
	TallyEntry          EntryType = "tally"
	NotificationEntry   EntryType = "notification"
	AnswerEntry         EntryType = "answer"
	ReviewEntry         EntryType = "review"
	DecisionEntry       EntryType = "decision"
	ReleaseEntry        EntryType = "release"
	TickEntry           EntryType = "tick"
	DigestEntry         EntryType = "digest"
	CustodyEntry        EntryType = "custody"
	ErasureEntry        EntryType = "erasure"
	ReceiptEntry        EntryType = "erasure_receipt"
	AbsenceEntry        EntryType = "absence"
	AnchorEntry         EntryType = "anchor"
	AccessEntry         EntryType = "access"
	StepEntry           EntryType = "step"
	SessionEntry        EntryType = "session"
	ActivationEntry     EntryType = "activation"
	NoticeStepEntry     EntryType = "notice_step"
	FactEntry           EntryType = "fact"
	CoverageEntry       EntryType = "coverage"
	InventoryEntry      EntryType = "inventory"
	SealedEntry         EntryType = "sealed" // what it is about lies in boxes beside the record
)

// A KeyID is the first 8 bytes of the SHA-256 of a raw public key.
type KeyID [8]byte

// A SignatureType says how a signature was made.
type SignatureType uint8

// The types of signature. What is signed is always SignedBytes of the body.
const (
	Ed25519Signature SignatureType = 1 // 64 bytes over what is signed
	PasskeySignature SignatureType = 2 // a WebAuthn assertion whose challenge is the SHA-256 of what is signed: Assertion
	BatchSignature   SignatureType = 3 // one Ed25519 signature over the Merkle root of many bodies: BatchProof
)

// An Assertion is the value of a PasskeySignature.
//
// Source: W3C Web Authentication Level 2, 7.2.
type Assertion struct {
	_                 struct{} `cbor:",toarray"`
	AuthenticatorData []byte
	ClientDataJSON    []byte
	Signature         []byte // ECDSA P-256 over SHA-256, ASN.1
}

// A BatchProof is the value of a BatchSignature: that what is signed here is leaf
// Index of a Merkle tree (RFC 6962, 2.1) of Size leaves, and a signature over
// "trucewatch/batch/v1\x00", the size in 64 bits, big endian, and the tree's root.
type BatchProof struct {
	_         struct{} `cbor:",toarray"`
	Size      uint64
	Index     uint64
	Path      []Hash // inclusion proof, lowest level first
	Signature []byte // 64 bytes, Ed25519
}

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
	// Salt is SaltBytes random bytes, or none. The body after this one names its
	// hash, and so does a batch of which it is a leaf: with a salt, whoever has those
	// cannot try what it held after it was erased.
	Salt []byte `cbor:"11,keyasint,omitempty"`
}

// SaltBytes is how long a salt is. Source: as of seal's fields, 128 bits.
const SaltBytes = 16

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
	Raw        []byte // the body's bytes as they were signed
	BodyHash   Hash   // of Raw
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
	Policy       *Policy          `cbor:"12,keyasint,omitempty" json:"policy,omitempty"`
	Custody      *Custody         `cbor:"13,keyasint,omitempty" json:"custody,omitempty"`
	Erasure      *Erasure         `cbor:"14,keyasint,omitempty" json:"erasure,omitempty"`
	Receipt      *ErasureReceipt  `cbor:"15,keyasint,omitempty" json:"erasure_receipt,omitempty"`
	Absence      *Absence         `cbor:"16,keyasint,omitempty" json:"absence,omitempty"`
	Anchor       *Anchor          `cbor:"17,keyasint,omitempty" json:"anchor,omitempty"`
	Sealed       *Sealing         `cbor:"18,keyasint,omitempty" json:"sealed,omitempty"`

	Interpretation *Interpretation `cbor:"19,keyasint,omitempty" json:"interpretation,omitempty"`
	Answer         *Answer         `cbor:"20,keyasint,omitempty" json:"answer,omitempty"`
	Decision       *Decision       `cbor:"21,keyasint,omitempty" json:"decision,omitempty"`
	Step           *Step           `cbor:"22,keyasint,omitempty" json:"step,omitempty"`
	Session        *Session        `cbor:"23,keyasint,omitempty" json:"session,omitempty"`
	Activation     *Activation     `cbor:"24,keyasint,omitempty" json:"activation,omitempty"`
	NoticeStep     *NoticeStep     `cbor:"25,keyasint,omitempty" json:"notice_step,omitempty"`
	Fact           *Fact           `cbor:"26,keyasint,omitempty" json:"fact,omitempty"`
	Coverage       *CoverageReport `cbor:"27,keyasint,omitempty" json:"coverage,omitempty"`
	Inventory      *Inventory      `cbor:"28,keyasint,omitempty" json:"inventory,omitempty"`
	Access         *Access         `cbor:"29,keyasint,omitempty" json:"access,omitempty"`
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
	// SlotS is set in a sealed mission: what could harm lies in boxes beside the
	// record, and times that stand openly are rounded down to so many seconds.
	SlotS int64 `cbor:"11,keyasint,omitempty" json:"slot_s,omitempty"`
}

// A KeyRegistration makes a key valid from this entry on, or ends it.
type KeyRegistration struct {
	ID           KeyID        `cbor:"1,keyasint" json:"id"`
	Public       []byte       `cbor:"2,keyasint" json:"public"` // 32 raw bytes of Ed25519, or 65 of an uncompressed P-256 point
	Role         KeyRole      `cbor:"3,keyasint" json:"role"`
	Name         string       `cbor:"4,keyasint,omitempty" json:"name,omitempty"` // of an office or device, never of a person
	Algorithm    KeyAlgorithm `cbor:"5,keyasint,omitempty" json:"algorithm,omitempty"`
	Organisation string       `cbor:"6,keyasint,omitempty" json:"organisation,omitempty"` // of the policy; two persons of one rule may share it
	Source       SourceID     `cbor:"7,keyasint,omitempty" json:"source,omitempty"`       // for which a device speaks
	RPID         string       `cbor:"8,keyasint,omitempty" json:"rp_id,omitempty"`        // of a passkey: the relying party's identifier
	// Till ends the key: bodies signed by it at this index or later do not count.
	// An index before this entry says that the key was in wrong hands since then;
	// what stands between is reported as doubtful and stays in the record.
	Till   uint64 `cbor:"9,keyasint,omitempty" json:"till,omitempty"`
	Reason string `cbor:"10,keyasint,omitempty" json:"reason,omitempty"` // why it ends
	// Handover is of a LogKey the signature of the log's key before it, over this
	// entry's index and the new key: see package logkey.
	Handover []byte `cbor:"11,keyasint,omitempty" json:"handover,omitempty"`
}

// A KeyRole says what a key may sign.
type KeyRole string

// The roles.
const (
	DeskKey    KeyRole = "desk"    // enters what the mission receives
	OfficerKey KeyRole = "officer" // a person who answers for erasures, keys, policies, decisions
	DeviceKey  KeyRole = "device"  // a sensor or a patrol's phone: observations of its one source
	LiaisonKey KeyRole = "liaison" // a party's liaison officer: answers, notices and facts of its own party
	HolderKey  KeyRole = "holder"  // an organisation that holds copies and signs for what it destroyed
	LogKey     KeyRole = "log"     // signs checkpoints from this entry on, in place of the log's key before it; no entries
)

// A KeyAlgorithm says what kind of key it is.
type KeyAlgorithm string

// The algorithms; empty is Ed25519.
const (
	Ed25519Key KeyAlgorithm = ""
	PasskeyKey KeyAlgorithm = "passkey" // ECDSA on P-256, in an authenticator that verifies its user
)

// A Sealing is all that a sealed entry says openly.
type Sealing struct {
	Epoch uint32 `cbor:"1,keyasint" json:"epoch"` // of the keys that its boxes are sealed with
}

// A Policy says who co-signs the record and who must agree to what. It takes
// the place of the one before it.
type Policy struct {
	Organisations []Organisation `cbor:"1,keyasint" json:"organisations"`
	Guarantors    int            `cbor:"2,keyasint" json:"guarantors"` // how many guarantors make a checkpoint provisional
	CadenceS      int64          `cbor:"3,keyasint" json:"cadence_s"`  // seconds between checkpoints
	TwoPerson     []EntryType    `cbor:"4,keyasint,omitempty" json:"two_person,omitempty"`
	From          Instant        `cbor:"5,keyasint,omitempty" json:"from,omitzero"` // when it takes effect; 0 for the first
	// BodiesPerHour is how many bodies of one device enter the record in an hour of Received; 0: the program's own limit.
	BodiesPerHour int64 `cbor:"6,keyasint,omitempty" json:"bodies_per_hour,omitempty"`
}

// An Organisation is a party or guarantor with its witness.
type Organisation struct {
	Name    string  `cbor:"1,keyasint" json:"name"`                        // "party-a", as in keys and reports
	Party   PartyID `cbor:"2,keyasint,omitempty" json:"party,omitempty"`   // empty for a guarantor
	Witness string  `cbor:"3,keyasint" json:"witness"`                     // verifier key of its witness, as C2SP signed-note writes it
	Address string  `cbor:"4,keyasint,omitempty" json:"address,omitempty"` // of its witness, "https://..."; may change by configuration
	Mirror  string  `cbor:"5,keyasint,omitempty" json:"mirror,omitempty"`  // verifier key of its mirror, another one
}

// A Custody is a deed on a piece of evidence. The chain of custody of an item
// is all of them, in record order.
type Custody struct {
	Item        Hash    `cbor:"1,keyasint" json:"item"` // SHA-256 of its bytes
	Deed        string  `cbor:"2,keyasint" json:"deed"` // of CustodyDeeds
	By          string  `cbor:"3,keyasint" json:"by"`   // role, never a name
	At          Instant `cbor:"4,keyasint" json:"at"`
	Reason      string  `cbor:"5,keyasint,omitempty" json:"reason,omitempty"`
	SizeBytes   int64   `cbor:"6,keyasint,omitempty" json:"size_bytes,omitempty"`
	Chunks      Hash    `cbor:"7,keyasint,omitzero" json:"chunks,omitzero"` // root of the tree over its chunks
	MediaType   string  `cbor:"8,keyasint,omitempty" json:"media_type,omitempty"`
	DerivedFrom Hash    `cbor:"9,keyasint,omitzero" json:"derived_from,omitzero"`  // the original of a working copy
	To          string  `cbor:"10,keyasint,omitempty" json:"to,omitempty"`         // who received it
	About       string  `cbor:"11,keyasint,omitempty" json:"about,omitempty"`      // an observation, incident, finding or case
	Restricted  bool    `cbor:"12,keyasint,omitempty" json:"restricted,omitempty"` // each reading of it is recorded
}

// CustodyDeeds are what may be done with evidence.
func CustodyDeeds() []string {
	return []string{"acquired", "copied", "derived", "read", "transferred", "returned", "sealed", "destroyed"}
}

// An Erasure warrants that boxes are destroyed. What is not named in one and is
// missing was hidden.
type Erasure struct {
	Boxes     []BoxRef `cbor:"1,keyasint" json:"boxes"`
	Basis     string   `cbor:"2,keyasint" json:"basis"`     // legal basis
	Authority string   `cbor:"3,keyasint" json:"authority"` // role that ordered it
	Reason    string   `cbor:"4,keyasint,omitempty" json:"reason,omitempty"`
	Epoch     uint32   `cbor:"5,keyasint,omitempty" json:"epoch,omitempty"` // with Class: every box of it under this epoch's key
	Class     string   `cbor:"6,keyasint,omitempty" json:"class,omitempty"`
}

// A BoxRef names a box of an entry.
type BoxRef struct {
	_     struct{} `cbor:",toarray"`
	Index uint64
	Class string
	Hash  Hash
}

// An ErasureReceipt is a holder's word that it destroyed what an erasure names.
type ErasureReceipt struct {
	Erasure uint64   `cbor:"1,keyasint" json:"erasure"` // index of the erasure entry
	Holder  string   `cbor:"2,keyasint" json:"holder"`  // organisation, or "mission"
	Boxes   []BoxRef `cbor:"3,keyasint,omitempty" json:"boxes,omitempty"`
	At      Instant  `cbor:"4,keyasint" json:"at"`
}

// An Absence says that an organisation has not co-signed for a day.
type Absence struct {
	Organisation string  `cbor:"1,keyasint" json:"organisation"`
	SinceSize    uint64  `cbor:"2,keyasint" json:"since_size"` // of the last checkpoint it co-signed
	Since        Instant `cbor:"3,keyasint" json:"since"`
}

// An Anchor is somebody else's time over a checkpoint.
type Anchor struct {
	Checkpoint Hash   `cbor:"1,keyasint" json:"checkpoint"` // SHA-256 of the signed text: origin, size, root
	Size       uint64 `cbor:"2,keyasint" json:"size"`
	Authority  string `cbor:"3,keyasint" json:"authority"`
	Token      []byte `cbor:"4,keyasint" json:"token"` // RFC 3161 TimeStampToken, DER
}

// An Access says which roles may open the boxes of a class: those of the months
// whose keys are made from then on, and of the months that it names, whose keys
// are wrapped to them anew.
type Access struct {
	Class      string   `cbor:"1,keyasint" json:"class"`
	Recipients []Hash   `cbor:"2,keyasint" json:"recipients"`                 // SHA-256 of each role's recipient as package seal writes it
	Epochs     []uint32 `cbor:"3,keyasint,omitempty" json:"epochs,omitempty"` // months since January 1970
	Reason     string   `cbor:"4,keyasint,omitempty" json:"reason,omitempty"`
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
	What  string `cbor:"3,keyasint,omitempty" json:"what,omitempty"`  // "daily report 2026-04-12 public"
	Bytes Hash   `cbor:"4,keyasint" json:"bytes,omitzero"`            // of the publication, zero if none
	Items Hash   `cbor:"5,keyasint,omitzero" json:"items,omitzero"`   // root of the tree over the publication's items
	Count uint64 `cbor:"6,keyasint,omitempty" json:"count,omitempty"` // of those
}
