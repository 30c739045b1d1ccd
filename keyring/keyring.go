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
	Of    Rule // that is broken
	// Doubt says that the entry was sound when it was entered and is in doubt
	// since its key was ended backwards.
	Doubt bool
}

// A Rule says what kind of rule a problem breaks.
type Rule int

// The kinds. A signature's covers keys, their ranges and roles, and who must
// sign together.
const (
	OfSignature Rule = iota
	OfChain          // a signer's bodies are numbered without gap and name each other
	OfOrigin         // a body belongs to one log
)

// String says entry and what.
func (p Problem) String() string { return fmt.Sprintf("entry %d: %s", p.Index, p.What) }

// A Ring is the keys of one record as far as its entries were admitted. It is
// for one goroutine.
type Ring struct {
	origin   string
	next     uint64
	keys     map[trucewatch.KeyID]*key
	policies []*trucewatch.Policy // in record order
	closed   closed
	// genesis waits for its key, which entry 1 registers.
	genesis *trucewatch.Entry
}

// A key is a registered key and where its chain of bodies stands.
type key struct {
	*trucewatch.KeyRegistration        // never changed, as checks under way read it
	from                        uint64 // index of its registration
	till                        uint64 // index of the entry that ended it, 0 while it is good
	sequence                    uint64 // of its next body
	previous                    trucewatch.Hash
	signed                      []uint64          // entries that it signed as their source
	erased                      map[uint64]uint64 // of those: by the number of their body
}

// New returns the ring of a record without entries.
func New(origin string) *Ring {
	return &Ring{origin: origin, keys: map[trucewatch.KeyID]*key{}}
}

// Origin names the record's log.
func (r *Ring) Origin() string { return r.origin }

// Policy is the one in force at an instant, nil if there is none.
func (r *Ring) Policy(at trucewatch.Instant) *trucewatch.Policy {
	for _, p := range slices.Backward(r.policies) {
		if p.From <= at {
			return p
		}
	}
	return nil
}

// Head returns the sequence that the key's next body must have, and the hash of
// its last one; a hash of zeros if that one was erased.
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
	return *k.KeyRegistration, true
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
		registrations[i] = *k.KeyRegistration
		registrations[i].Till = k.till
	}
	return registrations
}

// Admit holds the next entry to the keys before it. It returns the signatures still to be checked, and
// what is wrong already. The entry's own form was checked by
// trucewatch.DecodeEntry. What a sealed one holds counts as closed to who looks
// until AdmitInner, AdmitResidue or AdmitCover says what it is.
func (r *Ring) Admit(e *trucewatch.Entry) ([]Check, []Problem) {
	var a admission
	if e.Index != r.next {
		a.breach(OfChain, e.Index, "entry %d was expected", r.next)
		return nil, a.problems
	}
	r.next++
	if e.Index == 0 {
		// Its key is registered by the entry that follows, signed by the same key.
		r.keys[e.Body.Key] = &key{KeyRegistration: &trucewatch.KeyRegistration{ID: e.Body.Key, Role: trucewatch.DeskKey}}
		r.genesis = e
		r.follow(&a, e)
		r.advance(e, e.BodyHash)
		return nil, a.problems
	}
	if k := e.Body.Payload.Key; k != nil && e.Index == 1 && k.ID == e.Body.Key && r.genesis != nil {
		// Only the first key vouches for itself; the log's signature on the first
		// checkpoint stands behind it.
		r.keys[k.ID].KeyRegistration = k
		r.check(&a, r.genesis)
		r.genesis = nil
	}
	if r.genesis != nil {
		a.problem(0, "the key that signed genesis is not registered by entry 1")
		r.genesis = nil
	}
	checks, problems := r.Inspect(e)
	a.checks, a.problems = append(a.checks, checks...), append(a.problems, problems...)
	r.advance(e, e.BodyHash)
	r.take(&a, e)
	if e.Body.Payload.Sealed != nil {
		r.closed.add(e.Index)
	}
	return a.checks, a.problems
}

// Inspect is Admit of an entry that was not recorded yet, and changes nothing.
func (r *Ring) Inspect(e *trucewatch.Entry) ([]Check, []Problem) {
	var a admission
	r.check(&a, e)
	r.follow(&a, e)
	r.allowed(&a, e)
	r.inspectKey(&a, e)
	return a.checks, a.problems
}

