// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/anchor"
	"github.com/trucewatch/trucewatch/mission"
	"github.com/trucewatch/trucewatch/witness"
)

// times collects when entries claim to have been received, by stretches that
// have the same bounds: the same checkpoint seen, and the same one that covers
// them first.
type times struct {
	sizes     []uint64 // of kept checkpoints, ascending
	next      int      // the first of sizes that is beyond the last entry
	last      trucewatch.Instant
	slot      trucewatch.Instant
	reenacted bool
	stretches []stretch
}

type stretch struct {
	from, till    uint64 // entries, till not included
	covering      int    // place in sizes of the first checkpoint that covers it
	seen          trucewatch.Hash
	least, most   trucewatch.Instant // claimed
	leastI, mostI uint64             // by which entries
}

func (t *times) begin(stood []keptNote) {
	for _, k := range stood {
		t.sizes = append(t.sizes, k.Size)
	}
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
	for t.next < len(t.sizes) && t.sizes[t.next] <= e.Index {
		t.next++
	}
	if n := len(t.stretches); n > 0 {
		if s := &t.stretches[n-1]; s.till == e.Index && s.seen == e.Body.Seen && s.covering == t.next {
			s.till++
			if e.Received < s.least {
				s.least, s.leastI = e.Received, e.Index
			}
			if e.Received > s.most {
				s.most, s.mostI = e.Received, e.Index
			}
			return
		}
	}
	t.stretches = append(t.stretches, stretch{e.Index, e.Index + 1, t.next, e.Body.Seen, e.Received, e.Received, e.Index, e.Index})
}

// timeBounds holds what entries claim to the checkpoints that they name and to
// those that cover them.
func (v *run) timeBounds() {
	c, t := v.Check(timeCheck), &v.times
	c.fact("times of receipt do not run backwards")
	switch {
	case t.reenacted:
		c.unknown("bounds: the mission is re-enacted, its times are those of its input")
		return
	case v.policy == nil:
		c.unknown("bounds: there is no policy, so nobody's word for a time")
		return
	}
	v.timeStretches(c)
}

func (v *run) timeStretches(c *Check) {
	t := &v.times
	standings := v.standings()
	from := covers(standings)
	seen := map[trucewatch.Hash]*sight{}
	faulty := max(0, v.policy.Tolerates())
	var unknown, unnamed, unbounded, bounded uint64
	for _, s := range t.stretches {
		n := s.till - s.from
		if s.seen.IsZero() {
			unnamed += n
		} else if seen[s.seen] == nil {
			seen[s.seen] = v.sighted(s)
		}
		look := seen[s.seen]
		if look != nil && look.note == nil {
			unknown += n
		}
		if look != nil && look.note != nil && look.note.Size > s.from {
			c.problem("entry %d: names a checkpoint of %d entries as one that its signer knew", s.from, look.note.Size)
		}
		var before []anchor.Attestation
		if look != nil {
			before = look.words
		}
		var covering []anchor.Attestation
		if k := from[s.covering]; k >= 0 {
			covering = words(standings[k].Signed)
		}
		b := anchor.BoundsOf(before, covering, faulty)
		if b.NotBefore == 0 && b.NotAfter == 0 {
			unbounded += n
			continue
		}
		bounded += n
		v.held(c, b, s)
	}
	c.fact("%s held to what the words of cosigners bound", count(bounded, "entry", "entries"))
	if unbounded > 0 {
		c.unknown("%s: no checkpoint with enough cosignatures covers them, and they name none", count(unbounded, "entry", "entries"))
	}
	if unknown > 0 {
		c.unknown("not-before of %s: they name a checkpoint that is not kept here as it stood then", count(unknown, "entry", "entries"))
	}
	if unnamed > 0 {
		c.unknown("not-before of %s: they name no checkpoint", count(unnamed, "entry", "entries"))
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

// standings says of every kept checkpoint how it stands.
func (v *run) standings() []witness.Standing {
	all := make([]witness.Standing, len(v.stood))
	errs := make([][]error, len(v.stood))
	policies := v.heldTo()
	onAllProcessors(len(all), func(i int) {
		for _, p := range policies { // by the one that makes most of it: it was in force then
			s, err := p.Standing(v.stood[i].Note)
			if err != nil {
				errs[i] = append(errs[i], err)
			} else if s.Tier > all[i].Tier {
				all[i] = s
			}
		}
	})
	for i, k := range v.stood {
		for _, err := range errs[i] {
			v.Check(timeCheck).problem("%s: %v", k.name, err)
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
func covers(all []witness.Standing) []int {
	from := make([]int, len(all)+1)
	from[len(all)] = -1
	for i, s := range slices.Backward(all) {
		after := from[i+1]
		switch {
		case s.Tier == witness.Final, s.Tier == witness.Provisional && (after < 0 || all[after].Tier < witness.Final):
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
	note  *keptNote // nil: it is not kept
	words []anchor.Attestation
}

// cosignersMax bounds the cosignatures of a note of which all subsets are tried,
// to find which were there when an entry named it. Guess: two parties and seven
// guarantors with witness and mirror each come to 18. Test: the time that check 8 takes.
const cosignersMax = 12

// sighted finds the note that a stretch names by its hash. Cosignatures that came
// later stand in the kept note too, and so the hash is that of some of its lines.
func (v *run) sighted(s stretch) *sight {
	i, _ := slices.BinarySearch(v.times.sizes, s.from+1)
	for back := 0; i > 0 && back < sightsBack; back++ {
		i--
		k := &v.stood[i]
		if part := partWithHash(k.Note, s.seen); part != nil {
			look := &sight{note: k}
			if standing, err := v.policy.Standing(part); err == nil {
				look.words = words(standing.Signed)
			}
			return look
		}
	}
	return &sight{}
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
