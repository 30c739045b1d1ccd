// SPDX-License-Identifier: Apache-2.0

package table

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/intake"
	"github.com/xuri/excelize/v2"
)

const root = "../.."

func mapping(t testing.TB, name string) *intake.Mapping {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, "examples/mappings", name))
	if err != nil {
		t.Fatal(err)
	}
	return mappingOf(t, string(b))
}

func mappingOf(t testing.TB, text string) *intake.Mapping {
	t.Helper()
	m, err := intake.ParseMapping("map.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func parse(t testing.TB, o intake.Options, data []byte) []trucewatch.Submission {
	t.Helper()
	var all []trucewatch.Submission
	if err := Parse(o, bytes.NewReader(data), func(s trucewatch.Submission) error {
		all = append(all, s)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

func shared(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, "../shared/data", path))
	if err != nil {
		t.Skip("skipped: no shared data")
	}
	return b
}

func TestFIRMSApril(t *testing.T) {
	all := parse(t, intake.Options{Map: mapping(t, "firms-april.yaml")}, shared(t, "firms_truce_2026-04/firms_viirs_2026-04-09_2026-04-13.csv"))
	if len(all) != 334 {
		t.Fatalf("%d rows, not 334", len(all))
	}
	for _, s := range all {
		if s.Rejection != nil {
			t.Fatalf("line %d: %s", s.Rejection.Line, s.Rejection.Reason)
		}
	}
	o := all[0].Observation
	want := geo.Region{Kind: geo.Pixel, Center: geo.Position{LatE7: 478350700, LonE7: 384764300}, SemiMajorMM: 195_000, SemiMinorMM: 295_000, AzimuthMdeg: 90_000}
	if fmt.Sprint(o.Where.Region) != fmt.Sprint(want) || o.When.From.String() != "2026-04-09T00:30:00Z" || o.When.Till != o.When.From {
		t.Errorf("first row: %+v %v", o.Where.Region, o.When)
	}
	if o.Text != "instrument=VIIRS satellite=N20 confidence=nominal frp=1.12 bright_ti4=302.95 daynight=N" {
		t.Errorf("text %q", o.Text)
	}
}

func TestFIRMSArchive(t *testing.T) {
	all := parse(t, intake.Options{Map: mapping(t, "firms-archive.yaml")}, shared(t, "firms_archive/firms_2021.csv.gz"))
	keys := map[trucewatch.ContentKey]bool{}
	for _, s := range all {
		if s.Rejection != nil {
			t.Fatalf("line %d: %s", s.Rejection.Line, s.Rejection.Reason)
		}
		keys[s.Observation.Key] = true
	}
	if len(all) != 57595 || len(keys) != len(all) {
		t.Fatalf("%d rows and %d keys, not 57595", len(all), len(keys))
	}
	o := all[0].Observation
	if o.When.From.String() != "2021-01-01T00:00:00Z" || o.When.Till != o.When.From+trucewatch.Day-1 {
		t.Errorf("when %v", o.When)
	}
	if o.Where.Region.SemiMajorMM != 1_000_000 || o.Where.Region.Center != (geo.Position{LatE7: 493098260, LonE7: 234297450}) {
		t.Errorf("where %+v", o.Where.Region)
	}
}

const shotMap = `
mapping: trucewatch-mapping/1
source: {id: post-3, kind: post}
zone: {column: tz}
kind: {column: what, words: {boom: explosion, bang: shot}}
means: {const: heard}
count: {column: how many}
native_id: {column: id}
weapon: {column: weapon}
when:
  date: {column: day}
  from: {column: start}
  till: {column: end}
where:
  lat: {column: lat}
  lon: {column: lon}
  radius: {column: err, unit: km}
ignore: [remark]
`

const shotCSV = `id,day,start,end,tz,what,how many,lat,lon,err,weapon,remark
1,2026-01-05,23:50,00:10,EET,boom,about 80,-46.25,-127.5,0.5,120mm mortar,loud
2,2026-01-06,08:00,,Europe/Kyiv,bang,multiple,-46.25,-127.5,1,N/K,
`

func TestCSVRow(t *testing.T) {
	all := parse(t, intake.Options{Map: mappingOf(t, shotMap)}, []byte(shotCSV))
	o := all[0].Observation
	if o == nil {
		t.Fatal(all[0].Rejection.Reason)
	}
	if o.Kind != trucewatch.Explosion || o.Count.Value != 80 || o.Count.Qualifier != trucewatch.About || o.Clock.Zone != "EET" {
		t.Errorf("%+v", o)
	}
	if o.When.From.String() != "2026-01-05T21:50:00Z" || o.When.Till.String() != "2026-01-05T22:10:00Z" {
		t.Errorf("over midnight: %v", o.When)
	}
	if o.Weapon.Platform != trucewatch.Mortar || o.Weapon.CalibreMM != 120 || o.Where.Region.SemiMajorMM != 500_000 {
		t.Errorf("weapon %+v region %+v", o.Weapon, o.Where.Region)
	}
}

func TestRefusedRows(t *testing.T) {
	for _, tt := range []struct{ name, row, reason string }{
		{"untranslated word", "1,2026-01-05,23:50,,EET,thud,1,-46.25,-127.5,0.5,,", `kind: the mapping does not translate "thud"`},
		{"no zone", "1,2026-01-05,23:50,,,boom,1,-46.25,-127.5,0.5,,", "no zone is stated"},
		{"unknown zone", "1,2026-01-05,23:50,,XYZ,boom,1,-46.25,-127.5,0.5,,", `zone: "XYZ"`},
		{"no time", "1,2026-01-05,,,EET,boom,1,-46.25,-127.5,0.5,,", "time: empty"},
		{"off the globe", "1,2026-01-05,23:50,,EET,boom,1,-90.25,-127.5,0.5,,", "latitude: -90.25 is outside"},
		{"no error of the position", "1,2026-01-05,23:50,,EET,boom,1,-46.25,-127.5,0,,", "radius: 0 is not an error"},
		{"cells", "1,2026-01-05", "2 cells, where the header has 12"},
		{"not UTF-8", "1,2026-01-05,23:50,,EET,boom,1,-46.25,-127.5,0.5,\xff,", "not UTF-8 at byte 50"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			header, _, _ := strings.Cut(shotCSV, "\n")
			all := parse(t, intake.Options{Map: mappingOf(t, shotMap)}, []byte(header+"\n"+tt.row+"\n"+strings.Split(shotCSV, "\n")[1]+"\n"))
			if len(all) != 2 || all[0].Rejection == nil || all[1].Observation == nil {
				t.Fatalf("%+v", all)
			}
			if r := all[0].Rejection; r.Line != 2 || !strings.Contains(r.Reason, tt.reason) {
				t.Errorf("line %d: %q, want %q", r.Line, r.Reason, tt.reason)
			}
		})
	}
}

func TestUnknownColumnIsRefused(t *testing.T) {
	err := Parse(intake.Options{File: "x.csv", Map: mappingOf(t, shotMap)}, strings.NewReader("id,day,colour\n"), nil)
	if err == nil || !strings.Contains(err.Error(), `x.csv: header: unknown column "colour", column "tz" is missing`) {
		t.Error(err)
	}
}

// book writes the rows of shotCSV as a workbook, dates as serial numbers and
// the count as a formula with its stored value.
func book(t testing.TB, date1904 bool) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	if err := f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &date1904}); err != nil {
		t.Fatal(err)
	}
	epoch := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	if date1904 {
		epoch = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	lines := strings.Split(strings.TrimSpace(shotCSV), "\n")
	for r, line := range lines {
		for c, cell := range strings.Split(line, ",") {
			name, err := excelize.CoordinatesToCellName(c+1, r+1)
			if err != nil {
				t.Fatal(err)
			}
			var v any = cell
			if d, err := time.Parse("2006-01-02", cell); err == nil {
				v = int(d.Sub(epoch).Hours() / 24)
			}
			if d, err := time.Parse("15:04", cell); err == nil {
				v = float64(d.Hour()*60+d.Minute()) / 1440
			}
			if strings.HasPrefix(cell, "-46") {
				v = -46.25
			}
			if cell == "" {
				continue
			}
			if err := f.SetCellValue("Sheet1", name, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWorkbookEqualsCSV(t *testing.T) {
	o := intake.Options{Map: mappingOf(t, shotMap)}
	want := parse(t, o, []byte(shotCSV))
	for _, date1904 := range []bool{false, true} {
		t.Run(fmt.Sprintf("date1904=%v", date1904), func(t *testing.T) {
			got := parse(t, o, book(t, date1904))
			if len(got) != len(want) {
				t.Fatalf("%d rows, not %d", len(got), len(want))
			}
			for i := range got {
				if got[i].Rejection != nil {
					t.Fatal(got[i].Rejection.Reason)
				}
				a, b := trucewatch.Encode(got[i].Observation), trucewatch.Encode(want[i].Observation)
				if !bytes.Equal(a, b) {
					t.Errorf("row %d:\n%+v\n%+v", i, got[i].Observation, want[i].Observation)
				}
			}
		})
	}
}

func TestFormulaGivesItsStoredValue(t *testing.T) {
	f, err := excelize.OpenReader(bytes.NewReader(book(t, false)))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	// G2 holds the count; a formula keeps the value that is stored beside it.
	if err := f.SetCellValue("Sheet1", "G2", 7); err != nil {
		t.Fatal(err)
	}
	if err := f.SetCellFormula("Sheet1", "G2", "3+4"); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	all := parse(t, intake.Options{Map: mappingOf(t, shotMap)}, b.Bytes())
	if all[0].Observation == nil || all[0].Observation.Count.Value != 7 {
		t.Errorf("%+v", all[0])
	}
}

func TestWorkbookRefusals(t *testing.T) {
	m := mappingOf(t, shotMap+"sheet: Other\n")
	err := Parse(intake.Options{File: "b.xlsx", Map: m}, bytes.NewReader(book(t, false)), nil)
	if err == nil || !strings.Contains(err.Error(), `b.xlsx: workbook: no sheet "Other"; there are Sheet1`) {
		t.Error(err)
	}
	err = Parse(intake.Options{File: "b.xlsx", Map: mappingOf(t, shotMap)}, strings.NewReader("PK\x03\x04 and no zip"), nil)
	if err == nil || !strings.Contains(err.Error(), "b.xlsx: workbook: ") {
		t.Error(err)
	}
}

func TestImportTwiceGivesTheSameKeys(t *testing.T) {
	o := intake.Options{Map: mapping(t, "firms-archive.yaml")}
	csv := "latitude,longitude,acq_date\n-46.1,-127.1,2026-01-01\n-46.1,-127.1,2026-01-01\n-46.2,-127.1,2026-01-01\n"
	first := parse(t, o, []byte(csv))
	if first[0].Observation.Key == first[1].Observation.Key {
		t.Error("two equal rows of one file share a key")
	}
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	// Another file of the same rows: packed, with a byte order mark, other line ends and quotes.
	fmt.Fprint(z, "\xEF\xBB\xBF"+strings.ReplaceAll(strings.ReplaceAll(csv, "\n", "\r\n"), "2026-01-01", `"2026-01-01"`))
	z.Close()
	for i, s := range parse(t, o, zipped.Bytes()) {
		if s.Observation == nil || s.Observation.Key != first[i].Observation.Key {
			t.Errorf("row %d: another key", i)
		}
	}
}

// archive returns n generated rows of the archive form.
func archive(n int) []byte {
	var b bytes.Buffer
	b.WriteString("latitude,longitude,acq_date\n")
	for i := range n {
		fmt.Fprintf(&b, "-%d.%06d,-%d.%06d,2026-%02d-%02d\n", 40+i%9, i*7919%1_000_000, 120+i%9, i*104_729%1_000_000, 1+i/9000%12, 1+i/300%28)
	}
	return b.Bytes()
}

func BenchmarkArchive(b *testing.B) {
	const n = 100_000
	data := archive(n)
	o := intake.Options{Map: mapping(b, "firms-archive.yaml")}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		rows := 0
		if err := Parse(o, bytes.NewReader(data), func(s trucewatch.Submission) error {
			if s.Observation != nil {
				rows++
			}
			return nil
		}); err != nil || rows != n {
			b.Fatal(rows, err)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(shotCSV))
	f.Add(book(f, false))
	f.Add([]byte("id,day,start,end,tz,what,how many,lat,lon,err,weapon,remark\n\"1\",\"2026-01-05\n"))
	m := mappingOf(f, shotMap)
	f.Fuzz(func(t *testing.T, data []byte) {
		_ = Parse(intake.Options{Map: m}, bytes.NewReader(data), func(s trucewatch.Submission) error {
			switch {
			case s.Observation != nil && s.Observation.Check() != nil:
				t.Error(s.Observation.Check())
			case (s.Observation == nil) == (s.Rejection == nil):
				t.Error("neither or both of observation and rejection")
			case s.Rejection != nil && (s.Rejection.Reason == "" || s.Rejection.Line < 1):
				t.Errorf("%+v", s.Rejection)
			}
			return nil
		})
	})
}
