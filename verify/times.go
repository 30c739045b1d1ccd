// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"maps"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/anchor"
	"github.com/trucewatch/trucewatch/mission"
	"github.com/trucewatch/trucewatch/record"
	"github.com/trucewatch/trucewatch/witness"
)

// times holds when entries claim to have been received to one another.
type times struct {
	last      trucewatch.Instant
	slot      trucewatch.Instant
	reenacted bool
}

func (t *times) take(c *Check, s mission.Step) {
	e := s.Entry
	if g := e.Body.Payload.Genesis; g != nil {
		t.slot, t.reenacted = trucewatch.Instant(g.SlotS)*trucewatch.Second, g.Mode == trucewatch.Reenacted
	}
	if e.Received < t.last-t.slot {
		c.problem("entry %d: received %v, before the one that precedes it (%v)", e.Index, e.Received, t.last)
	}
	t.last = max(t.last, e.Received)
	if in := s.Inner; in != nil && in != e && (in.Received < e.Received || in.Received >= e.Received+max(t.slot, 1)) && e.Received > 1 {
		c.problem("entry %d: says openly that it was received at %v, and holds one that was received at %v", e.Index, e.Received, in.Received)
	}
}

// timeBounds holds what entries claim to the checkpoints that they name and to
// those that cover them.
func (v *run) timeBounds() error {
	c, t := v.Check(timeCheck), &v.times
	c.fact("times of receipt do not run backwards")
	switch {
	case t.reenacted:
		c.unknown("bounds: the mission is re-enacted, its times are those of its input")
		return nil
	case v.policy == nil:
		c.unknown("bounds: there is no policy, so nobody's word for a time")
		return nil
	}
	return v.timeStretches(c)
}

// A stretch is entries side by side that have the same bounds: the same
// checkpoint seen, and the same one that covers them first.
type stretch struct {
	from, till    uint64 // entries, till not included
	covering      int    // place in run.stood of the first checkpoint that covers it
	seen          trucewatch.Hash
	least, most   trucewatch.Instant // claimed
	leastI, mostI uint64             // by which entries
}

// timeStretches reads the entries once more, now that all policies are known.
func (v *run) timeStretches(c *Check) error {
	b := &bounder{run: v, check: c, until: v.bounds(), faulty: max(0, v.policy.Tolerates()), notes: map[int][]byte{}}
	b.first = covers(b.until)
	var s stretch
	next := 0 // the first of stood that is beyond the last entry
	err := mission.EachEntry(v.reader, 0, v.reader.Checkpoint().Size, func(index uint64, e *trucewatch.Entry, err error) {
		if err != nil {
			return // the walk has told it
		}
		for next < len(v.stood) && v.stood[next].size <= index {
			next++
		}
		if s.till != index || s.seen != e.Body.Seen || s.covering != next || s.till == 0 {
			b.take(s)
			s = stretch{index, index, next, e.Body.Seen, e.Received, e.Received, index, index}
		}
		s.till++
		if e.Received < s.least {
			s.least, s.leastI = e.Received, index
		}
		if e.Received > s.most {
			s.most, s.mostI = e.Received, index
		}
	})
	if err != nil && !errors.Is(err, record.ErrCorrupt) {
		return err
	}
	b.take(s)
	b.say()
	return nil
}

// A bounder holds stretches to their bounds.
type bounder struct {
	*run
	check  *Check
	until  []bound // of run.stood
	first  []int   // see covers
	faulty int
	// sights are what hashes were found to name, as entries name the same one for a
	// while; older are those before.
	sights, older map[trucewatch.Hash]*sight
	notes         map[int][]byte // of stood, as far as they were looked at

	unknown, unnamed, unbounded, bounded uint64 // entries
}

