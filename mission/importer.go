// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/intake"
)

// An ImportResult says what came of a file.
type ImportResult struct {
	Recorded int64  `json:"recorded"` // observations, tallies, statements, notifications
	Repeated int64  `json:"repeated"` // known already, nothing added
	Rejected int64  `json:"rejected"`
	Entries  uint64 `json:"entries"`
	Index    uint64 `json:"index"` // entries in the record afterwards
}

// An Import is a file to be read into a mission.
type Import struct {
	Format  intake.Format
	Options intake.Options
	Path    string
	// Progress, if set, is called as bytes of the file are read.
	Progress func(offset int64)
}

// Import reads a file into the record. Rows that the record knows add nothing;
// rows that cannot be taken are recorded with line and reason, and kept as they
// were in rejected/.
func (w *Writer) Import(im Import) (ImportResult, error) {
	options, err := im.Options.WithSource(im.Format.Manifest)
	if err == nil {
		err = options.Source.Check() // not only once a batch is full
	}
	if err != nil {
		return ImportResult{}, fmt.Errorf("mission: import: %w", err)
	}
	f, err := os.Open(im.Path)
	if err != nil {
		return ImportResult{}, fmt.Errorf("mission: import: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return ImportResult{}, fmt.Errorf("mission: import %s: %w", im.Path, err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return ImportResult{}, fmt.Errorf("mission: import %s: %w", im.Path, err)
	}
	b := w.batcher(options.Source, options.File, trucewatch.Hash(h.Sum(nil)))
	from := w.m.state.Next()
	parse := func(emit func(trucewatch.Submission) error) error { return im.Format.Parse(options, f, emit) }
	err = readAhead(parse, func(s trucewatch.Submission) error {
		if im.Progress != nil {
			im.Progress(s.Offset)
		}
		return b.add(s, w.Stamp())
	})
	if err == nil {
		err = b.close(w.Stamp())
	}
	if err == nil {
		err = w.flush()
	}
	b.result.Entries, b.result.Index = w.m.state.Next()-from, w.m.state.Next()
	return b.result, err
}

// aheadRows is how many rows are handed over at once by readAhead. Guess: enough
// that handing over costs nothing. Test: make bench, record.
const aheadRows = 256

// readAhead parses while rows already parsed are used, each in its order. An
// error of use ends the parsing; an error of parse comes after the rows before it.
func readAhead(parse func(emit func(trucewatch.Submission) error) error, use func(trucewatch.Submission) error) error {
	portions, parsed, stop := make(chan []trucewatch.Submission, 1), make(chan error, 1), make(chan struct{})
	go func() {
		defer close(portions)
		var portion []trucewatch.Submission
		send := func() error {
			select {
			case portions <- portion:
				portion = nil
				return nil
			case <-stop:
				return errStopped
			}
		}
		err := parse(func(s trucewatch.Submission) error {
			if portion = append(portion, s); len(portion) < aheadRows {
				return nil
			}
			return send()
		})
		_ = send() // fails only if nobody uses the rows any more
		parsed <- err
	}()
	for portion := range portions {
		for _, s := range portion {
			if err := use(s); err != nil {
				close(stop)
				<-parsed // the file is not read any more from here on
				return err
			}
		}
	}
	return <-parsed
}

var errStopped = errors.New("mission: import was stopped")

// A batcher collects submissions of one source and file into entries of at most
// BatchSoftBytes.
type batcher struct {
	w          *Writer
	source     trucewatch.Source
	file       string
	hash       trucewatch.Hash
	result     ImportResult
	bytes      int
	rows       []trucewatch.Observation       // copied when they are appended: the state keeps them, without room to spare
	keys       map[trucewatch.ContentKey]bool // of rows not yet appended
	rejected   []trucewatch.Rejection
	tallies    []trucewatch.Tally
	statements []trucewatch.Statement
	kept       *os.File // rejected rows, as they were
}

func (w *Writer) batcher(source trucewatch.Source, file string, hash trucewatch.Hash) *batcher {
	return &batcher{w: w, source: source, file: filepath.Base(file), hash: hash, keys: map[trucewatch.ContentKey]bool{}}
}

// rowOverhead is what a row adds to an entry beyond its own encoding, at most.
const rowOverhead = 8

func (b *batcher) add(s trucewatch.Submission, received trucewatch.Instant) error {
	switch {
	case s.Observation != nil:
		return b.observation(s.Observation, received)
	case s.Tally != nil:
		return tryRow(b, &b.tallies, *s.Tally, s.Tally.Key, s.Tally.Check(), received)
	case s.Statement != nil:
		return tryRow(b, &b.statements, *s.Statement, s.Statement.Key, s.Statement.Check(), received)
	case s.Notification != nil:
		return b.notification(s.Notification, received)
	case s.Rejection != nil:
		return b.reject(*s.Rejection, received)
	}
	return errors.New("mission: import: a submission with nothing in it")
}

func (b *batcher) observation(o *trucewatch.Observation, received trucewatch.Instant) error {
	err := o.Check()
	if err == nil {
		err = b.source.MaySay(o)
	}
	if err != nil {
		return b.refuse(o, err, received)
	}
	if limit := received + trucewatch.FutureToleranceS*trucewatch.Second; o.When.From > limit || o.ReportedAt > limit {
		return b.refuse(o, fmt.Errorf("it lies in the future: %v, received %v", max(o.When.From, o.ReportedAt), received), received)
	}
	if b.w.m.state.Known(o.Key) || b.keys[o.Key] {
		if known, ok := b.w.m.seen[o.Key]; ok && known != printOf(o) {
			return b.refuse(o, fmt.Errorf("identifier %q was recorded before with other content: give a correction its own identifier", o.NativeID), received)
		}
		b.result.Repeated++
		return nil
	}
	size := len(trucewatch.Encode(o)) + rowOverhead
	if err := b.room(size, received); err != nil {
		return err
	}
	b.keys[o.Key] = true
	b.rows = append(b.rows, *o)
	b.bytes += size
	b.result.Recorded++
	return nil
}

// refuse turns a row that parsed but may not enter the record into a rejection.
func (b *batcher) refuse(o *trucewatch.Observation, why error, received trucewatch.Instant) error {
	row, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("mission: import: %w", err)
	}
	return b.reject(trucewatch.Rejection{Reason: why.Error(), RowHash: sha256.Sum256(row), Row: row}, received)
}

