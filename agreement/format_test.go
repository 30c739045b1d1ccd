// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestFormatNamesEveryKey holds that the documentation of the format names every
// key that is read, and every variable of rules with what it is.
func TestFormatNamesEveryKey(t *testing.T) {
	doc, err := os.ReadFile("../docs/formats/agreement.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	key := regexp.MustCompile(`\b(?:need|may)\("(\w+)"`)
	seen := map[string]bool{}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range key.FindAllStringSubmatch(string(data), -1) {
			seen[m[1]] = true
		}
	}
	if len(seen) < 100 {
		t.Fatalf("%d keys are read: the pattern does not find them", len(seen))
	}
	for k := range seen {
		if !strings.Contains(string(doc), "`"+k+"`") && !strings.Contains(string(doc), "`"+k+":") && !strings.Contains(string(doc), "`"+k+" ") {
			t.Errorf("key %s is not in docs/formats/agreement.md", k)
		}
	}
	for _, v := range RuleVariables() {
		if row := fmt.Sprintf("| `%s` | %s | %s |", v.Name, v.Type, v.About); !strings.Contains(string(doc), row) {
			t.Errorf("no row %s", row)
		}
	}
}
