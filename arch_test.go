// SPDX-License-Identifier: Apache-2.0

package trucewatch_test

import (
	"go/ast"
	"go/token"
	"go/types"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/tools/go/packages"
)

const module = "github.com/trucewatch/trucewatch"

// plan says which packages of this module a package may import. A package that
// is missing here may not exist: change docs/architecture.md and a decision
// first. "x/*" stands for every package below x.
var plan = map[string][]string{
	"geo":                          {},
	".":                            {"geo"},
	"agreement":                    {".", "geo"},
	"associate":                    {".", "geo", "associate/kernel"},
	"associate/kernel":             {".", "geo"},
	"scenario":                     {".", "geo"},
	"score":                        {"scenario", ".", "geo"}, // a result beside the truth that scenario wrote
	"judge":                        {"judge/attribution", "agreement", ".", "geo"},
	"judge/attribution":            {"agreement", ".", "geo"}, // who fired, how sure, and who else it may have been
	"obligation":                   {"agreement", ".", "geo"}, // what is owed over a time: storage, ceilings, streaks, withdrawal
	"coverage":                     {"agreement", ".", "geo"}, // what could have been seen, by cell and hour
	"count":                        {"agreement", ".", "geo"}, // numbers, each with its rule
	"casework":                     {"agreement", ".", "geo"},
	"disclose":                     {"agreement", ".", "geo"},
	"replay":                       {"associate", "judge", "judge/attribution", "obligation", "coverage", "count", "casework", "disclose", "agreement", ".", "geo"},
	"internal/durable":             {},
	"internal/durable/durabletest": {"internal/durable"}, // a disk in memory that fails; imported by tests only
	"internal/dial":                {},                   // connections to addresses that others wrote
	"internal/trace":               {},                   // spans of one piece of work through several programs
	"internal/admission":           {},                   // what waits and what is sent away while too much comes in
	"internal/operations":          {},                   // figures and health, for who runs the program
	"logkey":                       {},                   // the key of a log and its handovers, by tree size
	"record":                       {"internal/durable"},
	"witness":                      {"logkey", "internal/durable", "internal/dial", "internal/trace"}, // a checkpoint is all it sees: it serves other logs too
	"keyring":                      {".", "geo"},                                                      // who may have signed what, by the record's own keys
	"seal":                         {".", "geo", "internal/durable"},
	"evidence":                     {".", "geo", "internal/durable"},
	"anchor":                       {"internal/dial", ".", "geo"},
	"mirror":                       {"logkey", "record", "witness", "seal", "keyring", "internal/durable", "internal/dial", "internal/trace", ".", "geo"},
	"exhibit":                      {"seal", "witness", "keyring", ".", "geo"},
	"intake":                       {".", "geo"},
	"intake/*":                     {"intake", ".", "geo"},
	"index":                        {".", "geo"},
	"publish/wording":              {".", "geo"}, // words, dates and numbers
	"publish/query":                {".", "geo"}, // a Query from an address
	"publish/svg":                  {"publish/wording", ".", "geo"},
	"publish/*":                    {"publish/svg", "publish/wording", "publish/query", ".", "geo"},
	"mission": {"intake", "intake/*", "logkey", "record", "witness", "keyring", "seal", "evidence", "anchor", "exhibit", "mirror", "index", "publish/*", "replay", "internal/durable", "internal/admission", "internal/operations", "internal/trace",
		"associate", "judge", "obligation", "coverage", "count", "casework", "disclose", "agreement", ".", "geo"},
	"verify":   {"mission", "logkey", "mirror", "exhibit", "record", "witness", "keyring", "seal", "evidence", "anchor", "replay", "disclose", "agreement", ".", "geo"},
	"sim":      {}, // the whole system from one seed; tests only
	"examples": {},
	"cmd/trucewatch": {"mission", "logkey", "internal/durable", "internal/operations", "verify", "examples", "intake", "intake/*", "record", "witness", "mirror", "keyring", "seal", "evidence", "anchor", "exhibit", "index", "publish/*", "replay",
		"associate", "judge", "obligation", "coverage", "count", "casework", "disclose", "scenario", "score", "agreement", ".", "geo"},
}

// core packages are pure: same input, same output, on every machine.
var core = []string{"geo", ".", "agreement", "associate", "associate/kernel", "scenario", "score", "judge", "judge/attribution", "obligation", "coverage", "count", "casework", "disclose", "replay"}

