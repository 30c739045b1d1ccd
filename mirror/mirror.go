// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"time"

	cosignature "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/keyring"
	"github.com/trucewatch/trucewatch/logkey"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/witness"
)

// What lies in a mirror's folder; see the package's documentation.
const (
	recordName   = "record"
	newName      = "record.new"
	keptDir      = "checkpoints"
	evidenceName = "evidence"
	boxesName    = "boxes/packs" // where a mission has them, so that one program reads both
)

// Settings are what a mirror is started with.
type Settings struct {
	Disk   durable.Disk    // what its folder lies on; nil: the machine's
	Dir    string          // its folder
	LogKey string          // key of the log, as package logkey reads it; later handovers are followed
	Source Source          // where the log is read from
	Policy *witness.Policy // who co-signs; nil: the log's signature is all there is
	Tier   witness.Tier    // the least that a checkpoint must have to be taken; 0 takes any
	// Fresh is how old a checkpoint's cosignatures may be before the source counts
	// as frozen; 0: that is not judged.
	Fresh time.Duration
	Key   *witness.Key // co-signs as mirror; nil: it does not
	Peers []Source     // other mirrors, asked what they know
	// Report gets the co-signed checkpoints, at ReportPath; nil: they are only served.
	Report *WebSource
	// Boxes are what this holder is given of the boxes of each class, if it is given any.
	Boxes Boxes
	// Recompute recomputes what is open to this holder from the copy of the log in
	// a folder, after each pull that brought entries; nil: nothing is.
	Recompute func(dir string) error
	Now       func() time.Time
	Log       *slog.Logger
	Spans     *slog.Logger // gets a line for each step of a pull; nil: nobody follows them
}

// A Mirror is a full copy of a log that others write. It takes only what extends
// what it has, and remembers every checkpoint that it saw. One process at a time
// has it open. Its methods are for one goroutine, but for Handler and Health.
type Mirror struct {
	settings Settings
	disk     durable.Disk
	verifier *logkey.Current // of the log
	given    *logkey.Key     // that it was started with
	own      note.Verifier   // of Key, nil without
	folder   io.Closer       // the lock
	kept     *kept
	replica  *record.Replica // nil before the first entries
	audit    *auditor        // of the entries in replica
	broken   bool            // a pull failed in the middle, and so did opening again
	erased   int             // erasures that the boxes here were held to

	mu     sync.Mutex
	health Health // guarded by mu
}

// Open opens the mirror in a folder, which is made if it is missing. It reads
// all entries once, to know the keys that are good at the end of them.
//
// The errors are ErrInvalid, those of package record, and those of the disk.
func Open(s Settings) (*Mirror, error) {
	if s.Disk == nil {
		s.Disk = durable.OS{}
	}
	m := &Mirror{settings: s, disk: s.Disk}
	if s.Now == nil {
		m.settings.Now = time.Now
	}
	if s.Log == nil {
		m.settings.Log = slog.New(slog.DiscardHandler)
	}
	key, err := logKeyOn(s.Disk, s.Dir, s.LogKey)
	if err != nil {
		return nil, err
	}
	m.verifier = logkey.NewCurrent(key)
	if m.given, err = logkey.Parse(s.LogKey); err != nil {
		return nil, fmt.Errorf("mirror: %w: key of the log: %w", ErrInvalid, err)
	}
	if err := m.ownKey(); err != nil {
		return nil, err
	}
	if err := durable.MkdirAll(m.disk, s.Dir); err != nil {
		return nil, fmt.Errorf("mirror: %w", err)
	}
	if m.folder, err = m.disk.Lock(s.Dir); err != nil {
		return nil, fmt.Errorf("mirror: %s: %w", s.Dir, err)
	}
	if err := m.open(); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	m.health = Health{Origin: m.verifier.Name(), Size: m.held().Size} // open co-signed it
	return m, nil
}

// ownKey refuses a key that co-signs in another role too: a cosignature does not
// say its role, so that a witness would vouch for data, and a mirror for growth.
//
// Source: C2SP tlog-mirror: "MUST be a distinct cosigner".
func (m *Mirror) ownKey() error {
	if m.settings.Key == nil {
		return nil
	}
	vkey := m.settings.Key.VerifierKey()
	var others []string
	for _, span := range m.verifier.Key().Spans() {
		others = append(others, span.Text)
	}
	if p := m.settings.Policy; p != nil {
		for _, member := range p.Members() {
			others = append(others, member.Witness)
			// Its name may stand in the policy with this key, and with no other.
			if name, _, _ := strings.Cut(member.Mirror, "+"); member.Mirror != vkey && name == m.settings.Key.Name() {
				return fmt.Errorf("mirror: %w: the policy has another key for %s than this mirror's", ErrInvalid, name)
			}
		}
	}
	for _, other := range others {
		if rawKey(other) == rawKey(vkey) {
			return fmt.Errorf("mirror: %w: the mirror's key is that of %s: a mirror and a witness need different keys", ErrInvalid, other)
		}
	}
	var err error
	if m.own, err = cosignature.NewVerifierForCosignatureV1(vkey); err != nil {
		return fmt.Errorf("mirror: %w: key: %w", ErrInvalid, err)
	}
	return nil
}