// room closes the batch if size more bytes would not fit.
func (b *batcher) room(size int, received trucewatch.Instant) error {
	if b.bytes+size > trucewatch.BatchSoftBytes || len(b.rows)+len(b.rejected) >= trucewatch.ListMax*4 {
		return b.close(received)
	}
	return nil
}

func (b *batcher) reject(r trucewatch.Rejection, received trucewatch.Instant) error {
	name := refusal(b.source.ID, b.hash, r)
	if b.w.m.refused[name] || b.keys[name] {
		b.result.Repeated++
		return nil
	}
	if len(r.Reason) > trucewatch.TextMaxBytes/4 {
		r.Reason = trucewatch.CutText(r.Reason, trucewatch.TextMaxBytes/4)
	}
	if err := b.keep(r); err != nil {
		return err
	}
	size := len(r.Reason) + 64
	if err := b.room(size, received); err != nil {
		return err
	}
	b.keys[name] = true
	b.rejected = append(b.rejected, r)
	b.bytes += size
	b.result.Rejected++
	return nil
}

// keep writes a refused row beside the record, before the record says that it
// was refused: a crash between the two leaves a row too many, never one too few.
func (b *batcher) keep(r trucewatch.Rejection) error {
	if b.kept == nil {
		dir := filepath.Join(b.w.m.dir, "rejected")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("mission: keep rejected row: %w", err)
		}
		f, err := os.OpenFile(filepath.Join(dir, b.hash.String()+".jsonl"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("mission: keep rejected row: %w", err)
		}
		b.kept = f
	}
	line, err := json.Marshal(struct {
		File   string `json:"file"`
		Line   int64  `json:"line"`
		Reason string `json:"reason"`
		Row    string `json:"row"`
	}{b.file, r.Line, r.Reason, trucewatch.CutText(string(r.Row), trucewatch.TextMaxBytes)})
	if err == nil {
		_, err = b.kept.Write(append(line, '\n'))
	}
	if err != nil {
		return fmt.Errorf("mission: keep rejected row: %w", err)
	}
	return nil
}

func (b *batcher) notification(n *trucewatch.Notification, received trucewatch.Instant) error {
	if err := n.Check(); err != nil {
		row, _ := json.Marshal(n)
		return b.reject(trucewatch.Rejection{Reason: err.Error(), RowHash: sha256.Sum256(row), Row: row}, received)
	}
	if b.w.m.state.Known(n.Key) {
		b.result.Repeated++
		return nil
	}
	b.result.Recorded++
	return b.w.Append(trucewatch.Payload{Notification: n}, received)
}

// tryRow adds a tally or a statement to its batch.
func tryRow[T any](b *batcher, rows *[]T, row T, key trucewatch.ContentKey, invalid error, received trucewatch.Instant) error {
	if invalid != nil {
		text, err := json.Marshal(row)
		if err != nil {
			return fmt.Errorf("mission: import: %w", err)
		}
		return b.reject(trucewatch.Rejection{Reason: invalid.Error(), RowHash: sha256.Sum256(text), Row: text}, received)
	}
	if b.w.m.state.Known(key) || b.keys[key] {
		b.result.Repeated++
		return nil
	}
	size := len(trucewatch.Encode(row)) + rowOverhead
	if err := b.room(size, received); err != nil {
		return err
	}
	b.keys[key] = true
	*rows = append(*rows, row)
	b.bytes += size
	b.result.Recorded++
	return nil
}

// close appends what was collected.
func (b *batcher) close(received trucewatch.Instant) error {
	if b.kept != nil {
		err := errors.Join(b.kept.Sync(), b.kept.Close())
		if b.kept = nil; err != nil {
			return fmt.Errorf("mission: keep rejected rows: %w", err)
		}
	}
	var payloads []trucewatch.Payload
	if len(b.rows)+len(b.rejected) > 0 {
		payloads = append(payloads, trucewatch.Payload{Observations: &trucewatch.Batch{
			Source: b.source, File: b.file, FileHash: b.hash, Observations: slices.Clone(b.rows), Rejected: b.rejected}})
	}
	if len(b.tallies) > 0 {
		payloads = append(payloads, trucewatch.Payload{Tally: &trucewatch.TallyBatch{
			Source: b.source, File: b.file, FileHash: b.hash, Tallies: b.tallies}})
	}
	if len(b.statements) > 0 {
		payloads = append(payloads, trucewatch.Payload{Statement: &trucewatch.StatementBatch{
			Source: b.source, File: b.file, FileHash: b.hash, Statements: b.statements}})
	}
	for _, p := range payloads {
		if err := b.w.Append(p, received); err != nil {
			return err
		}
	}
	b.rows, b.rejected, b.tallies, b.statements, b.bytes = b.rows[:0], nil, nil, nil, 0
	clear(b.keys)
	return nil
}
