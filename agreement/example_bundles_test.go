// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"io/fs"
	"os"
	"testing"
)

// bundle reads a folder of the repository as a bundle.
func bundle(t *testing.T, dir string) []File {
	t.Helper()
	var files []File
	root := os.DirFS(dir)
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(root, name)
		files = append(files, File{Name: name, Data: data})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func parseFolder(t *testing.T, dir string) *Agreement {
	t.Helper()
	a, err := Parse(bundle(t, dir))
	if err != nil {
		t.Fatalf("Parse(%s):\n%v", dir, err)
	}
	return a
}

func TestExamplesParse(t *testing.T) {
	for _, dir := range []string{
		"../examples/agreements/line-2026",
		"../examples/easter-truces/agreements/easter-2025",
		"../examples/easter-truces/agreements/easter-2026",
		"../examples/measures-2020/agreement",
	} {
		t.Run(dir, func(t *testing.T) {
			a := parseFolder(t, dir)
			for _, c := range a.Clauses() {
				t.Logf("%-28s %v %s | %s", c.ID, c.Judged, c.Text, c.Why)
			}
		})
	}
}
