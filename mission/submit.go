// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"cmp"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/keyring"
	"github.com/trucewatch/trucewatch/logkey"
	"github.com/trucewatch/trucewatch/seal"
)

// ErrRefused is wrapped by the error about a submission that may not enter the
// record. Nothing of it was recorded.
var ErrRefused = errors.New("mission: submission refused")

// ErrErased is wrapped, with ErrRefused, by the error about a body whose place in
// its signer's chain is that of an erased entry: it was recorded, or another one
// in its place, and is not taken again. The signer goes on with the next.
var ErrErased = errors.New("what stood there was erased by warrant")

// A Submission is a body that somebody else than the desk signed: a device, an
// officer, a holder of copies.
type Submission struct {
	_          struct{} `cbor:",toarray"`
	Body       []byte
	Signatures []trucewatch.Signature
}

// submissionsMax bounds the bodies of one file. Guess: a device that was out of
// reach for a month sends fewer. Test: the largest file submitted.
const submissionsMax = 1 << 16

// EncodeSubmissions writes bodies to be handed to a mission.
func EncodeSubmissions(all []Submission) []byte { return trucewatch.Encode(all) }

// DecodeSubmissions reads what EncodeSubmissions wrote.
func DecodeSubmissions(data []byte) ([]Submission, error) {
	var all []Submission
	if err := trucewatch.Decode(data, &all); err != nil {
		return nil, fmt.Errorf("mission: submissions: %w", err)
	}
	if len(all) == 0 || len(all) > submissionsMax {
		return nil, fmt.Errorf("mission: submissions: %w: %d bodies, not 1 to %d", trucewatch.ErrInvalid, len(all), submissionsMax)
	}
	return all, nil
}

// submitted lists the types that may come from others than the desk. What the
// desk alone says (ticks, digests, what it seals) is not among them.
var submitted = []trucewatch.EntryType{trucewatch.ObservationsEntry, trucewatch.StatementEntry, trucewatch.NotificationEntry, trucewatch.KeyEntry,
	trucewatch.PolicyEntry, trucewatch.AccessEntry, trucewatch.ErasureEntry, trucewatch.ReceiptEntry, trucewatch.ReviewEntry, trucewatch.ReleaseEntry, trucewatch.CustodyEntry,
	trucewatch.InterpretationEntry, trucewatch.AnswerEntry, trucewatch.DecisionEntry, trucewatch.StepEntry, trucewatch.SessionEntry,
	trucewatch.ActivationEntry, trucewatch.NoticeStepEntry, trucewatch.FactEntry, trucewatch.CoverageEntry, trucewatch.InventoryEntry}

