// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trucewatch/trucewatch"
)

// nouns are lines of a native file, one of each noun, all of one identifier's
// form. Each holds the words CONTENT and its times NOW.
var nouns = map[string]string{
	"observation": `{"native_id":"ID","kind":"explosion","means":"heard","count":{"value":1,"qualifier":"exact"},` +
		`"where":{"region":{"kind":"ellipse","center":{"lat_e7":-460000000,"lon_e7":-1270000000},"semi_major_mm":100000,"semi_minor_mm":100000}},` +
		`"when":{"from":"NOW","till":"NOW"},"text":"CONTENT"}`,
	"tally": `{"tally":{"native_id":"ID","claimant":"Staff of Party A","window":{"from":"2026-01-09T00:00:00Z","till":"NOW"},"category":"shellings",` +
		`"count":{"value":4,"qualifier":"exact","unit":"party_a/shelling"},"text":"CONTENT"}}`,
	"statement": `{"statement":{"native_id":"ID","speaker":"Spokesperson of Party A","said_at":{"from":"NOW","till":"NOW"},"text":"CONTENT"}}`,
	"notification": `{"notification":{"id":"ID","exemption":"X5","by":"A","notified_at":"NOW","window":{"from":"2026-03-01T00:00:00Z","till":"2026-03-02T00:00:00Z"},` +
		`"text":"CONTENT"}}`,
}

func nounLine(noun, id string, now trucewatch.Instant, content string) string {
	return strings.NewReplacer("ID", id, "NOW", now.String(), "CONTENT", content).Replace(nouns[noun]) + "\n"
}

// lastRejected returns what the last entry of the record says was rejected.
func lastRejected(t *testing.T, m *Mission) []trucewatch.Rejection {
	t.Helper()
	all, _ := entriesOf(t, m.dir)
	b := all[len(all)-1].Body.Payload.Observations
	if b == nil {
		t.Fatalf("the last entry is of type %s", all[len(all)-1].Body.Type)
	}
	return b.Rejected
}

// TestCorrectionsAreNotDropped: whatever the noun, a known identifier with other
// content is rejected with its line and row, and with the same content repeated.
func TestCorrectionsAreNotDropped(t *testing.T) {
	for noun := range nouns {
		t.Run(noun, func(t *testing.T) {
			m := live(t)
			now := at(t, began) + trucewatch.Hour
			if r := read(t, m, file(t, "a.jsonl", nounLine(noun, "x-1", now, "first")), now); r.Recorded != 1 {
				t.Fatalf("%+v", r)
			}
			again, err := Open(m.dir) // what is known comes from the record alone
			if err != nil {
				t.Fatal(err)
			}
			corrected := nounLine(noun, "x-1", now, "corrected")
			r := read(t, again, file(t, "b.jsonl", nounLine(noun, "x-1", now, "first"), corrected), now)
			if r.Recorded != 0 || r.Repeated != 1 || r.Rejected != 1 {
				t.Fatalf("%+v", r)
			}
			rejected := lastRejected(t, again)
			want := trucewatch.Rejection{Line: 2, Reason: `identifier "x-1" was recorded before with other content: give a correction its own identifier`,
				RowHash: sha256.Sum256([]byte(strings.TrimSpace(corrected)))}
			if len(rejected) != 1 || rejected[0].Line != want.Line || rejected[0].Reason != want.Reason || rejected[0].RowHash != want.RowHash {
				t.Errorf("%+v, want %+v", rejected, want)
			}
			mustBeSound(t, m.dir)
		})
	}
}

// TestOneIdentifierTwiceInAFile: equal content is a repetition, other content is
// refused with both lines; whether or not the first was appended already.
func TestOneIdentifierTwiceInAFile(t *testing.T) {
	for noun := range nouns {
		for _, between := range []int{0, 400} { // 400 fill more than one entry
			t.Run(fmt.Sprintf("%s, %d rows between", noun, between), func(t *testing.T) {
				m := live(t)
				now := at(t, began) + trucewatch.Hour
				first := nounLine(noun, "x-1", now, "first")
				lines := []string{nounLine(noun, "x-0", now, "other"), first}
				for i := range between {
					lines = append(lines, row(i, now-trucewatch.Hour))
				}
				lines = append(lines, first, nounLine(noun, "x-1", now, "corrected"))
				r := read(t, m, file(t, "a.jsonl", lines...), now)
				if r.Recorded != int64(between)+2 || r.Repeated != 1 || r.Rejected != 1 {
					t.Fatalf("%+v", r)
				}
				all, _ := entriesOf(t, m.dir)
				var rejected []trucewatch.Rejection
				for _, e := range all {
					if b := e.Body.Payload.Observations; b != nil {
						rejected = append(rejected, b.Rejected...)
					}
				}
				if len(rejected) != 1 || rejected[0].Line != int64(between)+4 || !strings.Contains(rejected[0].Reason, "other content (line 2 of this file)") {
					t.Errorf("%+v", rejected)
				}
			})
		}
	}
}

