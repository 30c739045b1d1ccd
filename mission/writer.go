// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/keyring"
	"github.com/trucewatch/trucewatch/logkey"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/replay"
	"github.com/trucewatch/trucewatch/seal"
)

// flushEntries is how many entries wait for one sync at most. Guess: 256 keeps
// a sync's cost below that of encoding. Test: make bench, Record.
const flushEntries = 256

// signEvery is how long a long import goes between checkpoints: readers see
// only what a checkpoint covers. Guess: a second. Test: the web page during an
// import.
const signEvery = time.Second

// A Writer appends to a mission's record. It lives within one call of Write.
type Writer struct {
	m       *Mission
	log     *record.Log
	key     *logkey.Current // of the log
	signer  *logkey.Signer  // of the log
	desk    *desk
	pending []pending
	store   *seal.Store         // for the boxes of a sealed mission, opened when the first is kept
	boxes   map[string][][]byte // sealed since the last sync, by class
	signed  time.Time
	failed  bool // the log could not be written or signed
	// Stamp is the rim's clock: what Received of the next entry will be.
	Stamp func() trucewatch.Instant
	// Acked, if set, is called after each sync with how many rows this writer has
	// made durable, and how many entries the record has.
	Acked func(rows int64, index uint64)
	rows  int64 // in what was appended so far
	told  int64 // of rows, those that are durable
}

// A pending entry waits for the sync and, if it is the desk's, for the one
// signature of its group.
type pending struct {
	received   trucewatch.Instant
	body       []byte
	signatures []trucewatch.Signature // of others than the desk
}

// envelopeMaxBytes is what signature and frame add to a body, at most: a batch
// of flushEntries has paths of 8 hashes.
const envelopeMaxBytes = 512

// Write locks the record, folds what others appended, runs do, and makes
// durable and signs what it appended. If do fails, what was appended before the
// failure is kept: every entry is sound by itself. A re-enacted mission takes
// nothing more: ErrPlayed.
func (m *Mission) Write(do func(w *Writer) error) error {
	if m.state.Genesis().Mode == trucewatch.Reenacted {
		return fmt.Errorf("%w (%s)", ErrPlayed, m.dir)
	}
	return m.write(do)
}

// ErrDesk says that the key in keys/desk.key is not the one that the record knows
// as its desk's: what it signs would be nobody's.
var ErrDesk = errors.New("mission: keys/desk.key is no desk key of this record: it belongs to another mission, or was put back from before a change of keys")

// deskIsKnown refuses to sign as a desk that the record does not know.
func (w *Writer) deskIsKnown() error {
	if w.m.ring == nil {
		return nil // the first entries make it known
	}
	if key, ok := w.m.ring.Key(w.desk.id); !ok || key.Role != trucewatch.DeskKey {
		return fmt.Errorf("%w (%s)", ErrDesk, w.m.dir)
	}
	return nil
}

// ErrPlayed says that a re-enacted mission was to be written to: its times come
// from what was played into it, and an entry of today would end years of periods.
var ErrPlayed = errors.New("mission: a re-enacted mission takes no more entries: its times come from its input; set up a mission of your own with init")

func (m *Mission) write(do func(w *Writer) error) error {
	if m.ahead || m.erased {
		return ErrAhead
	}
	verifier, err := m.logVerifier()
	if err != nil {
		return err
	}
	key := logkey.NewCurrent(verifier)
	signer, err := m.logSigner(key)
	if err != nil {
		return err
	}
	d, err := m.readDesk()
	if err != nil {
		return err
	}
	options, err := m.guardOptions()
	if err != nil {
		return err
	}
	var log *record.Log
	err = patiently(func() (err error) {
		log, err = record.OpenWith(filepath.Join(m.dir, "record"), key, signer, options)
		return err
	})
	if err != nil {
		return err
	}
	w := &Writer{m: m, log: log, key: key, signer: signer, desk: d, boxes: map[string][][]byte{}, signed: time.Now()}
	// A clock that was set back stands still until it comes to where the record is.
	w.Stamp = func() trucewatch.Instant { return max(trucewatch.InstantOf(time.Now()), m.state.Now()) }
	err = w.begin()
	if err == nil {
		err = do(w)
		// After the log has failed it refuses everything, and says so again.
		if !w.failed {
			err = errors.Join(err, w.flush())
		}
		if !w.failed {
			err = errors.Join(err, w.sign())
		}
	}
	m.ahead = m.state.Next() > log.Checkpoint().Size
	if w.store != nil {
		err = errors.Join(err, w.store.Close())
	}
	return errors.Join(err, log.Close())
}

// A writer holds the log for moments, and an import for minutes: whoever finds
// it locked tries this often, with this pause. Guess: a second in all. Test: an
// import beside a served mission.
const (
	lockTries = 20
	lockPause = 50 * time.Millisecond
)

