// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"cmp"
	"slices"

	"github.com/trucewatch/trucewatch"
)

// A Verdict says what became of a box that an entry names.
type Verdict string

// The verdicts. MissingBox and DamagedBox are the ones that somebody has to
// explain; StillHeld is a duty not done.
const (
	Intact        Verdict = "present and intact"
	Erased        Verdict = "erased with warrant"
	MissingBox    Verdict = "missing without warrant"
	StillHeld     Verdict = "still held although erased"
	DamagedBox    Verdict = "damaged"
	Cover         Verdict = "cover" // the entry has no content of this class
	MissingUnsure Verdict = "missing without warrant, or a cover: only the mission's keys tell"
	NotOurs       Verdict = "not ours" // this holder keeps no boxes of the class
	FalseWarrant  Verdict = "an erasure names a box that no entry before it names"
)

// A Holding is what one holder can say of its boxes.
type Holding struct {
	// State says what is there; see Store.State.
	State func(class string, hash trucewatch.Hash) State
	// Keeps says whether this holder keeps boxes of the class.
	Keeps func(class string) bool
	// KeyDestroyed says whether this holder's key of the class and epoch is
	// destroyed, so that its boxes are noise; see Keys.EpochDestroyed.
	KeyDestroyed func(class string, epoch uint32) bool
	// Cover says whether the box is a cover, and whether this holder can tell.
	Cover func(e *trucewatch.Entry, box trucewatch.SealedBox) (isCover, known bool)
}

// A BoxFinding is what became of one box.
type BoxFinding struct {
	Index   uint64 // of the entry that names it
	Class   string
	Hash    trucewatch.Hash
	Verdict Verdict
	Warrant uint64 // index of the first erasure that names it; 0 if there is none
}

// A Warrants is what erasure entries order, and what holders say they did.
type Warrants struct {
	boxes    map[trucewatch.BoxRef]uint64
	epochs   map[classEpoch][]uint64 // ascending
	order    []trucewatch.BoxRef     // of boxes, as they were named
	erasures []uint64
	receipts map[receiptOf]uint64
	covers   map[receiptOf]map[trucewatch.BoxRef]bool
	named    map[uint64][]trucewatch.BoxRef
}

type classEpoch struct {
	class string
	epoch uint32
}

type receiptOf struct {
	erasure uint64
	holder  string
}

// WarrantsOf reads the erasures and receipts among entries, which are in record
// order; others are passed over. Whether an erasure was signed by those who may
// order it is for the caller to check before: give only those that were.
func WarrantsOf(entries []*trucewatch.Entry) *Warrants {
	w := &Warrants{boxes: map[trucewatch.BoxRef]uint64{}, epochs: map[classEpoch][]uint64{}, receipts: map[receiptOf]uint64{},
		covers: map[receiptOf]map[trucewatch.BoxRef]bool{}, named: map[uint64][]trucewatch.BoxRef{}}
	for _, e := range entries {
		switch p := &e.Body.Payload; {
		case p.Erasure != nil:
			w.warrant(e.Index, p.Erasure)
		case p.Receipt != nil:
			w.receipt(e.Index, p.Receipt)
		}
	}
	return w
}

func (w *Warrants) warrant(index uint64, e *trucewatch.Erasure) {
	w.erasures = append(w.erasures, index)
	w.named[index] = e.Boxes
	for _, box := range e.Boxes {
		if _, before := w.boxes[box]; !before {
			w.boxes[box] = index
			w.order = append(w.order, box)
		}
	}
	if e.Class != "" {
		key := classEpoch{e.Class, e.Epoch}
		w.epochs[key] = append(w.epochs[key], index)
	}
}

func (w *Warrants) receipt(index uint64, r *trucewatch.ErasureReceipt) {
	if _, known := w.named[r.Erasure]; !known {
		return // of no erasure, or of one to come
	}
	key := receiptOf{r.Erasure, r.Holder}
	if _, before := w.receipts[key]; !before {
		w.receipts[key] = index
		w.covers[key] = map[trucewatch.BoxRef]bool{}
	}
	for _, box := range r.Boxes {
		w.covers[key][box] = true
	}
}

