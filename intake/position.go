// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"fmt"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// ParsePosition reads decimal degrees of WGS 84, such as "48.12345" and
// "-37.5". Digits beyond 1e-7 degree (11 mm) are rounded; anything else than a
// plain decimal number, and a position off the globe, is refused.
func ParsePosition(lat, lon string) (geo.Position, error) {
	a, ok := parseE7(lat)
	if !ok {
		return geo.Position{}, fmt.Errorf("latitude: %q is not a number of decimal degrees", trucewatch.CutText(lat, 40))
	}
	b, ok := parseE7(lon)
	if !ok {
		return geo.Position{}, fmt.Errorf("longitude: %q is not a number of decimal degrees", trucewatch.CutText(lon, 40))
	}
	if a < -90*geo.E7 || a > 90*geo.E7 {
		return geo.Position{}, fmt.Errorf("latitude: %s is outside -90 to 90", lat)
	}
	if b < -180*geo.E7 || b > 180*geo.E7 {
		return geo.Position{}, fmt.Errorf("longitude: %s is outside -180 to 180", lon)
	}
	return geo.Position{LatE7: int32(a), LonE7: int32(b)}, nil
}

// parseE7 reads a plain decimal number in units of 1e-7, rounding half away from
// zero.
func parseE7(s string) (int64, bool) { return ParseDecimal(s, 7) }

// ParseDecimal reads a plain decimal number, "-12.5", as an integer of 10^-places
// with places up to 9, rounding half away from zero. It refuses exponents,
// signs of thousands and more than 9 digits before the point.
func ParseDecimal(s string, places int) (int64, bool) {
	neg := false
	if strings.HasPrefix(s, "-") || strings.HasPrefix(s, "+") {
		neg, s = s[0] == '-', s[1:]
	}
	v, digits, point := int64(0), 0, -1
	round := false
	for i := range len(s) {
		c := s[i]
		switch {
		case c == '.' && point < 0:
			point = 0
		case c < '0' || c > '9':
			return 0, false
		case point < 0:
			v, digits = v*10+int64(c-'0'), digits+1
			if v > 999_999_999 {
				return 0, false
			}
		case point < places:
			v, digits, point = v*10+int64(c-'0'), digits+1, point+1
		default:
			if point == places {
				round, point = c >= '5', point+1
			}
			digits++
		}
	}
	if digits == 0 {
		return 0, false
	}
	for point = max(point, 0); point < places; point++ {
		v *= 10
	}
	if round {
		v++
	}
	if neg {
		v = -v
	}
	return v, true
}
