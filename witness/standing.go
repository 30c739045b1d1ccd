// SPDX-License-Identifier: Apache-2.0

package witness

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// A Tier says how many have vouched for a checkpoint. A larger one is stronger.
type Tier int

// The tiers, by what they rest on.
const (
	Integrated  Tier = iota + 1 // the log's key alone
	Provisional                 // and enough guarantors
	Final                       // and each party
)

var tierNames = []string{"none", "integrated", "provisional", "final"}

// String names the tier in lower case.
func (t Tier) String() string {
	if t < 0 || int(t) >= len(tierNames) {
		return fmt.Sprintf("tier %d", int(t))
	}
	return tierNames[t]
}

// MarshalText implements encoding.TextMarshaler: the tier's name.
func (t Tier) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// A Standing is what a policy says of a signed checkpoint.
type Standing struct {
	Origin string   // name of the log
	Size   uint64   // entries
	Root   [32]byte // tree hash over them
	Tier   Tier
	// Signed are the organisations whose witness co-signed, in the policy's
	// order. Mirrored are those whose mirror says that it holds the entries; it
	// counts for no tier.
	Signed, Mirrored []Signed
	Missing          []string // organisations whose witness did not co-sign
	// AsOf is the latest instant at which enough guarantors said that this is
	// the largest checkpoint they know; zero if integrated. A frozen view grows
	// old by it, whatever fewer witnesses than that say.
	AsOf time.Time
}

// Signed is an organisation's cosignature.
type Signed struct {
	Organisation string
	At           time.Time // by the cosigner's clock, in whole seconds; UTC
}

// Stale says whether a checkpoint is older at now than limit allows, or dated
// so far in the future. One that is only integrated is always stale: a log's
// signature has no time.
func (s Standing) Stale(now time.Time, limit time.Duration) bool {
	return s.AsOf.IsZero() || now.Sub(s.AsOf) > limit || s.AsOf.Sub(now) > limit
}

// Standing verifies a signed checkpoint and says who vouches for it. Signatures
// of keys that the policy does not name are let be. It is ErrInvalid if the
// checkpoint is malformed, not signed by a log of the policy, or if a signature
// in the name of a key of the policy is wrong.
func (p *Policy) Standing(signedNote []byte) (Standing, error) {
	s, _, err := p.open(signedNote)
	return s, err
}

// open verifies a note and returns its standing, and the note with the
// signatures of the policy's keys in the policy's order.
func (p *Policy) open(signed []byte) (Standing, *note.Note, error) {
	unverified, err := splitNote(signed)
	if err != nil {
		return Standing{}, nil, err
	}
	c, err := readText(unverified.Text)
	if err != nil {
		return Standing{}, nil, err
	}
	keys := signing(p.logKeys(c.Origin), c.Size)
	if len(keys) == 0 {
		return Standing{}, nil, fmt.Errorf("%w: checkpoint of %q, which is no log of the policy", ErrInvalid, c.Origin)
	}
	for _, o := range p.organisations {
		keys = append(keys, o.witness)
		if o.mirror.verifier != nil {
			keys = append(keys, o.mirror)
		}
	}
	opened, err := openNote(signed, keys...)
	if err != nil {
		return Standing{}, nil, err
	}
	return p.arrange(c, opened)
}

// logKeys are the keys of a log, each with its sizes.
func (p *Policy) logKeys(origin string) []verifierKey {
	var keys []verifierKey
	for _, l := range p.logs {
		if l.keys[0].name == origin {
			keys = append(keys, l.keys...)
		}
	}
	return keys
}

// arrange counts the signatures of a note, all of which are verified, and puts
// them in the policy's order.
func (p *Policy) arrange(c Checkpoint, verified *note.Note) (Standing, *note.Note, error) {
	n := &note.Note{Text: verified.Text}
	for _, k := range signing(p.logKeys(c.Origin), c.Size) {
		if sig, ok := signatureOf(verified, k); ok {
			n.Sigs = append(n.Sigs, sig)
		}
	}
	if len(n.Sigs) == 0 {
		return Standing{}, nil, fmt.Errorf("%w: checkpoint is not signed by the log %s", ErrInvalid, c.Origin)
	}
	s := Standing{Origin: c.Origin, Size: c.Size, Root: c.Root}
	if err := p.count(&s, verified, n); err != nil {
		return Standing{}, nil, err
	}
	return s, n, nil
}

// signatureOf returns the verified signature of a key.
func signatureOf(n *note.Note, k verifierKey) (note.Signature, bool) {
	for _, sig := range n.Sigs {
		if sig.Name == k.verifier.Name() && sig.Hash == k.verifier.KeyHash() {
			return sig, true
		}
	}
	return note.Signature{}, false
}

