// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/evidence"
	"github.com/trucewatch/trucewatch/seal"
)

// UnacquiredEvidence returns what lies under media/ and no entry speaks of: the
// process that added it died before its entry, or somebody put it there. It is no
// evidence until it is added.
func (m *Mission) UnacquiredEvidence() ([]trucewatch.Hash, error) {
	if _, err := os.Stat(filepath.Join(m.dir, mediaDir)); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	store, err := m.media()
	if err != nil {
		return nil, err
	}
	all, err := store.List()
	if err != nil {
		return nil, fmt.Errorf("mission: %w", err)
	}
	known := map[trucewatch.Hash]bool{}
	for _, d := range m.Deeds() {
		known[d.Item] = true
	}
	var unknown []trucewatch.Hash
	for _, h := range all {
		if !known[h] {
			unknown = append(unknown, h)
		}
	}
	return unknown, nil
}

// CheckEvidence returns what is wrong with the mission's evidence, in words: deeds
// that contradict the rule or each other, bytes that are missing without a deed of
// destruction, that were altered, or that are still here after one. It reads every
// byte under media/ and changes nothing. Entries that cannot be opened here may
// hold deeds: then the chains are not judged.
func CheckEvidence(m *Mission) []string {
	e := m.checkEvidence(m.state.Closed() > 0)
	return append(e.Problems, e.Missing...)
}

// An EvidenceCheck is what came of holding evidence to its record.
type EvidenceCheck struct {
	Items     int      // that the record knows
	Sound     int      // of those: every byte is here as the record says
	Destroyed int      // by a deed, and no byte is left
	Unspoken  int      // files that no deed speaks of, as far as deeds are open here
	Missing   []string // without a deed that destroyed them
	Problems  []string
}

// checkEvidence holds what lies under media/ to the deeds. Where some are closed,
// their chains are not judged.
func (m *Mission) checkEvidence(closed bool) (e EvidenceCheck) {
	deeds := m.Deeds()
	if !closed {
		for _, p := range evidence.Chain(deeds) {
			e.Problems = append(e.Problems, p.String())
		}
	}
	check := func(trucewatch.Hash) (evidence.Item, error) { return evidence.Item{}, evidence.ErrNotFound }
	if _, err := os.Stat(filepath.Join(m.dir, mediaDir)); err == nil {
		store, err := m.media()
		if err != nil {
			e.Problems = append(e.Problems, err.Error())
			return e
		}
		check = store.Check
	}
	of := map[trucewatch.Hash][]evidence.Deed{}
	for _, d := range deeds {
		of[d.Item] = append(of[d.Item], d)
	}
	for _, d := range deeds {
		if all := of[d.Item]; all != nil {
			e.item(d.Item, custodyIn(all, d.Item), check)
			delete(of, d.Item)
		}
	}
	for _, d := range m.deeds {
		if d.Deed.Deed == "destroyed" && !d.erased && d.officers < officersToDestroy {
			e.Problems = append(e.Problems, fmt.Sprintf("entry %d: item %v: destroyed by order of %d officers, and two must sign", d.Index, d.Item, d.officers))
		}
	}
	unknown, err := m.UnacquiredEvidence()
	if err != nil {
		e.Problems = append(e.Problems, err.Error())
	}
	e.Unspoken = len(unknown)
	for _, h := range unknown {
		if _, err := check(h); err != nil {
			e.Problems = append(e.Problems, fmt.Sprintf("media: %v", err))
		}
	}
	return e
}

// item compares the bytes of an item with what the record says of it.
func (e *EvidenceCheck) item(hash trucewatch.Hash, c custodyOf, check func(trucewatch.Hash) (evidence.Item, error)) {
	e.Items++
	item, err := check(hash)
	missing := errors.Is(err, evidence.ErrNotFound)
	problem := func(format string, args ...any) {
		e.Problems = append(e.Problems, fmt.Sprintf("media: "+format, args...))
	}
	switch {
	case c.destroyed && missing:
		e.Destroyed++
	case c.destroyed:
		problem("item %v: its destruction is recorded, and bytes are still here", hash)
	case missing && c.known:
		e.Missing = append(e.Missing, fmt.Sprintf("media: item %v: missing, and no deed destroyed it", hash))
	case missing:
		// The chain says that it was never acquired.
	case err != nil:
		problem("%v", err)
	case c.known && item != c.item:
		problem("item %v: the record says another size or other chunks than its bytes have", hash)
	default:
		e.Sound++
	}
}

// CheckEvidence holds the evidence that lies here to the deeds that the walk read.
// sound says whether an entry's signatures are: what others order counts for
// nothing. NoteBoxes must have seen the sealed entries before.
func (w *Walk) CheckEvidence(sound func(index uint64) bool) EvidenceCheck {
	for i := range w.m.deeds {
		if d := &w.m.deeds[i]; !sound(d.Index) {
			d.officers = 0
		}
	}
	return w.m.checkEvidence(w.Partial())
}

// Partial says whether deeds may stand in entries that were not read or are closed.
func (w *Walk) Partial() bool { return w.Closed > 0 || !w.Read }

// NoteBoxes tells custody boxes from evidence: that one was read is a deed too. It
// is for after the walk.
func (w *Walk) NoteBoxes(e *trucewatch.Entry) {
	if w.items == nil {
		w.items = map[trucewatch.Hash]bool{}
		for _, d := range w.m.deeds {
			w.items[d.Item] = true
		}
	}
	for _, b := range e.Body.Sealed {
		if b.Class == seal.CustodyClass && w.items[b.Hash] {
			w.m.boxes[e.Index] = e.Body.Sealed
		}
	}
}
