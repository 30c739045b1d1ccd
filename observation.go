// SPDX-License-Identifier: Apache-2.0

package trucewatch

import "github.com/trucewatch/trucewatch/geo"

// A Source is who or what observes or says: a patrol, a camera, a satellite, a
// party, another body.
type Source struct {
	ID      SourceID   `cbor:"1,keyasint" json:"id"`
	Kind    SourceKind `cbor:"2,keyasint" json:"kind"`
	Name    string     `cbor:"3,keyasint,omitempty" json:"name,omitempty"`
	Party   PartyID    `cbor:"4,keyasint,omitempty" json:"party,omitempty"` // whose source it is; empty for the mission and third bodies
	Licence string     `cbor:"5,keyasint,omitempty" json:"licence,omitempty"`
	URL     string     `cbor:"6,keyasint,omitempty" json:"url,omitempty"`
	Note    string     `cbor:"7,keyasint,omitempty" json:"note,omitempty"` // what the source cannot see, how it was compiled
}

// A Count is a number as a source states it. Value is 0 with qualifier
// multiple: more than one, not counted. AtLeast and AtMost bound it.
type Count struct {
	Value     int64     `cbor:"1,keyasint" json:"value"`
	Qualifier Qualifier `cbor:"2,keyasint" json:"qualifier"`
	Unit      string    `cbor:"3,keyasint,omitempty" json:"unit,omitempty"` // empty: the observation's kind; of a tally always set
	High      int64     `cbor:"4,keyasint,omitempty" json:"high,omitempty"` // "15-20": Value 15, High 20; 0 if one number was given
}

// A Place is where something was, as stated, and as a region. Places are
// resolved in intake by the mission's gazetteer.
type Place struct {
	Text      string     `cbor:"1,keyasint,omitempty" json:"text,omitempty"` // the source's words
	Name      string     `cbor:"2,keyasint,omitempty" json:"name,omitempty"` // gazetteer name nearest to the region, or the area meant
	Region    geo.Region `cbor:"3,keyasint" json:"region"`                   // zero if the place is not known
	Gazetteer Hash       `cbor:"4,keyasint,omitempty" json:"gazetteer,omitzero"`
	Basis     string     `cbor:"5,keyasint,omitempty" json:"basis,omitempty"` // how the region follows from the words, with each assumption
}

// A Clock says by whose clock, and how it was turned into UTC.
type Clock struct {
	Kind      string       `cbor:"1,keyasint,omitempty" json:"kind,omitempty"`         // device, observer or report
	Zone      string       `cbor:"2,keyasint,omitempty" json:"zone,omitempty"`         // as stated: "EEST", "Europe/Kyiv", "UTC"
	SyncError Microseconds `cbor:"3,keyasint,omitempty" json:"sync_error_us,omitzero"` // microseconds, 0 unknown
}

// A Weapon is what a source takes the weapon to be.
type Weapon struct {
	Platform  Platform `cbor:"1,keyasint" json:"platform"`
	Model     string   `cbor:"2,keyasint,omitempty" json:"model,omitempty"`
	CalibreMM int64    `cbor:"3,keyasint,omitempty" json:"calibre_mm,omitempty"` // 0 unknown
	RangeKM   int64    `cbor:"4,keyasint,omitempty" json:"range_km,omitempty"`   // 0 unknown
	Role      string   `cbor:"5,keyasint,omitempty" json:"role,omitempty"`       // of a UAV: fpv_attack, bomber, isr, delivery
	Munition  string   `cbor:"6,keyasint,omitempty" json:"munition,omitempty"`   // of an aircraft: bomb, glide_bomb, rocket, missile
	Basis     string   `cbor:"7,keyasint,omitempty" json:"basis,omitempty"`      // sound, sight, fragment, image, statement
	Text      string   `cbor:"8,keyasint,omitempty" json:"text,omitempty"`       // the source's words
}

