// SPDX-License-Identifier: Apache-2.0

package geo

import (
	"bufio"
	"errors"
	"fmt"
	"math"
	"math/rand"
	"os"
	"strings"
	"testing"
)

func TestParsePosition(t *testing.T) {
	here := Position{482_092_778, 377_527_778} // 48 12 33.4 N, 37 45 10 E
	for _, tt := range []struct {
		s    string
		want Position
	}{
		{"48.123, 37.456", Position{481_230_000, 374_560_000}},
		{"48.123,37.456", Position{481_230_000, 374_560_000}},
		{"48.123; 37.456", Position{481_230_000, 374_560_000}},
		{"48 37", Position{480_000_000, 370_000_000}},
		{"48.123N 37.456E", Position{481_230_000, 374_560_000}},
		{"N48.123 E37.456", Position{481_230_000, 374_560_000}},
		{"37.456 E, 48.123 N", Position{481_230_000, 374_560_000}},
		{"48.123S 37.456W", Position{-481_230_000, -374_560_000}},
		{"-48.123 -37.456", Position{-481_230_000, -374_560_000}},
		{"\u221248.123, +37.456", Position{-481_230_000, 374_560_000}},
		{"48.123 -37.456", Position{481_230_000, -374_560_000}},
		{"48°12'33.4\"N 37°45'10\"E", here},
		{"48\u00ba12\u203233.4\u2033N 37\u00ba45\u203210\u2033E", here},
		{"48d12m33.4sN 37d45m10sE", here},
		{"48 12 33.4 N 37 45 10 E", here},
		{"N 48 12 33.4 E 37 45 10", here},
		{"48°12'33.4\", 37°45'10\"", here},
		{"48°12'33.4\" 37°45'10\"", here},
		{"48 12 33.4 37 45 10", here},
		{"48 12.5 N 37 45 E", Position{482_083_333, 377_500_000}},
		{"48°12.5'N 37°45'E", Position{482_083_333, 377_500_000}},
		{"90 180", Position{90 * E7, 180 * E7}},
		{"48.12345674999, 0", Position{481_234_567, 0}},
	} {
		if got, err := ParsePosition(tt.s, WGS84); err != nil || got != tt.want {
			t.Errorf("ParsePosition(%q) = %v, %v, want %v", tt.s, got, err, tt.want)
		}
	}
}

func TestParsePositionRefuses(t *testing.T) {
	for _, tt := range []struct {
		s     string
		datum Datum
		want  string
	}{
		{"48.1, 37.4", "", "datum"},
		{"48.1, 37.4", "Hermannskogel", "datum"},
		{"", WGS84, "nothing"},
		{"48,123 37,456", WGS84, "decimal"},
		{"48,5", WGS84, "decimal"},
		{"48,123", WGS84, "decimal"},
		{"48", WGS84, "1 numbers"},
		{"91, 0", WGS84, "off the globe"},
		{"0, 181", WGS84, "180"},
		{"48 60 0 N 37 0 0 E", WGS84, "60 or more"},
		{"48.5 30 N 37 E", WGS84, "decimal point"},
		{"-48 N 37 E", WGS84, "both a sign"},
		{"48 N 37 S", WGS84, "one of N and S"},
		{"48 N 37", WGS84, "one of N and S"},
		{"48'12° 37°", WGS84, "out of order"},
		{"48..5 37", WGS84, "not a number"},
		{"here", WGS84, "not read"},
		{"1 2 3 4 5 6 7", WGS84, "too many"},
		{"37N 405123 5345678", WGS84, "not the hemisphere"},
		{"37I 405123 5345678", WGS84, "no band letter"},
		{"61U 405123 5345678", WGS84, "1 to 60"},
		{"37U 5345678 405123", WGS84, "easting"},
		{"37U 405123 5345678", SK42, "UTM and MGRS"},
		{"37UDQ 05123 4567", WGS84, "digits"},
		{"37UDQ 051234567", WGS84, "digits"},
		{"37UDQ 0512 345678", WGS84, "equally many"},
		{"37UZQ 05123 45678", WGS84, "column"},
		{"37UDW 05123 45678", WGS84, "row"},
		{"X=5345678 Y=7405123", WGS84, "SK42 only"},
		{"X=5345678", SK42, "write X="},
		{"X=5345678 Y=405123", SK42, "zone"},
		{"X=53456780 Y=7405123", SK42, "pole"},
		{strings.Repeat("4", 101), WGS84, "101 bytes"},
	} {
		_, err := ParsePosition(tt.s, tt.datum)
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("ParsePosition(%q, %q): %v, want %q", tt.s, tt.datum, err, tt.want)
		}
	}
}

