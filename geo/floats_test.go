// SPDX-License-Identifier: Apache-2.0

package geo

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"strings"
	"testing"
)

// TestEveryFloatProductIsRounded refuses a product of floats that stands
// outside its own float64(): Go may fuse it with a sum, on some machines.
// Products of constants are exact, and so are those that are nothing else's
// summand but an argument or a factor rounded in turn; for simplicity these
// need the conversion as well.
func TestEveryFloatProductIsRounded(t *testing.T) {
	fset := token.NewFileSet()
	packages, err := parser.ParseDir(fset, ".", func(f fs.FileInfo) bool { return !strings.HasSuffix(f.Name(), "_test.go") }, 0)
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, f := range packages["geo"].Files {
		files = append(files, f)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	config := types.Config{Importer: importer.ForCompiler(fset, "source", nil)}
	if _, err := config.Check("geo", fset, files, info); err != nil {
		t.Fatal(err)
	}
	allowed := map[string]bool{"Sqrt": true, "Abs": true, "Floor": true, "Max": true, "Min": true, "Copysign": true, "Signbit": true,
		"Inf": true, "NaN": true, "Float64bits": true, "Float64frombits": true,
		"Pi": true, "Ln2": true, "Sqrt2": true, "MaxFloat64": true, "MaxInt64": true, "MinInt64": true}
	for _, file := range files {
		rounded := map[ast.Expr]bool{}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if f, ok := n.Fun.(*ast.Ident); ok && f.Name == "float64" {
					rounded[n.Args[0]] = true
					for e, ok := n.Args[0].(*ast.BinaryExpr); ok && e.Op == token.MUL; e, ok = e.X.(*ast.BinaryExpr) {
						rounded[e] = true // a*b*c has no sum to fuse with
					}
				}
			case *ast.BinaryExpr:
				value := info.Types[n]
				basic, ok := value.Type.Underlying().(*types.Basic)
				if ok && n.Op == token.MUL && basic.Info()&types.IsFloat != 0 && value.Value == nil && !rounded[n] {
					t.Errorf("%s: a product that is not rounded", fset.Position(n.Pos()))
				}
			case *ast.AssignStmt:
				if n.Tok == token.MUL_ASSIGN {
					if basic, ok := info.Types[n.Lhs[0]].Type.Underlying().(*types.Basic); ok && basic.Info()&types.IsFloat != 0 {
						t.Errorf("%s: a product that is not rounded", fset.Position(n.Pos()))
					}
				}
			case *ast.SelectorExpr:
				if p, ok := n.X.(*ast.Ident); ok && p.Name == "math" && !allowed[n.Sel.Name] {
					t.Errorf("%s: math.%s may differ between machines", fset.Position(n.Pos()), n.Sel.Name)
				}
			}
			return true
		})
	}
}
