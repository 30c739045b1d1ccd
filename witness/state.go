// SPDX-License-Identifier: Apache-2.0

package witness

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/trucewatch/trucewatch/internal/durable"
)

const (
	stateVersion = 1
	stateSuffix  = ".state"
	// stateSizeMax bounds a state file in bytes: the notes of all peers fit.
	stateSizeMax = 8 << 20
)

// How a witness came to know a log.
const (
	BegunNew      = "new"      // as one of no entries
	BegunOthers   = "others"   // from what two other witnesses co-signed
	BegunOperator = "operator" // from a checkpoint that its operator named
)

// Began says how the witness came to know a log. It stays in the state for good.
type Began struct {
	How     string    `json:"how"`
	At      time.Time `json:"at"`
	Size    uint64    `json:"size"`
	Vouched []string  `json:"vouched,omitempty"` // other witnesses that had co-signed that checkpoint
	Silent  []string  `json:"silent,omitempty"`  // of a new log: other witnesses that could not be asked whether they know it
}

// state is what a witness knows of a log, as its file holds it. Whoever can put
// back an older file can make the witness sign another history from there, if
// no other witness is asked; whoever can write one anew can do so in any case.
type state struct {
	Version int    `json:"version"`
	Origin  string `json:"origin"`
	// Writes counts the versions of this file, this one included.
	Writes uint64 `json:"writes"`
	// Note is the latest checkpoint: signed by the log and, but for one that the
	// witness began with, by this witness. Empty: no entries yet.
	Note string `json:"note"`
	// Ahead are larger checkpoints, signed by the log, that others hold and that
	// this witness does not remember. It signs only what extends all of them.
	Ahead []string `json:"ahead,omitempty"`
	// Conflict are two notes of one size and two roots: it signs nothing more.
	Conflict []string `json:"conflict,omitempty"`
	Began    Began    `json:"began"`
}

// encode writes the state and a line with its SHA-256, by which damage shows.
func (s state) encode() ([]byte, error) {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("state of %s: %w", s.Origin, err)
	}
	b = append(b, '\n')
	return fmt.Appendf(b, "sha256 %x\n", sha256.Sum256(b)), nil
}

// parseState reads a state file. What encode did not write is ErrCorrupt.
func parseState(text []byte) (state, error) {
	i := bytes.LastIndex(text, []byte("\nsha256 "))
	if i < 0 {
		return state{}, fmt.Errorf("%w: state has no checksum line", ErrCorrupt)
	}
	var s state
	d := json.NewDecoder(bytes.NewReader(text[:i+1]))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return state{}, fmt.Errorf("%w: state: %w", ErrCorrupt, err)
	}
	again, err := s.encode()
	if err != nil {
		return state{}, err
	}
	if !bytes.Equal(again, text) {
		return state{}, fmt.Errorf("%w: state is not what was written: its checksum or form differs", ErrCorrupt)
	}
	if s.Version != stateVersion {
		return state{}, fmt.Errorf("%w: state of version %d, this program knows %d", ErrCorrupt, s.Version, stateVersion)
	}
	return s, nil
}

func stateName(dir, origin string) string { return filepath.Join(dir, LogID(origin)+stateSuffix) }

// A head is a checkpoint that the next signed one has to extend.
type head struct {
	Checkpoint
	proven bool // the candidate was shown to extend it
}

// A ledger is a log as a witness follows it: the state file, and what it means.
type ledger struct {
	disk  durable.Disk
	dir   string
	keys  []verifierKey // of the log; one name
	state state
	// heads are what is to be extended: the latest checkpoint, then those ahead.
	heads []head
	// candidate is the checkpoint for which heads are proven.
	candidate Checkpoint
}

// load reads the state of a log; ErrNotBegun if there is none.
func (l *ledger) load() error {
	origin := l.keys[0].name
	text, err := l.disk.ReadFile(stateName(l.dir, origin), stateSizeMax)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("log %s: %w: there is no state for it", origin, ErrNotBegun)
	}
	if errors.Is(err, durable.ErrTooLong) {
		return fmt.Errorf("log %s: %w: %w", origin, ErrCorrupt, err)
	}
	if err != nil {
		return fmt.Errorf("log %s: %w", origin, err)
	}
	s, err := parseState(text)
	if err != nil {
		return fmt.Errorf("log %s: %w", origin, err)
	}
	return l.take(s)
}

