// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/trucewatch/trucewatch"
)

// Limits of what is read.
const (
	// RowMaxBytes is the length of the longest row that is taken.
	RowMaxBytes = 1 << 20
	// CellsMax is how many cells a row may have.
	CellsMax = 1024
	// PlainMaxBytes is how much a compressed file may unpack to. Reading streams,
	// so the limit guards time and not memory.
	PlainMaxBytes = 4 << 30
	// PackedRatioMax is how often its own size a compressed file may unpack to, past
	// the first PackedFreeBytes. A bomb of gzip unpacks 1,000 to 1 (RFC 1951, 3.2.5),
	// and each of its rows would be kept as rejected.
	// Guess: rows of sensors pack 10 to 30 to 1. Test: the files of a mission.
	PackedRatioMax  = 200
	PackedFreeBytes = 16 << 20
)

// ErrBomb says that a compressed file was made to exhaust this machine.
var ErrBomb = errors.New("the file unpacks to more than a file of rows does: unpack it yourself and look at it")

// ErrRow is wrapped by the reasons for which one row is refused.
var ErrRow = errors.New("row refused")

// A Row is one row of a file.
type Row struct {
	Line  int64    // of the file, where the row begins, 1-based
	Cells []string // valid until the next call of Next
	Raw   []byte   // as it stood, without its line end; valid until the next call of Next
	Err   error    // why the row cannot be read; Cells is then empty
	hash  *trucewatch.Hash
}

// Reject returns row as a rejection for the given reason.
func (row *Row) Reject(reason error) *trucewatch.Rejection {
	r := &trucewatch.Rejection{Line: row.Line, Reason: trucewatch.CutText(strings.ToValidUTF8(reason.Error(), "\uFFFD"), trucewatch.TextMaxBytes)}
	if row.hash != nil {
		r.RowHash = *row.hash
	} else {
		r.RowHash = sha256.Sum256(row.Raw)
	}
	r.Row = bytes.Clone(row.Raw[:min(len(row.Raw), trucewatch.TextMaxBytes)])
	return r
}

// A counter counts the bytes read from the file as it lies on disk.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// An Input is a file, unpacked if it was compressed, that knows how far it has
// been read.
type Input struct {
	file  *counter
	plain io.Reader
	left  int64 // of PlainMaxBytes
	gzip  bool
}

// NewInput returns the plain bytes of r, which may be packed by gzip (RFC 1952),
// known by its first two bytes.
func NewInput(r io.Reader) (*Input, error) {
	in := &Input{file: &counter{r: r}, left: PlainMaxBytes}
	head := make([]byte, 2)
	n, err := io.ReadFull(in.file, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, err
	}
	whole := io.MultiReader(bytes.NewReader(head[:n]), in.file)
	in.plain = whole
	if n == 2 && head[0] == 0x1f && head[1] == 0x8b {
		if in.plain, err = gzip.NewReader(whole); err != nil {
			return nil, fmt.Errorf("gzip: %w", err)
		}
		in.gzip = true
	}
	return in, nil
}

// Offset returns how many bytes of the file, as it lies on disk, were read.
func (in *Input) Offset() int64 { return in.file.n }

// Read reads plain bytes, PlainMaxBytes at most, and no bomb: ErrBomb.
func (in *Input) Read(p []byte) (int, error) {
	if in.left <= 0 {
		return 0, fmt.Errorf("more than %d bytes, from %d bytes read", int64(PlainMaxBytes), in.file.n)
	}
	n, err := in.plain.Read(p[:min(int64(len(p)), in.left)])
	in.left -= int64(n)
	if plain := PlainMaxBytes - in.left; in.gzip && plain > PackedFreeBytes && plain/PackedRatioMax > in.file.n {
		return n, fmt.Errorf("%w: %d bytes so far, from %d", ErrBomb, plain, in.file.n)
	}
	return n, err
}

// Rows reads lines, or the rows of a CSV file (RFC 4180), in bounded memory. A
// byte order mark and both line ends are accepted, blank lines are skipped.
//
// A row with broken quotes is refused as its first line alone, and reading goes
// on with the next line: one stray quote must not swallow the rest of a file.
type Rows struct {
	in    *Input
	comma byte // 0: lines, not split
	buf   []byte
	pos   int // of the next row in buf
	end   int // of what was read into buf
	eof   bool
	line  int64 // of the next row
	row   Row
}