// take holds one stretch, in the order of their entries.
func (b *bounder) take(s stretch) {
	n := s.till - s.from
	if n == 0 {
		return
	}
	var within anchor.Bounds
	if s.seen.IsZero() {
		b.unnamed += n
	} else {
		look := b.sight(s)
		if !look.kept {
			b.unknown += n
		}
		if look.kept && look.size > s.from {
			b.check.problem("entry %d: names a checkpoint of %d entries as one that its signer knew", s.from, look.size)
		}
		within.NotBefore = look.notBefore
	}
	if k := b.first[s.covering]; k >= 0 {
		within.NotAfter = b.until[k].notAfter
	}
	if within.NotBefore == 0 && within.NotAfter == 0 {
		b.unbounded += n
		return
	}
	b.bounded += n
	b.held(b.check, within, s)
}

// say says how much was bounded.
func (b *bounder) say() {
	c := b.check
	c.fact("%s held to what the words of cosigners bound", count(b.bounded, "entry", "entries"))
	if b.unbounded > 0 {
		c.unknown("%s: no checkpoint with enough cosignatures covers them, and they name none", count(b.unbounded, "entry", "entries"))
	}
	if b.unknown > 0 {
		c.unknown("not-before of %s: they name a checkpoint that is not kept here as it stood then", count(b.unknown, "entry", "entries"))
	}
	if b.unnamed > 0 {
		c.unknown("not-before of %s: they name no checkpoint", count(b.unnamed, "entry", "entries"))
	}
}

// held reports the earliest and the latest claim of a stretch that its bounds
// contradict.
func (v *run) held(c *Check, b anchor.Bounds, s stretch) {
	slot := max(v.times.slot, 1) - 1
	told := ""
	for _, p := range b.Problems(trucewatch.Interval{From: s.least, Till: s.least + slot}) {
		c.problem("entry %d: %s", s.leastI, p)
		told += p
	}
	for _, p := range b.Problems(trucewatch.Interval{From: s.most, Till: s.most + slot}) {
		if !strings.Contains(told, p) {
			c.problem("entry %d: %s", s.mostI, p)
		}
	}
}

// A bound is what a kept checkpoint bounds: when there was what it covers, by
// its cosigners, and what they make of it.
type bound struct {
	notAfter trucewatch.Instant
	tier     witness.Tier
}

// bounds says of every kept checkpoint how it stands.
func (v *run) bounds() []bound {
	all := make([]bound, len(v.stood))
	policies, faulty := v.heldTo(), max(0, v.policy.Tolerates())
	for from := 0; from < len(all); from += notesAtOnce {
		some := all[from:min(from+notesAtOnce, len(all))]
		errs := make([][]error, len(some))
		onAllProcessors(len(some), func(i int) {
			data, err := v.readNote(v.stood[from+i])
			if err != nil {
				errs[i] = append(errs[i], err)
				return
			}
			for _, p := range policies { // by the one that makes most of it: it was in force then
				s, err := p.Standing(data)
				if err != nil {
					errs[i] = append(errs[i], err)
				} else if s.Tier > some[i].tier {
					some[i] = bound{anchor.BoundsOf(nil, words(s.Signed), faulty).NotAfter, s.Tier}
				}
			}
		})
		for i, several := range errs {
			for _, err := range several {
				v.Check(timeCheck).problem("%s: %v", v.stood[from+i], err)
			}
		}
	}
	return all
}

// heldTo are the policies that kept checkpoints may be of: the one in force, and
// those of the record, newest first.
func (v *run) heldTo() []*witness.Policy {
	policies := []*witness.Policy{v.policy}
	for _, e := range slices.Backward(v.policies) {
		recorded := e.Body.Payload.Policy
		if len(recorded.Organisations) == 0 || v.o.Policy == nil && recorded == v.walk.Ring.Policy(v.Judged) {
			continue // of nobody, or the one in force itself
		}
		if p, err := v.copy.CosigningPolicy(recorded); err == nil {
			policies = append(policies, p)
		}
	}
	return policies
}

// covers says for every kept checkpoint, and for what lies behind the last, which
// one bounds what it covers: the first from there on that is final, or the first
// that is provisional if none is; -1 if none is either.
func covers(all []bound) []int {
	from := make([]int, len(all)+1)
	from[len(all)] = -1
	for i, s := range slices.Backward(all) {
		after := from[i+1]
		switch {
		case s.tier == witness.Final, s.tier == witness.Provisional && (after < 0 || all[after].tier < witness.Final):
			from[i] = i
		default:
			from[i] = after
		}
	}
	return from
}