// floatGround is where floats may be, each product rounded by a conversion.
var floatGround = []string{"geo", "associate/kernel", "scenario", "score"}

var bannedInCore = map[string]string{
	"time.Now": "take the time from the entry", "time.Since": "subtract two recorded times", "time.Until": "subtract two recorded times",
	"time.Sleep": "the core never waits", "time.After": "the core never waits", "time.NewTimer": "the core never waits",
	"time.Local": "use UTC", "time.LoadLocation": "the rim resolves local times (D7)",
}

var bannedImports = []string{"os", "io/fs", "net", "net/http", "database/sql", "log", "log/slog", "math/rand", "math/rand/v2",
	"crypto/rand", "sync", "sync/atomic", "context", "unsafe", "reflect", "runtime", "plugin", "syscall", "embed"}

// coreModules are the modules the core may import: their results are the same
// bits everywhere.
var coreModules = []string{"github.com/fxamacker/cbor/v2", "go.yaml.in/yaml/v4"}

// ruleModule evaluates rules of agreements, on whole numbers, text and lists
// only; package agreement alone may import it, and holds it to that.
const ruleModule = "cel.dev/cel-go"

// exactMath is what of package math gives the same bits on every machine.
var exactMath = []string{"Sqrt", "Abs", "Floor", "Ceil", "Trunc", "Round", "RoundToEven", "IsNaN", "IsInf", "NaN", "Inf", "Copysign", "Signbit",
	"Float64bits", "Float64frombits", "Ldexp", "Frexp", "Pi", "MaxFloat64", "SmallestNonzeroFloat64", "MaxInt", "MinInt", "MaxInt8", "MaxInt16",
	"MaxInt32", "MinInt32", "MaxInt64", "MinInt64", "MaxUint8", "MaxUint16", "MaxUint32", "MaxUint64", "E", "Ln2", "Ln10", "Log2E", "Sqrt2"}

var emptyNames = []string{"util", "utils", "common", "helpers", "misc", "shared", "base", "types", "models", "pkg"}

// loaded is every package of the module with its types, loaded once.
var loaded = sync.OnceValues(func() ([]*packages.Package, error) {
	return packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedImports | packages.NeedDeps | packages.NeedExportFile,
	}, "./...")
})

func load(t *testing.T) []*packages.Package {
	t.Helper()
	pkgs, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pkgs {
		for _, e := range p.Errors {
			t.Fatal(e)
		}
	}
	return pkgs
}

func short(pkgPath string) string {
	if pkgPath == module {
		return "."
	}
	return strings.TrimPrefix(pkgPath, module+"/")
}

// allowed returns the plan's line for a package.
func allowed(name string) ([]string, bool) {
	if a, ok := plan[name]; ok {
		return a, true
	}
	a, ok := plan[path.Dir(name)+"/*"]
	return a, ok
}

func mayImport(list []string, name string) bool {
	return slices.Contains(list, name) || slices.Contains(list, path.Dir(name)+"/*")
}

func TestImportPlan(t *testing.T) {
	for _, p := range load(t) {
		name := short(p.PkgPath)
		list, ok := allowed(name)
		if !ok {
			t.Errorf("package %s is not in the plan: add it there and to docs/architecture.md, with a decision", name)
			continue
		}
		if slices.Contains(emptyNames, path.Base(name)) {
			t.Errorf("package %s: the name says nothing; name it after what it provides", name)
		}
		pure := slices.Contains(core, name)
		for imported := range p.Imports {
			switch {
			case imported == module || strings.HasPrefix(imported, module+"/"):
				if !mayImport(list, short(imported)) {
					t.Errorf("%s must not import %s", name, short(imported))
				}
			case pure && slices.Contains(bannedImports, imported):
				t.Errorf("core package %s must not import %s", name, imported)
			case pure && strings.Contains(strings.Split(imported, "/")[0], ".") && !slices.Contains(coreModules, imported) &&
				!(name == "agreement" && strings.HasPrefix(imported, ruleModule+"/")):
				t.Errorf("core package %s must not import the module %s", name, imported)
			}
		}
	}
}

