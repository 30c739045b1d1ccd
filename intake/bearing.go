// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// sectorHalfMdeg is half the width of a 16-wind sector: 11.25 degrees. Source:
// mission reports name directions by 16 winds; docs/formats/intake.md.
const sectorHalfMdeg = 11_250

// fullTurnMdeg is a full turn in thousandths of a degree.
const fullTurnMdeg = 360_000

var winds = []string{"n", "nne", "ne", "ene", "e", "ese", "se", "sse", "s", "ssw", "sw", "wsw", "w", "wnw", "nw", "nnw"}

// Wind returns the 16-wind word for an azimuth in thousandths of a degree.
func Wind(azimuthMdeg int32) string {
	turn := (int64(azimuthMdeg)%fullTurnMdeg + fullTurnMdeg + sectorHalfMdeg) % fullTurnMdeg
	return strings.ToUpper(winds[turn/(2*sectorHalfMdeg)])
}

// wind returns the azimuth of a 16-wind word: "ENE", "east-north-east",
// "northeast", "eastern".
func wind(word string) (mdeg int32, ok bool) {
	w := strings.ToLower(strings.Trim(word, ".,;"))
	if w == "" {
		return 0, false
	}
	short := w
	if len(w) > 3 {
		var b strings.Builder
		for rest := strings.NewReplacer("-", "", " ", "").Replace(w); rest != ""; {
			switch {
			case strings.HasPrefix(rest, "north"), strings.HasPrefix(rest, "south"):
				b.WriteByte(rest[0])
				rest = rest[5:]
			case strings.HasPrefix(rest, "east"), strings.HasPrefix(rest, "west"):
				b.WriteByte(rest[0])
				rest = rest[4:]
			case (rest == "ern" || rest == "ward" || rest == "wards") && b.Len() > 0:
				rest = ""
			default:
				return 0, false
			}
		}
		short = b.String()
	}
	i := slices.Index(winds, short)
	return int32(i) * 2 * sectorHalfMdeg, i >= 0
}

// ParseBearings reads directions as arcs of azimuth: 16-wind words joined by
// commas, "and", "or" and "to the", each 11.25 degrees to either side; or "az 148
// +-3", degrees with their error. Arcs that touch are joined; what comes back is
// in order of azimuth, one across north first.
func ParseBearings(s string) ([]geo.Arc, error) {
	text := strings.ToLower(strings.TrimSpace(s))
	if rest, ok := cutAny(text, "azimuth", "az.", "az", "bearing"); ok {
		arc, err := parseAzimuth(rest)
		if err != nil {
			return nil, fmt.Errorf("bearing: %q: %w", trucewatch.CutText(s, 80), err)
		}
		return []geo.Arc{arc}, nil
	}
	var centres []int32
	for word := range strings.FieldsFuncSeq(text, func(c rune) bool { return c == ',' || c == ' ' || c == ';' || c == '/' }) {
		switch word {
		case "and", "or", "&", "to", "the":
			continue
		}
		mdeg, ok := wind(word)
		if !ok {
			return nil, fmt.Errorf("bearing: %q is not a direction of 16 winds, nor \"az 148 +-3\"", trucewatch.CutText(word, 40))
		}
		if !slices.Contains(centres, mdeg) {
			centres = append(centres, mdeg)
		}
	}
	if centres == nil {
		return nil, fmt.Errorf("bearing: %q names no direction", trucewatch.CutText(s, 80))
	}
	return arcs(centres), nil
}

func cutAny(s string, prefixes ...string) (rest string, ok bool) {
	for _, p := range prefixes {
		if rest, ok := strings.CutPrefix(s, p); ok && (rest == "" || rest[0] == ' ' || rest[0] >= '0' && rest[0] <= '9') {
			return strings.TrimSpace(rest), true
		}
	}
	return s, false
}

// AzimuthErrorMdeg is taken as the error of an azimuth that is given without one.
//
// Guess: 5 degrees, a hand compass. Test: residuals of surveyed detonations.
const AzimuthErrorMdeg = 5_000

// parseAzimuth reads "148 +-3", "148° ± 3°" or "148".
func parseAzimuth(s string) (geo.Arc, error) {
	s = strings.NewReplacer("\u00B1", "+-", "+/-", "+-", "\u00B0", " ", "degrees", " ", "deg", " ").Replace(s)
	value, spread, given := strings.Cut(s, "+-")
	mdeg, ok := ParseDecimal(strings.TrimSpace(value), 3)
	half := int64(AzimuthErrorMdeg)
	ok2 := true
	if given {
		half, ok2 = ParseDecimal(strings.TrimSpace(spread), 3)
	}
	switch {
	case !ok || !ok2 || mdeg < 0 || mdeg > fullTurnMdeg:
		return geo.Arc{}, fmt.Errorf("not an azimuth such as 148 +-3")
	case half <= 0:
		return geo.Arc{}, fmt.Errorf("an error of 0 degrees is not believed")
	case half >= fullTurnMdeg/2:
		return geo.Arc{}, nil
	}
	return geo.Arc{
		FromMdeg: int32((mdeg - half + fullTurnMdeg) % fullTurnMdeg),
		TillMdeg: int32((mdeg + half) % fullTurnMdeg),
	}, nil
}

// arcs joins the sectors around 16-wind centres.
func arcs(centres []int32) []geo.Arc {
	slices.Sort(centres)
	var out []geo.Arc
	for _, c := range centres {
		from, till := (c-sectorHalfMdeg+fullTurnMdeg)%fullTurnMdeg, (c+sectorHalfMdeg)%fullTurnMdeg
		if n := len(out); n > 0 && out[n-1].TillMdeg == from {
			out[n-1].TillMdeg = till
		} else {
			out = append(out, geo.Arc{FromMdeg: from, TillMdeg: till})
		}
	}
	// The last sector may touch the first across north.
	if n := len(out); n > 1 && out[n-1].TillMdeg == out[0].FromMdeg {
		out[0].FromMdeg = out[n-1].FromMdeg
		out = out[:n-1]
	}
	return out
}

// bearingWords writes arcs for people: "56.25 to 78.75 degrees".
func bearingWords(all []geo.Arc) string {
	var parts []string
	for _, a := range all {
		if a.FromMdeg == a.TillMdeg {
			return "any direction"
		}
		parts = append(parts, fmt.Sprintf("%s to %s degrees", milli(int64(a.FromMdeg)), milli(int64(a.TillMdeg))))
	}
	return "azimuth " + strings.Join(parts, " and ")
}

// milli writes thousandths as a decimal number without idle zeros.
func milli(v int64) string {
	s := fmt.Sprintf("%d.%03d", v/1000, v%1000)
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}

// Bearing returns the azimuth of one 16-wind word, "ENE" or "east-north-east",
// in thousandths of a degree.
func Bearing(word string) (azimuthMdeg int32, ok bool) { return wind(word) }
