// SPDX-License-Identifier: Apache-2.0

package geo

import (
	"fmt"
	"strings"
)

// PositionLengthMax is how many bytes ParsePosition reads at most.
const PositionLengthMax = 100

// ParsePosition reads a position as people write it, in the datum that the
// caller states, and returns it in WGS 84:
//
//	48.123, 37.456              decimal degrees, latitude first
//	48.123N 37.456E             hemispheres in capitals, before or after
//	48°12'33.4"N 37°45'10"E     also with d m s in small letters, or spaces
//	37U 405123 5345678          UTM with its band letter, easting first
//	37UDQ 05123 45678           MGRS of 0 to 10 digits: the middle of the square
//	X=5345678 Y=7405123         SK-42 only: Gauss and Krüger, northing first
//
// UTM and MGRS are read in WGS 84 only, X and Y in SK-42 only. A comma is read
// as a separator, never as a decimal sign: where it could be one the text is
// refused. Errors wrap ErrInvalid, quote the text and say what to write. The
// error that a datum adds is DatumErrorMM; what the written digits leave open is
// for the caller to state.
func ParsePosition(s string, d Datum) (Position, error) {
	if len(s) > PositionLengthMax {
		return Position{}, fmt.Errorf("%w: a position of %d bytes, more than %d", ErrInvalid, len(s), PositionLengthMax)
	}
	p, err := parsePosition(plainSigns(s), d)
	if err == nil {
		err = p.Check()
	}
	if err != nil {
		return Position{}, fmt.Errorf("%w: position %q: %w", ErrInvalid, s, err)
	}
	return p, nil
}

// plainSigns replaces the many signs for minus, degree, minute and second, and
// the Cyrillic letters that stand for X and Y on maps of SK-42.
func plainSigns(s string) string {
	return strings.TrimSpace(strings.NewReplacer(
		"\u2212", "-", "\u2013", "-", "\u00a0", " ", "\t", " ",
		"\u00ba", "°", "\u02da", "°",
		"\u2032", "'", "\u2019", "'", "''", "\"", "\u2033", "\"", "\u201d", "\"",
		"\u0425", "X", "\u0445", "X", "\u0423", "Y", "\u0443", "Y",
	).Replace(s))
}

func parsePosition(s string, d Datum) (Position, error) {
	if d != WGS84 && d != SK42 {
		return Position{}, fmt.Errorf("the datum %q is not %s or %s", string(d), WGS84, SK42)
	}
	if s == "" {
		return Position{}, fmt.Errorf("nothing is written")
	}
	if strings.ContainsAny(s, "XxYy") && strings.Contains(s, "=") {
		if d != SK42 {
			return Position{}, fmt.Errorf("coordinates X and Y of Gauss and Krüger are read in %s only, and the datum stated is %s", SK42, d)
		}
		return parseGaussKrueger(s)
	}
	if looksLikeGrid(s) {
		if d != WGS84 {
			return Position{}, fmt.Errorf("UTM and MGRS are read in %s only, and the datum stated is %s", WGS84, d)
		}
		return parseGrid(s)
	}
	lat, lon, err := parseDegrees(s)
	if err != nil {
		return Position{}, err
	}
	if lat < -90*E7 || lat > 90*E7 || lon < -180*E7 || lon > 180*E7 {
		return Position{}, fmt.Errorf("latitude %s or longitude %s is off the globe", degrees(int32(lat)), degrees(int32(lon)))
	}
	if d == SK42 {
		return fromSK42(radians(lat), radians(lon)), nil
	}
	return Position{int32(lat), int32(lon)}, nil
}

// looksLikeGrid tells UTM and MGRS from degrees: after one or two digits comes a
// letter, and then two letters of a square or exactly two numbers.
func looksLikeGrid(s string) bool {
	n := 0
	for n < len(s) && n < 2 && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	rest := strings.TrimLeft(s[n:], " ")
	if n == 0 || rest == "" || !letter(rest[0]) {
		return false
	}
	rest = strings.TrimSpace(rest[1:])
	if len(rest) >= 2 && letter(rest[0]) && letter(rest[1]) {
		return true
	}
	fields := strings.Fields(rest)
	return len(fields) == 2 && strings.Trim(fields[0]+fields[1], "0123456789.") == ""
}

