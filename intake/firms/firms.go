// SPDX-License-Identifier: Apache-2.0

// Package firms reads the CSV that NASA FIRMS hands out: active fire detections
// of VIIRS (375 m) and MODIS (1 km), one row a pixel.
//
// Each row becomes a thermal_anomaly seen by satellite_thermal. Its region is the
// pixel: half of scan across the track and half of track along it. The ground
// track is taken as north to south; its true azimuth is within about 15 degrees
// of that below 60 degrees of latitude, and is not in the file. Times are UTC, to
// the minute. Brightness, fire radiative power and the provider's confidence are
// kept as text: none of them says what burns.
//
// A row has no identifier of its own, so its content key is made of its cells.
// No row means nothing: clouds, and the hours between passes, hide fires.
package firms

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/intake"
)

// The manifest's columns, by their place in it.
const (
	country = iota
	latitude
	longitude
	brightTI4
	brightness
	scan
	track
	acqDate
	acqTime
	satellite
	instrument
	confidence
	version
	brightTI5
	brightT31
	frp
	dayNight
)

func columns() []intake.Column {
	return []intake.Column{
		country:    {Name: "country_id", Meaning: "ISO 3166 code, in files by country"},
		latitude:   {Name: "latitude", Meaning: "of the pixel's centre, decimal degrees WGS 84", Required: true},
		longitude:  {Name: "longitude", Meaning: "of the pixel's centre, decimal degrees WGS 84", Required: true},
		brightTI4:  {Name: "bright_ti4", Meaning: "VIIRS: brightness temperature of channel I-4, kelvin"},
		brightness: {Name: "brightness", Meaning: "MODIS: brightness temperature of channel 21 or 22, kelvin"},
		scan:       {Name: "scan", Meaning: "size of the pixel across the track, km", Required: true},
		track:      {Name: "track", Meaning: "size of the pixel along the track, km", Required: true},
		acqDate:    {Name: "acq_date", Meaning: "date of the pass, UTC", Required: true},
		acqTime:    {Name: "acq_time", Meaning: "time of the pass, UTC, HHMM without leading zeros: 659 is 06:59", Required: true},
		satellite:  {Name: "satellite", Meaning: "N Suomi-NPP, N20 or 1 NOAA-20, N21 or 2 NOAA-21, A Aqua, T Terra", Required: true},
		instrument: {Name: "instrument", Meaning: "VIIRS or MODIS", Required: true},
		confidence: {Name: "confidence", Meaning: "VIIRS: l, n or h; MODIS: 0 to 100", Required: true},
		version:    {Name: "version", Meaning: "of the collection and its processing: 2.0NRT"},
		brightTI5:  {Name: "bright_ti5", Meaning: "VIIRS: brightness temperature of channel I-5, kelvin"},
		brightT31:  {Name: "bright_t31", Meaning: "MODIS: brightness temperature of channel 31, kelvin"},
		frp:        {Name: "frp", Meaning: "fire radiative power, MW", Required: true},
		dayNight:   {Name: "daynight", Meaning: "D or N", Required: true},
	}
}

// Format returns the format.
func Format() intake.Format {
	return intake.Format{Manifest: manifest(), Parse: Parse}
}

func manifest() intake.Manifest {
	return intake.Manifest{
		Name: "firms", Title: "NASA FIRMS active fires, VIIRS and MODIS", Provider: "NASA FIRMS (LANCE)",
		Licence: "free to use and redistribute with acknowledgement", Units: "degrees, km, kelvin, MW", Frame: "WGS 84; times UTC",
		Limits:  "a hot pixel, not a fire or a shot: most are farming or industry; clouds hide fires; two to six passes a day",
		Columns: columns(),
		Source:  trucewatch.Source{ID: "firms", Kind: trucewatch.SatelliteSource, Name: "NASA FIRMS"},
	}
}

// trackAzimuthMdeg is the azimuth of the across-track side of a pixel.
//
// Guess: 90 degrees, because the file does not say whether the pass went north
// or south. Test: against granule geometry; a pixel turned by 13 degrees leaves
// 6 % of its area outside.
const trackAzimuthMdeg = 90_000

// sideMaxMM is the largest side of a pixel that is believed: MODIS reaches 4.8
// km at the edge of its swath. Source: MODIS Level 1A Earth Location ATBD, 2.
const sideMaxMM = 10_000_000

// Parse reads a file; see the package comment.
func Parse(o intake.Options, r io.Reader, emit func(trucewatch.Submission) error) error {
	o, err := o.WithSource(manifest())
	if err != nil {
		return err
	}
	if o.Zone != "" && o.Zone != "UTC" {
		return fmt.Errorf("%s: zone %q: this format's times are UTC by its definition", o.Name(), o.Zone)
	}
	utc, err := intake.ParseZone("UTC", nil)
	if err != nil {
		return err
	}
	f := reader{options: o, utc: utc, keys: intake.NewKeyer(o.Source.ID)}
	return intake.EachRow(o, columns(), r, emit, func(h *intake.Header, row *intake.Row) (trucewatch.Submission, error) {
		obs, err := f.row(h, row)
		return trucewatch.Submission{Observation: obs}, err
	})
}

