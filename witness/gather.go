// SPDX-License-Identifier: Apache-2.0

package witness

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/trucewatch/trucewatch/internal/trace"
)

const (
	// AbsentAfter is how long an organisation may leave a checkpoint unsigned
	// before Absent names it: with a beat of ten seconds, within the minute after
	// it stopped. Guess: four beats; test: how often witnesses that are up are
	// named.
	AbsentAfter = 40 * time.Second
	// A witness that failed is asked again after retryFirst, then after twice as
	// long each time, up to retryMax. Guess; test: none needed, a newer
	// checkpoint is posted at once.
	retryFirst = 500 * time.Millisecond
	retryMax   = 30 * time.Second
	// postsMax is how often a checkpoint is posted to a witness that answers
	// with other sizes: one that catches up needs one more than it has peers
	// ahead. Guess; test: TestRestoredBackupCatchesUp.
	postsMax = 6
)

// A Gatherer collects cosignatures of one log's checkpoints from the witnesses
// of a policy. Each witness is asked by a worker of its own, so that one that
// is slow, silent or hostile delays no other. Whatever a witness answers,
// nothing gets into a note but signatures that verify.
type Gatherer struct {
	policy *Policy
	prove  func(old, new uint64) ([][32]byte, error)
	late   func(note []byte)
	client *client
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
	sites  []*site // by organisation
	// turn holds a token while late runs, which may wait long for another writer. A
	// channel, so that a simulated clock goes on while workers queue for it.
	turn chan struct{}
}

// A site is a witness as the gatherer sees it.
type site struct {
	organisation
	mail chan *round // the newest checkpoint that it was not asked for yet

	mu        sync.Mutex // guards what follows
	newest    *round
	known     uint64    // size that the witness is believed to know
	size      uint64    // of the last checkpoint it co-signed
	at        time.Time // of that cosignature, by the witness's clock
	waiting   time.Time // since when a checkpoint is unsigned; zero: none is
	err       error     // the last failure; nil after a success
	neverSeen bool      // it has co-signed nothing yet that the gatherer knows of
}

// A round is the gathering for one checkpoint.
type round struct {
	checkpoint Checkpoint
	within     context.Context // in whose trace it is gathered; its end is not the round's
	asked      time.Time
	log        []verifierKey

	mu       sync.Mutex // guards what follows
	verified *note.Note
	signed   []byte
	standing Standing
	returned bool          // Gather has gone on
	failed   error         // the log must not go on
	changed  chan struct{} // closed, and made anew, at each change
	proofs   map[uint64][]tlog.Hash
}

// NewGatherer starts the workers; Close ends them. prove returns the
// consistency proof between two sizes of the log, 0 < old < new (RFC 6962,
// section 2.1.2); late gets, for each cosignature that arrives after Gather
// returned, the note with all that arrived so far. prove is called by many at
// once, late by one at a time; late may be nil.
func NewGatherer(policy *Policy, prove func(old, new uint64) ([][32]byte, error), late func(note []byte)) *Gatherer {
	return NewGathererOver(nil, policy, prove, late)
}

// NewGathererOver is NewGatherer over a network; nil is the machine's.
func NewGathererOver(net http.RoundTripper, policy *Policy, prove func(old, new uint64) ([][32]byte, error), late func(note []byte)) *Gatherer {
	ctx, cancel := context.WithCancel(context.Background())
	if late == nil {
		late = func([]byte) {}
	}
	g := &Gatherer{policy: policy, prove: prove, late: late, client: newClient(net), ctx: ctx, cancel: cancel, turn: make(chan struct{}, 1)}
	for _, o := range policy.organisations {
		s := &site{organisation: o, mail: make(chan *round, 1), neverSeen: true}
		g.sites = append(g.sites, s)
		if o.address == "" {
			s.err = fmt.Errorf("%w: it has no address", ErrUnavailable)
			continue
		}
		g.work.Go(func() { g.run(s) })
	}
	return g
}

// Close stops asking and waits for the workers, and so for late; late must not
// call it.
func (g *Gatherer) Close() {
	g.cancel()
	g.work.Wait()
	g.client.http.CloseIdleConnections()
}

// Learn takes from a checkpoint that was published who co-signed it, so that
// after a restart Absent goes on from there.
func (g *Gatherer) Learn(signed []byte) error {
	standing, err := g.policy.Standing(signed)
	if err != nil {
		return fmt.Errorf("gather: %w", err)
	}
	for _, s := range g.sites {
		for _, by := range standing.Signed {
			if by.Organisation != s.name {
				continue
			}
			s.mu.Lock()
			s.size, s.at, s.known, s.neverSeen = standing.Size, by.At, standing.Size, false
			s.mu.Unlock()
		}
	}
	return nil
}

