// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
	"pgregory.net/rapid"
)

func TestParseCount(t *testing.T) {
	for _, tt := range []struct {
		words string
		want  string // value-high qualifier, or "error: " and a part of it
	}{
		{"14", "14-0 exact"},
		{"about 80", "80-0 about"},
		{"approximately 80", "80-0 about"},
		{"~80", "80-0 about"},
		{"at least 15,800", "15800-0 at_least"},
		{"over 3,300", "3300-0 at_least"},
		{"more than 2,900", "2900-0 at_least"},
		{"up to 12", "12-0 at_most"},
		{"1,234,567", "1234567-0 exact"},
		{"1\u00A0882", "1882-0 exact"},
		{"15-20 explosions", "15-20 exact"},
		{"15 to 20 explosions", "15-20 exact"},
		{"three-five explosions", "3-5 exact"},
		{"about three\u2013five", "3-5 about"},
		{"multiple", "0-0 multiple"},
		{"several bursts", "0-0 multiple"},
		{"one", "1-0 exact"},
		{"One undetermined explosion", "1-0 exact"},
		{"four bursts", "4-0 exact"},
		{"a total of 26", "26-0 exact"},
		{"an additional 26", "26-0 exact"},
		{"a total of about 26", "26-0 about"},
		{"three (one impact, two undetermined)", "3-0 exact"},
		{"41 explosions - outgoing", "41-0 exact"},
		{"three impacts around the factory", "3-0 exact"},
		{"zero", "0-0 exact"},
		{"1000000000", "1000000000-0 exact"},
		{"", "error: missing"},
		{"crater over 2 m in diameter", "error: does not begin with a number"},
		{"nearly 3,000 / more than 2,900", "error: a second number"},
		{"48, one over the sea", "error: stands behind the number"},
		{"two and three", "error: a second number"},
		{"20-15", "error: does not rise"},
		{"2.5", "error: does not begin with a number"},
		{"4.900", "error: does not begin with a number"},
		{"1000000001", "error: more than"},
		{"99999999999999999999", "error: does not begin with a number"},
		{"999,999,999,999,999,999,999", "error: "},
		{"-3", "error: does not begin with a number"},
		{"onerous", "error: does not begin with a number"},
		{"multiple, at least 30", "error: "},
	} {
		c, err := ParseCount(tt.words)
		got := fmt.Sprintf("%d-%d %s", c.Value, c.High, c.Qualifier)
		if part, ok := strings.CutPrefix(tt.want, "error: "); ok {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("ParseCount(%q) = %s, %v, want an error with %q", tt.words, got, err, part)
			}
		} else if err != nil || got != tt.want {
			t.Errorf("ParseCount(%q) = %s, %v, want %s", tt.words, got, err, tt.want)
		}
	}
}

// The words of real reports give the numbers that a person read in them.
func TestRealWords(t *testing.T) {
	b, err := os.ReadFile("../../shared/data/osce_smm/observations.jsonl")
	if err != nil {
		t.Skip("skipped: no shared data")
	}
	n := 0
	for line := range strings.Lines(string(b)) {
		var row struct {
			Count     *int64  `json:"count"`
			CountText string  `json:"count_text"`
			Weapon    *string `json:"assessed_weapon"`
		}
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		c, err := ParseCount(row.CountText)
		switch {
		case row.Count != nil && (err != nil || c.Value != *row.Count || c.Qualifier != trucewatch.Exact):
			t.Errorf("%q = %+v, %v, want %d", row.CountText, c, err, *row.Count)
		case row.Count == nil && err == nil && c.High == 0: // a range, or no count at all
			t.Errorf("%q = %+v, want a range or an error", row.CountText, c)
		}
		if row.Weapon != nil {
			if w, err := ParseWeapon(*row.Weapon); err != nil || w.Platform == trucewatch.UnknownPlatform {
				t.Errorf("%q = %+v, %v", *row.Weapon, w, err)
			}
		}
		n++
	}
	if n != 15 {
		t.Errorf("%d rows, not 15", n)
	}
}

