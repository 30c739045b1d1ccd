// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"fmt"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/seal"
)

// seal puts what e holds into boxes and returns the entry that names them. The
// boxes are durable before the entry: see flush.
func (w *Writer) seal(e *trucewatch.Entry, custody []byte) (*trucewatch.Entry, error) {
	keys, err := w.m.vault.newEpoch(seal.EpochOf(e.Received))
	if err != nil {
		return nil, err
	}
	if keys.mission == nil || keys.residue == nil || keys.custody == nil {
		return nil, fmt.Errorf("mission: entry %d: a key of epoch %d was destroyed: nothing can be sealed in this month any more", e.Index, keys.number)
	}
	seed := seal.NewSeed()
	in := seal.Inner{Seed: seed[:], Pseudonym: keys.pseudonym(e),
		Envelope: trucewatch.Encode(trucewatch.Envelope{Received: e.Received, Body: e.Raw, Signatures: e.Signatures})}
	commitment, err := in.Commitment(e)
	if err != nil {
		return nil, fmt.Errorf("mission: seal entry %d: %w", e.Index, err)
	}
	root := commitment.Root()
	contents := map[string][]byte{seal.CustodyClass: custody, seal.MissionClass: seal.EncodeInner(in)}
	if contents[seal.ResidueClass], err = seal.Residue(e, root, in.Pseudonym, w.m.openly(e.Received)); err != nil {
		return nil, fmt.Errorf("mission: seal entry %d: %w", e.Index, err)
	}
	to := map[string]*seal.Recipient{seal.CustodyClass: keys.custody, seal.MissionClass: keys.mission.Recipient(), seal.ResidueClass: keys.residue.Recipient()}
	return w.sealed(e, keys, root, func(class string) ([]byte, error) {
		if contents[class] == nil {
			return nil, nil
		}
		return seal.SealBox(to[class], contents[class])
	})
}

// sealed makes the desk's entry that names the boxes that box makes; where that
// is nil the entry names a cover, which looks the same.
func (w *Writer) sealed(e *trucewatch.Entry, keys *epoch, root trucewatch.Hash, box func(class string) ([]byte, error)) (*trucewatch.Entry, error) {
	body := trucewatch.Body{Version: 1, Log: w.log.Origin(), Type: trucewatch.SealedEntry, Key: w.desk.id, Seen: w.seen(),
		Payload: trucewatch.Payload{Sealed: &trucewatch.Sealing{Epoch: keys.number}}, CommitmentRoot: root}
	body.Sequence, body.Previous = w.m.ring.Head(w.desk.id)
	for _, class := range seal.Classes() {
		bytes, err := box(class)
		if err != nil {
			return nil, fmt.Errorf("mission: seal entry %d: %w", e.Index, err)
		}
		hash := seal.CoverHash(keys.cover(w.desk.id, class), body.Sequence)
		if bytes != nil {
			hash = seal.BoxHash(bytes)
			w.boxes[class] = append(w.boxes[class], bytes)
		}
		body.Sealed = append(body.Sealed, trucewatch.SealedBox{Class: class, Hash: hash})
	}
	return entryOf(e.Index, w.m.openly(e.Received), body)
}

// Cover appends n entries in which there is nothing. Nobody without the
// mission's keys can tell them from others.
func (w *Writer) Cover(n uint64, received trucewatch.Instant) error {
	for range n {
		keys, err := w.m.vault.newEpoch(seal.EpochOf(received))
		if err != nil {
			return err
		}
		sequence, _ := w.m.ring.Head(w.desk.id)
		root := seal.CoverHash(keys.cover(w.desk.id, "root"), sequence)
		place := &trucewatch.Entry{Index: w.m.state.Next(), Received: received}
		outer, err := w.sealed(place, keys, root, func(string) ([]byte, error) { return nil, nil })
		if err != nil {
			return err
		}
		if err := w.queue(outer, content{outer, cover}); err != nil {
			return err
		}
	}
	return nil
}

// flushBoxes makes the boxes durable. If the process dies between this and the
// log's sync, there are boxes that no entry names, and nothing was promised.
func (w *Writer) flushBoxes() error {
	if len(w.boxes) == 0 {
		return nil
	}
	if err := w.openStore(); err != nil {
		return err
	}
	for _, class := range seal.Classes() {
		if err := w.store.Put(class, w.boxes[class]); err != nil {
			return fmt.Errorf("mission: keep boxes: %w", err)
		}
	}
	clear(w.boxes)
	return nil
}

// openly is the time that stands in an entry for all to see: exact in an open
// mission, the beginning of its slot in a sealed one.
func (m *Mission) openly(at trucewatch.Instant) trucewatch.Instant {
	g := m.state.Genesis()
	if g == nil || g.SlotS == 0 {
		return at
	}
	slot := trucewatch.Instant(g.SlotS) * trucewatch.Second
	return max(at-at%slot, 1)
}

// A PersonRow is what of a person's observation names somebody: it lies in the
// custody box of its entry alone, and the core never reads it.
type PersonRow struct {
	Key      trucewatch.ContentKey `cbor:"1,keyasint" json:"key"`
	Observer *trucewatch.Observer  `cbor:"2,keyasint,omitempty" json:"observer,omitempty"`
	Text     string                `cbor:"3,keyasint,omitempty" json:"text,omitempty"`
	URL      string                `cbor:"4,keyasint,omitempty" json:"url,omitempty"`
}

// setApart takes out of a person's observation what may name somebody, and
// returns it; nil if there is nothing to set apart. The words of patrols and
// posts stay with the mission, which works with them.
func (b *batcher) setApart(o *trucewatch.Observation) *PersonRow {
	if b.w.m.vault == nil || b.source.Kind != trucewatch.PersonSource || o == nil || o.Observer == nil && o.Text == "" && o.URL == "" {
		return nil
	}
	row := &PersonRow{Key: o.Key, Observer: o.Observer, Text: o.Text, URL: o.URL}
	o.Observer, o.Text, o.URL = nil, "", ""
	return row
}
