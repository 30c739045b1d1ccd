// SPDX-License-Identifier: Apache-2.0

// Package missiontable reads the table in which a monitoring mission writes down
// what its patrols and cameras noted: place of the observer, place of the event,
// means, number, kind, description, weapon, date and times.
//
// Words become fields by the readers of package intake; what they mean and what
// they assume is in docs/formats/intake.md. Each row states its zone (tz), or
// the caller does; a row without either is refused. Of a person's age only
// "adult" or "child" is kept, in the text too.
package missiontable

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/intake"
)

// The manifest's columns, by their place in it.
const (
	missionPosition = iota
	eventLocation
	means
	number
	qualifier
	observation
	description
	weapon
	date
	timeFrom
	timeTo
	tz
	ref
	reportedAt
	url
	assetID
	owner
	marks
	civilian
	killed
	injured
	category
	by
)

func columns() []intake.Column {
	return []intake.Column{
		missionPosition: {Name: "mission_position", Meaning: "where the observer was: \"MM camera 1km SW of Stari Luky (Party A-controlled, 41km S of Verkhivka)\"", Required: true},
		eventLocation:   {Name: "event_location", Meaning: "\"2-4km ENE\", \"8.1km az 148 +-3\", \"in situ\", a place name or a position with its error", Required: true},
		means:           {Name: "means", Meaning: "heard, saw, heard_saw, recorded, or another of the vocabulary", Required: true},
		number:          {Name: "no", Meaning: "how many: \"14\", \"about 80\", \"multiple\"", Required: true},
		qualifier:       {Name: "qualifier", Meaning: "exact, about, at_least, at_most or multiple; empty: as the number says", Required: true},
		observation:     {Name: "observation", Meaning: "kind, of the vocabulary: explosion, burst, weapon_seen", Required: true},
		description:     {Name: "description", Meaning: "of an explosion: impact; of a projectile: \"from WNW to ESE\"; of a restriction: \"delay 95 min; reason cited: no permission\"", Required: true},
		weapon:          {Name: "weapon", Meaning: "\"120mm mortar (assessed)\", N/K if not known, n/a if there is none", Required: true},
		date:            {Name: "date", Meaning: "local date, 2026-04-11", Required: true},
		timeFrom:        {Name: "time_from", Meaning: "local time, 22:04; empty: the whole day", Required: true},
		timeTo:          {Name: "time_to", Meaning: "local time; before time_from: on the next day", Required: true},
		tz:              {Name: "tz", Meaning: "zone of the row: UTC, EET, EEST or an IANA name", Required: true},
		ref:             {Name: "ref", Meaning: "the mission's own identifier of the row", Required: true},
		reportedAt:      {Name: "reported_at", Meaning: "when it was reported, RFC 3339 or local"},
		url:             {Name: "url", Meaning: "where it was published"},
		assetID:         {Name: "asset_id", Meaning: "the thing concerned: a drone, a sensor, an object of the agreement's register"},
		owner:           {Name: "owner", Meaning: "of the thing: a party's letter, mission or unknown"},
		marks:           {Name: "marks", Meaning: "words of the vocabulary, parted by ;"},
		civilian:        {Name: "civilian", Meaning: "of a casualty: yes, no or unknown"},
		killed:          {Name: "killed", Meaning: "of a casualty: how many"},
		injured:         {Name: "injured", Meaning: "of a casualty: how many"},
		category:        {Name: "category", Meaning: "of a casualty: man, woman, boy, girl, adult_unknown or child_unknown"},
		by:              {Name: "by", Meaning: "of a restriction: the party that imposed it"},
	}
}

// Format returns the format.
func Format() intake.Format { return intake.Format{Manifest: manifest(), Parse: Parse} }

func manifest() intake.Manifest {
	return intake.Manifest{
		Name: "missiontable", Title: "a monitoring mission's table of observations", Provider: "the mission, or one before it",
		Licence: "as the mission states", Units: "km, 16 winds or degrees, mm of calibre", Frame: "places by the gazetteer, WGS 84; local times in tz",
		Limits:  "distances and directions by ear and eye; what nobody was near enough to notice is not in it",
		Columns: columns(),
	}
}

// Parse reads a table; see the package comment.
func Parse(o intake.Options, r io.Reader, emit func(trucewatch.Submission) error) error {
	o, err := o.WithSource(manifest())
	if err != nil {
		return err
	}
	t := reader{options: o, keys: intake.NewKeyer(o.Source.ID)}
	if t.zone, err = intake.ParseZone(o.Zone, o.Location); err != nil {
		return fmt.Errorf("%s: %w", o.Name(), err)
	}
	return intake.EachRow(o, columns(), r, emit, func(h *intake.Header, row *intake.Row) (trucewatch.Submission, error) {
		obs, err := t.row(func(i int) string { return h.Cell(row, i) }, row.Cells)
		return trucewatch.Submission{Observation: obs}, err
	})
}

type reader struct {
	options intake.Options
	zone    intake.Zone
	keys    *intake.Keyer
}

