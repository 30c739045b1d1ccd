// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"fmt"
	"io"

	"github.com/trucewatch/trucewatch"
)

// EachRow reads a CSV file with a header of the given columns, hands each row to
// read and emits what comes back. A row for which read returns an error is
// emitted as a Rejection, and reading goes on.
func EachRow(o Options, columns []Column, r io.Reader, emit func(trucewatch.Submission) error,
	read func(*Header, *Row) (trucewatch.Submission, error)) error {
	rows, err := NewRows(r, ',')
	if err != nil {
		return fmt.Errorf("%s: %w", o.Name(), err)
	}
	header, err := readHeader(rows, columns)
	if err != nil {
		return fmt.Errorf("%s: %w", o.Name(), err)
	}
	for {
		row, err := rows.Next()
		if err != nil {
			return fmt.Errorf("%s: %w", o.Name(), err)
		}
		if row == nil {
			return nil
		}
		var s trucewatch.Submission
		err = header.Check(row)
		if err == nil {
			s, err = read(header, row)
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

func readHeader(rows *Rows, columns []Column) (*Header, error) {
	first, err := rows.Next()
	switch {
	case err != nil:
		return nil, err
	case first == nil:
		return nil, fmt.Errorf("header: the file is empty; expected %s", Names(columns))
	case first.Err != nil:
		return nil, fmt.Errorf("header: %w", first.Err)
	}
	return Bind(columns, first.Cells)
}