func FuzzParsePosition(f *testing.F) {
	for _, s := range []string{"48.123, 37.456", "48°12'33.4\"N 37°45'10\"E", "48d12m33.4sN 37d45m10sE", "37U 405123 5345678",
		"37UDQ 05123 45678", "X=5345678 Y=7405123", "N 48 12 33.4 E 37 45 10", "48,5", "-1 -1"} {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, s string, wgs84 bool) {
		datum := SK42
		if wgs84 {
			datum = WGS84
		}
		p, err := ParsePosition(s, datum)
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Errorf("%v does not wrap ErrInvalid", err)
			}
			return
		}
		if err := p.Check(); err != nil {
			t.Errorf("%q gives %v", s, err)
		}
		if again, err := ParsePosition(FormatDMS(p), WGS84); err != nil || DistanceMM(p, again) > 250 {
			t.Errorf("%q is %v, written %q, read again %v, %v", s, p, FormatDMS(p), again, err)
		}
	})
}

func TestFormatsReadTheirOwnWriting(t *testing.T) {
	rng := rand.New(rand.NewSource(13))
	for range 20_000 {
		p := Position{int32(rng.Int63n(164*E7) - 80*E7), int32(rng.Int63n(360*E7) - 180*E7)}
		for _, tt := range []struct {
			written string
			datum   Datum
			limit   int64 // mm
		}{
			{FormatDMS(p), WGS84, 230},
			{p.String(), WGS84, 0},
			{FormatUTM(p), WGS84, 1_450},
			{FormatMGRS(p, 10), WGS84, 750},
			{FormatMGRS(p, 4), WGS84, 750_000},
			{FormatMGRS(p, 0), WGS84, 75_000_000},
			{FormatSK42(p), SK42, 750},
		} {
			again, err := ParsePosition(tt.written, tt.datum)
			if err != nil || DistanceMM(p, again) > tt.limit {
				t.Fatalf("%v, written %q, read again as %v (%d mm off), %v", p, tt.written, again, DistanceMM(p, again), err)
			}
		}
		// A grid reference that was read is written as it was.
		m := FormatMGRS(p, 8)
		if again, err := ParsePosition(m, WGS84); err != nil || FormatMGRS(again, 8) != m {
			// The middle of a square on the rim of a zone may lie in the next.
			if g, _ := again.utm(); err != nil || strings.HasPrefix(m, fmt.Sprintf("%02d%c", g.zone, g.band)) {
				t.Fatalf("%v is %s, read as %v, written %s", p, m, again, FormatMGRS(again, 8))
			}
		}
	}
}

func TestFormatsBeyondTheGrids(t *testing.T) {
	for _, p := range []Position{{85 * E7, 0}, {-81 * E7, 0}} {
		if FormatUTM(p) != "" || FormatMGRS(p, 10) != "" {
			t.Errorf("%v has the grid reference %q", p, FormatMGRS(p, 10))
		}
	}
	if got := FormatDMS(Position{-5, 1}); got != `0°00'00.00"S 0°00'00.00"E` {
		t.Errorf("got %s", got)
	}
}

// checkGrids compares with lines "zone+hemisphere easting northing" and MGRS of
// GeoConvert.
func checkGrids(t *testing.T, p Position, utm, mgrs string) {
	t.Helper()
	g, ok := p.utm()
	var zone string
	var east, north float64
	if _, err := fmt.Sscan(utm, &zone, &east, &north); err != nil || !ok {
		t.Fatalf("%v: %q: %v", p, utm, err)
	}
	hemisphere := "n"
	if g.band < 'N' {
		hemisphere = "s"
	}
	if zone != fmt.Sprintf("%02d%s", g.zone, hemisphere) || math.Abs(g.east-east) > 0.6e-6 || math.Abs(g.north-north) > 0.6e-6 {
		t.Errorf("%v is %d%s %.6f %.6f, want %s", p, g.zone, hemisphere, g.east, g.north, utm)
	}
	edge := math.Ceil(g.east)-g.east <= gridNudge || math.Ceil(g.north)-g.north <= gridNudge
	if got := FormatMGRS(p, 10); got != mgrs && !edge {
		t.Errorf("%v is %s, want %s", p, got, mgrs)
	}
}

