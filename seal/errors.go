// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"errors"

	"github.com/trucewatch/trucewatch"
)

// The kinds of error, a closed set; every error of this package wraps one of
// them or comes from the disk.
var (
	// ErrInvalid: what was given breaks a rule that can be read off its form.
	ErrInvalid = trucewatch.ErrInvalid
	// ErrNotFound: there is no such box or key here.
	ErrNotFound = errors.New("not found")
	// ErrExists: there is one already and it is not replaced.
	ErrExists = errors.New("already exists")
	// ErrDestroyed: it was here and was destroyed.
	ErrDestroyed = errors.New("destroyed")
	// ErrDenied: none of the keys, or not this passphrase, opens it.
	ErrDenied = errors.New("no key opens it")
	// ErrCorrupt: its bytes are not those that were written.
	ErrCorrupt = errors.New("corrupt")
	// ErrFalseOpening: an opening does not lead to the committed root.
	ErrFalseOpening = errors.New("false opening")
	// ErrOtherContent: a box holds something else than the entry commits to.
	ErrOtherContent = errors.New("other content than the entry commits to")
	// ErrInDoubt: a write failed, and nobody knows how much of it is on the disk.
	// Open again.
	ErrInDoubt = errors.New("in doubt")
)
