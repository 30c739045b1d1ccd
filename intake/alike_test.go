// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"strings"
	"testing"
)

func TestNamesThatLookAlike(t *testing.T) {
	for _, tt := range []struct {
		a, b  string
		alike bool
	}{
		{"patrol-1", "p\u0430trol-1", true}, {"HOPE", "\u041d\u041e\u0420\u0415", true}, {"coco", "\u0441\u043e\u0441\u043e", true},
		{"patrol", "pat\u200brol", true}, {"patrol", "\u202epatrol", true}, {"Patrol", "patrol", false}, {"mic-10", "mic-1o", false},
		{"Нова", "Hoba", false}, {"Міст", "Micm", false}, {"\u039f\u03a1\u039f\u03a3", "OPO\u03a3", true},
	} {
		if got := Skeleton(tt.a) == Skeleton(tt.b); got != tt.alike {
			t.Errorf("%+q and %+q: alike %v, want %v", tt.a, tt.b, got, tt.alike)
		}
	}
}

// TestGazetteerRefusesNamesThatLookAlike: two places whose names people cannot tell
// apart, and names with what is not seen, are refused by their line.
func TestGazetteerRefusesNamesThatLookAlike(t *testing.T) {
	const head = "name,lat,lon,kind,party,aliases\n"
	for _, tt := range []struct{ rows, want string }{
		{"Hope,46,-35,village,,\n\u041d\u043e\u0440\u0435,47,-35,village,,\n", "line 3: name \"\\u041d\\u043e\\u0440\\u0435\" looks like \"Hope\""},
		{"Hope,46,-35,village,,\nOther,47,-35,village,,H\u043epe\n", "line 3"},
		{"Ho\u202epe,46,-35,village,,\n", "line 2"},
		{"Ho\u200bpe,46,-35,village,,\n", "line 2"},
		{"Hope,46,-35,village,,\nHope,47,-35,village,,\n", ""},                           // two of one name: said to be ambiguous when somebody uses it
		{"Hope,46,-35,village,,\u041d\u043e\u0440\u0435\n", ""},                          // one place in two scripts
		{"\u0645\u06cc\u200c\u062e\u0648\u0627\u0647,46,-35,village,,\n", ""},            // a joiner that Persian needs
		{"Hope,46,-35,village,,\n\u041d\u0430\u0434\u0456\u044f,47,-35,village,,\n", ""}, // another word
	} {
		_, err := ParseGazetteer([]byte(head + tt.rows))
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+q: %v, want %q", tt.rows, err, tt.want)
		}
	}
}
