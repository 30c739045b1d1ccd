// SPDX-License-Identifier: Apache-2.0

package associate

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// TestEveryKindOfEvidenceIsRead: each line of the table is reached by the observations
// that it is for.
func TestEveryKindOfEvidenceIsRead(t *testing.T) {
	here := geo.Position{LatE7: 460_000_000, LonE7: -350_000_000}
	evening := trucewatch.Interval{From: 0, Till: 3 * trucewatch.Hour}
	sector := geo.NewSector(here, 2_000_000, 4_000_000, []int32{90_000})
	named := trucewatch.Place{Name: "Lower Isk"}
	ray := trucewatch.Place{Region: geo.Region{Kind: geo.Sector, Center: here, RMaxMM: 1_000_000_000, Arcs: []geo.Arc{{FromMdeg: 10_000, TillMdeg: 20_000}}}}
	many := trucewatch.Count{Value: 80, Qualifier: trucewatch.About}
	reached := make(map[string]bool)
	for _, c := range []struct {
		name string
		o    trucewatch.Observation
		want string // "": none
	}{
		{"a time at a station", trucewatch.Observation{Kind: trucewatch.AcousticEvent, Arrival: &trucewatch.Arrival{Wave: "sound"}}, "arrival"},
		{"a direction at an array far away", trucewatch.Observation{Kind: trucewatch.AcousticEvent, Means: trucewatch.Infrasound, Arrival: &trucewatch.Arrival{Wave: trucewatch.InfrasoundWave}, Where: ray}, "infrasound arrival"},
		{"an alert", trucewatch.Observation{Kind: trucewatch.AirAlert, Where: named}, "alert"},
		{"a count over an evening", trucewatch.Observation{Kind: trucewatch.Explosion, Means: trucewatch.Heard, Count: many, When: evening, Where: trucewatch.Place{Region: sector}}, "count report"},
		{"a claimed one is a claim", trucewatch.Observation{Kind: trucewatch.Explosion, Means: trucewatch.PartyReport, Count: many, When: evening, Where: trucewatch.Place{Region: sector}}, "sector"},
		{"a count by a name alone is no sink", trucewatch.Observation{Kind: trucewatch.Explosion, Means: trucewatch.Heard, Count: many, When: evening, Where: named}, "place name"},
		{"a place with an error", trucewatch.Observation{Kind: trucewatch.Explosion, Where: trucewatch.Place{Region: geo.Circle(here, 300_000)}}, "point"},
		{"a pixel", trucewatch.Observation{Kind: trucewatch.ThermalAnomaly, Where: trucewatch.Place{Region: geo.Region{Kind: geo.Pixel, Center: here, SemiMajorMM: 200_000, SemiMinorMM: 200_000}}}, "pixel"},
		{"a district", trucewatch.Observation{Kind: trucewatch.Explosion, Where: trucewatch.Place{Region: geo.GridCell(here, 5_000_000), Name: "Isk"}}, "area"},
		{"a sector of one who drives", trucewatch.Observation{Kind: trucewatch.Explosion, Where: trucewatch.Place{Region: sector}, Observer: &trucewatch.Observer{Position: &here, RadiusMM: 2_000_000}}, "sector"},
		{"a sector of a post", trucewatch.Observation{Kind: trucewatch.Explosion, Where: trucewatch.Place{Region: sector}}, "sector"},
		{"a name", trucewatch.Observation{Kind: trucewatch.Explosion, Where: named}, "place name"},
		{"nothing", trucewatch.Observation{Kind: trucewatch.Explosion}, ""},
	} {
		kind, where, ok := kindOf(&c.o)
		if kind.name != c.want || ok != (c.want != "") {
			t.Errorf("%s is read as %q, want %q", c.name, kind.name, c.want)
		}
		if (kind.sink != nil && kind.sink(&c.o) != 88) || ok && !kind.solved && where.region == nil && !where.named {
			t.Errorf("%s: a sink of another number, or no place: %+v", c.name, where)
		}
		reached[kind.name] = true
	}
	for _, k := range kinds() {
		if !reached[k.name] {
			t.Errorf("nothing shows that %q is ever read", k.name)
		}
	}
}

// TestEachKindOfEvidenceHasAFile: each line of the table is a function in a file of its own,
// whose comment names the source of its form, its gate, its bound and its likelihood.
func TestEachKindOfEvidenceHasAFile(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	type place struct{ file, doc string }
	at := make(map[string]place)
	var listed []string
	for _, name := range names {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv != nil {
				continue
			}
			at[f.Name.Name] = place{name, strings.ToLower(f.Doc.Text())}
			if f.Name.Name != "kinds" {
				continue
			}
			ast.Inspect(f.Body, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok {
					listed = append(listed, call.Fun.(*ast.Ident).Name)
				}
				return true
			})
		}
	}
	if len(listed) == 0 {
		t.Error("the table is not found")
	}
	whose := make(map[string]string)
	for _, name := range listed {
		p := at[name]
		if other := whose[p.file]; other != "" || p.file == "evidence.go" {
			t.Errorf("%s stands in %s with %q", name, p.file, other)
		}
		whose[p.file] = name
		for _, word := range []string{"source of the form", "gate", "bound", "likelihood"} {
			if !strings.Contains(p.doc, word) {
				t.Errorf("the comment of %s says nothing of its %s", name, word)
			}
		}
	}
}