// NewRows reads the rows of a CSV file whose cells are parted by comma.
func NewRows(r io.Reader, comma byte) (*Rows, error) {
	in, err := NewInput(r)
	if err != nil {
		return nil, err
	}
	rows := &Rows{in: in, comma: comma, buf: make([]byte, 1<<16), line: 1}
	if err := rows.fill(3); err != nil {
		return nil, err
	}
	if bytes.HasPrefix(rows.buf[:rows.end], []byte("\xEF\xBB\xBF")) {
		rows.pos = 3
	}
	return rows, nil
}

// NewLines reads lines that are not split into cells: each row has one.
func NewLines(r io.Reader) (*Rows, error) { return NewRows(r, 0) }

// Offset returns how many bytes of the file were read.
func (r *Rows) Offset() int64 { return r.in.Offset() }

// fill reads until the buffer holds n bytes from pos on, or the file ends.
func (r *Rows) fill(n int) error {
	for !r.eof && r.end-r.pos < n {
		if r.pos > 0 {
			copy(r.buf, r.buf[r.pos:r.end])
			r.end, r.pos = r.end-r.pos, 0
		}
		if r.end == len(r.buf) {
			r.buf = append(r.buf, make([]byte, len(r.buf))...)
		}
		m, err := r.in.Read(r.buf[r.end:])
		r.end += m
		if err == io.EOF {
			r.eof = true
		} else if err != nil {
			return err
		}
	}
	return nil
}

// Next returns the next row, nil at the end of the file. An error is of the
// file; what is wrong with one row is in its Err.
func (r *Rows) Next() (*Row, error) {
	for {
		line, err := r.readLine()
		if err != nil || line < 0 {
			return nil, err
		}
		raw := trimCR(r.buf[r.pos : r.pos+line])
		r.row = Row{Line: r.line, Raw: raw, Cells: r.row.Cells[:0]}
		switch {
		case line > RowMaxBytes:
			return &r.row, r.skip()
		case len(raw) == 0:
			r.advance(line)
			continue
		case r.comma != 0 && bytes.IndexByte(raw, '"') >= 0:
			if err := r.quoted(line); err != nil {
				return nil, err
			}
		default:
			r.advance(line)
			r.split()
		}
		if at := invalidUTF8(r.row.Raw); r.row.Err == nil && at >= 0 {
			r.refuse("not UTF-8 at byte %d of the row", at+1)
		}
		return &r.row, nil
	}
}

// readLine returns the length of the line at pos without its line feed; more
// than RowMaxBytes if it is longer than that; -1 at the end of the file.
func (r *Rows) readLine() (int, error) {
	seen := 0
	for {
		if i := bytes.IndexByte(r.buf[r.pos+seen:r.end], '\n'); i >= 0 {
			return seen + i, nil
		}
		seen = r.end - r.pos
		if r.eof {
			if seen == 0 {
				return -1, nil
			}
			return seen, nil
		}
		if seen > RowMaxBytes {
			return seen, nil
		}
		if err := r.fill(seen + 1); err != nil {
			return 0, err
		}
	}
}

// advance goes behind n bytes and the line feed after them.
func (r *Rows) advance(n int) {
	r.pos = min(r.pos+n+1, r.end)
	r.line++
}

// skip leaves out the line at pos, which is too long, and refuses it. It keeps
// the first bytes and the hash of all.
func (r *Rows) skip() error {
	head := bytes.Clone(r.buf[r.pos:min(r.end, r.pos+trucewatch.TextMaxBytes)])
	h := sha256.New()
	for {
		if i := bytes.IndexByte(r.buf[r.pos:r.end], '\n'); i >= 0 {
			h.Write(r.buf[r.pos : r.pos+i])
			r.advance(i)
			break
		}
		h.Write(r.buf[r.pos:r.end])
		r.pos = r.end
		if r.eof {
			r.line++
			break
		}
		if err := r.fill(1); err != nil {
			return err
		}
	}
	r.row.Raw, r.row.hash = head, sum(h)
	r.refuse("longer than %d bytes", RowMaxBytes)
	return nil
}

func sum(h hash.Hash) *trucewatch.Hash {
	return (*trucewatch.Hash)(h.Sum(nil))
}

func (r *Rows) refuse(format string, args ...any) {
	r.row.Err, r.row.Cells = fmt.Errorf(format, args...), nil
}