// Close returns what is still owed at the end of the record.
func (r *Ring) Close() []Problem {
	if r.genesis == nil {
		return nil
	}
	return []Problem{{Index: 0, What: "the key that signed genesis is not registered by entry 1"}}
}

// An admission collects what comes of one entry.
type admission struct {
	checks   []Check
	problems []Problem
}

func (a *admission) problem(index uint64, format string, args ...any) {
	a.breach(OfSignature, index, format, args...)
}

func (a *admission) breach(of Rule, index uint64, format string, args ...any) {
	a.problems = append(a.problems, Problem{Index: index, What: fmt.Sprintf(format, args...), Of: of})
}

// check queues every signature of e and wants one of its source among them.
func (r *Ring) check(a *admission, e *trucewatch.Entry) {
	found := false
	for i, signature := range e.Signatures {
		if slices.ContainsFunc(e.Signatures[:i], func(other trucewatch.Signature) bool { return other.Key == signature.Key }) {
			a.problem(e.Index, "is signed twice by key %x", signature.Key)
			continue
		}
		k := r.keys[signature.Key]
		if k == nil || k.Public == nil {
			a.problem(e.Index, "signed by key %x, which the record does not know", signature.Key)
			continue
		}
		if k.till != 0 {
			a.problem(e.Index, "signed by key %x, which entry %d ended", signature.Key, k.till)
			continue
		}
		found = found || signature.Key == e.Body.Key
		a.checks = append(a.checks, Check{Index: e.Index, key: k.KeyRegistration, body: e.Raw, signature: signature})
	}
	if !found && len(a.problems) == 0 {
		a.problem(e.Index, "has no valid signature of key %x", e.Body.Key)
	}
}

// inspectKey says what is wrong with a key or policy that the entry brings.
func (r *Ring) inspectKey(a *admission, e *trucewatch.Entry) {
	if p := e.Body.Payload.Policy; p != nil && len(r.policies) > 0 && p.From < e.Received+PolicyDelayH*3600*trucewatch.Second {
		a.problem(e.Index, "a change of policy takes effect at %v, earlier than %d hours after it was received", p.From, PolicyDelayH)
	}
	k := e.Body.Payload.Key
	if k == nil {
		return
	}
	known := r.keys[k.ID]
	switch {
	case ID(k.Public) != k.ID:
		a.problem(e.Index, "registers a key under a name that is not its own")
	case k.Role == trucewatch.LogKey && k.Till != 0:
		a.problem(e.Index, "ends key %x of the log: it ends when the log is handed over to the next one", k.ID)
	case k.Till != 0 && (known == nil || known.till != 0):
		a.problem(e.Index, "ends key %x, which is not in use", k.ID)
	case k.Till == 0 && known != nil && (e.Index != 1 || known.from != 0):
		a.problem(e.Index, "registers key %x a second time", k.ID)
	}
}

// take adds what the entry says of keys and policy.
func (r *Ring) take(a *admission, e *trucewatch.Entry) {
	if p := e.Body.Payload.Policy; p != nil {
		r.policies = append(r.policies, p)
	}
	k := e.Body.Payload.Key
	if k == nil {
		return
	}
	known := r.keys[k.ID]
	switch {
	case k.Till != 0 && known != nil && known.till == 0:
		known.till = e.Index
		for _, at := range known.signed {
			if at >= k.Till && at < e.Index {
				a.problems = append(a.problems, Problem{Index: at, Doubt: true,
					What: fmt.Sprintf("is in doubt: entry %d ends key %x from %d on: %s", e.Index, k.ID, k.Till, k.Reason)})
			}
		}
	case k.Till == 0 && known == nil:
		r.keys[k.ID] = &key{KeyRegistration: k, from: e.Index}
	case e.Index == 1 && known.from == 0:
		known.KeyRegistration, known.from = k, e.Index
	}
}

// CheckOf is the check of one signature of a body by a key, without the body's
// place in its chain: for who must know at once whether it is the key's at all.
func CheckOf(key trucewatch.KeyRegistration, body []byte, signature trucewatch.Signature) Check {
	return Check{key: &key, body: body, signature: signature}
}
