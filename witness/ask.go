// SPDX-License-Identifier: Apache-2.0

package witness

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// A Conflict is the proof that a log's key signed two histories: two checkpoints
// of one size with different roots. Each note proves it to anybody who knows
// the key.
type Conflict struct{ First, Second Checkpoint }

// Error names both.
func (c *Conflict) Error() string {
	return fmt.Sprintf("log %s: %v: size %d has root %s and root %s", c.First.Origin, ErrConflict, c.First.Size, tlog.Hash(c.First.Root), tlog.Hash(c.Second.Root))
}

// Is makes errors.Is(err, ErrConflict) true.
func (c *Conflict) Is(target error) bool { return target == ErrConflict }

// reply is what one witness answered.
type reply struct {
	name       string
	checkpoint Checkpoint // size 0: it knows of no entries
	err        error      // why there is none; nil if it answered
}

// askAll asks organisations with an address for their latest checkpoint of a
// log, all at once. Replies are in the order of the organisations; a checkpoint
// in one is signed by the log.
func askAll(ctx context.Context, c *client, log []verifierKey, list []organisation) []reply {
	replies := make([]reply, len(list))
	var all sync.WaitGroup
	for i, o := range list {
		all.Go(func() {
			replies[i] = reply{name: o.name, err: fmt.Errorf("%w: it has no address", ErrUnavailable)}
			if o.address != "" {
				replies[i].checkpoint, replies[i].err = c.ask(ctx, log, o.address)
			}
		})
	}
	all.Wait()
	return replies
}

func (c *client) ask(ctx context.Context, log []verifierKey, address string) (Checkpoint, error) {
	text, err := c.latest(ctx, address, log[0].name)
	if err != nil || text == nil {
		return Checkpoint{Origin: log[0].name, Root: emptyRoot}, err
	}
	known, err := openCheckpoint(text, log...)
	known.Note = text // with the witness's own signature
	return known, err
}

// Known is what others know of a log.
type Known struct {
	Origin    string
	Latest    Checkpoint            // the largest; of size 0 if nobody knows any
	By        string                // who gave it
	Conflicts []*Conflict           // pairs of one size and two roots, both signed by the log
	All       map[string]Checkpoint // by organisation; those who answered
	Silent    map[string]error      // by organisation; those who did not, and why
}

// Ask asks the witnesses of all members, at once, for their latest checkpoint
// of a log whose origin and verifier key are given. Whoever does not answer
// within seconds is named in Silent. What a witness answers counts if the log
// signed it; a witness that says too little can hide what it knows.
func Ask(ctx context.Context, origin, log string, members []Member) (Known, error) {
	return AskOver(ctx, nil, origin, log, members)
}

// AskOver is Ask over a network; nil is the machine's.
func AskOver(ctx context.Context, net http.RoundTripper, origin, log string, members []Member) (Known, error) {
	k, err := parseLogKey(log)
	if err != nil {
		return Known{}, fmt.Errorf("ask witnesses: %w", err)
	}
	if k[0].name != origin {
		return Known{}, fmt.Errorf("%w: ask witnesses: the key of %s is not that of the log %s", ErrInvalid, k[0].name, origin)
	}
	var list []organisation
	for _, m := range members {
		if m.Address != "" {
			if err := checkAddress(m.Address); err != nil {
				return Known{}, fmt.Errorf("ask witnesses: %s: %w", m.Name, err)
			}
		}
		list = append(list, organisation{name: m.Name, address: m.Address})
	}
	c := newClient(net)
	defer c.http.CloseIdleConnections()
	replies := askAll(ctx, c, k, list)
	for i, r := range replies {
		// Who put back a state from before a handover does not know the key by which
		// others know more. The old key signed for it, so this is no idle word.
		if errors.Is(r.err, ErrInvalid) {
			if newer, err := c.newerKey(ctx, k, list[i].address); err == nil {
				replies[i].checkpoint, replies[i].err = c.ask(ctx, newer, list[i].address)
			}
		}
	}
	return gatherKnown(origin, replies), nil
}

func gatherKnown(origin string, replies []reply) Known {
	known := Known{Origin: origin, All: map[string]Checkpoint{}, Silent: map[string]error{}}
	for _, r := range replies {
		if r.err != nil {
			known.Silent[r.name] = r.err
			continue
		}
		known.All[r.name] = r.checkpoint
		if r.checkpoint.Size > known.Latest.Size {
			known.Latest, known.By = r.checkpoint, r.name
		}
		for _, other := range replies {
			if other.name == r.name {
				break // Each pair once.
			}
			if other.err == nil && other.checkpoint.Size == r.checkpoint.Size && !other.checkpoint.same(r.checkpoint) {
				known.Conflicts = append(known.Conflicts, &Conflict{First: other.checkpoint, Second: r.checkpoint})
			}
		}
	}
	return known
}

