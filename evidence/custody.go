// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/trucewatch/trucewatch"
)

// A Deed is a custody entry at its place in the record.
type Deed struct {
	Index    uint64             // of the entry
	Received trucewatch.Instant // when the record got it
	trucewatch.Custody
}

// A Problem is what is wrong with a deed, in words.
type Problem struct {
	Index uint64          // of the entry with the deed
	Item  trucewatch.Hash // that the deed is about
	Text  string
}

// String writes "entry 7: item 1f3c…: destroyed twice".
func (p Problem) String() string {
	return fmt.Sprintf("entry %d: item %s: %s", p.Index, shortHash(p.Item), p.Text)
}

// shortHash is enough of a hash to find it by, for people.
func shortHash(h trucewatch.Hash) string { return h.String()[:12] + "…" }

// oneLine makes text that came from outside unable to look like a line of ours.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}

// An itemState is what the deeds so far made of an item.
type itemState struct {
	first       *Deed
	copied      bool // a working copy of the same bytes exists
	derivedFrom trucewatch.Hash
	sealed      bool
	with        string // who has it, when it is out
	read        bool   // since it is restricted
	restricted  bool
	destroyed   bool
	last        trucewatch.Instant // At of the last deed
}

// original says whether the item was acquired and not made here.
func (s *itemState) original() bool { return s.derivedFrom.IsZero() }

// A chain is the state of all items after some deeds.
type chain struct {
	items    map[trucewatch.Hash]*itemState
	problems []Problem
	deed     *Deed // that is being looked at
}

func (c *chain) problem(format string, args ...any) {
	c.problems = append(c.problems, Problem{Index: c.deed.Index, Item: c.deed.Item, Text: oneLine(fmt.Sprintf(format, args...))})
}

// Chain reads deeds in the order of the record and returns what is wrong with
// them, in that order. It is a pure function.
//
//   - An item's first deed is its acquisition, or its derivation from an item that
//     the record knows and that was not destroyed before.
//   - The original is acquired, copied, sealed, transferred, returned, destroyed.
//     Reading and deriving is work on a copy: it needs a working copy of the same
//     bytes ("copied") or an item that is itself derived.
//   - Nothing follows destruction.
//   - What was transferred comes back before it is sealed, copied, transferred
//     again or destroyed; and only what is out comes back.
//   - Copying a sealed item breaks the seal and says why.
//   - Who reads a restricted item says why; what is derived from it shows that it
//     was read; and what is not restricted itself says why.
//   - Size, chunks and kind of an item never change, and a deed is not told before
//     it was done, nor before the deed ahead of it.
func Chain(deeds []Deed) []Problem {
	c := chain{items: map[trucewatch.Hash]*itemState{}}
	for i := range deeds {
		c.deed = &deeds[i]
		c.apply()
	}
	return c.problems
}

func (c *chain) apply() {
	d := c.deed
	state, known := c.items[d.Item]
	if !known {
		state = &itemState{first: d}
		c.items[d.Item] = state
		if d.Deed != "acquired" && d.Deed != "derived" {
			c.problem("%s, but never acquired", d.Deed)
		}
	} else {
		c.checkFacts(state)
	}
	c.checkTimes(state)
	if state.destroyed {
		c.problem("%s after it was destroyed", d.Deed)
		return
	}
	if state.with != "" && (d.Deed == "sealed" || d.Deed == "copied" || d.Deed == "transferred" || d.Deed == "destroyed") {
		c.problem("%s while it was with %s", d.Deed, state.with)
	}
	switch d.Deed {
	case "acquired":
		c.acquired(state, known)
	case "copied":
		c.copied(state)
	case "derived":
		c.derived(state, known)
	case "read":
		c.read(state)
	case "transferred":
		if state.with = d.To; d.To == "" {
			c.problem("transferred, but not to whom")
			state.with = "somebody who is not named"
		}
	case "returned":
		if state.with == "" {
			c.problem("returned, but it was not out")
		}
		state.with = ""
	case "sealed":
		state.sealed = true
	case "destroyed":
		state.destroyed = true
	default:
		c.problem("the deed %q is not one that this program knows", d.Deed)
	}
	state.restricted = state.restricted || d.Restricted
}

func (c *chain) acquired(state *itemState, known bool) {
	d := c.deed
	switch {
	case known && !state.original():
		c.problem("acquired, but it was derived here from %s", shortHash(state.derivedFrom))
	case !d.DerivedFrom.IsZero():
		c.problem("acquired, and derived from %s: it is one or the other", shortHash(d.DerivedFrom))
	case d.SizeBytes == 0 || d.Chunks.IsZero():
		c.problem("acquired without its size or the root of its chunks: no part of it can be proven")
	}
}

func (c *chain) copied(state *itemState) {
	d := c.deed
	if !d.DerivedFrom.IsZero() && d.DerivedFrom != d.Item {
		c.problem("copied from %s, whose bytes are others: that is derived, not copied", shortHash(d.DerivedFrom))
	}
	if state.sealed && strings.TrimSpace(d.Reason) == "" {
		c.problem("copied although it is sealed, and nobody says why")
	}
	state.copied, state.sealed = true, false
}

