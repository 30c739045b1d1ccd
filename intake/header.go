// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"fmt"
	"strings"

	"github.com/trucewatch/trucewatch"
)

// A Header says where in a file's rows the columns of a format stand.
type Header struct {
	at    []int // by column of the manifest; -1 if the file has none
	width int
}

// Bind finds the columns of a format in the file's first row. A column that the
// format does not know, one that is there twice, and a missing column that it
// requires are errors.
func Bind(columns []Column, first []string) (*Header, error) {
	h := &Header{at: make([]int, len(columns)), width: len(first)}
	for i := range h.at {
		h.at[i] = -1
	}
	var faults []string
	for at, name := range first {
		switch i := indexOf(columns, strings.TrimSpace(name)); {
		case i < 0:
			faults = append(faults, fmt.Sprintf("unknown column %q", trucewatch.CutText(name, 80)))
		case h.at[i] >= 0:
			faults = append(faults, fmt.Sprintf("column %q is there twice", name))
		default:
			h.at[i] = at
		}
	}
	for i, c := range columns {
		if c.Required && h.at[i] < 0 {
			faults = append(faults, fmt.Sprintf("column %q is missing", c.Name))
		}
	}
	if faults == nil {
		return h, nil
	}
	return nil, fmt.Errorf("header: %s; expected %s; found %s", strings.Join(faults, ", "), Names(columns), trucewatch.CutText(strings.Join(first, ","), 400))
}

// Names writes columns as one line, optional ones in brackets.
func Names(columns []Column) string {
	var names []string
	for _, c := range columns {
		if c.Required {
			names = append(names, c.Name)
		} else {
			names = append(names, "["+c.Name+"]")
		}
	}
	return strings.Join(names, ",")
}

func indexOf(columns []Column, name string) int {
	for i, c := range columns {
		if c.Name == name {
			return i
		}
	}
	return -1
}

// Has says whether the file has the manifest's column i.
func (h *Header) Has(i int) bool { return h.at[i] >= 0 }

// Cell returns the trimmed cell of the manifest's column i, empty if the file
// does not have that column.
func (h *Header) Cell(row *Row, i int) string {
	if h.at[i] < 0 {
		return ""
	}
	return strings.TrimSpace(row.Cells[h.at[i]])
}

// Check refuses a row that does not have as many cells as the header.
func (h *Header) Check(row *Row) error {
	if row.Err != nil {
		return row.Err
	}
	if len(row.Cells) != h.width {
		return fmt.Errorf("%d cells, where the header has %d", len(row.Cells), h.width)
	}
	return nil
}

// Index returns where the manifest's column i stands in the file, -1 if it does
// not.
func (h *Header) Index(i int) int { return h.at[i] }
