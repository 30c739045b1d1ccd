// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/logkey"
	"github.com/trucewatch/trucewatch/mission"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/seal"
	"github.com/trucewatch/trucewatch/witness"
)

// FreshFor is how old the last checkpoint may be, by its cosigners, if nobody
// says.
//
// Guess: a day, after which an absence is entered into the record too. Test: the
// longest silence of a mission that was in order.
const FreshFor = 24 * time.Hour

// A File is what was given in a file.
type File struct {
	Name string // for messages: the last part of its path
	Data []byte
}

// Options say what a record is held to.
type Options struct {
	Log      string           // key of the log, as package logkey writes it; empty: the mission's own
	Policy   *witness.Policy  // who must have co-signed; nil: what the record says
	Kept     []File           // checkpoints that this verifier or others kept
	Promises []File           // of the operator, to those who submitted
	Openings []File           // that a party was handed: exhibit.Batch, sealed to Roles if there are any
	Roots    *x509.CertPool   // of time-stamp authorities; nil: tokens are not judged
	Roles    []*seal.Identity // that open boxes; nil: the mission's role, if it lies there
	Now      time.Time        // the instant at which freshness is judged
	FreshFor time.Duration    // 0: FreshFor
}

// A run is one verification.
type run struct {
	*Report
	o        Options
	copy     mission.Copy
	verifier *logkey.Key
	reader   *record.Reader // nil if the log cannot be read
	walk     *mission.Walk  // nil then

	policy   *witness.Policy // in force, nil if there is none
	tree     record.Report
	stood    []keptSize // checkpoints of the record's own folder, by size
	apart    []keptNote // of those: what the tree does not bear out
	times    times
	entries  counts
	promised map[uint64][]mission.Promise // by the entry that they name
	erasures []*trucewatch.Entry          // and receipts, in record order
	unsound  map[uint64]bool              // entries with a problem of signature
	anchors  []*trucewatch.Entry
	policies []*trucewatch.Entry
	adopted  []*trucewatch.Entry
	classes  []string // of boxes, that every sealed entry names
}

// counts are what was read.
type counts struct {
	entries, sealed, signatures uint64
	digests                     int
}

// Run verifies the record in dir: a mission's folder, a mirror's, or that of a
// log alone. The error is about what could not be read at all; whatever is wrong
// with what could be read is in the report.
func Run(dir string, o Options) (*Report, error) {
	dir, err := filepath.Abs(dir) // a short name could be taken for a part of another one
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	c, err := mission.FindCopy(dir, o.Log)
	if errors.Is(err, mission.ErrNoMission) || errors.Is(err, fs.ErrPermission) {
		return nil, err
	}
	c.Roles = o.Roles
	o.FreshFor = cmp.Or(o.FreshFor, FreshFor)
	v := &run{Report: newReport(), o: o, copy: c, promised: map[uint64][]mission.Promise{}, unsound: map[uint64]bool{}}
	v.Judged = trucewatch.InstantOf(o.Now)
	if err == nil {
		v.verifier, err = c.Verifier()
	}
	if err != nil { // missing or changed: nothing can be held against it
		v.Check(policyCheck).problem("%v", err)
		v.nothing("without the log's key nothing can be held against it")
	} else if err := v.all(); err != nil {
		return nil, err
	}
	v.finish(dir)
	return v.Report, nil
}

// nothing says of every check that has not said anything why it was not made.
func (v *run) nothing(why string) {
	for i := range v.Checks {
		if c := &v.Checks[i]; len(c.Facts)+len(c.Unchecked)+c.Count == 0 {
			c.unknown("%s", why)
		}
	}
}

func (v *run) all() error {
	var err error
	v.tree, err = record.Verify(v.copy.Record, v.verifier)
	if err != nil && !errors.Is(err, record.ErrCorrupt) && !errors.Is(err, record.ErrNotFound) {
		return err
	}
	v.Origin, v.Entries, v.Unsigned = v.verifier.Name(), v.tree.Signed, v.tree.Unsigned
	v.root(err)
	sound := err == nil
	v.reader, err = record.OpenReader(v.copy.Record, v.verifier)
	if err != nil && sound {
		return err
	}
	if err == nil {
		defer v.reader.Close()
	}
	if err := v.readStood(); err != nil {
		return err
	}
	v.readPromises()
	if v.reader != nil {
		if err := v.read(); err != nil {
			return err
		}
	}
	v.policyInForce()
	v.lastCheckpoint()
	v.oneHistory()
	if v.reader == nil {
		v.nothing("the log cannot be read: see check 4")
		return nil
	}
	v.promises()
	v.form()
	if err := v.timeBounds(); err != nil {
		return err
	}
	if err := v.boxes(); err != nil {
		return err
	}
	v.handedOut()
	v.agreementChain()
	v.replayed()
	return v.anchored()
}

