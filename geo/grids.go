// SPDX-License-Identifier: Apache-2.0

package geo

import (
	"fmt"
	"math"
	"strings"
)

// UTM and MGRS after NGA.SIG.0012 (2014), "The universal grids", sections 7
// and 11, for 80 degrees south to 84 north; the polar grids are not read.

const (
	utmScale         = 0.9996
	utmFalseEastM    = 500_000
	utmFalseNorthM   = 10_000_000 // in the southern hemisphere
	utmSouthE7       = -80 * E7
	utmNorthE7       = 84 * E7
	bands            = "CDEFGHJKLMNPQRSTUVWX" // of 8 degrees from 80 S; X has 12
	rowLetters       = "ABCDEFGHJKLMNPQRSTUV"
	gridStrayM       = 100_000 // how far a grid reference may reach over its zone's rim
	utmEastLowM      = 100_000
	utmEastHighM     = 1_000_000
	mgrsDigitsMax    = 10
	squareM          = 100_000
	rowCycleM        = 2_000_000
	normalZones      = 60
	zoneWidthE7      = 6 * E7
	centralOfFirstE7 = -177 * E7
)

// columnLetters of the 100 km squares, by zone modulo 3, from 100 km east.
var columnLetters = [3]string{"STUVWXYZ", "ABCDEFGH", "JKLMNPQR"}

// utmZone returns the zone of a place, with the exceptions of Norway and
// Svalbard.
func utmZone(p Position) int {
	lat, lon := int64(p.LatE7), int64(p.LonE7)
	if lon == 180*E7 {
		lon = -180 * E7
	}
	zone := int((lon+180*E7)/zoneWidthE7) + 1
	switch {
	case lat >= 56*E7 && lat < 64*E7 && zone == 31 && lon >= 3*E7:
		return 32
	case lat >= 72*E7 && lon >= 0 && lon < 42*E7:
		switch {
		case lon < 9*E7:
			return 31
		case lon < 21*E7:
			return 33
		case lon < 33*E7:
			return 35
		}
		return 37
	}
	return zone
}

// bandOf returns the letter of a latitude's band.
func bandOf(latE7 int32) byte {
	return bands[min(len(bands)-1, int((int64(latE7)-utmSouthE7)/(8*E7)))]
}

// A gridPoint is a place in a UTM zone, metres with the false origin.
type gridPoint struct {
	zone        int
	band        byte
	east, north float64
}

// utm projects p into its zone; ok is false beyond 80 S and 84 N.
func (p Position) utm() (g gridPoint, ok bool) {
	if p.LatE7 < utmSouthE7 || p.LatE7 > utmNorthE7 {
		return g, false
	}
	g.zone, g.band = utmZone(p), bandOf(p.LatE7)
	g.east, g.north = g.project(p)
	return g, true
}

// project gives p in the zone and hemisphere of g.
func (g gridPoint) project(p Position) (east, north float64) {
	central := centralOfFirstE7 + int64(g.zone-1)*zoneWidthE7
	e, n := mercatorWGS84.project(radians(int64(p.LatE7)), radians(wrapE7(int64(p.LonE7)-central)))
	east, north = float64(e*utmScale)+utmFalseEastM, float64(n*utmScale)
	if g.band < 'N' {
		north += utmFalseNorthM
	}
	return east, north
}

// position is the inverse of utm. It refuses a place more than 100 km off the
// band or the width of any zone.
func (g gridPoint) position() (Position, error) {
	if g.east < utmEastLowM || g.east >= utmEastHighM {
		return Position{}, fmt.Errorf("easting %.0f is outside %d to %d m", g.east, utmEastLowM, utmEastHighM)
	}
	north := g.north
	if g.band < 'N' {
		north -= utmFalseNorthM
	}
	if math.Abs(north) > 9_600_000 {
		return Position{}, fmt.Errorf("northing %.0f is not in band %c (the letter is the band, not the hemisphere)", g.north, g.band)
	}
	lat, lon := mercatorWGS84.unproject((g.east-utmFalseEastM)/utmScale, north/utmScale)
	central := centralOfFirstE7 + int64(g.zone-1)*zoneWidthE7
	p := position(toE7(lat), central+toE7(lon))
	south := utmSouthE7 + int64(strings.IndexByte(bands, g.band))*8*E7
	top := south + 8*E7
	if g.band == 'X' {
		top = utmNorthE7
	}
	const slack = E7 // 100 km is 0.9 degree
	if int64(p.LatE7) < south-slack || int64(p.LatE7) > top+slack {
		return Position{}, fmt.Errorf("northing %.0f is not in band %c (the letter is the band, not the hemisphere)", g.north, g.band)
	}
	return p, nil
}

