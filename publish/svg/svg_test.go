// SPDX-License-Identifier: Apache-2.0

package svg

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

func at(lat, lon float64) geo.Position {
	return geo.Position{LatE7: int32(math.Round(lat * geo.E7)), LonE7: int32(math.Round(lon * geo.E7))}
}

var regions = map[string]geo.Region{
	"circle":       geo.Circle(at(12.2, -41.1), 900_000),
	"ellipse":      {Kind: geo.Ellipse, Center: at(12.2, -41.1), SemiMajorMM: 2_000_000, SemiMinorMM: 500_000, AzimuthMdeg: 70_000},
	"sector":       {Kind: geo.Sector, Center: at(12.2, -41.1), RMinMM: 2_000_000, RMaxMM: 4_000_000, Arcs: []geo.Arc{{FromMdeg: 56_250, TillMdeg: 78_750}}},
	"two arcs":     {Kind: geo.Sector, Center: at(12.2, -41.1), RMaxMM: 4_000_000, Arcs: []geo.Arc{{FromMdeg: 350_000, TillMdeg: 20_000}, {FromMdeg: 90_000, TillMdeg: 100_000}}},
	"pixel":        {Kind: geo.Pixel, Center: at(12.2, -41.1), SemiMajorMM: 200_000, SemiMinorMM: 190_000, AzimuthMdeg: 12_000},
	"polygon":      {Kind: geo.Polygon, Rings: [][]geo.Position{{at(12.1, -41.2), at(12.1, -41.1), at(12.2, -41.1), at(12.2, -41.2)}}},
	"nowhere":      {},
	"pole":         geo.Circle(at(89.9, 10), 900_000),
	"antimeridian": geo.Circle(at(10, 179.999), 900_000),
}

// wellFormed reads the drawing as XML and returns its names with their counts.
func wellFormed(t *testing.T, markup string) map[string]int {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(markup))
	d.Entity = xml.HTMLEntity
	seen, ids := map[string]int{}, map[string]bool{}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return seen
		}
		if err != nil {
			t.Fatalf("not well formed: %v\n%.2000s", err, markup)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		seen[start.Name.Local]++
		for _, a := range start.Attr {
			if a.Name.Local == "style" || strings.HasPrefix(a.Name.Local, "on") {
				t.Errorf("<%s> has %s: the policy blocks it", start.Name.Local, a.Name.Local)
			}
			if a.Name.Local == "id" {
				if ids[a.Value] {
					t.Errorf("id %s twice", a.Value)
				}
				ids[a.Value] = true
			}
		}
	}
}

var numbers = regexp.MustCompile(`NaN|Inf|e\+`)

func TestMapDrawsEveryShape(t *testing.T) {
	for name, r := range regions {
		t.Run(name, func(t *testing.T) {
			out := string(Map(MapInput{ID: "m", Title: "t", Desc: "d", Shapes: []Shape{{Region: r, Kind: trucewatch.Explosion, Fill: Half, Href: "/i/1.0", Title: "one"}}}))
			seen := wellFormed(t, out)
			links := 1
			if r.IsZero() {
				links = 0
			}
			if seen["a"] != links {
				t.Errorf("%d links, want %d", seen["a"], links)
			}
			if numbers.MatchString(out) {
				t.Errorf("a coordinate is no number: %s", numbers.FindString(out))
			}
			if seen["title"] == 0 || seen["desc"] != 1 || !strings.Contains(out, "No borders are drawn") {
				t.Error("title, description or disclaimer is missing")
			}
		})
	}
}

// TestMapIsToScale holds that a circle of 1 km is drawn with the radius that the
// scale bar gives it.
// TestOneRegionOfManyIsDrawnOnce: what many rows say of one district does not cover
// the map; each keeps its symbol.
func TestOneRegionOfManyIsDrawnOnce(t *testing.T) {
	s := Shape{Region: regions["circle"], Kind: trucewatch.Explosion, Fill: Half, Title: "one"}
	out := string(Map(MapInput{ID: "m", Shapes: []Shape{s, s, s}}))
	if n := strings.Count(out, `fill-opacity="0.12"`); n != 1 {
		t.Errorf("%d outlines of one region", n)
	}
	if one := string(Map(MapInput{ID: "m", Shapes: []Shape{s}})); len(out) <= len(one) {
		t.Error("symbols of the same place are missing")
	}
}