// TestFutureIsRefused: of every noun, but a notice's window may lie ahead.
func TestFutureIsRefused(t *testing.T) {
	for noun := range nouns {
		t.Run(noun, func(t *testing.T) {
			m := live(t)
			now := at(t, began) + trucewatch.Hour
			limit := now + trucewatch.FutureToleranceS*trucewatch.Second
			if noun == "tally" {
				limit += dateEnd // a window that was given as a date
			}
			r := read(t, m, file(t, "a.jsonl", nounLine(noun, "x-1", limit, "tolerated"), nounLine(noun, "x-2", limit+1, "ahead")), now)
			if r.Recorded != 1 || r.Rejected != 1 {
				t.Fatalf("%+v", r)
			}
			if noun == "tally" || noun == "statement" {
				ahead := strings.Replace(nounLine(noun, "x-3", now, "ahead"), `"text"`, `"reported_at":"2026-02-01T00:00:00Z","text"`, 1)
				if r := read(t, m, file(t, "b.jsonl", ahead), now); r.Rejected != 1 || !strings.HasPrefix(lastRejected(t, m)[0].Reason, "it lies in the future: 2026-02-01T00:00:00Z") {
					t.Errorf("reported in the future: %+v", r)
				}
			}
			if noun == "statement" {
				ahead := strings.Replace(nounLine(noun, "x-4", now, "ahead"), `"text"`, `"published_at":{"from":"2026-02-01T00:00:00Z","till":"2026-02-02T00:00:00Z"},"text"`, 1)
				if r := read(t, m, file(t, "c.jsonl", ahead), now); r.Rejected != 1 {
					t.Errorf("published in the future: %+v", r)
				}
			}
		})
	}
}

// TestRejectedRowsAreKeptByteForByte: also rows that are not UTF-8, and those
// that only the mission refuses; of longer ones the beginning.
func TestRejectedRowsAreKeptByteForByte(t *testing.T) {
	m := live(t)
	now := at(t, began) + trucewatch.Hour
	long := strings.Repeat("я", trucewatch.TextMaxBytes) // two bytes each
	rows := []string{"\xff\xfe no text", row(1, now+trucewatch.Day), "x" + long, long}
	var lines []string
	for _, r := range rows {
		lines = append(lines, strings.TrimSpace(r)+"\n")
	}
	if r := read(t, m, file(t, "a.jsonl", lines...), now); r.Rejected != 4 {
		t.Fatalf("%+v", r)
	}
	rejected := lastRejected(t, m)
	data, err := os.ReadFile(keptFile(t, m))
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range slices.Collect(bytes.Lines(data)) {
		want := strings.TrimSpace(rows[i])
		if r := rejected[i]; r.Line != int64(i)+1 || r.RowHash != sha256.Sum256([]byte(want)) {
			t.Errorf("recorded as %+v", r)
		}
		var k struct {
			Row   string
			Bytes []byte           `json:"row_base64"`
			Whole *trucewatch.Hash `json:"row_hash"`
		}
		if err := json.Unmarshal(line, &k); err != nil {
			t.Fatal(err)
		}
		have := k.Row + string(k.Bytes)
		switch {
		case len(want) <= trucewatch.TextMaxBytes && (have != want || k.Whole != nil):
			t.Errorf("row %d was kept as %q", i+1, have)
		case len(want) > trucewatch.TextMaxBytes && (!strings.HasPrefix(want, have) || len(k.Row) < trucewatch.TextMaxBytes-1 || k.Whole == nil):
			t.Errorf("row %d: %d bytes of text were kept, %d others", i+1, len(k.Row), len(k.Bytes))
		}
	}
	mustBeSound(t, m.dir)
}

// keptFile returns the one file of rejected rows.
func keptFile(t *testing.T, m *Mission) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(m.dir, "rejected", "*.jsonl"))
	if err != nil || len(names) != 1 {
		t.Fatalf("%q, %v", names, err)
	}
	return names[0]
}