func TestQualifiedCount(t *testing.T) {
	for _, tt := range []struct{ words, qualifier, want string }{
		{"14", "", "14 exact"}, {"14", "exact", "14 exact"}, {"6", "about", "6 about"}, {"about 6", "about", "6 about"},
		{"", "multiple", "0 multiple"}, {"0", "multiple", "0 multiple"}, {"multiple", "", "0 multiple"},
		{"about 6", "at_least", "error"}, {"6", "multiple", "error"}, {"6", "roughly", "error"}, {"", "", "error"},
	} {
		c, err := QualifiedCount(tt.words, tt.qualifier)
		got := fmt.Sprintf("%d %s", c.Value, c.Qualifier)
		if err != nil {
			got = "error"
		}
		if got != tt.want {
			t.Errorf("QualifiedCount(%q, %q) = %s (%v), want %s", tt.words, tt.qualifier, got, err, tt.want)
		}
	}
}

func TestParseDistance(t *testing.T) {
	for _, tt := range []struct {
		words    string
		min, max int64 // mm; -1: an error
	}{
		{"2-4km", 2_000_000, 4_000_000}, {"0.6-4km", 600_000, 4_000_000}, {"0.6 \u2013 4 km", 600_000, 4_000_000}, {"2 to 4 km", 2_000_000, 4_000_000},
		{"8.1km", 8_100_000, 8_100_000}, {"5 km", 5_000_000, 5_000_000}, {"800m", 800_000, 800_000}, {"500-800 metres", 500_000, 800_000},
		{"about 5km", 5_000_000, 5_000_000}, {"2KM", 2_000_000, 2_000_000},
		{"4-2km", -1, 0}, {"1,5km", -1, 0}, {"5", -1, 0}, {"km", -1, 0}, {"5 miles", -1, 0}, {"5 kmh", -1, 0}, {"3000km", -1, 0}, {"-2km", -1, 0}, {"", -1, 0},
	} {
		near, far, err := ParseDistance(tt.words)
		if tt.min < 0 {
			if err == nil {
				t.Errorf("ParseDistance(%q) = %d, %d, want an error", tt.words, near, far)
			}
		} else if err != nil || near != tt.min || far != tt.max {
			t.Errorf("ParseDistance(%q) = %d, %d, %v, want %d, %d", tt.words, near, far, err, tt.min, tt.max)
		}
	}
}

func TestParseBearings(t *testing.T) {
	for _, tt := range []struct{ words, want string }{
		{"ENE", "56250-78750"},
		{"n", "348750-11250"},
		{"east-north-east", "56250-78750"},
		{"northeast", "33750-56250"},
		{"S and SSW", "168750-213750"},                                 // touching sectors are one
		{"east-north-east, east and east-south-east", "56250-123750"},  //
		{"N, NE, W and NNW", "326250-11250 33750-56250 258750-281250"}, // NNW and N meet across north
		{"W, N", "348750-11250 258750-281250"},                         //
		{"N, NNE, NE, ENE, E, ESE, SE, SSE, S, SSW, SW, WSW, W, WNW, NW, NNW", "348750-348750"}, // the full circle
		{"az 148 +-3", "145000-151000"},
		{"azimuth 2.5\u00B0 \u00B1 5", "357500-7500"},
		{"az 148", "143000-153000"}, // AzimuthErrorMdeg
		{"az 10 +-180", "0-0"},
		{"EEE", "error"}, {"", "error"}, {"az 361", "error"}, {"az 10 +-0", "error"}, {"north-by-west", "error"}, {"and", "error"},
	} {
		arcs, err := ParseBearings(tt.words)
		var parts []string
		for _, a := range arcs {
			parts = append(parts, fmt.Sprintf("%d-%d", a.FromMdeg, a.TillMdeg))
		}
		got := strings.Join(parts, " ")
		if err != nil {
			got = "error"
		}
		if got != tt.want {
			t.Errorf("ParseBearings(%q) = %s (%v), want %s", tt.words, got, err, tt.want)
		}
	}
}

// Each of the 65,536 sets of winds covers exactly its sectors and no more.
func TestBearingsCoverTheirSectors(t *testing.T) {
	for set := 1; set < 1<<16; set++ {
		var centres []int32
		for i := range 16 {
			if set>>i&1 == 1 {
				centres = append(centres, int32(i)*2*sectorHalfMdeg)
			}
		}
		all := arcs(centres)
		for i := range 16 {
			at, in := int32(i)*2*sectorHalfMdeg, false
			for _, a := range all {
				width := (a.TillMdeg - a.FromMdeg + fullTurnMdeg) % fullTurnMdeg
				in = in || width == 0 || (at-a.FromMdeg+fullTurnMdeg)%fullTurnMdeg <= width
			}
			if in != (set>>i&1 == 1) {
				t.Fatalf("set %016b: wind %d is %v in %v", set, i, in, all)
			}
		}
	}
}

