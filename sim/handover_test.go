// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/logkey"
	"github.com/trucewatch/trucewatch/mirror"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/witness"
)

// keysMax is how many keys the log of a world has at most.
//
// Guess: three, so that one handover follows another, and a world stays as cheap
// as it is. Test: make mutants, at another value.
const keysMax = 3

// A logVerifier verifies what the log signed, by the key that its size needs.
type logVerifier struct {
	*logkey.Key
	by []*verifier // each key's, in their order
}

func newLogVerifier(key *logkey.Key) *logVerifier {
	v := &logVerifier{Key: key}
	for _, span := range key.Spans() {
		v.by = append(v.by, newVerifier(key.At(span.From)))
	}
	return v
}

// At is what checkpoints of a size are held to: see record.VerifierAt.
func (v *logVerifier) At(size uint64) note.Verifier {
	for i, span := range v.Spans() {
		if size < span.Till {
			return v.by[i]
		}
	}
	panic("sim: a size without a key")
}

// followKey reads the log's key from the mission's folder, after a writer was at
// work: it goes on from the one before, and no secret of an older one is left.
func (w *world) followKey() {
	w.t.Helper()
	disk := w.sound()
	text, err := disk.ReadFile("/m/keys/log.pub", 1<<20)
	w.must(err)
	secrets, err := disk.ReadFile("/m/keys/log.key", 1<<20)
	w.must(err)
	if n := len(strings.Fields(string(secrets))); n != 1 {
		w.fail("I6", "%d secrets of the log are in the mission's folder", n)
	}
	if w.verifier != nil && w.verifier.String() == strings.TrimSpace(string(text)) {
		return
	}
	key, err := logkey.Parse(strings.TrimSpace(string(text)))
	if err != nil || w.verifier != nil && !key.Continues(w.verifier.Key) {
		w.fail("I2", "the log's key was %v, and is %s: %v", w.verifier, text, err)
	}
	if w.verifier == nil {
		w.account.hands = key.String()
	}
	w.verifier = newLogVerifier(key)
	w.secrets = append(w.secrets, strings.TrimSpace(string(secrets)))
	clear(w.stood)
}

// secretOf signs what the log signs of that size. The world has kept every secret,
// as whoever stole them has.
func (w *world) secretOf(size uint64) note.Signer {
	for i, span := range w.verifier.Spans() {
		if size < span.Till {
			signer, err := note.NewSigner(w.secrets[i])
			w.must(err)
			return signer
		}
	}
	panic("sim: a size without a key")
}

// handOver hands the log over to a new key.
func (w *world) handOver() error {
	if len(w.secrets) == keysMax {
		return nil
	}
	w.handing = w.verifier.String()
	_, key, err := w.m.RotateLog(nil)
	if err != nil {
		return err
	}
	w.handing, w.account.key = "", key
	w.acknowledge(nil)
	happened.add("handover: of the log to a new key")
	first, err := logkey.Parse(w.net.logKey)
	w.must(err)
	if c, err := record.ReadCheckpointOn(w.sound(), "/m/record", first); err == nil {
		w.fail("I3", "the log's first key still signs, %d entries", c.Size)
	}
	if w.random.IntN(2) == 0 {
		return w.tell() // as the officers were waiting for it
	}
	return nil
}

// countHandover counts a handover that a process died over.
func (w *world) countHandover() {
	switch w.handing {
	case "":
		return
	case w.verifier.String():
		happened.add("handover: died before its entry")
	default:
		happened.add("handover: died after its entry")
	}
	w.handing = ""
}

// readHandover adds a handover to what the entries say of the log's key.
func (w *world) readHandover(e *trucewatch.Entry) {
	w.t.Helper()
	k := e.Body.Payload.Key
	if k == nil || k.Role != trucewatch.LogKey {
		return
	}
	next, err := note.NewEd25519VerifierKey(w.verifier.Name(), k.Public)
	w.must(err)
	w.account.hands += fmt.Sprintf(",%d,%s,%s", e.Index, next, base64.StdEncoding.EncodeToString(k.Handover))
}

// checkKey: the log's key says what the entries say, and names each handover that
// was acknowledged. Each was signed by the key before it.
func (w *world) checkKey() {
	w.t.Helper()
	if w.account.hands != w.verifier.String() {
		w.fail("I3", "the log's key is %v, and its entries say %s", w.verifier, w.account.hands)
	}
	if !strings.HasPrefix(w.verifier.String(), w.account.key) {
		w.fail("I1", "the log was handed over, %s, and its key is %v", w.account.key, w.verifier)
	}
	spans := w.verifier.Spans()
	for i, span := range spans[1:] {
		said := handoverOf(w.verifier.Name(), span.Index(), span.Text)
		if span.Index() >= w.account.size || !w.verifier.by[i].Verify(said, span.Signature) {
			w.fail("I6", "the handover at entry %d of %d is not signed by the key before it", span.Index(), w.account.size)
		}
	}
}

