// SPDX-License-Identifier: Apache-2.0

package witness

import "errors"

// The kinds of error, a closed set; test with errors.Is. Every other error is
// one of the disk or the network and wraps what the operating system said.
var (
	// ErrInvalid: what was given is malformed, or not signed by whom it must be.
	ErrInvalid = errors.New("invalid")
	// ErrNotBegun: the witness has no state for the log and signs nothing of it
	// until its operator begins it (Begin), knowing from where.
	ErrNotBegun = errors.New("not begun")
	// ErrExists: there is a state, or a key, already.
	ErrExists = errors.New("already exists")
	// ErrBehind: somebody holds a larger checkpoint, signed by the log's key.
	// A backup was restored, or a second writer is at work.
	ErrBehind = errors.New("others know a larger checkpoint")
	// ErrConflict: the log's key signed two histories. The error is a *Conflict
	// if both notes are at hand.
	ErrConflict = errors.New("two histories of one log")
	// ErrCorrupt: a state file is not what the witness wrote. It signs nothing.
	ErrCorrupt = errors.New("corrupt")
	// ErrUnavailable: too few of those who were asked have answered.
	ErrUnavailable = errors.New("no answer")
)
