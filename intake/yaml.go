// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
	"go.yaml.in/yaml/v4"
)

// YAMLMaxBytes is the size of the largest YAML file that is read.
const YAMLMaxBytes = 64 << 20

// A Doc is a place in a YAML document: a scalar, a list or a mapping. Its errors
// begin with file, line and column.
type Doc struct {
	file string
	n    *yaml.Node
}

// yamlMarksMax bounds how many characters of a YAML file may part its values. Each
// value takes some 500 bytes in memory, so that 4 MiB of "a,a," would take 1 GiB.
// Guess: the largest example has 2,178. Test: TestHostileFiles.
const yamlMarksMax = 1 << 18

// ParseYAML reads one YAML document strictly: a second document, anchors,
// aliases and explicit tags are refused, because they hide what a reader sees.
func ParseYAML(file string, data []byte) (Doc, error) {
	if len(data) > YAMLMaxBytes {
		return Doc{}, fmt.Errorf("%s: %d bytes, more than %d", file, len(data), YAMLMaxBytes)
	}
	marks := 0
	for _, c := range data {
		if c == ',' || c == ':' || c == '[' || c == '{' || c == '-' || c == '\n' || c == '?' {
			marks++
		}
	}
	if marks > yamlMarksMax {
		return Doc{}, fmt.Errorf("%s: more than %d values: split the file", file, yamlMarksMax)
	}
	dec := yaml.NewDecoder(strings.NewReader(string(data)))
	var root, second yaml.Node
	if err := dec.Decode(&root); err != nil {
		return Doc{}, yamlError(file, err)
	}
	if len(root.Content) != 1 {
		return Doc{}, fmt.Errorf("%s:1:1: nothing in it", file)
	}
	if err := dec.Decode(&second); !errors.Is(err, io.EOF) {
		return Doc{}, fmt.Errorf("%s: more than one YAML document", file)
	}
	d := Doc{file: file, n: root.Content[0]}
	return d, d.plain()
}

func yamlError(file string, err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%s:1:1: nothing in it", file)
	}
	var at *yaml.LoadError
	if errors.As(err, &at) {
		return fmt.Errorf("%s:%d:%d: %s", file, max(at.Mark.Line, 1), max(at.Mark.Column, 1), at.Message)
	}
	return fmt.Errorf("%s: %w", file, err)
}

// plain refuses what is not a plain scalar, list or mapping.
func (d Doc) plain() error {
	n := d.n
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		return d.Errorf("anchors and aliases are not allowed")
	case n.Style&yaml.TaggedStyle != 0:
		return d.Errorf("tags are not allowed")
	}
	for _, c := range n.Content {
		if err := (Doc{d.file, c}).plain(); err != nil {
			return err
		}
	}
	return nil
}

// Errorf returns an error that begins with d's file, line and column.
func (d Doc) Errorf(format string, args ...any) error {
	return fmt.Errorf("%s:%d:%d: %w", d.file, d.n.Line, d.n.Column, fmt.Errorf(format, args...))
}

// Line is the line of d in its file, 1-based.
func (d Doc) Line() int { return d.n.Line }

// IsText, IsList and IsMap say what d is.
func (d Doc) IsText() bool { return d.n != nil && d.n.Kind == yaml.ScalarNode }

// IsList says whether d is a list.
func (d Doc) IsList() bool { return d.n != nil && d.n.Kind == yaml.SequenceNode }

// IsMap says whether d is a mapping.
func (d Doc) IsMap() bool { return d.n != nil && d.n.Kind == yaml.MappingNode }

// Exists says whether d is there at all: the zero Doc is a key that is not.
func (d Doc) Exists() bool { return d.n != nil }

// Text returns the words of a scalar, empty for the zero Doc and for null.
func (d Doc) Text() (string, error) {
	switch {
	case !d.Exists() || d.IsText() && d.n.ShortTag() == "!!null":
		return "", nil
	case !d.IsText():
		return "", d.Errorf("a list or mapping where text was expected")
	}
	return d.n.Value, nil
}

// Bool returns true or false, false for the zero Doc.
func (d Doc) Bool() (bool, error) {
	s, err := d.Text()
	switch {
	case err != nil:
		return false, err
	case s == "true":
		return true, nil
	case s == "false" || s == "":
		return false, nil
	}
	return false, d.Errorf("%q is neither true nor false", trucewatch.CutText(s, 40))
}

// List returns the elements of a list, none for the zero Doc.
func (d Doc) List() ([]Doc, error) {
	if !d.Exists() {
		return nil, nil
	}
	if !d.IsList() {
		return nil, d.Errorf("not a list")
	}
	var out []Doc
	for _, c := range d.n.Content {
		out = append(out, Doc{d.file, c})
	}
	return out, nil
}

// Texts returns the elements of a list of scalars.
func (d Doc) Texts() ([]string, error) {
	docs, err := d.List()
	var out []string
	for _, e := range docs {
		s, err := e.Text()
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, err
}

// A Fields is a mapping whose keys are all known.
type Fields map[string]Doc

// Fields returns the values of a mapping by key. A key that is not known, and
// one that is there twice, is an error.
func (d Doc) Fields(known ...string) (Fields, error) {
	if !d.IsMap() {
		return nil, d.Errorf("not a mapping with keys %s", strings.Join(known, ", "))
	}
	out := Fields{}
	for i := 0; i+1 < len(d.n.Content); i += 2 {
		key := Doc{d.file, d.n.Content[i]}
		name, err := key.Text()
		switch {
		case err != nil:
			return nil, err
		case !slices.Contains(known, name):
			return nil, key.Errorf("unknown key %q; expected %s", trucewatch.CutText(name, 80), strings.Join(known, ", "))
		case out[name].Exists():
			return nil, key.Errorf("key %q is there twice", name)
		}
		out[name] = Doc{d.file, d.n.Content[i+1]}
	}
	return out, nil
}

// Pairs returns the keys and scalar values of a mapping in their order.
func (d Doc) Pairs() (pairs [][2]string, err error) {
	if !d.IsMap() {
		return nil, d.Errorf("not a mapping")
	}
	for i := 0; i+1 < len(d.n.Content); i += 2 {
		key, err := Doc{d.file, d.n.Content[i]}.Text()
		if err != nil {
			return nil, err
		}
		value, err := Doc{d.file, d.n.Content[i+1]}.Text()
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(pairs, func(p [2]string) bool { return p[0] == key }) {
			return nil, Doc{d.file, d.n.Content[i]}.Errorf("key %q is there twice", trucewatch.CutText(key, 80))
		}
		pairs = append(pairs, [2]string{key, value})
	}
	return pairs, nil
}
