// SPDX-License-Identifier: Apache-2.0

// Package native reads JSON lines in trucewatch's own form: each line is one
// observation, or an object with one key, observation, tally, statement or
// notification, that holds the noun.
//
// A field that is not known, a key that stands twice in one object and a second
// value on a line refuse the line. The content key is made of native_id, else of
// the line's bytes. A key that stands in the file is not used: whoever wrote the
// file could otherwise claim the key of a row that another import will bring,
// and so keep that row out.
package native

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/intake"
)

// Format returns the format.
func Format() intake.Format { return intake.Format{Manifest: manifest(), Parse: Parse} }

func manifest() intake.Manifest {
	return intake.Manifest{
		Name: "native", Title: "trucewatch's own JSON lines", Provider: "trucewatch, or a program that writes its nouns",
		Licence: "as the source states", Units: "1e-7 degree, mm, microseconds", Frame: "WGS 84; times RFC 3339",
		Limits: "one line is one observation, tally, statement or notification",
		Columns: []intake.Column{
			{Name: "observation", Meaning: "an observation; a line without any of these keys is one itself"},
			{Name: "tally", Meaning: "a tally"},
			{Name: "statement", Meaning: "a statement"},
			{Name: "notification", Meaning: "a notification"},
		},
	}
}

// Parse reads a file; see the package comment.
func Parse(o intake.Options, r io.Reader, emit func(trucewatch.Submission) error) error {
	o, err := o.WithSource(manifest())
	if err != nil {
		return err
	}
	rows, err := intake.NewLines(r)
	if err != nil {
		return fmt.Errorf("%s: %w", o.Name(), err)
	}
	keys := intake.NewKeyer(o.Source.ID)
	for {
		row, err := rows.Next()
		if err != nil {
			return fmt.Errorf("%s: %w", o.Name(), err)
		}
		if row == nil {
			return nil
		}
		var s trucewatch.Submission
		if err = row.Err; err == nil {
			s, err = line(row.Raw, keys)
		}
		if err != nil {
			s = trucewatch.Submission{Rejection: row.Reject(err)}
		}
		s.Offset, s.Line, s.Row = rows.Offset(), row.Line, row.Raw
		if err := emit(s); err != nil {
			return err
		}
	}
}

// A wrapper is a line that names its noun.
type wrapper struct {
	Observation  *trucewatch.Observation  `json:"observation"`
	Tally        *trucewatch.Tally        `json:"tally"`
	Statement    *trucewatch.Statement    `json:"statement"`
	Notification *trucewatch.Notification `json:"notification"`
}

func line(raw []byte, keys *intake.Keyer) (trucewatch.Submission, error) {
	var s trucewatch.Submission
	names, err := checkKeys(raw)
	if err != nil {
		return s, err
	}
	if !slices.ContainsFunc(names, func(n string) bool {
		return n == "observation" || n == "tally" || n == "statement" || n == "notification"
	}) {
		var o trucewatch.Observation
		if err := decode(raw, &o); err != nil {
			return s, err
		}
		s.Observation = &o
	} else {
		var w wrapper
		if err := decode(raw, &w); err != nil {
			return s, err
		}
		s = trucewatch.Submission{Observation: w.Observation, Tally: w.Tally, Statement: w.Statement, Notification: w.Notification}
	}
	return s, finish(&s, raw, keys)
}

// finish gives the content key and checks the noun.
func finish(s *trucewatch.Submission, raw []byte, keys *intake.Keyer) error {
	set := func(key *trucewatch.ContentKey, id string) {
		if id != "" {
			*key = keys.Native(id)
			return
		}
		*key = keys.Bytes(raw)
	}
	n := 0
	var err error
	if o := s.Observation; o != nil {
		set(&o.Key, o.NativeID)
		n, err = n+1, o.Check()
	}
	if t := s.Tally; t != nil {
		set(&t.Key, t.NativeID)
		n, err = n+1, t.Check()
	}
	if st := s.Statement; st != nil {
		set(&st.Key, st.NativeID)
		n, err = n+1, st.Check()
	}
	if no := s.Notification; no != nil {
		set(&no.Key, no.ID)
		n, err = n+1, no.Check()
	}
	if n != 1 {
		return fmt.Errorf("the line holds %d of observation, tally, statement and notification, not one", n)
	}
	return err
}

func decode(raw []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return place(err, d)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("byte %d: more than one value on the line", d.InputOffset()+1)
	}
	return nil
}

// place says where in the line an error of JSON is.
func place(err error, d *json.Decoder) error {
	at := d.InputOffset()
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		at = syntax.Offset
	case errors.As(err, &kind):
		return fmt.Errorf("byte %d: field %s: a JSON %s where %s was expected", kind.Offset, kind.Field, kind.Value, kind.Type)
	}
	return fmt.Errorf("byte %d: %w", at, err)
}

// Limits of a line's objects: how deep, and how many keys each. The nouns need 6
// and 19.
const (
	depthMax = 32
	keysMax  = 64
)

// checkKeys returns the keys of the line's object and refuses a key that stands
// twice in any object: two readers would see two values.
func checkKeys(raw []byte) ([]string, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	var top []string
	type level struct {
		object bool
		seen   []string
		key    bool // the next token is a key
	}
	var stack []level
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) && stack == nil && top == nil {
			return nil, errors.New("not a JSON object")
		}
		if err != nil {
			return nil, place(err, d)
		}
		delim, isDelim := token.(json.Delim)
		if len(stack) == 0 && delim != '{' {
			return nil, errors.New("not a JSON object")
		}
		switch {
		case isDelim && (delim == '{' || delim == '['):
			if len(stack) == depthMax {
				return nil, fmt.Errorf("byte %d: nested deeper than %d", d.InputOffset(), depthMax)
			}
			stack = append(stack, level{object: delim == '{', key: delim == '{'})
			continue
		case isDelim:
			if top = stack[0].seen; len(stack) == 1 {
				return top, nil
			}
			stack = stack[:len(stack)-1]
		}
		l := &stack[len(stack)-1]
		if !l.object {
			continue
		}
		if l.key && !isDelim {
			name := token.(string)
			// The decoder takes KIND for kind, and so there could be two of it.
			if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_0123456789") != "" {
				return nil, fmt.Errorf("byte %d: key %q is not in lower case", d.InputOffset(), trucewatch.CutText(name, 80))
			}
			if slices.Contains(l.seen, name) {
				return nil, fmt.Errorf("byte %d: key %q is there twice", d.InputOffset(), trucewatch.CutText(name, 80))
			}
			if len(l.seen) == keysMax {
				return nil, fmt.Errorf("byte %d: more than %d keys in one object", d.InputOffset(), keysMax)
			}
			l.seen = append(l.seen, name)
		}
		l.key = !l.key || isDelim
	}
}