func (t *reader) row(cell func(int) string, cells []string) (*trucewatch.Observation, error) {
	o := &trucewatch.Observation{
		// Before anything can refuse the row: the occurrence counts refused rows too.
		Key:      t.keys.Of(cell(ref), cells),
		NativeID: cell(ref),
		Text:     cell(description),
		URL:      cell(url),
	}
	var err error
	if o.Means, err = meansOf(cell(means)); err != nil {
		return nil, err
	}
	if o.Kind, err = word("observation", cell(observation), trucewatch.Kinds()); err != nil {
		return nil, err
	}
	if o.Count, err = intake.QualifiedCount(cell(number), cell(qualifier)); err != nil {
		return nil, err
	}
	if err := t.times(o, cell); err != nil {
		return nil, err
	}
	if err := intake.SetPlace(o, cell(missionPosition), cell(eventLocation), t.options.Gazetteer); err != nil {
		return nil, err
	}
	if o.Weapon, err = intake.ParseWeapon(cell(weapon)); err != nil {
		return nil, err
	}
	if o.Marks, err = marksOf(cell(marks)); err != nil {
		return nil, err
	}
	if id, own := cell(assetID), cell(owner); id != "" || own != "" {
		o.Asset = &trucewatch.Asset{ID: id, Owner: own}
	}
	weaponBasis(o)
	if err := describe(o, cell); err != nil {
		return nil, err
	}
	return o, o.Check()
}

// meansOf reads a word of the vocabulary, or the shorter words of the tables.
func meansOf(s string) (trucewatch.Means, error) {
	switch strings.ToLower(s) {
	case "recorded", "recorded (camera)", "camera":
		return trucewatch.RecordedCamera, nil
	case "heard and saw", "saw and heard":
		return trucewatch.HeardSaw, nil
	}
	return word("means", s, trucewatch.AllMeans())
}

// word reads a word of a vocabulary, with spaces or underscores.
func word[T ~string](field, s string, vocabulary []T) (T, error) {
	w := T(strings.ReplaceAll(strings.ToLower(s), " ", "_"))
	if !slices.Contains(vocabulary, w) {
		return "", fmt.Errorf("%s: %q is not a word of the vocabulary", field, trucewatch.CutText(s, 80))
	}
	return w, nil
}

func marksOf(s string) (out []trucewatch.Mark, err error) {
	for part := range strings.SplitSeq(s, ";") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		m, err := word("marks", part, trucewatch.Marks())
		if err != nil {
			return nil, err
		}
		if !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	return out, nil
}

// times sets the times of o, and by whose clock they are.
func (t *reader) times(o *trucewatch.Observation, cell func(int) string) error {
	zone := t.zone
	if name := cell(tz); name != "" {
		var err error
		if zone, err = intake.ParseZone(name, t.options.Location); err != nil {
			return fmt.Errorf("tz: %w", err)
		}
	}
	var err error
	if o.When, err = intake.ParseTimes(cell(date), cell(timeFrom), cell(timeTo), zone); err != nil {
		return err
	}
	o.Clock = trucewatch.Clock{Kind: clockKind(o.Means), Zone: zone.String()}
	if s := cell(reportedAt); s != "" {
		at, err := intake.ParseInstants(s, zone)
		if err != nil {
			return fmt.Errorf("reported_at: %w", err)
		}
		o.ReportedAt = at.Till // of a bare date its end: it was not known earlier
	}
	return nil
}

func clockKind(m trucewatch.Means) string {
	switch m {
	case trucewatch.Heard, trucewatch.Saw, trucewatch.HeardSaw, trucewatch.PhysicalTrace, trucewatch.Interview:
		return "observer"
	case trucewatch.PartyReport, trucewatch.ThirdPartyReport, trucewatch.PublicReport, trucewatch.OpenSourceMedia, trucewatch.OfficialRecord:
		return "report"
	}
	return "device"
}

// weaponBasis says on what the weapon's name rests, where the means leave no
// choice.
func weaponBasis(o *trucewatch.Observation) {
	if o.Weapon == nil || o.Weapon.Basis != "" || o.Weapon.Platform == trucewatch.UnknownPlatform {
		return
	}
	switch o.Means {
	case trucewatch.Heard, trucewatch.Acoustic, trucewatch.Infrasound:
		o.Weapon.Basis = "sound"
	case trucewatch.Saw:
		o.Weapon.Basis = "sight"
	case trucewatch.RecordedCamera, trucewatch.UAVMini, trucewatch.UAVMid, trucewatch.UAVLong, trucewatch.SatelliteOptical, trucewatch.SatelliteSAR:
		o.Weapon.Basis = "image"
	case trucewatch.PartyReport, trucewatch.ThirdPartyReport, trucewatch.PublicReport, trucewatch.OpenSourceMedia, trucewatch.Interview:
		o.Weapon.Basis = "statement"
	}
}

// whole reads a whole number that may be missing.
func whole(field, s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > trucewatch.CountMax {
		return 0, fmt.Errorf("%s: %q is not a whole number", field, trucewatch.CutText(s, 40))
	}
	return n, nil
}

var errNotCasualty = errors.New("civilian, killed, injured and category belong to a casualty")