// A Movement is a direction of flight or travel, in 16-wind words or degrees.
type Movement struct {
	From        string `cbor:"1,keyasint,omitempty" json:"from,omitempty"`
	To          string `cbor:"2,keyasint,omitempty" json:"to,omitempty"`
	HeadingMdeg int32  `cbor:"3,keyasint,omitempty" json:"heading_mdeg,omitempty"`
}

// An Observer is from where a source observed. Its position is safeguarded: no
// audience but the mission sees it.
type Observer struct {
	Name     string        `cbor:"1,keyasint,omitempty" json:"name,omitempty"` // the source's words
	Position *geo.Position `cbor:"2,keyasint,omitempty" json:"position,omitempty"`
	RadiusMM int64         `cbor:"3,keyasint,omitempty" json:"radius_mm,omitempty"` // 95 %, 0 unknown
	Control  PartyID       `cbor:"4,keyasint,omitempty" json:"control,omitempty"`   // who holds the place
}

// A Restriction is one event of restricted movement.
type Restriction struct {
	Type    string  `cbor:"1,keyasint" json:"type"` // denial, delay, conditional_access, impediment
	Minutes int64   `cbor:"2,keyasint,omitempty" json:"minutes,omitempty"`
	By      PartyID `cbor:"3,keyasint,omitempty" json:"by,omitempty"`
	Reason  string  `cbor:"4,keyasint,omitempty" json:"reason,omitempty"` // as cited
}

// A Casualty is harm to persons, without names: names never enter the record.
type Casualty struct {
	Killed   int64  `cbor:"1,keyasint,omitempty" json:"killed,omitempty"`
	Injured  int64  `cbor:"2,keyasint,omitempty" json:"injured,omitempty"`
	Category string `cbor:"3,keyasint,omitempty" json:"category,omitempty"` // man, woman, boy, girl, adult_unknown, child_unknown
	Civilian string `cbor:"4,keyasint,omitempty" json:"civilian,omitempty"` // yes, no, unknown
	Cause    string `cbor:"5,keyasint,omitempty" json:"cause,omitempty"`    // shelling, small_arms, close_uav, long_range_uav, missile, air_delivered, mine_uxo, other
	Status   string `cbor:"6,keyasint,omitempty" json:"status,omitempty"`   // reported, corroborated, verified, rejected, duplicate
	Hospital string `cbor:"7,keyasint,omitempty" json:"hospital,omitempty"` // confirmation: yes, no, refused
}

// An Arrival marks an observation as a time at which a wave reached the
// observer's position, its When. Alone it says neither where the source was nor
// when: its Where is empty, or, of infrasound, the direction from which it came: a
// sector of one arc around the observer, which holds it 95 times of 100, as far as the
// array hears.
type Arrival struct {
	Wave  string       `cbor:"1,keyasint" json:"wave"`                        // sound, P, S or InfrasoundWave
	Error Microseconds `cbor:"2,keyasint,omitempty" json:"error_us,omitzero"` // of reading the time, beside the clock's, one standard deviation
}

// InfrasoundWave is the wave of an arrival that an array of microphones heard from far.
const InfrasoundWave = "infrasound"

// An Azimuth is a direction in which the fire came from, seen from a place: of a
// crater's shape, of a flash, of a sound, of a trajectory that radar followed.
type Azimuth struct {
	From      geo.Position `cbor:"1,keyasint" json:"from"`                       // the crater, the observer, the end of the track
	Mdeg      int32        `cbor:"2,keyasint" json:"mdeg"`                       // towards the origin, thousandths of a degree from true north, 0 to 359,999
	ErrorMdeg int32        `cbor:"3,keyasint" json:"error_mdeg"`                 // one standard deviation, at least 1
	Basis     string       `cbor:"4,keyasint" json:"basis"`                      // of AzimuthBases
	MinMM     int64        `cbor:"5,keyasint,omitempty" json:"min_mm,omitempty"` // least distance of the origin from From; 0 not known
	MaxMM     int64        `cbor:"6,keyasint,omitempty" json:"max_mm,omitempty"` // greatest; 0 not known
}

// AzimuthBases are what an azimuth may rest on.
func AzimuthBases() []string { return []string{"crater", "flash", "sound", "trajectory", "radar"} }

