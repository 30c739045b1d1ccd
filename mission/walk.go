// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/keyring"
	"github.com/trucewatch/trucewatch/logkey"
	"github.com/trucewatch/trucewatch/mirror"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/replay"
	"github.com/trucewatch/trucewatch/seal"
	"github.com/trucewatch/trucewatch/witness"
)

// A Copy is a record with what lies beside it: a mission's folder, or what a
// mirror or a party holds of it.
type Copy struct {
	Dir    string           // with blobs, boxes and rejected, as far as they are here
	Record string           // folder of the log
	Whole  bool             // a mission's own folder: everything must be here
	LogKey string           // key of the log, as package logkey writes it
	Roles  []*seal.Identity // open boxes; nil: those of the mission's role, if it lies here
}

// FindCopy looks for a record in dir: of a mission, in a folder named record,
// or dir itself. LogKey is the log's key, to which a mirror's folder may have more
// handovers; empty for a mission's own.
func FindCopy(dir, logKey string) (Copy, error) {
	c := Copy{Dir: dir, Record: filepath.Join(dir, "record"), LogKey: logKey}
	if _, err := os.Stat(c.Record); err != nil {
		if _, err := os.Stat(filepath.Join(dir, "checkpoint")); err != nil {
			return c, fmt.Errorf("%w: %s has no record", ErrNoMission, dir)
		}
		c.Record = dir
	}
	if logKey != "" {
		key, err := mirror.LogKey(dir, logKey)
		if err == nil {
			c.LogKey = key.String()
		}
		return c, nil // what is no key, Verifier says
	}
	c.Whole = true
	var err error
	c.LogKey, err = onDisk(dir).readLine(logPublicFile)
	return c, err
}

// Verifier is what the log's signatures are held to.
func (c *Copy) Verifier() (*logkey.Key, error) {
	v, err := logkey.Parse(c.LogKey)
	if err != nil && c.Whole {
		return nil, fmt.Errorf("mission: %s: %w", logPublicFile, err)
	}
	if err != nil {
		return nil, fmt.Errorf("mission: key of the log: %w", err)
	}
	return v, nil
}

// Blob returns the bytes with the given hash.
func (c *Copy) Blob(hash trucewatch.Hash) ([]byte, error) { return onDisk(c.Dir).Blob(hash) }

// CosigningPolicy is a policy of the record as one that checkpoints are held to.
func (c *Copy) CosigningPolicy(p *trucewatch.Policy) (*witness.Policy, error) {
	return witness.NewPolicy(c.LogKey, membersOf(p), p.Guarantors)
}

// A Rule is what a walk holds entries to.
type Rule int

// The rules.
const (
	Form       Rule = iota + 1 // one encoding, limits, schema, origin
	Signatures                 // keys, their ranges and roles, two persons
	Chains                     // of each source
	Beside                     // what is kept beside the record
	Openings                   // boxes hold what their entries commit to
	Agreements                 // and other texts, by their hashes
	Replay                     // the state that the record commits to
	Published                  // what was public, as the record commits to it
)

// A Fault is one thing that is wrong with an entry.
type Fault struct {
	Rule  Rule
	Index uint64
	What  string
	Doubt bool // it was sound when it was entered: see keyring.Problem
}

// A Step is an entry as a walk reads it.
type Step struct {
	Entry *trucewatch.Entry
	Inner *trucewatch.Entry // what it holds, if it was sealed and could be opened; Entry if it is open; else nil
	// Published is what was public when a digest was made, recomputed from State,
	// which stands there; nil at other entries, and where that is not known.
	Published *Publication
	State     *replay.State
}

