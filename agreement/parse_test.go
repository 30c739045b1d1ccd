// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/trucewatch/trucewatch"
)

var update = flag.Bool("update", false, "rewrite the wanted errors of testdata/bad")

// archive splits a txtar into the bundle and its section "want".
func archive(t testing.TB, path string) (a *txtar.Archive, files []File, want string) {
	t.Helper()
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range a.Files {
		if f.Name == "want" {
			want = string(f.Data)
			continue
		}
		files = append(files, File{Name: f.Name, Data: f.Data})
	}
	return a, files, want
}

func archives(t testing.TB, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: %v, %d files", pattern, err, len(paths))
	}
	return paths
}

// TestParseRefuses holds every refusal with its message, line and column.
func TestParseRefuses(t *testing.T) {
	for _, path := range archives(t, "testdata/bad/*.txtar") {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, files, want := archive(t, path)
			got, err := Parse(files)
			if err == nil || got != nil {
				t.Fatalf("Parse = %v, %v; want an error and nothing else", got, err)
			}
			if !errors.Is(err, trucewatch.ErrInvalid) {
				t.Errorf("%v does not wrap trucewatch.ErrInvalid", err)
			}
			text := err.Error() + "\n"
			if *update {
				a.Files[len(a.Files)-1].Data = []byte(text)
				if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if text != want {
				t.Errorf("Parse:\n%swant:\n%s", text, want)
			}
		})
	}
}
