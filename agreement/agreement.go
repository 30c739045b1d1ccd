// SPDX-License-Identifier: Apache-2.0

// Package agreement is the agreement as data: parties, bodies, lines, zones,
// weapon classes, acts, exemptions, clocks, thresholds and disclosure.
//
// An agreement is a bundle of files (agreement.yaml and the geometry and
// registers that it names), given as bytes. Parse reads and checks it whole and
// reports every error with file, line and column; Pack makes the one byte
// string whose SHA-256 names the version. The format is docs/formats/agreement.md.
//
// The package says what the text says. It holds no verdicts (package judge), no
// clock, and nothing that is not in the text: where the text is silent the field
// is zero, and where a rule cannot be judged Clauses says so and why.
//
// Lengths are millimetres on the ellipsoid, times microseconds UTC, shares parts
// per million; decimals of the text are read exactly, never as floats.
// An Agreement never changes after Parse and may be read from many goroutines.
package agreement

import (
	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// A Status says what an agreement is for.
type Status string

// The statuses. A draft is for what-if only and never judges a public finding.
const (
	Draft   Status = "draft"
	InForce Status = "in_force"
)

// An Agreement is one version of the text.
type Agreement struct {
	Status        Status
	Simulated     bool // the agreement is invented
	ID            string
	Version       int
	Titles        []Words // at least one
	Authoritative Authoritative
	PartyIDs      []trucewatch.PartyID // in the order of the text
	Guarantors    []string
	Witnesses     []string             // who co-signs the record's checkpoints
	Spans         []trucewatch.Reading // when it is in force; more than one if the text is read differently
	DisplayZone   string               // IANA name, for people only
	Termination   *Termination
	Overrides     string // which other orders the text sets aside

	Parties          []Party // in the order of PartyIDs
	Bodies           []Body
	Lines            []Line
	References       []Reference // from which line each party's distances count
	Zones            []Zone
	Distances        string        // per_side, or zone_width: the text's figures are both sides together (halved here)
	Weapons          []WeaponClass // first matching class wins
	Phases           []Phase
	Storage          *Storage
	Acts             []Act
	Duties           []Duty
	ReturnFire       *ReturnFire
	Exemptions       []Exemption
	Acknowledgement  *Acknowledgement
	Counting         Counting
	Evidence         Evidence
	Clocks           []Clock
	MonitoringRights *MonitoringRights
	Humanitarian     *Humanitarian
	DigitalAnnex     *DigitalAnnex
	Disclosure       []DisclosureRule
	Interpretations  []Interpretation
	Amendment        *Amendment

	Questions   []Question    // terms that the parties read differently
	Ceilings    []Ceiling     // what a zone may hold at most, per party
	Streak      *StreakRule   // days without fire before forces disengage
	Obligations []Obligation  // what must be done, by when, after or together with what
	StatusQuo   *StatusQuo    // what stood when the agreement began
	Heavy       []string      // weapon classes that "heavy" means
	Aggravation []Aggravation // what makes a breach weigh more, or less
	PreStart    *PreStart     // between signing and the start of force

	hash     trucewatch.Hash
	source   source    // from which readings of the text are made
	settled  []Settled // questions that have one reading in this agreement
	variants []Variant // the readings that remain; at least one
}

// Words are a text in one language.
type Words struct {
	Language string // BCP 47, "en"
	Text     string
}

// Authoritative names the text that binds.
type Authoritative struct {
	Languages     []string
	SHA256        trucewatch.Hash // of the signed document, zero if not given
	MachineTextIs string          // interpretive: the signed text wins over this file; binding: this file is the text
}

// Termination is how a party may leave.
type Termination struct {
	UnilateralOnBreach bool // a breach by one side frees the other
	Notice             trucewatch.Instant
	NoticeTo           []string
	Basis              string
}

// A Party is one side, by the agreement's letter.
type Party struct {
	ID          trucewatch.PartyID
	Names       []Name // how each party, and a neutral reader, calls it
	ForcesBound []string
	Liaison     string
}

// A Name is what somebody calls a party.
type Name struct {
	By   string // a PartyID, or "neutral"
	Name string
}

// Neutral returns the name that the mission uses.
func (p *Party) Neutral() string {
	for _, n := range p.Names {
		if n.By == "neutral" {
			return n.Name
		}
	}
	return string(p.ID)
}

// A Body is an institution of the agreement.
type Body struct {
	ID            string
	Role          []string
	Adjudicates   bool // false if the text does not say so: then the mission attributes nothing
	Members       []string
	Chair         string
	DecidesBy     string             // consensus or majority
	MeetsEvery    trucewatch.Instant // 0: not said
	MeetsOnCallIn trucewatch.Instant // emergency meeting within, 0: not said
	GoesUpTo      string             // body to which what it does not decide goes; empty: none above
	Powers        []string
	Basis         string
}

// A Line is a line of the agreement with its survey error.
type Line struct {
	ID            string
	Kind          string // line_of_contact or reference_line
	File          string // of the bundle
	SurveyErrorMM int64  // the line lies within so much of where it is drawn (95 %), millimetres
	Left, Right   trucewatch.PartyID
	Points        []geo.Position
	Line          *geo.Line
	Dated         trucewatch.Instant // a line of contact: as of when it was surveyed; 0: from the start of force
	Basis         string
}

// Side returns the side of the line on which a party is, looking along it, and
// geo.OnLine if it is on neither.
func (l *Line) Side(party trucewatch.PartyID) geo.Side {
	switch party {
	case l.Left:
		return geo.Left
	case l.Right:
		return geo.Right
	}
	return geo.OnLine
}

// A Reference says from which line a party's distances count.
type Reference struct {
	Party trucewatch.PartyID
	Line  string
}

// A Zone is a part of the ground to which rules refer.
type Zone struct {
	ID       string
	Kind     string // disengagement_area, buffer, limitation_.., protected_objects, settlements, everywhere
	PerSide  []SideZone
	All      *geo.Zone // of all sides together
	Bands    []Band    // as the text states them, per side, millimetres
	Areas    []Area    // of a zone given by polygons
	Objects  []Object  // of a zone given by a register
	MinSize  [2]int64  // least length and width of each area, millimetres; 0: not said
	Rules    []string
	Basis    string
	IsGlobal bool // everywhere
}

// A SideZone is one party's part of a zone.
type SideZone struct {
	Party trucewatch.PartyID
	Zone  *geo.Zone
}

// A Band is the ground between two distances from a party's reference line, on
// the party's own side.
type Band struct {
	Party          trucewatch.PartyID
	FromMM, TillMM int64
}

// An Area is one polygon of a file: a settlement, a disengagement area.
type Area struct {
	ID, Name string
	Polygons [][][]geo.Position // polygons of rings; first ring outer, the others holes; not closed by repetition
	Zone     *geo.Zone
}

// An Object is one row of a register of protected objects.
type Object struct {
	ID, Name, Class string
	At              geo.Position
	RadiusMM        int64
}

// A WeaponClass is a set of weapons under one limit.
type WeaponClass struct {
	ID         string
	Match      Match
	WithdrawMM int64      // distance each side keeps from its reference line; 0: none
	Limit      []SideZone // the ground inside WithdrawMM, per side; empty if there is none
	Phase      string     // whose end makes the limit binding; empty: at once
	ZoneBan    []string
	Use        string // prohibited, prohibited_in_zone, notified_only, no_effect_on_mission_assets; empty: not said
	Basis      string
	ReachKM    int64                // farthest that a weapon of the class fires, for attribution; 0: not said
	HeldBy     []trucewatch.PartyID // parties known to have it; empty: not said, so everybody may
}

// A Match is what makes a weapon one of a class: each condition that is set must
// hold.
type Match struct {
	Platforms []trucewatch.Platform // any of; at least one
	Models    []string              // any of, without regard to case
	NotModels []string              // none of
	CalibreMM Bounds
	RangeKM   Bounds
	Roles     []string
	Munitions []string
}

// Bounds are two whole numbers, both inside; 0 is no bound.
type Bounds struct{ Min, Max int64 }

// A Phase is a step of withdrawal. Its clock starts at the start of force, or at
// the end of the phase After.
type Phase struct {
	ID         string
	After      string             // phase whose end starts this one; empty: the start of force
	StartAfter trucewatch.Instant // from the start of force to the start of the phase
	Complete   trucewatch.Instant // from the start of the phase to its end
	Basis      string
}

// Storage is where withdrawn weapons are kept and how that is inspected.
type Storage struct {
	Sites       []Site
	Notice      trucewatch.Instant
	MaxInterval trucewatch.Instant
	Statuses    []string
	Basis       string
}

// A Site is one row of the register of storage sites.
type Site struct {
	ID, Name string
	Party    trucewatch.PartyID
	At       geo.Position
	RadiusMM int64
	Items    []trucewatch.StoredItem // declared with the text, by storage.inventories
}

// An Act is something the agreement forbids: all of When, none of Unless.
type Act struct {
	ID       trucewatch.ActID
	Name     string
	Severity int // 1 technical, 2 minor, 3 serious, 4 grave
	When     When
	Rule     string // condition in CEL that the keys of When cannot say; empty: none
	Unless   Unless
	Unit     string // what one breach is counted in: engagement, shot, item_day, ...
	Basis    string

	rule     *rule  // Rule compiled; nil if there is none
	unjudged string // why it is not judged; empty if it is
}

// When is the closed set of conditions of an act: each that is set must hold.
type When struct {
	Kinds            []trucewatch.Kind     // any of
	Platforms        []trucewatch.Platform // weapon: any of
	Classes          []string              // weapon_class: any of, by ID
	Zones            []string              // zone: in any of, by ID
	Owner            string                // owner: party (some party's), mission; empty: anybody's
	RestrictionTypes []string              // type: any of
	Minutes          Bounds                // of a restriction
	InsideLimit      bool                  // inside_limit_of_class
	ClassIs          string                // class_is: heavy
	Precise          bool                  // aimed single shots
	Civilian         bool
	Standard         string // standard of proof: reasonable_grounds
	BreachOf         string // not of something seen, but of what the text asks over a time: of BreachesOf; then nothing else is set
}

// BreachesOf are what an act may be a breach of instead of something seen. The
// parts of the text that ask for it name the act.
func BreachesOf() []string { return []string{"ceiling", "obligation", "order"} }

// Unless are the exceptions that an act itself names.
type Unless struct {
	MissionAsset bool     // what was seen belongs to the mission
	Exemptions   []string // by ID: a notification under it was given
}

// A Duty is something the parties owe that no observation can show broken.
type Duty struct {
	ID    string
	Text  string
	Basis string
}

// ReturnFire is when fire may be answered: every fact must be shown.
type ReturnFire struct {
	AllowedOnlyIf []Fact
	Otherwise     string // violation
	Basis         string
}

// A Fact is one rung of the return-fire ladder.
type Fact struct {
	Fact   string
	Via    string
	Logged bool
	Before *trucewatch.Instant // before the fire by at least; nil: not said
	Level  string
	To     []string
	Within trucewatch.Instant
}

// An Exemption is something the agreement permits under conditions.
type Exemption struct {
	ID             string
	Name           string
	Outside        []string // zones in which it never holds
	Lead           trucewatch.Instant
	EmergencyLead  trucewatch.Instant
	Fields         []string // what a notification must state
	GuaranteesFrom []trucewatch.PartyID
	Effect         string             // not_a_violation, raises_severity, protects, as_stated; empty: lifts
	RaisesTo       int                // severity, of raises_severity
	Lifts          []trucewatch.ActID // acts that it lifts
	ToleranceMM    int64              // beyond the notified place
	Tolerance      trucewatch.Instant // beyond the notified window, at each end
	VoidIf         []VoidIf
	Requires       []string
	Basis          string
}

// A VoidIf is a fact that voids an exemption.
type VoidIf struct {
	Fact   string // munition_dropped, off_corridor
	OverMM int64  // of off_corridor
}

// Acknowledgement is what a receiving party owes a notification.
type Acknowledgement struct {
	By            string
	Within        trucewatch.Instant
	States        []string
	NoAnswerMeans string
	Basis         string
}

// Counting is how findings are counted.
type Counting struct {
	Layers        []string // phenomenon, engagement, finding
	Engagement    Engagement
	AcrossSensors bool // one physical event counts once, however many means saw it
	DedupeRule    string
	NotCounted    []string
	Basis         string
}

// Engagement says which fire is one episode.
type Engagement struct {
	SameKind bool
	Gap      trucewatch.Instant // fire after a longer pause is a new engagement; 0: not said
	Radius   string             // union_of_uncertainty_areas
	Cap      trucewatch.Instant // an engagement is never longer; 0: not said
}

// Evidence are the thresholds.
type Evidence struct {
	Possible, Probable, Confirmed trucewatch.PPM // least confidence for each word
	ToPublish                     string         // possible, probable or confirmed
	AttributeLow, AttributeHigh   trucewatch.PPM // least share to name a party, severity 1-2 and 3-4
	MeansLow, MeansHigh           int            // independent means, severity 1-2 and 3-4
	InIfGE, OutIfLE               trucewatch.PPM // probability inside a zone: in, out, between them indeterminate
	ClaimAlone                    string         // never_above_possible
	Basis                         string
}

// Word returns the word of the scale for a confidence: confirmed, probable,
// possible, or "below possible".
func (e *Evidence) Word(p trucewatch.PPM) string {
	switch {
	case p >= e.Confirmed:
		return "confirmed"
	case p >= e.Probable:
		return "probable"
	case p >= e.Possible:
		return "possible"
	}
	return "below possible"
}

// Least returns the least probability that the scale calls by the same word as p.
func (e *Evidence) Least(p trucewatch.PPM) trucewatch.PPM {
	for _, least := range []trucewatch.PPM{e.Confirmed, e.Probable, e.Possible} {
		if p >= least {
			return least
		}
	}
	return 0
}

// Attribute returns the least share by which a party may be named for an act of
// a severity.
func (e *Evidence) Attribute(severity int) trucewatch.PPM {
	if severity >= 3 {
		return e.AttributeHigh
	}
	return e.AttributeLow
}

// Means returns how many independent means a finding of a severity needs.
func (e *Evidence) Means(severity int) int {
	if severity >= 3 {
		return e.MeansHigh
	}
	return e.MeansLow
}

// A Clock is a time limit of a case, or the daily cut-off.
type Clock struct {
	ID             string
	After          trucewatch.Instant // due so long after From; 0 for a cut-off
	From           string             // detection or service
	Do             string
	CutOff         string // local time of day, "19:30"; empty if the clock is not a cut-off
	PublishNextDay bool
	Basis          string
}

// MonitoringRights are what the mission may do.
type MonitoringRights struct {
	Access           string // unrestricted
	Hours            string // "24/7"
	UAVExemptFrom    []trucewatch.ActID
	ImageryToParties string
	Basis            string
}

// Humanitarian are the terms about prisoners, remains and windows.
type Humanitarian struct {
	Prisoners *Prisoners
	Remains   *Remains
	Windows   []WindowTerm
	Basis     string
}

// Prisoners are the terms of release.
type Prisoners struct {
	Principle string
	Order     []string
	ListsVia  string
}

// Remains are the terms about the dead.
type Remains struct {
	Exchange       bool
	Identification string
}

// A WindowTerm is a kind of agreed pause.
type WindowTerm struct {
	ID                 string
	ShortMin, ShortMax trucewatch.Instant // least and most length
	Kind               string
}

// DigitalAnnex are the terms about the information space.
type DigitalAnnex struct {
	Prohibited  []trucewatch.ActID // acts in the information space
	Attribution trucewatch.PPM     // least share to name a party for one of them; 0: as for other acts
	Basis       string
}

// A DisclosureRule is what one audience may see.
type DisclosureRule struct {
	Audience    trucewatch.Audience
	As          trucewatch.Audience // the rule is that audience's
	Precise     bool                // precision stated, in PrecisionMM
	PrecisionMM int64
	Delay       trucewatch.Instant
	Only        []string
	Hide        []string
	Never       []string
	OwnSide     string // exact; empty: as all
	OtherSide   *OtherSide
	PerCase     string // exact_on_warrant
	Openings    string // all
	Reads       string // recorded
	Basis       string
}

// OtherSide is what a party sees of the other's side.
type OtherSide struct {
	Precision   string // district
	Delay       string // after_case_service
	WeaponsSeen string // band_and_district
}

// An Interpretation settles where two weapon classes meet.
type Interpretation struct {
	ID         string
	About      []string // weapon classes
	Question   string
	Precedence string // the class that wins; empty if Both
	Both       bool   // both readings stand: the class of such a weapon is not certain
	Basis      string
}

// Amendment is how the text may change.
type Amendment struct {
	By                []trucewatch.PartyID
	Effective         string
	InterpretationLog string
	Basis             string
}

// A Question is a term that is read in more than one way. Until a body settles
// it, all readings are judged side by side.
type Question struct {
	ID       string
	Text     string // in plain words
	Readings []TermReading
	Basis    string
}

// A TermReading is one way to read a term: other values of keys of the text.
type TermReading struct {
	ID     string
	Sets   []string             // the keys that it reads otherwise, by path: "weapons.mortar.withdraw_km"; none: the text as it stands
	HeldBy []trucewatch.PartyID // who reads it so; empty: nobody says
	Basis  string
}

// A Variant is the whole text in one reading: every open question answered as one
// party answers it, every settled one as it was settled.
type Variant struct {
	Reading   string               // "", or names it: "A", or "kyiv" of several spans of force
	HeldBy    []trucewatch.PartyID // who reads it so
	Answers   []Settled            // by which it differs from the text as it stands
	Agreement *Agreement           // the text so read; its Hash is that of the text
	Span      trucewatch.Interval  // when it is in force, so read
	Basis     string
}

// A Settled names the reading of a question.
type Settled struct{ Question, Reading string }

// A Ceiling is how many a party may have in a zone.
type Ceiling struct {
	ID      string
	Zone    string
	Party   trucewatch.PartyID // empty: each party
	Classes []string           // weapon classes counted together; empty: Persons
	Persons bool
	Max     int64
	Act     trucewatch.ActID // that more is
	Basis   string
}

// A StreakRule is the condition of consecutive days without fire.
type StreakRule struct {
	Zone        string             // whose areas have each their own streak
	Days        int                // consecutive, by the display zone's calendar
	MinObserved trucewatch.PPM     // of an area's hours that must have been watched for a day to count
	Breaks      []trucewatch.ActID // acts whose finding of a violation resets it
	Basis       string
}

// An Obligation is something to be done by a time.
type Obligation struct {
	ID             string
	Text           string
	Parties        []trucewatch.PartyID // each owes it; empty: every party
	Class          string               // withdrawal of this weapon class; empty: shown by a fact or inventory
	Phase          string               // by whose end it is due; empty: Within
	Within         trucewatch.Instant   // after the start of force, or after After
	After          []string             // obligations that must be fulfilled first, by whoever owes them
	ConcurrentWith []string             // obligations of the other side: late only if those are fulfilled
	Streak         bool                 // only once an area's streak is reached
	VerifiedBy     string               // mission, other_party, intermediary
	Act            trucewatch.ActID     // that not doing it is
	Basis          string
}

// A StatusQuo is what stood when the agreement began, against which change is
// judged.
type StatusQuo struct {
	SurveyedAt trucewatch.Instant
	Positions  []StandingPosition
	Minefields []Area
	Basis      string
}

// A StandingPosition is one surveyed position.
type StandingPosition struct {
	ID, Name string
	Party    trucewatch.PartyID
	At       geo.Position
	RadiusMM int64 // within which it is the same position
}

// An Aggravation raises or lowers the severity of a finding.
type Aggravation struct {
	If       string // casualty, repeat, in_window_of_silence, after_hotline_call, self_reported, stopped, discipline_reported
	By       int    // steps of severity, negative to lower; the result stays within 1 to 4
	Within   trucewatch.Instant
	WithinMM int64
	Basis    string
}

// A PreStart is the time between signing and start, in which nobody may better
// his position, and by when an extension must be notified.
type PreStart struct {
	From       trucewatch.Instant
	Acts       []trucewatch.ActID // that bind already
	ExtendLead trucewatch.Instant // before the end, an extension must be notified; 0: not said
	Basis      string
}

// Hash returns the SHA-256 of the packed bundle: it names the version.
func (a *Agreement) Hash() trucewatch.Hash { return a.hash }
