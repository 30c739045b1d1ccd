// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/intake"
	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/keyring"
	"github.com/trucewatch/trucewatch/logkey"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/replay"
)

// A Mission is an open mission folder and the state that its record gives. It
// is not safe for concurrent use.
type Mission struct {
	place
	state *replay.State
	ring  *keyring.Ring // the keys of the record and their chains
	vault *vault        // the boxes of a sealed mission, nil otherwise
	// submitted are the bodies of others than the desk: who submits one again is
	// told where it stands.
	submitted map[trucewatch.Hash]uint64
	boxes     map[uint64][]trucewatch.SealedBox // of every sealed entry that is no cover
	known     map[uint64]uint32                 // entries whose mission box was opened, with its epoch
	void      map[uint64]bool                   // erasures that two officers did not sign: they warrant nothing
	warrants  []*warrant                        // erasures, in record order
	gone      gone                              // what is not read, although it may still be here
	deeds     []deed                            // on evidence, in record order
	anchors   []anchored                        // tokens of authorities, in record order
	hourly    map[trucewatch.KeyID]bodies       // of devices: see bodiesMax
	erased    bool                              // the state holds what was erased since it was folded: see ErrAhead
	seen      map[trucewatch.ContentKey]print   // of rows with an identifier of their own
	alike     map[string]trucewatch.SourceID    // sources by their skeletons
	refused   map[trucewatch.Hash]bool          // rejected rows that the record already names
	calendar  calendar
	cut       trucewatch.Instant // the last cut-off that was ticked
	news      bool               // something but time changed since the last digest entry
	ahead     bool               // the state holds more than the record has signed: see ErrAhead
	asked     bool               // the witnesses know nothing that is not here
	changes   Listener
	flushed   func(rows int64, took time.Duration) // told of each sync of a write, if set
}

// ErrAhead says that the state is another one than the record gives: a write
// failed after its entries were folded, or something that was folded was erased
// since. The mission must be opened again.
var ErrAhead = errors.New("mission: the state is not what the record gives any more (a write failed, or something was erased): open the mission again")

// A Listener is told the changes of each entry as it is folded, in order.
type Listener func(m *Mission, index uint64, changes []replay.Change)

// Surroundings are what a mission lives in: its disk, and the network over which
// it reaches witnesses. The zero Surroundings are the machine's own.
type Surroundings struct {
	Disk  durable.Disk
	Net   http.RoundTripper
	Texts *agreement.Texts // for who opens missions again; nil: none
}

// A place is a mission's folder in its surroundings.
type place struct {
	disk  durable.Disk
	net   http.RoundTripper // nil: the machine's network
	texts *agreement.Texts
	dir   string
}

func (s Surroundings) place(dir string) place {
	if s.Disk == nil {
		s.Disk = durable.OS{}
	}
	return place{s.Disk, s.Net, s.Texts, dir}
}

// onDisk is a folder on the disk of the operating system.
func onDisk(dir string) place { return Surroundings{}.place(dir) }

// blobMaxBytes bounds a blob: an agreement's bundle, a gazetteer.
const blobMaxBytes = 256 << 20

// A print is the first bytes of the hash of a row: enough to see that
// a row with a known identifier says something else now.
type print [8]byte

// Create sets up the folder dir for a mission: keys, an empty record, and the
// first entries (genesis, the desk's key, agreements). The folder must not
// exist or be empty. Files of the spec are read from fsys.
func Create(dir string, s *Spec, fsys fs.FS, now trucewatch.Instant) error {
	if err := mustBeEmpty(dir); err != nil {
		return err
	}
	// Closed to others: the record names sources.
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("mission: create: %w", err)
	}
	if err := os.Chmod(dir, 0o700); err != nil { // it may have been there, empty
		return fmt.Errorf("mission: create: %w", err)
	}
	return CreateIn(Surroundings{}, dir, s, fsys, now)
}

