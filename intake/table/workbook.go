// SPDX-License-Identifier: Apache-2.0

package table

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/intake"
	"github.com/xuri/excelize/v2"
)

// Limits of a workbook.
const (
	workbookMaxBytes = 64 << 20  // as it lies on disk
	unpackedMaxBytes = 512 << 20 // all parts together
	partMaxBytes     = 256 << 20 // of one part; larger ones go to a temporary file
	// heldMaxBytes bounds a part other than a sheet: such as the texts that cells
	// share, which take up to twenty times as much in memory. Guess: 100,000 long
	// texts. Test: TestHostileFiles.
	heldMaxBytes = 16 << 20
)

// A workbook gives the rows of one sheet as cells of text.
type workbook struct {
	file     *excelize.File
	rows     *excelize.Rows
	date1904 bool
	dates    map[int]bool // columns, counted from 0, whose numbers are dates or times
	width    int          // of the header: a row's empty last cells are not stored
	line     int64
	size     int64
	row      intake.Row
	raw      bytes.Buffer
}

// openWorkbook opens the named sheet of an XLSX file, its first if the name is
// empty.
func openWorkbook(r io.Reader, sheet string) (*workbook, error) {
	data, err := io.ReadAll(io.LimitReader(r, workbookMaxBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > workbookMaxBytes {
		return nil, fmt.Errorf("workbook: more than %d bytes", workbookMaxBytes)
	}
	if err := checkParts(data); err != nil {
		return nil, err
	}
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{
		RawCellValue: true, UnzipSizeLimit: unpackedMaxBytes, UnzipXMLSizeLimit: partMaxBytes})
	if err != nil {
		return nil, fmt.Errorf("workbook: %w", err)
	}
	b := &workbook{file: f, size: int64(len(data))}
	if err := b.openSheet(sheet); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return b, nil
}

// checkParts refuses a workbook of which a part that is held in memory is too
// large. A part that unpacks to more than it announces is refused when it is read.
func checkParts(data []byte) error {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return fmt.Errorf("workbook: %w", err)
	}
	for _, part := range z.File {
		if !strings.HasPrefix(part.Name, "xl/worksheets/") && part.UncompressedSize64 > heldMaxBytes {
			return fmt.Errorf("workbook: %.80q unpacks to %d bytes, more than %d: save it as CSV", part.Name, part.UncompressedSize64, heldMaxBytes)
		}
	}
	return nil
}

func (b *workbook) openSheet(sheet string) error {
	names := b.file.GetSheetList()
	if sheet == "" && len(names) > 0 {
		sheet = names[0]
	}
	if !slices.Contains(names, sheet) {
		return fmt.Errorf("workbook: no sheet %q; there are %s", sheet, strings.Join(names, ", "))
	}
	props, err := b.file.GetWorkbookProps()
	if err != nil {
		return fmt.Errorf("workbook: %w", err)
	}
	b.date1904 = props.Date1904 != nil && *props.Date1904
	if b.rows, err = b.file.Rows(sheet); err != nil {
		return fmt.Errorf("workbook: sheet %q: %w", sheet, err)
	}
	return nil
}

// Close gives back what the workbook holds.
func (b *workbook) Close() error { return errors.Join(b.rows.Close(), b.file.Close()) }

// Offset is the whole file: a workbook is unpacked before its first row.
func (b *workbook) Offset() int64 { return b.size }

// Next returns the next row that is not empty, nil after the last.
func (b *workbook) Next() (*intake.Row, error) {
	for b.rows.Next() {
		b.line++
		cells, err := b.rows.Columns()
		if err != nil {
			return nil, fmt.Errorf("workbook: row %d: %w", b.line, err)
		}
		if strings.Join(cells, "") == "" {
			continue
		}
		if b.width == 0 {
			b.width = len(cells)
		}
		for len(cells) < b.width {
			cells = append(cells, "")
		}
		b.row = intake.Row{Line: b.line, Raw: b.bytes(cells)}
		if len(b.row.Raw) > intake.RowMaxBytes || len(cells) > intake.CellsMax {
			b.row.Err = fmt.Errorf("longer than %d bytes or %d cells", intake.RowMaxBytes, intake.CellsMax)
			return &b.row, nil
		}
		for i := range cells {
			if b.dates[i] {
				if cells[i], err = b.dateText(cells[i]); err != nil {
					b.row.Err = err
					return &b.row, nil
				}
			}
		}
		b.row.Cells = cells
		return &b.row, nil
	}
	if err := b.rows.Error(); err != nil {
		return nil, fmt.Errorf("workbook: row %d: %w", b.line+1, err)
	}
	return nil, nil
}

// bytes writes a row's cells parted by tabs, for its hash.
func (b *workbook) bytes(cells []string) []byte {
	b.raw.Reset()
	for i, c := range cells {
		if i > 0 {
			b.raw.WriteByte('\t')
		}
		b.raw.WriteString(c)
	}
	return b.raw.Bytes()
}

// dateText writes a date cell as it would stand in a CSV file: a number is days
// since the workbook's epoch, and below 1 a time of day. Text stays as it is.
func (b *workbook) dateText(cell string) (string, error) {
	days, err := strconv.ParseFloat(cell, 64)
	if err != nil {
		return cell, nil
	}
	// 60 is 29 February 1900, which did not exist, and no mission is so old.
	if days < 0 || days > 110_000 || days >= 1 && days <= 60 {
		return "", fmt.Errorf("date: %q is no date of this century", trucewatch.CutText(cell, 40))
	}
	t, err := excelize.ExcelDateToTime(days, b.date1904)
	if err != nil {
		return "", fmt.Errorf("date: %q: %w", trucewatch.CutText(cell, 40), err)
	}
	t = t.Round(time.Second)
	switch {
	case days < 1 && t.Second() == 0:
		return t.Format("15:04"), nil
	case days < 1:
		return t.Format("15:04:05"), nil
	case t.Hour()+t.Minute()+t.Second() == 0:
		return t.Format("2006-01-02"), nil
	}
	return t.Format("2006-01-02T15:04:05"), nil
}
