// SPDX-License-Identifier: Apache-2.0

package mission

import (
	"crypto/ed25519"
	"fmt"
	"io/fs"
	"slices"

	"github.com/trucewatch/trucewatch"
	"github.com/trucewatch/trucewatch/agreement"
)

// Adopt enters an agreement, or a later version of one, into a mission that goes
// on, and returns the entry it stands in. Where a policy is in force, officers of
// every party and of as many guarantors as it wants sign it with the desk. The error
// wraps ErrRefused if the text may not be entered; then nothing is.
func (w *Writer) Adopt(fsys fs.FS, name string, officers []ed25519.PrivateKey) (uint64, error) {
	files, err := ReadBundle(fsys, name)
	if err != nil {
		return 0, err
	}
	parsed, err := LoadAgreement(files)
	if err != nil {
		return 0, err
	}
	if err := newer(parsed, w.m.state.Agreements()); err != nil {
		return 0, err
	}
	now := max(w.Stamp(), w.m.state.Now())
	if err := w.Tick(now); err != nil {
		return 0, err
	}
	// The text is on the disk before an entry names it: a record whose text is missing
	// cannot be folded.
	adoption, err := w.m.storeBundle(fsys, name, w.m.state.Genesis().CutOff)
	if err != nil {
		return 0, err
	}
	return w.enterWith(officers, trucewatch.Payload{Agreement: adoption}, now)
}

// newer refuses a text that the mission has, and a version that is not later than
// those it has.
func newer(a *agreement.Agreement, have []*agreement.Agreement) error {
	if slices.ContainsFunc(have, func(old *agreement.Agreement) bool { return old.Hash() == a.Hash() }) {
		return fmt.Errorf("mission: adopt: %w: the mission has agreement %s version %d already, to the byte", ErrRefused, a.ID, a.Version)
	}
	for _, old := range have {
		if old.ID == a.ID && old.Status != agreement.Draft && a.Status != agreement.Draft && a.Version <= old.Version {
			return fmt.Errorf("mission: adopt: %w: version %d of agreement %s is not later than version %d", ErrRefused, a.Version, a.ID, old.Version)
		}
	}
	return nil
}
