// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/intake"
	"github.com/trucewatch/trucewatch/internal/durable"
)

// An ImportResult says what came of a file.
type ImportResult struct {
	Recorded int64 `json:"recorded"` // observations, tallies, statements, notifications
	Repeated int64 `json:"repeated"` // known already, nothing added
	Rejected int64 `json:"rejected"`
	// RejectedBefore are rows of the same file that the record names as rejected.
	RejectedBefore int64  `json:"rejected_before"`
	Entries        uint64 `json:"entries"`
	Index          uint64 `json:"index"` // entries in the record afterwards
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
	if err == nil {
		err = w.mustBeSame(options.Source)
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

// mustBeSame refuses a source that is known as another kind, or as another
// party's: its claims would become what the mission saw, by a word at the import.
func (w *Writer) mustBeSame(source trucewatch.Source) error {
	known, ok := w.m.state.Source(source.ID)
	if !ok {
		if err := plainName("source", string(source.ID)); err != nil {
			return err
		}
		if other, known := w.m.alike[intake.Skeleton(string(source.ID))]; known && other != source.ID {
			return fmt.Errorf("source %+q looks like %+q, which the record knows, and is another: write it as that is written, or give it another identifier", source.ID, other)
		}
		return nil
	}
	if known.Kind == source.Kind && known.Party == source.Party {
		return nil
	}
	return fmt.Errorf("source %q is in the record as %s and cannot be %s: give another source its own identifier", source.ID, described(known), described(source))
}

func described(s trucewatch.Source) string {
	if s.Party == "" {
		return fmt.Sprintf("%s of no party", s.Kind)
	}
	return fmt.Sprintf("%s of party %s", s.Kind, s.Party)
}

// aheadRows is how many rows are handed over at once by readAhead. Guess: enough
// that handing over costs nothing. Test: make bench, record.
const aheadRows = 256

// aheadBytes is after how many bytes of rows they are handed over even if they
// are fewer. Guess: as much as the longest row, so that memory stays bounded.
// Test: TestHugeRowsTakeLittleMemory.
const aheadBytes = intake.RowMaxBytes

// readAhead parses while rows already parsed are used, each in its order. An
// error of use ends the parsing; an error of parse comes after the rows before it.
func readAhead(parse func(emit func(trucewatch.Submission) error) error, use func(trucewatch.Submission) error) error {
	portions, parsed, stop := make(chan []trucewatch.Submission, 1), make(chan error, 1), make(chan struct{})
	go func() {
		defer close(portions)
		var portion []trucewatch.Submission
		var text []byte // the rows of portion, as they stood
		send := func() error {
			select {
			case portions <- portion:
				portion, text = nil, make([]byte, 0, cap(text))
				return nil
			case <-stop:
				return errStopped
			}
		}
		err := parse(func(s trucewatch.Submission) error {
			text = append(text, s.Row...)
			s.Row = text[len(text)-len(s.Row):]
			if portion = append(portion, s); len(portion) < aheadRows && len(text) < aheadBytes {
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
	rows       []trucewatch.Observation        // copied when they are appended: the state keeps them, without room to spare
	keys       map[trucewatch.ContentKey]print // of rows not yet appended
	lines      map[trucewatch.ContentKey]int64 // of this file's rows with an identifier of their own
	custody    []PersonRow                     // what of rows names people, if it is sealed apart
	rejected   []trucewatch.Rejection
	tallies    []trucewatch.Tally
	statements []trucewatch.Statement
	keptBytes  int64        // of kept so far
	kept       durable.File // rejected rows, as they were
}

func (w *Writer) batcher(source trucewatch.Source, file string, hash trucewatch.Hash) *batcher {
	return &batcher{w: w, source: source, file: filepath.Base(file), hash: hash,
		keys: map[trucewatch.ContentKey]print{}, lines: map[trucewatch.ContentKey]int64{}}
}

// junkRows is after how many rejected rows a file is given up of which hardly one
// row in a hundred was taken. Each rejected row takes a hundred bytes and more of
// the record for good, so that some kilobytes of packed nonsense would fill the disk.
//
// Guess: nobody corrects ten thousand rows by hand. Test: rejected rows of real files.
const junkRows = 10_000

// ErrJunk says that a file is not what the command said it is.
var ErrJunk = errors.New("the rest of the file is not read: it is hardly in this format")

// rowOverhead is what a row adds to an entry beyond its own encoding, at most.
const rowOverhead = 8

// add takes a row into the batch, if it may enter the record and is new there.
func (b *batcher) add(s trucewatch.Submission, received trucewatch.Instant) error {
	if s.Rejection != nil {
		return b.reject(*s.Rejection, received)
	}
	if s.Observation != nil {
		if err := b.w.m.invented(b.source, s.Observation.Text); err != nil {
			return b.refuse(s, err, received)
		}
	}
	person := b.setApart(s.Observation)
	n := b.nounOf(s)
	if n.value == nil {
		return errors.New("mission: import: a submission with nothing in it")
	}
	if n.invalid != nil {
		return b.refuse(s, n.invalid, received)
	}
	if limit := received + trucewatch.FutureToleranceS*trucewatch.Second; n.latest > limit || n.ends > limit+dateEnd {
		return b.refuse(s, fmt.Errorf("it lies in the future: %v, received %v", max(n.latest, n.ends), received), received)
	}
	raw := trucewatch.Encode(n.value)
	if known, err := b.known(n, raw); err != nil {
		return b.refuse(s, err, received)
	} else if known {
		b.result.Repeated++
		return nil
	}
	size := len(raw) + rowOverhead
	if err := b.room(size, received); err != nil {
		return err
	}
	b.keys[n.key] = printOf(raw)
	if n.id != "" {
		b.lines[n.key] = s.Line
	}
	b.bytes += size
	b.result.Recorded++
	switch {
	case s.Observation != nil:
		b.rows = append(b.rows, *s.Observation)
		if person != nil {
			b.custody = append(b.custody, *person)
		}
	case s.Tally != nil:
		b.tallies = append(b.tallies, *s.Tally)
	case s.Statement != nil:
		b.statements = append(b.statements, *s.Statement)
	case s.Notification != nil:
		return b.w.Append(trucewatch.Payload{Notification: s.Notification}, received)
	}
	return nil
}

// A noun is what every kind of row has for the import.
type noun struct {
	value   any
	key     trucewatch.ContentKey
	id      string             // in the source's own system
	invalid error              // why it may not enter the record
	latest  trucewatch.Instant // the last of its times that cannot lie ahead
	ends    trucewatch.Instant // the last of those that may be the end of a date
}

// dateEnd is how far a time that was given as a bare date may lie ahead: intake
// takes its end, and today's date must not be refused until the day is over.
const dateEnd = trucewatch.Day

func (b *batcher) nounOf(s trucewatch.Submission) noun {
	switch {
	case s.Observation != nil:
		o := s.Observation
		invalid := o.Check()
		if invalid == nil {
			invalid = b.source.MaySay(o)
		}
		return noun{o, o.Key, o.NativeID, invalid, o.When.From, o.ReportedAt}
	case s.Tally != nil:
		t := s.Tally
		return noun{t, t.Key, t.NativeID, t.Check(), 0, max(t.Window.Till, t.ReportedAt)}
	case s.Statement != nil:
		t := s.Statement
		return noun{t, t.Key, t.NativeID, t.Check(), max(t.SaidAt.From, t.PublishedAt.From), t.ReportedAt}
	case s.Notification != nil:
		n := s.Notification
		return noun{n, n.Key, n.ID, n.Check(), n.NotifiedAt, 0} // its window lies ahead
	}
	return noun{}
}

// known says whether a row adds nothing, and returns an error if it is known by
// its identifier with other content.
func (b *batcher) known(n noun, raw []byte) (bool, error) {
	before, pending := b.keys[n.key]
	if !pending {
		if !b.w.m.state.Known(n.key) {
			return false, nil
		}
		before = b.w.m.seen[n.key]
	}
	if n.id == "" || before == printOf(raw) {
		return true, nil
	}
	where := ""
	if line := b.lines[n.key]; line > 0 {
		where = fmt.Sprintf(" (line %d of this file)", line)
	}
	return false, fmt.Errorf("identifier %q was recorded before with other content%s: give a correction its own identifier", n.id, where)
}

// refuse turns a row that parsed but may not enter the record into a rejection.
func (b *batcher) refuse(s trucewatch.Submission, why error, received trucewatch.Instant) error {
	row := intake.Row{Line: s.Line, Raw: s.Row}
	return b.reject(*row.Reject(why), received)
}

// room closes the batch if size more bytes would not fit.
func (b *batcher) room(size int, received trucewatch.Instant) error {
	if b.bytes+size > trucewatch.BatchSoftBytes || len(b.rows)+len(b.rejected) >= trucewatch.ListMax*4 {
		return b.close(received)
	}
	return nil
}

func (b *batcher) reject(r trucewatch.Rejection, received trucewatch.Instant) error {
	rejected, taken := b.result.Rejected+b.result.RejectedBefore, b.result.Recorded+b.result.Repeated
	if rejected >= junkRows && taken < rejected/100 {
		return fmt.Errorf("%w: %d of its rows were rejected, %d taken; the last one, line %d: %s", ErrJunk, rejected, taken, r.Line, r.Reason)
	}
	name := refusal(b.source.ID, b.hash, r)
	if _, pending := b.keys[name]; pending || b.w.m.refused[name] {
		b.result.RejectedBefore++
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
	b.keys[name] = print{}
	b.rejected = append(b.rejected, r)
	b.bytes += size
	b.result.Rejected++
	return nil
}

// keep writes a refused row beside the record, before the record says that it
// was refused: a crash between the two leaves a row too many, never one too few.
func (b *batcher) keep(r trucewatch.Rejection) error {
	if b.kept == nil {
		if err := b.openKept(); err != nil {
			return fmt.Errorf("mission: keep rejected row: %w", err)
		}
	}
	line, err := json.Marshal(keptRowOf(b.file, r))
	if err == nil {
		line = append(line, '\n')
		_, err = b.kept.WriteAt(line, b.keptBytes)
		b.keptBytes += int64(len(line))
	}
	if err != nil {
		return fmt.Errorf("mission: keep rejected row: %w", err)
	}
	return nil
}

// openKept opens the file of this import's refused rows, to go on at its end.
func (b *batcher) openKept() error {
	disk, dir := b.w.m.disk, filepath.Join(b.w.m.dir, "rejected")
	if err := durable.MkdirAll(disk, dir); err != nil {
		return err
	}
	name := filepath.Join(dir, b.hash.String()+".jsonl")
	f, err := disk.OpenWrite(name)
	if errors.Is(err, fs.ErrNotExist) {
		if f, err = disk.Create(name); err == nil {
			err = disk.SyncDir(dir)
		}
	}
	if err == nil {
		b.keptBytes, err = f.Size()
	}
	if err != nil {
		return err
	}
	b.kept = f
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
	for i, p := range payloads {
		var custody []byte
		if i == 0 && len(b.custody) > 0 {
			custody = trucewatch.Encode(b.custody)
		}
		if err := b.w.appendWith(p, custody, received); err != nil {
			return err
		}
	}
	b.custody = nil
	b.rows, b.rejected, b.tallies, b.statements, b.bytes = b.rows[:0], nil, nil, nil, 0
	clear(b.keys)
	return nil
}
