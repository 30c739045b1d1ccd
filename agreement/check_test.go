// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// planted returns the files with the lines of a case replaced: each "- " line by
// the "+ " line that follows it. It fails if a line is not there exactly once.
func planted(t *testing.T, files []File, text string) (out []File, want string) {
	t.Helper()
	out = append(out, files...)
	var old string
	for line := range strings.Lines(text) {
		mark, rest := line[:2], line[2:]
		switch mark {
		case "- ":
			old = rest
		case "+ ":
			found := 0
			for i := range out {
				if n := strings.Count("\n"+string(out[i].Data), "\n"+old); n > 0 {
					found += n
					out[i].Data = []byte(strings.Replace(string(out[i].Data), old, rest, 1))
				}
			}
			if found != 1 {
				t.Fatalf("%d lines are %q", found, old)
			}
		case "= ":
			want += rest
		default:
			t.Fatalf("line %q", line)
		}
	}
	return out, want
}

// TestContradictions holds what Check says of each planted contradiction, with
// line, column and advice.
func TestContradictions(t *testing.T) {
	const path = "testdata/contradictions.txtar"
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var files []File
	cases := 0
	for i, f := range a.Files {
		name, isCase := strings.CutPrefix(f.Name, "case/")
		if !isCase {
			files = append(files, File{Name: f.Name, Data: f.Data})
			continue
		}
		if cases++; cases == 1 {
			if problems, err := Check(files); err != nil || len(problems) > 0 {
				t.Fatalf("the text without a contradiction: %v, %v", problems, err)
			}
		}
		t.Run(name, func(t *testing.T) {
			bad, want := planted(t, files, string(f.Data))
			problems, err := Check(bad)
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for _, p := range problems {
				got.WriteString(p.Error() + "\n")
			}
			if *update {
				kept, _, _ := strings.Cut(string(f.Data), "\n= ")
				kept = strings.TrimSuffix(kept, "\n") + "\n"
				for line := range strings.Lines(got.String()) {
					kept += "= " + line
				}
				a.Files[i].Data = []byte(kept)
				return
			}
			if got.String() != want || want == "" {
				t.Errorf("Check:\n%swant:\n%s", got.String(), want)
			}
		})
	}
	if *update {
		if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if cases < 25 {
		t.Errorf("%d contradictions, fewer than 25", cases)
	}
}

// TestExamplesDoNotContradictThemselves checks every text that ships.
func TestExamplesDoNotContradictThemselves(t *testing.T) {
	for _, dir := range []string{line2026, "../examples/easter-truces/agreements/easter-2025",
		"../examples/easter-truces/agreements/easter-2026", "../examples/measures-2020/agreement"} {
		problems, err := Check(bundle(t, dir))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range problems {
			t.Errorf("%s: %v", dir, p)
		}
	}
}