// split cuts a row without quotes.
func (r *Rows) split() {
	s := string(r.row.Raw)
	if r.comma == 0 {
		r.row.Cells = append(r.row.Cells, s)
		return
	}
	for {
		i := strings.IndexByte(s, r.comma)
		if i < 0 || len(r.row.Cells) == CellsMax {
			break
		}
		r.row.Cells = append(r.row.Cells, s[:i])
		s = s[i+1:]
	}
	if len(r.row.Cells) == CellsMax {
		r.refuse("more than %d cells", CellsMax)
		return
	}
	r.row.Cells = append(r.row.Cells, s)
}

// quoted cuts a row with quotes, whose first line is first bytes long.
func (r *Rows) quoted(first int) error {
	cells := r.row.Cells
	at, fault := 0, ""
	for fault == "" && len(cells) < CellsMax {
		cell, next, more, err := r.cell(at)
		switch {
		case err != nil && !errors.Is(err, ErrRow):
			return err
		case err != nil:
			fault = strings.TrimPrefix(err.Error(), ErrRow.Error()+": ")
			continue
		}
		cells = append(cells, cell)
		if more {
			at = next
			continue
		}
		r.row.Raw, r.row.Cells = trimCR(r.buf[r.pos:r.pos+next]), cells
		feeds := bytes.Count(r.row.Raw, []byte{'\n'})
		r.advance(next)
		r.line += int64(feeds)
		return nil
	}
	if fault == "" {
		fault = fmt.Sprintf("more than %d cells", CellsMax)
	}
	r.row.Raw = trimCR(r.buf[r.pos : r.pos+first])
	r.advance(first)
	r.refuse("%s", fault)
	return nil
}

// byteAt returns the byte i behind pos, reading on if needed, and false at the
// end of the file. A row that grows beyond RowMaxBytes is refused.
func (r *Rows) byteAt(i int) (byte, bool, error) {
	if i > RowMaxBytes {
		return 0, false, fmt.Errorf("%w: a quote is not closed within %d bytes", ErrRow, RowMaxBytes)
	}
	if r.pos+i >= r.end {
		if err := r.fill(i + 1); err != nil {
			return 0, false, err
		}
		if r.pos+i >= r.end {
			return 0, false, nil
		}
	}
	return r.buf[r.pos+i], true, nil
}

// cell reads the cell at offset at of the row. It returns its text, the offset
// behind it, and whether another cell follows; if none does, the offset is that
// of the row's end.
func (r *Rows) cell(at int) (text string, next int, more bool, err error) {
	b, ok, err := r.byteAt(at)
	if err != nil {
		return "", 0, false, err
	}
	if ok && b == '"' {
		return r.quotedCell(at + 1)
	}
	for i := at; ; i++ {
		b, ok, err := r.byteAt(i)
		switch {
		case err != nil:
			return "", 0, false, err
		case !ok || b == '\n':
			return string(trimCR(r.buf[r.pos+at : r.pos+i])), i, false, nil
		case b == r.comma:
			return string(r.buf[r.pos+at : r.pos+i]), i + 1, true, nil
		case b == '"':
			return "", 0, false, fmt.Errorf("%w: a quote inside a cell that does not begin with one, at byte %d of the row", ErrRow, i+1)
		}
	}
}

// quotedCell reads on behind the opening quote.
func (r *Rows) quotedCell(at int) (text string, next int, more bool, err error) {
	var out []byte
	for i := at; ; i++ {
		b, ok, err := r.byteAt(i)
		if err != nil {
			return "", 0, false, err
		}
		if !ok {
			return "", 0, false, fmt.Errorf("%w: the quote at byte %d of the row is not closed", ErrRow, at)
		}
		if b != '"' {
			out = append(out, b)
			continue
		}
		b, ok, err = r.byteAt(i + 1)
		if err == nil && ok && b == '\r' {
			if after, there, err2 := r.byteAt(i + 2); err2 == nil && (!there || after == '\n') {
				return string(out), i + 2, false, nil
			}
		}
		switch {
		case err != nil:
			return "", 0, false, err
		case !ok || b == '\n':
			return string(out), i + 1, false, nil
		case b == r.comma:
			return string(out), i + 2, true, nil
		case b != '"':
			return "", 0, false, fmt.Errorf("%w: text behind a closing quote, at byte %d of the row", ErrRow, i+2)
		}
		out = append(out, '"')
		i++
	}
}

func trimCR(b []byte) []byte { return bytes.TrimSuffix(b, []byte{'\r'}) }

// invalidUTF8 returns the offset of the first byte that is not UTF-8, -1 if
// there is none.
func invalidUTF8(b []byte) int {
	if utf8.Valid(b) {
		return -1
	}
	for i := 0; i < len(b); {
		c, n := utf8.DecodeRune(b[i:])
		if c == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}
