// SPDX-License-Identifier: Apache-2.0

package firms

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/intake"
)

const (
	viirsHeader = "latitude,longitude,bright_ti4,scan,track,acq_date,acq_time,satellite,instrument,confidence,version,bright_ti5,frp,daynight"
	viirsRow    = "-46.12345,-127.54321,331.2,0.39,0.37,2026-04-11,659,N20,VIIRS,n,2.0NRT,290.1,6.1,D"
	modisHeader = "latitude,longitude,brightness,scan,track,acq_date,acq_time,satellite,instrument,confidence,version,bright_t31,frp,daynight"
	modisRow    = "-46.1234,-127.5432,320.5,1.2,1.1,2026-04-11,0,Terra,MODIS,72,6.1NRT,290.1,11.3,N"
)

func parse(t testing.TB, csv string) []trucewatch.Submission {
	t.Helper()
	var all []trucewatch.Submission
	if err := Parse(intake.Options{File: "fires.csv"}, strings.NewReader(csv), func(s trucewatch.Submission) error {
		all = append(all, s)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

// The constants of the columns and the manifest must not drift apart.
func TestColumnsAreNamed(t *testing.T) {
	for i, c := range columns() {
		if c.Name == "" || c.Meaning == "" {
			t.Errorf("column %d has no name or meaning", i)
		}
	}
}

func TestVIIRS(t *testing.T) {
	o := parse(t, viirsHeader+"\n"+viirsRow+"\n")[0].Observation
	region := geo.Region{Kind: geo.Pixel, Center: geo.Position{LatE7: -461234500, LonE7: -1275432100}, SemiMajorMM: 195_000, SemiMinorMM: 185_000, AzimuthMdeg: 90_000}
	if fmt.Sprint(o.Where.Region) != fmt.Sprint(region) {
		t.Errorf("region %+v", o.Where.Region)
	}
	if o.Kind != trucewatch.ThermalAnomaly || o.Means != trucewatch.SatelliteThermal || o.NativeID != "" || o.Clock.Zone != "UTC" {
		t.Errorf("%+v", o)
	}
	if o.When.From.String() != "2026-04-11T06:59:00Z" || o.When.Till != o.When.From {
		t.Errorf("when %v", o.When)
	}
	if o.Text != "instrument=VIIRS satellite=N20 confidence=n frp=6.1 bright_ti4=331.2 daynight=D version=2.0NRT" {
		t.Errorf("text %q", o.Text)
	}
}

func TestMODISAndCountry(t *testing.T) {
	o := parse(t, modisHeader+"\n"+modisRow+"\n")[0].Observation
	if o.When.From.String() != "2026-04-11T00:00:00Z" || o.Where.Region.SemiMajorMM != 600_000 {
		t.Errorf("%v %+v", o.When, o.Where.Region)
	}
	c := parse(t, "country_id,"+viirsHeader+"\nXXX,"+viirsRow+"\n")[0].Observation
	if c == nil || c.Where.Region.SemiMajorMM != 195_000 {
		t.Error("a file by country is not read")
	}
}

func TestTimesAreNotPadded(t *testing.T) {
	for _, tt := range []struct{ cell, want string }{
		{"0", "00:00:00"}, {"5", "00:05:00"}, {"59", "00:59:00"}, {"659", "06:59:00"}, {"0659", "06:59:00"}, {"06:59", "06:59:00"}, {"2359", "23:59:00"},
		{"2400", ""}, {"660", ""}, {"", ""}, {"12345", ""}, {"-5", ""},
	} {
		s := parse(t, viirsHeader+"\n"+strings.Replace(viirsRow, ",659,", ","+tt.cell+",", 1)+"\n")[0]
		if tt.want == "" {
			if s.Rejection == nil || !strings.Contains(s.Rejection.Reason, "acq_time") {
				t.Errorf("acq_time %q: %+v", tt.cell, s)
			}
		} else if s.Observation == nil || s.Observation.When.From.Time().Format("15:04:05") != tt.want {
			t.Errorf("acq_time %q: %+v", tt.cell, s)
		}
	}
}

func TestRefusedRows(t *testing.T) {
	for _, tt := range []struct{ old, new, want string }{
		{"-46.12345", "-96.12345", "latitude: -96.12345 is outside"},
		{"-127.54321", "", "longitude"},
		{"0.39", "0", `scan: "0" is not the side of a pixel`},
		{"0.37", "40", `track: "40" is not the side of a pixel`},
		{"2026-04-11", "11/04/2026", "date"},
		{"VIIRS", "GOES", "instrument"},
		{"N20", "Q", "satellite"},
		{",n,", ",72,", "confidence"},
		{",D", ",X", "daynight"},
		{",D", "", "13 cells, where the header has 14"},
	} {
		all := parse(t, viirsHeader+"\n"+strings.Replace(viirsRow, tt.old, tt.new, 1)+"\n"+viirsRow+"\n")
		if r := all[0].Rejection; r == nil || r.Line != 2 || !strings.Contains(r.Reason, tt.want) || all[1].Observation == nil {
			t.Errorf("%q for %q: %+v, want %q", tt.new, tt.old, r, tt.want)
		}
	}
}

func TestWrongZoneOrHeaderIsAnError(t *testing.T) {
	if err := Parse(intake.Options{Zone: "Europe/Kyiv"}, strings.NewReader(viirsHeader), nil); err == nil || !strings.Contains(err.Error(), "UTC by its definition") {
		t.Error(err)
	}
	err := Parse(intake.Options{File: "f.csv"}, strings.NewReader("latitude,longitude,acq_date\n"), nil)
	if err == nil || !strings.Contains(err.Error(), `f.csv: header: column "scan" is missing`) {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(viirsHeader + "\n" + viirsRow + "\n"))
	f.Add([]byte(modisHeader + "\n" + modisRow + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		_ = Parse(intake.Options{}, bytes.NewReader(data), func(s trucewatch.Submission) error {
			if s.Observation != nil && s.Observation.Check() != nil || (s.Observation == nil) == (s.Rejection == nil) {
				t.Errorf("%+v", s)
			}
			return nil
		})
	})
}