func TestMapIsToScale(t *testing.T) {
	m := mapPen{frame: fit(-41.3, 12.0, -41.0, 12.3, 720, 540)}
	x1, _ := m.frame.position(at(12.15, -41.15))
	x2, _ := m.frame.position(at(12.15, -41.15+1000/(111_319.49*math.Cos(12.15*math.Pi/180))))
	if got := (x2 - x1) * m.frame.metres(); math.Abs(got-1000) > 5 {
		t.Errorf("1,000 m are drawn as %.1f m", got)
	}
}

func TestFitShowsTheWholeBox(t *testing.T) {
	for _, b := range [][4]float64{{-41.3, 12, -41, 12.3}, {10, -60, 10, -60}, {-170, -60, 170, 75}, {20, 60, 20.001, 70}} {
		f := fit(b[0], b[1], b[2], b[3], 720, 540)
		for _, p := range [][2]float64{{b[1], b[0]}, {b[3], b[2]}} {
			if x, y := f.at(p[0], p[1]); !f.inside(x, y, 0.5) {
				t.Errorf("box %v: corner %v lies at %.1f, %.1f", b, p, x, y)
			}
		}
	}
}

func TestLabelsDoNotOverlap(t *testing.T) {
	m := mapPen{frame: fit(-41.3, 12, -41, 12.3, 720, 540)}
	for i := range 200 {
		m.in.Places = append(m.in.Places, Place{Name: "Place " + strconv.Itoa(i), Position: at(12+float64(i*37%300)/1000, -41.3+float64(i*53%300)/1000), Kind: []string{"city", "town", "village"}[i%3]})
	}
	m.names()
	if len(m.taken) < 20 {
		t.Fatalf("only %d of 200 names found room", len(m.taken))
	}
	for i, a := range m.taken {
		for _, b := range m.taken[i+1:] {
			if a.meets(b) {
				t.Fatalf("labels overlap: %v %v", a, b)
			}
		}
	}
}

func TestSurveyErrorIsDrawnAsABand(t *testing.T) {
	a := trucewatch.AgreementText{Lines: []trucewatch.LineShape{{ID: "L1", Kind: "line_of_contact", SurveyErrorMM: 400_000, Points: []geo.Position{at(12, -41.1), at(12.3, -41.15)}}}}
	out := string(Map(MapInput{ID: "m", Agreements: []trucewatch.AgreementText{a}}))
	wellFormed(t, out)
	if !strings.Contains(out, "survey-error") || !strings.Contains(out, "survey error 400 m") {
		t.Error("the line's survey error is not drawn or not said")
	}
}

func TestCells(t *testing.T) {
	out := string(Map(MapInput{ID: "m", Cells: []Cell{{Box: trucewatch.Box{Min: at(12, -42), Max: at(13, -41)}, Count: 12345, Title: "many", Href: "?bbox=1"}}}))
	if seen := wellFormed(t, out); seen["a"] != 1 || !strings.Contains(out, "12\u202f345") || !strings.Contains(out, "number of incidents in a cell") {
		t.Errorf("cells: %v", seen)
	}
}