func TestCoreIsPure(t *testing.T) {
	for _, p := range load(t) {
		name := short(p.PkgPath)
		if !slices.Contains(core, name) {
			continue
		}
		c := checker{t: t, pkg: p, floats: slices.Contains(floatGround, name)}
		for _, f := range p.Syntax {
			ast.Inspect(f, c.visit)
		}
	}
}

// A checker reports what the core may not do.
type checker struct {
	t      *testing.T
	pkg    *packages.Package
	floats bool // float arithmetic is allowed, each product rounded
	// rounded holds products that are the whole operand of a conversion.
	rounded map[ast.Expr]bool
}

func (c *checker) errorf(n ast.Node, format string, args ...any) {
	c.t.Errorf("%s: "+format, append([]any{c.pkg.Fset.Position(n.Pos())}, args...)...)
}

func (c *checker) isFloat(e ast.Expr) bool {
	tv, ok := c.pkg.TypesInfo.Types[e]
	if !ok || tv.Value != nil { // constants are exact
		return false
	}
	b, ok := tv.Type.Underlying().(*types.Basic)
	return ok && b.Info()&(types.IsFloat|types.IsComplex) != 0
}

func (c *checker) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.GoStmt:
		c.errorf(n, "goroutine in the core")
	case *ast.SelectStmt:
		c.errorf(n, "select in the core")
	case *ast.RangeStmt:
		if _, ok := c.pkg.TypesInfo.Types[n.X].Type.Underlying().(*types.Map); ok {
			c.errorf(n, "loop over a map in the core: its order is random; sort the keys")
		}
	case *ast.SelectorExpr:
		c.visitSelector(n)
	case *ast.CallExpr:
		c.visitCall(n)
	case *ast.BinaryExpr:
		c.visitBinary(n)
	case *ast.AssignStmt:
		if n.Tok == token.MUL_ASSIGN && c.isFloat(n.Lhs[0]) {
			c.errorf(n, "x *= y on floats may be fused with a later sum: write x = float64(x * y)")
		}
	}
	return true
}

func (c *checker) visitSelector(n *ast.SelectorExpr) {
	id, ok := n.X.(*ast.Ident)
	if !ok {
		return
	}
	pkgName, ok := c.pkg.TypesInfo.Uses[id].(*types.PkgName)
	if !ok {
		return
	}
	imported := pkgName.Imported().Path()
	if hint, ok := bannedInCore[imported+"."+n.Sel.Name]; ok {
		c.errorf(n, "%s.%s in the core: %s", imported, n.Sel.Name, hint)
	}
	if imported == "math" && !slices.Contains(exactMath, n.Sel.Name) {
		c.errorf(n, "math.%s differs between machines: use geo", n.Sel.Name)
	}
	if imported == "maps" && slices.Contains([]string{"Keys", "Values", "All"}, n.Sel.Name) {
		if !c.sorted(n) {
			c.errorf(n, "maps.%s has random order: write slices.Sorted(maps.Keys(m))", n.Sel.Name)
		}
	}
}

// sorted says whether the selector stands inside slices.Sorted or SortedFunc.
func (c *checker) sorted(n ast.Node) bool {
	found := false
	for _, f := range c.pkg.Syntax {
		ast.Inspect(f, func(m ast.Node) bool {
			call, ok := m.(*ast.CallExpr)
			if !ok || call.Pos() > n.Pos() || call.End() < n.End() {
				return true
			}
			if s, ok := call.Fun.(*ast.SelectorExpr); ok && strings.HasPrefix(s.Sel.Name, "Sorted") {
				found = true
			}
			return true
		})
	}
	return found
}

func (c *checker) visitCall(n *ast.CallExpr) {
	if tv, ok := c.pkg.TypesInfo.Types[n.Fun]; ok && tv.IsType() && len(n.Args) == 1 {
		if c.rounded == nil {
			c.rounded = map[ast.Expr]bool{}
		}
		c.rounded[ast.Unparen(n.Args[0])] = true
		if !c.floats && c.isFloat(n) {
			c.errorf(n, "float in the core: count in integer units (see geo)")
		}
	}
}

func (c *checker) visitBinary(n *ast.BinaryExpr) {
	if !c.isFloat(n) {
		return
	}
	if !c.floats {
		c.errorf(n, "float arithmetic in the core: count in integer units (see geo)")
	} else if n.Op == token.MUL && !c.rounded[n] {
		c.errorf(n, "float product that is not rounded: write float64(a*b), or machines differ by fused multiply-add")
	}
}

