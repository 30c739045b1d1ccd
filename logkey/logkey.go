// SPDX-License-Identifier: Apache-2.0

// Package logkey is the key of a log, which may be handed over to another key
// within one record. Who knows the first key needs to be told nothing in person:
// each key signs for the one after it, and from which entry on that one signs.
//
// # Form
//
// A key is one word: the C2SP verifier key of the first, and for each handover a
// comma, the index of its entry, a comma, the verifier key of the next, a comma,
// and in base64 the signature of the key before it. A log that was never handed
// over has a plain verifier key, which every program of C2SP takes.
//
// Checkpoints with more entries than that index, which therefore cover the entry
// of the handover, are signed by the next key; those up to it by the one before.
// So no size has two keys, and an old key signs for nothing that is new.
//
// # Trust
//
// Whoever has an old key can sign another history of the sizes that were its
// own, and hand the log over a second time, to himself: two words that begin
// alike and go on differently are the proof. Whoever has followed the first
// handover takes no other.
package logkey

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/mod/sumdb/note"
)

// ErrInvalid says that something is no log's key, or that a handover is not
// signed by the key before it.
var ErrInvalid = errors.New("logkey: invalid")

// handoversMax bounds the handovers of a log. Guess: one a year, and some thefts.
// Test: raise it when a log has more.
const handoversMax = 64

// textMaxBytes bounds a key in bytes. Source: C2SP signed-note names of 255 bytes,
// a hash and an Ed25519 key make a verifier key; a handover adds one more, with an
// index and a signature.
const textMaxBytes = (handoversMax + 1) * 512

// A Key is the key of a log with all its handovers. It cannot be changed. As a
// note.Verifier it is the first key; At gives the one for a size.
type Key struct {
	spans []Span // ascending; the first is from 0
}

// A Span is a range of tree sizes, and the key that signs them.
type Span struct {
	From, Till uint64        // sizes with From <= size < Till; Till is the largest number if there is no end
	Text       string        // verifier key
	Public     []byte        // the public key, 32 bytes
	Signature  []byte        // of the key before it, over the handover; nil for the first
	verifier   note.Verifier // of notes
}

// Index is that of the entry that hands over to the key of a span.
func (s *Span) Index() uint64 { return s.From - 1 }

// Parse reads a key in its one form, and checks each handover. It is ErrInvalid
// for anything else.
func Parse(text string) (*Key, error) {
	if len(text) > textMaxBytes {
		return nil, fmt.Errorf("%w: %d bytes, more than %d", ErrInvalid, len(text), textMaxBytes)
	}
	if first, err := newSpan(text); err == nil {
		return &Key{[]Span{first}}, nil // its name may hold a comma
	}
	words := strings.Split(text, ",")
	first, err := newSpan(words[0])
	if err != nil {
		return nil, err
	}
	if words = words[1:]; len(words)%3 != 0 {
		return nil, fmt.Errorf("%w: a handover is an index, a verifier key and a signature", ErrInvalid)
	}
	k := &Key{[]Span{first}}
	for ; len(words) > 0; words = words[3:] {
		index, err := strconv.ParseUint(words[0], 10, 62)
		if err != nil {
			return nil, fmt.Errorf("%w: handover: index %q is not a number", ErrInvalid, words[0])
		}
		signature, err := base64.StdEncoding.Strict().DecodeString(words[2])
		if err != nil {
			return nil, fmt.Errorf("%w: handover at entry %d: its signature is not in base64", ErrInvalid, index)
		}
		if k, err = k.with(index, words[1], signature); err != nil {
			return nil, err
		}
	}
	// The test that counts: there is one form.
	if k.String() != text {
		return nil, fmt.Errorf("%w: not as this program writes it", ErrInvalid)
	}
	return k, nil
}

// newSpan is all sizes, for a verifier key.
func newSpan(vkey string) (Span, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return Span{}, fmt.Errorf("%w: verifier key: %w", ErrInvalid, err)
	}
	_, rest, _ := strings.Cut(vkey, "+")
	_, code, _ := strings.Cut(rest, "+")
	raw, err := base64.StdEncoding.Strict().DecodeString(code)
	if err != nil || strings.ContainsAny(code, "\r\n") || len(raw) != 33 { // a type, and Ed25519's 32
		return Span{}, fmt.Errorf("%w: verifier key of %s is not in its one encoding", ErrInvalid, verifier.Name())
	}
	return Span{Till: math.MaxUint64, Text: vkey, Public: raw[1:], verifier: verifier}, nil
}

