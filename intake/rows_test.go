// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/trucewatch/trucewatch"
	"pgregory.net/rapid"
)

// dump writes rows as "line[cell|cell]" and refused ones as "line!reason".
func dump(t testing.TB, r io.Reader) string {
	t.Helper()
	rows, err := NewRows(r, ',')
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for {
		row, err := rows.Next()
		if err != nil {
			t.Fatal(err)
		}
		if row == nil {
			return strings.TrimSpace(b.String())
		}
		if row.Err != nil {
			fmt.Fprintf(&b, "%d!%v ", row.Line, row.Err)
		} else {
			fmt.Fprintf(&b, "%d[%s] ", row.Line, strings.Join(row.Cells, "|"))
		}
	}
}

func TestRows(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "a,b\nc,d\n", "1[a|b] 2[c|d]"},
		{"no line end at the end", "a,b\nc,d", "1[a|b] 2[c|d]"},
		{"byte order mark and CRLF", "\xEF\xBB\xBFa,b\r\nc,\"d\"\r\n", "1[a|b] 2[c|d]"},
		{"blank lines keep the numbers", "a\n\n\r\nb\n", "1[a] 4[b]"},
		{"empty cells", ",\n\"\",x\n", "1[|] 2[|x]"},
		{"quoted line end", "\"a\nb\",c\nd,e\n", "1[a\nb|c] 3[d|e]"},
		{"doubled quote", "\"a \"\"b\"\"\",c\n", `1[a "b"|c]`},
		{"stray quote refuses its line alone", "5\" gun,a\nb,c\n", "1!a quote inside a cell that does not begin with one, at byte 2 of the row 2[b|c]"},
		{"text behind a quote", "\"a\"b,c\nd,e\n", "1!text behind a closing quote, at byte 4 of the row 2[d|e]"},
		{"open quote refuses its line alone", "a,\"b\nc,d\ne,f\n", "1!the quote at byte 3 of the row is not closed 2[c|d] 3[e|f]"},
		{"broken UTF-8", "ab\xff,c\nd,e\n", "1!not UTF-8 at byte 3 of the row 2[d|e]"},
		{"broken UTF-8 in quotes", "\"a\n\xff\",c\nd,e\n", "1!not UTF-8 at byte 4 of the row 3[d|e]"},
		{"empty", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := dump(t, strings.NewReader(tt.in)); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
			if got := dump(t, iotest.OneByteReader(strings.NewReader(tt.in))); got != tt.want {
				t.Errorf("byte by byte: %q, want %q", got, tt.want)
			}
		})
	}
}

// What encoding/csv writes is read back, however it is cut into reads.
func TestRowsReadWhatCSVWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cell := rapid.StringOf(rapid.SampledFrom([]rune{'a', 'ж', '"', ',', '\n', ' ', ';'}))
		want := rapid.SliceOfN(rapid.SliceOfN(cell, 2, 5), 0, 20).Draw(t, "rows")
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		w.UseCRLF = rapid.Bool().Draw(t, "crlf")
		// With CRLF the writer turns a line feed inside a cell into CRLF, which is another cell.
		if w.UseCRLF {
			for _, row := range want {
				for i := range row {
					row[i] = strings.ReplaceAll(row[i], "\n", " ")
				}
			}
		}
		if err := w.WriteAll(want); err != nil {
			t.Fatal(err)
		}
		rows, err := NewRows(iotest.HalfReader(&b), ',')
		if err != nil {
			t.Fatal(err)
		}
		for _, cells := range want {
			row, err := rows.Next()
			if err != nil || row == nil || row.Err != nil || !slices.Equal(row.Cells, cells) {
				t.Fatalf("%+v %v, want %q", row, err, cells)
			}
		}
		if row, err := rows.Next(); row != nil || err != nil {
			t.Fatalf("%+v %v behind the last row", row, err)
		}
	})
}

