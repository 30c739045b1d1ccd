// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/evidence"
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
	var problems []string
	deeds := m.Deeds()
	if m.state.Closed() == 0 {
		for _, p := range evidence.Chain(deeds) {
			problems = append(problems, p.String())
		}
	}
	check := func(trucewatch.Hash) (evidence.Item, error) { return evidence.Item{}, evidence.ErrNotFound }
	if _, err := os.Stat(filepath.Join(m.dir, mediaDir)); err == nil {
		store, err := m.media()
		if err != nil {
			return append(problems, err.Error())
		}
		check = store.Check
	}
	seen := map[trucewatch.Hash]bool{}
	for _, d := range deeds {
		if !seen[d.Item] {
			problems = append(problems, checkItem(d.Item, custodyIn(deeds, d.Item), check)...)
		}
		seen[d.Item] = true
	}
	for _, d := range m.deeds {
		if d.Deed.Deed == "destroyed" && !d.erased && d.officers < officersToDestroy {
			problems = append(problems, fmt.Sprintf("entry %d: item %v: destroyed by order of %d officers, and two must sign", d.Index, d.Item, d.officers))
		}
	}
	unknown, err := m.UnacquiredEvidence()
	if err != nil {
		problems = append(problems, err.Error())
	}
	for _, h := range unknown {
		if _, err := check(h); err != nil {
			problems = append(problems, fmt.Sprintf("media: %v", err))
		}
	}
	return problems
}

// checkItem compares the bytes of an item with what the record says of it.
func checkItem(hash trucewatch.Hash, c custodyOf, check func(trucewatch.Hash) (evidence.Item, error)) []string {
	item, err := check(hash)
	missing := errors.Is(err, evidence.ErrNotFound)
	switch {
	case c.destroyed && missing:
		return nil
	case c.destroyed:
		return []string{fmt.Sprintf("media: item %v: its destruction is recorded, and bytes are still here", hash)}
	case missing && c.known:
		return []string{fmt.Sprintf("media: item %v: missing, and no deed destroyed it", hash)}
	case missing:
		return nil // the chain says that it was never acquired
	case err != nil:
		return []string{fmt.Sprintf("media: %v", err)}
	case c.known && item != c.item:
		return []string{fmt.Sprintf("media: item %v: the record says another size or other chunks than its bytes have", hash)}
	}
	return nil
}
