// SPDX-License-Identifier: Apache-2.0

package trucewatch_test

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

// sources returns the text of all test files and scripts.
func sources(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, "_test.go") {
			return err
		}
		b, err := os.ReadFile(name)
		all.Write(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// documents returns the Markdown files by name.
func documents(t *testing.T) map[string]string {
	t.Helper()
	docs := map[string]string{}
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".md" {
			return err
		}
		b, err := os.ReadFile(name)
		docs[name] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return docs
}

// TestDocumentsNameTestsThatExist: a promise in a document names its test, and
// the test must be there.
func TestDocumentsNameTestsThatExist(t *testing.T) {
	code := sources(t)
	named := regexp.MustCompile(`\b(Test|Fuzz)[A-Z]\w+`)
	for name, text := range documents(t) {
		for _, test := range named.FindAllString(text, -1) {
			if !strings.Contains(code, "func "+test+"(") {
				t.Errorf("%s names %s, which does not exist", name, test)
			}
		}
	}
}

// TestLinksLead: every relative link of a document leads to a file.
func TestLinksLead(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)\)`)
	for name, text := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(path.Join(path.Dir(name), m[1])); err != nil {
				t.Errorf("%s: the link to %s leads nowhere", name, m[1])
			}
		}
	}
}

// TestReadmeIsShort holds the README to what a newcomer reads in one sitting.
func TestReadmeIsShort(t *testing.T) {
	const linesMax = 150
	if n := strings.Count(documents(t)["README.md"], "\n"); n > linesMax {
		t.Errorf("README.md has %d lines, more than %d", n, linesMax)
	}
}