// A line of 50 MiB is refused in bounded memory, and the next has its number.
func TestLongLineIsSkipped(t *testing.T) {
	const long = 50 << 20
	in := io.MultiReader(strings.NewReader("a,b\n"), io.LimitReader(endless('x'), long), strings.NewReader("\nc,d\n"))
	rows, err := NewRows(in, ',')
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rows.Next(); err != nil {
		t.Fatal(err)
	}
	row, err := rows.Next()
	if err != nil || row.Line != 2 || row.Err == nil || !strings.Contains(row.Err.Error(), "longer than 1048576 bytes") {
		t.Fatalf("%+v %v", row, err)
	}
	if cap(rows.buf) > 4*RowMaxBytes {
		t.Errorf("buffer of %d bytes", cap(rows.buf))
	}
	r := row.Reject(row.Err)
	h := sha256.New()
	io.Copy(h, io.LimitReader(endless('x'), long))
	if r.RowHash != trucewatch.Hash(h.Sum(nil)) || len(r.Row) != trucewatch.TextMaxBytes {
		t.Errorf("hash %v, %d bytes kept", r.RowHash, len(r.Row))
	}
	if row, err = rows.Next(); err != nil || row.Line != 3 || row.Cells[1] != "d" {
		t.Errorf("%+v %v", row, err)
	}
}

type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

func TestRowAtTheLimit(t *testing.T) {
	for _, tt := range []struct {
		n  int
		ok bool
	}{{RowMaxBytes, true}, {RowMaxBytes + 1, false}} {
		for _, cell := range []string{strings.Repeat("x", tt.n), `"` + strings.Repeat("x", tt.n-2) + `"`} {
			rows, err := NewRows(strings.NewReader(cell+"\n"), ',')
			if err != nil {
				t.Fatal(err)
			}
			if row, err := rows.Next(); err != nil || (row.Err == nil) != tt.ok {
				t.Errorf("%d bytes: %v %v", tt.n, row.Err, err)
			}
		}
	}
	many := strings.Repeat(",", CellsMax-1)
	if got := dump(t, strings.NewReader(many+"\n")); strings.Contains(got, "!") {
		t.Error("a row of CellsMax cells is refused")
	}
	for _, row := range []string{many + ",", `"a"` + many + ","} {
		if got := dump(t, strings.NewReader(row+"\n")); !strings.Contains(got, "1!more than 1024 cells") {
			t.Errorf("%.80s", got)
		}
	}
}

// An open quote in the first row must not hide the million rows behind it, nor
// take time with the square of their number.
func TestOpenQuoteHidesNothing(t *testing.T) {
	in := "\"a,b\n" + strings.Repeat("c,d\n", 1_000_000)
	rows, err := NewRows(strings.NewReader(in), ',')
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for row, err := rows.Next(); row != nil; row, err = rows.Next() {
		if err != nil {
			t.Fatal(err)
		}
		if row.Err == nil {
			n++
		}
	}
	if n != 1_000_000 {
		t.Errorf("%d rows, not 1000000", n)
	}
}

func TestInputUnpacksGzip(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	fmt.Fprint(z, "a,b\n")
	z.Close()
	if got := dump(t, &b); got != "1[a|b]" {
		t.Error(got)
	}
	if _, err := NewRows(strings.NewReader("\x1f\x8bno gzip"), ','); err == nil {
		t.Error("a broken gzip head is accepted")
	}
	b.Reset()
	z = gzip.NewWriter(&b)
	fmt.Fprint(z, strings.Repeat("a,b\n", 1000))
	z.Close()
	rows, err := NewRows(bytes.NewReader(b.Bytes()[:b.Len()-12]), ',')
	for err == nil {
		var row *Row
		if row, err = rows.Next(); row == nil && err == nil {
			t.Fatal("a torn gzip file is accepted")
		}
	}
}

