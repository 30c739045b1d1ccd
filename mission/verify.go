// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/keyring"
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
	Doubts   []string        `json:"doubts,omitempty"` // entries of keys that were ended backwards: they stand, and may be false
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
	c := checker{v: v, m: empty(dir), ring: keyring.New(v.Origin), rejected: map[trucewatch.Hash][]rejectedRow{}}
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
	v      *Verification
	m      *Mission
	ring   *keyring.Ring
	checks []keyring.Check // signatures still to be checked
	broken bool            // replay has failed: later states mean nothing
	read   bool            // to the end
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
	c.signatures()
	c.report(c.ring.Close())
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
	checks, problems := c.ring.Admit(e)
	c.report(problems)
	if c.checks = append(c.checks, checks...); len(c.checks) >= checksMax {
		c.signatures()
	}
	if c.broken {
		return
	}
	content, err := c.m.contentOf(e)
	if err == nil && (content.how == residue || content.how == closed) {
		c.ring.SkipInner()
	}
	if err == nil && content.how == unsealed {
		checks, problems := c.ring.AdmitInner(e, content.entry)
		c.report(problems)
		c.checks = append(c.checks, checks...)
	}
	if err == nil {
		err = c.m.apply(e, content)
	}
	if err != nil {
		c.v.problem("%v", err)
		c.broken = true
	}
}

// checksMax is how many signatures wait to be checked together. Guess: enough
// for every processor, and a few megabytes. Test: BenchmarkVerify of keyring.
const checksMax = 4096

// signatures checks those that wait.
func (c *checker) signatures() {
	c.report(keyring.Verify(c.checks))
	c.checks = c.checks[:0]
}

func (c *checker) report(problems []keyring.Problem) {
	for _, p := range problems {
		if p.Doubt {
			c.v.Doubts = append(c.v.Doubts, p.String())
			continue
		}
		c.v.problem("%v", p)
	}
}
