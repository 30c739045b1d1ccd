// SPDX-License-Identifier: Apache-2.0

package agreement

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/trucewatch/trucewatch"
)

const (
	depthMax = 12      // the format nests 6 deep
	nodesMax = 400_000 // of one file
	idMax    = 64      // bytes of an identifier
)

// A reader collects problems while a bundle is read. Everything that can be
// checked in place is checked in place; what refers to another part of the text
// waits in later until all parts are read.
type reader struct {
	a        *Agreement
	files    []File // sorted by name
	problems []*Problem
	later    []func()

	edits [][][]edit // of questions, by question and reading

	// The nodes of the parts, parallel to the agreement's lists, for problems that
	// show only when all is read. ruleNodes has nil for an act without a rule.
	ruleNodes, questionNodes, obligationNodes, ceilingNodes, aggravationNodes []*yaml.Node
	lineNodes, weaponNodes, zoneNodes, bodyNodes, actNodes, exemptionNodes    []*yaml.Node
	clockNodes                                                                []*yaml.Node

	top      *yaml.Node
	rowLines map[rowKey]int // line of a register's row
}

// A rowKey names a row of a register.
type rowKey struct{ file, id string }

func (r *reader) problem(file string, line, column int, format string, args ...any) {
	r.problems = append(r.problems, &Problem{File: file, Line: line, Column: column, Message: fmt.Sprintf(format, args...)})
}

func (r *reader) errorf(n *yaml.Node, format string, args ...any) {
	r.problem(MainFile, n.Line, n.Column, format, args...)
}

// marksMax bounds how many characters of the main file may part its values: each
// value takes some 500 bytes in memory before any is looked at.
// Guess: the largest example has 2,178. Test: TestHostileFiles of the program.
const marksMax = 1 << 18

// root reads the main file into its top node, nil after a problem.
func (r *reader) root(data []byte) *yaml.Node {
	marks := 0
	for _, c := range data {
		if c == ',' || c == ':' || c == '[' || c == '{' || c == '-' || c == '\n' || c == '?' {
			marks++
		}
	}
	if marks > marksMax {
		r.problem(MainFile, 1, 1, "more than %d values", marksMax)
		return nil
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, second yaml.Node
	err := dec.Decode(&doc)
	if errors.Is(err, io.EOF) {
		r.problem(MainFile, 1, 1, "the file is empty")
		return nil
	}
	if err == nil && dec.Decode(&second) != io.EOF {
		r.problem(MainFile, max(second.Line, 1), max(second.Column, 1), "a second document; an agreement is one")
		return nil
	}
	if err != nil {
		line, column, cause := 1, 1, err.Error()
		if e := (*yaml.LoadError)(nil); errors.As(err, &e) {
			line, column, cause = max(e.Mark.Line, 1), max(e.Mark.Column, 1), e.Message
		}
		r.problem(MainFile, line, column, "not YAML: %s", strings.TrimPrefix(cause, "yaml: "))
		return nil
	}
	nodes := 0
	if len(doc.Content) != 1 || !r.plain(doc.Content[0], 0, &nodes) {
		return nil
	}
	return doc.Content[0]
}

// plain refuses what could make a text mean something else than it seems to:
// anchors and aliases (which also multiply), tags, and deep nesting.
func (r *reader) plain(n *yaml.Node, depth int, nodes *int) bool {
	*nodes++
	switch {
	case depth > depthMax:
		r.errorf(n, "nested deeper than %d", depthMax)
		return false
	case *nodes > nodesMax:
		r.errorf(n, "more than %d values", nodesMax)
		return false
	case n.Kind == yaml.AliasNode:
		r.errorf(n, "alias *%s: write the value out", n.Value)
		return false
	case n.Anchor != "":
		r.errorf(n, "anchor &%s: write each value out", n.Anchor)
		return false
	case n.Style&yaml.TaggedStyle != 0:
		r.errorf(n, "tag %s: tags are not used", n.Tag)
		return false
	}
	for _, c := range n.Content {
		if !r.plain(c, depth+1, nodes) {
			return false
		}
	}
	return true
}

// A take reads one value.
type take func(n *yaml.Node)

// A field is one key that a mapping may have.
type field struct {
	key  string
	need bool
	take take
}

func need(key string, t take) field { return field{key, true, t} }
func may(key string, t take) field  { return field{key, false, t} }

// object reads a mapping with a closed set of keys.
func (r *reader) object(fields ...field) take {
	return func(n *yaml.Node) {
		seen := make([]string, 0, len(fields))
		if !r.entries(n, func(key, value *yaml.Node) {
			i := slices.IndexFunc(fields, func(f field) bool { return f.key == key.Value })
			if i < 0 {
				r.errorf(key, "unknown key %q%s", clip(key.Value), suggest(key.Value, fields))
				return
			}
			seen = append(seen, key.Value)
			fields[i].take(value)
		}) {
			return
		}
		for _, f := range fields {
			if f.need && !slices.Contains(seen, f.key) {
				r.errorf(n, "key %q is missing", f.key)
			}
		}
	}
}

// entries reads a mapping with free keys, in the order of the text, and says
// whether it was one.
func (r *reader) entries(n *yaml.Node, each func(key, value *yaml.Node)) bool {
	if n.Kind != yaml.MappingNode {
		r.errorf(n, "%s where keys and values are wanted", kindOf(n))
		return false
	}
	if len(n.Content) > 2*trucewatch.ListMax {
		r.errorf(n, "%d keys, more than %d", len(n.Content)/2, trucewatch.ListMax)
		return false
	}
	seen := make(map[string]bool, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case key.Kind != yaml.ScalarNode:
			r.errorf(key, "%s as a key", kindOf(key))
		case seen[key.Value]:
			r.errorf(key, "key %q stands twice", clip(key.Value))
		default:
			seen[key.Value] = true
			each(key, value)
		}
	}
	return true
}

