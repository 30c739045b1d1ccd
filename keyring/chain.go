// SPDX-License-Identifier: Apache-2.0

package keyring

import "github.com/trucewatch/trucewatch"

// A closed run is sealed entries that stand side by side and whose content was
// not seen. Each holds one body at most, and so may be one that is missing in
// somebody's chain.
type closedRun struct{ from, till uint64 } // from <= index < till

// closed are all of them, ascending.
type closed []closedRun

func (c *closed) add(index uint64) {
	if n := len(*c); n > 0 && (*c)[n-1].till == index {
		(*c)[n-1].till++
		return
	}
	*c = append(*c, closedRun{index, index + 1})
}

// seen takes the last entry out again: what it holds is known.
func (c *closed) seen(index uint64) {
	n := len(*c) - 1
	if n < 0 || (*c)[n].till != index+1 {
		return
	}
	if (*c)[n].till--; (*c)[n].till == (*c)[n].from {
		*c = (*c)[:n]
	}
}

// between counts the entries behind after and before index.
func (c closed) between(after, index uint64) (n uint64) {
	for i := len(c) - 1; i >= 0 && c[i].till > after+1; i-- {
		if from, till := max(c[i].from, after+1), min(c[i].till, index); from < till {
			n += till - from
		}
	}
	return n
}

// use takes n entries behind after out, the first ones. As gaps come in the order
// of their ends, this leaves to each of them all it can: a later gap has no use
// for an earlier entry that this one could not do without.
func (c *closed) use(after, n uint64) {
	var left closed
	for _, r := range *c {
		from := max(r.from, after+1)
		if n == 0 || from >= r.till {
			left = append(left, r)
			continue
		}
		taken := min(n, r.till-from)
		n -= taken
		if r.from < from {
			left = append(left, closedRun{r.from, from})
		}
		if from+taken < r.till {
			left = append(left, closedRun{from + taken, r.till})
		}
	}
	*c = left
}

// AdmitInner holds what a sealed entry holds to the keys, once its box was
// opened. The desk's outer signature vouches for what the desk itself entered;
// anybody else must have signed. The outer entry is the last that was admitted.
func (r *Ring) AdmitInner(outer, inner *trucewatch.Entry) ([]Check, []Problem) {
	var a admission
	r.closed.seen(outer.Index)
	if inner.Body.Log != r.origin {
		a.breach(OfOrigin, outer.Index, "holds a body of another log, %q", inner.Body.Log)
	}
	if inner.Body.Key == outer.Body.Key {
		if inner.Body.Sequence != outer.Body.Sequence || inner.Body.Previous != outer.Body.Previous {
			a.breach(OfChain, outer.Index, "holds a body with another place in the chain of key %x", outer.Body.Key)
		}
		r.allowed(&a, inner)
		return nil, a.problems
	}
	r.check(&a, inner)
	r.follow(&a, inner)
	r.allowed(&a, inner)
	r.advance(inner, inner.BodyHash)
	return a.checks, a.problems
}

// AdmitResidue holds what is left of an erased entry to the chains: it names the
// signer and the number of the body that was there, and stands for this one
// place. The hash of that body is gone, so the body after it names one that
// nobody can compare. The outer entry is the last that was admitted.
func (r *Ring) AdmitResidue(outer, residue *trucewatch.Entry) []Problem {
	var a admission
	r.closed.seen(outer.Index)
	id := residue.Body.Key
	k := r.keys[id]
	switch {
	case residue.Body.Log != r.origin:
		a.breach(OfOrigin, outer.Index, "left the residue of a body of another log, %q", residue.Body.Log)
	case id == outer.Body.Key && residue.Body.Sequence == outer.Body.Sequence:
		return nil // what the desk seals of its own has the place of the entry around it
	case id == outer.Body.Key:
		a.breach(OfChain, outer.Index, "left the residue of a body with another place in the chain of key %x", id)
		return a.problems
	case k == nil:
		a.problem(outer.Index, "left a residue of key %x, which the record does not know", id)
	case k.till != 0:
		a.problem(outer.Index, "left a residue of key %x, which entry %d ended", id, k.till)
	}
	if k == nil {
		return a.problems
	}
	r.numbered(&a, outer.Index, &residue.Body, k)
	r.advance(residue, trucewatch.Hash{})
	if k.erased == nil {
		k.erased = map[uint64]uint64{}
	}
	k.erased[residue.Body.Sequence] = outer.Index
	return a.problems
}

// AdmitCover says that nothing is in the sealed entry that was admitted last.
func (r *Ring) AdmitCover(outer *trucewatch.Entry) { r.closed.seen(outer.Index) }

// Erased returns the entry that held the body of a key with a number, if it was
// erased.
func (r *Ring) Erased(id trucewatch.KeyID, sequence uint64) (index uint64, erased bool) {
	if k := r.keys[id]; k != nil {
		index, erased = k.erased[sequence]
	}
	return index, erased
}

// follow holds an entry to its signer's chain and its log.
func (r *Ring) follow(a *admission, e *trucewatch.Entry) {
	if e.Body.Log != r.origin {
		a.breach(OfOrigin, e.Index, "belongs to another log, %q", e.Body.Log)
	}
	k := r.keys[e.Body.Key]
	if k == nil {
		return // reported
	}
	_, unknown := k.erased[e.Body.Sequence-1]
	if r.numbered(a, e.Index, &e.Body, k) && e.Body.Sequence == k.sequence && !unknown && e.Body.Previous != k.previous {
		a.breach(OfChain, e.Index, "does not name the body before it in the chain of key %x", e.Body.Key)
	}
}

// numbered holds a body's number to its signer's chain. A gap may be covered by
// entries that are closed to who looks, each by one of its own, between the
// signer's last body and this one: who opens boxes has next to none of them, and
// who opens none sees no device's chain at all. The desk seals and is not sealed,
// so its chain has no gap for anybody.
func (r *Ring) numbered(a *admission, index uint64, b *trucewatch.Body, k *key) (sound bool) {
	switch gap := b.Sequence - k.sequence; {
	case b.Sequence < k.sequence:
		a.breach(OfChain, index, "key %x repeats sequence %d: two bodies under one number, or one that was moved", b.Key, b.Sequence)
		return false
	case gap > 0 && (k.Role == trucewatch.DeskKey || gap > r.closed.between(k.last(), index)):
		a.breach(OfChain, index, "gap: key %x is at sequence %d where %d was expected: an entry of this signer is missing", b.Key, b.Sequence, k.sequence)
		return false
	}
	return true
}

// advance moves the signer's chain on to the body with the hash. After a gap it
// goes on from what stands.
func (r *Ring) advance(e *trucewatch.Entry, hash trucewatch.Hash) {
	k := r.keys[e.Body.Key]
	if k == nil {
		return
	}
	if e.Body.Sequence > k.sequence && k.Role != trucewatch.DeskKey {
		r.closed.use(k.last(), e.Body.Sequence-k.sequence)
	}
	k.sequence, k.previous = e.Body.Sequence+1, hash
	k.signed = append(k.signed, e.Index)
}

// last is the index of the key's last body, or of its registration.
func (k *key) last() uint64 {
	if n := len(k.signed); n > 0 {
		return k.signed[n-1]
	}
	return k.from
}