// count fills in who signed, and the tier, from a note whose signatures are
// verified; it appends those of cosigners to the ordered note.
func (p *Policy) count(s *Standing, opened, ordered *note.Note) error {
	times := make([]time.Time, len(p.organisations)) // zero: did not sign
	take := func(k verifierKey) (time.Time, bool, error) {
		if k.verifier == nil {
			return time.Time{}, false, nil
		}
		sig, ok := signatureOf(opened, k)
		if !ok {
			return time.Time{}, false, nil
		}
		ordered.Sigs = append(ordered.Sigs, sig)
		at, err := cosignedAt(sig)
		return at, true, err
	}
	for i, o := range p.organisations {
		at, ok, err := take(o.witness)
		if err != nil {
			return err
		}
		if ok {
			times[i] = at
			s.Signed = append(s.Signed, Signed{o.name, at})
		} else {
			s.Missing = append(s.Missing, o.name)
		}
		if at, ok, err = take(o.mirror); err != nil {
			return err
		} else if ok {
			s.Mirrored = append(s.Mirrored, Signed{o.name, at})
		}
	}
	since := func(at time.Time) Tier {
		signed := make([]bool, len(times))
		for i := range times {
			signed[i] = !times[i].IsZero() && !times[i].Before(at)
		}
		return p.tier(signed)
	}
	s.Tier = since(time.Time{})
	newest := slices.Clone(s.Signed)
	slices.SortFunc(newest, func(a, b Signed) int { return b.At.Compare(a.At) })
	for _, signed := range newest {
		if since(signed.At) >= Provisional {
			s.AsOf = signed.At
			break
		}
	}
	return nil
}

// tier is the tier that the organisations who signed make.
func (p *Policy) tier(signed []bool) Tier {
	provisional := p.guarantors
	if provisional == nil {
		provisional = p.quorum
	}
	switch {
	case provisional == nil || !provisional.met(signed):
		return Integrated
	case p.quorum == nil || !p.quorum.met(signed) || p.parties == nil || !allSigned(p.parties, signed):
		return Provisional
	}
	return Final
}

// allSigned says whether every organisation below a rule has signed, whatever
// the rule itself asks for.
func allSigned(r *rule, signed []bool) bool {
	if r.organisation >= 0 {
		return signed[r.organisation]
	}
	for _, m := range r.members {
		if !allSigned(m, signed) {
			return false
		}
	}
	return true
}

// Merge adds to a signed checkpoint the cosignatures in lines that keys of the
// policy made and that verify, and names whose were new. Others are let be, as
// is a second one of a key. The signatures are in the policy's order: the log,
// then each organisation's witness and mirror.
func (p *Policy) Merge(signed, lines []byte) (merged []byte, added []string, err error) {
	before, n, err := p.open(signed)
	if err != nil {
		return nil, nil, err
	}
	c := Checkpoint{Origin: before.Origin, Size: before.Size, Root: before.Root}
	for _, o := range p.organisations {
		for _, k := range []verifierKey{o.witness, o.mirror} {
			if k.verifier == nil {
				continue
			}
			if _, has := signatureOf(n, k); has {
				continue
			}
			if sig, ok := cosignatureOf(k, n.Text, lines); ok {
				n.Sigs = append(n.Sigs, sig)
				added = append(added, o.name)
			}
		}
	}
	_, ordered, err := p.arrange(c, n)
	if err != nil {
		return nil, nil, err
	}
	merged, err = encodeNote(ordered)
	return merged, added, err
}

// encodeNote writes a note with its signatures.
func encodeNote(n *note.Note) ([]byte, error) {
	text, err := note.Sign(&note.Note{Text: n.Text, Sigs: n.Sigs})
	if err != nil {
		return nil, fmt.Errorf("%w: checkpoint: %w", ErrInvalid, err)
	}
	return text, nil
}

// cosignatureOf returns the first good cosignature of a key on the text of a
// checkpoint that stands in lines.
func cosignatureOf(k verifierKey, text string, lines []byte) (note.Signature, bool) {
	for line := range bytes.Lines(lines) {
		if !bytes.HasPrefix(line, []byte("— "+k.name+" ")) {
			continue
		}
		n, err := openNote(append([]byte(text+"\n"), line...), k)
		if err != nil {
			continue
		}
		if _, err := cosignedAt(n.Sigs[0]); err == nil {
			return n.Sigs[0], true
		}
	}
	return note.Signature{}, false
}