// patiently tries again while another writer holds the log.
func patiently(do func() error) error {
	err := do()
	for try := 0; errors.Is(err, record.ErrLocked) && try < lockTries; try++ {
		time.Sleep(lockPause)
		err = do()
	}
	return err
}

// begin signs what a crash left durable but unsigned, and folds what is new.
func (w *Writer) begin() error {
	if err := w.askWitnesses(); err != nil {
		w.failed = true // nothing may be signed
		return err
	}
	if err := w.settleKey(w.log.Size()); err != nil {
		return err
	}
	if err := w.sign(); err != nil {
		return err
	}
	if _, err := w.m.fold(w.log); err != nil {
		return err
	}
	if w.m.erased {
		return ErrAhead
	}
	if w.m.state.Closed() > 0 {
		return fmt.Errorf("%w: %d entries: only a mission that knows all of its record can add to it", ErrLocked, w.m.state.Closed())
	}
	if err := w.deskIsKnown(); err != nil {
		return err
	}
	return w.destroy()
}

func (w *Writer) sign() error {
	_, err := w.log.Sign()
	w.failed = w.failed || err != nil
	w.signed = time.Now()
	return err
}

// Append records p as received at the given instant, after the ticks that are
// due by then. It returns before the entry is durable; Flush, or the end of
// Write, makes it so.
func (w *Writer) Append(p trucewatch.Payload, received trucewatch.Instant) error {
	return w.appendWith(p, nil, received)
}

func (w *Writer) appendWith(p trucewatch.Payload, custody []byte, received trucewatch.Instant) error {
	if err := w.m.plainNames(&p); err != nil {
		return fmt.Errorf("mission: %w", err)
	}
	if err := w.Tick(received); err != nil {
		return err
	}
	e, err := w.deskEntry(p, received)
	if err != nil {
		return err
	}
	return w.enter(e, custody)
}

// nextTick returns the first instant at which a tick is due, and the local day
// whose reporting period it ends, if it does.
func (m *Mission) nextTick() (at trucewatch.Instant, day string) {
	at, day = m.calendar.next(m.cut)
	if due := m.state.Due(); due != 0 && due < at {
		at, day = due, ""
	}
	return at, day
}

// Tick records a tick for every instant that is due until then: clocks that
// run out, delays that end, cut-offs; with each cut-off a digest of the state
// and of what is public. In an open mission a day without news has no digest; in
// a sealed one every day has, as its absence would tell that nothing happened.
func (w *Writer) Tick(until trucewatch.Instant) error {
	var last trucewatch.Instant // due instant of the tick before, if it was no cut-off
	for w.m.state.Genesis() != nil {
		at, day := w.m.nextTick()
		if at > until {
			return nil
		}
		if day == "" && at == last {
			// Without this a clock that a tick does not end would fill the disk.
			return fmt.Errorf("mission: a tick at %v was recorded, and something is still due then", at)
		}
		if last = at; day != "" {
			last = 0
		}
		// In a live mission a tick may be recorded late, if nothing ran when it
		// was due: At says when it was due, Received when it was recorded.
		received := at
		if w.m.state.Genesis().Mode != trucewatch.Reenacted {
			received = max(until, at)
		}
		received = max(received, w.m.state.Now())
		if err := w.append(trucewatch.Payload{Tick: &trucewatch.Tick{At: at, CutOff: day}}, received); err != nil {
			return err
		}
		// Where sources say what they see, what is shown of it changes at every cut-off.
		if day == "" || !w.m.news && w.m.vault == nil && !w.m.state.Covered() {
			continue
		}
		digest, err := w.m.digest(cutOffDigest+day, received)
		if err != nil {
			return err
		}
		if err := w.append(trucewatch.Payload{Digest: digest}, received); err != nil {
			return err
		}
	}
	return nil
}

// append records what the desk says.
func (w *Writer) append(p trucewatch.Payload, received trucewatch.Instant) error {
	e, err := w.deskEntry(p, received)
	if err != nil {
		return err
	}
	return w.enter(e, nil)
}

// deskEntry makes the desk's next entry.
func (w *Writer) deskEntry(p trucewatch.Payload, received trucewatch.Instant) (*trucewatch.Entry, error) {
	types := p.Types()
	if len(types) != 1 {
		return nil, fmt.Errorf("mission: append: a payload with %d things in it", len(types))
	}
	body := trucewatch.Body{Version: 1, Log: w.log.Origin(), Type: types[0], Key: w.desk.id, Seen: w.seen(), Payload: p}
	if w.m.ring != nil {
		body.Sequence, body.Previous = w.m.ring.Head(w.desk.id)
	}
	return entryOf(w.m.state.Next(), received, body)
}

