// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/replay"
	"github.com/trucewatch/trucewatch/seal"
)

// cutOffDigest begins what a digest of a cut-off says it is; the local day follows.
const cutOffDigest = "cut-off "

// A Publication is what was public at one instant, as the record commits to it
// at every cut-off.
type Publication struct {
	// Items are the findings as the public sees them, by identifier, each a
	// trucewatch.FindingView in deterministic CBOR.
	Items [][]byte
	// Root is the RFC 6962 tree hash over Items, zero if there is none.
	Root trucewatch.Hash
	// Bytes is the SHA-256 of the public's whole view as JSON, without the two
	// fields that say when one looked and not what was there: at and index.
	Bytes trucewatch.Hash
}

// PublicationAt returns what is public in a state: a pure function of it. The
// digest entry with index n commits to the state after the n entries before it.
func PublicationAt(s *replay.State) (Publication, error) {
	v, err := s.View(trucewatch.ForPublic, trucewatch.Interval{}, trucewatch.Interval{})
	if err != nil {
		return Publication{}, fmt.Errorf("mission: publication: %w", err)
	}
	v.At, v.Index = 0, 0
	text, err := json.Marshal(v)
	if err != nil {
		return Publication{}, fmt.Errorf("mission: publication: %w", err)
	}
	p := Publication{Bytes: sha256.Sum256(text)}
	findings := slices.Clone(v.Findings)
	slices.SortFunc(findings, func(a, b trucewatch.FindingView) int { return strings.Compare(string(a.ID), string(b.ID)) })
	for _, f := range findings {
		p.Items = append(p.Items, trucewatch.Encode(f))
	}
	if p.Root, err = rootOf(p.Items); err != nil {
		return Publication{}, fmt.Errorf("mission: publication: %w", err)
	}
	return p, nil
}

// Matches says whether a digest entry commits to this publication. One of before
// there were publications commits to none, and matches none.
func (p *Publication) Matches(d *trucewatch.Digest) bool {
	return d.Bytes == p.Bytes && d.Items == p.Root && d.Count == uint64(len(p.Items))
}

// Prove returns the path from an item to the root.
func (p *Publication) Prove(item int) ([]trucewatch.Hash, error) {
	hashes, err := itemHashes(p.Items)
	if err != nil {
		return nil, fmt.Errorf("mission: publication: %w", err)
	}
	proof, err := tlog.ProveRecord(int64(len(p.Items)), int64(item), hashes)
	if err != nil {
		return nil, fmt.Errorf("mission: publication: item %d of %d: %w", item, len(p.Items), err)
	}
	path := make([]trucewatch.Hash, len(proof))
	for i, h := range proof {
		path[i] = trucewatch.Hash(h)
	}
	return path, nil
}

func rootOf(items [][]byte) (trucewatch.Hash, error) {
	if len(items) == 0 {
		return trucewatch.Hash{}, nil
	}
	hashes, err := itemHashes(items)
	if err != nil {
		return trucewatch.Hash{}, err
	}
	root, err := tlog.TreeHash(int64(len(items)), hashes)
	return trucewatch.Hash(root), err
}

// A hashStore holds the hashes of a small tree by their index.
type hashStore []tlog.Hash

// ReadHashes implements tlog.HashReader.
func (s hashStore) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index < 0 || index >= int64(len(s)) {
			return nil, fmt.Errorf("no hash %d in a tree of %d hashes", index, len(s))
		}
		out[i] = s[index]
	}
	return out, nil
}

func itemHashes(items [][]byte) (hashStore, error) {
	var s hashStore
	for i, item := range items {
		hashes, err := tlog.StoredHashes(int64(i), item, s)
		if err != nil {
			return nil, err
		}
		s = append(s, hashes...)
	}
	return s, nil
}

// digest commits to the state as it is, and to what of it is public. In a sealed
// mission the state is blinded: it follows from so little on a quiet day that who
// guesses that nothing happened could compute it, and be sure.
func (m *Mission) digest(what string, received trucewatch.Instant) (*trucewatch.Digest, error) {
	p, err := PublicationAt(m.state)
	if err != nil {
		return nil, err
	}
	d := &trucewatch.Digest{Index: m.state.Next(), State: m.state.Digest(), What: what, Bytes: p.Bytes, Items: p.Root, Count: uint64(len(p.Items))}
	if m.vault == nil {
		return d, nil
	}
	keys, err := m.vault.newEpoch(seal.EpochOf(m.openly(received)))
	if err != nil {
		return nil, err
	}
	if keys.residue == nil {
		return nil, fmt.Errorf("mission: digest: the key of epoch %d was destroyed", keys.number)
	}
	d.State = keys.blind(d.State)
	return d, nil
}

// blind hides a state's digest from whoever has not the month's key.
func (e *epoch) blind(state trucewatch.Hash) (blinded trucewatch.Hash) {
	secret := e.residue.Secret("digest")
	mac := hmac.New(sha256.New, secret[:])
	mac.Write(state[:])
	mac.Sum(blinded[:0])
	return blinded
}

// unblinded returns a digest entry as replay compares it: with the state's digest
// itself, if the entry's is that one blinded. Where the key is not known here,
// entries before it are closed, and no digest is compared.
func (m *Mission) unblinded(e *trucewatch.Entry) (*trucewatch.Entry, error) {
	if m.vault == nil || m.vault.roles == nil {
		return e, nil
	}
	keys, err := m.vault.epoch(seal.EpochOf(e.Received))
	if err != nil {
		return nil, fmt.Errorf("mission: digest: %w", err)
	}
	if d := *e.Body.Payload.Digest; keys.residue != nil && keys.blind(m.state.Digest()) == d.State {
		plain := *e
		d.State = m.state.Digest()
		plain.Body.Payload.Digest = &d
		return &plain, nil
	}
	return e, nil
}

// cutOffOf returns the local day whose cut-off an entry commits to, "" if it is
// no such entry.
func cutOffOf(e *trucewatch.Entry) string {
	if d := e.Body.Payload.Digest; d != nil && strings.HasPrefix(d.What, cutOffDigest) {
		return strings.TrimPrefix(d.What, cutOffDigest)
	}
	return ""
}