// onAllProcessors calls do for each i < n.
func onAllProcessors(n int, do func(i int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for i := w * n / workers; i < (w+1)*n/workers; i++ {
				do(i)
			}
		})
	}
	all.Wait()
}

func words(signed []witness.Signed) []anchor.Attestation {
	var all []anchor.Attestation
	for _, s := range signed {
		all = append(all, anchor.Cosigned(s.Organisation, uint64(max(0, s.At.Unix()))))
	}
	return all
}

// A sight is a checkpoint that an entry names, as it stood then.
type sight struct {
	kept      bool   // else nothing is known of it
	size      uint64 // of what it signs for
	notBefore trucewatch.Instant
}

// sightsMax is how many sights are kept at least, and half of how many at most. A
// checkpoint that is named again after so many others is looked for again.
//
// Guess: three days at ten seconds, a few megabytes. Test: BenchmarkCheckpoints.
const sightsMax = 1 << 15

// sight returns what a stretch names.
func (b *bounder) sight(s stretch) *sight {
	look := b.sights[s.seen]
	if look != nil {
		return look
	}
	if look = b.older[s.seen]; look == nil {
		look = b.sighted(s)
	}
	if b.sights == nil || len(b.sights) == sightsMax {
		b.sights, b.older = map[trucewatch.Hash]*sight{}, b.sights
	}
	b.sights[s.seen] = look
	return look
}

// cosignersMax bounds the cosignatures of a note of which all subsets are tried,
// to find which were there when an entry named it. Guess: two parties and seven
// guarantors with witness and mirror each come to 18. Test: the time that check 8 takes.
const cosignersMax = 12

// sighted finds the note that a stretch names by its hash. Cosignatures that came
// later stand in the kept note too, and so the hash is that of some of its lines.
func (b *bounder) sighted(s stretch) *sight {
	i := sort.Search(len(b.stood), func(i int) bool { return b.stood[i].size > s.from })
	for back := 0; i > 0 && back < sightsBack; back++ {
		i--
		part := partWithHash(b.note(i), s.seen)
		if part == nil {
			continue
		}
		look := &sight{kept: true, size: b.stood[i].size}
		if standing, err := b.policy.Standing(part); err == nil {
			look.notBefore = anchor.BoundsOf(words(standing.Signed), nil, b.faulty).NotBefore
		}
		return look
	}
	return &sight{}
}

// note returns the note of a kept checkpoint; nil if it cannot be read any more,
// which bounds has told. As stretches come in order, those long before the last one
// asked for are not asked for again.
func (b *bounder) note(i int) []byte {
	if data, known := b.notes[i]; known {
		return data
	}
	if len(b.notes) > 4*sightsBack {
		maps.DeleteFunc(b.notes, func(at int, _ []byte) bool { return at < i-sightsBack })
	}
	data, err := b.readNote(b.stood[i])
	if err != nil {
		data = nil
	}
	b.notes[i] = data
	return data
}

// sightsBack is among how many checkpoints before an entry the one that it names
// is looked for. Guess: a source that was out of reach for a day names one of 8,640 ago;
// its bodies are then reported as unknown. Test: how many are.
const sightsBack = 1000

// partWithHash returns the note with as many of its lines as give a hash, the
// log's own first line always; nil if none do.
func partWithHash(signed []byte, want trucewatch.Hash) []byte {
	if sha256.Sum256(signed) == want {
		return signed
	}
	text, rest, ok := bytes.Cut(signed, []byte("\n\n"))
	lines := bytes.SplitAfter(rest, []byte("\n"))
	if !ok || len(lines) < 2 {
		return nil
	}
	first, more := lines[0], lines[1:len(lines)-1]
	if len(more) > cosignersMax {
		more = nil
	}
	head := slices.Concat(text, []byte("\n\n"), first)
	for subset := range 1 << len(more) {
		part := slices.Clone(head)
		for i, line := range more {
			if subset>>i&1 == 1 {
				part = append(part, line...)
			}
		}
		if sha256.Sum256(part) == want {
			return part
		}
	}
	return nil
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
