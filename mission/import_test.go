// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/intake"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/replay"
)

// began is when the missions of these tests begin: 19:30 in Vienna.
const began = "2026-01-10T18:30:00Z"

// live sets up a live mission without an agreement.
func live(t testing.TB) *Mission {
	t.Helper()
	s := &Spec{ID: "test", Title: "Test", Mode: trucewatch.Live, DisplayZone: "Europe/Vienna", CutOff: "19:30"}
	if err := CheckSpec(s); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "test")
	if err := Create(dir, s, fstest.MapFS{}, at(t, began)); err != nil {
		t.Fatal(err)
	}
	m, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// row is a line of a native file: an explosion at a place and time of its own.
func row(n int, from trucewatch.Instant) string {
	return fmt.Sprintf(`{"native_id":"r-%d","kind":"explosion","means":"heard","count":{"value":1,"qualifier":"exact"},`+
		`"where":{"region":{"kind":"ellipse","center":{"lat_e7":%d,"lon_e7":%d},"semi_major_mm":100000,"semi_minor_mm":100000}},`+
		`"when":{"from":"%v","till":"%v"}}`, n, -460000000+n%1000*500000, -1270000000+n/1000*500000, from, from+trucewatch.Minute) + "\n"
}

// file writes a file and returns its name.
func file(t testing.TB, name string, lines ...string) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, []byte(strings.Join(lines, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func nativeImport(t testing.TB, name, source string) Import {
	t.Helper()
	format, err := FormatNamed("native")
	if err != nil {
		t.Fatal(err)
	}
	return Import{Format: format, Path: name, Options: intake.Options{File: name, Source: trucewatch.Source{ID: trucewatch.SourceID(source), Kind: "patrol"}}}
}

// read imports a file as received at a time.
func read(t testing.TB, m *Mission, name string, received trucewatch.Instant) ImportResult {
	t.Helper()
	var result ImportResult
	err := m.Write(func(w *Writer) (err error) {
		w.Stamp = func() trucewatch.Instant { return received }
		result, err = w.Import(nativeImport(t, name, "patrol-1"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// entriesOf reads what the record holds, with the size of each entry.
func entriesOf(t testing.TB, dir string) (all []*trucewatch.Entry, sizes []int) {
	t.Helper()
	verifier, err := onDisk(dir).logVerifier()
	if err != nil {
		t.Fatal(err)
	}
	r, err := record.OpenReader(filepath.Join(dir, "record"), verifier)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for cursor := r.Entries(0, r.Checkpoint().Size); ; {
		index, raw, err := cursor.Next()
		if err != nil {
			return all, sizes
		}
		e, err := trucewatch.DecodeEntry(index, raw)
		if err != nil {
			t.Fatal(err)
		}
		all, sizes = append(all, e), append(sizes, len(raw))
	}
}

func TestImportTwiceAddsNothing(t *testing.T) {
	m := live(t)
	now := at(t, began) + trucewatch.Hour
	name := file(t, "a.jsonl", row(1, now-trucewatch.Hour), row(2, now-trucewatch.Hour), "no JSON\n")
	if r := read(t, m, name, now); r.Recorded != 2 || r.Rejected != 1 || r.Repeated != 0 {
		t.Errorf("first: %+v", r)
	}
	before, digest := m.state.Next(), m.state.Digest()
	if r := read(t, m, name, now+trucewatch.Minute); r.Recorded != 0 || r.Rejected != 0 || r.Repeated != 2 || r.RejectedBefore != 1 || r.Entries != 0 {
		t.Errorf("second: %+v", r)
	}
	if m.state.Next() != before || m.state.Digest() != digest {
		t.Errorf("the second import added %d entries", m.state.Next()-before)
	}
	// The same after opening anew: what is known comes from the record alone.
	again, err := Open(m.dir)
	if err != nil {
		t.Fatal(err)
	}
	if r := read(t, again, name, now+trucewatch.Minute); r.Repeated != 2 || r.RejectedBefore != 1 || r.Entries != 0 {
		t.Errorf("after opening anew: %+v", r)
	}
	mustBeSound(t, m.dir)
}

// TestRejectedRowsAreKept: whenever the record says that a row was refused, the
// row itself is on disk.
func TestRejectedRowsAreKept(t *testing.T) {
	m := live(t)
	now := at(t, began) + trucewatch.Hour
	var lines []string
	for i := range 600 { // more than fit into one entry
		lines = append(lines, fmt.Sprintf("refused row %d\n", i))
	}
	kept := func() map[string]bool {
		rows := map[string]bool{}
		names, err := filepath.Glob(filepath.Join(m.dir, "rejected", "*.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for line := range bytes.Lines(data) {
				var r struct {
					File, Reason, Row string
					Line              int64
				}
				if err := json.Unmarshal(line, &r); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if r.File != "bad.jsonl" || r.Reason == "" || r.Row != fmt.Sprintf("refused row %d", r.Line-1) {
					t.Fatalf("kept as %+v", r)
				}
				rows[r.Row] = true
			}
		}
		return rows
	}
	inRecord := 0
	m.changes = func(m *Mission, index uint64, _ []replay.Change) {
		// Told as the entry is folded, before it is durable.
		rows := kept()
		if n := m.state.RejectedCount(); n > len(rows) {
			t.Errorf("entry %d: the record names %d refused rows, %d are kept", index, n, len(rows))
		}
		inRecord = m.state.RejectedCount()
	}
	result := read(t, m, file(t, "bad.jsonl", lines...), now)
	if result.Rejected != 600 || inRecord != 600 || result.Entries < 2 {
		t.Errorf("%+v, %d in the record", result, inRecord)
	}
	info, err := os.Stat(filepath.Join(m.dir, "rejected"))
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder of refused rows: %v, %v: others may read it", info.Mode(), err)
	}
}

func TestRowsThatMayNotEnterAreRefused(t *testing.T) {
	m := live(t)
	now := at(t, began) + trucewatch.Hour
	good := row(1, now-trucewatch.Hour)
	read(t, m, file(t, "a.jsonl", good), now)
	tolerated := now + trucewatch.FutureToleranceS*trucewatch.Second
	for _, test := range []struct{ name, row, reason string }{
		{"known identifier, other content", strings.Replace(good, `"value":1`, `"value":2`, 1), `identifier "r-1" was recorded before with other content: give a correction its own identifier`},
		{"a microsecond beyond the tolerated future", row(2, tolerated+1), "it lies in the future"},
		{"reported in the future", strings.Replace(row(3, now), `"when"`, `"reported_at":"2026-02-01T00:00:00Z","when"`, 1), "it lies in the future"},
		{"off the globe", strings.Replace(row(4, now), `"lat_e7":-`, `"lat_e7":-9`, 1), "lat"},
		{"an unknown kind", strings.Replace(row(5, now), "explosion", "miracle", 1), `"miracle"`},
		{"a count below zero", strings.Replace(row(6, now), `"value":1`, `"value":-1`, 1), "count"},
		{"it ends before it begins", strings.Replace(row(7, now), `"till":"2026-01-10`, `"till":"2026-01-09`, 1), "before it begins"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if result := read(t, m, file(t, "b.jsonl", test.row), now); result.Rejected != 1 || result.Recorded != 0 {
				t.Fatalf("%+v", result)
			}
			all, _ := entriesOf(t, m.dir)
			b := all[len(all)-1].Body.Payload.Observations
			if len(b.Rejected) != 1 || !strings.Contains(b.Rejected[0].Reason, test.reason) {
				t.Errorf("refused for %+v, want %q", b.Rejected, test.reason)
			}
		})
	}
	if result := read(t, m, file(t, "c.jsonl", row(8, tolerated)), now); result.Recorded != 1 {
		t.Errorf("at the edge of the tolerated future: %+v", result)
	}
	mustBeSound(t, m.dir)
}

func TestBatchesStayBelowTheirSize(t *testing.T) {
	m := live(t)
	now := at(t, began) + trucewatch.Hour
	var lines []string
	for i := range 2000 {
		lines = append(lines, row(i, now-trucewatch.Hour))
		if i%7 == 0 {
			lines = append(lines, fmt.Sprintf("broken %d\n", i))
		}
	}
	result := read(t, m, file(t, "many.jsonl", lines...), now)
	_, sizes := entriesOf(t, m.dir)
	// An entry holds a batch, its source and file, a signature and two hashes.
	const around = 1024
	if largest := slices.Max(sizes); largest > trucewatch.BatchSoftBytes+around {
		t.Errorf("an entry of %d bytes", largest)
	}
	if result.Recorded != 2000 || result.Entries > 60 {
		t.Errorf("%+v: batches are far from full", result)
	}
}

// TestTicksComeBeforeWhatFollows: for every cut-off that has passed there is a
// tick before the next entry, and a digest if anything changed.
func TestTicksComeBeforeWhatFollows(t *testing.T) {
	m := live(t)
	start := at(t, began)
	read(t, m, file(t, "a.jsonl", row(1, start)), start+trucewatch.Hour)
	read(t, m, file(t, "b.jsonl", row(2, start)), start+3*trucewatch.Day+trucewatch.Hour)
	all, _ := entriesOf(t, m.dir)
	var kinds []string
	for _, e := range all[2:] {
		kind := string(e.Body.Type)
		if tick := e.Body.Payload.Tick; tick != nil {
			kind += " " + tick.CutOff
			if tick.At > e.Received {
				t.Errorf("tick at %v was received before, at %v", tick.At, e.Received)
			}
		}
		if d := e.Body.Payload.Digest; d != nil {
			kind += " " + d.What
			if d.Index != e.Index {
				t.Errorf("digest entry %d speaks of %d entries", e.Index, d.Index)
			}
		}
		kinds = append(kinds, kind)
	}
	want := []string{"observations", "tick 2026-01-11", "digest cut-off 2026-01-11", "tick 2026-01-12", "tick 2026-01-13", "observations"}
	if !slices.Equal(kinds, want) {
		t.Errorf("%q, want %q", kinds, want)
	}
	if dates := m.ReportDates(); !slices.Equal(dates, []string{"2026-01-14", "2026-01-13", "2026-01-12"}) {
		t.Errorf("reports of %q", dates)
	}
	mustBeSound(t, m.dir)
}

// TestCatchUpBesideAWriter: a second reader sees what is signed, no more, and
// comes to the same state.
func TestCatchUpBesideAWriter(t *testing.T) {
	m := live(t)
	start := at(t, began)
	reader, err := Open(m.dir)
	if err != nil {
		t.Fatal(err)
	}
	before := reader.state.Next()
	err = m.Write(func(w *Writer) error {
		w.Stamp = func() trucewatch.Instant { return start + trucewatch.Hour }
		if _, err := w.Import(nativeImport(t, file(t, "a.jsonl", row(1, start)), "patrol-1")); err != nil {
			return err
		}
		// Durable, but not signed yet.
		if n, err := reader.CatchUp(); err != nil || n != 0 || reader.state.Next() != before {
			t.Errorf("before the checkpoint a reader sees %d entries more, %v", n, err)
		}
		if err := w.sign(); err != nil {
			return err
		}
		if n, err := reader.CatchUp(); err != nil || n != 1 {
			t.Errorf("after the checkpoint a reader sees %d entries more, %v", n, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if reader.state.Digest() != m.state.Digest() {
		t.Error("the reader has another state than the writer")
	}
	// The reader may become the writer, and the first one follows.
	read(t, reader, file(t, "b.jsonl", row(2, start)), start+2*trucewatch.Hour)
	if _, err := m.CatchUp(); err != nil || m.state.Digest() != reader.state.Digest() {
		t.Errorf("the first writer cannot follow: %v", err)
	}
}

func TestOneWriterAtATime(t *testing.T) {
	m := live(t)
	other, err := Open(m.dir)
	if err != nil {
		t.Fatal(err)
	}
	err = m.Write(func(*Writer) error { return other.Write(func(*Writer) error { return errors.New("two writers") }) })
	if !errors.Is(err, record.ErrLocked) {
		t.Errorf("a second writer: %v", err)
	}
}

// TestFailureKeepsWhatWasSound: rows before a failure stay, and the next write
// goes on behind them.
func TestFailureKeepsWhatWasSound(t *testing.T) {
	m := live(t)
	start := at(t, began)
	failed := errors.New("the file ends in the middle")
	err := m.Write(func(w *Writer) error {
		w.Stamp = func() trucewatch.Instant { return start + trucewatch.Hour }
		if _, err := w.Import(nativeImport(t, file(t, "a.jsonl", row(1, start)), "patrol-1")); err != nil {
			return err
		}
		return failed
	})
	if !errors.Is(err, failed) {
		t.Fatal(err)
	}
	v := mustBeSound(t, m.dir)
	if v.entries != 3 || v.unsigned != 0 {
		t.Errorf("%d entries, %d unsigned", v.entries, v.unsigned)
	}
	if r := read(t, m, file(t, "b.jsonl", row(1, start), row(2, start)), start+2*trucewatch.Hour); r.Recorded != 1 || r.Repeated != 1 {
		t.Errorf("afterwards: %+v", r)
	}
	mustBeSound(t, m.dir)
}

func TestRecordThatWasRolledBackIsRefused(t *testing.T) {
	m := live(t)
	start := at(t, began)
	older := filepath.Join(t.TempDir(), "older")
	if err := os.CopyFS(older, os.DirFS(m.dir)); err != nil {
		t.Fatal(err)
	}
	read(t, m, file(t, "a.jsonl", row(1, start)), start+trucewatch.Hour)
	if err := os.RemoveAll(filepath.Join(m.dir, "record")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(older, "record"), filepath.Join(m.dir, "record")); err != nil {
		t.Fatal(err)
	}
	if _, err := m.CatchUp(); err == nil || !strings.Contains(err.Error(), "rolled back") {
		t.Errorf("an older record was put back: %v", err)
	}
}

func TestKeysAreClosedToOthers(t *testing.T) {
	m := live(t)
	for name, want := range map[string]os.FileMode{"keys": 0o700, logKeyFile: 0o600, deskKeyFile: 0o600} {
		info, err := os.Stat(filepath.Join(m.dir, name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}
