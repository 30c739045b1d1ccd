// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"fmt"
	"strings"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/keyring"
	"github.com/trucewatch/trucewatch/logkey"
)

// A BadEntry is an entry that breaks the record's rules although the log's key
// signed for it: the log's writer made it, or his key is in other hands.
type BadEntry struct {
	Problems []string // each names its entry
	// File is where the problems were written, with the note; empty if they were not.
	File string
}

// Error names what is wrong.
func (b *BadEntry) Error() string {
	text := fmt.Sprintf("mirror: %v: %s", ErrBadEntry, b.Problems[0])
	if more := len(b.Problems) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	if b.File != "" {
		text += ": keep " + b.File
	}
	return text
}

// Is makes errors.Is(err, ErrBadEntry) true.
func (b *BadEntry) Is(target error) bool { return target == ErrBadEntry }

// text is what is kept of a bad entry: what is wrong, and the note under which
// it was shown.
func (b *BadEntry) text(log string, signed []byte) []byte {
	return []byte(fmt.Sprintf("trucewatch bad entry v1\nlog %s\n\n%s\n\nunder\n%s", log, strings.Join(b.Problems, "\n"), quoted(signed)))
}

// checksMax is how many signatures wait to be checked together. Guess: enough
// for every processor, and a few megabytes. Test: BenchmarkPull.
const checksMax = 4096

// An auditor holds entries, in order, to the rules that need no knowledge of
// what they are about: form, origin, signatures, ranges of keys, chains, rules
// of two persons.
type auditor struct {
	ring   *keyring.Ring
	key    *logkey.Current // of the log; entries that hand it over must say the same
	checks []keyring.Check
	doubts []keyring.Problem
	erased warrants
}

// warrants are the boxes that erasures name. Each erasure was signed by two
// officers, or it would be a bad entry.
type warrants struct {
	erasures int
	boxes    map[trucewatch.Hash]bool
	epochs   map[classEpoch]bool // all boxes of a class under one key
}

type classEpoch struct {
	class string
	epoch uint32
}

func (w *warrants) add(e *trucewatch.Erasure) {
	if w.boxes == nil {
		w.boxes, w.epochs = map[trucewatch.Hash]bool{}, map[classEpoch]bool{}
	}
	w.erasures++
	for _, ref := range e.Boxes {
		w.boxes[ref.Hash] = true
	}
	if e.Class != "" {
		w.epochs[classEpoch{e.Class, e.Epoch}] = true
	}
}

// order says whether an entry of the record warrants that a box is destroyed.
func (w *warrants) order(class string, b Named) bool {
	return w.boxes[b.Hash] || w.epochs[classEpoch{class, b.Epoch}]
}

// take admits the next entry. Its signatures may be checked later: see settle.
func (a *auditor) take(index uint64, raw []byte) (*trucewatch.Entry, error) {
	e, err := trucewatch.DecodeEntry(index, raw)
	if err != nil {
		return nil, &BadEntry{Problems: []string{err.Error()}}
	}
	checks, problems := a.ring.Admit(e)
	a.checks = append(a.checks, checks...)
	if err := a.judge(problems); err != nil {
		return nil, err
	}
	if k := e.Body.Payload.Key; k != nil && k.Role == trucewatch.LogKey {
		if err := a.key.Key().Entered(index, k.Public, k.Handover); err != nil {
			return nil, &BadEntry{Problems: []string{err.Error()}}
		}
	}
	if warrant := e.Body.Payload.Erasure; warrant != nil {
		a.erased.add(warrant)
	}
	if len(a.checks) >= checksMax {
		return e, a.settle()
	}
	return e, nil
}

// settle checks the signatures that wait.
func (a *auditor) settle() error {
	err := a.judge(keyring.Verify(a.checks))
	a.checks = a.checks[:0]
	return err
}

// judge keeps doubts, which are about entries that were sound when they were
// entered, and makes an error of the rest.
func (a *auditor) judge(problems []keyring.Problem) error {
	var bad BadEntry
	for _, p := range problems {
		if p.Doubt {
			a.doubts = append(a.doubts, p)
			continue
		}
		bad.Problems = append(bad.Problems, p.String())
	}
	if len(bad.Problems) > 0 {
		return &bad
	}
	return nil
}