// An Asset is the thing concerned: a drone, a sensor, a protected object.
type Asset struct {
	ID     string `cbor:"1,keyasint,omitempty" json:"id,omitempty"`
	Owner  string `cbor:"2,keyasint,omitempty" json:"owner,omitempty"`  // a PartyID, "mission", "unknown", or empty if nobody says
	Object string `cbor:"3,keyasint,omitempty" json:"object,omitempty"` // of the agreement's register
}

// An Observation is one source's account of one sign at one place and time.
type Observation struct {
	Key         ContentKey   `cbor:"1,keyasint" json:"key"`
	NativeID    string       `cbor:"2,keyasint,omitempty" json:"native_id,omitempty"` // in the source's own system
	Kind        Kind         `cbor:"3,keyasint" json:"kind"`
	Description Description  `cbor:"4,keyasint,omitempty" json:"description,omitempty"`
	Means       Means        `cbor:"5,keyasint" json:"means"`
	Count       Count        `cbor:"6,keyasint" json:"count"`
	Where       Place        `cbor:"7,keyasint" json:"where"`
	When        Interval     `cbor:"8,keyasint" json:"when"`
	Clock       Clock        `cbor:"9,keyasint" json:"clock"`
	Weapon      *Weapon      `cbor:"10,keyasint,omitempty" json:"weapon,omitempty"`
	Movement    *Movement    `cbor:"11,keyasint,omitempty" json:"movement,omitempty"`
	Observer    *Observer    `cbor:"12,keyasint,omitempty" json:"observer,omitempty"`
	Restriction *Restriction `cbor:"13,keyasint,omitempty" json:"restriction,omitempty"`
	Casualty    *Casualty    `cbor:"14,keyasint,omitempty" json:"casualty,omitempty"`
	Asset       *Asset       `cbor:"15,keyasint,omitempty" json:"asset,omitempty"`
	Marks       []Mark       `cbor:"16,keyasint,omitempty" json:"marks,omitempty"`
	ReportedAt  Instant      `cbor:"17,keyasint,omitempty" json:"reported_at,omitzero"` // when the source reported it; 0 unknown
	Text        string       `cbor:"18,keyasint,omitempty" json:"text,omitempty"`       // what the source says, in its words or ours
	URL         string       `cbor:"19,keyasint,omitempty" json:"url,omitempty"`
	Arrival     *Arrival     `cbor:"20,keyasint,omitempty" json:"arrival,omitempty"`
	Azimuth     *Azimuth     `cbor:"21,keyasint,omitempty" json:"azimuth,omitempty"`
}

// Has says whether the observation carries mark.
func (o *Observation) Has(mark Mark) bool {
	for _, m := range o.Marks {
		if m == mark {
			return true
		}
	}
	return false
}

// A Recorded observation is an observation as it stands in the record.
type Recorded struct {
	ID          ObservationID `cbor:"1,keyasint" json:"id"`
	Received    Instant       `cbor:"2,keyasint" json:"received"`
	Source      *Source       `cbor:"3,keyasint" json:"source"`
	Observation *Observation  `cbor:"4,keyasint" json:"observation"`
}

// A Submission is what intake makes of one row of a file or one message,
// before it is recorded. Exactly one of the first five fields is set.
type Submission struct {
	Observation  *Observation
	Tally        *Tally
	Statement    *Statement
	Notification *Notification
	Rejection    *Rejection
	Offset       int64  // bytes of the input read so far, for progress
	Line         int64  // 1-based line of the file on which the row begins
	Row          []byte // the row as it stood, so that it can still be refused; valid until the next one
}

// A Rejection is a row that could not be taken, and why. The row itself stays
// in a local store: it may hold what must not enter the record.
type Rejection struct {
	Line    int64  `cbor:"1,keyasint" json:"line"` // 1-based line of the file
	Reason  string `cbor:"2,keyasint" json:"reason"`
	RowHash Hash   `cbor:"3,keyasint" json:"row_hash"`
	Row     []byte `cbor:"-" json:"-"` // the row's bytes, cut to TextMaxBytes
}