// A Walk is what came of reading a record through.
type Walk struct {
	State  *replay.State // as far as it was replayed
	Ring   *keyring.Ring
	Read   bool   // to the end
	Broken string // why replay ended before the record did, empty if it did not
	// Sealed entries: of how many the mission's box was opened and held to its
	// commitment, and its residue to it; how many are covers, and how many could
	// not be opened.
	Opened, Residues, Covers, Closed uint64
	Locked                           string // why the boxes were not opened, empty if a role is here
	Digests                          int    // entries that commit to a state, as far as replay came
	Publications, Silent             int    // of those: that commit to what was public, and that do not

	copy     *Copy
	m        *Mission
	fault    func(Fault)
	checks   []keyring.Check
	verified chan []keyring.Problem // of the signatures under way; nil if none are
	rejected map[trucewatch.Hash][]rejectedRow
	items    map[trucewatch.Hash]bool // that deeds are about; nil while they are read
	key      *logkey.Key              // of the log
	entered  []uint64                 // entries that hand it over
	access   map[string]*trucewatch.Access
}

// Walk reads the entries that the reader's checkpoint signs for, without
// trusting any: their form, their signatures, what they hold as far as the roles
// here open it, and the state that they give. Each step and each fault is told
// in an order that is the same every time; a fault may come later than its step.
// The error is of the disk.
func (c *Copy) Walk(r *record.Reader, step func(Step), fault func(Fault)) (*Walk, error) {
	w := &Walk{copy: c, m: empty(onDisk(c.Dir)), fault: fault, rejected: map[trucewatch.Hash][]rejectedRow{}, access: map[string]*trucewatch.Access{}}
	w.m.ring = keyring.New(r.Origin())
	w.State, w.Ring = w.m.state, w.m.ring
	var err error
	if w.key, err = c.Verifier(); err != nil {
		return nil, err
	}
	if err := w.findErased(r); err != nil {
		return nil, err
	}
	err = EachEntry(r, 0, r.Checkpoint().Size, func(index uint64, e *trucewatch.Entry, err error) {
		if err != nil {
			w.tell(Form, index, err)
			w.end("entry %d is none", index)
			return
		}
		step(w.take(e))
	})
	w.settle()
	w.report(w.Ring.Close())
	if err == nil {
		w.handedOver(r.Checkpoint().Size)
		w.opened()
	}
	if w.Read = err == nil; errors.Is(err, record.ErrCorrupt) {
		fault(Fault{Rule: Form, What: err.Error()})
		w.end("the record cannot be read to its end")
		err = nil
	}
	if g := w.State.Genesis(); g != nil && !g.Gazetteer.IsZero() {
		w.text(0, g.Gazetteer)
	}
	return w, err
}

// findErased reads beforehand what a sealed record erases. The digests since were
// made of what is left, so it is not read although somebody may still have it.
func (w *Walk) findErased(r *record.Reader) error {
	size := r.Checkpoint().Size
	sealed := false
	err := EachEntry(r, 0, min(1, size), func(_ uint64, e *trucewatch.Entry, err error) {
		sealed = err == nil && e.Body.Payload.Genesis != nil && e.Body.Payload.Genesis.SlotS > 0
	})
	if err == nil && sealed {
		err = EachEntry(r, 0, size, func(index uint64, e *trucewatch.Entry, err error) {
			if err == nil && e.Body.Payload.Erasure != nil {
				w.m.warrants = append(w.m.warrants, &warrant{Erasure: *e.Body.Payload.Erasure, index: index})
			}
		})
	}
	if errors.Is(err, record.ErrCorrupt) {
		return nil // the walk says so
	}
	return err
}

func (w *Walk) tell(rule Rule, index uint64, err error) {
	w.fault(Fault{Rule: rule, Index: index, What: err.Error()})
}

// end says why nothing is replayed from here on.
func (w *Walk) end(format string, args ...any) {
	if w.Broken == "" {
		w.Broken = fmt.Sprintf(format, args...)
	}
}

// text wants a text that the record names by its hash.
func (w *Walk) text(index uint64, hash trucewatch.Hash) bool {
	_, err := w.m.Blob(hash)
	if err != nil && (w.copy.Whole || !errors.Is(err, fs.ErrNotExist)) {
		w.tell(Agreements, index, err)
	}
	return err == nil
}