// root reports the log's own files.
func (v *run) root(err error) {
	c := v.Check(rootCheck)
	if errors.Is(err, record.ErrNotFound) {
		c.problem("%v", err)
		return
	}
	for _, p := range v.tree.Problems {
		c.problem("record/%v", p)
	}
	c.Count += v.tree.More
	if err == nil { // the walk may end early at a problem
		c.fact("every entry and tile, and %s, against the last signed checkpoint", count(v.tree.Checkpoints, "kept checkpoint", "kept checkpoints"))
	}
}

// read walks over the entries.
func (v *run) read() error {
	checkpoint := v.reader.Checkpoint()
	v.Root = fmt.Sprintf("%x", checkpoint.Root)
	var err error
	v.walk, err = v.copy.Walk(v.reader, v.step, v.fault)
	if err != nil {
		return err
	}
	v.State = v.walk.State.Digest()
	return nil
}

// step takes one entry of the walk.
func (v *run) step(s mission.Step) {
	e := s.Entry
	v.entries.entries++
	v.entries.signatures += uint64(len(e.Signatures))
	v.times.take(v.Check(timeCheck), s)
	v.keepPromises(s)
	switch p := &e.Body.Payload; {
	case p.Sealed != nil:
		v.entries.sealed++
	case p.Policy != nil:
		v.policies = append(v.policies, e)
	case p.Agreement != nil:
		v.adopted = append(v.adopted, e)
	case p.Erasure != nil, p.Receipt != nil:
		v.erasures = append(v.erasures, e)
	case p.Anchor != nil:
		v.anchors = append(v.anchors, e)
	case p.Digest != nil:
		v.entries.digests++
	}
	v.sealedForm(s)
	if s.Published != nil {
		v.coarse(e.Index, s)
	}
}

var checkOf = map[mission.Rule]int{mission.Form: formCheck, mission.Signatures: signatureCheck, mission.Chains: chainCheck,
	mission.Beside: boxCheck, mission.Openings: openingCheck, mission.Agreements: agreementCheck, mission.Replay: replayCheck,
	mission.Published: publicationCheck}

// fault takes one fault of the walk.
func (v *run) fault(f mission.Fault) {
	c := v.Check(checkOf[f.Rule])
	if f.Doubt {
		c.doubt("%s", f.What)
		return
	}
	if f.Rule == mission.Signatures {
		v.unsound[f.Index] = true
	}
	c.problem("%s", f.What)
}

// sealedForm holds an entry of a sealed mission to its one shape, by which none
// tells more than another.
func (v *run) sealedForm(s mission.Step) {
	e, g := s.Entry, s.State.Genesis()
	if g == nil || g.SlotS == 0 || e.Index == 0 {
		return
	}
	c := v.Check(formCheck)
	if e.Received%(trucewatch.Instant(g.SlotS)*trucewatch.Second) != 0 && e.Received > 1 {
		c.problem("entry %d: says openly that it was received at %v, in a mission that rounds to %d s", e.Index, e.Received, g.SlotS)
	}
	if seal.Sealable(e.Body.Type) {
		c.problem("entry %d: is of type %s and stands openly, in a mission that seals it", e.Index, e.Body.Type)
	}
	if e.Body.Payload.Sealed == nil {
		return
	}
	var named []string
	for _, b := range e.Body.Sealed {
		named = append(named, b.Class)
	}
	if v.classes == nil {
		v.classes = seal.Classes()
		for _, class := range named[min(len(v.classes), len(named)):] {
			if strings.HasPrefix(class, seal.PartyClass("")) {
				v.classes = append(v.classes, class)
			}
		}
	}
	if !slices.Equal(named, v.classes) {
		c.problem("entry %d: names boxes of %s; every sealed entry names one of each class: %s", e.Index, strings.Join(named, ", "), strings.Join(v.classes, ", "))
	}
}

// form says how much was held to form, signatures and chains.
func (v *run) form() {
	w := v.walk
	if !w.Read {
		v.nothing("the entries could not be read to their end: see check 5")
	}
	v.Check(formCheck).fact("one encoding, limits, schema and origin of %s", count(v.entries.entries, "entry", "entries"))
	v.Check(signatureCheck).fact("%s by %s, their ranges and roles, and who must sign together",
		count(v.entries.signatures, "signature", "signatures"), count(len(w.Ring.Keys()), "key", "keys"))
	v.Check(chainCheck).fact("numbers and hashes of the bodies of %s", count(len(w.Ring.Keys()), "signer", "signers"))
	if w.Closed > 0 {
		v.Check(formCheck).unknown("what %s hold: %s", count(w.Closed, "sealed entry", "sealed entries"), v.closedWhy())
		v.Check(signatureCheck).unknown("who signed what %s hold: %s", count(w.Closed, "sealed entry", "sealed entries"), v.closedWhy())
		v.Check(chainCheck).unknown("%s may each be the one that is missing in somebody's chain", count(w.Closed, "closed entry", "closed entries"))
	}
}

func (v *run) closedWhy() string {
	return cmp.Or(v.walk.Locked, "no box of them opens with the role that is here")
}
