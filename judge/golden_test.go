// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/trucewatch/trucewatch"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden writes the reasons of one finding as a tree, and its explanation,
// for a reader to judge.
func TestGolden(t *testing.T) {
	a := testAgreement(t)
	site := eastM(30_000)
	for _, tt := range []struct {
		file  string
		id    string
		scene *scene
	}{
		{"late_detonation.txtar", "K2/1.0", newScene(t, site, 50, a).saw(trucewatch.Explosion, trucewatch.Heard).saw(trucewatch.Explosion, trucewatch.Acoustic).detonation(5, site)},
		{"mortar_at_its_limit.txtar", "W1/1.0", newScene(t, eastM(15_000), 400, a).saw(trucewatch.WeaponSeen, trucewatch.UAVMid, weapon(trucewatch.Mortar, 120))},
		{"fire_by_the_line.txtar", "F1/1.0", from(newScene(t, eastM(50), 10, a).saw(trucewatch.Explosion, trucewatch.Heard), eastM(-4_000), 1_500)},
	} {
		t.Run(tt.file, func(t *testing.T) {
			f := tt.scene.finding(tt.id)
			if f == nil {
				t.Fatalf("no finding %s", tt.id)
			}
			var b strings.Builder
			tree(&b, f.Reasons, "")
			got := string(txtar.Format(&txtar.Archive{Files: []txtar.File{
				{Name: "reasons", Data: []byte(b.String())}, {Name: "explanation", Data: []byte(wrap(Explain(f, "en")))}}}))
			path := "testdata/" + tt.file
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s has changed; with -update it is rewritten, then read the difference\n%s", path, got)
			}
		})
	}
}

func tree(b *strings.Builder, reasons []trucewatch.Reason, indent string) {
	for _, r := range reasons {
		fmt.Fprintf(b, "%s%-7s %s", indent, r.Holds, r.Text)
		if r.Article != "" {
			fmt.Fprintf(b, " [%s]", r.Article)
		}
		for _, id := range r.Evidence {
			fmt.Fprintf(b, " %v", id)
		}
		b.WriteString("\n")
		tree(b, r.Because, indent+"        ")
	}
}

// wrap breaks a paragraph into lines, so that a difference is readable.
func wrap(s string) string {
	var b strings.Builder
	length := 0
	for i, word := range strings.Fields(s) {
		switch {
		case length+len(word) > 100:
			b.WriteString("\n")
			length = 0
		case i > 0:
			b.WriteString(" ")
		}
		b.WriteString(word)
		length += len(word) + 1
	}
	return b.String() + "\n"
}