func TestVerifyMissesRejectedRows(t *testing.T) {
	m := live(t)
	now := at(t, began) + trucewatch.Hour
	read(t, m, file(t, "a.jsonl", "broken 1\n", "broken 2\n", "broken "+strings.Repeat("3", 9000)+"\n"), now)
	name := keptFile(t, m)
	kept, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, old, new, want string }{
		{"nothing was changed", "", "", ""},
		{"a row was changed", "broken 2", "broken 9", ".jsonl: the row of line 2 that the record says was rejected is missing or was changed"},
		{"a line was changed", `"line":1,`, `"line":7,`, "the row of line 1 "},
		{"a line is no JSON any more", `{"file":"a.jsonl","line":1,`, `#`, "the row of line 1 "},
		{"a row was cut shorter", "33333333", "", "the row of line 3 "},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := os.WriteFile(name, bytes.Replace(kept, []byte(test.old), []byte(test.new), 1), 0o600); err != nil {
				t.Fatal(err)
			}
			v := walkOver(t, m.dir)
			if test.want == "" && len(v.problems) > 0 || test.want != "" && (len(v.problems) != 1 || !strings.Contains(v.problems[0], test.want)) {
				t.Errorf("%v", v.problems)
			}
		})
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if v := walkOver(t, m.dir); len(v.problems) != 1 || !strings.Contains(v.problems[0], "rejected rows of this file are missing") {
		t.Errorf("without the file: %v", v.problems)
	}
}

// TestSourceStaysWhatItIs: another kind or party would make of a claim something
// that the mission saw itself.
func TestSourceStaysWhatItIs(t *testing.T) {
	m := live(t)
	now := at(t, began) + trucewatch.Hour
	read(t, m, file(t, "a.jsonl", row(1, now-trucewatch.Hour)), now)
	for _, test := range []struct {
		name   string
		source trucewatch.Source
		want   string
	}{
		{"another kind", trucewatch.Source{ID: "patrol-1", Kind: "camera"}, `source "patrol-1" is in the record as patrol of no party and cannot be camera of no party`},
		{"another party", trucewatch.Source{ID: "patrol-1", Kind: "patrol", Party: "A"}, "cannot be patrol of party A"},
		{"another name", trucewatch.Source{ID: "patrol-1", Kind: "patrol", Name: "Renamed"}, ""},
		{"a Cyrillic a in it", trucewatch.Source{ID: "p\u0430trol-1", Kind: "patrol"}, `source "p\u0430trol-1": letters of two scripts stand in one word`},
		{"a Greek o in it", trucewatch.Source{ID: "patr\u03bfl-1", Kind: "patrol"}, "letters of two scripts"},
		{"all of another script", trucewatch.Source{ID: "\u0430\u0441\u0435-1", Kind: "patrol"}, ""}, // looks like no source that is known
		{"an accent that may fall off", trucewatch.Source{ID: "patro\u0301l-1", Kind: "patrol"}, "looks like \"patrol-1\""},
		{"turned around", trucewatch.Source{ID: "\u202epatrol-1", Kind: "patrol"}, "characters that are not seen"},
		{"with a joiner", trucewatch.Source{ID: "patrol\u200d-1", Kind: "patrol"}, "characters that are not seen"},
		{"that clears a terminal", trucewatch.Source{ID: "patrol\x1b[2J", Kind: "patrol"}, "characters that are not seen"},
		{"in words of two scripts", trucewatch.Source{ID: "UAV-Міст 2", Kind: "patrol"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := m.state.Next()
			err := m.Write(func(w *Writer) error {
				w.Stamp = func() trucewatch.Instant { return now }
				im := nativeImport(t, file(t, "b.jsonl", row(2, now-trucewatch.Hour)), "patrol-1")
				im.Options.Source = test.source
				_, err := w.Import(im)
				return err
			})
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("%v, want %q", err, test.want)
			}
			if err != nil && m.state.Next() != before {
				t.Error("something was recorded")
			}
		})
	}
}

// TestAckedCountsEveryNoun: what an import says is durable is all that it recorded.
func TestAckedCountsEveryNoun(t *testing.T) {
	m := live(t)
	now := at(t, began) + trucewatch.Hour
	var lines []string
	for noun := range nouns {
		lines = append(lines, nounLine(noun, noun, now, "text"))
	}
	var acked int64
	err := m.Write(func(w *Writer) error {
		w.Stamp = func() trucewatch.Instant { return now }
		w.Acked = func(rows int64, _ uint64) { acked = rows }
		_, err := w.Import(nativeImport(t, file(t, "a.jsonl", lines...), "patrol-1"))
		return err
	})
	if err != nil || acked != int64(len(nouns)) {
		t.Errorf("%d rows acknowledged of %d, %v", acked, len(nouns), err)
	}
}