func TestInputEndsAtItsLimit(t *testing.T) {
	in, err := NewInput(endless('\n'))
	if err != nil {
		t.Fatal(err)
	}
	in.left = 1000
	n, err := io.Copy(io.Discard, in)
	if n != 1000 || err == nil || !strings.Contains(err.Error(), "more than 4294967296 bytes") {
		t.Errorf("%d bytes, %v", n, err)
	}
}

func TestBind(t *testing.T) {
	columns := []Column{{"a", "", true}, {"b", "", false}}
	for _, tt := range []struct{ header, want string }{
		{"a,b", ""}, {"b,a", ""}, {"a", ""}, {" a ,b", ""},
		{"b", `header: column "a" is missing; expected a,[b]; found b`},
		{"a,c", `header: unknown column "c"; expected a,[b]; found a,c`},
		{"a,a", `header: column "a" is there twice; expected a,[b]; found a,a`},
	} {
		_, err := Bind(columns, strings.Split(tt.header, ","))
		if got := fmt.Sprint(err); (tt.want == "") != (err == nil) || err != nil && got != tt.want {
			t.Errorf("Bind(%q): %v, want %s", tt.header, err, tt.want)
		}
	}
}

func TestKey(t *testing.T) {
	// Written out by hand: two lengths of 8 bytes, big endian, and the occurrence.
	want := sha256.Sum256([]byte("\x00\x00\x00\x00\x00\x00\x00\x01s\x00\x00\x00\x00\x00\x00\x00\x02ab\x00\x00\x00\x00\x00\x00\x00\x03"))
	if got := Key("s", []byte("ab"), 3); got != trucewatch.ContentKey(want) {
		t.Errorf("%v, want %x", got, want)
	}
	if Key("sa", []byte("b"), 0) == Key("s", []byte("ab"), 0) {
		t.Error("two lists of parts share a key")
	}
}

// Any rows give distinct keys in one file, and the same keys when read again.
func TestKeyer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOf(rapid.SliceOfN(rapid.SampledFrom([]string{"", "a", "ab", "b"}), 2, 2)).Draw(t, "rows")
		first, again, other := NewKeyer("s"), NewKeyer("s"), NewKeyer("t")
		seen := map[trucewatch.ContentKey]bool{}
		for _, row := range rows {
			k := first.Cells(row)
			if seen[k] {
				t.Fatalf("%q: its key was there before", row)
			}
			seen[k] = true
			if again.Cells(row) != k || other.Cells(row) == k {
				t.Fatalf("%q: another key when read again, or the same from another source", row)
			}
		}
		for _, id := range []string{"", "a", "ab"} {
			k := first.Native(id)
			if seen[k] {
				t.Fatalf("native ID %q has the key of a row", id)
			}
			if first.Native(id) != k {
				t.Fatalf("native ID %q has another key when it comes again", id)
			}
		}
	})
}

func TestPreview(t *testing.T) {
	f := Format{Parse: func(o Options, r io.Reader, emit func(trucewatch.Submission) error) error {
		return EachRow(o, []Column{{"a", "", true}}, r, emit, func(h *Header, row *Row) (trucewatch.Submission, error) {
			if h.Cell(row, 0) == "bad" {
				return trucewatch.Submission{}, fmt.Errorf("no good")
			}
			return trucewatch.Submission{Tally: &trucewatch.Tally{Claimant: h.Cell(row, 0)}}, nil
		})
	}}
	in := "a\nx\nbad\ny\n"
	rows, err := Preview(f, Options{}, strings.NewReader(in), 2)
	if err != nil || len(rows) != 2 || rows[0].Tally.Claimant != "x" || rows[1].Rejection.Reason != "no good" || rows[1].Rejection.Line != 3 {
		t.Errorf("%+v %v", rows, err)
	}
	if rows, err = Preview(f, Options{}, strings.NewReader(in), 10); err != nil || len(rows) != 3 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	if _, err = Preview(f, Options{File: "f.csv"}, strings.NewReader("b\n"), 10); err == nil || !strings.HasPrefix(err.Error(), "f.csv: header: ") {
		t.Error(err)
	}
}