// CreateIn is Create in other surroundings, in a folder that is not there or empty.
func CreateIn(around Surroundings, dir string, s *Spec, fsys fs.FS, now trucewatch.Instant) (err error) {
	p := around.place(dir)
	genesis := &trucewatch.Genesis{Mission: s.ID, Title: s.Title, Mode: s.Mode, Simulated: s.Simulated, DisplayZone: s.DisplayZone,
		CutOff: s.CutOff, Summary: s.Summary, Engine: trucewatch.EngineVersion, SlotS: s.SlotS}
	if now, err = setEpoch(genesis, s, now); err != nil {
		return err
	}
	if s.Gazetteer != "" {
		data, err := fs.ReadFile(fsys, s.Gazetteer)
		if err != nil {
			return fmt.Errorf("mission: create: gazetteer: %w", err)
		}
		if _, err := intake.ParseGazetteer(data); err != nil {
			return fmt.Errorf("mission: create: %s: %w", s.Gazetteer, err)
		}
		if genesis.Gazetteer, err = p.putBlob(data); err != nil {
			return err
		}
	}
	var adoptions []*trucewatch.Adoption
	for _, name := range s.Agreements {
		a, err := p.storeBundle(fsys, name, s.CutOff)
		if err != nil {
			return err
		}
		adoptions = append(adoptions, a)
	}
	return p.firstEntries(s, genesis, adoptions, now)
}

func mustBeEmpty(dir string) error {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return fmt.Errorf("mission: create: %s is not empty", dir)
	}
	return nil
}

// setEpoch sets the start of the mission's first period, which is a cut-off: of
// a mission that is set up now the last one, so that reports have whole periods
// and the public's hours do not tell when somebody set the mission up. It returns
// when the first entries are received.
func setEpoch(g *trucewatch.Genesis, s *Spec, now trucewatch.Instant) (trucewatch.Instant, error) {
	c, err := newCalendar(g)
	if err != nil {
		return 0, err
	}
	epoch, err := instant(s.Epoch)
	if err != nil {
		return 0, err
	}
	if epoch == 0 {
		g.Epoch, _ = c.last(now)
		return now, nil
	}
	if at, _ := c.last(epoch); at != epoch {
		return 0, fmt.Errorf("mission: epoch %v is no cut-off (%s in %s): the one before it is %v", epoch, s.CutOff, s.DisplayZone, at)
	}
	g.Epoch = epoch
	return epoch, nil
}

