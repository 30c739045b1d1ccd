// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"strings"
	"unicode"
)

// lookalikes are letters of Cyrillic, Greek and Armenian with the Latin letter that
// people take them for in most typefaces.
// Source: Unicode Technical Standard 39, confusables.txt, single letters of these scripts.
var lookalikes = func() map[rune]rune {
	m := map[rune]rune{}
	for _, pair := range []struct{ foreign, latin string }{
		{"аеорсухіјѕһԁԛԝ", "aeopcyxijshdqw"}, {"АВЕКМНОРСТХУІЈЅԌ", "ABEKMHOPCTXYIJSG"},
		{"οανρυικ", "oavpuik"}, {"ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX"}, {"օսոհց", "ounhg"},
	} {
		latin := []rune(pair.latin)
		for i, r := range []rune(pair.foreign) {
			m[r] = latin[i]
		}
	}
	return m
}()

// Skeleton is a name with each letter in place of which people read a Latin one as
// that, and without what is not seen: two names of one skeleton look alike. It is
// to compare names, and never to be shown.
func Skeleton(name string) string {
	return strings.Map(func(r rune) rune {
		if latin, ok := lookalikes[r]; ok {
			return latin
		}
		if unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Mn, r) && r < 0x370 {
			return -1 // joiners, overrides, and accents that may fall off
		}
		return r
	}, name)
}
