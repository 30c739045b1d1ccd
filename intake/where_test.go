// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
	"pgregory.net/rapid"
)

const places = `name,lat,lon,kind,party,aliases,former
Verkhivka,-46,-127,town,A,Verchivka;Werchiwka,
Stari Luky,-46.36885,-127,village,A,Stary Luky,Krasnyi Luch
Osykove,-46.82734,-126.85173,village,A,,
Osykove bridge,-46.82593,-126.84011,bridge,A,,
Berezivka,-46.36,-127,village,A,,
Berezivka,-45.7,-127.4,village,B,,
Array AC-17,-46.01,-127,sensor,B,AC-17,
`

func gazetteer(t testing.TB) *Gazetteer {
	t.Helper()
	g, err := ParseGazetteer([]byte(places))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestGazetteerFind(t *testing.T) {
	g := gazetteer(t)
	for _, tt := range []struct{ name, want string }{
		{"Stari Luky", "Stari Luky"}, {"STARI-LUKY", "Stari Luky"}, {" stary  luky ", "Stari Luky"}, {"Krasnyi Luch", "Stari Luky"},
		{"AC-17", "Array AC-17"}, {"Osykove bridge", "Osykove bridge"}, {"Luky", "unknown"}, {"", "unknown"}, {"berezivka", "ambiguous"},
	} {
		p, err := g.Find(tt.name)
		got := p.Name
		switch {
		case errors.Is(err, ErrUnknownPlace):
			got = "unknown"
		case errors.Is(err, ErrAmbiguousPlace):
			got = "ambiguous"
		}
		if got != tt.want {
			t.Errorf("Find(%q) = %s (%v), want %s", tt.name, got, err, tt.want)
		}
	}
	_, err := g.Find("Berezivka")
	if want := `"Berezivka": ambiguous in the gazetteer: village Berezivka at -46.3600000,-127.0000000; village Berezivka at -45.7000000,-127.4000000`; err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestParseGazetteerRefuses(t *testing.T) {
	for _, tt := range []struct{ csv, want string }{
		{"", "no header"},
		{"name,lat\n", `column "lon" is missing`},
		{"name,lat,lon,kind\nX,95,0,village\n", "line 2: latitude: 95 is outside"},
		{"name,lat,lon,kind\n\nX,5,,village\n", "line 3: longitude"},
		{"name,lat,lon,kind\n,5,5,village\n", "line 2: name: missing"},
		{"name,lat,lon,kind\nX,5\n", "line 2: 2 cells"},
		{"name,lat,lon,kind,radius_m\nX,5,5,village,-3\n", "line 2: radius_m"},
	} {
		if _, err := ParseGazetteer([]byte(tt.csv)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("ParseGazetteer(%q): %v, want %q", tt.csv, err, tt.want)
		}
	}
}

// The nearest settlement is found as by going through all, and is never a sensor.
func TestNearest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		b.WriteString("name,lat,lon,kind\n")
		spread := rapid.SampledFrom([]int32{1, 30, 179}).Draw(t, "spread")
		point := func(label string) geo.Position {
			return geo.Position{LatE7: rapid.Int32Range(-spread*4_500_000, spread*4_500_000).Draw(t, label+" lat"),
				LonE7: rapid.Int32Range(-spread*geo.E7, spread*geo.E7).Draw(t, label+" lon")}
		}
		var all []geo.Position
		for i := range rapid.IntRange(0, 40).Draw(t, "n") {
			p := point("place")
			if i%7 == 3 {
				fmt.Fprintf(&b, "s%d,%s,sensor\n", i, p)
				continue
			}
			fmt.Fprintf(&b, "v%d,%s,village\n", len(all), p)
			all = append(all, p)
		}
		g, err := ParseGazetteer([]byte(b.String()))
		if err != nil {
			t.Fatal(err)
		}
		at := point("at")
		best := int64(-1)
		for _, p := range all {
			if d := roughMM(p, at); best < 0 || d < best {
				best = d
			}
		}
		name, d, _ := g.Nearest(at)
		if best < 0 {
			if name != "" {
				t.Fatalf("%s, want none", name)
			}
			return
		}
		p, err := g.Find(name)
		if err != nil || p.Kind != "village" || roughMM(p.Position, at) != best || d != geo.DistanceMM(p.Position, at) {
			t.Fatalf("%s %d (%v), want one at %d", name, d, err, best)
		}
	})
}