// rawKey is the public key of a verifier key without name and type: an Ed25519
// key signs alike under every name.
func rawKey(vkey string) string {
	raw, err := base64.StdEncoding.DecodeString(vkey[strings.LastIndexByte(vkey, '+')+1:])
	if err != nil || len(raw) == 0 {
		return vkey
	}
	return string(raw[1:])
}

// open opens the copy, and reads its entries. It is what follows a failure, too.
func (m *Mirror) open() error {
	m.audit = &auditor{ring: keyring.New(m.verifier.Name()), key: m.verifier}
	dir := filepath.Join(m.settings.Dir, recordName)
	// A copy that was not put in place yet is of nothing: see create.
	if err := durable.RemoveAll(m.disk, filepath.Join(m.settings.Dir, newName)); err != nil {
		return fmt.Errorf("mirror: %w", err)
	}
	replica, err := record.OpenReplicaOn(m.disk, dir, m.verifier)
	if err != nil && !errors.Is(err, record.ErrNotFound) {
		return fmt.Errorf("mirror: %w", err)
	}
	m.replica = replica
	// Whoever put the copy in place may have died before its name was durable.
	if err := m.disk.SyncDir(m.settings.Dir); err != nil {
		return fmt.Errorf("mirror: %w", err)
	}
	// A handover by an entry that did not come did not happen: see take.
	if err := m.setKey(m.held().Size); err != nil {
		return err
	}
	if err := m.fold(dir); err != nil {
		return err
	}
	kept, err := openKept(m.disk, filepath.Join(m.settings.Dir, keptDir), m.verifier, m.held().Size)
	if err != nil {
		return err
	}
	m.kept, m.broken = kept, false
	return m.cosign() // If we died before it.
}

// fold admits the entries that are here. Their signatures were checked when they
// came.
func (m *Mirror) fold(dir string) error {
	size := m.held().Size
	if size == 0 {
		return nil
	}
	return eachEntry(m.disk, dir, m.verifier, 0, size, func(index uint64, raw []byte) error {
		_, err := m.audit.take(index, raw)
		m.audit.checks = m.audit.checks[:0]
		return err
	})
}

// eachEntry reads entries of the log in a folder.
func eachEntry(disk durable.Disk, dir string, verifier note.Verifier, from, till uint64, do func(index uint64, raw []byte) error) error {
	r, err := record.OpenReaderOn(disk, dir, verifier)
	if err != nil {
		return fmt.Errorf("mirror: %w", err)
	}
	defer r.Close() // Read only: nothing can be lost.
	for cursor := r.Entries(from, till); ; {
		index, raw, err := cursor.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("mirror: %w", err)
		}
		if err := do(index, raw); err != nil {
			return err
		}
	}
}

// held is the checkpoint up to which the entries are here; of size 0 and without
// a note if there are none.
func (m *Mirror) held() record.Checkpoint {
	if m.replica == nil {
		return record.Checkpoint{Origin: m.verifier.Name()}
	}
	return m.replica.Checkpoint()
}

// Checkpoint is the last one whose entries are all here. Its Note is nil as long
// as none are.
func (m *Mirror) Checkpoint() record.Checkpoint { return m.held() }

// create makes the copy with the first checkpoint. It is put in place whole: if
// we die before, Open removes what there is, and nothing was promised.
func (m *Mirror) create(first record.Checkpoint) error {
	if m.replica != nil {
		return nil
	}
	made, dir := filepath.Join(m.settings.Dir, newName), filepath.Join(m.settings.Dir, recordName)
	replica, err := record.CreateReplicaOn(m.disk, made, first.Note, m.verifier)
	if err != nil {
		return fmt.Errorf("mirror: %w", err)
	}
	if err := replica.Close(); err != nil {
		return fmt.Errorf("mirror: %w", err)
	}
	if err := m.disk.Rename(made, dir); err != nil {
		return fmt.Errorf("mirror: %w", err)
	}
	if err := m.disk.SyncDir(m.settings.Dir); err != nil {
		return fmt.Errorf("mirror: %w", err)
	}
	if m.replica, err = record.OpenReplicaOn(m.disk, dir, m.verifier); err != nil {
		return fmt.Errorf("mirror: %w", err)
	}
	return nil
}

// reopen brings the mirror back to its last checkpoint after a pull that failed
// in the middle.
func (m *Mirror) reopen() error {
	m.broken = true
	if m.replica != nil {
		// Whatever it says, what counts is what opening finds.
		_ = m.replica.Close()
		m.replica = nil
	}
	return m.open()
}

// Close releases the mirror's folder.
func (m *Mirror) Close() error {
	var err error
	if m.replica != nil {
		err = m.replica.Close()
	}
	if errLock := m.folder.Close(); !errors.Is(errLock, fs.ErrClosed) {
		err = cmp.Or(err, errLock)
	}
	return err
}