// firstEntries makes the keys and the record. A process that dies here leaves a
// folder without a checkpoint, which Open refuses and Create will not reuse:
// nothing was promised yet.
func (p place) firstEntries(s *Spec, genesis *trucewatch.Genesis, adoptions []*trucewatch.Adoption, now trucewatch.Instant) error {
	origin, err := p.newKeys(s.ID, s.Mode)
	if err != nil {
		return err
	}
	if s.Guard != "" {
		if err := durable.WriteFile(p.disk, filepath.Join(p.dir, guardFile), []byte(s.Guard+"\n")); err != nil {
			return fmt.Errorf("mission: create: %w", err)
		}
	}
	if s.SlotS > 0 {
		if err := p.newRoles(os.Getenv(PassphraseVariable)); err != nil {
			return err
		}
	}
	key, err := p.logVerifier()
	if err != nil {
		return err
	}
	signer, err := p.logSigner(logkey.NewCurrent(key))
	if err != nil {
		return err
	}
	options, err := p.guardOptions()
	if err != nil {
		return err
	}
	log, err := record.CreateWith(filepath.Join(p.dir, "record"), origin, signer, options)
	if err != nil {
		return err
	}
	if err := log.Close(); err != nil {
		return err
	}
	m := empty(p)
	return m.write(func(w *Writer) error {
		w.Stamp = func() trucewatch.Instant { return now }
		first := []trucewatch.Payload{{Genesis: genesis},
			{Key: &trucewatch.KeyRegistration{ID: w.desk.id, Public: w.desk.public(), Role: "desk", Name: "mission desk"}}}
		for _, a := range adoptions {
			first = append(first, trucewatch.Payload{Agreement: a})
		}
		for _, payload := range first {
			if err := w.Append(payload, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// storeBundle parses an agreement and keeps its bundle as a blob. It refuses a text
// in force whose reporting day ends at another hour than the mission's.
func (p place) storeBundle(fsys fs.FS, name, cutOff string) (*trucewatch.Adoption, error) {
	files, err := ReadBundle(fsys, name)
	if err != nil {
		return nil, err
	}
	parsed, err := LoadAgreement(files)
	if err != nil {
		return nil, err
	}
	text := parsed.Text()
	if ends := parsed.CutOff(); ends != "" && ends != cutOff && !text.Draft {
		return nil, fmt.Errorf("mission: agreement %s ends the day at %s, the mission (cut_off) at %s: set cut_off to %s", text.ID, ends, cutOff, ends)
	}
	hash, err := p.putBlob(agreement.Pack(files))
	if err != nil {
		return nil, err
	}
	return &trucewatch.Adoption{Bundle: hash, ID: text.ID, Version: text.Version, Draft: text.Draft}, nil
}

func (p place) putBlob(data []byte) (trucewatch.Hash, error) {
	hash := trucewatch.Hash(sha256.Sum256(data))
	if err := durable.WriteFile(p.disk, filepath.Join(p.dir, "blobs", hash.String()), data); err != nil {
		return hash, fmt.Errorf("mission: keep blob: %w", err)
	}
	return hash, nil
}

// Blob returns the bytes with the given hash, and an error if they are missing
// or others.
func (p place) Blob(hash trucewatch.Hash) ([]byte, error) {
	data, err := p.disk.ReadFile(filepath.Join(p.dir, "blobs", hash.String()), blobMaxBytes)
	if err != nil {
		return nil, fmt.Errorf("mission: read blob: %w", err)
	}
	if sha256.Sum256(data) != hash {
		return nil, fmt.Errorf("mission: blob %v was changed: its content has another hash", hash)
	}
	return data, nil
}

func empty(p place) *Mission {
	m := &Mission{place: p, seen: map[trucewatch.ContentKey]print{}, alike: map[string]trucewatch.SourceID{}, refused: map[trucewatch.Hash]bool{}, submitted: map[trucewatch.Hash]uint64{},
		boxes: map[uint64][]trucewatch.SealedBox{}, known: map[uint64]uint32{}, void: map[uint64]bool{},
		hourly: map[trucewatch.KeyID]bodies{}}
	m.state = replay.NewWith(m.Blob, p.texts)
	return m
}

// ErrNoMission says that a folder holds no mission.
var ErrNoMission = errors.New("mission: not a mission folder")

// Open folds the record of the mission in dir, as far as its last signed
// checkpoint. It writes nothing.
func Open(dir string) (*Mission, error) { return OpenFunc(dir, nil) }

// OpenFunc is Open, and tells each, if it is not nil, of every entry, now and
// whenever the mission folds on; after entry 0 it begins anew. What is folded within Write may not be durable
// yet when it is told.
func OpenFunc(dir string, each Listener) (*Mission, error) {
	return OpenIn(Surroundings{}, dir, each)
}

// OpenIn is OpenFunc in other surroundings.
func OpenIn(around Surroundings, dir string, each Listener) (*Mission, error) {
	p := around.place(dir)
	_, err := p.disk.ReadDir(filepath.Join(dir, "record"))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, fmt.Errorf("%w: %s has no record (make one with init): %w", ErrNoMission, dir, err)
	} else if err != nil {
		return nil, fmt.Errorf("mission: %w", err) // there may well be one
	}
	m := empty(p)
	m.changes = each
	if _, err := m.CatchUp(); err != nil {
		return nil, err
	}
	if m.erased {
		// Somebody died between warrant and destruction: what is erased by the record
		// is not read, whether it is still here or not.
		erased := m.warranted()
		m = empty(p)
		m.changes, m.gone = each, erased
		if _, err := m.CatchUp(); err != nil {
			return nil, err
		}
	}
	if m.state.Genesis() == nil {
		return nil, fmt.Errorf("%w: %s: the record is empty: setting it up was cut short; remove the folder and make it anew", ErrNoMission, dir)
	}
	return m, nil
}

// CatchUp folds the entries that were recorded and signed since, by whomever,
// and says how many.
func (m *Mission) CatchUp() (uint64, error) {
	if m.ahead || m.erased {
		return 0, ErrAhead
	}
	verifier, err := m.logVerifier()
	if err != nil {
		return 0, err
	}
	r, err := record.OpenReaderOn(m.disk, filepath.Join(m.dir, "record"), verifier)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	return m.fold(r)
}

// entries is what fold reads from: a reader, or the log while it is open.
type entries interface {
	Checkpoint() record.Checkpoint
	Entries(from, till uint64) *record.Cursor
}

func (m *Mission) fold(r entries) (uint64, error) {
	from, till := m.state.Next(), r.Checkpoint().Size
	if till < from {
		return 0, fmt.Errorf("mission: the record has %d signed entries, and %d were seen before: it was rolled back", till, from)
	}
	if from < till {
		if err := m.vault.refresh(); err != nil {
			return 0, err
		}
	}
	for cursor := r.Entries(from, till); ; {
		index, raw, err := cursor.Next()
		if errors.Is(err, io.EOF) {
			return till - from, nil
		}
		if err != nil {
			return m.state.Next() - from, err
		}
		e, err := trucewatch.DecodeEntry(index, raw)
		if err == nil {
			err = m.take(e)
		}
		if err != nil {
			return m.state.Next() - from, err
		}
	}
}

// take folds one entry of the record.
func (m *Mission) take(e *trucewatch.Entry) error {
	c, err := m.contentOf(e)
	if err != nil {
		return err
	}
	return m.apply(e, c)
}

// contentOf is what an entry holds, opened if it is sealed.
func (m *Mission) contentOf(e *trucewatch.Entry) (content, error) {
	if e.Body.Type != trucewatch.SealedEntry {
		return content{e, plain}, nil
	}
	if m.vault == nil {
		return content{}, fmt.Errorf("mission: entry %d: %w: sealed, in a mission whose genesis seals nothing", e.Index, trucewatch.ErrInvalid)
	}
	return m.vault.open(e)
}

// apply folds one entry into the state and into what the rim keeps beside it.
// Whether the entry was signed by whom it says is for Walk, but for erasures:
// nothing is destroyed on a word that is not two officers'.
func (m *Mission) apply(e *trucewatch.Entry, c content) error {
	checks, problems := m.admit(e, c)
	if e.Body.Payload.Erasure != nil && len(problems)+len(keyring.Verify(checks)) > 0 {
		m.void[e.Index] = true
	}
	return m.follow(e, c)
}

// admit holds an entry, and what it holds, to the keys before it.
func (m *Mission) admit(e *trucewatch.Entry, c content) ([]keyring.Check, []keyring.Problem) {
	if m.ring == nil {
		m.ring = keyring.New(e.Body.Log)
	}
	checks, problems := m.ring.Admit(e)
	switch c.how {
	case unsealed:
		more, inner := m.ring.AdmitInner(e, c.entry)
		checks, problems = append(checks, more...), append(problems, inner...)
	case residue:
		problems = append(problems, m.ring.AdmitResidue(e, c.entry)...)
	case cover:
		m.ring.AdmitCover(e)
	}
	return checks, problems
}

// follow folds what an entry holds.
func (m *Mission) follow(e *trucewatch.Entry, c content) error {
	if key, _ := m.ring.Key(c.entry.Body.Key); key.Role != trucewatch.DeskKey {
		m.submitted[c.entry.BodyHash] = e.Index
		m.count(key, c.entry.Received)
	}
	changes, err := m.change(e, c)
	if err != nil {
		return err
	}
	p := &c.entry.Body.Payload
	m.remember(p)
	m.keepWarrants(e, c)
	if a := p.Access; a != nil && m.vault != nil {
		m.vault.grant(a)
	}
	m.keepDeed(e, c)
	switch {
	case p.Genesis != nil:
		if err := heldApart(m.ring.Origin(), p.Genesis.Mode); err != nil {
			return err
		}
		if m.calendar, err = newCalendar(p.Genesis); err != nil {
			return err
		}
		m.cut = p.Genesis.Epoch
		if p.Genesis.SlotS > 0 {
			if m.vault, err = m.openVault(); err == nil {
				m.vault.gone = m.gone
				err = m.vault.refresh()
			}
		}
	case p.Tick != nil && p.Tick.CutOff != "":
		m.cut = p.Tick.At
	case p.Digest != nil:
		m.news = false
	case p.Anchor != nil:
		m.anchors = append(m.anchors, anchored{e.Index, p.Anchor.Token})
	}
	m.news = m.news || slices.ContainsFunc(changes, func(c replay.Change) bool { return c.Tick == 0 })
	if m.changes != nil {
		m.changes(m, e.Index, changes)
	}
	return err
}

// change folds what the entry holds, as far as that can be known here.
func (m *Mission) change(e *trucewatch.Entry, c content) ([]replay.Change, error) {
	switch c.how {
	case closed:
		return m.state.ApplyClosed(e)
	case residue:
		return m.state.ApplyResidue(c.entry, e.Body.Payload.Sealed.Epoch)
	}
	if e.Body.Payload.Digest != nil {
		var err error
		if e, err = m.unblinded(e); err != nil {
			return nil, err
		}
		return m.state.Apply(e)
	}
	return m.state.Apply(c.entry)
}

// remember keeps what says whether a row that comes again was changed.
func (m *Mission) remember(p *trucewatch.Payload) {
	see := func(key trucewatch.ContentKey, id string, row any) {
		if _, again := m.seen[key]; id != "" && !again { // what counts is what came first
			m.seen[key] = printOf(trucewatch.Encode(row))
		}
	}
	heard := func(s *trucewatch.Source) { m.alike[intake.Skeleton(string(s.ID))] = s.ID }
	if b := p.Observations; b != nil {
		heard(&b.Source)
		for i := range b.Observations {
			see(b.Observations[i].Key, b.Observations[i].NativeID, &b.Observations[i])
		}
		for _, r := range b.Rejected {
			m.refused[refusal(b.Source.ID, b.FileHash, r)] = true
		}
	}
	if b := p.Tally; b != nil {
		heard(&b.Source)
		for i := range b.Tallies {
			see(b.Tallies[i].Key, b.Tallies[i].NativeID, &b.Tallies[i])
		}
	}
	if b := p.Statement; b != nil {
		heard(&b.Source)
		for i := range b.Statements {
			see(b.Statements[i].Key, b.Statements[i].NativeID, &b.Statements[i])
		}
	}
	if n := p.Notification; n != nil {
		see(n.Key, n.ID, n)
	}
}

// printOf returns the print of a row by its encoding.
func printOf(raw []byte) print {
	sum := sha256.Sum256(raw)
	return print(sum[:8])
}

// refusal names a rejected row, so that importing its file again adds nothing.
func refusal(source trucewatch.SourceID, file trucewatch.Hash, r trucewatch.Rejection) trucewatch.Hash {
	return sha256.Sum256(bytes.Join([][]byte{[]byte("refused"), []byte(source), file[:], fmt.Append(nil, r.Line), r.RowHash[:]}, []byte{0}))
}

// Dir returns the mission's folder.
func (m *Mission) Dir() string { return m.dir }

// State returns the folded state. It must not be changed.
func (m *Mission) State() *replay.State { return m.state }

// Zone returns the zone in which the mission shows local times.
func (m *Mission) Zone() *time.Location { return m.calendar.zone }

// Gazetteer returns the mission's place names, nil if it has none.
func (m *Mission) Gazetteer() (*intake.Gazetteer, error) {
	hash := m.state.Genesis().Gazetteer
	if hash.IsZero() {
		return nil, nil
	}
	data, err := m.Blob(hash)
	if err != nil {
		return nil, err
	}
	return intake.ParseGazetteer(data)
}