func TestParseObserver(t *testing.T) {
	g := gazetteer(t)
	for _, tt := range []struct{ words, want string }{
		{"MM camera 1km SW of Stari Luky (Party A-controlled, 41km S of Verkhivka)",
			"-46.3752109,-127.0091906 1500000 A | observer 1 km SW of the village Stari Luky, within 1.5 km (500 m of the distance and direction, 1 km of the place)"},
		{"2 km south-east of Osykove", "-46.8400600,-126.8331909 1500000 A"},
		{"MM camera Osykove bridge", "-46.8259300,-126.8401100 100000 A"},                             // the longest name
		{"MM patrol at Osykove (Party B)", "-46.8273400,-126.8517300 1000000 B"},                      // the words before the gazetteer
		{"Berezivka (Party A-controlled, 40km S of Verkhivka)", "-46.3600000,-127.0000000 1000000 A"}, // decided by the reference
		{"Berezivka (45km NW of Verkhivka)", "-45.7000000,-127.4000000 1000000 B"},
		{"Berezivka", "error: ambiguous"},
		{"Berezivka (40km E of Verkhivka)", "error: ambiguous"},
		{"Osykove (40km N of Verkhivka)", "-46.8273400,-126.8517300 1000000 A | observer at the village Osykove, within 1 km (extent of such a place); but the words put it 40 km N of Verkhivka and the gazetteer 92.67 km S"},
		{"Party B liaison", "error: not in the gazetteer"},
		{"", "error: not in the gazetteer"},
	} {
		o, basis, err := ParseObserver(tt.words, g)
		got := ""
		if o.Position != nil {
			got = fmt.Sprintf("%s %d %s", o.Position, o.RadiusMM, o.Control)
			if strings.Contains(tt.want, "|") {
				got += " | " + basis
			}
		}
		if part, ok := strings.CutPrefix(tt.want, "error: "); ok {
			if err == nil || !strings.Contains(err.Error(), part) || o.Position != nil || o.Name != tt.words {
				t.Errorf("ParseObserver(%q) = %s, %v, want an error with %q", tt.words, got, err, part)
			}
		} else if err != nil || got != tt.want {
			t.Errorf("ParseObserver(%q)\n = %s, %v\nwant %s", tt.words, got, err, tt.want)
		}
	}
	if o, basis, err := ParseObserver("Osykove (Party B)", nil); err != nil || o.Position != nil || o.Control != "B" || basis == "" {
		t.Errorf("without a gazetteer: %+v %q %v", o, basis, err)
	}
}

func regionWords(r geo.Region) string {
	switch r.Kind {
	case geo.Ellipse:
		return fmt.Sprintf("circle %s %d", r.Center, r.SemiMajorMM)
	case geo.Sector:
		return fmt.Sprintf("sector %s %d-%d %v", r.Center, r.RMinMM, r.RMaxMM, r.Arcs)
	case geo.Polygon:
		return fmt.Sprintf("polygon %v", r.Rings)
	}
	return "nowhere"
}

