// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/disclose"
	"github.com/trucewatch/trucewatch/exhibit"
	"github.com/trucewatch/trucewatch/internal/durable"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/seal"
)

// ErrEmbargo says that the agreement's delay has not ended for all of a range of
// entries.
var ErrEmbargo = errors.New("mission: the delay that the agreement sets has not ended")

// OpeningsFor returns what a party is handed at an instant of the entries with
// from <= index < till: the coarse fields of sealed observations. The delay is
// that of the public, counted from the end of the slot in which the last entry of
// the range was received and ending on a whole hour, so that when something is
// handed out depends on nothing that is sealed. Before it the error is ErrEmbargo.
func (m *Mission) OpeningsFor(party trucewatch.PartyID, from, till uint64, now trucewatch.Instant) (*exhibit.Batch, error) {
	if err := m.checkParty(party); err != nil {
		return nil, err
	}
	r, err := m.reader()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return m.openingsFor(r, party, from, till, now)
}

func (m *Mission) openingsFor(r *record.Reader, party trucewatch.PartyID, from, till uint64, now trucewatch.Instant) (*exhibit.Batch, error) {
	sent, err := m.sentOut(r)
	if err != nil {
		return nil, err
	}
	if from >= till || till-from > exhibit.BatchMax || till > sent {
		return nil, fmt.Errorf("mission: openings of entries %d to %d: at most %d, and not beyond %d, which was sent out last", from, till, exhibit.BatchMax, sent)
	}
	last, _, err := entryAt(r, till-1)
	if err != nil {
		return nil, err
	}
	ends, err := m.embargoEnds(last.Received)
	if err != nil {
		return nil, err
	}
	if now < ends {
		return nil, fmt.Errorf("%w: that of entries %d to %d ends at %v", ErrEmbargo, from, till, ends)
	}
	b := &exhibit.Batch{Log: r.Origin(), Party: party, From: from, Till: till}
	for index := from; index < till; index++ {
		if m.known[index] == 0 { // nothing sealed, a cover, or erased
			continue
		}
		outer, _, err := entryAt(r, index)
		if err != nil {
			return nil, err
		}
		e, commitment, err := m.commitmentOf(outer)
		if errors.Is(err, seal.ErrNotFound) || errors.Is(err, seal.ErrDestroyed) {
			continue // erased since
		}
		if err != nil {
			return nil, err
		}
		if e.Body.Payload.Observations == nil {
			continue
		}
		entry := exhibit.EntryOpenings{Index: index}
		for _, name := range exhibit.Handed(len(e.Body.Payload.Observations.Observations)) {
			o, err := commitment.Open(name)
			if err != nil {
				return nil, fmt.Errorf("mission: openings of entry %d: %w", index, err)
			}
			entry.Openings = append(entry.Openings, o)
		}
		b.Entries = append(b.Entries, entry)
	}
	return b, nil
}

// checkParty refuses a party that no agreement names; without an agreement there
// are A and B.
func (m *Mission) checkParty(party trucewatch.PartyID) error {
	var known []trucewatch.PartyID
	for _, a := range m.state.Agreements() {
		known = append(known, a.PartyIDs...)
	}
	if len(known) == 0 {
		known = []trucewatch.PartyID{"A", "B"}
	}
	if !slices.Contains(known, party) {
		return fmt.Errorf("mission: openings: %q is no party: %v", party, known)
	}
	if m.vault == nil {
		return errors.New("mission: openings: nothing is sealed in this mission")
	}
	return nil
}

// embargoEnds is when an entry that was openly received at an instant may be opened.
func (m *Mission) embargoEnds(received trucewatch.Instant) (trucewatch.Instant, error) {
	g := m.state.Genesis()
	rules, err := disclose.RulesFor(trucewatch.ForPublic, m.state.Agreements(), g)
	if err != nil {
		return 0, fmt.Errorf("mission: openings: %w", err)
	}
	ends := received + trucewatch.Instant(g.SlotS)*trucewatch.Second + rules.Delay
	return (ends + trucewatch.Hour - 1) / trucewatch.Hour * trucewatch.Hour, nil
}

// sentOut is how far the record was sent out: to the last checkpoint, if nobody
// co-signs.
func (m *Mission) sentOut(r *record.Reader) (uint64, error) {
	if p := m.Policy(); p == nil || len(p.Organisations) == 0 {
		return r.Size(), nil
	}
	sent, err := m.lastSent()
	return min(sent, r.Size()), err
}

// HandOut writes into a folder what a party may be handed at an instant and was
// not yet: a file for every whole range of exhibit.BatchMax entries, to be given
// or sent as they are. With a recipient each is sealed to it. That it was handed
// out is recorded. It returns the names of the files.
func (m *Mission) HandOut(party trucewatch.PartyID, folder string, to *seal.Recipient, now trucewatch.Instant) (names []string, err error) {
	if err := m.checkParty(party); err != nil {
		return nil, err
	}
	r, err := m.reader()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	sent, err := m.sentOut(r)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("mission: openings: %w", err)
	}
	for from := uint64(0); from+exhibit.BatchMax <= sent; from += exhibit.BatchMax {
		name := filepath.Join(folder, fmt.Sprintf("openings-%d-%d.cbor", from, from+exhibit.BatchMax))
		if _, err := os.Stat(name); err == nil {
			continue
		}
		b, err := m.openingsFor(r, party, from, from+exhibit.BatchMax, now)
		if errors.Is(err, ErrEmbargo) {
			break // what follows was received later
		}
		if err != nil {
			return names, err
		}
		if err := m.handOut(name, b, to); err != nil {
			return names, err
		}
		names = append(names, name)
	}
	return names, nil
}

// handOut records that a batch is handed out, then writes it.
func (m *Mission) handOut(name string, b *exhibit.Batch, to *seal.Recipient) error {
	data := exhibit.EncodeBatch(b)
	item := trucewatch.Hash(sha256.Sum256(data))
	if to != nil {
		var err error
		if data, err = seal.SealBox(to, data); err != nil {
			return fmt.Errorf("mission: openings: %w", err)
		}
	}
	err := m.Write(func(w *Writer) error {
		now := w.Stamp()
		deed := &trucewatch.Custody{Item: item, Deed: "read", By: "mission desk", At: now, To: "party " + string(b.Party),
			Reason: "the agreement's delay has ended", About: fmt.Sprintf("coarse fields of entries %d to %d", b.From, b.Till)}
		return w.Append(trucewatch.Payload{Custody: deed}, now)
	})
	if err != nil {
		return err
	}
	if err := durable.WriteFile(durable.OS{}, name, data); err != nil {
		return fmt.Errorf("mission: openings: %w", err)
	}
	return nil
}

// CheckOpenings proves a batch against a party's own copy of the record and returns
// what the party knows by it.
func CheckOpenings(b *exhibit.Batch, r *record.Reader) ([]exhibit.Known, error) {
	if b.Log != r.Origin() {
		return nil, fmt.Errorf("%w: openings of log %q, the copy is of %q", exhibit.ErrFalse, b.Log, r.Origin())
	}
	var all []exhibit.Known
	for i := range b.Entries {
		e, _, err := entryAt(r, b.Entries[i].Index)
		if err != nil {
			return nil, err
		}
		known, err := b.Entries[i].CheckEntry(e)
		if err != nil {
			return nil, err
		}
		all = append(all, known)
	}
	return all, nil
}
