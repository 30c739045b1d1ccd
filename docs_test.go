// SPDX-License-Identifier: Apache-2.0

package trucewatch_test

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
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

// TestEverySymptomIsPlayed: each row of operations.md and promises.md says which
// test or script plays it, and what it quotes is what the program says.
func TestEverySymptomIsPlayed(t *testing.T) {
	played := regexp.MustCompile(`\bTest[A-Z]\w+|\.txtar\)`)
	quoted := regexp.MustCompile("`([^`]+)`")
	// What the operating system says, names of ours in configuration, and commands.
	foreign := regexp.MustCompile(`^(no space left on device|read-only file system|verify|\\u.*|trucewatch_\w+)$`)
	program := programText(t)
	docs := documents(t)
	rows := 0
	for _, name := range []string{"docs/operations.md", "docs/promises.md"} {
		for line := range strings.Lines(docs[name]) {
			cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
			if name == "docs/operations.md" && len(cells) != 4 || name == "docs/promises.md" && !strings.HasPrefix(line, "| I") && !strings.HasPrefix(line, "| | ") {
				continue
			}
			if cells[0] == " what you see" || strings.HasPrefix(strings.TrimSpace(cells[0]), "---") || strings.Contains(line, "| Promise |") || strings.TrimSpace(line) == "| | |" {
				continue
			}
			rows++
			if !played.MatchString(cells[len(cells)-1]) && !played.MatchString(line) {
				t.Errorf("%s: no test plays %s", name, line)
			}
			if name != "docs/operations.md" {
				continue
			}
			for _, m := range quoted.FindAllStringSubmatch(cells[0], -1) {
				for _, part := range strings.Split(m[1], "...") {
					if part = strings.TrimSpace(part); len(part) > 3 && !foreign.MatchString(part) && !strings.Contains(program, part) {
						t.Errorf("%s quotes %q, which the program does not say", name, part)
					}
				}
			}
		}
	}
	if rows < 50 {
		t.Errorf("%d rows were found: the test sees nothing", rows)
	}
}

// recordAttacks are the attacks that a record of many parties must be held to, and
// for each the words of docs/attacks.md that begin its row, in order of that page.
//
// Source: the attack table of the record's design, and its traps in libraries.
var recordAttacks = []struct{ attack, row string }{
	{"flip a bit of an entry", "flip a bit of an entry"},
	{"delete, insert, reorder history", "delete, insert or reorder entries"},
	{"rollback", "roll back"},
	{"split view by size or root", "show two parties two records"},
	{"stale frozen view", "show an old record for ever"},
	{"drop witnesses, edit note, sign twice", "take cosignatures away, edit a note, sign twice"},
	{"crash, torn write", "pull the plug, kill the process, tear a write"},
	{"findings altered after the fact", "change findings after the fact"},
	{"one organisation, two names", "one organisation under two names"},
	{"party vetoes by silence", "a party vetoes by silence"},
	{"later cosignatures dropped", "a quorum that is met at once"},
	{"witness amnesia", "a witness that lost its state"},
	{"time from a signature that has none", "a time is read from a signature that has none"},
	{"operator withholds a submission", "the operator withholds a submission"},
	{"device equivocates", "a device equivocates"},
	{"forge or replay another log's entry", "forge an entry, or replay one of another log"},
	{"use of a revoked key", "use a key that was ended"},
	{"malleable encoding", "write one entry in two encodings"},
	{"coerced officer", "coerce an officer"},
	{"flood of entries", "flood the record from one key"},
	{"entry beyond the format", "an entry larger than the log's format takes"},
	{"backdating", "date back, or ahead"},
	{"guess a hidden position", "guess a hidden position"},
	{"false opening, swapped field or entry", "false opening; swapped field or entry"},
	{"box altered, swapped, other content", "box altered, swapped, with other content"},
	{"silent destruction of evidence", "destroy evidence silently"},
	{"\"erased\" but kept", "say \"erased\" and keep"},
	{"traffic analysis of the public log", "read the traffic of the tree"},
	{"malicious verifier build", "a malicious build of the verifier"},
}

// TestEveryAttackIsPlayed: each row of attacks.md names a test or script that plays
// it, and none of the attacks on the record has lost its row.
func TestEveryAttackIsPlayed(t *testing.T) {
	played := regexp.MustCompile("\\b(Test|Fuzz)[A-Z]\\w+|\\bscript `")
	var rows []string
	for line := range strings.Lines(documents(t)["docs/attacks.md"]) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "| "), " | ")
		if !strings.HasPrefix(line, "| ") || cells[0] == "attack" || cells[0] == "---" {
			continue
		}
		if len(cells) != 3 || !played.MatchString(cells[2]) {
			t.Errorf("docs/attacks.md: no test plays %s", line)
		}
		rows = append(rows, cells[0])
	}
	for _, a := range recordAttacks {
		i := slices.IndexFunc(rows, func(row string) bool { return strings.HasPrefix(row, a.row) })
		if i < 0 {
			t.Errorf("docs/attacks.md: no row for %q, or it is before that of another attack", a.attack)
			continue
		}
		rows = rows[i+1:]
	}
}

// programText is the text of all files of the program, without tests.
func programText(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	if err := fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return err
		}
		b, err := os.ReadFile(name)
		all.Write(b)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return all.String()
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