func letter(c byte) bool { return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' }

// parseGrid reads UTM or MGRS.
func parseGrid(s string) (Position, error) {
	fields := strings.Fields(strings.ToUpper(s))
	joined := strings.Join(fields, "")
	zone, band, rest, err := zoneAndBand(joined)
	if err != nil {
		return Position{}, err
	}
	if rest != "" && letter(rest[0]) {
		// Of spaced digits each half must be as long as the other.
		if n := len(fields); n >= 3 && len(fields[n-1]) != len(fields[n-2]) && !letter(fields[n-2][len(fields[n-2])-1]) {
			return Position{}, fmt.Errorf("%q and %q are not equally many digits", fields[n-2], fields[n-1])
		}
		p, _, err := parseMGRS(joined)
		return p, err
	}
	east, ok := parseFixed(fields[len(fields)-2])
	north, ok2 := parseFixed(fields[len(fields)-1])
	if !ok || !ok2 {
		return Position{}, fmt.Errorf("easting and northing must be metres of up to 8 digits")
	}
	return gridPoint{zone, band, float64(east) / fixed, float64(north) / fixed}.position()
}

// parseGaussKrueger reads X= northing, Y= easting, in either order.
func parseGaussKrueger(s string) (Position, error) {
	const form = "write X=5345678 Y=7405123, metres, northing X first"
	plain := strings.NewReplacer("=", " ", ",", " ", ";", " ", "X", " X ", "Y", " Y ").Replace(strings.ToUpper(s))
	fields := strings.Fields(plain)
	if len(fields) != 4 || fields[0]+fields[2] != "XY" && fields[0]+fields[2] != "YX" {
		return Position{}, fmt.Errorf("%s", form)
	}
	x, y := fields[1], fields[3]
	if fields[0] == "Y" {
		x, y = y, x
	}
	x, south := strings.CutPrefix(x, "-")
	north, ok := parseFixed(x)
	east, ok2 := parseFixed(y)
	if !ok || !ok2 {
		return Position{}, fmt.Errorf("one of X and Y is not a number of up to 8 digits: %s", form)
	}
	if south {
		north = -north
	}
	return fromGaussKrueger(float64(north)/fixed, float64(east)/fixed)
}

// fixed is how many units of parseFixed make one.
const fixed = 1_000_000_000

// parseFixed reads an unsigned decimal number of up to 8 digits before the point
// and cuts it to nine after.
func parseFixed(s string) (int64, bool) {
	whole, fraction, point := strings.Cut(s, ".")
	if whole == "" || len(whole) > 8 || point && fraction == "" || strings.Trim(whole+fraction, "0123456789") != "" {
		return 0, false
	}
	if len(fraction) > 9 {
		fraction = fraction[:9]
	}
	n := number(whole) * fixed
	return n + number(fraction+strings.Repeat("0", 9-len(fraction))), true
}

// An angle is a latitude or longitude as written.
type angle struct {
	parts      []int64 // degrees, minutes, seconds, in units of fixed
	negative   bool
	hemisphere byte // N, S, E, W; 0 if none is written
	marked     int  // the last unit written: 1 degrees, 2 minutes, 3 seconds
}

// parseDegrees reads two angles and returns latitude and longitude in 1e-7
// degree.
func parseDegrees(s string) (lat, lon int64, err error) {
	if err := refuseDecimalComma(s); err != nil {
		return 0, 0, err
	}
	angles, err := splitAngles(s)
	if err != nil {
		return 0, 0, err
	}
	a, b := angles[0], angles[1]
	switch {
	case a.hemisphere == 0 && b.hemisphere == 0:
	case strings.IndexByte("NS", a.hemisphere) >= 0 && strings.IndexByte("EW", b.hemisphere) >= 0:
	case strings.IndexByte("EW", a.hemisphere) >= 0 && strings.IndexByte("NS", b.hemisphere) >= 0:
		a, b = b, a
	default:
		return 0, 0, fmt.Errorf("one of N and S and one of E and W is needed, or neither")
	}
	if lat, err = a.e7(); err != nil {
		return 0, 0, err
	}
	lon, err = b.e7()
	return lat, lon, err
}

// refuseDecimalComma refuses a comma right between digits unless both numbers
// are seen to be whole ones by their decimal points.
func refuseDecimalComma(s string) error {
	const hint = "a comma may be a decimal sign here: write decimal points, and a comma and a space between latitude and longitude"
	commas := strings.Count(s, ",")
	if commas > 1 {
		return fmt.Errorf("%s", hint)
	}
	i := strings.IndexByte(s, ',')
	if i <= 0 || i == len(s)-1 || !digit(s[i-1]) || !digit(s[i+1]) {
		return nil
	}
	if strings.Contains(s[:i], ".") && strings.Contains(s[i+1:], ".") {
		return nil
	}
	return fmt.Errorf("%s", hint)
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// splitAngles reads the numbers, units and letters of two angles.
func splitAngles(s string) ([2]angle, error) {
	var done []angle
	var now angle
	prefixed := strings.IndexByte("NSEW", s[0]) >= 0
	end := func() {
		if len(now.parts) > 0 {
			done, now = append(done, now), angle{}
		}
	}
	for i := 0; i < len(s); {
		c := s[i]
		size := 1
		switch {
		case c == ' ':
		case c == ',' || c == ';':
			end()
		case c == '-' || c == '+':
			if now.marked > 0 || now.hemisphere != 0 && len(now.parts) == 0 || i+1 == len(s) || !digit(s[i+1]) {
				return [2]angle{}, fmt.Errorf("the sign at byte %d stands before no latitude or longitude of its own", i)
			}
			end()
			now.negative = c == '-'
		case digit(c):
			for i+size < len(s) && (digit(s[i+size]) || s[i+size] == '.') {
				size++
			}
			if now.marked == 3 && !prefixed {
				end()
			}
			if err := now.add(s[i : i+size]); err != nil {
				return [2]angle{}, err
			}
		case strings.IndexByte("NSEW", c) >= 0:
			if prefixed {
				end()
			}
			if now.hemisphere != 0 || !prefixed && len(now.parts) == 0 {
				return [2]angle{}, fmt.Errorf("the letter %q belongs to no number", c)
			}
			now.hemisphere = c
			if !prefixed {
				end()
			}
		default:
			n, unit := unitAt(s[i:])
			if n == 0 {
				return [2]angle{}, fmt.Errorf("%q is not read here", firstRune(s[i:]))
			}
			if unit != len(now.parts) || unit <= now.marked {
				return [2]angle{}, fmt.Errorf("degrees, minutes and seconds are out of order at byte %d", i)
			}
			now.marked, size = unit, n
		}
		i += size
	}
	end()
	if len(done) == 1 && done[0].hemisphere == 0 && done[0].marked == 0 {
		return done[0].halves()
	}
	if len(done) != 2 {
		return [2]angle{}, fmt.Errorf("%d angles where latitude and longitude were expected", len(done))
	}
	return [2]angle{done[0], done[1]}, nil
}

// unitAt returns the length of a unit's sign and its rank: 1 degrees, 2 minutes,
// 3 seconds; 0 if there is none.
func unitAt(s string) (length, unit int) {
	for i, signs := range [3][2]string{{"°", "d"}, {"'", "m"}, {"\"", "s"}} {
		for _, sign := range signs {
			if strings.HasPrefix(s, sign) {
				return len(sign), i + 1
			}
		}
	}
	return 0, 0
}

func firstRune(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}

// add takes the next number of an angle: at most six where two angles are not
// told apart yet.
func (a *angle) add(s string) error {
	n, ok := parseFixed(s)
	if !ok {
		return fmt.Errorf("%q is not a number of up to 8 digits", s)
	}
	const two = 6
	if len(a.parts) == two {
		return fmt.Errorf("too many numbers")
	}
	a.parts = append(a.parts, n)
	return nil
}

// halves splits bare numbers evenly into latitude and longitude.
func (a angle) halves() ([2]angle, error) {
	n := len(a.parts)
	if n%2 != 0 {
		return [2]angle{}, fmt.Errorf("%d numbers cannot be latitude and longitude; say N or S, E or W", n)
	}
	return [2]angle{{parts: a.parts[:n/2], negative: a.negative}, {parts: a.parts[n/2:]}}, nil
}

// e7 is the angle in units of 1e-7 degree, rounded.
func (a angle) e7() (int64, error) {
	if len(a.parts) > 3 {
		return 0, fmt.Errorf("%d numbers in one angle", len(a.parts))
	}
	total := int64(0) // in units of fixed of a second
	for i, n := range a.parts {
		const sixty, most = 60 * fixed, 360 * fixed
		if i < len(a.parts)-1 && n%fixed != 0 {
			return 0, fmt.Errorf("only the last number of an angle may have a decimal point")
		}
		if i > 0 && n >= sixty || n > most {
			return 0, fmt.Errorf("degrees are over 360, or minutes or seconds 60 or more")
		}
		total += n * [3]int64{3600, 60, 1}[i]
	}
	if a.negative && a.hemisphere != 0 {
		return 0, fmt.Errorf("both a sign and the letter %c", a.hemisphere)
	}
	const unit = 3600 * fixed / E7
	e7 := (total + unit/2) / unit
	if limit := int64(180 * E7); e7 > limit {
		return 0, fmt.Errorf("an angle of more than 180 degrees")
	}
	if a.negative || a.hemisphere == 'S' || a.hemisphere == 'W' {
		return -e7, nil
	}
	return e7, nil
}

// FormatDMS writes degrees, minutes and seconds to a hundredth (0.3 m):
// 48°12'33.40"N 37°45'10.00"E.
func FormatDMS(p Position) string {
	return dms(p.LatE7, "N", "S") + " " + dms(p.LonE7, "E", "W")
}

func dms(e7 int32, positive, negative string) string {
	v, name := int64(e7), positive
	if v < 0 {
		v, name = -v, negative
	}
	hundredths := (v*360_000 + E7/2) / E7
	return fmt.Sprintf("%d°%02d'%02d.%02d\"%s", hundredths/360_000, hundredths/6_000%60, hundredths/100%60, hundredths%100, name)
}
