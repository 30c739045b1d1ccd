// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"crypto/ed25519"
	"errors"
	"fmt"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/seal"
)

// MissionHolder is the mission's own name in receipts of erasure.
const MissionHolder = "mission"

// Erase records the warrant that two officers sign, then destroys what it names
// on this machine, then records the mission's receipt. It returns the index of
// the warrant. The mission must be opened again afterwards: its state still
// holds what was erased.
//
// If the process dies after the warrant, the next writer goes on from there.
func (m *Mission) Erase(officers []ed25519.PrivateKey, e trucewatch.Erasure) (uint64, error) {
	if m.vault == nil {
		return 0, errors.New("mission: erase: nothing is sealed in this mission, and what stands in the record stands there for good")
	}
	if len(officers) < 2 {
		return 0, fmt.Errorf("mission: erase: %w: two officers must sign, %d did", ErrRefused, len(officers))
	}
	var index uint64
	err := m.Write(func(w *Writer) error {
		if err := w.checkBoxes(e.Boxes); err != nil {
			return err
		}
		var err error
		if index, err = w.AppendAs(officers, trucewatch.Payload{Erasure: &e}, w.Stamp()); err != nil {
			return err
		}
		if err := w.flush(); err != nil {
			return err
		}
		// The warrant is durable and signed before anything is destroyed.
		if err := w.sign(); err != nil {
			return err
		}
		return w.destroy()
	})
	return index, err
}

// Boxes returns what an entry names as its boxes of a class, for an erasure.
func (m *Mission) Boxes(index uint64, class string) ([]trucewatch.BoxRef, error) {
	var refs []trucewatch.BoxRef
	for _, b := range m.boxes[index] {
		if b.Class == class {
			refs = append(refs, trucewatch.BoxRef{Index: index, Class: b.Class, Hash: b.Hash})
		}
	}
	if refs == nil {
		return nil, fmt.Errorf("mission: entry %d has no box of class %q", index, class)
	}
	return refs, nil
}

// checkBoxes refuses an erasure that names a box which no entry has: it would
// warrant nothing, and look as if it did.
func (w *Writer) checkBoxes(refs []trucewatch.BoxRef) error {
	for _, ref := range refs {
		have, err := w.m.Boxes(ref.Index, ref.Class)
		if err != nil {
			return err
		}
		if have[0].Hash != ref.Hash {
			return fmt.Errorf("mission: erase: entry %d has another box of class %s than %v", ref.Index, ref.Class, ref.Hash)
		}
	}
	return nil
}

// destroy destroys what warrants of the record name and is still here, and
// records a receipt for each warrant that has none of the mission.
func (w *Writer) destroy() error {
	for _, warrant := range w.m.warrants {
		if warrant.receipted {
			continue
		}
		if err := w.openStore(); err != nil {
			return err
		}
		byClass := map[string][]trucewatch.Hash{}
		for _, ref := range warrant.Boxes {
			byClass[ref.Class] = append(byClass[ref.Class], ref.Hash)
		}
		for _, class := range seal.Classes() {
			if len(byClass[class]) == 0 {
				continue
			}
			if err := w.store.Destroy(class, byClass[class]); err != nil {
				return fmt.Errorf("mission: erase: %w", err)
			}
		}
		if warrant.Class != "" {
			if err := w.m.vault.keys.DestroyEpoch(warrant.Class, warrant.Epoch); err != nil {
				return fmt.Errorf("mission: erase: %w", err)
			}
		}
		receipt := &trucewatch.ErasureReceipt{Erasure: warrant.index, Holder: MissionHolder, Boxes: warrant.Boxes, At: w.Stamp()}
		// No tick before it: a digest of the state as it is now would never be
		// reached by a replay without what was just destroyed.
		if err := w.append(trucewatch.Payload{Receipt: receipt}, receipt.At); err != nil {
			return err
		}
	}
	return nil
}

func (w *Writer) openStore() error {
	if w.store != nil {
		return nil
	}
	store, err := seal.OpenStore(w.m.disk, w.m.vault.packs)
	if err != nil {
		return fmt.Errorf("mission: open boxes: %w", err)
	}
	w.store = store
	return nil
}

