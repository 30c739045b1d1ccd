// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"errors"
	"slices"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/exhibit"
	"github.com/trucewatch/trucewatch/mission"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/seal"
)

// auditChunk is how many sealed entries are audited together. Guess: few enough
// for memory. Test: BenchmarkVerify.
const auditChunk = 4096

// boxes says what became of every box, and whether what the roles here open is
// what the entries commit to.
func (v *run) boxes() error {
	c, w := v.Check(boxCheck), v.walk
	problems, files := w.CheckRejected()
	if v.copy.Whole {
		for _, p := range problems {
			c.problem("%s", p)
		}
		c.fact("%s of rejected rows against what is kept of them", count(files, "file", "files"))
	} else if files > 0 {
		c.unknown("rejected rows: the mission keeps them, and this is a copy")
	}
	if v.entries.sealed == 0 {
		c.fact("no entry is sealed")
		v.evidence(c)
		v.Check(openingCheck).fact("no entry is sealed: everything stands openly")
		return nil
	}
	err := v.audit(c)
	v.evidence(c)
	v.opened()
	return err
}

// audit reads the sealed entries a second time, now that all warrants are known.
func (v *run) audit(c *Check) error {
	sound := slices.DeleteFunc(slices.Clone(v.erasures), func(e *trucewatch.Entry) bool { return v.unsound[e.Index] })
	warrants, holding := seal.WarrantsOf(sound), v.walk.Holding()
	named := map[uint64]bool{} // entries whose boxes are erased one by one
	for _, e := range sound {
		if e.Body.Payload.Erasure != nil {
			for _, ref := range e.Body.Payload.Erasure.Boxes {
				named[ref.Index] = true
			}
		}
	}
	tally := map[seal.Verdict]map[string]int{}
	var chunk, erased []*trucewatch.Entry
	settle := func() {
		for _, f := range seal.Audit(chunk, warrants, holding) {
			if f.Verdict != seal.FalseWarrant { // may be of another chunk
				v.box(c, f, tally)
			}
		}
		chunk = chunk[:0]
	}
	err := mission.EachEntry(v.reader, 0, v.Entries, func(_ uint64, e *trucewatch.Entry, err error) {
		if err != nil || e.Body.Payload.Sealed == nil {
			return
		}
		if named[e.Index] {
			erased = append(erased, e)
		}
		v.openings(e, holding)
		v.walk.NoteBoxes(e)
		if chunk = append(chunk, e); len(chunk) == auditChunk {
			settle()
		}
	})
	if errors.Is(err, record.ErrCorrupt) {
		c.unknown("boxes behind the damage that check 5 names")
		err = nil
	}
	settle()
	for _, f := range seal.Audit(erased, warrants, holding) {
		if f.Verdict == seal.FalseWarrant {
			c.problem("entry %d: the erasure names a %s box of entry %d that no entry before it has", f.Warrant, f.Class, f.Index)
		}
	}
	v.told(c, tally)
	v.receipts(c, warrants)
	return err
}

// evidence holds every byte under media/ to the deeds on it, and these to each
// other. A mission must have what no deed destroyed; another holder need not.
func (v *run) evidence(c *Check) {
	e := v.walk.CheckEvidence(func(index uint64) bool { return !v.unsound[index] })
	for _, p := range e.Problems {
		c.problem("%s", p)
	}
	missing := c.problem
	if !v.copy.Whole || v.walk.Partial() {
		missing = c.unknown
	}
	for _, m := range e.Missing {
		missing("%s", m)
	}
	if e.Items > 0 {
		c.fact("evidence: %s of custody; every byte of %d is here, %d destroyed by two officers", count(e.Items, "chain", "chains"), e.Sound, e.Destroyed)
	}
	if e.Items > 0 && v.walk.Partial() {
		c.unknown("evidence: deeds that stand in what is closed here")
	}
	if e.Unspoken > 0 {
		c.unknown("evidence: %s under media/ that no deed speaks of, as far as deeds are open here", count(e.Unspoken, "file", "files"))
	}
}

// box reports one box.
func (v *run) box(c *Check, f seal.BoxFinding, tally map[seal.Verdict]map[string]int) {
	if tally[f.Verdict] == nil {
		tally[f.Verdict] = map[string]int{}
	}
	tally[f.Verdict][f.Class]++
	switch f.Verdict {
	case seal.MissingBox, seal.DamagedBox:
		c.problem("entry %d: its %s box is %s", f.Index, f.Class, f.Verdict)
	case seal.StillHeld:
		c.problem("entry %d: its %s box is %s by entry %d", f.Index, f.Class, f.Verdict, f.Warrant)
	}
}

