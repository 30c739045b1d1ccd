// SPDX-License-Identifier: Apache-2.0

package index

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/geo"
)

// buildChunk is after how many rows the first filling of a file commits to
// disk, so that SQLite's log stays small: nobody sees the rows before Commit.
//
// Guess: some 10 MB of log. Test: BenchmarkBuild with other sizes.
const buildChunk = 10_000

// A Batch is a set of changes that become visible together. The first error
// sticks: all later calls do nothing, and Commit returns it. A Batch is not safe
// for concurrent use and must be ended by Commit or Rollback.
type Batch struct {
	x        *Index
	tx       *sql.Tx
	prepared []*sql.Stmt // by statement
	err      error
	meta     meta
	highest  int64 // number of the newest incident in the file
	building bool
	rows     int    // put since the last commit to disk
	spots    []spot // not written yet, see putSpots
	texts    map[string]uint32
	sources  map[trucewatch.Source]int64
	header   []byte // sealed; nil: as it was
	ended    bool
}

// A statement is one that a Batch prepares when it first needs it.
type statement int

const (
	findIncident statement = iota
	dropIncident
	dropSpot
	putIncident
	putSpot
	putGone
	putAlias
	putText
	putSource
	putFinding
	dropFinding
	putItem
	dropItem
	dropList
	statements
)

var texting = [statements]string{
	findIncident: "SELECT row FROM incident WHERE id = ?",
	dropIncident: "DELETE FROM incident WHERE row = ?",
	dropSpot:     "DELETE FROM spot WHERE row = ?",
	putIncident:  "INSERT INTO incident VALUES (?, ?, ?, ?, ?)",
	putSpot:      "INSERT INTO spot VALUES (?, ?)",
	putGone:      "INSERT INTO gone VALUES (?, ?)",
	putAlias:     "INSERT OR REPLACE INTO alias VALUES (?, ?)",
	putText:      "INSERT INTO text VALUES (?, ?)",
	putSource:    "INSERT INTO source VALUES (?, ?)",
	putFinding:   "INSERT OR REPLACE INTO finding VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	dropFinding:  "DELETE FROM finding WHERE id = ?",
	putItem:      "INSERT OR REPLACE INTO item VALUES (?, ?, ?, ?, ?, ?)",
	dropItem:     "DELETE FROM item WHERE list = ? AND id = ?",
	dropList:     "DELETE FROM item WHERE list = ?",
}

// Begin starts a Batch. It waits for an open one to end.
func (x *Index) Begin() (*Batch, error) { return x.beginBatch(false) }

// BeginAnew starts a Batch that fills the index from the start. What was in it
// is gone at once, and everybody sees an empty index until Commit.
func (x *Index) BeginAnew() (*Batch, error) { return x.beginBatch(true) }

func (x *Index) beginBatch(anew bool) (*Batch, error) {
	if x.write == nil {
		return nil, fmt.Errorf("index %s: %w", x.path, ErrReadOnly)
	}
	x.batch.Lock()
	b := &Batch{x: x, building: anew}
	if err := b.begin(); err != nil {
		b.end()
		return nil, x.because("begin", err)
	}
	return b, nil
}

func (b *Batch) begin() error {
	var err error
	if b.meta, err = readMeta(context.Background(), b.x.write); err != nil {
		return err
	}
	if b.building = b.building || b.meta.commits == 0 || b.meta.building; b.building {
		if err := b.startBuilding(); err != nil {
			return err
		}
	}
	if b.tx, err = b.x.write.Begin(); err != nil {
		return err
	}
	var highest sql.NullInt64
	if err := b.tx.QueryRow("SELECT max(id) FROM incident").Scan(&highest); err != nil {
		return err
	}
	b.highest = highest.Int64
	return b.loadNumbers()
}

// startBuilding marks the file as one that is being filled, for good, before
// anything is written without waiting for the disk. If the machine dies before
// the end, Open finds the mark and discards the file.
func (b *Batch) startBuilding() error {
	w := b.x.write
	if _, err := w.Exec("UPDATE meta SET building = 1, generation = generation + 1, rows = 0, gone = 0, header = NULL"); err != nil {
		return err
	}
	for _, t := range tables {
		if _, err := w.Exec("DELETE FROM " + t); err != nil {
			return err
		}
	}
	b.meta.rows, b.meta.gone = 0, 0
	if _, err := w.Exec("PRAGMA wal_checkpoint(PASSIVE)"); err != nil {
		return err
	}
	if err := b.x.settle(); err != nil {
		return err
	}
	_, err := w.Exec("PRAGMA synchronous = OFF")
	return err
}