// list reads a sequence.
func (r *reader) list(each take) take {
	return func(n *yaml.Node) {
		if n.Kind != yaml.SequenceNode {
			r.errorf(n, "%s where a list is wanted", kindOf(n))
			return
		}
		if len(n.Content) > trucewatch.ListMax {
			r.errorf(n, "a list of %d, more than %d", len(n.Content), trucewatch.ListMax)
			return
		}
		for _, c := range n.Content {
			each(c)
		}
	}
}

// some reads one value or a list of values.
func (r *reader) some(each take) take {
	return func(n *yaml.Node) {
		if n.Kind == yaml.SequenceNode {
			if len(n.Content) == 0 {
				r.errorf(n, "an empty list")
			}
			r.list(each)(n)
			return
		}
		each(n)
	}
}

// orNull lets a value be null, which leaves it unset.
func orNull(t take) take {
	return func(n *yaml.Node) {
		if n.ShortTag() != "!!null" {
			t(n)
		}
	}
}

// scalar returns the text of a string.
func (r *reader) scalar(n *yaml.Node) (string, bool) {
	switch {
	case n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" && n.ShortTag() != "!!timestamp":
		r.errorf(n, "%s where text is wanted%s", kindOf(n), quoteHint(n))
	case n.Value == "":
		r.errorf(n, "empty text")
	case len(n.Value) > trucewatch.TextMaxBytes || !utf8.ValidString(n.Value):
		r.errorf(n, "text longer than %d bytes, or not UTF-8", trucewatch.TextMaxBytes)
	default:
		return n.Value, true
	}
	return "", false
}

// text reads any text.
func text[T ~string](r *reader, to *T) take {
	return func(n *yaml.Node) {
		if s, ok := r.scalar(n); ok {
			*to = T(s)
		}
	}
}

// id reads an identifier: letters, digits, "_", "-" and ".".
func id[T ~string](r *reader, to *T) take {
	return func(n *yaml.Node) {
		if s, ok := r.scalar(n); ok && r.identifier(n, s) {
			*to = T(s)
		}
	}
}

// ids reads one identifier or a list of different ones.
func ids[T ~string](r *reader, to *[]T) take {
	return r.some(func(n *yaml.Node) {
		var one T
		id(r, &one)(n)
		switch {
		case one == "":
		case slices.Contains(*to, one):
			r.errorf(n, "%q stands twice", one)
		default:
			*to = append(*to, one)
		}
	})
}

