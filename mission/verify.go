// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/record"
)

// problemsMax is how many problems a verification lists; it counts all.
const problemsMax = 100

// A Verification says whether a mission's record is sound. It is deterministic:
// the same folder gives the same report.
type Verification struct {
	Origin   string          `json:"origin"`
	Entries  uint64          `json:"entries"`  // covered by the last signed checkpoint
	Root     string          `json:"root"`     // of the tree over them, in hexadecimal
	Unsigned uint64          `json:"unsigned"` // complete entries beyond the checkpoint: not promised, not checked further
	State    trucewatch.Hash `json:"state"`    // digest of the state that they give
	Checked  []string        `json:"checked"`
	Problems []string        `json:"problems"`
	Count    int             `json:"problem_count"`
}

// Sound says whether no problem was found.
func (v *Verification) Sound() bool { return v.Count == 0 }

func (v *Verification) problem(format string, args ...any) {
	v.Count++
	if len(v.Problems) < problemsMax {
		v.Problems = append(v.Problems, fmt.Sprintf(format, args...))
	}
}

// Verify checks the mission in dir without writing anything: the log's tree
// against its signed checkpoints, each entry's form, signer, chain and origin,
// the agreements named, and that replay gives every state the record commits
// to. The error is about what could not be read at all.
func Verify(dir string) (*Verification, error) {
	path := filepath.Join(dir, "record")
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("%w: %s has no record: %w", ErrNoMission, dir, err)
	}
	verifier, err := logVerifier(dir)
	if errors.Is(err, fs.ErrPermission) {
		return nil, err
	}
	if err != nil { // missing or changed: nothing can be held against it
		v := &Verification{Problems: []string{}, Checked: []string{}}
		v.problem("%v", err)
		return v, nil
	}
	report, err := record.Verify(path, verifier)
	if err != nil && !errors.Is(err, record.ErrCorrupt) && !errors.Is(err, record.ErrNotFound) {
		return nil, err
	}
	v := &Verification{Origin: verifier.Name(), Entries: report.Signed, Unsigned: report.Unsigned, Problems: []string{}, Checked: []string{}}
	if errors.Is(err, record.ErrNotFound) {
		v.problem("%v", err)
	}
	for _, p := range report.Problems {
		v.problem("record/%v", p)
	}
	v.Count += report.More
	if err == nil { // the walk may end early at a problem
		v.Checked = append(v.Checked, "every entry, tile and kept checkpoint against the last signed checkpoint")
	}
	r, err := record.OpenReader(path, verifier)
	if err != nil {
		if v.Sound() {
			return nil, err
		}
		return v, nil
	}
	defer r.Close()
	checkpoint := r.Checkpoint()
	v.Root = fmt.Sprintf("%x", checkpoint.Root)
	c := checker{v: v, m: empty(dir), keys: map[trucewatch.KeyID]ed25519.PublicKey{}, chains: map[trucewatch.KeyID]chain{}, rejected: map[trucewatch.Hash][]rejectedRow{}}
	c.run(r, checkpoint.Size)
	v.State = c.m.state.Digest()
	c.checkRejected(dir)
	if c.read {
		v.Checked = append(v.Checked, "form, limits, origin, signature and source chain of every entry", "rejected rows against what is kept of them")
	}
	if c.read && !c.broken {
		v.Checked = append(v.Checked, "agreements and gazetteer by their hashes", "replay: every state that the record commits to")
	}
	return v, nil
}

// A checker walks the entries of a record that it does not trust.
type checker struct {
	v       *Verification
	m       *Mission
	keys    map[trucewatch.KeyID]ed25519.PublicKey // registered so far
	chains  map[trucewatch.KeyID]chain
	genesis func(ed25519.PublicKey) error // checks entry 0, until entry 1 was read
	broken  bool                          // replay has failed: later states mean nothing
	read    bool                          // to the end
	// rejected are the rows that must be kept beside the record, by the hash of their file.
	rejected map[trucewatch.Hash][]rejectedRow
}

