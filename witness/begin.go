// SPDX-License-Identifier: Apache-2.0

package witness

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"time"

	"github.com/trucewatch/trucewatch/internal/durable"
)

// vouchersNeeded is how many other witnesses must have co-signed the checkpoint
// from which a witness begins that has lost its state.
// Guess: two, so that none can do it alone; test: TestAmnesia*.
const vouchersNeeded = 2

// A Beginning says from what a witness begins a log, or begins it again after
// its state was lost.
type Beginning struct {
	Log   string   // key of the log, as package logkey reads it
	How   string   // BegunNew, BegunOthers or BegunOperator
	Notes [][]byte // signed checkpoints: those of others, or the operator's one
	Peers []Member // other witnesses: asked when new; their cosignatures count for BegunOthers

	Disk durable.Disk      // of the folder; nil is the operating system's
	Net  http.RoundTripper // over which peers are asked; nil is the machine's
}

// Begin writes the first state of a log into a folder, or ErrExists.
//
// A new log (BegunNew) begins with no entries; if a peer knows it already, that
// is ErrBehind: this witness may have signed it before. From others
// (BegunOthers), it begins with the largest of the notes that two of the peers,
// under different keys, co-signed; larger ones must then be reached before it
// signs. By the operator's word (BegunOperator), it begins with the one note.
// The state keeps which it was.
func Begin(ctx context.Context, dir string, key *Key, b Beginning, now time.Time) (Began, error) {
	if b.Disk == nil {
		b.Disk = durable.OS{}
	}
	return begin(ctx, b.Disk, dir, key, b, now)
}

func begin(ctx context.Context, disk durable.Disk, dir string, key *Key, b Beginning, now time.Time) (Began, error) {
	keys, err := parseLogKey(b.Log)
	if err != nil {
		return Began{}, fmt.Errorf("begin: %w", err)
	}
	origin := keys[0].name
	lock, err := disk.Lock(dir)
	if err != nil {
		return Began{}, fmt.Errorf("begin: %w", err)
	}
	defer lock.Close() // Ends with the process at the latest.
	l := ledger{disk: disk, dir: dir, keys: keys}
	if _, err := disk.ReadFile(stateName(dir, origin), stateSizeMax); !errors.Is(err, fs.ErrNotExist) {
		return Began{}, fmt.Errorf("begin: state of %s: %w in %s; whoever removes it takes from the witness what it signed", origin, ErrExists, stateName(dir, origin))
	}
	peers, err := others(b.Peers, key)
	if err != nil {
		return Began{}, fmt.Errorf("begin: %w", err)
	}
	s := state{Began: Began{How: b.How, At: now.UTC()}}
	switch b.How {
	case BegunNew:
		s.Began.Silent, err = beginNew(ctx, newClient(b.Net), keys, peers)
	case BegunOthers:
		err = s.beginFromOthers(keys, peers, b.Notes)
	case BegunOperator:
		err = s.beginFromOperator(keys, peers, b.Notes)
	default:
		err = fmt.Errorf("%w: %q is no way to begin", ErrInvalid, b.How)
	}
	if err != nil {
		return Began{}, fmt.Errorf("begin %s: %w", origin, err)
	}
	if err := l.store(s); err != nil {
		return Began{}, fmt.Errorf("begin: %w", err)
	}
	return l.state.Began, nil
}

// others are the members that are not the holder of key, with their keys.
func others(members []Member, key *Key) ([]organisation, error) {
	own, err := parseCosignerKey(key.VerifierKey())
	if err != nil {
		return nil, err
	}
	var list []organisation
	seen := map[string]string{own.raw: ""}
	for _, m := range members {
		k, err := parseCosignerKey(m.Witness)
		if err != nil {
			return nil, fmt.Errorf("peer %s: %w", m.Name, err)
		}
		if m.Address != "" {
			if err := checkAddress(m.Address); err != nil {
				return nil, fmt.Errorf("peer %s: %w", m.Name, err)
			}
		}
		if k.raw == own.raw {
			continue
		}
		if other, twice := seen[k.raw]; twice {
			return nil, fmt.Errorf("%w: peer %s has the public key of %s", ErrInvalid, m.Name, other)
		}
		seen[k.raw] = m.Name
		list = append(list, organisation{name: m.Name, witness: k, address: m.Address})
	}
	return list, nil
}

// beginNew refuses a log that somebody knows already, and names those who could
// not be asked.
func beginNew(ctx context.Context, c *client, log []verifierKey, peers []organisation) (silent []string, err error) {
	defer c.http.CloseIdleConnections()
	for _, a := range askAll(ctx, c, log, peers) {
		switch {
		case a.checkpoint.Size > 0:
			return nil, fmt.Errorf("%w: %s knows it at %v: begin from what others know", ErrBehind, a.name, a.checkpoint)
		case a.err != nil && !errors.Is(a.err, ErrNotBegun):
			silent = append(silent, a.name)
		}
	}
	return silent, nil
}

// A vouched checkpoint is one with the names of the peers that co-signed it.
type vouched struct {
	Checkpoint
	by []string
}

// vouchers sorts notes into checkpoints with who co-signed each, the largest
// first. Two roots of one size are a *Conflict.
func vouchers(log []verifierKey, peers []organisation, notes [][]byte) ([]vouched, error) {
	var list []vouched
	for _, text := range notes {
		c, err := openCheckpoint(text, log...)
		if err != nil {
			return nil, err
		}
		keys := signing(log, c.Size)
		for _, p := range peers {
			keys = append(keys, p.witness)
		}
		n, err := openNote(text, keys...)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(list, func(v vouched) bool { return v.Size == c.Size })
		if i < 0 {
			i = len(list)
			list = append(list, vouched{Checkpoint: c})
		} else if !list[i].same(c) {
			return nil, &Conflict{First: list[i].Checkpoint, Second: c}
		}
		for _, p := range peers {
			if _, signed := signatureOf(n, p.witness); signed && !slices.Contains(list[i].by, p.name) {
				list[i].by = append(list[i].by, p.name)
			}
		}
	}
	slices.SortFunc(list, func(a, b vouched) int {
		if a.Size < b.Size {
			return 1
		}
		return -1 // sizes differ
	})
	return list, nil
}

func (s *state) beginFromOthers(log []verifierKey, peers []organisation, notes [][]byte) error {
	list, err := vouchers(log, peers, notes)
	if err != nil {
		return err
	}
	for i, v := range list {
		if len(v.by) < vouchersNeeded {
			continue
		}
		s.Note, s.Began.Size, s.Began.Vouched = string(v.Note), v.Size, v.by
		for _, larger := range list[:i] {
			s.Ahead = append(s.Ahead, string(larger.Note))
		}
		return nil
	}
	best := 0
	for _, v := range list {
		best = max(best, len(v.by))
	}
	return fmt.Errorf("%w: of %d checkpoints none is co-signed by %d other witnesses (the best by %d)", ErrUnavailable, len(list), vouchersNeeded, best)
}

func (s *state) beginFromOperator(log []verifierKey, peers []organisation, notes [][]byte) error {
	if len(notes) != 1 {
		return fmt.Errorf("%w: the operator names one checkpoint, not %d", ErrInvalid, len(notes))
	}
	list, err := vouchers(log, peers, notes)
	if err != nil {
		return err
	}
	s.Note, s.Began.Size, s.Began.Vouched = string(list[0].Note), list[0].Size, list[0].by
	return nil
}