// settle waits until the file, SQLite's log and the names of both are on the
// disk.
func (x *Index) settle() error {
	for _, path := range []string{x.path, x.path + "-wal", filepath.Dir(x.path)} {
		f, err := os.Open(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// loadNumbers reads the numbers of shared texts and sources.
func (b *Batch) loadNumbers() error {
	var t texts
	if err := t.add(context.Background(), b.tx); err != nil {
		return err
	}
	b.texts = make(map[string]uint32, len(t.values))
	for i, v := range t.values {
		b.texts[v] = uint32(i + 1)
	}
	b.sources = map[trucewatch.Source]int64{}
	rows, err := b.tx.Query("SELECT number, body FROM source")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var number int64
		var body []byte
		if err := rows.Scan(&number, &body); err != nil {
			return err
		}
		var s trucewatch.Source
		if err := unseal(body, &s); err != nil {
			return err
		}
		b.sources[s] = number
	}
	return rows.Err()
}

// stmt returns a prepared statement of the transaction.
func (b *Batch) stmt(s statement) (*sql.Stmt, error) {
	if b.prepared == nil {
		b.prepared = make([]*sql.Stmt, statements)
	}
	if b.prepared[s] == nil {
		var err error
		if b.prepared[s], err = b.tx.Prepare(texting[s]); err != nil {
			return nil, err
		}
	}
	return b.prepared[s], nil
}

// run executes a statement, unless an error sticks.
func (b *Batch) run(s statement, args ...any) {
	if b.err != nil {
		return
	}
	st, err := b.stmt(s)
	if err == nil {
		_, err = st.Exec(args...)
	}
	b.err = err
}

// Header keeps what of v is not in lists: the mission, its agreements, the
// instant and what is hidden. The last one of a Batch counts.
func (b *Batch) Header(v trucewatch.View) {
	v.Incidents, v.Findings, v.Cases, v.Tallies, v.Statements, v.Notices, v.Sources = nil, nil, nil, nil, nil, nil, nil
	v.Numbers, v.Restricted, v.Corrected = nil, nil, nil
	if b.err == nil && v.Audience != b.x.audience {
		b.err = fmt.Errorf("%w: a View for %s is put into the index for %s", trucewatch.ErrInvalid, v.Audience, b.x.audience)
	}
	b.header = seal(v)
}

// A storedIncident is an incident without what is kept elsewhere: its region,
// and the sources of its observations, by number.
type storedIncident struct {
	View    trucewatch.IncidentView `cbor:"1,keyasint"`
	Sources []int64                 `cbor:"2,keyasint,omitempty"` // of View.Observations, same order; 0: none
}

// PutIncident adds an incident, or replaces the one with its ID.
func (b *Batch) PutIncident(v *trucewatch.IncidentView) {
	id, err := number(v.ID)
	if b.err != nil || err != nil {
		b.err = errors.Join(b.err, err)
		return
	}
	b.remove(id)
	s, err := b.spot(id, v)
	if err != nil {
		b.err = errors.Join(b.err, err)
		return
	}
	stored := storedIncident{View: *v}
	stored.View.Where = geo.Region{}
	stored.View.Observations = slices.Clone(v.Observations)
	for i := range stored.View.Observations {
		o := &stored.View.Observations[i]
		stored.Sources = append(stored.Sources, b.source(o.Source))
		o.Source = nil
	}
	b.meta.rows++
	b.run(putIncident, b.meta.rows, id, int64(s.kind), seal(v.Where), seal(stored))
	s.row = b.meta.rows
	b.spots = append(b.spots, s)
	for _, alias := range v.Aliases {
		b.alias(alias, id)
	}
	b.highest = max(b.highest, id)
	b.chunk()
}

// putSpots writes spots, many at once: so they lie together in the file, and the
// first question reads them from a cold disk in long runs.
func (b *Batch) putSpots() {
	for i := range b.spots {
		b.run(putSpot, b.spots[i].row, b.spots[i].pack())
	}
	b.spots = b.spots[:0]
}

// spot makes what selects an incident.
func (b *Batch) spot(id int64, v *trucewatch.IncidentView) (spot, error) {
	kind := slices.Index(kinds, v.Kind)
	if kind < 0 {
		return spot{}, fmt.Errorf("%w: incident %v is of the unknown kind %q", trucewatch.ErrInvalid, v.ID, v.Kind)
	}
	s := spot{id: id, began: int64(v.When.From), ended: ended(v.When), kind: uint8(kind), confidence: int32(v.Confidence)}
	if v.Where.Kind == "" {
		s.flags |= placeless
	} else {
		box := bounds(v.Where)
		s.south, s.west, s.north, s.east = box.Min.LatE7, box.Min.LonE7, box.Max.LatE7, box.Max.LonE7
	}
	for _, r := range v.Results {
		i := slices.Index(results, r)
		if i < 0 {
			return spot{}, fmt.Errorf("%w: incident %v has the unknown result %q", trucewatch.ErrInvalid, v.ID, r)
		}
		s.results |= 1 << i
	}
	s.place, s.word = b.text(name(v.Place)), b.text(v.Word)
	return s, nil
}

// name returns a place if it has a name. Coordinates, which sources without
// names state, are shared by no two incidents; they are found on the map.
func name(place string) string {
	if !strings.ContainsFunc(place, unicode.IsLetter) {
		return ""
	}
	return place
}

// text returns the number of a shared text, a new one if need be.
func (b *Batch) text(value string) uint32 {
	if value == "" || b.err != nil {
		return 0
	}
	n, ok := b.texts[value]
	if !ok {
		n = uint32(len(b.texts) + 1)
		b.texts[value] = n
		b.run(putText, int64(n), value)
	}
	return n
}

// source returns the number of a source as it describes itself here.
func (b *Batch) source(s *trucewatch.Source) int64 {
	if s == nil || b.err != nil {
		return 0
	}
	n, ok := b.sources[*s]
	if !ok {
		n = int64(len(b.sources) + 1)
		b.sources[*s] = n
		b.run(putSource, n, seal(s))
	}
	return n
}

// remove takes out the incident with a number, if it is there.
func (b *Batch) remove(id int64) {
	if b.err != nil || id > b.highest {
		return // most incidents are new, and new ones have higher numbers
	}
	find, err := b.stmt(findIncident)
	if err != nil {
		b.err = err
		return
	}
	var row int64
	switch err := find.QueryRow(id).Scan(&row); {
	case errors.Is(err, sql.ErrNoRows):
		return
	case err != nil:
		b.err = err
		return
	}
	b.putSpots()
	b.run(dropIncident, row)
	b.run(dropSpot, row)
	b.meta.gone++
	b.run(putGone, b.meta.gone, row)
}

// alias lets old find target. What old already stood for finds it, too, through
// old.
func (b *Batch) alias(old trucewatch.IncidentID, target int64) {
	id, err := number(old)
	if err != nil {
		b.err = errors.Join(b.err, err)
		return
	}
	if id != target {
		b.run(putAlias, id, target)
	}
}

// DropIncident takes out an incident. If into is another one, the incident
// became part of it, and questions for id find into.
func (b *Batch) DropIncident(id, into trucewatch.IncidentID) {
	old, err := number(id)
	if b.err != nil || err != nil {
		b.err = errors.Join(b.err, err)
		return
	}
	b.remove(old)
	if into == id {
		return
	}
	target, err := number(into)
	if err != nil {
		b.err = err
		return
	}
	b.alias(id, target)
	b.chunk()
}

// PutFinding adds a finding, or replaces the one with its ID.
func (b *Batch) PutFinding(v *trucewatch.FindingView) {
	result := slices.Index(results, v.Result)
	if b.err == nil && result < 0 {
		b.err = fmt.Errorf("%w: finding %s has the unknown result %q", trucewatch.ErrInvalid, v.ID, v.Result)
	}
	var incident, south, west, north, east any
	if v.Subject.Incident != nil {
		n, err := number(*v.Subject.Incident)
		b.err = errors.Join(b.err, err)
		incident = n
	}
	if v.Where.Kind != "" {
		box := bounds(v.Where)
		south, west, north, east = box.Min.LatE7, box.Min.LonE7, box.Max.LatE7, box.Max.LonE7
	}
	b.run(putFinding, string(v.ID), incident, int64(v.When.From), ended(v.When), int64(v.Confidence), int64(result),
		south, west, north, east, folded(string(v.ID), v.ActName, v.Place), seal(v))
	b.chunk()
}

// DropFinding takes out a finding.
func (b *Batch) DropFinding(id trucewatch.FindingID) {
	b.run(dropFinding, string(id))
}

// The lists of table item.
const (
	caseList      = "case"
	tallyList     = "tally"
	statementList = "statement"
	noticeList    = "notice"
	sourceList    = "source"
)

// PutCase adds a case, or replaces the one with its ID.
func (b *Batch) PutCase(v *trucewatch.CaseView) {
	b.run(putItem, caseList, string(v.ID), int64(v.Opened), int64(v.Opened), folded(string(v.ID)), seal(v))
	b.chunk()
}

// DropCase takes out a case.
func (b *Batch) DropCase(id trucewatch.CaseID) {
	b.run(dropItem, caseList, string(id))
}

// PutTally adds a tally, or replaces the one with its key.
func (b *Batch) PutTally(v *trucewatch.TallyView) {
	t := &v.Tally
	b.item(tallyList, t.Key.String(), known(v.Received, t.Window), folded(t.Claimant, t.Against, t.Area, t.Category, t.Count.Unit, t.Text), seal(v))
}

// PutStatement adds a statement, or replaces the one with its key.
func (b *Batch) PutStatement(v *trucewatch.StatementView) {
	s := &v.Statement
	b.item(statementList, s.Key.String(), known(v.Received, s.PublishedAt, s.SaidAt),
		folded(s.Speaker, s.Capacity, s.For, s.Meeting, strings.Join(s.Topics, " "), s.Text), seal(v))
}

// PutNotice adds a notification, or replaces the one with its key.
func (b *Batch) PutNotice(v *trucewatch.NoticeView) {
	n := &v.Notification
	b.item(noticeList, n.Key.String(), known(v.Received, n.Window), folded(n.ID, n.By, n.Agency, n.Text), seal(v))
}

// PutSources sets the list of sources. Where identifiers are withheld it has
// one line for each kind.
func (b *Batch) PutSources(all []trucewatch.SourceView) {
	b.run(dropList, sourceList)
	for i := range all {
		s := &all[i]
		b.item(sourceList, string(s.Source.Kind)+"/"+string(s.Source.ID), trucewatch.Interval{}, "", seal(s))
	}
}

func (b *Batch) item(list, id string, when trucewatch.Interval, text string, body []byte) {
	b.run(putItem, list, id, int64(when.From), ended(when), text, body)
	b.chunk()
}

// known returns the first interval that is known, else the moment of receipt.
func known(received trucewatch.Instant, candidates ...trucewatch.Interval) trucewatch.Interval {
	for _, v := range candidates {
		if !v.IsZero() {
			return v
		}
	}
	return trucewatch.Interval{From: received, Till: received}
}

// folded joins texts for a search that knows no case.
func folded(parts ...string) string { return strings.ToLower(strings.Join(parts, "\n")) }

// chunk lets the first filling of a file commit to disk now and then.
func (b *Batch) chunk() {
	if b.rows++; b.err != nil || !b.building || b.rows < buildChunk {
		return
	}
	b.putSpots()
	b.rows, b.prepared = 0, nil
	if b.err = b.tx.Commit(); b.err == nil {
		b.tx, b.err = b.x.write.Begin()
	}
}

// Commit makes the changes visible: the copy then holds so many entries, with
// this state after them. If it fails, nothing has changed.
func (b *Batch) Commit(entries uint64, state trucewatch.Hash) error {
	if b.ended {
		return errors.New("index: the batch has ended")
	}
	defer b.end()
	if err := b.commit(entries, state); err != nil {
		return b.x.because(fmt.Sprintf("commit up to entry %d", entries), err)
	}
	return nil
}

func (b *Batch) commit(entries uint64, state trucewatch.Hash) error {
	if b.putSpots(); b.err != nil {
		return b.err
	}
	if _, err := b.tx.Exec("DELETE FROM gone WHERE number <= ?", b.meta.gone-goneKept); err != nil {
		return err
	}
	var header any // nil leaves it as it was
	if b.header != nil {
		header = b.header
	}
	done := func() error {
		_, err := b.tx.Exec(`UPDATE meta SET entries = ?, state = ?, rows = ?, gone = ?, commits = commits + 1, building = 0,
			header = coalesce(?, header)`, int64(entries), state[:], b.meta.rows, b.meta.gone, header)
		return errors.Join(err, b.tx.Commit())
	}
	if !b.building {
		return done()
	}
	// What was written without waiting must be on the disk before the mark goes.
	if err := b.tx.Commit(); err != nil {
		return err
	}
	if err := b.x.settle(); err != nil {
		return err
	}
	if _, err := b.x.write.Exec("PRAGMA synchronous = FULL"); err != nil {
		return err
	}
	var err error
	if b.tx, err = b.x.write.Begin(); err != nil {
		return err
	}
	return done()
}

// Rollback ends the batch and forgets its changes. After Commit it does nothing.
// What BeginAnew emptied stays empty. It returns no error: SQLite undoes what
// was not committed, if not now then when the file is opened.
func (b *Batch) Rollback() error {
	if !b.ended {
		b.end()
	}
	return nil
}

// end gives the file back. SQLite undoes what was not committed.
func (b *Batch) end() {
	if b.tx != nil {
		_ = b.tx.Rollback() // after a commit there is nothing to undo, and an error changes nothing
	}
	if b.building {
		_, _ = b.x.write.Exec("PRAGMA synchronous = NORMAL") // only speed is lost if it stays FULL; OFF ends with the next Begin
	}
	b.ended = true
	b.x.batch.Unlock()
}