// Guard is what a log checks before it writes: whether anybody knows more of it
// than it does itself. size is how many entries it has; root gives the tree hash
// of its first n entries. It is ErrBehind if somebody holds a larger checkpoint
// (a backup was restored, or another writer is at work), and a *Conflict if
// somebody holds another root. Nobody's silence is an error: it is for the
// caller to say how many must have answered.
func (k Known) Guard(size uint64, root func(n uint64) ([32]byte, error)) error {
	if len(k.Conflicts) > 0 {
		return k.Conflicts[0]
	}
	names := make([]string, 0, len(k.All))
	for name := range k.All {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		theirs := k.All[name]
		if theirs.Size > size {
			return fmt.Errorf("log %s: %w: %s holds size %d, signed by the log, and this log has %d entries", k.Origin, ErrBehind, name, theirs.Size, size)
		}
		if theirs.Size == 0 {
			continue
		}
		ours, err := root(theirs.Size)
		if err != nil {
			return fmt.Errorf("log %s: root of size %d: %w", k.Origin, theirs.Size, err)
		}
		if ours != theirs.Root {
			return &Conflict{First: Checkpoint{Origin: k.Origin, Size: theirs.Size, Root: ours}, Second: theirs}
		}
	}
	return nil
}

// askAgain is how long a witness waits before it asks its peers again.
const askAgain = 2 * time.Second

// answersNeeded is how many of n peers must have answered before a witness that
// has signed before signs again: enough that a single liar among them cannot
// hide what a restored backup forgot, and few enough that two who are silent
// stop nobody.
// Guess: two, and one if there are at most three; test: TestRestoredBackup*.
func answersNeeded(n int) int {
	switch {
	case n == 0:
		return 0
	case n <= 3:
		return 1
	}
	return 2
}

// Ask asks the peers what they know of each log, again and again until enough
// have answered or ctx ends; Serve calls it. A peer's larger checkpoint, signed
// by the log, is written down: this witness then signs only what extends it too.
// A peer's other root at the same size is written down as evidence, and this
// witness signs nothing more of that log.
func (s *Server) Ask(ctx context.Context) {
	peers, err := others(s.settings.Peers, s.settings.Key)
	if err != nil {
		s.settings.Log.Error("cannot ask other witnesses", "why", err)
		return
	}
	// One without an address cannot be asked, and does not count.
	peers = slices.DeleteFunc(peers, func(o organisation) bool { return o.address == "" })
	var all sync.WaitGroup
	for _, w := range s.logs {
		all.Go(func() {
			for !s.askRound(ctx, w, peers) {
				select {
				case <-ctx.Done():
					return
				case <-time.After(askAgain):
				}
			}
		})
	}
	all.Wait()
}

// askRound asks once, and says whether that was enough or is in vain.
func (s *Server) askRound(ctx context.Context, w *watched, peers []organisation) bool {
	c := newClient(s.settings.Net)
	defer c.http.CloseIdleConnections()
	w.mu.Lock()
	keys := w.ledger.keys
	w.mu.Unlock()
	replies := askAll(ctx, c, keys, peers)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return true
	}
	answered := map[string]bool{}
	var heard []Checkpoint
	for _, r := range replies {
		if r.err == nil {
			answered[r.name] = true
			heard = append(heard, r.checkpoint)
		}
	}
	if err := s.hear(w, heard); err != nil {
		if errors.Is(err, ErrConflict) {
			w.err = err
		}
		s.settings.Log.Error("not signing", "log", w.ledger.keys[0].name, "why", err)
		return w.err != nil
	}
	// A witness that never signed has forgotten nothing.
	if len(answered) < answersNeeded(len(peers)) && w.ledger.latest().Size > 0 {
		s.settings.Log.Warn("waiting for other witnesses to say what they know", "log", w.ledger.keys[0].name,
			"answered", len(answered), "needed", answersNeeded(len(peers)), "asked", len(peers))
		return false
	}
	w.asked = true
	return true
}

// hear stores what peers know and this witness does not. w.mu is held.
func (s *Server) hear(w *watched, heard []Checkpoint) error {
	l := &w.ledger
	next := l.state
	known := []Checkpoint{}
	for _, h := range l.heads {
		known = append(known, h.Checkpoint)
	}
	for _, c := range heard {
		i := slices.IndexFunc(known, func(k Checkpoint) bool { return k.Size == c.Size })
		switch {
		case i >= 0 && !known[i].same(c):
			next.Conflict = []string{string(known[i].Note), string(c.Note)}
			errStore := errors.Join(l.keepEvidence(known[i], c), l.store(next))
			return errors.Join(&Conflict{First: known[i], Second: c}, errStore)
		case i < 0 && c.Size > l.latest().Size:
			s.settings.Log.Warn("another witness knows a larger checkpoint", "log", c.Origin, "known", l.latest().String(), "theirs", c.String())
			known = append(known, c)
			next.Ahead = append(slices.Clone(next.Ahead), string(c.Note))
		}
	}
	if len(known) == len(l.heads) {
		return nil
	}
	return l.store(next)
}