func TestHostileTextIsOnlyText(t *testing.T) {
	bad := `"><script>alert(1)</script><x y='` + "\u202e\a"
	out := string(Map(MapInput{ID: "m", Title: bad, Desc: bad, Note: bad, Table: bad, Shapes: []Shape{{Region: regions["circle"], Title: bad, Href: bad}},
		Cells: []Cell{{Box: trucewatch.Box{Min: at(12, -42), Max: at(13, -41)}, Count: 1, Title: bad, Href: bad}}, Places: []Place{{Name: bad, Position: at(12.5, -41.5), Kind: "city"}},
		Agreements: []trucewatch.AgreementText{{Lines: []trucewatch.LineShape{{ID: bad, Kind: bad, Points: []geo.Position{at(12, -41.6), at(13, -41.2)}}},
			Zones: []trucewatch.ZoneShape{{ID: bad, Kind: bad, Side: "A", Rings: [][]geo.Position{{at(12, -42), at(12, -41), at(13, -41)}}}}}}})) +
		string(Bars(BarsInput{ID: "b", Title: bad, Desc: bad, Unit: bad, Coverage: bad, Bars: []Bar{{Label: bad, Short: bad, Value: 1, Unwatched: true}}}))
	if seen := wellFormed(t, "<div>"+out+"</div>"); seen["script"] != 0 || strings.ContainsAny(out, "\u202e\a") {
		t.Error("hostile text became markup or stayed a control")
	}
}

func TestBars(t *testing.T) {
	three := int64(3)
	out := string(Bars(BarsInput{ID: "b", Title: "t", Unit: "incidents", Coverage: "Camera 3 was dark.", Bars: []Bar{
		{Label: "day 1", Short: "1", Value: 7, Previous: &three}, {Label: "day 2", Short: "2", AtLeast: true, Value: 5}, {Label: "day 3", Unwatched: true}}}))
	wellFormed(t, out)
	for _, want := range []string{"Camera 3 was dark.", "at least 5", "not comparable", "nobody could have seen all of it", "the period before"} {
		if !strings.Contains(out, want) {
			t.Errorf("the chart does not say %q", want)
		}
	}
	if len(Bars(BarsInput{ID: "e"})) == 0 {
		t.Error("a chart of nothing is nothing")
	}
}

func TestNiceCeiling(t *testing.T) {
	for _, tt := range []struct{ v, want int64 }{{0, 2}, {1, 2}, {3, 4}, {5, 6}, {9, 12}, {13, 16}, {17, 20}, {41_274, 60_000}, {math.MaxInt64, math.MaxInt64}} {
		if got := niceCeiling(tt.v); got != tt.want {
			t.Errorf("niceCeiling(%d) = %d, want %d", tt.v, got, tt.want)
		}
	}
}

func TestFillSaysHowSure(t *testing.T) {
	for _, tt := range []struct {
		word, state string
		want        Fill
	}{{"confirmed", "settled", Solid}, {"probable", "open", Half}, {"possible", "", Ring}, {"below possible", "", Dashed}, {"", "", Dashed}, {"confirmed", "withdrawn", Struck}} {
		if got := FillOf(tt.word, tt.state); got != tt.want {
			t.Errorf("FillOf(%q, %q) = %q, want %q", tt.word, tt.state, got, tt.want)
		}
	}
}

// TestEverySymbolDiffers holds that no two families share a shape, so that
// colour is never needed.
func TestEverySymbolDiffers(t *testing.T) {
	shapes := map[string]string{}
	for _, f := range Families() {
		if other, ok := shapes[f.whole]; ok {
			t.Errorf("%s and %s have one shape", f.Name, other)
		}
		shapes[f.whole] = f.Name
		if f.Kind != "" && FamilyOf(f.Kind).Name != f.Name {
			t.Errorf("%s: its example %s is of family %s", f.Name, f.Kind, FamilyOf(f.Kind).Name)
		}
	}
	other := 0
	for _, k := range trucewatch.Kinds() {
		if FamilyOf(k).Kind == "" {
			other++
		}
	}
	if other > 4 {
		t.Errorf("%d kinds have no family", other)
	}
}

func ExampleSummary() {
	fmt.Println(Summary([]Bar{{Label: "1 May", Value: 2}, {Label: "2 May", Value: 5}}, "incidents"))
	// Output: 1 May to 2 May: 7 incidents; most in 2 May, 5.
}
