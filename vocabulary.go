// SPDX-License-Identifier: Apache-2.0

package trucewatch

// A Kind is what was observed: one physical sign, never a judgement.
// Source: the vocabulary of mission reports; docs/glossary.md.
type Kind string

// The kinds.
const (
	Explosion            Kind = "explosion"
	Shot                 Kind = "shot"
	Burst                Kind = "burst"
	ExchangeOfFire       Kind = "exchange_of_fire"
	ProjectileInFlight   Kind = "projectile_in_flight"
	MuzzleFlash          Kind = "muzzle_flash"
	IlluminationFlare    Kind = "illumination_flare"
	DetonationControlled Kind = "detonation_controlled"
	UAVSighted           Kind = "uav_sighted"
	AircraftSighted      Kind = "aircraft_sighted"
	MissileTrack         Kind = "missile_track"
	WeaponSeen           Kind = "weapon_seen"
	VehicleSeen          Kind = "vehicle_seen"
	PersonsInZone        Kind = "persons_in_zone"
	PositionSeen         Kind = "position_seen"
	EngineeringWork      Kind = "engineering_work"
	MineSeen             Kind = "mine_seen"
	MineNew              Kind = "mine_new"
	UXO                  Kind = "uxo"
	Crater               Kind = "crater"
	Damage               Kind = "damage"
	CasualtySeen         Kind = "casualty"
	ThermalAnomaly       Kind = "thermal_anomaly"
	SeismicEvent         Kind = "seismic_event"
	AcousticEvent        Kind = "acoustic_event"
	RFEmission           Kind = "rf_emission"
	Jamming              Kind = "jamming"
	Spoofing             Kind = "spoofing"
	SensorTamper         Kind = "sensor_tamper"
	RestrictionMet       Kind = "restriction"
	FireAtMissionAsset   Kind = "fire_at_mission_asset"
	InventoryMismatch    Kind = "inventory_mismatch"
	MovementSeen         Kind = "movement"
	StatementHeard       Kind = "statement"
	DocumentSeen         Kind = "document"
	DeliveryByUAV        Kind = "delivery_by_uav"
	CyberEvent           Kind = "cyber_event"
	Advance              Kind = "advance"
	Raid                 Kind = "raid"
	NewPosition          Kind = "new_position"
	DeadlineMissed       Kind = "deadline_missed"
	NotificationFalse    Kind = "notification_contradicted"
	AirAlert             Kind = "air_alert" // somebody with the duty to warn says that a region may be attacked from the air
)

// Kinds lists every Kind, in the order of the vocabulary.
func Kinds() []Kind {
	return []Kind{Explosion, Shot, Burst, ExchangeOfFire, ProjectileInFlight, MuzzleFlash, IlluminationFlare,
		DetonationControlled, UAVSighted, AircraftSighted, MissileTrack, WeaponSeen, VehicleSeen, PersonsInZone,
		PositionSeen, EngineeringWork, MineSeen, MineNew, UXO, Crater, Damage, CasualtySeen, ThermalAnomaly,
		SeismicEvent, AcousticEvent, RFEmission, Jamming, Spoofing, SensorTamper, RestrictionMet,
		FireAtMissionAsset, InventoryMismatch, MovementSeen, StatementHeard, DocumentSeen, DeliveryByUAV,
		CyberEvent, Advance, Raid, NewPosition, DeadlineMissed, NotificationFalse, AirAlert}
}

// IsPhenomenon says whether k is one of the signs that missions count as
// ceasefire violations: explosions, projectiles, flashes, flares, bursts and
// shots. Source: the published totals are exactly this sum (docs/glossary.md).
func (k Kind) IsPhenomenon() bool {
	switch k {
	case Explosion, Shot, Burst, ProjectileInFlight, MuzzleFlash, IlluminationFlare:
		return true
	}
	return false
}

// A Means is how something came to be known.
type Means string

// The means.
const (
	Heard            Means = "heard"
	Saw              Means = "saw"
	HeardSaw         Means = "heard_saw"
	RecordedCamera   Means = "recorded_camera"
	UAVMini          Means = "uav_mini"
	UAVMid           Means = "uav_mid"
	UAVLong          Means = "uav_long"
	SatelliteOptical Means = "satellite_optical"
	SatelliteSAR     Means = "satellite_sar"
	SatelliteThermal Means = "satellite_thermal"
	Acoustic         Means = "acoustic"
	Infrasound       Means = "infrasound"
	Seismic          Means = "seismic"
	Radar            Means = "radar"
	RF               Means = "rf"
	OpenSourceMedia  Means = "open_source_media"
	PartyReport      Means = "party_report"
	ThirdPartyReport Means = "third_party_report"
	PublicReport     Means = "public_report"
	Interview        Means = "interview"
	OfficialRecord   Means = "official_record"
	PhysicalTrace    Means = "physical_trace"
)

// AllMeans lists every Means, in the order of the vocabulary.
func AllMeans() []Means {
	return []Means{Heard, Saw, HeardSaw, RecordedCamera, UAVMini, UAVMid, UAVLong, SatelliteOptical, SatelliteSAR,
		SatelliteThermal, Acoustic, Infrasound, Seismic, Radar, RF, OpenSourceMedia, PartyReport, ThirdPartyReport,
		PublicReport, Interview, OfficialRecord, PhysicalTrace}
}