// take makes a state the ledger's, if it is sound.
func (l *ledger) take(s state) error {
	origin := l.keys[0].name
	if s.Origin != origin {
		return fmt.Errorf("log %s: %w: the state is that of %q", origin, ErrCorrupt, s.Origin)
	}
	latest := Checkpoint{Origin: origin, Root: emptyRoot}
	if s.Note != "" {
		var err error
		if latest, err = openCheckpoint([]byte(s.Note), l.keys...); err != nil {
			return fmt.Errorf("log %s: %w: state: %w", origin, ErrCorrupt, err)
		}
		latest.Note = []byte(s.Note)
	}
	heads := []head{{Checkpoint: latest}}
	for _, text := range s.Ahead {
		c, err := openCheckpoint([]byte(text), l.keys...)
		if err != nil {
			return fmt.Errorf("log %s: %w: state: ahead: %w", origin, ErrCorrupt, err)
		}
		heads = append(heads, head{Checkpoint: c})
	}
	l.state, l.heads, l.candidate = s, heads, Checkpoint{}
	return nil
}

// latest is the checkpoint that the witness signed last.
func (l *ledger) latest() Checkpoint { return l.heads[0].Checkpoint }

// store makes a state durable, and then the ledger's. If it fails the ledger is
// as before, whatever is on the disk: of a state that is not stored, no
// signature has left.
func (l *ledger) store(s state) error {
	s.Version, s.Origin, s.Writes = stateVersion, l.keys[0].name, s.Writes+1
	text, err := s.encode()
	if err != nil {
		return err
	}
	if len(text) > stateSizeMax {
		return fmt.Errorf("log %s: state of %d bytes, at most %d", s.Origin, len(text), stateSizeMax)
	}
	if err := durable.WriteFile(l.disk, stateName(l.dir, s.Origin), text); err != nil {
		return fmt.Errorf("log %s: store state: %w", s.Origin, err)
	}
	return l.take(s)
}

// evidenceMax bounds the files of evidence of a log: whoever holds its key can
// make any number of forks, and one is proof. Guess; test: none needed.
const evidenceMax = 64

// keepEvidence writes signed notes of one size and different roots, each into a
// file of its own.
func (l *ledger) keepEvidence(pair ...Checkpoint) error {
	dir := filepath.Join(l.dir, "evidence", LogID(l.keys[0].name))
	names, err := l.disk.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("evidence: %w", err)
	}
	for _, c := range pair {
		if len(names) >= evidenceMax {
			return nil
		}
		name := filepath.Join(dir, fmt.Sprintf("%d-%x", c.Size, c.Root[:8]))
		if err := durable.WriteFile(l.disk, name, c.Note); err != nil {
			return fmt.Errorf("evidence: %w", err)
		}
	}
	return nil
}

// A Report is what the folder of a witness says of a log.
type Report struct {
	Origin   string
	Size     uint64 // of the latest checkpoint that was signed, or begun with
	Root     [32]byte
	Began    Began
	Ahead    []uint64 // sizes that other witnesses hold and this one has to reach
	Conflict bool     // nothing is signed any more
	Evidence []string // files, of notes that prove two histories
	Err      error    // the state is damaged; nothing else is known but the file's name in Origin
}

// Reports reads the states in the folder of a witness, also while it runs. It
// holds them to their checksums; it knows no log's key.
func Reports(dir string) ([]Report, error) { return reports(durable.OS{}, dir) }

func reports(disk durable.Disk, dir string) ([]Report, error) {
	names, err := disk.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("witness: %w", err)
	}
	var list []Report
	for _, name := range names {
		if filepath.Ext(name) == stateSuffix {
			list = append(list, report(disk, dir, name))
		}
	}
	return list, nil
}

func report(disk durable.Disk, dir, name string) Report {
	text, err := disk.ReadFile(filepath.Join(dir, name), stateSizeMax)
	if err != nil {
		return Report{Origin: name, Err: fmt.Errorf("witness: %w", err)}
	}
	s, err := parseState(text)
	if err != nil {
		return Report{Origin: name, Err: fmt.Errorf("witness: %w", err)}
	}
	r := Report{Origin: s.Origin, Root: emptyRoot, Began: s.Began, Conflict: len(s.Conflict) > 0}
	for i, signed := range append([]string{s.Note}, s.Ahead...) {
		if signed == "" {
			continue
		}
		n, err := splitNote([]byte(signed))
		if err != nil {
			return Report{Origin: name, Err: fmt.Errorf("witness: %w", err)}
		}
		c, err := readText(n.Text)
		if err != nil {
			return Report{Origin: name, Err: fmt.Errorf("witness: %w", err)}
		}
		if i == 0 {
			r.Size, r.Root = c.Size, c.Root
		} else {
			r.Ahead = append(r.Ahead, c.Size)
		}
	}
	evidence := filepath.Join(dir, "evidence", LogID(s.Origin))
	files, err := disk.ReadDir(evidence)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.Err = fmt.Errorf("witness: evidence: %w", err)
	}
	for _, file := range files {
		r.Evidence = append(r.Evidence, filepath.Join(evidence, file))
	}
	return r
}