// Gather posts a signed checkpoint to all witnesses and returns as soon as it
// has the tier, with the cosignatures so far; the rest goes to late. If ctx
// ends first, it returns what there is and ErrUnavailable; at once, ErrInvalid
// if the policy cannot give the tier. ErrBehind or ErrConflict says that a
// witness showed a larger or another checkpoint of this log's key: unless the
// log has grown to it meanwhile, it must stop. Checkpoints are to be given in
// order of size.
func (g *Gatherer) Gather(ctx context.Context, signed []byte, tier Tier) ([]byte, Standing, error) {
	r, err := g.newRound(ctx, signed)
	if err != nil {
		return nil, Standing{}, fmt.Errorf("gather: %w", err)
	}
	if most := g.policy.tier(slices.Repeat([]bool{true}, len(g.sites))); most < tier {
		return nil, Standing{}, fmt.Errorf("%w: gather: the policy makes a checkpoint at most %v, not %v", ErrInvalid, most, tier)
	}
	for _, s := range g.sites {
		s.ask(r)
	}
	for {
		r.mu.Lock()
		reached := r.standing.Tier >= tier
		if reached || r.failed != nil || ctx.Err() != nil {
			defer r.mu.Unlock()
			r.returned = true
			switch {
			case r.failed != nil:
				return r.signed, r.standing, fmt.Errorf("gather: %w", r.failed)
			case !reached:
				return r.signed, r.standing, fmt.Errorf("gather: size %d is %v, not %v: %w from %s", r.checkpoint.Size, r.standing.Tier, tier,
					ErrUnavailable, strings.Join(r.standing.Missing, ", "))
			}
			return r.signed, r.standing, nil
		}
		changed := r.changed
		r.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

func (g *Gatherer) newRound(ctx context.Context, signed []byte) (*round, error) {
	standing, n, err := g.policy.open(signed)
	if err != nil {
		return nil, err
	}
	r := &round{within: ctx, asked: time.Now(), log: g.policy.logKeys(standing.Origin), verified: n, standing: standing,
		changed: make(chan struct{}), proofs: map[uint64][]tlog.Hash{}}
	if r.checkpoint, err = openCheckpoint(signed, r.log...); err != nil {
		return nil, err
	}
	if r.signed, err = encodeNote(n); err != nil {
		return nil, err
	}
	return r, nil
}

// ask puts a round into the mail, in place of one that was not begun.
func (s *site) ask(r *round) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.newest != nil && s.newest.checkpoint.Size > r.checkpoint.Size {
		return // Whoever gathers for an older one at the same time gets no more of it.
	}
	s.newest = r
	if s.waiting.IsZero() {
		s.waiting = r.asked
	}
	select {
	case <-s.mail:
	default:
	}
	s.mail <- r // ask alone fills the mail, and holds mu.
}

// run is the worker of a site.
func (g *Gatherer) run(s *site) {
	for {
		select {
		case <-g.ctx.Done():
			return
		case r := <-s.mail:
			for wait := retryFirst; r != nil; wait = min(2*wait, retryMax) {
				newer := false
				if r, newer = g.attempt(s, r, wait); newer {
					wait = retryFirst / 2
				}
			}
		}
	}
}

// attempt posts a round. It returns nil when the witness signed or the gatherer
// is closed; and else, after a wait, the round to post next, which may be a
// newer one.
func (g *Gatherer) attempt(s *site, r *round, wait time.Duration) (next *round, newer bool) {
	ctx, end := trace.Begin(trace.Join(g.ctx, r.within), "ask witness")
	sig, err := g.post(ctx, s, r)
	end(err, "organisation", s.name, "size", r.checkpoint.Size)
	if err == nil {
		g.took(s, r, sig)
		return nil, false
	}
	s.mu.Lock()
	s.err = err
	s.mu.Unlock()
	if errors.Is(err, ErrBehind) || errors.Is(err, ErrConflict) {
		r.fail(err)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-g.ctx.Done():
		return nil, false
	case next := <-s.mail:
		return next, true
	case <-timer.C:
		return r, false
	}
}

// took merges a verified cosignature.
func (g *Gatherer) took(s *site, r *round, sig note.Signature) {
	at, err := cosignedAt(sig)
	if err != nil {
		return // cosignatureOf has checked it.
	}
	s.mu.Lock()
	s.known, s.size, s.at, s.err, s.neverSeen = r.checkpoint.Size, r.checkpoint.Size, at, nil, false
	s.waiting = time.Time{}
	if s.newest != r {
		s.waiting = s.newest.asked
	}
	s.mu.Unlock()

	if r.merge(g.policy, s.witness, sig) {
		g.turn <- struct{}{}
		defer func() { <-g.turn }()
		r.mu.Lock()
		signed := r.signed // One call at a time: a later one has all of an earlier one.
		r.mu.Unlock()
		g.late(signed)
	}
}

// merge adds a verified cosignature, and says whether Gather has gone on.
func (r *round) merge(policy *Policy, k verifierKey, sig note.Signature) (late bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, has := signatureOf(r.verified, k); has {
		return false
	}
	r.verified.Sigs = append(r.verified.Sigs, sig)
	standing, ordered, err := policy.arrange(r.checkpoint, r.verified)
	if err == nil {
		var signed []byte
		if signed, err = encodeNote(ordered); err == nil {
			r.standing, r.signed = standing, signed
		}
	}
	if err != nil {
		panic("witness: a verified cosignature cannot be merged: " + err.Error())
	}
	close(r.changed)
	r.changed = make(chan struct{})
	return r.returned
}

func (r *round) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed == nil {
		r.failed = err
		close(r.changed)
		r.changed = make(chan struct{})
	}
}