// of returns the first erasure after the entry that names its box, and whether it
// names it by its epoch only. An erasure of what is still to come warrants
// nothing: it would be a licence to hide.
func (w *Warrants) of(ref trucewatch.BoxRef, epoch uint32) (index uint64, byEpoch, ok bool) {
	if single, ok := w.boxes[ref]; ok && single > ref.Index {
		return single, false, true
	}
	for _, whole := range w.epochs[classEpoch{ref.Class, epoch}] {
		if whole > ref.Index {
			return whole, true, true
		}
	}
	return 0, false, false
}

// Audit says of every box that the sealed entries name what became of it at this
// holder, in the order of entries and of the boxes in them, and then which
// erasures name a box that no entry before them names. Entries are given in record
// order, and may be all or only the sealed ones.
func Audit(entries []*trucewatch.Entry, warrants *Warrants, holding Holding) []BoxFinding {
	var out []BoxFinding
	named := make(map[trucewatch.BoxRef]bool)
	for _, e := range entries {
		if e.Body.Payload.Sealed == nil {
			continue
		}
		for _, box := range e.Body.Sealed {
			f := audit(e, box, warrants, holding)
			named[trucewatch.BoxRef{Index: f.Index, Class: f.Class, Hash: f.Hash}] = true
			out = append(out, f)
		}
	}
	for _, ref := range warrants.order {
		if !named[ref] || warrants.boxes[ref] < ref.Index {
			out = append(out, BoxFinding{ref.Index, ref.Class, ref.Hash, FalseWarrant, warrants.boxes[ref]})
		}
	}
	return out
}

func audit(e *trucewatch.Entry, box trucewatch.SealedBox, warrants *Warrants, holding Holding) BoxFinding {
	f := BoxFinding{Index: e.Index, Class: box.Class, Hash: box.Hash, Verdict: NotOurs}
	if !holding.Keeps(box.Class) {
		return f
	}
	epoch := e.Body.Payload.Sealed.Epoch
	warrant, byEpoch, warranted := warrants.of(trucewatch.BoxRef{Index: e.Index, Class: box.Class, Hash: box.Hash}, epoch)
	f.Warrant = warrant
	state := holding.State(box.Class, box.Hash)
	isCover, known := holding.Cover(e, box)
	gone := state == Missing || state == Destroyed
	switch {
	case known && isCover:
		f.Verdict = Cover
	case warranted && (gone || byEpoch && holding.KeyDestroyed(box.Class, epoch)):
		f.Verdict = Erased
	case warranted:
		f.Verdict = StillHeld
	case state == Present:
		f.Verdict = Intact
	case state == Damaged:
		f.Verdict = DamagedBox
	case state == Missing && !known:
		f.Verdict = MissingUnsure
	default:
		f.Verdict = MissingBox
	}
	return f
}

// A ReceiptFinding says whether a holder has signed for an erasure.
type ReceiptFinding struct {
	Erasure uint64 // index of the erasure entry
	Holder  string
	Receipt uint64              // index of the holder's first receipt; 0 while it is outstanding
	Missing []trucewatch.BoxRef // named in the erasure and not in the holder's receipts
}

// Receipts says, for every erasure and each of the holders, who has signed for
// what, by erasure and then in the order of holders. A receipt without a list of
// boxes is for all of them. It is a holder's word, not a proof.
func (w *Warrants) Receipts(holders []string) []ReceiptFinding {
	var out []ReceiptFinding
	for _, erasure := range w.erasures {
		for _, holder := range holders {
			key := receiptOf{erasure, holder}
			f := ReceiptFinding{Erasure: erasure, Holder: holder, Receipt: w.receipts[key]}
			for _, box := range w.named[erasure] {
				if _, signed := w.receipts[key]; !signed || len(w.covers[key]) > 0 && !w.covers[key][box] {
					f.Missing = append(f.Missing, box)
				}
			}
			slices.SortFunc(f.Missing, compareRefs)
			out = append(out, f)
		}
	}
	return out
}

func compareRefs(a, b trucewatch.BoxRef) int {
	return cmp.Or(cmp.Compare(a.Index, b.Index), cmp.Compare(a.Class, b.Class), slices.Compare(a.Hash[:], b.Hash[:]))
}
