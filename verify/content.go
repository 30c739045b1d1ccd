// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bytes"
	"crypto/sha256"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
	"github.com/trucewatch/trucewatch/anchor"
	"github.com/trucewatch/trucewatch/disclose"
	"github.com/trucewatch/trucewatch/geo"
	"github.com/trucewatch/trucewatch/mission"
)

// agreementChain holds the adopted texts to what was adopted, and their versions
// to one order. Missing and altered texts were told by the walk.
func (v *run) agreementChain() {
	c := v.Check(agreementCheck)
	versions := map[string]int{}
	good := 0
	for _, e := range v.adopted {
		a := e.Body.Payload.Agreement
		if before, again := versions[a.ID]; again && a.Version <= before && !a.Draft {
			c.problem("entry %d: adopts version %d of agreement %s after version %d", e.Index, a.Version, a.ID, before)
		}
		if !a.Draft {
			versions[a.ID] = a.Version
		}
		bundle, err := v.copy.Blob(a.Bundle)
		if err != nil {
			if !v.copy.Whole {
				c.unknown("agreement %s version %d: its text is not here", a.ID, a.Version)
			}
			continue
		}
		files, err := agreement.Unpack(bundle)
		var parsed *agreement.Agreement
		if err == nil {
			parsed, err = agreement.Parse(files)
		}
		if err != nil {
			c.problem("entry %d: %v", e.Index, err)
			continue
		}
		if text := parsed.Text(); text.ID != a.ID || text.Version != a.Version || text.Draft != a.Draft {
			c.problem("entry %d: adopts agreement %s version %d, and its text is that of %s version %d", e.Index, a.ID, a.Version, text.ID, text.Version)
			continue
		}
		good++
	}
	if good > 0 || len(v.adopted) == 0 && c.Count == 0 {
		c.fact("%s by their hashes, in one order of versions", count(good, "adopted text", "adopted texts"))
	}
}

// replayed says how far the record was recomputed.
func (v *run) replayed() {
	c, p, w := v.Check(replayCheck), v.Check(publicationCheck), v.walk
	skipped := w.State.Skipped()
	compared := max(0, w.Digests-skipped)
	if w.Broken != "" {
		c.unknown("%s: %s from there on", w.Broken, count(v.entries.digests-w.Digests, "digest was not compared", "digests were not compared"))
		p.unknown("nothing is recomputed where replay ended: see check 12")
	} else {
		c.fact("all entries replayed")
	}
	if compared > 0 || v.entries.digests == 0 && w.Broken == "" {
		c.fact("%s by their digests", count(compared, "state that the record commits to", "states that the record commits to"))
	}
	if skipped > 0 {
		c.unknown("%s: an entry before it is closed to who looks, or its box was erased after it or is missing", count(skipped, "digest", "digests"))
		p.unknown("%s: an entry before it is closed to who looks, or its box was erased after it or is missing", count(skipped, "digest", "digests"))
	}
	switch {
	case w.Publications > 0:
		p.fact("%s recomputed from the record; no place, time or likelihood finer than the public's rules",
			count(w.Publications, "publication at a cut-off", "publications at cut-offs"))
	case v.entries.digests == 0 || w.Silent == v.entries.digests:
		p.unknown("nothing published: the record commits to no publication")
	}
}

// coarse holds what was public at a digest to the rules for the public.
func (v *run) coarse(index uint64, s mission.Step) {
	c := v.Check(publicationCheck)
	rules, err := disclose.RulesFor(trucewatch.ForPublic, s.State.Agreements(), s.State.Genesis())
	if err != nil {
		c.problem("entry %d: %v", index, err)
		return
	}
	for _, item := range s.Published.Items {
		var f trucewatch.FindingView
		if err := trucewatch.Decode(item, &f); err != nil {
			c.problem("entry %d: %v", index, err)
			continue
		}
		if what := finer(&f, rules.PrecisionMM, s.State.Genesis().Epoch); what != "" {
			c.problem("entry %d: published finding %s: %s", index, f.ID, what)
		}
	}
}

// doublingsMax is how often the public's cell is doubled at most. Source: package
// disclose, coarsest.
const doublingsMax = 10

// finer says what of a public finding is finer than the public may see. It is
// independent of package disclose, which made the finding so.
func finer(f *trucewatch.FindingView, precisionMM int64, hour trucewatch.Instant) string {
	cell := f.Where.Kind == ""
	for doubled := range uint(doublingsMax + 1) {
		cell = cell || bytes.Equal(trucewatch.Encode(geo.Cell(f.Where.Mean(), precisionMM, doubled)), trucewatch.Encode(f.Where))
	}
	whole := func(at trucewatch.Instant) bool { return at == 0 || (at-hour)%trucewatch.Hour == 0 }
	switch {
	case !cell:
		return fmt.Sprintf("its place is no cell of %d m or more", precisionMM/1000)
	case !whole(f.When.From) || !whole(f.When.Till):
		return "its time is not in whole hours"
	case f.Confidence%disclose.ConfidenceStep != 0:
		return "its likelihood is not in whole steps"
	case f.Index != 0 || len(f.WouldChange) > 0 || f.Place != "":
		return "it names the place, the entry or the evidence that it rests on"
	}
	return ""
}

// anchored holds anchors to the tree, and their tokens to the roots given.
func (v *run) anchored() error {
	c := v.Check(anchorCheck)
	if len(v.anchors) == 0 {
		c.unknown("the record has no anchor")
		return nil
	}
	for _, e := range v.anchors {
		a := e.Body.Payload.Anchor
		if a.Size > e.Index {
			c.problem("entry %d: an anchor of %d entries, more than stand before it", e.Index, a.Size)
			continue
		}
		root, err := v.reader.RootAt(a.Size)
		if err != nil {
			return err
		}
		text := fmt.Appendf(nil, "%s\n%d\n%s\n", v.Origin, a.Size, tlog.Hash(root))
		if v.o.Roots == nil {
			if got := hashOf(text); got != a.Checkpoint {
				c.problem("entry %d: an anchor of another history: of checkpoint %v, and the record's own of %d entries is %v", e.Index, a.Checkpoint, a.Size, got)
			}
			continue
		}
		at, err := anchor.CheckAnchor(a, text, v.o.Roots)
		if err != nil {
			c.problem("entry %d: %v", e.Index, err)
			continue
		}
		c.fact("entry %d: %s existed at %v, by %s", e.Index, count(a.Size, "entry", "entries"), trucewatch.InstantOf(at.At), at.Authority)
	}
	if v.o.Roots == nil {
		c.unknown("the tokens of %s: no roots of time-stamp authorities were given", count(len(v.anchors), "anchor", "anchors"))
	}
	return nil
}

func hashOf(text []byte) trucewatch.Hash { return sha256.Sum256(text) }