// take holds one entry to the rules.
func (w *Walk) take(e *trucewatch.Entry) Step {
	if b := e.Body.Payload.Observations; b != nil {
		w.reject(b)
	}
	c := w.open(e)
	checks, problems := w.m.admit(e, c)
	w.report(problems)
	if w.checks = append(w.checks, checks...); len(w.checks) >= checksMax {
		w.verify()
	}
	w.m.keepDeed(e, c)
	if k := e.Body.Payload.Key; k != nil && k.Role == trucewatch.LogKey {
		w.entered = append(w.entered, e.Index)
		if err := w.key.Entered(e.Index, k.Public, k.Handover); err != nil {
			w.tell(Signatures, e.Index, err)
		}
	}
	if a := e.Body.Payload.Access; a != nil {
		w.access[a.Class] = a
	}
	s := Step{Entry: e, State: w.State}
	if w.Broken == "" {
		s.Published = w.published(e)
		w.fold(e, c)
	}
	switch c.how {
	case plain:
		s.Inner = e
	case unsealed:
		if b := c.entry.Body.Payload.Observations; b != nil {
			w.reject(b)
		}
		s.Inner = c.entry
	}
	return s
}

// handedOver wants an entry for each handover of the log's key.
func (w *Walk) handedOver(size uint64) {
	for _, s := range w.key.UpTo(size).Spans()[1:] {
		if !slices.Contains(w.entered, s.Index()) {
			w.tell(Signatures, s.Index(), fmt.Errorf("entry %d: the log's key is handed over there, and the entry does not say so", s.Index()))
		}
	}
}

// opened holds the roles for whom boxes are sealed here to the last entry that says
// who they are.
func (w *Walk) opened() {
	if !w.copy.Whole {
		return
	}
	for _, class := range seal.Classes() {
		if err := asRecorded(seal.OpenKeys(durable.OS{}, filepath.Join(w.copy.Dir, boxesDir)), class, w.access[class]); err != nil {
			w.tell(Beside, 0, err)
		}
	}
}

// published holds a digest to what is public in the state that it was made of.
func (w *Walk) published(e *trucewatch.Entry) *Publication {
	d := e.Body.Payload.Digest
	switch {
	case d == nil:
		return nil
	case d.Bytes.IsZero() && d.Items.IsZero():
		w.Silent++
		return nil
	case w.State.Closed() > 0 || len(w.State.Unwarranted()) > 0:
		return nil // the digest is not compared either
	}
	p, err := PublicationAt(w.State)
	if err == nil && !p.Matches(d) {
		err = fmt.Errorf("entry %d: the record says that %d items with root %v were public, in a view with hash %v; replay gives %d with root %v, and %v",
			e.Index, d.Count, d.Items, d.Bytes, len(p.Items), p.Root, p.Bytes)
	}
	if err != nil {
		w.tell(Published, e.Index, err)
		return nil
	}
	w.Publications++
	return &p
}

func (w *Walk) reject(b *trucewatch.Batch) {
	for _, r := range b.Rejected {
		w.rejected[b.FileHash] = append(w.rejected[b.FileHash], rejectedRow{r.Line, r.RowHash})
	}
}

// fold replays an entry.
func (w *Walk) fold(e *trucewatch.Entry, c content) {
	if a := e.Body.Payload.Agreement; a != nil && !w.text(e.Index, a.Bundle) {
		w.end("the text of agreement %s version %d is not here as it was adopted", a.ID, a.Version)
		return
	}
	_, err := w.m.change(e, c)
	if g := c.entry.Body.Payload.Genesis; err == nil && g != nil {
		if _, err = newCalendar(g); err == nil && g.SlotS > 0 {
			err = w.unlock()
		}
	}
	if e.Body.Payload.Digest != nil && err == nil {
		w.Digests++
	}
	if err != nil {
		rule := Replay
		if e.Body.Type == trucewatch.AgreementEntry {
			rule = Agreements
		}
		w.tell(rule, e.Index, err)
		w.end("entry %d cannot be part of a sound record", e.Index)
	}
}