func TestParseWhere(t *testing.T) {
	g := gazetteer(t)
	post := geo.Position{LatE7: -46_0000000, LonE7: -127_0000000}
	from := trucewatch.Observer{Name: "post", Position: &post, RadiusMM: 200_000}
	const at = "-46.0000000,-127.0000000"
	for _, tt := range []struct{ words, region, basis string }{
		{"2-4km ENE", "sector " + at + " 2000000-4000000 [{56250 78750}]", "2 km to 4 km, as stated, azimuth 56.25 to 78.75 degrees, from the observer, whose own place is known within 200 m (not added)"},
		{"0.6-4km S and SSW", "sector " + at + " 600000-4000000 [{168750 213750}]", ""},
		{"1-4km east-north-east, east and east-south-east", "sector " + at + " 1000000-4000000 [{56250 123750}]", ""},
		{"8.1km az 148 +-3", "sector " + at + " 7290000-8910000 [{145000 151000}]", "one distance, 8.1 km, stated: taken as 7.29 km to 8.91 km"},
		{"4.5km NE", "sector " + at + " 4000000-5000000 [{33750 56250}]", ""}, // 500 m is more than a tenth
		{"300m N", "sector " + at + " 0-800000 [{348750 11250}]", ""},
		{"2-4km", "sector " + at + " 2000000-4000000 [{0 0}]", "any direction"},
		{"NW", "sector " + at + " 0-15000000 [{303750 326250}]", "no distance stated: taken as up to 15 km (hearing range)"},
		{"", "sector " + at + " 0-15000000 [{0 0}]", ""},
		{"N/K", "sector " + at + " 0-15000000 [{0 0}]", ""},
		{"in situ", "circle " + at + " 200000", "the observer's own place, within 200 m"},
		{"At position", "circle " + at + " 200000", ""},
		{"compound 2km E of Osykove (Party B-controlled), 19km from line", "circle -46.8273370,-126.8255179 1500000", "2 km E of the village Osykove, within 1.5 km"},
		{"Osykove, 1.2km from line", "circle -46.8273400,-126.8517300 1000000", "at the village Osykove, within 1 km (extent of such a place)"},
		{"48.123,37.456 +-375m", "circle 48.1230000,37.4560000 375000", "the stated position and error"},
		{"-48.123, -37.456 \u00B1 1km", "circle -48.1230000,-37.4560000 1000000", ""},
		{"48.12345,37.45612", "circle 48.1234500,37.4561200 100000", "no error stated: taken as 100 m"},
		{"48.1,37.4", "circle 48.1000000,37.4000000 5566000", "no error stated: taken as 5.566 km"}, // half of the last digit
		{"4 points given", "nowhere", "the words name no place of the gazetteer"},
		{"48.xx,37.xx", "polygon [[48.0000000,37.0000000 48.0000000,38.0000000 49.0000000,38.0000000 49.0000000,37.0000000]]", "the source masks digits"},
		{"-48.1x,-37.4x", "polygon [[-48.2000000,-37.5000000 -48.2000000,-37.4000000 -48.1000000,-37.4000000 -48.1000000,-37.5000000]]", ""},
		{"2-4km EEE", "error", `"eee" is not a direction`},
		{"4-2km N", "error", "a range that falls"},
		{"95.1,37.4", "error", "latitude: 95.1 is outside"},
		{"48.1,37.4 +-wide", "error", "is not an error such as 375m"},
		{"48.1x2,37.4xx", "error", "masked digits"},
		{"Berezivka", "error", "ambiguous"},
	} {
		p, err := ParseWhere(tt.words, from, g)
		got := regionWords(p.Region)
		if err != nil {
			got, p.Basis = "error", err.Error()
		}
		if got != tt.region || !strings.Contains(p.Basis, tt.basis) {
			t.Errorf("ParseWhere(%q)\n = %s (%s)\nwant %s (%s)", tt.words, got, p.Basis, tt.region, tt.basis)
		}
		if err == nil && (p.Text != tt.words || p.Gazetteer != g.Hash() || p.Basis == "") {
			t.Errorf("ParseWhere(%q): %+v", tt.words, p)
		}
	}
}

func TestParseWhereFromNowhere(t *testing.T) {
	g := gazetteer(t)
	for _, tt := range []struct {
		words, want string
		g           *Gazetteer
	}{
		{"2-4km ENE", "error", g}, {"", "error", g}, {"2-4km ENE", "nowhere", nil}, {"in situ", "nowhere", g}, {"Osykove", "nowhere", nil},
		{"48.123,37.456 +-375m", "circle 48.1230000,37.4560000 375000", nil},
	} {
		p, err := ParseWhere(tt.words, trucewatch.Observer{Name: "somebody"}, tt.g)
		got := regionWords(p.Region)
		if err != nil {
			if got = "error"; !IsUnknownPlace(err) {
				t.Error(err)
			}
		}
		if got != tt.want {
			t.Errorf("ParseWhere(%q) = %s (%v), want %s", tt.words, got, err, tt.want)
		}
	}
}

// The name of a region is a settlement's: a sensor's would tell where it stands.
func TestLabelNamesNoSensor(t *testing.T) {
	g := gazetteer(t)
	if got := g.Label(geo.Circle(geo.Position{LatE7: -46_0100000, LonE7: -127_0000000}, 1000)); got != "Verkhivka" {
		t.Errorf("%q, want Verkhivka", got)
	}
	if got := g.Label(geo.Circle(geo.Position{LatE7: 10_0000000, LonE7: 20_0000000}, 1000)); got != "" {
		t.Errorf("%q, far from everything", got)
	}
	// The middle of the sector counts, and not the observer.
	r := geo.Region{Kind: geo.Sector, Center: geo.Position{LatE7: -46_0000000, LonE7: -127_0000000}, RMinMM: 85_000_000, RMaxMM: 95_000_000, Arcs: arcs([]int32{157_500})}
	if got := g.Label(r); got != "Osykove" {
		t.Errorf("%q, want Osykove", got)
	}
}
