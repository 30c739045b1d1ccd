// SPDX-License-Identifier: Apache-2.0

package keyring

import (
	"fmt"
	"slices"

	"github.com/trucewatch/trucewatch"
)

// A Problem is one thing that is wrong with an entry.
type Problem struct {
	Index uint64
	What  string
	// Doubt says that the entry was sound when it was entered and is in doubt
	// since its key was ended backwards.
	Doubt bool
}

// String says entry and what.
func (p Problem) String() string { return fmt.Sprintf("entry %d: %s", p.Index, p.What) }

// A Ring is the keys of one record as far as its entries were admitted. It is
// for one goroutine.
type Ring struct {
	origin string
	next   uint64
	keys   map[trucewatch.KeyID]*key
	policy *trucewatch.Policy
	// genesis waits for its key, which entry 1 registers.
	genesis *signedBody
}

// A key is a registered key and where its chain of bodies stands.
type key struct {
	trucewatch.KeyRegistration
	from     uint64 // index of its registration
	till     uint64 // index of the entry that ended it, 0 while it is good
	sequence uint64 // of its next body
	previous trucewatch.Hash
	signed   []uint64 // entries that it signed as their source
}

// A signedBody is a body with what is needed to check its signatures.
type signedBody struct {
	index      uint64
	body       []byte
	signatures []trucewatch.Signature
}

// New returns the ring of a record without entries.
func New(origin string) *Ring {
	return &Ring{origin: origin, keys: map[trucewatch.KeyID]*key{}}
}

// Policy is the one in the last admitted policy entry, nil if there is none.
func (r *Ring) Policy() *trucewatch.Policy { return r.policy }

// Head returns the sequence that the key's next body must have, and the hash of
// its last one.
func (r *Ring) Head(id trucewatch.KeyID) (sequence uint64, previous trucewatch.Hash) {
	if k := r.keys[id]; k != nil {
		return k.sequence, k.previous
	}
	return 0, trucewatch.Hash{}
}

// Key returns a key that is good for the next entry.
func (r *Ring) Key(id trucewatch.KeyID) (trucewatch.KeyRegistration, bool) {
	k := r.keys[id]
	if k == nil || k.till != 0 {
		return trucewatch.KeyRegistration{}, false
	}
	return k.KeyRegistration, true
}

// Keys returns all keys ever registered, in the order of their entries.
func (r *Ring) Keys() []trucewatch.KeyRegistration {
	var all []*key
	for _, k := range r.keys {
		all = append(all, k)
	}
	slices.SortFunc(all, func(a, b *key) int { return int(int64(a.from) - int64(b.from)) })
	registrations := make([]trucewatch.KeyRegistration, len(all))
	for i, k := range all {
		registrations[i] = k.KeyRegistration
		registrations[i].Till = k.till
	}
	return registrations
}

// Admit holds the next entry to the keys before it. It returns the signatures still to be checked, and
// what is wrong already. The entry's own form was checked by
// trucewatch.DecodeEntry.
func (r *Ring) Admit(e *trucewatch.Entry) ([]Check, []Problem) {
	var a admission
	if e.Index != r.next {
		a.problem(e.Index, "entry %d was expected", r.next)
		return nil, a.problems
	}
	r.next++
	s := &signedBody{e.Index, e.Raw, e.Signatures}
	if e.Index == 0 {
		// Its key is registered by the entry that follows, signed by the same key.
		r.keys[e.Body.Key] = &key{KeyRegistration: trucewatch.KeyRegistration{ID: e.Body.Key, Role: trucewatch.DeskKey}}
		r.genesis = s
		r.follow(&a, e)
		return nil, a.problems
	}
	if k := e.Body.Payload.Key; k != nil && e.Index == 1 && k.ID == e.Body.Key && r.genesis != nil {
		// Only the first key vouches for itself; the log's signature on the first
		// checkpoint stands behind it.
		r.keys[k.ID].KeyRegistration = *k
		r.check(&a, r.genesis, e.Body.Key)
		r.genesis = nil
	}
	if r.genesis != nil {
		a.problem(0, "the key that signed genesis is not registered by entry 1")
		r.genesis = nil
	}
	r.check(&a, s, e.Body.Key)
	r.follow(&a, e)
	r.allowed(&a, e)
	r.take(&a, e)
	return a.checks, a.problems
}

// Close returns what is still owed at the end of the record.
func (r *Ring) Close() []Problem {
	if r.genesis == nil {
		return nil
	}
	return []Problem{{Index: 0, What: "the key that signed genesis is not registered by entry 1"}}
}

