// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"bytes"
	"fmt"
	"io"

	"github.com/trucewatch/trucewatch"
)

// A YAMLList is a YAML file whose root is a list, each element one row.
type YAMLList struct {
	docs   []Doc
	lines  [][]byte
	offset int64
}

// ReadYAMLList reads a file, packed or not, of YAMLMaxBytes at most.
func ReadYAMLList(o Options, r io.Reader) (*YAMLList, error) {
	in, err := NewInput(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.Name(), err)
	}
	data, err := io.ReadAll(io.LimitReader(in, YAMLMaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.Name(), err)
	}
	data = bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF"))
	d, err := ParseYAML(o.Name(), data)
	if err != nil {
		return nil, err
	}
	docs, err := d.List()
	if err != nil {
		return nil, err
	}
	return &YAMLList{docs: docs, lines: bytes.Split(data, []byte{'\n'}), offset: in.Offset()}, nil
}

// Each hands each element to read and emits what comes back. An element for
// which read returns an error is emitted as a Rejection.
func (l *YAMLList) Each(emit func(trucewatch.Submission) error, read func(Doc) (trucewatch.Submission, error)) error {
	for i, d := range l.docs {
		from, till := d.Line()-1, len(l.lines)
		if i+1 < len(l.docs) {
			till = max(l.docs[i+1].Line()-1, from+1) // several elements may share a line
		}
		row := Row{Line: int64(d.Line()), Raw: bytes.Join(l.lines[from:till], []byte{'\n'})}
		s, err := read(d)
		if err != nil {
			s = trucewatch.Submission{Rejection: row.Reject(err)}
		}
		s.Offset, s.Line, s.Row = l.offset, row.Line, row.Raw
		if err := emit(s); err != nil {
			return err
		}
	}
	return nil
}

// Interval reads a time as ParseInstants does, or {from: , till: }; zero for a
// key that is not there.
func (d Doc) Interval(z Zone) (trucewatch.Interval, error) {
	if d.IsMap() {
		f, err := d.Fields("from", "till")
		if err != nil {
			return trucewatch.Interval{}, err
		}
		from, err := f["from"].Interval(z)
		if err != nil {
			return trucewatch.Interval{}, err
		}
		till, err := f["till"].Interval(z)
		return trucewatch.Interval{From: from.From, Till: till.Till}, err
	}
	s, err := d.Text()
	if err != nil || s == "" {
		return trucewatch.Interval{}, err
	}
	v, err := ParseInstants(s, z)
	if err != nil {
		return v, d.Errorf("%w", err)
	}
	return v, nil
}