func TestParseWeapon(t *testing.T) {
	for _, tt := range []struct{ words, want string }{
		{"artillery (type N/K)", "artillery"},
		{"120mm mortar (assessed)", "mortar 120"},
		{"MLRS BM-21 122mm", "mlrs BM-21 122"},
		{"howitzer 2S1 122mm", "howitzer_sp 2S1 122"},
		{"small_arms", "small_arms"},
		{"small arms", "small_arms"},
		{"heavy-machine-gun", "hmg"},
		{"82 and 120mm mortar", "mortar"}, // of two calibres none is kept
		{"122 or 152mm artillery", "artillery"},
		{"T-72 tanks", "tank T-72 125"},
		{"anti-tank gun MT-12", "at_gun MT-12 100"},
		{"anti-tank guided missile", "atgm"},
		{"automatic grenade launcher", "agl"},
		{"infantry fighting vehicle (BMP-2) cannon (30mm)", "ifv BMP-2 30"},
		{"D-30", "howitzer_towed D-30 122"},
		{"uav_drop (reported)", "uav role bomber basis statement"},
		{"FPV", "uav role fpv_attack"},
		{"one-way attack UAV", "one_way_attack_uav"},
		{"N/K", "unknown"}, {"undetermined", "unknown"}, {"something else", "unknown"},
		{"mortar and tank", "unknown"}, // two weapons: to choose one would be a guess
		{"T-72 and 82mm mortar", "unknown 82"},
		{"n/a", "nil"}, {"", "nil"},
		{"mortar 2S1", "unknown"}, // the model is no mortar
		{"2S1 152mm", "error"},    // a 2S1 has 122 mm
		{"1200mm mortar", "error"}, {"0mm mortar", "error"},
	} {
		w, err := ParseWeapon(tt.words)
		got := "nil"
		if w != nil {
			got = string(w.Platform)
			if w.Model != "" {
				got += " " + w.Model
			}
			if w.CalibreMM != 0 {
				got += fmt.Sprint(" ", w.CalibreMM)
			}
			if w.Role != "" {
				got += " role " + w.Role
			}
			if w.Basis != "" {
				got += " basis " + w.Basis
			}
		}
		if err != nil {
			got = "error"
		}
		if got != tt.want {
			t.Errorf("ParseWeapon(%q) = %s (%v), want %s", tt.words, got, err, tt.want)
		}
	}
}

// Every platform word of the vocabulary is read as itself.
func TestParseWeaponKnowsTheVocabulary(t *testing.T) {
	for _, p := range trucewatch.Platforms() {
		w, err := ParseWeapon(string(p))
		if err != nil || w == nil || w.Platform != p {
			t.Errorf("ParseWeapon(%q) = %+v, %v", p, w, err)
		}
	}
}

func TestParsePosition(t *testing.T) {
	for _, tt := range []struct {
		lat, lon string
		want     string
	}{
		{"48.1234567", "-37.5", "48.1234567,-37.5000000"},
		{"-48.12345675", "37", "-48.1234568,37.0000000"}, // rounded, half away from zero
		{"90", "-180", "90.0000000,-180.0000000"},
		{"90.0000001", "0", "error"}, {"0", "180.0000001", "error"}, {"4e1", "0", "error"}, {"", "0", "error"}, {"48,5", "0", "error"},
		{"NaN", "0", "error"}, {"99999999999999999999", "0", "error"}, {".", "0", "error"},
	} {
		p, err := ParsePosition(tt.lat, tt.lon)
		got := p.String()
		if err != nil {
			got = "error"
		}
		if got != tt.want {
			t.Errorf("ParsePosition(%q, %q) = %s (%v), want %s", tt.lat, tt.lon, got, err, tt.want)
		}
	}
}

func TestPositionReadsWhatItWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := geo.Position{LatE7: rapid.Int32Range(-90*geo.E7, 90*geo.E7).Draw(t, "lat"), LonE7: rapid.Int32Range(-180*geo.E7, 180*geo.E7).Draw(t, "lon")}
		lat, lon, _ := strings.Cut(p.String(), ",")
		if got, err := ParsePosition(lat, lon); err != nil || got != p {
			t.Errorf("%v, %v, want %v", got, err, p)
		}
	})
}
