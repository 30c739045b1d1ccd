// SPDX-License-Identifier: Apache-2.0

package anchor

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/trucewatch/trucewatch"
)

const (
	// WitnessClockErrorS is how far an honest witness's clock may be off, seconds.
	// Guess: 10 s; machines with NTP are within 1 s. Test: the spread of
	// cosignature times on one checkpoint.
	WitnessClockErrorS = 10
	// accuracyUnsaid stands for the accuracy of a token that does not state one.
	// Guess: the 1 s that the baseline policy (RFC 3628, section 5.1) demands; an
	// authority under another policy may be worse. Test: policies of authorities in use.
	accuracyUnsaid = time.Second
)

// An Attestation is one organisation's word that something existed at a time.
type Attestation struct {
	By   string              // organisation; its words count once, however many keys it has
	Kind string              // "cosignature" or "time stamp", for people
	Span trucewatch.Interval // in which it was given if the organisation is honest, its clock's error included
}

// Cosigned is the word of a witness. seconds is the time in its cosignature, as
// C2SP tlog-cosignature has it: Unix seconds, rounded down. Take it from a
// cosignature that was verified: other kinds of signatures have no time in them.
func Cosigned(organisation string, seconds uint64) Attestation {
	at := trucewatch.InstantOf(time.Unix(int64(min(seconds, 1<<33)), 0)) // 2242; a later one would overflow
	err := WitnessClockErrorS * trucewatch.Second
	return Attestation{By: organisation, Kind: "cosignature", Span: trucewatch.Interval{From: at - err, Till: at + trucewatch.Second + err}}
}

// Attestation is the word of a time-stamp authority.
func (t Time) Attestation() Attestation {
	accuracy := trucewatch.Instant(t.AccuracyUS)
	if accuracy == 0 {
		accuracy = trucewatch.Instant(accuracyUnsaid.Microseconds())
	}
	at := trucewatch.InstantOf(t.At)
	return Attestation{By: t.Authority, Kind: "time stamp", Span: trucewatch.Interval{From: at - accuracy, Till: at + accuracy + 1}} // rounded outward
}

// Bounds say between which times an entry was made.
type Bounds struct {
	NotBefore trucewatch.Instant // 0: nothing says
	NotAfter  trucewatch.Instant // 0: nothing says
	Why       []string           // a sentence for each that is set
}

// BoundsOf bounds when an entry was made, if at most faulty of the organisations
// give a false word.
//
// seen are words whose very bytes the entry commits to, so that it was made after
// they were given:
//
//   - cosignatures, only if Body.Seen is the hash of the signed note with these
//     cosignatures in it. If it is the hash of the checkpoint's text alone, they do
//     not belong here: the log knows that text before anybody co-signs it, so that
//     an entry which names it may be older than all its cosignatures.
//   - time stamps in anchor entries that the checkpoint of Body.Seen covers: its
//     root commits to their bytes, and nobody can know those beforehand.
//
// The entry is not older than the word that only faulty organisations' words are
// later than: with faulty 0 the latest, with faulty 1 the second latest, so that
// no single one can make an honest source look like a liar.
//
// covering are words over any checkpoint that covers the entry: cosignatures of
// the first final one, and time stamps; later ones only say less. The entry is not
// younger than the word that only faulty organisations' words are earlier than.
//
// Words that are fewer than faulty+1 organisations' bound nothing. An organisation
// counts once, by its sharpest word.
func BoundsOf(seen, covering []Attestation, faulty int) Bounds {
	var b Bounds
	latest := sharpest(seen, func(v, w Attestation) int {
		return cmp.Or(cmp.Compare(w.Span.From, v.Span.From), cmp.Compare(v.By, w.By), cmp.Compare(v.Kind, w.Kind))
	})
	if faulty >= 0 && faulty < len(latest) {
		a := latest[faulty]
		b.NotBefore = a.Span.From
		b.Why = append(b.Why, fmt.Sprintf("made after %v: it names a checkpoint with a %s of %s from then%s", b.NotBefore, a.Kind, a.By, despite(faulty, "later")))
	}
	first := sharpest(covering, func(v, w Attestation) int {
		return cmp.Or(cmp.Compare(v.Span.Till, w.Span.Till), cmp.Compare(v.By, w.By), cmp.Compare(v.Kind, w.Kind))
	})
	if faulty >= 0 && faulty < len(first) {
		a := first[faulty]
		b.NotAfter = a.Span.Till
		b.Why = append(b.Why, fmt.Sprintf("made before %v: a checkpoint that covers it has a %s of %s from then%s", b.NotAfter, a.Kind, a.By, despite(faulty, "earlier")))
	}
	return b
}

// sharpest sorts words and keeps each organisation's first.
func sharpest(words []Attestation, compare func(v, w Attestation) int) []Attestation {
	sorted := slices.SortedStableFunc(slices.Values(words), compare)
	var kept []Attestation
	for _, a := range sorted {
		if !slices.ContainsFunc(kept, func(k Attestation) bool { return k.By == a.By }) {
			kept = append(kept, a)
		}
	}
	return kept
}

func despite(faulty int, than string) string {
	if faulty == 0 {
		return ""
	}
	return fmt.Sprintf("; the words of %d others are %s and not relied on", faulty, than)
}

// Problems says in words where the time at which an entry says it was made
// contradicts the bounds, or these each other. claimed is an interval because a
// sealed record rounds times down: from what stands there to the end of its slot.
// It is when the entry was made (Received), not when what it tells of happened: to
// report late is no fault, to report before one could is.
func (b Bounds) Problems(claimed trucewatch.Interval) []string {
	var problems []string
	if b.NotBefore != 0 && claimed.Till != 0 && claimed.Till < b.NotBefore {
		problems = append(problems, fmt.Sprintf("backdated: it claims %v, and names a checkpoint that is not older than %v", claimed.Till, b.NotBefore))
	}
	if b.NotAfter != 0 && claimed.From > b.NotAfter {
		problems = append(problems, fmt.Sprintf("dated ahead: it claims %v, and a checkpoint covers it since %v", claimed.From, b.NotAfter))
	}
	if b.NotBefore != 0 && b.NotAfter != 0 && b.NotBefore > b.NotAfter {
		problems = append(problems, fmt.Sprintf("the words contradict each other: made after %v and before %v; more organisations are wrong than was allowed for", b.NotBefore, b.NotAfter))
	}
	return problems
}
