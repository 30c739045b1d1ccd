// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/trucewatch/trucewatch"
)

// A keptRow is a line of rejected/<hash of the file>.jsonl: a refused row as it
// was. JSON holds only UTF-8, so other bytes stand in base 64.
type keptRow struct {
	File   string `json:"file"`
	Line   int64  `json:"line"`
	Reason string `json:"reason"`
	Row    string `json:"row,omitempty"`
	Bytes  []byte `json:"row_base64,omitempty"`
	// Whole is the hash of the whole row, where only its beginning is kept.
	Whole *trucewatch.Hash `json:"row_hash,omitempty"`
}

func keptRowOf(file string, r trucewatch.Rejection) keptRow {
	k, row := keptRow{File: file, Line: r.Line, Reason: r.Reason}, r.Row
	if sha256.Sum256(row) != r.RowHash {
		k.Whole = &r.RowHash
		for n := 1; n < utf8.UTFMax && n <= len(row) && !utf8.Valid(row); n++ {
			if short := r.Row[:len(r.Row)-n]; utf8.Valid(short) { // the cut went through a character
				row = short
			}
		}
	}
	if utf8.Valid(row) {
		k.Row = string(row)
	} else {
		k.Bytes = row
	}
	return k
}

// A rejectedRow names a row of a file that the record says was rejected.
type rejectedRow struct {
	line int64
	row  trucewatch.Hash
}

// name returns which row k claims to be. Of a row that was cut there is only the
// stated hash to go by, and so its length must be that of a cut row.
func (k *keptRow) name() rejectedRow {
	row := k.Bytes
	if row == nil {
		row = []byte(k.Row)
	}
	if k.Whole != nil && len(row) > trucewatch.TextMaxBytes-utf8.UTFMax {
		return rejectedRow{k.Line, *k.Whole}
	}
	return rejectedRow{k.Line, sha256.Sum256(row)}
}

// keptLineMax is the longest line that is read: a row of TextMaxBytes, each byte
// of it written as six, with its reason and file.
const keptLineMax = 16 * trucewatch.TextMaxBytes

// CheckRejected holds the rows that the record names as rejected to what is kept
// of them, one file at a time, and returns what is wrong and how many files
// there are.
func (w *Walk) CheckRejected() (problems []string, files int) {
	names := make([]trucewatch.Hash, 0, len(w.rejected))
	for file := range w.rejected {
		names = append(names, file)
	}
	slices.SortFunc(names, func(a, b trucewatch.Hash) int { return strings.Compare(a.String(), b.String()) })
	for _, file := range names {
		name := file.String() + ".jsonl"
		missing, err := missingRows(filepath.Join(w.copy.Dir, "rejected", name), w.rejected[file])
		if err != nil {
			problems = append(problems, fmt.Sprintf("rejected/%s: %v", name, err))
			continue
		}
		for _, r := range missing {
			problems = append(problems, fmt.Sprintf("rejected/%s: the row of line %d that the record says was rejected is missing or was changed", name, r.line))
		}
	}
	return problems, len(names)
}

// missingRows returns the rows that the file does not hold, by their lines.
func missingRows(path string, rows []rejectedRow) ([]rejectedRow, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("the rejected rows of this file are missing")
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	have := map[rejectedRow]bool{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, keptLineMax)
	for lines.Scan() {
		var k keptRow
		if json.Unmarshal(lines.Bytes(), &k) != nil {
			continue // a line that a crash cut, or one that somebody changed: its row is missing then
		}
		have[k.name()] = true
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	missing := slices.DeleteFunc(slices.Clone(rows), func(r rejectedRow) bool { return have[r] })
	slices.SortFunc(missing, func(a, b rejectedRow) int { return cmp.Compare(a.line, b.line) })
	return missing, nil
}