// with is the key after one more handover.
func (k *Key) with(index uint64, next string, signature []byte) (*Key, error) {
	span, err := newSpan(next)
	if err != nil {
		return nil, fmt.Errorf("handover at entry %d: %w", index, err)
	}
	last := k.spans[len(k.spans)-1]
	switch {
	case span.verifier.Name() != k.Name() || strings.Contains(k.Name(), ","):
		return nil, fmt.Errorf("%w: handover at entry %d: from the log %q to %q", ErrInvalid, index, k.Name(), span.verifier.Name())
	case index < last.From:
		return nil, fmt.Errorf("%w: handover at entry %d: the one before it is of entry %d", ErrInvalid, index, last.Index())
	case len(k.spans) > handoversMax:
		return nil, fmt.Errorf("%w: more than %d handovers", ErrInvalid, handoversMax)
	case !last.verifier.Verify(handover(k.Name(), index, next), signature):
		return nil, fmt.Errorf("%w: handover at entry %d: not signed by the key before it", ErrInvalid, index)
	}
	for _, s := range k.spans {
		if string(s.Public) == string(span.Public) {
			return nil, fmt.Errorf("%w: handover at entry %d: to a key that was the log's before", ErrInvalid, index)
		}
	}
	span.From, span.Signature = index+1, signature
	last.Till = span.From
	spans := append(append([]Span(nil), k.spans[:len(k.spans)-1]...), last, span)
	return &Key{spans}, nil
}

// context is the first line of what a handover signs, so that none can pass for a
// checkpoint or a promise.
const context = "trucewatch/log-key/v1"

func handover(origin string, index uint64, next string) []byte {
	return fmt.Appendf(nil, "%s\n%s\n%d\n%s\n", context, origin, index, next)
}

// HandOver is the key after signer, its last one, has handed over to another
// verifier key by the entry with an index.
func (k *Key) HandOver(index uint64, next string, signer note.Signer) (*Key, error) {
	signature, err := signer.Sign(handover(k.Name(), index, next))
	if err != nil {
		return nil, fmt.Errorf("logkey: sign handover: %w", err)
	}
	return k.with(index, next, signature)
}

// String is the key as Parse reads it.
func (k *Key) String() string {
	var b strings.Builder
	for i, s := range k.spans {
		if i > 0 {
			fmt.Fprintf(&b, ",%d,", s.Index())
		}
		b.WriteString(s.Text)
		if i > 0 {
			b.WriteString("," + base64.StdEncoding.EncodeToString(s.Signature))
		}
	}
	return b.String()
}

// Spans are the keys with their sizes, ascending. The caller changes nothing.
func (k *Key) Spans() []Span { return k.spans }

// Last is the newest key.
func (k *Key) Last() *Span { return &k.spans[len(k.spans)-1] }

// UpTo is the key as a log of that many entries knows it: without handovers by
// entries that it does not have.
func (k *Key) UpTo(size uint64) *Key {
	n := len(k.spans)
	for n > 1 && k.spans[n-1].From > size {
		n--
	}
	if n == len(k.spans) {
		return k
	}
	spans := append([]Span(nil), k.spans[:n]...)
	spans[n-1].Till = math.MaxUint64
	return &Key{spans}
}

// Continues says whether this is an older key, or that one with more handovers.
func (k *Key) Continues(older *Key) bool {
	return k.String() == older.String() || strings.HasPrefix(k.String(), older.String()+",")
}

// Entered holds an entry that hands the log over to a public key, with the
// signature of the key before, to this key. It is ErrInvalid if this key says
// something else, or nothing, of that entry.
func (k *Key) Entered(index uint64, public, signature []byte) error {
	for _, s := range k.spans[1:] {
		if s.Index() == index && string(s.Public) == string(public) && string(s.Signature) == string(signature) {
			return nil
		}
	}
	return fmt.Errorf("%w: entry %d hands the log over to a key that the log's key does not name there", ErrInvalid, index)
}

// Name implements note.Verifier: the log's origin.
func (k *Key) Name() string { return k.spans[0].verifier.Name() }

// KeyHash implements note.Verifier: that of the first key.
func (k *Key) KeyHash() uint32 { return k.spans[0].verifier.KeyHash() }

// Verify implements note.Verifier: by the first key.
func (k *Key) Verify(msg, sig []byte) bool { return k.spans[0].verifier.Verify(msg, sig) }