// unlock opens the boxes with the roles given, or with the one that lies here.
func (w *Walk) unlock() error {
	v, err := onDisk(w.copy.Dir).openVault()
	if errors.Is(err, ErrLocked) {
		w.Locked = fmt.Sprintf("the role that lies here is locked (its passphrase is read from %s)", PassphraseVariable)
		v, err = &vault{packs: filepath.Join(w.copy.Dir, boxesDir, "packs"), epochs: map[uint32]*epoch{},
			keys: seal.OpenKeys(durable.OS{}, filepath.Join(w.copy.Dir, boxesDir))}, nil
	}
	if err != nil {
		return err
	}
	if w.copy.Roles != nil {
		v.roles, w.Locked = w.copy.Roles, ""
	}
	if v.roles == nil && w.Locked == "" {
		w.Locked = "no role that opens them is here"
	}
	if _, err := os.Stat(v.packs); errors.Is(err, fs.ErrNotExist) && !w.copy.Whole {
		v.packs = filepath.Join(w.copy.Dir, boxesDir) // as a mirror has them
	}
	v.gone, w.m.vault = w.m.warranted(), v
	if err := v.refresh(); err != nil {
		w.tell(Beside, 0, err)
	}
	return nil
}

// open is what an entry holds, as far as it can be known. What cannot is closed.
func (w *Walk) open(e *trucewatch.Entry) content {
	if e.Body.Type != trucewatch.SealedEntry {
		return content{e, plain}
	}
	shut := content{e, closed}
	if w.m.vault == nil {
		w.tell(Form, e.Index, fmt.Errorf("entry %d: %w: sealed, in a mission whose genesis seals nothing", e.Index, trucewatch.ErrInvalid))
		return shut
	}
	c, err := w.m.vault.open(e)
	switch {
	case err == nil && c.how == unsealed:
		w.Opened++
		w.residue(e, c.entry)
	case err == nil && c.how == cover:
		w.Covers++
	case err == nil && c.how == closed, errors.Is(err, seal.ErrDenied), errors.Is(err, seal.ErrNotFound):
		w.Closed++
		return shut
	case err != nil:
		w.Closed++
		if !w.damaged(e) { // what was changed on the disk, Holding tells
			w.tell(Openings, e.Index, err)
		}
		return shut
	}
	return c
}

// damaged says whether a box of the entry was changed since it was kept.
func (w *Walk) damaged(e *trucewatch.Entry) bool {
	store := w.m.vault.store
	return store != nil && (store.State(seal.MissionClass, boxOf(e, seal.MissionClass)) == seal.Damaged ||
		store.State(seal.ResidueClass, boxOf(e, seal.ResidueClass)) == seal.Damaged)
}

// residue holds the coarse stand-in of an entry to the entry. When the mission's
// box is destroyed, nobody can.
func (w *Walk) residue(outer, inner *trucewatch.Entry) {
	v := w.m.vault
	keys, err := v.epoch(outer.Body.Payload.Sealed.Epoch)
	var box, text []byte
	if err == nil {
		box, err = v.get(seal.ResidueClass, boxOf(outer, seal.ResidueClass))
	}
	if err != nil {
		return // it is missing or damaged, which Holding tells
	}
	if text, err = seal.OpenBox([]*seal.Identity{keys.residue.Identity()}, box); err == nil {
		err = seal.CheckResidue(inner, outer.Body.CommitmentRoot, keys.pseudonym(inner), outer.Received, text)
	}
	if err != nil {
		w.tell(Openings, outer.Index, err)
		return
	}
	w.Residues++
}

// Holding is what this copy has of the boxes. A mission must have all of them;
// another holder keeps the classes that it has any of.
func (w *Walk) Holding() seal.Holding {
	v := w.m.vault
	keeps := map[string]bool{}
	if v != nil && v.store != nil {
		for _, class := range v.store.Classes() {
			keeps[class] = true
		}
	}
	return seal.Holding{
		State: func(class string, hash trucewatch.Hash) seal.State {
			if v == nil || v.store == nil {
				return seal.Missing
			}
			return v.store.State(class, hash)
		},
		Keeps:        func(class string) bool { return w.copy.Whole || keeps[class] },
		KeyDestroyed: func(class string, epoch uint32) bool { return v != nil && v.keys.EpochDestroyed(class, epoch) },
		Cover: func(e *trucewatch.Entry, box trucewatch.SealedBox) (isCover, known bool) {
			if v == nil || v.roles == nil {
				return false, false
			}
			keys, err := v.epoch(e.Body.Payload.Sealed.Epoch)
			if err != nil || keys.residue == nil {
				return false, false
			}
			return seal.IsCover(keys.cover(e.Body.Key, box.Class), e.Body.Sequence, box.Hash), true
		},
	}
}