// AdmitInner holds what a sealed entry holds to the keys, once its box was
// opened. The desk's outer signature vouches for what the desk itself entered;
// anybody else must have signed.
func (r *Ring) AdmitInner(outer, inner *trucewatch.Entry) ([]Check, []Problem) {
	var a admission
	if inner.Body.Log != r.origin {
		a.problem(outer.Index, "holds a body of another log, %q", inner.Body.Log)
	}
	if inner.Body.Key == outer.Body.Key {
		if inner.Body.Sequence != outer.Body.Sequence || inner.Body.Previous != outer.Body.Previous {
			a.problem(outer.Index, "holds a body with another place in the chain of key %x", outer.Body.Key)
		}
		r.allowed(&a, inner)
		return nil, a.problems
	}
	r.check(&a, &signedBody{outer.Index, inner.Raw, inner.Signatures}, inner.Body.Key)
	r.follow(&a, inner)
	r.allowed(&a, inner)
	return a.checks, a.problems
}

// An admission collects what comes of one entry.
type admission struct {
	checks   []Check
	problems []Problem
}

func (a *admission) problem(index uint64, format string, args ...any) {
	a.problems = append(a.problems, Problem{Index: index, What: fmt.Sprintf(format, args...)})
}

// check queues every signature of s and wants one of its source among them.
func (r *Ring) check(a *admission, s *signedBody, source trucewatch.KeyID) {
	found := false
	for i, signature := range s.signatures {
		if slices.ContainsFunc(s.signatures[:i], func(other trucewatch.Signature) bool { return other.Key == signature.Key }) {
			a.problem(s.index, "is signed twice by key %x", signature.Key)
			continue
		}
		k := r.keys[signature.Key]
		if k == nil || k.Public == nil {
			a.problem(s.index, "signed by key %x, which the record does not know", signature.Key)
			continue
		}
		if k.till != 0 {
			a.problem(s.index, "signed by key %x, which entry %d ended", signature.Key, k.till)
			continue
		}
		found = found || signature.Key == source
		a.checks = append(a.checks, Check{Index: s.index, key: k.KeyRegistration, body: s.body, signature: signature})
	}
	if !found && len(a.problems) == 0 {
		a.problem(s.index, "has no valid signature of key %x", source)
	}
}

// follow holds an entry to its signer's chain and its log.
func (r *Ring) follow(a *admission, e *trucewatch.Entry) {
	if e.Body.Log != r.origin {
		a.problem(e.Index, "belongs to another log, %q", e.Body.Log)
	}
	k := r.keys[e.Body.Key]
	if k == nil {
		return // reported
	}
	switch {
	case e.Body.Sequence > k.sequence:
		a.problem(e.Index, "gap: key %x is at sequence %d where %d was expected: an entry of this signer is missing", e.Body.Key, e.Body.Sequence, k.sequence)
	case e.Body.Sequence < k.sequence:
		a.problem(e.Index, "key %x repeats sequence %d: two bodies under one number, or one that was moved", e.Body.Key, e.Body.Sequence)
	case e.Body.Previous != k.previous:
		a.problem(e.Index, "does not name the body before it in the chain of key %x", e.Body.Key)
	}
	k.sequence, k.previous = e.Body.Sequence+1, e.BodyHash
	k.signed = append(k.signed, e.Index)
}

// take adds what the entry says of keys and policy.
func (r *Ring) take(a *admission, e *trucewatch.Entry) {
	switch p := &e.Body.Payload; {
	case p.Key != nil:
		r.register(a, e.Index, p.Key)
	case p.Policy != nil:
		if r.policy != nil && p.Policy.From < e.Received+PolicyDelayH*3600*trucewatch.Second {
			a.problem(e.Index, "a change of policy takes effect at %v, earlier than %d hours after it was received", p.Policy.From, PolicyDelayH)
		}
		r.policy = p.Policy
	}
}

func (r *Ring) register(a *admission, index uint64, registration *trucewatch.KeyRegistration) {
	known := r.keys[registration.ID]
	switch {
	case ID(registration.Public) != registration.ID:
		a.problem(index, "registers a key under a name that is not its own")
	case registration.Till != 0 && (known == nil || known.till != 0):
		a.problem(index, "ends key %x, which is not in use", registration.ID)
	case registration.Till != 0:
		known.till = index
		for _, at := range known.signed {
			if at >= registration.Till && at < index {
				a.problems = append(a.problems, Problem{Index: at, Doubt: true,
					What: fmt.Sprintf("is in doubt: entry %d ends key %x from %d on: %s", index, registration.ID, registration.Till, registration.Reason)})
			}
		}
	case known != nil && (index != 1 || known.from != 0):
		a.problem(index, "registers key %x a second time", registration.ID)
	default:
		if known == nil {
			known = &key{}
			r.keys[registration.ID] = known
		}
		known.KeyRegistration, known.from = *registration, index
	}
}