// Submit records a body that somebody else signed, as received at the given
// instant, and returns the index of its entry. A body that the record holds
// already adds nothing, and its index is returned: who got no answer may submit
// again. The error wraps ErrRefused, or is one of the disk.
func (w *Writer) Submit(s Submission, received trucewatch.Instant) (index uint64, repeated bool, err error) {
	if index, known := w.m.submitted[sha256.Sum256(s.Body)]; known {
		return index, true, nil
	}
	if err := w.Tick(received); err != nil {
		return 0, false, err
	}
	e, err := trucewatch.EntryOf(w.m.state.Next(), &trucewatch.Envelope{Received: received, Body: s.Body, Signatures: s.Signatures})
	if err != nil {
		return 0, false, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if err := w.mayBeSubmitted(e); err != nil {
		return 0, false, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return e.Index, false, w.enter(e, nil)
}

func (w *Writer) mayBeSubmitted(e *trucewatch.Entry) error {
	allowed := false
	for _, t := range submitted {
		allowed = allowed || t == e.Body.Type
	}
	if !allowed || e.Body.Key == w.desk.id {
		return fmt.Errorf("an entry of type %s is the desk's own", e.Body.Type)
	}
	if w.m.vault != nil && seal.Sealable(e.Body.Type) && len(e.Body.Salt) == 0 {
		return errors.New("the body has no salt: in a sealed mission what it says could be guessed after an erasure, from the hash that the next one names")
	}
	if index, erased := w.m.ring.Erased(e.Body.Key, e.Body.Sequence); erased {
		return fmt.Errorf("body %d of key %x stood in entry %d: %w", e.Body.Sequence, e.Body.Key, index, ErrErased)
	}
	checks, problems := w.m.ring.Inspect(e)
	problems = append(problems, keyring.Verify(checks)...)
	if len(problems) > 0 {
		return errors.New(problems[0].What)
	}
	if err := w.m.mayCome(e); err != nil {
		return err
	}
	if err := w.m.plainNames(&e.Body.Payload); err != nil {
		return err
	}
	if b := e.Body.Payload.Observations; b != nil {
		if err := w.mustBeSame(b.Source); err != nil {
			return err
		}
		for i := range b.Observations {
			if err := w.m.invented(b.Source, b.Observations[i].Text); err != nil {
				return fmt.Errorf("row %d: %w", i, err)
			}
			if limit := e.Received + trucewatch.FutureToleranceS*trucewatch.Second; b.Observations[i].When.From > limit {
				return fmt.Errorf("row %d lies in the future: %v, received %v", i, b.Observations[i].When.From, e.Received)
			}
		}
	}
	return nil
}

// AppendAs records p as signed by others than the desk whose keys are at hand:
// the first is its source.
func (w *Writer) AppendAs(keys []ed25519.PrivateKey, p trucewatch.Payload, received trucewatch.Instant) (uint64, error) {
	if err := w.Tick(received); err != nil {
		return 0, err
	}
	body, err := w.m.Draft(keys[0].Public().(ed25519.PublicKey), p)
	if err != nil {
		return 0, err
	}
	s := Submission{Body: body}
	for _, key := range keys {
		s.Signatures = append(s.Signatures, keyring.Sign(key, body))
	}
	index, _, err := w.Submit(s, received)
	return index, err
}

// Draft returns the body that the holder of a key must sign for p to be his next
// entry.
func (m *Mission) Draft(public ed25519.PublicKey, p trucewatch.Payload) ([]byte, error) {
	types := p.Types()
	if len(types) != 1 {
		return nil, fmt.Errorf("mission: draft: a payload with %d things in it", len(types))
	}
	body := trucewatch.Body{Version: 1, Log: m.Origin(), Type: types[0], Key: keyring.ID(public), Payload: p, Salt: newSalt()}
	body.Sequence, body.Previous = m.ring.Head(body.Key)
	return trucewatch.Encode(body), nil
}

// newSalt makes the salt of a body that is signed here.
func newSalt() []byte {
	salt := make([]byte, trucewatch.SaltBytes)
	_, _ = rand.Read(salt) // it never fails, by its documentation
	return salt
}

// Origin names the mission's log.
func (m *Mission) Origin() string { return m.ring.Origin() }

// Keys returns the keys of the record.
func (m *Mission) Keys() []trucewatch.KeyRegistration { return m.ring.Keys() }

// Policy returns who must co-sign and agree by now, nil if nothing is settled.
func (m *Mission) Policy() *trucewatch.Policy {
	if m.ring == nil {
		return nil
	}
	return m.ring.Policy(m.state.Now())
}

// A Promise is the operator's signed word that a submission stands in the
// record at an index. Without it he could say that he never had it.
type Promise struct {
	Origin   string
	Index    uint64
	Body     trucewatch.Hash // SHA-256 of the body
	Received trucewatch.Instant
}

// promiseContext is the first line of what a promise signs, so that none can
// pass for a checkpoint.
const promiseContext = "trucewatch/promise/v1"

func (p Promise) text() string {
	return fmt.Sprintf("%s\n%s\n%d\n%v\n%v\n", promiseContext, p.Origin, p.Index, p.Body, p.Received)
}

// Promise signs that a body was recorded. It must be durable by then.
func (w *Writer) Promise(s Submission, index uint64, received trucewatch.Instant) ([]byte, error) {
	p := Promise{Origin: w.log.Origin(), Index: index, Body: sha256.Sum256(s.Body), Received: received}
	signed, err := note.Sign(&note.Note{Text: p.text()}, w.signer)
	if err != nil {
		return nil, fmt.Errorf("mission: sign promise: %w", err)
	}
	return signed, nil
}

// promiseMaxBytes bounds a promise with its signature.
const promiseMaxBytes = 4096

// ParsePromise reads a promise that the log's key signed: that of the time of the
// entry, or one that the log was handed over to since.
func ParsePromise(signed []byte, key *logkey.Key) (Promise, error) {
	if len(signed) > promiseMaxBytes {
		return Promise{}, fmt.Errorf("mission: promise: %w: %d bytes", trucewatch.ErrInvalid, len(signed))
	}
	text, _, _ := strings.Cut(string(signed), "\n\n")
	text += "\n"
	var p Promise
	var body, received string
	lines := strings.Split(text, "\n")
	if len(lines) != 6 || lines[0] != promiseContext {
		return Promise{}, fmt.Errorf("mission: promise: %w: not one", trucewatch.ErrInvalid)
	}
	p.Origin, body, received = lines[1], lines[3], lines[4]
	if _, err := fmt.Sscanf(lines[2], "%d", &p.Index); err != nil {
		return Promise{}, fmt.Errorf("mission: promise: %w: index %q", trucewatch.ErrInvalid, lines[2])
	}
	if err := errors.Join(p.Body.UnmarshalText([]byte(body)), p.Received.UnmarshalText([]byte(received))); err != nil {
		return Promise{}, fmt.Errorf("mission: promise: %w", err)
	}
	if p.text() != text {
		return Promise{}, fmt.Errorf("mission: promise: %w: not in its one encoding", trucewatch.ErrInvalid)
	}
	// A checkpoint of one entry more covers it.
	if n, err := note.Open(signed, key.Since(p.Index+1)); err != nil || n.Text != text {
		return Promise{}, fmt.Errorf("mission: promise: %w", cmp.Or(err, trucewatch.ErrInvalid))
	}
	return p, nil
}