// seen names the newest checkpoint: the entry is not older.
func (w *Writer) seen() trucewatch.Hash { return sha256.Sum256(w.log.Checkpoint().Note) }

func entryOf(index uint64, received trucewatch.Instant, body trucewatch.Body) (*trucewatch.Entry, error) {
	raw := trucewatch.Encode(body)
	e := &trucewatch.Entry{Index: index, Received: received, Body: body, Raw: raw, BodyHash: sha256.Sum256(raw)}
	if err := e.Check(); err != nil {
		return nil, fmt.Errorf("mission: entry %d: %w", e.Index, err)
	}
	return e, nil
}

// enter records an entry that the cases as they stand allow (else ErrRefused, but
// for a disk that fails, which refuses nothing), in
// a sealed mission in boxes. Custody is what of it names people, for the box of that class.
func (w *Writer) enter(e *trucewatch.Entry, custody []byte) error {
	sealed := w.m.vault != nil && seal.Sealable(e.Body.Type)
	if !sealed {
		// What stands openly is folded as of the time that stands there: a replay
		// knows no other.
		e.Received = w.m.openly(e.Received)
	}
	switch err := w.m.state.Acceptable(e); {
	case errors.Is(err, replay.ErrUnread):
		return fmt.Errorf("mission: entry %d: %w", e.Index, err)
	case err != nil:
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	outer, c := e, content{e, plain}
	if sealed {
		var err error
		if outer, err = w.seal(e, custody); err != nil {
			return err
		}
		c.how = unsealed
	}
	w.rows += rowsOf(&e.Body.Payload)
	return w.queue(outer, c)
}

// queue folds an entry and queues it for the log.
func (w *Writer) queue(outer *trucewatch.Entry, c content) error {
	if n := len(outer.Raw) + envelopeMaxBytes; n > trucewatch.EntryMaxBytes {
		return fmt.Errorf("mission: entry %d: %d bytes, more than %d", outer.Index, n, trucewatch.EntryMaxBytes)
	}
	// The state may run ahead of the disk within this call: nobody sees it
	// before the checkpoint, and after a failed sync the mission is reopened.
	if err := w.m.apply(outer, c); err != nil {
		return err
	}
	w.pending = append(w.pending, pending{w.m.openly(outer.Received), outer.Raw, outer.Signatures})
	if len(w.pending) >= flushEntries {
		return w.flush()
	}
	return nil
}

// rowsOf counts the rows that an entry records.
func rowsOf(p *trucewatch.Payload) int64 {
	switch {
	case p.Observations != nil:
		return int64(len(p.Observations.Observations))
	case p.Tally != nil:
		return int64(len(p.Tally.Tallies))
	case p.Statement != nil:
		return int64(len(p.Statement.Statements))
	case p.Notification != nil:
		return 1
	}
	return 0
}

// RejectedDir is where refused rows are kept as they were.
func (w *Writer) RejectedDir() string { return filepath.Join(w.m.dir, "rejected") }

// Flush makes everything appended so far durable.
func (w *Writer) Flush() error { return w.flush() }

func (w *Writer) flush() error {
	if len(w.pending) == 0 {
		return nil
	}
	// The boxes first: an entry whose box is missing could never be opened.
	if err := w.flushBoxes(); err != nil {
		w.failed = true
		return err
	}
	began := time.Now()
	if _, err := w.log.Append(w.leaves()...); err != nil {
		w.failed = true
		return err
	}
	w.pending = w.pending[:0]
	if w.m.flushed != nil {
		w.m.flushed(w.rows-w.told, time.Since(began))
	}
	w.told = w.rows
	if w.Acked != nil {
		w.Acked(w.rows, w.log.Size())
	}
	if time.Since(w.signed) >= signEvery {
		return w.sign()
	}
	return nil
}

// leaves signs what is pending and the desk's. In an open mission one signature
// serves all of it; in a sealed one every entry has its own, as a path would tell
// how many were received together.
func (w *Writer) leaves() [][]byte {
	var bodies [][]byte
	for _, p := range w.pending {
		if p.signatures == nil {
			bodies = append(bodies, p.body)
		}
	}
	var signatures []trucewatch.Signature
	if w.m.vault != nil {
		for _, body := range bodies {
			signatures = append(signatures, keyring.Sign(w.desk.key, body))
		}
	} else if len(bodies) > 0 {
		signatures = keyring.SignBatch(w.desk.key, bodies)
	}
	leaves := make([][]byte, len(w.pending))
	for i, p := range w.pending {
		env := trucewatch.Envelope{Received: p.received, Body: p.body, Signatures: p.signatures}
		if p.signatures == nil {
			env.Signatures, signatures = signatures[:1], signatures[1:]
		}
		leaves[i] = trucewatch.Encode(env)
	}
	return leaves
}