type reader struct {
	options intake.Options
	utc     intake.Zone
	keys    *intake.Keyer
}

func (f *reader) row(h *intake.Header, row *intake.Row) (*trucewatch.Observation, error) {
	cell := func(i int) string { return h.Cell(row, i) }
	centre, err := intake.ParsePosition(cell(latitude), cell(longitude))
	if err != nil {
		return nil, err
	}
	across, err := side("scan", cell(scan))
	if err != nil {
		return nil, err
	}
	along, err := side("track", cell(track))
	if err != nil {
		return nil, err
	}
	at, err := f.instant(cell(acqDate), cell(acqTime))
	if err != nil {
		return nil, err
	}
	if err := checkWords(cell(instrument), cell(satellite), cell(confidence), cell(dayNight)); err != nil {
		return nil, err
	}
	region := geo.Region{Kind: geo.Pixel, Center: centre, SemiMajorMM: across / 2, SemiMinorMM: along / 2, AzimuthMdeg: trackAzimuthMdeg}
	o := &trucewatch.Observation{
		Key:   f.keys.Cells(row.Cells),
		Kind:  trucewatch.ThermalAnomaly,
		Means: trucewatch.SatelliteThermal,
		Count: trucewatch.Count{Value: 1, Qualifier: trucewatch.Exact},
		Where: trucewatch.Place{
			Text: cell(latitude) + "," + cell(longitude), Name: f.options.Gazetteer.Label(region), Region: region,
			Gazetteer: f.options.Gazetteer.Hash(),
			Basis:     "the pixel, by scan and track; its azimuth is not stated: sides taken north and east",
		},
		When:  trucewatch.Interval{From: at, Till: at},
		Clock: trucewatch.Clock{Kind: "device", Zone: "UTC", SyncError: trucewatch.Microseconds(trucewatch.Minute)}, // printed to the minute
		Text:  text(h, row),
	}
	return o, o.Check()
}

func side(name, cell string) (int64, error) {
	mm, ok := intake.ParseDecimal(cell, 6)
	if !ok || mm < 2 || mm > sideMaxMM {
		return 0, fmt.Errorf("%s: %q is not the side of a pixel in km", name, trucewatch.CutText(cell, 40))
	}
	return mm, nil
}

// instant reads HHMM that is not padded: "0" is midnight and "659" is 06:59.
// "06:59" is taken too: copies of such files hold it.
func (f *reader) instant(date, clock string) (trucewatch.Instant, error) {
	year, month, day, err := intake.ParseDate(date)
	if err != nil {
		return 0, err
	}
	if n := len(clock); n >= 1 && n < 4 && strings.Trim(clock, "0123456789") == "" {
		clock = "0000"[n:] + clock
	}
	hour, minute, second, err := intake.ParseTimeOfDay(clock)
	if err != nil || hour > 23 {
		return 0, fmt.Errorf("acq_time: %q is not HHMM", trucewatch.CutText(clock, 40))
	}
	return f.utc.At(year, month, day, hour, minute, second)
}

// checkWords refuses words that the provider does not document: they would mean
// that the file is something else.
func checkWords(instrument, satellite, confidence, dayNight string) error {
	switch instrument {
	case "VIIRS":
		if !slices.Contains([]string{"l", "n", "h", "low", "nominal", "high"}, confidence) {
			return fmt.Errorf("confidence: %q is not l, n or h", trucewatch.CutText(confidence, 40))
		}
		if !slices.Contains([]string{"N", "1", "2", "N20", "N21"}, satellite) {
			return fmt.Errorf("satellite: %q is not N, 1, 2, N20 or N21", trucewatch.CutText(satellite, 40))
		}
	case "MODIS":
		if v, ok := intake.ParseDecimal(confidence, 0); !ok || v < 0 || v > 100 {
			return fmt.Errorf("confidence: %q is not 0 to 100", trucewatch.CutText(confidence, 40))
		}
		if !slices.Contains([]string{"A", "T", "Aqua", "Terra"}, satellite) {
			return fmt.Errorf("satellite: %q is not Aqua or Terra", trucewatch.CutText(satellite, 40))
		}
	default:
		return fmt.Errorf("instrument: %q is not VIIRS or MODIS", trucewatch.CutText(instrument, 40))
	}
	if dayNight != "D" && dayNight != "N" {
		return errors.New("daynight: neither D nor N")
	}
	return nil
}

// text keeps what the provider says and the observation has no field for.
func text(h *intake.Header, row *intake.Row) string {
	var b strings.Builder
	for _, c := range []struct {
		name string
		at   int
	}{{"instrument", instrument}, {"satellite", satellite}, {"confidence", confidence}, {"frp", frp}, {"bright_ti4", brightTI4},
		{"brightness", brightness}, {"daynight", dayNight}, {"version", version}} {
		if v := h.Cell(row, c.at); v != "" {
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(c.name + "=" + v)
		}
	}
	return b.String()
}