// OpenBox opens the box of a class that an entry names with the roles here.
func (w *Walk) OpenBox(e *trucewatch.Entry, class string) ([]byte, error) {
	v := w.m.vault
	if v == nil {
		return nil, fmt.Errorf("mission: entry %d: %w", e.Index, seal.ErrNotFound)
	}
	box, err := v.get(class, boxOf(e, class))
	if err != nil {
		return nil, fmt.Errorf("mission: entry %d: %w", e.Index, err)
	}
	keys, err := v.keys.OpenEpoch(class, e.Body.Payload.Sealed.Epoch, v.roles)
	if err != nil {
		return nil, fmt.Errorf("mission: entry %d: %w", e.Index, err)
	}
	text, err := seal.OpenBox([]*seal.Identity{keys.Identity()}, box)
	if err != nil {
		return nil, fmt.Errorf("mission: entry %d, %s box: %w", e.Index, class, err)
	}
	return text, nil
}

// checksMax is how many signatures wait to be checked together. Guess: enough
// for every processor, and a few megabytes. Test: BenchmarkVerify of keyring.
const checksMax = 4096

// verify checks the signatures that wait, while the walk goes on.
func (w *Walk) verify() {
	w.settleOne()
	checks, done := w.checks, make(chan []keyring.Problem, 1)
	go func() { done <- keyring.Verify(checks) }()
	w.checks, w.verified = nil, done
}

func (w *Walk) settleOne() {
	if w.verified != nil {
		w.report(<-w.verified)
		w.verified = nil
	}
}

// settle checks all signatures that wait.
func (w *Walk) settle() {
	w.verify()
	w.settleOne()
}

func (w *Walk) report(problems []keyring.Problem) {
	for _, p := range problems {
		rule := map[keyring.Rule]Rule{keyring.OfSignature: Signatures, keyring.OfChain: Chains, keyring.OfOrigin: Form}[p.Of]
		w.fault(Fault{Rule: rule, Index: p.Index, What: p.String(), Doubt: p.Doubt})
	}
}

// chunkEntries is how many entries are decoded together. Guess: some
// milliseconds' work. Test: BenchmarkVerify.
const chunkEntries = 2048

// A decoded entry, or why it is none.
type decoded struct {
	index uint64
	raw   []byte
	entry *trucewatch.Entry
	err   error
}

// EachEntry reads and decodes the entries with from <= index < till on all
// processors, and tells them in order; err says that one is no entry. What EachEntry
// returns is why it could not read on.
func EachEntry(r *record.Reader, from, till uint64, each func(index uint64, e *trucewatch.Entry, err error)) error {
	chunks, stop := make(chan []decoded, 1), make(chan struct{})
	var failed error // written before chunks is closed
	go func() {
		defer close(chunks)
		cursor := r.Entries(from, till)
		for failed == nil {
			var chunk []decoded
			for len(chunk) < chunkEntries && failed == nil {
				var d decoded
				if d.index, d.raw, failed = cursor.Next(); failed == nil {
					chunk = append(chunk, d)
				}
			}
			decodeAll(chunk)
			select {
			case chunks <- chunk:
			case <-stop:
				return
			}
		}
	}()
	defer close(stop)
	for chunk := range chunks {
		for i := range chunk {
			each(chunk[i].index, chunk[i].entry, chunk[i].err)
		}
	}
	if errors.Is(failed, io.EOF) {
		return nil
	}
	return failed
}

func decodeAll(chunk []decoded) {
	var all sync.WaitGroup
	for n, workers := 0, runtime.GOMAXPROCS(0); n < workers; n++ {
		all.Go(func() {
			for i := n * len(chunk) / workers; i < (n+1)*len(chunk)/workers; i++ {
				chunk[i].entry, chunk[i].err = trucewatch.DecodeEntry(chunk[i].index, chunk[i].raw)
			}
		})
	}
	all.Wait()
}