func (c *checker) run(r *record.Reader, size uint64) {
	for cursor := r.Entries(0, size); ; {
		index, raw, err := cursor.Next()
		if errors.Is(err, io.EOF) {
			c.read = true
			break
		}
		if err != nil {
			c.v.problem("%v", err)
			break
		}
		c.entry(index, raw)
	}
	if c.genesis != nil {
		c.v.problem("the key that signed genesis was never registered")
	}
	if g := c.m.state.Genesis(); g != nil && !g.Gazetteer.IsZero() {
		if _, err := c.m.Blob(g.Gazetteer); err != nil {
			c.v.problem("%v", err)
		}
	}
}

func (c *checker) entry(index uint64, raw []byte) {
	e, err := trucewatch.DecodeEntry(index, raw)
	if err != nil {
		c.v.problem("%v", err)
		c.broken = true
		return
	}
	if b := e.Body.Payload.Observations; b != nil {
		for _, r := range b.Rejected {
			c.rejected[b.FileHash] = append(c.rejected[b.FileHash], rejectedRow{r.Line, r.RowHash})
		}
	}
	if err := c.check(e, raw); err != nil {
		c.v.problem("entry %d: %v", index, err)
	}
	if c.broken {
		return
	}
	if err := c.m.apply(e); err != nil {
		c.v.problem("%v", err)
		c.broken = true
	}
}

// check holds an entry to the keys and chains before it.
func (c *checker) check(e *trucewatch.Entry, raw []byte) error {
	var env trucewatch.Envelope
	if err := trucewatch.Decode(raw, &env); err != nil {
		return err
	}
	if e.Body.Log != c.v.Origin {
		return fmt.Errorf("belongs to another log, %q", e.Body.Log)
	}
	if e.Index == 0 {
		// Its key is registered by the entry that follows, signed by the same key.
		c.genesis = func(public ed25519.PublicKey) error { return checkSignature(e, env.Body, public) }
		return c.follow(e)
	}
	public := c.keys[e.Body.Key]
	if k := e.Body.Payload.Key; k != nil {
		if keyID(k.Public) != k.ID {
			return errors.New("registers a key under a name that is not its own")
		}
		// Only the first key vouches for itself; the log's signature on the first
		// checkpoint stands behind it.
		if e.Index == 1 {
			public = k.Public
		}
		if public != nil {
			c.keys[k.ID] = k.Public
		}
	}
	var early error
	if c.genesis != nil {
		early = c.genesis(public)
		c.genesis = nil
	}
	return errors.Join(early, checkSignature(e, env.Body, public), c.follow(e))
}

func checkSignature(e *trucewatch.Entry, body []byte, public ed25519.PublicKey) error {
	if public == nil {
		return fmt.Errorf("signed by key %x, which the record does not know", e.Body.Key)
	}
	for _, s := range e.Signatures {
		if s.Key == e.Body.Key && s.Type == trucewatch.Ed25519Signature && ed25519.Verify(public, trucewatch.SignedBytes(body), s.Value) {
			return nil
		}
	}
	return fmt.Errorf("has no valid signature of key %x", e.Body.Key)
}

// follow holds an entry to its signer's chain.
func (c *checker) follow(e *trucewatch.Entry) error {
	have := c.chains[e.Body.Key]
	c.chains[e.Body.Key] = chain{sequence: e.Body.Sequence + 1, previous: e.BodyHash}
	switch {
	case e.Body.Sequence > have.sequence:
		return fmt.Errorf("gap: key %x is at sequence %d where %d was expected: an entry of this signer is missing", e.Body.Key, e.Body.Sequence, have.sequence)
	case e.Body.Sequence < have.sequence:
		return fmt.Errorf("key %x repeats sequence %d: two bodies under one number, or one that was moved", e.Body.Key, e.Body.Sequence)
	case e.Body.Previous != have.previous:
		return fmt.Errorf("does not name the body before it in the chain of key %x", e.Body.Key)
	}
	return nil
}