// IsClaim says whether m is somebody's word that the mission has not checked:
// alone it never raises confidence above possible.
func (m Means) IsClaim() bool {
	switch m {
	case PartyReport, ThirdPartyReport, PublicReport, OpenSourceMedia:
		return true
	}
	return false
}

// A Description says more of an explosion.
type Description string

// The descriptions of explosions. Undetermined is common and respectable.
const (
	Undetermined Description = "undetermined"
	Impact       Description = "impact"
	Outgoing     Description = "outgoing"
	Airburst     Description = "airburst"
	Secondary    Description = "secondary"
)

// Descriptions lists every Description.
func Descriptions() []Description {
	return []Description{Undetermined, Impact, Outgoing, Airburst, Secondary}
}

// A Qualifier says how a number is meant.
type Qualifier string

// The qualifiers. Multiple means more than one and uncounted: the value is 0.
const (
	Exact    Qualifier = "exact"
	About    Qualifier = "about"
	AtLeast  Qualifier = "at_least"
	AtMost   Qualifier = "at_most"
	Multiple Qualifier = "multiple"
)

// Qualifiers lists every Qualifier.
func Qualifiers() []Qualifier { return []Qualifier{Exact, About, AtLeast, AtMost, Multiple} }

// A Platform is the kind of weapon or vehicle. The agreement's weapon classes
// are made of platforms, calibres and models.
type Platform string

// The platforms. ArtilleryUnknown is a gun, howitzer, mortar or launcher whose
// kind is not known; UnknownPlatform is "N/K".
const (
	SmallArms        Platform = "small_arms"
	HMG              Platform = "hmg"
	AGL              Platform = "agl"
	RPG              Platform = "rpg"
	ATGM             Platform = "atgm"
	Mortar           Platform = "mortar"
	Gun              Platform = "gun"
	ATGun            Platform = "at_gun"
	HowitzerTowed    Platform = "howitzer_towed"
	HowitzerSP       Platform = "howitzer_sp"
	Tank             Platform = "tank"
	IFV              Platform = "ifv"
	MLRS             Platform = "mlrs"
	OneWayAttackUAV  Platform = "one_way_attack_uav"
	UAV              Platform = "uav"
	BallisticMissile Platform = "ballistic_missile"
	CruiseMissile    Platform = "cruise_missile"
	Aircraft         Platform = "aircraft"
	EWJammer         Platform = "ew_jammer"
	ArtilleryUnknown Platform = "artillery"
	UnknownPlatform  Platform = "unknown"
)

// Platforms lists every Platform.
func Platforms() []Platform {
	return []Platform{SmallArms, HMG, AGL, RPG, ATGM, Mortar, Gun, ATGun, HowitzerTowed, HowitzerSP, Tank, IFV, MLRS,
		OneWayAttackUAV, UAV, BallisticMissile, CruiseMissile, Aircraft, EWJammer, ArtilleryUnknown, UnknownPlatform}
}

// A SourceKind is what sort of body or device speaks.
type SourceKind string

// The kinds of source.
const (
	PatrolSource    SourceKind = "patrol"
	PostSource      SourceKind = "post"
	CameraSource    SourceKind = "camera"
	UAVSource       SourceKind = "uav"
	SensorSource    SourceKind = "sensor"
	SatelliteSource SourceKind = "satellite"
	PersonSource    SourceKind = "person"
	PartySource     SourceKind = "party"
	AgencySource    SourceKind = "agency"
	MissionSource   SourceKind = "mission" // another or earlier mission's publication
	PressSource     SourceKind = "press"
)

// SourceKinds lists every SourceKind.
func SourceKinds() []SourceKind {
	return []SourceKind{PatrolSource, PostSource, CameraSource, UAVSource, SensorSource, SatelliteSource, PersonSource,
		PartySource, AgencySource, MissionSource, PressSource}
}

// A Mark is something a source says of its observation besides kind and count.
type Mark string

// The marks.
const (
	AssessedTraining Mark = "assessed_training" // assessed as a live-fire exercise
	PreciseFire      Mark = "precise"           // aimed single shots
	MunitionDropped  Mark = "munition_dropped"  // an aerial vehicle dropped a munition
	MissionOwned     Mark = "mission_asset"     // what was seen belongs to the mission
	InferredTime     Mark = "time_inferred"     // the source does not print the time
	InferredPlace    Mark = "place_inferred"    // the source does not print the place
	InternetShutdown Mark = "internet_shutdown" // a cyber event: people were cut off the internet
	CivilSystem      Mark = "civil_system"      // a cyber event: a system that civilians depend on was attacked
	Doxxing          Mark = "doxxing"           // a cyber event: personal data of monitors were published
)

// Marks lists every Mark.
func Marks() []Mark {
	return []Mark{AssessedTraining, PreciseFire, MunitionDropped, MissionOwned, InferredTime, InferredPlace, InternetShutdown, CivilSystem, Doxxing}
}
