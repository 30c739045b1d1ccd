// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/tools/txtar"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/judge/attribution"
)

// TestEveryWordInEveryLanguage: each fixed word has its translation, with as many
// blanks, and no language has words that another lacks.
func TestEveryWordInEveryLanguage(t *testing.T) {
	for key, text := range english.words {
		for name, in := range map[string]*tongue{"uk": &ukrainian, "ru": &russian} {
			if got, ok := in.words[key]; !ok || strings.Count(got, "%s") != strings.Count(text, "%s") {
				t.Errorf("%s: %q is %q", name, key, got)
			}
		}
	}
	uk, ru := slices.Sorted(maps.Keys(ukrainian.words)), slices.Sorted(maps.Keys(russian.words))
	if !slices.Equal(uk, ru) {
		t.Error("Ukrainian and Russian do not have the same words")
	}
	for _, language := range Languages() {
		if tongueOf(language) == &english && language != "en" {
			t.Errorf("%s has no tongue", language)
		}
	}
}

// TestEverySentenceInEveryLanguage: each sentence of this package and of
// attribution is told, with each of its blanks once, and none is told twice.
func TestEverySentenceInEveryLanguage(t *testing.T) {
	all := slices.Compact(slices.Sorted(slices.Values(append(declared(t), attribution.Templates()...))))
	for name, in := range map[string]*tongue{"uk": &ukrainian, "ru": &russian} {
		for _, s := range all {
			i := slices.IndexFunc(in.told, func(x told) bool { return x.english == s })
			if i < 0 {
				t.Errorf("%s: %q is not told", name, s)
				continue
			}
			for n := range strings.Count(s, "%s") {
				if strings.Count(in.told[i].text, "{"+strconv.Itoa(n+1)+"}") != 1 {
					t.Errorf("%s: %q: blank %d does not stand once in %q", name, s, n+1, in.told[i].text)
				}
			}
		}
	}
	for _, s := range sentences() {
		if !slices.Contains(all, s) {
			t.Errorf("sentences lists %q, which is none", s)
		}
	}
}

// declared are the sentences that the package's source declares.
func declared(t *testing.T) []string {
	var out []string
	for _, file := range []string{"sentences.go", "aggravate.go"} {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			v, ok := n.(*ast.ValueSpec)
			if !ok || len(v.Values) != 1 {
				return true
			}
			if l, is := v.Values[0].(*ast.BasicLit); is && l.Kind == token.STRING {
				s, err := strconv.Unquote(l.Value)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, s)
				if !slices.Contains(sentences(), s) {
					t.Errorf("sentences does not list %s", v.Names[0])
				}
			}
			return true
		})
	}
	return out
}

// TestNothingStaysEnglish tells every finding of the archives in every language:
// each reason and each change comes out in its letters.
func TestNothingStaysEnglish(t *testing.T) {
	a := wholeAgreement(t)
	files, err := filepath.Glob("testdata/cases/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i := 1; i+1 < len(archive.Files); i += 2 {
			p := newPlay(t, a)
			for line := range strings.Lines(string(archive.Files[i].Data)) {
				if fields := tokens(line); len(fields) > 0 {
					p.line(fields)
				}
			}
			for _, f := range p.found() {
				for _, language := range []string{"uk", "ru"} {
					checkTold(t, tongueOf(language), &f)
				}
			}
		}
	}
}

func checkTold(t *testing.T, in *tongue, f *trucewatch.Finding) {
	t.Helper()
	texts := append(slices.Clone(f.WouldChange), f.Aggravated...)
	texts = append(texts, f.Attribution.Basis...)
	var walk func([]trucewatch.Reason)
	walk = func(reasons []trucewatch.Reason) {
		for _, r := range reasons {
			texts = append(texts, r.Text)
			walk(r.Because)
		}
	}
	walk(f.Reasons)
	for _, s := range texts {
		got := in.sentence(s)
		short := strings.Contains(s, " × ") || strings.Contains(s, "of other party:") || strings.Contains(s, "commission entry:")
		if !short && !strings.ContainsFunc(got, func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) }) {
			t.Errorf("%q stays %q", s, got)
		}
		if strings.Contains(got, "{") {
			t.Errorf("%q leaves a blank: %q", s, got)
		}
	}
}