// FormatUTM writes zone, band, easting and northing in whole metres, cut:
// "37U 405123 5345678". Beyond 80 S and 84 N it is empty.
func FormatUTM(p Position) string {
	g, ok := p.utm()
	if !ok {
		return ""
	}
	return fmt.Sprintf("%d%c %06d %07d", g.zone, g.band, int64(g.east+gridNudge), int64(g.north+gridNudge))
}

// gridNudge keeps a place that was read from whole metres, and rounded to
// 1e-7 degree, in the same metre when it is written again.
const gridNudge = 0.01

// FormatMGRS writes a grid reference of 0, 2, 4, 6, 8 or 10 digits (squares of
// 100 km down to 1 m; others are cut to that), without spaces. As the standard
// has it the digits are cut, not rounded. Beyond 80 S and 84 N it is empty.
func FormatMGRS(p Position, digits int) string {
	g, ok := p.utm()
	if !ok {
		return ""
	}
	half := max(0, min(mgrsDigitsMax, digits)) / 2
	east, north := int64(g.east+gridNudge), int64(g.north+gridNudge)
	column := columnLetters[g.zone%3][min(7, max(0, east/squareM-1))]
	row := rowLetters[(north/squareM+rowShift(g.zone))%20]
	out := fmt.Sprintf("%02d%c%c%c", g.zone, g.band, column, row)
	if half == 0 {
		return out
	}
	unit := squareUnit(half)
	return out + fmt.Sprintf("%0*d%0*d", half, east%squareM/unit, half, north%squareM/unit)
}

// rowShift: in even zones the letters of the rows begin at F.
func rowShift(zone int) int64 {
	if zone%2 == 0 {
		return 5
	}
	return 0
}

// squareUnit is the side in metres of a square given by n digits each way.
func squareUnit(n int) int64 {
	unit := int64(squareM)
	for range n {
		unit /= 10
	}
	return unit
}

// parseMGRS reads a grid reference without spaces; the place is the middle of
// its square, whose side it returns.
func parseMGRS(s string) (Position, int64, error) {
	zone, band, rest, err := zoneAndBand(s)
	if err != nil {
		return Position{}, 0, err
	}
	if len(rest) < 2 {
		return Position{}, 0, fmt.Errorf("no letters of the 100 km square")
	}
	column := strings.IndexByte(columnLetters[zone%3], rest[0])
	if column < 0 {
		return Position{}, 0, fmt.Errorf("column letter %q is not in zone %d", rest[0], zone)
	}
	row := strings.IndexByte(rowLetters, rest[1])
	if row < 0 {
		return Position{}, 0, fmt.Errorf("row letter %q is not one of %s", rest[1], rowLetters)
	}
	digits := rest[2:]
	if len(digits) > mgrsDigitsMax || len(digits)%2 != 0 || strings.Trim(digits, "0123456789") != "" {
		return Position{}, 0, fmt.Errorf("%q is not an even number of up to %d digits", digits, mgrsDigitsMax)
	}
	half := len(digits) / 2
	unit := squareUnit(half)
	east := int64(column+1)*squareM + number(digits[:half])*unit
	within := (int64(row)-rowShift(zone)+20)%20*squareM + number(digits[half:])*unit
	return placeInBand(zone, band, east, within, unit)
}

// placeInBand finds which repetition of a row, each 2,000 km, lies in the band.
func placeInBand(zone int, band byte, east, within, unit int64) (Position, int64, error) {
	var last error
	for cycle := int64(0); cycle < 5; cycle++ {
		north := within + cycle*rowCycleM
		g := gridPoint{zone, band, float64(east) + float64(unit)/2, float64(north) + float64(unit)/2}
		p, err := g.position()
		if err == nil {
			return p, unit, nil
		}
		last = err
	}
	return Position{}, 0, fmt.Errorf("the square is not in band %c: %w", band, last)
}

// zoneAndBand reads the head of a UTM or MGRS reference.
func zoneAndBand(s string) (zone int, band byte, rest string, err error) {
	n := 0
	for n < len(s) && n < 2 && s[n] >= '0' && s[n] <= '9' {
		zone = 10*zone + int(s[n]-'0')
		n++
	}
	if n == 0 || zone < 1 || zone > normalZones {
		return 0, 0, "", fmt.Errorf("the zone is not 1 to %d (the polar grids are not read)", normalZones)
	}
	if n == len(s) || strings.IndexByte(bands, s[n]) < 0 {
		return 0, 0, "", fmt.Errorf("after zone %d comes no band letter (C to X without I and O; N is the band 0 to 8 north, not the hemisphere)", zone)
	}
	return zone, s[n], s[n+1:], nil
}

// number reads digits that were checked.
func number(digits string) int64 {
	n := int64(0)
	for i := range len(digits) {
		n = 10*n + int64(digits[i]-'0')
	}
	return n
}