// told says how many boxes of which class came to what.
func (v *run) told(c *Check, tally map[seal.Verdict]map[string]int) {
	for _, verdict := range []seal.Verdict{seal.Intact, seal.Cover, seal.Erased} {
		if n := tally[verdict]; n != nil {
			c.fact("%s: %s", verdict, classes(n))
		}
	}
	if n := tally[seal.MissingUnsure]; n != nil {
		c.unknown("%s: %s", seal.MissingUnsure, classes(n))
	}
	if n := tally[seal.NotOurs]; n != nil {
		c.unknown("boxes that this holder does not keep: %s", classes(n))
	}
}

func classes(n map[string]int) string {
	var parts []string
	for _, class := range sortedKeys(n) {
		parts = append(parts, count(n[class], class+" box", class+" boxes"))
	}
	return strings.Join(parts, ", ")
}

// receipts names who has not signed for an erasure. It is a duty to the mission
// and the others, and no fault of the record.
func (v *run) receipts(c *Check, warrants *seal.Warrants) {
	holders := []string{mission.MissionHolder}
	if v.policy != nil {
		for _, m := range v.policy.Members() {
			if m.Mirror != "" {
				holders = append(holders, m.Name)
			}
		}
	}
	for _, r := range warrants.Receipts(holders) {
		if r.Receipt == 0 {
			c.fact("receipt outstanding: %s has not signed for the erasure of entry %d", r.Holder, r.Erasure)
		} else if len(r.Missing) > 0 {
			c.fact("receipt incomplete: %s signed for the erasure of entry %d without %s", r.Holder, r.Erasure, count(len(r.Missing), "box", "boxes"))
		}
	}
}

// opened says how much of what is sealed was held to its commitment.
func (v *run) opened() {
	c, w := v.Check(openingCheck), v.walk
	if w.Opened > 0 {
		c.fact("%s opened: root recomputed from what they hold, coarse fields with it; %s are what follows from them",
			count(w.Opened, "mission box", "mission boxes"), count(w.Residues, "residue", "residues"))
	}
	if w.Covers > 0 {
		c.fact("%s", count(w.Covers, "cover", "covers"))
	}
	if w.Closed > 0 {
		c.unknown("%s: %s", count(w.Closed, "mission box is closed", "mission boxes are closed"), v.closedWhy())
	}
}

// handedOut proves what a party was handed against the record.
func (v *run) handedOut() {
	c := v.Check(openingCheck)
	for _, f := range v.o.Openings {
		data, err := f.Data, error(nil)
		if v.o.Roles != nil {
			data, err = seal.OpenBox(v.o.Roles, data)
		}
		var b *exhibit.Batch
		if err == nil {
			b, err = exhibit.DecodeBatch(data)
		}
		var known []exhibit.Known
		if err == nil {
			known, err = mission.CheckOpenings(b, v.reader)
		}
		if err != nil {
			c.problem("%s: %v", f.Name, err)
			continue
		}
		c.fact("%s: what was handed to party %s of %s proves against the record", f.Name, b.Party, count(len(known), "entry", "entries"))
	}
}

// openings checks what a party was given of an entry, if its role is here.
func (v *run) openings(e *trucewatch.Entry, holding seal.Holding) {
	c := v.Check(openingCheck)
	for _, box := range e.Body.Sealed {
		if !strings.HasPrefix(box.Class, seal.PartyClass("")) || !holding.Keeps(box.Class) || holding.State(box.Class, box.Hash) != seal.Present {
			continue
		}
		text, err := v.walk.OpenBox(e, box.Class)
		if errors.Is(err, seal.ErrDenied) || errors.Is(err, seal.ErrNotFound) || errors.Is(err, seal.ErrDestroyed) {
			c.unknown("entry %d: the %s box: no role that opens it is here", e.Index, box.Class)
			continue
		}
		var all []seal.Opening
		if err == nil {
			err = trucewatch.Decode(text, &all)
		}
		if err == nil {
			err = checkOpenings(e.Body.CommitmentRoot, all)
		}
		if err != nil {
			c.problem("entry %d: %s box: %v", e.Index, box.Class, err)
			continue
		}
		c.fact("entry %d: %s of the %s box prove", e.Index, count(len(all), "opening", "openings"), box.Class)
	}
}

func checkOpenings(root trucewatch.Hash, all []seal.Opening) error {
	for _, o := range all {
		if err := seal.CheckOpening(root, o); err != nil {
			return err
		}
	}
	return seal.CheckPrecisions(all)
}