// TestParsersAreFuzzed wants FuzzX in the same folder for every exported
// function ParseX, DecodeX, UnmarshalX, UnpackX or ReadX that takes bytes or text,
// and for every exported method UnmarshalX. A name of a file is no foreign text:
// what is in the file has a parser of its own.
func TestParsersAreFuzzed(t *testing.T) {
	parser := regexp.MustCompile(`^(Parse|Decode|Unmarshal|Unpack|Read)([A-Z]\w*)?$`)
	fuzz := regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)
	for _, p := range load(t) {
		if len(p.GoFiles) == 0 {
			continue
		}
		have := map[string]bool{}
		dir := path.Dir(p.GoFiles[0])
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if strings.HasSuffix(f.Name(), "_test.go") {
				b, err := os.ReadFile(path.Join(dir, f.Name()))
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range fuzz.FindAllStringSubmatch(string(b), -1) {
					have[m[1]] = true
				}
			}
		}
		for _, f := range p.Syntax {
			for _, d := range f.Decls {
				fn, ok := d.(*ast.FuncDecl)
				if !ok || !parser.MatchString(fn.Name.Name) || have["Fuzz"+fn.Name.Name] {
					continue
				}
				if method := fn.Recv != nil; method && !strings.HasPrefix(fn.Name.Name, "Unmarshal") || !method && !takesForeign(p, fn) {
					continue
				}
				t.Errorf("%s: no Fuzz%s beside it", p.Fset.Position(fn.Pos()), fn.Name.Name)
			}
		}
	}
}

// takesForeign says whether a parser takes what others wrote, or is no Read.
func takesForeign(p *packages.Package, fn *ast.FuncDecl) bool {
	if !strings.HasPrefix(fn.Name.Name, "Read") {
		return true
	}
	for _, field := range fn.Type.Params.List {
		if typ := p.TypesInfo.TypeOf(field.Type).String(); typ == "[]byte" || typ == "io.Reader" {
			return true
		}
	}
	return false
}

// TestFunctionsAreShort holds the limit of style: 70 lines, and a file knows
// its licence.
func TestFunctionsAreShort(t *testing.T) {
	const linesMax = 70
	for _, p := range load(t) {
		for _, f := range p.Syntax {
			start := p.Fset.Position(f.FileStart)
			b, err := os.ReadFile(start.Filename)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(string(b), "// SPDX-License-Identifier: Apache-2.0\n") {
				t.Errorf("%s: does not begin with its SPDX line", start.Filename)
			}
			for _, d := range f.Decls {
				fn, ok := d.(*ast.FuncDecl)
				if !ok || fn.Body == nil {
					continue
				}
				from, till := p.Fset.Position(fn.Pos()), p.Fset.Position(fn.End())
				if n := till.Line - from.Line + 1; n > linesMax {
					t.Errorf("%s: %s has %d lines, more than %d", from, fn.Name.Name, n, linesMax)
				}
			}
		}
	}
}

// TestNoInitNoHooks bans effects at start and production code that knows it is
// being tested.
func TestNoInitNoHooks(t *testing.T) {
	for _, p := range load(t) {
		for _, f := range p.Syntax {
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
					t.Errorf("%s: init: wire it in mission", p.Fset.Position(fn.Pos()))
				}
			}
			for _, im := range f.Imports {
				if im.Path.Value == `"testing"` {
					t.Errorf("%s: production code imports testing", p.Fset.Position(im.Pos()))
				}
			}
		}
	}
}

// TestDependenciesHaveReasons wants a row in docs/dependencies.md for every
// module that go.mod names, and no row for one it does not.
func TestDependenciesHaveReasons(t *testing.T) {
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile("docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\s*(?:require )?([a-z][\w.-]*\.[a-z]+/\S+) v\S+( // indirect)?`).FindAllStringSubmatch(string(mod), -1) {
		named[m[1]] = true
		if !strings.Contains(string(doc), "`"+m[1]+"`") {
			t.Errorf("go.mod: %s has no reason in docs/dependencies.md", m[1])
		}
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)`").FindAllStringSubmatch(string(doc), -1) {
		if !named[m[1]] {
			t.Errorf("docs/dependencies.md: %s is not in go.mod", m[1])
		}
	}
}