// post asks a witness for its cosignature, from the size that it says it knows.
func (g *Gatherer) post(ctx context.Context, s *site, r *round) (note.Signature, error) {
	c := r.checkpoint
	s.mu.Lock()
	old := min(s.known, c.Size)
	s.mu.Unlock()
	for range postsMax {
		proof, err := g.proof(r, old)
		if err != nil {
			return note.Signature{}, fmt.Errorf("proof from size %d to %d: %w", old, c.Size, err)
		}
		lines, err := g.client.add(ctx, s.address, request{old: old, proof: proof, note: c.Note})
		if err == nil {
			if sig, ok := cosignatureOf(s.witness, r.verified.Text, lines); ok {
				return sig, nil
			}
			return note.Signature{}, fmt.Errorf("%w: its answer is not its cosignature", ErrInvalid)
		}
		var refused *refusal
		if !errors.As(err, &refused) {
			return note.Signature{}, err
		}
		stays := refused.sized && (refused.known == old || refused.known > c.Size)
		if stays || refused.status == http.StatusUnprocessableEntity {
			return note.Signature{}, errors.Join(err, g.look(ctx, s, r))
		}
		if !refused.sized {
			return note.Signature{}, err
		}
		old = refused.known
	}
	return note.Signature{}, fmt.Errorf("%w: it named another size %d times", ErrInvalid, postsMax)
}

// look fetches what a witness holds that refuses a checkpoint. A checkpoint in
// its hands that the log's key signed, and that is larger than or no part of
// this one, is proof; its word alone is not.
func (g *Gatherer) look(ctx context.Context, s *site, r *round) error {
	theirs, err := g.client.ask(ctx, r.log, s.address)
	if err != nil || theirs.Size == 0 {
		return nil // It shows nothing.
	}
	switch c := r.checkpoint; {
	case theirs.Size > c.Size:
		return fmt.Errorf("%s: %w: size %d, signed by the log, and this is size %d", s.name, ErrBehind, theirs.Size, c.Size)
	case theirs.Size == c.Size && theirs.Root != c.Root:
		return &Conflict{First: c, Second: theirs}
	case theirs.Size < c.Size:
		proof, err := g.proof(r, theirs.Size)
		if err != nil {
			return fmt.Errorf("proof from size %d to %d: %w", theirs.Size, c.Size, err)
		}
		if err := checkGrowth(theirs, c, proof); err != nil {
			return fmt.Errorf("%s: %w: it holds %v, signed by the log, of which this log is no continuation: %w", s.name, ErrConflict, theirs, err)
		}
	}
	return nil
}

// proof returns the consistency proof of a round; each is made once.
func (g *Gatherer) proof(r *round, old uint64) ([]tlog.Hash, error) {
	if old == 0 || old == r.checkpoint.Size {
		return nil, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if proof, has := r.proofs[old]; has {
		return proof, nil
	}
	hashes, err := g.prove(old, r.checkpoint.Size)
	if err != nil {
		return nil, err
	}
	proof := make([]tlog.Hash, len(hashes))
	for i, h := range hashes {
		proof[i] = h
	}
	r.proofs[old] = proof
	return proof, nil
}

// An Absence says that an organisation does not co-sign.
type Absence struct {
	Organisation string
	SinceSize    uint64    // of the last checkpoint it co-signed; 0 if none is known
	Since        time.Time // when it co-signed that; if none is known, when it was first asked
	Why          error     // what came of the last attempt; nil if it still runs
}

// String says it for people.
func (a Absence) String() string {
	text := fmt.Sprintf("%s has not co-signed since size %d (%s)", a.Organisation, a.SinceSize, a.Since.UTC().Format(time.DateTime))
	if a.Why != nil {
		text += ": " + a.Why.Error()
	}
	return text
}

// Absent lists the organisations that have left a checkpoint unsigned for
// AbsentAfter or longer at now, in the policy's order.
func (g *Gatherer) Absent(now time.Time) []Absence {
	var list []Absence
	for _, s := range g.sites {
		s.mu.Lock()
		if !s.waiting.IsZero() && now.Sub(s.waiting) >= AbsentAfter {
			a := Absence{Organisation: s.name, SinceSize: s.size, Since: s.at, Why: s.err}
			if s.neverSeen {
				a.Since = s.waiting
			}
			list = append(list, a)
		}
		s.mu.Unlock()
	}
	return list
}
