// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"fmt"
	"strings"

	"github.com/trucewatch/trucewatch"
)

// distanceMaxMM is the longest distance that is read: 2,000 km.
const distanceMaxMM = 2_000_000_000

// DistanceSpreadMM returns how far a single stated distance may be off: a tenth
// of it, and never less than 500 m.
//
// Guess: people state whole or half kilometres. Test: residuals of stated
// distances against located incidents.
func DistanceSpreadMM(distanceMM int64) int64 { return max(distanceMM/10, 500_000) }

// ParseDistance reads "2-4km", "0.6 to 4 km", "8.1km" or "800m" in millimetres.
// A single distance gives two equal numbers; how far it may be off is for
// DistanceSpreadMM. A comma for the decimal point is refused: "1,500" km and m
// have been mixed up before.
func ParseDistance(s string) (minMM, maxMM int64, err error) {
	minMM, maxMM, rest, ok := cutDistance(s)
	switch {
	case !ok || strings.TrimSpace(rest) != "":
		return 0, 0, fmt.Errorf("distance: %q is not a distance such as 2-4km or 800 m", trucewatch.CutText(s, 80))
	case maxMM < minMM:
		return 0, 0, fmt.Errorf("distance: %q is a range that falls", trucewatch.CutText(s, 80))
	case maxMM > distanceMaxMM:
		return 0, 0, fmt.Errorf("distance: %q is more than 2000 km", trucewatch.CutText(s, 80))
	}
	return minMM, maxMM, nil
}

// cutDistance cuts a distance off the beginning of s.
func cutDistance(s string) (minMM, maxMM int64, rest string, ok bool) {
	s = strings.TrimSpace(s)
	for _, w := range []string{"about ", "approximately ", "approx. ", "around ", "~"} {
		if after, found := strings.CutPrefix(strings.ToLower(s), w); found && len(after)+len(w) == len(s) {
			s = strings.TrimSpace(s[len(w):])
			break
		}
	}
	first, rest := cutDecimal(s)
	if first == "" {
		return 0, 0, s, false
	}
	second := first
	for _, sep := range []string{"-", "\u2013", " - ", " \u2013 ", " to "} {
		if after, found := strings.CutPrefix(rest, sep); found {
			if number, behind := cutDecimal(after); number != "" {
				second, rest = number, behind
				break
			}
		}
	}
	places, rest := cutUnit(strings.TrimLeft(rest, " \u00A0"))
	if places == 0 {
		return 0, 0, s, false
	}
	minMM, ok1 := ParseDecimal(first, places)
	maxMM, ok2 := ParseDecimal(second, places)
	return minMM, maxMM, rest, ok1 && ok2
}

// cutUnit returns how many decimal places a unit of length is above the
// millimetre, 0 if s does not begin with one.
func cutUnit(s string) (places int, rest string) {
	for _, u := range []struct {
		word   string
		places int
	}{{"kilometres", 6}, {"kilometers", 6}, {"km", 6}, {"metres", 3}, {"meters", 3}, {"m", 3}} {
		if len(s) >= len(u.word) && strings.EqualFold(s[:len(u.word)], u.word) {
			rest = s[len(u.word):]
			if rest == "" || !isLetter(rest[0]) {
				return u.places, rest
			}
		}
	}
	return 0, s
}

func isLetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' || b >= 0x80 }

// cutDecimal cuts digits with at most one point between them off the beginning.
func cutDecimal(s string) (number, rest string) {
	i := digits(s)
	if i > 0 && i+1 < len(s) && s[i] == '.' {
		if n := digits(s[i+1:]); n > 0 {
			i += 1 + n
		}
	}
	return s[:i], s[i:]
}

// kilometres writes millimetres for people: "2.5 km", "375 m".
func kilometres(mm int64) string {
	if mm < 1_000_000 {
		return milli(mm) + " m"
	}
	return milli((mm+500)/1000) + " km"
}