// handoverOf is what a key signs that hands the log over: see package logkey.
func handoverOf(origin string, index uint64, next string) []byte {
	return fmt.Appendf(nil, "trucewatch/log-key/v1\n%s\n%d\n%s\n", origin, index, next)
}

// tell has people bring the log's key to some witnesses, whose disks may fail.
func (w *world) tell() error {
	for _, s := range w.net.sites {
		if w.random.IntN(3) > 0 {
			w.tellOne(s)
		}
	}
	if w.random.IntN(3) == 0 {
		w.steal()
	}
	return nil
}

// steal has whoever stole an old key come with it to the witnesses, perhaps before
// any checkpoint of the new one.
func (w *world) steal() {
	w.t.Helper()
	r, err := record.OpenReaderOn(w.sound(), "/m/record", w.verifier)
	w.must(err)
	defer r.Close()
	for _, s := range w.net.sites {
		s.mu.Lock()
		if !s.lies {
			w.net.offerByOldKey(w, s, r)
		}
		s.mu.Unlock()
	}
}

func (w *world) tellOne(s *site) {
	w.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	failures := s.disk.Failed()
	key, err := witness.FollowOn(s.disk, "/w", []string{w.net.logKey}, w.verifier.String())
	switch {
	case err == nil:
		s.told = key
		if len(key.Spans()) > 1 {
			happened.add("witness: told of a handover")
		}
	case s.disk.Failed() == failures:
		w.fail("I7", "witness %s does not follow the log's key: %v", s.organisation.Name, err)
	}
}

// checkTold: after its process ended, a witness still follows what it said it does.
// s.mu is held.
func (w *world) checkTold(s *site) {
	w.t.Helper()
	if s.told == nil {
		return
	}
	answer := httptest.NewRecorder()
	s.server.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/"+witness.LogID(w.verifier.Name())+"/key", nil))
	if key, err := logkey.Parse(strings.TrimSpace(answer.Body.String())); err != nil || !key.Continues(s.told) {
		w.fail("I6", "witness %s forgot a handover that it follows: %v", s.organisation.Name, err)
	}
}

// forgeHandover tells the witnesses, and the second one the mirrors, of handovers that never were: one that the
// log's key did not sign, and a second one of a key that was handed over already.
func (w *world) forgeHandover() error {
	for _, s := range w.net.sites {
		if s.told == nil {
			continue
		}
		w.refusesKey(s, w.forgedKey())
		happened.add("witness: told of a handover that the old key did not sign")
		if len(s.told.Spans()) > 1 {
			w.refusesKey(s, w.otherHandover(s.told.Last().From))
			happened.add("witness: told of another handover")
		}
	}
	for _, h := range w.mirrors {
		if other := w.otherHandover(h.held.Size); other != "" {
			h.source = shows{w: w, disk: w.sound(), spoil: mirror.KeyName, how: "shows another handover", fork: []byte(other + "\n")}
			w.pullOne(h)
		}
	}
	return nil
}

// refusesKey tells a witness of a key of the log that it must not follow.
func (w *world) refusesKey(s *site, text string) {
	w.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	failures := s.disk.Failed()
	_, err := witness.FollowOn(s.disk, "/w", []string{w.net.logKey}, text)
	if err == nil || !errors.Is(err, witness.ErrInvalid) && s.disk.Failed() == failures {
		w.fail("I6", "witness %s follows %s: %v", s.organisation.Name, text, err)
	}
}

// forgedKey is the log's key with one handover more, which a stranger signed.
func (w *world) forgedKey() string {
	secret, public, err := note.GenerateKey(rand.Reader, w.verifier.Name())
	w.must(err)
	stranger, err := note.NewSigner(secret)
	w.must(err)
	index := w.account.size + uint64(w.random.IntN(9))
	signature, err := stranger.Sign(handoverOf(w.verifier.Name(), index, public))
	w.must(err)
	return fmt.Sprintf("%v,%d,%s,%s", w.verifier, index, public, base64.StdEncoding.EncodeToString(signature))
}

// otherHandover is the log's key with another last handover of those that a log of
// so many entries has, by whoever stole the key before; empty if there is none.
func (w *world) otherHandover(size uint64) string {
	known := w.verifier.UpTo(size)
	if len(known.Spans()) == 1 {
		return ""
	}
	index := known.Last().Index()
	old, err := note.NewSigner(w.secrets[len(known.Spans())-2])
	w.must(err)
	_, public, err := note.GenerateKey(rand.Reader, w.verifier.Name())
	w.must(err)
	other, err := known.UpTo(index).HandOver(index, public, old)
	w.must(err)
	return other.String()
}