func (c *chain) derived(state *itemState, known bool) {
	d := c.deed
	if known {
		c.problem("derived, but the record knew it before")
		return
	}
	state.derivedFrom = d.DerivedFrom
	if d.SizeBytes == 0 || d.Chunks.IsZero() {
		c.problem("derived without its size or the root of its chunks: no part of it can be proven")
	}
	from, ok := c.items[d.DerivedFrom]
	switch {
	case d.DerivedFrom.IsZero():
		c.problem("derived, but not from what")
		state.derivedFrom = d.Item // not an original
		return
	case d.DerivedFrom == d.Item:
		c.problem("derived from itself")
		return
	case !ok:
		c.problem("derived from %s, which the record does not know", shortHash(d.DerivedFrom))
		return
	case from.destroyed:
		c.problem("derived from %s after that was destroyed", shortHash(d.DerivedFrom))
	case from.original() && !from.copied:
		c.problem("derived from the original %s before a working copy of it was made", shortHash(d.DerivedFrom))
	}
	if !from.restricted {
		return
	}
	if !from.read {
		c.problem("derived from the restricted item %s, of which no reading is recorded", shortHash(d.DerivedFrom))
	}
	if !d.Restricted && strings.TrimSpace(d.Reason) == "" {
		c.problem("derived from the restricted item %s and not restricted itself, and nobody says why", shortHash(d.DerivedFrom))
	}
}

func (c *chain) read(state *itemState) {
	if state.original() && !state.copied {
		c.problem("the original was read before a working copy of it was made")
	}
	if (state.restricted || c.deed.Restricted) && strings.TrimSpace(c.deed.Reason) == "" {
		c.problem("restricted, and read without a reason")
	}
	state.read = true
}

// checkFacts compares what the deed says of the item with what the first one said.
func (c *chain) checkFacts(state *itemState) {
	d, first := c.deed, state.first
	if d.SizeBytes != 0 && d.SizeBytes != first.SizeBytes {
		c.problem("%d bytes, but entry %d says %d", d.SizeBytes, first.Index, first.SizeBytes)
	}
	if !d.Chunks.IsZero() && d.Chunks != first.Chunks {
		c.problem("another root of its chunks than entry %d says", first.Index)
	}
	if d.MediaType != "" && d.MediaType != first.MediaType {
		c.problem("%s, but entry %d says %q", d.MediaType, first.Index, first.MediaType)
	}
}

// checkTimes compares when the deed was done with when it was told and with the
// deed before it.
func (c *chain) checkTimes(state *itemState) {
	d := c.deed
	if d.Received != 0 && d.At > d.Received+trucewatch.FutureToleranceS*trucewatch.Second {
		c.problem("%s at %v, which is after the record was told, at %v", d.Deed, d.At, d.Received)
	}
	if d.At < state.last {
		c.problem("%s at %v, which is before the deed ahead of it, at %v", d.Deed, d.At, state.last)
	}
	state.last = max(state.last, d.At)
}

// CustodyOf writes the chain of custody of an item for a report: where it comes
// from, one line a deed, what was derived from it, and what is wrong. An item
// without deeds says so.
func CustodyOf(item trucewatch.Hash, deeds []Deed) string {
	var b, derived strings.Builder
	fmt.Fprintf(&b, "Item %v\n", item)
	count := 0
	for _, d := range deeds {
		if d.Deed == "derived" && d.DerivedFrom == item && d.Item != item {
			fmt.Fprintf(&derived, "  working copy %v, entry %d\n", d.Item, d.Index)
		}
		if d.Item != item {
			continue
		}
		if count++; count == 1 {
			describeItem(&b, &d)
		}
		fmt.Fprintf(&b, "  %v  %s by %s", d.At, oneLine(d.Deed), oneLine(d.By))
		if d.To != "" {
			fmt.Fprintf(&b, ", to %s", oneLine(d.To))
		}
		if d.About != "" {
			fmt.Fprintf(&b, ", about %s", oneLine(d.About))
		}
		if d.Reason != "" {
			fmt.Fprintf(&b, ": %s", oneLine(d.Reason))
		}
		fmt.Fprintf(&b, " (entry %d)\n", d.Index)
	}
	if count == 0 {
		fmt.Fprintln(&b, "  no deed is recorded")
	}
	b.WriteString(derived.String())
	for _, p := range Chain(deeds) {
		if p.Item == item {
			fmt.Fprintf(&b, "  PROBLEM in entry %d: %s\n", p.Index, p.Text)
		}
	}
	return b.String()
}

// describeItem writes what the first deed says of the item itself.
func describeItem(b *strings.Builder, d *Deed) {
	if d.DerivedFrom.IsZero() {
		fmt.Fprint(b, "  original")
	} else {
		fmt.Fprintf(b, "  working copy of %v", d.DerivedFrom)
	}
	fmt.Fprintf(b, ", %d bytes", d.SizeBytes)
	if d.MediaType != "" {
		fmt.Fprintf(b, ", %s", oneLine(d.MediaType))
	}
	if d.Restricted {
		fmt.Fprint(b, ", restricted")
	}
	fmt.Fprintf(b, "\n  chunks %v\n", d.Chunks)
}