func TestGridsAgreeWithTheTableOfGeoConvert(t *testing.T) {
	file, err := os.Open("testdata/geoconvert.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	n := 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		var p Position
		fields := strings.Fields(lines.Text())
		fmt.Sscan(fields[0]+" "+fields[1], &p.LatE7, &p.LonE7)
		checkGrids(t, p, strings.Join(fields[2:5], " "), fields[5])
		n++
	}
	if n < 50 {
		t.Errorf("only %d rows", n)
	}
}

func TestGridsAgreeWithGeoConvert(t *testing.T) {
	rng := rand.New(rand.NewSource(14))
	places := make([]Position, 6_000)
	lines := make([]string, len(places))
	for i := range places {
		places[i] = Position{int32(rng.Int63n(164*E7) - 80*E7), int32(rng.Int63n(360*E7) - 180*E7)}
		switch i % 4 {
		case 1: // Norway and Svalbard
			places[i] = Position{int32(55*E7 + rng.Int63n(29*E7)), int32(rng.Int63n(45*E7) - E7)}
		case 2: // on rims of zones and bands
			places[i] = Position{int32(rng.Int63n(20)-10) * 8 * E7, int32(rng.Int63n(60)-30) * 6 * E7}
		}
		lines[i] = degrees(places[i].LatE7) + " " + degrees(places[i].LonE7)
	}
	utm, mgrs := asked(t, lines, "GeoConvert", "-u", "-p", "6"), asked(t, lines, "GeoConvert", "-m", "-p", "0")
	for i, p := range places {
		checkGrids(t, p, utm[i], mgrs[i])
	}
}

func TestSK42AgreesWithTheStandard(t *testing.T) {
	// Written out from the formula and parameters of GOST R 51794-2008 with
	// package math, independent of the code under test.
	rng := rand.New(rand.NewSource(15))
	for range 1_000 {
		lat, lon := 30+50*rng.Float64(), 20+150*rng.Float64()
		p, err := ParsePosition(fmt.Sprintf("%.7f %.7f", lat, lon), SK42)
		if err != nil {
			t.Fatal(err)
		}
		wantLat, wantLon := standardFromSK42(lat, lon)
		if math.Abs(float64(p.LatE7)-wantLat*E7) > 1.1 || math.Abs(float64(p.LonE7)-wantLon*E7) > 1.1 {
			t.Fatalf("SK-42 %v %v is %v, want %.7f %.7f", lat, lon, p, wantLat, wantLon)
		}
		backLat, backLon := toSK42(p)
		if math.Abs(backLat*180/pi-lat)*E7 > 1.1 || math.Abs(backLon*180/pi-lon)*E7 > 1.1 {
			t.Fatalf("%v is SK-42 %v %v, want %v %v", p, backLat*180/pi, backLon*180/pi, lat, lon)
		}
	}
	if DatumErrorMM(WGS84) != 0 || DatumErrorMM(SK42) < 3_000 || DatumErrorMM("") < 100_000 {
		t.Errorf("errors of datums: %d, %d, %d", DatumErrorMM(WGS84), DatumErrorMM(SK42), DatumErrorMM(""))
	}
}

func standardFromSK42(lat, lon float64) (float64, float64) {
	const a, f = 6378245.0, 1 / 298.3
	e2 := f * (2 - f)
	phi, lam := lat*math.Pi/180, lon*math.Pi/180
	n := a / math.Sqrt(1-e2*math.Sin(phi)*math.Sin(phi))
	x, y, z := n*math.Cos(phi)*math.Cos(lam), n*math.Cos(phi)*math.Sin(lam), n*(1-e2)*math.Sin(phi)
	const second = math.Pi / 180 / 3600
	wx, wy, wz, m := 0.0, -0.35*second, -0.79*second, -0.22e-6
	X := (1+m)*(x+wz*y-wy*z) + 23.57
	Y := (1+m)*(-wz*x+y+wx*z) - 140.95
	Z := (1+m)*(wy*x-wx*y+z) - 79.8
	e2 = flattening * (2 - flattening)
	p := math.Hypot(X, Y)
	phi = math.Atan2(Z, p*(1-e2))
	for range 20 {
		n := semiMajorM / math.Sqrt(1-e2*math.Sin(phi)*math.Sin(phi))
		phi = math.Atan2(Z+e2*n*math.Sin(phi), p)
	}
	return phi * 180 / math.Pi, math.Atan2(Y, X) * 180 / math.Pi
}
