// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// exports are the forms in which commands hand out what others wrote, with what
// holds them harmless: TestInjection, or the writer before every screen. Files of
// proofs, of evidence, of keys and of what verify found, whose hash is told, hold
// bytes as they are.
var exports = map[string]string{
	"report --format html": "TestInjection", "report --format json": "TestInjection", "report --format csv": "TestInjection", "report --out": "TestInjection",
	"replay --print": "screen", "verify --json": "screen", "verify --output": "bytes", "case --json": "screen", "explain --json": "screen",
	"exhibit check --json": "screen", "exhibit code --json": "screen", "agreement what-if --json": "screen", "score result --json": "screen",
	"sign --out": "bytes", "mirror token --out": "bytes", "exhibit make --out": "bytes", "openings give --out": "bytes", "anchor request --out": "bytes",
	"evidence read --out": "bytes", "evidence clip --out": "bytes", "evidence check-clip --out": "bytes", "evidence crop --out": "bytes", "evidence check-crop --out": "bytes",
	"import --format": "reads",
}

// TestEveryExportIsHeldHarmless: each flag by which a command hands something out
// stands in the table above, and nothing else does. A table for spreadsheets comes
// from the one writer that TestOneWriterOfTables knows.
func TestEveryExportIsHeldHarmless(t *testing.T) {
	var c commands
	parser, err := kong.New(&c, kong.Name("trucewatch"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	_ = kong.Visit(parser.Model, func(n kong.Visitable, next kong.Next) error {
		node, ok := n.(*kong.Node)
		if !ok || !node.Leaf() {
			return next(nil)
		}
		for _, f := range node.Flags {
			if !slices.Contains([]string{"out", "output", "format", "print", "json", "csv", "svg", "geojson", "kml", "html"}, f.Name) {
				continue
			}
			name := strings.TrimPrefix(node.FullPath(), "trucewatch ") + " --" + f.Name
			if f.Name != "format" || f.Enum == "" {
				found[name] = true
				continue
			}
			for form := range strings.SplitSeq(f.Enum, ",") {
				found[name+" "+form] = true
			}
		}
		return next(nil)
	})
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if exports[name] == "" {
			t.Errorf("%s hands something out, and nothing holds it harmless", name)
		}
	}
	for name := range exports {
		if !found[name] {
			t.Errorf("%s is no export any more", name)
		}
	}
}