// A warrant is an erasure of the record.
type warrant struct {
	trucewatch.Erasure
	index     uint64
	receipted bool // the mission has destroyed what it names
}

// keepWarrants notes what the entry says of boxes and their end. A state that
// holds what is erased now is another one than the record gives from here on:
// see ErrAhead.
func (m *Mission) keepWarrants(e *trucewatch.Entry, c content) {
	if e.Body.Type == trucewatch.SealedEntry && c.how != cover {
		m.boxes[e.Index] = e.Body.Sealed
	}
	switch p := &c.entry.Body.Payload; {
	case p.Erasure != nil && !m.void[e.Index]:
		m.warrants = append(m.warrants, &warrant{Erasure: *p.Erasure, index: e.Index})
		for _, ref := range p.Erasure.Boxes {
			m.erased = m.erased || ref.Class == seal.MissionClass && m.known[ref.Index] != 0
		}
		if p.Erasure.Class == seal.MissionClass {
			for _, epoch := range m.known {
				m.erased = m.erased || epoch == p.Erasure.Epoch
			}
		}
	case p.Receipt != nil && p.Receipt.Holder == MissionHolder:
		for _, w := range m.warrants {
			w.receipted = w.receipted || w.index == p.Receipt.Erasure
		}
	}
	if c.how == unsealed {
		m.known[e.Index] = e.Body.Payload.Sealed.Epoch
	}
}

// warranted is what the record erases.
func (m *Mission) warranted() gone {
	g := gone{boxes: map[trucewatch.Hash]bool{}, epochs: map[uint32]bool{}}
	for _, w := range m.warrants {
		for _, ref := range w.Boxes {
			g.boxes[ref.Hash] = true
		}
		if w.Class == seal.MissionClass {
			g.epochs[w.Epoch] = true
		}
	}
	return g
}

// ReadPersons opens the custody box of an entry with the role of whoever holds
// it. That it was read, by which role and why, is in the record before anything
// is returned.
func (m *Mission) ReadPersons(index uint64, roles []*seal.Identity, by, reason string) ([]PersonRow, error) {
	refs, err := m.Boxes(index, seal.CustodyClass)
	if err != nil {
		return nil, err
	}
	if by == "" || reason == "" {
		return nil, errors.New("mission: read custody box: who reads, and why, must be said: it is recorded")
	}
	if err := m.vault.refresh(); err != nil { // this mission may have kept it a moment ago
		return nil, err
	}
	box, err := m.vault.get(seal.CustodyClass, refs[0].Hash)
	if err != nil {
		return nil, fmt.Errorf("mission: read custody box: %w", err)
	}
	err = m.Write(func(w *Writer) error {
		now := w.Stamp()
		deed := &trucewatch.Custody{Item: refs[0].Hash, Deed: "read", By: by, At: now, Reason: reason, About: fmt.Sprintf("entry %d", index), Restricted: true}
		return w.Append(trucewatch.Payload{Custody: deed}, now)
	})
	if err != nil {
		return nil, err
	}
	key, err := m.vault.keys.OpenEpoch(seal.CustodyClass, m.known[index], roles)
	if err != nil {
		return nil, fmt.Errorf("mission: read custody box: %w", err)
	}
	text, err := seal.OpenBox([]*seal.Identity{key.Identity()}, box)
	if err != nil {
		return nil, fmt.Errorf("mission: read custody box: %w", err)
	}
	var rows []PersonRow
	if err := trucewatch.Decode(text, &rows); err != nil {
		return nil, fmt.Errorf("mission: read custody box: %w", err)
	}
	return rows, nil
}

// LoadRole reads a role, which opens boxes, from its file.
func LoadRole(name, passphrase string) ([]*seal.Identity, error) {
	roles, err := seal.LoadRole(durable.OS{}, name, passphrase)
	if err != nil {
		return nil, fmt.Errorf("mission: %w", err)
	}
	return roles, nil
}