// At is what signatures of checkpoints of a size are held to.
func (k *Key) At(size uint64) note.Verifier {
	for i := len(k.spans) - 1; i > 0; i-- {
		if size >= k.spans[i].From {
			return k.spans[i].verifier
		}
	}
	return k.spans[0].verifier
}

// Since are the keys that sign checkpoints of a size or larger ones: whoever says
// something of an entry may say it later, but not with a key from before.
func (k *Key) Since(size uint64) note.Verifiers {
	var all []note.Verifier
	for _, s := range k.spans {
		if size < s.Till {
			all = append(all, s.verifier)
		}
	}
	return note.VerifierList(all...)
}

// A Current is a key that may get handovers while it is in use, by many at once.
type Current struct{ key atomic.Pointer[Key] }

// NewCurrent begins with a key.
func NewCurrent(k *Key) *Current {
	c := &Current{}
	c.key.Store(k)
	return c
}

// Key is the key by now.
func (c *Current) Key() *Key { return c.key.Load() }

// Set puts a key in place of the one before.
func (c *Current) Set(k *Key) { c.key.Store(k) }

// Name implements note.Verifier.
func (c *Current) Name() string { return c.Key().Name() }

// KeyHash implements note.Verifier.
func (c *Current) KeyHash() uint32 { return c.Key().KeyHash() }

// Verify implements note.Verifier.
func (c *Current) Verify(msg, sig []byte) bool { return c.Key().Verify(msg, sig) }

// At is what signatures of checkpoints of a size are held to.
func (c *Current) At(size uint64) note.Verifier { return c.Key().At(size) }

// A Signer signs with the key that a size needs, of those whose secret it has.
type Signer struct {
	key     *Current
	secrets []note.Signer
	texts   []string // of secrets
}

// NewSigner reads secret keys of C2SP, of a log whose public key is given. The
// newest key's must be among them.
func NewSigner(key *Current, secrets []string) (*Signer, error) {
	s := &Signer{key: key}
	for _, text := range secrets {
		if err := s.Add(text); err != nil {
			return nil, err
		}
	}
	newest := key.Key().Last().verifier
	if _, known := s.secret(newest); !known {
		return nil, fmt.Errorf("%w: the secret key of %s+%08x is not here", ErrInvalid, newest.Name(), newest.KeyHash())
	}
	return s, nil
}

// Add takes one more secret key.
func (s *Signer) Add(text string) error {
	secret, err := note.NewSigner(text)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	s.secrets, s.texts = append(s.secrets, secret), append(s.texts, text)
	return nil
}

func (s *Signer) secret(of note.Verifier) (note.Signer, bool) {
	for _, secret := range s.secrets {
		if secret.Name() == of.Name() && secret.KeyHash() == of.KeyHash() {
			return secret, true
		}
	}
	return nil, false
}

// At is what signs checkpoints of a size.
func (s *Signer) At(size uint64) note.Signer {
	v := s.key.At(size)
	if secret, known := s.secret(v); known {
		return secret
	}
	return missing{v}
}

// Newest is the secret of the newest key, and whether there are others.
func (s *Signer) Newest() (text string, others bool) {
	of := s.key.Key().Last().verifier
	for i, secret := range s.secrets {
		if secret.Name() == of.Name() && secret.KeyHash() == of.KeyHash() {
			return s.texts[i], len(s.texts) > 1
		}
	}
	return "", true
}

// newest is what signs from now on.
func (s *Signer) newest() note.Signer { return s.At(math.MaxUint64) }

// Name implements note.Signer: the log's origin.
func (s *Signer) Name() string { return s.key.Name() }

// KeyHash implements note.Signer: that of the newest key.
func (s *Signer) KeyHash() uint32 { return s.newest().KeyHash() }

// Sign implements note.Signer: by the newest key.
func (s *Signer) Sign(msg []byte) ([]byte, error) { return s.newest().Sign(msg) }

// missing is a key whose secret is not here any more.
type missing struct{ of note.Verifier }

// Name implements note.Signer.
func (m missing) Name() string { return m.of.Name() }

// KeyHash implements note.Signer.
func (m missing) KeyHash() uint32 { return m.of.KeyHash() }

// Sign implements note.Signer.
func (m missing) Sign([]byte) ([]byte, error) {
	return nil, fmt.Errorf("%w: the secret key of %s+%08x is not here", ErrInvalid, m.Name(), m.KeyHash())
}