func (r *reader) identifier(n *yaml.Node, s string) bool {
	odd := strings.IndexFunc(s, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.')
	})
	if odd >= 0 || len(s) > idMax || s == "" {
		r.errorf(n, "%q is not an identifier: up to %d of letters, digits, _ - .", clip(s), idMax)
		return false
	}
	return true
}

// texts reads one text or a list of texts.
func texts(r *reader, to *[]string) take {
	return r.some(func(n *yaml.Node) {
		if s, ok := r.scalar(n); ok {
			*to = append(*to, s)
		}
	})
}

// word reads one of a closed set.
func word[T ~string](r *reader, to *T, of ...T) take {
	return func(n *yaml.Node) {
		s, ok := r.scalar(n)
		if !ok {
			return
		}
		if !slices.Contains(of, T(s)) {
			r.errorf(n, "%q is not %s", clip(s), choice(s, of))
			return
		}
		*to = T(s)
	}
}

// words reads one or several of a closed set.
func words[T ~string](r *reader, to *[]T, of ...T) take {
	return r.some(func(n *yaml.Node) {
		var one T
		word(r, &one, of...)(n)
		switch {
		case one == "":
		case slices.Contains(*to, one):
			r.errorf(n, "%q stands twice", one)
		default:
			*to = append(*to, one)
		}
	})
}

// flag reads true or false.
func (r *reader) flag(to *bool) take {
	return func(n *yaml.Node) {
		if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" || n.Value != "true" && n.Value != "false" {
			r.errorf(n, "%s where true or false is wanted", kindOf(n))
			return
		}
		*to = n.Value == "true"
	}
}

// instant reads a time with an offset.
func (r *reader) instant(to *trucewatch.Instant) take {
	return func(n *yaml.Node) {
		s, ok := r.scalar(n)
		if !ok {
			return
		}
		if err := to.UnmarshalText([]byte(s)); err != nil || *to <= 0 {
			r.errorf(n, "time %q is not RFC 3339 with an offset, such as 2026-04-12T06:40:00Z or 2026-04-12T09:40:00+03:00: local times are not guessed", clip(s))
			*to = 0
		}
	}
}

func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "keys and values"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.ShortTag() {
	case "!!null":
		return "nothing (null)"
	case "!!int", "!!float":
		return fmt.Sprintf("the number %s", clip(n.Value))
	case "!!bool":
		return fmt.Sprintf("the truth value %s", n.Value)
	}
	return fmt.Sprintf("the text %q", clip(n.Value))
}

func quoteHint(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode && n.ShortTag() != "!!null" {
		return fmt.Sprintf(": write %q in quotes", clip(n.Value))
	}
	return ""
}

// clip shortens a value for a message.
func clip(s string) string {
	const most = 60
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}

// choice writes "one of a, b, c (did you mean b?)"; of a long vocabulary only
// the nearest word.
func choice[T ~string](s string, of []T) string {
	const most = 12
	if len(of) > most {
		return fmt.Sprintf("one of the %d words that may stand here%s", len(of), nearest(s, of))
	}
	return "one of " + enumerate(of) + nearest(s, of)
}

func enumerate[T ~string](of []T) string {
	var b strings.Builder
	for i, w := range of {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(string(w))
	}
	return b.String()
}

func suggest(key string, fields []field) string {
	keys := make([]string, 0, len(fields))
	for _, f := range fields {
		keys = append(keys, f.key)
	}
	return nearest(key, keys)
}

// nearest returns " (did you mean x?)" if one of the words is at most two
// letters away.
func nearest[T ~string](s string, of []T) string {
	best, bestDistance := "", 3
	for _, w := range of {
		if d := editDistance(s, string(w)); d < bestDistance && d < len(w) {
			best, bestDistance = string(w), d
		}
	}
	if best == "" {
		return ""
	}
	return " (did you mean " + best + "?)"
}

// editDistance is Levenshtein's, and 3 for words too long to be meant.
func editDistance(a, b string) int {
	if len(a) > idMax || len(b) > idMax {
		return 3
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		previous := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			previous, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, previous+cost)
		}
	}
	return row[len(b)]
}
